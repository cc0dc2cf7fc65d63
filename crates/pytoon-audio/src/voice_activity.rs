//! Distinguishes a voice from room noise, down to voices 10 dB above it.
//!
//! The spectrum of room noise is constant; a voice exceeds it in some bands, which vary. The measure is the average
//! excess of a frame over the background of each band. The background is the level to which the take repeatedly
//! returns (minimum statistics, after R. Martin, "Noise power spectral density estimation", IEEE Trans. SAP 9, 2001,
//! over a whole take).
//!
//! Guarantees: a take without noise is trimmed as by [`crate::speech`]; intermittent sounds (a cough, a door) are
//! retained, since they may be words.

use crate::biquad::Biquad;
use crate::speech::{TRIM_PAD, speech_ranges, trim_silence};
use std::ops::Range;

/// The length of a frame, in samples (10 ms).
const FRAME: usize = 480;
/// The centres of the bands, in Hz. Each band is two thirds of an octave wide.
const BANDS: [f64; 11] =
    [160.0, 250.0, 400.0, 630.0, 1000.0, 1600.0, 2500.0, 3200.0, 4000.0, 5000.0, 6300.0];
/// Maximum excess of a frame over a band's background, in dB.
const MOST_DB: f32 = 25.0;
/// The fraction of frames below a band's background.
const BACKGROUND: f32 = 0.15;
/// The excess over the noise-only level at which a voice starts, in dB.
const OPENS_DB: f32 = 3.0;
/// The excess below which a voice ends, in dB.
const CLOSES_DB: f32 = 1.5;
/// Minimum length of a voice, in frames (80 ms).
const MIN_FRAMES: usize = 8;
/// Maximum gap inside a voice, in frames (120 ms).
const MAX_GAP: usize = 12;

/// Returns the part of a take to retain, like [`trim_silence`], but without room noise of more than half a second at
/// either end.
#[must_use]
pub fn trim_to_voice(samples: &[f32]) -> Range<usize> {
    /// Minimum length of noise that is trimmed, in samples (500 ms).
    const WORTH: usize = 24_000;
    let kept = trim_silence(samples);
    let runs = voiced_runs(samples);
    let (Some(first), Some(last)) = (runs.first(), runs.last()) else { return kept };
    let start = first.start.saturating_sub(2 * TRIM_PAD).max(kept.start);
    let end = last.end.saturating_add(2 * TRIM_PAD).min(kept.end);
    let start = if start > kept.start + WORTH { start } else { kept.start };
    let end = if end + WORTH < kept.end { end } else { kept.end };
    if start < end { start..end } else { kept }
}

/// Returns the ranges of speech in a noisy take. If no voice exceeds the noise, returns the ranges of
/// [`speech_ranges`].
#[must_use]
pub fn voiced_ranges(samples: &[f32]) -> Vec<Range<usize>> {
    let runs = voiced_runs(samples);
    if runs.is_empty() { speech_ranges(samples) } else { runs }
}

/// Returns the ranges in which a voice exceeds the noise.
fn voiced_runs(samples: &[f32]) -> Vec<Range<usize>> {
    let measure = measure(samples);
    if measure.is_empty() {
        return Vec::new();
    }
    let noise = percentile(&measure, 0.2);
    let mut runs: Vec<Range<usize>> = Vec::new();
    let mut speaks = false;
    for (index, value) in measure.iter().enumerate() {
        speaks = *value > noise + if speaks { CLOSES_DB } else { OPENS_DB };
        if !speaks {
            continue;
        }
        match runs.last_mut() {
            Some(last) if index <= last.end + MAX_GAP => last.end = index + 1,
            _ => runs.push(index..index + 1),
        }
    }
    // A voice's onset is softer than the start threshold.
    for run in &mut runs {
        while run.start > 0 && measure[run.start - 1] > noise + CLOSES_DB {
            run.start -= 1;
        }
    }
    runs.retain(|run| run.len() >= MIN_FRAMES);
    runs.into_iter().map(|run| run.start * FRAME..(run.end * FRAME).min(samples.len())).collect()
}

/// Returns the excess of each frame over the background, in dB, averaged over the bands and 50 ms.
fn measure(samples: &[f32]) -> Vec<f32> {
    let frames = samples.len() / FRAME;
    let mut sum = vec![0.0_f32; frames];
    for band in BANDS {
        let level = band_levels(samples, band);
        let background = percentile(&level, BACKGROUND);
        for (slot, db) in sum.iter_mut().zip(&level) {
            *slot += (db - background).clamp(0.0, MOST_DB) / BANDS.len() as f32;
        }
    }
    moving_average(&sum, 2)
}

/// Returns the levels of a band in dB, one per frame, each over 30 ms.
fn band_levels(samples: &[f32], middle: f64) -> Vec<f32> {
    let mut filter = Biquad::band_pass(middle, 2.1);
    let mut power_of = |frame: &[f32]| {
        let sum: f64 = frame.iter().map(|s| filter.tick(f64::from(*s)).powi(2)).sum();
        (sum / FRAME as f64) as f32
    };
    let power: Vec<f32> = samples.chunks_exact(FRAME).map(&mut power_of).collect();
    moving_average(&power, 1).into_iter().map(|power| 10.0 * (power + 1e-12).log10()).collect()
}

/// Returns the moving average of the values over `reach` neighbours on each side.
fn moving_average(values: &[f32], reach: usize) -> Vec<f32> {
    (0..values.len())
        .map(|at| {
            let own = &values[at.saturating_sub(reach)..(at + reach + 1).min(values.len())];
            own.iter().sum::<f32>() / own.len() as f32
        })
        .collect()
}

fn percentile(values: &[f32], share: f32) -> f32 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f32::total_cmp);
    sorted.get(((sorted.len().max(1) - 1) as f32 * share).round() as usize).copied().unwrap_or(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns a take with buzzing syllables in the given ranges, over white or pink noise.
    fn take(len: usize, words: &[Range<usize>], voice: f32, noise: f32, is_pink: bool) -> Vec<f32> {
        let mut rng = crate::dsp::rng(5);
        let mut low = 0.0_f32;
        (0..len)
            .map(|n| {
                let white = rng.bipolar();
                low = 0.98 * low + 0.2 * white;
                let t = n as f32 / 48_000.0;
                let syllable = (std::f32::consts::TAU * 4.0 * t).sin().abs();
                let buzz: f32 = (1..30)
                    .map(|h| (std::f32::consts::TAU * 120.0 * h as f32 * t).sin() / h as f32)
                    .sum();
                let is_word = words.iter().any(|word| word.contains(&n));
                let spoken = if is_word { voice * syllable * buzz } else { 0.0 };
                spoken + noise * if is_pink { low } else { white }
            })
            .collect()
    }

    fn rms(samples: &[f32]) -> f32 {
        (samples.iter().map(|s| s * s).sum::<f32>() / samples.len() as f32).sqrt()
    }

    #[test]
    fn noise_before_and_after_a_voice_is_cut_down_to_ten_decibels() {
        let words = [480_000..576_000, 600_000..720_000];
        for is_pink in [false, true] {
            for snr_db in [40.0_f32, 20.0, 15.0, 10.0] {
                let voice = rms(&take(720_000, &words, 0.1, 0.0, false)[480_000..576_000]);
                let noise = rms(&take(48_000, &[], 0.0, 1.0, is_pink));
                let level = voice / noise / 10.0_f32.powf(snr_db / 20.0);
                let samples = take(1_200_000, &words, 0.1, level, is_pink);
                let kept = trim_to_voice(&samples);
                let at = |sample: usize| sample as f32 / 48_000.0;
                assert!(
                    kept.start.abs_diff(480_000) < 12_000 && kept.start <= 481_000,
                    "{snr_db} dB, pink {is_pink}: begins at {:.2} s",
                    at(kept.start)
                );
                assert!(
                    kept.end.abs_diff(720_000) < 24_000 && kept.end >= 718_000,
                    "{snr_db} dB, pink {is_pink}: ends at {:.2} s",
                    at(kept.end)
                );
            }
        }
    }

    #[test]
    fn a_quiet_first_word_and_a_take_without_noise_are_kept() {
        let quiet = take(600_000, std::slice::from_ref(&(240_000..264_000)), 0.02, 0.001, false);
        let loud = take(600_000, std::slice::from_ref(&(360_000..480_000)), 0.2, 0.0, false);
        let both: Vec<f32> = quiet.iter().zip(&loud).map(|(a, b)| a + b).collect();
        assert!(trim_to_voice(&both).start <= 240_000);
        let clean = take(240_000, std::slice::from_ref(&(48_000..96_000)), 0.2, 0.0, false);
        assert_eq!(trim_to_voice(&clean), trim_silence(&clean));
        assert!(trim_to_voice(&[]).is_empty() && trim_to_voice(&[0.0; 48_000]).is_empty());
        let noise = take(96_000, &[], 0.0, 0.1, true);
        assert!(!trim_to_voice(&noise).is_empty());
    }
}
