//! Code that all voice services and servers share.
//!
//! Guarantees: nothing is bought twice ([`crate::paid`]); a reply is validated before it is stored; no message
//! contains a key; a cancellation takes effect within a moment.
//!
//! An adapter (`CloudAdapter`) only translates: it builds one request and parses one reply. It does not wait, retry,
//! store or judge. A service is paid through the ledger; a speech server of the user is free and leaves no row there
//! (`free`).
//!
//! Start with [`Cloud`].

pub(crate) mod compatible;
pub(crate) mod elevenlabs;
mod free;
pub(crate) mod google;
pub(crate) mod openai;

use super::cut;
use super::piece::{Limit, Piece, pieces};
use super::take::{Take, WavProblem};
use super::{Guarded, Quote, SpokenSentence, TtsProvider, TtsRequest, VoiceUsed};
use crate::paid::{PaidCall, PaidWork};
use crate::spoken::SpokenText;
use crate::{Result, VoiceError};
use base64::Engine as _;
use pytoon_config::secrets::Key;
use pytoon_config::tts::CloudVoice;
use pytoon_process::{CancelToken, SystemError};
use pytoon_vendor::hash::bytes_hash;
use pytoon_vendor::http::{Address, Call, MAX_SOUND, Reply, VendorHttp};
use pytoon_vendor::replies::{paid_refusal_error, text_at};
use pytoon_vendor::{Accepted, VendorError, VendorErrorKind};
use pytoon_vocabulary::MicroUsd;
use serde_json::{Value, json};
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::runtime::Handle;
use tokio::sync::Semaphore;

/// The operation, worded to follow "failed to …".
pub(crate) const SPEAK: &str = "speak";
pub(crate) const HEALTH: &str = "pass the health check";
/// The timeout of a health check.
const HEALTH_PATIENCE: Duration = Duration::from_secs(15);

/// The boxed future of a health check.
pub(crate) type HealthFuture<'a> =
    Pin<Box<dyn Future<Output = Result<String, VendorError>> + Send + 'a>>;

/// One speech request to an adapter.
#[derive(Debug, Clone)]
pub(crate) struct Speech<'a> {
    pub(crate) piece: &'a Piece,
    /// The text before the text to speak, which guides the tone.
    pub(crate) before: &'a str,
    pub(crate) after: &'a str,
    /// The language, a BCP 47 tag.
    pub(crate) language: &'a str,
    pub(crate) voice: &'a str,
    /// The speed, within the vendor's range.
    pub(crate) speed: f64,
}

/// The limits of a vendor's requests, and the properties of its replies.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Scope {
    /// Maximum size of a request, in the unit of [`CloudAdapter::size`].
    pub(crate) most: usize,
    /// True if the vendor returns word times, so that one request can contain several sentences.
    pub(crate) gives_times: bool,
    /// The slowest and the fastest accepted speed, relative to the voice's normal speed.
    pub(crate) speeds: (f64, f64),
}

/// The protocol of one vendor.
pub(crate) trait CloudAdapter: std::fmt::Debug + Send + Sync {
    /// Returns the limits of requests and the properties of replies.
    fn scope(&self) -> Scope;
    /// Returns the size of a sentence within a request, including the separator to the next one. The unit is
    /// characters, unless the vendor counts otherwise.
    fn size(&self, text: &SpokenText) -> usize {
        text.text.chars().count()
    }
    /// Builds the speech call to the vendor.
    fn call(&self, http: &VendorHttp, speech: &Speech<'_>) -> Result<Call, VendorError>;
    /// Parses the take in a 2xx reply, or returns its fault.
    fn take(&self, reply: &Reply, speech: &Speech<'_>) -> Result<Take, Unreadable>;
    /// Returns the error kind and the message of a refusal.
    fn refusal(&self, reply: &Reply) -> (VendorErrorKind, Option<String>);
    /// Checks the health of the service, free of charge.
    fn health<'a>(&'a self, http: &'a VendorHttp) -> HealthFuture<'a>;
    /// Returns further inputs, apart from voice, model and speed, that distinguish requests with equal texts.
    fn identity(&self) -> Value {
        Value::Null
    }
}

/// An adapter, or the fault in its options.
pub(crate) type MadeAdapter = Result<Box<dyn CloudAdapter>, String>;

/// An error from parsing a 2xx reply that contains no usable take.
#[derive(Debug)]
pub(crate) enum Unreadable {
    /// The reply does not match the vendor's documentation.
    Protocol,
    /// The audio in the reply is unusable.
    Sound(String),
    /// This machine could not decode the audio, although it may be intact.
    Machine(SystemError),
}

impl From<WavProblem> for Unreadable {
    fn from(problem: WavProblem) -> Self {
        Self::Sound(problem.to_string())
    }
}

/// Decodes the base64 audio at a JSON pointer.
fn sound_at(json: &Value, pointer: &str) -> Result<Vec<u8>, Unreadable> {
    let audio = text_at(json, pointer).ok_or(Unreadable::Protocol)?;
    let bytes = base64::engine::general_purpose::STANDARD.decode(audio);
    bytes.map_err(|_| Unreadable::Sound("the audio in the reply is not base64".into()))
}

/// A service or a server that synthesizes speech.
#[derive(Debug, Clone)]
pub struct Cloud(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    name: Arc<str>,
    settings: CloudVoice,
    /// An identifier of the account or server, without the key. Each account has its own breaker.
    account: String,
    http: VendorHttp,
    adapter: Box<dyn CloudAdapter>,
    payment: Payment,
    runtime: Handle,
    places: Semaphore,
}

/// The payment method of a provider.
#[derive(Debug)]
pub(crate) enum Payment {
    /// A paid service. Before each call, a row is written to the ledger under the fingerprint of the key.
    Ledger { paid: Arc<PaidWork>, key_id: String },
    /// A free server that belongs to the user.
    Free { cancel: CancelToken },
}

/// An invalid field of a provider's configuration block, with the reason.
pub type Problem = (String, String);

impl Cloud {
    async fn speak_all(self, job: Job) -> Result<Vec<(Piece, Take)>, VendorError> {
        let job = Arc::new(job);
        let mut running = tokio::task::JoinSet::new();
        for index in 0..job.pieces.len() {
            let (inner, job) = (self.0.clone(), job.clone());
            running.spawn(async move { (index, inner.speak_piece(&job, index).await) });
        }
        let mut takes: Vec<Option<Take>> = job.pieces.iter().map(|_| None).collect();
        let mut failed = None;
        while let Some(ended) = running.join_next().await {
            match ended {
                Ok((index, Ok(take))) => takes[index] = Some(take),
                Ok((_, Err(error))) => {
                    // No further piece begins; those in flight are paid for and are kept.
                    job.stopped.store(true, Ordering::Relaxed);
                    failed.get_or_insert(error);
                }
                Err(_) => {
                    let message = "a request ended unexpectedly";
                    failed.get_or_insert(self.0.error(VendorErrorKind::Internal, message));
                }
            }
        }
        match failed {
            Some(error) => Err(error),
            None => Ok(job.pieces.iter().cloned().zip(takes.into_iter().flatten()).collect()),
        }
    }
}

/// The settings, key and adapter from which a provider is built.
pub(crate) struct Parts<'a> {
    pub(crate) name: &'a str,
    pub(crate) settings: CloudVoice,
    pub(crate) key: Option<&'a Key>,
    pub(crate) adapter: Box<dyn CloudAdapter>,
    pub(crate) payment: Payment,
    pub(crate) runtime: Handle,
}

impl Parts<'_> {
    /// Builds the provider.
    ///
    /// # Errors
    /// Returns the invalid field and the reason.
    pub(crate) fn build(self) -> Result<Cloud, Problem> {
        let address = Address {
            base_url: &self.settings.base_url,
            allow_hosts: &self.settings.allow_hosts,
            request_timeout_ms: self.settings.request_timeout_ms,
        };
        let http = VendorHttp::new(self.name, address, self.key.map(|key| key.secret.clone()))
            .map_err(|reason| ("base_url".to_owned(), reason))?;
        let key_id = self.key.map(Key::fingerprint).unwrap_or_default();
        let account = format!("{key_id} {}", self.settings.base_url);
        Ok(Cloud(Arc::new(Inner {
            name: self.name.into(),
            account: bytes_hash(account.as_bytes()),
            http,
            adapter: self.adapter,
            payment: self.payment,
            runtime: self.runtime,
            places: Semaphore::new(self.settings.max_concurrent as usize),
            settings: self.settings,
        })))
    }
}

/// A request to speak, split into requests to the vendor.
struct Job {
    pieces: Vec<Piece>,
    language: String,
    voice: String,
    speed: f64,
    /// True once a request to the vendor has failed. No other request starts after that.
    stopped: AtomicBool,
}

impl Inner {
    fn error(&self, kind: VendorErrorKind, message: impl Into<String>) -> VendorError {
        VendorError::new(&self.name, SPEAK, kind, message)
    }

    fn voice_error(&self, error: VendorError) -> VoiceError {
        VoiceError::vendor(self.name.clone(), error)
    }

    fn voice(&self, request: &TtsRequest) -> String {
        let own = || self.settings.voice_for(&request.language).to_owned();
        request.voice.clone().unwrap_or_else(own)
    }

    fn job(&self, request: &TtsRequest) -> Result<Job> {
        let (slowest, fastest) = self.adapter.scope().speeds;
        Ok(Job {
            pieces: self.pieces(request)?,
            language: request.language.clone(),
            voice: self.voice(request),
            speed: (self.settings.speed * request.speed).clamp(slowest, fastest),
            stopped: AtomicBool::new(false),
        })
    }

    fn pieces(&self, request: &TtsRequest) -> Result<Vec<Piece>> {
        let scope = self.adapter.scope();
        let size = |text: &SpokenText| self.adapter.size(text);
        let limit = Limit {
            most: self.settings.max_characters.map_or(scope.most, |own| own.min(scope.most)),
            size: &size,
            one_by_one: !scope.gives_times,
        };
        pieces(&request.sentences, &limit).map_err(|word| {
            let begins: String = word.0.chars().take(20).collect();
            let reason = format!("the word `{begins}…` is too long for one request: shorten it");
            VoiceError::CannotSpeak { provider: self.name.clone(), reason }
        })
    }

    async fn speak_piece(&self, job: &Job, index: usize) -> Result<Take, VendorError> {
        // The semaphore is never closed.
        let _place = self.places.acquire().await;
        if job.stopped.load(Ordering::Relaxed) {
            return Err(self.error(
                VendorErrorKind::Undecided,
                "the request was not sent, because another request of the script failed",
            ));
        }
        let speech = self.speech(job, index);
        match &self.payment {
            Payment::Ledger { paid, key_id } => {
                paid.buy(&self.order(&speech, key_id), &|| self.buy(&speech)).await
            }
            Payment::Free { cancel } => {
                free::call_with_retries(&self.name, &self.settings.backoff, cancel, &|| {
                    self.buy(&speech)
                })
                .await
            }
        }
    }

    /// Returns the cost of the requests whose takes are not stored yet, or `None` if all are stored or the provider
    /// is free.
    async fn missing(&self, job: &Job) -> Result<Option<MicroUsd>, VendorError> {
        let Payment::Ledger { paid, key_id } = &self.payment else { return Ok(None) };
        let mut missing = None;
        for index in 0..job.pieces.len() {
            let order = self.order(&self.speech(job, index), key_id);
            if paid.find_kept::<Take>(&order).await?.is_none() {
                missing = Some(missing.unwrap_or(MicroUsd::ZERO) + order.estimated);
            }
        }
        Ok(missing)
    }

    fn speech<'a>(&self, job: &'a Job, index: usize) -> Speech<'a> {
        let piece = &job.pieces[index];
        let neighbour = |index: Option<usize>| {
            index.and_then(|index| job.pieces.get(index)).map_or("", |piece| piece.text.as_str())
        };
        Speech {
            piece,
            before: neighbour(index.checked_sub(1)),
            after: neighbour(Some(index + 1)),
            language: &job.language,
            voice: &job.voice,
            speed: job.speed,
        }
    }

    fn order<'a>(&'a self, speech: &Speech<'a>, key_id: &'a str) -> PaidCall<'a> {
        PaidCall {
            provider: &self.name,
            operation: SPEAK,
            hash: self.hash(speech),
            text: &speech.piece.text,
            key_id,
            estimated: self.price(&speech.piece.text),
            timeout: Duration::from_millis(self.settings.request_timeout_ms),
            backoff: &self.settings.backoff,
        }
    }

    /// Returns the request hash of one request to the vendor. The hash omits the neighbouring text, which
    /// only affects the tone, so that one changed sentence leads to the purchase of one request.
    fn hash(&self, speech: &Speech<'_>) -> String {
        let what = json!({
            "tts": &*self.name,
            "text": speech.piece.text,
            "starts": speech.piece.parts.iter().map(|part| part.begins).collect::<Vec<_>>(),
            "language": speech.language,
            "voice": speech.voice,
            "speed": speech.speed,
            "model": self.settings.model,
            "more": self.adapter.identity(),
        });
        bytes_hash(what.to_string().as_bytes())
    }

    fn price(&self, text: &str) -> MicroUsd {
        MicroUsd::from_usd(self.settings.price_per_1000_characters_usd)
            .times_ceil(text.chars().count() as f64 / 1000.0)
    }

    /// Makes one speech call, paid or free, and returns the take in its reply after validation.
    async fn buy(&self, speech: &Speech<'_>) -> Result<Take, VendorError> {
        let call = self.adapter.call(&self.http, speech)?;
        let paid = matches!(self.payment, Payment::Ledger { .. });
        let call = Call { largest_reply: MAX_SOUND, paid, ..call };
        let reply = self.http.send(call).await?;
        read_take(&self.name, &self.http, self.adapter.as_ref(), &reply, speech)
    }
}

/// Parses the take in the reply to a speech call, or returns the error.
pub(crate) fn read_take(
    name: &str,
    http: &VendorHttp,
    adapter: &dyn CloudAdapter,
    reply: &Reply,
    speech: &Speech<'_>,
) -> Result<Take, VendorError> {
    if !reply.is_success() {
        let (kind, said) = adapter.refusal(reply);
        return Err(paid_refusal_error(http, SPEAK, kind, reply, said.as_deref()));
    }
    let delivered = |kind, message: String| {
        VendorError::new(name, SPEAK, kind, http.redact(&message)).with_accepted(Accepted::Yes)
    };
    let take = adapter.take(reply, speech).map_err(|problem| match problem {
        // The answer is not the vendor's, so it is unknown if the take was bought.
        Unreadable::Protocol => {
            let kind = VendorErrorKind::Protocol;
            http.refusal(SPEAK, kind, reply, None).with_accepted(Accepted::Maybe)
        }
        Unreadable::Sound(reason) => delivered(VendorErrorKind::BadOutput, reason),
        Unreadable::Machine(error) => {
            delivered(VendorErrorKind::Internal, error.to_string()).short_of(error.shortage())
        }
    })?;
    match take.problem(&speech.piece.text, speech.speed) {
        Some(reason) => Err(delivered(VendorErrorKind::BadOutput, reason)),
        None => Ok(take),
    }
}

impl TtsProvider for Cloud {
    fn name(&self) -> &str {
        &self.0.name
    }

    fn quote(&self, request: &TtsRequest) -> Result<Option<Quote>> {
        let inner = &self.0;
        let job = inner.job(request)?;
        let missing = inner.runtime.block_on(inner.missing(&job));
        let missing = missing.map_err(|error| inner.voice_error(error))?;
        let provider = inner.name.to_string();
        Ok(missing.map(|estimated| Quote { provider, estimated }))
    }

    fn speak(&self, request: &TtsRequest) -> Result<Vec<SpokenSentence>> {
        let inner = &self.0;
        let job = inner.job(request)?;
        let spoken = inner.runtime.block_on(self.clone().speak_all(job));
        let spoken = spoken.map_err(|error| match error.kind {
            // A voice requested by name that does not exist is an error of the brief.
            VendorErrorKind::InvalidRequest if request.voice.is_some() => {
                VoiceError::Refused { provider: inner.name.clone(), reason: error.message }
            }
            _ => inner.voice_error(error),
        })?;
        cut::sentences(&request.sentences, &spoken)
    }

    fn voice_used(&self, request: &TtsRequest) -> Option<VoiceUsed> {
        Some(VoiceUsed { name: self.0.voice(request), licence: None, language: None })
    }

    fn health_check(&self) -> Result<String> {
        let inner = &self.0;
        let asked = inner.runtime.block_on(async {
            let asked = inner.adapter.health(&inner.http);
            tokio::time::timeout(HEALTH_PATIENCE, asked).await.unwrap_or_else(|_| {
                let message = format!("no reply within {} s", HEALTH_PATIENCE.as_secs());
                Err(VendorError::new(&inner.name, HEALTH, VendorErrorKind::Timeout, message))
            })
        });
        asked.map_err(|error| inner.voice_error(error))
    }

    fn is_local(&self) -> bool {
        matches!(self.0.payment, Payment::Free { .. })
    }

    fn guarded_account(&self) -> Option<Guarded<'_>> {
        let inner = &self.0;
        Some(Guarded { breaker: &inner.settings.breaker, account: &inner.account })
    }

    fn is_kept(&self, request: &TtsRequest) -> bool {
        let inner = &self.0;
        let nothing_missing =
            |job: Job| matches!(inner.runtime.block_on(inner.missing(&job)), Ok(None));
        !self.is_local() && inner.job(request).is_ok_and(nothing_missing)
    }
}

/// Parses the options of a configuration block as the adapter's own type.
fn options<T: serde::de::DeserializeOwned>(settings: &CloudVoice) -> Result<T, String> {
    let options = Value::Object(settings.options.clone());
    serde_json::from_value(options).map_err(|error| error.to_string())
}

/// Returns the error of a health check that the server refused.
fn refusal_error(http: &VendorHttp, adapter: &dyn CloudAdapter, reply: &Reply) -> VendorError {
    let (kind, said) = adapter.refusal(reply);
    http.refusal(HEALTH, kind, reply, said.as_deref())
}
