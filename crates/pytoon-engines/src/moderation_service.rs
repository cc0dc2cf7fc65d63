//! Checks a prompt with OpenAI's moderation endpoint before it is sent to an engine (optional, free).

use crate::http::{Address, Call, VendorHttp};
use crate::{Result, VendorError, VendorErrorKind};
use pytoon_config::engines::ModerationService;
use pytoon_config::secrets::Secrets;
use pytoon_telemetry::Event;
use pytoon_vendor::replies::with_key;
use secrecy::ExposeSecret;
use serde_json::json;

/// The request timeout of the moderation endpoint, in milliseconds.
const PATIENCE_MS: u64 = 8000;

/// A client for the moderation service.
#[derive(Debug)]
pub(crate) struct ModerationClient {
    http: VendorHttp,
    model: String,
}

impl ModerationClient {
    /// Creates a client for the configured service. Returns `None` if the service is disabled, and logs a warning and
    /// returns `None` if it is unusable.
    pub(crate) fn from_settings(settings: &ModerationService, secrets: &Secrets) -> Option<Self> {
        if !settings.enabled {
            return None;
        }
        let key = match secrets.find(&settings.key_env) {
            Ok(Some(key)) => key,
            Ok(None) => return warn_unusable(&format!("set {}", settings.key_env.join(" or "))),
            Err(error) => return warn_unusable(&error.to_string()),
        };
        pytoon_telemetry::register_secret(key.secret.expose_secret());
        let base_url = &settings.base_url;
        let address = Address { base_url, allow_hosts: &[], request_timeout_ms: PATIENCE_MS };
        match VendorHttp::new("moderation", address, Some(key.secret)) {
            Ok(http) => Some(Self { http, model: settings.model.clone() }),
            Err(reason) => warn_unusable(&format!("base_url: {reason}")),
        }
    }

    /// Returns the categories in which the service flags the prompt, or `flagged` if it names none; `None` if it does
    /// not flag the prompt.
    pub(crate) async fn flagged_categories(&self, prompt: &str) -> Result<Option<String>> {
        const OPERATION: &str = "check a prompt";
        let body = json!({ "model": self.model, "input": prompt });
        let call = Call::post(OPERATION, self.http.url("/moderations"), body);
        let reply = self.http.send(with_key(&self.http, call, "Bearer ")?).await?;
        if !reply.is_success() {
            let kind = VendorHttp::kind_of_status(reply.status);
            return Err(self.http.refusal(OPERATION, kind, &reply, None));
        }
        let value = reply.json().unwrap_or_default();
        let result = value.pointer("/results/0").ok_or_else(|| {
            let kind = VendorErrorKind::Protocol;
            VendorError::new(self.http.engine(), OPERATION, kind, "the reply has no result")
        })?;
        if result["flagged"] != json!(true) {
            return Ok(None);
        }
        let categories = result["categories"].as_object().into_iter().flatten();
        let flagged = categories.filter(|(_, flagged)| **flagged == json!(true));
        let categories: Vec<&str> = flagged.map(|(name, _)| name.as_str()).collect();
        Ok(Some(if categories.is_empty() { "flagged".into() } else { categories.join(", ") }))
    }
}

/// Warns that the configured moderation service is enabled but unusable. Returns `None`.
fn warn_unusable(reason: &str) -> Option<ModerationClient> {
    let detail = format!("the moderation service is enabled but cannot be used: {reason}");
    Event::Warning { detail: &detail }.emit();
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use pytoon_config::engines::EngineConfig;
    use secrecy::SecretString;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    /// Starts a server that responds to one request with this body. Returns a client of the server, and a handle that
    /// returns the request.
    async fn answer(body: &str) -> (ModerationClient, tokio::task::JoinHandle<String>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("listens");
        let address = listener.local_addr().expect("address");
        let reply = format!(
            "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
            body.len()
        );
        let server = tokio::spawn(async move {
            let (mut socket, _) = listener.accept().await.expect("accepts");
            let mut heard = vec![0; 4096];
            let count = socket.read(&mut heard).await.expect("reads");
            socket.write_all(reply.as_bytes()).await.expect("writes");
            String::from_utf8_lossy(&heard[..count]).into_owned()
        });
        let block = json!({ "base_url": format!("http://{address}/v1") });
        let config: EngineConfig = serde_json::from_value(block).expect("block");
        let key = SecretString::from("a-moderation-key".to_owned());
        let http = VendorHttp::new("moderation", &config, Some(key)).expect("client");
        (ModerationClient { http, model: "omni-moderation-latest".into() }, server)
    }

    #[tokio::test]
    async fn what_the_service_flags_is_named() {
        let body = r#"{"results":[{"flagged":true,"categories":{"violence":true,"hate":false}}]}"#;
        let (client, server) = answer(body).await;
        assert_eq!(
            client.flagged_categories("a brawl").await.expect("answers").as_deref(),
            Some("violence")
        );
        let heard = server.await.expect("runs").to_lowercase();
        assert!(heard.starts_with("post /v1/moderations"), "{heard}");
        assert!(heard.contains("bearer a-moderation-key"), "{heard}");
    }

    #[tokio::test]
    async fn what_it_does_not_flag_may_leave_and_nonsense_is_an_error() {
        let (client, _server) = answer(r#"{"results":[{"flagged":false,"categories":{}}]}"#).await;
        assert_eq!(client.flagged_categories("a cup").await.expect("answers"), None);
        let (client, _server) = answer("[]").await;
        assert!(client.flagged_categories("a cup").await.is_err());
    }
}
