//! Performs everything that an attacker with a low-privilege key can do at once, beside honest jobs. The honest films
//! must be rendered, the service must respond to its probe, and its memory must stay within its limits.
//!
//! The attack is a separate process (`attack-load`) at niceness 10. The probe runs in this process at normal
//! priority, and probes a bare hyper server in the same way at the same time.

mod load;
mod probe;

use crate::client::Caller;
use crate::fleet::{Fleet, free_port};
use crate::{note, number, proc, result};
use anyhow::{Context, ensure};
use pytoon_testkit::postgres::Postgres;
use serde_json::{Value, json};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

pub(crate) use load::run as load;

/// Maximum resident memory of `serve`, in MiB: the budgets for decoding (256), responses (64) and uploads, and the
/// rest of a process that renders films on two cores.
const MOST_RSS_MIB: u64 = 600;
/// Maximum 99th percentile of the probe's response times, in milliseconds, unless three times that of the bare server
/// is larger.
const MOST_LIVEZ_MS: f64 = 50.0;
/// The timeout of an honest job after the attack.
const PATIENCE: Duration = Duration::from_secs(600);
/// The interval between measurements of memory and files.
const LOOK: Duration = Duration::from_millis(250);

/// Runs the attack drill on PostgreSQL or, if `is_postgres` is false, on SQLite. `JOBS` and `SECONDS` in the
/// environment replace the number of honest jobs and the duration of the attack.
pub(crate) fn run(is_postgres: bool) -> anyhow::Result<()> {
    let jobs = number("JOBS", 100)?;
    let seconds = number("SECONDS", 600)?;
    let keep = tempfile::Builder::new().prefix("pytoon-drill-").tempdir()?;
    let folder = keep.path();
    std::fs::create_dir_all(folder.join("config"))?;
    let settings = "service: {requests_per_minute: 0, submissions_per_minute: 0}\n\
                    assets: {max_mib: 200}\n";
    std::fs::write(folder.join("config/defaults.yaml"), settings)?;
    let postgres = is_postgres.then(Postgres::start);
    let mut fleet = Fleet::new(folder, postgres.as_ref().map(Postgres::new_database));
    let port = free_port()?;
    let place = fleet.add("serve", &[], &["serve", "--port", &port.to_string()])?;
    let admin = fleet.first_key("serve")?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let honest = Caller::new(&format!("http://127.0.0.1:{port}"), &admin)?;
    let process = fleet.id(place).context("the service runs")?;
    let hostile = hostile_key(folder, postgres.is_some(), &fleet)?;
    let bare = runtime.block_on(probe::bare_server())?;
    let begun = Instant::now();
    let ends = begun + Duration::from_secs(seconds);
    let mut attack = Attack(start_load(port, &hostile, seconds)?);
    let probes = std::thread::spawn(move || probe::both(port, bare, ends));
    let pause = Duration::from_secs(seconds).checked_div(jobs as u32 + 1).unwrap_or(LOOK);
    let mut peaks = Peaks::default();
    let mut ids: Vec<String> = Vec::new();
    while Instant::now() < ends {
        let due = begun + pause * (ids.len() as u32 + 1);
        if (ids.len() as u64) < jobs && Instant::now() >= due {
            let brief = film(ids.len());
            let mark = format!("attack-{}", ids.len());
            ids.push(runtime.block_on(honest.submit(&brief, &mark))?);
        }
        peaks.look(process);
        std::thread::sleep(LOOK);
    }
    attack.end();
    let (mut livez, mut bare) =
        probes.join().map_err(|_| anyhow::anyhow!("the probe broke off"))?;
    let (mut done, mut failed) = (0, 0);
    let since = Instant::now();
    for id in &ids {
        loop {
            let job = runtime.block_on(honest.get(&format!("/api/v2/jobs/{id}")))?;
            match job["status"].as_str().unwrap_or_default() {
                "done" => done += 1,
                "failed" | "held" | "cancelled" => {
                    note(&format!("{id}: {}", job["error"]));
                    failed += 1;
                }
                status => {
                    ensure!(since.elapsed() < PATIENCE, "{id} is still {status}");
                    peaks.look(process);
                    std::thread::sleep(LOOK);
                    continue;
                }
            }
            break;
        }
    }
    let stopping = Instant::now();
    let orphans = fleet.end()?;
    let stopped_ms = stopping.elapsed().as_millis();
    let (livez_p99, bare_p99) = (p99(&mut livez), p99(&mut bare));
    result(&format!(
        "drill-attack jobs={} done={done} failed={failed} livez_p99_ms={livez_p99:.1} \
         bare_p99_ms={bare_p99:.1} rss_peak_mib={} tree_peak_mib={} fds_peak={} probes={} \
         orphans={orphans} stop_ms={stopped_ms} database={}",
        ids.len(),
        peaks.rss_mib,
        peaks.tree_mib,
        peaks.files,
        livez.len(),
        if is_postgres { "postgres" } else { "sqlite" },
    ));
    ensure!(done == jobs && failed == 0, "an honest job came to nothing");
    ensure!(peaks.rss_mib <= MOST_RSS_MIB, "the service held {} MiB", peaks.rss_mib);
    ensure!(livez_p99 <= MOST_LIVEZ_MS.max(3.0 * bare_p99), "the probe waited {livez_p99:.1} ms");
    ensure!(orphans == 0, "something was left behind");
    Ok(())
}

/// Creates an API key with the scope `submit` for the attacker, as an operator would.
fn hostile_key(
    folder: &std::path::Path,
    is_postgres: bool,
    fleet: &Fleet,
) -> anyhow::Result<String> {
    #[expect(clippy::disallowed_methods, reason = "a drill starts whole programs")]
    let mut command = Command::new(crate::simulator::program("pytoon")?);
    command.args(["-q", "keys", "add", "mallory", "--scope", "submit"]).current_dir(folder);
    if let (true, Some(address)) = (is_postgres, fleet.database()) {
        command.env("DATABASE_URL", address);
    }
    let said = command.output()?;
    let key = String::from_utf8_lossy(&said.stdout).trim().to_owned();
    ensure!(key.starts_with("pyt_"), "no key: {}", String::from_utf8_lossy(&said.stderr));
    Ok(key)
}

/// Returns the brief of an honest film. Each number gives a different text.
fn film(number: usize) -> Value {
    json!({
        "script": format!("Honest film number {number}. Fresh bread, every morning."),
        "profile": "test", "target_duration_seconds": 4,
    })
}

fn start_load(port: u16, key: &str, seconds: u64) -> anyhow::Result<Child> {
    #[expect(clippy::disallowed_methods, reason = "a drill starts whole programs")]
    let mut command = Command::new("nice");
    command.args(["-n", "10"]).arg(std::env::current_exe()?);
    command.args(["attack-load", &port.to_string(), key, &seconds.to_string()]);
    Ok(command.stdin(Stdio::null()).spawn()?)
}

/// The attack process, which is killed when this value is dropped.
struct Attack(Child);

impl Attack {
    fn end(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Drop for Attack {
    fn drop(&mut self) {
        self.end();
    }
}

/// The highest measured memory and number of open files of the service.
#[derive(Debug, Default)]
struct Peaks {
    rss_mib: u64,
    tree_mib: u64,
    files: usize,
}

impl Peaks {
    fn look(&mut self, process: u32) {
        let own = rss_mib(process);
        let below: u64 = proc::below(process).iter().map(|process| rss_mib(process.id)).sum();
        self.rss_mib = self.rss_mib.max(own);
        self.tree_mib = self.tree_mib.max(own + below);
        let files = std::fs::read_dir(format!("/proc/{process}/fd")).map_or(0, Iterator::count);
        self.files = self.files.max(files);
    }
}

fn rss_mib(process: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
    kib.unwrap_or(0) >> 10
}

/// Sorts a list of times, and returns their 99th percentile; infinity without times.
fn p99(times_ms: &mut [f64]) -> f64 {
    times_ms.sort_by(f64::total_cmp);
    times_ms.get(times_ms.len() * 99 / 100).copied().unwrap_or(f64::INFINITY)
}
