//! What a file from outside is, by its content: a picture, a clip or a sound that films are made of,
//! or nothing that is wanted.

use crate::MediaError;
use crate::picture::{self, FileKind, PictureLimits};
use crate::probe::probe;
use crate::process::Runner;
use image::ImageFormat;
use std::path::Path;

/// What a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sniffed {
    /// Its media type.
    pub media_type: &'static str,
    /// The ending of its name, for people.
    pub ending: &'static str,
}

/// Tells what a file is; one that films are not made of is an error that says so.
pub fn sniff(runner: &Runner, path: &Path, limits: &PictureLimits) -> Result<Sniffed, MediaError> {
    let of = |media_type, ending| Ok(Sniffed { media_type, ending });
    if picture::kind(path, limits)? == FileKind::Picture {
        let head = picture::head(path, limits)?;
        return match image::guess_format(&head) {
            Ok(ImageFormat::Jpeg) => of("image/jpeg", "jpg"),
            Ok(ImageFormat::Png) => of("image/png", "png"),
            Ok(ImageFormat::WebP) => of("image/webp", "webp"),
            Ok(ImageFormat::Gif) => of("image/gif", "gif"),
            Ok(ImageFormat::Bmp) => of("image/bmp", "bmp"),
            Ok(ImageFormat::Tiff) => of("image/tiff", "tiff"),
            Err(_) => of("image/heif", "heic"),
            Ok(_) => Err(MediaError::unusable(
                path,
                "this picture format is not read; save it as JPEG, PNG or WebP",
            )),
        };
    }
    let probed = probe(runner, path)?;
    let has_picture = probed.video.is_some();
    if !has_picture && probed.audio.is_none() {
        return Err(MediaError::unusable(path, "it holds neither a picture nor a sound"));
    }
    let is = |name: &str| probed.format.split(',').any(|known| known == name);
    if has_picture {
        return match () {
            () if is("mp4") => of("video/mp4", "mp4"),
            () if is("webm") => of("video/x-matroska", "mkv"),
            () if is("gif") => of("image/gif", "gif"),
            () if is("avi") => of("video/x-msvideo", "avi"),
            () if is("mpegts") || is("mpeg") => of("video/mpeg", "mpg"),
            () => of("application/octet-stream", "video"),
        };
    }
    match () {
        () if is("mp4") => of("audio/mp4", "m4a"),
        () if is("wav") => of("audio/wav", "wav"),
        () if is("mp3") => of("audio/mpeg", "mp3"),
        () if is("flac") => of("audio/flac", "flac"),
        () if is("ogg") => of("audio/ogg", "ogg"),
        () => of("application/octet-stream", "audio"),
    }
}
