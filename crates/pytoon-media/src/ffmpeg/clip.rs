//! A user's clip as frames of the film's size and rate, in order.
//!
//! FFmpeg turns (by the file's rotation), scales, crops to cover, converts to BT.709 limited and
//! resamples variable frame rates to the film's; frames come through a socket as they are needed.
//! A clip shorter than asked starts again. A decoder that hangs is ended, not waited for.

use super::{Input, ffmpeg};
use crate::MediaError;
use crate::process::{CommandLine, Runner, Running};
use pytoon_core::profile::Profile;
use pytoon_graphics::Frame;
use std::io::Read;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};

/// Which part of a clip, and how fast.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ClipCut {
    /// Where it begins, in milliseconds.
    pub start_ms: i64,
    /// Playing speed.
    pub speed: f64,
}

/// The command that decodes a clip to raw frames.
pub fn decode_command(path: &Path, cut: ClipCut, profile: &Profile) -> CommandLine {
    let (w, h) = (profile.width, profile.height);
    let rate = profile.frame_rate.to_ratio_string();
    let filter = format!(
        "setpts=(PTS-STARTPTS)/{:.4},fps={rate}:round=near,\
         scale={w}:{h}:force_original_aspect_ratio=increase:flags=bicubic:out_color_matrix=bt709:out_range=tv,\
         crop={w}:{h},setsar=1,format=yuv420p",
        cut.speed
    );
    let start = format!("{:.3}", cut.start_ms as f64 / 1000.0);
    ffmpeg("decode a clip").args(["-ss", &start]).input(path).args([
        "-an", "-sn", "-map", "0:v:0", "-vf", &filter, "-f", "rawvideo", "-pix_fmt", "yuv420p",
        "pipe:1",
    ])
}

/// Decodes a clip frame by frame.
#[derive(Debug)]
pub struct ClipDecoder {
    runner: Runner,
    path: PathBuf,
    cut: ClipCut,
    profile: Profile,
    stream: Option<(Running, UnixStream)>,
    frames_this_round: u64,
}

impl ClipDecoder {
    /// Starts decoding.
    pub fn start(
        runner: &Runner,
        path: &Path,
        cut: ClipCut,
        profile: &Profile,
    ) -> Result<Self, MediaError> {
        let mut decoder = Self {
            runner: runner.clone(),
            path: path.to_owned(),
            cut,
            profile: profile.clone(),
            stream: None,
            frames_this_round: 0,
        };
        decoder.open()?;
        Ok(decoder)
    }

    fn open(&mut self) -> Result<(), MediaError> {
        self.stream =
            Some(self.runner.start_giving(&decode_command(&self.path, self.cut, &self.profile))?);
        self.frames_this_round = 0;
        Ok(())
    }

    /// Leaves out so many frames.
    pub fn skip(&mut self, frames: i64) -> Result<(), MediaError> {
        for _ in 0..frames {
            self.next_frame()?;
        }
        Ok(())
    }

    /// The next frame; the clip starts again at its end.
    pub fn next_frame(&mut self) -> Result<Frame, MediaError> {
        let mut frame = Frame::new(self.profile.width as usize, self.profile.height as usize);
        // The end of one round, the start of the next, and its first frame.
        for _ in 0..3 {
            let Some((running, output)) = &mut self.stream else {
                self.open()?;
                continue;
            };
            if running.during(|| output.read_exact(frame.data_mut())).is_ok() {
                self.frames_this_round += 1;
                return Ok(frame);
            }
            let ended = self.stream.take().map_or(Ok(()), |(running, _)| running.wait());
            match ended {
                Err(error @ (MediaError::Stalled { .. } | MediaError::Cancelled)) => {
                    return Err(error);
                }
                Err(error) if self.frames_this_round == 0 => return Err(error),
                Ok(()) if self.frames_this_round == 0 => break,
                // A clip with a torn end plays as far as it goes, then starts again.
                _ => {}
            }
        }
        Err(MediaError::unusable(&self.path, "it has no picture that FFmpeg can decode"))
    }
}
