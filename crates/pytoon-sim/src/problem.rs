//! A problem in a JSON body, and its formats.

use serde_json::Value;

/// A problem in a request body, with FastAPI's name for its type.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Problem {
    /// The path of the value from the root of the body.
    pub(crate) path: Vec<String>,
    /// The kind of problem: `missing`, `extra_forbidden`, `string_type`, and others.
    pub(crate) kind: &'static str,
    /// The human-readable message.
    pub(crate) message: String,
    /// The invalid value; null if it is missing or was not recorded.
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

    /// Formats the problem as `path: message`, with the parts of the path joined by dots.
    pub(crate) fn line(&self) -> String {
        format!("{}: {}", self.path.join("."), self.message)
    }
}

/// Formats all problems on one line.
pub(crate) fn lines(problems: &[Problem]) -> String {
    problems.iter().map(Problem::line).collect::<Vec<_>>().join("; ")
}
