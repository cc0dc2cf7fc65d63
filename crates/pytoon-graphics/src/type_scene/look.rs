//! The sizes, weights and colours of type scenes.

use super::blocks::Role;
use crate::color::{Oklch, Rgb, contrast};
use crate::palette::Palette;

/// Number of size steps of every role, from the largest to the smallest.
pub(super) const STEPS: usize = 7;

/// The setting of one role at one step. Sizes are in pixels of a 1080x1920 frame.
#[derive(Clone, Copy, Debug)]
pub(super) struct Setting {
    pub size: f32,
    pub weight: u16,
    /// The line height, in em.
    pub line: f32,
    /// The letter spacing, in em.
    pub tracking: f32,
    pub max_lines: usize,
}

/// Returns the setting of a role at a step.
pub(super) fn setting(role: Role, step: usize) -> Setting {
    let make = |sizes: [f32; STEPS], weight, line, tracking, lines: [usize; STEPS]| {
        let step = step.min(STEPS - 1);
        Setting { size: sizes[step], weight, line, tracking, max_lines: lines[step] }
    };
    match role {
        Role::Body => make(
            [190.0, 168.0, 150.0, 132.0, 116.0, 104.0, 92.0],
            900,
            1.05,
            -0.02,
            [3, 4, 5, 6, 6, 6, 6],
        ),
        Role::Lines => make(
            [132.0, 124.0, 112.0, 104.0, 96.0, 88.0, 80.0],
            800,
            1.14,
            -0.015,
            [3, 4, 4, 5, 5, 5, 6],
        ),
        Role::Figure => {
            make([190.0, 190.0, 184.0, 176.0, 168.0, 160.0, 150.0], 900, 1.0, -0.02, [1; STEPS])
        }
        Role::Support => {
            make([76.0, 72.0, 68.0, 64.0, 60.0, 57.0, 54.0], 700, 1.26, 0.0, [3, 3, 3, 3, 4, 4, 4])
        }
        Role::Intro => {
            make([72.0, 68.0, 64.0, 62.0, 60.0, 57.0, 54.0], 600, 1.24, 0.0, [2, 2, 2, 3, 3, 3, 3])
        }
        Role::Item(_) => make(
            [116.0, 104.0, 96.0, 88.0, 80.0, 72.0, 64.0],
            800,
            1.12,
            -0.012,
            [1, 1, 2, 2, 2, 2, 3],
        ),
        Role::Quote => make(
            [108.0, 100.0, 92.0, 84.0, 78.0, 72.0, 66.0],
            600,
            1.24,
            -0.01,
            [3, 4, 5, 6, 7, 8, 8],
        ),
        Role::Attribution => {
            make([54.0, 52.0, 50.0, 48.0, 46.0, 44.0, 44.0], 600, 1.3, 0.0, [2; STEPS])
        }
        Role::First | Role::Second => make(
            [150.0, 132.0, 116.0, 104.0, 96.0, 88.0, 76.0],
            900,
            1.04,
            -0.018,
            [1, 1, 1, 2, 3, 4, 5],
        ),
    }
}

/// Returns the maximum length of a block on one page, in characters; a full-width character counts as two.
pub(super) fn max_chars(role: Role) -> usize {
    match role {
        Role::Body | Role::First | Role::Second => 84,
        Role::Lines => 96,
        Role::Quote => 150,
        _ => 120,
    }
}

/// Returns the gap between two blocks, in pixels of a 1080x1920 frame.
pub(super) fn gap(above: Role, below: Role, step: usize) -> f32 {
    match (above, below) {
        (Role::Item(_), Role::Item(_)) => 0.6 * setting(below, step).size,
        (Role::Intro, _) => 56.0,
        (Role::Quote, _) | (_, Role::Quote) => 60.0,
        (Role::First, Role::Second) => 0.62 * setting(below, step).size,
        (Role::Figure, _) | (_, Role::Figure) => 44.0,
        _ => 32.0,
    }
}

/// The colours of a scene.
#[derive(Clone, Copy, Debug)]
pub(super) struct Colors {
    pub text: Rgb,
    /// The colour of support type.
    pub soft: Rgb,
    /// The colour of a rejected or former part.
    pub dim: Rgb,
    pub accent: Rgb,
    /// The colour of numbers on accent-coloured shapes.
    pub on_accent: Rgb,
}

/// Minimum contrast of type to the nominal ground. The darkened or lightened box adds the reserve for gradients.
const CONTRAST: f32 = 8.0;

impl Colors {
    /// Chooses colours that keep their contrast with the palette's ground (or paper).
    pub(super) fn new(palette: &Palette, light_ground: bool) -> Self {
        let (text, ground) = if light_ground {
            (palette.ink, palette.paper)
        } else {
            (palette.paper, palette.ground)
        };
        let mixed = |limit: f32| {
            (0..20)
                .map(|i| text.mix(ground, limit - 0.02 * i as f32))
                .find(|c| contrast(*c, ground) >= CONTRAST)
                .unwrap_or(text)
        };
        // On paper the bright accent is too pale for type; the body colour replaces it.
        let lch = if light_ground { palette.body.to_oklch() } else { palette.accent.to_oklch() };
        let toward = if light_ground { -0.01 } else { 0.01 };
        let accent = (0..60)
            .map(|i| Oklch::new(lch.l + toward * i as f32, lch.c, lch.h).to_rgb())
            .find(|c| contrast(*c, ground) >= CONTRAST)
            .unwrap_or(text);
        let on_accent = if light_ground { palette.paper } else { palette.ink };
        Self { text, soft: mixed(0.18), dim: mixed(0.40), accent, on_accent }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::palette::Mood;

    #[test]
    fn every_colour_reads_in_every_mood_and_brand() {
        let brands = ["#E50914", "#1DB954", "#0A66C2", "#FFCC00", "#777777", "#000000", "#FFFFFF"];
        let palettes = Mood::ALL
            .map(Palette::from_mood)
            .into_iter()
            .chain(brands.map(|hex| Palette::from_brand(Rgb::from_hex(hex).unwrap())));
        for palette in palettes {
            for (light, ground) in [(false, palette.ground), (true, palette.paper)] {
                let colors = Colors::new(&palette, light);
                for color in [colors.text, colors.soft, colors.dim, colors.accent] {
                    assert!(contrast(color, ground) >= 7.0, "{color:?} on {ground:?}");
                }
                assert!(contrast(colors.on_accent, colors.accent) >= 4.5, "{palette:?}");
            }
        }
    }
}
