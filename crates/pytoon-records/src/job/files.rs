//! The store of file records: uploads of callers, and purchases.
//!
//! Guarantees: every method is one transaction; times are the database's; a file is never removed while a brief
//! names it.

use crate::ledger::StoreFuture;
use pytoon_vocabulary::UnixMs;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::time::Duration;

/// The prefix by which a brief names an uploaded file.
pub const ASSET_MARK: &str = "asset:";

/// The record of an uploaded file.
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
    /// Its media type by its content, such as `image/png`.
    pub media_type: String,
    /// Its name in the storage, such as `assets/{id}.png`.
    pub file: String,
    /// The time of its upload.
    pub created_at: UnixMs,
    /// The time when a brief last named it.
    pub used_at: UnixMs,
}

/// The result of an upload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Uploaded {
    /// A new file.
    New(AssetRow),
    /// The same key uploaded the same content before.
    Known(AssetRow),
}

/// A file that was bought.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptFile {
    /// Its name in the storage, such as `clips/{call}.mp4`.
    pub file: String,
    /// Its age, in milliseconds.
    pub age_ms: i64,
}

/// Stores the records of files. Every method is one transaction.
pub trait FileStore: fmt::Debug + Send + Sync {
    /// Records an uploaded file, unless its key has the same content already. The times of the given row are
    /// ignored.
    fn asset_add(&self, asset: AssetRow) -> StoreFuture<'_, Uploaded>;
    /// Finds an uploaded file for a brief, and marks it as used now. With `key`, only one that this key uploaded.
    fn asset_use(&self, id: &str, key: Option<String>) -> StoreFuture<'_, Option<AssetRow>>;
    /// Reads an uploaded file that a job names, regardless of the caller.
    fn asset_fetch(&self, id: &str) -> StoreFuture<'_, Option<AssetRow>>;
    /// Lists files that no brief has named for this time.
    fn asset_list_unused(&self, unused_for: Duration) -> StoreFuture<'_, Vec<AssetRow>>;
    /// Removes a file that no brief has named for this time. Returns false if it was not removed.
    fn asset_remove(&self, id: &str, unused_for: Duration) -> StoreFuture<'_, bool>;
    /// Lists all files that were bought.
    fn kept_list(&self) -> StoreFuture<'_, Vec<KeptFile>>;
    /// Forgets a file that was bought: it is not found from now on.
    fn kept_forget(&self, file: &str) -> StoreFuture<'_, ()>;
    /// Takes a turn at work that one process does at a time, for this time. Returns true if the caller has it.
    fn turn_take(&self, name: &str, holder: &str, holds: Duration) -> StoreFuture<'_, bool>;
}
