//! The dimensions, colours and animation curves of each caption look.

use super::{CaptionLook, CaptionStyle};
use crate::color::{Oklch, Rgb, contrast};
use crate::motion;
use crate::text::{Shadow, Stroke, TextStyle};

pub(super) const PLATE: Rgb = Rgb::new(0x0C, 0x0C, 0x10);
/// The opacity of the plate. It gives white text a contrast of 10:1 over a pure white picture.
pub(super) const PLATE_OPACITY: f32 = 0.78;
pub(super) const PLATE_PAD: (f32, f32) = (32.0, 20.0);
pub(super) const PLATE_RADIUS: f32 = 20.0;
/// The colour of words not yet spoken: visibly dimmer than white, but still at a contrast of 7:1 on the plate over
/// white.
pub(super) const UPCOMING: Rgb = Rgb::new(0xDA, 0xDA, 0xE0);
pub(super) const CLASSIC_IN_MS: f32 = 100.0;
pub(super) const CLASSIC_OUT_MS: f32 = 80.0;
pub(super) const CLASSIC_SLIDE: f32 = 8.0;

pub(super) const DARK: Rgb = Rgb::new(0x11, 0x11, 0x11);
pub(super) const CHIP_PAD: (f32, f32) = (12.0, 6.0);
/// The horizontal padding of a chip between joined words, where there is less room.
pub(super) const CHIP_PAD_JOINED: f32 = 6.0;
pub(super) const CHIP_RADIUS: f32 = 16.0;
pub(super) const KARAOKE_IN_MS: f32 = 80.0;
/// The duration of the chip's entrance, in milliseconds (two frames).
pub(super) const CHIP_IN_MS: f32 = 67.0;

pub(super) const POP_MS: f32 = 200.0;
pub(super) const POP_ROTATION_DEG: f32 = -2.0;
pub(super) const POP_ROTATION_MS: f32 = 100.0;
pub(super) const POP_EMPHASIS: f32 = 132.0 / 104.0;
/// The maximum of the pop curve. Boxes are checked at this size.
pub(super) const POP_PEAK: f32 = 1.056;

/// The time in which the active word's colour settles, in milliseconds (about two frames).
pub(super) const TINT_MS: f32 = 67.0;
/// The pause below which a highlight continues to the next word, in milliseconds.
pub(super) const BRIDGE_MS: i64 = 250;

/// Returns the visibility of an element from 0 to 1, `t` milliseconds after its start, for an entrance of `length`
/// milliseconds. It starts at 0.7, so that the first frame at or after the start shows the element.
pub(super) fn onset(t: f32, length: f32) -> f32 {
    if t < 0.0 { 0.0 } else { (0.7 + 0.3 * t / length).min(1.0) }
}

/// Returns the scale of a popping word, `t` milliseconds after it appeared.
pub fn pop_scale(t: f32) -> f32 {
    0.8 + 0.2 * motion::back_out(t / POP_MS, 3.2)
}

pub(super) fn pop_opacity(t: f32) -> f32 {
    if t < 1000.0 / 30.0 - 0.5 { 0.6 } else { 1.0 }
}

pub(super) fn pop_rotation(t: f32) -> f32 {
    (POP_ROTATION_DEG * (1.0 - t / POP_ROTATION_MS).clamp(0.0, 1.0)).to_radians()
}

/// Returns the scale of the karaoke chip, `t` milliseconds after its word became active.
pub fn chip_scale(t: f32) -> f32 {
    motion::interpolate(&[(0.0, 0.92), (CHIP_IN_MS, 1.03), (133.0, 1.0)], t)
}

/// Returns the text style of a look, scaled by `k` pixels per reference pixel.
pub(super) fn text_style(style: &CaptionStyle, k: f32) -> TextStyle {
    let family = |default: &str| style.font_family.clone().unwrap_or_else(|| default.to_owned());
    let shadow = |opacity, dy: f32, sigma: f32| {
        Some(Shadow { color: Rgb::BLACK, opacity, dy_px: dy * k, sigma_px: sigma * k })
    };
    let base = |weight, size: f32, line: f32, floor: f32| TextStyle {
        language: style.language.clone(),
        min_size_px: floor * k,
        ..TextStyle::new(&family("Inter"), weight, size * k, line * k)
    };
    match style.look {
        CaptionLook::Classic => base(600, 52.0, 70.0, 44.0),
        CaptionLook::Karaoke => TextStyle {
            tracking: -0.005,
            stroke: Some(Stroke { width_px: 5.0 * k, color: DARK }),
            shadow: shadow(0.55, 6.0, 10.0),
            word_gap: Some(28.0 * k),
            join_gap: 8.0 * k,
            ..base(800, 72.0, 92.0, 52.0)
        },
        CaptionLook::Pop => TextStyle {
            tracking: -0.01,
            stroke: Some(Stroke { width_px: 10.0 * k, color: Rgb::BLACK }),
            shadow: shadow(0.6, 10.0, 14.0),
            caps: true,
            // Two 10 px strokes meet in the gap; the font's own space would close it.
            word_gap: Some(38.0 * k),
            join_gap: 6.0 * k,
            ..base(900, 104.0, 0.98 * 104.0, 64.0)
        },
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pop_follows_the_table() {
        let expected = [0.80, 0.958, 1.036, 1.055, 1.040, 1.014, 1.0];
        for (frame, value) in expected.into_iter().enumerate() {
            let found = pop_scale(frame as f32 * 1000.0 / 30.0);
            assert!((found - value).abs() < 0.002, "f{frame}: {found} instead of {value}");
        }
        assert!((0..200).all(|t| pop_scale(t as f32) <= POP_PEAK));
        assert_eq!((pop_opacity(0.0), pop_opacity(33.4)), (0.6, 1.0));
        assert!((pop_rotation(0.0).to_degrees() + 2.0).abs() < 1e-4 && pop_rotation(100.0) == 0.0);
    }

    #[test]
    fn chip_follows_its_keys() {
        for (t, value) in [(0.0, 0.92), (67.0, 1.03), (133.0, 1.0), (400.0, 1.0)] {
            assert!((chip_scale(t) - value).abs() < 1e-4);
        }
    }

    #[test]
    fn every_accent_reads() {
        for hex in ["#FFD60A", "#E50914", "#0A66C2", "#000000", "#34C759"] {
            let accent = Rgb::from_hex(hex).unwrap();
            let plate = Rgb::WHITE.mix(PLATE, PLATE_OPACITY);
            assert!(contrast(accent_on_plate(accent), plate) >= 7.0, "{hex}");
            assert!(contrast(chip_color(accent), DARK) >= 7.0, "{hex}");
            assert!(contrast(UPCOMING, plate) >= 7.0);
        }
        let yellow = Rgb::from_hex("#FFD60A").unwrap();
        assert_eq!(chip_color(yellow), yellow);
    }
}
