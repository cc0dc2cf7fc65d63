//! `pytoon jobs`, `tasks`, `keys` and `artifacts`: what an operator does at the service's database,
//! whether or not the service runs.

use crate::cli::{ArtifactsAction, JobsAction, KeysAction, TasksAction};
use crate::context::Context;
use crate::output;
use anyhow::{Context as _, bail};
use pytoon_api::{Scope, new_key};
use pytoon_core::job::JobStatus;
use pytoon_core::job::store::{JobFilter, JobRow, JobStore};
use pytoon_pipeline::engine_desk::{database, open_storage};
use pytoon_storage::job_files::folder_of;
use pytoon_store::Store;
use pytoon_worker::collector::Collector;
use serde_json::json;
use std::collections::BTreeMap;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

fn at_store<T>(
    context: &Context,
    work: impl AsyncFnOnce(Store) -> anyhow::Result<T>,
) -> anyhow::Result<T> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let at = database(&context.config, &context.secrets)?;
    runtime.block_on(async { work(Store::connect(&at).await?).await })
}

fn shown(job: &JobRow) -> serde_json::Value {
    json!({
        "job_id": job.id,
        "status": job.status.as_str(),
        "progress_pct": job.status.progress_pct(job.tasks_done, job.tasks_known),
        "created_at": job.created_at,
        "error": job.error,
    })
}

/// `pytoon jobs`.
pub(crate) fn jobs(context: &Context, action: &JobsAction) -> anyhow::Result<ExitCode> {
    at_store(context, async |store| {
        match action {
            JobsAction::List { status, limit } => {
                let status = status.as_deref().map(|name| {
                    JobStatus::from_name(name).with_context(|| format!("`{name}` is no status"))
                });
                let filter = JobFilter {
                    status: status.transpose()?,
                    limit: *limit,
                    ..JobFilter::default()
                };
                let rows = store.job_list(filter).await?;
                if context.global.json {
                    output::json(&rows.iter().map(shown).collect::<Vec<_>>())?;
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
                let mut text = shown(&row);
                text["scenes"] = json!(store.job_scenes(id).await?);
                output::json(&text)?;
            }
            JobsAction::Cancel { id } => {
                let status = store.job_cancel(id).await?.with_context(|| no_job(id))?;
                output::line(status.as_str());
            }
            JobsAction::Retry { id } => {
                go_on(&store, id, vec![JobStatus::Failed, JobStatus::Cancelled]).await?;
            }
            JobsAction::Release { id } => go_on(&store, id, vec![JobStatus::Held]).await?,
        }
        Ok(ExitCode::SUCCESS)
    })
}

fn no_job(id: &str) -> String {
    format!("there is no job `{id}`; `pytoon jobs list` shows all")
}

async fn go_on(store: &Store, id: &str, from: Vec<JobStatus>) -> anyhow::Result<()> {
    let row = store.job_fetch(id).await?.with_context(|| no_job(id))?;
    if !store.job_go_on(id, from).await? {
        bail!("the job is {}: there is nothing to go on with", row.status.as_str());
    }
    output::line("queued");
    Ok(())
}

/// `pytoon tasks`.
pub(crate) fn tasks(context: &Context, action: &TasksAction) -> anyhow::Result<ExitCode> {
    at_store(context, async |store| {
        match action {
            TasksAction::Dead => {
                let dead = store.task_dead().await?;
                if context.global.json {
                    output::json(&dead)?;
                } else {
                    for task in &dead {
                        output::line(format!(
                            "{}  tried {} times  {}",
                            task.id, task.attempts, task.error
                        ));
                    }
                }
            }
            TasksAction::Requeue { id } => {
                if !store.task_requeue(id).await? {
                    bail!("`{id}` is no dead task; `pytoon tasks dead` shows all");
                }
                output::line("queued");
            }
        }
        Ok(ExitCode::SUCCESS)
    })
}

/// `pytoon keys`.
pub(crate) fn keys(context: &Context, action: &KeysAction) -> anyhow::Result<ExitCode> {
    at_store(context, async |store| {
        match action {
            KeysAction::Add { name, scope } => {
                let scope = Scope::ALL.into_iter().find(|known| known.as_str() == scope);
                let scope = scope.context("a scope is `read`, `submit` or `admin`")?;
                let (key, row) = new_key(name, scope);
                store.key_add(row, &pytoon_api::hash(&key)).await?;
                output::line(key);
                output::note("this key is shown once and kept nowhere");
            }
            KeysAction::List => {
                let rows = store.key_list().await?;
                if context.global.json {
                    output::json(&rows)?;
                } else {
                    for row in &rows {
                        let state = if row.revoked_at.is_some() { "revoked" } else { "" };
                        let scopes = row.scopes.join(",");
                        output::line(format!("{}  {:<16} {scopes:<8} {state}", row.id, row.name));
                    }
                }
            }
            KeysAction::Revoke { name } => {
                if !store.key_revoke(name).await? {
                    bail!("there is no key `{name}` in use; `pytoon keys list` shows all");
                }
                output::line("revoked");
            }
        }
        Ok(ExitCode::SUCCESS)
    })
}

/// `pytoon artifacts`.
pub(crate) fn artifacts(context: &Context, action: &ArtifactsAction) -> anyhow::Result<ExitCode> {
    match action {
        ArtifactsAction::Get { job, name, out } => get(context, job, name, out.as_deref()),
        ArtifactsAction::Collect { dry_run } => collect(context, *dry_run),
    }
}

fn get(context: &Context, job: &str, name: &str, out: Option<&Path>) -> anyhow::Result<ExitCode> {
    let is_plain = |text: &str| !text.is_empty() && !text.contains(['/', '\\']) && text != "..";
    if !is_plain(job) || !is_plain(name) {
        bail!("a job and an artifact are named without folders, such as `output.mp4`");
    }
    let storage = open_storage(&context.config, &context.secrets)?;
    let folder = folder_of(job);
    let places = [format!("{folder}/{name}"), format!("{folder}/assembly/audio/{name}")];
    let to = out.unwrap_or(Path::new(name)).to_owned();
    let none = || format!("job `{job}` has no artifact `{name}`");
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
        std::fs::copy(from, &to).with_context(|| format!("failed to write {}", to.display()))?;
    }
    output::line(to.display().to_string());
    Ok(ExitCode::SUCCESS)
}

/// Removes what is out of date, or says what would be.
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
