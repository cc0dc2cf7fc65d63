//! From a vendor's task to a kept clip: polling, patience, download, check.
//!
//! Guarantees: a task whose vendor cannot be reached for a while is not lost, only abandoned, and
//! adopted later; what is given up is cancelled at the vendor; a clip is on disk and checked
//! before the ledger calls it kept.

use super::calls::LEASE_MS;
use super::earlier::stored_task;
use super::slices::{Stop, TaskProgress, Walk};
use super::{ClipUse, Engine, EngineManager, SceneOrder, ledger_error};
use crate::adapter::{Cancelled, GeneratedClip, Output, Task, TaskState};
use crate::clip_check::{Checked, Expectation};
use crate::{Accepted, EngineError, EngineErrorKind};
use pytoon_records::ledger::{
    CallChange, CallEvent, CallFilter, CallRow, CallState, KeptClip, StoreError,
};
use pytoon_telemetry::{Event, ServiceEvent};
use pytoon_vendor::hash::file_hash;
use pytoon_vocabulary::MicroUsd;
use std::path::PathBuf;
use std::time::Duration;

/// Attempts to get a finished clip onto our disk.
const FETCHES: u32 = 4;
/// How long it is waited for room on our disk, and how often it is looked.
const FULL_DISK_PATIENCE_MS: i64 = 600_000;
const FULL_DISK_PAUSE_MS: u64 = 1000;
/// How long a vendor may take to answer a cancel.
const CANCEL_PATIENCE: Duration = Duration::from_secs(10);

/// After the object store did not take a clip; each further pause is longer by as much.
const STORE_PAUSE: Duration = Duration::from_secs(1);

/// Where clips are kept, in the storage folder.
const CLIPS: &str = "clips";

impl EngineManager {
    /// Follows a task to its clip.
    pub(super) async fn follow(
        &self,
        order: &SceneOrder,
        engine: &Engine,
        row: &CallRow,
        task: Task,
        hash: &str,
        walk: &mut Walk,
    ) -> Result<(ClipUse, MicroUsd), Stop> {
        walk.follows(&row.id, self.world.now());
        let followed = self.follow_to_end(order, engine, row, &task, hash, walk).await;
        let goes_on = match &followed {
            Err(Stop::Later(_)) => true,
            Err(Stop::Failed(error)) => error.kind == EngineErrorKind::Ledger,
            Ok(_) => false,
        };
        if !goes_on {
            walk.memo.task = None;
        }
        followed
    }

    async fn follow_to_end(
        &self,
        order: &SceneOrder,
        engine: &Engine,
        row: &CallRow,
        task: &Task,
        hash: &str,
        walk: &mut Walk,
    ) -> Result<(ClipUse, MicroUsd), Stop> {
        let adapter = engine.adapter()?.clone();
        let every = Duration::from_millis(engine.config.poll_interval_ms);
        if self.cancel.is_cancelled() {
            self.give_up(engine, row, task, None).await;
            self.check_cancel(&engine.name)?;
        }
        let polled = adapter.poll(task).await;
        let now = self.world.now();
        let progress = walk.follows(&row.id, now);
        match polled {
            Ok(TaskState::Succeeded { output, cost }) => {
                return Ok(self.collect(order, engine, row, task, output, cost, hash).await?);
            }
            Ok(TaskState::Failed(error)) => {
                return Err(self.ended_without_clip(engine, row, error).await.into());
            }
            Ok(TaskState::Queued { mark }) => {
                progress.note(now, format!("queued {}", mark.unwrap_or_default()));
            }
            Ok(TaskState::Running { progress: share, unknown_status }) => {
                if let Some(status) = &unknown_status
                    && !progress.said_unknown
                {
                    progress.said_unknown = true;
                    let (engine, call) = (engine.name.as_str(), row.id.as_str());
                    Event::EngineStatusUnknown { engine, call, status }.emit();
                }
                progress.note(now, format!("running {share:?}"));
            }
            // The vendor is out of reach for the moment; the task goes on without us.
            Err(error) if error.is_temporary() => {}
            Err(error) => {
                self.end(row, CallEvent::Abandoned, None, Some(&error)).await;
                return Err(error.into());
            }
        }
        self.out_of_patience(order, engine, row, task, progress).await?;
        let lease = self.world.now() + LEASE_MS + engine.config.poll_interval_ms as i64;
        // A missed sign of life costs at most a second look by another process.
        let _ = self.store.call_touch(&row.id, lease).await;
        let stop = self.wait(&engine.name, every);
        if matches!(stop, Stop::Failed(_)) {
            self.give_up(engine, row, task, None).await;
        }
        Err(stop)
    }

    async fn out_of_patience(
        &self,
        order: &SceneOrder,
        engine: &Engine,
        row: &CallRow,
        task: &Task,
        progress: &TaskProgress,
    ) -> Result<(), EngineError> {
        let now = self.world.now();
        let seconds = |s: u64| i64::try_from(s).unwrap_or(i64::MAX / 2000) * 1000;
        let stalled = now - progress.moved > seconds(engine.config.stall_seconds);
        let too_long = now - progress.began > seconds(engine.config.timeout_seconds);
        let too_late = order.deadline.is_some_and(|deadline| now > deadline);
        if !(stalled || too_long || too_late) {
            return Ok(());
        }
        let why = if stalled {
            format!("no progress for {} s", engine.config.stall_seconds)
        } else if too_long {
            format!("not done after {} s", engine.config.timeout_seconds)
        } else {
            "not done by the job's deadline".to_owned()
        };
        let error = EngineError::new(&engine.name, "draw a clip", EngineErrorKind::Timeout, why)
            .accepted(Accepted::Yes);
        let charged = self.give_up(engine, row, task, Some(&error)).await;
        Err(error.charged(Some(charged)))
    }

    /// Tells the vendors of all work under way for a job that it is not wanted any more.
    pub async fn cancel_job(&self, job_id: &str) -> Result<(), StoreError> {
        let filter = CallFilter {
            job_id: Some(job_id.to_owned()),
            states: vec![CallState::Submitted],
            ..CallFilter::default()
        };
        for row in self.store.call_list(filter).await? {
            // What cannot be told stays in the ledger as it is, and its clip is adopted later.
            if let (Ok(engine), Some(task)) = (self.engines().adapter_for(&row), stored_task(&row))
            {
                self.give_up(&engine, &row, &task, None).await;
            }
        }
        Ok(())
    }

    /// Stops waiting: the vendor is told, and a clip that comes all the same is adopted later.
    /// Returns what counts as charged.
    async fn give_up(
        &self,
        engine: &Engine,
        row: &CallRow,
        task: &Task,
        error: Option<&EngineError>,
    ) -> MicroUsd {
        let outcome = match engine.adapter() {
            Ok(adapter) => tokio::time::timeout(CANCEL_PATIENCE, adapter.cancel(task)).await,
            Err(_) => return row.charged,
        };
        let (event, said) = match outcome {
            Ok(Ok(Cancelled::Yes)) => (CallEvent::Cancelled, "cancelled"),
            Ok(Ok(Cancelled::Asked)) => (CallEvent::Abandoned, "asked"),
            Ok(Ok(Cancelled::TooLate)) => (CallEvent::Abandoned, "too_late"),
            Ok(Ok(Cancelled::Unsupported)) => (CallEvent::Abandoned, "unsupported"),
            Ok(Err(_)) | Err(_) => (CallEvent::Abandoned, "no_answer"),
        };
        Event::EngineCancelled { engine: &engine.name, call: &row.id, outcome: said }.emit();
        let free = event == CallEvent::Cancelled && !engine.config.price.cancel_charged;
        let charged = if free { MicroUsd::ZERO } else { row.estimated };
        self.end(row, event, Some(charged), error).await;
        charged
    }

    /// The vendor ended the task without a clip.
    async fn ended_without_clip(
        &self,
        engine: &Engine,
        row: &CallRow,
        error: EngineError,
    ) -> EngineError {
        let (event, charged) = match error.kind {
            EngineErrorKind::Moderation => {
                (CallEvent::Refused, self.refusal_charge(engine, row, &error))
            }
            // It succeeded for the vendor, and successes are charged.
            EngineErrorKind::Protocol => {
                (CallEvent::BadOutput, error.charged.unwrap_or(row.estimated))
            }
            // What the vendor forgot it may still have charged.
            EngineErrorKind::Lost => (CallEvent::Lost, error.charged.unwrap_or(row.estimated)),
            EngineErrorKind::Cancelled => {
                (CallEvent::Cancelled, error.charged.unwrap_or(row.estimated))
            }
            _ => (CallEvent::Failed, error.charged.unwrap_or_default()),
        };
        self.end(row, event, Some(charged), Some(&error)).await;
        // A task that somebody else cancelled is a failure of the engine, not our own giving up.
        let kind = if error.kind == EngineErrorKind::Cancelled {
            EngineErrorKind::Server
        } else {
            error.kind
        };
        EngineError { kind, ..error }.charged(Some(charged))
    }

    /// Downloads, checks and keeps a finished clip.
    #[expect(clippy::too_many_arguments, reason = "one finished task with all that belongs to it")]
    async fn collect(
        &self,
        order: &SceneOrder,
        engine: &Engine,
        row: &CallRow,
        task: &Task,
        output: Output,
        cost: Option<MicroUsd>,
        hash: &str,
    ) -> Result<(ClipUse, MicroUsd), EngineError> {
        let file = format!("{CLIPS}/{}.mp4", row.id);
        let path = self.storage.path(&file);
        let clip = self.fetched(engine, row, task, output, &path).await?;
        let wanted = Expectation {
            asked_ms: engine.asked_ms(order.needed_ms, order.image.is_some()),
            needed_ms: order.needed_ms,
            is_stock: engine.adapter()?.capabilities().is_stock,
        };
        let judged = self.checker.check(path.clone(), wanted).await;
        let clip = GeneratedClip { cost: plausible(row, clip.cost.or(cost)), ..clip };
        let charged = clip.cost.unwrap_or(row.estimated);
        match judged.map_err(|error| ledger_error(&engine.name, &error))? {
            Ok(checked) => self.keep(engine, row, clip, checked, file, path, charged, hash).await,
            Err(reason) => {
                // A bad clip is worth nothing; its row says that it was paid for.
                let _ = std::fs::remove_file(&path);
                let error = EngineError::new(
                    &engine.name,
                    "draw a usable clip",
                    EngineErrorKind::BadOutput,
                    reason,
                )
                .accepted(Accepted::Yes)
                .charged(Some(charged));
                self.end(row, CallEvent::BadOutput, Some(charged), Some(&error)).await;
                Err(error)
            }
        }
    }

    #[expect(clippy::too_many_arguments, reason = "one checked clip with all that belongs to it")]
    async fn keep(
        &self,
        engine: &Engine,
        row: &CallRow,
        clip: GeneratedClip,
        checked: Checked,
        file: String,
        path: PathBuf,
        charged: MicroUsd,
        hash: &str,
    ) -> Result<(ClipUse, MicroUsd), EngineError> {
        let sha256 = if checked.sound_removed {
            let path = path.clone();
            let hashed = tokio::task::spawn_blocking(move || file_hash(&path)).await;
            hashed.ok().and_then(Result::ok).unwrap_or_default()
        } else {
            clip.sha256
        };
        // Before the row: another machine believes it, and would buy anew what it cannot find.
        self.store_clip(&engine.name, &row.id, &file).await?;
        let kept = KeptClip {
            request_hash: hash.to_owned(),
            engine: engine.name.clone(),
            call_id: row.id.clone(),
            file,
            sha256,
            duration_ms: checked.duration_ms,
            credit: clip.credit.clone(),
            created_at: self.world.now(),
        };
        let change =
            CallChange { charged: Some(charged), reported: clip.cost, ..CallChange::default() };
        match self.store.clip_keep(kept, change).await {
            Ok(()) => {}
            // Two followed one task, since this process slept or was cut off for a while: the other
            // was first, and what it kept is the same clip.
            Err(StoreError::Transition(_) | StoreError::Conflict(_)) => {
                let message = "another process ended this call with no clip";
                let ended = || {
                    let kind = EngineErrorKind::Ledger;
                    EngineError::new(&engine.name, "keep a clip", kind, message)
                };
                let kept = self.kept_clip(&engine.name, hash).await?.ok_or_else(ended)?;
                return Ok((kept, MicroUsd::ZERO));
            }
            Err(error) => return Err(ledger_error(&engine.name, &error)),
        }
        let used = ClipUse {
            engine: engine.name.clone(),
            path,
            duration_ms: checked.duration_ms,
            call_id: row.id.clone(),
            credit: clip.credit,
            reused: false,
        };
        Ok((used, charged))
    }

    /// Makes a clip last, patiently: it is paid for. Where that is not to be had its call stays under
    /// way, and the next walk fetches it again.
    async fn store_clip(&self, engine: &str, call: &str, file: &str) -> Result<(), EngineError> {
        let mut attempt = 1;
        loop {
            let Err(error) = self.storage.keep(file).await else { return Ok(()) };
            if attempt >= FETCHES {
                let message = format!("failed to {error}");
                let kind = EngineErrorKind::Ledger;
                return Err(EngineError::new(engine, "keep a clip", kind, message));
            }
            self.pause(engine, STORE_PAUSE * attempt).await?;
            attempt += 1;
            let _ = self.store.call_touch(call, self.world.now() + LEASE_MS).await;
        }
    }

    /// Gets the file, with a fresh address where the old one expired.
    async fn fetched(
        &self,
        engine: &Engine,
        row: &CallRow,
        task: &Task,
        mut output: Output,
        path: &std::path::Path,
    ) -> Result<GeneratedClip, EngineError> {
        let adapter = engine.adapter()?;
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder).map_err(|error| {
                let message = format!("{}: {error}", folder.display());
                EngineError::new(&engine.name, "keep a clip", EngineErrorKind::Ledger, message)
            })?;
        }
        let (mut attempt, begun) = (1, self.world.now());
        loop {
            let error = match adapter.fetch(&output, path).await {
                Ok(clip) => return Ok(clip),
                Err(error) => error,
            };
            // Another engine would find no more of it, and this clip is paid for.
            if error.is_exhausted() && self.world.now() - begun < FULL_DISK_PATIENCE_MS {
                let (reason, retry_in_ms) = (&error.to_string(), FULL_DISK_PAUSE_MS);
                let event = if error.is_disk_full() {
                    ServiceEvent::DiskFull { reason, retry_in_ms }
                } else {
                    ServiceEvent::ResourceExhausted { reason, retry_in_ms }
                };
                event.emit();
                self.pause(&engine.name, Duration::from_millis(retry_in_ms)).await?;
                let _ = self.store.call_touch(&row.id, self.world.now() + LEASE_MS).await;
                continue;
            }
            if attempt >= FETCHES || !error.is_temporary() {
                let bad = error.kind == EngineErrorKind::BadOutput;
                // What was paid for and cannot be had now may be had later.
                let event = if bad { CallEvent::BadOutput } else { CallEvent::Abandoned };
                self.end(row, event, Some(row.estimated), Some(&error)).await;
                return Err(error.accepted(Accepted::Yes).charged(Some(row.estimated)));
            }
            self.pause(&engine.name, self.backoff(&engine.config.backoff, attempt)).await?;
            attempt += 1;
            let lease = self.world.now() + LEASE_MS;
            let _ = self.store.call_touch(&row.id, lease).await;
            if let Ok(TaskState::Succeeded { output: fresh, .. }) = adapter.poll(task).await {
                output = fresh;
            }
        }
    }
}

/// A vendor's sum beyond this many times the price table's, and beyond this sum, is taken for a slip
/// of its units: it would use up every budget.
const IMPLAUSIBLE_TIMES: i64 = 100;
const IMPLAUSIBLE: MicroUsd = MicroUsd(100_000_000);

/// Returns the cost that the vendor reported; `None` if it is implausible, so that the price table
/// is used.
fn plausible(row: &CallRow, said: Option<MicroUsd>) -> Option<MicroUsd> {
    let said = said?;
    let most = MicroUsd(row.estimated.0.saturating_mul(IMPLAUSIBLE_TIMES)).max(IMPLAUSIBLE);
    if said <= most {
        return Some(said);
    }
    let (engine, estimated) = (&row.engine, row.estimated);
    let detail = format!(
        "{engine} says that a clip cost {said}, and its price table says {estimated}: the table \
         counts; check `usd_per_unit`"
    );
    Event::Warning { detail: &detail }.emit();
    None
}
