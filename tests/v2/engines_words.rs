//! What leaves this machine: prompts that may, pictures that may, and never a key.

use crate::support::tea;
use pytoon_testkit::Studio;
use pytoon_testkit::simulator::{KEYS, engines_used};
use serde_json::{Value, json};
use std::path::Path;

fn prompts(submissions: &[Value]) -> Vec<String> {
    let prompt = |s: &Value| s["prompt"].as_str().expect("a prompt").to_owned();
    submissions.iter().map(prompt).collect()
}

/// Every file below a folder.
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
    for needed in ["worker.log", "pytoon.db", "metrics.txt", "engines.json"] {
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
    assert_eq!(studio.simulator.accepted_in_all(), 2, "it was bought again");
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
    assert_eq!((heard.len(), studio.simulator.accepted("runway")), (2, 2), "{heard:?}");
    assert_eq!(studio.fallbacks(), ["runway>local: moderation", "runway>local: moderation"]);
}

#[test]
fn a_picture_of_the_customers_is_handed_over_only_where_an_engine_is_named() {
    let studio = Studio::new(&json!({}), &json!({}));
    studio.workspace.picture("cup.jpg", 400, 700);
    let brief = tea(&[""], "media_files: [cup.jpg]\n");
    studio.render(&brief, "shown");
    assert_eq!(studio.simulator.accepted_in_all(), 0);
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
