//! The route that submits a job.

use crate::Api;
use crate::auth::{Caller, Scope};
use crate::extract::{ApiJson, apart};
use crate::problem::Problem;
use crate::warning::Warning;
use crate::webhooks;
use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use pytoon_config::{ConfigError, read_brief};
use pytoon_core::brief::Brief;
use pytoon_records::job::store::{Idempotency, MAX_CLIENT_DATA, NewJob, Submission};
use pytoon_records::job::{JobStatus, NewTask};
use pytoon_vocabulary::JobId;
use serde::Serialize;
use serde_json::{Map, Value};
use std::path::PathBuf;

/// The response to an accepted submission.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub(crate) struct Accepted {
    /// The id of the job.
    job_id: String,
    /// The status of the job.
    status: String,
    /// Warnings about the brief, which is accepted nevertheless.
    warnings: Vec<Warning>,
}

/// Maximum length of an idempotency key, in bytes.
const MAX_MARK: usize = 255;

/// Submit a job
///
/// The body is a brief. It may also contain `client_data`, which is returned with the job, and `webhook` (`{"url":
/// …}`), which is notified when the job ends. Files are uploads (`asset:{id}`), https URLs, or paths in the folders
/// of `assets.allowed_dirs`. A repeated request with the same `Idempotency-Key` and body returns the same job.
#[cfg_attr(feature = "openapi", utoipa::path(
    post,
    path = "/api/v2/jobs",
    tag = "jobs",
    request_body(content = Object, description = "A brief, as `pytoon init` writes it"),
    params(("Idempotency-Key" = Option<String>, Header, nullable = false, description = "The caller's own key for this request")),
    responses(
        (status = 202, description = "Taken", body = Accepted,
            headers(("Location" = String, description = "The job"))),
        (status = 400, description = "The body is not valid JSON", body = Problem),
        (status = 401, description = "The API key is missing or unknown", body = Problem),
        (status = 403, description = "The key lacks the `submit` scope", body = Problem),
        (status = 413, description = "The body is too large", body = Problem),
        (status = 415, description = "The Content-Type is not JSON", body = Problem),
        (status = 422, description = "A field is invalid", body = Problem),
        (status = 429, description = "The queue is full", body = Problem),
        (status = 503, description = "The database does not respond", body = Problem),
        (status = 507, description = "The disk is nearly full", body = Problem),
    )
))]
pub(crate) async fn submit(
    State(api): State<Api>,
    caller: Caller,
    headers: HeaderMap,
    ApiJson(mut body): ApiJson,
) -> Result<Answer, Problem> {
    caller.may(Scope::Submit)?;
    let asked = Value::Object(body.clone());
    let mark = mark(&headers, &asked)?;
    if let Some(mark) = &mark
        && let Some(earlier) = api.jobs.job_repeated(&caller.key_id, mark).await?
    {
        return respond_to_repeat(&api, earlier).await;
    }
    api.limits.submission(&caller.key_id)?;
    let client_data = body.remove("client_data");
    let length = client_data.as_ref().map_or(0, |data| data.to_string().len());
    if length > MAX_CLIENT_DATA {
        let detail = format!("the data has {length} bytes; the maximum is {MAX_CLIENT_DATA}");
        return Err(Problem::field("client_data", detail));
    }
    let webhook =
        body.remove("webhook").map(|asked| webhooks::parse_webhook(&api, &asked)).transpose()?;
    crate::disk_space::check(&api)?;
    let brief = brief(&api, &caller, body).await?;
    let warnings = warnings(&api, brief.clone()).await?;
    let id = JobId::from(uuid::Uuid::new_v4().to_string());
    let job = NewJob {
        id: id.clone(),
        key_id: caller.key_id.clone(),
        brief: serde_json::to_value(&brief)
            .map_err(|error| Problem::field("(body)", error.to_string()))?,
        client_data,
        webhook,
        tasks: NewTask::first(),
        idempotency: mark,
    };
    let most = api.config.settings.service.most_queued;
    match api.jobs.job_submit(job, most).await? {
        Submission::New => accepted_answer(Accepted {
            job_id: id.into(),
            status: JobStatus::Queued.to_string(),
            warnings,
        }),
        Submission::Full => {
            let detail =
                format!("the queue is full (service.most_queued is {most}): try again later");
            Err(Problem::new(StatusCode::TOO_MANY_REQUESTS, "queue_full", detail))
        }
        // The same request was submitted concurrently.
        earlier => respond_to_repeat(&api, earlier).await,
    }
}

type Answer = (StatusCode, [(HeaderName, HeaderValue); 2], Json<Accepted>);

/// Responds to a submission with a known idempotency key: with the earlier job, or with a 422 problem if the earlier
/// request was different. Ignores the current limits, disk space and files.
async fn respond_to_repeat(api: &Api, earlier: Submission) -> Result<Answer, Problem> {
    let Submission::Repeated(id) = earlier else {
        return Err(Problem::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "idempotency_key_reused",
            "this Idempotency-Key was used for a different request: send a new key",
        ));
    };
    let job = api.jobs.job_fetch(&id).await?.ok_or_else(|| Problem::no_job(&id))?;
    let brief = serde_json::from_value(job.brief)
        .map_err(|error| Problem::field("(body)", error.to_string()))?;
    let warnings = warnings(api, brief).await?;
    accepted_answer(Accepted { job_id: id.into(), status: job.status.to_string(), warnings })
}

fn accepted_answer(job: Accepted) -> Result<Answer, Problem> {
    let location = HeaderValue::from_str(&format!("/api/v2/jobs/{}", job.job_id))
        .map_err(|error| Problem::field("(id)", error.to_string()))?;
    let headers =
        [(header::LOCATION, location), (header::RETRY_AFTER, HeaderValue::from_static("2"))];
    Ok((StatusCode::ACCEPTED, headers, Json(job)))
}

async fn warnings(api: &Api, brief: Brief) -> Result<Vec<Warning>, Problem> {
    let planner = api.planner.clone();
    let noted = tokio::task::spawn_blocking(move || planner.warnings(&brief)).await;
    let noted = noted.map_err(|error| {
        Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", error.to_string())
    })?;
    Warning::list(noted).map_err(|error| Problem::field("(body)", error.to_string()))
}

fn mark(headers: &HeaderMap, asked: &Value) -> Result<Option<Idempotency>, Problem> {
    let Some(mark) = headers.get("idempotency-key") else { return Ok(None) };
    let refused = |reason: &str| {
        let detail = format!("{reason}: send 1 to {MAX_MARK} visible ASCII characters");
        Problem::field("Idempotency-Key", detail)
    };
    let mark = mark
        .to_str()
        .map_err(|_| refused("the key contains characters that are not visible ASCII"))?;
    if mark.is_empty() {
        return Err(refused("the key is empty"));
    }
    if mark.len() > MAX_MARK {
        return Err(refused(&format!("the key has {} characters", mark.len())));
    }
    let request_hash = crate::auth::sha256_hex(asked.to_string());
    Ok(Some(Idempotency { mark: mark.to_owned(), request_hash }))
}

/// Parses the brief in a request body, checks its names, resolves its files, and lets the planner check the rest.
pub(crate) async fn brief(
    api: &Api,
    caller: &Caller,
    body: Map<String, Value>,
) -> Result<Brief, Problem> {
    let text = Value::Object(body).to_string();
    let length = text.len();
    let file = apart(length, move || read_brief("the brief", &text, PathBuf::new())).await?;
    let file = file.map_err(|error| {
        let field = if error.field.is_empty() { "(body)" } else { &error.field };
        Problem::of_field("invalid_brief", field, format_error(&error))
    })?;
    let mut brief = file.brief;
    check_names(api, &brief)?;
    crate::media::find_files(api, caller, &mut brief).await?;
    let planner = api.planner.clone();
    let checked = tokio::task::spawn_blocking(move || planner.check(&brief).map(|()| brief)).await;
    let checked = checked.map_err(|error| {
        Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", error.to_string())
    })?;
    Ok(checked?)
}

/// Returns a 422 problem for a preset, profile or engine that the configuration does not contain.
fn check_names(api: &Api, brief: &Brief) -> Result<(), Problem> {
    let named = |field: &str, name: &Option<String>, known: &dyn Fn(&str) -> Option<String>| {
        let wrong = name.as_deref().and_then(known);
        wrong.map_or(Ok(()), |reason| Err(Problem::field(field, reason)))
    };
    let reason = |result: Result<(), ConfigError>| result.err().map(|error| format_error(&error));
    named("preset_id", &brief.preset_id, &|name| reason(api.config.preset(name).map(|_| ())))?;
    let asked = brief
        .engines_asked()
        .find_map(|(field, name)| Some((field, api.config.unknown_engine(name)?)));
    if let Some((field, reason)) = asked {
        return Err(Problem::field(&field, reason));
    }
    named("profile", &brief.profile, &|name| reason(api.config.profile(name).map(|_| ())))
}

/// Formats a configuration error without the file's name, which callers do not know.
fn format_error(error: &ConfigError) -> String {
    let near = error.suggestion.as_ref().map(|name| format!(" (did you mean `{name}`?)"));
    format!("{}{}", error.reason, near.unwrap_or_default())
}
