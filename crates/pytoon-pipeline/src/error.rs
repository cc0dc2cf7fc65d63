//! Errors that stop a render, and their classification: cancelled, out of a resource, held, or caused by the input.

use pytoon_compositor::CompositorError;
use pytoon_config::ConfigError;
use pytoon_core::graph::StageId;
use pytoon_core::timeline::fit::TooLong;
use pytoon_engines::VendorError;
use pytoon_process::{Shortage, SystemError};
use pytoon_records::ledger::StoreError;
use pytoon_storage::StorageError;
use pytoon_voice::VoiceError;

/// The result type of the pipeline.
pub type Result<T, E = PipelineError> = std::result::Result<T, E>;

/// An error that stops a render.
#[derive(Debug, thiserror::Error)]
pub enum PipelineError {
    /// The brief, the timeline or the configuration is invalid; the user can fix it.
    #[error(transparent)]
    Input(#[from] ConfigError),
    /// The script is too long for a film.
    #[error(transparent)]
    TooLong(#[from] TooLong),
    /// An operation on a file, an external program or a thread failed, or the render was cancelled.
    #[error("failed to {0}")]
    Media(#[from] SystemError),
    /// The voice failed, or the user's recording cannot be used.
    #[error(transparent)]
    Voice(#[from] VoiceError),
    /// The engines failed in a way that does not allow a fallback.
    #[error(transparent)]
    Engine(Box<VendorError>),
    /// A frame could not be drawn.
    #[error("failed to draw: {0}")]
    Drawing(#[from] CompositorError),
    /// Audio could not be processed.
    #[error("failed to process the audio: {0}")]
    Audio(#[from] pytoon_audio::AudioError),
    /// An operation on the storage failed.
    #[error("failed to {0}")]
    Storage(#[from] StorageError),
    /// An operation on the ledger failed.
    #[error("failed to use the ledger: {0}")]
    Ledger(#[from] StoreError),
    /// Scenes or the voice used a fallback, and the brief rejects degraded films.
    #[error("{0}; on_degrade is `fail`, so the job fails instead of delivering a degraded film")]
    Degraded(String),
    /// Scenes or the voice used a fallback, and the brief holds degraded films for a person's decision.
    #[error("the job is held, because on_degrade is `hold`: {0}; continue it with `pytoon resume`")]
    Held(String),
    /// A required stage has not run for this brief.
    #[error("the stage `{0}` has not run for this brief: run it first")]
    NotReady(StageId),
    /// The stage's output is from another version of Pytoon or another brief. The job can restart and reuses its
    /// purchases.
    #[error(
        "the stage `{0}` was run by another version of pytoon, or for another brief: run it again"
    )]
    Outdated(StageId),
    /// An internal error, which is a bug.
    #[error("{0}")]
    Internal(String),
}

impl From<VendorError> for PipelineError {
    fn from(error: VendorError) -> Self {
        Self::Engine(Box::new(error))
    }
}

impl PipelineError {
    /// Returns true if the render stopped because it was cancelled.
    pub fn is_cancelled(&self) -> bool {
        matches!(
            self,
            Self::Media(SystemError::Cancelled)
                | Self::Voice(VoiceError::Recording(SystemError::Cancelled))
                | Self::Storage(StorageError::Stopped)
        )
    }

    /// Returns the exhausted resource of this machine, if any. A retry can succeed once the resource is available
    /// again.
    pub fn shortage(&self) -> Option<Shortage> {
        match self {
            Self::Media(error) => error.shortage(),
            Self::Voice(error) => error.shortage(),
            Self::Engine(error) => error.shortage,
            Self::Storage(StorageError::File { source, .. }) => Shortage::of(source),
            // The disk of the database.
            Self::Ledger(StoreError::Full { .. }) => Some(Shortage::Disk),
            _ => None,
        }
    }

    /// Returns true if a resource is unavailable or exhausted (disk, descriptors, memory, threads, database, object
    /// store): a later retry can succeed.
    pub fn is_exhausted(&self) -> bool {
        match self {
            Self::Ledger(error) => {
                matches!(error, StoreError::Database { .. } | StoreError::Full { .. })
            }
            Self::Storage(error) => !matches!(error, StorageError::Stopped),
            _ => self.shortage().is_some(),
        }
    }

    /// Returns true if the job waits for a person's decision about a degraded film. Its finished stages are retained.
    pub fn is_held(&self) -> bool {
        matches!(self, Self::Held(_))
    }

    /// Returns true if the user's input is at fault: the brief, the configuration, the script's length, or a rejected
    /// voice request.
    pub fn is_input(&self) -> bool {
        matches!(self, Self::Input(_) | Self::TooLong(_) | Self::Voice(VoiceError::Refused { .. }))
    }
}
