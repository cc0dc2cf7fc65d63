//! The versions of a job's film: each publication is one, and stays when the film is made again.

use crate::ledger::StoreFuture;
use pytoon_vocabulary::{JobId, UnixMs};
use serde_json::Value;
use std::fmt;

/// A published version of a film.
#[derive(Debug, Clone, PartialEq)]
pub struct FilmVersion {
    /// The number of the version: 1 for the first publication.
    pub version: u32,
    /// The name that a person gave it; empty without one.
    pub name: String,
    /// The brief from which the version was made.
    pub brief: Value,
    /// The time of the publication.
    pub created_at: UnixMs,
}

/// The store of film versions.
pub trait VersionStore: fmt::Debug + Send + Sync {
    /// Lists the versions of a job, the latest first.
    fn version_list(&self, id: &JobId) -> StoreFuture<'_, Vec<FilmVersion>>;
    /// Names a version. Returns false if it does not exist.
    fn version_name(&self, id: &JobId, version: u32, name: &str) -> StoreFuture<'_, bool>;
}

/// Returns the name of a version's folder in the folder of its job.
pub fn version_folder(version: u32) -> String {
    format!("versions/{version:03}")
}
