//! Compares small frames with approved ones: a change in drawing shows as a lower similarity.
//!
//! After an intended change, run `cargo build --workspace --bins`, then `GOLDEN=update cargo test -p tests golden::`, and
//! check the pictures in `tests/fixtures/golden`.

use pytoon_testkit::program::tool;
use pytoon_testkit::{Film, Workspace};
use std::path::{Path, PathBuf};

/// The minimum similarity to an approved frame (SSIM over all planes, by FFmpeg). Versions of fonts and of libx264
/// change it by some thousandths, a missing caption or another camera move by some hundredths.
const LEAST: f64 = 0.97;
/// The size of an approved frame, in pixels of a film of the profile `test`.
const SCALE: &str = "scale=iw/2:ih/2";

struct Golden {
    name: &'static str,
    seconds: f64,
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/golden")
}

/// Asserts that frames of a film are similar to the approved ones. With `GOLDEN=update`, replaces the approved
/// frames.
#[track_caller]
fn assert_golden(film: &Film, frames: &[Golden]) {
    for Golden { name, seconds } in frames {
        let (approved, own) =
            (folder().join(format!("{name}.png")), film.path(&format!("{name}.png")));
        let output = film.output().display().to_string();
        let at = format!("{seconds}");
        let args = ["-v", "error", "-y", "-ss", &at, "-i", &output, "-frames:v", "1", "-vf", SCALE];
        tool("ffmpeg", args.iter().map(ToString::to_string).chain([own.display().to_string()]));
        if std::env::var("GOLDEN").is_ok_and(|wish| wish == "update") {
            std::fs::create_dir_all(folder()).expect("a folder");
            std::fs::copy(&own, &approved).expect("is copied");
        }
        let similar = similarity(&own, &approved);
        assert!(
            similar >= LEAST,
            "{name}: SSIM {similar} to {}; if the change is intended, run \
             `GOLDEN=update cargo test -p tests golden::`",
            approved.display()
        );
    }
}

fn similarity(one: &Path, other: &Path) -> f64 {
    let stats = one.with_extension("ssim");
    let filter = format!("ssim=stats_file={}", stats.display());
    let (one, other) = (one.display().to_string(), other.display().to_string());
    tool("ffmpeg", ["-v", "error", "-i", &one, "-i", &other, "-lavfi", &filter, "-f", "null", "-"]);
    let text = std::fs::read_to_string(stats).expect("figures");
    let all = text.split("All:").nth(1).and_then(|rest| rest.split_whitespace().next());
    all.and_then(|figure| figure.parse().ok()).unwrap_or_else(|| panic!("no figure: {text}"))
}

#[test]
fn words_over_moving_grounds() {
    let film = Workspace::new().render(
        "script: We bake bread at dawn. It is gone by nine.\nvoice: off\nmusic_source: none\nprofile: test\n\
         preset_id: stylized_promo\nseed: 7\ntarget_duration_seconds: 6\n",
    );
    assert_golden(
        &film,
        &[
            Golden { name: "ground_first_words", seconds: 1.0 },
            Golden { name: "ground_last_words", seconds: 5.0 },
        ],
    );
}

#[test]
fn a_picture_with_captions_logo_and_overlay() {
    let workspace = Workspace::new();
    workspace.picture("wide.png", 640, 360);
    workspace.picture("tall.png", 360, 640);
    workspace.transparent_png("logo.png", 64, [240, 60, 40]);
    let film = workspace.render(
        "script: Hand ground coffee. Fresh every single day.\nmedia_files: [tall.png, wide.png]\n\
         preset_id: product_hero_clean\ncaptions: {look: karaoke}\nvoice: off\nmusic_source: none\n\
         profile: test\nseed: 5\ntarget_duration_seconds: 6\n\
         brand: {palette: [\"#e8a13a\"], logo: {path: logo.png, show: watermark}}\n\
         overlays: [{text: Open from seven, position: top, width: 0.5}]\n",
    );
    assert_golden(
        &film,
        &[
            Golden { name: "picture_tall", seconds: 1.5 },
            Golden { name: "picture_wide", seconds: 4.5 },
        ],
    );
}

#[test]
fn a_cut_and_the_look_of_a_meme() {
    let workspace = Workspace::new();
    workspace.picture("a.png", 400, 400);
    workspace.plain_picture("b.png", (360, 640), [40, 90, 160]);
    let film = workspace.render(
        "script: When the coffee is ready. You are not.\nmedia_files: [a.png, b.png]\npreset_id: meme_text\n\
         voice: off\nmusic_source: none\nprofile: test\nseed: 2\ntarget_duration_seconds: 5\n",
    );
    assert_golden(
        &film,
        &[
            Golden { name: "meme_first", seconds: 1.0 },
            Golden { name: "meme_second", seconds: 4.0 },
        ],
    );
}

#[test]
fn captions_of_one_frame_for_each_look() {
    for (look, name, seconds) in [
        ("bold", "look_bold", 1.6),
        ("boxed", "look_boxed", 1.6),
        ("single", "look_single", 1.6),
        ("typewriter", "look_typewriter", 2.4),
        ("minimal", "look_minimal", 1.6),
    ] {
        let workspace = Workspace::new();
        workspace.picture("a.png", 360, 640);
        let film = workspace.render(&format!(
            "script: The kettle sings and breakfast is ready.\nmedia_files: [a.png]\n\
             captions: {{look: {look}}}\nvoice: off\nmusic_source: none\nprofile: test\nseed: 3\n\
             target_duration_seconds: 4\n"
        ));
        assert_golden(&film, &[Golden { name, seconds }]);
    }
}

#[test]
fn every_treatment_of_words_in_the_formats() {
    for (name, format, script, treatment) in [
        ("type_word_by_word", "9:16", "We bake bread at dawn.", "word_by_word"),
        (
            "type_lines",
            "1:1",
            "Good mornings start early here. We bake our bread by hand at dawn.",
            "line_build",
        ),
        ("type_count_up", "4:5", "Over 1,200 loaves leave our oven.", "count_up"),
        ("type_list", "16:9", "You need flour, water, salt and time.", "list"),
        ("type_quotation", "1:1", "\"Bread is the warmest of foods,\" says Anna.", "quotation"),
        ("type_contrast", "9:16", "Not fast, but good.", "contrast"),
    ] {
        let film = Workspace::new().render(&format!(
            "script: '{script}'\nformat: \"{format}\"\nvoice: off\nmusic_source: none\nprofile: test\nseed: 4\n"
        ));
        let timeline = film.timeline();
        let clips = timeline["tracks"]["video"].as_array().expect("clips");
        let words = &clips.last().expect("a clip")["source"]["words"];
        assert_eq!(words["treatment"], treatment, "{words}");
        let frames = film.total_frames() as f64 / 30.0;
        assert_golden(&film, &[Golden { name, seconds: (frames - 0.3).max(0.5) }]);
    }
}

#[test]
fn a_picture_in_every_format() {
    for (name, format) in [("format_4x5", "4:5"), ("format_1x1", "1:1"), ("format_16x9", "16:9")] {
        let workspace = Workspace::new();
        workspace.picture("tall.png", 360, 640);
        let film = workspace.render(&format!(
            "script: The kettle sings and breakfast is ready.\nmedia_files: [tall.png]\nformat: \"{format}\"\n\
             captions: {{look: karaoke}}\nvoice: off\nmusic_source: none\nprofile: test\nseed: 3\n\
             target_duration_seconds: 4\n"
        ));
        assert_golden(&film, &[Golden { name, seconds: 1.6 }]);
    }
}
