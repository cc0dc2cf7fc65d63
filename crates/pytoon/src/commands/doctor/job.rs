//! Diagnoses one job: its status, its slow or failed stages, the reasons for its fallbacks, and the sync of captions,
//! voice and video.

use super::{Check, show};
use crate::context::Context;
use anyhow::Context as _;
use pytoon_core::artifact;
use pytoon_pipeline::engine_session::{database, open_storage};
use pytoon_process::CommandLine;
use pytoon_records::job::TaskRow;
use pytoon_records::job::process::ProcessStore;
use pytoon_records::job::queue::MAX_TRIES;
use pytoon_records::job::store::{EventKind, EventRow, JobRow, JobStore, SceneRow};
use pytoon_records::job::webhook::{WebhookState, WebhookStore};
use pytoon_records::job::{JobStatus, TaskState};
use pytoon_records::ledger::{CallFilter, CallState, PurchaseStore};
use pytoon_storage::job_files::folder_of;
use pytoon_store::Store;
use pytoon_vocabulary::{EngineName, JobId};
use serde_json::Value;
use std::path::Path;
use std::process::ExitCode;

/// Waiting time of a due task, in milliseconds, above which no worker seems to be free.
const UNCLAIMED_MS: i64 = 30_000;
/// Run time of a task, in milliseconds, above which it seems to be stuck or starved.
const SLOW_MS: i64 = 600_000;
/// Maximum difference between a stream and the timeline, in milliseconds: about a frame at 24 frames per
/// second.
const APART_MS: f64 = 45.0;

/// Diagnoses a job and prints the findings. The exit code reports a failure if a check failed.
pub(crate) fn run(context: &Context, id: &JobId) -> anyhow::Result<ExitCode> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let at = database(&context.config, &context.secrets)?;
    let checks: anyhow::Result<Vec<Check>> = runtime.block_on(async {
        let store = Store::connect(&at).await?;
        let row = store.job_fetch(id).await?;
        let row =
            row.with_context(|| format!("there is no job `{id}`; `pytoon jobs list` shows all"))?;
        let scenes = store.job_scenes(id).await?;
        let (tasks, now) = (store.job_tasks(id).await?, store.now().await?);
        let events = store.job_events(id, 0, 10_000).await?;
        let mut checks = vec![standing(&row, &tasks, now)];
        checks.extend(steps(&tasks, now));
        checks.push(times(&events, now));
        checks.extend(check_paid_calls(&store, id).await?);
        checks.extend(check_webhooks(&store, id).await?);
        let storage = open_storage(&context.config, &context.secrets)?;
        let name = |file: &str| format!("{}/{file}", folder_of(id.as_str()));
        let read = async |file: &str| -> Option<Value> {
            serde_json::from_slice(&storage.read(&name(file)).await.ok()??).ok()
        };
        let receipt = read(artifact::METADATA).await.filter(|_| row.status == JobStatus::Done);
        checks.extend(scenes_of(&scenes, receipt.as_ref()));
        if let Some(receipt) = &receipt {
            checks.extend(check_voice(receipt));
            checks.extend(findings(receipt));
        }
        if row.status == JobStatus::Done {
            for file in [artifact::OUTPUT, artifact::MIXED] {
                // A missing file is reported below.
                let _ = storage.have(&name(file)).await;
            }
            let folder = storage.path(&folder_of(id.as_str()));
            checks.push(in_time(context, &folder, read(artifact::TIMELINE).await.as_ref()));
        }
        Ok(checks)
    });
    show(context, &checks?)
}

fn seconds(ms: i64) -> String {
    format!("{:.1} s", ms.max(0) as f64 / 1000.0)
}

/// Reports the status of the job, its error if there is one, and the remedy.
fn standing(row: &JobRow, tasks: &[TaskRow], now: i64) -> Check {
    let status = row.status.as_str();
    let since = seconds(now - row.updated_at);
    if let Some(error) = &row.error {
        let by = error.provider.as_ref().map(|p| format!(", provider {p}")).unwrap_or_default();
        let evidence = format!(
            "{status} in stage `{}`{by}: {} (error code `{}`)",
            error.stage, error.message, error.code
        );
        if row.status == JobStatus::Held {
            let fix = "fix the cause of the fallback (see below), then run `pytoon jobs release`; or cancel the job with `pytoon jobs cancel`";
            return Check::warning("status", evidence, fix).see("fallback-spike");
        }
        let (fix, page) = match error.code.as_str() {
            "invalid_brief" => {
                ("correct the field that the error names, and submit the brief again", "dead-tasks")
            }
            "storage" => (
                "free disk space, or let the user that runs pytoon write to the storage folder, \
                 then run `pytoon jobs retry`",
                "storage",
            ),
            "store_unavailable" => {
                ("make the database available again, then run `pytoon jobs retry`", "database")
            }
            "worker_lost" => (
                "check the worker's log, give the worker more memory, then run `pytoon jobs retry`",
                "dead-tasks",
            ),
            "degraded" => {
                ("fix the cause of the fallback, then run `pytoon jobs retry`", "fallback-spike")
            }
            "voice" => (
                "check the voice providers with `pytoon doctor`, then run `pytoon jobs retry`",
                "tts",
            ),
            _ => ("check the worker's log, then run `pytoon jobs retry`", "dead-tasks"),
        };
        return Check::failed("status", evidence, fix).see(page);
    }
    let waits = tasks
        .iter()
        .find(|task| task.state == TaskState::Ready && now - task.run_at > UNCLAIMED_MS);
    match (row.status, waits) {
        (JobStatus::Done, _) => Check::good("status", "done"),
        (JobStatus::Cancelled, _) => Check::good("status", "cancelled on request"),
        (_, Some(task)) => {
            let evidence = format!(
                "{status}: task `{}` has been ready for {}, and no worker has claimed it",
                task.name,
                seconds(now - task.run_at)
            );
            let fix = "start a worker (`pytoon worker`); if one runs, check its log: it is busy, \
                       draining, or waiting for disk space";
            Check::failed("status", evidence, fix).see("jobs-not-moving")
        }
        _ => Check::good("status", format!("{status}, last changed {since} ago")),
    }
}

/// Reports the tasks that are running, waiting for their next attempt, or dead.
fn steps(tasks: &[TaskRow], now: i64) -> Vec<Check> {
    let mut checks = Vec::new();
    for task in tasks {
        let name = format!("step {}", task.name);
        let why = task.error.as_deref().unwrap_or("no reason is on record");
        match task.state {
            TaskState::Running if task.lease_until < now => {
                let worker = task.worker.as_deref().unwrap_or("nobody");
                let evidence = format!(
                    "worker {worker} stopped renewing the lease, which expired {} ago",
                    seconds(now - task.lease_until)
                );
                let fix = "wait until another worker takes the task over; if no worker runs, \
                           start one (`pytoon worker`)";
                checks.push(Check::failed(name, evidence, fix).see("leases"));
            }
            TaskState::Running => {
                let worker = task.worker.as_deref().unwrap_or("nobody");
                let evidence = format!(
                    "attempt {} has been running for {} in worker {worker}",
                    task.attempts,
                    seconds(now - task.claimed_at)
                );
                checks.push(if now - task.claimed_at > SLOW_MS {
                    let fix = "check the worker's log and the load of its machine";
                    Check::warning(name, evidence, fix).see("jobs-not-moving")
                } else {
                    Check::good(name, evidence)
                });
            }
            TaskState::Ready if task.run_at > now && task.attempts > 0 => {
                let evidence = format!(
                    "attempt {} failed: {why}; the next attempt starts in {}",
                    task.attempts,
                    seconds(task.run_at - now)
                );
                checks.push(
                    Check::warning(
                        name,
                        evidence,
                        format!("fix the cause before attempt {MAX_TRIES}, which is the last"),
                    )
                    .see("dead-tasks"),
                );
            }
            TaskState::Ready if task.run_at > now => {
                let evidence =
                    format!("waiting for the vendor, next poll in {}", seconds(task.run_at - now));
                checks.push(Check::good(name, evidence));
            }
            TaskState::Dead => {
                let evidence = format!("dead after attempt {}: {why}", task.attempts);
                let fix = "fix the cause, then run `pytoon jobs retry`, or `pytoon tasks requeue` \
                           with the task's id from `pytoon tasks dead`";
                checks.push(Check::failed(name, evidence, fix).see("dead-tasks"));
            }
            TaskState::Ready
            | TaskState::Blocked
            | TaskState::Parked
            | TaskState::Done
            | TaskState::Obsolete => {}
        }
    }
    checks
}

/// Reports the time spent in each status, and names the longest.
fn times(events: &[EventRow], now: i64) -> Check {
    let statuses: Vec<(&str, i64)> = events
        .iter()
        .filter(|event| event.event == EventKind::Status)
        .filter_map(|event| Some((event.data["status"].as_str()?, event.at)))
        .collect();
    let ends = statuses.iter().skip(1).map(|(_, at)| *at).chain([now]);
    let spans: Vec<(&str, i64)> = statuses
        .iter()
        .zip(ends)
        .filter(|((status, _), _)| JobStatus::from_name(status).is_none_or(|s| !s.is_terminal()))
        .map(|((status, at), end)| (*status, end - at))
        .collect();
    let told: Vec<String> = spans.iter().map(|(s, ms)| format!("{s} {}", seconds(*ms))).collect();
    let slowest = spans.iter().max_by_key(|(_, ms)| *ms);
    let most = slowest.map(|(s, _)| format!("; longest: {s}")).unwrap_or_default();
    Check::good("time", format!("{}{most}", told.join(", ")))
}

/// Reports the scenes that were drawn by an engine other than the requested one, with the reasons.
fn scenes_of(scenes: &[SceneRow], receipt: Option<&Value>) -> Vec<Check> {
    let fallen = scenes.iter().filter(|scene| scene.fallback_used);
    let mut checks: Vec<Check> = fallen
        .map(|scene| {
            let told = receipt
                .and_then(|receipt| receipt["scenes"].as_array())
                .and_then(|all| all.iter().find(|one| one["sceneId"] == scene.scene_id.as_str()));
            let attempts = told.and_then(|told| told["attempts"].as_array());
            let kinds: Vec<&str> = attempts
                .into_iter()
                .flatten()
                .filter_map(|attempt| attempt["result"].as_str())
                .filter(|result| *result != "success")
                .collect();
            let used = scene.engine_used.as_ref().map_or("local", EngineName::as_str);
            let why = scene.error.as_deref().unwrap_or("no reason is on record");
            let kind = kinds.first().copied().unwrap_or_else(|| kind_in(why));
            let evidence = format!("drawn by {used}: {why}");
            let (fix, page) = remedy(kind);
            Check::warning(scene.scene_id.as_str(), evidence, fix).see(page)
        })
        .collect();
    if checks.is_empty() && !scenes.is_empty() {
        checks.push(Check::good("scenes", "every scene is drawn by the requested engine"));
    }
    checks
}

/// Guesses the kind of failure from a reason's words.
fn kind_in(why: &str) -> &'static str {
    let kinds = [
        ("auth", &["key", "401", "unauthori"][..]),
        ("quota", &["credit", "402", "quota"]),
        ("rate_limited", &["429", "rate"]),
        ("moderation", &["moderation", "refused"]),
        ("budget", &["budget"]),
        ("deadline", &["deadline"]),
    ];
    let lower = why.to_lowercase();
    let found = kinds.iter().find(|(_, words)| words.iter().any(|word| lower.contains(word)));
    found.map_or("server", |(kind, _)| kind)
}

fn remedy(kind: &str) -> (&'static str, &'static str) {
    match kind {
        "auth" => {
            ("put a valid key into .env, restart the worker, then redo the scene", "key-rotation")
        }
        "quota" => ("top up the vendor's account, then redo the scene", "engine-health"),
        "rate_limited" => (
            "lower the engine's max_concurrent or raise its backoff, then redo the scene",
            "fallback-spike",
        ),
        "moderation" => ("redo the scene with another prompt", "engine-health"),
        "budget" => (
            "raise the budget that the reason names (the brief's, the API key's or v2.budget), \
             then redo the scene",
            "fallback-spike",
        ),
        "deadline" => {
            ("submit the brief again with a later `deadline`, or without one", "engine-health")
        }
        "undecided" | "lost" => (
            "find the call with `pytoon ledger list --unknown`, resolve it with `pytoon ledger \
             resolve`, then redo the scene",
            "paid-calls",
        ),
        "bad_output" => {
            ("redo the scene; if it fails again, contact the vendor's support", "engine-health")
        }
        _ => (
            "when the vendor works again, run `pytoon jobs redo` with this scene and the requested \
             engine",
            "engine-health",
        ),
    }
}

/// Reports the voice, its failed providers, and the method of word timing.
fn check_voice(receipt: &Value) -> Vec<Check> {
    let voice = &receipt["voice"];
    let attempts = voice["attempts"].as_array().into_iter().flatten();
    let failed: Vec<String> = attempts
        .map(|attempt| {
            let part = |name: &str| attempt[name].as_str().unwrap_or_default();
            format!("{}: {}", part("provider"), part("reason"))
        })
        .collect();
    let failed = if failed.is_empty() {
        "no provider recorded a reason".to_owned()
    } else {
        failed.join("; ")
    };
    let mut checks = Vec::new();
    let provider = voice["provider"].as_str();
    checks.push(match provider {
        None if voice["asked"] == true => {
            let fix = "check the voice providers with `pytoon doctor`, then submit the brief again";
            Check::warning("voice", format!("the film has no voice: {failed}"), fix).see("tts")
        }
        None => Check::good("voice", "no voice requested"),
        Some(provider) if voice["steppedDown"] == true => {
            let evidence = format!("{provider} spoke instead of the first provider: {failed}");
            Check::warning("voice", evidence, "check the voice providers with `pytoon doctor`")
                .see("tts")
        }
        Some(provider) => Check::good("voice", provider),
    });
    let method = voice["alignment"].as_str().unwrap_or("unknown");
    checks.push(if method == "even_split" {
        let fix =
            "use a cleaner recording, correct the script to the spoken words, or install WhisperX \
             (`pip install whisperx`)";
        let evidence =
            "the words are spread evenly over the speech, so captions can be about 200 ms early or \
             late";
        Check::warning("captions", evidence, fix).see("caption-alignment")
    } else {
        Check::good("captions", format!("word timing: {method}"))
    });
    checks
}

fn findings(receipt: &Value) -> Vec<Check> {
    let found = receipt["selfCheck"]["findings"].as_array().cloned().unwrap_or_default();
    if found.is_empty() {
        return vec![Check::good("self-check", "no findings")];
    }
    let check = |finding: &Value| {
        let part = |name: &str| finding[name].as_str().unwrap_or_default();
        let evidence = format!("{}: {}", part("check"), part("detail"));
        Check::warning("self-check", evidence, "watch the film before you post it")
            .see("audio-sync")
    };
    found.iter().map(check).collect()
}

/// Returns the duration of the first stream of a type in a file, in milliseconds; `None` if FFprobe fails or there is
/// no such stream.
fn length(context: &Context, file: &Path, stream: &str) -> Option<f64> {
    let command = CommandLine::new("ffprobe", "measure a file")
        .args(["-v", "error", "-select_streams", stream, "-show_entries", "stream=duration"])
        .args(["-of", "csv=p=0"])
        .arg(file.display().to_string());
    let out = context.runner.run(&command, Vec::new()).ok()?;
    let seconds: f64 = String::from_utf8_lossy(&out).trim().parse().ok()?;
    Some(seconds * 1000.0)
}

/// Checks that video, audio and mix are as long as the timeline, and that no caption ends after it.
fn in_time(context: &Context, folder: &Path, timeline: Option<&Value>) -> Check {
    let name = "sound and picture";
    let Some(total) = timeline.and_then(|timeline| timeline["totalDuration"].as_f64()) else {
        let fix = "if an object store is in use, download the file with `pytoon artifacts get`; a \
                   deleted folder cannot be restored";
        return Check::failed(name, "timeline.json is missing or unreadable", fix)
            .see("audio-sync");
    };
    let (film, mixed) = (folder.join(artifact::OUTPUT), folder.join(artifact::MIXED));
    let parts = [
        ("picture", length(context, &film, "v:0")),
        ("sound", length(context, &film, "a:0")),
        ("mixed.wav", length(context, &mixed, "a:0")),
    ];
    let mut wrong = Vec::new();
    for (part, length) in parts {
        match length {
            None => wrong.push(format!("{part} is missing or unreadable")),
            Some(length) if (length - total).abs() > APART_MS => {
                wrong.push(format!("{part} lasts {:.3} s", length / 1000.0));
            }
            Some(_) => {}
        }
    }
    let captions = timeline.and_then(|timeline| timeline["tracks"]["captions"].as_array());
    let late = captions.into_iter().flatten().filter_map(|cue| cue["end"].as_f64());
    let late = late.filter(|end| *end > total + APART_MS).count();
    if late > 0 {
        wrong.push(format!("captions that end after the film: {late}"));
    }
    if wrong.is_empty() {
        return Check::good(
            name,
            format!("video, audio and captions match the film's {:.3} s", total / 1000.0),
        );
    }
    let evidence = format!("the timeline lasts {:.3} s; {}", total / 1000.0, wrong.join(", "));
    let fix = "redo any scene, so that the film is joined again; if the difference remains, report \
               it with the output of `pytoon doctor JOB --json`";
    Check::failed(name, evidence, fix).see("audio-sync")
}

async fn check_paid_calls(store: &Store, id: &JobId) -> anyhow::Result<Option<Check>> {
    let filter = CallFilter { job_id: Some(id.clone()), ..CallFilter::default() };
    let calls = store.call_list(filter).await?;
    let unknown: Vec<_> = calls.iter().filter(|call| call.state == CallState::Unknown).collect();
    let cost = store.spend_of_job(id).await?;
    Ok(match unknown.first() {
        Some(call) => {
            let evidence = format!(
                "{} of {} paid calls have no response, the latest is {} to {}",
                unknown.len(),
                calls.len(),
                call.id,
                call.engine
            );
            let fix = "look for the calls in the vendor's dashboard, then run `pytoon ledger \
                       resolve` for each";
            Some(Check::warning("paid calls", evidence, fix).see("paid-calls"))
        }
        None if calls.is_empty() => None,
        None => Some(Check::good("paid calls", format!("calls: {}, charged: {cost}", calls.len()))),
    })
}

async fn check_webhooks(store: &Store, id: &JobId) -> anyhow::Result<Option<Check>> {
    let rows = store.webhooks_of_job(id).await?;
    let last = rows.iter().rev().find(|row| row.state != WebhookState::Delivered);
    Ok(last.map(|row| {
        let error = row.attempts.last().and_then(|attempt| attempt.error.as_deref());
        let why = error.map(|error| format!("; the last attempt failed: {error}"));
        let why = why.unwrap_or_default();
        let evidence = format!("message {} ({}) is not delivered{why}", row.id, row.event);
        let fix = "run `pytoon webhooks list` to see every attempt, and `pytoon webhooks resend` \
                   to deliver the message again";
        Check::warning("webhook", evidence, fix).see("webhooks")
    }))
}
