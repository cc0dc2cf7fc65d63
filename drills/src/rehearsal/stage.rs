//! A scratch instance for drills, with its own folder, ports, vendors and Prometheus.

use super::prometheus::Prometheus;
use crate::client::Caller;
use crate::fleet::{Fleet, free_port};
use crate::note;
use crate::simulator::{Simulator, engine_yaml, program};
use crate::storage::Disk;
use anyhow::{Context, bail, ensure};
use pytoon_testkit::postgres::Postgres;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};
use tokio::runtime::Runtime;

/// The timeout for an alert to fire, or to resolve.
const ALERT_PATIENCE: Duration = Duration::from_secs(150);
/// The timeout for the last films.
const FILM_PATIENCE: Duration = Duration::from_secs(240);
/// The number of films that are kept in progress.
const UNDER_WAY: usize = 4;
/// The interval between polls of the service.
const LOOK: Duration = Duration::from_millis(500);

/// The configuration of a scratch instance.
pub(super) struct Setup {
    /// The names of the processes, with their arguments.
    pub(super) processes: &'static [(&'static str, &'static [&'static str])],
    /// True if the instance uses PostgreSQL.
    pub(super) postgres: bool,
    /// The size of a small disk for the storage, in MiB; `None` for no separate disk.
    pub(super) disk_mib: Option<u64>,
    /// The content of `config/defaults.yaml`. `{sim}` stands for the simulator's URL, and `{folder}` for the
    /// instance's folder.
    pub(super) settings: &'static str,
    /// The text that is appended to `config/engine.yaml`.
    pub(super) engines: &'static str,
    /// The content of `.env`.
    pub(super) env: &'static str,
    /// The scrape interval, in seconds.
    pub(super) scrape_s: u32,
}

/// The processes of an instance with one process for both roles.
pub(super) const SERVE: &[(&str, &[&str])] = &[("serve", &["serve"])];
/// The processes of an instance with one API process and one worker.
pub(super) const TWO: &[(&str, &[&str])] = &[("api", &["api"]), ("worker", &["worker"])];

impl Default for Setup {
    fn default() -> Self {
        Self {
            processes: SERVE,
            postgres: false,
            disk_mib: None,
            settings: "",
            engines: "",
            env: "",
            scrape_s: 1,
        }
    }
}

/// The result of a drill.
#[derive(Debug, Default)]
pub(super) struct Report {
    pub(super) alert: &'static str,
    /// The time from the fault to the alert, in seconds.
    pub(super) alert_s: f64,
    /// The time from the fix until the alert resolves.
    pub(super) recovered_s: f64,
    pub(super) jobs: usize,
    pub(super) done: usize,
}

/// A running scratch instance, on which a drill is performed.
pub(super) struct Stage {
    pub(super) folder: PathBuf,
    pub(super) fleet: Fleet,
    pub(super) disk: Option<Disk>,
    pub(super) postgres: Option<Postgres>,
    pub(super) runtime: Runtime,
    pub(super) caller: Caller,
    port: u16,
    prometheus: Option<Prometheus>,
    simulator: Simulator,
    database: Option<String>,
    /// A function that creates the brief with a given number.
    brief: Box<dyn Fn(u64) -> Value>,
    jobs: Vec<String>,
    open: Vec<String>,
    since: Instant,
    report: Report,
    keep: tempfile::TempDir,
}

impl Stage {
    /// Starts a scratch instance. `alert` names the alert that must fire. Without `with_alerts`, no Prometheus is
    /// started.
    pub(super) fn new(
        setup: &Setup,
        alert: &'static str,
        with_alerts: bool,
        brief: impl Fn(u64) -> Value + 'static,
    ) -> anyhow::Result<Self> {
        let keep = tempfile::Builder::new().prefix("pytoon-drill-").tempdir()?;
        let folder = keep.path().to_owned();
        let disk = match setup.disk_mib {
            Some(mib) => Some(Disk::mount(&folder.join("storage"), mib)?),
            None => None,
        };
        let simulator = Simulator::start(&folder, &calm(), 20.0)?;
        std::fs::create_dir_all(folder.join("config"))?;
        std::fs::create_dir_all(folder.join("log"))?;
        let settings = format!(
            "service: {{lease_seconds: 4, requests_per_minute: 0, submissions_per_minute: 0}}\n{}",
            setup
                .settings
                .replace("{sim}", &simulator.url)
                .replace("{folder}", &folder.to_string_lossy())
        );
        std::fs::write(folder.join("config/defaults.yaml"), settings)?;
        std::fs::write(
            folder.join("config/engine.yaml"),
            engine_yaml(&simulator.url, setup.engines),
        )?;
        std::fs::write(folder.join(".env"), setup.env)?;
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
        let postgres = setup.postgres.then(Postgres::start);
        let database = postgres.as_ref().map(Postgres::new_database);
        let port = free_port()?;
        let mut fleet = Fleet::new(&folder, database.clone());
        for (name, args) in setup.processes {
            let number = port.to_string();
            let mut args = args.to_vec();
            args.extend(["--log-dir", "log"]);
            if *name != "worker" {
                args.extend(["--port", &number]);
            }
            fleet.add(name, &[], &args)?;
        }
        let key = fleet.first_key(setup.processes[0].0)?;
        let caller = Caller::new(&format!("http://127.0.0.1:{port}"), &key)?;
        let prometheus = if with_alerts {
            let scraped = format!("127.0.0.1:{port}");
            let prometheus = Prometheus::start(&folder, &scraped, setup.scrape_s, free_port()?)?;
            runtime.block_on(prometheus.ready())?;
            Some(prometheus)
        } else {
            None
        };
        Ok(Self {
            folder,
            fleet,
            disk,
            postgres,
            runtime,
            caller,
            port,
            prometheus,
            simulator,
            database,
            brief: Box::new(brief),
            jobs: Vec::new(),
            open: Vec::new(),
            since: Instant::now(),
            report: Report { alert, ..Report::default() },
            keep,
        })
    }

    /// Replaces the scenario of the simulated vendors.
    pub(super) fn vendors(&self, scenario: &Value) -> anyhow::Result<()> {
        let url = format!("{}/_sim/scenario", self.simulator.url);
        self.runtime.block_on(async {
            let client = reqwest::Client::new();
            let answer = client.put(url).body(scenario.to_string()).send().await?;
            ensure!(answer.status().is_success(), "{}", answer.text().await?);
            Ok(())
        })
    }

    /// Replaces text in a configuration file, which must contain it.
    pub(super) fn edit(&self, file: &str, from: &str, to: &str) -> anyhow::Result<()> {
        let path = self.folder.join(file);
        let text = std::fs::read_to_string(&path)?;
        ensure!(text.contains(from), "{file} has no `{from}`");
        // Its modification time has to change as well.
        std::thread::sleep(Duration::from_millis(20));
        Ok(std::fs::write(path, text.replace(from, to))?)
    }

    /// Restarts the named processes with a clean shutdown, as `docker compose restart` does.
    pub(super) fn restart(&mut self, names: &[&str]) -> anyhow::Result<()> {
        for name in names {
            self.fleet.restart(name)?;
        }
        Ok(())
    }

    /// Submits `count` films and waits until all open jobs have ended.
    pub(super) fn films(&mut self, count: usize) -> anyhow::Result<()> {
        for _ in 0..count {
            self.submit()?;
        }
        self.all_ended()
    }

    /// Submits one more film, and adds its job to the open ones.
    pub(super) fn submit(&mut self) -> anyhow::Result<()> {
        let number = self.jobs.len() as u64;
        let brief = (self.brief)(number);
        let id = self.runtime.block_on(self.caller.submit(&brief, &format!("film-{number}")))?;
        self.jobs.push(id.clone());
        self.open.push(id);
        Ok(())
    }

    /// Removes ended films from the open ones, and submits films until [`UNDER_WAY`] are in progress.
    fn feed(&mut self) -> anyhow::Result<()> {
        self.look_after_open();
        while self.open.len() < UNDER_WAY {
            self.submit()?;
        }
        Ok(())
    }

    /// Removes films that have ended from the list. While the service is unreachable, the list stays unchanged.
    fn look_after_open(&mut self) {
        let (caller, open) = (&self.caller, &self.open);
        let ended: Vec<String> = self.runtime.block_on(async {
            let mut ended = Vec::new();
            for id in open {
                let Ok(job) = caller.once(&format!("/api/v2/jobs/{id}")).await else { continue };
                let status = job["status"].as_str().unwrap_or_default();
                if matches!(status, "done" | "failed" | "cancelled" | "held") {
                    ended.push(id.clone());
                }
            }
            ended
        });
        self.open.retain(|id| !ended.contains(id));
    }

    /// Records the current time as the start of the fault.
    pub(super) fn record_fault_start(&mut self) {
        self.since = Instant::now();
    }

    /// Submits films until the alert fires.
    pub(super) fn until_alert(&mut self) -> anyhow::Result<()> {
        self.until_alert_with(true)
    }

    /// Waits until the alert fires, and submits films in the meantime if `feeds` is true.
    pub(super) fn until_alert_with(&mut self, feeds: bool) -> anyhow::Result<()> {
        let Some(said) = self.until(feeds, |said| said.is_some())? else { return Ok(()) };
        self.report.alert_s = self.since.elapsed().as_secs_f64();
        note(&format!("  {} fires: {said}", self.report.alert));
        Ok(())
    }

    /// Records the time of the fix and waits until the alert resolves.
    pub(super) fn until_silent(&mut self) -> anyhow::Result<()> {
        self.since = Instant::now();
        self.until(true, |said| said.is_none())?;
        self.report.recovered_s = self.since.elapsed().as_secs_f64();
        note("  it is silent again");
        Ok(())
    }

    fn until(
        &mut self,
        feeds: bool,
        is_so: impl Fn(&Option<String>) -> bool,
    ) -> anyhow::Result<Option<String>> {
        if self.prometheus.is_none() {
            // Without alerts, a few films show the fault, or its absence. A fault that stops all films is shown by the
            // commands that follow, which are repeated until they show it.
            if feeds {
                self.films(3)?;
            }
            return Ok(None);
        }
        let begun = Instant::now();
        loop {
            if feeds {
                self.feed()?;
            }
            if let Some(prometheus) = &self.prometheus {
                let said = self.runtime.block_on(prometheus.firing(self.report.alert))?;
                if is_so(&said) {
                    return Ok(said);
                }
            }
            ensure!(begun.elapsed() < ALERT_PATIENCE, "{} does not change", self.report.alert);
            std::thread::sleep(LOOK);
        }
    }

    /// Runs a command from the runbooks until its output contains all expected texts, for at most 15 seconds.
    /// Replaces the service's log folder and port by those of this instance.
    pub(super) fn shows(&self, command: &str, expected: &[&str]) -> anyhow::Result<()> {
        let typed = command
            .replace("/var/log/pytoon", "log")
            .replace("localhost:8000", &format!("127.0.0.1:{}", self.port));
        let begun = Instant::now();
        loop {
            let said = self.shell(&typed)?;
            let line = |words: &&str| said.lines().any(|line| line.contains(*words));
            let Some(missing) = expected.iter().find(|words| !line(words)) else {
                note(&format!("  $ {command}"));
                for words in expected {
                    let line = said.lines().find(|line| line.contains(*words)).unwrap_or_default();
                    note(&format!("    {}", line.chars().take(160).collect::<String>()));
                }
                return Ok(());
            };
            // Log lines and counters appear a moment later.
            if begun.elapsed() > Duration::from_secs(15) {
                bail!("`{command}` does not show `{missing}`:\n{said}");
            }
            std::thread::sleep(LOOK);
        }
    }

    /// Runs a shell command in the instance's folder. Returns its standard output, followed by its standard error.
    pub(super) fn shell(&self, command: &str) -> anyhow::Result<String> {
        let beside = program("pytoon")?;
        let folder = beside.parent().map(Path::to_owned).unwrap_or_default();
        let path = std::env::var_os("PATH").unwrap_or_default();
        let path =
            std::env::join_paths(std::iter::once(folder).chain(std::env::split_paths(&path)))?;
        #[expect(clippy::disallowed_methods, reason = "a drill types what an operator would")]
        let mut shell = Command::new("sh");
        shell.args(["-c", command]).current_dir(&self.folder).env("PATH", path);
        for (name, key) in crate::fleet::KEYS {
            shell.env(name, key);
        }
        match &self.database {
            Some(address) => shell.env("DATABASE_URL", address),
            None => shell.env_remove("DATABASE_URL"),
        };
        let output = shell.output().context("failed to run sh")?;
        let mut said = String::from_utf8_lossy(&output.stdout).into_owned();
        said.push_str(&String::from_utf8_lossy(&output.stderr));
        Ok(said)
    }

    /// Returns the current state of a job.
    pub(super) fn job(&self, id: &str) -> anyhow::Result<Value> {
        self.runtime.block_on(self.caller.get(&format!("/api/v2/jobs/{id}")))
    }

    /// Returns the id of the last submitted film.
    pub(super) fn last(&self) -> anyhow::Result<&str> {
        self.jobs.last().map(String::as_str).context("no film was submitted")
    }

    /// Waits until every film has ended.
    pub(super) fn all_ended(&mut self) -> anyhow::Result<()> {
        let begun = Instant::now();
        loop {
            self.look_after_open();
            if self.open.is_empty() {
                return Ok(());
            }
            ensure!(begun.elapsed() < FILM_PATIENCE, "films that do not end: {:?}", self.open);
            std::thread::sleep(LOOK);
        }
    }

    /// Waits for all films, counts those that were delivered, ends all processes, and returns the report.
    pub(super) fn conclude(mut self) -> anyhow::Result<Report> {
        self.all_ended()?;
        self.report.jobs = self.jobs.len();
        for id in &self.jobs {
            let job = self.job(id)?;
            let film = format!("/api/v2/jobs/{id}/artifacts/output.mp4");
            let bytes = self.runtime.block_on(self.caller.bytes(&film)).map_or(0, |b| b.len());
            if job["status"] == "done" && bytes > 1000 {
                self.report.done += 1;
            } else {
                note(&format!("  {id}: {}, {bytes} bytes, {}", job["status"], job["error"]));
            }
        }
        let left = self.fleet.end()?;
        ensure!(left == 0, "{left} processes are left");
        Ok(std::mem::take(&mut self.report))
    }

    /// Keeps the instance's folder after the drill, and prints its path.
    pub(super) fn keep(mut self) {
        note(&format!("  logs are kept in {}", self.folder.display()));
        if let Some(disk) = &mut self.disk {
            disk.keep();
        }
        let _ = self.keep.keep();
    }
}

/// Returns a scenario without faults.
pub(super) fn calm() -> Value {
    json!({"seed": 1, "defaults": {"queue_ms": 500, "run_ms": 3000}})
}

/// Returns a scenario with the given rules, and without any other faults.
pub(super) fn rules(rules: &[Value]) -> Value {
    json!({"seed": 1, "defaults": {"queue_ms": 500, "run_ms": 3000}, "rules": rules})
}
