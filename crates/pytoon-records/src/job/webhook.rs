//! Telling submitters how their jobs ended.
//!
//! A message is written in the transaction of the change that it tells of, and told until it was
//! heard or given up: at least once, perhaps more often, under one id by which a receiver knows it.
//!
//! Does not send anything; see Standard Webhooks 1.0 for what is sent.

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

/// A message that is to be told now.
#[derive(Debug, Clone, PartialEq)]
pub struct DueWebhook {
    /// Its id, the same in every attempt.
    pub id: String,
    /// The job that it tells of.
    pub job_id: JobId,
    /// What happened: `job.done`, `job.failed`, `job.held` or `job.cancelled`.
    pub event: String,
    /// Where it is told.
    pub url: String,
    /// What is told.
    pub data: Value,
    /// Attempts so far.
    pub attempts: u32,
    /// Names this claim.
    pub token: i64,
    /// When it happened.
    pub created_at: UnixMs,
}

/// What came of an attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// The HTTP status, where there was an answer.
    pub status: Option<u16>,
    /// How long it took.
    pub took: Duration,
    /// Why it was not heard; absent where it was.
    pub error: Option<String>,
    /// When it is told again; never, where absent.
    pub retry_in: Option<Duration>,
}

/// An attempt as kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WebhookAttempt {
    /// When.
    pub at: UnixMs,
    /// The HTTP status, where there was an answer.
    pub status: Option<u16>,
    /// How long it took, in milliseconds.
    pub duration_ms: i64,
    /// Why it was not heard; absent where it was.
    pub error: Option<String>,
}

/// A message as kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WebhookRow {
    /// Its id.
    pub id: String,
    /// The job that it tells of.
    pub job_id: JobId,
    /// What happened.
    pub event: String,
    /// Where it is told.
    pub url: String,
    /// What has become of it.
    pub state: WebhookState,
    /// When it is told next, where it is.
    pub next_at: Option<UnixMs>,
    /// When it happened.
    pub created_at: UnixMs,
    /// Attempts so far.
    pub attempts: Vec<WebhookAttempt>,
}

/// Where messages are kept. Every method is one atomic step.
pub trait WebhookStore: fmt::Debug + Send + Sync {
    /// The message that has waited longest, nobody else's for so long.
    fn webhook_claim(&self, lease: Duration) -> StoreFuture<'_, Option<DueWebhook>>;
    /// Notes what came of an attempt; whether that claim still holds.
    fn webhook_told(&self, id: &str, token: i64, told: Told) -> StoreFuture<'_, bool>;
    /// The messages of a job, oldest first.
    fn webhooks_of_job(&self, job: &JobId) -> StoreFuture<'_, Vec<WebhookRow>>;
    /// Messages that were given up, newest first.
    fn webhooks_dead(&self) -> StoreFuture<'_, Vec<WebhookRow>>;
    /// Has a message told again; whether there was one that is not waiting anyway.
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
