//! The brief's setting for removing noise from a recorded voice.

use serde::Serialize;
use serde::de::{Deserialize, Deserializer, Error, Unexpected, Visitor};
use std::fmt;

/// Noise removal for a recorded voice: `auto` (default), `on` or `off`. `true` and `false` mean `on` and `off`,
/// since some YAML parsers convert those words.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Denoise {
    /// Noise is removed only if the recording is measured to be noisy.
    #[default]
    Auto,
    /// Noise is always removed.
    On,
    /// Noise is never removed.
    Off,
}

impl<'de> Deserialize<'de> for Denoise {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Words;
        impl Visitor<'_> for Words {
            type Value = Denoise;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("`auto`, `on` or `off`")
            }
            fn visit_bool<E: Error>(self, value: bool) -> Result<Denoise, E> {
                Ok(if value { Denoise::On } else { Denoise::Off })
            }
            fn visit_str<E: Error>(self, value: &str) -> Result<Denoise, E> {
                match value {
                    "auto" => Ok(Denoise::Auto),
                    "on" => Ok(Denoise::On),
                    "off" => Ok(Denoise::Off),
                    _ => Err(E::invalid_value(Unexpected::Str(value), &self)),
                }
            }
        }
        from.deserialize_any(Words)
    }
}

#[cfg(feature = "schema")]
impl schemars::JsonSchema for Denoise {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Denoise".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "description": "Noise removal for a recorded voice: `auto` (only if the recording is noisy), `on` or `off`. `true` and `false` mean `on` and `off`.",
            "enum": ["auto", "on", "off", true, false]
        })
    }
}

#[cfg(test)]
mod tests {
    use super::Denoise;

    #[test]
    fn words_and_truth_values_are_read_and_others_refused() {
        let read = |text: &str| serde_json::from_str::<Denoise>(text);
        for (text, value) in [
            ("\"auto\"", Denoise::Auto),
            ("\"on\"", Denoise::On),
            ("\"off\"", Denoise::Off),
            ("true", Denoise::On),
            ("false", Denoise::Off),
        ] {
            assert_eq!(read(text).expect(text), value);
        }
        let error = read("\"loud\"").expect_err("refused").to_string();
        assert!(error.contains("`auto`, `on` or `off`"), "{error}");
    }
}
