//! Word-timed captions in three looks.
//!
//! Guarantees: every word of every cue is drawn; what is drawn depends only on the cues, the style
//! and the time asked for; fills, strokes, plates and chips stay inside the safe rectangle in
//! every frame of every animation (only the soft shadow, which carries no meaning, may reach
//! past it). Cues are laid out once and rasterised when first drawn; a few are kept.
//!
//! Does not split speech into cues or find word times.
//!
//! Start with [`CaptionRenderer::prepare`].

mod draw;
mod look;
mod prepare;
mod renderer;
#[cfg(test)]
mod tests;

pub use look::{chip_scale, pop_scale};
pub use renderer::{ActiveWord, CaptionRenderer, CueBox};

use crate::color::Rgb;
use crate::safe_zone::SafeRect;
use pytoon_vocabulary::CaptionLook;

/// How captions look. Pixel figures are those of a 1080x1920 frame and scale with its height.
#[derive(Clone, Debug, PartialEq)]
pub struct CaptionStyle {
    /// The look.
    pub look: CaptionLook,
    /// Factor on the look's type size, 1.0 normally.
    pub size_scale: f32,
    /// Captions stay inside.
    pub zone: SafeRect,
    /// Highlights start this long before the word's onset.
    pub lead_ms: i64,
    /// Chip, active word and emphasis; lightened where it would not read.
    pub accent: Rgb,
    /// Instead of the look's own family.
    pub font_family: Option<String>,
    /// BCP 47 tag of the text.
    pub language: Option<String>,
}

impl CaptionStyle {
    /// The look's defaults in the universal safe zone.
    pub fn new(look: CaptionLook) -> Self {
        Self {
            look,
            size_scale: 1.0,
            zone: SafeRect::UNIVERSAL,
            lead_ms: 50,
            accent: Rgb::new(0xFF, 0xD6, 0x0A),
            font_family: None,
            language: None,
        }
    }
}
