//! `pytoon ledger`: lists paid calls, and records a person's decision about a call whose response never arrived.

use crate::context::Context;
use crate::output;
use pytoon_config::ConfigError;
use pytoon_engines::clip_check::{ClipChecker, Expectation, FfmpegChecker, Verdict};
use pytoon_engines::http::{DownloadLimits, VendorHttp};
use pytoon_engines::world::{RealWorld, World};
use pytoon_pipeline::engine_session::{database, open_storage, runtime};
use pytoon_records::ledger::{
    CallChange, CallEvent, CallFilter, CallRow, CallState, KeptClip, PurchaseStore,
};
use pytoon_storage::Storage;
use pytoon_store::{Store, is_postgres};
use pytoon_vocabulary::{JobId, MicroUsd};
use std::path::{Path, PathBuf};

/// Prints a list of paid calls; with `unknown`, only those without a response.
pub(crate) fn list(
    context: &Context,
    unknown: bool,
    job: Option<&str>,
    limit: u32,
) -> anyhow::Result<()> {
    let at = database(&context.config, &context.secrets)?;
    let rows = if is_there(&at) {
        // A row whose process died before the answer is as undecided as an unknown one.
        let states = if unknown { vec![CallState::Unknown, CallState::Intent] } else { Vec::new() };
        let filter =
            CallFilter { states, job_id: job.map(JobId::from), limit, ..CallFilter::default() };
        runtime()?.block_on(async { Store::connect(&at).await?.call_list(filter).await })?
    } else {
        Vec::new()
    };
    let now = RealWorld.now();
    let rows: Vec<CallRow> = rows
        .into_iter()
        .filter(|row| !(unknown && row.state == CallState::Intent && row.lease_until > now))
        .collect();
    if context.global.json {
        return output::json(&rows);
    }
    if rows.is_empty() {
        output::note(if unknown { "no calls without a response" } else { "no calls" });
        return Ok(());
    }
    output::line(format!(
        "{:<36}  {:<8} {:<10} {:<10} {:>9} {:>9} {:>9}  {}",
        "call", "engine", "state", "scene", "estimated", "reported", "charged", "time and error"
    ));
    for row in &rows {
        output::line(format!(
            "{:<36}  {:<8} {:<10} {:<10} {:>9} {:>9} {:>9}  {}{}",
            row.id,
            row.engine,
            row.state.as_str(),
            row.scene_id,
            row.estimated.to_string(),
            row.reported.map_or_else(|| "-".to_owned(), |usd| usd.to_string()),
            row.charged.to_string(),
            when(row.created_at),
            row.error.as_ref().map(|e| format!(" {e}")).unwrap_or_default(),
        ));
    }
    let charged: MicroUsd = rows.iter().map(|row| row.charged).sum();
    output::note(format!("{} calls, {charged} charged", rows.len()));
    Ok(())
}

/// Returns true if the database file exists or the database is PostgreSQL. Without a database there are no
/// purchases, and this command must not create one.
fn is_there(at: &str) -> bool {
    is_postgres(at) || Path::new(at).is_file()
}

fn when(ms: i64) -> String {
    let since = std::time::Duration::from_millis(ms.max(0) as u64);
    pytoon_telemetry::timestamp(std::time::UNIX_EPOCH + since)
}

/// Resolves a call whose response never arrived: stores the clip at `arrived`, or records that nothing was charged.
pub(crate) fn resolve(context: &Context, id: &str, arrived: Option<&str>) -> anyhow::Result<()> {
    let storage = open_storage(&context.config, &context.secrets)?;
    let at = database(&context.config, &context.secrets)?;
    let wrong = |reason: String| ConfigError::file(format!("call {id}"), reason);
    if !is_there(&at) {
        return Err(wrong(
            "there is no ledger in this storage folder: no paid call was made here".into(),
        )
        .into());
    }
    runtime()?.block_on(async {
        let store = Store::connect(&at).await?;
        let row = store
            .call_fetch(&id.into())
            .await?
            .ok_or_else(|| wrong("there is no such call; `pytoon ledger list` shows all".into()))?;
        if !matches!(row.state, CallState::Unknown | CallState::Abandoned | CallState::Intent) {
            let reason = format!("its state is `{}`: there is nothing to resolve", row.state);
            return Err(wrong(reason).into());
        }
        if row.state == CallState::Intent && row.lease_until > RealWorld.now() {
            return Err(wrong(
                "a process is still working on the call; try again in a minute".into(),
            )
            .into());
        }
        match arrived {
            None => mark_lost(&store, &row).await?,
            Some(place) => keep(context, &store, &storage, &row, place).await?,
        }
        Ok(())
    })
}

async fn mark_lost(store: &Store, row: &CallRow) -> anyhow::Result<()> {
    mark_undecided(store, row).await?;
    let change = CallChange { charged: Some(MicroUsd::ZERO), ..CallChange::default() };
    store.call_advance(&row.id, CallEvent::Lost, change, RealWorld.now()).await?;
    output::line(format!(
        "{}: marked as lost, nothing charged; its clip can be bought again",
        row.id
    ));
    Ok(())
}

/// Marks a call in state `intent` as unknown, because the process that made it is dead.
async fn mark_undecided(store: &Store, row: &CallRow) -> anyhow::Result<()> {
    if row.state == CallState::Intent {
        let now = RealWorld.now();
        store.call_advance(&row.id, CallEvent::NoAnswer, CallChange::default(), now).await?;
    }
    Ok(())
}

/// Checks the clip that a person provides for a call, stores it, and records it in the ledger.
async fn keep(
    context: &Context,
    store: &Store,
    storage: &Storage,
    row: &CallRow,
    place: &str,
) -> anyhow::Result<()> {
    let file = format!("clips/{}.mp4", row.id);
    let path = storage.path(&file);
    std::fs::create_dir_all(storage.path("clips"))?;
    bring(row, place, &path).await?;
    // The expected length is unknown here: any valid clip is accepted.
    let wanted = Expectation { asked_ms: 0, needed_ms: 0, is_stock: true };
    let checker = FfmpegChecker { runner: context.runner.clone() };
    let duration_ms = match checker.check(path.clone(), wanted).await? {
        Verdict::Usable { duration_ms, .. } => duration_ms,
        Verdict::Unusable(reason) => {
            let _ = std::fs::remove_file(&path);
            anyhow::bail!("the clip {place} cannot be used: {reason}");
        }
    };
    // The check removes the sound, if there is any.
    let sha256 = pytoon_engines::file_hash(&path)
        .map_err(|error| anyhow::anyhow!("failed to read {}: {error}", path.display()))?;
    // Other machines look for it there.
    storage.keep(&file).await?;
    mark_undecided(store, row).await?;
    if row.state != CallState::Abandoned {
        let now = RealWorld.now();
        store.call_advance(&row.id, CallEvent::Found, CallChange::default(), now).await?;
    }
    let clip = KeptClip {
        request_hash: row.request_hash.clone(),
        engine: row.engine.clone(),
        call_id: row.id.clone(),
        file,
        sha256,
        duration_ms,
        credit: None,
        created_at: RealWorld.now(),
    };
    store.clip_keep(clip, CallChange::default()).await?;
    output::line(format!("{}: clip stored; the next render of its scene uses it", row.id));
    Ok(())
}

/// Downloads a URL or copies a file to `to`.
async fn bring(row: &CallRow, place: &str, to: &Path) -> anyhow::Result<()> {
    let config = serde_json::from_value(row.pinned.clone())?;
    let http = VendorHttp::new(&row.engine, &config, None).map_err(anyhow::Error::msg)?;
    if place.starts_with("http://") || place.starts_with("https://") {
        http.download(place, to, DownloadLimits::default()).await?;
        return Ok(());
    }
    let from = PathBuf::from(place);
    std::fs::copy(&from, to).map_err(|error| {
        anyhow::anyhow!("failed to copy {} to {}: {error}", from.display(), to.display())
    })?;
    Ok(())
}
