//! An order, the memo of a purchase between looks, and its end.

use crate::seller::Task;
use pytoon_records::ledger::{CallLimits, CallRow, Fence, StoreError};
use pytoon_vendor::{Result, VendorError, VendorErrorKind};
use pytoon_vocabulary::{CallId, JobId, MicroUsd, SceneId, UnixMs};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// A request to one vendor, with the job that pays.
#[derive(Debug, Clone, Default)]
pub struct Order {
    /// The job that pays.
    pub job_id: JobId,
    /// The scene, or the part of the film, that it is for.
    pub scene_id: SceneId,
    /// The vendor, as in configuration, metrics and ledger.
    pub vendor: String,
    /// The operation, as a phrase that completes "failed to …".
    pub operation: &'static str,
    /// The hash of the request: equal hashes ask for the same goods.
    pub request_hash: String,
    /// The prompt as sent.
    pub prompt: String,
    /// A fingerprint of the key that pays; never the key.
    pub key_id: String,
    /// The vendor's block of configuration, with which the call is followed later.
    pub pinned: serde_json::Value,
    /// The cost by the price table.
    pub estimated: MicroUsd,
    /// The limits of the call.
    pub limits: CallLimits,
    /// The lease under which it is bought; `None` if no other process works on the job.
    pub fence: Option<Fence>,
    /// The time until which it is useful; `None` for always.
    pub deadline: Option<UnixMs>,
}

impl Order {
    /// Returns the ledger's answer, or the failure of an unreachable ledger.
    pub(crate) fn known<T>(&self, said: Result<T, StoreError>) -> Result<T> {
        said.map_err(|error| ledger_error(&self.vendor, &error))
    }

    /// Returns a failure of this order.
    pub(crate) fn error(&self, kind: VendorErrorKind, message: impl Into<String>) -> VendorError {
        VendorError::new(&self.vendor, self.operation, kind, message)
    }
}

/// The memo of a purchase from one look to the next; empty at its start.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct PurchaseMemo {
    /// The vendor's task that is followed.
    pub task: Option<TaskProgress>,
    /// The time until which a slot of a busy vendor is waited for.
    pub place_until: Option<UnixMs>,
}

/// The progress of a vendor's task, as last seen.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TaskProgress {
    /// The ledger's row that bought it.
    pub call: CallId,
    /// True if this purchase made the call, false if it found it in progress.
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
    /// Starts or continues to follow the task of a call.
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

/// The result of an order.
#[derive(Debug)]
pub struct Obtained<G> {
    /// The goods.
    pub goods: G,
    /// The charge of this purchase.
    pub charged: MicroUsd,
    /// True if an earlier purchase bought them.
    pub reused: bool,
}

impl<G> Obtained<G> {
    pub(crate) fn kept_before(goods: G) -> Self {
        Self { goods, charged: MicroUsd::ZERO, reused: true }
    }
}

/// The reason why a purchase stops before its end.
#[derive(Debug)]
pub enum Stop {
    /// It failed.
    Failed(VendorError),
    /// It would have to wait this long before another look.
    Later(Duration),
}

impl From<VendorError> for Stop {
    fn from(error: VendorError) -> Self {
        Self::Failed(error)
    }
}

/// Returns the failure of a ledger: without it no call may be made.
pub fn ledger_error(vendor: &str, error: &StoreError) -> VendorError {
    VendorError::new(vendor, "use the ledger", VendorErrorKind::Ledger, error.to_string())
}

/// Returns the vendor's task of a call, if it has one.
pub fn stored_task(row: &CallRow) -> Option<Task> {
    serde_json::from_value(row.task.clone()?).ok()
}

/// Returns the failure of an order whose call may or may not have been accepted.
pub(crate) fn undecided(order: &Order, row: &CallRow) -> VendorError {
    let id = &row.id;
    let message = format!(
        "call {id} for this clip has no answer yet: decide it with `pytoon ledger resolve {id}`"
    );
    order.error(VendorErrorKind::Undecided, message)
}
