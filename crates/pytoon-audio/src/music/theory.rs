//! Keys, chords and voice leading.
//!
//! Notes are MIDI numbers (60 = middle C, equal temperament at 440 Hz). Chords are voiced from G3 up and led so that
//! the voices move little. Roots are below C3, so the two never overlap.

/// The range of the upper voices (G3 to F5).
const UPPER: std::ops::RangeInclusive<i32> = 55..=77;

/// A chord: the distance of its root from the tonic, and the distances of its upper notes from the root.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Chord {
    pub(super) root: i32,
    pub(super) upper: &'static [i32],
}

pub(super) const MAJ: &[i32] = &[0, 4, 7];
pub(super) const MIN: &[i32] = &[0, 3, 7];
pub(super) const ADD9: &[i32] = &[0, 2, 4, 7];
pub(super) const MIN7: &[i32] = &[0, 3, 7, 10];
pub(super) const MAJ7: &[i32] = &[0, 4, 7, 11];
pub(super) const SUS2: &[i32] = &[0, 2, 7];
/// The intervals of a minor ninth chord without its root, which the bass plays. Like the next two chords, it is for
/// jazz harmony.
pub(super) const MIN9: &[i32] = &[3, 7, 10, 14];
pub(super) const MAJ9: &[i32] = &[4, 7, 11, 14];
pub(super) const DOM13: &[i32] = &[4, 10, 14, 21];

pub(super) const MAJOR: [i32; 7] = [0, 2, 4, 5, 7, 9, 11];
pub(super) const MINOR: [i32; 7] = [0, 2, 3, 5, 7, 8, 10];

/// A chord placed on the keyboard.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Voicing {
    /// The root, between A1 and G#2.
    pub(super) bass: i32,
    /// The upper voices, from low to high.
    pub(super) upper: Vec<i32>,
}

impl Voicing {
    /// Returns upper voice `n`. Above the top voice, the voices repeat an octave higher.
    pub(super) fn note(&self, n: usize) -> i32 {
        let count = self.upper.len().max(1);
        self.upper.get(n % count).copied().unwrap_or(60) + 12 * (n / count) as i32
    }
}

pub(super) fn hz(midi: i32) -> f32 {
    (440.0 * 2.0_f64.powf(f64::from(midi - 69) / 12.0)) as f32
}

/// Voices a progression in `key`. The first chord is near `centre`; each later one stays near it and moves
/// little from the previous chord. Positions with a semitone at the bottom or the top are avoided.
pub(super) fn lead_voices(chords: &[Chord], key: i32, centre: f32) -> Vec<Voicing> {
    let mut before: Option<Vec<i32>> = None;
    chords
        .iter()
        .map(|chord| {
            let root = (key + chord.root).rem_euclid(12);
            let upper = candidates(root, chord.upper)
                .into_iter()
                .min_by(|a, b| {
                    cost(a, before.as_deref(), centre).total_cmp(&cost(
                        b,
                        before.as_deref(),
                        centre,
                    ))
                })
                .unwrap_or_else(|| vec![60, 64, 67]);
            before = Some(upper.clone());
            // Phones cannot play E1 to D#2, so roots are between A1 and G#2.
            Voicing { bass: 33 + (root - 9).rem_euclid(12), upper }
        })
        .collect()
}

/// Returns every close position of a chord that fits the upper range.
fn candidates(root: i32, intervals: &[i32]) -> Vec<Vec<i32>> {
    let mut classes: Vec<i32> = intervals.iter().map(|i| (root + i).rem_euclid(12)).collect();
    classes.sort_unstable();
    classes.dedup();
    let mut found = Vec::new();
    for rotation in 0..classes.len() {
        for octave in 4..7 {
            let mut notes = Vec::with_capacity(classes.len());
            let mut low = 12 * octave + classes[rotation];
            for step in 0..classes.len() {
                let class = classes[(rotation + step) % classes.len()];
                let note = low + (class - low).rem_euclid(12);
                notes.push(note);
                low = note + 1;
            }
            if notes.iter().all(|note| UPPER.contains(note)) {
                found.push(notes);
            }
        }
    }
    found
}

fn cost(notes: &[i32], before: Option<&[i32]>, centre: f32) -> f32 {
    let count = notes.len() as f32;
    let mean = notes.iter().sum::<i32>() as f32 / count;
    // A semitone at the bottom or the top of a chord is harsh.
    let grating = [notes.first().zip(notes.get(1)), notes.iter().rev().nth(1).zip(notes.last())]
        .into_iter()
        .flatten()
        .filter(|(a, b)| **b - **a == 1)
        .count() as f32;
    let movement = before.map_or(0.0, |before| {
        let nearest = |note: &i32| before.iter().map(|b| (b - note).abs()).min().unwrap_or(0);
        notes.iter().map(nearest).sum::<i32>() as f32 / count
    });
    movement + 0.35 * (mean - centre).abs() + 2.0 * grating
}

/// Returns the scale note nearest to `midi`, or the lower one if two are equally near.
pub(super) fn snap(midi: i32, key: i32, scale: &[i32]) -> i32 {
    let inside = |note: i32| scale.contains(&(note - key).rem_euclid(12));
    (0..7).flat_map(|d| [midi - d, midi + d]).find(|&note| inside(note)).unwrap_or(midi)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn voices_move_little_and_stay_in_range() {
        let chords = [
            Chord { root: 0, upper: ADD9 },
            Chord { root: 7, upper: ADD9 },
            Chord { root: 9, upper: MIN7 },
            Chord { root: 5, upper: ADD9 },
        ];
        for key in 0..12 {
            let voiced = lead_voices(&chords, key, 64.0);
            for pair in voiced.windows(2) {
                let moved: i32 = pair[1]
                    .upper
                    .iter()
                    .map(|n| pair[0].upper.iter().map(|b| (b - n).abs()).min().unwrap())
                    .sum();
                assert!(moved as f32 / 4.0 <= 2.0, "{pair:?}");
            }
            assert!(
                voiced.iter().all(|v| v.bass < 48 && v.upper.iter().all(|n| UPPER.contains(n)))
            );
        }
        assert_eq!(snap(61, 0, &MAJOR), 60);
    }
}
