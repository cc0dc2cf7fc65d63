//! The stages of a film, with their inputs, results and artifacts. [`crate::film::Film`] runs them.

pub(crate) mod budget;
pub(crate) mod colours;
pub(crate) mod engines;
pub(crate) mod final_timeline;
pub(crate) mod finish;
pub(crate) mod look;
pub(crate) mod picture;
pub(crate) mod plan;
pub(crate) mod refusal;
pub(crate) mod sound;
pub(crate) mod speech;
pub(crate) mod timeline;
pub(crate) mod transcript;
pub(crate) mod voice;
pub(crate) mod voice_order;
pub(crate) mod voice_warnings;
pub(crate) mod voiced;

use crate::places::content_stamp;
use serde::Serialize;
use std::path::Path;

/// A file that a stage reads, with a hash of its content for the stage's cache key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Asset {
    pub(crate) path: String,
    /// The path, size and content hash of the file.
    stamp: String,
}

impl Asset {
    pub(crate) fn of(path: &str) -> Self {
        Self { path: path.to_owned(), stamp: content_stamp(Path::new(path)) }
    }
}
