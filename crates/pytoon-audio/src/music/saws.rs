//! Pads, strings and stabs from detuned saws behind a moving filter.
//!
//! Waves come from tables with so few harmonics that none reaches half the sample rate. The three saws of a note are
//! panned left, centre and right.

use std::collections::BTreeMap;
use std::f32::consts::{PI, TAU};

use super::theory::hz;
use crate::Stereo;
use pytoon_vocabulary::Rng;

const SIZE: usize = 2048;
const SIZE_BITS: u32 = 11;
/// The interval at which the filter's coefficients are updated, in samples.
const STEP: usize = 48;

/// The sound settings of a saw chord.
#[derive(Debug, Clone, Copy)]
pub(super) struct Shape {
    pub(super) attack: f32,
    pub(super) release: f32,
    /// The detuning of the outer saws, in cents.
    pub(super) cents: f32,
    /// The filter corner at the start, at its peak and at the end.
    pub(super) cutoff: [f32; 3],
    /// The position of the filter's peak, as a fraction of the held length.
    pub(super) height_at: f32,
    /// The time in which the level halves, in seconds; zero sustains.
    pub(super) fall: f32,
}

/// The cached chords of one sound.
pub(super) struct SawBank {
    shape: Shape,
    chords: BTreeMap<(Vec<i32>, usize), Stereo>,
    tables: BTreeMap<i32, Vec<f32>>,
    rng: Rng,
}

impl SawBank {
    pub(super) fn new(shape: Shape, rng: &Rng) -> Self {
        Self { shape, chords: BTreeMap::new(), tables: BTreeMap::new(), rng: rng.fork(0x5A5) }
    }

    /// Returns the chord `notes`, held for `len` samples and then released. Renders it on the first call and caches
    /// it.
    pub(super) fn get(&mut self, notes: &[i32], len: usize) -> &Stereo {
        let Self { shape, chords, tables, rng } = self;
        chords
            .entry((notes.to_vec(), len))
            .or_insert_with(|| render(notes, len, shape, tables, rng))
    }
}

fn render(
    notes: &[i32],
    len: usize,
    shape: &Shape,
    tables: &mut BTreeMap<i32, Vec<f32>>,
    rng: &mut Rng,
) -> Stereo {
    let total = len + (shape.release * 48_000.0) as usize;
    let mut out = Stereo::silence(total);
    let level = 0.6 / (notes.len() as f32).sqrt();
    let brightest = shape.cutoff.iter().copied().fold(0.0, f32::max);
    for &note in notes {
        // Harmonics far above the filter would only cost time; the top of the note's half octave sets their
        // number.
        let octave = note.div_euclid(6);
        let table = tables.entry(octave).or_insert_with(|| saw(octave, brightest));
        for (place, gains) in [(-1.0, (0.9, 0.25)), (0.0, (0.55, 0.55)), (1.0, (0.25, 0.9))] {
            let drift = 1.0 + 0.25 * rng.bipolar();
            let f = hz(note) * 2_f32.powf(place * shape.cents * drift / 1200.0);
            let mut phase = (rng.next_u64() >> 32) as u32;
            let step = (f64::from(f) / 48_000.0 * 4_294_967_296.0) as u32;
            let (left, right) = (gains.0 * level, gains.1 * level);
            for (l, r) in out.left.iter_mut().zip(&mut out.right) {
                let index = (phase >> (32 - SIZE_BITS)) as usize;
                let part = (phase & ((1 << (32 - SIZE_BITS)) - 1)) as f32
                    * (1.0 / (1_u32 << (32 - SIZE_BITS)) as f32);
                let low = table[index & (SIZE - 1)];
                let value = low + (table[(index + 1) & (SIZE - 1)] - low) * part;
                *l += value * left;
                *r += value * right;
                phase = phase.wrapping_add(step);
            }
        }
    }
    for channel in [&mut out.left, &mut out.right] {
        filter(channel, shape, len);
    }
    out
}

fn saw(octave: i32, brightest: f32) -> Vec<f32> {
    let top = hz(octave * 6 + 6);
    let harmonics = ((brightest * 5.0).min(15_000.0) / top).clamp(4.0, 120.0) as usize;
    let mut table = vec![0.0_f32; SIZE];
    for k in 1..=harmonics {
        // Lanczos factors reduce the ripple from the truncated series.
        let x = PI * k as f32 / (harmonics + 1) as f32;
        let amp = (x.sin() / x) / k as f32 * 0.64;
        let w = TAU * k as f32 / SIZE as f32;
        let (cos, sin) = (w.cos(), w.sin());
        let (mut re, mut im) = (1.0_f32, 0.0_f32);
        for value in &mut table {
            *value += amp * im;
            (re, im) = (re * cos - im * sin, re * sin + im * cos);
        }
    }
    table
}

/// Applies the moving low-pass and the envelope. The low-pass is a filter of 12 dB per octave in Zavalishin's
/// topology-preserving form ("The art of VA filter design"), which may be modulated freely. A one-pole filter follows
/// it.
fn filter(samples: &mut [f32], shape: &Shape, len: usize) {
    let total = samples.len();
    let attack = (shape.attack * 48_000.0).max(96.0);
    let release = (total - len).max(1) as f32;
    let (mut s1, mut s2, mut one) = (0.0_f32, 0.0_f32, 0.0_f32);
    let mut gain_before = 0.0_f32;
    for (index, chunk) in samples.chunks_mut(STEP).enumerate() {
        let now = index * STEP;
        let hz = cutoff(shape, now as f32 / len.max(1) as f32);
        let g = (PI * hz / 48_000.0).tan();
        let k = 1.25;
        let scale = 1.0 / (1.0 + g * (g + k));
        let soft = 1.0 - (-TAU * hz * 1.6 / 48_000.0).exp();
        let at = (now + STEP) as f32;
        let rise = if at < attack { 0.5 - 0.5 * (PI * at / attack).cos() } else { 1.0 };
        let out = ((at - len as f32) / release).clamp(0.0, 1.0);
        let fall = if shape.fall > 0.0 { (-at / 48_000.0 / shape.fall * 0.693).exp() } else { 1.0 };
        let gain = rise * fall * (0.5 + 0.5 * (PI * out).cos());
        let gain_step = (gain - gain_before) / STEP as f32;
        for (n, sample) in chunk.iter_mut().enumerate() {
            let high = (*sample - (g + k) * s1 - s2) * scale;
            let band = g * high + s1;
            s1 = g * high + band;
            let low = g * band + s2;
            s2 = g * band + low;
            one += soft * (low - one);
            *sample = one * (gain_before + gain_step * (n + 1) as f32);
        }
        gain_before = gain;
    }
}

fn cutoff(shape: &Shape, share: f32) -> f32 {
    let [start, height, end] = shape.cutoff;
    let (from, to, t) = if share < shape.height_at {
        (start, height, share / shape.height_at)
    } else {
        (height, end, ((share - shape.height_at) / (1.0 - shape.height_at)).min(1.0))
    };
    from * (to / from).powf(0.5 - 0.5 * (PI * t).cos())
}
