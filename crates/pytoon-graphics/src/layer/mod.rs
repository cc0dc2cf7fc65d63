//! Sprites: pictures with transparency, prepared once and composited into frames many times.
//!
//! Guarantees: a [`Sprite`] contains premultiplied Y, Cb, Cr and alpha, so blending is one multiply-add per
//! sample and edges have no fringes: chroma and its alpha are reduced together with the same left-sited filter
//! ([1 2 1]/4 across, box down). All four placements on the chroma grid are prepared, so an odd `x` or `y` is
//! exact too. Blending changes only the sprite's box and clips to the frame.
//!
//! This module does not resample or draw text.

mod blend;
mod scaled;
mod shape;

pub use blend::{blend, blend_clipped};
pub use scaled::{Placement, blend_placed, blend_scaled};
pub use shape::{draw_mask, rounded_rect};

use crate::color::Rgb;

/// A half-open pixel rectangle that limits drawing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Clip {
    /// The left edge.
    pub x0: i32,
    /// The top edge.
    pub y0: i32,
    /// The right edge, exclusive.
    pub x1: i32,
    /// The bottom edge, exclusive.
    pub y1: i32,
}

/// One placement of the chroma planes on the 2x2 grid.
#[derive(Clone, Debug)]
pub(crate) struct ChromaPhase {
    pub(crate) width: usize,
    pub(crate) height: usize,
    pub(crate) u: Vec<u8>,
    pub(crate) v: Vec<u8>,
    pub(crate) a: Vec<u8>,
    pub(crate) spans: Vec<(u32, u32)>,
}

/// A premultiplied YUVA picture.
#[derive(Clone, Debug)]
pub struct Sprite {
    pub(crate) width: usize,
    pub(crate) height: usize,
    pub(crate) y: Vec<u8>,
    pub(crate) a: Vec<u8>,
    /// For each row, the first non-transparent sample and the end (exclusive) after the last one; both are 0 for an
    /// empty row.
    pub(crate) spans: Vec<(u32, u32)>,
    /// The chroma placements. A sprite drawn at `x`, `y` uses index `2 * (y & 1) + (x & 1)`.
    pub(crate) phases: [ChromaPhase; 4],
}

impl Sprite {
    /// Creates a sprite from straight (not premultiplied) RGBA with four bytes per pixel. Missing pixels are
    /// transparent.
    pub fn from_rgba(width: usize, height: usize, rgba: &[u8]) -> Self {
        Self::build(width, height, |i| {
            let p = rgba.get(4 * i..4 * i + 4).unwrap_or(&[0; 4]);
            let a = f32::from(p[3]) / 255.0;
            [f32::from(p[0]) * a, f32::from(p[1]) * a, f32::from(p[2]) * a, f32::from(p[3])]
        })
    }

    /// Creates a sprite from premultiplied RGBA with four bytes per pixel. Missing pixels are transparent.
    pub fn from_premultiplied(width: usize, height: usize, rgba: &[u8]) -> Self {
        Self::build(width, height, |i| {
            let p = rgba.get(4 * i..4 * i + 4).unwrap_or(&[0; 4]);
            [p[0], p[1], p[2], p[3]].map(f32::from)
        })
    }

    /// Creates a sprite by filling a coverage mask with one colour.
    pub fn from_mask(width: usize, height: usize, mask: &[u8], color: Rgb) -> Self {
        let rgb = color.to_float();
        Self::build(width, height, |i| {
            let a = f32::from(mask.get(i).copied().unwrap_or(0));
            [rgb[0] * a, rgb[1] * a, rgb[2] * a, a]
        })
    }

    /// Returns the width in pixels.
    pub fn width(&self) -> usize {
        self.width
    }

    /// Returns the height in pixels.
    pub fn height(&self) -> usize {
        self.height
    }

    /// Returns the memory usage, in bytes.
    pub fn size_bytes(&self) -> usize {
        let chroma: usize = self.phases.iter().map(|p| 3 * p.a.len()).sum();
        2 * self.y.len() + chroma
    }

    fn build(width: usize, height: usize, premultiplied: impl Fn(usize) -> [f32; 4]) -> Self {
        let n = width * height;
        let (mut y, mut a) = (Vec::with_capacity(n), Vec::with_capacity(n));
        let mut chroma = Vec::with_capacity(n);
        for i in 0..n {
            let [r, g, b, alpha] = premultiplied(i);
            // Premultiplied BT.709: the matrix is linear, so the offsets scale with alpha.
            let luma = 0.2126 * r + 0.7152 * g + 0.0722 * b;
            let k = 1.0 / 255.0;
            y.push(((16.0 * alpha + 219.0 * luma) * k + 0.5) as u8);
            a.push((alpha + 0.5) as u8);
            chroma.push([
                (128.0 * alpha + 224.0 * (b - luma) / 1.8556) * k,
                (128.0 * alpha + 224.0 * (r - luma) / 1.5748) * k,
                alpha,
            ]);
        }
        let spans = row_spans(&a, width);
        let phases = std::array::from_fn(|i| chroma_phase(&chroma, width, height, i & 1, i >> 1));
        Self { width, height, y, a, spans, phases }
    }
}

fn chroma_phase(
    full: &[[f32; 3]],
    width: usize,
    height: usize,
    px: usize,
    py: usize,
) -> ChromaPhase {
    let w = if width == 0 { 0 } else { (px + width) / 2 + 1 };
    let h = (py + height).div_ceil(2);
    let n = w * h;
    let (mut u, mut v, mut a) = (vec![0; n], vec![0; n], vec![0; n]);
    for cy in 0..h {
        for cx in 0..w {
            let mut sum = [0.0f32; 3];
            for row in [2 * cy, 2 * cy + 1] {
                let Some(sy) = row.checked_sub(py).filter(|r| *r < height) else {
                    continue;
                };
                for (dx, weight) in [(0usize, 0.125), (1, 0.25), (2, 0.125)] {
                    // Column 2cx - 1 + dx of the frame, relative to the sprite's own origin.
                    let column = (2 * cx + dx).checked_sub(1 + px).filter(|c| *c < width);
                    let Some(sx) = column else { continue };
                    let sample = full[sy * width + sx];
                    for (acc, value) in sum.iter_mut().zip(sample) {
                        *acc += weight * value;
                    }
                }
            }
            let i = cy * w + cx;
            u[i] = (sum[0] + 0.5) as u8;
            v[i] = (sum[1] + 0.5) as u8;
            a[i] = (sum[2] + 0.5) as u8;
        }
    }
    let spans = row_spans(&a, w);
    ChromaPhase { width: w, height: h, u, v, a, spans }
}

fn row_spans(alpha: &[u8], width: usize) -> Vec<(u32, u32)> {
    if width == 0 {
        return Vec::new();
    }
    alpha
        .chunks_exact(width)
        .map(|row| match row.iter().position(|v| *v != 0) {
            None => (0, 0),
            Some(first) => {
                let last = row.iter().rposition(|v| *v != 0).unwrap_or(first);
                (first as u32, last as u32 + 1)
            }
        })
        .collect()
}
