//! The options of a render, in addition to the brief.

use std::path::PathBuf;

/// The options of a render.
#[derive(Debug, Clone, Default)]
pub struct RenderOptions {
    /// True for a draft: a quarter of the width and height, encoded quickly.
    pub draft: bool,
    /// True if the self-check decodes every frame of the finished file.
    pub verify_full: bool,
    /// The file into which the composed frames are written as raw YUV 4:2:0.
    pub frames_out: Option<PathBuf>,
    /// The file into which a hash of every composed frame is written, one per line.
    pub frame_hashes: Option<PathBuf>,
}
