//! Easing curves as functions of a progress in 0..1.
//!
//! Guarantees: each easing curve returns 0 at 0 and 1 at 1, and clamps its input.

/// Evaluates the cubic ease-out curve, which decelerates.
pub fn cubic_out(t: f32) -> f32 {
    let u = 1.0 - t.clamp(0.0, 1.0);
    1.0 - u * u * u
}

/// Evaluates the exponential ease-out curve, which decelerates. It is rescaled to end exactly at 1.
pub fn expo_out(t: f32) -> f32 {
    let t = t.clamp(0.0, 1.0);
    (1.0 - (-10.0 * t * std::f32::consts::LN_2).exp()) / (1.0 - 2f32.powi(-10))
}

/// Evaluates the cubic step `3t^2 - 2t^3`, which starts and ends with a speed of zero.
pub fn smoothstep(t: f32) -> f32 {
    let t = t.clamp(0.0, 1.0);
    t * t * (3.0 - 2.0 * t)
}

/// Evaluates the overshooting curve `1+(s+1)(t-1)^3+s(t-1)^2`. `s` = 3.2 overshoots by 27.5 % of the travel.
pub fn back_out(t: f32, s: f32) -> f32 {
    let u = t.clamp(0.0, 1.0) - 1.0;
    1.0 + (s + 1.0) * u * u * u + s * u * u
}

/// Interpolates linearly between the points `(time, value)`. The value is constant outside them.
pub fn interpolate(points: &[(f32, f32)], t: f32) -> f32 {
    let Some(first) = points.first() else {
        return 0.0;
    };
    if t <= first.0 {
        return first.1;
    }
    for pair in points.windows(2) {
        let ((t0, v0), (t1, v1)) = (pair[0], pair[1]);
        if t < t1 {
            return v0 + (v1 - v0) * (t - t0) / (t1 - t0);
        }
    }
    points[points.len() - 1].1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn curves_start_at_zero_and_end_at_one() {
        for curve in [cubic_out, expo_out, smoothstep, |t| back_out(t, 3.2)] {
            assert!(curve(0.0).abs() < 1e-5 && (curve(1.0) - 1.0).abs() < 1e-5);
            assert!((curve(2.0) - 1.0).abs() < 1e-5);
        }
        assert_eq!(interpolate(&[(0.0, 0.92), (67.0, 1.03), (133.0, 1.0)], 67.0), 1.03);
    }
}
