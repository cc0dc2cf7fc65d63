//! The lofi mood: swung electric piano over a dusty kit, sub and record noise.

use super::drums;
use super::instruments::{pluck, rhodes, sub};
use super::melody::{self, SPARSE};
use super::plan::Sound;
use super::plan::{Bar, Role, Song, Style};
use super::studio::{Bank, Bus, Studio, Touch};
use super::theory::{Chord, DOM13, MAJ9, MAJOR, MIN7, MIN9};
use crate::biquad::Biquad;
use pytoon_vocabulary::Rng;

const II: Chord = Chord { root: 2, upper: MIN9 };
const III: Chord = Chord { root: 4, upper: MIN7 };
const IV: Chord = Chord { root: 5, upper: MAJ9 };
const V: Chord = Chord { root: 7, upper: DOM13 };
const I: Chord = Chord { root: 0, upper: MAJ9 };
const VI: Chord = Chord { root: 9, upper: MIN7 };

/// Chord hits, written as (beat, held beats, strength).
const COMPS: [&[(f64, f64, f32)]; 4] = [
    &[(0.0, 1.4, 1.0), (1.5, 2.2, 0.75)],
    &[(0.0, 2.4, 1.0), (2.5, 0.5, 0.55), (3.5, 0.5, 0.6)],
    &[(0.5, 1.3, 0.9), (2.0, 1.8, 0.8)],
    &[(0.0, 0.9, 1.0), (1.0, 1.3, 0.6), (2.5, 1.4, 0.8)],
];
const KICKS: [&[f64]; 4] = [&[0.0, 2.5], &[0.0, 1.5, 2.5], &[0.0, 0.5, 2.5], &[0.0, 2.0, 3.5]];

pub(super) fn style(rng: &mut Rng) -> Style {
    let progressions =
        [vec![II, V, I, VI], vec![IV, III, II, I], vec![I, VI, II, V], vec![IV, V, III, VI]];
    Style {
        bpm: (72.0, 84.0),
        swing: f64::from(rng.range(0.56, 0.60)),
        key: *rng.pick(&[3, 5, 8, 1, 10, 0]),
        scale: MAJOR,
        chords: rng.pick(&progressions).clone(),
        home: I,
        sound: Sound {
            keys: 0.42,
            pads: 0.5,
            drums: 0.5,
            bass: 0.42,
            sends: [0.16, 0.0, 0.10],
            room_seconds: 1.2,
            pump_db: 2.5,
            low_pass: Some(7000.0),
            wow: true,
        },
    }
}

pub(super) fn play(song: &Song, studio: &mut Studio, rng: &mut Rng) {
    let mut band = Band {
        rhodes: Bank::new(rhodes, rng),
        pluck: Bank::new(pluck, rng),
        sub: Bank::new(sub, rng),
        kick: Bank::new(drums::kick, rng),
        snare: Bank::new(drums::snare, rng),
        hat: Bank::new(drums::hat, rng),
    };
    for bar in &song.bars {
        band.chords(studio, bar, rng);
        band.bass(studio, bar);
        band.kit(studio, bar, rng);
    }
    let tune = melody::compose(song, SPARSE, &mut rng.fork(8), |bar| {
        (bar.full() && bar.block % 2 == 1) || matches!(bar.role, Role::Final | Role::Break)
    });
    for note in tune {
        let voiced = song.bars.get((note.beat / 4.0) as usize).is_some_and(|b| b.voiced);
        let gain = 0.62 * note.strength * if voiced { 0.55 } else { 1.0 };
        let touch = Touch::new(note.beat, gain).pan(0.25).late(8.0);
        studio.play(Bus::Keys, band.pluck.get(note.midi, 0), touch);
        studio.play(Bus::Keys, band.rhodes.get(note.midi, 0), Touch { gain: gain * 0.35, ..touch });
    }
    open_filter(song, studio);
    record_noise(studio, rng);
}

struct Band {
    rhodes: Bank,
    pluck: Bank,
    sub: Bank,
    kick: Bank,
    snare: Bank,
    hat: Bank,
}

impl Band {
    fn chords(&mut self, studio: &mut Studio, bar: &Bar, rng: &mut Rng) {
        let hits: &[(f64, f64, f32)] = match bar.role {
            Role::End => &[(0.0, 3.8, 1.0)],
            Role::Drop => &[(0.0, 2.5, 1.0), (2.5, 1.4, 0.6)],
            _ => COMPS[bar.variant],
        };
        for (index, &(beat, length, strength)) in hits.iter().enumerate() {
            for (n, &midi) in bar.chord.upper.iter().enumerate() {
                // Fingers do not play exactly together.
                let spread = f64::from(n as u32) * 7.0 + f64::from(rng.range(0.0, 4.0));
                let layer = usize::from(strength > 0.9 && bar.energy() > 0.6);
                let touch = Touch::new(bar.beat + beat, 0.34 * strength)
                    .pan(0.18 * n as f32 - 0.27)
                    .hold(length)
                    .late(spread + if index > 0 { 6.0 } else { 2.0 });
                studio.play(Bus::Keys, self.rhodes.get(midi, layer), touch);
            }
        }
        if bar.fill {
            let touch = Touch::new(bar.beat + 3.5, 0.3).pan(0.3);
            studio.play(Bus::Keys, self.rhodes.get(bar.chord.note(4), 0), touch);
        }
    }

    fn bass(&mut self, studio: &mut Studio, bar: &Bar) {
        if bar.role == Role::Intro {
            return;
        }
        let root = bar.chord.bass;
        let line: &[(f64, f64, i32)] = match (bar.role, bar.variant % 3) {
            (Role::End | Role::Drop, _) => &[(0.0, 3.5, 0)],
            (_, 0) => &[(0.0, 2.2, 0), (2.5, 1.2, 0)],
            (_, 1) => &[(0.0, 1.3, 0), (1.5, 0.9, 0), (2.5, 0.9, 7), (3.5, 0.5, 12)],
            _ => &[(0.0, 1.8, 0), (2.0, 0.5, 7), (2.5, 1.3, 0)],
        };
        for &(beat, length, above) in line {
            let eighths = (studio.grid.span(length) / 6000).max(1);
            let touch = Touch::new(bar.beat + beat, 0.85).hold(length).late(4.0);
            studio.play(Bus::Bass, self.sub.get(root + above, eighths), touch);
        }
    }

    fn kit(&mut self, studio: &mut Studio, bar: &Bar, rng: &mut Rng) {
        if matches!(bar.role, Role::End | Role::Drop) {
            studio.play(Bus::Drums, self.kick.get(60, 0), Touch::new(bar.beat, 0.8));
            return;
        }
        if bar.role != Role::Intro {
            for &beat in KICKS[bar.variant] {
                studio.pump(bar.beat + beat);
                let touch = Touch::new(bar.beat + beat, 0.85);
                studio.play(Bus::Drums, self.kick.get(60, 0), touch);
            }
            for beat in [1.0, 3.0] {
                let gain = if bar.role == Role::Break { 0.25 } else { 0.5 };
                let touch = Touch::new(bar.beat + beat, gain).late(7.0);
                studio.play(Bus::Drums, self.snare.get(60, rng.index(4)), touch);
            }
            if bar.fill {
                for (beat, gain) in [(3.5, 0.22), (3.75, 0.34)] {
                    let touch = Touch::new(bar.beat + beat, gain).late(5.0);
                    studio.play(Bus::Drums, self.snare.get(60, rng.index(4)), touch);
                }
            }
        }
        for step in 0..8 {
            if bar.role == Role::Break && step % 2 == 0 {
                continue;
            }
            let accent = if step % 2 == 0 { 0.2 } else { 0.13 };
            let gain = accent * if bar.role == Role::Intro { 0.7 } else { 1.0 };
            let touch = Touch::new(bar.beat + 0.5 * f64::from(step), gain).pan(0.3).late(3.0);
            studio.play(Bus::Drums, self.hat.get(60, rng.index(4)), touch);
            if bar.block % 2 == 1 && step == 5 {
                let ghost = Touch::new(bar.beat + 2.75, 0.09).pan(0.3);
                studio.play(Bus::Drums, self.hat.get(60, rng.index(4)), ghost);
            }
        }
    }
}

/// Opens a low-pass on the keys over the first eight bars, or over the first half of a shorter piece.
fn open_filter(song: &Song, studio: &mut Studio) {
    let span = studio.grid.span(4.0).max(1);
    for channel in [&mut studio.keys.left, &mut studio.keys.right] {
        for (index, chunk) in channel.chunks_mut(span / 16 + 1).enumerate() {
            let bars = index as f64 / 16.0;
            let share = (bars / 8.0_f64.min(song.bars.len() as f64 / 2.0).max(1.0)).min(1.0);
            if share >= 1.0 {
                break;
            }
            one_pole(chunk, 900.0 * 6.0_f64.powf(share));
        }
    }
}

/// Applies a low-pass to one chunk. A filter that starts each chunk from zero would click, so it starts from the
/// first sample of the chunk.
fn one_pole(chunk: &mut [f32], hz: f64) {
    let Some(&first) = chunk.first() else { return };
    let follow = 1.0 - (-std::f64::consts::TAU * hz / 48_000.0).exp() as f32;
    let mut state = first;
    for sample in chunk {
        state += follow * (*sample - state);
        *sample = state;
    }
}

/// Adds quiet record noise to the pads.
fn record_noise(studio: &mut Studio, rng: &mut Rng) {
    let len = studio.pads.len();
    for channel in [&mut studio.pads.left, &mut studio.pads.right] {
        let mut noise = drums::vinyl(len, rng);
        Biquad::high_pass(180.0, 0.707).process(&mut noise);
        crate::dsp::add_scaled(channel, &noise, 0.02);
    }
}
