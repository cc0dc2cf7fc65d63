//! The user's own speech servers, by name: `tts.openai_compatible`.
//!
//! Fields with the same meaning have the same names as in a service's block. A server has no price.

use super::{CloudVoice, OLD_LOCAL_NAME, Problem, TtsProviderName};
use crate::engines::{Backoff, BreakerSettings};
use serde::{Deserialize, Serialize};
use serde_json::Map;
use std::collections::BTreeMap;

/// The maximum length of a block's name, which is a metric label and a log field.
const MAX_NAME: usize = 40;
/// Names that a block cannot have, since they have another meaning in receipts and logs.
const RESERVED: [&str; 2] = [OLD_LOCAL_NAME, "voice_file"];

/// The requested audio format. The format of the reply is detected from its content.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum SpeechFormat {
    /// WAV; 16-bit samples are read without FFmpeg.
    #[default]
    Wav,
    /// MP3, decoded with FFmpeg.
    Mp3,
}

impl SpeechFormat {
    /// Returns the value of `response_format`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Wav => "wav",
            Self::Mp3 => "mp3",
        }
    }
}

/// A speech server on this machine or network that implements OpenAI's `POST /v1/audio/speech`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ServerVoice {
    /// False to remove the server from the chain. Default: true.
    #[serde(default = "enabled")]
    pub enabled: bool,
    /// The URL of the server with the API version, such as `http://127.0.0.1:8880/v1`. It may be private.
    pub base_url: String,
    /// The name of the speech model.
    pub model: String,
    /// The voice for languages that `voices` does not name.
    pub voice: String,
    /// The voice for each language.
    #[serde(default)]
    pub voices: BTreeMap<String, String>,
    /// The requested audio format: `wav` or `mp3`. Default: wav.
    #[serde(default)]
    pub response_format: SpeechFormat,
    /// Environment variables that may contain the API key, in search order; empty for a server without one.
    #[serde(default)]
    pub key_env: Vec<String>,
    /// The timeout for one sentence, in milliseconds, 100 to 600000. Default: 60000.
    #[serde(default = "request_timeout_ms")]
    pub request_timeout_ms: u64,
    /// The retry settings of failed calls. Default: 2 attempts.
    #[serde(default = "backoff")]
    pub backoff: Backoff,
    /// The settings of the server's circuit breaker.
    #[serde(default)]
    pub breaker: BreakerSettings,
    /// The maximum number of concurrent sentences, 1 to 16. Default: 1.
    #[serde(default = "max_concurrent")]
    pub max_concurrent: u32,
    /// The speed relative to the voice's own speed, 0.5 to 2; a brief's speed multiplies it. Default: 1.
    #[serde(default = "speed")]
    pub speed: f64,
    /// The maximum number of characters per request, at least 20. Default: 4096, as for OpenAI.
    #[serde(default)]
    pub max_characters: Option<usize>,
}

fn enabled() -> bool {
    true
}

fn request_timeout_ms() -> u64 {
    60_000
}

fn backoff() -> Backoff {
    Backoff { initial_ms: 500, max_ms: 4_000, attempts: 2 }
}

fn max_concurrent() -> u32 {
    1
}

fn speed() -> f64 {
    1.0
}

impl ServerVoice {
    /// Converts the settings to those of a paid service with a price of 0.
    pub fn as_service(&self) -> CloudVoice {
        CloudVoice {
            enabled: self.enabled,
            base_url: self.base_url.clone(),
            allow_hosts: Vec::new(),
            key_env: self.key_env.clone(),
            request_timeout_ms: self.request_timeout_ms,
            backoff: self.backoff.clone(),
            breaker: self.breaker.clone(),
            max_concurrent: self.max_concurrent,
            model: self.model.clone(),
            voice: self.voice.clone(),
            voices: self.voices.clone(),
            speed: self.speed,
            max_characters: self.max_characters,
            price_per_1000_characters_usd: 0.0,
            options: Map::new(),
        }
    }

    /// Returns the first invalid value in the block with the given name; `None` if these checks find none.
    pub(super) fn problem(&self, name: &str) -> Option<Problem> {
        let field = format!("tts.openai_compatible.{name}");
        if let Some(reason) = name_problem(name) {
            return Some((field, reason, None));
        }
        for (own, value) in [("model", &self.model), ("voice", &self.voice)] {
            if value.trim().is_empty() {
                let reason = format!("the name is empty: name a {own}");
                return Some((format!("{field}.{own}"), reason, None));
            }
        }
        if !(0.5..=2.0).contains(&self.speed) {
            let reason = format!("{} is not between 0.5 and 2", self.speed);
            return Some((format!("{field}.speed"), reason, None));
        }
        self.as_service().problem(&field)
    }
}

/// Returns the reason for rejecting the name of a block; `None` if the name is valid.
fn name_problem(name: &str) -> Option<String> {
    let is_plain =
        |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '_' | '-' | '.');
    if name.is_empty() || name.len() > MAX_NAME || !name.chars().all(is_plain) {
        return Some(format!(
            "the block's name is invalid: use a-z, 0-9, `_`, `-` and `.`, at most {MAX_NAME} \
             characters"
        ));
    }
    if TtsProviderName::from_name(name).is_some() || RESERVED.contains(&name) {
        return Some(format!("`{name}` is reserved: choose another name"));
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tts::ProviderKind;
    use crate::{Config, ConfigSource};
    use serde_json::json;

    fn block(more: &serde_json::Value) -> ServerVoice {
        let mut block = json!({"base_url": "http://127.0.0.1:8880/v1", "model": "kokoro",
                               "voice": "af_heart"});
        for (name, value) in more.as_object().into_iter().flatten() {
            block[name.as_str()] = value.clone();
        }
        serde_json::from_value(block).expect("a block")
    }

    #[test]
    fn servers_are_tried_after_services_and_may_be_put_first() {
        let source = ConfigSource::Optional("/nowhere".into());
        let mut tts = Config::load(&source).expect("loads").settings.tts;
        for name in ["speaches", "kokoro"] {
            tts.openai_compatible.insert(name.to_owned(), block(&json!({})));
        }
        let order = |tts: &crate::tts::TtsSettings, first| -> Vec<String> {
            tts.order(first).iter().map(|provider| provider.as_str().to_owned()).collect()
        };
        let tried = order(&tts, None);
        let kinds: Vec<ProviderKind> =
            tried.iter().map(|name| tts.provider(name).expect("known").kind()).collect();
        assert!(kinds.is_sorted(), "{tried:?}");
        let servers = kinds.iter().position(|kind| *kind == ProviderKind::Server).expect("servers");
        assert_eq!(tried[servers..servers + 2], ["kokoro", "speaches"]);
        tts.primary_provider = "speaches".into();
        assert_eq!(order(&tts, None)[..2], ["speaches", "openai"]);
        assert_eq!(order(&tts, Some("kokoro"))[..2], ["kokoro", "speaches"]);
        assert_eq!(tts.problem(), None);
        tts.backup_provider = Some("kokor".into());
        let (field, reason, _) = tts.problem().expect("refused");
        assert!(field == "tts.backup_provider" && reason.contains("kokoro, speaches"), "{reason}");
    }

    #[test]
    fn a_block_that_cannot_be_right_is_refused_by_field() {
        let at = |field: &str| format!("tts.openai_compatible.kokoro{field}");
        for (name, more, field) in [
            ("kokoro", json!({"base_url": "127.0.0.1:8880"}), at(".base_url")),
            ("kokoro", json!({"model": ""}), at(".model")),
            ("kokoro", json!({"voice": " "}), at(".voice")),
            ("kokoro", json!({"speed": 3.0}), at(".speed")),
            ("kokoro", json!({"max_concurrent": 0}), at(".max_concurrent")),
            ("kokoro", json!({"request_timeout_ms": 5}), at(".request_timeout_ms")),
            ("kokoro", json!({"max_characters": 3}), at(".max_characters")),
            ("openai", json!({}), "tts.openai_compatible.openai".to_owned()),
            ("pyttsx3", json!({}), "tts.openai_compatible.pyttsx3".to_owned()),
            ("My Voice", json!({}), "tts.openai_compatible.My Voice".to_owned()),
        ] {
            let problem = block(&more).problem(name).expect("refused");
            assert_eq!(problem.0, field, "{}", problem.1);
        }
        assert_eq!(block(&json!({})).problem("kokoro"), None);
        let odd = json!({"base_url": "http://a/v1", "model": "m", "voice": "v", "format": "wav"});
        assert!(serde_json::from_value::<ServerVoice>(odd).is_err(), "an unknown key");
    }
}
