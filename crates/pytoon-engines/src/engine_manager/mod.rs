//! Tries the engines of a scene's chain until one delivers a clip or `local` draws the scene.
//!
//! Guarantees: engines are tried in the order of `resolve_engine`; every attempt is recorded, and every
//! fallback is logged and counted; a paid call is recorded before it is made; a clip that this process or an
//! earlier one has paid for is used before another is purchased, unless the order excludes it; a cancelled
//! job starts no further attempt.
//!
//! Leaves the choice of engines to `engine_selector`, vendors' APIs to the adapters, purchases to `pytoon-purchase`,
//! the check of clips to `clip_check`, and rows to `PurchaseStore`.
//!
//! A run of the chain does not wait for vendors: it pauses, and resumes in another call, a *slice* (`slices`).
//!
//! Start with [`EngineManager::draw`]. One engine's attempt is in `attempt`, clips that were purchased before it are
//! in `bought_before`, and an engine's side of a purchase is in `engine_seller`.

mod attempt;
mod bought_before;
mod engine_seller;
mod engine_set;
mod health;
mod reload;
mod slices;
#[cfg(test)]
mod tests;

use attempt::Drawn;
use bought_before::Earlier;
pub use engine_set::{Engine, EngineSet, price};
pub use health::HealthReport;
pub use reload::Reloader;
pub use slices::{SceneMemo, Slice};

use crate::adapter::Ratio;
use crate::clip_check::ClipChecker;
use crate::engine_selector::{LOCAL, SceneWish, resolve_engine};
use crate::moderation_service::ModerationClient;
use crate::picture_fit::PictureFitter;
use crate::world::World;
use crate::{Result, breaker};
use crate::{VendorError, VendorErrorKind};
use pytoon_core::chain::EngineChain;
use pytoon_process::CancelToken;
use pytoon_purchase::{Buyer, Stop};
use pytoon_records::ledger::{BreakerRow, Fence, PurchaseStore};
use pytoon_storage::Storage;
use pytoon_telemetry::{Event, Metrics};
use pytoon_vendor::breakers::BreakerUnavailable;
use pytoon_vocabulary::{CallId, EngineName, JobId, MicroUsd, SceneId, UnixMs, start_of_day};
use serde::{Deserialize, Serialize};
use slices::Walk;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

/// Maximum time that an interactive render waits for an unreachable ledger, in milliseconds.
const LEDGER_PATIENCE_MS: i64 = 20_000;
/// Maximum time that a queued task waits for an unreachable ledger, in milliseconds: long enough to restart or move a
/// database.
const LEDGER_PATIENCE_OF_TASK_MS: i64 = 600_000;
/// The interval between retries of an unreachable ledger.
const LEDGER_PAUSE: Duration = Duration::from_secs(1);

/// A scene that needs a clip.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SceneOrder {
    /// The id of the job.
    pub job_id: JobId,
    /// The id of the scene.
    pub scene_id: SceneId,
    /// The engines to try, in order.
    pub chain: EngineChain,
    /// The description of the clip's content.
    pub prompt: String,
    /// A description of content to avoid.
    pub negative_prompt: Option<String>,
    /// The picture for the first frame.
    pub image: Option<PathBuf>,
    /// The length that the scene needs, in milliseconds.
    pub needed_ms: i64,
    /// The aspect ratio of the film.
    pub ratio: Ratio,
    /// The seed of the clip.
    pub seed: u32,
    /// True if the film is brand safe.
    pub brand_safe: bool,
    /// The time until which the chain run may wait for engines whose breakers are open; `None` to never wait.
    pub deadline: Option<UnixMs>,
    /// The budget of the whole job; `None` for no limit.
    pub job_budget: Option<MicroUsd>,
    /// True if a person requests this scene from the first engine again. An earlier clip of a later engine is used
    /// only when that engine's turn comes.
    pub asks_anew: bool,
    /// True if a stored clip of a later engine is used only when that engine's turn comes, because the brief
    /// names an engine or restricts the reuse of clips. Clips that were purchased for this scene are exempt.
    #[serde(default)]
    pub only_own: bool,
}

/// A clip that a scene uses.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ClipUse {
    /// The engine that delivered the clip.
    pub engine: EngineName,
    /// The path of the clip.
    pub path: PathBuf,
    /// The length of the clip, in milliseconds.
    pub duration_ms: i64,
    /// The id of the call in the ledger that paid for the clip.
    pub call_id: CallId,
    /// The credit line of the clip, if the source requires one.
    pub credit: Option<String>,
    /// True if an earlier purchase of the same clip was used.
    pub reused: bool,
}

/// One engine's attempt at a scene, for the receipt.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AttemptRecord {
    /// The name of the engine.
    pub engine: EngineName,
    /// The result: `success`, or the kind of failure.
    pub result: String,
    /// The error message; empty on success.
    pub reason: String,
    /// The duration of the attempt, in milliseconds.
    pub latency_ms: u64,
    /// The amount charged for the attempt.
    pub charged: MicroUsd,
}

/// The outcome of a chain run for a scene.
#[derive(Debug, Clone, PartialEq)]
pub struct SceneOutcome {
    /// The clip of the scene; `None` if `local` draws it.
    pub clip: Option<ClipUse>,
    /// Every attempt, in order.
    pub attempts: Vec<AttemptRecord>,
    /// The time spent waiting for engines whose breakers were open, in milliseconds.
    pub waited_ms: u64,
}

/// The components from which a manager is created.
#[derive(Debug)]
pub struct ManagerParts {
    /// The configured engines.
    pub engines: EngineSet,
    /// The watcher that reloads the configuration when it changes.
    pub reloader: Option<Reloader>,
    /// The ledger of paid calls.
    pub store: Arc<dyn PurchaseStore>,
    /// The checker of delivered clips.
    pub checker: Arc<dyn ClipChecker>,
    /// The fitter that crops pictures to the aspect ratios of their clips.
    pub fitter: Arc<dyn PictureFitter>,
    /// The source of time, ids and randomness.
    pub world: Arc<dyn World>,
    /// The storage for purchased clips.
    pub storage: Storage,
    /// The token that is set when the user cancels.
    pub cancel: CancelToken,
}

/// The engines and the moderation service of the current configuration, replaced as a whole.
#[derive(Debug, Clone)]
struct InForce {
    engines: Arc<EngineSet>,
    moderation: Option<Arc<ModerationClient>>,
}

impl InForce {
    fn new(engines: EngineSet) -> Self {
        Metrics::expect_engines(engines.settings.engines.names());
        let service = &engines.settings.moderation.service;
        let moderation = ModerationClient::from_settings(service, engines.secrets());
        Self { engines: Arc::new(engines), moderation: moderation.map(Arc::new) }
    }
}

/// The manager that tries the engines of a chain in order.
#[derive(Debug)]
pub struct EngineManager {
    in_force: RwLock<InForce>,
    reloader: Option<Reloader>,
    buyer: Buyer,
    checker: Arc<dyn ClipChecker>,
    fitter: Arc<dyn PictureFitter>,
}

impl EngineManager {
    /// Creates a manager from its parts.
    pub fn new(parts: ManagerParts) -> Self {
        Self {
            in_force: RwLock::new(InForce::new(parts.engines)),
            reloader: parts.reloader,
            buyer: Buyer::new(parts.store, parts.world, parts.storage, parts.cancel),
            checker: parts.checker,
            fitter: parts.fitter,
        }
    }

    /// Returns the ledger of paid calls.
    pub fn store(&self) -> &Arc<dyn PurchaseStore> {
        &self.buyer.ledger
    }

    /// Returns the current engines. Reloads the configuration first if it has changed.
    pub fn engines(&self) -> Arc<EngineSet> {
        self.in_force().engines
    }

    fn in_force(&self) -> InForce {
        if let Some(new) = self.reloader.as_ref().and_then(Reloader::reload_if_changed) {
            let new = InForce::new(new);
            *self.in_force.write().unwrap_or_else(PoisonError::into_inner) = new.clone();
            return new;
        }
        self.in_force.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Publishes each engine's spend since the start of the day (UTC) in the metrics.
    pub async fn show_spend(&self) {
        let day = start_of_day(self.buyer.world.now());
        for (engine, usd) in self.buyer.ledger.spend_since(day).await.unwrap_or_default() {
            Metrics::spend(&engine, usd.as_usd());
        }
    }

    /// Chooses the chain of a scene by the current state of the engines.
    pub async fn resolve(&self, wish: &SceneWish<'_>, needed_ms: i64) -> EngineChain {
        // Unreadable breakers are treated as closed: the walk reads each again.
        let breakers = self.buyer.ledger.breaker_list().await.unwrap_or_else(|source| {
            BreakerUnavailable { operation: "read", source }.log("all");
            Vec::new()
        });
        let breakers: BTreeMap<String, BreakerRow> = breakers.into_iter().collect();
        let (set, now) = (self.engines(), self.buyer.world.now());
        let facts = set.facts(needed_ms, wish.ratio, wish.has_image, &breakers, now);
        resolve_engine(wish, &set.settings, &facts)
    }

    /// Runs the chain of a scene until the clip exists, the scene is left to `local`, or the run would have to wait.
    /// It waits for a vendor's task, an open breaker, a busy engine, or another process's purchase of the same clip.
    /// The first call receives an empty memo, and each further call the memo that the previous one returned, with the
    /// same order.
    ///
    /// `fence` names the queued task that the caller holds. Without it, the caller guarantees that no other process
    /// works on the job. Nothing is purchased under a fence that no longer holds.
    ///
    /// # Errors
    /// Returns an error if the user cancelled.
    pub async fn draw(
        &self,
        order: &SceneOrder,
        memo: SceneMemo,
        fence: Option<Fence>,
    ) -> Result<Slice> {
        let mut walk = Walk { memo, own: None, fence };
        match self.walk(order, &mut walk).await {
            Ok(outcome) => Ok(Slice::Done(outcome)),
            Err(Stop::Later(wait)) => Ok(Slice::Later { memo: walk.memo, wait }),
            Err(Stop::Failed(error)) => Err(error),
        }
    }

    /// Obtains the clip of a scene, and waits wherever [`Self::draw`] would return early, for callers that have no
    /// other work.
    ///
    /// # Errors
    /// Returns an error if the user cancelled.
    pub async fn draw_to_end(&self, order: &SceneOrder) -> Result<SceneOutcome> {
        let mut memo = SceneMemo::default();
        loop {
            match self.draw(order, memo, None).await? {
                Slice::Done(outcome) => return Ok(outcome),
                Slice::Later { memo: next, wait } => {
                    self.buyer.pause(order.chain.first(), wait).await?;
                    memo = next;
                }
            }
        }
    }

    /// Runs the chain until it ends or has to wait. If the ledger cannot list the purchases, or a purchased clip
    /// cannot be fetched, it tries no other engine and returns [`Stop::Later`]. After the ledger timeout it leaves
    /// the scene to `local`.
    async fn walk(&self, order: &SceneOrder, walk: &mut Walk) -> Result<SceneOutcome, Stop> {
        let error = match self.walk_on(order, walk).await {
            Err(Stop::Failed(error)) if error.kind == VendorErrorKind::Ledger => error,
            walked => {
                walk.memo.ledger_away = None;
                return walked;
            }
        };
        self.buyer.check_cancel(&error.engine)?;
        let now = self.buyer.world.now();
        let since = *walk.memo.ledger_away.get_or_insert(now);
        let patience = match walk.fence {
            Some(_) => LEDGER_PATIENCE_OF_TASK_MS,
            None => LEDGER_PATIENCE_MS,
        };
        if now - since < patience {
            Event::LedgerUnavailable {
                job: order.job_id.as_str(),
                scene: order.scene_id.as_str(),
                engine: &error.engine,
                operation: error.operation,
                retry_in_ms: LEDGER_PAUSE.as_millis() as u64,
                reason: &error.message,
            }
            .emit();
            return Err(Stop::Later(LEDGER_PAUSE));
        }
        let begun = walk.memo.begun.unwrap_or(now);
        self.record_scene_rendered(begun, LOCAL);
        Ok(self.leave_to_local(order, walk, &error))
    }

    async fn walk_on(&self, order: &SceneOrder, walk: &mut Walk) -> Result<SceneOutcome, Stop> {
        let begun = *walk.memo.begun.get_or_insert_with(|| self.buyer.world.now());
        if walk.memo.prompt.is_none() {
            walk.memo.prompt = self.screen_prompt(order).await;
        }
        if walk.memo.prompt.is_none() {
            return Ok(self.leave_to_local(order, walk, &moderation_error(order)));
        }
        walk.own = self.own_row(order, walk).await?;
        // A task of the walk's own takes precedence over the purchases of others.
        let earlier = match walk.own {
            Some(_) => Ok(Earlier::default()),
            None => self.already_paid(order, walk).await,
        };
        let (fresh, mut breakers) = match earlier {
            Ok(Earlier { drawn: None, fresh, breakers }) => (fresh, breakers),
            Ok(Earlier { drawn: Some(drawn), .. }) => {
                let engine = drawn.goods.engine.clone();
                return Ok(self.finish_with_clip(walk, begun, &engine, 0, drawn));
            }
            // The purchases are unknown, so nothing may be bought.
            Err(Stop::Failed(error)) if !error.ends_the_walk() => {
                self.record_scene_rendered(begun, LOCAL);
                return Ok(self.leave_to_local(order, walk, &error));
            }
            Err(stop) => return Err(stop),
        };
        let outside = order.chain.members.iter().filter(|m| m.engine != LOCAL);
        let names: Vec<&EngineName> = outside.map(|m| &m.engine).collect();
        for (place, &name) in names.iter().enumerate() {
            if walk.is_past(name) {
                continue;
            }
            // The row just read is fresh for the first engine only; later attempts read it again.
            let breaker =
                breakers.take().map(|mut rows| rows.remove(name.as_str()).unwrap_or_default());
            let tried = match self.attempt(order, name, walk, &fresh, breaker).await {
                Ok(done) => Ok(done),
                Err(Stop::Failed(error)) if !error.ends_the_walk() => Err(error),
                Err(stop) => return Err(stop),
            };
            let current = walk.memo.current.take();
            let began = current.map_or_else(|| self.buyer.world.now(), |current| current.began);
            let latency_ms = (self.buyer.world.now() - began).max(0) as u64;
            match tried {
                Ok(drawn) => return Ok(self.finish_with_clip(walk, begun, name, latency_ms, drawn)),
                Err(error) => {
                    use VendorErrorKind::{Cooling, RateLimited};
                    walk.memo.is_beyond_waiting |= !matches!(error.kind, Cooling | RateLimited);
                    let next = names.get(place + 1).map_or(LOCAL, |next| next.as_str());
                    self.step_down(order, name.as_str(), next, &error, latency_ms);
                    let charged = error.charged.unwrap_or_default();
                    walk.memo.attempts.push(record(name, Some(&error), latency_ms, charged));
                    walk.memo.stepped_down.push(name.clone());
                }
            }
        }
        let only_cooling = !walk.memo.is_beyond_waiting;
        if let Some((engine, wait_ms)) = self.until_one_is_cool(order, &names, only_cooling).await {
            walk.begin_again(wait_ms);
            return Err(self.buyer.wait(engine, Duration::from_millis(wait_ms)));
        }
        self.record_scene_rendered(begun, LOCAL);
        Ok(outcome(walk, None))
    }

    fn finish_with_clip(
        &self,
        walk: &mut Walk,
        begun: UnixMs,
        engine: &EngineName,
        latency_ms: u64,
        drawn: Drawn,
    ) -> SceneOutcome {
        walk.memo.attempts.push(record(engine, None, latency_ms, drawn.charged));
        let clip = ClipUse { reused: drawn.reused, ..drawn.goods };
        self.record_scene_rendered(begun, clip.engine.as_str());
        outcome(walk, Some(clip))
    }

    /// Ends the chain run and leaves the scene to `local`, for a reason that applies to all engines.
    fn leave_to_local(
        &self,
        order: &SceneOrder,
        walk: &mut Walk,
        error: &VendorError,
    ) -> SceneOutcome {
        self.step_down(order, &error.engine, LOCAL, error, 0);
        walk.memo.attempts.push(record(
            &error.engine.as_str().into(),
            Some(error),
            0,
            MicroUsd::ZERO,
        ));
        outcome(walk, None)
    }

    fn record_scene_rendered(&self, begun: UnixMs, engine: &str) {
        Metrics::scene_rendered(engine, (self.buyer.world.now() - begun).max(0) as f64 / 1000.0);
    }

    fn step_down(
        &self,
        order: &SceneOrder,
        from: &str,
        to: &str,
        error: &VendorError,
        latency_ms: u64,
    ) {
        Event::EngineFallback {
            job: order.job_id.as_str(),
            scene: order.scene_id.as_str(),
            from,
            to,
            kind: error.kind.as_str(),
            latency_ms,
            reason: &error.message,
        }
        .emit();
    }

    /// Returns the engine whose breaker closes first, and the wait until then in milliseconds, at least 500. Logs the
    /// wait. Returns `None` if there is no deadline, if no breaker closes before it, or if an engine failed for a
    /// reason other than its breaker.
    async fn until_one_is_cool<'a>(
        &self,
        order: &SceneOrder,
        names: &[&'a EngineName],
        only_cooling: bool,
    ) -> Option<(&'a str, u64)> {
        let now = self.buyer.world.now();
        let deadline = order.deadline.filter(|&d| d > now && only_cooling)?;
        let mut first: Option<(UnixMs, &str)> = None;
        for name in names.iter().map(|name| name.as_str()) {
            let row = self.breaker_row(name).await.unwrap_or_default();
            let until = breaker::state(&row, now).open_until().unwrap_or(now);
            if first.is_none_or(|(best, _)| until < best) {
                first = Some((until, name));
            }
        }
        let (until, engine) = first.filter(|(until, _)| *until < deadline)?;
        // An engine that is free again at once was busy by its own limits: wait a moment.
        let wait_ms = (until - now).max(500) as u64;
        Event::EngineWaiting {
            job: order.job_id.as_str(),
            scene: order.scene_id.as_str(),
            engine,
            wait_ms,
        }
        .emit();
        Some((engine, wait_ms))
    }
}

fn outcome(walk: &mut Walk, clip: Option<ClipUse>) -> SceneOutcome {
    let memo = std::mem::take(&mut walk.memo);
    SceneOutcome { clip, attempts: memo.attempts, waited_ms: memo.waited_ms }
}

fn moderation_error(order: &SceneOrder) -> VendorError {
    let (engine, kind) = (order.chain.members[0].engine.as_str(), VendorErrorKind::Moderation);
    VendorError::new(
        engine,
        "send the prompt",
        kind,
        "moderation blocks this prompt: change the scene's prompt",
    )
}

fn record(
    engine: &EngineName,
    error: Option<&VendorError>,
    latency_ms: u64,
    charged: MicroUsd,
) -> AttemptRecord {
    AttemptRecord {
        engine: engine.clone(),
        result: error.map_or("success", |e| e.kind.as_str()).to_owned(),
        reason: error.map(|e| e.message.clone()).unwrap_or_default(),
        latency_ms,
        charged,
    }
}
