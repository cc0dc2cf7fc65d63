//! Tests of a voice that an external program speaks: Flite, which scripts simulate.

use crate::voice_booth::{Booth, voice_brief};
use pytoon_testkit::film::words;
use serde_json::json;

const WORDS: &str = "The kettle sings in the quiet morning. It costs $5.";

/// Creates a booth with a fake program on its PATH: a shell script with the given body.
fn with_program(name: &str, body: &str) -> Booth {
    use std::os::unix::fs::PermissionsExt;
    let mut booth = Booth::new(&json!({}), &[]);
    let path = booth.workspace.write(&format!("bin/{name}"), format!("#!/bin/sh\n{body}\n"));
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).expect("executable");
    let old = std::env::var("PATH").unwrap_or_default();
    let bin = booth.workspace.path("bin").display().to_string();
    booth.environment.push(("PATH", format!("{bin}:{old}")));
    booth
}

/// Returns shell code that writes a wavering tone of this many seconds to the file in its last argument, and records
/// its arguments and standard input in `said.txt`.
fn speaks(seconds: f64) -> String {
    format!(
        "for last; do :; done; echo \"$@\" >> said.txt; cat >> said.txt\n\
         ffmpeg -v error -y -f lavfi -i \
         \"aevalsrc=0.3*sin(900*t)*abs(sin(9*t)):s=22050:d={seconds}\" -c:a pcm_s16le \"$last\""
    )
}

fn configured_booth(body: &str) -> Booth {
    let booth = with_program("flite", body);
    booth.configure(&json!({"primary_provider": "flite", "flite": {"timeout_seconds": 1}}));
    booth
}

#[test]
fn an_installed_program_speaks() {
    let booth = configured_booth(&speaks(2.4));
    let film = booth.render(&voice_brief(WORDS, "voice: {speed: 1.25}\n"), "out");
    let voice = &film.metadata()["voice"];
    assert_eq!(voice["provider"], "flite", "{}", booth.log());
    assert_eq!(film.caption_words(), words(WORDS));
    assert_eq!(voice["alignment"], "even_split", "{voice}");
    let said = std::fs::read_to_string(booth.workspace.path("said.txt")).expect("said");
    assert!(said.contains("The kettle sings in the quiet morning."), "{said}");
    assert!(said.contains("It costs five dollars."), "{said}");
    assert!(said.contains("duration_stretch=0.8000"), "{said}");
}

#[test]
fn a_program_that_fails_gives_way() {
    let silent = speaks(2.4).replace("0.3*sin", "0*sin");
    for (body, kind) in [
        ("exit 3", "unavailable"),
        ("sleep 20", "unavailable"),
        ("exit 0", "bad_output"),
        (silent.as_str(), "bad_output"),
        (speaks(0.05).as_str(), "bad_output"),
        ("for last; do :; done; echo no > \"$last\"", "bad_output"),
    ] {
        let booth = configured_booth(body);
        let film = booth.render(&voice_brief(WORDS, ""), "out");
        assert_eq!(film.metadata()["voice"]["provider"], "espeak", "{body}");
        assert_eq!(booth.failures(), [format!("flite: {kind}")], "{body}");
    }
}

#[test]
fn a_program_is_not_asked_for_languages_that_it_does_not_speak() {
    let booth = configured_booth(&speaks(2.4));
    let film = booth.render(&voice_brief("Der Kaffee ist schön heiß.", "language: de\n"), "out");
    assert_eq!(film.metadata()["voice"]["provider"], "espeak");
    // That is not a failure of the program, and the log gives the reason.
    assert_eq!(booth.failures(), [""; 0]);
    assert!(booth.log().contains("it speaks only English, not `de`"), "{}", booth.log());
}

#[test]
fn words_of_a_voice_without_times_are_timed_from_its_sound() {
    // The local voice, whose times are exact, is played back by a program that gives none.
    const ONE: &str = "The kettle sings in the quiet morning while two people bake bread for $5.";
    let starts = |film: &pytoon_testkit::Film| -> Vec<i64> {
        let timeline = film.timeline();
        let cues = timeline["tracks"]["captions"].as_array().expect("cues");
        let words = cues.iter().flat_map(|cue| cue["words"].as_array().expect("words"));
        words.map(|word| word["start"].as_i64().expect("a time")).collect()
    };
    let play = "for last; do :; done; \
                ffmpeg -v error -y -i out/voice/take_001.wav -c:a pcm_s16le \"$last\"";
    let booth = configured_booth(play);
    booth.configure(&json!({}));
    let known = booth.render(&voice_brief(ONE, ""), "out");
    assert_eq!(known.metadata()["voice"]["provider"], "espeak");
    booth.configure(&json!({ "primary_provider": "flite" }));
    let film = booth.render(&voice_brief(ONE, ""), "again");
    let voice = &film.metadata()["voice"];
    assert_eq!(booth.failures(), [""; 0]);
    assert_eq!((&voice["provider"], &voice["alignment"]), (&json!("flite"), &json!("builtin")));
    assert!(voice["alignmentConfidence"].as_f64().is_some_and(|c| c > 0.5), "{voice}");
    assert_eq!(film.caption_words(), words(ONE));
    let (known, found) = (starts(&known), starts(&film));
    let shift = found[0] - known[0];
    for (known, found) in known.iter().zip(&found) {
        assert!((found - known - shift).abs() <= 80, "{known} ms was found at {found} ms");
    }
    // The preceding methods are not installed here, and the log reports it.
    assert!(booth.log().contains("alignment_method_failed"), "{}", booth.log());
}
