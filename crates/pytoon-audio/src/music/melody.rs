//! Composes short melodies: a two-bar motif, its repeat, a contrast and a return.
//!
//! Notes are between D4 and E5, so that the fundamental avoids the band of intelligible speech (1 to 4 kHz). Strong
//! beats take chord notes.

use super::plan::{Bar, Song};
use super::theory::snap;
use pytoon_vocabulary::Rng;

const RANGE: std::ops::RangeInclusive<i32> = 62..=76;

/// One melody note.
#[derive(Debug, Clone, Copy)]
pub(super) struct Note {
    /// The position in beats from the start of the music.
    pub(super) beat: f64,
    pub(super) length: f64,
    pub(super) midi: i32,
    /// The strength, 0 to 1.
    pub(super) strength: f32,
}

/// A rhythm of two bars, written as (beat, length).
pub(super) type Rhythm = &'static [(f64, f64)];

pub(super) const FLOWING: &[Rhythm] = &[
    &[(0.0, 1.5), (1.5, 0.5), (2.0, 1.0), (3.0, 1.0), (4.0, 2.5), (6.5, 0.5), (7.0, 1.0)],
    &[(0.5, 0.5), (1.0, 1.0), (2.0, 1.5), (3.5, 0.5), (4.0, 1.5), (5.5, 2.0)],
    &[(0.0, 1.0), (1.0, 0.5), (1.5, 1.5), (3.5, 2.0), (5.5, 0.5), (6.0, 1.5)],
];
pub(super) const SPARSE: &[Rhythm] = &[
    &[(0.0, 2.0), (2.0, 1.0), (3.0, 3.0)],
    &[(1.0, 1.0), (2.0, 2.5), (4.5, 2.5)],
    &[(0.0, 1.5), (1.5, 1.5), (3.0, 4.0)],
    &[(2.0, 1.0), (3.0, 1.0), (4.0, 3.0)],
];

/// Composes a melody over the bars for which `plays` returns true. Phrases of two bars start on even bars.
pub(super) fn compose(
    song: &Song,
    rhythms: &[Rhythm],
    rng: &mut Rng,
    plays: impl Fn(&Bar) -> bool,
) -> Vec<Note> {
    let motifs: Vec<(Rhythm, Vec<i32>)> = (0..2)
        .map(|_| {
            let rhythm = *rng.pick::<Rhythm>(rhythms);
            (rhythm, contour(rhythm.len(), rng))
        })
        .collect();
    let start = 66 + rng.index(5) as i32;
    let mut notes = Vec::new();
    for (phrase, pair) in song.bars.chunks(2).enumerate() {
        // A A B A': the third phrase uses the other motif.
        let (rhythm, steps) = &motifs[usize::from(phrase % 4 == 2)];
        let lift = if phrase % 4 == 3 { 2 } else { 0 };
        for (&(beat, length), &step) in rhythm.iter().zip(steps) {
            let Some(bar) = pair.get((beat / 4.0) as usize) else { break };
            if !plays(bar) {
                continue;
            }
            let wished = start + step + lift;
            let strong = beat.fract() == 0.0 || length >= 1.5;
            let midi = if strong {
                nearest_chord_note(bar, wished)
            } else {
                snap(wished, song.key, &song.scale)
            };
            notes.push(Note {
                beat: pair[0].beat + beat,
                length,
                midi: fold(midi),
                strength: if beat == 0.0 || beat == 4.0 { 1.0 } else { 0.82 },
            });
        }
    }
    notes
}

/// Returns a melodic contour in semitones from the first note: an arch of small steps with one leap.
fn contour(len: usize, rng: &mut Rng) -> Vec<i32> {
    let leap = rng.index(len.max(1));
    let mut at = 0_i32;
    (0..len)
        .map(|n| {
            let up = if n * 2 < len { 0.65 } else { 0.35 };
            let size = if n == leap { 5 } else { 1 + rng.index(3) as i32 };
            let here = at;
            at += if rng.chance(up) { size } else { -size };
            at = at.clamp(-6, 9);
            here
        })
        .collect()
}

fn nearest_chord_note(bar: &Bar, wished: i32) -> i32 {
    (0..12)
        .flat_map(|d| [wished - d, wished + d])
        .find(|note| bar.chord.upper.iter().any(|c| (c - note).rem_euclid(12) == 0))
        .unwrap_or(wished)
}

fn fold(midi: i32) -> i32 {
    let mut note = midi;
    while note > *RANGE.end() {
        note -= 12;
    }
    while note < *RANGE.start() {
        note += 12;
    }
    note
}
