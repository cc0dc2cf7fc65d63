//! Tests of labels, lower thirds, list numbers, loops and sound effects in the finished film.

use pytoon_testkit::measure::{decode_audio, decode_gray_frames};
use pytoon_testkit::{Film, Workspace};
use serde_json::{Value, json};

const SIZE: (usize, usize) = (270, 480);
const GROUND: [u8; 3] = [120, 128, 134];

fn film(lines: &str) -> (Workspace, Film) {
    let workspace = Workspace::new();
    for (index, shade) in [100, 128, 156].into_iter().enumerate() {
        workspace.plain_picture(&format!("p{}.png", index + 1), (540, 960), [shade; 3]);
    }
    let film = workspace.render(&format!(
        "script: Fresh bread waits for you here. Come by before it is gone. We close at six today.\n\
         media_files: [p1.png, p2.png, p3.png]\nmusic_source: none\nprofile: test\n{lines}"
    ));
    (workspace, film)
}

fn overlays(film: &Film, kind: &str) -> Vec<Value> {
    let overlays = film.timeline()["tracks"]["overlays"].clone();
    let overlays = overlays.as_array().expect("overlays").clone();
    overlays.into_iter().filter(|overlay| overlay["content"]["type"] == kind).collect()
}

fn effects(film: &Film) -> Vec<(String, i64)> {
    let tracks = film.timeline()["tracks"]["audio"].clone();
    let track = tracks.as_array().expect("tracks").iter().find(|track| track["kind"] == "effects");
    let cues = track.map_or_else(Vec::new, |track| track["cues"].as_array().expect("cues").clone());
    let cue = |cue: &Value| {
        (cue["effect"].as_str().expect("a name").to_owned(), cue["at"].as_i64().expect("a time"))
    };
    cues.iter().map(cue).collect()
}

/// Returns the columns and rows in which dark pixels appear in a frame that another film does not have: the box of what
/// was added, as (left, top, right, bottom).
fn added(with: &[u8], without: &[u8]) -> Option<(usize, usize, usize, usize)> {
    let differs = |index: &usize| with[*index].abs_diff(without[*index]) > 40;
    let places: Vec<(usize, usize)> =
        (0..with.len()).filter(differs).map(|index| (index % SIZE.0, index / SIZE.0)).collect();
    let x = || places.iter().map(|place| place.0);
    let y = || places.iter().map(|place| place.1);
    Some((x().min()?, y().min()?, x().max()?, y().max()?))
}

#[test]
fn a_lower_third_slides_in_at_the_left_above_the_captions() {
    let lines = "voice: off\noverlays: [{text: Anna Berger, detail: Master baker, style: lower_third, \
                 animation: slide, start_seconds: 1, end_seconds: 3}]\n";
    let (_with, with) = film(lines);
    let (_without, without) = film("voice: off\n");
    let frames = |film: &Film| decode_gray_frames(&film.output(), SIZE.0, SIZE.1);
    let (with_frames, without_frames) = (frames(&with), frames(&without));
    let box_at = |frame: usize| added(&with_frames[frame], &without_frames[frame]);
    assert_eq!(box_at(28), None);
    let there = box_at(50).expect("it is drawn");
    // The safe area begins at a ninth of the width; captions are below two thirds of its height.
    assert!((28..40).contains(&there.0) && there.2 < 200, "{there:?}");
    assert!(there.1 > 130 && there.3 < 280, "{there:?}");
    let coming = box_at(31).expect("it is on its way");
    assert!(coming.0 < there.0 && coming.2 < there.2, "{coming:?} {there:?}");
    assert_eq!(box_at(92), None);
    assert_eq!(with.findings(), [""; 0]);
}

#[test]
fn a_label_pops_and_captions_keep_clear_of_it() {
    let lines = "voice: off\noverlays: [{text: New, style: label, animation: pop, position: bottom, \
                 scene: 2}]\n";
    let (_with, with) = film(lines);
    let label = overlays(&with, "label").remove(0);
    assert_eq!((&label["animation"], &label["position"]), (&json!("pop"), &json!("bottom")));
    let cues = with.timeline()["tracks"]["captions"].clone();
    let zones: Vec<(String, String)> = cues
        .as_array()
        .expect("cues")
        .iter()
        .map(|cue| {
            let zone = cue["zone"].as_str().unwrap_or("lower").to_owned();
            (cue["sceneId"].as_str().expect("a scene").to_owned(), zone)
        })
        .collect();
    let of = |scene: &str| zones.iter().any(|(own, zone)| own == scene && zone == "lower");
    assert!(!of("scene_02"), "{zones:?}");
}

#[test]
fn items_of_a_list_are_numbered_while_they_are_spoken() {
    let workspace = Workspace::new();
    workspace.plain_picture("p1.png", (540, 960), GROUND);
    let script = "script: |\n  Three things.\n\n  - Fresh flour.\n  - Cold water.\n  - A hot oven.\n\n  \
                  Come by.\n";
    let brief = format!(
        "{script}media_files: [p1.png]\nvoice: off\nmusic_source: none\nprofile: test\nchapters: true\n"
    );
    let film = workspace.render(&brief);
    let chapters = overlays(&film, "chapter");
    let numbers: Vec<&Value> = chapters.iter().map(|it| &it["content"]["number"]).collect();
    assert_eq!(numbers, [1, 2, 3]);
    let frame = |chapter: &Value, name: &str| chapter[name].as_i64().expect("a frame");
    for pair in chapters.windows(2) {
        assert_eq!(frame(&pair[0], "endFrame"), frame(&pair[1], "startFrame"));
    }
    let timeline = film.timeline();
    let start = |scene: usize| timeline["timeline"][scene]["startFrame"].as_i64().expect("a frame");
    assert_eq!(frame(&chapters[0], "startFrame"), start(1));
    let last = timeline["timeline"].as_array().expect("scenes").len() - 1;
    // The paragraph after the list is in the scene of its last items.
    let total = timeline["totalFrames"].as_i64().expect("a count");
    let end = frame(&chapters[2], "endFrame");
    assert!(start(last) < end && end < total, "{chapters:?}");
    // Blank lines between the items change no number.
    let loose = workspace
        .render(&brief.replace("flour.\n", "flour.\n\n").replace("water.\n", "water.\n\n"));
    let numbers: Vec<Value> =
        overlays(&loose, "chapter").iter().map(|it| it["content"]["number"].clone()).collect();
    assert_eq!(numbers, [1, 2, 3]);
    // A script without a list has nothing to number.
    let plain = workspace.render(
        "script: One sentence. And another.\nmedia_files: [p1.png]\nvoice: off\n\
         music_source: none\nprofile: test\nchapters: true\n",
    );
    assert_eq!(overlays(&plain, "chapter").len(), 0);
}

#[test]
fn a_film_that_loops_ends_as_it_begins() {
    let (_looped, looped) = film("voice: off\ncaptions: off\nending: loop\n");
    let (_plain, plain) = film("voice: off\ncaptions: off\n");
    let ends = |film: &Film| {
        let frames = decode_gray_frames(&film.output(), SIZE.0, SIZE.1);
        let mean =
            |frame: &[u8]| frame.iter().map(|v| f64::from(*v)).sum::<f64>() / frame.len() as f64;
        (mean(&frames[0]) - mean(&frames[frames.len() - 1])).abs()
    };
    assert!(ends(&plain) > 30.0, "{}", ends(&plain));
    assert!(ends(&looped) < 4.0, "{}", ends(&looped));
    assert_eq!(looped.timeline()["totalFrames"], plain.timeline()["totalFrames"]);
    assert_eq!(looped.findings(), [""; 0]);
}

#[test]
fn a_pop_is_heard_where_a_label_appears() {
    let label =
        "overlays: [{text: New, style: label, animation: pop, start_seconds: 2}]\nvoice: off\n";
    let (_with, with) = film(&format!("sound_effects: [pop, whoosh]\n{label}"));
    let (_without, without) = film(&format!("sound_effects: []\n{label}"));
    assert_eq!(effects(&with), [("pop".to_owned(), 2000)]);
    assert_eq!(effects(&without), []);
    let sound = decode_audio(&with.output());
    let power = |from: usize, to: usize| {
        let part = &sound[from * 96..to * 96];
        part.iter().map(|v| f64::from(*v) * f64::from(*v)).sum::<f64>() / part.len() as f64
    };
    // The only sound of the film.
    assert!(power(1990, 2060) > 100.0 * power(1500, 1900).max(1e-9), "{}", power(1990, 2060));
}

#[test]
fn effects_stay_below_the_words_they_are_heard_with() {
    let lines = "preset_id: stylized_promo\nsound_effects: [whoosh, pop, riser, click]\n\
                 overlays: [{text: New, style: label, animation: pop, start_seconds: 1}]\n";
    let (_workspace, film) = film(lines);
    let cues = effects(&film);
    assert!(cues.iter().any(|(effect, _)| effect == "pop"), "{cues:?}");
    let below = film.metadata()["loudness"]["effectsBelowWordsLu"].as_f64();
    assert!(below.is_some_and(|below| below >= 11.9), "{below:?} {cues:?}");
    assert_eq!(film.findings(), [""; 0]);
}

#[test]
fn a_preset_may_open_with_the_first_sentence_as_a_title() {
    let (_workspace, film) = film("preset_id: stylized_promo\nvoice: off\n");
    let title = overlays(&film, "title").remove(0);
    assert_eq!(title["content"]["text"], "Fresh bread waits for you here");
    assert_eq!(title["startFrame"], 0);
    let cues = film.timeline()["tracks"]["captions"].clone();
    for cue in cues.as_array().expect("cues") {
        let is_first = cue["sceneId"] == "scene_01";
        assert_eq!(cue["setAsType"].as_bool().unwrap_or(false), is_first, "{cue}");
    }
}

#[test]
fn overlays_that_cannot_be_made_are_refused() {
    let workspace = Workspace::new();
    workspace.plain_picture("p1.png", (540, 960), GROUND);
    let refuse = |lines: &str, parts: &[&str]| {
        workspace.refuse(&format!("script: Tea.\n{lines}\n"), 2, parts);
    };
    let long = "w".repeat(41);
    refuse(
        &format!("overlays: [{{text: {long}, style: label}}]"),
        &["`overlays[0].text`", "41 columns", "40"],
    );
    refuse("overlays: [{image: p1.png, style: label}]", &["`overlays[0].style`", "picture"]);
    refuse("overlays: [{text: a, detail: b}]", &["`overlays[0].detail`", "lower_third"]);
    refuse("overlays: [{text: a, animation: spin}]", &["animation", "spin", "slide"]);
    refuse("sound_effects: [boom]", &["sound_effects", "boom", "whoosh"]);
    refuse("ending: never", &["ending", "never", "loop"]);
}

#[test]
fn a_high_logo_is_made_narrower_and_the_film_says_so() {
    let workspace = Workspace::new();
    workspace.plain_picture("p1.png", (540, 960), GROUND);
    workspace.plain_picture("tower.png", (40, 400), [240, 60, 40]);
    workspace.transparent_png("logo.png", 64, [240, 60, 40]);
    let film = |logo: &str| {
        workspace.render(&format!(
            "script: Tea. Then more tea for everyone in the house.\nmedia_files: [p1.png]\nvoice: off\n\
             music_source: none\nprofile: test\nbrand: {{logo: {logo}}}\n"
        ))
    };
    let width = |film: &Film| overlays(film, "image")[0]["width"].as_f64().expect("a width");
    let usual = film("logo.png");
    let (usual_width, warnings) = (width(&usual), usual.metadata()["warnings"].to_string());
    assert!(!warnings.contains("tower"), "{warnings}");
    let high = film("tower.png");
    assert!(width(&high) < 0.5 * usual_width, "{}", width(&high));
    let warnings = high.metadata()["warnings"].to_string();
    assert!(warnings.contains("tower.png: the logo is shown at 16 %"), "{warnings}");
}

#[test]
fn a_logo_goes_to_the_corner_where_it_covers_no_label() {
    let workspace = Workspace::new();
    workspace.transparent_png("logo.png", 64, [240, 60, 40]);
    workspace.drawn_picture("p1.png", (540, 960), |u, v| {
        let (x, y) = (u * 540.0, v * 960.0);
        let in_row = (140.0..170.0).contains(&y) || (190.0..220.0).contains(&y);
        let is_letter = (300.0..480.0).contains(&x) && x % 18.0 < 9.0;
        if in_row && is_letter { [20, 20, 24] } else { [200, 196, 190] }
    });
    let corner = |extra: &str| {
        let film = workspace.render(&format!(
            "script: Tea. Then more tea for everyone in the house.\nmedia_files: [p1.png]\nvoice: off\n\
             music_source: none\nprofile: test\nbrand: {{logo: {{path: logo.png{extra}}}}}\n"
        ));
        overlays(&film, "image")[0]["position"].as_str().expect("a corner").to_owned()
    };
    assert_eq!(corner(""), "top_left");
    assert_eq!(corner(", corner: top_right"), "top_right");
}
