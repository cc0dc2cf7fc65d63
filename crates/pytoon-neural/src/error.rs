//! Errors of neural models.

/// An error of a model or of its files.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NeuralError {
    /// A file is invalid, for example truncated, of another kind, or with features that are not supported.
    #[error("{file}: {reason}")]
    BadFile {
        /// The role of the file in the voice.
        file: &'static str,
        /// The fault in the file.
        reason: String,
    },
    /// The model supports none of the phonemes in the request.
    #[error("the voice knows none of these phonemes: {0}")]
    NothingToSay(String),
    /// The request exceeds the model's limit. Split it.
    #[error("a sentence has {phonemes} phoneme characters; the maximum is {most}: shorten it")]
    TooLong {
        /// The number of phoneme characters in the request.
        phonemes: usize,
        /// The maximum number of phoneme characters in one request.
        most: usize,
    },
    /// The model failed, or its output is unusable.
    #[error("the model failed: {0}")]
    Failed(String),
    /// The system refused the model's thread. Retry later.
    #[error("the system could not start a thread for the model: {0}")]
    NoThread(String),
    /// The model exceeded its memory limit and will not run again.
    #[error(
        "the model exceeded its memory limit of {mib} MiB and was stopped; choose another voice"
    )]
    TooMuchMemory {
        /// The memory limit, in MiB.
        mib: usize,
    },
    /// The model exceeded its time limit and will not run again.
    #[error("the model gave no result within {seconds} s and was stopped; choose another voice")]
    TooSlow {
        /// The time limit, in seconds.
        seconds: u64,
    },
}

impl NeuralError {
    pub(crate) fn bad(file: &'static str, reason: impl Into<String>) -> Self {
        Self::BadFile { file, reason: reason.into() }
    }

    pub(crate) fn failure(reason: impl std::fmt::Display) -> Self {
        Self::Failed(reason.to_string())
    }
}
