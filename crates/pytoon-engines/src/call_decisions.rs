//! A person's decisions about paid calls whose response never arrived: the call is lost, or its clip is there.
//!
//! Guarantees: a call is decided once, and never while a process works on it; a clip is checked before the ledger
//! changes, and a clip that cannot be used changes nothing.

use crate::clip_check::{ClipChecker, Expectation, Verdict};
use pytoon_config::engines::EngineConfig;
use pytoon_records::ledger::{
    CallChange, CallEvent, CallRow, CallState, KeptClip, PurchaseStore, StoreError,
};
use pytoon_storage::{Storage, StorageError};
use pytoon_vocabulary::{CallId, MicroUsd, UnixMs};
use std::fmt;
use std::future::Future;
use std::path::PathBuf;

/// The stores that a decision changes.
#[derive(Debug, Clone, Copy)]
pub struct CallDecisions<'a> {
    /// The ledger.
    pub ledger: &'a dyn PurchaseStore,
    /// The storage of clips.
    pub storage: &'a Storage,
    /// The current time.
    pub now: UnixMs,
}

/// A decision that was not recorded.
#[derive(Debug)]
pub enum DecisionError {
    /// There is no such call.
    NoSuchCall,
    /// The call cannot be decided, for this reason.
    Undecidable(String),
    /// The clip cannot be used, for this reason.
    UnusableClip(String),
    /// The ledger failed.
    Ledger(StoreError),
    /// The storage failed.
    Storage(StorageError),
}

impl fmt::Display for DecisionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoSuchCall => f.write_str("there is no such call"),
            Self::Undecidable(reason) => f.write_str(reason),
            Self::UnusableClip(reason) => write!(f, "the clip cannot be used: {reason}"),
            Self::Ledger(error) => error.fmt(f),
            Self::Storage(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for DecisionError {}

impl From<StoreError> for DecisionError {
    fn from(error: StoreError) -> Self {
        Self::Ledger(error)
    }
}

impl From<StorageError> for DecisionError {
    fn from(error: StorageError) -> Self {
        Self::Storage(error)
    }
}

impl CallDecisions<'_> {
    /// Reads a call that a person may decide: its outcome is unknown, and no process works on it.
    pub async fn find(&self, id: &CallId) -> Result<CallRow, DecisionError> {
        let row = self.ledger.call_fetch(id).await?.ok_or(DecisionError::NoSuchCall)?;
        match row.state {
            CallState::Intent if row.lease_until > self.now => {
                let reason = "a process is still working on the call: try again in a minute";
                Err(DecisionError::Undecidable(reason.to_owned()))
            }
            CallState::Intent | CallState::Unknown | CallState::Abandoned => Ok(row),
            state => {
                let reason = format!("its state is `{state}`: there is nothing to decide");
                Err(DecisionError::Undecidable(reason))
            }
        }
    }

    /// Records that the vendor charged nothing and delivered nothing.
    pub async fn mark_lost(&self, row: &CallRow) -> Result<(), DecisionError> {
        self.mark_unknown(row).await?;
        let change = CallChange { charged: Some(MicroUsd::ZERO), ..CallChange::default() };
        self.ledger.call_advance(&row.id, CallEvent::Lost, change, self.now).await?;
        Ok(())
    }

    /// Checks the clip that a person provides for a call, stores it, and records it in the ledger. `bring` writes the
    /// clip to a path.
    pub async fn keep_clip<B: Future<Output = Result<(), String>>>(
        &self,
        row: &CallRow,
        checker: &dyn ClipChecker,
        bring: impl FnOnce(PathBuf) -> B,
    ) -> Result<(), DecisionError> {
        if engine_config(row).is_none() {
            let reason = "the call bought speech, not a clip: it can only be marked as lost";
            return Err(DecisionError::Undecidable(reason.to_owned()));
        }
        let unusable = DecisionError::UnusableClip;
        let folder = self.storage.path("clips");
        tokio::fs::create_dir_all(&folder).await.map_err(|error| unusable(error.to_string()))?;
        // A second decision at the same time has a file of its own.
        let scratch = tempfile::Builder::new()
            .prefix("arrived-")
            .suffix(".mp4")
            .tempfile_in(&folder)
            .map_err(|error| unusable(error.to_string()))?
            .into_temp_path();
        bring(scratch.to_path_buf()).await.map_err(unusable)?;
        // The expected length is unknown here: any valid clip is accepted.
        let wanted = Expectation { asked_ms: 0, needed_ms: 0, is_stock: true };
        let duration_ms = match checker.check(scratch.to_path_buf(), wanted).await? {
            Verdict::Usable { duration_ms, .. } => duration_ms,
            Verdict::Unusable(reason) => return Err(unusable(reason)),
        };
        // The check removes the sound, if there is any, so the hash is that of the checked file.
        let file = format!("clips/{}.mp4", row.id);
        let path = self.storage.path(&file);
        let sha256 = tokio::task::spawn_blocking(move || {
            let sha256 = crate::file_hash(&scratch)?;
            // Temporary files are private to their creator; workers of the same group read this one.
            pytoon_process::disk::open_to_group(&scratch)?;
            scratch.persist(path).map_err(|error| error.error)?;
            Ok::<_, std::io::Error>(sha256)
        });
        let sha256 = sha256.await.map_err(std::io::Error::other).flatten();
        let sha256 = sha256.map_err(|error| unusable(error.to_string()))?;
        // Other machines look for it there.
        self.storage.keep(&file).await?;
        self.mark_unknown(row).await?;
        if row.state != CallState::Abandoned {
            let change = CallChange::default();
            self.ledger.call_advance(&row.id, CallEvent::Found, change, self.now).await?;
        }
        let clip = KeptClip {
            request_hash: row.request_hash.clone(),
            engine: row.engine.clone(),
            call_id: row.id.clone(),
            file,
            sha256,
            duration_ms,
            credit: None,
            created_at: self.now,
        };
        self.ledger.clip_keep(clip, CallChange::default()).await?;
        Ok(())
    }

    /// Marks a call in state `intent` as unknown, because the process that made it is dead.
    async fn mark_unknown(&self, row: &CallRow) -> Result<(), StoreError> {
        if row.state == CallState::Intent {
            let change = CallChange::default();
            self.ledger.call_advance(&row.id, CallEvent::NoAnswer, change, self.now).await?;
        }
        Ok(())
    }
}

/// Returns the engine's configuration at the time of a call; `None` if the call bought something else than a clip.
pub fn engine_config(row: &CallRow) -> Option<EngineConfig> {
    serde_json::from_value(row.pinned.clone()).ok()
}
