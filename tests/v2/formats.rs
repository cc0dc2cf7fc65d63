//! Tests of briefs with several formats: each film as its own brief would make it, the sound of all of them, clips that
//! are paid for once, and the artifacts over the API.

use crate::support::tea;
use pytoon_testkit::measure::probe;
use pytoon_testkit::program::tool;
use pytoon_testkit::simulator::engines_used;
use pytoon_testkit::{Film, Studio, Workspace};
use serde_json::{Value, json};
use std::path::Path;

const WORDS: &str = "script: Fresh bread waits for you. Come by before it is gone.\n\
                     media_files: [wide.png, tall.png]\nmusic_source: calm\nprofile: test\n";
/// The artifacts that every film has under its own name.
const OWN: [&str; 8] = [
    "output",
    "timeline",
    "metadata",
    "thumbnail",
    "captions.srt",
    "captions.vtt",
    "captions.ass",
    "captions.json",
];

fn workspace() -> Workspace {
    let workspace = Workspace::new();
    workspace.picture("wide.png", 1600, 900);
    workspace.picture("tall.png", 900, 1600);
    workspace
}

/// Returns a file's decoded sound, as a hash.
fn sound(file: &Path) -> Vec<u8> {
    let file = file.display().to_string();
    tool("ffmpeg", ["-v", "error", "-i", &file, "-map", "0:a", "-f", "md5", "-"])
}

fn size(file: &Path) -> (Value, Value) {
    let video = probe(file).video;
    (video["width"].clone(), video["height"].clone())
}

/// Returns the names of the published files of a film in a further format.
fn files_in(film: &Film, format: &str) -> Vec<String> {
    let folder = film.output().parent().expect("a folder").to_owned();
    let names = std::fs::read_dir(folder).expect("a folder").flatten();
    let names = names.map(|entry| entry.file_name().to_string_lossy().into_owned());
    names.filter(|name| name.contains(&format!(".{format}."))).collect()
}

#[test]
fn every_film_of_a_brief_is_the_film_of_its_own_brief() {
    let workspace = workspace();
    let film = workspace.render(&format!("{WORDS}formats: [\"9:16\", \"1:1\", \"16:9\"]\n"));
    let receipt = film.metadata();
    for (format, name, width, height) in [("1:1", "1x1", 270, 270), ("16:9", "16x9", 480, 270)] {
        let output = film.path(&format!("output.{name}.mp4"));
        assert_eq!(size(&output), (json!(width), json!(height)));
        assert_eq!(sound(&output), sound(&film.output()), "{format}");
        let further = receipt["furtherOutputs"].as_array().expect("a list");
        let own = further.iter().find(|own| own["format"] == format).expect("an entry");
        assert_eq!(own["output"]["file"], json!(format!("output.{name}.mp4")));
        let own_receipt = film.json(own["receipt"].as_str().expect("a name"));
        assert_eq!(own_receipt["output"], own["output"]);
        assert_eq!(own_receipt["selfCheck"]["findings"], json!([]));
        assert_eq!(files_in(&film, name).len(), OWN.len(), "{:?}", files_in(&film, name));

        let alone = self::workspace();
        let alone = alone.render(&format!("{WORDS}format: \"{format}\"\n"));
        let bytes = |path: &Path| std::fs::read(path).expect("a file");
        assert!(bytes(&alone.output()) == bytes(&output), "{format} differs from its own brief");
        for name in ["captions.vtt", "captions.ass"] {
            let (stem, ending) = name.split_once('.').expect("a name");
            let shared = film.path(&format!("{stem}.{}.{ending}", format.replace(':', "x")));
            assert!(bytes(&alone.path(name)) == bytes(&shared), "{format}: {name}");
        }
    }
    assert_eq!(size(&film.output()), (json!(270), json!(480)));

    // The next render of the folder has one film less, whose files go; nothing else is drawn again.
    let film = workspace.render(&format!("{WORDS}formats: [\"9:16\", \"16:9\"]\n"));
    assert_eq!(files_in(&film, "1x1"), [""; 0]);
    assert_eq!(files_in(&film, "16x9").len(), OWN.len());
    assert!(
        film.has_reused("picture") && film.has_reused("sound"),
        "{}",
        film.metadata()["stages"]
    );
}

#[test]
fn a_clip_is_paid_for_once_and_shown_in_every_film() {
    let studio = Studio::new(&json!({"rules": []}), &json!({"default_chain": ["local"]}));
    let film = studio.render(&tea(&["runway", ""], "formats: [\"9:16\", \"1:1\"]\n"), "out");
    assert_eq!(engines_used(&film), ["runway", "local"]);
    assert_eq!(studio.simulator.request_count("runway", "submit"), 1);
    assert_eq!(studio.rows(&[]).len(), 1);
    for timeline in [film.timeline(), film.json("timeline.1x1.json")] {
        let sources = timeline["tracks"]["video"].as_array().expect("clips");
        let clips = sources.iter().filter(|clip| clip["source"]["type"] == "clip").count();
        assert!(clips == 1, "{}", timeline["tracks"]["video"]);
    }
    assert_eq!(film.metadata()["spendUsd"], film.json("metadata.1x1.json")["spendUsd"]);
}

#[test]
fn a_clip_for_each_format_is_bought_in_its_shape() {
    let studio = Studio::new(&json!({"rules": []}), &json!({"default_chain": ["local"]}));
    let lines = "formats: [\"9:16\", \"16:9\"]\nclips: per_format\n";
    studio.workspace.write("brief.yaml", tea(&["runway", ""], lines));
    let price = studio.pytoon(&["--json", "plan", "brief.yaml"]).ok().json()["price"].clone();
    assert_eq!(price["clips"], 2);
    let film = studio.render(&tea(&["runway", ""], lines), "out");
    let shapes: Vec<bool> = studio
        .simulator
        .submissions()
        .iter()
        .map(|it| it["job"]["width"].as_i64() > it["job"]["height"].as_i64())
        .collect();
    assert_eq!((shapes.len(), shapes.iter().filter(|wide| **wide).count()), (2, 1));
    let clip = |timeline: &Value| {
        let clips = timeline["tracks"]["video"].as_array().expect("clips").clone();
        let clip = clips.into_iter().find(|clip| clip["source"]["type"] == "clip").expect("a clip");
        (clip["source"]["asset"].clone(), clip["source"]["fit"].clone())
    };
    let (tall, wide) = (clip(&film.timeline()), clip(&film.json("timeline.16x9.json")));
    assert_ne!(tall.0, wide.0);
    // Each fills its frame.
    assert_ne!(wide.1["type"], "whole");
    let spent = film.metadata()["spendUsd"].as_f64().expect("a sum");
    assert!((spent - price["first_usd"].as_f64().expect("a price")).abs() < 1e-9, "{spent}");
    // Nothing is bought a second time.
    studio.render(&tea(&["runway", ""], &format!("{lines}seed: 0\n")), "out");
    assert_eq!(studio.simulator.submissions().len(), 2);
    assert!(studio.rows(&[]).iter().all(|row| row["state"] == "kept"));
}

#[test]
fn the_plan_shows_every_layout_and_the_price_of_one_purchase() {
    let studio = Studio::new(&json!({"rules": []}), &json!({"default_chain": ["local"]}));
    let price = |further: &str| {
        studio.workspace.write("brief.yaml", tea(&["runway", ""], further));
        let plan = studio.pytoon(&["--json", "plan", "brief.yaml"]).ok().json();
        (plan["price"].clone(), plan["furtherTimelines"].as_array().expect("a list").len())
    };
    let (one, none) = price("");
    let (several, two) = price("formats: [\"9:16\", \"1:1\", \"16:9\"]\n");
    assert_eq!((none, two), (0, 2));
    assert_eq!(one, several);
    assert_eq!(one["clips"], 1);
    let text = studio.pytoon(&["plan", "brief.yaml"]).ok().stdout;
    assert!(text.contains("format 9:16") && text.contains("\nformat 16:9\n"), "{text}");
}

#[test]
fn the_service_has_the_artifacts_of_every_format() {
    let workspace = Workspace::new();
    let service = workspace.serve();
    let brief =
        json!({"script": "Fresh bread. Come by.", "profile": "test", "formats": ["1:1", "4:5"]});
    let id = service.submit(&brief);
    let job = service.until(&id, "done");
    assert!(job["output_uri"].as_str().is_some_and(|uri| uri.ends_with("/output.mp4")));
    let further = job["further_outputs"].as_array().expect("a list");
    assert_eq!(further.len(), 1);
    assert_eq!(further[0]["format"], "4:5");
    for (uri, media_type) in [
        ("output_uri", "video/mp4"),
        ("thumbnail_uri", "image/jpeg"),
        ("receipt_uri", "application/json"),
    ] {
        let uri = further[0][uri].as_str().expect("a link");
        let answer = service.call("GET", uri, None).is(200);
        assert_eq!(answer.headers["content-type"], media_type);
        if media_type == "video/mp4" {
            workspace.write("fetched.mp4", &answer.body);
            assert_eq!(size(&workspace.path("fetched.mp4")), (json!(270), json!(338)));
        }
    }
    let artifact =
        |name: &str| service.call("GET", &format!("/api/v2/jobs/{id}/artifacts/{name}"), None);
    artifact("captions.4x5.vtt").is(200);
    for name in ["output.16x9.mp4", "mixed.4x5.wav", "output.3x4.mp4", "output.4x5.mp3"] {
        artifact(name).problem(404, "no_such_artifact", &[name]);
    }
    // A version keeps the films of all formats.
    service
        .call("GET", &format!("/api/v2/jobs/{id}/versions/1/artifacts/output.4x5.mp4"), None)
        .is(200);
}

#[test]
fn formats_that_contradict_each_other_are_refused() {
    let workspace = Workspace::new();
    let refuse = |lines: &str, parts: &[&str]| {
        workspace.refuse(&format!("script: Tea.\n{lines}"), 2, parts);
    };
    refuse("format: \"1:1\"\nformats: [\"9:16\"]\n", &["brief.yaml:3:", "`formats`", "`format`"]);
    refuse("formats: [\"9:16\", \"1:1\", \"9:16\"]\n", &["brief.yaml:2:", "9:16 is named twice"]);
    refuse("clips: per_format\n", &["brief.yaml:2:", "`clips`", "only one format"]);
    refuse("formats: [\"9:16\", \"3:4\"]\n", &["brief.yaml:2:", "3:4", "16:9"]);
}
