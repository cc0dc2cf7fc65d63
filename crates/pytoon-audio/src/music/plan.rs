//! Fits bars to the film and assigns the role of each bar.

use super::StoryArc;
use super::theory::{Chord, Voicing, lead_voices};
use pytoon_vocabulary::Rng;

/// The mix settings of a mood.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sound {
    /// The level of the keys; the next fields are those of pads, drums and bass.
    pub(super) keys: f32,
    pub(super) pads: f32,
    pub(super) drums: f32,
    pub(super) bass: f32,
    /// The reverb sends of keys, pads and drums.
    pub(super) sends: [f32; 3],
    pub(super) room_seconds: f32,
    /// The depth of the sidechain, by which the kick reduces pads, keys and bass, in dB.
    pub(super) pump_db: f32,
    /// The corner of the low-pass over the whole mix, if there is one.
    pub(super) low_pass: Option<f64>,
    /// True for tape-like pitch wobble on the keys.
    pub(super) wow: bool,
}

/// The musical settings of a mood.
pub(super) struct Style {
    /// The usual tempo range, in beats per minute.
    pub(super) bpm: (f64, f64),
    /// The fraction of a beat that its first half takes: 0.5 is straight.
    pub(super) swing: f64,
    /// The pitch class of the tonic.
    pub(super) key: i32,
    pub(super) scale: [i32; 7],
    pub(super) chords: Vec<Chord>,
    pub(super) home: Chord,
    pub(super) sound: Sound,
}

/// The grid of beat positions.
#[derive(Debug, Clone)]
pub(super) struct Grid {
    /// The length of a beat, in samples.
    pub(super) beat: f64,
    pub(super) bars: usize,
    pub(super) swing: f64,
    /// True if the bars fill the film exactly.
    pub(super) fits: bool,
}

impl Grid {
    /// The deviation within which a tempo still feels right: 4 % in both directions.
    const FLEX: f64 = 0.04;

    fn fit(len: usize, bpm: (f64, f64), swing: f64, rng: &mut Rng) -> Self {
        let wished = f64::from(rng.range(bpm.0 as f32, bpm.1 as f32));
        let seconds = len as f64 / 48_000.0;
        let tempo = |bars: usize| 240.0 * bars as f64 / seconds.max(1e-3);
        let (low, high) = (bpm.0 * (1.0 - Self::FLEX), bpm.1 * (1.0 + Self::FLEX));
        let around = (seconds * wished / 240.0).round() as usize;
        let best = (around.saturating_sub(2).max(1)..=around + 2)
            .filter(|&bars| (low..=high).contains(&tempo(bars)))
            .min_by(|&a, &b| (tempo(a) - wished).abs().total_cmp(&(tempo(b) - wished).abs()));
        match best {
            Some(bars) => Self { beat: len as f64 / (4.0 * bars as f64), bars, swing, fits: true },
            None => {
                let beat = 60.0 * 48_000.0 / wished;
                let bars = (len as f64 / (4.0 * beat)).ceil() as usize;
                Self { beat, bars, swing, fits: false }
            }
        }
    }

    pub(super) fn bpm(&self) -> f64 {
        60.0 * 48_000.0 / self.beat
    }

    /// Converts a position in beats to a position in samples, with swing applied.
    pub(super) fn at(&self, beats: f64) -> f64 {
        let whole = beats.floor();
        let part = beats - whole;
        let swung = if part < 0.5 {
            part * 2.0 * self.swing
        } else {
            self.swing + (part - 0.5) * 2.0 * (1.0 - self.swing)
        };
        (whole + swung) * self.beat
    }

    /// Returns the length of `beats` in samples, without swing.
    pub(super) fn span(&self, beats: f64) -> usize {
        (beats * self.beat).max(0.0) as usize
    }
}

/// The role of a bar.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    Intro,
    Build,
    Main,
    Break,
    Drop,
    Final,
    End,
}

#[derive(Debug, Clone)]
pub(super) struct Bar {
    /// The first beat of the bar.
    pub(super) beat: f64,
    pub(super) role: Role,
    /// The index of the four-bar block. Parts change with it.
    pub(super) block: usize,
    /// The randomly chosen pattern variant of the block.
    pub(super) variant: usize,
    /// True for the last bar of a block, which plays a fill.
    pub(super) fill: bool,
    /// True if the middle of the bar is between the beginning and the end of the speech.
    pub(super) voiced: bool,
    pub(super) chord: Voicing,
}

impl Bar {
    /// Returns the energy of this bar, from 0 (sparse) to 1 (dense).
    pub(super) fn energy(&self) -> f32 {
        match self.role {
            Role::Intro => 0.35,
            Role::Build => 0.55,
            Role::Main if self.block.is_multiple_of(2) => 0.8,
            Role::Main => 0.88,
            Role::Break => 0.45,
            Role::Drop => 0.25,
            Role::Final => 1.0,
            Role::End => 0.9,
        }
    }

    /// Returns true if the whole rhythm section plays.
    pub(super) fn full(&self) -> bool {
        matches!(self.role, Role::Main | Role::Final)
    }
}

/// The complete plan of a piece of music.
pub(super) struct Song {
    pub(super) grid: Grid,
    pub(super) bars: Vec<Bar>,
    pub(super) key: i32,
    pub(super) scale: [i32; 7],
}

impl Song {
    pub(super) fn new(style: &Style, len: usize, arc: &StoryArc, rng: &mut Rng) -> Self {
        let grid = Grid::fit(len, style.bpm, style.swing, rng);
        let roles = roles(&grid, arc);
        // Two voicings of the progression, the second a little higher, alternate
        // from block to block.
        let low = lead_voices(&style.chords, style.key, 63.0);
        let high = lead_voices(&style.chords, style.key, 67.0);
        let home = lead_voices(&[style.home], style.key, 64.0);
        let bar_samples = grid.beat * 4.0;
        let mut variant = rng.index(4);
        let bars = roles
            .iter()
            .enumerate()
            .map(|(index, &role)| {
                let block = index / 4;
                if index % 4 == 0 {
                    variant = (variant + 1 + rng.index(3)) % 4;
                }
                let cycle = if block % 2 == 1 { &high } else { &low };
                let chord = match role {
                    Role::End => home[0].clone(),
                    _ => cycle[index % cycle.len()].clone(),
                };
                let middle = ((index as f64 + 0.5) * bar_samples) as usize;
                Bar {
                    beat: 4.0 * index as f64,
                    role,
                    block,
                    variant,
                    fill: index % 4 == 3 && role != Role::End,
                    voiced: arc.voice.as_ref().is_some_and(|v| v.contains(&middle)),
                    chord,
                }
            })
            .collect();
        Self { grid, bars, key: style.key, scale: style.scale }
    }
}

fn roles(grid: &Grid, arc: &StoryArc) -> Vec<Role> {
    let count = grid.bars;
    let mut roles = vec![Role::Main; count];
    let intro = match count {
        0..4 => 0,
        4..8 => 1,
        _ => 2,
    };
    roles[..intro].fill(Role::Intro);
    if count >= 8 {
        roles[2..4].fill(Role::Build);
    }
    // One quieter block past the middle of a long piece.
    if count >= 18 {
        let start = (count * 5 / 9) / 4 * 4;
        roles[start..start + 4].fill(Role::Break);
    }
    let wished = arc.turn.map(|at| (at as f64 / (4.0 * grid.beat)).round() as usize);
    let turn = match wished {
        Some(bar) if bar > intro + 1 && bar < count => Some(bar),
        Some(_) => None,
        None if count >= 8 => Some(count - 1 - if count >= 12 { 4 } else { 2 }),
        None => None,
    };
    if let Some(turn) = turn {
        roles[turn - 1] = Role::Drop;
        roles[turn..].fill(Role::Final);
    }
    if grid.fits && count >= 3 {
        roles[count - 1] = Role::End;
    }
    roles
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_fit_films_of_usual_length() {
        let mut rng = crate::dsp::rng(1);
        for seconds in 18..60 {
            let grid = Grid::fit(seconds * 48_000, (108.0, 118.0), 0.5, &mut rng);
            assert!(grid.fits, "{seconds} s");
            let end = grid.beat * 4.0 * grid.bars as f64;
            assert!((end - (seconds * 48_000) as f64).abs() < 1.0);
            assert!((103.0..123.0).contains(&grid.bpm()), "{}", grid.bpm());
        }
    }

    #[test]
    fn swing_moves_the_offbeat_only() {
        let grid = Grid { beat: 1000.0, bars: 4, swing: 0.58, fits: true };
        assert_eq!(grid.at(2.0), 2000.0);
        assert!((grid.at(2.5) - 2580.0).abs() < 1e-6);
    }

    #[test]
    fn every_length_gets_a_plan() {
        let mut rng = crate::dsp::rng(1);
        for len in [0, 1, 4800, 48_000, 100_000, 480_000, 48_000 * 90] {
            for turn in [None, Some(0), Some(len / 2), Some(len)] {
                let grid = Grid::fit(len, (84.0, 90.0), 0.5, &mut rng);
                let arc = StoryArc { voice: None, turn };
                assert_eq!(roles(&grid, &arc).len(), grid.bars);
            }
        }
    }
}
