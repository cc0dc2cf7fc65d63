//! Every provider passes the suite; and the registry, the configuration and the fixtures know the
//! same providers.

use super::{Row, Subject, run};
use pytoon_config::tts::TtsProviderName;
use pytoon_core::ledger::EngineStore;
use pytoon_store::SqliteStore;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio::runtime::Runtime;

/// The name of servers, which have no fixed one.
const SERVERS: &str = "openai_compatible";

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/voices")
}

fn open_store(runtime: &Runtime, folder: &Path) -> Result<Arc<dyn EngineStore>, String> {
    let opened = runtime.block_on(SqliteStore::open(&folder.join("ledger.db")));
    opened.map(|store| Arc::new(store) as _).map_err(|error| error.to_string())
}

/// Every provider that there is, by the registry.
fn known() -> BTreeSet<String> {
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

#[test]
fn conformance_of_every_service() {
    for provider in ["elevenlabs", "openai", "google"] {
        passes(provider);
    }
}

#[test]
fn conformance_of_speech_servers() {
    passes(SERVERS);
}

#[test]
fn conformance_of_programs() {
    for provider in ["espeak", "flite"] {
        passes(provider);
    }
}

#[test]
fn conformance_of_voices_that_are_files() {
    for provider in ["neural", "piper"] {
        passes(provider);
    }
}

#[test]
fn registry_configuration_and_fixtures_know_the_same_voices() {
    let folders: BTreeSet<String> = std::fs::read_dir(fixtures())
        .expect("fixtures")
        .map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned())
        .collect();
    assert_eq!(folders, known(), "fixtures/voices and TtsProviderName::ALL differ");
    let blocks = serde_json::to_value(super::settings(|_| {}).expect("built in")).expect("JSON");
    for name in known() {
        assert!(blocks[&name].is_object(), "defaults.yaml has no tts.{name}");
    }
}
