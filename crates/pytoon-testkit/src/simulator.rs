//! The simulated vendors as a separate process, and a workspace that uses them as engines.
//!
//! Guarantees: the simulator stops when its value is dropped; its acceptances and charges are read from its own
//! ledger, never from the product's; clips are encoded once for all tests.

use crate::film::Film;
use crate::program::{Run, run};
use crate::workspace::Workspace;
use serde_json::{Value, json};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// The API keys of a [`Studio`], by environment variable. Their values are random, so a match in any output is a
/// leak.
pub const KEYS: [(&str, &str); 3] = [
    ("RUNWAY_API_KEY", "rwkey-5f1c9e2a7b3d4860"),
    ("PIKA_API_KEY", "pkkey-0a8d6c4e2f1b9735"),
    ("LUMA_API_KEY", "lmkey-c3e5a7091b2d4f68"),
];
/// The timeout for starting a simulator.
const START: Duration = Duration::from_secs(30);

/// A simulator that runs as a separate process.
#[derive(Debug)]
pub struct Simulator {
    child: Child,
    address: String,
    folder: TempDir,
}

impl Simulator {
    /// Starts a simulator with the given fields of a scenario. Its tasks take a tenth of a second by default.
    pub fn start(scenario: &Value) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let (profile, target) = folders();
        let program = profile.join("pytoon-sim");
        assert!(program.is_file(), "{} is not built", program.display());
        let file = folder.path().join("scenario.json");
        std::fs::write(&file, with_defaults(scenario).to_string()).expect("a file");
        let ready = folder.path().join("ready");
        let child = Command::new(program)
            .args(["--listen", "127.0.0.1:0", "--clip-scale", "0.2"])
            .arg("--scenario")
            .arg(&file)
            .arg("--ready-file")
            .arg(&ready)
            .arg("--ledger")
            .arg(folder.path().join("ledger.jsonl"))
            .arg("--clips")
            .arg(target.join("tmp/simulator-clips"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn()
            .expect("starts");
        let mut simulator = Self { child, address: String::new(), folder };
        let begun = Instant::now();
        while simulator.address.is_empty() {
            assert!(begun.elapsed() < START, "the simulator did not start");
            std::thread::sleep(Duration::from_millis(10));
            let url = std::fs::read_to_string(&ready).unwrap_or_default();
            simulator.address = url.trim().trim_start_matches("http://").to_owned();
        }
        simulator
    }

    /// Returns the URL of the simulator.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Replaces the simulator's scenario and keeps its ledger.
    pub fn becomes(&self, scenario: &Value) {
        let status = self.call("PUT", "/_sim/scenario", &with_defaults(scenario).to_string()).0;
        assert_eq!(status, 204, "the scenario is refused");
    }

    /// Returns the totals of the simulator's ledger.
    pub fn summary(&self) -> Value {
        self.get("/_sim/summary")
    }

    /// Returns the submissions that the simulator accepted, in order.
    pub fn submissions(&self) -> Vec<Value> {
        let ledger = self.get("/_sim/ledger");
        ledger["submissions"].as_array().expect("a list").clone()
    }

    /// Returns the submissions that one vendor accepted, in order.
    pub fn submissions_to(&self, vendor: &str) -> Vec<Value> {
        self.submissions().into_iter().filter(|s| s["vendor"] == vendor).collect()
    }

    /// Returns the number of submissions that one vendor accepted.
    pub fn accepted_count(&self, vendor: &str) -> usize {
        self.submissions_to(vendor).len()
    }

    /// Returns the total number of accepted submissions.
    pub fn total_accepted(&self) -> usize {
        self.submissions().len()
    }

    /// Returns the total amount charged, in US dollars.
    pub fn total_charged(&self) -> f64 {
        self.summary()["charged_usd"].as_f64().expect("a sum")
    }

    /// Returns every recorded request to the simulator's vendors, in order.
    pub fn requests(&self) -> Vec<Value> {
        let text = std::fs::read_to_string(self.folder.path().join("ledger.jsonl"));
        text.unwrap_or_default()
            .lines()
            .filter_map(|line| serde_json::from_str::<Value>(line).ok())
            .filter(|line| line["kind"] == "request")
            .collect()
    }

    /// Returns the number of recorded requests of a step to a vendor, with any result.
    pub fn request_count(&self, vendor: &str, step: &str) -> usize {
        self.requests().iter().filter(|r| r["vendor"] == vendor && r["step"] == step).count()
    }

    fn get(&self, path: &str) -> Value {
        let (status, body) = self.call("GET", path, "");
        assert_eq!(status, 200, "{path}: {body}");
        serde_json::from_str(&body).expect("valid JSON")
    }

    /// Sends one request over HTTP/1.0, whose response ends with the connection. Returns the status and the body.
    fn call(&self, method: &str, path: &str, body: &str) -> (u16, String) {
        let mut stream = TcpStream::connect(&self.address).expect("it listens");
        let host = &self.address;
        let head = format!(
            "{method} {path} HTTP/1.0\r\nHost: {host}\r\nContent-Length: {}\r\n",
            body.len()
        );
        stream.write_all(format!("{head}\r\n{body}").as_bytes()).expect("it reads");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("it answers");
        let (head, body) = answer.split_once("\r\n\r\n").expect("a head and a body");
        let status = head.split(' ').nth(1).and_then(|code| code.parse().ok());
        (status.expect("a status"), body.to_owned())
    }
}

impl Drop for Simulator {
    fn drop(&mut self) {
        // It has no state that must be saved.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A workspace with simulated engines, and an API key for each.
#[derive(Debug)]
pub struct Studio {
    /// The workspace in which commands run.
    pub workspace: Workspace,
    /// The simulator of the vendors.
    pub simulator: Simulator,
}

impl Studio {
    /// Creates a studio with a scenario. `settings` override the studio's engine settings (`v2` of `engine.yaml`),
    /// which have short timeouts.
    pub fn new(scenario: &Value, settings: &Value) -> Self {
        let studio = Self { workspace: Workspace::new(), simulator: Simulator::start(scenario) };
        studio.configure(settings);
        studio
    }

    /// Rewrites `engine.yaml`: the studio's default engine settings, overridden by `settings`.
    pub fn configure(&self, settings: &Value) {
        let mut engines = quick_engines(&self.simulator.url());
        merge(&mut engines, settings);
        let text = serde_json::to_string_pretty(&json!({ "v2": engines })).expect("JSON");
        // JSON is valid YAML.
        self.workspace.write("config/engine.yaml", text);
    }

    /// Returns a command that runs the binary with API keys, and writes its log to `logs`.
    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = self.workspace.command(&["--log-dir", "logs"]);
        command.args(args).envs(KEYS);
        command
    }

    /// Runs the binary with API keys.
    pub fn pytoon(&self, args: &[&str]) -> Run {
        run(&mut self.command(args))
    }

    /// Writes a brief as `brief.yaml` and runs `pytoon render` into a folder, with the metrics in `metrics.txt`.
    pub fn try_render(&self, brief: &str, out: &str) -> Run {
        self.workspace.write("brief.yaml", brief);
        self.pytoon(&["render", "brief.yaml", "--out", out, "--metrics-out", "metrics.txt"])
    }

    /// Renders a brief as [`Studio::try_render`] does, and requires success and no findings of the self-check.
    #[track_caller]
    pub fn render(&self, brief: &str, out: &str) -> Film {
        self.try_render(brief, out).ok();
        let film = Film::open(&self.workspace.path(out));
        assert_eq!(film.findings(), Vec::<String>::new());
        film
    }

    /// Returns all complete lines of the log so far. The process may be writing the next one.
    pub fn log(&self) -> Vec<Value> {
        let text = std::fs::read_to_string(self.workspace.path("logs/worker.log"));
        text.unwrap_or_default()
            .split_inclusive('\n')
            .filter(|line| line.ends_with('\n'))
            .map(|line| serde_json::from_str(line).expect("a line of the log is JSON"))
            .collect()
    }

    /// Returns the logged lines of one event.
    pub fn events(&self, name: &str) -> Vec<Value> {
        self.log().into_iter().filter(|line| line["event"] == name).collect()
    }

    /// Returns every fallback so far in the form `from>to: kind`. Asserts that each has all fields that an operator
    /// needs.
    #[track_caller]
    pub fn fallbacks(&self) -> Vec<String> {
        let text = |line: &Value, field: &str| {
            let text = line[field].as_str().unwrap_or_default().to_owned();
            assert!(!text.is_empty(), "engine_fallback lacks `{field}`: {line}");
            text
        };
        self.events("engine_fallback")
            .iter()
            .map(|line| {
                assert!(line["latency_ms"].is_u64(), "engine_fallback lacks a time: {line}");
                let _ = (text(line, "job"), text(line, "scene"));
                format!("{}>{}: {}", text(line, "from"), text(line, "to"), text(line, "kind"))
            })
            .collect()
    }

    /// Returns the value that a metric had after the last render. `name` is the complete name with labels.
    #[track_caller]
    pub fn metric(&self, name: &str) -> f64 {
        let text = std::fs::read_to_string(self.workspace.path("metrics.txt")).expect("metrics");
        let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        let value = line.unwrap_or_else(|| panic!("there is no metric {name} in\n{text}"));
        value.parse().expect("a number")
    }

    /// Returns the rows of the product's own ledger, newest first.
    #[track_caller]
    pub fn rows(&self, args: &[&str]) -> Vec<Value> {
        let run = self.pytoon(&[&["ledger", "list", "--json"], args].concat()).ok();
        run.json().as_array().expect("a list").clone()
    }
}

/// Returns the engine of each scene according to the receipt.
pub fn engines_used(film: &Film) -> Vec<String> {
    let receipt = film.metadata();
    let scenes = receipt["scenes"].as_array().expect("scenes");
    scenes.iter().map(|s| s["engineUsed"].as_str().expect("a name").to_owned()).collect()
}

/// Returns an engine's configuration block with short timeouts; the fields of `more` override others.
pub fn quick_engine(base_url: &str, more: &Value) -> Value {
    let mut engine = json!({
        "base_url": base_url,
        "poll_interval_ms": 40,
        "max_concurrent": 8,
        "backoff": {"initial_ms": 10, "max_ms": 60, "attempts": 2},
        "breaker": {
            "failures": 9,
            "cooldown_seconds": 1,
            "max_cooldown_seconds": 2,
            "account_cooldown_seconds": 900,
        },
    });
    merge(&mut engine, more);
    engine
}

/// Returns the `v2` settings of engines at a simulator, with short timeouts.
fn quick_engines(url: &str) -> Value {
    let engine = |path: &str, more: Value| quick_engine(&format!("{url}/{path}"), &more);
    let addresses = json!({ "options": {
        "upload_url": format!("{url}/fal-rest"),
        "account_url": format!("{url}/fal-api"),
    }});
    json!({ "engines": {
        "runway": engine("runway", json!({})),
        "pika": engine("fal", addresses),
        "luma": engine("luma-agents/v1", json!({})),
        "pexels": engine("pexels", json!({})),
        "pixabay": engine("pixabay", json!({})),
    }})
}

fn with_defaults(scenario: &Value) -> Value {
    let mut whole = json!({"seed": 7, "defaults": {"queue_ms": 30, "run_ms": 70}});
    merge(&mut whole, scenario);
    whole
}

/// Merges the fields of one value over those of another. Lists are replaced.
fn merge(into: &mut Value, from: &Value) {
    match (into, from) {
        (Value::Object(into), Value::Object(from)) => {
            for (name, value) in from {
                merge(into.entry(name.clone()).or_insert(Value::Null), value);
            }
        }
        (into, from) => *into = from.clone(),
    }
}

/// Returns the folder with the built binaries, and the `target` folder.
fn folders() -> (PathBuf, PathBuf) {
    let profile = crate::program::binary_folder();
    let target = profile.parent().expect("profiles live in target").to_owned();
    (profile, target)
}
