//! Validates requests and responses against the types in the vendors' own packages.
//!
//! `make check-contracts WRITE=1` writes the tables in `contracts/` from the packages, and `make check-contracts`
//! compares them. Each table names its package and version. The tables contain the subset of JSON Schema that this
//! module supports.
//!
//! Guarantees: a request is rejected for every unknown, missing or mistyped field and for every value outside
//! an enumeration; a response that the types do not allow is detected. Both apply only where a table has a
//! schema. This module leaves lengths, ranges and mutually exclusive fields, which types do not express, to
//! the vendors' modules.

use crate::problem::Problem;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::sync::LazyLock;

/// The table of a vendor's types.
#[derive(Debug, Deserialize)]
struct Table {
    package: String,
    version: String,
    requests: BTreeMap<String, Schema>,
    answers: BTreeMap<String, Schema>,
}

/// The schema of a value: the subset of JSON Schema that the tables use.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub(crate) struct Schema {
    #[serde(rename = "type")]
    types: Types,
    #[serde(rename = "enum")]
    words: Option<Vec<Value>>,
    properties: Option<BTreeMap<String, Schema>>,
    required: Vec<String>,
    items: Option<Box<Schema>>,
    /// The schema of a map's values.
    additional_properties: Option<Box<Schema>>,
    any_of: Vec<Schema>,
}

/// The names of the allowed types; `Any` if every type is allowed.
#[derive(Debug, Default, Deserialize)]
#[serde(untagged)]
enum Types {
    #[default]
    Any,
    One(String),
    Some(Vec<String>),
}

impl Types {
    fn names(&self) -> &[String] {
        match self {
            Self::Any => &[],
            Self::One(name) => std::slice::from_ref(name),
            Self::Some(names) => names,
        }
    }

    fn allow(&self, value: &Value) -> bool {
        let is = |name: &String| match name.as_str() {
            "string" => value.is_string(),
            "integer" => value.is_i64() || value.is_u64(),
            "number" => value.is_number(),
            "boolean" => value.is_boolean(),
            "array" => value.is_array(),
            "object" => value.is_object(),
            _ => value.is_null(),
        };
        self.names().is_empty() || self.names().iter().any(is)
    }
}

/// The treatment of fields that the table does not name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Unknown {
    Refused,
    Allowed,
}

type Tables = Vec<(&'static str, Result<Table, String>)>;

static TABLES: LazyLock<Tables> = LazyLock::new(|| {
    let texts = [
        ("runway", include_str!("../contracts/runway.json")),
        ("luma-agents", include_str!("../contracts/luma-agents.json")),
        ("luma-dm", include_str!("../contracts/luma-dm.json")),
        ("fal", include_str!("../contracts/fal.json")),
        ("openai", include_str!("../contracts/openai.json")),
        ("elevenlabs", include_str!("../contracts/elevenlabs.json")),
        ("google", include_str!("../contracts/google.json")),
    ];
    let read = |text| serde_json::from_str(text).map_err(|error| error.to_string());
    texts.into_iter().map(|(vendor, text)| (vendor, read(text))).collect()
});

fn table(vendor: &str) -> Option<&'static Table> {
    let (_, table) = TABLES.iter().find(|(name, _)| *name == vendor)?;
    table.as_ref().ok()
}

/// Returns the schema of a vendor's request, such as `image_to_video/gen4.5`; `None` if no table contains it.
pub(crate) fn request(vendor: &str, name: &str) -> Option<&'static Schema> {
    table(vendor)?.requests.get(name)
}

/// Returns the schema of a vendor's successful response; `None` if no table contains it.
pub(crate) fn answer(vendor: &str, op: &str) -> Option<&'static Schema> {
    table(vendor)?.answers.get(op)
}

/// Returns the packages from which the tables were written, as `vendor: package version`.
pub fn sources() -> Vec<String> {
    let named = |(vendor, table): &(&str, Result<Table, String>)| {
        let table = table.as_ref().ok()?;
        Some(format!("{vendor}: {} {}", table.package, table.version))
    };
    TABLES.iter().filter_map(named).collect()
}

impl Schema {
    /// Returns the names of an object's fields.
    pub(crate) fn fields(&self) -> impl Iterator<Item = &str> {
        self.properties.iter().flatten().map(|(name, _)| name.as_str())
    }

    /// Returns the problems of a request body. Of a union, these are the problems of the closest alternative.
    pub(crate) fn problems(&self, body: &Value) -> Vec<Problem> {
        let mut problems = Vec::new();
        self.walk(body, &mut Vec::new(), Unknown::Refused, &mut problems);
        problems
    }

    /// Returns the problems of a response, which may contain fields that the types do not declare.
    pub(crate) fn problems_of_answer(&self, body: &Value) -> Vec<Problem> {
        let mut problems = Vec::new();
        self.walk(body, &mut Vec::new(), Unknown::Allowed, &mut problems);
        problems
    }

    fn walk(
        &self,
        value: &Value,
        path: &mut Vec<String>,
        unknown: Unknown,
        problems: &mut Vec<Problem>,
    ) {
        let mut report = |path: &[String], kind: &'static str, message: String| {
            problems.push(Problem { path: path.to_vec(), kind, message, input: value.clone() });
        };
        if !self.any_of.is_empty() {
            let mut tried = Vec::new();
            for option in &self.any_of {
                let mut problems = Vec::new();
                option.walk(value, path, unknown, &mut problems);
                tried.push(problems);
            }
            // Report the problems of the closest option.
            let tried = tried.into_iter();
            if let Some(fewest) = tried.min_by_key(|problems| distance(problems, path.len())) {
                problems.extend(fewest);
            }
            return;
        }
        if let Some(words) = &self.words
            && !words.contains(value)
        {
            let words: Vec<String> = words.iter().map(Value::to_string).collect();
            let message = format!("Input should be one of {}", words.join(", "));
            return report(path, "literal_error", message);
        }
        if !self.types.allow(value) {
            let (kind, what) = kind(self.types.names());
            return report(path, kind, format!("Input should be a valid {what}"));
        }
        if let (Value::Array(items), Some(schema)) = (value, &self.items) {
            for (index, item) in items.iter().enumerate() {
                path.push(index.to_string());
                schema.walk(item, path, unknown, problems);
                path.pop();
            }
        }
        if let Value::Object(fields) = value {
            self.walk_fields(fields, path, unknown, problems);
        }
    }

    fn walk_fields(
        &self,
        fields: &Map<String, Value>,
        path: &mut Vec<String>,
        unknown: Unknown,
        problems: &mut Vec<Problem>,
    ) {
        for name in self.required.iter().filter(|name| !fields.contains_key(*name)) {
            path.push(name.clone());
            let parts: Vec<&str> = path.iter().map(String::as_str).collect();
            problems.push(Problem::new(&parts, "missing", "Field required"));
            path.pop();
        }
        for (name, value) in fields {
            path.push(name.clone());
            let known = self.properties.as_ref().and_then(|properties| properties.get(name));
            match known.or(self.additional_properties.as_deref()) {
                Some(schema) => schema.walk(value, path, unknown, problems),
                None if self.properties.is_some() && unknown == Unknown::Refused => {
                    let (kind, message) = ("extra_forbidden", "Extra inputs are not permitted");
                    let (path, message, input) = (path.clone(), message.to_owned(), value.clone());
                    problems.push(Problem { path, kind, message, input });
                }
                None => {}
            }
            path.pop();
        }
    }

    /// Rewrites a response as loosely as the types allow: with unknown fields, with null for absent values, with
    /// numbers that have a decimal point, and without optional fields that are not `vital`.
    pub(crate) fn loosen(&self, value: &mut Value, vital: &[&str]) {
        let mut ignored = Vec::new();
        if !self.any_of.is_empty() {
            let fits = |option: &&Schema| {
                ignored.clear();
                option.walk(value, &mut Vec::new(), Unknown::Allowed, &mut ignored);
                ignored.is_empty()
            };
            if let Some(option) = self.any_of.iter().find(fits) {
                option.loosen(value, vital);
            }
            return;
        }
        match value {
            Value::Number(number) if self.types.names().iter().any(|name| name == "number") => {
                if let Some(float) = number.as_f64() {
                    *value = json!(float);
                }
            }
            Value::Array(items) => {
                for item in items {
                    self.items.iter().for_each(|schema| schema.loosen(item, vital));
                }
            }
            Value::Object(fields) => self.loosen_fields(fields, vital),
            _ => {}
        }
    }

    fn loosen_fields(&self, fields: &mut Map<String, Value>, vital: &[&str]) {
        if let Some(schema) = &self.additional_properties {
            fields.values_mut().for_each(|value| schema.loosen(value, vital));
        }
        for (name, schema) in self.properties.iter().flatten() {
            let is_required = self.required.contains(name);
            let is_vital = vital.contains(&name.as_str());
            match fields.get_mut(name) {
                Some(value) if is_required || is_vital => schema.loosen(value, vital),
                // Omitted or null, depending on its name, so that both occur.
                _ if !is_vital && schema.allows_null() && name.len() % 2 == 0 => {
                    fields.insert(name.clone(), Value::Null);
                }
                _ if !is_vital => {
                    fields.remove(name);
                }
                _ => {}
            }
        }
        if self.properties.is_some() {
            fields.insert("x_added_later".to_owned(), json!({"note": null, "parts": [1, "two"]}));
        }
    }

    fn allows_null(&self) -> bool {
        self.problems_of_answer(&Value::Null).is_empty()
    }
}

/// Returns a measure of how badly one alternative of a union fits a value at this depth, from the alternative's
/// problems. A wrong type of the value itself weighs most, then a wrong literal in one of its own fields, such as the
/// name of a model.
fn distance(problems: &[Problem], depth: usize) -> usize {
    let of = |problem: &Problem| match problem.path.len().saturating_sub(depth) {
        0 => 1000,
        1 if problem.kind == "literal_error" => 100,
        _ => 1,
    };
    problems.iter().map(of).sum()
}

/// Returns FastAPI's error type for a value of the wrong type, and the name of the expected type: the first in
/// `types` other than `null`.
fn kind(types: &[String]) -> (&'static str, &'static str) {
    let first = types.iter().find(|name| *name != "null").map_or("null", String::as_str);
    match first {
        "string" => ("string_type", "string"),
        "integer" => ("int_type", "integer"),
        "number" => ("float_type", "number"),
        "boolean" => ("bool_type", "boolean"),
        "array" => ("list_type", "list"),
        "object" => ("dict_type", "dictionary"),
        _ => ("none_required", "null"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_table_is_read_whole_and_names_its_package() {
        for (vendor, table) in TABLES.iter() {
            let table = table.as_ref().unwrap_or_else(|error| panic!("{vendor}: {error}"));
            assert!(!table.package.is_empty() && !table.version.is_empty());
            assert!(!table.answers.is_empty(), "{vendor}");
        }
        assert_eq!(sources().len(), TABLES.len());
    }

    #[test]
    fn a_request_is_refused_for_each_thing_that_its_types_forbid() {
        let schema = request("luma-agents", "create").unwrap();
        let found = |body: Value| -> Vec<(String, &str)> {
            let problems = schema.problems(&body);
            problems.iter().map(|one| (one.path.join("."), one.kind)).collect()
        };
        let at = |path: &str, kind| (path.to_owned(), kind);
        assert_eq!(found(json!({"prompt": "Tea", "video": {"duration": null}})), []);
        assert_eq!(found(json!({})), [at("prompt", "missing")]);
        assert_eq!(
            found(json!({"prompt": 5, "style": "odd", "video": {"loop": 1, "length": 5}})),
            [
                at("prompt", "string_type"),
                at("style", "literal_error"),
                at("video.loop", "bool_type"),
                at("video.length", "extra_forbidden"),
            ]
        );
        // These may be absent, but not null.
        assert_eq!(found(json!({"prompt": "Tea", "style": null})), [at("style", "literal_error")]);
    }

    #[test]
    fn the_member_of_a_union_that_is_meant_is_the_one_that_is_judged() {
        let task = answer("runway", "task").unwrap();
        let body = json!({"id": "1", "createdAt": "now", "status": "SUCCEEDED", "output": "url"});
        let problems = task.problems_of_answer(&body);
        let found: Vec<_> = problems.iter().map(|one| (one.path.join("."), one.kind)).collect();
        assert_eq!(found, [("cost".to_owned(), "missing"), ("output".to_owned(), "list_type")],);
    }

    #[test]
    fn a_loose_answer_is_one_that_the_types_allow() {
        let schema = answer("luma-agents", "get").unwrap();
        let mut body = json!({"id": "1", "created_at": "now", "model": "ray-3.2", "type": "video",
            "state": "completed", "output": [{"type": "video", "url": "https://a.example/1"}]});
        schema.loosen(&mut body, &["output"]);
        assert_eq!(schema.problems_of_answer(&body), []);
        assert_eq!(body["output"][0]["url"], "https://a.example/1");
        assert!(body["output"][0]["x_added_later"].is_object());
        assert_eq!(body.get("failure_code"), Some(&Value::Null));
        let credits = answer("luma-dm", "credits").unwrap();
        let mut body = json!({"credit_balance": 100});
        credits.loosen(&mut body, &[]);
        assert_eq!(body["credit_balance"].to_string(), "100.0");
    }
}
