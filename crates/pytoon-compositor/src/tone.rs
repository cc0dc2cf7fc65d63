//! Applies the tone of moving clips (colour match, then grade) through tables over Y'CbCr.
//!
//! A still is graded once, in R'G'B', when it is prepared. A clip has many frames per second, so its grade is
//! approximated by tables: luma passes through one table, chroma is scaled in saturation, and the tint that
//! the grade gives a grey of that luma is added to it. This is exact on greys except for rounding, and
//! approximate on colours.

use crate::grade::GradeTable;
use pytoon_core::colour::ColourMatch;
use pytoon_core::preset::Grade;
use pytoon_graphics::Frame;

/// The tone tables of one clip.
#[derive(Debug, Clone)]
pub struct ClipTone {
    luma: [u8; 256],
    /// The offsets of Cb and Cr by luma, in units of 1/256 code: the tint that the grade gives a grey, and the chroma
    /// shift of the colour match.
    tint: [[i32; 256]; 2],
    /// The factor applied to chroma about its neutral, in units of 1/256.
    scale: i32,
}

impl ClipTone {
    /// Creates the tone of a clip. Returns `None` if the tone would change nothing.
    pub fn new(grade: Grade, strength: f64, colour: &ColourMatch) -> Option<Self> {
        let table = GradeTable::new(grade, strength);
        if table.is_identity() && colour.is_none() {
            return None;
        }
        let mut tone = Self { luma: [0; 256], tint: [[0; 256]; 2], scale: 0 };
        for code in 0..256 {
            // Limited range: 16 is black, 235 is white.
            let grey = ((code as f64 - 16.0) / 219.0).clamp(0.0, 1.0);
            let matched = (grey * colour.luma_slope + colour.luma_shift).clamp(0.0, 1.0);
            let value = (matched * 255.0).round() as u8;
            let mut pixel = [value, value, value, 255];
            table.apply(&mut pixel);
            let [r, g, b] = [0, 1, 2].map(|c| f64::from(pixel[c]) / 255.0);
            // BT.709.
            let y = 0.2126 * r + 0.7152 * g + 0.0722 * b;
            tone.luma[code] = (16.0 + 219.0 * y).round().clamp(16.0, 235.0) as u8;
            let chroma = [(b - y) / 1.8556, (r - y) / 1.5748];
            for (i, tint) in tone.tint.iter_mut().enumerate() {
                let shift = chroma[i] + colour.chroma_shift[i];
                tint[code] = (shift * 224.0 * 256.0).round() as i32;
            }
        }
        tone.scale = (f64::from(table.saturation()) * colour.chroma_scale).round() as i32;
        Some(tone)
    }

    /// Applies the tone to a frame in place.
    pub fn apply(&self, frame: &mut Frame) {
        let (width, height) = (frame.width(), frame.height());
        let [y, u, v] = frame.planes_mut();
        let half = width / 2;
        for row in 0..height / 2 {
            // The luma beside a chroma sample, before it is changed.
            let lumas = y[row * 2 * width..].iter().step_by(2);
            let line = row * half..(row + 1) * half;
            let chroma = u[line.clone()].iter_mut().zip(&mut v[line]);
            for ((cb, cr), &luma) in chroma.zip(lumas) {
                *cb = self.chroma(*cb, 0, luma);
                *cr = self.chroma(*cr, 1, luma);
            }
        }
        for sample in y.iter_mut() {
            *sample = self.luma[*sample as usize];
        }
    }

    fn chroma(&self, code: u8, plane: usize, luma: u8) -> u8 {
        let moved = (i32::from(code) - 128) * self.scale + self.tint[plane][luma as usize];
        (128 + ((moved + 128) >> 8)).clamp(16, 240) as u8
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grey(luma: u8) -> Frame {
        let mut frame = Frame::new(4, 4);
        frame.fill([luma, 128, 128]);
        frame
    }

    #[test]
    fn nothing_to_do_is_nothing_done() {
        assert!(ClipTone::new(Grade::Clean, 0.0, &ColourMatch::default()).is_none());
    }

    #[test]
    fn a_warm_grade_warms_a_grey_and_noir_takes_all_colour() {
        let warm = ClipTone::new(Grade::WarmFilm, 1.0, &ColourMatch::default()).expect("changes");
        let mut frame = grey(126);
        warm.apply(&mut frame);
        assert!(frame.u()[0] < 128 && frame.v()[0] > 128, "less blue, more red");
        let noir = ClipTone::new(Grade::Noir, 1.0, &ColourMatch::default()).expect("changes");
        let mut frame = Frame::new(4, 4);
        frame.fill([100, 90, 180]);
        noir.apply(&mut frame);
        assert!(frame.u()[0].abs_diff(128) <= 1 && frame.v()[0].abs_diff(128) <= 1);
    }

    #[test]
    fn a_match_moves_luma_and_chroma_by_what_it_says() {
        let colour = ColourMatch {
            luma_slope: 1.0,
            luma_shift: 0.05,
            chroma_scale: 1.0,
            chroma_shift: [0.02, -0.02],
        };
        let tone = ClipTone::new(Grade::Clean, 0.0, &colour).expect("changes");
        let mut frame = grey(126);
        tone.apply(&mut frame);
        assert!(frame.y()[0].abs_diff(126 + 11) <= 1, "{}", frame.y()[0]);
        assert_eq!((frame.u()[0], frame.v()[0]), (132, 124));
    }
}
