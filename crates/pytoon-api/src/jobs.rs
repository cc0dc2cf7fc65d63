//! The routes that read jobs.

use crate::Api;
use crate::auth::{Caller, Scope};
use crate::budget::Held;
use crate::extract::{ApiPath, ApiQuery};
use crate::problem::Problem;
use axum::Extension;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use pytoon_core::artifact;
use pytoon_core::layout::Format;
use pytoon_records::job::JobStatus;
use pytoon_records::job::store::{JobError, JobFilter, JobRow, SceneRow};
use pytoon_storage::job_files::folder_of;
use pytoon_vocabulary::{JobId, UnixMs};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A job, which makes one film.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub(crate) struct Job {
    /// The id of the job.
    job_id: String,
    /// The status of the job: `queued`, `planning_scenes`, `building_timeline`, `rendering_scenes`, `composing`,
    /// `done`, `failed`, `held`, `cancelling` or `cancelled`.
    status: String,
    /// The progress in percent, 0 to 100.
    progress_pct: u8,
    /// The first words of the brief, at most 60 characters; null if the brief has no words.
    title: Option<String>,
    /// The URI of the film; null until the job is done.
    output_uri: Option<String>,
    /// The URI of the cover; null until the job is done.
    thumbnail_uri: Option<String>,
    /// The films of the same brief in further formats; absent in lists, and empty until the job is done.
    #[serde(skip_serializing_if = "Option::is_none")]
    further_outputs: Option<Vec<FurtherOutput>>,
    /// The number of known scenes.
    scene_count: usize,
    /// The number of scenes that an engine other than the requested one drew.
    fallback_count: usize,
    /// True if the brief's profile is `test`, which makes a small film quickly.
    is_draft: bool,
    /// The scenes of the job; absent in lists.
    #[serde(skip_serializing_if = "Option::is_none")]
    scenes: Option<Vec<Scene>>,
    /// The times at which the job changed.
    timings: Timings,
    /// The amount that vendors have charged so far, in US dollars.
    cost_usd: f64,
    /// The reason why the job failed or is held.
    error: Option<Failure>,
    /// The submitter's own data.
    #[cfg_attr(feature = "openapi", schema(value_type = Option<Object>))]
    client_data: Option<Value>,
}

/// A film of a job in a further format.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
struct FurtherOutput {
    /// The format: `9:16`, `4:5`, `1:1` or `16:9`.
    format: &'static str,
    /// The URI of the film.
    output_uri: String,
    /// The URI of the cover.
    thumbnail_uri: String,
    /// The URI of the film's receipt.
    receipt_uri: String,
}

/// A scene of a job.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub(crate) struct Scene {
    /// The id of the scene.
    scene_id: String,
    /// The status of the scene: `planned`, `rendering` or `done`.
    status: String,
    /// The engine that draws or drew the scene.
    engine_used: Option<String>,
    /// True if an engine other than the requested one drew the scene.
    fallback_used: bool,
    /// The time that external engines spent on the scene, in milliseconds; null if none was tried, or until the film
    /// is done.
    render_duration_ms: Option<i64>,
    /// The reason why the requested engine did not draw the scene.
    error: Option<String>,
}

impl From<SceneRow> for Scene {
    fn from(row: SceneRow) -> Self {
        Self {
            scene_id: row.scene_id.into(),
            status: row.status.to_string(),
            engine_used: row.engine_used.map(String::from),
            fallback_used: row.fallback_used,
            render_duration_ms: row.render_duration_ms,
            error: row.error,
        }
    }
}

/// The times at which a job changed, as RFC 3339.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub(crate) struct Timings {
    queued_at: String,
    started_at: Option<String>,
    finished_at: Option<String>,
}

/// The error of a failed or held job.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub(crate) struct Failure {
    /// The kind of failure.
    code: String,
    /// The stage that failed.
    stage: String,
    /// The provider that failed, if one did.
    provider: Option<String>,
    /// The cause and the remedy.
    message: String,
    /// True if a retry may succeed.
    retryable: bool,
}

impl From<JobError> for Failure {
    fn from(error: JobError) -> Self {
        Self {
            code: error.code,
            stage: error.stage,
            provider: error.provider,
            message: error.message,
            retryable: error.retryable,
        }
    }
}

pub(crate) fn moment(at: UnixMs) -> String {
    jiff::Timestamp::from_millisecond(at).map(|at| at.to_string()).unwrap_or_default()
}

fn job(row: JobRow) -> Job {
    let is_done = row.status == JobStatus::Done;
    let uri = |name: &str| is_done.then(|| artifact_uri(&row.id, name));
    Job {
        status: row.status.to_string(),
        progress_pct: row.status.progress_pct(row.tasks_done, row.tasks_known),
        title: row.title,
        output_uri: uri(artifact::OUTPUT),
        thumbnail_uri: uri(artifact::THUMBNAIL),
        further_outputs: None,
        scene_count: row.scene_count as usize,
        fallback_count: row.fallback_count as usize,
        is_draft: row.is_draft,
        scenes: None,
        timings: Timings {
            queued_at: moment(row.created_at),
            started_at: row.started_at.map(moment),
            finished_at: row.finished_at.map(moment),
        },
        cost_usd: row.charged.as_usd(),
        error: row.error.map(Failure::from),
        client_data: row.client_data,
        job_id: row.id.into(),
    }
}

fn artifact_uri(id: &JobId, name: &str) -> String {
    format!("/api/v2/jobs/{id}/artifacts/{name}")
}

/// Returns the formats of the job's films after the first.
pub(crate) fn further_formats(row: &JobRow) -> Vec<Format> {
    let formats = row.brief.get("formats").cloned().unwrap_or_default();
    let formats: Vec<Format> = serde_json::from_value(formats).unwrap_or_default();
    formats.into_iter().skip(1).collect()
}

/// Returns the films of a finished job in further formats.
fn further_outputs(row: &JobRow) -> Vec<FurtherOutput> {
    if row.status != JobStatus::Done {
        return Vec::new();
    }
    let output = |format: Format| {
        let uri = |name: &str| artifact_uri(&row.id, &artifact::in_format(name, format));
        FurtherOutput {
            format: format.as_str(),
            output_uri: uri(artifact::OUTPUT),
            thumbnail_uri: uri(artifact::THUMBNAIL),
            receipt_uri: uri(artifact::METADATA),
        }
    };
    further_formats(row).into_iter().map(output).collect()
}

/// Returns a job with its scenes and the films in further formats.
pub(crate) async fn job_with_scenes(api: &Api, row: JobRow) -> Result<Job, Problem> {
    let scenes = api.jobs.job_scenes(&row.id).await?;
    let scenes: Vec<Scene> = scenes.into_iter().map(Scene::from).collect();
    let further_outputs = Some(further_outputs(&row));
    Ok(Job { scene_count: scenes.len(), scenes: Some(scenes), further_outputs, ..job(row) })
}

/// Reads a job. Returns a 404 problem if it does not exist or the caller may not see it.
pub(crate) async fn authorized_job(
    api: &Api,
    caller: &Caller,
    id: &JobId,
) -> Result<JobRow, Problem> {
    let row = api.jobs.job_fetch(id).await?;
    row.filter(|row| caller.sees_key(&row.key_id)).ok_or_else(|| Problem::no_job(id))
}

/// The parameters that select jobs.
#[derive(Debug, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::IntoParams))]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", into_params(parameter_in = Query))]
pub(crate) struct Page {
    /// The status of the listed jobs; all if absent.
    status: Option<String>,
    /// Maximum number of jobs, 1 to 200; default 50.
    #[cfg_attr(feature = "openapi", param(minimum = 1, maximum = 200))]
    limit: Option<u32>,
    /// The cursor of the page: the `next` of the previous page.
    #[cfg_attr(feature = "openapi", param(pattern = "^[0-9]+_.+$"))]
    cursor: Option<String>,
}

/// One page of jobs, newest first.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub(crate) struct Jobs {
    jobs: Vec<Job>,
    /// The cursor of the next page; absent on the last one.
    next: Option<String>,
}

/// Maximum size of a job in a list, in bytes.
const MOST_OF_A_JOB: u64 = 20 << 10;

/// List jobs
#[cfg_attr(feature = "openapi", utoipa::path(
    get,
    path = "/api/v2/jobs",
    operation_id = "list_jobs",
    tag = "jobs",
    params(Page),
    responses(
        (status = 200, description = "A page", body = Jobs),
        (status = 401, description = "The API key is missing or unknown", body = Problem),
        (status = 403, description = "The key lacks the `read` scope", body = Problem),
        (status = 422, description = "A parameter is invalid", body = Problem),
        (status = 503, description = "The database does not respond", body = Problem),
    )
))]
pub(crate) async fn list(
    State(api): State<Api>,
    caller: Caller,
    ApiQuery(page): ApiQuery<Page>,
) -> Result<(Extension<Held>, Json<Jobs>), Problem> {
    caller.may(Scope::Read)?;
    let limit = page.limit.unwrap_or(50);
    if !(1..=200).contains(&limit) {
        return Err(Problem::field("limit", format!("{limit} is not between 1 and 200")));
    }
    let status = page.status.as_deref().map(|name| {
        JobStatus::from_name(name).ok_or_else(|| {
            let known: Vec<&str> = JobStatus::ALL.iter().map(|status| status.as_str()).collect();
            Problem::field("status", format!("`{name}` is not one of {}", known.join(", ")))
        })
    });
    let after = page.cursor.as_deref().map(|cursor| {
        let parts = cursor.split_once('_');
        parts
            .and_then(|(at, id)| Some((at.parse().ok().filter(|at| *at >= 0)?, id.into())))
            .ok_or_else(|| {
                Problem::field(
                    "cursor",
                    "this is not a cursor: use `next` from an earlier page, or omit the parameter",
                )
            })
    });
    let filter = JobFilter {
        key_id: caller.sees(),
        status: status.transpose()?,
        after: after.transpose()?,
        limit: limit + 1,
        with_briefs: false,
    };
    let most = u64::from(limit) * MOST_OF_A_JOB;
    let share = api.budgets.answers.take(&caller.key_id, most).await?;
    let mut rows = api.jobs.job_list(filter).await?;
    let has_more = rows.len() > limit as usize;
    rows.truncate(limit as usize);
    let last = rows.last().filter(|_| has_more);
    let next = last.map(|row| format!("{}_{}", row.created_at, row.id));
    let jobs = rows.into_iter().map(job).collect();
    Ok((Extension(Held::from(share)), Json(Jobs { jobs, next })))
}

/// Show a job
#[cfg_attr(feature = "openapi", utoipa::path(
    get,
    path = "/api/v2/jobs/{id}",
    tag = "jobs",
    params(("id" = String, Path, description = "The job")),
    responses(
        (status = 200, description = "The job", body = Job),
        (status = 401, description = "The API key is missing or unknown", body = Problem),
        (status = 403, description = "The key lacks the `read` scope", body = Problem),
        (status = 404, description = "There is no such job", body = Problem),
        (status = 503, description = "The database does not respond", body = Problem),
    )
))]
pub(crate) async fn fetch(
    State(api): State<Api>,
    caller: Caller,
    ApiPath(id): ApiPath<JobId>,
) -> Result<Json<Job>, Problem> {
    caller.may(Scope::Read)?;
    let row = authorized_job(&api, &caller, &id).await?;
    Ok(Json(job_with_scenes(&api, row).await?))
}

/// Responds with a JSON file of a job: the published one, or else the one in the work folder. Returns a 409 problem
/// if neither exists.
async fn document(api: &Api, caller: &Caller, id: &JobId, name: &str) -> Result<Response, Problem> {
    caller.may(Scope::Read)?;
    let row = authorized_job(api, caller, id).await?;
    let work = format!("{}/{name}", artifact::WORK_DIR);
    for name in [name, &work] {
        if let Some(bytes) = api.storage.read(&storage_name(&row.id, name)).await? {
            let response = Response::builder().header("content-type", "application/json");
            return response.body(bytes.into()).map_err(|error| {
                Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", error.to_string())
            });
        }
    }
    Err(missing_file(&row, name))
}

/// Returns the 409 problem for a file that a job does not have.
pub(crate) fn missing_file(row: &JobRow, name: &str) -> Problem {
    let status = row.status.as_str();
    let detail = if row.status == JobStatus::Held {
        format!("the job has no {name} yet: its status is `{status}`; release it first")
    } else if row.status == JobStatus::Done {
        format!("{name} of this job no longer exists: it was removed after its retention time")
    } else if row.status.is_terminal() {
        format!("the job has no {name}: its status is `{status}`; retry the job to get one")
    } else {
        format!("the job has no {name} yet: its status is `{status}`; try again later")
    };
    Problem::new(StatusCode::CONFLICT, "not_yet", detail)
}

/// Show a job's scenes as planned
#[cfg_attr(feature = "openapi", utoipa::path(
    get,
    path = "/api/v2/jobs/{id}/scene-graph",
    tag = "jobs",
    params(("id" = String, Path, description = "The job")),
    responses(
        (status = 200, description = "The plan", body = Object, content_type = "application/json"),
        (status = 401, description = "The API key is missing or unknown", body = Problem),
        (status = 403, description = "The key lacks the `read` scope", body = Problem),
        (status = 404, description = "There is no such job", body = Problem),
        (status = 409, description = "The job does not have the document: it has not come so far, or the document was removed", body = Problem),
        (status = 503, description = "The database does not respond", body = Problem),
    )
))]
pub(crate) async fn scene_graph(
    State(api): State<Api>,
    caller: Caller,
    ApiPath(id): ApiPath<JobId>,
) -> Result<Response, Problem> {
    document(&api, &caller, &id, artifact::SCENE_GRAPH).await
}

/// Show a job's timeline
#[cfg_attr(feature = "openapi", utoipa::path(
    get,
    path = "/api/v2/jobs/{id}/timeline",
    tag = "jobs",
    params(("id" = String, Path, description = "The job")),
    responses(
        (status = 200, description = "The timeline", body = Object, content_type = "application/json"),
        (status = 401, description = "The API key is missing or unknown", body = Problem),
        (status = 403, description = "The key lacks the `read` scope", body = Problem),
        (status = 404, description = "There is no such job", body = Problem),
        (status = 409, description = "The job does not have the document: it has not come so far, or the document was removed", body = Problem),
        (status = 503, description = "The database does not respond", body = Problem),
    )
))]
pub(crate) async fn timeline(
    State(api): State<Api>,
    caller: Caller,
    ApiPath(id): ApiPath<JobId>,
) -> Result<Response, Problem> {
    document(&api, &caller, &id, artifact::TIMELINE).await
}

/// Show a job's receipt
#[cfg_attr(feature = "openapi", utoipa::path(
    get,
    path = "/api/v2/jobs/{id}/receipt",
    tag = "jobs",
    params(("id" = String, Path, description = "The job")),
    responses(
        (status = 200, description = "The receipt", body = Object, content_type = "application/json"),
        (status = 401, description = "The API key is missing or unknown", body = Problem),
        (status = 403, description = "The key lacks the `read` scope", body = Problem),
        (status = 404, description = "There is no such job", body = Problem),
        (status = 409, description = "The job does not have the document: it has not come so far, or the document was removed", body = Problem),
        (status = 503, description = "The database does not respond", body = Problem),
    )
))]
pub(crate) async fn receipt(
    State(api): State<Api>,
    caller: Caller,
    ApiPath(id): ApiPath<JobId>,
) -> Result<Response, Problem> {
    document(&api, &caller, &id, artifact::METADATA).await
}

/// Returns the storage name of a job's file.
pub(crate) fn storage_name(id: &JobId, name: &str) -> String {
    format!("{}/{name}", folder_of(id.as_str()))
}
