//! The handles that a render uses.

use crate::engine_session::EngineSession;
use pytoon_config::Config;
use pytoon_media::fonts::FontFinder;
use pytoon_process::{Runner, SystemError, disk};
use pytoon_records::ledger::Fence;
use pytoon_voice::tts::neural::Voices;
use std::path::Path;
use std::sync::Arc;

/// The handles and the configuration that a render uses.
#[derive(Clone)]
pub struct Environment {
    /// The configuration of this process.
    pub config: Config,
    /// The runner of external programs, such as FFmpeg.
    pub runner: Runner,
    /// The finder of font files.
    pub fonts: FontFinder,
    /// The loaded neural voices.
    pub voices: Arc<Voices>,
    /// The configured engines.
    pub engines: Arc<EngineSession>,
    /// The receiver of the render's progress.
    pub progress: Arc<dyn ProgressSink>,
    /// True if purchases are allowed; false for a plan.
    pub buys: bool,
    /// True if the job resumes an existing film, finished or not. The film then keeps its voice.
    pub keeps_voice: bool,
    /// The lease under which a worker holds its task; `None` if no other process can hold it.
    pub claim: Option<Fence>,
    /// The id of the service's API key that is charged for voices; `None` for the key that submitted the job, if there
    /// is one.
    pub caller: Option<String>,
    /// The function that returns the current time as RFC 3339, for the receipt.
    pub clock: fn() -> String,
}

impl Environment {
    /// Returns an error if the free disk space is known to be less than `limits.min_free_disk_mib`.
    pub fn check_room(&self, folder: &Path) -> Result<(), SystemError> {
        let needed_mib = self.config.settings.limits.min_free_disk_mib;
        match disk::free_bytes(folder).map(|bytes| bytes >> 20) {
            Some(free_mib) if free_mib < needed_mib => {
                Err(SystemError::NoRoom { path: folder.to_owned(), free_mib, needed_mib })
            }
            _ => Ok(()),
        }
    }

    /// Returns the number of drawing threads: the configured number, at most 64, or one per core if that number is 0.
    pub fn threads(&self) -> usize {
        match self.config.engines.engines.local.threads {
            0 => std::thread::available_parallelism().map_or(2, usize::from),
            threads => threads.min(64),
        }
    }
}

/// A receiver of the progress of a render.
pub trait ProgressSink: Send + Sync {
    /// Reports that a stage began.
    fn stage(&self, name: &str);
    /// Reports that `done` of `total` frames are drawn. Frames of reused chunks are included.
    fn frames(&self, done: i64, total: i64);
}

/// A sink that discards progress.
#[derive(Debug, Clone, Copy)]
pub struct NoProgress;

impl ProgressSink for NoProgress {
    fn stage(&self, _: &str) {}
    fn frames(&self, _: i64, _: i64) {}
}
