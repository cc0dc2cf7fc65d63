//! The phonemes of a word, and their joining.

use std::ops::Range;

/// One token's phonemes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PhonemeWord {
    /// Characters of the text. Ranges are in order and do not overlap.
    pub chars: Range<usize>,
    /// Phonemes, stress marks, punctuation; spaces if a token is read as several words. May be empty.
    pub phonemes: String,
    /// True if whitespace follows in the text.
    pub space_after: bool,
}

/// Returns true for punctuation at which a speaker may pause. Quotes do not count.
pub(crate) fn is_pause(c: char) -> bool {
    ";:,.!?—…".contains(c)
}

/// Returns the phonemes of a text as one string: a space where the text had one.
#[must_use]
pub fn join(words: &[PhonemeWord]) -> String {
    let mut out = String::new();
    for word in words {
        out.push_str(&word.phonemes);
        out.push_str(if word.space_after { " " } else { "" });
    }
    out.trim().to_owned()
}
