//! Peaks of a signal for drawing its waveform: the lowest and the highest sample of each group of samples.
//!
//! Guarantees: in every pair the minimum is at most the maximum; every sample belongs to exactly one pair; the last
//! pair covers the samples that are left.
//!
//! [`waveform_data`] writes the pairs in version 2 of the binary format of BBC's `audiowaveform` (`doc/DataFormat.md`
//! there), which common waveform viewers read.

use crate::SAMPLE_RATE;

/// The version of the binary format.
const VERSION: i32 = 2;
/// The flag of the binary format for values with 8 bits.
const EIGHT_BITS: u32 = 1;
/// The number of channels in the binary format.
const CHANNELS: i32 = 1;
/// The value of a full-scale sample, which has the amplitude 1.
const FULL_SCALE: f32 = 128.0;

/// The lowest and the highest sample of a group of samples, at 8 bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pair {
    /// The lowest sample.
    pub min: i8,
    /// The highest sample.
    pub max: i8,
}

/// Returns a pair for each group of `samples_per_pair` samples; the last group may be shorter. A group size of zero
/// counts as one.
#[must_use]
pub fn pairs(samples: &[f32], samples_per_pair: u32) -> Vec<Pair> {
    let size = usize::try_from(samples_per_pair).unwrap_or(usize::MAX).max(1);
    samples.chunks(size).map(pair).collect()
}

/// Returns the pairs of a mono signal at [`SAMPLE_RATE`] as a waveform data file.
#[must_use]
pub fn waveform_data(samples: &[f32], samples_per_pair: u32) -> Vec<u8> {
    let pairs = pairs(samples, samples_per_pair);
    let mut file = Vec::with_capacity(24 + 2 * pairs.len());
    file.extend(VERSION.to_le_bytes());
    file.extend(EIGHT_BITS.to_le_bytes());
    file.extend(SAMPLE_RATE.to_le_bytes());
    file.extend(samples_per_pair.max(1).to_le_bytes());
    file.extend((pairs.len() as u32).to_le_bytes());
    file.extend(CHANNELS.to_le_bytes());
    file.extend(pairs.iter().flat_map(|pair| [pair.min as u8, pair.max as u8]));
    file
}

/// Returns the pair of a group that has at least one sample.
fn pair(group: &[f32]) -> Pair {
    // Comparisons skip values that are not numbers, and the compiler turns the loop into vector instructions.
    let (min, max) =
        group.iter().fold((f32::INFINITY, f32::NEG_INFINITY), |(min, max), &sample| {
            (if sample < min { sample } else { min }, if sample > max { sample } else { max })
        });
    if min > max {
        return Pair { min: 0, max: 0 };
    }
    // The conversion saturates: full scale becomes 127.
    let eight_bits = |sample: f32| (sample * FULL_SCALE).round() as i8;
    Pair { min: eight_bits(min), max: eight_bits(max) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_file_has_the_header_of_the_format_and_its_pairs() {
        let file = waveform_data(&[0.5, -0.25, 1.0, -1.0, 0.125], 2);
        let number = |at: usize| i32::from_le_bytes(file[at..at + 4].try_into().expect("bytes"));
        let header: Vec<i32> = (0..24).step_by(4).map(number).collect();
        assert_eq!(header, [2, 1, 48_000, 2, 3, 1]);
        let pairs: Vec<i8> = file[24..].iter().map(|&byte| byte as i8).collect();
        assert_eq!(pairs, [-32, 64, -128, 127, 16, 16]);
    }

    #[test]
    fn no_samples_make_no_pairs_and_values_that_are_no_numbers_are_silent() {
        assert_eq!(waveform_data(&[], 256).len(), 24);
        assert_eq!(pairs(&[f32::NAN; 3], 256), [Pair { min: 0, max: 0 }]);
        assert_eq!(pairs(&[f32::NAN, 0.5], 256), [Pair { min: 64, max: 64 }]);
        assert_eq!(pairs(&[0.5, -0.5], 0).len(), 2);
    }

    proptest! {
        #[test]
        fn pairs_cover_every_sample(
            samples in proptest::collection::vec(-1.5f32..1.5, 0..2_000),
            size in 1u32..600,
        ) {
            let found = pairs(&samples, size);
            prop_assert_eq!(found.len(), samples.len().div_ceil(size as usize));
            for (group, pair) in samples.chunks(size as usize).zip(&found) {
                prop_assert!(pair.min <= pair.max);
                for sample in group {
                    let value = (sample * 128.0).round().clamp(-128.0, 127.0) as i8;
                    prop_assert!((pair.min..=pair.max).contains(&value));
                }
            }
            // The last pair is that of the samples that are left, and of no other.
            let left = samples.len() % size as usize;
            if left > 0 {
                let last = pairs(&samples[samples.len() - left..], size);
                prop_assert_eq!(last.as_slice(), &found[found.len() - 1..]);
            }
        }
    }
}
