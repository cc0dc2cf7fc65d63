//! `pytoon ledger`: lists paid calls, and records a person's decision about a call whose response never arrived.

use crate::context::Context;
use crate::output;
use anyhow::Context as _;
use pytoon_config::ConfigError;
use pytoon_engines::call_decisions::{CallDecisions, DecisionError, engine_config};
use pytoon_engines::clip_check::FfmpegChecker;
use pytoon_engines::http::{DownloadLimits, VendorHttp};
use pytoon_engines::world::{RealWorld, World};
use pytoon_pipeline::engine_session::{database, open_storage, runtime};
use pytoon_records::ledger::{CallFilter, CallRow, CallState, PurchaseStore};
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
    let failed = |error: DecisionError| -> anyhow::Error {
        match error {
            DecisionError::NoSuchCall => {
                wrong("there is no such call; `pytoon ledger list` shows all".into()).into()
            }
            DecisionError::Undecidable(reason) => wrong(reason).into(),
            DecisionError::UnusableClip(_) => error.into(),
            DecisionError::Ledger(error) => error.into(),
            DecisionError::Storage(error) => error.into(),
        }
    };
    runtime()?.block_on(async {
        let store = Store::connect(&at).await?;
        let now = RealWorld.now();
        let decisions = CallDecisions { ledger: &store, storage: &storage, now };
        let row = decisions.find(&id.into()).await.map_err(failed)?;
        match arrived {
            None => {
                decisions.mark_lost(&row).await.map_err(failed)?;
                output::line(format!(
                    "{}: marked as lost, nothing charged; its clip can be bought again",
                    row.id
                ));
            }
            Some(place) => {
                let checker = FfmpegChecker { runner: context.runner.clone() };
                let bring = |path| bring(&row, place, path);
                let kept = decisions.keep_clip(&row, &checker, bring).await;
                kept.map_err(failed).with_context(|| place.to_owned())?;
                output::line(format!(
                    "{}: clip stored; the next render of its scene uses it",
                    row.id
                ));
            }
        }
        Ok(())
    })
}

/// Downloads a URL or copies a file to `to`.
async fn bring(row: &CallRow, place: &str, to: PathBuf) -> Result<(), String> {
    if place.starts_with("http://") || place.starts_with("https://") {
        let config = engine_config(row).ok_or("the engine of the call is unknown")?;
        let http = VendorHttp::new(&row.engine, &config, None)?;
        let downloaded = http.download(place, &to, DownloadLimits::default()).await;
        return downloaded.map(|_| ()).map_err(|error| error.to_string());
    }
    std::fs::copy(place, to).map(|_| ()).map_err(|error| error.to_string())
}
