//! Tests of changed briefs, versions of films, and switched-off engines, over HTTP.

use crate::voice_booth::Booth;
use pytoon_testkit::program::run;
use pytoon_testkit::{Film, Service, Studio, Workspace};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

fn path(id: &str, rest: &str) -> String {
    format!("/api/v2/jobs/{id}{rest}")
}

fn bread() -> Value {
    json!({
        "script": "Fresh bread, baked at dawn. Come by before it is gone. We are open from six.",
        "profile": "test", "max_scenes": 3,
    })
}

/// Reads a job's brief and its entity tag.
fn brief_of(service: &Service, id: &str) -> (Value, String) {
    let answer = service.call("GET", &path(id, "/brief"), None).is(200);
    (answer.json(), answer.headers["etag"].clone())
}

/// Sends a changed brief that is based on the state `tag`.
fn put(service: &Service, id: &str, tag: &str, brief: &Value) -> pytoon_testkit::service::Answer {
    let bearer = format!("Bearer {}", service.key);
    let headers = [("Authorization", bearer.as_str()), ("If-Match", tag)];
    service.ask("PUT", &path(id, "/brief"), &headers, Some(brief))
}

fn words(film: &Film) -> Vec<(String, i64)> {
    let timeline = film.timeline();
    let cues = timeline["tracks"]["captions"].as_array().expect("cues").clone();
    let words = cues.iter().flat_map(|cue| cue["words"].as_array().expect("words").clone());
    words
        .map(|w| (w["text"].as_str().expect("a word").to_owned(), w["start"].as_i64().expect("ms")))
        .collect()
}

#[test]
fn captions_say_other_words_at_the_times_of_the_voice_and_the_film_before_stays() {
    let workspace = Workspace::new();
    let service = workspace.serve();
    let id = service.submit(&bread());
    service.until(&id, "done");
    let folder = workspace.path(&format!("storage/jobs/{id}"));
    let before = words(&Film::open(&folder));
    let first_film = std::fs::read(folder.join("output.mp4")).expect("a film");

    let (mut brief, tag) = brief_of(&service, &id);
    brief["scenes"] = json!([{"scene": 1, "shown_as": "Fresh rolls, baked at 5 am."}]);
    let preview = service.call("POST", &path(&id, "/brief/preview"), Some(&brief)).is(200).json();
    assert_eq!(preview["changed_scenes"], json!(["scene_01"]), "{preview}");
    assert_eq!(preview["changed"], json!(["captions", "picture"]), "{preview}");
    assert_eq!(preview["price_usd"], 0.0);
    assert_eq!(service.job(&id)["status"], "done", "a preview changes nothing");

    // A preview speaks too, to know the times.
    let spoken = service.events("tts_provider_spoke").len();
    put(&service, &id, &tag, &brief).is(202);
    service.until(&id, "done");
    assert_eq!(service.events("tts_provider_spoke").len(), spoken, "the voice stays");
    let film = Film::open(&folder);
    assert_eq!(film.findings(), Vec::<String>::new());
    let after = words(&film);
    let time = |all: &[(String, i64)], word: &str| {
        all.iter().find(|(text, _)| text == word).map(|(_, start)| *start)
    };
    assert_eq!(time(&after, "Fresh"), time(&before, "Fresh"));
    assert_eq!(time(&after, "rolls,"), time(&before, "bread,"));
    assert_eq!(time(&after, "5"), time(&before, "dawn."), "{after:?}");
    assert_eq!(time(&after, "Come"), time(&before, "Come"));

    let inspection = service.call("GET", &path(&id, "/inspection"), None).is(200).json();
    assert_eq!(inspection["facts"]["off"], json!([]), "the brief asks for these words");

    // A change that is based on an earlier version of the brief is rejected, and overwrites nothing.
    put(&service, &id, &tag, &bread()).problem(412, "changed_meanwhile", &["read it again"]);
    let missing = service.call("PUT", &path(&id, "/brief"), Some(&bread()));
    missing.problem(428, "if_match_missing", &["If-Match"]);
    let mut wrong = brief.clone();
    wrong["scenes"][0]["caption"] = json!("Both");
    let (_, tag) = brief_of(&service, &id);
    put(&service, &id, &tag, &wrong).problem(
        422,
        "invalid_brief",
        &["scenes[0].shown_as", "caption"],
    );

    // The film before is a version, which can be fetched, named and restored.
    let versions = service.call("GET", &path(&id, "/versions"), None).is(200).json();
    let numbers: Vec<&Value> =
        versions["versions"].as_array().expect("a list").iter().map(|v| &v["version"]).collect();
    assert_eq!(numbers, [2, 1]);
    let film = service.call("GET", &path(&id, "/versions/1/artifacts/output.mp4"), None).is(200);
    assert_eq!(film.body, first_film);
    let name = json!({"name": "with bread"});
    service.call("PUT", &path(&id, "/versions/1"), Some(&name)).is(204);
    service.call("PUT", &path(&id, "/versions/9"), Some(&name)).problem(
        404,
        "no_such_version",
        &[],
    );
    service.call("POST", &path(&id, "/versions/1/restore"), None).is(202);
    service.until(&id, "done");
    assert_eq!(words(&Film::open(&folder)), before);
    let versions = service.call("GET", &path(&id, "/versions"), None).is(200).json();
    assert_eq!(versions["versions"][0]["is_current"], true);
    assert_eq!(versions["versions"][2]["name"], "with bread");
    // A film that is made again from the same parts is the same film.
    assert_eq!(std::fs::read(folder.join("output.mp4")).expect("a film").len(), first_film.len());

    service.call("DELETE", &path(&id, ""), None).is(204);
    service.call("GET", &path(&id, "/versions"), None).is(404);
}

#[test]
fn a_sentence_is_said_instead_and_later_times_move() {
    let workspace = Workspace::new();
    let service = workspace.serve();
    let mut brief = bread();
    let id = service.submit(&brief);
    service.until(&id, "done");
    let folder = workspace.path(&format!("storage/jobs/{id}"));
    let before = words(&Film::open(&folder));
    let (_, tag) = brief_of(&service, &id);
    brief["scenes"] = json!([{"scene": 2, "say_instead": "Come by early in the morning, before all of it is gone."}]);
    put(&service, &id, &tag, &brief).is(202);
    service.until(&id, "done");
    let film = Film::open(&folder);
    assert_eq!(film.findings(), Vec::<String>::new());
    let after = words(&film);
    let start = |all: &[(String, i64)], word: &str| {
        all.iter().find(|(text, _)| text == word).map(|(_, start)| *start).expect("the word")
    };
    assert_eq!(start(&after, "Fresh"), start(&before, "Fresh"));
    assert!(start(&after, "We") > start(&before, "We") + 300, "{before:?} {after:?}");
    assert!(after.iter().any(|(text, _)| text == "early"));
}

#[test]
fn a_new_prompt_has_a_price_before_it_is_bought_and_other_changes_have_none() {
    let studio = Studio::new(&json!({}), &json!({"default_chain": ["runway", "local"]}));
    let root = studio.workspace.root().to_owned();
    let service = Service::start(&mut studio.command(&["serve", "--port", "0"]), &root, "serve");
    let brief = json!({
        "script": "Steam over a kettle. A cup on a table.", "profile": "test", "voice": "off",
        "captions": "off", "music_source": "none", "target_duration_seconds": 8, "max_scenes": 2,
        "engine_override": "runway",
    });
    let id = service.submit(&brief);
    service.until(&id, "done");
    assert_eq!(studio.simulator.accepted_count("runway"), 2);
    let preview = |brief: &Value| {
        service.call("POST", &path(&id, "/brief/preview"), Some(brief)).is(200).json()
    };
    let same = preview(&brief);
    assert_eq!((&same["price_usd"], &same["changed"]), (&json!(0.0), &json!([])), "{same}");
    let mut changed = brief.clone();
    changed["scenes"] = json!([{"scene": 2, "prompt": "A red door"}]);
    let priced = preview(&changed);
    assert_eq!(priced["clips"].as_array().map(Vec::len), Some(1), "{priced}");
    assert_eq!(priced["clips"][0]["scene_id"], "scene_02");
    assert!(priced["price_usd"].as_f64() > Some(0.0), "{priced}");
    assert_eq!(priced["changed_scenes"], json!(["scene_02"]));
    assert_eq!(studio.simulator.accepted_count("runway"), 2, "a preview buys nothing");
    let spent = service.job(&id)["cost_usd"].as_f64().expect("a cost");
    let (_, tag) = brief_of(&service, &id);
    // A price that was not accepted stops the change.
    let bearer = format!("Bearer {}", service.key);
    let headers = [("Authorization", bearer.as_str()), ("If-Match", tag.as_str())];
    let refused = service.ask("PUT", &path(&id, "/brief?accepted_usd=0"), &headers, Some(&changed));
    refused.problem(402, "price_not_accepted", &["accepted_usd"]);
    assert_eq!(refused.json()["price_usd"], priced["price_usd"]);
    let accepted = format!("/brief?accepted_usd={}", priced["price_usd"]);
    service.ask("PUT", &path(&id, &accepted), &headers, Some(&changed)).is(202);
    let done = service.until(&id, "done");
    assert_eq!(studio.simulator.accepted_count("runway"), 3);
    let paid = done["cost_usd"].as_f64().expect("a cost") - spent;
    assert!(
        (paid - priced["price_usd"].as_f64().expect("a price")).abs() < 1e-6,
        "{paid} {priced}"
    );
}

#[test]
fn an_engine_is_disabled_in_its_file_and_workers_honour_it() {
    let studio = Studio::new(&json!({}), &json!({"default_chain": ["runway", "luma", "local"]}));
    let root = studio.workspace.root().to_owned();
    let api = Service::start(&mut studio.command(&["api", "--port", "0"]), &root, "api");
    let _worker = Service::start(&mut studio.command(&["worker"]), &root, "worker");
    let film_of = |engine: &str| {
        let id = api.submit(&json!({
            "script": format!("Steam over a kettle of {engine}."), "profile": "test", "voice": "off",
            "captions": "off", "music_source": "none", "target_duration_seconds": 4, "max_scenes": 1,
        }));
        api.until(&id, "done")["scenes"][0]["engine_used"].clone()
    };
    let set = |engine: &str, is_enabled: bool| {
        let body = json!({"enabled": is_enabled});
        api.call("PUT", &format!("/api/v2/engines/{engine}/enabled"), Some(&body))
    };
    assert_eq!(film_of("runway"), "runway");
    let off = set("runway", false).is(200).json();
    assert_eq!((&off["enabled"], &off["can_write_enabled"]), (&json!(false), &json!(true)));
    let text = std::fs::read_to_string(root.join("config/engine.yaml")).expect("a file");
    assert!(text.contains("\"enabled\": false"), "{text}");
    assert_eq!(film_of("luma"), "luma");
    assert_eq!(api.wait_for("engine_enabled_written")["engine"], "runway");
    set("runway", true).is(200);
    assert_eq!(film_of("runway again"), "runway");

    set("nope", true).problem(404, "no_such_engine", &["nope"]);
    studio.workspace.write("config/engine.yaml", "v2: [");
    set("runway", false).problem(409, "file_not_written", &["engine.yaml"]);
    let text = std::fs::read_to_string(root.join("config/engine.yaml")).expect("a file");
    assert_eq!(text, "v2: [", "a broken file was changed");
}

#[test]
fn a_switched_off_voice_provider_is_not_called_until_it_is_switched_on() {
    let booth = Booth::new(&json!({}), &["openai"]);
    let root = booth.workspace.root().to_owned();
    let api = Service::start(&mut booth.command(None, &["serve", "--port", "0"]), &root, "serve");
    let film_says = |words: &str| {
        let id = api.submit(&json!({"script": words, "profile": "test", "music_source": "none"}));
        api.until(&id, "done");
        let receipt = api.call("GET", &path(&id, "/receipt"), None).is(200).json();
        receipt["voice"]["provider"].clone()
    };
    let switch = |provider: &str, body: &Value| {
        api.call("PUT", &format!("/api/v2/voice-providers/{provider}/switch"), Some(body))
    };
    assert_eq!(film_says("Steam over a kettle."), "openai");
    let calls = booth.request_count("openai");
    let off = switch("openai", &json!({"enabled": false, "reason": "sounds wrong"})).is(200).json();
    assert_eq!(
        (&off["kind"], &off["switched_off"]["reason"]),
        (&json!("service"), &json!("sounds wrong"))
    );
    let all = api.call("GET", "/api/v2/voices", None).is(200).json();
    let voices = all["voices"].as_array().expect("voices").clone();
    let mut own = voices.iter().filter(|voice| voice["provider"] == "openai");
    assert!(
        own.all(|voice| voice["reason"].as_str().is_some_and(|r| r.contains("sounds wrong"))),
        "{all}"
    );
    let doctor = run(&mut booth.command(None, &["--json", "doctor"])).stdout;
    assert!(doctor.contains("switched it off (sounds wrong)"), "{doctor}");
    assert_ne!(film_says("A cup on a table."), "openai");
    assert_eq!(booth.request_count("openai"), calls, "it was called");
    assert_eq!(film_says("Steam over a kettle."), "openai", "bought speech is used all the same");
    let operations = api.call("GET", "/api/v2/operations", None).is(200).json();
    let entry = &operations["switches"][0];
    assert_eq!((&entry["engine"], &entry["is_voice"]), (&json!("openai"), &json!(true)));
    assert_eq!(api.wait_for("voice_switched")["reason"], "sounds wrong");
    let on = switch("openai", &json!({"enabled": true})).is(200).json();
    assert_eq!(on["switched_off"], Value::Null);
    assert_eq!(film_says("Rain outside."), "openai");

    switch("espeak", &json!({"enabled": false})).problem(404, "no_such_provider", &["no switch"]);
    switch("nope", &json!({"enabled": false})).problem(404, "no_such_provider", &["nope"]);
    let all = api.call("GET", "/api/v2/voice-providers", None).is(200).json();
    let openai = all.as_array().and_then(|all| all.iter().find(|p| p["provider"] == "openai"));
    assert!(
        openai.expect("listed")["spend_today_usd"].as_f64().is_some_and(|usd| usd > 0.0),
        "{all}"
    );
}

#[test]
fn a_person_decides_about_paid_calls_over_http() {
    let drop_answers =
        json!({"rules": [{"vendor": "runway", "step": "submit", "fault": "drop_after_accept"}]});
    let studio = Studio::new(&drop_answers, &json!({"default_chain": ["runway", "local"]}));
    let root = studio.workspace.root().to_owned();
    let api = Service::start(&mut studio.command(&["serve", "--port", "0"]), &root, "serve");
    let id = api.submit(&json!({
        "script": "Steam over a kettle. A cup on a table.", "profile": "test", "voice": "off",
        "captions": "off", "music_source": "none", "max_scenes": 2,
    }));
    api.until(&id, "done");
    let operations = api.call("GET", "/api/v2/operations", None).is(200).json();
    let calls = operations["unknown_calls"].as_array().expect("a list").clone();
    assert_eq!(calls.len(), 2, "{operations}");
    let decide = |call: &Value, decision: &str, body: Option<&Value>| {
        let call = call["call_id"].as_str().expect("an id");
        api.call("POST", &format!("/api/v2/calls/{call}/{decision}"), body)
    };
    let of_scene =
        |scene: &str| calls.iter().find(|call| call["scene_id"] == scene).expect("a call");
    let (first, second) = (of_scene("scene_01"), of_scene("scene_02"));
    let upload = |path: &std::path::Path| {
        let bytes = std::fs::read(path).expect("a file");
        let bearer = format!("Bearer {}", api.key);
        let kind = ("Content-Type", "application/octet-stream");
        let headers = [("Authorization", bearer.as_str()), kind];
        let asset = api.send("POST", "/api/v2/assets", &headers, &bytes).is(201).json();
        json!({"file": asset["name"]})
    };
    // A file that is no clip changes nothing.
    let picture = upload(&studio.workspace.picture("cup.jpg", 300, 400));
    decide(first, "arrived", Some(&picture)).problem(422, "invalid_request", &["image/jpeg"]);
    let nothing = json!({"file": "asset:00000000-0000-4000-8000-000000000000"});
    decide(first, "arrived", Some(&nothing)).problem(422, "invalid_request", &["upload"]);
    decide(first, "arrived", Some(&json!({"file": "/etc/passwd"}))).problem(
        422,
        "invalid_request",
        &["asset:"],
    );

    let clip = upload(&studio.workspace.clip("found.mp4", "270x480", 6.0, &[]));
    decide(first, "arrived", Some(&clip)).is(204);
    decide(second, "lost", None).is(204);
    decide(first, "arrived", Some(&clip)).problem(409, "wrong_status", &["decide"]);
    assert_eq!(api.events("call_decided").len(), 2);
    let operations = api.call("GET", "/api/v2/operations", None).is(200).json();
    assert_eq!(operations["unknown_calls"], json!([]), "{operations}");

    // The clip that was found is used, and only the lost one is bought again.
    studio.simulator.becomes(&json!({}));
    let posts = studio.simulator.request_count("runway", "submit");
    for scene in [1, 2] {
        api.call(
            "POST",
            &path(&id, &format!("/scenes/{scene}/redo")),
            Some(&json!({"engine": "runway"})),
        )
        .is(202);
        api.until(&id, "done");
    }
    let job = api.job(&id);
    let used: Vec<&Value> =
        job["scenes"].as_array().expect("scenes").iter().map(|s| &s["engine_used"]).collect();
    assert_eq!(used, ["runway", "runway"], "{job}");
    assert_eq!(studio.simulator.request_count("runway", "submit"), posts + 1);
}

#[test]
fn a_switched_off_engine_draws_nothing_in_any_process_until_it_is_switched_on() {
    let studio = Studio::new(&json!({}), &json!({"default_chain": ["runway", "luma", "local"]}));
    let root = studio.workspace.root().to_owned();
    let api = Service::start(&mut studio.command(&["api", "--port", "0"]), &root, "api");
    let _worker = Service::start(&mut studio.command(&["worker"]), &root, "worker");
    let brief = |idea: &str| {
        json!({
            "script": idea, "profile": "test", "voice": "off", "captions": "off",
            "music_source": "none", "target_duration_seconds": 4, "max_scenes": 1,
        })
    };
    let switch = |engine: &str, body: &Value| {
        api.call("PUT", &format!("/api/v2/engines/{engine}/switch"), Some(body))
    };
    let off =
        switch("runway", &json!({"enabled": false, "reason": "bills look wrong"})).is(200).json();
    assert_eq!(
        (&off["enabled"], &off["switched_off"]["reason"]),
        (&json!(true), &json!("bills look wrong"))
    );
    let id = api.submit(&brief("Steam over a kettle."));
    let job = api.until(&id, "done");
    assert_eq!(job["scenes"][0]["engine_used"], "luma", "{job}");
    assert_eq!(studio.simulator.accepted_count("runway"), 0);
    let graph = api.call("GET", &path(&id, "/scene-graph"), None).is(200).text();
    assert!(graph.contains("switched it off (bills look wrong)"), "{graph}");
    assert_eq!(api.wait_for("engine_switched")["engine"], "runway");
    let shown = studio.pytoon(&["engines"]).ok().stdout;
    assert!(shown.contains("bills look wrong"), "{shown}");
    let doctor = run(&mut studio.command(&["--json", "doctor"])).stdout;
    assert!(doctor.contains("switched it off (bills look wrong)"), "{doctor}");
    let operations = api.call("GET", "/api/v2/operations", None).is(200).json();
    assert_eq!(operations["switches"][0]["enabled"], false, "{operations}");

    switch("runway", &json!({"enabled": true})).is(200);
    let began = Instant::now();
    let id = api.submit(&brief("Rain outside."));
    let job = api.until(&id, "done");
    assert_eq!(job["scenes"][0]["engine_used"], "runway", "{job}");
    assert!(began.elapsed() < Duration::from_secs(60));

    switch("nope", &json!({"enabled": false})).problem(404, "no_such_engine", &["nope"]);
    switch("runway", &json!({"enabled": 1})).problem(422, "invalid_request", &[]);
    let reader = studio.pytoon(&["keys", "add", "shop", "--scope", "submit"]).ok().stdout;
    let headers = [("X-API-Key", reader.trim())];
    let body = json!({"enabled": false});
    let refused = api.ask("PUT", "/api/v2/engines/runway/switch", &headers, Some(&body));
    refused.problem(403, "forbidden", &["admin"]);
    api.ask("GET", "/api/v2/operations", &headers, None).problem(403, "forbidden", &["admin"]);
}

#[test]
fn documents_are_read_inside_the_page() {
    let workspace = Workspace::new();
    let service = workspace.serve();
    let all = service.call("GET", "/api/v2/documents", None).is(200).json();
    let all = all["documents"].as_array().expect("a list");
    assert!(all.iter().any(|one| one["name"] == "runbooks/tts" && one["kind"] == "runbook"));
    let page = service.call("GET", "/api/v2/documents/runbooks/tts", None).is(200);
    assert!(page.headers["content-type"].starts_with("text/markdown"));
    assert!(page.text().starts_with("# Voices"));
    service.call("GET", "/api/v2/documents/runbooks/none", None).problem(
        404,
        "no_such_document",
        &[],
    );
}

#[test]
fn the_installation_is_checked_and_a_rehearsal_is_started_over_http() {
    let workspace = Workspace::new();
    let service = workspace.serve();
    let checks = service.call("GET", "/api/v2/doctor", None).is(200).json();
    let checks = checks.as_array().expect("a list").clone();
    let database = checks.iter().find(|check| check["name"] == "database").expect("the database");
    assert_eq!(database["verdict"], "ok", "{database}");
    let before = service.call("GET", "/api/v2/drills", None).is(200).json();
    assert_eq!((&before["is_available"], &before["is_running"]), (&json!(true), &json!(false)));
    let started = service.call("POST", "/api/v2/drills", None).is(202).json();
    assert_eq!(started["is_running"], true, "{started}");
    service.call("POST", "/api/v2/drills", None).problem(409, "drill_runs", &["wait"]);
    // The scratch instance of the rehearsal is not this service.
    let jobs = service.call("GET", "/api/v2/jobs", None).is(200).json();
    assert_eq!(jobs["jobs"], json!([]));
    let reader = workspace.pytoon(&["keys", "add", "shop", "--scope", "submit"]).ok().stdout;
    let headers = [("X-API-Key", reader.trim())];
    for (method, route) in [("GET", "doctor"), ("GET", "drills"), ("POST", "drills")] {
        let refused = service.ask(method, &format!("/api/v2/{route}"), &headers, None);
        refused.problem(403, "forbidden", &["admin"]);
    }
}
