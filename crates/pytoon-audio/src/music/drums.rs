//! Drums and noises, many of them in a few variants so that hits differ. The drums ignore the frequency
//! argument, which the note bank's signature requires.

use super::instruments::{fade_in, finish, sine, sine_table};
use crate::biquad::Biquad;
use pytoon_vocabulary::Rng;

fn burst(len: usize, decay: f32, rng: &mut Rng) -> Vec<f32> {
    (0..len).map(|n| rng.bipolar() * (-(n as f32) / decay).exp()).collect()
}

fn band(samples: &mut [f32], low: f64, high: f64) {
    Biquad::high_pass(low, 0.707).process(samples);
    Biquad::low_pass(high, 0.707).process(samples);
}

fn falling_sine(len: usize, from: f32, to: f32, fall: f32, decay: f32) -> Vec<f32> {
    let table = sine_table();
    let mut phase = 0.0_f32;
    (0..len)
        .map(|n| {
            let t = n as f32;
            phase += (to + (from - to) * (-t / fall).exp()) / 48_000.0;
            phase -= phase.floor();
            sine(table, phase) * (-t / decay).exp()
        })
        .collect()
}

/// Synthesizes a kick: a sine that falls from 150 to 48 Hz in about 60 ms, and a dull click. Even layers are
/// round, odd ones firmer.
pub(super) fn kick(_: f32, layer: usize, rng: &mut Rng) -> Vec<f32> {
    let mut out = falling_sine(19_200, 150.0, 48.0, 1100.0, 4600.0);
    let mut click = burst(900, 90.0, rng);
    band(&mut click, 300.0, if layer.is_multiple_of(2) { 1500.0 } else { 3200.0 });
    crate::dsp::add_scaled(&mut out, &click, if layer.is_multiple_of(2) { 0.35 } else { 0.7 });
    fade_in(&mut out, 24);
    finish(out, 0.05)
}

/// Synthesizes a low drum in the style of film scores: a skin around 70 Hz with a soft slap.
pub(super) fn taiko(_: f32, layer: usize, rng: &mut Rng) -> Vec<f32> {
    let tune = 1.0 + 0.06 * layer as f32;
    let mut out = falling_sine(48_000, 120.0 * tune, 66.0 * tune, 1800.0, 9000.0);
    let mut slap = burst(6000, 900.0, rng);
    band(&mut slap, 120.0, 900.0);
    crate::dsp::add_scaled(&mut out, &slap, 0.9);
    fade_in(&mut out, 60);
    finish(out, 0.2)
}

/// Synthesizes a sub hit: a low rumble of about two seconds.
pub(super) fn boom(_: f32, _: usize, rng: &mut Rng) -> Vec<f32> {
    let mut out = falling_sine(105_600, 95.0, 41.0, 3600.0, 26_000.0);
    let mut rumble = burst(48_000, 9000.0, rng);
    band(&mut rumble, 60.0, 350.0);
    crate::dsp::add_scaled(&mut out, &rumble, 1.2);
    fade_in(&mut out, 100);
    finish(out, 0.4)
}

/// Synthesizes a clap: three quick bursts and a tail around 1.2 kHz.
pub(super) fn clap(_: f32, layer: usize, rng: &mut Rng) -> Vec<f32> {
    let mut out = vec![0.0; 12_000];
    for (hand, gain) in [0.7, 0.85, 1.0].into_iter().enumerate() {
        let at = hand * (460 + 40 * layer) + (rng.unit() * 120.0) as usize;
        let decay = if hand == 2 { 2100.0 } else { 160.0 };
        crate::dsp::add_scaled(&mut out[at..], &burst(10_000, decay, rng), gain);
    }
    Biquad::band_pass(1250.0, 0.9).process(&mut out);
    Biquad::high_pass(500.0, 0.707).process(&mut out);
    Biquad::low_pass(6500.0, 0.6).process(&mut out);
    finish(out, 0.05)
}

/// Synthesizes a snare with brushes rather than sticks: a body around 185 Hz and dull wires.
pub(super) fn snare(_: f32, layer: usize, rng: &mut Rng) -> Vec<f32> {
    let mut out = falling_sine(10_000, 240.0, 182.0 + 4.0 * layer as f32, 700.0, 2300.0);
    out.iter_mut().for_each(|s| *s *= 0.55);
    let mut wires = burst(10_000, 2400.0, rng);
    band(&mut wires, 900.0, 6000.0);
    crate::dsp::add_scaled(&mut out, &wires, 0.9);
    fade_in(&mut out, 30);
    finish(out, 0.04)
}

/// Synthesizes a closed hi-hat. It is band-limited white noise, which cannot alias.
pub(super) fn hat(_: f32, layer: usize, rng: &mut Rng) -> Vec<f32> {
    let mut out = burst(4000, 620.0 + 140.0 * (layer % 4) as f32, rng);
    band(&mut out, 5200.0, 10_000.0);
    Biquad::low_pass(11_000.0, 0.6).process(&mut out);
    Biquad::high_pass(4500.0, 0.8).process(&mut out);
    fade_in(&mut out, 20);
    finish(out, 0.01)
}

pub(super) fn open_hat(_: f32, _: usize, rng: &mut Rng) -> Vec<f32> {
    let mut out = burst(15_000, 3600.0, rng);
    band(&mut out, 4800.0, 9500.0);
    fade_in(&mut out, 40);
    finish(out, 0.08)
}

/// Synthesizes a shaker, whose beads have an attack of 13 to 19 ms.
pub(super) fn shaker(_: f32, layer: usize, rng: &mut Rng) -> Vec<f32> {
    let rise = 620.0 + 90.0 * (layer % 4) as f32;
    let mut out: Vec<f32> = (0..5200)
        .map(|n| {
            let t = n as f32 / rise;
            let shape = if t < 1.0 { t * t } else { (-(t - 1.0) * 0.75).exp() };
            rng.bipolar() * shape
        })
        .collect();
    band(&mut out, 3600.0, 8500.0);
    finish(out, 0.02)
}

/// Synthesizes noise that rises in pitch and level over `len` samples and stops abruptly. The reverb continues after
/// it.
pub(super) fn riser(len: usize, rng: &mut Rng) -> Vec<f32> {
    let mut low = 0.0_f32;
    let mut mid = 0.0_f32;
    let mut out: Vec<f32> = (0..len)
        .map(|n| {
            let share = n as f32 / len as f32;
            // A state-variable band-pass whose centre climbs from 300 Hz to
            // 3.2 kHz (Chamberlin's form, stable at these frequencies).
            let f = 2.0 * (std::f32::consts::PI * 300.0 * 10.6_f32.powf(share) / 48_000.0);
            let high = rng.bipolar() - low - 0.9 * mid;
            mid += f * high;
            low += f * mid;
            mid * share * share * share
        })
        .collect();
    Biquad::low_pass(6000.0, 0.6).process(&mut out);
    fade_in(&mut out, 480.min(len));
    finish(out, 0.02)
}

/// Synthesizes the surface noise of a record: soft hiss and rare ticks.
pub(super) fn vinyl(len: usize, rng: &mut Rng) -> Vec<f32> {
    let mut hiss = 0.0_f32;
    let mut tick = 0.0_f32;
    (0..len)
        .map(|_| {
            let noise = rng.bipolar();
            hiss += 0.22 * (noise - hiss);
            if noise > 0.99965 {
                tick = rng.range(0.6, 2.2);
            }
            let out = hiss + tick * noise;
            tick *= 0.93;
            out
        })
        .collect()
}
