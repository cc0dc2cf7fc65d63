//! Tests that every preset, background and transition can be drawn.

use crate::support::quick;
use pytoon_testkit::{Film, Workspace};

const BACKGROUNDS: [&str; 8] =
    ["mesh", "aurora", "bokeh_leak", "paper", "swiss", "particles", "blobs", "halftone"];
const LOOKS: [&str; 8] =
    ["classic", "karaoke", "pop", "bold", "boxed", "single", "typewriter", "minimal"];
const JOINS: [&str; 7] =
    ["cut", "crossfade", "fade_black", "swipe_left", "swipe_right", "dissolve", "zoom"];

/// Renders a silent film with one short scene for each entry of `changes`, which contains fields of the scene in the
/// brief.
fn scenes(changes: &[String]) -> (Workspace, Film) {
    let workspace = Workspace::new();
    workspace.picture("a.jpg", 300, 300);
    let mut brief = String::from("voice: off\nmusic_source: none\nprofile: test\nscript: |\n");
    for index in 0..changes.len() {
        brief.push_str(&format!("  <SHOT {}>\n  Scene of words.\n", index + 1));
    }
    brief.push_str("scenes:\n");
    for (index, change) in changes.iter().enumerate() {
        brief.push_str(&format!("  - {{scene: {}, {change}}}\n", index + 1));
    }
    let film = workspace.render(&brief);
    (workspace, film)
}

#[test]
fn every_background_is_drawn() {
    let (_workspace, film) = scenes(&BACKGROUNDS.map(|kind| format!("background: {kind}")));
    let timeline = film.timeline();
    for (clip, kind) in
        timeline["tracks"]["video"].as_array().expect("clips").iter().zip(BACKGROUNDS)
    {
        assert_eq!(clip["source"]["kind"], kind);
    }
    assert_eq!(film.findings(), Vec::<String>::new());
}

#[test]
fn every_join_is_drawn() {
    let mut changes = vec!["media: a.jpg".to_owned()];
    changes.extend(JOINS.map(|kind| format!("transition: {kind}")));
    let (_workspace, film) = scenes(&changes);
    let timeline = film.timeline();
    let clips = timeline["tracks"]["video"].as_array().expect("clips");
    let joins: Vec<&str> =
        clips.iter().filter_map(|clip| clip["transitionIn"]["kind"].as_str()).collect();
    assert_eq!(joins, JOINS[1..]);
    assert_eq!(film.findings(), Vec::<String>::new());
}

#[test]
fn every_preset_renders() {
    let list = Workspace::new().pytoon(&["presets", "--json"]).ok().json();
    let presets = list.as_array().expect("a list");
    assert!(presets.len() >= 10);
    for look in LOOKS {
        let used = presets.iter().any(|preset| preset["preset"]["captions"]["look"] == look);
        assert!(used, "no preset has the captions {look}");
    }
    for preset in presets {
        let name = preset["name"].as_str().expect("a name");
        let workspace = Workspace::new();
        workspace.picture("a.jpg", 300, 200);
        let film = workspace.render(&quick(&format!("preset_id: {name}\nmedia_files: [a.jpg]\n")));
        assert_eq!(film.metadata()["asked"]["presetId"], name);
        assert_eq!(film.findings(), Vec::<String>::new(), "{name}");
    }
}

#[test]
fn every_caption_look_is_drawn() {
    for look in LOOKS {
        let film = Workspace::new().render(&quick(&format!("captions: {{look: {look}}}\n")));
        assert_eq!(film.findings(), Vec::<String>::new(), "{look}");
    }
}

#[test]
fn the_profile_for_masters_is_known() {
    let workspace = Workspace::new();
    workspace.write("brief.yaml", quick("").replace("profile: test", "profile: master"));
    let plan = workspace.pytoon(&["plan", "brief.yaml", "--json"]).ok().json();
    assert_eq!(plan["timeline"]["profile"]["video"]["crf"], 17);
}
