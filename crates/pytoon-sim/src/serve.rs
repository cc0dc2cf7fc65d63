//! Handles one request: routes it, checks its key and body, draws its faults, lets the vendor respond, and records
//! the outcome.
//!
//! Guarantees: every request that is not below `/_sim` ends as one line of the ledger's file, even if its
//! client disconnected; faults apply after the key was checked and before anything is accepted, unless the
//! fault is defined to apply later; a valid call whose path names a task, except a download, is counted as a
//! reference even if a fault rejects it.

use crate::call::{Call, Wants};
use crate::ledger::{Ledger, RequestLine};
use crate::refusal::Refusal;
use crate::reply::{self, Answer};
use crate::scenario::{Fault, Step};
use crate::sim::Sim;
use crate::vendors::{self, Vendor};
use crate::{admin, clock, contract, files, receive, seed};
use hyper::body::Incoming;
use hyper::header::{CONTENT_LENGTH, HOST, LOCATION, RETRY_AFTER, TRANSFER_ENCODING};
use hyper::{HeaderMap, Method, Request, StatusCode};
use serde_json::{Value, json};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// The error that closes the connection without a response.
#[derive(Debug, thiserror::Error)]
#[error("dropped on purpose")]
pub(crate) struct Dropped;

/// The submission whose response was last sent on a connection; empty if that response belonged to no submission.
#[derive(Debug, Default)]
pub(crate) struct Wire(Mutex<Option<(&'static str, String)>>);

impl Wire {
    fn set(&self, last: Option<(&'static str, String)>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = last;
    }

    /// Marks the submission as unanswered, because the peer disconnected before it read the last response.
    pub(crate) fn last_answer_is_lost(&self, sim: &Sim) {
        let last = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some((vendor, id)) = last {
            sim.ledger.update(vendor, &id, |one| one.answered = false);
        }
    }
}

/// A guard that writes the request's line to the ledger when the request ends, however it ends.
struct Log {
    ledger: Arc<Ledger>,
    line: RequestLine,
}

impl Drop for Log {
    fn drop(&mut self) {
        self.ledger.request(&self.line);
    }
}

impl Log {
    fn ends(&mut self, outcome: &Result<Answer, Dropped>) {
        self.line.status = match outcome {
            Ok(answer) => json!(answer.status().as_u16()),
            Err(Dropped) => json!("dropped"),
        };
    }
}

/// Responds to a request, or returns [`Dropped`] to close the connection.
pub(crate) async fn request(
    sim: &Arc<Sim>,
    wire: &Arc<Wire>,
    request: Request<Incoming>,
) -> Result<Answer, Dropped> {
    wire.set(None);
    let path = request.uri().path().to_owned();
    let parts: Vec<&str> = path.split('/').skip(1).collect();
    if parts.first() == Some(&"_sim") {
        return Ok(admin::answer(sim, &parts[1..], request).await);
    }
    let mut log = Log {
        ledger: Arc::clone(&sim.ledger),
        line: RequestLine {
            at: clock::now_ms(),
            vendor: String::new(),
            step: String::new(),
            method: request.method().to_string(),
            path: path.clone(),
            status: json!("aborted"),
            key_fingerprint: None,
            submission: None,
            fault: None,
        },
    };
    let outcome = if let ["files", vendor, file] = parts.as_slice() {
        download(sim, &mut log, vendor, file, &request).await
    } else if let Some((vendor, rest)) = vendors::find(&parts) {
        vendor_call(sim, wire, &mut log, vendor, rest, request).await
    } else {
        Ok(reply::text(StatusCode::NOT_FOUND, "there is no vendor at this path"))
    };
    log.ends(&outcome);
    outcome
}

async fn vendor_call(
    sim: &Arc<Sim>,
    wire: &Arc<Wire>,
    log: &mut Log,
    vendor: &'static dyn Vendor,
    rest: &[&str],
    request: Request<Incoming>,
) -> Result<Answer, Dropped> {
    let headers = request.headers().clone();
    let outcome = match call(sim, log, vendor, rest, request).await {
        Ok(call) => perform(sim, wire, log, vendor, call).await,
        Err(refusal) => Ok(refusal_response(vendor, &refusal)),
    };
    outcome.map(|answer| vendor.dress(answer, &headers))
}

/// Returns the response to a rejected call, in the vendor's format or verbatim from its documentation. A failure of
/// the simulator itself is plain text.
fn refusal_response(vendor: &dyn Vendor, refusal: &Refusal) -> Answer {
    if let Refusal::Broken(_) = refusal {
        // In a form that no vendor uses, so that it is not mistaken for a simulated fault.
        return reply::text(refusal.status(), refusal.message());
    }
    if let Refusal::Documented(documented) = refusal {
        let body = reply::Reply::bytes(documented.body);
        let answer = reply::with_content_type(refusal.status(), "application/json", body);
        let headers = documented.headers.iter();
        return headers
            .fold(answer, |answer, (name, value)| reply::with_header(answer, name, value));
    }
    let answer = vendor.refuse(refusal);
    match refusal {
        Refusal::RateLimited(Some(pause)) => {
            reply::with_header(answer, RETRY_AFTER.as_str(), &pause.header())
        }
        _ => answer,
    }
}

/// Parses a request as a call to a vendor, and notes its facts in `log`. Rejects it if the route, the key or the body
/// is invalid, or if it is a submission with a key without credit.
async fn call(
    sim: &Arc<Sim>,
    log: &mut Log,
    vendor: &'static dyn Vendor,
    rest: &[&str],
    request: Request<Incoming>,
) -> Result<Call, Refusal> {
    log.line.vendor = vendor.name().to_owned();
    let mut route = vendor.route(request.method(), rest)?;
    let query = query(request.uri().query().unwrap_or_default());
    if route.step == Step::Download {
        route.id = route.id.or_else(|| vendor.work_in_query(&query));
    }
    log.line.step = word(route.step);
    log.line.submission = route.id.clone().filter(|_| names_work(route.step));
    if route.step == Step::Submit {
        sim.ledger.post(vendor.name());
    }
    let headers = request.headers().clone();
    let sends = matches!(*request.method(), Method::POST | Method::PUT);
    if sends && !headers.contains_key(CONTENT_LENGTH) && !headers.contains_key(TRANSFER_ENCODING) {
        return Err(Refusal::NoLength);
    }
    // Read before any rejection: a client that is still sending could miss the answer.
    let body = match route.wants {
        Wants::Nothing => Ok((Value::Null, None)),
        Wants::Json => receive::json(request).await.map(|body| (body, None)),
        Wants::JsonOrNothing => receive::json_or_nothing(request).await.map(|body| (body, None)),
        Wants::Raw => Ok((Value::Null, Some(request))),
    };
    let key = vendor.key(&headers, &query).unwrap_or_default();
    let mut is_broke = false;
    if !route.open {
        let (is_invalid, no_money) = sim.scenario(|scenario| {
            (scenario.keys.invalid.contains(&key), scenario.keys.broke.contains(&key))
        });
        is_broke = no_money;
        if key.is_empty() && vendor.asks_for_a_key() || is_invalid {
            return Err(Refusal::Unauthorized);
        }
    }
    let key_fingerprint = fingerprint(&key);
    log.line.key_fingerprint = (!key.is_empty()).then(|| key_fingerprint.clone());
    if is_broke && route.step == Step::Submit {
        return Err(Refusal::PaymentRequired);
    }
    let origin = origin(&headers);
    let (body, raw) = body?;
    Ok(Call {
        sim: Arc::clone(sim),
        vendor: vendor.name(),
        route,
        query,
        headers,
        origin,
        key_fingerprint,
        is_broke,
        body,
        raw,
        fate: None,
        accepted: None,
    })
}

/// Draws the faults of a call and lets the vendor respond, unless a fault replaces the response. Records the outcome
/// in the ledger.
async fn perform(
    sim: &Arc<Sim>,
    wire: &Arc<Wire>,
    log: &mut Log,
    vendor: &'static dyn Vendor,
    mut call: Call,
) -> Result<Answer, Dropped> {
    let step = call.route.step;
    let known = names_work(step).then(|| sim.ledger.find(vendor.name(), call.id())).flatten();
    if known.is_some() && step != Step::Download {
        sim.ledger.update(vendor.name(), call.id(), |one| one.referenced += 1);
    }
    let prompt = match &known {
        Some(known) => known.prompt.clone(),
        None => vendor.prompt(&call),
    };
    let drawn = sim.draw(vendor.name(), step, &prompt);
    call.fate = drawn.fate;
    log.line.fault = drawn.request.or(drawn.fate).map(|(fault, _)| word(fault));
    if let (Some((Fault::Hang, Some(late_ms @ 2..))), Step::Submit) = (drawn.request, step) {
        // Regardless of whether anyone still waits for the answer by then.
        tokio::spawn(async move {
            tokio::time::sleep(Duration::from_millis(late_ms)).await;
            if let Err(refusal) = vendor.serve(&mut call).await {
                crate::complain(&format!("a delayed request was rejected: {}", refusal.message()));
            }
        });
        return std::future::pending().await;
    }
    if let Some((fault, value)) = drawn.request
        && !strikes_after(fault, value, step)
        && let Some(outcome) = strike(vendor, fault, value).await
    {
        return outcome;
    }
    let is_loose = drawn.request.is_some_and(|(fault, _)| fault == Fault::LooseJson);
    let is_odd = known.is_some_and(|known| known.job.odd_polls > 0)
        || drawn.fate.is_some_and(|(fault, _)| fault == Fault::UnknownStatus);
    let served = vendor.serve(&mut call).await;
    let op = call.route.op;
    let served = match served {
        Ok(answer) if !is_odd => by_contract(vendor.name(), op, answer, is_loose),
        other => other,
    };
    let mut answer = match served {
        Ok(answer) => answer,
        Err(refusal) => return Ok(refusal_response(vendor, &refusal)),
    };
    let accepted = call.accepted.take();
    if let Some(id) = &accepted {
        log.line.submission = Some(id.clone());
    }
    if let Some((fault, value)) = drawn.request {
        if strikes_after(fault, value, step) {
            if let Some(id) = &accepted {
                let dropped = fault == Fault::DropAfterAccept;
                sim.ledger.update(vendor.name(), id, |one| one.dropped = dropped);
            }
            if let Some(outcome) = strike(vendor, fault, value).await {
                return outcome;
            }
        }
        if fault == Fault::SlowDrip {
            answer.body_mut().drip(Duration::from_millis(value.unwrap_or(50)));
        }
    }
    if let Some(id) = accepted {
        wire.set(Some((vendor.name(), id.clone())));
        let (ledger, vendor) = (Arc::clone(&sim.ledger), vendor.name());
        answer.body_mut().at_end(move |complete| {
            if complete {
                ledger.update(vendor, &id, |one| one.answered = true);
            }
        });
    }
    Ok(answer)
}

/// Optional fields that adapters rely on. A loosened response keeps them.
const VITAL: &[&str] = &[
    "alignment",
    "assets",
    "audioContent",
    "failureCode",
    "failure_code",
    "failure_reason",
    "error",
    "error_type",
    "id",
    "markName",
    "output",
    "request_id",
    "state",
    "timeSeconds",
    "timepoints",
    "upload",
    "video",
    "words",
];

/// Checks a successful response against the types of the vendor's package, and rewrites it as loosely as they allow
/// if a rule requests that. A response that violates the types is an error of the simulator, so that no adapter
/// adapts to it.
fn by_contract(vendor: &str, op: &str, answer: Answer, is_loose: bool) -> Result<Answer, Refusal> {
    let body = reply::value(&answer).filter(|_| answer.status().is_success());
    let (Some(types), Some(mut body)) = (contract::answer(vendor, op), body) else {
        return Ok(answer);
    };
    let problems = types.problems_of_answer(&body);
    if !problems.is_empty() {
        let what = crate::problem::lines(&problems);
        return Err(Refusal::Broken(format!("{vendor}'s types forbid its answer to {op}: {what}")));
    }
    if !is_loose {
        return Ok(answer);
    }
    types.loosen(&mut body, VITAL);
    Ok(reply::replace_value(answer, &body))
}

/// Returns true if the vendor handles the request before the fault replaces the response.
fn strikes_after(fault: Fault, value: Option<u64>, step: Step) -> bool {
    match fault {
        Fault::DropAfterAccept => true,
        Fault::Hang
        | Fault::Garbage
        | Fault::ServerError
        | Fault::BadGateway
        | Fault::Unavailable => step == Step::Submit && value == Some(1),
        _ => false,
    }
}

/// Returns the response or the dropped connection that a fault of the request causes; `None` if the vendor responds.
async fn strike(
    vendor: &dyn Vendor,
    fault: Fault,
    value: Option<u64>,
) -> Option<Result<Answer, Dropped>> {
    if let Some(refusal) = Refusal::from_fault(fault, value) {
        return Some(Ok(refusal_response(vendor, &refusal)));
    }
    strike_plainly(fault).await
}

/// Applies a fault that has the same effect at every vendor: a dropped connection, an endless wait, an invalid body
/// or a redirect to a private address. Returns `None` for any other fault.
async fn strike_plainly(fault: Fault) -> Option<Result<Answer, Dropped>> {
    match fault {
        Fault::DropBeforeAccept | Fault::DropAfterAccept => Some(Err(Dropped)),
        Fault::Hang => std::future::pending().await,
        Fault::Garbage => {
            let page = "<!doctype html><title>502</title> not json {";
            Some(Ok(reply::with_content_type(
                StatusCode::OK,
                "application/json",
                reply::Reply::bytes(page),
            )))
        }
        Fault::RedirectPrivate => {
            let answer = reply::empty(StatusCode::FOUND);
            Some(Ok(reply::with_header(answer, LOCATION.as_str(), "http://169.254.169.254/")))
        }
        _ => None,
    }
}

/// Responds to the download of a clip below `/files`, with the drawn faults applied.
async fn download(
    sim: &Arc<Sim>,
    log: &mut Log,
    vendor: &str,
    file: &str,
    request: &Request<Incoming>,
) -> Result<Answer, Dropped> {
    let plain = |refusal: &Refusal| {
        let answer = reply::text(refusal.status(), refusal.message());
        match refusal {
            Refusal::RateLimited(Some(pause)) => {
                reply::with_header(answer, RETRY_AFTER.as_str(), &pause.header())
            }
            _ => answer,
        }
    };
    log.line.vendor = vendor.to_owned();
    log.line.step = word(Step::Download);
    let Some(id) = file.strip_suffix(".mp4") else { return Ok(plain(&Refusal::NotFound)) };
    log.line.submission = Some(id.to_owned());
    if request.method() != Method::GET && request.method() != Method::HEAD {
        return Ok(plain(&Refusal::MethodNotAllowed));
    }
    let submission = sim.ledger.find(vendor, id);
    let prompt = submission.as_ref().map(|one| one.prompt.as_str()).unwrap_or_default();
    let drawn = sim.draw(vendor, Step::Download, prompt);
    log.line.fault = drawn.request.or(drawn.fate).map(|(fault, _)| word(fault));
    if let Some((fault, value)) = drawn.request {
        if let Some(refusal) = Refusal::from_fault(fault, value) {
            return Ok(plain(&refusal));
        }
        if let Some(outcome) = strike_plainly(fault).await {
            return outcome;
        }
    }
    let query = query(request.uri().query().unwrap_or_default());
    let is_expired = drawn.fate.is_some_and(|(fault, _)| fault == Fault::ExpiredUrl);
    if is_expired || !files::is_valid(vendor, id, &query) {
        return Ok(plain(&Refusal::Forbidden));
    }
    let mut answer = match files::deliver(sim, vendor, id, drawn.fate).await {
        Ok(answer) => answer,
        Err(refusal) => plain(&refusal),
    };
    if let Some((Fault::SlowDrip, value)) = drawn.request {
        answer.body_mut().drip(Duration::from_millis(value.unwrap_or(50)));
    }
    Ok(answer)
}

fn names_work(step: Step) -> bool {
    matches!(step, Step::Poll | Step::Result | Step::Cancel | Step::Download)
}

/// Returns the name of a fault or another enum value, as scenarios spell it.
fn word(value: impl serde::Serialize) -> String {
    json!(value).as_str().unwrap_or_default().to_owned()
}

/// Returns the beginning of a key's hash, which distinguishes keys and does not reveal them.
fn fingerprint(key: &str) -> String {
    let mut hash = seed::sha256(key.as_bytes());
    hash.truncate(12);
    hash
}

fn origin(headers: &HeaderMap) -> String {
    let host = headers.get(HOST).and_then(|value| value.to_str().ok()).unwrap_or("127.0.0.1");
    format!("http://{host}")
}

/// Returns the decoded parameters of a query.
fn query(text: &str) -> Vec<(String, String)> {
    text.split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            (percent_decoded(key), percent_decoded(value))
        })
        .collect()
}

fn percent_decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let hex = after.get(..2).and_then(|hex| std::str::from_utf8(hex).ok());
        let code = hex.and_then(|hex| u8::from_str_radix(hex, 16).ok());
        match (first, code) {
            (b'%', Some(code)) => {
                bytes.push(code);
                rest = &after[2..];
            }
            (b'+', _) => {
                bytes.push(b' ');
                rest = after;
            }
            (byte, _) => {
                bytes.push(*byte);
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn queries_are_decoded() {
        let pair = |key: &str, value: &str| (key.to_owned(), value.to_owned());
        assert_eq!(
            query("q=red+fox%26%C3%A9&empty=&bad=%zz&flag"),
            [pair("q", "red fox&é"), pair("empty", ""), pair("bad", "%zz"), pair("flag", "")]
        );
    }
}
