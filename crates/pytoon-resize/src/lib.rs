//! Scales pictures with Lanczos-3.
//!
//! Guarantees: the result has the requested size; the region of the source may begin and end between pixels.
//!
//! The resizer of `fast_image_resize` is generic, so each crate that calls it compiles every kernel again, also for its
//! tests, which takes half a minute. This crate calls it for all.

use fast_image_resize::images::{TypedImage, TypedImageRef};
use fast_image_resize::pixels::U8x4;
use fast_image_resize::{FilterType, ResizeAlg, ResizeOptions, Resizer};

/// A region of a picture, in pixels.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Region {
    /// The left edge.
    pub left: f64,
    /// The upper edge.
    pub top: f64,
    /// The width.
    pub width: f64,
    /// The height.
    pub height: f64,
}

/// The meaning of the fourth channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fourth {
    /// Alpha: colours are weighted by it.
    Alpha,
    /// A colour like the others.
    Colour,
}

/// Scales a region of a picture of four channels to `to` (width, height), in pixels. `size` is the size of the picture.
///
/// # Errors
/// Returns the reason if a size is zero, does not fit the samples, or does not contain the region.
pub fn lanczos(
    samples: &[u8],
    size: (usize, usize),
    region: Region,
    to: (usize, usize),
    fourth: Fourth,
) -> Result<Vec<u8>, String> {
    let source = TypedImageRef::<U8x4>::from_buffer(size.0 as u32, size.1 as u32, samples);
    let source = source.map_err(|error| error.to_string())?;
    let mut scaled = vec![0; to.0 * to.1 * 4];
    let target = TypedImage::<U8x4>::from_buffer(to.0 as u32, to.1 as u32, &mut scaled);
    let mut target = target.map_err(|error| error.to_string())?;
    let options = ResizeOptions::new()
        .use_alpha(fourth == Fourth::Alpha)
        .resize_alg(ResizeAlg::Convolution(FilterType::Lanczos3))
        .crop(region.left, region.top, region.width, region.height);
    Resizer::new()
        .resize_typed(&source, &mut target, &options)
        .map_err(|error| error.to_string())?;
    drop(target);
    Ok(scaled)
}
