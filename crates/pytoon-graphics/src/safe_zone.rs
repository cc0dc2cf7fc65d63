//! The safe areas that platforms leave free for content, as dated data.
//!
//! Guarantees: rectangles are in pixels of a 1080x1920 frame and scale by `height / 1920`.
//!
//! This module does not depend on a job's platform; the caller chooses a profile. Platforms move these lines every
//! few months: update the table and its date.

/// A rectangle in frame pixels. `x1` and `y1` are exclusive.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rect {
    /// The left edge.
    pub x0: f32,
    /// The top edge.
    pub y0: f32,
    /// The right edge.
    pub x1: f32,
    /// The bottom edge.
    pub y1: f32,
}

impl Default for Rect {
    fn default() -> Self {
        Self::EMPTY
    }
}

impl Rect {
    /// Creates a rectangle from its edges.
    pub const fn new(x0: f32, y0: f32, x1: f32, y1: f32) -> Self {
        Self { x0, y0, x1, y1 }
    }

    /// The empty rectangle, which is the neutral element of [`Rect::union`].
    pub const EMPTY: Self =
        Self::new(f32::INFINITY, f32::INFINITY, f32::NEG_INFINITY, f32::NEG_INFINITY);

    /// Returns the width, never negative.
    pub fn width(&self) -> f32 {
        (self.x1 - self.x0).max(0.0)
    }

    /// Returns the height, never negative.
    pub fn height(&self) -> f32 {
        (self.y1 - self.y0).max(0.0)
    }

    /// Returns true if the area of the rectangle is zero.
    pub fn is_empty(&self) -> bool {
        self.x1 <= self.x0 || self.y1 <= self.y0
    }

    /// Returns the smallest rectangle that contains both rectangles.
    pub fn union(&self, other: &Self) -> Self {
        Self::new(
            self.x0.min(other.x0),
            self.y0.min(other.y0),
            self.x1.max(other.x1),
            self.y1.max(other.y1),
        )
    }

    /// Returns true if `other` is inside the rectangle, with `slack` pixels of tolerance.
    pub fn contains(&self, other: &Self, slack: f32) -> bool {
        other.x0 >= self.x0 - slack
            && other.y0 >= self.y0 - slack
            && other.x1 <= self.x1 + slack
            && other.y1 <= self.y1 + slack
    }

    /// Returns the rectangle moved by an offset.
    pub fn shifted(&self, dx: f32, dy: f32) -> Self {
        Self::new(self.x0 + dx, self.y0 + dy, self.x1 + dx, self.y1 + dy)
    }

    /// Returns the rectangle enlarged by `dx` on the left and right, and by `dy` at the top and bottom.
    pub fn grown(&self, dx: f32, dy: f32) -> Self {
        Self::new(self.x0 - dx, self.y0 - dy, self.x1 + dx, self.y1 + dy)
    }

    /// Returns the rectangle with every edge multiplied by `k`.
    pub fn scaled(&self, k: f32) -> Self {
        Self::new(self.x0 * k, self.y0 * k, self.x1 * k, self.y1 * k)
    }
}

/// A safe rectangle with the axis for centred text, in pixels of a 1080x1920 frame.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SafeRect {
    /// The rectangle that contains all content.
    pub rect: Rect,
    /// The x coordinate of the captions' centre.
    pub centre_x: f32,
}

impl SafeRect {
    /// Creates a safe rectangle. Captions are centred on the frame if the frame's centre is near the rectangle's
    /// middle (within 12 % of its width), and otherwise on that middle.
    pub fn new(x0: f32, y0: f32, x1: f32, y1: f32) -> Self {
        let middle = 0.5 * (x0 + x1);
        let centre_x = if (540.0 - middle).abs() <= 0.12 * (x1 - x0) { 540.0 } else { middle };
        Self { rect: Rect::new(x0, y0, x1, y1), centre_x }
    }

    /// Returns the width of the widest block that is centred on `centre_x` and stays inside the rectangle.
    pub fn centred_width(&self) -> f32 {
        2.0 * (self.centre_x - self.rect.x0).min(self.rect.x1 - self.centre_x).max(0.0)
    }

    /// Returns the same safe area for a frame of another height.
    pub fn for_height(&self, frame_height: usize) -> Self {
        let k = frame_height as f32 / 1920.0;
        Self { rect: self.rect.scaled(k), centre_x: self.centre_x * k }
    }

    /// The default profile: clear of the controls in advertising placements, except TikTok's button rail.
    pub const UNIVERSAL: Self =
        Self { rect: Rect::new(120.0, 288.0, 888.0, 1248.0), centre_x: 540.0 };
    /// The `UNIVERSAL` area, narrowed to also clear TikTok's button rail from y = 840 down.
    pub const UNIVERSAL_STRICT: Self =
        Self { rect: Rect::new(120.0, 288.0, 780.0, 1248.0), centre_x: 450.0 };
    /// The area for organic posts only, where captions may sit lower.
    pub const ORGANIC: Self = Self { rect: Rect::new(60.0, 220.0, 910.0, 1436.0), centre_x: 540.0 };
}

/// One row of the safe-area table.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SafeZone {
    /// The profile name used in configuration.
    pub name: &'static str,
    /// The safe area.
    pub zone: SafeRect,
    /// The date of the last check of the figures, as ISO year-month.
    pub checked: &'static str,
    /// The source of the figures.
    pub basis: &'static str,
}

/// The known profiles, default first.
pub const SAFE_ZONES: &[SafeZone] = &[
    SafeZone {
        name: "universal",
        zone: SafeRect::UNIVERSAL,
        checked: "2026-10",
        basis: "union of the TikTok, Meta and YouTube advertising zones",
    },
    SafeZone {
        name: "universal_strict",
        zone: SafeRect::UNIVERSAL_STRICT,
        checked: "2026-10",
        basis: "universal without x > 780, the TikTok button rail",
    },
    SafeZone {
        name: "organic",
        zone: SafeRect::ORGANIC,
        checked: "2026-10",
        basis: "creator-guide consensus for organic posts",
    },
    SafeZone {
        name: "tiktok",
        zone: SafeRect { rect: Rect::new(120.0, 240.0, 780.0, 1260.0), centre_x: 450.0 },
        checked: "2026-10",
        basis: "TikTok in-feed ad template: top 240, bottom 660, right 300 below y = 840",
    },
    SafeZone {
        name: "reels",
        zone: SafeRect { rect: Rect::new(65.0, 269.0, 1015.0, 1248.0), centre_x: 540.0 },
        checked: "2026-10",
        basis: "Meta Ads Guide: top 14 %, bottom 35 %, sides 6 %",
    },
    SafeZone {
        name: "shorts",
        zone: SafeRect { rect: Rect::new(48.0, 288.0, 888.0, 1248.0), centre_x: 540.0 },
        checked: "2026-10",
        basis: "Google Ads Help, vertical video safe-zone diagram",
    },
];

/// Returns the profile with the given name.
pub fn safe_zone(name: &str) -> Option<&'static SafeZone> {
    SAFE_ZONES.iter().find(|zone| zone.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zones_are_sane_and_found_by_name() {
        for zone in SAFE_ZONES {
            let rect = zone.zone.rect;
            assert!(rect.x0 >= 0.0 && rect.x1 <= 1080.0 && rect.y0 >= 0.0 && rect.y1 <= 1920.0);
            assert!(zone.zone.centred_width() >= 640.0, "{}", zone.name);
            assert_eq!(safe_zone(zone.name), Some(zone));
        }
        assert_eq!(SafeRect::UNIVERSAL.centred_width(), 696.0);
        assert_eq!(SAFE_ZONES[0].name, "universal");
    }
}
