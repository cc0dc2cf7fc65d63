//! Converts English text to phonemes in misaki's alphabet, word by word. It uses parts of speech, two dictionaries
//! with rules for context, stems and stress, and a small neural net for unknown words.
//!
//! Guarantees: all functions are pure over bytes from the caller; equal input gives equal output on a given
//! processor; every word keeps its position in the text; damaged or oversized files are errors that name the
//! file.
//!
//! This crate does not read files. It expects text normalisation to have converted numbers, money and dates
//! to words, and pronounces remaining digits by simple rules.
//!
//! Start with [`English::load`] and [`English::phonemes`]. docs/english-phonemes.md documents the agreement with the
//! front end for which the dictionaries were created.

mod dictionary;
mod english;
mod error;
mod fallback;
mod files;
mod ipa;
mod lexicon;
mod phoneme_word;
mod pieces;
mod resolve;
mod stress;
mod table;
mod tagger;
mod text;
mod token;
mod tokenizer;
mod unknown;

pub use english::{English, Fixed};
pub use error::{DataFile, EnglishError};
pub use files::EnglishFiles;
pub use ipa::misaki_from_ipa;
pub use phoneme_word::{PhonemeWord, join};

/// The accent of a pronunciation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Accent {
    /// General American.
    American,
    /// Southern British.
    British,
}

impl Accent {
    fn choose<T>(self, american: T, british: T) -> T {
        match self {
            Self::American => american,
            Self::British => british,
        }
    }
}
