//! Decodes the keyframes or every frame of a film or a clip, and computes the statistics of each frame for
//! verification.

use crate::{Input, ffmpeg};
use pytoon_process::{CommandLine, Runner, SystemError};
use std::collections::VecDeque;
use std::path::Path;

/// The width of the decoded frames, in pixels.
pub(crate) const LOOK_WIDTH: usize = 54;
/// The height of the decoded frames, in pixels.
pub(crate) const LOOK_HEIGHT: usize = 96;

/// The distance between the frames compared in [`FrameLook::drift`], in frames: about half a second. Shimmer that
/// follows a codec's frame pattern repeats within it, since 2, 3, 4 and 6 divide it.
const DRIFT_FRAMES: usize = 12;

/// The statistics of a frame.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FrameLook {
    /// The mean luma code.
    pub mean: f64,
    /// The standard deviation of luma codes.
    pub deviation: f64,
    /// The mean difference between the luma codes and those of the previous frame; 0 for the first frame.
    pub change: f64,
    /// The mean difference between the luma codes and those of the frame [`DRIFT_FRAMES`] earlier, or of the first
    /// frame. Motion accumulates over this distance; the shimmer of compression does not.
    pub drift: f64,
}

/// Decodes every frame and returns its statistics.
pub fn look_at_all(runner: &Runner, path: &Path) -> Result<Vec<FrameLook>, SystemError> {
    let command = command(path, &[]);
    Ok(looks(frames(&runner.run(&command, Vec::new())?)))
}

/// Decodes only the keyframes, which is cheap, and returns their statistics.
pub fn look_at_key_frames(runner: &Runner, path: &Path) -> Result<Vec<FrameLook>, SystemError> {
    // The decoder's threads take one frame each only if the demuxer discards all others. Deblocking does not affect
    // the mean.
    let key_frames = ["-threads", "2", "-discard:v", "nokey"];
    let decode = [&key_frames[..], &["-skip_frame", "nokey", "-skip_loop_filter", "all"]].concat();
    Ok(looks(frames(&runner.run(&command(path, &decode), Vec::new())?)))
}

fn command(path: &Path, decode: &[&str]) -> CommandLine {
    let filter = format!("scale={LOOK_WIDTH}:{LOOK_HEIGHT}:flags=area,format=gray");
    ffmpeg("decode the video")
        .args(decode.iter().copied())
        .input(path)
        .args(["-an", "-map", "0:v:0", "-vsync", "passthrough"])
        .args(["-vf", &filter, "-f", "rawvideo", "pipe:1"])
}

fn frames(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    bytes.chunks_exact(LOOK_WIDTH * LOOK_HEIGHT)
}

/// Returns the statistics of frames, each given by its luma plane.
pub(crate) fn looks<'a>(frames: impl Iterator<Item = &'a [u8]>) -> Vec<FrameLook> {
    let mut earlier: VecDeque<&[u8]> = VecDeque::with_capacity(DRIFT_FRAMES);
    frames
        .map(|frame| {
            let n = frame.len() as f64;
            let mean = frame.iter().map(|&v| f64::from(v)).sum::<f64>() / n;
            let variance = frame.iter().map(|&v| (f64::from(v) - mean).powi(2)).sum::<f64>() / n;
            let difference = |before: Option<&&[u8]>| {
                let pairs = before.into_iter().flat_map(|before| frame.iter().zip(*before));
                pairs.map(|(a, b)| f64::from(a.abs_diff(*b))).sum::<f64>() / n
            };
            let (change, drift) = (difference(earlier.back()), difference(earlier.front()));
            if earlier.len() == DRIFT_FRAMES {
                earlier.pop_front();
            }
            earlier.push_back(frame);
            FrameLook { mean, deviation: variance.sqrt(), change, drift }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shimmer_does_not_add_up_and_motion_does() {
        let frames: Vec<Vec<u8>> = (0..40u8).map(|i| vec![100 + i % 2; 16]).collect();
        let seen = looks(frames.iter().map(Vec::as_slice));
        assert!(seen[13..].iter().all(|f| f.change == 1.0 && f.drift == 0.0), "{seen:?}");
        let frames: Vec<Vec<u8>> = (0..40u8).map(|i| vec![100 + i; 16]).collect();
        let seen = looks(frames.iter().map(Vec::as_slice));
        assert!(seen[12..].iter().all(|f| f.change == 1.0 && f.drift == 12.0), "{seen:?}");
        assert_eq!((seen[0].change, seen[0].drift, seen[5].drift), (0.0, 0.0, 5.0));
    }
}
