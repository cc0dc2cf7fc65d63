//! A small stereo room: a feedback delay network of eight lines (Jot and
//! Chaigne, AES 90th convention, 1991) behind two diffusing all-passes.
//!
//! It runs at 24 kHz, since its output is below 7 kHz anyway and this halves the cost. Slow modulation of the read
//! positions prevents ringing.

use crate::Stereo;

const LINES: usize = 8;
const SIZE: usize = 2048;
const LENGTHS: [usize; LINES] = [907, 1031, 1163, 1283, 1409, 1543, 1693, 1867];
const DIFFUSERS: [[usize; 2]; 2] = [[142, 379], [157, 337]];
const PRE_DELAY: usize = 432;

/// Adds the reverberation of `send`, at full level, to `mix`.
pub(super) fn add_room(mix: &mut Stereo, send: Stereo, seconds: f32) {
    let (left, right) = (halve(&send.left), halve(&send.right));
    drop(send);
    let mut room = Room::new(seconds);
    let mut wet = (vec![0.0; left.len()], vec![0.0; left.len()]);
    for n in PRE_DELAY..left.len() {
        let (l, r) = room.tick(left[n - PRE_DELAY], right[n - PRE_DELAY], n);
        wet.0[n] = l;
        wet.1[n] = r;
    }
    add_doubled(&mut mix.left, &wet.0);
    add_doubled(&mut mix.right, &wet.1);
}

struct Room {
    lines: Box<[[f32; SIZE]; LINES]>,
    gains: [f32; LINES],
    damped: [f32; LINES],
    mod_cos: f32,
    mod_sin: f32,
    diffusers: [[AllPass; 2]; 2],
}

impl Room {
    fn new(seconds: f32) -> Self {
        Self {
            lines: Box::new([[0.0; SIZE]; LINES]),
            gains: LENGTHS.map(|len| 10_f32.powf(-3.0 * len as f32 / (seconds * 24_000.0))),
            damped: [0.0; LINES],
            mod_cos: 1.0,
            mod_sin: 0.0,
            diffusers: DIFFUSERS.map(|pair| pair.map(AllPass::new)),
        }
    }

    #[inline]
    fn tick(&mut self, left: f32, right: f32, now: usize) -> (f32, f32) {
        // High frequencies decay first: a one-pole around 3.5 kHz in each line.
        const DAMPING: f32 = 0.42;
        // A slow rotation (0.5 Hz) gives two modulators in quadrature.
        const TURN: f32 = std::f32::consts::TAU * 0.5 / 24_000.0;
        self.mod_cos -= TURN * self.mod_sin;
        self.mod_sin += TURN * self.mod_cos;
        let mut x = [0.0_f32; LINES];
        let state = self.lines.iter().zip(&self.gains).zip(&mut self.damped);
        for ((line, tap), ((delay, &gain), damped)) in x.iter_mut().enumerate().zip(state) {
            let shift = match line % 4 {
                0 => 6.0 + 5.0 * self.mod_sin,
                2 => 6.0 + 5.0 * self.mod_cos,
                _ => 0.0,
            };
            let whole = shift as usize;
            let part = shift - whole as f32;
            let at = now.wrapping_sub(LENGTHS[line] + whole);
            let (a, b) = (delay[at & (SIZE - 1)], delay[at.wrapping_sub(1) & (SIZE - 1)]);
            let value = (a + (b - a) * part) * gain;
            *damped = value + (*damped - value) * DAMPING;
            *tap = *damped;
        }
        let out = (x[0] - x[2] + x[4] - x[6], x[1] - x[3] + x[5] - x[7]);
        hadamard(&mut x);
        let [on_left, on_right] = &mut self.diffusers;
        let l = on_left.iter_mut().fold(left, |signal, stage| stage.tick(signal, now));
        let r = on_right.iter_mut().fold(right, |signal, stage| stage.tick(signal, now));
        for (line, (delay, value)) in self.lines.iter_mut().zip(x).enumerate() {
            delay[now & (SIZE - 1)] = value + if line % 2 == 0 { l } else { r };
        }
        out
    }
}

/// A Schroeder all-pass ("Natural sounding artificial reverberation", JAES 10, 1962).
struct AllPass {
    line: [f32; 512],
    delay: usize,
}

impl AllPass {
    fn new(delay: usize) -> Self {
        Self { line: [0.0; 512], delay }
    }

    #[inline]
    fn tick(&mut self, x: f32, now: usize) -> f32 {
        const GAIN: f32 = 0.62;
        let old = self.line[now.wrapping_sub(self.delay) & 511];
        let inner = x + GAIN * old;
        self.line[now & 511] = inner;
        old - GAIN * inner
    }
}

/// Mixes the lines orthogonally with the fast Walsh-Hadamard transform.
#[inline]
fn hadamard(x: &mut [f32; LINES]) {
    for half in [1, 2, 4] {
        for base in (0..LINES).step_by(2 * half) {
            for n in base..base + half {
                (x[n], x[n + half]) = (x[n] + x[n + half], x[n] - x[n + half]);
            }
        }
    }
    let scale = 1.0 / (LINES as f32).sqrt();
    x.iter_mut().for_each(|value| *value *= scale);
}

/// Applies a five-tap low-pass and returns every second sample.
fn halve(samples: &[f32]) -> Vec<f32> {
    let get = |n: usize| samples.get(n).copied().unwrap_or(0.0);
    (0..samples.len() / 2)
        .map(|n| {
            let at = 2 * n;
            let edge = get(at.wrapping_sub(2)) + get(at + 2);
            let side = get(at.wrapping_sub(1)) + get(at + 1);
            0.0625 * edge + 0.25 * side + 0.375 * get(at)
        })
        .collect()
}

/// Converts samples at 24 kHz to `len` samples at 48 kHz. Linear interpolation is enough for dark sounds: its images
/// above 12 kHz are 40 dB down and decrease with the pitch.
pub(super) fn double(samples: &[f32], len: usize) -> Vec<f32> {
    let mut out = vec![0.0; len];
    add_doubled(&mut out, samples);
    out
}

fn add_doubled(out: &mut [f32], samples: &[f32]) {
    let mut before = 0.0_f32;
    let mut pairs = out.chunks_mut(2);
    for (pair, &now) in pairs.by_ref().zip(samples) {
        pair[0] += 0.5 * (before + now);
        if let Some(second) = pair.get_mut(1) {
            *second += now;
        }
        before = now;
    }
    for value in pairs.flatten() {
        *value += before;
    }
}
