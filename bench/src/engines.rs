//! Measures the cost of engines apart from the vendors' time: CPU time per scene, and memory while scenes wait.

use anyhow::Context;
use pytoon_config::engines::EngineConfig;
use pytoon_config::secrets::Secrets;
use pytoon_config::{Config, ConfigSource};
use pytoon_engines::adapter::{
    Cancelled, Capabilities, Durations, EngineFuture, EngineHealth, ExternalEngineAdapter, Fetched,
    GenerateRequest, Offer, Output, Prepared, PromptUnit, Ratio, Task, TaskState,
};
use pytoon_engines::clip_check::{ClipChecker, Expectation, Verdict};
use pytoon_engines::engine_manager::{EngineManager, EngineSet, ManagerParts, SceneOrder};
use pytoon_engines::engine_selector::SceneWish;
use pytoon_engines::picture_fit::AsTheyAre;
use pytoon_engines::world::RealWorld;
use pytoon_process::CancelToken;
use pytoon_records::ledger::StoreFuture;
use pytoon_store::SqliteStore;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// The number of measured scenes.
const SCENES: usize = 400;
/// The number of measured reloads of the configuration.
const RELOADS: usize = 50;
/// The number of scenes that wait concurrently.
const WAITING: usize = 50;

/// Measures reloads of the configuration, scenes of an instant engine, and waiting scenes. Prints the results.
pub(crate) fn run() -> anyhow::Result<()> {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    let folder = tempfile::tempdir()?;
    let config = Config::load(&ConfigSource::Optional("/nowhere".into()))?;
    reloads(&config)?;
    runtime.block_on(walks(&config, folder.path()))?;
    runtime.block_on(waiting(folder.path()))
}

fn reloads(config: &Config) -> anyhow::Result<()> {
    let before = cpu()?;
    for _ in 0..RELOADS {
        let (settings, at) = config.reload_engines()?;
        EngineSet::build(settings, &at, Secrets::default())?;
    }
    let each = (cpu()? - before) / RELOADS as f64 * 1000.0;
    println!(
        "engines: reading engine.yaml again {each:.2} ms of CPU (once per change, not per scene)"
    );
    Ok(())
}

async fn walks(config: &Config, folder: &Path) -> anyhow::Result<()> {
    let mut set = EngineSet::build(config.engines.clone(), &config.engines_at, Secrets::default())?;
    set.settings.default_chain = vec!["instant".to_owned()];
    set.insert("instant", block("http://127.0.0.1:9", 20)?, Arc::new(Instant0::new()));
    let manager = manager(set, &folder.join("walks")).await?;
    let before = cpu()?;
    for n in 0..SCENES {
        resolve(&manager, &format!("choice {n}")).await;
    }
    let choosing = (cpu()? - before) / SCENES as f64 * 1000.0;
    let before = cpu()?;
    for n in 0..SCENES {
        let order = order(&manager, n).await;
        let outcome = manager.draw_to_end(&order).await?;
        anyhow::ensure!(outcome.clip.is_some(), "the instant engine delivers");
    }
    let both = (cpu()? - before) / SCENES as f64 * 1000.0;
    println!(
        "engines: choosing {choosing:.3} ms, choosing and walking the chain {both:.3} ms of CPU a scene (at most 1)"
    );
    Ok(())
}

async fn waiting(folder: &Path) -> anyhow::Result<()> {
    let simulator = Simulator::start(folder)?;
    let config = Config::load(&ConfigSource::Optional("/nowhere".into()))?;
    let mut settings = config.engines.clone();
    if let Some(runway) = settings.engines.external.get_mut("runway") {
        runway.base_url = format!("{}/runway", simulator.url);
        runway.max_concurrent = WAITING as u32;
        runway.poll_interval_ms = 500;
    }
    let without_key = memory("VmRSS")?;
    let set = EngineSet::build(settings, &config.engines_at, key(folder)?)?;
    let manager = Arc::new(manager(set, &folder.join("waiting")).await?);
    let mut running = tokio::task::JoinSet::new();
    for n in 0..WAITING {
        let manager = manager.clone();
        running.spawn(async move {
            let mut order = order(&manager, n).await;
            order.scene_id = format!("scene_{n:02}").into();
            order.prompt = format!("waiting {n}");
            manager.draw_to_end(&order).await
        });
    }
    let before = cpu()?;
    tokio::time::sleep(Duration::from_secs(6)).await;
    let busy = (cpu()? - before) / 6.0 * 100.0;
    println!(
        "engines: {WAITING} scenes waiting, process {:.0} MiB ({:.0} MiB before; at most 100), {busy:.1} % of a core",
        memory("VmRSS")?,
        without_key
    );
    running.abort_all();
    Ok(())
}

/// Returns secrets with an API key for the engine. The simulator accepts any key.
fn key(folder: &Path) -> anyhow::Result<Secrets> {
    let file = folder.join("keys.env");
    std::fs::write(&file, "RUNWAY_API_KEY=bench\n")?;
    Ok(Secrets::load(&file)?)
}

async fn manager(engines: EngineSet, storage: &Path) -> anyhow::Result<EngineManager> {
    let store = SqliteStore::open(&storage.join("pytoon.db")).await?;
    Ok(EngineManager::new(ManagerParts {
        engines,
        reloader: None,
        store: Arc::new(store),
        checker: Arc::new(AnyClip),
        fitter: Arc::new(AsTheyAre),
        world: Arc::new(RealWorld),
        storage: storage.to_owned().into(),
        cancel: CancelToken::default(),
    }))
}

async fn resolve(manager: &EngineManager, prompt: &str) -> pytoon_core::chain::EngineChain {
    let wish = SceneWish { prompt, preset_id: "product_hero_clean", ..SceneWish::default() };
    manager.resolve(&wish, 4000).await
}

async fn order(manager: &EngineManager, n: usize) -> SceneOrder {
    let prompt = format!("scene {n}: a cup on a table in the morning light");
    SceneOrder {
        job_id: "bench".into(),
        scene_id: "scene_01".into(),
        chain: resolve(manager, &prompt).await,
        prompt,
        negative_prompt: None,
        image: None,
        needed_ms: 4000,
        ratio: Ratio { width: 9, height: 16 },
        seed: n as u32,
        brand_safe: false,
        deadline: None,
        job_budget: None,
        asks_anew: false,
        only_own: false,
    }
}

fn block(base_url: &str, poll_interval_ms: u64) -> anyhow::Result<EngineConfig> {
    let block = serde_json::json!({"base_url": base_url, "poll_interval_ms": poll_interval_ms});
    Ok(serde_json::from_value(block)?)
}

/// An engine that delivers a clip at once, so that only Pytoon's own work is measured.
#[derive(Debug)]
struct Instant0(Capabilities);

impl Instant0 {
    fn new() -> Self {
        Self(Capabilities {
            from_words: Some(Offer {
                durations: Durations::Fixed(vec![5000]),
                ratios: vec![Ratio::default()],
                follows_picture: false,
            }),
            from_picture: None,
            image_inputs: Vec::new(),
            max_prompt: 1000,
            prompt_unit: PromptUnit::Chars,
            cancel: false,
            lookup_settles: None,
            is_stock: false,
        })
    }
}

impl ExternalEngineAdapter for Instant0 {
    fn name(&self) -> &str {
        "instant"
    }
    fn capabilities(&self) -> &Capabilities {
        &self.0
    }
    fn price_key(&self, _: &GenerateRequest) -> String {
        "default".into()
    }
    fn health_check(&self) -> EngineFuture<'_, EngineHealth> {
        Box::pin(async { Ok(EngineHealth::default()) })
    }
    fn prepare<'a>(&'a self, request: &'a GenerateRequest) -> EngineFuture<'a, Prepared> {
        let request = request.clone();
        Box::pin(async move {
            Ok(Prepared { request, body: serde_json::Value::Null, path: String::new() })
        })
    }
    fn submit<'a>(&'a self, prepared: &'a Prepared) -> EngineFuture<'a, Task> {
        let id = prepared.request.call_id.clone();
        Box::pin(async move { Ok(Task { id: id.to_string(), data: serde_json::Value::Null }) })
    }
    fn poll<'a>(&'a self, _: &'a Task) -> EngineFuture<'a, TaskState> {
        let output = Output { url: "memory:".into(), credit: None };
        Box::pin(async move { Ok(TaskState::Succeeded { output, cost: None }) })
    }
    fn cancel<'a>(&'a self, _: &'a Task) -> EngineFuture<'a, Cancelled> {
        Box::pin(async { Ok(Cancelled::Unsupported) })
    }
    fn fetch<'a>(&'a self, _: &'a Output, _: &'a Path) -> EngineFuture<'a, Fetched> {
        Box::pin(async { Ok(Fetched { sha256: String::new(), credit: None, cost: None }) })
    }
}

#[derive(Debug)]
struct AnyClip;

impl ClipChecker for AnyClip {
    fn check(&self, _: PathBuf, w: Expectation) -> StoreFuture<'_, Verdict> {
        let duration_ms = i64::from(w.asked_ms);
        Box::pin(async move { Ok(Verdict::Usable { duration_ms, changed: false }) })
    }
}

struct Simulator {
    child: std::process::Child,
    url: String,
}

impl Simulator {
    fn start(folder: &Path) -> anyhow::Result<Self> {
        let scenario = folder.join("scenario.json");
        // No task progresses during the measurement.
        std::fs::write(&scenario, r#"{"defaults": {"queue_ms": 600000, "run_ms": 600000}}"#)?;
        let ready = folder.join("ready");
        #[expect(clippy::disallowed_methods, reason = "a bench starts whole programs")]
        let child = Command::new(std::env::current_exe()?.with_file_name("pytoon-sim"))
            .args(["--listen", "127.0.0.1:0", "--scenario"])
            .arg(&scenario)
            .arg("--ready-file")
            .arg(&ready)
            .arg("--clips")
            .arg(folder.join("clips"))
            .stdout(Stdio::null())
            .spawn()
            .context("failed to start pytoon-sim")?;
        let mut simulator = Self { child, url: String::new() };
        let begun = Instant::now();
        while simulator.url.is_empty() {
            anyhow::ensure!(begun.elapsed() < Duration::from_secs(20), "pytoon-sim did not start");
            std::thread::sleep(Duration::from_millis(20));
            simulator.url = std::fs::read_to_string(&ready).unwrap_or_default().trim().to_owned();
        }
        Ok(simulator)
    }
}

impl Drop for Simulator {
    fn drop(&mut self) {
        // It has no state that must be saved.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Returns the CPU time that this process has used so far, as reported by the kernel, in seconds.
fn cpu() -> anyhow::Result<f64> {
    let all: f64 = std::fs::read_dir("/proc/self/task")?
        .flatten()
        .filter_map(|task| std::fs::read_to_string(task.path().join("schedstat")).ok())
        .filter_map(|line| line.split(' ').next()?.parse::<f64>().ok())
        .sum();
    Ok(all / 1e9)
}

/// Returns a field of `/proc/self/status`, in MiB.
fn memory(field: &str) -> anyhow::Result<f64> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find(|line| line.starts_with(field)).context("no such field")?;
    let kib: f64 = line.split_whitespace().nth(1).context("no figure")?.parse()?;
    Ok(kib / 1024.0)
}
