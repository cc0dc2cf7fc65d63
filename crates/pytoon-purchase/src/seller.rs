//! The vendor-specific side of a purchase.

use pytoon_config::engines::Backoff;
use pytoon_records::ledger::{CallRow, KeptClip};
use pytoon_vendor::{Result, VendorError, VendorFuture};
use pytoon_vocabulary::{CallId, MicroUsd};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::path::Path;
use std::time::Duration;

/// The kind of response that a vendor returns to a paid call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answering {
    /// The response contains the goods. There is nothing to poll: a call without a response is lost, and is not
    /// repeated within its job.
    AtOnce,
    /// The response names a task, which is polled. A call without a response can be looked up at the vendor.
    ByTask {
        /// The delay after which a lookup is conclusive: a call that it does not find never arrived. `None` if calls
        /// cannot be looked up.
        lookup_settles: Option<Duration>,
    },
}

/// The terms that apply to purchases from a vendor.
#[derive(Debug, Clone)]
pub struct Terms {
    /// The kind of response to a paid call.
    pub answering: Answering,
    /// The duration of the lease on a call's row before its response arrives.
    pub intent_lease: Duration,
    /// Maximum time to wait for a free slot of the vendor, and for a task after its start.
    pub patience: Duration,
    /// Maximum time that a task may make no progress.
    pub stall: Duration,
    /// The interval between two polls of a task.
    pub poll_interval: Duration,
    /// The interval between two checks of a busy vendor, or of another process's purchase of the same goods.
    pub recheck: Duration,
    /// The pauses between attempts.
    pub backoff: Backoff,
    /// True if the vendor charges for content that it rejects after acceptance.
    pub refusal_charged: bool,
    /// True if the vendor charges for tasks that it agreed to cancel.
    pub cancel_charged: bool,
}

/// A vendor's task, in its stored form.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Task {
    /// The vendor's id of the task.
    pub id: String,
    /// Other data that the adapter needs, such as the URLs in the reply.
    #[serde(default)]
    pub data: Value,
}

/// The response to a paid call.
#[derive(Debug)]
pub enum Answer<O> {
    /// The vendor accepted the call as a task.
    Task(Task),
    /// The response contains the goods, or their location.
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
        /// The progress from 0 to 1, if the vendor reports it.
        progress: Option<f64>,
        /// A status that the vendor does not document, for the log.
        unknown_status: Option<String>,
    },
    /// The task is finished.
    Succeeded {
        /// The goods, or their location.
        output: O,
        /// The cost of the task, if the vendor reports it.
        cost: Option<MicroUsd>,
    },
    /// The task ended without goods.
    Failed(VendorError),
}

/// The response to a cancel request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cancelled {
    /// The vendor confirmed the cancellation: nothing will arrive.
    Yes,
    /// The vendor received the request but may finish the task anyway.
    Asked,
    /// The task had already ended.
    TooLate,
    /// The vendor has no cancel endpoint.
    Unsupported,
}

/// The result of looking up a call whose response never arrived.
#[derive(Debug, Clone, PartialEq)]
pub enum Lookup {
    /// The call arrived and created this task.
    Found(Task),
    /// The vendor has no such call.
    Absent,
    /// The vendor cannot tell if the call arrived.
    CannotSay,
}

/// The hash, the credit line and the cost of goods that were downloaded to disk.
#[derive(Debug, Clone, PartialEq)]
pub struct Fetched {
    /// The SHA-256 of the file, in hexadecimal.
    pub sha256: String,
    /// The credit line of the goods, if the source requires one.
    pub credit: Option<String>,
    /// The cost of the goods, if the vendor reports it.
    pub cost: Option<MicroUsd>,
}

/// The result of checking goods on disk.
#[derive(Debug, Clone, PartialEq)]
pub enum Verdict {
    /// The goods can be used.
    Usable {
        /// The length of the goods, in milliseconds.
        duration_ms: i64,
        /// True if the check rewrote the file, for example to remove its audio.
        changed: bool,
    },
    /// The goods cannot be used; the value is the reason.
    Unusable(String),
}

/// The vendor-specific side of one purchase: a vendor together with one request.
pub trait Seller: Sized + Send + Sync {
    /// A prepared request, which has cost nothing so far.
    type Prepared: Send + Sync;
    /// The location of finished goods, or the goods themselves.
    type Output: Send + Sync;
    /// The type of the goods, such as a clip or spoken text, in the form that the film uses.
    type Goods: Send;

    /// Returns the vendor's terms.
    fn terms(&self) -> &Terms;

    /// Returns the seller that handles an earlier call, with the configuration block of that call.
    ///
    /// # Errors
    /// Returns an error if no seller can handle the call now.
    fn answering_for(&self, row: &CallRow) -> Result<Self>;

    /// Does the free work before a call, such as uploads. `call_id` is the id of the later call.
    fn prepare(&self, call_id: &CallId) -> impl VendorFuture<Self::Prepared>;

    /// Makes the one call that costs money.
    fn submit(&self, prepared: &Self::Prepared) -> impl VendorFuture<Answer<Self::Output>>;

    /// Returns the state of a task.
    fn poll(&self, task: &Task) -> impl VendorFuture<TaskState<Self::Output>>;

    /// Asks the vendor about a call whose response never arrived.
    fn look_up(&self, row: &CallRow) -> impl VendorFuture<Lookup>;

    /// Asks the vendor to stop a task.
    fn cancel(&self, task: &Task) -> impl VendorFuture<Cancelled>;

    /// Returns the path at which the goods of a call are stored, relative to the storage folder.
    fn file(&self, row: &CallRow) -> String;

    /// Downloads or writes goods to a file. The file is complete or absent.
    fn fetch(&self, output: &Self::Output, path: &Path) -> impl VendorFuture<Fetched>;

    /// Checks the goods in their file, and repairs the file where possible.
    fn check(&self, path: &Path) -> impl VendorFuture<Verdict>;

    /// Reads the goods from their file; `None` if the file is incomplete. `kept` is the record of the stored goods,
    /// if there is one.
    ///
    /// # Errors
    /// Returns an error if the file cannot be read.
    fn open(&self, kept: Option<&KeptClip>, path: &Path) -> std::io::Result<Option<Self::Goods>>;

    /// Returns the goods that a response contained; `None` if it contains only their location.
    fn at_hand(&self, output: Self::Output) -> Option<Self::Goods>;
}
