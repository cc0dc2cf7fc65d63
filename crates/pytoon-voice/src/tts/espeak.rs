//! The local voice `espeak`: the helper program `pytoon-espeak` speaks all sentences in one run.
//!
//! Word times come from the synthesiser itself.

use super::parts::{ChainParts, ProviderResult};
use super::{SpokenSentence, TtsProvider, TtsRequest, VoiceUsed};
use crate::Result;
use crate::alignment::provider::word_times;
use crate::helper::{self, Ask, HelperSpeech};
use crate::language::primary;
use crate::spoken::SpokenText;
use pytoon_audio::{resample, speech};
use pytoon_config::tts::{EspeakSettings, by_language};
use pytoon_core::text::Word;
use pytoon_process::Runner;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The provider of the local voice `espeak`.
#[derive(Debug, Clone)]
pub struct Espeak {
    /// The runner of the helper program.
    pub runner: Runner,
    /// The configured voices, by language.
    pub voices: BTreeMap<String, String>,
    /// The pitch, from 0 to 100.
    pub pitch: u8,
    /// The factor applied to the requested words per minute.
    pub speed: f64,
}

/// A voice in the helper's list.
#[derive(Debug, Clone, Deserialize, PartialEq, Eq)]
pub struct EspeakVoice {
    /// The name of the voice.
    pub name: String,
    /// The language of the voice, which also selects it.
    pub language: String,
    /// The file of the voice.
    pub identifier: String,
}

impl Espeak {
    /// Creates the provider from a configuration.
    pub fn new(runner: &Runner, settings: &EspeakSettings) -> Self {
        let (pitch, speed) = (settings.pitch, settings.speed);
        Self { runner: runner.clone(), voices: settings.voices.clone(), pitch, speed }
    }

    /// Returns the voices of the helper, sorted by language.
    pub fn list_voices(&self) -> Result<Vec<EspeakVoice>> {
        let listed = helper::ask(&self.runner, "list the local voices", "--voices", Vec::new())?;
        let mut voices: Vec<EspeakVoice> =
            listed.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
        voices.sort_by(|a, b| a.language.cmp(&b.language));
        Ok(voices)
    }

    /// Returns the configured pitch plus the request's semitones. eSpeak NG's scale has about ten steps per semitone.
    fn pitch_for(&self, request: &TtsRequest) -> u8 {
        (f64::from(self.pitch) + 10.0 * request.pitch).round().clamp(0.0, 100.0) as u8
    }

    /// Returns the voice for a request and its variant. The voice is the one requested by name, configured for the
    /// language, or named like the language; the variant is the voice's own (`en-us+f2`) or the request's.
    fn voice_and_variant<'a>(&'a self, request: &'a TtsRequest) -> (&'a str, &'a str) {
        let configured = by_language(&self.voices, &request.language);
        let voice = request.voice.as_deref().or(configured);
        let voice = voice.unwrap_or_else(|| primary(&request.language));
        voice.split_once('+').unwrap_or((voice, request.variant.as_str()))
    }
}

/// Creates the provider. Never fails, since the helper is not started before the first use.
pub(crate) fn provider(parts: &ChainParts<'_>) -> ProviderResult {
    Ok(Arc::new(Espeak::new(parts.runner, &parts.settings.espeak)))
}

impl TtsProvider for Espeak {
    fn name(&self) -> &str {
        helper::NAME
    }

    fn speak(&self, request: &TtsRequest) -> Result<Vec<SpokenSentence>> {
        let (voice, variant) = self.voice_and_variant(request);
        let TtsRequest { sentences, language, pronunciations, .. } = request;
        let spoken = helper::spoken_texts(&self.runner, sentences, language, pronunciations)?;
        let asks: Vec<Ask<'_>> = spoken
            .iter()
            .map(|text| Ask {
                text: &text.text,
                voice,
                variant,
                wpm: request.words_per_minute * self.speed,
                pitch: Some(self.pitch_for(request)),
            })
            .collect();
        let said = helper::speak(&self.runner, "speak the script", &asks)?;
        let texts = spoken.iter().zip(sentences);
        texts.zip(&said).map(|((text, words), said)| sentence(words, text, said)).collect()
    }

    fn voice_used(&self, request: &TtsRequest) -> Option<VoiceUsed> {
        let (voice, variant) = self.voice_and_variant(request);
        let name = if variant.is_empty() { voice.to_owned() } else { format!("{voice}+{variant}") };
        Some(VoiceUsed { name, licence: None, language: None })
    }

    fn health_check(&self) -> Result<String> {
        let said = helper::ask(&self.runner, "check the local voice", "--version", Vec::new())?;
        Ok(said.lines().next().unwrap_or_default().trim().to_owned())
    }
}

/// Converts the helper's output to a sentence: resamples and trims it, and times the words. Fails if a sentence with
/// words is silent.
pub(crate) fn sentence(
    words: &[Word],
    text: &SpokenText,
    said: &HelperSpeech,
) -> Result<SpokenSentence> {
    let samples = resample::to_48k(&said.samples, said.sample_rate)?;
    let used = speech::trim_silence(&samples);
    let speaks = words.iter().any(|word| word.text.chars().any(char::is_alphanumeric));
    if speaks && (used.is_empty() || speech::is_silent(&samples)) {
        return Err(helper::bad(format!("`{}` returned silence", text.text)));
    }
    let start_ms = used.start as f64 / 48.0;
    let events: Vec<(usize, f64)> =
        said.events.iter().map(|(at, ms)| (*at, ms - start_ms)).collect();
    let length_ms = used.len() as f64 / 48.0;
    let words = word_times(words, text, &events, length_ms);
    Ok(SpokenSentence { samples: samples[used].to_vec(), words, needs_alignment: false })
}
