//! Tests of recordings without a script.

use pytoon_testkit::film::words;
use pytoon_testkit::program::run;
use pytoon_testkit::{Film, Studio, Workspace};
use serde_json::{Value, json};

const WORDS: &str = "The kettle sings in the quiet morning. We bake bread for everybody.";

/// Creates a workspace with a recording of [`WORDS`], a file in place of a Whisper model, and only the built-in
/// aligner.
fn workspace_with_recording() -> Workspace {
    let workspace = Workspace::new();
    workspace.pytoon(&["voices", "--say", WORDS, "--out", "voice.wav"]).ok();
    workspace.write("model.bin", "a model");
    workspace.write(
        "config/defaults.yaml",
        "transcription: {whisper_cpp_model: model.bin}\nalignment: {order: [builtin]}\n",
    );
    workspace
}

/// Renders a brief with fake transcription programs on PATH, each of which returns its result.
fn render(workspace: &Workspace, brief: &str, programs: &[(&str, &Value)]) -> Film {
    use std::os::unix::fs::PermissionsExt;
    for (name, answer) in programs {
        // The answer is written to the path in the last of these arguments.
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
        let workspace = workspace_with_recording();
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
    let workspace = workspace_with_recording();
    let nothing = json!({"segments": [{"text": " ... "}]});
    let right = json!({"segments": [{"text": WORDS}], "language": "en"});
    let film = render(&workspace, BRIEF, &[("whisperx", &nothing), ("stable-ts", &right)]);
    assert_eq!(film.caption_words(), words(WORDS));
    let log = log(&workspace);
    assert!(log.contains("transcript_method_failed") && log.contains("it found no words"), "{log}");
}

#[test]
fn an_earlier_programs_output_is_not_used_as_the_next_ones_answer() {
    use std::os::unix::fs::PermissionsExt;
    let workspace = workspace_with_recording();
    let path = workspace.write("bin/stable-ts", "#!/bin/sh\nexit 0\n");
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).expect("allowed");
    let wordless = json!({"segments": [{"text": " ... "}]});
    let brief = format!("prompt: Tea at dawn\n{BRIEF}");
    let film = render(&workspace, &brief, &[("whisperx", &wordless)]);
    let warnings = film.warnings();
    assert!(warnings.contains("stable_ts: it wrote no voice.json"), "{warnings}");
}

/// The transcript that the simulated service returns for every recording.
const STOCK: &str = "This is a simulated transcript";
const KEY: (&str, &str) = ("OPENAI_API_KEY", "oakey-4b6d8f0a2c1e3957");

/// Creates a studio with a recording of [`STOCK`], whose transcription service is the simulator.
fn with_service(fault: &Value, more: &str) -> Studio {
    let studio = Studio::new(&json!({ "rules": fault }), &json!({"default_chain": ["local"]}));
    studio.workspace.pytoon(&["voices", "--say", STOCK, "--out", "voice.wav"]).ok();
    let url = format!("{}/openai/v1", studio.simulator.url());
    studio.workspace.write(
        "config/defaults.yaml",
        format!(
            "tts: {{openai: {{enabled: false}}}}\nalignment: {{order: [builtin]}}\ntranscription: \
             {{order: [whisperx, openai], openai: {{base_url: \"{url}\", backoff: {{initial_ms: 1, \
             max_ms: 20, attempts: 2}}{more}}}}}\n"
        ),
    );
    studio.workspace.write("brief.yaml", format!("{BRIEF}prompt: Tea at dawn\n"));
    studio
}

fn render_with_service(studio: &Studio, out: &str) -> Film {
    let args = ["render", "brief.yaml", "--out", out];
    run(studio.command(&args).env(KEY.0, KEY.1)).ok();
    Film::open(&studio.workspace.path(out))
}

fn request_count(studio: &Studio) -> usize {
    studio.simulator.request_count("openai", "submit")
}

#[test]
fn a_service_writes_it_down_once_and_is_paid_by_the_minute() {
    let loose = json!({"vendor": "openai", "step": "submit", "fault": "loose_json"});
    for rules in [json!([]), json!([loose])] {
        assert_transcribed_once(&rules);
    }
}

fn assert_transcribed_once(rules: &Value) {
    let studio = with_service(rules, "");
    // A plan buys nothing.
    let plan = run(studio.command(&["plan", "brief.yaml"]).env(KEY.0, KEY.1)).ok();
    assert!(plan.stderr.contains("a plan makes no paid calls"), "{}", plan.stderr);
    assert_eq!(request_count(&studio), 0);
    for out in ["one", "two"] {
        let film = render_with_service(&studio, out);
        assert_eq!(film.caption_words(), words(STOCK));
        assert_eq!(film.metadata()["voice"]["alignment"], "builtin");
        assert_eq!(request_count(&studio), 1, "it was bought again");
    }
    let rows = studio.rows(&[]);
    assert_eq!((rows.len(), &rows[0]["state"]), (1, &json!("kept")), "{rows:?}");
    let charged = rows[0]["charged"].as_i64().expect("a sum");
    // About three seconds at $0.006 a minute.
    assert!((100..800).contains(&charged), "{charged} millionths");
    assert!(!studio.log().iter().any(|line| line.to_string().contains(KEY.1)), "its key is shown");
}

#[test]
fn a_service_that_fails_leaves_the_prompt_and_is_not_paid_twice() {
    for (fault, kind, state, calls) in [
        ("unauthorized", "401", "not_sent", 1),
        ("payment_required", "insufficient", "not_sent", 1),
        ("rate_limited", "429", "not_sent", 2),
        ("server_error", "500", "lost", 1),
        ("garbage", "no text", "lost", 1),
        ("drop_after_accept", "", "lost", 1),
    ] {
        let rule = json!([{"vendor": "openai", "step": "submit", "fault": fault}]);
        let studio = with_service(&rule, "");
        let film = render_with_service(&studio, "out");
        assert_eq!(request_count(&studio), calls, "{fault}");
        assert_eq!(film.metadata()["voice"]["alignment"], "even_split", "{fault}");
        let warnings = film.warnings();
        assert!(warnings.contains("openai: ") && warnings.contains(kind), "{fault}: {warnings}");
        let rows = studio.rows(&[]);
        assert!(rows.iter().all(|row| row["state"] == state), "{fault}: {rows:?}");
    }
}

#[test]
fn a_budget_holds_for_transcripts_too() {
    let studio = with_service(&json!([]), ", price_per_minute_usd: 60");
    studio.workspace.write("brief.yaml", format!("{BRIEF}prompt: Tea at dawn\nbudget: 0.5\n"));
    let film = render_with_service(&studio, "out");
    assert_eq!(request_count(&studio), 0);
    assert!(film.warnings().contains("the job's budget has"), "{}", film.warnings());
}

#[test]
fn without_any_the_prompt_is_shown_and_the_receipt_says_so() {
    let workspace = workspace_with_recording();
    let film = render(&workspace, &format!("prompt: Tea at dawn\n{BRIEF}"), &[]);
    assert_eq!(film.metadata()["voice"]["alignment"], "even_split");
    assert!(!film.caption_words().is_empty());
    let warnings = film.warnings();
    for part in
        ["could not transcribe voice_file", "whisperx: `whisperx` is not installed", "whisper_cpp"]
    {
        assert!(warnings.contains(part), "{part} is missing in {warnings}");
    }
    // A script in the brief is never replaced by a transcript.
    let workspace = workspace_with_recording();
    let film =
        render(&workspace, &format!("script: {WORDS}\n{BRIEF}"), &[("whisperx", &json!({}))]);
    assert_eq!(film.warnings(), "");
    assert!(!workspace.path("said.txt").exists());
}

#[test]
fn newer_models_get_two_letters_and_return_codes() {
    let studio = with_service(&json!([]), ", model: gpt-transcribe");
    studio.workspace.write("brief.yaml", format!("{BRIEF}prompt: Tea at dawn\nlanguage: yue\n"));
    let film = render_with_service(&studio, "out");
    assert_eq!(film.caption_words(), words(STOCK));
    let heard = studio.events("transcript_done");
    assert_eq!(heard[0]["language"], "en", "{heard:?}");
}
