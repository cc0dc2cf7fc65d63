//! Extracts the properties of an external clip by decoding every frame.

use crate::probe::{probe, ratio};
use crate::verify::FrameLook;
use crate::whole_clip::whole_clip;
use crate::{Input, ffmpeg, file_arg};
use pytoon_process::{Runner, SystemError, disk, threads};
use std::path::Path;

/// The properties of a clip.
#[derive(Debug, Clone, PartialEq)]
pub struct ClipFacts {
    /// The length of the picture in milliseconds, or of the whole file if the length of the picture is
    /// unknown; 0 if both are unknown.
    pub duration_ms: i64,
    /// The mean frame rate, in frames per second; 25 if it is unknown.
    pub frame_rate: f64,
    /// The width in pixels.
    pub width: u32,
    /// The height in pixels.
    pub height: u32,
    /// True if the clip has audio.
    pub has_sound: bool,
    /// The statistics of every decodable frame.
    pub frames: Vec<FrameLook>,
}

/// Extracts the properties of a clip. A file without video is an error.
pub fn facts(runner: &Runner, path: &Path) -> Result<ClipFacts, SystemError> {
    // Concurrently: each is mostly the start of a program.
    let (clip, probed) = threads::side_by_side(|| whole_clip(runner, path), || probe(runner, path));
    let probed = probed?;
    let clip = clip
        .map_err(|_| SystemError::unusable(path, "the inspection of the clip ended unexpectedly"));
    let video = probed.video.ok_or_else(|| SystemError::unusable(path, "it has no video"))?;
    let seconds = if video.duration_s > 0.0 { video.duration_s } else { probed.duration_s };
    let clip = clip??;
    Ok(ClipFacts {
        duration_ms: (seconds * 1000.0).round() as i64,
        frame_rate: ratio(&video.frame_rate).unwrap_or(25.0),
        width: video.width,
        height: video.height,
        has_sound: probed.audio.is_some(),
        frames: clip.frames.clone(),
    })
}

/// Removes the audio of a clip in place. The picture is copied without re-encoding.
pub fn strip_sound(runner: &Runner, path: &Path) -> Result<(), SystemError> {
    let silent = &disk::part_of(path);
    let command = ffmpeg("remove a clip's audio")
        .input(path)
        .args(["-map", "0:v:0", "-c", "copy", "-movflags", "+faststart", "-f", "mp4", "-y"])
        .arg(file_arg(silent));
    let done = runner
        .run(&command, Vec::new())
        .and_then(|_| std::fs::rename(silent, path).map_err(|e| SystemError::write(path, e)));
    if done.is_err() {
        // The partial file must not stay; a failure to remove it changes nothing.
        let _ = std::fs::remove_file(silent);
    }
    done
}
