//! Looks at the finished file: its key frames, or every frame.

use super::{ffmpeg, file_arg};
use crate::MediaError;
use crate::process::Runner;
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

/// Decodes the key frames only (cheap), or all (`every_frame`).
pub fn look(runner: &Runner, path: &Path, every_frame: bool) -> Result<Vec<FrameLook>, MediaError> {
    // A dozen single pictures: starting threads for them costs more than they save, and the
    // deblocking of edges shows in no mean.
    let skip: &[&str] = if every_frame {
        &[]
    } else {
        &["-threads", "1", "-skip_frame", "nokey", "-skip_loop_filter", "all"]
    };
    let filter = format!("scale={LOOK_WIDTH}:{LOOK_HEIGHT}:flags=area,format=gray");
    let command = ffmpeg("check the finished file")
        .args(skip.iter().copied())
        .arg("-i")
        .arg(file_arg(path))
        .args([
            "-an",
            "-map",
            "0:v:0",
            "-vsync",
            "passthrough",
            "-vf",
            &filter,
            "-f",
            "rawvideo",
            "pipe:1",
        ]);
    let bytes = runner.run(&command, Vec::new())?;
    Ok(looks(bytes.chunks_exact(LOOK_WIDTH * LOOK_HEIGHT)))
}

fn looks<'a>(frames: impl Iterator<Item = &'a [u8]>) -> Vec<FrameLook> {
    let mut previous: Option<&[u8]> = None;
    frames
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
