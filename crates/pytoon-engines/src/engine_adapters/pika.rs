//! The adapter for Pika, through fal's queue.
//!
//! Guarantees: the API key is sent only to the configured hosts, whatever URL a reply contains; a completed
//! task is a success only after its result has been read; moderated content is recognized by its type, or
//! else by the vendor's wording.
//!
//! The URLs for status, result and cancellation come from the reply to the submission and are stored with the
//! task. A URL on another host is replaced by the documented one.
//!
//! The vendor's documents disagree on whether `duration` is a number or a string. A number is sent first; if the
//! vendor rejects exactly that field, a string is sent. A submission that fails validation is not billed, so nothing
//! is paid twice.
//!
//! Start with [`Pika`].

use super::common::{self, CANCEL, HEALTH, POLL, Picture, UPLOAD};
use super::shared_adapter::{Adapter, Paid, Vendor};
use super::{AdapterParts, AdapterResult, OptionProblem, read_options, require};
use crate::adapter::{
    Cancelled, Capabilities, EngineHealth, GenerateRequest, ImageInput, Offer, Prepared, Task,
    TaskState,
};
use crate::http::{Body, Call, Reply, VendorHttp};
use crate::{Result, VendorError, VendorErrorKind};
use pytoon_vendor::errors::{self, Row};
use pytoon_vendor::replies::MODERATION_WORDS;
use pytoon_vocabulary::MicroUsd;
use reqwest::Method;
use serde::Deserialize;
use serde_json::{Value, json};
use std::path::Path;
use url::Url;

/// The aspect ratios for text-to-video, 9:16 first. Image-to-video keeps the aspect ratio of the picture.
const RATIOS: &[(u32, u32)] = &[(9, 16), (16, 9), (1, 1), (4, 5), (5, 4), (3, 2), (2, 3)];
/// Maximum length of a prompt. The vendor states no limit.
const MAX_PROMPT: usize = 2000;
/// Maximum size of an uploaded picture, in bytes. The vendor states no limit.
const MAX_UPLOAD: u64 = 20_000_000;

/// The `options` of a Pika engine.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Options {
    /// The version of the Pika model.
    #[serde(default = "version")]
    version: String,
    /// The shorter side of the output.
    resolution: Resolution,
    /// The URL for picture uploads.
    upload_url: String,
    /// The URL of the account endpoint.
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

/// The Pika adapter.
#[derive(Debug)]
pub(super) struct Pika {
    model: String,
    version: String,
    resolution: Resolution,
    upload_url: Url,
    account_url: Url,
    allow_hosts: Vec<String>,
}

impl Pika {
    /// Creates the adapter from its configuration block.
    pub(super) fn try_new(parts: &AdapterParts<'_>) -> AdapterResult {
        let options: Options = read_options(parts.config)?;
        let is_plain = |c: char| c.is_ascii_alphanumeric() || c == '.';
        let is_name = !options.version.is_empty() && options.version.chars().all(is_plain);
        require(
            is_name,
            "options.version",
            "it is not a version of letters, digits and dots, such as `v2.2`",
        )?;
        let sold = Capabilities {
            from_words: Some(offer(false)),
            from_picture: Some(offer(true)),
            image_inputs: vec![ImageInput::Upload(MAX_UPLOAD)],
            max_prompt: MAX_PROMPT,
            cancel: true,
            ..Capabilities::default()
        };
        let vendor = Self {
            model: format!("/fal-ai/pika/{}", options.version),
            version: options.version,
            resolution: options.resolution,
            upload_url: address(&options.upload_url, "options.upload_url")?,
            account_url: address(&options.account_url, "options.account_url")?,
            allow_hosts: parts.config.allow_hosts.iter().map(|host| host.to_lowercase()).collect(),
        };
        Adapter::build(parts, sold, vendor)
    }
}

impl Adapter<Pika> {
    /// Returns true if the API key may be sent to a URL: its origin is one of the configured ones, or its host is in
    /// `allow_hosts` and its scheme is that of `base_url`.
    fn is_own(&self, url: &Url) -> bool {
        let same = |other: &Url| url.origin() == other.origin();
        let base = self.http.url("/");
        let allowed = || {
            let host = url.host_str().unwrap_or_default().to_lowercase();
            url.scheme() == base.scheme() && self.vendor.allow_hosts.contains(&host)
        };
        same(&base) || same(&self.vendor.upload_url) || same(&self.vendor.account_url) || allowed()
    }

    /// Returns a URL of the task: the one in the reply to the submission if it may receive the API key, or else the
    /// documented one.
    fn task_url(&self, task: &Task, name: &str, tail: &str) -> Url {
        common::address_at(&task.data, &format!("/{name}"))
            .filter(|url| self.is_own(url))
            .unwrap_or_else(|| {
                let id = common::segment(&task.id);
                self.http.url(&format!("/fal-ai/pika/requests/{id}{tail}"))
            })
    }

    async fn upload(&self, path: &Path) -> Result<String> {
        let picture = Picture::read(self.http.engine(), path, MAX_UPLOAD).await?;
        let mut url = below(&self.vendor.upload_url, "/storage/upload/initiate");
        url.set_query(Some("storage_type=fal-cdn-v3"));
        let wanted =
            json!({ "content_type": picture.media_type, "file_name": picture.file_name() });
        let reply = self.ask(Call::post(UPLOAD, url, wanted)).await?;
        let unreadable = || self.unreadable(UPLOAD, &reply);
        let json = reply.json().ok_or_else(unreadable)?;
        let target = common::address_at(&json, "/upload_url").ok_or_else(unreadable)?;
        let address = common::text_at(&json, "/file_url").ok_or_else(unreadable)?;
        let mut call = Call::new(UPLOAD, Method::PUT, target);
        call.body = Body::Bytes(picture.bytes, picture.media_type);
        self.store(call).await?;
        Ok(address.to_owned())
    }

    async fn state(&self, json: Value, task: &Task) -> Result<TaskState> {
        match common::text_at(&json, "/status") {
            Some("IN_QUEUE") => Ok(TaskState::Queued {
                mark: json.get("queue_position").map(|position| position.to_string()),
            }),
            Some("IN_PROGRESS") => Ok(common::running(None)),
            Some("COMPLETED") => match json.get("error").filter(|error| !error.is_null()) {
                Some(error) => Ok(TaskState::Failed(completion_error(&self.http, &json, error))),
                None => self.result(task).await,
            },
            other => Ok(common::unknown_status(&self.http, other)),
        }
    }

    async fn result(&self, task: &Task) -> Result<TaskState> {
        let url = self.task_url(task, "response_url", "");
        let reply = self.send(Call::get(POLL, url)).await?;
        let json = reply.json();
        if reply.is_success() {
            let json = json.ok_or_else(|| self.unreadable(POLL, &reply))?;
            let clip = common::text_at(&json, "/video/url");
            return Ok(common::success_state(
                &self.http,
                clip,
                "the task completed without a clip",
                None,
            ));
        }
        let said = common::vendor_message(&reply).unwrap_or_else(|| common::NO_REASON.to_owned());
        let message = format!("HTTP {}: {said}", reply.status);
        let failed = |kind| common::task_failed(&self.http, kind, &message);
        Ok(TaskState::Failed(match reply.status {
            400 | 413 | 422 => failed(
                errors::classify(REFUSALS, &reply).unwrap_or(VendorErrorKind::InvalidRequest),
            ),
            // The outcome is unknown and may be billed: neither poll nor submit again.
            409 | 499 => failed(VendorErrorKind::Lost),
            // The task's own failure is marked as such; any other is the gateway's and temporary.
            500..=599 if is_marked(&reply, json.as_ref()) => {
                let kind = errors::classify(FAILURES, &reply).unwrap_or(VendorErrorKind::Server);
                // The vendor does not bill its own failures.
                failed(kind).with_charged(Some(MicroUsd::ZERO))
            }
            _ => return common::interpret_refused_poll(&self.http, &reply),
        }))
    }
}

/// The error table for rejected requests.
const REFUSALS: &[Row] = &[
    Row::each(("/detail", "/type"), &["content_policy_violation"], VendorErrorKind::Moderation)
        .source("fal docs, model-apis/errors"),
    Row::at("/error_type", &["content_policy_violation"], VendorErrorKind::Moderation)
        .source("fal docs, model-apis/request-errors"),
    // A detail that is a plain string.
    Row::message(&[400, 422], MODERATION_WORDS, VendorErrorKind::Moderation)
        .source("fal docs: the type decides where there is one; the words are inferred"),
    Row::message(&[403], &["balance", "locked"], VendorErrorKind::Quota)
        .source("the reply for a locked account; not documented"),
];

/// The error table for completed tasks whose result is an error.
const FAILURES: &[Row] = &[
    Row::each(
        ("/detail", "/type"),
        &["generation_timeout", "request_timeout", "startup_timeout"],
        VendorErrorKind::Timeout,
    )
    .source("fal docs, model-apis/errors"),
    Row::at("/error_type", &["request_timeout", "startup_timeout"], VendorErrorKind::Timeout)
        .source("fal docs, model-apis/request-errors"),
];

fn address(text: &str, field: &str) -> Result<Url, OptionProblem> {
    Url::parse(text)
        .ok()
        .filter(|url| matches!(url.scheme(), "http" | "https") && url.host_str().is_some())
        .ok_or_else(|| OptionProblem::new(field, format!("`{text}` is not an http or https URL")))
}

fn offer(follows_picture: bool) -> Offer {
    Offer { follows_picture, ..common::offer(vec![5000, 10_000], RATIOS) }
}

/// Returns true if the body of a 422 response reports an error in `duration`.
fn is_about_duration(json: Option<&Value>) -> bool {
    details(json)
        .filter_map(|d| d.pointer("/loc")?.as_array())
        .flatten()
        .any(|part| part.as_str() == Some("duration"))
}

fn details(json: Option<&Value>) -> impl Iterator<Item = &Value> {
    json.and_then(|j| j.pointer("/detail")).and_then(Value::as_array).into_iter().flatten()
}

/// Returns true if a response has the form of a fal error about the task: one of fal's error headers, an
/// `error_type`, or details with a `type` (fal docs, model-apis/errors).
fn is_marked(reply: &Reply, json: Option<&Value>) -> bool {
    ["x-fal-error-type", "x-fal-retryable"].iter().any(|name| reply.header(name).is_some())
        || json.is_some_and(|j| common::text_at(j, "/error_type").is_some())
        || details(json).any(|detail| common::text_at(detail, "/type").is_some())
}

/// Appends a path to a base URL, which may have a path of its own (for a proxy or a drill).
fn below(base: &Url, path: &str) -> Url {
    let mut url = base.clone();
    url.set_path(&format!("{}{path}", base.path().trim_end_matches('/')));
    url
}

impl Vendor for Pika {
    const REFUSALS: &'static [Row] = REFUSALS;

    fn price_key(&self, _request: &GenerateRequest) -> String {
        format!("{}@{}", self.version, self.resolution.as_str())
    }

    fn sign(engine: &Adapter<Self>, call: Call) -> Result<Call> {
        if !engine.is_own(&call.url) {
            let message =
                "the vendor returned a URL on another host, which does not get the API key";
            let kind = VendorErrorKind::Protocol;
            return Err(VendorError::new(engine.http.engine(), call.operation, kind, message));
        }
        common::with_key(&engine.http, call, "Key ")
    }

    async fn health(engine: &Adapter<Self>) -> Result<EngineHealth> {
        let mut url = below(&engine.vendor.account_url, "/v1/account/billing");
        url.set_query(Some("expand=credits"));
        let reply = engine.send(Call::get(HEALTH, url)).await?;
        let (kind, said) = Self::meaning(engine, &reply);
        if reply.status == 403 && kind == VendorErrorKind::Auth {
            // Only an administrator's key may read the balance; at least the vendor knows this key.
            let detail = Some("the API key lacks permission to read the balance".to_owned());
            return Ok(EngineHealth { balance: None, detail });
        }
        if !reply.is_success() {
            return Err(engine.http.refusal(HEALTH, kind, &reply, said.as_deref()));
        }
        let json = reply.json().unwrap_or_default();
        let in_usd = common::text_at(&json, "/credits/currency").is_none_or(|c| c == "USD");
        let balance = common::cost_at(&json, "/credits/current_balance", 1.0);
        Ok(EngineHealth { balance: balance.filter(|_| in_usd), detail: None })
    }

    async fn body(engine: &Adapter<Self>, request: &GenerateRequest) -> Result<Paid> {
        let mut body = json!({
            "prompt": request.prompt,
            "resolution": engine.vendor.resolution.as_str(),
            "duration": request.duration_ms / 1000,
            "seed": request.seed,
        });
        if let Some(negative) = &request.negative_prompt {
            body["negative_prompt"] = negative.as_str().into();
        }
        let kind = match &request.image {
            Some(path) => {
                body["image_url"] = engine.upload(path).await?.into();
                "image-to-video"
            }
            None => {
                let ratio = common::ratio_named(&engine.capabilities, request);
                body["aspect_ratio"] = ratio.to_string().into();
                "text-to-video"
            }
        };
        Ok((format!("{}/{kind}", engine.vendor.model), body))
    }

    async fn submit(engine: &Adapter<Self>, prepared: &Prepared) -> Result<Task> {
        let mut reply = engine.post(&prepared.path, prepared.body.clone()).await?;
        if reply.status == 422 && is_about_duration(reply.json().as_ref()) {
            let mut body = prepared.body.clone();
            body["duration"] = (prepared.request.duration_ms / 1000).to_string().into();
            reply = engine.post(&prepared.path, body).await?;
        }
        let (id, json) = engine.parse_submission(&reply, "/request_id")?;
        let data = json!({
            "status_url": json.get("status_url"),
            "response_url": json.get("response_url"),
            "cancel_url": json.get("cancel_url"),
        });
        Ok(Task { id, data })
    }

    async fn poll(engine: &Adapter<Self>, task: &Task) -> Result<TaskState> {
        let url = engine.task_url(task, "status_url", "/status");
        engine.poll_at(url, |json, _| engine.state(json, task)).await
    }

    async fn cancel(engine: &Adapter<Self>, task: &Task) -> Result<Cancelled> {
        let url = engine.task_url(task, "cancel_url", "/cancel");
        let reply = engine.send(Call::new(CANCEL, Method::PUT, url)).await?;
        match reply.status {
            200 => Ok(Cancelled::Yes),
            400 => Ok(Cancelled::TooLate),
            _ => common::cancel_outcome(&engine.http, &reply, Cancelled::Asked),
        }
    }
}

/// Returns the failure of a task that completed with an error in its status.
fn completion_error(http: &VendorHttp, json: &Value, error: &Value) -> VendorError {
    let error_type = common::text_at(json, "/error_type").unwrap_or_default();
    let text = error.as_str().map_or_else(|| error.to_string(), str::to_owned);
    let kind = match error_type {
        "content_policy_violation" => VendorErrorKind::Moderation,
        _ if common::names_moderation(&text) => VendorErrorKind::Moderation,
        "bad_request" | "not_found" => VendorErrorKind::InvalidRequest,
        t if t.ends_with("_timeout") => VendorErrorKind::Timeout,
        _ => VendorErrorKind::Server,
    };
    common::task_failed(http, kind, &common::failure_message(error_type, Some(text.as_str())))
}
