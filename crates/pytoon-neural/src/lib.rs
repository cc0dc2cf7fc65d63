//! Neural voices that run in this process. They convert phonemes to audio with the time of every phoneme.
//!
//! Guarantees: equal phonemes, settings and seed give equal samples, regardless of the number of threads; a
//! model's file is checked before it runs; a model that needs too much time is stopped and reported
//! ([`session`]), and one that needs too much memory too if [`budget::Budgeted`] is the process's allocator;
//! this crate reads nothing from disk or network.
//!
//! This crate does not convert text to phonemes, choose voices or read files. Callers pass bytes.
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

/// Checks a model's file without running it, and rejects unsupported features and damaged data.
///
/// # Errors
/// Returns [`NeuralError::BadFile`] with the fault.
pub fn check(model: &[u8]) -> Result<(), NeuralError> {
    graph::check(model).map(|_| ())
}

/// The audio of one phoneme sequence.
#[derive(Debug, Clone, PartialEq)]
pub struct Take {
    /// The sample rate in Hz.
    pub rate: u32,
    /// The mono samples, nominally within -1 to 1.
    pub samples: Vec<f32>,
    /// The sample range of each phoneme character of the request, in order; empty if the model does not know the
    /// character. Ranges are ascending and inside `samples`.
    pub spans: Vec<Range<usize>>,
}
