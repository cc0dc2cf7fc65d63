//! Paid transcripts by OpenAI. Like every paid call, they go through the ledger.
//!
//! Guarantees: nothing is bought twice ([`crate::paid`]); a reply is validated before it is stored; no message
//! contains the key.

use super::{TranscriberResult, check_text};
use crate::VoiceError;
use crate::language::two_letters;
use crate::paid::{PaidCall, PaidWork, StoredGoods};
use crate::tts::cloud::openai::refusal;
use pytoon_config::secrets::Key;
use pytoon_config::settings::TranscriptionService;
use pytoon_process::SystemError;
use pytoon_vendor::hash::bytes_hash;
use pytoon_vendor::http::{Address, Body, Call, Reply, VendorHttp};
use pytoon_vendor::replies::{paid_refusal_error, text_at, with_key};
use pytoon_vendor::{Accepted, Result, VendorError, VendorErrorKind};
use pytoon_vocabulary::MicroUsd;
use reqwest::Method;
use reqwest::multipart::{Form, Part};
use secrecy::ExposeSecret;
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::runtime::Handle;

/// The provider's name in the ledger and the log.
pub(super) const NAME: &str = "openai";
/// The operation, worded to follow "failed to …".
const WRITE_DOWN: &str = "transcribe the recording";
/// Maximum file size that the vendor's documentation allows, in bytes.
const MAX_FILE: usize = 25 << 20;
/// The model that reports the language in the format `verbose_json`.
const TELLS_LANGUAGE: &str = "whisper-1";

/// Whisper's names for languages, with their tags.
const LANGUAGES: [(&str, &str); 24] = [
    ("arabic", "ar"),
    ("chinese", "zh"),
    ("czech", "cs"),
    ("danish", "da"),
    ("dutch", "nl"),
    ("english", "en"),
    ("finnish", "fi"),
    ("french", "fr"),
    ("german", "de"),
    ("greek", "el"),
    ("hebrew", "he"),
    ("hindi", "hi"),
    ("hungarian", "hu"),
    ("indonesian", "id"),
    ("italian", "it"),
    ("japanese", "ja"),
    ("korean", "ko"),
    ("norwegian", "no"),
    ("polish", "pl"),
    ("portuguese", "pt"),
    ("russian", "ru"),
    ("spanish", "es"),
    ("swedish", "sv"),
    ("turkish", "tr"),
];

/// The transcription service of OpenAI.
#[derive(Debug)]
pub struct OpenAi {
    settings: TranscriptionService,
    key_id: String,
    http: VendorHttp,
    paid: Arc<PaidWork>,
    runtime: Handle,
}

/// A paid transcript.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Transcript {
    pub(crate) text: String,
    pub(crate) language: Option<String>,
    length_ms: f64,
}

impl StoredGoods for Transcript {
    const FOLDER: &'static str = "transcripts";
    const ENDING: &'static str = "json";

    fn to_bytes(&self) -> Vec<u8> {
        // Plain fields always serialise.
        serde_json::to_vec(self).unwrap_or_default()
    }

    fn from_bytes(bytes: &[u8]) -> Option<Self> {
        serde_json::from_slice(bytes).ok()
    }

    fn length_ms(&self) -> f64 {
        self.length_ms
    }
}

impl OpenAi {
    /// Creates the service and registers its key for redaction in the log. Fails if the service's URL is
    /// invalid.
    pub fn new(
        settings: &TranscriptionService,
        key: &Key,
        paid: Arc<PaidWork>,
        runtime: Handle,
    ) -> Result<Self, String> {
        pytoon_telemetry::register_secret(key.secret.expose_secret());
        let address = Address {
            base_url: &settings.base_url,
            allow_hosts: &settings.allow_hosts,
            request_timeout_ms: settings.request_timeout_ms,
        };
        let http = VendorHttp::new(NAME, address, Some(key.secret.clone()))?;
        let (settings, key_id) = (settings.clone(), key.fingerprint());
        Ok(Self { settings, key_id, http, paid, runtime })
    }

    /// Returns the transcript of a WAV file of the given length, either stored from an earlier purchase or bought
    /// now.
    pub(super) fn transcribe(
        &self,
        audio: &Path,
        length_ms: f64,
        language: Option<&str>,
    ) -> Result<TranscriberResult, VoiceError> {
        let bytes = std::fs::read(audio).map_err(|e| SystemError::read(audio, e))?;
        if bytes.len() > MAX_FILE {
            let (size, most) = (bytes.len().div_ceil(1 << 20), MAX_FILE >> 20);
            return Ok(Err(format!(
                "the recording has {size} MiB; the maximum is {most} MiB: shorten it"
            )));
        }
        let code = language.and_then(two_letters);
        let language = code.as_deref();
        let what = json!({
            "transcript": NAME,
            "audio": bytes_hash(&bytes),
            "model": self.settings.model,
            "language": language,
        });
        let order = PaidCall {
            provider: NAME,
            operation: WRITE_DOWN,
            hash: bytes_hash(what.to_string().as_bytes()),
            text: "(a recording)",
            key_id: &self.key_id,
            estimated: MicroUsd::from_usd(self.settings.price_per_minute_usd)
                .times_ceil(length_ms / 60_000.0),
            timeout: Duration::from_millis(self.settings.request_timeout_ms),
            backoff: &self.settings.backoff,
        };
        let buy = || self.buy(bytes.clone(), length_ms, language);
        match self.runtime.block_on(self.paid.buy(&order, &buy)) {
            Ok(transcript) => Ok(Ok((transcript.text, transcript.language))),
            Err(error) if error.kind == VendorErrorKind::Cancelled => {
                Err(SystemError::Cancelled.into())
            }
            // The caller prefixes the name of the service.
            Err(error) => Ok(Err(format!("failed to {}: {}", error.operation, error.message))),
        }
    }

    /// Makes the paid call that transcribes the recording.
    async fn buy(
        &self,
        audio: Vec<u8>,
        length_ms: f64,
        language: Option<&str>,
    ) -> Result<Transcript> {
        let file = Part::bytes(audio).file_name("voice.wav").mime_str("audio/wav");
        let file = file.map_err(|error| {
            let kind = VendorErrorKind::Internal;
            VendorError::new(NAME, WRITE_DOWN, kind, error.to_string())
        })?;
        let tells = self.settings.model == TELLS_LANGUAGE;
        let mut form = Form::new()
            .part("file", file)
            .text("model", self.settings.model.clone())
            .text("response_format", if tells { "verbose_json" } else { "json" });
        if let Some(language) = language {
            form = form.text("language", language.to_owned());
        }
        let url = self.http.url("/audio/transcriptions");
        let call = Call { body: Body::Form(form), ..Call::new(WRITE_DOWN, Method::POST, url) };
        let reply = self.http.send(with_key(&self.http, call, "Bearer ")?.mark_paid()).await?;
        read_transcript(&self.http, &reply, length_ms)
    }
}

/// Parses the transcript in the reply to the paid call, or returns the error.
pub(crate) fn read_transcript(
    http: &VendorHttp,
    reply: &Reply,
    length_ms: f64,
) -> Result<Transcript> {
    if !reply.is_success() {
        let (kind, said) = refusal(reply);
        return Err(paid_refusal_error(http, WRITE_DOWN, kind, reply, said.as_deref()));
    }
    let delivered = |accepted, kind, what: &str| {
        VendorError::new(NAME, WRITE_DOWN, kind, what).with_accepted(accepted)
    };
    let json = reply.json().unwrap_or_default();
    let Some(text) = text_at(&json, "/text").map(str::trim) else {
        // The answer is not the vendor's, so it is unknown if the transcript was bought.
        let what = "the reply contains no text";
        return Err(delivered(Accepted::Maybe, VendorErrorKind::Protocol, what));
    };
    check_text(text).map_err(|what| delivered(Accepted::Yes, VendorErrorKind::BadOutput, &what))?;
    // Newer models report the codes of all languages that they heard.
    let told = text_at(&json, "/language").or_else(|| text_at(&json, "/languages/0/code"));
    let language = told.and_then(tag);
    Ok(Transcript { text: text.to_owned(), language, length_ms })
}

/// Returns the tag of a language from its English name or its tag, or `None` if the language is unknown.
fn tag(name: &str) -> Option<String> {
    let name = name.to_lowercase();
    let known = LANGUAGES.iter().find(|(long, tag)| *long == name || *tag == name);
    known.map(|(_, tag)| (*tag).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn languages_become_tags() {
        assert_eq!(tag("English").as_deref(), Some("en"));
        assert_eq!(tag("de").as_deref(), Some("de"));
        assert_eq!(tag("klingon"), None);
    }

    #[test]
    fn what_is_kept_is_read_again() {
        let kept = Transcript { text: "a".into(), language: Some("en".into()), length_ms: 1500.0 };
        assert_eq!(Transcript::from_bytes(&kept.to_bytes()), Some(kept));
        assert_eq!(Transcript::from_bytes(b"{\"text\":"), None);
    }
}
