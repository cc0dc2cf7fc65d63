//! A recording that comes without a script.

use pytoon_testkit::film::words;
use pytoon_testkit::program::run;
use pytoon_testkit::{Film, Workspace};
use serde_json::{Value, json};

const WORDS: &str = "The kettle sings in the quiet morning. We bake bread for everybody.";

/// A workspace with a recording of [`WORDS`].
fn recorded() -> Workspace {
    let workspace = Workspace::new();
    workspace.pytoon(&["voices", "--say", WORDS, "--out", "voice.wav"]).ok();
    workspace.write("model.bin", "a model");
    workspace.write(
        "config/defaults.yaml",
        "transcription: {whisper_cpp_model: model.bin}\nalignment: {order: [builtin]}\n",
    );
    workspace
}

/// Renders with programs on PATH that answer so.
fn render(workspace: &Workspace, brief: &str, programs: &[(&str, &Value)]) -> Film {
    use std::os::unix::fs::PermissionsExt;
    for (name, answer) in programs {
        // The answer goes where the last of these arguments says.
        let script = format!(
            "#!/bin/sh\necho \"{name} $@\" >> {said}\nwhile [ $# -gt 0 ]; do\ncase \"$1\" in\n\
             --output_dir) out=\"$2/voice.json\";; -o) out=\"$2\";; -of) out=\"$2.json\";;\n\
             esac\nshift\ndone\ncat > \"$out\" <<'END'\n{answer}\nEND\n",
            said = workspace.path("said.txt").display()
        );
        let path = workspace.write(&format!("bin/{name}"), script);
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).expect("allowed");
    }
    workspace.write("brief.yaml", brief);
    let old = std::env::var("PATH").unwrap_or_default();
    let path = format!("{}:{old}", workspace.path("bin").display());
    let args = ["--log-dir", "logs", "render", "brief.yaml", "--out", "out"];
    run(workspace.command(&args).env("PATH", path)).ok();
    Film::open(&workspace.path("out"))
}

fn log(workspace: &Workspace) -> String {
    std::fs::read_to_string(workspace.path("logs/worker.log")).expect("a log")
}

const BRIEF: &str = "voice_file: voice.wav\nmusic_source: none\nprofile: test\n";

#[test]
fn each_program_writes_it_down_and_the_words_are_timed() {
    let halves: Vec<Value> = WORDS.split_inclusive(". ").map(|t| json!({"text": t})).collect();
    let whisper = json!({"segments": halves, "language": "en"});
    let cpp = json!({"result": {"language": "en"}, "transcription": halves});
    for (program, method, answer, told) in [
        ("whisperx", "whisperx", &whisper, "--output_format json --output_dir"),
        ("stable-ts", "stable_ts", &whisper, "voice.wav -y -o"),
        ("whisper-cli", "whisper_cpp", &cpp, "-m model.bin -f"),
    ] {
        let workspace = recorded();
        let film = render(&workspace, BRIEF, &[(program, answer)]);
        assert_eq!(film.caption_words(), words(WORDS), "{program}");
        let voice = film.metadata()["voice"].clone();
        assert_eq!(
            (&voice["provider"], &voice["alignment"]),
            (&json!("voice_file"), &json!("builtin"))
        );
        assert_eq!(film.warnings(), "", "{program}");
        let log = log(&workspace);
        let done = format!("\"method\":\"{method}\"");
        assert!(log.contains("transcript_done") && log.contains(&done), "{log}");
        let said = std::fs::read_to_string(workspace.path("said.txt")).expect("arguments");
        assert!(said.contains(told), "{said}");
    }
}

#[test]
fn a_program_that_cannot_gives_way_to_the_next() {
    let workspace = recorded();
    let nothing = json!({"segments": [{"text": " ... "}]});
    let right = json!({"segments": [{"text": WORDS}], "language": "en"});
    let film = render(&workspace, BRIEF, &[("whisperx", &nothing), ("stable-ts", &right)]);
    assert_eq!(film.caption_words(), words(WORDS));
    let log = log(&workspace);
    assert!(log.contains("transcript_method_failed") && log.contains("it heard no words"), "{log}");
}

#[test]
fn without_any_the_prompt_is_shown_and_the_receipt_says_so() {
    let workspace = recorded();
    let film = render(&workspace, &format!("prompt: Tea at dawn\n{BRIEF}"), &[]);
    assert_eq!(film.metadata()["voice"]["alignment"], "even_split");
    assert!(!film.caption_words().is_empty());
    let warnings = film.warnings();
    for part in ["nobody could write down", "whisperx: `whisperx` is not installed", "whisper_cpp"]
    {
        assert!(warnings.contains(part), "{part} is missing in {warnings}");
    }
    // A script that is given is never overheard.
    let workspace = recorded();
    let film =
        render(&workspace, &format!("script: {WORDS}\n{BRIEF}"), &[("whisperx", &json!({}))]);
    assert_eq!(film.warnings(), "");
    assert!(!workspace.path("said.txt").exists());
}
