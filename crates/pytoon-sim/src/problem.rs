//! Problems of a JSON body.

use serde_json::Value;

/// One thing wrong with a body, with the words FastAPI uses for the kind.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Problem {
    /// Where, from the body's root.
    pub(crate) path: Vec<String>,
    /// `missing`, `extra_forbidden`, `string_type`, ...
    pub(crate) kind: &'static str,
    /// For people.
    pub(crate) message: String,
    /// What was found there.
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

    /// `promptText: message`.
    pub(crate) fn line(&self) -> String {
        format!("{}: {}", self.path.join("."), self.message)
    }
}

/// All problems in one line each.
pub(crate) fn lines(problems: &[Problem]) -> String {
    problems.iter().map(Problem::line).collect::<Vec<_>>().join("; ")
}
