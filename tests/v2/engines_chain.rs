//! Tests a film with three engines and three scenes: the engine of each scene, the costs, and the records.

use crate::support::tea;
use pytoon_testkit::simulator::engines_used;
use pytoon_testkit::{Film, Studio, Workspace};
use serde_json::{Value, json};

const ENGINES: [&str; 6] = ["local", "runway", "pika", "luma", "pexels", "pixabay"];

fn scene(receipt: &Value, number: usize) -> &Value {
    &receipt["scenes"][number - 1]
}

#[test]
fn three_engines_draw_three_scenes() {
    let studio = Studio::new(&json!({}), &json!({}));
    let film = studio.render(&tea(&["runway", "pika", "luma"], ""), "out");
    assert_eq!(engines_used(&film), ["runway", "pika", "luma"]);
    for (vendor, count) in [("runway", 1), ("fal", 1), ("luma-agents", 1), ("acme", 0)] {
        assert_eq!(studio.simulator.accepted_count(vendor), count, "{vendor}");
    }
    let receipt = film.metadata();
    assert_eq!(receipt["degraded"], false);
    for (number, engine) in ["runway", "pika", "luma"].into_iter().enumerate() {
        let scene = scene(&receipt, number + 1);
        assert_eq!((&scene["engineAsked"], &scene["engineUsed"]), (&json!(engine), &json!(engine)));
        assert_eq!((&scene["fallbackUsed"], &scene["clipReused"]), (&json!(false), &json!(false)));
        let attempts = scene["attempts"].as_array().expect("attempts");
        assert_eq!(attempts.len(), 1, "{scene}");
        assert_eq!(
            (&attempts[0]["engine"], &attempts[0]["result"]),
            (&json!(engine), &json!("success"))
        );
    }
    let spend = receipt["spendUsd"].as_f64().expect("a sum");
    let rows = studio.rows(&[]);
    assert_eq!(rows.len(), 3, "{rows:?}");
    assert!(rows.iter().all(|row| row["state"] == "kept"), "{rows:?}");
    // Two of Runway's seconds at $0.12, five of Pika's at $0.04, five of Luma's at $0.16.
    assert!((spend - (0.24 + 0.20 + 0.80)).abs() < 1e-6, "{spend}");
}

#[test]
fn log_and_metrics_record_every_attempt() {
    let studio = Studio::new(&json!({}), &json!({}));
    studio.render(&tea(&["runway", "pika", "luma"], ""), "out");
    assert_eq!(studio.fallbacks(), Vec::<String>::new());
    for event in ["engine_submitted", "engine_invocation"] {
        let mut engines: Vec<String> = studio
            .events(event)
            .iter()
            .map(|line| line["engine"].as_str().expect("a name").to_owned())
            .collect();
        engines.sort();
        assert_eq!(engines, ["luma", "pika", "runway"], "{event}");
    }
    for engine in ["runway", "pika", "luma"] {
        let name = |what: &str| format!("pytoon_v2_engine_{what}");
        let label = format!("engine=\"{engine}\"");
        let invocations = name("invocations_total");
        assert_eq!(studio.metric(&format!("{invocations}{{{label},result=\"success\"}}")), 1.0);
        assert_eq!(studio.metric(&format!("{invocations}{{{label},result=\"failure\"}}")), 0.0);
        let times = format!("pytoon_v2_scene_render_seconds_count{{{label}}}");
        assert_eq!(studio.metric(&times), 1.0);
        assert!(studio.metric(&format!("{}{{{label}}}", name("spend_usd"))) > 0.1, "{engine}");
    }
}

#[test]
fn all_label_sets_stand_at_zero_without_a_key_too() {
    let workspace = Workspace::new();
    workspace.write("brief.yaml", tea(&["", ""], ""));
    let args = ["render", "brief.yaml", "--out", "out", "--metrics-out", "metrics.txt"];
    workspace.pytoon(&args).ok();
    let text = std::fs::read_to_string(workspace.path("metrics.txt")).expect("metrics");
    let zero = |line: String| assert!(text.contains(&format!("{line} 0\n")), "{line}\n{text}");
    for from in ENGINES {
        for to in ENGINES.into_iter().filter(|to| *to != from) {
            let labels = format!("from_engine=\"{from}\",to_engine=\"{to}\"");
            zero(format!("pytoon_v2_engine_fallbacks_total{{{labels}}}"));
        }
        for result in ["success", "failure", "moderation", "timeout"] {
            let labels = format!("engine=\"{from}\",result=\"{result}\"");
            zero(format!("pytoon_v2_engine_invocations_total{{{labels}}}"));
        }
        zero(format!("pytoon_v2_engine_breaker_state{{engine=\"{from}\"}}"));
        zero(format!("pytoon_v2_engine_spend_usd{{engine=\"{from}\"}}"));
        zero(format!("pytoon_v2_engine_calls_unknown_total{{engine=\"{from}\"}}"));
    }
    zero("pytoon_v2_moderation_rephrases_total".to_owned());
    for source in ["blocklist", "competitor", "service", "engine"] {
        zero(format!("pytoon_v2_moderation_flags_total{{source=\"{source}\"}}"));
    }
}

#[test]
fn a_second_film_of_the_same_brief_buys_nothing() {
    let studio = Studio::new(&json!({}), &json!({}));
    let brief = tea(&["runway", "pika", "luma"], "");
    studio.render(&brief, "first");
    let charged = studio.simulator.total_charged();
    let film = studio.render(&brief, "second");
    assert_eq!(engines_used(&film), ["runway", "pika", "luma"]);
    assert_eq!((studio.simulator.total_accepted(), studio.simulator.total_charged()), (3, charged));
    let receipt = film.metadata();
    for number in 1..=3 {
        assert_eq!(scene(&receipt, number)["clipReused"], true);
    }
    assert_eq!(receipt["spendUsd"], 0.0, "nothing was bought for this film");
}

#[test]
fn another_seed_asks_for_other_clips() {
    let studio = Studio::new(&json!({}), &json!({}));
    studio.render(&tea(&["runway", "pika"], "seed: 5\n"), "first");
    studio.render(&tea(&["runway", "pika"], "seed: 6\n"), "second");
    assert_eq!(studio.simulator.total_accepted(), 4);
    let film = Film::open(&studio.workspace.path("second"));
    assert_eq!(scene(&film.metadata(), 1)["clipReused"], false);
}
