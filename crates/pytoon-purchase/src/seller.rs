//! The vendor's side of a purchase.

use pytoon_config::engines::Backoff;
use pytoon_records::ledger::{CallRow, KeptClip};
use pytoon_vendor::{Result, VendorError, VendorFuture};
use pytoon_vocabulary::{CallId, MicroUsd};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::path::Path;
use std::time::Duration;

/// The way a vendor answers a paid call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answering {
    /// By the goods themselves. There is nothing to poll: a call without an answer is lost, and is not repeated
    /// within its job.
    AtOnce,
    /// By a task that is polled. The vendor may be asked about a call without an answer.
    ByTask {
        /// The time after a call from which the vendor's "no such call" proves that it never arrived; `None` if
        /// calls cannot be looked up.
        lookup_settles: Option<Duration>,
    },
}

/// The terms of a vendor.
#[derive(Debug, Clone)]
pub struct Terms {
    /// The way it answers.
    pub answering: Answering,
    /// The lease of a row without an answer.
    pub intent_lease: Duration,
    /// Maximum wait for a slot of the vendor, and for a task from its start.
    pub patience: Duration,
    /// Maximum time without progress of a task.
    pub stall: Duration,
    /// The interval between two looks at a task.
    pub poll_interval: Duration,
    /// The interval between two looks at another process's purchase of the same goods.
    pub recheck: Duration,
    /// The pauses between attempts.
    pub backoff: Backoff,
    /// True if the vendor charges for content that it rejects after acceptance.
    pub refusal_charged: bool,
    /// True if the vendor charges for tasks that it agreed to cancel.
    pub cancel_charged: bool,
}

/// A vendor's task, as it is stored.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Task {
    /// The vendor's id.
    pub id: String,
    /// Other data of the adapter, such as the addresses in the reply.
    #[serde(default)]
    pub data: Value,
}

/// The answer to a paid call.
#[derive(Debug)]
pub enum Answer<O> {
    /// The vendor is working on it.
    Task(Task),
    /// The goods, or their place.
    Delivered(O),
}

/// The state of a vendor's task.
#[derive(Debug, Clone)]
pub enum TaskState<O> {
    /// The task waits in the vendor's queue.
    Queued {
        /// Any value that changes as the queue advances, such as a position.
        mark: Option<String>,
    },
    /// The task is in progress.
    Running {
        /// From 0 to 1, if the vendor reports it.
        progress: Option<f64>,
        /// A status that the vendor does not document, for the log.
        unknown_status: Option<String>,
    },
    /// The task is finished.
    Succeeded {
        /// The place of the goods.
        output: O,
        /// The cost that the vendor reports.
        cost: Option<MicroUsd>,
    },
    /// The task ended without goods.
    Failed(VendorError),
}

/// The answer to a cancel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cancelled {
    /// The vendor agreed: nothing will arrive.
    Yes,
    /// The vendor was told and may finish the task anyway.
    Asked,
    /// The task had already ended.
    TooLate,
    /// The vendor has no cancel.
    Unsupported,
}

/// The result of a lookup of a call whose answer never came.
#[derive(Debug, Clone, PartialEq)]
pub enum Lookup {
    /// The call arrived.
    Found(Task),
    /// The vendor has no such call.
    Absent,
    /// The vendor cannot say.
    CannotSay,
}

/// Goods on our disk.
#[derive(Debug, Clone, PartialEq)]
pub struct Fetched {
    /// SHA-256 of the file in hex.
    pub sha256: String,
    /// The credit line, if the source requires one.
    pub credit: Option<String>,
    /// The cost that the vendor reports.
    pub cost: Option<MicroUsd>,
}

/// The result of a check of goods on our disk.
#[derive(Debug, Clone, PartialEq)]
pub enum Verdict {
    /// They can be used.
    Usable {
        /// Their length in milliseconds.
        duration_ms: i64,
        /// True if the check changed the file.
        changed: bool,
    },
    /// They cannot be used, for this reason.
    Unusable(String),
}

/// One vendor with a request for one thing.
pub trait Seller: Sized + Send + Sync {
    /// A request that has cost nothing so far.
    type Prepared: Send + Sync;
    /// The place of finished goods, or the goods themselves.
    type Output: Send + Sync;
    /// The goods as the film uses them.
    type Goods: Send;

    /// Returns the terms.
    fn terms(&self) -> &Terms;

    /// Returns the seller that handles an earlier call: the block and the key that bought it.
    ///
    /// # Errors
    /// If no seller can handle it now.
    fn answering_for(&self, row: &CallRow) -> Result<Self>;

    /// Does the free work, under the id of the later call.
    fn prepare(&self, call_id: &CallId) -> impl VendorFuture<Self::Prepared>;

    /// Makes the one call that costs money.
    fn submit(&self, prepared: &Self::Prepared) -> impl VendorFuture<Answer<Self::Output>>;

    /// Returns the state of a task.
    fn poll(&self, task: &Task) -> impl VendorFuture<TaskState<Self::Output>>;

    /// Looks up a call whose answer never came.
    fn look_up(&self, row: &CallRow) -> impl VendorFuture<Lookup>;

    /// Asks the vendor to stop a task.
    fn cancel(&self, task: &Task) -> impl VendorFuture<Cancelled>;

    /// Returns the file that the goods of a call are kept in, relative to the storage folder.
    fn file(&self, row: &CallRow) -> String;

    /// Writes goods to a file, which is complete or absent.
    fn fetch(&self, output: &Self::Output, path: &Path) -> impl VendorFuture<Fetched>;

    /// Checks goods in their file, and makes them usable there.
    fn check(&self, path: &Path) -> impl VendorFuture<Verdict>;

    /// Reads goods from their file; `None` if it is incomplete. Without a record of the kept goods the file alone
    /// decides.
    ///
    /// # Errors
    /// If the file cannot be read.
    fn open(&self, kept: Option<&KeptClip>, path: &Path) -> std::io::Result<Option<Self::Goods>>;

    /// Returns the goods that an answer delivered; `None` if an answer only contains their place.
    fn at_hand(&self, output: Self::Output) -> Option<Self::Goods>;
}
