//! The routes that list the engines, switch them on and off, and write `enabled` into `engine.yaml`.

use crate::Api;
use crate::auth::{Caller, Scope};
use crate::extract::{ApiJson, ApiPath};
use crate::inspection::run_blocking;
use crate::jobs::moment;
use crate::problem::Problem;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use pytoon_config::engines::EngineSettings;
use pytoon_engines::breaker::{self, BreakerState};
use pytoon_records::ledger::{BreakerRow, SwitchedOff};
use pytoon_telemetry::ServiceEvent;
use pytoon_vendor::world::{RealWorld, World};
use pytoon_vocabulary::UnixMs;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
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
    /// True if `enabled` can be written into `engine.yaml` with `PUT /api/v2/engines/{engine}/enabled`.
    can_write_enabled: bool,
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
    /// False to stop all calls, true to allow them again.
    pub(crate) enabled: bool,
    /// The reason, at most 200 characters.
    #[serde(default)]
    pub(crate) reason: String,
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
    let change = switch_change(body)?;
    check_engine(&api, &name)?;
    let (is_on, reason) = (change.enabled, change.reason.trim());
    api.switches.switch_set(&name, is_on, &caller.key_id, reason).await?;
    ServiceEvent::EngineSwitched { engine: &name, enabled: is_on, key: &caller.key_id, reason }
        .emit();
    engine(&api, &name).await.map(Json)
}

/// Reads a new state of a switch, with a reason of one line.
pub(crate) fn switch_change(body: Map<String, Value>) -> Result<SwitchChange, Problem> {
    let change: SwitchChange = serde_json::from_value(Value::Object(body))
        .map_err(|error| Problem::field("(body)", error.to_string()))?;
    let chars = change.reason.chars().count();
    if chars > MAX_REASON || change.reason.chars().any(char::is_control) {
        let detail =
            format!("the reason has {chars} characters; use at most {MAX_REASON}, on one line");
        return Err(Problem::field("reason", detail));
    }
    Ok(change)
}

fn check_engine(api: &Api, name: &str) -> Result<(), Problem> {
    if api.config.engines.engines.external.contains_key(name) {
        return Ok(());
    }
    let detail = format!("engine.yaml has no engine `{name}`; GET /api/v2/engines lists all");
    Err(Problem::new(StatusCode::NOT_FOUND, "no_such_engine", detail))
}

/// A new value of `enabled` in `engine.yaml`.
#[derive(Debug, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub(crate) struct EnabledChange {
    /// The new value.
    enabled: bool,
}

/// Enable or disable an engine in `engine.yaml`
///
/// Writes `enabled` of the engine into the file and keeps its comments. All processes that read the same file honour
/// the change without a restart. Refused if this process cannot write the file.
#[cfg_attr(feature = "openapi", utoipa::path(
    put,
    path = "/api/v2/engines/{engine}/enabled",
    operation_id = "write_engine_enabled",
    tag = "service",
    request_body(content = EnabledChange, description = "The new value"),
    params(("engine" = String, Path, description = "The engine's name in `engine.yaml`")),
    responses(
        (status = 200, description = "The engine in its new state", body = Engine),
        (status = 400, description = "The body is not valid JSON", body = Problem),
        (status = 401, description = "The API key is missing or unknown", body = Problem),
        (status = 403, description = "The key lacks the `admin` scope", body = Problem),
        (status = 404, description = "There is no such engine", body = Problem),
        (status = 409, description = "The file cannot be written or is invalid", body = Problem),
        (status = 413, description = "The body is too large", body = Problem),
        (status = 415, description = "The Content-Type is not JSON", body = Problem),
        (status = 422, description = "A field is invalid", body = Problem),
        (status = 503, description = "The database does not respond", body = Problem),
    )
))]
pub(crate) async fn write_enabled(
    State(api): State<Api>,
    caller: Caller,
    ApiPath(name): ApiPath<String>,
    ApiJson(body): ApiJson,
) -> Result<Json<Engine>, Problem> {
    caller.may(Scope::Admin)?;
    let change: EnabledChange = serde_json::from_value(Value::Object(body))
        .map_err(|error| Problem::field("(body)", error.to_string()))?;
    check_engine(&api, &name)?;
    let (config, engine_name) = (api.config.clone(), name.clone());
    run_blocking(move || {
        config.write_enabled(&engine_name, change.enabled).map_err(|error| {
            let detail = pytoon_core::text::without_folders(&error.to_string());
            Problem::new(StatusCode::CONFLICT, "file_not_written", detail)
        })
    })
    .await?;
    let (engine_name, enabled, key) = (name.as_str(), change.enabled, caller.key_id.as_str());
    ServiceEvent::EngineEnabledWritten { engine: engine_name, enabled, key }.emit();
    engine(&api, &name).await.map(Json)
}

async fn engine(api: &Api, name: &str) -> Result<Engine, Problem> {
    let engine = engines(api).await?.into_iter().find(|engine| engine.engine == name);
    engine.ok_or_else(|| Problem::new(StatusCode::NOT_FOUND, "no_such_engine", name))
}

/// The state of a circuit breaker, as the API shows it.
pub(crate) struct ShownBreaker {
    /// The state: `closed`, `half_open` or `open`.
    pub(crate) state: &'static str,
    /// The kind of the last failure.
    pub(crate) last_failure: Option<String>,
    /// The time until which calls are held back.
    pub(crate) held_back_until: Option<String>,
}

/// Returns a breaker's state as the API shows it.
pub(crate) fn shown(row: &BreakerRow, now: UnixMs) -> ShownBreaker {
    let state = breaker::state(row, now);
    ShownBreaker {
        state: match state {
            BreakerState::Closed => "closed",
            BreakerState::HalfOpen => "half_open",
            BreakerState::Open { .. } | BreakerState::SwitchedOff => "open",
        },
        last_failure: Some(row.reason.clone()).filter(|reason| !reason.is_empty()),
        held_back_until: match state {
            BreakerState::Open { until } => Some(moment(until)),
            _ => None,
        },
    }
}

/// Returns the engine settings as the file has them now; those of the start of this process if the file is invalid,
/// since its processes then keep what they have.
async fn settings(api: &Api) -> Result<(EngineSettings, bool), Problem> {
    let config = api.config.clone();
    run_blocking(move || {
        let now = config.reload_engines().map(|(settings, _)| settings);
        Ok((now.unwrap_or_else(|_| config.engines.clone()), config.can_write_engines()))
    })
    .await
}

async fn engines(api: &Api) -> Result<Vec<Engine>, Problem> {
    let now = RealWorld.now();
    let mut breakers: BTreeMap<_, _> = api.ledger.breaker_list().await?.into_iter().collect();
    let spend = spend_today(api, now).await?;
    let with_keys = api.planner.engines_with_keys();
    let (settings, can_write_enabled) = settings(api).await?;
    let engines = settings.engines.external.iter().map(|(name, block)| {
        let row = breakers.remove(name).unwrap_or_default();
        let breaker = shown(&row, now);
        Engine {
            engine: name.clone(),
            enabled: block.enabled,
            can_write_enabled,
            switched_off: row.switched_off.map(Switch::from),
            breaker: breaker.state.to_owned(),
            last_failure: breaker.last_failure,
            held_back_until: breaker.held_back_until,
            has_key: with_keys.contains(name),
            spend_today_usd: spend.get(name).copied().unwrap_or_default(),
        }
    });
    Ok(engines.collect())
}

/// Returns the amount charged today (UTC) in US dollars, by engine and voice provider.
pub(crate) async fn spend_today(api: &Api, now: UnixMs) -> Result<BTreeMap<String, f64>, Problem> {
    let spend = api.ledger.spend_since(pytoon_vocabulary::start_of_day(now)).await?;
    Ok(spend.into_iter().map(|(engine, usd)| (engine, usd.as_usd())).collect())
}
