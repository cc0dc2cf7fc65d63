//! Text to speech: the provider trait and its requests.
//!
//! `neural` runs installed voices in this process; `espeak` and `flite` are external programs on this machine;
//! `cloud` contains the paid services and the user's own speech servers, which are free. `providers` is the table of
//! built-in providers; `chain` orders them.

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

/// A request to speak sentences in one voice.
#[derive(Debug, Clone, PartialEq)]
pub struct TtsRequest {
    /// The sentences, each as its written words.
    pub sentences: Vec<Vec<Word>>,
    /// The language, a BCP 47 tag.
    pub language: String,
    /// The provider's name for the voice, if one was requested.
    pub voice: Option<String>,
    /// A variant of the voice, from the preset.
    pub variant: String,
    /// The speaking rate in words per minute, with the speed applied, for voices whose rate is in words.
    pub words_per_minute: f64,
    /// The speed relative to the voice's normal speed, for voices whose rate is not in words.
    pub speed: f64,
    /// The pitch relative to the voice's normal pitch, in semitones.
    pub pitch: f64,
    /// The preferred style, if several voices speak the language.
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
    /// Returns the pitch as a frequency ratio.
    pub fn pitch_ratio(&self) -> f64 {
        (self.pitch / 12.0).exp2()
    }
}

/// The voice that spoke.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct VoiceUsed {
    /// The name of the voice.
    pub name: String,
    /// The licence of the voice, if known.
    pub licence: Option<String>,
    /// The language of the voice (BCP 47), if known.
    #[serde(default)]
    pub language: Option<String>,
}

/// One spoken sentence: 48 kHz mono, trimmed, with a time for every written word.
#[derive(Debug, Clone, PartialEq)]
pub struct SpokenSentence {
    /// The audio samples.
    pub samples: Vec<f32>,
    /// The words, timed from the start of the audio, in milliseconds.
    pub words: Vec<CaptionWord>,
    /// True if the provider returned no times. The times in `words` are then only estimates, and an aligner is more
    /// exact.
    pub needs_alignment: bool,
}

/// The price of speaking a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quote {
    /// The name of the provider.
    pub provider: String,
    /// The estimated cost, based on the configured price.
    pub estimated: MicroUsd,
}

/// The account that a provider's circuit breaker guards.
#[derive(Debug, Clone, Copy)]
pub struct Guarded<'a> {
    /// The thresholds and durations of the breaker.
    pub breaker: &'a BreakerSettings,
    /// A hash of URL and key, since each key has its own breaker.
    pub account: &'a str,
}

/// A provider that synthesizes speech.
pub trait TtsProvider: std::fmt::Debug + Send + Sync {
    /// Returns the provider's name in configuration, logs and metrics.
    fn name(&self) -> &str;
    /// Speaks sentences. Returns one result for each, in order.
    fn speak(&self, request: &TtsRequest) -> Result<Vec<SpokenSentence>>;
    /// Returns the cost of speaking a request without buying it, or `None` if everything is free or was bought
    /// earlier.
    fn quote(&self, _request: &TtsRequest) -> Result<Option<Quote>> {
        Ok(None)
    }
    /// Checks the health of the provider, free of charge and without speaking a user's text. Returns a short status,
    /// such as a version or the installed voices.
    fn health_check(&self) -> Result<String>;
    /// Returns true if the provider is free and belongs to the user: a local voice or a speech server. A film counts
    /// as degraded if such a provider speaks because a paid one failed.
    fn is_local(&self) -> bool {
        true
    }
    /// Returns the account that the circuit breaker guards, or `None` for local voices, which have no breaker.
    fn guarded_account(&self) -> Option<Guarded<'_>> {
        None
    }
    /// Returns true if speaking makes no call because every result was bought earlier and is stored.
    fn is_kept(&self, _request: &TtsRequest) -> bool {
        false
    }
    /// Returns the reason that the provider has no voice for this request, such as an unsupported language, or `None`
    /// if it has one. A provider without a voice is skipped and not counted as failed.
    fn has_no_voice(&self, _request: &TtsRequest) -> Option<String> {
        None
    }
    /// Returns the voice that speaks a request, if the provider knows which.
    fn voice_used(&self, _request: &TtsRequest) -> Option<VoiceUsed> {
        None
    }
}
