//! Checks the operators' contract and the documentation against the running system.
//!
//! A shell runs the commands verbatim. Only the differences between an installation and a test are replaced: the
//! port, the log folder, and containers, whose processes the test starts and stops.

use crate::voice_booth::{Booth, voice_brief};
use pytoon_testkit::receiver::{ReceivedRequest, Receiver};
use pytoon_testkit::simulator::KEYS;
use pytoon_testkit::{Film, Service, Studio, Workspace};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

fn project() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the project").to_owned()
}

fn read(name: &str) -> String {
    std::fs::read_to_string(project().join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// A fact in the operators' contract: its kind, its name, its labels, and the test that checks it.
struct Fact {
    kind: String,
    name: String,
    labels: Vec<String>,
    test: String,
}

/// Returns every fact of `contract.yaml`: one per line, as JSON, which is YAML too.
fn facts() -> Vec<Fact> {
    let text = read("docs/runbooks/contract.yaml");
    let facts = text.lines().filter_map(|line| line.strip_prefix("- ")).map(|line| {
        let fact: Value = serde_json::from_str(line).unwrap_or_else(|e| panic!("{e}: {line}"));
        let field = |name: &str| fact[name].as_str().expect(name).to_owned();
        let labels = fact["labels"].as_array().into_iter().flatten();
        Fact {
            kind: field("kind"),
            name: field("name"),
            labels: labels.map(|label| label.as_str().expect("a label").to_owned()).collect(),
            test: field("test"),
        }
    });
    let facts: Vec<Fact> = facts.collect();
    assert!(facts.len() > 50, "{} facts", facts.len());
    facts
}

fn facts_of_kind(kind: &str) -> Vec<Fact> {
    facts().into_iter().filter(|fact| fact.kind == kind).collect()
}

/// Returns the file name and the text of every page of the runbooks.
fn pages() -> Vec<(String, String)> {
    let folder = project().join("docs/runbooks");
    let files = std::fs::read_dir(folder).expect("pages").map(|file| file.expect("a file").path());
    let pages = files.filter(|path| path.extension().is_some_and(|ending| ending == "md"));
    pages
        .map(|path| {
            let name = path.file_name().expect("a name").to_string_lossy().into_owned();
            (name, std::fs::read_to_string(path).expect("a page"))
        })
        .collect()
}

/// Returns the names in a text that start with this prefix.
fn names_in<'a>(text: &'a str, prefix: &str) -> BTreeSet<&'a str> {
    let is_of_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
    text.match_indices(prefix)
        .map(|(at, _)| {
            let rest = &text[at..];
            &rest[..rest.find(|c| !is_of_name(c)).unwrap_or(rest.len())]
        })
        .filter(|name| name.len() > prefix.len())
        .collect()
}

/// Runs a page's command in a shell in `folder`, with the given texts replaced. Returns its standard output.
#[track_caller]
fn run_command(folder: &Path, command: &str, replaced: &[(&str, &str)]) -> String {
    let command =
        replaced.iter().fold(command.to_owned(), |text, (from, to)| text.replace(from, to));
    #[expect(clippy::disallowed_methods, reason = "an operator's shell is not part of the product")]
    let output = Command::new("sh")
        .args(["-c", &command])
        .current_dir(folder)
        .env("RUNWAY_API_KEY", "key_of_runway")
        .output()
        .expect("a shell");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[test]
fn every_fact_has_its_test() {
    let main = read("tests/v2/main.rs");
    for fact in facts() {
        let (module, test) = fact.test.split_once("::").unwrap_or((&fact.test, ""));
        assert!(main.contains(&format!("mod {module};")), "{}: no {}", fact.name, fact.test);
        let source = read(&format!("tests/v2/{module}.rs"));
        let has = test.is_empty() || source.contains(&format!("fn {test}()"));
        assert!(has, "{}: no test {}", fact.name, fact.test);
    }
}

#[test]
fn every_fact_stands_on_a_page() {
    let all: String = pages().into_iter().map(|(_, text)| text).collect();
    let plain = |text: &str| text.replace(['"', '\''], "").replace("worker.log", "LOG");
    let all = plain(&all.replace("/var/log/pytoon/worker.log", "worker.log"));
    for fact in facts() {
        let name = plain(&fact.name.replace("v2.engines.*.", ""));
        let last = name.rsplit("v2.").next().unwrap_or(&name);
        assert!(all.contains(last), "no page names `{}`", fact.name);
    }
}

#[test]
fn metrics_stand_from_the_start() {
    let workspace = Workspace::new();
    // An ending model is reported if it can be used: with a key. Nothing listens on port 9.
    let openai = "tts: {openai: {base_url: 'http://127.0.0.1:9/v1'}}\n";
    workspace.write("config/defaults.yaml", openai);
    let mut command = workspace.command(&["--log-dir", "logs", "serve", "--port", "0"]);
    command.env("OPENAI_API_KEY", "oakey-5c7e9a1b3d4f6028");
    let service = Service::start(&mut command, workspace.root(), "serve");
    let text = service.ask("GET", "/metrics", &[], None).is(200).text();
    for fact in facts_of_kind("metric") {
        let line = text.lines().find(|line| {
            line.starts_with(&fact.name)
                && fact.labels.iter().all(|label| line.contains(&format!("{label}=\"")))
        });
        let line = line.unwrap_or_else(|| panic!("no {} in\n{text}", fact.name));
        assert!(line.ends_with(" 0"), "{line}");
    }
    // All names in pages, alerts and the dashboard exist.
    let alerts = read("deploy/prometheus/alerts.yml");
    let dashboard = read("deploy/grafana/pytoon.json");
    let mut sources = pages();
    sources.extend([("alerts".to_owned(), alerts), ("dashboard".to_owned(), dashboard)]);
    for (page, source) in &sources {
        for name in names_in(source, "pytoon_v2_") {
            let base = name.trim_end_matches("_bucket").trim_end_matches("_count");
            let base = base.trim_end_matches("_sum");
            assert!(text.contains(base), "{page} names {name}, which /metrics lacks:\n{text}");
        }
    }
}

#[test]
fn alerts_and_pages_lead_to_each_other() {
    let alerts = read("deploy/prometheus/alerts.yml");
    let all: String = pages().into_iter().map(|(_, text)| text).collect();
    for line in alerts.lines().map(str::trim) {
        if let Some(page) = line.strip_prefix("runbook:") {
            let page = page.split_whitespace().next().expect("a page");
            assert!(project().join(page).is_file(), "{page} is not there");
        }
        if let Some(name) = line.strip_prefix("- alert:") {
            assert!(all.contains(&format!("`{}`", name.trim())), "no page tells of {name}");
        }
    }
    for name in names_in(&all, "Pytoon") {
        assert!(alerts.contains(&format!("alert: {name}\n")), "there is no alert {name}");
    }
    let index = read("docs/runbooks/README.md");
    for (page, text) in pages() {
        assert!(
            page == "README.md" || index.contains(&format!("]({page})")),
            "{page} is not listed"
        );
        for link in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let file = link.split('#').next().unwrap_or_default();
            let is_local = !file.is_empty() && !file.contains("://");
            let there = project().join("docs/runbooks").join(file).exists();
            assert!(!is_local || there, "{page} leads to {link}, which is not there");
        }
    }
}

#[test]
fn events_of_the_contract_are_in_the_catalogue() {
    let events = read("docs/specs/events.md");
    for fact in facts_of_kind("event") {
        assert!(events.contains(&format!("| `{}` |", fact.name)), "{} is no event", fact.name);
    }
}

#[test]
fn settings_exist() {
    let (engine, defaults) = (read("config/engine.yaml"), read("config/defaults.yaml"));
    for fact in facts_of_kind("key") {
        let (file, path) = match fact.name.strip_prefix("v2.") {
            Some(path) => (&engine, path),
            None => (&defaults, fact.name.as_str()),
        };
        for part in path.split('.').filter(|part| *part != "*") {
            assert!(file.contains(&format!("{part}:")), "{}: no `{part}`", fact.name);
        }
    }
}

#[test]
fn modules_are_where_the_pages_say() {
    for fact in facts_of_kind("module")
        .iter()
        .chain(&facts_of_kind("path"))
        .filter(|f| f.name.contains('/'))
    {
        let is_installed = fact.name.starts_with('/');
        assert!(is_installed || project().join(&fact.name).exists(), "{} is not there", fact.name);
    }
    let all: String = pages().into_iter().map(|(_, text)| text).collect();
    for path in all.split('`').filter(|span| span.starts_with("crates/") && !span.contains(' ')) {
        let is_new = path.contains("new_engine");
        assert!(is_new || project().join(path).exists(), "{path} is not there");
    }
    let adapter = read("crates/pytoon-engines/src/adapter.rs");
    assert!(adapter.contains("trait ExternalEngineAdapter"));
    let selector = read("crates/pytoon-engines/src/engine_selector.rs");
    assert!(selector.contains("pub fn resolve_engine("));
    let redact = read("crates/pytoon-telemetry/src/redact.rs");
    assert!(redact.contains("pub fn sanitize_sensitive_data("));
}

/// Returns a brief whose two scenes request these engines. Each brief has a unique text, since a clip that was
/// purchased for the same text would be reused.
fn scenes(engines: &[&str]) -> Value {
    static FILMS: AtomicUsize = AtomicUsize::new(0);
    let film = FILMS.fetch_add(1, Ordering::Relaxed);
    let scenes: Vec<Value> = engines
        .iter()
        .enumerate()
        .map(|(index, engine)| json!({"scene": index + 1, "engine": engine}))
        .collect();
    json!({
        "script": format!("Steam over kettle {film}. Sunlight through window {film}."),
        "profile": "test", "voice": "off", "captions": "off", "music_source": "none",
        "target_duration_seconds": 4, "max_scenes": 2, "scenes": scenes,
    })
}

/// Returns the engines that drew a job's scenes.
fn engines_of(job: &Value) -> Vec<String> {
    let scenes = job["scenes"].as_array().expect("scenes");
    scenes.iter().map(|s| s["engine_used"].as_str().unwrap_or_default().to_owned()).collect()
}

#[test]
fn commands_of_the_contract_show_what_they_should() {
    let down =
        json!({"rules": [{"vendor": "luma-agents", "step": "submit", "fault": "unavailable"}]});
    let studio = Studio::new(&down, &json!({"default_chain": ["runway", "local"]}));
    let root = studio.workspace.root().to_owned();
    let api = Service::start(&mut studio.command(&["api", "--port", "0"]), &root, "api");
    let worker = Service::start(&mut studio.command(&["worker"]), &root, "worker");
    for _ in 0..3 {
        let id = api.submit(&scenes(&["luma", "luma"]));
        assert_eq!(engines_of(&api.until(&id, "done")), ["runway", "runway"]);
    }
    let replaced = [
        ("localhost:8000", api.address.as_str()),
        ("/var/log/pytoon", "logs"),
        ("docker compose logs worker", "cat worker.out"),
    ];
    let shows = |command: &str| {
        assert!(facts().iter().any(|fact| fact.name == command), "`{command}` is no fact");
        run_command(&root, command, &replaced)
    };
    let begun = Instant::now();
    let failed = "pytoon_v2_engine_invocations_total{engine=\"luma\",result=\"failure\"} ";
    let fell = "pytoon_v2_engine_fallbacks_total{from_engine=\"luma\",to_engine=\"runway\"} ";
    // The worker counts, the API shows; counters are published every two seconds.
    loop {
        let text = shows("curl localhost:8000/metrics | grep v2_engine");
        let value =
            |line: &str| text.lines().find_map(|l| l.strip_prefix(line)?.parse::<f64>().ok());
        if value(failed).is_some_and(|n| n >= 1.0) && value(fell).is_some_and(|n| n >= 1.0) {
            break;
        }
        assert!(begun.elapsed() < Duration::from_secs(20), "{text}");
        std::thread::sleep(Duration::from_millis(200));
    }
    let logged = shows("grep \"engine_fallback\" /var/log/pytoon/*.log");
    for part in ["\"from\":\"luma\"", "\"to\":\"runway\"", "\"kind\":\"server\""] {
        assert!(logged.contains(part), "{part}: {logged}");
    }
    assert_eq!(
        shows("docker compose logs worker | grep engine_fallback").lines().count(),
        logged.lines().count()
    );
    let rotated = run_command(&root, "grep engine_rotation_triggered logs/*.log", &[]);
    assert!(rotated.contains("\"engine\":\"luma\""), "{rotated}");
    assert_eq!(shows("echo $RUNWAY_API_KEY | head -c 5"), "key_o");
    drop(worker);
}

#[test]
fn a_restart_of_the_worker_alone_is_enough() {
    let settings = json!({"default_chain": ["runway", "local"]});
    let studio = Studio::new(&json!({}), &settings);
    let root = studio.workspace.root().to_owned();
    let api = Service::start(&mut studio.command(&["api", "--port", "0"]), &root, "api");
    let preset = std::fs::read_to_string(project().join("config/presets/product_hero_clean.yaml"));
    studio.workspace.write("config/presets/my_new_preset.yaml", preset.expect("a preset"));
    let film = |name: &str| {
        let worker = Service::start(&mut studio.command(&["worker"]), &root, name);
        let mut brief = scenes(&[]);
        brief["preset_id"] = json!("my_new_preset");
        let id = api.submit(&brief);
        let used = engines_of(&api.until(&id, "done"));
        drop(worker);
        used
    };
    // The API was started before the preset existed, and knows it nevertheless: it reads the folder.
    assert_eq!(film("first"), ["runway", "runway"]);
    let mut edited = settings.clone();
    edited["preset_engine_prefs"] = json!({"my_new_preset": {
        "preferred_engine": "luma", "fallback_override": ["luma", "runway", "pika"],
    }});
    studio.configure(&edited);
    assert_eq!(film("second"), ["luma", "luma"]);
    edited["engines"] = json!({"luma": {"enabled": false}});
    studio.configure(&edited);
    assert_eq!(film("third"), ["runway", "runway"]);
    edited["engines"] = json!({"luma": {"enabled": false}, "runway": {"max_concurrent": 1,
        "backoff": {"initial_ms": 1, "max_ms": 2, "attempts": 1}}});
    studio.configure(&edited);
    assert_eq!(film("fourth"), ["runway", "runway"]);
    let shown = studio.pytoon(&["engines", "--json"]).ok().stdout;
    assert!(
        shown.contains("\"max_concurrent\": 1") || shown.contains("\"max_concurrent\":1"),
        "{shown}"
    );
}

#[test]
fn keys_rotate_by_env_and_restart() {
    let studio = Studio::new(&json!({}), &json!({"default_chain": ["runway", "local"]}));
    let root = studio.workspace.root().to_owned();
    let all = ["RUNWAY_API_KEY", "ELEVENLABS_API_KEY", "OPENAI_API_KEY"];
    assert!(facts_of_kind("env").iter().all(|fact| all.contains(&fact.name.as_str())));
    let new = "key_that_is_new_1234567890";
    studio.workspace.write(".env", format!("RUNWAY_API_KEY={new}\n"));
    // The environment of the process has not changed: .env takes precedence.
    let api = Service::start(&mut studio.command(&["api", "--port", "0"]), &root, "api");
    let worker = Service::start(&mut studio.command(&["worker"]), &root, "worker");
    let id = api.submit(&scenes(&["runway", "local"]));
    api.until(&id, "done");
    let begun = Instant::now();
    let replaced = [("docker compose logs api", "cat api.out")];
    let command = "docker compose logs api | grep \"health_check\"";
    let lines = loop {
        let lines = run_command(&root, command, &replaced);
        if lines.contains("\"engine\":\"runway\"") || begun.elapsed() > Duration::from_secs(20) {
            break lines;
        }
        std::thread::sleep(Duration::from_millis(100));
    };
    let line = lines.lines().find(|line| line.contains("\"engine\":\"runway\"")).expect("a line");
    assert!(line.contains("\"healthy\":true") && line.contains("\"key_present\":true"), "{line}");
    drop((api, worker));
    // No log, row or answer contains a key.
    let files = run_command(&root, &format!("grep -rlF '{new}' . || true"), &[]);
    assert_eq!(files.lines().collect::<Vec<_>>(), ["./.env"], "a key is written down");
}

/// Checks that neither key leaks if a proxy in front of a vendor echoes the vendor's own key and the key of another
/// vendor.
#[test]
fn a_key_that_a_vendor_repeats_is_shown_nowhere() {
    let new = "key_that_is_new_1234567890";
    let of_another = KEYS[2].1;
    let words = json!({"detail": format!("no such key: Key {new}, Bearer {of_another}")});
    let proxy = Receiver::saying(&[400], &words.to_string());
    let engines = json!({"pika": {"base_url": proxy.address}});
    let settings = json!({"default_chain": ["pika", "local"], "engines": engines});
    let studio = Studio::new(&json!({}), &settings);
    let root = studio.workspace.root().to_owned();
    studio.workspace.write(".env", format!("PIKA_API_KEY={new}\n"));
    let mut command = studio.command(&["serve", "--port", "0"]);
    let service = Service::start(&mut command, &root, "serve");
    let id = service.submit(&scenes(&["pika", "pika"]));
    let job = service.until(&id, "done");
    assert_eq!(engines_of(&job), ["local", "local"], "{job}");
    let was_sent =
        |heard: &ReceivedRequest| heard.headers.iter().any(|(_, value)| value.contains(new));
    assert!(proxy.requests().iter().any(was_sent), "the key of .env is the one that is used");
    let mut told: Vec<String> = ["", "/receipt", "/timeline", "/scene-graph"]
        .iter()
        .map(|rest| service.call("GET", &format!("/api/v2/jobs/{id}{rest}"), None).is(200).text())
        .collect();
    told.push(service.call("GET", "/api/v2/engines", None).is(200).text());
    for args in [&["doctor", &id][..], &["doctor"], &["ledger", "list"], &["engines"]] {
        let run = studio.pytoon(args);
        told.extend([run.stdout, run.stderr]);
    }
    assert!(told.iter().any(|text| text.contains("no such key")), "what it said is told: {told:?}");
    drop(service);
    for key in [new, of_another] {
        assert!(!told.iter().any(|text| text.contains(key)), "{key} is shown: {told:?}");
        // Logs, rows, artifacts.
        let files = run_command(&root, &format!("grep -rlF '{key}' . || true"), &[]);
        let expected: &[&str] = if key == new { &["./.env"] } else { &[] };
        assert_eq!(files.lines().collect::<Vec<_>>(), expected, "a key is written down");
    }
}

#[test]
fn compose_hands_env_to_its_containers() {
    let compose = read("docker-compose.yml");
    assert!(compose.contains("env_file: .env") && compose.contains("./.env"), "{compose}");
    for service in ["  api:\n", "  worker:\n"] {
        assert!(compose.contains(service), "no service {service}");
    }
    for variable in ["RUNWAY_API_KEY", "ELEVENLABS_API_KEY", "OPENAI_API_KEY", "WEBHOOK_SECRET"] {
        assert!(read(".env.example").contains(variable), ".env.example lacks {variable}");
    }
}

#[test]
fn voices_fail_change_and_fall_silent_as_the_page_says() {
    let down = json!({"rules": [{"step": "submit", "fault": "unavailable"}]});
    let booth = Booth::new(&down, &["elevenlabs", "openai", "google"]);
    booth.render(&voice_brief("The kettle sings.", ""), "out");
    let log = booth.log();
    assert!(log.contains("\"event\":\"tts_provider_failed\""), "{log}");
    let spoke = |first: &str, out: &str| {
        let booth = Booth::new(&json!({}), &["elevenlabs", "openai"]);
        booth.configure(&json!({ "primary_provider": first }));
        booth.render(&voice_brief("The kettle sings.", ""), out).metadata()["voice"]["provider"]
            .clone()
    };
    assert_eq!(spoke("elevenlabs", "one"), "elevenlabs");
    assert_eq!(spoke("openai", "two"), "openai");
    let workspace = Workspace::new();
    let render = |settings: &str, out: &str| {
        workspace.write("config/defaults.yaml", settings);
        workspace.write("brief.yaml", voice_brief("The kettle sings.", ""));
        let log = format!("logs-{out}");
        workspace.pytoon(&["--log-dir", &log, "render", "brief.yaml", "--out", out]).ok();
        let film = Film::open(&workspace.path(out));
        let log = std::fs::read_to_string(workspace.path(&log).join("worker.log")).expect("a log");
        (film.metadata()["voice"]["provider"].clone(), log)
    };
    assert_eq!(render("tts: {primary_provider: pyttsx3}\n", "one").0, "espeak");
    let none = "tts: {espeak: {voices: {en: no-such-voice}}, flite: {voice: no-such-voice}}\n";
    let (provider, log) = render(none, "three");
    assert_eq!(provider, Value::Null, "{log}");
    assert!(log.contains("All TTS providers failed"), "{log}");
    assert!(log.contains("\"event\":\"all_tts_providers_failed\""), "{log}");
}

#[test]
fn alignment_is_reported_as_the_page_says() {
    let workspace = Workspace::new();
    let hum = workspace.path("hum.wav");
    let hum = hum.display().to_string();
    let source = "sine=frequency=180:duration=4";
    pytoon_testkit::program::tool(
        "ffmpeg",
        ["-v", "error", "-f", "lavfi", "-i", source, "-y", &hum],
    );
    let brief =
        "script: The kettle sings in the quiet morning.\nvoice_file: hum.wav\nprofile: test\n";
    workspace.write("brief.yaml", brief);
    workspace.pytoon(&["--log-dir", "logs", "render", "brief.yaml", "--out", "out"]).ok();
    let shown = run_command(
        workspace.root(),
        "grep \"alignment_\" worker.log",
        &[("worker.log", "logs/worker.log")],
    );
    assert!(shown.contains("\"event\":\"alignment_fallback_to_even_split\""), "{shown}");
    assert!(shown.contains("\"method\":\"builtin\""), "{shown}");
}

#[test]
fn doctor_knows_the_aligners() {
    let workspace = Workspace::new();
    let shown = workspace.pytoon(&["doctor"]).stdout;
    for name in ["whisperx", "stable-ts", "whisper-cli"] {
        assert!(shown.contains(name), "{name}: {shown}");
    }
    assert!(shown.contains("pip install whisperx"), "{shown}");
}

#[test]
fn a_films_files_are_where_the_page_says() {
    let workspace = Workspace::new();
    let mut command = workspace.command(&["--log-dir", "logs", "serve", "--port", "0"]);
    let service = Service::start(&mut command, workspace.root(), "serve");
    let id = service.submit(&json!({"script": "Fresh bread, baked at dawn.", "profile": "test"}));
    service.until(&id, "done");
    let replaced = [("{id}", id.as_str()), ("worker.log", "logs/worker.log")];
    let shows = |command: &str| run_command(workspace.root(), command, &replaced);
    let tracks = shows("cat storage/jobs/{id}/timeline.json | jq .tracks");
    let tracks: Value = serde_json::from_str(&tracks).expect("tracks");
    assert!(tracks["audio"].is_array() && tracks["video"].is_array(), "{tracks}");
    let probe = "ffprobe -show_entries format=duration storage/jobs/{id}/assembly/audio/mixed.wav";
    let probed = shows(probe);
    let seconds = probed.lines().find_map(|line| line.strip_prefix("duration=")).expect("a length");
    let timeline = service.call("GET", &format!("/api/v2/jobs/{id}/timeline"), None).is(200).json();
    let expected = timeline["totalDuration"].as_f64().expect("a length") / 1000.0;
    assert!(
        (seconds.parse::<f64>().expect("a number") - expected).abs() < 0.002,
        "{seconds} {expected}"
    );
    assert!(shows("grep \"voice_mapped\" worker.log").contains(&id));
    let loudness = shows("grep loudnorm worker.log");
    assert!(loudness.contains("output_lufs") && loudness.contains("input_lufs"), "{loudness}");
}
