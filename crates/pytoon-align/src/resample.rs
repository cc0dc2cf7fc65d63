//! Converts sample rates to the analysis rate.
//!
//! The filter is a windowed sinc evaluated at fractional positions. Features use the spectrum up to 7.6 kHz in forty
//! bands, so 60 dB of stop-band attenuation are enough and the filter can be short.

use std::f64::consts::PI;

/// The number of zero crossings on each side of the filter's centre.
const CROSSINGS: f64 = 12.0;
/// The number of fractional positions for which the filter is tabulated.
const PHASES: usize = 256;
/// The end of the pass band, as a fraction of the lower Nyquist frequency.
const CUTOFF: f64 = 0.94;

/// Converts samples to [`super::SAMPLE_RATE`]. A rate of 0 gives no samples.
pub fn to_analysis_rate(samples: &[f32], from_rate: u32) -> Vec<f32> {
    if from_rate == 0 {
        return Vec::new();
    }
    if from_rate == super::SAMPLE_RATE {
        return samples.to_vec();
    }
    let step = f64::from(from_rate) / f64::from(super::SAMPLE_RATE);
    // Input samples for each zero crossing: more than one when downsampling.
    let stretch = step.max(1.0) / CUTOFF;
    let half = (CROSSINGS * stretch).ceil() as usize;
    let taps = 2 * half;
    let table = filters(half, stretch);
    let count = (samples.len() as f64 / step).round() as usize;
    let mut padded = vec![0.0f32; samples.len() + 2 * taps];
    padded[taps..taps + samples.len()].copy_from_slice(samples);
    (0..count)
        .map(|n| {
            let at = n as f64 * step;
            let whole = at.floor();
            let phase = ((at - whole) * PHASES as f64).round() as usize;
            let first = (whole as usize + taps + 1 - half).min(padded.len() - taps);
            let filter = &table[phase * taps..(phase + 1) * taps];
            padded[first..first + taps].iter().zip(filter).map(|(a, b)| a * b).sum()
        })
        .collect()
}

/// Returns `PHASES + 1` filters of `2 * half` taps, each with unit gain at 0 Hz.
fn filters(half: usize, stretch: f64) -> Vec<f32> {
    let mut table = Vec::with_capacity((PHASES + 1) * 2 * half);
    for phase in 0..=PHASES {
        let shift = phase as f64 / PHASES as f64;
        let taps: Vec<f64> = (0..2 * half)
            .map(|tap| {
                let x = (tap as f64 - (half as f64 - 1.0) - shift) / stretch;
                sinc(x) * hann(x / CROSSINGS)
            })
            .collect();
        let sum: f64 = taps.iter().sum();
        table.extend(taps.iter().map(|tap| (tap / sum) as f32));
    }
    table
}

fn sinc(x: f64) -> f64 {
    if x.abs() < 1e-9 { 1.0 } else { (PI * x).sin() / (PI * x) }
}

fn hann(x: f64) -> f64 {
    if x.abs() >= 1.0 { 0.0 } else { 0.5 + 0.5 * (PI * x).cos() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tone(rate: u32, hertz: f64) -> Vec<f32> {
        (0..rate / 2)
            .map(|n| (2.0 * PI * hertz * f64::from(n) / f64::from(rate)).sin() as f32)
            .collect()
    }

    #[test]
    fn a_tone_keeps_its_place_and_its_level() {
        for rate in [8_000, 22_050, 44_100, 48_000] {
            let got = to_analysis_rate(&tone(rate, 1_000.0), rate);
            let want = tone(16_000, 1_000.0);
            assert_eq!(got.len(), want.len());
            let worst =
                (200..got.len() - 200).map(|n| (got[n] - want[n]).abs()).fold(0.0, f32::max);
            assert!(worst < 0.02, "{rate} Hz: {worst}");
        }
    }

    #[test]
    fn what_lies_above_the_new_band_is_taken_out() {
        let got = to_analysis_rate(&tone(48_000, 12_000.0), 48_000);
        let worst = got[200..got.len() - 200].iter().fold(0.0f32, |a, b| a.max(b.abs()));
        assert!(worst < 0.01, "{worst}");
        assert!(to_analysis_rate(&[1.0], 0).is_empty());
    }
}
