//! Tests of voices that run in the process: `heart`, Piper files, and the handling of broken files.

use crate::voice_booth::{Booth, voice_brief};
use pytoon_testkit::film::words;
use pytoon_testkit::program::{Run, run, tool};
use pytoon_testkit::voices::{copy_heart, installed_voices_folder, toy_piper_voice};
use pytoon_testkit::{Film, Workspace};
use serde_json::{Value, json};
use std::path::Path;

const WORDS: &str = "The kettle sings in the quiet morning. It costs $3.50.";

/// Creates a booth with the voices in a folder.
fn booth(voices: &Path) -> Booth {
    let mut booth = Booth::new(&json!({}), &[]);
    booth.environment.push(("PYTOON_VOICES", voices.display().to_string()));
    booth
}

fn starts(film: &Film) -> Vec<i64> {
    let timeline = film.timeline();
    let cues = timeline["tracks"]["captions"].as_array().expect("cues");
    let words = cues.iter().flat_map(|cue| cue["words"].as_array().expect("words"));
    words.map(|word| word["start"].as_i64().expect("a time")).collect()
}

#[test]
fn a_film_in_english_is_spoken_by_heart() {
    let booth = booth(&installed_voices_folder());
    // Without a named voice, and when no process but the encoders can be started.
    let film = booth.render(&voice_brief(WORDS, ""), "out");
    let voice = &film.metadata()["voice"];
    assert_eq!(
        (&voice["provider"], &voice["voice"], &voice["licence"], &voice["alignment"]),
        (&json!("neural"), &json!("heart"), &json!("Apache-2.0"), &json!("provider"))
    );
    // Captions show the written text, and every word has its own time.
    assert_eq!(film.caption_words(), words(WORDS));
    let times = starts(&film);
    assert!(times.windows(2).all(|pair| pair[0] < pair[1]), "{times:?}");
    assert_eq!(booth.failures(), [""; 0]);
    // The same brief gives the same words at the same times, and the same sound.
    let again = booth.render(&voice_brief(WORDS, ""), "again");
    assert_eq!(starts(&again), times);
    let take =
        |out: &str| std::fs::read(booth.workspace.path(&format!("{out}/voice/take_001.wav")));
    assert_eq!(take("out").expect("a take"), take("again").expect("a take"));
}

#[test]
fn speed_pitch_and_pronunciations_are_audible() {
    let voices = installed_voices_folder();
    let length = |more: &str| {
        let booth = booth(&voices);
        let film = booth.render(&voice_brief("Zapier is quick.", more), "out");
        assert_eq!(film.metadata()["voice"]["voice"], "heart", "{}", booth.log());
        std::fs::read(booth.workspace.path("out/voice/take_001.wav")).expect("a take")
    };
    let plain = length("");
    assert!(length("voice: {speed: 0.7}\n").len() > plain.len() * 5 / 4);
    let higher = length("voice: {pitch: 2}\n");
    assert_ne!(higher, plain);
    assert!(higher.len().abs_diff(plain.len()) < plain.len() / 10);
    assert_ne!(length("pronunciations: {Zapier: ZAP-ee-er}\n"), plain);
    // `pytoon voices` speaks like films, at the configured speed.
    let workspace = Workspace::new();
    let said = |speed: &str| {
        workspace.write("config/defaults.yaml", format!("tts: {{neural: {{speed: {speed}}}}}\n"));
        let args = ["voices", "--say", "Zapier is quick.", "--voice", "heart", "--out", "said.wav"];
        run(workspace.command(&args).env("PYTOON_VOICES", &voices)).ok();
        std::fs::metadata(workspace.path("said.wav")).expect("a sound").len()
    };
    assert!(said("0.7") > said("1.0") * 6 / 5);
    let booth = booth(&voices);
    let refused = booth.try_render(&voice_brief("x y z", "pronunciations: {Zapier: ''}\n"), "out");
    refused.expect_failure(2, &["pronunciations"]);
}

#[test]
fn a_voice_whose_files_break_gives_way_and_says_why() {
    type Spoil = fn(&Path);
    let spoil: [(&str, Spoil); 4] = [
        ("deleted", |voice| std::fs::remove_file(voice.join("hibari.onnx")).expect("removed")),
        ("cut off", |voice| {
            let model = voice.join("hibari.onnx");
            let bytes = std::fs::read(&model).expect("read");
            std::fs::write(&model, &bytes[..bytes.len() / 2]).expect("written");
        }),
        ("noise", |voice| {
            let model = voice.join("hibari.onnx");
            let length = std::fs::metadata(&model).expect("there").len();
            let noise = |n: u64| (n.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 56) as u8;
            std::fs::write(&model, (0..length).map(noise).collect::<Vec<u8>>()).expect("written");
        }),
        ("another kind", |voice| {
            std::fs::write(voice.join("voice.json"), "<html>").expect("written")
        }),
    ];
    for (how, spoil) in spoil {
        let workspace = Workspace::new();
        let voices = workspace.path("voices");
        spoil(&copy_heart(&voices));
        let booth = booth(&voices);
        let film = booth.render(&voice_brief(WORDS, ""), "out");
        // The film speaks nevertheless: log, receipt and doctor report the reason for another voice.
        assert_eq!(film.metadata()["voice"]["provider"], "espeak", "{how}");
        assert_eq!(booth.failures(), ["neural: bad_voice"], "{how}");
        let warnings = film.metadata()["warnings"].to_string();
        assert!(warnings.contains("heart") && warnings.contains("espeak"), "{how}: {warnings}");
        let doctor = run(&mut booth.command(None, &["doctor", "--json"]));
        assert!(doctor.stdout.contains("heart"), "{how}: {}", doctor.stdout);
        let checks: Value = serde_json::from_str(&doctor.stdout).expect("JSON");
        let text = checks.to_string();
        assert!(text.contains("bad_voice") && text.contains("make setup"), "{text}");
        let listed = run(&mut booth.command(None, &["voices"])).ok().stdout;
        let row = listed.lines().find(|line| line.contains("heart")).expect("listed");
        assert!(row.contains("cannot be used"), "{how}: {row}");
    }
}

#[test]
fn lists_and_paragraphs_have_pauses_of_the_preset() {
    let booth = booth(&installed_voices_folder());
    let text = "We bake:\n- bread\n- rolls\n\nWe open at seven. Come by.";
    // One scene, so that no pause is a cut between scenes.
    let more = "preset_id: calm_explainer\nmax_scenes: 1\n";
    let film = booth.render(&voice_brief(&format!("|\n{text}").replace('\n', "\n  "), more), "out");
    let timeline = film.timeline();
    let tracks = timeline["tracks"]["audio"].as_array().expect("tracks");
    let voice = tracks.iter().find(|track| track["kind"] == "voice").expect("a voice");
    let voice = voice["clips"].as_array().expect("clips");
    let ms = |clip: &Value, name: &str| clip[name].as_i64().expect("a time");
    let pauses: Vec<i64> =
        voice.windows(2).map(|pair| ms(&pair[1], "start") - ms(&pair[0], "end")).collect();
    let expected = [300, 300, 520, 240];
    assert_eq!(pauses.len(), expected.len(), "{pauses:?}");
    // Times are rounded to frames.
    for (pause, expected) in pauses.iter().zip(expected) {
        assert!((pause - expected).abs() <= 34, "{pauses:?}");
    }
    assert_eq!(film.caption_words(), words(&text.replace("- ", "")));
}

#[test]
fn a_voice_of_another_language_is_named() {
    let booth = booth(&installed_voices_folder());
    let german = "Der Kaffee ist heiß und schmeckt wunderbar.";
    let film = booth.render(&voice_brief(german, "voice: {name: heart}\n"), "out");
    let warnings = film.metadata()["warnings"].to_string();
    assert!(warnings.contains("speaks en-US, and the words are de"), "{warnings}");
    booth.workspace.write("plan.yaml", voice_brief(WORDS, ""));
    let plan = run(&mut booth.command(None, &["plan", "plan.yaml"])).ok().stdout;
    assert!(plan.contains("language en, voice heart (neural)"), "{plan}");
}

#[test]
fn a_receipt_says_when_the_film_was_finished() {
    let booth = booth(&installed_voices_folder());
    let film = booth.render(&voice_brief(WORDS, ""), "out");
    let take = booth.workspace.path("out/voice/take_001.wav");
    let spoken_at = std::fs::metadata(take).and_then(|file| file.modified()).expect("a time");
    let finished = film.metadata()["finishedAt"].as_str().expect("a time").to_owned();
    let ms = String::from_utf8(tool("date", ["-d", &finished, "+%s%3N"])).expect("digits");
    let finished_at = std::time::UNIX_EPOCH
        + std::time::Duration::from_millis(ms.trim().parse().expect("milliseconds"));
    assert!(finished_at > spoken_at, "{finished} is before the voice was written");
}

#[test]
fn a_recording_is_compared_with_the_natural_voice_too() {
    let installed = installed_voices_folder();
    let booth = booth(&installed);
    // One sentence: the take begins where its first word does.
    let text = "The kettle sings in the quiet morning, and nobody wants to wake up.";
    booth.render(&voice_brief(text, ""), "out");
    booth.workspace.write("script.txt", text);
    let align = |voices: &Path| -> Vec<i64> {
        let args = ["align", "out/voice/take_001.wav", "--text", "script.txt"];
        let mut command = booth.command(None, &args);
        let found = run(command.env("PYTOON_VOICES", voices)).ok().json();
        let words = found["words"].as_array().expect("words").clone();
        words.iter().map(|word| word["start_ms"].as_i64().expect("a time")).collect()
    };
    let alone = align(&booth.workspace.path("none"));
    let together = align(&installed);
    assert_eq!(alone.len(), together.len());
    assert_ne!(alone, together);
    for (alone, together) in alone.iter().zip(&together) {
        assert!((alone - together).abs() < 80, "{alone} and {together}");
    }
}

#[test]
fn a_piper_file_speaks_another_language_with_its_own_times() {
    let workspace = Workspace::new();
    let model = toy_piper_voice(&workspace.path("files"), "de_DE-toy-medium", "de");
    let booth = booth(&workspace.path("none"));
    booth.configure(&json!({"piper": {"voices": {"de": model.display().to_string()}}}));
    let words_of = "Der Kaffee ist heiß, und das Brot kostet 3,50 €.";
    let film = booth.render(&voice_brief(words_of, "language: de\n"), "out");
    let voice = &film.metadata()["voice"];
    assert_eq!((&voice["provider"], &voice["alignment"]), (&json!("piper"), &json!("provider")));
    assert_eq!(voice["voice"], "de_DE-toy-medium");
    assert_eq!(film.caption_words(), words(words_of));
    assert_eq!(booth.failures(), [""; 0]);
    // A language without a file is not a failure: the next provider speaks.
    let english = booth.render(&voice_brief(WORDS, ""), "english");
    assert_eq!(english.metadata()["voice"]["provider"], "espeak");
    assert_eq!(booth.failures(), [""; 0]);
    // A file that is not a voice is a failure with its name.
    std::fs::write(&model, "<html>").expect("written");
    let other = booth.render(&voice_brief(words_of, "language: de\n"), "other");
    assert_eq!(other.metadata()["voice"]["provider"], "espeak");
    assert_eq!(booth.failures(), ["piper: bad_voice"]);
}

fn voices(workspace: &Workspace, args: &[&str]) -> Run {
    let mut command = workspace.command(&[&["voices"], args].concat());
    command.env("PYTOON_VOICES", workspace.path("voices"));
    run(&mut command)
}

#[test]
fn voices_are_added_played_listed_and_removed() {
    let workspace = Workspace::new();
    toy_piper_voice(&workspace.path("files"), "de_DE-toy-medium", "de");
    let file = "files/de_DE-toy-medium.onnx";
    let added = voices(&workspace, &["add", file, "--name", "toy", "--licence", "CC0-1.0"]).ok();
    assert!(added.stdout.contains("toy is installed") && added.stdout.contains("SHA-256"));
    let listed = voices(&workspace, &[]).ok().stdout;
    let row = listed.lines().find(|line| line.contains("toy")).expect("listed");
    assert!(row.contains("de") && row.contains("CC0-1.0"), "{row}");
    voices(&workspace, &["--say", "Guten Tag.", "--voice", "toy", "--out", "said.wav"]).ok();
    assert!(workspace.path("said.wav").is_file());
    // Words with their times, as for captions.
    let said = voices(&workspace, &["--say", "Guten Tag. Hallo.", "--voice", "toy", "--json"]).ok();
    let said = said.json();
    let starts: Vec<i64> = said["words"]
        .as_array()
        .expect("words")
        .iter()
        .map(|word| word["start_ms"].as_i64().expect("a time"))
        .collect();
    assert!(starts.len() == 3 && starts.is_sorted(), "{said}");
    // The pronunciations of the configuration are audible.
    let plain = std::fs::read(workspace.path("voice.wav")).expect("a sound");
    workspace.write("config/defaults.yaml", "tts: {pronunciations: {Hallo: Ha-lo-lo-lo}}\n");
    voices(&workspace, &["--say", "Guten Tag. Hallo.", "--voice", "toy"]).ok();
    assert_ne!(std::fs::read(workspace.path("voice.wav")).expect("a sound"), plain);
    voices(&workspace, &["remove", "toy"]).ok();
    assert!(!workspace.path("voices/toy").exists());
    voices(&workspace, &["remove", "toy"]).expect_failure(1, &["`toy`"]);
}

#[test]
fn what_is_no_voice_is_not_added() {
    let workspace = Workspace::new();
    workspace.write("alone.onnx", "a model");
    workspace.write("text.onnx", "<html>not found</html>");
    workspace.write("text.onnx.json", "{}");
    workspace.write("empty/readme.txt", "nothing");
    toy_piper_voice(&workspace.path("files"), "toy", "de");
    let model = std::fs::read(workspace.path("files/toy.onnx")).expect("read");
    workspace.write("cut.onnx", &model[..model.len() - 40]);
    std::fs::copy(workspace.path("files/toy.onnx.json"), workspace.path("cut.onnx.json"))
        .expect("copied");
    for (source, told) in [
        ("alone.onnx", "alone.onnx.json"),
        ("text.onnx", "text.onnx.json"),
        ("cut.onnx", "damaged"),
        ("empty", "voice.json"),
        ("hart", "`heart`"),
        ("heart", "make setup"),
        ("http://127.0.0.1:9/x.onnx", "https"),
        ("https://127.0.0.1:9/x.onnx", "licence"),
    ] {
        let refused = voices(&workspace, &["add", source]);
        assert_eq!(refused.code, Some(1), "{source}: {}", refused.stderr);
        assert!(refused.stderr.contains(told), "{source}: {}", refused.stderr);
    }
    let left = std::fs::read_dir(workspace.path("voices")).map_or(0, Iterator::count);
    assert_eq!(left, 0, "something was left behind");
}
