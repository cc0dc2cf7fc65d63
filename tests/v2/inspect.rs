//! Tests of `pytoon inspect`: its table, its picture, and its reports about a late caption.

use pytoon_testkit::measure::{probe, rgb_frame};
use pytoon_testkit::program::tool;
use pytoon_testkit::{Film, Workspace};
use serde_json::Value;

const SCRIPT: &str = "The kettle sings in the quiet morning. We bake bread for everybody.";

/// Renders a film into the job folder `storage/jobs/tea`.
fn job(more: &str) -> (Workspace, Film) {
    let workspace = Workspace::new();
    workspace.write("brief.yaml", format!("script: {SCRIPT}\nprofile: test\n{more}"));
    workspace.pytoon(&["render", "brief.yaml", "--out", "storage/jobs/tea"]).ok();
    let film = Film::open(&workspace.path("storage/jobs/tea"));
    (workspace, film)
}

fn facts(workspace: &Workspace) -> Value {
    workspace.pytoon(&["--json", "inspect", "tea"]).ok().json()["facts"].clone()
}

#[test]
fn a_sound_film_is_shown_as_a_table_and_as_a_chart() {
    let (workspace, film) = job("");
    let said = workspace.pytoon(&["inspect", "tea"]).ok().stdout;
    for part in [
        "voice       espeak: ",
        "words       timed by provider, confidence 1.00",
        "music       lowered 1 time, -",
        " s: -12.0 dB\n",
        "LUFS mixed, -14.0 LUFS mastered, -14.0 LUFS delivered",
        "A/V offset  +0.0 ms (positive if the sound is late; the streams start +0.0 ms apart)",
        "highlights  50 ms before their words",
        "scene_01  0.000 s",
        "scene_02",
        "every word matches the voice",
    ] {
        assert!(said.contains(part), "{part} is missing in\n{said}");
    }
    let picture = film.path("inspect.png");
    assert_eq!(probe(&picture).video["width"], 2400);
    assert!(!said.contains("why "), "{said}");
    // The voice's blue, a word's colour, a caption's brown and the music's grey, each in its own row, not only in
    // the legend.
    let pixels = rgb_frame(&picture, 0.0, 2400, 770);
    for ([r, g, b], rows) in [
        ([114, 200, 238], 194..394),
        ([58, 92, 130], 404..488),
        ([74, 66, 30], 498..542),
        ([62, 84, 92], 552..650),
    ] {
        let near = |a: u8, b: i32| (i32::from(a) - b).abs() < 24;
        let row = &pixels[rows.start * 2400..rows.end * 2400];
        let count = row.iter().filter(|p| near(p[0], r) && near(p[1], g) && near(p[2], b)).count();
        assert!(count > 5_000, "{r} {g} {b}: {count} pixels");
    }
    let facts = facts(&workspace);
    let scenes = facts["scenes"].as_array().expect("scenes");
    let words: i64 = scenes.iter().map(|s| s["words"].as_i64().expect("a number")).sum();
    assert_eq!(words as usize, SCRIPT.split_whitespace().count());
    assert!(facts["spoken_ms"].as_i64() >= facts["used_ms"].as_i64(), "{facts}");
    let duck = &facts["duck_regions"][0];
    assert!(duck["start"].as_i64() < duck["end"].as_i64() && duck["gainDb"] == -12.0, "{duck}");
}

#[test]
fn words_that_are_late_are_named_with_the_milliseconds() {
    let (workspace, film) = job("");
    // As if every word had been moved by 300 ms.
    let mut timeline = film.timeline();
    let mut first = None;
    for cue in timeline["tracks"]["captions"].as_array_mut().expect("cues") {
        for word in cue["words"].as_array_mut().expect("words") {
            for name in ["start", "end"] {
                word[name] = (word[name].as_i64().expect("a time") + 300).into();
            }
            first.get_or_insert(word["start"].as_i64().expect("a time"));
        }
    }
    workspace.write("storage/jobs/tea/timeline.json", timeline.to_string());
    let off = facts(&workspace)["off"].clone();
    assert_eq!((&off[0]["word"], off[0]["start_ms"].as_i64()), (&Value::from("The"), first));
    let late =
        off[0]["start_ms"].as_i64().expect("a time") - off[0]["heard_ms"].as_i64().expect("a time");
    assert!((late - 300).abs() <= 60, "{late} ms: {off}");
    let said = workspace.pytoon(&["inspect", "tea", "--out", "other.png"]).ok().stdout;
    assert!(said.contains("off         \"The\" at "), "{said}");
    assert!(said.contains("why         ") && said.contains("not where the voice is"), "{said}");
    assert!(workspace.path("other.png").is_file());
}

#[test]
fn a_caption_that_comes_after_its_first_word_is_named() {
    let (workspace, film) = job("");
    let mut timeline = film.timeline();
    let cue = &mut timeline["tracks"]["captions"][1];
    let word = cue["words"][0]["start"].as_i64().expect("a time");
    cue["start"] = (word + 70).into();
    workspace.write("storage/jobs/tea/timeline.json", timeline.to_string());
    let found = facts(&workspace);
    // The highlight precedes its word by 50 ms.
    assert_eq!(found["late_cues"].as_array().map(Vec::len), Some(1), "{found}");
    assert_eq!(found["late_cues"][0]["late_ms"], 120, "{found}");
    let why = found["reasons"][0].as_str().expect("a reason");
    assert!(why.contains("120 ms late"), "{why}");
}

#[test]
fn a_sound_that_starts_after_its_picture_is_reported() {
    let (workspace, film) = job("music_source: none\n");
    let (output, whole) = (film.output(), workspace.path("whole.mp4"));
    std::fs::rename(&output, &whole).expect("moves");
    let (from, to) = (whole.to_str().expect("text"), output.to_str().expect("text"));
    let inputs = ["-v", "error", "-i", from, "-itsoffset", "0.25", "-i", from];
    tool("ffmpeg", [&inputs[..], &["-map", "0:v", "-map", "1:a", "-c", "copy", to]].concat());
    let found = facts(&workspace);
    // The encoder's delay is in the sound, not in the stream's timestamps.
    let offset = found["av_offset_ms"].as_f64().expect("an offset");
    assert!((offset - 250.0).abs() < 3.0, "{found}");
    assert!(found["stream_offset_ms"].as_f64() > Some(200.0), "{found}");
    let why = found["reasons"][0].as_str().expect("a reason");
    assert!(why.contains("every caption seems early"), "{why}");
}

#[test]
fn words_from_right_to_left_stand_in_their_boxes() {
    let workspace = Workspace::new();
    let film = workspace.render(
        "script: \u{5e9}\u{5dc}\u{5d5}\u{5dd} \u{5e2}\u{5d5}\u{5dc}\u{5dd}.\nvoice: off\n\
         music_source: none\nprofile: test\n",
    );
    workspace.pytoon(&["inspect", "out"]).ok();
    let pixels = rgb_frame(&film.path("inspect.png"), 0.0, 2400, 770);
    let end = film.timeline()["totalDuration"].as_i64().expect("a length") as usize;
    let last = 150 + end * 2220 / 10_000;
    let bright = |columns: std::ops::Range<usize>| {
        let rows = 404..488;
        let pixels = rows.flat_map(|y| &pixels[y * 2400 + columns.start..y * 2400 + columns.end]);
        pixels.filter(|p| p[0] > 200).count()
    };
    assert!(bright(150..last) > 200);
    assert_eq!(bright(last + 1..2400), 0);
}

#[test]
fn a_silent_film_and_one_with_a_lost_stem_are_shown_all_the_same() {
    let (workspace, film) = job("voice: off\nmusic_source: none\n");
    let said = workspace.pytoon(&["inspect", "tea"]).ok().stdout;
    assert!(said.contains("voice       nobody") && said.contains("silent mixed"), "{said}");
    assert!(said.contains("A/V offset  not measured"), "{said}");
    std::fs::remove_file(film.path("assembly/audio/voice.wav")).expect("removes");
    let said = workspace.pytoon(&["inspect", "storage/jobs/tea"]).ok().stdout;
    assert!(said.contains("missing     assembly/audio/voice.wav"), "{said}");
}

#[test]
fn what_is_no_finished_job_is_refused() {
    let workspace = Workspace::new();
    workspace
        .pytoon(&["inspect", "gone"])
        .expect_failure(2, &["gone", "neither a folder nor a job"]);
    workspace.write("empty/file.txt", "x");
    workspace
        .pytoon(&["inspect", "empty"])
        .expect_failure(2, &["empty", "has no finished film", "pytoon render"]);
    workspace.write("begun/.work/job.json", "{}");
    workspace.pytoon(&["inspect", "begun"]).expect_failure(2, &["begun", "pytoon resume"]);
}

#[test]
fn short_pauses_of_a_natural_voice_are_no_fault() {
    let workspace = Workspace::new();
    let script =
        "Grind them fresh, pour slowly, and breathe in. Sweet, round and clean, cup after cup.";
    workspace.write("brief.yaml", format!("script: {script}\nprofile: test\n"));
    let voices = pytoon_testkit::voices::installed_voices_folder();
    let mut command = workspace.command(&["render", "brief.yaml", "--out", "storage/jobs/tea"]);
    pytoon_testkit::program::run(command.env("PYTOON_VOICES", voices)).ok();
    let film = Film::open(&workspace.path("storage/jobs/tea"));
    assert_eq!(film.metadata()["voice"]["provider"], "neural");
    assert_eq!(facts(&workspace)["off"], serde_json::json!([]));
}
