//! Briefs, as YAML and as JSON.
//!
//! A brief that was read and written as JSON reads the same; a refusal names a place of the text.

#![no_main]

mod common;

use libfuzzer_sys::fuzz_target;
use pytoon_config::read_brief;
use std::path::PathBuf;

fuzz_target!(|text: &str| {
    match read_brief("brief", text, PathBuf::new()) {
        Ok(file) => {
            let written = serde_json::to_string(&file.brief).expect("a brief is plain data");
            let again = read_brief("written", &written, PathBuf::new()).expect("was read before");
            assert_eq!(again.brief, file.brief);
        }
        Err(error) => common::check_place(&error, text),
    }
});
