//! The safe areas that platforms leave free for content, by format, as dated data.
//!
//! Platforms move these lines every few months: update a row and its date.

use super::{Area, Format};
use crate::brief::Platform;

/// One row of the table.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SafeArea {
    /// The platform; `None` for every platform that has no row of its own in the format.
    pub platform: Option<Platform>,
    /// The format.
    pub format: Format,
    /// The area that no control of the platform covers.
    pub area: Area,
    /// The horizontal centre of captions.
    pub centre_x: f64,
    /// The date of the last check of the figures, as ISO year-month.
    pub checked: &'static str,
    /// The source of the figures.
    pub basis: &'static str,
}

/// Creates a row for 9:16 from pixels of a 1080x1920 frame.
const fn vertical(
    platform: Platform,
    [x0, y0, x1, y1]: [f64; 4],
    centre_x: f64,
    basis: &'static str,
) -> SafeArea {
    SafeArea {
        platform: Some(platform),
        format: Format::Vertical,
        area: Area::new(x0 / 1080.0, y0 / 1920.0, x1 / 1080.0, y1 / 1920.0),
        centre_x: centre_x / 1080.0,
        checked: "2026-10",
        basis,
    }
}

/// The known safe areas.
pub const SAFE_AREAS: &[SafeArea] = &[
    vertical(
        Platform::Universal,
        [120.0, 288.0, 888.0, 1248.0],
        540.0,
        "union of the TikTok, Meta and YouTube advertising zones",
    ),
    vertical(
        Platform::UniversalStrict,
        [120.0, 288.0, 780.0, 1248.0],
        450.0,
        "universal without x > 780, the TikTok button rail",
    ),
    vertical(
        Platform::Organic,
        [60.0, 220.0, 910.0, 1436.0],
        540.0,
        "creator-guide consensus for organic posts",
    ),
    vertical(
        Platform::Tiktok,
        [120.0, 240.0, 780.0, 1260.0],
        450.0,
        "TikTok in-feed ad template: top 240, bottom 660, right 300 below y = 840",
    ),
    vertical(
        Platform::Reels,
        [65.0, 269.0, 1015.0, 1248.0],
        540.0,
        "Meta Ads Guide: top 14 %, bottom 35 %, sides 6 %",
    ),
    vertical(
        Platform::Shorts,
        [48.0, 288.0, 888.0, 1248.0],
        540.0,
        "Google Ads Help, vertical video safe-zone diagram",
    ),
    SafeArea {
        platform: None,
        format: Format::Portrait,
        area: Area::new(0.06, 0.06, 0.94, 0.94),
        centre_x: 0.5,
        checked: "2026-12",
        basis: "feeds lay nothing over the picture; 6 % at the edges, since profile grids crop to 3:4",
    },
    SafeArea {
        platform: None,
        format: Format::Square,
        area: Area::new(0.06, 0.06, 0.94, 0.94),
        centre_x: 0.5,
        checked: "2026-12",
        basis: "feeds lay nothing over the picture; 6 % at the edges",
    },
    SafeArea {
        platform: None,
        format: Format::Landscape,
        area: Area::new(0.05, 0.05, 0.95, 0.90),
        centre_x: 0.5,
        checked: "2026-12",
        basis: "SMPTE ST 2046-1 safe title area (90 %), and 10 % at the bottom for the controls of a player",
    },
];

/// Returns the safe area of a platform in a format.
pub fn safe_area(platform: Platform, format: Format) -> SafeArea {
    let in_format = || SAFE_AREAS.iter().filter(|row| row.format == format);
    let own = in_format().find(|row| row.platform == Some(platform));
    own.or_else(|| in_format().next()).copied().unwrap_or(SAFE_AREAS[0])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_platform_has_an_area_in_each_format() {
        let platforms = [
            Platform::Universal,
            Platform::UniversalStrict,
            Platform::Organic,
            Platform::Tiktok,
            Platform::Reels,
            Platform::Shorts,
        ];
        for format in Format::ALL {
            for platform in platforms {
                let row = safe_area(platform, format);
                assert_eq!(row.format, format);
                let whole = Area::new(0.0, 0.0, 1.0, 1.0);
                assert!(whole.contains(&row.area), "{row:?}");
                // Captions that are centred on the row's axis have room for some words.
                let half = (row.centre_x - row.area.x0).min(row.area.x1 - row.centre_x);
                assert!(2.0 * half * 1080.0 >= 640.0, "{row:?}");
            }
        }
        assert_eq!(safe_area(Platform::Tiktok, Format::Vertical).centre_x, 450.0 / 1080.0);
    }
}
