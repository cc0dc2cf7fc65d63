//! The circuit breaker of an engine or a voice, as pure transitions of a row that all processes share.
//!
//! Guarantees: repeated failures open the breaker for growing, bounded pauses; a wrong key or an exhausted
//! account opens it at once; the `Retry-After` of a rate limit sets its pause; after a pause one caller
//! probes while the others are rejected; one success closes the breaker. Failures that the engine did not
//! cause (a rejected prompt, a request outside its offer, an exhausted budget) are not counted.
//!
//! Reads no clock and stores no rows; [`crate::breakers`] replaces the rows in the store.

use crate::VendorErrorKind;
use pytoon_config::engines::BreakerSettings;
use pytoon_records::ledger::BreakerRow;
use pytoon_vocabulary::UnixMs;
use std::time::Duration;

/// The time for which one caller's probe excludes others, in milliseconds.
pub const PROBE_MS: i64 = 60_000;

/// The state of a breaker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BreakerState {
    /// Calls may pass.
    Closed,
    /// Calls are rejected until the time `until`.
    Open {
        /// The time of the next probe.
        until: UnixMs,
    },
    /// One call may probe.
    HalfOpen,
    /// A person switched the engine off. Calls are rejected until a person switches it on.
    SwitchedOff,
}

impl BreakerState {
    /// Returns the time of the next probe; `None` if calls may pass now. A switched-off engine has no such time, so the
    /// result is the largest one.
    pub fn open_until(self) -> Option<UnixMs> {
        match self {
            Self::Open { until } => Some(until),
            Self::SwitchedOff => Some(UnixMs::MAX),
            Self::Closed | Self::HalfOpen => None,
        }
    }
}

/// Returns the state of a breaker's row at the time `now`.
pub fn state(row: &BreakerRow, now: UnixMs) -> BreakerState {
    if row.switched_off.is_some() {
        BreakerState::SwitchedOff
    } else if row.open_until == 0 {
        BreakerState::Closed
    } else if row.open_until > now {
        BreakerState::Open { until: row.open_until }
    } else if row.probe_until > now {
        // Another caller is probing.
        BreakerState::Open { until: row.probe_until }
    } else {
        BreakerState::HalfOpen
    }
}

/// Returns the row of a breaker in which one caller has reserved the probe.
pub fn probing(row: &BreakerRow, now: UnixMs) -> BreakerRow {
    BreakerRow { probe_until: now + PROBE_MS, ..row.clone() }
}

/// Returns the row after a success: closed, without failures.
pub fn after_success() -> BreakerRow {
    BreakerRow::default()
}

/// The effect of a failure on a breaker's row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// The engine did not cause the failure.
    Ignored,
    /// The failure counts, and the engine stays in use.
    Counted(BreakerRow),
    /// The breaker opens.
    Opened {
        /// The new row of the breaker.
        row: BreakerRow,
        /// The time for which the breaker stays open.
        pause: Duration,
        /// Advice for the operator.
        advice: Advice,
    },
}

/// Advice for the operator when a breaker opens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Advice {
    /// A valid API key must be configured.
    Key,
    /// The account must be topped up.
    Account,
    /// The rate of requests must be reduced.
    FewerRequests,
    /// The number of concurrent requests must be reduced.
    FewerAtOnce,
    /// No action is needed, because the failure is temporary.
    Wait,
}

/// Returns the effect of a failure on a breaker's row, by the kind of failure and the vendor's `Retry-After`.
pub fn after_failure(
    row: &BreakerRow,
    kind: VendorErrorKind,
    retry_after: Option<Duration>,
    settings: &BreakerSettings,
    now: UnixMs,
) -> Verdict {
    use VendorErrorKind as K;
    let failures = row.failures.saturating_add(1);
    let open = |pause: Duration, advice| {
        let until = now.saturating_add(i64::try_from(pause.as_millis()).unwrap_or(i64::MAX));
        Verdict::Opened {
            row: BreakerRow {
                failures,
                open_until: until,
                reason: kind.as_str().to_owned(),
                opened: row.opened.saturating_add(1),
                probe_until: 0,
                switched_off: row.switched_off.clone(),
            },
            pause,
            advice,
        }
    };
    match kind {
        K::Moderation
        | K::InvalidRequest
        | K::Unsupported
        | K::Cancelled
        | K::Budget
        | K::Deadline
        | K::Cooling
        | K::Undecided
        | K::Ledger
        | K::Internal => Verdict::Ignored,
        K::Auth => open(Duration::from_secs(settings.account_cooldown_seconds), Advice::Key),
        K::Quota => open(Duration::from_secs(settings.account_cooldown_seconds), Advice::Account),
        K::RateLimited if retry_after.is_some() => {
            open(retry_after.unwrap_or_default().max(Duration::from_secs(1)), Advice::FewerRequests)
        }
        K::RateLimited
        | K::Unreachable
        | K::Timeout
        | K::Server
        | K::Protocol
        | K::BadOutput
        | K::Lost => {
            let probe_failed = row.open_until != 0;
            if failures < settings.failures && !probe_failed {
                return Verdict::Counted(BreakerRow { failures, ..row.clone() });
            }
            let factor = 1u64 << row.opened.min(16);
            let seconds = settings
                .cooldown_seconds
                .saturating_mul(factor)
                .min(settings.max_cooldown_seconds.max(settings.cooldown_seconds));
            let advice = if kind == K::RateLimited { Advice::FewerAtOnce } else { Advice::Wait };
            open(Duration::from_secs(seconds), advice)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use VendorErrorKind as K;
    use pytoon_records::ledger::SwitchedOff;

    fn settings() -> BreakerSettings {
        BreakerSettings {
            failures: 3,
            cooldown_seconds: 60,
            max_cooldown_seconds: 200,
            account_cooldown_seconds: 3600,
        }
    }

    fn fail(row: &BreakerRow, kind: K, now: UnixMs) -> BreakerRow {
        match after_failure(row, kind, None, &settings(), now) {
            Verdict::Ignored => row.clone(),
            Verdict::Counted(row) | Verdict::Opened { row, .. } => row,
        }
    }

    #[test]
    fn three_failures_open_it_and_pauses_grow_to_a_bound() {
        let mut row = BreakerRow::default();
        for _ in 0..2 {
            row = fail(&row, K::Server, 0);
            assert_eq!(state(&row, 0), BreakerState::Closed);
        }
        let mut now = 0;
        for expected in [60, 120, 200, 200, 200] {
            row = fail(&row, K::Server, now);
            assert_eq!(state(&row, now), BreakerState::Open { until: now + expected * 1000 });
            now += expected * 1000;
            // It is never closed to calls for ever.
            assert_eq!(state(&row, now), BreakerState::HalfOpen);
        }
        assert_eq!(state(&after_success(), now), BreakerState::Closed);
    }

    #[test]
    fn one_caller_probes_and_a_dead_one_is_replaced() {
        let row = BreakerRow { open_until: 1000, opened: 1, failures: 3, ..BreakerRow::default() };
        let row = probing(&row, 1000);
        assert!(matches!(state(&row, 1001), BreakerState::Open { .. }));
        assert_eq!(state(&row, 1000 + PROBE_MS), BreakerState::HalfOpen);
    }

    #[test]
    fn an_engine_that_a_person_switched_off_stays_off() {
        let off = SwitchedOff { by: "ops".into(), reason: String::new(), at: 1 };
        let row = BreakerRow { switched_off: Some(off), ..BreakerRow::default() };
        assert_eq!(state(&row, i64::MAX), BreakerState::SwitchedOff);
        let failed = fail(&row, K::Auth, 0);
        assert_eq!(state(&failed, i64::MAX), BreakerState::SwitchedOff);
    }

    #[test]
    fn money_and_keys_cool_long_and_say_what_to_do() {
        for (kind, expected) in [(K::Auth, Advice::Key), (K::Quota, Advice::Account)] {
            match after_failure(&BreakerRow::default(), kind, None, &settings(), 0) {
                Verdict::Opened { pause, advice, .. } => {
                    assert_eq!(pause, Duration::from_secs(3600));
                    assert_eq!(advice, expected);
                }
                other => panic!("{kind}: {other:?}"),
            }
        }
    }

    #[test]
    fn retry_after_is_obeyed_and_innocent_failures_do_not_count() {
        let after = Some(Duration::from_secs(7));
        match after_failure(&BreakerRow::default(), K::RateLimited, after, &settings(), 5) {
            Verdict::Opened { row, .. } => assert_eq!(row.open_until, 7005),
            other => panic!("{other:?}"),
        }
        for kind in
            [K::Moderation, K::Unsupported, K::Budget, K::Deadline, K::Cancelled, K::InvalidRequest]
        {
            let verdict = after_failure(&BreakerRow::default(), kind, None, &settings(), 0);
            assert_eq!(verdict, Verdict::Ignored);
        }
    }
}
