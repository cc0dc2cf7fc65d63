//! A test bench: a simulator in the test's process, and an HTTP client.

use pytoon_sim::{Options, Running, Scenario, start};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use std::path::PathBuf;
use std::time::Duration;

/// The scale of delivered clips, which keeps them small.
pub(crate) const SCALE: f64 = 0.1;
pub(crate) const SPEED: f64 = 50.0;

pub(crate) struct Bench {
    pub(crate) running: Running,
    pub(crate) http: reqwest::Client,
}

/// A received response.
#[derive(Debug)]
pub(crate) struct Got {
    pub(crate) status: StatusCode,
    pub(crate) headers: reqwest::header::HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl Got {
    /// Returns the body as JSON; null if it is not JSON.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }
}

pub(crate) fn clips() -> PathBuf {
    PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("clips")
}

impl Bench {
    pub(crate) async fn start(scenario: Value) -> Self {
        Self::with(scenario, |_| {}).await
    }

    pub(crate) async fn with(scenario: Value, change: impl FnOnce(&mut Options)) -> Self {
        let mut options = Options {
            scenario: Scenario::parse(&scenario.to_string()).unwrap(),
            clips: Some(clips()),
            clip_scale: SCALE,
            speed: SPEED,
            ..Options::default()
        };
        change(&mut options);
        let running = start(options).await.unwrap();
        provide_tls();
        let http = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .timeout(Duration::from_secs(60))
            .build()
            .unwrap();
        Self { running, http }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        if path.starts_with("http") { path.to_owned() } else { self.running.url() + path }
    }

    /// Sends one request; `headers` contains lines of the form `Name: value`.
    pub(crate) async fn try_send(
        &self,
        method: &str,
        path: &str,
        headers: &[&str],
        body: Option<&Value>,
    ) -> reqwest::Result<Got> {
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        let method_sends = [Method::POST, Method::PUT].contains(&method);
        let mut request = self.http.request(method, self.url(path));
        for header in headers {
            let (name, value) = header.split_once(": ").unwrap();
            request = request.header(name, value);
        }
        match body {
            Some(body) => request = request.json(body),
            None if method_sends => request = request.header("content-length", "0"),
            None => {}
        }
        let answer = request.send().await?;
        let (status, headers) = (answer.status(), answer.headers().clone());
        Ok(Got { status, headers, body: answer.bytes().await?.to_vec() })
    }

    pub(crate) async fn send(
        &self,
        method: &str,
        path: &str,
        headers: &[&str],
        body: Option<&Value>,
    ) -> Got {
        self.try_send(method, path, headers, body).await.unwrap()
    }

    pub(crate) async fn get(&self, path: &str, headers: &[&str]) -> Got {
        self.send("GET", path, headers, None).await
    }

    pub(crate) async fn post(&self, path: &str, headers: &[&str], body: &Value) -> Got {
        self.send("POST", path, headers, Some(body)).await
    }

    /// Polls a path until `is_over` returns true for the response, and returns that response. Panics after 1000
    /// polls.
    pub(crate) async fn poll(
        &self,
        path: &str,
        headers: &[&str],
        is_over: impl Fn(&Value) -> bool,
    ) -> Value {
        for _ in 0..1000 {
            let seen = self.get(path, headers).await.json();
            if is_over(&seen) {
                return seen;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("{path} never came to an end");
    }

    pub(crate) async fn ledger(&self) -> Vec<Value> {
        let ledger = self.get("/_sim/ledger", &[]).await.json();
        ledger["submissions"].as_array().unwrap().clone()
    }

    pub(crate) async fn summary(&self) -> Value {
        self.get("/_sim/summary", &[]).await.json()
    }

    pub(crate) async fn scenario(&self, scenario: &Value) {
        let got = self.send("PUT", "/_sim/scenario", &[], Some(scenario)).await;
        assert_eq!(got.status, 204, "{}", got.text());
    }

    /// Downloads a clip and returns its size, length and presence of sound.
    pub(crate) async fn film(&self, url: &str) -> Film {
        let got = self.get(url, &[]).await;
        assert_eq!(got.status, 200, "{url}: {}", got.text());
        assert_eq!(got.header("content-type"), "video/mp4");
        assert_eq!(got.header("content-length"), got.body.len().to_string());
        probe(&got.body).unwrap()
    }
}

/// Returns a scenario whose tasks stay in the queue.
pub(crate) fn waiting() -> Value {
    json!({ "defaults": { "queue_ms": 1_000_000_000_u64 } })
}

/// Returns a scenario whose tasks run for a long time.
pub(crate) fn running() -> Value {
    json!({ "defaults": { "queue_ms": 0, "run_ms": 1_000_000_000_u64 } })
}

/// Returns a scenario with one rule.
pub(crate) fn rule(vendor: &str, step: &str, fault: &str) -> Value {
    json!({ "rules": [{ "vendor": vendor, "step": step, "fault": fault }] })
}

/// Returns a scenario with one rule that has a value.
pub(crate) fn rule_with(vendor: &str, step: &str, fault: &str, value: u64) -> Value {
    json!({ "rules": [{ "vendor": vendor, "step": step, "fault": fault, "value": value }] })
}

#[derive(Debug, PartialEq)]
pub(crate) struct Film {
    pub(crate) width: u32,
    pub(crate) height: u32,
    pub(crate) seconds: f64,
    pub(crate) has_sound: bool,
}

/// Returns the delivered length of a side that was ordered with length `side`.
pub(crate) fn delivered_side(side: u32) -> u32 {
    (f64::from(side) * SCALE / 2.0).round() as u32 * 2
}

impl Film {
    pub(crate) fn is(&self, width: u32, height: u32, seconds: f64) {
        assert_eq!((self.width, self.height), (delivered_side(width), delivered_side(height)));
        assert!((self.seconds - seconds).abs() < 0.05, "{} s", self.seconds);
        assert!(!self.has_sound);
    }
}

/// Measures the bytes of a clip with ffprobe; `None` if they are not a clip.
pub(crate) fn probe(bytes: &[u8]) -> Option<Film> {
    let entries = "stream=codec_type,width,height:format=duration";
    let text = run("ffprobe", &["-show_entries", entries, "-of", "json"], bytes)?;
    let found: Value = serde_json::from_slice(&text).ok()?;
    let streams = found["streams"].as_array()?;
    let video = streams.iter().find(|stream| stream["codec_type"] == "video")?;
    let side = |name: &str| video[name].as_u64().and_then(|side| u32::try_from(side).ok());
    Some(Film {
        width: side("width")?,
        height: side("height")?,
        seconds: found["format"]["duration"].as_str()?.parse().ok()?,
        has_sound: streams.iter().any(|stream| stream["codec_type"] == "audio"),
    })
}

/// Returns true if a clip can be decoded from its first to its last frame.
pub(crate) fn is_whole(bytes: &[u8]) -> bool {
    run("ffmpeg", &["-xerror", "-f", "null", "-"], bytes).is_some()
}

/// Returns the mean difference between successive frames, and the mean brightness.
pub(crate) fn motion_and_light(bytes: &[u8]) -> (f64, f64) {
    let arguments = ["-vf", "scale=32:32,format=gray", "-f", "rawvideo", "-"];
    let raw = run("ffmpeg", &arguments, bytes).unwrap();
    let frames: Vec<&[u8]> = raw.chunks_exact(32 * 32).collect();
    let mut motion = 0.0;
    for pair in frames.windows(2) {
        let differences = pair[0].iter().zip(pair[1]).map(|(a, b)| f64::from(a.abs_diff(*b)));
        motion += differences.sum::<f64>() / 1024.0;
    }
    let light = raw.iter().map(|level| f64::from(*level)).sum::<f64>() / raw.len() as f64;
    (motion / (frames.len() - 1) as f64, light)
}

/// Runs ffmpeg on a clip with these arguments and returns its output; `None` if ffmpeg fails.
pub(crate) fn decode(bytes: &[u8], arguments: &[&str]) -> Option<Vec<u8>> {
    run("ffmpeg", arguments, bytes)
}

fn run(program: &str, arguments: &[&str], bytes: &[u8]) -> Option<Vec<u8>> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("film");
    std::fs::write(&path, bytes).unwrap();
    #[expect(clippy::disallowed_methods, reason = "measures films from outside")]
    let output = std::process::Command::new(program)
        .args(["-v", "error", "-i"])
        .arg(path)
        .args(arguments)
        .output()
        .unwrap();
    (output.status.success() && output.stderr.is_empty()).then_some(output.stdout)
}

/// Installs a TLS provider, which the client requires even for plain HTTP.
pub(crate) fn provide_tls() {
    let _ = rustls::crypto::ring::default_provider().install_default();
}
