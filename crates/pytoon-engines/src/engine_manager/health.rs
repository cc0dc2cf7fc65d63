//! How engines are, asked without spending a render.

use super::EngineManager;
use crate::VendorErrorKind;
use crate::engine_selector::LOCAL;
use pytoon_telemetry::Event;
use pytoon_vocabulary::MicroUsd;
use serde::Serialize;
use std::time::Duration;

/// How long an engine may take to say how it is.
const PATIENCE: Duration = Duration::from_secs(15);

/// What an engine said.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct HealthReport {
    /// The engine.
    pub engine: String,
    /// Whether it can be used.
    pub healthy: bool,
    /// Whether there is a key, or none is needed.
    pub key_present: bool,
    /// The kind of failure; empty when healthy.
    pub kind: String,
    /// How long it took, in milliseconds.
    pub latency_ms: u64,
    /// What it said.
    pub detail: String,
    /// What is left on the account, where the vendor says.
    pub balance: Option<MicroUsd>,
}

impl EngineManager {
    /// Asks one engine how it is, and logs it.
    pub async fn health_check(&self, name: &str) -> HealthReport {
        let report = self.ask(name).await;
        Event::HealthCheck {
            engine: &report.engine,
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
        let mut report =
            HealthReport { engine: name.to_owned(), key_present: true, ..HealthReport::default() };
        if name == LOCAL {
            report.healthy = true;
            report.detail = "drawn on this machine".to_owned();
            return report;
        }
        let set = self.engines();
        let Some(engine) = set.get(name) else {
            report.kind = "unknown".to_owned();
            return report;
        };
        report.key_present = engine.has_key();
        if !report.key_present {
            report.kind = "no_key".to_owned();
            report.detail = format!("set {}", engine.config.key_env.join(" or "));
            return report;
        }
        let Some(adapter) = &engine.adapter else {
            report.kind = "disabled".to_owned();
            report.detail = format!("v2.engines.{name}.enabled is false");
            return report;
        };
        let began = self.buyer.world.now();
        let asked = tokio::time::timeout(PATIENCE, adapter.health_check()).await;
        report.latency_ms = (self.buyer.world.now() - began).max(0) as u64;
        match asked {
            Ok(Ok(health)) => {
                report.healthy = true;
                report.balance = health.balance;
                let said = health.detail.into_iter();
                let ends = set.told_ends(engine, self.buyer.world.now());
                report.detail = said.chain(ends).collect::<Vec<_>>().join("; ");
                // The key is good, and yet it buys nothing.
                if health.balance.is_some_and(|left| left <= MicroUsd::ZERO) {
                    report.healthy = false;
                    report.kind = VendorErrorKind::Quota.as_str().to_owned();
                    report.detail = "the account is empty".to_owned();
                }
            }
            Ok(Err(error)) => {
                report.kind = error.kind.as_str().to_owned();
                report.detail = error.message;
            }
            Err(_) => {
                report.kind = "timeout".to_owned();
                report.detail = format!("no answer within {} s", PATIENCE.as_secs());
            }
        }
        report
    }
}
