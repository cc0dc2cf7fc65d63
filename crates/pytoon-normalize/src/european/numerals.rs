//! Numbers, percentages, ordinals and ranges.

use super::{Context, Language, agreement};
use crate::numbers::Form;
use crate::numbers::{Numeral, is_digits, share};
use crate::sentence::Reading;

/// Abbreviated scales by language, such as `Mio` for "Millionen".
const SCALES: &[(Language, &str, &str)] = &[
    (Language::German, "Mio", "Millionen"),
    (Language::German, "Mrd", "Milliarden"),
    (Language::German, "Tsd", "Tausend"),
];
/// French ordinal endings, with a flag for feminine ones.
const FRENCH: &[(&str, bool)] = &[
    ("er", false),
    ("re", true),
    ("ère", true),
    ("ème", false),
    ("eme", false),
    ("nde", true),
    ("nd", false),
    ("e", false),
];
const IBERIAN: &[(&str, bool)] = &[
    (".º", false),
    (".ª", true),
    ("º", false),
    ("ª", true),
    (".er", false),
    ("er", false),
    ("°", false),
    ("ro", false),
    ("do", false),
    ("ra", true),
    ("da", true),
    ("to", false),
    ("ta", true),
];

/// Returns true for an abbreviated scale.
pub(super) fn is_scale(text: &str) -> bool {
    SCALES.iter().any(|(_, written, _)| *written == text)
}

/// Returns the full word for an abbreviated scale.
pub(super) fn scale(language: Language, text: &str) -> Option<&'static str> {
    SCALES
        .iter()
        .find(|(of, written, _)| *of == language && *written == text)
        .map(|(.., name)| *name)
}

/// Expands two numbers that belong together: `24/7`, and pairs that add up to 100, such as `80/20`.
fn pair(language: Language, core: &str) -> Option<String> {
    let (first, second) = core.split_once('/')?;
    let number =
        |text: &str| text.parse::<u64>().ok().filter(|_| is_digits(text) && text.len() <= 2);
    let (first, second) = (number(first)?, number(second)?);
    let say = |number| language.cardinal(number, Form::Alone);
    let is_pair = (first, second) == (24, 7) || first + second == 100;
    is_pair.then(|| format!("{} {}", say(first), say(second)))
}

/// Expands telephone numbers, digit by digit: `0800 123 456`, `+49 30 123456`.
pub(super) fn phone(context: &Context<'_>, index: usize) -> Option<Vec<Reading>> {
    let language = context.language;
    let first = context.core(index);
    let bare = first.strip_prefix('+').unwrap_or(first);
    let is_head = is_digits(bare)
        && (bare.len() < first.len() || (first.starts_with('0') && first.len() > 2));
    let mut readings = Vec::new();
    let mut at = index;
    while is_head && readings.len() < 6 && is_digits(context.core(at).trim_start_matches('+')) {
        let comma = if context.sentence.flows(at) { "," } else { "" };
        readings.push(Reading::from(format!("{}{comma}", language.digits(context.core(at)))));
        if comma.is_empty() {
            break;
        }
        at += 1;
    }
    (readings.len() > 1).then(|| {
        let plus = if bare.len() < first.len() { language.names().plus } else { "" };
        if let Some(reading) = readings.first_mut().filter(|_| !plus.is_empty()) {
            reading.text = format!("{plus} {}", reading.text);
        }
        if let Some(reading) = readings.last_mut() {
            reading.text = reading.text.trim_end_matches(',').to_owned();
        }
        readings
    })
}

/// Splits a sign such as `-` or `~` off the beginning of a number. Returns the word for the sign, or an empty text,
/// and the rest.
pub(super) fn sign(language: Language, text: &str) -> (String, &str) {
    let names = language.names();
    let signs = [
        ('-', names.minus),
        ('–', names.minus),
        ('+', names.plus),
        ('~', names.about),
        ('≈', names.about),
    ];
    let found =
        signs.iter().find_map(|(sign, word)| Some((format!("{word} "), text.strip_prefix(*sign)?)));
    found.unwrap_or((String::new(), text))
}

/// Expands a number or a range at the beginning of a text.
fn amount(language: Language, text: &str, form: Form) -> Option<(String, &str)> {
    let (sign, rest) = sign(language, text);
    let (numeral, rest) = language.scan(rest)?;
    let is_range = rest
        .strip_prefix(['-', '–'])
        .filter(|after| after.starts_with(|c: char| c.is_ascii_digit()));
    if let Some((upper, rest)) = is_range.and_then(|after| language.scan(after)) {
        let lower = year_or_number(language, &numeral, Form::Alone);
        let upper = year_or_number(language, &upper, form);
        return Some((format!("{sign}{lower} {} {upper}", language.names().to), rest));
    }
    Some((format!("{sign}{}", year_or_number(language, &numeral, form)), rest))
}

fn year_or_number(language: Language, numeral: &Numeral, form: Form) -> String {
    let value = numeral.value().filter(|value| numeral.is_plain() && (1100..2000).contains(value));
    match value {
        Some(value) if form == Form::Alone => language.year(value),
        _ => language.number(numeral, form),
    }
}

/// Expands a percentage or a range of percentages: `25 %`, `25%`, `5-10 %`.
pub(super) fn percent(context: &Context<'_>, index: usize) -> Option<Vec<Reading>> {
    let language = context.language;
    let core = context.core(index);
    let (spoken, rest) = amount(language, core, Form::Alone)?;
    let name = language.names().percent;
    if rest == "%" {
        return Some(vec![Reading::from(format!("{spoken} {name}"))]);
    }
    let is_apart = rest.is_empty() && context.next(index) == "%";
    is_apart.then(|| vec![Reading::from(spoken), Reading::from(name)])
}

/// Expands an ordinal written in digits: `3.` in German, `1er` in French, `2º` in Spanish and Portuguese.
pub(super) fn ordinal(context: &Context<'_>, index: usize) -> Option<Vec<Reading>> {
    let language = context.language;
    let core = context.core(index);
    let (number, form) = match language {
        Language::German => {
            let next = context.core(index + 1);
            let flows = context.sentence.has_stop(index) && context.sentence.flows_past_stop(index);
            let is_named = context.follows(index, agreement::LABELS);
            let is_ordinal =
                flows && !is_named && core.len() <= 3 && next.starts_with(char::is_alphabetic);
            (Some(core).filter(|core| is_ordinal && is_digits(core))?, Form::Alone)
        }
        Language::French => with_ending(core, FRENCH)?,
        Language::Spanish(_) | Language::Portuguese(_) => with_ending(core, IBERIAN)?,
    };
    let value: u64 = Some(number).filter(|number| number.len() <= 9)?.parse().ok()?;
    let before_noun = agreement::form(context, index);
    let form = match form {
        Form::Feminine => Form::Feminine,
        // "primer piso", "primero" alone.
        _ if core.ends_with("er") || before_noun != Form::Alone => Form::Masculine,
        _ => Form::Alone,
    };
    Some(vec![Reading::abbreviation(language.ordinal(context, index, value, form))])
}

fn with_ending<'a>(core: &'a str, endings: &[(&str, bool)]) -> Option<(&'a str, Form)> {
    endings.iter().find_map(|(ending, is_feminine)| {
        let number = core.strip_suffix(ending).filter(|number| is_digits(number))?;
        Some((number, if *is_feminine { Form::Feminine } else { Form::Alone }))
    })
}

/// Parses groups of three digits in separate tokens, the last with decimals: `1 500,50`. Returns the number and its
/// number of tokens.
pub(super) fn parse_spaced_groups(context: &Context<'_>, index: usize) -> Option<(Numeral, usize)> {
    let first = context.core(index);
    if !is_digits(first) || first.len() > 3 || first.starts_with('0') {
        return None;
    }
    let mut whole = first.to_owned();
    let mut fraction = String::new();
    let mut count = 1;
    while count < 5 && fraction.is_empty() && context.sentence.flows(index + count - 1) {
        let token = context.core(index + count);
        let (group, decimals) =
            token.split_once(context.language.notation().decimal).unwrap_or((token, ""));
        let is_group =
            group.len() == 3 && is_digits(group) && (decimals.is_empty() || is_digits(decimals));
        if !is_group {
            break;
        }
        whole.push_str(group);
        decimals.clone_into(&mut fraction);
        count += 1;
    }
    (count > 1).then_some((Numeral { whole, fraction, is_grouped: true }, count))
}

/// Expands a number, a range or an abbreviated scale.
pub(super) fn number(context: &Context<'_>, index: usize) -> Option<Vec<Reading>> {
    let language = context.language;
    let core = context.core(index);
    if let Some(name) = scale(language, core) {
        return Some(vec![Reading::abbreviation(name)]);
    }
    if let Some(pair) = pair(language, core) {
        return Some(vec![Reading::from(pair)]);
    }
    if let Some((numeral, count)) = parse_spaced_groups(context, index) {
        let form = agreement::form(context, index + count - 1);
        let spoken = language.number(&numeral, form);
        return Some(share(&spoken, count).into_iter().map(Reading::from).collect());
    }
    let (spoken, rest) = amount(language, core, agreement::form(context, index))?;
    rest.is_empty().then(|| vec![Reading::from(spoken)])
}
