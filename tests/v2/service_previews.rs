//! Tests of the routes that list voices and moods, and that make previews of voices, music and presets; and of titles and
//! costs in lists of jobs.

use crate::voice_booth::Booth;
use pytoon_testkit::measure::probe;
use pytoon_testkit::program::run;
use pytoon_testkit::{Service, Workspace};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

const SENTENCE: &str = "Fresh bread, baked at dawn.";

/// Starts the service of a booth.
fn serve(booth: &Booth) -> Service {
    let root = booth.workspace.root();
    Service::start(&mut booth.command(None, &["serve", "--port", "0"]), root, "serve")
}

/// Stores a preview as a file, and returns its path.
fn stored(workspace: &Workspace, name: &str, bytes: &[u8]) -> PathBuf {
    workspace.write(name, bytes)
}

/// Returns the length of a sound file, in seconds.
fn duration(path: &Path) -> f64 {
    probe(path).seconds()
}

#[test]
fn voices_and_moods_are_listed_with_prices_and_reasons() {
    let booth = Booth::new(&json!({}), &["openai"]);
    booth.configure(&json!({"openai": {"price_per_1000_characters_usd": 0.015}}));
    let service = serve(&booth);
    let voices = service.call("GET", "/api/v2/voices", None).is(200).json();
    let of = |provider: &str| -> Vec<Value> {
        let all = voices["voices"].as_array().expect("voices").iter();
        all.filter(|voice| voice["provider"] == provider).cloned().collect()
    };
    let openai = &of("openai")[0];
    assert_eq!(
        (&openai["is_paid"], &openai["is_usable"], &openai["usd_per_1000_chars"]),
        (&json!(true), &json!(true), &json!(0.015))
    );
    let google = &of("google")[0];
    assert_eq!(google["is_usable"], false);
    assert!(
        google["reason"].as_str().is_some_and(|why| why.contains("GOOGLE_API_KEY")),
        "{google}"
    );
    let espeak = of("espeak");
    let german = espeak.iter().find(|voice| voice["name"] == "de").expect("a German voice");
    assert_eq!(
        (&german["language"], &german["is_paid"], &german["usd_per_1000_chars"]),
        (&json!("de"), &json!(false), &Value::Null)
    );
    let text = voices.to_string();
    assert!(!text.contains(&*booth.workspace.root().to_string_lossy()), "{text}");

    let moods = service.call("GET", "/api/v2/moods", None).is(200).json();
    let moods = moods["moods"].as_array().expect("moods").clone();
    assert_eq!(moods.len(), 5);
    for mood in moods {
        assert!(mood["description"].as_str().is_some_and(|text| !text.is_empty()), "{mood}");
    }
    let music = service.call("GET", "/api/v2/previews/music/calm", None).is(200);
    assert_eq!(music.headers["content-type"], "audio/wav");
    let seconds = duration(&stored(&booth.workspace, "calm.wav", &music.body));
    assert!((seconds - 8.0).abs() < 0.1, "{seconds}");
    let problem = service.call("GET", "/api/v2/previews/music/loud", None);
    problem.problem(404, "no_such_mood", &["`loud`", "calm"]);
}

#[test]
fn a_paid_voice_is_heard_only_at_an_accepted_price_and_paid_for_once() {
    for name in ["openai", "elevenlabs"] {
        let booth = Booth::new(&json!({}), &[name]);
        booth.configure(&json!({name: {"price_per_1000_characters_usd": 10.0}}));
        let service = serve(&booth);
        let hear = |accepted: Option<f64>| {
            let mut body = json!({"voice": {"provider": name}, "text": SENTENCE});
            if let Some(accepted) = accepted {
                body["accepted_usd"] = json!(accepted);
            }
            service.call("POST", "/api/v2/previews/voice", Some(&body))
        };
        let refused = hear(None).is(402);
        let price = refused.json()["price_usd"].as_f64().expect("a price");
        assert_eq!(price, 0.27, "27 characters at $10 per 1000");
        hear(Some(price / 2.0)).problem(402, "price_not_accepted", &["$0.27", "accepted_usd"]);
        assert_eq!((booth.request_count(name), booth.rows().len()), (0, 0));

        let spoken = hear(Some(price)).is(200);
        assert_eq!(spoken.headers["content-type"], "audio/wav");
        assert!(duration(&stored(&booth.workspace, "heard.wav", &spoken.body)) > 0.5);
        assert_eq!((booth.request_count(name), booth.rows().len()), (1, 1));
        // It is stored: hearing it again is free, and so is the voice of a film that says the same.
        hear(None).is(200);
        let id = service.submit(&json!({
            "script": SENTENCE, "profile": "test", "voice": {"provider": name},
        }));
        let job = service.until(&id, "done");
        assert_eq!(job["cost_usd"], 0.0, "{job}");
        assert_eq!(booth.request_count(name), 1);
    }
}

#[test]
fn a_preview_counts_against_the_daily_budget_of_its_key() {
    let booth = Booth::new(&json!({}), &["openai"]);
    booth.configure(&json!({"openai": {"price_per_1000_characters_usd": 10.0}}));
    let service = serve(&booth);
    let keys = run(&mut booth.command(None, &["--json", "keys", "list"]));
    let keys = keys.ok().json();
    let id = keys[0]["id"].as_str().expect("a key").to_owned();
    let budget = ["keys", "budget", &id, "0.3"];
    run(&mut booth.command(None, &budget)).ok();
    let hear = |text: &str| {
        let body = json!({"voice": {"provider": "openai"}, "text": text, "accepted_usd": 5});
        service.call("POST", "/api/v2/previews/voice", Some(&body))
    };
    hear(SENTENCE).is(200);
    hear("Bring a friend along.").problem(502, "voice_failed", &["API key"]);
    assert_eq!(booth.request_count("openai"), 1);
}

#[test]
fn a_local_voice_is_heard_and_wrong_requests_name_their_field() {
    let booth = Booth::new(&json!({}), &[]);
    let service = serve(&booth);
    let hear = |body: Value| service.call("POST", "/api/v2/previews/voice", Some(&body));
    let espeak = |speed: f64| {
        let voice = json!({"provider": "espeak", "name": "en-gb", "speed": speed});
        let heard = hear(json!({"voice": voice, "text": SENTENCE})).is(200);
        duration(&stored(&booth.workspace, "heard.wav", &heard.body))
    };
    assert!(espeak(0.7) > 1.3 * espeak(1.4));
    let with = |voice: Value| json!({"voice": voice, "text": SENTENCE});
    for (body, field) in [
        (json!({"text": " "}), "text"),
        (json!({"text": "a ".repeat(600)}), "text"),
        (json!({"text": "Yes.", "accepted_usd": -1}), "accepted_usd"),
        (json!({"text": "Yes.", "music_source": "calm"}), "music_source"),
        (with(json!({"provider": "nobody"})), "voice.provider"),
        (with(json!({"provider": "openai"})), "voice.provider"),
        (with(json!({"provider": "espeak", "speed": 9})), "voice.speed"),
        (with(json!({"provider": "espeak", "name": "xx-nothing"})), "voice.name"),
    ] {
        let answer = hear(body.clone()).is(422).json();
        assert_eq!(answer["errors"][0]["field"], field, "{body}: {answer}");
    }
}

#[test]
fn presets_are_shown_in_a_few_seconds_of_film() {
    let workspace = Workspace::new();
    let service = workspace.serve();
    let presets = service.call("GET", "/api/v2/presets", None).is(200).json();
    let presets = presets.as_array().expect("presets").clone();
    assert!(presets.len() >= 6);
    for preset in presets {
        let route =
            format!("/api/v2/previews/presets/{}", preset["preset_id"].as_str().expect("a name"));
        let film = service.call("GET", &route, None).is(200);
        assert_eq!(film.headers["content-type"], "video/mp4");
        assert!(film.body.len() < 400 << 10, "{route}: {} bytes", film.body.len());
        let found = probe(&stored(&workspace, "preset.mp4", &film.body));
        assert_eq!((&found.video["width"], &found.video["height"]), (&json!(270), &json!(480)));
        assert!((2.0..=4.0).contains(&found.seconds()), "{route}: {} s", found.seconds());
        // The second answer is the same file.
        let bearer = format!("Bearer {}", service.key);
        let headers =
            [("Authorization", bearer.as_str()), ("If-None-Match", film.headers["etag"].as_str())];
        service.ask("GET", &route, &headers, None).is(304);
    }
    let files = std::fs::read_dir(workspace.path("storage/previews")).expect("previews");
    assert!(files.flatten().all(|file| file.path().extension().is_some_and(|end| end == "mp4")));
    let missing = service.call("GET", "/api/v2/previews/presets/nothing", None);
    missing.problem(404, "no_such_preset", &["`nothing`"]);
}

#[test]
fn a_list_of_jobs_has_their_titles_and_costs() {
    let workspace = Workspace::new();
    let service = workspace.serve();
    let script = "Fresh bread, baked at dawn. Come by before it is gone, and bring a friend along.";
    let id = service.submit(&json!({"script": script, "profile": "test"}));
    service.until(&id, "done");
    let row = || service.call("GET", "/api/v2/jobs", None).is(200).json()["jobs"][0].clone();
    assert_eq!(row()["title"], "Fresh bread, baked at dawn. Come by before it is gone, and");
    assert_eq!(row()["cost_usd"], 0.0);
    let route = format!("/api/v2/jobs/{id}/brief");
    let brief = service.call("GET", &route, None).is(200);
    let mut changed = brief.json();
    changed["script"] = json!("Butter is on the house.");
    let bearer = format!("Bearer {}", service.key);
    let headers =
        [("Authorization", bearer.as_str()), ("If-Match", brief.headers["etag"].as_str())];
    service.ask("PUT", &route, &headers, Some(&changed)).is(202);
    assert_eq!(row()["title"], "Butter is on the house.");
    service.until(&id, "done");
}
