//! The seam behind which jobs, tasks and keys are kept.
//!
//! A task is worked on under a lease: whoever claims it gets a token, and every later write names
//! that token. After the lease has run out another may claim it with a higher token; what the
//! first one then writes is refused ([`Hold::Lost`]), so that a worker that was cut off cannot
//! spoil what another did meanwhile.
//!
//! Guarantees: every method is one transaction; times are the database's.

use super::{JobEvent, JobStatus, NewTask, SceneEvent, SceneStatus, TaskKind, TaskState};
use crate::ledger::StoreFuture;
use crate::state::names;
use pytoon_vocabulary::MicroUsd;
use pytoon_vocabulary::UnixMs;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

/// A job that is to be.
#[derive(Debug, Clone, PartialEq)]
pub struct NewJob {
    /// Its id.
    pub id: String,
    /// The API key that submits it.
    pub key_id: String,
    /// The brief.
    pub brief: Value,
    /// What the submitter wants back with it.
    pub client_data: Option<Value>,
    /// Where its end is to be told.
    pub webhook: Option<Value>,
    /// What is to be done first.
    pub tasks: Vec<NewTask>,
    /// The submitter's own mark of this request.
    pub idempotency: Option<Idempotency>,
}

/// A mark by which a repeated request is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Idempotency {
    /// The mark.
    pub mark: String,
    /// The hash of what was asked.
    pub request_hash: String,
}

/// What came of a submission.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Submission {
    /// It is a new job.
    New,
    /// The same was submitted before, as this job.
    Repeated(String),
    /// Something else was submitted with the same mark.
    Different,
    /// So many jobs are waiting already that no more are taken.
    Full,
}

/// A job as kept.
#[derive(Debug, Clone, PartialEq)]
pub struct JobRow {
    /// Its id.
    pub id: String,
    /// The API key that submitted it.
    pub key_id: String,
    /// What it has come to.
    pub status: JobStatus,
    /// The brief.
    pub brief: Value,
    /// What the submitter wants back with it.
    pub client_data: Option<Value>,
    /// Where its end is to be told.
    pub webhook: Option<Value>,
    /// Why it failed or is held.
    pub error: Option<JobError>,
    /// Tasks that are done.
    pub tasks_done: u32,
    /// Tasks that are known.
    pub tasks_known: u32,
    /// When it was submitted.
    pub created_at: UnixMs,
    /// When it was last asked for: submitted, retried, released or redone. Its deadline counts
    /// from then.
    pub asked_at: UnixMs,
    /// When it last changed.
    pub updated_at: UnixMs,
    /// When a worker began.
    pub started_at: Option<UnixMs>,
    /// When it ended.
    pub finished_at: Option<UnixMs>,
}

/// The code of a job that would have become a lesser film than its brief wants.
pub const DEGRADED: &str = "degraded";

/// Why a job came to nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobError {
    /// The kind of failure, such as `invalid_brief`.
    pub code: String,
    /// The stage that failed.
    pub stage: String,
    /// The provider that failed, where it was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provider: Option<String>,
    /// What was wrong, and what to do.
    pub message: String,
    /// Whether the same may go well later.
    pub retryable: bool,
}

/// A scene of a job as kept.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SceneRow {
    /// The scene.
    pub scene_id: String,
    /// Its status.
    pub status: SceneStatus,
    /// The engine that draws or drew it.
    pub engine_used: Option<String>,
    /// Whether that was another than asked for.
    pub fallback_used: bool,
    /// How long outside engines were at work on it, in milliseconds; none where this machine drew it
    /// with the film.
    pub render_duration_ms: Option<i64>,
    /// Why the engine asked for did not draw it.
    pub error: Option<String>,
}

/// A change of a scene.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SceneChange {
    /// The scene.
    pub scene_id: String,
    /// Changes its status.
    pub event: SceneEvent,
    /// The engine that draws or drew it.
    pub engine_used: Option<String>,
    /// True if that is another engine than the one asked for.
    pub fallback_used: bool,
    /// Time that outside engines worked on it, in milliseconds; absent if none did.
    pub render_duration_ms: Option<i64>,
    /// The reason why the engine asked for did not draw it.
    pub error: Option<String>,
}

impl SceneChange {
    /// Returns the row of the scene in its new status.
    pub fn into_row(self, status: SceneStatus) -> SceneRow {
        let Self { scene_id, engine_used, fallback_used, render_duration_ms, error, .. } = self;
        SceneRow { scene_id, status, engine_used, fallback_used, render_duration_ms, error }
    }
}

/// Which jobs are wanted; all that are given must hold. Newest first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct JobFilter {
    /// Submitted with this key.
    pub key_id: Option<String>,
    /// In this status.
    pub status: Option<JobStatus>,
    /// Those after this place, which the last page ended at.
    pub after: Option<(UnixMs, String)>,
    /// At most so many.
    pub limit: u32,
    /// With their briefs; without, an empty one stands in each row.
    pub with_briefs: bool,
}

/// The largest `client_data` of a job, in bytes of JSON: every list of jobs carries it.
pub const MAX_CLIENT_DATA: usize = 16 << 10;

/// The kind of a job's event, as those who watch the job see it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EventKind {
    /// The job has another status.
    Status,
    /// A scene changed.
    Scene,
}

names!(EventKind { Status = "status", Scene = "scene" });

/// An event of a job as kept, for those who watch it.
#[derive(Debug, Clone, PartialEq)]
pub struct EventRow {
    /// Its place among the job's events, from 1.
    pub seq: i64,
    /// Its time.
    pub at: UnixMs,
    /// Its kind.
    pub event: EventKind,
    /// Its content: a status with its error, or a [`SceneRow`].
    pub data: Value,
}

/// A task under a lease.
#[derive(Debug, Clone, PartialEq)]
pub struct Lease {
    /// The task's id.
    pub task_id: String,
    /// Its name within the job.
    pub name: String,
    /// What it does.
    pub kind: TaskKind,
    /// Names this claim in every later write.
    pub token: i64,
    /// Claims so far that did not end in order, this one included.
    pub attempts: u32,
    /// What an earlier claim left to be remembered.
    pub memo: Value,
    /// The job.
    pub job: JobRow,
    /// How late it is claimed after it could have been, in milliseconds.
    pub waited_ms: i64,
    /// Whether its earlier holder was not heard of any more.
    pub was_lost: bool,
}

/// What became of a write under a lease.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hold {
    /// The lease holds.
    Ours,
    /// It holds, and the job is to be stopped.
    Stop,
    /// Another has the task, or the job is gone: nothing was written.
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

/// How a task failed.
#[derive(Debug, Clone, PartialEq)]
pub struct Failure {
    /// Why.
    pub error: JobError,
    /// When it is tried again; never, where absent.
    pub retry_in: Option<Duration>,
    /// Whether the job waits for a person, and has not failed.
    pub held: bool,
}

/// A task that came to nothing and is not tried again.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DeadTask {
    /// Its id.
    pub id: String,
    /// The job.
    pub job_id: String,
    /// Its name within the job.
    pub name: String,
    /// How often it was tried.
    pub attempts: u32,
    /// Why.
    pub error: String,
    /// When it last changed.
    pub updated_at: UnixMs,
}

/// A task as kept, for those who look.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TaskRow {
    /// Its name within the job.
    pub name: String,
    /// Its state; obsolete tasks are not listed.
    pub state: TaskState,
    /// Who has or had it.
    pub worker: Option<String>,
    /// Claims that did not end in order.
    pub attempts: u32,
    /// From when on it could run.
    pub run_at: UnixMs,
    /// Until when its worker need not be heard of.
    pub lease_until: UnixMs,
    /// When it was claimed, or last changed.
    pub claimed_at: UnixMs,
    /// Why it failed.
    pub error: Option<String>,
}

/// What the queue holds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct QueueState {
    /// Jobs by status.
    pub jobs: BTreeMap<JobStatus, u64>,
    /// Tasks that could run now.
    pub ready: u64,
    /// Tasks that run.
    pub running: u64,
    /// Tasks that wait for others or for their time.
    pub waiting: u64,
    /// Tasks that came to nothing.
    pub dead: u64,
    /// How long the oldest task that could run has waited, in milliseconds.
    pub oldest_ready_ms: i64,
    /// Running tasks whose lease ran out.
    pub expired: u64,
}

/// An API key as kept: of the key itself only a hash.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyRow {
    /// Its id.
    pub id: String,
    /// What people call it.
    pub name: String,
    /// `read`, `submit`, `admin`.
    pub scopes: Vec<String>,
    /// What its jobs may spend a day (UTC).
    pub budget_per_day: Option<MicroUsd>,
    /// When it was made.
    pub created_at: UnixMs,
    /// When it was revoked.
    pub revoked_at: Option<UnixMs>,
}

/// Adds up what several processes have counted.
pub type AddUp = fn(&[&str]) -> String;

/// The row of what ended processes have counted.
pub const ENDED: &str = "ended";

/// Where jobs, tasks and keys live. Every method is one atomic step.
pub trait JobStore: fmt::Debug + Send + Sync {
    /// Writes a new job with its first tasks, unless `most_waiting` jobs are queued.
    fn job_submit(&self, job: NewJob, most_waiting: u32) -> StoreFuture<'_, Submission>;
    /// Returns what a repeated submission of a key comes to, if the mark is remembered:
    /// [`Submission::Repeated`] or [`Submission::Different`].
    fn job_repeated(&self, key_id: &str, mark: &Idempotency)
    -> StoreFuture<'_, Option<Submission>>;
    /// One job.
    fn job_fetch(&self, id: &str) -> StoreFuture<'_, Option<JobRow>>;
    /// Jobs, newest first.
    fn job_list(&self, filter: JobFilter) -> StoreFuture<'_, Vec<JobRow>>;
    /// A job's scenes in order.
    fn job_scenes(&self, id: &str) -> StoreFuture<'_, Vec<SceneRow>>;
    /// Lists the events of a job after one of them.
    fn job_events(&self, id: &str, after: i64, limit: u32) -> StoreFuture<'_, Vec<EventRow>>;
    /// A job's tasks in the order in which they came up.
    fn job_tasks(&self, id: &str) -> StoreFuture<'_, Vec<TaskRow>>;
    /// Asks for a job's end; its status afterwards, or nothing where there is no such job.
    fn job_cancel(&self, id: &str) -> StoreFuture<'_, Option<JobStatus>>;
    /// Queues a stopped job again by an event that its status allows. Its finished tasks stay
    /// finished. Returns false if the status does not allow the event.
    fn job_resume(&self, id: &str, event: JobEvent) -> StoreFuture<'_, bool>;
    /// Queues a job again with another brief, by an event that its status allows. Stages whose input
    /// does not change are not made or bought again. Returns false if the status does not allow the
    /// event.
    fn job_redo(&self, id: &str, brief: Value, event: JobEvent) -> StoreFuture<'_, bool>;
    /// Forgets a job that has ended; whether it had.
    fn job_delete(&self, id: &str) -> StoreFuture<'_, bool>;
    /// Claims a task for so long.
    fn task_claim(&self, worker: &str, lease: Duration) -> StoreFuture<'_, Option<Lease>>;
    /// Claims a task of a job that has begun: as long as there is little room, none is begun.
    fn task_claim_begun(&self, worker: &str, lease: Duration) -> StoreFuture<'_, Option<Lease>>;
    /// Says that a task is still worked on.
    fn task_beat(&self, id: &str, token: i64, lease: Duration) -> StoreFuture<'_, Hold>;
    /// Ends a task that is done.
    fn task_finish(&self, id: &str, token: i64, finish: Finish) -> StoreFuture<'_, Hold>;
    /// Ends this claim of a task that has to wait, with what is to be remembered.
    fn task_later(
        &self,
        id: &str,
        token: i64,
        wait: Duration,
        memo: Value,
    ) -> StoreFuture<'_, Hold>;
    /// Hands a task back unfinished, as a worker that ends does.
    fn task_give_back(&self, id: &str, token: i64) -> StoreFuture<'_, Hold>;
    /// Ends a task that failed.
    fn task_fail(&self, id: &str, token: i64, failure: Failure) -> StoreFuture<'_, Hold>;
    /// Tasks that came to nothing.
    fn task_dead(&self) -> StoreFuture<'_, Vec<DeadTask>>;
    /// Has a dead task tried again; whether it was one.
    fn task_requeue(&self, id: &str) -> StoreFuture<'_, bool>;
    /// What the queue holds.
    fn queue_state(&self) -> StoreFuture<'_, QueueState>;
    /// Waits until there may be a task, at most so long.
    fn task_wait(&self, at_most: Duration) -> StoreFuture<'_, ()>;
    /// Keeps an API key by its hash.
    fn key_add(&self, key: KeyRow, hash: &str) -> StoreFuture<'_, ()>;
    /// The key of a hash, where it is not revoked.
    fn key_find(&self, hash: &str) -> StoreFuture<'_, Option<KeyRow>>;
    /// All keys.
    fn key_list(&self) -> StoreFuture<'_, Vec<KeyRow>>;
    /// Sets what the jobs of a key may spend a day, by its id or name; whether there was one.
    fn key_budget(&self, name: &str, per_day: Option<MicroUsd>) -> StoreFuture<'_, bool>;
    /// Revokes a key by its id or name; whether there was one.
    fn key_revoke(&self, name: &str) -> StoreFuture<'_, bool>;
    /// Keeps what a process has counted.
    fn counts_put(&self, process: &str, text: &str) -> StoreFuture<'_, ()>;
    /// What every process has counted.
    fn counts_all(&self) -> StoreFuture<'_, Vec<(String, String)>>;
    /// The database's clock.
    fn now(&self) -> StoreFuture<'_, UnixMs>;
    /// Puts into one row, by a function that adds up, what processes have counted that were not
    /// heard of for so long, and what is in that row already; how many there were.
    fn counts_fold(&self, unheard_for: Duration, add_up: AddUp) -> StoreFuture<'_, usize>;
    /// Writes and reads a row, to know that that can be done.
    fn check(&self) -> StoreFuture<'_, ()>;
}
