//! Detects speech and silence in a take.
//!
//! Guarantees: ranges are sorted, do not overlap and are inside the signal; thresholds follow the take's own
//! level and noise, so a quiet recording is treated like a loud one unless it is silent (see [`is_silent`]).
//!
//! The detector uses only energy, in short frames: it distinguishes sound from silence, not speech from music. Pass a
//! voice take, not a mix.

use std::ops::Range;

use crate::dsp::{mean_square, power_db};

/// The frame length of the speech detector, in samples (20 ms).
const FRAME: usize = 960;
/// The finer frame length for edges and cuts, in samples (5 ms).
const FINE: usize = 240;
/// The margin retained on both sides of the speech when trimming, in samples (30 ms).
pub const TRIM_PAD: usize = 1440;
/// The peak below which a take is treated as silent (-60 dBFS).
const SILENT_PEAK: f32 = 0.001;

/// The gate thresholds, in dB.
struct Gate {
    open: f32,
    close: f32,
}

/// Returns the background level in dBFS: the 10th percentile of the levels of 20 ms frames. Digital silence gives
/// -120.
#[must_use]
pub fn measure_noise_floor_db(samples: &[f32]) -> f32 {
    percentile(&mut levels(samples, FRAME), 0.1)
}

/// Returns the signal-to-noise ratio in dB: the 90th percentile of the levels of 20 ms frames minus the 10th.
#[must_use]
pub fn measure_snr_db(samples: &[f32]) -> f32 {
    let mut levels = levels(samples, FRAME);
    percentile(&mut levels, 0.9) - percentile(&mut levels, 0.1)
}

/// Returns true if the peak of the take is below the threshold of silence.
#[must_use]
pub fn is_silent(samples: &[f32]) -> bool {
    crate::dsp::peak(samples) < SILENT_PEAK
}

/// Returns the ranges of speech, detected by an energy gate with hysteresis over 20 ms frames. Gaps of at
/// most 120 ms (stops inside words) are closed, and sounds under 60 ms are dropped.
#[must_use]
pub fn speech_ranges(samples: &[f32]) -> Vec<Range<usize>> {
    const MAX_GAP: usize = 120 * 48;
    const MIN_SPEECH: usize = 60 * 48;
    if is_silent(samples) {
        return Vec::new();
    }
    let level = levels(samples, FRAME);
    let gate = gate(&level);
    let mut ranges: Vec<Range<usize>> = Vec::new();
    let mut speaking = false;
    for (index, &db) in level.iter().enumerate() {
        speaking = db > if speaking { gate.close } else { gate.open };
        if !speaking {
            continue;
        }
        let start = index * FRAME;
        let end = (start + FRAME).min(samples.len());
        match ranges.last_mut() {
            Some(last) if start <= last.end + MAX_GAP => last.end = end,
            _ => ranges.push(start..end),
        }
    }
    ranges.retain(|range| range.len() >= MIN_SPEECH);
    ranges
}

/// Returns the range from the first to the last sound, with 30 ms on both sides. A silent take gives an empty range.
#[must_use]
pub fn trim_silence(samples: &[f32]) -> Range<usize> {
    if is_silent(samples) {
        return 0..0;
    }
    let level = levels(samples, FINE);
    let edge = gate(&levels(samples, FRAME)).close;
    let sounding = |&db: &f32| db > edge;
    let (Some(first), Some(last)) =
        (level.iter().position(sounding), level.iter().rposition(sounding))
    else {
        return 0..samples.len();
    };
    (first * FINE).saturating_sub(TRIM_PAD)
        ..((last + 1) * FINE).saturating_add(TRIM_PAD).min(samples.len())
}

/// Returns the best cut point inside `range`: the middle of its quietest 10 ms, moved to the nearest zero
/// crossing if there is one within 5 ms. A range of at most 10 ms gives its middle.
#[must_use]
pub fn quietest_point(samples: &[f32], range: Range<usize>) -> usize {
    const WINDOW: usize = 480;
    const STEP: usize = 48;
    let end = range.end.min(samples.len());
    let start = range.start.min(end);
    if end - start <= WINDOW {
        return start + (end - start) / 2;
    }
    let power: Vec<f64> = samples[start..end].chunks(STEP).map(mean_square).collect();
    let frames = WINDOW / STEP;
    let quietest = power
        .windows(frames)
        .map(|w| w.iter().sum::<f64>())
        .enumerate()
        .min_by(|a, b| a.1.total_cmp(&b.1))
        .map_or(0, |(index, _)| index);
    let middle = (start + quietest * STEP + WINDOW / 2).min(end - 1);
    nearest_zero_crossing(samples, middle, WINDOW / 2)
}

fn nearest_zero_crossing(samples: &[f32], middle: usize, reach: usize) -> usize {
    let crosses = |at: usize| at > 0 && (samples[at - 1] < 0.0) != (samples[at] < 0.0);
    (0..reach)
        .flat_map(|d| [middle.checked_sub(d), Some(middle + d)])
        .flatten()
        .find(|&at| at < samples.len() && crosses(at))
        .unwrap_or(middle)
}

fn levels(samples: &[f32], frame: usize) -> Vec<f32> {
    samples.chunks(frame).map(|chunk| power_db(mean_square(chunk))).collect()
}

/// Returns the gate of a take from its frame levels. The gate opens 36 dB below the loud frames or 9 dB above the
/// noise, whichever is higher, but at least 12 dB below the loud frames, so that it cuts no words. It closes 4 dB
/// lower. For a take at -20 dBFS it closes near -60 dBFS.
fn gate(level: &[f32]) -> Gate {
    let mut sorted = level.to_vec();
    let floor = percentile(&mut sorted, 0.1);
    let loud = percentile(&mut sorted, 0.95).max(percentile(&mut sorted, 1.0) - 12.0);
    let open = (loud - 36.0).max(floor + 9.0).min(loud - 12.0);
    Gate { open, close: open - 4.0 }
}

fn percentile(values: &mut [f32], share: f32) -> f32 {
    if values.is_empty() {
        return -120.0;
    }
    values.sort_by(f32::total_cmp);
    values[((values.len() - 1) as f32 * share).round() as usize]
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns a take with noisy tones as words at the given ranges over a noise floor.
    fn take(len: usize, words: &[Range<usize>], amplitude: f32, noise: f32) -> Vec<f32> {
        let mut rng = crate::dsp::rng(9);
        (0..len)
            .map(|n| {
                let voiced = words.iter().any(|w| w.contains(&n));
                let tone = (n as f32 * 0.03).sin() + 0.3 * (n as f32 * 0.21).sin();
                noise * rng.bipolar() + if voiced { amplitude * tone } else { 0.0 }
            })
            .collect()
    }

    #[test]
    fn words_are_found_at_any_level() {
        let words = [24_000..48_000, 72_000..90_000];
        for (amplitude, noise) in [(0.3, 0.0), (0.3, 0.001), (0.01, 0.0001), (0.3, 0.02)] {
            let found = speech_ranges(&take(120_000, &words, amplitude, noise));
            assert_eq!(found.len(), 2, "{amplitude} over {noise}: {found:?}");
            for (got, want) in found.iter().zip(&words) {
                assert!(got.start.abs_diff(want.start) <= FRAME, "{got:?}");
                assert!(got.end.abs_diff(want.end) <= FRAME, "{got:?}");
            }
        }
    }

    #[test]
    fn trim_keeps_thirty_milliseconds() {
        for noise in [0.0, 0.0005] {
            let kept = trim_silence(&take(120_000, &[24_000..48_000, 60_000..90_000], 0.2, noise));
            assert!(kept.start.abs_diff(24_000 - TRIM_PAD) <= 2 * FINE, "{kept:?}");
            assert!(kept.end.abs_diff(90_000 + TRIM_PAD) <= 2 * FINE, "{kept:?}");
        }
        assert_eq!(trim_silence(&take(1000, std::slice::from_ref(&(0..1000)), 0.2, 0.0)), 0..1000);
        assert_eq!(trim_silence(&[0.0; 48_000]), 0..0);
        assert!(trim_silence(&[]).is_empty());
    }

    #[test]
    fn noise_floor_and_silence() {
        let hiss = take(96_000, std::slice::from_ref(&(0..20_000)), 0.3, 0.01);
        assert!((measure_noise_floor_db(&hiss) + 44.8).abs() < 1.0);
        assert_eq!(measure_noise_floor_db(&[0.0; 4800]), -120.0);
        assert!(is_silent(&[0.0; 100]) && is_silent(&[]) && !is_silent(&[0.5]));
        assert!(speech_ranges(&[0.0; 48_000]).is_empty());
    }

    #[test]
    fn cuts_fall_between_words() {
        let samples = take(96_000, &[0..40_000, 44_000..96_000], 0.3, 0.001);
        let cut = quietest_point(&samples, 30_000..60_000);
        assert!((40_200..43_800).contains(&cut), "{cut}");
        assert_eq!(quietest_point(&samples, 500..500), 500);
        assert!(quietest_point(&samples, 95_000..500_000) <= 96_000);
        assert_eq!(quietest_point(&[], 0..10), 0);
    }
}
