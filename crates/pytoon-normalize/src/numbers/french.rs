//! French number words, as used in France and Canada.
//!
//! Guarantees: for numbers below 10¹⁵ the output has only words and no digits.

use super::{thousands, words};
use crate::numbers::Form;

const ONES: [&str; 17] = [
    "zéro", "un", "deux", "trois", "quatre", "cinq", "six", "sept", "huit", "neuf", "dix", "onze",
    "douze", "treize", "quatorze", "quinze", "seize",
];
const TENS: [&str; 7] = ["", "dix", "vingt", "trente", "quarante", "cinquante", "soixante"];
const SCALES: [&str; 5] = ["", "mille", "million", "milliard", "billion"];

pub(crate) const DIGITS: [&str; 10] =
    ["zéro", "un", "deux", "trois", "quatre", "cinq", "six", "sept", "huit", "neuf"];

fn word(table: &'static [&'static str], index: u64) -> &'static str {
    usize::try_from(index).ok().and_then(|index| table.get(index)).copied().unwrap_or_default()
}

fn below_hundred(number: u64) -> String {
    match number {
        0 => String::new(),
        1..=16 => word(&ONES, number).to_owned(),
        17..=19 => format!("dix-{}", word(&ONES, number - 10)),
        71 => "soixante et onze".to_owned(),
        60..=79 if number.is_multiple_of(20) => "soixante".to_owned(),
        61 => "soixante et un".to_owned(),
        60..=79 => format!("soixante-{}", below_hundred(number - 60)),
        80 => "quatre-vingts".to_owned(),
        81..=99 => format!("quatre-vingt-{}", below_hundred(number - 80)),
        _ => match (word(&TENS, number / 10), number % 10) {
            (tens, 0) => tens.to_owned(),
            (tens, 1) => format!("{tens} et un"),
            (tens, ones) => format!("{tens}-{}", word(&ONES, ones)),
        },
    }
}

/// Returns the words for a number below a thousand. `is_last` allows the plural s of "cents" and "vingts".
fn below_thousand(number: u64, is_last: bool) -> String {
    let rest = below_hundred(number % 100);
    let hundreds = match number / 100 {
        0 => String::new(),
        1 => "cent".to_owned(),
        hundreds if rest.is_empty() && is_last => format!("{} cents", word(&ONES, hundreds)),
        hundreds => format!("{} cent", word(&ONES, hundreds)),
    };
    let rest = if is_last { rest } else { rest.replace("quatre-vingts", "quatre-vingt") };
    words([hundreds.as_str(), rest.as_str()])
}

/// Returns the words for a cardinal.
pub(crate) fn cardinal(number: u64, form: Form) -> String {
    if number == 0 {
        return "zéro".to_owned();
    }
    let mut parts: Vec<String> = Vec::new();
    for (group, power) in thousands(number) {
        let scale = SCALES.get(power).copied().unwrap_or_default();
        match power {
            0 => parts.push(below_thousand(group, true)),
            1 if group == 1 => parts.push(scale.to_owned()),
            1 => parts.push(format!("{} {scale}", below_thousand(group, false))),
            _ if group == 1 => parts.push(format!("un {scale}")),
            _ => parts.push(format!("{} {scale}s", below_thousand(group, true))),
        }
    }
    let spoken = words(parts.iter().map(String::as_str));
    let ends_in_one = number % 10 == 1 && !matches!(number % 100, 11 | 71 | 91);
    if form == Form::Feminine && ends_in_one { format!("{spoken}e") } else { spoken }
}

/// Returns the words for an ordinal.
pub(crate) fn ordinal(number: u64, form: Form) -> String {
    if number == 1 {
        return if form == Form::Feminine { "première" } else { "premier" }.to_owned();
    }
    let cardinal = cardinal(number, Form::Masculine);
    let cardinal = cardinal
        .strip_suffix("quatre-vingts")
        .map_or(cardinal.clone(), |head| format!("{head}quatre-vingt"));
    let stem = match cardinal.as_str() {
        text if text.ends_with("cinq") => format!("{text}u"),
        text if text.ends_with("neuf") => format!("{}v", text.trim_end_matches('f')),
        text if text.ends_with("cents") => text.trim_end_matches('s').to_owned(),
        text => text.trim_end_matches('e').to_owned(),
    };
    format!("{stem}ième")
}
