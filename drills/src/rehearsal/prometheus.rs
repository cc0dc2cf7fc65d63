//! Prometheus for the service under test, with the shipped alerts and shorter waits.

use anyhow::{Context, ensure};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// The alert rules as shipped to operators.
const ALERTS: &str = include_str!("../../../deploy/prometheus/alerts.yml");
/// The number of seconds in a drill that replace one minute in the alert rules.
const SECONDS_OF_A_MINUTE: f64 = 2.0;
/// The timeout for starting Prometheus.
const PATIENCE: Duration = Duration::from_secs(30);

/// A running Prometheus, which is killed when this value is dropped.
pub(super) struct Prometheus {
    child: Child,
    url: String,
    http: reqwest::Client,
}

impl Prometheus {
    /// Starts Prometheus in a folder, on `port`. It scrapes the address `scraped` every `every` seconds.
    pub(super) fn start(
        folder: &Path,
        scraped: &str,
        every: u32,
        port: u16,
    ) -> anyhow::Result<Self> {
        let rules = shorten_windows(ALERTS);
        std::fs::write(folder.join("alerts.yml"), rules)?;
        let config = format!(
            "global: {{scrape_interval: 1s, scrape_timeout: 1s, evaluation_interval: 1s}}\n\
             rule_files: [alerts.yml]\n\
             scrape_configs:\n  - job_name: pytoon\n    scrape_interval: {every}s\n    \
             scrape_timeout: {every}s\n    static_configs: [{{targets: [\"{scraped}\"]}}]\n"
        );
        std::fs::write(folder.join("prometheus.yml"), config)?;
        let log = std::fs::File::create(folder.join("prometheus.log"))?;
        #[expect(clippy::disallowed_methods, reason = "a drill starts whole programs")]
        let child = Command::new(program()?)
            .current_dir(folder)
            .args(["--config.file=prometheus.yml", "--storage.tsdb.path=prometheus"])
            .arg(format!("--web.listen-address=127.0.0.1:{port}"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .context("failed to start prometheus")?;
        let http = reqwest::Client::builder().timeout(Duration::from_secs(10)).build()?;
        Ok(Self { child, url: format!("http://127.0.0.1:{port}"), http })
    }

    /// Waits until Prometheus has scraped the service, since it cannot see an increase before the first scrape.
    pub(super) async fn ready(&self) -> anyhow::Result<()> {
        let begun = Instant::now();
        let url = format!("{}/api/v1/query?query=up%7Bjob%3D%22pytoon%22%7D", self.url);
        loop {
            if let Ok(answer) = self.http.get(&url).send().await
                && let Ok(answer) = answer.json::<Value>().await
                && answer["data"]["result"][0]["value"][1] == "1"
            {
                return Ok(());
            }
            ensure!(begun.elapsed() < PATIENCE, "Prometheus does not start: see prometheus.log");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    /// Returns the text of an alert if it is firing; `None` otherwise.
    pub(super) async fn firing(&self, name: &str) -> anyhow::Result<Option<String>> {
        let url = format!("{}/api/v1/alerts", self.url);
        let answer: Value = self.http.get(url).send().await?.json().await?;
        let alerts = answer["data"]["alerts"].as_array().cloned().unwrap_or_default();
        let fires =
            |alert: &&Value| alert["labels"]["alertname"] == name && alert["state"] == "firing";
        let found = alerts.iter().find(fires);
        Ok(found.map(|alert| alert["annotations"]["summary"].as_str().unwrap_or("").to_owned()))
    }
}

impl Drop for Prometheus {
    fn drop(&mut self) {
        // It has no state that must be saved.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Returns the path of the Prometheus binary: `PYTOON_PROMETHEUS`, PATH, or the location that `scripts/prometheus.sh`
/// uses.
pub(super) fn program() -> anyhow::Result<PathBuf> {
    if let Some(named) = std::env::var_os("PYTOON_PROMETHEUS") {
        return Ok(named.into());
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    let home = std::env::var_os("HOME").map(PathBuf::from).unwrap_or_default();
    let cache =
        std::env::var_os("XDG_CACHE_HOME").map_or_else(|| home.join(".cache"), PathBuf::from);
    std::env::split_paths(&path)
        .chain([cache.join("pytoon-prometheus/usr/bin")])
        .map(|folder| folder.join("prometheus"))
        .find(|file| file.is_file())
        .context(
            "prometheus is not installed: `apt-get install prometheus`, or `scripts/prometheus.sh`, \
             which unpacks Debian's into the cache folder and starts no service",
        )
}

/// Returns the alert rules with shorter windows (`[15m]`) and waits (`for: 5m`).
fn shorten_windows(rules: &str) -> String {
    let mut out = String::new();
    for line in rules.lines() {
        let start = line.len() - line.trim_start().len();
        if let Some(wait) = line.trim_start().strip_prefix("for: ") {
            out.push_str(&format!("{}for: {}", &line[..start], shorter(wait)));
        } else {
            let mut rest = line;
            while let Some((before, after)) = rest.split_once('[') {
                let (inside, after) = after.split_once(']').unwrap_or((after, ""));
                out.push_str(&format!("{before}[{}]", shorter(inside)));
                rest = after;
            }
            out.push_str(rest);
        }
        out.push('\n');
    }
    out
}

/// Shortens a time such as `15m`. Returns other texts unchanged.
fn shorter(text: &str) -> String {
    let Some((number, unit)) = text.split_at_checked(text.len().saturating_sub(1)) else {
        return text.to_owned();
    };
    let minutes = match (number.parse::<f64>(), unit) {
        (Ok(number), "s") => number / 60.0,
        (Ok(number), "m") => number,
        (Ok(number), "h") => number * 60.0,
        _ => return text.to_owned(),
    };
    // A window must contain at least two scrapes.
    format!("{}s", (minutes * SECONDS_OF_A_MINUTE).round().max(2.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_and_waits_are_shorter_and_all_else_is_the_same() {
        let rule = "  expr: a[15m] / b[1h] > 0.5\n  for: 5m\n  summary: \"[x]\"\n";
        assert_eq!(
            shorten_windows(rule),
            "  expr: a[30s] / b[120s] > 0.5\n  for: 10s\n  summary: \"[x]\"\n"
        );
        assert_eq!(shorten_windows(ALERTS).lines().count(), ALERTS.lines().count());
        assert!(!shorten_windows(ALERTS).contains("[15m]"));
    }
}
