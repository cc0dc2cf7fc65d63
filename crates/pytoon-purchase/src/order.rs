//! An order, its result, and the state of a purchase between two checks.

use crate::seller::Task;
use pytoon_records::ledger::{CallLimits, CallRow, Fence, StoreError};
use pytoon_vendor::{Result, VendorError, VendorErrorKind};
use pytoon_vocabulary::{CallId, JobId, MicroUsd, SceneId, UnixMs};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// An order for goods, such as a clip, from one vendor, on behalf of the job that pays.
#[derive(Debug, Clone, Default)]
pub struct Order {
    /// The id of the job that pays.
    pub job_id: JobId,
    /// The scene, or the voice or transcript, that needs the goods.
    pub scene_id: SceneId,
    /// The name of the vendor, as used in configuration, metrics and ledger.
    pub vendor: String,
    /// The operation, as a phrase that completes "failed to …".
    pub operation: &'static str,
    /// The hash of the request. Requests with equal hashes order the same goods.
    pub request_hash: String,
    /// The prompt in the form in which it is sent.
    pub prompt: String,
    /// A fingerprint of the API key that pays; never the key itself.
    pub key_id: String,
    /// The id of the service's API key that is charged; `None` for the key that submitted the job, if there is one.
    pub caller: Option<String>,
    /// The vendor's configuration block, with which the call is followed later.
    pub pinned: serde_json::Value,
    /// The estimated cost, from the price table.
    pub estimated: MicroUsd,
    /// The budgets and rate limits of the call.
    pub limits: CallLimits,
    /// The lease under which the purchase is made; `None` if no other process works on the job.
    pub fence: Option<Fence>,
    /// The job's deadline. No call is made at or after this time. `None` for no deadline.
    pub deadline: Option<UnixMs>,
}

impl Order {
    /// Converts a ledger error to a failure of the order.
    pub(crate) fn map_ledger_error<T>(&self, said: Result<T, StoreError>) -> Result<T> {
        said.map_err(|error| ledger_error(&self.vendor, &error))
    }

    /// Creates a failure of this order.
    pub(crate) fn error(&self, kind: VendorErrorKind, message: impl Into<String>) -> VendorError {
        VendorError::new(&self.vendor, self.operation, kind, message)
    }
}

/// The state of a purchase between two checks; empty before the first.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct PurchaseMemo {
    /// The vendor's task that the purchase follows.
    pub task: Option<TaskProgress>,
    /// The time until which the purchase waits for a slot of a busy vendor.
    pub place_until: Option<UnixMs>,
}

/// The last known progress of a vendor's task.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TaskProgress {
    /// The id of the call that paid for the task.
    pub call: CallId,
    /// True if this purchase made the call; false if it joined a call in progress.
    pub is_own: bool,
    pub(crate) began: UnixMs,
    pub(crate) moved: UnixMs,
    pub(crate) mark: String,
    pub(crate) said_unknown: bool,
}

impl TaskProgress {
    pub(crate) fn note(&mut self, now: UnixMs, mark: String) {
        if mark != self.mark {
            self.mark = mark;
            self.moved = now;
        }
    }
}

impl PurchaseMemo {
    /// Returns the progress of a call's task; a new one if another task was followed before.
    pub(crate) fn follow(&mut self, call: &CallId, now: UnixMs) -> &mut TaskProgress {
        let known = self.task.take().filter(|task| task.call == *call);
        self.task.insert(known.unwrap_or_else(|| TaskProgress {
            call: call.clone(),
            began: now,
            moved: now,
            ..TaskProgress::default()
        }))
    }

    /// Returns true if the task of this call was the last one followed.
    pub(crate) fn is_following(&self, call: &CallId) -> bool {
        self.task.as_ref().is_some_and(|task| task.call == *call)
    }
}

/// The goods of an order, with their cost.
#[derive(Debug)]
pub struct Obtained<G> {
    /// The goods, in the form that the film uses.
    pub goods: G,
    /// The amount charged for this purchase.
    pub charged: MicroUsd,
    /// True if an earlier purchase paid for the goods.
    pub reused: bool,
}

impl<G> Obtained<G> {
    pub(crate) fn from_stored(goods: G) -> Self {
        Self { goods, charged: MicroUsd::ZERO, reused: true }
    }
}

/// The early end of a purchase: a failure, or a wait until the next check.
#[derive(Debug)]
pub enum Stop {
    /// The purchase failed.
    Failed(VendorError),
    /// The purchase must wait this long before the next check.
    Later(Duration),
}

impl From<VendorError> for Stop {
    fn from(error: VendorError) -> Self {
        Self::Failed(error)
    }
}

/// Creates the failure for an error of the ledger, without which no call may be made.
pub fn ledger_error(vendor: &str, error: &StoreError) -> VendorError {
    VendorError::new(vendor, "use the ledger", VendorErrorKind::Ledger, error.to_string())
}

/// Returns the vendor's task in a call's row; `None` if there is none.
pub fn stored_task(row: &CallRow) -> Option<Task> {
    serde_json::from_value(row.task.clone()?).ok()
}

/// Creates the failure of an order whose earlier call may or may not have been accepted.
pub(crate) fn undecided_error(order: &Order, row: &CallRow) -> VendorError {
    let id = &row.id;
    let message = format!(
        "call {id} for the same request has no response yet: resolve it with `pytoon ledger \
         resolve {id}`"
    );
    order.error(VendorErrorKind::Undecided, message)
}
