//! The types of `tts` in `defaults.yaml`: voice providers, their order and their voices.
//!
//! `options` is a mapping for the provider's adapter, which validates it strictly.
//!
//! [`TtsProviderName`] lists the built-in providers; [`server`] defines the user's own servers.

mod server;

pub use server::{ServerVoice, SpeechFormat};

use crate::engines::{Backoff, BreakerSettings};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::sync::Arc;

/// A built-in voice provider. The order of the variants is the fallback order after the configured providers:
/// services, natural voices of this machine, then formant voices. eSpeak precedes Flite because it returns
/// word times.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum TtsProviderName {
    /// The ElevenLabs service.
    Elevenlabs,
    /// The OpenAI service.
    Openai,
    /// The Google Cloud Text-to-Speech service.
    Google,
    /// Installed neural voices.
    Neural,
    /// Piper voice files that the configuration names.
    Piper,
    /// The eSpeak NG synthesizer.
    Espeak,
    /// The Flite synthesizer.
    Flite,
}

impl TtsProviderName {
    /// Every built-in provider, in the order of the kinds.
    pub const ALL: [Self; 7] = [
        Self::Elevenlabs,
        Self::Openai,
        Self::Google,
        Self::Neural,
        Self::Piper,
        Self::Espeak,
        Self::Flite,
    ];

    /// Returns the name used in configuration, logs and metrics.
    pub const fn as_str(self) -> &'static str {
        self.entry().0
    }

    /// Returns the kind of the provider.
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

    /// Returns the built-in provider with the given name in the configuration; `None` if there is none. Also
    /// accepts [`OLD_LOCAL_NAME`] for eSpeak NG.
    pub fn from_name(name: &str) -> Option<Self> {
        let name = if name == OLD_LOCAL_NAME { "espeak" } else { name };
        Self::ALL.into_iter().find(|known| known.as_str() == name)
    }
}

/// The kind of a provider, which determines its place in the fallback order and the processing of its voice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ProviderKind {
    /// A paid service that needs an API key.
    Service,
    /// A speech server that the user runs.
    Server,
    /// A natural-sounding voice that runs on this machine.
    Natural,
    /// A formant synthesizer on this machine.
    Formant,
}

/// A built-in or configured voice provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum VoiceProvider {
    /// A built-in provider.
    BuiltIn(TtsProviderName),
    /// A speech server, named as its block under `tts.openai_compatible`.
    Server(Arc<str>),
}

impl VoiceProvider {
    /// Returns the name used in configuration, logs and metrics.
    pub fn as_str(&self) -> &str {
        match self {
            Self::BuiltIn(provider) => provider.as_str(),
            Self::Server(name) => name,
        }
    }

    /// Returns the kind of the provider.
    pub fn kind(&self) -> ProviderKind {
        match self {
            Self::BuiltIn(provider) => provider.kind(),
            Self::Server(_) => ProviderKind::Server,
        }
    }
}

/// The name of eSpeak NG's provider in earlier versions.
pub const OLD_LOCAL_NAME: &str = "pyttsx3";

/// The voice providers and their settings.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct TtsSettings {
    /// The provider that is tried first.
    pub primary_provider: String,
    /// The provider that is tried next; null for none.
    pub backup_provider: Option<String>,
    /// The settings of ElevenLabs.
    pub elevenlabs: CloudVoice,
    /// The settings of OpenAI's voices.
    pub openai: CloudVoice,
    /// The settings of Google Cloud Text-to-Speech.
    pub google: CloudVoice,
    /// Speech servers that you run, by names of your choice. They implement OpenAI's `POST /v1/audio/speech`.
    /// An API key is optional.
    #[serde(default)]
    pub openai_compatible: BTreeMap<String, ServerVoice>,
    /// Neural voices that are installed on this machine.
    pub neural: NeuralSettings,
    /// Piper voice files, by path.
    pub piper: PiperSettings,
    /// The settings of Flite.
    pub flite: FliteSettings,
    /// The settings of eSpeak NG.
    pub espeak: EspeakSettings,
    /// The pronunciations of words, as IPA between slashes or as a respelling with hyphens.
    #[serde(default)]
    pub pronunciations: BTreeMap<String, String>,
}

/// Neural voices that are installed on this machine.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct NeuralSettings {
    /// The folder that contains the voices; empty for the folders of the user and the machine.
    pub folder: String,
    /// The voice for each language. For other languages, the voice is chosen by language and style.
    pub voices: BTreeMap<String, String>,
    /// The speed relative to the preset's pace, 0.5 to 2.
    pub speed: f64,
    /// The timeout for loading a model and for synthesizing one sentence, in seconds; default 60.
    #[serde(default = "default_timeout_seconds")]
    pub timeout_seconds: u64,
}

fn default_timeout_seconds() -> u64 {
    60
}

/// The settings of a paid voice service.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct CloudVoice {
    /// False to remove the service from the chain.
    pub enabled: bool,
    /// The URL of the vendor's API.
    pub base_url: String,
    /// Hosts besides that of `base_url` that may be called even if they are private.
    #[serde(default)]
    pub allow_hosts: Vec<String>,
    /// Environment variables that may contain the API key, in search order. `NAME_FILE` names a file that contains
    /// the key.
    pub key_env: Vec<String>,
    /// The timeout of a request, in milliseconds, 100 to 600000.
    pub request_timeout_ms: u64,
    /// The retry settings of calls that certainly cost nothing.
    #[serde(default)]
    pub backoff: Backoff,
    /// The settings of the service's circuit breaker.
    #[serde(default)]
    pub breaker: BreakerSettings,
    /// The maximum number of concurrent calls, 1 to 16.
    pub max_concurrent: u32,
    /// The name of the speech model.
    pub model: String,
    /// The voice for languages that `voices` does not name; empty to use the vendor's default.
    pub voice: String,
    /// The voice for each language.
    #[serde(default)]
    pub voices: BTreeMap<String, String>,
    /// The speed relative to the voice's own speed, 0.5 to 2; a brief's speed multiplies it.
    pub speed: f64,
    /// The maximum number of characters per request, at least 20, if less than the vendor's limit.
    #[serde(default)]
    pub max_characters: Option<usize>,
    /// The price per 1000 characters, in US dollars, 0 to 100.
    #[serde(default)]
    pub price_per_1000_characters_usd: f64,
    /// Settings that only the adapter reads.
    #[serde(default)]
    pub options: Map<String, Value>,
}

/// The settings of Piper.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct PiperSettings {
    /// The voice file (`.onnx`, with the `.onnx.json` beside it) for each language.
    pub voices: BTreeMap<String, String>,
    /// The speed relative to the voice's own speed, 0.5 to 2.
    pub speed: f64,
    /// The timeout for converting a script to phonemes, for loading a model, and for synthesizing one sentence, in
    /// seconds.
    pub timeout_seconds: u64,
}

/// The settings of Flite.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct FliteSettings {
    /// The voice: `slt`, `rms`, `awb`, `kal16`, or a `.flitevox` file.
    pub voice: String,
    /// The speed relative to the voice's own speed, 0.5 to 2.
    pub speed: f64,
    /// The time without output after which the program is stopped, in seconds.
    pub timeout_seconds: u64,
}

/// The settings of eSpeak NG.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct EspeakSettings {
    /// The voice for each language.
    pub voices: BTreeMap<String, String>,
    /// The pitch, 0 to 100.
    pub pitch: u8,
    /// The speed relative to the preset's words per minute, 0.5 to 2; default 1.
    #[serde(default = "one")]
    pub speed: f64,
}

fn one() -> f64 {
    1.0
}

type Problem = (String, String, Option<String>);

impl TtsSettings {
    /// Returns the settings of a paid service; `None` for providers of this machine.
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

    /// Returns the paid services, by name.
    pub fn clouds(&self) -> Vec<(&'static str, &CloudVoice)> {
        let all = TtsProviderName::ALL.into_iter();
        all.filter_map(|provider| Some((provider.as_str(), self.cloud(provider)?))).collect()
    }

    /// Returns every provider in the order of the kinds: services, servers, voices of this machine.
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

    /// Returns the names of all providers, in the order of [`TtsSettings::providers`].
    pub fn names(&self) -> Vec<String> {
        self.providers().iter().map(|provider| provider.as_str().to_owned()).collect()
    }

    /// Returns the built-in or configured provider with the given name; `None` if there is none.
    pub fn provider(&self, name: &str) -> Option<VoiceProvider> {
        let built_in = TtsProviderName::from_name(name).map(VoiceProvider::BuiltIn);
        built_in.or_else(|| {
            let (name, _) = self.openai_compatible.get_key_value(name)?;
            Some(VoiceProvider::Server(name.as_str().into()))
        })
    }

    /// Returns every provider in fallback order. The provider named `first` precedes all others.
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

    /// Returns the first invalid value: its field, the reason, and the unknown name if there is one. Returns
    /// `None` if these checks find none.
    pub(crate) fn problem(&self) -> Option<Problem> {
        self.unknown_provider().or_else(|| self.wrong_value()).or_else(|| {
            let mut clouds = self.clouds().into_iter();
            clouds.find_map(|(name, cloud)| cloud.problem(&format!("tts.{name}")))
        })
    }

    fn unknown_provider(&self) -> Option<Problem> {
        // A block with a wrong name would change the meaning of these two fields.
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

    /// Returns the configured speed of the built-in provider with the given name; 1 (the voice's own speed) for other
    /// names, such as servers.
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
                let reason = format!("{speed} is not between 0.5 and 2");
                return Some((format!("tts.{name}.speed"), reason, None));
            }
        }
        if self.espeak.pitch > 100 {
            let reason = format!("{} is not between 0 and 100", self.espeak.pitch);
            return Some(("tts.espeak.pitch".into(), reason, None));
        }
        None
    }
}

impl CloudVoice {
    /// Returns the voice for a language: the one for the whole tag, for its primary language, or the default.
    pub fn voice_for(&self, language: &str) -> &str {
        by_language(&self.voices, language).unwrap_or(&self.voice)
    }

    fn problem(&self, field: &str) -> Option<Problem> {
        let at = |name: &str, reason: String| Some((format!("{field}.{name}"), reason, None));
        let is_address =
            self.base_url.starts_with("http://") || self.base_url.starts_with("https://");
        if !is_address {
            return at("base_url", format!("`{}` is not an http or https URL", self.base_url));
        }
        if !(100..=600_000).contains(&self.request_timeout_ms) {
            let reason = format!("{} is not between 100 and 600000", self.request_timeout_ms);
            return at("request_timeout_ms", reason);
        }
        if !(1..=16).contains(&self.max_concurrent) {
            let reason = format!("{} is not between 1 and 16", self.max_concurrent);
            return at("max_concurrent", reason);
        }
        if !(1..=20).contains(&self.backoff.attempts) {
            let reason = format!("{} is not between 1 and 20", self.backoff.attempts);
            return at("backoff.attempts", reason);
        }
        if self.breaker.failures == 0 {
            return at("breaker.failures", "0 is less than 1".into());
        }
        if let Some(most) = self.max_characters.filter(|most| *most < 20) {
            let reason = format!("{most} is less than 20: long words would not fit");
            return at("max_characters", reason);
        }
        if !(0.0..=100.0).contains(&self.price_per_1000_characters_usd) {
            let reason = format!("{} is not between 0 and 100", self.price_per_1000_characters_usd);
            return at("price_per_1000_characters_usd", reason);
        }
        None
    }
}

/// Returns the value for a language: the one for the whole tag, or for its primary language; `None` if there is
/// neither.
pub fn by_language<'a>(values: &'a BTreeMap<String, String>, language: &str) -> Option<&'a str> {
    let primary = language.split(['-', '_']).next().unwrap_or(language);
    values.get(language).or_else(|| values.get(primary)).map(String::as_str)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Config, ConfigSource};

    fn built_in_settings() -> TtsSettings {
        Config::load(&ConfigSource::Optional("/nowhere".into())).expect("loads").settings.tts
    }

    #[test]
    fn the_order_is_as_configured_then_the_rest() {
        let mut tts = built_in_settings();
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
        let tts = built_in_settings();
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
        assert_eq!(built_in_settings().problem(), None);
        for (field, spoil) in cases {
            let mut tts = built_in_settings();
            spoil(&mut tts);
            assert_eq!(tts.problem().expect("refused").0, field);
        }
    }

    #[test]
    fn voices_are_found_by_tag_then_by_language() {
        let mut voice = built_in_settings().google;
        voice.voice = "usual".into();
        voice.voices = BTreeMap::from([("en".into(), "a".into()), ("en-GB".into(), "b".into())]);
        for (language, expected) in [("en-GB", "b"), ("en-US", "a"), ("en", "a"), ("de", "usual")] {
            assert_eq!(voice.voice_for(language), expected, "{language}");
        }
    }
}
