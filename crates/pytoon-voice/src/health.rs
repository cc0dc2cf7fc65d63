//! Health checks of voice providers. They are free of charge and do not speak a user's text.
//!
//! Guarantees: every result is logged as a `health_check` event; [`report_in_background`] does not block.

use crate::tts::TtsProvider;
use pytoon_telemetry::Event;
use std::sync::Arc;
use std::time::Instant;

/// The result of a health check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VoiceHealth {
    /// True if the provider is usable.
    pub healthy: bool,
    /// The kind of error; empty if the provider is healthy.
    pub kind: &'static str,
    /// The provider's description of its state.
    pub detail: String,
}

/// Checks the health of one provider and logs the result.
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

/// Checks and logs the health of services and servers, each in its own thread. Local voices are skipped, since
/// reading their files would slow the render down.
pub fn report_in_background(providers: &[Arc<dyn TtsProvider>]) {
    for provider in providers.iter().filter(|provider| provider.guarded_account().is_some()) {
        let provider = provider.clone();
        let spawned = std::thread::Builder::new()
            .name("voice health".to_owned())
            .spawn(move || report(provider.as_ref()));
        // A missing report does not fail the render.
        drop(spawned);
    }
}
