//! Tests of titles and end cards in the finished film: when and where they are, and what they leave free.

use pytoon_testkit::measure::decode_gray_frames;
use pytoon_testkit::{Film, Workspace};
use serde_json::{Value, json};

const SIZE: (usize, usize) = (270, 480);
const GROUND: [u8; 3] = [52, 58, 64];

fn brief(extra: &str) -> String {
    format!(
        "script: Fresh bread waits for you here. Come by before it is gone. We close at six today.\n\
         media_files: [ground.png]\nvoice: off\nmusic_source: none\nprofile: test\n{extra}"
    )
}

/// Returns the rows in which a frame of two films differs by more than a little, from the first to the last.
fn rows(one: &Film, other: &Film, frame: usize) -> Option<(usize, usize)> {
    let of = |film: &Film| decode_gray_frames(&film.output(), SIZE.0, SIZE.1).swap_remove(frame);
    let (one, other) = (of(one), of(other));
    let differs = |row: &usize| {
        let pixels = row * SIZE.0..(row + 1) * SIZE.0;
        one[pixels.clone()].iter().zip(&other[pixels]).any(|(a, b)| a.abs_diff(*b) > 90)
    };
    let rows: Vec<usize> = (0..SIZE.1).filter(differs).collect();
    Some((*rows.first()?, *rows.last()?))
}

fn titles(film: &Film) -> Vec<Value> {
    let overlays = film.timeline()["tracks"]["overlays"].clone();
    let overlays = overlays.as_array().expect("overlays").clone();
    overlays.into_iter().filter(|overlay| overlay["content"]["type"] == "title").collect()
}

#[test]
fn a_title_is_there_from_the_first_frame_for_two_and_a_half_seconds() {
    let render = |extra: &str| {
        let workspace = Workspace::new();
        workspace.plain_picture("ground.png", (540, 960), GROUND);
        let film = workspace.render(&brief(extra));
        (workspace, film)
    };
    let (_with, with) = render("title: Still warm at nine\n");
    let (_without, without) = render("");
    // The safe area begins at 15 % of the height; captions are at 55 to 65 %.
    for frame in [0, 30, 60] {
        let (top, bottom) = rows(&with, &without, frame).expect("a title is drawn");
        assert!(top >= 72 && bottom < 200, "frame {frame}: rows {top} to {bottom}");
    }
    assert_eq!(rows(&with, &without, 80), None, "the title stays");
    assert_eq!(with.findings(), [""; 0]);
}

#[test]
fn a_title_goes_where_it_covers_no_label() {
    let workspace = Workspace::new();
    workspace.drawn_picture("ground.png", (540, 960), |u, v| {
        let (x, y) = (u * 540.0, v * 960.0);
        let in_row = (150.0..176.0).contains(&y) || (196.0..222.0).contains(&y);
        let is_letter = (130.0..430.0).contains(&x) && x % 18.0 < 9.0;
        if in_row && is_letter { [20, 20, 24] } else { [200, 196, 190] }
    });
    let film = workspace.render(&brief("title: Still warm at nine\n"));
    let title = titles(&film).remove(0);
    assert_ne!(title["position"], "top", "{title}");
    // Captions of the first scene are in another part of the frame.
    let cue = &film.timeline()["tracks"]["captions"][0];
    let zone = cue["zone"].as_str().unwrap_or("lower");
    let meets = [("center", "middle"), ("bottom", "lower")];
    assert!(
        !meets.contains(&(title["position"].as_str().expect("a place"), zone)),
        "{title} {cue}"
    );
    let plan = workspace.pytoon(&["plan", "brief.yaml"]).ok().stdout;
    assert!(plan.contains("Still warm at nine (") && !plan.contains("nine (top)"), "{plan}");
}

#[test]
fn an_end_card_stands_over_the_last_seconds_and_captions_move_away() {
    let workspace = Workspace::new();
    workspace.plain_picture("ground.png", (540, 960), GROUND);
    workspace.transparent_png("logo.png", 64, [240, 60, 40]);
    let film = workspace.render(&brief(
        "end_card: {call_to_action: Order your first loaf, address: mill.example, logo: true}\n\
         brand: {logo: {path: logo.png}}\n",
    ));
    let timeline = film.timeline();
    let (total, card) =
        (timeline["totalFrames"].as_i64().expect("a count"), titles(&film).remove(0));
    assert_eq!(card["endFrame"], json!(total));
    assert_eq!(card["startFrame"], json!(total - 75));
    assert_eq!(card["content"]["detail"], "mill.example");
    let overlays = timeline["tracks"]["overlays"].as_array().expect("overlays");
    let logos = overlays.iter().filter(|overlay| overlay["content"]["type"] == "image");
    assert_eq!(logos.filter(|logo| logo["position"] == "center").count(), 1, "{overlays:?}");
    assert_ne!(card["position"], "center", "{card}");
    let watermark = overlays.iter().find(|overlay| overlay["position"] == "top_right");
    assert!(watermark.is_none_or(|logo| logo["endFrame"] == card["startFrame"]), "{overlays:?}");
    assert_eq!(film.findings(), [""; 0]);
}

#[test]
fn cards_that_cannot_be_read_or_made_are_refused() {
    let workspace = Workspace::new();
    let refuse = |lines: &str, parts: &[&str]| {
        workspace.refuse(&format!("script: Tea.\n{lines}"), 2, parts);
    };
    let long = "w".repeat(61);
    refuse(&format!("title: {long}\n"), &["brief.yaml:2:", "`title`", "61 columns", "60"]);
    refuse("title: \"  \"\n", &["brief.yaml:2:", "`title`", "empty"]);
    refuse("end_card: {}\n", &["brief.yaml:2:", "`end_card`", "call_to_action"]);
    refuse("end_card: {logo: true}\n", &["`end_card.logo`", "no logo", "brand.logo"]);
}
