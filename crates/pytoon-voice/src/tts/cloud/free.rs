//! Calls to a speech server of the user. They are free, so a call that failed for a temporary reason is
//! retried.
//!
//! Guarantees: no row in the ledger; a cancellation interrupts a call or a pause; no error claims a possible
//! purchase.

use super::{SPEAK, Take};
use pytoon_config::engines::Backoff;
use pytoon_process::CancelToken;
use pytoon_purchase::cancelled;
use pytoon_vendor::{Accepted, Result, VendorError, VendorErrorKind};
use std::future::Future;
use std::time::Duration;

/// Calls a server until it returns a take or a permanent error, at most `backoff.attempts` times.
pub(super) async fn call_with_retries<F>(
    name: &str,
    backoff: &Backoff,
    cancel: &CancelToken,
    ask: &(dyn Fn() -> F + Sync),
) -> Result<Take>
where
    F: Future<Output = Result<Take>> + Send,
{
    let mut attempt = 1;
    loop {
        let answer = tokio::select! {
            answer = ask() => answer,
            () = cancelled(cancel) => Err(cancelled_error(name)),
        };
        let error = match answer {
            Ok(take) => return Ok(take),
            Err(error) => error.with_accepted(Accepted::No),
        };
        let Some(pause) = pause_before(backoff, &error, attempt) else { return Err(error) };
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            () = cancelled(cancel) => return Err(cancelled_error(name)),
        }
        attempt += 1;
    }
}

/// Returns the backoff before another attempt. Returns `None` if the error is neither a rate limit nor a
/// server error, if no attempts are left, or if the server asks for a longer pause than `backoff.max_ms`.
fn pause_before(backoff: &Backoff, error: &VendorError, attempt: u32) -> Option<Duration> {
    let may_pass = matches!(error.kind, VendorErrorKind::RateLimited | VendorErrorKind::Server);
    if !may_pass || attempt >= backoff.attempts {
        return None;
    }
    match error.retry_after {
        Some(after) if after > Duration::from_millis(backoff.max_ms) => None,
        Some(after) => Some(after),
        None => {
            let doubled = backoff.initial_ms.saturating_mul(1 << (attempt - 1).min(16));
            Some(Duration::from_millis(doubled.min(backoff.max_ms)))
        }
    }
}

fn cancelled_error(name: &str) -> VendorError {
    VendorError::new(name, SPEAK, VendorErrorKind::Cancelled, "the job was cancelled")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicU32, Ordering};

    const BACKOFF: Backoff = Backoff { initial_ms: 1, max_ms: 5, attempts: 3 };

    /// Runs a call that always fails with the given kind. Returns the error and the number of calls.
    async fn run_failing(
        kind: VendorErrorKind,
        retry_after: Option<Duration>,
    ) -> (VendorError, u32) {
        let calls = AtomicU32::new(0);
        let ask = || async {
            calls.fetch_add(1, Ordering::Relaxed);
            let error = VendorError::new("kokoro", SPEAK, kind, "as told");
            Err(error.with_accepted(Accepted::Maybe).retry_after(retry_after))
        };
        let error = call_with_retries("kokoro", &BACKOFF, &CancelToken::default(), &ask).await;
        (error.expect_err("it fails"), calls.load(Ordering::Relaxed))
    }

    #[tokio::test]
    async fn what_may_pass_is_asked_again_and_nothing_counts_as_bought() {
        use VendorErrorKind as K;
        let minute = Some(Duration::from_secs(60));
        for (kind, retry_after, expected) in [
            (K::Server, None, 3),
            (K::RateLimited, Some(Duration::ZERO), 3),
            (K::RateLimited, minute, 1),
            (K::Auth, None, 1),
            (K::Timeout, None, 1),
            (K::Unreachable, None, 1),
            (K::BadOutput, None, 1),
        ] {
            let (error, calls) = run_failing(kind, retry_after).await;
            assert_eq!((error.kind, calls), (kind, expected));
            assert_eq!(error.accepted, Accepted::No, "{kind}");
        }
    }

    #[tokio::test]
    async fn a_cancel_ends_a_call_without_a_response() {
        let cancel = CancelToken::default();
        cancel.cancel();
        let ask = || std::future::pending::<Result<Take, VendorError>>();
        let error =
            call_with_retries("kokoro", &BACKOFF, &cancel, &ask).await.expect_err("it gave up");
        assert_eq!(error.kind, VendorErrorKind::Cancelled);
    }
}
