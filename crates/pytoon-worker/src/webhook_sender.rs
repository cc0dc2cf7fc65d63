//! Tells submitters how their jobs ended, as Standard Webhooks 1.0 wants it.
//!
//! Guarantees: what was written down to be told is told at least once, under one id and signed anew
//! at each attempt, until it is heard or the pauses run out; a receiver that is slow keeps no other
//! waiting; nothing of an address but its host is logged.

use crate::unavailable;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use pytoon_process::CancelToken;
use pytoon_records::job::webhook::{DueWebhook, Told, WebhookStore};
use pytoon_telemetry::ServiceEvent;
use pytoon_vendor::http::public::PublicHttp;
use serde_json::json;
use sha2::Sha256;
use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::Semaphore;

/// Between looks for something to tell.
const LOOK: Duration = Duration::from_millis(500);
/// Messages that one process tells at once.
const AT_ONCE: usize = 8;
/// The fewest bytes of a secret that signs anything.
const LEAST_SECRET: usize = 24;
/// HTTP's word for a receiver that wants to hear nothing any more.
const GONE: u16 = 410;

/// What messages are signed with; while one is replaced by another, with both.
#[derive(Clone)]
pub struct WebhookSecrets(Vec<Vec<u8>>);

impl fmt::Debug for WebhookSecrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} secrets", self.0.len())
    }
}

impl WebhookSecrets {
    /// From secrets of the form `whsec_…`.
    pub fn read<'a>(secrets: impl IntoIterator<Item = &'a str>) -> Result<Self, String> {
        let secrets = secrets.into_iter().map(|one| {
            let encoded = one.strip_prefix("whsec_").unwrap_or(one);
            let bytes = STANDARD.decode(encoded).unwrap_or_default();
            if bytes.len() < LEAST_SECRET {
                return Err(format!(
                    "WEBHOOK_SECRET holds `whsec_` and at least {LEAST_SECRET} bytes in Base64; \
                     `pytoon webhooks secret` makes one"
                ));
            }
            Ok(bytes)
        });
        Ok(Self(secrets.collect::<Result<_, _>>()?))
    }

    /// A new secret, made of this randomness.
    pub fn new_secret(random: &[u8; 32]) -> String {
        format!("whsec_{}", STANDARD.encode(random))
    }

    /// The signatures of a message, as its header wants them.
    fn sign(&self, id: &str, timestamp: u64, body: &str) -> String {
        let signatures = self.0.iter().filter_map(|secret| {
            let mut mac = Hmac::<Sha256>::new_from_slice(secret).ok()?;
            mac.update(format!("{id}.{timestamp}.{body}").as_bytes());
            Some(format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes())))
        });
        signatures.collect::<Vec<_>>().join(" ")
    }
}

/// Tells.
#[derive(Debug, Clone)]
pub struct WebhookSender {
    /// Where messages are.
    pub store: Arc<dyn WebhookStore>,
    /// How receivers are reached.
    pub http: PublicHttp,
    /// What messages are signed with.
    pub secrets: WebhookSecrets,
    /// How long an attempt may take.
    pub timeout: Duration,
    /// The pauses before a message is told again.
    pub pauses: Vec<Duration>,
    /// The time now, in seconds since 1970.
    pub clock: fn() -> u64,
    /// Set when the end is asked for.
    pub drain: CancelToken,
}

impl WebhookSender {
    /// Tells until the end is asked for. What is being told then is told again by another.
    pub async fn run(self) {
        let places = Arc::new(Semaphore::new(AT_ONCE));
        while !self.drain.is_cancelled() {
            let Ok(place) = places.clone().acquire_owned().await else { return };
            // Longer than an attempt takes: two do not tell at once.
            match self.store.webhook_claim(self.timeout * 2 + LOOK).await {
                Ok(Some(due)) => {
                    let sender = self.clone();
                    tokio::spawn(async move {
                        sender.tell(due).await;
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

    async fn tell(&self, due: DueWebhook) {
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
        // Where this cannot be written, it is told once more: at least once is what is promised.
        if let Err(error) = self.store.webhook_told(&due.id, due.token, told).await {
            unavailable("note a webhook", &error);
        }
    }

    fn outcome(&self, due: &DueWebhook, answer: Result<u16, String>, took: Duration) -> Told {
        let (status, error) = match answer {
            Ok(status) if (200..300).contains(&status) => (Some(status), None),
            Ok(status) => (Some(status), Some(format!("the receiver answered {status}"))),
            Err(reason) => (None, Some(reason)),
        };
        let pause = self.pauses.get(due.attempts as usize).copied();
        let retry_in = pause.filter(|_| error.is_some() && status != Some(GONE));
        Told { status, took, error, retry_in }
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
