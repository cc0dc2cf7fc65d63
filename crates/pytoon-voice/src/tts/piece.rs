//! Splits a script into requests at sentence ends, within the vendor's limit.
//!
//! Guarantees: every word that can be spoken is in exactly one piece, in order; a piece never exceeds the limit; a
//! sentence is split only if it does not fit alone, and then between words, preferably after punctuation.
//!
//! The module is pure. Start with [`pieces`].

use crate::spoken::{SpokenText, join_written};
use pytoon_core::text::Word;
use std::ops::Range;

/// The words of one sentence within one request to the vendor.
#[derive(Debug, Clone, PartialEq)]
pub struct Part {
    /// The index of the sentence in the `TtsRequest`.
    pub sentence: usize,
    /// The range of the sentence's words in this request to the vendor.
    pub words: Range<usize>,
    /// The start of the words in the text of the request, in characters.
    pub begins: usize,
    /// The text of the words, with their ranges in it.
    pub text: SpokenText,
}

/// The text of one request to the vendor.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Piece {
    /// The sentences or parts of sentences, in order; at least one.
    pub parts: Vec<Part>,
    /// The text of the request.
    pub text: String,
}

/// The limit of one request.
pub struct Limit<'a> {
    /// Maximum size, in the vendor's unit.
    pub most: usize,
    /// The function that returns the size of a sentence in the vendor's unit, including the separator to the next
    /// one.
    pub size: &'a dyn Fn(&SpokenText) -> usize,
    /// True if each sentence is a separate request.
    pub one_by_one: bool,
}

/// A word that exceeds the limit of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TooLong(pub String);

/// Splits the speakable parts of a script into requests to the vendor. Fails if a single word exceeds the
/// limit.
pub fn pieces(sentences: &[Vec<Word>], limit: &Limit<'_>) -> Result<Vec<Piece>, TooLong> {
    let mut pieces: Vec<Piece> = Vec::new();
    let mut room = 0;
    for (sentence, words) in sentences.iter().enumerate() {
        for range in fitting(words, limit)? {
            let text = join_written(&words[range.clone()]);
            if !is_speakable(&text.text) {
                continue;
            }
            let size = (limit.size)(&text);
            let continues = pieces.last().filter(|_| !limit.one_by_one && size <= room);
            if continues.is_none() {
                pieces.push(Piece::default());
                room = limit.most;
            }
            room -= size.min(room);
            let Some(piece) = pieces.last_mut() else { continue };
            piece.add(sentence, range, text);
        }
    }
    Ok(pieces)
}

impl Piece {
    fn add(&mut self, sentence: usize, words: Range<usize>, text: SpokenText) {
        if !self.text.is_empty() {
            self.text.push(' ');
        }
        let begins = self.text.chars().count();
        self.text.push_str(&text.text);
        self.parts.push(Part { sentence, words, begins, text });
    }
}

/// Returns true if the text contains anything to speak.
pub fn is_speakable(text: &str) -> bool {
    text.chars().any(char::is_alphanumeric)
}

/// Splits a sentence into word ranges that fit into a request, preferably after punctuation in the last two thirds.
/// Fails if a single word does not fit.
fn fitting(words: &[Word], limit: &Limit<'_>) -> Result<Vec<Range<usize>>, TooLong> {
    let size = |range: Range<usize>| (limit.size)(&join_written(&words[range]));
    let mut ranges = Vec::new();
    let mut from = 0;
    while from < words.len() {
        if size(from..words.len()) <= limit.most {
            ranges.push(from..words.len());
            break;
        }
        let mut to = from;
        while to < words.len() && size(from..to + 1) <= limit.most {
            to += 1;
        }
        if to == from {
            return Err(TooLong(words[from].text.clone()));
        }
        // A pause is least audible after a comma.
        let comma = (from + (to - from) / 3..to)
            .rev()
            .find(|&index| words[index].text.ends_with([',', ';', ':', '–', '—', '、', '،']));
        let to = comma.map_or(to, |index| index + 1);
        ranges.push(from..to);
        from = to;
    }
    Ok(ranges)
}

#[cfg(test)]
mod tests {
    use super::*;
    use pytoon_core::text::words;

    fn split_pieces(
        sentences: &[&str],
        most: usize,
        one_by_one: bool,
    ) -> Result<Vec<String>, TooLong> {
        let sentences: Vec<Vec<Word>> = sentences.iter().map(|s| words(s)).collect();
        let size = |text: &SpokenText| text.text.chars().count() + 1;
        let found = pieces(&sentences, &Limit { most, size: &size, one_by_one })?;
        for piece in &found {
            assert!(piece.text.chars().count() <= most, "{piece:?}");
            for part in &piece.parts {
                let own: String = piece
                    .text
                    .chars()
                    .skip(part.begins)
                    .take(part.text.text.chars().count())
                    .collect();
                assert_eq!(own, part.text.text);
            }
        }
        Ok(found.into_iter().map(|piece| piece.text).collect())
    }

    #[test]
    fn scripts_are_cut_at_sentences() {
        let script = ["One two three.", "Four five.", "Six."];
        assert_eq!(
            split_pieces(&script, 100, false).expect("fits"),
            ["One two three. Four five. Six."]
        );
        assert_eq!(
            split_pieces(&script, 26, false).expect("fits"),
            ["One two three. Four five.", "Six."]
        );
        assert_eq!(split_pieces(&script, 100, true).expect("fits"), script);
    }

    #[test]
    fn a_sentence_too_long_is_cut_at_a_comma_or_between_words() {
        assert_eq!(
            split_pieces(&["Red, green, blue and many other colours."], 22, false).expect("fits"),
            ["Red, green,", "blue and many other", "colours."]
        );
        assert_eq!(
            split_pieces(&["Incomprehensibility."], 10, false),
            Err(TooLong("Incomprehensibility.".into()))
        );
    }

    #[test]
    fn what_has_no_sound_is_not_sent() {
        assert_eq!(
            split_pieces(&["Hot now", "🔥 🔥", "*", "Buy!"], 99, false).expect("fits"),
            ["Hot now Buy!"]
        );
        assert_eq!(split_pieces(&["日本語です。次"], 99, false).expect("fits"), ["日本語です。次"]);
    }
}
