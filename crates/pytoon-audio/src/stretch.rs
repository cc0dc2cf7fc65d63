//! Changes the tempo of speech without changing its pitch.
//!
//! Guarantees: a change of tempo gives `round(n / factor)` samples; factor 1 returns the input unchanged. The
//! method is WSOLA (Verhelst and Roelands, "An overlap-add technique based on waveform similarity", ICASSP
//! 1993): short frames are placed at the new spacing, each copied from the position where the waveform
//! continues the previous frame best.
//!
//! The method is meant for a single voice. Chords and drums smear.

use crate::AudioError;
use crate::dsp::dot;

/// The slowest accepted factor.
pub const MIN_FACTOR: f64 = 0.8;
/// The fastest accepted factor.
pub const MAX_FACTOR: f64 = 1.25;

/// The distance between frames in samples (13 ms). Each frame lasts 27 ms, two periods of a low voice.
const HOP: usize = 640;
/// The search range in both directions, in samples. It covers a full period of 75 Hz.
const REACH: usize = 320;
/// The interval of the samples that the coarse search uses.
const COARSE: usize = 4;

/// Changes the tempo of `samples` at the same pitch. A `factor` above 1 speeds them up.
///
/// # Errors
/// Returns [`AudioError::OutOfRange`] for a factor outside [`MIN_FACTOR`] to [`MAX_FACTOR`].
pub fn stretch_tempo(samples: &[f32], factor: f64) -> Result<Vec<f32>, AudioError> {
    if !(MIN_FACTOR..=MAX_FACTOR).contains(&factor) {
        return Err(AudioError::OutOfRange {
            what: "tempo factor",
            value: factor,
            low: MIN_FACTOR,
            high: MAX_FACTOR,
        });
    }
    if (factor - 1.0).abs() < 1e-6 || samples.is_empty() {
        return Ok(samples.to_vec());
    }
    let len = (samples.len() as f64 / factor).round() as usize;
    Ok(overlap_add(samples, factor, len))
}

/// Shifts the pitch of `samples` by a frequency ratio. Length and timing stay unchanged.
///
/// # Errors
/// Returns [`AudioError::OutOfRange`] if the inverse of the ratio is outside [`MIN_FACTOR`] to [`MAX_FACTOR`].
pub fn shift_pitch(samples: &[f32], ratio: f64) -> Result<Vec<f32>, AudioError> {
    if (ratio - 1.0).abs() < 1e-6 || samples.is_empty() {
        return Ok(samples.to_vec());
    }
    let stretched = stretch_tempo(samples, 1.0 / ratio)?;
    let rate = (f64::from(crate::SAMPLE_RATE) * ratio).round() as u32;
    let mut shifted = crate::resample::to_48k(&stretched, rate)?;
    shifted.resize(samples.len(), 0.0);
    Ok(shifted)
}

fn overlap_add(samples: &[f32], factor: f64, len: usize) -> Vec<f32> {
    // Padding lets frames and the search read past both ends.
    let pad = REACH + HOP;
    let mut padded = vec![0.0; samples.len() + 2 * pad + 2 * HOP];
    padded[pad..pad + samples.len()].copy_from_slice(samples);
    let thin: Vec<f32> = padded.iter().step_by(COARSE).copied().collect();

    let fade: Vec<f32> =
        (0..HOP).map(|n| crate::dsp::raised_cosine((n as f64 + 0.5) / HOP as f64) as f32).collect();
    let mut out = Vec::with_capacity(len + HOP);
    let mut current = pad;
    while out.len() < len {
        let wanted = pad + ((out.len() + HOP) as f64 * factor).round() as usize;
        let last = padded.len() - 2 * HOP;
        let natural = (current + HOP).min(last);
        let next = best_match(&padded, &thin, natural, wanted.min(last - REACH));
        // The second half of this frame fades into the first half of the next: the old frame continues at `natural`.
        for n in 0..HOP {
            out.push(padded[natural + n] * (1.0 - fade[n]) + padded[next + n] * fade[n]);
        }
        current = next;
    }
    // The loop writes cross-fades only; the part before the first is the unchanged start of the signal.
    let mut result = Vec::with_capacity(len);
    result.extend_from_slice(&padded[pad..pad + HOP.min(len)]);
    result.extend(out.into_iter().take(len - result.len()));
    result
}

/// Returns the position around `wanted` where the waveform is most similar to that at `natural`.
fn best_match(padded: &[f32], thin: &[f32], natural: usize, wanted: usize) -> usize {
    let low = wanted.saturating_sub(REACH);
    let template = &thin[natural / COARSE..(natural + HOP) / COARSE];
    let coarse = (low / COARSE..(wanted + REACH) / COARSE)
        .map(|at| (at * COARSE, similarity(template, &thin[at..at + template.len()])))
        .fold((wanted, f32::MIN), |best, new| if new.1 > best.1 { new } else { best })
        .0;
    let template = &padded[natural..natural + HOP];
    (coarse.saturating_sub(COARSE).max(low)..=coarse + COARSE)
        .filter(|&at| at + 2 * HOP <= padded.len())
        .map(|at| (at, similarity(template, &padded[at..at + HOP])))
        .fold((coarse, f32::MIN), |best, new| if new.1 > best.1 { new } else { best })
        .0
}

fn similarity(template: &[f32], candidate: &[f32]) -> f32 {
    dot(template, candidate) / (dot(candidate, candidate) + 1e-6).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::f64::consts::TAU;

    /// Returns a vowel-like tone: harmonics of 120 Hz with slow level changes.
    fn voice(len: usize) -> Vec<f32> {
        (0..len)
            .map(|n| {
                let t = n as f64 / 48_000.0;
                let tone: f64 =
                    (1..20).map(|h| (TAU * 120.0 * f64::from(h) * t).sin() / f64::from(h)).sum();
                (tone * 0.2 * (0.6 + 0.4 * (TAU * 3.0 * t).sin())) as f32
            })
            .collect()
    }

    fn period(samples: &[f32]) -> usize {
        let window = &samples[..9600];
        (200..800)
            .max_by(|&a, &b| {
                similarity(window, &samples[a..a + 9600])
                    .total_cmp(&similarity(window, &samples[b..b + 9600]))
            })
            .unwrap()
    }

    #[test]
    fn pitch_and_length_hold() {
        let input = voice(96_000);
        for factor in [0.8, 0.9, 0.97, 1.05, 1.15, 1.25] {
            let got = stretch_tempo(&input, factor).unwrap();
            let want = 96_000.0 / factor;
            assert!((got.len() as f64 - want).abs() <= 48.0, "{factor}");
            let found = period(&got[20_000..]);
            assert!((found as i64 - 400).abs() <= 2, "{factor}: period {found}");
            let step = got.windows(2).map(|w| (w[1] - w[0]).abs()).fold(0.0, f32::max);
            let before = input.windows(2).map(|w| (w[1] - w[0]).abs()).fold(0.0, f32::max);
            assert!(step < before * 1.15, "{factor}: click of {step} against {before}");
        }
    }

    #[test]
    fn level_holds_and_short_inputs_survive() {
        let input = voice(48_000);
        let got = stretch_tempo(&input, 1.2).unwrap();
        let change = crate::dsp::power_db(crate::dsp::mean_square(&got))
            - crate::dsp::power_db(crate::dsp::mean_square(&input));
        assert!(change.abs() < 0.5, "{change}");
        for len in [0, 1, 5, 639, 640, 641, 2000] {
            let got = stretch_tempo(&vec![0.1; len], 0.83).unwrap();
            assert_eq!(got.len(), (len as f64 / 0.83).round() as usize);
        }
        assert!(stretch_tempo(&input, 2.0).is_err());
        assert!(stretch_tempo(&input, f64::NAN).is_err());
        assert_eq!(stretch_tempo(&input, 1.0).unwrap(), input);
    }
}
