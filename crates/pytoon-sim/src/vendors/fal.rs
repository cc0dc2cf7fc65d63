//! Pika on fal, behind a job queue. URLs for status, result and cancellation omit the model's version and endpoint:
//! `fal-ai/pika/requests/{id}`.
//!
//! This vendor has no failed status: a failure is a completed task with an error, or an unsuccessful result. It has
//! three hosts: the queue, the storage and the account.

use super::{Answering, Vendor, authorization, picture};
use crate::call::{Call, Look, Order, Route};
use crate::job::Phase;
use crate::problem::Problem;
use crate::refusal::Refusal;
use crate::reply::{self, Answer};
use crate::scenario::{FalDuration, Step};
use crate::strict::{Check, Optional, Required, Units};
use crate::uploads::Upload;
use crate::{clock, prices, receive};
use hyper::{HeaderMap, Method, StatusCode};
use serde_json::{Value, json};

const MAX_UPLOAD: u64 = 100 << 20;
/// Maximum length of a prompt, which bounds the memory. No maximum is documented.
const MAX_PROMPT: usize = 20_000;

/// The hosts of fal.
#[derive(Debug)]
pub(super) enum Fal {
    Queue,
    Rest,
    Api,
}

impl Vendor for Fal {
    fn name(&self) -> &'static str {
        "fal"
    }

    fn route(&self, method: &Method, path: &[&str]) -> Result<Route, Refusal> {
        match self {
            Self::Queue => queue_route(method, path),
            Self::Rest => match (method, path) {
                (&Method::POST, ["storage", "upload", "initiate"]) => {
                    Ok(Route::new("initiate", Step::Upload).json())
                }
                (&Method::PUT, ["put", id]) => {
                    Ok(Route::new("put", Step::Upload).id(id).raw().open())
                }
                (_, ["storage", "upload", "initiate"] | ["put", _]) => {
                    Err(Refusal::MethodNotAllowed)
                }
                _ => Err(Refusal::NotFound),
            },
            Self::Api => match (method, path) {
                (&Method::GET, ["v1", "account", "billing"]) => {
                    Ok(Route::new("billing", Step::Health))
                }
                (_, ["v1", "account", "billing"]) => Err(Refusal::MethodNotAllowed),
                _ => Err(Refusal::NotFound),
            },
        }
    }

    fn key(&self, headers: &HeaderMap, _: &[(String, String)]) -> Option<String> {
        authorization(headers, "Key")
    }

    fn refuse(&self, refusal: &Refusal) -> Answer {
        let status = match refusal {
            // An exhausted balance locks the user.
            Refusal::PaymentRequired => StatusCode::FORBIDDEN,
            Refusal::ContentType | Refusal::NotJson(_) | Refusal::Moderated => {
                StatusCode::UNPROCESSABLE_ENTITY
            }
            other => other.status(),
        };
        let body = match refusal {
            Refusal::Invalid(problems) => {
                json!({ "detail": problems.iter().map(detail).collect::<Vec<_>>() })
            }
            Refusal::Moderated => moderation_body(),
            Refusal::PaymentRequired => {
                json!({ "detail": "User is locked. Reason: Exhausted balance." })
            }
            Refusal::ServerError => infrastructure("internal_server_error"),
            Refusal::BadGateway => infrastructure("runner_disconnected"),
            Refusal::Unavailable => infrastructure("runner_scheduling_failure"),
            other => json!({ "detail": other.message() }),
        };
        let answer = reply::json(status, &body);
        match body["error_type"].as_str() {
            Some(error_type) => {
                let answer = reply::with_header(answer, "x-fal-error-type", error_type);
                reply::with_header(answer, "x-fal-retryable", "true")
            }
            None => answer,
        }
    }

    fn serve<'a>(&'a self, call: &'a mut Call) -> Answering<'a> {
        Box::pin(async move {
            match call.route.op {
                "text-to-video" | "image-to-video" => submit(call),
                "status" => status(call),
                "result" => self.result(call),
                "cancel" => cancel(call),
                "initiate" => initiate(call),
                "put" => put(call).await,
                _ => Ok(billing(call)),
            }
        })
    }
}

fn queue_route(method: &Method, path: &[&str]) -> Result<Route, Refusal> {
    match (method, path) {
        (&Method::POST, ["fal-ai", "pika", "v2.2", "text-to-video"]) => {
            Ok(Route::new("text-to-video", Step::Submit).json())
        }
        (&Method::POST, ["fal-ai", "pika", "v2.2", "image-to-video"]) => {
            Ok(Route::new("image-to-video", Step::Submit).json())
        }
        (&Method::GET, ["fal-ai", "pika", "requests", id, "status"]) => {
            Ok(Route::new("status", Step::Poll).id(id))
        }
        (&Method::GET, ["fal-ai", "pika", "requests", id]) => {
            Ok(Route::new("result", Step::Result).id(id))
        }
        (&Method::PUT, ["fal-ai", "pika", "requests", id, "cancel"]) => {
            Ok(Route::new("cancel", Step::Cancel).id(id))
        }
        // The complete model path in front of `requests` is a common mistake.
        (_, ["fal-ai", "pika", "v2.2", ..] | ["fal-ai", "pika", "requests", ..]) => {
            Err(Refusal::MethodNotAllowed)
        }
        _ => Err(Refusal::NotFound),
    }
}

fn detail(problem: &Problem) -> Value {
    let mut loc = vec!["body".to_owned()];
    loc.extend(problem.path.iter().cloned());
    json!({ "loc": loc, "msg": problem.message, "type": problem.kind, "input": problem.input })
}

fn infrastructure(error_type: &str) -> Value {
    json!({ "detail": "The request could not be served right now", "error_type": error_type })
}

fn moderation_body() -> Value {
    json!({
        "detail": [{
            "loc": ["body", "prompt"],
            "msg": "The content could not be processed because it was flagged by a content checker.",
            "type": "content_policy_violation",
            "categories": ["model_moderated"],
        }],
    })
}

fn submit(call: &mut Call) -> Result<Answer, Refusal> {
    let with_image = call.route.op == "image-to-video";
    let mut check = Check::new(&call.body)?;
    let prompt = check.text("prompt", Required, 1..=MAX_PROMPT, Units::Chars);
    let ratios = ["16:9", "9:16", "1:1", "4:5", "5:4", "3:2", "2:3"];
    let ratio = if with_image {
        let url = check.text("image_url", Required, 1..=(15 << 20), Units::Bytes);
        if url.is_some_and(|url| !is_usable_image(call, url)) {
            check.report("image_url", "file_download_error", "Failed to download the file");
        }
        // The clip follows the picture; a picture on another host is not read.
        url.and_then(|url| shape(call, url)).unwrap_or_else(|| "9:16".to_owned())
    } else {
        check.one_of("aspect_ratio", Optional, &ratios).unwrap_or("16:9").to_owned()
    };
    let resolution = check.one_of("resolution", Optional, &["720p", "1080p"]).unwrap_or("720p");
    let seconds = duration(call, &mut check);
    check.text("negative_prompt", Optional, 0..=MAX_PROMPT, Units::Chars);
    check.integer("seed", Optional, i64::MIN..=i64::MAX);
    check.finish()?;
    let order = Order {
        operation: call.route.op,
        model: format!("fal-ai/pika/v2.2/{}", call.route.op),
        prompt: prompt.unwrap_or_default().to_owned(),
        size: size(&ratio, if resolution == "1080p" { 1080 } else { 720 }),
        duration_ms: seconds * 1000,
        price_micro_usd: prices::pika(resolution, seconds),
        ..Order::default()
    };
    let submission = call.accept(order)?;
    let base = format!("{}/fal/fal-ai/pika/requests/{}", call.origin, submission.id);
    let answer = reply::ok(&json!({
        "status": "IN_QUEUE",
        "request_id": submission.id,
        "response_url": base,
        "status_url": format!("{base}/status"),
        "cancel_url": format!("{base}/cancel"),
        "queue_position": 0,
    }));
    Ok(reply::with_header(answer, "x-fal-request-id", &submission.id))
}

fn duration(call: &Call, check: &mut Check<'_>) -> u64 {
    let accepted = call.sim.scenario(|scenario| scenario.defaults.fal_duration);
    let is_text = call.body["duration"].is_string();
    let as_text = accepted == FalDuration::String || accepted == FalDuration::Either && is_text;
    let seconds = if as_text {
        check.one_of("duration", Optional, &["5", "10"]).and_then(|word| word.parse().ok())
    } else {
        check.integer("duration", Optional, 5..=10)
    };
    match seconds {
        None | Some(5) => 5,
        Some(10) => 10,
        Some(_) => {
            check.report("duration", "literal_error", "Input should be 5 or 10");
            5
        }
    }
}

/// Returns the width and height for an aspect ratio and the length of the shorter side.
pub(super) fn size(ratio: &str, short: u32) -> (u32, u32) {
    let (wide, high) = ratio.split_once(':').unwrap_or(("9", "16"));
    let (wide, high): (u32, u32) = (wide.parse().unwrap_or(9), high.parse().unwrap_or(16));
    let long = |more: u32, less: u32| (short * more / less) & !1;
    if wide >= high { (long(wide, high), short) } else { (short, long(high, wide)) }
}

/// Returns the size of an uploaded picture in the form `width:height`; `None` for other URLs and unread sizes.
fn shape(call: &Call, url: &str) -> Option<String> {
    let id = url.strip_prefix(&format!("{}/fal-rest/put/", call.origin))?;
    let (width, height) = call.sim.uploads.find("fal", id)?.shape?;
    Some(format!("{width}:{height}"))
}

fn is_usable_image(call: &Call, url: &str) -> bool {
    if let Some(id) = url.strip_prefix(&format!("{}/fal-rest/put/", call.origin)) {
        return call.sim.uploads.find("fal", id).is_some_and(|upload| upload.received.is_some());
    }
    picture::is_web(url)
        || picture::data_type(url).is_some_and(|media_type| media_type.starts_with("image/"))
}

fn status(call: &mut Call) -> Result<Answer, Refusal> {
    let Look { submission, phase, is_odd } = call.look()?;
    let base = format!("{}/fal/fal-ai/pika/requests/{}", call.origin, submission.id);
    let mut body = json!({
        "request_id": submission.id,
        "response_url": base,
        "status_url": format!("{base}/status"),
        "cancel_url": format!("{base}/cancel"),
    });
    let mut set = |name: &str, value: Value| body[name] = value;
    let is_complete = !is_odd && phase.is_terminal();
    if is_odd {
        set("status", json!("PONDERING"));
    } else if phase == Phase::Queued {
        set("status", json!("IN_QUEUE"));
        set("queue_position", json!(0));
    } else if is_complete {
        set("status", json!("COMPLETED"));
        set("metrics", json!({ "inference_time": submission.job.run_ms as f64 / 1000.0 }));
    } else {
        set("status", json!("IN_PROGRESS"));
    }
    if !is_odd && phase == Phase::CompletedWithError {
        set("error", json!("Internal server error"));
        set("error_type", json!("internal_server_error"));
    }
    if !is_odd && phase == Phase::Cancelled {
        set("error", json!("The request was cancelled"));
        set("error_type", json!("client_cancelled"));
    }
    if phase != Phase::Queued || is_odd {
        // The field always exists, filled only on request.
        set("logs", if call.query("logs") == Some("1") { json!([]) } else { Value::Null });
    }
    let status = if is_complete { StatusCode::OK } else { StatusCode::ACCEPTED };
    Ok(reply::json(status, &body))
}

impl Fal {
    fn result(&self, call: &mut Call) -> Result<Answer, Refusal> {
        let Look { submission, phase, .. } = call.look()?;
        let answer = match phase {
            Phase::Queued | Phase::Running(_) => reply::json(
                StatusCode::BAD_REQUEST,
                &json!({ "detail": "Request is still in progress" }),
            ),
            Phase::Succeeded => {
                let url = call.film_url(&submission, None);
                reply::ok(&json!({
                    "video": {
                        "url": url,
                        "content_type": "video/mp4",
                        "file_name": "output.mp4",
                    },
                }))
            }
            Phase::Moderated => return Err(Refusal::Moderated),
            Phase::Failed => self.refuse(&Refusal::Unavailable),
            Phase::CompletedWithError => self.refuse(&Refusal::ServerError),
            Phase::Cancelled => {
                reply::json(StatusCode::BAD_REQUEST, &json!({ "detail": "Request was cancelled" }))
            }
        };
        Ok(reply::with_header(answer, "x-fal-request-id", &submission.id))
    }
}

fn cancel(call: &mut Call) -> Result<Answer, Refusal> {
    let state = |status, word| reply::json(status, &json!({ "status": word }));
    let Ok(look) = call.look() else {
        return Ok(state(StatusCode::NOT_FOUND, "NOT_FOUND"));
    };
    match look.phase {
        Phase::Queued => {
            call.cancel()?;
        }
        // A running task may still finish, and here it does.
        Phase::Running(_) => {}
        _ => return Ok(state(StatusCode::BAD_REQUEST, "ALREADY_COMPLETED")),
    }
    Ok(state(StatusCode::ACCEPTED, "CANCELLATION_REQUESTED"))
}

fn initiate(call: &mut Call) -> Result<Answer, Refusal> {
    if call.query("storage_type") != Some("fal-cdn-v3") {
        return Err(Refusal::Invalid(vec![Problem::new(
            &["storage_type"],
            "missing",
            "storage_type should be fal-cdn-v3",
        )]));
    }
    let mut check = Check::new(&call.body)?;
    let content_type = check.text("content_type", Required, 3..=100, Units::Chars);
    let name = check.text("file_name", Required, 1..=255, Units::Chars);
    check.finish()?;
    let id = call.sim.new_id("fal upload");
    call.sim.uploads.add(
        &id,
        Upload {
            vendor: "fal".to_owned(),
            name: name.unwrap_or_default().to_owned(),
            content_type: content_type.unwrap_or_default().to_owned(),
            created_at: clock::now_ms(),
            ..Upload::default()
        },
    );
    let url = format!("{}/fal-rest/put/{id}", call.origin);
    Ok(reply::ok(&json!({ "upload_url": url, "file_url": url })))
}

async fn put(call: &mut Call) -> Result<Answer, Refusal> {
    let id = call.id().to_owned();
    let upload = call.sim.uploads.find("fal", &id).ok_or(Refusal::NotFound)?;
    if call.header("content-type") != Some(upload.content_type.as_str()) {
        return Err(Refusal::Bad("the content type differs from the announced one".to_owned()));
    }
    let request = call.raw.take().ok_or(Refusal::ServerError)?;
    let (size, head) = receive::count(request.into_body(), MAX_UPLOAD).await?;
    call.sim.uploads.update("fal", &id, |one| {
        one.received = Some(size);
        one.shape = picture::size(&head);
    });
    Ok(reply::empty(StatusCode::OK))
}

fn billing(call: &Call) -> Answer {
    let mut body = json!({ "username": "simulated" });
    if call.query("expand") == Some("credits") {
        let balance = if call.is_broke { 0.0 } else { 100.0 };
        body["credits"] = json!({ "current_balance": balance, "currency": "USD" });
    }
    reply::ok(&body)
}

#[cfg(test)]
mod tests {
    use super::size;

    #[test]
    fn the_shorter_side_is_named_by_the_resolution() {
        assert_eq!(size("9:16", 720), (720, 1280));
        assert_eq!(size("16:9", 1080), (1920, 1080));
        assert_eq!(size("1:1", 720), (720, 720));
        assert_eq!(size("4:5", 720), (720, 900));
    }
}
