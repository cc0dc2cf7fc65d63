//! Converts the layout, in fractions of the frame, to frame pixels.

use pytoon_core::brief::Position;
use pytoon_core::layout::zones::{Sizes, lower_third_area, zone_area};
use pytoon_core::layout::{Area, Format, SafeArea, safe_area};
use pytoon_core::timeline::zones::sizes_of;
use pytoon_core::timeline::{LOWER_THIRD_HEIGHT, Timeline};
use pytoon_graphics::{Rect, SafeRect};
use pytoon_vocabulary::CaptionZone;

/// The share of the safe area's height above which type is set, so that captions have the rest.
const TYPE_SHARE: f64 = 652.0 / 960.0;

/// The places of text and overlays in the frames of a film.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Placement {
    size: (f64, f64),
    safe: SafeArea,
    sizes: Sizes,
    /// The number of frame pixels per pixel of a 1080x1920 frame, for text.
    pub(crate) unit: f32,
}

impl Placement {
    pub(crate) fn of(timeline: &Timeline) -> Self {
        let (width, height) = (timeline.profile.width, timeline.profile.height);
        let captions = &timeline.look.captions;
        let format = Format::nearest(width, height);
        let unit = format.unit(width, height);
        Self {
            size: (f64::from(width), f64::from(height)),
            safe: safe_area(captions.platform, format),
            sizes: sizes_of(&timeline.profile, captions),
            unit: unit as f32,
        }
    }

    /// Returns the safe area in frame pixels.
    pub(crate) fn safe(&self) -> SafeRect {
        self.to_pixels(self.safe.area)
    }

    /// Returns the area in whose lower edge the captions of a zone end.
    pub(crate) fn captions(&self, zone: CaptionZone) -> SafeRect {
        let area = zone_area(zone, &self.safe, self.sizes);
        if zone == CaptionZone::Beside {
            return SafeRect {
                centre_x: ((area.x0 + area.x1) / 2.0 * self.size.0) as f32,
                ..self.to_pixels(Area { y0: self.safe.area.y0, ..area })
            };
        }
        // A block that is higher than planned grows upwards.
        self.to_pixels(Area { y1: area.y1, ..self.safe.area })
    }

    /// Returns the area of a title: beside the picture for a position at the right, or else the safe area.
    pub(crate) fn title(&self, position: Position) -> SafeRect {
        match position {
            Position::TopRight | Position::BottomRight => {
                let area = zone_area(CaptionZone::Beside, &self.safe, self.sizes);
                let centre_x = ((area.x0 + area.x1) / 2.0 * self.size.0) as f32;
                let safe = self.safe.area;
                SafeRect { centre_x, ..self.to_pixels(Area { y0: safe.y0, y1: safe.y1, ..area }) }
            }
            _ => self.safe(),
        }
    }

    /// Returns the area for the type of a scene without a picture.
    pub(crate) fn headline(&self) -> SafeRect {
        let area = self.safe.area;
        self.to_pixels(Area { y1: area.y0 + TYPE_SHARE * area.height(), ..area })
    }

    /// Returns the area for the words of a scene without a picture and without captions.
    pub(crate) fn type_area(&self) -> SafeRect {
        let area = self.safe.area;
        self.to_pixels(Area { y0: area.y0 + self.sizes.top, ..area })
    }

    /// Returns the area at whose lower left a lower third is drawn.
    pub(crate) fn lower_third(&self, position: Position) -> Rect {
        let height = LOWER_THIRD_HEIGHT * f64::from(self.unit) / self.size.1;
        self.to_pixels(lower_third_area(&self.safe, self.sizes, height, position)).rect
    }

    /// Returns the width of an overlay in frame pixels. `share` is its fraction of the frame's width in an upright film;
    /// a landscape film is wider, and its overlays are not.
    pub(crate) fn width_of(&self, share: f64) -> f32 {
        let (width, height) = self.size;
        (share * width.min(height)) as f32
    }

    fn to_pixels(self, area: Area) -> SafeRect {
        let (width, height) = self.size;
        SafeRect {
            rect: Rect::new(
                (area.x0 * width) as f32,
                (area.y0 * height) as f32,
                (area.x1 * width) as f32,
                (area.y1 * height) as f32,
            ),
            centre_x: (self.safe.centre_x * width) as f32,
        }
    }
}
