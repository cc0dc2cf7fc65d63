//! Tests of the data that leaves this machine: permitted prompts and pictures, and never an API key.

use crate::support::tea;
use pytoon_testkit::program::run;
use pytoon_testkit::simulator::{KEYS, engines_used};
use pytoon_testkit::{Film, Studio};
use serde_json::{Value, json};
use std::path::Path;

fn prompts(submissions: &[Value]) -> Vec<String> {
    let prompt = |s: &Value| s["prompt"].as_str().expect("a prompt").to_owned();
    submissions.iter().map(prompt).collect()
}

/// Returns every file below a folder.
fn files(folder: &Path) -> Vec<std::path::PathBuf> {
    let mut out = Vec::new();
    for entry in std::fs::read_dir(folder).expect("readable").flatten() {
        let path = entry.path();
        if path.is_dir() { out.extend(files(&path)) } else { out.push(path) }
    }
    out
}

#[test]
fn no_key_is_in_any_file_or_output() {
    let rules = json!({
        "keys": {"invalid": [KEYS[0].1]},
        "rules": [
            {"vendor": "fal", "step": "submit", "fault": "drop_after_accept"},
            {"vendor": "luma-agents", "step": "submit", "fault": "failed"},
        ],
    });
    let studio = Studio::new(&rules, &json!({}));
    studio.workspace.write("brief.yaml", tea(&["runway", ""], "on_degrade: hold\n"));
    let args =
        ["--verbose", "render", "brief.yaml", "--out", "out", "--metrics-out", "metrics.txt"];
    let mut said = Vec::new();
    for args in
        [&args[..], &["engines", "-v"], &["ledger", "list", "--json"], &["plan", "brief.yaml"]]
    {
        let run = studio.pytoon(args);
        said.push(run.stdout + &run.stderr);
    }
    let mut command = studio.workspace.command(&["-v", "render", "brief.yaml", "--out", "loud"]);
    let run = pytoon_testkit::program::run(command.envs(KEYS));
    said.push(run.stdout + &run.stderr);
    assert!(said.iter().all(|text| !text.is_empty()), "a command said nothing");
    let files = files(studio.workspace.root());
    for needed in ["worker.log", "pytoon.db", "metrics.txt", "scene_01.json"] {
        assert!(files.iter().any(|path| path.ends_with(needed)), "there is no {needed}");
    }
    for (variable, key) in KEYS {
        for path in &files {
            let bytes = std::fs::read(path).expect("readable");
            let found = bytes.windows(key.len()).any(|window| window == key.as_bytes());
            assert!(!found, "{variable} is in {}", path.display());
        }
        assert!(said.iter().all(|text| !text.contains(key)), "{variable} was printed");
    }
}

#[test]
fn a_blocked_word_keeps_a_prompt_from_leaving() {
    let settings = json!({"moderation": {"strictness": "strict", "blocklist": ["kettle"]}});
    let studio = Studio::new(&json!({}), &settings);
    let film = studio.render(&tea(&["runway", "runway"], ""), "out");
    assert_eq!(engines_used(&film), ["local", "runway"]);
    let heard = prompts(&studio.simulator.submissions());
    assert_eq!(heard.len(), 1);
    assert!(!heard[0].contains("kettle"), "{heard:?}");
    let flagged = studio.events("moderation_flagged");
    assert_eq!(flagged.len(), 1, "{flagged:?}");
    assert_eq!(
        (&flagged[0]["source"], &flagged[0]["action"]),
        (&json!("blocklist"), &json!("stopped"))
    );
    assert_eq!(studio.fallbacks(), ["runway>local: moderation"]);
    assert_eq!(studio.metric("pytoon_v2_moderation_flags_total{source=\"blocklist\"}"), 1.0);
}

#[test]
fn a_blocked_word_is_otherwise_taken_out() {
    let settings = json!({"moderation": {"blocklist": ["kettle"]}});
    let studio = Studio::new(&json!({}), &settings);
    let film = studio.render(&tea(&["runway"], ""), "out");
    assert_eq!(engines_used(&film), ["runway"]);
    let heard = prompts(&studio.simulator.submissions());
    assert!(heard[0].contains("steam") && !heard[0].contains("kettle"), "{heard:?}");
    assert_eq!(studio.events("moderation_flagged")[0]["action"], "removed");
}

/// Creates a studio that uses the simulator's moderation service, which fails in the given way for a prompt with a
/// kettle.
fn with_service(fault: &str) -> Studio {
    let rule = json!({"vendor": "openai", "step": "search", "fault": fault, "match": "kettle"});
    let studio = Studio::new(&json!({ "rules": [rule] }), &json!({}));
    let base_url = format!("{}/openai/v1", studio.simulator.url());
    let service = json!({"enabled": true, "base_url": base_url});
    studio.configure(&json!({"default_chain": ["local"], "moderation": {"service": service}}));
    studio.workspace.write("brief.yaml", tea(&["runway", "runway"], ""));
    studio
}

const SERVICE_KEY: (&str, &str) = ("OPENAI_API_KEY", "oakey-4b6d8f0a2c1e3957");

fn render_with_service(studio: &Studio) -> Film {
    let args = ["render", "brief.yaml", "--out", "out", "--metrics-out", "metrics.txt"];
    run(studio.command(&args).env(SERVICE_KEY.0, SERVICE_KEY.1)).ok();
    Film::open(&studio.workspace.path("out"))
}

#[test]
fn what_the_moderation_service_flags_never_leaves() {
    let studio = with_service("moderation");
    let film = render_with_service(&studio);
    assert_eq!(engines_used(&film), ["local", "runway"]);
    assert_eq!(studio.simulator.request_count("openai", "search"), 2, "each prompt is asked about");
    let heard = prompts(&studio.simulator.submissions());
    assert!(heard.len() == 1 && !heard[0].contains("kettle"), "{heard:?}");
    assert_eq!(studio.fallbacks(), ["runway>local: moderation"]);
    let flagged = studio.events("moderation_flagged");
    assert_eq!(flagged.len(), 1, "{flagged:?}");
    let said = (&flagged[0]["source"], &flagged[0]["action"], &flagged[0]["detail"]);
    assert_eq!(said, (&json!("service"), &json!("stopped"), &json!("violence")));
    assert_eq!(studio.metric("pytoon_v2_moderation_flags_total{source=\"service\"}"), 1.0);
    assert_eq!(studio.rows(&[]).len(), 1, "nothing was to be bought for it");
    let log = studio.log();
    assert!(!log.iter().any(|line| line.to_string().contains(SERVICE_KEY.1)), "its key is shown");
}

#[test]
fn a_failing_moderation_service_is_logged_and_stops_no_film() {
    for fault in ["unavailable", "unauthorized", "garbage", "drop_before_accept"] {
        let studio = with_service(fault);
        let film = render_with_service(&studio);
        assert_eq!(engines_used(&film), ["runway", "runway"], "{fault}");
        let warnings = studio.events("warning");
        let told = warnings.iter().filter(|w| w.to_string().contains("moderation service")).count();
        assert_eq!(told, 1, "{fault}: {warnings:?}");
    }
}

#[test]
fn a_moderation_service_without_its_key_is_reported() {
    let studio = with_service("moderation");
    run(&mut studio.command(&["render", "brief.yaml", "--out", "out"])).ok();
    let film = Film::open(&studio.workspace.path("out"));
    assert_eq!(engines_used(&film), ["runway", "runway"]);
    assert_eq!(studio.simulator.request_count("openai", "search"), 0);
    let warnings = studio.events("warning");
    assert!(warnings.iter().any(|w| w.to_string().contains("set OPENAI_API_KEY")), "{warnings:?}");
}

#[test]
fn a_refused_prompt_is_put_into_other_words_once() {
    let rule = json!({"vendor": "runway", "step": "submit", "fault": "moderation", "times": 1});
    let studio = Studio::new(&json!({ "rules": [rule] }), &json!({}));
    let film = studio.render(&tea(&["runway"], ""), "first");
    assert_eq!(engines_used(&film), ["runway"]);
    let heard = prompts(&studio.simulator.submissions_to("runway"));
    assert_eq!(heard.len(), 2);
    assert_ne!(heard[0], heard[1]);
    assert_eq!(studio.metric("pytoon_v2_moderation_rephrases_total"), 1.0);
    assert_eq!(studio.metric("pytoon_v2_moderation_flags_total{source=\"engine\"}"), 1.0);
    assert_eq!(studio.events("moderation_rephrased").len(), 1);
    let film = studio.render(&tea(&["runway"], ""), "second");
    assert_eq!(engines_used(&film), ["runway"]);
    assert_eq!(studio.simulator.total_accepted(), 2, "it was bought again");
}

#[test]
fn a_prompt_that_is_refused_in_all_words_is_never_sent_again() {
    let rule = json!({"vendor": "runway", "step": "submit", "fault": "moderation"});
    let settings = json!({"default_chain": ["local"]});
    let studio = Studio::new(&json!({ "rules": [rule] }), &settings);
    for folder in ["first", "second"] {
        let film = studio.render(&tea(&["runway"], ""), folder);
        assert_eq!(engines_used(&film), ["local"], "{folder}");
    }
    let mut heard = prompts(&studio.simulator.submissions());
    heard.sort();
    heard.dedup();
    assert_eq!((heard.len(), studio.simulator.accepted_count("runway")), (2, 2), "{heard:?}");
    assert_eq!(studio.fallbacks(), ["runway>local: moderation", "runway>local: moderation"]);
}

#[test]
fn a_picture_of_the_customers_is_handed_over_only_where_an_engine_is_named() {
    let studio = Studio::new(&json!({}), &json!({}));
    studio.workspace.picture("cup.jpg", 400, 700);
    let brief = tea(&[""], "media_files: [cup.jpg]\n");
    studio.render(&brief, "shown");
    assert_eq!(studio.simulator.total_accepted(), 0);
    let film = studio.render(&format!("{brief}engine_override: runway\n"), "drawn");
    assert_eq!(engines_used(&film), ["runway"]);
    assert!(to_runway(&studio).iter().any(|path| path.contains("image_to_video")));
}

fn to_runway(studio: &Studio) -> Vec<String> {
    let requests = studio.simulator.requests();
    let own = requests.iter().filter(|r| r["vendor"] == "runway");
    own.map(|r| r["path"].as_str().expect("a path").to_owned()).collect()
}

#[test]
fn in_a_brand_safe_film_a_product_stays_here_and_lies_over_what_is_drawn() {
    let studio = Studio::new(&json!({}), &json!({}));
    studio.workspace.picture("cup.jpg", 400, 700);
    let more = "media_files: [cup.jpg]\nbrand_safe: true\nengine_override: runway\n";
    let film = studio.render(&tea(&["", ""], more), "out");
    assert_eq!(engines_used(&film), ["runway", "runway"]);
    let asked = to_runway(&studio);
    assert!(asked.iter().any(|path| path.contains("text_to_video")), "{asked:?}");
    let pictures = |path: &&String| path.contains("image_to_video") || path.contains("upload");
    assert_eq!(asked.iter().filter(pictures).count(), 0, "{asked:?}");
    for prompt in prompts(&studio.simulator.submissions()) {
        assert!(prompt.contains("family friendly") && prompt.contains("no weapons"), "{prompt}");
    }
    let timeline = film.timeline();
    let overlays = timeline["tracks"]["overlays"].to_string();
    assert_eq!(overlays.matches("cup.jpg").count(), 2, "{timeline:#}");
}

#[test]
fn a_key_in_dotenv_counts_before_an_older_one_of_the_environment() {
    let (name, old) = KEYS[0];
    let studio = Studio::new(&json!({"keys": {"invalid": [old]}}), &json!({}));
    studio.workspace.write(".env", format!("{name}=rwkey-rotated-9d3b5f7a1c2e4068\n"));
    studio.workspace.write("brief.yaml", tea(&["runway"], ""));
    run(studio.command(&["render", "brief.yaml", "--out", "out"]).env(name, old)).ok();
    assert_eq!(engines_used(&Film::open(&studio.workspace.path("out"))), ["runway"]);
}
