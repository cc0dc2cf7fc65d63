//! The registry: a kind of engine to the function that makes its adapter.

use crate::adapter::ExternalEngineAdapter;
use crate::http::VendorHttp;
use pytoon_config::engines::EngineConfig;
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::sync::Arc;

/// What an adapter is made from.
#[derive(Debug, Clone)]
pub struct AdapterParts<'a> {
    /// The engine's name under `v2.engines`.
    pub name: &'a str,
    /// Its block.
    pub config: &'a EngineConfig,
    /// HTTP to its address, with its key.
    pub http: VendorHttp,
}

/// Something in an engine's block that cannot be right.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OptionProblem {
    /// The field below the engine's block, such as `options.model`.
    pub field: String,
    /// What is wrong and what would be right.
    pub reason: String,
}

impl OptionProblem {
    /// A problem with a field.
    pub fn new(field: impl Into<String>, reason: impl Into<String>) -> Self {
        Self { field: field.into(), reason: reason.into() }
    }
}

/// Makes an adapter, or says what is wrong in its block.
pub type Constructor =
    fn(&AdapterParts<'_>) -> Result<Arc<dyn ExternalEngineAdapter>, OptionProblem>;

/// Every kind of engine: the name in `kind` (or the engine's own name) and its constructor.
pub fn builtin_engines() -> &'static [(&'static str, Constructor)] {
    &[]
}

/// Reads an adapter's options strictly: unknown keys and wrong types are refused by field.
pub fn read_options<T: DeserializeOwned>(config: &EngineConfig) -> Result<T, OptionProblem> {
    let value = Value::Object(config.options.clone());
    serde_path_to_error::deserialize(value).map_err(|error| {
        let path = error.path().to_string();
        let field = if path == "." { "options".to_owned() } else { format!("options.{path}") };
        OptionProblem::new(field, error.inner().to_string())
    })
}
