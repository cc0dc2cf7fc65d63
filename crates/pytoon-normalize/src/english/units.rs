//! Units after numbers: `5 km`, `3.5kg`, `20°C`, `mg/L`, `6'2"`, `10x12cm`, `1080p`, `25%`.
//!
//! Units agree with their number, and are singular before a noun that they modify.

use super::addresses::is_road_number;
use super::context::Context;
use super::quantity::{Quantity, quantity};
use crate::numbers::english::{NOTATION, cardinal, label, number};
use crate::numbers::{is_digits, scan};
use crate::sentence::Reading;

/// The units, each with its symbol, its singular and its plural.
const UNITS: &[(&str, &str, &str)] = &[
    ("km", "kilometer", "kilometers"),
    ("m", "meter", "meters"),
    ("dm", "decimeter", "decimeters"),
    ("cm", "centimeter", "centimeters"),
    ("mm", "millimeter", "millimeters"),
    ("µm", "micrometer", "micrometers"),
    ("μm", "micrometer", "micrometers"),
    ("nm", "nanometer", "nanometers"),
    ("mi", "mile", "miles"),
    ("yd", "yard", "yards"),
    ("yds", "yard", "yards"),
    ("ft", "foot", "feet"),
    ("in", "inch", "inches"),
    ("\"", "inch", "inches"),
    ("'", "foot", "feet"),
    ("kg", "kilogram", "kilograms"),
    ("g", "gram", "grams"),
    ("mg", "milligram", "milligrams"),
    ("µg", "microgram", "micrograms"),
    ("μg", "microgram", "micrograms"),
    ("mcg", "microgram", "micrograms"),
    ("t", "ton", "tons"),
    ("lb", "pound", "pounds"),
    ("lbs", "pound", "pounds"),
    ("oz", "ounce", "ounces"),
    ("l", "liter", "liters"),
    ("L", "liter", "liters"),
    ("ml", "milliliter", "milliliters"),
    ("mL", "milliliter", "milliliters"),
    ("cl", "centiliter", "centiliters"),
    ("dl", "deciliter", "deciliters"),
    ("gal", "gallon", "gallons"),
    ("qt", "quart", "quarts"),
    ("pt", "pint", "pints"),
    ("tsp", "teaspoon", "teaspoons"),
    ("tbsp", "tablespoon", "tablespoons"),
    ("ha", "hectare", "hectares"),
    ("s", "second", "seconds"),
    ("sec", "second", "seconds"),
    ("secs", "second", "seconds"),
    ("ms", "millisecond", "milliseconds"),
    ("min", "minute", "minutes"),
    ("mins", "minute", "minutes"),
    ("h", "hour", "hours"),
    ("hr", "hour", "hours"),
    ("hrs", "hour", "hours"),
    ("wk", "week", "weeks"),
    ("wks", "week", "weeks"),
    ("mo", "month", "months"),
    ("mos", "month", "months"),
    ("yr", "year", "years"),
    ("yrs", "year", "years"),
    ("d", "day", "days"),
    ("°", "degree", "degrees"),
    ("°C", "degree Celsius", "degrees Celsius"),
    ("℃", "degree Celsius", "degrees Celsius"),
    ("ºC", "degree Celsius", "degrees Celsius"),
    ("°F", "degree Fahrenheit", "degrees Fahrenheit"),
    ("℉", "degree Fahrenheit", "degrees Fahrenheit"),
    ("ºF", "degree Fahrenheit", "degrees Fahrenheit"),
    ("º", "degree", "degrees"),
    ("°K", "kelvin", "kelvins"),
    ("%", "percent", "percent"),
    ("‰", "per mille", "per mille"),
    ("B", "byte", "bytes"),
    ("kB", "kilobyte", "kilobytes"),
    ("KB", "kilobyte", "kilobytes"),
    ("MB", "megabyte", "megabytes"),
    ("GB", "gigabyte", "gigabytes"),
    ("TB", "terabyte", "terabytes"),
    ("PB", "petabyte", "petabytes"),
    ("KiB", "kibibyte", "kibibytes"),
    ("MiB", "mebibyte", "mebibytes"),
    ("GiB", "gibibyte", "gibibytes"),
    ("TiB", "tebibyte", "tebibytes"),
    ("kb", "kilobit", "kilobits"),
    ("Kb", "kilobit", "kilobits"),
    ("Mb", "megabit", "megabits"),
    ("Gb", "gigabit", "gigabits"),
    ("mb", "megabyte", "megabytes"),
    ("gb", "gigabyte", "gigabytes"),
    ("tb", "terabyte", "terabytes"),
    ("kbps", "kilobit per second", "kilobits per second"),
    ("Kbps", "kilobit per second", "kilobits per second"),
    ("Mbps", "megabit per second", "megabits per second"),
    ("mbps", "megabit per second", "megabits per second"),
    ("Gbps", "gigabit per second", "gigabits per second"),
    ("bps", "bit per second", "bits per second"),
    ("MBps", "megabyte per second", "megabytes per second"),
    ("Hz", "hertz", "hertz"),
    ("kHz", "kilohertz", "kilohertz"),
    ("KHz", "kilohertz", "kilohertz"),
    ("MHz", "megahertz", "megahertz"),
    ("GHz", "gigahertz", "gigahertz"),
    ("THz", "terahertz", "terahertz"),
    ("dB", "decibel", "decibels"),
    ("db", "decibel", "decibels"),
    ("W", "watt", "watts"),
    ("kW", "kilowatt", "kilowatts"),
    ("MW", "megawatt", "megawatts"),
    ("GW", "gigawatt", "gigawatts"),
    ("mW", "milliwatt", "milliwatts"),
    ("Wh", "watt hour", "watt hours"),
    ("kWh", "kilowatt hour", "kilowatt hours"),
    ("MWh", "megawatt hour", "megawatt hours"),
    ("V", "volt", "volts"),
    ("kV", "kilovolt", "kilovolts"),
    ("mV", "millivolt", "millivolts"),
    ("mA", "milliamp", "milliamps"),
    ("mAh", "milliamp hour", "milliamp hours"),
    ("Ah", "amp hour", "amp hours"),
    ("Ω", "ohm", "ohms"),
    ("kJ", "kilojoule", "kilojoules"),
    ("kcal", "kilocalorie", "kilocalories"),
    ("cal", "calorie", "calories"),
    ("hp", "horsepower", "horsepower"),
    ("Nm", "newton meter", "newton meters"),
    ("Pa", "pascal", "pascals"),
    ("hPa", "hectopascal", "hectopascals"),
    ("kPa", "kilopascal", "kilopascals"),
    ("MPa", "megapascal", "megapascals"),
    ("bar", "bar", "bar"),
    ("psi", "P S I", "P S I"),
    ("px", "pixel", "pixels"),
    ("MP", "megapixel", "megapixels"),
    ("fps", "frame per second", "frames per second"),
    ("FPS", "frame per second", "frames per second"),
    ("rpm", "R P M", "R P M"),
    ("RPM", "R P M", "R P M"),
    ("bpm", "beat per minute", "beats per minute"),
    ("BPM", "beat per minute", "beats per minute"),
    ("mph", "mile per hour", "miles per hour"),
    ("MPH", "mile per hour", "miles per hour"),
    ("kph", "kilometer per hour", "kilometers per hour"),
    ("kmh", "kilometer per hour", "kilometers per hour"),
    ("mpg", "mile per gallon", "miles per gallon"),
    ("ppm", "part per million", "parts per million"),
    ("dpi", "D P I", "D P I"),
    ("lm", "lumen", "lumens"),
    ("lx", "lux", "lux"),
    ("pcs", "piece", "pieces"),
    ("kts", "knot", "knots"),
    ("mmHg", "millimeter of mercury", "millimeters of mercury"),
    ("acre", "acre", "acres"),
    ("sqft", "square foot", "square feet"),
    ("sqm", "square meter", "square meters"),
    ("cc", "C C", "C C"),
    ("m2", "square meter", "square meters"),
    ("km2", "square kilometer", "square kilometers"),
    ("cm2", "square centimeter", "square centimeters"),
    ("ft2", "square foot", "square feet"),
    ("m3", "cubic meter", "cubic meters"),
    ("cm3", "cubic centimeter", "cubic centimeters"),
];
/// Names of units after a slash. They take precedence over [`UNITS`].
const DENOMINATORS: &[(&str, &str)] = &[
    ("h", "hour"),
    ("hr", "hour"),
    ("s", "second"),
    ("sec", "second"),
    ("min", "minute"),
    ("d", "day"),
    ("wk", "week"),
    ("mo", "month"),
    ("mth", "month"),
    ("yr", "year"),
    ("y", "year"),
    ("pp", "person"),
    ("ea", "each"),
    ("pc", "piece"),
    ("100g", "hundred grams"),
    ("100ml", "hundred milliliters"),
];
/// Symbols that are ordinary words or letters if they are not attached to a number.
const ATTACHED_ONLY: &[&str] =
    &["in", "s", "t", "d", "B", "\"", "'", "mo", "cal", "MP", "cc", "acre", "bar", "pt"];
/// The first words of two-word units, such as `sq` in `sq ft`, with their spoken forms.
const MULTIPLIERS: &[(&str, &str)] =
    &[("sq", "square"), ("cu", "cubic"), ("fl", "fluid"), ("nautical", "nautical")];

/// A unit in its singular and plural forms.
pub(super) struct Unit {
    one: String,
    many: String,
}

impl Unit {
    pub(super) fn name(&self, is_one: bool) -> &str {
        if is_one { &self.one } else { &self.many }
    }
}

/// A unit written as separate tokens.
pub(super) struct UnitTokens {
    before: Option<&'static str>,
    unit: Unit,
    /// True if a full stop after the unit belongs to it and not to the sentence.
    eats_stop: bool,
}

impl UnitTokens {
    pub(super) fn readings(&self, is_one: bool) -> Vec<Reading> {
        let name = self.unit.name(is_one).to_owned();
        let unit = Reading { text: name, eats_stop: self.eats_stop };
        self.before.map(Reading::abbreviation).into_iter().chain([unit]).collect()
    }
}

fn simple(symbol: &str) -> Option<(&'static str, &'static str)> {
    if symbol.is_empty() || symbol.len() > 12 {
        return None;
    }
    let exact = UNITS.iter().find(|(known, ..)| *known == symbol);
    let lower = symbol.to_lowercase();
    let folded = || {
        let safe = symbol.len() >= 2 && symbol.is_ascii() && symbol != "MI" && symbol != "IN";
        UNITS.iter().filter(|_| safe).find(|(known, ..)| known.len() > 1 && *known == lower)
    };
    exact.or_else(folded).map(|&(_, one, many)| (one, many))
}

/// Returns the unit that a symbol stands for: `km`, `m²`, `km/h`, `GB/month`.
pub(super) fn unit(symbol: &str) -> Option<Unit> {
    if let Some((top, bottom)) = symbol.split_once('/') {
        let top = unit(top).filter(|_| !bottom.contains('/'))?;
        let per = denominator(bottom)?;
        return Some(Unit {
            one: format!("{} per {per}", top.one),
            many: format!("{} per {per}", top.many),
        });
    }
    if let Some(base) = symbol.strip_suffix(['²', '³']) {
        let (one, many) = simple(base)?;
        let power = if symbol.ends_with('²') { "square" } else { "cubic" };
        return Some(Unit { one: format!("{power} {one}"), many: format!("{power} {many}") });
    }
    let (one, many) = simple(symbol)?;
    Some(Unit { one: one.to_owned(), many: many.to_owned() })
}

/// Returns true if the text after a slash is the symbol of a unit, such as `h` or `L`, and not a plain word.
pub(super) fn is_unit_below(text: &str) -> bool {
    DENOMINATORS.iter().any(|(known, _)| *known == text) || unit(text).is_some()
}

/// Returns the name of a denominator: a unit or a plain word.
pub(super) fn denominator(text: &str) -> Option<String> {
    if let Some((_, name)) = DENOMINATORS.iter().find(|(known, _)| *known == text) {
        return Some((*name).to_owned());
    }
    if let Some(base) = text.strip_suffix(['²', '³']).filter(|base| *base == "s") {
        let power = if text.ends_with('²') { "squared" } else { "cubed" };
        return Some(format!("{} {power}", unit(base)?.one));
    }
    if let Some(unit) = Some(text).filter(|text| !text.contains('/')).and_then(unit) {
        return Some(unit.one);
    }
    let is_word =
        text.len() > 1 && text.len() <= 24 && text.chars().all(|c| c.is_lowercase() || c == '-');
    is_word.then(|| text.replace('-', " "))
}

/// Returns the unit in the tokens after a number.
pub(super) fn unit_after(context: &Context<'_>, index: usize) -> Option<UnitTokens> {
    let next = context.next(index);
    if next.is_empty() || next.len() > 24 {
        return None;
    }
    let is_inch = next == "in"
        && ((context.sentence.has_stop(index + 1) && !context.sentence.is_last(index + 1))
            || is_dimension(context, index)
            || context.before(index, 1) == "ft");
    if ATTACHED_ONLY.contains(&next) && !is_inch {
        return None;
    }
    if let Some((_, before)) = MULTIPLIERS.iter().find(|(known, _)| *known == next) {
        let flows = context.sentence.flows_past_stop(index + 1);
        let unit = unit(context.core(index + 2)).filter(|_| flows);
        return unit.map(|unit| UnitTokens {
            before: Some(before),
            unit,
            eats_stop: continues(context, index + 2),
        });
    }
    if next == "°"
        && context.sentence.flows(index + 1)
        && matches!(context.core(index + 2), "C" | "F")
    {
        let scale = if context.core(index + 2) == "C" { "Celsius" } else { "Fahrenheit" };
        let unit = Unit { one: scale.to_owned(), many: scale.to_owned() };
        return Some(UnitTokens { before: Some("degrees"), unit, eats_stop: false });
    }
    let capital_word = matches!(next, "PB" | "MW" | "MI" | "Pa" | "Ah" | "Ha");
    let unit = unit(next).filter(|_| !(capital_word && next == "Ah"))?;
    Some(UnitTokens { before: None, unit, eats_stop: continues(context, index + 1) })
}

/// Returns true if the sentence continues after a full stop, because the next word is not capitalised.
fn continues(context: &Context<'_>, index: usize) -> bool {
    !super::context::is_capitalised(context.core(index + 1))
}

fn is_dimension(context: &Context<'_>, index: usize) -> bool {
    matches!(context.before(index, 1), "x" | "×" | "by") || context.core(index).contains('x')
}

/// Expands a number with its unit, a height, a resolution, or dimensions.
pub(super) fn measure(context: &Context<'_>, index: usize) -> Option<Vec<Reading>> {
    let core = context.core(index);
    let starts = core.starts_with(|c: char| {
        c.is_ascii_digit() || "~≈±+-<>≤≥.".contains(c) || super::fractions::vulgar(c).is_some()
    });
    if !starts || core.len() > 80 || is_road_number(context, index) {
        return None;
    }
    if let Some(spoken) = height(core).or_else(|| resolution(core)) {
        return Some(vec![Reading::from(spoken)]);
    }
    if let Some(readings) = dimensions(context, index) {
        return Some(readings);
    }
    let amount = quantity(core, context.dialect)?;
    let is_one = amount.is_one || context.is_attributive(index);
    if amount.rest.is_empty() {
        let unit = unit_after(context, index)?;
        let mut readings = vec![Reading::from(amount.spoken)];
        readings.extend(unit.readings(is_one));
        return Some(readings);
    }
    if let Some(readings) = split_degrees(context, index, &amount, is_one) {
        return Some(readings);
    }
    expand_attached(context, index, &amount, is_one).map(|reading| vec![reading])
}

/// Expands an amount and the unit attached to it, with or without a hyphen.
fn expand_attached(
    context: &Context<'_>,
    index: usize,
    amount: &Quantity<'_>,
    is_one: bool,
) -> Option<Reading> {
    let (rest, plus) = match amount.rest.strip_suffix('+') {
        Some(rest) => (rest, " plus"),
        None => (amount.rest, ""),
    };
    let (symbol, is_hyphened) = match rest.strip_prefix('-') {
        Some(symbol) => (symbol, true),
        None => (rest, false),
    };
    if let Some((symbol, tail)) = symbol.split_once('-') {
        return compound_measure(context, amount, symbol, tail).map(Reading::from);
    }
    let digits = amount.numeral.as_ref().map(|numeral| numeral.whole.len());
    let is_label = digits.is_some_and(|digits| is_label(context, index, symbol, digits));
    if is_label || (is_hyphened && ATTACHED_ONLY.contains(&symbol)) {
        return None;
    }
    let unit = unit(symbol)?;
    let name = unit.name(is_one || is_hyphened);
    let text = format!("{} {name}{plus}", amount.spoken);
    Some(Reading { text, eats_stop: continues(context, index) })
}

/// Expands degrees whose scale is a separate token: `14° F`.
fn split_degrees(
    context: &Context<'_>,
    index: usize,
    amount: &Quantity<'_>,
    is_one: bool,
) -> Option<Vec<Reading>> {
    let scale = match context.next(index) {
        "C" => "Celsius",
        "F" => "Fahrenheit",
        _ => return None,
    };
    let degrees = if is_one { "degree" } else { "degrees" };
    let first = format!("{} {degrees}", amount.spoken);
    (amount.rest == "°").then(|| vec![Reading::from(first), Reading::from(scale)])
}

/// Expands a measure that a hyphen joins to a word (`5km-long`, `10%-off`) or to the upper end of a range (`5%-10%`).
fn compound_measure(
    context: &Context<'_>,
    amount: &Quantity<'_>,
    symbol: &str,
    tail: &str,
) -> Option<String> {
    let unit = unit(symbol).filter(|_| !ATTACHED_ONLY.contains(&symbol))?;
    let upper = quantity(tail, context.dialect).filter(|upper| upper.rest == symbol);
    if let Some(upper) = upper {
        return Some(format!("{} to {} {}", amount.spoken, upper.spoken, unit.many));
    }
    let tail = super::read_piece(tail, context.dialect);
    Some(format!("{} {} {tail}", amount.spoken, unit.name(true)))
}

/// Returns true if a letter after a number is not a unit: `Apt. 4B`, `5m users`, `the 90s`.
fn is_label(context: &Context<'_>, index: usize, symbol: &str, digits: usize) -> bool {
    match symbol {
        "B" | "t" | "d" => true,
        "m" | "M" => context.counts_next(index),
        "s" => {
            digits == 4
                || context.core(index + 1) == "of"
                || super::decades::is_decade(context, index)
        }
        _ => false,
    }
}

/// Expands a height in feet and inches: `6'2"` to "six foot two".
fn height(core: &str) -> Option<String> {
    let (feet, inches) = core.split_once('\'')?;
    let inches = inches.strip_suffix('"').or_else(|| inches.strip_suffix("''")).unwrap_or(inches);
    let is_short = |text: &str| is_digits(text) && text.len() <= 3;
    if !is_short(feet) || !is_short(inches) {
        return None;
    }
    let feet = cardinal(feet.parse().ok()?, super::Dialect::American);
    let inches = cardinal(inches.parse().ok()?, super::Dialect::American);
    Some(format!("{feet} foot {inches}"))
}

/// Expands the number of lines of a picture: `1080p`, `1080i`.
fn resolution(core: &str) -> Option<String> {
    let digits = core.strip_suffix(['p', 'i'])?;
    let is_known = matches!(
        digits,
        "144" | "240" | "360" | "480" | "576" | "720" | "1080" | "1440" | "2160" | "4320"
    );
    let letter = if core.ends_with('p') { "P" } else { "I" };
    is_known.then(|| format!("{} {letter}", label(digits)))
}

/// Expands dimensions (`2x4`, `1920x1080`, `10x12cm`) and factors (`3x`). A unit may follow in a separate token.
fn dimensions(context: &Context<'_>, index: usize) -> Option<Vec<Reading>> {
    let core = context.core(index);
    let parts: Vec<&str> = core.split(['x', 'X', '×']).take(5).collect();
    let (last, before) = parts.split_last()?;
    if before.is_empty() || parts.len() > 4 {
        return None;
    }
    let mut spoken = Vec::with_capacity(parts.len());
    for part in before {
        let (numeral, rest) = scan(part, NOTATION)?;
        let inner = if rest.is_empty() { String::new() } else { format!(" {}", unit(rest)?.many) };
        let is_wide = numeral.is_plain() && (3..=4).contains(&numeral.whole.len());
        let said = if is_wide { label(&numeral.whole) } else { number(&numeral, context.dialect) };
        spoken.push(format!("{said}{inner}"));
    }
    if last.is_empty() {
        let times = if spoken.len() == 1 { spoken.pop()? } else { return None };
        return Some(vec![Reading::from(format!("{times} times"))]);
    }
    let (numeral, rest) = scan(last, NOTATION)?;
    let is_wide = numeral.is_plain() && (3..=4).contains(&numeral.whole.len());
    let said = if is_wide { label(&numeral.whole) } else { number(&numeral, context.dialect) };
    let is_one = context.is_attributive(index);
    let name =
        if rest.is_empty() { String::new() } else { format!(" {}", unit(rest)?.name(is_one)) };
    spoken.push(format!("{said}{name}"));
    let mut readings = vec![Reading::from(spoken.join(" by "))];
    if rest.is_empty()
        && let Some(unit) = unit_after(context, index)
    {
        readings.extend(unit.readings(is_one));
    }
    Some(readings)
}
