//! Asks OpenAI's moderation endpoint before a prompt leaves for an engine (optional, free).

use crate::engine_manager::EngineSet;
use crate::http::{Call, VendorHttp};
use crate::{EngineError, EngineErrorKind};
use pytoon_config::engines::EngineConfig;
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};

/// A moderation service.
#[derive(Debug)]
pub(crate) struct ModerationClient {
    http: VendorHttp,
    model: String,
}

impl ModerationClient {
    /// The configured service; `None` when it is switched off or has no key.
    pub(crate) fn from_settings(engines: &EngineSet) -> Option<Self> {
        let settings = &engines.settings.moderation.service;
        if !settings.enabled {
            return None;
        }
        let key = engines.secrets().find(&settings.key_env).ok().flatten()?;
        pytoon_telemetry::register_secret(key.secret.expose_secret());
        let block = json!({ "base_url": settings.base_url, "request_timeout_ms": 8000 });
        let config: EngineConfig = serde_json::from_value(block).ok()?;
        let http = VendorHttp::new("moderation", &config, Some(key.secret)).ok()?;
        Some(Self { http, model: settings.model.clone() })
    }

    /// The categories that a prompt falls under; `None` when it is fine.
    pub(crate) async fn flagged(&self, prompt: &str) -> Result<Option<String>, EngineError> {
        const OPERATION: &str = "moderate a prompt";
        let body = json!({ "model": self.model, "input": prompt });
        let mut call = Call::post(OPERATION, self.http.url("/moderations"), body);
        if let Some(key) = self.http.key() {
            let bearer = format!("Bearer {}", key.expose_secret());
            call = call.secret_header("authorization", SecretString::from(bearer));
        }
        let reply = self.http.send(call).await?;
        if !reply.is_success() {
            let kind = VendorHttp::kind_of_status(reply.status);
            return Err(self.http.refusal(OPERATION, kind, &reply, None));
        }
        let value = reply.json().unwrap_or(Value::Null);
        let result = value.pointer("/results/0").ok_or_else(|| {
            EngineError::new(
                self.http.engine(),
                OPERATION,
                EngineErrorKind::Protocol,
                "the reply has no result",
            )
        })?;
        if result["flagged"] != json!(true) {
            return Ok(None);
        }
        let categories: Vec<&str> = result["categories"]
            .as_object()
            .into_iter()
            .flatten()
            .filter(|(_, flagged)| **flagged == json!(true))
            .map(|(name, _)| name.as_str())
            .collect();
        Ok(Some(if categories.is_empty() { "flagged".into() } else { categories.join(", ") }))
    }
}
