//! Tests of the studio page: a real browser drives the real service. The scenarios are in `studio/e2e`.

use pytoon_testkit::program::other;
use pytoon_testkit::{Service, Studio, Workspace};
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::time::{Duration, SystemTime};

/// The time after which a scenario that hangs is ended.
const PATIENCE: Duration = Duration::from_secs(240);

fn studio_folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../studio")
}

/// Ends a scenario and its browser when the test ends early, and when it takes too long.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Runs a scenario of `studio/e2e` against a service. `values` are passed to the scenario, and `answer` answers its
/// requests.
#[track_caller]
fn drive(
    scenario: &str,
    service: &mut Service,
    mut values: Value,
    mut answer: impl FnMut(&mut Service, &str) -> String,
) {
    values["origin"] = json!(format!("http://{}", service.address));
    values["key"] = json!(service.key);
    run(scenario, values, |word| answer(service, word));
}

/// Runs a scenario of `studio/e2e`. `values` are passed to the scenario, and `answer` answers its requests.
#[track_caller]
fn run(scenario: &str, mut values: Value, mut answer: impl FnMut(&str) -> String) {
    let folder = studio_folder();
    assert!(
        folder.join("node_modules/playwright-core").is_dir()
            && folder.join("dist/index.html").is_file(),
        "the page is not built: run make studio"
    );
    let chromium = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];
    let chromium = chromium.into_iter().find(|path| Path::new(path).is_file());
    values["chromium"] = json!(chromium.expect("no browser is installed: run make setup-tests"));
    let passed = tempfile::NamedTempFile::new().expect("a file");
    std::fs::write(passed.path(), values.to_string()).expect("written");
    let child = other(Path::new("timeout"))
        .arg(PATIENCE.as_secs().to_string())
        .args(["node", "e2e/run.mjs", scenario])
        .current_dir(&folder)
        .env("PYTOON_SCENARIO", passed.path())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::inherit())
        .spawn()
        .expect("node starts");
    let mut running = Running(child);
    let mut to = running.0.stdin.take().expect("its input");
    let from = BufReader::new(running.0.stdout.take().expect("its output"));
    let mut printed = Vec::new();
    for line in from.lines() {
        let line = line.expect("text");
        match line.strip_prefix('@') {
            Some(word) => {
                let answer = answer(word);
                // A scenario that has failed meanwhile reads nothing.
                let _ = writeln!(to, "{answer}");
            }
            None => printed.push(line),
        }
    }
    let status = running.0.wait().expect("ends");
    assert!(
        status.success(),
        "the scenario `{scenario}` failed ({status}): {}",
        printed.join("\n")
    );
}

/// Answers no request.
fn nothing(_: &mut Service, word: &str) -> String {
    panic!("the scenario asked for `{word}`")
}

/// Returns a file as the scenario drops it: its name, its media type and its content.
fn file(path: &Path, media_type: &str) -> Value {
    use base64::Engine as _;
    let bytes = std::fs::read(path).expect("a file");
    let base64 = base64::engine::general_purpose::STANDARD.encode(bytes);
    let name = path.file_name().expect("a name").to_string_lossy().into_owned();
    json!({"name": name, "type": media_type, "base64": base64})
}

/// Records a voice that says two sentences.
fn recording(workspace: &Workspace) -> PathBuf {
    workspace.write(
        "recorded.yaml",
        "script: \"Fresh bread, baked at dawn. Come by before it is gone.\"\nprofile: test\nmusic_source: none\n",
    );
    workspace.pytoon(&["render", "recorded.yaml", "--out", "recorded"]).ok();
    workspace.path("recorded/assembly/audio/voice.wav")
}

#[test]
fn a_person_logs_in_and_out_and_nobody_else_gets_in() {
    let workspace = Workspace::new();
    let mut service = workspace.serve();
    drive("login", &mut service, json!({}), nothing);
}

#[test]
fn a_film_is_made_from_dropped_pictures_and_a_recording() {
    let workspace = Workspace::new();
    let voice = recording(&workspace);
    let pictures =
        [workspace.picture("cup.jpg", 800, 1200), workspace.picture("bread.jpg", 1200, 800)];
    let broken = workspace.truncated_jpeg("broken.jpg");
    let mut service = workspace.serve();
    let values = json!({
        "pictures": pictures.iter().map(|path| file(path, "image/jpeg")).collect::<Vec<_>>(),
        "recording": file(&voice, "audio/wav"),
        "broken": file(&broken, "image/jpeg"),
    });
    drive("make", &mut service, values, nothing);
}

#[test]
fn a_planted_fallback_and_a_planted_late_caption_are_found_on_the_timeline() {
    let down = json!({"rules": [{"vendor": "runway", "step": "submit", "fault": "unavailable"}]});
    let studio = Studio::new(&down, &json!({"default_chain": ["runway", "local"]}));
    let root = studio.workspace.root().to_owned();
    let mut service =
        Service::start(&mut studio.command(&["serve", "--port", "0"]), &root, "serve");
    let id = service.submit(&json!({
        "script": "Fresh bread, baked at dawn. Come by before it is gone. We are open from six.",
        "profile": "test", "max_scenes": 3,
        "scenes": [{"scene": 2, "engine": "runway"}, {"scene": 1, "engine": "local"}, {"scene": 3, "engine": "local"}],
    }));
    service.until(&id, "done");
    let path = root.join("storage/jobs").join(&id).join("timeline.json");
    let mut timeline: Value =
        serde_json::from_slice(&std::fs::read(&path).expect("a timeline")).expect("JSON");
    let cue = &mut timeline["tracks"]["captions"][0];
    cue["start"] = json!(cue["start"].as_i64().expect("a time") + 600);
    std::fs::write(&path, timeline.to_string()).expect("written");
    drive("understand", &mut service, json!({"job": id}), nothing);
}

#[test]
fn a_film_is_cancelled() {
    let slow = json!({"defaults": {"run_ms": 30_000}});
    let studio = Studio::new(&slow, &json!({"default_chain": ["runway", "local"]}));
    let root = studio.workspace.root().to_owned();
    let mut service =
        Service::start(&mut studio.command(&["serve", "--port", "0"]), &root, "serve");
    let id = service.submit(&json!({"script": "Steam over a kettle.", "profile": "test"}));
    drive("cancel", &mut service, json!({"job": id}), nothing);
    service.until(&id, "cancelled");
}

#[test]
fn the_page_recovers_from_a_restart_in_mid_job() {
    let workspace = Workspace::new();
    let mut service = workspace.serve();
    let port = service.address.rsplit(':').next().expect("a port").to_owned();
    let (id, key) =
        (service.submit(&json!({"script": LONG, "profile": "default"})), service.key.clone());
    drive("restart", &mut service, json!({"job": id}), |service, word| {
        match word {
            "kill" => service.kill(),
            "start" => {
                let mut command = workspace.command(&["serve", "--port", &port]);
                *service = Service::start(&mut command, workspace.root(), "again");
                service.key.clone_from(&key);
            }
            other => panic!("the scenario asked for `{other}`"),
        }
        "done".to_owned()
    });
}

/// A script whose film takes some seconds.
const LONG: &str = "Fresh bread, baked at dawn. Come by before it is gone. We are open from six. Bring a friend along. \
                    Butter is on the house.";

/// Returns the modification times of a job's chunks, in the order of their names.
fn chunk_times(workspace: &Workspace, id: &str) -> Vec<SystemTime> {
    let folder = workspace.path(&format!("storage/jobs/{id}/.work/chunks"));
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder)
        .expect("chunks")
        .map(|file| file.expect("a file").path())
        .filter(|path| path.extension().is_some_and(|ending| ending == "mp4"))
        .collect();
    files.sort();
    let time = |path: &PathBuf| path.metadata().expect("is there").modified().expect("a time");
    files.iter().map(time).collect()
}

#[test]
fn a_changed_caption_renders_only_its_parts_and_versions_are_compared_and_restored() {
    let workspace = Workspace::new();
    let mut service = workspace.serve();
    let id = service.submit(&json!({"script": LONG, "profile": "test", "max_scenes": 5}));
    service.until(&id, "done");
    let before = chunk_times(&workspace, &id);
    drive("fix", &mut service, json!({"job": id}), |_, word| {
        assert_eq!(word, "chunks");
        let after = chunk_times(&workspace, &id);
        let changed = before.iter().zip(&after).filter(|(before, after)| before != after).count();
        json!({"changed": changed, "all": after.len()}).to_string()
    });
}

#[test]
fn a_scene_is_redone_with_its_price_shown_first_and_a_second_window_is_told() {
    let studio = Studio::new(&json!({}), &json!({"default_chain": ["runway", "local"]}));
    let root = studio.workspace.root().to_owned();
    let mut service =
        Service::start(&mut studio.command(&["serve", "--port", "0"]), &root, "serve");
    let id = service.submit(&json!({
        "script": "Steam over a kettle. A cup on a table.", "profile": "test", "music_source": "none",
        "max_scenes": 2, "engine_override": "runway",
    }));
    let job = service.until(&id, "done");
    let values = json!({"job": id, "spent": job["cost_usd"]});
    drive("price", &mut service, values, |_, word| {
        assert_eq!(word, "bought");
        studio.simulator.accepted_count("runway").to_string()
    });
}

#[test]
fn an_engine_is_switched_off_from_the_page_and_a_worker_honours_it() {
    let studio = Studio::new(&json!({}), &json!({"default_chain": ["runway", "luma", "local"]}));
    let root = studio.workspace.root().to_owned();
    let mut api = Service::start(&mut studio.command(&["api", "--port", "0"]), &root, "api");
    let _worker = Service::start(&mut studio.command(&["worker"]), &root, "worker");
    let reader = studio.pytoon(&["keys", "add", "reader", "--scope", "read"]).ok().stdout;
    let clip = studio.workspace.clip("found.mp4", "270x480", 6.0, &[]);
    drive("switch", &mut api, json!({"reader": reader.trim(), "clip": clip}), |api, word| {
        if let Some(is_enabled) = word.strip_prefix("file-says-") {
            let text = std::fs::read_to_string(root.join("config/engine.yaml")).expect("a file");
            assert!(text.contains(&format!("\"enabled\": {is_enabled}")), "{text}");
            return "yes".to_owned();
        }
        if word == "lose-answers" {
            let fault = json!({"vendor": "runway", "step": "submit", "fault": "drop_after_accept"});
            studio.simulator.becomes(&json!({ "rules": [fault] }));
            let id = api.submit(&json!({
                "script": "Rain outside. A lamp inside.", "profile": "test", "voice": "off",
                "captions": "off", "music_source": "none", "max_scenes": 2,
            }));
            api.until(&id, "done");
            studio.simulator.becomes(&json!({}));
            return "done".to_owned();
        }
        let engine = word.strip_prefix("film-by-").expect("an engine");
        let id = api.submit(&json!({
            "script": format!("Steam over a kettle for {engine}."), "profile": "test", "voice": "off",
            "captions": "off", "music_source": "none", "max_scenes": 1,
        }));
        let job = api.until(&id, "done");
        assert_eq!(job["scenes"][0]["engine_used"], engine, "{job}");
        "done".to_owned()
    });
}

#[test]
fn texts_of_briefs_names_of_files_and_errors_of_vendors_are_only_text() {
    const SCRIPT: &str = "<img src=x onerror=alert(1)><script>alert(2)</script>";
    let down = json!({"rules": [{"vendor": "runway", "step": "submit", "fault": "unavailable"}]});
    let studio = Studio::new(&down, &json!({"default_chain": ["runway", "local"]}));
    let root = studio.workspace.root().to_owned();
    let mut service =
        Service::start(&mut studio.command(&["serve", "--port", "0"]), &root, "serve");
    let id = service.submit(&json!({
        "script": "Fresh bread <img src=x onerror=alert(1)> is here.", "profile": "test",
        "scenes": [{"scene": 1, "engine": "runway", "shown_as": SCRIPT, "prompt": SCRIPT}],
    }));
    service.until(&id, "done");
    let picture = studio.workspace.picture("cup.jpg", 300, 400);
    let mut evil = file(&picture, "image/jpeg");
    evil["name"] = json!("<img src=x onerror=alert(3)>.jpg");
    drive("hostile", &mut service, json!({"job": id, "file": evil, "text": SCRIPT}), nothing);
}

#[test]
fn a_film_is_made_and_understood_by_keyboard_alone() {
    let workspace = Workspace::new();
    let mut service = workspace.serve();
    drive("keyboard", &mut service, json!({}), nothing);
}

#[test]
fn every_view_is_accessible_at_phone_and_desktop_size_in_light_and_dark() {
    let workspace = Workspace::new();
    let mut service = workspace.serve();
    let id = service.submit(&json!({"script": LONG, "profile": "test"}));
    service.until(&id, "done");
    drive("views", &mut service, json!({"job": id}), nothing);
}

#[test]
fn a_film_is_understood_from_a_file_without_a_service() {
    const CAPTION: &str =
        "</script><script>alert(1)</script><!-- <img src=x onerror=alert(2)> \u{2028}";
    let workspace = Workspace::new();
    let brief = json!({
        "script": LONG, "profile": "test", "max_scenes": 3,
        "scenes": [{"scene": 2, "shown_as": CAPTION}],
    });
    workspace.write("brief.yaml", brief.to_string());
    workspace.pytoon(&["render", "brief.yaml", "--out", "bread"]).ok();
    let said = workspace.pytoon(&["inspect", "bread", "--html", "bread.html"]).ok().stdout;
    assert!(said.contains("page        bread.html"), "{said}");
    let page = workspace.path("bread.html");
    let html = std::fs::read_to_string(&page).expect("a page");
    assert!(!html.contains("PYTOON_BUNDLE") && !html.contains("alert(1)</script>"));
    // The film is not in the file, and the path to it is not either.
    assert!(html.len() < 1 << 20, "{} bytes", html.len());
    assert!(!html.contains(&*workspace.root().to_string_lossy()));
    run("inspect-file", json!({"page": format!("file://{}", page.display())}), |word| {
        panic!("the scenario asked for `{word}`")
    });
}
