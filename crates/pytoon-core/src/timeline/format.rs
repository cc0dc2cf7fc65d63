//! The file format of timelines, version 1: `timeline.json`.
//!
//! A file states the ranges of scenes, clips and overlays in frames and in milliseconds. The milliseconds are
//! for people and for other programs. A [`Timeline`] has only the frames: the milliseconds beside them are
//! computed when a file is written and dropped when it is read.
//!
//! Guarantees: a written file is read back as the same timeline; milliseconds beside frames are never a
//! source of truth.
//!
//! Start with [`TimelineFile::try_into_timeline`], which reads a file that a person may have changed.

use super::far::{Instants, far_ms};
use super::{
    AudioTrack, ClipSource, Look, OverlayClip, OverlayContent, Timeline, TimelineScene, Tracks,
    Transition, VideoClip,
};
use crate::brief::{OverlayMove, Position};
use crate::layout::zones::Chosen;
use crate::preset::{Grade, TransitionKind};
use crate::profile::Profile;
use crate::time::{FrameRange, FrameRate};
use pytoon_vocabulary::{CaptionCue, EngineName, Frame, Ms, SceneId};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The version of the timeline's format.
pub const TIMELINE_VERSION: u32 = 1;

/// A film, ready to be drawn and mixed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename = "Timeline", rename_all = "camelCase", deny_unknown_fields)]
pub struct TimelineFile {
    /// The version of the format.
    version: u32,
    /// The frame rate, in frames per second.
    frame_rate: FrameRate,
    /// The length in frames.
    total_frames: Frame,
    /// The length in milliseconds, rounded from frames.
    total_duration: Ms,
    /// The seed of every random choice.
    seed: u64,
    /// The language of the script, a BCP 47 tag.
    language: String,
    /// The colours, typography and grade.
    look: Look,
    /// The output profile: size, codecs and bit rates.
    profile: Profile,
    /// The scenes in order; they tile the film.
    timeline: Vec<SceneEntry>,
    /// The tracks: picture, overlays, audio, captions.
    tracks: TrackEntries,
}

/// The frame range of a scene.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename = "TimelineScene", rename_all = "camelCase", deny_unknown_fields)]
struct SceneEntry {
    /// The scene's id in the scene graph.
    scene_id: SceneId,
    /// The requested engine.
    engine: EngineName,
    /// The first frame.
    start_frame: Frame,
    /// The frame after the last one.
    end_frame: Frame,
    /// The start in milliseconds.
    start: Ms,
    /// The end in milliseconds.
    end: Ms,
    /// The zone of the scene's captions, and the reason for it; absent for captions at the lower edge that cover nothing.
    #[serde(default, skip_serializing_if = "Chosen::is_default")]
    captions: Chosen,
}

/// The tracks of a timeline file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename = "Tracks", rename_all = "camelCase", deny_unknown_fields)]
struct TrackEntries {
    /// Pictures, clips and drawn backgrounds; they tile the film.
    video: Vec<ClipEntry>,
    /// Pictures and text over the film, drawn in order, under the captions.
    #[serde(default)]
    overlays: Vec<OverlayEntry>,
    /// Voice, music and the clips' own audio.
    audio: Vec<AudioTrack>,
    /// Caption cues; they never overlap.
    captions: Vec<CaptionCue>,
}

/// A picture, clip or background on the video track.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename = "VideoClip", rename_all = "camelCase", deny_unknown_fields)]
struct ClipEntry {
    /// The id of the clip: `clip_001`, …
    id: String,
    /// The scene that shows the clip.
    scene_id: SceneId,
    /// The first frame.
    start_frame: Frame,
    /// The frame after the last one.
    end_frame: Frame,
    /// The start in milliseconds.
    start: Ms,
    /// The end in milliseconds.
    end: Ms,
    /// The picture, clip or background.
    source: ClipSource,
    /// The colour grade.
    grade: Grade,
    /// The transition into this clip; absent for a cut.
    transition_in: Option<TransitionEntry>,
}

/// A transition into a clip, centred on the cut. Both clips continue through it on their handles, and it adds nothing
/// to the length of the film.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename = "Transition", rename_all = "camelCase", deny_unknown_fields)]
struct TransitionEntry {
    /// The kind of transition.
    kind: TransitionKind,
    /// The first frame of the transition.
    start_frame: Frame,
    /// One past the last frame of the transition.
    end_frame: Frame,
    /// The length of the transition, in milliseconds.
    duration: Ms,
}

/// A picture or text over the film.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename = "OverlayClip", rename_all = "camelCase", deny_unknown_fields)]
struct OverlayEntry {
    /// The picture or text to show.
    content: OverlayContent,
    /// The position in the safe area.
    position: Position,
    /// The width as a fraction of the frame width.
    width: f64,
    /// The opacity, 0 to 1.
    opacity: f64,
    /// The first frame.
    start_frame: Frame,
    /// The frame after the last one.
    end_frame: Frame,
    /// The start in milliseconds.
    start: Ms,
    /// The end in milliseconds.
    end: Ms,
    /// The length of the move at both ends, in frames.
    fade_frames: Frame,
    /// The move with which the overlay appears and leaves; absent for a fade.
    #[serde(default, skip_serializing_if = "OverlayMove::is_fade")]
    animation: OverlayMove,
}

impl TimelineFile {
    /// Converts a file that a person may have edited to a timeline.
    ///
    /// # Errors
    /// Returns the first contradiction, as (field, reason).
    pub fn try_into_timeline(self) -> Result<Timeline, (String, String)> {
        let (version, total_duration) = (self.version, self.total_duration);
        let instants = self.instants();
        let timeline = Timeline::from(self);
        let problem = version_problem(version)
            .or_else(|| timeline.length_problem())
            .or_else(|| duration_problem(&timeline, total_duration))
            .or_else(|| timeline.shape_problem())
            .or_else(|| far_ms(instants))
            .or_else(|| timeline.content_problem());
        problem.map_or(Ok(timeline), Err)
    }

    /// Returns the millisecond times that accompany frames.
    fn instants(&self) -> Vec<Instants> {
        let mut instants = Vec::new();
        instants.extend(self.timeline.iter().map(|scene| ("timeline", scene.start, scene.end)));
        for clip in &self.tracks.video {
            instants.push(("tracks.video", clip.start, clip.end));
            let transition = clip.transition_in.as_ref();
            instants.extend(transition.map(|t| ("tracks.video", t.duration, Ms::ZERO)));
        }
        let overlays = self.tracks.overlays.iter();
        instants.extend(overlays.map(|clip| ("tracks.overlays", clip.start, clip.end)));
        instants
    }
}

fn version_problem(version: u32) -> Option<(String, String)> {
    (version != TIMELINE_VERSION).then(|| {
        let reason = format!(
            "version {version} is not supported; this program reads version {TIMELINE_VERSION}"
        );
        ("version".to_owned(), reason)
    })
}

fn duration_problem(timeline: &Timeline, written: Ms) -> Option<(String, String)> {
    (written != timeline.total_duration()).then(|| {
        let reason = format!(
            "{written} ms is not the duration of the film's {} frames",
            timeline.total_frames
        );
        ("totalDuration".to_owned(), reason)
    })
}

impl From<TimelineFile> for Timeline {
    /// Converts a file to a timeline. Drops the version and the milliseconds.
    fn from(file: TimelineFile) -> Self {
        Self {
            frame_rate: file.frame_rate,
            total_frames: file.total_frames,
            seed: file.seed,
            language: file.language,
            look: file.look,
            profile: file.profile,
            timeline: file.timeline.into_iter().map(TimelineScene::from).collect(),
            tracks: Tracks {
                video: file.tracks.video.into_iter().map(VideoClip::from).collect(),
                overlays: file.tracks.overlays.into_iter().map(OverlayClip::from).collect(),
                audio: file.tracks.audio,
                captions: file.tracks.captions,
            },
        }
    }
}

impl From<SceneEntry> for TimelineScene {
    fn from(entry: SceneEntry) -> Self {
        let SceneEntry { scene_id, engine, start_frame, end_frame, captions, .. } = entry;
        Self { scene_id, engine, start_frame, end_frame, captions }
    }
}

impl From<ClipEntry> for VideoClip {
    fn from(entry: ClipEntry) -> Self {
        Self {
            id: entry.id,
            scene_id: entry.scene_id,
            start_frame: entry.start_frame,
            end_frame: entry.end_frame,
            source: entry.source,
            grade: entry.grade,
            transition_in: entry.transition_in.map(Transition::from),
        }
    }
}

impl From<TransitionEntry> for Transition {
    fn from(entry: TransitionEntry) -> Self {
        let TransitionEntry { kind, start_frame, end_frame, .. } = entry;
        Self { kind, start_frame, end_frame }
    }
}

impl From<OverlayEntry> for OverlayClip {
    fn from(entry: OverlayEntry) -> Self {
        Self {
            content: entry.content,
            position: entry.position,
            width: entry.width,
            opacity: entry.opacity,
            start_frame: entry.start_frame,
            end_frame: entry.end_frame,
            fade_frames: entry.fade_frames,
            animation: entry.animation,
        }
    }
}

impl From<&Timeline> for TimelineFile {
    fn from(timeline: &Timeline) -> Self {
        let rate = timeline.frame_rate;
        let tracks = &timeline.tracks;
        Self {
            version: TIMELINE_VERSION,
            frame_rate: rate,
            total_frames: timeline.total_frames,
            total_duration: timeline.total_duration(),
            seed: timeline.seed,
            language: timeline.language.clone(),
            look: timeline.look.clone(),
            profile: timeline.profile.clone(),
            timeline: timeline.timeline.iter().map(|scene| SceneEntry::of(scene, rate)).collect(),
            tracks: TrackEntries {
                video: tracks.video.iter().map(|clip| ClipEntry::of(clip, rate)).collect(),
                overlays: tracks.overlays.iter().map(|o| OverlayEntry::of(o, rate)).collect(),
                audio: tracks.audio.clone(),
                captions: tracks.captions.clone(),
            },
        }
    }
}

impl SceneEntry {
    fn of(scene: &TimelineScene, rate: FrameRate) -> Self {
        let (start, end) = ends(scene.range(), rate);
        Self {
            scene_id: scene.scene_id.clone(),
            engine: scene.engine.clone(),
            start_frame: scene.start_frame,
            end_frame: scene.end_frame,
            start,
            end,
            captions: scene.captions,
        }
    }
}

impl ClipEntry {
    fn of(clip: &VideoClip, rate: FrameRate) -> Self {
        let (start, end) = ends(clip.range(), rate);
        Self {
            id: clip.id.clone(),
            scene_id: clip.scene_id.clone(),
            start_frame: clip.start_frame,
            end_frame: clip.end_frame,
            start,
            end,
            source: clip.source.clone(),
            grade: clip.grade,
            transition_in: clip.transition_in.as_ref().map(|t| TransitionEntry::of(t, rate)),
        }
    }
}

impl TransitionEntry {
    fn of(transition: &Transition, rate: FrameRate) -> Self {
        Self {
            kind: transition.kind,
            start_frame: transition.start_frame,
            end_frame: transition.end_frame,
            duration: transition.range().to_ms(rate).duration(),
        }
    }
}

impl OverlayEntry {
    fn of(clip: &OverlayClip, rate: FrameRate) -> Self {
        let (start, end) = ends(clip.range(), rate);
        Self {
            content: clip.content.clone(),
            position: clip.position,
            width: clip.width,
            opacity: clip.opacity,
            start_frame: clip.start_frame,
            end_frame: clip.end_frame,
            start,
            end,
            fade_frames: clip.fade_frames,
            animation: clip.animation,
        }
    }
}

fn ends(frames: FrameRange, rate: FrameRate) -> (Ms, Ms) {
    let range = frames.to_ms(rate);
    (range.start, range.end)
}

impl Serialize for Timeline {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        TimelineFile::from(self).serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Timeline {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        TimelineFile::deserialize(deserializer).map(Self::from)
    }
}

#[cfg(feature = "schema")]
impl schemars::JsonSchema for Timeline {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        TimelineFile::schema_name()
    }

    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        TimelineFile::json_schema(generator)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::timeline::test_film::drawn_film;
    use serde_json::{Value, json};

    /// Returns a film whose transition duration matches its frames.
    fn film() -> Value {
        let mut film = drawn_film(json!("30000/1001"), 2.0, &[(50, 0), (70, 10)]);
        film["tracks"]["video"][1]["transitionIn"]["duration"] = 333.into();
        film["tracks"]["overlays"] = json!([{"content": {"type": "text", "text": "Now"},
            "position": "top", "width": 0.5, "opacity": 1.0, "startFrame": 1, "endFrame": 31,
            "start": 33, "end": 1034, "fadeFrames": 6}]);
        film
    }

    fn problem(film: Value) -> Option<(String, String)> {
        serde_json::from_value::<TimelineFile>(film).expect("a timeline").try_into_timeline().err()
    }

    #[test]
    fn a_timeline_is_written_as_it_was_read() {
        let text = film().to_string();
        let timeline: Timeline = serde_json::from_str(&text).expect("a timeline");
        let written = serde_json::to_value(&timeline).expect("json");
        assert_eq!(written, film());
        assert_eq!(problem(written), None);
    }

    #[test]
    fn milliseconds_are_computed_from_frames_not_read_from_the_file() {
        let mut changed = film();
        for place in ["/timeline/0/end", "/tracks/video/1/start", "/tracks/overlays/0/end"] {
            *changed.pointer_mut(place).expect(place) = 7.into();
        }
        let timeline: Timeline = serde_json::from_value(changed).expect("a timeline");
        assert_eq!(serde_json::to_value(&timeline).expect("json"), film());
    }

    #[test]
    fn a_file_that_contradicts_itself_is_refused_where_it_does() {
        for (place, value, field, reason) in [
            ("/version", 2, "version", "version 2 is not supported; this program reads version 1"),
            ("/frameRate", 30, "frameRate", "it differs from profile.frame_rate"),
            ("/totalFrames", 0, "totalFrames", "0 frames are not a valid length"),
            (
                "/totalFrames",
                121,
                "totalDuration",
                "4004 ms is not the duration of the film's 121 frames",
            ),
            (
                "/totalDuration",
                4000,
                "totalDuration",
                "4000 ms is not the duration of the film's 120 frames",
            ),
            ("/tracks/video/0/end", i64::MAX, "tracks.video", "9223372036854775807 ms is further"),
            (
                "/tracks/overlays/0/start",
                i64::MIN,
                "tracks.overlays",
                "ms is further than 600000 from zero",
            ),
            (
                "/tracks/video/1/transitionIn/duration",
                600_001,
                "tracks.video",
                "600001 ms is further",
            ),
        ] {
            let mut film = film();
            *film.pointer_mut(place).expect(place) = value.into();
            let (found, why) = problem(film).expect(place);
            assert_eq!(found, field, "{place}: {why}");
            assert!(why.contains(reason), "{place}: {why}");
        }
    }
}
