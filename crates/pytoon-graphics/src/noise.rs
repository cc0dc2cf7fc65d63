//! Smooth value noise generated from a seed.
//!
//! Guarantees: the same seed gives the same sequence on every platform.
//!
//! The noise is not cryptographically secure.

use pytoon_vocabulary::Rng;

/// Creates the random generator for a drawing's seed.
pub(crate) fn rng(seed: u64) -> Rng {
    Rng::from_number(seed, 0x9E37_79B9_7F4A_7C15)
}

/// Draws an approximately normal number with mean 0 and deviation 1 (sum of twelve uniforms).
pub(crate) fn normal(rng: &mut Rng) -> f32 {
    (0..12).map(|_| rng.unit()).sum::<f32>() - 6.0
}

/// Smooth value noise over a repeating lattice of 256 cells.
#[derive(Clone, Debug)]
pub struct Noise {
    values: [f32; 256],
    permutation: [u8; 512],
}

impl Noise {
    /// Creates the noise from a seed.
    pub fn new(seed: u64) -> Self {
        let mut rng = rng(seed);
        let mut values = [0.0; 256];
        values.fill_with(|| rng.unit());
        let mut order: [u8; 256] = std::array::from_fn(|i| i as u8);
        for i in (1..256).rev() {
            order.swap(i, (rng.next_u64() % (i as u64 + 1)) as usize);
        }
        let permutation = std::array::from_fn(|i| order[i & 255]);
        Self { values, permutation }
    }

    /// Returns one-dimensional noise in 0..1.
    pub fn at1(&self, x: f32) -> f32 {
        let (ix, fx) = split(x);
        let value = |i: usize| self.values[usize::from(self.permutation[i & 255])];
        lerp(value(ix), value(ix + 1), fade(fx))
    }

    /// Returns two-dimensional noise in 0..1.
    pub fn at2(&self, x: f32, y: f32) -> f32 {
        let ((ix, fx), (iy, fy)) = (split(x), split(y));
        let (u, v) = (fade(fx), fade(fy));
        let a = usize::from(self.permutation[ix]);
        let b = usize::from(self.permutation[(ix + 1) & 255]);
        let value = |i: usize| self.values[usize::from(self.permutation[i & 511])];
        let top = lerp(value(a + iy), value(b + iy), u);
        let bottom = lerp(value(a + iy + 1), value(b + iy + 1), u);
        lerp(top, bottom, v)
    }

    /// Returns three-dimensional noise in 0..1. The third axis is usually time.
    pub fn at3(&self, x: f32, y: f32, z: f32) -> f32 {
        let (iz, fz) = split(z);
        let shift = |i: usize| f32::from(self.permutation[i & 255]);
        let near = self.at2(x + shift(iz), y + 1.7 * shift(iz).floor());
        let far = self.at2(x + shift(iz + 1), y + 1.7 * shift(iz + 1).floor());
        lerp(near, far, fade(fz))
    }

    /// Returns the sum of two octaves of [`Noise::at3`], scaled to 0..1.
    pub fn fbm3(&self, x: f32, y: f32, z: f32) -> f32 {
        (self.at3(x, y, z) + 0.5 * self.at3(2.03 * x + 17.0, 2.03 * y + 5.0, 1.3 * z + 9.0)) / 1.5
    }
}

fn split(x: f32) -> (usize, f32) {
    // Truncate and correct: `floor` is a library call on baseline x86-64.
    let whole = x as i32;
    let whole = whole - i32::from(whole as f32 > x);
    ((whole & 255) as usize, x - whole as f32)
}

fn fade(t: f32) -> f32 {
    t * t * t * (t * (t * 6.0 - 15.0) + 10.0)
}

fn lerp(a: f32, b: f32, t: f32) -> f32 {
    a + (b - a) * t
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn noise_is_bounded_repeatable_and_continuous() {
        let noise = Noise::new(7);
        let mut last = noise.fbm3(0.0, 0.0, 0.0);
        for i in 1..4000 {
            let x = i as f32 * 0.01;
            let value = noise.fbm3(x, 0.3 * x, 0.2 * x);
            assert!((0.0..=1.0).contains(&value));
            assert!((value - last).abs() < 0.08, "jump at {x}");
            last = value;
        }
        assert_eq!(noise.at2(-3.2, 9.9), Noise::new(7).at2(-3.2, 9.9));
    }
}
