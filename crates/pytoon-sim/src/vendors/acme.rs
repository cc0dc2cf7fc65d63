//! Acme, an invented vendor with a simple protocol, for engines that are described as data.

use super::{Answering, Vendor, header_key, picture};
use crate::call::{Call, Look, Order, Route};
use crate::job::Phase;
use crate::ledger::Submission;
use crate::refusal::Refusal;
use crate::reply::{self, Answer};
use crate::scenario::Step;
use crate::strict::{Check, Optional, Required, Units};
use crate::{clock, prices};
use hyper::{HeaderMap, Method, StatusCode};
use serde_json::{Value, json};

const HOUR_MS: u64 = 3600 * 1000;
const SIZES: &[&str] =
    &["360x640", "540x960", "720x1280", "1080x1920", "640x360", "1280x720", "1920x1080", "720x720"];

#[derive(Debug)]
pub(super) struct Acme;

impl Vendor for Acme {
    fn name(&self) -> &'static str {
        "acme"
    }

    fn route(&self, method: &Method, path: &[&str]) -> Result<Route, Refusal> {
        match (method, path) {
            (&Method::POST, ["v1", "renders"]) => Ok(Route::new("render", Step::Submit).json()),
            (&Method::GET, ["v1", "renders"]) => Ok(Route::new("list", Step::Search)),
            (&Method::GET, ["v1", "renders", id]) => Ok(Route::new("get", Step::Poll).id(id)),
            (&Method::DELETE, ["v1", "renders", id]) => Ok(Route::new("stop", Step::Cancel).id(id)),
            (&Method::GET, ["v1", "me"]) => Ok(Route::new("me", Step::Health)),
            (_, ["v1", "renders"] | ["v1", "renders", _] | ["v1", "me"]) => {
                Err(Refusal::MethodNotAllowed)
            }
            _ => Err(Refusal::NotFound),
        }
    }

    fn key(&self, headers: &HeaderMap, _: &[(String, String)]) -> Option<String> {
        header_key(headers, "x-acme-key")
    }

    fn refuse(&self, refusal: &Refusal) -> Answer {
        let code = match refusal {
            Refusal::Unauthorized => "bad_key",
            Refusal::PaymentRequired => "no_funds",
            Refusal::Forbidden => "forbidden",
            Refusal::NotFound => "not_found",
            Refusal::MethodNotAllowed => "bad_method",
            Refusal::RateLimited(_) => "slow_down",
            Refusal::ServerError | Refusal::BadGateway | Refusal::Unavailable => "our_fault",
            _ => "bad_request",
        };
        let body = json!({ "error": { "code": code, "message": refusal.message() } });
        reply::json(refusal.status(), &body)
    }

    fn serve<'a>(&'a self, call: &'a mut Call) -> Answering<'a> {
        Box::pin(async move {
            match call.route.op {
                "render" => render(call),
                "list" => list(call),
                "get" => {
                    let look = call.look()?;
                    Ok(reply::ok(&json!({ "render": job_view(call, &look) })))
                }
                "stop" => {
                    call.cancel()?;
                    Ok(reply::empty(StatusCode::NO_CONTENT))
                }
                _ => Ok(me(call)),
            }
        })
    }
}

fn render(call: &mut Call) -> Result<Answer, Refusal> {
    let mut check = Check::new(&call.body)?;
    let prompt = check.text("prompt", Required, 1..=2000, Units::Chars);
    let seconds = check.integer("seconds", Required, 2..=12);
    let size = check.one_of("size", Required, SIZES);
    let name = check.text("client_ref", Optional, 1..=200, Units::Chars).map(str::to_owned);
    let frame = check.text("first_frame", Optional, 1..=usize::MAX, Units::Bytes);
    if frame.is_some_and(|frame| picture::data_type(frame).is_none()) {
        check.report("first_frame", "custom", "is not a data: address of a picture");
    }
    // The offer depends on the request.
    if frame.is_some() && seconds.is_some_and(|seconds| seconds != 5) {
        check.report("seconds", "custom", "a clip that starts from a picture lasts 5 s");
    }
    check.finish()?;
    let seconds = seconds.and_then(|seconds| u64::try_from(seconds).ok()).unwrap_or_default();
    let (width, height) = size.and_then(|size| size.split_once('x')).unwrap_or(("720", "1280"));
    let order = Order {
        operation: "render",
        model: "acme-1".to_owned(),
        prompt: prompt.unwrap_or_default().to_owned(),
        size: (width.parse().unwrap_or(720), height.parse().unwrap_or(1280)),
        duration_ms: seconds * 1000,
        price_micro_usd: prices::acme(seconds),
        // The name in the list: the one in the body, if the client sends it there.
        echo: name.map(Value::from),
        ..Order::default()
    };
    let submission = call.accept(order)?;
    let body = json!({ "render": { "id": submission.id } });
    Ok(reply::json(StatusCode::ACCEPTED, &body))
}

fn job_view(call: &Call, look: &Look) -> Value {
    let Look { submission, phase, is_odd } = look;
    let (word, percent, reason) = match *phase {
        _ if *is_odd => ("pondering", 10, None),
        Phase::Queued => ("waiting", 0, None),
        Phase::Running(progress) => ("drawing", (progress * 100.0) as u32, None),
        Phase::Succeeded => ("ready", 100, None),
        Phase::CompletedWithError => ("ready", 100, Some("the file was lost")),
        Phase::Failed => ("broken", 50, Some("a machine broke")),
        Phase::Moderated => ("refused", 0, Some("the prompt is not allowed")),
        Phase::Cancelled => ("broken", 0, Some("cancelled")),
    };
    let is_ready = *phase == Phase::Succeeded && !is_odd;
    let file = is_ready.then(|| json!({ "href": call.film_url(submission, Some(HOUR_MS)) }));
    json!({
        "id": submission.id,
        "phase": word,
        "percent": percent,
        "file": file,
        "reason": reason,
        "cost_cents": submission.charge_at(clock::now_ms()) as f64 / 10_000.0,
        "client_ref": client_ref(submission),
    })
}

fn client_ref(submission: &Submission) -> Value {
    match &submission.job.echo {
        Some(name) => name.clone(),
        None => json!(submission.client_ref),
    }
}

/// Lists the renders that this client may see, newest first.
fn list(call: &Call) -> Result<Answer, Refusal> {
    let limit = match call.query("limit") {
        None => 20,
        Some(text) => text
            .parse::<usize>()
            .ok()
            .filter(|limit| (1..=100).contains(limit))
            .ok_or_else(|| Refusal::Bad("limit must be 1..100".to_owned()))?,
    };
    let all = call.sim.ledger.of_vendor(call.vendor);
    let now = clock::now_ms();
    let renders: Vec<Value> = all
        .into_iter()
        .rev()
        .filter(|submission| call.may_see(submission))
        .take(limit)
        .map(|submission| {
            let phase = submission.phase(now);
            let mut shown = job_view(call, &Look { submission, phase, is_odd: false });
            // The list contains the tasks; the address is only in the render itself.
            shown["file"] = Value::Null;
            shown
        })
        .collect();
    Ok(reply::ok(&json!({ "renders": renders })))
}

fn me(call: &Call) -> Answer {
    let cents = if call.is_broke { 0 } else { 100_000 };
    reply::ok(&json!({ "account": "simulated", "balance_cents": cents }))
}
