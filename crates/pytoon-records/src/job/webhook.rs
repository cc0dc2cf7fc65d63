//! Webhook messages to submitters about the end of their jobs.
//!
//! A message is written in the transaction that makes the reported change (an outbox). It is delivered at least once,
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

/// The state of a webhook message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WebhookState {
    /// The message is sent when its next attempt is due.
    Due,
    /// The receiver responded with success.
    Delivered,
    /// Every attempt failed. An operator can resend the message.
    Dead,
}

names!(WebhookState { Due = "due", Delivered = "delivered", Dead = "dead" });

/// An event that changes the state of a webhook message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WebhookEvent {
    /// The receiver responds with success.
    Delivered,
    /// The attempt fails, and another follows.
    RetryScheduled,
    /// The last attempt fails.
    GivenUp,
    /// A person resends the message.
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

/// A leased webhook message.
#[derive(Debug, Clone, PartialEq)]
pub struct DueWebhook {
    /// The id of the message, the same in every attempt.
    pub id: String,
    /// The id of the job that the message is about.
    pub job_id: JobId,
    /// The type of the message: `job.done`, `job.failed`, `job.held` or `job.cancelled`.
    pub event: String,
    /// The URL of the receiver.
    pub url: String,
    /// The content of the message.
    pub data: Value,
    /// The number of attempts so far.
    pub attempts: u32,
    /// The token of this lease.
    pub token: i64,
    /// The time of the change that the message reports.
    pub created_at: UnixMs,
}

/// The result of a delivery attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AttemptResult {
    /// The HTTP status, if there was a response.
    pub status: Option<u16>,
    /// The duration of the attempt.
    pub took: Duration,
    /// The error; `None` if the attempt succeeded.
    pub error: Option<String>,
    /// The backoff before the next attempt; `None` if there is none.
    pub retry_in: Option<Duration>,
}

/// A stored delivery attempt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WebhookAttempt {
    /// The time of the attempt.
    pub at: UnixMs,
    /// The HTTP status, if there was a response.
    pub status: Option<u16>,
    /// The duration of the attempt, in milliseconds.
    pub duration_ms: i64,
    /// The error; `None` if the attempt succeeded.
    pub error: Option<String>,
}

/// A stored webhook message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WebhookRow {
    /// The id of the message.
    pub id: String,
    /// The id of the job that the message is about.
    pub job_id: JobId,
    /// The type of the message.
    pub event: String,
    /// The URL of the receiver.
    pub url: String,
    /// The state of the message.
    pub state: WebhookState,
    /// The time of the next attempt, if there is one.
    pub next_at: Option<UnixMs>,
    /// The time of the change that the message reports.
    pub created_at: UnixMs,
    /// The attempts so far.
    pub attempts: Vec<WebhookAttempt>,
}

/// The store of webhook messages. Every method is one transaction.
pub trait WebhookStore: fmt::Debug + Send + Sync {
    /// Leases the message that has been due longest; `None` if none is due.
    fn webhook_claim(&self, lease: Duration) -> StoreFuture<'_, Option<DueWebhook>>;
    /// Records an attempt to deliver a message. Returns false if the lease is lost.
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
    /// Makes a message due again. Returns false if the message is already due or does not exist.
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
