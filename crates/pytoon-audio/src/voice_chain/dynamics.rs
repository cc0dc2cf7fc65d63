//! The de-esser and the compressor of the voice chain.
//!
//! Both compute their gain on a coarse grid of 16 samples (a third of a millisecond) and interpolate. That is faster
//! than any attack used here, and several times cheaper than a logarithm per sample.

use crate::biquad::Biquad;
use crate::dsp::decay_per_sample;

const GRID: usize = 16;

/// Reduces the band around 7 kHz wherever it is too loud in relation to the whole voice. Returns the deepest
/// reduction in dB. The band-pass has zero phase at its centre, so subtracting part of it acts as a dynamic cut of
/// 5.5 to 9 kHz and leaves the other bands almost unchanged.
pub(super) fn de_ess(take: &mut [f32], max_reduction_db: f32) -> f32 {
    /// The level of the band relative to the whole voice above which the band is reduced.
    const MARGIN_DB: f32 = -11.0;
    /// The level below which the band is never reduced, regardless of the balance.
    const FLOOR_DB: f32 = -42.0;
    let mut band = take.to_vec();
    Biquad::band_pass(7000.0, 2.0).process(&mut band);
    let band_level = follow(&band, 0.001, 0.02);
    let level = follow(take, 0.010, 0.15);
    let wanted: Vec<f32> = band_level
        .iter()
        .zip(&level)
        .map(|(band, whole)| {
            let over = band - (whole + MARGIN_DB).max(FLOOR_DB);
            (over.max(0.0) * 0.8).min(max_reduction_db)
        })
        .collect();
    let reduction = smooth(&wanted, 0.001, 0.05);
    let gains = interpolate(&reduction, take.len());
    for ((sample, band), gain) in take.iter_mut().zip(&band).zip(&gains) {
        *sample -= band * (1.0 - gain);
    }
    reduction.iter().copied().fold(0.0, f32::max)
}

/// Compresses at 2.5:1 over a soft knee of 6 dB, attack 10 ms, release 100 ms. The threshold comes from the take's
/// own loud syllables, so that they are reduced by about `target_db`. Returns the deepest reduction in dB.
pub(super) fn compress(take: &mut [f32], target_db: f32) -> f32 {
    const RATIO: f32 = 2.5;
    const KNEE_DB: f32 = 6.0;
    let level = follow(take, 0.003, 0.04);
    let mut sorted: Vec<f32> = level.iter().copied().filter(|db| *db > -60.0).collect();
    if sorted.is_empty() {
        return 0.0;
    }
    sorted.sort_by(f32::total_cmp);
    let loud = sorted[(sorted.len() - 1) * 97 / 100];
    let slope = 1.0 - 1.0 / RATIO;
    let threshold = loud - target_db / slope;
    // Soft knee after Giannoulis, Massberg and Reiss, "Digital dynamic range
    // compressor design", JAES 60, 2012, equation 4.
    let wanted: Vec<f32> = level
        .iter()
        .map(|db| {
            let over = db - threshold;
            if over <= -KNEE_DB / 2.0 {
                0.0
            } else if over < KNEE_DB / 2.0 {
                slope * (over + KNEE_DB / 2.0).powi(2) / (2.0 * KNEE_DB)
            } else {
                slope * over
            }
        })
        .collect();
    let reduction = smooth(&wanted, 0.010, 0.100);
    let gains = interpolate(&reduction, take.len());
    for (sample, gain) in take.iter_mut().zip(&gains) {
        *sample *= gain;
    }
    reduction.iter().copied().fold(0.0, f32::max)
}

/// Returns the power in dB on the grid, followed with fast attack and slow release.
fn follow(samples: &[f32], attack: f64, release: f64) -> Vec<f32> {
    let up = decay_per_sample(attack).powi(GRID as i32);
    let down = decay_per_sample(release).powi(GRID as i32);
    let mut state = 0.0_f32;
    samples
        .chunks(GRID)
        .map(|chunk| {
            let power = chunk.iter().map(|s| s * s).sum::<f32>() / chunk.len() as f32;
            let keep = if power > state { up } else { down };
            state = power + (state - power) * keep;
            10.0 * state.max(1e-12).log10()
        })
        .collect()
}

/// Applies attack and release to a reduction in dB.
fn smooth(wanted: &[f32], attack: f64, release: f64) -> Vec<f32> {
    let up = decay_per_sample(attack).powi(GRID as i32);
    let down = decay_per_sample(release).powi(GRID as i32);
    let mut state = 0.0_f32;
    wanted
        .iter()
        .map(|&want| {
            let keep = if want > state { up } else { down };
            state = want + (state - want) * keep;
            state
        })
        .collect()
}

/// Returns linear gains for each sample from reductions in dB on the grid.
fn interpolate(reduction_db: &[f32], len: usize) -> Vec<f32> {
    let gain = |db: f32| 10_f32.powf(-db / 20.0);
    let mut out = Vec::with_capacity(len + GRID);
    let mut from = reduction_db.first().map_or(1.0, |&db| gain(db));
    for &db in reduction_db {
        let to = gain(db);
        let step = (to - from) / GRID as f32;
        out.extend((1..=GRID).map(|n| from + step * n as f32));
        from = to;
    }
    out.resize(len, from);
    out
}
