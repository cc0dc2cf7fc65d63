//! Stretches of lowered music.

use crate::units::Ms;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A stretch in which music is lowered. It is fully down from `start` to `end`; the ramps lie
/// outside, so the music is already down when the word begins.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DuckRegion {
    /// Fully lowered from here, in milliseconds.
    pub start: Ms,
    /// Rising from here, in milliseconds.
    pub end: Ms,
    /// The gain inside, in dB (negative).
    pub gain_db: f64,
    /// The ramp down, ending at `start`, in milliseconds.
    pub ramp_down: Ms,
    /// The ramp up, beginning at `end`, in milliseconds.
    pub ramp_up: Ms,
}
