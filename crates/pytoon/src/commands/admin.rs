//! `pytoon jobs`, `tasks`, `webhooks`, `keys` and `artifacts`: an operator's commands for the service's database,
//! whether or not the service runs.

use crate::cli::{
    ArtifactsAction, JobRedoArgs, JobsAction, KeysAction, TasksAction, WebhooksAction,
};
use crate::commands::redo::changed_brief;
use crate::context::Context;
use crate::output;
use anyhow::{Context as _, bail};
use pytoon_config::read_brief;
use pytoon_pipeline::engine_session::{database, open_storage};
use pytoon_records::job::keys::{KeyStore, Scope, sha256_hex};
use pytoon_records::job::queue::TaskQueue;
use pytoon_records::job::store::{JobFilter, JobRow, JobStore};
use pytoon_records::job::webhook::{WebhookRow, WebhookStore};
use pytoon_records::job::{JobEvent, JobStatus};
use pytoon_records::ledger::PurchaseStore;
use pytoon_storage::job_files::folder_of;
use pytoon_store::{Store, new_key};
use pytoon_vocabulary::{JobId, MicroUsd};
use pytoon_worker::retention::Collector;
use pytoon_worker::webhook_sender::WebhookSecrets;
use serde_json::json;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

fn at_store<T>(
    context: &Context,
    work: impl AsyncFnOnce(Store) -> anyhow::Result<T>,
) -> anyhow::Result<T> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let at = database(&context.config, &context.secrets)?;
    runtime.block_on(async { work(Store::connect(&at).await?).await })
}

fn job_json(job: &JobRow) -> serde_json::Value {
    let created = Duration::from_millis(job.created_at.max(0).unsigned_abs());
    json!({
        "job_id": job.id,
        "status": job.status.as_str(),
        "progress_pct": job.status.progress_pct(job.tasks_done, job.tasks_known),
        "created_at": pytoon_telemetry::timestamp(UNIX_EPOCH + created),
        "error": job.error,
    })
}

/// Lists jobs, shows one, or cancels, retries, releases or changes one.
pub(crate) fn jobs(context: &Context, action: &JobsAction) -> anyhow::Result<ExitCode> {
    at_store(context, async |store| {
        match action {
            JobsAction::List { status, limit } => {
                let status = status.as_deref().map(|name| {
                    JobStatus::from_name(name).with_context(|| {
                        let known: Vec<&str> =
                            JobStatus::ALL.iter().map(|status| status.as_str()).collect();
                        format!("there is no status `{name}`: use one of {}", known.join(", "))
                    })
                });
                let filter = JobFilter {
                    status: status.transpose()?,
                    limit: *limit,
                    ..JobFilter::default()
                };
                let rows = store.job_list(filter).await?;
                if context.global.json {
                    output::json(&rows.iter().map(job_json).collect::<Vec<_>>())?;
                } else {
                    for row in &rows {
                        let done = row.status.progress_pct(row.tasks_done, row.tasks_known);
                        let why = row.error.as_ref().map(|e| e.message.as_str()).unwrap_or("");
                        let status = row.status.as_str();
                        output::line(format!("{}  {status:<18} {done:>3} %  {why}", row.id));
                    }
                }
            }
            JobsAction::Show { id } => {
                let row = store.job_fetch(id).await?.with_context(|| no_job(id))?;
                let mut text = job_json(&row);
                text["scenes"] = json!(store.job_scenes(id).await?);
                text["cost_usd"] = json!(store.spend_of_job(id).await?.as_usd());
                output::json(&text)?;
            }
            JobsAction::Cancel { id } => {
                let status = store.job_cancel(id).await?.with_context(|| no_job(id))?;
                output::line(status.as_str());
            }
            JobsAction::Retry { id } => {
                let rule = "only a failed or cancelled job can be retried";
                resume(&store, id, JobEvent::Retried, rule).await?;
            }
            JobsAction::Release { id } => {
                let rule = "only a held job can be released";
                resume(&store, id, JobEvent::Released, rule).await?;
            }
            JobsAction::Redo(args) => redo(context, &store, args).await?,
        }
        Ok(ExitCode::SUCCESS)
    })
}

fn no_job(id: &JobId) -> String {
    format!("there is no job `{id}`; `pytoon jobs list` shows all")
}

async fn resume(store: &Store, id: &JobId, event: JobEvent, rule: &str) -> anyhow::Result<()> {
    let row = store.job_fetch(id).await?.with_context(|| no_job(id))?;
    if !store.job_resume(id, event).await? {
        bail!("the job's status is `{}`: {rule}", row.status.as_str());
    }
    output::line(JobStatus::Queued.as_str());
    Ok(())
}

async fn redo(context: &Context, store: &Store, args: &JobRedoArgs) -> anyhow::Result<()> {
    let row = store.job_fetch(&args.id).await?.with_context(|| no_job(&args.id))?;
    let scenes = store.job_scenes(&args.id).await?.len();
    let change = args.change.scene_change();
    let file = read_brief("the brief", &row.brief.to_string(), PathBuf::new())?;
    let brief = changed_brief(context, file.brief, &args.scene, scenes, &change);
    // Exit status 2 is for files and folders in arguments; this brief is a stored job's, as in `resume`.
    let brief = brief.map_err(|error| anyhow::anyhow!("{error}"))?;
    let brief = serde_json::to_value(&brief)?;
    if !store.job_redo(&args.id, brief, JobEvent::Redone).await? {
        bail!(
            "the job's status is `{}`: wait until the job ends, or cancel it, then redo the scene",
            row.status.as_str()
        );
    }
    output::line(JobStatus::Queued.as_str());
    Ok(())
}

/// Lists webhook messages, schedules one for another delivery, or generates a signing secret.
pub(crate) fn webhooks(context: &Context, action: &WebhooksAction) -> anyhow::Result<ExitCode> {
    if let WebhooksAction::Secret = action {
        let mut random = [0; 32];
        for (half, id) in random.chunks_mut(16).zip([uuid::Uuid::new_v4(), uuid::Uuid::new_v4()]) {
            half.copy_from_slice(id.as_bytes());
        }
        output::line(WebhookSecrets::new_secret(&random));
        output::note(
            "put this secret into .env as WEBHOOK_SECRET, and give it to the receivers of your webhooks",
        );
        return Ok(ExitCode::SUCCESS);
    }
    at_store(context, async |store| {
        let print_rows = |rows: &[WebhookRow]| -> anyhow::Result<()> {
            if context.global.json {
                return output::json(&rows);
            }
            if rows.is_empty() {
                output::note("no webhook messages");
            }
            for row in rows {
                let last = row.attempts.last().and_then(|attempt| attempt.error.as_deref());
                let (state, count) = (row.state.as_str(), row.attempts.len());
                let (id, event) = (&row.id, &row.event);
                let why = last.unwrap_or("");
                output::line(format!("{id}  {event:<14} {state:<9} attempts: {count}  {why}"));
            }
            Ok(())
        };
        match action {
            WebhooksAction::Dead => print_rows(&store.webhooks_dead().await?)?,
            WebhooksAction::List { job } => {
                store.job_fetch(job).await?.with_context(|| no_job(job))?;
                print_rows(&store.webhooks_of_job(job).await?)?;
            }
            WebhooksAction::Resend { id } => {
                if !store.webhook_resend(id).await? {
                    bail!(
                        "there is no message `{id}` that can be delivered again; `pytoon \
                         webhooks dead` and `pytoon webhooks list` show all"
                    );
                }
                output::line("due");
            }
            WebhooksAction::Secret => {}
        }
        Ok(ExitCode::SUCCESS)
    })
}

/// Lists dead-lettered tasks, or requeues one.
pub(crate) fn tasks(context: &Context, action: &TasksAction) -> anyhow::Result<ExitCode> {
    at_store(context, async |store| {
        match action {
            TasksAction::Dead => {
                let dead = store.task_dead().await?;
                if context.global.json {
                    output::json(&dead)?;
                } else {
                    if dead.is_empty() {
                        output::note("no failed tasks");
                    }
                    for task in &dead {
                        output::line(format!(
                            "{}  attempts: {}  {}",
                            task.id, task.attempts, task.error
                        ));
                    }
                }
            }
            TasksAction::Requeue { id } => {
                if !store.task_requeue(id).await? {
                    bail!("there is no dead task `{id}`; `pytoon tasks dead` shows all");
                }
                output::line(JobStatus::Queued.as_str());
            }
        }
        Ok(ExitCode::SUCCESS)
    })
}

/// Creates, lists or revokes API keys, or changes the daily budget of one.
pub(crate) fn keys(context: &Context, action: &KeysAction) -> anyhow::Result<ExitCode> {
    at_store(context, async |store| {
        match action {
            KeysAction::Add { name, scope, budget_per_day } => {
                let scope = Scope::from_name(scope).with_context(|| {
                    format!("there is no scope `{scope}`: use `read`, `submit` or `admin`")
                })?;
                let budget = budget_per_day.map(budget).transpose()?;
                let (key, row) = new_key(name, scope, budget);
                store.key_add(row, &sha256_hex(&key)).await?;
                output::line(key);
                output::note("copy this key now: it is not stored and cannot be shown again");
            }
            KeysAction::List => {
                let rows = store.key_list().await?;
                if context.global.json {
                    output::json(&rows)?;
                } else {
                    for row in &rows {
                        let state = if row.revoked_at.is_some() { "revoked" } else { "" };
                        let scopes = row.scopes.join(",");
                        let budget = row.budget_per_day.map(|usd| format!("{usd} a day"));
                        let budget = budget.unwrap_or_default();
                        let (id, name) = (&row.id, &row.name);
                        let text = format!("{id}  {name:<16} {scopes:<8} {budget:<14} {state}");
                        output::line(text.trim_end());
                    }
                }
            }
            KeysAction::Budget { name, usd } => {
                let limit = match usd.as_str() {
                    "none" => None,
                    usd => Some(budget(usd.parse().with_context(|| {
                        format!("`{usd}` is neither an amount in US dollars nor `none`")
                    })?)?),
                };
                if !store.key_budget(name, limit).await? {
                    bail!("there is no active key `{name}`; `pytoon keys list` shows all");
                }
                output::line(limit.map_or("no limit".to_owned(), |usd| format!("{usd} a day")));
            }
            KeysAction::Revoke { name } => {
                if !store.key_revoke(name).await? {
                    bail!("there is no active key `{name}`; `pytoon keys list` shows all");
                }
                output::line("revoked");
            }
        }
        Ok(ExitCode::SUCCESS)
    })
}

/// Converts a budget in US dollars. Returns an error outside 0 to 1000000.
fn budget(usd: f64) -> anyhow::Result<MicroUsd> {
    if !(usd.is_finite() && (0.0..=1_000_000.0).contains(&usd)) {
        bail!("a budget of {usd} US dollars is not between 0 and 1000000");
    }
    Ok(MicroUsd::from_usd(usd))
}

/// Downloads a file of a job, or removes expired files.
pub(crate) fn artifacts(context: &Context, action: &ArtifactsAction) -> anyhow::Result<ExitCode> {
    match action {
        ArtifactsAction::Get { job, name, out } => get(context, job, name, out.as_deref()),
        ArtifactsAction::Collect { dry_run } => collect(context, *dry_run),
    }
}

fn get(context: &Context, job: &str, name: &str, out: Option<&Path>) -> anyhow::Result<ExitCode> {
    let is_plain = !name.is_empty() && !name.contains(['/', '\\']) && name != "..";
    if !is_plain {
        bail!(
            "`{name}` is not the name of an artifact: give a name without folders, such as \
             `output.mp4`"
        );
    }
    if job.parse::<JobId>().is_err() {
        bail!("`{job}` is not the id of a job: give an id from `pytoon jobs list`");
    }
    let storage = open_storage(&context.config, &context.secrets)?;
    let folder = folder_of(job);
    let places = [format!("{folder}/{name}"), format!("{folder}/assembly/audio/{name}")];
    let to = out.unwrap_or(Path::new(name)).to_owned();
    let none = || {
        format!("job `{job}` has no artifact `{name}`: check both, or wait until the job is done")
    };
    if let Some(bucket) = storage.bucket() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(async {
            for place in &places {
                if bucket.download(place, &to).await?.is_some() {
                    return Ok(());
                }
            }
            bail!(none())
        })?;
    } else {
        let from = places.iter().map(|place| storage.path(place)).find(|path| path.is_file());
        let from = from.with_context(none)?;
        std::fs::copy(from, &to)
            .with_context(|| format!("failed to copy `{name}` to {}", to.display()))?;
    }
    output::line(to.display().to_string());
    Ok(ExitCode::SUCCESS)
}

/// Removes expired files; with `dry_run`, only lists them.
fn collect(context: &Context, dry_run: bool) -> anyhow::Result<ExitCode> {
    let storage = open_storage(&context.config, &context.secrets)?;
    at_store(context, async |store| {
        let store = Arc::new(store);
        let collector = Collector {
            storage,
            jobs: store.clone(),
            files: store,
            retention: context.config.settings.storage.retention.clone(),
            name: format!("terminal#{}", std::process::id()),
            is_rehearsal: dry_run,
        };
        let removed = collector.collect().await?;
        let mut sums: BTreeMap<&str, (u64, u64)> = BTreeMap::new();
        for one in &removed {
            output::line(format!("{:<8} {:>12}  {}", one.kind, one.size_bytes, one.name));
            let sum = sums.entry(one.kind).or_default();
            *sum = (sum.0 + 1, sum.1 + one.size_bytes);
        }
        let what = if dry_run { "would be removed" } else { "removed" };
        for (kind, (files, bytes)) in sums {
            output::note(format!("{kind}: {files} files, {} MiB {what}", bytes >> 20));
        }
        if removed.is_empty() {
            output::note(format!("nothing {what}"));
        }
        Ok(ExitCode::SUCCESS)
    })
}
