//! Tests of rare responses that vendors document, and of their effect on the scene, the ledger and the cost.

use crate::support::tea;
use crate::voice_booth::{Booth, voice_brief};
use pytoon_testkit::Studio;
use pytoon_testkit::program::{run, tool};
use pytoon_testkit::simulator::{engines_used, quick_engine};
use serde_json::{Value, json};

/// A documented response of a vendor and its expected outcome.
struct Case {
    engine: &'static str,
    vendor: &'static str,
    step: &'static str,
    answer: &'static str,
    /// The kind of the scene's failure, the states of its ledger rows, and the number of purchases.
    expected: &'static str,
    /// The amount charged in the ledger, in US dollars.
    charged_usd: f64,
}

const CASES: &[Case] = &[
    Case {
        engine: "pika",
        vendor: "fal",
        step: "result",
        answer: "model_error_500",
        expected: "server; failed x2; 2",
        charged_usd: 0.0,
    },
    Case {
        engine: "pika",
        vendor: "fal",
        step: "result",
        answer: "model_timeout_504",
        expected: "timeout; failed; 1",
        charged_usd: 0.0,
    },
    Case {
        engine: "pika",
        vendor: "fal",
        step: "result",
        answer: "closed_499",
        expected: "lost; lost; 1",
        charged_usd: 0.20,
    },
    Case {
        engine: "pika",
        vendor: "fal",
        step: "result",
        answer: "conflict_409",
        expected: "lost; lost; 1",
        charged_usd: 0.20,
    },
    Case {
        engine: "pika",
        vendor: "fal",
        step: "result",
        answer: "text_detail_422",
        expected: "moderation; refused x2; 2",
        charged_usd: 0.0,
    },
    Case {
        engine: "pika",
        vendor: "fal",
        step: "poll",
        answer: "completed_bad_request",
        expected: "invalid_request; failed; 1",
        charged_usd: 0.0,
    },
    Case {
        engine: "luma",
        vendor: "luma-agents",
        step: "submit",
        answer: "insufficient_credits_400",
        expected: "quota; not_sent; 0",
        charged_usd: 0.0,
    },
    Case {
        engine: "luma",
        vendor: "luma-agents",
        step: "submit",
        answer: "moderated_400",
        expected: "moderation; refused x2; 0",
        charged_usd: 0.0,
    },
    Case {
        engine: "luma_dm",
        vendor: "luma-dm",
        step: "submit",
        answer: "insufficient_credits_400",
        expected: "quota; not_sent; 0",
        charged_usd: 0.0,
    },
];

/// Creates a studio with all engines, including Luma's older API. Its simulator follows these rules.
fn studio(rules: &Value) -> Studio {
    let studio = Studio::new(&json!({ "rules": rules }), &json!({}));
    let dream_machine = json!({
        "kind": "luma",
        "key_env": ["LUMA_API_KEY"],
        "price": {"models": {"default": {"per_second_usd": 0.142}}},
        "options": {"api": "dream_machine", "model": "ray-2", "resolution": "540p"},
    });
    let url = format!("{}/luma-dm/dream-machine/v1", studio.simulator.url());
    let luma_dm = quick_engine(&url, &dream_machine);
    studio.configure(&json!({ "default_chain": ["local"], "engines": { "luma_dm": luma_dm } }));
    studio
}

/// Renders a film under a case's response and returns the outcome, in the form of [`Case::expected`] and
/// [`Case::charged_usd`].
fn outcome(case: &Case) -> (String, f64) {
    let studio = studio(&json!([{
        "vendor": case.vendor, "step": case.step, "fault": "documented", "answer": case.answer,
    }]));
    let film = studio.render(&tea(&[case.engine], ""), "out");
    assert_eq!(engines_used(&film), ["local"], "{}", case.answer);
    let rows = studio.rows(&[]);
    let state = rows[0]["state"].as_str().expect("a state");
    assert!(rows.iter().all(|row| row["state"] == state), "{}: {rows:?}", case.answer);
    let states = if rows.len() > 1 { format!("{state} x{}", rows.len()) } else { state.to_owned() };
    let fallbacks = studio.fallbacks();
    let kind = fallbacks[0].rsplit(": ").next().expect("a kind");
    let bought = studio.simulator.accepted_count(case.vendor);
    let charged =
        rows.iter().map(|row| row["charged"].as_i64().unwrap_or_default() as f64 / 1e6).sum();
    (format!("{kind}; {states}; {bought}"), charged)
}

#[test]
fn every_documented_answer_has_its_meaning() {
    for case in CASES {
        let (cell, charged) = outcome(case);
        assert_eq!(cell, case.expected, "{} {}", case.vendor, case.answer);
        assert!(
            (charged - case.charged_usd).abs() < 1e-6,
            "{} {}: {charged} USD",
            case.vendor,
            case.answer
        );
    }
}

/// Returns a scenario in which every response is as loose as the types of the vendor's package allow: with additional
/// fields, null or absent optional values, and numbers with a decimal point.
fn loose() -> Value {
    let steps = ["submit", "poll", "result", "upload", "health", "search"];
    json!(steps.map(|step| json!({"step": step, "fault": "loose_json"})))
}

#[test]
fn answers_as_loose_as_the_types_allow_are_read_all_the_same() {
    let vendors =
        [("runway", "runway"), ("pika", "fal"), ("luma", "luma-agents"), ("luma_dm", "luma-dm")];
    for (engine, vendor) in vendors {
        let studio = studio(&loose());
        noise(&studio);
        // The older API accepts only addresses.
        let picture = if engine == "luma_dm" { "" } else { "media_files: [cup.png]\n" };
        let film = studio.render(&tea(&[engine], picture), "out");
        assert_eq!(engines_used(&film), [engine], "{:?}", studio.fallbacks());
        assert_eq!(studio.simulator.accepted_count(vendor), 1, "{engine}");
        let rows = studio.rows(&[]);
        assert_eq!((rows.len(), &rows[0]["state"]), (1, &json!("kept")), "{rows:?}");
        assert!(rows[0]["charged"].as_i64().is_some_and(|it| it > 0), "{rows:?}");
    }
}

#[test]
fn voices_whose_answers_are_as_loose_as_their_types_allow_speak() {
    for vendor in ["elevenlabs", "openai", "google"] {
        let booth = Booth::new(&json!({ "rules": loose() }), &[vendor]);
        let film = booth.render(&voice_brief("The kettle sings in the quiet morning.", ""), "out");
        assert_eq!(booth.failures(), [""; 0], "{}", booth.log());
        assert_eq!(film.metadata()["voice"]["provider"], vendor);
        assert_eq!(booth.request_count(vendor), 1, "{vendor}");
    }
}

#[test]
fn a_pause_given_as_a_date_is_respected() {
    let limited = json!({"rules": [
        {"vendor": "runway", "step": "submit", "fault": "rate_limited_retry_date", "value": 30},
    ]});
    let studio = Studio::new(&limited, &json!({"default_chain": ["local"]}));
    let film = studio.render(&tea(&["runway"], ""), "out");
    assert_eq!(engines_used(&film), ["local"]);
    assert_eq!(
        studio.simulator.request_count("runway", "submit"),
        1,
        "it was asked before its time"
    );
}

#[test]
fn a_voices_empty_account_is_no_wrong_key_and_no_rush() {
    for (vendor, answer) in [("openai", "quota_null_code"), ("google", "billing_403")] {
        let rule: Value = json!({
            "vendor": vendor, "step": "submit", "fault": "documented", "answer": answer,
        });
        let booth = Booth::new(&json!({ "rules": [rule] }), &[vendor]);
        booth.render(&voice_brief("The kettle sings.", ""), "out");
        assert_eq!(booth.failures(), [format!("{vendor}: quota")]);
        assert_eq!(booth.request_count(vendor), 1, "{vendor} was asked again");
    }
}

#[test]
fn a_model_that_is_gone_leaves_the_script_to_the_next_voice() {
    for answer in ["model_gone_404", "model_gone_410"] {
        let rule = json!({
            "vendor": "openai", "step": "submit", "fault": "documented", "answer": answer,
        });
        let booth = Booth::new(&json!({ "rules": [rule] }), &["openai", "google"]);
        let film = booth.render(&voice_brief("The kettle sings in the quiet morning.", ""), "out");
        assert_eq!(booth.failures(), ["openai: invalid_request"], "{answer}");
        assert_eq!(film.metadata()["voice"]["provider"], "google", "{answer}");
        assert_eq!(booth.request_count("openai"), 1, "{answer}");
    }
}

#[test]
fn model_retirements_are_announced_in_advance() {
    let booth = Booth::new(&json!({}), &["openai"]);
    let doctor = |ends: &Value| {
        let file = booth.workspace.path("config/defaults.yaml");
        let text = std::fs::read_to_string(&file).expect("settings");
        let mut settings: Value = serde_json::from_str(&text).expect("JSON");
        settings["model_ends"] = ends.clone();
        std::fs::write(&file, settings.to_string()).expect("written");
        let run = run(&mut booth.command(None, &["doctor"]));
        format!("{}{}", run.stdout, run.stderr)
    };
    let end = |on: &str, successor: &str| {
        json!([{
            "provider": "openai", "model": "gpt-4o-mini-tts", "on": on, "successor": successor,
        }])
    };
    let said = doctor(&end("2020-02-01", "next-tts"));
    assert!(said.contains("shut this model down on 2020-02-01"), "{said}");
    assert!(said.contains("set tts.openai.model to next-tts"), "{said}");
    assert!(doctor(&end("2020-02-01", "")).contains("names no successor"));
    let quiet = doctor(&end("2999-01-01", ""));
    // The vendor's own list reports it as well.
    assert!(!quiet.contains("2999") && quiet.contains("shuts down on 2027-01-06"), "{quiet}");
    assert!(doctor(&end("soon", "")).contains("model_ends"));
    // A process with the key publishes it in its metrics.
    booth.configure(&json!({}));
    booth.render(&voice_brief("The kettle sings in the quiet morning.", ""), "out");
    let metrics = std::fs::read_to_string(booth.workspace.path("metrics.txt")).expect("metrics");
    let shown =
        "pytoon_v2_model_end_timestamp_seconds{provider=\"openai\",model=\"gpt-4o-mini-tts\"}";
    assert!(metrics.contains(&format!("{shown} 1799193600")), "{metrics}");
}

/// Writes `cup.png`, a picture of noise, which does not compress. The file therefore exceeds the 4 MiB of an inline
/// picture.
fn noise(studio: &Studio) {
    let path = studio.workspace.path("cup.png").display().to_string();
    let noise = "color=gray:s=1440x2560,noise=alls=100:allf=t";
    tool("ffmpeg", ["-v", "error", "-f", "lavfi", "-i", noise, "-frames:v", "1", &path]);
}

#[test]
fn the_end_of_an_engines_model_is_reported_by_doctor_and_by_its_health_check() {
    let studio = Studio::new(&json!({}), &json!({"default_chain": ["local"]}));
    let ends = json!([{
        "provider": "runway", "model": "gen4.5", "on": "2020-02-01", "successor": "gen5",
    }]);
    studio.workspace.write("config/defaults.yaml", json!({ "model_ends": ends }).to_string());
    let said = run(&mut studio.command(&["doctor"]));
    let fix = "set v2.engines.runway.options.text_model to gen5 in engine.yaml";
    assert!(said.stdout.contains(fix), "{}{}", said.stdout, said.stderr);
    studio.render(&tea(&["runway"], ""), "out");
    let checks = studio.events("health_check");
    let of_runway = checks.iter().find(|check| check["engine"] == "runway");
    let detail = of_runway.and_then(|check| check["detail"].as_str()).expect("a health check");
    assert!(detail.contains("shut the model gen4.5 down on 2020-02-01"), "{detail}");
    let metrics = std::fs::read_to_string(studio.workspace.path("metrics.txt")).expect("metrics");
    let shown = "pytoon_v2_model_end_timestamp_seconds{provider=\"runway\",model=\"gen4.5\"}";
    assert!(metrics.contains(shown), "{metrics}");
}

#[test]
fn a_large_picture_is_used_once_its_file_is_ready_and_not_where_it_is_refused() {
    for (rules, drawn_by, looks) in [
        (json!([]), "luma", 1),
        (json!([{"vendor": "luma-agents", "step": "upload", "fault": "failed"}]), "local", 1),
    ] {
        let studio = Studio::new(&json!({ "rules": rules }), &json!({"default_chain": ["local"]}));
        noise(&studio);
        let film = studio.render(&tea(&["luma"], "media_files: [cup.png]\n"), "out");
        assert_eq!(engines_used(&film), [drawn_by], "{:?}", studio.fallbacks());
        let requests = studio.simulator.requests();
        let asked = |method: &str| {
            let is_file = |r: &&Value| {
                r["method"] == method
                    && r["path"].as_str().is_some_and(|p| p.contains("/v1/files/"))
            };
            requests.iter().filter(is_file).count()
        };
        assert_eq!((asked("GET"), asked("POST")), (looks, 1), "{requests:?}");
        assert_eq!(studio.simulator.accepted_count("luma-agents"), usize::from(drawn_by == "luma"));
    }
}

#[test]
fn a_long_scene_gets_a_clip_that_is_long_enough() {
    let studio = Studio::new(&json!({}), &json!({"default_chain": ["local"]}));
    let brief =
        tea(&["luma"], "").replace("target_duration_seconds: 1", "target_duration_seconds: 9");
    let film = studio.render(&brief, "out");
    assert_eq!(engines_used(&film), ["luma"]);
    let bought = studio.simulator.submissions_to("luma-agents");
    assert_eq!(bought[0]["job"]["duration_ms"], 10_000, "{bought:?}");
}
