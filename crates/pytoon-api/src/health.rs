//! The routes for liveness, readiness, metrics and presets.

use crate::auth::{Caller, Scope};
use crate::problem::Problem;
use crate::{Api, auth};
use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use pytoon_engines::breaker::{self, BreakerState};
use pytoon_process::{CancelToken, CommandLine, Programs, Runner, disk};
use pytoon_records::job::JobStatus;
use pytoon_records::job::counts::merge;
use pytoon_records::job::process::QueueState;
use pytoon_records::ledger::StoreError;
use pytoon_telemetry::{Breaker, Metrics};
use pytoon_vendor::breakers::voice_of;
use pytoon_vendor::world::{RealWorld, World};
use serde::Serialize;
use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::PoisonError;
use std::time::{Duration, Instant};

/// The waiting time of the oldest due task above which the queue seems to have no worker, or too few.
const OLD_QUEUE: Duration = Duration::from_secs(600);
/// The timeout for reading counters from the database. It is short because scrapers time out after ten seconds.
const COUNTS_PATIENCE: Duration = Duration::from_secs(2);
/// The timeout for the check of the object store.
const STORE_PATIENCE: Duration = Duration::from_secs(8);
/// The timeout for the check of the database. It is short because probes time out after five seconds.
const DATABASE_PATIENCE: Duration = Duration::from_secs(2);
/// The timeout for reading FFmpeg's version, which a working FFmpeg prints at once.
const FFMPEG_PATIENCE: Duration = Duration::from_secs(5);

/// Check that the process responds
#[cfg_attr(feature = "openapi", utoipa::path(
    get,
    path = "/livez",
    tag = "service",
    security(()),
    responses((status = 200, description = "The service is running", body = String))
))]
pub(crate) async fn livez() -> &'static str {
    "ok\n"
}

/// The result of one check.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub(crate) struct Check {
    /// True if the check passed.
    ok: bool,
    /// The details of the result.
    detail: String,
}

/// The results of all readiness checks.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub(crate) struct Readiness {
    /// The overall status: `ok`, or `not_ready` if a check failed.
    status: String,
    /// The results of the checks, by name.
    checks: BTreeMap<String, Check>,
}

/// Converts a result to a check. Removes paths of this machine, since the endpoint is public.
fn check(result: Result<String, String>) -> Check {
    let ok = result.is_ok();
    let detail = result.unwrap_or_else(|error| error);
    Check { ok, detail: pytoon_core::text::without_folders(&detail) }
}

/// The lifetime of a cached readiness result.
const ANSWER_HOLDS: Duration = Duration::from_secs(1);
/// The lifetime of FFmpeg's cached version.
const FFMPEG_HOLDS: Duration = Duration::from_secs(60);

/// The cached results of the readiness checks and of FFmpeg's version check.
#[derive(Debug, Default)]
pub struct LastChecks {
    all: tokio::sync::Mutex<Option<(Instant, Readiness)>>,
    ffmpeg: tokio::sync::Mutex<Option<(Instant, String)>>,
}

impl LastChecks {
    /// Runs the readiness checks, unless the cached result is still valid. Concurrent callers share one run.
    async fn readiness(&self, api: &Api) -> Readiness {
        let mut all = self.all.lock().await;
        if let Some((at, readiness)) = all.as_ref()
            && at.elapsed() < ANSWER_HOLDS
        {
            return readiness.clone();
        }
        let readiness = readiness(api).await;
        *all = Some((Instant::now(), readiness.clone()));
        readiness
    }

    /// Returns FFmpeg's version, from the cache if it is still valid, or an error if FFmpeg cannot run.
    async fn ffmpeg(&self) -> Result<String, String> {
        let mut last = self.ffmpeg.lock().await;
        if let Some((at, version)) = last.as_ref()
            && at.elapsed() < FFMPEG_HOLDS
        {
            return Ok(version.clone());
        }
        *last = None;
        let asked = tokio::task::spawn_blocking(ffmpeg).await;
        let version = asked.unwrap_or_else(|error| Err(error.to_string()))?;
        *last = Some((Instant::now(), version.clone()));
        Ok(version)
    }
}

/// Awaits a result of the database. Returns an error on timeout, since another process may hold the database's lock.
async fn with_timeout<T>(asked: impl Future<Output = Result<T, StoreError>>) -> Result<T, String> {
    match tokio::time::timeout(DATABASE_PATIENCE, asked).await {
        Ok(answer) => answer.map_err(|error| error.to_string()),
        Err(_) => Err(format!("no reply within {} s", DATABASE_PATIENCE.as_secs())),
    }
}

async fn readiness(api: &Api) -> Readiness {
    let mut checks = BTreeMap::new();
    let written =
        with_timeout(api.processes.check()).await.map(|()| "a row was written".to_owned());
    checks.insert("database".to_owned(), check(written));
    let written = tokio::time::timeout(STORE_PATIENCE, api.storage.check()).await;
    let written = match written {
        Ok(written) => written.map_err(|error| format!("failed to {error}")),
        Err(_) => Err(format!("no reply within {} s", STORE_PATIENCE.as_secs())),
    };
    checks.insert("store".to_owned(), check(written));
    let storage = api.storage.folder().to_owned();
    let needed = api.config.settings.storage.min_free_mib;
    let space = match disk::free_bytes(&storage).map(|bytes| bytes >> 20) {
        Some(mib) if mib < needed => Err(format!(
            "{mib} MiB are free, {needed} MiB are needed (storage.min_free_mib): free disk space; \
             until then new jobs are refused"
        )),
        Some(mib) => Ok(format!("{mib} MiB are free")),
        None => Ok("the free space is unknown".to_owned()),
    };
    checks.insert("disk".to_owned(), check(space));
    checks.insert("ffmpeg".to_owned(), check(api.checks.ffmpeg().await));
    let queue = match with_timeout(api.processes.queue_state()).await {
        Ok(queue) => {
            let waited = Duration::from_millis(queue.oldest_ready_ms.unsigned_abs());
            let said =
                format!("ready tasks: {}, the oldest for {} s", queue.ready, waited.as_secs());
            if waited > OLD_QUEUE { Err(said) } else { Ok(said) }
        }
        Err(error) => Err(error),
    };
    checks.insert("queue".to_owned(), check(queue));
    let all = checks.values().all(|check| check.ok);
    Readiness { status: if all { "ok" } else { "not_ready" }.to_owned(), checks }
}

fn ffmpeg() -> Result<String, String> {
    let runner = Runner::new(Programs::beside_this_one(), CancelToken::default(), FFMPEG_PATIENCE);
    let asked = CommandLine::new("ffmpeg", "read its version").arg("-version");
    let said = runner.run(&asked, Vec::new()).map_err(|error| format!("failed to {error}"))?;
    let first = String::from_utf8_lossy(&said).lines().next().unwrap_or_default().to_owned();
    Ok(first.split(" Copyright").next().unwrap_or_default().to_owned())
}

async fn ready(api: Api) -> (StatusCode, Json<Readiness>) {
    let readiness = api.checks.readiness(&api).await;
    let is_ready = readiness.checks.values().all(|check| check.ok);
    let status = if is_ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(readiness))
}

/// Check that the service is ready
#[cfg_attr(feature = "openapi", utoipa::path(
    get,
    path = "/readyz",
    tag = "service",
    security(()),
    responses(
        (status = 200, description = "Ready", body = Readiness),
        (status = 503, description = "Not ready; the body lists the failed checks", body = Readiness),
    )
))]
pub(crate) async fn readyz(State(api): State<Api>) -> (StatusCode, Json<Readiness>) {
    ready(api).await
}

/// Check that the service is ready (older name)
#[cfg_attr(feature = "openapi", utoipa::path(
    get,
    path = "/health",
    tag = "service",
    security(()),
    responses(
        (status = 200, description = "Ready", body = Readiness),
        (status = 503, description = "Not ready; the body lists the failed checks", body = Readiness),
    )
))]
pub(crate) async fn health(State(api): State<Api>) -> (StatusCode, Json<Readiness>) {
    ready(api).await
}

/// Read the metrics of all processes
#[cfg_attr(feature = "openapi", utoipa::path(
    get,
    path = "/metrics",
    tag = "service",
    security(()),
    responses(
        (status = 200, description = "Prometheus text", body = String, content_type = "text/plain"),
        (status = 401, description = "The metrics token is missing or wrong", body = Problem),
    )
))]
pub(crate) async fn metrics(
    State(api): State<Api>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let token = &api.config.settings.metrics.token;
    let shown = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let shown = shown.and_then(|value| value.strip_prefix("Bearer ")).unwrap_or_default();
    // Compared as hashes, so that the time reveals nothing about the token.
    if !token.is_empty() && auth::sha256_hex(shown) != auth::sha256_hex(token) {
        let detail = "the metrics token is missing or wrong: send `Authorization: Bearer <token>` \
                      (metrics.token)";
        return Err(Problem::new(StatusCode::UNAUTHORIZED, "unauthorized", detail));
    }
    // Concurrently: while the database is unreachable, a scrape waits for it once and not three times.
    let (counts, _, queue) = tokio::join!(
        tokio::time::timeout(COUNTS_PATIENCE, api.processes.counts_all()),
        tokio::time::timeout(COUNTS_PATIENCE, update_shared_gauges(&api)),
        tokio::time::timeout(COUNTS_PATIENCE, api.processes.queue_state()),
    );
    let counts = match counts {
        Ok(Ok(counts)) => {
            *api.counts.lock().unwrap_or_else(PoisonError::into_inner) = counts.clone();
            counts
        }
        // While the database is unreachable, sums do not decrease: the last known ones are shown.
        _ => api.counts.lock().unwrap_or_else(PoisonError::into_inner).clone(),
    };
    let others: Vec<&str> = counts
        .iter()
        .filter(|(process, _)| *process != api.process)
        .map(|(_, text)| text.as_str())
        .collect();
    let mut text = merge(&api.metrics.render(), &others);
    text.push_str(&queue_text(queue.ok().and_then(Result::ok)));
    let kind = "text/plain; version=0.0.4; charset=utf-8";
    Ok(([(header::CONTENT_TYPE, kind)], text).into_response())
}

/// Updates the gauges of breakers, spend and the daily budget. Breakers and spend concern all processes, so they are
/// read from the shared database.
async fn update_shared_gauges(api: &Api) -> Result<(), StoreError> {
    Metrics::day_budget(api.config.engines.budget.per_day_usd);
    let now = RealWorld.now();
    for (engine, row) in api.ledger.breaker_list().await? {
        let state = match breaker::state(&row, now) {
            BreakerState::Closed => Breaker::Closed,
            BreakerState::HalfOpen => Breaker::HalfOpen,
            BreakerState::Open { .. } | BreakerState::SwitchedOff => Breaker::Open,
        };
        match voice_of(&engine) {
            Some(provider) => Metrics::voice_breaker(provider, state),
            None => Metrics::breaker(&engine, state),
        }
    }
    for (engine, usd) in api.ledger.spend_since(pytoon_vocabulary::start_of_day(now)).await? {
        Metrics::spend(&engine, usd.as_usd());
    }
    Ok(())
}

/// Formats the state of the queue, the version and the reachability of the database as Prometheus gauges. `queue` is
/// `None` if the database cannot be reached.
fn queue_text(queue: Option<QueueState>) -> String {
    let mut text = String::new();
    let mut gauge = |name: &str, help: &str, samples: &[(String, f64)]| {
        let _ = writeln!(text, "# HELP {name} {help}\n# TYPE {name} gauge");
        for (labels, value) in samples {
            let _ = writeln!(text, "{name}{labels} {value}");
        }
        text.push('\n');
    };
    let version = env!("CARGO_PKG_VERSION");
    let build = [(format!("{{version=\"{version}\"}}"), 1.0)];
    gauge("pytoon_build_info", "Version of this process.", &build);
    let up = if queue.is_some() { 1.0 } else { 0.0 };
    let queue = queue.unwrap_or_default();
    let one = |value: f64| [(String::new(), value)];
    gauge("pytoon_v2_database_up", "Reachability of the database: 1 reachable, 0 not.", &one(up));
    let by_status: Vec<(String, f64)> = JobStatus::ALL
        .iter()
        .map(|status| {
            let count = queue.jobs.get(status).copied().unwrap_or_default();
            (format!("{{status=\"{}\"}}", status.as_str()), count as f64)
        })
        .collect();
    gauge("pytoon_v2_jobs", "Jobs by status.", &by_status);
    let oldest = queue.oldest_ready_ms as f64 / 1000.0;
    for (name, help, value) in [
        ("pytoon_v2_queue_depth", "Tasks that are ready to run.", queue.ready as f64),
        (
            "pytoon_v2_queue_oldest_seconds",
            "Waiting time of the oldest ready task, in seconds.",
            oldest,
        ),
        ("pytoon_v2_tasks_running", "Running tasks.", queue.running as f64),
        ("pytoon_v2_tasks_waiting", "Tasks scheduled for later.", queue.waiting as f64),
        ("pytoon_v2_tasks_dead", "Dead-lettered tasks.", queue.dead as f64),
        ("pytoon_v2_leases_expired", "Running tasks with an expired lease.", queue.expired as f64),
    ] {
        gauge(name, help, &one(value));
    }
    text
}

/// A preset that briefs can name.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub(crate) struct Preset {
    /// The preset's name in a brief.
    preset_id: String,
    /// The preset's purpose.
    description: String,
}

/// List presets
#[cfg_attr(feature = "openapi", utoipa::path(
    get,
    path = "/api/v2/presets",
    tag = "service",
    responses(
        (status = 200, description = "All presets", body = [Preset]),
        (status = 401, description = "The API key is missing or unknown", body = Problem),
        (status = 403, description = "The key lacks the `read` scope", body = Problem),
        (status = 500, description = "The configuration cannot be read", body = Problem),
        (status = 503, description = "The database does not respond", body = Problem),
    )
))]
pub(crate) async fn presets(
    State(api): State<Api>,
    caller: Caller,
) -> Result<Json<Vec<Preset>>, Problem> {
    caller.may(Scope::Read)?;
    let presets = api.config.presets().map_err(|error| {
        Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "configuration", error.to_string())
    })?;
    let presets = presets.into_iter();
    Ok(Json(
        presets.map(|p| Preset { preset_id: p.name, description: p.preset.description }).collect(),
    ))
}
