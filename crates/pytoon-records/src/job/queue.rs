//! The queue of tasks under leases.
//!
//! A claim of a task returns a token, and every later write names that token. After the lease has expired another
//! worker may claim the task with a higher token. Later writes of the first are rejected ([`Hold::Lost`]), so that
//! a disconnected worker cannot spoil the work of another.
//!
//! Guarantees: every method is one transaction; times are the database's.
//!
//! Start with [`TaskQueue`].

use super::store::{JobError, JobRow, SceneChange};
use super::{NewTask, TaskKind};
use crate::ledger::StoreFuture;
use pytoon_vocabulary::{JobId, TaskId, UnixMs};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::fmt;
use std::time::Duration;

/// Maximum number of attempts at a task that fails with a temporary error. After the last attempt the
/// worker fails the task with that error. [`MAX_CLAIMS`] limits the same counter (`attempt`) for workers
/// that end without reporting an error; by default it is higher.
pub const MAX_TRIES: u32 = 3;
/// Maximum number of attempts at a task whose workers are killed without reporting an error. The next
/// claim then fails the task as `worker_lost`. It is the default of `service.most_attempts`. See [`MAX_TRIES`].
pub const MAX_CLAIMS: u32 = 5;

/// A task under a lease.
#[derive(Debug, Clone, PartialEq)]
pub struct Lease {
    /// The id of the task.
    pub task_id: TaskId,
    /// Its name within the job.
    pub name: String,
    /// Its kind.
    pub kind: TaskKind,
    /// The token of this claim, named in every later write.
    pub token: i64,
    /// Attempts so far: claims that failed or were lost, and this one.
    pub attempts: u32,
    /// The memo of the last claim that put the task off.
    pub memo: Value,
    /// The job.
    pub job: JobRow,
    /// Time between its due time and this claim, in milliseconds.
    pub waited_ms: i64,
    /// True if the lease of an earlier claim expired.
    pub was_lost: bool,
}

/// The result of a write under a lease.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hold {
    /// The lease holds.
    Ours,
    /// The lease holds, and the job is being stopped.
    Stop,
    /// Another worker has the task, or the job is gone. Nothing was written.
    Lost,
}

/// The result of a finished task.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Finish {
    /// Tasks that follow it.
    pub then: Vec<NewTask>,
    /// Changes of scenes.
    pub scenes: Vec<SceneChange>,
    /// True if the film is published with it.
    pub publishes: bool,
}

/// The failure of a task.
#[derive(Debug, Clone, PartialEq)]
pub struct Failure {
    /// The error.
    pub error: JobError,
    /// The pause before the next attempt; `None` if there is none.
    pub retry_in: Option<Duration>,
    /// True if the job is held for a person's decision and has not failed.
    pub held: bool,
}

/// A dead task as kept.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DeadTask {
    /// Its id.
    pub id: TaskId,
    /// The job.
    pub job_id: JobId,
    /// Its name within the job.
    pub name: String,
    /// Attempts at it.
    pub attempts: u32,
    /// The last error.
    pub error: String,
    /// The time of its last change.
    pub updated_at: UnixMs,
}

/// Keeps tasks and hands them out. Every method is one transaction.
pub trait TaskQueue: fmt::Debug + Send + Sync {
    /// Claims the task that has waited longest, for the duration of a lease.
    fn task_claim(&self, worker: &str, lease: Duration) -> StoreFuture<'_, Option<Lease>>;
    /// Claims a task of a job that has begun. A worker without free disk space starts no other.
    fn task_claim_begun(&self, worker: &str, lease: Duration) -> StoreFuture<'_, Option<Lease>>;
    /// Extends a lease (heartbeat).
    fn task_beat(&self, id: &TaskId, token: i64, lease: Duration) -> StoreFuture<'_, Hold>;
    /// Finishes a task, and adds the tasks that follow it.
    fn task_finish(&self, id: &TaskId, token: i64, finish: Finish) -> StoreFuture<'_, Hold>;
    /// Defers a task, with a memo for its next claim. This is not a failed attempt.
    fn task_later(
        &self,
        id: &TaskId,
        token: i64,
        wait: Duration,
        memo: Value,
    ) -> StoreFuture<'_, Hold>;
    /// Hands a task back unfinished, when a worker is stopped. This is not a failed attempt.
    fn task_give_back(&self, id: &TaskId, token: i64) -> StoreFuture<'_, Hold>;
    /// Ends a failed attempt: the task is retried, or its job fails or is held.
    fn task_fail(&self, id: &TaskId, token: i64, failure: Failure) -> StoreFuture<'_, Hold>;
    /// Lists dead tasks, newest first.
    fn task_dead(&self) -> StoreFuture<'_, Vec<DeadTask>>;
    /// Requeues a dead task with its job. Returns false if it is not dead.
    fn task_requeue(&self, id: &TaskId) -> StoreFuture<'_, bool>;
    /// Waits until there may be a task, or the time has passed.
    fn task_wait(&self, at_most: Duration) -> StoreFuture<'_, ()>;
}
