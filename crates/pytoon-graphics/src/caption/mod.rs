//! Word-timed captions in three looks.
//!
//! Guarantees: every word of every cue is drawn; the output depends only on the cues, the style and the
//! requested time; fills, strokes, plates and chips stay inside the safe rectangle in every frame of every
//! animation (only the soft shadow may reach past it). Cues are laid out once and rasterised on first use; a
//! few are cached.
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

/// The style of captions. Pixel values refer to a 1080x1920 frame and scale with its height.
#[derive(Clone, Debug, PartialEq)]
pub struct CaptionStyle {
    /// The look.
    pub look: CaptionLook,
    /// The factor on the look's type size, normally 1.0.
    pub size_scale: f32,
    /// The rectangle that captions stay inside.
    pub zone: SafeRect,
    /// The time between a highlight's start and the word's onset.
    pub lead_ms: i64,
    /// The colour of chip, active word and emphasis; lightened if the contrast is too low.
    pub accent: Rgb,
    /// The font family; default the look's own.
    pub font_family: Option<String>,
    /// BCP 47 tag of the text.
    pub language: Option<String>,
}

impl CaptionStyle {
    /// Returns the look's defaults in the universal safe zone.
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
