//! The memory budget for decoding pictures, shared by all work of the process.

use pytoon_process::budget::{Budget, memory_limit};
use std::sync::LazyLock;

/// Maximum memory for decoding pictures, in bytes.
const MOST: u64 = 256 << 20;
/// Minimum memory for decoding pictures, in bytes. Less would not fit the picture of one frame.
const LEAST: u64 = 32 << 20;
/// The divisor of the process's memory limit that gives the budget for pictures, if there is such a limit.
const PART: u64 = 4;

/// The memory budget for decoding pictures.
pub(super) static DECODING: LazyLock<Budget> = LazyLock::new(|| Budget::new(decoding()));

/// Returns the memory for decoding pictures, in bytes. It is lower if the memory of this process is limited, so that
/// pictures are decoded one at a time and smaller.
pub(super) fn decoding() -> u64 {
    static LIMIT: LazyLock<u64> = LazyLock::new(|| {
        let own = memory_limit().map_or(MOST, |bytes| bytes / PART);
        own.clamp(LEAST, MOST)
    });
    *LIMIT
}
