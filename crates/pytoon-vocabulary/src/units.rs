//! Milliseconds and frames as separate types, so that one cannot be passed for the other.
//!
//! Guarantees: arithmetic never panics on overflow and never wraps.
//!
//! The frame rate (`pytoon-core::time`) converts between them.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::iter::Sum;
use std::ops::{Add, AddAssign, Div, Mul, Neg, Sub, SubAssign};

macro_rules! units {
    ($($(#[$doc:meta])+ $name:ident;)+) => {$(
        $(#[$doc])+
        ///
        /// Operators saturate at the limits of `i64`, since a handwritten file may contain any number. Dividing by
        /// zero panics.
        #[derive(
            Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize,
            Deserialize,
        )]
        #[serde(transparent)]
        pub struct $name(i64);

        impl $name {
            /// Zero.
            pub const ZERO: Self = Self(0);
            /// The largest value.
            pub const MAX: Self = Self(i64::MAX);
            /// The smallest value.
            pub const MIN: Self = Self(i64::MIN);

            /// Creates a value from a bare number.
            pub const fn new(value: i64) -> Self {
                Self(value)
            }

            /// Returns the bare number.
            pub const fn get(self) -> i64 {
                self.0
            }

            /// Returns the absolute value.
            #[must_use]
            pub const fn abs(self) -> Self {
                Self(self.0.saturating_abs())
            }

            /// Returns the sum, or `None` on overflow.
            pub const fn checked_add(self, other: Self) -> Option<Self> {
                match self.0.checked_add(other.0) {
                    Some(sum) => Some(Self(sum)),
                    None => None,
                }
            }

            /// Returns the difference, or `None` on overflow.
            pub const fn checked_sub(self, other: Self) -> Option<Self> {
                match self.0.checked_sub(other.0) {
                    Some(difference) => Some(Self(difference)),
                    None => None,
                }
            }

            /// Returns the sum, saturated at the limits of `i64`.
            #[must_use]
            pub const fn saturating_add(self, other: Self) -> Self {
                Self(self.0.saturating_add(other.0))
            }

            /// Returns the difference, saturated at the limits of `i64`.
            #[must_use]
            pub const fn saturating_sub(self, other: Self) -> Self {
                Self(self.0.saturating_sub(other.0))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(&self.0, f)
            }
        }

        impl Add for $name {
            type Output = Self;
            fn add(self, other: Self) -> Self {
                self.saturating_add(other)
            }
        }

        impl AddAssign for $name {
            fn add_assign(&mut self, other: Self) {
                *self = *self + other;
            }
        }

        impl Sub for $name {
            type Output = Self;
            fn sub(self, other: Self) -> Self {
                self.saturating_sub(other)
            }
        }

        impl SubAssign for $name {
            fn sub_assign(&mut self, other: Self) {
                *self = *self - other;
            }
        }

        impl Neg for $name {
            type Output = Self;
            fn neg(self) -> Self {
                Self(self.0.saturating_neg())
            }
        }

        impl Sum for $name {
            fn sum<I: Iterator<Item = Self>>(items: I) -> Self {
                items.fold(Self::ZERO, Add::add)
            }
        }

        impl Mul<i64> for $name {
            type Output = Self;
            fn mul(self, factor: i64) -> Self {
                Self(self.0.saturating_mul(factor))
            }
        }

        impl Div<i64> for $name {
            type Output = Self;
            fn div(self, divisor: i64) -> Self {
                Self(self.0.saturating_div(divisor))
            }
        }

        // The schema of a bare number, without a name of its own.
        #[cfg(feature = "schema")]
        impl schemars::JsonSchema for $name {
            fn inline_schema() -> bool {
                true
            }

            fn schema_name() -> std::borrow::Cow<'static, str> {
                i64::schema_name()
            }

            fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
                i64::json_schema(generator)
            }
        }
    )+};
}

units! {
    /// An instant of a film, or a length, in milliseconds.
    Ms;
    /// The index of a frame, counted from 0, or a number of frames.
    Frame;
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_unit_is_written_as_its_number() {
        assert_eq!(serde_json::to_string(&Ms::new(-40)).expect("json"), "-40");
        assert_eq!(serde_json::from_str::<Frame>("9").expect("json"), Frame::new(9));
        assert!(serde_json::from_str::<Frame>("9.5").is_err());
        assert_eq!(format!("{:>4}|{}", Ms::new(12), Frame::ZERO), "  12|0");
    }

    #[cfg(feature = "schema")]
    #[test]
    fn the_schema_is_that_of_a_number() {
        assert_eq!(schemars::schema_for!(Ms), schemars::schema_for!(i64));
        assert_eq!(schemars::schema_for!(Vec<Frame>), schemars::schema_for!(Vec<i64>));
    }

    #[test]
    fn the_ends_hold() {
        assert_eq!((-Ms::MIN, Ms::MIN.abs()), (Ms::MAX, Ms::MAX));
        assert_eq!([Ms::MAX, Ms::MAX].into_iter().sum::<Ms>(), Ms::MAX);
        assert_eq!(Ms::MIN / -1, Ms::MAX);
        assert_eq!(Frame::MAX * 2, Frame::MAX);
        assert_eq!(Frame::MIN - Frame::new(1), Frame::MIN);
    }

    proptest! {
        #[test]
        fn sums_are_exact_or_saturate(a in any::<i64>(), b in any::<i64>()) {
            let (left, right) = (Ms::new(a), Ms::new(b));
            let clamped = |exact: i128| exact.clamp(i64::MIN.into(), i64::MAX.into()) as i64;
            let sum = clamped(i128::from(a) + i128::from(b));
            let difference = clamped(i128::from(a) - i128::from(b));
            prop_assert_eq!((left + right).get(), sum);
            prop_assert_eq!((left - right).get(), difference);
            prop_assert_eq!(left.saturating_add(right), left + right);
            prop_assert_eq!(left.saturating_sub(right), left - right);
            prop_assert_eq!(left.checked_add(right).map(Ms::get), a.checked_add(b));
            prop_assert_eq!(left.checked_sub(right).map(Ms::get), a.checked_sub(b));
            let (mut added, mut taken) = (left, left);
            added += right;
            taken -= right;
            prop_assert_eq!((added, taken), (left + right, left - right));
        }

        #[test]
        fn products_are_exact_or_saturate(a in any::<i64>(), b in any::<i64>()) {
            let product = i128::from(a) * i128::from(b);
            let clamped = product.clamp(i64::MIN.into(), i64::MAX.into()) as i64;
            prop_assert_eq!((Frame::new(a) * b).get(), clamped);
            if b != 0 {
                prop_assert_eq!((Frame::new(a) / b).get(), a.saturating_div(b));
            }
            prop_assert_eq!((-Frame::new(a)).get(), a.saturating_neg());
        }

        #[test]
        fn units_are_ordered_as_their_numbers(a in any::<i64>(), b in any::<i64>()) {
            prop_assert_eq!(Frame::new(a).cmp(&Frame::new(b)), a.cmp(&b));
        }
    }
}
