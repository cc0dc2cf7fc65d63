//! Small numeric helpers that several modules use.

use pytoon_vocabulary::Rng;
use std::f64::consts::PI;

/// Creates the random generator for a sound's seed.
pub(crate) fn rng(seed: u64) -> Rng {
    Rng::from_number(seed, 0x5DEE_CE66_D1CE_4E5B)
}

/// Returns the inner product. It uses eight running sums: the compiler may not reorder float addition, so the lanes
/// are written out to allow vector code.
pub(crate) fn dot(a: &[f32], b: &[f32]) -> f32 {
    let mut lanes = [0.0_f32; 8];
    let (a_main, a_rest) = a.as_chunks::<8>();
    let (b_main, b_rest) = b.as_chunks::<8>();
    for (x, y) in a_main.iter().zip(b_main) {
        for lane in 0..8 {
            lanes[lane] += x[lane] * y[lane];
        }
    }
    let rest: f32 = a_rest.iter().zip(b_rest).map(|(x, y)| x * y).sum();
    rest + lanes.iter().sum::<f32>()
}

/// Adds `source * factor` onto `target` over the common length.
pub(crate) fn add_scaled(target: &mut [f32], source: &[f32], factor: f32) {
    for (t, s) in target.iter_mut().zip(source) {
        *t += s * factor;
    }
}

/// Returns the largest absolute sample, or zero for an empty slice.
pub(crate) fn peak(samples: &[f32]) -> f32 {
    let mut lanes = [0.0_f32; 8];
    let (main, rest) = samples.as_chunks::<8>();
    for chunk in main {
        for lane in 0..8 {
            let value = chunk[lane].abs();
            lanes[lane] = if value > lanes[lane] { value } else { lanes[lane] };
        }
    }
    lanes.iter().copied().chain(rest.iter().map(|s| s.abs())).fold(0.0, f32::max)
}

/// Returns the mean square of a slice, or zero for an empty one.
pub(crate) fn mean_square(samples: &[f32]) -> f64 {
    if samples.is_empty() {
        return 0.0;
    }
    samples.chunks(4096).map(|chunk| f64::from(dot(chunk, chunk))).sum::<f64>()
        / samples.len() as f64
}

/// Converts power to decibels, with a floor of -120 dB so that silence stays finite.
pub(crate) fn power_db(mean_square: f64) -> f32 {
    (10.0 * mean_square.max(1e-12).log10()) as f32
}

/// Removes the mean of a signal.
pub(crate) fn remove_dc(samples: &mut [f32]) {
    if samples.is_empty() {
        return;
    }
    let mean = samples.iter().map(|&s| f64::from(s)).sum::<f64>() / samples.len() as f64;
    for sample in samples {
        *sample -= mean as f32;
    }
}

/// Returns a raised cosine, which rises from 0 at `t = 0` to 1 at `t = 1`.
pub(crate) fn raised_cosine(t: f64) -> f64 {
    0.5 - 0.5 * (PI * t.clamp(0.0, 1.0)).cos()
}

/// Returns the modified Bessel function of the first kind, order zero (power series, Abramowitz and Stegun 9.6.12).
/// The Kaiser window uses it.
pub(crate) fn bessel_i0(x: f64) -> f64 {
    let quarter = x * x / 4.0;
    let (mut sum, mut term) = (1.0, 1.0);
    for k in 1..40 {
        term *= quarter / f64::from(k * k);
        sum += term;
    }
    sum
}

/// Returns a Kaiser-windowed sinc at `x` samples from the centre. `cutoff` is a fraction of the sample rate (0.5 =
/// Nyquist); `half` is the half width in samples.
pub(crate) fn windowed_sinc(x: f64, cutoff: f64, half: f64, beta: f64) -> f64 {
    let edge = x / half;
    if edge.abs() > 1.0 {
        return 0.0;
    }
    let window = bessel_i0(beta * (1.0 - edge * edge).sqrt()) / bessel_i0(beta);
    let angle = 2.0 * PI * cutoff * x;
    let sinc = if angle.abs() < 1e-9 { 1.0 } else { angle.sin() / angle };
    2.0 * cutoff * sinc * window
}

/// Returns the factor per sample of an exponential decay with the given time constant, at 48 kHz.
pub(crate) fn decay_per_sample(seconds: f64) -> f32 {
    if seconds <= 0.0 { 0.0 } else { (-1.0 / (seconds * 48_000.0)).exp() as f32 }
}
