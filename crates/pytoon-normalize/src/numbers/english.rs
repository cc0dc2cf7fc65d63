//! English number words.
//!
//! Guarantees: the output has only words and no digits; British readings have "and" before tens and units.

use super::{MAX_CARDINAL, Notation, Numeral, digit_words, is_digits, thousands, words};

pub(crate) const NOTATION: Notation = Notation { group: ',', decimal: '.' };

const DIGITS: [&str; 10] =
    ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"];
const TEENS: [&str; 10] = [
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
];
const TENS: [&str; 10] =
    ["", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"];
const SCALES: [&str; 5] = ["", "thousand", "million", "billion", "trillion"];
/// Cardinals whose ordinal is irregular, that is, not the cardinal with "th".
const ORDINALS: &[(&str, &str)] = &[
    ("one", "first"),
    ("two", "second"),
    ("three", "third"),
    ("five", "fifth"),
    ("eight", "eighth"),
    ("nine", "ninth"),
    ("twelve", "twelfth"),
];

/// The dialect of English, which decides the form of numbers and dates.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Dialect {
    American,
    British,
}

impl Dialect {
    /// Returns the dialect for the region of a language tag. Other regions, and tags without a region, are
    /// American.
    pub(crate) fn of(language: &str) -> Self {
        // A script may stand between language and region: `en-Latn-GB`.
        let mut regions = language.split(['-', '_']).skip(1).filter(|part| part.len() == 2);
        match regions.next().unwrap_or_default().to_ascii_uppercase().as_str() {
            "GB" | "UK" | "AU" | "NZ" | "IE" | "IN" | "ZA" => Self::British,
            _ => Self::American,
        }
    }
}

fn word(table: &'static [&'static str], index: u64) -> &'static str {
    usize::try_from(index).ok().and_then(|index| table.get(index)).copied().unwrap_or_default()
}

fn below_hundred(number: u64) -> String {
    match number {
        0 => String::new(),
        1..=9 => word(&DIGITS, number).to_owned(),
        10..=19 => word(&TEENS, number - 10).to_owned(),
        _ => words([
            word(&TENS, number / 10),
            if number.is_multiple_of(10) { "" } else { word(&DIGITS, number % 10) },
        ]),
    }
}

fn below_thousand(number: u64, dialect: Dialect) -> String {
    let (hundreds, rest) = (number / 100, number % 100);
    if hundreds == 0 {
        return below_hundred(rest);
    }
    let and = if rest > 0 && dialect == Dialect::British { "and" } else { "" };
    words([word(&DIGITS, hundreds), "hundred", and, &below_hundred(rest)])
}

/// Returns the words for a cardinal below 10¹⁵.
pub(crate) fn cardinal(number: u64, dialect: Dialect) -> String {
    if number == 0 {
        return "zero".to_owned();
    }
    let mut parts = Vec::new();
    for (group, power) in thousands(number) {
        if power == 0 && group < 100 && number > 999 && dialect == Dialect::British {
            parts.push("and".to_owned());
        }
        parts.push(below_thousand(group, dialect));
        parts.push(word(&SCALES, power as u64).to_owned());
    }
    words(parts.iter().map(String::as_str))
}

/// Returns the words for an ordinal below 10¹⁵.
pub(crate) fn ordinal(number: u64, dialect: Dialect) -> String {
    to_ordinal(&cardinal(number, dialect))
}

/// Converts the last word of a cardinal to an ordinal.
pub(crate) fn to_ordinal(cardinal: &str) -> String {
    let (head, last) = cardinal.rsplit_once(' ').unwrap_or(("", cardinal));
    let irregular =
        ORDINALS.iter().find(|(word, _)| *word == last).map(|(_, form)| (*form).to_owned());
    let last = irregular.unwrap_or_else(|| match last.strip_suffix('y') {
        Some(stem) => format!("{stem}ieth"),
        None => format!("{last}th"),
    });
    words([head, &last])
}

/// Returns the words for digits, one by one.
pub(crate) fn digits(text: &str) -> String {
    digit_words(text, &DIGITS)
}

/// Returns the words for a number: the cardinal, then "point" and the decimals one by one. A whole part with a
/// leading zero, or a very long one, is spoken digit by digit.
pub(crate) fn number(numeral: &Numeral, dialect: Dialect) -> String {
    let has_leading_zero = numeral.whole.len() > 1 && numeral.whole.starts_with('0');
    let too_long = numeral.is_plain() && numeral.whole.len() > 9;
    let whole = match numeral.value() {
        Some(value) if !has_leading_zero && !too_long => cardinal(value, dialect),
        _ => digits(&numeral.whole),
    };
    if numeral.fraction.is_empty() {
        return whole;
    }
    words([&whole, "point", &digits(&numeral.fraction)])
}

/// Returns the words for a year: "nineteen oh five", "two thousand five", "twenty twenty six".
pub(crate) fn year(year: u64, dialect: Dialect) -> String {
    let (century, rest) = (year / 100, year % 100);
    if !(1000..=9999).contains(&year) || century % 10 == 0 && rest < 10 {
        return cardinal(year, dialect);
    }
    match rest {
        0 => words([&below_hundred(century), "hundred"]),
        1..=9 => words([&below_hundred(century), "oh", word(&DIGITS, rest)]),
        _ => format!("{} {}", below_hundred(century), below_hundred(rest)),
    }
}

/// Returns the words for the number of a house, a room or a model: "two twenty one", "one oh one", "forty ninety".
pub(crate) fn label(text: &str) -> String {
    let value: Option<u64> = if text.len() <= MAX_CARDINAL { text.parse().ok() } else { None };
    match (value, text.len()) {
        _ if !is_digits(text) || text.starts_with('0') => digits(text),
        (Some(value), 1 | 2) => cardinal(value, Dialect::American),
        (Some(value), 3) => match (value / 100, value % 100) {
            (_, 0) => cardinal(value, Dialect::American),
            (hundreds, 1..=9) => words([word(&DIGITS, hundreds), "oh", word(&DIGITS, value % 10)]),
            (hundreds, rest) => words([word(&DIGITS, hundreds), &below_hundred(rest)]),
        },
        (Some(value), 4) if value % 1000 == 0 => cardinal(value, Dialect::American),
        (Some(value), 4) => {
            let (head, rest) = (below_hundred(value / 100), value % 100);
            match rest {
                0 => words([&head, "hundred"]),
                1..=9 => words([&head, "oh", word(&DIGITS, rest)]),
                _ => format!("{head} {}", below_hundred(rest)),
            }
        }
        _ => digits(text),
    }
}

/// Returns the plural of a number word: "hundreds" for "hundred", "twenties" for "twenty", "sixes" for "six".
pub(crate) fn plural(text: &str) -> String {
    match text.strip_suffix('y') {
        Some(stem) => format!("{stem}ies"),
        None if text.ends_with('x') => format!("{text}es"),
        None => format!("{text}s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cardinals_and_ordinals() {
        for (number, american, british, nth) in [
            (0, "zero", "zero", "zeroth"),
            (21, "twenty one", "twenty one", "twenty first"),
            (103, "one hundred three", "one hundred and three", "one hundred third"),
            (1_005, "one thousand five", "one thousand and five", "one thousand fifth"),
            (2_000_000, "two million", "two million", "two millionth"),
            (
                12_340,
                "twelve thousand three hundred forty",
                "twelve thousand three hundred and forty",
                "twelve thousand three hundred fortieth",
            ),
        ] {
            assert_eq!(cardinal(number, Dialect::American), american);
            assert_eq!(cardinal(number, Dialect::British), british);
            assert_eq!(ordinal(number, Dialect::American), nth);
        }
    }

    #[test]
    fn the_region_decides_the_dialect() {
        for (language, dialect) in [
            ("en", Dialect::American),
            ("en-US", Dialect::American),
            ("en_GB", Dialect::British),
            ("en-Latn-GB", Dialect::British),
        ] {
            assert_eq!(Dialect::of(language), dialect, "{language}");
        }
    }

    #[test]
    fn years_and_labels() {
        for (number, expected) in [
            (1905, "nineteen oh five"),
            (2005, "two thousand five"),
            (2026, "twenty twenty six"),
            (1600, "sixteen hundred"),
            (2000, "two thousand"),
            (1000, "one thousand"),
        ] {
            assert_eq!(year(number, Dialect::American), expected);
        }
        for (text, expected) in [
            ("221", "two twenty one"),
            ("101", "one oh one"),
            ("4090", "forty ninety"),
            ("007", "zero zero seven"),
            ("3000", "three thousand"),
        ] {
            assert_eq!(label(text), expected);
        }
    }
}
