//! The timeline: the only source of truth for drawing, mixing and encoding.
//!
//! A timeline stacks tracks; a track sequences clips. Pictures have frames, which are exact; words and sound have
//! milliseconds. Every range is half-open. [`format`] is the file format, and [`format::TimelineFile::checked`] finds
//! the mistakes of a person who edited a file.
//!
//! The terms are OpenTimelineIO's, as far as it has them: timeline, track, clip, transition.

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
pub mod upgrade;
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
    /// The requested engine.
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
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Look {
    /// The strength of grades, 0 to 1.
    pub grade_strength: f64,
    /// The palette.
    pub palette: PaletteChoice,
    /// The captions.
    pub captions: CaptionStyle,
    /// A font family or file for type and captions; by default the look's own.
    pub font: Option<String>,
}

/// The palette of drawn backgrounds, type and accents.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PaletteChoice {
    /// The hue of ground and body in OKLCH, in degrees.
    pub base_hue: f64,
    /// The hue of the accent in OKLCH, in degrees.
    pub accent_hue: f64,
    /// The chroma relative to the usual.
    pub chroma: f64,
    /// The brand's accent as `#rrggbb`, instead of the accent hue.
    pub brand_accent: Option<String>,
    /// The brand's ground as `#rrggbb`, instead of the base hue.
    pub brand_ground: Option<String>,
}

/// The style of captions.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CaptionStyle {
    /// True if captions are drawn into the picture.
    pub burn_in: bool,
    /// The look.
    pub look: CaptionLook,
    /// The platform whose safe zone they keep.
    pub platform: Platform,
    /// The size relative to the look's own.
    pub size: f64,
    /// The time between the start of a word's highlight and its onset, in milliseconds.
    pub lead_ms: i64,
}

/// One picture, clip or background on the video track.
#[derive(Debug, Clone, PartialEq)]
pub struct VideoClip {
    /// `clip_001`, …
    pub id: String,
    /// The scene that it belongs to.
    pub scene_id: SceneId,
    /// The first frame.
    pub start_frame: Frame,
    /// One past the last frame.
    pub end_frame: Frame,
    /// The picture, clip or background.
    pub source: ClipSource,
    /// The colour grade.
    pub grade: Grade,
    /// The transition into this clip; `None` for a cut.
    pub transition_in: Option<Transition>,
}

/// A transition into a clip, laid across the cut: both clips continue through it on their handles, and it adds
/// nothing to the length of the film.
#[derive(Debug, Clone, PartialEq)]
pub struct Transition {
    /// The kind.
    pub kind: TransitionKind,
    /// The first frame of the transition.
    pub start_frame: Frame,
    /// One past its last frame.
    pub end_frame: Frame,
}

/// The source of a clip.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
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
        /// The fit into a frame of another shape.
        fit: Fit,
        /// The camera move.
        motion: Motion,
    },
    /// A moving picture.
    Clip {
        /// The file.
        asset: String,
        /// Its start in the file, in milliseconds.
        source_start: Ms,
        /// The used length of the file, in milliseconds.
        source_duration: Ms,
        /// Playing speed; below 1 is slow motion.
        speed: f64,
        /// The colour correction towards the other clips; absent if there is none.
        #[serde(default, skip_serializing_if = "ColourMatch::is_none")]
        colour: ColourMatch,
        /// The fit into the frame; by default its middle covers it.
        #[serde(default, skip_serializing_if = "ClipFit::is_default")]
        fit: ClipFit,
        /// The behaviour at its end; by default it restarts.
        #[serde(default, skip_serializing_if = "AtEnd::is_restart")]
        at_end: AtEnd,
        /// The settings for decoding its file; absent for an ordinary clip.
        #[serde(default, skip_serializing_if = "ClipReading::is_ordinary")]
        reading: ClipReading,
    },
    /// A drawn background, optionally with words set in type.
    Background {
        /// The kind.
        kind: Background,
        /// Its seed.
        seed: u64,
        /// The words set over it.
        headline: Option<String>,
        /// The frame from which its clock runs, so that one background continues over a cut.
        origin_frame: Frame,
    },
}

/// The fit of a picture into a frame of another shape. It is never stretched.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Fit {
    /// Covers the frame; the rest is cropped.
    Cover,
    /// Shown whole over a dark, blurred copy of itself.
    BlurFill,
}

/// A camera move over a picture: the visible window at both ends. Between them the zoom is exponential (it looks
/// constant) and the position follows it; the move continues through handles.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
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
    /// The frames of acceleration at its start; 0 for a constant rate.
    pub ease_in_frames: Frame,
}

/// A window onto a picture, in shares of its width and height.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
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

/// A picture or text over the film.
#[derive(Debug, Clone, PartialEq)]
pub struct OverlayClip {
    /// The picture or the text.
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
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", tag = "type", deny_unknown_fields)]
pub enum OverlayContent {
    /// A picture with its alpha.
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
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
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
        /// The source of the music.
        source: MusicTrackSource,
        /// The gain relative to the preset's mix, in dB.
        gain_db: f64,
        /// The distance of the ducked bed below the voice, in LU.
        bed_below_voice_lu: f64,
        /// The regions in which it is ducked.
        duck_regions: Vec<DuckRegion>,
    },
    /// The own sound of clips, ducked like music.
    ClipSound {
        /// The pieces.
        clips: Vec<SoundClip>,
        /// The regions in which it is ducked.
        duck_regions: Vec<DuckRegion>,
    },
}

/// A voice take placed in the film.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct VoiceClip {
    /// The scene that it belongs to.
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
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SoundClip {
    /// The file.
    pub asset: String,
    /// Its start in the file, in milliseconds.
    pub source_start: Ms,
    /// Playing speed; the pitch is kept.
    pub speed: f64,
    /// Start in milliseconds.
    pub start: Ms,
    /// End in milliseconds.
    pub end: Ms,
    /// The stream of the sound, counted over all streams; default the first sound stream.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stream: Option<u32>,
    /// The delay of the sound relative to the picture in the file, in milliseconds.
    #[serde(default, skip_serializing_if = "is_together")]
    pub offset: Ms,
    /// The frames of the film after which it restarts; absent if it is silent after its end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub repeat_frames: Option<Frame>,
}

fn is_together(offset: &Ms) -> bool {
    *offset == Ms::ZERO
}

/// The source of the music.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
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

/// Returns the default place, width and opacity of a logo.
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

    /// Returns the first contradiction, if any, as (field, reason).
    pub fn problem(&self) -> Option<(String, String)> {
        self.length_problem().or_else(|| self.shape_problem()).or_else(|| self.content_problem())
    }

    fn length_problem(&self) -> Option<(String, String)> {
        if self.frame_rate != self.profile.frame_rate {
            return Some(("frameRate".into(), "it differs from profile.frame_rate".into()));
        }
        // A second of tolerance: a film of the greatest length ends on a whole frame.
        let longest = MAX_FILM + Ms::new(1000);
        (self.total_frames <= Frame::ZERO || self.total_duration() > longest).then(|| {
            let (frames, seconds) = (self.total_frames, MAX_FILM.get() / 1000);
            ("totalFrames".into(), format!("{frames} frames are not a film of up to {seconds} s"))
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
