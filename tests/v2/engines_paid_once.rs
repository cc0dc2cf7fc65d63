//! Tests that nothing is paid for twice after a broken response, a kill, a Ctrl-C or a late clip.

use crate::support::tea;
use pytoon_testkit::program::Background;
use pytoon_testkit::simulator::engines_used;
use pytoon_testkit::{Film, Studio};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

const RENDER: [&str; 4] = ["render", "brief.yaml", "--out", "out"];

/// Renders a film whose first purchase was accepted by the vendor but got no response. Returns the studio and the id
/// of that call.
fn render_unanswered() -> (Studio, String) {
    let rule =
        json!({"vendor": "runway", "step": "submit", "fault": "drop_after_accept", "times": 1});
    let settings = json!({"default_chain": ["local"]});
    let studio = Studio::new(&json!({ "rules": [rule] }), &settings);
    let film = studio.render(&tea(&["runway", ""], ""), "first");
    assert_eq!(engines_used(&film), ["local", "local"]);
    assert_eq!(studio.events("engine_call_unknown").len(), 1);
    assert_eq!(studio.metric("pytoon_v2_engine_calls_unknown_total{engine=\"runway\"}"), 1.0);
    let rows = studio.rows(&["--unknown"]);
    assert_eq!(rows.len(), 1, "{rows:?}");
    (studio, rows[0]["id"].as_str().expect("an id").to_owned())
}

#[test]
fn a_call_without_an_answer_is_listed_and_not_made_again() {
    let (studio, id) = render_unanswered();
    let begun = Instant::now();
    let film = studio.render(&tea(&["runway", ""], ""), "second");
    assert!(begun.elapsed() < Duration::from_secs(20), "it waited: {:?}", begun.elapsed());
    assert_eq!(studio.simulator.request_count("runway", "submit"), 1, "it was posted again");
    let scene = &film.metadata()["scenes"][0];
    assert_eq!((&scene["engineUsed"], &scene["fallbackUsed"]), (&json!("local"), &json!(true)));
    assert!(scene["reason"].as_str().is_some_and(|r| r.contains(&id)), "{scene}");
    assert_eq!(studio.fallbacks(), ["runway>local: server", "runway>local: undecided"]);
    assert_eq!(studio.rows(&["--unknown"]).len(), 1);
    let shown = studio.pytoon(&["engines", "--json", "--offline"]).ok().json();
    let runway = shown.as_array().and_then(|all| all.iter().find(|e| e["engine"] == "runway"));
    assert_eq!(runway.expect("a row")["unknown"], 1);
}

#[test]
fn a_call_that_a_person_calls_lost_may_be_made_again() {
    let (studio, id) = render_unanswered();
    studio.pytoon(&["ledger", "resolve", &id, "--lost"]).ok();
    assert_eq!(studio.rows(&["--unknown"]).len(), 0);
    let film = studio.render(&tea(&["runway", ""], ""), "second");
    assert_eq!(engines_used(&film), ["runway", "local"]);
    assert_eq!(studio.simulator.request_count("runway", "submit"), 2);
    studio
        .pytoon(&["ledger", "resolve", &id, "--lost"])
        .expect_failure(2, &[&id, "nothing to decide"]);
}

#[test]
fn a_clip_that_a_person_found_is_used() {
    for by_address in [false, true] {
        let (studio, id) = render_unanswered();
        let clip = studio.workspace.clip("found.mp4", "270x480", 2.0, &[]);
        let place = if by_address {
            studio.render(&tea(&["", "pika"], "seed: 99\n"), "other");
            address_of_a_clip(&studio)
        } else {
            clip.display().to_string()
        };
        let posts = studio.simulator.request_count("runway", "submit");
        studio.pytoon(&["ledger", "resolve", &id, "--arrived", &place]).ok();
        assert_eq!(studio.rows(&["--unknown"]).len(), 0);
        let film = studio.render(&tea(&["runway", ""], ""), "second");
        assert_eq!(engines_used(&film), ["runway", "local"], "by address: {by_address}");
        assert_eq!(film.metadata()["scenes"][0]["clipReused"], true);
        assert_eq!(
            studio.simulator.request_count("runway", "submit"),
            posts,
            "it was bought again"
        );
    }
}

/// Returns the URL of the clip that was purchased from Pika. It has no signature, so it can be fetched again.
fn address_of_a_clip(studio: &Studio) -> String {
    let requests = studio.simulator.requests();
    let download = requests.iter().find(|r| r["vendor"] == "fal" && r["step"] == "download");
    let path = download.expect("a download")["path"].as_str().expect("a path").to_owned();
    format!("{}{path}", studio.simulator.url())
}

#[test]
fn a_file_that_is_no_clip_is_refused() {
    let (studio, id) = render_unanswered();
    studio.workspace.write("page.mp4", "<html>no film</html>");
    studio
        .pytoon(&["ledger", "resolve", &id, "--arrived", "page.mp4"])
        .expect_failure(1, &["clip"]);
    assert_eq!(studio.rows(&["--unknown"]).len(), 1, "it was decided all the same");
}

/// Starts a render with two tasks that take `run_ms`, and waits until the vendors have accepted them.
fn under_way(run_ms: u64) -> (Studio, Background) {
    let slow = json!({"defaults": {"queue_ms": 50, "run_ms": run_ms}});
    let studio = Studio::new(&slow, &json!({}));
    studio.workspace.write("brief.yaml", tea(&["runway", "luma"], ""));
    let mut render = Background::start(&mut studio.command(&RENDER));
    render.wait_until(|| {
        let answered = studio.events("engine_submitted").len();
        answered == 2 && studio.simulator.total_accepted() == 2
    });
    (studio, render)
}

#[test]
fn after_a_kill_the_same_command_waits_for_what_was_bought() {
    let (studio, render) = under_way(2500);
    assert_eq!(render.kill(), None);
    studio.pytoon(&RENDER).ok();
    assert_eq!(engines_used(&Film::open(&studio.workspace.path("out"))), ["runway", "luma"]);
    assert_eq!(studio.simulator.total_accepted(), 2);
    assert_eq!(studio.events("engine_resumed").len(), 2);
}

#[test]
fn after_a_kill_resume_waits_for_what_was_bought() {
    let (studio, render) = under_way(2500);
    assert_eq!(render.kill(), None);
    studio.pytoon(&["resume", "out"]).ok();
    assert_eq!(engines_used(&Film::open(&studio.workspace.path("out"))), ["runway", "luma"]);
    assert_eq!(studio.simulator.total_accepted(), 2);
    assert_eq!(studio.rows(&["--unknown"]).len(), 0);
}

#[test]
fn killed_again_and_again_a_film_still_buys_each_clip_once() {
    let (studio, render) = under_way(4000);
    assert_eq!(render.kill(), None);
    for _ in 0..2 {
        let mut render = Background::start(&mut studio.command(&RENDER));
        let resumed = studio.events("engine_resumed").len();
        render.wait_until(|| studio.events("engine_resumed").len() > resumed);
        assert_eq!(render.kill(), None);
    }
    studio.pytoon(&RENDER).ok();
    assert_eq!(studio.simulator.total_accepted(), 2);
}

#[test]
fn ctrl_c_cancels_at_the_vendor_and_leaves_no_partial_film() {
    let (studio, render) = under_way(60_000);
    let begun = Instant::now();
    assert_eq!(render.interrupt(), Some(130));
    assert!(begun.elapsed() < Duration::from_secs(20), "it took {:?}", begun.elapsed());
    let submissions = studio.simulator.submissions_to("runway");
    assert_eq!(submissions.len(), 1);
    assert_eq!(submissions[0]["cancelled"], true, "{submissions:?}");
    assert!(!studio.workspace.path("out/output.mp4").exists(), "half a film is left");
    // Luma has no cancel.
    let said: Vec<Value> =
        studio.events("engine_cancelled").iter().map(|line| line["engine"].clone()).collect();
    assert_eq!(said.len(), 2, "{said:?}");
}

#[test]
fn two_jobs_of_one_moment_share_a_clip() {
    let slow = json!({"defaults": {"queue_ms": 50, "run_ms": 1500}});
    let studio = Studio::new(&slow, &json!({}));
    studio.workspace.write("brief.yaml", tea(&["runway", "pika"], ""));
    let mut first = Background::start(&mut studio.command(&RENDER));
    first.wait_until(|| studio.simulator.total_accepted() == 2);
    studio.pytoon(&["render", "brief.yaml", "--out", "second"]).ok();
    let film = Film::open(&studio.workspace.path("second"));
    assert_eq!(engines_used(&film), ["runway", "pika"]);
    assert_eq!(studio.simulator.total_accepted(), 2);
    // The first render ends by itself; by now it is at most drawing.
    first.interrupt();
}

#[test]
fn a_clip_that_comes_late_is_adopted() {
    let rule =
        json!({"vendor": "luma-agents", "step": "submit", "fault": "delayed_clip", "value": 4000});
    let settings = json!({
        "default_chain": ["local"],
        "engines": {"luma": {"stall_seconds": 1, "timeout_seconds": 1}},
    });
    let studio = Studio::new(&json!({ "rules": [rule] }), &settings);
    let brief = tea(&["luma", ""], "");
    let film = studio.render(&brief, "first");
    assert_eq!(engines_used(&film), ["local", "local"]);
    assert_eq!(studio.fallbacks(), ["luma>local: timeout"]);
    let begun = Instant::now();
    while studio.simulator.submissions()[0]["state"] != "succeeded" {
        assert!(begun.elapsed() < Duration::from_secs(20), "it never arrives");
        std::thread::sleep(Duration::from_millis(50));
    }
    for folder in ["first", "second"] {
        let film = studio.render(&brief, folder);
        assert_eq!(engines_used(&film), ["luma", "local"], "{folder}");
        assert_eq!(film.metadata()["scenes"][0]["clipReused"], true, "{folder}");
    }
    assert_eq!(studio.simulator.total_accepted(), 1);
}

#[test]
fn a_task_that_timed_out_in_another_film_delays_no_film() {
    let rule = json!({"vendor": "luma-agents", "step": "submit", "fault": "stuck"});
    let settings = json!({
        "default_chain": ["local"],
        "engines": {"luma": {"stall_seconds": 1, "timeout_seconds": 1}},
    });
    let studio = Studio::new(&json!({ "rules": [rule] }), &settings);
    studio.render(&tea(&["luma"], ""), "first");
    let begun = Instant::now();
    let film = studio.render(&tea(&["luma"], ""), "second");
    assert!(begun.elapsed() < Duration::from_secs(20), "it waited: {:?}", begun.elapsed());
    assert_eq!(engines_used(&film), ["local"]);
    assert_eq!(studio.fallbacks(), ["luma>local: timeout", "luma>local: timeout"]);
    assert_eq!(studio.simulator.total_accepted(), 1, "it was bought again");
}

#[test]
fn a_named_engine_is_asked_although_another_drew_the_scene_before() {
    let studio = Studio::new(&json!({}), &json!({"default_chain": ["runway", "local"]}));
    let bought = |vendor: &str| studio.simulator.accepted_count(vendor);
    let film = |more: &str, out: &str| {
        let film = studio.render(&tea(&[""], more), out);
        (engines_used(&film), film.metadata()["scenes"][0].clone())
    };
    let (used, _) = film("", "first");
    assert_eq!((used, bought("runway")), (vec!["runway".to_owned()], 1));
    // Any engine's clip is acceptable, and the receipt gives the reason for Runway's.
    let (used, scene) = film("engine_override: luma\nreuse: any\n", "any");
    assert_eq!((used, bought("luma-agents")), (vec!["runway".to_owned()], 0));
    let reason = scene["reason"].as_str().expect("a reason");
    assert!(scene["clipReused"] == true && reason.contains("runway drew this clip earlier"));
    assert!(
        reason.contains(
            "luma was requested but did not draw this scene: an earlier clip of runway exists"
        ),
        "{reason}"
    );
    // A named engine delivers its clip, which is then reused.
    for out in ["named", "again"] {
        let (used, scene) = film("engine_override: luma\n", out);
        assert_eq!((used, bought("luma-agents")), (vec!["luma".to_owned()], 1), "{out}");
        assert_eq!(scene["clipReused"], out == "again");
    }
    let (used, scene) = film("engine_override: luma\nreuse: never\n", "anew");
    assert_eq!((used, bought("luma-agents")), (vec!["luma".to_owned()], 2));
    assert_eq!(scene["clipReused"], false);
    assert_eq!(bought("runway"), 1);
    // Clips that were bought for the film itself are reused, whatever the brief says.
    studio.pytoon(&["resume", "anew"]);
    assert_eq!(bought("luma-agents"), 2);
}
