//! Neural voices in process: phonemes in, sound and the time of every phoneme out.
//!
//! Guarantees: equal phonemes, settings and seed give equal samples, regardless of the number of threads; a
//! model's file is checked before it runs; a model that needs too much memory or time is stopped and reported
//! ([`session`], [`budget`]); nothing is read from disk or network.
//!
//! Does not convert text to phonemes, choose voices or read files: callers pass bytes.
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

/// Checks that bytes are a model that is safe to run, without running it.
///
/// # Errors
/// [`NeuralError::BadFile`] with the defect.
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
    /// The samples of each phoneme character of the request, in order; empty if the model does not know the
    /// character.
    /// Ranges are ascending and inside `samples`.
    pub spans: Vec<Range<usize>>,
}
