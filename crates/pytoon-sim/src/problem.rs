//! Problems of a JSON body.

use serde_json::Value;

/// A problem of a body, with FastAPI's name for its kind.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Problem {
    /// The path from the body's root.
    pub(crate) path: Vec<String>,
    /// `missing`, `extra_forbidden`, `string_type`, ...
    pub(crate) kind: &'static str,
    /// The human-readable message.
    pub(crate) message: String,
    /// The value found there.
    pub(crate) input: Value,
}

impl Problem {
    pub(crate) fn new(path: &[&str], kind: &'static str, message: impl Into<String>) -> Self {
        Self {
            path: path.iter().map(|part| (*part).to_owned()).collect(),
            kind,
            message: message.into(),
            input: Value::Null,
        }
    }

    /// Formats it as `promptText: message`.
    pub(crate) fn line(&self) -> String {
        format!("{}: {}", self.path.join("."), self.message)
    }
}

/// Formats all problems on one line.
pub(crate) fn lines(problems: &[Problem]) -> String {
    problems.iter().map(Problem::line).collect::<Vec<_>>().join("; ")
}
