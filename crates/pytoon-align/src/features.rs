//! Computes the features by which a recording is compared with a clean reference. The reference is given the
//! recording's spectral balance and noise, then both become cepstra with their slopes.

use super::analysis::{BANDS, Frames, percentile};
use std::f32::consts::PI;

/// The number of cepstra in a frame, including the mean level (c0).
pub(crate) const CEPSTRA: usize = 13;
/// The number of cepstra and slopes in a frame.
pub(crate) const DIMENSIONS: usize = 2 * CEPSTRA;
/// The number of frames on each side over which slopes are computed.
const SLOPE_FRAMES: isize = 4;
/// The weight of slopes relative to cepstra.
const SLOPE_WEIGHT: f32 = 1.2;
/// The depth below the loud frames of a band at which values are clipped, in nats.
const DEPTH: f32 = 9.0;
/// The number of frames over which band levels are smoothed to estimate the noise.
const NOISE_SMOOTHING: usize = 9;

/// The features of a frame.
pub(crate) type Feature = [f32; DIMENSIONS];

/// The acoustics of the recording: its noise, and its loud frames by band.
#[derive(Debug, Clone)]
pub(crate) struct Surroundings {
    noise: [f32; BANDS],
    loud: [f32; BANDS],
    floor: [f32; BANDS],
}

/// The recording's features and each frame's distance to silence.
#[derive(Debug, Clone)]
pub(crate) struct Recorded {
    pub(crate) features: Vec<Feature>,
    /// The squared distance to silence, smoothed.
    pub(crate) silence: Vec<f32>,
    pub(crate) surroundings: Surroundings,
}

fn band_percentile(mel: &[[f32; BANDS]], keep: &[bool], percent: f32) -> [f32; BANDS] {
    let kept: Vec<&[f32; BANDS]> =
        mel.iter().zip(keep).filter(|(_, keep)| **keep).map(|(frame, _)| frame).collect();
    std::array::from_fn(|band| {
        percentile(&kept.iter().map(|frame| frame[band]).collect::<Vec<f32>>(), percent)
    })
}

impl Surroundings {
    fn of(frames: &Frames, speech: &[bool]) -> Self {
        let smooth = smooth_bands(&frames.mel, NOISE_SMOOTHING);
        let all = vec![true; smooth.len()];
        let quiet = band_percentile(&smooth, &all, 8.0);
        let top = band_percentile(&frames.mel, speech, 98.0);
        let loud = band_percentile(&frames.mel, speech, 80.0);
        Self { noise: quiet.map(|level| level + 0.3), loud, floor: top.map(|level| level - DEPTH) }
    }
}

/// Returns the features of a recording, each frame's distance to silence, and the recording's acoustics.
pub(crate) fn recording_features(frames: &Frames) -> Recorded {
    let speech = frames.speech(0.5);
    let surroundings = Surroundings::of(frames, &speech);
    let raw = cepstra(&frames.mel, &surroundings.floor);
    let scale = Scale::of(&raw, &speech);
    let features: Vec<Feature> = raw.iter().map(|frame| scale.apply(frame)).collect();
    let Surroundings { noise, floor, .. } = &surroundings;
    let quiet = std::array::from_fn(|band| (noise[band] - 0.3).max(floor[band]));
    let mut silent = [0.0; DIMENSIONS];
    silent[..CEPSTRA].copy_from_slice(&transform(&quiet, &cosines()));
    // Silence does not move: its slopes are zero before scaling.
    let silent = scale.apply(&silent);
    let distances: Vec<f32> = features.iter().map(|f| distance(f, &silent)).collect();
    Recorded { features, silence: smooth_values(&distances, 5), surroundings }
}

/// Returns the features of a reference after adding the recording's spectral balance and noise to it.
pub(crate) fn matched_features(frames: &Frames, around: &Surroundings) -> Vec<Feature> {
    let speech = frames.speech(0.35);
    let loud = band_percentile(&frames.mel, &speech, 80.0);
    let noisy: Vec<[f32; BANDS]> = frames
        .mel
        .iter()
        .map(|frame| {
            std::array::from_fn(|band| {
                log_add(frame[band] + around.loud[band] - loud[band], around.noise[band])
            })
        })
        .collect();
    let top = band_percentile(&noisy, &speech, 98.0);
    let raw = cepstra(&noisy, &top.map(|level| level - DEPTH));
    let scale = Scale::of(&raw, &speech);
    raw.iter().map(|frame| scale.apply(frame)).collect()
}

fn cepstra(mel: &[[f32; BANDS]], floor: &[f32; BANDS]) -> Vec<Feature> {
    let table = cosines();
    let statics: Vec<[f32; CEPSTRA]> = mel
        .iter()
        .map(|frame| {
            let mut held = *frame;
            held.iter_mut().zip(floor).for_each(|(level, floor)| *level = level.max(*floor));
            transform(&held, &table)
        })
        .collect();
    let last = statics.len() as isize - 1;
    let norm: f32 = (1..=SLOPE_FRAMES).map(|n| 2 * n * n).sum::<isize>() as f32;
    (0..statics.len())
        .map(|frame| {
            let mut out = [0.0; DIMENSIONS];
            out[..CEPSTRA].copy_from_slice(&statics[frame]);
            for n in 1..=SLOPE_FRAMES {
                let after = &statics[(frame as isize + n).min(last) as usize];
                let before = &statics[(frame as isize - n).max(0) as usize];
                for c in 0..CEPSTRA {
                    out[CEPSTRA + c] += n as f32 * (after[c] - before[c]) / norm;
                }
            }
            out
        })
        .collect()
}

fn cosines() -> Vec<[f32; BANDS]> {
    (0..CEPSTRA)
        .map(|c| {
            std::array::from_fn(|band| {
                let scale = if c == 0 { 1.0 / BANDS as f32 } else { 2.0 / BANDS as f32 }.sqrt();
                scale * (PI * c as f32 * (band as f32 + 0.5) / BANDS as f32).cos()
            })
        })
        .collect()
}

fn transform(mel: &[f32; BANDS], table: &[[f32; BANDS]]) -> [f32; CEPSTRA] {
    std::array::from_fn(|c| mel.iter().zip(&table[c]).map(|(level, cos)| level * cos).sum())
}

/// The mean and the gain that normalise each feature over the frames with speech.
struct Scale {
    mean: Feature,
    gain: Feature,
}

impl Scale {
    fn of(raw: &[Feature], speech: &[bool]) -> Self {
        let count = speech.iter().filter(|s| **s).count().max(1) as f32;
        let kept = || raw.iter().zip(speech).filter(|(_, keep)| **keep).map(|(frame, _)| frame);
        let mut mean = [0.0; DIMENSIONS];
        for frame in kept() {
            mean.iter_mut().zip(frame).for_each(|(mean, value)| *mean += value / count);
        }
        let mut spread = [0.0; DIMENSIONS];
        for frame in kept() {
            for d in 0..DIMENSIONS {
                spread[d] += (frame[d] - mean[d]).powi(2) / count;
            }
        }
        let all = ((1.0 + SLOPE_WEIGHT * SLOPE_WEIGHT) * CEPSTRA as f32).sqrt();
        let gain = std::array::from_fn(|d| {
            let weight = if d < CEPSTRA { 1.0 } else { SLOPE_WEIGHT };
            weight / (spread[d].sqrt().max(1e-3) * all)
        });
        Self { mean, gain }
    }

    fn apply(&self, raw: &Feature) -> Feature {
        std::array::from_fn(|d| (raw[d] - self.mean[d]) * self.gain[d])
    }
}

/// Returns the squared distance between two features.
pub(crate) fn distance(a: &Feature, b: &Feature) -> f32 {
    a.iter().zip(b).map(|(a, b)| (a - b) * (a - b)).sum()
}

fn log_add(a: f32, b: f32) -> f32 {
    a.max(b) + (-(a - b).abs()).exp().ln_1p()
}

/// Returns the running mean over an odd number of frames, fewer at the ends.
pub(crate) fn smooth_values(values: &[f32], width: usize) -> Vec<f32> {
    let half = width / 2;
    (0..values.len())
        .map(|at| {
            let window = &values[at.saturating_sub(half)..(at + half + 1).min(values.len())];
            window.iter().sum::<f32>() / window.len() as f32
        })
        .collect()
}

fn smooth_bands(mel: &[[f32; BANDS]], width: usize) -> Vec<[f32; BANDS]> {
    let half = width / 2;
    (0..mel.len())
        .map(|at| {
            let window = &mel[at.saturating_sub(half)..(at + half + 1).min(mel.len())];
            std::array::from_fn(|band| {
                window.iter().map(|frame| frame[band]).sum::<f32>() / window.len() as f32
            })
        })
        .collect()
}
