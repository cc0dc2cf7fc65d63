//! Asks voice providers in order until one speaks.
//!
//! Guarantees: every failure is logged with provider and kind; when nobody speaks that is said
//! loudly and the film goes on, silent and captioned. A voice that was asked for by name and is
//! refused is an error of the brief, not a reason to fall back.

use crate::VoiceError;
use crate::tts::{SpokenSentence, TtsProvider, TtsRequest};
use pytoon_telemetry::Event;

/// The chain of providers.
#[derive(Debug)]
pub struct TtsManager {
    providers: Vec<Box<dyn TtsProvider>>,
}

/// Who spoke, and what.
#[derive(Debug)]
pub enum Spoken {
    /// A provider spoke every sentence.
    By {
        /// The provider.
        provider: &'static str,
        /// The sentences.
        sentences: Vec<SpokenSentence>,
    },
    /// Nobody did; each attempt with its reason.
    Nobody {
        /// (provider, reason) in order.
        attempts: Vec<(&'static str, String)>,
    },
}

impl TtsManager {
    /// A chain in order of preference.
    pub fn new(providers: Vec<Box<dyn TtsProvider>>) -> Self {
        Self { providers }
    }

    /// Whether a provider of this name is in the chain.
    pub fn knows(&self, name: &str) -> bool {
        self.providers.iter().any(|provider| provider.name() == name)
    }

    /// The names in the chain.
    pub fn names(&self) -> Vec<&'static str> {
        self.providers.iter().map(|provider| provider.name()).collect()
    }

    /// Speaks with the first provider that can.
    pub fn speak(&self, request: &TtsRequest) -> Result<Spoken, VoiceError> {
        let mut attempts = Vec::new();
        for provider in &self.providers {
            match provider.speak(request) {
                Ok(sentences) => return Ok(Spoken::By { provider: provider.name(), sentences }),
                Err(error @ VoiceError::Refused { .. }) if request.voice.is_some() => {
                    return Err(error);
                }
                Err(VoiceError::Unavailable {
                    source: pytoon_media::MediaError::Cancelled,
                    ..
                }) => {
                    return Err(VoiceError::Recording(pytoon_media::MediaError::Cancelled));
                }
                Err(error) => {
                    let reason = error.to_string();
                    Event::TtsProviderFailed {
                        provider: provider.name(),
                        kind: error.kind(),
                        reason: &reason,
                    }
                    .emit();
                    attempts.push((provider.name(), reason));
                }
            }
        }
        Event::AllTtsProvidersFailed { tried: attempts.len() }.emit();
        Ok(Spoken::Nobody { attempts })
    }
}
