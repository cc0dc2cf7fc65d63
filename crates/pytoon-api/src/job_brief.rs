//! The routes that read and change the brief of a job.
//!
//! Guarantees: a change states the version of the brief that it is based on, and is rejected if the brief has changed
//! since; a preview changes and purchases nothing.

use crate::Api;
use crate::auth::{Caller, Scope, sha256_hex};
use crate::changes::{Part, changes};
use crate::extract::{ApiJson, ApiPath, ApiQuery};
use crate::job_actions::{conflict, job_reply};
use crate::jobs::{Job, authorized_job, storage_name};
use crate::plan::{DueClip, in_turn};
use crate::problem::Problem;
use crate::submit;
use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, StatusCode, header};
use pytoon_core::artifact;
use pytoon_core::brief::Brief;
use pytoon_records::job::store::BriefChange;
use pytoon_vocabulary::{JobId, MicroUsd};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value};

/// Returns the entity tag of a brief.
fn tag(brief: &Value) -> String {
    format!("\"r{}\"", &sha256_hex(brief.to_string())[..16])
}

/// Show a job's brief
///
/// The brief as submitted, with all later changes. Its `ETag` is the value for `If-Match` of a change.
#[cfg_attr(feature = "openapi", utoipa::path(
    get,
    path = "/api/v2/jobs/{id}/brief",
    operation_id = "show_brief",
    tag = "jobs",
    params(("id" = String, Path, description = "The job")),
    responses(
        (status = 200, description = "The brief", body = Object, content_type = "application/json",
            headers(("ETag" = String, description = "The state of the brief"))),
        (status = 401, description = "The API key is missing or unknown", body = Problem),
        (status = 403, description = "The key lacks the `read` scope", body = Problem),
        (status = 404, description = "There is no such job", body = Problem),
        (status = 503, description = "The database does not respond", body = Problem),
    )
))]
pub(crate) async fn show(
    State(api): State<Api>,
    caller: Caller,
    ApiPath(id): ApiPath<JobId>,
) -> Result<([(HeaderName, String); 1], Json<Value>), Problem> {
    caller.may(Scope::Read)?;
    let row = authorized_job(&api, &caller, &id).await?;
    Ok(([(header::ETAG, tag(&row.brief))], Json(row.brief)))
}

/// The parts that a changed brief would make again, and their price.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub(crate) struct BriefPreview {
    /// The estimated price of everything that has to be purchased, in US dollars.
    price_usd: f64,
    /// The part of the price that is for the voice, in US dollars.
    voice_usd: f64,
    /// The clips that have to be purchased.
    clips: Vec<DueClip>,
    /// The ids of the scenes that differ from the current film.
    changed_scenes: Vec<String>,
    /// The parts of the film that differ from the current film.
    changed: Vec<Part>,
    /// The plan of the film, as from `POST /api/v2/plan`.
    #[cfg_attr(feature = "openapi", schema(value_type = Object))]
    plan: Value,
}

/// Preview a change of a job's brief
///
/// Returns what would be made again, and its price. Nothing is changed, rendered or purchased.
#[cfg_attr(feature = "openapi", utoipa::path(
    post,
    path = "/api/v2/jobs/{id}/brief/preview",
    operation_id = "preview_brief",
    tag = "jobs",
    request_body(content = Object, description = "The whole changed brief"),
    params(("id" = String, Path, description = "The job")),
    responses(
        (status = 200, description = "The preview", body = BriefPreview),
        (status = 400, description = "The body is not valid JSON", body = Problem),
        (status = 401, description = "The API key is missing or unknown", body = Problem),
        (status = 403, description = "The key lacks the `submit` scope", body = Problem),
        (status = 404, description = "There is no such job", body = Problem),
        (status = 413, description = "The body is too large", body = Problem),
        (status = 415, description = "The Content-Type is not JSON", body = Problem),
        (status = 422, description = "A field is invalid", body = Problem),
        (status = 429, description = "Too many requests with this key", body = Problem),
        (status = 500, description = "Planning failed", body = Problem),
        (status = 503, description = "The database does not respond", body = Problem),
    )
))]
pub(crate) async fn preview(
    State(api): State<Api>,
    caller: Caller,
    ApiPath(id): ApiPath<JobId>,
    ApiJson(body): ApiJson,
) -> Result<Json<BriefPreview>, Problem> {
    caller.may(Scope::Submit)?;
    let row = authorized_job(&api, &caller, &id).await?;
    let (brief, new) = changed(&api, &caller, body).await?;
    let (planner, job) = (api.planner.clone(), id.clone());
    let planned = in_turn(move || planner.plan_again(&job, &brief)).await?;
    let graph = api.storage.read(&storage_name(&id, artifact::SCENE_GRAPH)).await?;
    let graph = graph.and_then(|bytes| serde_json::from_slice::<Value>(&bytes).ok());
    let (changed_scenes, parts) = match graph {
        Some(old) => changes(&row.brief, &new, &old, &planned.plan["sceneGraph"]),
        None => (Vec::new(), Vec::new()),
    };
    Ok(Json(BriefPreview {
        price_usd: planned.price.as_usd(),
        voice_usd: planned.voice.as_usd(),
        clips: planned.clips,
        changed_scenes,
        changed: parts,
        plan: planned.plan,
    }))
}

/// Change a job's brief
///
/// The film is made again from the changed brief, and unchanged parts are reused. `If-Match` names the state of the
/// brief that the change is based on: the `ETag` of `GET`. The earlier film stays until the new one is done, and as a
/// version after that.
#[cfg_attr(feature = "openapi", utoipa::path(
    put,
    path = "/api/v2/jobs/{id}/brief",
    operation_id = "change_brief",
    tag = "jobs",
    request_body(content = Object, description = "The whole changed brief"),
    params(
        ("id" = String, Path, description = "The job"),
        ("If-Match" = String, Header, description = "The ETag of the brief that the change is based on"),
        Accepted,
    ),
    responses(
        (status = 202, description = "Taken", body = Job),
        (status = 400, description = "The body is not valid JSON", body = Problem),
        (status = 401, description = "The API key is missing or unknown", body = Problem),
        (status = 402, description = "The price is not accepted", body = Problem),
        (status = 403, description = "The key lacks the `submit` scope", body = Problem),
        (status = 404, description = "There is no such job", body = Problem),
        (status = 409, description = "The job has not ended", body = Problem),
        (status = 412, description = "Another change came first", body = Problem),
        (status = 413, description = "The body is too large", body = Problem),
        (status = 415, description = "The Content-Type is not JSON", body = Problem),
        (status = 422, description = "A field is invalid", body = Problem),
        (status = 428, description = "The header If-Match is missing", body = Problem),
        (status = 429, description = "Too many requests with this key", body = Problem),
        (status = 503, description = "The database does not respond", body = Problem),
        (status = 507, description = "The disk is nearly full", body = Problem),
    )
))]
pub(crate) async fn change(
    State(api): State<Api>,
    caller: Caller,
    ApiPath(id): ApiPath<JobId>,
    ApiQuery(accepted): ApiQuery<Accepted>,
    headers: HeaderMap,
    ApiJson(body): ApiJson,
) -> Result<(StatusCode, Json<Job>), Problem> {
    caller.may(Scope::Submit)?;
    let known = headers.get(header::IF_MATCH).and_then(|value| value.to_str().ok());
    let known = known.ok_or_else(|| {
        let detail =
            "a change needs the header `If-Match` with the ETag of the brief that it is based on";
        Problem::new(StatusCode::PRECONDITION_REQUIRED, "if_match_missing", detail)
    })?;
    let row = authorized_job(&api, &caller, &id).await?;
    if known.trim() != tag(&row.brief) {
        return Err(outdated());
    }
    crate::disk_space::check(&api)?;
    let (brief, new) = changed(&api, &caller, body).await?;
    check_price(&api, &id, brief, accepted).await?;
    start(&api, &caller, &id, row.brief, new).await
}

/// The price that a caller accepts.
#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::IntoParams))]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", into_params(parameter_in = Query))]
pub(crate) struct Accepted {
    /// The highest price that is accepted, in US dollars. If the film would cost more, nothing is changed and the answer is
    /// 402 with `price_usd`. Without it, the budget of the brief is the only limit.
    #[serde(default, deserialize_with = "accepted_price")]
    #[cfg_attr(feature = "openapi", param(minimum = 0, maximum = 10000))]
    accepted_usd: Option<f64>,
}

/// The highest price that a caller can accept, in US dollars.
pub(crate) const MAX_ACCEPTED_USD: f64 = 10_000.0;

fn accepted_price<'de, D: Deserializer<'de>>(value: D) -> Result<Option<f64>, D::Error> {
    let price = Option::<f64>::deserialize(value)?;
    if price.is_some_and(|price| !(0.0..=MAX_ACCEPTED_USD).contains(&price)) {
        return Err(serde::de::Error::custom("`accepted_usd` is not a number from 0 to 10000"));
    }
    Ok(price)
}

/// Returns the 402 problem if making a job's film again from a brief costs more than the caller accepts.
pub(crate) async fn check_price(
    api: &Api,
    id: &JobId,
    brief: Brief,
    Accepted { accepted_usd }: Accepted,
) -> Result<(), Problem> {
    let Some(accepted) = accepted_usd else { return Ok(()) };
    let (planner, job) = (api.planner.clone(), id.clone());
    let planned = in_turn(move || planner.plan_again(&job, &brief)).await?;
    if planned.price > MicroUsd::from_usd(accepted) {
        return Err(Problem::price_not_accepted(planned.price));
    }
    Ok(())
}

/// Queues a job again with another brief, if its brief is still the one that the change is based on.
pub(crate) async fn start(
    api: &Api,
    caller: &Caller,
    id: &JobId,
    based_on: Value,
    brief: Value,
) -> Result<(StatusCode, Json<Job>), Problem> {
    match api.jobs.job_change_brief(id, based_on, brief).await? {
        BriefChange::Queued => Ok((StatusCode::ACCEPTED, job_reply(api, caller, id).await?)),
        BriefChange::Missing => Err(Problem::no_job(id)),
        BriefChange::Outdated => Err(outdated()),
        BriefChange::Refused(status) => {
            Err(conflict(status, "wait until the job ends, or cancel it, then change the brief"))
        }
    }
}

fn outdated() -> Problem {
    let detail =
        "the brief has changed since it was read: read it again, and apply the change to it";
    Problem::new(StatusCode::PRECONDITION_FAILED, "changed_meanwhile", detail)
}

/// Checks a changed brief, and returns it with its JSON as it is stored.
async fn changed(
    api: &Api,
    caller: &Caller,
    mut body: Map<String, Value>,
) -> Result<(Brief, Value), Problem> {
    // These belong to the job, not to its film.
    body.remove("client_data");
    body.remove("webhook");
    let brief = submit::brief(api, caller, body).await?;
    let value = serde_json::to_value(&brief)
        .map_err(|error| Problem::field("(body)", error.to_string()))?;
    Ok((brief, value))
}
