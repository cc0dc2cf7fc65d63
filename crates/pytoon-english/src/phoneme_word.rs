//! The phonemes of words, and their concatenation.

use std::ops::Range;

/// The phonemes of one token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PhonemeWord {
    /// The range of characters in the text. Ranges are in order and do not overlap.
    pub chars: Range<usize>,
    /// The phonemes, stress marks and punctuation, with spaces if a token is spoken as several words. May be empty.
    pub phonemes: String,
    /// True if white space follows in the text.
    pub space_after: bool,
}

/// Returns true for punctuation at which a speaker may pause. Quotes do not count.
pub(crate) fn is_pause(c: char) -> bool {
    ";:,.!?—…".contains(c)
}

/// Joins the phonemes of a text into one string, with a space wherever the text has one.
#[must_use]
pub fn join(words: &[PhonemeWord]) -> String {
    let mut out = String::new();
    for word in words {
        out.push_str(&word.phonemes);
        out.push_str(if word.space_after { " " } else { "" });
    }
    out.trim().to_owned()
}
