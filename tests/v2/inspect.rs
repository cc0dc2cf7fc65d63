//! `pytoon inspect`: the table, the picture, and what they say of a caption that is late.

use pytoon_testkit::measure::{probe, rgb_frame};
use pytoon_testkit::{Film, Workspace};
use serde_json::Value;

const SCRIPT: &str = "The kettle sings in the quiet morning. We bake bread for everybody.";

/// A finished job with a name, at the place where jobs are kept.
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
fn a_sound_film_is_told_as_a_table_and_drawn() {
    let (workspace, film) = job("");
    let said = workspace.pytoon(&["inspect", "tea"]).ok().stdout;
    for part in [
        "voice       espeak: ",
        "words       timed by provider, confidence 1.00",
        "music       lowered 1 times, -",
        "LUFS mixed, -14.0 LUFS delivered",
        "A/V offset  +0.0 ms",
        "highlights  50 ms before their words",
        "scene_01  0.000 s",
        "scene_02",
        "every word stands where the voice is",
    ] {
        assert!(said.contains(part), "{part} is missing in\n{said}");
    }
    let picture = film.path("inspect.png");
    assert_eq!(probe(&picture).video["width"], 2400);
    // The voice's blue, a word's, and a caption's brown are all there.
    let pixels = rgb_frame(&picture, 0.0, 2400, 770);
    for [r, g, b] in [[120, 214, 255], [58, 92, 130], [74, 66, 30]] {
        let near = |a: u8, b: i32| (i32::from(a) - b).abs() < 24;
        let count = pixels.iter().filter(|p| near(p[0], r) && near(p[1], g) && near(p[2], b));
        assert!(count.count() > 200, "no {r} {g} {b}");
    }
    let facts = facts(&workspace);
    let scenes = facts["scenes"].as_array().expect("scenes");
    let words: i64 = scenes.iter().map(|s| s["words"].as_i64().expect("a number")).sum();
    assert_eq!(words as usize, SCRIPT.split_whitespace().count());
    assert!(facts["spoken_ms"].as_i64() >= facts["used_ms"].as_i64(), "{facts}");
}

#[test]
fn words_that_are_late_are_named_with_the_milliseconds() {
    let (workspace, film) = job("");
    // As if somebody had moved every word by 300 ms.
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
    assert!(workspace.path("other.png").is_file());
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
    workspace.pytoon(&["inspect", "gone"]).refused(2, &["gone", "neither such a folder nor a job"]);
    workspace.write("empty/file.txt", "x");
    workspace.pytoon(&["inspect", "empty"]).refused(1, &["empty", "holds no job"]);
    workspace.write("begun/.work/job.json", "{}");
    workspace.pytoon(&["inspect", "begun"]).refused(1, &["begun", "pytoon resume"]);
}
