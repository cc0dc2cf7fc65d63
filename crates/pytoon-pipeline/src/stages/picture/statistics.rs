//! Detects black and still frames while a film is drawn.
//!
//! A film may be drawn in chunks. The joined statistics of its chunks equal those of the whole film.

use pytoon_graphics::Frame;
use pytoon_vocabulary::Frame as FrameNumber;
use serde::{Deserialize, Serialize};

/// The approximate number of columns in the sampling grid from which the statistics are computed; the grid
/// has about twice as many rows.
const GRID: usize = 40;

const ONE: FrameNumber = FrameNumber::new(1);

/// Half-open runs of frames, as (start, end).
type Runs = Vec<(FrameNumber, FrameNumber)>;

/// The statistics of a run of consecutive frames.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct FrameStatistics {
    /// Runs of black frames.
    pub(crate) black: Runs,
    /// Runs of frames whose sample grid equals that of the next frame.
    pub(crate) frozen: Runs,
    /// The hash of the first frame's sample grid.
    first: u64,
    /// The hash of the last frame's sample grid.
    last: u64,
}

impl FrameStatistics {
    /// Joins the statistics of all chunks, in order, each with the number of its last frame. Returns the film's runs
    /// of black and of frozen frames.
    pub(crate) fn join<'a>(
        pieces: impl IntoIterator<Item = (&'a Self, FrameNumber)>,
    ) -> (Runs, Runs) {
        let (mut black, mut frozen) = (Runs::new(), Runs::new());
        let mut before: Option<(u64, FrameNumber)> = None;
        for (piece, last) in pieces {
            if let Some((grid, number)) = before
                && grid == piece.first
            {
                append(&mut frozen, (number, number + ONE));
            }
            piece.black.iter().for_each(|&run| append(&mut black, run));
            piece.frozen.iter().for_each(|&run| append(&mut frozen, run));
            before = Some((piece.last, last));
        }
        (black, frozen)
    }
}

fn append(runs: &mut Runs, run: (FrameNumber, FrameNumber)) {
    match runs.last_mut() {
        Some(last) if last.1 == run.0 => last.1 = run.1,
        _ => runs.push(run),
    }
}

/// A collector of frame statistics.
pub(super) struct Statistics {
    number: FrameNumber,
    seen: FrameStatistics,
    grid: Option<Vec<u8>>,
}

impl Statistics {
    /// Creates an empty collector that starts at the given frame.
    pub(super) fn new(first: FrameNumber) -> Self {
        Self { number: first, seen: FrameStatistics::default(), grid: None }
    }

    pub(super) fn push(&mut self, frame: &Frame) {
        let grid: Vec<u8> = frame
            .y()
            .chunks_exact(frame.width())
            .step_by((frame.height() / (GRID * 2)).max(1))
            .flat_map(|row| row.iter().step_by((frame.width() / GRID).max(1)).copied())
            .collect();
        let n = grid.len().max(1) as f32;
        let mean = grid.iter().map(|&v| f32::from(v)).sum::<f32>() / n;
        let variance = grid.iter().map(|&v| (f32::from(v) - mean).powi(2)).sum::<f32>() / n;
        if mean < 20.0 && variance.sqrt() < 3.0 {
            append(&mut self.seen.black, (self.number, self.number + ONE));
        }
        match &self.grid {
            None => self.seen.first = xxhash_rust::xxh3::xxh3_64(&grid),
            Some(before) if *before == grid => {
                append(&mut self.seen.frozen, (self.number - ONE, self.number));
            }
            Some(_) => {}
        }
        self.grid = Some(grid);
        self.number += ONE;
    }

    /// Returns the statistics of all frames pushed so far.
    pub(super) fn finish(mut self) -> FrameStatistics {
        self.seen.last = self.grid.map_or(0, |grid| xxhash_rust::xxh3::xxh3_64(&grid));
        self.seen
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns the statistics of the frames in `range`. Frame `n` is uniformly grey, with the level `greys[n]`.
    fn statistics_of(greys: &[u8], range: std::ops::Range<usize>) -> FrameStatistics {
        let mut statistics = Statistics::new(FrameNumber::new(range.start as i64));
        for &grey in &greys[range] {
            let mut frame = Frame::new(80, 160);
            frame.data_mut()[..80 * 160].fill(grey);
            statistics.push(&frame);
        }
        statistics.finish()
    }

    #[test]
    fn runs_are_half_open() {
        let whole = statistics_of(&[90, 16, 16, 90, 16], 0..5);
        let runs = |runs: &[(i64, i64)]| -> Runs {
            runs.iter().map(|&(a, b)| (FrameNumber::new(a), FrameNumber::new(b))).collect()
        };
        assert_eq!(whole.black, runs(&[(1, 3), (4, 5)]));
        assert_eq!(whole.frozen, runs(&[(1, 2)]));
    }

    #[test]
    fn pieces_show_what_the_whole_shows() {
        let greys = [16, 16, 16, 50, 60, 60, 60, 60, 70, 80, 80];
        let whole = statistics_of(&greys, 0..greys.len());
        for cut in 1..greys.len() {
            let (a, b) = (statistics_of(&greys, 0..cut), statistics_of(&greys, cut..greys.len()));
            let last = |end: usize| FrameNumber::new(end as i64 - 1);
            let pieces = [(&a, last(cut)), (&b, last(greys.len()))];
            assert_eq!(
                FrameStatistics::join(pieces),
                (whole.black.clone(), whole.frozen.clone()),
                "{cut}"
            );
        }
    }
}
