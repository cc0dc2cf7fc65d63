//! The caption looks. A further look is a further row here.

use super::look::*;
use crate::color::Rgb;
use crate::text::Align;
use pytoon_vocabulary::CaptionLook;

const WHITE: Ink = Ink::Fixed(Rgb::WHITE);
/// The time in which a word's colour settles, in milliseconds (about two frames).
const TINT_MS: f32 = 67.0;

/// Returns the data of a look.
pub(super) fn look(look: CaptionLook) -> &'static Look {
    match look {
        CaptionLook::Classic => &CLASSIC,
        CaptionLook::Karaoke => &KARAOKE,
        CaptionLook::Pop => &POP,
        CaptionLook::Bold => &BOLD,
        CaptionLook::Boxed => &BOXED,
        CaptionLook::Single => &SINGLE,
        CaptionLook::Typewriter => &TYPEWRITER,
        CaptionLook::Minimal => &MINIMAL,
    }
}

const FACE: Face = Face {
    family: "Inter",
    weight: 600,
    size: 52.0,
    line_height: 70.0,
    min_size: 44.0,
    tracking: 0.0,
    caps: false,
    word_gap: None,
    join_gap: 0.0,
};

/// The values of plain white words, which each look changes.
const PLAIN: Look = Look {
    face: FACE,
    stroke: None,
    shadow: None,
    ground: None,
    inks: Inks {
        upcoming: Some(WHITE),
        active: WHITE,
        spoken: WHITE,
        emphasis: None,
        tint_ms: TINT_MS,
    },
    chip: None,
    motion: None,
    caret: false,
    emphasis_scale: 1.0,
    entrance: Entrance::Cut,
    out_ms: None,
    bottom: 8.0,
    single_in_middle: false,
    align: Align::Centre,
};

static CLASSIC: Look = Look {
    ground: Some(Ground::Plate {
        pad: (32.0, 20.0),
        radius: 20.0,
        color: PLATE,
        opacity: PLATE_OPACITY,
    }),
    inks: Inks { upcoming: Some(Ink::Fixed(UPCOMING)), active: Ink::AccentOnPlate, ..PLAIN.inks },
    entrance: Entrance::Rise { ms: 100.0, by: 8.0 },
    out_ms: Some(80.0),
    bottom: 28.0,
    ..PLAIN
};

static KARAOKE: Look = Look {
    face: Face {
        weight: 800,
        size: 72.0,
        line_height: 92.0,
        min_size: 52.0,
        tracking: -0.005,
        word_gap: Some(28.0),
        join_gap: 8.0,
        ..FACE
    },
    stroke: Some((5.0, DARK)),
    shadow: Some(SoftShadow { opacity: 0.55, dy: 6.0, sigma: 10.0 }),
    // Emphasis stays white here: a second coloured word would compete with the chip.
    inks: Inks { active: Ink::Fixed(DARK), ..PLAIN.inks },
    chip: Some(Chip { pad: (12.0, 6.0), pad_joined: 6.0, radius: 16.0 }),
    entrance: Entrance::Fade { ms: 80.0 },
    single_in_middle: true,
    ..PLAIN
};

/// The animation of a word of the pop look.
pub(super) static POP_MOTION: WordMotion = POP_WORD;
const POP_WORD: WordMotion = WordMotion {
    scale: ScaleCurve::Spring { from: 0.8, travel: 0.2, overshoot: 3.2 },
    length_ms: 200.0,
    peak: 1.056,
    first_opacity: 0.6,
    turn_deg: -2.0,
};

static POP: Look = Look {
    face: Face {
        weight: 900,
        size: 104.0,
        line_height: 0.98 * 104.0,
        min_size: 64.0,
        tracking: -0.01,
        caps: true,
        // Two 10 px strokes meet in the gap; the font's own space would close it.
        word_gap: Some(38.0),
        join_gap: 6.0,
        ..FACE
    },
    stroke: Some((10.0, Rgb::BLACK)),
    shadow: Some(SoftShadow { opacity: 0.6, dy: 10.0, sigma: 14.0 }),
    inks: Inks { upcoming: None, emphasis: Some(Ink::AccentOnDark), tint_ms: 0.0, ..PLAIN.inks },
    motion: Some(POP_WORD),
    emphasis_scale: 132.0 / 104.0,
    bottom: 16.0,
    ..PLAIN
};

static BOLD: Look = Look {
    face: Face {
        weight: 900,
        size: 84.0,
        line_height: 98.0,
        min_size: 58.0,
        tracking: -0.005,
        caps: true,
        // Two 9 px strokes and the growth of the active word need this room.
        word_gap: Some(38.0),
        join_gap: 6.0,
        ..FACE
    },
    stroke: Some((9.0, DARK)),
    shadow: Some(SoftShadow { opacity: 0.5, dy: 7.0, sigma: 11.0 }),
    inks: Inks { active: Ink::AccentOnDark, ..PLAIN.inks },
    motion: Some(WordMotion {
        scale: ScaleCurve::Keys(&[(0.0, 1.0), (67.0, 1.06), (200.0, 1.0)]),
        length_ms: 200.0,
        peak: 1.06,
        first_opacity: 1.0,
        turn_deg: 0.0,
    }),
    entrance: Entrance::Fade { ms: 67.0 },
    bottom: 16.0,
    ..PLAIN
};

static BOXED: Look = Look {
    face: Face {
        weight: 700,
        size: 58.0,
        line_height: 84.0,
        min_size: 46.0,
        tracking: -0.005,
        word_gap: Some(26.0),
        join_gap: 6.0,
        ..FACE
    },
    ground: Some(Ground::Rows { pad: (28.0, 8.0), radius: 18.0, color: Rgb::WHITE }),
    inks: Inks {
        upcoming: Some(Ink::Fixed(DARK)),
        active: Ink::Fixed(DARK),
        spoken: Ink::Fixed(DARK),
        ..PLAIN.inks
    },
    chip: Some(Chip { pad: (8.0, 3.0), pad_joined: 4.0, radius: 10.0 }),
    bottom: 4.0,
    ..PLAIN
};

static SINGLE: Look = Look {
    face: Face {
        weight: 900,
        size: 148.0,
        line_height: 150.0,
        min_size: 74.0,
        tracking: 0.0,
        caps: true,
        word_gap: Some(46.0),
        join_gap: 6.0,
        ..FACE
    },
    stroke: Some((11.0, DARK)),
    shadow: Some(SoftShadow { opacity: 0.5, dy: 10.0, sigma: 16.0 }),
    inks: Inks { upcoming: None, emphasis: Some(Ink::AccentOnDark), tint_ms: 0.0, ..PLAIN.inks },
    motion: Some(WordMotion {
        scale: ScaleCurve::Spring { from: 0.86, travel: 0.14, overshoot: 2.8 },
        length_ms: 150.0,
        peak: 1.032,
        first_opacity: 0.8,
        turn_deg: 0.0,
    }),
    bottom: 20.0,
    ..PLAIN
};

static TYPEWRITER: Look = Look {
    face: Face {
        family: crate::text::MONOSPACED,
        size: 52.0,
        line_height: 72.0,
        min_size: 42.0,
        join_gap: 2.0,
        ..FACE
    },
    ground: Some(Ground::Plate { pad: (36.0, 22.0), radius: 10.0, color: PLATE, opacity: 0.84 }),
    inks: Inks { upcoming: None, tint_ms: 0.0, ..PLAIN.inks },
    caret: true,
    entrance: Entrance::Fade { ms: 67.0 },
    out_ms: Some(67.0),
    bottom: 22.0,
    align: Align::Start,
    ..PLAIN
};

static MINIMAL: Look = Look {
    face: Face {
        weight: 500,
        size: 60.0,
        line_height: 80.0,
        min_size: 48.0,
        join_gap: 2.0,
        ..FACE
    },
    ground: Some(Ground::Shade {
        margin: (64.0, 40.0),
        sigma: 34.0,
        color: Rgb::BLACK,
        opacity: SHADE_OPACITY,
    }),
    inks: Inks { upcoming: Some(Ink::Fixed(DIMMED)), ..PLAIN.inks },
    entrance: Entrance::Fade { ms: 120.0 },
    out_ms: Some(80.0),
    ..PLAIN
};

/// Returns the scale of a word of the pop look, `t` milliseconds after it appeared.
pub fn pop_scale(t: f32) -> f32 {
    POP_MOTION.pose_at(t, false).scale
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::color::contrast;

    #[test]
    fn pop_follows_the_table() {
        let expected = [0.80, 0.958, 1.036, 1.055, 1.040, 1.014, 1.0];
        for (frame, value) in expected.into_iter().enumerate() {
            let found = pop_scale(frame as f32 * 1000.0 / 30.0);
            assert!((found - value).abs() < 0.002, "f{frame}: {found} instead of {value}");
        }
        let at = |t: f32| POP_MOTION.pose_at(t, true);
        assert_eq!((at(0.0).opacity, at(33.4).opacity), (0.6, 1.0));
        assert!((at(0.0).turn.to_degrees() + 2.0).abs() < 1e-4 && at(100.0).turn == 0.0);
    }

    #[test]
    fn words_stay_below_their_peak_and_come_to_rest() {
        for look in CaptionLook::ALL {
            let Some(motion) = &super::look(*look).motion else { continue };
            for t in 0..=(motion.length_ms as i32) {
                let pose = motion.pose_at(t as f32, true);
                assert!(pose.scale <= motion.peak && motion.peak < 1.1, "{look}: {}", pose.scale);
            }
            let rest = motion.pose_at(motion.length_ms, true);
            assert!((rest.scale - 1.0).abs() < 1e-4 && rest.turn == 0.0, "{look}");
            assert!(
                motion.pose(-1.0, true).is_none() && motion.pose(motion.length_ms, true).is_none()
            );
        }
    }

    #[test]
    fn chip_follows_its_keys() {
        for (t, value) in [(0.0, 0.92), (67.0, 1.03), (133.0, 1.0), (400.0, 1.0)] {
            assert!((chip_scale(t) - value).abs() < 1e-4);
        }
    }

    /// The lowest contrast of words against what is directly behind them, over a white picture.
    fn lowest_contrast(look: &Look, accent: Rgb) -> [f32; 3] {
        let behind = match (&look.ground, look.stroke) {
            (
                Some(Ground::Plate { color, opacity, .. } | Ground::Shade { color, opacity, .. }),
                _,
            ) => Rgb::WHITE.mix(*color, *opacity),
            (Some(Ground::Rows { color, .. }), _) => *color,
            (None, Some((_, color))) => color,
            (None, None) => Rgb::WHITE,
        };
        let active = if look.chip.is_some() { chip_color(accent) } else { behind };
        let states = [false, true].map(|emphasis| look.inks.states(emphasis));
        std::array::from_fn(|state| {
            let behind = if state == 1 { active } else { behind };
            let inks = states.iter().filter_map(|inks| inks[state]);
            inks.map(|ink| contrast(ink.color(accent), behind)).fold(21.0, f32::min)
        })
    }

    #[test]
    fn every_word_reads_in_every_look() {
        for hex in ["#FFD60A", "#E50914", "#0A66C2", "#000000", "#34C759", "#FFFFFF"] {
            let accent = Rgb::from_hex(hex).unwrap();
            for look in CaptionLook::ALL {
                let [upcoming, active, spoken] = lowest_contrast(super::look(*look), accent);
                let least = if *look == CaptionLook::Minimal { 4.5 } else { 7.0 };
                assert!(upcoming >= least, "{look} {hex}: {upcoming}");
                assert!(active >= 7.0 && spoken >= 7.0, "{look} {hex}: {active} {spoken}");
            }
        }
        let yellow = Rgb::from_hex("#FFD60A").unwrap();
        assert_eq!(chip_color(yellow), yellow);
    }
}
