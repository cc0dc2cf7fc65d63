//! What a clip that came from outside is: every frame decoded, and what was seen.

use crate::ffmpeg::verify::{FrameLook, look_at_all};
use crate::ffmpeg::{Input, ffmpeg, file_arg};
use crate::probe::probe;
use crate::process::Runner;
use crate::{MediaError, disk};
use pytoon_core::colour::ClipColours;
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
    // Side by side: each is mostly the start of a program.
    let (probed, frames) = std::thread::scope(|scope| {
        let frames = scope.spawn(|| look_at_all(runner, path));
        (probe(runner, path), frames.join())
    });
    let probed = probed?;
    let video =
        probed.video.ok_or_else(|| MediaError::unusable(path, "it has no moving picture"))?;
    let seconds = if video.duration_s > 0.0 { video.duration_s } else { probed.duration_s };
    Ok(ClipFacts {
        duration_ms: (seconds * 1000.0).round() as i64,
        frame_rate: ratio(&video.frame_rate),
        width: video.width,
        height: video.height,
        has_sound: probed.audio.is_some(),
        frames: frames.map_err(|_| MediaError::unusable(path, "looking at it stopped"))??,
    })
}

/// Frames that a clip's colours are read from.
const COLOUR_FRAMES: usize = 8;
/// Their size.
const COLOUR_SIDE: usize = 64;

/// The colours of a clip of this length in milliseconds, over frames spread through it.
pub fn colours(runner: &Runner, path: &Path, duration_ms: i64) -> Result<ClipColours, MediaError> {
    let seconds = (duration_ms as f64 / 1000.0).max(0.1);
    let filter = format!(
        "fps={:.4}:round=up,scale={COLOUR_SIDE}:{COLOUR_SIDE}:flags=area:out_color_matrix=bt709:out_range=tv,format=yuv444p",
        COLOUR_FRAMES as f64 / seconds
    );
    let command = ffmpeg("see a clip's colours")
        .input(path)
        .args(["-an", "-map", "0:v:0", "-vf", &filter, "-f", "rawvideo", "pipe:1"]);
    let bytes = runner.run(&command, Vec::new())?;
    let plane = COLOUR_SIDE * COLOUR_SIDE;
    let mut planes: [Vec<u8>; 3] = Default::default();
    for frame in bytes.chunks_exact(plane * 3) {
        for (all, part) in planes.iter_mut().zip(frame.chunks_exact(plane)) {
            all.extend_from_slice(part);
        }
    }
    if planes[0].is_empty() {
        return Err(MediaError::unusable(path, "it has no picture that FFmpeg can decode"));
    }
    Ok(described(&mut planes))
}

fn described(planes: &mut [Vec<u8>; 3]) -> ClipColours {
    let chroma = |plane: &[u8]| {
        let n = plane.len() as f64;
        let value = |code: &u8| (f64::from(*code) - 128.0) / 224.0;
        let mean = plane.iter().map(value).sum::<f64>() / n;
        let variance = plane.iter().map(|c| (value(c) - mean).powi(2)).sum::<f64>() / n;
        (mean, variance.sqrt())
    };
    let (cb, cr) = (chroma(&planes[1]), chroma(&planes[2]));
    let luma = &mut planes[0];
    luma.sort_unstable();
    let at = |share: f64| {
        let code = luma[((luma.len() - 1) as f64 * share) as usize];
        ((f64::from(code) - 16.0) / 219.0).clamp(0.0, 1.0)
    };
    ClipColours {
        luma_p5: at(0.05),
        luma_p50: at(0.5),
        luma_p95: at(0.95),
        chroma_mean: [cb.0, cr.0],
        chroma_deviation: [cb.1, cr.1],
    }
}

/// Takes a clip's sound out, without touching its picture.
pub fn strip_sound(runner: &Runner, path: &Path) -> Result<(), MediaError> {
    let silent = &disk::part_of(path);
    let command = ffmpeg("take a clip's sound out")
        .input(path)
        .args(["-map", "0:v:0", "-c", "copy", "-movflags", "+faststart", "-f", "mp4", "-y"])
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
