//! Classifies characters and changes case as the lexicons' keys and the tagger's features require.
//!
//! Only ASCII digits are decimal digits here, except in [`is_digit_like`]. Digits of other scripts are not
//! letters either, except in [`is_word_letter`] and [`is_word`].

/// Returns true for white space, including the four ASCII separators.
pub(crate) fn is_space(c: char) -> bool {
    c.is_whitespace() || matches!(c, '\u{1c}'..='\u{1f}')
}

/// Returns true for a letter of any script.
pub(crate) fn is_letter(c: char) -> bool {
    c.is_alphabetic() && !c.is_numeric()
}

/// Returns true for a word character that is neither a decimal digit nor `_`: letters, and numbers such as `½`.
pub(crate) fn is_word_letter(c: char) -> bool {
    c.is_alphanumeric() && !c.is_ascii_digit()
}

/// Returns true for a letter, a number or `_`.
pub(crate) fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// Returns true for ASCII digits, and for full-width, circled, superscript and subscript digits.
pub(crate) fn is_digit_like(c: char) -> bool {
    c.is_ascii_digit()
        || matches!(c, '²' | '³' | '¹' | '⁰' | '⁴'..='⁹' | '₀'..='₉' | '①'..='⑨' | '０'..='９')
}

/// Returns true for a lower-case letter of Latin-1.
pub(crate) fn is_latin_lower(c: char) -> bool {
    matches!(c, 'a'..='z' | 'ß'..='ö' | 'ø'..='ÿ')
}

/// Returns true for an upper-case letter of Latin-1.
pub(crate) fn is_latin_upper(c: char) -> bool {
    matches!(c, 'A'..='Z' | 'À'..='Ö' | 'Ø'..='Þ')
}

/// Returns true for a straight or curly single quote.
pub(crate) fn is_apostrophe(c: char) -> bool {
    matches!(c, '\'' | '‘' | '’')
}

/// Returns true if the text is not empty and has only letters.
pub(crate) fn all_letters(text: &str) -> bool {
    !text.is_empty() && text.chars().all(is_letter)
}

/// Returns true if the text is not empty and has only ASCII digits.
pub(crate) fn all_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())
}

/// Returns true if lower-casing leaves the text unchanged.
pub(crate) fn is_lower(text: &str) -> bool {
    text.to_lowercase() == text
}

/// Returns true if upper-casing leaves the text unchanged.
pub(crate) fn is_upper(text: &str) -> bool {
    text.to_uppercase() == text
}

/// Returns the text with its first letter in upper case and all others in lower case.
pub(crate) fn capitalize(text: &str) -> String {
    let mut chars = text.chars();
    let Some(first) = chars.next() else { return String::new() };
    let mut upper = first.to_uppercase();
    let mut out: String = upper.next().into_iter().collect();
    // `ß` becomes `Ss`.
    out.extend(upper.flat_map(char::to_lowercase));
    out.push_str(&chars.as_str().to_lowercase());
    out
}

/// Returns the text without its last `count` characters, or `None` if it has fewer.
pub(crate) fn without_last(text: &str, count: usize) -> Option<&str> {
    if count == 0 {
        return Some(text);
    }
    let (at, _) = text.char_indices().nth_back(count - 1)?;
    text.get(..at)
}

/// Returns the text after its first character.
pub(crate) fn after_first(text: &str) -> &str {
    let mut chars = text.chars();
    chars.next();
    chars.as_str()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn capitals() {
        for (given, expected) in
            [("", ""), ("hello", "Hello"), ("McDonald", "Mcdonald"), ("ßa", "Ssa")]
        {
            assert_eq!(capitalize(given), expected);
        }
    }

    #[test]
    fn letters_and_numbers() {
        assert!(is_letter('é') && !is_letter('½') && !is_letter('Ⅷ') && !is_letter('1'));
        assert!(is_word_letter('½') && !is_word_letter('_') && !is_word_letter('3'));
    }

    #[test]
    fn ends_are_cut_by_characters() {
        assert_eq!(without_last("cafés", 2), Some("caf"));
        assert_eq!(without_last("a", 2), None);
        assert_eq!(without_last("ab", 2), Some(""));
        assert_eq!(after_first("éa"), "a");
        assert_eq!(after_first(""), "");
    }
}
