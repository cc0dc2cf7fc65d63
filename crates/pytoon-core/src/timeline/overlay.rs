//! Pictures and text over a film.

use super::TimelineScene;
use crate::brief::{LogoShow, OverlayMove, Position};
use crate::time::{FrameRange, FrameRate};
use pytoon_vocabulary::{Frame, Ms};
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
    /// The length of the move at both ends, in frames.
    pub fade_frames: Frame,
    /// The move with which the overlay appears and leaves.
    pub animation: OverlayMove,
}

impl OverlayClip {
    /// Returns the frame range of the overlay.
    pub fn range(&self) -> FrameRange {
        FrameRange::new(self.start_frame, self.end_frame)
    }
}

/// An overlay of the film with its file resolved.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct OverlayRequest {
    /// The picture or text of the overlay.
    pub content: OverlayContent,
    /// The position in the safe area.
    pub position: Position,
    /// The width as a fraction of the frame width.
    pub width: f64,
    /// The opacity, 0 to 1.
    pub opacity: f64,
    /// The start in milliseconds, from the start of the film or of the overlay's scene. A negative value
    /// counts from the end of the film.
    pub start_ms: i64,
    /// The end in milliseconds, or `None` for the end of the film or of the overlay's scene. A negative value counts from
    /// the end of the film.
    pub end_ms: Option<i64>,
    /// The index of the only scene that shows the overlay, from 0.
    pub scene: Option<usize>,
    /// The move with which the overlay appears and leaves.
    pub animation: OverlayMove,
    /// True if the layout may choose another corner at the same edge.
    pub is_free: bool,
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
    /// A word or two on a plate.
    Label {
        /// The words, in one line.
        text: String,
    },
    /// A name over a smaller line, on a bar at the left above the captions.
    LowerThird {
        /// The name.
        text: String,
        /// The smaller line.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        detail: Option<String>,
    },
    /// The number of a list item, on a disc.
    Chapter {
        /// The number, from 1.
        number: u32,
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

/// The length of an overlay's move, in seconds.
const MOVE_S: f64 = 0.2;

/// Places the requested overlays in the film. Those that would be visible for no frame are left out. Each clip comes with
/// true if the layout may choose its corner.
pub(super) fn overlay_clips(
    requests: &[OverlayRequest],
    rate: FrameRate,
    places: &[TimelineScene],
    total_frames: Frame,
) -> Vec<(OverlayClip, bool)> {
    let total = rate.frame_to_ms(total_frames);
    let from_end = |at: Ms| if at < Ms::ZERO { total + at } else { at };
    let place = |overlay: &OverlayRequest| {
        let (low, high) = match overlay.scene {
            Some(scene) => places.get(scene).map(|p| (p.start_frame, p.end_frame))?,
            None => (Frame::ZERO, total_frames),
        };
        let offset = if overlay.scene.is_some() { low } else { Frame::ZERO };
        let frame_at = |ms| (rate.ms_to_frame_round(ms) + offset).clamp(low, high);
        let start_frame = frame_at(from_end(Ms::new(overlay.start_ms)).max(Ms::ZERO));
        let end_frame = overlay.end_ms.map_or(high, |end| frame_at(from_end(Ms::new(end))));
        let clip = OverlayClip {
            content: overlay.content.clone(),
            position: overlay.position,
            width: overlay.width,
            opacity: overlay.opacity,
            start_frame,
            end_frame,
            fade_frames: move_frames(rate, start_frame, end_frame),
            animation: overlay.animation,
        };
        (end_frame > start_frame).then_some((clip, overlay.is_free))
    };
    requests.iter().filter_map(place).collect()
}

/// Returns the length of the move at either end of an overlay.
pub(super) fn move_frames(rate: FrameRate, start: Frame, end: Frame) -> Frame {
    rate.seconds_to_frames_round(MOVE_S).min((end - start) / 2).max(Frame::ZERO)
}
