//! Tests that every adapter passes the suite, bare and observed, and that the registry, the configuration, the
//! fixtures and the guide list the same engines.

use super::vendor::{Answer, Script, Vendor};
use super::{CLIP, KEY, Row, Subject, run};
use crate::adapter::{ExternalEngineAdapter, GenerateRequest, Prepared, Ratio, Task, TaskState};
use crate::engine_adapters::{AdapterParts, OptionProblem, builtin_engines, make};
use crate::http::VendorHttp;
use crate::layers::observed::Observed;
use pytoon_config::engines::EngineConfig;
use pytoon_config::{Config, ConfigSource};
use secrecy::SecretString;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

type Made = Result<Arc<dyn ExternalEngineAdapter>, OptionProblem>;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn fixtures(kind: &str) -> PathBuf {
    root().join("fixtures/engines").join(kind)
}

fn configured_engines() -> BTreeMap<String, EngineConfig> {
    let source = ConfigSource::Optional(PathBuf::from("there is no such folder"));
    Config::load(&source).expect("built in").engines.engines.external
}

/// Returns the configuration block of the guide's example. Checks that the block has fewer than 40 lines.
fn acme() -> EngineConfig {
    let guide =
        std::fs::read_to_string(root().join("docs/guides/adding-an-engine.md")).expect("the guide");
    let yaml = guide.split("```yaml\n").nth(1).expect("a YAML block").split("```").next();
    let yaml = yaml.expect("its end");
    assert!(yaml.lines().count() < 40, "the guide promises less than 40 lines");
    let document = pytoon_config::strict::parse("guide", yaml).expect("YAML");
    let block = document.value.pointer("/v2/engines/acme").expect("acme");
    pytoon_config::strict::read("guide", &document, block).expect("a block")
}

fn bare(name: &str, config: &EngineConfig, key: Option<SecretString>) -> Made {
    let http = VendorHttp::new(name, config, key)
        .map_err(|reason| OptionProblem::new("base_url", reason))?;
    make(&AdapterParts { name, config, http })
}

fn make_observed(name: &str, config: &EngineConfig, key: Option<SecretString>) -> Made {
    Ok(Arc::new(Observed::new(bare(name, config, key)?, Arc::new(|_| {}))))
}

/// Returns a row for every fixture folder: its name, the engine's name and the engine's configuration block.
fn subjects() -> Vec<(String, String, EngineConfig)> {
    let configured = configured_engines();
    let folders = std::fs::read_dir(root().join("fixtures/engines")).expect("fixtures");
    let mut names: Vec<String> =
        folders.map(|f| f.expect("entry").file_name().to_string_lossy().into_owned()).collect();
    names.sort_unstable();
    let subject = |fixture: String| {
        if fixture == "http" {
            return (fixture, "acme".to_owned(), acme());
        }
        let text = std::fs::read_to_string(fixtures(&fixture).join("vendor.json")).expect("vendor");
        let vendor: Value = serde_json::from_str(&text).expect("JSON");
        let engine = vendor["engine"].as_str().unwrap_or(&fixture).to_owned();
        let config = configured.get(&engine).unwrap_or_else(|| panic!("no {engine}")).clone();
        (fixture, engine, config)
    };
    names.into_iter().map(subject).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn conformance_of_every_adapter_bare_and_observed() {
    let mut columns: Vec<(String, Vec<Row>)> = Vec::new();
    for (fixture, name, config) in subjects() {
        for make in [&bare as super::Make<'_>, &make_observed] {
            let folder = tempfile::tempdir().expect("folder");
            let subject =
                Subject { name: &name, config: config.clone(), fixtures: fixtures(&fixture), make };
            let rows = run(&subject, folder.path()).await.expect("the suite runs");
            match columns.last() {
                // A layer changes nothing.
                Some((last, before)) if *last == fixture => assert_eq!(*before, rows, "{fixture}"),
                _ => columns.push((fixture.clone(), rows)),
            }
        }
    }
    print(&columns);
    let failures: Vec<String> = columns
        .iter()
        .flat_map(|(name, rows)| rows.iter().map(move |row| (name, row)))
        .filter_map(|(name, row)| {
            row.outcome.as_ref().err().map(|why| format!("{name}: {}: {why}", row.check))
        })
        .collect();
    assert!(failures.is_empty(), "\n{}", failures.join("\n"));
}

#[expect(clippy::print_stdout, reason = "the matrix is for whoever asks with --nocapture")]
fn print(columns: &[(String, Vec<Row>)]) {
    let checks = columns.first().map_or(0, |(_, rows)| rows.len());
    let cells = |row: usize| {
        columns.iter().map(move |(_, rows)| match &rows[row].outcome {
            Ok(said) => said.clone(),
            Err(_) => "FAILED".to_owned(),
        })
    };
    let names: Vec<&str> = columns.iter().map(|(name, _)| name.as_str()).collect();
    println!("| fault | {} |", names.join(" | "));
    println!("| --- {}|", "| --- ".repeat(names.len()));
    for row in 0..checks {
        let cells: Vec<String> = cells(row).collect();
        println!("| {} | {} |", columns[0].1[row].check, cells.join(" | "));
    }
}

#[test]
fn registry_configuration_and_fixtures_know_the_same_engines() {
    let configured = configured_engines();
    let kinds: Vec<&str> = builtin_engines().iter().map(|(name, _)| *name).collect();
    for (name, config) in &configured {
        assert!(kinds.contains(&config.kind(name)), "no adapter for {name}");
    }
    for kind in &kinds {
        // `http` is the kind of described engines, not an engine.
        assert!(*kind == "http" || configured.contains_key(*kind), "engine.yaml has no {kind}");
        for file in ["vendor.json", "success.json"] {
            assert!(fixtures(kind).join(file).is_file(), "{kind} has no {file}");
        }
    }
}

#[test]
fn every_enabled_engine_of_the_configuration_can_be_made() {
    for (name, config) in configured_engines().iter().filter(|(_, config)| config.enabled) {
        let key = Some(SecretString::from(KEY.to_owned()));
        let made = bare(name, config, key);
        let adapter = made.unwrap_or_else(|p| panic!("{name}: {}: {}", p.field, p.reason));
        let request = request(None, adapter.max_duration().as_millis() as u32);
        let price = adapter.price_key(&request);
        assert!(config.price.models.contains_key(&price), "{name} has no price for {price}");
    }
}

#[test]
fn a_described_engine_that_cannot_work_is_refused_by_field() {
    let good = acme();
    let cases: &[(&str, &str, Value, &str)] = &[
        ("/submit/body/prompt", "options.submit.body", json!("x"), "{{prompt}}"),
        ("/submit/body/seconds", "options.submit.body.seconds", json!("{{secs}}"), "`seconds`"),
        ("/submit/id", "options.submit.id", json!("render.id"), "begin it with `/`"),
        ("/submit/path", "options.submit.path", json!("v1"), "begin it with `/`"),
        ("/submit/method", "options.submit.method", json!("GET"), "POST"),
        ("/poll/path", "options.poll.path", json!("/v1/renders"), "{{id}}"),
        ("/poll/states/failed", "options.poll.states.failed", json!([]), "failed"),
        ("/poll/states/succeeded", "options.poll.states.succeeded", json!([]), "finished"),
        ("/poll/states/queued", "options.poll.states", json!(["ready"]), "twice"),
        ("/poll/stats", "options.poll.stats", json!(1), "unknown field"),
        ("/auth", "options.auth", json!({}), "header"),
        ("/auth/format", "options.auth.format", json!("Key"), "{{key}}"),
        ("/capabilities/ratios", "options.capabilities.ratios[0]", json!(["tall"]), "9:16"),
        ("/capabilities/min_ms", "options.capabilities.durations_ms", json!(null), "lengths"),
        ("/capabilities/image", "options.submit.body", json!("inline"), "image_data_uri"),
        ("/errors", "options.errors[0]", json!([{ "kind": "quota" }]), "compares nothing"),
        ("/errors", "options.errors[0].kind", json!([{ "status": 1, "kind": "odd" }]), "odd"),
    ];
    for (place, field, value, reason) in cases {
        let mut config = good.clone();
        let (parent, name) = place.rsplit_once('/').expect("a place");
        let mut options = Value::Object(config.options.clone());
        options.pointer_mut(parent).expect("parent")[name] = value.clone();
        config.options = options.as_object().expect("options").clone();
        let problem = bare("acme", &config, None).expect_err(place);
        assert_eq!(problem.field, *field, "{place}: {}", problem.reason);
        assert!(problem.reason.contains(reason), "{place}: {}", problem.reason);
    }
}

fn request(image: Option<PathBuf>, duration_ms: u32) -> GenerateRequest {
    GenerateRequest {
        call_id: "call-0001".into(),
        prompt: "A red kite".into(),
        negative_prompt: None,
        image,
        duration_ms,
        ratio: Ratio { width: 9, height: 16 },
        seed: 7,
    }
}

/// Starts a vendor that follows the successful script. Returns the vendor, an adapter for it, and the script.
async fn set_up(kind: &str) -> (Vendor, Arc<dyn ExternalEngineAdapter>, Script) {
    let vendor = Vendor::start().await.expect("vendor");
    let read = |name: &str| {
        let text = std::fs::read_to_string(fixtures(kind).join(name)).expect(name);
        let folder = fixtures(kind).display().to_string();
        text.replace("{{base}}", vendor.base()).replace("{{fixtures}}", &folder)
    };
    let routes: Value = serde_json::from_str(&read("vendor.json")).expect("routes");
    let script = Script::parse(&read("success.json"), CLIP).expect("script");
    let mut config = if kind == "http" { acme() } else { configured_engines()[kind].clone() };
    let base_path = routes["base_path"].as_str().unwrap_or_default();
    config.base_url = format!("{}{base_path}", vendor.base());
    config.options.extend(routes["options"].as_object().cloned().unwrap_or_default());
    let key = Some(SecretString::from(KEY.to_owned()));
    let adapter = bare(kind, &config, key).expect("adapter");
    vendor.follow(script.clone());
    (vendor, adapter, script)
}

fn large_picture(folder: &Path, bytes: usize) -> PathBuf {
    let mut picture = b"\x89PNG\r\n\x1a\n".to_vec();
    picture.resize(bytes, 7);
    let path = folder.join("large.png");
    std::fs::write(&path, picture).expect("written");
    path
}

#[tokio::test]
async fn large_pictures_are_uploaded_without_the_key() {
    let folder = tempfile::tempdir().expect("folder");
    let (vendor, runway, _) = set_up("runway").await;
    let path = large_picture(folder.path(), 4 << 20);
    let prepared = runway.prepare(&request(Some(path), 5000)).await.expect("prepared");
    assert_eq!(prepared.body["promptImage"], "runway://a-picture");
    let seen = vendor.requests();
    let stored = seen.iter().find(|s| s.route.starts_with("POST /store")).expect("stored");
    assert!(!stored.shows(KEY));
    let form = String::from_utf8_lossy(&stored.body);
    let at = |name: &str| form.find(&format!("name=\"{name}\"")).expect(name);
    assert!(at("policy") < at("file") && at("signature") < at("file"), "the file comes last");

    let (vendor, luma, _) = set_up("luma").await;
    let path = large_picture(folder.path(), (4 << 20) + 1);
    let prepared = luma.prepare(&request(Some(path), 5000)).await.expect("prepared");
    assert_eq!(prepared.body["video"]["start_frame"], json!({ "file_id": "file-1" }));
    let seen = vendor.requests();
    let stored = seen.iter().find(|s| s.route.starts_with("PUT /store")).expect("stored");
    assert!(!stored.shows(KEY) && stored.shows("x-store"));
    assert_eq!(vendor.count("POST /v1/files/file-1/complete"), 1);
}

#[tokio::test]
async fn small_pictures_go_along() {
    let folder = tempfile::tempdir().expect("folder");
    let path = large_picture(folder.path(), 64);
    let (_, runway, _) = set_up("runway").await;
    let prepared = runway.prepare(&request(Some(path.clone()), 5000)).await.expect("prepared");
    let image = prepared.body["promptImage"].as_str().expect("a text");
    assert!(image.starts_with("data:image/png;base64,iVBORw0KGgo"), "{image}");
    let (_, luma, _) = set_up("luma").await;
    let prepared = luma.prepare(&request(Some(path), 5000)).await.expect("prepared");
    assert_eq!(prepared.body["video"]["start_frame"]["media_type"], "image/png");
}

#[tokio::test]
async fn a_refused_length_is_sent_as_a_text_once() {
    let (vendor, pika, script) = set_up("pika").await;
    let prepared = pika.prepare(&request(None, 5000)).await.expect("prepared");
    let route = "POST /fal-ai/pika/v2.2/text-to-video";
    let refusal = |field: &str| {
        let detail = json!([{ "loc": ["body", field], "msg": "no", "type": "literal_error" }]);
        Answer::json(422, json!({ "detail": detail }))
    };
    vendor.follow(script.clone().on(route, refusal("duration")));
    let error = pika.submit(&prepared).await.expect_err("refused twice");
    assert_eq!(error.accepted, crate::Accepted::No);
    let sent: Vec<Value> = vendor
        .requests()
        .iter()
        .map(|seen| serde_json::from_slice::<Value>(&seen.body).expect("JSON")["duration"].clone())
        .collect();
    assert_eq!(sent, [json!(5), json!("5")]);
    vendor.follow(script.on(route, refusal("prompt")));
    pika.submit(&prepared).await.expect_err("refused");
    assert_eq!(vendor.count(route), 1);
}

#[tokio::test]
async fn the_key_is_not_sent_to_another_host() {
    let (vendor, pika, script) = set_up("pika").await;
    let stranger = Vendor::start().await.expect("vendor");
    stranger.follow(Script::default().on("GET /", Answer::json(200, json!({}))));
    let prepared = pika.prepare(&request(None, 5000)).await.expect("prepared");
    let reply = json!({
        "request_id": "5e0b8f3a",
        "status_url": format!("{}/status", stranger.base()),
        "response_url": format!("{}/response", stranger.base()),
    });
    let route = "POST /fal-ai/pika/v2.2/text-to-video";
    vendor.follow(script.on(route, Answer::json(200, reply)));
    let task = pika.submit(&prepared).await.expect("a task that is paid is kept");
    for _ in 0..3 {
        pika.poll(&task).await.expect("asked where it must be");
    }
    assert!(stranger.requests().is_empty());
    assert_eq!(vendor.count("GET /fal-ai/pika/requests/5e0b8f3a/status"), 3);
}

#[tokio::test]
async fn a_workflow_is_filled_with_numbers_and_texts() {
    let folder = tempfile::tempdir().expect("folder");
    let (vendor, comfyui, _) = set_up("comfyui").await;
    let path = large_picture(folder.path(), 64);
    let request =
        GenerateRequest { prompt: "a \"kite\" {{seed}}".into(), ..request(Some(path), 5000) };
    let request = GenerateRequest { ratio: Ratio { width: 720, height: 1280 }, ..request };
    let prepared = comfyui.prepare(&request).await.expect("prepared");
    comfyui.submit(&prepared).await.expect("submitted");
    let seen = vendor.requests();
    let sent: Value = serde_json::from_slice(&seen.last().expect("sent").body).expect("JSON");
    let input = |node: &str, name: &str| sent["prompt"][node]["inputs"][name].clone();
    assert_eq!(input("1", "image"), "frame.png");
    assert_eq!(input("2", "text"), "a \"kite\" {{seed}}");
    assert_eq!(input("3", "seed"), 7);
    assert_eq!((input("5", "width"), input("5", "length")), (json!(720), json!(120)));
    assert_eq!(sent["prompt_id"].as_str().map(str::len), Some(36));
}

#[tokio::test]
async fn older_servers_interrupt_only_our_task() {
    let (vendor, comfyui, script) = set_up("comfyui").await;
    let id = "0b6ad4d2-8c1f-4f55-9d6e-5d0c0f7b1e90";
    let task = Task { id: id.into(), data: Value::Null };
    let old = script.on("POST /api/jobs/", Answer::text(404, ""));
    for (queue, route, field) in [
        (
            json!({ "queue_running": [[1, id]], "queue_pending": [] }),
            "POST /interrupt",
            "prompt_id",
        ),
        (json!({ "queue_running": [], "queue_pending": [[1, id]] }), "POST /queue", "delete"),
    ] {
        let script = old.clone().on("GET /queue", Answer::json(200, queue));
        vendor.follow(script.on(route, Answer::text(200, "")));
        comfyui.cancel(&task).await.expect("cancelled");
        let seen = vendor.requests();
        let sent: Value = serde_json::from_slice(&seen.last().expect("sent").body).expect("JSON");
        assert!(sent[field].to_string().contains(id), "{route}: {sent}");
    }
}

#[tokio::test]
async fn stock_is_credited_and_an_empty_search_is_no_failure_of_the_source() {
    for (kind, credit, route, empty) in [
        (
            "pexels",
            "Video by Ada Lens on Pexels (https://www.pexels.com/video/857251/)",
            "GET /v1/videos/search",
            json!({ "videos": [] }),
        ),
        (
            "pixabay",
            "Video by Grace on Pixabay (https://pixabay.com/videos/id-31377/)",
            "GET /api/videos/",
            json!({ "hits": [] }),
        ),
    ] {
        let (vendor, stock, script) = set_up(kind).await;
        let prepared: Prepared = stock.prepare(&request(None, 5000)).await.expect("prepared");
        let task = stock.submit(&prepared).await.expect("found");
        let TaskState::Succeeded { output, .. } = stock.poll(&task).await.expect("polled") else {
            panic!("{kind} is there at once");
        };
        assert_eq!(output.credit.as_deref(), Some(credit));
        vendor.follow(script.on(route, Answer::json(200, empty)));
        let error = stock.submit(&prepared).await.expect_err("nothing");
        assert_eq!(error.kind, crate::VendorErrorKind::Unsupported);
    }
}

#[tokio::test]
async fn a_layer_sees_every_step_and_how_it_failed() {
    let (vendor, inner, script) = set_up("http").await;
    let steps = Arc::new(Mutex::new(Vec::new()));
    let seen = steps.clone();
    let layer = Observed::new(
        inner,
        Arc::new(move |step| seen.lock().expect("lock").push((step.step, step.failed))),
    );
    let request =
        GenerateRequest { ratio: Ratio { width: 720, height: 1280 }, ..request(None, 5000) };
    let prepared = layer.prepare(&request).await.expect("prepared");
    let task = layer.submit(&prepared).await.expect("submitted");
    vendor.follow(script.on("GET /v1/renders/", Answer::text(404, "")));
    layer.poll(&task).await.expect("a state");
    let lost = Some(crate::VendorErrorKind::Lost);
    assert_eq!(*steps.lock().expect("lock"), [("prepare", None), ("submit", None), ("poll", lost)]);
}

#[tokio::test]
async fn vendors_own_ways_of_refusing_are_understood() {
    use crate::VendorErrorKind as Kind;
    let pixabay = "GET /api/videos/";
    let pika = "POST /fal-ai/pika/v2.2/text-to-video";
    let luma = "POST /v1/generations";
    let limited = Answer::text(429, "API rate limit exceeded").with("x-ratelimit-reset", "42");
    let policy =
        json!({ "detail": [{ "loc": ["body"], "msg": "?", "type": "content_policy_violation" }] });
    for (kind, route, answer, expected, seconds) in [
        (
            "pixabay",
            pixabay,
            Answer::text(400, "[ERROR 400] Invalid or missing API key."),
            Kind::Auth,
            None,
        ),
        ("pixabay", pixabay, Answer::text(400, "[ERROR 400] bad q"), Kind::InvalidRequest, None),
        ("pixabay", pixabay, limited, Kind::RateLimited, Some(42)),
        (
            "pika",
            pika,
            Answer::json(403, json!({ "detail": "Exhausted balance" })),
            Kind::Quota,
            None,
        ),
        ("pika", pika, Answer::json(403, json!({ "detail": "no" })), Kind::Auth, None),
        ("pika", pika, Answer::json(422, policy), Kind::Moderation, None),
        ("luma", luma, Answer::json(403, json!({ "detail": "suspended" })), Kind::Auth, None),
        ("luma", luma, Answer::json(413, json!({ "detail": "large" })), Kind::InvalidRequest, None),
        (
            "luma",
            luma,
            Answer::json(422, json!({ "detail": "Moderated." })),
            Kind::Moderation,
            None,
        ),
        (
            "http",
            "POST /v1/renders",
            Answer::json(422, json!({ "error": "against our Policy" })),
            Kind::Moderation,
            None,
        ),
    ] {
        let (vendor, adapter, script) = set_up(kind).await;
        let offer = adapter.capabilities().offer(false).expect("words are sold");
        let request = GenerateRequest { ratio: offer.ratios[0], ..request(None, 5000) };
        let prepared = adapter.prepare(&request).await.expect("prepared");
        vendor.follow(script.on(route, answer));
        let error = adapter.submit(&prepared).await.expect_err("refused");
        assert_eq!(error.kind, expected, "{kind}: {error}");
        assert_eq!(error.accepted, crate::Accepted::No, "{kind}: {error}");
        assert_eq!(error.retry_after.map(|after| after.as_secs()), seconds, "{kind}: {error}");
    }
}

#[tokio::test]
async fn a_completed_task_whose_result_the_gateway_cannot_give_is_asked_for_again() {
    let (vendor, pika, script) = set_up("pika").await;
    let prepared = pika.prepare(&request(None, 5000)).await.expect("prepared");
    let task = pika.submit(&prepared).await.expect("submitted");
    let status = "GET /fal-ai/pika/requests/5e0b8f3a/status";
    let done = Answer::json(200, json!({ "status": "COMPLETED" }));
    let result = "GET /fal-ai/pika/requests/5e0b8f3a";
    let answered = |answer: Answer| script.clone().on(result, answer).on(status, done.clone());
    vendor.follow(answered(Answer::text(502, "bad gateway")));
    assert!(pika.poll(&task).await.is_err());
    let own = json!({ "detail": "gone", "error_type": "runner_disconnected" });
    vendor.follow(answered(Answer::json(503, own)));
    let state = pika.poll(&task).await.expect("a state");
    assert!(matches!(state, TaskState::Failed(error) if error.is_temporary()));
}

#[tokio::test]
async fn a_task_that_runway_has_not_begun_is_surely_cancelled() {
    use crate::adapter::Cancelled;
    let (vendor, runway, script) = set_up("runway").await;
    let task = Task { id: "t".into(), data: Value::Null };
    let deleted = script.on("DELETE /v1/tasks/", Answer::text(204, ""));
    for (status, expected, deletes) in [
        ("PENDING", Cancelled::Yes, 1),
        ("THROTTLED", Cancelled::Yes, 1),
        ("RUNNING", Cancelled::Asked, 1),
        ("SUCCEEDED", Cancelled::TooLate, 0),
        ("FAILED", Cancelled::TooLate, 0),
        ("CANCELLED", Cancelled::TooLate, 0),
    ] {
        let found = json!({ "id": "t", "status": status, "output": ["http://example.com/x"] });
        vendor.follow(deleted.clone().on("GET /v1/tasks/", Answer::json(200, found)));
        assert_eq!(runway.cancel(&task).await.expect("cancelled"), expected, "{status}");
        assert_eq!(vendor.count("DELETE "), deletes, "{status}");
    }
    vendor.follow(deleted.on("GET /v1/tasks/", Answer::text(404, "")));
    assert_eq!(runway.cancel(&task).await.expect("gone"), Cancelled::TooLate);
}

#[tokio::test]
async fn an_older_path_of_pexels_is_tried_where_the_newer_one_is_gone() {
    let (vendor, pexels, script) = set_up("pexels").await;
    let prepared = pexels.prepare(&request(None, 5000)).await.expect("prepared");
    let gone = script.on("GET /v1/videos/search", Answer::text(404, ""));
    let empty = Answer::json(200, json!({ "videos": [] }));
    vendor.follow(gone.on("GET /videos/search", empty));
    let error = pexels.submit(&prepared).await.expect_err("nothing");
    assert_eq!(error.kind, crate::VendorErrorKind::Unsupported);
    assert_eq!(vendor.count("GET /videos/search?query=red+kite&orientation=portrait"), 1);
}
