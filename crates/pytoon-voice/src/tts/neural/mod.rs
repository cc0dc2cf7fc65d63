//! Neural voices: models of installed voices that run in this process.
//!
//! Guarantees: word times are the model's own phoneme durations; a voice with damaged files is rejected with
//! the reason; a loaded voice is reused until it is unloaded; equal text, voice and speed give equal samples.
//!
//! English voices of the `heart` family start no process. Piper voices get their phonemes from `pytoon-espeak`
//! (ADR 5); their model runs here.
//!
//! Start with [`Neural`]. [`Voices`] caches the loaded voices.

mod choice;
mod heart;
mod loaded;
pub(crate) mod phonemes;
mod piper;
mod providers;
pub(crate) mod timing;

pub use choice::choose;
pub use loaded::Voices;
pub(crate) use providers::{installed_provider, piper_provider};

use super::{SpokenSentence, TtsProvider, TtsRequest};
use crate::installed::catalogue::{how_to_add, known_voice};
use crate::installed::{BrokenVoice, Family, InstalledVoice, VoiceFolders};
use crate::{Result, VoiceError};
use loaded::Loaded;
use pytoon_audio::speech;
use pytoon_config::tts::NeuralSettings;
use pytoon_neural::NeuralError;
use pytoon_neural::session::Limits;
use pytoon_normalize::{SpokenWord, join_spoken};
use pytoon_process::Runner;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// A request to one loaded voice.
#[derive(Debug, Clone, Copy)]
struct VoiceRequest<'a> {
    provider: &'static str,
    /// The runner of `pytoon-espeak`, for Piper voices.
    runner: &'a Runner,
    request: &'a TtsRequest,
    /// The speed relative to the voice's normal speed.
    speed: f64,
}

impl VoiceRequest<'_> {
    fn speak(&self, loaded: Result<Arc<Loaded>, BrokenVoice>) -> Result<Vec<SpokenSentence>> {
        match &*loaded.map_err(|broken| unusable(self.provider, &broken))? {
            Loaded::Heart(voice) => heart::speak(voice, self),
            Loaded::Piper(voice) => piper::speak(voice, self),
        }
    }

    /// Fails if the samples are silence presented as speech.
    fn refuse_silence(&self, spoken: &[SpokenWord], samples: &[f32]) -> Result<()> {
        let speaks = spoken.iter().any(|word| word.text.chars().any(char::is_alphanumeric));
        if !speaks || !speech::is_silent(samples) {
            return Ok(());
        }
        let reason = format!("`{}` returned silence", join_spoken(spoken).text);
        Err(VoiceError::BadAudio { provider: self.provider.into(), reason })
    }

    /// Returns the error of a model that failed to speak.
    fn model_error(&self, error: &NeuralError) -> VoiceError {
        let (reason, exhausted) = (error.to_string(), false);
        VoiceError::BadVoice { provider: self.provider.into(), reason, exhausted }
    }
}

/// The provider of installed voices.
#[derive(Debug, Clone)]
pub struct Neural {
    /// The runner of `pytoon-espeak`, for Piper voices.
    pub runner: Runner,
    /// The provider's configuration block.
    pub settings: NeuralSettings,
    /// The voice folders.
    pub folders: VoiceFolders,
    /// The loaded voices.
    pub voices: Arc<Voices>,
}

/// The provider of the Piper files that the configuration names.
#[derive(Debug, Clone)]
pub struct PiperFiles {
    /// The runner of `pytoon-espeak`.
    pub runner: Runner,
    /// The provider's configuration block.
    pub settings: pytoon_config::tts::PiperSettings,
    /// The loaded voices.
    pub voices: Arc<Voices>,
}

impl Neural {
    /// Creates the provider from a configuration.
    pub fn new(settings: NeuralSettings, runner: Runner, voices: Arc<Voices>) -> Self {
        let folders = VoiceFolders::new(&settings.folder);
        Self { runner, settings, folders, voices }
    }

    /// Returns the name of an installed voice of the `heart` family that speaks a language, or `None`. These voices
    /// are many times faster than real time.
    pub(crate) fn quick_voice(&self, language: &str) -> Option<String> {
        let (mut installed, _) = self.folders.list();
        installed.retain(|voice| voice.manifest.family == Family::Heart);
        choose(&installed, language, None).map(|voice| voice.manifest.name.clone())
    }

    /// Returns the installed voice for a request: the one it names, the one configured for its language, or the best
    /// match.
    fn voice(&self, request: &TtsRequest) -> Result<InstalledVoice> {
        let (installed, broken) = self.folders.list();
        if let Some(unread) = broken.iter().find(|voice| voice.exhausted) {
            return Err(unusable(NEURAL, unread));
        }
        let named =
            |name: &str| installed.iter().find(|voice| voice.manifest.name == name).cloned();
        if let Some(name) = &request.voice {
            let (name, _) = split_speaker(name);
            if let Some(broken) = broken.iter().find(|voice| voice.name == name) {
                return Err(unusable(NEURAL, broken));
            }
            return named(name).ok_or_else(|| unknown_voice_error(&installed, name));
        }
        let own = pytoon_config::tts::by_language(&self.settings.voices, &request.language);
        if let Some(name) = own {
            return named(name).ok_or_else(|| {
                if let Some(broken) = broken.iter().find(|voice| voice.name == *name) {
                    let field = "tts.neural.voices";
                    return cannot_speak(format!("{field} names an unusable voice: {broken}"));
                }
                cannot_speak(format!(
                    "tts.neural.voices names `{name}`, which is not installed: install it, or \
                     name another voice"
                ))
            });
        }
        choose(&installed, &request.language, request.style).cloned().ok_or_else(|| {
            if let Some(broken) = broken.first() {
                return unusable(NEURAL, broken);
            }
            let language = &request.language;
            cannot_speak(format!(
                "no installed voice speaks `{language}`; run `pytoon voices` for voices to install"
            ))
        })
    }
}

/// The speaking rate assumed for a voice whose manifest states none, in words per minute.
const USUAL_PACE: u32 = 165;

/// The name of the provider of installed voices.
pub(crate) const NEURAL: &str = "neural";
/// The name of the provider of Piper files.
pub(crate) const PIPER: &str = "piper";

impl TtsProvider for Neural {
    fn name(&self) -> &str {
        NEURAL
    }

    fn speak(&self, request: &TtsRequest) -> Result<Vec<SpokenSentence>> {
        let voice = self.voice(request)?;
        let limits = limits(self.settings.timeout_seconds);
        let loaded = self.voices.get(&voice, &self.folders, limits);
        let speed = speed(&voice, self.settings.speed * request.words_per_minute);
        VoiceRequest { provider: NEURAL, runner: &self.runner, request, speed }.speak(loaded)
    }

    fn health_check(&self) -> Result<String> {
        let (installed, broken) = self.folders.list_verified();
        if let Some(broken) = broken.first() {
            return Err(unusable(NEURAL, broken));
        }
        match names(&installed).as_slice() {
            [] => Err(cannot_speak(
                "no voice is installed: run `pytoon voices` for instructions".to_owned(),
            )),
            names => Ok(format!("{} installed: {}", names.len(), names.join(", "))),
        }
    }

    fn has_no_voice(&self, request: &TtsRequest) -> Option<String> {
        self.voice(request).err().and_then(VoiceError::cannot_speak)
    }

    fn voice_used(&self, request: &TtsRequest) -> Option<super::VoiceUsed> {
        let manifest = self.voice(request).ok()?.manifest;
        let (licence, language) = (Some(manifest.licence), Some(manifest.language));
        Some(super::VoiceUsed { name: manifest.name, licence, language })
    }
}

impl PiperFiles {
    fn file(&self, request: &TtsRequest) -> Result<PathBuf> {
        let configured = pytoon_config::tts::by_language(&self.settings.voices, &request.language);
        let asked = request.voice.as_deref().map(|name| split_speaker(name).0);
        let file = asked.or(configured).ok_or_else(|| {
            let reason =
                format!("tts.piper.voices has no voice for `{}`: add one", request.language);
            VoiceError::CannotSpeak { provider: PIPER.into(), reason }
        })?;
        Ok(PathBuf::from(file))
    }
}

impl TtsProvider for PiperFiles {
    fn name(&self) -> &str {
        PIPER
    }

    fn speak(&self, request: &TtsRequest) -> Result<Vec<SpokenSentence>> {
        let file = self.file(request)?;
        if !file.is_file() {
            let reason = format!("there is no voice file {}: name another file", file.display());
            return Err(VoiceError::Refused { provider: PIPER.into(), reason });
        }
        let loaded = self.voices.get_file(&file, limits(self.settings.timeout_seconds));
        let speed = self.settings.speed * request.speed;
        VoiceRequest { provider: PIPER, runner: &self.runner, request, speed }.speak(loaded)
    }

    fn health_check(&self) -> Result<String> {
        for file in self.settings.voices.values() {
            let loaded = self.voices.get_file(file.as_ref(), limits(self.settings.timeout_seconds));
            loaded.map_err(|broken| unusable(PIPER, &broken))?;
        }
        Ok(format!("{} voices", self.settings.voices.len()))
    }

    fn has_no_voice(&self, request: &TtsRequest) -> Option<String> {
        self.file(request).err().and_then(VoiceError::cannot_speak)
    }

    fn voice_used(&self, request: &TtsRequest) -> Option<super::VoiceUsed> {
        let file = self.file(request).ok()?;
        let name = file.file_stem()?.to_string_lossy().into_owned();
        Some(super::VoiceUsed { name, licence: None, language: None })
    }
}

/// Returns the limits for a model, with the configured timeout.
fn limits(timeout_seconds: u64) -> Limits {
    Limits { patience: Duration::from_secs(timeout_seconds), ..Limits::default() }
}

/// Returns the speed of an installed voice, relative to its normal speed, for a rate in words per minute.
fn speed(voice: &InstalledVoice, words_per_minute: f64) -> f64 {
    words_per_minute / f64::from(voice.manifest.words_per_minute.unwrap_or(USUAL_PACE))
}

/// Speaks a request with one installed voice, at the request's rate in words per minute.
pub fn speak_with(
    voice: &InstalledVoice,
    folders: &VoiceFolders,
    voices: &Voices,
    runner: &Runner,
    request: &TtsRequest,
) -> Result<Vec<SpokenSentence>> {
    let loaded = voices.get(voice, folders, Limits::default());
    let speed = speed(voice, request.words_per_minute);
    VoiceRequest { provider: NEURAL, runner, request, speed }.speak(loaded)
}

/// Splits a voice name into the voice and the speaker after the colon: `voice:speaker`.
fn split_speaker(name: &str) -> (&str, Option<&str>) {
    match name.rsplit_once(':') {
        Some((voice, speaker)) if !speaker.is_empty() => (voice, Some(speaker)),
        _ => (name, None),
    }
}

fn unknown_voice_error(installed: &[InstalledVoice], name: &str) -> VoiceError {
    let known = match names(installed).as_slice() {
        [] => "no voice is installed".to_owned(),
        names => format!("the installed ones are {}", names.join(", ")),
    };
    let add = known_voice(name).map(|voice| format!("; {}", how_to_add(&voice)));
    let add = add.unwrap_or_default();
    let reason = format!("there is no voice `{name}`: {known}{add}");
    VoiceError::Refused { provider: NEURAL.into(), reason }
}

fn names(installed: &[InstalledVoice]) -> Vec<&str> {
    installed.iter().map(|voice| voice.manifest.name.as_str()).collect()
}

fn cannot_speak(reason: String) -> VoiceError {
    VoiceError::CannotSpeak { provider: NEURAL.into(), reason }
}

/// Converts an unusable voice to a provider error, so that the next provider is tried.
pub(crate) fn unusable(provider: &'static str, broken: &BrokenVoice) -> VoiceError {
    let (reason, exhausted) = (broken.to_string(), broken.exhausted);
    VoiceError::BadVoice { provider: provider.into(), reason, exhausted }
}
