//! A film that loops: its last frames dissolve into the picture with which it begins.

use super::reading::AtEnd;
use super::{ClipSource, Motion, Timeline, Transition, VideoClip};
use crate::preset::TransitionKind;
use crate::time::FrameRate;
use pytoon_vocabulary::{Frame, Ms};

/// The length of the dissolve, in seconds.
const DISSOLVE_S: f64 = 0.5;
/// The length of a film and of its last clip under which nothing is changed, relative to the dissolve.
const LEAST: i64 = 2;

/// Adds a clip that dissolves into the film's first picture, if the last clip is long enough.
pub(super) fn close_loop(video: &mut Vec<VideoClip>, rate: FrameRate, total: Frame) {
    let (Some(first), Some(last)) = (video.first(), video.last()) else { return };
    let length = rate.seconds_to_frames_round(DISSOLVE_S);
    let room = last.end_frame - last.start_frame;
    if video.len() < 2 || room < length * LEAST || length < Frame::new(2) {
        return;
    }
    let (start, cut) = (total - length, total - length / 2);
    // A transition into the last clip must be over.
    let is_free = last.transition_in.as_ref().is_none_or(|t| t.end_frame <= start);
    if !is_free {
        return;
    }
    let frame_ms = Ms::new((1000.0 / rate.as_f64()).ceil() as i64);
    let source = match first.source.clone() {
        // It stands still where the film begins.
        ClipSource::Picture { asset, fit, motion } => {
            let from = motion.from;
            let motion = Motion {
                from,
                to: from,
                start_frame: start,
                end_frame: total,
                ease_in_frames: Frame::ZERO,
            };
            ClipSource::Picture { asset, fit, motion }
        }
        ClipSource::Clip { asset, source_start, colour, fit, reading, .. } => ClipSource::Clip {
            asset,
            source_start,
            source_duration: frame_ms,
            speed: 1.0,
            colour,
            fit: fit.at_start(),
            at_end: AtEnd::Hold,
            reading,
        },
        // It arrives where it begins.
        ClipSource::Background { kind, seed, .. } => {
            ClipSource::Background { kind, seed, headline: None, words: None, origin_frame: total }
        }
    };
    let end = VideoClip {
        id: format!("clip_{:03}", video.len() + 1),
        scene_id: last.scene_id.clone(),
        start_frame: cut,
        end_frame: total,
        source,
        grade: first.grade,
        transition_in: Some(Transition {
            kind: TransitionKind::Dissolve,
            start_frame: start,
            end_frame: total,
        }),
    };
    if let Some(last) = video.last_mut() {
        last.end_frame = cut;
    }
    video.push(end);
}

/// Returns true if the film ends with a dissolve into its first picture.
pub fn is_loop(timeline: &Timeline) -> bool {
    let total = timeline.total_frames;
    let (Some(first), Some(last)) = (timeline.tracks.video.first(), timeline.tracks.video.last())
    else {
        return false;
    };
    let ends = last.transition_in.as_ref().is_some_and(|t| t.end_frame == total);
    let is_same = match (&first.source, &last.source) {
        (ClipSource::Picture { asset: a, .. }, ClipSource::Picture { asset: b, .. })
        | (ClipSource::Clip { asset: a, .. }, ClipSource::Clip { asset: b, .. }) => a == b,
        (
            ClipSource::Background { kind: a, seed: s, .. },
            ClipSource::Background { kind: b, seed: t, .. },
        ) => a == b && s == t,
        _ => false,
    };
    ends && is_same && timeline.tracks.video.len() > 2
}
