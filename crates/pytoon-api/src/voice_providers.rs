//! The routes that list the voice providers and switch them on and off.
//!
//! Only services and speech servers have a switch: a voice of this machine costs nothing and reaches no network.

use crate::Api;
use crate::auth::{Caller, Scope};
use crate::engines::{Switch, shown, spend_today, switch_change};
use crate::extract::{ApiJson, ApiPath};
use crate::problem::Problem;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use pytoon_config::tts::ProviderKind;
use pytoon_records::ledger::BreakerRow;
use pytoon_telemetry::ServiceEvent;
use pytoon_vendor::breakers::{voice_of, voice_switch_row};
use pytoon_vendor::world::{RealWorld, World};
use serde::Serialize;

/// A provider of voices.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub(crate) struct VoiceProviderState {
    /// The provider's name in `defaults.yaml` and in a brief.
    provider: String,
    /// `service` for a paid service, `server` for a speech server of your own, `machine` for a voice of this machine.
    kind: &'static str,
    /// The person who switched the provider off; null if it is switched on or has no switch.
    switched_off: Option<Switch>,
    /// The state of the circuit breaker: `closed`, `half_open` or `open`. With several accounts, the worst.
    breaker: String,
    /// The kind of the last failure, such as `auth` or `timeout`; null without one since the last success.
    last_failure: Option<String>,
    /// The time until which the circuit breaker holds calls back, as RFC 3339; null if it is not open.
    held_back_until: Option<String>,
    /// The amount charged today (UTC), in US dollars.
    spend_today_usd: f64,
}

fn kind(kind: ProviderKind) -> &'static str {
    match kind {
        ProviderKind::Service => "service",
        ProviderKind::Server => "server",
        ProviderKind::Natural | ProviderKind::Formant => "machine",
    }
}

/// List voice providers
#[cfg_attr(feature = "openapi", utoipa::path(
    get,
    path = "/api/v2/voice-providers",
    operation_id = "voice_providers",
    tag = "service",
    responses(
        (status = 200, description = "All providers", body = [VoiceProviderState]),
        (status = 401, description = "The API key is missing or unknown", body = Problem),
        (status = 403, description = "The key lacks the `read` scope", body = Problem),
        (status = 503, description = "The database does not respond", body = Problem),
    )
))]
pub(crate) async fn list(
    State(api): State<Api>,
    caller: Caller,
) -> Result<Json<Vec<VoiceProviderState>>, Problem> {
    caller.may(Scope::Read)?;
    Ok(Json(providers(&api).await?))
}

/// Switch a voice provider on or off
///
/// A switched-off provider is not called by any process; films then use the next voice. Speech that was purchased is
/// used all the same. The change is recorded with the caller's key. Voices of this machine have no switch.
#[cfg_attr(feature = "openapi", utoipa::path(
    put,
    path = "/api/v2/voice-providers/{provider}/switch",
    operation_id = "switch_voice_provider",
    tag = "service",
    request_body(content = crate::engines::SwitchChange, description = "The new state"),
    params(("provider" = String, Path, description = "The provider's name in `defaults.yaml`")),
    responses(
        (status = 200, description = "The provider in its new state", body = VoiceProviderState),
        (status = 400, description = "The body is not valid JSON", body = Problem),
        (status = 401, description = "The API key is missing or unknown", body = Problem),
        (status = 403, description = "The key lacks the `admin` scope", body = Problem),
        (status = 404, description = "There is no such provider, or it has no switch", body = Problem),
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
) -> Result<Json<VoiceProviderState>, Problem> {
    caller.may(Scope::Admin)?;
    let change = switch_change(body)?;
    let none = |detail: String| Problem::new(StatusCode::NOT_FOUND, "no_such_provider", detail);
    let known =
        api.config.settings.tts.providers().into_iter().find(|known| known.as_str() == name);
    match known.map(|known| kind(known.kind())) {
        None => {
            let list = "GET /api/v2/voice-providers lists all";
            return Err(none(format!("there is no voice provider `{name}`; {list}")));
        }
        Some("machine") => {
            let remedy = "remove it from `tts` in defaults.yaml to stop its use";
            return Err(none(format!("`{name}` runs on this machine and has no switch: {remedy}")));
        }
        Some(_) => {}
    }
    let (is_on, reason) = (change.enabled, change.reason.trim());
    api.switches.switch_set(&voice_switch_row(&name), is_on, &caller.key_id, reason).await?;
    ServiceEvent::VoiceSwitched { provider: &name, enabled: is_on, key: &caller.key_id, reason }
        .emit();
    let provider = providers(&api).await?.into_iter().find(|provider| provider.provider == name);
    provider.map(Json).ok_or_else(|| none(name))
}

async fn providers(api: &Api) -> Result<Vec<VoiceProviderState>, Problem> {
    let now = RealWorld.now();
    let rows = api.ledger.breaker_list().await?;
    let spend = spend_today(api, now).await?;
    let providers = api.config.settings.tts.providers().into_iter().map(|provider| {
        let name = provider.as_str();
        let own = || rows.iter().filter(|(row, _)| voice_of(row) == Some(name));
        let switch = own().find(|(row, _)| *row == voice_switch_row(name));
        // The breaker that holds back longest, or else the one with the most failures.
        let worst = own().max_by_key(|(_, row)| (row.open_until, row.failures));
        let closed = BreakerRow::default();
        let breaker = shown(
            &BreakerRow { switched_off: None, ..worst.map_or(&closed, |(_, row)| row).clone() },
            now,
        );
        VoiceProviderState {
            provider: name.to_owned(),
            kind: kind(provider.kind()),
            switched_off: switch.and_then(|(_, row)| row.switched_off.clone()).map(Switch::from),
            breaker: breaker.state.to_owned(),
            last_failure: breaker.last_failure,
            held_back_until: breaker.held_back_until,
            spend_today_usd: spend.get(name).copied().unwrap_or_default(),
        }
    });
    Ok(providers.collect())
}
