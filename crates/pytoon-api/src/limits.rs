//! Limits the request rate per key. Each process counts separately, so several processes each allow the full rate.

use crate::problem::Problem;
use axum::http::StatusCode;
use governor::clock::{Clock, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use pytoon_config::settings::ServiceSettings;
use std::num::NonZeroU32;

/// Maximum number of keys in memory before inactive ones are dropped.
const REMEMBERED: usize = 10_000;

/// The request and submission rates of each key.
#[derive(Debug)]
pub struct RateLimits {
    requests: Option<DefaultKeyedRateLimiter<String>>,
    submissions: Option<DefaultKeyedRateLimiter<String>>,
}

impl RateLimits {
    /// Creates the configured limits; 0 means no limit.
    pub fn new(settings: &ServiceSettings) -> Self {
        let limiter = |per_minute: u32| {
            NonZeroU32::new(per_minute).map(|most| RateLimiter::keyed(Quota::per_minute(most)))
        };
        Self {
            requests: limiter(settings.requests_per_minute),
            submissions: limiter(settings.submissions_per_minute),
        }
    }

    /// Returns a 429 problem if the API key exceeds the request rate.
    pub(crate) fn request(&self, key: &str) -> Result<(), Problem> {
        within(self.requests.as_ref(), key, "requests", "service.requests_per_minute")
    }

    /// Returns a 429 problem if the API key exceeds the submission rate.
    pub(crate) fn submission(&self, key: &str) -> Result<(), Problem> {
        within(self.submissions.as_ref(), key, "submissions", "service.submissions_per_minute")
    }
}

fn within(
    limiter: Option<&DefaultKeyedRateLimiter<String>>,
    key: &str,
    what: &str,
    setting: &str,
) -> Result<(), Problem> {
    let Some(limiter) = limiter else { return Ok(()) };
    if limiter.len() > REMEMBERED {
        limiter.retain_recent();
    }
    limiter.check_key(&key.to_owned()).map_err(|early| {
        let wait = early.wait_time_from(DefaultClock::default().now());
        let seconds = wait.as_secs() + 1;
        let detail = format!("too many {what} with this key ({setting}): retry in {seconds} s");
        Problem::new(StatusCode::TOO_MANY_REQUESTS, "rate_limited", detail).retry_after(seconds)
    })
}
