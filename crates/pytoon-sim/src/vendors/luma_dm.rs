//! Luma Dream Machine, the older API: failure reasons are free text, and a generation is cancelled by deleting it.

use super::{Answering, Vendor, authorization, fal, picture};
use crate::call::{Call, Look, Order, Route};
use crate::job::Phase;
use crate::refusal::Refusal;
use crate::reply::{self, Answer};
use crate::scenario::Step;
use crate::strict::{Check, Optional, Required, Units};
use crate::{clock, contract, prices};
use hyper::{HeaderMap, Method, StatusCode};
use serde_json::{Value, json};

#[derive(Debug)]
pub(super) struct LumaDm;

impl Vendor for LumaDm {
    fn name(&self) -> &'static str {
        "luma-dm"
    }

    fn route(&self, method: &Method, path: &[&str]) -> Result<Route, Refusal> {
        match (method, path) {
            (&Method::POST, ["generations", "video"] | ["generations"]) => {
                Ok(Route::new("create", Step::Submit).json())
            }
            (&Method::GET, ["generations"]) => Ok(Route::new("list", Step::Search)),
            (&Method::GET, ["generations", id]) => Ok(Route::new("get", Step::Poll).id(id)),
            (&Method::DELETE, ["generations", id]) => Ok(Route::new("delete", Step::Cancel).id(id)),
            (&Method::GET, ["credits"]) => Ok(Route::new("credits", Step::Health)),
            (&Method::GET, ["ping"]) => Ok(Route::new("ping", Step::Health).open()),
            (_, ["generations"] | ["generations", _] | ["credits"] | ["ping"]) => {
                Err(Refusal::MethodNotAllowed)
            }
            _ => Err(Refusal::NotFound),
        }
    }

    fn key(&self, headers: &HeaderMap, _: &[(String, String)]) -> Option<String> {
        authorization(headers, "Bearer")
    }

    fn refuse(&self, refusal: &Refusal) -> Answer {
        let status = match refusal {
            // Problems of the texts are found before the framework's own validation.
            Refusal::Invalid(problems) => {
                let is_text = problems.iter().all(|one| one.kind.starts_with("string_too"));
                if is_text { StatusCode::BAD_REQUEST } else { StatusCode::UNPROCESSABLE_ENTITY }
            }
            Refusal::ContentType | Refusal::NotJson(_) => StatusCode::UNPROCESSABLE_ENTITY,
            other => other.status(),
        };
        reply::json(status, &json!({ "detail": refusal.message() }))
    }

    fn serve<'a>(&'a self, call: &'a mut Call) -> Answering<'a> {
        Box::pin(async move {
            match call.route.op {
                "create" => create(call),
                "list" => list(call),
                "get" => {
                    let look = call.look()?;
                    Ok(reply::ok(&generation(call, &look)))
                }
                "delete" => {
                    call.cancel()?;
                    call.delete();
                    Ok(reply::empty(StatusCode::NO_CONTENT))
                }
                "credits" => {
                    let cents = if call.is_broke { 0 } else { 100_000 };
                    Ok(reply::ok(&json!({ "credit_balance": cents })))
                }
                _ => Ok(reply::ok(&json!({ "message": "pong" }))),
            }
        })
    }
}

fn create(call: &mut Call) -> Result<Answer, Refusal> {
    let has_keyframes = call.body.get("keyframes").is_some_and(|frames| !frames.is_null());
    let types = contract::request("luma-dm", "create");
    let types = types.ok_or_else(|| Refusal::Broken("no types of create".to_owned()))?;
    let mut check = Check::with_types(&call.body, types)?;
    let model = check.word("model").unwrap_or("ray-2");
    let need = if has_keyframes { Optional } else { Required };
    let prompt = check.text("prompt", need, 3..=5000, Units::Chars);
    let ratio = check.word("aspect_ratio").unwrap_or("16:9");
    // The types allow any text here and in the next field, for clients of older versions.
    let duration = check.one_of("duration", Optional, &["5s", "9s"]).unwrap_or("5s");
    let sizes = ["540p", "720p", "1080p", "4k"];
    let resolution = check.one_of("resolution", Optional, &sizes).unwrap_or("720p");
    let loops = check.boolean("loop").unwrap_or(false);
    check.objects("concepts", Optional, 0..=20, |concept| {
        concept.text("key", Required, 1..=100, Units::Chars);
    });
    check.text("callback_url", Optional, 1..=2048, Units::Bytes);
    let has_end = check
        .object("keyframes", Optional, |frames| {
            let start = frames.object("frame0", Optional, |frame| keyframe(call, frame)).is_some();
            let end = frames.object("frame1", Optional, |frame| keyframe(call, frame)).is_some();
            if !start && !end {
                frames.report("frame0", "missing", "no keyframes given");
            }
            end
        })
        .unwrap_or(false);
    if loops && has_end {
        check.report("loop", "custom", "loop is not supported with an end frame");
    }
    check.finish()?;
    let seconds = if duration == "9s" { 9 } else { 5 };
    let short = match resolution {
        "4k" => 2160,
        other => other.trim_end_matches('p').parse().unwrap_or(720),
    };
    let order = Order {
        operation: "video",
        model: model.to_owned(),
        prompt: prompt.unwrap_or_default().to_owned(),
        size: fal::size(ratio, short),
        duration_ms: seconds * 1000,
        price_micro_usd: prices::luma(model, seconds),
        echo: Some(call.body.clone()),
        ..Order::default()
    };
    let submission = call.accept(order)?;
    let look = Look { submission, phase: Phase::Queued, is_odd: false };
    Ok(reply::json(StatusCode::CREATED, &generation(call, &look)))
}

/// Checks that a keyframe names an existing generation or has a public URL, since this vendor has no upload and
/// accepts no inline data.
fn keyframe(call: &Call, frame: &mut Check<'_>) {
    match frame.word("type") {
        Some("generation") => {
            let id = frame.text("id", Required, 1..=64, Units::Chars);
            if id.is_some_and(|id| call.sim.ledger.find(call.vendor, id).is_none()) {
                frame.report("id", "custom", "the generation does not exist");
            }
        }
        _ => {
            let url = frame.text("url", Required, 1..=4096, Units::Bytes);
            if url.is_some_and(|url| !picture::is_web(url)) {
                frame.report("url", "custom", "must be a public URL");
            }
        }
    }
}

fn generation(call: &Call, look: &Look) -> Value {
    let Look { submission, phase, is_odd } = look;
    let (state, reason) = match phase {
        _ if *is_odd => ("pondering", None),
        Phase::Queued => ("queued", None),
        Phase::Running(_) => ("dreaming", None),
        Phase::Succeeded | Phase::CompletedWithError => ("completed", None),
        Phase::Failed => ("failed", Some("Prompt processing failed")),
        Phase::Moderated => ("failed", Some("Advanced prompt moderation failed")),
        Phase::Cancelled => ("failed", Some("Job was cancelled")),
    };
    let is_ready = *phase == Phase::Succeeded && !is_odd;
    let assets = is_ready.then(|| json!({ "video": call.film_url(submission, None) }));
    json!({
        "id": submission.id,
        "generation_type": "video",
        "state": state,
        "failure_reason": reason,
        "created_at": clock::iso(submission.accepted_at),
        "assets": assets,
        "model": submission.job.model,
        "request": submission.job.echo,
    })
}

/// Lists the generations that this client may see, newest first.
fn list(call: &Call) -> Result<Answer, Refusal> {
    let number = |name: &str, default: usize, most: usize| match call.query(name) {
        None => Ok(default),
        Some(text) => text
            .parse::<usize>()
            .ok()
            .filter(|number| *number <= most)
            .ok_or_else(|| Refusal::Bad(format!("{name} is out of range"))),
    };
    let (limit, offset) = (number("limit", 100, 100)?, number("offset", 0, usize::MAX)?);
    let mut all = call.sim.ledger.of_vendor(call.vendor);
    all.retain(|submission| call.may_see(submission));
    let count = all.len();
    let now = clock::now_ms();
    let shown: Vec<Value> = all
        .into_iter()
        .rev()
        .skip(offset)
        .take(limit)
        .map(|submission| {
            let phase = submission.phase(now);
            generation(call, &Look { submission, phase, is_odd: false })
        })
        .collect();
    Ok(reply::ok(&json!({
        "has_more": offset.saturating_add(limit) < count,
        "count": count,
        "limit": limit,
        "offset": offset,
        "generations": shown,
    })))
}
