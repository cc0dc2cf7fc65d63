//! The text for a voice, with the position of each written word in it.
//!
//! Guarantees: one range per written word, in order, within the text. A synthesiser's word events are positions in
//! this text, so the ranges map them to written words.

use crate::SpokenWord;
use crate::symbols;
use pytoon_core::text::Word;

/// A text to speak, with the character range of every written word in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SpokenText {
    /// The text to speak.
    pub text: String,
    /// The character ranges (start, end) of the words, in order. A silent word has an empty range.
    pub ranges: Vec<(usize, usize)>,
}

/// Joins spoken words. Silent words add neither characters nor spaces.
pub fn join_spoken(words: &[SpokenWord]) -> SpokenText {
    join(words.iter().map(|word| (word.text.as_str(), word.joins_next)))
}

/// Joins words as written, without emoji and markup signs, for voices that read prices and abbreviations themselves.
pub fn join_written(words: &[Word]) -> SpokenText {
    let forms: Vec<String> = words.iter().map(|word| symbols::readable(&word.text)).collect();
    join(forms.iter().zip(words).map(|(form, word)| (form.as_str(), word.joins_next)))
}

fn join<'a>(words: impl Iterator<Item = (&'a str, bool)>) -> SpokenText {
    let mut text = String::new();
    let mut chars = 0;
    let mut ranges = Vec::new();
    let mut needs_space = false;
    for (form, joins_next) in words {
        if !form.is_empty() && needs_space {
            text.push(' ');
            chars += 1;
        }
        let length = form.chars().count();
        ranges.push((chars, chars + length));
        text.push_str(form);
        chars += length;
        needs_space =
            if form.is_empty() { needs_space || (!joins_next && chars > 0) } else { !joins_next };
    }
    SpokenText { text, ranges }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Pronunciations, normalize};
    use pytoon_core::text::words;

    #[test]
    fn every_word_knows_its_range() {
        let spoken =
            join_spoken(&normalize(&words("Pay $5 🔥 now"), "en", &Pronunciations::default()));
        let chars: Vec<char> = spoken.text.chars().collect();
        let parts: Vec<String> =
            spoken.ranges.iter().map(|&(from, to)| chars[from..to].iter().collect()).collect();
        assert_eq!(spoken.text, "Pay five dollars now");
        assert_eq!(parts, ["Pay", "five dollars", "", "now"]);
    }

    #[test]
    fn unspaced_words_join_without_spaces() {
        let written = words("今日はいい天気です。");
        let spoken = join_spoken(&normalize(&written, "ja", &Pronunciations::default()));
        assert_eq!(spoken.text, "今日はいい天気です。");
        assert_eq!(spoken.ranges.len(), written.len());
    }

    #[test]
    fn written_text_keeps_prices_and_drops_signs() {
        let text = join_written(&words("Only $5 🔥 *today*"));
        assert_eq!(text.text, "Only $5 today");
    }
}
