//! Tests that the examples of the guide match the crate's behaviour.

use crate::common::{Reading, assert_readings};

/// Parses a row such as `` | dates | `3/4/2026` (`en-GB`) | the third of April | ``.
fn row(line: &'static str) -> Option<Reading> {
    let cells: Vec<&str> = line.strip_prefix('|')?.strip_suffix('|')?.split(" | ").collect();
    let [_, written, spoken] = cells.as_slice() else { return None };
    let mut quoted = written.split('`');
    let (text, after) = (quoted.nth(1)?, quoted.next()?);
    let language = quoted.next().filter(|_| after == " (").unwrap_or("en");
    (after.is_empty() || after == " (").then_some(Reading {
        language,
        written: text,
        spoken: spoken.trim(),
    })
}

#[test]
fn the_guide_is_true() {
    let guide = include_str!("../../../../docs/guides/how-text-is-read.md");
    let examples = guide.split("## Pronunciations").next().expect("a beginning");
    let rows: Vec<Reading> = examples.lines().filter_map(row).collect();
    assert!(rows.len() >= 35, "{} rows", rows.len());
    assert_readings(&rows);
}
