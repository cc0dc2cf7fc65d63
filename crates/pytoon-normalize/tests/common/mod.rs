//! Phrases with their readings, and their comparison.

use pytoon_core::text::words;
use pytoon_normalize::{Pronunciations, join_spoken, normalize};

/// A phrase and the text that a voice reads for it.
pub(crate) struct Reading {
    pub(crate) language: &'static str,
    pub(crate) written: &'static str,
    pub(crate) spoken: &'static str,
}

/// Reads a text without pronunciations of its own.
pub(crate) fn read(language: &str, written: &str) -> String {
    join_spoken(&normalize(&words(written), language, &Pronunciations::default())).text
}

/// Fails with every phrase that has another reading.
pub(crate) fn assert_readings(readings: &[Reading]) {
    let differing: Vec<String> = readings
        .iter()
        .map(|Reading { language, written, spoken }| (written, spoken, read(language, written)))
        .filter(|(_, spoken, got)| got != *spoken)
        .map(|(written, spoken, got)| format!("{written}: {got}, not {spoken}"))
        .collect();
    assert!(differing.is_empty(), "{} differ:\n{}", differing.len(), differing.join("\n"));
}
