//! Tests of the service: partly redone films, plans, webhook messages, and the scopes and budgets of API keys.

use pytoon_testkit::receiver::Receiver;
use pytoon_testkit::voices::copy_heart;
use pytoon_testkit::{Film, Service, Studio, Workspace, postgres};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::time::{Duration, Instant, SystemTime};

fn path(id: &str, rest: &str) -> String {
    format!("/api/v2/jobs/{id}{rest}")
}

/// Returns a brief of four scenes.
fn four(more: &Value) -> Value {
    let mut brief = json!({
        "script": "Steam over a kettle. Sunlight through a window. A cup on a table. Rain outside.",
        "profile": "test", "voice": "off", "captions": "off", "music_source": "none",
        "target_duration_seconds": 16, "max_scenes": 4,
        "scenes": (1..=4).map(|scene| json!({"scene": scene, "engine": "runway"})).collect::<Vec<_>>(),
    });
    for (name, value) in more.as_object().into_iter().flatten() {
        brief[name] = value.clone();
    }
    brief
}

/// Returns the video chunks of a job by file name, each with its modification time.
fn chunks(workspace: &Workspace, id: &str) -> BTreeMap<String, SystemTime> {
    let folder = workspace.path(&format!("storage/jobs/{id}/.work/chunks"));
    let files = std::fs::read_dir(folder).expect("chunks").map(|file| file.expect("a file"));
    let name = |file: &std::fs::DirEntry| file.file_name().to_string_lossy().into_owned();
    files
        .filter(|file| name(file).ends_with(".mp4"))
        .map(|file| (name(&file), file.metadata().expect("is there").modified().expect("a time")))
        .collect()
}

#[track_caller]
fn one_scene_redone(environment: &[(&str, &str)]) {
    let studio = Studio::new(&json!({}), &json!({"default_chain": ["runway", "local"]}));
    let root = studio.workspace.root().to_owned();
    let dotenv: String =
        environment.iter().map(|(name, value)| format!("{name}={value}\n")).collect();
    studio.workspace.write(".env", dotenv);
    let service = Service::start(&mut studio.command(&["serve", "--port", "0"]), &root, "serve");
    let id = service.submit(&four(&json!({})));
    let first = service.until(&id, "done");
    assert_eq!(first["scene_count"], 4, "{first}");
    assert_eq!(studio.simulator.accepted_count("runway"), 4);
    let film = std::fs::read(root.join("storage/jobs").join(&id).join("output.mp4")).expect("film");
    let redo = |scene: &str, body: &Value| {
        service.call("POST", &path(&id, &format!("/scenes/{scene}/redo")), Some(body))
    };
    let parts = || chunks(&studio.workspace, &id);
    let before = parts();
    // Another idea for the second scene: one clip is bought, the other three are unchanged.
    let taken = redo("2", &json!({"prompt": "A red door in the evening sun"})).is(202).json();
    // A worker may have claimed it already.
    assert!(["queued", "planning_scenes"].iter().any(|at| taken["status"] == *at), "{taken}");
    assert_eq!(taken["output_uri"], Value::Null);
    let second = service.until(&id, "done");
    assert_eq!(studio.simulator.accepted_count("runway"), 5);
    let after = parts();
    let anew: Vec<&String> = after.keys().filter(|name| after[*name] != before[*name]).collect();
    // Each scene of four seconds is two chunks or three; the next one's first contains the transition.
    assert_eq!(anew, ["002.mp4", "003.mp4", "004.mp4"], "{before:?}");
    assert!(before.len() >= 8, "{before:?}");
    assert!(second["cost_usd"].as_f64() > first["cost_usd"].as_f64(), "{second}");
    let folder = root.join("storage/jobs").join(&id);
    assert_ne!(std::fs::read(folder.join("output.mp4")).expect("film"), film);
    assert_eq!(Film::open(&folder).findings(), Vec::<String>::new());
    let receipt = service.call("GET", &path(&id, "/receipt"), None).is(200).json();
    assert_eq!(receipt["scenes"].as_array().map(Vec::len), Some(4));
    // Another engine, on the command line: its clip is bought, nothing of the first engine is.
    studio.pytoon(&["jobs", "redo", &id, "scene_03", "--engine", "luma"]).ok();
    let third = service.until(&id, "done");
    assert_eq!(third["scenes"][2]["engine_used"], "luma", "{third}");
    assert_eq!(
        (studio.simulator.accepted_count("runway"), studio.simulator.accepted_count("luma-agents")),
        (5, 1)
    );
    // The same again calls no engine.
    redo("3", &json!({"engine": "luma"})).is(202);
    service.until(&id, "done");
    assert_eq!(
        (studio.simulator.accepted_count("runway"), studio.simulator.accepted_count("luma-agents")),
        (5, 1)
    );
    // An engine that is down falls back to the existing clip; asked again, it draws.
    let down = json!({"rules": [{"vendor": "fal", "step": "submit", "fault": "unavailable"}]});
    studio.simulator.becomes(&down);
    redo("4", &json!({"engine": "pika"})).is(202);
    let fallen = service.until(&id, "done");
    assert_eq!(fallen["scenes"][3]["engine_used"], "runway", "{fallen}");
    assert_eq!(studio.simulator.accepted_count("runway"), 5, "its clip was there");
    studio.simulator.becomes(&json!({}));
    redo("4", &json!({"engine": "pika"})).is(202);
    let drawn = service.until(&id, "done");
    assert_eq!(drawn["scenes"][3]["engine_used"], "pika", "{drawn}");
    // Errors are reported, and change nothing.
    redo("5", &json!({"prompt": "x"})).problem(404, "no_such_scene", &["the film has 4"]);
    redo("0", &json!({"prompt": "x"})).problem(404, "no_such_scene", &[]);
    redo("1", &json!({})).problem(422, "invalid_request", &["prompt", "engine", "caption"]);
    redo("1", &json!({"colour": "red"})).problem(422, "invalid_request", &["colour"]);
    redo("1", &json!({"engine": "nope"})).problem(422, "invalid_request", &["nope", "runway"]);
    studio.pytoon(&["jobs", "redo", &id, "1"]).expect_failure(1, &["prompt", "engine", "caption"]);
    assert_eq!(service.job(&id)["status"], "done");
}

#[test]
fn one_scene_is_redone_and_only_it_is_bought_on_sqlite() {
    one_scene_redone(&[]);
}

#[test]
fn one_scene_is_redone_and_only_it_is_bought_on_postgresql() {
    one_scene_redone(&[("DATABASE_URL", &postgres::new_database())]);
}

#[test]
fn one_changed_caption_redraws_only_what_shows_it() {
    let workspace = Workspace::new();
    let service = workspace.serve();
    let words = "Fresh bread, baked at dawn. Come by before it is gone. We are open from six. \
                 Bring a friend along. Butter is on the house.";
    let id = service.submit(&json!({"script": words, "profile": "test", "max_scenes": 5}));
    let first = service.until(&id, "done");
    let count = first["scene_count"].as_u64().expect("a number");
    let made = chunks(&workspace, &id);
    assert!(made.len() >= 4, "{made:?}");
    let change = json!({"caption": "Closed on Sundays"});
    service.call("POST", &path(&id, &format!("/scenes/{count}/redo")), Some(&change)).is(202);
    service.until(&id, "done");
    let again = chunks(&workspace, &id);
    assert_eq!(again.len(), made.len());
    let again = again.iter().filter(|(name, at)| made[*name] != **at).count();
    assert!((1..=2).contains(&again), "{again} of {} chunks were made again", made.len());
    assert_eq!(service.events("tts_provider_spoke").len(), 1, "the words were spoken again");
    let film = Film::open(&workspace.path(&format!("storage/jobs/{id}")));
    assert_eq!(film.findings(), Vec::<String>::new());
    let shown = film.caption_words().join(" ");
    assert!(shown.ends_with("Closed on Sundays"), "{shown}");
}

#[test]
fn a_submitter_learns_which_voice_is_missing() {
    let workspace = Workspace::new();
    let voices = workspace.path("voices");
    copy_heart(&voices);
    let service = workspace.serve_with(&[("PYTOON_VOICES", &voices.display().to_string())]);
    let warnings = |more: Value| {
        let mut brief = json!({"profile": "test", "deadline": "2020-01-01T00:00:00Z"});
        for (name, value) in more.as_object().into_iter().flatten() {
            brief[name] = value.clone();
        }
        let accepted = service.call("POST", "/api/v2/jobs", Some(&brief)).is(202).json();
        accepted["warnings"].clone()
    };
    let german = "Der Kaffee ist heiß und schmeckt wunderbar. Komm vorbei und bring Freunde mit.";
    let told = warnings(json!({"script": german})).to_string();
    assert!(told.contains("speaks `de`") && told.contains("pytoon voices add de_DE"), "{told}");
    // The note on an assumption names the field that sets it.
    let told = warnings(json!({"script": "Zaza bolu kimi tapa."})).to_string();
    assert!(told.contains("English is assumed") && told.contains("`language`"), "{told}");
    // There is no note if a voice speaks the language, or none is requested.
    for quiet in [
        json!({"script": "The kettle sings in the quiet morning."}),
        json!({"script": german, "voice": "off"}),
    ] {
        assert_eq!(warnings(quiet), json!([]));
    }
}

#[test]
fn a_redone_film_keeps_its_voice_or_says_that_it_cannot() {
    let workspace = Workspace::new();
    let voices = workspace.path("voices");
    let service = workspace.serve_with(&[("PYTOON_VOICES", &voices.display().to_string())]);
    let brief = json!({"script": "The kettle sings. We open at seven.", "profile": "test"});
    let redo = |id: &str, caption: &str, with_work: bool| {
        let folder = workspace.path(&format!("storage/jobs/{id}"));
        if !with_work {
            // As retention does after some days.
            std::fs::remove_dir_all(folder.join(".work")).expect("removed");
        }
        let change = json!({"caption": caption});
        service.call("POST", &path(id, "/scenes/2/redo"), Some(&change)).is(202);
        service.until(id, "done");
        Film::open(&folder).metadata()
    };
    // Given a film spoken by eSpeak, when a natural voice is installed, then it keeps its own.
    let id = service.submit(&brief);
    service.until(&id, "done");
    copy_heart(&voices);
    for (caption, with_work) in [("Open", true), ("Closed", false)] {
        let receipt = redo(&id, caption, with_work);
        assert_eq!(receipt["voice"]["provider"], "espeak", "{receipt}");
        assert_eq!(receipt["voice"]["voice"], "en-us", "{receipt}");
    }
    // Given a film spoken by `heart`, when that voice is gone, then its receipt says so.
    let id = service.submit(&brief);
    service.until(&id, "done");
    let receipt = redo(&id, "Open", false);
    assert_eq!(receipt["voice"]["voice"], "heart", "{receipt}");
    std::fs::remove_dir_all(&voices).expect("removed");
    assert_eq!(redo(&id, "Closed", true)["voice"]["voice"], "heart");
    let receipt = redo(&id, "Late", false);
    assert_eq!(receipt["voice"]["provider"], "espeak", "{receipt}");
    let warnings = receipt["warnings"].to_string();
    assert!(warnings.contains("this film was made with the voice `heart` (neural)"), "{warnings}");
}

#[test]
fn a_plan_returns_scenes_and_price_and_buys_nothing() {
    let studio = Studio::new(&json!({}), &json!({"default_chain": ["runway", "local"]}));
    let root = studio.workspace.root().to_owned();
    let service = Service::start(&mut studio.command(&["serve", "--port", "0"]), &root, "serve");
    let plan = |body: &Value| service.call("POST", "/api/v2/plan", Some(body));
    let told = plan(&four(&json!({"client_data": 1}))).is(200).json();
    assert_eq!(told["sceneGraph"]["scenes"].as_array().map(Vec::len), Some(4));
    assert_eq!(told["price"]["clips"], 4, "{}", told["price"]);
    assert!(told["price"]["first_usd"].as_f64().is_some_and(|usd| usd > 0.0), "{}", told["price"]);
    assert!(told["timeline"]["tracks"].is_object());
    assert_eq!(studio.simulator.accepted_count("runway"), 0);
    assert_eq!(service.call("GET", "/api/v2/jobs", None).json()["jobs"], json!([]));
    plan(&json!({"scirpt": "x"})).problem(422, "invalid_brief", &["did you mean `script`"]);
    plan(&json!({"script": "x", "language": "english please"})).problem(
        422,
        "invalid_brief",
        &["language", "en"],
    );
    // Warnings for the submitter are in the job's answer.
    let asked = four(&json!({"scenes": [{"scene": 1, "engine": "pika"}]}));
    let body = service.call("POST", "/api/v2/jobs", Some(&asked)).is(202).json();
    let warning = body["warnings"][0]["message"].as_str().unwrap_or_default().to_owned();
    let has_key = studio.pytoon(&["engines", "list", "--json"]).stdout.contains("\"pika\"");
    assert!(!has_key || warning.is_empty() || warning.contains("pika"), "{body}");
    service
        .call("POST", "/api/v2/jobs", Some(&json!({"script": "x", "engine_override": "nope"})))
        .problem(422, "invalid_request", &["engine_override", "nope"]);
}

/// Starts a webhook receiver whose URL has a secret in its query.
fn receiver(statuses: &'static [u16]) -> (String, Receiver) {
    let receiver = Receiver::start(statuses);
    (format!("{}/hook?key=s3cret-in-a-query", receiver.address), receiver)
}

#[track_caller]
fn wait_for(what: &str, done: impl Fn() -> bool) {
    let begun = Instant::now();
    while !done() {
        assert!(begun.elapsed() < Duration::from_secs(60), "{what}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

const HOOKS: &str = "webhooks: {allow_hosts: [\"127.0.0.1\"], retry_seconds: [1, 1]}\n";
const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

#[test]
fn webhooks_are_signed_and_retried_until_delivered() {
    let (workspace, address) = (Workspace::new(), postgres::new_database());
    workspace.write("config/defaults.yaml", HOOKS);
    let (url, heard) = receiver(&[500, 200]);
    let service =
        workspace.serve_with(&[("WEBHOOK_SECRET", SECRET), ("DATABASE_URL", address.as_str())]);
    let brief = json!({"script": "Fresh bread.", "profile": "test", "webhook": {"url": url},
        "client_data": {"order": 7}});
    let id = service.submit(&brief);
    service.until(&id, "done");
    wait_for("it is delivered twice", || heard.requests().len() == 2);
    let told = heard.requests();
    let body: Value = serde_json::from_str(&told[0].text()).expect("JSON");
    assert_eq!(body["type"], "job.done");
    assert_eq!(body["data"]["job_id"], json!(id));
    assert_eq!(body["data"]["client_data"], json!({"order": 7}));
    assert!(body["timestamp"].as_str().is_some_and(|at| at.ends_with('Z')), "{body}");
    assert_eq!(told[0].text(), told[1].text(), "each attempt tells the same");
    for one in &told {
        assert_eq!(one.header("webhook-id"), told[0].header("webhook-id"));
        let signed = format!(
            "{}.{}.{}",
            one.header("webhook-id"),
            one.header("webhook-timestamp"),
            one.text()
        );
        let signature = pytoon_testkit::service::signature(SECRET, &signed);
        assert_eq!(one.header("webhook-signature"), format!("v1,{signature}"));
    }
    let log =
        || service.call("GET", &path(&id, "/webhooks"), None).is(200).json()["webhooks"][0].clone();
    wait_for("it is noted", || log()["state"] == "delivered");
    let log = log();
    assert_eq!(log["attempts"][0]["status"], 500, "{log}");
    assert_eq!(log["attempts"][1]["status"], 200, "{log}");
    assert_eq!(log["receiver"], json!(url.split('?').next()), "{log}");
    // Resent on request, under the same id.
    let message = log["id"].as_str().expect("an id");
    service.call("POST", &path(&id, &format!("/webhooks/{message}/resend")), None).is(202);
    wait_for("it is delivered again", || heard.requests().len() == 3);
    let last = heard.requests()[2].clone();
    assert_eq!(last.header("webhook-id"), message);
    // The secret and the query are in no output.
    let out = std::fs::read_to_string(workspace.path("serve.out")).expect("a log");
    assert!(!out.contains("s3cret-in-a-query") && !out.contains(SECRET));
    assert!(!log.to_string().contains("s3cret-in-a-query"));
}

#[test]
fn undelivered_webhooks_are_abandoned_and_listed() {
    let workspace = Workspace::new();
    workspace.write("config/defaults.yaml", HOOKS);
    workspace.write(".env", format!("WEBHOOK_SECRET={SECRET}\n"));
    let (url, heard) = receiver(&[503]);
    let service = workspace.serve();
    let id = service
        .submit(&json!({"script": "Fresh bread.", "profile": "test", "webhook": {"url": url}}));
    service.until(&id, "done");
    wait_for("it is given up", || {
        workspace
            .pytoon(&["webhooks", "dead"])
            .ok()
            .stdout
            .contains("responded with HTTP status 503")
    });
    assert_eq!(heard.requests().len(), 3, "once, and after each of two pauses");
    let metrics = service.ask("GET", "/metrics", &[], None).is(200).text();
    assert!(metrics.contains("pytoon_v2_webhooks_total{result=\"dead\"} 1"), "{metrics}");
    let dead = workspace.pytoon(&["webhooks", "dead", "--json"]).ok().json();
    let message = dead[0]["id"].as_str().expect("an id");
    workspace.pytoon(&["webhooks", "resend", message]).ok();
    wait_for("it is delivered again", || heard.requests().len() == 4);
}

#[test]
fn receivers_are_public_and_messages_are_signed() {
    let workspace = Workspace::new();
    let made = workspace.pytoon(&["webhooks", "secret"]).ok().stdout;
    let submit = |service: &Service, webhook: Value| {
        let brief = json!({"script": "Fresh bread.", "profile": "test", "webhook": webhook});
        service.call("POST", "/api/v2/jobs", Some(&brief))
    };
    {
        let service = workspace.serve();
        submit(&service, json!({"url": "https://example.com/hook"})).problem(
            422,
            "invalid_request",
            &["WEBHOOK_SECRET", "webhooks secret"],
        );
    }
    let service = workspace.serve_with(&[("WEBHOOK_SECRET", made.trim())]);
    let key = std::fs::read_to_string(workspace.path("serve.err")).unwrap_or_default();
    assert!(!key.contains("pyt_"), "the key is shown once");
    let admin = workspace.pytoon(&["keys", "add", "second", "--scope", "admin"]).ok().stdout;
    let submit = |webhook: Value| {
        let brief = json!({"script": "Fresh bread.", "profile": "test", "webhook": webhook});
        let headers = [("X-API-Key", admin.trim())];
        service.ask("POST", "/api/v2/jobs", &headers, Some(&brief))
    };
    for (webhook, part) in [
        (json!({"url": "http://example.com/"}), "https://"),
        (json!({"url": "https://127.0.0.1/"}), "private"),
        (json!({"url": "https://169.254.169.254/latest/meta-data"}), "private"),
        (json!({"url": "https://[::1]:8000/"}), "private"),
        (json!({"url": "https://user:pw@example.com/"}), "password"),
        (json!({"url": "file:///etc/passwd"}), "file"),
        (json!({"uri": "https://example.com/"}), "uri"),
        (json!("https://example.com/"), "url"),
    ] {
        submit(webhook).problem(422, "invalid_request", &["webhook", part]);
    }
    submit(json!({"url": "https://example.com/hook"})).is(202);
}

#[test]
fn a_key_spends_what_it_may_and_no_more() {
    let studio = Studio::new(&json!({}), &json!({"default_chain": ["runway", "local"]}));
    let root = studio.workspace.root().to_owned();
    let service = Service::start(&mut studio.command(&["serve", "--port", "0"]), &root, "serve");
    let plan = service.call("POST", "/api/v2/plan", Some(&four(&json!({})))).is(200).json();
    let each = plan["price"]["first_usd"].as_f64().expect("a price") / 4.0;
    let budget = format!("{:.4}", each * 2.5);
    let key = studio.pytoon(&["keys", "add", "shop", "--budget-per-day", &budget]).ok().stdout;
    let listed = studio.pytoon(&["keys", "list"]).ok().stdout;
    assert!(listed.contains("a day"), "{listed}");
    let submit = |more: &Value| {
        let headers = [("X-API-Key", key.trim())];
        let taken = service.ask("POST", "/api/v2/jobs", &headers, Some(&four(more))).is(202);
        taken.json()["job_id"].as_str().expect("an id").to_owned()
    };
    let drawn = |job: &Value| {
        let scenes = job["scenes"].as_array().expect("scenes").clone();
        scenes.iter().filter(|scene| scene["engine_used"] == "runway").count()
    };
    let id = submit(&json!({}));
    let job = service.until(&id, "done");
    assert_eq!((drawn(&job), studio.simulator.accepted_count("runway")), (2, 2), "{job}");
    assert!(job["cost_usd"].as_f64().is_some_and(|usd| usd <= each * 2.5), "{job}");
    let why = job["scenes"].to_string();
    assert!(why.contains("API key"), "{why}");
    // The charges of a deleted job still count.
    service.call("DELETE", &path(&id, ""), None).is(204);
    let snow =
        json!({"script": "Snow on a roof. A dog at a door. A lamp at night. Wind in a tree."});
    let id = submit(&snow);
    assert_eq!(drawn(&service.until(&id, "done")), 0);
    assert_eq!(studio.simulator.accepted_count("runway"), 2);
    // A changed budget applies at once.
    studio.pytoon(&["keys", "budget", "shop", "none"]).ok();
    let sea =
        json!({"script": "A wave at noon. A gull on a pole. A rope on a pier. Salt on a rail."});
    let job = service.until(&submit(&sea), "done");
    assert_eq!(drawn(&job), 4, "{job}");
    studio.pytoon(&["keys", "add", "x", "--budget-per-day=-1"]).expect_failure(1, &["-1"]);
}

#[test]
fn a_key_that_asks_too_often_waits() {
    let workspace = Workspace::new();
    let limits = "service: {requests_per_minute: 20, submissions_per_minute: 2}\n";
    workspace.write("config/defaults.yaml", limits);
    let service = workspace.serve();
    let other = workspace.pytoon(&["keys", "add", "other"]).ok().stdout;
    let brief = json!({"script": "Fresh bread.", "profile": "test"});
    for _ in 0..2 {
        service.submit(&brief);
    }
    let refused = service.call("POST", "/api/v2/jobs", Some(&brief));
    refused.problem(429, "rate_limited", &["submissions_per_minute"]);
    let wait: u64 = refused.headers["retry-after"].parse().expect("seconds");
    assert!((1..=60).contains(&wait), "{wait}");
    let list = |key: &str| service.ask("GET", "/api/v2/jobs", &[("X-API-Key", key)], None);
    let last = (0..25).map(|_| list(&service.key)).find(|answer| answer.status == 429);
    last.expect("is refused").problem(429, "rate_limited", &["requests_per_minute"]);
    // Each key has its own limit, and public endpoints do not count.
    list(other.trim()).is(200);
    service.ask("GET", "/readyz", &[], None).is(200);
}
