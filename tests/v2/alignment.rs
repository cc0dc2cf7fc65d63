//! Tests of the word times of recordings: `pytoon align`, and the alignment of a film with a recorded voice.

use crate::small_disk::SmallDisk;
use pytoon_testkit::program::run;
use pytoon_testkit::{Film, Workspace};
use serde_json::Value;
use std::os::unix::fs::PermissionsExt;

const WORDS: &str = "The kettle sings at 7, and tea costs $2.50 a cup.";
const SNOW: &str = "Nobody expected so much snow in June. Roads stayed shut for days.";

/// Returns a workspace that contains a text as `script.txt` and its recording as `voice.wav`.
fn workspace_with_recording(text: &str) -> Workspace {
    let workspace = Workspace::new();
    let args = ["voices", "--say", text, "--voice", "en-us+m3", "--out", "voice.wav"];
    workspace.pytoon(&args).ok();
    workspace.write("script.txt", text);
    workspace
}

/// Creates a fake external program, which records its arguments and writes `answer` to its last argument, or to
/// `voice.json` there if that is a folder. Returns a PATH that finds the program.
fn stand_in(workspace: &Workspace, name: &str, answer: &str) -> String {
    let script = format!(
        "#!/bin/sh\n\
         if [ \"$1\" = --version ]; then echo '{name} 9.8.7'; exit 0; fi\n\
         echo \"$@\" > {args}\n\
         for last; do :; done\n\
         case \"$last\" in *.json) out=\"$last\";; *) out=\"$last/voice.json\";; esac\n\
         cat > \"$out\" <<'END'\n{answer}\nEND\n",
        args = workspace.path("args.txt").display(),
    );
    let path = workspace.write(&format!("bin/{name}"), script);
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).expect("permissions");
    let old = std::env::var("PATH").unwrap_or_default();
    format!("{}:{old}", workspace.path("bin").display())
}

/// Returns a recognizer's result for the first eight words, with times in seconds.
fn recognizer_result() -> String {
    let words: Vec<Value> = ["The", "kettle", "sings", "at", "seven", "and", "tea", "costs"]
        .iter()
        .enumerate()
        .map(|(n, word)| serde_json::json!({"word": word, "start": n as f64 * 0.3, "end": n as f64 * 0.3 + 0.2}))
        .collect();
    serde_json::json!({"segments": [{"words": words}]}).to_string()
}

fn events(workspace: &Workspace, name: &str) -> Vec<Value> {
    let text = std::fs::read_to_string(workspace.path("logs/worker.log")).expect("a log");
    text.lines()
        .map(|line| serde_json::from_str::<Value>(line).expect("a line of the log is JSON"))
        .filter(|line| line["event"] == name)
        .collect()
}

#[test]
fn every_token_of_the_text_gets_its_time() {
    let workspace = workspace_with_recording(WORDS);
    let result = workspace.pytoon(&["align", "voice.wav", "--text", "script.txt"]).ok().json();
    assert_eq!(result["method"], "builtin");
    assert!(result["confidence"].as_f64() > Some(0.5), "{result}");
    let words = result["words"].as_array().expect("words");
    let tokens: Vec<&str> = words.iter().filter_map(|w| w["word"].as_str()).collect();
    assert_eq!(tokens, WORDS.split_whitespace().collect::<Vec<_>>());
    for word in words {
        assert!(word["start_ms"].as_i64() < word["end_ms"].as_i64(), "{word}");
    }
    assert!(words.windows(2).all(|w| w[0]["start_ms"].as_i64() < w[1]["start_ms"].as_i64()));
}

#[test]
fn other_formats_and_methods_can_be_asked_for() {
    let workspace = workspace_with_recording(WORDS);
    let aligned = |more: &[&str]| {
        let args = ["align", "voice.wav", "--text", "script.txt"];
        workspace.pytoon(&[&args[..], more].concat()).ok()
    };
    assert!(aligned(&["--format", "srt"]).stdout.contains(" --> "));
    assert!(aligned(&["--format", "vtt"]).stdout.starts_with("WEBVTT"));
    assert_eq!(aligned(&["--method", "even_split"]).json()["method"], "even_split");
}

#[test]
fn what_cannot_be_aligned_is_refused_in_words() {
    let workspace = workspace_with_recording(WORDS);
    workspace.write("empty.txt", " \n");
    let align = |audio, text| workspace.pytoon(&["align", audio, "--text", text]);
    align("gone.wav", "script.txt").expect_failure(1, &["gone.wav"]);
    align("voice.wav", "gone.txt").expect_failure(1, &["gone.txt"]);
    align("voice.wav", "empty.txt").expect_failure(1, &["no words"]);
    let silence = workspace.path("silence.wav").display().to_string();
    let args =
        ["-v", "error", "-f", "lavfi", "-i", "anullsrc=r=48000:cl=mono", "-t", "2", &silence];
    pytoon_testkit::program::tool("ffmpeg", args);
    align("silence.wav", "script.txt").expect_failure(1, &["silent"]);
}

#[test]
fn a_wrong_script_has_a_low_confidence() {
    let workspace = workspace_with_recording(WORDS);
    workspace.write("wrong.txt", SNOW);
    let run = workspace.pytoon(&["align", "voice.wav", "--text", "wrong.txt"]).ok();
    assert!(run.json()["confidence"].as_f64() < Some(0.25), "{}", run.stdout);
    assert!(run.stderr.contains("probably does not match the text"), "{}", run.stderr);
}

#[test]
fn outside_programs_are_used_where_they_are_installed() {
    for (program, method) in [("whisperx", "whisperx"), ("stable-ts", "stable_ts")] {
        let workspace = workspace_with_recording(WORDS);
        let path = stand_in(&workspace, program, &recognizer_result());
        let args = ["align", "voice.wav", "--text", "script.txt", "--method", "chain"];
        let mut command = workspace.command(&[&["--log-dir", "logs"], &args[..]].concat());
        let result = run(command.env("PATH", path)).ok().json();
        assert_eq!(result["method"], method);
        assert_eq!(result["words"][1]["start_ms"], 300);
        assert_eq!(result["words"][4]["word"], "7,");
        let done = events(&workspace, "alignment_done");
        assert_eq!(done[0]["version"], format!("{program} 9.8.7"));
        let args = std::fs::read_to_string(workspace.path("args.txt")).expect("arguments");
        assert!(args.contains("voice.wav") && args.contains("--language en"), "{args}");
    }
}

fn render_recording(workspace: &Workspace, path: Option<&str>) -> Film {
    let brief =
        format!("script: {WORDS}\nvoice_file: voice.wav\nmusic_source: none\nprofile: test\n");
    workspace.write("brief.yaml", brief);
    let args =
        ["--log-dir", "logs", "render", "brief.yaml", "--out", "out", "--metrics-out", "m.txt"];
    let mut command = workspace.command(&args);
    if let Some(path) = path {
        command.env("PATH", path);
    }
    run(&mut command).ok();
    Film::open(&workspace.path("out"))
}

#[test]
fn a_recorded_voice_is_aligned_and_the_log_says_what_was_tried() {
    let workspace = workspace_with_recording(WORDS);
    let film = render_recording(&workspace, None);
    let voice = film.metadata()["voice"].clone();
    assert_eq!(voice["alignment"], "builtin");
    assert!(voice["alignmentConfidence"].as_f64() > Some(0.5), "{voice}");
    let gave_way = events(&workspace, "alignment_method_failed");
    let methods: Vec<&str> = gave_way.iter().filter_map(|e| e["method"].as_str()).collect();
    assert_eq!(methods, ["whisperx", "stable_ts"]);
    assert!(gave_way.iter().all(|e| e["kind"] == "not_installed"), "{gave_way:?}");
    assert_eq!(events(&workspace, "alignment_done")[0]["method"], "builtin");
    let metrics = std::fs::read_to_string(workspace.path("m.txt")).expect("metrics");
    for (method, count) in [("builtin", 1), ("whisperx", 0), ("even_split", 0)] {
        let line = format!("pytoon_v2_caption_alignment_ms_count{{method=\"{method}\"}} {count}");
        assert!(metrics.contains(&line), "{line} is missing in\n{metrics}");
    }
}

#[test]
fn a_recording_of_something_else_falls_back_to_even_split() {
    let workspace = workspace_with_recording(SNOW);
    let film = render_recording(&workspace, None);
    assert_eq!(film.metadata()["voice"]["alignment"], "even_split");
    let kinds: Vec<Value> = events(&workspace, "alignment_method_failed")
        .into_iter()
        .map(|e| e["kind"].clone())
        .collect();
    assert_eq!(kinds.last(), Some(&Value::from("low_confidence")));
    assert_eq!(events(&workspace, "alignment_fallback_to_even_split").len(), 1);
}

#[test]
fn without_room_for_a_program_no_lesser_method_is_taken() {
    let workspace = workspace_with_recording(WORDS);
    let path = stand_in(&workspace, "whisperx", &recognizer_result());
    let folder = workspace.path("temporary");
    let Some(_disk) = SmallDisk::mount_full(&folder) else { return };
    let args = ["align", "voice.wav", "--text", "script.txt", "--method", "chain"];
    let mut command = workspace.command(&args);
    let run = run(command.env("PATH", path).env("TMPDIR", &folder));
    run.expect_failure(1, &["No space left on device"]);
}

#[test]
fn a_program_that_fails_gives_way() {
    let workspace = workspace_with_recording(WORDS);
    let path = stand_in(&workspace, "whisperx", "no json");
    let film = render_recording(&workspace, Some(&path));
    assert_eq!(film.metadata()["voice"]["alignment"], "builtin");
    let gave_way = events(&workspace, "alignment_method_failed");
    assert_eq!(gave_way[0]["method"], "whisperx");
    assert_eq!(gave_way[0]["kind"], "failed");
}
