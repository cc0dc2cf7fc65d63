//! What stops a render, and at which stage.

use pytoon_compositor::CompositorError;
use pytoon_config::ConfigError;
use pytoon_core::graph::StageId;
use pytoon_core::timeline::fit::TooLong;
use pytoon_engines::VendorError;
use pytoon_process::{Shortage, SystemError};
use pytoon_records::ledger::StoreError;
use pytoon_storage::StorageError;
use pytoon_voice::VoiceError;

/// A result of the pipeline.
pub type Result<T, E = PipelineError> = std::result::Result<T, E>;

/// A render that did not end with a film.
#[derive(Debug, thiserror::Error)]
pub enum PipelineError {
    /// The brief, the timeline or the configuration is wrong; the user can fix it.
    #[error(transparent)]
    Input(#[from] ConfigError),
    /// The script does not fit a film.
    #[error(transparent)]
    TooLong(#[from] TooLong),
    /// A file or a program failed.
    #[error("failed to {0}")]
    Media(#[from] SystemError),
    /// A voice failed in a way that must not be papered over.
    #[error(transparent)]
    Voice(#[from] VoiceError),
    /// A walk along the engines of a scene failed.
    #[error(transparent)]
    Engine(Box<VendorError>),
    /// Drawing failed.
    #[error("failed to draw: {0}")]
    Drawing(#[from] CompositorError),
    /// Sound could not be processed.
    #[error("failed to process the sound: {0}")]
    Audio(#[from] pytoon_audio::AudioError),
    /// What is kept could not be fetched or sent.
    #[error("failed to {0}")]
    Storage(#[from] StorageError),
    /// The ledger failed.
    #[error("failed to open the ledger: {0}")]
    Ledger(#[from] StoreError),
    /// Scenes or the voice fell back, and the brief wants no such film.
    #[error("{0}; on_degrade is `fail`, so the job fails instead of delivering a degraded film")]
    Degraded(String),
    /// Scenes or the voice fell back, and the brief wants to wait.
    #[error("the job is held, because on_degrade is `hold`; `pytoon resume` continues it: {0}")]
    Held(String),
    /// A stage that must be done before is not done.
    #[error("the stage `{0}` has to run for this brief first")]
    NotReady(StageId),
    /// A stage was done by another version of this program, or for another brief; the job can start
    /// over and uses what it has.
    #[error("the stage `{0}` was run by another version of pytoon, or for another brief")]
    Outdated(StageId),
    /// Something that should not happen did.
    #[error("{0}")]
    Internal(String),
}

impl From<VendorError> for PipelineError {
    fn from(error: VendorError) -> Self {
        Self::Engine(Box::new(error))
    }
}

impl PipelineError {
    /// Whether the user gave up.
    pub fn is_cancelled(&self) -> bool {
        matches!(
            self,
            Self::Media(SystemError::Cancelled)
                | Self::Voice(VoiceError::Recording(SystemError::Cancelled))
                | Self::Storage(StorageError::Stopped)
        )
    }

    /// Returns the thing of this machine that ran out: the same goes well once there is some again.
    pub fn shortage(&self) -> Option<Shortage> {
        match self {
            Self::Media(error) => error.shortage(),
            Self::Voice(error) => error.shortage(),
            Self::Engine(error) => error.shortage,
            Self::Storage(StorageError::File { source, .. }) => Shortage::of(source),
            // The database's disk.
            Self::Ledger(StoreError::Full { .. }) => Some(Shortage::Disk),
            _ => None,
        }
    }

    /// Returns true if something that work needs is away or used up (disk, descriptors, memory,
    /// threads, database, object store): the same goes well later.
    pub fn is_exhausted(&self) -> bool {
        match self {
            Self::Ledger(error) => {
                matches!(error, StoreError::Database { .. } | StoreError::Full { .. })
            }
            Self::Storage(error) => !matches!(error, StorageError::Stopped),
            _ => self.shortage().is_some(),
        }
    }

    /// Whether the work is kept for a later run.
    pub fn is_held(&self) -> bool {
        matches!(self, Self::Held(_))
    }

    /// Whether the user's input is at fault, as opposed to the machine.
    pub fn is_input(&self) -> bool {
        matches!(self, Self::Input(_) | Self::TooLong(_) | Self::Voice(VoiceError::Refused { .. }))
    }
}
