//! Circuit breakers in the store that all processes share: read, decided by [`crate::breaker`],
//! swapped.
//!
//! Guarantees: a row is replaced only if it is still as it was read; of several callers one probes.
//!
//! Does not count: the caller knows whether an engine or a voice is meant.
//!
//! Start with [`Breakers::pass`].

use crate::breaker::{self, Advice, BreakerState, Verdict};
use crate::world::World;
use crate::{VendorError, VendorErrorKind};
use pytoon_config::engines::BreakerSettings;
use pytoon_records::ledger::{BreakerRow, PurchaseStore, StoreError};
use pytoon_telemetry::{Breaker, Event};
use std::sync::Arc;
use std::time::Duration;

/// Attempts to change a breaker that others change at the same moment.
const RACES: usize = 8;
/// Before the names of voices. Names of engines have no colon.
const VOICE: &str = "voice:";
/// How much of an account's hash tells it from others.
const ACCOUNT_KEPT: usize = 16;

/// Breakers in a store.
#[derive(Debug, Clone)]
pub struct Breakers {
    /// Where they are kept.
    pub store: Arc<dyn PurchaseStore>,
    /// The time.
    pub world: Arc<dyn World>,
    /// Shows the state of the breaker of an engine or a voice in the metrics.
    pub show: fn(&str, Breaker),
    /// Says what a person may do about a breaker that opened.
    pub advice: fn(Advice) -> &'static str,
}

/// Whether a call goes through.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Passage {
    /// It does; nothing is on record.
    Clean,
    /// It does; failures are on record.
    Counting,
    /// It does, as the one that probes.
    Probing,
    /// It does not.
    Cooling {
        /// The breaker.
        row: BreakerRow,
        /// For how much longer, in milliseconds.
        left_ms: i64,
    },
    /// It does not: others probe.
    Contended,
}

/// The store could not read or write a breaker.
#[derive(Debug)]
pub struct BreakerUnavailable {
    /// `read` or `write`.
    pub operation: &'static str,
    /// What the store said.
    pub source: StoreError,
}

type Result<T, E = BreakerUnavailable> = std::result::Result<T, E>;

impl BreakerUnavailable {
    /// Logs that the breaker of an engine or a voice could not be read or written.
    pub fn tell(&self, name: &str) {
        let (operation, reason) = (self.operation, &self.source.to_string());
        Event::EngineBreakerUnavailable { engine: name, operation, reason }.emit();
    }
}

impl Breakers {
    /// Reads a breaker.
    pub async fn row(&self, name: &str) -> Result<BreakerRow> {
        let read = self.store.breaker_fetch(name).await;
        read.map_err(|source| BreakerUnavailable { operation: "read", source })
    }

    async fn swap(&self, name: &str, old: BreakerRow, new: BreakerRow) -> Result<bool> {
        let written = self.store.breaker_swap(name, old, new).await;
        written.map_err(|source| BreakerUnavailable { operation: "write", source })
    }

    /// Lets a call through or not. After a pause one caller probes. Reads the row unless the caller
    /// passes a fresh one.
    pub async fn pass(&self, name: &str, mut known: Option<BreakerRow>) -> Result<Passage> {
        for _ in 0..RACES {
            let row = match known.take() {
                Some(row) => row,
                None => self.row(name).await?,
            };
            let now = self.world.now();
            match breaker::state(&row, now) {
                BreakerState::Closed if row == BreakerRow::default() => return Ok(Passage::Clean),
                BreakerState::Closed => return Ok(Passage::Counting),
                BreakerState::Open { until } => {
                    return Ok(Passage::Cooling { row, left_ms: until - now });
                }
                BreakerState::HalfOpen => {
                    let probing = breaker::probing(&row, now);
                    if self.swap(name, row, probing).await? {
                        return Ok(Passage::Probing);
                    }
                }
            }
        }
        Ok(Passage::Contended)
    }

    /// Closes the breaker of an engine or a voice after a success. A failure of the store is logged.
    pub async fn succeeded(&self, name: &str, row: &str) {
        match self.close(row).await {
            Ok(()) => (self.show)(name, Breaker::Closed),
            Err(failed) => failed.tell(name),
        }
    }

    async fn close(&self, name: &str) -> Result<()> {
        for _ in 0..RACES {
            let row = self.row(name).await?;
            let is_clean = row == BreakerRow::default();
            if is_clean || self.swap(name, row, breaker::after_success()).await? {
                break;
            }
        }
        Ok(())
    }

    /// Counts a failure of an engine or a voice. One that says nothing about it gives a probe back.
    /// If the row cannot be written, the error is logged and the breaker stays closed.
    pub async fn failed(
        &self,
        name: &str,
        row: &str,
        kind: VendorErrorKind,
        retry_after: Option<Duration>,
        settings: &BreakerSettings,
    ) {
        let opened = async {
            for _ in 0..RACES {
                let old = self.row(row).await?;
                match breaker::after_failure(&old, kind, retry_after, settings, self.world.now()) {
                    Verdict::Ignored => {
                        self.give_probe_back(row, old).await?;
                        break;
                    }
                    Verdict::Counted(new) => {
                        if self.swap(row, old, new).await? {
                            break;
                        }
                    }
                    Verdict::Opened { row: new, pause, advice } => {
                        let failures = new.failures;
                        if self.swap(row, old, new).await? {
                            return Ok(Some((failures, pause, advice)));
                        }
                    }
                }
            }
            Ok::<_, BreakerUnavailable>(None)
        };
        match opened.await {
            Ok(None) => {}
            Ok(Some((failures, pause, advice))) => {
                (self.show)(name, Breaker::Open);
                let (kind, cooldown_s) = (kind.as_str(), pause.as_secs());
                let advice = (self.advice)(advice);
                Event::EngineRotationTriggered { engine: name, kind, failures, cooldown_s, advice }
                    .emit();
            }
            Err(failed) => failed.tell(name),
        }
    }

    /// Frees the place of a probe that ended in something that says nothing about the engine.
    /// Where this fails, the place is free again after its time.
    async fn give_probe_back(&self, name: &str, row: BreakerRow) -> Result<()> {
        if row.probe_until != 0 {
            let free = BreakerRow { probe_until: 0, ..row.clone() };
            self.swap(name, row, free).await?;
        }
        Ok(())
    }
}

/// Returns the name of a voice's row, in the table that voices share with engines. `account` is a
/// hash of address and key: with another key the breaker is another.
pub fn voice_row(provider: &str, account: &str) -> String {
    let account = account.get(..ACCOUNT_KEPT).unwrap_or(account);
    format!("{VOICE}{provider}:{account}")
}

/// Returns the voice provider of a row's name; `None` for an engine's.
pub fn voice_of(row: &str) -> Option<&str> {
    row.strip_prefix(VOICE)?.rsplit_once(':').map(|(provider, _)| provider)
}

/// Returns the failure of a call that a breaker does not let through; `None` if it does.
pub fn refusal(name: &str, operation: &'static str, passage: &Passage) -> Option<VendorError> {
    let message = match passage {
        Passage::Clean | Passage::Counting | Passage::Probing => return None,
        Passage::Cooling { row: BreakerRow { failures, reason, .. }, left_ms } => {
            let seconds = ((*left_ms).max(0) + 999) / 1000;
            format!(
                "its circuit breaker is open for {seconds} s more after {failures} failures ({reason})"
            )
        }
        Passage::Contended => "another process is probing it".to_owned(),
    };
    Some(VendorError::new(name, operation, VendorErrorKind::Cooling, message))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_of_voices_name_their_provider_and_those_of_engines_none() {
        let row = voice_row("kokoro", "0123456789abcdef0123456789abcdef");
        assert_eq!(row, "voice:kokoro:0123456789abcdef");
        assert_eq!(voice_of(&row), Some("kokoro"));
        assert_eq!(voice_of("runway"), None);
    }
}
