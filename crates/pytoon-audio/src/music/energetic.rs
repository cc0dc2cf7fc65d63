//! The energetic mood: four on the floor, off-beat bass, saw stabs and sixteenth hats.

use super::drums;
use super::instruments::{pluck, sub};
use super::plan::Sound;
use super::plan::{Bar, Role, Song, Style};
use super::saws::{SawBank, Shape};
use super::studio::{Bank, Bus, Studio, Touch};
use super::theory::{Chord, MAJ, MIN, MIN7, MINOR};
use pytoon_vocabulary::Rng;

const I: Chord = Chord { root: 0, upper: MIN };
const I7: Chord = Chord { root: 0, upper: MIN7 };
const III: Chord = Chord { root: 3, upper: MAJ };
const IV: Chord = Chord { root: 5, upper: MIN };
const VI: Chord = Chord { root: 8, upper: MAJ };
const VII: Chord = Chord { root: 10, upper: MAJ };

const STABS: [&[f64]; 4] = [
    &[0.0, 0.75, 1.5, 2.5, 3.25],
    &[0.5, 1.25, 2.0, 2.75, 3.5],
    &[0.0, 1.5, 2.25, 3.0],
    &[0.75, 1.5, 2.75, 3.5],
];
/// The index of the upper voice that each sixteenth of the arpeggio plays.
const ARPEGGI: [[usize; 8]; 4] = [
    [0, 1, 2, 3, 2, 1, 2, 1],
    [3, 2, 1, 2, 0, 2, 1, 3],
    [0, 2, 1, 3, 0, 2, 3, 1],
    [2, 0, 3, 1, 2, 3, 0, 1],
];

pub(super) fn style(rng: &mut Rng) -> Style {
    let progressions =
        [vec![I, I7, VI, VII], vec![I, VI, III, VII], vec![VI, VII, I, I7], vec![I, III, VII, IV]];
    Style {
        bpm: (124.0, 132.0),
        swing: 0.5,
        key: *rng.pick(&[9, 7, 6, 11, 0]),
        scale: MINOR,
        chords: rng.pick(&progressions).clone(),
        home: I,
        sound: Sound {
            keys: 0.38,
            pads: 0.40,
            drums: 0.60,
            bass: 0.42,
            sends: [0.18, 0.16, 0.06],
            room_seconds: 1.2,
            pump_db: 6.0,
            low_pass: None,
            wow: false,
        },
    }
}

pub(super) fn play(song: &Song, studio: &mut Studio, rng: &mut Rng) {
    let mut band = Band::new(rng);
    for (index, bar) in song.bars.iter().enumerate() {
        let next = song.bars.get(index + 1).map(|b| b.role);
        let turn = next == Some(Role::Final) && bar.role != Role::Final;
        band.kit(studio, bar, rng, turn);
        band.bass(studio, bar, turn);
        band.stabs(studio, bar);
        band.arpeggio(studio, bar, rng);
        if turn {
            let noise = drums::riser(studio.grid.span(4.0), rng);
            studio.play(Bus::Drums, &noise, Touch::new(bar.beat, 0.38));
        }
    }
    // `scale` and `key` shape the walk of the bass at block ends.
    for bar in song.bars.iter().filter(|bar| bar.fill && bar.energy() > 0.5) {
        let walk = super::theory::snap(bar.chord.bass + 10, song.key, &song.scale);
        let touch = Touch::new(bar.beat + 3.75, 0.6).hold(0.25);
        studio.play(Bus::Bass, band.sub.get(walk, 2), touch);
    }
}

struct Band {
    kick: Bank,
    clap: Bank,
    hat: Bank,
    open: Bank,
    sub: Bank,
    pluck: Bank,
    stab: SawBank,
    pad: SawBank,
    grit: SawBank,
}

impl Band {
    fn new(rng: &Rng) -> Self {
        let stab = Shape {
            attack: 0.004,
            release: 0.12,
            cents: 9.0,
            cutoff: [2600.0, 1500.0, 600.0],
            height_at: 0.5,
            fall: 0.14,
        };
        let pad = Shape {
            attack: 0.25,
            release: 0.4,
            cents: 10.0,
            cutoff: [500.0, 1500.0, 800.0],
            height_at: 0.7,
            fall: 0.0,
        };
        let grit = Shape {
            attack: 0.006,
            release: 0.05,
            cents: 4.0,
            cutoff: [900.0, 500.0, 280.0],
            height_at: 0.5,
            fall: 0.2,
        };
        Self {
            kick: Bank::new(drums::kick, rng),
            clap: Bank::new(drums::clap, rng),
            hat: Bank::new(drums::hat, rng),
            open: Bank::new(drums::open_hat, rng),
            sub: Bank::new(sub, rng),
            pluck: Bank::new(pluck, rng),
            stab: SawBank::new(stab, rng),
            pad: SawBank::new(pad, rng),
            grit: SawBank::new(grit, rng),
        }
    }

    fn kit(&mut self, studio: &mut Studio, bar: &Bar, rng: &mut Rng, turn: bool) {
        let beats = match bar.role {
            // Half a bar without drums before the call to action.
            _ if turn => 2,
            Role::End => 1,
            _ => 4,
        };
        for beat in 0..beats {
            let at = bar.beat + f64::from(beat);
            studio.pump(at);
            let gain = if bar.role == Role::Intro { 0.8 } else { 0.95 };
            studio.play(Bus::Drums, self.kick.get(60, 1), Touch::new(at, gain));
            if beat % 2 == 1 && bar.energy() > 0.5 {
                let touch = Touch::new(at, 0.42).late(5.0);
                studio.play(Bus::Drums, self.clap.get(60, rng.index(4)), touch);
            }
            if bar.energy() > 0.4 && bar.role != Role::End {
                let touch = Touch::new(at + 0.5, 0.16).pan(-0.2);
                studio.play(Bus::Drums, self.open.get(60, rng.index(2)), touch);
            }
        }
        if bar.role == Role::End {
            studio.play(Bus::Drums, self.clap.get(60, 0), Touch::new(bar.beat, 0.5));
            return;
        }
        for step in 0..4 * beats {
            let odd_block = bar.block % 2 == 1 || bar.role == Role::Final;
            if step % 2 == 1 && !odd_block {
                continue;
            }
            let accent = [0.5, 0.35, 0.9, 0.42][step as usize % 4];
            let gain = 0.15 * accent * (0.6 + 0.4 * bar.energy());
            let touch = Touch::new(bar.beat + 0.25 * f64::from(step), gain).pan(0.3);
            studio.play(Bus::Drums, self.hat.get(60, rng.index(4)), touch);
        }
        if bar.fill && !turn && bar.energy() > 0.5 {
            for step in 0..6 {
                let beat = bar.beat + 2.5 + 0.25 * f64::from(step);
                let touch = Touch::new(beat, 0.14 + 0.05 * step as f32);
                studio.play(Bus::Drums, self.clap.get(60, rng.index(4)), touch);
            }
        }
    }

    fn bass(&mut self, studio: &mut Studio, bar: &Bar, turn: bool) {
        if bar.role == Role::Intro {
            return;
        }
        let root = bar.chord.bass;
        if bar.role == Role::End {
            studio.play(Bus::Bass, self.sub.get(root, 10), Touch::new(bar.beat, 0.9).hold(3.5));
            return;
        }
        let beats = if turn { 2 } else { 4 };
        for beat in 0..beats {
            let at = bar.beat + f64::from(beat) + 0.5;
            let octave = if bar.variant % 2 == 1 && beat == 3 { 12 } else { 0 };
            let eighths = (studio.grid.span(0.45) / 6000).max(1);
            let note = self.sub.get(root + octave, eighths);
            studio.play(Bus::Bass, note, Touch::new(at, 0.9).hold(0.45));
            let len = studio.grid.span(0.4);
            let grit = self.grit.get(&[root + octave + 12], len);
            studio.play_stereo(Bus::Pads, grit, at, 0.5);
        }
    }

    fn stabs(&mut self, studio: &mut Studio, bar: &Bar) {
        let chord = bar.chord.upper.clone();
        if matches!(bar.role, Role::End | Role::Break | Role::Drop | Role::Intro) {
            let len = studio.grid.span(4.0);
            let gain = if bar.role == Role::Intro { 0.5 } else { 0.75 };
            studio.play_stereo(Bus::Pads, self.pad.get(&chord, len), bar.beat, gain);
        }
        let pattern: &[f64] = match bar.role {
            Role::End => &[0.0],
            Role::Break | Role::Drop => &[],
            Role::Intro => &[0.0, 1.5],
            _ => STABS[bar.variant],
        };
        let len = studio.grid.span(0.3);
        for (n, &beat) in pattern.iter().enumerate() {
            let gain = [1.0, 0.8, 0.92, 0.75, 0.86][n % 5] * (0.5 + 0.4 * bar.energy());
            studio.play_stereo(Bus::Pads, self.stab.get(&chord, len), bar.beat + beat, gain);
        }
        if bar.full() {
            let len = studio.grid.span(4.0);
            studio.play_stereo(Bus::Pads, self.pad.get(&chord, len), bar.beat, 0.4);
        }
    }

    fn arpeggio(&mut self, studio: &mut Studio, bar: &Bar, rng: &mut Rng) {
        let plays = match bar.role {
            Role::Break | Role::Build | Role::Final => true,
            Role::Main => bar.block % 2 == 1,
            _ => false,
        };
        if !plays {
            return;
        }
        for step in 0..16 {
            if rng.chance(0.15) {
                continue;
            }
            let voice = ARPEGGI[bar.variant][step % 8];
            let midi = bar.chord.note(voice);
            let accent = [1.0, 0.6, 0.8, 0.6][step % 4];
            let gain = 0.5 * accent * if bar.voiced { 0.65 } else { 1.0 };
            let pan = if step % 2 == 0 { -0.5 } else { 0.5 };
            let touch = Touch::new(bar.beat + 0.25 * step as f64, gain).pan(pan);
            studio.play(Bus::Keys, self.pluck.get(midi, step % 2), touch);
        }
    }
}
