//! ElevenLabs, which returns speech with the time of each character.

use super::{Answering, Vendor, header_key, openai};
use crate::call::{Call, Route};
use crate::contract;
use crate::problem::Problem;
use crate::refusal::Refusal;
use crate::reply::{self, Answer, Reply};
use crate::scenario::{Fault, Step};
use crate::speech::{self, Spoken};
use crate::strict::{Check, Optional, Required, Units};
use base64::Engine;
use hyper::{HeaderMap, Method, StatusCode};
use serde_json::{Value, json};

/// Maximum length of a text. The larger limits of the fast models are reduced to it, to save memory.
const MAX_TEXT: usize = 10_000;
const MODELS: &[(&str, usize)] = &[
    ("eleven_multilingual_v2", MAX_TEXT),
    ("eleven_multilingual_v1", MAX_TEXT),
    ("eleven_v3", 3000),
    ("eleven_flash_v2", MAX_TEXT),
    ("eleven_flash_v2_5", MAX_TEXT),
    ("eleven_turbo_v2", MAX_TEXT),
    ("eleven_turbo_v2_5", MAX_TEXT),
];

#[derive(Debug)]
pub(super) struct ElevenLabs;

impl Vendor for ElevenLabs {
    fn name(&self) -> &'static str {
        "elevenlabs"
    }

    fn route(&self, method: &Method, path: &[&str]) -> Result<Route, Refusal> {
        match (method, path) {
            (&Method::POST, ["text-to-speech", voice]) => {
                Ok(Route::new("speech", Step::Submit).id(voice).json())
            }
            (&Method::POST, ["text-to-speech", voice, "with-timestamps"]) => {
                Ok(Route::new("timed", Step::Submit).id(voice).json())
            }
            (&Method::GET, ["user", "subscription"]) => {
                Ok(Route::new("subscription", Step::Health))
            }
            (&Method::GET, ["models"]) => Ok(Route::new("models", Step::Health)),
            (&Method::GET, ["voices"]) => Ok(Route::new("voices", Step::Search)),
            (
                _,
                ["text-to-speech", _]
                | ["text-to-speech", _, "with-timestamps"]
                | ["user", "subscription"]
                | ["models"]
                | ["voices"],
            ) => Err(Refusal::MethodNotAllowed),
            _ => Err(Refusal::NotFound),
        }
    }

    fn key(&self, headers: &HeaderMap, _: &[(String, String)]) -> Option<String> {
        header_key(headers, "xi-api-key")
    }

    fn refuse(&self, refusal: &Refusal) -> Answer {
        if let Refusal::Invalid(problems) = refusal {
            let detail: Vec<Value> = problems.iter().map(detail).collect();
            let status = StatusCode::UNPROCESSABLE_ENTITY;
            return reply::json(status, &json!({ "detail": detail }));
        }
        let (status, code) = match refusal {
            Refusal::Unauthorized => (StatusCode::UNAUTHORIZED, "invalid_api_key"),
            // Distinguish by the code, not the status: this one is a 401 too.
            Refusal::PaymentRequired => (StatusCode::UNAUTHORIZED, "quota_exceeded"),
            Refusal::Moderated => (StatusCode::UNAUTHORIZED, "detected_unusual_activity"),
            Refusal::RateLimited(_) => (refusal.status(), "rate_limit_exceeded"),
            Refusal::Forbidden => (refusal.status(), "missing_permissions"),
            Refusal::Bad(_) => (refusal.status(), "max_character_limit_exceeded"),
            other => (other.status(), "error"),
        };
        let message = refusal.message();
        let detail = json!({ "type": "error", "code": code, "status": code, "message": message });
        reply::json(status, &json!({ "detail": detail }))
    }

    fn prompt(&self, call: &Call) -> String {
        call.body["text"].as_str().unwrap_or_default().to_owned()
    }

    fn serve<'a>(&'a self, call: &'a mut Call) -> Answering<'a> {
        Box::pin(async move {
            match call.route.op {
                "speech" | "timed" => speak(call).await,
                "subscription" => Ok(subscription(call)),
                "models" => Ok(models()),
                _ => Ok(voices()),
            }
        })
    }
}

fn detail(problem: &Problem) -> Value {
    let mut loc = vec!["body".to_owned()];
    loc.extend(problem.path.iter().cloned());
    json!({ "loc": loc, "msg": problem.message, "type": problem.kind })
}

/// Returns the container and the sample rate of an `output_format`; `None` if ElevenLabs does not offer it.
fn format(name: &str) -> Option<(&'static str, u32)> {
    let mut parts = name.split('_');
    let (container, rate) = (parts.next()?, parts.next()?.parse().ok()?);
    let known = match container {
        "mp3" => [22_050, 24_000, 44_100].contains(&rate),
        "pcm" | "wav" => [8000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000].contains(&rate),
        "opus" => rate == 48_000,
        _ => false,
    };
    let container = ["mp3", "pcm", "wav", "opus"].into_iter().find(|known| *known == container)?;
    known.then_some((container, rate))
}

async fn speak(call: &mut Call) -> Result<Answer, Refusal> {
    let types = contract::request("elevenlabs", call.route.op);
    let types = types.ok_or_else(|| Refusal::Broken("no types of speech".to_owned()))?;
    let mut check = Check::with_types(&call.body, types)?;
    let text = check.text("text", Required, 1..=usize::MAX, Units::Chars).unwrap_or_default();
    let names: Vec<&str> = MODELS.iter().map(|(name, _)| *name).collect();
    let model = check.one_of("model_id", Optional, &names).unwrap_or("eleven_multilingual_v2");
    check.text("language_code", Optional, 2..=2, Units::Chars);
    let speed = check.object("voice_settings", Optional, |settings| {
        for name in ["stability", "similarity_boost", "style", "clone_strength"] {
            settings.number(name, Optional, 0.0..=1.0);
        }
        settings.number("speed", Optional, 0.7..=1.2)
    });
    check.integer("seed", Optional, 0..=i64::from(u32::MAX));
    for name in ["previous_text", "next_text"] {
        check.text(name, Optional, 0..=MAX_TEXT, Units::Chars);
    }
    for name in ["previous_request_ids", "next_request_ids", "pronunciation_dictionary_locators"] {
        check.list(name, Optional, 0..=3);
    }
    // The types allow any value here.
    check.one_of("apply_text_normalization", Optional, &["auto", "on", "off"]);
    check.finish()?;
    let wanted = call.query("output_format").unwrap_or("mp3_44100_128");
    let Some((container, rate)) = format(wanted) else {
        return Err(Refusal::Invalid(vec![Problem::new(
            &["output_format"],
            "enum",
            format!("{wanted} is not a known output format"),
        )]));
    };
    let most = MODELS.iter().find(|(name, _)| *name == model).map_or(MAX_TEXT, |(_, most)| *most);
    let count = text.chars().count();
    if count > most {
        return Err(Refusal::Bad(format!("{count} characters, but {model} takes {most}")));
    }
    if call.fate.is_some_and(|(fault, _)| fault == Fault::Moderation) {
        return Err(Refusal::Moderated);
    }
    let speed = speed.flatten().unwrap_or(1.0);
    let mut spoken = speech::speak(text, call.id(), rate, speed);
    speech::spoil(&mut spoken, call.fate.map(|(fault, _)| fault));
    let (content_type, bytes) = openai::audio(&spoken, container).await?;
    let answer = if call.route.op == "timed" {
        let alignment = alignment(text, &spoken);
        reply::ok(&json!({
            "audio_base64": base64::engine::general_purpose::STANDARD.encode(bytes),
            "alignment": alignment,
            "normalized_alignment": alignment,
        }))
    } else {
        reply::with_content_type(StatusCode::OK, content_type, Reply::bytes(bytes))
    };
    let answer = reply::with_header(answer, "request-id", &call.sim.new_id("speech"));
    Ok(reply::with_header(answer, "character-cost", &count.to_string()))
}

fn alignment(text: &str, spoken: &Spoken) -> Value {
    let characters: Vec<String> = text.chars().map(String::from).collect();
    let (starts, ends): (Vec<f64>, Vec<f64>) = spoken.times.iter().copied().unzip();
    json!({
        "characters": characters,
        "character_start_times_seconds": starts,
        "character_end_times_seconds": ends,
    })
}

fn subscription(call: &Call) -> Answer {
    let used = if call.is_broke { 100_000 } else { 1000 };
    reply::ok(&json!({
        "tier": "creator",
        "character_count": used,
        "character_limit": 100_000,
        "next_character_count_reset_unix": 1_900_000_000,
        "status": "active",
    }))
}

fn models() -> Answer {
    let models = MODELS
        .iter()
        .map(|(name, _)| json!({ "model_id": name, "name": name, "can_do_text_to_speech": true }));
    reply::ok(&Value::Array(models.collect()))
}

fn voices() -> Answer {
    let voices: Vec<Value> = ["Ada", "Ben"]
        .iter()
        .map(|name| {
            json!({ "voice_id": format!("sim_{name}"), "name": name, "category": "premade",
                "labels": {}, "preview_url": null })
        })
        .collect();
    reply::ok(&json!({ "voices": voices }))
}
