//! A colour mesh that folds slowly: Gaussian-weighted points mixed in OKLab over a warped plane.

use super::field::{Canvas, Scratch};
use crate::color::{linear_to_oklab, linear_to_srgb, oklab_to_linear, srgb_to_linear};
use crate::frame::Frame;
use crate::noise::Noise;
use crate::palette::Palette;

/// The spread of the colour points, in frame widths. A larger spread looks muddy.
const SIGMA: f32 = 0.28;

pub(super) struct Mesh {
    points: Vec<Point>,
    noise: Noise,
}

struct Point {
    at: (f32, f32),
    radius: (f32, f32),
    rate: (f32, f32),
    phase: (f32, f32),
    weight: f32,
    lab: [f32; 3],
}

impl Mesh {
    pub(super) fn new(palette: &Palette, seed: u64) -> Self {
        let mut rng = crate::noise::rng(seed ^ 0x6D65_7368);
        let lab = |rgb: crate::Rgb| linear_to_oklab(rgb.to_float().map(srgb_to_linear));
        // The text area is on the dark ground; body and its neighbours glow around it; the accent is a small
        // light in one corner.
        let flip = rng.unit() < 0.5;
        let spots = [
            ((0.10, 0.20), palette.shade(0.56, 1.05, -14.0), 1.0),
            ((0.95, 0.46), palette.shade(0.46, 1.05, 30.0), 1.0),
            ((0.45, 0.84), palette.shade(0.27, 0.7, 6.0), 1.15),
            ((0.04, 1.16), palette.shade(0.40, 1.0, -32.0), 1.0),
            ((0.92, 1.42), palette.shade(0.58, 1.1, 8.0), 1.0),
            ((0.86, 0.00), palette.accent, 0.55),
            ((0.26, 1.74), palette.ground, 1.1),
        ];
        let points = spots
            .into_iter()
            .map(|((u, v), color, weight)| Point {
                at: (
                    if flip { 1.0 - u } else { u } + rng.range(-0.06, 0.06),
                    v + rng.range(-0.07, 0.07),
                ),
                radius: (rng.range(0.06, 0.12), rng.range(0.06, 0.12)),
                rate: (
                    std::f32::consts::TAU / rng.range(12.0, 20.0),
                    std::f32::consts::TAU / rng.range(12.0, 20.0),
                ),
                phase: (rng.range(0.0, 6.3), rng.range(0.0, 6.3)),
                weight,
                lab: lab(color),
            })
            .collect();
        Self { points, noise: Noise::new(seed) }
    }

    pub(super) fn draw(&self, canvas: &Canvas, frame: &mut Frame, t: f32, scratch: &mut Scratch) {
        scratch.field.resize(canvas, 16);
        let placed: Vec<(f32, f32, &Point)> = self
            .points
            .iter()
            .map(|p| {
                let u = p.at.0 + p.radius.0 * (p.rate.0 * t + p.phase.0).sin();
                let v = p.at.1 + p.radius.1 * (p.rate.1 * t + p.phase.1).cos();
                (u, v, p)
            })
            .collect();
        let k = -1.0 / (2.0 * SIGMA * SIGMA);
        scratch.field.fill(canvas, |u, v| {
            let z = 0.05 * t;
            let u = u + 0.34 * (self.noise.at3(1.6 * u, 1.6 * v, z) - 0.5);
            let v = v + 0.34 * (self.noise.at3(1.6 * u + 31.0, 1.6 * v + 7.0, z) - 0.5);
            let (mut sum, mut total) = ([0.0f32; 3], 1e-6);
            for (pu, pv, point) in &placed {
                let d2 = (u - pu) * (u - pu) + (v - pv) * (v - pv);
                let w = point.weight * (k * d2).exp();
                total += w;
                for (s, c) in sum.iter_mut().zip(point.lab) {
                    *s += w * c;
                }
            }
            oklab_to_linear(sum.map(|s| s / total)).map(linear_to_srgb)
        });
        canvas.enlarge(frame, scratch);
    }
}
