//! Tests that every provider passes the suite, and that the table, the configuration and the fixtures list the same
//! providers.

use super::{Row, Subject, run};
use pytoon_config::tts::TtsProviderName;
use pytoon_records::ledger::PurchaseStore;
use pytoon_store::SqliteStore;
use pytoon_vocabulary::Ms;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio::runtime::Runtime;

/// The name used for servers, which have no fixed name of their own.
const SERVERS: &str = "openai_compatible";

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/voices")
}

fn open_store(runtime: &Runtime, folder: &Path) -> Result<Arc<dyn PurchaseStore>, String> {
    let opened = runtime.block_on(SqliteStore::open(&folder.join("ledger.db")));
    opened.map(|store| Arc::new(store) as _).map_err(|error| error.to_string())
}

/// Returns every provider in the table of providers, and the name used for servers.
fn known_providers() -> BTreeSet<String> {
    let built_in = TtsProviderName::ALL.into_iter().map(|provider| provider.as_str().to_owned());
    built_in.chain([SERVERS.to_owned()]).collect()
}

#[track_caller]
fn passes(provider: &str) {
    let folder = tempfile::tempdir().expect("a folder");
    let fixtures = fixtures().join(provider);
    let subject = Subject { provider, fixtures, open_store: &open_store };
    let rows = run(&subject, folder.path()).expect("the suite runs");
    print(provider, &rows);
    let failures: Vec<String> = rows
        .iter()
        .filter_map(|row| row.outcome.as_ref().err().map(|why| format!("{}: {why}", row.check)))
        .collect();
    assert!(failures.is_empty(), "{provider}\n{}", failures.join("\n"));
}

#[expect(clippy::print_stdout, reason = "the table is for whoever asks with --nocapture")]
fn print(provider: &str, rows: &[Row]) {
    println!("| {provider} | |\n| --- | --- |");
    for row in rows {
        println!("| {} | {} |", row.check, row.outcome.as_deref().unwrap_or("FAILED"));
    }
}

/// Runs the suite for every provider whose fixtures are of the given kind.
#[track_caller]
fn every(kind: &str) {
    let is_of_kind = |provider: &String| {
        let path = fixtures().join(provider).join("provider.json");
        let text = std::fs::read_to_string(&path).unwrap_or_else(|error| {
            panic!("{}: {error}: every provider has fixtures", path.display())
        });
        let fixture: serde_json::Value = serde_json::from_str(&text).expect("JSON");
        fixture["kind"] == kind
    };
    let providers: Vec<String> = known_providers().into_iter().filter(is_of_kind).collect();
    assert!(!providers.is_empty(), "no provider is of the kind {kind}");
    for provider in providers {
        passes(&provider);
    }
}

#[test]
fn conformance_of_services_and_servers() {
    every("remote");
}

#[test]
fn conformance_of_programs() {
    every("program");
}

#[test]
fn conformance_of_voices_that_are_files() {
    every("files");
}

#[test]
fn the_suite_finds_what_is_wrong() {
    let folder = tempfile::tempdir().expect("a folder");
    let own = folder.path().join("fixtures");
    std::fs::create_dir(&own).expect("a folder");
    for entry in std::fs::read_dir(fixtures().join("openai")).expect("fixtures") {
        let entry = entry.expect("an entry");
        std::fs::copy(entry.path(), own.join(entry.file_name())).expect("copied");
    }
    let spoil = |file: &str, from: &str, to: &str| {
        let text = std::fs::read_to_string(own.join(file)).expect(file);
        assert!(text.contains(from), "{file} lacks {from}");
        std::fs::write(own.join(file), text.replace(from, to)).expect("written");
    };
    spoil("provider.json", "authorization: Bearer", "x-api-key:");
    spoil("provider.json", "GET /v1/models", "POST /v1/audio/speech");
    spoil("auth.json", "401", "500");
    spoil("quota.json", "\"insufficient_quota\"", "\"rate_limit_exceeded\"");
    spoil("moderation.json", "400", "200");
    let subject = Subject { provider: "openai", fixtures: own, open_store: &open_store };
    let scratch = folder.path().join("scratch");
    let rows = run(&subject, &scratch).expect("the suite runs");
    let failed: Vec<&str> =
        rows.iter().filter(|row| row.outcome.is_err()).map(|row| row.check.as_str()).collect();
    assert_eq!(failed, ["success", "health 401", "auth", "quota", "moderation"]);
}

#[test]
fn silence_is_no_speech() {
    let words = pytoon_core::text::words(super::TEXT);
    let mut words = crate::alignment::even_split::spread_over_speech(
        &words,
        &[pytoon_core::time::MsRange::new(Ms::ZERO, Ms::new(2_000))],
    );
    let sentence = |words: &[_], samples| crate::tts::SpokenSentence {
        words: words.to_vec(),
        samples,
        needs_alignment: false,
    };
    let silence = vec![0.0; 96_000];
    let tone: Vec<f32> = (0..96_000).map(|n| (n as f32 * 0.05).sin() * 0.3).collect();
    assert_eq!(super::check_speech(&[sentence(&words, tone.clone())]), Ok(()));
    assert!(super::check_speech(&[sentence(&words, silence)]).is_err());
    assert!(super::check_speech(&[]).is_err());
    words.pop();
    assert!(super::check_speech(&[sentence(&words, tone)]).is_err());
}

#[test]
fn table_configuration_and_fixtures_know_the_same_voices() {
    let folders: BTreeSet<String> = std::fs::read_dir(fixtures())
        .expect("fixtures")
        .map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned())
        .collect();
    assert_eq!(folders, known_providers(), "fixtures/voices and TtsProviderName::ALL differ");
    let blocks = serde_json::to_value(super::settings(|_| {}).expect("built in")).expect("JSON");
    for name in known_providers() {
        assert!(blocks[&name].is_object(), "defaults.yaml has no tts.{name}");
    }
}
