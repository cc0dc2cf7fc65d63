//! The buses of a piece, and the placement of notes on them.
//!
//! Notes are rendered once per pitch and layer and cached, so that playing one is a scaled addition. The
//! timing and strength of mono notes vary a little each time, because equal notes on a perfect grid sound
//! mechanical.

use std::collections::BTreeMap;

use super::plan::Grid;
use crate::Stereo;
use pytoon_vocabulary::Rng;

/// A group of instruments that share processing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Bus {
    /// Plucks, pianos and melodies.
    Keys,
    /// Pads and strings.
    Pads,
    Drums,
    /// Bass, always centred.
    Bass,
}

pub(super) struct Studio {
    pub(super) grid: Grid,
    pub(super) keys: Stereo,
    pub(super) pads: Stereo,
    pub(super) drums: Stereo,
    pub(super) bass: Vec<f32>,
    /// The sample positions at which a kick triggers the sidechain.
    pub(super) pumps: Vec<usize>,
    rng: Rng,
}

/// The performance parameters of a note.
#[derive(Debug, Clone, Copy)]
pub(super) struct Touch {
    /// The position in beats from the start.
    pub(super) beat: f64,
    pub(super) gain: f32,
    /// -1 left to 1 right.
    pub(super) pan: f32,
    /// The length in beats until the note is released. Without it, the note rings out.
    pub(super) hold: Option<f64>,
    /// The delay after the beat, in milliseconds.
    pub(super) late_ms: f64,
}

impl Touch {
    pub(super) fn new(beat: f64, gain: f32) -> Self {
        Self { beat, gain, pan: 0.0, hold: None, late_ms: 0.0 }
    }

    pub(super) fn pan(self, pan: f32) -> Self {
        Self { pan, ..self }
    }

    pub(super) fn hold(self, beats: f64) -> Self {
        Self { hold: Some(beats), ..self }
    }

    pub(super) fn late(self, late_ms: f64) -> Self {
        Self { late_ms, ..self }
    }
}

/// The release time of a note (25 ms), so that no note end clicks.
const RELEASE: usize = 1200;

impl Studio {
    pub(super) fn new(len: usize, grid: Grid, rng: Rng) -> Self {
        Self {
            grid,
            keys: Stereo::silence(len),
            pads: Stereo::silence(len),
            drums: Stereo::silence(len),
            bass: vec![0.0; len],
            pumps: Vec::new(),
            rng,
        }
    }

    /// Mixes a mono note into a bus, with human timing (up to 6 ms off the beat) and strength (±12 %).
    pub(super) fn play(&mut self, bus: Bus, note: &[f32], touch: Touch) {
        let (at, strength) = self.humanise(&touch);
        let held = touch.hold.map_or(note.len(), |beats| self.grid.span(beats) + RELEASE);
        let note = &note[..note.len().min(held)];
        let released = if held == note.len() { RELEASE } else { 0 };
        let angle = std::f32::consts::FRAC_PI_4 * (1.0 + touch.pan.clamp(-1.0, 1.0));
        let (left, right) = (strength * angle.cos() * 1.414, strength * angle.sin() * 1.414);
        match bus {
            Bus::Bass => add(&mut self.bass, note, at, strength, released),
            _ => {
                let target = self.stereo(bus);
                add(&mut target.left, note, at, left, released);
                add(&mut target.right, note, at, right, released);
            }
        }
    }

    /// Records a kick for the sidechain.
    pub(super) fn pump(&mut self, beat: f64) {
        self.pumps.push(self.grid.at(beat) as usize);
    }

    /// Mixes a stereo sound into a bus at the exact time of a beat.
    pub(super) fn play_stereo(&mut self, bus: Bus, sound: &Stereo, beat: f64, gain: f32) {
        let at = self.grid.at(beat) as usize;
        let target = self.stereo(bus);
        add(&mut target.left, &sound.left, at, gain, 0);
        add(&mut target.right, &sound.right, at, gain, 0);
    }

    fn stereo(&mut self, bus: Bus) -> &mut Stereo {
        match bus {
            Bus::Keys => &mut self.keys,
            Bus::Drums => &mut self.drums,
            Bus::Pads | Bus::Bass => &mut self.pads,
        }
    }

    fn humanise(&mut self, touch: &Touch) -> (usize, f32) {
        // The sum of two draws keeps most notes near the grid; the limit is 6 ms.
        let wander = f64::from(self.rng.bipolar() + self.rng.bipolar()) * 0.5 * 6.0;
        let at = self.grid.at(touch.beat) + (touch.late_ms + wander) * 48.0;
        let strength = touch.gain * (1.0 + 0.12 * self.rng.bipolar());
        (at.max(0.0) as usize, strength)
    }
}

fn add(target: &mut [f32], note: &[f32], at: usize, gain: f32, released: usize) {
    let Some(target) = target.get_mut(at..) else { return };
    let body = note.len() - released.min(note.len());
    crate::dsp::add_scaled(target, &note[..body], gain);
    let step = 1.0 / released.max(1) as f32;
    for (n, (t, s)) in target.iter_mut().skip(body).zip(&note[body..]).enumerate() {
        *t += s * gain * (1.0 - n as f32 * step);
    }
}

/// The notes of one instrument, rendered on first use.
pub(super) struct Bank {
    render: fn(f32, usize, &mut Rng) -> Vec<f32>,
    notes: BTreeMap<(i32, usize), Vec<f32>>,
    rng: Rng,
}

impl Bank {
    /// Creates a bank. `render` takes a frequency and a layer (strength or variant).
    pub(super) fn new(render: fn(f32, usize, &mut Rng) -> Vec<f32>, rng: &Rng) -> Self {
        Self { render, notes: BTreeMap::new(), rng: rng.fork(0xBA27) }
    }

    pub(super) fn get(&mut self, midi: i32, layer: usize) -> &[f32] {
        let (render, rng) = (self.render, &mut self.rng);
        self.notes
            .entry((midi, layer))
            .or_insert_with(|| render(super::theory::hz(midi), layer, rng))
    }
}
