//! The parts of a picture that text must not cover: faces, labels and other text, and the subject.

use super::Area;
use crate::timeline::Window;
use serde::{Deserialize, Serialize};

/// The number of rows and columns of a map.
pub const CELLS: usize = 32;

/// A grid over a whole picture or clip that marks its protected cells.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ProtectionMap {
    /// One number for each row from the top; bit 0 is the leftmost cell.
    rows: [u32; CELLS],
}

impl ProtectionMap {
    /// Returns the map whose cells (column, row) are protected where `is_protected` is true.
    pub fn from_fn(is_protected: impl Fn(usize, usize) -> bool) -> Self {
        let mut map = Self::default();
        for (y, row) in map.rows.iter_mut().enumerate() {
            for x in 0..CELLS {
                *row |= u32::from(is_protected(x, y)) << x;
            }
        }
        map
    }

    /// Returns true if the cell in a column and row is protected.
    pub fn is_protected(&self, x: usize, y: usize) -> bool {
        self.rows[y] >> x & 1 == 1
    }

    /// Returns the map that protects what either map protects.
    #[must_use]
    pub fn union(mut self, other: &Self) -> Self {
        self.rows.iter_mut().zip(other.rows).for_each(|(row, other)| *row |= other);
        self
    }

    /// Returns the fraction of the protected cells whose middle is inside a window, 0 to 1; 1 without protected cells.
    pub fn kept_by(&self, window: &Window) -> f64 {
        let (mut kept, mut all) = (0, 0);
        for y in 0..CELLS {
            for x in (0..CELLS).filter(|x| self.is_protected(*x, y)) {
                let middle = |cell: usize| (cell as f64 + 0.5) / CELLS as f64;
                let (x, y) = (middle(x) - window.x, middle(y) - window.y);
                all += 1;
                kept += usize::from(
                    (0.0..window.width).contains(&x) && (0.0..window.height).contains(&y),
                );
            }
        }
        if all == 0 { 1.0 } else { f64::from(kept as u32) / f64::from(all) }
    }

    /// Returns the fraction of an area of the frame that shows protected parts, 0 to 1, if the frame shows `window`.
    pub fn share_in(&self, area: &Area, window: &Window) -> f64 {
        // Sampled finer than the cells, so that a small area is not missed.
        const STEPS: usize = 24;
        let mut hits = 0;
        for row in 0..STEPS {
            for column in 0..STEPS {
                let at = |low: f64, high: f64, step: usize| {
                    low + (high - low) * (step as f64 + 0.5) / STEPS as f64
                };
                let x = window.x + window.width * at(area.x0, area.x1, column);
                let y = window.y + window.height * at(area.y0, area.y1, row);
                if !(0.0..1.0).contains(&x) || !(0.0..1.0).contains(&y) {
                    continue;
                }
                let cell = |value: f64| (value * CELLS as f64) as usize;
                hits += usize::from(self.is_protected(cell(x), cell(y)));
            }
        }
        hits as f64 / (STEPS * STEPS) as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_follows_the_window() {
        let lower = ProtectionMap::from_fn(|_, y| y >= CELLS / 2);
        let whole = Area::new(0.0, 0.0, 1.0, 1.0);
        let close = |found: f64, expected: f64| assert!((found - expected).abs() < 0.03, "{found}");
        close(lower.share_in(&whole, &Window::FULL), 0.5);
        close(lower.share_in(&Area::new(0.1, 0.6, 0.9, 0.8), &Window::FULL), 1.0);
        let top = Window { x: 0.0, y: 0.0, width: 0.5, height: 0.5 };
        close(lower.share_in(&whole, &top), 0.0);
        assert_eq!((lower.kept_by(&top), lower.kept_by(&Window::FULL)), (0.0, 1.0));
        assert_eq!(ProtectionMap::default().kept_by(&top), 1.0);
        let left = ProtectionMap::from_fn(|x, _| x < 8);
        close(lower.union(&left).share_in(&whole, &Window::FULL), 0.625);
    }
}
