//! Luma, which has two interfaces that share nothing but the name.
//!
//! [`agents`] is the current one (ray-3.2) and takes pictures; [`dream_machine`] is the older one
//! (ray-2, ray-flash-2) and takes only addresses of pictures, which ours do not have. Keys differ
//! between them. `options.api` chooses, and everything else follows from it.

mod agents;
mod dream_machine;

use super::{AdapterParts, OptionProblem, read_options};
use crate::VendorErrorKind;
use crate::adapter::ExternalEngineAdapter;
use pytoon_vendor::errors::{Place, Row};
use pytoon_vendor::replies::MODERATION_WORDS;
use serde::Deserialize;
use std::sync::Arc;

/// The engine's own settings.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Options {
    /// Which interface `base_url` is.
    api: Api,
    /// The model.
    model: String,
    /// The frame's shorter side, such as `720p`.
    resolution: String,
    /// True if clips may start from a picture.
    #[serde(default = "yes")]
    image_input: bool,
}

/// Error table for refused submissions, for both interfaces.
const REFUSALS: &[Row] = &[
    Row {
        statuses: &[],
        place: Place::At("/error/code"),
        words: &["content_moderated"],
        kind: VendorErrorKind::Moderation,
        source: "the failure code of generations; inferred for refusals",
    },
    Row {
        statuses: &[400, 422],
        place: Place::Message,
        words: MODERATION_WORDS,
        kind: VendorErrorKind::Moderation,
        source: "docs.lumalabs.ai, errors",
    },
    Row {
        statuses: &[400, 403],
        place: Place::Message,
        words: &["insufficient credits", "enough credits"],
        kind: VendorErrorKind::Quota,
        source: "docs.lumalabs.ai, errors; inferred for the current interface",
    },
];

fn yes() -> bool {
    true
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Api {
    Agents,
    DreamMachine,
}

/// Makes the adapter of the interface that the options name.
pub(super) fn try_new(
    parts: &AdapterParts<'_>,
) -> Result<Arc<dyn ExternalEngineAdapter>, OptionProblem> {
    let options: Options = read_options(parts.config)?;
    match options.api {
        Api::Agents => agents::Agents::try_new(parts, &options),
        Api::DreamMachine => dream_machine::DreamMachine::try_new(parts, &options),
    }
}

/// Refuses a value that is none of a list.
fn one_of(value: &str, list: &[&str], field: &str) -> Result<(), OptionProblem> {
    if list.contains(&value) {
        return Ok(());
    }
    Err(OptionProblem::new(field, format!("`{value}` is none of {}", list.join(", "))))
}
