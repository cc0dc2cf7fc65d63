//! Captions with word timing, in several looks.
//!
//! Guarantees: every word of every cue is drawn; the output depends only on the cues, the style and the
//! requested time; fills, strokes, plates and chips stay inside the safe rectangle in every frame of every
//! animation (only soft shadows and shades may reach past it). Cues are laid out once and rasterised on first use; a
//! few are cached.
//!
//! This module does not split speech into cues or compute word times. A look is a row of `table.rs`.
//!
//! Start with [`CaptionRenderer::prepare`].

mod draw;
mod ground;
mod look;
mod prepare;
mod renderer;
mod table;
#[cfg(test)]
mod tests;

pub use look::chip_scale;
pub use renderer::{ActiveWord, CaptionRenderer, CueBox};
pub use table::pop_scale;

use crate::area::SafeRect;
use crate::color::Rgb;
use pytoon_vocabulary::CaptionLook;

/// The style of captions.
#[derive(Clone, Debug, PartialEq)]
pub struct CaptionStyle {
    /// The caption look.
    pub look: CaptionLook,
    /// The factor applied to the look's text size, normally 1.0.
    pub size_scale: f32,
    /// The rectangle that contains all captions, in frame pixels.
    pub zone: SafeRect,
    /// The number of frame pixels per pixel of the looks' dimensions, which are those of a 1080x1920 frame.
    pub unit: f32,
    /// The time from the start of a highlight to the onset of its word.
    pub lead_ms: i64,
    /// The colour of the chip, the active word and the emphasis. It is lightened if the contrast is too low.
    pub accent: Rgb,
    /// The font family; defaults to the look's own.
    pub font_family: Option<String>,
    /// The language of the text, a BCP 47 tag.
    pub language: Option<String>,
}

impl CaptionStyle {
    /// Returns the defaults of a look in the universal safe area of a 1080x1920 frame.
    pub fn new(look: CaptionLook) -> Self {
        Self {
            look,
            size_scale: 1.0,
            zone: SafeRect::UNIVERSAL,
            unit: 1.0,
            lead_ms: 50,
            accent: Rgb::new(0xFF, 0xD6, 0x0A),
            font_family: None,
            language: None,
        }
    }
}
