//! Loudness over time (ITU-R BS.1770-5, EBU Tech 3341): the momentary and the short-term loudness every 100 ms.
//!
//! A value belongs to the window that ends with its step. There is no value before the first window is full, nor for
//! a window below the absolute gate of -70 LUFS.

use crate::loudness::{block_powers, loudness_of_power};
use crate::{Lufs, Stereo};

/// The distance between two values, in milliseconds.
pub const STEP_MS: u32 = 100;
/// The length of the momentary window, in steps: 400 ms.
const MOMENTARY_STEPS: usize = 4;
/// The length of the short-term window, in steps: 3 s.
const SHORT_TERM_STEPS: usize = 30;
/// The absolute gate, below which a window counts as silent (BS.1770-5, annex 1).
const GATE: Lufs = Lufs(-70.0);

/// The loudness of a programme over time. The value at index `i` belongs to the window that ends at `(i + 1)` times
/// [`STEP_MS`].
#[derive(Debug, Clone, Default, PartialEq)]
pub struct LoudnessCurve {
    /// The momentary loudness: windows of 400 ms.
    pub momentary: Vec<Option<Lufs>>,
    /// The short-term loudness: windows of 3 s.
    pub short_term: Vec<Option<Lufs>>,
}

impl LoudnessCurve {
    /// Measures a stereo programme. A last step of less than 100 ms is omitted.
    #[must_use]
    pub fn of(audio: &Stereo) -> Self {
        let powers = block_powers(&audio.channels());
        Self {
            momentary: windows(&powers, MOMENTARY_STEPS),
            short_term: windows(&powers, SHORT_TERM_STEPS),
        }
    }
}

/// Returns the loudness of the window of `steps` blocks that ends with each block.
fn windows(powers: &[f64], steps: usize) -> Vec<Option<Lufs>> {
    let full = powers.windows(steps).map(|window| {
        let loudness = Lufs(loudness_of_power(window.iter().sum::<f64>() / steps as f64));
        (loudness.0 >= GATE.0).then_some(loudness)
    });
    let unfilled = powers.len().min(steps - 1);
    std::iter::repeat_n(None, unfilled).chain(full).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::SAMPLE_RATE;
    use ebur128::{EbuR128, Mode};

    /// Returns a stereo sine of 1 kHz with a level for each part, as seconds and dBFS.
    fn tones(parts: &[(f64, f32)]) -> Stereo {
        let samples = parts.iter().flat_map(|&(seconds, level)| {
            let amplitude = 10_f32.powf(level / 20.0);
            let sine =
                |n: usize| (std::f64::consts::TAU * 1000.0 * n as f64 / 48_000.0).sin() as f32;
            (0..(seconds * 48_000.0) as usize).map(move |n| amplitude * sine(n))
        });
        Stereo::from_mono(samples.collect())
    }

    #[test]
    fn a_steady_sine_reads_its_level_once_the_windows_are_full() {
        // EBU Tech 3341, test signal 1: -23 dBFS in both channels is -23 LUFS in all three measures.
        let curve = LoudnessCurve::of(&tones(&[(20.0, -23.0)]));
        assert_eq!((curve.momentary.len(), curve.short_term.len()), (200, 200));
        for (values, unfilled) in [(&curve.momentary, 3), (&curve.short_term, 29)] {
            assert!(values[..unfilled].iter().all(Option::is_none));
            let is_near = |value: &Option<Lufs>| value.is_some_and(|it| (it.0 + 23.0).abs() < 0.1);
            assert!(values[unfilled..].iter().all(is_near), "{values:?}");
        }
    }

    #[test]
    fn the_short_term_window_averages_a_changing_level() {
        // EBU Tech 3341, test signal 9: 1.34 s at -20 dBFS and 1.66 s at -30 dBFS, repeated; -23 LUFS at every moment
        // after 3 s, within 0.1 LU.
        let curve = LoudnessCurve::of(&tones(&[(1.34, -20.0), (1.66, -30.0)].repeat(5)));
        let is_near = |value: &Option<Lufs>| value.is_some_and(|it| (it.0 + 23.0).abs() < 0.1);
        assert!(curve.short_term[29..].iter().all(is_near), "{:?}", curve.short_term);
    }

    #[test]
    fn every_value_equals_that_of_the_library() {
        let mut rng = crate::dsp::rng(5);
        let mut level = 0.5;
        let mut noise = |n: usize| {
            if n.is_multiple_of(7000) {
                level = 10_f32.powf(rng.range(-3.0, 0.0));
            }
            level * rng.bipolar()
        };
        let (left, right) = (0..240_000).map(|n| (noise(n), noise(n))).unzip();
        let audio = Stereo::from_channels(left, right);
        let curve = LoudnessCurve::of(&audio);
        let mut meter = EbuR128::new(2, SAMPLE_RATE, Mode::M | Mode::S).expect("a meter");
        for index in 0..50 {
            let part = index * 4800..(index + 1) * 4800;
            let channels = [&audio.left[part.clone()], &audio.right[part]];
            meter.add_frames_planar_f32(&channels).expect("two channels");
            let expected = [meter.loudness_momentary(), meter.loudness_shortterm()];
            for (own, expected) in
                [curve.momentary[index], curve.short_term[index]].into_iter().zip(expected)
            {
                let expected = expected.expect("a loudness");
                assert!(
                    own.is_none_or(|own| (own.0 - expected).abs() < 1e-6),
                    "{own:?} {expected}"
                );
            }
        }
        assert!(curve.momentary[3..].iter().chain(&curve.short_term[29..]).all(Option::is_some));
    }

    #[test]
    fn silence_and_short_programmes_have_no_values() {
        let silent = LoudnessCurve::of(&Stereo::silence(48_000 * 4));
        assert_eq!(silent.momentary, vec![None; 40]);
        assert_eq!(silent.short_term, vec![None; 40]);
        assert_eq!(LoudnessCurve::of(&Stereo::silence(100)), LoudnessCurve::default());
        assert_eq!(LoudnessCurve::of(&tones(&[(0.25, -20.0)])).momentary, vec![None; 2]);
    }
}
