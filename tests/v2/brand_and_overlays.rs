//! Tests that brand colours, logos and overlays are visible in the picture.

use crate::support::quick;
use pytoon_testkit::Workspace;
use pytoon_testkit::measure::rgb_frame;

const GREEN: [u8; 3] = [20, 230, 40];

/// Returns the number of clearly green pixels in a frame of 54 by 96.
fn green_pixels(film: &pytoon_testkit::Film, at_seconds: f64) -> usize {
    let pixels = rgb_frame(&film.output(), at_seconds, 54, 96);
    let is_green = |p: &&[u8; 3]| p[1] > 140 && p[0] < 110 && p[2] < 120;
    pixels.iter().filter(is_green).count()
}

#[test]
fn a_logo_shows_from_the_third_second_on() {
    let workspace = Workspace::new();
    workspace.transparent_png("logo.png", 200, GREEN);
    workspace.plain_picture("grey.png", (270, 480), [120, 120, 120]);
    let film = workspace.render(
        &quick(
            "media_files: [grey.png]\ncaptions: off\n\
             brand: {palette: [\"#e8a13a\", \"#2b1d14\"], logo: logo.png}\n",
        )
        .replace("2.5", "4.5"),
    );
    assert_eq!(green_pixels(&film, 1.0), 0);
    assert!(green_pixels(&film, 4.2) > 15, "{}", green_pixels(&film, 4.2));
    assert_eq!(film.timeline()["look"]["palette"]["brandAccent"], "#e8a13a");
}

#[test]
fn a_logo_may_close_the_film() {
    let workspace = Workspace::new();
    workspace.transparent_png("logo.png", 200, GREEN);
    let film = workspace.render(
        &quick("captions: off\nbrand: {logo: {path: logo.png, show: outro}}\n").replace("2.5", "4"),
    );
    assert_eq!(green_pixels(&film, 1.0), 0);
    assert!(green_pixels(&film, 3.7) > 100, "{}", green_pixels(&film, 3.7));
}

#[test]
fn an_overlay_picture_keeps_its_alpha_and_its_time() {
    let workspace = Workspace::new();
    workspace.transparent_png("badge.png", 100, GREEN);
    workspace.plain_picture("grey.png", (270, 480), [120, 120, 120]);
    let film = workspace.render(&quick(
        "media_files: [grey.png]\ncaptions: off\noverlays:\n  - {image: badge.png, \
             position: center, width: 0.5, start_seconds: 0, end_seconds: 1.2}\n",
    ));
    let shown = green_pixels(&film, 0.6) as f64;
    // A disc of 0.9 of half the frame's width: about 464 of these pixels, not the square's 729.
    assert!((400.0..530.0).contains(&shown), "{shown} pixels");
    assert_eq!(green_pixels(&film, 2.0), 0);
}

#[test]
fn an_overlay_text_is_seen() {
    let frame = |more: &str| {
        let workspace = Workspace::new();
        let film = workspace.render(&quick(&format!("captions: off\n{more}")));
        rgb_frame(&film.output(), 0.8, 54, 96)
    };
    let (without, with) =
        (frame(""), frame("overlays: [{text: HALF PRICE, position: top, width: 0.8}]\n"));
    let changed = |rows: std::ops::Range<usize>| {
        let part = rows.start * 54..rows.end * 54;
        let pairs = without[part.clone()].iter().zip(&with[part]);
        pairs.filter(|(a, b)| a[1].abs_diff(b[1]) > 40).count()
    };
    assert!(changed(0..48) > 10, "{} pixels", changed(0..48));
    assert_eq!(changed(48..96), 0);
}

#[test]
fn brand_safe_masks_words_in_captions() {
    let workspace = Workspace::new();
    let film = workspace.render(
        "script: No shit, this works.\nbrand_safe: true\nmusic_source: none\nprofile: test\n",
    );
    assert_eq!(film.caption_words(), ["No", "s**t,", "this", "works."]);
}

#[test]
fn a_scene_can_be_changed() {
    let workspace = Workspace::new();
    workspace.picture("other.png", 270, 480);
    let film = workspace.render(&quick(
        "scenes:\n  - {scene: 1, caption: Other words, media: other.png, effect: hold, \
         min_duration_seconds: 2}\n",
    ));
    assert_eq!(film.caption_words(), ["Other", "words"]);
    let clip = film.timeline()["tracks"]["video"][0]["source"].clone();
    assert_eq!(clip["type"], "picture");
    assert_eq!(clip["motion"]["from"], clip["motion"]["to"]);
    assert!(film.total_frames() >= 60, "{}", film.total_frames());
}

#[test]
fn a_brand_safe_film_keeps_its_mark_its_colours_and_plain_joins() {
    let brief = "script: \"One thing is here. Another thing is there.\"\nprofile: test\n\
                 voice: off\nmusic_source: none\nmedia_files: [grey.png]\n\
                 scenes: [{scene: 2, transition: zoom}]\n\
                 brand: {palette: [\"#e8a13a\"], logo: {path: logo.png, show: outro}}\n";
    let timeline = |brief: &str| {
        let workspace = Workspace::new();
        workspace.transparent_png("logo.png", 200, GREEN);
        workspace.plain_picture("grey.png", (270, 480), [120, 120, 120]);
        workspace.render(brief).timeline()
    };
    let free = timeline(brief);
    let safe = timeline(&format!("{brief}brand_safe: true\n"));
    let logos = |timeline: &serde_json::Value| {
        timeline["tracks"]["overlays"].as_array().map_or(0, Vec::len)
    };
    assert_eq!((logos(&free), logos(&safe)), (1, 2), "a watermark beside the outro");
    assert_eq!(safe["look"]["gradeStrength"], 0.0);
    assert_ne!(free["look"]["gradeStrength"], 0.0);
    let joins = |timeline: &serde_json::Value| timeline["tracks"]["video"].to_string();
    assert!(joins(&free).contains("\"zoom\""));
    assert!(joins(&safe).contains("\"crossfade\"") && !joins(&safe).contains("\"zoom\""));
}
