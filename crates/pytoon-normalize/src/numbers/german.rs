//! German number words.
//!
//! Guarantees: for numbers below 10¹⁵ the output has only words and no digits.

use super::{thousands, words};
use crate::numbers::Form;

const ONES: [&str; 20] = [
    "null",
    "ein",
    "zwei",
    "drei",
    "vier",
    "fünf",
    "sechs",
    "sieben",
    "acht",
    "neun",
    "zehn",
    "elf",
    "zwölf",
    "dreizehn",
    "vierzehn",
    "fünfzehn",
    "sechzehn",
    "siebzehn",
    "achtzehn",
    "neunzehn",
];
const TENS: [&str; 10] = [
    "", "", "zwanzig", "dreißig", "vierzig", "fünfzig", "sechzig", "siebzig", "achtzig", "neunzig",
];
const SCALES: [(&str, &str); 5] = [
    ("", ""),
    ("", ""),
    ("Million", "Millionen"),
    ("Milliarde", "Milliarden"),
    ("Billion", "Billionen"),
];
/// Ordinal stems that differ from their cardinal.
const ORDINALS: &[(u64, &str)] = &[(1, "erst"), (3, "dritt"), (7, "siebt"), (8, "acht")];

pub(crate) const DIGITS: [&str; 10] =
    ["null", "eins", "zwei", "drei", "vier", "fünf", "sechs", "sieben", "acht", "neun"];

fn word(table: &'static [&'static str], index: u64) -> &'static str {
    usize::try_from(index).ok().and_then(|index| table.get(index)).copied().unwrap_or_default()
}

fn below_hundred(number: u64) -> String {
    match (number / 10, number % 10) {
        _ if number == 0 => String::new(),
        _ if number < 20 => word(&ONES, number).to_owned(),
        (tens, 0) => word(&TENS, tens).to_owned(),
        (tens, ones) => format!("{}und{}", word(&ONES, ones), word(&TENS, tens)),
    }
}

fn below_thousand(number: u64) -> String {
    let hundreds = match number / 100 {
        0 => String::new(),
        1 => "hundert".to_owned(),
        hundreds => format!("{}hundert", word(&ONES, hundreds)),
    };
    format!("{hundreds}{}", below_hundred(number % 100))
}

/// Adds the ending that a final "ein" takes. The number 1 is "eine" before a feminine noun, "ein" before another
/// noun, and "eins" alone. Larger numbers end in "eins".
fn ending_one(text: String, number: u64, form: Form) -> String {
    if number % 100 != 1 {
        return text;
    }
    match form {
        Form::Feminine if number == 1 => format!("{text}e"),
        Form::Masculine if number == 1 => text,
        _ => format!("{text}s"),
    }
}

/// Returns a stand-in for a number whose final "ein" has the same ending: 1 for 1 itself, otherwise 100 plus the last
/// two digits.
fn rest_of(number: u64) -> u64 {
    if number == 1 { 1 } else { 100 + number % 100 }
}

/// Returns the words for a cardinal.
pub(crate) fn cardinal(number: u64, form: Form) -> String {
    if number == 0 {
        return "null".to_owned();
    }
    let mut parts: Vec<String> = Vec::new();
    for (group, power) in thousands(number).into_iter().filter(|(_, power)| *power >= 2) {
        let (one, many) = SCALES.get(power).copied().unwrap_or_default();
        parts.push(if group == 1 {
            format!("eine {one}")
        } else {
            format!("{} {many}", below_thousand(group))
        });
    }
    let rest = number % 1_000_000;
    let (high, low) = (rest / 1000, rest % 1000);
    let high = match high {
        0 => String::new(),
        1 => "tausend".to_owned(),
        _ => format!("{}tausend", below_thousand(high)),
    };
    parts.push(format!("{high}{}", ending_one(below_thousand(low), rest_of(number), form)));
    words(parts.iter().map(String::as_str))
}

/// Returns the words for an ordinal with its ending: "dritte", "dritten", "dritter".
pub(crate) fn ordinal(number: u64, ending: &str) -> String {
    let last = number % 100;
    let stem = if (1..20).contains(&last) {
        let known = ORDINALS.iter().find(|(n, _)| *n == last).map(|(_, stem)| (*stem).to_owned());
        let stem = known.unwrap_or_else(|| format!("{}t", word(&ONES, last)));
        let head =
            if number > 100 { cardinal(number - last, Form::Masculine) } else { String::new() };
        format!("{head}{stem}")
    } else {
        format!("{}st", cardinal(number, Form::Masculine))
    };
    format!("{stem}{ending}")
}

/// Returns the words for a year: "neunzehnhundertneunzig", "zweitausendsechsundzwanzig".
pub(crate) fn year(year: u64) -> String {
    if !(1100..2000).contains(&year) {
        return cardinal(year, Form::Alone);
    }
    let rest = year % 100;
    format!(
        "{}hundert{}",
        word(&ONES, year / 100),
        ending_one(below_hundred(rest), rest, Form::Alone)
    )
}
