//! Webhook messages to submitters about the end of their jobs.
//!
//! A message is written in the transaction of the change that it reports (an outbox) and delivered at least once,
//! under one id by which a receiver detects duplicates.
//!
//! Does not send messages; their format is that of Standard Webhooks 1.0.

use crate::ledger::StoreFuture;
use crate::state::{InvalidTransition, State, names};
use pytoon_vocabulary::{JobId, UnixMs};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::fmt;
use std::time::Duration;

/// The state of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WebhookState {
    /// It is delivered at its next time.
    Due,
    /// The receiver answered with success.
    Delivered,
    /// Every attempt failed. It is retried only when a person wants it.
    Dead,
}

names!(WebhookState { Due = "due", Delivered = "delivered", Dead = "dead" });

/// Changes the state of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WebhookEvent {
    /// The receiver answers with success.
    Delivered,
    /// An attempt fails, and another follows.
    RetryScheduled,
    /// The last attempt fails.
    GivenUp,
    /// A person has it delivered again.
    Resent,
}

names!(WebhookEvent {
    Delivered = "delivered",
    RetryScheduled = "retry_scheduled",
    GivenUp = "given_up",
    Resent = "resent",
});

impl State for WebhookState {
    type Event = WebhookEvent;
    type Invalid = InvalidTransition<Self>;
    const STATES: &'static [Self] = &Self::ALL;
    const EVENTS: &'static [WebhookEvent] = &WebhookEvent::ALL;

    fn apply(self, event: WebhookEvent) -> Result<Self, InvalidTransition<Self>> {
        use WebhookEvent as E;
        Ok(match (self, event) {
            (Self::Due, E::Delivered) => Self::Delivered,
            (Self::Due, E::GivenUp) => Self::Dead,
            (Self::Due, E::RetryScheduled) | (Self::Delivered | Self::Dead, E::Resent) => Self::Due,
            (from, event) => return Err(InvalidTransition { from, event }),
        })
    }
}

/// A leased message.
#[derive(Debug, Clone, PartialEq)]
pub struct DueWebhook {
    /// Its id, the same in every attempt.
    pub id: String,
    /// The job that it is about.
    pub job_id: JobId,
    /// Its type: `job.done`, `job.failed`, `job.held` or `job.cancelled`.
    pub event: String,
    /// The address of the receiver.
    pub url: String,
    /// Its content.
    pub data: Value,
    /// Attempts so far.
    pub attempts: u32,
    /// The token of this lease.
    pub token: i64,
    /// The time of the change that it reports.
    pub created_at: UnixMs,
}

/// The result of an attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AttemptResult {
    /// The HTTP status, if there was an answer.
    pub status: Option<u16>,
    /// Its duration.
    pub took: Duration,
    /// The error; `None` if it succeeded.
    pub error: Option<String>,
    /// The pause before the next attempt; `None` if there is none.
    pub retry_in: Option<Duration>,
}

/// An attempt as kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WebhookAttempt {
    /// Its time.
    pub at: UnixMs,
    /// The HTTP status, if there was an answer.
    pub status: Option<u16>,
    /// Its duration in milliseconds.
    pub duration_ms: i64,
    /// The error; `None` if it succeeded.
    pub error: Option<String>,
}

/// A message as kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WebhookRow {
    /// Its id.
    pub id: String,
    /// The job that it is about.
    pub job_id: JobId,
    /// Its type.
    pub event: String,
    /// The address of the receiver.
    pub url: String,
    /// Its state.
    pub state: WebhookState,
    /// The time of the next attempt, if there is one.
    pub next_at: Option<UnixMs>,
    /// The time of the change that it reports.
    pub created_at: UnixMs,
    /// Attempts so far.
    pub attempts: Vec<WebhookAttempt>,
}

/// Keeps messages. Every method is one transaction.
pub trait WebhookStore: fmt::Debug + Send + Sync {
    /// Leases the due message that has waited longest.
    fn webhook_claim(&self, lease: Duration) -> StoreFuture<'_, Option<DueWebhook>>;
    /// Writes an attempt with its result. Returns false if the lease is lost.
    fn webhook_record_attempt(
        &self,
        id: &str,
        token: i64,
        told: AttemptResult,
    ) -> StoreFuture<'_, bool>;
    /// Lists the messages of a job, oldest first.
    fn webhooks_of_job(&self, job: &JobId) -> StoreFuture<'_, Vec<WebhookRow>>;
    /// Lists dead messages, newest first.
    fn webhooks_dead(&self) -> StoreFuture<'_, Vec<WebhookRow>>;
    /// Makes a message due again. Returns false if it is due already, or there is none.
    fn webhook_resend(&self, id: &str) -> StoreFuture<'_, bool>;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::checks::assert_table;

    #[test]
    fn every_state_meets_every_event() {
        use WebhookEvent as E;
        use WebhookState as S;
        assert_table::<S>(&[
            (E::Delivered, &[S::Due], S::Delivered),
            (E::RetryScheduled, &[S::Due], S::Due),
            (E::GivenUp, &[S::Due], S::Dead),
            (E::Resent, &[S::Delivered, S::Dead], S::Due),
        ]);
    }
}
