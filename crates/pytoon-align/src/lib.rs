//! Computes the word times of a known text by comparing a recording with a reference that speaks the same words at
//! known times.
//!
//! Guarantees: all functions are pure over samples; equal input gives equal output; memory grows linearly with the
//! length of the recording, not with its square; every word gets a time, in order.
//!
//! This module does not create references, read files or depend on a language. The caller provides samples.
//!
//! Start with [`Reference`] and [`align`]. docs/alignment.md lists accuracy figures and discarded approaches.

mod adapt;
mod analysis;
mod confidence;
mod features;
mod resample;
mod viterbi;
mod words;

pub use confidence::LOW_CONFIDENCE;
pub use resample::to_analysis_rate;
pub use words::{Alignment, Reference, ReferenceWord, Timed, align};

/// The sample rate of all analysed audio, in hertz.
pub const SAMPLE_RATE: u32 = 16_000;
/// The time from frame to frame, in milliseconds.
pub const FRAME_MS: f64 = 5.0;
