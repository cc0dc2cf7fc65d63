//! The store of jobs.
//!
//! Guarantees: every method is one transaction; times are the database's.

use super::TaskRow;
use super::{JobEvent, JobStatus, NewTask, SceneEvent, SceneStatus};
use crate::ledger::StoreFuture;
use crate::state::names;
use pytoon_vocabulary::{EngineName, JobId, SceneId, UnixMs};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::fmt;

/// A job before it is kept.
#[derive(Debug, Clone, PartialEq)]
pub struct NewJob {
    /// Its id.
    pub id: JobId,
    /// The API key that submits it.
    pub key_id: String,
    /// The brief.
    pub brief: Value,
    /// Data that the submitter gets back with it.
    pub client_data: Option<Value>,
    /// The webhook that its end is sent to.
    pub webhook: Option<Value>,
    /// Its first tasks.
    pub tasks: Vec<NewTask>,
    /// The submitter's idempotency key.
    pub idempotency: Option<Idempotency>,
}

/// An idempotency key, by which a repeated request is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Idempotency {
    /// The key.
    pub mark: String,
    /// The hash of the request.
    pub request_hash: String,
}

/// The result of a submission.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Submission {
    /// A new job was inserted.
    New,
    /// The same request was submitted before, as this job.
    Repeated(JobId),
    /// Another request was submitted with the same idempotency key.
    Different,
    /// The queue is full.
    Full,
}

/// A job as kept.
#[derive(Debug, Clone, PartialEq)]
pub struct JobRow {
    /// Its id.
    pub id: JobId,
    /// The API key that submitted it.
    pub key_id: String,
    /// Its status.
    pub status: JobStatus,
    /// The brief.
    pub brief: Value,
    /// Data that the submitter gets back with it.
    pub client_data: Option<Value>,
    /// The webhook that its end is sent to.
    pub webhook: Option<Value>,
    /// The error that failed it, or the reason why it is held.
    pub error: Option<JobError>,
    /// Number of finished tasks.
    pub tasks_done: u32,
    /// Number of known tasks.
    pub tasks_known: u32,
    /// Submission time.
    pub created_at: UnixMs,
    /// The time when it was last submitted, retried, released or redone. Its deadline counts from this time.
    pub asked_at: UnixMs,
    /// The time of its last change.
    pub updated_at: UnixMs,
    /// The time when a worker began.
    pub started_at: Option<UnixMs>,
    /// The time of its end.
    pub finished_at: Option<UnixMs>,
}

/// The error code of a job whose film would be degraded although its brief does not accept that.
pub const DEGRADED: &str = "degraded";

/// The error of a job.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobError {
    /// The kind of failure, such as `invalid_brief`.
    pub code: String,
    /// The stage that failed.
    pub stage: String,
    /// The provider that failed, if one did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provider: Option<String>,
    /// A message that says what is wrong and what to do.
    pub message: String,
    /// True if a retry may succeed.
    pub retryable: bool,
}

/// A scene of a job as kept.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SceneRow {
    /// The scene.
    pub scene_id: SceneId,
    /// Its status.
    pub status: SceneStatus,
    /// The engine that draws or drew it.
    pub engine_used: Option<EngineName>,
    /// True if that is not the requested engine.
    pub fallback_used: bool,
    /// Time that external engines worked on it, in milliseconds; `None` if none did.
    pub render_duration_ms: Option<i64>,
    /// The reason why the requested engine did not draw it.
    pub error: Option<String>,
}

/// A change of a scene.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SceneChange {
    /// The scene.
    pub scene_id: SceneId,
    /// Changes its status.
    pub event: SceneEvent,
    /// The engine that draws or drew it.
    pub engine_used: Option<EngineName>,
    /// True if that is not the requested engine.
    pub fallback_used: bool,
    /// Time that external engines worked on it, in milliseconds; `None` if none did.
    pub render_duration_ms: Option<i64>,
    /// The reason why the requested engine did not draw it.
    pub error: Option<String>,
}

impl SceneChange {
    /// Returns the row of the scene in its new status.
    pub fn into_row(self, status: SceneStatus) -> SceneRow {
        let Self { scene_id, engine_used, fallback_used, render_duration_ms, error, .. } = self;
        SceneRow { scene_id, status, engine_used, fallback_used, render_duration_ms, error }
    }
}

/// Selects jobs; every given condition must hold. Newest first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct JobFilter {
    /// Submitted with this key.
    pub key_id: Option<String>,
    /// In this status.
    pub status: Option<JobStatus>,
    /// Jobs after the last one of the page before.
    pub after: Option<(UnixMs, JobId)>,
    /// Maximum number.
    pub limit: u32,
    /// True to read briefs; otherwise each row has an empty one.
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

/// Keeps jobs, their scenes and events. Every method is one transaction.
pub trait JobStore: fmt::Debug + Send + Sync {
    /// Inserts a new job with its first tasks, unless `most_waiting` jobs are queued.
    fn job_submit(&self, job: NewJob, most_waiting: u32) -> StoreFuture<'_, Submission>;
    /// Returns [`Submission::Repeated`] or [`Submission::Different`] if the idempotency key of an API
    /// key is remembered.
    fn job_repeated(&self, key_id: &str, mark: &Idempotency)
    -> StoreFuture<'_, Option<Submission>>;
    /// Reads a job.
    fn job_fetch(&self, id: &JobId) -> StoreFuture<'_, Option<JobRow>>;
    /// Lists jobs, newest first.
    fn job_list(&self, filter: JobFilter) -> StoreFuture<'_, Vec<JobRow>>;
    /// Lists the scenes of a job in order.
    fn job_scenes(&self, id: &JobId) -> StoreFuture<'_, Vec<SceneRow>>;
    /// Lists the events of a job after one of them.
    fn job_events(&self, id: &JobId, after: i64, limit: u32) -> StoreFuture<'_, Vec<EventRow>>;
    /// Lists the tasks of a job in the order of their creation.
    fn job_tasks(&self, id: &JobId) -> StoreFuture<'_, Vec<TaskRow>>;
    /// Cancels a job, and returns its status; `None` if there is no such job.
    fn job_cancel(&self, id: &JobId) -> StoreFuture<'_, Option<JobStatus>>;
    /// Queues a stopped job again by an event that its status allows. Its finished tasks stay
    /// finished. Returns false if the status does not allow the event.
    fn job_resume(&self, id: &JobId, event: JobEvent) -> StoreFuture<'_, bool>;
    /// Queues a job again with another brief, by an event that its status allows. Stages whose input does not
    /// change are neither run nor bought again. Returns false if the status does not allow the event.
    fn job_redo(&self, id: &JobId, brief: Value, event: JobEvent) -> StoreFuture<'_, bool>;
    /// Deletes a job that has ended. Returns false if it has not.
    fn job_delete(&self, id: &JobId) -> StoreFuture<'_, bool>;
}
