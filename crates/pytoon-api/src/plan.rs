//! Plans a film and its price, without rendering or purchasing anything.

use crate::Api;
use crate::auth::{Caller, Scope};
use crate::extract::ApiJson;
use crate::problem::Problem;
use crate::submit;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use pytoon_core::brief::Brief;
use pytoon_core::note::Note;
use pytoon_vocabulary::{JobId, MicroUsd};
use serde::Serialize;
use serde_json::Value;
use std::collections::BTreeSet;
use std::fmt;
use tokio::sync::Semaphore;

/// The limit of concurrent plans. Each plan uses a core for a moment, and other plans wait.
static PLANS: Semaphore = Semaphore::const_new(2);

/// The cause of a failed plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlanFailure {
    /// The invalid field of the brief; `None` if the brief is not the cause.
    pub field: Option<String>,
    /// The cause and the remedy.
    pub reason: String,
}

/// The plan of a job that runs again with another brief.
#[derive(Debug, Clone, PartialEq)]
pub struct PlannedAgain {
    /// The plan, as [`Planner::plan`] returns it.
    pub plan: Value,
    /// The estimated price of the voice and of all clips that have to be purchased.
    pub price: MicroUsd,
    /// The estimated price of the voice; zero if it is free or purchased.
    pub voice: MicroUsd,
    /// The clips that have to be purchased.
    pub clips: Vec<DueClip>,
}

/// A clip that has to be purchased.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct DueClip {
    /// The scene of the clip; the first one if several share it.
    pub scene_id: String,
    /// The engine that would draw the clip.
    pub engine: String,
    /// The estimated price, in US dollars.
    pub price_usd: f64,
}

/// A planner of films, which the `pytoon` binary implements.
pub trait Planner: fmt::Debug + Send + Sync {
    /// Returns the plan and the price of a brief with absolute paths. Blocks the thread.
    fn plan(&self, brief: &Brief) -> Result<Value, PlanFailure>;
    /// Returns the plan for running an existing job again with another brief, and the price of the purchases that this
    /// needs. Blocks the thread.
    fn plan_again(&self, job: &JobId, brief: &Brief) -> Result<PlannedAgain, PlanFailure>;
    /// Checks everything in a brief except its media, as the job would. Blocks the thread.
    fn check(&self, brief: &Brief) -> Result<(), PlanFailure>;
    /// Returns the names of the engines that have an API key or need none.
    fn engines_with_keys(&self) -> BTreeSet<String>;
    /// Returns the warnings about an accepted brief.
    fn warnings(&self, brief: &Brief) -> Vec<Note>;
}

/// Plan a film
///
/// Returns the planned film and its price: scenes with the engines that may draw them, the timeline, and the price.
/// Nothing is rendered, stored or purchased; a local voice is synthesized to determine the times.
#[cfg_attr(feature = "openapi", utoipa::path(
    post,
    path = "/api/v2/plan",
    tag = "jobs",
    request_body(content = Object, description = "A brief"),
    responses(
        (status = 200, description = "The plan", body = Object, content_type = "application/json"),
        (status = 400, description = "The body is not valid JSON", body = Problem),
        (status = 401, description = "The API key is missing or unknown", body = Problem),
        (status = 403, description = "The key lacks the `submit` scope", body = Problem),
        (status = 413, description = "The body is too large", body = Problem),
        (status = 415, description = "The Content-Type is not JSON", body = Problem),
        (status = 422, description = "A field is invalid", body = Problem),
        (status = 429, description = "Too many requests with this key", body = Problem),
        (status = 500, description = "Planning failed", body = Problem),
        (status = 503, description = "The database does not respond", body = Problem),
    )
))]
pub(crate) async fn plan(
    State(api): State<Api>,
    caller: Caller,
    ApiJson(mut body): ApiJson,
) -> Result<Json<Value>, Problem> {
    caller.may(Scope::Submit)?;
    // Fields of jobs are allowed in the body and ignored.
    body.remove("client_data");
    body.remove("webhook");
    let brief = submit::brief(&api, &caller, body).await?;
    let planner = api.planner.clone();
    Ok(Json(in_turn(move || planner.plan(&brief)).await?))
}

/// Runs a plan on a blocking thread, at most as many at once as [`PLANS`] permits.
pub(crate) async fn in_turn<T: Send + 'static>(
    plan: impl FnOnce() -> Result<T, PlanFailure> + Send + 'static,
) -> Result<T, Problem> {
    let internal =
        |reason: String| Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "plan_failed", reason);
    let permit = PLANS.acquire().await.map_err(|error| internal(error.to_string()))?;
    let planned = tokio::task::spawn_blocking(move || {
        let planned = plan();
        drop(permit);
        planned
    });
    Ok(planned.await.map_err(|error| internal(error.to_string()))??)
}

impl From<PlanFailure> for Problem {
    fn from(PlanFailure { field, reason }: PlanFailure) -> Self {
        match field {
            Some(field) => Self::of_field("invalid_brief", &field, reason),
            None => Self::new(StatusCode::INTERNAL_SERVER_ERROR, "plan_failed", reason),
        }
    }
}
