//! Layout: decides where captions, titles and logos go in a frame, from the frame's format, the platform and what the
//! pictures show.
//!
//! Guarantees: every function is pure; all areas are inside the frame and inside the platform's safe area; the zone of
//! the captions changes only from scene to scene.
//!
//! This module does not look at pixels (the compositor's `saliency` does) and does not set type.
//!
//! Start with [`Format`], [`safe_area`] and [`zones::choose`].

mod format;
pub mod protection;
mod safe_area;
pub mod split;
pub mod zones;

pub use format::Format;
pub use safe_area::{SAFE_AREAS, SafeArea, safe_area};

use serde::{Deserialize, Serialize};

/// A rectangle in fractions of the frame's width and height, from its top-left corner.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Area {
    /// The left edge.
    pub x0: f64,
    /// The top edge.
    pub y0: f64,
    /// The right edge.
    pub x1: f64,
    /// The bottom edge.
    pub y1: f64,
}

impl Area {
    /// Creates an area from its edges.
    pub const fn new(x0: f64, y0: f64, x1: f64, y1: f64) -> Self {
        Self { x0, y0, x1, y1 }
    }

    /// Returns the width, never negative.
    pub fn width(&self) -> f64 {
        (self.x1 - self.x0).max(0.0)
    }

    /// Returns the height, never negative.
    pub fn height(&self) -> f64 {
        (self.y1 - self.y0).max(0.0)
    }

    /// Returns true if `other` is inside the area, with a tolerance for rounding.
    pub fn contains(&self, other: &Self) -> bool {
        const SLACK: f64 = 1e-9;
        other.x0 >= self.x0 - SLACK
            && other.y0 >= self.y0 - SLACK
            && other.x1 <= self.x1 + SLACK
            && other.y1 <= self.y1 + SLACK
    }

    /// Returns the common part of two areas, which may be empty.
    pub fn intersection(&self, other: &Self) -> Self {
        Self::new(
            self.x0.max(other.x0),
            self.y0.max(other.y0),
            self.x1.min(other.x1),
            self.y1.min(other.y1),
        )
    }
}
