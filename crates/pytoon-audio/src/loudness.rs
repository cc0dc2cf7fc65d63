//! Measures loudness and peaks (ITU-R BS.1770-5, EBU R 128).
//!
//! Guarantees: K-weighting comes from the `ebur128` library; gating and true peak are implemented here, several times
//! faster, and tested against that library.
//!
//! This module does not change audio. An unmeasurable programme (shorter than 400 ms, or below the -70 LUFS gate)
//! measures `-inf`, never an error.

use std::ops::Range;

use ebur128::{EbuR128, Mode};

use crate::true_peak::true_peak;
use crate::{Dbtp, Lufs, SAMPLE_RATE, Stereo};

const BLOCK: usize = SAMPLE_RATE as usize / 10;

/// The measured properties of a programme.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Loudness {
    /// The gated loudness of the whole programme.
    pub integrated: Lufs,
    /// The highest true peak of either channel.
    pub true_peak: Dbtp,
}

/// Measures the loudness and true peak of a stereo programme.
#[must_use]
pub fn measure(audio: &Stereo) -> Loudness {
    Loudness {
        integrated: measure_integrated(audio),
        true_peak: Dbtp::from_amplitude(true_peak(&audio.channels())),
    }
}

/// Returns the integrated loudness alone. It is cheaper than [`measure`].
#[must_use]
pub fn measure_integrated(audio: &Stereo) -> Lufs {
    measure_integrated_channels(&audio.channels())
}

/// Returns the integrated loudness of a mono signal played from both speakers.
pub(crate) fn measure_integrated_centred(samples: &[f32]) -> Lufs {
    // Two equal channels have twice the power of one (BS.1770-5, equation 2). The gate at -70 LUFS is 3 LU higher for
    // one channel, which matters only for inaudible signals.
    Lufs(measure_integrated_mono(samples).0 + 10.0 * 2.0_f64.log10())
}

/// Returns the integrated loudness of a mono signal played from one speaker.
#[must_use]
pub fn measure_integrated_mono(samples: &[f32]) -> Lufs {
    measure_integrated_channels(&[samples])
}

/// Returns the largest absolute sample of both channels.
#[must_use]
pub fn sample_peak(audio: &Stereo) -> f32 {
    crate::dsp::peak(&audio.left).max(crate::dsp::peak(&audio.right))
}

/// Returns the loudness lost when both channels are played on one speaker, in LU: the loudness of both channels minus
/// that of the fold-down played from both.
#[must_use]
pub fn mono_loss_lu(audio: &Stereo) -> f64 {
    mono_loss_given(audio, measure_integrated(audio))
}

/// Returns [`mono_loss_lu`] for a programme whose loudness the caller already knows.
pub(crate) fn mono_loss_given(audio: &Stereo, loudness: Lufs) -> f64 {
    let mono = measure_integrated_mono(&audio.mono()).0 + 10.0 * 2.0_f64.log10();
    let loss = loudness.0 - mono;
    if loss.is_finite() { loss } else { 0.0 }
}

/// Returns the K-weighted power of each 100 ms block, both channels together. Omits the last, partial block.
pub(crate) fn block_powers(channels: &[&[f32]]) -> Vec<f64> {
    let Ok(mut meter) = EbuR128::new(channels.len() as u32, SAMPLE_RATE, Mode::M) else {
        return Vec::new();
    };
    feed(&mut meter, channels)
}

/// Converts a mean K-weighted power to loudness (BS.1770-5, equation 2).
pub(crate) fn loudness_of_power(power: f64) -> f64 {
    10.0 * power.log10() - 0.691
}

/// Returns the mean power over the blocks inside `range`, which is in samples. If there are none, uses the blocks
/// that only overlap it. Returns `None` if no block does.
pub(crate) fn mean_power(powers: &[f64], range: &Range<usize>) -> Option<f64> {
    let inside = range.start.div_ceil(BLOCK)..(range.end / BLOCK).min(powers.len());
    let touched = range.start / BLOCK..range.end.div_ceil(BLOCK).min(powers.len());
    let chosen = if inside.is_empty() { touched } else { inside };
    if chosen.is_empty() {
        return None;
    }
    let count = chosen.len() as f64;
    Some(powers[chosen].iter().sum::<f64>() / count)
}

fn measure_integrated_channels(channels: &[&[f32]]) -> Lufs {
    Lufs(gated_loudness(&block_powers(channels)))
}

/// Returns the gated loudness (BS.1770-5, equations 3 to 7) from the powers of 100 ms blocks, or `-inf` if no block
/// passes the gate. Gating blocks last 400 ms and begin every 100 ms. Each is the sum of four short powers, whereas
/// the library would sum every sample four times.
fn gated_loudness(powers: &[f64]) -> f64 {
    let blocks = powers.windows(4).map(|four| four.iter().sum::<f64>() / 4.0);
    let audible: Vec<f64> = blocks.filter(|&power| loudness_of_power(power) >= -70.0).collect();
    let mean = |powers: &[f64]| powers.iter().sum::<f64>() / powers.len() as f64;
    // Ten units below the loudness of everything audible: a tenth of its power.
    let gate = mean(&audible) / 10.0;
    let loud: Vec<f64> = audible.into_iter().filter(|&power| power >= gate).collect();
    if loud.is_empty() { f64::NEG_INFINITY } else { loudness_of_power(mean(&loud)) }
}

fn add_block(meter: &mut EbuR128, channels: &[&[f32]], index: usize) {
    let start = index * BLOCK;
    let end = (start + BLOCK).min(channels[0].len());
    let parts: Vec<&[f32]> = channels.iter().map(|c| &c[start..end]).collect();
    // Fails only for a wrong channel count, which the callers exclude.
    let _ = meter.add_frames_planar_f32(&parts);
}

fn feed(meter: &mut EbuR128, channels: &[&[f32]]) -> Vec<f64> {
    let len = channels[0].len();
    let mut powers = Vec::with_capacity(len / BLOCK);
    for index in 0..len.div_ceil(BLOCK) {
        add_block(meter, channels, index);
        if (index + 1) * BLOCK <= len {
            let loudness = meter.loudness_window(100).unwrap_or(f64::NEG_INFINITY);
            powers.push(10_f64.powf((loudness + 0.691) / 10.0));
        }
    }
    powers
}

/// Returns the library's slower true-peak measurement, for comparison with this crate's.
#[cfg(test)]
pub(crate) fn reference_true_peak(audio: &Stereo) -> Dbtp {
    let Ok(mut meter) = EbuR128::new(2, SAMPLE_RATE, Mode::TRUE_PEAK) else {
        return Dbtp(f64::NEG_INFINITY);
    };
    for index in 0..audio.len().div_ceil(BLOCK) {
        add_block(&mut meter, &[&audio.left, &audio.right], index);
    }
    let highest = (0..2).filter_map(|channel| meter.true_peak(channel).ok());
    Dbtp::from_amplitude(highest.fold(0.0, f64::max) as f32)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tone(seconds: f64, amplitude: f32) -> Stereo {
        let len = (seconds * 48_000.0) as usize;
        let sine = |n: usize| (std::f64::consts::TAU * 1000.0 * n as f64 / 48_000.0).sin() as f32;
        Stereo::from_mono((0..len).map(|n| amplitude * sine(n)).collect())
    }

    #[test]
    fn a_stereo_1_khz_sine_reads_its_level() {
        // EBU Tech 3341, test signal 1: -23 dBFS in both channels is -23 LUFS.
        let got = measure(&tone(20.0, 10_f32.powf(-23.0 / 20.0)));
        assert!((got.integrated.0 + 23.0).abs() < 0.1, "{got:?}");
        assert!((got.true_peak.0 + 23.0).abs() < 0.1);
        let reference = reference_true_peak(&tone(20.0, 10_f32.powf(-23.0 / 20.0)));
        assert!((got.true_peak.0 - reference.0).abs() < 0.1);
    }

    #[test]
    fn integrated_loudness_equals_that_of_the_library() {
        let mut rng = crate::dsp::rng(11);
        for len in [19_200, 20_000, 100_000, 480_123] {
            let noise = |rng: &mut pytoon_vocabulary::Rng| -> Vec<f32> {
                let mut level = 0.5;
                (0..len)
                    .map(|n| {
                        if n % 7000 == 0 {
                            level = 10_f32.powf(rng.range(-4.5, 0.0));
                        }
                        level * rng.bipolar()
                    })
                    .collect()
            };
            let audio = Stereo::from_channels(noise(&mut rng), noise(&mut rng));
            let mut meter = EbuR128::new(2, SAMPLE_RATE, Mode::I).expect("a meter");
            meter.add_frames_planar_f32(&[&audio.left, &audio.right]).expect("two channels");
            let expected = meter.loudness_global().expect("a loudness");
            let own = measure_integrated(&audio).0;
            assert!((own - expected).abs() < 1e-6, "{own} instead of {expected} for {len}");
        }
    }

    #[test]
    fn short_and_silent_programmes_read_minus_infinity() {
        assert!(!measure(&tone(0.2, 0.5)).integrated.is_measurable());
        assert!(!measure(&Stereo::silence(96_000)).integrated.is_measurable());
        assert!(!measure(&Stereo::silence(0)).integrated.is_measurable());
    }

    #[test]
    fn mono_loss_finds_opposite_phase() {
        let mut audio = tone(2.0, 0.3);
        assert!(mono_loss_lu(&audio).abs() < 0.05);
        audio.right.iter_mut().for_each(|s| *s *= -0.9);
        assert!(mono_loss_lu(&audio) > 10.0);
    }
}
