//! The route that changes one scene of a job.
//!
//! The change becomes part of the job's brief, and the job runs its stages again. Each stage reuses its earlier
//! result where it can, so that only the affected parts are rendered, and paid for, again.

use crate::Api;
use crate::auth::{Caller, Scope};
use crate::extract::{ApiJson, ApiPath};
use crate::job_actions::{conflict, job_reply};
use crate::jobs::{Job, authorized_job};
use crate::problem::Problem;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use pytoon_config::{Config, read_brief};
use pytoon_core::brief::{FieldProblem, redo};
use pytoon_records::job::JobEvent;
use pytoon_records::job::store::JobRow;
use pytoon_vocabulary::JobId;
use serde::Deserialize;
use serde_json::Value;
use std::path::PathBuf;

/// The fields of a scene that change; at least one is set.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct SceneChange {
    /// The new visual idea of the scene.
    #[cfg_attr(feature = "openapi", schema(nullable = false))]
    pub prompt: Option<String>,
    /// The new engine of the scene. Naming the current one retries it if the scene had fallen back.
    #[cfg_attr(feature = "openapi", schema(nullable = false))]
    pub engine: Option<String>,
    /// The new caption, shown over the whole scene. The spoken text does not change.
    #[cfg_attr(feature = "openapi", schema(nullable = false))]
    pub caption: Option<String>,
}

/// Returns the brief of a job with one scene changed.
///
/// # Errors
/// Returns the invalid field; `scene` if the job has no such scene.
fn changed_brief(
    config: &Config,
    job: &JobRow,
    scenes: usize,
    scene: &str,
    change: SceneChange,
) -> Result<Value, FieldProblem> {
    let SceneChange { prompt, engine, caption } = change;
    if let Some(reason) = engine.as_deref().and_then(|name| config.unknown_engine(name)) {
        return Err(FieldProblem::new("engine", reason));
    }
    let wrong = |reason: String| FieldProblem::new("(brief)", reason);
    let file = read_brief("the brief", &job.brief.to_string(), PathBuf::new())
        .map_err(|error| wrong(error.to_string()))?;
    let change = redo::SceneChange { prompt, engine, caption };
    let brief = change.apply_to(file.brief, scene, scenes)?;
    serde_json::to_value(&brief).map_err(|error| wrong(error.to_string()))
}

/// Redo a scene
///
/// Changes the prompt, engine or caption of one scene. Only the affected parts are rendered again, and only this
/// scene's engines are called. The earlier film stays available until the new one is done.
#[cfg_attr(feature = "openapi", utoipa::path(
    post,
    path = "/api/v2/jobs/{id}/scenes/{n}/redo",
    tag = "jobs",
    request_body(content = SceneChange, description = "The fields to change"),
    params(
        ("id" = String, Path, description = "The job"),
        ("n" = String, Path, description = "The scene, by number (from 1) or by id"),
    ),
    responses(
        (status = 202, description = "Taken", body = Job),
        (status = 400, description = "The body is not valid JSON", body = Problem),
        (status = 401, description = "The API key is missing or unknown", body = Problem),
        (status = 403, description = "The key lacks the `submit` scope", body = Problem),
        (status = 404, description = "There is no such job or scene", body = Problem),
        (status = 409, description = "The job has not ended", body = Problem),
        (status = 413, description = "The body is too large", body = Problem),
        (status = 415, description = "The Content-Type is not JSON", body = Problem),
        (status = 422, description = "A field is invalid", body = Problem),
        (status = 429, description = "Too many requests with this key", body = Problem),
        (status = 503, description = "The database does not respond", body = Problem),
    )
))]
pub(crate) async fn redo(
    State(api): State<Api>,
    caller: Caller,
    ApiPath((id, scene)): ApiPath<(JobId, String)>,
    ApiJson(body): ApiJson,
) -> Result<(StatusCode, Json<Job>), Problem> {
    caller.may(Scope::Submit)?;
    let row = authorized_job(&api, &caller, &id).await?;
    let change: SceneChange = serde_json::from_value(Value::Object(body))
        .map_err(|error| Problem::field("(body)", error.to_string()))?;
    let scenes = api.jobs.job_scenes(&id).await?;
    let brief =
        changed_brief(&api.config, &row, scenes.len(), &scene, change).map_err(|problem| {
            if problem.field == "scene" {
                return Problem::new(StatusCode::NOT_FOUND, "no_such_scene", problem.reason);
            }
            Problem::field(&problem.field, problem.reason)
        })?;
    if !api.jobs.job_redo(&id, brief, JobEvent::Redone).await? {
        return Err(conflict(
            row.status,
            "wait until the job ends, or cancel it, then redo the scene",
        ));
    }
    Ok((StatusCode::ACCEPTED, job_reply(&api, &caller, &id).await?))
}
