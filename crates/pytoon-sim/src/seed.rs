//! Seeded choices: task ids, the clips' pictures, and the random decisions about faults.
//!
//! Guarantees: the same seed and the same order of calls produce the same results.

use sha2::{Digest, Sha256};

/// Hashes a number with one step of splitmix64.
pub(crate) fn mix(value: u64) -> u64 {
    let mut z = value.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// Hashes several numbers to one.
pub(crate) fn mix_all(values: &[u64]) -> u64 {
    values.iter().fold(0, |sum, value| mix(sum ^ mix(*value)))
}

/// Hashes a text to a number.
pub(crate) fn of_text(text: &str) -> u64 {
    text.bytes().fold(0, |sum, byte| mix(sum ^ u64::from(byte)))
}

/// Hashes a number to a fraction of at least 0 and less than 1.
pub(crate) fn unit(value: u64) -> f64 {
    // A double represents 53 bits exactly.
    (mix(value) >> 11) as f64 / (1_u64 << 53) as f64
}

/// Derives a version 4 UUID from a number.
pub(crate) fn uuid(value: u64) -> String {
    let (high, low) = (mix(value), mix(value ^ 0x5555_5555_5555_5555));
    format!(
        "{:08x}-{:04x}-4{:03x}-{:04x}-{:012x}",
        high >> 32,
        (high >> 16) & 0xffff,
        high & 0xfff,
        0x8000 | ((low >> 48) & 0x3fff),
        low & 0xffff_ffff_ffff,
    )
}

/// Returns the SHA-256 of bytes, in hexadecimal.
pub(crate) fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn splitmix_gives_its_published_first_number_for_zero() {
        assert_eq!(mix(0), 0xe220_a839_7b1d_cdaf);
    }

    #[test]
    fn ids_look_like_ids_and_differ() {
        let (one, two) = (uuid(1), uuid(2));
        assert_ne!(one, two);
        assert_eq!(one.len(), 36);
        assert_eq!(one.as_bytes()[14], b'4');
        assert!(b"89ab".contains(&one.as_bytes()[19]));
    }
}
