//! Converts a document to a typed value, or to an error that a person can act on.

use crate::document::{Document, Place};
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::fmt;

/// An error in a file, with its position.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub struct ConfigError {
    /// The name of the file, as the user wrote it.
    pub file: String,
    /// The line and column, if known.
    pub place: Option<Place>,
    /// The path of the field; empty for the whole file.
    pub field: String,
    /// The cause of the error, in many cases with the remedy.
    pub reason: String,
    /// The valid name that is nearest to the wrong one, if one is close.
    pub suggestion: Option<String>,
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.file)?;
        if let Some(place) = self.place {
            write!(f, ":{}:{}", place.line, place.column)?;
        }
        f.write_str(": ")?;
        if !self.field.is_empty() {
            write!(f, "`{}`: ", self.field)?;
        }
        f.write_str(&self.reason)?;
        if let Some(name) = &self.suggestion {
            write!(f, " (did you mean `{name}`?)")?;
        }
        Ok(())
    }
}

impl ConfigError {
    /// Creates an error about a whole file.
    pub fn file(file: impl Into<String>, reason: impl Into<String>) -> Self {
        Self {
            file: file.into(),
            place: None,
            field: String::new(),
            reason: reason.into(),
            suggestion: None,
        }
    }

    /// Creates an error about a field of a document.
    pub fn field(file: &str, document: &Document, field: &str, reason: impl Into<String>) -> Self {
        Self {
            file: file.to_owned(),
            place: document.find_place(field),
            field: field.to_owned(),
            reason: reason.into(),
            suggestion: None,
        }
    }

    /// Adds the valid name that is nearest to the wrong one, if one is close enough.
    pub fn suggest<'a>(mut self, wrong: &str, valid: impl IntoIterator<Item = &'a str>) -> Self {
        self.suggestion = nearest(wrong, valid).map(str::to_owned);
        self
    }
}

/// Parses a YAML or JSON text. A syntax error contains its position.
pub fn parse(file: &str, text: &str) -> Result<Document, ConfigError> {
    Document::parse(text).map_err(|error| ConfigError {
        file: file.to_owned(),
        place: Some(error.place),
        field: String::new(),
        reason: format!("this cannot be read as YAML or JSON: {}", error.reason),
        suggestion: None,
    })
}

/// Deserializes a value of a document. An error contains the field and its position.
pub fn read<T: DeserializeOwned>(
    file: &str,
    document: &Document,
    value: &Value,
) -> Result<T, ConfigError> {
    serde_path_to_error::deserialize(value).map_err(|error| {
        let message = error.inner().to_string();
        let path = path_text(error.path());
        explain(file, document, path, &message)
    })
}

/// Formats a path in the form `overlays[0].width`.
fn path_text(path: &serde_path_to_error::Path) -> String {
    use serde_path_to_error::Segment;
    let mut out = String::new();
    for segment in path.iter() {
        match segment {
            Segment::Seq { index } => out.push_str(&format!("[{index}]")),
            Segment::Map { key } => {
                if !out.is_empty() {
                    out.push('.');
                }
                out.push_str(key);
            }
            Segment::Enum { .. } | Segment::Unknown => {}
        }
    }
    out
}

fn explain(file: &str, document: &Document, path: String, message: &str) -> ConfigError {
    let quoted = quoted_names(message);
    let (reason, suggestion) = if message.starts_with("unknown field") {
        let wrong = quoted.first().copied().unwrap_or_default();
        let valid = &quoted[1.min(quoted.len())..];
        let reason = if valid.is_empty() {
            "there is no such field".to_owned()
        } else {
            format!("there is no such field here; the fields are {}", list(valid))
        };
        (reason, nearest(wrong, valid.iter().copied()).map(str::to_owned))
    } else if message.starts_with("unknown variant") {
        let wrong = quoted.first().copied().unwrap_or_default();
        let valid = &quoted[1.min(quoted.len())..];
        let reason = format!("`{wrong}` is not one of {}", list(valid));
        (reason, nearest(wrong, valid.iter().copied()).map(str::to_owned))
    } else {
        (plain_words(message), None)
    };
    ConfigError {
        file: file.to_owned(),
        place: document.find_place(&path).or(Some(Place { line: 1, column: 1 })),
        field: path,
        reason,
        suggestion,
    }
}

/// Replaces Rust's type names with terms that people who write YAML know.
fn plain_words(message: &str) -> String {
    let mut text = message.to_owned();
    for (from, to) in [
        ("invalid type: ", "wrong type: this is "),
        ("invalid value: ", "wrong value: this is "),
        ("missing field ", "a field is missing: "),
        (", expected a string", "; text is expected"),
        (", expected f64", "; a number is expected"),
        (", expected u8", "; a whole number from 0 to 255 is expected"),
        (", expected u16", "; a whole number from 0 to 65535 is expected"),
        (", expected u32", "; a whole number of 0 or more is expected"),
        (", expected u64", "; a whole number of 0 or more is expected"),
        (", expected usize", "; a whole number of 0 or more is expected"),
        (", expected i64", "; a whole number is expected"),
        (", expected a boolean", "; true or false is expected"),
        (", expected a sequence", "; a list is expected"),
        (", expected a map", "; a mapping is expected"),
        (", expected struct ", "; a mapping is expected for "),
        ("this is floating point", "this is the number"),
        ("this is sequence", "this is a list"),
        ("this is map", "this is a mapping"),
        ("floating point", "number"),
        ("this is integer", "this is the whole number"),
        ("this is string", "this is the text"),
        ("this is boolean", "this is"),
    ] {
        text = text.replace(from, to);
    }
    // The rest is the name of a Rust type.
    if let Some((before, _)) = text.split_once("a mapping is expected for ") {
        return format!("{before}a mapping is expected");
    }
    text
}

fn quoted_names(message: &str) -> Vec<&str> {
    message.split('`').skip(1).step_by(2).collect()
}

fn list(names: &[&str]) -> String {
    names.iter().map(|n| format!("`{n}`")).collect::<Vec<_>>().join(", ")
}

/// Returns the valid name nearest to a wrong one; `None` if none is close enough to be a typo.
pub fn nearest<'a>(wrong: &str, valid: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let lower = wrong.to_lowercase();
    valid
        .into_iter()
        .map(|name| (distance(&lower, &name.to_lowercase()), name))
        .filter(|&(d, name)| {
            d <= (name.chars().count().max(3) / 3).max(1) + 1
                || name.contains(&lower) && lower.len() >= 3
        })
        .min_by_key(|&(d, _)| d)
        .map(|(_, name)| name)
}

/// Returns the edit distance between two words (Levenshtein, 1966).
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, ca) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, &cb) in b.iter().enumerate() {
            let substituted = diagonal + usize::from(ca != cb);
            diagonal = row[j + 1];
            row[j + 1] = substituted.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;
    use pytoon_core::brief::Brief;

    fn error(text: &str) -> String {
        let document = parse("brief.yaml", text).expect("syntax");
        read::<Brief>("brief.yaml", &document, &document.value).expect_err(text).to_string()
    }

    #[test]
    fn errors_name_file_line_field_and_the_nearest_name() {
        let text = error("prompt: x\nscrip: y\n");
        assert!(text.starts_with("brief.yaml:2:1: `scrip`: there is no such field"), "{text}");
        assert!(text.ends_with("(did you mean `script`?)"), "{text}");
        let text = error("prompt: x\nvoice:\n  sped: 1\n");
        assert!(text.starts_with("brief.yaml:3:3: `voice.sped`"), "{text}");
        assert!(text.contains("did you mean `speed`?"), "{text}");
        let text = error("prompt: x\ncaptions:\n  look: karaok\n");
        assert!(text.contains("brief.yaml:3:3: `captions.look`: `karaok` is not one of"), "{text}");
        assert!(text.contains("did you mean `karaoke`?"), "{text}");
        let text = error("prompt: 3\n");
        assert!(text.contains("text is expected"), "{text}");
        let text = error("voice: of\n");
        assert!(text.contains("`of` is neither `off`"), "{text}");
        let text = error("overlays:\n  - text: a\n    widht: 2\n");
        assert!(text.contains("`overlays[0].widht`") && text.contains("`width`?"), "{text}");
    }
}
