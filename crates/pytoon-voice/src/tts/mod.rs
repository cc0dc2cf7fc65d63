//! Text to speech: what a provider is.
//!
//! `espeak`, `piper` and `flite` are programs of this machine; `cloud` holds the services, which
//! cost money; `chain` puts them in their order.

pub mod chain;
pub mod cloud;
pub(crate) mod cut;
pub mod espeak;
pub mod flite;
pub mod piece;
pub mod piper;
mod program;
pub mod take;

pub use cut::speech_ms;

use crate::VoiceError;
use pytoon_core::money::MicroUsd;
use pytoon_core::text::Word;
use pytoon_core::timeline::CaptionWord;
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

/// A service that speaks.
pub trait TtsProvider: std::fmt::Debug + Send + Sync {
    /// Its name in configuration, logs and metrics.
    fn name(&self) -> &'static str;
    /// Speaks sentences, one result each, in order.
    fn speak(&self, request: &TtsRequest) -> Result<Vec<SpokenSentence>, VoiceError>;
    /// What speaking would buy that is not bought yet, and without buying it; nothing where it
    /// costs nothing.
    fn quote(&self, _request: &TtsRequest) -> Result<Option<Quote>, VoiceError> {
        Ok(None)
    }
    /// Whether it works, without speaking anything of a user's and without costing anything; what
    /// it says of itself.
    fn health_check(&self) -> Result<String, VoiceError>;
    /// Whether it is a program of this machine.
    fn is_local(&self) -> bool {
        true
    }
}
