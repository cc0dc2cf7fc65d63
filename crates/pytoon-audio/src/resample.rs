//! Converts sample rates to 48 kHz.
//!
//! Guarantees: the output has `round(n * 48000 / from)` samples, aligned with the input; the passband is flat within
//! 0.1 dB up to 90 % of the lower Nyquist frequency and images are attenuated by about 80 dB. The signal is extended
//! with silence, so nothing is cut off at the edges.
//!
//! This module does not convert to any other rate.

use crate::dsp::{dot, windowed_sinc};
use crate::{AudioError, SAMPLE_RATE};

/// The lowest accepted input rate, in hertz.
pub const MIN_RATE: u32 = 4_000;
/// The highest accepted input rate, in hertz.
pub const MAX_RATE: u32 = 384_000;

/// Half the filter length, in periods of the lower rate. A Kaiser window with beta 8 (about 80 dB) then needs a
/// transition of 8 % of the Nyquist band.
const HALF_PERIODS: f64 = 64.0;
const BETA: f64 = 8.0;
const CUTOFF: f64 = 0.96;
/// Maximum number of exact phases. Above it, the nearest two phases are blended.
const MAX_PHASES: u64 = 1024;

/// Converts `samples` from `from_rate` to 48 kHz.
///
/// # Errors
/// Returns [`AudioError::OutOfRange`] for a rate outside [`MIN_RATE`] to [`MAX_RATE`].
pub fn to_48k(samples: &[f32], from_rate: u32) -> Result<Vec<f32>, AudioError> {
    if !(MIN_RATE..=MAX_RATE).contains(&from_rate) {
        return Err(AudioError::OutOfRange {
            what: "sample rate",
            value: f64::from(from_rate),
            low: f64::from(MIN_RATE),
            high: f64::from(MAX_RATE),
        });
    }
    if from_rate == SAMPLE_RATE || samples.is_empty() {
        return Ok(samples.to_vec());
    }
    Ok(Converter::new(from_rate).run(samples))
}

/// A polyphase filter for one rational ratio.
struct Converter {
    /// The number of output samples per `down` input samples.
    up: u64,
    down: u64,
    taps: usize,
    /// The coefficients of `phases + 1` filters. The extra filter keeps blending from reading past the end.
    filters: Vec<f32>,
    phases: u64,
}

impl Converter {
    fn new(from_rate: u32) -> Self {
        let divisor = gcd(u64::from(SAMPLE_RATE), u64::from(from_rate));
        let up = u64::from(SAMPLE_RATE) / divisor;
        let down = u64::from(from_rate) / divisor;
        let phases = up.min(MAX_PHASES);
        // Cutoff in cycles per input sample, half of the lower rate at most.
        let scale = (f64::from(SAMPLE_RATE) / f64::from(from_rate)).min(1.0);
        let half = HALF_PERIODS / scale;
        let taps = (2 * half.ceil() as usize).next_multiple_of(8);
        let cutoff = 0.5 * CUTOFF * scale;
        let mut filters = Vec::with_capacity(taps * (phases as usize + 1));
        for phase in 0..=phases {
            let offset = phase as f64 / phases as f64;
            let raw: Vec<f64> = (0..taps)
                .map(|tap| {
                    let x = tap as f64 - (taps as f64 / 2.0 - 1.0) - offset;
                    windowed_sinc(x, cutoff, half, BETA)
                })
                .collect();
            // Equal gain at 0 Hz in every phase: no ripple at the phase rate.
            let sum: f64 = raw.iter().sum();
            filters.extend(raw.iter().map(|tap| (tap / sum) as f32));
        }
        Self { up, down, taps, filters, phases }
    }

    fn run(&self, samples: &[f32]) -> Vec<f32> {
        let len = (samples.len() as u64 * self.up + self.down / 2) / self.down;
        let lead = self.taps / 2 - 1;
        let mut padded = vec![0.0; samples.len() + 2 * self.taps];
        padded[lead..lead + samples.len()].copy_from_slice(samples);
        (0..len).map(|index| self.output(&padded, index)).collect()
    }

    fn output(&self, padded: &[f32], index: u64) -> f32 {
        let position = index * self.down;
        let start = ((position / self.up) as usize).min(padded.len() - self.taps);
        let window = &padded[start..start + self.taps];
        let fraction = position % self.up;
        if self.phases == self.up {
            return dot(window, self.filter(fraction as usize));
        }
        let exact = fraction as f64 / self.up as f64 * self.phases as f64;
        let phase = exact.floor();
        let low = dot(window, self.filter(phase as usize));
        let high = dot(window, self.filter(phase as usize + 1));
        low + (high - low) * (exact - phase) as f32
    }

    fn filter(&self, phase: usize) -> &[f32] {
        &self.filters[phase * self.taps..(phase + 1) * self.taps]
    }
}

fn gcd(a: u64, b: u64) -> u64 {
    if b == 0 { a } else { gcd(b, a % b) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::f64::consts::TAU;

    fn tone(hz: f64, rate: u32, len: usize) -> Vec<f32> {
        (0..len).map(|n| (TAU * hz * n as f64 / f64::from(rate)).sin() as f32).collect()
    }

    #[test]
    fn length_is_exact() {
        for rate in [8000, 11_025, 16_000, 22_050, 24_000, 44_100, 47_999, 96_000, 192_000] {
            for len in [0_usize, 1, 2, 997, 44_100] {
                let got = to_48k(&vec![0.1; len], rate).unwrap().len();
                let want = (len as f64 * 48_000.0 / f64::from(rate)).round() as usize;
                assert_eq!(got, want, "{len} samples at {rate}");
            }
        }
        assert!(to_48k(&[0.0], 100).is_err());
    }

    #[test]
    fn tones_come_through_in_place_and_flat() {
        for rate in [8000_u32, 16_000, 22_050, 24_000, 44_100, 47_999, 96_000] {
            let nyquist = f64::from(rate.min(48_000)) / 2.0;
            for share in [0.01, 0.3, 0.7, 0.9] {
                let hz = nyquist * share;
                let got = to_48k(&tone(hz, rate, rate as usize), rate).unwrap();
                let want = tone(hz, 48_000, 48_000);
                // Away from the edges sample by sample: gain and timing at once.
                let worst =
                    (4000..44_000).map(|n| (got[n] - want[n]).abs()).fold(0.0_f32, f32::max);
                assert!(worst < 0.0116, "{rate} Hz, tone {hz}: off by {worst}");
            }
        }
    }

    #[test]
    fn what_cannot_be_represented_is_removed() {
        let got = to_48k(&tone(30_000.0, 96_000, 96_000), 96_000).unwrap();
        assert!(crate::dsp::peak(&got[2000..46_000]) < 2e-4);
        let images = to_48k(&tone(3000.0, 8000, 8000), 8000).unwrap();
        let (mut re, mut im) = (0.0, 0.0);
        for (n, &sample) in images[4000..44_000].iter().enumerate() {
            let angle = TAU * 5000.0 * n as f64 / 48_000.0;
            re += f64::from(sample) * angle.cos();
            im += f64::from(sample) * angle.sin();
        }
        assert!((re * re + im * im).sqrt() / 20_000.0 < 2e-4);
    }
}
