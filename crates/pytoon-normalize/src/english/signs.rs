//! Tokens that consist only of signs: `&`, `+`, `=`, `→`, dashes between words and numbers.

use super::context::Context;
use super::{dates, days, money, times, units};
use crate::sentence::Reading;

/// The comma that stands for a pause in a reading.
const PAUSE: &str = ",";
const NAMES: &[(&str, &str)] = &[
    ("&", "and"),
    ("&amp;", "and"),
    ("+", "plus"),
    ("=", "equals"),
    ("==", "equals"),
    ("÷", "divided by"),
    ("→", "to"),
    ("->", "to"),
    ("=>", "to"),
    ("⇒", "to"),
    ("←", "from"),
    ("↔", "to and from"),
    ("±", "plus or minus"),
    ("+/-", "plus or minus"),
    ("≈", "is about"),
    ("≠", "does not equal"),
    ("!=", "does not equal"),
    ("≤", "is at most"),
    ("<=", "is at most"),
    ("≥", "is at least"),
    (">=", "is at least"),
    ("@", "at"),
    ("%", "percent"),
    ("∞", "infinity"),
    ("√", "the square root of"),
    ("§", "section"),
    ("§§", "sections"),
    ("¶", "paragraph"),
    ("№", "number"),
    ("€", "euros"),
    ("$", "dollars"),
    ("£", "pounds"),
    ("¥", "yen"),
    ("₹", "rupees"),
    ("°", "degrees"),
    ("++", "plus plus"),
    ("w/", "with"),
    ("w/o", "without"),
    ("w/out", "without"),
    ("b/c", "because"),
    ("c/o", "care of"),
    ("n/a", "not applicable"),
    ("N/A", "not applicable"),
    ("b/w", "between"),
    ("s/he", "she or he"),
    ("W/", "with"),
    ("W/O", "without"),
];

/// Expands a token that consists of signs, such as `&` or `→`.
pub(super) fn sign(context: &Context<'_>, index: usize) -> Option<Vec<Reading>> {
    let core = context.core(index);
    if core.len() > 12 {
        let is_signs = core.chars().all(|c| c.is_ascii_punctuation());
        return is_signs.then(|| vec![Reading::default()]);
    }
    let between =
        |test: fn(&str) -> bool| test(context.before(index, 1)) && test(context.core(index + 1));
    let spoken = match core {
        "x" | "X" if between(is_amount) => "by",
        "×" => times_or_by(context, index),
        "*" | "·" if between(is_amount) => "times",
        "<" if between(is_amount) => "is less than",
        ">" if between(is_amount) => "is greater than",
        "<" | ">" => PAUSE,
        "-" | "–" | "—" | "--" => dash(context, index),
        "/" | "|" | "||" | "•" | "·" => PAUSE,
        "#" if is_amount(context.core(index + 1)) => "number",
        "..." => PAUSE,
        "$" | "€" | "£" | "¥" | "₹" if is_amount(context.next(index)) => return None,
        _ => match NAMES.iter().find(|(sign, _)| *sign == core) {
            Some((_, name)) => name,
            None if is_other_signs(core) => "",
            None => return None,
        },
    };
    Some(vec![Reading::from(spoken)])
}

/// Returns true for a token that consists only of punctuation and symbols.
fn is_other_signs(core: &str) -> bool {
    core.chars().all(|c| {
        c.is_ascii_punctuation()
            || matches!(c as u32, 0xa1..=0xa9 | 0xab..=0xb1 | 0xb4 | 0xb6..=0xb8 | 0xbb | 0xbf | 0xd7 | 0xf7 | 0x2000..=0x206f | 0x20a0..=0x20cf | 0x2100..=0x215f | 0x2190..=0x245f)
                && !c.is_alphanumeric()
    })
}

fn is_amount(core: &str) -> bool {
    core.len() <= 40
        && core
            .trim_start_matches(['-', '$', '€', '£', '~', '+', '.'])
            .starts_with(|c: char| c.is_ascii_digit())
}

fn is_year_or_day(core: &str) -> bool {
    dates::month(core).is_some()
        || days::short_day(core).is_some()
        || core.ends_with("day")
        || times::is_time(core)
}

/// Returns "times" in formulas and "by" between dimensions.
fn times_or_by(context: &Context<'_>, index: usize) -> &'static str {
    let is_sum = (index + 1..index + 6).any(|at| context.core(at) == "=");
    let other = context.core(index + 1);
    let has_unit = units::unit_after(context, index + 1).is_some()
        || other.ends_with(|c: char| c.is_alphabetic());
    if has_unit && !is_sum { "by" } else { "times" }
}

/// Returns "to" in ranges, "minus" in formulas, and a pause otherwise.
fn dash(context: &Context<'_>, index: usize) -> &'static str {
    let (before, after) = (context.before(index, 1), context.core(index + 1));
    if is_amount(before) && is_amount(after) {
        let is_sum = context.core(index + 2) == "=";
        return if is_sum { "minus" } else { "to" };
    }
    let before_is_half = matches!(before, "am" | "pm" | "a.m" | "p.m" | "AM" | "PM");
    if is_amount(before) && is_year_or_day(after) {
        return "to";
    }
    if (is_year_or_day(before) || before_is_half) && (is_year_or_day(after) || is_amount(after)) {
        return "to";
    }
    let is_money = money::scale(before).is_some() && is_amount(after);
    if is_money { "to" } else { PAUSE }
}
