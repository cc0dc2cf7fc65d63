//! Errors when audio enters or leaves the crate.

use thiserror::Error;

/// A rejection. Only input and output can fail, processing cannot.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum AudioError {
    /// The bytes are not a supported WAV file; convert it first.
    #[error("read WAV: {0}")]
    BadWav(String),
    /// The sink failed to write; retry with another sink.
    #[error("write WAV: {0}")]
    WriteWav(std::io::Error),
    /// The input is larger than this crate accepts; cut it first.
    #[error("accept audio: {what} is {value}, the limit is {limit}")]
    TooLarge {
        /// The quantity that was exceeded.
        what: &'static str,
        /// Its value.
        value: u64,
        /// The largest accepted value.
        limit: u64,
    },
    /// A parameter is outside its documented range; correct the caller.
    #[error("accept {what}: {value} is outside {low} to {high}")]
    OutOfRange {
        /// The parameter.
        what: &'static str,
        /// Its value.
        value: f64,
        /// Lowest accepted value.
        low: f64,
        /// Highest accepted value.
        high: f64,
    },
}
