//! Resamples one plane at sub-pixel positions: the inner loop of every camera move over a still.
//!
//! A window without rotation is separable with a constant step. For each row, four source rows are blended into one
//! row of 16-bit values, and then four taps are applied across that row. The Catmull-Rom weights (Keys, "Cubic
//! convolution interpolation for digital image processing", 1981, a = -1/2) are in fixed point: the integers are the
//! same on every machine, so frames are equal everywhere.
//!
//! Guarantees: positions are never rounded to pixels (phases of 1/1024); values are clamped to 8 bits once, at the
//! end; the portable and the wide code paths give equal pixels.
//!
//! Steps above 4/3 (strong minification) need a prior downscale. They are drawn correctly here, but with aliasing.
//!
//! Start with [`sample`].

mod dispatch;
mod table;

pub use table::Axis;
use table::ColumnTable;

/// The number of replicated edge pixels on both sides of every row, so that taps and wide loads never leave the row.
pub(crate) const PAD: usize = 24;
/// The number of fraction bits of the weights, which sum to exactly `1 << WEIGHT_BITS`.
pub(crate) const WEIGHT_BITS: u32 = 14;
/// The number of fraction bits of a vertically blended value.
pub(crate) const ROW_BITS: u32 = 6;

/// One plane with replicated edge pixels.
#[derive(Debug, Clone)]
pub struct PaddedPlane {
    data: Vec<u8>,
    width: usize,
    height: usize,
    stride: usize,
}

impl PaddedPlane {
    /// Copies `width * height` samples and pads their rows. Missing rows are 0, and an empty plane becomes
    /// one sample.
    pub fn new(samples: &[u8], width: usize, height: usize) -> Self {
        let (width, height) = (width.max(1), height.max(1));
        let stride = width + 2 * PAD;
        let mut data = vec![0; stride * height];
        for (row, source) in data.chunks_exact_mut(stride).zip(samples.chunks_exact(width)) {
            row[PAD..PAD + width].copy_from_slice(source);
            row[..PAD].fill(source[0]);
            row[PAD + width..].fill(source[width - 1]);
        }
        Self { data, width, height, stride }
    }

    /// Returns the width without padding.
    pub fn width(&self) -> usize {
        self.width
    }

    /// Returns the height of the plane.
    pub fn height(&self) -> usize {
        self.height
    }

    /// Returns a row with its padding. Rows above and below the plane repeat its edge.
    fn row(&self, y: i64) -> &[u8] {
        let y = y.clamp(0, self.height as i64 - 1) as usize;
        &self.data[y * self.stride..(y + 1) * self.stride]
    }

    /// Returns the memory usage, in bytes.
    pub fn size_bytes(&self) -> usize {
        self.data.len()
    }
}

/// The working memory of [`sample`], reused from frame to frame.
#[derive(Debug, Default)]
pub struct Scratch {
    row: Vec<i16>,
    columns: ColumnTable,
}

/// Resamples a plane along two axes into `out`, which has rows of `out_width`.
pub fn sample(
    plane: &PaddedPlane,
    out: &mut [u8],
    out_width: usize,
    x: Axis,
    y: Axis,
    scratch: &mut Scratch,
) {
    sample_with(dispatch::kernels(), plane, out, out_width, x, y, scratch);
}

/// Samples like [`sample`], without wide instructions, for comparison in tests and benches.
pub fn sample_portable(
    plane: &PaddedPlane,
    out: &mut [u8],
    out_width: usize,
    x: Axis,
    y: Axis,
    scratch: &mut Scratch,
) {
    sample_with(dispatch::PORTABLE, plane, out, out_width, x, y, scratch);
}

fn sample_with(
    kernels: dispatch::Kernels,
    plane: &PaddedPlane,
    out: &mut [u8],
    out_width: usize,
    x: Axis,
    y: Axis,
    scratch: &mut Scratch,
) {
    let Scratch { row, columns } = scratch;
    columns.build(x, out_width, plane.width, kernels.grouping);
    let span = columns.first..columns.first + columns.len;
    // Wide loads may begin at the last column.
    row.resize(columns.len + table::SPAN, 0);
    let all_weights = table::weights();
    for (index, out_row) in out.chunks_exact_mut(out_width).enumerate() {
        let (top, weights) = y.taps(index, all_weights);
        let rows = [-1, 0, 1, 2].map(|tap| &plane.row(top + tap)[span.clone()]);
        (kernels.blend_rows)(rows, weights, &mut row[..columns.len]);
        (kernels.filter_row)(row, columns, out_row);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texture(width: usize, height: usize) -> Vec<u8> {
        (0..width * height)
            .map(|i| {
                let (x, y) = ((i % width) as f64, (i / width) as f64);
                let wave =
                    (x * 0.11).sin() * (y * 0.07).cos() * 90.0 + (x * 0.9 + y * 0.53).sin() * 30.0;
                (128.0 + wave) as u8
            })
            .collect()
    }

    fn reference(samples: &[u8], width: usize, height: usize, x: f64, y: f64) -> f64 {
        let at = |xi: i64, yi: i64| {
            let xi = xi.clamp(0, width as i64 - 1) as usize;
            let yi = yi.clamp(0, height as i64 - 1) as usize;
            f64::from(samples[yi * width + xi])
        };
        let keys = |t: f64| {
            let t = t.abs();
            if t < 1.0 {
                1.5 * t * t * t - 2.5 * t * t + 1.0
            } else if t < 2.0 {
                -0.5 * t * t * t + 2.5 * t * t - 4.0 * t + 2.0
            } else {
                0.0
            }
        };
        let (xi, yi) = (x.floor() as i64, y.floor() as i64);
        let mut sum = 0.0;
        for dy in -1..=2 {
            for dx in -1..=2 {
                sum +=
                    at(xi + dx, yi + dy) * keys(x - (xi + dx) as f64) * keys(y - (yi + dy) as f64);
            }
        }
        sum.clamp(0.0, 255.0)
    }

    #[test]
    fn equals_the_float_reference_within_a_rounding() {
        let (width, height) = (301, 203);
        let samples = texture(width, height);
        let plane = PaddedPlane::new(&samples, width, height);
        let (x, y) = (Axis { start: 3.3, step: 0.871 }, Axis { start: -0.4, step: 1.017 });
        let mut out = vec![0; 270 * 190];
        sample(&plane, &mut out, 270, x, y, &mut Scratch::default());
        let mut worst: f64 = 0.0;
        for (index, &value) in out.iter().enumerate() {
            let sx = x.start + x.step * (index % 270) as f64;
            let sy = y.start + y.step * (index / 270) as f64;
            worst =
                worst.max((f64::from(value) - reference(&samples, width, height, sx, sy)).abs());
        }
        assert!(worst < 1.2, "{worst}");
    }

    #[test]
    fn every_path_gives_the_same_pixels() {
        let (width, height) = (777, 311);
        let plane = PaddedPlane::new(&texture(width, height), width, height);
        for (step, start) in
            [(1.0, 0.0), (0.7713, 11.9), (1.3, -0.9), (1.333, 2.0), (1.9, 0.1), (0.31, 40.2)]
        {
            for out_width in [1, 7, 16, 17, 270, 399] {
                let x = Axis { start, step };
                let draw = |kernels: dispatch::Kernels| {
                    let mut out = vec![0; out_width * 40];
                    sample_with(
                        kernels,
                        &plane,
                        &mut out,
                        out_width,
                        x,
                        x,
                        &mut Scratch::default(),
                    );
                    out
                };
                let plain = draw(dispatch::PORTABLE);
                for kernels in dispatch::all() {
                    let wide = draw(kernels);
                    assert!(wide == plain, "{:?}, step {step} width {out_width}", kernels.grouping);
                }
            }
        }
    }

    #[test]
    fn a_window_of_the_same_size_is_a_copy() {
        let samples = texture(64, 48);
        let plane = PaddedPlane::new(&samples, 64, 48);
        let mut out = vec![0; 64 * 48];
        let axis = Axis { start: 0.0, step: 1.0 };
        sample(&plane, &mut out, 64, axis, axis, &mut Scratch::default());
        assert!(out == samples);
    }

    #[test]
    fn windows_beyond_the_edge_repeat_it() {
        let plane = PaddedPlane::new(&[10, 20, 30, 40], 2, 2);
        let mut out = vec![0; 16 * 4];
        let axis = Axis { start: -300.0, step: 100.0 };
        sample(&plane, &mut out, 16, axis, axis, &mut Scratch::default());
        assert_eq!(out[0], 10);
        assert_eq!(out[15], 20);
    }
}
