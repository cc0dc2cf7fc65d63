//! Parses written numbers, and defines number words in five languages.
//!
//! Guarantees: parsing time grows linearly with the text; the words for one number are bounded, regardless of its
//! length. The callers decide what a number means (a year, a price, a telephone number).

pub(crate) mod english;
pub(crate) mod french;
pub(crate) mod german;
pub(crate) mod portuguese;
pub(crate) mod spanish;

/// Maximum number of digits that are spoken one by one, so that a hostile number cannot expand without bound.
pub(crate) const MAX_DIGITS: usize = 48;
/// Maximum number of digits in a cardinal. Longer numbers are spoken digit by digit.
pub(crate) const MAX_CARDINAL: usize = 15;

/// The grammatical form of a number, which agrees with its noun.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// The number has no noun.
    Alone,
    /// The number agrees with a masculine or neuter noun.
    Masculine,
    /// The number agrees with a feminine noun.
    Feminine,
}

/// The notation for numbers in a language.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Notation {
    /// The mark between groups of three digits.
    pub(crate) group: char,
    /// The mark before decimals.
    pub(crate) decimal: char,
}

/// A number without its sign.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Numeral {
    /// The digits before the decimal mark, without group marks.
    pub(crate) whole: String,
    /// The digits after the decimal mark.
    pub(crate) fraction: String,
    /// True if the number was written with group marks.
    pub(crate) is_grouped: bool,
}

impl Numeral {
    /// Returns the whole part, unless it is too long for a cardinal.
    pub(crate) fn value(&self) -> Option<u64> {
        if self.whole.len() > MAX_CARDINAL { None } else { self.whole.parse().ok() }
    }

    /// Returns true for a number without decimals or group marks.
    pub(crate) fn is_plain(&self) -> bool {
        self.fraction.is_empty() && !self.is_grouped
    }

    /// Returns true if the number is exactly 1.
    pub(crate) fn is_one(&self) -> bool {
        self.whole == "1" && self.fraction.is_empty()
    }
}

/// Parses the number at the beginning of a text. Returns it with the remaining text.
pub(crate) fn scan(text: &str, notation: Notation) -> Option<(Numeral, &str)> {
    let (digits, mut rest) = take_digits(text);
    let mut whole = digits.to_owned();
    let mut is_grouped = false;
    if digits.is_empty() && !rest.starts_with(notation.decimal) {
        return None;
    }
    if !digits.is_empty()
        && digits.len() <= 3
        && let Some((groups, after)) = groups(rest, notation.group)
    {
        whole.push_str(&groups);
        rest = after;
        is_grouped = true;
    }
    let mut fraction = String::new();
    if let Some(after) = rest.strip_prefix(notation.decimal) {
        let (decimals, end) = take_digits(after);
        if !decimals.is_empty() {
            decimals.clone_into(&mut fraction);
            rest = end;
        }
    }
    if whole.is_empty() {
        if fraction.is_empty() {
            return None;
        }
        whole.push('0');
    }
    Some((Numeral { whole, fraction, is_grouped }, rest))
}

/// Splits the ASCII digits from the beginning of a text.
pub(crate) fn take_digits(text: &str) -> (&str, &str) {
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    text.split_at(end)
}

/// Parses groups of three digits, each after its mark. Also accepts Indian groups of two.
fn groups(text: &str, mark: char) -> Option<(String, &str)> {
    let mut out = String::new();
    let mut rest = text;
    let mut last = 0;
    while let Some(after) = rest.strip_prefix(mark) {
        let (digits, end) = take_digits(after);
        let is_group = digits.len() == 3 || (digits.len() == 2 && end.starts_with(mark));
        if !is_group {
            break;
        }
        last = digits.len();
        out.push_str(digits);
        rest = end;
    }
    (last == 3).then_some((out, rest))
}

/// Returns true for a non-empty text of ASCII digits.
pub(crate) fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())
}

/// Returns the words for digits one by one, from a language's ten digit words.
pub(crate) fn digit_words(digits: &str, words: &[&str; 10]) -> String {
    let spoken: Vec<&str> = digits
        .chars()
        .filter_map(|c| c.to_digit(10))
        .take(MAX_DIGITS)
        .filter_map(|digit| words.get(digit as usize).copied())
        .collect();
    spoken.join(" ")
}

/// Splits a number below 10¹⁵ into groups of three digits, the highest first, each with its power of a thousand.
/// Omits zero groups.
pub(crate) fn thousands(number: u64) -> Vec<(u64, usize)> {
    let mut out = Vec::new();
    let mut rest = number;
    let mut power = 0;
    while rest > 0 {
        if !rest.is_multiple_of(1000) {
            out.push((rest % 1000, power));
        }
        rest /= 1000;
        power += 1;
    }
    out.reverse();
    out
}

/// Joins the non-empty words with spaces.
pub(crate) fn words<'a>(parts: impl IntoIterator<Item = &'a str>) -> String {
    parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ")
}

/// Divides the words of a text evenly among `count` tokens, in order.
pub(crate) fn share(text: &str, count: usize) -> Vec<String> {
    let words: Vec<&str> = text.split_whitespace().collect();
    let per_token = words.len().div_ceil(count.max(1)).max(1);
    let mut shares: Vec<String> = words.chunks(per_token).map(|chunk| chunk.join(" ")).collect();
    shares.resize(count, String::new());
    shares
}
