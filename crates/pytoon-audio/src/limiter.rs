//! True-peak limiter with look-ahead.
//!
//! Guarantees: the output has the input's length and timing; its true peak, which is measured, does not exceed the
//! ceiling; both channels get one gain; the gain curve is smooth.
//!
//! The needed gain comes from the oversampled peak envelope. A sliding minimum extends it 5 ms backwards and
//! forwards, and it is released exponentially. Two box filters that together span the same 5 ms then smooth it. Each
//! smoothed value is an average of numbers not above the needed gain, so it is not above it either.
//!
//! This module does not add make-up gain; `master` does.

use std::collections::VecDeque;

use crate::dsp::decay_per_sample;
use crate::true_peak::{peak_envelope_over, true_peak};
use crate::{Dbtp, Stereo, samples_from_ms};

const LOOK_AHEAD_MS: f64 = 5.0;
const RELEASE_SECONDS: f64 = 0.08;
const TIGHTENINGS: usize = 4;

/// The limiter's measurements.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LimiterReport {
    /// The deepest gain reduction in dB, zero or positive.
    pub max_reduction_db: f32,
    /// The number of samples with more than 0.1 dB of reduction.
    pub limited_samples: usize,
    /// The true peak of the output.
    pub true_peak: Dbtp,
}

impl LimiterReport {
    /// Creates the report for a programme with the given true peak that needed no limiting.
    fn without_limiting(peak: f32) -> Self {
        Self { max_reduction_db: 0.0, limited_samples: 0, true_peak: Dbtp::from_amplitude(peak) }
    }
}

/// A signal that one gain curve can limit, with any number of channels.
pub(crate) trait Programme: Clone {
    /// Multiplies every sample by `factor`.
    fn scale(&mut self, factor: f32);
    /// Multiplies every channel by a gain curve.
    fn apply_gain(&mut self, gains: &[f32]);
    /// Returns the largest magnitude, including points between samples.
    fn true_peak(&self) -> f32;
    /// Returns the [`peak_envelope_over`] of all channels.
    fn envelope_over(&self, floor: f32) -> Vec<f32>;
}

impl Programme for Stereo {
    fn scale(&mut self, factor: f32) {
        Self::scale(self, factor);
    }

    fn apply_gain(&mut self, gains: &[f32]) {
        Self::apply_gain(self, gains);
    }

    fn true_peak(&self) -> f32 {
        true_peak(&self.channels())
    }

    fn envelope_over(&self, floor: f32) -> Vec<f32> {
        peak_envelope_over(&self.channels(), floor)
    }
}

/// Treats a mono signal as a programme.
impl Programme for Vec<f32> {
    fn scale(&mut self, factor: f32) {
        self.iter_mut().for_each(|sample| *sample *= factor);
    }

    fn apply_gain(&mut self, gains: &[f32]) {
        self.iter_mut().zip(gains).for_each(|(sample, gain)| *sample *= gain);
    }

    fn true_peak(&self) -> f32 {
        true_peak(&[self])
    }

    fn envelope_over(&self, floor: f32) -> Vec<f32> {
        peak_envelope_over(&[self], floor)
    }
}

/// Limits `audio`, which is [`Stereo`] or one channel, so that its true peak stays at or below `ceiling`.
pub(crate) fn limit<P: Programme>(audio: &mut P, ceiling: Dbtp) -> LimiterReport {
    let envelope = audio.envelope_over(ceiling.amplitude());
    let highest = crate::dsp::peak(&envelope);
    if highest <= ceiling.amplitude() {
        return LimiterReport::without_limiting(audio.true_peak());
    }
    let dry = audio.clone();
    limit_with_envelope(audio, &|audio| audio.clone_from(&dry), &envelope, 1.0, ceiling).0
}

/// Applies `gain` to the programme and limits it to `ceiling`. `envelope` is the peak envelope before the gain, so
/// that a caller can try several gains with one detection. `restore` writes the programme as it was before the gain.
/// Returns the report and the limiter's gain for every sample; the list is empty if no limiting was needed.
pub(crate) fn limit_with_envelope<P: Programme>(
    audio: &mut P,
    restore: &dyn Fn(&mut P),
    envelope: &[f32],
    gain: f32,
    ceiling: Dbtp,
) -> (LimiterReport, Vec<f32>) {
    let limit = ceiling.amplitude();
    audio.scale(gain);
    let highest = crate::dsp::peak(envelope) * gain;
    if highest <= limit {
        return (LimiterReport::without_limiting(highest), Vec::new());
    }
    let mut aim = limit * 0.9985;
    let mut curve = Vec::new();
    let mut got = 0.0;
    for _ in 0..TIGHTENINGS {
        curve = gain_curve(envelope, gain, aim);
        audio.apply_gain(&curve);
        got = audio.true_peak();
        if got <= limit {
            break;
        }
        aim *= 0.999 * limit / got;
        restore(audio);
        audio.scale(gain);
        curve.clear();
    }
    if curve.is_empty() {
        // Four corrections failed, which only a crafted signal can cause: keep the ceiling with one static gain
        // instead.
        let loudest = audio.true_peak().max(f32::MIN_POSITIVE);
        audio.scale(limit / loudest);
        curve = vec![limit / loudest; envelope.len()];
        got = limit;
    }
    let lowest = curve.iter().copied().fold(1.0_f32, f32::min);
    let report = LimiterReport {
        max_reduction_db: -20.0 * lowest.max(1e-6).log10(),
        limited_samples: curve.iter().filter(|&&g| g < 0.9886).count(),
        true_peak: Dbtp::from_amplitude(got),
    };
    (report, curve)
}

fn gain_curve(envelope: &[f32], gain: f32, limit: f32) -> Vec<f32> {
    let half = samples_from_ms(LOOK_AHEAD_MS) / 2;
    let span = 2 * half;
    let len = envelope.len();
    let mut needed: Vec<f32> = Vec::with_capacity(len + span);
    let mut before = 0.0_f32;
    for &here in envelope {
        // A peak between two samples is affected by the gains of both.
        let high = here.max(before) * gain;
        needed.push(if high > limit { limit / high } else { 1.0 });
        before = here;
    }
    needed.resize(len + span, 1.0);
    sliding_minimum(&mut needed, span + 1);
    let mut curve = needed;
    release(&mut curve);
    box_average(&mut curve, half + 1);
    box_average(&mut curve, half + 1);
    curve.truncate(len);
    curve
}

/// Computes `values[n] = min(values[n..n + width])` for gains not above 1.
fn sliding_minimum(values: &mut [f32], width: usize) {
    let mut queue: VecDeque<(usize, f32)> = VecDeque::new();
    for (n, value) in values.iter_mut().enumerate().rev() {
        if *value < 1.0 {
            while queue.back().is_some_and(|&(_, later)| later >= *value) {
                queue.pop_back();
            }
            queue.push_back((n, *value));
        }
        if queue.front().is_some_and(|&(k, _)| k >= n + width) {
            queue.pop_front();
        }
        if let Some(&(_, lowest)) = queue.front() {
            *value = lowest;
        }
    }
}

fn release(curve: &mut [f32]) {
    let keep = decay_per_sample(RELEASE_SECONDS);
    let mut state = 1.0_f32;
    for value in curve {
        state = if *value < state { *value } else { *value - (*value - state) * keep };
        // Snap to unity, so that quiet passages stay unchanged.
        if state > 0.99999 && *value == 1.0 {
            state = 1.0;
        }
        *value = state;
    }
}

/// Replaces each value by the mean of itself and the `width - 1` values before it. Positions before the start count
/// as the first value, which is safe because the first value is already the minimum of the values after it.
fn box_average(curve: &mut [f32], width: usize) {
    let Some(&first) = curve.first() else { return };
    let mut ring = vec![first; width];
    let mut sum = f64::from(first) * width as f64;
    let scale = 1.0 / width as f64;
    let mut at = 0;
    for value in curve {
        sum += f64::from(*value) - f64::from(ring[at]);
        ring[at] = *value;
        at = if at + 1 == width { 0 } else { at + 1 };
        *value = ((sum * scale) as f32).min(1.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::loudness::reference_true_peak;

    fn check(name: &str, mut audio: Stereo, ceiling: f64) {
        let len = audio.len();
        let report = limit(&mut audio, Dbtp(ceiling));
        assert_eq!(audio.len(), len);
        let own = Dbtp::from_amplitude(true_peak(&audio.channels())).0;
        assert!(own <= ceiling + 1e-4, "{name}: {own}");
        assert!((own - report.true_peak.0).abs() < 1e-3, "{name}: {own}, {report:?}");
        let reference = reference_true_peak(&audio).0;
        assert!(reference <= ceiling + 0.12, "{name}: reference meter reads {reference}");
        assert!(report.max_reduction_db >= 0.0);
    }

    #[test]
    fn no_overs_on_hard_material() {
        let mut rng = crate::dsp::rng(1);
        let noise: Vec<f32> = (0..96_000).map(|_| rng.bipolar() * 2.0).collect();
        check("noise", Stereo::from_mono(noise), -1.5);
        let clicks: Vec<f32> =
            (0..96_000).map(|n| if n % 4801 == 0 { 3.0 } else { 0.01 }).collect();
        check("clicks", Stereo::from_mono(clicks), -1.0);
        let edge: Vec<f32> = (0..48_000)
            .map(|n| 1.4 * (std::f32::consts::FRAC_PI_2 * n as f32 + 0.785).sin())
            .collect();
        check("quarter rate", Stereo::from_mono(edge), -1.0);
        let square: Vec<f32> =
            (0..48_000).map(|n| if n / 100 % 2 == 0 { 1.5 } else { -1.5 }).collect();
        check("square", Stereo::from_channels(square.clone(), vec![0.0; 48_000]), -2.0);
    }

    #[test]
    fn quiet_audio_is_untouched() {
        let tone: Vec<f32> = (0..4800).map(|n| 0.3 * (n as f32 * 0.1).sin()).collect();
        let mut audio = Stereo::from_mono(tone.clone());
        assert_eq!(limit(&mut audio, Dbtp(-1.5)).limited_samples, 0);
        assert_eq!(audio.left, tone);
    }

    #[test]
    fn gain_moves_smoothly() {
        let envelope: Vec<f32> = (0..9600).map(|n| if n == 4800 { 4.0 } else { 0.1 }).collect();
        let curve = gain_curve(&envelope, 1.0, 0.8);
        let step = curve.windows(2).map(|w| (w[1] - w[0]).abs()).fold(0.0, f32::max);
        assert!(step < 0.02, "{step}");
        assert!(curve[4800] <= 0.2 && curve[4801] <= 0.2);
        assert_eq!(curve[4000], 1.0);
    }
}
