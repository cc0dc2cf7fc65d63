//! Neural voices in process: phonemes in, sound and the time of every phoneme out.
//!
//! Guarantees: equal phonemes, settings and seed give equal samples, whatever the number of
//! threads; a model's file is checked before it is run; a model that asks for too much memory or
//! time is stopped and reported ([`session`], [`budget`]); nothing is read from disk or network.
//!
//! Does not turn text into phonemes, choose voices or read files: callers hand over bytes.
//!
//! Start with [`heart::Heart`] and [`piper::Piper`].

pub mod budget;
mod dequantize;
mod error;
mod graph;
pub mod heart;
mod maths;
mod noise;
pub mod piper;
pub mod session;
mod tensor;
#[cfg(feature = "testing")]
pub mod toy;

pub use error::NeuralError;

use std::ops::Range;

/// Checks that bytes are a model that may be run, without running it.
///
/// # Errors
/// [`NeuralError::BadFile`] with what is wrong.
pub fn check(model: &[u8]) -> Result<(), NeuralError> {
    graph::check(model).map(|_| ())
}

/// One spoken stretch of phonemes.
#[derive(Debug, Clone, PartialEq)]
pub struct Take {
    /// Sample rate in Hz.
    pub rate: u32,
    /// Mono samples, nominally within -1 to 1.
    pub samples: Vec<f32>,
    /// The samples of each phoneme character of the request, in order; empty where the model does
    /// not know the character. Ranges are ascending and lie within `samples`.
    pub spans: Vec<Range<usize>>,
}
