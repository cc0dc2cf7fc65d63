//! Removes steady background noise from a voice.
//!
//! Guarantees: the output has the input's length and is aligned with it to the sample. The work is done by
//! `nnnoiseless` (RNNoise), which expects samples on a 16-bit scale and delays them by one frame; this module undoes
//! both.
//!
//! The denoiser is for voices only, since it treats music as noise.

use nnnoiseless::DenoiseState;

const FRAME: usize = DenoiseState::FRAME_SIZE;
const SCALE: f32 = 32_768.0;

/// Denoises a mono voice at 48 kHz.
#[must_use]
pub fn denoise_48k(samples: &[f32]) -> Vec<f32> {
    let mut state = DenoiseState::new();
    let mut out = Vec::with_capacity(samples.len() + 2 * FRAME);
    let mut input = [0.0_f32; FRAME];
    let mut output = [0.0_f32; FRAME];
    // One frame of silence at the end flushes the delayed frame.
    for index in 0..=samples.len().div_ceil(FRAME) {
        input.fill(0.0);
        let chunk = samples.get(index * FRAME..).unwrap_or_default();
        for (slot, sample) in input.iter_mut().zip(chunk) {
            *slot = sample * SCALE;
        }
        state.process_frame(&mut output, &input);
        // The first output frame is from before the signal.
        if index > 0 {
            out.extend(output.iter().map(|s| s / SCALE));
        }
    }
    out.truncate(samples.len());
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dsp::{dot, mean_square};

    #[test]
    fn aligned_same_length_and_quieter_noise() {
        let mut rng = crate::dsp::rng(2);
        // Syllables of a buzzing vowel at 4 Hz, then noise alone.
        let clean: Vec<f32> = (0..96_000)
            .map(|n| {
                let t = n as f64 / 48_000.0;
                let on = if t < 1.5 { (std::f64::consts::TAU * 2.0 * t).sin().abs() } else { 0.0 };
                let buzz: f64 =
                    (1..25).map(|h| (std::f64::consts::TAU * 130.0 * f64::from(h) * t).sin()).sum();
                (buzz * on * 0.02) as f32
            })
            .collect();
        let noisy: Vec<f32> = clean.iter().map(|s| s + 0.01 * rng.bipolar()).collect();
        let got = denoise_48k(&noisy);
        assert_eq!(got.len(), noisy.len());
        let best = (-600_i64..600)
            .max_by(|&a, &b| {
                let score = |shift: i64| {
                    let from = (20_000 + shift) as usize;
                    dot(&clean[20_000..60_000], &got[from..from + 40_000])
                };
                score(a).total_cmp(&score(b))
            })
            .unwrap();
        assert!(best.abs() <= 1, "shifted by {best}");
        let (before, after) = (mean_square(&noisy[80_000..]), mean_square(&got[80_000..]));
        assert!(after < before * 0.1, "{before} to {after}");
        for len in [0, 1, 479, 480, 481] {
            assert_eq!(denoise_48k(&vec![0.0; len]).len(), len);
        }
    }
}
