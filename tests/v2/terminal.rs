//! Tests of the commands' output on standard output and standard error.

use crate::support::{quick, shared_film};
use pytoon_testkit::measure::wav;
use pytoon_testkit::{Film, Workspace};
use std::collections::BTreeSet;

#[test]
fn json_prints_one_value_and_nothing_else() {
    let workspace = Workspace::new();
    workspace.write("brief.yaml", quick(""));
    let value = workspace.pytoon(&["render", "brief.yaml", "--out", "out", "--json"]).ok().json();
    assert!(value["output"].as_str().is_some_and(|path| path.ends_with("out/output.mp4")));
    assert_eq!(value["receipt"], Film::open(&workspace.path("out")).metadata());
}

#[test]
fn quiet_prints_the_path_and_nothing_else() {
    let workspace = Workspace::new();
    workspace.write("brief.yaml", quick(""));
    let run = workspace.pytoon(&["render", "brief.yaml", "--out", "out", "--quiet"]).ok();
    assert_eq!(run.stdout, "out/output.mp4\n");
    assert_eq!(run.stderr, "");
}

#[test]
fn the_log_has_the_events_that_operators_look_for() {
    let workspace = Workspace::new();
    workspace.write("brief.yaml", "script: Hello there friend.\nprofile: test\n");
    workspace.pytoon(&["render", "brief.yaml", "--out", "out", "--log-dir", "logs"]).ok();
    let log = std::fs::read_to_string(workspace.path("logs/worker.log")).expect("a log");
    let mut events = BTreeSet::new();
    for line in log.lines() {
        let value: serde_json::Value = serde_json::from_str(line).expect("a JSON line");
        events.extend(value["event"].as_str().map(str::to_owned));
    }
    for event in [
        "job_started",
        "voice_processed",
        "voice_mapped",
        "alignment_provider_times",
        "loudnorm",
        "stage_finished",
        "job_finished",
    ] {
        assert!(events.contains(event), "the log lacks {event}; it has {events:?}");
    }
}

#[test]
fn doctor_lists_checks_with_a_verdict() {
    let checks = Workspace::new().pytoon(&["doctor", "--json"]).json();
    let checks = checks.as_array().expect("a list");
    for check in checks {
        assert!(
            ["ok", "warning", "failed"].contains(&check["verdict"].as_str().expect("a verdict"))
        );
        assert!(check["verdict"] == "ok" || check["fix"].is_string(), "{check} has no fix");
    }
    let named = |name: &str| checks.iter().any(|check| check["name"] == name);
    assert!(
        named("ffmpeg") && named("ffprobe") && named("pytoon-espeak") && named("pytoon-x264"),
        "{checks:?}"
    );
}

#[test]
fn doctor_fails_where_no_film_can_be_made() {
    let workspace = Workspace::new();
    let mut command = workspace.command(&["doctor", "--json"]);
    let run = pytoon_testkit::program::run(command.env("PATH", ""));
    assert_eq!(run.code, Some(1), "{}", run.stdout);
    assert!(run.json()[0]["fix"].as_str().is_some_and(|fix| fix.contains("ffmpeg")));
}

#[test]
fn the_example_brief_renders() {
    let workspace = Workspace::new();
    workspace.pytoon(&["init", "brief.yaml"]).ok();
    workspace.pytoon(&["init", "brief.yaml"]).expect_failure(1, &["already exists"]);
    workspace.pytoon(&["init", "brief.yaml", "--force"]).ok();
    workspace.pytoon(&["render", "brief.yaml", "--draft", "--out", "out"]).ok();
    let film = Film::open(&workspace.path("out"));
    assert_eq!(film.findings(), Vec::<String>::new());
}

#[test]
fn plan_prints_scene_graph_and_timeline_and_writes_nothing() {
    let workspace = Workspace::new();
    workspace.write("brief.yaml", quick(""));
    let plan = workspace.pytoon(&["plan", "brief.yaml", "--json"]).ok().json();
    assert_eq!(plan["timeline"]["totalFrames"], 75);
    assert_eq!(plan["sceneGraph"]["scenes"].as_array().map(Vec::len), Some(1));
    let text = workspace.pytoon(&["plan", "brief.yaml"]).ok().stdout;
    assert!(text.contains("2.50 s, 1 scenes"), "{text}");
    let left = std::fs::read_dir(workspace.root()).expect("a folder").count();
    assert_eq!(left, 1, "only the brief is there");
}

#[test]
fn a_plan_is_the_timeline_of_the_render() {
    let planned = shared_film().workspace.pytoon(&["plan", "brief.yaml", "--json"]).ok().json();
    assert_eq!(planned["timeline"], shared_film().film.timeline());
    assert_eq!(planned["sceneGraph"], shared_film().film.json("scene_graph.json"));
}

#[test]
fn lists_name_what_there_is() {
    let workspace = Workspace::new();
    let presets = workspace.pytoon(&["presets"]).ok().stdout;
    assert!(presets.contains("product_hero_clean"), "{presets}");
    let voices = workspace.pytoon(&["voices", "--all"]).ok().stdout;
    assert!(voices.lines().any(|line| line.trim_start().starts_with("en-us")), "{voices}");
    assert!(voices.contains("emma") && voices.contains("make setup"), "{voices}");
    assert_eq!(workspace.pytoon(&["music"]).ok().stdout.lines().count(), 5);
}

#[test]
fn a_mood_can_be_heard() {
    let workspace = Workspace::new();
    let args = ["music", "--preview", "calm", "--seconds", "3", "--out", "calm.wav"];
    workspace.pytoon(&args).ok();
    let wav = wav(&workspace.path("calm.wav"));
    assert_eq!((wav.sample_rate, wav.channels, wav.frames), (48_000, 2, 144_000));
    workspace.pytoon(&["music", "--preview", "clam"]).expect_failure(1, &["`calm`?"]);
}

#[test]
fn a_voice_that_does_not_exist_is_refused() {
    let workspace = Workspace::new();
    let args = ["voices", "--say", "Hello", "--voice", "zz-zz", "--out", "v.wav"];
    workspace.pytoon(&args).expect_failure(1, &["zz-zz"]);
    assert!(!workspace.path("v.wav").exists());
}

#[test]
fn completions_and_version_are_printed() {
    let workspace = Workspace::new();
    assert!(workspace.pytoon(&["completions", "bash"]).ok().stdout.contains("_pytoon"));
    assert!(workspace.pytoon(&["--version"]).ok().stdout.starts_with("pytoon "));
    let run = workspace.pytoon(&["rendr"]).expect_failure(2, &["render"]);
    assert_eq!(run.stdout, "");
}

#[test]
fn the_whole_file_can_be_checked() {
    let workspace = Workspace::new();
    workspace.write("brief.yaml", quick(""));
    workspace.pytoon(&["render", "brief.yaml", "--out", "out", "--verify", "full"]).ok();
    let receipt = Film::open(&workspace.path("out")).metadata();
    assert_eq!(receipt["selfCheck"]["full"], true);
}

#[test]
fn frames_can_be_written_raw() {
    let workspace = Workspace::new();
    workspace.write("brief.yaml", quick(""));
    let args = ["render", "brief.yaml", "--out", "out", "--frames-out", "frames.yuv"];
    workspace.pytoon(&args).ok();
    let size = std::fs::metadata(workspace.path("frames.yuv")).expect("frames").len();
    assert_eq!(size, 75 * 270 * 480 * 3 / 2);
}
