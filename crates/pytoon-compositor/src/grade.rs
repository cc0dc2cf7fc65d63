//! Colour grades: lift, gamma, gain and saturation on R'G'B', as look-up tables.
//!
//! A grade is applied to a still once, when it is prepared, so it costs no time per frame. For moving clips,
//! `tone` approximates it.

use pytoon_core::preset::Grade;

struct Figures {
    lift: [f32; 3],
    gamma: [f32; 3],
    gain: [f32; 3],
    saturation: f32,
}

fn figures(grade: Grade) -> Figures {
    let f = |lift, gamma, gain, saturation| Figures { lift, gamma, gain, saturation };
    match grade {
        Grade::Clean => f([0.0; 3], [1.0; 3], [1.02; 3], 1.05),
        Grade::WarmFilm => f([0.035, 0.028, 0.030], [1.03, 1.0, 0.97], [1.0, 0.975, 0.925], 0.92),
        Grade::TealOrange => f([0.0, 0.012, 0.028], [1.03, 1.0, 0.97], [1.03, 0.995, 0.95], 1.10),
        Grade::CoolTech => f([0.010, 0.014, 0.026], [0.97, 1.0, 1.04], [0.97, 1.0, 1.035], 0.95),
        Grade::Punch => f([-0.018; 3], [1.0; 3], [1.05, 1.05, 1.04], 1.18),
        Grade::Noir => f([0.015, 0.015, 0.018], [0.97, 0.97, 0.98], [1.03; 3], 0.0),
        Grade::Pastel => f([0.060, 0.055, 0.062], [1.08, 1.07, 1.07], [0.985, 0.98, 0.985], 0.82),
    }
}

/// The look-up tables of a grade at a given strength.
#[derive(Debug, Clone)]
pub struct GradeTable {
    curves: [[u8; 256]; 3],
    /// The saturation factor, in units of 1/256.
    saturation: i32,
}

impl GradeTable {
    /// Creates the tables of a grade applied at `strength` (0 to 1).
    pub fn new(grade: Grade, strength: f64) -> Self {
        let strength = strength.clamp(0.0, 1.0) as f32;
        let figures = figures(grade);
        let mut curves = [[0; 256]; 3];
        for (channel, curve) in curves.iter_mut().enumerate() {
            for (code, out) in curve.iter_mut().enumerate() {
                let x = code as f32 / 255.0;
                let lifted = x * figures.gain[channel] + figures.lift[channel] * (1.0 - x);
                let graded = lifted.clamp(0.0, 1.0).powf(1.0 / figures.gamma[channel]);
                *out = ((x + (graded - x) * strength) * 255.0).round().clamp(0.0, 255.0) as u8;
            }
        }
        let saturation = 1.0 + (figures.saturation - 1.0) * strength;
        Self { curves, saturation: (saturation * 256.0).round() as i32 }
    }

    /// Grades pixels of four bytes in place. Alpha is unchanged.
    pub fn apply(&self, rgba: &mut [u8]) {
        if self.is_identity() {
            return;
        }
        let [red, green, blue] = &self.curves;
        let (pixels, _) = rgba.as_chunks_mut::<4>();
        for [r, g, b, _] in pixels {
            let codes = (red[*r as usize], green[*g as usize], blue[*b as usize]);
            let (red, green, blue) = (i32::from(codes.0), i32::from(codes.1), i32::from(codes.2));
            // BT.709 luma weights in 1/65536.
            let luma = (13_933 * red + 46_871 * green + 4_732 * blue + 32_768) >> 16;
            let saturated = |value: i32| {
                (luma + (((value - luma) * self.saturation + 128) >> 8)).clamp(0, 255) as u8
            };
            (*r, *g, *b) = (saturated(red), saturated(green), saturated(blue));
        }
    }

    /// Returns the saturation factor, in units of 1/256.
    pub(crate) fn saturation(&self) -> i32 {
        self.saturation
    }

    /// Returns true if the grade leaves pixels unchanged.
    pub fn is_identity(&self) -> bool {
        self.saturation == 256
            && self
                .curves
                .iter()
                .all(|curve| curve.iter().enumerate().all(|(i, &v)| i == v as usize))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn grey_stays_grey_in_clean_and_noir_has_no_colour() {
        let mut pixels = vec![128, 128, 128, 255, 200, 40, 90, 7];
        GradeTable::new(Grade::Clean, 1.0).apply(&mut pixels);
        assert!(pixels[0] == pixels[1] && pixels[1] == pixels[2]);
        assert_eq!(pixels[7], 7, "alpha is left alone");
        GradeTable::new(Grade::Noir, 1.0).apply(&mut pixels);
        assert!(pixels[4].abs_diff(pixels[5]) <= 2 && pixels[5].abs_diff(pixels[6]) <= 2);
    }

    #[test]
    fn strength_zero_changes_nothing() {
        for &grade in Grade::ALL {
            assert!(GradeTable::new(grade, 0.0).is_identity());
        }
        assert!(!GradeTable::new(Grade::Punch, 0.7).is_identity());
    }

    #[test]
    fn mid_grey_lands_on_the_guide_figures() {
        for (grade, expected) in [
            (Grade::Clean, [130; 3]),
            (Grade::WarmFilm, [134, 128, 120]),
            (Grade::Pastel, [139, 138, 139]),
        ] {
            let table = GradeTable::new(grade, 1.0);
            for (curve, expected) in table.curves.iter().zip(expected) {
                let got = i32::from(curve[128]);
                assert!((got - expected).abs() <= 3, "{grade:?}: {got} for {expected}");
            }
        }
    }
}
