//! The memory for decoding pictures, shared by all work of the process.

use pytoon_process::budget::{Budget, memory_limit};
use std::sync::LazyLock;

/// Maximum memory for decoding pictures, in bytes.
const MOST: u64 = 256 << 20;
/// Minimum, in bytes: a smaller one would not fit one frame's picture.
const LEAST: u64 = 32 << 20;
/// The divisor of the process's memory, if that is limited.
const PART: u64 = 4;

/// Memory for decoding pictures.
pub(super) static DECODING: LazyLock<Budget> = LazyLock::new(|| Budget::new(decoding()));

/// Returns the memory for decoding pictures, in bytes: less if this process's own is limited, so that pictures are
/// decoded one at a time and smaller.
pub(super) fn decoding() -> u64 {
    static LIMIT: LazyLock<u64> = LazyLock::new(|| {
        let own = memory_limit().map_or(MOST, |bytes| bytes / PART);
        own.clamp(LEAST, MOST)
    });
    *LIMIT
}
