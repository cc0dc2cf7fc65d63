//! API keys: scopes, hashes, rows and their store.
//!
//! Guarantees: the API key itself is never stored, only its hash.

use crate::ledger::StoreFuture;
use crate::state::names;
use pytoon_vocabulary::{MicroUsd, UnixMs};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::fmt::{self, Write};
use std::time::Duration;

/// The rights of an API key. Each scope includes those before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Scope {
    /// Allows the key to read its own jobs.
    Read,
    /// Allows the key to submit and change its own jobs.
    Submit,
    /// Allows the key to read and change all jobs.
    Admin,
}

names!(Scope { Read = "read", Submit = "submit", Admin = "admin" });

/// Returns the SHA-256 of a text in hexadecimal. API keys are stored as this hash. They are long and random, so a
/// plain hash reveals nothing about them.
pub fn sha256_hex(content: impl AsRef<[u8]>) -> String {
    Sha256::digest(content).iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// A stored API key. It contains no part of the key itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyRow {
    /// The id of the key.
    pub id: String,
    /// The name of the key, which people use to identify it.
    pub name: String,
    /// The names of the key's [`Scope`]s.
    pub scopes: Vec<String>,
    /// Maximum amount that the key's jobs may spend per day (UTC).
    pub budget_per_day: Option<MicroUsd>,
    /// The time at which the key was created.
    pub created_at: UnixMs,
    /// The time at which the key was revoked, if it was.
    pub revoked_at: Option<UnixMs>,
}

/// The store of API keys. Every method is one transaction.
pub trait KeyStore: fmt::Debug + Send + Sync {
    /// Stores the row of an API key under the key's hash.
    fn key_add(&self, key: KeyRow, hash: &str) -> StoreFuture<'_, ()>;
    /// Returns the API key with the given hash; `None` if it does not exist or is revoked.
    fn key_find(&self, hash: &str) -> StoreFuture<'_, Option<KeyRow>>;
    /// Lists all API keys.
    fn key_list(&self) -> StoreFuture<'_, Vec<KeyRow>>;
    /// Sets the daily budget of the key with the given id or name. Returns false if there is no such key.
    fn key_budget(&self, name: &str, per_day: Option<MicroUsd>) -> StoreFuture<'_, bool>;
    /// Revokes the key with the given id or name. Returns false if there is no such key.
    fn key_revoke(&self, name: &str) -> StoreFuture<'_, bool>;
    /// Stores a session of an API key under the hash of the session's token, and deletes expired sessions.
    fn session_add(&self, hash: &str, key_id: &str, lifetime: Duration) -> StoreFuture<'_, ()>;
    /// Returns the API key of the session with the given hash; `None` if the session does not exist or has expired, or
    /// its key is revoked.
    fn session_find(&self, hash: &str) -> StoreFuture<'_, Option<KeyRow>>;
    /// Ends the session with the given hash, if it exists.
    fn session_end(&self, hash: &str) -> StoreFuture<'_, ()>;
}
