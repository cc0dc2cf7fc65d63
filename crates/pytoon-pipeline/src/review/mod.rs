//! Reviews a finished film: twenty points that decide whether one would post it.
//!
//! Everything is measured on the finished file where that is possible; the timeline says what should be there. A point
//! that a program cannot judge is left to a person. A point with a measured and an unmeasured half is judged by the
//! measured half.
//!
//! Leaves the limits and verdicts to `points`, and the measuring to `picture`, `text` and `sound`.

mod picture;
mod points;
mod sound;
mod text;

use crate::Result;
use crate::environment::Environment;
use crate::inspect::{self, Inspection};
use picture::PictureFacts;
use pytoon_core::artifact;
use pytoon_core::layout::Format;
use pytoon_ffmpeg::probe::{MediaProbe, probe};
use serde::Serialize;
use sound::SoundFacts;
use std::path::{Path, PathBuf};
use text::TextFacts;

/// The version of the review's JSON.
pub const REVIEW_VERSION: u32 = 1;

/// The verdict on a point.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// The film has the point.
    Passed,
    /// The film loses the point.
    Lost,
    /// A person has to look.
    Look,
}

/// A place in the film.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Place {
    /// The number of the frame, from 0.
    pub frame: i64,
    /// The time in seconds.
    pub seconds: f64,
}

/// A point of the review.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Point {
    /// The number of the point, 1 to 20.
    pub number: u8,
    /// The requirement.
    pub name: &'static str,
    /// True if a film that loses the point should not be posted, however many others it has.
    pub starred: bool,
    /// The verdict.
    pub verdict: Verdict,
    /// The measurements, in words.
    pub measured: Option<String>,
    /// The place where the point is lost.
    pub at: Option<Place>,
    /// The change that wins the point.
    pub advice: Option<&'static str>,
}

/// The review of a film.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Review {
    /// The version of this document.
    pub version: u32,
    /// The name of the reviewed file.
    pub film: String,
    /// The points, in order.
    pub points: Vec<Point>,
    /// The number of points that the film has.
    pub passed: usize,
    /// The number of points that were measured.
    pub measured: usize,
    /// The numbers of the lost points.
    pub lost: Vec<u8>,
    /// The numbers of the lost points that are starred.
    pub starred_lost: Vec<u8>,
}

/// The measurements of a film.
struct Film {
    inspection: Inspection,
    probe: MediaProbe,
    picture: PictureFacts,
    text: TextFacts,
    sound: SoundFacts,
    /// The captions of the SubRip file, without its numbers and times; `None` without a file.
    sidecar: Option<Vec<String>>,
}

/// Reviews the film in a job's folder, or the one in a further `format`.
///
/// # Errors
/// Returns an error if the folder has no finished film, if the film cannot be decoded, or if the review is cancelled.
pub fn review(env: &Environment, root: &Path, format: Option<Format>) -> Result<Review> {
    let inspection = inspect::inspect(&env.runner, root, format)?;
    let name = |artifact: &str| -> PathBuf { root.join(named(artifact, format)) };
    let output = name(artifact::OUTPUT);
    let timeline = &inspection.timeline;
    let picture = PictureFacts::measure(&env.runner, &output, timeline)?;
    let text = TextFacts::measure(env, &output, timeline)?;
    let sound = SoundFacts::measure(&env.runner, root, &output, timeline)?;
    let sidecar = std::fs::read_to_string(name(artifact::CAPTIONS_SRT)).ok();
    let sidecar = sidecar.map(|srt| texts_of_srt(&srt));
    let probe = probe(&env.runner, &output)?;
    let film = Film { inspection, probe, picture, text, sound, sidecar };
    let points = points::judge(&film);
    let numbers = |is: &dyn Fn(&Point) -> bool| -> Vec<u8> {
        points.iter().filter(|point| is(point)).map(|point| point.number).collect()
    };
    Ok(Review {
        version: REVIEW_VERSION,
        film: named(artifact::OUTPUT, format),
        passed: numbers(&|point| point.verdict == Verdict::Passed).len(),
        measured: numbers(&|point| point.verdict != Verdict::Look).len(),
        lost: numbers(&|point| point.verdict == Verdict::Lost),
        starred_lost: numbers(&|point| point.verdict == Verdict::Lost && point.starred),
        points,
    })
}

fn named(artifact: &str, format: Option<Format>) -> String {
    format.map_or_else(|| artifact.to_owned(), |format| artifact::in_format(artifact, format))
}

/// Returns the texts of a SubRip file, one for each cue.
fn texts_of_srt(srt: &str) -> Vec<String> {
    let cue = |block: &str| block.lines().skip(2).collect::<Vec<_>>().join(" ");
    srt.trim().split("\n\n").filter(|block| !block.is_empty()).map(cue).collect()
}
