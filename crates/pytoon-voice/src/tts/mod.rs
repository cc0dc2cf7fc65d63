//! Text to speech: the provider trait.
//!
//! `neural` runs installed voices in this process; `espeak` and `flite` are programs of this machine; `cloud`
//! contains the paid services and the user's own speech servers, which are free. `providers` is the table of
//! built-in providers; `chain` puts them in order.

pub mod chain;
pub mod cloud;
pub(crate) mod cut;
pub mod espeak;
pub mod flite;
pub mod neural;
pub mod parts;
pub mod piece;
pub(crate) mod providers;
pub mod take;

pub use cut::speech_ms;

use crate::Result;
use crate::installed::Style;
use pytoon_config::engines::BreakerSettings;
use pytoon_core::text::Word;
use pytoon_normalize::Pronunciations;
use pytoon_vocabulary::CaptionWord;
use pytoon_vocabulary::MicroUsd;
use serde::{Deserialize, Serialize};

/// Sentences to speak in one voice.
#[derive(Debug, Clone, PartialEq)]
pub struct TtsRequest {
    /// The sentences, as their written words.
    pub sentences: Vec<Vec<Word>>,
    /// BCP 47 tag.
    pub language: String,
    /// The provider's name for the voice, if one was requested.
    pub voice: Option<String>,
    /// A variant of the voice, from the preset.
    pub variant: String,
    /// Words a minute, with the speed applied, for voices with a rate in words.
    pub words_per_minute: f64,
    /// The speed relative to the voice's own, for the others.
    pub speed: f64,
    /// The pitch relative to the voice's own, in semitones.
    pub pitch: f64,
    /// Preferred style, if several voices speak the language.
    pub style: Option<Style>,
    /// The pause after a comma, in milliseconds; `None` leaves it to the voice.
    pub comma_pause_ms: Option<u32>,
    /// The pronunciations of words.
    pub pronunciations: Pronunciations,
}

impl Default for TtsRequest {
    fn default() -> Self {
        Self {
            sentences: Vec::new(),
            language: "en".to_owned(),
            voice: None,
            variant: String::new(),
            words_per_minute: 165.0,
            speed: 1.0,
            pitch: 0.0,
            style: None,
            comma_pause_ms: None,
            pronunciations: Pronunciations::default(),
        }
    }
}

impl TtsRequest {
    /// Returns the pitch as a ratio of frequencies.
    pub fn pitch_ratio(&self) -> f64 {
        (self.pitch / 12.0).exp2()
    }
}

/// The voice that spoke.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct VoiceUsed {
    /// Its name.
    pub name: String,
    /// Its licence, if known.
    pub licence: Option<String>,
    /// Its language (BCP 47), if it speaks one.
    #[serde(default)]
    pub language: Option<String>,
}

/// One spoken sentence: 48 kHz mono, trimmed, with a time for every written word.
#[derive(Debug, Clone, PartialEq)]
pub struct SpokenSentence {
    /// The sound.
    pub samples: Vec<f32>,
    /// The words, timed from the start of the sound, in milliseconds.
    pub words: Vec<CaptionWord>,
    /// True if the provider gave no times: those in `words` only share out the length, and an aligner is more
    /// exact.
    pub needs_alignment: bool,
}

/// The price of speaking a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quote {
    /// The provider.
    pub provider: String,
    /// The estimated cost, by the price in the configuration.
    pub estimated: MicroUsd,
}

/// The subject of a provider's circuit breaker.
#[derive(Debug, Clone, Copy)]
pub struct Guarded<'a> {
    /// The thresholds and times of the breaker.
    pub breaker: &'a BreakerSettings,
    /// A hash of address and key: another key has another breaker.
    pub account: &'a str,
}

/// A service that speaks.
pub trait TtsProvider: std::fmt::Debug + Send + Sync {
    /// Returns the name used in configuration, logs and metrics.
    fn name(&self) -> &str;
    /// Speaks sentences, one result each, in order.
    fn speak(&self, request: &TtsRequest) -> Result<Vec<SpokenSentence>>;
    /// Returns the cost of speaking a request, without buying it; `None` if everything is free or bought already.
    fn quote(&self, _request: &TtsRequest) -> Result<Option<Quote>> {
        Ok(None)
    }
    /// Checks the health, free of charge and without speaking a user's text. Returns the provider's own
    /// description.
    fn health_check(&self) -> Result<String>;
    /// Returns true if it is free and the user's own: a voice of this machine, or a speech server. A film
    /// without it is not degraded.
    fn is_local(&self) -> bool {
        true
    }
    /// Returns the subject of its circuit breaker; `None` for voices of this machine, which have none.
    fn guarded(&self) -> Option<Guarded<'_>> {
        None
    }
    /// Returns true if speaking makes no call, since everything was bought before and is kept.
    fn is_kept(&self, _request: &TtsRequest) -> bool {
        false
    }
    /// Returns the reason why it has no voice for this request at all (its language, say), so that it is skipped
    /// and not counted as failed.
    fn has_no_voice(&self, _request: &TtsRequest) -> Option<String> {
        None
    }
    /// Returns the voice that speaks a request, if the provider knows it.
    fn voice_used(&self, _request: &TtsRequest) -> Option<VoiceUsed> {
        None
    }
}
