//! The ledger of paid work: the requests to external engines, their outcomes, and their costs.
//!
//! A row is written before the action it describes. [`CallState::apply`] is the only transition from one state to the
//! next, so a crash at any moment leaves a state that records what may have happened: an `intent` without a task id
//! may or may not have reached the vendor, and is never posted again blindly.
//!
//! Guarantees: the types are pure values with one transition function. [`PurchaseStore`] is the interface of their
//! storage, which `pytoon-store` implements.
//!
//! Does not choose engines, call vendors or read clocks; times are arguments.
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
    /// The call is about to be posted, or was posted and has no response yet.
    Intent,
    /// The vendor returned a task id; the work is in progress and paid for.
    Submitted,
    /// The clip was downloaded, checked and stored.
    Kept,
    /// No call reached the vendor, or the vendor rejected it before accepting it. Nothing was purchased.
    NotSent,
    /// The vendor accepted the call and failed.
    Failed,
    /// The vendor refused the content of the call.
    Refused,
    /// The clip was delivered but could not be used.
    BadOutput,
    /// The call was cancelled, and the vendor confirmed it.
    Cancelled,
    /// The worker stopped waiting. If the clip arrives later, it is adopted.
    Abandoned,
    /// The vendor no longer knows the task, or a person gave it up.
    Lost,
    /// The call was posted and the response never arrived, so it may or may not have been purchased.
    Unknown,
}

/// An event that changes the state of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CallEvent {
    /// The vendor returned a task id.
    Answered,
    /// The call was certainly never sent, or the vendor rejected it before accepting it.
    NotSent,
    /// The response never arrived.
    NoAnswer,
    /// The clip was downloaded, checked and stored.
    Kept,
    /// The vendor failed after accepting the call.
    Failed,
    /// The vendor refused the content.
    Refused,
    /// The clip could not be used.
    BadOutput,
    /// The vendor confirmed the cancellation.
    Cancelled,
    /// The worker stopped waiting.
    Abandoned,
    /// The vendor no longer knows the task, or a person gave it up.
    Lost,
    /// A lookup or a person established that the call had arrived.
    Found,
}

/// An event that the current state does not allow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a call in state `{from}` does not allow the event `{event:?}`")]
pub struct InvalidTransition {
    /// The current state.
    pub from: CallState,
    /// The event that was rejected.
    pub event: CallEvent,
}

impl CallState {
    /// Every state of a call.
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

    /// Returns the state to which an event leads, or an error if this state does not allow the event.
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

    /// Returns the states that allow an event, and the state to which the event leads.
    pub fn step(event: CallEvent) -> (Vec<Self>, Self) {
        let steps = Self::ALL.into_iter().filter_map(|from| Some((from, from.apply(event).ok()?)));
        let (from, to): (Vec<Self>, Vec<Self>) = steps.unzip();
        // Every event leads to one state; a test asserts it.
        (from, to.first().copied().unwrap_or(Self::Unknown))
    }

    /// Returns true if a row in this state prevents another purchase of its request: the vendor may still be working
    /// on it, or it rejected the prompt.
    pub fn bars_buying(self) -> bool {
        self.is_open() || self == Self::Refused
    }

    /// Returns true if a charge in this state paid for nothing that a film can use, now or later.
    pub fn wastes(self) -> bool {
        matches!(
            self,
            Self::Failed | Self::Refused | Self::BadOutput | Self::Cancelled | Self::Lost
        )
    }

    /// Returns true if the vendor may still be working on the call.
    pub fn is_open(self) -> bool {
        matches!(self, Self::Intent | Self::Submitted | Self::Abandoned | Self::Unknown)
    }

    /// Returns the name under which the state is stored and shown.
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

    /// Returns the state with the given name; `None` if there is none.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == name)
    }
}

impl fmt::Display for CallState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The lease under which a worker makes purchases, if another worker may claim the same work. A worker with an older
/// token was suspended or disconnected in the meantime and must not make purchases.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fence {
    /// The id of the claimed task.
    pub task_id: TaskId,
    /// The token of the claim.
    pub token: i64,
    /// The silence of a worker, in milliseconds, after which its call without a response counts as unknown.
    pub unanswered_ms: i64,
}

/// A call that is about to be made.
#[derive(Debug, Clone, PartialEq)]
pub struct NewCall {
    /// The new id of the call.
    pub id: CallId,
    /// The id of the job.
    pub job_id: JobId,
    /// The id of the scene.
    pub scene_id: SceneId,
    /// The name of the engine.
    pub engine: String,
    /// The hash of the request. Requests with equal hashes produce the same clip.
    pub request_hash: String,
    /// The prompt in the form in which it is sent.
    pub prompt: String,
    /// The engine's current configuration block, with which later processes poll the call and fetch its clip.
    pub pinned: serde_json::Value,
    /// A fingerprint of the API key that pays; never the key itself.
    pub key_id: String,
    /// The id of the service's API key that is charged; `None` for the key that submitted the job, if there is one.
    pub caller: Option<String>,
    /// The estimated cost, from the price table.
    pub estimated: MicroUsd,
    /// The time at which the call is recorded.
    pub at: UnixMs,
    /// The time until which this process follows the call; another process may take it over then.
    pub lease_until: UnixMs,
    /// The lease that must hold for the call to be made; `None` if no other process can have the work.
    pub fence: Option<Fence>,
}

/// The limits of a new call. An absent limit does not apply.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct CallLimits {
    /// Maximum amount that the job may spend.
    pub job_budget: Option<MicroUsd>,
    /// Maximum amount that all jobs may spend on the day (UTC).
    pub day_budget: Option<MicroUsd>,
    /// Maximum amount that the API key may spend on the day (UTC).
    pub key_budget: Option<MicroUsd>,
    /// Maximum number of concurrent calls to the engine, over all processes.
    pub max_concurrent: Option<u32>,
    /// Maximum number of calls to the engine per minute, over all processes.
    pub requests_per_minute: Option<u32>,
}

/// The ledger's decision on a new call, with the reason for a rejection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Admission {
    /// The call may be made. Its row has been written.
    Granted,
    /// The same request has already been purchased or rejected: its clip is stored, or a call for it [bars
    /// buying](CallState::bars_buying).
    Taken,
    /// The call would exceed a budget.
    OverBudget {
        /// The budget: `job`, `day`, `key` (the vendor's) or `API key` (the submitter's).
        cap: &'static str,
        /// The amount that remains in the budget.
        left: MicroUsd,
    },
    /// The engine has reached its maximum number of concurrent calls.
    Busy,
    /// The engine has reached its maximum number of calls for this minute.
    TooFast {
        /// The time at which the next call is possible.
        retry_at: UnixMs,
    },
    /// The lease of the call's [`Fence`] no longer holds, because another process has claimed the work.
    Fenced,
}

/// A stored call.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct CallRow {
    /// The id of the call.
    pub id: CallId,
    /// The id of the job.
    pub job_id: JobId,
    /// The id of the scene.
    pub scene_id: SceneId,
    /// The name of the engine.
    pub engine: String,
    /// The hash of the request.
    pub request_hash: String,
    /// The prompt in the form in which it is sent.
    pub prompt: String,
    /// The state of the call.
    pub state: CallState,
    /// The vendor's task, in the form that the adapter needs.
    pub task: Option<serde_json::Value>,
    /// The engine's configuration block at the time of the call.
    pub pinned: serde_json::Value,
    /// The fingerprint of the API key that pays.
    pub key_id: String,
    /// The estimated cost, from the price table.
    pub estimated: MicroUsd,
    /// The cost that the vendor reported.
    pub reported: Option<MicroUsd>,
    /// The amount that counts against budgets.
    pub charged: MicroUsd,
    /// The kind of failure, if the call failed.
    pub error_kind: Option<String>,
    /// The error message, if the call failed.
    pub error: Option<String>,
    /// The time at which the row was created.
    pub created_at: UnixMs,
    /// The time at which the row last changed.
    pub updated_at: UnixMs,
    /// The end of the lease of the process that follows the call.
    pub lease_until: UnixMs,
}

impl CallRow {
    /// Returns the initial row of a call.
    pub fn from_new_call(call: &NewCall) -> Self {
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

/// The ledger's entries about a scene before its first call.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct History {
    /// True if a call of the scene has state `intent`: its row is written and no response is recorded.
    pub has_intent: bool,
    /// The hashes of requests that were already purchased or rejected, which get [`Admission::Taken`].
    pub taken: BTreeSet<String>,
    /// The breakers with failures on record, by engine.
    pub breakers: BTreeMap<String, BreakerRow>,
}

/// The new values of a call's row.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct CallChange {
    /// The vendor's task, if it is new.
    pub task: Option<serde_json::Value>,
    /// The cost that the vendor reported.
    pub reported: Option<MicroUsd>,
    /// The amount that counts against budgets from now on; `None` to leave it unchanged.
    pub charged: Option<MicroUsd>,
    /// The kind of failure.
    pub error_kind: Option<String>,
    /// The error message.
    pub error: Option<String>,
}

/// The conditions that listed calls must meet, if set.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct CallFilter {
    /// The job of the calls.
    pub job_id: Option<JobId>,
    /// The scene of the calls.
    pub scene_id: Option<SceneId>,
    /// The engine of the calls.
    pub engine: Option<String>,
    /// The request hash of the calls.
    pub request_hash: Option<String>,
    /// The allowed states of the calls; any state if empty.
    pub states: Vec<CallState>,
    /// Maximum number of rows, newest first; 0 for all.
    pub limit: u32,
}

/// A stored clip, voice take or transcript that was paid for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct KeptClip {
    /// The hash of the request.
    pub request_hash: String,
    /// The name of the engine.
    pub engine: String,
    /// The id of the call that paid for the file.
    pub call_id: CallId,
    /// The path of the file, relative to the storage folder.
    pub file: String,
    /// The SHA-256 of the file.
    pub sha256: String,
    /// The length of the clip or of the audio, in milliseconds.
    pub duration_ms: i64,
    /// The credit line of the clip, if the source requires one.
    pub credit: Option<String>,
    /// The time at which the clip was stored.
    pub created_at: UnixMs,
}

/// A stored circuit breaker, which all processes share.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct BreakerRow {
    /// The number of consecutive failures.
    pub failures: u32,
    /// The time until which the breaker is open; 0 if it is closed.
    pub open_until: UnixMs,
    /// The kind of failure that opened the breaker.
    pub reason: String,
    /// The number of times that the breaker has opened without a success in between; each time, it stays open for
    /// longer.
    pub opened: u32,
    /// The time until which the probe of one process is awaited. Until then, other processes send none.
    pub probe_until: UnixMs,
    /// The record of the person who switched the engine off; `None` if it is switched on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub switched_off: Option<SwitchedOff>,
}

/// The record of a person who switched an engine off.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SwitchedOff {
    /// The id of the person's API key.
    pub by: String,
    /// The reason that the person stated; may be empty.
    pub reason: String,
    /// The time of the change.
    pub at: UnixMs,
}

/// An error of a store.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Another process changed the row, or the row does not exist.
    #[error("{0}")]
    Conflict(String),
    /// The row's state does not allow the event.
    #[error(transparent)]
    Transition(#[from] InvalidTransition),
    /// The database's disk is full.
    #[error("failed to {operation}: the disk of the database is full ({reason}): free disk space")]
    Full {
        /// The operation that failed.
        operation: &'static str,
        /// The database's message.
        reason: String,
    },
    /// A database operation failed.
    #[error("failed to {operation}: {reason}")]
    Database {
        /// The operation that failed.
        operation: &'static str,
        /// The reason of the failure.
        reason: String,
    },
}

/// A boxed future, so that stores can be chosen at run time.
pub type StoreFuture<'a, T> = Pin<Box<dyn Future<Output = Result<T, StoreError>> + Send + 'a>>;

/// The store of paid calls, purchased clips and breakers. Every method is one transaction.
pub trait PurchaseStore: fmt::Debug + Send + Sync {
    /// Reads the ledger's entries about a scene in a job and about the requests that the scene may make, and all
    /// circuit breakers.
    fn history(
        &self,
        job_id: &JobId,
        scene_id: &SceneId,
        requests: Vec<String>,
    ) -> StoreFuture<'_, History>;
    /// Writes the row of a call if its request has not been purchased and its limits and fence allow it. Otherwise
    /// returns the reason.
    fn call_admit(&self, call: NewCall, limits: CallLimits) -> StoreFuture<'_, Admission>;
    /// Applies an event to a call and returns the new state. Returns an error, and changes nothing, if the call's
    /// state does not allow the event.
    fn call_advance(
        &self,
        id: &CallId,
        event: CallEvent,
        change: CallChange,
        at: UnixMs,
    ) -> StoreFuture<'_, CallState>;
    /// Extends the lease of a call.
    fn call_touch(&self, id: &CallId, lease_until: UnixMs) -> StoreFuture<'_, ()>;
    /// Takes over a call whose lease has ended. Returns false if the lease still holds.
    fn call_claim(&self, id: &CallId, at: UnixMs, lease_until: UnixMs) -> StoreFuture<'_, bool>;
    /// Reads a call; `None` if it does not exist.
    fn call_fetch(&self, id: &CallId) -> StoreFuture<'_, Option<CallRow>>;
    /// Lists calls, newest first.
    fn call_list(&self, filter: CallFilter) -> StoreFuture<'_, Vec<CallRow>>;
    /// Returns the amount charged since a time, by engine.
    fn spend_since(&self, since: UnixMs) -> StoreFuture<'_, Vec<(String, MicroUsd)>>;
    /// Returns the amount charged to a job.
    fn spend_of_job(&self, job_id: &JobId) -> StoreFuture<'_, MicroUsd>;
    /// Stores the record of a clip and sets its call to `kept`, in one transaction.
    fn clip_keep(&self, clip: KeptClip, change: CallChange) -> StoreFuture<'_, ()>;
    /// Returns the stored clip for a request hash, if there is one.
    fn clip_find(&self, request_hash: &str) -> StoreFuture<'_, Option<KeptClip>>;
    /// Removes the record of a stored clip, for example because its file is missing or unusable.
    fn clip_forget(&self, request_hash: &str) -> StoreFuture<'_, ()>;
    /// Lists all breakers by engine.
    fn breaker_list(&self) -> StoreFuture<'_, Vec<(String, BreakerRow)>>;
    /// Reads the breaker of an engine; a closed one without failures if there is no row.
    fn breaker_fetch(&self, engine: &str) -> StoreFuture<'_, BreakerRow>;
    /// Replaces the breaker of an engine if it has not changed since it was read. Returns false if it has.
    fn breaker_swap(&self, engine: &str, old: BreakerRow, new: BreakerRow)
    -> StoreFuture<'_, bool>;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::checks::assert_walk;
    use proptest::prelude::*;

    proptest! {
        /// Checks that, in any order of events, a call that was sent is never recorded as not sent, and a call that
        /// has ended does not change.
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
