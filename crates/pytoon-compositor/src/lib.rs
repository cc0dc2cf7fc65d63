//! Draws frame n of a timeline.
//!
//! A frame is a pure function of the timeline, the assets and n: frames may be drawn in any
//! order, on any thread, on any machine, and come out equal. Frames are planar YUV 4:2:0, BT.709,
//! limited range, with left-sited chroma, which is what the encoder takes.
//!
//! Does not read files, decode pictures or run processes: assets are handed in through
//! [`assets::Assets`].
//!
//! Start with [`compose::Compositor`].

pub mod assets;
pub mod compose;
pub mod grade;
mod overlay;
pub mod picture;
pub mod saliency;
pub mod sampler;
pub mod source_colour;
pub mod still;
pub mod stills;
pub mod thumbnail;
pub mod tone;
pub mod transition;

/// What can go wrong while drawing.
#[derive(Debug, thiserror::Error)]
pub enum CompositorError {
    /// Bytes that do not make a picture of the size given.
    #[error("a picture of {width}x{height} pixels does not have {bytes} bytes")]
    PictureSize {
        /// Width given.
        width: usize,
        /// Height given.
        height: usize,
        /// Bytes given.
        bytes: usize,
    },
    /// A picture could not be scaled.
    #[error("scaling a picture: {0}")]
    Resize(String),
    /// Text could not be set.
    #[error("setting text: {0}")]
    Text(String),
    /// An asset could not be had.
    #[error("{asset}: {reason}")]
    Asset {
        /// The asset.
        asset: String,
        /// Why.
        reason: String,
    },
}
