//! The adapter registry, which maps a kind of engine to the function that creates its adapter.
//!
//! `local` is not in the registry. It is the compositor, which draws a scene without any vendor, needs no adapter and
//! cannot fail. Every chain ends with it.
//!
//! Guarantees: every kind passes `conformance` with the fixtures in `fixtures/engines/<kind>`.
//!
//! Start with [`builtin_engines`]; the guide is `docs/guides/adding-an-engine.md`.

mod comfyui;
pub(crate) mod common;
mod http_engine;
mod luma;
mod pexels;
mod pika;
mod pixabay;
mod runway;
mod shared_adapter;
mod stock;
mod template;

use crate::adapter::ExternalEngineAdapter;
use crate::http::VendorHttp;
use pytoon_config::engines::EngineConfig;
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::sync::Arc;

/// The name, the configuration and the HTTP client from which an adapter is created.
#[derive(Debug, Clone)]
pub struct AdapterParts<'a> {
    /// The engine's name under `v2.engines`.
    pub name: &'a str,
    /// The configuration block of the engine.
    pub config: &'a EngineConfig,
    /// The HTTP client for the engine's address, with its API key.
    pub http: VendorHttp,
}

/// An invalid value in an engine's configuration block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OptionProblem {
    /// The field below the engine's block, such as `options.model`.
    pub field: String,
    /// The reason for the rejection.
    pub reason: String,
}

impl OptionProblem {
    /// Creates a problem with a field.
    pub fn new(field: impl Into<String>, reason: impl Into<String>) -> Self {
        Self { field: field.into(), reason: reason.into() }
    }
}

/// Returns an error for a field if the condition does not hold.
fn require(holds: bool, field: &str, reason: &str) -> Result<(), OptionProblem> {
    if holds { Ok(()) } else { Err(OptionProblem::new(field, reason)) }
}

/// An adapter, or the problem in its configuration block.
pub type AdapterResult = Result<Arc<dyn ExternalEngineAdapter>, OptionProblem>;

/// A function that creates an adapter from its parts.
pub type Constructor = fn(&AdapterParts<'_>) -> AdapterResult;

/// Returns every kind of engine: the name in `kind` (or the engine's own name) and its constructor.
pub fn builtin_engines() -> &'static [(&'static str, Constructor)] {
    &[
        ("runway", runway::Runway::try_new),
        ("pika", pika::Pika::try_new),
        ("luma", luma::try_new),
        ("comfyui", comfyui::ComfyUi::try_new),
        ("pexels", pexels::Pexels::try_new),
        ("pixabay", pixabay::Pixabay::try_new),
        ("http", http_engine::HttpEngine::try_new),
    ]
}

/// Creates the adapter for an engine's kind.
pub fn make(parts: &AdapterParts<'_>) -> AdapterResult {
    let kind = parts.config.kind(parts.name);
    match builtin_engines().iter().find(|(name, _)| *name == kind) {
        Some((_, constructor)) => constructor(parts),
        None => {
            let known: Vec<&str> = builtin_engines().iter().map(|(name, _)| *name).collect();
            let list = known.join(", ");
            let reason = format!("`{kind}` is not one of the adapters {list}");
            Err(OptionProblem::new("kind", reason))
        }
    }
}

/// Parses an adapter's options strictly: unknown keys and wrong types are rejected with the field's name.
pub fn read_options<T: DeserializeOwned>(config: &EngineConfig) -> Result<T, OptionProblem> {
    let value = Value::Object(config.options.clone());
    serde_path_to_error::deserialize(value).map_err(|error| {
        let path = error.path().to_string();
        let field = if path == "." { "options".to_owned() } else { format!("options.{path}") };
        OptionProblem::new(field, error.inner().to_string())
    })
}

/// Returns true, as the default of options that are enabled unless the configuration disables them.
fn yes() -> bool {
    true
}
