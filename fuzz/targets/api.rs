//! Fuzzes the handling of requests to the service: method, path, headers, then the body, as in HTTP/1.1.
//!
//! No input may cause a 500; every rejection is a problem in JSON with its own status; no response contains a path of
//! this machine. Requests that would make the service fetch a URL are excluded, since fuzzing uses no network.

#![no_main]

mod common;
mod store;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::Request;
use libfuzzer_sys::{Corpus, fuzz_target};
use pytoon_api::{
    Api, FilmInspector, InspectFailure, PlanFailure, PlannedAgain, Planner, Previewer, RateLimits,
    SelfChecks, Speech, Voice, router,
};
use pytoon_config::{Config, ConfigSource};
use pytoon_core::brief::Brief;
use pytoon_core::note::Note;
use pytoon_engines::clip_check::{ClipChecker, Expectation, Verdict};
use pytoon_records::ledger::StoreFuture;
use pytoon_storage::Storage;
use pytoon_telemetry::Metrics;
use pytoon_vocabulary::{JobId, MicroUsd, MusicMood};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock};
use store::OneJob;
use tokio::runtime::Runtime;
use tower::ServiceExt;

/// Maximum number of response bytes to read. No response is this long.
const MOST: usize = 8 << 20;

#[derive(Debug)]
struct NoPlanner;

impl Planner for NoPlanner {
    fn plan(&self, brief: &Brief) -> Result<Value, PlanFailure> {
        Ok(json!({ "scenes": brief.scenes.len() }))
    }
    fn plan_again(&self, _: &JobId, brief: &Brief) -> Result<PlannedAgain, PlanFailure> {
        let (price, voice) = (MicroUsd::ZERO, MicroUsd::ZERO);
        Ok(PlannedAgain { plan: self.plan(brief)?, price, voice, clips: Vec::new() })
    }
    fn engines_with_keys(&self) -> BTreeSet<String> {
        BTreeSet::new()
    }
    fn check(&self, _: &Brief) -> Result<(), PlanFailure> {
        Ok(())
    }

    fn warnings(&self, _brief: &Brief) -> Vec<Note> {
        Vec::new()
    }
}

/// Rejects every clip.
#[derive(Debug)]
struct NoClips;

impl ClipChecker for NoClips {
    fn check(&self, _: PathBuf, _: Expectation) -> StoreFuture<'_, Verdict> {
        Box::pin(async { Ok(Verdict::Unusable("no clips here".to_owned())) })
    }
}

#[derive(Debug)]
struct NoInspector;

impl FilmInspector for NoInspector {
    fn inspect(&self, _: &Path) -> Result<Value, InspectFailure> {
        Ok(json!({}))
    }

    fn peaks(&self, _: &Path, _: u32) -> Result<Vec<u8>, InspectFailure> {
        Ok(Vec::new())
    }

    fn frame(&self, _: &Path, _: f64, _: u32) -> Result<Option<Vec<u8>>, InspectFailure> {
        Ok(Some(Vec::new()))
    }
}

impl Previewer for NoPlanner {
    fn voices(&self) -> Result<Vec<Voice>, PlanFailure> {
        Ok(Vec::new())
    }
    fn speak(&self, _: &Brief, _: MicroUsd, _: &str) -> Result<Speech, PlanFailure> {
        Ok(Speech::Wav(Vec::new()))
    }
    fn music(&self, _: MusicMood) -> Result<Vec<u8>, PlanFailure> {
        Ok(Vec::new())
    }
    fn preset_file(&self, _: &str) -> Result<Option<String>, PlanFailure> {
        Ok(None)
    }
    fn render_preset(&self, _: &str, _: &Path) -> Result<(), PlanFailure> {
        Ok(())
    }
}

impl SelfChecks for NoPlanner {
    fn doctor(&self) -> Result<Value, String> {
        Ok(json!([]))
    }
    fn no_rehearsal(&self) -> Option<String> {
        Some("fuzzing runs no drill".to_owned())
    }
    fn rehearse(&self, _line: &mut dyn FnMut(String)) -> Result<bool, String> {
        Ok(true)
    }
}

struct Base {
    router: Router,
    folder: String,
    /// The last component of the folder's path, which is not guessable.
    own_name: String,
    runtime: Runtime,
}

static BASE: LazyLock<Base> = LazyLock::new(|| {
    common::without_programs();
    let folder = common::folder();
    let mut config =
        Config::load(&ConfigSource::Optional("/nonexistent".into())).expect("built in");
    let allowed = folder.join("allowed");
    std::fs::create_dir(&allowed).expect("a folder");
    std::fs::write(allowed.join("a.png"), include_bytes!("../seeds/picture/one.png"))
        .expect("written");
    std::fs::create_dir_all(folder.join("jobs/1")).expect("a folder");
    for name in ["output.mp4", "timeline.json"] {
        std::fs::write(folder.join("jobs/1").join(name), b"{\"a\": 1}").expect("written");
    }
    config.settings.assets.allowed_dirs = vec![allowed.display().to_string()];
    config.settings.assets.max_mib = 1;
    config.settings.storage.min_free_mib = 0;
    let jobs = Arc::new(OneJob);
    let limits = Arc::new(RateLimits::new(&pytoon_config::settings::ServiceSettings {
        requests_per_minute: 0,
        submissions_per_minute: 0,
        ..config.settings.service.clone()
    }));
    let api = Api {
        jobs: jobs.clone(),
        keys: jobs.clone(),
        processes: jobs.clone(),
        webhooks: jobs.clone(),
        versions: jobs.clone(),
        switches: jobs.clone(),
        tasks: jobs.clone(),
        files: jobs.clone(),
        ledger: jobs,
        config: Arc::new(config),
        planner: Arc::new(NoPlanner),
        inspector: Arc::new(NoInspector),
        clip_checker: Arc::new(NoClips),
        cache: pytoon_api::FilmCache::default(),
        copies: Arc::default(),
        previewer: Arc::new(NoPlanner),
        self_checks: Arc::new(NoPlanner),
        rehearsals: Arc::default(),
        limits,
        checks: std::sync::Arc::default(),
        budgets: std::sync::Arc::new(pytoon_api::Budgets::new(64)),
        signs: true,
        storage: Storage::from(folder.clone()),
        no_auth: true,
        port: 8000,
        metrics: Arc::new(Metrics::start()),
        process: "fuzz".to_owned(),
        counts: Arc::default(),
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    Base {
        router: router(api),
        own_name: folder.file_name().unwrap_or_default().to_string_lossy().into_owned(),
        folder: folder.display().to_string(),
        runtime: runtime.expect("a runtime"),
    }
});

/// Parses a request from the fuzzer's input; `None` if it is not a valid HTTP request.
fn request(data: &[u8]) -> Option<Request<Body>> {
    let end = common::find(data, b"\n\n")?;
    let head = std::str::from_utf8(&data[..end]).ok()?;
    let body = &data[end + 2..];
    let mut lines = head.lines();
    let (method, path) = lines.next()?.split_once(' ')?;
    let mut request = Request::builder().method(method).uri(path);
    for line in lines {
        let (name, value) = line.split_once(": ")?;
        request = request.header(name, value);
    }
    if request.headers_ref().is_some_and(|headers| !headers.contains_key("host")) {
        request = request.header("host", "localhost");
    }
    request.body(Body::from(body.to_vec())).ok()
}

/// Returns true if a body contains a URL that the service would fetch. Ignores a `webhook` field.
fn would_fetch(value: &Value) -> bool {
    match value {
        Value::String(text) => text.trim_start().to_ascii_lowercase().starts_with("http"),
        Value::Array(items) => items.iter().any(would_fetch),
        Value::Object(fields) => {
            fields.iter().any(|(name, value)| name != "webhook" && would_fetch(value))
        }
        _ => false,
    }
}

fuzz_target!(|data: &[u8]| -> Corpus {
    let base = &*BASE;
    // The fuzzer sees comparisons in this process and can learn the folder's name from them.
    if common::find(data, base.own_name.as_bytes()).is_some() {
        return Corpus::Reject;
    }
    let Some(request) = request(data) else { return Corpus::Reject };
    let body = common::find(data, b"\n\n").map_or(&[][..], |end| &data[end + 2..]);
    if serde_json::from_slice(body).is_ok_and(|value| would_fetch(&value)) {
        return Corpus::Reject;
    }
    base.runtime.block_on(async {
        let answer = base.router.clone().oneshot(request).await.expect("it never fails");
        let status = answer.status();
        assert_ne!(status.as_u16(), 500, "it is our fault");
        if !status.is_client_error() && !status.is_server_error() {
            return;
        }
        let kind = answer.headers().get("content-type").cloned();
        let body = to_bytes(answer.into_body(), MOST).await.expect("it is there");
        let text = String::from_utf8_lossy(&body);
        assert!(!text.contains(&base.folder), "a place is told: {text}");
        // A request without a route is rejected before its body is read.
        if body.is_empty() {
            return;
        }
        let kind = kind.as_ref().and_then(|kind| kind.to_str().ok()).unwrap_or_default();
        let problem: Value = serde_json::from_slice(&body).unwrap_or_default();
        assert!(kind.starts_with("application/") && problem.is_object(), "{status} {kind}: {text}");
        if let Some(own) = problem["status"].as_u64() {
            assert_eq!(own, u64::from(status.as_u16()), "{text}");
        }
    });
    Corpus::Keep
});
