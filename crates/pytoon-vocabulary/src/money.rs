//! Money as whole millionths of a dollar, since sums of floats would drift.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::iter::Sum;
use std::ops::{Add, AddAssign, Sub};

/// An amount in millionths of a US dollar.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(transparent)]
pub struct MicroUsd(pub i64);

impl MicroUsd {
    /// An amount of zero.
    pub const ZERO: Self = Self(0);

    /// Converts dollars to the nearest whole millionth. NaN and infinities become zero.
    pub fn from_usd(usd: f64) -> Self {
        if usd.is_finite() { Self((usd * 1e6).round() as i64) } else { Self::ZERO }
    }

    /// Returns the amount in dollars, for display.
    pub fn as_usd(self) -> f64 {
        self.0 as f64 / 1e6
    }

    /// Multiplies by a factor and rounds up, since an estimate must not be too low.
    #[must_use]
    pub fn times_ceil(self, factor: f64) -> Self {
        Self((self.0 as f64 * factor.max(0.0)).ceil() as i64)
    }
}

impl fmt::Display for MicroUsd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let usd = self.as_usd();
        // Cents if they are exact, else four digits.
        if self.0 % 10_000 == 0 { write!(f, "${usd:.2}") } else { write!(f, "${usd:.4}") }
    }
}

impl Add for MicroUsd {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

impl AddAssign for MicroUsd {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl Sub for MicroUsd {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }
}

impl Sum for MicroUsd {
    fn sum<I: Iterator<Item = Self>>(items: I) -> Self {
        items.fold(Self::ZERO, Add::add)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_are_exact_and_readable() {
        let total: MicroUsd = (0..10).map(|_| MicroUsd::from_usd(0.1)).sum();
        assert_eq!(total, MicroUsd::from_usd(1.0));
        assert_eq!(total.to_string(), "$1.00");
        assert_eq!(MicroUsd::from_usd(0.0525).to_string(), "$0.0525");
        assert_eq!(MicroUsd(1).times_ceil(1.5), MicroUsd(2));
    }
}
