//! Announced shutdowns of vendors' models, and the time left until each.

use crate::engines::EngineConfig;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// The number of days before a model's shutdown at which warnings start.
pub const WARNED_OF_DAYS: i64 = 90;

/// A model with an announced shutdown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ModelEnd {
    /// The provider or the engine, named as its configuration block.
    pub provider: String,
    /// The name of the model.
    pub model: String,
    /// The first day on which the model is unavailable, in the form `2027-01-06`.
    pub on: String,
    /// The model that replaces it; empty if the vendor has none.
    pub successor: String,
}

impl ModelEnd {
    /// Returns the beginning of the shutdown day (UTC), in milliseconds since 1970; `None` if `on` is no date.
    pub fn at_ms(&self) -> Option<i64> {
        let day: jiff::civil::Date = self.on.parse().ok()?;
        Some(day.to_zoned(jiff::tz::TimeZone::UTC).ok()?.timestamp().as_millisecond())
    }

    /// Returns the number of whole days from a moment, in milliseconds since 1970, to the shutdown; negative after
    /// it, and `None` if `on` is no date.
    pub fn days_from(&self, now_ms: i64) -> Option<i64> {
        Some((self.at_ms()? - now_ms).div_euclid(pytoon_vocabulary::DAY_MS))
    }
}

/// Returns the announced shutdowns of the models that an engine's options name at any depth, each with the option's
/// path.
pub fn ends_of_engine<'a>(
    ends: &'a [ModelEnd],
    name: &'a str,
    block: &'a EngineConfig,
) -> impl Iterator<Item = (String, &'a ModelEnd)> {
    model_fields("", &block.options).into_iter().filter_map(move |(option, model)| {
        let is_it = |end: &&ModelEnd| end.provider == name && end.model == model;
        Some((option, ends.iter().find(is_it)?))
    })
}

/// Returns the texts in all fields whose name ends in `model`, each with its path.
fn model_fields<'a>(at: &str, options: &'a Map<String, Value>) -> Vec<(String, &'a str)> {
    let mut found = Vec::new();
    for (name, value) in options {
        let path = if at.is_empty() { name.clone() } else { format!("{at}.{name}") };
        match value {
            Value::String(model) if name.ends_with("model") => found.push((path, model.as_str())),
            Value::Object(inner) => found.extend(model_fields(&path, inner)),
            _ => {}
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn models_are_found_at_any_depth() {
        let options = json!({"model": "a", "submit": {"body": {"text_model": "b", "size": "c"}}});
        let found = model_fields("", options.as_object().unwrap());
        let at = |path: &str, model| (path.to_owned(), model);
        assert_eq!(found, [at("model", "a"), at("submit.body.text_model", "b")]);
    }
}
