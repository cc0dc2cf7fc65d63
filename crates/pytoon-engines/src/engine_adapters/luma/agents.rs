//! Luma's current interface.
//!
//! Guarantees: a picture goes inline up to [`MAX_INLINE`], else as a file that is ready before it is
//! named; the reasons that the
//! vendor gives as codes decide, its sentences are only passed on.
//!
//! The interface knows no cancelling and no list of generations, so a call whose answer never
//! came cannot be looked up. A clip that starts from a picture lasts 5 s; from words alone 10 s are
//! sold too.

use super::super::common::{self, HEALTH, POLL, Picture, SUBMIT, UPLOAD};
use super::super::{AdapterParts, OptionProblem};
use super::{Options, REFUSALS, one_of};
use crate::adapter::{
    Cancelled, Capabilities, Durations, EngineFuture, EngineHealth, ExternalEngineAdapter,
    GenerateRequest, GeneratedClip, ImageInput, Offer, Output, Prepared, PromptUnit, Task,
    TaskState,
};
use crate::http::{Body, Call, DownloadLimits, VendorHttp};
use crate::{VendorError, VendorErrorKind};
use pytoon_vendor::errors;
use reqwest::Method;
use serde_json::{Value, json};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

const RATIOS: &[(u32, u32)] = &[(9, 16), (3, 4), (1, 1), (4, 3), (16, 9), (21, 9)];
const RESOLUTIONS: &[&str] = &["360p", "540p", "720p", "1080p"];
/// Largest picture in the request itself: the vendor takes more, but a slow line does not.
const MAX_INLINE: usize = 4 << 20;
/// How often it is looked whether an uploaded picture is ready, and the pause between.
const FILE_LOOKS: usize = 60;
const FILE_PAUSE: Duration = Duration::from_secs(1);
/// Largest picture at all.
const MAX_UPLOAD: u64 = 50_000_000;
/// Longest prompt; a reseller's figure.
const MAX_PROMPT: usize = 6000;

/// The adapter.
#[derive(Debug)]
pub(super) struct Agents {
    http: VendorHttp,
    capabilities: Capabilities,
    limits: DownloadLimits,
    model: String,
    resolution: String,
}

impl Agents {
    pub(super) fn try_new(
        parts: &AdapterParts<'_>,
        options: &Options,
    ) -> Result<Arc<dyn ExternalEngineAdapter>, OptionProblem> {
        one_of(&options.resolution, RESOLUTIONS, "options.resolution")?;
        if options.model.trim().is_empty() {
            return Err(OptionProblem::new("options.model", "name a model such as `ray-3.2`"));
        }
        Ok(Arc::new(Self {
            http: parts.http.clone(),
            capabilities: capabilities(options.image_input),
            limits: common::download_limits(parts.config),
            model: options.model.clone(),
            resolution: options.resolution.clone(),
        }))
    }

    fn call(&self, call: Call) -> Result<Call, VendorError> {
        common::with_key(&self.http, call, "Bearer ")
    }

    /// The picture as the interface's reference to one.
    async fn hand_over(&self, path: &Path) -> Result<Value, VendorError> {
        let picture = Picture::read(self.name(), path, MAX_UPLOAD).await?;
        if picture.bytes.len() <= MAX_INLINE {
            return Ok(json!({ "data": picture.base64(), "media_type": picture.media_type }));
        }
        Ok(json!({ "file_id": self.upload(picture).await? }))
    }

    async fn upload(&self, picture: Picture) -> Result<String, VendorError> {
        let wanted = json!({
            "mime_type": picture.media_type,
            "size_bytes": picture.bytes.len(),
            "filename": picture.file_name(),
            "purpose": "input",
        });
        let file = self.upload_step(Call::post(UPLOAD, self.http.url("/files"), wanted)).await?;
        let unreadable = || {
            let message = "the reply names no file or no place for it";
            VendorError::new(self.name(), UPLOAD, VendorErrorKind::Protocol, message)
        };
        let id = common::id_at(&file, "/id").ok_or_else(unreadable)?;
        let target = common::address_at(&file, "/upload/url").ok_or_else(unreadable)?;
        // The address is signed: the key stays here.
        let mut call = Call::new(UPLOAD, Method::PUT, target);
        for (name, value) in
            file.pointer("/upload/headers").and_then(Value::as_object).into_iter().flatten()
        {
            // The media type is set with the bytes.
            if let Some(value) =
                value.as_str().filter(|_| !name.eq_ignore_ascii_case("content-type"))
            {
                call = call.header(name, value);
            }
        }
        call.body = Body::Bytes(picture.bytes, picture.media_type);
        let stored = self.http.send(call).await?;
        if !stored.is_success() {
            return Err(common::refused(&self.http, UPLOAD, &stored));
        }
        let path = format!("/files/{}", common::segment(&id));
        let complete = self.http.url(&format!("{path}/complete"));
        let mut file = self.upload_step(Call::post(UPLOAD, complete, json!({}))).await?;
        for _ in 0..FILE_LOOKS {
            match common::text_at(&file, "/state") {
                Some("ready") => return Ok(id),
                Some("failed" | "expired" | "deleted") => {
                    let reason = common::text_at(&file, "/failure_reason").unwrap_or("no reason");
                    let message = format!("the vendor did not take the picture: {reason}");
                    let message = self.http.redacted_line(&message);
                    let kind = VendorErrorKind::InvalidRequest;
                    return Err(VendorError::new(self.name(), UPLOAD, kind, message));
                }
                // A state that is not documented is no end.
                _ => tokio::time::sleep(FILE_PAUSE).await,
            }
            file = self.upload_step(Call::get(UPLOAD, self.http.url(&path))).await?;
        }
        let message = "the picture is not ready after a minute";
        Err(VendorError::new(self.name(), UPLOAD, VendorErrorKind::Timeout, message))
    }

    async fn upload_step(&self, call: Call) -> Result<Value, VendorError> {
        let reply = self.http.send(self.call(call)?).await?;
        if !reply.is_success() {
            return Err(common::refused(&self.http, UPLOAD, &reply));
        }
        Ok(reply.json().unwrap_or_default())
    }

    fn state(&self, json: &Value) -> TaskState {
        match common::text_at(json, "/state") {
            Some("queued") => TaskState::Queued { mark: None },
            Some("processing") => TaskState::Running { progress: None, unknown_status: None },
            Some("completed") => match clip(json) {
                Some(url) => TaskState::Succeeded {
                    output: Output { url: url.to_owned(), credit: None },
                    cost: None,
                },
                None => common::no_clip(&self.http, "it completed without a clip", None),
            },
            Some("failed") => {
                let code = common::text_at(json, "/failure_code").unwrap_or("no code");
                let reason = common::text_at(json, "/failure_reason").unwrap_or("no reason");
                self.failed(failure_kind(code), &format!("{code}: {reason}"))
            }
            other => common::unknown_status(&self.http, other),
        }
    }

    fn failed(&self, kind: VendorErrorKind, message: &str) -> TaskState {
        TaskState::Failed(common::task_failed(&self.http, kind, message))
    }
}

fn capabilities(image_input: bool) -> Capabilities {
    let offer = |lengths: &[u32]| Offer {
        durations: Durations::Fixed(lengths.to_vec()),
        ratios: common::ratios(RATIOS),
        follows_picture: false,
    };
    Capabilities {
        from_words: Some(offer(&[5000, 10_000])),
        from_picture: image_input.then(|| offer(&[5000])),
        image_inputs: match image_input {
            true => vec![ImageInput::Inline(MAX_INLINE as u64), ImageInput::Upload(MAX_UPLOAD)],
            false => Vec::new(),
        },
        max_prompt: MAX_PROMPT,
        prompt_unit: PromptUnit::Chars,
        cancel: false,
        lookup_settles: None,
        is_stock: false,
    }
}

/// The first video among the outputs; the first of any type where none is called one.
fn clip(json: &Value) -> Option<&str> {
    let outputs = json.pointer("/output")?.as_array()?;
    let is_video = |o: &&Value| common::text_at(o, "/type").is_some_and(|t| t.contains("video"));
    let found = outputs.iter().find(is_video).or_else(|| outputs.first())?;
    common::text_at(found, "/url")
}

fn failure_kind(code: &str) -> VendorErrorKind {
    match code {
        "content_moderated" => VendorErrorKind::Moderation,
        "budget_exhausted" => VendorErrorKind::Quota,
        "rate_limited" => VendorErrorKind::RateLimited,
        "image_too_large" | "unsupported_format" | "corrupt_input" | "invalid_request" => {
            VendorErrorKind::InvalidRequest
        }
        _ => VendorErrorKind::Server,
    }
}

impl ExternalEngineAdapter for Agents {
    fn name(&self) -> &str {
        self.http.engine()
    }

    fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    fn price_key(&self, _request: &GenerateRequest) -> String {
        format!("{}@{}", self.model, self.resolution)
    }

    fn health_check(&self) -> EngineFuture<'_, EngineHealth> {
        Box::pin(async move {
            let call = self.call(Call::get(HEALTH, self.http.url("/files?limit=1")))?;
            let reply = self.http.send(call).await?;
            if !reply.is_success() {
                return Err(common::refused(&self.http, HEALTH, &reply));
            }
            let version = reply.header("x-api-version").map(|version| format!("version {version}"));
            Ok(EngineHealth { balance: None, detail: version })
        })
    }

    fn prepare<'a>(&'a self, request: &'a GenerateRequest) -> EngineFuture<'a, Prepared> {
        Box::pin(async move {
            common::check_request(self.name(), &self.capabilities, request)?;
            let mut video = json!({
                "resolution": self.resolution,
                "duration": format!("{}s", request.duration_ms / 1000),
            });
            if let Some(path) = &request.image {
                video["start_frame"] = self.hand_over(path).await?;
            }
            let body = json!({
                "type": "video",
                "model": self.model,
                "prompt": request.prompt,
                "aspect_ratio": common::ratio_named(&self.capabilities, request).to_string(),
                "video": video,
            });
            Ok(Prepared { request: request.clone(), body, path: "/generations".to_owned() })
        })
    }

    fn submit<'a>(&'a self, prepared: &'a Prepared) -> EngineFuture<'a, Task> {
        Box::pin(async move {
            let url = self.http.url(&prepared.path);
            let call = self.call(Call::post(SUBMIT, url, prepared.body.clone()))?.paid();
            let reply = self.http.send(call).await?;
            if !reply.is_success() {
                let (kind, said) = (errors::kind(REFUSALS, &reply), common::said(&reply));
                return Err(common::refused_submit(&self.http, kind, &reply, said.as_deref()));
            }
            let id = reply
                .json()
                .and_then(|json| common::id_at(&json, "/id"))
                .ok_or_else(|| common::unreadable_submit(&self.http, &reply))?;
            Ok(Task { id, data: Value::Null })
        })
    }

    fn poll<'a>(&'a self, task: &'a Task) -> EngineFuture<'a, TaskState> {
        Box::pin(async move {
            let url = self.http.url(&format!("/generations/{}", common::segment(&task.id)));
            let reply = self.http.send(self.call(Call::get(POLL, url))?).await?;
            if !reply.is_success() {
                return common::refused_poll(&self.http, &reply);
            }
            let json = reply
                .json()
                .filter(Value::is_object)
                .ok_or_else(|| common::unreadable_poll(&self.http, &reply))?;
            Ok(self.state(&json))
        })
    }

    fn cancel<'a>(&'a self, _task: &'a Task) -> EngineFuture<'a, Cancelled> {
        Box::pin(async { Ok(Cancelled::Unsupported) })
    }

    fn fetch<'a>(&'a self, output: &'a Output, to: &'a Path) -> EngineFuture<'a, GeneratedClip> {
        Box::pin(common::fetch(&self.http, self.limits, output, to))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_decide() {
        use VendorErrorKind as K;
        for (code, expected) in [
            ("content_moderated", K::Moderation),
            ("generation_failed", K::Server),
            ("budget_exhausted", K::Quota),
            ("output_not_found", K::Server),
            ("image_too_large", K::InvalidRequest),
            ("corrupt_input", K::InvalidRequest),
            ("rate_limited", K::RateLimited),
            ("something_new", K::Server),
        ] {
            assert_eq!(failure_kind(code), expected, "{code}");
        }
    }
}
