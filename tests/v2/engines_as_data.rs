//! Tests of engines that are described only by data, and of stock footage.

use crate::support::{guides_engine, tea};
use pytoon_testkit::Studio;
use pytoon_testkit::program::run;
use pytoon_testkit::simulator::engines_used;
use serde_json::json;
use std::process::Command;
use std::time::{Duration, Instant};

const ACME_KEY: (&str, &str) = ("ACME_API_KEY", "ackey-77f0b2c49d1e6a35");

/// Returns the example of `engine.yaml` from the guide, with the simulator's URL.
fn acme(studio: &Studio) -> String {
    guides_engine(&format!("{}/acme\n      poll_interval_ms: 40", studio.simulator.url()))
}

fn with_key(studio: &Studio, args: &[&str]) -> Command {
    let mut command = studio.workspace.command(&["--log-dir", "logs"]);
    command.args(args).env(ACME_KEY.0, ACME_KEY.1);
    command
}

#[test]
fn the_engine_of_the_guide_draws_a_scene() {
    let studio = Studio::new(&json!({}), &json!({}));
    studio.workspace.write("config/engine.yaml", acme(&studio));
    studio.workspace.write("brief.yaml", tea(&["acme", ""], ""));
    run(&mut with_key(&studio, &["render", "brief.yaml", "--out", "out"])).ok();
    let film = pytoon_testkit::Film::open(&studio.workspace.path("out"));
    assert_eq!(engines_used(&film), ["acme", "local"]);
    let heard = studio.simulator.submissions_to("acme");
    assert_eq!(heard.len(), 1);
    assert!(heard[0]["prompt"].as_str().is_some_and(|p| p.contains("kettle")), "{heard:?}");
    // The vendor can report the outcome of a call whose answer was lost.
    assert!(heard[0]["job"]["echo"].is_string(), "{heard:?}");
}

#[test]
fn a_call_of_the_guides_engine_without_an_answer_is_looked_up() {
    let rule = json!({"vendor": "acme", "step": "submit", "fault": "drop_after_accept"});
    let studio = Studio::new(&json!({ "rules": [rule] }), &json!({}));
    studio.workspace.write("config/engine.yaml", acme(&studio));
    studio.workspace.write("brief.yaml", tea(&["acme", ""], ""));
    run(&mut with_key(&studio, &["render", "brief.yaml", "--out", "out"])).ok();
    let film = pytoon_testkit::Film::open(&studio.workspace.path("out"));
    assert_eq!(engines_used(&film), ["acme", "local"]);
    assert_eq!(studio.simulator.accepted_count("acme"), 1);
    assert_eq!(studio.rows(&["--unknown"]).len(), 0);
}

#[test]
fn a_call_that_is_taken_on_after_we_hung_up_is_not_made_twice() {
    let rule =
        json!({"vendor": "acme", "step": "submit", "fault": "hang", "value": 2500, "times": 1});
    let studio = Studio::new(&json!({ "rules": [rule] }), &json!({}));
    let impatient = acme(&studio)
        .replace("poll_interval_ms: 40", "poll_interval_ms: 40\n      request_timeout_ms: 700");
    studio.workspace.write("config/engine.yaml", format!("{impatient}  default_chain: [local]\n"));
    studio.workspace.write("brief.yaml", tea(&["acme", ""], ""));
    run(&mut with_key(&studio, &["render", "brief.yaml", "--out", "first"])).ok();
    // Its list did not contain the call yet, which proved nothing.
    let first = pytoon_testkit::Film::open(&studio.workspace.path("first"));
    assert_eq!(engines_used(&first), ["local", "local"]);
    assert_eq!(studio.rows(&["--unknown"]).len(), 1);
    let begun = Instant::now();
    while studio.simulator.accepted_count("acme") == 0 {
        assert!(begun.elapsed() < Duration::from_secs(20), "it is never taken on");
        std::thread::sleep(Duration::from_millis(50));
    }
    run(&mut with_key(&studio, &["render", "brief.yaml", "--out", "second"])).ok();
    let second = pytoon_testkit::Film::open(&studio.workspace.path("second"));
    assert_eq!(engines_used(&second), ["acme", "local"]);
    assert_eq!(studio.simulator.accepted_count("acme"), 1, "it was bought twice");
    assert_eq!(studio.rows(&["--unknown"]).len(), 0);
}

#[test]
fn a_call_that_a_list_lacks_is_made_again_only_once_the_list_has_settled() {
    let rule =
        json!({"vendor": "acme", "step": "submit", "fault": "drop_before_accept", "times": 1});
    let studio = Studio::new(&json!({ "rules": [rule] }), &json!({}));
    let settles = |seconds: u32| {
        let text =
            acme(&studio).replace("id: /id}", &format!("id: /id, settles_seconds: {seconds}}}"));
        format!("{text}  default_chain: [local]\n")
    };
    studio.workspace.write("config/engine.yaml", settles(3));
    studio.workspace.write("brief.yaml", tea(&["acme", ""], ""));
    let render = |out: &str| {
        run(&mut with_key(&studio, &["render", "brief.yaml", "--out", out])).ok();
        engines_used(&pytoon_testkit::Film::open(&studio.workspace.path(out)))
    };
    assert_eq!(render("first"), ["local", "local"]);
    assert_eq!(studio.rows(&["--unknown"]).len(), 1);
    std::thread::sleep(Duration::from_secs(3));
    assert_eq!(render("second"), ["acme", "local"]);
    assert_eq!(studio.simulator.accepted_count("acme"), 1);
    let states: Vec<_> = studio.rows(&[]).iter().map(|row| row["state"].clone()).collect();
    assert_eq!(states, ["kept", "lost"]);
}

#[test]
fn an_engine_is_checked_with_one_real_clip() {
    let studio = Studio::new(&json!({}), &json!({}));
    studio.workspace.write("config/engine.yaml", acme(&studio));
    let said = run(&mut with_key(&studio, &["engines", "check", "acme"])).ok().stdout;
    assert!(said.contains("health    ok") && said.contains("ACME_API_KEY"), "{said}");
    assert_eq!(studio.simulator.total_accepted(), 0, "a check alone buys nothing");
    let said = run(&mut with_key(&studio, &["engines", "check", "acme", "--buy"])).ok().stdout;
    assert!(said.contains("clip      ok"), "{said}");
    assert_eq!(studio.simulator.accepted_count("acme"), 1);
    // Its cost is in the ledger, and within the daily budget.
    let rows = studio.rows(&["--job", "engines-check"]);
    assert_eq!((rows.len(), rows[0]["state"].as_str()), (1, Some("kept")));
    let poor = acme(&studio) + "  budget: {per_day_usd: 0.01}\n";
    studio.workspace.write("config/engine.yaml", poor);
    let said = run(&mut with_key(&studio, &["engines", "check", "acme", "--buy"]));
    assert!(said.code == Some(1) && said.stdout.contains("budget"), "{}", said.stdout);
    assert_eq!(studio.simulator.accepted_count("acme"), 1);
}

#[test]
fn an_engine_without_its_key_or_with_a_wrong_one_fails_its_check() {
    let studio = Studio::new(&json!({"keys": {"invalid": [ACME_KEY.1]}}), &json!({}));
    studio.workspace.write("config/engine.yaml", acme(&studio));
    let run_without = studio.pytoon(&["engines", "check", "acme"]);
    assert_eq!(run_without.code, Some(1));
    assert!(run_without.stdout.contains("missing: set ACME_API_KEY"), "{}", run_without.stdout);
    let wrong = run(&mut with_key(&studio, &["engines", "check", "acme"]));
    assert_eq!(wrong.code, Some(1));
    assert!(wrong.stdout.contains("auth"), "{}", wrong.stdout);
    studio.pytoon(&["engines", "check", "acmee"]).expect_failure(2, &["acmee", "`acme`"]);
}

#[test]
fn what_a_described_engine_sells_may_depend_on_the_picture() {
    let studio = Studio::new(&json!({}), &json!({}));
    let plain = acme(&studio);
    let offers = |with_picture: &str| {
        plain
            .replace(
                "max_prompt: 1500",
                &format!("max_prompt: 1500, image: inline, {with_picture}"),
            )
            .replace("size: \"", "first_frame: \"{{image_data_uri}}\"\n            size: \"")
    };
    studio.workspace.write("config/engine.yaml", offers("with_picture: {durations_ms: [5000]}"));
    studio.workspace.picture("cup.jpg", 400, 700);
    for (more, out) in [("", "words"), ("media_files: [cup.jpg]\n", "picture")] {
        studio.workspace.write("brief.yaml", tea(&["acme"], more));
        run(&mut with_key(&studio, &["render", "brief.yaml", "--out", out])).ok();
        let film = pytoon_testkit::Film::open(&studio.workspace.path(out));
        assert_eq!(engines_used(&film), ["acme"], "{out}: {:?}", studio.fallbacks());
    }
    let bought = studio.simulator.submissions_to("acme");
    let lengths: Vec<_> = bought.iter().map(|s| s["job"]["duration_ms"].clone()).collect();
    assert_eq!(lengths, [json!(2000), json!(5000)]);
    let shown = run(&mut with_key(&studio, &["engines", "check", "acme"])).ok().stdout;
    assert!(
        shown.contains("2 to 10 s from text") && shown.contains("5 s from a picture"),
        "{shown}"
    );
    studio.workspace.write("config/engine.yaml", offers("with_picture: {ratios: [tall]}"));
    studio
        .pytoon(&["engines"])
        .expect_failure(2, &["options.capabilities.with_picture.ratios[0]", "tall"]);
}

#[test]
fn a_mistake_in_a_description_is_refused_with_its_place() {
    let studio = Studio::new(&json!({}), &json!({}));
    let good = acme(&studio);
    let line = |text: &str, part: &str| {
        text.lines().position(|line| line.contains(part)).expect("the line is there") + 1
    };
    for (right, wrong, field) in [
        ("        cancel: {path:", "        cancle: {path:", "cancle"),
        ("      key_env:", "      keyenv:", "keyenv"),
        ("id: /render/id", "id: render.id", "options.submit.id"),
        ("kind: moderation", "kind: moderatoin", "moderatoin"),
    ] {
        let bad = good.replace(right, wrong);
        assert_ne!(good, bad, "{right}");
        studio.workspace.write("config/engine.yaml", &bad);
        let place = format!("engine.yaml:{}", line(&bad, wrong.trim()));
        studio.pytoon(&["engines"]).expect_failure(2, &[&place, field]);
    }
}

#[test]
fn found_footage_is_used_and_its_maker_credited() {
    for (engine, vendor, variable) in
        [("pexels", "pexels", "PEXELS_API_KEY"), ("pixabay", "pixabay", "PIXABAY_API_KEY")]
    {
        let studio = Studio::new(&json!({}), &json!({"default_chain": [engine, "local"]}));
        studio.workspace.write("brief.yaml", tea(&["", ""], ""));
        let mut command = studio.workspace.command(&[
            "--log-dir",
            "logs",
            "render",
            "brief.yaml",
            "--out",
            "out",
        ]);
        run(command.env(variable, "stkey-8e2d4c6a0b1f3957")).ok();
        let film = pytoon_testkit::Film::open(&studio.workspace.path("out"));
        assert_eq!(engines_used(&film), [engine, engine]);
        let receipt = film.metadata();
        for scene in receipt["scenes"].as_array().expect("scenes") {
            let credit = scene["credit"].as_str().unwrap_or_default();
            assert!(credit.to_lowercase().contains(engine), "{scene}");
        }
        assert_eq!(receipt["spendUsd"], 0.0);
        assert!(studio.simulator.request_count(vendor, "search") >= 2, "{vendor}");
    }
}
