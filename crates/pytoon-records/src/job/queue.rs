//! The task queue, from which workers claim tasks under leases.
//!
//! A claim of a task returns a token, and every later write names that token. After the lease has expired, another
//! worker may claim the task with a higher token. Later writes by the first worker are rejected ([`Hold::Lost`]), so
//! that a disconnected worker cannot overwrite the work of another.
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

/// Maximum number of attempts at a task that fails with a temporary error. After the last attempt the worker fails
/// the task with that error. [`MAX_CLAIMS`] limits the same counter (`attempt`) for workers that end without
/// reporting an error; by default it is higher.
pub const MAX_TRIES: u32 = 3;
/// Maximum number of attempts at a task whose workers end without reporting an error. The next claim then fails the
/// task as `worker_lost`. It is the default of `service.most_attempts`. See [`MAX_TRIES`].
pub const MAX_CLAIMS: u32 = 5;

/// A task under a lease.
#[derive(Debug, Clone, PartialEq)]
pub struct Lease {
    /// The id of the task.
    pub task_id: TaskId,
    /// The name of the task within the job.
    pub name: String,
    /// The kind of the task.
    pub kind: TaskKind,
    /// The token of this claim, which every later write must name.
    pub token: i64,
    /// The number of attempts: this one, and the earlier claims that failed or whose lease expired.
    pub attempts: u32,
    /// The data that the last claim passed on when it deferred the task.
    pub memo: Value,
    /// The job to which the task belongs.
    pub job: JobRow,
    /// The time between the task's due time and this claim, in milliseconds.
    pub waited_ms: i64,
    /// True if the lease of an earlier claim expired.
    pub was_lost: bool,
}

/// The result of a write under a lease.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hold {
    /// The lease still holds.
    Ours,
    /// The lease holds, but the job is being stopped.
    Stop,
    /// Another worker has the task, or the job was deleted. Nothing was written.
    Lost,
}

/// The result of a finished task: the tasks to add, the changed scenes, and a flag for a published film.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Finish {
    /// The tasks that follow the finished task.
    pub then: Vec<NewTask>,
    /// The changes to scenes that the task caused.
    pub scenes: Vec<SceneChange>,
    /// True if the task published the film.
    pub publishes: bool,
}

/// The failure of an attempt at a task.
#[derive(Debug, Clone, PartialEq)]
pub struct Failure {
    /// The error that ended the attempt.
    pub error: JobError,
    /// The backoff before the next attempt; `None` if there is none.
    pub retry_in: Option<Duration>,
    /// True if the job is held for a person's decision and has not failed.
    pub held: bool,
}

/// A stored dead task.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DeadTask {
    /// The id of the task.
    pub id: TaskId,
    /// The id of the job.
    pub job_id: JobId,
    /// The name of the task within the job.
    pub name: String,
    /// The number of attempts at the task.
    pub attempts: u32,
    /// The error of the last attempt.
    pub error: String,
    /// The time at which the task last changed.
    pub updated_at: UnixMs,
}

/// The queue of tasks, from which workers claim tasks. Every method is one transaction.
pub trait TaskQueue: fmt::Debug + Send + Sync {
    /// Claims a task for the duration of a lease: one whose lease expired, or else the one that has been due longest.
    /// Returns `None` if there is none.
    fn task_claim(&self, worker: &str, lease: Duration) -> StoreFuture<'_, Option<Lease>>;
    /// Claims a task as [`Self::task_claim`] does, but skips due tasks of jobs that have not begun. A worker without
    /// free disk space claims no other task.
    fn task_claim_begun(&self, worker: &str, lease: Duration) -> StoreFuture<'_, Option<Lease>>;
    /// Extends the lease of a task (heartbeat). The result tells the worker to continue, to stop, or that it lost the
    /// task.
    fn task_beat(&self, id: &TaskId, token: i64, lease: Duration) -> StoreFuture<'_, Hold>;
    /// Marks a task as done and adds the tasks that follow it. If the task published the film, its job is then done.
    fn task_finish(&self, id: &TaskId, token: i64, finish: Finish) -> StoreFuture<'_, Hold>;
    /// Defers a task for the duration `wait`, and stores `memo` for its next claim. This ends a series of failed
    /// attempts.
    fn task_later(
        &self,
        id: &TaskId,
        token: i64,
        wait: Duration,
        memo: Value,
    ) -> StoreFuture<'_, Hold>;
    /// Returns an unfinished task to the queue when its worker is stopped. This does not count as a failed attempt.
    fn task_give_back(&self, id: &TaskId, token: i64) -> StoreFuture<'_, Hold>;
    /// Records a failed attempt. Schedules a retry, or else marks the task dead, parks the job's other tasks, and
    /// fails or holds the job.
    fn task_fail(&self, id: &TaskId, token: i64, failure: Failure) -> StoreFuture<'_, Hold>;
    /// Lists dead tasks, newest first.
    fn task_dead(&self) -> StoreFuture<'_, Vec<DeadTask>>;
    /// Requeues a dead task together with its job. Returns false if the task is not dead or its job's status does not
    /// allow it.
    fn task_requeue(&self, id: &TaskId) -> StoreFuture<'_, bool>;
    /// Waits until a task may be due, for `at_most` at most.
    fn task_wait(&self, at_most: Duration) -> StoreFuture<'_, ()>;
}
