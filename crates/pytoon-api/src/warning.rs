//! Warnings about an accepted brief, in the form that the API returns.

use pytoon_core::note::{self, Note};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// A warning about an accepted brief.
#[derive(Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub(crate) struct Warning {
    /// A stable code for the kind of warning.
    #[cfg_attr(feature = "openapi", schema(schema_with = code_schema))]
    code: String,
    /// The parameters of the warning, by name.
    params: Map<String, Value>,
    /// The warning as one sentence in English.
    message: String,
}

impl Warning {
    /// Converts notes to warnings, without duplicates.
    pub(crate) fn list(notes: Vec<Note>) -> Result<Vec<Self>, serde_json::Error> {
        serde_json::to_value(note::reports(notes)).and_then(serde_json::from_value)
    }
}

#[cfg(feature = "openapi")]
fn code_schema() -> utoipa::openapi::schema::Object {
    use utoipa::openapi::schema::{ObjectBuilder, Type};
    ObjectBuilder::new()
        .schema_type(Type::String)
        .description(Some("A stable code"))
        .enum_values(Some(note::codes()))
        .build()
}
