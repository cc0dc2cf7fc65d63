//! Errors from loading the front end, with the unusable file and the reason.

use std::fmt;

/// One of the files that make up the English front end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DataFile {
    /// The hand-checked lexicon, gzip-compressed JSON.
    Gold,
    /// The machine-generated lexicon, gzip-compressed JSON.
    Silver,
    /// The part-of-speech tagger's weights, gzip-compressed JSON.
    Tagger,
    /// The tokenizer's special cases, JSON.
    TokenizerExceptions,
    /// The neural net for unknown words, ONNX.
    UnknownWordModel,
    /// The alphabets of the neural net for unknown words, JSON.
    UnknownWordAlphabet,
}

impl DataFile {
    /// Returns the maximum size of this file after decompression, in bytes.
    #[must_use]
    pub const fn max_bytes(self) -> usize {
        match self {
            Self::Gold | Self::Silver | Self::Tagger | Self::UnknownWordModel => 32 << 20,
            Self::TokenizerExceptions | Self::UnknownWordAlphabet => 1 << 20,
        }
    }
}

impl fmt::Display for DataFile {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::Gold => "gold lexicon",
            Self::Silver => "silver lexicon",
            Self::Tagger => "part-of-speech tagger",
            Self::TokenizerExceptions => "tokenizer exceptions",
            Self::UnknownWordModel => "unknown-word model",
            Self::UnknownWordAlphabet => "unknown-word alphabet",
        })
    }
}

/// An error from loading the front end.
#[derive(Debug, thiserror::Error)]
pub enum EnglishError {
    /// The gzip stream is damaged or ends early.
    #[error("{file}: not a complete gzip file ({reason})")]
    Gzip {
        /// The affected file.
        file: DataFile,
        /// The message of the decompressor.
        reason: String,
    },
    /// The file exceeds its size limit.
    #[error("{file}: larger than {limit} bytes")]
    TooLarge {
        /// The affected file.
        file: DataFile,
        /// The maximum size after decompression, in bytes.
        limit: usize,
    },
    /// The content has an unexpected format.
    #[error("{file}: unexpected content ({reason})")]
    Content {
        /// The affected file.
        file: DataFile,
        /// The fault and its position.
        reason: String,
    },
}

impl EnglishError {
    pub(crate) fn content(file: DataFile, reason: impl fmt::Display) -> Self {
        Self::Content { file, reason: reason.to_string() }
    }
}
