//! A workspace whose paid voice services are simulated.

use pytoon_testkit::program::{Run, run};
use pytoon_testkit::{Film, Simulator, Workspace};
use serde_json::{Value, json};
use std::path::Path;
use std::process::Command;

/// The voice services: the name, the environment variable of the API key, a random key, and the path at the
/// simulator.
pub(crate) const CLOUDS: [(&str, &str, &str, &str); 3] = [
    ("elevenlabs", "ELEVENLABS_API_KEY", "elkey-7d2f9b1c4e6a8035", "elevenlabs"),
    ("openai", "OPENAI_API_KEY", "oakey-1b8e5d3f7c9a2046", "openai/v1"),
    ("google", "GOOGLE_API_KEY", "gckey-9a4c6e8b2d1f3057", "google"),
];

/// A workspace with simulated voice services that fail according to a scenario.
pub(crate) struct Booth {
    pub(crate) workspace: Workspace,
    pub(crate) simulator: Simulator,
    keys: Vec<&'static str>,
    /// Further environment variables of the commands, besides the API keys.
    pub(crate) environment: Vec<(&'static str, String)>,
}

impl Booth {
    /// Creates a booth with API keys for these services, the first of which is the primary provider.
    pub(crate) fn new(scenario: &Value, keys: &[&'static str]) -> Self {
        let booth = Self {
            workspace: Workspace::new(),
            simulator: Simulator::start(scenario),
            keys: keys.to_vec(),
            environment: Vec::new(),
        };
        booth.configure(&json!({}));
        booth
    }

    /// Rewrites `defaults.yaml` with `more` as additional settings under `tts`.
    pub(crate) fn configure(&self, more: &Value) {
        let mut tts = json!({});
        for (name, _, _, path) in CLOUDS {
            tts[name] = json!({
                "base_url": format!("{}/{path}", self.simulator.url()),
                "request_timeout_ms": 1500,
                "backoff": {"initial_ms": 10, "max_ms": 400, "attempts": 2},
            });
        }
        if let Some(first) = self.keys.first() {
            tts["primary_provider"] = json!(first);
        }
        for (name, block) in more.as_object().expect("a mapping") {
            match block.as_object() {
                Some(fields) => {
                    for (field, value) in fields {
                        tts[name.as_str()][field.as_str()] = value.clone();
                    }
                }
                None => tts[name.as_str()] = block.clone(),
            }
        }
        self.workspace.write("config/defaults.yaml", json!({ "tts": tts }).to_string());
    }

    /// Returns a command that runs the binary, or a copy of it.
    pub(crate) fn command(&self, program: Option<&Path>, args: &[&str]) -> Command {
        let args = [&["--log-dir", "logs"], args].concat();
        let mut command = match program {
            None => self.workspace.command(&args),
            Some(program) => {
                let mut command = pytoon_testkit::program::other(program);
                command.current_dir(self.workspace.root()).args(&args);
                command
            }
        };
        for (name, variable, key, _) in CLOUDS {
            command.env_remove(variable);
            if self.keys.contains(&name) {
                command.env(variable, key);
            }
        }
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        command
    }

    /// Writes a brief as `brief.yaml` and runs `pytoon render` into a folder, with the metrics in `metrics.txt`.
    pub(crate) fn try_render(&self, brief: &str, out: &str) -> Run {
        self.workspace.write("brief.yaml", brief);
        let args = ["render", "brief.yaml", "--out", out, "--metrics-out", "metrics.txt"];
        run(&mut self.command(None, &args))
    }

    /// Renders a brief as [`Self::try_render`] does, and requires success and no findings of the self-check.
    #[track_caller]
    pub(crate) fn render(&self, brief: &str, out: &str) -> Film {
        self.try_render(brief, out).ok();
        let film = Film::open(&self.workspace.path(out));
        assert_eq!(film.findings(), Vec::<String>::new());
        film
    }

    /// Returns all lines of the log so far.
    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(self.workspace.path("logs/worker.log")).unwrap_or_default()
    }

    /// Returns every failure of a voice provider in the log, as `provider: kind`.
    pub(crate) fn failures(&self) -> Vec<String> {
        self.log()
            .lines()
            .filter_map(|line| serde_json::from_str::<Value>(line).ok())
            .filter(|line| line["event"] == "tts_provider_failed")
            .map(|line| {
                let text = |field: &str| line[field].as_str().expect("a text").to_owned();
                assert!(!text("reason").is_empty(), "{line}");
                format!("{}: {}", text("provider"), text("kind"))
            })
            .collect()
    }

    /// Returns the value of the metric `pytoon_v2_tts_NAME` for a provider after the last render.
    #[track_caller]
    pub(crate) fn metric(&self, name: &str, provider: &str) -> f64 {
        let text = std::fs::read_to_string(self.workspace.path("metrics.txt")).expect("metrics");
        let name = format!("pytoon_v2_tts_{name}{{provider=\"{provider}\"}} ");
        let line = text.lines().find_map(|line| line.strip_prefix(&name));
        line.unwrap_or_else(|| panic!("there is no {name} in\n{text}")).parse().expect("a number")
    }

    /// Returns the number of speech requests to which a vendor responded, including those that it rejected.
    pub(crate) fn request_count(&self, vendor: &str) -> usize {
        self.simulator.request_count(vendor, "submit")
    }

    /// Returns the rows of Pytoon's own ledger, newest first.
    #[track_caller]
    pub(crate) fn rows(&self) -> Vec<Value> {
        let run = run(&mut self.command(None, &["ledger", "list", "--json"])).ok();
        run.json().as_array().expect("a list").clone()
    }
}

/// Returns a brief with a voice.
pub(crate) fn voice_brief(script: &str, more: &str) -> String {
    format!("script: {script}\nmusic_source: none\nprofile: test\n{more}")
}
