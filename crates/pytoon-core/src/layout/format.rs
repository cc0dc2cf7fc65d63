//! The formats of a film: the aspect ratios for which there is a layout.

use serde::{Deserialize, Serialize};

/// The aspect ratio of a film.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum Format {
    /// Upright on a phone.
    #[serde(rename = "9:16")]
    Vertical,
    /// A tall picture in a feed.
    #[serde(rename = "4:5")]
    Portrait,
    /// A square picture in a feed.
    #[serde(rename = "1:1")]
    Square,
    /// A player or a screen.
    #[serde(rename = "16:9")]
    Landscape,
}

/// The largest deviation of a frame's aspect ratio from that of its format: sizes are even numbers of pixels.
const TOLERANCE: f64 = 0.02;

impl Format {
    /// All formats.
    pub const ALL: [Self; 4] = [Self::Vertical, Self::Portrait, Self::Square, Self::Landscape];

    /// Returns the name as written in briefs.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Vertical => "9:16",
            Self::Portrait => "4:5",
            Self::Square => "1:1",
            Self::Landscape => "16:9",
        }
    }

    /// Returns the width and height of the format's ratio.
    pub fn ratio(self) -> (u32, u32) {
        match self {
            Self::Vertical => (9, 16),
            Self::Portrait => (4, 5),
            Self::Square => (1, 1),
            Self::Landscape => (16, 9),
        }
    }

    /// Returns the format of a frame, or `None` for a shape without a layout.
    pub fn of(width: u32, height: u32) -> Option<Self> {
        let aspect = f64::from(width) / f64::from(height.max(1));
        Self::ALL.into_iter().find(|format| {
            let (w, h) = format.ratio();
            (aspect * f64::from(h) / f64::from(w) - 1.0).abs() <= TOLERANCE
        })
    }

    /// Returns the format of a frame, or the one with the most similar aspect ratio.
    pub fn nearest(width: u32, height: u32) -> Self {
        let aspect = (f64::from(width.max(1)) / f64::from(height.max(1))).ln();
        let distance = |format: &Self| {
            let (w, h) = format.ratio();
            (aspect - (f64::from(w) / f64::from(h)).ln()).abs()
        };
        let by_distance = |a: &Self, b: &Self| distance(a).total_cmp(&distance(b));
        Self::ALL.into_iter().min_by(by_distance).unwrap_or(Self::Vertical)
    }

    /// Returns the frame size in pixels, both even, whose shorter side is `short`.
    pub fn size(self, short: u32) -> (u32, u32) {
        let (w, h) = self.ratio();
        let least = w.min(h);
        let even = |side: u32| (side * short / least + 1) & !1;
        (even(w), even(h))
    }

    /// Returns the name for files, without a colon: `9x16`.
    pub fn file_name(self) -> String {
        self.as_str().replace(':', "x")
    }

    /// Returns the number of frame pixels per pixel of a text size given for a 1080x1920 frame.
    ///
    /// Phones show tall and square films equally wide, so their text has the same share of the width. A landscape
    /// film is watched at its full height or on a screen, where text of that size would be too large.
    pub fn unit(self, width: u32, height: u32) -> f64 {
        let share = if self == Self::Landscape { 0.8 } else { 1.0 };
        f64::from(width.min(height)) / 1080.0 * share
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_have_their_format_and_only_known_shapes_have_one() {
        for format in Format::ALL {
            for short in [270, 272, 720, 1080, 2160] {
                let (width, height) = format.size(short);
                assert!(width % 2 == 0 && height % 2 == 0);
                assert_eq!(Format::of(width, height), Some(format), "{width}x{height}");
                assert_eq!(width.min(height), (short + 1) & !1);
            }
        }
        assert_eq!(Format::Portrait.size(1080), (1080, 1350));
        assert_eq!(Format::nearest(1080, 2400), Format::Vertical);
        for (width, height) in [(400, 300), (1080, 2400), (16, 4320), (3, 0)] {
            assert_eq!(Format::of(width, height), None);
        }
    }
}
