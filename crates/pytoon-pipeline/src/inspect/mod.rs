//! Measures the times of audio, words and captions, to show why a caption is late.
//!
//! Reads a finished job's folder: the timeline, the receipt, the stems and the film itself. Reports words whose times
//! do not match the voice, and the offset between the film's audio and video.
//!
//! Start with [`inspect`]; `reasons` explains late captions, [`chart`] draws the result.

pub mod chart;
pub mod layout_sheet;
mod loudness;
mod reasons;

pub use loudness::LoudnessOverTime;

use crate::Result;
use crate::delivery::voice_clips;
use crate::receipt::Receipt;
use pytoon_audio::wav::{self, Pcm};
use pytoon_audio::{lag, speech};
use pytoon_config::ConfigError;
use pytoon_core::artifact;
use pytoon_core::layout::Format;
use pytoon_core::scene::SceneGraph;
use pytoon_core::time::MsRange;
use pytoon_core::timeline::{AudioTrack, Timeline, TimelineScene, VoiceClip};
use pytoon_ffmpeg::probe::probe;
use pytoon_ffmpeg::sound;
use pytoon_process::{Runner, SystemError};
use pytoon_vocabulary::{DuckRegion, Ms, SceneId};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;
use std::fs::File;
use std::io::BufReader;
use std::path::Path;

/// The number of samples in a millisecond.
const PER_MS: i64 = 48;
/// The largest acceptable distance between a word's start and the onset of the voice.
const OFF: Ms = Ms::new(80);
/// The shortest gap between two words' times that is treated as a pause. Speech detection closes gaps of up to 120 ms
/// and measures in frames of 20 ms, so it may miss a shorter pause, such as one at a comma.
const PAUSE: Ms = Ms::new(250);
/// The distance from the start of a word at which a voice onset no longer belongs to the word.
const FAR: Ms = Ms::new(1_000);
/// Minimum fraction of a word's time that must contain voice. Below it, the word is reported as silent.
const SOUNDS: f64 = 0.35;
/// The largest offset between audio and video that can be measured, in milliseconds.
const MOST_LAG_MS: usize = 400;

/// The result of inspecting a finished job.
#[derive(Debug, Clone)]
pub struct Inspection {
    /// The timeline from which the film was drawn and mixed.
    pub timeline: Timeline,
    /// The receipt of the job.
    pub receipt: Receipt,
    /// The measured times and offsets.
    pub facts: Facts,
    /// The loudness of the mastered mix over time.
    pub loudness: LoudnessOverTime,
    /// The audio tracks that the chart shows.
    pub sounds: Sounds,
}

/// Audio tracks of the film, 48 kHz mono. A track is empty if its file cannot be read.
#[derive(Debug, Clone, Default)]
pub struct Sounds {
    /// The mastered mix.
    pub mix: Vec<f32>,
    /// The voice stem, as mixed.
    pub voice: Vec<f32>,
    /// The stem of the music and the clips' sound, after ducking and with the gain of the mix.
    pub music: Vec<f32>,
}

/// The measured times and offsets, in a serializable form.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Facts {
    /// The film's length in milliseconds.
    pub duration_ms: i64,
    /// The total length of all voice takes, in milliseconds.
    pub spoken_ms: i64,
    /// The total length of the take segments that the film plays, in milliseconds.
    pub used_ms: i64,
    /// The delay of the film's audio relative to its video, in milliseconds: the start of the audio stream
    /// plus the position of the mix in it. `None` if it was not measured.
    pub av_offset_ms: Option<f64>,
    /// The start of the audio stream relative to the video stream, in milliseconds. `None` if it was not
    /// measured.
    pub stream_offset_ms: Option<f64>,
    /// The ranges in which the music is ducked.
    pub duck_regions: Vec<DuckRegion>,
    /// The strongest ducking, in dB.
    pub deepest_duck_db: f64,
    /// The time by which highlights precede their words, in milliseconds.
    pub lead_ms: i64,
    /// The measurements of each scene.
    pub scenes: Vec<SceneFacts>,
    /// Words whose times do not match the voice.
    pub off: Vec<OffWord>,
    /// Captions that appear after their first word should be highlighted.
    pub late_cues: Vec<LateCue>,
    /// The reasons why captions seem late; empty if there are none.
    pub reasons: Vec<String>,
    /// The files that could not be inspected, each with the reason.
    pub missing: Vec<String>,
}

/// The measurements of a scene.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SceneFacts {
    /// The id of the scene.
    pub scene: String,
    /// The start of the scene in the film, in milliseconds.
    pub start_ms: i64,
    /// The end of the scene in the film, in milliseconds.
    pub end_ms: i64,
    /// The total length of the scene's voice takes, in milliseconds; equal to `used_ms` if several scenes
    /// share the only take.
    pub spoken_ms: i64,
    /// The total length of the scene's take segments that the film plays, in milliseconds.
    pub used_ms: i64,
    /// The start of the scene's voice in the film, in milliseconds.
    pub voice_ms: Option<i64>,
    /// The number of words in the scene.
    pub words: usize,
}

/// A word whose time does not match the voice.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct OffWord {
    /// The text of the word.
    pub word: String,
    /// The start of the word in the timeline, in milliseconds.
    pub start_ms: i64,
    /// The nearest voice onset, in milliseconds; `None` if there is none nearby.
    pub heard_ms: Option<i64>,
}

/// A caption that is not on screen when its first word should be highlighted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LateCue {
    /// The text of the caption.
    pub text: String,
    /// The start of the caption, in milliseconds.
    pub start_ms: i64,
    /// The delay of the caption, in milliseconds.
    pub late_ms: i64,
}

/// Reads a finished job's folder, and measures the words, captions, ducking and audio offset of its film, or of the one
/// in a further `format`.
///
/// # Errors
/// Returns an error if the folder contains no finished job, if its timeline or receipt cannot be read, or if the
/// inspection is cancelled.
pub fn inspect(runner: &Runner, root: &Path, format: Option<Format>) -> Result<Inspection> {
    let name = |artifact: &str| match format {
        Some(format) => artifact::in_format(artifact, format),
        None => artifact.to_owned(),
    };
    let (receipt, timeline) = (name(artifact::METADATA), name(artifact::TIMELINE));
    if !root.join(&receipt).is_file() || !root.join(&timeline).is_file() {
        let missing = if root.join(&receipt).is_file() { &timeline } else { &receipt };
        let reason = if root.join(artifact::WORK_DIR).is_dir() {
            "this job is not finished: continue it with `pytoon resume`".to_owned()
        } else {
            format!(
                "this folder has no finished film, because {missing} is missing: name the folder \
                 that `pytoon render` printed"
            )
        };
        return Err(ConfigError::file(root.display().to_string(), reason).into());
    }
    let timeline: Timeline = read_json(&root.join(timeline))?;
    let reworded = reworded_scenes(root);
    let receipt: Receipt = read_json(&root.join(receipt))?;
    let mut missing = Vec::new();
    let mix = sound_file(root, artifact::MIXED, &mut missing);
    let loudness = mix.as_ref().map(LoudnessOverTime::of).unwrap_or_default();
    let mono = |sound: Option<Pcm>| sound.map(|sound| sound.mono()).unwrap_or_default();
    let sounds = Sounds {
        mix: mono(mix),
        voice: mono(sound_file(root, artifact::VOICE_STEM, &mut missing)),
        music: mono(sound_file(root, artifact::MUSIC_STEM, &mut missing)),
    };
    let film = name(artifact::OUTPUT);
    let output = root.join(&film);
    let lag_ms = match sound::decode_mono(runner, &output) {
        Ok(heard) => lag::lag_ms(&sounds.mix, &heard, MOST_LAG_MS),
        Err(SystemError::Cancelled) => return Err(SystemError::Cancelled.into()),
        Err(error) => {
            missing.push(format!("{film}: failed to {error}"));
            None
        }
    };
    let mut takes = BTreeMap::new();
    for clip in voice_clips(&timeline) {
        if !takes.contains_key(&clip.asset) {
            let take = sound_file(root, &clip.asset, &mut missing);
            takes.extend(take.map(|take| (clip.asset.clone(), take.len() as i64 / PER_MS)));
        }
    }
    // Decoding begins with the first sample: a late start of the stream shows in its timestamp alone.
    let stream_offset_ms = match lag_ms.map(|_| probe(runner, &output)) {
        Some(Ok(film)) => film.audio.zip(film.video).map(|(a, v)| (a.start_s - v.start_s) * 1000.0),
        Some(Err(SystemError::Cancelled)) => return Err(SystemError::Cancelled.into()),
        Some(Err(error)) => {
            missing.push(format!("the start times of the streams of {film}: failed to {error}"));
            None
        }
        None => None,
    };
    let mut facts = facts(&timeline, &sounds, &takes, &reworded, missing);
    facts.av_offset_ms = lag_ms.map(|lag| lag + stream_offset_ms.unwrap_or(0.0));
    facts.stream_offset_ms = stream_offset_ms;
    facts.reasons = reasons::reasons(&timeline, &receipt.voice, &facts);
    Ok(Inspection { timeline, receipt, facts, loudness, sounds })
}

fn read_json<T: serde::de::DeserializeOwned>(path: &Path) -> Result<T> {
    let bytes = std::fs::read(path).map_err(|error| SystemError::read(path, error))?;
    let read = serde_json::from_slice(&bytes);
    read.map_err(|error| SystemError::unusable(path, format!("it is invalid: {error}")).into())
}

/// Reads an audio file; on failure, adds the reason to `missing` and returns `None`.
fn sound_file(root: &Path, name: &str, missing: &mut Vec<String>) -> Option<Pcm> {
    let read = || -> Result<Pcm, Box<dyn Error>> {
        Ok(wav::read(BufReader::new(File::open(root.join(name))?))?)
    };
    read().map_err(|error| missing.push(format!("{name}: {error}"))).ok()
}

/// Returns the scenes whose captions do not repeat the voice, because the brief gives them other words or another time.
/// Empty if the scene graph cannot be read.
fn reworded_scenes(root: &Path) -> BTreeSet<SceneId> {
    let graph: Result<SceneGraph> = read_json(&root.join(artifact::SCENE_GRAPH));
    let scenes = graph.map(|graph| graph.scenes).unwrap_or_default().into_iter();
    scenes
        .filter(|scene| {
            scene.caption_is_override || scene.shown_as.is_some() || scene.caption_shift != 0
        })
        .map(|scene| scene.id)
        .collect()
}

fn facts(
    timeline: &Timeline,
    sounds: &Sounds,
    takes: &BTreeMap<String, i64>,
    reworded: &BTreeSet<SceneId>,
    missing: Vec<String>,
) -> Facts {
    let scene_facts = |scene: &TimelineScene| {
        let clips = || voice_clips(timeline).filter(|clip| clip.scene_id == scene.scene_id);
        let length = |clip: &VoiceClip| (clip.end - clip.start).get();
        let used_ms = clips().map(length).sum();
        // A recording is one take for the whole film; only a scene's part of it counts.
        let spoken_ms = match takes.len() == 1 && timeline.timeline.len() > 1 {
            true => used_ms,
            false => clips().map(|c| takes.get(&c.asset).copied().unwrap_or(length(c))).sum(),
        };
        let cues = timeline.tracks.captions.iter().filter(|cue| cue.scene_id == scene.scene_id);
        let place = scene.range().to_ms(timeline.frame_rate);
        SceneFacts {
            scene: scene.scene_id.to_string(),
            start_ms: place.start.get(),
            end_ms: place.end.get(),
            spoken_ms,
            used_ms,
            voice_ms: clips().map(|clip| clip.start.get()).min(),
            words: cues.map(|cue| cue.words.len()).sum(),
        }
    };
    let scenes: Vec<SceneFacts> = timeline.timeline.iter().map(scene_facts).collect();
    let ducks = timeline.tracks.audio.iter().flat_map(|track| match track {
        AudioTrack::Music { duck_regions, .. } => duck_regions.as_slice(),
        AudioTrack::Voice { .. } | AudioTrack::ClipSound { .. } | AudioTrack::Effects { .. } => &[],
    });
    Facts {
        duration_ms: timeline.total_duration().get(),
        spoken_ms: takes.values().sum(),
        used_ms: scenes.iter().map(|scene| scene.used_ms).sum(),
        av_offset_ms: None,
        stream_offset_ms: None,
        deepest_duck_db: ducks.clone().map(|duck| duck.gain_db).fold(0.0, f64::min),
        duck_regions: ducks.cloned().collect(),
        lead_ms: timeline.look.captions.lead_ms,
        scenes,
        off: off_words(timeline, &sounds.voice, reworded),
        late_cues: reasons::late_cues(timeline),
        reasons: Vec::new(),
        missing,
    }
}

/// Returns the words during which the voice is mostly silent, and the words after a pause whose nearest voice
/// onset is more than [`OFF`] and less than [`FAR`] away. Returns none if no speech is found in the voice. Scenes whose
/// captions do not repeat the voice are left out.
fn off_words(timeline: &Timeline, voice: &[f32], reworded: &BTreeSet<SceneId>) -> Vec<OffWord> {
    let at = |sample: usize| Ms::new(sample as i64 / PER_MS);
    let sounding: Vec<MsRange> = speech::speech_ranges(voice)
        .iter()
        .map(|range| MsRange::new(at(range.start), at(range.end)))
        .collect();
    if sounding.is_empty() {
        return Vec::new();
    }
    let mut before = Ms::MIN / 2;
    let mut out = Vec::new();
    let cues = timeline.tracks.captions.iter().filter(|cue| !reworded.contains(&cue.scene_id));
    for word in cues.flat_map(|cue| &cue.words) {
        // Punctuation alone is not spoken.
        let is_spoken = word.text.chars().any(char::is_alphanumeric);
        let away = |onset: &Ms| (*onset - word.start).abs();
        let onset = sounding.iter().map(|range| range.start).min_by_key(away);
        let onset = onset.filter(|onset| away(onset) < FAR);
        let shared = |range: &MsRange| range.end.min(word.end) - range.start.max(word.start);
        let heard: Ms = sounding.iter().map(|range| shared(range).max(Ms::ZERO)).sum();
        let is_silent = (heard.get() as f64) < SOUNDS * (word.end - word.start).get() as f64;
        let is_moved =
            word.start - before >= PAUSE && onset.is_some_and(|onset| away(&onset) > OFF);
        if is_spoken && (is_silent || is_moved) {
            let (word, start_ms) = (word.text.clone(), word.start.get());
            out.push(OffWord { word, start_ms, heard_ms: onset.map(Ms::get) });
        }
        before = word.end;
    }
    out
}
