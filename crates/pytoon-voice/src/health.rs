//! How voice providers are, asked without speaking anything of a user's and without cost.
//!
//! Guarantees: every answer is an event `health_check`; nobody waits for [`report_in_background`].

use crate::tts::TtsProvider;
use pytoon_telemetry::Event;
use std::sync::Arc;
use std::time::Instant;

/// What a provider said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VoiceHealth {
    /// Whether it can be used.
    pub healthy: bool,
    /// The kind of failure; empty when healthy.
    pub kind: &'static str,
    /// What it said.
    pub detail: String,
}

/// Asks one provider how it is, and logs it.
pub fn report(provider: &dyn TtsProvider) -> VoiceHealth {
    let begun = Instant::now();
    let asked = provider.health_check();
    let latency_ms = begun.elapsed().as_millis() as u64;
    let health = match asked {
        Ok(detail) => VoiceHealth { healthy: true, kind: "", detail },
        Err(error) => VoiceHealth { healthy: false, kind: error.kind(), detail: error.to_string() },
    };
    Event::HealthCheck {
        engine: provider.name(),
        healthy: health.healthy,
        key_present: true,
        kind: health.kind,
        latency_ms,
        detail: &health.detail,
    }
    .emit();
    health
}

/// Asks services and servers how they are, each in a thread of its own, for the log. Voices of this
/// machine are not asked: reading their files would slow the render down.
pub fn report_in_background(providers: &[Arc<dyn TtsProvider>]) {
    for provider in providers.iter().filter(|provider| provider.guarded().is_some()) {
        let provider = provider.clone();
        let spawned = std::thread::Builder::new()
            .name("voice health".to_owned())
            .spawn(move || report(provider.as_ref()));
        // A report less is no failure of the render.
        drop(spawned);
    }
}
