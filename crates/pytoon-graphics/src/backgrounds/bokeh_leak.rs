//! Out-of-focus lights and a light leak, added in linear light.

use super::field::{Canvas, Scratch};
use crate::color::{Oklch, linear_to_srgb, srgb_to_linear};
use crate::frame::Frame;
use crate::palette::Palette;

pub(super) struct BokehLeak {
    discs: Vec<Disc>,
    top: [f32; 3],
    bottom: [f32; 3],
    leak: [f32; 3],
    leak_side: f32,
    /// The curve from linear light, 0..1, to gamma-encoded values.
    curve: Vec<f32>,
}

struct Disc {
    at: (f32, f32),
    drift: (f32, f32),
    radius: f32,
    /// The brightness by distance, `d / R` from 0 to [`REACH`].
    profile: [f32; 129],
    light: [f32; 3],
    pulse: (f32, f32),
}

const REACH: f32 = 1.6;
const STEP: usize = 8;

impl BokehLeak {
    pub(super) fn new(palette: &Palette, seed: u64) -> Self {
        let mut rng = crate::noise::rng(seed ^ 0x626F_6B65);
        let linear = |c: Oklch| c.to_rgb().to_float().map(srgb_to_linear);
        let (base, accent) = (palette.body.to_oklch(), palette.accent.to_oklch());
        let discs = (0..26)
            .map(|i| {
                let z = rng.unit();
                let radius = 0.035 + 0.12 * z * z;
                let soft = 0.07 + 0.25 * z;
                let warm = i % 5 < 2;
                let color = if warm {
                    Oklch::new(0.80, accent.c, accent.h + rng.range(-14.0, 14.0))
                } else {
                    Oklch::new(0.64, base.c, base.h + rng.range(-30.0, 30.0))
                };
                let gain = rng.range(0.10, 0.34) * (1.25 - 0.6 * z);
                let profile = std::array::from_fn(|k| {
                    let d = k as f32 / 128.0 * REACH;
                    let body = 1.0 / (1.0 + (2.0 * (d - 1.0) / soft).exp());
                    let rim = (-((d - 0.93) / 0.07).powi(2)).exp() * 0.45;
                    // The tail reaches exactly zero at the edge of the table.
                    let tail = ((REACH - d) / 0.25).clamp(0.0, 1.0);
                    (body * (0.72 + 0.28 * d * d) + rim * (1.0 - z)) * tail
                });
                let speed = 0.010 + 0.020 * z;
                let angle = rng.range(0.0, std::f32::consts::TAU);
                Disc {
                    at: (rng.range(-0.05, 1.05), rng.range(-0.05, 1.83)),
                    drift: (speed * angle.cos(), -speed * angle.sin().abs()),
                    radius,
                    profile,
                    light: linear(color).map(|v| v * gain),
                    pulse: (rng.range(0.5, 1.3), rng.range(0.0, 6.3)),
                }
            })
            .collect();
        let ground = palette.ground.to_oklch();
        Self {
            discs,
            top: linear(Oklch::new(0.16, ground.c * 0.8, ground.h)),
            bottom: linear(Oklch::new(0.27, ground.c * 1.2, ground.h + 12.0)),
            leak: linear(Oklch::new(0.72, 0.16, 45.0)),
            leak_side: if rng.unit() < 0.5 { -0.12 } else { 1.12 },
            curve: (0..=4096).map(|i| linear_to_srgb((i as f32 / 4096.0).powi(2))).collect(),
        }
    }

    pub(super) fn draw(&self, canvas: &Canvas, frame: &mut Frame, t: f32, scratch: &mut Scratch) {
        scratch.field.resize(canvas, STEP);
        let (w, h) = (scratch.field.width, scratch.field.height);
        let k = STEP as f32 / canvas.width as f32;
        let light = &mut scratch.extra;
        light.clear();
        light.reserve(3 * w * h);
        // The brightness of the leak varies by a fifth over six seconds.
        let breath = 0.8 + 0.2 * (t * std::f32::consts::TAU / 6.0).sin();
        let leak_v = 0.55 + 0.10 * (t * 0.21).sin();
        for j in 0..h {
            let v = (j as f32 + 0.5) * k;
            let sky = (v / 1.78).clamp(0.0, 1.0);
            let fall = -((v - leak_v) / 0.75).powi(2);
            for i in 0..w {
                let u = (i as f32 + 0.5) * k;
                let leak = 0.62 * breath * (fall - ((u - self.leak_side) / 0.36).powi(2)).exp();
                for c in 0..3 {
                    light.push(
                        self.top[c] + (self.bottom[c] - self.top[c]) * sky + self.leak[c] * leak,
                    );
                }
            }
        }
        for disc in &self.discs {
            self.add(disc, light, (w, h), k, t);
        }
        for i in 0..w * h {
            let rgb = std::array::from_fn(|c| {
                let x = light[3 * i + c];
                let x = x / (1.0 + 0.25 * x);
                let p = x.min(1.0).sqrt() * 4096.0;
                let low = (p as usize).min(4095);
                self.curve[low] + (self.curve[low + 1] - self.curve[low]) * (p - low as f32)
            });
            scratch.field.set(i, rgb);
        }
        canvas.enlarge(frame, scratch);
    }

    fn add(&self, disc: &Disc, light: &mut [f32], (w, h): (usize, usize), k: f32, t: f32) {
        // Discs that drift out return on the other side, outside the frame.
        let cu = (disc.at.0 + disc.drift.0 * t + 0.25).rem_euclid(1.5) - 0.25;
        let cv = (disc.at.1 + disc.drift.1 * t + 0.25).rem_euclid(2.3) - 0.25;
        let gain = 0.85 + 0.15 * (disc.pulse.0 * t + disc.pulse.1).sin();
        let reach = disc.radius * REACH;
        let cell = |x: f32, n: usize| ((x / k).max(0.0) as usize).min(n);
        let scale = 128.0 / (disc.radius * REACH);
        for j in cell(cv - reach, h)..cell(cv + reach + k, h) {
            let dv = (j as f32 + 0.5) * k - cv;
            for i in cell(cu - reach, w)..cell(cu + reach + k, w) {
                let du = (i as f32 + 0.5) * k - cu;
                let p = (du * du + dv * dv).sqrt() * scale;
                if p >= 127.9 {
                    continue;
                }
                let low = p as usize;
                let value = disc.profile[low]
                    + (disc.profile[low + 1] - disc.profile[low]) * (p - low as f32);
                for (c, l) in disc.light.iter().enumerate() {
                    light[3 * (j * w + i) + c] += l * value * gain;
                }
            }
        }
    }
}
