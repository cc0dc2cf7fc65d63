//! Tests that the readings match a table of 120 phrases, which was written before the code.

use pytoon_core::text::words;
use pytoon_normalize::{Pronunciations, join_spoken, normalize};
use std::collections::BTreeMap;

/// Minimum number of lines of the table whose reading must match.
const MIN_AGREEING: usize = 120;

struct Line {
    group: String,
    language: String,
    written: String,
    spoken: String,
}

/// Parses one line of the table: a flow mapping with plain and double-quoted scalars.
fn line(text: &str) -> Option<Line> {
    let mut rest = text.strip_prefix("- {")?.trim_end().strip_suffix('}')?;
    let mut fields: BTreeMap<String, String> = BTreeMap::new();
    while !rest.is_empty() {
        let (name, after) = rest.split_once(": ")?;
        let (value, after) = scalar(after)?;
        fields.insert(name.to_owned(), value);
        rest = after.trim_start_matches([',', ' ']);
    }
    let language = fields.remove("language").unwrap_or_else(|| "en".to_owned());
    Some(Line {
        group: fields.remove("group")?,
        language,
        written: fields.remove("written")?,
        spoken: fields.remove("spoken")?,
    })
}

fn scalar(text: &str) -> Option<(String, &str)> {
    let Some(quoted) = text.strip_prefix('"') else {
        let end = text.find(',').unwrap_or(text.len());
        return Some((text[..end].to_owned(), &text[end..]));
    };
    let mut value = String::new();
    let mut chars = quoted.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return Some((value, &quoted[at + 1..])),
            '\\' => value.push(chars.next()?.1),
            _ => value.push(c),
        }
    }
    None
}

/// Returns the text in lower case without punctuation, with spaces for hyphens and single spaces.
fn comparable(text: &str) -> String {
    let text = text.to_lowercase().replace('-', " ");
    let kept: String = text.chars().filter(|c| c.is_alphanumeric() || c.is_whitespace()).collect();
    kept.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn the_table_is_read_as_people_read_it() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/readings/english.yaml");
    let text = std::fs::read_to_string(path).expect("the table");
    let lines: Vec<Line> = text.lines().filter_map(line).collect();
    assert_eq!(lines.len(), 120, "every line of the table is understood");
    let mut differing = Vec::new();
    for line in &lines {
        let spoken = join_spoken(&normalize(
            &words(&line.written),
            &line.language,
            &Pronunciations::default(),
        ));
        if comparable(&spoken.text) != comparable(&line.spoken) {
            differing.push(format!("{}: {} -> {}", line.group, line.written, spoken.text));
        }
    }
    let agreeing = lines.len() - differing.len();
    assert!(
        agreeing >= MIN_AGREEING,
        "{agreeing} of {} agree; these differ:\n{}",
        lines.len(),
        differing.join("\n")
    );
}
