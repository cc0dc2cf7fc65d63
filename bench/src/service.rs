//! Compares the cost of the service's queue on PostgreSQL with a plain `INSERT` of a job's row in the same run:
//! submissions over HTTP, claims, the wait from submission to the first task, and the API's memory.

use anyhow::{Context, ensure};
use pytoon_records::job::queue::TaskQueue;
use pytoon_store::Store;
use pytoon_testkit::postgres::Postgres;
use pytoon_testkit::service::Service;
use reqwest::Client;
use serde_json::{Value, json};
use sqlx::any::AnyPoolOptions;
use sqlx::{AnyPool, Executor, Row};
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};
use tokio::task::JoinSet;

/// The number of clients that submit jobs concurrently.
const CLIENTS: u64 = 64;
/// The number of database connections of one process, the same as in the service.
const CONNECTIONS: u32 = 16;
/// The numbers of workers that claim tasks concurrently, one for each measurement.
const CLAIMERS: [u64; 3] = [1, 4, 16];
/// The number of submissions to an idle service.
const IDLE_STARTS: u64 = 20;

/// Runs the service benchmark and prints its rates. `JOBS` in the environment replaces the number of jobs.
pub(crate) fn run() -> anyhow::Result<()> {
    let jobs = match std::env::var("JOBS") {
        Ok(text) => text.parse().context("JOBS is no whole number")?,
        Err(_) => 10_000,
    };
    // The client requires a provider, even for plain HTTP.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let postgres = Postgres::start();
    let folder = tempfile::tempdir()?;
    let database = postgres.new_database();
    // One key sends all requests: its rate limit is not measured here.
    let config = folder.path().join("config");
    std::fs::create_dir_all(&config)?;
    let settings = "service: {requests_per_minute: 0, submissions_per_minute: 0}\n";
    std::fs::write(config.join("defaults.yaml"), settings)?;
    let api = start(folder.path(), &database, "api")?;
    let pool = runtime.block_on(pool(&database))?;
    std::thread::sleep(Duration::from_secs(3));
    let idle_mib = resident_mib(api.id())?;
    println!("service: API idle {idle_mib:.1} MiB (goal: under 40)");

    let floor = runtime.block_on(floor(&pool, jobs))?;
    println!("service: plain INSERT at {CLIENTS} clients {floor}");
    let most = Arc::new(AtomicU64::new(0));
    let ended = Arc::new(AtomicBool::new(false));
    let watch = watch(api.id(), most.clone(), ended.clone());
    let submitted = runtime.block_on(submissions(&api, jobs))?;
    ended.store(true, Ordering::Relaxed);
    let _ = watch.join();
    let load_mib = most.load(Ordering::Relaxed) as f64 / 1024.0;
    println!(
        "service: submissions over HTTP at {CLIENTS} clients {submitted}; {:.2} of a plain INSERT; \
         API {load_mib:.1} MiB under load",
        submitted.rate / floor.rate
    );
    let mut claims = Vec::new();
    let store = Arc::new(runtime.block_on(Store::connect(&database))?);
    for claimers in CLAIMERS {
        let wanted = (jobs / 5).min(500 * claimers);
        let plain = runtime.block_on(inserts(&pool, wanted, claimers))?;
        let claimed = runtime.block_on(measure_claims(&store, wanted, claimers))?;
        println!(
            "service: claims by {claimers} {claimed}; {:.2} of a plain INSERT by as many",
            claimed.rate / plain.rate
        );
        claims.push(claimed.rate);
    }
    drop(api);
    let waits = idle_starts(&postgres, &runtime)?;
    println!(
        "service: submission to first task when idle: median {} ms, worst of {IDLE_STARTS} {} ms \
         (goal: under 50)",
        waits[waits.len() / 2],
        waits[waits.len() - 1]
    );
    println!(
        "bench-service jobs={jobs} submit_per_s={:.0} submit_p99_ms={:.1} insert_per_s={:.0} \
         insert_p99_ms={:.1} submit_to_insert={:.2} claims_1={:.0} claims_4={:.0} claims_16={:.0} \
         idle_start_ms={} idle_start_worst_ms={} api_idle_mib={idle_mib:.1} api_load_mib={load_mib:.1} \
         build={}",
        submitted.rate,
        submitted.p99_ms,
        floor.rate,
        floor.p99_ms,
        submitted.rate / floor.rate,
        claims[0],
        claims[1],
        claims[2],
        waits[waits.len() / 2],
        waits[waits.len() - 1],
        if cfg!(debug_assertions) { "dev" } else { "release" },
    );
    Ok(())
}

/// The rate per second, and the 99th percentile of the durations.
struct Speed {
    rate: f64,
    p99_ms: f64,
}

impl std::fmt::Display for Speed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:.0}/s, p99 {:.1} ms", self.rate, self.p99_ms)
    }
}

/// Runs `work` `count` times, `at_once` of them concurrently, and measures the rate and the durations.
async fn measure_throughput<W, F>(count: u64, at_once: u64, work: W) -> anyhow::Result<Speed>
where
    W: Fn(u64) -> F + Clone + Send + 'static,
    F: Future<Output = anyhow::Result<()>> + Send,
{
    let next = Arc::new(AtomicU64::new(0));
    let begun = Instant::now();
    let mut workers = JoinSet::new();
    for _ in 0..at_once {
        let (next, work) = (next.clone(), work.clone());
        workers.spawn(async move {
            let mut took = Vec::new();
            loop {
                let n = next.fetch_add(1, Ordering::Relaxed);
                if n >= count {
                    return anyhow::Ok(took);
                }
                let began = Instant::now();
                work(n).await?;
                took.push(began.elapsed().as_secs_f64() * 1000.0);
            }
        });
    }
    let mut took = Vec::new();
    while let Some(worker) = workers.join_next().await {
        took.extend(worker??);
    }
    let rate = count as f64 / begun.elapsed().as_secs_f64();
    took.sort_by(f64::total_cmp);
    let p99_ms = took.get(took.len() * 99 / 100).copied().unwrap_or_default();
    Ok(Speed { rate, p99_ms })
}

async fn pool(database: &str) -> anyhow::Result<AnyPool> {
    sqlx::any::install_default_drivers();
    Ok(AnyPoolOptions::new().max_connections(CONNECTIONS).connect(database).await?)
}

/// Measures the database's speed without the service: inserts bare job rows into a table with the columns and indexes
/// of `jobs`.
async fn floor(pool: &AnyPool, jobs: u64) -> anyhow::Result<Speed> {
    pool.execute("CREATE TABLE plain (LIKE jobs INCLUDING ALL)").await?;
    inserts(pool, jobs, CLIENTS).await
}

async fn inserts(pool: &AnyPool, count: u64, at_once: u64) -> anyhow::Result<Speed> {
    pool.execute("TRUNCATE plain").await?;
    let pool = pool.clone();
    let brief = brief(0).to_string();
    measure_throughput(count, at_once, move |n| {
        let (pool, brief) = (pool.clone(), brief.clone());
        async move {
            sqlx::query(
                "INSERT INTO plain (id, key_id, status, brief, events, created_at, updated_at) \
                 VALUES ($1, 'k', 'queued', $2, 0, 0, 0)",
            )
            .bind(format!("plain-{n}"))
            .bind(brief)
            .execute(&pool)
            .await?;
            Ok(())
        }
    })
    .await
}

fn brief(job: u64) -> Value {
    json!({
        "script": format!("Bench {job}. Bread and butter, salt and pepper."),
        "profile": "test", "voice": "off", "captions": "off", "music_source": "none",
        "target_duration_seconds": 2,
    })
}

async fn submissions(api: &Service, jobs: u64) -> anyhow::Result<Speed> {
    let client = Client::builder().build()?;
    let (address, key) = (api.address.clone(), api.key.clone());
    measure_throughput(jobs, CLIENTS, move |n| {
        let url = format!("http://{address}/api/v2/jobs");
        let request = client.post(url).bearer_auth(&key).json(&brief(n));
        async move {
            let answer = request.send().await?;
            ensure!(answer.status() == 202, "{}", answer.text().await?);
            answer.bytes().await?;
            Ok(())
        }
    })
    .await
}

async fn measure_claims(store: &Arc<Store>, count: u64, at_once: u64) -> anyhow::Result<Speed> {
    let store = store.clone();
    measure_throughput(count, at_once, move |_| {
        let store = store.clone();
        async move {
            let lease = store.task_claim("bench", Duration::from_secs(3600)).await?;
            ensure!(lease.is_some(), "there are too few jobs to claim");
            Ok(())
        }
    })
    .await
}

/// Submits jobs to an idle service. Returns the sorted times from submission to the first task, in milliseconds by
/// the database's clock.
fn idle_starts(postgres: &Postgres, runtime: &tokio::runtime::Runtime) -> anyhow::Result<Vec<i64>> {
    let folder = tempfile::tempdir()?;
    let database = postgres.new_database();
    let api = start(folder.path(), &database, "api")?;
    let _worker = start(folder.path(), &database, "worker")?;
    // Health checks at the start are not part of a job.
    std::thread::sleep(Duration::from_secs(2));
    for n in 0..IDLE_STARTS {
        let id = api.submit(&brief(n));
        api.until(&id, "done");
        // At varying offsets to the worker's poll interval.
        std::thread::sleep(Duration::from_millis(130 + 37 * n));
    }
    let mut waits: Vec<i64> = runtime.block_on(async {
        let pool = pool(&database).await?;
        let rows = sqlx::query("SELECT started_at - created_at AS waited FROM jobs")
            .fetch_all(&pool)
            .await?;
        rows.iter().map(|row| Ok(row.try_get("waited")?)).collect::<anyhow::Result<_>>()
    })?;
    waits.sort_unstable();
    ensure!(!waits.is_empty(), "no job was started");
    Ok(waits)
}

fn start(folder: &Path, database: &str, role: &str) -> anyhow::Result<Service> {
    let program = std::env::current_exe()?.with_file_name("pytoon");
    ensure!(program.is_file(), "{} is not built", program.display());
    #[expect(clippy::disallowed_methods, reason = "a bench starts the whole program")]
    let mut command = Command::new(program);
    command.arg(role).current_dir(folder).env("DATABASE_URL", database);
    if role == "api" {
        command.args(["--port", "0"]);
    }
    Ok(Service::start(&mut command, folder, role))
}

fn resident_mib(process: u32) -> anyhow::Result<f64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).context("no VmRSS")?;
    let kib: f64 = line.trim().trim_end_matches(" kB").parse()?;
    Ok(kib / 1024.0)
}

/// Starts a thread that records the maximum resident memory of a process, in KiB, until `ended` is set.
fn watch(
    process: u32,
    most: Arc<AtomicU64>,
    ended: Arc<AtomicBool>,
) -> std::thread::JoinHandle<()> {
    std::thread::spawn(move || {
        while !ended.load(Ordering::Relaxed) {
            if let Ok(mib) = resident_mib(process) {
                most.fetch_max((mib * 1024.0) as u64, Ordering::Relaxed);
            }
            std::thread::sleep(Duration::from_millis(50));
        }
    })
}
