//! Palettes of five matching colours.
//!
//! Guarantees: paper-coloured text on ground and ink-coloured text on paper keep a contrast of at least 7:1; every
//! colour is inside sRGB. A palette has a base hue and an accent; the body colour of a brand is 25 degrees from its
//! base hue.
//!
//! This module does not derive a mood from a brief. Callers name a mood or pass a brand colour.

use crate::color::{Oklch, Rgb, contrast};

/// A mood: its base and accent hue with a chroma factor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Mood {
    /// Blue with warm yellow.
    Calm,
    /// Deep blue with orange.
    Corporate,
    /// Petrol blue with amber.
    Cinematic,
    /// Clay with sea green.
    Lofi,
    /// Red-orange with yellow.
    Energetic,
    /// Muted violet with gold.
    Luxury,
}

impl Mood {
    /// All moods, for tables and tests.
    pub const ALL: [Self; 6] =
        [Self::Calm, Self::Corporate, Self::Cinematic, Self::Lofi, Self::Energetic, Self::Luxury];

    /// Returns (base hue, accent hue, chroma factor).
    pub fn hues(self) -> (f32, f32, f32) {
        match self {
            Self::Calm => (230.0, 90.0, 1.0),
            Self::Corporate => (255.0, 50.0, 1.0),
            Self::Cinematic => (265.0, 45.0, 1.0),
            Self::Lofi => (40.0, 200.0, 1.0),
            Self::Energetic => (25.0, 95.0, 1.0),
            Self::Luxury => (285.0, 85.0, 0.5),
        }
    }

    /// Returns the mood with the given lower-case name.
    pub fn from_name(name: &str) -> Option<Self> {
        Some(match name {
            "calm" => Self::Calm,
            "corporate" => Self::Corporate,
            "cinematic" => Self::Cinematic,
            "lofi" => Self::Lofi,
            "energetic" => Self::Energetic,
            "luxury" => Self::Luxury,
            _ => return None,
        })
    }
}

/// The colours of one video.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Palette {
    /// The dark background.
    pub ground: Rgb,
    /// The mid-tone that carries the hue.
    pub body: Rgb,
    /// The one bright colour.
    pub accent: Rgb,
    /// The light background, also used for text on `ground`.
    pub paper: Rgb,
    /// The colour of text on `paper`.
    pub ink: Rgb,
}

impl Palette {
    /// Creates the palette for a mood.
    pub fn from_mood(mood: Mood) -> Self {
        let (base, accent, chroma) = mood.hues();
        Self::from_hues(base, accent, chroma)
    }

    /// Creates a palette from a base and an accent hue in degrees. A `chroma` of 1.0 is the default strength.
    pub fn from_hues(base: f32, accent: f32, chroma: f32) -> Self {
        Self {
            ground: Oklch::new(0.21, 0.062 * chroma, base).to_rgb(),
            body: Oklch::new(0.55, 0.165 * chroma, base).to_rgb(),
            accent: Oklch::new(0.82, 0.155 * chroma.max(0.7), accent).to_rgb(),
            paper: Oklch::new(0.95, 0.014, base).to_rgb(),
            ink: Oklch::new(0.19, 0.03 * chroma, base).to_rgb(),
        }
    }

    /// Creates a palette from a brand colour. The brand colour, lightened if it is dark, is the accent, and the
    /// background uses its hue.
    pub fn from_brand(brand: Rgb) -> Self {
        let lch = brand.to_oklch();
        // The hue of a grey brand is meaningless.
        let chroma = (lch.c / 0.12).min(1.0);
        // A darker accent would be invisible on the ground.
        let accent = Oklch::new(lch.l.max(0.62), lch.c, lch.h).to_rgb();
        Self {
            ground: Oklch::new(0.20, 0.05 * chroma, lch.h).to_rgb(),
            body: Oklch::new(0.50, 0.14 * chroma, lch.h + 25.0).to_rgb(),
            accent,
            paper: Oklch::new(0.95, 0.014 * chroma, lch.h).to_rgb(),
            ink: Oklch::new(0.19, 0.03 * chroma, lch.h).to_rgb(),
        }
    }

    /// Returns the palette for another scene. Every hue except that of the accent is rotated by at most 15 degrees.
    pub fn rotated(&self, degrees: f32) -> Self {
        let turn = degrees.clamp(-15.0, 15.0);
        let rotate = |rgb: Rgb| {
            let lch = rgb.to_oklch();
            Oklch::new(lch.l, lch.c, lch.h + turn).to_rgb()
        };
        Self {
            ground: rotate(self.ground),
            body: rotate(self.body),
            accent: self.accent,
            paper: rotate(self.paper),
            ink: rotate(self.ink),
        }
    }

    /// Returns the body colour at another lightness, with its chroma multiplied by `chroma` and its hue turned by
    /// `hue_offset` degrees, for gradients.
    pub fn shade(&self, lightness: f32, chroma: f32, hue_offset: f32) -> Rgb {
        let body = self.body.to_oklch();
        Oklch::new(lightness, body.c * chroma, body.h + hue_offset).to_rgb()
    }

    /// Returns paper or ink, whichever has more contrast with `background`.
    pub fn text_on(&self, background: Rgb) -> Rgb {
        if contrast(self.paper, background) >= contrast(self.ink, background) {
            self.paper
        } else {
            self.ink
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_reads_in_every_mood_and_brand() {
        let brands = ["#E50914", "#1DB954", "#0A66C2", "#FFCC00", "#777777", "#000000", "#FFFFFF"];
        let all = Mood::ALL
            .map(Palette::from_mood)
            .into_iter()
            .chain(brands.into_iter().map(|hex| Palette::from_brand(Rgb::from_hex(hex).unwrap())));
        for palette in all {
            assert!(contrast(palette.paper, palette.ground) >= 7.0, "{palette:?}");
            assert!(contrast(palette.ink, palette.paper) >= 7.0, "{palette:?}");
            assert!(contrast(palette.accent, palette.ground) >= 3.0, "{palette:?}");
        }
    }
}
