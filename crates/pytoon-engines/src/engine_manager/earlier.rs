//! What was bought before: kept clips, work that an earlier process left under way, calls whose
//! answer never came, prompts that were refused.

use super::attempt::request_hash;
use super::calls::{LEASE_MS, Traced};
use super::slices::{LOOK_AGAIN, Stop, Walk};
use super::{ClipUse, Engine, EngineManager, EngineSet, SceneOrder, ledger_error};
use crate::adapter::{GenerateRequest, Prepared, Ratio, Task, TaskState};
use crate::moderation::screen;
use crate::{EngineError, EngineErrorKind};
use pytoon_records::ledger::{BreakerRow, CallEvent, CallFilter, CallRow, CallState, StoreError};
use pytoon_telemetry::Event;
use pytoon_vocabulary::MicroUsd;
use std::collections::{BTreeMap, HashSet};

/// What is known of a scene's clips before any is bought.
pub(super) struct Earlier {
    /// A clip that is paid for already, and what it was charged now.
    pub(super) done: Option<(ClipUse, MicroUsd)>,
    /// Hashes of requests of which the ledger knew nothing: they can be bought without a further
    /// look, since the ledger admits each only once.
    pub(super) fresh: HashSet<String>,
    /// The breakers as they stand; absent where they have to be read again.
    pub(super) breakers: Option<BTreeMap<String, BreakerRow>>,
}

impl EngineManager {
    /// A clip that was kept for this request, if its file is still whole. A ledger or a disk that
    /// cannot answer is a failure: "not known" must never be taken for "not bought".
    pub(super) async fn kept_clip(
        &self,
        engine: &str,
        hash: &str,
    ) -> Result<Option<ClipUse>, EngineError> {
        let found = self.store.clip_find(hash).await;
        let Some(kept) = found.map_err(|error| ledger_error(engine, &error))? else {
            return Ok(None);
        };
        let path = self.storage.path(&kept.file);
        // Another machine may have bought it: it is in the object store then.
        self.storage.have(&kept.file).await.map_err(|error| {
            let message = format!("failed to {error}; it is paid for and not bought again");
            EngineError::new(engine, "read a kept clip", EngineErrorKind::Ledger, message)
        })?;
        match std::fs::metadata(&path) {
            Ok(file) if file.is_file() && file.len() > 0 => Ok(Some(ClipUse {
                engine: kept.engine,
                path,
                duration_ms: kept.duration_ms,
                call_id: kept.call_id,
                credit: kept.credit,
                reused: true,
            })),
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                let message =
                    format!("{}: {error}; it is paid for and not bought again", path.display());
                Err(EngineError::new(engine, "read a kept clip", EngineErrorKind::Ledger, message))
            }
            // Its file was deleted: what cannot be used must not be found again.
            _ => {
                let forgotten = self.store.clip_forget(hash).await;
                forgotten.map_err(|error| ledger_error(engine, &error))?;
                Ok(None)
            }
        }
    }

    /// The engines that would be asked, each with the hash of what it would be asked for.
    fn requests<'a>(
        &self,
        set: &'a EngineSet,
        order: &SceneOrder,
        walk: &Walk,
        prompt: &str,
    ) -> Result<Vec<(&'a Engine, String)>, EngineError> {
        let mut wanted = Vec::new();
        let members = order.chain.members.iter().filter(|m| !walk.is_past(&m.engine));
        let members = members.take(if order.asks_anew { 1 } else { usize::MAX });
        for engine in members.filter_map(|m| set.get(&m.engine)) {
            // An engine without an adapter now has no request to compare with.
            let Ok(request) = self.request(order, engine, prompt) else { continue };
            let hash = request_hash(engine, &request)?;
            wanted.push((engine, hash));
        }
        Ok(wanted)
    }

    /// Returns what a scene will cost as things stand, with what tells its clip from others; absent
    /// where a clip is paid for already, or no outside engine can be asked.
    pub async fn foreseen_cost(
        &self,
        order: &SceneOrder,
    ) -> Result<Option<(String, MicroUsd)>, EngineError> {
        let Some(first) = order.chain.asked_first() else { return Ok(None) };
        let set = self.engines();
        let screened = screen(&order.prompt, &set.settings.moderation, order.brand_safe).prompt;
        let prompt = screened.unwrap_or_else(|| order.prompt.clone());
        let requests = self.requests(&set, order, &Walk::default(), &prompt)?;
        let own = requests.iter().find(|(engine, _)| engine.name == first.engine);
        let clip = own.map_or_else(|| order.scene_id.clone(), |(_, hash)| hash.clone());
        let hashes = requests.into_iter().map(|(_, hash)| hash).collect();
        let history = self.store.history(&order.job_id, &order.scene_id, hashes).await;
        let history = history.map_err(|error| ledger_error(order.chain.first(), &error))?;
        let is_paid = !history.taken.is_empty() || self.was_bought_for(order, None).await?;
        Ok((!is_paid).then_some((clip, first.estimate)))
    }

    /// Before anything is bought: what any engine of the chain was paid for and delivered, or is
    /// at work on. Neither breakers nor budgets matter for what is paid already.
    pub(super) async fn already_paid(
        &self,
        order: &SceneOrder,
        walk: &mut Walk,
    ) -> Result<Earlier, Stop> {
        let set = self.engines();
        let mut wanted = self.requests(&set, order, walk, walk.prompt())?;
        let hashes: Vec<String> = wanted.iter().map(|(_, hash)| hash.clone()).collect();
        let history = self.store.history(&order.job_id, &order.scene_id, hashes.clone()).await;
        let history = history.map_err(|error| ledger_error(order.chain.first(), &error))?;
        if history.has_intent {
            self.settle_dead_intents(order).await?;
        }
        let fresh = hashes.into_iter().filter(|hash| !history.taken.contains(hash)).collect();
        let mut earlier = Earlier { done: None, fresh, breakers: Some(history.breakers) };
        wanted.retain(|(_, hash)| history.taken.contains(hash));
        if order.only_own {
            let all = std::mem::take(&mut wanted);
            for (engine, hash) in all {
                if engine.name == order.chain.first()
                    || self.was_bought_for(order, Some(&hash)).await?
                {
                    wanted.push((engine, hash));
                }
            }
        }
        for (engine, hash) in &wanted {
            if let Some(clip) = self.kept_clip(&engine.name, hash).await? {
                earlier.done = Some((clip, MicroUsd::ZERO));
                return Ok(earlier);
            }
        }
        for (engine, hash) in &wanted {
            let lock = self.wanted(hash);
            let _one_at_a_time = lock.lock().await;
            match self.work_under_way(order, engine, hash, walk).await {
                Ok(None) => {}
                Ok(done) => {
                    earlier.done = done;
                    return Ok(earlier);
                }
                Err(stop) => match stop.failure()? {
                    error if error.ends_the_walk() => return Err(error.into()),
                    // Its row says what became of it; the chain goes on.
                    error => self.breaker_failure(engine, &error).await,
                },
            }
        }
        if !wanted.is_empty() {
            // That took its time: others may have failed meanwhile.
            earlier.breakers = None;
        }
        Ok(earlier)
    }

    /// Returns true if a clip was bought for this very scene, or is under way for it.
    async fn was_bought_for(
        &self,
        order: &SceneOrder,
        hash: Option<&str>,
    ) -> Result<bool, EngineError> {
        let filter = CallFilter {
            job_id: Some(order.job_id.clone()),
            scene_id: Some(order.scene_id.clone()),
            request_hash: hash.map(str::to_owned),
            states: vec![CallState::Kept, CallState::Submitted, CallState::Abandoned],
            limit: 1,
            ..CallFilter::default()
        };
        let rows = self.store.call_list(filter).await;
        let rows = rows.map_err(|error| ledger_error(order.chain.first(), &error))?;
        Ok(!rows.is_empty())
    }

    /// Follows a task that a dead process left, and peeks at one that was given up.
    async fn work_under_way(
        &self,
        order: &SceneOrder,
        engine: &Engine,
        hash: &str,
        walk: &mut Walk,
    ) -> Result<Option<(ClipUse, MicroUsd)>, Stop> {
        let filter = CallFilter {
            request_hash: Some(hash.to_owned()),
            states: vec![CallState::Submitted, CallState::Abandoned],
            ..CallFilter::default()
        };
        let rows = self.store.call_list(filter).await;
        let rows = rows.map_err(|error| ledger_error(&engine.name, &error))?;
        for row in &rows {
            if row.state == CallState::Submitted {
                return self.earlier_call(order, engine, hash, walk).await;
            }
            if let Some(done) = self.peek(order, engine, row, hash, walk).await? {
                return Ok(Some(done));
            }
        }
        Ok(None)
    }

    /// Looks once whether a clip that was given up has arrived after all.
    async fn peek(
        &self,
        order: &SceneOrder,
        engine: &Engine,
        row: &CallRow,
        hash: &str,
        walk: &mut Walk,
    ) -> Result<Option<(ClipUse, MicroUsd)>, Stop> {
        let (Ok(pinned), Some(task)) = (self.engines().adapter_for(row), stored_task(row)) else {
            return Ok(None);
        };
        let arrived = matches!(
            pinned.adapter()?.poll(&task).await,
            Ok(TaskState::Succeeded { .. } | TaskState::Failed(_))
        );
        if !arrived {
            return Ok(None);
        }
        Event::EngineResumed {
            job: &order.job_id,
            scene: &order.scene_id,
            engine: &engine.name,
            call: &row.id,
            state: row.state.as_str(),
        }
        .emit();
        match self.follow(order, &pinned, row, task, hash, walk).await {
            Ok((clip, charged)) => Ok(Some((ClipUse { reused: true, ..clip }, charged))),
            Err(stop) => match stop.failure()? {
                error if error.ends_the_walk() => Err(error.into()),
                _ => Ok(None),
            },
        }
    }

    /// Looks at rows of this scene that are between the call and its answer. Whoever wrote one may be
    /// cut off from the ledger and know the answer: until its lease ends no one else is asked, unless
    /// the vendor itself can tell. Afterwards the purchase counts as unknown.
    async fn settle_dead_intents(&self, order: &SceneOrder) -> Result<(), Stop> {
        let rows = self.intents(&order.job_id, Some(&order.scene_id)).await;
        let now = self.world.now();
        for row in rows.map_err(|error| ledger_error(order.chain.first(), &error))? {
            if row.lease_until <= now {
                self.no_answer(&row).await;
            } else if !self.is_found(&row).await? {
                return Err(self.wait(&row.engine, LOOK_AGAIN));
            }
        }
        Ok(())
    }

    /// Takes over a job whose earlier process is dead: calls that it left without an answer become
    /// unknown at once. Only for callers that keep every other process out of the job.
    pub async fn take_over_job(&self, job_id: &str) -> Result<(), StoreError> {
        for row in self.intents(job_id, None).await? {
            self.no_answer(&row).await;
        }
        Ok(())
    }

    async fn intents(
        &self,
        job_id: &str,
        scene_id: Option<&str>,
    ) -> Result<Vec<CallRow>, StoreError> {
        let filter = CallFilter {
            job_id: Some(job_id.to_owned()),
            scene_id: scene_id.map(str::to_owned),
            states: vec![CallState::Intent],
            ..CallFilter::default()
        };
        self.store.call_list(filter).await
    }

    /// Whether the vendor knows a call whose answer another process waits for, or waited.
    async fn is_found(&self, row: &CallRow) -> Result<bool, EngineError> {
        let Ok(engine) = self.engines().adapter_for(row) else { return Ok(false) };
        if engine.adapter()?.capabilities().lookup_settles.is_none() {
            return Ok(false);
        }
        // Its vendor may have it in a moment: what it does not have yet decides nothing.
        let found = self.look_up(&engine, row, &asked_for(row), true).await?;
        Ok(matches!(found, Traced::Task(_)))
    }

    async fn no_answer(&self, row: &CallRow) {
        let error = EngineError::new(
            &row.engine,
            "hear the answer",
            EngineErrorKind::Undecided,
            "the process ended between the call and its answer",
        );
        self.end(row, CallEvent::NoAnswer, None, Some(&error)).await;
        Event::EngineCallUnknown {
            job: &row.job_id,
            scene: &row.scene_id,
            engine: &row.engine,
            call: &row.id,
        }
        .emit();
    }

    /// Goes on with a call for the same clip. `None` where there is none that matters.
    pub(super) async fn earlier_call(
        &self,
        order: &SceneOrder,
        engine: &Engine,
        hash: &str,
        walk: &mut Walk,
    ) -> Result<Option<(ClipUse, MicroUsd)>, Stop> {
        let name = &engine.name;
        self.check_cancel(name)?;
        let filter = CallFilter {
            request_hash: Some(hash.to_owned()),
            states: vec![
                CallState::Intent,
                CallState::Submitted,
                CallState::Abandoned,
                CallState::Unknown,
                CallState::Refused,
            ],
            ..CallFilter::default()
        };
        let rows =
            self.store.call_list(filter).await.map_err(|error| ledger_error(name, &error))?;
        let Some(row) = most_telling(&rows) else { return Ok(None) };
        if row.state == CallState::Refused {
            let message = "it refused this prompt before, and is not asked again unchanged";
            let kind = EngineErrorKind::Moderation;
            return Err(EngineError::new(name, "send the prompt", kind, message).into());
        }
        let now = self.world.now();
        // Scenes of one job are drawn at the same time, perhaps by several processes. A call that this
        // walk took over in an earlier slice stays its own.
        let is_mine = row.job_id == order.job_id && row.scene_id == order.scene_id
            || walk.is_following(&row.id);
        let looked_after =
            matches!(row.state, CallState::Intent | CallState::Submitted) && row.lease_until > now;
        // An intent of this very scene may have an answer elsewhere: see `settle_dead_intents`.
        if looked_after && (!is_mine || row.state == CallState::Intent) {
            // Another purchase of the same clip is under way: wait for it, and share it.
            return Err(self.wait(name, LOOK_AGAIN));
        }
        let lease = now + LEASE_MS;
        let taken = if is_mine {
            // No one else works on this scene, so a dead process left it.
            self.store.call_touch(&row.id, lease).await.map(|()| true)
        } else {
            self.store.call_claim(&row.id, now, lease).await
        };
        if !taken.map_err(|error| ledger_error(name, &error))? {
            // Another job is finding out what became of it.
            return Err(self.wait(name, LOOK_AGAIN));
        }
        self.go_on(order, engine, row, hash, walk).await
    }

    /// Goes on with one row. `None` where it came to nothing and a new call may be made.
    async fn go_on(
        &self,
        order: &SceneOrder,
        engine: &Engine,
        row: &CallRow,
        hash: &str,
        walk: &mut Walk,
    ) -> Result<Option<(ClipUse, MicroUsd)>, Stop> {
        let name = &engine.name;
        let pinned = pinned(&self.engines(), row)?;
        // A walk in slices comes by often, and says so once.
        if !walk.is_following(&row.id) {
            Event::EngineResumed {
                job: &order.job_id,
                scene: &order.scene_id,
                engine: name,
                call: &row.id,
                state: row.state.as_str(),
            }
            .emit();
        }
        let task = match row.state {
            CallState::Intent | CallState::Unknown => {
                if row.state == CallState::Intent {
                    self.no_answer(row).await;
                }
                match self.look_up(&pinned, row, &asked_for(row), false).await? {
                    Traced::Task(task) => task,
                    Traced::NeverArrived(_) => return Ok(None),
                    Traced::Undecided => {
                        self.let_go(row).await;
                        return Err(undecided(name, row).into());
                    }
                }
            }
            _ => stored_task(row).ok_or_else(|| undecided(name, row))?,
        };
        match self.follow(order, &pinned, row, task, hash, walk).await {
            Ok((clip, charged)) => Ok(Some((ClipUse { reused: true, ..clip }, charged))),
            // The earlier work came to nothing, and that cost nothing now: buy anew.
            Err(Stop::Failed(error))
                if matches!(error.kind, EngineErrorKind::Lost | EngineErrorKind::Server)
                    && self.is_ended(row).await =>
            {
                Ok(None)
            }
            Err(stop) => Err(stop),
        }
    }

    /// Goes on with a task that an earlier slice of the same walk bought: what becomes of it is
    /// this walk's success or failure, as if it had waited.
    pub(super) async fn go_on_with_own(
        &self,
        order: &SceneOrder,
        engine: &Engine,
        row: &CallRow,
        walk: &mut Walk,
    ) -> Result<(ClipUse, MicroUsd), Stop> {
        let task = stored_task(row).ok_or_else(|| undecided(&row.engine, row))?;
        self.follow(order, engine, row, task, &row.request_hash, walk).await
    }

    async fn is_ended(&self, row: &CallRow) -> bool {
        let now = self.store.call_fetch(&row.id).await.ok().flatten();
        now.is_some_and(|row| !row.state.is_open())
    }
}

/// Of several rows for one clip, the one that decides what happens next: work under way, then a
/// call without an answer, then a refusal.
fn most_telling(rows: &[CallRow]) -> Option<&CallRow> {
    let rank = |row: &&CallRow| match row.state {
        CallState::Submitted => 0,
        CallState::Intent => 1,
        CallState::Abandoned => 2,
        CallState::Unknown => 3,
        _ => 4,
    };
    rows.iter().min_by_key(rank)
}

/// The engine as it was when it was paid: the key and the block that bought a clip answer for it.
pub(super) fn pinned(set: &EngineSet, row: &CallRow) -> Result<Engine, EngineError> {
    set.adapter_for(row).map_err(|reason| {
        EngineError::new(&row.engine, "go on with paid work", EngineErrorKind::Undecided, reason)
    })
}

/// What a vendor is asked about a call: its own id, and its words.
fn asked_for(row: &CallRow) -> Prepared {
    let request = GenerateRequest {
        call_id: row.id.clone(),
        prompt: row.prompt.clone(),
        negative_prompt: None,
        image: None,
        duration_ms: 0,
        ratio: Ratio { width: 0, height: 0 },
        seed: 0,
    };
    Prepared { request, body: serde_json::Value::Null, path: String::new() }
}

pub(super) fn stored_task(row: &CallRow) -> Option<Task> {
    serde_json::from_value(row.task.clone()?).ok()
}

fn undecided(name: &str, row: &CallRow) -> EngineError {
    EngineError::new(
        name,
        "buy a clip",
        EngineErrorKind::Undecided,
        format!(
            "call {} for this clip has no answer yet: decide it with `pytoon ledger resolve {}`",
            row.id, row.id
        ),
    )
}
