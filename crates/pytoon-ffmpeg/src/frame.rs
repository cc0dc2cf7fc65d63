//! Extracts one frame of a film or a chunk as a JPEG picture.

use crate::{Input, ffmpeg};
use pytoon_process::{CommandLine, Runner, SystemError};
use std::path::Path;

/// The quality of the pictures on the scale of FFmpeg's JPEG encoder, where 2 is the best and 31 the worst.
const QUALITY: &str = "3";

/// Returns the first frame of a file's video that begins at `seconds` or later, as a JPEG picture. The picture has the
/// given height, or that of the frame if it is lower. Returns `None` if there is no such frame.
///
/// To get the frame with a number, pass an instant between it and the frame before it.
pub fn frame_as_jpeg(
    runner: &Runner,
    path: &Path,
    seconds: f64,
    height: u32,
) -> Result<Option<Vec<u8>>, SystemError> {
    let jpeg = runner.run(&command(path, seconds, height), Vec::new())?;
    Ok(Some(jpeg).filter(|jpeg| !jpeg.is_empty()))
}

fn command(path: &Path, seconds: f64, height: u32) -> CommandLine {
    // JFIF pictures have the matrix of BT.601 and full range; films have that of BT.709 and limited range.
    let filter = format!(
        "scale=w=-1:h='min({height},ih)':flags=area:in_color_matrix=bt709:out_color_matrix=bt601\
         :out_range=full,format=yuvj420p"
    );
    ffmpeg("extract a frame")
        // FFmpeg decodes from the keyframe before and drops the frames that begin earlier.
        .args(["-threads", "2", "-ss", &format!("{:.6}", seconds.max(0.0))])
        .input(path)
        .args(["-an", "-sn", "-map", "0:v:0", "-vsync", "passthrough", "-frames:v", "1"])
        .args(["-vf", &filter, "-c:v", "mjpeg", "-q:v", QUALITY, "-f", "image2pipe", "pipe:1"])
}
