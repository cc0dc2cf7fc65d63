//! The memory for pictures that are being decoded, which all work of the process shares.

use pytoon_process::budget::{Budget, memory_limit};
use std::sync::LazyLock;

/// The most memory for pictures that are being decoded, in bytes.
const MOST: u64 = 256 << 20;
/// The least: a smaller one would not hold one frame's picture.
const LEAST: u64 = 32 << 20;
/// The divisor of the process's memory, where that is limited.
const PART: u64 = 4;

/// Memory for pictures that are being decoded.
pub(super) static DECODING: LazyLock<Budget> = LazyLock::new(|| Budget::new(decoding()));

/// Returns the memory for pictures that are being decoded, in bytes: less where this process's own is
/// limited, so that pictures are decoded one at a time and smaller.
pub(super) fn decoding() -> u64 {
    static LIMIT: LazyLock<u64> = LazyLock::new(|| {
        let own = memory_limit().map_or(MOST, |bytes| bytes / PART);
        own.clamp(LEAST, MOST)
    });
    *LIMIT
}
