//! OpenAI: speech, transcription, moderation, and the list of models.
//!
//! A transcription does not analyse the audio. It returns the `prompt` field, or a fixed sentence, spread over the
//! length of the file.

use super::{Answering, Vendor, authorization};
use crate::call::{Call, Route};
use crate::contract;
use crate::receive::{self, Field};
use crate::refusal::Refusal;
use crate::reply::{self, Answer, Reply};
use crate::scenario::{Fault, Step};
use crate::speech::{self, Spoken};
use crate::strict::{Check, Optional, Required, Units};
use hyper::{HeaderMap, Method, StatusCode};
use serde_json::{Value, json};

const MAX_FILE: usize = 25 << 20;
const RATE: u32 = 24_000;
const MODELS: &[&str] =
    &["tts-1", "tts-1-hd", "gpt-4o-mini-tts", "whisper-1", "omni-moderation-latest"];
const SPEECH_MODELS: &[&str] =
    &["tts-1", "tts-1-hd", "gpt-4o-mini-tts", "gpt-4o-mini-tts-2025-12-15"];
const CATEGORIES: &[&str] = &[
    "hate",
    "hate/threatening",
    "harassment",
    "harassment/threatening",
    "illicit",
    "illicit/violent",
    "self-harm",
    "self-harm/intent",
    "self-harm/instructions",
    "sexual",
    "sexual/minors",
    "violence",
    "violence/graphic",
];

#[derive(Debug)]
pub(super) struct OpenAi;

impl Vendor for OpenAi {
    fn name(&self) -> &'static str {
        "openai"
    }

    fn route(&self, method: &Method, path: &[&str]) -> Result<Route, Refusal> {
        match (method, path) {
            (&Method::GET, ["models"]) => Ok(Route::new("models", Step::Health)),
            (&Method::POST, ["audio", "speech"]) => Ok(Route::new("speech", Step::Submit).json()),
            (&Method::POST, ["audio", "transcriptions"]) => {
                Ok(Route::new("transcription", Step::Submit).raw())
            }
            (&Method::POST, ["moderations"]) => Ok(Route::new("moderation", Step::Search).json()),
            (_, ["models"] | ["audio", "speech" | "transcriptions"] | ["moderations"]) => {
                Err(Refusal::MethodNotAllowed)
            }
            _ => Err(Refusal::NotFound),
        }
    }

    fn key(&self, headers: &HeaderMap, _: &[(String, String)]) -> Option<String> {
        authorization(headers, "Bearer")
    }

    fn refuse(&self, refusal: &Refusal) -> Answer {
        let (status, kind, code) = match refusal {
            Refusal::Unauthorized => (401, "invalid_request_error", "invalid_api_key"),
            Refusal::PaymentRequired => (429, "insufficient_quota", "insufficient_quota"),
            Refusal::RateLimited(_) => (429, "requests", "rate_limit_exceeded"),
            Refusal::Moderated => (400, "invalid_request_error", "content_policy_violation"),
            Refusal::Invalid(_) | Refusal::NotJson(_) | Refusal::ContentType | Refusal::Bad(_) => {
                (400, "invalid_request_error", "")
            }
            other if other.status().is_server_error() => {
                (other.status().as_u16(), "server_error", "")
            }
            other => (other.status().as_u16(), "invalid_request_error", ""),
        };
        let param = match refusal {
            Refusal::Invalid(problems) => problems.first().map(|one| one.path.join(".")),
            _ => None,
        };
        let code = (!code.is_empty()).then_some(code);
        let error =
            json!({ "message": refusal.message(), "type": kind, "param": param, "code": code });
        let status = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_REQUEST);
        reply::json(status, &json!({ "error": error }))
    }

    fn prompt(&self, call: &Call) -> String {
        match &call.body["input"] {
            Value::String(text) => text.clone(),
            Value::Null => String::new(),
            other => other.to_string(),
        }
    }

    fn serve<'a>(&'a self, call: &'a mut Call) -> Answering<'a> {
        Box::pin(async move {
            match call.route.op {
                "speech" => speech(call, SPEECH_MODELS, None).await,
                "transcription" => transcription(call).await,
                "moderation" => moderation(call),
                _ => Ok(models(MODELS)),
            }
        })
    }
}

/// Returns the response that lists these models.
pub(super) fn models(ids: &[&str]) -> Answer {
    let data: Vec<Value> = ids
        .iter()
        .map(|id| {
            let mut model = json!({
                "id": id, "object": "model", "created": 1_700_000_000, "owned_by": "openai",
            });
            // Announced in November 2026.
            if id.starts_with("tts-1") || *id == "gpt-4o-mini-tts" {
                model["shutdown_date"] = json!("2027-01-06");
            }
            model
        })
        .collect();
    reply::ok(&json!({ "object": "list", "data": data }))
}

/// Starts the check of a body against the vendor's types for the request `name`.
fn types<'a>(name: &str, body: &'a Value) -> Result<Check<'a>, Refusal> {
    let types = contract::request("openai", name);
    let types = types.ok_or_else(|| Refusal::Broken(format!("no types of {name}")))?;
    Ok(Check::with_types(body, types)?)
}

/// Responds to a request for speech by one of `models`. The audio has `own_format`, or else the requested format.
pub(super) async fn speech(
    call: &mut Call,
    models: &[&str],
    own_format: Option<&str>,
) -> Result<Answer, Refusal> {
    let mut check = types("speech", &call.body)?;
    // The types allow any text; the vendor's page lists these.
    let model = check.one_of("model", Required, models);
    let input = check.text("input", Required, 1..=4096, Units::Chars).unwrap_or_default();
    let voice = match &call.body["voice"] {
        Value::Object(_) => check
            .object("voice", Required, |voice| voice.text("id", Required, 1..=100, Units::Chars))
            .flatten(),
        _ => check.text("voice", Required, 1..=100, Units::Chars),
    };
    let instructions = check.text("instructions", Optional, 0..=4096, Units::Chars);
    if instructions.is_some() && model.is_some_and(|model| model.starts_with("tts-1")) {
        check.report("instructions", "custom", "does not work with tts-1 and tts-1-hd");
    }
    let format = check.word("response_format").unwrap_or("mp3");
    let speed = check.number("speed", Optional, 0.25..=4.0).unwrap_or(1.0);
    check.one_of("stream_format", Optional, &["audio"]);
    check.finish()?;
    if call.fate.is_some_and(|(fault, _)| fault == Fault::Moderation) {
        return Err(Refusal::Moderated);
    }
    let mut spoken = speech::speak(input, voice.unwrap_or_default(), RATE, speed);
    speech::spoil(&mut spoken, call.fate.map(|(fault, _)| fault));
    let (content_type, bytes) = audio(&spoken, own_format.unwrap_or(format)).await?;
    Ok(reply::with_content_type(StatusCode::OK, content_type, Reply::bytes(bytes)))
}

/// Encodes speech in a format, or as MP3 if the format is unknown. Returns its media type and its bytes.
pub(super) async fn audio(
    spoken: &Spoken,
    format: &str,
) -> Result<(&'static str, Vec<u8>), Refusal> {
    let (content_type, arguments): (_, &[&str]) = match format {
        "pcm" => return Ok(("audio/pcm", spoken.pcm())),
        "wav" => return Ok(("audio/wav", spoken.wav())),
        "opus" => ("audio/ogg", &["-c:a", "libopus", "-f", "ogg"]),
        "aac" => ("audio/aac", &["-c:a", "aac", "-f", "adts"]),
        "flac" => ("audio/flac", &["-c:a", "flac", "-f", "flac"]),
        _ => ("audio/mpeg", &["-c:a", "libmp3lame", "-b:a", "128k", "-f", "mp3"]),
    };
    let bytes = speech::encode(spoken, arguments).await.map_err(Refusal::Broken)?;
    Ok((content_type, bytes))
}

async fn transcription(call: &mut Call) -> Result<Answer, Refusal> {
    let request = call.raw.take().ok_or(Refusal::ServerError)?;
    let fields = receive::form(request, MAX_FILE).await?;
    let bad = |what: &str| Refusal::Bad(what.to_owned());
    let text = |name: &str| fields.iter().find(|one| one.name == name).map(|one| one.text.as_str());
    let types = contract::request("openai", "transcription");
    let types = types.ok_or_else(|| Refusal::Broken("no types of transcription".to_owned()))?;
    // Each item of a list is a part whose name ends in brackets.
    let known: Vec<&str> = types.fields().collect();
    if let Some(field) = fields.iter().find(|one| !known.contains(&one.name.trim_end_matches("[]")))
    {
        return Err(bad(&format!("Unrecognized request argument supplied: {}", field.name)));
    }
    let file = fields.iter().find(|one| one.name == "file" && one.file_name.is_some());
    let file = file.ok_or_else(|| bad("file is required"))?;
    let extension = file.file_name.as_deref().and_then(|name| name.rsplit_once('.'));
    let extensions = ["flac", "mp3", "mp4", "mpeg", "mpga", "m4a", "ogg", "wav", "webm"];
    if !extension.is_some_and(|(_, extension)| extensions.contains(&extension)) {
        return Err(bad("Invalid file format."));
    }
    let model = text("model").ok_or_else(|| bad("model is required"))?;
    let format = text("response_format").unwrap_or("json");
    let wants = |kind: &str| {
        fields.iter().any(|one| one.name == "timestamp_granularities[]" && one.text == kind)
    };
    if (wants("word") || wants("segment")) && format != "verbose_json" {
        return Err(bad("timestamp_granularities needs response_format verbose_json"));
    }
    if model != "whisper-1" && format != "json" {
        return Err(bad(&format!("response_format {format} is not compatible with {model}")));
    }
    // "The language of the input audio in ISO-639-1 format" (specification 2.3.0).
    if text("language").is_some_and(|code| code.len() != 2) {
        return Err(bad("Invalid language: it must be an ISO-639-1 code"));
    }
    let seconds = seconds(file);
    let said = text("prompt").filter(|said| !said.is_empty());
    let said = said.unwrap_or("This is a simulated transcript");
    Ok(match format {
        "text" => reply::text(StatusCode::OK, format!("{said}\n")),
        "json" => {
            let mut body = json!({
                "text": said,
                "usage": { "type": "duration", "seconds": seconds.ceil() },
            });
            if model == "gpt-transcribe" {
                body["languages"] = json!([{ "code": "en" }]);
            }
            reply::ok(&body)
        }
        "verbose_json" => reply::ok(&verbose(said, seconds, wants("word"))),
        _ => return Err(bad("response_format is not simulated")),
    })
}

/// Returns the length of an audio file in seconds: from the byte rate in its WAV header, or else as if it had 16,000
/// bytes per second.
fn seconds(file: &Field) -> f64 {
    // A WAV file's bytes per second are at byte 28 of its header.
    let head = &file.head;
    let rate = match head.get(28..32) {
        Some(&[a, b, c, d]) if head.starts_with(b"RIFF") => u32::from_le_bytes([a, b, c, d]),
        _ => 16_000,
    };
    file.size.saturating_sub(44) as f64 / f64::from(rate.max(1))
}

fn verbose(said: &str, seconds: f64, with_words: bool) -> Value {
    let count = said.chars().count().max(1) as f64;
    let times: Vec<(f64, f64)> = (0..said.chars().count())
        .map(|index| (index as f64 / count * seconds, (index + 1) as f64 / count * seconds))
        .collect();
    let mut body = json!({
        "task": "transcribe",
        "language": "english",
        "duration": seconds,
        "text": said,
        "segments": [{
            "id": 0, "seek": 0, "start": 0.0, "end": seconds, "text": said, "tokens": [],
            "temperature": 0.0, "avg_logprob": -0.1, "compression_ratio": 1.0,
            "no_speech_prob": 0.01,
        }],
        "usage": { "type": "duration", "seconds": seconds.ceil() },
    });
    if with_words {
        let words: Vec<Value> = speech::words(said, &times)
            .into_iter()
            .map(|(word, start, end)| {
                // Words are returned without their punctuation.
                let word = word.trim_matches(|one: char| !one.is_alphanumeric()).to_owned();
                json!({ "word": word, "start": start, "end": end })
            })
            .collect();
        body["words"] = Value::Array(words);
    }
    body
}

fn moderation(call: &Call) -> Result<Answer, Refusal> {
    let mut check = types("moderation", &call.body)?;
    let input = check.any("input", Required);
    let model = check.text("model", Optional, 1..=100, Units::Chars);
    let count = match input {
        Some(Value::String(_)) => 1,
        Some(Value::Array(all)) if all.iter().all(Value::is_string) => all.len(),
        // A list of parts is one input.
        Some(_) => 1,
        None => 0,
    };
    check.finish()?;
    let flagged = call.fate.is_some_and(|(fault, _)| fault == Fault::Moderation);
    let mut result = json!({ "flagged": flagged, "categories": {}, "category_scores": {},
        "category_applied_input_types": {} });
    for name in CATEGORIES {
        let hit = flagged && *name == "violence";
        result["categories"][*name] = json!(hit);
        result["category_scores"][*name] = json!(if hit { 0.97 } else { 0.001 });
        result["category_applied_input_types"][*name] = json!(["text"]);
    }
    Ok(reply::ok(&json!({
        "id": format!("modr-{}", call.sim.new_id("moderation")),
        "model": model.unwrap_or("omni-moderation-latest"),
        "results": vec![result; count],
    })))
}
