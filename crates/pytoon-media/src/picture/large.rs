//! Pictures with more pixels than a film can show: a program of its own decodes them and makes them
//! smaller, so that this process never holds one.

use crate::MediaError;
use crate::error;
use crate::ffmpeg::{LOCAL_ONLY, ffmpeg, file_arg};
use crate::process::Runner;
use image::{DynamicImage, RgbaImage};
use std::path::Path;

/// The most pixels that are decoded here: more than a frame of 1080 x 1920 shows at twelvefold size.
pub(super) const MOST_PIXELS: u64 = 25_000_000;

/// What reads one picture of a file, and nothing that it may name.
const PICTURES: &str = "png_pipe,jpeg_pipe,webp_pipe,tiff_pipe,bmp_pipe,gif_pipe";

/// Decodes a picture at the largest size that has no more than [`MOST_PIXELS`], not turned, its
/// colours as stored.
pub(super) fn scaled(
    runner: &Runner,
    path: &Path,
    (width, height): (u32, u32),
) -> Result<DynamicImage, MediaError> {
    let (to_width, to_height) = smaller(width, height);
    let scale = format!("scale={to_width}:{to_height}:flags=area,format=rgba");
    let command = ffmpeg("make a large picture smaller")
        .arg("-noautorotate")
        .args(LOCAL_ONLY)
        .args(["-format_whitelist", PICTURES, "-i"])
        .arg(file_arg(path))
        .args(["-frames:v", "1", "-vf", &scale, "-f", "rawvideo", "pipe:1"]);
    let pixels = runner.run(&command, Vec::new()).map_err(|error| match error {
        MediaError::Failed { stderr, .. } => MediaError::unusable(
            path,
            format!(
                "this picture of {width} x {height} pixels cannot be made smaller here; save it with \
                 at most {} megapixels ({})",
                MOST_PIXELS / 1_000_000,
                error::last_words(&stderr, path)
            ),
        ),
        other => other,
    })?;
    let picture = RgbaImage::from_raw(to_width, to_height, pixels);
    picture.map(DynamicImage::ImageRgba8).ok_or_else(|| {
        MediaError::unusable(path, "the picture cannot be decoded whole; is the file whole?")
    })
}

/// Returns the size with at most [`MOST_PIXELS`], of the same shape.
fn smaller(width: u32, height: u32) -> (u32, u32) {
    let pixels = f64::from(width) * f64::from(height);
    let factor = (MOST_PIXELS as f64 / pixels).sqrt().min(1.0);
    let side =
        |length: u32| ((f64::from(length) * factor).floor() as u32).clamp(1, MOST_PIXELS as u32);
    (side(width), side(height))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn large_sizes_keep_their_shape_within_the_bound() {
        for (width, height) in [(10_900, 10_900), (60_000, 2_000), (1, 120_000_000)] {
            let (w, h) = smaller(width, height);
            assert!(u64::from(w) * u64::from(h) <= MOST_PIXELS || w == 1, "{w} x {h}");
            if height < 20_000 {
                let shape = f64::from(w) / f64::from(h) * f64::from(height) / f64::from(width);
                assert!((shape - 1.0).abs() < 0.01, "{w} x {h}");
            }
        }
    }
}
