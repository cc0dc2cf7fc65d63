//! Computes the pauses between attempts.
//!
//! A vendor's 429 response to a paid call is `RateLimited` (`pytoon-vendor::http`), or `Quota` if the vendor's error
//! table says so, which is not retried. The call certainly cost nothing and ends as `not_sent` (`ends`). The circuit
//! breaker counts it, and opens at once if the response contains `Retry-After` (`pytoon-vendor::breaker`). The same
//! vendor is called again after [`pause_before_retry`], and then the next engine (`pytoon-engines::engine_manager`).
//! A 429 response to a poll does not affect its task.

use pytoon_config::engines::Backoff;
use pytoon_vendor::{Accepted, VendorError, VendorErrorKind};
use std::time::Duration;

/// Returns the pause after failed attempt number `attempt`, from 1. The pause doubles each time, up to a
/// maximum, and is then shortened by up to half at random, so that many workers do not retry at once.
/// `chance` is from 0 to 1.
pub fn backoff(backoff: &Backoff, attempt: u32, chance: f64) -> Duration {
    let factor = 1u64 << attempt.saturating_sub(1).min(16);
    let ms = backoff.initial_ms.saturating_mul(factor).min(backoff.max_ms);
    Duration::from_millis((ms as f64 * (0.5 + chance / 2.0)) as u64)
}

/// Returns the pause before the same vendor is called again after `tries` attempts; `None` if a retry is not allowed
/// or cannot help.
pub fn pause_before_retry(
    settings: &Backoff,
    error: &VendorError,
    tries: u32,
    chance: f64,
) -> Option<Duration> {
    use VendorErrorKind as K;
    let is_repeatable = matches!(error.kind, K::RateLimited | K::Server | K::Protocol);
    // A call that may have been accepted is never posted again.
    let is_surely_over = error.accepted != Accepted::Maybe;
    if !(error.is_temporary() && is_repeatable && is_surely_over && tries < settings.attempts) {
        return None;
    }
    let own = backoff(settings, tries, chance);
    match error.retry_after {
        // A longer wait is left to the breaker.
        Some(asked) if asked.as_millis() as u64 > settings.max_ms => None,
        Some(asked) => Some(asked.max(own)),
        None => Some(own),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BACKOFF: Backoff = Backoff { initial_ms: 100, max_ms: 350, attempts: 3 };

    #[test]
    fn pauses_double_up_to_a_bound_and_differ() {
        let all: Vec<u128> =
            (1..5).map(|attempt| backoff(&BACKOFF, attempt, 1.0).as_millis()).collect();
        assert_eq!(all, [100, 200, 350, 350]);
        assert_eq!(backoff(&BACKOFF, 1, 0.0).as_millis(), 50);
    }

    #[test]
    fn only_what_surely_bought_nothing_is_asked_again() {
        let error =
            |kind, accepted| VendorError::new("v", "buy", kind, "no").with_accepted(accepted);
        let pause = |error: &VendorError, tries| pause_before_retry(&BACKOFF, error, tries, 1.0);
        let busy = error(VendorErrorKind::RateLimited, Accepted::No);
        assert_eq!(pause(&busy, 1), Some(Duration::from_millis(100)));
        assert_eq!(pause(&busy, 3), None, "the attempts are used up");
        let asked = |ms| busy.clone().retry_after(Some(Duration::from_millis(ms)));
        assert_eq!(pause(&asked(200), 1), Some(Duration::from_millis(200)));
        assert_eq!(pause(&asked(400), 1), None, "the breaker waits that long");
        for (kind, accepted) in [
            (VendorErrorKind::Server, Accepted::Maybe),
            (VendorErrorKind::Unreachable, Accepted::No),
            (VendorErrorKind::Auth, Accepted::No),
        ] {
            assert_eq!(pause(&error(kind, accepted), 1), None, "{kind} {accepted:?}");
        }
    }
}
