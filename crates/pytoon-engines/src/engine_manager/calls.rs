//! Buying a clip: free steps, a row in the ledger, the one paid call, and what its answer means.

use super::slices::{LOOK_AGAIN, Stop, Walk};
use super::{ClipUse, Engine, EngineManager, SceneOrder, ledger_error};
use crate::adapter::{ExternalEngineAdapter, GenerateRequest, Lookup, Prepared, Task};
use crate::picture_fit::FitProblem;
use crate::{Accepted, EngineError, EngineErrorKind};
use pytoon_records::ledger::{
    Admission, CallChange, CallEvent, CallLimits, CallRow, CallState, Fence, NewCall, StoreError,
};
use pytoon_telemetry::Event;
use pytoon_vocabulary::MicroUsd;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// How long a row stays ours without a sign of life, in milliseconds.
pub(super) const LEASE_MS: i64 = 60_000;
/// The longest time between a row and its call, in milliseconds. Less than the rows' leases by more
/// than a call takes.
const FRESH_MS: i64 = 15_000;
/// How long a ledger is asked to write down what was just bought, in milliseconds, and how often.
const NOTE_PATIENCE_MS: i64 = 600_000;
const NOTE_PAUSE: Duration = Duration::from_secs(1);

/// What came of the wish to buy a clip.
pub(super) enum Bought {
    /// The clip, and what it was charged.
    Now(ClipUse, MicroUsd),
    /// Nothing was bought: a row or a kept clip for it is there already.
    Before,
}

/// The result of asking a vendor for a call that was not answered.
pub(super) enum Traced {
    /// It has a task for it.
    Task(Task),
    /// It surely has none: the call never arrived, and may be made again.
    NeverArrived(EngineError),
    /// It cannot tell, or not yet.
    Undecided,
}

impl Engine {
    /// The adapter of an engine that is switched on.
    pub(super) fn adapter(&self) -> Result<&Arc<dyn ExternalEngineAdapter>, EngineError> {
        self.adapter.as_ref().ok_or_else(|| {
            EngineError::new(&self.name, "start", EngineErrorKind::Cooling, "it is switched off")
        })
    }
}

impl EngineManager {
    /// Buys a clip and follows it to the end, unless it is bought already.
    pub(super) async fn buy(
        &self,
        order: &SceneOrder,
        engine: &Engine,
        request: GenerateRequest,
        hash: &str,
        walk: &mut Walk,
    ) -> Result<Bought, Stop> {
        let adapter = engine.adapter()?;
        let prepared = self.prepared(engine, request).await?;
        let Some(row) = self.admitted(order, engine, &prepared, hash, walk).await? else {
            return Ok(Bought::Before);
        };
        self.check_cancel_before_call(engine, &row).await?;
        self.check_freshness(engine, &row).await?;
        let task = match adapter.submit(&prepared).await {
            Ok(task) => task,
            Err(error) => self.not_answered(order, engine, &row, &prepared, error).await?,
        };
        self.note_task(order, &row, &task).await?;
        walk.follows(&row.id, self.world.now()).is_own = true;
        let (clip, charged) = self.follow(order, engine, &row, task, hash, walk).await?;
        Ok(Bought::Now(clip, charged))
    }

    /// Does what is free, with the picture in the shape of the clip: as it lies there, a vendor would
    /// crop it in the middle, or draw a clip of its shape.
    async fn prepared(
        &self,
        engine: &Engine,
        request: GenerateRequest,
    ) -> Result<Prepared, EngineError> {
        let adapter = engine.adapter()?;
        let Some(picture) = request.image.clone() else { return adapter.prepare(&request).await };
        let fitted = self.fitter.fit(picture.clone(), request.ratio).await.map_err(|problem| {
            let (kind, reason) = match problem {
                FitProblem::Picture(reason) => (EngineErrorKind::Unsupported, reason),
                FitProblem::Machine(reason) => (EngineErrorKind::Ledger, reason),
            };
            EngineError::new(&engine.name, "prepare the picture", kind, reason)
        })?;
        let with = |image: PathBuf| GenerateRequest { image: Some(image), ..request.clone() };
        let prepared = adapter.prepare(&with(fitted.path().to_owned())).await?;
        // What is kept of the request names the customer's own file.
        Ok(Prepared { request: with(picture), ..prepared })
    }

    /// The vendor's id is on disk before anything else happens. Nothing else knows of what was just
    /// bought, so a ledger that does not answer is asked for as long as it may take.
    pub(super) async fn note_task(
        &self,
        order: &SceneOrder,
        row: &CallRow,
        task: &Task,
    ) -> Result<(), EngineError> {
        let change = CallChange { task: serde_json::to_value(task).ok(), ..CallChange::default() };
        let begun = self.world.now();
        let mut event = CallEvent::Answered;
        loop {
            let now = self.world.now();
            let advanced = self.store.call_advance(&row.id, event, change.clone(), now).await;
            match advanced {
                Ok(_) => break,
                // Another took the row for that of a dead process; or a lookup wrote the id.
                Err(StoreError::Transition(invalid)) => match invalid.from {
                    CallState::Unknown => event = CallEvent::Found,
                    _ => break,
                },
                Err(error) if now - begun < NOTE_PATIENCE_MS => {
                    let (job, scene) = (order.job_id.as_str(), order.scene_id.as_str());
                    Event::LedgerUnavailable {
                        job,
                        scene,
                        engine: &row.engine,
                        operation: "write down a vendor's task",
                        retry_in_ms: NOTE_PAUSE.as_millis() as u64,
                        reason: &error.to_string(),
                    }
                    .emit();
                    self.pause(&row.engine, NOTE_PAUSE).await?;
                }
                Err(error) => return Err(ledger_error(&row.engine, &error)),
            }
        }
        Event::EngineSubmitted {
            job: &order.job_id,
            scene: &order.scene_id,
            engine: &row.engine,
            call: &row.id,
            task: &task.id,
            estimated_usd: row.estimated.as_usd(),
        }
        .emit();
        Ok(())
    }

    /// Writes the row, once the engine has a place and every budget allows it. No row where the
    /// clip is bought already.
    async fn admitted(
        &self,
        order: &SceneOrder,
        engine: &Engine,
        prepared: &Prepared,
        hash: &str,
        walk: &mut Walk,
    ) -> Result<Option<CallRow>, Stop> {
        let name = &engine.name;
        let patience = i64::try_from(engine.config.timeout_seconds).unwrap_or(900) * 1000;
        let begun = self.world.now();
        let waiting = walk.memo.current.as_mut().map(|current| &mut current.place_until);
        let give_up_at =
            waiting.map_or(begun + patience, |until| *until.get_or_insert(begun + patience));
        self.check_cancel(name)?;
        let now = self.world.now();
        // A clip that comes too late would be paid for and not seen.
        if order.deadline.is_some_and(|deadline| now >= deadline) {
            let message = "the job's deadline has passed, so nothing more is bought";
            return Err(
                EngineError::new(name, "buy a clip", EngineErrorKind::Deadline, message).into()
            );
        }
        let call = self.new_call(order, engine, prepared, hash, walk.fence.as_ref());
        let row = as_row(&call);
        let limits = self.limits(order, engine);
        let admission = self.store.call_admit(call, limits).await;
        match admission.map_err(|error| ledger_error(name, &error))? {
            Admission::Granted => Ok(Some(row)),
            Admission::Taken => Ok(None),
            Admission::Fenced => {
                let message = "another worker has this task now, so nothing is bought here";
                let kind = EngineErrorKind::Ledger;
                Err(EngineError::new(name, "buy a clip", kind, message).into())
            }
            Admission::OverBudget { cap, left } => {
                let message = format!(
                    "{} would pass the {cap}'s budget, of which {left} is left",
                    row.estimated
                );
                Err(EngineError::new(name, "buy a clip", EngineErrorKind::Budget, message).into())
            }
            Admission::Busy if now > give_up_at => {
                let message = "no place came free within its own timeout_seconds";
                Err(EngineError::new(
                    name,
                    "wait for a place",
                    EngineErrorKind::RateLimited,
                    message,
                )
                .into())
            }
            Admission::Busy => Err(self.wait(name, LOOK_AGAIN)),
            Admission::TooFast { retry_at }
                if order.deadline.is_some_and(|deadline| retry_at > deadline) =>
            {
                let message = "its requests_per_minute are used up until after the deadline";
                Err(EngineError::new(name, "wait for its turn", EngineErrorKind::Deadline, message)
                    .into())
            }
            // What is known to come too late is not waited for.
            Admission::TooFast { retry_at } if retry_at > give_up_at => {
                let message = "its requests_per_minute are used up for longer than it is \
                               waited for";
                Err(EngineError::new(name, "wait for its turn", EngineErrorKind::Cooling, message)
                    .into())
            }
            Admission::TooFast { retry_at } => {
                let ms = (retry_at - now).clamp(20, 60_000) as u64;
                Err(self.wait(name, Duration::from_millis(ms)))
            }
        }
    }

    fn new_call(
        &self,
        order: &SceneOrder,
        engine: &Engine,
        prepared: &Prepared,
        hash: &str,
        fence: Option<&Fence>,
    ) -> NewCall {
        let now = self.world.now();
        let lease = fence.map_or(LEASE_MS, |fence| fence.unanswered_ms);
        let adapter_key =
            engine.adapter.as_ref().map(|a| a.price_key(&prepared.request)).unwrap_or_default();
        NewCall {
            id: prepared.request.call_id.clone(),
            job_id: order.job_id.clone(),
            scene_id: order.scene_id.clone(),
            engine: engine.name.clone(),
            request_hash: hash.to_owned(),
            prompt: prepared.request.prompt.clone(),
            pinned: serde_json::to_value(&engine.config).unwrap_or_default(),
            key_id: engine.key_id(),
            estimated: super::price(
                &engine.config.price,
                &adapter_key,
                prepared.request.duration_ms,
            ),
            at: now,
            lease_until: now + lease,
            fence: fence.cloned(),
        }
    }

    fn limits(&self, order: &SceneOrder, engine: &Engine) -> CallLimits {
        let budget = &self.engines().settings.budget;
        let usd = |value: Option<f64>| value.map(MicroUsd::from_usd);
        CallLimits {
            job_budget: order.job_budget.or(usd(budget.per_job_usd)),
            day_budget: usd(budget.per_day_usd),
            key_budget: usd(budget.per_key_usd),
            max_concurrent: Some(engine.config.max_concurrent),
            requests_per_minute: engine.config.requests_per_minute,
        }
    }

    /// A process that slept between a row and its call makes no call: others may have taken the row
    /// for that of a dead process by now.
    async fn check_freshness(&self, engine: &Engine, row: &CallRow) -> Result<(), EngineError> {
        let slept = self.world.now() - row.created_at;
        if slept < FRESH_MS {
            return Ok(());
        }
        let message = format!("{slept} ms passed between its row and the call, which was not made");
        let error = EngineError::new(&engine.name, "buy a clip", EngineErrorKind::Ledger, message);
        self.end(row, CallEvent::NotSent, Some(MicroUsd::ZERO), Some(&error)).await;
        Err(error)
    }

    async fn check_cancel_before_call(
        &self,
        engine: &Engine,
        row: &CallRow,
    ) -> Result<(), EngineError> {
        if let Err(error) = self.check_cancel(&engine.name) {
            self.end(row, CallEvent::NotSent, Some(MicroUsd::ZERO), Some(&error)).await;
            return Err(error);
        }
        Ok(())
    }

    /// What becomes of a paid call without an id. Only where it surely bought nothing may it be
    /// made again; where it may have, a lookup is tried and then a person decides.
    async fn not_answered(
        &self,
        order: &SceneOrder,
        engine: &Engine,
        row: &CallRow,
        prepared: &Prepared,
        error: EngineError,
    ) -> Result<Task, EngineError> {
        match (error.accepted, error.kind) {
            (Accepted::No | Accepted::Yes, EngineErrorKind::Moderation) => {
                let charged = self.refusal_charge(engine, row, &error);
                self.end(row, CallEvent::Refused, Some(charged), Some(&error)).await;
                Err(error.charged(Some(charged)))
            }
            (Accepted::No | Accepted::Yes, _) => {
                self.end(row, CallEvent::NotSent, Some(MicroUsd::ZERO), Some(&error)).await;
                Err(error)
            }
            (Accepted::Maybe, _) => {
                self.end(row, CallEvent::NoAnswer, None, Some(&error)).await;
                Event::EngineCallUnknown {
                    job: &order.job_id,
                    scene: &order.scene_id,
                    engine: &engine.name,
                    call: &row.id,
                }
                .emit();
                // Where we hung up, the vendor may be at it still.
                let at_it = error.kind == EngineErrorKind::Timeout;
                match self.look_up(engine, row, prepared, at_it).await? {
                    Traced::Task(task) => Ok(task),
                    Traced::NeverArrived(error) => Err(error),
                    Traced::Undecided => {
                        self.let_go(row).await;
                        Err(error.charged(Some(row.estimated)))
                    }
                }
            }
        }
    }

    /// Asks the vendor for a call whose answer never came. What it does not have yet (`at_it`, or too
    /// little time has passed) stays undecided, and the next run looks again.
    pub(super) async fn look_up(
        &self,
        engine: &Engine,
        row: &CallRow,
        prepared: &Prepared,
        at_it: bool,
    ) -> Result<Traced, EngineError> {
        let adapter = engine.adapter()?;
        let Some(settles) = adapter.capabilities().lookup_settles else {
            return Ok(Traced::Undecided);
        };
        let age = Duration::from_millis((self.world.now() - row.created_at).max(0) as u64);
        match adapter.lookup(prepared).await {
            Ok(Lookup::Found(task)) => {
                let change =
                    CallChange { task: serde_json::to_value(&task).ok(), ..CallChange::default() };
                self.store
                    .call_advance(&row.id, CallEvent::Found, change, self.world.now())
                    .await
                    .map_err(|error| ledger_error(&engine.name, &error))?;
                Ok(Traced::Task(task))
            }
            Ok(Lookup::Absent) if !at_it && age >= settles => {
                let message = "the vendor has no such call: it never arrived";
                let error =
                    EngineError::new(&engine.name, "find a call", EngineErrorKind::Server, message);
                self.end(row, CallEvent::Lost, Some(MicroUsd::ZERO), Some(&error)).await;
                Ok(Traced::NeverArrived(error))
            }
            Ok(Lookup::Absent | Lookup::CannotSay) | Err(_) => Ok(Traced::Undecided),
        }
    }

    pub(super) fn refusal_charge(
        &self,
        engine: &Engine,
        row: &CallRow,
        error: &EngineError,
    ) -> MicroUsd {
        let by_table =
            if engine.config.price.refusal_charged { row.estimated } else { MicroUsd::ZERO };
        // Refused at the door, nothing was drawn.
        let by_table = if error.accepted == Accepted::No { MicroUsd::ZERO } else { by_table };
        error.charged.unwrap_or(by_table)
    }

    /// Notes an end. A row that cannot be written is told in the log, and is open for the next
    /// process that looks.
    pub(super) async fn end(
        &self,
        row: &CallRow,
        event: CallEvent,
        charged: Option<MicroUsd>,
        error: Option<&EngineError>,
    ) {
        let change = CallChange {
            charged,
            reported: error.and_then(|e| e.charged),
            error_kind: error.map(|e| e.kind.as_str().to_owned()),
            error: error.map(|e| e.message.clone()),
            ..CallChange::default()
        };
        let written = self.store.call_advance(&row.id, event, change, self.world.now()).await;
        match written {
            Ok(state) if state.wastes() && charged.unwrap_or(row.charged) > MicroUsd::ZERO => {
                Event::EnginePurchaseWasted {
                    job: &row.job_id,
                    scene: &row.scene_id,
                    engine: &row.engine,
                    kind: error.map_or("cancelled", |error| error.kind.as_str()),
                    charged_usd: charged.unwrap_or(row.charged).as_usd(),
                    reason: error.map_or("the job was cancelled", |error| error.message.as_str()),
                }
                .emit();
            }
            Ok(_) => {}
            Err(problem) => {
                Event::Warning { detail: &format!("ledger row {}: {problem}", row.id) }.emit();
            }
        }
        if event == CallEvent::Abandoned {
            self.let_go(row).await;
        }
    }

    /// Nobody is at work on a row any more: another job need not wait for a sign of life.
    pub(super) async fn let_go(&self, row: &CallRow) {
        // Where this fails, the others wait until the lease runs out.
        let _ = self.store.call_touch(&row.id, self.world.now()).await;
    }
}

/// The row as it was just written.
fn as_row(call: &NewCall) -> CallRow {
    CallRow {
        id: call.id.clone(),
        job_id: call.job_id.clone(),
        scene_id: call.scene_id.clone(),
        engine: call.engine.clone(),
        request_hash: call.request_hash.clone(),
        prompt: call.prompt.clone(),
        state: CallState::Intent,
        task: None,
        pinned: call.pinned.clone(),
        key_id: call.key_id.clone(),
        estimated: call.estimated,
        reported: None,
        charged: call.estimated,
        error_kind: None,
        error: None,
        created_at: call.at,
        updated_at: call.at,
        lease_until: call.lease_until,
    }
}
