//! Starts the simulator as a process, and reads its reports.

use anyhow::Context;
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// A running simulator, which is killed when this value is dropped.
pub(crate) struct Simulator {
    child: Child,
    /// The URL of the simulator.
    pub(crate) url: String,
}

impl Simulator {
    /// Starts a simulator in a folder, with a scenario.
    pub(crate) fn start(folder: &Path, scenario: &Value, speed: f64) -> anyhow::Result<Self> {
        Self::start_at(folder, scenario, speed, "127.0.0.1")
    }

    /// Starts a simulator as [`Self::start`] does, on another address.
    pub(crate) fn start_at(
        folder: &Path,
        scenario: &Value,
        speed: f64,
        host: &str,
    ) -> anyhow::Result<Self> {
        let scenario_file = folder.join("scenario.json");
        std::fs::write(&scenario_file, scenario.to_string())?;
        let ready = folder.join("ready");
        #[expect(clippy::disallowed_methods, reason = "a drill starts whole programs")]
        let child = Command::new(program("pytoon-sim")?)
            .args(["--listen", &format!("{host}:0"), "--clip-scale", "0.2", "--speed"])
            .arg(speed.to_string())
            .arg("--scenario")
            .arg(&scenario_file)
            .arg("--ready-file")
            .arg(&ready)
            .arg("--clips")
            .arg(folder.join("simclips"))
            .stdout(Stdio::null())
            .spawn()
            .context("failed to start pytoon-sim")?;
        let mut simulator = Self { child, url: String::new() };
        let begun = Instant::now();
        loop {
            match std::fs::read_to_string(&ready) {
                Ok(url) if !url.trim().is_empty() => {
                    simulator.url = url.trim().to_owned();
                    return Ok(simulator);
                }
                _ => {}
            }
            anyhow::ensure!(begun.elapsed() < Duration::from_secs(20), "pytoon-sim did not start");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Reads one of the simulator's own routes, such as `/_sim/ledger`.
    pub(crate) fn get(&self, path: &str) -> anyhow::Result<Value> {
        let url = format!("{}{path}", self.url);
        // The client requires a provider, even for plain HTTP.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(async { Ok(reqwest::get(url).await?.json::<Value>().await?) })
    }
}

impl Drop for Simulator {
    fn drop(&mut self) {
        // It has no state that must be saved.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Returns the path of a program in the folder of this binary.
pub(crate) fn program(name: &str) -> anyhow::Result<PathBuf> {
    let own = std::env::current_exe()?;
    let found = own.with_file_name(name);
    anyhow::ensure!(found.is_file(), "{} is not built", found.display());
    Ok(found)
}

/// Returns an `engine.yaml` that directs the engines to the simulator at `url`, with short pauses and cooldowns.
/// `extra` is appended.
pub(crate) fn engine_yaml(url: &str, extra: &str) -> String {
    format!(
        "v2:
  engines:
    runway:
      base_url: {url}/runway
      poll_interval_ms: 40
      max_concurrent: 8
      backoff: {{initial_ms: 20, max_ms: 100, attempts: 2}}
      breaker: {{failures: 8, cooldown_seconds: 1, max_cooldown_seconds: 2, account_cooldown_seconds: 5}}
    pika:
      base_url: {url}/fal
      poll_interval_ms: 40
      max_concurrent: 8
      backoff: {{initial_ms: 20, max_ms: 100, attempts: 2}}
      breaker: {{failures: 8, cooldown_seconds: 1, max_cooldown_seconds: 2, account_cooldown_seconds: 5}}
      options: {{upload_url: {url}/fal-rest, account_url: {url}/fal-api}}
    luma:
      base_url: {url}/luma-agents/v1
      poll_interval_ms: 40
      max_concurrent: 8
      backoff: {{initial_ms: 20, max_ms: 100, attempts: 2}}
      breaker: {{failures: 8, cooldown_seconds: 1, max_cooldown_seconds: 2, account_cooldown_seconds: 5}}
{extra}"
    )
}
