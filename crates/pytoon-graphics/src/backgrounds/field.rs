//! Smooth pictures, computed at low resolution in floats, then smoothly enlarged, grained, dithered and rounded.
//!
//! Enlarging computes rows at most four apart with a cubic B-spline (no overshoot, continuous curvature). The rows
//! between them are interpolated linearly, in 16-bit fixed point with 8 fraction bits. Grain has 2-pixel cells and is
//! static on the screen, which costs video encoders little. Dither is triangular, one code in both directions.

use crate::color::rgb_to_ycc;
use crate::frame::Frame;
use pytoon_vocabulary::Rng;

/// The buffers of one drawing thread.
#[derive(Debug, Default)]
pub(super) struct Scratch {
    pub field: Field,
    /// An extra buffer for the generator.
    pub extra: Vec<f32>,
    row: Vec<f32>,
    upper: Vec<u16>,
    lower: Vec<u16>,
}

/// A small YCbCr picture whose 8-bit codes are stored as floats.
#[derive(Debug, Default)]
pub(super) struct Field {
    pub width: usize,
    pub height: usize,
    /// The number of frame pixels per cell: 4, 8 or 16.
    pub step: usize,
    pub planes: [Vec<f32>; 3],
}

impl Field {
    /// Resizes the field to cover a canvas with cells of `step` x `step` pixels.
    pub(super) fn resize(&mut self, canvas: &Canvas, step: usize) {
        self.width = canvas.width.div_ceil(step);
        self.height = canvas.height.div_ceil(step);
        self.step = step;
        for plane in &mut self.planes {
            plane.resize(self.width * self.height, 0.0);
        }
    }

    /// Sets every cell to the colour that `color(u, v)` returns, as gamma-encoded RGB. `u` and `v` are the cell's
    /// centre, in frame widths.
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

/// The frame size, with the noise for that size.
pub(super) struct Canvas {
    pub width: usize,
    pub height: usize,
    luma_noise: Vec<u16>,
    chroma_noise: Vec<u16>,
    tile_width: usize,
    offsets: Vec<usize>,
}

/// The number of rows in the noise tile. Later rows reuse it at another offset.
const TILE_ROWS: usize = 128;
const TILE_SLACK: usize = 64;

impl Canvas {
    pub(super) fn new(width: usize, height: usize, grain_sigma: f32, seed: u64) -> Self {
        let (width, height) = ((width + 1) & !1, (height + 1) & !1);
        let mut rng = crate::noise::rng(seed ^ 0x6772_6169_6E00);
        let tile_width = width + TILE_SLACK;
        let cells = tile_width / 2 + 1;
        let mut grain = vec![0.0f32; cells];
        let mut luma_noise = Vec::with_capacity(tile_width * TILE_ROWS);
        for row in 0..TILE_ROWS {
            if row % 2 == 0 {
                grain.fill_with(|| (crate::noise::normal(&mut rng) * grain_sigma).clamp(-4.0, 4.0));
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

    /// Returns grain and dither for a luma row, in units of 1/256 code, including the half that is added for
    /// rounding.
    pub(super) fn luma_noise(&self, row: usize) -> &[u16] {
        self.noise(&self.luma_noise, row)
    }

    fn noise<'a>(&self, tile: &'a [u16], row: usize) -> &'a [u16] {
        let offset = self.offsets[(row / TILE_ROWS) % self.offsets.len().max(1)];
        let start = (row % TILE_ROWS) * self.tile_width + offset;
        &tile[start..start + self.width]
    }

    /// Enlarges the three planes of the scratch field into the frame, with grain and dither.
    pub(super) fn enlarge(&self, frame: &mut Frame, scratch: &mut Scratch) {
        let Scratch { field, row, upper, lower, .. } = scratch;
        let (w, h) = (self.width, self.height);
        let [y, u, v] = frame.planes_mut();
        let mut job =
            Enlarge { canvas: self, fw: field.width, fh: field.height, row, upper, lower };
        let half = field.step / 2;
        let plane = |index: usize| Plane {
            source: &field.planes[index],
            width: if index == 0 { w } else { w / 2 },
            height: if index == 0 { h } else { h / 2 },
            factor: if index == 0 { field.step } else { half },
            // Left-sited chroma is a quarter of its own pitch left of the middle.
            origin_x: if index == 0 { 0.5 } else { 0.25 },
        };
        job.plane(plane(0), y, (&self.luma_noise, 0));
        job.plane(plane(1), u, (&self.chroma_noise, 0));
        job.plane(plane(2), v, (&self.chroma_noise, 61));
    }

    /// Enlarges the field's first plane without noise, at luma or chroma size, row by row; see
    /// [`Enlarge::rows`].
    pub(super) fn enlarge_rows(
        &self,
        scratch: &mut Scratch,
        chroma: bool,
        emit: impl FnMut(usize, &[u16], &[u16], (u16, u16)),
    ) {
        let Scratch { field, row, upper, lower, .. } = scratch;
        let mut job =
            Enlarge { canvas: self, fw: field.width, fh: field.height, row, upper, lower };
        let k = if chroma { 2 } else { 1 };
        let plane = Plane {
            source: &field.planes[0],
            width: self.width / k,
            height: self.height / k,
            factor: field.step / k,
            origin_x: if chroma { 0.25 } else { 0.5 },
        };
        job.rows(plane, emit);
    }
}

/// One plane to be enlarged.
struct Plane<'a> {
    source: &'a [f32],
    width: usize,
    height: usize,
    /// The number of destination samples per cell.
    factor: usize,
    /// The position of sample 0 as a fraction of the sample pitch.
    origin_x: f32,
}

fn tpdf(rng: &mut Rng) -> f32 {
    rng.unit() - rng.unit()
}

/// Converts signed codes to wrapping 8.8 fixed point, with half a code added for rounding.
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
    fn plane(&mut self, plane: Plane<'_>, dst: &mut [u8], noise: (&[u16], usize)) {
        let canvas = self.canvas;
        let width = plane.width;
        self.rows(plane, |y, upper, lower, (wa, wb)| {
            let out = dst[y * width..(y + 1) * width].iter_mut();
            let lines = upper.iter().zip(lower);
            for ((d, (a, b)), n) in out.zip(lines).zip(canvas.noise(noise.0, y + noise.1)) {
                let value = a.wrapping_mul(wa).wrapping_add(b.wrapping_mul(wb)).wrapping_add(*n);
                *d = (value >> 8) as u8;
            }
        });
    }

    /// Passes every destination row to `emit(y, upper, lower, weights)` as two enlarged lines. The weighted sum of
    /// the lines is the row, in units of 1/256.
    fn rows(&mut self, plane: Plane<'_>, mut emit: impl FnMut(usize, &[u16], &[u16], (u16, u16))) {
        let pitch = (plane.factor / 2).clamp(1, 4);
        self.upper.resize(self.fw * plane.factor, 0);
        self.lower.resize(self.fw * plane.factor, 0);
        self.node(&plane, 0, pitch);
        for band in 0..plane.height.div_ceil(pitch) {
            std::mem::swap(self.upper, self.lower);
            self.node(&plane, band + 1, pitch);
            for k in 0..pitch.min(plane.height - band * pitch) {
                let weights = ((pitch - k) as u16, k as u16);
                emit(band * pitch + k, self.upper, self.lower, weights);
            }
        }
    }

    /// Fills `lower` with destination row `index * pitch`, enlarged and scaled by `256 / pitch`.
    fn node(&mut self, plane: &Plane<'_>, index: usize, pitch: usize) {
        let Plane { source, factor, origin_x: ox, .. } = *plane;
        let p = ((index * pitch) as f32 + 0.5) / factor as f32 - 0.5;
        let base = p.floor();
        let weights = spline(p - base).map(|w| w * 256.0 / pitch as f32);
        let (fw, last) = (self.fw, self.fh as i32 - 1);
        self.row.resize(fw + 4, 0.0);
        let lines: [&[f32]; 4] = std::array::from_fn(|k| {
            let j = (base as i32 - 1 + k as i32).clamp(0, last) as usize;
            &source[j * fw..(j + 1) * fw]
        });
        let [a, b, c, d] = lines;
        let taps = a.iter().zip(b).zip(c).zip(d);
        for (out, (((a, b), c), d)) in self.row[2..].iter_mut().zip(taps) {
            *out = a * weights[0] + b * weights[1] + c * weights[2] + d * weights[3];
        }
        let (left, right) = (self.row[2], self.row[fw + 1]);
        self.row[..2].fill(left);
        self.row[fw + 2..].fill(right);
        let out = &mut *self.lower;
        match factor {
            2 => expand::<2>(self.row, out, ox),
            4 => expand::<4>(self.row, out, ox),
            8 => expand::<8>(self.row, out, ox),
            _ => expand::<16>(self.row, out, ox),
        }
    }
}

/// Returns the cubic B-spline weights of the samples at -1, 0, 1 and 2 for a position `t` in 0..1.
fn spline(t: f32) -> [f32; 4] {
    let u = 1.0 - t;
    [
        u * u * u / 6.0,
        (3.0 * t * t * t - 6.0 * t * t + 4.0) / 6.0,
        (3.0 * u * u * u - 6.0 * u * u + 4.0) / 6.0,
        t * t * t / 6.0,
    ]
}

/// Enlarges a row by the factor `F`. `row` has two replicated cells on each side.
fn expand<const F: usize>(row: &[f32], out: &mut [u16], ox: f32) {
    // Five taps cover both cells a phase may start from.
    let mut weights = [[0.0f32; F]; 5];
    for (s, p) in (0..F).map(|s| (s, s as f32 + ox)) {
        let p = p / F as f32 - 0.5;
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
            // Adding 2^23 puts the rounded integer into the low bits of the float.
            *d = (s + 8_388_608.0).to_bits() as u16;
        }
    }
}
