//! Calms the picture behind a text box, when it needs it.
//!
//! The box is darkened (or, under dark text, lightened) by at most 35 %, feathered outwards, just
//! enough for 7:1 against the brightest (darkest) twentieth of the box.

use crate::color::{Rgb, linear_to_srgb};
use crate::frame::Frame;
use crate::safe_zone::Rect;

/// The strongest change allowed.
const LIMIT: f32 = 0.35;
const CONTRAST: f32 = 7.0;

#[derive(Clone, Debug, Default)]
pub(super) struct QuietZone {
    /// 0 leaves the frame alone.
    strength: f32,
    target: u8,
    rect: Rect,
    /// Weight across the box and down it, 0 to 1.
    across: Vec<f32>,
    down: Vec<f32>,
}

impl QuietZone {
    pub(super) fn none() -> Self {
        Self::default()
    }

    pub(super) fn measure(sample: &Frame, area: Rect, text: Rgb, light_ground: bool, feather: f32) -> Self {
        let (w, h) = (sample.width(), sample.height());
        let range = |a: f32, b: f32, n: usize| (a.max(0.0) as usize).min(n)..(b.max(0.0) as usize).min(n);
        let mut codes: Vec<u8> = Vec::new();
        for y in range(area.y0, area.y1, h).step_by(4) {
            codes.extend(range(area.x0, area.x1, w).step_by(4).map(|x| sample.y()[y * w + x]));
        }
        if codes.is_empty() {
            return Self::none();
        }
        codes.sort_unstable();
        let quantile = |q: f32| f32::from(codes[((codes.len() - 1) as f32 * q) as usize]);
        let code = quantile(if light_ground { 0.05 } else { 0.95 });
        let target = if light_ground { 235u8 } else { 16 };
        // The grey that is exactly 7:1 from the text.
        let luminance = text.luminance() + 0.05;
        let wanted = if light_ground { luminance * CONTRAST } else { luminance / CONTRAST } - 0.05;
        let wanted = 16.0 + 219.0 * linear_to_srgb(wanted);
        let enough = if light_ground { code >= wanted } else { code <= wanted };
        if enough {
            return Self::none();
        }
        let strength = ((wanted - code) / (f32::from(target) - code)).clamp(0.0, LIMIT);
        let ramp = |n: usize, a: f32, b: f32| -> Vec<f32> {
            (0..n)
                .map(|i| {
                    let outside = (a - i as f32).max(i as f32 - b).max(0.0);
                    crate::motion::smoothstep(1.0 - outside / feather.max(1.0))
                })
                .collect()
        };
        Self {
            strength,
            target,
            rect: area.grown(feather, feather),
            across: ramp(w, area.x0, area.x1),
            down: ramp(h, area.y0, area.y1),
        }
    }

    pub(super) fn apply(&self, frame: &mut Frame) {
        if self.strength <= 0.0 {
            return;
        }
        let (w, h) = (frame.width(), frame.height());
        let [luma, cb, cr] = frame.planes_mut();
        self.plane(luma, w, h, 1, self.target);
        self.plane(cb, w / 2, h / 2, 2, 128);
        self.plane(cr, w / 2, h / 2, 2, 128);
    }

    fn plane(&self, plane: &mut [u8], w: usize, h: usize, step: usize, target: u8) {
        let clamp = |v: f32, n: usize| ((v / step as f32).max(0.0) as usize).min(n);
        let (x0, x1) = (clamp(self.rect.x0, w), clamp(self.rect.x1, w));
        for y in clamp(self.rect.y0, h)..clamp(self.rect.y1, h) {
            let row = self.strength * self.down.get(y * step).copied().unwrap_or(0.0);
            for (x, d) in plane[y * w + x0..y * w + x1].iter_mut().enumerate() {
                let k = row * self.across.get((x + x0) * step).copied().unwrap_or(0.0);
                let weight = (k * 1024.0) as i32;
                *d = (i32::from(*d) + (((i32::from(target) - i32::from(*d)) * weight + 512) >> 10)) as u8;
            }
        }
    }
}
