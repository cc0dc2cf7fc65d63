//! What can go wrong with a model.

/// A failure of a model or of its files.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NeuralError {
    /// A file is not what it should be: truncated, of another kind, or with parts that a voice
    /// does not need. Fetch the voice again.
    #[error("{file}: {reason}")]
    BadFile {
        /// Which file of the voice, by its role.
        file: &'static str,
        /// What is wrong with it.
        reason: String,
    },
    /// There is nothing in the request that the model knows how to say.
    #[error("the voice knows none of these phonemes: {0}")]
    NothingToSay(String),
    /// The request is longer than the model takes at once. Split it.
    #[error("{phonemes} phonemes at once are more than the {most} that the model takes")]
    TooLong {
        /// Phonemes in the request.
        phonemes: usize,
        /// The most in one request.
        most: usize,
    },
    /// The model failed or its output is unusable.
    #[error("the model failed: {0}")]
    Failed(String),
    /// The system refused the model's thread. The same goes well later.
    #[error("no thread for the model: {0}")]
    NoThread(String),
    /// The model asked for more memory than it may have. It is not run again.
    #[error("the model asked for more than {mib} MiB of memory and was stopped")]
    TooMuchMemory {
        /// The limit in MiB.
        mib: usize,
    },
    /// The model gave no result in time. It is not run again.
    #[error("the model gave no result within {seconds} s and was stopped")]
    TooSlow {
        /// The limit in seconds.
        seconds: u64,
    },
}

impl NeuralError {
    pub(crate) fn bad(file: &'static str, reason: impl Into<String>) -> Self {
        Self::BadFile { file, reason: reason.into() }
    }

    pub(crate) fn failed(reason: impl std::fmt::Display) -> Self {
        Self::Failed(reason.to_string())
    }
}
