//! Mixes the buses: adds the room, sidechain and bus compression, and sets tone and level.

use super::plan::Sound;
use super::reverb;
use super::studio::Studio;
use crate::biquad::Biquad;
use crate::dsp::{add_scaled, decay_per_sample};
use crate::limiter::limit;
use crate::{Dbtp, Stereo};

/// The loudness to which beds are set, before peaks are limited.
const LEVEL_LUFS: f64 = -20.0;
const CEILING: Dbtp = Dbtp(-3.5);

pub(super) fn mix_down(studio: Studio, sound: &Sound) -> Stereo {
    // A bus of a minute takes 22 MiB: drop each one as soon as it is mixed in.
    let Studio { mut keys, mut pads, drums, mut bass, pumps, .. } = studio;
    let len = keys.len();
    if sound.wow {
        wobble(&mut keys.left, 0.0);
        wobble(&mut keys.right, 0.3);
    }
    if sound.pump_db > 0.0 {
        let curve = pump_curve(&pumps, len, sound.pump_db);
        pads.apply_gain(&curve);
        keys.left.iter_mut().zip(&curve).for_each(|(s, g)| *s *= 0.5 + 0.5 * g);
        keys.right.iter_mut().zip(&curve).for_each(|(s, g)| *s *= 0.5 + 0.5 * g);
        bass.iter_mut().zip(&curve).for_each(|(s, g)| *s *= g);
    }
    let (left, left_send) = join(keys.left, pads.left, drums.left, sound);
    let (right, right_send) = join(keys.right, pads.right, drums.right, sound);
    let mut mix = Stereo { left, right };
    let send = Stereo { left: left_send, right: right_send };
    reverb::add_room(&mut mix, send, sound.room_seconds);
    narrow_lows(&mut mix);
    add_scaled(&mut mix.left, &bass, sound.bass);
    add_scaled(&mut mix.right, &bass, sound.bass);
    tone(&mut mix, sound);
    glue(&mut mix);
    set_level(&mut mix);
    mix
}

/// Returns one channel of the dry mix and the same channel of the reverb send.
fn join(
    mut keys: Vec<f32>,
    pads: Vec<f32>,
    drums: Vec<f32>,
    sound: &Sound,
) -> (Vec<f32>, Vec<f32>) {
    let mut send = vec![0.0; keys.len()];
    add_scaled(&mut send, &keys, sound.keys * sound.sends[0]);
    add_scaled(&mut send, &pads, sound.pads * sound.sends[1]);
    add_scaled(&mut send, &drums, sound.drums * sound.sends[2]);
    for ((key, pad), drum) in keys.iter_mut().zip(&pads).zip(&drums) {
        *key = sound.keys * *key + sound.pads * pad + sound.drums * drum;
    }
    (keys, send)
}

/// Removes the difference between the channels below 120 Hz, so that the low end is centred. First order is enough,
/// since the bass bus is mono anyway.
fn narrow_lows(mix: &mut Stereo) {
    let follow = 1.0 - decay_per_sample(1.0 / (std::f64::consts::TAU * 120.0));
    let mut low = 0.0_f32;
    for (l, r) in mix.left.iter_mut().zip(&mut mix.right) {
        let side = 0.5 * (*l - *r);
        low += follow * (side - low);
        *l -= low;
        *r += low;
    }
}

fn tone(mix: &mut Stereo, sound: &Sound) {
    Biquad::high_pass(32.0, 0.707).process_stereo(mix);
    // A slope of -1.5 dB per octave above 3 kHz avoids harshness on small speakers.
    Biquad::high_shelf(6500.0, 0.45, -4.0).process_stereo(mix);
    if let Some(hz) = sound.low_pass {
        Biquad::low_pass(hz, 0.6).process_stereo(mix);
    }
}

/// Compresses the bus at 2:1, by about 2 dB on loud passages, with a slow attack (20 ms) and release (250 ms).
fn glue(mix: &mut Stereo) {
    const GRID: usize = 64;
    let len = mix.len();
    let power: Vec<f32> = mix
        .left
        .chunks(GRID)
        .zip(mix.right.chunks(GRID))
        .map(|(l, r)| (crate::dsp::dot(l, l) + crate::dsp::dot(r, r)) / (2 * l.len().max(1)) as f32)
        .collect();
    let (up, down) = (decay_per_sample(0.020).powi(64), decay_per_sample(0.250).powi(64));
    let mut state = 0.0_f32;
    let level: Vec<f32> = power
        .iter()
        .map(|&p| {
            state = p + (state - p) * if p > state { up } else { down };
            10.0 * state.max(1e-10).log10()
        })
        .collect();
    let mut sorted = level.clone();
    sorted.sort_by(f32::total_cmp);
    let Some(&loud) = sorted.get(sorted.len() * 9 / 10) else { return };
    let gain = |db: f32| 10_f32.powf(-(db - (loud - 4.0)).max(0.0) * 0.5 / 20.0);
    let mut curve = Vec::with_capacity(len + GRID);
    let mut from = level.first().map_or(1.0, |&db| gain(db));
    for &db in &level {
        let step = (gain(db) - from) / GRID as f32;
        curve.extend((1..=GRID).map(|n| from + step * n as f32));
        from += step * GRID as f32;
    }
    mix.apply_gain(&curve);
}

fn set_level(mix: &mut Stereo) {
    let measured = crate::loudness::measure_integrated(mix).0;
    let now = if measured.is_finite() {
        measured
    } else {
        // Too short for the gate: use the plain level, which is close to the loudness.
        let power = crate::dsp::mean_square(&mix.left) + crate::dsp::mean_square(&mix.right);
        if power < 1e-9 {
            return;
        }
        10.0 * power.log10()
    };
    mix.scale(10_f64.powf((LEVEL_LUFS - now) / 20.0) as f32);
    // Music of this kind has inter-sample peaks of at most 2 dB; only beds near the ceiling pay for the search.
    if crate::loudness::sample_peak(mix) > 0.8 * CEILING.amplitude() {
        limit(mix, CEILING);
    }
}

/// Returns a gain curve that dips on every kick and recovers within 200 ms.
fn pump_curve(pumps: &[usize], len: usize, depth_db: f32) -> Vec<f32> {
    const DOWN: usize = 480;
    const UP: usize = 9600;
    let floor = 10_f32.powf(-depth_db / 20.0);
    let mut curve = vec![1.0_f32; len];
    for &kick in pumps {
        let start = kick.saturating_sub(DOWN / 2);
        for (n, gain) in curve.iter_mut().skip(start).take(DOWN + UP).enumerate() {
            let share = if n < DOWN {
                n as f32 / DOWN as f32
            } else {
                let back = 1.0 - (n - DOWN) as f32 / UP as f32;
                back * back
            };
            *gain = gain.min(1.0 - (1.0 - floor) * share);
        }
    }
    curve
}

/// Applies tape wow: 0.4 Hz, 5 cents in both directions. A delay swinging by `d` seconds at `f` hertz bends the
/// pitch by `2 pi f d`, hence the 55 samples.
fn wobble(samples: &mut [f32], phase: f32) {
    const DEPTH: f32 = 55.0;
    // The longest delay is 112 samples and one for the slope.
    let mut past = [0.0_f32; 128];
    let turn = std::f64::consts::TAU * 0.4 / 48_000.0;
    let (step_cos, step_sin) = (turn.cos() as f32, turn.sin() as f32);
    let (mut re, mut im) = (phase.cos(), phase.sin());
    for (n, sample) in samples.iter_mut().enumerate() {
        past[n % past.len()] = *sample;
        (re, im) = (re * step_cos - im * step_sin, re * step_sin + im * step_cos);
        let delay = DEPTH + 2.0 + DEPTH * im;
        let whole = delay as usize;
        let part = delay - whole as f32;
        let get = |back: usize| n.checked_sub(back).map_or(0.0, |at| past[at % past.len()]);
        let (a, b) = (get(whole), get(whole + 1));
        *sample = a + (b - a) * part;
    }
}
