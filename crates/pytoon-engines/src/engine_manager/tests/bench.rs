//! A bench for tests: one ledger, the processes that share it, and the scenes that they draw.

use super::super::*;
use super::testing::{AnyClip, Hand, Scripted};
use crate::picture_fit::AsTheyAre;
use pytoon_config::engines::EngineConfig;
use pytoon_config::secrets::Secrets;
use pytoon_config::{Config, ConfigSource};
use pytoon_store::SqliteStore;
use std::sync::atomic::Ordering;

pub(super) fn block(base_url: &str) -> EngineConfig {
    serde_json::from_value(serde_json::json!({
        "base_url": base_url,
        "poll_interval_ms": 20,
        "backoff": {"initial_ms": 1, "max_ms": 2, "attempts": 1},
        "breaker": {"failures": 2, "cooldown_seconds": 60, "max_cooldown_seconds": 120,
                    "account_cooldown_seconds": 3600},
        "price": {"models": {"default": {"per_clip_usd": 0.25}}},
    }))
    .expect("block")
}

pub(super) struct Bench {
    pub(super) folder: tempfile::TempDir,
    pub(super) world: Arc<Hand>,
}

impl Bench {
    pub(super) fn new() -> Self {
        Self { folder: tempfile::tempdir().expect("folder"), world: Arc::default() }
    }

    /// Creates the engine manager of another process, with these engines and the same ledger.
    pub(super) async fn process(&self, engines: &[Arc<Scripted>]) -> EngineManager {
        let config = Config::load(&ConfigSource::Optional("/nowhere".into())).expect("built in");
        let mut settings = config.engines.clone();
        settings.default_chain = engines.iter().map(|e| e.name.clone()).collect();
        let mut set =
            EngineSet::build(settings, &config.engines_at, Secrets::default()).expect("engines");
        for engine in engines {
            set.insert(&engine.name, block("http://127.0.0.1:9"), engine.clone());
        }
        let store = SqliteStore::open(&self.folder.path().join("pytoon.db")).await.expect("opens");
        EngineManager::new(ManagerParts {
            engines: set,
            reloader: None,
            store: Arc::new(store),
            checker: Arc::new(AnyClip),
            fitter: Arc::new(AsTheyAre),
            world: self.world.clone(),
            storage: self.folder.path().to_owned().into(),
            cancel: CancelToken::default(),
        })
    }

    pub(super) fn later(&self, seconds: i64) {
        self.world.ms.fetch_add(seconds * 1000, Ordering::SeqCst);
    }
}

pub(super) async fn order(manager: &EngineManager, prompt: &str) -> SceneOrder {
    let wish = SceneWish { prompt, ..SceneWish::default() };
    SceneOrder {
        job_id: "job".into(),
        scene_id: "scene_01".into(),
        chain: manager.resolve(&wish, 4000).await,
        prompt: prompt.into(),
        negative_prompt: None,
        image: None,
        needed_ms: 4000,
        ratio: Ratio { width: 9, height: 16 },
        seed: 1,
        brand_safe: false,
        deadline: None,
        job_budget: None,
        asks_anew: false,
        only_own: false,
    }
}

pub(super) async fn draw(manager: &EngineManager, prompt: &str) -> SceneOutcome {
    let order = order(manager, prompt).await;
    draw_to_end(manager, &order).await
}

/// Draws a scene to its end, as a process that owns the job.
pub(super) async fn draw_to_end(manager: &EngineManager, order: &SceneOrder) -> SceneOutcome {
    manager.take_over_job(&order.job_id).await.expect("takes over");
    to_the_end(manager, order).await
}

/// Draws a scene to its end.
pub(super) async fn to_the_end(manager: &EngineManager, order: &SceneOrder) -> SceneOutcome {
    manager.draw_to_end(order).await.expect("never an error")
}

pub(super) fn engine_used(outcome: &SceneOutcome) -> &str {
    outcome.clip.as_ref().map_or("local", |clip| clip.engine.as_str())
}

pub(super) fn block_on<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .expect("runtime")
        .block_on(work)
}
