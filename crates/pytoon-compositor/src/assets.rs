//! The interface to pictures.

use crate::CompositorError;
use crate::picture::Picture;
use std::sync::Arc;

/// The source of pictures.
pub trait Assets: Send + Sync {
    /// Returns a picture with its alpha, for an overlay.
    fn overlay(&self, asset: &str) -> Result<Arc<Picture>, CompositorError>;
    /// Returns an opaque picture, for a scene.
    fn picture(&self, asset: &str) -> Result<Arc<Picture>, CompositorError>;
}
