//! Smooth pictures: computed small in float, enlarged smoothly, grained and dithered, then
//! rounded.
//!
//! Enlarging is a cubic B-spline (no overshoot, continuous curvature) to every fourth row, then a
//! straight line between rows in 16-bit fixed point with 8 fraction bits. Grain has 2-pixel cells
//! and stays put on the screen, which video encoders carry cheaply; dither is triangular, one
//! code either way.

use crate::color::rgb_to_ycc;
use crate::frame::Frame;
use crate::noise::Rng;

/// Buffers for one thread.
#[derive(Debug, Default)]
pub(super) struct Scratch {
    pub field: Field,
    /// Free for a generator's own use.
    pub extra: Vec<f32>,
    row: Vec<f32>,
    upper: Vec<u16>,
    lower: Vec<u16>,
}

/// A small YCbCr picture in 8-bit codes, as floats.
#[derive(Debug, Default)]
pub(super) struct Field {
    pub width: usize,
    pub height: usize,
    /// Frame pixels per cell: 4, 8 or 16.
    pub step: usize,
    pub planes: [Vec<f32>; 3],
}

impl Field {
    /// Sizes the field for a canvas.
    pub(super) fn resize(&mut self, canvas: &Canvas, step: usize) {
        self.width = canvas.width.div_ceil(step);
        self.height = canvas.height.div_ceil(step);
        self.step = step;
        for plane in &mut self.planes {
            plane.resize(self.width * self.height, 0.0);
        }
    }

    /// Calls `color(u, v)` for every cell; both axes are in frame widths, the result is
    /// gamma-coded RGB.
    pub(super) fn fill(&mut self, canvas: &Canvas, mut color: impl FnMut(f32, f32) -> [f32; 3]) {
        let k = self.step as f32 / canvas.width as f32;
        for j in 0..self.height {
            for i in 0..self.width {
                let rgb = color((i as f32 + 0.5) * k, (j as f32 + 0.5) * k);
                self.set(j * self.width + i, rgb);
            }
        }
    }

    pub(super) fn set(&mut self, index: usize, rgb: [f32; 3]) {
        let ycc = rgb_to_ycc(rgb.map(|v| v.clamp(0.0, 1.0)));
        for (plane, value) in self.planes.iter_mut().zip(ycc) {
            plane[index] = value;
        }
    }
}

/// Frame size and the noise that belongs to it.
pub(super) struct Canvas {
    pub width: usize,
    pub height: usize,
    luma_noise: Vec<u16>,
    chroma_noise: Vec<u16>,
    tile_width: usize,
    offsets: Vec<usize>,
}

/// Rows in the noise tile; later rows reuse it at another offset.
const TILE_ROWS: usize = 128;
const TILE_SLACK: usize = 64;

impl Canvas {
    pub(super) fn new(width: usize, height: usize, grain_sigma: f32, seed: u64) -> Self {
        let (width, height) = ((width + 1) & !1, (height + 1) & !1);
        let mut rng = Rng::new(seed ^ 0x6772_6169_6E00);
        let tile_width = width + TILE_SLACK;
        let cells = tile_width / 2 + 1;
        let mut grain = vec![0.0f32; cells];
        let mut luma_noise = Vec::with_capacity(tile_width * TILE_ROWS);
        for row in 0..TILE_ROWS {
            if row % 2 == 0 {
                grain.fill_with(|| (rng.normal() * grain_sigma).clamp(-4.0, 4.0));
            }
            luma_noise.extend((0..tile_width).map(|x| to_fixed(grain[x / 2] + tpdf(&mut rng))));
        }
        let chroma_noise = (0..tile_width * TILE_ROWS).map(|_| to_fixed(tpdf(&mut rng))).collect();
        // Even offsets keep the 2-pixel cells aligned.
        let bands = height.div_ceil(TILE_ROWS);
        let offsets =
            (0..bands).map(|_| (rng.next_u64() % (TILE_SLACK as u64 / 2)) as usize * 2).collect();
        Self { width, height, luma_noise, chroma_noise, tile_width, offsets }
    }

    /// Grain and dither for a luma row, in 1/256 codes including the rounding half.
    pub(super) fn luma_noise(&self, row: usize) -> &[u16] {
        self.noise(&self.luma_noise, row)
    }

    fn noise<'a>(&self, tile: &'a [u16], row: usize) -> &'a [u16] {
        let offset = self.offsets[(row / TILE_ROWS) % self.offsets.len().max(1)];
        let start = (row % TILE_ROWS) * self.tile_width + offset;
        &tile[start..start + self.width]
    }

    /// Enlarges the scratch field into the frame.
    pub(super) fn enlarge(&self, frame: &mut Frame, scratch: &mut Scratch) {
        let Scratch { field, row, upper, lower, .. } = scratch;
        let (w, h) = (self.width, self.height);
        let [y, u, v] = frame.planes_mut();
        let mut job = Enlarge { canvas: self, fw: field.width, fh: field.height, row, upper, lower };
        let half = field.step / 2;
        job.plane(y, w, h, &field.planes[0], field.step, 0.5, &self.luma_noise, 0);
        job.plane(u, w / 2, h / 2, &field.planes[1], half, 0.25, &self.chroma_noise, 0);
        job.plane(v, w / 2, h / 2, &field.planes[2], half, 0.25, &self.chroma_noise, 61);
    }
}

fn tpdf(rng: &mut Rng) -> f32 {
    rng.unit() - rng.unit()
}

/// Signed codes to wrapping 8.8 fixed point, with one half added for rounding.
fn to_fixed(codes: f32) -> u16 {
    ((codes * 256.0).round() as i32 + 128) as u16
}

struct Enlarge<'a> {
    canvas: &'a Canvas,
    fw: usize,
    fh: usize,
    row: &'a mut Vec<f32>,
    upper: &'a mut Vec<u16>,
    lower: &'a mut Vec<u16>,
}

impl Enlarge<'_> {
    #[allow(clippy::too_many_arguments)]
    fn plane(
        &mut self,
        dst: &mut [u8],
        width: usize,
        height: usize,
        source: &[f32],
        factor: usize,
        origin_x: f32,
        noise: &[u16],
        noise_row: usize,
    ) {
        let pitch = (factor / 2).clamp(1, 4);
        let padded = self.fw * factor;
        self.upper.resize(padded, 0);
        self.lower.resize(padded, 0);
        self.node(source, 0, pitch, factor, origin_x, false);
        for (band, rows) in dst[..width * height].chunks_mut(width * pitch).enumerate() {
            std::mem::swap(self.upper, self.lower);
            self.node(source, band + 1, pitch, factor, origin_x, true);
            if band == 0 {
                self.node(source, 0, pitch, factor, origin_x, false);
            }
            for (k, out) in rows.chunks_exact_mut(width).enumerate() {
                let (wa, wb) = ((pitch - k) as u16, k as u16);
                let noise = self.canvas.noise(noise, band * pitch + k + noise_row);
                let lines = self.upper.iter().zip(self.lower.iter());
                for ((d, (a, b)), n) in out.iter_mut().zip(lines).zip(noise) {
                    let value = a.wrapping_mul(wa).wrapping_add(b.wrapping_mul(wb)).wrapping_add(*n);
                    *d = (value >> 8) as u8;
                }
            }
        }
    }

    /// One enlarged row, at destination row `index * pitch`, scaled by 256 / pitch.
    fn node(&mut self, source: &[f32], index: usize, pitch: usize, factor: usize, ox: f32, lower: bool) {
        let p = ((index * pitch) as f32 + 0.5) / factor as f32 - 0.5;
        let base = p.floor();
        let weights = spline(p - base).map(|w| w * 256.0 / pitch as f32);
        let (fw, last) = (self.fw, self.fh as i32 - 1);
        self.row.resize(fw + 4, 0.0);
        let lines: [&[f32]; 4] = std::array::from_fn(|k| {
            let j = (base as i32 - 1 + k as i32).clamp(0, last) as usize;
            &source[j * fw..(j + 1) * fw]
        });
        for i in 0..fw {
            self.row[i + 2] = lines[0][i] * weights[0]
                + lines[1][i] * weights[1]
                + lines[2][i] * weights[2]
                + lines[3][i] * weights[3];
        }
        let (left, right) = (self.row[2], self.row[fw + 1]);
        self.row[..2].fill(left);
        self.row[fw + 2..].fill(right);
        let out = if lower { &mut *self.lower } else { &mut *self.upper };
        match factor {
            2 => expand::<2>(self.row, out, ox),
            4 => expand::<4>(self.row, out, ox),
            8 => expand::<8>(self.row, out, ox),
            _ => expand::<16>(self.row, out, ox),
        }
    }
}

/// Cubic B-spline weights for the samples at -1, 0, 1, 2.
fn spline(t: f32) -> [f32; 4] {
    let u = 1.0 - t;
    [
        u * u * u / 6.0,
        (3.0 * t * t * t - 6.0 * t * t + 4.0) / 6.0,
        (3.0 * u * u * u - 6.0 * u * u + 4.0) / 6.0,
        t * t * t / 6.0,
    ]
}

/// Enlarges a row `F` times; `row` has two replicated cells on each side.
fn expand<const F: usize>(row: &[f32], out: &mut [u16], ox: f32) {
    // Five taps cover both cells a phase may start from.
    let mut weights = [[0.0f32; F]; 5];
    for s in 0..F {
        let p = (s as f32 + ox) / F as f32 - 0.5;
        let base = p.floor();
        for (k, w) in spline(p - base).into_iter().enumerate() {
            weights[(base as i32 + 1) as usize + k][s] = w;
        }
    }
    for (taps, cell) in row.windows(5).zip(out.chunks_exact_mut(F)) {
        let mut sum = [0.0f32; F];
        for (tap, weight) in taps.iter().zip(&weights) {
            for (s, w) in sum.iter_mut().zip(weight) {
                *s += tap * w;
            }
        }
        for (d, s) in cell.iter_mut().zip(sum) {
            // Adding 2^23 leaves the rounded integer in the low bits of the float.
            *d = (s + 8_388_608.0).to_bits() as u16;
        }
    }
}
