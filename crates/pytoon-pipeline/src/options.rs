//! The options of one render, in addition to the brief.

use std::path::PathBuf;

/// The options of a render.
#[derive(Debug, Clone, Default)]
pub struct RenderOptions {
    /// A quarter-size film, encoded quickly.
    pub draft: bool,
    /// Decode every frame of the finished file in the self-check.
    pub verify_full: bool,
    /// Write the composed frames as raw YUV 4:2:0 here.
    pub frames_out: Option<PathBuf>,
    /// Write a hash of every composed frame here, one a line.
    pub frame_hashes: Option<PathBuf>,
}
