//! ComfyUI on a machine of one's own.
//!
//! Guarantees: the task's id is made from the call's, so that a call whose answer never came is
//! found or surely absent; a task that is neither queued nor in the history is looked for twice
//! before it counts as lost, since it may pass from one to the other in between; only our own
//! task is ever interrupted.
//!
//! What is drawn is the workflow's business: a file in the server's interface format with the
//! places `{{prompt}}`, `{{negative_prompt}}`, `{{image}}`, `{{seed}}`, `{{width}}`,
//! `{{height}}`, `{{frames}}` and `{{seconds}}`. Whether it starts from a picture follows from
//! whether it names one.
//!
//! Start with [`ComfyUi`].

use super::common::{self, CANCEL, HEALTH, LOOKUP, POLL, Picture, SUBMIT, UPLOAD};
use super::template::{self, Values};
use super::{AdapterParts, OptionProblem, read_options};
use crate::adapter::{
    Cancelled, Capabilities, Durations, EngineFuture, EngineHealth, ExternalEngineAdapter,
    GenerateRequest, GeneratedClip, ImageInput, Lookup, Offer, Output, Prepared, PromptUnit, Ratio,
    Task, TaskState,
};
use crate::http::{Body, Call, DownloadLimits, Reply, VendorHttp};
use crate::{Accepted, VendorError, VendorErrorKind};
use pytoon_vocabulary::MicroUsd;
use reqwest::Method;
use reqwest::multipart::{Form, Part};
use serde::Deserialize;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use url::Url;

const PLACES: &[&str] =
    &["prompt", "negative_prompt", "image", "seed", "width", "height", "frames", "seconds"];
/// Larger than any workflow.
const MAX_WORKFLOW: u64 = 4 << 20;
const MAX_UPLOAD: u64 = 50_000_000;
/// The server has no limit; text encoders cut far earlier.
const MAX_PROMPT: usize = 8000;
/// What a clip's name may end in.
const CLIP_ENDINGS: &[&str] = &[".mp4", ".webm", ".mov", ".mkv"];

/// The engine's own settings.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Options {
    /// The workflow's file.
    workflow: String,
    /// The frame's width in pixels.
    width: u32,
    /// The frame's height in pixels.
    height: u32,
    /// Frames a second that the workflow writes.
    frame_rate: u32,
    /// The longest clip, in seconds.
    max_seconds: u32,
    /// Frames come in multiples of this; 1 for any number.
    #[serde(default = "one")]
    frame_multiple: u32,
    /// Frames added to the multiple; models that draw 4n+1 frames have 1.
    #[serde(default)]
    frame_offset: u32,
    /// Headers that a proxy before the server asks for. A key, where there is one, goes as a
    /// bearer's.
    #[serde(default)]
    headers: BTreeMap<String, String>,
}

fn one() -> u32 {
    1
}

/// The adapter.
#[derive(Debug)]
pub(super) struct ComfyUi {
    http: VendorHttp,
    capabilities: Capabilities,
    limits: DownloadLimits,
    workflow: Value,
    options: Options,
}

impl ComfyUi {
    /// Makes the adapter from its block and the workflow that it names.
    pub(super) fn try_new(
        parts: &AdapterParts<'_>,
    ) -> Result<Arc<dyn ExternalEngineAdapter>, OptionProblem> {
        let options: Options = read_options(parts.config)?;
        for (field, value) in [
            ("width", options.width),
            ("height", options.height),
            ("frame_rate", options.frame_rate),
            ("max_seconds", options.max_seconds),
            ("frame_multiple", options.frame_multiple),
        ] {
            if value == 0 || value > 16_384 {
                return Err(OptionProblem::new(
                    format!("options.{field}"),
                    "it is not within 1 to 16384",
                ));
            }
        }
        let workflow = read_workflow(&options.workflow)?;
        Ok(Arc::new(Self {
            http: parts.http.clone(),
            capabilities: capabilities(&workflow, &options),
            limits: common::download_limits(parts.config),
            workflow,
            options,
        }))
    }

    fn call(&self, mut call: Call) -> Result<Call, VendorError> {
        for (name, value) in &self.options.headers {
            call = call.header(name, value);
        }
        if self.http.key().is_some() {
            return common::with_key(&self.http, call, "Bearer ");
        }
        Ok(call)
    }

    async fn send(&self, call: Call) -> Result<Reply, VendorError> {
        self.http.send(self.call(call)?).await
    }

    async fn upload(&self, path: &Path, call_id: &str) -> Result<String, VendorError> {
        let picture = Picture::read(self.name(), path, MAX_UPLOAD).await?;
        let name = format!("pytoon-{}.{}", task_id(call_id), picture.extension);
        let part = Part::bytes(picture.bytes)
            .file_name(name)
            .mime_str(picture.media_type)
            .map_err(|_| common::unsupported(self.name(), "the picture's type is none"))?;
        let form = Form::new().text("type", "input").text("overwrite", "true").part("image", part);
        let mut call = Call::new(UPLOAD, Method::POST, self.http.url("/upload/image"));
        call.body = Body::Form(form);
        let reply = self.send(call).await?;
        if !reply.is_success() {
            return Err(common::refused(&self.http, UPLOAD, &reply));
        }
        // The server may have renamed it.
        let json = reply.json().unwrap_or_default();
        let name = common::text_at(&json, "/name")
            .ok_or_else(|| self.http.refusal(UPLOAD, VendorErrorKind::Protocol, &reply, None))?;
        Ok(match common::text_at(&json, "/subfolder").filter(|folder| !folder.is_empty()) {
            Some(folder) => format!("{folder}/{name}"),
            None => name.to_owned(),
        })
    }

    fn values(&self, request: &GenerateRequest, image: Option<String>) -> Values {
        let mut values = Values::new();
        values.insert("prompt".into(), request.prompt.as_str().into());
        // An encoder node needs a text, be it an empty one.
        let negative = request.negative_prompt.as_deref().unwrap_or_default();
        values.insert("negative_prompt".into(), negative.into());
        values.insert("image".into(), image.into());
        values.insert("seed".into(), request.seed.into());
        values.insert("width".into(), self.options.width.into());
        values.insert("height".into(), self.options.height.into());
        values.insert("frames".into(), frames(&self.options, request.duration_ms).into());
        values.insert("seconds".into(), (f64::from(request.duration_ms) / 1000.0).into());
        values
    }

    /// A task's entry in the history; `None` while it is not finished.
    async fn history(
        &self,
        operation: &'static str,
        id: &str,
    ) -> Result<Result<Option<Value>, Reply>, VendorError> {
        let url = self.http.url(&format!("/history/{}", common::segment(id)));
        let reply = self.send(Call::get(operation, url)).await?;
        if !reply.is_success() {
            return Ok(Err(reply));
        }
        let Some(json) = reply.json().filter(Value::is_object) else {
            return Err(self.http.refusal(operation, VendorErrorKind::Protocol, &reply, None));
        };
        Ok(Ok(json.get(id).cloned()))
    }

    async fn queue(&self, operation: &'static str, id: &str) -> Result<Place, VendorError> {
        let reply = self.send(Call::get(operation, self.http.url("/queue"))).await?;
        if !reply.is_success() {
            return Err(common::refused(&self.http, operation, &reply));
        }
        let Some(json) = reply.json().filter(|j| j.get("queue_pending").is_some()) else {
            return Err(self.http.refusal(operation, VendorErrorKind::Protocol, &reply, None));
        };
        Ok(place(&json, id))
    }

    fn finished(&self, entry: &Value) -> TaskState {
        let status = common::text_at(entry, "/status/status_str");
        if status == Some("error") {
            return TaskState::Failed(self.failure(entry));
        }
        match clip(entry) {
            Some(file) => TaskState::Succeeded {
                output: Output { url: self.view(file).to_string(), credit: None },
                cost: Some(MicroUsd::ZERO),
            },
            None if status.is_none() || status == Some("success") => {
                let message = "the workflow wrote no video";
                TaskState::Failed(common::task_failed(
                    &self.http,
                    VendorErrorKind::BadOutput,
                    message,
                ))
            }
            None => common::unknown_status(&self.http, status),
        }
    }

    /// Errors and interruptions look alike but for the last message.
    fn failure(&self, entry: &Value) -> VendorError {
        let messages = entry.pointer("/status/messages").and_then(Value::as_array);
        let last = messages.and_then(|list| list.last());
        let event = last.and_then(|m| common::text_at(m, "/0")).unwrap_or("no message");
        if event == "execution_interrupted" {
            let message = "it was interrupted";
            return common::task_failed(&self.http, VendorErrorKind::Cancelled, message);
        }
        let said = |name: &str| {
            last.and_then(|m| common::text_at(m, &format!("/1/{name}"))).unwrap_or("?")
        };
        let message = format!(
            "{event} in {}: {}: {}",
            said("node_type"),
            said("exception_type"),
            said("exception_message")
        );
        common::task_failed(&self.http, VendorErrorKind::Server, &message)
    }

    /// Where a file of the server's is read.
    fn view(&self, file: &Value) -> Url {
        let mut url = self.http.url("/view");
        let part = |name: &str| file.get(name).and_then(Value::as_str).unwrap_or_default();
        url.query_pairs_mut()
            .append_pair("filename", part("filename"))
            .append_pair("subfolder", part("subfolder"))
            .append_pair("type", if part("type").is_empty() { "output" } else { part("type") });
        url
    }

    /// The way of servers that know no cancelling of tasks.
    async fn cancel_by_queue(&self, id: &str) -> Result<Cancelled, VendorError> {
        let (path, body, agreed) = match self.queue(CANCEL, id).await? {
            Place::Pending(_) => ("/queue", json!({ "delete": [id] }), Cancelled::Yes),
            // Without the id, whatever runs would be interrupted.
            Place::Running => ("/interrupt", json!({ "prompt_id": id }), Cancelled::Asked),
            Place::Nowhere => return Ok(Cancelled::TooLate),
        };
        let reply = self.send(Call::post(CANCEL, self.http.url(path), body)).await?;
        common::cancel_outcome(&self.http, &reply, agreed)
    }
}

/// Where a task is in the queue.
#[derive(Debug, PartialEq, Eq)]
enum Place {
    Running,
    /// So many are before it.
    Pending(usize),
    Nowhere,
}

fn place(queue: &Value, id: &str) -> Place {
    let is_it = |entry: &Value| common::text_at(entry, "/1") == Some(id);
    let list = |name: &str| queue.get(name).and_then(Value::as_array);
    if list("queue_running").is_some_and(|running| running.iter().any(is_it)) {
        return Place::Running;
    }
    match list("queue_pending").and_then(|pending| pending.iter().position(is_it)) {
        Some(before) => Place::Pending(before),
        None => Place::Nowhere,
    }
}

/// A UUID made from the call's id (version 8 of RFC 9562, which leaves the bits to us).
fn task_id(call_id: &str) -> String {
    let digest = Sha256::digest(call_id.as_bytes());
    let mut hex = pytoon_vocabulary::hex(&digest[..16]);
    hex.replace_range(12..13, "8");
    hex.replace_range(16..17, "a");
    format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..])
}

fn frames(options: &Options, duration_ms: u32) -> u64 {
    let wanted = (u64::from(duration_ms) * u64::from(options.frame_rate)).div_ceil(1000);
    let multiple = u64::from(options.frame_multiple);
    wanted.saturating_sub(u64::from(options.frame_offset)).div_ceil(multiple) * multiple
        + u64::from(options.frame_offset)
}

fn read_workflow(path: &str) -> Result<Value, OptionProblem> {
    let problem = |reason: String| OptionProblem::new("options.workflow", reason);
    if path.trim().is_empty() {
        return Err(problem("name a file with a workflow in ComfyUI's API format".to_owned()));
    }
    let size = std::fs::metadata(path).map_err(|error| problem(format!("{path}: {error}")))?.len();
    if size > MAX_WORKFLOW {
        return Err(problem(format!("{path} is too large for a workflow")));
    }
    let text =
        std::fs::read_to_string(path).map_err(|error| problem(format!("{path}: {error}")))?;
    let workflow: Value =
        serde_json::from_str(&text).map_err(|error| problem(format!("{path}: {error}")))?;
    let is_graph = workflow.as_object().is_some_and(|nodes| {
        !nodes.is_empty() && nodes.values().all(|node| node.get("class_type").is_some())
    });
    if !is_graph {
        let reason = "is not in ComfyUI's API format: save it with Export (API)";
        return Err(problem(format!("{path} {reason}")));
    }
    template::check(&workflow, PLACES, "options.workflow")?;
    if !template::uses(&workflow, "prompt") {
        return Err(problem(format!("{path} has no {{{{prompt}}}}")));
    }
    Ok(workflow)
}

fn capabilities(workflow: &Value, options: &Options) -> Capabilities {
    let takes_image = template::uses(workflow, "image");
    let offer = Offer {
        durations: Durations::Range { min: 1000, max: options.max_seconds * 1000, step: 1000 },
        ratios: vec![Ratio { width: options.width, height: options.height }],
        follows_picture: false,
    };
    let (from_words, from_picture) =
        if takes_image { (None, Some(offer)) } else { (Some(offer), None) };
    Capabilities {
        from_words,
        from_picture,
        image_inputs: match takes_image {
            true => vec![ImageInput::Upload(MAX_UPLOAD)],
            false => Vec::new(),
        },
        max_prompt: MAX_PROMPT,
        prompt_unit: PromptUnit::Chars,
        cancel: true,
        // One process takes calls on and tells of them.
        lookup_settles: Some(Duration::ZERO),
        is_stock: false,
    }
}

/// The clip among a task's files: nodes put theirs under different names, so its ending decides.
fn clip(entry: &Value) -> Option<&Value> {
    let outputs = entry.get("outputs")?.as_object()?;
    let files = outputs.values().filter_map(Value::as_object).flat_map(|node| node.values());
    let files: Vec<&Value> = files.filter_map(Value::as_array).flatten().collect();
    let is_clip = |file: &&Value| {
        common::text_at(file, "/filename").is_some_and(|name| {
            let name = name.to_lowercase();
            CLIP_ENDINGS.iter().any(|ending| name.ends_with(ending))
        })
    };
    // Previews lie beside results: what was written to be kept comes first.
    let is_kept = |file: &&Value| common::text_at(file, "/type") == Some("output");
    files
        .iter()
        .copied()
        .filter(is_clip)
        .find(is_kept)
        .or_else(|| files.iter().copied().find(is_clip))
}

impl ExternalEngineAdapter for ComfyUi {
    fn name(&self) -> &str {
        self.http.engine()
    }

    fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    fn price_key(&self, _request: &GenerateRequest) -> String {
        "default".to_owned()
    }

    fn health_check(&self) -> EngineFuture<'_, EngineHealth> {
        Box::pin(async move {
            let reply = self.send(Call::get(HEALTH, self.http.url("/system_stats"))).await?;
            if !reply.is_success() {
                return Err(common::refused(&self.http, HEALTH, &reply));
            }
            let json = reply.json().unwrap_or_default();
            let device = common::text_at(&json, "/devices/0/name").unwrap_or("no device");
            let version = common::text_at(&json, "/system/comfyui_version").unwrap_or("unknown");
            let detail = self.http.redact(&format!("version {version}, {device}"));
            Ok(EngineHealth { balance: None, detail: Some(detail) })
        })
    }

    fn prepare<'a>(&'a self, request: &'a GenerateRequest) -> EngineFuture<'a, Prepared> {
        Box::pin(async move {
            common::check_request(self.name(), &self.capabilities, request)?;
            let image = match &request.image {
                Some(path) => Some(self.upload(path, &request.call_id).await?),
                None => None,
            };
            let graph = template::fill(&self.workflow, &self.values(request, image));
            let id = task_id(&request.call_id);
            let body = json!({ "prompt": graph, "prompt_id": id, "client_id": "pytoon" });
            Ok(Prepared { request: request.clone(), body, path: "/prompt".to_owned() })
        })
    }

    fn submit<'a>(&'a self, prepared: &'a Prepared) -> EngineFuture<'a, Task> {
        Box::pin(async move {
            let call = Call::post(SUBMIT, self.http.url(&prepared.path), prepared.body.clone());
            let reply = self.send(call.paid()).await?;
            if !reply.is_success() {
                let kind = common::submit_kind(reply.status);
                let said = common::said(&reply);
                return Err(common::refused_submit(&self.http, kind, &reply, said.as_deref()));
            }
            let json = reply.json().unwrap_or_default();
            let id = common::id_at(&json, "/prompt_id")
                .ok_or_else(|| common::unreadable_submit(&self.http, &reply))?;
            // A part of the graph was taken on, and it may not be the part that writes the clip.
            let errors = json.pointer("/node_errors").and_then(Value::as_object);
            if let Some(errors) = errors.filter(|errors| !errors.is_empty()) {
                let nodes = errors.keys().map(String::as_str).collect::<Vec<_>>().join(", ");
                let said = format!("the workflow's nodes {nodes} are refused");
                let kind = VendorErrorKind::InvalidRequest;
                return Err(self
                    .http
                    .refusal(SUBMIT, kind, &reply, Some(&said))
                    .accepted(Accepted::Yes));
            }
            Ok(Task { id, data: Value::Null })
        })
    }

    fn poll<'a>(&'a self, task: &'a Task) -> EngineFuture<'a, TaskState> {
        Box::pin(async move {
            for attempt in 0..2 {
                match self.history(POLL, &task.id).await? {
                    Ok(Some(entry)) => return Ok(self.finished(&entry)),
                    Ok(None) => {}
                    Err(reply) => return common::refused_poll(&self.http, &reply),
                }
                if attempt > 0 {
                    break;
                }
                match self.queue(POLL, &task.id).await? {
                    Place::Running => {
                        return Ok(TaskState::Running { progress: None, unknown_status: None });
                    }
                    Place::Pending(before) => {
                        return Ok(TaskState::Queued { mark: Some(before.to_string()) });
                    }
                    Place::Nowhere => {}
                }
            }
            let message = "it is neither queued nor in the history: the server was restarted";
            Ok(TaskState::Failed(common::task_failed(&self.http, VendorErrorKind::Lost, message)))
        })
    }

    fn cancel<'a>(&'a self, task: &'a Task) -> EngineFuture<'a, Cancelled> {
        Box::pin(async move {
            let path = format!("/api/jobs/{}/cancel", common::segment(&task.id));
            let reply = self.send(Call::post(CANCEL, self.http.url(&path), json!({}))).await?;
            match reply.status {
                404 | 405 => self.cancel_by_queue(&task.id).await,
                200..=299 => {
                    let json = reply.json().unwrap_or_default();
                    Ok(match json.get("cancelled").and_then(Value::as_bool) {
                        Some(true) => Cancelled::Yes,
                        Some(false) => Cancelled::TooLate,
                        None => Cancelled::Asked,
                    })
                }
                _ => Err(common::refused(&self.http, CANCEL, &reply)),
            }
        })
    }

    fn fetch<'a>(&'a self, output: &'a Output, to: &'a Path) -> EngineFuture<'a, GeneratedClip> {
        Box::pin(common::fetch(&self.http, self.limits, output, to))
    }

    fn lookup<'a>(&'a self, prepared: &'a Prepared) -> EngineFuture<'a, Lookup> {
        Box::pin(async move {
            let id = task_id(&prepared.request.call_id);
            let found = || Ok(Lookup::Found(Task { id: id.clone(), data: Value::Null }));
            // The history is asked on both sides of the queue, for a task that passes between.
            for attempt in 0..2 {
                match self.history(LOOKUP, &id).await? {
                    Ok(Some(_)) => return found(),
                    Ok(None) => {}
                    Err(reply) => return Err(common::refused(&self.http, LOOKUP, &reply)),
                }
                if attempt == 0 && self.queue(LOOKUP, &id).await? != Place::Nowhere {
                    return found();
                }
            }
            Ok(Lookup::Absent)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_calls_task_id_is_a_uuid_and_always_the_same() {
        let id = task_id("call-0001");
        assert_eq!(id, task_id("call-0001"));
        assert_ne!(id, task_id("call-0002"));
        let parts: Vec<usize> = id.split('-').map(str::len).collect();
        assert_eq!(parts, [8, 4, 4, 4, 12]);
        assert!(id.chars().all(|c| c == '-' || c.is_ascii_digit() || c.is_ascii_lowercase()));
    }

    #[test]
    fn frames_come_in_the_models_numbers() {
        let mut options: Options = serde_json::from_value(json!({
            "workflow": "w", "width": 1, "height": 1, "frame_rate": 16, "max_seconds": 5
        }))
        .expect("options");
        assert_eq!(frames(&options, 5000), 80);
        (options.frame_multiple, options.frame_offset) = (4, 1);
        assert_eq!(frames(&options, 5000), 81);
        assert_eq!(frames(&options, 1000), 17);
    }

    #[test]
    fn the_clip_is_found_by_its_ending() {
        let entry = json!({ "outputs": {
            "3": { "images": [{ "filename": "a.png", "type": "output" }] },
            "4": { "gifs": [{ "filename": "p.mp4", "type": "temp" }] },
            "5": { "images": [{ "filename": "b.MP4", "type": "output" }], "animated": [true] }
        } });
        assert_eq!(clip(&entry).and_then(|f| common::text_at(f, "/filename")), Some("b.MP4"));
        assert_eq!(clip(&json!({ "outputs": {} })), None);
    }
}
