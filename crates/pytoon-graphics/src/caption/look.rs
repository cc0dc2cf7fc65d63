//! The parts of a caption look: dimensions, colours and animation curves.
//!
//! A [`Look`] is data: layout and drawing read it and know no look by name. Lengths are in pixels of a 1080x1920
//! frame, times in milliseconds.

use super::CaptionStyle;
use crate::color::{Oklch, Rgb, contrast};
use crate::motion;
use crate::text::{Align, Shadow, Stroke, TextStyle};

/// A caption look.
pub(super) struct Look {
    pub face: Face,
    /// The outline: its width outside the letters, and its colour.
    pub stroke: Option<(f32, Rgb)>,
    pub shadow: Option<SoftShadow>,
    pub ground: Option<Ground>,
    pub inks: Inks,
    /// The chip behind the active word.
    pub chip: Option<Chip>,
    /// The animation of a word from the start of its highlight. Words that move have a backing of their own.
    pub motion: Option<WordMotion>,
    /// True to draw a caret after the last visible word.
    pub caret: bool,
    /// The size factor of emphasised words.
    pub emphasis_scale: f32,
    pub entrance: Entrance,
    /// The duration of the fade at the end of a cue; `None` for a cut.
    pub out_ms: Option<f32>,
    /// The distance from the bottom of the last line to the bottom of the zone.
    pub bottom: f32,
    /// True if a single line is in the middle of the block of two lines, false if it takes the place of the second.
    pub single_in_middle: bool,
    pub align: Align,
}

/// The typeface of a look and its metrics.
pub(super) struct Face {
    pub family: &'static str,
    /// The CSS weight, 100 to 900.
    pub weight: u16,
    pub size: f32,
    pub line_height: f32,
    /// The size below which words are broken.
    pub min_size: f32,
    /// The letter spacing, in em.
    pub tracking: f32,
    pub caps: bool,
    /// The gap between words; `None` for the font's own space.
    pub word_gap: Option<f32>,
    /// The gap between words that join without a space.
    pub join_gap: f32,
}

/// A soft black shadow under letters and outline.
pub(super) struct SoftShadow {
    /// The opacity, 0 to 1.
    pub opacity: f32,
    /// The downward offset.
    pub dy: f32,
    /// The standard deviation of the blur.
    pub sigma: f32,
}

/// The surface behind the words of a cue.
pub(super) enum Ground {
    /// One rounded rectangle behind the block. `pad` is horizontal and vertical.
    Plate { pad: (f32, f32), radius: f32, color: Rgb, opacity: f32 },
    /// A rounded box for each line, joined to one shape. `pad` is horizontal and, above and below the ink, vertical.
    Rows { pad: (f32, f32), radius: f32, color: Rgb },
    /// A soft shade behind the block: a rectangle, larger by `margin`, blurred by `sigma`. It may leave the zone, as
    /// shadows may.
    Shade { margin: (f32, f32), sigma: f32, color: Rgb, opacity: f32 },
}

/// A colour of letters.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Ink {
    Fixed(Rgb),
    /// The accent, light enough for the plate.
    AccentOnPlate,
    /// The accent, light enough for a dark outline.
    AccentOnDark,
}

/// The colours of a word over time.
pub(super) struct Inks {
    /// The colour before the word is spoken; `None` hides it.
    pub upcoming: Option<Ink>,
    pub active: Ink,
    pub spoken: Ink,
    /// The colour of an emphasised word in every state.
    pub emphasis: Option<Ink>,
    /// The time in which a colour settles; 0 for a cut.
    pub tint_ms: f32,
}

/// The chip behind the active word, in the accent colour.
pub(super) struct Chip {
    /// The horizontal and vertical padding.
    pub pad: (f32, f32),
    /// The horizontal padding between joined words, where there is less room.
    pub pad_joined: f32,
    pub radius: f32,
}

/// The animation of a word.
pub(super) struct WordMotion {
    pub scale: ScaleCurve,
    pub length_ms: f32,
    /// The maximum of the scale. Boxes are checked at this size.
    pub peak: f32,
    /// The opacity in the first frame.
    pub first_opacity: f32,
    /// The rotation of an emphasised word at its start, in degrees.
    pub turn_deg: f32,
}

/// The scale of a word over time.
pub(super) enum ScaleCurve {
    /// From `from`, past `from + travel` by the back-out curve's `overshoot`, and back to it.
    Spring { from: f32, travel: f32, overshoot: f32 },
    /// Linear between points of time and scale.
    Keys(&'static [(f32, f32)]),
}

/// The entrance of a cue.
pub(super) enum Entrance {
    Cut,
    Fade {
        ms: f32,
    },
    /// A fade with an upward movement.
    Rise {
        ms: f32,
        by: f32,
    },
}

/// The scale, rotation (in radians) and opacity of a moving word.
pub(super) struct Pose {
    pub scale: f32,
    pub turn: f32,
    pub opacity: f32,
}

pub(super) const PLATE: Rgb = Rgb::new(0x0C, 0x0C, 0x10);
/// The opacity of the plate. It gives white text a contrast of 10:1 over a pure white picture.
pub(super) const PLATE_OPACITY: f32 = 0.78;
/// The opacity of the soft shade. It gives white text a contrast of 7:1 over a pure white picture, at its edges too.
pub(super) const SHADE_OPACITY: f32 = 0.76;
pub(super) const DARK: Rgb = Rgb::new(0x11, 0x11, 0x11);
/// The colour of words not yet spoken: visibly dimmer than white, but still at a contrast of 7:1 on the plate over
/// white.
pub(super) const UPCOMING: Rgb = Rgb::new(0xDA, 0xDA, 0xE0);
/// The colour of words not yet spoken over the soft shade, at a contrast of 4.5:1 over white. Type there is large.
pub(super) const DIMMED: Rgb = Rgb::new(0xCE, 0xCE, 0xD4);

/// The largest scale of a chip.
pub(super) const CHIP_PEAK: f32 = 1.03;
/// The duration of the chip's entrance, in milliseconds (two frames).
pub(super) const CHIP_IN_MS: f32 = 67.0;
/// The time in which a rotated word turns upright, in milliseconds.
const TURN_MS: f32 = 100.0;
/// The time for which the caret is visible after a word, and then alternately hidden and visible, in milliseconds.
pub(super) const BLINK_MS: f32 = 450.0;
/// The width of the caret and its distance from the word, in em.
pub(super) const CARET_EM: (f32, f32) = (0.11, 0.14);

/// The pause below which a highlight continues to the next word, in milliseconds.
pub(super) const BRIDGE_MS: i64 = 250;

/// Returns the visibility of an element from 0 to 1, `t` milliseconds after its start, for an entrance of `length`
/// milliseconds. It starts at 0.7, so that the first frame at or after the start shows the element.
pub(super) fn onset(t: f32, length: f32) -> f32 {
    match t {
        t if t < 0.0 => 0.0,
        _ if length <= 0.0 => 1.0,
        t => (0.7 + 0.3 * t / length).min(1.0),
    }
}

impl ScaleCurve {
    fn at(&self, t: f32, length_ms: f32) -> f32 {
        match *self {
            Self::Spring { from, travel, overshoot } => {
                from + travel * motion::back_out(t / length_ms, overshoot)
            }
            Self::Keys(points) => motion::interpolate(points, t),
        }
    }
}

impl WordMotion {
    /// Returns the pose of a word `t` milliseconds after the start of its highlight, or `None` for a word at rest.
    pub(super) fn pose(&self, t: f32, emphasis: bool) -> Option<Pose> {
        (0.0..self.length_ms).contains(&t).then(|| self.pose_at(t, emphasis))
    }

    /// Returns the pose at `t`, which is at rest at the end of the motion.
    pub(super) fn pose_at(&self, t: f32, emphasis: bool) -> Pose {
        let turn = if emphasis { self.turn_deg * (1.0 - t / TURN_MS).clamp(0.0, 1.0) } else { 0.0 };
        Pose {
            scale: self.scale.at(t, self.length_ms),
            turn: turn.to_radians(),
            opacity: if t < 1000.0 / 30.0 - 0.5 { self.first_opacity } else { 1.0 },
        }
    }
}

impl Entrance {
    /// Returns the opacity and the downward offset (in reference pixels) of a cue, `t` milliseconds after its start.
    pub(super) fn at(&self, t: f32) -> (f32, f32) {
        match *self {
            Self::Cut => (1.0, 0.0),
            Self::Fade { ms } => (onset(t, ms), 0.0),
            Self::Rise { ms, by } => {
                let entered = motion::cubic_out(t / ms);
                // The first frame is already visible.
                (0.2 + 0.8 * entered, by * (1.0 - entered))
            }
        }
    }

    /// Returns the largest downward offset, in reference pixels.
    pub(super) fn travel(&self) -> f32 {
        if let Self::Rise { by, .. } = self { *by } else { 0.0 }
    }
}

impl Ink {
    /// Returns the colour for a film with the given accent.
    pub(super) fn color(self, accent: Rgb) -> Rgb {
        match self {
            Self::Fixed(color) => color,
            Self::AccentOnPlate => accent_on_plate(accent),
            Self::AccentOnDark => chip_color(accent),
        }
    }
}

impl Inks {
    /// Returns the inks of a word before, while and after it is spoken.
    pub(super) fn states(&self, emphasis: bool) -> [Option<Ink>; 3] {
        let own = self.emphasis.filter(|_| emphasis);
        [
            self.upcoming.map(|ink| own.unwrap_or(ink)),
            own.or(Some(self.active)),
            own.or(Some(self.spoken)),
        ]
    }
}

impl Look {
    /// Returns the horizontal room of a line that padding needs on each side.
    pub(super) fn side(&self) -> f32 {
        match (&self.ground, &self.chip) {
            (Some(Ground::Plate { pad, .. }), _) => pad.0,
            // Boxes are in whole pixels.
            (Some(Ground::Rows { pad, .. }), _) => pad.0 + 2.0,
            // Letters may reach past their advance.
            (Some(Ground::Shade { .. }), _) => 4.0,
            (_, Some(chip)) => CHIP_PEAK * chip.pad.0,
            _ => 0.0,
        }
    }

    /// Returns the text style of the look, scaled by `k` pixels per reference pixel.
    pub(super) fn text_style(&self, style: &CaptionStyle, k: f32) -> TextStyle {
        let face = &self.face;
        let family = style.font_family.as_deref().unwrap_or(face.family);
        TextStyle {
            language: style.language.clone(),
            min_size_px: face.min_size * k,
            tracking: face.tracking,
            stroke: self.stroke.map(|(width, color)| Stroke { width_px: width * k, color }),
            shadow: self.shadow.as_ref().map(|s| Shadow {
                color: Rgb::BLACK,
                opacity: s.opacity,
                dy_px: s.dy * k,
                sigma_px: s.sigma * k,
            }),
            caps: face.caps,
            word_gap: face.word_gap.map(|gap| gap * k),
            join_gap: face.join_gap * k,
            align: self.align,
            ..TextStyle::new(family, face.weight, face.size * k, face.line_height * k)
        }
    }
}

/// Returns the scale of the karaoke chip, `t` milliseconds after its word became active.
pub fn chip_scale(t: f32) -> f32 {
    motion::interpolate(&[(0.0, 0.92), (CHIP_IN_MS, CHIP_PEAK), (133.0, 1.0)], t)
}

/// Returns the accent for text on the plate, light enough for a contrast of 7:1 even over a white picture.
pub(super) fn accent_on_plate(accent: Rgb) -> Rgb {
    let plate = Rgb::WHITE.mix(PLATE, PLATE_OPACITY);
    lighten_until(accent, |c| contrast(c, plate) >= 7.0)
}

/// Returns the accent for a chip under dark text, lightened to an OKLCH lightness of at least 0.795 and a contrast of
/// at least 7:1 with the text.
pub(super) fn chip_color(accent: Rgb) -> Rgb {
    lighten_until(accent, |c| c.to_oklch().l >= 0.795 && contrast(c, DARK) >= 7.0)
}

fn lighten_until(color: Rgb, passes: impl Fn(Rgb) -> bool) -> Rgb {
    let lch = color.to_oklch();
    (0..60)
        .map(|step| Oklch::new(lch.l + 0.01 * step as f32, lch.c, lch.h).to_rgb())
        .find(|c| passes(*c))
        .unwrap_or(Rgb::WHITE)
}
