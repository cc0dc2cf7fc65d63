//! The calm mood: felt piano in broken chords over a soft pad, no drums.

use super::instruments::{piano, rhodes, sub};
use super::melody::{self, SPARSE};
use super::plan::Sound;
use super::plan::{Bar, Role, Song, Style};
use super::saws::{SawBank, Shape};
use super::studio::{Bank, Bus, Studio, Touch};
use super::theory::{ADD9, Chord, MAJ7, MAJOR, MIN7};
use pytoon_vocabulary::Rng;

const I: Chord = Chord { root: 0, upper: MAJ7 };
const I_ADD9: Chord = Chord { root: 0, upper: ADD9 };
const III: Chord = Chord { root: 4, upper: MIN7 };
const IV: Chord = Chord { root: 5, upper: MAJ7 };
const VI: Chord = Chord { root: 9, upper: MIN7 };
const V: Chord = Chord { root: 7, upper: ADD9 };

/// Broken chords, written as (beat, voice).
const PATTERNS: [&[(f64, usize)]; 4] = [
    &[(0.5, 0), (1.0, 1), (1.5, 2), (2.5, 3), (3.0, 1)],
    &[(1.0, 2), (1.5, 1), (2.0, 3), (3.0, 2), (3.5, 0)],
    &[(0.5, 1), (1.0, 2), (2.0, 3), (2.5, 4), (3.0, 2), (3.5, 1)],
    &[(0.0, 0), (1.0, 2), (2.0, 1), (2.5, 3), (3.5, 2)],
];

pub(super) fn style(rng: &mut Rng) -> Style {
    let progressions =
        [vec![I, VI, IV, I_ADD9], vec![I, III, IV, V], vec![IV, I, VI, V], vec![I, IV, VI, IV]];
    Style {
        bpm: (68.0, 78.0),
        swing: 0.5,
        key: *rng.pick(&[5, 7, 3, 0, 2]),
        scale: MAJOR,
        chords: rng.pick(&progressions).clone(),
        home: I_ADD9,
        sound: Sound {
            keys: 0.6,
            pads: 0.30,
            drums: 0.0,
            bass: 0.28,
            sends: [0.24, 0.30, 0.0],
            room_seconds: 1.8,
            pump_db: 0.0,
            low_pass: None,
            wow: false,
        },
    }
}

pub(super) fn play(song: &Song, studio: &mut Studio, rng: &mut Rng) {
    let shape = Shape {
        attack: 0.6,
        release: 1.2,
        cents: 6.0,
        cutoff: [420.0, 800.0, 480.0],
        height_at: 0.5,
        fall: 0.0,
    };
    let bright = Shape { cutoff: [520.0, 1150.0, 560.0], ..shape };
    let mut pads = [SawBank::new(shape, rng), SawBank::new(bright, rng)];
    let mut keys = Bank::new(piano, rng);
    let mut bell = Bank::new(rhodes, rng);
    let mut bass = Bank::new(sub, rng);
    for bar in &song.bars {
        left_hand(studio, bar, &mut keys, rng);
        right_hand(studio, bar, &mut keys, rng);
        let pad = &mut pads[usize::from(bar.block % 2 == 1 || bar.role == Role::Final)];
        let len = studio.grid.span(4.0);
        let gain = if bar.role == Role::Intro { 0.55 } else { 0.75 + 0.25 * bar.energy() };
        studio.play_stereo(Bus::Pads, pad.get(&bar.chord.upper, len), bar.beat, gain);
        if bar.energy() > 0.5 {
            let eighths = (studio.grid.span(3.6) / 6000).max(1);
            let touch = Touch::new(bar.beat, 0.7).hold(3.6);
            studio.play(Bus::Bass, bass.get(bar.chord.bass, eighths), touch);
        }
        if bar.role == Role::Final || (bar.full() && bar.block % 2 == 1) {
            // Soft bells answer late in the bar.
            for (beat, voice) in [(1.75, 3), (3.25, 2)] {
                let touch =
                    Touch::new(bar.beat + beat, 0.11).pan(if voice == 3 { 0.5 } else { -0.5 });
                studio.play(Bus::Keys, bell.get(bar.chord.note(voice), 0), touch);
            }
        }
    }
    let tune = melody::compose(song, SPARSE, &mut rng.fork(6), |bar| {
        !matches!(bar.role, Role::Intro | Role::Drop | Role::End)
            && (bar.block % 2 == 0 || bar.role == Role::Final)
    });
    for note in tune {
        let voiced = song.bars.get((note.beat / 4.0) as usize).is_some_and(|b| b.voiced);
        let gain = 0.62 * note.strength * if voiced { 0.6 } else { 1.0 };
        let touch = Touch::new(note.beat, gain).pan(0.1).late(6.0);
        studio.play(Bus::Keys, keys.get(note.midi, 1), touch);
    }
}

fn left_hand(studio: &mut Studio, bar: &Bar, keys: &mut Bank, rng: &mut Rng) {
    let root = bar.chord.bass;
    let touch = Touch::new(bar.beat, 0.62).pan(-0.25);
    studio.play(Bus::Keys, keys.get(root, 0), touch);
    if bar.role == Role::End {
        let octave = Touch::new(bar.beat, 0.4).pan(-0.2).late(25.0);
        studio.play(Bus::Keys, keys.get(root + 12, 0), octave);
    } else if bar.full() || bar.role == Role::Build {
        let second = if bar.variant.is_multiple_of(2) { 7 } else { 12 };
        let beat = bar.beat + if rng.chance(0.5) { 1.5 } else { 2.0 };
        studio.play(Bus::Keys, keys.get(root + second, 0), Touch::new(beat, 0.4).pan(-0.2));
    }
}

fn right_hand(studio: &mut Studio, bar: &Bar, keys: &mut Bank, rng: &mut Rng) {
    if bar.role == Role::End {
        for (n, &midi) in bar.chord.upper.iter().enumerate() {
            let touch = Touch::new(bar.beat, 0.5).late(40.0 * n as f64 + 30.0);
            studio.play(Bus::Keys, keys.get(midi, 0), touch.pan(0.15 * n as f32 - 0.15));
        }
        return;
    }
    for (n, &(beat, voice)) in PATTERNS[bar.variant].iter().enumerate() {
        let sparse = matches!(bar.role, Role::Intro | Role::Drop | Role::Break);
        if sparse && n % 2 == 1 {
            continue;
        }
        // Occasionally leave out a note, as a player would.
        if bar.full() && rng.chance(0.12) {
            continue;
        }
        let lift = usize::from(bar.fill && beat >= 2.5);
        let gain = 0.42 + 0.1 * rng.unit() + 0.08 * bar.energy();
        let touch = Touch::new(bar.beat + beat, gain).pan(0.12 * voice as f32 - 0.15);
        studio.play(Bus::Keys, keys.get(bar.chord.note(voice + lift), 0), touch);
    }
}
