//! Tests where captions, words and pictures are in films of every format, in the finished file and its timeline.

use pytoon_core::layout::Area;
use pytoon_core::timeline::{ClipSource, Fit, Timeline};
use pytoon_testkit::measure::{decode_gray_frames, probe};
use pytoon_testkit::{Film, Workspace};
use pytoon_vocabulary::Frame;
use serde_json::{Value, json};
use std::path::Path;

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
fn every_word_of_a_film_of_words_appears_once_and_within_40_ms_of_its_onset() {
    let workspace = Workspace::new();
    let film = workspace
        .render("script: We bake bread at dawn.\nmusic_source: none\nprofile: test\nseed: 3\n");
    let (timeline, size) = (film.timeline(), (270, 480));
    let frames = decode_gray_frames(&film.output(), size.0, size.1);
    let rate = 30.0;
    let words = timeline["tracks"]["video"][0]["source"]["words"]["words"].clone();
    let words = words.as_array().expect("words");
    assert_eq!(words.len(), 5, "{words:?}");
    let mut regions = Vec::new();
    for (index, word) in words.iter().enumerate() {
        // A later word in the same place: until then, the two films differ by this word alone.
        let mut later = timeline.clone();
        let onset = word["start"].as_i64().expect("a time");
        let list = &mut later["tracks"]["video"][0]["source"]["words"]["words"];
        list[index]["start"] = json!(onset + 400);
        let file = film.path("later.json");
        std::fs::write(&file, later.to_string()).expect("a file");
        let file = file.display().to_string();
        let out = format!("later{index}");
        workspace.pytoon(&["render", "--timeline", &file, "--out", &out]).ok();
        let other = Film::open(&workspace.path(&out));
        let other = decode_gray_frames(&other.output(), size.0, size.1);
        let differs = |number: usize| -> Vec<usize> {
            let pixels = frames[number].iter().zip(&other[number]).enumerate();
            pixels.filter(|(_, (a, b))| a.abs_diff(**b) > 70).map(|(at, _)| at).collect()
        };
        let first = (0..frames.len()).find(|number| differs(*number).len() > 4).expect("it moves");
        let away = first as f64 * 1000.0 / rate - onset as f64;
        assert!((-40.0..=40.0).contains(&away), "{word}: {away} ms after its onset");
        // Half of the way to its later onset, all of the word is there, and nowhere else.
        let shown = differs(first + 5);
        let column = |at: &usize| at % size.0;
        let (left, right) = (shown.iter().map(column).min(), shown.iter().map(column).max());
        let rows = shown.iter().map(|at| at / size.0);
        regions.push((left, right, rows.clone().min(), rows.max()));
    }
    for (index, one) in regions.iter().enumerate() {
        for other in &regions[index + 1..] {
            let apart = one.1 < other.0 || other.1 < one.0 || one.3 < other.2 || other.3 < one.2;
            assert!(apart, "two words in one place: {one:?} and {other:?}");
        }
    }
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

/// Returns the largest share of a protected area of a picture that captions cover, over all frames that show it, and the
/// number of those frames. `areas` has the file name of a picture and an area in fractions of it. `film` is rendered a
/// second time from its timeline without captions, and the frames of both files are compared.
fn covered_share(workspace: &Workspace, film: &Film, areas: &[(&str, Area)]) -> (f64, usize) {
    let timeline: Timeline = serde_json::from_value(film.timeline()).expect("a timeline");
    let mut without = film.timeline();
    without["look"]["captions"]["burnIn"] = json!(false);
    // Beside the voice takes that it names.
    let file = film.path("without.json");
    std::fs::write(&file, without.to_string()).expect("a file");
    let file = file.display().to_string();
    workspace.pytoon(&["render", "--timeline", &file, "--out", "without"]).ok();
    let bare = Film::open(&workspace.path("without"));
    let (width, height) = (timeline.profile.width as usize, timeline.profile.height as usize);
    let frames = |film: &Film| decode_gray_frames(&film.output(), width, height);
    let (mut worst, mut seen) = (0.0f64, 0);
    for (number, (with, without)) in frames(film).iter().zip(&frames(&bare)).enumerate() {
        let frame = Frame::new(number as i64);
        let clips = timeline.tracks.video.iter().filter(|clip| clip.range().contains(frame));
        for clip in clips {
            let ClipSource::Picture { asset, fit: Fit::Cover, motion } = &clip.source else {
                continue;
            };
            let window = motion.window_at(frame);
            for (_, area) in areas.iter().filter(|(name, _)| Path::new(asset).ends_with(name)) {
                let pixel = |at: f64, from: f64, length: f64, size: usize| {
                    ((at - from) / length * size as f64).clamp(0.0, size as f64) as usize
                };
                let columns = pixel(area.x0, window.x, window.width, width)
                    ..pixel(area.x1, window.x, window.width, width);
                let rows = pixel(area.y0, window.y, window.height, height)
                    ..pixel(area.y1, window.y, window.height, height);
                let all = columns.len() * rows.len();
                if all == 0 {
                    continue;
                }
                let places = rows.flat_map(|y| columns.clone().map(move |x| y * width + x));
                let covered = places.filter(|at| with[*at].abs_diff(without[*at]) > 60).count();
                worst = worst.max(covered as f64 / all as f64);
                seen += 1;
            }
        }
    }
    (worst, seen)
}

#[test]
fn no_caption_of_the_example_covers_a_label() {
    let workspace = Workspace::new();
    let example = concat!(env!("CARGO_MANIFEST_DIR"), "/../examples/coffee.yaml");
    workspace.pytoon(&["render", example, "--draft", "--out", "out"]).ok();
    let film = Film::open(&workspace.path("out"));
    // The labels as a person sees them.
    let labels = [
        ("01_cup.jpg", Area::new(0.25, 0.30, 0.49, 0.37)),
        ("02_table.jpg", Area::new(0.16, 0.43, 0.365, 0.66)),
        ("04_bag.jpg", Area::new(0.30, 0.49, 0.71, 0.65)),
    ];
    let (worst, frames) = covered_share(&workspace, &film, &labels);
    assert!(frames > 150, "{frames} frames show a label");
    assert!(worst < 0.01, "a caption covers {worst:.3} of a label");
}

#[test]
fn no_caption_covers_a_face() {
    const FACE: (f64, f64) = (0.5, 0.60);
    for format in ["9:16", "1:1"] {
        let workspace = Workspace::new();
        workspace.drawn_picture("face.png", (720, 1280), |u, v| {
            let (dx, dy) = ((u - FACE.0) * 720.0, (v - FACE.1) * 1280.0);
            let part = |x: f64, y: f64, wide: f64, high: f64| {
                ((dx - x) / wide).hypot((dy - y) / high) < 1.0
            };
            let is_feature = part(-45.0, -30.0, 16.0, 9.0)
                || part(45.0, -30.0, 16.0, 9.0)
                || part(0.0, 62.0, 38.0, 12.0);
            match (is_feature, part(0.0, 0.0, 120.0, 160.0)) {
                (true, _) => [70, 40, 36],
                (false, true) => [224, 172, 140],
                _ => [(60.0 + 30.0 * v) as u8, 90, 120],
            }
        });
        let film = workspace.render(&format!(
            "script: She opens the bakery at dawn. Nobody else is awake.\n\
             media_files: [{{path: face.png, fit: crop}}]\nformat: \"{format}\"\ncaptions: {{look: karaoke}}\n\
             voice: off\nmusic_source: none\nprofile: test\n"
        ));
        let face = Area::new(FACE.0 - 0.16, FACE.1 - 0.12, FACE.0 + 0.16, FACE.1 + 0.12);
        let (worst, frames) = covered_share(&workspace, &film, &[("face.png", face)]);
        assert!(frames > 60, "{format}: {frames} frames show the face");
        assert!(worst < 0.001, "{format}: a caption covers {worst:.3} of the face");
    }
}
