//! Errors from voices and recordings.

use pytoon_process::{Shortage, SystemError};
use pytoon_vendor::{VendorError, VendorErrorKind};
use std::sync::Arc;

/// The result of a voice operation.
pub type Result<T, E = VoiceError> = std::result::Result<T, E>;

/// An error of a voice. Logs and metrics count errors by `kind`.
#[derive(Debug, thiserror::Error)]
pub enum VoiceError {
    /// The provider's program or service is unavailable. Try the next provider.
    #[error("{provider} failed to {source}")]
    Unavailable {
        /// The name of the provider.
        provider: Arc<str>,
        /// The system error that is the reason.
        source: SystemError,
    },
    /// The provider refused the request, for example because of an unknown voice. Fix the brief or the configuration.
    #[error("{provider} rejected the request: {reason}")]
    Refused {
        /// The name of the provider.
        provider: Arc<str>,
        /// The reason for the refusal.
        reason: String,
    },
    /// The provider cannot speak these words. Choose another voice.
    #[error("{provider} cannot speak this text: {reason}")]
    CannotSpeak {
        /// The name of the provider.
        provider: Arc<str>,
        /// The reason that the provider cannot speak the words.
        reason: String,
    },
    /// The voice's files or its model are unusable. The next provider is tried; reinstall the voice.
    #[error("{provider}: {reason}")]
    BadVoice {
        /// The name of the provider.
        provider: Arc<str>,
        /// The voice, the file, the reason and the remedy.
        reason: String,
        /// True if the machine ran out of a resource while reading the voice; the files may be intact.
        exhausted: bool,
    },
    /// The provider's result is unusable, for example silent or truncated audio. Try the next provider.
    #[error("{provider} delivered no usable result: {reason}")]
    BadAudio {
        /// The name of the provider.
        provider: Arc<str>,
        /// The reason for rejecting the result.
        reason: String,
    },
    /// A call to a service failed or was not made. `source.kind` gives the cause, and decides whether another provider
    /// may be tried.
    #[error("{source}")]
    Vendor {
        /// The name of the provider.
        provider: Arc<str>,
        /// The vendor's error.
        source: Box<VendorError>,
    },
    /// A recording is unusable, or a file could not be read or written.
    #[error("{}", recording_message(.0))]
    Recording(#[from] SystemError),
    /// Samples could not be processed.
    #[error("the voice could not be processed: {0}")]
    Processing(#[from] pytoon_audio::AudioError),
}

/// Returns the message of an unusable recording, or of a file that could not be read or written.
fn recording_message(error: &SystemError) -> String {
    match error {
        SystemError::Unusable { path, reason } => format!("{}: {reason}", path.display()),
        other => format!("failed to {other}"),
    }
}

impl VoiceError {
    /// Creates the error of a failed service.
    pub(crate) fn vendor(provider: impl Into<Arc<str>>, error: VendorError) -> Self {
        Self::Vendor { provider: provider.into(), source: Box::new(error) }
    }

    /// Returns the reason in [`Self::CannotSpeak`], or `None` for any other error.
    pub(crate) fn cannot_speak(self) -> Option<String> {
        if let Self::CannotSpeak { reason, .. } = self { Some(reason) } else { None }
    }

    /// Returns true if the user cancelled.
    pub fn is_cancelled(&self) -> bool {
        match self {
            Self::Unavailable { source, .. } | Self::Recording(source) => {
                matches!(source, SystemError::Cancelled)
            }
            Self::Vendor { source, .. } => source.kind == VendorErrorKind::Cancelled,
            _ => false,
        }
    }

    /// Returns true if the ledger could not be read or written.
    pub fn is_of_the_ledger(&self) -> bool {
        matches!(self, Self::Vendor { source, .. } if source.kind == VendorErrorKind::Ledger)
    }

    /// Returns the resource that this machine ran out of, or `None` for any other error. A different voice would not
    /// help.
    pub fn shortage(&self) -> Option<Shortage> {
        match self {
            Self::Unavailable { source, .. } | Self::Recording(source) => source.shortage(),
            Self::BadVoice { exhausted, .. } => exhausted.then_some(Shortage::Process),
            Self::Vendor { source, .. } => source.shortage,
            _ => None,
        }
    }

    /// Returns true if the machine ran out of a resource.
    pub fn is_exhausted(&self) -> bool {
        self.shortage().is_some()
    }

    /// Returns the error kind as named in logs and metrics.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Unavailable { .. } => "unavailable",
            Self::Refused { .. } => "refused",
            Self::CannotSpeak { .. } => "cannot_speak",
            Self::BadVoice { .. } => "bad_voice",
            Self::BadAudio { .. } => VendorErrorKind::BadOutput.as_str(),
            Self::Vendor { source, .. } => source.kind.as_str(),
            Self::Recording(_) => "recording",
            Self::Processing(_) => "processing",
        }
    }
}
