//! OpenAI: speech without times, so that each sentence is a separate request.

use super::{
    CloudAdapter, HEALTH, HealthFuture, MadeAdapter, SPEAK, Scope, Speech, Unreadable, options,
    refusal_error,
};
use crate::tts::take::Take;
use pytoon_config::tts::CloudVoice;
use pytoon_vendor::errors::{self, Row};
use pytoon_vendor::http::{Call, Reply, VendorHttp};
use pytoon_vendor::replies::{prefix_code, text_at, vendor_message, with_key};
use pytoon_vendor::{Result, VendorErrorKind};
use serde::Deserialize;
use serde_json::{Value, json};

/// The limits of a request: its characters and speeds (`input` and `speed` in the vendor's specification).
pub(super) const SCOPE: Scope = Scope { most: 4096, gives_times: false, speeds: (0.25, 4.0) };
/// The sample rate of the vendor's raw samples, in hertz.
const RATE: u32 = 24_000;

#[derive(Debug)]
struct OpenAi {
    model: String,
    instructions: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Options {
    instructions: Option<String>,
}

/// Creates the adapter from a configuration block. Fails if the options are invalid.
pub(crate) fn adapter(settings: &CloudVoice) -> MadeAdapter {
    let Options { instructions } = options(settings)?;
    if instructions.is_some() && settings.model.starts_with("tts-1") {
        return Err(format!(
            "the model {} does not support instructions: remove them, or choose another model",
            settings.model
        ));
    }
    Ok(Box::new(OpenAi { model: settings.model.clone(), instructions }))
}

/// Returns the body of `POST /audio/speech`.
pub(super) fn body(model: &str, format: &str, speech: &Speech<'_>) -> Value {
    json!({
        "model": model,
        "input": speech.piece.text,
        "voice": speech.voice,
        "response_format": format,
        "speed": speech.speed,
    })
}

impl CloudAdapter for OpenAi {
    fn scope(&self) -> Scope {
        SCOPE
    }

    fn call(&self, http: &VendorHttp, speech: &Speech<'_>) -> Result<Call> {
        let mut body = body(&self.model, "pcm", speech);
        if let Some(instructions) = &self.instructions {
            body["instructions"] = json!(instructions);
        }
        with_key(http, Call::post(SPEAK, http.url("/audio/speech"), body), "Bearer ")
    }

    fn take(&self, reply: &Reply, _: &Speech<'_>) -> Result<Take, Unreadable> {
        // Samples have no header: a proxy's error page would be played as noise.
        let kind = reply.header("content-type").unwrap_or_default().to_lowercase();
        if kind.starts_with("text/") || kind.contains("json") || reply.body.starts_with(b"<") {
            return Err(Unreadable::Protocol);
        }
        if reply.body.starts_with(b"RIFF") {
            return Ok(Take::from_wav(&reply.body)?);
        }
        Ok(Take::from_pcm(RATE, &reply.body))
    }

    fn refusal(&self, reply: &Reply) -> (VendorErrorKind, Option<String>) {
        refusal(reply)
    }

    fn health<'a>(&'a self, http: &'a VendorHttp) -> HealthFuture<'a> {
        Box::pin(async move {
            let call = with_key(http, Call::get(HEALTH, http.url("/models")), "Bearer ")?;
            let reply = http.send(call).await?;
            if !reply.is_success() {
                return Err(refusal_error(http, self, &reply));
            }
            let json = reply.json().unwrap_or_default();
            let models = json["data"].as_array().map(Vec::as_slice).unwrap_or_default();
            let own = models.iter().find(|model| model["id"] == self.model.as_str());
            // Only models with an end date have it (specification, `Model.shutdown_date`).
            let end = own.and_then(|model| text_at(model, "/shutdown_date"));
            Ok(if let Some(end) = end {
                format!("model {}, which the vendor shuts down on {end}", self.model)
            } else if own.is_some() || models.is_empty() {
                format!("model {}", self.model)
            } else {
                format!("reachable; the account does not offer the model {}", self.model)
            })
        })
    }

    fn identity(&self) -> Value {
        json!(self.instructions)
    }
}

/// The error table for refused requests.
const REFUSALS: &[Row] = &[
    Row::at(
        "/error/code",
        &["insufficient_quota", "billing_hard_limit_reached"],
        VendorErrorKind::Quota,
    )
    .source("OpenAI's guide to error codes"),
    // The code may be null.
    Row::at("/error/type", &["insufficient_quota"], VendorErrorKind::Quota)
        .source("OpenAI's specification: all but message and type may be null"),
    Row::at(
        "/error/code",
        &["content_policy_violation", "moderation_blocked"],
        VendorErrorKind::Moderation,
    )
    .source("OpenAI's specification, codes of failed responses"),
];

/// Returns the error kind and the message of this vendor's refusal.
pub(crate) fn refusal(reply: &Reply) -> (VendorErrorKind, Option<String>) {
    let json = reply.json().unwrap_or_default();
    let code = text_at(&json, "/error/code").or_else(|| text_at(&json, "/error/type"));
    (errors::kind(REFUSALS, reply), prefix_code(code.unwrap_or_default(), vendor_message(reply)))
}
