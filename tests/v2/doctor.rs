//! Tests that `pytoon doctor` diagnoses faults of a service and of a job correctly, and names the fix and the page.

use pytoon_testkit::program::tool;
use pytoon_testkit::{Service, Studio, Workspace};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

/// Returns a brief with one scene for Runway and one for `local`. Fields in `more` replace those of the brief.
fn two(more: &Value) -> Value {
    let mut brief = json!({
        "script": "Steam over a kettle. Sunlight through a window.",
        "profile": "test", "voice": "off", "captions": "off", "music_source": "none",
        "target_duration_seconds": 4, "max_scenes": 2,
        "scenes": [{"scene": 1, "engine": "runway"}, {"scene": 2, "engine": "local"}],
    });
    for (name, value) in more.as_object().into_iter().flatten() {
        brief[name] = value.clone();
    }
    brief
}

/// Returns the report of `pytoon doctor` on a job as JSON. Asserts that the exit status reports failed checks, that a
/// check has a fix exactly if it is not ok, and that every runbook exists.
#[track_caller]
fn doctor_report(studio: &Studio, id: &str) -> Vec<Value> {
    let run = studio.pytoon(&["doctor", id, "--json"]);
    let checks = run.json().as_array().expect("a list").clone();
    let worst = checks.iter().any(|check| check["verdict"] == "failed");
    assert_eq!(run.code, Some(i32::from(worst)), "{}", run.stdout);
    for check in &checks {
        assert_eq!(check["verdict"] == "ok", check["fix"].is_null(), "{check}");
        let page = check["runbook"].as_str().unwrap_or("docs/runbooks/README.md");
        let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the project");
        assert!(root.join(page).is_file(), "{page} is not there");
    }
    checks
}

/// Asserts that the doctor's report contains a check with this verdict, this evidence and this runbook.
#[track_caller]
fn says(checks: &[Value], name: &str, verdict: &str, evidence: &[&str], page: &str) {
    let found = checks.iter().find(|check| {
        check["name"] == name
            && check["verdict"] == verdict
            && evidence
                .iter()
                .all(|part| check["evidence"].as_str().is_some_and(|e| e.contains(part)))
    });
    let found =
        found.unwrap_or_else(|| panic!("no {verdict} {name} with {evidence:?}: {checks:#?}"));
    assert_eq!(found["runbook"], json!(format!("docs/runbooks/{page}.md")), "{found}");
}

/// Renders a film whose first engine fails as `rule` says, and returns the doctor's report on its job.
#[track_caller]
fn fallen(rule: &Value, more: &Value, settings: &Value) -> Vec<Value> {
    let mut own = json!({"default_chain": ["runway", "local"]});
    for (name, value) in settings.as_object().into_iter().flatten() {
        own[name] = value.clone();
    }
    let studio = Studio::new(&json!({ "rules": [rule] }), &own);
    let root = studio.workspace.root().to_owned();
    let service = Service::start(&mut studio.command(&["serve", "--port", "0"]), &root, "serve");
    let id = service.submit(&two(more));
    service.until(&id, "done");
    doctor_report(&studio, &id)
}

#[test]
fn a_scene_that_fell_back_is_explained_by_its_kind() {
    let submit = |fault: &str| json!({"vendor": "runway", "step": "submit", "fault": fault});
    for (fault, evidence, page) in [
        ("unavailable", "503", "engine-health"),
        ("unauthorized", "runway", "key-rotation"),
        ("payment_required", "runway", "engine-health"),
        ("rate_limited", "runway", "fallback-spike"),
    ] {
        let checks = fallen(&submit(fault), &json!({}), &json!({}));
        says(&checks, "scene_01", "warning", &["drawn by local", evidence], page);
        says_ok(&checks, "sound and picture");
    }
    let refused = json!({"vendor": "runway", "step": "poll", "fault": "moderation"});
    let checks = fallen(&refused, &json!({}), &json!({}));
    says(&checks, "scene_01", "warning", &["drawn by local"], "engine-health");
    let checks = fallen(
        &json!({"vendor": "fal", "step": "submit", "fault": "unavailable"}),
        &json!({"budget": 0.0}),
        &json!({}),
    );
    says(&checks, "scene_01", "warning", &["budget"], "fallback-spike");
}

#[track_caller]
fn says_ok(checks: &[Value], name: &str) {
    let check = checks.iter().find(|check| check["name"] == name);
    assert!(check.is_some_and(|check| check["verdict"] == "ok"), "{name}: {checks:#?}");
}

#[test]
fn a_call_without_an_answer_is_reported() {
    let lost = json!({"vendor": "runway", "step": "submit", "fault": "drop_after_accept"});
    let checks = fallen(&lost, &json!({}), &json!({}));
    says(&checks, "paid calls", "warning", &["no response", "runway"], "paid-calls");
}

#[test]
fn a_held_job_says_what_it_waits_for() {
    let down = json!({"rules": [{"vendor": "runway", "step": "submit", "fault": "unavailable"}]});
    let studio = Studio::new(&down, &json!({"default_chain": ["runway", "local"]}));
    let root = studio.workspace.root().to_owned();
    let service = Service::start(&mut studio.command(&["serve", "--port", "0"]), &root, "serve");
    let id = service.submit(&two(&json!({"on_degrade": "hold"})));
    service.until(&id, "held");
    says(
        &doctor_report(&studio, &id),
        "status",
        "warning",
        &["held", "scene_01"],
        "fallback-spike",
    );
}

#[test]
fn a_job_without_a_worker_and_one_whose_worker_is_silent_are_reported() {
    let slow = json!({"defaults": {"queue_ms": 0, "run_ms": 60_000}});
    let studio = Studio::new(&slow, &json!({"default_chain": ["runway", "local"]}));
    studio.workspace.write("config/defaults.yaml", "service: {lease_seconds: 1}\n");
    let root = studio.workspace.root().to_owned();
    let api = Service::start(&mut studio.command(&["api", "--port", "0"]), &root, "api");
    let id = api.submit(&two(&json!({})));
    let waits = doctor_report(&studio, &id);
    says_ok(&waits, "status");
    // The task has been ready for half a minute: set its time back instead of waiting.
    let back = |column: &str| {
        let sql = format!("UPDATE tasks SET {column} = {column} - 120000");
        let database = root.join("storage/pytoon.db").display().to_string();
        tool("sqlite3", [database.as_str(), ".timeout 5000", sql.as_str()]);
    };
    back("run_at");
    let waits = doctor_report(&studio, &id);
    says(&waits, "status", "failed", &["plan", "no worker has claimed it"], "jobs-not-moving");
    let mut worker = Service::start(&mut studio.command(&["worker"]), &root, "worker");
    let begun = Instant::now();
    while studio.simulator.accepted_count("runway") == 0 {
        assert!(begun.elapsed() < Duration::from_secs(30), "nothing is bought");
        std::thread::sleep(Duration::from_millis(20));
    }
    worker.kill();
    let sql = "UPDATE tasks SET state = 'running', worker = 'worker@lost', lease_until = run_at - 60000 \
               WHERE state IN ('running', 'ready')";
    let database = root.join("storage/pytoon.db").display().to_string();
    tool("sqlite3", [database.as_str(), ".timeout 5000", sql]);
    let silent = doctor_report(&studio, &id);
    let step =
        silent.iter().find(|check| check["name"].as_str().is_some_and(|n| n.contains("scene")));
    let name = step.expect("the scene's step")["name"].as_str().expect("a name").to_owned();
    says(&silent, &name, "failed", &["worker@lost", "stopped renewing"], "leases");
}

#[test]
fn a_broken_picture_and_a_full_disk_are_distinguished() {
    let workspace = Workspace::new();
    workspace.write("media/broken.png", b"\x89PNG\r\n\x1a\nnot a picture");
    let media = workspace.path("media").display().to_string();
    let settings = format!("assets: {{allowed_dirs: [\"{media}\"]}}\n");
    workspace.write("config/defaults.yaml", settings);
    let mut command = workspace.command(&["--log-dir", "logs", "serve", "--port", "0"]);
    let service = Service::start(&mut command, workspace.root(), "serve");
    let id = service.submit(&json!({"script": "Fresh bread.", "media_files": ["broken.png"]}));
    service.until(&id, "failed");
    let run = workspace.pytoon(&["doctor", &id]);
    assert_eq!(run.code, Some(1));
    for part in
        ["FAILED", "broken.png", "invalid_brief", "fix: ", "see: docs/runbooks/dead-tasks.md"]
    {
        assert!(run.stdout.contains(part), "{part}: {}", run.stdout);
    }
    // A job's folder that blocks its files, as a full or foreign disk would.
    let id = service.submit(&json!({"script": "Fresh bread, baked at dawn.", "profile": "test"}));
    service.until(&id, "done");
    let folder = workspace.path(&format!("storage/jobs/{id}"));
    std::fs::remove_dir_all(&folder).expect("removed");
    std::fs::write(&folder, b"in the way").expect("written");
    let redo = json!({"caption": "Other words"});
    let address = format!("/api/v2/jobs/{id}/scenes/1/redo");
    service.call("POST", &address, Some(&redo)).is(202);
    service.until(&id, "failed");
    let checks = workspace.pytoon(&["doctor", &id, "--json"]).json();
    let checks = checks.as_array().expect("a list").clone();
    says(&checks, "status", "failed", &["storage"], "storage");
}

#[test]
fn a_voice_that_stepped_down_and_words_spread_evenly_are_reported() {
    let workspace = Workspace::new();
    let media = workspace.path("media").display().to_string();
    std::fs::create_dir_all(&media).expect("a folder");
    let settings = format!(
        "assets: {{allowed_dirs: [\"{media}\"]}}\n\
         tts: {{espeak: {{voices: {{en: no-such-voice}}}}, flite: {{voice: no-such-voice}}}}\n"
    );
    workspace.write("config/defaults.yaml", settings);
    let hum = workspace.path("media/hum.wav").display().to_string();
    let source = "sine=frequency=180:duration=4";
    tool("ffmpeg", ["-v", "error", "-f", "lavfi", "-i", source, "-y", hum.as_str()]);
    let mut command = workspace.command(&["--log-dir", "logs", "serve", "--port", "0"]);
    let service = Service::start(&mut command, workspace.root(), "serve");
    let doctor = |brief: &Value| {
        let id = service.submit(brief);
        service.until(&id, "done");
        workspace.pytoon(&["doctor", &id, "--json"]).json().as_array().expect("a list").clone()
    };
    let silent = doctor(&json!({"script": "The kettle sings.", "profile": "test"}));
    says(&silent, "voice", "warning", &["has no voice", "espeak"], "tts");
    let spread = doctor(&json!({
        "script": "The kettle sings in the quiet morning.", "voice_file": "hum.wav", "profile": "test",
    }));
    says(&spread, "captions", "warning", &["evenly"], "caption-alignment");
}

#[test]
fn sound_of_another_length_and_a_lost_film_are_reported() {
    let workspace = Workspace::new();
    let mut command = workspace.command(&["--log-dir", "logs", "serve", "--port", "0"]);
    let service = Service::start(&mut command, workspace.root(), "serve");
    let id = service.submit(&json!({"script": "Fresh bread, baked at dawn.", "profile": "test"}));
    service.until(&id, "done");
    let doctor =
        || workspace.pytoon(&["doctor", &id, "--json"]).json().as_array().expect("a list").clone();
    let well = doctor();
    assert!(well.iter().all(|check| check["verdict"] == "ok"), "{well:#?}");
    let folder = workspace.path(&format!("storage/jobs/{id}"));
    let (mixed, short) = (folder.join("assembly/audio/mixed.wav"), folder.join("short.wav"));
    let (from, to) = (mixed.display().to_string(), short.display().to_string());
    tool("ffmpeg", ["-v", "error", "-i", from.as_str(), "-t", "1", "-y", to.as_str()]);
    std::fs::rename(&short, &mixed).expect("replaced");
    says(&doctor(), "sound and picture", "failed", &["mixed.wav lasts 1.0"], "audio-sync");
    std::fs::remove_file(folder.join("output.mp4")).expect("removed");
    says(&doctor(), "sound and picture", "failed", &["picture is missing"], "audio-sync");
    workspace
        .pytoon(&["doctor", "no-such-job"])
        .expect_failure(1, &["no job `no-such-job`", "jobs list"]);
}

#[test]
fn a_services_faults_are_reported_with_their_runbooks() {
    let wrong = json!({"rules": [{"vendor": "runway", "step": "health", "fault": "unauthorized"}]});
    let studio = Studio::new(&wrong, &json!({"default_chain": ["runway", "local"]}));
    let checks = studio.pytoon(&["doctor", "--json"]).json().as_array().expect("a list").clone();
    says(&checks, "engine runway", "warning", &["auth"], "key-rotation");
    says_ok(&checks, "engine pika");
    says_ok(&checks, "queue");
    says_ok(&checks, "clock and database");
    let text = studio.pytoon(&["doctor"]).stdout;
    assert!(!text.contains("key_of"), "a key is shown: {text}");
    let address = "postgres://nobody:s3cret-word@127.0.0.1:1/none";
    studio.workspace.write(".env", format!("DATABASE_URL={address}\n"));
    let run = studio.pytoon(&["doctor", "--json"]);
    let checks = run.json().as_array().expect("a list").clone();
    says(&checks, "database", "failed", &["PostgreSQL"], "database");
    assert!(!run.stdout.contains("s3cret-word"), "{}", run.stdout);
}
