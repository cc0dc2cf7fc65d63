//! Expands dates: `3/4/2026`, `2026-11-28`, `Jan. 5`, `4 July 2026`, `Oct 2019`, `'90s`.
//!
//! The dialect decides which of two numbers is the month, unless only one can be.

use super::context::{Context, is_capitalised};
use super::decades::is_decade;
use super::units;
use crate::numbers::english::{Dialect, cardinal, ordinal, plural, year};
use crate::numbers::is_digits;
use crate::sentence::Reading;

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
/// Words that precede a date with month and day but without a year.
const DATE_CUES: &[&str] = &[
    "on", "by", "before", "after", "until", "till", "since", "from", "due", "starting", "begins",
    "ends", "dated",
];
/// Month abbreviations that are neither names nor words.
const SAFE_SHORT: &[&str] = &["Feb", "Apr", "Aug", "Sept", "Sep", "Oct", "Nov", "Dec"];

/// Returns the number of a month, from 1, if the word is its capitalised name or abbreviation.
pub(super) fn month(word: &str) -> Option<u64> {
    let is_sept = word.eq_ignore_ascii_case("sept");
    if !is_capitalised(word) || !(3..=9).contains(&word.len()) || !word.is_ascii() {
        return None;
    }
    let matches = |name: &str| {
        word.eq_ignore_ascii_case(name)
            || (word.len() == 3 && word.eq_ignore_ascii_case(&name[..3]))
    };
    if is_sept {
        return Some(9);
    }
    (1..).zip(MONTHS).find(|(_, name)| matches(name)).map(|(number, _)| number)
}

pub(super) fn month_name(month: u64) -> &'static str {
    usize::try_from(month)
        .ok()
        .and_then(|m| MONTHS.get(m.wrapping_sub(1)))
        .copied()
        .unwrap_or_default()
}

/// Parses a day of the month: `5`, `05`, `5th`.
fn day(text: &str) -> Option<u64> {
    let suffixes = ["st", "nd", "rd", "th", "ST", "ND", "RD", "TH"];
    let digits = suffixes.iter().find_map(|suffix| text.strip_suffix(suffix)).unwrap_or(text);
    let value =
        Some(digits).filter(|digits| is_digits(digits) && digits.len() <= 2)?.parse().ok()?;
    (1..=31).contains(&value).then_some(value)
}

/// Parses one day or a range of days.
fn days(text: &str) -> Option<(u64, Option<u64>)> {
    match text.split_once(['-', '–']) {
        Some((from, to)) => Some((day(from)?, Some(day(to)?))),
        None => Some((day(text)?, None)),
    }
}

/// Parses a four-digit year from 1000 to 2999.
pub(super) fn four_digit_year(text: &str) -> Option<u64> {
    let value = Some(text).filter(|text| is_digits(text) && text.len() == 4)?.parse().ok()?;
    (1000..=2999).contains(&value).then_some(value)
}

/// Expands a date that begins at a token.
pub(super) fn date(context: &Context<'_>, index: usize) -> Option<Vec<Reading>> {
    let core = context.core(index);
    if core.is_empty() || core.len() > 24 {
        return None;
    }
    if let Some(month) = month(core) {
        return month_first(context, index, month);
    }
    if core.starts_with(|c: char| c.is_ascii_digit()) {
        return day_first(context, index)
            .or_else(|| numeric(context, index).map(one))
            .or_else(|| decade(context, index).map(one));
    }
    short_year(core, context.dialect).map(one)
}

fn one(text: String) -> Vec<Reading> {
    vec![Reading::from(text)]
}

fn ordinals(days: (u64, Option<u64>), dialect: Dialect, article: &str) -> String {
    let first = ordinal(days.0, dialect);
    match days.1 {
        Some(to) => format!("{article}{first} to {article}{}", ordinal(to, dialect)),
        None => format!("{article}{first}"),
    }
}

/// Expands the year after a day, with or without a comma.
fn year_after(context: &Context<'_>, index: usize) -> Option<String> {
    let tail = context.sentence.tail(index);
    let value = four_digit_year(context.core(index + 1)).filter(|_| matches!(tail, "" | ","))?;
    Some(year(value, context.dialect))
}

/// Returns the reading of a month. A full stop belongs to the month only if the month is abbreviated.
fn month_reading(core: &str, name: &str) -> Reading {
    Reading { text: name.to_owned(), eats_stop: core.len() < name.len() }
}

fn month_first(context: &Context<'_>, index: usize, month: u64) -> Option<Vec<Reading>> {
    let core = context.core(index);
    let name = month_name(month);
    let has_stop = context.sentence.has_stop(index);
    let is_short = core.len() < name.len();
    let goes_on = if is_short {
        context.sentence.flows_past_stop(index)
    } else {
        context.sentence.flows(index)
    };
    let next = if goes_on { context.core(index + 1) } else { "" };
    if let Some(days) = days(next).filter(|_| !counts_something(context, index)) {
        let article = if context.dialect == Dialect::British { "the " } else { "" };
        let day = ordinals(days, context.dialect, article);
        let year = year_after(context, index + 1);
        let mut readings = vec![month_reading(core, name), Reading::from(day)];
        readings.extend(year.map(Reading::from));
        return Some(readings);
    }
    if let Some(value) = four_digit_year(next) {
        return Some(vec![month_reading(core, name), Reading::from(year(value, context.dialect))]);
    }
    let is_safe = SAFE_SHORT.contains(&core);
    let before_is_day = day(context.before(index, 1)).is_some();
    (is_short
        && (has_stop || is_safe || before_is_day || next.starts_with('\''))
        && !context.is_shouting)
        .then(|| vec![month_reading(core, name)])
}

/// Returns true if the number after `May` or `March` counts the next word, as in "May 5 of us go".
fn counts_something(context: &Context<'_>, index: usize) -> bool {
    let next = context.next(index + 1);
    let is_word = matches!(context.core(index), "May" | "March" | "Mar");
    let is_plain = is_digits(context.core(index + 1));
    is_word
        && is_plain
        && (next == "of"
            || units::unit_after(context, index + 1).is_some()
            || context.counts_next(index + 1))
}

fn day_first(context: &Context<'_>, index: usize) -> Option<Vec<Reading>> {
    let days = days(context.core(index))?;
    let next = context.next(index);
    let month = month(next)?;
    let name = month_name(month);
    let has_article = context.follows(index, &["the"]);
    let article = if has_article { "" } else { "the " };
    let first = ordinals(days, context.dialect, article);
    let of = Reading { text: format!("of {name}"), eats_stop: next.len() < name.len() };
    let year =
        if context.sentence.flows_past_stop(index + 1) || context.sentence.tail(index + 1) == "," {
            four_digit_year(context.core(index + 2)).map(|value| year(value, context.dialect))
        } else {
            None
        };
    let mut readings = vec![Reading::from(first), of];
    readings.extend(year.map(Reading::from));
    Some(readings)
}

/// Expands a date with month, day and optional year.
fn full(
    month: u64,
    day: u64,
    year_value: Option<u64>,
    has_article: bool,
    dialect: Dialect,
) -> String {
    let name = month_name(month);
    let nth = ordinal(day, dialect);
    let date = match dialect {
        Dialect::American => format!("{name} {nth}"),
        Dialect::British if has_article => format!("{nth} of {name}"),
        Dialect::British => format!("the {nth} of {name}"),
    };
    match year_value {
        Some(value) => format!("{date}, {}", year(value, dialect)),
        None => date,
    }
}

/// Expands a date in numbers: `3/4/2026`, `2026-11-28`, `28.11.2026`, and `12/25` after one of [`DATE_CUES`].
fn numeric(context: &Context<'_>, index: usize) -> Option<String> {
    let core = context.core(index);
    let mark = core.chars().find(|c| !c.is_ascii_digit()).filter(|c| "/-.".contains(*c))?;
    let core = core.split_once('T').map_or(core, |(date, _)| date);
    let has_article = context.follows(index, &["the"]);
    if let [d, name, y] = core.split('-').take(4).collect::<Vec<_>>().as_slice()
        && let (Some(day), Some(month), Some(value)) =
            (day(d), self::month(name), four_digit_year(y))
    {
        return Some(full(month, day, Some(value), has_article, context.dialect));
    }
    let parts: Vec<&str> = core.split(mark).take(4).collect();
    if !parts.iter().all(|part| is_digits(part) && part.len() <= 4) {
        return None;
    }
    let number = |text: &str| text.parse::<u64>().ok();
    match parts.as_slice() {
        [y, m, d] if y.len() == 4 && m.len() <= 2 && d.len() <= 2 => {
            let (month, day) = (number(m)?, number(d)?);
            let is_date = (1..=12).contains(&month) && (1..=31).contains(&day);
            let value = four_digit_year(y).filter(|_| is_date)?;
            Some(full(month, day, Some(value), has_article, context.dialect))
        }
        [a, b, y]
            if a.len() <= 2 && b.len() <= 2 && (y.len() == 4 || (y.len() == 2 && mark == '/')) =>
        {
            let value = number(y)?;
            let value = if y.len() == 4 {
                four_digit_year(y)?
            } else if value < 70 {
                2000 + value
            } else {
                1900 + value
            };
            let (month, day) = month_and_day(number(a)?, number(b)?, context.dialect, mark)?;
            Some(full(month, day, Some(value), has_article, context.dialect))
        }
        [a, b]
            if mark == '/' && context.follows(index, DATE_CUES) && context.next(index) != "of" =>
        {
            if a.len() > 2 || b.len() > 2 || *core == *"9/11" {
                return None;
            }
            let (month, day) = month_and_day(number(a)?, number(b)?, context.dialect, mark)?;
            Some(full(month, day, None, has_article, context.dialect))
        }
        _ => None,
    }
}

fn month_and_day(first: u64, second: u64, dialect: Dialect, mark: char) -> Option<(u64, u64)> {
    let is_date = |month: u64, day: u64| (1..=12).contains(&month) && (1..=31).contains(&day);
    let day_first = dialect == Dialect::British || mark == '.';
    let (usual, other) = if day_first {
        ((second, first), (first, second))
    } else {
        ((first, second), (second, first))
    };
    [usual, other].into_iter().find(|&(month, day)| is_date(month, day))
}

/// Expands decades: `1990s` and `1990's` always, `90s` and `90's` if the context marks a decade ("the 90s", "90s
/// music").
fn decade(context: &Context<'_>, index: usize) -> Option<String> {
    let core = context.core(index);
    let digits = core.strip_suffix("'s").or_else(|| core.strip_suffix('s'))?;
    if !is_digits(digits) || !digits.ends_with('0') {
        return None;
    }
    match digits.len() {
        4 => Some(plural(&year(four_digit_year(digits)?, context.dialect))),
        2 if context.is_piece || is_decade(context, index) => short_decade(digits),
        _ => None,
    }
}

fn short_decade(digits: &str) -> Option<String> {
    let value: u64 = digits.parse().ok()?;
    let is_decade = value >= 20 && value.is_multiple_of(10);
    is_decade.then(|| plural(&cardinal(value, Dialect::American)))
}

/// Expands a decade or a year with an apostrophe: `'90s`, `'68`.
fn short_year(core: &str, dialect: Dialect) -> Option<String> {
    let rest = core.strip_prefix('\'')?;
    if let Some(digits) = rest.strip_suffix("'s").or_else(|| rest.strip_suffix('s')) {
        return short_decade(Some(digits).filter(|digits| is_digits(digits) && digits.len() == 2)?);
    }
    let value: u64 = Some(rest).filter(|rest| is_digits(rest) && rest.len() == 2)?.parse().ok()?;
    let oh = if value < 10 { "oh " } else { "" };
    Some(format!("{oh}{}", cardinal(value, dialect)))
}
