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
    /// The zone of the frame; absent for `lower`.
    #[serde(default, skip_serializing_if = "CaptionZone::is_lower")]
    pub zone: CaptionZone,
    /// True if the scene sets the words as type, so that they are not also drawn as a caption; default false.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub set_as_type: bool,
}

crate::named_enum! {
    /// The zone of a caption in the safe area.
    #[derive(Default, PartialOrd, Ord)]
    CaptionZone {
        /// At the lower edge.
        #[default]
        Lower => "lower",
        /// A little above the middle.
        Middle => "middle",
        /// At the upper edge.
        Upper => "upper",
        /// In the right part, beside a tall picture in a landscape film.
        Beside => "beside",
    }
}

impl CaptionZone {
    /// Returns true for the lower zone, in which captions are by default.
    pub fn is_lower(&self) -> bool {
        *self == Self::Lower
    }
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
