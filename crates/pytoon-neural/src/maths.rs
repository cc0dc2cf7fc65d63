//! Elementary functions without branches, so that the compiler vectorises loops over them.
//!
//! Guarantees: small errors in moderate ranges, as the tests state them; the same result on every processor,
//! since only basic arithmetic and bit operations are used, and no fused ones. The polynomials are Taylor's
//! after the usual range reductions (Muller, "Elementary Functions", chapter 11).

use std::f32::consts::{FRAC_2_PI, LN_2, LOG2_E, SQRT_2};

/// The constant whose addition and subtraction round to a whole number (below 2^22).
const ROUND: f32 = 12_582_912.0;

/// Returns `e^x` for x from -87 to 88, and the value at the nearer limit outside that range.
#[inline(always)]
pub(crate) fn exp(x: f32) -> f32 {
    /// The upper bits of ln 2. Their product with a small whole number is exact.
    const LN2_HIGH: f32 = 0.693_359_4;
    let x = x.clamp(-87.0, 88.0);
    let shifted = x * LOG2_E + ROUND;
    let n = shifted - ROUND;
    let r = (x - n * LN2_HIGH) - n * (LN_2 - LN2_HIGH);
    let p = 1.0
        + r * (1.0
            + r * (1.0 / 2.0
                + r * (1.0 / 6.0
                    + r * (1.0 / 24.0 + r * (1.0 / 120.0 + r * (1.0 / 720.0 + r / 5040.0))))));
    let whole = (shifted.to_bits() as i32).wrapping_sub(ROUND.to_bits() as i32);
    p * f32::from_bits(((whole + 127) << 23) as u32)
}

/// Returns the hyperbolic tangent, with an error below 3e-7.
#[inline(always)]
pub(crate) fn tanh(x: f32) -> f32 {
    1.0 - 2.0 / (exp(2.0 * x.clamp(-10.0, 10.0)) + 1.0)
}

/// Returns the sine and cosine of an angle in radians, up to a few thousand turns.
#[inline(always)]
pub(crate) fn sin_cos(x: f32) -> (f32, f32) {
    /// Pi/2 in three parts. Products of the first two with small whole numbers are exact.
    const PARTS: [f32; 3] = [1.570_312_5, 4.837_513e-4, 7.549_79e-8];
    let shifted = x * FRAC_2_PI + ROUND;
    let n = shifted - ROUND;
    let r = ((x - n * PARTS[0]) - n * PARTS[1]) - n * PARTS[2];
    let s = r * r;
    let sin =
        r * (1.0 + s * (-1.0 / 6.0 + s * (1.0 / 120.0 + s * (-1.0 / 5040.0 + s / 362_880.0))));
    let cos = 1.0 + s * (-1.0 / 2.0 + s * (1.0 / 24.0 + s * (-1.0 / 720.0 + s * (1.0 / 40_320.0))));
    let quadrant = shifted.to_bits();
    let is_odd = quadrant & 1 == 1;
    let (sin, cos) = (if is_odd { cos } else { sin }, if is_odd { sin } else { cos });
    let sign_of_sin = (quadrant & 2) << 30;
    let sign_of_cos = (quadrant.wrapping_add(1) & 2) << 30;
    (f32::from_bits(sin.to_bits() ^ sign_of_sin), f32::from_bits(cos.to_bits() ^ sign_of_cos))
}

/// Returns the natural logarithm of a positive, normal number.
#[inline(always)]
pub(crate) fn ln(x: f32) -> f32 {
    // A mantissa from 1/sqrt(2) to sqrt(2), and a power of two.
    let offset = (SQRT_2 / 2.0).to_bits();
    let bits = x.to_bits().wrapping_sub(offset);
    let power = (bits as i32 >> 23) as f32;
    let mantissa = f32::from_bits((bits & 0x007f_ffff) + offset);
    let s = (mantissa - 1.0) / (mantissa + 1.0);
    let z = s * s;
    let series = 2.0 * s * (1.0 + z * (1.0 / 3.0 + z * (1.0 / 5.0 + z * (1.0 / 7.0 + z / 9.0))));
    power * LN_2 + series
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn functions_are_those_of_the_standard_library() {
        for step in -20_000..=20_000 {
            let x = step as f32 * 0.004;
            let exact = f64::from(x);
            assert!((f64::from(exp(x)) / exact.exp() - 1.0).abs() < 5e-7, "exp {x}");
            assert!((f64::from(tanh(x)) - exact.tanh()).abs() < 3e-7, "tanh {x}");
            let (sin, cos) = sin_cos(x);
            assert!((f64::from(sin) - exact.sin()).abs() < 5e-7, "sin {x}");
            assert!((f64::from(cos) - exact.cos()).abs() < 5e-7, "cos {x}");
            let positive = exp(x);
            let error = f64::from(ln(positive)) - f64::from(positive).ln();
            assert!(error.abs() < 1e-5, "ln {positive}: {error}");
        }
        assert_eq!(exp(-1000.0), exp(-87.0));
        assert!((ln(1.0)).abs() < 1e-9);
    }
}
