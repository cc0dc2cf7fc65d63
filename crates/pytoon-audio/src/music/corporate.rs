//! The upbeat corporate mood: muted plucks in straight eighths, soft piano, sub, claps.

use super::drums;
use super::instruments::{piano, pluck, sub};
use super::melody::{self, FLOWING};
use super::plan::Sound;
use super::plan::{Bar, Role, Song, Style};
use super::saws::{SawBank, Shape};
use super::studio::{Bank, Bus, Studio, Touch};
use super::theory::{ADD9, Chord, MAJOR, MIN7, SUS2};
use pytoon_vocabulary::Rng;

const I: Chord = Chord { root: 0, upper: ADD9 };
const IV: Chord = Chord { root: 5, upper: ADD9 };
const V: Chord = Chord { root: 7, upper: ADD9 };
const VI: Chord = Chord { root: 9, upper: MIN7 };
const V_SUS: Chord = Chord { root: 7, upper: SUS2 };

/// The index of the upper voice that each eighth plays; `None` is a rest.
const PATTERNS: [[Option<usize>; 8]; 4] = [
    [Some(0), Some(2), Some(1), Some(3), Some(2), Some(1), Some(3), Some(1)],
    [Some(0), None, Some(3), Some(1), None, Some(2), Some(1), Some(3)],
    [Some(3), Some(1), Some(2), Some(0), Some(3), None, Some(2), Some(1)],
    [Some(1), Some(3), None, Some(2), Some(4), Some(1), None, Some(3)],
];
const BASS: [&[(f64, f64)]; 4] = [
    &[(0.0, 1.4), (1.5, 0.4), (2.0, 1.4), (3.5, 0.5)],
    &[(0.0, 2.4), (2.5, 0.4), (3.0, 0.9)],
    &[(0.0, 0.9), (1.0, 0.4), (1.5, 1.0), (3.0, 0.9)],
    &[(0.0, 1.4), (1.5, 1.0), (3.0, 0.4), (3.5, 0.5)],
];

pub(super) fn style(rng: &mut Rng) -> Style {
    let progressions =
        [vec![I, V, VI, IV], vec![I, VI, IV, V], vec![VI, IV, I, V], vec![I, IV, VI, V_SUS]];
    Style {
        bpm: (108.0, 118.0),
        swing: 0.5,
        key: *rng.pick(&[2, 4, 3, 0, 5]),
        scale: MAJOR,
        chords: rng.pick(&progressions).clone(),
        home: I,
        sound: Sound {
            keys: 0.5,
            pads: 0.30,
            drums: 0.46,
            bass: 0.40,
            sends: [0.16, 0.25, 0.08],
            room_seconds: 1.3,
            pump_db: 1.5,
            low_pass: None,
            wow: false,
        },
    }
}

pub(super) fn play(song: &Song, studio: &mut Studio, rng: &mut Rng) {
    let mut band = Band::new(rng);
    for bar in &song.bars {
        band.plucks(studio, bar, rng);
        band.chords(studio, bar);
        if bar.role != Role::Intro && bar.role != Role::Drop {
            band.bass(studio, bar);
        }
        band.percussion(studio, bar, rng);
    }
    // The tune plays in every second block, and softly under speech.
    let tune = melody::compose(song, FLOWING, &mut rng.fork(5), |bar| {
        bar.full() && (bar.block % 2 == 1 || bar.role == Role::Final)
    });
    for note in tune {
        let voiced = song.bars.get((note.beat / 4.0) as usize).is_some_and(|b| b.voiced);
        let gain = 0.5 * note.strength * if voiced { 0.55 } else { 1.0 };
        let touch = Touch::new(note.beat, gain).pan(0.15).hold(note.length + 0.3);
        studio.play(Bus::Keys, band.piano.get(note.midi, 1), touch);
    }
}

struct Band {
    pluck: Bank,
    piano: Bank,
    sub: Bank,
    pad: SawBank,
    kick: Bank,
    clap: Bank,
    shaker: Bank,
    hat: Bank,
}

impl Band {
    fn new(rng: &Rng) -> Self {
        let pad = Shape {
            attack: 0.35,
            release: 0.6,
            cents: 7.0,
            cutoff: [500.0, 1300.0, 650.0],
            height_at: 0.55,
            fall: 0.0,
        };
        Self {
            pluck: Bank::new(pluck, rng),
            piano: Bank::new(piano, rng),
            sub: Bank::new(sub, rng),
            pad: SawBank::new(pad, rng),
            kick: Bank::new(drums::kick, rng),
            clap: Bank::new(drums::clap, rng),
            shaker: Bank::new(drums::shaker, rng),
            hat: Bank::new(drums::hat, rng),
        }
    }

    fn plucks(&mut self, studio: &mut Studio, bar: &Bar, rng: &mut Rng) {
        if bar.role == Role::End {
            // A slow strum closes the piece.
            for (n, &midi) in bar.chord.upper.iter().enumerate() {
                let touch = Touch::new(bar.beat, 0.8).late(18.0 * n as f64);
                studio.play(Bus::Keys, self.pluck.get(midi, 1), touch.pan(0.2 * n as f32 - 0.3));
            }
            return;
        }
        let pattern = &PATTERNS[bar.variant];
        for (eighth, voice) in pattern.iter().enumerate() {
            let Some(voice) = *voice else { continue };
            if bar.role == Role::Break && eighth % 2 == 1 {
                continue;
            }
            // The last bar of a block turns upwards.
            let voice = if bar.fill && eighth >= 6 { voice + 2 } else { voice };
            let accent = if eighth % 4 == 0 { 1.0 } else { 0.72 + 0.12 * (eighth % 2) as f32 };
            let layer = usize::from(accent > 0.9 || bar.role == Role::Final);
            let beat = bar.beat + 0.5 * eighth as f64;
            let pan = if eighth % 2 == 0 { -0.35 } else { 0.35 };
            let gain = 0.75 * accent * (0.8 + 0.2 * bar.energy());
            let midi = bar.chord.note(voice);
            studio.play(Bus::Keys, self.pluck.get(midi, layer), Touch::new(beat, gain).pan(pan));
            // A quieter echo three eighths later fills the other side.
            if rng.chance(0.35) && bar.full() {
                let echo = Touch::new(beat + 1.5, 0.22 * accent).pan(-pan * 1.6);
                studio.play(Bus::Keys, self.pluck.get(midi, 0), echo);
            }
        }
    }

    fn chords(&mut self, studio: &mut Studio, bar: &Bar) {
        let hits: &[f64] = match (bar.role, bar.variant % 2) {
            (Role::Intro | Role::Break | Role::Drop | Role::End, _) => &[0.0],
            (_, 0) => &[0.0, 2.5],
            _ => &[0.0, 1.5, 3.0],
        };
        for (hit, &beat) in hits.iter().enumerate() {
            for (n, &midi) in bar.chord.upper.iter().enumerate() {
                let gain = (if hit == 0 { 0.34 } else { 0.22 }) * (0.7 + 0.4 * bar.energy());
                let touch = Touch::new(bar.beat + beat, gain).late(4.0 * n as f64);
                let pan = 0.16 * n as f32 - 0.25;
                studio.play(
                    Bus::Keys,
                    self.piano.get(midi, 0),
                    touch.pan(pan).hold(if hits.len() == 1 { 4.0 } else { 2.2 }),
                );
            }
        }
        let len = studio.grid.span(4.0);
        let gain = match bar.role {
            Role::Intro => 0.6,
            _ if bar.full() => 0.75,
            _ => 0.95,
        };
        studio.play_stereo(Bus::Pads, self.pad.get(&bar.chord.upper, len), bar.beat, gain);
    }

    fn bass(&mut self, studio: &mut Studio, bar: &Bar) {
        let pattern = if bar.role == Role::End { &[(0.0, 3.5)] } else { BASS[bar.variant] };
        for &(beat, length) in pattern {
            let lift = if bar.fill && beat >= 3.0 { 7 } else { 0 };
            let eighths = (studio.grid.span(length) / 6000).max(1);
            let note = self.sub.get(bar.chord.bass + lift, eighths);
            studio.play(Bus::Bass, note, Touch::new(bar.beat + beat, 0.85).hold(length));
        }
    }

    fn percussion(&mut self, studio: &mut Studio, bar: &Bar, rng: &mut Rng) {
        if bar.role == Role::End {
            studio.play(Bus::Drums, self.kick.get(60, 1), Touch::new(bar.beat, 0.9));
            studio.play(Bus::Drums, self.clap.get(60, 0), Touch::new(bar.beat, 0.4));
            return;
        }
        if matches!(bar.role, Role::Build | Role::Main | Role::Final | Role::Break) {
            for beat in kicks(bar) {
                studio.pump(bar.beat + beat);
                let touch = Touch::new(bar.beat + beat, 0.8 + 0.15 * bar.energy());
                studio.play(Bus::Drums, self.kick.get(60, rng.index(2)), touch);
            }
        }
        if bar.full() {
            for beat in [1.0, 3.0] {
                let touch = Touch::new(bar.beat + beat, 0.5).late(5.0);
                studio.play(Bus::Drums, self.clap.get(60, rng.index(4)), touch);
            }
        }
        if bar.fill && bar.energy() > 0.5 {
            for (n, beat) in [3.25, 3.5, 3.75].into_iter().enumerate() {
                let touch = Touch::new(bar.beat + beat, 0.18 + 0.09 * n as f32).pan(0.2);
                studio.play(Bus::Drums, self.clap.get(60, rng.index(4)), touch);
            }
        }
        let sixteenths = if bar.energy() < 0.5 { 0 } else { 16 };
        for step in 0..sixteenths {
            let accent = [1.0, 0.35, 0.62, 0.4][step % 4];
            if !bar.full() && step % 2 == 1 {
                continue;
            }
            let touch = Touch::new(bar.beat + 0.25 * step as f64, 0.17 * accent).pan(0.45);
            studio.play(Bus::Drums, self.shaker.get(60, rng.index(4)), touch);
        }
        if bar.full() && bar.block % 2 == 1 {
            for step in 0..4 {
                let touch = Touch::new(bar.beat + 0.5 + f64::from(step), 0.13).pan(-0.4);
                studio.play(Bus::Drums, self.hat.get(60, rng.index(4)), touch);
            }
        }
    }
}

fn kicks(bar: &Bar) -> Vec<f64> {
    match (bar.role, bar.variant % 3) {
        (Role::Build | Role::Break, _) => vec![0.0],
        (_, 0) => vec![0.0, 1.0, 2.0, 3.0],
        (_, 1) => vec![0.0, 1.5, 2.0],
        _ => vec![0.0, 2.0, 2.5],
    }
}
