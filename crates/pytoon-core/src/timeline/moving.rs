//! Chooses how a video clip is presented: its speed, its behaviour at its end, and its fit into the frame.
//!
//! Guarantees: a clip whose audio is kept never plays more slowly than the audio can be stretched, and its audio
//! continues exactly as its picture does.

use super::reading::{AtEnd, ClipFit, ClipReading};
use super::shots::{CROP_KEEPS, FrameSize, PictureFacts, ShotTime};
use super::{ClipSource, SoundClip, VideoClip};
use crate::brief::MediaFit;
use crate::colour::ColourMatch;
use crate::note::Note;
use crate::time::{FrameRate, MsRange};
use pytoon_vocabulary::{Frame, Ms};

/// Minimum speed of a clip whose audio is not kept.
const SLOWEST: f64 = 0.5;
/// Minimum speed of a clip whose audio is kept.
const SLOWEST_WITH_SOUND: f64 = 0.8;
/// Maximum length of a freeze frame at the end of a clip, in milliseconds. A clip that would have to freeze for
/// longer restarts instead.
const LONGEST_HOLD_MS: f64 = 500.0;
/// The range of aspect ratios (the frame's divided by the clip's) in which a clip is cropped without an analysis of
/// its content.
const NEAR_SHAPE: std::ops::RangeInclusive<f64> = 0.8..=1.25;
/// Minimum length of a shot in which a clip is panned without a request, in seconds.
const MIN_PAN_SECONDS: f64 = 2.5;
/// The speed of a pan, as a fraction of the clip per second.
const PAN_SHARE_PER_S: f64 = 0.04;
/// Maximum length of a pan without a request, as a fraction of the clip.
const MAX_PAN_SHARE: f64 = 0.12;

/// The known facts about a clip.
#[derive(Debug, Clone, Copy)]
pub(super) struct Moving<'a> {
    pub(super) asset: &'a str,
    pub(super) duration_ms: i64,
    pub(super) keep_sound: bool,
    pub(super) colour: ColourMatch,
    pub(super) reading: &'a ClipReading,
    /// The content of the clip's frames; absent if it was not analysed.
    pub(super) seen: Option<&'a PictureFacts>,
    /// The fit that the brief requests.
    pub(super) fit: Option<MediaFit>,
}

/// Returns the source of a shot that shows the clip, with the clip's speed, fit and behaviour at its end.
pub(super) fn source(
    clip: &Moving<'_>,
    time: ShotTime,
    frame: FrameSize,
    rate: FrameRate,
) -> ClipSource {
    let needed_ms = (time.seconds * 1000.0).ceil();
    let (speed, at_end) = pace(clip.duration_ms, clip.keep_sound, needed_ms, rate);
    ClipSource::Clip {
        asset: clip.asset.to_owned(),
        source_start: Ms::ZERO,
        source_duration: Ms::new(clip.duration_ms.min((needed_ms * speed).ceil() as i64 + 1)),
        speed,
        colour: clip.colour,
        fit: fit(clip, time, frame),
        at_end,
        reading: clip.reading.clone(),
    }
}

/// Returns the speed of a clip and its behaviour at its end.
///
/// A clip longer than its shot is cut. A shorter one is slowed, to half speed at most, and restarts if that is not
/// enough. A clip whose audio is kept is slowed to 0.8 at most. If half a second or less is then missing it freezes;
/// otherwise it plays at full speed and restarts.
fn pace(duration_ms: i64, keep_sound: bool, needed_ms: f64, rate: FrameRate) -> (f64, AtEnd) {
    let ratio = duration_ms as f64 / needed_ms;
    // Three decimals keep the file readable and FFmpeg's filter exact.
    let rounded =
        |slowest: f64| ((ratio.clamp(slowest, 1.0) * 1000.0).floor() / 1000.0).max(slowest);
    if !keep_sound {
        return (rounded(SLOWEST), AtEnd::Restart);
    }
    let missing_ms = needed_ms - duration_ms as f64 / SLOWEST_WITH_SOUND;
    if missing_ms <= LONGEST_HOLD_MS {
        return (rounded(SLOWEST_WITH_SOUND), AtEnd::Hold);
    }
    let frames = rate.ms_to_frame_round(Ms::new(duration_ms)).max(Frame::new(1));
    (1.0, AtEnd::Loop { frames })
}

/// Returns the fit of a clip into the frame: the requested fit, or one chosen by the clip's shape and content and the
/// length of the shot.
fn fit(clip: &Moving<'_>, time: ShotTime, frame: FrameSize) -> ClipFit {
    let Some(shape) = shape_ratio(clip.reading, frame) else { return ClipFit::default() };
    let keeps = clip.seen.map_or(0.0, |seen| seen.crop_keeps);
    let pans = keeps >= 0.6 && time.seconds >= MIN_PAN_SECONDS;
    let choice = match clip.fit {
        Some(asked) => asked,
        None if NEAR_SHAPE.contains(&shape) => return ClipFit::default(),
        None if keeps >= CROP_KEEPS => MediaFit::Crop,
        None if pans => MediaFit::Pan,
        None => MediaFit::Whole,
    };
    let centre = clip.seen.map_or((0.5, 0.5), |seen| seen.crop_centre);
    let (width, height) = (shape.min(1.0), (1.0 / shape).min(1.0));
    let at = |position: f64, size: f64, shift: f64| {
        (position + shift).clamp(size / 2.0, 1.0 - size / 2.0)
    };
    match choice {
        MediaFit::Whole => ClipFit::Whole,
        MediaFit::Crop => {
            let centre = (at(centre.0, width, 0.0), at(centre.1, height, 0.0));
            ClipFit::Cover { from: centre, to: centre }
        }
        MediaFit::Pan => {
            let most = if clip.fit.is_some() { 1.0 } else { MAX_PAN_SHARE };
            let travel = (PAN_SHARE_PER_S * time.seconds).min(most) / 2.0;
            // Along the cropped side, and moved back inside if it would leave the clip.
            let ends = |position: f64, size: f64| {
                let travel = travel.min((1.0 - size) / 2.0).max(0.0);
                let middle = position.clamp(
                    size / 2.0 + travel,
                    (1.0 - size / 2.0 - travel).max(size / 2.0 + travel),
                );
                (middle - travel, middle + travel)
            };
            let (x, y) = (ends(centre.0, width), ends(centre.1, height));
            ClipFit::Cover { from: (x.0, y.0), to: (x.1, y.1) }
        }
    }
}

/// Returns the ratio of the frame's aspect ratio to the clip's, or `None` if the clip's size is unknown. Below 1 the
/// clip is wider.
fn shape_ratio(reading: &ClipReading, frame: FrameSize) -> Option<f64> {
    if reading.width == 0 || reading.height == 0 {
        return None;
    }
    let frame_aspect = f64::from(frame.width) / f64::from(frame.height);
    Some(frame_aspect * f64::from(reading.height) / f64::from(reading.width))
}

/// Returns a note for every clip that loses more than half of its picture to cropping.
pub(super) fn notes(video: &[VideoClip], frame: FrameSize) -> Vec<Note> {
    let mut notes = Vec::new();
    for clip in video {
        let ClipSource::Clip { asset, fit: ClipFit::Cover { from, to }, reading, .. } =
            &clip.source
        else {
            continue;
        };
        let Some(shape) = shape_ratio(reading, frame) else { continue };
        let travel = (to.0 - from.0).abs().max((to.1 - from.1).abs());
        let shown = (shape.min(1.0 / shape) + travel).min(1.0);
        if shown < 0.5 {
            let file = crate::note::file_name(asset);
            let percent = (shown * 100.0).round() as u32;
            crate::note::add_once(&mut notes, [Note::ClipCropped { file, percent }]);
        }
    }
    notes
}

/// Returns the audio of a video clip for the time in which its picture is visible.
pub(super) fn sound(
    source: &ClipSource,
    visible: MsRange,
    sound: super::reading::SoundReading,
) -> Option<SoundClip> {
    let ClipSource::Clip { asset, source_start, speed, at_end, .. } = source else { return None };
    Some(SoundClip {
        asset: asset.clone(),
        source_start: *source_start,
        speed: *speed,
        start: visible.start,
        end: visible.end,
        stream: sound.stream,
        offset: Ms::new(sound.offset_ms),
        repeat_frames: match at_end {
            AtEnd::Loop { frames } => Some(*frames),
            AtEnd::Restart | AtEnd::Hold => None,
        },
    })
}

impl AtEnd {
    /// Describes the behaviour at the end for users: a phrase to follow the speed, or an empty text if the clip
    /// restarts.
    pub fn describe(&self, rate: FrameRate) -> String {
        match self {
            Self::Restart => String::new(),
            Self::Hold => ", holding its last frame".to_owned(),
            Self::Loop { frames } => {
                format!(", looping every {:.1} s", rate.frame_to_seconds(*frames))
            }
        }
    }
}

impl ClipFit {
    /// Returns the fit as a suffix for a clip's description, such as `, panned`; an empty string for the default fit.
    pub fn describe(&self) -> &'static str {
        match self {
            _ if self.is_default() => "",
            Self::Whole => ", whole",
            Self::Cover { from, to } if from == to => ", cropped around its subject",
            Self::Cover { .. } => ", panned",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layout::protection::ProtectionMap;

    use proptest::prelude::*;

    const RATE: FrameRate = FrameRate::FPS_30;
    const FRAME: FrameSize = FrameSize { width: 1080, height: 1920 };

    #[test]
    fn a_silent_clip_is_slowed_to_half_and_then_starts_again() {
        let of = |duration, needed| pace(duration, false, needed, RATE);
        assert_eq!(of(8000, 4000.0), (1.0, AtEnd::Restart));
        assert_eq!(of(3000, 4000.0), (0.75, AtEnd::Restart));
        assert_eq!(of(1000, 4000.0), (0.5, AtEnd::Restart));
    }

    #[test]
    fn the_sound_of_a_clip_is_never_slower_than_it_can_be_stretched() {
        let looped = |frames| (1.0, AtEnd::Loop { frames: Frame::new(frames) });
        for (duration, needed, expected) in [
            (8000, 4000.0, (1.0, AtEnd::Hold)),
            (3980, 5000.0, (0.8, AtEnd::Hold)),
            (4000, 5000.0, (0.8, AtEnd::Hold)),
            (3600, 4000.0, (0.9, AtEnd::Hold)),
            (3000, 4000.0, (0.8, AtEnd::Hold)),
            (3000, 4300.0, looped(90)),
            (1, 4000.0, looped(1)),
        ] {
            assert_eq!(pace(duration, true, needed, RATE), expected, "{duration} in {needed}");
        }
        for duration in 1..6000 {
            let (speed, _) = pace(duration, true, 5000.0, RATE);
            assert!((0.8..=1.0).contains(&speed), "{duration}: {speed}");
        }
    }

    proptest! {
        /// Tests that a clip fills its shot: it plays to the end, holds its last frame, or restarts.
        #[test]
        fn a_clip_fills_its_place_at_a_speed_that_can_be_seen_and_heard(
            duration_ms in 1_i64..120_000,
            needed_ms in 40_u32..60_000,
            keep_sound: bool,
        ) {
            let needed_ms = f64::from(needed_ms);
            let (speed, at_end) = pace(duration_ms, keep_sound, needed_ms, RATE);
            let slowest = if keep_sound { SLOWEST_WITH_SOUND } else { SLOWEST };
            prop_assert!((slowest..=1.0).contains(&speed), "{speed}");
            let lasts_ms = duration_ms as f64 / speed;
            match at_end {
                // A silent clip starts again only if it is as slow as it may be.
                AtEnd::Restart => {
                    prop_assert!(!keep_sound);
                    prop_assert!(lasts_ms >= needed_ms - 1.0 || speed == SLOWEST, "{lasts_ms}");
                }
                AtEnd::Hold => prop_assert!(lasts_ms + LONGEST_HOLD_MS >= needed_ms - 1.0, "{lasts_ms}"),
                AtEnd::Loop { frames } => {
                    prop_assert!(keep_sound && speed == 1.0 && frames >= Frame::new(1));
                }
            }
        }

        /// Tests that the window of a cropped or panned clip never leaves the clip.
        #[test]
        fn a_window_stays_inside_the_clip(
            size in (16_u32..4000, 16_u32..4000),
            seconds in 0.1_f64..60.0,
            centre in (0.0_f64..=1.0, 0.0_f64..=1.0),
            keeps in 0.0_f64..=1.0,
            asked in prop_oneof![
                Just(None), Just(Some(MediaFit::Crop)), Just(Some(MediaFit::Pan)), Just(Some(MediaFit::Whole)),
            ],
        ) {
            let reading = ClipReading { width: size.0, height: size.1, ..ClipReading::default() };
            let seen = PictureFacts {
                width: size.0,
                height: size.1,
                aim: centre,
                has_subject: true,
                crop_keeps: keeps,
                crop_centre: centre,
                protected: ProtectionMap::default(),
                subject: ProtectionMap::default(),
            };
            let clip = Moving {
                asset: "clip",
                duration_ms: 4000,
                keep_sound: false,
                colour: ColourMatch::default(),
                reading: &reading,
                seen: Some(&seen),
                fit: asked,
            };
            let shape = shape_ratio(&reading, FRAME).expect("a size");
            let (width, height) = (shape.min(1.0), (1.0 / shape).min(1.0));
            let (start_frame, end_frame) = (Frame::ZERO, Frame::new(90));
            let time = ShotTime { start_frame, end_frame, seconds, eases_in: false };
            if let ClipFit::Cover { from, to } = fit(&clip, time, FRAME) {
                for (x, y) in [from, to] {
                    prop_assert!(x - width / 2.0 > -1e-9 && x + width / 2.0 < 1.0 + 1e-9, "{x} {width}");
                    prop_assert!(y - height / 2.0 > -1e-9 && y + height / 2.0 < 1.0 + 1e-9, "{y} {height}");
                }
            }
        }
    }

    #[test]
    fn a_wide_clip_is_cropped_panned_or_shown_whole() {
        let reading = ClipReading { width: 1920, height: 1080, ..ClipReading::default() };
        let shown = |keeps: f64, seconds: f64, fit: Option<MediaFit>| {
            let seen = PictureFacts {
                width: 1920,
                height: 1080,
                aim: (0.9, 0.5),
                has_subject: true,
                crop_keeps: keeps,
                crop_centre: (0.9, 0.5),
                protected: ProtectionMap::default(),
                subject: ProtectionMap::default(),
            };
            let clip = Moving {
                asset: "a.mp4",
                duration_ms: 5000,
                keep_sound: false,
                colour: ColourMatch::default(),
                reading: &reading,
                seen: Some(&seen),
                fit,
            };
            let (start_frame, end_frame) = (Frame::ZERO, Frame::new(90));
            let time = ShotTime { start_frame, end_frame, seconds, eases_in: false };
            super::fit(&clip, time, FRAME)
        };
        assert_eq!(shown(0.3, 3.0, None), ClipFit::Whole);
        assert_eq!(shown(0.7, 1.0, None), ClipFit::Whole);
        let inside = |fit| match fit {
            ClipFit::Cover { from, to } => {
                let half = 0.5 * (1080.0 / 1920.0) * (1080.0 / 1920.0);
                assert!(from.0 >= half && to.0 <= 1.0 - half + 1e-9, "{from:?} {to:?}");
                to.0 - from.0
            }
            ClipFit::Whole => panic!("it is shown whole"),
        };
        assert_eq!(inside(shown(0.9, 3.0, None)), 0.0);
        assert!((inside(shown(0.7, 3.0, None)) - 0.12).abs() < 1e-9);
        assert_eq!(inside(shown(0.1, 3.0, Some(MediaFit::Crop))), 0.0);
        assert!(inside(shown(0.1, 9.0, Some(MediaFit::Pan))) > 0.3);
        assert_eq!(shown(1.0, 3.0, Some(MediaFit::Whole)), ClipFit::Whole);
    }
}
