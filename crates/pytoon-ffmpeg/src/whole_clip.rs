//! Decodes every frame of a clip once, for its check and for its colours.
//!
//! Guarantee: a limited number of results is cached, each until its file changes.

use crate::verify::{FrameLook, LOOK_HEIGHT, LOOK_WIDTH, looks};
use crate::{Input, ffmpeg};
use pytoon_process::disk::FileId;
use pytoon_process::{Runner, SystemError};
use std::collections::VecDeque;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

/// The number of frames whose samples are kept.
const SAMPLED: usize = 8;
/// The number of cached clips: those of one film that are checked and then measured.
const REMEMBERED: usize = 16;
/// The number of samples of a chroma plane of a decoded frame.
const CHROMA: usize = (LOOK_WIDTH / 2) * (LOOK_HEIGHT / 2);

/// A clip whose every decodable frame was decoded.
#[derive(Debug, Default)]
pub struct WholeClip {
    /// The statistics of every frame.
    pub frames: Vec<FrameLook>,
    /// The samples of up to eight frames spread over the clip, scaled down, as BT.709 Y'CbCr in limited range.
    pub samples: Vec<Samples>,
}

/// The samples of a frame: 8-bit codes, scaled down.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Samples {
    /// Luma.
    pub luma: Vec<u8>,
    /// Cb and Cr, each at half the width and height of luma.
    pub chroma: [Vec<u8>; 2],
}

/// Decodes a clip, or returns the cached result.
pub fn whole_clip(runner: &Runner, path: &Path) -> Result<Arc<WholeClip>, SystemError> {
    static KNOWN: Mutex<VecDeque<(FileId, Arc<WholeClip>)>> = Mutex::new(VecDeque::new());
    let known = || KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    let file = FileId::of(path);
    if let Some(file) = &file
        && let Some((_, clip)) = known().iter().find(|(known, _)| known == file)
    {
        return Ok(Arc::clone(clip));
    }
    let clip = Arc::new(decode(runner, path)?);
    if let Some(file) = file {
        let mut known = known();
        known.push_back((file, Arc::clone(&clip)));
        if known.len() > REMEMBERED {
            known.pop_front();
        }
    }
    Ok(clip)
}

fn decode(runner: &Runner, path: &Path) -> Result<WholeClip, SystemError> {
    // Two pictures, one above the other: the frame as it is, since a conversion of colours would make a still picture
    // shimmer, and the frame as BT.709.
    let size = format!("scale={LOOK_WIDTH}:{LOOK_HEIGHT}:flags=area");
    let filter = format!(
        "split[a][b];[a]{size},format=yuv420p[plain];\
         [b]{size}:out_color_matrix=bt709:out_range=tv,format=yuv420p[converted];\
         [plain][converted]vstack"
    );
    let command = ffmpeg("decode the video")
        .input(path)
        .args(["-an", "-map", "0:v:0", "-vsync", "passthrough"])
        .args(["-vf", &filter, "-f", "rawvideo", "pipe:1"]);
    Ok(measure(&runner.run(&command, Vec::new())?))
}

/// Measures decoded frames. Each plane of a frame has the plain picture above the converted one.
fn measure(bytes: &[u8]) -> WholeClip {
    let luma = LOOK_WIDTH * LOOK_HEIGHT;
    let frames: Vec<&[u8]> = bytes.chunks_exact(2 * (luma + 2 * CHROMA)).collect();
    let sampled = frames.len().min(SAMPLED);
    let samples = (0..sampled).map(|index| {
        let frame = frames[(2 * index + 1) * frames.len() / (2 * sampled)];
        let (y, chroma) = frame.split_at(2 * luma);
        let (cb, cr) = chroma.split_at(2 * CHROMA);
        let chroma = [cb[CHROMA..].to_vec(), cr[CHROMA..].to_vec()];
        Samples { luma: y[luma..].to_vec(), chroma }
    });
    let samples = samples.collect();
    WholeClip { frames: looks(frames.into_iter().map(|frame| &frame[..luma])), samples }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_are_spread_over_the_clip() {
        let frame = |code: u8| vec![code; 2 * (LOOK_WIDTH * LOOK_HEIGHT + 2 * CHROMA)];
        let clip = |count: u8| measure(&(0..count).flat_map(frame).collect::<Vec<u8>>());
        let codes = |clip: &WholeClip| clip.samples.iter().map(|s| s.luma[0]).collect::<Vec<_>>();
        assert_eq!(codes(&clip(80)), [5, 15, 25, 35, 45, 55, 65, 75]);
        assert_eq!(codes(&clip(3)), [0, 1, 2]);
        assert!(clip(0).samples.is_empty() && clip(0).frames.is_empty());
        let one = clip(1);
        assert_eq!((one.frames.len(), one.samples[0].chroma[1].len()), (1, CHROMA));
    }
}
