//! Regions of ducked music.

use crate::units::Ms;
use serde::{Deserialize, Serialize};

/// A region in which music is ducked. It is fully ducked from `start` to `end`; the ramps are outside, so the
/// music is already low when the word begins.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DuckRegion {
    /// The start of full ducking, in milliseconds.
    pub start: Ms,
    /// The end of full ducking, in milliseconds.
    pub end: Ms,
    /// The gain inside, in dB (negative).
    pub gain_db: f64,
    /// The ramp down, ending at `start`, in milliseconds.
    pub ramp_down: Ms,
    /// The ramp up, beginning at `end`, in milliseconds.
    pub ramp_up: Ms,
}
