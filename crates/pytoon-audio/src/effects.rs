//! Short sound effects for events of the picture, synthesized.
//!
//! Guarantees: equal seeds give equal samples; an effect begins and ends at zero and peaks at [`PEAK`]; both channels agree,
//! so that one speaker plays what two do.
//!
//! The mixer decides how loud an effect is.

use crate::biquad::Biquad;
use crate::dsp;
use crate::{Stereo, samples_from_ms};
use pytoon_vocabulary::{Rng, SoundEffect};
use std::f32::consts::{FRAC_PI_2, TAU};

/// The largest absolute sample of every effect.
pub const PEAK: f32 = 0.5;

const RATE: f32 = 48_000.0;
const WHOOSH_MS: f64 = 420.0;
/// Six frames at 30 frames per second.
const WHOOSH_PEAK_MS: f64 = 200.0;
const POP_MS: f64 = 110.0;
const RISER_MS: f64 = 1_200.0;
/// The length of the riser's end.
const RISER_END_MS: f64 = 20.0;
const CLICK_MS: f64 = 30.0;

/// Synthesizes a sound effect at 48 kHz.
#[must_use]
pub fn generate_effect(effect: SoundEffect, seed: u64) -> Stereo {
    let mut rng = dsp::rng(seed).fork(effect as u64 + 1);
    let mut audio = match effect {
        SoundEffect::Whoosh => whoosh(&mut rng),
        SoundEffect::Pop => Stereo::from_mono(pop()),
        SoundEffect::Riser => Stereo::from_mono(riser(&mut rng)),
        SoundEffect::Click => Stereo::from_mono(click(&mut rng)),
    };
    let peak = dsp::peak(&audio.left).max(dsp::peak(&audio.right));
    if peak > 0.0 {
        audio.scale(PEAK / peak);
    }
    audio
}

/// Returns the distance from the start of an effect to its peak, in samples at 48 kHz. The peak belongs on the event.
#[must_use]
pub fn peak_offset(effect: SoundEffect) -> usize {
    match effect {
        SoundEffect::Whoosh => samples_from_ms(WHOOSH_PEAK_MS),
        SoundEffect::Pop => samples_from_ms(6.0),
        SoundEffect::Riser => samples_from_ms(RISER_MS - RISER_END_MS),
        SoundEffect::Click => samples_from_ms(1.0),
    }
}

/// Noise whose band rises to the peak and falls after it, moving from left to right.
fn whoosh(rng: &mut Rng) -> Stereo {
    let (len, peak) = (samples_from_ms(WHOOSH_MS), samples_from_ms(WHOOSH_PEAK_MS));
    let swell = |n: usize| {
        let distance = if n < peak {
            (peak - n) as f32 / peak as f32
        } else {
            (n - peak) as f32 / (len - peak) as f32
        };
        (FRAC_PI_2 * distance).cos().max(0.0).powi(3)
    };
    let mut noise = swept(len, rng, |n| 420.0 * 5.0_f32.powf(swell(n)));
    Biquad::low_pass(5_000.0, 0.6).process(&mut noise);
    let sound: Vec<f32> = noise.iter().enumerate().map(|(n, s)| s * swell(n)).collect();
    let panned = |from: f32, to: f32| {
        let gain = |n: usize| from + (to - from) * n as f32 / len as f32;
        sound.iter().enumerate().map(|(n, sample)| sample * gain(n)).collect()
    };
    Stereo::from_channels(panned(1.0, 0.75), panned(0.75, 1.0))
}

/// A sine that rises quickly and decays: a bubble.
fn pop() -> Vec<f32> {
    let len = samples_from_ms(POP_MS);
    let mut phase = 0.0_f32;
    let sample = |n: usize| {
        let ms = n as f32 * 1000.0 / RATE;
        phase += (360.0 + 620.0 * (1.0 - (-ms / 28.0).exp())) / RATE;
        (TAU * phase).sin() * rise(ms, 4.0) * (-ms / 17.0).exp()
    };
    faded((0..len).map(sample).collect())
}

/// Noise and a tone that rise together and stop.
fn riser(rng: &mut Rng) -> Vec<f32> {
    let len = samples_from_ms(RISER_MS);
    let part = |n: usize| n as f32 / len as f32;
    let mut noise = swept(len, rng, |n| 500.0 * (5.5_f32).powf(part(n)));
    Biquad::low_pass(5_000.0, 0.6).process(&mut noise);
    let mut phase = 0.0_f32;
    let end = samples_from_ms(RISER_END_MS);
    let mut out = Vec::with_capacity(len);
    for (n, noise) in noise.iter().enumerate() {
        phase += 196.0 * 3.0_f32.powf(part(n)) / RATE;
        let stop = ((len - 1 - n) as f32 / end as f32).min(1.0);
        out.push((noise + 0.35 * (TAU * phase).sin()) * part(n).powi(2) * stop);
    }
    out
}

/// A short tone with a little noise at its start.
fn click(rng: &mut Rng) -> Vec<f32> {
    let len = samples_from_ms(CLICK_MS);
    let mut noise: Vec<f32> = (0..len).map(|_| rng.bipolar()).collect();
    Biquad::low_pass(3_000.0, 0.7).process(&mut noise);
    let sample = |(n, noise): (usize, &f32)| {
        let ms = n as f32 * 1000.0 / RATE;
        let tone = (TAU * 1_650.0 * ms / 1000.0).sin();
        (tone + 0.5 * noise * (-ms / 1.5).exp()) * rise(ms, 1.0) * (-ms / 3.5).exp()
    };
    faded(noise.iter().enumerate().map(sample).collect())
}

/// Returns an attack from 0 to 1 within `length` milliseconds.
fn rise(ms: f32, length: f32) -> f32 {
    (FRAC_PI_2 * (ms / length).min(1.0)).sin()
}

/// Brings the last two milliseconds to zero.
fn faded(mut samples: Vec<f32>) -> Vec<f32> {
    let (len, edge) = (samples.len(), samples_from_ms(2.0));
    for (n, sample) in samples.iter_mut().enumerate() {
        *sample *= ((len - 1 - n) as f32 / edge as f32).min(1.0);
    }
    samples
}

/// Returns noise through a band-pass filter whose centre, in Hz, follows `centre`: a state-variable filter in the
/// trapezoidal form of A. Simper, "Linear Trapezoidal Integrated SVF" (Cytomic, 2013), which stays stable while it moves.
fn swept(len: usize, rng: &mut Rng, centre: impl Fn(usize) -> f32) -> Vec<f32> {
    const DAMPING: f32 = 0.9;
    let (mut first, mut second) = (0.0_f32, 0.0_f32);
    let mut out = Vec::with_capacity(len);
    for n in 0..len {
        let g = (std::f32::consts::PI * centre(n) / RATE).tan();
        let a1 = 1.0 / (1.0 + g * (g + DAMPING));
        let input = rng.bipolar() - second;
        let band = a1 * (first + g * input);
        let low = second + g * band;
        first = 2.0 * band - first;
        second = 2.0 * low - second;
        out.push(DAMPING * band);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn energy(samples: &[f32]) -> f64 {
        samples.iter().map(|s| f64::from(*s) * f64::from(*s)).sum()
    }

    fn db(power: f64) -> f64 {
        10.0 * power.max(1e-18).log10()
    }

    /// Returns the energy of a signal between two frequencies, in Hz, by its Fourier transform.
    fn band_energy(samples: &[f32], low: f64, high: f64) -> f64 {
        let length = samples.len() as f64;
        let bins = (low * length / 48_000.0) as usize..(high * length / 48_000.0) as usize;
        bins.step_by(7)
            .map(|bin| {
                let (mut re, mut im) = (0.0_f64, 0.0_f64);
                for (n, sample) in samples.iter().enumerate() {
                    let angle = std::f64::consts::TAU * bin as f64 * n as f64 / length;
                    re += f64::from(*sample) * angle.cos();
                    im += f64::from(*sample) * angle.sin();
                }
                re * re + im * im
            })
            .sum()
    }

    #[test]
    fn effects_are_repeatable_and_clean_at_both_ends() {
        for effect in SoundEffect::ALL.iter().copied() {
            let audio = generate_effect(effect, 7);
            assert_eq!(audio, generate_effect(effect, 7), "{effect:?}");
            let ms = audio.len() as f64 / 48.0;
            assert!((10.0..=1_200.0).contains(&ms), "{effect:?}: {ms} ms");
            let mono = audio.mono();
            for channel in [&audio.left, &audio.right, &mono] {
                assert!(dsp::peak(channel) <= PEAK + 1e-6, "{effect:?}");
                assert!(channel[0].abs() < 1e-3 && channel[channel.len() - 1].abs() < 1e-3);
                let step = channel.windows(2).map(|w| (w[1] - w[0]).abs()).fold(0.0, f32::max);
                assert!(step < 0.25, "{effect:?}: {step}");
                let mean = channel.iter().sum::<f32>() / channel.len() as f32;
                assert!(mean.abs() < 2e-3, "{effect:?}: {mean}");
            }
            let loss = db(0.5 * (energy(&audio.left) + energy(&audio.right)) / energy(&mono));
            assert!(loss < 2.0, "{effect:?} loses {loss} dB in mono");
        }
        for effect in [SoundEffect::Whoosh, SoundEffect::Riser, SoundEffect::Click] {
            assert_ne!(generate_effect(effect, 7), generate_effect(effect, 8), "{effect:?}");
        }
    }

    #[test]
    fn a_whoosh_peaks_where_it_says_and_sounds_like_air() {
        let sound = generate_effect(SoundEffect::Whoosh, 3).mono();
        let window = 720;
        let power = |at: usize| energy(&sound[at..at + window]);
        let loudest =
            (0..sound.len() - window).step_by(48).max_by(|a, b| power(*a).total_cmp(&power(*b)));
        let middle = loudest.expect("sound") + window / 2;
        let off = middle as i64 - peak_offset(SoundEffect::Whoosh) as i64;
        assert!(off.abs() < 48 * 30, "{} ms", off / 48);
        let air = band_energy(&sound, 300.0, 6_000.0);
        let all = band_energy(&sound, 20.0, 20_000.0);
        assert!(air > 0.8 * all, "{air} of {all}");
    }

    #[test]
    fn a_riser_grows_and_a_pop_is_over_at_once() {
        let riser = generate_effect(SoundEffect::Riser, 3).mono();
        let third = riser.len() / 3;
        let grows = db(energy(&riser[2 * third..])) - db(energy(&riser[..third]));
        assert!(grows > 6.0, "{grows} dB");
        for effect in [SoundEffect::Pop, SoundEffect::Click] {
            let sound = generate_effect(effect, 3).mono();
            let early = energy(&sound[..sound.len() / 2]);
            assert!(early > 0.95 * energy(&sound), "{effect:?}");
        }
    }
}
