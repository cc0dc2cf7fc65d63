//! The known facts about the pictures and clips of a film, as input of the timeline.

use super::reading::{ClipReading, SoundReading};
use super::shots::PictureFacts;
use crate::colour::ColourMatch;
use serde::{Deserialize, Serialize};

/// The known facts about an asset.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum AssetFacts {
    /// A still picture.
    Picture(PictureFacts),
    /// A video clip.
    Clip {
        /// The length of the clip, in milliseconds.
        duration_ms: i64,
        /// True if the clip has audio and the brief keeps it.
        keep_sound: bool,
        /// The correction that matches the clip's colours to the other clips.
        colour: ColourMatch,
        /// The settings for decoding the clip's picture.
        reading: ClipReading,
        /// The position of the clip's audio relative to its picture.
        sound: SoundReading,
        /// The content of the clip's frames; absent if it was not analysed.
        seen: Option<PictureFacts>,
    },
}
