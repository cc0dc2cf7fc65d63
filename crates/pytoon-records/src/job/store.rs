//! The store that contains jobs.
//!
//! Guarantees: every method is one transaction; times are the database's.

use super::TaskRow;
use super::{JobEvent, JobStatus, NewTask, SceneEvent, SceneStatus};
use crate::ledger::StoreFuture;
use crate::state::names;
use pytoon_vocabulary::{EngineName, JobId, MicroUsd, SceneId, UnixMs};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::fmt;

/// A job that is about to be stored.
#[derive(Debug, Clone, PartialEq)]
pub struct NewJob {
    /// The id of the job.
    pub id: JobId,
    /// The id of the API key that submits the job.
    pub key_id: String,
    /// The brief, as JSON.
    pub brief: Value,
    /// The submitter's own data, which is returned with the job.
    pub client_data: Option<Value>,
    /// The webhook that is notified of the job's end.
    pub webhook: Option<Value>,
    /// The job's first tasks.
    pub tasks: Vec<NewTask>,
    /// The submitter's idempotency key.
    pub idempotency: Option<Idempotency>,
}

/// An idempotency key with the hash of its request. It identifies a repeated submission.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Idempotency {
    /// The key that the submitter chose.
    pub mark: String,
    /// The hash of the submitted request.
    pub request_hash: String,
}

/// The result of a submission.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Submission {
    /// A new job was inserted.
    New,
    /// The same request was submitted before and created this job.
    Repeated(JobId),
    /// A different request was submitted with the same idempotency key.
    Different,
    /// The queue already contains the maximum number of jobs.
    Full,
}

/// A stored job.
#[derive(Debug, Clone, PartialEq)]
pub struct JobRow {
    /// The id of the job.
    pub id: JobId,
    /// The id of the API key that submitted the job.
    pub key_id: String,
    /// The status of the job.
    pub status: JobStatus,
    /// The brief, as JSON.
    pub brief: Value,
    /// The first words of the brief ([`title_of`]); `None` for a job of an earlier version, and for a brief without words.
    pub title: Option<String>,
    /// The amount that vendors have charged for the job so far.
    pub charged: MicroUsd,
    /// The submitter's own data, which is returned with the job.
    pub client_data: Option<Value>,
    /// The webhook that is notified of the job's end.
    pub webhook: Option<Value>,
    /// The error for which the job failed or is held.
    pub error: Option<JobError>,
    /// The number of finished tasks.
    pub tasks_done: u32,
    /// The number of the job's tasks that are known so far; all of them once the voice has been synthesized.
    pub tasks_known: u32,
    /// The number of known scenes.
    pub scene_count: u32,
    /// The number of scenes that an engine other than the requested one drew.
    pub fallback_count: u32,
    /// True if the brief asks for the small and quick profile of drafts.
    pub is_draft: bool,
    /// The time at which the job was submitted.
    pub created_at: UnixMs,
    /// The time at which the job was last submitted, retried, released or redone. Its deadline counts from this time.
    pub asked_at: UnixMs,
    /// The time at which the job last changed.
    pub updated_at: UnixMs,
    /// The time at which a worker began the job; `None` before that.
    pub started_at: Option<UnixMs>,
    /// The time at which the job ended; `None` before that.
    pub finished_at: Option<UnixMs>,
}

/// The name of the profile of drafts.
pub const DRAFT_PROFILE: &str = "test";

/// Maximum length of a job's title, in characters.
pub const MAX_TITLE_CHARS: usize = 60;

/// Returns the first words of a brief: of its script, or else of its prompt or voice script. The words are whole, unless
/// the first one alone is too long. Returns `None` if the brief has no words.
pub fn title_of(brief: &Value) -> Option<String> {
    let texts =
        ["script", "prompt", "voice_script"].into_iter().filter_map(|key| brief[key].as_str());
    texts.map(first_words).find(|title| !title.is_empty())
}

fn first_words(text: &str) -> String {
    let text = text.trim_start();
    // A script may begin with the mark of its first shot.
    let is_mark = text.get(..5).is_some_and(|start| start.eq_ignore_ascii_case("<shot"));
    let text = text.split_once('>').filter(|_| is_mark).map_or(text, |(_, rest)| rest);
    let mut title = String::new();
    let mut left = MAX_TITLE_CHARS;
    for word in text.split_whitespace() {
        let length = word.chars().count() + usize::from(!title.is_empty());
        if length > left {
            break;
        }
        left -= length;
        if !title.is_empty() {
            title.push(' ');
        }
        title.push_str(word);
    }
    if title.is_empty() {
        title = text.trim_start().chars().take(MAX_TITLE_CHARS).collect();
    }
    title
}

/// The error code of a job whose film would be degraded although its brief does not accept a degraded film.
pub const DEGRADED: &str = "degraded";

/// The error of a failed or held job.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobError {
    /// The kind of error, such as `invalid_brief`.
    pub code: String,
    /// The stage that failed.
    pub stage: String,
    /// The provider that failed, if one did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provider: Option<String>,
    /// A message that states the cause and the remedy.
    pub message: String,
    /// True if a retry may succeed.
    pub retryable: bool,
}

/// A stored scene of a job.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SceneRow {
    /// The id of the scene.
    pub scene_id: SceneId,
    /// The status of the scene.
    pub status: SceneStatus,
    /// The engine that draws or drew the scene.
    pub engine_used: Option<EngineName>,
    /// True if `engine_used` is not the requested engine.
    pub fallback_used: bool,
    /// The time that external engines spent on the scene, in milliseconds; `None` if none was tried.
    pub render_duration_ms: Option<i64>,
    /// The reason why the requested engine did not draw the scene.
    pub error: Option<String>,
}

/// A change to a scene.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SceneChange {
    /// The id of the scene.
    pub scene_id: SceneId,
    /// The event that changes the scene's status.
    pub event: SceneEvent,
    /// The engine that draws or drew the scene.
    pub engine_used: Option<EngineName>,
    /// True if `engine_used` is not the requested engine.
    pub fallback_used: bool,
    /// The time that external engines spent on the scene, in milliseconds; `None` if none was tried.
    pub render_duration_ms: Option<i64>,
    /// The reason why the requested engine did not draw the scene.
    pub error: Option<String>,
}

impl SceneChange {
    /// Returns the row of the scene with its new status.
    pub fn into_row(self, status: SceneStatus) -> SceneRow {
        let Self { scene_id, engine_used, fallback_used, render_duration_ms, error, .. } = self;
        SceneRow { scene_id, status, engine_used, fallback_used, render_duration_ms, error }
    }
}

/// The conditions that listed jobs must meet, if set.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct JobFilter {
    /// The id of the API key that submitted the jobs; any if `None`.
    pub key_id: Option<String>,
    /// The status of the jobs; any if `None`.
    pub status: Option<JobStatus>,
    /// The creation time and id of the last job on the previous page; only later rows are returned.
    pub after: Option<(UnixMs, JobId)>,
    /// Maximum number of jobs to list.
    pub limit: u32,
    /// True to read briefs; otherwise the brief of each row is empty.
    pub with_briefs: bool,
}

/// Maximum size of a job's `client_data`, in bytes of JSON. It is small because every list of jobs contains these
/// data.
pub const MAX_CLIENT_DATA: usize = 16 << 10;

/// The kind of a job event, as clients that watch the job see it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EventKind {
    /// The status of the job changed.
    Status,
    /// The status of a scene changed.
    Scene,
}

names!(EventKind { Status = "status", Scene = "scene" });

/// A stored event of a job, for clients that watch the job.
#[derive(Debug, Clone, PartialEq)]
pub struct EventRow {
    /// The sequence number among the job's events, from 1.
    pub seq: i64,
    /// The time of the event.
    pub at: UnixMs,
    /// The kind of the event.
    pub event: EventKind,
    /// The content of the event: a status with its error, or a [`SceneRow`].
    pub data: Value,
}

/// The outcome of a change of a job's brief.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BriefChange {
    /// The job is queued again.
    Queued,
    /// There is no such job.
    Missing,
    /// Another change came first: the brief is no longer the one that the change was based on.
    Outdated,
    /// The job has this status, which does not allow the change.
    Refused(JobStatus),
}

/// The store of jobs, their scenes and events. Every method is one transaction.
pub trait JobStore: fmt::Debug + Send + Sync {
    /// Inserts a new job with its first tasks. Inserts nothing if `most_waiting` jobs are queued or its idempotency
    /// key is known.
    fn job_submit(&self, job: NewJob, most_waiting: u32) -> StoreFuture<'_, Submission>;
    /// Returns [`Submission::Repeated`] or [`Submission::Different`] if the idempotency key is stored for this API
    /// key, and `None` otherwise.
    fn job_repeated(&self, key_id: &str, mark: &Idempotency)
    -> StoreFuture<'_, Option<Submission>>;
    /// Reads a job; `None` if it does not exist.
    fn job_fetch(&self, id: &JobId) -> StoreFuture<'_, Option<JobRow>>;
    /// Lists jobs, newest first.
    fn job_list(&self, filter: JobFilter) -> StoreFuture<'_, Vec<JobRow>>;
    /// Lists the scenes of a job in order.
    fn job_scenes(&self, id: &JobId) -> StoreFuture<'_, Vec<SceneRow>>;
    /// Lists the events of a job that follow the event number `after`, at most `limit`.
    fn job_events(&self, id: &JobId, after: i64, limit: u32) -> StoreFuture<'_, Vec<EventRow>>;
    /// Lists the tasks of a job in the order of their creation.
    fn job_tasks(&self, id: &JobId) -> StoreFuture<'_, Vec<TaskRow>>;
    /// Cancels a job if its status allows it. Returns the resulting status; `None` if there is no such job.
    fn job_cancel(&self, id: &JobId) -> StoreFuture<'_, Option<JobStatus>>;
    /// Queues a stopped job again by an event. Its finished tasks stay finished. Returns false if the job does not
    /// exist or its status does not allow the event.
    fn job_resume(&self, id: &JobId, event: JobEvent) -> StoreFuture<'_, bool>;
    /// Queues a job again with another brief, by an event. Stages whose input does not change are neither run nor
    /// paid for again. Returns false if the job does not exist or its status does not allow the event.
    fn job_redo(&self, id: &JobId, brief: Value, event: JobEvent) -> StoreFuture<'_, bool>;
    /// Does the same as [`Self::job_redo`] with the event `redone`, if the brief of the job is still `based_on`.
    fn job_change_brief(
        &self,
        id: &JobId,
        based_on: Value,
        brief: Value,
    ) -> StoreFuture<'_, BriefChange>;
    /// Deletes the rows of a job that has ended, except its paid calls. Returns false if the job does not exist or
    /// has not ended.
    fn job_delete(&self, id: &JobId) -> StoreFuture<'_, bool>;
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_title_is_the_first_whole_words_of_a_brief() {
        let long =
            "Fresh bread, baked at dawn. Come by before it is gone, and bring a friend along.";
        for (brief, title) in [
            (json!({"script": "Fresh bread."}), Some("Fresh bread.")),
            (
                json!({"script": long}),
                Some("Fresh bread, baked at dawn. Come by before it is gone, and"),
            ),
            (
                json!({"script": " <SHOT 1>\n  Steam over\n a kettle."}),
                Some("Steam over a kettle."),
            ),
            (json!({"script": "<img> is text"}), Some("<img> is text")),
            (json!({"script": "  ", "prompt": "A bakery"}), Some("A bakery")),
            (json!({"media_files": ["a.jpg"]}), None),
        ] {
            assert_eq!(title_of(&brief).as_deref(), title, "{brief}");
        }
        let unbroken = "日".repeat(200);
        assert_eq!(title_of(&json!({ "script": unbroken })), Some("日".repeat(MAX_TITLE_CHARS)));
    }
}
