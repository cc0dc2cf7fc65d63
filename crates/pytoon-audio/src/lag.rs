//! Measures the lag between two recordings of the same sound.
//!
//! Guarantees: the lag is precise to an eighth of a millisecond; equal input gives equal output. This module does not
//! resample or level; both inputs are 48 kHz mono.

/// The number of samples averaged into one before the comparison, which reduces 48 kHz to 8 kHz.
const STEP: usize = 6;
/// Maximum length of the comparison, in steps (eight seconds).
const COMPARED: usize = 64_000;
/// Minimum similarity (normalised correlation) for a reliable lag.
const ALIKE: f64 = 0.5;

/// Returns the delay of `sound` relative to `reference` in milliseconds, or `None` if the two are not similar. The
/// search covers `most_ms` in both directions.
#[must_use]
pub fn lag_ms(reference: &[f32], sound: &[f32], most_ms: usize) -> Option<f64> {
    let most = most_ms * 48 / STEP;
    let (reference, sound) = (decimate(reference), decimate(sound));
    let from = loudest_part(&reference);
    let length = COMPARED.min(reference.len().saturating_sub(from));
    let part = &reference[from..from + length];
    let best = (-(most as isize)..=most as isize)
        .map(|shift| (correlation(part, &sound, from as isize + shift), shift))
        .max_by(|a, b| a.0.total_cmp(&b.0))?;
    (best.0 >= ALIKE).then(|| best.1 as f64 * STEP as f64 / 48.0)
}

fn decimate(samples: &[f32]) -> Vec<f32> {
    samples.chunks_exact(STEP).map(|chunk| chunk.iter().sum::<f32>() / STEP as f32).collect()
}

/// Returns the start of the loudest eight seconds, to the second, as an index into the samples at 8 kHz. The loudest
/// part is compared because a film may begin with silence.
fn loudest_part(samples: &[f32]) -> usize {
    let power = |from: usize| -> f32 {
        samples[from..(from + COMPARED).min(samples.len())].iter().map(|s| s * s).sum()
    };
    let last = samples.len().saturating_sub(COMPARED);
    (0..=last).step_by(8_000).max_by(|a, b| power(*a).total_cmp(&power(*b))).unwrap_or(0)
}

fn correlation(part: &[f32], sound: &[f32], at: isize) -> f64 {
    let (mut product, mut own, mut other) = (0.0f64, 0.0f64, 0.0f64);
    let skipped = (-at).max(0) as usize;
    let start = at.max(0) as usize;
    let there = sound.get(start..).unwrap_or_default();
    for (a, b) in part.iter().skip(skipped).zip(there) {
        product += f64::from(a * b);
        own += f64::from(a * a);
        other += f64::from(b * b);
    }
    if own * other > 0.0 { product / (own * other).sqrt() } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_known_lag_is_found_either_way() {
        let mut rng = crate::dsp::rng(4);
        let sound: Vec<f32> = (0..96_000).map(|_| rng.bipolar() * 0.2).collect();
        for lag in [0usize, 480, 2400] {
            let late: Vec<f32> = std::iter::repeat_n(0.0, lag).chain(sound.clone()).collect();
            let wanted = lag as f64 / 48.0;
            assert_eq!(lag_ms(&sound, &late, 120), Some(wanted));
            assert_eq!(lag_ms(&late, &sound, 120), Some(-wanted));
        }
        let other: Vec<f32> = (0..96_000).map(|_| rng.bipolar() * 0.2).collect();
        assert_eq!(lag_ms(&sound, &other, 120), None);
        assert_eq!(lag_ms(&[], &[], 120), None);
    }
}
