//! Seeded normal noise.
//!
//! The sequence is part of what a voice sounds like, so it is the core's generator and the
//! transform of Box and Muller ("A note on the generation of random normal deviates", 1958).

use pytoon_core::rng::Rng;
use std::f64::consts::TAU;

/// A source of normal deviates: mean 0, variance 1.
#[derive(Debug)]
pub(crate) struct Normal(Rng);

impl Normal {
    pub(crate) fn new(seed: u64, purpose: &str) -> Self {
        Self(Rng::new(seed, purpose))
    }

    /// Two independent deviates.
    pub(crate) fn pair(&mut self) -> (f32, f32) {
        let radius = (-2.0 * (1.0 - self.0.unit()).ln()).sqrt();
        let (sin, cos) = (TAU * self.0.unit()).sin_cos();
        ((radius * cos) as f32, (radius * sin) as f32)
    }

    /// So many deviates, each times `scale`.
    pub(crate) fn take(&mut self, count: usize, scale: f32) -> Vec<f32> {
        let mut values = Vec::with_capacity(count + 1);
        while values.len() < count {
            let (a, b) = self.pair();
            values.extend([a * scale, b * scale]);
        }
        values.truncate(count);
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
