//! Decodes the luma of a film's frames: all of them at a small size, or chosen ones at full size.

use crate::{Input, ffmpeg};
use pytoon_process::{Runner, SystemError};
use std::path::Path;

/// Returns the luma of every frame, scaled to a size, as 8-bit codes in limited range.
pub fn luma_of_all(
    runner: &Runner,
    path: &Path,
    (width, height): (usize, usize),
) -> Result<Vec<Vec<u8>>, SystemError> {
    let filter = format!("scale={width}:{height}:flags=area,format=gray");
    decode(runner, path, &filter, width * height)
}

/// Returns the luma of the frames with these numbers, in the order of the film, at the film's own size.
pub fn luma_of_frames(
    runner: &Runner,
    path: &Path,
    frames: &[i64],
    (width, height): (usize, usize),
) -> Result<Vec<Vec<u8>>, SystemError> {
    if frames.is_empty() {
        return Ok(Vec::new());
    }
    let chosen: Vec<String> = frames.iter().map(|frame| format!("eq(n\\,{frame})")).collect();
    let filter = format!("select={},format=gray", chosen.join("+"));
    decode(runner, path, &filter, width * height)
}

fn decode(
    runner: &Runner,
    path: &Path,
    filter: &str,
    size: usize,
) -> Result<Vec<Vec<u8>>, SystemError> {
    let command = ffmpeg("decode the video")
        .input(path)
        .args(["-an", "-map", "0:v:0", "-vsync", "passthrough"])
        .args(["-vf", filter, "-f", "rawvideo", "pipe:1"]);
    let bytes = runner.run(&command, Vec::new())?;
    Ok(bytes.chunks_exact(size).map(<[u8]>::to_vec).collect())
}
