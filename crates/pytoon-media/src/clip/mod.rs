//! Decodes a user's clip to frames of the film's size and rate, in order.
//!
//! FFmpeg rotates (by the file's rotation), deinterlaces, scales, crops or fits, and resamples variable frame rates
//! to the film's rate. This module converts colours other than BT.709. Frames arrive through a socket on demand. A
//! clip that is too short restarts, holds its last frame, or loops with its audio, as the timeline specifies. A
//! decoder that hangs is killed.
//!
//! Guarantees: a clip that restarts after a few frames is decoded once and repeated from memory, so that no film
//! starts a process for every few frames.

mod command;

pub(crate) use command::{colour_options, picture_stream, with_decoder, with_start};

use crate::animation::Player;
use command::{Geometry, decode_command};
use pytoon_compositor::sampler::{Axis, PaddedPlane, Scratch, sample};
use pytoon_compositor::source_colour::ColourConversion;
use pytoon_core::profile::Profile;
use pytoon_core::timeline::reading::{AtEnd, ClipFit, ClipReading};
use pytoon_graphics::Frame;
use pytoon_process::{Runner, Running, SystemError, threads};
use pytoon_vocabulary::Frame as FrameNumber;
use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::sync::Arc;

/// Maximum number of frames cached from one pass of a restarting clip: about two seconds at 30 frames per second. A
/// longer pass is decoded again.
const KEPT_FRAMES: usize = 64;

/// The used part of a clip, and its speed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ClipCut {
    /// The start of the part, in milliseconds.
    pub start_ms: i64,
    /// The playback speed.
    pub speed: f64,
}

/// The requested view of a clip.
#[derive(Debug, Clone, PartialEq)]
pub struct ClipView {
    /// The path of the clip.
    pub path: PathBuf,
    /// The used part of the clip, and its speed.
    pub cut: ClipCut,
    /// The settings for decoding the file.
    pub reading: ClipReading,
    /// The fit into the frame.
    pub fit: ClipFit,
    /// The behaviour at the end of the clip.
    pub at_end: AtEnd,
    /// The number of frames in which the clip is visible.
    pub frames: FrameNumber,
    /// True if one pass of the clip is shorter than these frames. Matters only for a clip that restarts.
    pub repeats: bool,
    /// The background colour under transparent parts, R'G'B'.
    pub ground: [u8; 3],
}

/// A decoder that returns a clip frame by frame.
pub struct ClipDecoder {
    runner: Runner,
    view: ClipView,
    profile: Profile,
    finish: Arc<Finish>,
    stream: Option<Source>,
    /// The number of frames delivered or skipped so far.
    position: FrameNumber,
    frames_this_round: usize,
    /// FFmpeg's frames of the first pass, for later passes; `None` if there is no later pass or there are too many.
    kept: Option<Vec<Arc<[u8]>>>,
    /// True if the first pass is over and all of its frames are cached.
    is_kept: bool,
    last: Option<Arc<[u8]>>,
    /// True if the clip has ended and holds its last frame.
    is_over: bool,
}

/// A frame from FFmpeg with its remaining processing, which can run on any thread.
#[derive(Debug, Clone)]
pub struct ClipFrame {
    raw: Arc<[u8]>,
    /// The progress of the clip, 0 to 1.
    share: f64,
    finish: Arc<Finish>,
}

/// The remaining processing of each frame of a clip.
#[derive(Debug)]
struct Finish {
    geometry: Geometry,
    conversion: Option<ColourConversion>,
    size: (usize, usize),
}

impl ClipFrame {
    /// Converts the frame to the film's size and colours.
    pub fn into_frame(self) -> Frame {
        let Finish { geometry, conversion, size } = &*self.finish;
        let mut given = Frame::new(geometry.width as usize, geometry.height as usize);
        match conversion {
            Some(conversion) => conversion.convert(&self.raw, &mut given),
            None => given.data_mut().copy_from_slice(&self.raw),
        }
        let Some([from, to]) = geometry.pan else { return given };
        let at = |from: f64, to: f64| from + (to - from) * self.share;
        window(&given, at(from.0, to.0), at(from.1, to.1), *size)
    }
}

/// Returns the part of a frame whose top-left corner is at a sub-pixel position.
fn window(given: &Frame, x: f64, y: f64, (width, height): (usize, usize)) -> Frame {
    let mut scratch = Scratch::default();
    let mut out = Frame::new(width, height);
    let [out_y, out_u, out_v] = out.planes_mut();
    let mut draw = |samples: &[u8], share: usize, out: &mut [u8]| {
        let plane = PaddedPlane::new(samples, given.width() / share, given.height() / share);
        let axis = |start: f64| Axis { start: start / share as f64, step: 1.0 };
        sample(&plane, out, width / share, axis(x), axis(y), &mut scratch);
    };
    draw(given.y(), 1, out_y);
    draw(given.u(), 2, out_u);
    draw(given.v(), 2, out_v);
    out
}

/// A running FFmpeg process, and the thread that feeds it.
struct Source {
    running: Running,
    output: UnixStream,
    feeder: Option<std::thread::JoinHandle<()>>,
}

impl std::fmt::Debug for ClipDecoder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ClipDecoder").field("view", &self.view).finish_non_exhaustive()
    }
}

impl ClipDecoder {
    /// Starts to decode a clip.
    pub fn start(runner: &Runner, view: ClipView, profile: &Profile) -> Result<Self, SystemError> {
        let round = match view.at_end {
            AtEnd::Loop { frames } => usize::try_from(frames.get()).unwrap_or(usize::MAX),
            AtEnd::Restart | AtEnd::Hold => 0,
        };
        let starts_again = match view.at_end {
            AtEnd::Loop { frames } => frames < view.frames,
            AtEnd::Restart => view.repeats,
            AtEnd::Hold => false,
        };
        let keeps = starts_again && round <= KEPT_FRAMES && !view.reading.animation;
        let mut decoder = Self {
            runner: runner.clone(),
            finish: Arc::new(Finish {
                geometry: Geometry::of(&view.reading, view.fit, profile),
                conversion: view.reading.colours.as_ref().map(ColourConversion::new),
                size: (profile.width as usize, profile.height as usize),
            }),
            profile: profile.clone(),
            view,
            stream: None,
            position: FrameNumber::ZERO,
            frames_this_round: 0,
            kept: keeps.then(Vec::new),
            is_kept: false,
            last: None,
            is_over: false,
        };
        decoder.open()?;
        Ok(decoder)
    }

    fn open(&mut self) -> Result<(), SystemError> {
        let command = decode_command(&self.view, &self.profile, &self.finish.geometry);
        self.stream = Some(if self.view.reading.animation {
            let path = &self.view.path;
            let bytes = std::fs::read(path).map_err(|error| SystemError::read(path, error))?;
            let (running, input, output) = self.runner.start_between(&command)?;
            let (rate, speed) = (self.profile.frame_rate.as_f64(), self.view.cut.speed);
            let feeder = threads::spawn(move || feed(bytes.into(), input, 1000.0 * speed / rate))?;
            Source { running, output, feeder: Some(feeder) }
        } else {
            let (running, output) = self.runner.start_giving(&command)?;
            Source { running, output, feeder: None }
        });
        self.frames_this_round = 0;
        self.is_over = false;
        Ok(())
    }

    /// Skips the given number of frames.
    pub fn skip(&mut self, frames: FrameNumber) -> Result<(), SystemError> {
        let mut left = frames;
        if let AtEnd::Loop { frames } = self.view.at_end {
            // All rounds are identical.
            let rounds = left.get() / frames.get().max(1);
            self.position += frames * rounds;
            left -= frames * rounds;
        }
        for _ in 0..left.get() {
            self.raw()?;
        }
        Ok(())
    }

    /// Returns the next frame. At its end, the clip behaves as the view specifies.
    pub fn next_frame(&mut self) -> Result<ClipFrame, SystemError> {
        let share = self.position.get() as f64 / self.view.frames.get().max(1) as f64;
        Ok(ClipFrame {
            raw: self.raw()?,
            share: share.clamp(0.0, 1.0),
            finish: self.finish.clone(),
        })
    }

    /// Returns the next frame from FFmpeg, unprocessed.
    fn raw(&mut self) -> Result<Arc<[u8]>, SystemError> {
        let raw = self.raw_at(self.position)?;
        self.position += FrameNumber::new(1);
        Ok(raw)
    }

    fn raw_at(&mut self, position: FrameNumber) -> Result<Arc<[u8]>, SystemError> {
        if let AtEnd::Loop { frames } = self.view.at_end {
            let round = position.get() % frames.get().max(1);
            if let (true, Some(kept)) = (self.is_kept, &self.kept) {
                return Ok(kept[(round as usize).min(kept.len() - 1)].clone());
            }
            if round == 0 && self.frames_this_round > 0 {
                if let Some(kept) =
                    self.kept.as_ref().filter(|kept| kept.len() as i64 == frames.get())
                {
                    self.is_kept = true;
                    self.stream = None;
                    return Ok(kept[0].clone());
                }
                self.open()?;
            }
        }
        if let (true, Some(kept)) = (self.is_kept, &self.kept) {
            let round = position.get() as usize % kept.len();
            return Ok(kept[round].clone());
        }
        self.decode_next()
    }

    /// Returns the next frame of the stream. After its end, returns the first frame of the next pass or holds the
    /// last frame, as the view specifies.
    fn decode_next(&mut self) -> Result<Arc<[u8]>, SystemError> {
        let size = self.frame_bytes();
        // The end of one round, the start of the next, and its first frame.
        for _ in 0..3 {
            if let (true, Some(last)) = (self.is_over, self.last.clone()) {
                return Ok(self.remember(last));
            }
            let Some(Source { running, output, .. }) = &mut self.stream else {
                self.open()?;
                continue;
            };
            let mut bytes = vec![0; size];
            if running.during(|| output.read_exact(&mut bytes)).is_ok() {
                self.frames_this_round += 1;
                return Ok(self.remember(bytes.into()));
            }
            let ended = self.stream.take().map_or(Ok(()), Source::end);
            match ended {
                Err(error @ (SystemError::Stalled { .. } | SystemError::Cancelled)) => {
                    return Err(error);
                }
                Err(error) if self.frames_this_round == 0 => return Err(error),
                Ok(()) if self.frames_this_round == 0 => break,
                // A truncated clip plays as far as possible.
                _ => {}
            }
            if self.view.at_end != AtEnd::Restart {
                self.is_over = true;
            } else if let Some(first) = self.kept.as_ref().and_then(|kept| kept.first()) {
                self.is_kept = true;
                return Ok(first.clone());
            }
        }
        Err(SystemError::unusable(&self.view.path, "it has no video that FFmpeg can decode"))
    }

    fn frame_bytes(&self) -> usize {
        let samples =
            self.finish.geometry.width as usize * self.finish.geometry.height as usize * 3 / 2;
        if self.finish.conversion.is_some() { samples * 2 } else { samples }
    }

    /// Caches a frame for later passes, and as the frame to hold at the end. Drops the cache above [`KEPT_FRAMES`].
    fn remember(&mut self, frame: Arc<[u8]>) -> Arc<[u8]> {
        if self.view.at_end != AtEnd::Restart {
            self.last = Some(frame.clone());
        }
        if let Some(kept) = &mut self.kept {
            if kept.len() < KEPT_FRAMES {
                kept.push(frame.clone());
            } else {
                self.kept = None;
            }
        }
        frame
    }
}

impl Source {
    fn end(self) -> Result<(), SystemError> {
        drop(self.output);
        let ended = self.running.wait();
        if let Some(feeder) = self.feeder {
            // It ended with the program that it fed.
            let _ = feeder.join();
        }
        ended
    }
}

/// Writes the pictures of an animation, `step_ms` apart, until the reader closes the socket.
fn feed(bytes: Arc<[u8]>, mut input: UnixStream, step_ms: f64) {
    // Undecodable input ends at once, which the reader detects.
    let Ok(mut player) = Player::of(bytes) else { return };
    let mut at_ms = 0.0;
    while let Ok(pixels) = player.at(at_ms)
        && !pixels.is_empty()
        && input.write_all(pixels).is_ok()
    {
        at_ms += step_ms;
    }
}
