//! Looks at the finished file: its key frames, or every frame.

use super::{ffmpeg, file_arg};
use crate::MediaError;
use crate::process::{CommandLine, Runner};
use std::path::Path;

/// The size at which frames are looked at.
const LOOK_WIDTH: usize = 54;
const LOOK_HEIGHT: usize = 96;

/// What was seen of a frame.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FrameLook {
    /// Mean luma code.
    pub mean: f64,
    /// Standard deviation of luma codes.
    pub deviation: f64,
    /// Mean difference of luma codes from the frame before; 0 for the first.
    pub change: f64,
}

/// Decodes every frame.
pub fn look_at_all(runner: &Runner, path: &Path) -> Result<Vec<FrameLook>, MediaError> {
    let command = command(path, &[], &[]);
    Ok(looks(&runner.run(&command, Vec::new())?))
}

/// Decodes the key frames only, which is cheap. `gop_seconds` is the distance between them.
///
/// A film of more than a few is looked at in two halves side by side: a decoder of single pictures
/// keeps only one processor busy.
pub fn look_at_key_frames(
    runner: &Runner,
    path: &Path,
    gop_seconds: f64,
    film_seconds: f64,
) -> Result<Vec<FrameLook>, MediaError> {
    // A dozen single pictures: starting threads for them costs more than they save, and the
    // deblocking of edges shows in no mean.
    let key_frames = ["-threads", "1", "-skip_frame", "nokey", "-skip_loop_filter", "all"];
    let gops = (film_seconds / gop_seconds).ceil();
    if gops < 6.0 {
        return Ok(looks(&runner.run(&command(path, &key_frames, &[]), Vec::new())?));
    }
    // In the middle of a group of pictures, far from any key frame's own time.
    let middle = format!("{:.6}", ((gops / 2.0).floor() + 0.5) * gop_seconds);
    let first = command(path, &key_frames, &["-t", &middle]);
    let second = command(path, &key_frames, &["-ss", &middle]);
    let (first, second) = std::thread::scope(|scope| {
        let first = scope.spawn(|| runner.run(&first, Vec::new()));
        let second = runner.run(&second, Vec::new());
        (first.join(), second)
    });
    let mut bytes =
        first.map_err(|_| MediaError::unusable(path, "looking at its key frames stopped"))??;
    bytes.extend(second?);
    Ok(looks(&bytes))
}

fn command(path: &Path, decode: &[&str], part: &[&str]) -> CommandLine {
    let filter = format!("scale={LOOK_WIDTH}:{LOOK_HEIGHT}:flags=area,format=gray");
    ffmpeg("check the finished file")
        .args(decode.iter().copied())
        .args(part.iter().copied())
        .arg("-i")
        .arg(file_arg(path))
        .args(["-an", "-map", "0:v:0", "-vsync", "passthrough"])
        .args(["-vf", &filter, "-f", "rawvideo", "pipe:1"])
}

fn looks(bytes: &[u8]) -> Vec<FrameLook> {
    let mut previous: Option<&[u8]> = None;
    bytes
        .chunks_exact(LOOK_WIDTH * LOOK_HEIGHT)
        .map(|frame| {
            let n = frame.len() as f64;
            let mean = frame.iter().map(|&v| f64::from(v)).sum::<f64>() / n;
            let variance = frame.iter().map(|&v| (f64::from(v) - mean).powi(2)).sum::<f64>() / n;
            let change = previous.map_or(0.0, |before| {
                frame.iter().zip(before).map(|(a, b)| f64::from(a.abs_diff(*b))).sum::<f64>() / n
            });
            previous = Some(frame);
            FrameLook { mean, deviation: variance.sqrt(), change }
        })
        .collect()
}
