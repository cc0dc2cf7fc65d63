//! Phrases with their readings, and the comparison of actual readings with them.

use pytoon_core::text::words;
use pytoon_normalize::{Pronunciations, join_spoken, normalize};

/// A phrase and the text that a voice should speak for it.
pub(crate) struct Reading {
    pub(crate) language: &'static str,
    pub(crate) written: &'static str,
    pub(crate) spoken: &'static str,
}

/// Returns the spoken form of a text without custom pronunciations.
pub(crate) fn read(language: &str, written: &str) -> String {
    join_spoken(&normalize(&words(written), language, &Pronunciations::default())).text
}

/// Fails with a list of all phrases whose reading differs.
pub(crate) fn assert_readings(readings: &[Reading]) {
    let differing: Vec<String> = readings
        .iter()
        .map(|Reading { language, written, spoken }| (written, spoken, read(language, written)))
        .filter(|(_, spoken, got)| got != *spoken)
        .map(|(written, spoken, got)| format!("{written}: {got}, not {spoken}"))
        .collect();
    assert!(differing.is_empty(), "{} differ:\n{}", differing.len(), differing.join("\n"));
}
