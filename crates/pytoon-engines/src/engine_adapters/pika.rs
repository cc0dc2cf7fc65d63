//! Pika, through fal's queue.
//!
//! Guarantees: the key goes to the hosts that the configuration names and to no other, whatever
//! address a reply holds; a completed task is only a success once its result was read; refused
//! content is told by its type, never by its message.
//!
//! The queue's status, result and cancel addresses are not derived from the address of the
//! submission: they are taken from its reply, and stored with the task.
//!
//! The vendor's own papers disagree on whether `duration` is a number or a text: a number is
//! sent, and a refusal of exactly that field is answered with the text. A refusal at the door
//! buys nothing, so nothing is paid twice.
//!
//! Start with [`Pika`].

use super::common::{self, CANCEL, HEALTH, POLL, Picture, SUBMIT, UPLOAD};
use super::{AdapterParts, OptionProblem, read_options};
use crate::adapter::{
    Cancelled, Capabilities, Durations, EngineFuture, EngineHealth, ExternalEngineAdapter,
    GenerateRequest, GeneratedClip, ImageInput, Offer, Output, Prepared, PromptUnit, Task,
    TaskState,
};
use crate::http::{Body, Call, DownloadLimits, Reply, VendorHttp};
use crate::{VendorError, VendorErrorKind};
use pytoon_vendor::errors::{self, Place, Row};
use pytoon_vendor::replies::MODERATION_WORDS;
use pytoon_vocabulary::MicroUsd;
use reqwest::Method;
use serde::Deserialize;
use serde_json::{Value, json};
use std::path::Path;
use std::sync::Arc;
use url::Url;

/// The shapes without a picture, the vertical one first. With one, the picture's is kept.
const RATIOS: &[(u32, u32)] = &[(9, 16), (16, 9), (1, 1), (4, 5), (5, 4), (3, 2), (2, 3)];
/// The vendor states no limit; longer prompts than this were never meant as one.
const MAX_PROMPT: usize = 2000;
/// The vendor states no limit either.
const MAX_UPLOAD: u64 = 20_000_000;

/// The engine's own settings.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Options {
    /// The generation of the model.
    #[serde(default = "version")]
    version: String,
    /// The frame's shorter side.
    resolution: Resolution,
    /// Where pictures are uploaded.
    upload_url: String,
    /// Where the account is asked after.
    account_url: String,
}

fn version() -> String {
    "v2.2".to_owned()
}

#[derive(Debug, Clone, Copy, Deserialize)]
enum Resolution {
    #[serde(rename = "720p")]
    P720,
    #[serde(rename = "1080p")]
    P1080,
}

impl Resolution {
    fn as_str(self) -> &'static str {
        match self {
            Self::P720 => "720p",
            Self::P1080 => "1080p",
        }
    }
}

/// The adapter.
#[derive(Debug)]
pub(super) struct Pika {
    http: VendorHttp,
    capabilities: Capabilities,
    limits: DownloadLimits,
    model: String,
    version: String,
    resolution: Resolution,
    upload_url: Url,
    account_url: Url,
    allow_hosts: Vec<String>,
}

impl Pika {
    /// Makes the adapter from its block.
    pub(super) fn try_new(
        parts: &AdapterParts<'_>,
    ) -> Result<Arc<dyn ExternalEngineAdapter>, OptionProblem> {
        let options: Options = read_options(parts.config)?;
        let is_plain = |c: char| c.is_ascii_alphanumeric() || c == '.';
        if options.version.is_empty() || !options.version.chars().all(is_plain) {
            return Err(OptionProblem::new("options.version", "it is a name such as `v2.2`"));
        }
        Ok(Arc::new(Self {
            http: parts.http.clone(),
            capabilities: capabilities(),
            limits: common::download_limits(parts.config),
            model: format!("/fal-ai/pika/{}", options.version),
            version: options.version,
            resolution: options.resolution,
            upload_url: address(&options.upload_url, "options.upload_url")?,
            account_url: address(&options.account_url, "options.account_url")?,
            allow_hosts: parts.config.allow_hosts.iter().map(|host| host.to_lowercase()).collect(),
        }))
    }

    /// Whether the key may go to an address: the hosts that the configuration names.
    fn is_own(&self, url: &Url) -> bool {
        let same = |other: &Url| {
            url.scheme() == other.scheme()
                && url.host_str() == other.host_str()
                && url.port_or_known_default() == other.port_or_known_default()
        };
        let base = self.http.url("/");
        let allowed = || {
            let host = url.host_str().unwrap_or_default().to_lowercase();
            url.scheme() == base.scheme() && self.allow_hosts.contains(&host)
        };
        same(&base) || same(&self.upload_url) || same(&self.account_url) || allowed()
    }

    fn call(&self, call: Call) -> Result<Call, VendorError> {
        if !self.is_own(&call.url) {
            let message = "the vendor named an address of somebody else's";
            return Err(VendorError::new(
                self.name(),
                call.operation,
                VendorErrorKind::Protocol,
                message,
            ));
        }
        common::with_key(&self.http, call, "Key ")
    }

    /// An address of the task: the one in the submission's reply, where it is the vendor's own.
    fn task_url(&self, task: &Task, name: &str, tail: &str) -> Url {
        common::address_at(&task.data, &format!("/{name}"))
            .filter(|url| self.is_own(url))
            .unwrap_or_else(|| {
                let id = common::segment(&task.id);
                self.http.url(&format!("/fal-ai/pika/requests/{id}{tail}"))
            })
    }

    async fn upload(&self, path: &Path) -> Result<String, VendorError> {
        let picture = Picture::read(self.name(), path, MAX_UPLOAD).await?;
        let mut url = below(&self.upload_url, "/storage/upload/initiate");
        url.set_query(Some("storage_type=fal-cdn-v3"));
        let wanted =
            json!({ "content_type": picture.media_type, "file_name": picture.file_name() });
        let reply = self.http.send(self.call(Call::post(UPLOAD, url, wanted))?).await?;
        if !reply.is_success() {
            return Err(common::refused(&self.http, UPLOAD, &reply));
        }
        let unreadable = || self.http.refusal(UPLOAD, VendorErrorKind::Protocol, &reply, None);
        let json = reply.json().ok_or_else(unreadable)?;
        let target = common::address_at(&json, "/upload_url").ok_or_else(unreadable)?;
        let address = common::text_at(&json, "/file_url").ok_or_else(unreadable)?;
        // The address is signed: the key stays here.
        let mut call = Call::new(UPLOAD, Method::PUT, target);
        call.body = Body::Bytes(picture.bytes, picture.media_type);
        let stored = self.http.send(call).await?;
        if !stored.is_success() {
            return Err(common::refused(&self.http, UPLOAD, &stored));
        }
        Ok(address.to_owned())
    }

    async fn submit_body(&self, path: &str, body: Value) -> Result<Reply, VendorError> {
        let call = Call::post(SUBMIT, self.http.url(path), body);
        self.http.send(self.call(call)?.paid()).await
    }

    async fn result(&self, task: &Task) -> Result<TaskState, VendorError> {
        let url = self.task_url(task, "response_url", "");
        let reply = self.http.send(self.call(Call::get(POLL, url))?).await?;
        let json = reply.json();
        if reply.is_success() {
            let json = json.ok_or_else(|| common::unreadable_poll(&self.http, &reply))?;
            return Ok(match common::text_at(&json, "/video/url") {
                Some(url) => TaskState::Succeeded {
                    output: Output { url: url.to_owned(), credit: None },
                    cost: None,
                },
                None => common::no_clip(&self.http, "it completed without a clip", None),
            });
        }
        let said = common::said(&reply).unwrap_or_else(|| "no reason".to_owned());
        let message = format!("HTTP {}: {said}", reply.status);
        let failed = |kind| common::task_failed(&self.http, kind, &message);
        Ok(TaskState::Failed(match reply.status {
            400 | 413 | 422 => failed(match errors::known(REFUSALS, &reply) {
                Some(kind) => kind,
                None => VendorErrorKind::InvalidRequest,
            }),
            // The outcome is unknown and may be billed: do not poll again, do not buy again.
            409 | 499 => failed(VendorErrorKind::Lost),
            // The task's own end is marked as such; any other is the gateway's, and passes.
            500..=599 if is_marked(&reply, json.as_ref()) => {
                let kind = errors::known(FAILURES, &reply).unwrap_or(VendorErrorKind::Server);
                // The vendor does not bill failures of its own.
                failed(kind).charged(Some(MicroUsd::ZERO))
            }
            _ => return common::refused_poll(&self.http, &reply),
        }))
    }
}

/// Error table for refused requests.
const REFUSALS: &[Row] = &[
    Row {
        statuses: &[],
        place: Place::Each("/detail", "/type"),
        words: &["content_policy_violation"],
        kind: VendorErrorKind::Moderation,
        source: "fal docs, model-apis/errors",
    },
    Row {
        statuses: &[],
        place: Place::At("/error_type"),
        words: &["content_policy_violation"],
        kind: VendorErrorKind::Moderation,
        source: "fal docs, model-apis/request-errors",
    },
    Row {
        // A detail that is a plain text.
        statuses: &[400, 422],
        place: Place::Message,
        words: MODERATION_WORDS,
        kind: VendorErrorKind::Moderation,
        source: "fal docs: the type decides where there is one; the words are inferred",
    },
    Row {
        statuses: &[403],
        place: Place::Message,
        words: &["balance", "locked"],
        kind: VendorErrorKind::Quota,
        source: "a locked account as it answers; not documented",
    },
];

/// How a task ended by its result's error.
const FAILURES: &[Row] = &[
    Row {
        statuses: &[],
        place: Place::Each("/detail", "/type"),
        words: &["generation_timeout", "request_timeout", "startup_timeout"],
        kind: VendorErrorKind::Timeout,
        source: "fal docs, model-apis/errors",
    },
    Row {
        statuses: &[],
        place: Place::At("/error_type"),
        words: &["request_timeout", "startup_timeout"],
        kind: VendorErrorKind::Timeout,
        source: "fal docs, model-apis/request-errors",
    },
];

fn address(text: &str, field: &str) -> Result<Url, OptionProblem> {
    Url::parse(text)
        .ok()
        .filter(|url| matches!(url.scheme(), "http" | "https") && url.host_str().is_some())
        .ok_or_else(|| OptionProblem::new(field, format!("`{text}` is not an http(s) address")))
}

fn offer(follows_picture: bool) -> Offer {
    let durations = Durations::Fixed(vec![5000, 10_000]);
    Offer { durations, ratios: common::ratios(RATIOS), follows_picture }
}

fn capabilities() -> Capabilities {
    Capabilities {
        from_words: Some(offer(false)),
        from_picture: Some(offer(true)),
        image_inputs: vec![ImageInput::Upload(MAX_UPLOAD)],
        max_prompt: MAX_PROMPT,
        prompt_unit: PromptUnit::Chars,
        cancel: true,
        lookup_settles: None,
        is_stock: false,
    }
}

/// Whether a body of 422 complains about `duration`.
fn is_about_duration(json: Option<&Value>) -> bool {
    details(json)
        .filter_map(|d| d.pointer("/loc")?.as_array())
        .flatten()
        .any(|part| part.as_str() == Some("duration"))
}

fn details(json: Option<&Value>) -> impl Iterator<Item = &Value> {
    json.and_then(|j| j.pointer("/detail")).and_then(Value::as_array).into_iter().flatten()
}

/// Returns true if an answer is the task's own: a request error has an `error_type`, a model error
/// has details with a `type` and says whether it is retryable (fal docs, model-apis/errors).
fn is_marked(reply: &Reply, json: Option<&Value>) -> bool {
    ["x-fal-error-type", "x-fal-retryable"].iter().any(|name| reply.header(name).is_some())
        || json.is_some_and(|j| common::text_at(j, "/error_type").is_some())
        || details(json).any(|detail| common::text_at(detail, "/type").is_some())
}

/// A path below an address, which may have a path of its own (a proxy, a rehearsal).
fn below(base: &Url, path: &str) -> Url {
    let mut url = base.clone();
    url.set_path(&format!("{}{path}", base.path().trim_end_matches('/')));
    url
}

impl ExternalEngineAdapter for Pika {
    fn name(&self) -> &str {
        self.http.engine()
    }

    fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    fn price_key(&self, _request: &GenerateRequest) -> String {
        format!("{}@{}", self.version, self.resolution.as_str())
    }

    fn health_check(&self) -> EngineFuture<'_, EngineHealth> {
        Box::pin(async move {
            let mut url = below(&self.account_url, "/v1/account/billing");
            url.set_query(Some("expand=credits"));
            let reply = self.http.send(self.call(Call::get(HEALTH, url))?).await?;
            if reply.status == 403 && errors::kind(REFUSALS, &reply) == VendorErrorKind::Auth {
                // Only an administrator's key may see the balance; this one is known, at least.
                let detail = Some("the key may not see the balance".to_owned());
                return Ok(EngineHealth { balance: None, detail });
            }
            if !reply.is_success() {
                let (kind, said) = (errors::kind(REFUSALS, &reply), common::said(&reply));
                return Err(self.http.refusal(HEALTH, kind, &reply, said.as_deref()));
            }
            let json = reply.json().unwrap_or_default();
            let in_usd = common::text_at(&json, "/credits/currency").is_none_or(|c| c == "USD");
            let balance = common::cost_at(&json, "/credits/current_balance", 1.0);
            Ok(EngineHealth { balance: balance.filter(|_| in_usd), detail: None })
        })
    }

    fn prepare<'a>(&'a self, request: &'a GenerateRequest) -> EngineFuture<'a, Prepared> {
        Box::pin(async move {
            common::check_request(self.name(), &self.capabilities, request)?;
            let mut body = json!({
                "prompt": request.prompt,
                "resolution": self.resolution.as_str(),
                "duration": request.duration_ms / 1000,
                "seed": request.seed,
            });
            if let Some(negative) = &request.negative_prompt {
                body["negative_prompt"] = negative.as_str().into();
            }
            let kind = match &request.image {
                Some(path) => {
                    body["image_url"] = self.upload(path).await?.into();
                    "image-to-video"
                }
                None => {
                    let ratio = common::ratio_named(&self.capabilities, request);
                    body["aspect_ratio"] = ratio.to_string().into();
                    "text-to-video"
                }
            };
            let path = format!("{}/{kind}", self.model);
            Ok(Prepared { request: request.clone(), body, path })
        })
    }

    fn submit<'a>(&'a self, prepared: &'a Prepared) -> EngineFuture<'a, Task> {
        Box::pin(async move {
            let mut reply = self.submit_body(&prepared.path, prepared.body.clone()).await?;
            if reply.status == 422 && is_about_duration(reply.json().as_ref()) {
                let mut body = prepared.body.clone();
                body["duration"] = (prepared.request.duration_ms / 1000).to_string().into();
                reply = self.submit_body(&prepared.path, body).await?;
            }
            if !reply.is_success() {
                let (kind, said) = (errors::kind(REFUSALS, &reply), common::said(&reply));
                return Err(common::refused_submit(&self.http, kind, &reply, said.as_deref()));
            }
            let json = reply.json().unwrap_or_default();
            let id = common::id_at(&json, "/request_id")
                .ok_or_else(|| common::unreadable_submit(&self.http, &reply))?;
            let place = |name: &str| json.get(name).cloned().unwrap_or_default();
            let data = json!({
                "status_url": place("status_url"),
                "response_url": place("response_url"),
                "cancel_url": place("cancel_url"),
            });
            Ok(Task { id, data })
        })
    }

    fn poll<'a>(&'a self, task: &'a Task) -> EngineFuture<'a, TaskState> {
        Box::pin(async move {
            let url = self.task_url(task, "status_url", "/status");
            let reply = self.http.send(self.call(Call::get(POLL, url))?).await?;
            if !reply.is_success() {
                return common::refused_poll(&self.http, &reply);
            }
            let json = reply
                .json()
                .filter(Value::is_object)
                .ok_or_else(|| common::unreadable_poll(&self.http, &reply))?;
            match common::text_at(&json, "/status") {
                Some("IN_QUEUE") => Ok(TaskState::Queued {
                    mark: json.get("queue_position").map(|position| position.to_string()),
                }),
                Some("IN_PROGRESS") => {
                    Ok(TaskState::Running { progress: None, unknown_status: None })
                }
                Some("COMPLETED") => match json.get("error").filter(|error| !error.is_null()) {
                    Some(error) => {
                        Ok(TaskState::Failed(completed_with_error(&self.http, &json, error)))
                    }
                    None => self.result(task).await,
                },
                other => Ok(common::unknown_status(&self.http, other)),
            }
        })
    }

    fn cancel<'a>(&'a self, task: &'a Task) -> EngineFuture<'a, Cancelled> {
        Box::pin(async move {
            let url = self.task_url(task, "cancel_url", "/cancel");
            let call = self.call(Call::new(CANCEL, Method::PUT, url))?;
            let reply = self.http.send(call).await?;
            match reply.status {
                200 => Ok(Cancelled::Yes),
                400 => Ok(Cancelled::TooLate),
                _ => common::cancel_outcome(&self.http, &reply, Cancelled::Asked),
            }
        })
    }

    fn fetch<'a>(&'a self, output: &'a Output, to: &'a Path) -> EngineFuture<'a, GeneratedClip> {
        Box::pin(common::fetch(&self.http, self.limits, output, to))
    }
}

/// The failure of a task that completed with an error in its status.
fn completed_with_error(http: &VendorHttp, json: &Value, error: &Value) -> VendorError {
    let error_type = common::text_at(json, "/error_type").unwrap_or_default();
    let text = error.as_str().map_or_else(|| error.to_string(), str::to_owned);
    let kind = match error_type {
        "content_policy_violation" => VendorErrorKind::Moderation,
        _ if common::names_moderation(&text) => VendorErrorKind::Moderation,
        "bad_request" | "not_found" => VendorErrorKind::InvalidRequest,
        t if t.ends_with("_timeout") => VendorErrorKind::Timeout,
        _ => VendorErrorKind::Server,
    };
    common::task_failed(http, kind, &format!("{error_type} {text}"))
}
