//! Walks a scene's chain until one engine delivers a clip, or `local` takes it.
//!
//! Guarantees: engines are tried in the order that `resolve_engine` gave; every attempt is
//! recorded, every step down logged and counted; a paid call is a row before it is a call; a clip
//! that was paid for, by this process or an earlier one, is used before another is bought; a
//! cancelled job starts no further attempt and its vendors are told.
//!
//! Does not choose engines (`engine_selector`), speak to vendors (adapters), buy (`pytoon-purchase`),
//! judge clips (`clip_check`) or keep rows (`PurchaseStore`).
//!
//! A walk does not wait for vendors: it stops, and goes on in another slice (`slices`).
//!
//! Start with [`EngineManager::draw`]; one engine's attempt is in `attempt`, clips that were bought
//! before it in `bought_before`, an engine's side of a purchase in `engine_seller`.

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

/// The patience of an interactive render with an unreachable ledger, in milliseconds.
const LEDGER_PATIENCE_MS: i64 = 20_000;
/// The patience of a task of the queue, in milliseconds: long enough to restart or move a database.
const LEDGER_PATIENCE_OF_TASK_MS: i64 = 600_000;
/// How soon a ledger that does not answer is asked again.
const LEDGER_PAUSE: Duration = Duration::from_secs(1);

/// A scene that wants a clip.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SceneOrder {
    /// The job.
    pub job_id: JobId,
    /// The scene.
    pub scene_id: SceneId,
    /// The engines, in order.
    pub chain: EngineChain,
    /// What is to be seen.
    pub prompt: String,
    /// What is not.
    pub negative_prompt: Option<String>,
    /// The first frame.
    pub image: Option<PathBuf>,
    /// What the scene needs, in milliseconds.
    pub needed_ms: i64,
    /// The film's shape.
    pub ratio: Ratio,
    /// The seed.
    pub seed: u32,
    /// Whether the film is brand safe.
    pub brand_safe: bool,
    /// Until when cooling engines may be waited for; never when absent.
    pub deadline: Option<UnixMs>,
    /// What the job may spend in all.
    pub job_budget: Option<MicroUsd>,
    /// Whether the first engine is asked although a later one's clip of earlier is there: a person
    /// wants this scene from it, and the other clip comes when its engine's turn does.
    pub asks_anew: bool,
    /// True if a person named the first engine: kept clips of later engines are then used only when
    /// that engine's turn comes. A clip bought for this scene is always used.
    #[serde(default)]
    pub only_own: bool,
}

/// A clip for a scene.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ClipUse {
    /// The engine.
    pub engine: EngineName,
    /// The file.
    pub path: PathBuf,
    /// Its length in milliseconds.
    pub duration_ms: i64,
    /// The ledger's row that bought it.
    pub call_id: CallId,
    /// Who is to be credited.
    pub credit: Option<String>,
    /// Whether an earlier purchase is used.
    pub reused: bool,
}

/// One engine's attempt at a scene, for the receipt.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AttemptRecord {
    /// The engine.
    pub engine: EngineName,
    /// `success`, or the kind of failure.
    pub result: String,
    /// What was said; empty on success.
    pub reason: String,
    /// How long it took, in milliseconds.
    pub latency_ms: u64,
    /// What it was charged.
    pub charged: MicroUsd,
}

/// What became of a scene.
#[derive(Debug, Clone, PartialEq)]
pub struct SceneOutcome {
    /// The clip; absent when `local` draws it.
    pub clip: Option<ClipUse>,
    /// Every attempt in order.
    pub attempts: Vec<AttemptRecord>,
    /// How long it was waited for cooling engines, in milliseconds.
    pub waited_ms: u64,
}

/// Handles of the manager.
#[derive(Debug)]
pub struct ManagerParts {
    /// The engines.
    pub engines: EngineSet,
    /// Reads the configuration again when it changes.
    pub reloader: Option<Reloader>,
    /// The ledger.
    pub store: Arc<dyn PurchaseStore>,
    /// Judges clips.
    pub checker: Arc<dyn ClipChecker>,
    /// Gives pictures the shape of their clips.
    pub fitter: Arc<dyn PictureFitter>,
    /// Time, ids, chance.
    pub world: Arc<dyn World>,
    /// Where kept clips lie.
    pub storage: Storage,
    /// Set when the user gives up.
    pub cancel: CancelToken,
}

/// What one configuration gives, replaced as a whole.
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

/// Walks chains.
#[derive(Debug)]
pub struct EngineManager {
    in_force: RwLock<InForce>,
    reloader: Option<Reloader>,
    buyer: Buyer,
    checker: Arc<dyn ClipChecker>,
    fitter: Arc<dyn PictureFitter>,
}

impl EngineManager {
    /// A manager over its handles.
    pub fn new(parts: ManagerParts) -> Self {
        Self {
            in_force: RwLock::new(InForce::new(parts.engines)),
            reloader: parts.reloader,
            buyer: Buyer::new(parts.store, parts.world, parts.storage, parts.cancel),
            checker: parts.checker,
            fitter: parts.fitter,
        }
    }

    /// The ledger.
    pub fn store(&self) -> &Arc<dyn PurchaseStore> {
        &self.buyer.ledger
    }

    /// The engines in force, after a look at whether the configuration changed.
    pub fn engines(&self) -> Arc<EngineSet> {
        self.in_force().engines
    }

    fn in_force(&self) -> InForce {
        if let Some(new) = self.reloader.as_ref().and_then(Reloader::changed) {
            let new = InForce::new(new);
            *self.in_force.write().unwrap_or_else(PoisonError::into_inner) = new.clone();
            return new;
        }
        self.in_force.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Shows today's spend (UTC) in the metrics.
    pub async fn show_spend(&self) {
        let day = start_of_day(self.buyer.world.now());
        for (engine, usd) in self.buyer.ledger.spend_since(day).await.unwrap_or_default() {
            Metrics::spend(&engine, usd.as_usd());
        }
    }

    /// Decides the chain of a scene as things stand.
    pub async fn resolve(&self, wish: &SceneWish<'_>, needed_ms: i64) -> EngineChain {
        // Those that cannot be read count as closed: the walk asks each again.
        let breakers = self.buyer.ledger.breaker_list().await.unwrap_or_else(|source| {
            BreakerUnavailable { operation: "read", source }.tell("all");
            Vec::new()
        });
        let breakers: BTreeMap<String, BreakerRow> = breakers.into_iter().collect();
        let (set, now) = (self.engines(), self.buyer.world.now());
        let facts = set.facts(needed_ms, wish.ratio, wish.has_image, &breakers, now);
        resolve_engine(wish, &set.settings, &facts)
    }

    /// Gets a scene its clip, or leaves it to `local`, as far as that goes without waiting: for a
    /// vendor's task, while all engines cool, for a place at a full engine, for another's purchase
    /// of the same clip. The first slice takes an empty memo, each further one the memo that the
    /// slice before returned, with the same order.
    ///
    /// `fence` names the task of the queue that the caller holds; without it the caller vouches that
    /// no other process works on the job. Under a fence that does not hold any more nothing is
    /// bought.
    ///
    /// # Errors
    /// If the user gave up.
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

    /// Draws a scene slice by slice and waits between them, for callers that have nothing else to do.
    ///
    /// # Errors
    /// If the user gave up.
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

    /// Walks on to the end, or to where it would have to wait. If the ledger cannot tell what is
    /// bought, or a bought clip cannot be fetched, no other engine is asked: the walk waits for the
    /// ledger, and in the end leaves the scene to `local`.
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
        self.finished(begun, LOCAL);
        Ok(self.left_to_local(order, walk, &error))
    }

    async fn walk_on(&self, order: &SceneOrder, walk: &mut Walk) -> Result<SceneOutcome, Stop> {
        let begun = *walk.memo.begun.get_or_insert_with(|| self.buyer.world.now());
        if walk.memo.prompt.is_none() {
            walk.memo.prompt = self.screened(order).await;
        }
        if walk.memo.prompt.is_none() {
            return Ok(self.left_to_local(order, walk, &stopped(order)));
        }
        walk.own = self.own_row(order, walk).await?;
        // A task of the walk's own comes before all that others may have left.
        let earlier = match walk.own {
            Some(_) => Ok(Earlier::default()),
            None => self.already_paid(order, walk).await,
        };
        let (fresh, mut breakers) = match earlier {
            Ok(Earlier { drawn: None, fresh, breakers }) => (fresh, breakers),
            Ok(Earlier { drawn: Some(drawn), .. }) => {
                let engine = drawn.goods.engine.clone();
                return Ok(self.delivered(walk, begun, &engine, 0, drawn));
            }
            // What is paid for cannot be known, so nothing may be bought.
            Err(Stop::Failed(error)) if !error.ends_the_walk() => {
                self.finished(begun, LOCAL);
                return Ok(self.left_to_local(order, walk, &error));
            }
            Err(stop) => return Err(stop),
        };
        let outside = order.chain.members.iter().filter(|m| m.engine != LOCAL);
        let names: Vec<&EngineName> = outside.map(|m| &m.engine).collect();
        for (place, &name) in names.iter().enumerate() {
            if walk.is_past(name) {
                continue;
            }
            // What was read a moment ago serves the first engine; time passes before others.
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
                Ok(drawn) => return Ok(self.delivered(walk, begun, name, latency_ms, drawn)),
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
        self.finished(begun, LOCAL);
        Ok(outcome(walk, None))
    }

    fn delivered(
        &self,
        walk: &mut Walk,
        begun: UnixMs,
        engine: &EngineName,
        latency_ms: u64,
        drawn: Drawn,
    ) -> SceneOutcome {
        walk.memo.attempts.push(record(engine, None, latency_ms, drawn.charged));
        let clip = ClipUse { reused: drawn.reused, ..drawn.goods };
        self.finished(begun, clip.engine.as_str());
        outcome(walk, Some(clip))
    }

    /// Nobody is asked, for one reason that holds for all.
    fn left_to_local(
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

    fn finished(&self, begun: UnixMs, engine: &str) {
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

    /// While every engine only cools and the deadline allows, waiting beats degrading: for which,
    /// and how long.
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
        // An engine that is free again at once was busy by its own limits: give it a moment.
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

fn stopped(order: &SceneOrder) -> VendorError {
    let (engine, kind) = (order.chain.members[0].engine.as_str(), VendorErrorKind::Moderation);
    VendorError::new(engine, "send the prompt", kind, "the prompt must not leave")
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
