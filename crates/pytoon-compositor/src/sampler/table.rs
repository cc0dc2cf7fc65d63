//! Computes the source position and the weights of each output sample.
#![cfg_attr(
    not(target_arch = "x86_64"),
    allow(dead_code, reason = "groups of columns are for wide kernels")
)]

use super::{PAD, WEIGHT_BITS};
use std::sync::LazyLock;

const PHASES: usize = 1024;

/// The Catmull-Rom weights by phase. Each row sums to exactly `1 << WEIGHT_BITS`.
pub(super) type Weights = [[i16; 4]; PHASES];

static WEIGHTS: LazyLock<Box<Weights>> =
    LazyLock::new(|| Box::new(std::array::from_fn(weights_at)));

pub(super) fn weights() -> &'static Weights {
    &WEIGHTS
}

fn weights_at(phase: usize) -> [i16; 4] {
    let t = phase as f64 / PHASES as f64;
    let exact = [
        -0.5 * t * t * t + t * t - 0.5 * t,
        1.5 * t * t * t - 2.5 * t * t + 1.0,
        -1.5 * t * t * t + 2.0 * t * t + 0.5 * t,
        0.5 * t * t * t - 0.5 * t * t,
    ];
    let one = f64::from(1 << WEIGHT_BITS);
    let mut fixed = exact.map(|w| (w * one).round() as i16);
    let sum: i32 = fixed.iter().map(|&w| i32::from(w)).sum();
    // The rounding error goes to the larger middle weight, where it matters least.
    let middle = if t < 0.5 { 1 } else { 2 };
    fixed[middle] += ((1 << WEIGHT_BITS) - sum) as i16;
    fixed
}

/// One axis of the mapping. The source position of output sample `i` is `start + step * i`, in sample indices.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Axis {
    /// The source index, with fraction, of the first output sample.
    pub start: f64,
    /// The number of source samples per output sample.
    pub step: f64,
}

impl Axis {
    /// Returns the index of the tap to the left of the position, and the weights of the taps -1, 0, 1, 2 around it.
    pub(super) fn taps(self, index: usize, weights: &Weights) -> (i64, [i16; 4]) {
        // In phases, rounded to the nearest. The offset makes truncation a floor; both are far cheaper than the
        // library's functions.
        const OFFSET: i64 = 1 << 36;
        let position = (self.start + self.step * index as f64) * PHASES as f64;
        let phases = (position + (OFFSET as f64 + 0.5)) as i64 - OFFSET;
        let phase = phases.rem_euclid(PHASES as i64) as usize;
        (phases.div_euclid(PHASES as i64), weights[phase])
    }
}

/// Eight outputs as two lanes of four, in the layout of the wide kernel.
///
/// A lane loads eight values from `base` on. Its four outputs need taps within those eight if the step is at
/// most 4/3, since three steps of 4/3 advance four values, and four taps fit after them.
#[derive(Debug, Clone, Copy, Default)]
#[repr(C, align(32))]
pub(super) struct Octet {
    /// The byte shuffles that bring taps -1 and 0 of four outputs side by side.
    pub(super) pick_low: [u8; 32],
    /// The byte shuffles for taps 1 and 2.
    pub(super) pick_high: [u8; 32],
    pub(super) weights_low: [i16; 16],
    pub(super) weights_high: [i16; 16],
    pub(super) base: [u32; 2],
}

/// Sixteen outputs, in the layout of the widest kernel.
///
/// The kernel loads [`SPAN`] values from `base` on, which include the taps of its outputs if the step is at most 1.8.
#[derive(Debug, Clone, Copy)]
#[repr(C, align(64))]
pub(super) struct Sixteen {
    /// The indices of the loaded values for taps -1 and 0 of each output.
    pub(super) pick_low: [u16; SPAN],
    /// The indices for taps 1 and 2.
    pub(super) pick_high: [u16; SPAN],
    pub(super) weights_low: [i16; SPAN],
    pub(super) weights_high: [i16; SPAN],
    pub(super) base: u32,
    /// The index of the first output.
    pub(super) at: u32,
}

/// The number of values that the widest kernel loads at once.
pub(super) const SPAN: usize = 32;

/// The groups of columns that a kernel reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Grouping {
    /// No groups. The kernel uses `taps`.
    Single,
    #[cfg(target_arch = "x86_64")]
    Octets,
    #[cfg(target_arch = "x86_64")]
    Sixteens,
}

/// The column positions and weights for one frame.
#[derive(Debug, Default)]
pub(super) struct ColumnTable {
    built_for: Option<(Axis, usize, usize, Grouping)>,
    /// The first padded source column that any tap uses.
    pub(super) first: usize,
    /// The number of source columns used.
    pub(super) len: usize,
    /// The first tap (relative to `first`) and the weights of every output.
    pub(super) taps: Vec<(u32, [i16; 4])>,
    /// The outputs in groups of sixteen: lanes 0-3 and 8-11, then lanes 4-7 and 12-15, so that packing orders
    /// them. Empty for another [`Grouping`], or if the step is too large for the wide kernel.
    pub(super) octets: Vec<[Octet; 2]>,
    /// All outputs in groups of sixteen. The last group may overlap the previous one. Empty for another
    /// [`Grouping`], if the step is too large, or if there are fewer than sixteen outputs.
    pub(super) sixteens: Vec<Sixteen>,
}

impl ColumnTable {
    pub(super) fn build(
        &mut self,
        axis: Axis,
        out_width: usize,
        plane_width: usize,
        grouping: Grouping,
    ) {
        // The second chroma plane uses the columns of the first.
        let built_for = Some((axis, out_width, plane_width, grouping));
        if self.built_for == built_for {
            return;
        }
        self.built_for = built_for;
        // Taps may reach `PAD` beyond the plane; everything further out is edge.
        let last_tap = (plane_width + 2 * PAD - 4) as i64;
        let all_weights = weights();
        let column = |index: usize| {
            let (left, weights) = axis.taps(index, all_weights);
            ((left - 1 + PAD as i64).clamp(0, last_tap) as usize, weights)
        };
        self.first = column(0).0;
        self.taps.clear();
        self.taps.extend((0..out_width).map(|index| {
            let (left, weights) = column(index);
            ((left - self.first) as u32, weights)
        }));
        let end = self.taps.last().map_or(0, |tap| tap.0 as usize) + 4;
        self.len = end.min(plane_width + 2 * PAD - self.first);
        self.octets.clear();
        self.sixteens.clear();
        match grouping {
            Grouping::Single => {}
            #[cfg(target_arch = "x86_64")]
            Grouping::Octets => self.build_octets(),
            #[cfg(target_arch = "x86_64")]
            Grouping::Sixteens => self.build_sixteens(),
        }
    }

    #[cfg(target_arch = "x86_64")]
    fn build_sixteens(&mut self) {
        let fits = |group: &[(u32, [i16; 4])]| group[15].0 + 4 <= group[0].0 + SPAN as u32;
        let Some(last) = self.taps.len().checked_sub(16) else { return };
        let starts = || (0..last).step_by(16).chain([last]);
        if !starts().all(|at| fits(&self.taps[at..at + 16])) {
            return;
        }
        self.sixteens.extend(starts().map(|at| sixteen(at, &self.taps[at..at + 16])));
    }

    #[cfg(target_arch = "x86_64")]
    fn build_octets(&mut self) {
        let fits = |quad: &[(u32, [i16; 4])]| quad[quad.len() - 1].0 - quad[0].0 <= 4;
        if !self.taps.chunks_exact(16).all(|group| group.chunks_exact(4).all(fits)) {
            return;
        }
        for group in self.taps.chunks_exact(16) {
            let quads = [&group[0..4], &group[4..8], &group[8..12], &group[12..16]];
            self.octets.push([octet(quads[0], quads[2]), octet(quads[1], quads[3])]);
        }
    }
}

#[cfg(target_arch = "x86_64")]
fn sixteen(at: usize, group: &[(u32, [i16; 4])]) -> Sixteen {
    let base = group[0].0;
    let mut out = Sixteen {
        pick_low: [0; SPAN],
        pick_high: [0; SPAN],
        weights_low: [0; SPAN],
        weights_high: [0; SPAN],
        base,
        at: at as u32,
    };
    for (slot, (tap, weights)) in group.iter().enumerate() {
        for k in 0..2 {
            let value = (tap - base) as u16 + k as u16;
            out.pick_low[2 * slot + k] = value;
            out.pick_high[2 * slot + k] = value + 2;
            out.weights_low[2 * slot + k] = weights[k];
            out.weights_high[2 * slot + k] = weights[2 + k];
        }
    }
    out
}

#[cfg(target_arch = "x86_64")]
fn octet(first: &[(u32, [i16; 4])], second: &[(u32, [i16; 4])]) -> Octet {
    let mut out = Octet::default();
    for (lane, quad) in [first, second].into_iter().enumerate() {
        let base = quad[0].0;
        out.base[lane] = base;
        for (slot, (tap, weights)) in quad.iter().enumerate() {
            for k in 0..2 {
                let at = lane * 16 + slot * 4 + k * 2;
                for (pick, tap_offset) in [(&mut out.pick_low, 0), (&mut out.pick_high, 2)] {
                    let byte = ((tap - base) as usize + tap_offset + k) * 2;
                    pick[at] = byte as u8;
                    pick[at + 1] = byte as u8 + 1;
                }
                out.weights_low[at / 2] = weights[k];
                out.weights_high[at / 2] = weights[2 + k];
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_sum_to_one_at_every_phase() {
        for row in WEIGHTS.iter() {
            assert_eq!(row.iter().map(|&w| i32::from(w)).sum::<i32>(), 1 << WEIGHT_BITS);
        }
        assert_eq!(WEIGHTS[0], [0, 1 << WEIGHT_BITS, 0, 0]);
    }
}
