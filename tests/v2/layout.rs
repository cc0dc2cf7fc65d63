//! Tests where captions, words and pictures are in films of every format, in the finished file and its timeline.

use pytoon_testkit::measure::{decode_gray_frames, probe};
use pytoon_testkit::{Film, Workspace};
use serde_json::{Value, json};

/// The formats with the sizes that the profile `test` gets.
const FORMATS: [(&str, usize, usize); 4] =
    [("9:16", 270, 480), ("4:5", 270, 338), ("1:1", 270, 270), ("16:9", 480, 270)];

fn cues(film: &Film) -> Vec<Value> {
    film.timeline()["tracks"]["captions"].as_array().expect("cues").clone()
}

/// Returns the rows of the picture that differ between two films by more than a little, from the first to the last.
fn changed_rows(
    one: &Film,
    other: &Film,
    (width, height): (usize, usize),
    frame: usize,
) -> Option<(usize, usize)> {
    let of = |film: &Film| decode_gray_frames(&film.output(), width, height).swap_remove(frame);
    let (one, other) = (of(one), of(other));
    let row_differs = |row: &usize| {
        let pixels = row * width..(row + 1) * width;
        one[pixels.clone()].iter().zip(&other[pixels]).any(|(a, b)| a.abs_diff(*b) > 90)
    };
    let rows: Vec<usize> = (0..height).filter(row_differs).collect();
    Some((*rows.first()?, *rows.last()?))
}

#[test]
fn a_film_has_the_size_of_its_format_and_captions_in_its_safe_area() {
    for (format, width, height) in FORMATS {
        let workspace = Workspace::new();
        workspace.plain_picture("ground.png", (1080, 1080), [52, 58, 64]);
        let brief = |captions: &str| {
            format!(
                "script: Fresh bread waits for you here.\nmedia_files: [{{path: ground.png, fit: crop}}]\n\
                 format: \"{format}\"\ncaptions: {captions}\nvoice: off\nmusic_source: none\nprofile: test\n"
            )
        };
        let film = workspace.render(&brief("{look: karaoke}"));
        let video = probe(&film.output()).video;
        assert_eq!(
            (&video["width"], &video["height"]),
            (&json!(width), &json!(height)),
            "{format}"
        );
        let bare = Workspace::new();
        bare.plain_picture("ground.png", (1080, 1080), [52, 58, 64]);
        let bare = bare.render(&brief("off"));
        let rows = changed_rows(&film, &bare, (width, height), 30).expect("a caption is drawn");
        // The lower edges of the safe areas, and the upper edge of a block of two lines.
        let safe = if format == "9:16" {
            0.65
        } else if format == "16:9" {
            0.90
        } else {
            0.94
        };
        let (top, bottom) = (rows.0 as f64 / height as f64, rows.1 as f64 / height as f64);
        assert!(bottom <= safe + 0.01 && bottom > safe - 0.1, "{format}: {bottom}");
        assert!(top > safe - 0.32, "{format}: {top}");
    }
}

#[test]
fn a_brief_decides_where_captions_are() {
    for (position, zone, low, high) in [
        ("lower", Value::Null, 0.5, 0.66),
        ("middle", json!("middle"), 0.25, 0.48),
        ("upper", json!("upper"), 0.14, 0.3),
    ] {
        let render = |captions: &str| {
            let workspace = Workspace::new();
            workspace.plain_picture("ground.png", (360, 640), [52, 58, 64]);
            workspace.render(&format!(
                "script: Fresh bread waits for you here.\nmedia_files: [ground.png]\ncaptions: {captions}\n\
                 voice: off\nmusic_source: none\nprofile: test\n"
            ))
        };
        let film = render(&format!("{{look: karaoke, position: {position}}}"));
        assert!(cues(&film).iter().all(|cue| cue["zone"] == zone), "{position}");
        let rows = changed_rows(&film, &render("off"), (270, 480), 30).expect("a caption");
        let (top, bottom) = (rows.0 as f64 / 480.0, rows.1 as f64 / 480.0);
        assert!(top >= low && bottom <= high, "{position}: {top} to {bottom}");
    }
}

#[test]
fn words_of_a_scene_without_a_picture_are_on_screen_once() {
    let render = |captions: &str| {
        Workspace::new().render(&format!(
            "script: It costs $5 today. Come early and bring friends.\ncaptions: {captions}\nvoice: off\n\
             music_source: none\nprofile: test\nseed: 3\n"
        ))
    };
    let film = render("{look: karaoke}");
    let cues = cues(&film);
    assert!(!cues.is_empty() && cues.iter().all(|cue| cue["setAsType"] == true), "{cues:?}");
    let treatments: Vec<Value> = film.timeline()["tracks"]["video"]
        .as_array()
        .expect("clips")
        .iter()
        .map(|clip| clip["source"]["words"]["treatment"].clone())
        .collect();
    assert_eq!(treatments[0], "count_up", "{treatments:?}");
    // Captions that are off leave the type as it is, and captions that are on add nothing.
    let without = render("off");
    let frames = |film: &Film| decode_gray_frames(&film.output(), 270, 480);
    assert!(frames(&film) == frames(&without), "a word is on screen twice");
    // The sidecar files have the words all the same.
    let srt = std::fs::read_to_string(film.path("captions.srt")).expect("a sidecar file");
    assert!(srt.contains("It costs $5 today."), "{srt}");
}

#[test]
fn unknown_formats_and_shapes_are_refused() {
    let workspace = Workspace::new();
    workspace.refuse("script: Tea.\nformat: \"2:1\"\n", 2, &["brief.yaml:2:", "`format`", "9:16"]);
    let profile = "width: 400\nheight: 300\n";
    workspace.write("config/profiles/tv.yaml", profile);
    let brief = "script: Tea.\nprofile: tv\n";
    workspace.refuse(brief, 2, &["`profile`", "400x300", "16:9", "`format`"]);
}
