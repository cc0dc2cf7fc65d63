//! Fractions (`1/2`, `2 1/2`, `½`) and pairs of numbers that only look like one (`50/50`, `8/10`).

use crate::numbers::english::{Dialect, cardinal, ordinal, plural};
use crate::numbers::is_digits;

const VULGAR: &[(char, u64, u64)] = &[
    ('½', 1, 2),
    ('⅓', 1, 3),
    ('⅔', 2, 3),
    ('¼', 1, 4),
    ('¾', 3, 4),
    ('⅕', 1, 5),
    ('⅖', 2, 5),
    ('⅗', 3, 5),
    ('⅘', 4, 5),
    ('⅙', 1, 6),
    ('⅚', 5, 6),
    ('⅐', 1, 7),
    ('⅛', 1, 8),
    ('⅜', 3, 8),
    ('⅝', 5, 8),
    ('⅞', 7, 8),
    ('⅑', 1, 9),
    ('⅒', 1, 10),
];
/// Numbers around slashes that have a fixed reading, such as `24/7`.
const NAMES: &[(&str, &str)] = &[
    ("24/7", "twenty four seven"),
    ("9/11", "nine eleven"),
    ("20/20", "twenty twenty"),
    ("24/7/365", "twenty four seven three sixty five"),
    ("4/4", "four four"),
    ("6/8", "six eight"),
];

/// Returns the numerator and denominator of a one-character fraction.
pub(super) fn vulgar(c: char) -> Option<(u64, u64)> {
    VULGAR.iter().find(|(sign, ..)| *sign == c).map(|&(_, top, bottom)| (top, bottom))
}

/// Expands a fraction: "one half", "three quarters".
pub(super) fn fraction(top: u64, bottom: u64) -> String {
    format!("{} {}", cardinal(top, Dialect::American), parts(top, bottom))
}

/// Expands a fraction after a whole number: "and a half".
pub(super) fn and_fraction(top: u64, bottom: u64) -> String {
    if top == 1 {
        let part = parts(1, bottom);
        let article = if part.starts_with(['a', 'e', 'i', 'o', 'u']) { "an" } else { "a" };
        return format!("and {article} {part}");
    }
    format!("and {}", fraction(top, bottom))
}

fn parts(top: u64, bottom: u64) -> String {
    let one = match bottom {
        2 => "half".to_owned(),
        4 => "quarter".to_owned(),
        _ => ordinal(bottom, Dialect::American),
    };
    match (top, bottom) {
        (1, _) => one,
        (_, 2) => "halves".to_owned(),
        _ => plural(&one),
    }
}

pub(super) fn pair(top: &str, bottom: &str) -> Option<(u64, u64)> {
    let short = |text: &str| is_digits(text) && text.len() <= 3 && !text.starts_with('0');
    if !short(top) || !short(bottom) {
        return None;
    }
    Some((top.parse().ok()?, bottom.parse().ok()?))
}

/// Expands a fraction below 1 with a denominator of at most 64, unless it is a score such as `8/10`.
pub(super) fn proper(top: &str, bottom: &str) -> Option<String> {
    let (top, bottom) = pair(top, bottom)?;
    let is_fraction = top < bottom && bottom <= 64 && !is_score(top, bottom);
    is_fraction.then(|| fraction(top, bottom))
}

/// Returns true for a score out of ten or one hundred.
fn is_score(top: u64, bottom: u64) -> bool {
    top > 1 && matches!(bottom, 10 | 100)
}

/// Expands two numbers separated by a slash that are not a date.
pub(super) fn expand_slashed(core: &str, dialect: Dialect) -> Option<String> {
    if let Some((_, name)) = NAMES.iter().find(|(written, _)| *written == core) {
        return Some((*name).to_owned());
    }
    let (top, bottom) = core.split_once('/')?;
    if let Some(spoken) = proper(top, bottom) {
        return Some(spoken);
    }
    let numbers = pair(top, bottom);
    let say = |number| cardinal(number, dialect);
    let spoken = match numbers {
        Some((top, bottom)) if top + bottom == 100 => format!("{} {}", say(top), say(bottom)),
        Some((top, bottom)) if is_score(top, bottom) || (top == bottom && top < 20) => {
            format!("{} out of {}", say(top), say(bottom))
        }
        Some((top, bottom)) => format!("{} over {}", say(top), say(bottom)),
        None => {
            let (whole, decimals) = top.split_once('.')?;
            let is_mark =
                matches!(bottom, "5" | "10" | "100") && is_digits(whole) && is_digits(decimals);
            let (top, _) = crate::numbers::scan(top, crate::numbers::english::NOTATION)?;
            let top = crate::numbers::english::number(&top, dialect);
            return is_mark.then(|| format!("{top} out of {}", say(bottom.parse().unwrap_or(0))));
        }
    };
    Some(spoken)
}
