//! Runs the suites on an SQLite file.

use crate::Store;

pub(super) async fn open(folder: &tempfile::TempDir) -> Store {
    Store::open(&folder.path().join("a folder").join("pytoon.db")).await.expect("opens")
}

#[path = "files.rs"]
mod files;
#[path = "jobs.rs"]
mod jobs;
#[path = "ledger.rs"]
mod ledger;
#[path = "requeue.rs"]
mod requeue;
