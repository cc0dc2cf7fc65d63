//! Tries voice providers in order until one speaks.
//!
//! Guarantees: every failure is logged with provider and kind; if all fail, `all_tts_providers_failed` is
//! logged and the film is silent and captioned. If the ledger does not respond, no other service is paid, and
//! only the user's own voices and servers are tried. If the provider refuses a voice that was requested by
//! name, that is an error of the brief and not a reason to fall back. A full disk is no reason either, since
//! the next voice would fail too, perhaps after payment. A provider with an open circuit breaker is skipped
//! and reported like a failure.

use crate::breakers::{Entered, VoiceBreakers};
use crate::tts::{SpokenSentence, TtsProvider, TtsRequest, VoiceUsed};
use crate::{Result, VoiceError};
use pytoon_telemetry::Event;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// The number of attempts if the ledger does not respond.
const LEDGER_TRIES: u32 = 6;
/// The pause between attempts if the ledger does not respond.
const LEDGER_PAUSE: Duration = Duration::from_millis(500);

/// The manager of the provider chain.
#[derive(Debug)]
pub struct TtsManager {
    providers: Vec<Arc<dyn TtsProvider>>,
    breakers: Option<VoiceBreakers>,
}

/// The result of a speech request.
#[derive(Debug)]
pub enum Spoken {
    /// A provider spoke every sentence.
    By {
        /// The name of the provider.
        provider: String,
        /// True if the provider belongs to the user: a local voice or a speech server.
        is_local: bool,
        /// The voice, if the provider knows it.
        voice: Option<VoiceUsed>,
        /// The spoken sentences.
        sentences: Vec<SpokenSentence>,
        /// The providers that failed before this one, in order.
        attempts: Vec<FailedAttempt>,
    },
    /// All providers failed.
    Nobody {
        /// The providers that failed, in order.
        attempts: Vec<FailedAttempt>,
    },
}

/// A provider that failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FailedAttempt {
    /// The name of the provider.
    pub provider: String,
    /// The kind of error.
    pub kind: String,
    /// The provider's message.
    pub reason: String,
    /// True if the provider belongs to the user: a local voice or a speech server.
    pub is_local: bool,
}

/// Speaks a request, with retries if the ledger does not respond.
fn patiently(provider: &dyn TtsProvider, request: &TtsRequest) -> Result<Vec<SpokenSentence>> {
    let mut tries = 1;
    loop {
        match provider.speak(request) {
            Err(error) if error.is_of_the_ledger() && tries < LEDGER_TRIES => {
                Event::Warning { detail: &format!("a speech request is retried: {error}") }.emit();
                std::thread::sleep(LEDGER_PAUSE);
                tries += 1;
            }
            spoken => return spoken,
        }
    }
}

impl TtsManager {
    /// Creates a chain in order of preference, without circuit breakers.
    pub fn new(providers: Vec<Arc<dyn TtsProvider>>) -> Self {
        Self { providers, breakers: None }
    }

    /// Returns the same chain guarded by the given circuit breakers, if any.
    #[must_use]
    pub fn with_breakers(self, breakers: Option<VoiceBreakers>) -> Self {
        Self { breakers, ..self }
    }

    /// Calls one provider if its breaker admits the call, and reports the result to the breaker.
    fn ask(&self, provider: &dyn TtsProvider, request: &TtsRequest) -> Result<Vec<SpokenSentence>> {
        let Some(breakers) = &self.breakers else { return patiently(provider, request) };
        let entered: Entered = breakers.pass(provider, request)?;
        let spoken = patiently(provider, request);
        breakers.note(provider, entered, &spoken);
        spoken
    }

    /// Speaks with the first provider that can. A voice requested by name belongs to the first provider; others do
    /// not know it and use their own voices. Fails if that voice is refused, the user cancels, or the machine runs
    /// out of a resource.
    pub fn speak(&self, request: &TtsRequest) -> Result<Spoken> {
        let mut attempts = Vec::new();
        let mut request = request.clone();
        let mut may_buy = true;
        for provider in &self.providers {
            if !may_buy && !provider.is_local() {
                continue;
            }
            let name = provider.name();
            let begun = Instant::now();
            let spoken = self.ask(provider.as_ref(), &request);
            let duration_ms = begun.elapsed().as_millis() as u64;
            let error = match spoken {
                Ok(sentences) => {
                    let count = sentences.len();
                    Event::TtsProviderSpoke { provider: name, sentences: count, duration_ms }
                        .emit();
                    let is_local = provider.is_local();
                    let voice = provider.voice_used(&request);
                    let provider = name.to_owned();
                    return Ok(Spoken::By { provider, is_local, voice, sentences, attempts });
                }
                Err(error @ VoiceError::Refused { .. }) if request.voice.is_some() => {
                    return Err(error);
                }
                Err(error) if error.is_cancelled() => {
                    return Err(VoiceError::Recording(pytoon_process::SystemError::Cancelled));
                }
                Err(error) if error.is_exhausted() => return Err(error),
                Err(error) => error,
            };
            // The earlier purchases are unknown: another service might be paid for the same.
            may_buy &= !error.is_of_the_ledger();
            let (kind, reason) = (error.kind(), error.to_string());
            Event::TtsProviderFailed { provider: name, kind, reason: &reason, duration_ms }.emit();
            let (name, kind, is_local) = (name.to_owned(), kind.to_owned(), provider.is_local());
            attempts.push(FailedAttempt { provider: name, kind, reason, is_local });
            request.voice = None;
        }
        Event::AllTtsProvidersFailed { tried: attempts.len() }.emit();
        Ok(Spoken::Nobody { attempts })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use pytoon_vendor::{VendorError, VendorErrorKind};
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU32, Ordering};

    /// A provider that fails a number of times in one way, then speaks.
    #[derive(Debug)]
    struct Failing {
        name: &'static str,
        kind: VendorErrorKind,
        left: AtomicU32,
        asked: Arc<AtomicU32>,
        is_local: bool,
    }

    impl TtsProvider for Failing {
        fn name(&self) -> &str {
            self.name
        }
        fn speak(&self, _: &TtsRequest) -> Result<Vec<SpokenSentence>, VoiceError> {
            self.asked.fetch_add(1, Ordering::Relaxed);
            if self.left.load(Ordering::Relaxed) == 0 {
                return Ok(Vec::new());
            }
            self.left.fetch_sub(1, Ordering::Relaxed);
            let source = VendorError::new(self.name, "speak", self.kind, "as told");
            Err(VoiceError::Vendor { provider: self.name.into(), source: Box::new(source) })
        }
        fn health_check(&self) -> Result<String, VoiceError> {
            Ok(String::new())
        }
        fn is_local(&self) -> bool {
            self.is_local
        }
    }

    fn request() -> TtsRequest {
        TtsRequest {
            sentences: Vec::new(),
            language: "en".to_owned(),
            voice: None,
            variant: String::new(),
            words_per_minute: 160.0,
            speed: 1.0,
            ..TtsRequest::default()
        }
    }

    /// Speaks with two services and a program, the first of which fails `failures` times. Returns the name of the
    /// provider that spoke and the number of calls of each.
    fn speak_with_failures(kind: VendorErrorKind, failures: u32) -> (String, [u32; 3]) {
        let asked: [Arc<AtomicU32>; 3] = Default::default();
        let provider = |place: usize, name, failures, is_local| {
            let left = AtomicU32::new(failures);
            let asked = asked[place].clone();
            Arc::new(Failing { name, kind, left, asked, is_local }) as Arc<dyn TtsProvider>
        };
        let manager = TtsManager::new(vec![
            provider(0, "first", failures, false),
            provider(1, "second", 0, false),
            provider(2, "program", 0, true),
        ]);
        let Ok(Spoken::By { provider, .. }) = manager.speak(&request()) else {
            panic!("somebody speaks")
        };
        (provider, asked.map(|count| count.load(Ordering::Relaxed)))
    }

    /// A provider that fails because the disk is full.
    #[derive(Debug)]
    struct Roomless;

    impl TtsProvider for Roomless {
        fn name(&self) -> &str {
            "roomless"
        }
        fn speak(&self, _: &TtsRequest) -> Result<Vec<SpokenSentence>, VoiceError> {
            let full = std::io::Error::from(std::io::ErrorKind::StorageFull);
            let source = pytoon_process::SystemError::write("spoken.wav".as_ref(), full);
            Err(VoiceError::Unavailable { provider: "roomless".into(), source })
        }
        fn health_check(&self) -> Result<String, VoiceError> {
            Ok(String::new())
        }
        fn is_local(&self) -> bool {
            true
        }
    }

    #[test]
    fn a_full_disk_is_reported_and_no_other_voice_is_tried() {
        let asked: Arc<AtomicU32> = Arc::default();
        let next = Failing {
            name: "next",
            kind: VendorErrorKind::Server,
            left: AtomicU32::new(0),
            asked: asked.clone(),
            is_local: false,
        };
        let manager = TtsManager::new(vec![Arc::new(Roomless), Arc::new(next)]);
        let error = manager.speak(&request()).expect_err("it is told");
        assert!(
            error.shortage() == Some(pytoon_process::Shortage::Disk)
                && error.to_string().contains("spoken.wav"),
            "{error}"
        );
        assert_eq!(asked.load(Ordering::Relaxed), 0);
    }

    #[test]
    fn where_it_cannot_be_known_what_is_bought_no_other_service_is_paid() {
        for (kind, failures, who, asked) in [
            (VendorErrorKind::Server, 99, "second", [1, 1, 0]),
            (VendorErrorKind::Ledger, 99, "program", [LEDGER_TRIES, 0, 1]),
            (VendorErrorKind::Ledger, 2, "first", [3, 0, 0]),
        ] {
            assert_eq!(speak_with_failures(kind, failures), (who.to_owned(), asked), "{kind}");
        }
    }
}
