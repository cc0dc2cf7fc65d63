//! Fills in JSON values and strings that contain placeholders, `{{name}}`.
//!
//! Guarantees: a string that consists of exactly one placeholder takes the value's own type, so numbers stay
//! numbers; without a value, its field or item is omitted; [`check`] rejects unknown names before the
//! template is used.

use super::OptionProblem;
use serde_json::{Map, Value};

/// The values of placeholders, by name; null for a value that the request lacks.
pub(crate) type Values = Map<String, Value>;

/// Creates a map of values by name.
pub(crate) fn values<const N: usize>(named: [(&str, Value); N]) -> Values {
    named.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

/// Returns an error if a JSON value contains an unknown or unclosed placeholder.
pub(crate) fn check(value: &Value, known: &[&str], field: &str) -> Result<(), OptionProblem> {
    match value {
        Value::String(text) => check_text(text, known, field),
        Value::Array(items) => items
            .iter()
            .enumerate()
            .try_for_each(|(index, item)| check(item, known, &format!("{field}[{index}]"))),
        Value::Object(fields) => fields
            .iter()
            .try_for_each(|(name, item)| check(item, known, &format!("{field}.{name}"))),
        _ => Ok(()),
    }
}

/// Returns an error if a string contains an unknown or unclosed placeholder.
pub(crate) fn check_text(text: &str, known: &[&str], field: &str) -> Result<(), OptionProblem> {
    let mut rest = text;
    while let Some(start) = rest.find("{{") {
        let inside = &rest[start + 2..];
        let Some(end) = inside.find("}}") else {
            return Err(OptionProblem::new(field, "a `{{` is not closed: add `}}`"));
        };
        let name = inside[..end].trim();
        if !known.contains(&name) {
            let list = known.iter().map(|n| format!("`{n}`")).collect::<Vec<_>>().join(", ");
            let reason = format!("there is no placeholder `{{{{{name}}}}}`: use one of {list}");
            return Err(OptionProblem::new(field, reason));
        }
        rest = &inside[end + 2..];
    }
    Ok(())
}

/// Returns true if the value contains the placeholder `name`.
pub(crate) fn uses(value: &Value, name: &str) -> bool {
    match value {
        Value::String(text) => places(text).any(|place| place == name),
        Value::Array(items) => items.iter().any(|item| uses(item, name)),
        Value::Object(fields) => fields.values().any(|item| uses(item, name)),
        _ => false,
    }
}

fn places(text: &str) -> impl Iterator<Item = &str> {
    text.split("{{").skip(1).filter_map(|part| part.split_once("}}").map(|(name, _)| name.trim()))
}

/// Returns the template with its placeholders filled in; `None` if it is one placeholder without a value.
pub(crate) fn fill(value: &Value, values: &Values) -> Option<Value> {
    match value {
        Value::String(text) => match only_place(text) {
            Some(name) => values.get(name).filter(|value| !value.is_null()).cloned(),
            None => Some(Value::String(fill_text(text, values, |text| text.to_owned()))),
        },
        Value::Array(items) => {
            Some(Value::Array(items.iter().filter_map(|item| fill(item, values)).collect()))
        }
        Value::Object(fields) => Some(Value::Object(
            fields
                .iter()
                .filter_map(|(name, item)| Some((name.clone(), fill(item, values)?)))
                .collect(),
        )),
        other => Some(other.clone()),
    }
}

/// Fills in the placeholders of a string, each value encoded with `encode`; a missing value becomes empty.
pub(crate) fn fill_text(text: &str, values: &Values, encode: impl Fn(&str) -> String) -> String {
    // One pass: inserted values are not searched for placeholders.
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("{{") {
        out.push_str(before);
        let Some((name, tail)) = after.split_once("}}") else {
            out.push_str("{{");
            rest = after;
            continue;
        };
        match values.get(name.trim()) {
            Some(Value::String(value)) => out.push_str(&encode(value)),
            Some(Value::Null) | None => {}
            Some(other) => out.push_str(&encode(&other.to_string())),
        }
        rest = tail;
    }
    out.push_str(rest);
    out
}

fn only_place(text: &str) -> Option<&str> {
    let name = text.strip_prefix("{{")?.strip_suffix("}}")?;
    (!name.contains("{{") && !name.contains("}}")).then_some(name.trim())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn values() -> Values {
        let Value::Object(values) =
            json!({"seed": 7, "prompt": "a {{seed}} \"b\"", "negative_prompt": null})
        else {
            unreachable!("an object")
        };
        values
    }

    #[test]
    fn places_are_filled_with_values_of_their_own_type() {
        let template = json!({
            "seed": "{{seed}}", "text": "x {{ prompt }} {{seed}}", "no": "{{negative_prompt}}",
            "list": ["{{negative_prompt}}", "{{seed}}", true], "deep": {"n": 1.5}
        });
        let expected = json!({
            "seed": 7, "text": "x a {{seed}} \"b\" 7", "list": [7, true], "deep": {"n": 1.5}
        });
        assert_eq!(fill(&template, &values()), Some(expected));
    }

    #[test]
    fn unknown_places_are_refused_by_field() {
        let problem = check(&json!({"a": [{"b": "{{sead}}"}]}), &["seed"], "options.submit.body")
            .expect_err("refused");
        assert_eq!(problem.field, "options.submit.body.a[0].b");
        assert!(problem.reason.contains("`{{sead}}`") && problem.reason.contains("`seed`"));
        assert!(check_text("{{seed", &["seed"], "x").is_err());
        assert!(check(&json!("{{ seed }}!"), &["seed"], "x").is_ok());
        assert!(uses(&json!({"a": ["{{ seed }}"]}), "seed"));
        assert!(!uses(&json!({"a": ["seed"]}), "seed"));
    }
}
