//! Sends webhooks about the end of jobs, as Standard Webhooks 1.0.
//!
//! Guarantees: a message in the outbox is sent, under one id and with a new signature at each attempt, until
//! it is delivered or the retries are exhausted, so it may arrive more than once; several messages are sent
//! concurrently, so that one slow receiver does not delay the others; at most the host of a URL is logged.

use crate::unavailable;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use pytoon_process::CancelToken;
use pytoon_records::job::webhook::{AttemptResult, DueWebhook, WebhookStore};
use pytoon_telemetry::ServiceEvent;
use pytoon_vendor::http::public::PublicHttp;
use serde_json::json;
use sha2::Sha256;
use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::Semaphore;

/// The interval between polls for a due message.
const LOOK: Duration = Duration::from_millis(500);
/// Maximum number of messages that one process sends concurrently.
const AT_ONCE: usize = 8;
/// Minimum length of a signing secret, in bytes.
const LEAST_SECRET: usize = 24;
/// The HTTP status with which a receiver declines further messages.
const GONE: u16 = 410;

/// The secrets that sign webhooks; two while one is being rotated.
#[derive(Clone)]
pub struct WebhookSecrets(Vec<Vec<u8>>);

impl fmt::Debug for WebhookSecrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} secrets", self.0.len())
    }
}

impl WebhookSecrets {
    /// Parses signing secrets in base64, with or without the prefix `whsec_`. Returns an error if one is too short or
    /// not base64.
    pub fn read<'a>(secrets: impl IntoIterator<Item = &'a str>) -> Result<Self, String> {
        let secrets = secrets.into_iter().map(|one| {
            let encoded = one.strip_prefix("whsec_").unwrap_or(one);
            let bytes = STANDARD.decode(encoded).unwrap_or_default();
            if bytes.len() < LEAST_SECRET {
                return Err(format!(
                    "WEBHOOK_SECRET does not contain at least {LEAST_SECRET} bytes in Base64: \
                     generate a secret with `pytoon webhooks secret`"
                ));
            }
            Ok(bytes)
        });
        Ok(Self(secrets.collect::<Result<_, _>>()?))
    }

    /// Formats random bytes as a signing secret.
    pub fn new_secret(random: &[u8; 32]) -> String {
        format!("whsec_{}", STANDARD.encode(random))
    }

    /// Returns the signatures of a message, one for each secret, in the form of the `webhook-signature` header.
    fn sign(&self, id: &str, timestamp: u64, body: &str) -> String {
        let signatures = self.0.iter().filter_map(|secret| {
            let mut mac = Hmac::<Sha256>::new_from_slice(secret).ok()?;
            mac.update(format!("{id}.{timestamp}.{body}").as_bytes());
            Some(format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes())))
        });
        signatures.collect::<Vec<_>>().join(" ")
    }
}

/// The sender of the webhook messages in the outbox.
#[derive(Debug, Clone)]
pub struct WebhookSender {
    /// The outbox of webhook messages.
    pub store: Arc<dyn WebhookStore>,
    /// The HTTP client for receivers.
    pub http: PublicHttp,
    /// The signing secrets.
    pub secrets: WebhookSecrets,
    /// The timeout of a delivery attempt.
    pub timeout: Duration,
    /// The backoffs before the retries of a delivery, in order.
    pub pauses: Vec<Duration>,
    /// The function that returns the current time, in seconds since 1970.
    pub clock: fn() -> u64,
    /// The token that is set on shutdown.
    pub drain: CancelToken,
}

impl WebhookSender {
    /// Delivers webhooks until shutdown. A delivery in flight at shutdown is retried by another worker.
    pub async fn run(self) {
        let places = Arc::new(Semaphore::new(AT_ONCE));
        while !self.drain.is_cancelled() {
            let Ok(place) = places.clone().acquire_owned().await else { return };
            // Longer than an attempt takes: two processes do not send the same message at once.
            match self.store.webhook_claim(self.timeout * 2 + LOOK).await {
                Ok(Some(due)) => {
                    let sender = self.clone();
                    tokio::spawn(async move {
                        sender.deliver(due).await;
                        drop(place);
                    });
                    continue;
                }
                Ok(None) => {}
                Err(error) => unavailable("claim a webhook", &error),
            }
            drop(place);
            tokio::time::sleep(LOOK).await;
        }
    }

    async fn deliver(&self, due: DueWebhook) {
        let happened = jiff::Timestamp::from_millisecond(due.created_at)
            .map(|at| at.to_string())
            .unwrap_or_default();
        let body = json!({ "type": due.event, "timestamp": happened, "data": due.data });
        let body = body.to_string();
        let now = (self.clock)();
        let headers = [
            ("content-type", "application/json".to_owned()),
            ("webhook-id", due.id.clone()),
            ("webhook-timestamp", now.to_string()),
            ("webhook-signature", self.secrets.sign(&due.id, now, &body)),
        ];
        let begun = Instant::now();
        let answer = self.http.post(&due.url, &headers, body).await;
        let told = self.outcome(&due, answer, begun.elapsed());
        let attempt = due.attempts + 1;
        let (job, webhook) = (due.job_id.as_str(), due.id.as_str());
        match &told.error {
            None => ServiceEvent::WebhookDelivered { job, webhook, attempt }.emit(),
            Some(reason) => ServiceEvent::WebhookFailed {
                job,
                webhook,
                attempt,
                reason,
                retry_in_ms: told.retry_in.map_or(-1, |wait| wait.as_millis() as i64),
            }
            .emit(),
        }
        // If this cannot be written, the message is sent once more: the promise is at least once.
        if let Err(error) = self.store.webhook_record_attempt(&due.id, due.token, told).await {
            unavailable("record a webhook delivery", &error);
        }
    }

    fn outcome(
        &self,
        due: &DueWebhook,
        answer: Result<u16, String>,
        took: Duration,
    ) -> AttemptResult {
        let (status, error) = match answer {
            Ok(status) if (200..300).contains(&status) => (Some(status), None),
            Ok(status) => {
                (Some(status), Some(format!("the receiver responded with HTTP status {status}")))
            }
            Err(reason) => (None, Some(reason)),
        };
        let pause = self.pauses.get(due.attempts as usize).copied();
        let retry_in = pause.filter(|_| error.is_some() && status != Some(GONE));
        AttemptResult { status, took, error, retry_in }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

    #[test]
    fn signatures_are_those_of_the_standard() {
        // The example of the specification, Standard Webhooks 1.0, checked with another program.
        let secrets = WebhookSecrets::read([SECRET]).expect("read");
        let body = r#"{"test": 2432232314}"#;
        assert_eq!(
            secrets.sign("msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, body),
            "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
        );
        let two = WebhookSecrets::read([SECRET, "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSx"]);
        assert_eq!(two.expect("read").sign("a", 1, "b").split(' ').count(), 2);
        let short = WebhookSecrets::read(["whsec_c2hvcnQ="]).expect_err("refused");
        assert!(short.contains("webhooks secret"), "{short}");
    }
}
