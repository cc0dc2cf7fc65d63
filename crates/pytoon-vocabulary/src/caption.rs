//! Captions on screen and their timed words.

use crate::ids::SceneId;
use crate::units::Ms;
use serde::{Deserialize, Serialize};

/// One caption on screen.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CaptionCue {
    /// The scene that shows the caption.
    pub scene_id: SceneId,
    /// The start in milliseconds.
    pub start: Ms,
    /// The end in milliseconds.
    pub end: Ms,
    /// The words as one text.
    pub text: String,
    /// The words with their times.
    pub words: Vec<CaptionWord>,
}

/// A word with its start and end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CaptionWord {
    /// The spelling of the word in the caption.
    pub text: String,
    /// The onset in milliseconds.
    pub start: Ms,
    /// The end in milliseconds.
    pub end: Ms,
    /// True if the word is emphasised. A look may enlarge or colour it.
    #[serde(default)]
    pub emphasis: bool,
    /// True if the word joins the next one without a space.
    #[serde(default)]
    pub joins_next: bool,
}
