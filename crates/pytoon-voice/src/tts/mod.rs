//! Text to speech: what a provider is.
//!
//! `neural` runs installed voices in this process, `espeak` and `flite` are programs of this
//! machine; `cloud` holds the services, which cost money, and the user's own speech servers, which
//! do not. `providers` is the table of built-in providers; `chain` puts them in their order.

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
    /// The provider's name for the voice, when one was asked for.
    pub voice: Option<String>,
    /// A variant of the voice, from the preset.
    pub variant: String,
    /// Words a minute, for voices that are told so; the speed is in it.
    pub words_per_minute: f64,
    /// Speed against the voice's own, for the others.
    pub speed: f64,
    /// Pitch against the voice's own, in semitones.
    pub pitch: f64,
    /// Preferred style, if several voices speak the language.
    pub style: Option<Style>,
    /// The pause after a comma, in milliseconds; `None` leaves it to the voice.
    pub comma_pause_ms: Option<u32>,
    /// How words are pronounced.
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
    /// The pitch as a ratio of frequencies.
    pub fn pitch_ratio(&self) -> f64 {
        (self.pitch / 12.0).exp2()
    }
}

/// The voice that spoke.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct VoiceUsed {
    /// Its name.
    pub name: String,
    /// Its licence, where it is known.
    pub licence: Option<String>,
    /// The language that it speaks, where it speaks one; a BCP 47 tag.
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
    /// Whether the provider gave no times: those in `words` only share out the length, and an
    /// aligner does better.
    pub needs_alignment: bool,
}

/// What a voice would cost.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quote {
    /// Who would speak.
    pub provider: String,
    /// For how much, by the price in the configuration.
    pub estimated: MicroUsd,
}

/// What a provider's circuit breaker guards.
#[derive(Debug, Clone, Copy)]
pub struct Guarded<'a> {
    /// When it opens, and for how long.
    pub breaker: &'a BreakerSettings,
    /// A hash of address and key: with another key the breaker is another.
    pub account: &'a str,
}

/// A service that speaks.
pub trait TtsProvider: std::fmt::Debug + Send + Sync {
    /// Its name in configuration, logs and metrics.
    fn name(&self) -> &str;
    /// Speaks sentences, one result each, in order.
    fn speak(&self, request: &TtsRequest) -> Result<Vec<SpokenSentence>>;
    /// What speaking would buy that is not bought yet, and without buying it; nothing where it
    /// costs nothing.
    fn quote(&self, _request: &TtsRequest) -> Result<Option<Quote>> {
        Ok(None)
    }
    /// Whether it works, without speaking anything of a user's and without costing anything; what
    /// it says of itself.
    fn health_check(&self) -> Result<String>;
    /// Returns true if it costs nothing and is the user's own: a voice of this machine, or a speech
    /// server. Without it a film is not a lesser one.
    fn is_local(&self) -> bool {
        true
    }
    /// What a circuit breaker guards; `None` for voices of this machine, which have none.
    fn guarded(&self) -> Option<Guarded<'_>> {
        None
    }
    /// Returns true if speaking calls nobody, since everything was bought before and is kept.
    fn is_kept(&self, _request: &TtsRequest) -> bool {
        false
    }
    /// Why it has no voice for this request at all (its language, say), so that it is left out and
    /// not counted as failed.
    fn has_no_voice(&self, _request: &TtsRequest) -> Option<String> {
        None
    }
    /// The voice that speaks a request, where the provider knows.
    fn voice_used(&self, _request: &TtsRequest) -> Option<VoiceUsed> {
        None
    }
}
