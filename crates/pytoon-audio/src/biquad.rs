//! Second-order filters (biquads).
//!
//! The formulas are from Robert Bristow-Johnson, "Cookbook formulae for audio EQ biquad filter coefficients" (W3C
//! note). The state is `f64`, so that low corner frequencies stay accurate; the form is transposed direct form II.

use std::f64::consts::PI;

/// One filter section with its state.
#[derive(Debug, Clone)]
pub(crate) struct Biquad {
    b: [f64; 3],
    a: [f64; 2],
    z: [f64; 2],
}

struct Prewarp {
    cos: f64,
    alpha: f64,
}

fn prewarp(hz: f64, q: f64) -> Prewarp {
    let w0 = 2.0 * PI * hz.clamp(1.0, 23_500.0) / 48_000.0;
    Prewarp { cos: w0.cos(), alpha: w0.sin() / (2.0 * q.max(0.05)) }
}

impl Biquad {
    fn from_coefficients(b: [f64; 3], a: [f64; 3]) -> Self {
        Self {
            b: [b[0] / a[0], b[1] / a[0], b[2] / a[0]],
            a: [a[1] / a[0], a[2] / a[0]],
            z: [0.0; 2],
        }
    }

    pub(crate) fn high_pass(hz: f64, q: f64) -> Self {
        let Prewarp { cos, alpha } = prewarp(hz, q);
        let edge = (1.0 + cos) / 2.0;
        Self::from_coefficients([edge, -(1.0 + cos), edge], [1.0 + alpha, -2.0 * cos, 1.0 - alpha])
    }

    pub(crate) fn low_pass(hz: f64, q: f64) -> Self {
        let Prewarp { cos, alpha } = prewarp(hz, q);
        let edge = (1.0 - cos) / 2.0;
        Self::from_coefficients([edge, 1.0 - cos, edge], [1.0 + alpha, -2.0 * cos, 1.0 - alpha])
    }

    /// Creates a band-pass with 0 dB and zero phase at its centre.
    pub(crate) fn band_pass(hz: f64, q: f64) -> Self {
        let Prewarp { cos, alpha } = prewarp(hz, q);
        Self::from_coefficients([alpha, 0.0, -alpha], [1.0 + alpha, -2.0 * cos, 1.0 - alpha])
    }

    pub(crate) fn peaking(hz: f64, q: f64, gain_db: f64) -> Self {
        let Prewarp { cos, alpha } = prewarp(hz, q);
        let amp = 10_f64.powf(gain_db / 40.0);
        Self::from_coefficients(
            [1.0 + alpha * amp, -2.0 * cos, 1.0 - alpha * amp],
            [1.0 + alpha / amp, -2.0 * cos, 1.0 - alpha / amp],
        )
    }

    pub(crate) fn high_shelf(hz: f64, q: f64, gain_db: f64) -> Self {
        let Prewarp { cos, alpha } = prewarp(hz, q);
        let amp = 10_f64.powf(gain_db / 40.0);
        let root = 2.0 * amp.sqrt() * alpha;
        let (up, down) = (amp + 1.0, amp - 1.0);
        Self::from_coefficients(
            [
                amp * (up + down * cos + root),
                -2.0 * amp * (down + up * cos),
                amp * (up + down * cos - root),
            ],
            [up - down * cos + root, 2.0 * (down - up * cos), up - down * cos - root],
        )
    }

    #[inline]
    pub(crate) fn tick(&mut self, x: f64) -> f64 {
        let y = self.b[0] * x + self.z[0];
        self.z[0] = self.b[1] * x - self.a[0] * y + self.z[1];
        self.z[1] = self.b[2] * x - self.a[1] * y;
        y
    }

    /// Filters both channels in one pass. Their states are independent, which nearly halves the time.
    pub(crate) fn process_stereo(&self, audio: &mut crate::Stereo) {
        let (mut on_left, mut on_right) = (self.clone(), self.clone());
        for (l, r) in audio.left.iter_mut().zip(&mut audio.right) {
            *l = on_left.tick(f64::from(*l)) as f32;
            *r = on_right.tick(f64::from(*r)) as f32;
        }
    }

    pub(crate) fn process(&mut self, samples: &mut [f32]) {
        for sample in samples {
            *sample = self.tick(f64::from(*sample)) as f32;
        }
        // Flush denormals, which are slow and inaudible.
        self.z = self.z.map(|z| if z.abs() < 1e-25 { 0.0 } else { z });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gain_at(filter: &Biquad, hz: f64) -> f64 {
        let mut filter = filter.clone();
        let w = 2.0 * PI * hz / 48_000.0;
        let (mut re, mut im) = (0.0, 0.0);
        for n in 0..48_000 {
            let y = filter.tick(if n == 0 { 1.0 } else { 0.0 });
            re += y * (w * f64::from(n)).cos();
            im -= y * (w * f64::from(n)).sin();
        }
        10.0 * (re * re + im * im).log10()
    }

    #[test]
    fn responses_match_their_definitions() {
        let check = |filter: Biquad, hz: f64, db: f64| {
            let got = gain_at(&filter, hz);
            assert!((got - db).abs() < 0.1, "{hz} Hz: {got} dB, expected {db}");
        };
        check(Biquad::high_pass(100.0, std::f64::consts::FRAC_1_SQRT_2), 100.0, -3.01);
        check(Biquad::high_pass(100.0, std::f64::consts::FRAC_1_SQRT_2), 1000.0, 0.0);
        check(Biquad::low_pass(1000.0, std::f64::consts::FRAC_1_SQRT_2), 1000.0, -3.01);
        check(Biquad::peaking(300.0, 1.0, -2.0), 300.0, -2.0);
        check(Biquad::high_shelf(8000.0, 0.7, 3.0), 20_000.0, 3.0);
        check(Biquad::band_pass(7000.0, 2.0), 7000.0, 0.0);
    }
}
