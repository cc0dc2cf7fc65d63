//! Detects prefixes and suffixes of a chunk of text: punctuation, quotes, currencies, units, `'s`.

use crate::text::{is_latin_lower, is_latin_upper};

const QUOTES: &str = "'\"”“`‘´’‚,„»«「」『』（）〔〕【】《》〈〉";
const PUNCTUATION: &str = "…,:;!?¿¡()[]{}<>_#*&。？！，、；：～·";
const ICONS: &str = "™®©°§¶†‡•";
const CURRENCIES: &[&str] = &[
    "$", "£", "€", "¥", "฿", "US$", "C$", "A$", "₽", "₹", "₩", "₪", "₺", "₴", "₦", "₫", "₱", "₲",
    "₵", "₸", "₼", "₾", "₿",
];
const UNITS: &[&str] = &[
    "km", "km²", "km³", "m", "m²", "m³", "dm", "dm²", "dm³", "cm", "cm²", "cm³", "mm", "mm²",
    "mm³", "ha", "µm", "nm", "yd", "in", "ft", "kg", "g", "mg", "µg", "t", "lb", "oz", "m/s",
    "km/h", "kmh", "mph", "hPa", "Pa", "mbar", "mb", "MB", "kb", "KB", "gb", "GB", "tb", "TB", "T",
    "G", "M", "K", "%",
];
const POSSESSIVES: &[&str] = &["'s", "'S", "’s", "’S"];

pub(super) fn is_quote(c: char) -> bool {
    QUOTES.contains(c)
}

pub(super) fn is_icon(c: char) -> bool {
    ICONS.contains(c)
}

fn is_punctuation(c: char) -> bool {
    PUNCTUATION.contains(c)
}

fn is_dash(c: char) -> bool {
    matches!(c, '—' | '–')
}

/// Returns the number of dots at the start. The tokenizer treats two or more dots as one sign.
pub(super) fn leading_dots(chars: &[char]) -> usize {
    chars.iter().take_while(|&&c| c == '.').count()
}

/// Returns the number of characters in the prefix at the start of the chunk, or 0 if it has none.
pub(super) fn prefix_len(chunk: &[char]) -> usize {
    let dots = leading_dots(chunk);
    match chunk {
        ['+', next, ..] if next.is_ascii_digit() => 0,
        ['.', ..] if dots < 2 => 0,
        ['.', ..] => dots,
        ['+' | '§' | '%' | '=', ..] => 1,
        [first, ..] if is_dash(*first) || is_punctuation(*first) || is_quote(*first) => 1,
        [first, ..] => {
            let currency = CURRENCIES.iter().find(|sign| starts_with(chunk, sign));
            currency.map_or(usize::from(is_icon(*first)), |sign| sign.chars().count())
        }
        [] => 0,
    }
}

/// Returns the number of characters in the longest suffix at the end of the chunk, or 0 if it has none.
pub(super) fn suffix_len(chunk: &[char]) -> usize {
    let dots = chunk.iter().rev().take_while(|&&c| c == '.').count();
    let run = if dots > 1 { dots } else { 0 };
    let ellipses = if ends_with(chunk, "……") { 2 } else { 0 };
    let one = usize::from(ends_with_sign(chunk));
    let possessive = longest(POSSESSIVES, |text| ends_with(chunk, text));
    let after_digit = |text: &str| ends_with(chunk, text) && digit_before(chunk, text);
    let unit = longest(CURRENCIES, after_digit).max(longest(UNITS, after_digit));
    run.max(ellipses).max(one).max(possessive).max(unit)
}

/// Returns true if the last character alone is a suffix.
fn ends_with_sign(chunk: &[char]) -> bool {
    match chunk {
        [.., '°', 'F' | 'f' | 'C' | 'c' | 'K' | 'k', '.'] => true,
        [.., a, b, '.'] if is_latin_upper(*a) && is_latin_upper(*b) => true,
        [.., before, '.'] => ends_sentence(*before),
        [.., before, '+'] => before.is_ascii_digit(),
        [.., last] => is_punctuation(*last) || is_quote(*last) || is_icon(*last) || is_dash(*last),
        [] => false,
    }
}

/// Returns true if a full stop after this character is a separate token.
fn ends_sentence(before: char) -> bool {
    before.is_ascii_digit()
        || is_latin_lower(before)
        || matches!(before, '%' | '²' | '-' | '+')
        || is_punctuation(before)
        || is_quote(before)
}

fn longest(texts: &[&str], fits: impl Fn(&str) -> bool) -> usize {
    texts.iter().filter(|text| fits(text)).map(|text| text.chars().count()).max().unwrap_or(0)
}

fn starts_with(chunk: &[char], text: &str) -> bool {
    let mut chars = chunk.iter();
    text.chars().all(|c| chars.next() == Some(&c))
}

fn ends_with(chunk: &[char], text: &str) -> bool {
    let mut chars = chunk.iter().rev();
    text.chars().rev().all(|c| chars.next() == Some(&c))
}

fn digit_before(chunk: &[char], text: &str) -> bool {
    chunk.iter().rev().nth(text.chars().count()).is_some_and(char::is_ascii_digit)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chars(text: &str) -> Vec<char> {
        text.chars().collect()
    }

    #[test]
    fn prefixes() {
        for (chunk, length) in [
            ("", 0),
            ("word", 0),
            ("(word", 1),
            ("...word", 3),
            (".word", 0),
            ("+word", 1),
            ("+3", 0),
            ("+", 1),
            ("US$5", 3),
            ("A$", 2),
            ("As", 0),
            ("™x", 1),
            ("–x", 1),
            ("-x", 0),
        ] {
            assert_eq!(prefix_len(&chars(chunk)), length, "{chunk}");
        }
    }

    #[test]
    fn suffixes() {
        for (chunk, length) in [
            ("", 0),
            ("word", 0),
            ("word.", 1),
            ("Word).", 1),
            ("word...", 3),
            ("A.", 0),
            ("AB.", 1),
            ("20°C.", 1),
            ("dog's", 2),
            ("DOG’S", 2),
            ("5+", 1),
            ("C+", 0),
            ("10km/h", 4),
            ("10km²", 3),
            ("xkm", 0),
            ("5US$", 3),
            ("5%", 1),
            ("x%", 0),
            ("a……", 2),
            (".", 0),
        ] {
            assert_eq!(suffix_len(&chars(chunk)), length, "{chunk}");
        }
    }
}
