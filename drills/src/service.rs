//! Runs the service while everything around it breaks: a random process is killed every few seconds, PostgreSQL
//! crashes once, and the disk fills up once. Every job must end with its film, nothing may be paid for twice, and no
//! files may be left behind.

use crate::accounting::{by_task, duplicates, rows, submissions};
use crate::client::{Caller, brief};
use crate::dice::Dice;
use crate::engines::scenario;
use crate::fleet::{Fleet, free_port};
use crate::simulator::{Simulator, engine_yaml};
use crate::storage::{Disk, parts};
use crate::{note, number, result};
use anyhow::ensure;
use pytoon_records::job::JobStatus;
use pytoon_records::job::process::{ProcessStore, QueueState};
use pytoon_records::job::store::{JobFilter, JobStore};
use pytoon_store::Store;
use pytoon_testkit::postgres::Postgres;
use std::path::Path;
use std::time::{Duration, Instant};
use tokio::runtime::Runtime;

/// Default maximum duration of the drill, in seconds.
const LONGEST: u64 = 24 * 60;
/// The number of clients that submit jobs concurrently.
const CLIENTS: u64 = 4;
/// The duration of PostgreSQL's outage, and of the full disk.
const AWAY: Duration = Duration::from_secs(4);
const FULL: Duration = Duration::from_secs(10);
/// The time without a write after which partial files are removed, in seconds.
const PARTS_KEPT: u64 = 20;

/// The processes and the database of the service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// An API process and three workers, with PostgreSQL.
    Postgres,
    /// API and worker in one process, with SQLite.
    Sqlite,
}

struct Drill {
    kind: Kind,
    jobs: u64,
    fleet: Fleet,
    disk: Disk,
    postgres: Option<Postgres>,
    /// The URL of the database, or the path of its file.
    database: String,
    runtime: Runtime,
    dice: Dice,
    begun: Instant,
    longest: Duration,
}

/// Runs the service drill on the given database. `JOBS`, `SEED` and `LONGEST` in the environment replace the number
/// of jobs, the seed, and the maximum duration. With `KEEP`, a failed drill keeps its logs.
pub(crate) fn run(kind: Kind) -> anyhow::Result<()> {
    let seed = number("SEED", 1)?;
    let jobs = number("JOBS", 200)?;
    let keep = tempfile::Builder::new().prefix("pytoon-drill-").tempdir()?;
    let folder = keep.path();
    let disk = Disk::mount(&folder.join("storage"), 100 + 4 * jobs)?;
    let simulator = Simulator::start(folder, &scenario(seed), 20.0)?;
    configure(folder, &simulator.url)?;
    let postgres = (kind == Kind::Postgres).then(Postgres::start);
    let address = postgres.as_ref().map(Postgres::new_database);
    let file = folder.join("storage/pytoon.db").to_string_lossy().into_owned();
    let mut drill = Drill {
        kind,
        jobs,
        fleet: Fleet::new(folder, address.clone()),
        disk,
        postgres,
        database: address.unwrap_or(file),
        runtime: tokio::runtime::Builder::new_multi_thread().enable_all().build()?,
        dice: Dice::new(seed),
        begun: Instant::now(),
        longest: Duration::from_secs(number("LONGEST", LONGEST)?),
    };
    let lived = drill.live()?;
    let result = drill.conclude(&simulator, lived);
    if result.is_err() && std::env::var_os("KEEP").is_some() {
        note(&format!("logs are kept in {}", folder.display()));
        drill.disk.keep();
        let _ = keep.keep();
    }
    result
}

fn configure(folder: &Path, url: &str) -> anyhow::Result<()> {
    let config = folder.join("config");
    std::fs::create_dir_all(&config)?;
    std::fs::write(config.join("engine.yaml"), engine_yaml(url, ""))?;
    // Tasks are killed every second here, which must not count as their fault.
    let settings = format!(
        "service: {{lease_seconds: 4, parts_kept_seconds: {PARTS_KEPT}, most_attempts: 1000, \
         requests_per_minute: 0, submissions_per_minute: 0}}\n\
         storage: {{min_free_mib: 40}}\n\
         limits: {{min_free_disk_mib: 20, process_stall_seconds: 10}}\n"
    );
    std::fs::write(config.join("defaults.yaml"), settings)?;
    Ok(())
}

/// The observations of the drill while the service was running.
#[derive(Debug, Default)]
struct Lived {
    /// The number of retries of failed jobs.
    retried: u64,
    /// The number of jobs that ended with their film.
    done: u64,
    /// The number of tasks that ran at the end without a valid lease.
    leaseless: u64,
}

impl Drill {
    fn live(&mut self) -> anyhow::Result<Lived> {
        let port = free_port()?.to_string();
        match self.kind {
            Kind::Postgres => {
                self.fleet.add("api", &[], &["api", "--port", &port])?;
                for name in ["worker_1", "worker_2", "worker_3"] {
                    self.fleet.add(name, &[], &["worker"])?;
                }
            }
            Kind::Sqlite => {
                self.fleet.add("serve", &[], &["serve", "--port", &port])?;
            }
        }
        let first = if self.kind == Kind::Postgres { "api" } else { "serve" };
        let key = self.fleet.first_key(first)?;
        let caller = Caller::new(&format!("http://127.0.0.1:{port}"), &key)?;
        let store = self.runtime.block_on(Store::connect(&self.database))?;
        let submitting = self.submit_all(&caller);
        let mut lived = Lived::default();
        let (mut crashed, mut filled) = (false, false);
        let mut told = 0;
        loop {
            // If there is only one process, it gets some time between two kills.
            let least = if self.kind == Kind::Postgres { 1000 } else { 5000 };
            std::thread::sleep(Duration::from_millis(least + self.dice.below(least)));
            let place = self.dice.below(self.fleet.len() as u64) as usize;
            self.fleet.kill(place)?;
            self.fleet.start(place)?;
            let Some(queue) = self.look(&store) else { continue };
            let count = |status: JobStatus| queue.jobs.get(&status).copied().unwrap_or(0);
            let done = count(JobStatus::Done);
            if done >= told + self.jobs.div_ceil(10) {
                told = done;
                let (seconds, kills) = (self.begun.elapsed().as_secs(), self.fleet.kills);
                note(&format!("{done} jobs done after {seconds} s and {kills} kills"));
            }
            if !crashed && done >= self.jobs / 3 {
                crashed = true;
                self.crash_postgres();
            }
            if !filled && done >= self.jobs / 2 {
                filled = true;
                self.fill_disk()?;
            }
            if count(JobStatus::Failed) > 0 {
                lived.retried += self.retry_failed(&store, &caller)?;
            }
            if done == self.jobs {
                break;
            }
            if self.begun.elapsed() > self.longest {
                note(&format!("time is over: {:?}", queue.jobs));
                break;
            }
        }
        self.runtime.block_on(submitting)??;
        lived.done = self.films(&store)?;
        self.quiet(&store, &mut lived);
        Ok(lived)
    }

    /// Submits all jobs, a few at a time, regardless of the API's state.
    fn submit_all(&self, caller: &Caller) -> tokio::task::JoinHandle<anyhow::Result<()>> {
        let (caller, jobs) = (caller.clone(), self.jobs);
        self.runtime.spawn(async move {
            let mut clients = tokio::task::JoinSet::new();
            for client in 0..CLIENTS {
                let caller = caller.clone();
                clients.spawn(async move {
                    for job in (client..jobs).step_by(CLIENTS as usize) {
                        caller.submit(&brief(job), &format!("drill-{job}")).await?;
                    }
                    anyhow::Ok(())
                });
            }
            while let Some(client) = clients.join_next().await {
                client??;
            }
            Ok(())
        })
    }

    /// Returns the state of the queue; `None` if the database does not return it within ten seconds.
    fn look(&self, store: &Store) -> Option<QueueState> {
        let asked =
            async { tokio::time::timeout(Duration::from_secs(10), store.queue_state()).await };
        self.runtime.block_on(asked).ok()?.ok()
    }

    fn crash_postgres(&self) {
        let Some(postgres) = &self.postgres else { return };
        note("PostgreSQL is stopped at once and started again");
        postgres.stop();
        std::thread::sleep(AWAY);
        postgres.serve();
    }

    /// Fills the disk for [`FULL`], and kills and restarts processes in the meantime.
    fn fill_disk(&mut self) -> anyhow::Result<()> {
        let Some(filler) = self.disk.fill()? else { return Ok(()) };
        note("the disk is full");
        let begun = Instant::now();
        while begun.elapsed() < FULL {
            std::thread::sleep(Duration::from_millis(1500));
            let place = self.dice.below(self.fleet.len() as u64) as usize;
            self.fleet.kill(place)?;
            self.fleet.start(place)?;
        }
        std::fs::remove_file(filler)?;
        note("the disk has room again");
        Ok(())
    }

    /// Retries failed jobs as an operator would, and prints the reasons for their failures. Returns their number.
    fn retry_failed(&self, store: &Store, caller: &Caller) -> anyhow::Result<u64> {
        let filter =
            JobFilter { status: Some(JobStatus::Failed), limit: 100, ..JobFilter::default() };
        let Ok(failed) = self.runtime.block_on(store.job_list(filter)) else { return Ok(0) };
        for job in &failed {
            let error =
                job.error.as_ref().map(|e| format!("{} at {}: {}", e.code, e.stage, e.message));
            note(&format!("{} failed: {}", job.id, error.unwrap_or_default()));
            self.runtime.block_on(caller.retry(job.id.as_str()))?;
        }
        Ok(failed.len() as u64)
    }

    /// Returns the number of finished jobs whose film exists.
    fn films(&self, store: &Store) -> anyhow::Result<u64> {
        let limit = u32::try_from(self.jobs + 100)?;
        let filter = JobFilter { status: Some(JobStatus::Done), limit, ..JobFilter::default() };
        let done = self.runtime.block_on(store.job_list(filter))?;
        let film = |id: &str| self.fleet.folder.join("storage/jobs").join(id).join("output.mp4");
        let with_film = done.iter().filter(|job| {
            let is_there =
                std::fs::metadata(film(job.id.as_str())).is_ok_and(|file| file.len() > 1000);
            if !is_there {
                note(&format!("{} is done without a film", job.id));
            }
            is_there
        });
        Ok(with_film.count() as u64)
    }

    /// Waits until no task runs and no partial files are left, or gives up. Then closes the store.
    fn quiet(&self, store: &Store, lived: &mut Lived) {
        let begun = Instant::now();
        while begun.elapsed() < Duration::from_secs(3 * PARTS_KEPT) {
            std::thread::sleep(Duration::from_secs(1));
            let Some(queue) = self.look(store) else { continue };
            lived.leaseless = queue.running + queue.expired;
            if lived.leaseless == 0 && parts(&self.fleet.folder.join("storage")).is_empty() {
                break;
            }
        }
        self.runtime.block_on(store.close());
    }

    fn conclude(&mut self, simulator: &Simulator, lived: Lived) -> anyhow::Result<()> {
        let orphans = self.fleet.end()? + lived.leaseless as usize;
        let told = submissions(&simulator.get("/_sim/ledger")?);
        let rows = rows(&self.database)?;
        let duplicates = duplicates(&told, &by_task(&rows));
        for why in &duplicates {
            note(why);
        }
        let parts = parts(&self.fleet.folder.join("storage"));
        for part in &parts {
            note(&format!("left behind: {}", part.display()));
        }
        let seen = |event: &str| self.fleet.events(event).len();
        note(&format!(
            "seconds={} kills={} retried={} bought={} lease_taken_over={} lease_lost={} disk_full={} \
             parts_removed={} store_unavailable={}",
            self.begun.elapsed().as_secs(),
            self.fleet.kills,
            lived.retried,
            told.len(),
            seen("lease_taken_over"),
            seen("lease_lost"),
            seen("disk_full"),
            seen("parts_removed"),
            seen("store_unavailable"),
        ));
        let skipped = if self.disk.is_small() { "" } else { " disk_full=skipped_without_root" };
        let name = match self.kind {
            Kind::Postgres => "drill-service",
            Kind::Sqlite => "drill-service-sqlite",
        };
        result(&format!(
            "{name} jobs={} done={} duplicate_paid_submissions={} orphans={orphans} tmp_files={}{skipped}",
            self.jobs,
            lived.done,
            duplicates.len(),
            parts.len()
        ));
        ensure!(lived.done == self.jobs, "not every job ended with its film");
        ensure!(lived.retried == 0, "jobs failed and had to be told to go on");
        ensure!(duplicates.is_empty(), "clips were bought twice");
        ensure!(orphans == 0 && parts.is_empty(), "something was left behind");
        Ok(())
    }
}
