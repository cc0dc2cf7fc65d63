//! The interface through which the compositor gets pictures.

use crate::CompositorError;
use crate::picture::Picture;
use std::sync::Arc;

/// A source of pictures.
pub trait Assets: Send + Sync {
    /// Returns a picture with its alpha channel, for an overlay.
    fn overlay(&self, asset: &str) -> Result<Arc<Picture>, CompositorError>;
    /// Returns an opaque picture, for a scene.
    fn picture(&self, asset: &str) -> Result<Arc<Picture>, CompositorError>;
}
