//! Tests that a film is made without an API key, unless the brief accepts no degraded film.

use crate::support::tea;
use pytoon_testkit::simulator::engines_used;
use pytoon_testkit::{Film, Studio, Workspace};
use serde_json::json;

const RENDER: [&str; 4] = ["render", "brief.yaml", "--out", "out"];

#[test]
fn a_plan_says_which_keys_are_missing() {
    let workspace = Workspace::new();
    workspace.write("brief.yaml", tea(&["runway", ""], ""));
    let plan = workspace.pytoon(&["plan", "brief.yaml"]).ok().stdout;
    for key in ["RUNWAY_API_KEY", "PIKA_API_KEY", "LUMA_API_KEY"] {
        assert_eq!(plan.matches(&format!("no key: set {key}")).count(), 2, "{plan}");
    }
    assert_eq!(plan.matches("engine local").count(), 2, "{plan}");
}

#[test]
fn a_film_is_local_and_nothing_is_written_beside_it() {
    let workspace = Workspace::new();
    let film = workspace.render(&tea(&["", ""], ""));
    assert_eq!(engines_used(&film), ["local", "local"]);
    assert_eq!(film.metadata()["degraded"], false, "nobody asked for more");
    assert!(!workspace.path("storage").exists(), "a storage folder was made");
}

#[test]
fn an_engine_that_was_asked_for_by_name_and_has_no_key_degrades_the_film() {
    let workspace = Workspace::new();
    let receipt = workspace.render(&tea(&["runway", ""], "")).metadata();
    assert_eq!(receipt["degraded"], true);
    let scene = &receipt["scenes"][0];
    assert_eq!((&scene["engineAsked"], &scene["engineUsed"]), (&json!("runway"), &json!("local")));
    assert_eq!(scene["fallbackUsed"], true);
    assert!(scene["reason"].as_str().is_some_and(|r| r.contains("RUNWAY_API_KEY")), "{scene}");
}

#[test]
fn a_brief_may_rather_have_no_film() {
    let workspace = Workspace::new();
    let brief = tea(&["", ""], "engine_override: runway\non_degrade: fail\n");
    workspace.try_render(&brief).expect_failure(1, &["runway", "RUNWAY_API_KEY"]);
    assert!(!workspace.path("out/output.mp4").exists(), "there is a film");
}

#[test]
fn a_held_job_is_finished_once_there_is_a_key() {
    let studio = Studio::new(&json!({}), &json!({"default_chain": ["local"]}));
    let brief = tea(&["runway", ""], "on_degrade: hold\n");
    studio.workspace.try_render(&brief).expect_failure(3, &["RUNWAY_API_KEY"]);
    assert!(!studio.workspace.path("out/output.mp4").exists(), "there is a film");
    studio.pytoon(&["resume", "out"]).ok();
    let film = Film::open(&studio.workspace.path("out"));
    assert_eq!(engines_used(&film), ["runway", "local"]);
    assert_eq!(film.metadata()["degraded"], false);
    assert_eq!(studio.simulator.accepted_count("runway"), 1);
}

#[test]
fn a_held_job_is_finished_once_its_engines_work() {
    let down = json!({"rules": [{"step": "submit", "fault": "unavailable"}]});
    let studio = Studio::new(&down, &json!({}));
    studio.workspace.write("brief.yaml", tea(&["runway", "pika"], "on_degrade: hold\n"));
    studio.pytoon(&RENDER).expect_failure(3, &["scene_01", "scene_02"]);
    studio.pytoon(&["resume", "out"]).expect_failure(3, &["scene_01"]);
    studio.simulator.becomes(&json!({}));
    studio.pytoon(&["resume", "out"]).ok();
    assert_eq!(engines_used(&Film::open(&studio.workspace.path("out"))), ["runway", "pika"]);
    assert_eq!(studio.simulator.total_accepted(), 2);
}

#[test]
fn a_scene_of_a_held_job_that_was_bought_is_not_bought_again() {
    let down = json!({"rules": [{"vendor": "fal", "step": "submit", "fault": "unavailable"}]});
    let settings = json!({"default_chain": ["local"]});
    let studio = Studio::new(&down, &settings);
    studio.workspace.write("brief.yaml", tea(&["runway", "pika"], "on_degrade: hold\n"));
    studio
        .pytoon(&RENDER)
        .expect_failure(3, &["scene_02", "$0.24 was spent, and the purchased files are kept"]);
    studio.simulator.becomes(&json!({}));
    studio.pytoon(&["resume", "out"]).ok();
    assert_eq!(engines_used(&Film::open(&studio.workspace.path("out"))), ["runway", "pika"]);
    let accepted = |vendor| studio.simulator.accepted_count(vendor);
    assert_eq!((accepted("runway"), accepted("fal")), (1, 1));
}
