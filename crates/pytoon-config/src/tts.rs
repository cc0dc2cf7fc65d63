//! The types of `tts` in `defaults.yaml`: who speaks, in which order, with which voice.
//!
//! `options` is a mapping that belongs to the provider's adapter: it is checked there, strictly.
//!
//! [`TtsProviderName`] lists the built-in providers; [`server`] holds the user's own servers.

mod server;

pub use server::{ServerVoice, SpeechFormat};

use crate::engines::{Backoff, BreakerSettings};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::sync::Arc;

/// A voice provider. The order is that in which those are tried that configuration does not put
/// first: services, natural voices of this machine, then formant voices. eSpeak stands before
/// Flite, since the times of its words are exact.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum TtsProviderName {
    /// ElevenLabs.
    Elevenlabs,
    /// OpenAI.
    Openai,
    /// Google Cloud Text-to-Speech.
    Google,
    /// Installed neural voices.
    Neural,
    /// Piper files that the configuration names.
    Piper,
    /// eSpeak NG.
    Espeak,
    /// Flite.
    Flite,
}

impl TtsProviderName {
    /// Every provider, in the order of its kind.
    pub const ALL: [Self; 7] = [
        Self::Elevenlabs,
        Self::Openai,
        Self::Google,
        Self::Neural,
        Self::Piper,
        Self::Espeak,
        Self::Flite,
    ];

    /// Its name in configuration, logs and metrics.
    pub const fn as_str(self) -> &'static str {
        self.entry().0
    }

    /// Returns its kind.
    pub const fn kind(self) -> ProviderKind {
        self.entry().1
    }

    const fn entry(self) -> (&'static str, ProviderKind) {
        match self {
            Self::Elevenlabs => ("elevenlabs", ProviderKind::Service),
            Self::Openai => ("openai", ProviderKind::Service),
            Self::Google => ("google", ProviderKind::Service),
            Self::Neural => ("neural", ProviderKind::Natural),
            Self::Piper => ("piper", ProviderKind::Natural),
            Self::Espeak => ("espeak", ProviderKind::Formant),
            Self::Flite => ("flite", ProviderKind::Formant),
        }
    }

    /// The provider that a name in configuration means.
    pub fn from_name(name: &str) -> Option<Self> {
        let name = if name == OLD_LOCAL_NAME { "espeak" } else { name };
        Self::ALL.into_iter().find(|known| known.as_str() == name)
    }
}

/// The kind of a provider. It decides the place in the order and how the voice is processed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ProviderKind {
    /// A service with a key, which costs money.
    Service,
    /// A speech server of the user's own.
    Server,
    /// A natural voice that runs on this machine.
    Natural,
    /// A formant voice of this machine.
    Formant,
}

/// A voice provider of a configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum VoiceProvider {
    /// One that the program brings.
    BuiltIn(TtsProviderName),
    /// A speech server, by the name of its block under `tts.openai_compatible`.
    Server(Arc<str>),
}

impl VoiceProvider {
    /// Its name in configuration, logs and metrics.
    pub fn as_str(&self) -> &str {
        match self {
            Self::BuiltIn(provider) => provider.as_str(),
            Self::Server(name) => name,
        }
    }

    /// Returns its kind.
    pub fn kind(&self) -> ProviderKind {
        match self {
            Self::BuiltIn(provider) => provider.kind(),
            Self::Server(_) => ProviderKind::Server,
        }
    }
}

/// What an older program called the local voice.
pub const OLD_LOCAL_NAME: &str = "pyttsx3";

/// Voice providers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TtsSettings {
    /// The provider tried first.
    pub primary_provider: String,
    /// The provider tried next; null for none before the rest.
    pub backup_provider: Option<String>,
    /// ElevenLabs.
    pub elevenlabs: CloudVoice,
    /// OpenAI.
    pub openai: CloudVoice,
    /// Google Cloud Text-to-Speech.
    pub google: CloudVoice,
    /// Speech servers of your own, by a name of your choice: they speak OpenAI's
    /// `POST /v1/audio/speech` and need no key.
    #[serde(default)]
    pub openai_compatible: BTreeMap<String, ServerVoice>,
    /// Neural voices that are installed on this machine.
    pub neural: NeuralSettings,
    /// Piper voice files, by path.
    pub piper: PiperSettings,
    /// Flite.
    pub flite: FliteSettings,
    /// The local voice that is always there.
    pub espeak: EspeakSettings,
    /// How words are pronounced: IPA between slashes, or a respelling with hyphens.
    #[serde(default)]
    pub pronunciations: BTreeMap<String, String>,
}

/// Neural voices that are installed on this machine.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NeuralSettings {
    /// The folder of voices; empty for the user's and the machine's own.
    pub folder: String,
    /// Voices by language; others are chosen by language and style.
    pub voices: BTreeMap<String, String>,
    /// Speed against the preset's pace, 0.5 to 2.
    pub speed: f64,
    /// Longest wait for a model to load, and for one sentence, in seconds; default 60.
    #[serde(default = "default_timeout_seconds")]
    pub timeout_seconds: u64,
}

fn default_timeout_seconds() -> u64 {
    60
}

/// A voice that is a service and costs money.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CloudVoice {
    /// `false` takes it out of the chain.
    pub enabled: bool,
    /// The vendor's address.
    pub base_url: String,
    /// Hosts beside `base_url`'s that may be spoken to even where they are private.
    #[serde(default)]
    pub allow_hosts: Vec<String>,
    /// Environment variables that may hold its key, in order. `NAME_FILE` holds the path of a
    /// file with the key.
    pub key_env: Vec<String>,
    /// Longest wait for an answer, in milliseconds.
    pub request_timeout_ms: u64,
    /// How calls that surely bought nothing are repeated.
    #[serde(default)]
    pub backoff: Backoff,
    /// When it is left alone after failures.
    #[serde(default)]
    pub breaker: BreakerSettings,
    /// Calls under way at once.
    pub max_concurrent: u32,
    /// The model.
    pub model: String,
    /// The voice of languages that `voices` does not name; empty leaves it to the vendor.
    pub voice: String,
    /// Voices by language.
    #[serde(default)]
    pub voices: BTreeMap<String, String>,
    /// Speed against the voice's own, where 1 is unchanged; a brief's speed multiplies it.
    pub speed: f64,
    /// Most characters of one request, where that is less than the vendor takes.
    #[serde(default)]
    pub max_characters: Option<usize>,
    /// US dollars for 1000 characters.
    #[serde(default)]
    pub price_per_1000_characters_usd: f64,
    /// The adapter's own settings.
    #[serde(default)]
    pub options: Map<String, Value>,
}

/// Piper.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PiperSettings {
    /// Voice files (`.onnx`, with the `.onnx.json` beside it) by language.
    pub voices: BTreeMap<String, String>,
    /// Speed against the voice's own.
    pub speed: f64,
    /// Longest wait for the phonemes of a script, for a model to load, and for one sentence, in
    /// seconds.
    pub timeout_seconds: u64,
}

/// Flite.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FliteSettings {
    /// The voice: `slt`, `rms`, `awb`, `kal16`, or a `.flitevox` file.
    pub voice: String,
    /// Speed against the voice's own.
    pub speed: f64,
    /// A program that shows no sign of life for so long is ended, in seconds.
    pub timeout_seconds: u64,
}

/// The local voice.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EspeakSettings {
    /// Voices by language.
    pub voices: BTreeMap<String, String>,
    /// Pitch from 0 to 100.
    pub pitch: u8,
    /// Speed against the preset's words a minute.
    #[serde(default = "one")]
    pub speed: f64,
}

fn one() -> f64 {
    1.0
}

type Problem = (String, String, Option<String>);

impl TtsSettings {
    /// The block of a service; `None` for providers of this machine.
    pub fn cloud(&self, provider: TtsProviderName) -> Option<&CloudVoice> {
        match provider {
            TtsProviderName::Elevenlabs => Some(&self.elevenlabs),
            TtsProviderName::Openai => Some(&self.openai),
            TtsProviderName::Google => Some(&self.google),
            TtsProviderName::Neural
            | TtsProviderName::Piper
            | TtsProviderName::Espeak
            | TtsProviderName::Flite => None,
        }
    }

    /// The voices that are services, by name.
    pub fn clouds(&self) -> Vec<(&'static str, &CloudVoice)> {
        let all = TtsProviderName::ALL.into_iter();
        all.filter_map(|provider| Some((provider.as_str(), self.cloud(provider)?))).collect()
    }

    /// Every provider in the order of its kind: services, servers, voices of this machine.
    pub fn providers(&self) -> Vec<VoiceProvider> {
        let servers = self.openai_compatible.keys();
        let mut all: Vec<VoiceProvider> = TtsProviderName::ALL
            .into_iter()
            .map(VoiceProvider::BuiltIn)
            .chain(servers.map(|name| VoiceProvider::Server(name.as_str().into())))
            .collect();
        all.sort_by_key(VoiceProvider::kind);
        all
    }

    /// The names of every provider, in the order of [`TtsSettings::providers`].
    pub fn names(&self) -> Vec<String> {
        self.providers().iter().map(|provider| provider.as_str().to_owned()).collect()
    }

    /// The provider that a name in this configuration or in a brief means.
    pub fn provider(&self, name: &str) -> Option<VoiceProvider> {
        let built_in = TtsProviderName::from_name(name).map(VoiceProvider::BuiltIn);
        built_in.or_else(|| {
            let (name, _) = self.openai_compatible.get_key_value(name)?;
            Some(VoiceProvider::Server(name.as_str().into()))
        })
    }

    /// Every provider in the order in which it is tried; `first` goes before all.
    pub fn order(&self, first: Option<&str>) -> Vec<VoiceProvider> {
        let wanted = [first, Some(&self.primary_provider), self.backup_provider.as_deref()];
        let mut order: Vec<VoiceProvider> = Vec::new();
        let named = wanted.into_iter().flatten().filter_map(|name| self.provider(name));
        for provider in named.chain(self.providers()) {
            if !order.contains(&provider) {
                order.push(provider);
            }
        }
        order
    }

    /// The first value that cannot be right, as (field, reason, name meant instead).
    pub(crate) fn problem(&self) -> Option<Problem> {
        self.unknown_provider().or_else(|| self.wrong_value()).or_else(|| {
            let mut clouds = self.clouds().into_iter();
            clouds.find_map(|(name, cloud)| cloud.problem(&format!("tts.{name}")))
        })
    }

    fn unknown_provider(&self) -> Option<Problem> {
        // A block of a wrong name would make these two mean something else.
        let blocks = self.openai_compatible.iter();
        if let Some(problem) = blocks.into_iter().find_map(|(name, block)| block.problem(name)) {
            return Some(problem);
        }
        let names = [
            ("primary_provider", Some(&self.primary_provider)),
            ("backup_provider", self.backup_provider.as_ref()),
        ];
        names.into_iter().find_map(|(field, name)| {
            let name = name.filter(|name| self.provider(name).is_none())?;
            let known = self.names().join(", ");
            let reason = format!("there is no voice provider `{name}`; there are {known}");
            Some((format!("tts.{field}"), reason, Some(name.clone())))
        })
    }

    /// The configured speed of a voice by its name, where 1 is its own; 1 for servers.
    pub fn speed_of(&self, name: &str) -> f64 {
        let known = TtsProviderName::ALL.into_iter().find(|provider| provider.as_str() == name);
        known.map_or(1.0, |provider| self.speed(provider))
    }

    fn speed(&self, provider: TtsProviderName) -> f64 {
        match provider {
            TtsProviderName::Elevenlabs => self.elevenlabs.speed,
            TtsProviderName::Openai => self.openai.speed,
            TtsProviderName::Google => self.google.speed,
            TtsProviderName::Neural => self.neural.speed,
            TtsProviderName::Piper => self.piper.speed,
            TtsProviderName::Espeak => self.espeak.speed,
            TtsProviderName::Flite => self.flite.speed,
        }
    }

    fn wrong_value(&self) -> Option<Problem> {
        for provider in TtsProviderName::ALL {
            let (name, speed) = (provider.as_str(), self.speed(provider));
            if !(0.5..=2.0).contains(&speed) {
                let reason = format!("{speed} is not within 0.5 to 2");
                return Some((format!("tts.{name}.speed"), reason, None));
            }
        }
        if self.espeak.pitch > 100 {
            let reason = format!("{} is not within 0 to 100", self.espeak.pitch);
            return Some(("tts.espeak.pitch".into(), reason, None));
        }
        None
    }
}

impl CloudVoice {
    /// The voice for a language: that of the whole tag, of its first part, or the usual one.
    pub fn voice_for(&self, language: &str) -> &str {
        by_language(&self.voices, language).unwrap_or(&self.voice)
    }

    fn problem(&self, field: &str) -> Option<Problem> {
        let at = |name: &str, reason: String| Some((format!("{field}.{name}"), reason, None));
        let is_address =
            self.base_url.starts_with("http://") || self.base_url.starts_with("https://");
        if !is_address {
            return at("base_url", format!("`{}` is not an http(s) address", self.base_url));
        }
        if !(100..=600_000).contains(&self.request_timeout_ms) {
            return at("request_timeout_ms", "it is not within 100 to 600000".into());
        }
        if !(1..=16).contains(&self.max_concurrent) {
            return at("max_concurrent", "it is not within 1 to 16".into());
        }
        if !(1..=20).contains(&self.backoff.attempts) {
            let reason = format!("{} is not within 1 to 20", self.backoff.attempts);
            return at("backoff.attempts", reason);
        }
        if self.breaker.failures == 0 {
            return at("breaker.failures", "it is less than 1".into());
        }
        if self.max_characters.is_some_and(|most| most < 20) {
            return at("max_characters", "it is less than 20: words would not fit".into());
        }
        if !(0.0..=100.0).contains(&self.price_per_1000_characters_usd) {
            return at("price_per_1000_characters_usd", "it is not within 0 to 100".into());
        }
        None
    }
}

/// The value of a language: of the whole tag, or of its first part.
pub fn by_language<'a>(values: &'a BTreeMap<String, String>, language: &str) -> Option<&'a str> {
    let primary = language.split(['-', '_']).next().unwrap_or(language);
    values.get(language).or_else(|| values.get(primary)).map(String::as_str)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Config, ConfigSource};

    fn built_in() -> TtsSettings {
        Config::load(&ConfigSource::Optional("/nowhere".into())).expect("loads").settings.tts
    }

    #[test]
    fn the_order_is_as_configured_then_the_rest() {
        let mut tts = built_in();
        let names = |order: Vec<VoiceProvider>| -> Vec<String> {
            order.iter().map(|provider| provider.as_str().to_owned()).collect()
        };
        let all: Vec<&str> =
            TtsProviderName::ALL.into_iter().map(TtsProviderName::as_str).collect();
        assert_eq!(names(tts.order(None)), all);
        tts.primary_provider = "google".into();
        tts.backup_provider = Some("pyttsx3".into());
        let rest = all.iter().filter(|name| !["google", "espeak"].contains(name));
        let expected: Vec<&str> = ["google", "espeak"].into_iter().chain(rest.copied()).collect();
        assert_eq!(names(tts.order(None)), expected);
        assert_eq!(names(tts.order(Some("openai")))[..3], ["openai", "google", "espeak"]);
    }

    #[test]
    fn services_have_a_block_of_their_own() {
        let tts = built_in();
        for provider in TtsProviderName::ALL {
            let is_service = provider.kind() == ProviderKind::Service;
            assert_eq!(tts.cloud(provider).is_some(), is_service, "{provider:?}");
        }
    }

    #[test]
    fn what_cannot_be_right_is_refused_by_field() {
        type Spoil = fn(&mut TtsSettings);
        let cases: [(&str, Spoil); 5] = [
            ("tts.neural.speed", |tts| tts.neural.speed = 0.0),
            ("tts.primary_provider", |tts| tts.primary_provider = "elevnlabs".into()),
            ("tts.google.base_url", |tts| tts.google.base_url = "ftp://x".into()),
            ("tts.openai.speed", |tts| tts.openai.speed = 9.0),
            ("tts.elevenlabs.max_concurrent", |tts| tts.elevenlabs.max_concurrent = 0),
        ];
        assert_eq!(built_in().problem(), None);
        for (field, spoil) in cases {
            let mut tts = built_in();
            spoil(&mut tts);
            assert_eq!(tts.problem().expect("refused").0, field);
        }
    }

    #[test]
    fn voices_are_found_by_tag_then_by_language() {
        let mut voice = built_in().google;
        voice.voice = "usual".into();
        voice.voices = BTreeMap::from([("en".into(), "a".into()), ("en-GB".into(), "b".into())]);
        for (language, expected) in [("en-GB", "b"), ("en-US", "a"), ("en", "a"), ("de", "usual")] {
            assert_eq!(voice.voice_for(language), expected, "{language}");
        }
    }
}
