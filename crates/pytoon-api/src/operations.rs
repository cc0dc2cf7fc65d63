//! The route that shows an operator the state of the whole service, with the runbook page of each kind of failure.

use crate::Api;
use crate::auth::{Caller, Scope};
use crate::jobs::moment;
use crate::problem::Problem;
use axum::Json;
use axum::extract::State;
use pytoon_engines::call_decisions::engine_config;
use pytoon_process::disk;
use pytoon_records::job::JobStatus;
use pytoon_records::job::store::{JobFilter, JobRow};
use pytoon_records::ledger::{CallFilter, CallState};
use pytoon_vendor::breakers::voice_of;
use pytoon_vendor::world::{RealWorld, World};
use pytoon_vocabulary::{MicroUsd, UnixMs};
use serde::Serialize;
use std::collections::BTreeMap;

/// The number of failed jobs that are grouped by their causes.
const FAILED_JOBS: u32 = 200;
/// The number of listed calls and changes of switches.
const LISTED: u32 = 100;

/// The state of the service.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub(crate) struct Operations {
    /// The queue of tasks.
    queue: Queue,
    /// The number of jobs, by status.
    jobs: BTreeMap<String, u64>,
    /// The names of the processes that have published counters.
    processes: Vec<String>,
    /// The causes of the latest failed and held jobs, the most frequent first.
    failures: Vec<Cause>,
    /// The tasks that no worker tries again, newest first.
    dead_tasks: Vec<DeadTask>,
    /// The paid calls with an unknown outcome.
    unknown_calls: Vec<UnknownCall>,
    /// The storage of films.
    storage: StorageState,
    /// The API keys.
    keys: Vec<Key>,
    /// The latest changes of switches.
    switches: Vec<SwitchEntry>,
}

/// The state of the queue.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub(crate) struct Queue {
    /// The number of tasks that are due.
    ready: u64,
    /// The number of tasks that workers run.
    running: u64,
    /// The number of tasks that are not due yet.
    waiting: u64,
    /// The number of dead tasks.
    dead: u64,
    /// The number of running tasks whose lease has expired.
    expired_leases: u64,
    /// The time that the oldest due task has waited, in seconds.
    oldest_ready_seconds: f64,
}

/// A cause of failures.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub(crate) struct Cause {
    /// The kind of failure.
    code: String,
    /// The stage that failed.
    stage: String,
    /// The provider that failed, if one did.
    provider: Option<String>,
    /// The number of jobs that it stopped.
    jobs: u64,
    /// The latest of these jobs.
    latest_job: String,
    /// The message of the latest job.
    message: String,
    /// The name of the runbook page, for `GET /api/v2/documents/{name}`.
    runbook: String,
}

/// A task that no worker tries again.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub(crate) struct DeadTask {
    /// The id of the task.
    task_id: String,
    /// The id of its job.
    job_id: String,
    /// The name of the task within the job.
    name: String,
    /// The number of attempts.
    attempts: u32,
    /// The error of the last attempt.
    error: String,
}

/// A paid call with an unknown outcome.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub(crate) struct UnknownCall {
    /// The id of the call.
    call_id: String,
    /// The name of the engine.
    engine: String,
    /// The job of the call.
    job_id: String,
    /// The scene of the call; empty for a call that bought speech.
    scene_id: String,
    /// True if the call bought a clip, so that it can be decided as arrived.
    is_clip: bool,
    /// The estimated price, in US dollars.
    estimated_usd: f64,
    /// The time of the call, as RFC 3339.
    created_at: String,
    /// The error, if there was one.
    error: Option<String>,
}

/// The storage of films.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub(crate) struct StorageState {
    /// The kind of storage: `folder` or `object_store`.
    kind: String,
    /// The free space of the storage folder, in MiB; null if it is unknown.
    free_mib: Option<u64>,
    /// The free space below which no film is started, in MiB.
    needed_mib: u64,
}

/// An API key, without the key itself.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub(crate) struct Key {
    /// The id of the key.
    key_id: String,
    /// The name of the key.
    name: String,
    /// The scopes of the key.
    scopes: Vec<String>,
    /// The amount that its jobs may spend per day (UTC), in US dollars; null without a limit.
    budget_per_day_usd: Option<f64>,
    /// True if the key is revoked.
    is_revoked: bool,
}

/// A change of the switch of an engine or a voice provider.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub(crate) struct SwitchEntry {
    /// The name of the engine or the voice provider.
    engine: String,
    /// True if `engine` is a voice provider.
    is_voice: bool,
    /// True if it was switched on.
    enabled: bool,
    /// The id of the person's API key.
    changed_by: String,
    /// The time of the change, as RFC 3339.
    changed_at: String,
    /// The reason that the person stated; may be empty.
    reason: String,
}

/// Show the state of the service
#[cfg_attr(feature = "openapi", utoipa::path(
    get,
    path = "/api/v2/operations",
    tag = "service",
    responses(
        (status = 200, description = "The state", body = Operations),
        (status = 401, description = "The API key is missing or unknown", body = Problem),
        (status = 403, description = "The key lacks the `admin` scope", body = Problem),
        (status = 503, description = "The database does not respond", body = Problem),
    )
))]
pub(crate) async fn operations(
    State(api): State<Api>,
    caller: Caller,
) -> Result<Json<Operations>, Problem> {
    caller.may(Scope::Admin)?;
    let queue = api.processes.queue_state().await?;
    let processes = api.processes.counts_all().await?.into_iter().map(|(name, _)| name);
    let mut stopped = Vec::new();
    for status in [JobStatus::Failed, JobStatus::Held] {
        let filter = JobFilter {
            key_id: None,
            status: Some(status),
            after: None,
            limit: FAILED_JOBS,
            with_briefs: false,
        };
        stopped.extend(api.jobs.job_list(filter).await?);
    }
    let dead = api.tasks.task_dead().await?.into_iter().map(|task| DeadTask {
        task_id: task.id.to_string(),
        job_id: task.job_id.to_string(),
        name: task.name,
        attempts: task.attempts,
        error: pytoon_core::text::without_folders(&task.error),
    });
    let storage = StorageState {
        kind: if api.storage.bucket().is_some() { "object_store" } else { "folder" }.to_owned(),
        free_mib: disk::free_bytes(api.storage.folder()).map(|bytes| bytes >> 20),
        needed_mib: api.config.settings.storage.min_free_mib,
    };
    let keys = api.keys.key_list().await?.into_iter().map(|key| Key {
        key_id: key.id,
        name: key.name,
        scopes: key.scopes,
        budget_per_day_usd: key.budget_per_day.map(MicroUsd::as_usd),
        is_revoked: key.revoked_at.is_some(),
    });
    let switches = api.switches.switch_log(LISTED).await?.into_iter().map(|record| SwitchEntry {
        is_voice: voice_of(&record.engine).is_some(),
        engine: voice_of(&record.engine).map_or(record.engine.clone(), str::to_owned),
        enabled: record.is_on,
        changed_by: record.changed_by,
        changed_at: moment(record.changed_at),
        reason: record.reason,
    });
    Ok(Json(Operations {
        jobs: queue.jobs.iter().map(|(status, jobs)| (status.to_string(), *jobs)).collect(),
        processes: processes.collect(),
        failures: causes(stopped),
        dead_tasks: dead.take(LISTED as usize).collect(),
        unknown_calls: unknown_calls(&api, RealWorld.now()).await?,
        storage,
        keys: keys.collect(),
        switches: switches.collect(),
        queue: Queue {
            ready: queue.ready,
            running: queue.running,
            waiting: queue.waiting,
            dead: queue.dead,
            expired_leases: queue.expired,
            oldest_ready_seconds: queue.oldest_ready_ms as f64 / 1000.0,
        },
    }))
}

/// Groups stopped jobs by the cause of their failure, the most frequent first.
fn causes(jobs: Vec<JobRow>) -> Vec<Cause> {
    let mut causes: BTreeMap<(String, String, Option<String>), (Cause, UnixMs)> = BTreeMap::new();
    for job in jobs {
        let Some(error) = job.error else { continue };
        let key = (error.code.clone(), error.stage.clone(), error.provider.clone());
        let (cause, latest) = causes.entry(key).or_insert_with(|| {
            let cause = Cause {
                runbook: runbook(&error.code).to_owned(),
                code: error.code.clone(),
                stage: error.stage.clone(),
                provider: error.provider.clone(),
                jobs: 0,
                latest_job: String::new(),
                message: String::new(),
            };
            (cause, UnixMs::MIN)
        });
        cause.jobs += 1;
        if job.updated_at > *latest {
            *latest = job.updated_at;
            cause.latest_job = job.id.to_string();
            cause.message = error.message;
        }
    }
    let mut causes: Vec<Cause> = causes.into_values().map(|(cause, _)| cause).collect();
    causes.sort_by_key(|cause| std::cmp::Reverse(cause.jobs));
    causes
}

/// Returns the runbook page for a kind of failure.
fn runbook(code: &str) -> &'static str {
    match code {
        "degraded" => "runbooks/fallback-spike",
        "store_unavailable" => "runbooks/database",
        "storage" => "runbooks/storage",
        "voice" => "runbooks/tts",
        _ => "runbooks/dead-tasks",
    }
}

/// Returns the calls with an unknown outcome. Omits a call without a response if the process that made it is alive.
async fn unknown_calls(api: &Api, now: UnixMs) -> Result<Vec<UnknownCall>, Problem> {
    let filter = CallFilter {
        states: vec![CallState::Unknown, CallState::Intent],
        limit: LISTED,
        ..CallFilter::default()
    };
    let rows = api.ledger.call_list(filter).await?.into_iter();
    let rows = rows.filter(|row| row.state == CallState::Unknown || row.lease_until <= now);
    let calls = rows.map(|row| UnknownCall {
        is_clip: engine_config(&row).is_some(),
        call_id: row.id.to_string(),
        engine: row.engine,
        job_id: row.job_id.to_string(),
        scene_id: row.scene_id.to_string(),
        estimated_usd: row.estimated.as_usd(),
        created_at: moment(row.created_at),
        error: row.error,
    });
    Ok(calls.collect())
}
