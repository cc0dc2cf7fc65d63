//! Regions in which music is ducked.

use crate::units::Ms;
use serde::{Deserialize, Serialize};

/// A region in which music is ducked. The music is fully ducked from `start` to `end`. The ramps are outside, so the
/// music is already quiet when the word begins.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DuckRegion {
    /// The start of full ducking, in milliseconds.
    pub start: Ms,
    /// The end of full ducking, in milliseconds.
    pub end: Ms,
    /// The gain inside the region, in dB, at most 0.
    pub gain_db: f64,
    /// The length of the ramp down, which ends at `start`, in milliseconds.
    pub ramp_down: Ms,
    /// The length of the ramp up, which begins at `end`, in milliseconds.
    pub ramp_up: Ms,
}
