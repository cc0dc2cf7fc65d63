//! Pictures and text over a film.

use crate::brief::{LogoShow, Position};
use crate::time::FrameRange;
use pytoon_vocabulary::Frame;
use serde::{Deserialize, Serialize};

/// A picture or text over the film.
#[derive(Debug, Clone, PartialEq)]
pub struct OverlayClip {
    /// The picture or the text.
    pub content: OverlayContent,
    /// The position in the safe area.
    pub position: Position,
    /// The width as a fraction of the frame width.
    pub width: f64,
    /// The opacity, 0 to 1.
    pub opacity: f64,
    /// The first frame.
    pub start_frame: Frame,
    /// The frame after the last one.
    pub end_frame: Frame,
    /// The length of the fade at both ends, in frames.
    pub fade_frames: Frame,
}

impl OverlayClip {
    /// Returns the frame range of the overlay.
    pub fn range(&self) -> FrameRange {
        FrameRange::new(self.start_frame, self.end_frame)
    }
}

/// The content of an overlay: a picture or text.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", tag = "type", deny_unknown_fields)]
pub enum OverlayContent {
    /// A picture with its alpha channel.
    Image {
        /// The path of the picture.
        asset: String,
    },
    /// Text drawn in the brand's font or the look's own.
    Text {
        /// The text.
        text: String,
    },
    /// A title or an end card: large words, with a smaller line under them.
    Title {
        /// The large words; empty for the smaller line alone.
        text: String,
        /// The smaller line.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        detail: Option<String>,
    },
}

/// Returns the default position, width and opacity of a logo.
pub fn logo_place(show: LogoShow) -> (Position, f64, f64) {
    match show {
        LogoShow::Watermark => (Position::TopRight, 0.14, 0.85),
        LogoShow::Outro => (Position::Center, 0.46, 1.0),
    }
}
