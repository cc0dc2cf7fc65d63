//! Fuzzes the parsing of scripts as people paste them.
//!
//! Parsing terminates; sentences are trimmed and not empty; positions of pauses and emphasis are within their
//! sentence; every letter is in the script or comes from an HTML entity.

#![no_main]

use std::collections::HashSet;

use libfuzzer_sys::fuzz_target;
use pytoon_core::script::{self, MAX_PAUSE_MS};
use pytoon_core::text;
use unicode_normalization::UnicodeNormalization;

fuzz_target!(|script: &str| {
    let read = script::read(script);
    // An entity may produce a letter that the text does not contain. Letters are compared without their marks,
    // since a mark on the next line combines with the letter before it.
    let letters = (!script.contains('&')).then(|| script.nfd().collect::<HashSet<char>>());
    for sentence in read.beats.iter().flat_map(|beat| &beat.sentences) {
        assert_eq!(sentence.text.trim(), sentence.text);
        assert!(!sentence.text.is_empty());
        if let Some(letters) = &letters {
            let added = sentence.text.nfd().find(|c| c.is_alphanumeric() && !letters.contains(c));
            assert_eq!(added, None, "in {:?}", sentence.text);
        }
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
