//! Captions on screen, and the words in them with their times.

use crate::ids::SceneId;
use crate::units::Ms;
use serde::{Deserialize, Serialize};

/// One caption on screen.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CaptionCue {
    /// The scene that it belongs to.
    pub scene_id: SceneId,
    /// Start in milliseconds.
    pub start: Ms,
    /// End in milliseconds.
    pub end: Ms,
    /// The words as one text, in the script's own spelling.
    pub text: String,
    /// The words with their times.
    pub words: Vec<CaptionWord>,
}

/// A word with its times.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CaptionWord {
    /// The script's own spelling.
    pub text: String,
    /// Onset in milliseconds.
    pub start: Ms,
    /// End in milliseconds.
    pub end: Ms,
    /// True if a look may highlight it.
    #[serde(default)]
    pub emphasis: bool,
    /// True if it joins the next word without a space.
    #[serde(default)]
    pub joins_next: bool,
}
