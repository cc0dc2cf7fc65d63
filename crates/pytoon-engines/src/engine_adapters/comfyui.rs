//! The adapter for a self-hosted ComfyUI server.
//!
//! Guarantees: the task's id is derived from the call's, so that a call without a response can be looked up;
//! a task that is neither queued nor in the history is looked up in the history twice before it is reported
//! as lost, since it may move from one to the other in between; only Pytoon's own task is interrupted.
//!
//! The workflow determines the content. It is a file in the server's API format with the placeholders `{{prompt}}`,
//! `{{negative_prompt}}`, `{{image}}`, `{{seed}}`, `{{width}}`, `{{height}}`, `{{frames}}` and `{{seconds}}`. A
//! workflow that contains `{{image}}` starts from a picture.
//!
//! Start with [`ComfyUi`].

use super::common::{self, CANCEL, HEALTH, LOOKUP, POLL, Picture, SUBMIT, UPLOAD};
use super::shared_adapter::{Adapter, Paid, Vendor};
use super::template::{self, Values};
use super::{AdapterParts, AdapterResult, OptionProblem, read_options, require};
use crate::adapter::{
    Cancelled, Capabilities, Durations, EngineHealth, GenerateRequest, ImageInput, Lookup, Offer,
    Prepared, Ratio, Task, TaskState,
};
use crate::http::{Body, Call, Reply};
use crate::{Accepted, Result, VendorError, VendorErrorKind};
use pytoon_vendor::hash::bytes_hash;
use pytoon_vocabulary::{CallId, MicroUsd};
use reqwest::Method;
use reqwest::multipart::Form;
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;
use url::Url;

const PLACES: &[&str] =
    &["prompt", "negative_prompt", "image", "seed", "width", "height", "frames", "seconds"];
/// Maximum size of a workflow file, in bytes.
const MAX_WORKFLOW: u64 = 4 << 20;
const MAX_UPLOAD: u64 = 50_000_000;
/// Maximum length of a prompt. The server has no limit, but text encoders truncate far shorter prompts.
const MAX_PROMPT: usize = 8000;
/// The accepted file extensions of a clip.
const CLIP_ENDINGS: &[&str] = &[".mp4", ".webm", ".mov", ".mkv"];

/// The `options` of a ComfyUI engine.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Options {
    /// The path of the workflow file.
    workflow: String,
    /// The width of the clip, in pixels, 1 to 16384.
    width: u32,
    /// The height of the clip, in pixels, 1 to 16384.
    height: u32,
    /// The frame rate of the workflow, in frames per second, 1 to 16384.
    frame_rate: u32,
    /// Maximum length of a clip, in seconds, 1 to 16384.
    max_seconds: u32,
    /// The number by which the frame count, less `frame_offset`, is divisible, 1 to 16384; 1 allows any count.
    #[serde(default = "one")]
    frame_multiple: u32,
    /// The number of frames added to a multiple of `frame_multiple`; 1 for models that draw 4n+1 frames.
    #[serde(default)]
    frame_offset: u32,
    /// Additional headers, for example for a proxy in front of the server. A configured API key is sent as a bearer
    /// token.
    #[serde(default)]
    headers: BTreeMap<String, String>,
}

fn one() -> u32 {
    1
}

/// The ComfyUI adapter.
#[derive(Debug)]
pub(super) struct ComfyUi {
    workflow: Value,
    options: Options,
}

impl ComfyUi {
    /// Creates the adapter from its configuration block and the workflow file.
    pub(super) fn try_new(parts: &AdapterParts<'_>) -> AdapterResult {
        let options: Options = read_options(parts.config)?;
        for (field, value) in [
            ("width", options.width),
            ("height", options.height),
            ("frame_rate", options.frame_rate),
            ("max_seconds", options.max_seconds),
            ("frame_multiple", options.frame_multiple),
        ] {
            let is_within = (1..=16_384).contains(&value);
            require(is_within, &format!("options.{field}"), "it is not between 1 and 16384")?;
        }
        let workflow = read_workflow(&options.workflow)?;
        Adapter::build(parts, capabilities(&workflow, &options), Self { workflow, options })
    }
}

impl Adapter<ComfyUi> {
    async fn upload(&self, path: &Path, call_id: &CallId) -> Result<String> {
        let picture = Picture::read(self.http.engine(), path, MAX_UPLOAD).await?;
        let name = format!("pytoon-{}.{}", task_id(call_id), picture.extension);
        let part = picture.into_part(self.http.engine(), name)?;
        let form = Form::new().text("type", "input").text("overwrite", "true").part("image", part);
        let mut call = Call::new(UPLOAD, Method::POST, self.http.url("/upload/image"));
        call.body = Body::Form(form);
        let reply = self.ask(call).await?;
        // The server may have renamed the file.
        let json = reply.json().unwrap_or_default();
        let name = common::text_at(&json, "/name");
        let name = name.ok_or_else(|| self.unreadable(UPLOAD, &reply))?;
        Ok(match common::text_at(&json, "/subfolder").filter(|folder| !folder.is_empty()) {
            Some(folder) => format!("{folder}/{name}"),
            None => name.to_owned(),
        })
    }

    fn values(&self, request: &GenerateRequest, image: Option<String>) -> Values {
        let options = &self.vendor.options;
        template::values([
            ("prompt", request.prompt.as_str().into()),
            // An encoder node needs a text, even an empty one.
            ("negative_prompt", request.negative_prompt.as_deref().unwrap_or_default().into()),
            ("image", image.into()),
            ("seed", request.seed.into()),
            ("width", options.width.into()),
            ("height", options.height.into()),
            ("frames", frames(options, request.duration_ms).into()),
            ("seconds", (f64::from(request.duration_ms) / 1000.0).into()),
        ])
    }

    /// Looks up a task in the history, in the queue, and in the history again, in case it moves between them.
    async fn find(&self, operation: &'static str, id: &str) -> Result<Found> {
        let url = self.http.url(&format!("/history/{}", common::segment(id)));
        for is_last in [false, true] {
            let reply = self.send(Call::get(operation, url.clone())).await?;
            if !reply.is_success() {
                return Ok(Found::Refused(reply));
            }
            let json = reply.json().filter(Value::is_object);
            let json = json.ok_or_else(|| self.unreadable(operation, &reply))?;
            if let Some(entry) = json.get(id) {
                return Ok(Found::Finished(entry.clone()));
            }
            match if is_last { Place::Nowhere } else { self.queue(operation, id).await? } {
                Place::Nowhere => {}
                place => return Ok(Found::InQueue(place)),
            }
        }
        Ok(Found::InQueue(Place::Nowhere))
    }

    async fn queue(&self, operation: &'static str, id: &str) -> Result<Place> {
        let reply = self.ask(Call::get(operation, self.http.url("/queue"))).await?;
        let json = reply.json().filter(|j| j.get("queue_pending").is_some());
        Ok(find_place(&json.ok_or_else(|| self.unreadable(operation, &reply))?, id))
    }

    fn state_of_entry(&self, entry: &Value) -> TaskState {
        let status = common::text_at(entry, "/status/status_str");
        if status == Some("error") {
            return TaskState::Failed(self.failure(entry));
        }
        match clip(entry) {
            Some(file) => common::clip_at(self.view(file).as_str(), Some(MicroUsd::ZERO)),
            None if status.is_none() || status == Some("success") => {
                let (kind, message) =
                    (VendorErrorKind::BadOutput, "the workflow wrote no video file");
                TaskState::Failed(common::task_failed(&self.http, kind, message))
            }
            None => common::unknown_status(&self.http, status),
        }
    }

    /// Returns the failure of a task from the last message of its history entry: an interruption, or the error of a
    /// node.
    fn failure(&self, entry: &Value) -> VendorError {
        let messages = entry.pointer("/status/messages").and_then(Value::as_array);
        let Some(last) = messages.and_then(|list| list.last()) else {
            let reason = "the server gave no reason";
            return common::task_failed(&self.http, VendorErrorKind::Server, reason);
        };
        let event = common::text_at(last, "/0").unwrap_or("an error");
        if event == "execution_interrupted" {
            let message = "the workflow was interrupted on the server";
            return common::task_failed(&self.http, VendorErrorKind::Cancelled, message);
        }
        let said = |place| common::text_at(last, place).unwrap_or("unknown");
        let (node, kind) = (said("/1/node_type"), said("/1/exception_type"));
        let message =
            format!("{event} in node type {node}: {kind}: {}", said("/1/exception_message"));
        common::task_failed(&self.http, VendorErrorKind::Server, &message)
    }

    /// Returns the URL from which the server serves a file.
    fn view(&self, file: &Value) -> Url {
        let mut url = self.http.url("/view");
        let part = |name: &str| file.get(name).and_then(Value::as_str).unwrap_or_default();
        url.query_pairs_mut()
            .append_pair("filename", part("filename"))
            .append_pair("subfolder", part("subfolder"))
            .append_pair("type", if part("type").is_empty() { "output" } else { part("type") });
        url
    }

    /// Cancels a task on servers that have no cancel endpoint: removes it from the queue, or interrupts it if it is
    /// running.
    async fn cancel_by_queue(&self, id: &str) -> Result<Cancelled> {
        let (path, body, agreed) = match self.queue(CANCEL, id).await? {
            Place::Pending(_) => ("/queue", json!({ "delete": [id] }), Cancelled::Yes),
            // Without the id, the server would interrupt any running task.
            Place::Running => ("/interrupt", json!({ "prompt_id": id }), Cancelled::Asked),
            Place::Nowhere => return Ok(Cancelled::TooLate),
        };
        let reply = self.send(Call::post(CANCEL, self.http.url(path), body)).await?;
        common::cancel_outcome(&self.http, &reply, agreed)
    }
}

/// The result of a task lookup on the server.
enum Found {
    /// The task's entry in the history.
    Finished(Value),
    InQueue(Place),
    /// The server rejected the request for the history.
    Refused(Reply),
}

/// The position of a task on the server: running, waiting or absent.
enum Place {
    Running,
    /// The task is waiting, with this many tasks ahead.
    Pending(usize),
    Nowhere,
}

fn find_place(queue: &Value, id: &str) -> Place {
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

/// Derives a UUID from the call's id (version 8 of RFC 9562, which leaves the bits to the implementer).
fn task_id(call_id: &CallId) -> String {
    let mut hex = bytes_hash(call_id.as_str().as_bytes());
    hex.replace_range(12..13, "8");
    hex.replace_range(16..17, "a");
    format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..32])
}

fn frames(options: &Options, duration_ms: u32) -> u64 {
    let wanted = (u64::from(duration_ms) * u64::from(options.frame_rate)).div_ceil(1000);
    let multiple = u64::from(options.frame_multiple);
    wanted.saturating_sub(u64::from(options.frame_offset)).div_ceil(multiple) * multiple
        + u64::from(options.frame_offset)
}

fn read_workflow(path: &str) -> Result<Value, OptionProblem> {
    let field = "options.workflow";
    let unread = |error: std::io::Error| {
        OptionProblem::new(field, format!("failed to read {path}: {error}; name a readable file"))
    };
    let is_named = !path.trim().is_empty();
    require(is_named, field, "no workflow is set: name a file in ComfyUI's API format")?;
    let size = std::fs::metadata(path).map_err(unread)?.len();
    require(
        size <= MAX_WORKFLOW,
        field,
        &format!("{path} has {size} bytes; the maximum for a workflow is {MAX_WORKFLOW}"),
    )?;
    let text = std::fs::read_to_string(path).map_err(unread)?;
    let workflow: Value = serde_json::from_str(&text).map_err(|error| {
        let reason = format!("{path} is not valid JSON ({error}): save it with Export (API)");
        OptionProblem::new(field, reason)
    })?;
    let is_graph = workflow.as_object().is_some_and(|nodes| {
        !nodes.is_empty() && nodes.values().all(|node| node.get("class_type").is_some())
    });
    let reason = "is not in ComfyUI's API format: save it with Export (API)";
    require(is_graph, field, &format!("{path} {reason}"))?;
    template::check(&workflow, PLACES, field)?;
    let has_prompt = template::uses(&workflow, "prompt");
    require(
        has_prompt,
        field,
        &format!("{path} has no {{{{prompt}}}}: write it in place of the prompt's text"),
    )?;
    Ok(workflow)
}

fn capabilities(workflow: &Value, options: &Options) -> Capabilities {
    let offer = Offer {
        durations: Durations::Range { min: 1000, max: options.max_seconds * 1000, step: 1000 },
        ratios: vec![Ratio { width: options.width, height: options.height }],
        follows_picture: false,
    };
    let takes_image = template::uses(workflow, "image");
    let (from_words, from_picture) =
        if takes_image { (None, Some(offer)) } else { (Some(offer), None) };
    let image_inputs = from_picture.iter().map(|_| ImageInput::Upload(MAX_UPLOAD)).collect();
    Capabilities {
        from_words,
        from_picture,
        image_inputs,
        max_prompt: MAX_PROMPT,
        cancel: true,
        // A single process accepts calls and answers questions about them.
        lookup_settles: Some(Duration::ZERO),
        ..Capabilities::default()
    }
}

/// Returns the clip among the output files of a task; `None` if there is none. Nodes list their files under different
/// names, so the file extension decides.
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
    // Previews are listed beside results: saved outputs come first.
    let is_kept = |file: &&Value| common::text_at(file, "/type") == Some("output");
    let clips = || files.iter().copied().filter(is_clip);
    clips().find(is_kept).or_else(|| clips().next())
}

impl Vendor for ComfyUi {
    fn sign(engine: &Adapter<Self>, mut call: Call) -> Result<Call> {
        for (name, value) in &engine.vendor.options.headers {
            call = call.header(name, value);
        }
        if engine.http.key().is_some() {
            return common::with_key(&engine.http, call, "Bearer ");
        }
        Ok(call)
    }

    async fn health(engine: &Adapter<Self>) -> Result<EngineHealth> {
        let reply = engine.ask(Call::get(HEALTH, engine.http.url("/system_stats"))).await?;
        let json = reply.json().unwrap_or_default();
        let device = common::text_at(&json, "/devices/0/name").unwrap_or("no device");
        let version = common::text_at(&json, "/system/comfyui_version").unwrap_or("unknown");
        let detail = engine.http.redact(&format!("version {version}, {device}"));
        Ok(EngineHealth { balance: None, detail: Some(detail) })
    }

    async fn body(engine: &Adapter<Self>, request: &GenerateRequest) -> Result<Paid> {
        let image = match &request.image {
            Some(path) => Some(engine.upload(path, &request.call_id).await?),
            None => None,
        };
        let graph = template::fill(&engine.vendor.workflow, &engine.values(request, image));
        let id = task_id(&request.call_id);
        let body = json!({ "prompt": graph, "prompt_id": id, "client_id": "pytoon" });
        Ok(("/prompt".to_owned(), body))
    }

    async fn submit(engine: &Adapter<Self>, prepared: &Prepared) -> Result<Task> {
        let reply = engine.post(&prepared.path, prepared.body.clone()).await?;
        let (id, json) = engine.parse_submission(&reply, "/prompt_id")?;
        // The server accepted a part of the graph, possibly without the node that writes the clip.
        let nodes: Vec<&str> =
            common::fields_at(&json, "/node_errors").map(|(node, _)| node.as_str()).collect();
        if !nodes.is_empty() {
            let said = format!(
                "it rejected the workflow's nodes {}: check their inputs and models",
                nodes.join(", ")
            );
            let kind = VendorErrorKind::InvalidRequest;
            let refusal = engine.http.refusal(SUBMIT, kind, &reply, Some(&said));
            return Err(refusal.with_accepted(Accepted::Yes));
        }
        Ok(Task { id, data: Value::Null })
    }

    async fn poll(engine: &Adapter<Self>, task: &Task) -> Result<TaskState> {
        Ok(match engine.find(POLL, &task.id).await? {
            Found::Finished(entry) => engine.state_of_entry(&entry),
            Found::Refused(reply) => return common::interpret_refused_poll(&engine.http, &reply),
            Found::InQueue(Place::Running) => common::running(None),
            Found::InQueue(Place::Pending(before)) => {
                TaskState::Queued { mark: Some(before.to_string()) }
            }
            Found::InQueue(Place::Nowhere) => {
                let message = "the task is neither in the queue nor in the history: the server was \
                               probably restarted";
                let kind = VendorErrorKind::Lost;
                TaskState::Failed(common::task_failed(&engine.http, kind, message))
            }
        })
    }

    async fn cancel(engine: &Adapter<Self>, task: &Task) -> Result<Cancelled> {
        let path = format!("/api/jobs/{}/cancel", common::segment(&task.id));
        let reply = engine.send(Call::post(CANCEL, engine.http.url(&path), json!({}))).await?;
        match reply.status {
            404 | 405 => engine.cancel_by_queue(&task.id).await,
            200..=299 => {
                let json = reply.json().unwrap_or_default();
                Ok(match json.get("cancelled").and_then(Value::as_bool) {
                    Some(true) => Cancelled::Yes,
                    Some(false) => Cancelled::TooLate,
                    None => Cancelled::Asked,
                })
            }
            _ => Err(common::refusal_error(&engine.http, CANCEL, &reply)),
        }
    }

    async fn lookup(engine: &Adapter<Self>, prepared: &Prepared) -> Result<Lookup> {
        let id = task_id(&prepared.request.call_id);
        match engine.find(LOOKUP, &id).await? {
            Found::Refused(reply) => Err(common::refusal_error(&engine.http, LOOKUP, &reply)),
            Found::InQueue(Place::Nowhere) => Ok(Lookup::Absent),
            Found::Finished(_) | Found::InQueue(Place::Running | Place::Pending(_)) => {
                Ok(Lookup::Found(Task { id, data: Value::Null }))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_calls_task_id_is_a_uuid_and_always_the_same() {
        let id = task_id(&"call-0001".into());
        assert_eq!(id, task_id(&"call-0001".into()));
        assert_ne!(id, task_id(&"call-0002".into()));
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
