//! Printed dots on a turned screen: the dots stay, the tone under them wanders.

use super::field::Canvas;
use super::shapes::{Circle, circle};
use crate::color::Rgb;
use crate::frame::Frame;
use crate::noise::{Noise, Rng};
use crate::palette::Palette;

/// Screen angle in degrees; odd enough not to line up with the frame.
const ANGLE: f32 = 22.0;
/// Dot distance in frame widths.
const PITCH: f32 = 0.035;

pub(super) struct Halftone {
    dots: Vec<(f32, f32)>,
    width: f32,
    paper: Rgb,
    ink: Rgb,
    orbit: (f32, f32),
    noise: Noise,
}

impl Halftone {
    pub(super) fn new(palette: &Palette, seed: u64, canvas: &Canvas) -> Self {
        let mut rng = Rng::new(seed ^ 0x6861_6C66);
        let aspect = canvas.height as f32 / canvas.width as f32;
        let (sin, cos) = ANGLE.to_radians().sin_cos();
        let reach = (1.2 * (1.0 + aspect) / PITCH) as i32;
        let mut dots = Vec::new();
        for j in -reach..=reach {
            for i in -reach..=reach {
                let (a, b) = (i as f32 * PITCH, j as f32 * PITCH);
                let (u, v) = (0.5 + cos * a - sin * b, 0.5 * aspect + sin * a + cos * b);
                if (-PITCH..1.0 + PITCH).contains(&u) && (-PITCH..aspect + PITCH).contains(&v) {
                    dots.push((u, v));
                }
            }
        }
        Self {
            dots,
            width: canvas.width as f32,
            paper: palette.shade(0.27, 0.7, 0.0),
            ink: palette.shade(0.49, 1.1, 8.0),
            orbit: (std::f32::consts::TAU / rng.range(8.0, 12.0), rng.range(0.0, 6.3)),
            noise: Noise::new(seed),
        }
    }

    pub(super) fn draw(&self, frame: &mut Frame, t: f32) {
        frame.fill(self.paper.to_ycc());
        let angle = self.orbit.0 * t + self.orbit.1;
        // Two lobes on opposite sides leave a calm band for type between them.
        let lobe = (0.5 + 0.42 * angle.cos(), 0.95 + 0.62 * angle.sin());
        let other = (0.5 - 0.46 * angle.cos(), 0.85 - 0.80 * angle.sin());
        for (u, v) in &self.dots {
            let ramp = |c: (f32, f32), r: f32| 1.0 - ((u - c.0).hypot(v - c.1) / r).min(1.0);
            let tone = 1.15 * ramp(lobe, 0.85) + 0.85 * ramp(other, 0.7)
                + 0.15 * (self.noise.at3(2.1 * u, 2.1 * v, 0.2 * t) - 0.5);
            let radius = 0.72 * PITCH * tone.clamp(0.0, 1.0).sqrt() * self.width;
            if radius > 0.6 {
                let c = Circle { x: u * self.width, y: v * self.width, radius, inner: 0.0 };
                circle(frame, c, self.ink, 1.0);
            }
        }
    }
}
