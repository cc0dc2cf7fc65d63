//! The checks of the suite. Each one gives the vendor a script, runs the adapter against it and compares the outcome
//! with the expected one.

mod running;

use super::vendor::{Answer, Outcome, Script, clean};
use super::{Bench, CLIP, KEY, Row};
use crate::adapter::{
    Durations, ExternalEngineAdapter, GenerateRequest, Offer, Output, Prepared, Ratio, Task,
    TaskState,
};
use crate::{Accepted, ErrorStatus, Result, VendorError, VendorErrorKind as Kind};
use pytoon_vendor::ensure;
use pytoon_vocabulary::MicroUsd;
use running::{
    broken_clip, cancel, cancel_too_late, clip_faults, failed_task, key_echo, lookup_absent,
    lookup_found, lost_task, moderation, not_shown, poll_fault, poll_faults, unknown_status,
};
use serde_json::json;
use std::time::Duration;

/// Runs every check, in the order of the adapter's steps.
pub(super) async fn all(bench: &Bench<'_>) -> Vec<Row> {
    let mut rows = Vec::new();
    let mut row =
        |check: &str, outcome: Outcome| rows.push(Row { check: check.to_owned(), outcome });
    row("says what it is", identity(bench));
    row("account", health(bench).await);
    row("account 401", health_refused(bench).await);
    // Two UTF-16 units and four bytes a character: too long in any unit.
    let too_long = "😀".repeat(bench.adapter.capabilities().max_prompt + 1);
    row("length not sold", expect_refused(bench, |asked| asked.duration_ms = 1_234_567).await);
    let shape = Ratio { width: 1013, height: 17 };
    row("shape not sold", expect_refused(bench, |asked| asked.ratio = shape).await);
    row("prompt too long", expect_refused(bench, |asked| asked.prompt.clone_from(&too_long)).await);
    row("prompt empty", expect_refused(bench, |asked| asked.prompt = " ".to_owned()).await);
    row("picture / words not sold", input_not_sold(bench).await);
    row("all that is sold", sells_all(bench).await);
    row("success", success(bench).await);
    row("resumed elsewhere", resume_elsewhere(bench).await);
    for fault in submit_faults() {
        row(fault.name, submit_fault(bench, &fault).await);
    }
    row("submit unreachable", unreachable(bench).await);
    row("submit dropped unread", dropped_submit(bench).await);
    row("submit no answer", no_answer(bench).await);
    for fault in poll_faults() {
        row(fault.name, poll_fault(bench, &fault).await);
    }
    row("task lost", lost_task(bench).await);
    row("unknown status", unknown_status(bench).await);
    row("content refused", moderation(bench).await);
    row("task failed", failed_task(bench).await);
    row("cancel", cancel(bench).await);
    row("cancel too late", cancel_too_late(bench).await);
    row("lookup found", lookup_found(bench).await);
    row("lookup absent", lookup_absent(bench).await);
    for fault in clip_faults() {
        row(fault.name, broken_clip(bench, &fault).await);
    }
    row("key echoed", key_echo(bench).await);
    row("key not shown", not_shown(bench));
    rows
}

fn none() -> Outcome {
    Ok("-".to_owned())
}

/// Formats a failure on one line. Reports an error instead if the failure contains the API key.
fn short(error: &VendorError) -> Outcome {
    clean(&format!("{error} {error:?}"))?;
    let accepted = format!("{:?}", error.accepted).to_lowercase();
    let status = match error.status {
        ErrorStatus::Permanent => "for good",
        ErrorStatus::Temporary => "for now",
    };
    Ok(format!("{} {status}, taken: {accepted}", error.kind))
}

/// Checks that a failure has an expected kind, an expected acceptance and, if given, the expected status. Returns the
/// failure formatted on one line.
fn expect(
    error: &VendorError,
    kinds: &[Kind],
    accepted: &[Accepted],
    status: Option<ErrorStatus>,
) -> Outcome {
    let said = short(error)?;
    for (is_so, wanted) in [
        (kinds.contains(&error.kind), format!("the kind should be one of {kinds:?}")),
        (accepted.contains(&error.accepted), format!("taken should be one of {accepted:?}")),
        (status.is_none_or(|it| it == error.status), format!("the status should be {status:?}")),
    ] {
        ensure(is_so, format!("{said}; {wanted}: {error}"))?;
    }
    Ok(said)
}

fn text(error: VendorError) -> String {
    format!("unexpectedly {error}")
}

async fn prepare(bench: &Bench<'_>, with_image: bool) -> Result<Prepared, String> {
    bench.adapter.prepare(&bench.request(with_image)).await.map_err(text)
}

/// Lets the vendor follow a script, and prepares a request of the first kind that the fixtures name. Also returns the
/// route of the paid call.
async fn first_prepared(bench: &Bench<'_>, script: Script) -> Result<(Prepared, String), String> {
    bench.vendor.follow(script);
    let way = bench.ways().into_iter().next();
    let (with_image, route) = way.ok_or("the fixtures name no way to submit")?;
    Ok((prepare(bench, with_image).await?, route))
}

/// Lets the vendor follow a script, submits a request and returns its task.
async fn task(bench: &Bench<'_>, script: Script) -> Result<Task, String> {
    let (prepared, _) = first_prepared(bench, script).await?;
    bench.adapter.submit(&prepared).await.map_err(text)
}

/// Polls a task that must succeed. Returns the location of its clip, and its cost if known.
async fn clip(
    adapter: &dyn ExternalEngineAdapter,
    task: &Task,
) -> Result<(Output, Option<MicroUsd>), String> {
    match finish(adapter, task).await.map_err(text)? {
        TaskState::Succeeded { output, cost } => Ok((output, cost)),
        state => Err(format!("it ended as {state:?}")),
    }
}

/// Returns the failure of a paid call, or an error if the call succeeded.
fn failure(submitted: Result<Task>) -> Result<VendorError, String> {
    submitted.err().ok_or_else(|| "it was taken for a success".to_owned())
}

/// Returns an error unless a route was requested exactly once.
fn ensure_called_once(bench: &Bench<'_>, route: &str) -> Result<(), String> {
    let count = bench.vendor.count(route);
    ensure(count == 1, format!("{route} was called {count} times"))
}

/// Polls a task until it ends, at most ten times, and returns its last state.
async fn finish(adapter: &dyn ExternalEngineAdapter, task: &Task) -> Result<TaskState> {
    for _ in 0..9 {
        let state = adapter.poll(task).await?;
        if matches!(state, TaskState::Succeeded { .. } | TaskState::Failed(_)) {
            return Ok(state);
        }
    }
    adapter.poll(task).await
}

fn identity(bench: &Bench<'_>) -> Outcome {
    let sold = bench.adapter.capabilities();
    let name = bench.adapter.name();
    ensure(name == bench.subject.name, format!("it calls itself {name}"))?;
    let is_some = |offer: &Offer| !offer.ratios.is_empty() && offer.durations.longest() > 0;
    let sells = sold.offers().next().is_some() && sold.offers().all(is_some);
    ensure(sells && sold.max_prompt > 0, "it sells nothing")?;
    let longest = sold.offers().map(|offer| offer.durations.longest()).max().unwrap_or(0);
    let is_longest = bench.adapter.max_duration() == Duration::from_millis(u64::from(longest));
    ensure(is_longest, "max_duration is not the longest that it sells")?;
    let is_true = sold.from_picture.is_some() != sold.image_inputs.is_empty();
    ensure(is_true, "it sells clips of pictures and takes none, or the reverse")?;
    let ways = (bench.adapter.supports_image_input(), sold.from_words.is_some());
    let known = (bench.routes.submit_image.is_some(), bench.routes.submit_text.is_some());
    ensure(ways == known, "the fixtures know other ways to submit than it sells")?;
    Ok(match ways {
        (true, true) => "pictures, words",
        (true, false) => "pictures",
        _ => "words",
    }
    .to_owned())
}

async fn health(bench: &Bench<'_>) -> Outcome {
    bench.vendor.follow(bench.success.clone());
    let health = bench.adapter.health_check().await.map_err(text)?;
    let route = &bench.routes.health;
    ensure(bench.vendor.count(route) > 0, format!("{route} was not asked"))?;
    let is_paid = bench.ways().iter().any(|(_, route)| bench.vendor.count(route) > 0);
    let is_free = bench.routes.poll.is_none() || !is_paid;
    ensure(is_free, "the account's check called what costs money")?;
    Ok(health.balance.map_or_else(|| "fine".to_owned(), |balance| balance.to_string()))
}

async fn health_refused(bench: &Bench<'_>) -> Outcome {
    if bench.subject.config.key_env.is_empty() {
        return none();
    }
    let answer = Answer::json(401, json!({ "error": "who are you" }));
    bench.vendor.follow(bench.success.clone().on(&bench.routes.health, answer));
    let error =
        bench.adapter.health_check().await.err().ok_or("a refused key is called healthy")?;
    expect(&error, &[Kind::Auth], &[Accepted::No], None)
}

/// Makes each kind of request invalid with `change`, and checks that it is rejected before anything is sent.
async fn expect_refused(bench: &Bench<'_>, change: impl Fn(&mut GenerateRequest)) -> Outcome {
    let mut said = String::new();
    for (with_image, _) in bench.ways() {
        let mut request = bench.request(with_image);
        change(&mut request);
        said = expect_refused_request(bench, &request).await?;
    }
    Ok(said)
}

async fn expect_refused_request(bench: &Bench<'_>, request: &GenerateRequest) -> Outcome {
    bench.vendor.follow(bench.success.clone());
    let outcome = bench.adapter.prepare(request).await;
    if let Some(seen) = bench.vendor.requests().first() {
        return Err(format!("it asked the vendor first: {}", seen.route));
    }
    let error = outcome.err().ok_or("it was not refused")?;
    expect(&error, &[Kind::Unsupported], &[Accepted::No], Some(ErrorStatus::Permanent))
}

async fn input_not_sold(bench: &Bench<'_>) -> Outcome {
    let mut said = none()?;
    for with_image in [true, false] {
        if !bench.ways().iter().any(|(way, _)| *way == with_image) {
            said = expect_refused_request(bench, &bench.request(with_image)).await?;
        }
    }
    Ok(said)
}

async fn sells_all(bench: &Bench<'_>) -> Outcome {
    let mut said = Vec::new();
    for (with_image, _) in bench.ways() {
        let offer = bench.adapter.capabilities().offer(with_image).cloned();
        let offer = offer.ok_or_else(|| "it sells nothing for this way".to_owned())?;
        let lengths = match offer.durations {
            Durations::Fixed(lengths) => lengths,
            Durations::Range { min, max, step } => {
                vec![min, min + (max - min) / step / 2 * step, max]
            }
        };
        said.push(format!("{} lengths, {} shapes", lengths.len(), offer.ratios.len()));
        for &duration_ms in &lengths {
            for &ratio in &offer.ratios {
                bench.vendor.follow(bench.success.clone());
                let request = GenerateRequest { duration_ms, ratio, ..bench.request(with_image) };
                let prepared = bench.adapter.prepare(&request).await;
                prepared.map_err(|error| format!("{duration_ms} ms of {ratio:?}: {error}"))?;
            }
        }
    }
    said.dedup();
    Ok(said.join("; "))
}

async fn success(bench: &Bench<'_>) -> Outcome {
    let mut said = String::new();
    for (with_image, route) in bench.ways() {
        bench.vendor.follow(bench.success.clone());
        let prepared = prepare(bench, with_image).await?;
        ensure(bench.vendor.count(&route) == 0, "prepare called what costs money")?;
        let task = bench.adapter.submit(&prepared).await.map_err(text)?;
        ensure_called_once(bench, &route)?;
        let (output, cost) = clip(&*bench.adapter, &task).await?;
        let to = bench.folder.join("clip.mp4");
        let file = bench.adapter.fetch(&output, &to).await.map_err(text)?;
        let bytes = std::fs::read(&to).map_err(|error| error.to_string())?;
        let is_whole = bytes == CLIP && file.sha256.len() == 64;
        ensure(is_whole, "the clip is not the vendor's")?;
        ensure(file.credit == output.credit, "the credit was lost")?;
        std::fs::remove_file(&to).map_err(|error| error.to_string())?;
        keys_where_they_belong(bench)?;
        said = cost.map_or_else(|| "a clip".to_owned(), |cost| format!("a clip for {cost}"));
    }
    Ok(said)
}

fn keys_where_they_belong(bench: &Bench<'_>) -> Result<(), String> {
    if bench.subject.config.key_env.is_empty() {
        return Ok(());
    }
    let form = bench.routes.key_as.as_deref().ok_or("vendor.json has no key_as")?;
    for seen in bench.vendor.requests() {
        let keyless = bench.routes.keyless.iter().chain([&bench.routes.clip]);
        let is_keyless = keyless.into_iter().any(|route| seen.route.starts_with(route));
        if is_keyless == seen.shows(KEY) {
            let problem = if is_keyless { "carries" } else { "lacks" };
            return Err(format!("{} {problem} the key", seen.route.replace(KEY, "…")));
        }
        let is_right = is_keyless || seen.shows_as(form, KEY);
        ensure(is_right, format!("{} does not carry it as {form}", seen.route))?;
    }
    Ok(())
}

async fn resume_elsewhere(bench: &Bench<'_>) -> Outcome {
    let first = task(bench, bench.success.clone()).await?;
    let stored = serde_json::to_string(&first).map_err(|error| error.to_string())?;
    clean(&stored)?;
    let read: Task = serde_json::from_str(&stored).map_err(|error| error.to_string())?;
    ensure(read == first, "a task is not the same after it was stored")?;
    clip(&*bench.another(bench.vendor.base())?, &read).await?;
    Ok("a clip".to_owned())
}

/// A response to the paid call and its expected classification.
struct SubmitFault {
    name: &'static str,
    answer: Answer,
    kind: Kind,
    accepted: Accepted,
    status: ErrorStatus,
    retry_after: Option<Duration>,
}

fn submit_faults() -> Vec<SubmitFault> {
    use ErrorStatus::{Permanent, Temporary};
    let said = |status| Answer::json(status, json!({ "error": "no" }));
    let fault = |name, answer, kind, accepted, status| {
        let retry_after = None;
        SubmitFault { name, answer, kind, accepted, status, retry_after }
    };
    let limited = said(429).with("retry-after", "7");
    let garbage = Answer::text(200, "<html>fine</html>");
    vec![
        fault("submit 400", said(400), Kind::InvalidRequest, Accepted::No, Permanent),
        fault("submit 401", said(401), Kind::Auth, Accepted::No, Permanent),
        fault("submit 402", said(402), Kind::Quota, Accepted::No, Permanent),
        fault("submit 404", said(404), Kind::InvalidRequest, Accepted::No, Permanent),
        SubmitFault {
            retry_after: Some(Duration::from_secs(7)),
            ..fault("submit 429 with time", limited, Kind::RateLimited, Accepted::No, Temporary)
        },
        fault("submit 429", said(429), Kind::RateLimited, Accepted::No, Temporary),
        fault("submit 500", said(500), Kind::Server, Accepted::Maybe, Temporary),
        fault("submit 502", said(502), Kind::Server, Accepted::No, Temporary),
        fault("submit 503", said(503), Kind::Server, Accepted::No, Temporary),
        fault("submit 504", said(504), Kind::Timeout, Accepted::Maybe, Temporary),
        fault("submit 302", said(302), Kind::Protocol, Accepted::Maybe, Temporary),
        fault("submit garbage", garbage, Kind::Protocol, Accepted::Maybe, Temporary),
        fault("submit dropped", Answer::HangUp, Kind::Server, Accepted::Maybe, Temporary),
    ]
}

/// Returns `accepted`, the expected acceptance of a call whose response was lost, or [`Accepted::No`] for a stock
/// source, whose calls cost nothing.
fn unknown(bench: &Bench<'_>, accepted: Accepted) -> Accepted {
    if bench.adapter.capabilities().is_stock { Accepted::No } else { accepted }
}

async fn submit_fault(bench: &Bench<'_>, wanted: &SubmitFault) -> Outcome {
    let mut said = String::new();
    for (with_image, route) in bench.ways() {
        bench.vendor.follow(bench.success.clone().on(&route, wanted.answer.clone()));
        let prepared = prepare(bench, with_image).await?;
        let error = failure(bench.adapter.submit(&prepared).await)?;
        ensure_called_once(bench, &route)?;
        let after = error.retry_after;
        ensure(after == wanted.retry_after, format!("asked again after {after:?}"))?;
        let accepted = unknown(bench, wanted.accepted);
        said = expect(&error, &[wanted.kind], &[accepted], Some(wanted.status))?;
    }
    Ok(said)
}

async fn unreachable(bench: &Bench<'_>) -> Outcome {
    let (prepared, _) = first_prepared(bench, bench.success.clone()).await?;
    // A port that is bound but not listened on.
    let silent = tokio::net::TcpSocket::new_v4().map_err(|error| error.to_string())?;
    let any = std::net::SocketAddr::from(([127, 0, 0, 1], 0));
    silent.bind(any).map_err(|error| error.to_string())?;
    let at = silent.local_addr().map_err(|error| error.to_string())?;
    let error = failure(bench.another(&format!("http://{at}"))?.submit(&prepared).await)?;
    expect(&error, &[Kind::Unreachable], &[Accepted::No], Some(ErrorStatus::Temporary))
}

async fn dropped_submit(bench: &Bench<'_>) -> Outcome {
    let (prepared, _) = first_prepared(bench, bench.success.clone()).await?;
    bench.vendor.go_deaf();
    let error = failure(bench.adapter.submit(&prepared).await)?;
    // The connection was open, so the vendor may have read the request.
    expect(&error, &[Kind::Server], &[unknown(bench, Accepted::Maybe)], None)
}

async fn no_answer(bench: &Bench<'_>) -> Outcome {
    let (prepared, route) = first_prepared(bench, bench.success.clone()).await?;
    bench.vendor.follow(bench.success.clone().on(&route, Answer::Silence));
    let error = failure(bench.hasty.submit(&prepared).await)?;
    expect(&error, &[Kind::Timeout], &[unknown(bench, Accepted::Maybe)], None)
}
