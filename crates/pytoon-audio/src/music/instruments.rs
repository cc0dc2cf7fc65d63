//! Plucked, struck and bass instruments. Each instrument renders one mono note with a peak near one. Except
//! for the bass, layer 0 is soft and layer 1 firm.

use std::f32::consts::TAU;
use std::sync::LazyLock;

use super::reverb::double;
use crate::biquad::Biquad;
use crate::dsp::decay_per_sample;
use pytoon_vocabulary::Rng;

const SINE_SIZE: usize = 4096;
static SINE: LazyLock<Vec<f32>> =
    LazyLock::new(|| (0..=SINE_SIZE).map(|n| (TAU * n as f32 / SINE_SIZE as f32).sin()).collect());

/// Returns the sine of `phase`, given in turns, from the table.
#[inline]
pub(super) fn sine(table: &[f32], phase: f32) -> f32 {
    let at = (phase - phase.floor()) * SINE_SIZE as f32;
    let index = (at as usize).min(SINE_SIZE - 1);
    table[index] + (table[index + 1] - table[index]) * (at - index as f32)
}

/// Returns the sine table, for callers with long loops.
pub(super) fn sine_table() -> &'static [f32] {
    &SINE
}

/// Synthesizes one note of a muted string: Karplus and Strong, "Digital synthesis of plucked-string and drum
/// timbres", CMJ 7(2), 1983, with the all-pass tuning of Jaffe and Smith in the same issue.
pub(super) fn pluck(hz: f32, layer: usize, rng: &mut Rng) -> Vec<f32> {
    let seconds = if layer == 0 { 0.7 } else { 0.9 };
    let period = 48_000.0 / hz;
    // The averaging filter delays by half a sample; the all-pass delays by the rest.
    let whole = (period - 0.6).floor().max(2.0);
    let rest = period - 0.5 - whole;
    let allpass = (1.0 - rest) / (1.0 + rest);
    let mut line: Vec<f32> = (0..whole as usize).map(|_| rng.bipolar()).collect();
    soften(&mut line, if layer == 0 { 0.75 } else { 0.55 });
    pick_position(&mut line);
    let ring = if layer == 0 { 0.30 } else { 0.42 };
    let loss = 10_f32.powf(-3.0 / (ring * 2.2 * hz));
    let (mut before, mut ap_in, mut ap_out) = (0.0_f32, 0.0_f32, 0.0_f32);
    let mut at = 0;
    let mut out: Vec<f32> = (0..(48_000.0 * seconds) as usize)
        .map(|_| {
            let now = line[at];
            let mean = loss * 0.5 * (now + before);
            before = now;
            ap_out = allpass * (mean - ap_out) + ap_in;
            ap_in = mean;
            line[at] = ap_out;
            at = if at + 1 == line.len() { 0 } else { at + 1 };
            now
        })
        .collect();
    Biquad::low_pass(if layer == 0 { 2200.0 } else { 3400.0 }, 0.6).process(&mut out);
    Biquad::high_pass(f64::from(hz) * 0.6, 0.707).process(&mut out);
    // A little wood resonance of the instrument's body.
    Biquad::peaking(210.0, 1.2, 3.0).process(&mut out);
    finish(out, 0.002)
}

fn soften(samples: &mut [f32], amount: f32) {
    for _ in 0..2 {
        let mut state = samples.last().copied().unwrap_or(0.0);
        for sample in samples.iter_mut() {
            state = *sample + (state - *sample) * amount;
            *sample = state;
        }
    }
    crate::dsp::remove_dc(samples);
}

/// Weakens every eighth partial, as plucking a string at an eighth of its length does.
fn pick_position(line: &mut [f32]) {
    let dry = line.to_vec();
    let shift = (dry.len() / 8).max(1);
    for (n, sample) in line.iter_mut().enumerate() {
        *sample -= 0.8 * dry[(n + dry.len() - shift) % dry.len()];
    }
}

const PARTIALS: usize = 8;

/// Synthesizes one note of a felt piano: eight slightly stretched partials on two detuned strings, with the thump of
/// the hammer. The lower the note, the darker and longer it is.
pub(super) fn piano(hz: f32, layer: usize, rng: &mut Rng) -> Vec<f32> {
    const STRETCH: f32 = 0.0004;
    let dark = if layer == 0 { 1300.0 } else { 2300.0 };
    let ring = (3.0 * (220.0 / hz).powf(0.45)).clamp(1.4, 4.2);
    // Felt has no energy above 7 kHz, so the strings run at half the rate.
    let len = (24_000.0 * (ring * 0.85).min(3.2)) as usize;
    let mut lanes = Partials::default();
    for lane in 0..2 * PARTIALS {
        let (k, string) = ((lane % PARTIALS + 1) as f32, lane / PARTIALS);
        let cents = if string == 0 { 0.0 } else { 1.1 + 0.5 * rng.bipolar() };
        let f = hz * k * (1.0 + STRETCH * k * k).sqrt() * 2_f32.powf(cents / 1200.0);
        if f > 7000.0 {
            continue;
        }
        let level =
            k.powf(-1.15) / (1.0 + (f / dark).powi(2)) * if string == 0 { 1.0 } else { 0.6 };
        let fall = ring / 6.9 / (1.0 + 0.55 * (k - 1.0)) * if string == 0 { 0.75 } else { 1.25 };
        lanes.set(lane, f, level, decay_per_sample(f64::from(fall) / 2.0), rng.unit());
    }
    let mut out = vec![0.0; len];
    lanes.add_to(&mut out);
    let mut out = double(&out, 2 * len);
    let attack = if layer == 0 { 420.0 } else { 240.0 };
    for (n, sample) in out.iter_mut().enumerate().take(attack as usize) {
        *sample *= 0.5 - 0.5 * (std::f32::consts::PI * n as f32 / attack).cos();
    }
    let mut thump: Vec<f32> =
        (0..2400).map(|n| rng.bipolar() * (-(n as f32) / 500.0).exp()).collect();
    Biquad::low_pass(420.0, 0.7).process(&mut thump);
    Biquad::high_pass(90.0, 0.7).process(&mut thump);
    crate::dsp::add_scaled(&mut out, &thump, if layer == 0 { 0.5 } else { 0.8 });
    finish(out, 0.12)
}

/// The partials of a note: decaying sine waves at 24 kHz, computed as rotating phasors, one per SIMD lane.
#[derive(Default)]
struct Partials {
    re: [f32; 2 * PARTIALS],
    im: [f32; 2 * PARTIALS],
    cos: [f32; 2 * PARTIALS],
    sin: [f32; 2 * PARTIALS],
}

impl Partials {
    fn set(&mut self, lane: usize, hz: f32, level: f32, keep: f32, turn: f32) {
        let w = f64::from(hz) * std::f64::consts::TAU / 24_000.0;
        // Partials start near the zero crossing, like a struck string.
        let phase = f64::from(turn) * 0.6;
        self.re[lane] = level * phase.cos() as f32;
        self.im[lane] = level * phase.sin() as f32;
        self.cos[lane] = (f64::from(keep) * w.cos()) as f32;
        self.sin[lane] = (f64::from(keep) * w.sin()) as f32;
    }

    fn add_to(&mut self, out: &mut [f32]) {
        // Half of the lanes at a time: their state then fits the registers of the smallest supported vector unit.
        for half in [0, PARTIALS] {
            let part = |all: &[f32; 2 * PARTIALS]| -> [f32; PARTIALS] {
                std::array::from_fn(|lane| all[half + lane])
            };
            let (mut re, mut im) = (part(&self.re), part(&self.im));
            let (cos, sin) = (part(&self.cos), part(&self.sin));
            for sample in out.iter_mut() {
                for lane in 0..PARTIALS {
                    let next = re[lane] * cos[lane] - im[lane] * sin[lane];
                    im[lane] = re[lane] * sin[lane] + im[lane] * cos[lane];
                    re[lane] = next;
                }
                let four: [f32; 4] = std::array::from_fn(|lane| im[lane] + im[lane + 4]);
                *sample += (four[0] + four[1]) + (four[2] + four[3]);
            }
        }
    }
}

/// Synthesizes one note of an electric piano: two-operator FM at 1:1 (Chowning, JAES 21, 1973) with an index that
/// falls from 1.5 (0.9 in layer 0) to 0.3, and a short tine on top.
pub(super) fn rhodes(hz: f32, layer: usize, rng: &mut Rng) -> Vec<f32> {
    let table = sine_table();
    // At this index nothing reaches 7 kHz, so half the rate is enough.
    let len = 24_000 * 34 / 10;
    let keep = |seconds: f64| decay_per_sample(seconds / 2.0);
    let start = if layer == 0 { 0.9 } else { 1.5 };
    let index_keep = keep(0.35);
    let amp_keep = keep(f64::from((1.05 * (260.0 / hz).powf(0.3)).clamp(0.6, 1.5)));
    let tine_keep = keep(0.06);
    let step = hz / 24_000.0;
    let tine_step = step * 7.02;
    let tine_level = if tine_step < 0.16 { 0.10 + 0.08 * layer as f32 } else { 0.0 };
    let mut index = start - 0.3;
    let (mut amp, mut tine) = (1.0_f32, tine_level);
    let mut phase = rng.unit();
    let mut tine_phase = 0.0_f32;
    let half: Vec<f32> = (0..len)
        .map(|_| {
            phase += step;
            phase -= phase.floor();
            tine_phase += tine_step;
            tine_phase -= tine_phase.floor();
            let modulator = sine(table, phase) * (index + 0.3) / TAU;
            let value = amp * sine(table, phase + modulator) + tine * sine(table, tine_phase);
            index *= index_keep;
            amp *= amp_keep;
            tine *= tine_keep;
            value
        })
        .collect();
    let mut out = double(&half, 2 * len);
    fade_in(&mut out, 160);
    finish(out, 0.15)
}

/// Synthesizes one note of a sub bass: a sine with enough second and third harmonic to be audible on a phone. `layer`
/// is the length in eighths of a second.
pub(super) fn sub(hz: f32, layer: usize, _: &mut Rng) -> Vec<f32> {
    let table = sine_table();
    let len = 6000 * layer.max(1) + 2400;
    let keep = decay_per_sample(1.6);
    let step = hz / 48_000.0;
    let (mut phase, mut amp) = (0.0_f32, 1.0_f32);
    let mut out: Vec<f32> = (0..len)
        .map(|_| {
            phase += step;
            phase -= phase.floor();
            amp *= keep;
            let fundamental = sine(table, phase);
            // The harmonics of a gentle curve stay far below half the sample rate, so no oversampling is needed here.
            let driven = 1.3 * fundamental + 0.18 * sine(table, 2.0 * phase);
            amp * (driven - driven * driven * driven * 0.12 + 0.07 * sine(table, 3.0 * phase))
        })
        .collect();
    fade_in(&mut out, 380);
    finish(out, 0.05)
}

pub(super) fn fade_in(samples: &mut [f32], len: usize) {
    for (n, sample) in samples.iter_mut().enumerate().take(len) {
        *sample *= n as f32 / len as f32;
    }
}

/// Fades the end of a note over `seconds`, limited to 5 to 500 ms, and scales the peak to one.
pub(super) fn finish(mut note: Vec<f32>, seconds: f32) -> Vec<f32> {
    let tail = ((48_000.0 * seconds) as usize).clamp(240, 24_000).min(note.len());
    for (n, sample) in note.iter_mut().rev().enumerate().take(tail) {
        *sample *= n as f32 / tail as f32;
    }
    let peak = crate::dsp::peak(&note).max(1e-6);
    note.iter_mut().for_each(|s| *s /= peak);
    note
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dsp::dot;

    /// Returns the period of a note near `guess`, in samples, by autocorrelation.
    fn period(note: &[f32], guess: usize) -> f64 {
        let window = &note[4000..14_000];
        let score = |lag: usize| f64::from(dot(window, &note[4000 + lag..14_000 + lag]));
        let best = (guess - 12..guess + 12).max_by(|&a, &b| score(a).total_cmp(&score(b))).unwrap();
        let (a, b, c) = (score(best - 1), score(best), score(best + 1));
        best as f64 + 0.5 * (a - c) / (a - 2.0 * b + c)
    }

    #[test]
    fn instruments_are_in_tune() {
        let mut rng = crate::dsp::rng(4);
        for hz in [110.0_f32, 196.0, 293.66, 440.0] {
            for (name, render) in [
                ("pluck", pluck as fn(f32, usize, &mut Rng) -> Vec<f32>),
                ("piano", piano),
                ("rhodes", rhodes),
                ("sub", sub),
            ] {
                let note = render(hz, if name == "sub" { 5 } else { 1 }, &mut rng);
                let guess = (48_000.0 / hz).round() as usize;
                let cents = 1200.0 * (48_000.0 / f64::from(hz) / period(&note, guess)).log2();
                assert!(cents.abs() < 8.0, "{name} at {hz}: {cents} cents");
                assert!(crate::dsp::peak(&note) <= 1.001);
                assert!(note.last().unwrap().abs() < 1e-3);
            }
        }
    }
}
