//! The routes with which a person decides the outcome of a paid call whose response never arrived.

use crate::Api;
use crate::auth::{Caller, Scope};
use crate::extract::{ApiJson, ApiPath, is_id};
use crate::problem::Problem;
use axum::extract::State;
use axum::http::StatusCode;
use pytoon_engines::call_decisions::{CallDecisions, DecisionError};
use pytoon_records::job::files::ASSET_MARK;
use pytoon_records::ledger::StoreError;
use pytoon_telemetry::ServiceEvent;
use pytoon_vendor::world::{RealWorld, World};
use pytoon_vocabulary::CallId;
use serde::Deserialize;
use serde_json::Value;

/// The clip of a call.
#[derive(Debug, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub(crate) struct ArrivedClip {
    /// The uploaded clip, as `asset:{id}`.
    file: String,
}

fn decisions(api: &Api) -> CallDecisions<'_> {
    let (ledger, now) = (api.ledger.as_ref(), RealWorld.now());
    CallDecisions { ledger, storage: &api.storage, now }
}

fn problem(id: &CallId, error: DecisionError) -> Problem {
    match error {
        DecisionError::NoSuchCall => {
            let detail = format!("there is no call `{id}`");
            Problem::new(StatusCode::NOT_FOUND, "no_such_call", detail)
        }
        DecisionError::Undecidable(reason) => {
            Problem::new(StatusCode::CONFLICT, "wrong_status", reason)
        }
        // Another person was quicker.
        DecisionError::Ledger(error @ (StoreError::Conflict(_) | StoreError::Transition(_))) => {
            Problem::new(StatusCode::CONFLICT, "wrong_status", error.to_string())
        }
        DecisionError::UnusableClip(_) => Problem::field("file", error.to_string()),
        DecisionError::Ledger(error) => error.into(),
        DecisionError::Storage(error) => error.into(),
    }
}

/// Decide that an unknown call is lost
///
/// Records that the vendor charged nothing and delivered no clip, as `pytoon ledger resolve --lost` does. The clip can
/// then be purchased again. Look at the vendor's own list of tasks first.
#[cfg_attr(feature = "openapi", utoipa::path(
    post,
    path = "/api/v2/calls/{id}/lost",
    operation_id = "mark_call_lost",
    tag = "service",
    params(("id" = String, Path, description = "The call")),
    responses(
        (status = 204, description = "Recorded"),
        (status = 401, description = "The API key is missing or unknown", body = Problem),
        (status = 403, description = "The key lacks the `admin` scope", body = Problem),
        (status = 404, description = "There is no such call", body = Problem),
        (status = 409, description = "The outcome of the call is known, or a process works on it", body = Problem),
        (status = 503, description = "The database does not respond", body = Problem),
    )
))]
pub(crate) async fn mark_lost(
    State(api): State<Api>,
    caller: Caller,
    ApiPath(id): ApiPath<CallId>,
) -> Result<StatusCode, Problem> {
    caller.may(Scope::Admin)?;
    let decisions = decisions(&api);
    let row = decisions.find(&id).await.map_err(|error| problem(&id, error))?;
    decisions.mark_lost(&row).await.map_err(|error| problem(&id, error))?;
    ServiceEvent::CallDecided { call: id.as_ref(), decision: "lost", key: &caller.key_id }.emit();
    Ok(StatusCode::NO_CONTENT)
}

/// Decide that an unknown call has arrived
///
/// Stores the clip that the vendor made for the call, as `pytoon ledger resolve --arrived` does. Upload the clip with
/// `POST /api/v2/assets` first. The next render of the scene uses the clip and purchases nothing.
#[cfg_attr(feature = "openapi", utoipa::path(
    post,
    path = "/api/v2/calls/{id}/arrived",
    operation_id = "mark_call_arrived",
    tag = "service",
    params(("id" = String, Path, description = "The call")),
    request_body(content = ArrivedClip, description = "The clip"),
    responses(
        (status = 204, description = "Recorded"),
        (status = 400, description = "The body is not valid JSON", body = Problem),
        (status = 401, description = "The API key is missing or unknown", body = Problem),
        (status = 403, description = "The key lacks the `admin` scope", body = Problem),
        (status = 404, description = "There is no such call", body = Problem),
        (status = 409, description = "The outcome of the call is known, a process works on it, or it bought no clip", body = Problem),
        (status = 413, description = "The body is too large", body = Problem),
        (status = 415, description = "The Content-Type is not JSON", body = Problem),
        (status = 422, description = "The file is not an uploaded clip that can be used", body = Problem),
        (status = 503, description = "The database or the storage does not respond", body = Problem),
    )
))]
pub(crate) async fn mark_arrived(
    State(api): State<Api>,
    caller: Caller,
    ApiPath(id): ApiPath<CallId>,
    ApiJson(body): ApiJson,
) -> Result<StatusCode, Problem> {
    caller.may(Scope::Admin)?;
    let body: ArrivedClip = serde_json::from_value(Value::Object(body))
        .map_err(|error| Problem::field("(body)", error.to_string()))?;
    let decisions = decisions(&api);
    let row = decisions.find(&id).await.map_err(|error| problem(&id, error))?;
    let wrong = |detail: &str| Problem::field("file", detail);
    let no_file = "this is no uploaded file (`asset:…`): upload the clip with POST /api/v2/assets";
    let asset_id = body.file.strip_prefix(ASSET_MARK).filter(|id| is_id(id));
    let asset_id = asset_id.ok_or_else(|| wrong(no_file))?;
    let asset = api.files.asset_use(asset_id, None).await?.ok_or_else(|| wrong(no_file))?;
    if !asset.media_type.starts_with("video/") {
        let detail = format!("the file's type is {}: use a clip", asset.media_type);
        return Err(wrong(&detail));
    }
    if !api.storage.have(&asset.file).await? {
        return Err(wrong("the uploaded file is no longer stored: upload the clip again"));
    }
    let source = api.storage.path(&asset.file);
    let bring = |path| async move {
        tokio::fs::copy(&source, path).await.map(|_| ()).map_err(|error| error.to_string())
    };
    let kept = decisions.keep_clip(&row, api.clip_checker.as_ref(), bring).await;
    kept.map_err(|error| problem(&id, error))?;
    ServiceEvent::CallDecided { call: id.as_ref(), decision: "arrived", key: &caller.key_id }
        .emit();
    Ok(StatusCode::NO_CONTENT)
}
