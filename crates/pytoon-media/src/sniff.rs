//! Detects the type of an external file by its content: a picture, a clip or audio for films, or an unsupported file.

use crate::picture::{self, FileKind, PictureLimits};
use crate::{clip_look, clip_reading};
use image::ImageFormat;
use pytoon_ffmpeg::probe::{MediaProbe, probe_picture};
use pytoon_process::{Runner, SystemError};
use std::path::Path;

/// The detected type of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sniffed {
    /// The media type of the file.
    pub media_type: &'static str,
    /// The file name extension, for users.
    pub ending: &'static str,
}

/// Detects the type of a file. A file that films cannot use is an error that states the reason.
///
/// A picture is decoded completely, and a clip for a few frames. Audio is only probed.
pub fn sniff(runner: &Runner, path: &Path, limits: &PictureLimits) -> Result<Sniffed, SystemError> {
    let kind = picture::kind(path, limits)?;
    if kind != FileKind::Moving {
        picture::load(runner, path, limits)?;
        if kind == FileKind::Animation {
            let clip = clip_reading::read(runner, path)?;
            clip_look::look(runner, path, &clip.reading)?;
        }
        return picture_type(path, limits);
    }
    let probed = probe_picture(runner, path)?;
    if probed.video.is_none() && probed.audio.is_none() {
        return Err(SystemError::unusable(
            path,
            "it contains neither a picture nor audio that FFmpeg can read",
        ));
    }
    if probed.video.is_some() {
        let usable = clip_reading::of_probe(runner, path, &probed)
            .and_then(|clip| clip_look::look(runner, path, &clip.reading));
        // A film whose picture is unusable may still have usable sound.
        usable
            .map(drop)
            .or_else(|error| if probed.audio.is_some() { Ok(()) } else { Err(error) })?;
    }
    Ok(film_type(&probed))
}

const fn of(media_type: &'static str, ending: &'static str) -> Sniffed {
    Sniffed { media_type, ending }
}

fn picture_type(path: &Path, limits: &PictureLimits) -> Result<Sniffed, SystemError> {
    Ok(match image::guess_format(&picture::head(path, limits)?) {
        Ok(ImageFormat::Jpeg) => of("image/jpeg", "jpg"),
        Ok(ImageFormat::Png) => of("image/png", "png"),
        Ok(ImageFormat::WebP) => of("image/webp", "webp"),
        Ok(ImageFormat::Gif) => of("image/gif", "gif"),
        Ok(ImageFormat::Bmp) => of("image/bmp", "bmp"),
        Ok(ImageFormat::Tiff) => of("image/tiff", "tiff"),
        Err(_) => of("image/heif", "heic"),
        Ok(_) => {
            return Err(SystemError::unusable(
                path,
                "this picture format is not supported; save it as JPEG, PNG or WebP",
            ));
        }
    })
}

fn film_type(probed: &MediaProbe) -> Sniffed {
    let is = |name: &str| probed.format.split(',').any(|known| known == name);
    if probed.video.is_some() {
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
