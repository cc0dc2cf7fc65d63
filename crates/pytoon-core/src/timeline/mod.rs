//! The timeline: the one source of truth for drawing, mixing and encoding.
//!
//! A timeline stacks tracks; a track sequences clips. Pictures have frames, which are exact; words and
//! sound have milliseconds. Every range is half-open. [`format`] is the file, and
//! [`format::TimelineFile::checked`] finds what a person who edited it may have broken.
//!
//! Words follow OpenTimelineIO where it has one: timeline, track, clip, transition.

pub mod build;
mod chunks;
pub mod duck;
mod far;
pub mod fit;
pub mod format;
pub mod moving;
pub mod reading;
pub mod shots;
#[cfg(test)]
mod test_film;
pub mod utterance;
mod words;

use crate::brief::{LogoShow, Platform, Position};
use crate::colour::ColourMatch;
use crate::preset::{Grade, TransitionKind};
use crate::profile::Profile;
use crate::time::{FrameRange, FrameRate, MAX_FILM, MsRange};
use pytoon_vocabulary::{
    Background, CaptionCue, CaptionLook, DuckRegion, EngineName, Frame, Ms, MusicMood, SceneId,
};
use reading::{AtEnd, ClipFit, ClipReading};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A film, ready to be drawn and mixed; [`format`] is its file.
#[derive(Debug, Clone, PartialEq)]
pub struct Timeline {
    /// Frames per second.
    pub frame_rate: FrameRate,
    /// The length in frames.
    pub total_frames: Frame,
    /// The seed of every free choice.
    pub seed: u64,
    /// The language of the words, a BCP 47 tag.
    pub language: String,
    /// Colours, type and grade.
    pub look: Look,
    /// Size, codecs and bit rates of the finished file.
    pub profile: Profile,
    /// The scenes in order; they tile the film.
    pub timeline: Vec<TimelineScene>,
    /// The tracks: picture, overlays, sound, captions.
    pub tracks: Tracks,
}

/// A scene's place in the film.
#[derive(Debug, Clone, PartialEq)]
pub struct TimelineScene {
    /// The scene's id in the scene graph.
    pub scene_id: SceneId,
    /// The engine asked for.
    pub engine: EngineName,
    /// The first frame.
    pub start_frame: Frame,
    /// One past the last frame.
    pub end_frame: Frame,
}

/// The tracks.
#[derive(Debug, Clone, PartialEq)]
pub struct Tracks {
    /// Pictures, clips and drawn backgrounds; they tile the film.
    pub video: Vec<VideoClip>,
    /// Pictures and text over the film, drawn in order, under the captions.
    pub overlays: Vec<OverlayClip>,
    /// Voice, music and clips' own sound.
    pub audio: Vec<AudioTrack>,
    /// Caption cues; they never overlap.
    pub captions: Vec<CaptionCue>,
}

/// Colours, type and grade of the whole film.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Look {
    /// How strongly grades are applied, 0 to 1.
    pub grade_strength: f64,
    /// The palette.
    pub palette: PaletteChoice,
    /// The captions.
    pub captions: CaptionStyle,
    /// A font family or file for type and captions; the look's own when absent.
    pub font: Option<String>,
}

/// The palette of drawn backgrounds, type and accents.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PaletteChoice {
    /// The hue of ground and body in OKLCH, in degrees.
    pub base_hue: f64,
    /// The hue of the accent in OKLCH, in degrees.
    pub accent_hue: f64,
    /// Chroma against the usual.
    pub chroma: f64,
    /// The brand's accent as `#rrggbb`, instead of the accent hue.
    pub brand_accent: Option<String>,
    /// The brand's ground as `#rrggbb`, instead of the base hue.
    pub brand_ground: Option<String>,
}

/// How captions are drawn.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CaptionStyle {
    /// Whether captions are drawn into the picture.
    pub burn_in: bool,
    /// The look.
    pub look: CaptionLook,
    /// Whose safe zone they keep.
    pub platform: Platform,
    /// Size against the look's own.
    pub size: f64,
    /// How long before a word's onset its highlight begins, in milliseconds.
    pub lead_ms: i64,
}

/// One picture, clip or background on the video track.
#[derive(Debug, Clone, PartialEq)]
pub struct VideoClip {
    /// `clip_001`, …
    pub id: String,
    /// The scene it belongs to.
    pub scene_id: SceneId,
    /// The first frame.
    pub start_frame: Frame,
    /// One past the last frame.
    pub end_frame: Frame,
    /// The picture, clip or background.
    pub source: ClipSource,
    /// The colour grade.
    pub grade: Grade,
    /// How the film gets into this clip; absent for a cut.
    pub transition_in: Option<Transition>,
}

/// A transition into a clip, laid across the cut: both clips run through it on their handles,
/// and it adds nothing to the length of the film.
#[derive(Debug, Clone, PartialEq)]
pub struct Transition {
    /// The kind.
    pub kind: TransitionKind,
    /// The first frame of the transition.
    pub start_frame: Frame,
    /// One past its last frame.
    pub end_frame: Frame,
}

/// What a clip shows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(
    rename_all = "camelCase",
    rename_all_fields = "camelCase",
    tag = "type",
    deny_unknown_fields
)]
pub enum ClipSource {
    /// A still picture with a camera move.
    Picture {
        /// The file.
        asset: String,
        /// How it meets a frame of another shape.
        fit: Fit,
        /// The camera move.
        motion: Motion,
    },
    /// A moving picture.
    Clip {
        /// The file.
        asset: String,
        /// Where in the file it begins, in milliseconds.
        source_start: Ms,
        /// How much of the file is used, in milliseconds.
        source_duration: Ms,
        /// Playing speed; below 1 is slow motion.
        speed: f64,
        /// What brings its colour to that of the other clips; absent where nothing does.
        #[serde(default, skip_serializing_if = "ColourMatch::is_none")]
        colour: ColourMatch,
        /// How it meets the frame; absent where its middle covers it.
        #[serde(default, skip_serializing_if = "ClipFit::is_default")]
        fit: ClipFit,
        /// What it does at its end; absent where it starts again.
        #[serde(default, skip_serializing_if = "AtEnd::is_restart")]
        at_end: AtEnd,
        /// How its file is read; absent for an ordinary clip.
        #[serde(default, skip_serializing_if = "ClipReading::is_ordinary")]
        reading: ClipReading,
    },
    /// A drawn background, perhaps with words set in type.
    Background {
        /// Which one.
        kind: Background,
        /// Its seed.
        seed: u64,
        /// The words set over it.
        headline: Option<String>,
        /// The frame from which its clock runs, so that one background carries on over a cut.
        origin_frame: Frame,
    },
}

/// How a picture meets a frame of another shape. It is never stretched.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Fit {
    /// It covers the frame; the rest is cut off.
    Cover,
    /// It is shown whole over a dark, blurred copy of itself.
    BlurFill,
}

/// A camera move over a picture: the visible window at both ends. Between them the zoom is
/// exponential (it looks constant) and the position follows it; it runs on through handles.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Motion {
    /// The window at the first visible frame.
    pub from: Window,
    /// The window one past the last visible frame.
    pub to: Window,
    /// The first frame of the move, handles included.
    pub start_frame: Frame,
    /// One past the last frame of the move, handles included.
    pub end_frame: Frame,
    /// Frames over which the move gathers speed at its start; 0 for a constant rate.
    pub ease_in_frames: Frame,
}

/// A window onto a picture, in shares of its width and height.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Window {
    /// The left edge.
    pub x: f64,
    /// The top edge.
    pub y: f64,
    /// The width.
    pub width: f64,
    /// The height.
    pub height: f64,
}

/// Something laid over the film.
#[derive(Debug, Clone, PartialEq)]
pub struct OverlayClip {
    /// The picture or the words.
    pub content: OverlayContent,
    /// The place in the safe zone.
    pub position: Position,
    /// Width as a share of the frame.
    pub width: f64,
    /// Opacity, 0 to 1.
    pub opacity: f64,
    /// The first frame.
    pub start_frame: Frame,
    /// One past the last frame.
    pub end_frame: Frame,
    /// Frames of its fade at both ends.
    pub fade_frames: Frame,
}

/// A picture or words.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", tag = "type", deny_unknown_fields)]
pub enum OverlayContent {
    /// A picture, alpha respected.
    Image {
        /// The file.
        asset: String,
    },
    /// Words.
    Text {
        /// The words.
        text: String,
    },
}

/// A track of sound.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(
    rename_all = "camelCase",
    rename_all_fields = "camelCase",
    tag = "kind",
    deny_unknown_fields
)]
pub enum AudioTrack {
    /// The voice.
    Voice {
        /// The takes in order.
        clips: Vec<VoiceClip>,
        /// Stretches in which the voice is silenced, in film time.
        #[serde(default)]
        mutes: Vec<MsRange>,
    },
    /// The music.
    Music {
        /// Where it comes from.
        source: MusicTrackSource,
        /// Against the preset's mix, in dB.
        gain_db: f64,
        /// How far the ducked bed lies below the voice, in LU.
        bed_below_voice_lu: f64,
        /// Where it is lowered.
        duck_regions: Vec<DuckRegion>,
    },
    /// The own sound of clips, ducked like music.
    ClipSound {
        /// The pieces.
        clips: Vec<SoundClip>,
        /// Where it is lowered.
        duck_regions: Vec<DuckRegion>,
    },
}

/// A voice take placed in the film.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct VoiceClip {
    /// The scene it belongs to.
    pub scene_id: SceneId,
    /// The take.
    pub asset: String,
    /// Its start within the take, in milliseconds.
    pub source_start: Ms,
    /// Start in milliseconds.
    pub start: Ms,
    /// End in milliseconds.
    pub end: Ms,
}

/// The own sound of a clip.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SoundClip {
    /// The file.
    pub asset: String,
    /// Where in the file it begins, in milliseconds.
    pub source_start: Ms,
    /// Playing speed; the pitch is kept.
    pub speed: f64,
    /// Start in milliseconds.
    pub start: Ms,
    /// End in milliseconds.
    pub end: Ms,
    /// The stream of the sound, counted over all streams; the first sound stream when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stream: Option<u32>,
    /// How much later the sound begins than the picture in the file, in milliseconds.
    #[serde(default, skip_serializing_if = "is_together")]
    pub offset: Ms,
    /// Frames of the film after which it starts again; absent where it is silent after its end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub repeat_frames: Option<Frame>,
}

fn is_together(offset: &Ms) -> bool {
    *offset == Ms::ZERO
}

/// Where the music comes from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", tag = "type", deny_unknown_fields)]
pub enum MusicTrackSource {
    /// Generated in a mood with the timeline's seed.
    Mood {
        /// The mood.
        mood: MusicMood,
    },
    /// A file, trimmed or looped with a crossfade.
    File {
        /// The file.
        asset: String,
    },
}

impl VideoClip {
    /// Returns its frames.
    pub fn range(&self) -> FrameRange {
        FrameRange::new(self.start_frame, self.end_frame)
    }
}

impl TimelineScene {
    /// Returns its frames.
    pub fn range(&self) -> FrameRange {
        FrameRange::new(self.start_frame, self.end_frame)
    }
}

impl Transition {
    /// Returns its frames.
    pub fn range(&self) -> FrameRange {
        FrameRange::new(self.start_frame, self.end_frame)
    }
}

impl OverlayClip {
    /// Returns its frames.
    pub fn range(&self) -> FrameRange {
        FrameRange::new(self.start_frame, self.end_frame)
    }
}

/// Where a logo sits when nothing else was said, and how large.
pub fn logo_place(show: LogoShow) -> (Position, f64, f64) {
    match show {
        LogoShow::Watermark => (Position::TopRight, 0.14, 0.85),
        LogoShow::Outro => (Position::Center, 0.46, 1.0),
    }
}

impl Timeline {
    /// Returns its length in milliseconds.
    pub fn total_duration(&self) -> Ms {
        self.frame_rate.frame_to_ms(self.total_frames)
    }

    /// Returns the first thing that contradicts itself, if any, as (where, why).
    pub fn problem(&self) -> Option<(String, String)> {
        self.length_problem().or_else(|| self.shape_problem()).or_else(|| self.content_problem())
    }

    fn length_problem(&self) -> Option<(String, String)> {
        if self.frame_rate != self.profile.frame_rate {
            return Some(("frameRate".into(), "it differs from profile.frame_rate".into()));
        }
        // A second more: a film that is as long as it may be ends on a whole frame.
        let longest = MAX_FILM + Ms::new(1000);
        (self.total_frames <= Frame::ZERO || self.total_duration() > longest).then(|| {
            let (frames, seconds) = (self.total_frames, MAX_FILM.get() / 1000);
            (
                "totalFrames".into(),
                format!("{frames} frames are outside of a film of up to {seconds} s"),
            )
        })
    }

    fn shape_problem(&self) -> Option<(String, String)> {
        if let Some((field, reason)) = self.profile.problem() {
            return Some((format!("profile.{field}"), reason));
        }
        self.tiling_problem()
    }

    fn content_problem(&self) -> Option<(String, String)> {
        self.instant_problem().or_else(|| self.clip_problem()).or_else(|| self.caption_problem())
    }

    fn tiling_problem(&self) -> Option<(String, String)> {
        let scenes = self.timeline.iter().map(|s| (s.start_frame, s.end_frame));
        let clips = self.tracks.video.iter().map(|c| (c.start_frame, c.end_frame));
        tile_problem(scenes, self.total_frames)
            .map(|reason| ("timeline".to_owned(), reason))
            .or_else(|| {
                tile_problem(clips, self.total_frames)
                    .map(|reason| ("tracks.video".to_owned(), reason))
            })
    }

    fn clip_problem(&self) -> Option<(String, String)> {
        for (index, clip) in self.tracks.video.iter().enumerate() {
            let at = |field: &str| format!("tracks.video[{index}].{field}");
            if let ClipSource::Picture { motion, .. } = &clip.source {
                for window in [&motion.from, &motion.to] {
                    let inside = window.width > 0.0
                        && window.height > 0.0
                        && window.x >= -1e-6
                        && window.y >= -1e-6
                        && window.x + window.width <= 1.0 + 1e-6
                        && window.y + window.height <= 1.0 + 1e-6;
                    if !inside {
                        return Some((at("source.motion"), "a window leaves the picture".into()));
                    }
                }
                if motion.end_frame <= motion.start_frame {
                    return Some((at("source.motion"), "it ends before it starts".into()));
                }
            }
            if let ClipSource::Clip { speed, .. } = &clip.source
                && !(0.1..=10.0).contains(speed)
            {
                return Some((at("source.speed"), format!("{speed} is not within 0.1 to 10")));
            }
            if let Some(transition) = &clip.transition_in {
                let sane = index > 0
                    && transition.start_frame >= self.tracks.video[index - 1].start_frame
                    && transition.start_frame <= clip.start_frame
                    && transition.end_frame >= clip.start_frame
                    && transition.end_frame <= clip.end_frame;
                if !sane {
                    return Some((at("transitionIn"), "it does not lie across the cut".into()));
                }
            }
        }
        None
    }

    fn caption_problem(&self) -> Option<(String, String)> {
        let mut previous_end = Ms::MIN;
        for (index, cue) in self.tracks.captions.iter().enumerate() {
            if cue.start < previous_end || cue.end <= cue.start {
                return Some((
                    format!("tracks.captions[{index}]"),
                    "cues must follow each other without overlap".into(),
                ));
            }
            previous_end = cue.end;
        }
        None
    }
}

fn tile_problem(
    mut ranges: impl Iterator<Item = (Frame, Frame)>,
    total_frames: Frame,
) -> Option<String> {
    let mut at = Frame::ZERO;
    for (start, end) in ranges.by_ref() {
        if start != at || end <= start {
            return Some(format!(
                "frames {start} to {end} do not follow frame {at}: the items must tile the film"
            ));
        }
        at = end;
    }
    (at != total_frames).then(|| format!("it ends at frame {at}, the film at {total_frames}"))
}
