//! Tests of changes to a finished film on the command line: only the affected parts are rendered and paid for again.

use pytoon_testkit::program::{run, tool};
use pytoon_testkit::simulator::{Studio, engines_used};
use pytoon_testkit::{Film, Workspace};
use serde_json::json;
use std::collections::BTreeMap;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// The brief of a film with music and three scenes without speech, each of at least three seconds.
const BRIEF: &str = "script: One two three four. Five six seven eight. Nine ten eleven twelve.\n\
    voice: off\nmusic_source: lofi\nprofile: test\nscenes:\n  \
    - {scene: 1, caption: First, min_duration_seconds: 3}\n  \
    - {scene: 2, caption: Second, min_duration_seconds: 3}\n  \
    - {scene: 3, caption: Third, min_duration_seconds: 3}\n";

/// Returns every retained intermediate file of a film with its inode and modification time, which change when the
/// file is rewritten.
fn pieces(folder: &Path) -> BTreeMap<String, (u64, i64)> {
    let mut found = BTreeMap::new();
    for name in [
        "chunks/000.mp4",
        "chunks/001.mp4",
        "chunks/002.mp4",
        "chunks/003.mp4",
        "chunks/004.mp4",
        "audio.m4a",
    ] {
        if let Ok(file) = std::fs::metadata(folder.join(".cache").join(name)) {
            found.insert(name.to_owned(), (file.ino(), file.mtime_nsec()));
        }
    }
    found
}

#[test]
fn one_scene_of_a_film_is_changed_and_the_rest_stays() {
    let workspace = Workspace::new();
    let film = workspace.render(BRIEF);
    let before = pieces(&workspace.path("out"));
    assert!(before.len() >= 5, "{before:?}");
    workspace.pytoon(&["redo", "out", "--scene", "3", "--caption", "Something else"]).ok();
    let captions = std::fs::read_to_string(film.path("captions.srt")).expect("captions");
    assert!(captions.contains("Something else") && captions.contains("Second"), "{captions}");
    assert!(!captions.contains("Third"), "{captions}");
    assert_eq!(Film::open(&workspace.path("out")).findings(), Vec::<String>::new());
    let after = pieces(&workspace.path("out"));
    assert_eq!(
        (before["chunks/000.mp4"], before["audio.m4a"]),
        (after["chunks/000.mp4"], after["audio.m4a"])
    );
    let changed = before.iter().filter(|(name, piece)| after.get(*name) != Some(piece)).count();
    assert!(changed > 0, "nothing was drawn");
    // The change is part of the brief now, and a second one is added to it.
    workspace.pytoon(&["redo", "out", "--scene", "scene_01", "--caption", "Opening"]).ok();
    let captions = std::fs::read_to_string(film.path("captions.srt")).expect("captions");
    assert!(captions.contains("Opening") && captions.contains("Something else"), "{captions}");
}

#[test]
fn a_prompt_that_no_engine_reads_is_reported() {
    let workspace = Workspace::new();
    workspace.render(BRIEF);
    let prompt = |scene: &str| {
        workspace.pytoon(&["redo", "out", "--scene", scene, "--prompt", "steam over a kettle"]).ok()
    };
    let told = prompt("2").stderr;
    assert!(told.contains("scene_02: the prompt has no effect"), "{told}");
    let captioned = workspace.pytoon(&["redo", "out", "--scene", "2", "--caption", "Tea"]).ok();
    assert!(!captioned.stderr.contains("the prompt has no effect"), "{}", captioned.stderr);
}

#[test]
fn the_first_redo_keeps_the_voice_that_was_spoken() {
    let workspace = Workspace::new();
    let voice = |film: &Film| {
        let stages = film.metadata()["stages"].as_array().cloned().unwrap_or_default();
        stages.into_iter().find(|stage| stage["stage"] == "voice").unwrap_or_default()
    };
    let brief = "script: One two three four. Five six seven eight.\nmusic_source: none\n\
        profile: test\n";
    let first = voice(&workspace.render(brief));
    workspace.pytoon(&["redo", "out", "--scene", "1", "--caption", "Opening"]).ok();
    let again = voice(&Film::open(&workspace.path("out")));
    assert_eq!((&first["reused"], &again["reused"]), (&json!(false), &json!(true)));
}

#[test]
fn a_change_that_cannot_be_made_is_refused_and_the_film_stays() {
    let workspace = Workspace::new();
    let film = workspace.render(BRIEF);
    let before = std::fs::read(film.output()).expect("a film");
    let redo = |args: &[&str]| workspace.pytoon(&[&["redo", "out"], args].concat());
    redo(&["--scene", "3"]).expect_failure(2, &["--prompt, --engine or --caption"]);
    redo(&["--scene", "9", "--caption", "x"])
        .expect_failure(2, &["--scene", "there is no scene `9`; the film has 3", "`scene_03`"]);
    redo(&["--scene", "1", "--engine", "lumma"])
        .expect_failure(2, &["--engine", "there is no engine `lumma`", "did you mean `luma`"]);
    redo(&["--scene", "1", "--engine", "luma"])
        .expect_failure(2, &["--engine", "`luma` has no API key (set LUMA_API_KEY or"]);
    workspace
        .pytoon(&["redo", "nowhere", "--scene", "1", "--caption", "x"])
        .expect_failure(2, &["nowhere"]);
    std::fs::create_dir(workspace.path("empty")).expect("a folder");
    let empty = workspace.pytoon(&["redo", "empty", "--scene", "1", "--caption", "x"]);
    empty.expect_failure(2, &["no finished film", "brief.json is missing"]);
    std::fs::rename(workspace.path("out/.cache"), workspace.path("out/.work")).expect("is begun");
    redo(&["--scene", "1", "--caption", "x"]).expect_failure(2, &["not finished", "pytoon resume"]);
    assert!(std::fs::read(film.output()).expect("a film") == before);
}

#[test]
fn another_engine_draws_one_scene_and_no_other_is_bought_again() {
    let studio = Studio::new(&json!({}), &json!({"default_chain": ["runway", "local"]}));
    let brief = "script: The kettle sings. The tea is ready.\nvoice: off\nmusic_source: none\n\
                 profile: test\ntarget_duration_seconds: 4\nmax_scenes: 2\nscenes:\n  \
                 - {scene: 1, prompt: steam over a kettle}\n  - {scene: 2, prompt: a cup}\n";
    let film = studio.render(brief, "out");
    assert_eq!(engines_used(&film), ["runway", "runway"]);
    studio.pytoon(&["redo", "out", "--scene", "2", "--engine", "luma"]).ok();
    assert_eq!(engines_used(&Film::open(&studio.workspace.path("out"))), ["runway", "luma"]);
    let accepted = |vendor| studio.simulator.accepted_count(vendor);
    assert_eq!((accepted("runway"), accepted("luma-agents")), (2, 1));
}

#[test]
fn one_core_and_two_make_the_same_bytes() {
    let workspace = Workspace::new();
    workspace.write("brief.yaml", BRIEF);
    let render = |cores: &str, out: &str| {
        let args = ["render", "brief.yaml", "--out", out];
        run(&mut workspace.command_through(&["taskset", "-c", cores], &args)).ok();
        std::fs::read(workspace.path(out).join("output.mp4")).expect("a film")
    };
    assert!(render("0", "one") == render("0,1", "two"), "the number of cores changes the film");
}

/// Checks that the brand's paths in a brief are also valid from the film's folder.
#[test]
fn a_film_with_a_logo_and_a_font_of_its_own_is_changed() {
    let workspace = Workspace::new();
    workspace.transparent_png("own/logo.png", 64, [200, 40, 40]);
    let font = find_font();
    workspace.write("own/Face.ttf", std::fs::read(font).expect("a font"));
    let brand = "brand:\n  font: Face.ttf\n  logo: {path: logo.png, show: watermark}\n";
    workspace.write("own/brief.yaml", format!("{BRIEF}{brand}"));
    workspace.pytoon(&["render", "own/brief.yaml", "--out", "films/out"]).ok();
    workspace.pytoon(&["redo", "films/out", "--scene", "3", "--caption", "Something else"]).ok();
    let film = Film::open(&workspace.path("films/out"));
    let overlays = film.timeline()["tracks"]["overlays"].to_string();
    assert!(overlays.contains("own/logo.png"), "{overlays}");
    assert_eq!(film.findings(), Vec::<String>::new());
}

/// Returns the path of the installed font file that Fontconfig chooses for `Lato`.
fn find_font() -> String {
    let found = tool("fc-match", ["--format", "%{file}", "Lato"]);
    String::from_utf8(found).expect("a path")
}

#[test]
fn damaged_files_of_a_finished_film_are_made_whole() {
    let workspace = Workspace::new();
    let brief = "script: One two three four. Five six seven eight.\nprofile: test\n";
    let film = workspace.render(brief);
    let names = [
        "captions.srt",
        "captions.vtt",
        "captions.ass",
        "captions.json",
        "timeline.json",
        "scene_graph.json",
        "brief.json",
        "thumbnail.jpg",
        "assembly/audio/voice.wav",
        "voice/take_001.wav",
    ];
    let before = names.map(|name| std::fs::read(film.path(name)).expect("a file"));
    for name in names {
        // In place, as an editor or a failing disk does it: pieces that are kept may share the file.
        std::fs::write(film.path(name), "damaged").expect("writes");
    }
    workspace.render(brief);
    for (name, before) in names.iter().zip(before) {
        let after = std::fs::read(film.path(name)).expect("a file");
        assert!(after == before, "{name} is another file");
    }
}
