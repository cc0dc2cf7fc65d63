//! Adapts the brightness of the picture behind a text box, if needed.
//!
//! The box is darkened (or, under dark text, lightened) by at most 35 %, feathered outwards. The change is just
//! enough for a contrast of 7:1 at the 95th percentile of the box's luma (or at the 5th). A veil changes the box
//! towards a colour instead, by up to its own limit, and is measured on colours.

use crate::area::Rect;
use crate::color::{Rgb, contrast, linear_to_srgb, ycc_to_rgb};
use crate::frame::Frame;

/// Maximum strength of the change without a veil.
const LIMIT: f32 = 0.35;
const CONTRAST: f32 = 7.0;
/// The distance between sampled pixels.
const SAMPLE_STEP: usize = 12;

/// The change that a quiet zone may make.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Veil {
    /// The colour towards which the picture is changed.
    pub target: Rgb,
    /// The width of the soft edge, in pixels.
    pub feather: f32,
    /// Maximum strength of the change, 0 to 1.
    pub limit: f32,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct QuietZone {
    /// The strength of the change; 0 leaves the frame unchanged.
    strength: f32,
    target: [u8; 3],
    luma: Mask,
    chroma: Mask,
}

/// A mask with weights of 0 to 1024 over part of a plane.
#[derive(Clone, Debug, Default)]
struct Mask {
    x0: usize,
    y0: usize,
    width: usize,
    weights: Vec<u16>,
}

impl Mask {
    /// Creates a mask with the weight `strength` inside `area`. Outside, the weight falls to zero over the distance
    /// `feather`.
    fn new(area: Rect, feather: f32, strength: f32, (w, h): (usize, usize), step: f32) -> Self {
        let all = area.grown(feather, feather).scaled(1.0 / step);
        let clamp = |v: f32, n: usize| (v.max(0.0) as usize).min(n);
        let (x0, x1) = (clamp(all.x0, w), clamp(all.x1, w));
        let (y0, y1) = (clamp(all.y0, h), clamp(all.y1, h));
        let mut weights = Vec::with_capacity((x1 - x0) * (y1 - y0));
        let outside = |p: f32, a: f32, b: f32| (a - p).max(p - b).max(0.0);
        for y in y0..y1 {
            let dy = outside((y as f32 + 0.5) * step, area.y0, area.y1);
            for x in x0..x1 {
                let dx = outside((x as f32 + 0.5) * step, area.x0, area.x1);
                let near = 1.0 - (dx * dx + dy * dy).sqrt() / feather.max(1.0);
                weights.push((1024.0 * strength * crate::motion::smoothstep(near)) as u16);
            }
        }
        Self { x0, y0, width: x1 - x0, weights }
    }
}

impl QuietZone {
    pub(crate) fn none() -> Self {
        Self::default()
    }

    /// Measures the box `area` of a representative frame, for type of the colour `text`.
    pub(crate) fn measure(
        sample: &Frame,
        area: Rect,
        text: Rgb,
        light_ground: bool,
        feather: f32,
    ) -> Self {
        let (w, h) = (sample.width(), sample.height());
        let range =
            |a: f32, b: f32, n: usize| (a.max(0.0) as usize).min(n)..(b.max(0.0) as usize).min(n);
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
        let target = if light_ground { Rgb::WHITE } else { Rgb::BLACK }.to_ycc();
        // The grey that is exactly 7:1 from the text.
        let luminance = text.luminance() + 0.05;
        let wanted = if light_ground { luminance * CONTRAST } else { luminance / CONTRAST } - 0.05;
        let wanted = 16.0 + 219.0 * linear_to_srgb(wanted);
        let enough = if light_ground { code >= wanted } else { code <= wanted };
        if enough {
            return Self::none();
        }
        let strength = ((wanted - code) / (f32::from(target[0]) - code)).clamp(0.0, LIMIT);
        Self {
            strength,
            target,
            luma: Mask::new(area, feather, strength, (w, h), 1.0),
            chroma: Mask::new(area, feather, strength, (w / 2, h / 2), 2.0),
        }
    }

    /// Measures the colours of the box `area` of a representative frame, and chooses the weakest veil that gives 95 %
    /// of the box a contrast of 7:1 to type of the colour `text`.
    pub(crate) fn measure_veil(sample: &Frame, area: Rect, text: Rgb, veil: &Veil) -> Self {
        let (w, h) = (sample.width(), sample.height());
        let range =
            |a: f32, b: f32, n: usize| (a.max(0.0) as usize).min(n)..(b.max(0.0) as usize).min(n);
        let mut pixels: Vec<[f32; 3]> = Vec::new();
        for y in range(area.y0, area.y1, h).step_by(SAMPLE_STEP) {
            for x in range(area.x0, area.x1, w).step_by(SAMPLE_STEP) {
                let c = (y / 2) * (w / 2) + x / 2;
                pixels.push([sample.y()[y * w + x], sample.u()[c], sample.v()[c]].map(f32::from));
            }
        }
        let target = veil.target.to_ycc();
        let reads = |strength: f32| {
            let weak = pixels.iter().filter(|p| {
                let mixed: [f32; 3] =
                    std::array::from_fn(|i| p[i] + (f32::from(target[i]) - p[i]) * strength);
                contrast(Rgb::from_float(ycc_to_rgb(mixed)), text) < CONTRAST
            });
            weak.count() * 20 <= pixels.len()
        };
        if reads(0.0) {
            return Self::none();
        }
        let (mut low, mut high) = (0.0, veil.limit);
        for _ in 0..7 {
            let mid = 0.5 * (low + high);
            if reads(mid) { high = mid } else { low = mid }
        }
        Self {
            strength: high,
            target,
            luma: Mask::new(area, veil.feather, high, (w, h), 1.0),
            chroma: Mask::new(area, veil.feather, high, (w / 2, h / 2), 2.0),
        }
    }

    pub(crate) fn apply(&self, frame: &mut Frame) {
        if self.strength <= 0.0 {
            return;
        }
        let w = frame.width();
        let [luma, cb, cr] = frame.planes_mut();
        pull(luma, w, &self.luma, self.target[0]);
        pull(cb, w / 2, &self.chroma, self.target[1]);
        pull(cr, w / 2, &self.chroma, self.target[2]);
    }
}

/// Moves samples towards `target` by the mask's weights.
fn pull(plane: &mut [u8], stride: usize, mask: &Mask, target: u8) {
    for (j, weights) in mask.weights.chunks_exact(mask.width.max(1)).enumerate() {
        let start = (mask.y0 + j) * stride + mask.x0;
        for (d, k) in plane[start..start + mask.width].iter_mut().zip(weights) {
            let step = (i32::from(target) - i32::from(*d)) * i32::from(*k);
            *d = (i32::from(*d) + ((step + 512) >> 10)) as u8;
        }
    }
}
