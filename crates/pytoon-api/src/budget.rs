//! Budgets that all requests share: uploads, analyses of files and films, event streams, and bytes of responses.
//!
//! Guarantees: a budget is never exceeded; no key has more than half of one; a request that does not get its share in
//! time is rejected with 503 and `Retry-After` before it does any work.

use crate::problem::Problem;
use crate::{Api, auth};
use axum::Extension;
use axum::body::HttpBody;
use axum::extract::{Request, State};
use axum::http::{StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use pytoon_process::shares::{Shares, Ticket};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::Notify;

/// Maximum time that a request waits for its share of a budget.
pub(crate) const PATIENCE: Duration = Duration::from_secs(10);
/// Maximum time that a request waits for a share of a budget whose shares are held for a long time.
const NO_PATIENCE: Duration = Duration::from_millis(100);
/// The pause before a rejected request may be retried, in seconds.
const RETRY_AFTER: u64 = 5;

/// The limits of one process on uploads, analyses of files and films, event streams and response bytes in progress.
#[derive(Debug)]
pub struct Budgets {
    /// The budget for uploads and fetched files in progress.
    pub(crate) incoming: Budget,
    /// The budget for analyses of files by external programs.
    pub(crate) looking: Budget,
    /// The budget for measurements of finished films.
    pub(crate) measuring: Budget,
    /// The budget for frames and waveforms that are read from films, for music, and for lists of voices.
    pub(crate) previews: Budget,
    /// The budget for texts that are spoken as previews.
    pub(crate) speaking: Budget,
    /// The budget for open event streams.
    pub(crate) streams: Budget,
    /// The budget for bytes of responses that stay in memory until they are sent.
    pub(crate) answers: Budget,
}

impl Budgets {
    /// Returns the budgets for a process with this maximum number of open connections. Event streams
    /// get at most half of them: a stream is never idle, so it cannot be closed for a new client.
    pub fn new(connections: usize) -> Self {
        let streams = (connections as u64 / 2).clamp(2, 256);
        Self {
            incoming: Budget::new("uploads", 16),
            looking: Budget::new("file checks", 2),
            measuring: Budget::new("film measurements", 2),
            previews: Budget::new("frames and waveforms", 4),
            speaking: Budget::new("previews of voices", 2),
            // A stream lasts as long as its job: waiting for one would only hold a connection.
            streams: Budget { patience: NO_PATIENCE, ..Budget::new("event streams", streams) },
            answers: Budget::new("large responses", 64 << 20),
        }
    }
}

/// A limited amount of a resource, divided fairly among callers.
#[derive(Debug, Clone)]
pub(crate) struct Budget {
    what: &'static str,
    shares: Arc<Mutex<Shares>>,
    changed: Arc<Notify>,
    /// Maximum time that a request waits for its share of this budget.
    patience: Duration,
}

/// A part of a budget that one request holds until this value is dropped.
#[derive(Debug)]
pub(crate) struct Share {
    budget: Budget,
    holder: String,
    amount: u64,
}

impl Budget {
    fn new(what: &'static str, total: u64) -> Self {
        let shares = Arc::new(Mutex::new(Shares::for_long(total)));
        Self { what, shares, changed: Arc::default(), patience: PATIENCE }
    }

    fn shares(&self) -> MutexGuard<'_, Shares> {
        self.shares.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for a share of the budget. Returns a 503 problem if it does not become free in time.
    pub(crate) async fn take(&self, holder: &str, amount: u64) -> Result<Share, Problem> {
        let place = Place { budget: self, ticket: self.shares().ask(holder, amount) };
        let waited = tokio::time::timeout(self.patience, async {
            loop {
                let changed = self.changed.notified();
                if let Some(amount) = self.shares().claim(place.ticket) {
                    return amount;
                }
                changed.await;
            }
        });
        let amount = waited.await.map_err(|_| {
            let detail = format!(
                "this service is handling its maximum number of {}: try again in {RETRY_AFTER} s",
                self.what
            );
            Problem::new(StatusCode::SERVICE_UNAVAILABLE, "busy", detail).retry_after(RETRY_AFTER)
        })?;
        Ok(Share { budget: self.clone(), holder: holder.to_owned(), amount })
    }
}

/// A share of the response budget, attached to a response as an extension until the response is sent.
#[derive(Debug, Clone)]
pub(crate) struct Held(#[expect(dead_code, reason = "it is given back when dropped")] Arc<Share>);

impl From<Share> for Held {
    fn from(share: Share) -> Self {
        Self(Arc::new(share))
    }
}

/// Maximum size of a response that is sent without a share of the response budget, in bytes.
const SMALL_ANSWER: u64 = 64 << 10;

/// Makes a large response in memory wait for its share of the response budget, which is divided among API keys.
pub(crate) async fn share_response_budget(
    State(api): State<Api>,
    request: Request,
    next: Next,
) -> Response {
    let shown = [header::AUTHORIZATION.as_str(), "x-api-key"];
    let shown = shown.iter().find_map(|name| request.headers().get(*name).cloned());
    let response = next.run(request).await;
    let size = response.body().size_hint().exact().unwrap_or(0);
    if size <= SMALL_ANSWER || response.extensions().get::<Held>().is_some() {
        return response;
    }
    let holder = shown.map(|key| auth::sha256_hex(key.as_bytes()));
    match api.budgets.answers.take(&holder.unwrap_or_default(), size).await {
        Ok(share) => (Extension(Held::from(share)), response).into_response(),
        Err(problem) => problem.into_response(),
    }
}

/// A position in the queue for a share of a budget, released when the request ends or is dropped.
struct Place<'a> {
    budget: &'a Budget,
    ticket: Ticket,
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.budget.shares().leave(self.ticket);
        self.budget.changed.notify_waiters();
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        self.budget.shares().give_back(&self.holder, self.amount);
        self.budget.changed.notify_waiters();
    }
}
