//! Computes the gain curve that lowers music under speech.
//!
//! Guarantees: music is fully ducked over the whole of `[start, end)`; the ramp down ends at `start` and the
//! ramp up begins at `end`; overlapping regions take the lower gain; the curve never moves more than
//! [`MAX_STEP_DB`] in 10 ms, because ramps that are too short for their depth are lengthened.
//!
//! This module does not detect speech: regions come from word times, never from a detector on the mix, so that the
//! music is ducked before the first syllable and does not pump in the pauses between words.

use std::f64::consts::PI;

use crate::dsp::raised_cosine;
use crate::samples_from_ms;
use pytoon_vocabulary::{DuckRegion, Ms};

/// Maximum gain change in any 10 ms.
pub const MAX_STEP_DB: f32 = 1.0;

const STEP_SAMPLES: f64 = 480.0;
/// The distance between computed gains, in samples. Gains in between are interpolated.
const GRID: usize = 32;

/// A ducked region, in samples.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Lowered {
    /// The first sample at full depth.
    start: usize,
    /// The first sample after full depth, where the ramp up begins.
    end: usize,
    /// The gain inside the region, in dB. The sign is ignored, since music is never raised.
    depth_db: f32,
    /// The number of samples from unity to full depth, ending at `start`.
    ramp_down: usize,
    /// The number of samples from full depth to unity, beginning at `end`.
    ramp_up: usize,
}

impl From<&DuckRegion> for Lowered {
    fn from(region: &DuckRegion) -> Self {
        let samples = |length: Ms| samples_from_ms(length.max(Ms::ZERO).get() as f64);
        Self {
            start: samples(region.start),
            end: samples(region.end),
            depth_db: region.gain_db as f32,
            ramp_down: samples(region.ramp_down),
            ramp_up: samples(region.ramp_up),
        }
    }
}

impl Lowered {
    /// Returns the depth as a gain between -60 and 0 dB.
    fn depth(&self) -> f64 {
        let depth = f64::from(self.depth_db.abs());
        -(if depth.is_finite() { depth.min(60.0) } else { 60.0 })
    }

    /// Returns the length of a ramp that changes by at most the step limit in any 10 ms and has at least `wanted`
    /// samples. A cosine ramp is steepest in its middle, at depth * pi / 2 per length.
    fn ramp(&self, wanted: usize) -> usize {
        // The margin covers the interpolation between grid points.
        let steepest = -self.depth() * PI / 2.0 * STEP_SAMPLES / f64::from(MAX_STEP_DB) * 1.02;
        wanted.max(steepest.ceil() as usize).max(1)
    }
}

/// Returns the ducking gain for each of `len` samples of music, as a linear factor.
#[must_use]
pub fn duck_envelope(regions: &[DuckRegion], len: usize) -> Vec<f32> {
    let regions: Vec<Lowered> = regions.iter().map(Lowered::from).collect();
    envelope(&regions, len)
}

fn envelope(regions: &[Lowered], len: usize) -> Vec<f32> {
    // In dB on a coarse grid first, so that a region touches only its own part.
    let points = len / GRID + 2;
    let mut grid = vec![0.0_f64; points];
    for region in regions.iter().filter(|r| r.start < r.end) {
        lower(&mut grid, region);
    }
    let linear: Vec<f32> = grid.iter().map(|db| 10_f64.powf(db / 20.0) as f32).collect();
    let mut gains = Vec::with_capacity(len + GRID);
    for pair in linear.windows(2) {
        let step = (pair[1] - pair[0]) / GRID as f32;
        gains.extend((0..GRID).map(|n| pair[0] + step * n as f32));
    }
    gains.resize(len, 1.0);
    gains
}

fn lower(grid: &mut [f64], region: &Lowered) {
    let (depth, down, up) =
        (region.depth(), region.ramp(region.ramp_down), region.ramp(region.ramp_up));
    // The grid points before `start` and after `end` are fully ducked, so that interpolation cannot leak music
    // into the region.
    let start = region.start / GRID * GRID;
    let end = region.end.saturating_add(GRID - 1) / GRID * GRID;
    let first = start.saturating_sub(down) / GRID;
    let last = (end.saturating_add(up) / GRID + 1).min(grid.len());
    for (index, gain) in grid.iter_mut().enumerate().take(last).skip(first) {
        let at = index * GRID;
        let share = if at < start {
            1.0 - (start - at) as f64 / down as f64
        } else if at <= end {
            1.0
        } else {
            1.0 - (at - end) as f64 / up as f64
        };
        *gain = gain.min(depth * raised_cosine(share));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns a region that is ducked by 12 dB, with ramps of 180 and 700 ms.
    fn ducked_region(start: usize, end: usize) -> Lowered {
        let (ramp_down, ramp_up) = (180 * 48, 700 * 48);
        Lowered { start, end, depth_db: -12.0, ramp_down, ramp_up }
    }

    fn db(gain: f32) -> f32 {
        20.0 * gain.log10()
    }

    fn max_step(gains: &[f32]) -> f32 {
        let level: Vec<f32> = gains.iter().map(|&g| db(g)).collect();
        level.windows(481).map(|w| (w[480] - w[0]).abs()).fold(0.0, f32::max)
    }

    #[test]
    fn a_region_lies_where_its_milliseconds_are() {
        let region = DuckRegion {
            start: Ms::new(1000),
            end: Ms::new(2000),
            gain_db: -12.0,
            ramp_down: Ms::new(180),
            ramp_up: Ms::new(700),
        };
        assert_eq!(Lowered::from(&region), ducked_region(48_000, 96_000));
        let before = DuckRegion { start: Ms::new(-5), end: Ms::new(-1), ..region };
        assert_eq!(duck_envelope(&[before], 10), vec![1.0; 10]);
    }

    #[test]
    fn down_at_start_up_after_end() {
        let region = ducked_region(48_000, 96_000);
        let gains = envelope(&[region], 200_000);
        assert_eq!(gains.len(), 200_000);
        assert!(gains[48_000..96_000].iter().all(|&g| db(g) < -11.99));
        // 12 dB need 192 ms to stay within the step limit.
        assert_eq!(gains[48_000 - 9300], 1.0);
        assert_eq!(gains[140_000], 1.0);
        assert!(db(gains[96_000 + 16_800]) > -6.2 && db(gains[96_000 + 16_800]) < -5.8);
    }

    #[test]
    fn no_step_over_one_db_in_ten_ms() {
        let mut cases = vec![vec![ducked_region(0, 10)], vec![ducked_region(20_001, 20_002)]];
        for depth in [-3.0, -12.0, -24.0, -60.0, f32::NEG_INFINITY] {
            for ramp in [0, 1, 480, 4800] {
                cases.push(vec![
                    Lowered {
                        start: 70_003,
                        end: 80_011,
                        depth_db: depth,
                        ramp_down: ramp,
                        ramp_up: ramp,
                    },
                    Lowered { depth_db: -9.0, ..ducked_region(82_000, 99_000) },
                ]);
            }
        }
        for regions in cases {
            let gains = envelope(&regions, 200_000);
            let step = max_step(&gains);
            assert!(step <= MAX_STEP_DB + 1e-3, "{step} dB for {regions:?}");
        }
    }

    #[test]
    fn overlaps_take_the_lower_gain_and_odd_regions_are_harmless() {
        let deep = Lowered { depth_db: -18.0, ..ducked_region(50_000, 60_000) };
        let gains = envelope(&[ducked_region(48_000, 96_000), deep], 100_000);
        assert!((db(gains[55_000]) + 18.0).abs() < 0.01);
        let odd = [ducked_region(10, 5), ducked_region(usize::MAX - 5, usize::MAX)];
        assert!(envelope(&odd, 1000).iter().all(|&g| g == 1.0));
        assert!(envelope(&[], 0).is_empty());
    }
}
