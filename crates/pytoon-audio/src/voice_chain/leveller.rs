//! Matches the loudness of sentences.
//!
//! Each sentence is moved towards the median loudness of the sentences until it is within 1 LU of it (film practice
//! accepts 1.5), by 4 dB at most. Full matching would flatten the speaker's intent. Gains change only in the pauses,
//! or within 30 ms where two sentences touch.

use std::ops::Range;

use crate::dsp::raised_cosine;
use crate::loudness::{block_powers, loudness_of_power, mean_power};

const DEAD_BAND_LU: f64 = 1.0;
const MAX_GAIN_DB: f64 = 4.0;
/// Minimum length of a gain change when two sentences touch, in samples (30 ms).
const MIN_RAMP: usize = 1440;

/// Matches the loudness of the sentences in `take`. Returns the gain of each sentence in dB, in the order of
/// `sentences`. Ranges that are empty, outside the take or too quiet get a gain of 0. With fewer than two
/// other ranges, the take is unchanged.
pub(super) fn level_sentences(take: &mut [f32], sentences: &[Range<usize>]) -> Vec<f32> {
    let mut gains = vec![0.0_f32; sentences.len()];
    let mut measured = measure(take, sentences);
    if measured.len() < 2 {
        return gains;
    }
    let target = weighted_median(&measured);
    measured.sort_by_key(|m| m.range.start);
    for sentence in &measured {
        let off = target - sentence.loudness;
        let beyond = off.signum() * (off.abs() - DEAD_BAND_LU).max(0.0);
        gains[sentence.index] = beyond.clamp(-MAX_GAIN_DB, MAX_GAIN_DB) as f32;
    }
    apply(take, &measured, &gains);
    gains
}

struct Measured {
    index: usize,
    range: Range<usize>,
    loudness: f64,
}

fn measure(take: &[f32], sentences: &[Range<usize>]) -> Vec<Measured> {
    let powers = block_powers(&[take]);
    let inside = |range: &Range<usize>| range.start..range.end.min(take.len());
    sentences
        .iter()
        .map(inside)
        .enumerate()
        .filter(|(_, range)| range.start < range.end)
        .filter_map(|(index, range)| {
            let loudness = loudness_of_power(mean_power(&powers, &range)?);
            (loudness > -60.0).then_some(Measured { index, range, loudness })
        })
        .collect()
}

/// Returns the median loudness, weighted by duration so that one shouted word does not move the whole take.
fn weighted_median(measured: &[Measured]) -> f64 {
    let mut order: Vec<(f64, usize)> =
        measured.iter().map(|m| (m.loudness, m.range.len())).collect();
    order.sort_by(|a, b| a.0.total_cmp(&b.0));
    let half = order.iter().map(|o| o.1).sum::<usize>() / 2;
    let mut seen = 0;
    for (loudness, len) in &order {
        seen += len;
        if seen >= half {
            return *loudness;
        }
    }
    order[order.len() - 1].0
}

fn apply(take: &mut [f32], sorted: &[Measured], gains: &[f32]) {
    let len = take.len();
    let mut at = 0;
    for (index, sentence) in sorted.iter().enumerate() {
        let here = f64::from(gains[sentence.index]);
        let Some(next) = sorted.get(index + 1) else {
            scale(&mut take[at..], here);
            break;
        };
        let there = f64::from(gains[next.index]);
        // The gain changes during the pause, or in a short span around the joint.
        let (mut from, mut to) = (sentence.range.end, next.range.start);
        if to < from + MIN_RAMP {
            let middle = from.midpoint(to);
            (from, to) = (middle.saturating_sub(MIN_RAMP / 2), middle + MIN_RAMP / 2);
        }
        let from = from.clamp(at, len);
        let to = to.clamp(from, len);
        scale(&mut take[at..from], here);
        for (n, sample) in take[from..to].iter_mut().enumerate() {
            let share = raised_cosine(n as f64 / (to - from) as f64);
            *sample *= 10_f64.powf((here + (there - here) * share) / 20.0) as f32;
        }
        at = to;
    }
}

fn scale(samples: &mut [f32], gain_db: f64) {
    let factor = 10_f64.powf(gain_db / 20.0) as f32;
    samples.iter_mut().for_each(|s| *s *= factor);
}
