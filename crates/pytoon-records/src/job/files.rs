//! The seam behind which it is known what files there are: uploads of callers, and what was bought.
//!
//! Guarantees: every method is one transaction; times are the database's; a file that is named in a
//! brief at one moment is not given up at the same.

use crate::ledger::StoreFuture;
use pytoon_vocabulary::UnixMs;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::time::Duration;

/// How a brief names an uploaded file.
pub const ASSET_MARK: &str = "asset:";

/// An uploaded file as kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AssetRow {
    /// Its id; a brief names it `asset:{id}`.
    pub id: String,
    /// The API key that uploaded it.
    pub key_id: String,
    /// SHA-256 of its content in hex.
    pub sha256: String,
    /// Its size in bytes.
    pub size_bytes: i64,
    /// What it is by its content, such as `image/png`.
    pub media_type: String,
    /// Its name where files are kept, such as `assets/{id}.png`.
    pub file: String,
    /// When it was uploaded.
    pub created_at: UnixMs,
    /// When a brief last named it.
    pub used_at: UnixMs,
}

/// What came of an upload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Uploaded {
    /// It is a new file.
    New(AssetRow),
    /// The same key uploaded the same content before.
    Known(AssetRow),
}

/// A file that was bought.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptFile {
    /// Its name where files are kept, such as `clips/{call}.mp4`.
    pub file: String,
    /// How long it has been kept, in milliseconds.
    pub age_ms: i64,
}

/// Where it is known what files there are. Every method is one atomic step.
pub trait FileStore: fmt::Debug + Send + Sync {
    /// Writes down an uploaded file, unless its key has the same content already. The times of the
    /// row given do not count.
    fn asset_add(&self, asset: AssetRow) -> StoreFuture<'_, Uploaded>;
    /// Finds an uploaded file for a brief, as one that is used now. With `key`, only one that this
    /// key uploaded.
    fn asset_use(&self, id: &str, key: Option<String>) -> StoreFuture<'_, Option<AssetRow>>;
    /// The uploaded file that a job names, whoever asks.
    fn asset_fetch(&self, id: &str) -> StoreFuture<'_, Option<AssetRow>>;
    /// Files that no brief has named for so long.
    fn asset_list_unused(&self, unused_for: Duration) -> StoreFuture<'_, Vec<AssetRow>>;
    /// Gives up a file that no brief has named for so long; whether it did.
    fn asset_remove(&self, id: &str, unused_for: Duration) -> StoreFuture<'_, bool>;
    /// All files that were bought and are known.
    fn kept_list(&self) -> StoreFuture<'_, Vec<KeptFile>>;
    /// Forgets a file that was bought: nobody finds it from now on.
    fn kept_forget(&self, file: &str) -> StoreFuture<'_, ()>;
    /// Takes a turn at what one process does at a time, for so long; whether it is ours.
    fn turn_take(&self, name: &str, holder: &str, holds: Duration) -> StoreFuture<'_, bool>;
}
