//! Pronounces words that are in no dictionary, with a small neural net from letters to phonemes.
//!
//! The net outputs one symbol per position. Repeated symbols count once, and blanks are dropped (CTC). It runs on one
//! thread, so equal words give equal phonemes on a given processor.

use crate::error::{DataFile, EnglishError};
use crate::files::{check_size, parse_json};
use rten::{Model, ModelOptions, RunOptions, ThreadPool};
use rten_tensor::NdTensor;
use rten_tensor::prelude::*;
use serde::Deserialize;
use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

/// Upper limit for the word length that a net's file may state, in letters.
const MAX_LETTERS: usize = 256;
/// The symbol in the net's output that stands for no phoneme.
const BLANK: i32 = 0;

/// The neural net for unknown words.
pub(crate) struct UnknownWords {
    model: Model,
    threads: Arc<ThreadPool>,
    letters: HashMap<char, i32>,
    phonemes: Vec<String>,
    max_letters: usize,
}

#[derive(Deserialize)]
struct Alphabet {
    #[serde(rename = "in")]
    letters: Vec<char>,
    #[serde(rename = "out")]
    phonemes: Vec<String>,
    #[serde(rename = "maxlen")]
    max_letters: usize,
}

impl UnknownWords {
    /// Loads the net and runs it once, so that a model of the wrong kind is rejected here.
    pub(crate) fn load(model: &[u8], alphabet: &[u8]) -> Result<Self, EnglishError> {
        let file = DataFile::UnknownWordModel;
        let alphabet: Alphabet = parse_json(DataFile::UnknownWordAlphabet, alphabet)?;
        if alphabet.max_letters == 0 || alphabet.max_letters > MAX_LETTERS {
            let reason = format!("`maxlen` is not between 1 and {MAX_LETTERS}");
            return Err(EnglishError::content(DataFile::UnknownWordAlphabet, reason));
        }
        check_size(file, model)?;
        // The runtime's optimiser takes longer than it would save for all the words of a film.
        let model = ModelOptions::with_all_ops()
            .enable_optimization(false)
            .load(model.to_vec())
            .map_err(|error| EnglishError::content(file, error))?;
        let unknown = Self {
            model,
            threads: Arc::new(ThreadPool::with_num_threads(1)),
            letters: alphabet.letters.into_iter().zip(1..).collect(),
            phonemes: alphabet.phonemes,
            max_letters: alphabet.max_letters,
        };
        unknown.symbols(vec![1]).map_err(|reason| EnglishError::content(file, reason))?;
        Ok(unknown)
    }

    /// Returns the phonemes of a word, or an empty text if the net supports none of its letters or fails.
    pub(crate) fn read(&self, word: &str) -> String {
        let known = word.chars().filter_map(|letter| self.letters.get(&letter).copied());
        let ids: Vec<i32> = known.take(self.max_letters).collect();
        if ids.is_empty() {
            return String::new();
        }
        // The net ran when it was loaded; a word on which it fails is silent.
        self.symbols(ids).map(|symbols| self.collapse(&symbols)).unwrap_or_default()
    }

    /// Runs the net and returns one symbol per position.
    fn symbols(&self, ids: Vec<i32>) -> Result<Vec<i32>, String> {
        let letters = NdTensor::from_data([1, ids.len()], ids);
        let options = RunOptions::default().with_thread_pool(Some(Arc::clone(&self.threads)));
        let symbols = self.model.run_one(letters.into(), Some(options));
        let symbols: NdTensor<i32, 2> = symbols
            .map_err(|error| error.to_string())?
            .try_into()
            .map_err(|error: rten::TryFromValueError| error.to_string())?;
        Ok(symbols.iter().copied().collect())
    }

    fn collapse(&self, symbols: &[i32]) -> String {
        let mut before = BLANK;
        let mut out = String::new();
        for &symbol in symbols {
            let index = usize::try_from(symbol).ok().and_then(|symbol| symbol.checked_sub(1));
            if let Some(phoneme) = index.and_then(|at| self.phonemes.get(at))
                && symbol != before
            {
                out.push_str(phoneme);
            }
            before = symbol;
        }
        out
    }
}

impl fmt::Debug for UnknownWords {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("UnknownWords")
            .field("letters", &self.letters.len())
            .finish_non_exhaustive()
    }
}
