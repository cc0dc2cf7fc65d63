//! Tests that, for every failure of voice services, the film speaks or reports the reason for its silence.

use crate::voice_booth::{Booth, CLOUDS, voice_brief};
use pytoon_testkit::film::words;
use pytoon_testkit::measure::{decode_audio, rms_db};
use pytoon_testkit::program::run;
use pytoon_testkit::{Film, Workspace};
use serde_json::{Value, json};

const WORDS: &str = "The kettle sings in the quiet morning.";
const THREE: &str = "The kettle sings in the morning. A cup is warm. Nobody hurries today.";

fn provider(film: &Film) -> Value {
    film.metadata()["voice"]["provider"].clone()
}

/// Renders a film under `fault`. Asserts that each voice service fails with its kind in `kinds`, after at most `most`
/// requests, and that eSpeak NG speaks the film.
#[track_caller]
fn all_fail(fault: &Value, kinds: [&str; 3], most: usize) {
    let mut rule = fault.clone();
    rule["step"] = json!("submit");
    let booth = Booth::new(&json!({ "rules": [rule] }), &["elevenlabs", "openai", "google"]);
    let film = booth.render(&voice_brief(WORDS, ""), "out");
    assert_eq!(provider(&film), "espeak");
    let expected: Vec<String> =
        CLOUDS.iter().zip(kinds).map(|((name, ..), kind)| format!("{name}: {kind}")).collect();
    assert_eq!(booth.failures(), expected, "{}", booth.log());
    assert_eq!(film.caption_words(), words(WORDS));
    assert!(rms_db(&decode_audio(&film.output())) > -40.0, "the film is silent");
    let receipt = film.metadata();
    assert_eq!(receipt["degraded"], true, "a lesser voice than was configured");
    let told: Vec<&str> = receipt["voice"]["attempts"]
        .as_array()
        .expect("attempts")
        .iter()
        .map(|attempt| attempt["kind"].as_str().expect("a kind"))
        .collect();
    assert_eq!(told, kinds);
    let log = booth.log();
    for (name, _, key, _) in CLOUDS {
        assert_eq!(booth.metric("failure_total", name), 1.0);
        assert_eq!(booth.metric("success_total", name), 0.0);
        assert_eq!(booth.metric("duration_seconds_count", name), 1.0);
        assert!(
            booth.request_count(name) <= most,
            "{name} was asked {} times",
            booth.request_count(name)
        );
        assert!(!log.contains(key) && !receipt.to_string().contains(key), "{name}'s key shows");
    }
    assert_eq!(booth.metric("success_total", "espeak"), 1.0);
    // No possible purchase is left open.
    for row in booth.rows() {
        let state = row["state"].as_str().unwrap_or_default().to_owned();
        assert!(["not_sent", "lost", "bad_output", "refused"].contains(&state.as_str()), "{row}");
    }
}

#[test]
fn a_wrong_key() {
    all_fail(&json!({"fault": "unauthorized"}), ["auth", "auth", "auth"], 1);
}

#[test]
fn an_empty_account() {
    // Google reports it as a missing permission.
    all_fail(&json!({"fault": "payment_required"}), ["quota", "quota", "auth"], 1);
}

#[test]
fn a_key_without_permission() {
    all_fail(&json!({"fault": "forbidden"}), ["auth", "auth", "auth"], 1);
}

#[test]
fn too_many_requests() {
    let kinds = ["rate_limited"; 3];
    all_fail(&json!({"fault": "rate_limited"}), kinds, 2);
    all_fail(&json!({"fault": "rate_limited_retry_after", "value": 30}), kinds, 1);
}

#[test]
fn a_failure_of_the_vendor() {
    all_fail(&json!({"fault": "server_error"}), ["server"; 3], 1);
    all_fail(&json!({"fault": "bad_gateway"}), ["server"; 3], 2);
    all_fail(&json!({"fault": "unavailable"}), ["server"; 3], 2);
}

#[test]
fn no_answer() {
    all_fail(&json!({"fault": "hang"}), ["timeout"; 3], 1);
}

#[test]
fn an_answer_that_drips() {
    all_fail(&json!({"fault": "slow_drip", "value": 60}), ["timeout"; 3], 1);
}

#[test]
fn a_connection_that_breaks() {
    all_fail(&json!({"fault": "drop_before_accept"}), ["server"; 3], 1);
    all_fail(&json!({"fault": "drop_after_accept"}), ["server"; 3], 1);
}

#[test]
fn an_answer_that_is_none() {
    all_fail(&json!({"fault": "garbage"}), ["protocol"; 3], 1);
    all_fail(&json!({"fault": "redirect_private"}), ["protocol"; 3], 1);
}

#[test]
fn words_that_are_refused() {
    let kinds = ["auth", "moderation", "invalid_request"];
    all_fail(&json!({"fault": "moderation"}), kinds, 1);
}

#[test]
fn sound_that_is_no_voice() {
    for fault in ["completed_with_error", "black_clip", "wrong_clip", "truncated_clip"] {
        all_fail(&json!({ "fault": fault }), ["bad_output"; 3], 1);
    }
}

#[test]
fn a_sentence_that_stands_several_times_is_bought_once() {
    let booth = Booth::new(&json!({}), &["openai"]);
    let script = "Tea is ready. Tea is ready. Tea is ready. Tea is ready. Come in now.";
    let film = booth.render(&voice_brief(script, ""), "out");
    assert_eq!(provider(&film), "openai", "{}", booth.log());
    assert_eq!(film.metadata()["degraded"], false);
    assert_eq!(booth.request_count("openai"), 2);
    assert!(booth.rows().iter().all(|row| row["state"] == "kept"), "{:?}", booth.rows());
}

#[test]
fn bought_speech_that_cannot_be_used_is_reported() {
    let rule = json!({"vendor": "openai", "step": "submit", "fault": "black_clip"});
    let booth = Booth::new(&json!({ "rules": [rule] }), &["openai", "google"]);
    let film = booth.render(&voice_brief(WORDS, ""), "out");
    assert_eq!(provider(&film), "google");
    let receipt = film.metadata();
    let charged: i64 = booth
        .rows()
        .iter()
        .filter(|row| row["state"] == "bad_output")
        .filter_map(|row| row["charged"].as_i64())
        .sum();
    assert!(charged > 0);
    let wasted = receipt["wastedUsd"].as_f64().expect("a sum");
    assert!((wasted - charged as f64 / 1e6).abs() < 1e-9, "{wasted} and {charged}");
    assert_eq!(receipt["degraded"], true);
    assert!(booth.log().contains("engine_purchase_wasted"), "{}", booth.log());
    let metrics = std::fs::read_to_string(booth.workspace.path("metrics.txt")).expect("metrics");
    let counted = "pytoon_v2_engine_purchases_wasted_total{engine=\"openai\"} 1";
    assert!(metrics.contains(counted), "{metrics}");
}

#[test]
fn a_fault_of_a_moment_is_got_over() {
    for fault in [
        json!({"fault": "rate_limited"}),
        json!({"fault": "unavailable"}),
        json!({"fault": "rate_limited_retry_after", "value": 0}),
    ] {
        let mut rule = fault.clone();
        rule["step"] = json!("submit");
        rule["times"] = json!(1);
        let booth = Booth::new(&json!({ "rules": [rule] }), &["elevenlabs"]);
        let film = booth.render(&voice_brief(WORDS, ""), "out");
        assert_eq!(provider(&film), "elevenlabs", "{fault}");
        assert_eq!((booth.request_count("elevenlabs"), booth.failures().len()), (2, 0), "{fault}");
        assert_eq!(film.metadata()["degraded"], false);
    }
}

#[test]
fn each_service_speaks_and_its_own_times_are_used() {
    for (name, ..) in CLOUDS {
        let booth = Booth::new(&json!({}), &[name]);
        let film = booth.render(&voice_brief(THREE, ""), "out");
        assert_eq!(provider(&film), name);
        assert_eq!(film.caption_words(), words(THREE));
        assert_eq!(booth.metric("success_total", name), 1.0);
        assert_eq!(booth.metric("failure_total", "espeak"), 0.0);
        let receipt = film.metadata();
        assert_eq!(receipt["warnings"], json!([]), "{name}");
        let method = if name == "openai" { "even_split" } else { "provider" };
        assert_eq!(receipt["voice"]["alignment"], method);
        // One request contains a script with timed words; the other gets its sentences.
        assert_eq!(booth.request_count(name), if name == "openai" { 3 } else { 1 });
        if method == "provider" {
            // The simulator speaks every character in 66 ms.
            let starts = first_sentence_starts(&film);
            let letters = [0, 4, 11, 17, 20, 24];
            for (start, letter) in starts.iter().zip(letters) {
                let expected = starts[0] + letter * 66;
                assert!((start - expected).abs() <= 40, "{name}: {starts:?}");
            }
        }
        for row in booth.rows() {
            assert_eq!((&row["state"], &row["engine"]), (&json!("kept"), &json!(name)));
            assert!(row["charged"].as_i64().is_some_and(|micro| micro > 0), "{row}");
        }
        assert!(receipt["spendUsd"].as_f64().is_some_and(|usd| usd > 0.0));
    }
}

/// Returns the starts of the first six words of a film's captions, in milliseconds.
fn first_sentence_starts(film: &Film) -> Vec<i64> {
    let timeline = film.timeline();
    let cues = timeline["tracks"]["captions"].as_array().expect("cues").clone();
    let words = cues.iter().flat_map(|cue| cue["words"].as_array().expect("words").clone());
    words.take(6).map(|word| word["start"].as_i64().expect("a time")).collect()
}

#[test]
fn a_long_script_is_cut_at_sentences_within_the_limit() {
    let booth = Booth::new(&json!({}), &["google", "elevenlabs"]);
    for (name, most) in [("elevenlabs", 50), ("google", 340)] {
        booth.configure(&json!({ "primary_provider": name, name: {"max_characters": most} }));
        let film = booth.render(&voice_brief(THREE, ""), name);
        assert_eq!(provider(&film), name);
        assert_eq!(booth.request_count(name), 2, "{name}");
        assert_eq!(film.caption_words(), words(THREE));
    }
}

#[test]
fn the_backup_comes_after_the_primary() {
    let rule = json!({"vendor": "google", "step": "submit", "fault": "unauthorized"});
    let booth = Booth::new(&json!({ "rules": [rule] }), &["google", "elevenlabs", "openai"]);
    booth.configure(&json!({"backup_provider": "openai"}));
    let film = booth.render(&voice_brief(WORDS, ""), "out");
    assert_eq!(provider(&film), "openai");
    assert_eq!(booth.failures(), ["google: auth"]);
    assert_eq!(film.metadata()["degraded"], false, "a service speaks, as was asked for");
    assert_eq!(booth.request_count("elevenlabs"), 0);
    // A brief's own choice precedes both.
    let film = booth.render(&voice_brief(WORDS, "voice: {provider: elevenlabs}\n"), "second");
    assert_eq!(provider(&film), "elevenlabs");
}

#[test]
fn a_service_without_a_key_is_left_out_and_says_so() {
    let booth = Booth::new(&json!({}), &[]);
    let film = booth.render(&voice_brief(WORDS, ""), "out");
    assert_eq!(provider(&film), "espeak");
    assert_eq!(film.metadata()["degraded"], false);
    assert!(booth.log().contains("ELEVENLABS_API_KEY"), "{}", booth.log());
    assert!(!booth.workspace.path("storage").exists(), "a ledger without anything to pay");
    let film = booth.render(&voice_brief(WORDS, "voice: {provider: openai}\n"), "out");
    let receipt = film.metadata();
    assert!(receipt["warnings"].to_string().contains("OPENAI_API_KEY"), "{}", receipt["warnings"]);
    assert_eq!(receipt["degraded"], true);
}

#[test]
fn a_key_may_stand_in_a_file() {
    let mut booth = Booth::new(&json!({}), &[]);
    let file = booth.workspace.write("key.txt", "elkey-7d2f9b1c4e6a8035\n");
    booth.environment.push(("ELEVENLABS_API_KEY_FILE", file.display().to_string()));
    assert_eq!(provider(&booth.render(&voice_brief(WORDS, ""), "out")), "elevenlabs");
}

#[test]
fn an_old_name_means_the_local_voice_and_a_wrong_one_is_refused() {
    let booth = Booth::new(&json!({}), &["elevenlabs"]);
    booth.configure(&json!({"primary_provider": "pyttsx3"}));
    let film = booth.render(&voice_brief(WORDS, ""), "out");
    assert_eq!(provider(&film), "espeak");
    assert!(
        film.metadata()["warnings"].to_string().contains("`pyttsx3` is an old name of `espeak`")
    );
    booth.configure(&json!({"primary_provider": "elevenlab"}));
    booth
        .try_render(&voice_brief(WORDS, ""), "no")
        .expect_failure(2, &["primary_provider", "`elevenlabs`?"]);
    booth.configure(&json!({}));
    let brief = voice_brief(WORDS, "voice: {provider: opnai}\n");
    booth.try_render(&brief, "no").expect_failure(2, &["voice.provider", "`openai`?"]);
}

#[test]
fn without_any_voice_the_film_is_silent_and_captioned_and_says_why() {
    let rule = json!({"step": "submit", "fault": "unauthorized"});
    let booth = Booth::new(&json!({ "rules": [rule] }), &["elevenlabs", "openai", "google"]);
    // A copy of the program without a helper beside it.
    let program = copy_of_the_program(&booth.workspace);
    booth.workspace.write("brief.yaml", voice_brief(WORDS, ""));
    let args = ["render", "brief.yaml", "--out", "out", "--metrics-out", "metrics.txt"];
    run(&mut booth.command(Some(&program), &args)).ok();
    let film = Film::open(&booth.workspace.path("out"));
    let receipt = film.metadata();
    assert_eq!(receipt["voice"]["provider"], Value::Null);
    assert_eq!(receipt["degraded"], true);
    assert_eq!(film.caption_words(), words(WORDS));
    let warnings = receipt["warnings"].to_string();
    for part in ["elevenlabs", "openai", "google", "espeak"] {
        let part = format!("{part} could not speak");
        assert!(warnings.contains(&part), "{warnings} lacks {part}");
    }
    assert!(warnings.contains("silent"), "{warnings}");
    assert!(booth.log().contains("All TTS providers failed"));
    assert_eq!(booth.metric("failure_total", "espeak"), 1.0);
}

fn copy_of_the_program(workspace: &Workspace) -> std::path::PathBuf {
    let built = pytoon_testkit::program::pytoon();
    let copy = workspace.path("alone/pytoon");
    std::fs::create_dir(workspace.path("alone")).expect("a folder");
    std::fs::copy(built.get_program(), &copy).expect("a copy");
    copy
}

#[test]
fn doctor_reports_the_state_of_every_voice() {
    let rule = json!({"vendor": "openai", "step": "health", "fault": "unauthorized"});
    let booth = Booth::new(&json!({ "rules": [rule] }), &["elevenlabs", "openai"]);
    let told = run(&mut booth.command(None, &["doctor"])).stdout;
    let line = |part: &str| {
        let found = told.lines().find(|line| line.contains(part));
        found.unwrap_or_else(|| panic!("no line with {part} in\n{told}")).to_owned()
    };
    assert!(line("voice 1: elevenlabs").contains("characters left"), "{told}");
    assert!(line("voice 2: openai").contains("auth"), "{told}");
    assert!(line("voice: google").contains("GOOGLE_API_KEY"), "{told}");
    assert_eq!(
        booth.request_count("elevenlabs") + booth.request_count("openai"),
        0,
        "a check that was paid for"
    );
}

#[test]
fn a_brief_may_rather_have_no_film_than_a_lesser_voice() {
    let down = json!({"rules": [{"step": "submit", "fault": "unavailable"}]});
    let booth = Booth::new(&down, &["elevenlabs"]);
    let failed = booth.try_render(&voice_brief(WORDS, "on_degrade: fail\n"), "out");
    failed.expect_failure(
        1,
        &["the requested voice is not used", "elevenlabs", "on_degrade is `fail`"],
    );
    assert!(!booth.workspace.path("out").exists(), "half a job is left");
    let held = booth.try_render(&voice_brief(WORDS, "on_degrade: hold\n"), "out");
    held.expect_failure(
        3,
        &["the job is held", "the requested voice is not used", "pytoon resume"],
    );
    booth.simulator.becomes(&json!({}));
    run(&mut booth.command(None, &["resume", "out"])).ok();
    let film = Film::open(&booth.workspace.path("out"));
    assert_eq!(
        (provider(&film), &film.metadata()["degraded"]),
        (json!("elevenlabs"), &json!(false))
    );
}

#[test]
fn a_language_is_sent_in_the_form_that_a_service_accepts() {
    let settings = json!({"google": {"voice": "", "voices": {}, "options": {"marks": false}},
        "elevenlabs": {"model": "eleven_v3"}});
    for (vendor, language) in [
        ("google", "zh-Hans"),
        ("google", "zh-Hant"),
        ("google", "sr-Latn"),
        ("elevenlabs", "fil"),
        ("elevenlabs", "haw"),
    ] {
        let booth = Booth::new(&json!({}), &[vendor]);
        booth.configure(&settings);
        let film = booth.render(&voice_brief(WORDS, &format!("language: {language}\n")), "out");
        assert_eq!(film.metadata()["voice"]["provider"], vendor, "{language}: {}", booth.log());
        assert_eq!(booth.failures(), Vec::<String>::new(), "{language}");
    }
}

#[test]
fn a_script_that_no_voice_speaks_in_time_is_refused_before_it_is_bought() {
    let booth = Booth::new(&json!({}), &["elevenlabs"]);
    let long = "The kettle sings in the quiet morning and nobody hurries. ".repeat(30);
    let refused = booth.try_render(&voice_brief(&long, ""), "out");
    refused.expect_failure(2, &["at most 60 s", "shorten the script"]);
    assert_eq!((booth.request_count("elevenlabs"), booth.rows().len()), (0, 0));
    // A voice with a slower speed takes longer.
    booth.configure(&json!({"elevenlabs": {"speed": 0.7}}));
    let long = "The kettle sings in the quiet morning and nobody hurries. ".repeat(22);
    let refused = booth.try_render(&voice_brief(&long, ""), "out");
    refused.expect_failure(2, &["at most 60 s", "shorten the script"]);
    assert_eq!(booth.request_count("elevenlabs"), 0);
}
