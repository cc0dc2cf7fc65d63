//! Errors of reading, writing and invalid parameters.

use thiserror::Error;

/// An error of an input, an output or a parameter.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum AudioError {
    /// The bytes are not a supported WAV file. Convert it first.
    #[error("the WAV file cannot be read: {0}")]
    BadWav(String),
    /// The sink failed to write, or the audio is too long for a WAV file.
    #[error("the WAV file cannot be written: {0}")]
    WriteWav(std::io::Error),
    /// The input has more samples, channels or bits per sample than this crate accepts. Convert it first.
    #[error("the {what} of the audio is {value}; the maximum is {limit}")]
    TooLarge {
        /// The quantity that exceeds its limit, such as `sample count`.
        what: &'static str,
        /// The actual value.
        value: u64,
        /// The maximum accepted value.
        limit: u64,
    },
    /// A parameter is outside its documented range. Correct the caller.
    #[error("the {what} {value} is not between {low} and {high}")]
    OutOfRange {
        /// The name of the parameter.
        what: &'static str,
        /// The value passed.
        value: f64,
        /// The lowest accepted value.
        low: f64,
        /// The highest accepted value.
        high: f64,
    },
}
