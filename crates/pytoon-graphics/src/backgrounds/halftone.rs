//! Printed dots on a rotated screen. The dots stay in place, and the tone under them moves.
//!
//! The distance from each pixel to the nearest dot centre is computed once. A frame only compares it with the dot
//! radius at the pixel, which is a smooth field.

use super::field::{Canvas, Scratch};
use crate::color::Rgb;
use crate::frame::Frame;
use crate::noise::Noise;
use crate::palette::Palette;

/// The screen angle in degrees, chosen not to align with the frame.
const ANGLE: f32 = 22.0;
/// The distance between dots, in frame widths.
const PITCH: f32 = 0.035;
/// The offset added to distances and radii, in pixels, so that a vanishing radius is still positive. Both are stored
/// in 1/256 pixel.
const BIAS: f32 = 1.0;
const STEP: usize = 16;

pub(super) struct Halftone {
    luma: Vec<u16>,
    chroma: Vec<u16>,
    width: f32,
    paper: [u8; 3],
    ink: [u8; 3],
    orbit: (f32, f32),
    noise: Noise,
}

impl Halftone {
    pub(super) fn new(palette: &Palette, seed: u64, canvas: &Canvas) -> Self {
        let mut rng = crate::noise::rng(seed ^ 0x6861_6C66);
        let (w, h) = (canvas.width, canvas.height);
        let paper: Rgb = palette.shade(0.27, 0.7, 0.0);
        let ink: Rgb = palette.shade(0.49, 1.1, 8.0);
        Self {
            luma: distances(w, h, 0.5, 1.0, w as f32),
            // Left-sited: sample i is centred on luma pixel 2i.
            chroma: distances(w / 2, h / 2, 0.25, 2.0, w as f32),
            width: w as f32,
            paper: paper.to_ycc(),
            ink: ink.to_ycc(),
            orbit: (std::f32::consts::TAU / rng.range(8.0, 12.0), rng.range(0.0, 6.3)),
            noise: Noise::new(seed),
        }
    }

    pub(super) fn draw(&self, canvas: &Canvas, frame: &mut Frame, t: f32, scratch: &mut Scratch) {
        scratch.field.resize(canvas, STEP);
        let angle = self.orbit.0 * t + self.orbit.1;
        // Two lobes on opposite sides leave a calm band for type between them.
        let lobe = (0.5 + 0.42 * angle.cos(), 0.95 + 0.62 * angle.sin());
        let other = (0.5 - 0.46 * angle.cos(), 0.85 - 0.80 * angle.sin());
        let k = STEP as f32 / self.width;
        let (fw, fh) = (scratch.field.width, scratch.field.height);
        for j in 0..fh {
            for i in 0..fw {
                let (u, v) = ((i as f32 + 0.5) * k, (j as f32 + 0.5) * k);
                let ramp = |c: (f32, f32), r: f32| {
                    1.0 - (((u - c.0).powi(2) + (v - c.1).powi(2)).sqrt() / r).min(1.0)
                };
                let tone = 1.05 * ramp(lobe, 0.95)
                    + 0.8 * ramp(other, 0.75)
                    + 0.15 * (self.noise.at3(2.1 * u, 2.1 * v, 0.2 * t) - 0.5);
                let radius = 0.72 * PITCH * tone.clamp(0.0, 0.86).sqrt() * self.width;
                // A dot of zero size must not tint even the pixel at its centre.
                let gone = 0.6 * (1.0 - radius / 2.0).max(0.0);
                scratch.field.planes[0][j * fw + i] = radius - gone + BIAS;
            }
        }
        let [y, u, v] = frame.planes_mut();
        let w = canvas.width;
        canvas.enlarge_rows(scratch, false, |row, upper, lower, weights| {
            let at = row * w..(row + 1) * w;
            ink_row(
                &mut y[at.clone()],
                upper,
                lower,
                weights,
                &self.luma[at],
                (self.paper[0], self.ink[0]),
            );
        });
        let w = w / 2;
        canvas.enlarge_rows(scratch, true, |row, upper, lower, weights| {
            let at = row * w..(row + 1) * w;
            let map = &self.chroma[at.clone()];
            ink_row(&mut u[at.clone()], upper, lower, weights, map, (self.paper[1], self.ink[1]));
            ink_row(&mut v[at], upper, lower, weights, map, (self.paper[2], self.ink[2]));
        });
    }
}

/// Draws one row: paper where the distance to the dot centre exceeds the dot radius, ink elsewhere, and a transition
/// one pixel wide between them.
fn ink_row(
    dst: &mut [u8],
    upper: &[u16],
    lower: &[u16],
    (wa, wb): (u16, u16),
    distance: &[u16],
    (paper, ink): (u8, u8),
) {
    let step = (i16::from(ink) - i16::from(paper)).clamp(-127, 127);
    let lines = upper.iter().zip(lower);
    for ((d, (a, b)), far) in dst.iter_mut().zip(lines).zip(distance) {
        let radius = a.wrapping_mul(wa).wrapping_add(b.wrapping_mul(wb)) as i16;
        let cover = (radius - *far as i16 + 128).clamp(0, 256);
        *d = (i16::from(paper) + ((step * cover) >> 8)) as u8;
    }
}

/// Returns the distance from every sample to the nearest dot centre, plus [`BIAS`], in 1/256 luma pixel.
fn distances(w: usize, h: usize, origin_x: f32, scale: f32, frame_width: f32) -> Vec<u16> {
    let (sin, cos) = ANGLE.to_radians().sin_cos();
    let pitch = PITCH * frame_width;
    let mut out = Vec::with_capacity(w * h);
    for j in 0..h {
        for i in 0..w {
            let (x, y) = ((i as f32 + origin_x) * scale, (j as f32 + 0.5) * scale);
            let (a, b) = ((cos * x + sin * y) / pitch, (cos * y - sin * x) / pitch);
            let (da, db) = (a - a.round(), b - b.round());
            let far = (da * da + db * db).sqrt() * pitch;
            out.push(((far + BIAS) * 256.0).min(32_000.0) as u16);
        }
    }
    out
}
