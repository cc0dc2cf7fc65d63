//! Circuit breakers in the store that all processes share. Each row is read, updated by [`crate::breaker`] and
//! swapped.
//!
//! Guarantees: a row is replaced only if it has not changed since it was read; only one of several callers probes.
//!
//! Leaves the metrics to a callback, since engines and voices have different ones.
//!
//! Start with [`Breakers::pass`].

use crate::breaker::{self, Advice, BreakerState, Verdict};
use crate::world::World;
use crate::{VendorError, VendorErrorKind};
use pytoon_config::engines::BreakerSettings;
use pytoon_records::ledger::{BreakerRow, PurchaseStore, StoreError, SwitchedOff};
use pytoon_telemetry::{Breaker, Event};
use std::sync::Arc;
use std::time::Duration;

/// Maximum number of attempts to change a breaker that other processes change at the same moment.
const RACES: usize = 8;
/// The prefix of voices in the names of rows. Engine names contain no colon.
const VOICE: &str = "voice:";
/// The length of the account hash in a row's name, in characters.
const ACCOUNT_KEPT: usize = 16;

/// The circuit breakers in a store.
#[derive(Debug, Clone)]
pub struct Breakers {
    /// The store that contains the rows.
    pub store: Arc<dyn PurchaseStore>,
    /// The source of the current time.
    pub world: Arc<dyn World>,
    /// A callback that publishes the breaker state of an engine or a voice in the metrics.
    pub show: fn(&str, Breaker),
    /// A function that returns the advice for the operator when a breaker opens.
    pub advice: fn(Advice) -> &'static str,
}

/// A breaker's decision on a call, with the reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Passage {
    /// The call may pass; no failures are on record.
    Clean,
    /// The call may pass; failures are on record.
    Counting,
    /// The call may pass, as the probe.
    Probing,
    /// The call may not pass, because the breaker is open.
    Cooling {
        /// The row of the breaker.
        row: BreakerRow,
        /// The remainder of the pause, in milliseconds.
        left_ms: i64,
    },
    /// The call may not pass, because a person switched the engine off.
    SwitchedOff {
        /// The row of the breaker.
        row: BreakerRow,
    },
    /// The call may not pass, because another caller is probing.
    Contended,
}

/// The store could not read or write a breaker.
#[derive(Debug)]
pub struct BreakerUnavailable {
    /// The operation that failed: `read` or `write`.
    pub operation: &'static str,
    /// The error of the store.
    pub source: StoreError,
}

type Result<T, E = BreakerUnavailable> = std::result::Result<T, E>;

impl BreakerUnavailable {
    /// Logs that the breaker of an engine or a voice could not be read or written.
    pub fn log(&self, name: &str) {
        let (operation, reason) = (self.operation, &self.source.to_string());
        Event::EngineBreakerUnavailable { engine: name, operation, reason }.emit();
    }
}

impl Breakers {
    /// Reads the row of a breaker; a closed one without failures if there is none.
    pub async fn row(&self, name: &str) -> Result<BreakerRow> {
        let read = self.store.breaker_fetch(name).await;
        read.map_err(|source| BreakerUnavailable { operation: "read", source })
    }

    async fn swap(&self, name: &str, old: BreakerRow, new: BreakerRow) -> Result<bool> {
        let written = self.store.breaker_swap(name, old, new).await;
        written.map_err(|source| BreakerUnavailable { operation: "write", source })
    }

    /// Returns the breaker's decision on a call. After a cooldown, only one caller may send the probe. Reads the row
    /// unless the caller passes a fresh one.
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
                BreakerState::SwitchedOff => return Ok(Passage::SwitchedOff { row }),
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

    /// Closes the breaker of an engine or a voice after a success. Logs an error of the store.
    pub async fn record_success(&self, name: &str, row: &str) {
        match self.close(row).await {
            Ok(()) => (self.show)(name, Breaker::Closed),
            Err(failed) => failed.log(name),
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

    /// Records a failure of an engine or a voice. A failure that it did not cause releases the probe. If the row
    /// cannot be written, the error is logged and the breaker stays unchanged.
    pub async fn record_failure(
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
            Err(failed) => failed.log(name),
        }
    }

    /// Ends a probe whose result is not evidence about the engine, so that another caller may probe. If that fails,
    /// the probe expires by itself.
    async fn give_probe_back(&self, name: &str, row: BreakerRow) -> Result<()> {
        if row.probe_until != 0 {
            let free = BreakerRow { probe_until: 0, ..row.clone() };
            self.swap(name, row, free).await?;
        }
        Ok(())
    }
}

/// Returns the name of a voice's row in the table that voices share with engines. `account` is a hash of the URL and
/// the API key, so another key has another breaker.
pub fn voice_row(provider: &str, account: &str) -> String {
    let account = account.get(..ACCOUNT_KEPT).unwrap_or(account);
    format!("{VOICE}{provider}:{account}")
}

/// Returns the voice provider that a row's name contains; `None` for the row of an engine.
pub fn voice_of(row: &str) -> Option<&str> {
    row.strip_prefix(VOICE)?.rsplit_once(':').map(|(provider, _)| provider)
}

/// Returns the name of the row that contains the switch of a voice provider, for all of its accounts.
pub fn voice_switch_row(provider: &str) -> String {
    voice_row(provider, "")
}

/// Returns the failure of a call that a breaker rejects; `None` if the call may pass.
pub fn refusal(name: &str, operation: &'static str, passage: &Passage) -> Option<VendorError> {
    let message = match passage {
        Passage::Clean | Passage::Counting | Passage::Probing => return None,
        Passage::Cooling { row: BreakerRow { failures, reason, .. }, left_ms } => {
            let seconds = ((*left_ms).max(0) + 999) / 1000;
            format!(
                "its circuit breaker is open for {seconds} s more after {failures} failures, the \
                 last of kind `{reason}`"
            )
        }
        Passage::SwitchedOff { row } => switched_off_text(row.switched_off.as_ref()),
        Passage::Contended => {
            "its circuit breaker is half open, and another process is probing it".to_owned()
        }
    };
    Some(VendorError::new(name, operation, VendorErrorKind::Cooling, message))
}

/// Returns the reason why an engine that a person switched off is not called.
pub fn switched_off_text(off: Option<&SwitchedOff>) -> String {
    let reason = off.map(|off| off.reason.as_str()).filter(|reason| !reason.is_empty());
    let reason = reason.map(|reason| format!(" ({reason})")).unwrap_or_default();
    format!("an operator switched it off{reason}: switch it on in the studio or over the API")
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
