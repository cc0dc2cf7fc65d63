//! Uses two network namespaces as two machines: API, PostgreSQL and a worker in one, and workers in the other. Both
//! share the storage folder and reach the vendors. While jobs are running, the connection between the two is cut for
//! a minute. No work may be lost or done twice.
//!
//! A disconnected worker abandons its work by itself when its lease ends (`unheard`). A worker that is frozen in the
//! meantime does not notice the end of its lease, and its token stops it (`refused`). Both happen in this drill, and
//! both log lines are printed.

use crate::accounting::{by_task, duplicates, rows, submissions};
use crate::client::{Caller, brief};
use crate::engines::scenario;
use crate::fleet::Fleet;
use crate::simulator::{Simulator, engine_yaml};
use crate::storage::is_root;
use crate::{note, number, result};
use anyhow::{Context, ensure};
use pytoon_records::job::JobStatus;
use pytoon_records::job::process::ProcessStore;
use pytoon_store::Store;
use pytoon_testkit::postgres::Postgres;
use serde_json::Value;
use std::process::Command;
use std::time::{Duration, Instant};

/// The IP address of the vendors; the constants below are the two ends of the connection.
const WORLD: &str = "10.213.9.9";
const HERE: &str = "10.213.3.1";
const THERE: &str = "10.213.3.2";
/// The lease of a task, in seconds.
const LEASE: u64 = 5;
/// The time for which a worker is frozen, longer than its lease.
const FROZEN: Duration = Duration::from_secs(12);
/// Minimum number of ready tasks at the moment when workers are frozen.
const LEAST_READY: u64 = 6;
const PATIENCE: Duration = Duration::from_secs(900);

/// The two network namespaces, which are deleted when dropped.
struct Machines {
    here: String,
    there: String,
}

#[expect(clippy::disallowed_methods, reason = "a drill's own network")]
fn ip(line: &str) -> anyhow::Result<()> {
    let output = Command::new("ip").args(line.split(' ')).output().context("`ip` is missing")?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "ip {line}: {said}");
    Ok(())
}

impl Machines {
    fn new() -> anyhow::Result<Self> {
        let id = std::process::id();
        let machines = Self { here: format!("pytoon-a{id}"), there: format!("pytoon-b{id}") };
        ip(&format!("addr replace {WORLD}/32 dev lo"))?;
        let (here, there) = (&machines.here, &machines.there);
        for (name, net) in [(here, 1), (there, 2)] {
            let outside = format!("ptw{net}");
            // A killed drill leaves its end behind; usually there is none.
            let _ = ip(&format!("link del {outside}"));
            ip(&format!("netns add {name}"))?;
            ip(&format!("-n {name} link set lo up"))?;
            ip(&format!("link add {outside} type veth peer name world netns {name}"))?;
            ip(&format!("addr add 10.213.{net}.1/24 dev {outside}"))?;
            ip(&format!("link set {outside} up"))?;
            ip(&format!("-n {name} addr add 10.213.{net}.2/24 dev world"))?;
            ip(&format!("-n {name} link set world up"))?;
            ip(&format!("-n {name} route add {WORLD} via 10.213.{net}.1"))?;
        }
        ip(&format!("-n {here} link add line type veth peer name line netns {there}"))?;
        for (name, address) in [(here, HERE), (there, THERE)] {
            ip(&format!("-n {name} addr add {address}/24 dev line"))?;
            ip(&format!("-n {name} link set line up"))?;
        }
        Ok(machines)
    }

    /// Sets the connection between the two machines to `up` or `down`.
    fn line(&self, state: &str) -> anyhow::Result<()> {
        ip(&format!("-n {} link set line {state}", self.here))
    }
}

impl Drop for Machines {
    fn drop(&mut self) {
        for line in [
            format!("netns del {}", self.here),
            format!("netns del {}", self.there),
            format!("addr del {WORLD}/32 dev lo"),
        ] {
            if let Err(error) = ip(&line) {
                note(&error.to_string());
            }
        }
    }
}

/// Runs the network drill. `JOBS`, `SEED` and `CUT` in the environment replace the number of jobs, the seed, and the
/// seconds without a connection. Without root privileges, prints that the drill is skipped.
pub(crate) fn run() -> anyhow::Result<()> {
    if !is_root() {
        result("drill-netns skipped=needs_root");
        return Ok(());
    }
    let mut jobs = number("JOBS", 40)?;
    let cut = Duration::from_secs(number("CUT", 60)?);
    let machines = Machines::new()?;
    let keep = tempfile::Builder::new().prefix("pytoon-drill-").tempdir()?;
    let folder = keep.path();
    let simulator = Simulator::start_at(folder, &scenario(number("SEED", 1)?), 20.0, WORLD)?;
    std::fs::create_dir_all(folder.join("config"))?;
    std::fs::write(folder.join("config/engine.yaml"), engine_yaml(&simulator.url, ""))?;
    let settings = format!("service: {{lease_seconds: {LEASE}}}\n");
    std::fs::write(folder.join("config/defaults.yaml"), settings)?;
    let here = ["ip", "netns", "exec", &machines.here];
    let there = ["ip", "netns", "exec", &machines.there];
    let postgres = Postgres::start_at(HERE, &here);
    let database = postgres.new_database();
    let mut fleet = Fleet::new(folder, Some(database.clone()));
    // The address at which the drill itself reaches that machine.
    fleet.add("api", &here, &["api", "--bind", "0.0.0.0", "--port", "8000"])?;
    fleet.add("worker_a", &here, &["worker"])?;
    fleet.add("worker_b", &there, &["worker"])?;
    let frozen = fleet.add("worker_c", &there, &["worker"])?;
    let key = fleet.first_key("api")?;
    let caller = Caller::new("http://10.213.1.2:8000", &key)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    // The drill is outside of both: it reaches the server by a path that is not cut.
    let outside = database.replace(HERE, "10.213.1.2");
    let store = runtime.block_on(Store::connect(&outside))?;
    let submit = |job| runtime.block_on(caller.submit(&brief(job), &format!("netns-{job}")));
    for job in 0..jobs {
        submit(job)?;
    }
    let done = || -> u64 {
        let queue = runtime.block_on(store.queue_state()).unwrap_or_default();
        queue.jobs.get(&JobStatus::Done).copied().unwrap_or(0)
    };
    let begun = Instant::now();
    wait_until(|| done() >= jobs / 8)?;
    note("the line is cut, and one worker freezes");
    machines.line("down")?;
    fleet.signal(frozen, rustix::process::Signal::STOP);
    let cut_at = Instant::now();
    let before = done();
    while cut_at.elapsed() < cut {
        std::thread::sleep(Duration::from_millis(200));
    }
    note(&format!("the line is mended; {} jobs were made meanwhile", done() - before));
    machines.line("up")?;
    std::thread::sleep(FROZEN.saturating_sub(cut_at.elapsed()));
    fleet.signal(frozen, rustix::process::Signal::CONT);
    freeze_until_refused(&mut fleet, &store, &runtime, || {
        jobs += 1;
        submit(jobs - 1).map(drop)
    })?;
    wait_until(|| done() == jobs)?;
    let seconds = begun.elapsed().as_secs();
    runtime.block_on(store.close());
    let orphans = fleet.end()?;
    conclude(&fleet, &simulator, &outside, &Counts { jobs, done: jobs, orphans, seconds, cut })
}

/// Freezes two workers for longer than their leases, with an intact connection, until the database rejects the token
/// of one of them or time is up. Submits more jobs whenever fewer than [`LEAST_READY`] tasks are ready.
fn freeze_until_refused(
    fleet: &mut Fleet,
    store: &Store,
    runtime: &tokio::runtime::Runtime,
    mut one_more: impl FnMut() -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let begun = Instant::now();
    let is_refused =
        |fleet: &Fleet| fleet.events("lease_lost").iter().any(|(_, line)| line["why"] == "refused");
    while !is_refused(fleet) && begun.elapsed() < PATIENCE {
        let queue = runtime.block_on(store.queue_state())?;
        if queue.ready < LEAST_READY {
            for _ in 0..LEAST_READY {
                one_more()?;
            }
            std::thread::sleep(Duration::from_secs(1));
        }
        for place in [2, 3] {
            fleet.signal(place, rustix::process::Signal::STOP);
        }
        std::thread::sleep(FROZEN);
        for place in [2, 3] {
            fleet.signal(place, rustix::process::Signal::CONT);
        }
        std::thread::sleep(Duration::from_secs(3));
    }
    Ok(())
}

fn wait_until(is_so: impl Fn() -> bool) -> anyhow::Result<()> {
    let begun = Instant::now();
    while !is_so() {
        ensure!(begun.elapsed() < PATIENCE, "the jobs do not end");
        std::thread::sleep(Duration::from_millis(200));
    }
    Ok(())
}

struct Counts {
    jobs: u64,
    done: u64,
    orphans: usize,
    seconds: u64,
    cut: Duration,
}

fn conclude(
    fleet: &Fleet,
    simulator: &Simulator,
    database: &str,
    counts: &Counts,
) -> anyhow::Result<()> {
    let told = submissions(&simulator.get("/_sim/ledger")?);
    let rows = rows(database)?;
    let duplicates = duplicates(&told, &by_task(&rows));
    for why in &duplicates {
        note(why);
    }
    let lost = fleet.events("lease_lost");
    let of = |why: &'static str| lost.iter().filter(move |(_, line)| line["why"] == why);
    for why in ["unheard", "refused"] {
        if let Some((name, line)) = of(why).next() {
            note(&format!("{name}: {line}"));
        }
    }
    let finished = count_finished_twice(fleet);
    let Counts { jobs, done, orphans, seconds, cut } = counts;
    result(&format!(
        "drill-netns jobs={jobs} done={done} cut_seconds={} duplicate_paid_submissions={} \
         tasks_finished_twice={finished} lease_lost_unheard={} lease_lost_refused={} orphans={orphans} \
         seconds={seconds}",
        cut.as_secs(),
        duplicates.len(),
        of("unheard").count(),
        of("refused").count(),
    ));
    ensure!(duplicates.is_empty() && finished == 0, "something was made twice");
    ensure!(of("refused").count() > 0, "no token was refused");
    ensure!(of("unheard").count() > 0, "no worker noticed that it was cut off");
    ensure!(*orphans == 0, "something was left running");
    Ok(())
}

/// Returns the number of tasks that the workers' logs report as finished more than once.
fn count_finished_twice(fleet: &Fleet) -> usize {
    let mut seen = std::collections::HashMap::<(String, String), usize>::new();
    for (_, line) in fleet.events("task_finished") {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        *seen.entry((text(&line["job"]), text(&line["task"]))).or_default() += 1;
    }
    seen.values().filter(|count| **count > 1).count()
}
