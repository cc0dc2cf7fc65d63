//! Tests that speech that was paid for is stored and never paid for again.

use crate::voice_booth::{Booth, voice_brief};
use pytoon_testkit::program::{Background, run};
use serde_json::json;

const WORDS: &str = "The kettle sings in the quiet morning. A cup is warm on the table.";

#[test]
fn a_second_film_of_the_same_words_buys_nothing() {
    for name in ["elevenlabs", "openai", "google"] {
        let booth = Booth::new(&json!({}), &[name]);
        booth.render(&voice_brief(WORDS, ""), "first");
        let asked = booth.request_count(name);
        let film = booth.render(&voice_brief(WORDS, "seed: 9\n"), "second");
        assert_eq!(film.metadata()["voice"]["provider"], name);
        assert_eq!(booth.request_count(name), asked, "{name} was paid again");
        assert_eq!(film.metadata()["spendUsd"], 0.0);
        // Another speed is another take.
        booth.render(&voice_brief(WORDS, "voice: {speed: 1.1}\n"), "third");
        assert_eq!(booth.request_count(name), 2 * asked);
    }
}

#[test]
fn a_plan_buys_nothing_says_the_price_and_uses_what_is_bought() {
    let booth = Booth::new(&json!({}), &["elevenlabs", "openai"]);
    booth.workspace.write("brief.yaml", voice_brief(WORDS, ""));
    let plan = || run(&mut booth.command(None, &["plan", "brief.yaml"])).ok();
    let before = plan();
    assert_eq!(
        (booth.request_count("elevenlabs"), booth.request_count("openai"), booth.rows().len()),
        (0, 0, 0)
    );
    assert!(before.stdout.contains("voice    about $0.0"), "{}", before.stdout);
    assert!(
        before.stderr.contains("elevenlabs speaks only when the film is made"),
        "{}",
        before.stderr
    );
    booth.render(&voice_brief(WORDS, ""), "out");
    let asked = booth.request_count("elevenlabs");
    let after = plan();
    assert_eq!(booth.request_count("elevenlabs"), asked);
    assert!(!after.stdout.contains("voice    about"), "{}", after.stdout);
}

#[test]
fn one_changed_sentence_buys_one_sentence() {
    let booth = Booth::new(&json!({}), &["openai"]);
    booth.render(&voice_brief(WORDS, ""), "first");
    booth.render(&voice_brief(&WORDS.replace("warm", "hot"), ""), "second");
    assert_eq!(booth.request_count("openai"), 3);
}

#[test]
fn a_damaged_take_is_bought_again() {
    let booth = Booth::new(&json!({}), &["elevenlabs"]);
    booth.render(&voice_brief(WORDS, ""), "first");
    let takes = std::fs::read_dir(booth.workspace.path("storage/takes")).expect("takes");
    for take in takes.flatten() {
        std::fs::write(take.path(), b"{}").expect("spoilt");
    }
    booth.render(&voice_brief(WORDS, ""), "second");
    assert_eq!(booth.request_count("elevenlabs"), 2);
}

#[test]
fn what_was_bought_before_a_kill_is_used_after_it() {
    // The second sentence hangs: the program is killed while it waits.
    let rule = json!({"step": "submit", "fault": "hang", "match": "cup"});
    let booth = Booth::new(&json!({ "rules": [rule] }), &["openai"]);
    booth.configure(&json!({"openai": {"request_timeout_ms": 60000, "max_concurrent": 1}}));
    booth.workspace.write("brief.yaml", voice_brief(WORDS, ""));
    let args = ["render", "brief.yaml", "--out", "out"];
    let mut running = Background::start(&mut booth.command(None, &args));
    let takes = booth.workspace.path("storage/takes");
    running.wait_until(|| std::fs::read_dir(&takes).is_ok_and(|found| found.count() > 0));
    let in_state = |state: &str| booth.rows().iter().filter(|row| row["state"] == state).count();
    running.wait_until(|| in_state("kept") == 1 && in_state("intent") == 1);
    running.kill();
    booth.simulator.becomes(&json!({}));
    // The same job: a possible purchase is not repeated, another voice speaks.
    let film = booth.render(&voice_brief(WORDS, ""), "out");
    assert_eq!(film.metadata()["voice"]["provider"], "espeak");
    assert_eq!(booth.failures(), ["openai: undecided"]);
    // Another job buys only the missing sentence; the first is not paid for again.
    let before = booth.request_count("openai");
    let film = booth.render(&voice_brief(WORDS, ""), "another");
    assert_eq!(film.metadata()["voice"]["provider"], "openai");
    assert_eq!(booth.request_count("openai"), before + 1);
}

#[test]
fn a_budget_is_not_passed() {
    let booth = Booth::new(&json!({}), &["elevenlabs"]);
    let film = booth.render(&voice_brief(WORDS, "budget: 0.001\n"), "out");
    assert_eq!(film.metadata()["voice"]["provider"], "espeak");
    assert_eq!(booth.failures(), ["elevenlabs: budget"]);
    assert_eq!(booth.request_count("elevenlabs"), 0);
}
