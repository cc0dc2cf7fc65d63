//! The checks of the steps after acceptance: polling, completion, cancellation, lookup, and the clip.

use super::super::vendor::{Answer, Outcome, clean};
use super::super::{Bench, CLIP, KEY};
use super::{clip, expect, finish, first_prepared, none, prepare, short, task, text};
use crate::adapter::{Cancelled, ExternalEngineAdapter, Lookup, Output, TaskState};
use crate::{Accepted, ErrorStatus, Result, VendorError, VendorErrorKind as Kind};
use pytoon_vendor::ensure;
use serde_json::json;

/// Polls a running task while the vendor returns this response. Returns `None` if the vendor has no poll route.
async fn poll_with_answer(
    bench: &Bench<'_>,
    answer: Answer,
) -> Result<Option<Result<TaskState>>, String> {
    let Some(route) = &bench.routes.poll else { return Ok(None) };
    let task = task(bench, bench.success.clone().on(route, answer)).await?;
    let outcome = bench.adapter.poll(&task).await;
    ensure(bench.vendor.count(route) > 0, format!("{route} was not asked"))?;
    Ok(Some(outcome))
}

/// A response that must be classified as a failure, and the kind of failure.
pub(super) struct Fault {
    pub(super) name: &'static str,
    answers: Vec<Answer>,
    kind: Kind,
    status: Option<ErrorStatus>,
}

/// Returns poll responses from which the adapter cannot learn the task's state.
pub(super) fn poll_faults() -> Vec<Fault> {
    let fault = |name, answer, kind| Fault {
        name,
        answers: vec![answer],
        kind,
        status: (kind != Kind::Auth).then_some(ErrorStatus::Temporary),
    };
    let said = |status| Answer::json(status, json!({ "error": "no" }));
    vec![
        fault("poll 401", said(401), Kind::Auth),
        fault("poll 402", said(402), Kind::Quota),
        fault("poll 429", said(429), Kind::RateLimited),
        fault("poll 500", said(500), Kind::Server),
        fault("poll dropped", Answer::HangUp, Kind::Server),
        fault("poll garbage", Answer::text(200, "<html>fine</html>"), Kind::Protocol),
    ]
}

pub(super) async fn poll_fault(bench: &Bench<'_>, fault: &Fault) -> Outcome {
    let mut said = none()?;
    for answer in &fault.answers {
        said = match poll_with_answer(bench, answer.clone()).await? {
            None => return none(),
            Some(Ok(state)) => return Err(format!("the task is {state:?}, and nobody said so")),
            Some(Err(error)) => {
                expect(&error, &[fault.kind], &[Accepted::No, Accepted::Yes], fault.status)?
            }
        };
    }
    Ok(said)
}

pub(super) async fn lost_task(bench: &Bench<'_>) -> Outcome {
    // Some servers answer as for a task that is not finished.
    if let Some(script) = bench.scenario("lost.json")? {
        let task = task(bench, script).await?;
        match bench.adapter.poll(&task).await.map_err(text)? {
            TaskState::Failed(error) if error.kind == Kind::Lost => {}
            state => return Err(format!("it is {state:?}")),
        }
    }
    match poll_with_answer(bench, Answer::json(404, json!({ "error": "what task" }))).await? {
        None => none(),
        Some(Ok(TaskState::Failed(error))) => expect(&error, &[Kind::Lost], &[Accepted::Yes], None),
        Some(other) => Err(format!("it is {other:?}")),
    }
}

pub(super) async fn unknown_status(bench: &Bench<'_>) -> Outcome {
    let Some(script) = bench.scenario("unknown_status.json")? else {
        return absent(bench, "unknown_status.json");
    };
    let task = task(bench, script).await?;
    match bench.adapter.poll(&task).await.map_err(text)? {
        TaskState::Running { unknown_status: Some(status), .. } => {
            clean(&status)?;
            Ok(format!("runs ({status})"))
        }
        state => Err(format!("it is {state:?}")),
    }
}

/// Returns an error if the vendor has a poll route, since it then needs a fixture for this scenario.
fn absent(bench: &Bench<'_>, name: &str) -> Outcome {
    ensure(bench.routes.poll.is_none(), format!("there is no {name}"))?;
    none()
}

pub(super) async fn moderation(bench: &Bench<'_>) -> Outcome {
    // A self-hosted engine and a stock search do not reject content.
    let Some(script) = bench.scenario("moderation.json")? else { return none() };
    let (prepared, _) = first_prepared(bench, script).await?;
    let error = match bench.adapter.submit(&prepared).await {
        Err(error) => error,
        Ok(task) => match finish(&*bench.adapter, &task).await.map_err(text)? {
            TaskState::Failed(error) => error,
            state => return Err(format!("it ended as {state:?}")),
        },
    };
    let accepted = [Accepted::No, Accepted::Yes];
    expect(&error, &[Kind::Moderation], &accepted, Some(ErrorStatus::Permanent))
}

pub(super) async fn failed_task(bench: &Bench<'_>) -> Outcome {
    let Some(script) = bench.scenario("failed.json")? else { return absent(bench, "failed.json") };
    let task = task(bench, script).await?;
    match finish(&*bench.adapter, &task).await.map_err(text)? {
        TaskState::Failed(error) => {
            let kinds = [Kind::Server, Kind::BadOutput];
            expect(&error, &kinds, &[Accepted::Yes], Some(ErrorStatus::Temporary))
        }
        state => Err(format!("it ended as {state:?}")),
    }
}

pub(super) async fn cancel(bench: &Bench<'_>) -> Outcome {
    let script = bench.scenario("cancel.json")?;
    let sold = bench.adapter.capabilities().cancel;
    ensure(!sold || script.is_some(), "there is no cancel.json")?;
    let task = task(bench, script.unwrap_or_else(|| bench.success.clone())).await?;
    match (sold, bench.adapter.cancel(&task).await.map_err(text)?) {
        (true, cancelled @ (Cancelled::Yes | Cancelled::Asked)) => {
            Ok(format!("{cancelled:?}").to_lowercase())
        }
        (false, Cancelled::Unsupported) => Ok("unsupported".to_owned()),
        (_, cancelled) => Err(format!("{cancelled:?}")),
    }
}

pub(super) async fn cancel_too_late(bench: &Bench<'_>) -> Outcome {
    if !bench.adapter.capabilities().cancel {
        return none();
    }
    let script =
        bench.scenario("cancel_too_late.json")?.ok_or("there is no cancel_too_late.json")?;
    let task = task(bench, script).await?;
    let cancelled = bench.adapter.cancel(&task).await.map_err(text)?;
    ensure(cancelled == Cancelled::TooLate, format!("{cancelled:?}"))?;
    Ok("too late".to_owned())
}

async fn look_up(bench: &Bench<'_>, name: &str) -> Result<Option<Lookup>, String> {
    let Some(script) = bench.scenario(name)? else { return Ok(None) };
    let (prepared, route) = first_prepared(bench, script).await?;
    let found = bench.adapter.lookup(&prepared).await.map_err(text)?;
    ensure(bench.vendor.count(&route) == 0, "looking called what costs money")?;
    Ok(Some(found))
}

pub(super) async fn lookup_found(bench: &Bench<'_>) -> Outcome {
    match look_up(bench, "lookup_found.json").await? {
        // A vendor may show that a call never came without showing which call is ours.
        None => none(),
        Some(Lookup::Found(task)) => {
            let found = clip(&*bench.adapter, &task).await;
            found.map(|_| "found".to_owned()).map_err(|why| format!("what was found: {why}"))
        }
        Some(other) => Err(format!("{other:?}")),
    }
}

pub(super) async fn lookup_absent(bench: &Bench<'_>) -> Outcome {
    let sold = bench.adapter.capabilities().lookup_settles.is_some();
    match (sold, look_up(bench, "lookup_absent.json").await?) {
        (true, Some(Lookup::Absent)) => Ok("absent".to_owned()),
        (true, other) => Err(format!("{other:?}")),
        (false, _) => {
            let (prepared, _) = first_prepared(bench, bench.success.clone()).await?;
            let said = bench.adapter.lookup(&prepared).await.map_err(text)?;
            let cannot_say = said == Lookup::CannotSay;
            ensure(cannot_say, format!("it sells no lookup and says {said:?}"))?;
            Ok("cannot say".to_owned())
        }
    }
}

/// Fetches a clip that must be rejected. Returns the error, and checks that no file is left behind.
async fn fetch_error(
    bench: &Bench<'_>,
    adapter: &dyn ExternalEngineAdapter,
    output: &Output,
) -> Result<VendorError, String> {
    let folder = bench.folder.join("clips");
    std::fs::create_dir_all(&folder).map_err(|error| error.to_string())?;
    let outcome = adapter.fetch(output, &folder.join("clip.mp4")).await;
    let left = std::fs::read_dir(&folder).map_err(|error| error.to_string())?.count();
    ensure(left == 0, format!("{left} files were left behind"))?;
    outcome.err().ok_or_else(|| "it was fetched".to_owned())
}

/// Returns responses to the request for the clip that contain no valid clip.
pub(super) fn clip_faults() -> Vec<Fault> {
    use ErrorStatus::{Permanent, Temporary};
    let part = |promised, silent| vec![Answer::Part { body: CLIP.to_vec(), promised, silent }];
    let fault = |name, answers, kind, status| Fault { name, answers, kind, status };
    let gone = [403, 404, 410].map(|status| Answer::text(status, "gone"));
    let inwards = ["http://169.254.169.254/latest", "http://127.0.0.2:9/", "file:///etc/hosts"];
    let inwards = inwards.map(|target| Answer::text(302, "").with("location", target));
    vec![
        fault("clip expired", gone.to_vec(), Kind::Lost, Some(Temporary)),
        fault("clip redirected inwards", inwards.to_vec(), Kind::BadOutput, Some(Permanent)),
        fault("clip too large", part(4 << 30, true), Kind::BadOutput, None),
        fault("clip cut short", part(10_000, false), Kind::Server, None),
        fault("clip stalled", part(10_000, true), Kind::Timeout, Some(Temporary)),
    ]
}

pub(super) async fn broken_clip(bench: &Bench<'_>, fault: &Fault) -> Outcome {
    let adapter = if fault.kind == Kind::Timeout { &bench.hasty } else { &bench.adapter };
    let mut said = String::new();
    for answer in &fault.answers {
        let script = bench.success.clone().on(&bench.routes.clip, answer.clone());
        let (output, _) = clip(&*bench.adapter, &task(bench, script).await?).await?;
        let error = fetch_error(bench, &**adapter, &output).await?;
        said = expect(&error, &[fault.kind], &[Accepted::No], fault.status)?;
    }
    Ok(said)
}

/// Checks that no error contains the API key if the vendor repeats the key in its rejection of the paid call or of a
/// poll.
pub(super) async fn key_echo(bench: &Bench<'_>) -> Outcome {
    if bench.subject.config.key_env.is_empty() {
        return none();
    }
    let escaped: String = url::form_urlencoded::byte_serialize(KEY.as_bytes()).collect();
    let body = json!({ "error": format!("bad key {KEY} in /x?key={escaped}") });
    for status in [400, 401, 422, 500] {
        for (with_image, route) in bench.ways() {
            let answer = Answer::json(status, body.clone());
            bench.vendor.follow(bench.success.clone().on(&route, answer));
            let prepared = prepare(bench, with_image).await?;
            if let Err(error) = bench.adapter.submit(&prepared).await {
                short(&error)?;
            }
        }
        match poll_with_answer(bench, Answer::json(status, body.clone())).await? {
            Some(Err(error)) | Some(Ok(TaskState::Failed(error))) => drop(short(&error)?),
            _ => {}
        }
    }
    Ok("redacted".to_owned())
}

pub(super) fn not_shown(bench: &Bench<'_>) -> Outcome {
    clean(&format!("{:?}", bench.adapter))?;
    Ok("never".to_owned())
}
