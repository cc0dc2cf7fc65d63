//! The routes that list voices and moods, and let a person hear or see them before a film is made.
//!
//! Guarantees: a voice is purchased only if the caller accepts its price, and what was purchased is not paid for again by
//! a film; the preview of a preset is rendered once, and one preview is rendered at a time.

use crate::Api;
use crate::artifacts::send_local;
use crate::auth::{Caller, Scope};
use crate::entity_tag::{is_known, tag_of_key, tagged, unchanged};
use crate::extract::{ApiJson, ApiPath};
use crate::inspection::run_blocking;
use crate::job_brief::MAX_ACCEPTED_USD;
use crate::plan::PlanFailure;
use crate::problem::Problem;
use crate::submit;
use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use pytoon_core::brief::Brief;
use pytoon_vendor::breakers::{switched_off_text, voice_switch_row};
use pytoon_vocabulary::{MicroUsd, MusicMood};
use serde::Serialize;
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Semaphore;

/// The limit of presets that are rendered at the same time.
static RENDERS: Semaphore = Semaphore::const_new(1);
/// Maximum time that a request waits for the preview of a preset. It is less than the timeout of a request.
const RENDER_PATIENCE: Duration = Duration::from_secs(25);
/// Maximum length of a text that is spoken, in characters. It is about a minute of speech.
const MAX_TEXT_CHARS: usize = 1_000;
/// The fields of a request for a voice, apart from `text` and `accepted_usd`. They are those of a brief.
const BRIEF_FIELDS: [&str; 4] = ["voice", "language", "preset_id", "pronunciations"];

/// A voice that briefs can name.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Voice {
    /// The provider, for `voice.provider` of a brief.
    pub provider: String,
    /// The name, for `voice.name` of a brief.
    pub name: String,
    /// The language, a BCP 47 tag; empty if the voice speaks several.
    pub language: String,
    /// The description of the voice.
    pub description: String,
    /// True if speech of this voice has to be purchased.
    pub is_paid: bool,
    /// True if the voice can speak now.
    pub is_usable: bool,
    /// The reason why the voice cannot speak, and the remedy.
    pub reason: Option<String>,
    /// The price per 1000 characters, in US dollars; null for a voice that is free.
    pub usd_per_1000_chars: Option<f64>,
}

/// The outcome of a request to speak.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Speech {
    /// The speech as a WAV file.
    Wav(Vec<u8>),
    /// The speech has this price, which the caller has not accepted.
    NotAccepted(MicroUsd),
    /// The provider failed.
    Failed {
        /// The name of the provider.
        provider: String,
        /// The reason.
        reason: String,
    },
}

/// Lists voices, and makes previews of voices, music and presets. The `pytoon` binary implements it. All functions block
/// the thread.
pub trait Previewer: fmt::Debug + Send + Sync {
    /// Lists the voices of all providers.
    fn voices(&self) -> Result<Vec<Voice>, PlanFailure>;
    /// Speaks the script of a brief for the API key `caller`. Purchases nothing above the `accepted` price.
    fn speak(&self, brief: &Brief, accepted: MicroUsd, caller: &str)
    -> Result<Speech, PlanFailure>;
    /// Returns some seconds of music as a WAV file.
    fn music(&self, mood: MusicMood) -> Result<Vec<u8>, PlanFailure>;
    /// Returns the path of a preset's preview, relative to the storage folder; `None` if there is no such preset.
    fn preset_file(&self, preset_id: &str) -> Result<Option<String>, PlanFailure>;
    /// Renders the preview of a preset into a file.
    fn render_preset(&self, preset_id: &str, target: &Path) -> Result<(), PlanFailure>;
}

/// All voices.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub(crate) struct VoiceList {
    /// The voices, by provider.
    voices: Vec<Voice>,
}

/// List voices
///
/// The voices that a brief can name: those of paid services, of your speech servers and of this machine. A voice that
/// cannot speak now has the reason.
#[cfg_attr(feature = "openapi", utoipa::path(
    get,
    path = "/api/v2/voices",
    operation_id = "list_voices",
    tag = "service",
    responses(
        (status = 200, description = "All voices", body = VoiceList),
        (status = 401, description = "The API key is missing or unknown", body = Problem),
        (status = 403, description = "The key lacks the `read` scope", body = Problem),
        (status = 500, description = "The configuration cannot be read", body = Problem),
        (status = 503, description = "The database does not respond", body = Problem),
    )
))]
pub(crate) async fn voices(
    State(api): State<Api>,
    caller: Caller,
) -> Result<Json<VoiceList>, Problem> {
    caller.may(Scope::Read)?;
    let share = api.budgets.previews.take(&caller.key_id, 1).await?;
    let previewer = api.previewer.clone();
    let voices = run_blocking(move || {
        let voices = previewer.voices();
        drop(share);
        Ok(voices?)
    });
    let mut voices = voices.await?;
    let off: BTreeMap<_, _> = api.switches.switched_off().await?.into_iter().collect();
    for voice in &mut voices {
        if let Some(off) = off.get(&voice_switch_row(&voice.provider)) {
            voice.is_usable = false;
            voice.reason = Some(switched_off_text(Some(off)));
        }
    }
    Ok(Json(VoiceList { voices }))
}

/// A mood of generated music.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub(crate) struct Mood {
    /// The name, for `music_source` of a brief.
    mood: &'static str,
    /// The description of the music.
    description: &'static str,
}

/// All moods.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub(crate) struct MoodList {
    /// The moods.
    moods: Vec<Mood>,
}

fn description(mood: MusicMood) -> &'static str {
    match mood {
        MusicMood::UpbeatCorporate => "Bright music with claps, for products and companies",
        MusicMood::Calm => "Soft piano and pads",
        MusicMood::Cinematic => "Strings that swell",
        MusicMood::Lofi => "Swung electric piano with drums and vinyl noise",
        MusicMood::Energetic => "A four-on-the-floor beat",
    }
}

/// List moods of music
#[cfg_attr(feature = "openapi", utoipa::path(
    get,
    path = "/api/v2/moods",
    operation_id = "list_moods",
    tag = "service",
    responses(
        (status = 200, description = "All moods", body = MoodList),
        (status = 401, description = "The API key is missing or unknown", body = Problem),
        (status = 403, description = "The key lacks the `read` scope", body = Problem),
        (status = 503, description = "The database does not respond", body = Problem),
    )
))]
pub(crate) async fn moods(caller: Caller) -> Result<Json<MoodList>, Problem> {
    caller.may(Scope::Read)?;
    let moods = MusicMood::ALL.iter();
    let moods = moods.map(|mood| Mood { mood: mood.as_str(), description: description(*mood) });
    Ok(Json(MoodList { moods: moods.collect() }))
}

/// Hear music
///
/// Some seconds of music of a mood, as WAV. A film's own music follows its length and its seed.
#[cfg_attr(feature = "openapi", utoipa::path(
    get,
    path = "/api/v2/previews/music/{name}",
    operation_id = "preview_music",
    tag = "service",
    params(("name" = String, Path, description = "The mood")),
    responses(
        (status = 200, description = "The music", body = String, content_type = "audio/wav",
            headers(("ETag" = String, description = "The version of the response"))),
        (status = 304, description = "Unchanged"),
        (status = 401, description = "The API key is missing or unknown", body = Problem),
        (status = 403, description = "The key lacks the `read` scope", body = Problem),
        (status = 404, description = "There is no such mood", body = Problem),
        (status = 500, description = "The music cannot be generated", body = Problem),
        (status = 503, description = "The database does not respond, or too many previews are being made", body = Problem),
    )
))]
pub(crate) async fn music(
    State(api): State<Api>,
    caller: Caller,
    ApiPath(name): ApiPath<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    caller.may(Scope::Read)?;
    let mood = MusicMood::from_name(&name).ok_or_else(|| {
        let names: Vec<&str> = MusicMood::ALL.iter().map(|mood| mood.as_str()).collect();
        let names = names.join(", ");
        let detail = format!("there is no mood `{name}`; there are {names}");
        Problem::new(StatusCode::NOT_FOUND, "no_such_mood", detail)
    })?;
    let tag = tag_of_key(&format!("music {mood}"));
    if is_known(&headers, &tag) {
        return unchanged(&tag);
    }
    let generate = generate(api.clone(), caller, mood);
    let content = api.cache.get_or_compute(tag.clone(), generate).await?;
    tagged(&tag, "audio/wav", content)
}

async fn generate(api: Api, caller: Caller, mood: MusicMood) -> Result<Bytes, Problem> {
    let share = api.budgets.previews.take(&caller.key_id, 1).await?;
    run_blocking(move || {
        let music = api.previewer.music(mood);
        drop(share);
        Ok(Bytes::from(music?))
    })
    .await
}

/// See a preset
///
/// Three seconds of a film with this preset, without sound. The first request renders them, which takes some seconds.
#[cfg_attr(feature = "openapi", utoipa::path(
    get,
    path = "/api/v2/previews/presets/{name}",
    operation_id = "preview_preset",
    tag = "service",
    params(("name" = String, Path, description = "The preset")),
    responses(
        (status = 200, description = "The film", body = String, content_type = "video/mp4",
            headers(("ETag" = String, description = "The version of the response"))),
        (status = 206, description = "The requested part of the film", body = String, content_type = "video/mp4"),
        (status = 304, description = "Unchanged"),
        (status = 401, description = "The API key is missing or unknown", body = Problem),
        (status = 403, description = "The key lacks the `read` scope", body = Problem),
        (status = 404, description = "There is no such preset", body = Problem),
        (status = 416, description = "The range lies outside of the file", body = Problem),
        (status = 500, description = "The preview cannot be rendered", body = Problem),
        (status = 503, description = "The database does not respond, or other previews are being rendered", body = Problem),
    )
))]
pub(crate) async fn preset(
    State(api): State<Api>,
    caller: Caller,
    ApiPath(name): ApiPath<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    caller.may(Scope::Read)?;
    let missing = || {
        let detail = format!("there is no preset `{name}`; GET /api/v2/presets lists all");
        Problem::new(StatusCode::NOT_FOUND, "no_such_preset", detail)
    };
    let (previewer, preset_id) = (api.previewer.clone(), name.clone());
    let file = run_blocking(move || Ok(previewer.preset_file(&preset_id)?)).await?;
    let path: Arc<Path> = api.storage.path(&file.ok_or_else(missing)?).into();
    if !path.is_file() {
        render_in_turn(&api, name.clone(), path.clone()).await?;
    }
    send_local(&path, "video/mp4", &headers, &missing).await
}

/// Renders the preview of a preset, unless another request has rendered it meanwhile. A render that has begun continues
/// if the request ends.
async fn render_in_turn(api: &Api, preset_id: String, path: Arc<Path>) -> Result<(), Problem> {
    let previewer = api.previewer.clone();
    let render = tokio::spawn(async move {
        let turn = RENDERS.acquire().await.map_err(|_| busy())?;
        run_blocking(move || {
            let rendered =
                if path.is_file() { Ok(()) } else { previewer.render_preset(&preset_id, &path) };
            drop(turn);
            Ok(rendered?)
        })
        .await
    });
    let rendered = tokio::time::timeout(RENDER_PATIENCE, render).await.map_err(|_| busy())?;
    rendered.map_err(|error| {
        Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", error.to_string())
    })?
}

fn busy() -> Problem {
    let detail = "other previews are being rendered: try again in 5 s";
    Problem::new(StatusCode::SERVICE_UNAVAILABLE, "busy", detail).retry_after(5)
}

/// The body of a request to hear a voice, for the OpenAPI document.
#[cfg(feature = "openapi")]
#[derive(utoipa::ToSchema)]
#[expect(dead_code, reason = "it describes the body")]
pub(crate) struct VoiceRequest {
    /// The text to speak, at most 1000 characters.
    text: String,
    /// The settings of the voice, as in a brief; by default those of a film.
    #[schema(value_type = Option<Object>)]
    voice: Option<Value>,
    /// The language of the text as a BCP 47 tag; by default detected from the words.
    language: Option<String>,
    /// The preset whose pace and style apply.
    preset_id: Option<String>,
    /// Pronunciations of words, as in a brief.
    #[schema(value_type = Option<Object>)]
    pronunciations: Option<Value>,
    /// The price that is accepted, in US dollars; default 0.
    #[schema(minimum = 0)]
    accepted_usd: Option<f64>,
}

/// Hear a voice
///
/// Speaks a text as a film would, as WAV. Speech of a paid service is purchased once: a film with this script, voice and
/// language does not pay for it again. If the price is above `accepted_usd`, nothing is purchased and the answer is 402
/// with `price_usd`.
#[cfg_attr(feature = "openapi", utoipa::path(
    post,
    path = "/api/v2/previews/voice",
    operation_id = "preview_voice",
    tag = "service",
    request_body(content = VoiceRequest, description = "The voice and the text"),
    responses(
        (status = 200, description = "The speech", body = String, content_type = "audio/wav"),
        (status = 400, description = "The body is not valid JSON", body = Problem),
        (status = 401, description = "The API key is missing or unknown", body = Problem),
        (status = 402, description = "The price is not accepted", body = Problem),
        (status = 403, description = "The key lacks the `submit` scope", body = Problem),
        (status = 413, description = "The body is too large", body = Problem),
        (status = 415, description = "The Content-Type is not JSON", body = Problem),
        (status = 422, description = "A field is invalid, or the voice is unavailable", body = Problem),
        (status = 429, description = "Too many requests with this key", body = Problem),
        (status = 500, description = "The text cannot be planned", body = Problem),
        (status = 502, description = "The voice failed", body = Problem),
        (status = 503, description = "The database does not respond, or too many previews are being made", body = Problem),
    )
))]
pub(crate) async fn voice(
    State(api): State<Api>,
    caller: Caller,
    ApiJson(body): ApiJson,
) -> Result<Response, Problem> {
    caller.may(Scope::Submit)?;
    let (accepted, body) = brief_of(body)?;
    let brief = submit::brief(&api, &caller, body).await?;
    let share = api.budgets.speaking.take(&caller.key_id, 1).await?;
    let (previewer, key_id) = (api.previewer.clone(), caller.key_id.clone());
    // A purchase that has begun continues if the caller is dropped.
    let speech = run_blocking(move || {
        let speech = previewer.speak(&brief, accepted, &key_id);
        drop(share);
        Ok(speech?)
    });
    match speech.await? {
        Speech::Wav(wav) => {
            let headers =
                [(header::CONTENT_TYPE, "audio/wav"), (header::CACHE_CONTROL, "private, no-store")];
            Ok((headers, wav).into_response())
        }
        Speech::NotAccepted(price) => Err(Problem::price_not_accepted(price)),
        Speech::Failed { provider, reason } => {
            Err(Problem::new(StatusCode::BAD_GATEWAY, "voice_failed", reason).provider(&provider))
        }
    }
}

/// Returns the accepted price of a request to hear a voice, and the brief that contains its text as the script.
fn brief_of(mut body: Map<String, Value>) -> Result<(MicroUsd, Map<String, Value>), Problem> {
    let accepted = match body.remove("accepted_usd").unwrap_or_default() {
        Value::Null => Some(0.0),
        value => value.as_f64().filter(|usd| (0.0..=MAX_ACCEPTED_USD).contains(usd)),
    };
    let accepted = accepted
        .ok_or_else(|| Problem::field("accepted_usd", "this is not a number from 0 to 10000"))?;
    let text = match body.remove("text") {
        Some(Value::String(text)) if !text.trim().is_empty() => text,
        _ => return Err(Problem::field("text", "this is not a text: name the words to speak")),
    };
    let length = text.chars().count();
    if length > MAX_TEXT_CHARS {
        let detail = format!("the text has {length} characters; the maximum is {MAX_TEXT_CHARS}");
        return Err(Problem::field("text", detail));
    }
    if let Some(unknown) = body.keys().find(|key| !BRIEF_FIELDS.contains(&key.as_str())) {
        let detail = format!(
            "this field is unknown; there are text, accepted_usd, {}",
            BRIEF_FIELDS.join(", ")
        );
        return Err(Problem::field(unknown, detail));
    }
    body.retain(|_, value| !value.is_null());
    body.insert("script".to_owned(), text.into());
    Ok((MicroUsd::from_usd(accepted), body))
}
