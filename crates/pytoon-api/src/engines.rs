//! The routes that list the engines and switch them on and off.

use crate::Api;
use crate::auth::{Caller, Scope};
use crate::extract::{ApiJson, ApiPath};
use crate::jobs::moment;
use crate::problem::Problem;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use pytoon_engines::breaker::{self, BreakerState};
use pytoon_records::ledger::SwitchedOff;
use pytoon_telemetry::ServiceEvent;
use pytoon_vendor::world::{RealWorld, World};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;

/// Maximum length of a switch's reason, in characters.
const MAX_REASON: usize = 200;

/// An engine that can draw scenes.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub(crate) struct Engine {
    /// The engine's name in a brief and in `engine.yaml`.
    engine: String,
    /// True if the engine is enabled in `engine.yaml`. An engine that is not enabled there cannot be switched on.
    enabled: bool,
    /// The person who switched the engine off; null if it is switched on.
    switched_off: Option<Switch>,
    /// The state of the circuit breaker: `closed`, `half_open` or `open`.
    breaker: String,
    /// The kind of the last failure, such as `auth` or `timeout`; null without one since the last success.
    last_failure: Option<String>,
    /// The time until which the circuit breaker holds calls back, as RFC 3339; null if it is not open.
    held_back_until: Option<String>,
    /// True if the engine has an API key, or needs none.
    has_key: bool,
    /// The amount charged today (UTC), in US dollars.
    spend_today_usd: f64,
}

/// The record of a person who switched an engine off.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub(crate) struct Switch {
    /// The id of the person's API key.
    changed_by: String,
    /// The time of the change, as RFC 3339.
    changed_at: String,
    /// The reason that the person stated; may be empty.
    reason: String,
}

impl From<SwitchedOff> for Switch {
    fn from(off: SwitchedOff) -> Self {
        Self { changed_by: off.by, changed_at: moment(off.at), reason: off.reason }
    }
}

/// A new state of an engine's switch.
#[derive(Debug, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub(crate) struct SwitchChange {
    /// False to stop all purchases from the engine, true to allow them again.
    enabled: bool,
    /// The reason, at most 200 characters.
    #[serde(default)]
    reason: String,
}

/// List engines
#[cfg_attr(feature = "openapi", utoipa::path(
    get,
    path = "/api/v2/engines",
    operation_id = "engines",
    tag = "service",
    responses(
        (status = 200, description = "All engines", body = [Engine]),
        (status = 401, description = "The API key is missing or unknown", body = Problem),
        (status = 403, description = "The key lacks the `read` scope", body = Problem),
        (status = 503, description = "The database does not respond", body = Problem),
    )
))]
pub(crate) async fn list(
    State(api): State<Api>,
    caller: Caller,
) -> Result<Json<Vec<Engine>>, Problem> {
    caller.may(Scope::Read)?;
    Ok(Json(engines(&api).await?))
}

/// Switch an engine on or off
///
/// A switched-off engine is not called for new clips by any process; clips in progress are finished. The change is
/// recorded with the caller's key. `enabled: false` in `engine.yaml` has precedence.
#[cfg_attr(feature = "openapi", utoipa::path(
    put,
    path = "/api/v2/engines/{engine}/switch",
    operation_id = "switch_engine",
    tag = "service",
    request_body(content = SwitchChange, description = "The new state"),
    params(("engine" = String, Path, description = "The engine's name in `engine.yaml`")),
    responses(
        (status = 200, description = "The engine in its new state", body = Engine),
        (status = 400, description = "The body is not valid JSON", body = Problem),
        (status = 401, description = "The API key is missing or unknown", body = Problem),
        (status = 403, description = "The key lacks the `admin` scope", body = Problem),
        (status = 404, description = "There is no such engine", body = Problem),
        (status = 413, description = "The body is too large", body = Problem),
        (status = 415, description = "The Content-Type is not JSON", body = Problem),
        (status = 422, description = "A field is invalid", body = Problem),
        (status = 503, description = "The database does not respond", body = Problem),
    )
))]
pub(crate) async fn switch(
    State(api): State<Api>,
    caller: Caller,
    ApiPath(name): ApiPath<String>,
    ApiJson(body): ApiJson,
) -> Result<Json<Engine>, Problem> {
    caller.may(Scope::Admin)?;
    let change: SwitchChange = serde_json::from_value(Value::Object(body))
        .map_err(|error| Problem::field("(body)", error.to_string()))?;
    let chars = change.reason.chars().count();
    if chars > MAX_REASON || change.reason.chars().any(char::is_control) {
        let detail =
            format!("the reason has {chars} characters; use at most {MAX_REASON}, on one line");
        return Err(Problem::field("reason", detail));
    }
    if !api.config.engines.engines.external.contains_key(&name) {
        let detail = format!("engine.yaml has no engine `{name}`; GET /api/v2/engines lists all");
        return Err(Problem::new(StatusCode::NOT_FOUND, "no_such_engine", detail));
    }
    let (is_on, reason) = (change.enabled, change.reason.trim());
    api.switches.switch_set(&name, is_on, &caller.key_id, reason).await?;
    ServiceEvent::EngineSwitched { engine: &name, enabled: is_on, key: &caller.key_id, reason }
        .emit();
    let engine = engines(&api).await?.into_iter().find(|engine| engine.engine == name);
    engine.map(Json).ok_or_else(|| Problem::new(StatusCode::NOT_FOUND, "no_such_engine", name))
}

async fn engines(api: &Api) -> Result<Vec<Engine>, Problem> {
    let now = RealWorld.now();
    let mut breakers: BTreeMap<_, _> = api.ledger.breaker_list().await?.into_iter().collect();
    let spend = api.ledger.spend_since(pytoon_vocabulary::start_of_day(now)).await?;
    let spend: BTreeMap<String, f64> =
        spend.into_iter().map(|(engine, usd)| (engine, usd.as_usd())).collect();
    let with_keys = api.planner.engines_with_keys();
    let external = &api.config.engines.engines.external;
    let engines = external.iter().map(|(name, block)| {
        let row = breakers.remove(name).unwrap_or_default();
        let held_back_until = match breaker::state(&row, now) {
            BreakerState::Open { until } => Some(moment(until)),
            _ => None,
        };
        let last_failure = Some(row.reason.clone()).filter(|reason| !reason.is_empty());
        let breaker = match breaker::state(&row, now) {
            BreakerState::Closed => "closed",
            BreakerState::HalfOpen => "half_open",
            BreakerState::Open { .. } | BreakerState::SwitchedOff => "open",
        };
        Engine {
            engine: name.clone(),
            enabled: block.enabled,
            switched_off: row.switched_off.map(Switch::from),
            breaker: breaker.to_owned(),
            last_failure,
            held_back_until,
            has_key: with_keys.contains(name),
            spend_today_usd: spend.get(name).copied().unwrap_or_default(),
        }
    });
    Ok(engines.collect())
}
