//! Seeded random choices: a small generator whose sequence is part of the file format.
//!
//! A seed stored in a brief or a timeline must give the same film next year, so the sequence must never change with a
//! library version. SplitMix64 (Steele, Lea, Flood: "Fast splittable pseudorandom number generators", OOPSLA 2014) is
//! ten lines long and passes the usual test batteries. It uses integer arithmetic only, so every platform gives the
//! same sequence. It is not suitable for secrets.

/// A SplitMix64 generator.
#[derive(Debug, Clone)]
pub struct Rng {
    state: u64,
}

impl Rng {
    /// Creates a generator for a seed and a purpose, so that two users of one seed get different sequences.
    pub fn new(seed: u64, purpose: &str) -> Self {
        // FNV-1a keeps the purpose's influence independent of its length.
        let tag = purpose.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
        });
        Self { state: seed ^ tag }
    }

    /// Creates a generator whose purpose is a number, as for drawn backgrounds and music.
    pub fn from_number(seed: u64, purpose: u64) -> Self {
        Self { state: seed ^ purpose }
    }

    /// Returns an independent generator for one purpose, so that an additional draw in one place does not
    /// change later choices elsewhere.
    #[must_use]
    pub fn fork(&self, purpose: u64) -> Self {
        let mut child = Self { state: self.state ^ purpose.wrapping_mul(0xD6E8_FEB8_6659_FD93) };
        child.next_u64();
        child
    }

    /// Draws 64 bits.
    pub fn next_u64(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Draws a double in `[0, 1)`.
    pub fn unit_f64(&mut self) -> f64 {
        (self.next_u64() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// Draws a double in `[low, high)`.
    pub fn range_f64(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.unit_f64()
    }

    /// Draws a float in `[0, 1)`.
    pub fn unit(&mut self) -> f32 {
        (self.next_u64() >> 40) as f32 / (1u64 << 24) as f32
    }

    /// Draws a float in `[-1, 1)`.
    pub fn bipolar(&mut self) -> f32 {
        self.unit() * 2.0 - 1.0
    }

    /// Draws a float in `[low, high)`.
    pub fn range(&mut self, low: f32, high: f32) -> f32 {
        low + (high - low) * self.unit()
    }

    /// Draws an index below `len`; returns 0 if `len` is 0.
    pub fn index(&mut self, len: usize) -> usize {
        if len == 0 { 0 } else { (self.next_u64() % len as u64) as usize }
    }

    /// Returns true with the given probability.
    pub fn chance(&mut self, probability: f32) -> bool {
        self.unit() < probability
    }

    /// Draws an element of a non-empty slice.
    pub fn pick<'a, T>(&mut self, items: &'a [T]) -> &'a T {
        &items[self.index(items.len())]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sequence_is_part_of_the_format() {
        let mut rng = Rng::new(7, "motion");
        let first: Vec<u64> = (0..3).map(|_| rng.next_u64()).collect();
        let mut again = Rng::new(7, "motion");
        assert_eq!(first, (0..3).map(|_| again.next_u64()).collect::<Vec<_>>());
        assert_ne!(first[0], Rng::new(7, "music").next_u64());
        assert_ne!(first[0], Rng::new(8, "motion").next_u64());
        // The generator's own test vector for the seed 0.
        assert_eq!(Rng::from_number(0, 0).next_u64(), 0xE220_A839_7B1D_CDAF);
    }

    #[test]
    fn floats_stay_in_range() {
        let mut rng = Rng::new(1, "x");
        for _ in 0..10_000 {
            let value = rng.range_f64(-2.0, 3.0);
            assert!((-2.0..3.0).contains(&value));
        }
        assert_eq!(rng.index(0), 0);
    }
}
