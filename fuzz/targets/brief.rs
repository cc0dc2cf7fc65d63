//! Fuzzes the parsing of briefs, in YAML and in JSON.
//!
//! A brief that is written as JSON and parsed again is unchanged; a rejection names a position in the text; JSON is
//! parsed as JSON.

#![no_main]

mod common;

use libfuzzer_sys::fuzz_target;
use pytoon_config::document::Document;
use pytoon_config::read_brief;
use serde_json::Value;
use std::path::PathBuf;

/// Parts of the messages with which valid JSON may be rejected: Pytoon's own, and the YAML parser's for a key longer
/// than 1024 characters.
const OURS: [&str; 4] = ["twice", "too deeply", "more than the", "simple key"];

/// Collects the strings and field names in a value, in order. Numbers are left out, since they have several forms.
fn texts(value: &Value, all: &mut Vec<String>) {
    match value {
        Value::String(text) => all.push(text.clone()),
        Value::Array(items) => items.iter().for_each(|item| texts(item, all)),
        Value::Object(fields) => fields.iter().for_each(|(name, value)| {
            all.push(name.clone());
            texts(value, all);
        }),
        _ => {}
    }
}

fn check_json(text: &str) {
    if !text.trim_start().starts_with('{') {
        return;
    }
    let Ok(expected) = serde_json::from_str::<Value>(text) else { return };
    match Document::parse(text) {
        Ok(document) => {
            let (mut ours, mut theirs) = (Vec::new(), Vec::new());
            texts(&document.value, &mut ours);
            texts(&expected, &mut theirs);
            assert_eq!(ours, theirs, "JSON is read as something else");
        }
        Err(error) => {
            let is_ours = OURS.iter().any(|own| error.reason.contains(own));
            assert!(is_ours, "JSON is refused: {error:?}");
        }
    }
}

fuzz_target!(|text: &str| {
    check_json(text);
    match read_brief("brief", text, PathBuf::new()) {
        Ok(file) => {
            let written = serde_json::to_string(&file.brief).expect("a brief is plain data");
            let again = read_brief("written", &written, PathBuf::new()).expect("was read before");
            assert_eq!(again.brief, file.brief);
        }
        Err(error) => common::check_place(&error, text),
    }
});
