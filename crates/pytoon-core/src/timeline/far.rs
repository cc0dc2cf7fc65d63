//! Rejects times far outside the film in a handwritten timeline, before any sum or buffer uses them.

use super::{AudioTrack, ClipSource, Timeline};
use pytoon_vocabulary::{Frame, Ms};
use std::fmt::Display;
use std::ops::Neg;

/// Maximum distance of a time from the start of the film: ten minutes, far more than a film lasts.
const FAR: Ms = Ms::new(600_000);

/// Maximum length of a video or audio file: one day.
const LONGEST: Ms = Ms::new(pytoon_vocabulary::DAY_MS);

/// The name of a field and two times in it.
pub(super) type Instants<T = Ms> = (&'static str, T, T);

impl Timeline {
    /// Returns the first time far outside the film, as (field, reason), or `None`. Must run before any sum or buffer
    /// uses the times.
    pub(super) fn instant_problem(&self) -> Option<(String, String)> {
        let far_frame = self.frame_rate.ms_to_frame_ceil(FAR);
        let mut frames = Vec::new();
        let mut instants = Vec::new();
        let mut sources = Vec::new();
        for clip in &self.tracks.video {
            if let Some(transition) = &clip.transition_in {
                frames.push(("tracks.video", transition.start_frame, transition.end_frame));
            }
            match &clip.source {
                ClipSource::Picture { motion, .. } => {
                    frames.push(("tracks.video", motion.start_frame, motion.end_frame));
                    frames.push(("tracks.video", motion.ease_in_frames, Frame::ZERO));
                }
                ClipSource::Clip { source_start, source_duration, .. } => {
                    sources.push(("tracks.video", *source_start, *source_duration));
                }
                ClipSource::Background { origin_frame, .. } => {
                    frames.push(("tracks.video", *origin_frame, Frame::ZERO));
                }
            }
        }
        for clip in &self.tracks.overlays {
            frames.push(("tracks.overlays", clip.start_frame, clip.end_frame));
            frames.push(("tracks.overlays", clip.fade_frames, Frame::ZERO));
        }
        for track in &self.tracks.audio {
            track.instants(&mut instants, &mut sources);
        }
        for cue in &self.tracks.captions {
            instants.push(("tracks.captions", cue.start, cue.end));
            instants.extend(cue.words.iter().map(|w| ("tracks.captions", w.start, w.end)));
        }
        instants.push(("look.captions.leadMs", Ms::new(self.look.captions.lead_ms), Ms::ZERO));
        far_ms(instants)
            .or_else(|| far(sources, LONGEST, "ms"))
            .or_else(|| far(frames, far_frame, "frames"))
    }
}

/// Returns the first time that is further than [`FAR`] from the start of the film, as (field, reason).
pub(super) fn far_ms(instants: Vec<Instants>) -> Option<(String, String)> {
    far(instants, FAR, "ms")
}

/// Returns the first time that is further from zero than `most`, in either direction, as (field, reason).
fn far<T>(list: Vec<Instants<T>>, most: T, unit: &str) -> Option<(String, String)>
where
    T: Copy + Display + Neg<Output = T> + PartialOrd,
{
    list.into_iter().find_map(|(field, start, end)| {
        let at = [start, end].into_iter().find(|at| !(-most..=most).contains(at))?;
        Some((field.to_owned(), format!("{at} {unit} is further than {most} from zero")))
    })
}

impl AudioTrack {
    fn instants(&self, all: &mut Vec<Instants>, sources: &mut Vec<Instants>) {
        const FIELD: &str = "tracks.audio";
        let regions = match self {
            Self::Voice { clips, mutes } => {
                all.extend(clips.iter().map(|clip| (FIELD, clip.start, clip.end)));
                sources.extend(clips.iter().map(|clip| (FIELD, clip.source_start, Ms::ZERO)));
                all.extend(mutes.iter().map(|range| (FIELD, range.start, range.end)));
                return;
            }
            Self::Music { duck_regions, .. } => duck_regions,
            Self::ClipSound { clips, duck_regions } => {
                all.extend(clips.iter().map(|clip| (FIELD, clip.start, clip.end)));
                sources.extend(clips.iter().map(|clip| (FIELD, clip.source_start, Ms::ZERO)));
                duck_regions
            }
            Self::Effects { cues } => {
                all.extend(cues.iter().map(|cue| (FIELD, cue.at, Ms::ZERO)));
                return;
            }
        };
        all.extend(regions.iter().map(|region| (FIELD, region.start, region.end)));
        all.extend(regions.iter().map(|region| (FIELD, region.ramp_down, region.ramp_up)));
    }
}

#[cfg(test)]
mod tests {
    use crate::timeline::format::TimelineFile;
    use crate::timeline::test_film::drawn_film;
    use serde_json::{Value, json};

    fn film() -> Value {
        let mut film = drawn_film(json!(30), 2.0, &[(30, 0)]);
        film["tracks"]["audio"] = json!([{"kind": "voice", "mutes": [], "clips": [
            {"sceneId": "scene_01", "asset": "v.wav", "sourceStart": 0, "start": 0, "end": 900}]}]);
        film["tracks"]["captions"] = json!([{"sceneId": "scene_01", "start": 0, "end": 900,
            "text": "Hi", "words": [{"text": "Hi", "start": 0, "end": 900}]}]);
        film
    }

    #[test]
    fn instants_that_no_film_has_are_refused_with_their_track() {
        let problem = |film: Value| {
            serde_json::from_value::<TimelineFile>(film)
                .expect("a timeline")
                .try_into_timeline()
                .err()
        };
        assert_eq!(problem(film()), None);
        for (place, field) in [
            ("/tracks/captions/0/start", "tracks.captions"),
            ("/tracks/captions/0/words/0/end", "tracks.captions"),
            ("/tracks/audio/0/clips/0/start", "tracks.audio"),
            ("/tracks/audio/0/clips/0/sourceStart", "tracks.audio"),
            ("/tracks/video/0/source/originFrame", "tracks.video"),
            ("/timeline/0/end", "timeline"),
        ] {
            for value in [i64::MIN, i64::MAX] {
                let mut film = film();
                *film.pointer_mut(place).expect(place) = value.into();
                let (found, reason) = problem(film).expect(place);
                assert_eq!(found, field, "{place}: {reason}");
            }
        }
    }
}
