//! Loads a brief from a file or from a text.

use crate::document::{Document, MAX_BYTES};
use crate::strict::{self, ConfigError};
use pytoon_core::brief::{Brief, FieldProblem};
use std::path::{Path, PathBuf};

/// A brief together with its source text, which error messages refer to.
#[derive(Debug, Clone)]
pub struct BriefFile {
    /// The parsed brief.
    pub brief: Brief,
    /// The name of the brief's file, as the user wrote it.
    pub name: String,
    /// The folder to which the brief's paths are relative.
    pub base: PathBuf,
    document: Document,
}

impl BriefFile {
    /// Replaces the brief. Errors still refer to the original text.
    #[must_use]
    pub fn with_brief(self, brief: Brief) -> Self {
        Self { brief, ..self }
    }

    /// Creates an error at a field of the brief, with its line.
    pub fn error(&self, field: &str, reason: impl Into<String>) -> ConfigError {
        ConfigError::field(&self.name, &self.document, field, reason)
    }

    /// Creates the error for a problem that `pytoon-core` detected, with its line.
    pub fn problem(&self, problem: &FieldProblem) -> ConfigError {
        self.error(&problem.field, problem.reason.clone())
    }

    /// Resolves a path in the brief relative to `base`.
    pub fn resolve(&self, path: &str) -> PathBuf {
        self.base.join(path)
    }
}

/// Loads and checks a brief from a file. Its paths are relative to the file's folder.
pub fn load_brief(path: &Path) -> Result<BriefFile, ConfigError> {
    let name = path.display().to_string();
    let metadata = std::fs::metadata(path)
        .map_err(|error| ConfigError::file(&name, format!("the brief cannot be read: {error}")))?;
    if metadata.is_dir() {
        return Err(ConfigError::file(&name, "this is a folder; name the brief's file"));
    }
    if metadata.len() > MAX_BYTES as u64 {
        return Err(ConfigError::file(
            &name,
            format!(
                "the file has {} bytes, and a brief has at most {MAX_BYTES}: shorten it",
                metadata.len()
            ),
        ));
    }
    let bytes = std::fs::read(path)
        .map_err(|error| ConfigError::file(&name, format!("the brief cannot be read: {error}")))?;
    let text = String::from_utf8(bytes).map_err(|_| {
        ConfigError::file(&name, "this is not a text file: a brief is YAML or JSON in UTF-8")
    })?;
    let base = path.parent().map(Path::to_owned).unwrap_or_default();
    read_brief(&name, &text, base)
}

/// Parses and checks the text of a brief. Its paths are relative to `base`.
///
/// ```
/// use std::path::PathBuf;
///
/// let wrong = "script: We bake at dawn.\ncaptions:\n  look: karaok\n";
/// let error = pytoon_config::read_brief("brief.yaml", wrong, PathBuf::new()).expect_err("a slip");
/// assert!(error.to_string().starts_with("brief.yaml:3:3: `captions.look`"));
/// assert_eq!(error.suggestion.as_deref(), Some("karaoke"));
/// ```
pub fn read_brief(name: &str, text: &str, base: PathBuf) -> Result<BriefFile, ConfigError> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let document = strict::parse(name, text)?;
    if !document.value.is_object() {
        return Err(ConfigError::file(
            name,
            "the brief is not a mapping of fields: begin it with a field such as `prompt: …` or \
             `script: …`",
        ));
    }
    let brief: Brief = strict::read(name, &document, &document.value)?;
    let file = BriefFile { brief, name: name.to_owned(), base, document };
    match file.brief.problem() {
        Some(problem) => Err(file.problem(&problem)),
        None => Ok(file),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_brief_is_read_and_its_problems_are_placed() {
        let read = |text: &str| read_brief("b.yaml", text, PathBuf::new());
        assert_eq!(read("script: Hello there.\nseed: 3\n").expect("reads").brief.seed, Some(3));
        let error =
            read("prompt: x\ntarget_duration_seconds: 90\n").expect_err("refused").to_string();
        assert!(
            error.starts_with("b.yaml:2:1: `target_duration_seconds`: 90 is not between"),
            "{error}"
        );
        let error = read("").expect_err("refused").to_string();
        assert!(error.contains("the brief is empty"), "{error}");
        let error = read("- a\n").expect_err("refused").to_string();
        assert!(error.contains("a mapping of fields"), "{error}");
    }
}
