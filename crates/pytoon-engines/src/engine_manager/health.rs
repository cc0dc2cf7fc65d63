//! Checks the health of engines without paying for a clip.

use super::EngineManager;
use crate::VendorErrorKind;
use crate::adapter::EngineHealth;
use crate::engine_selector::LOCAL;
use pytoon_telemetry::Event;
use pytoon_vocabulary::{EngineName, MicroUsd};
use serde::Serialize;
use std::time::Duration;

/// Timeout of an engine's health check.
const PATIENCE: Duration = Duration::from_secs(15);

/// The result of an engine's health check.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct HealthReport {
    /// The name of the engine.
    pub engine: EngineName,
    /// True if the vendor's response shows that the engine can be used.
    pub healthy: bool,
    /// True if the engine has an API key or needs none.
    pub key_present: bool,
    /// The kind of failure; empty if healthy.
    pub kind: String,
    /// The duration of the check, in milliseconds.
    pub latency_ms: u64,
    /// Details, such as the vendor's message or the setting to change.
    pub detail: String,
    /// The remaining balance of the account, if the vendor reports it.
    pub balance: Option<MicroUsd>,
}

impl EngineManager {
    /// Checks one engine and logs the result.
    pub async fn health_check(&self, name: &str) -> HealthReport {
        let report = self.ask(name).await;
        Event::HealthCheck {
            engine: report.engine.as_str(),
            healthy: report.healthy,
            key_present: report.key_present,
            kind: &report.kind,
            latency_ms: report.latency_ms,
            detail: &report.detail,
        }
        .emit();
        report
    }

    async fn ask(&self, name: &str) -> HealthReport {
        let (engine, key_present) = (EngineName::from(name), true);
        let known = HealthReport { engine, key_present, ..HealthReport::default() };
        let unwell = |kind: &str, detail: String| {
            let kind = kind.to_owned();
            HealthReport { kind, detail, ..known.clone() }
        };
        if name == LOCAL {
            let detail = "drawn on this machine".to_owned();
            return HealthReport { healthy: true, detail, ..known };
        }
        let set = self.engines();
        let Some(engine) = set.get(name) else { return unwell("unknown", String::new()) };
        if !engine.has_key() {
            let detail = format!("set {}", engine.config.key_env.join(" or "));
            return HealthReport { key_present: false, ..unwell("no_key", detail) };
        }
        let Some(adapter) = &engine.adapter else {
            return unwell("disabled", format!("v2.engines.{name}.enabled is false"));
        };
        let began = self.buyer.world.now();
        let asked = tokio::time::timeout(PATIENCE, adapter.health_check()).await;
        let latency_ms = (self.buyer.world.now() - began).max(0) as u64;
        let report = match asked {
            // The key is valid, but the account cannot buy anything.
            Ok(Ok(EngineHealth { balance, .. }))
                if balance.is_some_and(|b| b <= MicroUsd::ZERO) =>
            {
                let empty = unwell(VendorErrorKind::Quota.as_str(), "the account is empty".into());
                HealthReport { balance, ..empty }
            }
            Ok(Ok(EngineHealth { balance, detail })) => {
                let ends = set.model_end_warnings(engine, self.buyer.world.now());
                let detail = detail.into_iter().chain(ends).collect::<Vec<_>>().join("; ");
                HealthReport { healthy: true, balance, detail, ..known.clone() }
            }
            Ok(Err(error)) => unwell(error.kind.as_str(), error.message),
            Err(_) => unwell("timeout", format!("no reply within {} s", PATIENCE.as_secs())),
        };
        HealthReport { latency_ms, ..report }
    }
}
