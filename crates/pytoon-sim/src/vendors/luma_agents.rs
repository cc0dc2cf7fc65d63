//! Luma's current API: generations cannot be cancelled, and URLs are valid for an hour.

use super::{Answering, Vendor, authorization, fal};
use crate::call::{Call, Look, Order, Route};
use crate::job::Phase;
use crate::ledger::Submission;
use crate::refusal::Refusal;
use crate::reply::{self, Answer};
use crate::scenario::{Fault, Step};
use crate::strict::{Check, Optional, Required, Units};
use crate::uploads::Upload;
use crate::{clock, contract, prices, receive};
use base64::Engine;
use hyper::{HeaderMap, Method, StatusCode};
use serde_json::{Value, json};

const HOUR_MS: u64 = 3600 * 1000;
const MAX_PROMPT: usize = 6000;
const MAX_IMAGE: u64 = 50 << 20;
const RATIOS: &[&str] = &["9:16", "3:4", "1:1", "4:3", "16:9", "21:9"];

#[derive(Debug)]
pub(super) struct LumaAgents;

impl Vendor for LumaAgents {
    fn name(&self) -> &'static str {
        "luma-agents"
    }

    fn route(&self, method: &Method, path: &[&str]) -> Result<Route, Refusal> {
        match (method, path) {
            (&Method::POST, ["generations"]) => Ok(Route::new("create", Step::Submit).json()),
            (&Method::GET, ["generations", id]) => Ok(Route::new("get", Step::Poll).id(id)),
            (&Method::POST, ["files"]) => Ok(Route::new("new_file", Step::Upload).json()),
            (&Method::GET, ["files"]) => Ok(Route::new("files", Step::Health)),
            (&Method::GET, ["files", id]) => Ok(Route::new("file", Step::Upload).id(id)),
            (&Method::DELETE, ["files", id]) => Ok(Route::new("remove", Step::Upload).id(id)),
            (&Method::POST, ["files", id, "complete"]) => {
                Ok(Route::new("complete", Step::Upload).id(id))
            }
            (&Method::PUT, ["put", id]) => Ok(Route::new("put", Step::Upload).id(id).raw().open()),
            (
                _,
                ["generations"]
                | ["generations", _]
                | ["files"]
                | ["files", _]
                | ["files", _, "complete"]
                | ["put", _],
            ) => Err(Refusal::MethodNotAllowed),
            _ => Err(Refusal::NotFound),
        }
    }

    fn key(&self, headers: &HeaderMap, _: &[(String, String)]) -> Option<String> {
        authorization(headers, "Bearer")
    }

    fn refuse(&self, refusal: &Refusal) -> Answer {
        let status = match refusal {
            Refusal::ContentType | Refusal::NotJson(_) => StatusCode::UNPROCESSABLE_ENTITY,
            other => other.status(),
        };
        reply::json(status, &json!({ "detail": refusal.message() }))
    }

    fn dress(&self, answer: Answer, asked: &HeaderMap) -> Answer {
        let answer = reply::with_header(answer, "x-api-version", "2026-04-01");
        let id = asked.get("x-request-id").and_then(|value| value.to_str().ok());
        reply::with_header(answer, "x-request-id", id.unwrap_or("simulated"))
    }

    fn serve<'a>(&'a self, call: &'a mut Call) -> Answering<'a> {
        Box::pin(async move {
            match call.route.op {
                "create" => create(call),
                "get" => {
                    let look = call.look()?;
                    Ok(reply::ok(&generation(call, &look)))
                }
                "new_file" => new_file(call),
                "file" => file(call),
                "complete" => complete(call),
                "remove" => {
                    let removed = call.sim.uploads.remove(call.vendor, call.id());
                    removed.map(|_| reply::empty(StatusCode::NO_CONTENT)).ok_or(Refusal::NotFound)
                }
                "put" => put(call).await,
                _ => files(call),
            }
        })
    }
}

fn create(call: &mut Call) -> Result<Answer, Refusal> {
    let mut check = types("create", &call.body)?;
    let prompt = check.text("prompt", Required, 1..=MAX_PROMPT, Units::Chars);
    // The other models and types make pictures, or edit.
    let model = check.one_of("model", Optional, &["ray-3.2"]);
    check.one_of("type", Optional, &["video"]);
    let ratio = check.one_of("aspect_ratio", Optional, RATIOS).unwrap_or("16:9");
    check.text("user_id", Optional, 1..=256, Units::Chars);
    let video = check.object("video", Optional, |video| options(call, video));
    check.finish()?;
    let (short, seconds) = video.unwrap_or((720, 5));
    let order = Order {
        operation: "video",
        model: model.unwrap_or("ray-3.2").to_owned(),
        prompt: prompt.unwrap_or_default().to_owned(),
        size: fal::size(ratio, short),
        duration_ms: seconds * 1000,
        price_micro_usd: prices::luma("ray-3.2", seconds),
        ..Order::default()
    };
    let submission = call.accept(order)?;
    let look = Look { submission, phase: Phase::Queued, is_odd: false };
    let answer = reply::json(StatusCode::CREATED, &generation(call, &look));
    Ok(reply::with_header(answer, "x-ratelimit-limit", "60"))
}

/// Starts the check of a body against the vendor's types for the request `name`.
fn types<'a>(name: &str, body: &'a Value) -> Result<Check<'a>, Refusal> {
    let types = contract::request("luma-agents", name);
    let types = types.ok_or_else(|| Refusal::Broken(format!("no types of {name}")))?;
    Ok(Check::with_types(body, types)?)
}

/// Checks the options in `video`, and returns the shorter side in pixels and the length in seconds.
fn options(call: &Call, video: &mut Check<'_>) -> (u32, u64) {
    let resolution = video.word("resolution").unwrap_or("720p");
    let duration = video.word("duration").unwrap_or("5s");
    let is_long = duration == "10s";
    let loops = video.boolean("loop").unwrap_or(false);
    let hdr = video.boolean("hdr").unwrap_or(false);
    let start = video.object("start_frame", Optional, |frame| image(call, frame)).is_some();
    let end = video.object("end_frame", Optional, |frame| image(call, frame)).is_some();
    let keyframes = video.objects("keyframes", Optional, 1..=64, |frame| image(call, frame)).len();
    let indexes = video.list("keyframe_indexes", Optional, 1..=64);
    if indexes.is_some_and(|indexes| indexes.len() != keyframes) {
        video.report("keyframe_indexes", "custom", "one index for each keyframe");
    }
    if (start || end) && is_long {
        video.report("duration", "custom", "start_frame and end_frame cannot be used with 10s");
    }
    if keyframes > 0 && (start || end || loops) {
        video.report("keyframes", "custom", "exclusive with start_frame, end_frame and loop");
    }
    if loops && (is_long || hdr) {
        video.report("loop", "custom", "cannot be used with 10s or hdr");
    }
    let short = resolution.trim_end_matches('p').parse().unwrap_or(720);
    (short, if is_long { 10 } else { 5 })
}

/// Checks a picture, which must have exactly one valid source.
fn image(call: &Call, frame: &mut Check<'_>) {
    let url = frame.text("url", Optional, 1..=2048, Units::Bytes);
    let data = frame.text("data", Optional, 1..=usize::MAX, Units::Bytes);
    let generation = frame.text("generation_id", Optional, 1..=64, Units::Chars);
    let file = frame.text("file_id", Optional, 1..=64, Units::Chars);
    let types = ["image/jpeg", "image/png", "image/webp"];
    let media_type = frame.one_of("media_type", Optional, &types);
    let given = [url, data, generation, file].into_iter().flatten().count();
    if given != 1 {
        frame.report("url", "custom", "exactly one of url, data, generation_id, file_id");
    }
    if data.is_some() != media_type.is_some() {
        frame.report("media_type", "custom", "belongs to data");
    }
    let engine = base64::engine::general_purpose::STANDARD;
    if data.is_some_and(|data| engine.decode(data).is_err()) {
        frame.report("data", "custom", "is not base64");
    }
    if url.is_some_and(|url| !super::picture::is_web(url)) {
        frame.report("url", "custom", "is not a URL");
    }
    if generation.is_some_and(|id| call.sim.ledger.find(call.vendor, id).is_none()) {
        frame.report("generation_id", "custom", "does not exist");
    }
    let ready =
        |id| call.sim.uploads.find(call.vendor, id).is_some_and(|file| state(&file) == "ready");
    if file.is_some_and(|id| !ready(id)) {
        frame.report("file_id", "custom", "does not exist or is not ready");
    }
}

fn generation(call: &Call, look: &Look) -> Value {
    let Look { submission, phase, is_odd } = look;
    let mut body = json!({
        "id": submission.id,
        "type": "video",
        "model": submission.job.model,
        "created_at": clock::iso(submission.accepted_at),
        "state": "queued",
    });
    let failed = |code: &str, reason: &str| json!({ "state": "failed", "failure_code": code, "failure_reason": reason });
    let extra = match phase {
        _ if *is_odd => json!({ "state": "pondering" }),
        Phase::Queued => json!({}),
        Phase::Running(_) => json!({ "state": "processing" }),
        Phase::Succeeded => json!({ "state": "completed", "output": output(call, submission) }),
        Phase::CompletedWithError => json!({ "state": "completed", "output": [] }),
        Phase::Moderated => failed("content_moderated", "The prompt was moderated."),
        // There is no cancel here; the state completes the match.
        Phase::Failed | Phase::Cancelled => failed("generation_failed", "The generation failed."),
    };
    for (name, value) in extra.as_object().into_iter().flatten() {
        body[name] = value.clone();
    }
    body
}

fn output(call: &Call, submission: &Submission) -> Value {
    json!([{ "type": "video", "url": call.film_url(submission, Some(HOUR_MS)) }])
}

fn new_file(call: &mut Call) -> Result<Answer, Refusal> {
    let mut check = types("new_file", &call.body)?;
    let content_type = check.text("mime_type", Required, 3..=100, Units::Chars);
    let size = check.integer("size_bytes", Required, 1..=i64::MAX);
    let name = check.text("filename", Optional, 1..=255, Units::Chars);
    let purpose = check.word("purpose").unwrap_or("input");
    check.text("user_id", Optional, 1..=256, Units::Chars);
    check.finish()?;
    let size = size.and_then(|size| u64::try_from(size).ok()).unwrap_or_default();
    if size > MAX_IMAGE {
        return Err(Refusal::TooLarge);
    }
    let id = call.sim.new_id("luma file");
    let upload = Upload {
        vendor: call.vendor.to_owned(),
        name: name.unwrap_or_default().to_owned(),
        content_type: content_type.unwrap_or_default().to_owned(),
        purpose: purpose.to_owned(),
        announced: Some(size),
        created_at: clock::now_ms(),
        ..Upload::default()
    };
    let body = json!({
        "id": id,
        "state": state(&upload),
        "file": file_json(&id, &upload),
        "upload": {
            "url": format!("{}/luma-agents/v1/put/{id}", call.origin),
            "method": "PUT",
            "headers": { "Content-Type": upload.content_type },
            "expires_at": clock::iso(upload.created_at + HOUR_MS),
        },
    });
    call.sim.uploads.add(&id, upload);
    Ok(reply::json(StatusCode::CREATED, &body))
}

/// Returns the state of an uploaded file. It is pending until the first poll after its completion, and then ready or
/// failed.
fn state(upload: &Upload) -> &'static str {
    match (upload.completed, upload.looks, upload.is_refused) {
        // `FileState` of luma-agents 0.5.0 has no other value for a file that is not ready yet.
        (false, ..) | (true, 0, _) => "pending",
        (true, _, true) => "failed",
        (true, _, false) => "ready",
    }
}

fn file_json(id: &str, upload: &Upload) -> Value {
    let state = state(upload);
    json!({
        "id": id,
        "filename": upload.name,
        "mime_type": upload.content_type,
        "purpose": upload.purpose,
        "size_bytes": upload.announced,
        "state": state,
        "failure_reason": (state == "failed").then_some("The file could not be read"),
        "created_at": clock::iso(upload.created_at),
    })
}

fn file(call: &Call) -> Result<Answer, Refusal> {
    let looked = call.sim.uploads.update(call.vendor, call.id(), |one| {
        one.looks += u32::from(one.completed);
        one.is_refused |= call.fate.is_some_and(|(fault, _)| fault == Fault::Failed);
    });
    looked.map(|one| reply::ok(&file_json(call.id(), &one))).ok_or(Refusal::NotFound)
}

fn files(call: &Call) -> Result<Answer, Refusal> {
    let limit = match call.query("limit") {
        None => 20,
        Some(text) => text
            .parse::<usize>()
            .ok()
            .filter(|limit| (1..=100).contains(limit))
            .ok_or_else(|| Refusal::Bad("limit must be 1..100".to_owned()))?,
    };
    let all = call.sim.uploads.of_vendor(call.vendor);
    let data: Vec<Value> = all.iter().take(limit).map(|(id, one)| file_json(id, one)).collect();
    Ok(reply::ok(&json!({ "data": data, "has_more": all.len() > limit })))
}

fn complete(call: &Call) -> Result<Answer, Refusal> {
    let upload = call.sim.uploads.find(call.vendor, call.id()).ok_or(Refusal::NotFound)?;
    if upload.received.is_none() || upload.received != upload.announced {
        return Err(Refusal::Bad("the announced bytes have not arrived".to_owned()));
    }
    let done = call.sim.uploads.update(call.vendor, call.id(), |one| one.completed = true);
    done.map(|one| reply::ok(&file_json(call.id(), &one))).ok_or(Refusal::NotFound)
}

async fn put(call: &mut Call) -> Result<Answer, Refusal> {
    let id = call.id().to_owned();
    let upload = call.sim.uploads.find(call.vendor, &id).ok_or(Refusal::NotFound)?;
    if call.header("content-type") != Some(upload.content_type.as_str()) {
        return Err(Refusal::Forbidden);
    }
    let request = call.raw.take().ok_or(Refusal::ServerError)?;
    let (size, _) = receive::count(request.into_body(), MAX_IMAGE).await?;
    call.sim.uploads.update(call.vendor, &id, |one| one.received = Some(size));
    Ok(reply::empty(StatusCode::OK))
}
