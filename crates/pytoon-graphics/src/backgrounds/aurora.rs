//! Curtains of light above a night sky, with a sharp lower edge, rays, and a long fade upwards.

use super::field::{Canvas, Scratch};
use crate::color::{Oklch, linear_to_srgb, srgb_to_linear};
use crate::frame::Frame;
use crate::noise::Noise;
use crate::palette::Palette;

/// The softness of a curtain's lower edge. A smaller value makes the curtain look like a hill.
const EDGE: f32 = 0.06;
const FADE: f32 = 0.27;

pub(super) struct Aurora {
    curtains: [Curtain; 3],
    top: [f32; 3],
    bottom: [f32; 3],
    noise: Noise,
}

struct Curtain {
    centre: f32,
    gain: f32,
    linear: [f32; 3],
    key: f32,
}

/// The values of one curtain in one column.
#[derive(Clone, Copy, Default)]
struct Column {
    ridge: f32,
    light: f32,
}

impl Aurora {
    pub(super) fn new(palette: &Palette, seed: u64) -> Self {
        let base = palette.body.to_oklch();
        let accent = palette.accent.to_oklch();
        let linear =
            |l: f32, c: f32, h: f32| Oklch::new(l, c, h).to_rgb().to_float().map(srgb_to_linear);
        let chroma = base.c.max(0.07);
        let curtain = |centre, gain, linear, key| Curtain { centre, gain, linear, key };
        let ground = palette.ground.to_oklch();
        Self {
            curtains: [
                curtain(0.70, 1.0, linear(0.72, chroma, base.h), 3.0),
                curtain(0.98, 0.85, linear(0.70, chroma, base.h - 35.0), 41.0),
                curtain(0.50, 0.24, linear(0.74, accent.c * 0.85, accent.h), 87.0),
            ],
            top: linear(0.10, 0.03, ground.h),
            bottom: linear(0.21, ground.c * 0.9, ground.h + 8.0),
            noise: Noise::new(seed),
        }
    }

    pub(super) fn draw(&self, canvas: &Canvas, frame: &mut Frame, t: f32, scratch: &mut Scratch) {
        scratch.field.resize(canvas, 8);
        let (w, h) = (scratch.field.width, scratch.field.height);
        let k = 8.0 / canvas.width as f32;
        let n = &self.noise;
        let columns: Vec<[Column; 3]> = (0..w)
            .map(|i| {
                let u = (i as f32 + 0.5) * k;
                std::array::from_fn(|c| {
                    let curtain = &self.curtains[c];
                    let key = curtain.key;
                    let ridge =
                        curtain.centre + 0.42 * (n.fbm3(1.1 * u + key, key, 0.10 * t) - 0.5);
                    // The rays lean with the ridge and shimmer faster than it moves.
                    let ray = n.fbm3(9.0 * u + key + 0.15 * t, 0.5 * key, 0.30 * t).powf(1.5);
                    let band = n.at3(2.3 * u + 2.0 * key, key + 3.0, 0.12 * t);
                    let env = 0.25 + 1.5 * band * band;
                    Column { ridge, light: 1.9 * curtain.gain * env * (0.22 + ray) }
                })
            })
            .collect();
        for j in 0..h {
            let v = (j as f32 + 0.5) * k;
            let sky = (v / 1.78).clamp(0.0, 1.0);
            for (i, column) in columns.iter().enumerate() {
                let mut sum: [f32; 3] = std::array::from_fn(|c| {
                    self.top[c] + (self.bottom[c] - self.top[c]) * sky * sky
                });
                for (curtain, at) in self.curtains.iter().zip(column) {
                    let d = at.ridge - v;
                    let shape =
                        if d < 0.0 { (-(d / EDGE) * (d / EDGE)).exp() } else { (-d / FADE).exp() };
                    // Light fades towards the top of the sky.
                    let light = at.light * shape * (0.35 + 0.65 * (2.2 * v).min(1.0));
                    // Light on the ground under the curtain.
                    let glow = 0.05 * (-(d.abs()) / 0.5).exp() * curtain.gain;
                    for (s, c) in sum.iter_mut().zip(curtain.linear) {
                        *s += c * (light + glow);
                    }
                }
                let rgb = sum.map(|x| linear_to_srgb(x / (1.0 + 0.4 * x)));
                scratch.field.set(j * w + i, rgb);
            }
        }
        canvas.enlarge(frame, scratch);
    }
}
