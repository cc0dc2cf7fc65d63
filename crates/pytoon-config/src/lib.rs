//! Parses briefs and configuration: YAML or JSON in, typed values out.
//!
//! Guarantees: the configuration in `config/` is built in; a folder overrides it key by key; unknown keys,
//! wrong types and impossible values are rejected with file, line, field and, if one is close, the nearest
//! valid name. API keys come from the environment or `.env`, never from configuration.
//!
//! Treats pictures, engines and voices as names only.
//!
//! Start with [`Config::load`] and [`load_brief`].

mod brief_file;
mod builtin;
pub mod document;
mod ending_models;
mod engine_file;
pub mod engines;
mod layers;
pub mod model_ends;
pub mod names;
pub mod secrets;
pub mod settings;
pub mod storage;
pub mod strict;
pub mod tts;

pub use brief_file::{BriefFile, load_brief, read_brief};
pub use layers::{Config, ConfigSource, Origin, PresetInfo};
pub use settings::Settings;
pub use strict::ConfigError;
