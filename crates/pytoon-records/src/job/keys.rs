//! API keys: scopes, hashes, rows and their store.
//!
//! Guarantees: the key itself is kept nowhere, only its hash.

use crate::ledger::StoreFuture;
use crate::state::names;
use pytoon_vocabulary::{MicroUsd, UnixMs};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::fmt::{self, Write};

/// The rights of a key. Each scope includes those before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Scope {
    /// Reads its own jobs.
    Read,
    /// Submits and changes its own jobs.
    Submit,
    /// Reads and changes all jobs.
    Admin,
}

names!(Scope { Read = "read", Submit = "submit", Admin = "admin" });

/// Returns the SHA-256 of a text in hex. API keys are kept by it: they are long and random, so that a
/// plain hash gives nothing away.
pub fn sha256_hex(key: &str) -> String {
    Sha256::digest(key.as_bytes()).iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// An API key as kept: of the key itself only a hash.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyRow {
    /// Its id.
    pub id: String,
    /// Its name for people.
    pub name: String,
    /// The names of its [`Scope`]s.
    pub scopes: Vec<String>,
    /// Maximum spend of its jobs in a day (UTC).
    pub budget_per_day: Option<MicroUsd>,
    /// The time of its creation.
    pub created_at: UnixMs,
    /// The time of its revocation.
    pub revoked_at: Option<UnixMs>,
}

/// Keeps API keys. Every method is one transaction.
pub trait KeyStore: fmt::Debug + Send + Sync {
    /// Keeps an API key by its hash.
    fn key_add(&self, key: KeyRow, hash: &str) -> StoreFuture<'_, ()>;
    /// Finds a key by its hash, unless it is revoked.
    fn key_find(&self, hash: &str) -> StoreFuture<'_, Option<KeyRow>>;
    /// Lists all keys.
    fn key_list(&self) -> StoreFuture<'_, Vec<KeyRow>>;
    /// Sets the daily budget of a key, by its id or name. Returns false if there is no such key.
    fn key_budget(&self, name: &str, per_day: Option<MicroUsd>) -> StoreFuture<'_, bool>;
    /// Revokes a key by its id or name. Returns false if there is no such key.
    fn key_revoke(&self, name: &str) -> StoreFuture<'_, bool>;
}
