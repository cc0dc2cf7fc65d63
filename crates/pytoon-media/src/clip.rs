//! What a clip that came from outside is: every frame decoded, and what was seen.

use crate::MediaError;
use crate::ffmpeg::verify::{FrameLook, look};
use crate::ffmpeg::{ffmpeg, file_arg};
use crate::probe::probe;
use crate::process::Runner;
use std::path::Path;

/// What was seen of a clip.
#[derive(Debug, Clone, PartialEq)]
pub struct ClipFacts {
    /// Its length in milliseconds, as the container says.
    pub duration_ms: i64,
    /// Frames a second.
    pub frame_rate: f64,
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
    /// Whether it has sound.
    pub has_sound: bool,
    /// Every frame that can be decoded.
    pub frames: Vec<FrameLook>,
}

/// Looks at a clip; one that is no video is an error.
pub fn facts(runner: &Runner, path: &Path) -> Result<ClipFacts, MediaError> {
    let probed = probe(runner, path)?;
    let video =
        probed.video.ok_or_else(|| MediaError::unusable(path, "it has no moving picture"))?;
    let seconds = if video.duration_s > 0.0 { video.duration_s } else { probed.duration_s };
    Ok(ClipFacts {
        duration_ms: (seconds * 1000.0).round() as i64,
        frame_rate: ratio(&video.frame_rate),
        width: video.width,
        height: video.height,
        has_sound: probed.audio.is_some(),
        frames: look(runner, path, true)?,
    })
}

/// Takes a clip's sound out, without touching its picture.
pub fn strip_sound(runner: &Runner, path: &Path) -> Result<(), MediaError> {
    let mut silent = path.as_os_str().to_owned();
    silent.push(".silent.mp4");
    let silent = Path::new(&silent);
    let command = ffmpeg("take a clip's sound out")
        .arg("-i")
        .arg(file_arg(path))
        .args(["-map", "0:v:0", "-c", "copy", "-movflags", "+faststart", "-y"])
        .arg(file_arg(silent));
    let done = runner
        .run(&command, Vec::new())
        .and_then(|_| std::fs::rename(silent, path).map_err(|e| MediaError::write(path, e)));
    if done.is_err() {
        // The half-written file must not stay; that it cannot be removed changes nothing.
        let _ = std::fs::remove_file(silent);
    }
    done
}

fn ratio(text: &str) -> f64 {
    let (above, below) = text.split_once('/').unwrap_or((text, "1"));
    let value = above.parse::<f64>().unwrap_or(0.0) / below.parse::<f64>().unwrap_or(1.0);
    if value.is_finite() && value > 0.0 { value } else { 25.0 }
}

#[cfg(test)]
mod tests {
    use super::ratio;

    #[test]
    fn frame_rates_are_ratios() {
        assert_eq!(ratio("24000/1001"), 24_000.0 / 1001.0);
        assert_eq!(ratio("30"), 30.0);
        assert_eq!(ratio("0/0"), 25.0);
    }
}
