//! Checks a JSON body field by field, as the vendors' own validators do.
//!
//! Guarantees: every field that was not checked is reported as unknown, unless a table of the vendor's types has
//! already done so; all problems are reported, not only the first. The vendor's module formats them.

use crate::contract::Schema;
use crate::problem::Problem;
use serde_json::{Map, Value};
use std::ops::RangeInclusive;

/// The presence of a field in a valid body: required or optional.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Need {
    Required,
    Optional,
}

pub(crate) use Need::{Optional, Required};

/// The unit in which a vendor counts the length of a text.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Units {
    Utf16,
    Chars,
    Bytes,
}

impl Units {
    fn count(self, text: &str) -> usize {
        match self {
            Self::Utf16 => text.encode_utf16().count(),
            Self::Chars => text.chars().count(),
            Self::Bytes => text.len(),
        }
    }
}

/// Checks the fields of one JSON object and collects the problems.
#[derive(Debug)]
pub(crate) struct Check<'a> {
    fields: &'a Map<String, Value>,
    path: Vec<String>,
    known: Vec<String>,
    /// True if the vendor's types have already rejected unknown fields.
    is_typed: bool,
    problems: Vec<Problem>,
}

impl<'a> Check<'a> {
    /// Starts the check of a body for which no package declares types.
    pub(crate) fn new(body: &'a Value) -> Result<Self, Vec<Problem>> {
        let Some(fields) = body.as_object() else {
            return Err(vec![Problem::new(&[], "dict_type", "the body should be an object")]);
        };
        let (path, known, problems) = Default::default();
        Ok(Self { fields, path, known, is_typed: false, problems })
    }

    /// Starts the check of a body if the vendor's types allow it, and otherwise returns the problems. The caller then
    /// checks the limits of the values.
    pub(crate) fn with_types(body: &'a Value, types: &Schema) -> Result<Self, Vec<Problem>> {
        let problems = types.problems(body);
        if !problems.is_empty() {
            return Err(problems);
        }
        Ok(Self { is_typed: true, ..Self::new(body)? })
    }

    /// Reports a further problem of a field.
    pub(crate) fn report(&mut self, name: &str, kind: &'static str, message: impl Into<String>) {
        let mut path = self.path.clone();
        path.push(name.to_owned());
        let input = self.fields.get(name).cloned().unwrap_or(Value::Null);
        self.problems.push(Problem { path, kind, message: message.into(), input });
    }

    /// Returns a field of any type; `None` if it is absent. Reports a missing required field. An explicit
    /// null is treated as absent if the field is optional.
    pub(crate) fn any(&mut self, name: &str, need: Need) -> Option<&'a Value> {
        self.known.push(name.to_owned());
        let value = self.fields.get(name).filter(|value| need == Required || !value.is_null());
        if value.is_none() && need == Required {
            self.report(name, "missing", "Field required");
        }
        value
    }

    fn of_type<T>(
        &mut self,
        name: &str,
        need: Need,
        (kind, what): (&'static str, &str),
        take: impl FnOnce(&'a Value) -> Option<T>,
    ) -> Option<T> {
        let value = self.any(name, need)?;
        let taken = take(value);
        if taken.is_none() {
            self.report(name, kind, format!("Input should be a valid {what}"));
        }
        taken
    }

    /// Returns a text field; `None` if it is absent or not a text. Reports a wrong type or length. A text of the
    /// wrong length is still returned.
    pub(crate) fn text(
        &mut self,
        name: &str,
        need: Need,
        length: RangeInclusive<usize>,
        units: Units,
    ) -> Option<&'a str> {
        let text = self.of_type(name, need, ("string_type", "string"), Value::as_str)?;
        let count = units.count(text);
        if count < *length.start() {
            let message = format!("String should have at least {} characters", length.start());
            self.report(name, "string_too_short", message);
        } else if count > *length.end() {
            let message = format!("String should have at most {} characters", length.end());
            self.report(name, "string_too_long", message);
        }
        Some(text)
    }

    /// Returns a text field that must be one of `words`; `None` if it is absent or invalid. Reports any other value.
    pub(crate) fn one_of(&mut self, name: &str, need: Need, words: &[&str]) -> Option<&'a str> {
        let word = self.of_type(name, need, ("string_type", "string"), Value::as_str)?;
        if words.contains(&word) {
            return Some(word);
        }
        self.report(name, "literal_error", format!("Input should be one of {}", words.join(", ")));
        None
    }

    /// Returns an optional text field; `None` if it is absent or not a text. Reports nothing, since a table of the
    /// vendor's types has already checked the value.
    pub(crate) fn word(&mut self, name: &str) -> Option<&'a str> {
        self.any(name, Optional)?.as_str()
    }

    /// Returns an integer field; `None` if it is absent or invalid. Reports a wrong type or a value out of range.
    pub(crate) fn integer(
        &mut self,
        name: &str,
        need: Need,
        range: RangeInclusive<i64>,
    ) -> Option<i64> {
        let number = self.of_type(name, need, ("int_type", "integer"), Value::as_i64)?;
        if range.contains(&number) {
            return Some(number);
        }
        let message = format!("Input should be in {}..{}", range.start(), range.end());
        self.report(name, "out_of_range", message);
        None
    }

    /// Returns a number field; `None` if it is absent or invalid. Reports a wrong type or a value out of range.
    pub(crate) fn number(
        &mut self,
        name: &str,
        need: Need,
        range: RangeInclusive<f64>,
    ) -> Option<f64> {
        let number = self.of_type(name, need, ("float_type", "number"), Value::as_f64)?;
        if range.contains(&number) {
            return Some(number);
        }
        let message = format!("Input should be in {}..{}", range.start(), range.end());
        self.report(name, "out_of_range", message);
        None
    }

    /// Returns an optional boolean field; `None` if it is absent or invalid. Reports a wrong type.
    pub(crate) fn boolean(&mut self, name: &str) -> Option<bool> {
        self.of_type(name, Optional, ("bool_type", "boolean"), Value::as_bool)
    }

    /// Returns a list field; `None` if it is absent or invalid. Reports a wrong type or length.
    pub(crate) fn list(
        &mut self,
        name: &str,
        need: Need,
        length: RangeInclusive<usize>,
    ) -> Option<&'a Vec<Value>> {
        let list = self.of_type(name, need, ("list_type", "list"), Value::as_array)?;
        if length.contains(&list.len()) {
            return Some(list);
        }
        let message = format!("List should have {}..{} items", length.start(), length.end());
        self.report(name, "list_length", message);
        None
    }

    /// Applies `check` to an object field and returns its result. Reports a wrong type.
    pub(crate) fn object<T>(
        &mut self,
        name: &str,
        need: Need,
        check: impl FnOnce(&mut Check<'a>) -> T,
    ) -> Option<T> {
        let fields = self.of_type(name, need, ("dict_type", "dictionary"), Value::as_object)?;
        let mut path = self.path.clone();
        path.push(name.to_owned());
        Some(self.check_nested(fields, path, check))
    }

    /// Applies `check` to each object of a list field and returns the results. Reports a wrong type or length
    /// of the list, and items that are not objects.
    pub(crate) fn objects<T>(
        &mut self,
        name: &str,
        need: Need,
        length: RangeInclusive<usize>,
        mut check: impl FnMut(&mut Check<'a>) -> T,
    ) -> Vec<T> {
        let mut all = Vec::new();
        for (index, item) in self.list(name, need, length).into_iter().flatten().enumerate() {
            match item.as_object() {
                Some(fields) => {
                    let mut path = self.path.clone();
                    path.extend([name.to_owned(), index.to_string()]);
                    all.push(self.check_nested(fields, path, &mut check));
                }
                None => self.report(name, "dict_type", "Items should be dictionaries"),
            }
        }
        all
    }

    fn check_nested<T>(
        &mut self,
        fields: &'a Map<String, Value>,
        path: Vec<String>,
        check: impl FnOnce(&mut Check<'a>) -> T,
    ) -> T {
        let is_typed = self.is_typed;
        let mut inner = Check { fields, path, known: Vec::new(), is_typed, problems: Vec::new() };
        let result = check(&mut inner);
        self.problems.extend(inner.all_problems());
        result
    }

    fn all_problems(mut self) -> Vec<Problem> {
        let is_unknown = |name: &&String| !self.is_typed && !self.known.contains(*name);
        let unknown: Vec<&String> = self.fields.keys().filter(is_unknown).collect();
        for name in unknown {
            self.report(name, "extra_forbidden", "Extra inputs are not permitted");
        }
        self.problems
    }

    /// Ends the check. Returns all problems, including unknown fields.
    pub(crate) fn finish(self) -> Result<(), Vec<Problem>> {
        let problems = self.all_problems();
        if problems.is_empty() { Ok(()) } else { Err(problems) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn every_problem_is_found_and_named() {
        let body = json!({"prompt": "hi", "seconds": "5", "inner": {"odd": 1, "size": "9:16"},
            "unknown": null});
        let mut check = Check::new(&body).unwrap();
        check.text("prompt", Required, 3..=10, Units::Chars);
        check.integer("seconds", Required, 1..=10);
        check.object("inner", Required, |inner| {
            inner.one_of("size", Required, &["1:1"]);
        });
        check.boolean("loop");
        check.any("missing", Required);
        let problems = check.finish().unwrap_err();
        let found: Vec<(String, &str)> =
            problems.iter().map(|problem| (problem.path.join("."), problem.kind)).collect();
        assert_eq!(
            found,
            [
                ("prompt".to_owned(), "string_too_short"),
                ("seconds".to_owned(), "int_type"),
                ("inner.size".to_owned(), "literal_error"),
                ("inner.odd".to_owned(), "extra_forbidden"),
                ("missing".to_owned(), "missing"),
                ("unknown".to_owned(), "extra_forbidden"),
            ]
        );
    }

    #[test]
    fn length_is_counted_in_the_vendors_units() {
        assert_eq!(Units::Utf16.count("a\u{1f98a}"), 3);
        assert_eq!(Units::Chars.count("a\u{1f98a}"), 2);
        assert_eq!(Units::Bytes.count("a\u{1f98a}"), 5);
    }
}
