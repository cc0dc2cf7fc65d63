//! Draws any frame of a timeline.
//!
//! A frame is a pure function of the timeline, the assets, the fonts, the frames of moving clips and the
//! frame number: frames may be drawn in any order and on any thread, with equal results. Frames are planar
//! YUV 4:2:0, BT.709, limited range, with left-sited chroma, which is the encoder's input format.
//!
//! This crate does not read files, decode pictures or run processes. Assets come from [`assets::Assets`].
//!
//! Start with [`compose::Compositor`].

pub mod assets;
pub mod compose;
pub mod finished;
pub mod grade;
mod overlay;
pub mod picture;
mod placement;
pub mod saliency;
pub mod sampler;
pub mod source_colour;
pub mod still;
pub mod stills;
pub mod thumbnail;
pub mod tone;
pub mod transition;

/// An error while drawing.
#[derive(Debug, thiserror::Error)]
pub enum CompositorError {
    /// The number of bytes does not match the size of the picture.
    #[error("a picture of {width}x{height} pixels has the wrong size: {bytes} bytes")]
    PictureSize {
        /// The stated width.
        width: usize,
        /// The stated height.
        height: usize,
        /// The actual number of bytes.
        bytes: usize,
    },
    /// A picture could not be scaled.
    #[error("a picture cannot be scaled: {0}")]
    Resize(String),
    /// The text could not be laid out.
    #[error("text cannot be laid out: {0}")]
    Text(String),
    /// An asset is not available.
    #[error("{asset}: {reason}")]
    Asset {
        /// The path of the asset, or the id of the moving clip.
        asset: String,
        /// The reason that the asset or a frame of it is not available.
        reason: String,
    },
}
