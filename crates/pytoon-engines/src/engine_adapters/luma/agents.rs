//! The adapter for Luma's current API.
//!
//! Guarantees: a picture of at most [`MAX_INLINE`] bytes is sent inline, and a larger one as an uploaded file
//! that is ready before a request names it; failed tasks are classified by the vendor's codes.
//!
//! The API has no cancel endpoint and no list of generations, so a call without a response cannot be looked up. A
//! clip that starts from a picture lasts 5 s; without a picture, 10 s are offered too.

use super::super::common::{self, HEALTH, Picture, UPLOAD};
use super::super::shared_adapter::{Adapter, Paid, Vendor};
use super::super::{AdapterParts, AdapterResult, require};
use super::{Options, one_of};
use crate::adapter::{Capabilities, EngineHealth, GenerateRequest, ImageInput, Task, TaskState};
use crate::http::{Body, Call};
use crate::{Result, VendorError, VendorErrorKind};
use pytoon_vendor::errors::Row;
use reqwest::Method;
use serde_json::{Value, json};
use std::path::Path;
use std::time::Duration;

const RATIOS: &[(u32, u32)] = &[(9, 16), (3, 4), (1, 1), (4, 3), (16, 9), (21, 9)];
const RESOLUTIONS: &[&str] = &["360p", "540p", "720p", "1080p"];
/// Maximum size of a picture in the request itself, in bytes. The vendor accepts more, but large requests fail on
/// slow connections.
const MAX_INLINE: usize = 4 << 20;
/// The number of times that the adapter checks whether an uploaded picture is ready.
const FILE_LOOKS: usize = 60;
const FILE_PAUSE: Duration = Duration::from_secs(1);
/// Maximum size of an uploaded picture, in bytes.
const MAX_UPLOAD: u64 = 50_000_000;
/// Maximum length of a prompt, as published by a reseller.
const MAX_PROMPT: usize = 6000;

/// The adapter for Luma's current API.
#[derive(Debug)]
pub(super) struct Agents(Options);

impl Agents {
    pub(super) fn try_new(parts: &AdapterParts<'_>, options: Options) -> AdapterResult {
        one_of(&options.resolution, RESOLUTIONS, "options.resolution")?;
        let has_model = !options.model.trim().is_empty();
        require(has_model, "options.model", "name a model such as `ray-3.2`")?;
        let sold = capabilities(options.image_input);
        Adapter::build(parts, sold, Self(options))
    }
}

impl Adapter<Agents> {
    /// Returns the API's reference to a picture: its content in base64 or, for a large picture, the id of a file,
    /// which is uploaded first.
    async fn hand_over(&self, path: &Path) -> Result<Value> {
        let picture = Picture::read(self.http.engine(), path, MAX_UPLOAD).await?;
        if picture.bytes.len() <= MAX_INLINE {
            return Ok(json!({ "data": picture.base64(), "media_type": picture.media_type }));
        }
        Ok(json!({ "file_id": self.upload(picture).await? }))
    }

    async fn upload(&self, picture: Picture) -> Result<String> {
        let wanted = json!({
            "mime_type": picture.media_type,
            "size_bytes": picture.bytes.len(),
            "filename": picture.file_name(),
            "purpose": "input",
        });
        let file = self.upload_step(Call::post(UPLOAD, self.http.url("/files"), wanted)).await?;
        let unreadable = |message: &str| self.not_uploaded(VendorErrorKind::Protocol, message);
        let id = common::id_at(&file, "/id")
            .ok_or_else(|| unreadable("the reply has no file id at /id"))?;
        let target = common::address_at(&file, "/upload/url")
            .ok_or_else(|| unreadable("the reply has no upload URL at /upload/url"))?;
        let mut call = Call::new(UPLOAD, Method::PUT, target);
        for (name, value) in common::fields_at(&file, "/upload/headers") {
            // The media type is set with the bytes.
            if let Some(value) =
                value.as_str().filter(|_| !name.eq_ignore_ascii_case("content-type"))
            {
                call = call.header(name, value);
            }
        }
        call.body = Body::Bytes(picture.bytes, picture.media_type);
        self.store(call).await?;
        let path = format!("/files/{}", common::segment(&id));
        let complete = self.http.url(&format!("{path}/complete"));
        let mut file = self.upload_step(Call::post(UPLOAD, complete, json!({}))).await?;
        for _ in 0..FILE_LOOKS {
            match common::text_at(&file, "/state") {
                Some("ready") => return Ok(id),
                Some("failed" | "expired" | "deleted") => {
                    let reason =
                        common::text_at(&file, "/failure_reason").unwrap_or(common::NO_REASON);
                    let message = format!("the vendor rejected the picture: {reason}");
                    let message = self.http.redacted_line(&message);
                    return Err(self.not_uploaded(VendorErrorKind::InvalidRequest, &message));
                }
                // An undocumented state is not final.
                _ => tokio::time::sleep(FILE_PAUSE).await,
            }
            file = self.upload_step(Call::get(UPLOAD, self.http.url(&path))).await?;
        }
        let message = "the vendor did not process the picture within a minute";
        Err(self.not_uploaded(VendorErrorKind::Timeout, message))
    }

    fn not_uploaded(&self, kind: VendorErrorKind, message: &str) -> VendorError {
        VendorError::new(self.http.engine(), UPLOAD, kind, message)
    }

    async fn upload_step(&self, call: Call) -> Result<Value> {
        Ok(self.ask(call).await?.json().unwrap_or_default())
    }

    fn state(&self, json: &Value) -> TaskState {
        match common::text_at(json, "/state") {
            Some("queued") => TaskState::Queued { mark: None },
            Some("processing") => common::running(None),
            Some("completed") => common::success_state(
                &self.http,
                clip(json),
                "the task completed without a clip",
                None,
            ),
            Some("failed") => {
                let code = common::text_at(json, "/failure_code").unwrap_or_default();
                let reason = common::text_at(json, "/failure_reason");
                let message = common::failure_message(code, reason);
                TaskState::Failed(common::task_failed(&self.http, failure_kind(code), &message))
            }
            other => common::unknown_status(&self.http, other),
        }
    }
}

fn capabilities(image_input: bool) -> Capabilities {
    let image_inputs = vec![ImageInput::Inline(MAX_INLINE as u64), ImageInput::Upload(MAX_UPLOAD)];
    Capabilities {
        from_words: Some(common::offer(vec![5000, 10_000], RATIOS)),
        from_picture: image_input.then(|| common::offer(vec![5000], RATIOS)),
        image_inputs: if image_input { image_inputs } else { Vec::new() },
        max_prompt: MAX_PROMPT,
        ..Capabilities::default()
    }
}

/// Returns the URL of the first video among the outputs, or of the first output if none has a video type;
/// `None` if there is none.
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

impl Vendor for Agents {
    const REFUSALS: &'static [Row] = super::REFUSALS;

    fn price_key(&self, _request: &GenerateRequest) -> String {
        format!("{}@{}", self.0.model, self.0.resolution)
    }

    async fn health(engine: &Adapter<Self>) -> Result<EngineHealth> {
        let reply = engine.ask(Call::get(HEALTH, engine.http.url("/files?limit=1"))).await?;
        let detail = reply.header("x-api-version").map(|version| format!("API version {version}"));
        Ok(EngineHealth { balance: None, detail })
    }

    async fn body(engine: &Adapter<Self>, request: &GenerateRequest) -> Result<Paid> {
        let mut video = json!({
            "resolution": engine.vendor.0.resolution,
            "duration": format!("{}s", request.duration_ms / 1000),
        });
        if let Some(path) = &request.image {
            video["start_frame"] = engine.hand_over(path).await?;
        }
        let body = json!({
            "type": "video",
            "model": engine.vendor.0.model,
            "prompt": request.prompt,
            "aspect_ratio": common::ratio_named(&engine.capabilities, request).to_string(),
            "video": video,
        });
        Ok(("/generations".to_owned(), body))
    }

    async fn poll(engine: &Adapter<Self>, task: &Task) -> Result<TaskState> {
        let url = engine.http.url(&format!("/generations/{}", common::segment(&task.id)));
        engine.poll_at(url, |json, _| async move { Ok(engine.state(&json)) }).await
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
