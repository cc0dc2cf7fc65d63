//! Asks voice providers in order until one speaks.
//!
//! Guarantees: every failure is logged with provider and kind; when nobody speaks that is said
//! loudly and the film goes on, silent and captioned. A voice that was asked for by name and is
//! refused is an error of the brief, not a reason to fall back.

use crate::VoiceError;
use crate::tts::{SpokenSentence, TtsProvider, TtsRequest};
use pytoon_telemetry::Event;
use serde::{Deserialize, Serialize};
use std::time::Instant;

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
        /// Whether it is a program of this machine.
        is_local: bool,
        /// The sentences.
        sentences: Vec<SpokenSentence>,
        /// Who was asked before and failed, in order.
        attempts: Vec<FailedAttempt>,
    },
    /// Nobody did.
    Nobody {
        /// Who was asked, in order.
        attempts: Vec<FailedAttempt>,
    },
}

/// A provider that was asked and did not deliver.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FailedAttempt {
    /// The provider.
    pub provider: String,
    /// The kind of failure.
    pub kind: String,
    /// What it said.
    pub reason: String,
    /// Whether it is a program of this machine.
    pub is_local: bool,
}

impl TtsManager {
    /// A chain in order of preference.
    pub fn new(providers: Vec<Box<dyn TtsProvider>>) -> Self {
        Self { providers }
    }

    /// The providers, in order.
    pub fn providers(&self) -> &[Box<dyn TtsProvider>] {
        &self.providers
    }

    /// Speaks with the first provider that can. A voice that was asked for by name is the first
    /// provider's: others do not know it, and speak with their own.
    pub fn speak(&self, request: &TtsRequest) -> Result<Spoken, VoiceError> {
        let mut attempts = Vec::new();
        let mut request = request.clone();
        for provider in &self.providers {
            let name = provider.name();
            let begun = Instant::now();
            let spoken = provider.speak(&request);
            let duration_ms = begun.elapsed().as_millis() as u64;
            let error = match spoken {
                Ok(sentences) => {
                    Event::TtsProviderSpoke {
                        provider: name,
                        sentences: sentences.len(),
                        duration_ms,
                    }
                    .emit();
                    let is_local = provider.is_local();
                    return Ok(Spoken::By { provider: name, is_local, sentences, attempts });
                }
                Err(error @ VoiceError::Refused { .. }) if request.voice.is_some() => {
                    return Err(error);
                }
                Err(error) if error.is_cancelled() => {
                    return Err(VoiceError::Recording(pytoon_media::MediaError::Cancelled));
                }
                Err(error) => error,
            };
            let (kind, reason) = (error.kind(), error.to_string());
            Event::TtsProviderFailed { provider: name, kind, reason: &reason, duration_ms }.emit();
            attempts.push(FailedAttempt {
                provider: name.to_owned(),
                kind: kind.to_owned(),
                reason,
                is_local: provider.is_local(),
            });
            request.voice = None;
        }
        Event::AllTtsProvidersFailed { tried: attempts.len() }.emit();
        Ok(Spoken::Nobody { attempts })
    }
}
