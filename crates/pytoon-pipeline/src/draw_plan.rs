//! Determines how many chunks of a film are drawn at the same time, and with how many threads each.
//!
//! The boundaries and the encoding of chunks depend only on the timeline and the profile; the number of
//! chunks in flight depends on the machine and the configured number of threads.

/// Maximum number of chunks drawn at the same time on any machine. Each chunk has its own encoder, which needs about
/// 150 MiB for frames of 1080 x 1920.
const MOST_CHUNKS: usize = 16;

/// The number of chunks drawn at the same time, and the number of threads for each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct DrawPlan {
    pub(crate) chunks: usize,
    pub(crate) threads: usize,
}

impl DrawPlan {
    /// Returns the plan for `cores` threads: one single-threaded chunk for each, at most [`MOST_CHUNKS`].
    pub(crate) fn of_cores(cores: usize) -> Self {
        Self { chunks: cores.clamp(1, MOST_CHUNKS), threads: 1 }
    }

    /// Returns the number of frames in memory at the same time: the frames in the rings ([`Self::ring`]) and, for
    /// each chunk, the frame that the writer draws itself, the best cover so far, and the frames that its encoder
    /// buffers.
    #[cfg(test)]
    fn frames(self) -> usize {
        let shared = usize::from(pytoon_media::encode::SHARED_FRAMES);
        self.chunks * (Self::ring(self.threads) + 2 + shared)
    }

    /// Returns the number of frames in the ring of one chunk: one per drawing thread.
    pub(crate) fn ring(threads: usize) -> usize {
        threads
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_grows_with_cores_up_to_a_bound() {
        let frame_bytes = 1080 * 1920 * 3 / 2;
        for cores in 4..=32 {
            let plan = DrawPlan::of_cores(cores);
            assert_eq!(plan.chunks, cores.min(16));
            // At most six frames of 3 MB per core: docs/performance.md.
            let bytes = plan.frames() * frame_bytes;
            assert!(bytes <= cores.min(16) * 6 * frame_bytes, "{cores} cores: {bytes}");
        }
        assert_eq!(DrawPlan::of_cores(0).chunks, 1);
    }
}
