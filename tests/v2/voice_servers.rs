//! Tests of self-hosted speech servers: no API key, no bill, private addresses, WAV or MP3.

use crate::small_disk::SmallDisk;
use crate::voice_booth::{Booth, voice_brief};
use pytoon_testkit::film::words;
use pytoon_testkit::measure::{decode_audio, rms_db};
use pytoon_testkit::program::run;
use serde_json::{Value, json};

const WORDS: &str = "The kettle sings in the quiet morning. A cup is warm.";

/// Returns the `openai_compatible` settings: a block for each name, with its URL or its path at the simulator, and
/// with the fields that differ from the defaults.
fn servers(booth: &Booth, blocks: &[(&str, &str, Value)]) -> Value {
    let mut all = json!({});
    for (name, path, more) in blocks {
        let url =
            if path.contains("://") { (*path).to_owned() } else { booth.simulator.url() + path };
        let mut block = json!({
            "base_url": url,
            "model": "kokoro",
            "voice": "af_heart",
            "request_timeout_ms": 1500,
            "backoff": {"initial_ms": 10, "max_ms": 400, "attempts": 2},
        });
        for (field, value) in more.as_object().expect("a mapping") {
            block[field.as_str()] = value.clone();
        }
        all[*name] = block;
    }
    json!({ "openai_compatible": all })
}

fn booth_with(scenario: &Value, blocks: &[(&str, &str, Value)]) -> Booth {
    let booth = Booth::new(scenario, &[]);
    booth.configure(&servers(&booth, blocks));
    booth
}

#[test]
fn a_server_speaks_in_wav_or_mp3_without_a_key_and_costs_nothing() {
    for (path, format) in [
        ("/speech-server/v1", "wav"),
        ("/speech-server/v1", "mp3"),
        // It answers MP3, whatever format is requested.
        ("/speech-server-mp3/v1", "wav"),
    ] {
        let more = json!({ "response_format": format });
        let booth = booth_with(&json!({}), &[("kokoro", path, more)]);
        let film = booth.render(&voice_brief(WORDS, ""), "out");
        let receipt = film.metadata();
        assert_eq!(receipt["voice"]["provider"], "kokoro", "{path} {format}: {}", booth.log());
        assert_eq!(receipt["voice"]["alignment"], "even_split");
        assert_eq!(film.caption_words(), words(WORDS));
        assert!(rms_db(&decode_audio(&film.output())) > -40.0, "the film is silent");
        assert_eq!((&receipt["degraded"], &receipt["warnings"]), (&json!(false), &json!([])));
        assert_eq!(
            booth.request_count("speech-server"),
            2,
            "each sentence is a request of its own"
        );
        assert_eq!(booth.rows(), Vec::<Value>::new(), "a row in the ledger");
        assert_eq!(booth.metric("success_total", "kokoro"), 1.0);
        assert!(booth.log().contains("\"provider\":\"kokoro\""), "{}", booth.log());
    }
}

#[test]
fn without_room_to_decode_its_sound_no_other_voice_is_taken() {
    let mut booth = booth_with(&json!({}), &[("kokoro", "/speech-server-mp3/v1", json!({}))]);
    let folder = booth.workspace.path("temporary");
    let Some(_disk) = SmallDisk::mount_full(&folder) else { return };
    booth.environment.push(("TMPDIR", folder.display().to_string()));
    booth
        .try_render(&voice_brief(WORDS, ""), "out")
        .expect_failure(1, &["kokoro", "No space left on device"]);
    assert_eq!(booth.failures(), Vec::<String>::new(), "another voice was asked");
}

#[test]
fn servers_come_after_services_and_a_brief_or_the_configuration_may_put_one_first() {
    let wrong_key = json!({"vendor": "openai", "step": "submit", "fault": "unauthorized"});
    let booth = Booth::new(&json!({ "rules": [wrong_key] }), &["openai"]);
    let blocks = [
        ("kokoro", "/speech-server/v1", json!({})),
        ("speaches", "/speech-server-mp3/v1", json!({})),
    ];
    let configured = servers(&booth, &blocks);
    booth.configure(&configured);
    let film = booth.render(&voice_brief(WORDS, ""), "out");
    assert_eq!(film.metadata()["voice"]["provider"], "kokoro");
    assert_eq!(booth.failures(), ["openai: auth"]);
    let film = booth.render(&voice_brief(WORDS, "voice: {provider: speaches}\n"), "second");
    assert_eq!(film.metadata()["voice"]["provider"], "speaches");
    let mut first = configured;
    first["primary_provider"] = json!("speaches");
    booth.configure(&first);
    let film = booth.render(&voice_brief(WORDS, "voice: {speed: 1.1}\n"), "third");
    assert_eq!(film.metadata()["voice"]["provider"], "speaches");
}

#[test]
fn a_server_that_is_away_or_fails_makes_no_lesser_film() {
    // Nothing listens on port 9 of this machine.
    let away = booth_with(&json!({}), &[("kokoro", "http://127.0.0.1:9/v1", json!({}))]);
    let film = away.render(&voice_brief(WORDS, ""), "out");
    assert_eq!(away.failures(), ["kokoro: unreachable"]);
    assert_eq!(film.metadata()["voice"]["provider"], "espeak");
    assert_eq!(film.metadata()["degraded"], false);
    for (fault, kind) in [
        (json!({"fault": "unauthorized"}), "auth"),
        (json!({"fault": "server_error"}), "server"),
        (json!({"fault": "hang"}), "timeout"),
        (json!({"fault": "slow_drip", "value": 60}), "timeout"),
        (json!({"fault": "garbage"}), "protocol"),
        (json!({"fault": "redirect_private"}), "protocol"),
        (json!({"fault": "black_clip"}), "bad_output"),
        (json!({"fault": "wrong_clip"}), "bad_output"),
        (json!({"fault": "truncated_clip"}), "bad_output"),
    ] {
        let mut rule = fault.clone();
        rule["step"] = json!("submit");
        let booth =
            booth_with(&json!({ "rules": [rule] }), &[("kokoro", "/speech-server/v1", json!({}))]);
        let film = booth.render(&voice_brief(WORDS, ""), "out");
        assert_eq!(booth.failures(), [format!("kokoro: {kind}")], "{fault}");
        assert_eq!(film.metadata()["voice"]["provider"], "espeak", "{fault}");
        assert_eq!(film.metadata()["degraded"], false, "{fault}");
    }
}

#[test]
fn a_wrong_block_is_refused_by_field_and_names_are_suggested() {
    let booth = Booth::new(&json!({}), &[]);
    for (blocks, parts) in [
        ([("openai", "/x", json!({}))], ["tts.openai_compatible.openai", "choose another"]),
        ([("kokoro", "ftp://x/v1", json!({}))], ["kokoro.base_url", "http or https"]),
        ([("kokoro", "/x", json!({"format": "wav"}))], ["format", "response_format"]),
        ([("kokoro", "/x", json!({"response_format": "opus"}))], ["response_format", "opus"]),
    ] {
        booth.configure(&servers(&booth, &blocks));
        booth.try_render(&voice_brief(WORDS, ""), "no").expect_failure(2, &parts);
    }
    booth.configure(&servers(&booth, &[("kokoro", "/speech-server/v1", json!({}))]));
    let brief = voice_brief(WORDS, "voice: {provider: kokor}\n");
    booth.try_render(&brief, "no").expect_failure(2, &["voice.provider", "`kokoro`?"]);
}

#[test]
fn doctor_asks_servers_for_nothing_that_costs_time() {
    let blocks = [
        ("kokoro", "/speech-server/v1", json!({})),
        ("listless", "/speech-server-mp3/v1", json!({})),
        ("off", "/speech-server/v1", json!({"enabled": false})),
        ("keyed", "/speech-server/v1", json!({"key_env": ["SPEECH_KEY_NOT_SET"]})),
    ];
    let booth = booth_with(&json!({}), &blocks);
    let told = run(&mut booth.command(None, &["doctor"])).stdout;
    let line = |part: &str| {
        let found = told.lines().find(|line| line.contains(part));
        found.unwrap_or_else(|| panic!("no line with {part} in\n{told}")).to_owned()
    };
    assert!(line("voice 1: kokoro").contains("model kokoro"), "{told}");
    assert!(line("voice 2: listless").contains("has no model list"), "{told}");
    assert!(line("voice: off").contains("enabled is false"), "{told}");
    assert!(line("voice: keyed").contains("SPEECH_KEY_NOT_SET"), "{told}");
    assert_eq!(booth.request_count("speech-server"), 0);
}
