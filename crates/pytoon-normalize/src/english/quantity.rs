//! Amounts: numbers with an optional sign, fraction or range, before a counted noun.

use super::fractions;
use crate::numbers::english::{self, Dialect, NOTATION, number};
use crate::numbers::{Numeral, scan, take_digits};
use crate::symbols::superscript;

/// Signs that may precede a number.
const PREFIXES: &[(char, &str)] = &[
    ('~', "about"),
    ('≈', "about"),
    ('±', "plus or minus"),
    ('+', "plus"),
    ('-', "minus"),
    ('<', "less than"),
    ('>', "more than"),
    ('≤', "at most"),
    ('≥', "at least"),
];

/// An amount and the text after it.
pub(super) struct Quantity<'a> {
    pub(super) spoken: String,
    /// True if the counted noun must be singular.
    pub(super) is_one: bool,
    /// The number, if the amount is one number without a sign.
    pub(super) numeral: Option<Numeral>,
    /// Both ends, if the amount is a range of two numbers without fractions or exponents.
    pub(super) range: Option<(Numeral, Numeral)>,
    pub(super) rest: &'a str,
}

struct Value<'a> {
    spoken: String,
    is_one: bool,
    numeral: Option<Numeral>,
    rest: &'a str,
}

/// Expands the amount at the beginning of a text: a number, a mixed fraction or a range, with or without a sign. The
/// result contains the text after the amount.
pub(super) fn quantity(text: &str, dialect: Dialect) -> Option<Quantity<'_>> {
    let (sign, rest) = prefixes(text);
    let first = value(rest, dialect)?;
    let after_dash = first.rest.strip_prefix(['-', '–', '—']);
    let second = after_dash
        .map(|after| after.strip_prefix(['~', '+']).unwrap_or(after))
        .filter(|after| {
            after.starts_with(|c: char| c.is_ascii_digit() || fractions::vulgar(c).is_some())
        })
        .and_then(|after| value(after, dialect));
    if let Some(second) = second {
        let is_mixed = second.numeral.is_none()
            && second.is_one
            && first.numeral.as_ref().is_some_and(Numeral::is_plain);
        if is_mixed {
            let spoken = format!("{sign}{} and {}", first.spoken, second.spoken);
            return Some(Quantity {
                spoken,
                is_one: false,
                numeral: None,
                range: None,
                rest: second.rest,
            });
        }
        let spoken = format!("{sign}{} to {}", first.spoken, second.spoken);
        let range = first.numeral.zip(second.numeral);
        return Some(Quantity { spoken, is_one: false, numeral: None, range, rest: second.rest });
    }
    let numeral = first.numeral.filter(|_| sign.is_empty());
    let spoken = format!("{sign}{}", first.spoken);
    Some(Quantity { spoken, is_one: first.is_one, numeral, range: None, rest: first.rest })
}

fn prefixes(text: &str) -> (String, &str) {
    let mut spoken = String::new();
    let mut rest = text;
    for _ in 0..2 {
        let Some((sign, word)) = PREFIXES.iter().find(|(sign, _)| rest.starts_with(*sign)) else {
            break;
        };
        spoken.push_str(word);
        spoken.push(' ');
        rest = &rest[sign.len_utf8()..];
    }
    (spoken, rest)
}

fn value(text: &str, dialect: Dialect) -> Option<Value<'_>> {
    if let Some((c, (top, bottom))) =
        text.chars().next().and_then(|c| Some((c, fractions::vulgar(c)?)))
    {
        let spoken = fractions::fraction(top, bottom);
        return Some(Value { spoken, is_one: true, numeral: None, rest: &text[c.len_utf8()..] });
    }
    let (numeral, rest) = scan(text, NOTATION)?;
    if let Some(c) = rest.chars().next() {
        let after = &rest[c.len_utf8()..];
        if let Some((top, bottom)) = fractions::vulgar(c) {
            let spoken =
                format!("{} {}", number(&numeral, dialect), fractions::and_fraction(top, bottom));
            return Some(Value { spoken, is_one: false, numeral: None, rest: after });
        }
        if let Some((spoken, rest)) = power(&numeral, rest, dialect) {
            return Some(Value { spoken, is_one: false, numeral: None, rest });
        }
        if c == '/' && numeral.is_plain() {
            let (bottom, after) = take_digits(after);
            if let Some(spoken) =
                fractions::proper(&numeral.whole, bottom).filter(|_| !after.starts_with('/'))
            {
                return Some(Value { spoken, is_one: true, numeral: None, rest: after });
            }
        }
    }
    Some(Value {
        spoken: number(&numeral, dialect),
        is_one: numeral.is_one(),
        numeral: Some(numeral),
        rest,
    })
}

/// Expands a number with an exponent: "ten squared".
fn power<'a>(numeral: &Numeral, rest: &'a str, dialect: Dialect) -> Option<(String, &'a str)> {
    let (power, rest) = exponent(rest);
    Some((format!("{} {}", number(numeral, dialect), power?), rest))
}

/// Expands the superscripts at the beginning of a text. Returns their words, or `None` if there are none, and the
/// text after them.
pub(super) fn exponent(text: &str) -> (Option<String>, &str) {
    let end = text.find(|c| superscript(c).is_none()).unwrap_or(text.len());
    let digits: String = text[..end].chars().filter_map(superscript).collect();
    if digits.is_empty() || digits.len() > 4 {
        return (None, text);
    }
    (Some(exponent_words(&digits)), &text[end..])
}

/// Returns the words for an exponent: "squared", "cubed", "to the power of minus six".
fn exponent_words(exponent: &str) -> String {
    match exponent {
        "2" => "squared".to_owned(),
        "3" => "cubed".to_owned(),
        _ => {
            let (sign, digits) = match exponent.strip_prefix('-') {
                Some(rest) => ("minus ", rest),
                None => ("", exponent),
            };
            let value = digits.parse().unwrap_or(0);
            format!("to the power of {sign}{}", english::cardinal(value, Dialect::American))
        }
    }
}
