//! Tests of the service from the users' side: over HTTP, and through its log.

use pytoon_testkit::program::run;
use pytoon_testkit::{Film, Service, Studio, Workspace, postgres};
use serde_json::{Value, json};

const WORDS: &str = "Fresh bread, baked at dawn. Come by before it is gone.";

fn bread() -> Value {
    json!({"script": WORDS, "profile": "test", "client_data": {"order": 7}})
}

fn path(id: &str, rest: &str) -> String {
    format!("/api/v2/jobs/{id}{rest}")
}

/// Tests a job from its brief to its film and its records, on the database that `environment` names.
#[track_caller]
fn a_film(environment: &[(&str, &str)]) {
    let workspace = Workspace::new();
    let service = workspace.serve_with(environment);
    let accepted = service.call("POST", "/api/v2/jobs", Some(&bread())).is(202);
    let id = accepted.json()["job_id"].as_str().expect("an id").to_owned();
    assert_eq!(accepted.headers["location"], path(&id, ""));
    let job = service.until(&id, "done");
    assert_eq!((&job["progress_pct"], &job["scene_count"]), (&json!(100), &json!(2)));
    assert_eq!((&job["error"], &job["client_data"]), (&Value::Null, &json!({"order": 7})));
    assert!(
        job["scenes"]
            .as_array()
            .expect("scenes")
            .iter()
            .all(|scene| { scene["status"] == "done" && scene["engine_used"] == "local" })
    );
    // The film itself, with the checks of every film.
    let film = Film::open(&workspace.path(&format!("storage/jobs/{id}")));
    assert_eq!(film.findings(), Vec::<String>::new());
    assert_eq!(film.caption_words(), pytoon_testkit::film::words(WORDS));
    for (name, key) in [("timeline", "tracks"), ("scene-graph", "scenes"), ("receipt", "scenes")] {
        let document = service.call("GET", &path(&id, &format!("/{name}")), None).is(200);
        assert!(document.json()[key].is_object() || document.json()[key].is_array(), "{name}");
    }
    let uri = job["output_uri"].as_str().expect("an address");
    let whole = service.call("GET", uri, None).is(200);
    assert_eq!(whole.body, std::fs::read(film.output()).expect("the film"));
    assert_eq!(whole.headers["content-type"], "video/mp4");
    let bearer = format!("Bearer {}", service.key);
    let with = |name: &str, value: &str| {
        service.ask("GET", uri, &[("Authorization", &bearer), (name, value)], None)
    };
    let part = with("Range", "bytes=100-299").is(206);
    assert_eq!(part.body, whole.body[100..300]);
    assert_eq!(part.headers["content-range"], format!("bytes 100-299/{}", whole.body.len()));
    with("If-None-Match", &whole.headers["etag"]).is(304);
    let beyond = with("Range", "bytes=99999999-");
    beyond.problem(416, "range", &[]);
    assert_eq!(beyond.headers["content-range"], format!("bytes */{}", whole.body.len()));
    let told = service.call("GET", &path(&id, "/events"), None).is(200).text();
    let statuses: Vec<&str> = told
        .lines()
        .filter_map(|line| line.strip_prefix("data: {\"status\":\""))
        .map(|rest| rest.split('"').next().unwrap_or_default())
        .filter(|status| !["planned", "rendering"].contains(status))
        .collect();
    let expected = ["queued", "planning_scenes", "building_timeline", "composing", "done"];
    assert_eq!(
        statuses.iter().filter(|s| expected.contains(s)).collect::<Vec<_>>(),
        expected.iter().collect::<Vec<_>>()
    );
    let ids: Vec<i64> = told.lines().filter_map(|l| l.strip_prefix("id: ")?.parse().ok()).collect();
    let last = ids.last().expect("events");
    let before = (last - 1).to_string();
    let again = service.ask(
        "GET",
        &path(&id, "/events"),
        &[("Authorization", &bearer), ("Last-Event-ID", &before)],
        None,
    );
    assert_eq!(again.text().matches("id: ").count(), 1, "{}", again.text());
    let listed = service.call("GET", "/api/v2/jobs?status=done", None).is(200).json();
    assert_eq!(listed["jobs"][0]["job_id"], json!(id));
    service.call("POST", &path(&id, "/cancel"), None).problem(409, "wrong_status", &["done"]);
    service.call("DELETE", &path(&id, ""), None).is(204);
    service.call("GET", &path(&id, ""), None).problem(404, "no_such_job", &[]);
    assert!(!workspace.path(&format!("storage/jobs/{id}")).exists());
}

#[test]
fn a_brief_becomes_a_film_on_sqlite() {
    a_film(&[]);
}

#[test]
fn a_brief_becomes_a_film_on_postgresql() {
    let address = postgres::new_database();
    a_film(&[("DATABASE_URL", &address)]);
}

#[test]
fn keys_open_what_they_are_for_and_nothing_else() {
    let workspace = Workspace::new();
    let service = workspace.serve();
    let key = |name: &str, scope: &str| {
        let made = workspace.pytoon(&["keys", "add", name, "--scope", scope]).ok();
        made.stdout.trim().to_owned()
    };
    let (reader, shop, other) = (key("reader", "read"), key("shop", "submit"), key("b", "submit"));
    let ask = |key: &str, method: &str, path: &str, body: Option<&Value>| {
        service.ask(method, path, &[("X-API-Key", key)], body)
    };
    service.ask("GET", "/api/v2/jobs", &[], None).problem(401, "unauthorized", &["API key"]);
    ask("pyt_wrong", "GET", "/api/v2/jobs", None).problem(401, "unauthorized", &["is unknown"]);
    let refused = ask(&reader, "POST", "/api/v2/jobs", Some(&bread()));
    refused.problem(403, "forbidden", &["submit"]);
    let id = ask(&shop, "POST", "/api/v2/jobs", Some(&bread())).is(202).json()["job_id"].clone();
    let id = id.as_str().expect("an id");
    ask(&shop, "GET", &path(id, ""), None).is(200);
    for rest in ["", "/timeline", "/events", "/artifacts/output.mp4"] {
        ask(&other, "GET", &path(id, rest), None).problem(404, "no_such_job", &[]);
    }
    ask(&other, "POST", &path(id, "/cancel"), None).problem(404, "no_such_job", &[]);
    ask(&other, "DELETE", &path(id, ""), None).problem(404, "no_such_job", &[]);
    assert_eq!(ask(&other, "GET", "/api/v2/jobs", None).json()["jobs"], json!([]));
    // An admin sees the jobs of all keys.
    assert_eq!(service.job(id)["job_id"], json!(id));
    workspace.pytoon(&["keys", "revoke", "shop"]).ok();
    ask(&shop, "GET", &path(id, ""), None).problem(401, "unauthorized", &["revoked"]);
    for open in ["/livez", "/readyz", "/health", "/metrics", "/openapi.json", "/docs"] {
        service.ask("GET", open, &[], None).is(200);
    }
    // Only the hash of a key is stored, and no log contains one.
    let database = std::fs::read(workspace.path("storage/pytoon.db")).expect("a database");
    let log = std::fs::read(workspace.path("logs/worker.log")).expect("a log");
    for key in [&service.key, &reader, &shop] {
        for bytes in [&database, &log] {
            let shown = bytes.windows(key.len()).any(|window| window == key.as_bytes());
            assert!(!shown, "a key is shown");
        }
    }
}

#[test]
fn what_is_wrong_in_a_request_is_named() {
    let workspace = Workspace::new();
    workspace.write("media/cup.png", b"x");
    workspace.write("secret.png", b"x");
    std::os::unix::fs::symlink(workspace.path("secret.png"), workspace.path("media/link.png"))
        .expect("a link");
    let allowed =
        format!("assets: {{allowed_dirs: [\"{}\"]}}\n", workspace.path("media").display());
    workspace.write("config/defaults.yaml", allowed);
    let service = workspace.serve();
    let submit = |body: &Value| service.call("POST", "/api/v2/jobs", Some(body));
    for (body, code, parts) in [
        (json!({"scirpt": "x"}), "invalid_brief", vec!["scirpt", "did you mean `script`"]),
        (json!({}), "invalid_brief", vec!["(body)"]),
        (json!({"script": 5}), "invalid_brief", vec!["script"]),
        (json!({"script": "x", "target_duration_seconds": 90}), "invalid_brief", vec!["90"]),
        (json!({"script": "x", "preset_id": "nope"}), "invalid_request", vec!["preset_id", "nope"]),
        (
            json!({"script": "x", "media_files": ["cup.png", "/etc/passwd"]}),
            "invalid_request",
            vec!["media_files[1]", "allowed_dirs"],
        ),
        (json!({"script": "x", "media_files": ["../secret.png"]}), "invalid_request", vec!["[0]"]),
        (json!({"script": "x", "media_files": ["link.png"]}), "invalid_request", vec!["[0]"]),
        (json!({"voice_file": "file:///etc/hostname"}), "invalid_request", vec!["voice_file"]),
        (json!([1]), "invalid_request", vec!["(body)"]),
    ] {
        submit(&body).problem(422, code, &parts);
    }
    let bearer = format!("Bearer {}", service.key);
    let key = ("Authorization", bearer.as_str());
    let json_type = ("Content-Type", "application/json");
    let post =
        |headers: &[(&str, &str)], body: &[u8]| service.send("POST", "/api/v2/jobs", headers, body);
    post(&[key, json_type], b"{not json").problem(400, "not_json", &[]);
    post(&[key], b"{}").problem(415, "not_json", &["Content-Type"]);
    let large = vec![b' '; (1 << 20) + 10];
    post(&[key, json_type], &large).problem(413, "body", &[]);
    service.call("GET", "/api/v2/jobs?status=nope", None).problem(
        422,
        "invalid_request",
        &["nope"],
    );
    service.call("GET", "/api/v2/jobs?limit=0", None).problem(422, "invalid_request", &["limit"]);
    service.call("GET", "/api/v2/jobs?colour=red", None).problem(
        422,
        "invalid_request",
        &["colour"],
    );
    service.call("GET", "/api/v3", None).problem(404, "no_such_page", &[]);
    service.call("PUT", "/api/v2/jobs", None).problem(405, "method_not_allowed", &[]);
    let traversal = path("x", "/artifacts/..%2F..%2Fpytoon.db");
    service.call("GET", &traversal, None).problem(404, "no_such_job", &[]);
    assert_eq!(service.call("GET", "/api/v2/jobs", None).json()["jobs"], json!([]));
}

#[test]
fn a_repeated_request_with_its_mark_makes_one_job() {
    let workspace = Workspace::new();
    // A repeated request is answered regardless of the limits.
    workspace.write("config/defaults.yaml", "service: {submissions_per_minute: 1}\n");
    let service = workspace.serve();
    let bearer = format!("Bearer {}", service.key);
    let post = |body: &Value| {
        let headers = [("Authorization", bearer.as_str()), ("Idempotency-Key", "order-7")];
        service.ask("POST", "/api/v2/jobs", &headers, Some(body))
    };
    let first = post(&bread()).is(202).json()["job_id"].clone();
    assert_eq!(post(&bread()).is(202).json()["job_id"], first);
    let other = json!({"script": "Another film."});
    post(&other).problem(422, "idempotency_key_reused", &[]);
    service.call("POST", "/api/v2/jobs", Some(&other)).problem(429, "rate_limited", &[]);
    let jobs = service.call("GET", "/api/v2/jobs", None).json();
    assert_eq!(jobs["jobs"].as_array().map(Vec::len), Some(1));
}

/// Returns a brief with a scene for each engine, as JSON.
fn for_engines(engines: &[&str], more: &Value) -> Value {
    let scenes: Vec<Value> = engines
        .iter()
        .enumerate()
        .map(|(index, engine)| json!({"scene": index + 1, "engine": engine}))
        .collect();
    let mut brief = json!({
        "script": "Steam over a kettle. Sunlight through a window.",
        "profile": "test", "voice": "off", "captions": "off", "music_source": "none",
        "target_duration_seconds": 4, "max_scenes": 2, "scenes": scenes,
    });
    for (name, value) in more.as_object().into_iter().flatten() {
        brief[name] = value.clone();
    }
    brief
}

#[test]
fn api_and_workers_apart_draw_with_engines_and_count_together() {
    let down =
        json!({"rules": [{"vendor": "luma-agents", "step": "submit", "fault": "unavailable"}]});
    let studio = Studio::new(&down, &json!({"default_chain": ["runway", "local"]}));
    let root = studio.workspace.root().to_owned();
    let api = Service::start(&mut studio.command(&["api", "--port", "0"]), &root, "api");
    let mut worker = Service::start(&mut studio.command(&["worker"]), &root, "worker");
    let id = api.submit(&for_engines(&["runway", "luma"], &json!({})));
    let job = api.until(&id, "done");
    let scenes = job["scenes"].as_array().expect("scenes");
    assert_eq!(scenes[0]["engine_used"], "runway");
    assert_eq!(scenes[1]["fallback_used"], true, "{job}");
    assert!(scenes[1]["error"].as_str().is_some_and(|why| why.contains("luma")), "{job}");
    assert!(job["cost_usd"].as_f64().is_some_and(|usd| usd > 0.0), "{job}");
    let film = Film::open(&root.join("storage/jobs").join(&id));
    assert_eq!(film.findings(), Vec::<String>::new());
    // The runbook's line: the worker counts, the API shows. Counters are published every two seconds.
    let begun = std::time::Instant::now();
    let lines = [
        "pytoon_v2_engine_invocations_total{engine=\"runway\",result=\"success\"} ",
        "pytoon_v2_engine_fallbacks_total{from_engine=\"luma\",to_engine=\"runway\"} ",
        "pytoon_v2_tasks_total{stage=\"publish\",result=\"done\"} ",
    ];
    let text = loop {
        let text = api.ask("GET", "/metrics", &[], None).is(200).text();
        let count = |line: &&str| text.lines().find_map(|l| l.strip_prefix(*line)) != Some("0");
        if lines.iter().all(count) {
            break text;
        }
        assert!(begun.elapsed().as_secs() < 20, "something is not counted:\n{text}");
        std::thread::sleep(std::time::Duration::from_millis(200));
    };
    for line in lines {
        assert!(text.contains(line), "{line} is missing in\n{text}");
    }
    for line in [
        "pytoon_v2_jobs{status=\"done\"} 1",
        "pytoon_v2_jobs{status=\"failed\"} 0",
        "pytoon_v2_tts_failure_total{provider=\"openai\"} 0",
        "pytoon_build_info{version=",
    ] {
        assert!(text.contains(line), "{line} is missing in\n{text}");
    }
    assert!(!worker.events("engine_fallback").is_empty());
    assert!(!worker.events("health_check").is_empty() && !api.events("health_check").is_empty());
    assert_eq!(worker.end(), Some(0));
    assert_eq!(worker.events("service_stopped").len(), 1);
}

#[test]
fn a_killed_workers_film_is_made_by_another_and_nothing_is_bought_twice() {
    let slow = json!({"defaults": {"queue_ms": 0, "run_ms": 3000}});
    let studio = Studio::new(&slow, &json!({"default_chain": ["runway", "local"]}));
    studio
        .workspace
        .write("config/defaults.yaml", "service: {lease_seconds: 2, unanswered_seconds: 3}\n");
    let root = studio.workspace.root().to_owned();
    let api = Service::start(&mut studio.command(&["api", "--port", "0"]), &root, "api");
    let mut first = Service::start(&mut studio.command(&["worker"]), &root, "first");
    let id = api.submit(&for_engines(&["runway", "runway"], &json!({})));
    let begun = std::time::Instant::now();
    while studio.simulator.accepted_count("runway") == 0 {
        assert!(begun.elapsed().as_secs() < 30, "nothing is bought");
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    first.kill();
    let second = Service::start(&mut studio.command(&["worker"]), &root, "second");
    let job = api.until(&id, "done");
    let scenes = job["scenes"].as_array().expect("scenes");
    let drawn = scenes.iter().filter(|scene| scene["engine_used"] == "runway").count();
    let accepted = studio.simulator.accepted_count("runway");
    assert!(accepted <= 2, "{accepted} clips were bought for two scenes");
    // A call whose answer died with the first worker is never repeated: that scene falls back.
    let unknown = studio.rows(&["--unknown"]).len();
    assert_eq!(drawn + unknown, 2, "{job}");
    drop(second);
}

#[test]
fn a_cancel_reaches_the_vendor_and_a_retry_resumes() {
    let slow = json!({"defaults": {"queue_ms": 60_000, "run_ms": 1}});
    let studio = Studio::new(&slow, &json!({"default_chain": ["runway", "local"]}));
    let root = studio.workspace.root().to_owned();
    let service = Service::start(&mut studio.command(&["serve", "--port", "0"]), &root, "serve");
    let id = service.submit(&for_engines(&["runway", "local"], &json!({})));
    let begun = std::time::Instant::now();
    while service.events("engine_submitted").is_empty() {
        assert!(begun.elapsed().as_secs() < 30, "nothing is bought");
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    service.call("POST", &path(&id, "/cancel"), None).is(200);
    let job = service.until(&id, "cancelled");
    assert_eq!(job["output_uri"], Value::Null);
    assert_eq!(studio.simulator.request_count("runway", "cancel"), 1);
    service.call("POST", &path(&id, "/release"), None).problem(409, "wrong_status", &["cancelled"]);
    studio.simulator.becomes(&json!({}));
    service.call("POST", &path(&id, "/retry"), None).is(200);
    let job = service.until(&id, "done");
    assert_eq!(job["scenes"][0]["engine_used"], "runway");
}

#[test]
fn a_held_job_waits_for_its_release() {
    let down = json!({"rules": [{"step": "submit", "fault": "unavailable"}]});
    let studio = Studio::new(&down, &json!({"default_chain": ["runway", "local"]}));
    let root = studio.workspace.root().to_owned();
    let service = Service::start(&mut studio.command(&["serve", "--port", "0"]), &root, "serve");
    let id = service.submit(&for_engines(&["runway", "local"], &json!({"on_degrade": "hold"})));
    let job = service.until(&id, "held");
    assert_eq!(job["error"]["code"], "degraded");
    assert!(job["error"]["message"].as_str().is_some_and(|why| why.contains("scene_01")), "{job}");
    studio.simulator.becomes(&json!({}));
    let released = studio.pytoon(&["jobs", "release", &id]).ok();
    assert_eq!(released.stdout.trim(), "queued");
    let job = service.until(&id, "done");
    assert_eq!((&job["scenes"][0]["engine_used"], &job["error"]), (&json!("runway"), &Value::Null));
}

#[test]
fn a_job_that_fails_says_at_which_stage_and_what_to_do() {
    let workspace = Workspace::new();
    let media = workspace.path("media");
    workspace.write("media/broken.png", b"\x89PNG\r\n\x1a\nnot a picture");
    let allowed = format!("assets: {{allowed_dirs: [\"{}\"]}}\n", media.display());
    workspace.write("config/defaults.yaml", allowed);
    let service = workspace.serve();
    let id = service.submit(&json!({"script": WORDS, "media_files": ["broken.png"]}));
    let job = service.until(&id, "failed");
    let error = &job["error"];
    assert_eq!(error["code"], "invalid_brief", "{error}");
    assert!(["plan", "voice"].iter().any(|stage| error["stage"] == *stage), "{error}");
    assert!(error["message"].as_str().is_some_and(|why| why.contains("broken.png")), "{error}");
    assert_eq!(error["retryable"], false);
    let dead = workspace.pytoon(&["tasks", "dead"]).ok().stdout;
    assert!(dead.contains(&id) && dead.contains("broken.png"), "{dead}");
    let shown = workspace.pytoon(&["jobs", "show", &id]).ok().json();
    assert_eq!(shown["status"], "failed");
}

#[test]
fn without_keys_the_server_listens_only_on_loopback() {
    let workspace = Workspace::new();
    let refused = workspace.pytoon(&["serve", "--no-auth", "--bind", "0.0.0.0", "--port", "0"]);
    refused.expect_failure(1, &["--no-auth", "127.0.0.1"]);
    let mut command = workspace.command(&["serve", "--no-auth", "--port", "0"]);
    let service = Service::start(&mut command, workspace.root(), "serve");
    assert_eq!(service.key, "");
    service.ask("GET", "/api/v2/jobs", &[], None).is(200);
}

#[test]
fn metrics_may_demand_a_token() {
    let workspace = Workspace::new();
    workspace.write("config/defaults.yaml", "metrics: {token: a-token-of-metrics}\n");
    let service = workspace.serve();
    service.ask("GET", "/metrics", &[], None).problem(401, "unauthorized", &["metrics.token"]);
    let wrong = [("Authorization", "Bearer other")];
    service.ask("GET", "/metrics", &wrong, None).problem(401, "unauthorized", &[]);
    let right = [("Authorization", "Bearer a-token-of-metrics")];
    service.ask("GET", "/metrics", &right, None).is(200);
}

#[test]
fn requests_and_work_have_a_log_each() {
    let workspace = Workspace::new();
    let service = workspace.serve();
    let id = service.submit(&bread());
    service.until(&id, "done");
    let read = |name: &str| std::fs::read_to_string(workspace.path(name)).expect("a log");
    let (work, requests) = (read("logs/worker.log"), read("logs/api.log"));
    assert!(requests.contains("\"event\":\"request\"") && !work.contains("\"event\":\"request\""));
    assert!(requests.contains("/api/v2/jobs/{id}"), "{requests}");
    for event in ["voice_mapped", "alignment_", "loudnorm", "task_finished", "health_check"] {
        assert!(work.contains(event) && !requests.contains(event), "{event}");
    }
    // Every event of a task names its job.
    let line = work.lines().find(|line| line.contains("voice_mapped")).expect("a line");
    assert!(line.contains(&format!("\"job_id\":\"{id}\"")) && line.contains("\"stage\":\"voice\""));
    let fetched = run(&mut workspace.command(&["artifacts", "get", &id, "output.mp4"])).ok();
    assert_eq!(fetched.stdout.trim(), "output.mp4");
    assert!(workspace.path("output.mp4").is_file());
}
