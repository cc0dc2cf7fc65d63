//! Tests of breakers, budgets, slots and their configuration.

use crate::support::tea;
use pytoon_testkit::program::{Background, run};
use pytoon_testkit::simulator::{KEYS, engines_used};
use pytoon_testkit::{Film, Studio};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

const RENDER: [&str; 4] = ["render", "brief.yaml", "--out", "out"];

/// Returns the row of one engine in the output of `pytoon engines`.
fn engine_row(studio: &Studio, engine: &str) -> Value {
    let all = studio.pytoon(&["engines", "--json", "--offline"]).ok().json();
    let found = all.as_array().and_then(|all| all.iter().find(|row| row["engine"] == engine));
    found.expect("a row").clone()
}

#[test]
fn a_wrong_key_keeps_every_process_away_for_long() {
    let studio = Studio::new(&json!({"keys": {"invalid": [KEYS[0].1]}}), &json!({}));
    studio.render(&tea(&["runway", ""], ""), "first");
    let opened = studio.events("engine_rotation_triggered");
    assert!(!opened.is_empty(), "no breaker opened");
    for line in &opened {
        assert_eq!((&line["engine"], &line["kind"]), (&json!("runway"), &json!("auth")));
        assert_eq!(line["cooldown_s"], 900);
        assert!(line["advice"].as_str().is_some_and(|a| a.contains(".env")), "{line}");
    }
    assert_eq!(studio.metric("pytoon_v2_engine_breaker_state{engine=\"runway\"}"), 2.0);
    let asked = studio.simulator.request_count("runway", "submit");
    let film = studio.render(&tea(&["runway", ""], "seed: 4\n"), "second");
    assert_eq!(engines_used(&film), ["pika", "pika"]);
    assert_eq!(
        studio.simulator.request_count("runway", "submit"),
        asked,
        "another process called it"
    );
    assert_eq!(studio.metric("pytoon_v2_engine_breaker_state{engine=\"runway\"}"), 2.0);
    let breaker = engine_row(&studio, "runway")["breaker"].to_string();
    assert!(breaker.contains("open for 8") && breaker.contains("auth"), "{breaker}");
    assert_eq!(engine_row(&studio, "pika")["breaker"], "closed");
    let plan = studio.pytoon(&["plan", "brief.yaml"]).ok().stdout;
    assert!(plan.contains("its circuit breaker is open after failures"), "{plan}");
}

#[test]
fn while_all_engines_cool_a_film_without_a_deadline_is_drawn_here_at_once() {
    let limited = json!({"rules": [
        {"step": "submit", "fault": "rate_limited_retry_after", "value": 600, "times": 2},
    ]});
    let studio = Studio::new(&limited, &json!({"default_chain": ["runway", "pika", "local"]}));
    studio.render(&tea(&[""], ""), "first");
    let begun = Instant::now();
    let film = studio.render(&tea(&[""], "seed: 4\n"), "second");
    assert!(begun.elapsed() < Duration::from_secs(60), "it waited: {:?}", begun.elapsed());
    assert_eq!(engines_used(&film), ["local"]);
    assert_eq!(studio.fallbacks()[2..], ["runway>pika: cooling", "pika>local: cooling"]);
    assert_eq!(studio.events("engine_waiting").len(), 0);
    assert_eq!(studio.simulator.total_accepted(), 0);
}

#[test]
fn with_a_deadline_a_cooling_engine_is_waited_for() {
    let limited = json!({"rules": [
        {"vendor": "runway", "step": "submit", "fault": "rate_limited_retry_after", "value": 2, "times": 1},
    ]});
    let studio = Studio::new(&limited, &json!({"default_chain": ["local"]}));
    let film = studio.render(&tea(&["runway"], "deadline: 20s\n"), "out");
    assert_eq!(engines_used(&film), ["runway"]);
    let waits = studio.events("engine_waiting");
    assert!(!waits.is_empty(), "nobody waited");
    assert_eq!(waits[0]["engine"], "runway");
    assert!(waits[0]["wait_ms"].as_u64().is_some_and(|ms| (500..=2100).contains(&ms)), "{waits:?}");
    assert_eq!(engine_row(&studio, "runway")["breaker"], "closed", "a success closes it");
}

#[test]
fn a_breaker_that_another_process_opened_is_waited_for_too() {
    let down = json!({"rules": [{"vendor": "runway", "step": "submit", "fault": "unavailable"}]});
    let breaker = json!({"failures": 2, "cooldown_seconds": 15, "max_cooldown_seconds": 15});
    let settings = json!({
        "default_chain": ["local"],
        "engines": {"runway": {"breaker": breaker}},
    });
    let studio = Studio::new(&down, &settings);
    assert_eq!(engines_used(&studio.render(&tea(&["runway"], ""), "first")), ["local"]);
    studio.simulator.becomes(&json!({}));
    let film = studio.render(&tea(&["runway"], "deadline: 60s\n"), "second");
    assert_eq!(engines_used(&film), ["runway"]);
    assert!(!studio.events("engine_waiting").is_empty(), "nobody waited");
}

#[test]
fn a_deadline_that_is_too_near_is_not_waited_past() {
    let limited = json!({"rules": [
        {"step": "submit", "fault": "rate_limited_retry_after", "value": 60},
    ]});
    let studio = Studio::new(&limited, &json!({"default_chain": ["local"]}));
    let begun = Instant::now();
    let film = studio.render(&tea(&["runway"], "deadline: 5s\n"), "out");
    assert_eq!(engines_used(&film), ["local"]);
    assert!(begun.elapsed() < Duration::from_secs(40), "it took {:?}", begun.elapsed());
}

#[test]
fn a_budget_is_never_passed() {
    let studio = Studio::new(&json!({}), &json!({}));
    let film = studio.render(&tea(&["runway", "runway", "runway"], "budget: 0.30\n"), "out");
    let charged = studio.simulator.total_charged();
    assert!(charged > 0.0 && charged <= 0.30 + 1e-9, "${charged} of $0.30");
    let spend = film.metadata()["spendUsd"].as_f64().expect("a sum");
    assert!((spend - charged).abs() < 1e-6, "the receipt says ${spend}, the vendors ${charged}");
    let budget = studio.fallbacks().iter().filter(|f| f.ends_with(": budget")).count();
    assert!(budget >= 2, "{:?}", studio.fallbacks());
    let local = engines_used(&film).iter().filter(|engine| *engine == "local").count();
    assert_eq!((local, film.metadata()["degraded"].clone()), (2, json!(true)));
}

#[test]
fn nothing_is_bought_of_a_film_that_its_budget_cannot_pay_for_whole() {
    let studio = Studio::new(&json!({}), &json!({"default_chain": ["local"]}));
    // Three clips of two seconds at $0.24.
    let three = ["runway", "runway", "runway"];
    for wish in ["hold", "fail"] {
        let brief = tea(&three, &format!("budget: 0.60\non_degrade: {wish}\n"));
        let run = studio.try_render(&brief, "out");
        assert_ne!(run.code, Some(0));
        let told = "the film's clips cost about $0.72, the budget is $0.60";
        assert!(run.stderr.contains(told), "{}", run.stderr);
    }
    assert_eq!(studio.simulator.accepted_count("runway"), 0);
    // A plan reports it, whatever the brief asks for.
    for (wish, then) in [("ship", "the local engine draws"), ("hold", "pytoon does not render it")]
    {
        let brief = tea(&three, &format!("budget: 0.60\non_degrade: {wish}\n"));
        studio.workspace.write("brief.yaml", brief);
        let plan = studio.pytoon(&["plan", "brief.yaml"]).ok();
        let said = format!("{}{}", plan.stdout, plan.stderr);
        assert!(said.contains("costs about $0.72, more than its budget of $0.60"), "{said}");
        assert!(said.contains(then), "{said}");
    }
    // Clips that are already paid for cost nothing.
    studio.render(&tea(&three, "budget: 0.72\non_degrade: fail\n"), "whole");
    let film = studio.render(&tea(&three, "budget: 0.10\non_degrade: fail\n"), "again");
    assert_eq!(engines_used(&film), three);
    assert_eq!(studio.simulator.accepted_count("runway"), 3);
}

#[test]
fn a_budget_is_held_against_the_engines_that_are_asked_first() {
    let studio = Studio::new(&json!({}), &json!({"default_chain": ["luma", "pika", "local"]}));
    // Each scene $0.80 at Luma, and $0.20 at Pika.
    let brief = tea(&["", ""], "budget: 0.85\non_degrade: fail\n");
    let run = studio.try_render(&brief, "out");
    assert!(
        run.stderr.contains("the film's clips cost about $1.60, the budget is $0.85"),
        "{}",
        run.stderr
    );
    assert_eq!(studio.simulator.total_accepted(), 0);
    // Two scenes with the same clip pay for it once.
    let twins = tea(&["pika", "pika"], "budget: 0.30\non_degrade: fail\n");
    let twins = twins.replace("a cup on a wooden table", "steam over a kettle");
    let film = studio.render(&twins, "twins");
    assert_eq!(engines_used(&film), ["pika", "pika"]);
    assert_eq!(studio.simulator.accepted_count("fal"), 1);
}

#[test]
fn a_voice_is_not_bought_for_a_film_that_its_budget_cannot_pay_for() {
    let studio = Studio::new(&json!({}), &json!({"default_chain": ["local"]}));
    let url = format!("{}/elevenlabs", studio.simulator.url());
    let tts = json!({"primary_provider": "elevenlabs", "elevenlabs": {"base_url": url}});
    studio.workspace.write("config/defaults.yaml", json!({ "tts": tts }).to_string());
    let render = |budget: &str, out: &str| {
        let more = format!("budget: {budget}\non_degrade: fail\n");
        let brief = tea(&["runway", "runway"], &more).replace("voice: off\n", "");
        studio.workspace.write("brief.yaml", brief);
        let mut command = studio.command(&["render", "brief.yaml", "--out", out]);
        run(command.env("ELEVENLABS_API_KEY", "elkey-5f7a9c1e3b2d4068"))
    };
    render("0.30", "out").expect_failure(2, &["the film's voice and clips cost about $0.4"]);
    assert_eq!(studio.simulator.total_accepted(), 0);
    assert_eq!(studio.simulator.request_count("elevenlabs", "submit"), 0);
    // Nor for a film whose scenes will fall back.
    studio
        .configure(&json!({"default_chain": ["local"], "engines": {"runway": {"enabled": false}}}));
    render("2.00", "off").expect_failure(1, &["scenes would fall back", "runway"]);
    assert_eq!(studio.simulator.request_count("elevenlabs", "submit"), 0);
    studio.configure(&json!({"default_chain": ["local"]}));
    render("2.00", "whole").ok();
    assert_eq!(studio.simulator.accepted_count("runway"), 2);
    assert_eq!(studio.simulator.request_count("elevenlabs", "submit"), 1);
}

#[test]
fn a_budget_of_the_day_holds_for_all_films() {
    let studio = Studio::new(&json!({}), &json!({"budget": {"per_day_usd": 0.5}}));
    for seed in 1..=3 {
        studio.render(&tea(&["runway", ""], &format!("seed: {seed}\n")), &format!("film{seed}"));
    }
    let charged = studio.simulator.total_charged();
    assert!(charged > 0.0 && charged <= 0.50 + 1e-9, "${charged} of $0.50");
}

#[test]
fn a_budget_of_a_key_holds_for_that_key_alone() {
    let settings = json!({"default_chain": ["local"], "budget": {"per_key_usd": 0.3}});
    let studio = Studio::new(&json!({}), &settings);
    let brief = |seed: u64| tea(&["runway", "pika"], &format!("seed: {seed}\n"));
    let film = studio.render(&brief(1), "first");
    assert_eq!(engines_used(&film), ["runway", "pika"]);
    let film = studio.render(&brief(2), "second");
    // Another $0.24 would pass Runway's, and another $0.20 Pika's.
    assert_eq!(engines_used(&film), ["local", "local"]);
    let mut told = studio.fallbacks();
    told.sort();
    assert_eq!(told, ["pika>local: budget", "runway>local: budget"]);
    let reason = film.metadata()["scenes"][0]["reason"].to_string();
    assert!(reason.contains("the key's budget"), "{reason}");
    studio.workspace.write("brief.yaml", brief(3));
    let mut command = studio.command(&["render", "brief.yaml", "--out", "third"]);
    run(command.env(KEYS[0].0, "rwkey-of-another-account-77")).ok();
    let film = Film::open(&studio.workspace.path("third"));
    assert_eq!(engines_used(&film), ["runway", "local"]);
    assert_eq!(
        (studio.simulator.accepted_count("runway"), studio.simulator.accepted_count("fal")),
        (2, 1)
    );
}

#[test]
fn no_more_calls_begin_in_a_minute_than_an_engine_takes() {
    let runway = json!({"requests_per_minute": 2, "timeout_seconds": 10});
    let settings = json!({"default_chain": ["local"], "engines": {"runway": runway}});
    let studio = Studio::new(&json!({}), &settings);
    let begun = Instant::now();
    let film = studio.render(&tea(&["runway", "runway", "runway"], ""), "first");
    let local = engines_used(&film).iter().filter(|engine| *engine == "local").count();
    assert_eq!((local, studio.simulator.accepted_count("runway")), (1, 2));
    assert_eq!(studio.fallbacks(), ["runway>local: cooling"]);
    // The limit holds for other processes too, and does not count as a failure of the engine.
    let film = studio.render(&tea(&["runway"], "seed: 9\n"), "second");
    assert_eq!(engines_used(&film), ["local"]);
    assert_eq!(studio.simulator.request_count("runway", "submit"), 2);
    assert_eq!(engine_row(&studio, "runway")["breaker"], "closed");
    // Its turn comes later than the maximum wait for the engine, so there is no wait at all.
    assert!(begun.elapsed() < Duration::from_secs(20), "it took {:?}", begun.elapsed());
}

#[test]
fn an_engine_that_is_switched_off_is_in_no_chain() {
    let studio = Studio::new(&json!({}), &json!({"engines": {"runway": {"enabled": false}}}));
    let film = studio.render(&tea(&["runway", ""], ""), "out");
    assert_eq!(engines_used(&film), ["pika", "pika"]);
    assert_eq!(studio.simulator.requests().iter().filter(|r| r["vendor"] == "runway").count(), 0);
    let plan = studio.pytoon(&["plan", "brief.yaml"]).ok().stdout;
    assert!(plan.contains("v2.engines.runway.enabled is false"), "{plan}");
    assert_eq!(engine_row(&studio, "runway")["enabled"], false);
}

#[test]
fn what_a_preset_prefers_is_tried_first_and_its_own_chain_after_it() {
    let rules =
        json!({"rules": [{"vendor": "luma-agents", "step": "submit", "fault": "unauthorized"}]});
    let settings = json!({"preset_engine_prefs": {"product_hero_clean": {
        "preferred_engine": "luma",
        "fallback_override": ["pika"],
    }}});
    let studio = Studio::new(&rules, &settings);
    let brief = tea(&["", "runway"], "preset_id: product_hero_clean\n");
    studio.workspace.write("brief.yaml", &brief);
    let plan = studio.pytoon(&["plan", "brief.yaml"]).ok().stdout;
    let engines: Vec<&str> = plan
        .lines()
        .filter_map(|line| line.trim().strip_prefix("engine ")?.split(' ').next())
        .collect();
    assert_eq!(engines, ["luma", "pika", "local", "runway", "luma", "pika", "local"], "{plan}");
    assert!(plan.contains("preset product_hero_clean prefers it"), "{plan}");
    let film = studio.render(&brief, "out");
    assert_eq!(engines_used(&film), ["pika", "runway"]);
    assert_eq!(studio.fallbacks(), ["luma>pika: auth"]);
}

#[test]
fn no_more_tasks_run_at_once_than_an_engine_may() {
    let slow = json!({"defaults": {"queue_ms": 50, "run_ms": 450}});
    let studio = Studio::new(&slow, &json!({"engines": {"runway": {"max_concurrent": 1}}}));
    let film = studio.render(&tea(&["runway", "runway", "runway"], ""), "out");
    assert_eq!(engines_used(&film), ["runway", "runway", "runway"]);
    let mut begun: Vec<u64> = studio
        .simulator
        .submissions()
        .iter()
        .map(|s| s["accepted_at"].as_u64().expect("a time"))
        .collect();
    begun.sort_unstable();
    assert_eq!(begun.len(), 3);
    for pair in begun.windows(2) {
        assert!(pair[1] - pair[0] >= 500, "two ran at once: {begun:?}");
    }
}

#[test]
fn a_signal_has_engine_yaml_read_again_while_a_film_waits() {
    let slow = json!({
        "defaults": {"queue_ms": 50, "run_ms": 2500},
        "rules": [{"vendor": "runway", "step": "submit", "fault": "failed"}],
    });
    let studio = Studio::new(&slow, &json!({}));
    let runway = json!({"max_concurrent": 1, "backoff": {"attempts": 1}});
    studio.configure(&json!({"engines": {"runway": runway, "pika": {"max_concurrent": 71}}}));
    let file = studio.workspace.path("config/engine.yaml");
    let before = std::fs::read_to_string(&file).expect("readable");
    let changed_at = std::fs::metadata(&file).and_then(|m| m.modified()).expect("a time");
    // The same size and the same time: only an explicit reload detects the change.
    let edit = |from: &str, to: &str| {
        let text = before.replace(from, to);
        assert!(text != before && text.len() == before.len(), "{from}");
        std::fs::write(&file, text).expect("written");
        let file = std::fs::File::options().write(true).open(&file).expect("opens");
        file.set_modified(changed_at).expect("its time is set");
    };
    studio.workspace.write("brief.yaml", tea(&["runway", "runway", "runway"], ""));
    let mut render = Background::start(&mut studio.command(&RENDER));
    render.wait_until(|| studio.simulator.accepted_count("runway") >= 1);
    edit("\"max_concurrent\": 71", "\"max_concurent\": 711");
    std::thread::sleep(Duration::from_millis(600));
    assert_eq!(studio.events("engine_config_refused").len(), 0, "it was read without a signal");
    render.hang_up();
    render.wait_until(|| !studio.events("engine_config_refused").is_empty());
    let reason = studio.events("engine_config_refused")[0]["reason"].to_string();
    assert!(reason.contains("max_concurent") && reason.contains("engine.yaml:"), "{reason}");
    edit("\"max_concurrent\": 71", "\"enabled\": false    ");
    render.hang_up();
    render.wait_until(|| !studio.events("engine_config_reloaded").is_empty());
    assert_eq!(render.end(), Some(0), "it goes on to a film");
    let film = Film::open(&studio.workspace.path("out"));
    assert_eq!(engines_used(&film), ["luma", "luma", "luma"]);
    assert_eq!(studio.simulator.accepted_count("fal"), 0, "Pika was switched off");
}

#[test]
fn an_edit_of_engine_yaml_is_refused_or_taken_up_while_a_film_waits() {
    let slow = json!({
        "defaults": {"queue_ms": 50, "run_ms": 2500},
        "rules": [{"vendor": "runway", "step": "submit", "fault": "failed"}],
    });
    let runway = json!({"max_concurrent": 1, "backoff": {"attempts": 1}});
    let settings = |pika: bool| json!({"engines": {"runway": runway, "pika": {"enabled": pika}}});
    let studio = Studio::new(&slow, &settings(true));
    studio.workspace.write("brief.yaml", tea(&["runway", "runway", "runway"], ""));
    let mut render = Background::start(&mut studio.command(&RENDER));
    render.wait_until(|| studio.simulator.accepted_count("runway") >= 1);
    studio
        .workspace
        .write("config/engine.yaml", "v2:\n  engines:\n    runway:\n      enabld: true\n");
    render.wait_until(|| !studio.events("engine_config_refused").is_empty());
    let refused = studio.events("engine_config_refused");
    let reason = refused[0]["reason"].as_str().expect("a reason");
    assert!(reason.contains("engine.yaml:4") && reason.contains("enabld"), "{reason}");
    studio.configure(&settings(false));
    render.wait_until(|| !studio.events("engine_config_reloaded").is_empty());
    render.wait_until(|| studio.simulator.accepted_count("luma-agents") >= 1);
    assert_eq!(studio.simulator.accepted_count("fal"), 0, "Pika was switched off");
    // It continues to a film.
    let film = studio.workspace.path("out/output.mp4");
    let begun = Instant::now();
    while !film.is_file() {
        assert!(begun.elapsed() < Duration::from_secs(60), "no film came of it");
        std::thread::sleep(Duration::from_millis(50));
    }
    assert_eq!(studio.events("engine_config_refused").len(), 1, "it is told once");
    assert_eq!(engines_used(&Film::open(&studio.workspace.path("out"))), ["luma", "luma", "luma"]);
}
