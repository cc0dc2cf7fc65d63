//! The adapters for Luma, which has two unrelated APIs.
//!
//! [`agents`] is the current API (ray-3.2) and accepts pictures. [`dream_machine`] is the older one (ray-2,
//! ray-flash-2) and accepts only public URLs of pictures, which Pytoon's pictures do not have. Each has its own API
//! keys. `options.api` selects the API.

mod agents;
mod dream_machine;

use super::{AdapterParts, AdapterResult, OptionProblem, read_options, require, yes};
use crate::VendorErrorKind;
use pytoon_vendor::errors::Row;
use pytoon_vendor::replies::MODERATION_WORDS;
use serde::Deserialize;

/// The `options` of a Luma engine.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Options {
    /// The API that is available at `base_url`.
    api: Api,
    /// The name of the model.
    model: String,
    /// The shorter side of the output, such as `720p`.
    resolution: String,
    /// True if clips may start from a picture.
    #[serde(default = "yes")]
    image_input: bool,
}

/// The error table for rejected submissions to either API.
const REFUSALS: &[Row] = &[
    Row::at("/error/code", &["content_moderated"], VendorErrorKind::Moderation)
        .source("the failure code of generations; inferred for refusals"),
    Row::message(&[400, 422], MODERATION_WORDS, VendorErrorKind::Moderation)
        .source("docs.lumalabs.ai, errors"),
    Row::message(&[400, 403], &["insufficient credits", "enough credits"], VendorErrorKind::Quota)
        .source("docs.lumalabs.ai, errors; inferred for the current interface"),
];

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Api {
    Agents,
    DreamMachine,
}

/// Creates the adapter of the selected API.
pub(super) fn try_new(parts: &AdapterParts<'_>) -> AdapterResult {
    let options: Options = read_options(parts.config)?;
    match options.api {
        Api::Agents => agents::Agents::try_new(parts, options),
        Api::DreamMachine => dream_machine::DreamMachine::try_new(parts, options),
    }
}

/// Returns an error if the value is not in the list.
fn one_of(value: &str, list: &[&str], field: &str) -> Result<(), OptionProblem> {
    let reason = format!("`{value}` is not one of {}", list.join(", "));
    require(list.contains(&value), field, &reason)
}
