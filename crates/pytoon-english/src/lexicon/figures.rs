//! Pronounces numbers written in digits: `1984`, `3.5`, `21st`, `1,000`, amounts of money. Text normalisation usually
//! converts such tokens to words; this module pronounces the remaining ones.

use super::number_words::{cardinal, ordinal, year};
use super::{Lexicon, Request};
use crate::stress::Stress;
use crate::text::all_digits;

const ORDINAL_ENDINGS: [&str; 4] = ["st", "nd", "rd", "th"];
const ENDINGS: [&str; 9] = ["ing", "'d", "ed", "'s", "st", "nd", "rd", "th", "s"];

/// A currency whose amounts the lexicon can pronounce: dollar, pound or euro.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Currency {
    Dollar,
    Pound,
    Euro,
}

impl Currency {
    /// Returns the currency that a sign stands for, or `None` for a sign other than `$`, `£` and `€`.
    pub(crate) fn from_sign(sign: &str) -> Option<Self> {
        match sign {
            "$" => Some(Self::Dollar),
            "£" => Some(Self::Pound),
            "€" => Some(Self::Euro),
            _ => None,
        }
    }

    fn units(self) -> [&'static str; 2] {
        match self {
            Self::Dollar => ["dollar", "cent"],
            Self::Pound => ["pound", "pence"],
            Self::Euro => ["euro", "cent"],
        }
    }
}

/// A part of a spoken number.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Word(String),
    /// A zero that is spoken as "oh" in a three-digit number.
    LetterO,
    /// A currency unit in the plural.
    Units(&'static str),
}

impl From<&str> for Part {
    fn from(word: &str) -> Self {
        Self::Word(word.to_owned())
    }
}

/// Returns true if the text is a number, with or without an ending such as `th` or `'s`. A minus sign is accepted if
/// `is_head`, that is, at the start of a token.
pub(super) fn is_number(text: &str, is_head: bool) -> bool {
    let figures = ENDINGS.iter().find_map(|ending| text.strip_suffix(ending)).unwrap_or(text);
    let figures = match figures.strip_prefix('-') {
        Some(unsigned) if is_head => unsigned,
        Some(_) | None => figures,
    };
    text.contains(|c: char| c.is_ascii_digit())
        && figures.chars().all(|c| c.is_ascii_digit() || matches!(c, ',' | '.'))
}

impl Lexicon {
    /// Returns the phonemes of a number with its ending and its currency, or `None` if no part of it can be
    /// pronounced.
    pub(crate) fn number(
        &self,
        text: &str,
        currency: Option<Currency>,
        is_head: bool,
    ) -> Option<String> {
        let figures = text.trim_end_matches(|c: char| c.is_ascii_lowercase() || c == '\'');
        let ending = text.strip_prefix(figures).unwrap_or_default();
        let parts = parts(figures, ending, currency, is_head);
        let said: Vec<String> = parts.iter().filter_map(|part| self.read_part(part)).collect();
        if said.is_empty() {
            return None;
        }
        let said = said.join(" ");
        match ending {
            "s" | "'s" => self.with_s(&said),
            "ed" | "'d" => self.with_ed(&said),
            "ing" => self.with_ing(&said),
            _ => Some(said),
        }
    }

    /// Returns the phonemes followed by the currency's unit in the plural ("million dollars"), or unchanged if there
    /// is no currency.
    pub(super) fn with_currency(&self, phonemes: String, currency: Option<Currency>) -> String {
        let unit = currency.map(|currency| currency.units()).and_then(|[unit, _]| self.units(unit));
        match unit {
            Some(unit) => format!("{phonemes} {unit}"),
            None => phonemes,
        }
    }

    fn read_part(&self, part: &Part) -> Option<String> {
        match part {
            Part::Word(word) => {
                let stress = (word == "point").then_some(Stress::Remove);
                self.entry(word, Request::PLAIN.with_stress(stress))
            }
            Part::LetterO => self.entry("O", Request::PLAIN.with_stress(Some(Stress::Remove))),
            Part::Units(unit) => self.units(unit),
        }
    }

    fn units(&self, unit: &str) -> Option<String> {
        self.stem_s(&format!("{unit}s"), Request::PLAIN)
    }
}

/// Returns the parts of a number in spoken order.
fn parts(figures: &str, ending: &str, currency: Option<Currency>, is_head: bool) -> Vec<Part> {
    let (mut parts, figures) = match figures.strip_prefix('-') {
        Some(figures) => (vec![Part::from("minus")], figures),
        None => (Vec::new(), figures),
    };
    let plain = all_digits(figures);
    let dots = figures.matches('.').count();
    let digits = figures.replace(',', "");
    let is_ordinal = ORDINAL_ENDINGS.contains(&ending);
    let is_year = parts.is_empty() && plain && figures.len() == 4 && currency.is_none();
    let amount = currency.filter(|_| has_cents_or_none(figures));
    parts.extend(match (amount, dots) {
        _ if plain && is_ordinal => ordinal_or_digits(&digits),
        _ if is_year => number_value(figures).and_then(year).map_or_else(Vec::new, words),
        (_, 0) if !is_head => code(&digits),
        _ if dots > 1 || !is_head => digits.split('.').flat_map(section).collect(),
        (Some(currency), _) => money(&digits, currency),
        (None, 0) if is_ordinal => ordinal_or_digits(&digits),
        (None, _) => decimal(&digits),
    });
    parts
}

fn words(words: Vec<&'static str>) -> Vec<Part> {
    words.into_iter().map(Part::from).collect()
}

fn number_value(digits: &str) -> Option<u128> {
    digits.parse().ok()
}

/// Returns the words for a number. A number that is too large to have a name is spelled digit by digit.
fn value(digits: &str) -> Vec<Part> {
    match number_value(digits).and_then(cardinal) {
        Some(named) => words(named),
        None => each_digit(digits),
    }
}

fn each_digit(digits: &str) -> Vec<Part> {
    let digit = |c: char| c.to_digit(10).and_then(|digit| cardinal(digit.into()));
    digits.chars().filter_map(digit).flat_map(words).collect()
}

fn ordinal_or_digits(digits: &str) -> Vec<Part> {
    match number_value(digits).and_then(ordinal) {
        Some(named) => named.into_iter().map(Part::Word).collect(),
        None => each_digit(digits),
    }
}

/// Returns the words for a number inside a token, such as `A380` ("three eighty"). A number with a leading zero or
/// more than three digits is spelled digit by digit.
fn code(digits: &str) -> Vec<Part> {
    match digits.as_bytes() {
        [b'0', ..] | [_, _, _, _, ..] => each_digit(digits),
        [_, b'0', b'0'] => value(digits),
        [_, b'0', _] => {
            let (first, last) = (digits.get(..1), digits.get(2..));
            let mut parts = value(first.unwrap_or_default());
            parts.push(Part::LetterO);
            parts.extend(value(last.unwrap_or_default()));
            parts
        }
        [_, _, _] => {
            let (first, rest) = (digits.get(..1), digits.get(1..));
            let mut parts = value(first.unwrap_or_default());
            parts.extend(value(rest.unwrap_or_default()));
            parts
        }
        [] => Vec::new(),
        [_] | [_, _] => value(digits),
    }
}

/// Returns the words for one section of a dotted number such as `10.0.0.1`. One or two digits, or a digit followed by
/// zeros, are spoken as a number, unless the first digit is 0. Other sections are spoken digit by digit.
fn section(digits: &str) -> Vec<Part> {
    let one_by_one = match digits.as_bytes() {
        [] => return Vec::new(),
        [b'0', ..] => true,
        [_, rest @ ..] => digits.len() != 2 && rest.iter().any(|&digit| digit != b'0'),
    };
    if one_by_one { each_digit(digits) } else { value(digits) }
}

/// Returns true if an amount has no decimal point, or one with at most two digits after it.
fn has_cents_or_none(figures: &str) -> bool {
    match figures.split_once('.') {
        None => true,
        Some((_, cents)) => !cents.contains('.') && cents.len() < 3,
    }
}

fn money(digits: &str, currency: Currency) -> Vec<Part> {
    let is_zero = |digits: &str| digits.bytes().all(|digit| digit == b'0');
    let [unit, cent] = currency.units();
    let sums: Vec<_> = match digits.split_once('.') {
        None => vec![(digits, unit)],
        Some((whole, cents)) if is_zero(cents) => vec![(whole, unit)],
        Some((whole, cents)) if is_zero(whole) => vec![(cents, cent)],
        Some((whole, cents)) => vec![(whole, unit), (cents, cent)],
    };
    let mut parts = Vec::new();
    for (digits, unit) in sums {
        parts.extend((!parts.is_empty()).then(|| Part::from("and")));
        parts.extend(value(if digits.is_empty() { "0" } else { digits }));
        let single = number_value(digits) == Some(1) || unit == "pence";
        parts.push(if single { unit.into() } else { Part::Units(unit) });
    }
    parts
}

/// Returns the words for a number with or without a decimal point. Zeros at the end of the fraction are silent if
/// digits precede the point.
fn decimal(digits: &str) -> Vec<Part> {
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let (mut parts, fraction) = match whole {
        "" => (Vec::new(), fraction),
        whole => (value(whole), fraction.trim_end_matches('0')),
    };
    if !fraction.is_empty() {
        parts.push("point".into());
        parts.extend(each_digit(fraction));
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spoken_form(
        figures: &str,
        ending: &str,
        currency: Option<Currency>,
        is_head: bool,
    ) -> String {
        let text = |part: Part| match part {
            Part::Word(word) => word,
            Part::LetterO => "O".to_owned(),
            Part::Units(unit) => format!("{unit}s"),
        };
        let parts = parts(figures, ending, currency, is_head);
        parts.into_iter().map(text).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn numbers_at_the_start_of_a_token() {
        for (figures, ending, expected) in [
            ("5", "", "five"),
            ("-5", "", "minus five"),
            ("1984", "", "nineteen eighty four"),
            ("-1984", "", "minus one thousand nine hundred eighty four"),
            ("1,984", "", "one thousand nine hundred eighty four"),
            ("21", "st", "twenty first"),
            ("1,000", "th", "one thousandth"),
            ("3.140", "", "three point one four"),
            ("3.0", "", "three"),
            (".50", "", "point five zero"),
            ("10.0.20.255", "", "ten zero twenty two five five"),
            ("1990", "s", "nineteen ninety"),
            ("", "", ""),
        ] {
            assert_eq!(spoken_form(figures, ending, None, true), expected, "{figures}");
        }
        assert_eq!(spoken_form(&"9".repeat(40), "", None, true), ["nine"; 40].join(" "));
    }

    #[test]
    fn numbers_inside_a_token() {
        for (figures, expected) in [
            ("7", "seven"),
            ("07", "zero seven"),
            ("38", "thirty eight"),
            ("380", "three eighty"),
            ("500", "five hundred"),
            ("505", "five O five"),
            ("1984", "nineteen eighty four"),
            ("12345", "one two three four five"),
            ("1.25", "one twenty five"),
        ] {
            assert_eq!(spoken_form(figures, "", None, false), expected, "{figures}");
        }
    }

    #[test]
    fn money_is_read_with_its_units() {
        for (figures, currency, expected) in [
            ("1", Currency::Dollar, "one dollar"),
            ("3.50", Currency::Dollar, "three dollars and fifty cents"),
            ("0.01", Currency::Euro, "one cent"),
            ("5.00", Currency::Pound, "five pounds"),
            (".99", Currency::Pound, "ninety nine pence"),
            ("1.234", Currency::Dollar, "one point two three four"),
            ("2000", Currency::Dollar, "two thousand dollars"),
        ] {
            assert_eq!(spoken_form(figures, "", Some(currency), true), expected, "{figures}");
        }
    }

    #[test]
    fn numbers_are_distinguished_from_words() {
        for (text, is_head, expected) in [
            ("5", true, true),
            ("5th", false, true),
            ("-5", true, true),
            ("-5", false, false),
            ("5's", true, true),
            ("5x", true, false),
            ("th", true, false),
            ("1,000.5", true, true),
        ] {
            assert_eq!(is_number(text, is_head), expected, "{text}");
        }
    }
}
