//! Computes the word times of a known text.
//!
//! `provider` uses the synthesiser's own times. For recordings, `chain` tries in the configured order: external
//! programs (`outside`), the built-in aligner (`builtin`), and last `even_split`, which distributes words over the
//! speech by their syllables and reports that it did.

pub mod builtin;
pub mod chain;
pub(crate) mod edits;
pub mod even_split;
mod mismatch;
pub(crate) mod outside;
pub mod provider;
pub mod recorded;
mod reference_voice;

pub use mismatch::Mismatch;
pub use pytoon_align::LOW_CONFIDENCE;

use pytoon_core::text::Word;
use pytoon_vocabulary::{CaptionWord, Ms};

/// Creates a timed word from a written word and its start and end in milliseconds.
pub(crate) fn timed_word(word: &Word, start: i64, end: i64) -> CaptionWord {
    let (text, joins_next) = (word.text.clone(), word.joins_next);
    let (start, end) = (Ms::new(start), Ms::new(end));
    CaptionWord { text, start, end, emphasis: false, joins_next }
}

/// Creates timed words from starts and ends in milliseconds, rounded so that starts ascend and no word is empty.
fn ascending<'a>(words: impl Iterator<Item = (&'a Word, (f64, f64))>) -> Vec<CaptionWord> {
    let mut earliest = 0;
    let word = |(word, (start, end)): (&Word, (f64, f64))| {
        let start = (start.round() as i64).max(earliest);
        earliest = start + 1;
        timed_word(word, start, (end.round() as i64).max(start + 1))
    };
    words.map(word).collect()
}

/// The method that timed the words, as named in the receipt and the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AlignmentMethod {
    /// The voice provider's own times.
    Provider,
    /// The external program whisperx.
    Whisperx,
    /// The external program stable-ts.
    StableTs,
    /// The built-in aligner.
    Builtin,
    /// Words distributed over the speech by their syllables.
    EvenSplit,
    /// Times for reading the words, since there is no voice.
    Reading,
}

impl AlignmentMethod {
    /// Returns the method's name in configuration, logs and metrics.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Provider => "provider",
            Self::Whisperx => "whisperx",
            Self::StableTs => "stable_ts",
            Self::Builtin => "builtin",
            Self::EvenSplit => "even_split",
            Self::Reading => "reading",
        }
    }
}
