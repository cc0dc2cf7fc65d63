//! Generates seeded normal noise.
//!
//! The sequence affects the sound of a voice, so it must be stable: it uses [`Rng`] and the Box-Muller
//! transform ("A note on the generation of random normal deviates", 1958).

use crate::maths;
use pytoon_vocabulary::Rng;
use std::f32::consts::TAU;

/// The number of deviates generated at a time; even.
const BATCH: usize = 64;

/// A source of normal deviates with mean 0 and variance 1.
#[derive(Debug)]
pub(crate) struct Normal(Rng);

impl Normal {
    pub(crate) fn new(seed: u64, purpose: &str) -> Self {
        Self(Rng::new(seed, purpose))
    }

    /// Fills a slice with independent deviates, pair by pair.
    pub(crate) fn fill(&mut self, values: &mut [f32]) {
        for chunk in values.chunks_mut(BATCH) {
            let mut radii = [0.0f32; BATCH / 2];
            let mut turns = [0.0f32; BATCH / 2];
            let pairs = chunk.len().div_ceil(2);
            for (radius, turn) in radii.iter_mut().zip(&mut turns).take(pairs) {
                // Never 0, whose logarithm is infinite.
                *radius = (1.0 - self.0.unit_f64() as f32).max(f32::MIN_POSITIVE);
                *turn = self.0.unit_f64() as f32;
            }
            let mut deviates = [0.0f32; BATCH];
            let (cosines, sines) = deviates.split_at_mut(BATCH / 2);
            for at in 0..BATCH / 2 {
                let radius = (-2.0 * maths::ln(radii[at].max(f32::MIN_POSITIVE))).max(0.0).sqrt();
                let (sin, cos) = maths::sin_cos(TAU * turns[at]);
                cosines[at] = radius * cos;
                sines[at] = radius * sin;
            }
            for (at, value) in chunk.iter_mut().enumerate() {
                *value = deviates[at / 2 + at % 2 * (BATCH / 2)];
            }
        }
    }

    /// Returns `count` deviates, each multiplied by `scale`.
    pub(crate) fn take(&mut self, count: usize, scale: f32) -> Vec<f32> {
        let mut values = vec![0.0; count];
        self.fill(&mut values);
        values.iter_mut().for_each(|value| *value *= scale);
        values
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn deviates_are_normal_and_repeatable() {
        let values = Normal::new(3, "test").take(100_001, 2.0);
        assert_eq!(values, Normal::new(3, "test").take(100_001, 2.0));
        let mean = values.iter().map(|&v| f64::from(v)).sum::<f64>() / values.len() as f64;
        let variance =
            values.iter().map(|&v| f64::from(v).powi(2)).sum::<f64>() / values.len() as f64;
        assert!(mean.abs() < 0.03 && (variance - 4.0).abs() < 0.06, "{mean} {variance}");
        assert_ne!(values[..9], Normal::new(4, "test").take(9, 2.0)[..]);
    }
}
