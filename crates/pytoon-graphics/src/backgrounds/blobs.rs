//! Soft bodies that merge and separate: a sum of bumps, thresholded at one height and lit from above.

use super::field::{Canvas, Scratch};
use crate::color::{linear_to_oklab, linear_to_srgb, oklab_to_linear, srgb_to_linear};
use crate::frame::Frame;
use crate::motion::smoothstep;
use crate::palette::Palette;

const EDGE: f32 = 0.42;
const EDGE_WIDTH: f32 = 0.016;
const STEP: usize = 4;
/// The cell size of the coarse grid for colour, which varies more slowly than the edge.
const COARSE: usize = 8;

pub(super) struct Blobs {
    balls: Vec<Ball>,
    top: [f32; 3],
    bottom: [f32; 3],
}

struct Ball {
    at: (f32, f32),
    swing: (f32, f32),
    rate: (f32, f32),
    phase: (f32, f32),
    radius: f32,
    lab: [f32; 3],
}

impl Blobs {
    pub(super) fn new(palette: &Palette, seed: u64) -> Self {
        let mut rng = crate::noise::rng(seed ^ 0x626C_6F62);
        let lab = |rgb: crate::Rgb| linear_to_oklab(rgb.to_float().map(srgb_to_linear));
        let colors = [
            palette.body,
            palette.shade(0.62, 1.0, 30.0),
            palette.shade(0.48, 1.0, -28.0),
            palette.accent,
            palette.shade(0.56, 1.05, 14.0),
        ];
        let balls = (0..9)
            .map(|i| {
                let column = (i % 2) as f32;
                let row = i as f32 / 8.0;
                Ball {
                    at: (
                        0.12 + 0.76 * column + rng.range(-0.12, 0.12),
                        -0.02 + 1.82 * row + rng.range(-0.08, 0.08),
                    ),
                    swing: (rng.range(0.10, 0.20), rng.range(0.10, 0.22)),
                    rate: (rng.range(0.16, 0.30), rng.range(0.14, 0.28)),
                    phase: (rng.range(0.0, 6.3), rng.range(0.0, 6.3)),
                    radius: rng.range(0.36, 0.54),
                    lab: lab(colors[i % colors.len()]),
                }
            })
            .collect();
        let ground = palette.ground.to_float();
        let deep = palette.shade(0.15, 0.3, 0.0).to_float();
        Self { balls, top: ground, bottom: deep }
    }

    pub(super) fn draw(&self, canvas: &Canvas, frame: &mut Frame, t: f32, scratch: &mut Scratch) {
        scratch.field.resize(canvas, STEP);
        let (w, h) = (scratch.field.width, scratch.field.height);
        let k = STEP as f32 / canvas.width as f32;
        let centres: Vec<(f32, f32)> = self
            .balls
            .iter()
            .map(|b| {
                let u = b.at.0 + b.swing.0 * (b.rate.0 * t + b.phase.0).sin();
                (u, b.at.1 + b.swing.1 * (b.rate.1 * t + b.phase.1).cos())
            })
            .collect();
        let (cw, ch) = (w.div_ceil(COARSE) + 2, h.div_ceil(COARSE) + 2);
        let colors = self.colors(&centres, cw, ch, k);
        // Height and its slope along the light, row by row.
        let stride = 3 * w;
        scratch.extra.clear();
        scratch.extra.resize(stride, 0.0);
        for j in 0..h {
            let v = (j as f32 + 0.5) * k;
            let (height, slopes) = scratch.extra.split_at_mut(w);
            let (slope_u, slope_v) = slopes.split_at_mut(w);
            height.fill(0.0);
            slope_u.fill(0.0);
            slope_v.fill(0.0);
            for (ball, (cu, cv)) in self.balls.iter().zip(&centres) {
                let inv = 1.0 / (ball.radius * ball.radius);
                let dv = v - cv;
                let q0 = 1.0 - dv * dv * inv;
                if q0 <= 0.0 {
                    continue;
                }
                let reach = ball.radius * q0.sqrt();
                let from = (((cu - reach) / k).max(0.0) as usize).min(w);
                let to = (((cu + reach) / k + 1.0).max(0.0) as usize).min(w).max(from);
                let columns = height[from..to].iter_mut().zip(&mut slope_u[from..to]);
                for (i, ((f, su), sv)) in columns.zip(&mut slope_v[from..to]).enumerate() {
                    let du = ((from + i) as f32 + 0.5) * k - cu;
                    let q = (q0 - du * du * inv).max(0.0);
                    *f += q * q * q;
                    let g = 6.0 * q * q * inv;
                    *su += g * du;
                    *sv += g * dv;
                }
            }
            let sky = (v / 1.78).clamp(0.0, 1.0);
            let back: [f32; 3] =
                std::array::from_fn(|c| self.top[c] + (self.bottom[c] - self.top[c]) * sky);
            let plain = crate::color::rgb_to_ycc(back);
            for i in 0..w {
                let f = height[i];
                if f <= 0.18 {
                    for (plane, c) in scratch.field.planes.iter_mut().zip(plain) {
                        plane[j * w + i] = c;
                    }
                    continue;
                }
                let inside = smoothstep((f - EDGE + EDGE_WIDTH) / (2.0 * EDGE_WIDTH));
                // A faint shadow hugs the bodies.
                let shadow = 1.0 - 0.35 * smoothstep((f - 0.18) / (EDGE - 0.18));
                let mut rgb = back.map(|c| c * shadow);
                if inside > 0.0 {
                    let color = sample(&colors, cw, i, j);
                    // Slopes that face up and left are lit; the slope vector points downhill.
                    let lit = (0.5 * slope_u[i] + 0.8 * slope_v[i]) * -0.055;
                    let lit =
                        1.0 + lit.clamp(-0.34, 0.30) * (1.0 - smoothstep((f - 0.5) / 1.1) * 0.6);
                    rgb = std::array::from_fn(|c| rgb[c] + (color[c] * lit - rgb[c]) * inside);
                }
                scratch.field.set(j * w + i, rgb);
            }
        }
        canvas.enlarge(frame, scratch);
    }

    /// Returns the colour at each point of the coarse grid, gamma-encoded: the colours of the balls, mixed in OKLab
    /// with Gaussian weights.
    fn colors(&self, centres: &[(f32, f32)], cw: usize, ch: usize, k: f32) -> Vec<[f32; 3]> {
        let mut out = Vec::with_capacity(cw * ch);
        for j in 0..ch {
            for i in 0..cw {
                let (u, v) = ((i * COARSE) as f32 * k, (j * COARSE) as f32 * k);
                let (mut sum, mut total) = ([0.0f32; 3], 1e-6);
                for (ball, (cu, cv)) in self.balls.iter().zip(centres) {
                    let d2 = (u - cu).powi(2) + (v - cv).powi(2);
                    let w = (-d2 / (2.0 * 0.17 * 0.17)).exp() + 1e-5;
                    total += w;
                    for (s, c) in sum.iter_mut().zip(ball.lab) {
                        *s += w * c;
                    }
                }
                out.push(oklab_to_linear(sum.map(|s| s / total)).map(linear_to_srgb));
            }
        }
        out
    }
}

fn sample(colors: &[[f32; 3]], cw: usize, i: usize, j: usize) -> [f32; 3] {
    let (ci, cj) = (i / COARSE, j / COARSE);
    let fx = ((i % COARSE) as f32 + 0.5) / COARSE as f32;
    let fy = ((j % COARSE) as f32 + 0.5) / COARSE as f32;
    let at = cj * cw + ci;
    std::array::from_fn(|c| {
        let top = colors[at][c] + (colors[at + 1][c] - colors[at][c]) * fx;
        let bottom = colors[at + cw][c] + (colors[at + cw + 1][c] - colors[at + cw][c]) * fx;
        top + (bottom - top) * fy
    })
}
