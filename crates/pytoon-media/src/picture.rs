//! Loads pictures from files: limited in size, upright, in sRGB.
//!
//! The content of a file determines its type, never its name. EXIF orientation and RGB profiles are applied;
//! alpha is preserved, except that of HEIF files. Unreadable files are rejected with the reason.

mod heif;
mod jpeg;
mod large;
mod memory;
mod refused;

use crate::animation;
use image::{DynamicImage, ImageDecoder, ImageFormat, ImageReader};
use moxcms::{ColorProfile, Layout, TransformOptions};
use pytoon_compositor::picture::Picture;
use pytoon_core::note::{Note, file_name};
use pytoon_ffmpeg::{Input, ffmpeg};
use pytoon_process::{Runner, SystemError, last_words};
use std::io::{Cursor, Read};
use std::path::Path;

/// The size limits of pictures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PictureLimits {
    /// Maximum size of a file, in bytes.
    pub max_bytes: u64,
    /// Maximum number of pixels in a picture.
    pub max_pixels: u64,
}

/// The memory allowed beside the pixels, for profiles, metadata and rows, in bytes.
const BESIDE_PIXELS: u64 = 64 << 20;

/// The type of a media file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileKind {
    /// A still picture.
    Picture,
    /// An animated picture. Where only a still picture is needed, its first frame is used.
    Animation,
    /// A video, or a file that FFmpeg must analyse.
    Moving,
}

/// Returns the kind of a file by its content: a picture, an animation, or a file that FFmpeg must analyse. An
/// unsupported format is an error.
pub fn kind(path: &Path, limits: &PictureLimits) -> Result<FileKind, SystemError> {
    let head = head(path, limits)?;
    match image::guess_format(&head) {
        Ok(ImageFormat::Gif) if gif_moves(path)? => Ok(FileKind::Animation),
        Ok(ImageFormat::Png) if png_moves(path)? => Ok(FileKind::Animation),
        Ok(ImageFormat::WebP) if animation::of_file(path)?.is_some() => Ok(FileKind::Animation),
        Ok(_) => Ok(FileKind::Picture),
        Err(_) if is_heif(&head) => Ok(FileKind::Picture),
        Err(_) => match refused::reason(&head) {
            Some(reason) => Err(SystemError::unusable(path, reason)),
            None => Ok(FileKind::Moving),
        },
    }
}

pub(crate) fn head(path: &Path, limits: &PictureLimits) -> Result<Vec<u8>, SystemError> {
    let metadata = std::fs::metadata(path).map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => SystemError::unusable(path, "there is no such file"),
        _ => SystemError::read(path, error),
    })?;
    if !metadata.is_file() {
        return Err(SystemError::unusable(path, "it is not a file"));
    }
    if metadata.len() == 0 {
        return Err(SystemError::unusable(path, "the file is empty (0 bytes)"));
    }
    if metadata.len() > limits.max_bytes {
        return Err(SystemError::unusable(
            path,
            format!(
                "the file has {} MiB; the maximum is {} (limits.max_file_mib)",
                metadata.len().div_ceil(1 << 20),
                limits.max_bytes >> 20
            ),
        ));
    }
    let file = std::fs::File::open(path).map_err(|error| SystemError::read(path, error))?;
    let mut head = Vec::with_capacity(4096);
    file.take(4096).read_to_end(&mut head).map_err(|error| SystemError::read(path, error))?;
    Ok(head)
}

/// Returns true for ISO base media files with a picture brand: HEIC and AVIF.
fn is_heif(head: &[u8]) -> bool {
    head.get(4..8) == Some(b"ftyp")
        && head.get(8..12).is_some_and(|brand| {
            [&b"heic"[..], b"heix", b"mif1", b"avif", b"heim", b"heis"].contains(&brand)
        })
}

/// Returns true if a PNG is an APNG with more than one frame. Its animation header chunk precedes the first picture.
fn png_moves(path: &Path) -> Result<bool, SystemError> {
    let moves = || -> std::io::Result<bool> {
        let mut file = std::io::BufReader::new(std::fs::File::open(path)?);
        file.seek_relative(8)?;
        let mut chunk = [0; 12];
        while file.read_exact(&mut chunk[..8]).is_ok() {
            let length = u32::from_be_bytes([chunk[0], chunk[1], chunk[2], chunk[3]]);
            match &chunk[4..8] {
                b"acTL" => {
                    file.read_exact(&mut chunk[8..])?;
                    return Ok(chunk[8..] > [0, 0, 0, 1][..]);
                }
                b"IDAT" | b"IEND" => break,
                // Its checksum follows.
                _ => file.seek_relative(i64::from(length) + 4)?,
            }
        }
        Ok(false)
    };
    match moves() {
        Err(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => Ok(false),
        other => other.map_err(|error| SystemError::read(path, error)),
    }
}

/// Returns true if a GIF has more than one image.
fn gif_moves(path: &Path) -> Result<bool, SystemError> {
    let bytes = std::fs::read(path).map_err(|error| SystemError::read(path, error))?;
    // A graphic control extension precedes each frame of an animation.
    let frames = bytes
        .windows(4)
        .filter(|w| *w == [0x21, 0xf9, 0x04, 0x00] || w.starts_with(&[0x21, 0xf9, 0x04]))
        .count();
    Ok(frames > 1)
}

/// Decodes a picture file, upright and in sRGB. FFmpeg decodes HEIF and files that are not in a known picture format.
pub fn load(runner: &Runner, path: &Path, limits: &PictureLimits) -> Result<Picture, SystemError> {
    let head = head(path, limits)?;
    // Neither HEIF nor a clip of one frame has a decoder here; FFmpeg may decode it.
    let mut container = None;
    let bytes = if is_heif(&head) {
        let whole = std::fs::read(path).map_err(|error| SystemError::read(path, error))?;
        // The orientation is read here: only some versions of FFmpeg support it.
        let png = through_ffmpeg(runner, path, &["-noautorotate"])?;
        let primary = heif::primary(&whole);
        if !is_all_of(&png, primary.as_ref().map(|primary| primary.size)) {
            return Err(SystemError::unusable(
                path,
                "this picture is stored in tiles, which is not supported; save it as JPEG or PNG",
            ));
        }
        container = primary;
        png
    } else if image::guess_format(&head).is_err() && !refused::looks_like_text(&head) {
        through_ffmpeg(runner, path, &[])?
    } else {
        std::fs::read(path).map_err(|error| SystemError::read(path, error))?
    };
    decode(runner, path, bytes, container.as_ref(), limits)
}

/// Returns true if a decoded PNG has the expected size in either orientation, or if a size is unknown.
fn is_all_of(png: &[u8], promised: Option<(u32, u32)>) -> bool {
    let side = |at: usize| {
        png.get(at..at + 4).and_then(|b| b.first_chunk()).map(|b| u32::from_be_bytes(*b))
    };
    let (Some(width), Some(height), Some(promised)) = (side(16), side(20), promised) else {
        return true;
    };
    promised == (width, height) || promised == (height, width)
}

/// Returns the width and height of a picture as stored, in pixels; `None` if its header does not state them.
pub fn stored_size(path: &Path) -> Option<(u32, u32)> {
    image::ImageReader::open(path).ok()?.with_guessed_format().ok()?.into_dimensions().ok()
}

/// Returns the notes for users about a picture file: a JPEG without its end marker, or a HEIF file whose alpha is
/// ignored.
pub fn notes(path: &Path, limits: &PictureLimits) -> Result<Vec<Note>, SystemError> {
    let head = head(path, limits)?;
    let is_jpeg = image::guess_format(&head).ok() == Some(ImageFormat::Jpeg);
    if !is_jpeg && !is_heif(&head) {
        return Ok(Vec::new());
    }
    let bytes = std::fs::read(path).map_err(|error| SystemError::read(path, error))?;
    let file = file_name(&path.to_string_lossy());
    let note = match is_jpeg {
        true => (!jpeg::has_end(&bytes)).then_some(Note::PictureWithoutEnd { file }),
        false => heif::has_alpha(&bytes).then_some(Note::PictureAlphaUnread { file }),
    };
    Ok(note.into_iter().collect())
}

/// Converts a picture to PNG with FFmpeg. `how` contains the input options.
fn through_ffmpeg(runner: &Runner, path: &Path, how: &[&str]) -> Result<Vec<u8>, SystemError> {
    let how = how.iter().copied();
    let command = ffmpeg("convert a picture").args(how).input(path).args([
        "-frames:v",
        "1",
        "-f",
        "image2pipe",
        "-c:v",
        "png",
        "pipe:1",
    ]);
    runner.run(&command, Vec::new()).map_err(|error| match error {
        SystemError::Failed { stderr, .. } => SystemError::unusable(
            path,
            format!(
                "this picture format is not supported; save it as JPEG or PNG ({})",
                last_words(&stderr, path)
            ),
        ),
        other => other,
    })
}

/// Decodes a picture, turns it upright, and converts it to sRGB from the colours of its HEIF container or its
/// embedded profile.
fn decode(
    runner: &Runner,
    path: &Path,
    bytes: Vec<u8>,
    container: Option<&heif::Primary>,
    limits: &PictureLimits,
) -> Result<Picture, SystemError> {
    let unreadable = |error: image::ImageError| {
        SystemError::unusable(
            path,
            format!("the picture cannot be decoded ({error}); copy or export it again"),
        )
    };
    let format = image::guess_format(&bytes).map_err(|_| {
        SystemError::unusable(
            path,
            "it is not a picture (JPEG, PNG, WebP, GIF, BMP, TIFF, HEIC or AVIF)",
        )
    })?;
    if format == ImageFormat::Jpeg && !jpeg::has_end(&bytes) && !jpeg::has_all_rows(&bytes) {
        return Err(SystemError::unusable(path, "the JPEG is truncated; copy or export it again"));
    }
    let mut reader = ImageReader::with_format(Cursor::new(bytes.as_slice()), format);
    // Our own limit of pixels is checked before anything is decoded. Until then, and for a picture's other data,
    // little memory is allowed: a profile may claim gigabytes.
    reader.limits(most_memory(0));
    let mut decoder = reader.into_decoder().map_err(unreadable)?;
    let (width, height) = decoder.dimensions();
    let pixels = u64::from(width) * u64::from(height);
    if pixels > limits.max_pixels {
        return Err(SystemError::unusable(
            path,
            format!(
                "{width} x {height} pixels are {} megapixels, more than limits.max_picture_megapixels allows ({})",
                pixels / 1_000_000,
                limits.max_pixels / 1_000_000
            ),
        ));
    }
    let orientation = decoder.orientation().map_err(unreadable)?;
    let profile = decoder.icc_profile().map_err(unreadable)?;
    // Decoded, converted to RGBA, rotated: at most two of these exist at once.
    let needed = decoder.total_bytes().max(4 * pixels.min(large::most_pixels())) * 2;
    let _share = memory::DECODING.take(&runner.holder, needed, &runner.cancel)?;
    let mut picture = if pixels > large::most_pixels() {
        drop(decoder);
        large::decode_scaled(runner, path, bytes, format, (width, height))?
    } else {
        decoder.set_limits(most_memory(decoder.total_bytes())).map_err(unreadable)?;
        DynamicImage::from_decoder(decoder).map_err(unreadable)?
    };
    picture.apply_orientation(orientation);
    for turn in container.iter().flat_map(|container| &container.turns) {
        picture.apply_orientation(*turn);
    }
    let rgba = picture.into_rgba8();
    let (width, height) = (rgba.width() as usize, rgba.height() as usize);
    let mut rgba = rgba.into_raw();
    match (container.and_then(|container| container.colours.as_ref()), profile) {
        (Some(heif::Colours::DisplayP3), _) => convert(&mut rgba, &ColorProfile::new_display_p3()),
        (Some(heif::Colours::Icc(profile)), _) => to_srgb(&mut rgba, profile),
        (None, Some(profile)) => to_srgb(&mut rgba, &profile),
        (None, None) => {}
    }
    Picture::try_new(width, height, rgba)
        .map_err(|error| SystemError::unusable(path, error.to_string()))
}

/// Returns the memory limits for a picture of `bytes` bytes: twice that size during decoding, plus the data beside
/// its pixels.
fn most_memory(bytes: u64) -> image::Limits {
    let mut limits = image::Limits::no_limits();
    limits.max_alloc = Some(bytes.saturating_mul(2).saturating_add(BESIDE_PIXELS));
    limits
}

/// Converts pixels to sRGB by the embedded profile. A broken, grey or CMYK profile is ignored, since the decoder has
/// already converted such pictures to RGB.
fn to_srgb(rgba: &mut [u8], profile: &[u8]) {
    let Ok(source) = ColorProfile::new_from_slice(profile) else { return };
    if source.color_space != moxcms::DataColorSpace::Rgb || is_srgb(profile) {
        return;
    }
    convert(rgba, &source);
}

/// Converts pixels from the colour space of a profile to sRGB.
fn convert(rgba: &mut [u8], source: &ColorProfile) {
    let srgb = ColorProfile::new_srgb();
    let transform = source.create_transform_8bit(
        Layout::Rgba,
        &srgb,
        Layout::Rgba,
        TransformOptions::default(),
    );
    let Ok(transform) = transform else { return };
    let mut out = vec![0; 4 * 64 * 1024];
    for chunk in rgba.chunks_mut(4 * 64 * 1024) {
        let out = &mut out[..chunk.len()];
        if transform.transform(chunk, out).is_ok() {
            chunk.copy_from_slice(out);
        }
    }
}

fn is_srgb(profile: &[u8]) -> bool {
    profile.windows(4).any(|w| w == b"sRGB") || profile.windows(7).any(|w| w == b"s\0R\0G\0B")
}

/// Writes a frame as a JPEG file.
pub fn write_jpeg(path: &Path, frame: &pytoon_graphics::Frame) -> Result<(), SystemError> {
    write_rgb_jpeg(path, frame.width(), frame.height(), &to_rgb(frame))
}

/// Writes rows of RGB bytes as a JPEG file.
pub fn write_rgb_jpeg(
    path: &Path,
    width: usize,
    height: usize,
    rgb: &[u8],
) -> Result<(), SystemError> {
    let mut bytes = Vec::new();
    let too_large = |_| SystemError::unusable(path, "a JPEG file has at most 65535 pixels a side");
    let (width, height) =
        (u16::try_from(width).map_err(too_large)?, u16::try_from(height).map_err(too_large)?);
    jpeg_encoder::Encoder::new(&mut bytes, 90)
        .encode(rgb, width, height, jpeg_encoder::ColorType::Rgb)
        .map_err(|error| SystemError::unusable(path, error.to_string()))?;
    pytoon_process::disk::write_whole(path, &bytes)
}

/// Writes a frame as a PNG file.
pub fn write_png(path: &Path, frame: &pytoon_graphics::Frame) -> Result<(), SystemError> {
    let mut bytes = Vec::new();
    image::ImageEncoder::write_image(
        image::codecs::png::PngEncoder::new(&mut bytes),
        &to_rgb(frame),
        frame.width() as u32,
        frame.height() as u32,
        image::ExtendedColorType::Rgb8,
    )
    .map_err(|error| SystemError::unusable(path, error.to_string()))?;
    pytoon_process::disk::write_whole(path, &bytes)
}

/// Converts a BT.709 limited-range frame to R'G'B'.
pub(crate) fn to_rgb(frame: &pytoon_graphics::Frame) -> Vec<u8> {
    let (width, height) = (frame.width(), frame.height());
    let mut out = Vec::with_capacity(width * height * 3);
    for y in 0..height {
        for x in 0..width {
            let chroma = y / 2 * (width / 2) + x / 2;
            let luma = (f32::from(frame.y()[y * width + x]) - 16.0) / 219.0;
            let cb = (f32::from(frame.u()[chroma]) - 128.0) / 224.0;
            let cr = (f32::from(frame.v()[chroma]) - 128.0) / 224.0;
            let (r, b) = (luma + 1.5748 * cr, luma + 1.8556 * cb);
            let g = (luma - 0.2126 * r - 0.0722 * b) / 0.7152;
            out.extend([r, g, b].map(|v| (v * 255.0).round().clamp(0.0, 255.0) as u8));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use pytoon_process::{CancelToken, Programs};

    const LIMITS: PictureLimits = PictureLimits { max_bytes: 1 << 30, max_pixels: 100_000_000 };

    fn runner() -> Runner {
        let stall = std::time::Duration::from_secs(10);
        Runner::new(Programs::default(), CancelToken::default(), stall)
    }

    fn assert_refused(name: &str, bytes: &[u8], part: &str) {
        let folder = tempfile::tempdir().expect("folder");
        let path = folder.path().join(name);
        std::fs::write(&path, bytes).expect("file");
        let error =
            kind(&path, &LIMITS).and_then(|_| load(&runner(), &path, &LIMITS)).expect_err(name);
        assert!(error.to_string().contains(part), "{name}: {error}");
    }

    fn png(width: u32, height: u32) -> Vec<u8> {
        let mut bytes = Cursor::new(Vec::new());
        image::RgbaImage::new(width, height).write_to(&mut bytes, ImageFormat::Png).expect("png");
        bytes.into_inner()
    }

    #[test]
    fn what_is_no_picture_is_refused_with_the_reason() {
        assert_refused("a.jpg", b"", "empty (0 bytes)");
        assert_refused("a.png", b"just words, whatever the name says", "contains text");
        let mut bomb = png(1, 1);
        // Only the header claims 30,000 by 30,000; the pixels are never decoded.
        bomb[16..24].copy_from_slice(&[0, 0, 0x75, 0x30, 0, 0, 0x75, 0x30]);
        assert_refused("bomb.png", &bomb, "");
        let mut jpeg = Cursor::new(Vec::new());
        image::RgbImage::from_fn(64, 64, |x, y| image::Rgb([x as u8 * 4, y as u8 * 4, 90]))
            .write_to(&mut jpeg, ImageFormat::Jpeg)
            .expect("jpeg");
        let jpeg = jpeg.into_inner();
        assert_refused("cut.jpg", &jpeg[..jpeg.len() / 2], "truncated");
    }

    #[test]
    fn a_picture_loads_and_is_distinguished_from_a_clip() {
        let folder = tempfile::tempdir().expect("folder");
        let path = folder.path().join("no-extension");
        std::fs::write(&path, png(3, 2)).expect("file");
        assert_eq!(kind(&path, &LIMITS).expect("kind"), FileKind::Picture);
        let picture = load(&runner(), &path, &LIMITS).expect("loads");
        assert_eq!((picture.width(), picture.height()), (3, 2));
    }

    #[test]
    fn a_profile_that_says_it_is_gigabytes_takes_no_memory() {
        let mut tiff = b"II*\0\x08\0\0\0".to_vec();
        // Tag, type (3: 16 bits, 7: bytes), count, value or offset.
        let tags: [(u16, u16, u32, u32); 10] = [
            (256, 3, 1, 1),
            (257, 3, 1, 1),
            (258, 3, 1, 8),
            (259, 3, 1, 1),
            (262, 3, 1, 1),
            (273, 3, 1, 0),
            (277, 3, 1, 1),
            (278, 3, 1, 1),
            (279, 3, 1, 1),
            // The ICC profile.
            (34_675, 7, u32::MAX, 8),
        ];
        tiff.extend(10_u16.to_le_bytes());
        for (tag, kind, count, value) in tags {
            tiff.extend([tag, kind].iter().flat_map(|half| half.to_le_bytes()));
            tiff.extend([count, value].iter().flat_map(|word| word.to_le_bytes()));
        }
        tiff.extend([0; 4]);
        let folder = tempfile::tempdir().expect("folder");
        let path = folder.path().join("profile.tiff");
        std::fs::write(&path, &tiff).expect("file");
        // The decoder decides whether the picture is accepted without its profile.
        if let Ok(picture) = load(&runner(), &path, &LIMITS) {
            assert_eq!((picture.width(), picture.height()), (1, 1));
        }
    }
}
