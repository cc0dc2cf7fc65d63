//! The store of file records: files that callers uploaded, and files that were purchased.
//!
//! Guarantees: every method is one transaction; times are the database's; a file is never removed while a brief
//! names it.

use crate::ledger::StoreFuture;
use pytoon_vocabulary::UnixMs;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::time::Duration;

/// The prefix with which a brief names an uploaded file.
pub const ASSET_MARK: &str = "asset:";

/// The record of an uploaded file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AssetRow {
    /// The id of the file. A brief names the file as `asset:{id}`.
    pub id: String,
    /// The id of the API key that uploaded the file.
    pub key_id: String,
    /// The SHA-256 of the content, in hexadecimal.
    pub sha256: String,
    /// The size of the file, in bytes.
    pub size_bytes: i64,
    /// The media type as detected from the content, such as `image/png`.
    pub media_type: String,
    /// The name of the file in the storage, such as `assets/{id}.png`.
    pub file: String,
    /// The time at which the file was uploaded.
    pub created_at: UnixMs,
    /// The time at which a brief last named the file.
    pub used_at: UnixMs,
}

/// The result of an upload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Uploaded {
    /// The file is new.
    New(AssetRow),
    /// The same API key has uploaded the same content before.
    Known(AssetRow),
}

/// The name and the age of a purchased file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptFile {
    /// The name of the file in the storage, such as `clips/{call}.mp4`.
    pub file: String,
    /// The age of the file, in milliseconds.
    pub age_ms: i64,
}

/// The store of file records. Every method is one transaction.
pub trait FileStore: fmt::Debug + Send + Sync {
    /// Records an uploaded file, unless its API key has uploaded the same content before. Uses the database's time
    /// and ignores the times in `asset`.
    fn asset_add(&self, asset: AssetRow) -> StoreFuture<'_, Uploaded>;
    /// Looks up an uploaded file for a brief and sets its last use to now. With `key`, returns only a file that this
    /// API key uploaded.
    fn asset_use(&self, id: &str, key: Option<String>) -> StoreFuture<'_, Option<AssetRow>>;
    /// Reads an uploaded file that a job names, regardless of which API key uploaded it.
    fn asset_fetch(&self, id: &str) -> StoreFuture<'_, Option<AssetRow>>;
    /// Lists uploaded files that no brief has named for the duration `unused_for`.
    fn asset_list_unused(&self, unused_for: Duration) -> StoreFuture<'_, Vec<AssetRow>>;
    /// Removes the record of an uploaded file that no brief has named for the duration `unused_for`. Returns false if
    /// it was not removed.
    fn asset_remove(&self, id: &str, unused_for: Duration) -> StoreFuture<'_, bool>;
    /// Lists all purchased files.
    fn kept_file_list(&self) -> StoreFuture<'_, Vec<KeptFile>>;
    /// Removes the record of a purchased file, so that lookups no longer return it.
    fn kept_file_forget(&self, file: &str) -> StoreFuture<'_, ()>;
    /// Claims the work `name`, which only one process does at a time, for the duration `holds`. Returns true if
    /// `holder` has the claim.
    fn turn_take(&self, name: &str, holder: &str, holds: Duration) -> StoreFuture<'_, bool>;
}
