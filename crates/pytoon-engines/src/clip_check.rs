//! Checks a clip before a film uses it: a bad clip is a failure of its engine, not a scene of the film.
//!
//! Guarantees: the whole clip is decoded; [`judge`], a pure function, judges length, size, blackness and motion; a
//! clip that is longer or has another aspect ratio is accepted, since films crop and cut clips; unrequested audio is
//! removed, so that it can never be heard.
//!
//! Leaves the fallback of the scene to `engine_manager`.

use pytoon_ffmpeg::clip_facts::{self, ClipFacts};
use pytoon_ffmpeg::verify::FrameLook;
use pytoon_process::{Runner, SystemError};
pub use pytoon_purchase::Verdict;
use pytoon_records::ledger::StoreFuture;
use pytoon_vendor::ensure;
use std::fmt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// The expected length of a clip, against which the clip is checked.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Expectation {
    /// The requested length, in milliseconds.
    pub asked_ms: u32,
    /// The minimum length that the scene can use, in milliseconds.
    pub needed_ms: i64,
    /// True for stock footage, whose length cannot be chosen.
    pub is_stock: bool,
}

/// A checker of clips, which also repairs them where possible.
pub trait ClipChecker: fmt::Debug + Send + Sync {
    /// Checks a clip. Removes an audio track by rewriting the file.
    fn check(&self, path: PathBuf, wanted: Expectation) -> StoreFuture<'_, Verdict>;
}

/// Minimum length of a clip's short side, in pixels.
const MIN_SIDE: u32 = 64;
/// Maximum shortfall of a clip's length, as a fraction of the expected length.
const LENGTH_TOLERANCE: f64 = 0.15;
/// The mean luma code below which a nearly uniform frame is black.
const BLACK_MEAN: f64 = 20.0;
const BLACK_DEVIATION: f64 = 3.0;
/// The change of luma codes below which a frame is still. It is the mean over a scaled-down frame, since the
/// previous frame or since half a second earlier, whichever is smaller. A compressed still picture shimmers
/// by 0.08 per frame, which does not add up; simulated clips move by 0.38 or more. A clip is still if more
/// than four frames in five are still.
const STILL_CHANGE: f64 = 0.06;
/// Maximum number of frames at the beginning of a clip that the motion check ignores, because an encoder
/// refines a still picture over its first frames.
const REFINED_FRAMES: usize = 6;

/// Rejects a clip that is too small, cut off, too short for the scene, black or still. The error is the reason for
/// the rejection.
pub fn judge(facts: &ClipFacts, wanted: &Expectation) -> Result<(), String> {
    let ClipFacts { width, height, .. } = facts;
    let count = facts.frames.len();
    ensure(count >= 3, format!("only {count} frames can be decoded; the minimum is 3"))?;
    ensure(
        *width.min(height) >= MIN_SIDE,
        format!("{width}x{height} pixels are too small; each side must have {MIN_SIDE} or more"),
    )?;
    let seconds = facts.duration_ms as f64 / 1000.0;
    let decoded_ms = count as f64 / facts.frame_rate.max(1.0) * 1000.0;
    if decoded_ms < facts.duration_ms as f64 * (1.0 - LENGTH_TOLERANCE) {
        return Err(format!(
            "the clip is cut off: only {:.1} of {seconds:.1} s can be decoded",
            decoded_ms / 1000.0
        ));
    }
    // A longer clip is cut. A scene may need more than an engine offers: it gets the requested length.
    let asked = if wanted.is_stock { f64::INFINITY } else { f64::from(wanted.asked_ms) / 1000.0 };
    let least = asked.min(wanted.needed_ms as f64 / 1000.0);
    if least - seconds > (least * LENGTH_TOLERANCE).max(0.3) {
        return Err(format!("the clip is {seconds:.1} s long, and the scene needs {least:.1} s"));
    }
    let is_black = |f: &&FrameLook| f.mean < BLACK_MEAN && f.deviation < BLACK_DEVIATION;
    let black = facts.frames.iter().filter(is_black).count();
    ensure(2 * black <= count, "the clip is black")?;
    let settled = &facts.frames[REFINED_FRAMES.min(count / 4).max(1)..];
    let still = settled.iter().filter(|f| f.change.min(f.drift) < STILL_CHANGE).count();
    ensure(5 * still <= 4 * settled.len(), "the clip does not move")
}

/// A checker that uses FFmpeg.
#[derive(Debug, Clone)]
pub struct FfmpegChecker {
    /// The runner of FFmpeg, which decodes the clips.
    pub runner: Runner,
}

impl ClipChecker for FfmpegChecker {
    fn check(&self, path: PathBuf, wanted: Expectation) -> StoreFuture<'_, Verdict> {
        let runner = self.runner.clone();
        Box::pin(async move {
            let begun = Instant::now();
            loop {
                let (runner, path) = (runner.clone(), path.clone());
                let work = move || look(&runner, &path, &wanted);
                let reason = match tokio::task::spawn_blocking(work).await {
                    Ok(Ok(verdict)) => return Ok(verdict),
                    Ok(Err(error)) if !error.is_exhausted() => format!("failed to {error}"),
                    // This machine ran out of a resource, which says nothing about a clip that is paid for.
                    Ok(Err(_)) if begun.elapsed() < FULL_DISK_PATIENCE => {
                        tokio::time::sleep(FULL_DISK_PAUSE).await;
                        continue;
                    }
                    Ok(Err(error)) => format!("the clip could not be checked: failed to {error}"),
                    Err(_) => "the check of the clip ended unexpectedly".to_owned(),
                };
                return Ok(Verdict::Unusable(reason));
            }
        })
    }
}

/// Maximum time to wait for an exhausted resource of this machine, such as disk space.
const FULL_DISK_PATIENCE: Duration = Duration::from_secs(600);
const FULL_DISK_PAUSE: Duration = Duration::from_secs(1);

fn look(runner: &Runner, path: &Path, wanted: &Expectation) -> Result<Verdict, SystemError> {
    let facts = clip_facts::facts(runner, path)?;
    if let Err(reason) = judge(&facts, wanted) {
        return Ok(Verdict::Unusable(reason));
    }
    if facts.has_sound {
        clip_facts::strip_sound(runner, path)?;
    }
    Ok(Verdict::Usable { duration_ms: facts.duration_ms, changed: facts.has_sound })
}

#[cfg(test)]
mod tests {
    use super::*;
    use pytoon_ffmpeg::verify::FrameLook;

    fn facts(change: f64, mean: f64, frames: usize) -> ClipFacts {
        let deviation = if mean < 20.0 { 1.0 } else { 30.0 };
        let frame = FrameLook { mean, deviation, change, drift: change * 12.0 };
        ClipFacts {
            duration_ms: 5000,
            frame_rate: 24.0,
            width: 720,
            height: 1280,
            has_sound: false,
            frames: vec![frame; frames],
        }
    }

    #[test]
    fn each_defect_is_named() {
        let wanted = Expectation { asked_ms: 5000, needed_ms: 3000, is_stock: false };
        let check = |facts: &ClipFacts, word: &str| {
            let verdict = judge(facts, &wanted);
            match word {
                "" => assert_eq!(verdict, Ok(())),
                word => assert!(verdict.as_ref().is_err_and(|r| r.contains(word)), "{verdict:?}"),
            }
        };
        let good = facts(2.0, 120.0, 120);
        let mut shimmering = facts(0.3, 120.0, 24);
        shimmering.frames.iter_mut().skip(6).for_each(|frame| frame.drift = 0.0);
        check(&good, "");
        check(&facts(2.0, 16.0, 120), "black");
        check(&facts(0.0, 120.0, 120), "not move");
        check(&facts(0.047, 120.0, 120), "not move");
        check(&facts(0.1, 120.0, 120), "");
        let second = Expectation { asked_ms: 1000, needed_ms: 1000, ..wanted };
        let verdict = judge(&ClipFacts { duration_ms: 1000, ..shimmering }, &second);
        assert_eq!(verdict, Err("the clip does not move".to_owned()));
        check(&facts(2.0, 120.0, 60), "cut off");
        check(&facts(2.0, 120.0, 0), "frames can be decoded");
        check(&ClipFacts { duration_ms: 2500, ..facts(2.0, 120.0, 60) }, "the scene needs 3.0 s");
        // A longer clip is cut, and length beyond the scene's need may be missing.
        check(&ClipFacts { duration_ms: 9000, ..facts(2.0, 120.0, 216) }, "");
        check(&ClipFacts { duration_ms: 3500, ..facts(2.0, 120.0, 84) }, "");
        let long = Expectation { needed_ms: 9000, ..wanted };
        assert_eq!(judge(&good, &long), Ok(()), "it is as long as was asked for");
        // A clip of any shape fits a film.
        check(&ClipFacts { width: 1280, height: 720, ..good.clone() }, "");
        check(&ClipFacts { width: 9, height: 16, ..good.clone() }, "too small");
        let stock = Expectation { is_stock: true, ..wanted };
        assert_eq!(judge(&ClipFacts { width: 1280, height: 720, ..good }, &stock), Ok(()));
    }
}
