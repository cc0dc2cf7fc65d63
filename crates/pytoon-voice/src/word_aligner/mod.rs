//! Word times of a known text, found by comparing a recording with a reference that speaks the same words at
//! known times.
//!
//! Guarantees: pure functions over samples; equal input gives equal output; memory grows with the
//! length of the recording, not with its square; every word gets a time, in order.
//!
//! Does not make the reference, read files or know languages: the caller brings samples.
//!
//! Start with [`Reference`] and [`align`]. Accuracy figures and discarded approaches are in docs/alignment.md.

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

/// The sample rate of everything that is analysed, in hertz.
pub const SAMPLE_RATE: u32 = 16_000;
/// Milliseconds from frame to frame.
pub const FRAME_MS: f64 = 5.0;
