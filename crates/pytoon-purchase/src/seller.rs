//! The vendor's side of a purchase.

use pytoon_config::engines::Backoff;
use pytoon_records::ledger::{CallRow, KeptClip};
use pytoon_vendor::{Result, VendorError, VendorFuture};
use pytoon_vocabulary::{CallId, MicroUsd};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::path::Path;
use std::time::Duration;

/// The way in which a vendor answers a paid call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answering {
    /// By the goods themselves. There is nothing to ask after: a call whose answer did not come is
    /// lost, and is not made again within its job.
    AtOnce,
    /// By a task that is polled. The vendor may be asked for a call whose answer did not come.
    ByTask {
        /// Time after a call from which the vendor's "no such call" proves that it never arrived; `None`
        /// where calls cannot be looked up.
        lookup_settles: Option<Duration>,
    },
}

/// The terms on which a vendor is dealt with.
#[derive(Debug, Clone)]
pub struct Terms {
    /// The way in which it answers.
    pub answering: Answering,
    /// The lease of a row without an answer.
    pub intent_lease: Duration,
    /// The longest wait for a place at the vendor, and for a task from its start.
    pub patience: Duration,
    /// The longest time that a task may stand still.
    pub stall: Duration,
    /// The time between two looks at a task.
    pub poll_interval: Duration,
    /// The time between two looks at another process's purchase of the same.
    pub recheck: Duration,
    /// The pauses between attempts.
    pub backoff: Backoff,
    /// True if the vendor charges what it refuses after it took it on.
    pub refusal_charged: bool,
    /// True if the vendor charges what it agreed to cancel.
    pub cancel_charged: bool,
}

/// A vendor's task, as it is stored.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Task {
    /// The vendor's id.
    pub id: String,
    /// What else the adapter needs, such as the addresses of the reply.
    #[serde(default)]
    pub data: Value,
}

/// The answer to a paid call.
#[derive(Debug)]
pub enum Answer<O> {
    /// The vendor is at work.
    Task(Task),
    /// Here it is.
    Delivered(O),
}

/// The state of a vendor's task.
#[derive(Debug, Clone)]
pub enum TaskState<O> {
    /// It waits at the vendor's.
    Queued {
        /// Anything that changes as the queue moves on, such as a position.
        mark: Option<String>,
    },
    /// It is being worked on.
    Running {
        /// From 0 to 1, where the vendor says.
        progress: Option<f64>,
        /// A status that the vendor does not document, for the log.
        unknown_status: Option<String>,
    },
    /// It is done.
    Succeeded {
        /// The place of the goods.
        output: O,
        /// The cost that the vendor reports.
        cost: Option<MicroUsd>,
    },
    /// It ended without goods.
    Failed(VendorError),
}

/// The answer to a cancel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cancelled {
    /// The vendor agreed: nothing will come.
    Yes,
    /// The vendor was told and may finish it all the same.
    Asked,
    /// It had ended before.
    TooLate,
    /// The vendor knows no cancelling.
    Unsupported,
}

/// The answer to a lookup of a call whose answer never came.
#[derive(Debug, Clone, PartialEq)]
pub enum Lookup {
    /// It arrived.
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
    /// The author to be credited.
    pub credit: Option<String>,
    /// The cost that the vendor reports.
    pub cost: Option<MicroUsd>,
}

/// The result of checking goods on our disk.
#[derive(Debug, Clone, PartialEq)]
pub enum Verdict {
    /// They can be used.
    Usable {
        /// Their length in milliseconds.
        duration_ms: i64,
        /// True if the check changed the file.
        changed: bool,
    },
    /// They cannot, and why.
    Unusable(String),
}

/// One vendor, asked for one thing.
pub trait Seller: Sized + Send + Sync {
    /// A request that has cost nothing so far.
    type Prepared: Send + Sync;
    /// The place of finished goods, or the goods themselves.
    type Output: Send + Sync;
    /// The goods as the film uses them.
    type Goods: Send;

    /// Returns the terms.
    fn terms(&self) -> &Terms;

    /// Returns the seller that answers for an earlier call: the block and the key that bought it.
    ///
    /// # Errors
    /// If nobody can answer for it now.
    fn answering_for(&self, row: &CallRow) -> Result<Self>;

    /// Does what is free, under the id that the call will have.
    fn prepare(&self, call_id: &CallId) -> impl VendorFuture<Self::Prepared>;

    /// Makes the one call that costs money.
    fn submit(&self, prepared: &Self::Prepared) -> impl VendorFuture<Answer<Self::Output>>;

    /// Asks for the state of a task.
    fn poll(&self, task: &Task) -> impl VendorFuture<TaskState<Self::Output>>;

    /// Asks the vendor for a call whose answer never came.
    fn look_up(&self, row: &CallRow) -> impl VendorFuture<Lookup>;

    /// Asks the vendor to stop.
    fn cancel(&self, task: &Task) -> impl VendorFuture<Cancelled>;

    /// Returns the file that the goods of a call are kept in, relative to the storage folder.
    fn file(&self, row: &CallRow) -> String;

    /// Puts goods into a file, which is there whole or not at all.
    fn fetch(&self, output: &Self::Output, path: &Path) -> impl VendorFuture<Fetched>;

    /// Checks goods in their file, and makes them fit for use there.
    fn check(&self, path: &Path) -> impl VendorFuture<Verdict>;

    /// Reads goods from their file; `None` where it does not hold them whole. Without a record of
    /// what was kept the file alone decides.
    ///
    /// # Errors
    /// If the file cannot be read.
    fn open(&self, kept: Option<&KeptClip>, path: &Path) -> std::io::Result<Option<Self::Goods>>;

    /// Returns the goods that an answer delivered; `None` where an answer only says where they are.
    fn at_hand(&self, output: Self::Output) -> Option<Self::Goods>;
}
