//! The routes that cancel, retry, release and delete jobs.

use crate::Api;
use crate::auth::{Caller, Scope};
use crate::extract::ApiPath;
use crate::jobs::{Job, authorized_job, job_with_scenes};
use crate::problem::Problem;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use pytoon_records::job::{JobEvent, JobStatus};
use pytoon_vocabulary::JobId;

pub(crate) fn conflict(status: JobStatus, what: &str) -> Problem {
    let detail = format!("the job's status is `{}`: {what}", status.as_str());
    Problem::new(StatusCode::CONFLICT, "wrong_status", detail)
}

pub(crate) async fn job_reply(
    api: &Api,
    caller: &Caller,
    id: &JobId,
) -> Result<Json<Job>, Problem> {
    let row = authorized_job(api, caller, id).await?;
    Ok(Json(job_with_scenes(api, row).await?))
}

/// Cancel a job
///
/// No further task starts, running tasks are stopped, and vendor tasks of the job are cancelled.
#[cfg_attr(feature = "openapi", utoipa::path(
    post,
    path = "/api/v2/jobs/{id}/cancel",
    tag = "jobs",
    params(("id" = String, Path, description = "The job")),
    responses(
        (status = 200, description = "The job in its new state", body = Job),
        (status = 401, description = "The API key is missing or unknown", body = Problem),
        (status = 403, description = "The key lacks the `submit` scope", body = Problem),
        (status = 404, description = "There is no such job", body = Problem),
        (status = 409, description = "The job has ended", body = Problem),
        (status = 503, description = "The database does not respond", body = Problem),
    )
))]
pub(crate) async fn cancel(
    State(api): State<Api>,
    caller: Caller,
    ApiPath(id): ApiPath<JobId>,
) -> Result<Json<Job>, Problem> {
    caller.may(Scope::Submit)?;
    authorized_job(&api, &caller, &id).await?;
    match api.jobs.job_cancel(&id).await? {
        None => Err(Problem::no_job(&id)),
        Some(JobStatus::Done) => Err(conflict(JobStatus::Done, "there is nothing to cancel")),
        Some(_) => job_reply(&api, &caller, &id).await,
    }
}

async fn resume(
    api: &Api,
    caller: &Caller,
    id: &JobId,
    event: JobEvent,
    otherwise: &str,
) -> Result<Json<Job>, Problem> {
    caller.may(Scope::Submit)?;
    let row = authorized_job(api, caller, id).await?;
    if !api.jobs.job_resume(id, event).await? {
        return Err(conflict(row.status, otherwise));
    }
    job_reply(api, caller, id).await
}

/// Retry a job
///
/// The job resumes at the failed stage. Finished stages and purchases are kept.
#[cfg_attr(feature = "openapi", utoipa::path(
    post,
    path = "/api/v2/jobs/{id}/retry",
    tag = "jobs",
    params(("id" = String, Path, description = "The job")),
    responses(
        (status = 200, description = "The job in its new state", body = Job),
        (status = 401, description = "The API key is missing or unknown", body = Problem),
        (status = 403, description = "The key lacks the `submit` scope", body = Problem),
        (status = 404, description = "There is no such job", body = Problem),
        (status = 409, description = "The job is neither failed nor cancelled", body = Problem),
        (status = 503, description = "The database does not respond", body = Problem),
    )
))]
pub(crate) async fn retry(
    State(api): State<Api>,
    caller: Caller,
    ApiPath(id): ApiPath<JobId>,
) -> Result<Json<Job>, Problem> {
    let otherwise = "only a failed or cancelled job can be retried";
    resume(&api, &caller, &id, JobEvent::Retried, otherwise).await
}

/// Release a held job
#[cfg_attr(feature = "openapi", utoipa::path(
    post,
    path = "/api/v2/jobs/{id}/release",
    tag = "jobs",
    params(("id" = String, Path, description = "The job")),
    responses(
        (status = 200, description = "The job in its new state", body = Job),
        (status = 401, description = "The API key is missing or unknown", body = Problem),
        (status = 403, description = "The key lacks the `submit` scope", body = Problem),
        (status = 404, description = "There is no such job", body = Problem),
        (status = 409, description = "The job is not held", body = Problem),
        (status = 503, description = "The database does not respond", body = Problem),
    )
))]
pub(crate) async fn release(
    State(api): State<Api>,
    caller: Caller,
    ApiPath(id): ApiPath<JobId>,
) -> Result<Json<Job>, Problem> {
    resume(&api, &caller, &id, JobEvent::Released, "only a held job can be released").await
}

/// Delete a job
///
/// The artifacts of the job are deleted too. Its charges stay in the ledger.
#[cfg_attr(feature = "openapi", utoipa::path(
    delete,
    path = "/api/v2/jobs/{id}",
    tag = "jobs",
    params(("id" = String, Path, description = "The job")),
    responses(
        (status = 204, description = "Gone"),
        (status = 401, description = "The API key is missing or unknown", body = Problem),
        (status = 403, description = "The key lacks the `submit` scope", body = Problem),
        (status = 404, description = "There is no such job", body = Problem),
        (status = 409, description = "The job has not ended", body = Problem),
        (status = 503, description = "The database does not respond", body = Problem),
    )
))]
pub(crate) async fn delete(
    State(api): State<Api>,
    caller: Caller,
    ApiPath(id): ApiPath<JobId>,
) -> Result<StatusCode, Problem> {
    caller.may(Scope::Submit)?;
    let row = authorized_job(&api, &caller, &id).await?;
    if !api.jobs.job_delete(&id).await? {
        return Err(conflict(row.status, "cancel the job, wait until it ends, then delete it"));
    }
    // A leftover belongs to no job any more: a later collection removes it.
    let _ = api.storage.remove_job(row.id.as_str()).await;
    Ok(StatusCode::NO_CONTENT)
}
