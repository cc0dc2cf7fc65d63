//! The timeline: the only source of truth for drawing, mixing and encoding.
//!
//! A timeline stacks tracks; a track sequences clips. Pictures are timed in frames, which are exact; words and audio
//! are timed in milliseconds. Every range is half-open. [`format`] is the file format, and
//! [`format::TimelineFile::try_into_timeline`] detects mistakes in an edited file.
//!
//! The terms (timeline, track, clip, transition) are those of OpenTimelineIO, as far as it defines them.

pub mod asset_facts;
pub mod build;
mod chapters;
mod chunks;
mod corner;
pub mod duck;
mod effects;
mod far;
pub mod fit;
pub mod format;
mod loop_end;
pub mod moving;
mod overlay;
pub mod reading;
pub mod shots;
#[cfg(test)]
mod test_film;
mod titles;
pub mod upgrade;
pub mod utterance;
mod words;
pub mod zones;

use crate::brief::Platform;
use crate::colour::ColourMatch;
use crate::layout::zones::Chosen;
use crate::preset::{Grade, TransitionKind};
use crate::profile::Profile;
use crate::time::{FrameRange, FrameRate, MAX_FILM, MsRange};
pub use effects::EffectCue;
pub use loop_end::is_loop;
pub use overlay::{OverlayClip, OverlayContent, OverlayRequest, logo_place};
use pytoon_vocabulary::{
    Background, CaptionCue, CaptionLook, CaptionWord, DuckRegion, EngineName, Frame, Ms, MusicMood,
    SceneId, Treatment,
};
use reading::{AtEnd, ClipFit, ClipReading};
use serde::{Deserialize, Serialize};
pub use titles::{LABEL_HEIGHT, LOWER_THIRD_HEIGHT};

/// A film, ready to be drawn and mixed. [`format`] defines its file format.
#[derive(Debug, Clone, PartialEq)]
pub struct Timeline {
    /// The frame rate, in frames per second.
    pub frame_rate: FrameRate,
    /// The length in frames.
    pub total_frames: Frame,
    /// The seed of every random choice.
    pub seed: u64,
    /// The language of the script, a BCP 47 tag.
    pub language: String,
    /// The colours, typography and grade.
    pub look: Look,
    /// The output profile: size, codecs and bit rates.
    pub profile: Profile,
    /// The scenes in order; they tile the film.
    pub timeline: Vec<TimelineScene>,
    /// The tracks: picture, overlays, audio, captions.
    pub tracks: Tracks,
}

/// The frame range of a scene.
#[derive(Debug, Clone, PartialEq)]
pub struct TimelineScene {
    /// The scene's id in the scene graph.
    pub scene_id: SceneId,
    /// The requested engine.
    pub engine: EngineName,
    /// The first frame.
    pub start_frame: Frame,
    /// The frame after the last one.
    pub end_frame: Frame,
    /// The zone of the scene's captions, and the reason for it.
    pub captions: Chosen,
}

/// The tracks of a timeline.
#[derive(Debug, Clone, PartialEq)]
pub struct Tracks {
    /// Pictures, clips and drawn backgrounds; they tile the film.
    pub video: Vec<VideoClip>,
    /// Pictures and text over the film, drawn in order, under the captions.
    pub overlays: Vec<OverlayClip>,
    /// Voice, music and the clips' own audio.
    pub audio: Vec<AudioTrack>,
    /// Caption cues; they never overlap.
    pub captions: Vec<CaptionCue>,
}

/// The colours, typography and grade of the whole film.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Look {
    /// The strength of grades, 0 to 1.
    pub grade_strength: f64,
    /// The colour palette.
    pub palette: PaletteChoice,
    /// The caption style.
    pub captions: CaptionStyle,
    /// A font family or file for captions and other text; by default the look's own font.
    pub font: Option<String>,
}

/// The palette of drawn backgrounds, text and accents.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PaletteChoice {
    /// The hue of the background and body text in OKLCH, in degrees.
    pub base_hue: f64,
    /// The hue of the accent in OKLCH, in degrees.
    pub accent_hue: f64,
    /// The chroma relative to the default.
    pub chroma: f64,
    /// The brand's accent as `#rrggbb`, instead of the accent hue.
    pub brand_accent: Option<String>,
    /// The brand's background colour as `#rrggbb`, instead of the base hue.
    pub brand_ground: Option<String>,
}

/// The style of captions.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CaptionStyle {
    /// True if captions are drawn into the picture.
    pub burn_in: bool,
    /// The caption look.
    pub look: CaptionLook,
    /// The platform whose safe area the captions respect.
    pub platform: Platform,
    /// The text size relative to the look's default.
    pub size: f64,
    /// The time between the start of a word's highlight and its onset, in milliseconds.
    pub lead_ms: i64,
    /// The height that overlays take from captions at the upper edge of the safe area, as a fraction of the frame's
    /// height; default 0.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub top_room: f64,
}

fn is_zero(value: &f64) -> bool {
    *value == 0.0
}

/// A picture, clip or background on the video track.
#[derive(Debug, Clone, PartialEq)]
pub struct VideoClip {
    /// The id of the clip: `clip_001`, …
    pub id: String,
    /// The scene that shows the clip.
    pub scene_id: SceneId,
    /// The first frame.
    pub start_frame: Frame,
    /// The frame after the last one.
    pub end_frame: Frame,
    /// The picture, clip or background.
    pub source: ClipSource,
    /// The colour grade.
    pub grade: Grade,
    /// The transition into this clip; `None` for a cut.
    pub transition_in: Option<Transition>,
}

/// A transition into a clip, centred on the cut. Both clips continue through it on their handles, and it adds nothing
/// to the length of the film.
#[derive(Debug, Clone, PartialEq)]
pub struct Transition {
    /// The kind of transition.
    pub kind: TransitionKind,
    /// The first frame of the transition.
    pub start_frame: Frame,
    /// One past the last frame of the transition.
    pub end_frame: Frame,
}

/// The source of a clip's picture.
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
        /// The path of the picture.
        asset: String,
        /// The fit into a frame with another aspect ratio.
        fit: Fit,
        /// The camera move.
        motion: Motion,
    },
    /// A video clip.
    Clip {
        /// The path of the clip.
        asset: String,
        /// The start of the used part in the file, in milliseconds.
        source_start: Ms,
        /// The length of the used part, in milliseconds.
        source_duration: Ms,
        /// The playback speed, 0.1 to 10; below 1 is slow motion.
        speed: f64,
        /// The correction that matches the clip's colours to the other clips; absent if there is none.
        #[serde(default, skip_serializing_if = "ColourMatch::is_none")]
        colour: ColourMatch,
        /// The fit into the frame; by default the middle of the clip covers the frame.
        #[serde(default, skip_serializing_if = "ClipFit::is_default")]
        fit: ClipFit,
        /// The behaviour at the end of the clip; by default it restarts.
        #[serde(default, skip_serializing_if = "AtEnd::is_restart")]
        at_end: AtEnd,
        /// The settings for decoding the file; absent for an ordinary clip.
        #[serde(default, skip_serializing_if = "ClipReading::is_ordinary")]
        reading: ClipReading,
    },
    /// A drawn background, optionally with a headline.
    Background {
        /// The kind of background.
        kind: Background,
        /// The seed of the background.
        seed: u64,
        /// A text drawn over the background, in timelines of earlier versions.
        headline: Option<String>,
        /// The words that are set as type over the background and move with the voice; absent for none.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        words: Option<SetWords>,
        /// The frame at which the background's animation starts, so that one background continues over a cut.
        origin_frame: Frame,
    },
}

impl ClipSource {
    /// Returns true for a drawn background.
    pub fn is_background(&self) -> bool {
        matches!(self, Self::Background { .. })
    }
}

/// The words of a scene, set as type.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SetWords {
    /// The way in which the words are set.
    pub treatment: Treatment,
    /// The words with their times in the film.
    pub words: Vec<CaptionWord>,
}

/// The fit of a picture into a frame with another aspect ratio. The picture is never stretched.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Fit {
    /// The picture covers the frame and its overhang is cropped.
    Cover,
    /// The whole picture is shown over a dark ground in its own colours.
    BlurFill,
}

/// A camera move over a picture, defined by the visible window at both ends. Between them the zoom is exponential (it
/// looks constant) and the position follows it; the move continues through handles.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Motion {
    /// The window at the first visible frame.
    pub from: Window,
    /// The window one frame past the last visible frame.
    pub to: Window,
    /// The first frame of the move, handles included.
    pub start_frame: Frame,
    /// One past the last frame of the move, handles included.
    pub end_frame: Frame,
    /// The number of acceleration frames at the start of the move; 0 for a constant rate.
    pub ease_in_frames: Frame,
}

/// A window onto a picture, in fractions of the picture's width and height.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Window {
    /// The left edge of the window.
    pub x: f64,
    /// The top edge of the window.
    pub y: f64,
    /// The width of the window.
    pub width: f64,
    /// The height of the window.
    pub height: f64,
}

/// An audio track.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(
    rename_all = "camelCase",
    rename_all_fields = "camelCase",
    tag = "kind",
    deny_unknown_fields
)]
pub enum AudioTrack {
    /// The voice track.
    Voice {
        /// The voice takes in order.
        clips: Vec<VoiceClip>,
        /// The ranges in which the voice is muted, in film time.
        #[serde(default)]
        mutes: Vec<MsRange>,
    },
    /// The music track.
    Music {
        /// The source of the music.
        source: MusicTrackSource,
        /// The gain relative to the preset's mix, in dB.
        gain_db: f64,
        /// The level of the ducked music below the voice, in LU.
        bed_below_voice_lu: f64,
        /// The regions in which the music is ducked.
        duck_regions: Vec<DuckRegion>,
        /// True if the film loops, so that the music ends at once; absent otherwise.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        loops: bool,
    },
    /// Sound effects on events of the picture.
    Effects {
        /// The effects, in order of time.
        cues: Vec<EffectCue>,
    },
    /// The clips' own audio, ducked like music.
    ClipSound {
        /// The audio clips.
        clips: Vec<SoundClip>,
        /// The regions in which the audio is ducked.
        duck_regions: Vec<DuckRegion>,
    },
}

/// A voice take placed in the film.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct VoiceClip {
    /// The scene in which the take is spoken.
    pub scene_id: SceneId,
    /// The path of the take.
    pub asset: String,
    /// The start of the used part in the take, in milliseconds.
    pub source_start: Ms,
    /// The start in the film, in milliseconds.
    pub start: Ms,
    /// The end in the film, in milliseconds.
    pub end: Ms,
}

/// The audio of a video clip, placed in the film.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SoundClip {
    /// The path of the clip.
    pub asset: String,
    /// The start of the used part in the file, in milliseconds.
    pub source_start: Ms,
    /// The playback speed; the pitch stays unchanged.
    pub speed: f64,
    /// The start in the film, in milliseconds.
    pub start: Ms,
    /// The end in the film, in milliseconds.
    pub end: Ms,
    /// The index of the audio stream among all streams; default the first audio stream.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stream: Option<u32>,
    /// The delay of the audio relative to the picture in the file, in milliseconds.
    #[serde(default, skip_serializing_if = "is_together")]
    pub offset: Ms,
    /// The number of film frames after which the audio restarts; absent if it stays silent after its end.
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
    /// Music generated in a mood with the timeline's seed.
    Mood {
        /// The mood of the music.
        mood: MusicMood,
    },
    /// A music file, trimmed or looped with a crossfade.
    File {
        /// The path of the music file.
        asset: String,
    },
}

impl VideoClip {
    /// Returns the frame range of the clip.
    pub fn range(&self) -> FrameRange {
        FrameRange::new(self.start_frame, self.end_frame)
    }
}

impl TimelineScene {
    /// Returns the frame range of the scene.
    pub fn range(&self) -> FrameRange {
        FrameRange::new(self.start_frame, self.end_frame)
    }
}

impl Transition {
    /// Returns the frame range of the transition.
    pub fn range(&self) -> FrameRange {
        FrameRange::new(self.start_frame, self.end_frame)
    }
}

impl Timeline {
    /// Returns the length of the film, rounded to milliseconds.
    pub fn total_duration(&self) -> Ms {
        self.frame_rate.frame_to_ms(self.total_frames)
    }

    /// Returns the first contradiction as (field, reason), or `None` if the timeline is consistent.
    pub fn problem(&self) -> Option<(String, String)> {
        self.length_problem().or_else(|| self.shape_problem()).or_else(|| self.content_problem())
    }

    fn length_problem(&self) -> Option<(String, String)> {
        if self.frame_rate != self.profile.frame_rate {
            return Some((
                "frameRate".into(),
                "it differs from profile.frame_rate: set both to the same rate".into(),
            ));
        }
        // A second of tolerance: a film of the greatest length ends on a whole frame.
        let longest = MAX_FILM + Ms::new(1000);
        (self.total_frames <= Frame::ZERO || self.total_duration() > longest).then(|| {
            let (frames, seconds) = (self.total_frames, MAX_FILM.get() / 1000);
            (
                "totalFrames".into(),
                format!(
                    "{frames} frames are not a valid length: use 1 \
                 frame to {seconds} s"
                ),
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
                    let has_area = window.width > 0.0 && window.height > 0.0;
                    let inside = has_area
                        && window.x >= -1e-6
                        && window.y >= -1e-6
                        && window.x + window.width <= 1.0 + 1e-6
                        && window.y + window.height <= 1.0 + 1e-6;
                    if !inside {
                        let reason = if has_area {
                            "a window extends beyond the picture: keep the window within 0 to 1 in \
                             both directions"
                        } else {
                            "a window is empty: use a positive width and height"
                        };
                        return Some((at("source.motion"), reason.into()));
                    }
                }
                if motion.end_frame <= motion.start_frame {
                    let reason = format!(
                        "the motion ends at frame {}, which is not after its start at frame {}",
                        motion.end_frame, motion.start_frame
                    );
                    return Some((at("source.motion"), reason));
                }
            }
            if let ClipSource::Clip { speed, .. } = &clip.source
                && !(0.1..=10.0).contains(speed)
            {
                return Some((at("source.speed"), format!("{speed} is not between 0.1 and 10")));
            }
            if let Some(transition) = &clip.transition_in {
                let sane = index > 0
                    && transition.start_frame >= self.tracks.video[index - 1].start_frame
                    && transition.start_frame <= clip.start_frame
                    && transition.end_frame >= clip.start_frame
                    && transition.end_frame <= clip.end_frame;
                if !sane {
                    let reason = if index == 0 {
                        "the first clip cannot have a transition: remove it".to_owned()
                    } else {
                        format!(
                            "the transition must span the cut at frame {} and lie within both \
                             clips",
                            clip.start_frame
                        )
                    };
                    return Some((at("transitionIn"), reason));
                }
            }
        }
        None
    }

    fn caption_problem(&self) -> Option<(String, String)> {
        let mut previous_end = Ms::MIN;
        for (index, cue) in self.tracks.captions.iter().enumerate() {
            if cue.start < previous_end || cue.end <= cue.start {
                let (start, end) = (cue.start, cue.end);
                let reason = if end <= start {
                    format!("the cue ends at {end} ms, which is not after its start at {start} ms")
                } else {
                    format!(
                        "the cue starts at {start} ms, before the cue before it ends at \
                         {previous_end} ms"
                    )
                };
                return Some((format!("tracks.captions[{index}]"), reason));
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
                "frames {start} to {end} must start at {at} and end later: leave no gap and no overlap"
            ));
        }
        at = end;
    }
    (at != total_frames)
        .then(|| format!("the last entry ends at frame {at}, but the film at frame {total_frames}"))
}
