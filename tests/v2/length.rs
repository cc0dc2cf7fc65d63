//! Tests that films have the requested length and never cut off speech.

use crate::support::quick;
use pytoon_testkit::Workspace;
use pytoon_testkit::film::words;
use pytoon_testkit::measure::probe;

/// A sentence of about four seconds.
const SENTENCE: &str = "The small boats leave the quiet harbour long before the sun is up. ";

fn brief_of_sentences(sentences: usize) -> String {
    let script = SENTENCE.repeat(sentences);
    format!("script: {script}\nmusic_source: none\nprofile: test\n")
}

#[track_caller]
fn check_target(seconds: &str, frames: u64) {
    let workspace = Workspace::new();
    let film =
        workspace.render(&format!("{}target_duration_seconds: {seconds}\n", brief_of_sentences(1)));
    assert_eq!(film.total_frames(), frames);
    assert_eq!(probe(&film.output()).frames(), frames);
    assert_eq!(film.caption_words(), words(SENTENCE));
}

#[test]
fn a_target_in_whole_seconds_is_met_to_the_frame() {
    check_target("9.0", 270);
}

#[test]
fn a_target_between_frames_is_met_to_the_nearest() {
    check_target("12.34", 370);
}

#[test]
fn a_silent_film_meets_its_target_too() {
    let workspace = Workspace::new();
    let film = workspace.render(&quick(""));
    assert_eq!(probe(&film.output()).frames(), 75);
}

#[test]
fn a_script_too_long_for_its_target_extends_the_film_and_says_so() {
    let workspace = Workspace::new();
    let film = workspace.render(&format!("{}target_duration_seconds: 2\n", brief_of_sentences(1)));
    assert!(film.total_frames() > 70, "{} frames", film.total_frames());
    assert!(film.warnings().contains("because its scenes need that long"), "{}", film.warnings());
    assert_eq!(film.caption_words(), words(SENTENCE));
}

/// Checks that the plan of a film speeds up speech that is slightly too long. The test is slow because a minute of
/// speech is synthesized.
#[test]
fn a_little_over_a_minute_of_speech_is_spoken_faster() {
    let workspace = Workspace::new();
    workspace.write("brief.yaml", brief_of_sentences(18));
    let plan = workspace.pytoon(&["plan", "brief.yaml", "--json"]).ok().json();
    assert_eq!(plan["timeline"]["totalFrames"], 1800, "{}", plan["warnings"]);
    assert!(plan["warnings"].to_string().contains("times faster"), "{}", plan["warnings"]);
}

#[test]
fn more_speech_than_a_film_holds_is_refused() {
    let workspace = Workspace::new();
    workspace.refuse(&brief_of_sentences(24), 2, &["s to speak", "60 s", "shorten the script"]);
}
