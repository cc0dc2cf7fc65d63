//! A film's plan and price, without making or buying anything.

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
use serde_json::Value;
use std::fmt;
use tokio::sync::Semaphore;

/// Plans that are made at once; each takes a processor for a moment, and others wait.
static PLANS: Semaphore = Semaphore::const_new(2);

/// Why a plan came to nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlanFailure {
    /// The field of the brief that is wrong; absent where the brief is not to blame.
    pub field: Option<String>,
    /// What is wrong, and what to do.
    pub reason: String,
}

/// Plans films; the program knows how.
pub trait Planner: fmt::Debug + Send + Sync {
    /// Plan and price of a brief whose files are whole paths. Blocks.
    fn plan(&self, brief: &Brief) -> Result<Value, PlanFailure>;
    /// Checks what a brief names beside its media, as the job does. Blocks.
    fn check(&self, brief: &Brief) -> Result<(), PlanFailure>;
    /// What a submitter should know of a brief that is taken.
    fn warnings(&self, brief: &Brief) -> Vec<Note>;
}

/// Plan a film
///
/// What a brief would become and what it would cost: scenes with the engines that may draw them,
/// timeline, price. Nothing is made, kept or bought; a local voice speaks, to know the times.
#[utoipa::path(
    post,
    path = "/api/v2/plan",
    tag = "jobs",
    request_body(content = Object, description = "A brief"),
    responses(
        (status = 200, description = "The plan", body = Object, content_type = "application/json"),
        (status = 400, description = "Not JSON", body = Problem),
        (status = 401, description = "No key", body = Problem),
        (status = 403, description = "The key may not submit", body = Problem),
        (status = 413, description = "Too large", body = Problem),
        (status = 415, description = "Not JSON by its type", body = Problem),
        (status = 422, description = "A field is wrong", body = Problem),
        (status = 429, description = "Too many requests", body = Problem),
        (status = 500, description = "Planning failed", body = Problem),
        (status = 503, description = "The database does not answer", body = Problem),
    )
)]
pub(crate) async fn plan(
    State(api): State<Api>,
    caller: Caller,
    ApiJson(mut body): ApiJson,
) -> Result<Json<Value>, Problem> {
    caller.may(Scope::Submit)?;
    // What only a job has may stay in the body.
    body.remove("client_data");
    body.remove("webhook");
    let brief = submit::brief(&api, &caller, body).await?;
    let internal =
        |reason: String| Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "plan_failed", reason);
    let permit = PLANS.acquire().await.map_err(|error| internal(error.to_string()))?;
    let planner = api.planner.clone();
    let planned = tokio::task::spawn_blocking(move || {
        let planned = planner.plan(&brief);
        drop(permit);
        planned
    });
    match planned.await.map_err(|error| internal(error.to_string()))? {
        Ok(plan) => Ok(Json(plan)),
        Err(failure) => Err(failure.into()),
    }
}

impl From<PlanFailure> for Problem {
    fn from(PlanFailure { field, reason }: PlanFailure) -> Self {
        match field {
            Some(field) => Self::of_field("invalid_brief", &field, reason),
            None => Self::new(StatusCode::INTERNAL_SERVER_ERROR, "plan_failed", reason),
        }
    }
}
