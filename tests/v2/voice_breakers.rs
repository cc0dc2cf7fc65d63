//! Tests of voice circuit breakers across processes. Each render runs in its own process.

use crate::voice_booth::{Booth, voice_brief};
use serde_json::{Value, json};
use std::time::Duration;

const WORDS: &str = "The kettle sings in the quiet morning.";
const OTHERS: &str = "A cup is warm on the table.";

/// The first cooldown of an open breaker, in seconds, which is longer than a render takes.
const COOLDOWN_S: u64 = 5;

/// Creates a booth with one speech server whose breaker opens after two failures.
fn kokoro(scenario: &Value) -> Booth {
    let booth = Booth::new(scenario, &[]);
    booth.configure(&json!({ "openai_compatible": { "kokoro": {
        "base_url": format!("{}/speech-server/v1", booth.simulator.url()),
        "model": "kokoro",
        "voice": "af_heart",
        "backoff": {"initial_ms": 10, "max_ms": 400, "attempts": 1},
        "breaker": {"failures": 2, "cooldown_seconds": COOLDOWN_S, "max_cooldown_seconds": 60,
                    "account_cooldown_seconds": 900},
    }}}));
    booth
}

fn rule(fault: &Value) -> Value {
    let mut rule = fault.clone();
    rule["step"] = json!("submit");
    json!({ "rules": [rule] })
}

fn events(booth: &Booth, name: &str) -> Vec<Value> {
    let log = booth.log();
    let lines = log.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    lines.filter(|line| line["event"] == name).collect()
}

#[test]
fn a_server_that_fails_again_and_again_is_left_alone_then_probed_and_forgiven() {
    let booth = kokoro(&rule(&json!({"fault": "server_error"})));
    for out in ["first", "second"] {
        booth.render(&voice_brief(WORDS, ""), out);
    }
    assert_eq!(booth.failures(), ["kokoro: server"; 2]);
    let opened = events(&booth, "engine_rotation_triggered");
    assert_eq!(
        (&opened[0]["engine"], &opened[0]["cooldown_s"]),
        (&json!("kokoro"), &json!(COOLDOWN_S))
    );
    let asked = booth.request_count("speech-server");
    let film = booth.render(&voice_brief(WORDS, ""), "third");
    assert_eq!(booth.failures()[2..], ["kokoro: cooling"]);
    assert_eq!(booth.request_count("speech-server"), asked, "it is asked in spite of its breaker");
    assert_eq!(booth.metric("breaker_state", "kokoro"), 2.0);
    let warnings = film.metadata()["warnings"].to_string();
    assert!(
        warnings.contains("kokoro could not speak") && warnings.contains("circuit breaker is open"),
        "{warnings}"
    );
    // After the pause one render probes; its success closes the breaker.
    booth.simulator.becomes(&json!({}));
    std::thread::sleep(Duration::from_secs(COOLDOWN_S));
    for out in ["fourth", "fifth"] {
        let film = booth.render(&voice_brief(WORDS, ""), out);
        assert_eq!(film.metadata()["voice"]["provider"], "kokoro", "{}", booth.log());
        assert_eq!(booth.metric("breaker_state", "kokoro"), 0.0);
    }
}

#[test]
fn retry_after_is_obeyed_and_a_refused_voice_is_no_failure_of_the_server() {
    let booth = kokoro(&rule(&json!({"fault": "rate_limited_retry_after", "value": 30})));
    booth.render(&voice_brief(WORDS, ""), "first");
    let opened = events(&booth, "engine_rotation_triggered");
    assert_eq!(
        (&opened[0]["kind"], &opened[0]["cooldown_s"]),
        (&json!("rate_limited"), &json!(30))
    );
    booth.render(&voice_brief(WORDS, ""), "second");
    assert_eq!(booth.failures(), ["kokoro: rate_limited", "kokoro: cooling"]);
    let booth = kokoro(&rule(&json!({"fault": "moderation"})));
    for out in ["first", "second", "third"] {
        booth.render(&voice_brief(WORDS, ""), out);
    }
    assert_eq!(booth.failures(), ["kokoro: moderation"; 3]);
}

#[test]
fn a_wrong_key_cools_long_and_another_key_is_tried_at_once() {
    let scenario = json!({"keys": {"invalid": ["elkey-7d2f9b1c4e6a8035"]}});
    let mut booth = Booth::new(&scenario, &["elevenlabs"]);
    booth.render(&voice_brief(WORDS, ""), "first");
    booth.render(&voice_brief(WORDS, ""), "second");
    assert_eq!(booth.failures(), ["elevenlabs: auth", "elevenlabs: cooling"]);
    let opened = events(&booth, "engine_rotation_triggered");
    assert_eq!(opened[0]["cooldown_s"], 3600);
    assert!(opened[0]["advice"].as_str().is_some_and(|advice| advice.contains(".env")));
    booth.environment.push(("ELEVENLABS_API_KEY", "elkey-0a1b2c3d4e5f6071".to_owned()));
    let film = booth.render(&voice_brief(WORDS, ""), "third");
    assert_eq!(film.metadata()["voice"]["provider"], "elevenlabs");
}

#[test]
fn what_is_bought_already_is_used_in_spite_of_an_open_breaker() {
    let booth = Booth::new(&json!({}), &["elevenlabs"]);
    booth.render(&voice_brief(WORDS, ""), "first");
    booth.simulator.becomes(&rule(&json!({"fault": "unauthorized"})));
    let film = booth.render(&voice_brief(OTHERS, ""), "second");
    assert_eq!(film.metadata()["voice"]["provider"], "espeak");
    let film = booth.render(&voice_brief(WORDS, "seed: 9\n"), "third");
    assert_eq!(film.metadata()["voice"]["provider"], "elevenlabs");
    // That says nothing about the key: the breaker stays open.
    booth.render(&voice_brief(OTHERS, ""), "fourth");
    assert_eq!(booth.failures(), ["elevenlabs: auth", "elevenlabs: cooling"]);
}

#[test]
fn a_render_reports_the_health_of_voices_and_does_not_wait_for_it() {
    let rules = json!({"rules": [{"step": "health", "fault": "unauthorized"}]});
    let booth = kokoro(&rules);
    let film = booth.render(&voice_brief(WORDS, ""), "out");
    assert_eq!(film.metadata()["voice"]["provider"], "kokoro");
    let told = events(&booth, "health_check");
    let kokoro = told.iter().find(|event| event["engine"] == "kokoro").expect("a report");
    assert_eq!((&kokoro["healthy"], &kokoro["kind"]), (&json!(false), &json!("auth")));
    // A server that does not answer the health check delays nothing.
    let booth = self::kokoro(&json!({"rules": [{"step": "health", "fault": "hang"}]}));
    let begun = std::time::Instant::now();
    booth.render(&voice_brief(WORDS, ""), "out");
    assert!(begun.elapsed() < Duration::from_secs(14), "{:?}", begun.elapsed());
}
