//! Adapts the reference's features to the recording's speaker, based on a first alignment.
//!
//! A speaker, a room and a pitch change cepstra in ways that are nearly linear over frames. The pairs of a first
//! alignment determine the map (ridge regression towards the identity) and the combinations of features that it
//! leaves uncertain. Distances are then measured in units of that uncertainty.

use super::features::{DIMENSIONS, Feature};

/// The strength of the regularisation towards the identity, as the equivalent number of average frames.
const RIDGE: f64 = 60.0;
/// The fraction of the covariances between residuals that is dropped.
const SHRINK: f64 = 0.5;
/// Minimum number of pairs for a map.
const MIN_PAIRS: usize = 150;

const SIZE: usize = DIMENSIONS + 1;

/// The feature map of a speaker.
#[derive(Debug, Clone)]
pub(crate) struct Speaker {
    /// The map as one row per output: the weights of the inputs, then the constant.
    map: Vec<[f32; SIZE]>,
    /// A lower-triangular matrix, by row, that whitens residuals. It is scaled so that distances keep their usual
    /// size.
    whiten: Vec<Feature>,
}

impl Speaker {
    /// Fits a map to pairs of (reference, recording). `cost` is the target for the mean distance of pairs. Returns
    /// `None` if there are fewer than [`MIN_PAIRS`] pairs or no solution.
    pub(crate) fn fit(pairs: &[(Feature, Feature)], cost: f32) -> Option<Self> {
        if pairs.len() < MIN_PAIRS {
            return None;
        }
        let map = regress(pairs)?;
        let mut covariance = vec![vec![0.0f64; DIMENSIONS]; DIMENSIONS];
        for (x, y) in pairs {
            let mapped = apply(&map, x);
            let left: Vec<f64> =
                (0..DIMENSIONS).map(|d| f64::from(y[d]) - f64::from(mapped[d])).collect();
            for (row, a) in covariance.iter_mut().zip(&left) {
                for (cell, b) in row.iter_mut().zip(&left) {
                    *cell += a * b / pairs.len() as f64;
                }
            }
        }
        for (i, row) in covariance.iter_mut().enumerate() {
            for (j, cell) in row.iter_mut().enumerate() {
                *cell *= if i == j { 1.0 } else { 1.0 - SHRINK };
            }
            row[i] += 1e-6;
        }
        let lower = cholesky(&covariance)?;
        let scale = (f64::from(cost) / DIMENSIONS as f64).sqrt();
        let whiten = invert_lower(&lower)
            .into_iter()
            .map(|row| std::array::from_fn(|d| (row[d] * scale) as f32))
            .collect();
        Some(Self { map, whiten })
    }

    /// Maps a reference's frame to this speaker and whitens it.
    pub(crate) fn reference(&self, x: &Feature) -> Feature {
        self.whiten(&apply(&self.map, x))
    }

    /// Whitens a recording's frame.
    pub(crate) fn whiten(&self, y: &Feature) -> Feature {
        std::array::from_fn(|d| self.whiten[d][..=d].iter().zip(y).map(|(w, y)| w * y).sum())
    }
}

fn apply(map: &[[f32; SIZE]], x: &Feature) -> Feature {
    std::array::from_fn(|d| {
        let row = &map[d];
        row[..DIMENSIONS].iter().zip(x).map(|(w, x)| w * x).sum::<f32>() + row[DIMENSIONS]
    })
}

/// Returns the regression weights from x to y, with a ridge towards y = x.
fn regress(pairs: &[(Feature, Feature)]) -> Option<Vec<[f32; SIZE]>> {
    let mut normal = vec![vec![0.0f64; SIZE]; SIZE];
    let mut right = vec![[0.0f64; SIZE]; DIMENSIONS];
    let mut row = [1.0f64; SIZE];
    for (x, y) in pairs {
        row.iter_mut().zip(x).for_each(|(cell, x)| *cell = f64::from(*x));
        for i in 0..SIZE {
            for j in 0..=i {
                normal[i][j] += row[i] * row[j];
            }
        }
        for d in 0..DIMENSIONS {
            let beyond = f64::from(y[d]) - f64::from(x[d]);
            for (cell, x) in right[d].iter_mut().zip(&row) {
                *cell += beyond * x;
            }
        }
    }
    let count = pairs.len() as f64;
    // The factorisation reads the lower half only. The constant is not regularised.
    for (i, row) in normal.iter_mut().enumerate().take(DIMENSIONS) {
        row[i] += RIDGE * row[i] / count;
    }
    let lower = cholesky(&normal)?;
    Some(
        (0..DIMENSIONS)
            .map(|d| {
                let solved = solve(&lower, &right[d]);
                std::array::from_fn(|i| (solved[i] + f64::from(u8::from(i == d))) as f32)
            })
            .collect(),
    )
}

fn cholesky(matrix: &[Vec<f64>]) -> Option<Vec<Vec<f64>>> {
    let size = matrix.len();
    let mut lower = vec![vec![0.0; size]; size];
    for i in 0..size {
        for j in 0..=i {
            let sum: f64 = (0..j).map(|k| lower[i][k] * lower[j][k]).sum();
            let rest = matrix[i][j] - sum;
            if i == j {
                if rest <= 0.0 {
                    return None;
                }
                lower[i][i] = rest.sqrt();
            } else {
                lower[i][j] = rest / lower[j][j];
            }
        }
    }
    Some(lower)
}

fn solve(lower: &[Vec<f64>], right: &[f64]) -> Vec<f64> {
    let size = lower.len();
    let mut out = right.to_vec();
    for i in 0..size {
        let sum: f64 = (0..i).map(|k| lower[i][k] * out[k]).sum();
        out[i] = (out[i] - sum) / lower[i][i];
    }
    for i in (0..size).rev() {
        let sum: f64 = (i + 1..size).map(|k| lower[k][i] * out[k]).sum();
        out[i] = (out[i] - sum) / lower[i][i];
    }
    out
}

fn invert_lower(lower: &[Vec<f64>]) -> Vec<Vec<f64>> {
    let size = lower.len();
    let mut inverse = vec![vec![0.0; size]; size];
    for column in 0..size {
        inverse[column][column] = 1.0 / lower[column][column];
        for row in column + 1..size {
            let sum: f64 = (column..row).map(|k| lower[row][k] * inverse[k][column]).sum();
            inverse[row][column] = -sum / lower[row][row];
        }
    }
    inverse
}
