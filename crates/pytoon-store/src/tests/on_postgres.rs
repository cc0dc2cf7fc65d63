//! Runs the suites on a PostgreSQL server.

use crate::Store;
use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{LazyLock, Mutex};

/// The database for each test folder, so that it can be reopened.
static DATABASES: LazyLock<Mutex<HashMap<PathBuf, String>>> = LazyLock::new(Mutex::default);

pub(super) async fn open(folder: &tempfile::TempDir) -> Store {
    let address = {
        let mut databases = DATABASES.lock().expect("whole");
        let new = || pytoon_testkit::postgres::new_database();
        databases.entry(folder.path().to_owned()).or_insert_with(new).clone()
    };
    Store::connect(&address).await.expect("connects")
}

#[path = "files.rs"]
#[expect(clippy::duplicate_mod, reason = "one suite, two databases")]
mod files;
#[path = "jobs.rs"]
#[expect(clippy::duplicate_mod, reason = "one suite, two databases")]
mod jobs;
#[path = "ledger.rs"]
#[expect(clippy::duplicate_mod, reason = "one suite, two databases")]
mod ledger;
#[path = "requeue.rs"]
#[expect(clippy::duplicate_mod, reason = "one suite, two databases")]
mod requeue;
