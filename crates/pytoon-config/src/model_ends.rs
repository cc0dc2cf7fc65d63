//! Models that their vendors shut down: which of them are in use, and until when.

use crate::engines::EngineConfig;
use crate::layers::Config;
use crate::settings::TranscriptionChoice;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// Warning period before a model's end, in days.
pub const WARNED_OF_DAYS: i64 = 90;

/// A model that its vendor shuts down.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ModelEnd {
    /// The provider or the engine, as its block is named.
    pub provider: String,
    /// The model.
    pub model: String,
    /// The first day without it, as `2027-01-06`.
    pub on: String,
    /// The model to set instead; empty where the vendor has none.
    pub successor: String,
}

impl ModelEnd {
    /// Returns the beginning of that day (UTC) in milliseconds since 1970.
    pub fn at_ms(&self) -> Option<i64> {
        let day: jiff::civil::Date = self.on.parse().ok()?;
        Some(day.to_zoned(jiff::tz::TimeZone::UTC).ok()?.timestamp().as_millisecond())
    }

    /// Returns the whole days from a moment to the end, in milliseconds since 1970; negative after it.
    pub fn days_from(&self, now_ms: i64) -> Option<i64> {
        Some((self.at_ms()? - now_ms).div_euclid(pytoon_vocabulary::DAY_MS))
    }
}

/// A model in use that its vendor shuts down.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EndingModel<'a> {
    /// The field that names it.
    pub field: String,
    /// The file of configuration that the field stands in.
    pub file: &'static str,
    /// The variables that may hold the provider's key.
    pub key_env: &'a [String],
    /// Its end.
    pub end: &'a ModelEnd,
}

impl Config {
    /// Returns the models in use that have an end, each under the field that names it.
    pub fn ending_models(&self) -> Vec<EndingModel<'_>> {
        let (tts, writer) = (&self.settings.tts, &self.settings.transcription);
        let writes = writer.order.contains(&TranscriptionChoice::Openai);
        let writer = &writer.openai;
        let voices = [
            ("tts.elevenlabs.model", "elevenlabs", &tts.elevenlabs),
            ("tts.openai.model", "openai", &tts.openai),
            ("tts.google.model", "google", &tts.google),
        ];
        let voices = voices.into_iter().filter(|(.., block)| block.enabled);
        let voices = voices.map(|(field, name, block)| (field, name, &block.model, &block.key_env));
        let writer = ("transcription.openai.model", "openai", &writer.model, &writer.key_env);
        let services = voices.chain(Some(writer).filter(|_| writes)).filter_map(
            |(field, provider, model, key_env)| {
                let is_it = |end: &&ModelEnd| end.provider == provider && end.model == *model;
                let end = self.settings.model_ends.iter().find(is_it)?;
                Some(EndingModel { field: field.to_owned(), file: "defaults.yaml", key_env, end })
            },
        );
        let engines = self.engines.engines.external.iter().filter(|(_, block)| block.enabled);
        let engines = engines.flat_map(|(name, block)| {
            ends_of_engine(&self.settings.model_ends, name, block).map(move |(option, end)| {
                let field = format!("v2.engines.{name}.options.{option}");
                EndingModel { field, file: "engine.yaml", key_env: &block.key_env, end }
            })
        });
        services.chain(engines).collect()
    }
}

/// Returns the ends of the models that an engine's options name, at any depth, each with its option.
pub fn ends_of_engine<'a>(
    ends: &'a [ModelEnd],
    name: &'a str,
    block: &'a EngineConfig,
) -> impl Iterator<Item = (String, &'a ModelEnd)> {
    named_models("", &block.options).into_iter().filter_map(move |(option, model)| {
        let is_it = |end: &&ModelEnd| end.provider == name && end.model == model;
        Some((option, ends.iter().find(is_it)?))
    })
}

/// Returns the texts under fields that end in `model`, each with its path.
fn named_models<'a>(at: &str, options: &'a Map<String, Value>) -> Vec<(String, &'a str)> {
    let mut found = Vec::new();
    for (name, value) in options {
        let path = if at.is_empty() { name.clone() } else { format!("{at}.{name}") };
        match value {
            Value::String(model) if name.ends_with("model") => found.push((path, model.as_str())),
            Value::Object(inner) => found.extend(named_models(&path, inner)),
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
        let found = named_models("", options.as_object().unwrap());
        let at = |path: &str, model| (path.to_owned(), model);
        assert_eq!(found, [at("model", "a"), at("submit.body.text_model", "b")]);
    }
}
