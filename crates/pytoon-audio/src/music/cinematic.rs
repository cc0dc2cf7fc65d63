//! The cinematic mood: low strings that swell with each bar, piano octaves, drums in half time, a riser, a breath and
//! a hit.

use super::drums;
use super::instruments::{piano, sub};
use super::melody::{self, SPARSE};
use super::plan::Sound;
use super::plan::{Bar, Role, Song, Style};
use super::saws::{SawBank, Shape};
use super::studio::{Bank, Bus, Studio, Touch};
use super::theory::{Chord, MAJ, MIN, MINOR, SUS2};
use pytoon_vocabulary::Rng;

const I: Chord = Chord { root: 0, upper: MIN };
const III: Chord = Chord { root: 3, upper: MAJ };
const IV: Chord = Chord { root: 5, upper: MIN };
const VI: Chord = Chord { root: 8, upper: MAJ };
const VII: Chord = Chord { root: 10, upper: MAJ };
const V_SUS: Chord = Chord { root: 7, upper: SUS2 };

/// The ostinati of the piano in eighths, as distances from the root.
const OSTINATI: [[i32; 8]; 4] = [
    [0, 7, 12, 7, 0, 7, 12, 7],
    [12, 7, 0, 7, 12, 7, 0, 7],
    [0, 12, 7, 12, 0, 12, 7, 12],
    [0, 0, 12, 0, 7, 0, 12, 0],
];

pub(super) fn style(rng: &mut Rng) -> Style {
    let progressions = [
        vec![I, VI, III, VII],
        vec![I, VI, IV, VII],
        vec![I, III, VI, V_SUS],
        vec![VI, VII, I, III],
    ];
    Style {
        bpm: (76.0, 90.0),
        swing: 0.5,
        key: *rng.pick(&[2, 0, 4, 11, 9]),
        scale: MINOR,
        chords: rng.pick(&progressions).clone(),
        home: I,
        sound: Sound {
            keys: 0.42,
            pads: 0.42,
            drums: 0.55,
            bass: 0.30,
            sends: [0.22, 0.24, 0.22],
            room_seconds: 1.8,
            pump_db: 0.0,
            low_pass: None,
            wow: false,
        },
    }
}

pub(super) fn play(song: &Song, studio: &mut Studio, rng: &mut Rng) {
    let mut band = Band::new(rng);
    for (index, bar) in song.bars.iter().enumerate() {
        band.strings(studio, bar);
        band.piano(studio, bar);
        band.drums(studio, bar, rng);
        let next = song.bars.get(index + 1).map(|b| b.role);
        if next == Some(Role::Final) && bar.role != Role::Final {
            // The riser stops a beat early: one beat of breath before the hit.
            let noise = drums::riser(studio.grid.span(3.0), rng);
            studio.play(Bus::Drums, &noise, Touch::new(bar.beat, 0.5));
        }
        let first_final =
            bar.role == Role::Final && song.bars[index.saturating_sub(1)].role != Role::Final;
        if first_final || bar.role == Role::End || (bar.full() && index % 4 == 0) {
            let gain = if bar.full() && !first_final { 0.55 } else { 0.95 };
            studio.play(Bus::Drums, band.boom.get(60, 0), Touch::new(bar.beat, gain));
        }
    }
    let tune = melody::compose(song, SPARSE, &mut rng.fork(7), |bar| {
        (bar.full() && bar.block % 2 == 1) || bar.role == Role::Final
    });
    for note in tune {
        let voiced = song.bars.get((note.beat / 4.0) as usize).is_some_and(|b| b.voiced);
        let gain = 0.55 * note.strength * if voiced { 0.55 } else { 1.0 };
        for (midi, share) in [(note.midi, 1.0), (note.midi - 12, 0.7)] {
            let touch = Touch::new(note.beat, gain * share).pan(0.12);
            studio.play(Bus::Keys, band.piano.get(midi, 1), touch);
        }
    }
}

struct Band {
    low: SawBank,
    high: SawBank,
    short: SawBank,
    piano: Bank,
    sub: Bank,
    taiko: Bank,
    boom: Bank,
    tick: Bank,
}

impl Band {
    fn new(rng: &Rng) -> Self {
        let low = Shape {
            attack: 0.5,
            release: 0.7,
            cents: 8.0,
            cutoff: [400.0, 1500.0, 600.0],
            height_at: 0.75,
            fall: 0.0,
        };
        let high = Shape { attack: 0.9, cutoff: [500.0, 1800.0, 700.0], cents: 9.0, ..low };
        let short = Shape {
            attack: 0.02,
            release: 0.18,
            cents: 7.0,
            cutoff: [1500.0, 1100.0, 450.0],
            height_at: 0.3,
            fall: 0.12,
        };
        Self {
            low: SawBank::new(low, rng),
            high: SawBank::new(high, rng),
            short: SawBank::new(short, rng),
            piano: Bank::new(piano, rng),
            sub: Bank::new(sub, rng),
            taiko: Bank::new(drums::taiko, rng),
            boom: Bank::new(drums::boom, rng),
            tick: Bank::new(drums::hat, rng),
        }
    }

    fn strings(&mut self, studio: &mut Studio, bar: &Bar) {
        // The drop bar breathes: its strings let go a beat early.
        let beats = if bar.role == Role::Drop { 3.0 } else { 4.0 };
        let len = studio.grid.span(beats);
        let root = bar.chord.bass;
        let gain = 0.55 + 0.4 * bar.energy();
        studio.play_stereo(Bus::Pads, self.low.get(&[root, root + 12], len), bar.beat, gain);
        if bar.role != Role::Intro {
            let triad = self.high.get(&bar.chord.upper, len);
            studio.play_stereo(Bus::Pads, triad, bar.beat, 0.5 * bar.energy() + 0.15);
        }
        if bar.full() {
            // Short bows in eighths, the heart beat of the genre.
            let short = studio.grid.span(0.3);
            let fifth = [root + 12, root + 19];
            for eighth in 0..8 {
                let accent = [1.0, 0.5, 0.65, 0.5][eighth % 4];
                let beat = bar.beat + 0.5 * eighth as f64;
                let sound = self.short.get(&fifth, short);
                studio.play_stereo(Bus::Pads, sound, beat, 0.55 * accent * bar.energy());
            }
            let eighths = (studio.grid.span(3.5) / 6000).max(1);
            studio.play(
                Bus::Bass,
                self.sub.get(root, eighths),
                Touch::new(bar.beat, 0.9).hold(3.5),
            );
        }
    }

    fn piano(&mut self, studio: &mut Studio, bar: &Bar) {
        let root = bar.chord.bass + 12;
        match bar.role {
            Role::Intro | Role::Drop | Role::End => {
                for midi in [root, root + 12] {
                    let touch = Touch::new(bar.beat, 0.55).pan(-0.1);
                    studio.play(Bus::Keys, self.piano.get(midi, 0), touch);
                }
                if bar.role == Role::Intro {
                    let answer = Touch::new(bar.beat + 2.5, 0.3).pan(0.3);
                    studio.play(Bus::Keys, self.piano.get(bar.chord.note(1), 0), answer);
                }
            }
            _ => {
                let figure = &OSTINATI[bar.variant];
                for (eighth, &above) in figure.iter().enumerate() {
                    if bar.role == Role::Build && eighth % 2 == 1 {
                        continue;
                    }
                    let accent = if eighth % 4 == 0 { 0.55 } else { 0.36 };
                    let lift = if bar.fill && eighth >= 6 { 12 } else { 0 };
                    let beat = bar.beat + 0.5 * eighth as f64;
                    let pan = if eighth % 2 == 0 { -0.25 } else { 0.25 };
                    let touch = Touch::new(beat, accent).pan(pan).hold(1.2);
                    let note = self.piano.get(root + above + lift, usize::from(bar.full()));
                    studio.play(Bus::Keys, note, touch);
                }
            }
        }
    }

    fn drums(&mut self, studio: &mut Studio, bar: &Bar, rng: &mut Rng) {
        if !bar.full() {
            return;
        }
        let hits: &[(f64, f32)] = match bar.variant % 3 {
            0 => &[(0.0, 0.8), (1.5, 0.45), (2.0, 0.65), (3.5, 0.4)],
            1 => &[(0.0, 0.8), (2.0, 0.7), (2.75, 0.35), (3.5, 0.45)],
            _ => &[(0.0, 0.8), (0.75, 0.4), (2.0, 0.7), (3.0, 0.5)],
        };
        for &(beat, gain) in hits {
            let touch = Touch::new(bar.beat + beat, gain * bar.energy()).pan(0.1);
            studio.play(Bus::Drums, self.taiko.get(60, rng.index(3)), touch);
        }
        if bar.fill {
            for step in 0..6 {
                let beat = bar.beat + 2.5 + 0.25 * f64::from(step);
                let touch =
                    Touch::new(beat, 0.25 + 0.07 * step as f32).pan(0.12 * step as f32 - 0.3);
                studio.play(Bus::Drums, self.taiko.get(60, 3 + rng.index(3)), touch);
            }
        }
        for step in 0..8 {
            let gain = if step % 2 == 0 { 0.05 } else { 0.09 };
            let touch = Touch::new(bar.beat + 0.5 * f64::from(step), gain).pan(0.4);
            studio.play(Bus::Drums, self.tick.get(60, rng.index(4)), touch);
        }
    }
}
