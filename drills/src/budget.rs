//! Runs ten thousand jobs in two processes with restarts, each job with a budget of one dollar, and checks that no
//! budget is exceeded.

use crate::dice::Dice;
use crate::simulator::{Simulator, engine_yaml};
use crate::{note, number, result};
use anyhow::{Context, ensure};
use pytoon_config::secrets::Secrets;
use pytoon_config::{Config, ConfigSource};
use pytoon_engines::adapter::Ratio;
use pytoon_engines::clip_check::{ClipChecker, Expectation, Verdict};
use pytoon_engines::engine_manager::{EngineManager, EngineSet, ManagerParts, SceneOrder};
use pytoon_engines::engine_selector::SceneWish;
use pytoon_engines::picture_fit::AsTheyAre;
use pytoon_engines::world::RealWorld;
use pytoon_process::CancelToken;
use pytoon_records::ledger::{CallFilter, PurchaseStore, StoreFuture};
use pytoon_store::SqliteStore;
use pytoon_vocabulary::MicroUsd;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// The budget of a job, in US dollars.
const BUDGET_USD: f64 = 1.0;
/// The number of concurrent worker processes.
const PROCESSES: u64 = 2;
/// The number of concurrent jobs in one process.
const AT_ONCE: usize = 12;

/// Runs the budget drill. `JOBS` and `SEED` in the environment replace the number of jobs and the seed.
pub(crate) fn run() -> anyhow::Result<()> {
    let jobs = number("JOBS", 10_000)?;
    let seed = number("SEED", 1)?;
    let keep = tempfile::Builder::new().prefix("pytoon-budget-").tempdir()?;
    let folder = keep.path();
    let simulator = Simulator::start(folder, &scenario(seed), 2000.0)?;
    let config = folder.join("config");
    std::fs::create_dir_all(&config)?;
    std::fs::write(config.join("engine.yaml"), engine_yaml(&simulator.url, ""))?;
    let begun = Instant::now();
    let mut dice = Dice::new(seed);
    let mut restarts = 0u32;
    let mut lanes: Vec<(u64, Child, Instant)> =
        (0..PROCESSES).map(|lane| start(folder, lane, jobs)).collect::<anyhow::Result<_>>()?;
    // Each lane is killed at times and restarted; it resumes with its unfinished jobs.
    while !lanes.is_empty() {
        std::thread::sleep(Duration::from_millis(50));
        let mut next = Vec::new();
        for (lane, mut child, started) in lanes {
            if let Some(status) = child.try_wait()? {
                ensure!(status.success(), "worker {lane} failed: {status}");
                continue;
            }
            let old = started.elapsed() > Duration::from_secs(8 + dice.below(8));
            if old {
                child.kill()?;
                child.wait()?;
                restarts += 1;
                next.push(start(folder, lane, jobs)?);
            } else {
                next.push((lane, child, started));
            }
        }
        lanes = next;
    }
    note(&format!("done in {} s; adding up", begun.elapsed().as_secs()));
    conclude(folder, &simulator, jobs, restarts)
}

fn scenario(seed: u64) -> Value {
    json!({
        "seed": seed,
        "defaults": {"queue_ms": 100, "run_ms": 200},
        "rules": [
            {"step": "submit", "fault": "drop_after_accept", "probability": 0.02},
            {"step": "submit", "fault": "unavailable", "probability": 0.03},
            {"step": "submit", "fault": "moderation", "probability": 0.03},
            {"step": "poll", "fault": "failed", "probability": 0.03},
        ]
    })
}

fn start(folder: &Path, lane: u64, jobs: u64) -> anyhow::Result<(u64, Child, Instant)> {
    #[expect(clippy::disallowed_methods, reason = "a drill starts whole programs")]
    let child = Command::new(std::env::current_exe()?)
        .args(["budget-worker", &lane.to_string(), &jobs.to_string()])
        .arg(folder)
        .env("RUNWAY_API_KEY", "key_drill_runway")
        .env("PIKA_API_KEY", "drill_pika")
        .env("LUMA_API_KEY", "luma-api-drill")
        .stdin(Stdio::null())
        .spawn()
        .context("failed to start a worker")?;
    Ok((lane, child, Instant::now()))
}

/// A checker that accepts any clip, since this drill is about money.
#[derive(Debug)]
struct AnyClip;

impl ClipChecker for AnyClip {
    fn check(&self, _: PathBuf, wanted: Expectation) -> StoreFuture<'_, Verdict> {
        let duration_ms = i64::from(wanted.asked_ms);
        Box::pin(async move { Ok(Verdict::Usable { duration_ms, changed: false }) })
    }
}

/// Runs every unfinished job of a lane. This is the entry point of a worker process.
pub(crate) fn worker(args: &[String]) -> anyhow::Result<()> {
    let [lane, jobs, folder] = args else { anyhow::bail!("budget-worker LANE JOBS FOLDER") };
    let (lane, jobs): (u64, u64) = (lane.parse()?, jobs.parse()?);
    let folder = PathBuf::from(folder);
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    runtime.block_on(async move {
        let config = Config::load(&ConfigSource::Folder(folder.join("config")))?;
        let engines =
            EngineSet::build(config.engines.clone(), &config.engines_at, Secrets::default())?;
        let storage = folder.join("storage");
        let store = SqliteStore::open(&storage.join("pytoon.db")).await?;
        let manager = Arc::new(EngineManager::new(ManagerParts {
            engines,
            reloader: None,
            store: Arc::new(store),
            checker: Arc::new(AnyClip),
            fitter: Arc::new(AsTheyAre),
            world: Arc::new(RealWorld),
            storage: storage.into(),
            cancel: CancelToken::default(),
        }));
        let places = Arc::new(tokio::sync::Semaphore::new(AT_ONCE));
        let mut running = tokio::task::JoinSet::new();
        let done = folder.join("done");
        std::fs::create_dir_all(&done)?;
        for job in (0..jobs).filter(|job| job % PROCESSES == lane) {
            let mark = done.join(job.to_string());
            if mark.is_file() {
                continue;
            }
            let place = places.clone().acquire_owned().await?;
            let manager = manager.clone();
            running.spawn(async move {
                let _place = place;
                one_job(&manager, job).await?;
                std::fs::write(mark, b"")?;
                anyhow::Ok(())
            });
            while let Some(ended) = running.try_join_next() {
                ended??;
            }
        }
        while let Some(ended) = running.join_next().await {
            ended??;
        }
        Ok(())
    })
}

/// Draws one to six scenes of a job. After each scene it randomly waits for all scenes or begins the next one at
/// once.
async fn one_job(manager: &Arc<EngineManager>, job: u64) -> anyhow::Result<()> {
    let mut dice = Dice::new(job ^ 0xb0d9);
    let scenes = 1 + dice.below(6);
    let mut running = tokio::task::JoinSet::new();
    for scene in 0..scenes {
        let prompt = format!("job {job} scene {scene}");
        let explicit = ["runway", "pika", "luma"][dice.below(3) as usize];
        let needed_ms = 1000 + dice.below(8000) as i64;
        let manager = manager.clone();
        running.spawn(async move {
            let budget_left = Some(MicroUsd::from_usd(BUDGET_USD));
            let wish = SceneWish {
                explicit: Some(explicit),
                prompt: &prompt,
                budget: budget_left,
                ..SceneWish::default()
            };
            let chain = manager.resolve(&wish, needed_ms).await;
            let order = SceneOrder {
                job_id: format!("job_{job}").into(),
                scene_id: format!("scene_{scene}").into(),
                chain,
                prompt,
                negative_prompt: None,
                image: None,
                needed_ms,
                ratio: Ratio { width: 9, height: 16 },
                seed: job as u32,
                brand_safe: false,
                deadline: None,
                job_budget: budget_left,
                asks_anew: false,
                only_own: false,
            };
            manager.draw_to_end(&order).await
        });
        if dice.below(2) == 0 {
            while let Some(ended) = running.join_next().await {
                ended??;
            }
        }
    }
    while let Some(ended) = running.join_next().await {
        ended??;
    }
    Ok(())
}

fn conclude(folder: &Path, simulator: &Simulator, jobs: u64, restarts: u32) -> anyhow::Result<()> {
    let told = simulator.get("/_sim/ledger")?;
    let mut by_job: BTreeMap<String, MicroUsd> = BTreeMap::new();
    let mut vendor_total = MicroUsd::ZERO;
    for s in told["submissions"].as_array().into_iter().flatten() {
        let charged = MicroUsd::from_usd(s["charged_usd"].as_f64().unwrap_or(0.0));
        vendor_total += charged;
        // The prompt contains the job's number, even after rephrasing.
        let prompt = s["prompt"].as_str().unwrap_or_default();
        let job = prompt.split("job ").nth(1).and_then(|rest| rest.split(' ').next());
        if let Some(job) = job {
            *by_job.entry(job.to_owned()).or_default() += charged;
        }
    }
    let budget = MicroUsd::from_usd(BUDGET_USD);
    let over: Vec<_> = by_job.iter().filter(|(_, usd)| **usd > budget).collect();
    for (job, usd) in over.iter().take(10) {
        note(&format!("job {job} was charged {usd}"));
    }
    let most = by_job.values().max().copied().unwrap_or_default();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let database = folder.join("storage").join("pytoon.db");
    let rows = runtime.block_on(async {
        SqliteStore::open(&database).await?.call_list(CallFilter::default()).await
    })?;
    let ledger_total: MicroUsd = rows.iter().map(|row| row.charged).sum();
    let refused = rows.len();
    result(&format!(
        "drill-budget jobs={jobs} processes={PROCESSES} restarts={restarts} calls={refused} over_budget={} most_usd={:.2} vendor_usd={:.2} ledger_usd={:.2}",
        over.len(),
        most.as_usd(),
        vendor_total.as_usd(),
        ledger_total.as_usd(),
    ));
    ensure!(over.is_empty(), "a budget was exceeded");
    ensure!(ledger_total >= vendor_total, "the ledger knows of less than the vendors charged");
    ensure!(
        by_job.len() as u64 > jobs / 2,
        "hardly any job bought anything: the drill shows nothing"
    );
    Ok(())
}
