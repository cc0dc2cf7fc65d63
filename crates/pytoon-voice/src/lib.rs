//! Voices: speech synthesis, processing of recordings, word alignment, and the mapping of speech to scenes.
//!
//! Guarantees: the script's words are timed but never changed; a voice that fails is reported and the next one is
//! tried; silence is never presented as speech.
//!
//! This crate does not plan scenes or mix. It passes timed utterances to the timeline.
//!
//! Start with [`tts_manager::TtsManager`], [`voice_processor`] and [`voice_mapper`].

pub mod alignment;
pub mod breakers;
#[cfg(any(test, feature = "testing"))]
pub mod conformance;
mod error;
pub mod health;
mod helper;
pub mod installed;
mod language;
pub mod paid;
pub mod spoken;
#[cfg(feature = "testing")]
pub mod testing;
pub mod transcript;
pub mod tts;
pub mod tts_manager;
pub mod voice_mapper;
pub mod voice_processor;

pub use error::{Result, VoiceError};
