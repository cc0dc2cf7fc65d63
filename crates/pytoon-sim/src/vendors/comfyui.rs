//! ComfyUI, with a queue, a history and files. Every route is also available below `/api`.
//!
//! A task id that a client repeats is rejected. The real server may run the task again, but the rejection reveals a
//! client that sends an id twice.

use super::{Answering, Vendor};
use crate::call::{Call, Look, Order, Route};
use crate::clock;
use crate::files;
use crate::job::Phase;
use crate::ledger::Submission;
use crate::receive;
use crate::refusal::Refusal;
use crate::reply::{self, Answer};
use crate::scenario::Step;
use crate::strict::{Check, Optional, Units};
use crate::uploads::Upload;
use hyper::header::AUTHORIZATION;
use hyper::{HeaderMap, Method, StatusCode};
use serde_json::{Map, Value, json};

const MAX_UPLOAD: usize = 100 << 20;

#[derive(Debug)]
pub(super) struct ComfyUi;

impl Vendor for ComfyUi {
    fn name(&self) -> &'static str {
        "comfyui"
    }

    fn route(&self, method: &Method, path: &[&str]) -> Result<Route, Refusal> {
        let (get, post) = (method == Method::GET, method == Method::POST);
        match path {
            ["prompt"] if post => Ok(Route::new("prompt", Step::Submit).json()),
            ["prompt"] if get => Ok(Route::new("remaining", Step::Poll)),
            ["queue"] if get => Ok(Route::new("queue", Step::Poll)),
            ["queue"] if post => Ok(Route::new("unqueue", Step::Cancel).json()),
            ["history", id] if get => Ok(Route::new("result", Step::Result).id(id)),
            ["history"] if get => Ok(Route::new("history", Step::Result)),
            ["history"] if post => Ok(Route::new("forget", Step::Cancel).json()),
            ["view"] if get => Ok(Route::new("view", Step::Download)),
            ["upload", "image"] if post => Ok(Route::new("upload", Step::Upload).raw()),
            ["interrupt"] if post => Ok(Route::new("interrupt", Step::Cancel).json_or_nothing()),
            ["jobs", id, "cancel"] if post => Ok(Route::new("cancel", Step::Cancel).id(id)),
            ["system_stats"] if get => Ok(Route::new("stats", Step::Health)),
            ["prompt" | "queue" | "history" | "view" | "interrupt" | "system_stats"]
            | ["history", _]
            | ["upload", "image"]
            | ["jobs", _, "cancel"] => Err(Refusal::MethodNotAllowed),
            _ => Err(Refusal::NotFound),
        }
    }

    fn key(&self, headers: &HeaderMap, _: &[(String, String)]) -> Option<String> {
        headers.get(AUTHORIZATION)?.to_str().ok().map(str::to_owned)
    }

    /// Returns false: the server has no API keys, although a proxy in front of it may have.
    fn asks_for_a_key(&self) -> bool {
        false
    }

    fn refuse(&self, refusal: &Refusal) -> Answer {
        let kind = match refusal {
            Refusal::NotFound => return reply::text(StatusCode::NOT_FOUND, "404: Not Found"),
            Refusal::Invalid(problems) if problems.iter().any(|one| one.kind == "missing") => {
                "no_prompt"
            }
            Refusal::Invalid(_) | Refusal::NotJson(_) | Refusal::ContentType => "invalid_prompt",
            Refusal::Bad(_) => "invalid_prompt_id",
            other => return reply::text(other.status(), other.message()),
        };
        prompt_error(kind, &refusal.message(), &json!({}))
    }

    fn prompt(&self, call: &Call) -> String {
        texts(&call.body["prompt"])
    }

    fn work_in_query(&self, query: &[(String, String)]) -> Option<String> {
        let (_, name) = query.iter().find(|(key, _)| key == "filename")?;
        Some(name.strip_prefix("sim_")?.strip_suffix(".mp4")?.to_owned())
    }

    fn serve<'a>(&'a self, call: &'a mut Call) -> Answering<'a> {
        Box::pin(async move {
            match call.route.op {
                "prompt" => prompt(call),
                "remaining" => {
                    let left = live(call).len();
                    Ok(reply::ok(&json!({ "exec_info": { "queue_remaining": left } })))
                }
                "queue" => Ok(queue(call)),
                "unqueue" => unqueue(call),
                "result" => Ok(result(call)),
                "history" => Ok(history(call)),
                "forget" => forget(call),
                "view" => view(call).await,
                "upload" => upload(call).await,
                "interrupt" => interrupt(call),
                "cancel" => {
                    let look = call.cancel();
                    let cancelled = look.is_ok_and(|look| !look.phase.is_terminal());
                    Ok(reply::ok(&json!({ "cancelled": cancelled })))
                }
                _ => Ok(stats()),
            }
        })
    }
}

fn prompt_error(kind: &str, message: &str, node_errors: &Value) -> Answer {
    let error = json!({ "type": kind, "message": message, "details": message, "extra_info": {} });
    let body = json!({ "error": error, "node_errors": node_errors });
    reply::json(StatusCode::BAD_REQUEST, &body)
}

/// Returns the `text` and `prompt` inputs of all nodes of a workflow graph, joined with ` | `.
fn texts(graph: &Value) -> String {
    let nodes = graph.as_object().into_iter().flatten();
    let inputs = nodes.filter_map(|(_, node)| node["inputs"].as_object()).flatten();
    let texts = inputs.filter(|(name, _)| ["text", "prompt"].contains(&name.as_str()));
    texts.filter_map(|(_, text)| text.as_str()).collect::<Vec<_>>().join(" | ")
}

/// Returns the first numeric input of a workflow graph with one of the given names, rounded; `None` if there is none.
fn number(graph: &Map<String, Value>, names: &[&str]) -> Option<u64> {
    names.iter().find_map(|name| {
        graph.values().find_map(|node| {
            let value = &node["inputs"][*name];
            value.as_u64().or_else(|| value.as_f64().map(|number| number.round() as u64))
        })
    })
}

/// Returns the node of a workflow graph that writes the clip, and the name of its output list; `None` if there is
/// none.
fn output(graph: &Map<String, Value>) -> Option<(&String, &'static str)> {
    graph.iter().find_map(|(id, node)| {
        let class = node["class_type"].as_str()?;
        if class.contains("VideoCombine") {
            return Some((id, "gifs"));
        }
        class.starts_with("Save").then_some((id, "images"))
    })
}

fn prompt(call: &mut Call) -> Result<Answer, Refusal> {
    let mut check = Check::new(&call.body)?;
    let graph = check.any("prompt", crate::strict::Required);
    check.text("client_id", Optional, 1..=100, Units::Chars);
    let id = check.text("prompt_id", Optional, 1..=100, Units::Chars).map(str::to_owned);
    check.any("number", Optional);
    check.boolean("front");
    check.any("extra_data", Optional);
    check.any("partial_execution_targets", Optional);
    check.finish()?;
    if id.as_deref().is_some_and(|id| !is_uuid(id)) {
        return Err(Refusal::Bad("prompt_id must be a lowercase UUID".to_owned()));
    }
    let Some(graph) = graph.and_then(Value::as_object).filter(|graph| !graph.is_empty()) else {
        return Ok(prompt_error("invalid_prompt", "Prompt is not a graph", &json!({})));
    };
    if let Some(errors) = node_errors(call, graph) {
        let message = "Prompt outputs failed validation";
        return Ok(prompt_error("prompt_outputs_failed_validation", message, &errors));
    }
    let Some((node, list)) = output(graph) else {
        return Ok(prompt_error("prompt_no_outputs", "Prompt has no outputs", &json!({})));
    };
    let side = |names: &[&str], default| {
        number(graph, names).and_then(|side| u32::try_from(side).ok()).unwrap_or(default)
    };
    let frames = number(graph, &["length", "num_frames", "video_length"]).unwrap_or(120);
    let rate = number(graph, &["fps", "frame_rate"]).unwrap_or(24).clamp(1, 120);
    let order = Order {
        id,
        operation: "prompt",
        model: "workflow".to_owned(),
        prompt: texts(&call.body["prompt"]),
        size: (side(&["width"], 720).clamp(16, 2048), side(&["height"], 1280).clamp(16, 2048)),
        duration_ms: (frames * 1000 / rate).clamp(200, 60_000),
        echo: Some(json!({ "node": node, "list": list, "prompt": graph })),
        ..Order::default()
    };
    let submission = call.accept(order)?;
    Ok(reply::ok(&json!({
        "prompt_id": submission.id,
        "number": call.sim.ledger.of_vendor(call.vendor).len(),
        "node_errors": {},
    })))
}

fn is_uuid(id: &str) -> bool {
    let is_hex = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    id.len() == 36
        && id.bytes().enumerate().all(|(at, byte)| {
            if [8, 13, 18, 23].contains(&at) { byte == b'-' } else { is_hex(byte) }
        })
}

fn node_errors(call: &Call, graph: &Map<String, Value>) -> Option<Value> {
    let mut errors = Map::new();
    for (id, node) in graph {
        let class = node["class_type"].as_str();
        let image = &node["inputs"]["image"];
        let problem = match (class, node["inputs"].is_object()) {
            (None, _) => Some(("missing_node_type", "class_type is missing".to_owned())),
            (_, false) => Some(("missing_inputs", "inputs is missing".to_owned())),
            (Some("LoadImage"), _) if !is_uploaded(call, image) => {
                Some(("value_not_in_list", format!("Invalid image file: {image}")))
            }
            _ => None,
        };
        if let Some((kind, message)) = problem {
            let error =
                json!({ "type": kind, "message": message, "details": "", "extra_info": {} });
            let errors_of_node =
                json!({ "errors": [error], "dependent_outputs": [], "class_type": class });
            errors.insert(id.clone(), errors_of_node);
        }
    }
    (!errors.is_empty()).then_some(Value::Object(errors))
}

fn is_uploaded(call: &Call, name: &Value) -> bool {
    let uploads = call.sim.uploads.of_vendor(call.vendor);
    name.as_str().is_some_and(|name| uploads.iter().any(|(_, upload)| upload.name == name))
}

/// Returns the queued and running tasks that this client may see, oldest first.
fn live(call: &Call) -> Vec<(Submission, Phase)> {
    let now = clock::now_ms();
    let all = call.sim.ledger.of_vendor(call.vendor).into_iter();
    all.filter(|one| call.may_see(one))
        .map(|one| (one.phase(now), one))
        .filter(|(phase, _)| !phase.is_terminal())
        .map(|(phase, one)| (one, phase))
        .collect()
}

fn queue(call: &Call) -> Answer {
    let (mut running, mut pending) = (Vec::new(), Vec::new());
    for (number, (one, phase)) in live(call).into_iter().enumerate() {
        let echo = one.job.echo.unwrap_or_default();
        let entry = json!([number, one.id, echo["prompt"], {}, [echo["node"]]]);
        if phase == Phase::Queued { pending.push(entry) } else { running.push(entry) }
    }
    reply::ok(&json!({ "queue_running": running, "queue_pending": pending }))
}

/// Returns the texts in the list `field` of the body.
fn names_in(call: &Call, field: &str) -> Vec<String> {
    let names = call.body[field].as_array().into_iter().flatten();
    names.filter_map(Value::as_str).map(str::to_owned).collect()
}

fn unqueue(call: &Call) -> Result<Answer, Refusal> {
    let mut ids = names_in(call, "delete");
    if call.body["clear"] == true {
        ids.extend(live(call).into_iter().map(|(one, _)| one.id));
    }
    for id in ids {
        call.refers_to(&id);
        let look = call.look_for(&id);
        if look.is_ok_and(|look| look.phase == Phase::Queued) {
            call.cancel_that(&id)?;
        }
    }
    Ok(reply::empty(StatusCode::OK))
}

fn interrupt(call: &Call) -> Result<Answer, Refusal> {
    let asked = call.body["prompt_id"].as_str();
    if let Some(id) = asked {
        call.refers_to(id);
    }
    for (one, phase) in live(call) {
        // Without a name, any running task is interrupted, including those of other clients.
        if phase != Phase::Queued && asked.is_none_or(|id| id == one.id) {
            call.cancel_that(&one.id)?;
        }
    }
    Ok(reply::empty(StatusCode::OK))
}

fn forget(call: &Call) -> Result<Answer, Refusal> {
    for id in names_in(call, "delete") {
        call.refers_to(&id);
        call.sim.ledger.update(call.vendor, &id, |one| one.deleted = true);
    }
    Ok(reply::empty(StatusCode::OK))
}

/// Returns a task's entry in the history. Unless the task has an unknown status, returns `None` if it has not
/// ended, or was cancelled while it was queued.
fn entry(look: &Look) -> Option<Value> {
    let Look { submission, phase, is_odd } = look;
    let echo = submission.job.echo.clone().unwrap_or_default();
    let id = &submission.id;
    let status = |word: &str, completed: bool, event: &str, mut data: Value| {
        data["prompt_id"] = json!(id);
        let begun = json!(["execution_start", { "prompt_id": id }]);
        json!({ "status_str": word, "completed": completed, "messages": [begun, [event, data]] })
    };
    let mut outputs = json!({});
    let status = match phase {
        _ if *is_odd => status("pondering", false, "execution_pondering", json!({})),
        Phase::Queued | Phase::Running(_) => return None,
        Phase::Succeeded => {
            let node = echo["node"].as_str().unwrap_or_default();
            let list = echo["list"].as_str().unwrap_or("images");
            let file =
                json!({ "filename": format!("sim_{id}.mp4"), "subfolder": "", "type": "output" });
            outputs[node] = json!({ list: [file], "animated": [true] });
            status("success", true, "execution_success", json!({}))
        }
        Phase::CompletedWithError => status("success", true, "execution_success", json!({})),
        Phase::Failed | Phase::Moderated => status(
            "error",
            false,
            "execution_error",
            json!({
                "node_id": echo["node"],
                "node_type": "KSampler",
                "exception_type": "torch.OutOfMemoryError",
                "exception_message": "Allocation on device",
                "traceback": [],
            }),
        ),
        Phase::Cancelled => {
            let at = submission.cancelled_at.unwrap_or_default();
            let age = at.saturating_sub(submission.accepted_at);
            if submission.job.phase(age) == Phase::Queued {
                return None;
            }
            status("error", false, "execution_interrupted", json!({}))
        }
    };
    let prompt = json!([0, id, echo["prompt"], {}, [echo["node"]]]);
    Some(json!({ "prompt": prompt, "outputs": outputs, "status": status, "meta": {} }))
}

fn result(call: &Call) -> Answer {
    let entry = call.look().ok().and_then(|look| entry(&look));
    reply::ok(&entry.map_or_else(|| json!({}), |entry| json!({ call.id(): entry })))
}

fn history(call: &Call) -> Answer {
    let limit = call.query("max_items").and_then(|text| text.parse().ok()).unwrap_or(200_usize);
    let now = clock::now_ms();
    let mut all = Map::new();
    for submission in call.sim.ledger.of_vendor(call.vendor).into_iter().rev() {
        if all.len() >= limit.min(1000) {
            break;
        }
        if call.may_see(&submission) {
            let phase = submission.phase(now);
            let look = Look { submission, phase, is_odd: false };
            if let Some(entry) = entry(&look) {
                all.insert(look.submission.id, entry);
            }
        }
    }
    reply::ok(&Value::Object(all))
}

async fn view(call: &Call) -> Result<Answer, Refusal> {
    let name = call.query("filename").unwrap_or_default();
    if name.is_empty() {
        return Ok(reply::empty(StatusCode::BAD_REQUEST));
    }
    if name.starts_with('/') || name.contains("..") {
        return Ok(reply::empty(StatusCode::FORBIDDEN));
    }
    let is_output = call.query("type").unwrap_or("output") == "output";
    let is_here = is_output && call.query("subfolder").unwrap_or_default().is_empty();
    if !is_here || call.id().is_empty() {
        return Ok(reply::empty(StatusCode::NOT_FOUND));
    }
    match files::deliver(&call.sim, call.vendor, call.id(), call.fate).await {
        Err(Refusal::NotFound) => Ok(reply::empty(StatusCode::NOT_FOUND)),
        other => other,
    }
}

async fn upload(call: &mut Call) -> Result<Answer, Refusal> {
    let request = call.raw.take().ok_or(Refusal::ServerError)?;
    let fields = receive::form(request, MAX_UPLOAD).await?;
    let text = |name: &str| {
        fields.iter().find(|field| field.name == name).map_or("", |field| field.text.as_str())
    };
    let image = fields.iter().find(|field| field.name == "image" && field.file_name.is_some());
    let name = image.and_then(|image| image.file_name.clone()).unwrap_or_default();
    if name.is_empty() || name.contains(['/', '\\']) {
        return Ok(reply::empty(StatusCode::BAD_REQUEST));
    }
    let taken = |name: &str| is_uploaded(call, &json!(name));
    let mut given = name.clone();
    if text("overwrite") != "true" {
        let (stem, extension) = name.rsplit_once('.').unwrap_or((name.as_str(), ""));
        let mut turn = 1;
        while taken(&given) && turn < 1000 {
            given = format!("{stem} ({turn}).{extension}");
            turn += 1;
        }
    }
    let id = call.sim.new_id("comfyui upload");
    let upload = Upload {
        vendor: call.vendor.to_owned(),
        name: given.clone(),
        received: image.map(|image| image.size),
        created_at: clock::now_ms(),
        ..Upload::default()
    };
    let subfolder = text("subfolder").to_owned();
    call.sim.uploads.add(&id, upload);
    Ok(reply::ok(&json!({ "name": given, "subfolder": subfolder, "type": "input" })))
}

fn stats() -> Answer {
    reply::ok(&json!({
        "system": {
            "os": "posix",
            "ram_total": 64_u64 << 30,
            "ram_free": 32_u64 << 30,
            "comfyui_version": "0.36.0",
            "python_version": "3.12.0",
            "pytorch_version": "2.8.0",
            "argv": ["main.py"],
        },
        "devices": [{
            "name": "cuda:0 Simulated",
            "type": "cuda",
            "index": 0,
            "vram_total": 24_u64 << 30,
            "vram_free": 20_u64 << 30,
            "torch_vram_total": 1_u64 << 30,
            "torch_vram_free": 1_u64 << 30,
        }],
    }))
}
