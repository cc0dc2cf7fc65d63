//! Loads pictures with more pixels than a film can show. A separate program decodes and downscales them, so that this
//! process never contains one at full size.

use super::memory::decoding;
use image::{DynamicImage, ImageFormat, RgbaImage};
use pytoon_ffmpeg::{LOCAL_ONLY, ffmpeg};
use pytoon_process::{Runner, SystemError, last_words};
use std::path::Path;

/// Maximum number of pixels decoded in this process: twelve times the number in a frame of 1080 x 1920.
const MOST_PIXELS: u64 = 25_000_000;
/// The memory for one pixel during decoding, in bytes: its value in the file's own format, and as RGBA.
const BYTES: u64 = 8;

/// Returns the maximum number of pixels decoded in this process. The number is lower if the memory of the process is
/// limited.
pub(super) fn most_pixels() -> u64 {
    MOST_PIXELS.min(decoding() / BYTES)
}

/// Returns FFmpeg's demuxer for a single picture in this format. It must be named explicitly, since FFmpeg would
/// otherwise use the file's extension.
fn demuxer(format: ImageFormat) -> Option<&'static str> {
    Some(match format {
        ImageFormat::Png => "png_pipe",
        ImageFormat::Jpeg => "jpeg_pipe",
        ImageFormat::WebP => "webp_pipe",
        ImageFormat::Tiff => "tiff_pipe",
        ImageFormat::Bmp => "bmp_pipe",
        ImageFormat::Gif => "gif_pipe",
        _ => return None,
    })
}

/// Decodes a picture with FFmpeg, scaled down to at most [`most_pixels`]. Neither rotates it nor converts its
/// colours.
pub(super) fn decode_scaled(
    runner: &Runner,
    path: &Path,
    bytes: Vec<u8>,
    format: ImageFormat,
    (width, height): (u32, u32),
) -> Result<DynamicImage, SystemError> {
    let refused = |why: &str| {
        SystemError::unusable(
            path,
            format!(
                "this picture of {width} x {height} pixels cannot be scaled down; save it with at \
                 most {} megapixels ({why})",
                most_pixels() / 1_000_000
            ),
        )
    };
    let demuxer =
        demuxer(format).ok_or_else(|| refused("its format cannot be read as a stream"))?;
    let (to_width, to_height) = smaller(width, height, most_pixels());
    let scale = format!("scale={to_width}:{to_height}:flags=area,format=rgba");
    let command = ffmpeg("make a large picture smaller")
        .args(LOCAL_ONLY)
        .args(["-noautorotate", "-format_whitelist", demuxer, "-f", demuxer, "-i", "pipe:0"])
        .args(["-frames:v", "1", "-vf", &scale, "-f", "rawvideo", "pipe:1"]);
    let pixels = runner.run(&command, bytes).map_err(|error| match error {
        SystemError::Failed { stderr, .. } => refused(&last_words(&stderr, path)),
        other => other,
    })?;
    let picture = RgbaImage::from_raw(to_width, to_height, pixels);
    picture.map(DynamicImage::ImageRgba8).ok_or_else(|| {
        SystemError::unusable(
            path,
            "the picture cannot be decoded to its end; copy or export it again",
        )
    })
}

/// Returns the largest size with the same aspect ratio and at most `most` pixels.
fn smaller(width: u32, height: u32, most: u64) -> (u32, u32) {
    let pixels = f64::from(width) * f64::from(height);
    let factor = (most as f64 / pixels).sqrt().min(1.0);
    let side = |length: u32| ((f64::from(length) * factor).floor() as u32).clamp(1, most as u32);
    (side(width), side(height))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn large_sizes_keep_their_shape_within_the_bound() {
        for (width, height) in [(10_900, 10_900), (60_000, 2_000), (1, 120_000_000)] {
            let (w, h) = smaller(width, height, MOST_PIXELS);
            assert!(u64::from(w) * u64::from(h) <= MOST_PIXELS || w == 1, "{w} x {h}");
            if height < 20_000 {
                let shape = f64::from(w) / f64::from(h) * f64::from(height) / f64::from(width);
                assert!((shape - 1.0).abs() < 0.01, "{w} x {h}");
            }
        }
    }
}
