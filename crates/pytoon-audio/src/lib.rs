//! Audio for finished shorts: cleans the voice, composes or fits a music bed, ducks, mixes, masters and measures.
//!
//! Guarantees: all functions are pure over samples. Equal input gives equal output; random choices come from
//! a seed argument or a fixed seed. Hostile audio causes no panic: `wav` bounds sizes, and non-finite samples
//! become silence where audio enters (`wav`, `mixer`).
//!
//! This crate does not open files, start processes, read a clock or decode compressed formats. `wav` works on any
//! reader or writer that the caller passes.
//!
//! Except in `wav` and `resample`, audio is at [`SAMPLE_RATE`]; positions are sample indices and ranges are
//! half-open. Start with [`mixer::Stems::of`], then [`voice_chain::VoiceChain`] and [`music::generate`].

pub mod bed;
mod biquad;
pub mod denoise;
mod dsp;
pub mod ducking;
pub mod effects;
mod error;
pub mod lag;
pub mod limiter;
pub mod loudness;
pub mod loudness_curve;
pub mod master;
pub mod mixer;
pub mod music;
pub mod peaks;
pub mod resample;
mod signal;
pub mod speech;
pub mod stretch;
mod true_peak;
mod units;
pub mod voice_activity;
pub mod voice_chain;
pub mod wav;

pub use error::AudioError;
pub use resample::to_48k;
pub use signal::Stereo;
pub use stretch::stretch_tempo;
pub use units::{Db, Dbtp, Lufs};

/// The only sample rate inside this crate, in hertz.
pub const SAMPLE_RATE: u32 = 48_000;

/// Returns the number of samples in `ms` milliseconds, rounded to the nearest sample.
#[must_use]
pub fn samples_from_ms(ms: f64) -> usize {
    (ms.max(0.0) * f64::from(SAMPLE_RATE) / 1000.0).round() as usize
}
