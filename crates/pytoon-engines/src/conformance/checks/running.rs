//! The checks of what comes after a task was taken on: asking, ending, cancelling, looking up, and
//! the clip.

use super::super::vendor::Answer;
use super::super::{Bench, CLIP, KEY};
use super::{Outcome, clean, expect, fault, finish, none, prepared, short, task, text};
use crate::adapter::{Cancelled, ExternalEngineAdapter, Lookup, Output, TaskState};
use crate::{Accepted, ErrorStatus, VendorError, VendorErrorKind as Kind};
use serde_json::json;

/// A poll of a running task that is answered so.
async fn polled(
    bench: &Bench<'_>,
    answer: Answer,
) -> Result<Option<Result<TaskState, VendorError>>, String> {
    let Some(route) = &bench.routes.poll else { return Ok(None) };
    let task = task(bench, bench.success.clone().on(route, answer)).await?;
    let outcome = bench.adapter.poll(&task).await;
    if bench.vendor.count(route) == 0 {
        return Err(format!("{route} was not asked"));
    }
    Ok(Some(outcome))
}

pub(super) async fn poll_refused(bench: &Bench<'_>, status: u16) -> Outcome {
    let answer = Answer::json(status, json!({ "error": "no" }));
    let kind = match status {
        401 => Kind::Auth,
        402 => Kind::Quota,
        429 => Kind::RateLimited,
        _ => Kind::Server,
    };
    match polled(bench, answer).await? {
        None => none(),
        Some(Err(error)) => {
            let status = (status != 401).then_some(ErrorStatus::Temporary);
            expect(&error, &[kind], &[Accepted::No, Accepted::Yes], status)
        }
        Some(Ok(state)) => fault(format!("the task is {state:?}, and nobody said so")),
    }
}

pub(super) async fn poll_dropped(bench: &Bench<'_>) -> Outcome {
    match polled(bench, Answer::HangUp).await? {
        None => none(),
        Some(Err(error)) => expect(
            &error,
            &[Kind::Server],
            &[Accepted::No, Accepted::Yes],
            Some(ErrorStatus::Temporary),
        ),
        Some(Ok(state)) => fault(format!("the task is {state:?}, and nobody said so")),
    }
}

pub(super) async fn poll_garbage(bench: &Bench<'_>) -> Outcome {
    match polled(bench, Answer::text(200, "<html>fine</html>")).await? {
        None => none(),
        Some(Err(error)) => expect(
            &error,
            &[Kind::Protocol],
            &[Accepted::No, Accepted::Yes],
            Some(ErrorStatus::Temporary),
        ),
        Some(Ok(state)) => fault(format!("the task is {state:?}, and nobody said so")),
    }
}

pub(super) async fn lost(bench: &Bench<'_>) -> Outcome {
    // Some servers answer as they would for a task that is not finished.
    if let Some(script) = bench.scenario("lost.json")? {
        let task = task(bench, script).await?;
        match bench.adapter.poll(&task).await.map_err(text)? {
            TaskState::Failed(error) if error.kind == Kind::Lost => {}
            state => return fault(format!("it is {state:?}")),
        }
    }
    match polled(bench, Answer::json(404, json!({ "error": "what task" }))).await? {
        None => none(),
        Some(Ok(TaskState::Failed(error))) => expect(&error, &[Kind::Lost], &[Accepted::Yes], None),
        Some(other) => fault(format!("it is {other:?}")),
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
        state => fault(format!("it is {state:?}")),
    }
}

/// A scenario may only be missing where it cannot happen.
fn absent(bench: &Bench<'_>, name: &str) -> Outcome {
    if bench.routes.poll.is_none() {
        return none();
    }
    fault(format!("there is no {name}"))
}

pub(super) async fn moderation(bench: &Bench<'_>) -> Outcome {
    // An engine of one's own, or a search, refuses no content.
    let Some(script) = bench.scenario("moderation.json")? else { return none() };
    bench.vendor.follow(script);
    let (with_image, _) = *bench.ways().first().ok_or("no way to submit")?;
    let prepared = prepared(bench, with_image).await?;
    let error = match bench.adapter.submit(&prepared).await {
        Err(error) => error,
        Ok(task) => match finish(&*bench.adapter, &task).await.map_err(text)? {
            TaskState::Failed(error) => error,
            state => return fault(format!("it ended as {state:?}")),
        },
    };
    let accepted = [Accepted::No, Accepted::Yes];
    expect(&error, &[Kind::Moderation], &accepted, Some(ErrorStatus::Permanent))
}

pub(super) async fn failed(bench: &Bench<'_>) -> Outcome {
    let Some(script) = bench.scenario("failed.json")? else { return absent(bench, "failed.json") };
    let task = task(bench, script).await?;
    match finish(&*bench.adapter, &task).await.map_err(text)? {
        TaskState::Failed(error) => expect(
            &error,
            &[Kind::Server, Kind::BadOutput],
            &[Accepted::Yes],
            Some(ErrorStatus::Temporary),
        ),
        state => fault(format!("it ended as {state:?}")),
    }
}

pub(super) async fn cancel(bench: &Bench<'_>) -> Outcome {
    let script = bench.scenario("cancel.json")?;
    let sold = bench.adapter.capabilities().cancel;
    if sold && script.is_none() {
        return fault("there is no cancel.json");
    }
    let task = task(bench, script.unwrap_or_else(|| bench.success.clone())).await?;
    match (sold, bench.adapter.cancel(&task).await.map_err(text)?) {
        (true, cancelled @ (Cancelled::Yes | Cancelled::Asked)) => {
            Ok(format!("{cancelled:?}").to_lowercase())
        }
        (false, Cancelled::Unsupported) => Ok("unsupported".to_owned()),
        (_, cancelled) => fault(format!("{cancelled:?}")),
    }
}

pub(super) async fn cancel_too_late(bench: &Bench<'_>) -> Outcome {
    if !bench.adapter.capabilities().cancel {
        return none();
    }
    let script =
        bench.scenario("cancel_too_late.json")?.ok_or("there is no cancel_too_late.json")?;
    let task = task(bench, script).await?;
    match bench.adapter.cancel(&task).await.map_err(text)? {
        Cancelled::TooLate => Ok("too late".to_owned()),
        cancelled => fault(format!("{cancelled:?}")),
    }
}

async fn looked_up(bench: &Bench<'_>, name: &str) -> Result<Option<Lookup>, String> {
    let Some(script) = bench.scenario(name)? else { return Ok(None) };
    bench.vendor.follow(script);
    let (with_image, route) = bench.ways().first().cloned().ok_or("no way to submit")?;
    let prepared = prepared(bench, with_image).await?;
    let found = bench.adapter.lookup(&prepared).await.map_err(text)?;
    if bench.vendor.count(&route) > 0 {
        return Err("looking called what costs money".to_owned());
    }
    Ok(Some(found))
}

pub(super) async fn lookup_found(bench: &Bench<'_>) -> Outcome {
    match looked_up(bench, "lookup_found.json").await? {
        // A vendor may show that a call never came without showing which one is ours.
        None => none(),
        Some(Lookup::Found(task)) => match finish(&*bench.adapter, &task).await.map_err(text)? {
            TaskState::Succeeded { .. } => Ok("found".to_owned()),
            state => fault(format!("what was found ended as {state:?}")),
        },
        Some(other) => fault(format!("{other:?}")),
    }
}

pub(super) async fn lookup_absent(bench: &Bench<'_>) -> Outcome {
    let sold = bench.adapter.capabilities().lookup_settles.is_some();
    match (sold, looked_up(bench, "lookup_absent.json").await?) {
        (true, Some(Lookup::Absent)) => Ok("absent".to_owned()),
        (true, other) => fault(format!("{other:?}")),
        (false, _) => {
            bench.vendor.follow(bench.success.clone());
            let (with_image, _) = *bench.ways().first().ok_or("no way to submit")?;
            let prepared = prepared(bench, with_image).await?;
            match bench.adapter.lookup(&prepared).await.map_err(text)? {
                Lookup::CannotSay => Ok("cannot say".to_owned()),
                other => fault(format!("it sells no lookup and says {other:?}")),
            }
        }
    }
}

/// A finished task's clip under a script.
async fn output(bench: &Bench<'_>, answer: Answer) -> Result<Output, String> {
    let script = bench.success.clone().on(&bench.routes.clip, answer);
    let task = task(bench, script).await?;
    match finish(&*bench.adapter, &task).await.map_err(text)? {
        TaskState::Succeeded { output, .. } => Ok(output),
        state => Err(format!("it ended as {state:?}")),
    }
}

/// Fetches what must not be fetched, and looks for files left behind.
async fn fetched(
    bench: &Bench<'_>,
    adapter: &dyn ExternalEngineAdapter,
    output: &Output,
) -> Result<VendorError, String> {
    let folder = bench.folder.join("clips");
    std::fs::create_dir_all(&folder).map_err(|error| error.to_string())?;
    let outcome = adapter.fetch(output, &folder.join("clip.mp4")).await;
    let left = std::fs::read_dir(&folder).map_err(|error| error.to_string())?.count();
    if left > 0 {
        return Err(format!("{left} files were left behind"));
    }
    outcome.err().ok_or_else(|| "it was fetched".to_owned())
}

pub(super) async fn expired(bench: &Bench<'_>) -> Outcome {
    let mut said = String::new();
    for status in [403, 404, 410] {
        let output = output(bench, Answer::text(status, "gone")).await?;
        let error = fetched(bench, &*bench.adapter, &output).await?;
        said = expect(&error, &[Kind::Lost], &[Accepted::No], Some(ErrorStatus::Temporary))?;
    }
    Ok(said)
}

pub(super) async fn redirected(bench: &Bench<'_>) -> Outcome {
    let mut said = String::new();
    for target in ["http://169.254.169.254/latest", "http://127.0.0.2:9/", "file:///etc/hosts"] {
        let output = output(bench, Answer::text(302, "").with("location", target)).await?;
        let error = fetched(bench, &*bench.adapter, &output).await?;
        said = expect(&error, &[Kind::BadOutput], &[Accepted::No], Some(ErrorStatus::Permanent))?;
    }
    Ok(said)
}

pub(super) fn too_large() -> Answer {
    Answer::Part { body: CLIP.to_vec(), promised: 4 << 30, silent: true }
}

pub(super) fn cut_short() -> Answer {
    Answer::Part { body: CLIP.to_vec(), promised: 10_000, silent: false }
}

pub(super) async fn broken_clip(bench: &Bench<'_>, answer: Answer, kinds: &[Kind]) -> Outcome {
    let output = output(bench, answer).await?;
    let error = fetched(bench, &*bench.adapter, &output).await?;
    expect(&error, kinds, &[Accepted::No], None)
}

pub(super) async fn stalled(bench: &Bench<'_>) -> Outcome {
    let answer = Answer::Part { body: CLIP.to_vec(), promised: 10_000, silent: true };
    let output = output(bench, answer).await?;
    let error = fetched(bench, &*bench.hasty, &output).await?;
    expect(&error, &[Kind::Timeout], &[Accepted::No], Some(ErrorStatus::Temporary))
}

/// A vendor that repeats the key in whatever it says.
pub(super) async fn echoed(bench: &Bench<'_>) -> Outcome {
    if bench.subject.config.key_env.is_empty() {
        return none();
    }
    let escaped: String = url::form_urlencoded::byte_serialize(KEY.as_bytes()).collect();
    let body = json!({ "error": format!("bad key {KEY} in /x?key={escaped}") });
    for status in [400, 401, 422, 500] {
        for (with_image, route) in bench.ways() {
            let answer = Answer::json(status, body.clone());
            bench.vendor.follow(bench.success.clone().on(&route, answer));
            let prepared = prepared(bench, with_image).await?;
            if let Err(error) = bench.adapter.submit(&prepared).await {
                short(&error)?;
            }
        }
        match polled(bench, Answer::json(status, body.clone())).await? {
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
