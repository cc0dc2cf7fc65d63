//! Measures the picture of a finished film: its first frame, its changes, its jitter, its edges and its steps of tone.

use crate::Result;
use pytoon_compositor::finished::{
    bands, bar, difference, first_change, mean_and_deviation, shift,
};
use pytoon_core::layout::zones::zone_area;
use pytoon_core::layout::{Format, safe_area};
use pytoon_core::timeline::zones::sizes_of;
use pytoon_core::timeline::{ClipSource, Timeline, VideoClip};
use pytoon_ffmpeg::luma::{luma_of_all, luma_of_frames};
use pytoon_process::Runner;
use std::path::Path;

/// The number of pixels of a 1080-pixel film per pixel of the frames in which motion is measured.
const SMALL: usize = 4;
/// The frame by which a title or the first words are there.
const OPENED: usize = 4;

/// The measurements of the picture.
pub(super) struct PictureFacts {
    /// The largest standard deviation of luma codes in the first frames, and the mean of the first frame.
    pub(super) first_deviation: f64,
    pub(super) first_mean: f64,
    /// The number of the first frame that differs visibly from frame 0.
    pub(super) first_change: Option<usize>,
    /// The mean difference of luma codes between the first and the last frame.
    pub(super) ends_apart: f64,
    /// The jitter of each still picture: the standard deviation of the shift between frames about its trend, in pixels
    /// of a 1080-pixel frame, with the first frame of the clip.
    pub(super) jitter: Vec<(f64, i64)>,
    /// The thickest black bar along an edge, as a fraction of the frame.
    pub(super) bar: f64,
    /// The share of columns with bands in a frame, and the number of that frame.
    pub(super) bands: (f64, i64),
}

impl PictureFacts {
    pub(super) fn measure(runner: &Runner, film: &Path, timeline: &Timeline) -> Result<Self> {
        let (width, height) = (timeline.profile.width as usize, timeline.profile.height as usize);
        let scale = (width.min(height) / (1080 / SMALL)).max(1);
        let small = ((width / scale) & !1, (height / scale) & !1);
        let frames = luma_of_all(runner, film, small)?;
        let middles: Vec<i64> = timeline
            .timeline
            .iter()
            .map(|scene| (scene.start_frame.get() + scene.end_frame.get()) / 2)
            .collect();
        let full = luma_of_frames(runner, film, &middles, (width, height))?;
        let bands = full.iter().zip(&middles).map(|(luma, at)| (bands(luma, width), *at));
        let first_mean = frames.first().map(|frame| mean_and_deviation(frame).0);
        let opening = frames.iter().take(OPENED + 1).map(|frame| mean_and_deviation(frame).1);
        Ok(Self {
            first_deviation: opening.fold(0.0, f64::max),
            first_mean: first_mean.unwrap_or_default(),
            first_change: first_change(&frames),
            ends_apart: match (frames.first(), frames.last()) {
                (Some(first), Some(last)) => difference(first, last),
                _ => 0.0,
            },
            jitter: timeline
                .tracks
                .video
                .iter()
                .filter_map(|clip| {
                    Some((jitter(clip, timeline, &frames, small)?, clip.start_frame.get()))
                })
                .collect(),
            bar: bar(&full, width),
            bands: bands.fold((0.0, 0), |most, next| if next.0 > most.0 { next } else { most }),
        })
    }
}

/// Returns the jitter of a still picture; `None` for other clips and for those too short or too plain to measure.
fn jitter(
    clip: &VideoClip,
    timeline: &Timeline,
    frames: &[Vec<u8>],
    (width, height): (usize, usize),
) -> Option<f64> {
    const FEWEST: usize = 12;
    let ClipSource::Picture { .. } = &clip.source else { return None };
    // Frames of a transition show two pictures.
    let joins = timeline.tracks.video.iter().filter_map(|clip| clip.transition_in.as_ref());
    let in_join = |n: i64| joins.clone().any(|t| t.range().frames().any(|f| f.get() == n));
    let numbers: Vec<i64> =
        (clip.start_frame.get()..clip.end_frame.get()).filter(|n| !in_join(*n)).collect();
    let rows = measured_rows(clip, timeline, height);
    let shifts: Vec<(f64, f64)> = numbers
        .windows(2)
        .filter_map(|pair| {
            let frame = |n: i64| frames.get(usize::try_from(n).ok()?);
            shift(frame(pair[0])?, frame(pair[1])?, width, &rows)
        })
        .collect();
    if shifts.len() < FEWEST {
        return None;
    }
    let scale = 1080.0 / width.min(height) as f64;
    let x = about_trend(&shifts.iter().map(|s| s.0).collect::<Vec<_>>());
    let y = about_trend(&shifts.iter().map(|s| s.1).collect::<Vec<_>>());
    Some(x.max(y) * scale)
}

/// Returns the rows of the frame without the captions of a clip's scene.
fn measured_rows(clip: &VideoClip, timeline: &Timeline, height: usize) -> Vec<usize> {
    let captions = &timeline.look.captions;
    let format = Format::nearest(timeline.profile.width, timeline.profile.height);
    let safe = safe_area(captions.platform, format);
    let sizes = sizes_of(&timeline.profile, captions);
    let scene = timeline.timeline.iter().find(|scene| scene.scene_id == clip.scene_id);
    let zone = scene.map(|scene| zone_area(scene.captions.zone, &safe, sizes));
    let is_free = |row: &usize| {
        let at = *row as f64 / height as f64;
        // Shadows and large words reach beyond the zone.
        zone.is_none_or(|zone| at < zone.y0 - 0.12 || at > zone.y1 + 0.04)
            && (0.02..0.98).contains(&at)
    };
    (1..height - 1).filter(is_free).collect()
}

/// Returns the standard deviation of values about their trend: the mean of the neighbours on both sides.
fn about_trend(values: &[f64]) -> f64 {
    const REACH: usize = 4;
    let rest: Vec<f64> = (0..values.len())
        .map(|at| {
            let near = &values[at.saturating_sub(REACH)..(at + REACH + 1).min(values.len())];
            values[at] - near.iter().sum::<f64>() / near.len() as f64
        })
        .collect();
    (rest.iter().map(|v| v * v).sum::<f64>() / rest.len().max(1) as f64).sqrt()
}
