//! Paid work as rows: the requests to external engines, their outcomes, and their costs.
//!
//! A row is written before the act it describes. [`CallState::apply`] is the only way from one state to the next,
//! so a crash at any moment leaves a state that says what may have happened: an `intent` without a task id may or
//! may not have reached the vendor, and is never blindly posted again.
//!
//! Guarantees: pure values and one transition function; [`PurchaseStore`] is the interface of their storage (SQLite
//! for one machine, the service's store for many).
//!
//! Does not choose engines, call vendors or read clocks: times are arguments.
//!
//! Start with [`CallState`], then [`PurchaseStore`].

use pytoon_vocabulary::{CallId, JobId, MicroUsd, SceneId, TaskId, UnixMs};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::future::Future;
use std::pin::Pin;

/// The state of a call to an engine.
///
/// ```
/// use pytoon_records::ledger::{CallEvent, CallState};
///
/// let sent = CallState::Intent.apply(CallEvent::NoAnswer)?;
/// // It may have been bought: it is not sent again, and blocks another purchase of the same.
/// assert_eq!(sent, CallState::Unknown);
/// assert!(sent.bars_buying() && sent.apply(CallEvent::NotSent).is_err());
/// # Ok::<(), pytoon_records::ledger::InvalidTransition>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum CallState {
    /// About to be posted, or posted without an answer so far.
    Intent,
    /// The vendor gave a task id; the work is under way and paid for.
    Submitted,
    /// The clip is here, checked and kept.
    Kept,
    /// Nothing reached the vendor, or it refused the call before taking it on: nothing bought.
    NotSent,
    /// The vendor took it on and failed.
    Failed,
    /// The vendor refused the content.
    Refused,
    /// The clip came and could not be used.
    BadOutput,
    /// We cancelled it and the vendor agreed.
    Cancelled,
    /// We stopped waiting; the clip may still arrive and is adopted then.
    Abandoned,
    /// The vendor no longer knows the task, or a person gave it up.
    Lost,
    /// Posted, and the answer never came: perhaps bought, perhaps not.
    Unknown,
}

/// An event of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CallEvent {
    /// The vendor answered with a task id.
    Answered,
    /// It provably never left, or was refused at the door.
    NotSent,
    /// The answer never came.
    NoAnswer,
    /// The clip was downloaded, checked and kept.
    Kept,
    /// The vendor failed.
    Failed,
    /// The vendor refused the content.
    Refused,
    /// The clip could not be used.
    BadOutput,
    /// The vendor agreed to cancel.
    Cancelled,
    /// We stopped waiting.
    Abandoned,
    /// The vendor no longer knows the task, or a person gave it up.
    Lost,
    /// A lookup or a person found that it had arrived.
    Found,
}

/// An event that a state does not allow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a call that is {from} cannot become {event:?}")]
pub struct InvalidTransition {
    /// The state.
    pub from: CallState,
    /// The event.
    pub event: CallEvent,
}

impl CallState {
    /// Every state.
    pub const ALL: [Self; 11] = [
        Self::Intent,
        Self::Submitted,
        Self::Kept,
        Self::NotSent,
        Self::Failed,
        Self::Refused,
        Self::BadOutput,
        Self::Cancelled,
        Self::Abandoned,
        Self::Lost,
        Self::Unknown,
    ];

    /// Returns the state after an event.
    pub fn apply(self, event: CallEvent) -> Result<Self, InvalidTransition> {
        use CallEvent as E;
        use CallState as S;
        Ok(match (self, event) {
            (S::Intent, E::Answered) | (S::Intent | S::Unknown, E::Found) => S::Submitted,
            (S::Intent, E::NotSent) => S::NotSent,
            (S::Intent, E::NoAnswer) => S::Unknown,
            // Some vendors reject content at once.
            (S::Intent, E::Refused) => S::Refused,
            (S::Submitted | S::Abandoned, E::Kept) => S::Kept,
            (S::Submitted | S::Abandoned, E::Failed) => S::Failed,
            (S::Submitted | S::Abandoned, E::Refused) => S::Refused,
            (S::Submitted | S::Abandoned, E::BadOutput) => S::BadOutput,
            (S::Submitted | S::Abandoned, E::Cancelled) => S::Cancelled,
            (S::Submitted, E::Abandoned) => S::Abandoned,
            (S::Submitted | S::Abandoned | S::Unknown, E::Lost) => S::Lost,
            (from, event) => return Err(InvalidTransition { from, event }),
        })
    }

    /// Returns the states that allow an event, and the one that it leads to.
    pub fn step(event: CallEvent) -> (Vec<Self>, Self) {
        let steps = Self::ALL.into_iter().filter_map(|from| Some((from, from.apply(event).ok()?)));
        let (from, to): (Vec<Self>, Vec<Self>) = steps.unzip();
        // Every event leads to one state; a test asserts it.
        (from, to.first().copied().unwrap_or(Self::Unknown))
    }

    /// Returns true if a row in this state prevents another purchase of its request: the vendor may still be
    /// working for us, or it rejected the prompt.
    pub fn bars_buying(self) -> bool {
        self.is_open() || self == Self::Refused
    }

    /// Returns true if the charge bought nothing that a film can use, and never will.
    pub fn wastes(self) -> bool {
        matches!(
            self,
            Self::Failed | Self::Refused | Self::BadOutput | Self::Cancelled | Self::Lost
        )
    }

    /// Returns true if the vendor may still be working for us.
    pub fn is_open(self) -> bool {
        matches!(self, Self::Intent | Self::Submitted | Self::Abandoned | Self::Unknown)
    }

    /// Returns the name as stored and shown.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Intent => "intent",
            Self::Submitted => "submitted",
            Self::Kept => "kept",
            Self::NotSent => "not_sent",
            Self::Failed => "failed",
            Self::Refused => "refused",
            Self::BadOutput => "bad_output",
            Self::Cancelled => "cancelled",
            Self::Abandoned => "abandoned",
            Self::Lost => "lost",
            Self::Unknown => "unknown",
        }
    }

    /// Returns the state with a name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == name)
    }
}

impl fmt::Display for CallState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The lease under which work is done, if others may claim the same work: the holder of an older token was
/// suspended or disconnected meanwhile, and buys nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fence {
    /// The task that was claimed.
    pub task_id: TaskId,
    /// The token of the claim.
    pub token: i64,
    /// Maximum time that a silent worker may hold the answer to a call, in milliseconds.
    pub unanswered_ms: i64,
}

/// A call before it is made.
#[derive(Debug, Clone, PartialEq)]
pub struct NewCall {
    /// A fresh id.
    pub id: CallId,
    /// The job.
    pub job_id: JobId,
    /// The scene.
    pub scene_id: SceneId,
    /// The engine.
    pub engine: String,
    /// The hash of the request: equal hashes ask for the same clip.
    pub request_hash: String,
    /// The prompt as sent.
    pub prompt: String,
    /// The data needed to poll it later: the engine's current block.
    pub pinned: serde_json::Value,
    /// A fingerprint of the key that pays; never the key.
    pub key_id: String,
    /// The cost by the price table.
    pub estimated: MicroUsd,
    /// The current time.
    pub at: UnixMs,
    /// The end of this process's lease.
    pub lease_until: UnixMs,
    /// The lease that has to hold for the call to be made; `None` if no other process can have the work.
    pub fence: Option<Fence>,
}

/// The limits of a new call.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct CallLimits {
    /// Maximum spend of the job.
    pub job_budget: Option<MicroUsd>,
    /// Maximum spend of the day (UTC), over all jobs.
    pub day_budget: Option<MicroUsd>,
    /// Maximum spend of the key on this day.
    pub key_budget: Option<MicroUsd>,
    /// Maximum number of concurrent calls of the engine, over all processes.
    pub max_concurrent: Option<u32>,
    /// Maximum number of calls of the engine begun within a minute, over all processes.
    pub requests_per_minute: Option<u32>,
}

/// The decision about a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Admission {
    /// The call may be made; its row is written.
    Granted,
    /// The same request is already bought or rejected: its clip is kept, or a call for it [bars
    /// buying](CallState::bars_buying).
    Taken,
    /// A budget would be exceeded.
    OverBudget {
        /// `job`, `day`, `key` (the vendor's) or `API key` (the submitter's).
        cap: &'static str,
        /// The remaining amount.
        left: MicroUsd,
    },
    /// The engine has its maximum number of concurrent calls.
    Busy,
    /// The engine has its maximum number of calls in this minute.
    TooFast {
        /// The time of the next possible call.
        retry_at: UnixMs,
    },
    /// The lease of its [`Fence`] no longer holds: another process has this work now.
    Fenced,
}

/// A call as kept.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct CallRow {
    /// Its id.
    pub id: CallId,
    /// The job.
    pub job_id: JobId,
    /// The scene.
    pub scene_id: SceneId,
    /// The engine.
    pub engine: String,
    /// The hash of the request.
    pub request_hash: String,
    /// The prompt as sent.
    pub prompt: String,
    /// Its state.
    pub state: CallState,
    /// The vendor's task, as the adapter needs it.
    pub task: Option<serde_json::Value>,
    /// The engine's block at the time of the call.
    pub pinned: serde_json::Value,
    /// The fingerprint of the key.
    pub key_id: String,
    /// The cost by the price table.
    pub estimated: MicroUsd,
    /// The cost that the vendor reported.
    pub reported: Option<MicroUsd>,
    /// The amount that counts against budgets.
    pub charged: MicroUsd,
    /// The kind of failure, if it failed.
    pub error_kind: Option<String>,
    /// The error message, if it failed.
    pub error: Option<String>,
    /// The time of its creation.
    pub created_at: UnixMs,
    /// The time of its last change.
    pub updated_at: UnixMs,
    /// The end of the lease of the process that follows it.
    pub lease_until: UnixMs,
}

impl CallRow {
    /// Returns the row of a call as it is first written.
    pub fn written(call: &NewCall) -> Self {
        Self {
            id: call.id.clone(),
            job_id: call.job_id.clone(),
            scene_id: call.scene_id.clone(),
            engine: call.engine.clone(),
            request_hash: call.request_hash.clone(),
            prompt: call.prompt.clone(),
            state: CallState::Intent,
            task: None,
            pinned: call.pinned.clone(),
            key_id: call.key_id.clone(),
            estimated: call.estimated,
            reported: None,
            charged: call.estimated,
            error_kind: None,
            error: None,
            created_at: call.at,
            updated_at: call.at,
            lease_until: call.lease_until,
        }
    }
}

/// The ledger's knowledge of a scene before its first call.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct History {
    /// True if a call of the scene is between its row and its answer.
    pub has_intent: bool,
    /// The requests that would get [`Admission::Taken`].
    pub taken: BTreeSet<String>,
    /// The breakers with failures on record, by engine.
    pub breakers: BTreeMap<String, BreakerRow>,
}

/// A change of a row.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct CallChange {
    /// The vendor's task, if it is new.
    pub task: Option<serde_json::Value>,
    /// The cost that the vendor reported.
    pub reported: Option<MicroUsd>,
    /// The amount that counts against budgets from now on; `None` to keep it.
    pub charged: Option<MicroUsd>,
    /// The kind of failure.
    pub error_kind: Option<String>,
    /// The error message.
    pub error: Option<String>,
}

/// Selects rows; every given condition must hold.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct CallFilter {
    /// Of this job.
    pub job_id: Option<JobId>,
    /// Of this scene.
    pub scene_id: Option<SceneId>,
    /// Of this engine.
    pub engine: Option<String>,
    /// Of this request.
    pub request_hash: Option<String>,
    /// In one of these states; any when empty.
    pub states: Vec<CallState>,
    /// Maximum number, newest first; 0 for all.
    pub limit: u32,
}

/// A clip that was paid for and kept.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct KeptClip {
    /// The hash of the request.
    pub request_hash: String,
    /// The engine.
    pub engine: String,
    /// The call that bought it.
    pub call_id: CallId,
    /// The file, relative to the storage folder.
    pub file: String,
    /// SHA-256 of the file.
    pub sha256: String,
    /// Its length in milliseconds.
    pub duration_ms: i64,
    /// The credit line, if the source requires one.
    pub credit: Option<String>,
    /// The time when it was kept.
    pub created_at: UnixMs,
}

/// A circuit breaker as kept; every process sees the same.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct BreakerRow {
    /// Consecutive failures.
    pub failures: u32,
    /// The time until which it is open; 0 if it never opened.
    pub open_until: UnixMs,
    /// The kind of failure that opened it.
    pub reason: String,
    /// The number of times it opened in a row, for growing pauses.
    pub opened: u32,
    /// The time until which one process may probe.
    pub probe_until: UnixMs,
}

/// An error of the store.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The row was changed by another process, or does not exist.
    #[error("{0}")]
    Conflict(String),
    /// An event that the state does not allow.
    #[error(transparent)]
    Transition(#[from] InvalidTransition),
    /// The database's disk is full.
    #[error("failed to {operation} in the ledger: its disk is full ({reason})")]
    Full {
        /// The operation.
        operation: &'static str,
        /// The database's message.
        reason: String,
    },
    /// The database failed.
    #[error("failed to {operation} in the ledger: {reason}")]
    Database {
        /// The operation.
        operation: &'static str,
        /// The database's message.
        reason: String,
    },
}

/// A boxed future, so that stores can be chosen at run time.
pub type StoreFuture<'a, T> = Pin<Box<dyn Future<Output = Result<T, StoreError>> + Send + 'a>>;

/// Stores paid work, kept clips and breakers. Every method is one transaction.
pub trait PurchaseStore: fmt::Debug + Send + Sync {
    /// Reads the history of a scene of a job, and of requests that it may make.
    fn history(
        &self,
        job_id: &JobId,
        scene_id: &SceneId,
        requests: Vec<String>,
    ) -> StoreFuture<'_, History>;
    /// Checks that nothing was bought for a call's request and that its limits allow it, and writes its row, in one
    /// step.
    fn call_admit(&self, call: NewCall, limits: CallLimits) -> StoreFuture<'_, Admission>;
    /// Advances a call to its next state; an event that its state does not allow changes nothing.
    fn call_advance(
        &self,
        id: &CallId,
        event: CallEvent,
        change: CallChange,
        at: UnixMs,
    ) -> StoreFuture<'_, CallState>;
    /// Extends the lease of a call.
    fn call_touch(&self, id: &CallId, lease_until: UnixMs) -> StoreFuture<'_, ()>;
    /// Takes over a call whose lease has ended. Returns false if it has not.
    fn call_claim(&self, id: &CallId, at: UnixMs, lease_until: UnixMs) -> StoreFuture<'_, bool>;
    /// Reads a call.
    fn call_fetch(&self, id: &CallId) -> StoreFuture<'_, Option<CallRow>>;
    /// Lists calls, newest first.
    fn call_list(&self, filter: CallFilter) -> StoreFuture<'_, Vec<CallRow>>;
    /// Returns the charges since a time, by engine.
    fn spend_since(&self, since: UnixMs) -> StoreFuture<'_, Vec<(String, MicroUsd)>>;
    /// Returns the charges of a job.
    fn spend_of_job(&self, job_id: &JobId) -> StoreFuture<'_, MicroUsd>;
    /// Keeps a clip, and advances its call to `kept`, in one step.
    fn clip_keep(&self, clip: KeptClip, change: CallChange) -> StoreFuture<'_, ()>;
    /// Finds a kept clip by the hash of its request.
    fn clip_find(&self, request_hash: &str) -> StoreFuture<'_, Option<KeptClip>>;
    /// Forgets a clip whose file is gone.
    fn clip_forget(&self, request_hash: &str) -> StoreFuture<'_, ()>;
    /// Lists all breakers by engine.
    fn breaker_list(&self) -> StoreFuture<'_, Vec<(String, BreakerRow)>>;
    /// Reads a breaker.
    fn breaker_fetch(&self, engine: &str) -> StoreFuture<'_, BreakerRow>;
    /// Replaces a breaker, if it has not changed since it was read.
    fn breaker_swap(&self, engine: &str, old: BreakerRow, new: BreakerRow)
    -> StoreFuture<'_, bool>;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::checks::assert_walk;
    use proptest::prelude::*;

    proptest! {
        /// In any order of events a sent call never counts as unsent, and a call that has ended stays as it is.
        #[test]
        fn a_paid_call_is_never_forgotten(events in proptest::collection::vec(any::<usize>(), 0..200)) {
            assert_walk(CallState::Intent, &events, |from, to| {
                use CallState as S;
                assert!(from.is_open(), "{from} is final and became {to}");
                match to {
                    S::NotSent | S::Unknown => assert_eq!(from, S::Intent),
                    S::Kept => assert!(matches!(from, S::Submitted | S::Abandoned), "{from}"),
                    _ => {}
                }
            });
        }
    }

    #[test]
    fn a_call_without_an_answer_is_never_posted_again() {
        let unknown = CallState::Intent.apply(CallEvent::NoAnswer).expect("possible");
        assert_eq!(unknown, CallState::Unknown);
        // Only a lookup or a person decides its outcome.
        assert_eq!(unknown.apply(CallEvent::Found), Ok(CallState::Submitted));
        assert_eq!(unknown.apply(CallEvent::Lost), Ok(CallState::Lost));
        assert!(unknown.apply(CallEvent::NotSent).is_err());
        assert!(unknown.apply(CallEvent::Answered).is_err());
    }

    #[test]
    fn every_event_leads_to_one_state() {
        use CallEvent as E;
        for event in [
            E::Answered,
            E::NotSent,
            E::NoAnswer,
            E::Kept,
            E::Failed,
            E::Refused,
            E::BadOutput,
            E::Cancelled,
            E::Abandoned,
            E::Lost,
            E::Found,
        ] {
            let (from, to) = CallState::step(event);
            assert!(!from.is_empty(), "{event:?}");
            assert!(from.iter().all(|state| state.apply(event) == Ok(to)), "{event:?}");
        }
    }

    #[test]
    fn what_is_kept_stays_kept() {
        for event in [CallEvent::Failed, CallEvent::Cancelled, CallEvent::Lost, CallEvent::NotSent]
        {
            assert!(CallState::Kept.apply(event).is_err());
        }
    }

    #[test]
    fn an_abandoned_clip_may_still_arrive() {
        let abandoned = CallState::Submitted.apply(CallEvent::Abandoned).expect("possible");
        assert!(abandoned.is_open());
        assert_eq!(abandoned.apply(CallEvent::Kept), Ok(CallState::Kept));
    }

    #[test]
    fn names_and_states_agree() {
        for state in CallState::ALL {
            assert_eq!(CallState::from_name(state.as_str()), Some(state));
            let json = serde_json::to_value(state).expect("json");
            assert_eq!(json, state.as_str());
        }
    }
}
