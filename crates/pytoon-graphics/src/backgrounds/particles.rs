//! Points of light that drift up through the dark. Near points are larger, brighter and blurred.

use super::field::{Canvas, Scratch};
use crate::color::{Oklch, Rgb};
use crate::frame::Frame;
use crate::layer::{Placement, Sprite, blend_placed};
use crate::noise::Noise;
use crate::palette::Palette;

const COUNT: usize = 180;
/// The number of sprite sizes per colour. A point uses the nearest size.
const SIZES: usize = 8;
const STEP: usize = 8;

pub(super) struct Particles {
    points: Vec<Point>,
    /// The sprites, indexed by `colour * SIZES + size`.
    sprites: Vec<Sprite>,
    colors: [Rgb; 3],
    top: [f32; 3],
    bottom: [f32; 3],
    glow: [f32; 3],
    noise: Noise,
}

struct Point {
    at: (f32, f32),
    z: f32,
    rise: f32,
    twinkle: (f32, f32),
    color: usize,
    size: usize,
}

/// Returns the standard deviation of a point's core at depth `z`, in frame widths.
fn sigma(z: f32) -> f32 {
    0.0012 + 0.0055 * z
}

impl Particles {
    pub(super) fn new(palette: &Palette, seed: u64, width: usize, _height: usize) -> Self {
        let mut rng = crate::noise::rng(seed ^ 0x7061_7274);
        let base = palette.body.to_oklch();
        let colors = [
            palette.accent,
            Oklch::new(0.86, base.c * 0.5, base.h).to_rgb(),
            Oklch::new(0.72, base.c * 0.9, base.h - 20.0).to_rgb(),
        ];
        let mut sprites = Vec::with_capacity(3 * SIZES);
        for color in colors {
            for size in 0..SIZES {
                let s = sigma(size as f32 / (SIZES - 1) as f32) * width as f32;
                sprites.push(spot(s.max(0.8), color));
            }
        }
        let points = (0..COUNT)
            .map(|i| {
                // Every twelfth point is near, so that every seed has some depth.
                let z = if i % 12 == 0 { rng.range(0.75, 1.0) } else { rng.unit().powi(2) };
                Point {
                    at: (rng.range(-0.03, 1.03), rng.range(0.0, 1.9)),
                    z,
                    rise: 0.005 + 0.025 * (0.3 * rng.unit() + 0.7 * z),
                    twinkle: (std::f32::consts::TAU / rng.range(2.0, 5.0), rng.range(0.0, 6.3)),
                    color: if i % 7 < 3 { 0 } else { 1 + i % 2 },
                    size: (z * (SIZES - 1) as f32).round() as usize,
                }
            })
            .collect();
        let ground = palette.ground.to_oklch();
        let rgb = |l: f32, c: f32, h: f32| Oklch::new(l, c, h).to_rgb().to_float();
        Self {
            points,
            sprites,
            colors,
            top: rgb(0.145, 0.7 * ground.c, ground.h),
            bottom: rgb(0.20, ground.c, ground.h - 6.0),
            glow: rgb(0.36, 0.75 * base.c, base.h),
            noise: Noise::new(seed),
        }
    }

    /// Returns the position of a point at `t`, in frame widths, and its brightness.
    fn state(&self, point: &Point, t: f32) -> (f32, f32, f32) {
        let n = &self.noise;
        // A slow curl: both axes read the same noise, a quarter turn apart.
        let curl = 0.035 * (0.4 + point.z);
        let (x, y) = point.at;
        let du = curl * (n.at3(2.2 * x, 2.2 * y, 0.11 * t) - 0.5) * 2.0;
        let dv = curl * (n.at3(2.2 * x + 40.0, 2.2 * y, 0.11 * t) - 0.5) * 2.0;
        // The band is taller than the frame so that points leave and return off-screen.
        let v = (y - point.rise * t + 0.1).rem_euclid(2.0) - 0.1;
        let twinkle = 0.76 + 0.24 * (point.twinkle.0 * t + point.twinkle.1).sin();
        (x + du, v + dv, (0.34 + 0.75 * point.z) * twinkle)
    }

    pub(super) fn draw(&self, canvas: &Canvas, frame: &mut Frame, t: f32, scratch: &mut Scratch) {
        scratch.field.resize(canvas, STEP);
        let centre = (0.5 + 0.08 * (0.13 * t).sin(), 0.78 + 0.06 * (0.17 * t).cos());
        scratch.field.fill(canvas, |u, v| {
            let sky = (v / 1.78).clamp(0.0, 1.0);
            let d2 = ((u - centre.0) / 0.62).powi(2) + ((v - centre.1) / 0.62).powi(2);
            let glow = 1.0 / (1.0 + d2) / (1.0 + 0.35 * d2);
            std::array::from_fn(|c| {
                let base = self.top[c] + (self.bottom[c] - self.top[c]) * sky;
                base + (self.glow[c] - base).max(0.0) * 0.85 * glow
            })
        });
        // Halos are wide and faint enough for the small picture.
        let k = STEP as f32 / canvas.width as f32;
        let (w, h) = (scratch.field.width, scratch.field.height);
        for point in self.points.iter().filter(|p| p.z > 0.12) {
            let (u, v, light) = self.state(point, t);
            let ycc = crate::color::rgb_to_ycc(self.colors[point.color].to_float());
            let s = 6.0 * sigma(point.z);
            let reach = 2.4 * s;
            let cell = |x: f32, n: usize| ((x / k).max(0.0) as usize).min(n);
            for j in cell(v - reach, h)..cell(v + reach + k, h) {
                for i in cell(u - reach, w)..cell(u + reach + k, w) {
                    let d2 =
                        ((i as f32 + 0.5) * k - u).powi(2) + ((j as f32 + 0.5) * k - v).powi(2);
                    let q = (1.0 - d2 / (reach * reach)).max(0.0);
                    // (1 - d^2)^3 is a bump with an exact end, similar to a Gaussian.
                    let a = 0.13 * light * q * q * q;
                    for (plane, c) in scratch.field.planes.iter_mut().zip(ycc) {
                        let p = &mut plane[j * w + i];
                        *p += (c - *p) * a;
                    }
                }
            }
        }
        canvas.enlarge(frame, scratch);
        for point in &self.points {
            let (u, v, light) = self.state(point, t);
            let sprite = &self.sprites[point.color * SIZES + point.size];
            let size = canvas.width as f32;
            let anchor = (sprite.width() as f32 * 0.5, sprite.height() as f32 * 0.5);
            let at = (u * size, v * size);
            let placement = Placement {
                anchor,
                at,
                scale: 1.0,
                rotation: 0.0,
                opacity: light.min(1.0),
                clip: None,
            };
            blend_placed(frame, sprite, &placement);
        }
    }
}

/// Returns a Gaussian spot with a whitened core, which looks like a bright light.
fn spot(sigma: f32, color: Rgb) -> Sprite {
    let reach = (2.8 * sigma).ceil() as i32 + 1;
    let n = (2 * reach) as usize;
    let mut rgba = Vec::with_capacity(4 * n * n);
    for y in 0..n {
        for x in 0..n {
            let d2 =
                (x as f32 + 0.5 - reach as f32).powi(2) + (y as f32 + 0.5 - reach as f32).powi(2);
            let a = (-d2 / (2.0 * sigma * sigma)).exp();
            let c = color.mix(Rgb::WHITE, 0.55 * a * a);
            rgba.extend([c.r, c.g, c.b, (a * 255.0) as u8]);
        }
    }
    Sprite::from_rgba(n, n, &rgba)
}
