//! ElevenLabs: speech with character times.

use super::{
    CloudAdapter, HEALTH, HealthFuture, MadeAdapter, SPEAK, Scope, Speech, Unreadable, options,
    refusal_error, sound_at,
};
use crate::language::two_letters;
use crate::spoken::SpokenText;
use crate::tts::take::{Mark, Take};
use pytoon_config::tts::CloudVoice;
use pytoon_vendor::errors::{self, Row};
use pytoon_vendor::http::{Call, Reply, VendorHttp};
use pytoon_vendor::replies::{prefix_code, segment, vendor_message, with_key_in};
use pytoon_vendor::{Result, VendorErrorKind};
use serde::Deserialize;
use serde_json::{Map, Value, json};

/// Maximum number of characters in a request, by model (models page of the vendor's documentation).
const MOST: &[(&str, usize)] = &[
    ("eleven_v3", 3_000),
    ("eleven_flash_v2_5", 40_000),
    ("eleven_turbo_v2_5", 40_000),
    ("eleven_flash_v2", 30_000),
    ("eleven_turbo_v2", 30_000),
];
/// Maximum number of characters for all other models.
const MOST_OTHERWISE: usize = 10_000;
/// The header that carries the key.
const KEY_HEADER: &str = "xi-api-key";
/// Maximum number of characters before and after the text of a request that are sent to guide the tone.
const CONTEXT_CHARS: usize = 300;

#[derive(Debug)]
struct ElevenLabs {
    model: String,
    format: String,
    rate: u32,
    voice_settings: Map<String, Value>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Options {
    output_format: String,
    stability: Option<f64>,
    similarity_boost: Option<f64>,
}

#[derive(Deserialize)]
struct Alignment {
    characters: Vec<String>,
    character_start_times_seconds: Vec<f64>,
    character_end_times_seconds: Vec<f64>,
}

impl ElevenLabs {
    /// Returns true if the model accepts a language code. Other models reject requests with one.
    fn takes_language(&self) -> bool {
        self.model.ends_with("v2_5") || self.model == "eleven_v3"
    }
}

/// Creates the adapter from a configuration block. Fails if the options are invalid.
pub(crate) fn adapter(settings: &CloudVoice) -> MadeAdapter {
    let options: Options = options(settings)?;
    let rate = options.output_format.strip_prefix("pcm_").and_then(|rate| rate.parse().ok());
    let rate = rate.filter(|rate| (8000..=48_000).contains(rate)).ok_or_else(|| {
        let format = &options.output_format;
        format!(
            "output_format `{format}` is not supported: use `pcm_` and a rate from 8000 to 48000, \
             such as `pcm_24000`"
        )
    })?;
    let mut voice_settings = Map::new();
    for (name, value) in
        [("stability", options.stability), ("similarity_boost", options.similarity_boost)]
    {
        let Some(value) = value else { continue };
        if !(0.0..=1.0).contains(&value) {
            return Err(format!("{name} {value} is not between 0 and 1"));
        }
        voice_settings.insert(name.to_owned(), json!(value));
    }
    let (model, format) = (settings.model.clone(), options.output_format);
    Ok(Box::new(ElevenLabs { model, format, rate, voice_settings }))
}

impl CloudAdapter for ElevenLabs {
    fn scope(&self) -> Scope {
        let own = MOST.iter().find(|(model, _)| *model == self.model);
        let most = own.map_or(MOST_OTHERWISE, |(_, most)| *most);
        Scope { most, gives_times: true, speeds: (0.7, 1.2) }
    }

    fn size(&self, text: &SpokenText) -> usize {
        text.text.chars().count() + 1
    }

    fn call(&self, http: &VendorHttp, speech: &Speech<'_>) -> Result<Call> {
        let mut voice_settings = self.voice_settings.clone();
        voice_settings.insert("speed".into(), json!(speech.speed));
        let mut body = json!({
            "text": speech.piece.text,
            "model_id": self.model,
            "voice_settings": voice_settings,
        });
        if self.takes_language()
            && let Some(code) = two_letters(speech.language)
        {
            body["language_code"] = json!(code);
        }
        if self.model != "eleven_v3" {
            for (name, text) in
                [("previous_text", tail(speech.before)), ("next_text", head(speech.after))]
            {
                if !text.is_empty() {
                    body[name] = json!(text);
                }
            }
        }
        let path = format!(
            "/v1/text-to-speech/{}/with-timestamps?output_format={}",
            segment(speech.voice),
            self.format
        );
        with_key_in(http, Call::post(SPEAK, http.url(&path), body), KEY_HEADER)
    }

    fn take(&self, reply: &Reply, speech: &Speech<'_>) -> Result<Take, Unreadable> {
        let json = reply.json().ok_or(Unreadable::Protocol)?;
        let mut take = Take::from_pcm(self.rate, &sound_at(&json, "/audio_base64")?);
        // Without an alignment the sound is still usable; another aligner times its words.
        if let Ok(alignment) = serde_json::from_value::<Alignment>(json["alignment"].clone()) {
            take.marks = marks(&alignment, &speech.piece.text);
        }
        Ok(take)
    }

    fn refusal(&self, reply: &Reply) -> (VendorErrorKind, Option<String>) {
        let json = reply.json().unwrap_or_default();
        let detail = &json["detail"];
        // There are two generations of bodies; the code is more precise than the status.
        let code = detail["code"].as_str().or(detail["status"].as_str()).unwrap_or_default();
        let message =
            detail["message"].as_str().map(str::to_owned).or_else(|| vendor_message(reply));
        (errors::kind(REFUSALS, reply), prefix_code(code, message))
    }

    fn health<'a>(&'a self, http: &'a VendorHttp) -> HealthFuture<'a> {
        Box::pin(async move {
            let call = Call::get(HEALTH, http.url("/v1/user/subscription"));
            let reply = http.send(with_key_in(http, call, KEY_HEADER)?).await?;
            if reply.is_success() {
                let json = reply.json().unwrap_or_default();
                let number = |name: &str| json[name].as_u64();
                return Ok(match (number("character_limit"), number("character_count")) {
                    (Some(limit), Some(used)) => {
                        let tier = json["tier"].as_str().unwrap_or("unknown");
                        format!("tier {tier}, {} characters left", limit.saturating_sub(used))
                    }
                    _ => "reachable".to_owned(),
                });
            }
            let refusal = refusal_error(http, self, &reply);
            if refusal.kind != VendorErrorKind::Auth {
                return Err(refusal);
            }
            // A key may be restricted to speech.
            let models = Call::get(HEALTH, http.url("/v1/models"));
            let reply = http.send(with_key_in(http, models, KEY_HEADER)?).await?;
            if reply.is_success() {
                Ok("reachable; the API key lacks permission to read the account".into())
            } else {
                Err(refusal)
            }
        })
    }

    fn identity(&self) -> Value {
        json!([self.format, self.voice_settings])
    }
}

const QUOTA: &[&str] = &["quota_exceeded"];
const AUTH: &[&str] = &["invalid_api_key", "missing_permissions", "detected_unusual_activity"];
const RATE_LIMITED: &[&str] = &[
    "too_many_concurrent_requests",
    "concurrent_limit_exceeded",
    "system_busy",
    "rate_limit_exceeded",
];
const INVALID: &[&str] = &["voice_not_found", "max_character_limit_exceeded"];

/// The error table for refused requests. Newer bodies have a `code`, older ones a `status`.
const REFUSALS: &[Row] = &[
    row("/detail/code", VendorErrorKind::Quota, QUOTA),
    row("/detail/code", VendorErrorKind::Auth, AUTH),
    row("/detail/code", VendorErrorKind::RateLimited, RATE_LIMITED),
    row("/detail/code", VendorErrorKind::InvalidRequest, INVALID),
    row("/detail/status", VendorErrorKind::Quota, QUOTA),
    row("/detail/status", VendorErrorKind::Auth, AUTH),
    row("/detail/status", VendorErrorKind::RateLimited, RATE_LIMITED),
    row("/detail/status", VendorErrorKind::InvalidRequest, INVALID),
];

const fn row(pointer: &'static str, kind: VendorErrorKind, words: &'static [&'static str]) -> Row {
    Row::at(pointer, words, kind)
        .source("elevenlabs.io, resources/errors; detected_unusual_activity is not documented")
}

fn tail(text: &str) -> String {
    let skip = text.chars().count().saturating_sub(CONTEXT_CHARS);
    text.chars().skip(skip).collect()
}

fn head(text: &str) -> String {
    text.chars().take(CONTEXT_CHARS).collect()
}

/// Returns the times of the text's characters, or none if the vendor timed another text.
fn marks(alignment: &Alignment, text: &str) -> Vec<Mark> {
    if alignment.characters.concat() != text {
        return Vec::new();
    }
    let times =
        alignment.character_start_times_seconds.iter().zip(&alignment.character_end_times_seconds);
    let mut at = 0;
    let mut marks = Vec::new();
    // An entry may consist of several characters.
    for (entry, (start, end)) in alignment.characters.iter().zip(times) {
        if !entry.trim().is_empty() && start.is_finite() && end.is_finite() {
            marks.push(Mark { at, start_ms: start * 1000.0, end_ms: Some(end * 1000.0) });
        }
        at += entry.chars().count();
    }
    marks
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn characters_have_times_only_where_they_are_ours() {
        let alignment = Alignment {
            characters: ["H", "i", " ", "e\u{301}", "x"].map(str::to_owned).to_vec(),
            character_start_times_seconds: vec![0.0, 0.1, 0.2, 0.3, 0.4],
            character_end_times_seconds: vec![0.1, 0.2, 0.3, 0.4, 0.5],
        };
        let found = marks(&alignment, "Hi e\u{301}x");
        assert_eq!(found.iter().map(|m| m.at).collect::<Vec<_>>(), [0, 1, 3, 5]);
        assert_eq!(found[2].start_ms, 300.0);
        assert!(marks(&alignment, "Hello").is_empty());
    }
}
