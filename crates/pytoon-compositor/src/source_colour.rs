//! Converts the colours of a clip to BT.709: transfer function, primaries, matrix, and tone mapping.
//!
//! Reference white is 203 cd/m² (ITU-R BT.2408), and HLG is displayed at 1,000 cd/m² with a system gamma of
//! 1.2 (BT.2100). In clips without brighter colours than reference white, tones are unchanged. In clips with
//! brighter colours, the upper range is rolled off towards white so that steps remain distinct; the brighter
//! the clip, the stronger the roll-off.
//!
//! Start with [`ColourConversion::new`].

use pytoon_core::timeline::reading::{Primaries, SourceColours, Transfer};
use pytoon_graphics::Frame;

/// The luminance of reference white, in cd/m².
const REFERENCE_WHITE: f64 = 203.0;
/// The peak luminance of the HLG display, in cd/m².
const HLG_PEAK: f64 = 1000.0;
/// The system gamma from camera to display. It is applied to each channel, as FFmpeg (zimg) does, so that clips
/// converted to HLG by FFmpeg get their colours back. BT.2100 applies it to luminance, which leaves saturated colours
/// a little paler.
const HLG_GAMMA: f64 = 1.2;
/// The brightest light that tone mapping preserves, relative to reference white. Brighter light becomes white.
pub const BRIGHTEST: f64 = HLG_PEAK / REFERENCE_WHITE;
/// The gamma of a display (ITU-R BT.1886).
const GAMMA: f64 = 2.4;
/// The number of steps in the table over the source's R'G'B': four times the number of 10-bit codes.
const IN_STEPS: usize = 4096;
/// The smallest light in the tables over light. The tables have a step for each exponent of a 32-bit float and the
/// first eight bits of its mantissa, so that dark steps are as close as they are perceived.
const DARKEST: f32 = 1.0 / (1 << 24) as f32;
/// The size of the tables over light, a power of two above the number of steps up to a light of 8.
const LIGHT_STEPS: usize = 8192;

/// A converter of 10-bit frames from one kind of source.
#[derive(Debug, Clone)]
pub struct ColourConversion {
    /// The coefficients from Cr to red, Cb and Cr to green, and Cb to blue, for codes relative to their neutral.
    chroma: [f32; 4],
    /// The light for each R'G'B' value, relative to reference white.
    light: Box<[f32; IN_STEPS]>,
    primaries: [[f32; 3]; 3],
    /// The tone-mapping factor by the brightest channel; `None` without tone mapping.
    roll_off: Option<Box<[f32; LIGHT_STEPS]>>,
    /// The BT.709 R'G'B' value, by light.
    encoded: Box<[f32; LIGHT_STEPS]>,
}

impl ColourConversion {
    /// Creates the tables for a source's colours.
    pub fn new(source: &SourceColours) -> Self {
        let (kr, kb) = source.matrix.red_and_blue();
        let kg = 1.0 - kr - kb;
        let (cr, cb) = (2.0 * (1.0 - kr), 2.0 * (1.0 - kb));
        // A 10-bit chroma code in limited range has 896 steps.
        let chroma = [cr, -cb * kb / kg, -cr * kr / kg, cb].map(|v| (v / 896.0) as f32);
        let mut light = Box::new([0.0; IN_STEPS]);
        for (step, light) in light.iter_mut().enumerate() {
            *light = light_of(source.transfer, step as f64 / (IN_STEPS - 1) as f64) as f32;
        }
        let peak = source.peak.clamp(1.0, BRIGHTEST);
        Self {
            chroma,
            light,
            primaries: to_bt709(source.primaries),
            roll_off: (peak > 1.0).then(|| by_light(|light| tone_mapping_factor(light, peak))),
            encoded: by_light(|light| light.min(1.0).powf(1.0 / GAMMA)),
        }
    }

    /// Converts a frame of limited-range 10-bit YUV 4:2:0 (little-endian, planar) to 8-bit BT.709.
    ///
    /// Source and target have the same size. If bytes are missing, the frame is left unchanged.
    pub fn convert(&self, source: &[u8], out: &mut Frame) {
        let (width, half) = (out.width(), out.width() / 2);
        let luma_bytes = out.width() * out.height() * 2;
        if source.len() < luma_bytes / 2 * 3 || half == 0 {
            return;
        }
        let (luma, chroma) = source.split_at(luma_bytes);
        let (cb, cr) = chroma.split_at(luma_bytes / 4);
        let [out_y, out_u, out_v] = out.planes_mut();
        let chroma_rows = cb
            .chunks_exact(half * 2)
            .zip(cr.chunks_exact(half * 2))
            .zip(out_u.chunks_exact_mut(half).zip(out_v.chunks_exact_mut(half)));
        let luma_rows = luma.chunks_exact(width * 4).zip(out_y.chunks_exact_mut(width * 2));
        for ((luma, out_y), ((cb, cr), (out_u, out_v))) in luma_rows.zip(chroma_rows) {
            let (above, below) = luma.split_at(width * 2);
            let (out_above, out_below) = out_y.split_at_mut(width);
            for column in 0..half {
                let shift = self.shift(code(cb, column), code(cr, column));
                let mut sum = [0.0_f32; 3];
                for x in [column * 2, column * 2 + 1] {
                    for (row, out) in [(above, &mut *out_above), (below, &mut *out_below)] {
                        let rgb = self.pixel(code(row, x), shift);
                        out[x] = (16.5 + 219.0 * luma_709(rgb)) as u8;
                        sum = [sum[0] + rgb[0], sum[1] + rgb[1], sum[2] + rgb[2]];
                    }
                }
                let mean = sum.map(|value| value * 0.25);
                let y = luma_709(mean);
                out_u[column] = (128.5 + (mean[2] - y) * (224.0 / 1.8556)) as u8;
                out_v[column] = (128.5 + (mean[0] - y) * (224.0 / 1.5748)) as u8;
            }
        }
    }

    /// Returns the light of a pixel's brightest channel, before tone mapping.
    pub fn brightness(&self, y: u16, cb: u16, cr: u16) -> f64 {
        let light = self.light(f32::from(y), self.shift(f32::from(cb), f32::from(cr)));
        f64::from(light[0].max(light[1]).max(light[2]))
    }

    /// Returns the offsets of R', G' and B' from luma for a chroma sample.
    fn shift(&self, cb: f32, cr: f32) -> [f32; 3] {
        let (b, r) = (cb - 512.0, cr - 512.0);
        [self.chroma[0] * r, self.chroma[1] * b + self.chroma[2] * r, self.chroma[3] * b]
    }

    /// Returns the BT.709 R'G'B' of a pixel.
    #[inline]
    fn pixel(&self, y: f32, shift: [f32; 3]) -> [f32; 3] {
        let mut light = self.light(y, shift);
        if let Some(roll_off) = &self.roll_off {
            let scale = roll_off[light_step(light[0].max(light[1]).max(light[2]))];
            light = light.map(|value| value * scale);
        }
        light.map(|value| self.encoded[light_step(value)])
    }

    /// Returns the BT.709 light of a pixel relative to reference white. A colour outside BT.709 has negative
    /// components, which [`light_step`] clamps.
    #[inline]
    fn light(&self, y: f32, shift: [f32; 3]) -> [f32; 3] {
        let grey = (y - 64.0) * (1.0 / 876.0);
        let light = shift.map(|shift| {
            let step = (grey + shift).clamp(0.0, 1.0) * (IN_STEPS - 1) as f32 + 0.5;
            self.light[step as usize & (IN_STEPS - 1)]
        });
        self.primaries.map(|row| row[0] * light[0] + row[1] * light[1] + row[2] * light[2])
    }
}

#[inline]
fn code(row: &[u8], at: usize) -> f32 {
    f32::from(u16::from_le_bytes([row[at * 2], row[at * 2 + 1]]))
}

/// Returns the index of a light value in the tables over light.
#[inline]
fn light_step(light: f32) -> usize {
    const FIRST: u32 = DARKEST.to_bits() >> 15;
    let bits = light.clamp(DARKEST, 7.99).to_bits() >> 15;
    (bits - FIRST) as usize & (LIGHT_STEPS - 1)
}

/// Builds a table over light from a function.
fn by_light(value: impl Fn(f64) -> f64) -> Box<[f32; LIGHT_STEPS]> {
    let first = DARKEST.to_bits() >> 15;
    let mut table = Box::new([0.0; LIGHT_STEPS]);
    for (step, entry) in table.iter_mut().enumerate() {
        // In the middle of the step.
        let light = f32::from_bits(((first + step as u32) << 15) + (1 << 14));
        *entry = value(f64::from(light)) as f32;
    }
    table
}

#[inline]
fn luma_709(rgb: [f32; 3]) -> f32 {
    0.2126 * rgb[0] + 0.7152 * rgb[1] + 0.0722 * rgb[2]
}

/// Returns the light of a coded value, relative to reference white.
fn light_of(transfer: Transfer, coded: f64) -> f64 {
    match transfer {
        Transfer::Sdr => coded.powf(GAMMA),
        Transfer::Pq => {
            let (m1, m2) = (2610.0 / 16384.0, 2523.0 / 32.0);
            let (c1, c2, c3) = (3424.0 / 4096.0, 2413.0 / 128.0, 2392.0 / 128.0);
            let power = coded.powf(1.0 / m2);
            let share = (power - c1).max(0.0) / (c2 - c3 * power);
            share.powf(1.0 / m1) * 10_000.0 / REFERENCE_WHITE
        }
        Transfer::Hlg => {
            let a = 0.178_832_77;
            let (b, c) = (1.0 - 4.0 * a, 0.5 - a * (4.0_f64 * a).ln());
            let scene = if coded <= 0.5 {
                coded * coded / 3.0
            } else {
                (((coded - c) / a).exp() + b) / 12.0
            };
            scene.powf(HLG_GAMMA) * BRIGHTEST
        }
    }
}

/// Returns the tone-mapping factor for a light value of a source whose maximum is `peak`.
///
/// The factor is computed on gamma-encoded light, which is closer to perceived steps. Up to a knee the light
/// is unchanged; from there to the peak a hyperbola leads to white, without a kink at the knee.
fn tone_mapping_factor(light: f64, peak: f64) -> f64 {
    let top = peak.powf(1.0 / GAMMA);
    let knee = 1.0 - 1.2 * (1.0 - 1.0 / top);
    let coded = light.powf(1.0 / GAMMA);
    if coded <= knee || top <= 1.0 {
        return 1.0;
    }
    let over = coded.min(top) - knee;
    let bend = 1.0 / (1.0 - knee) - 1.0 / (top - knee);
    let mapped = knee + over / (1.0 + over * bend);
    (mapped / coded).powf(GAMMA)
}

/// Returns the matrix from light with these primaries to light with those of BT.709.
fn to_bt709(primaries: Primaries) -> [[f32; 3]; 3] {
    let product = multiply(inverse(to_xyz(Primaries::Bt709)), to_xyz(primaries));
    product.map(|row| row.map(|value| value as f32))
}

/// Returns the matrix from light with these primaries to CIE XYZ, computed from their chromaticities and the D65
/// white point.
fn to_xyz(primaries: Primaries) -> [[f64; 3]; 3] {
    let [red, green, blue] = match primaries {
        Primaries::Bt709 => [(0.64, 0.33), (0.30, 0.60), (0.15, 0.06)],
        Primaries::Bt2020 => [(0.708, 0.292), (0.170, 0.797), (0.131, 0.046)],
        Primaries::DisplayP3 => [(0.680, 0.320), (0.265, 0.690), (0.150, 0.060)],
    };
    let column = |(x, y): (f64, f64)| [x / y, 1.0, (1.0 - x - y) / y];
    let (r, g, b, white) = (column(red), column(green), column(blue), column((0.3127, 0.3290)));
    let unscaled = [0, 1, 2].map(|i| [r[i], g[i], b[i]]);
    let inverted = inverse(unscaled);
    let scale = inverted.map(|row| row[0] * white[0] + row[1] * white[1] + row[2] * white[2]);
    unscaled.map(|row| [row[0] * scale[0], row[1] * scale[1], row[2] * scale[2]])
}

fn multiply(a: [[f64; 3]; 3], b: [[f64; 3]; 3]) -> [[f64; 3]; 3] {
    a.map(|row| [0, 1, 2].map(|j| row[0] * b[0][j] + row[1] * b[1][j] + row[2] * b[2][j]))
}

fn inverse(m: [[f64; 3]; 3]) -> [[f64; 3]; 3] {
    let cofactor = |i: usize, j: usize| {
        let (a, b, c, d) = ((i + 1) % 3, (i + 2) % 3, (j + 1) % 3, (j + 2) % 3);
        m[a][c] * m[b][d] - m[a][d] * m[b][c]
    };
    let determinant: f64 = (0..3).map(|j| m[0][j] * cofactor(0, j)).sum();
    [0, 1, 2].map(|i| [0, 1, 2].map(|j| cofactor(j, i) / determinant))
}

#[cfg(test)]
mod tests {
    use super::*;
    use pytoon_core::timeline::reading::Matrix;

    fn source(
        transfer: Transfer,
        primaries: Primaries,
        matrix: Matrix,
        peak: f64,
    ) -> SourceColours {
        SourceColours { transfer, primaries, matrix, peak }
    }

    /// Converts a frame of a single colour, and returns its 8-bit Y', Cb and Cr.
    fn convert_pixel(conversion: &ColourConversion, [y, cb, cr]: [u16; 3]) -> [u8; 3] {
        let bytes: Vec<u8> =
            [y, y, y, y, cb, cr].iter().flat_map(|code| code.to_le_bytes()).collect();
        let mut frame = Frame::new(2, 2);
        conversion.convert(&bytes, &mut frame);
        [frame.y()[0], frame.u()[0], frame.v()[0]]
    }

    #[test]
    fn the_same_colours_stay_the_same() {
        let same = source(Transfer::Sdr, Primaries::Bt709, Matrix::Bt709, 1.0);
        let conversion = ColourConversion::new(&same);
        for [y, cb, cr] in [[16, 128, 128], [235, 128, 128], [120, 100, 160], [63, 102, 240]] {
            let out = convert_pixel(&conversion, [y, cb, cr].map(|code: u16| code * 4));
            for (out, code) in out.into_iter().zip([y, cb, cr]) {
                assert!(i32::from(out).abs_diff(i32::from(code)) <= 1, "{out} instead of {code}");
            }
        }
    }

    #[test]
    fn reference_white_is_white_in_every_transfer() {
        // 203 cd/m² is 58 % of PQ and 75 % of HLG (BT.2408).
        for (transfer, share) in [(Transfer::Pq, 0.5807), (Transfer::Hlg, 0.75)] {
            let of = source(transfer, Primaries::Bt2020, Matrix::Bt2020, 1.0);
            let code = (64.0 + 876.0 * share) as u16;
            let [y, u, v] = convert_pixel(&ColourConversion::new(&of), [code, 512, 512]);
            assert!(y >= 233 && u.abs_diff(128) <= 1 && v.abs_diff(128) <= 1, "{y} {u} {v}");
        }
    }

    #[test]
    fn bright_steps_stay_apart_and_never_turn_back() {
        for transfer in [Transfer::Pq, Transfer::Hlg] {
            let of = source(transfer, Primaries::Bt2020, Matrix::Bt2020, BRIGHTEST);
            let conversion = ColourConversion::new(&of);
            let lumas: Vec<u8> =
                (64..=940).map(|code| convert_pixel(&conversion, [code, 512, 512])[0]).collect();
            assert!(lumas.windows(2).all(|pair| pair[0] <= pair[1]));
            let bright = |nits: f64| {
                let code = (64..=940)
                    .find(|&code| conversion.brightness(code, 512, 512) * REFERENCE_WHITE >= nits)
                    .expect("it is bright enough");
                lumas[usize::from(code) - 64]
            };
            let steps: Vec<u8> =
                [50.0, 100.0, 203.0, 300.0, 400.0, 600.0, 800.0, 990.0].map(bright).to_vec();
            assert!(steps.windows(2).all(|pair| pair[0] < pair[1]), "{steps:?}");
        }
    }

    #[test]
    fn primaries_are_converted_about_the_same_white() {
        for primaries in [Primaries::Bt2020, Primaries::DisplayP3, Primaries::Bt709] {
            for row in to_bt709(primaries) {
                assert!((row.iter().sum::<f32>() - 1.0).abs() < 1e-4, "{primaries:?}");
            }
        }
        // ITU-R BT.2087.
        let red = to_bt709(Primaries::Bt2020)[0];
        for (value, expected) in red.into_iter().zip([1.6605, -0.5876, -0.0728]) {
            assert!((value - expected).abs() < 1e-3, "{red:?}");
        }
    }
}
