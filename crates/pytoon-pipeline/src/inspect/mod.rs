//! What was heard and shown when, for whoever asks why a caption is late.
//!
//! Reads a finished job's folder: the timeline, the receipt, the stems and the film itself. Says
//! which words stand where nobody speaks, and how far the film's sound lies from its picture.
//!
//! Start with [`inspect`]; `reasons` says why a caption is late, [`chart`] draws what was found.

pub mod chart;
mod reasons;

use crate::Result;
use crate::delivery::voice_clips;
use crate::receipt::Receipt;
use pytoon_audio::{lag, speech, wav};
use pytoon_config::ConfigError;
use pytoon_core::layout;
use pytoon_core::time::MsRange;
use pytoon_core::timeline::{AudioTrack, Timeline, TimelineScene, VoiceClip};
use pytoon_ffmpeg::probe::probe;
use pytoon_ffmpeg::sound;
use pytoon_process::{Runner, SystemError};
use pytoon_vocabulary::{DuckRegion, Ms};
use serde::Serialize;
use std::collections::BTreeMap;
use std::error::Error;
use std::fs::File;
use std::io::BufReader;
use std::path::Path;

/// Samples in a millisecond.
const PER_MS: i64 = 48;
/// A word is off when its start is further than this from where the voice begins to sound.
const OFF: Ms = Ms::new(80);
/// A word follows a pause when this much silence is before it.
const PAUSE: Ms = Ms::new(120);
/// A sound further off than this belongs to another word.
const FAR: Ms = Ms::new(1_000);
/// A word stands in silence when less than this part of it sounds.
const SOUNDS: f64 = 0.35;
/// How far sound and picture may be apart and still be found, in milliseconds.
const MOST_LAG_MS: usize = 400;

/// What a job's folder says.
#[derive(Debug, Clone)]
pub struct Inspection {
    /// The timeline as drawn and mixed.
    pub timeline: Timeline,
    /// The receipt.
    pub receipt: Receipt,
    /// The table.
    pub facts: Facts,
    /// Sounds for the picture.
    pub sounds: Sounds,
}

/// Sounds of the film, 48 kHz mono; empty where the file is missing.
#[derive(Debug, Clone, Default)]
pub struct Sounds {
    /// The mastered mix.
    pub mix: Vec<f32>,
    /// The voice as mixed.
    pub voice: Vec<f32>,
    /// Music and clips as mixed.
    pub music: Vec<f32>,
}

/// The table, as data.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Facts {
    /// The film's length in milliseconds.
    pub duration_ms: i64,
    /// All takes together, as they were spoken, in milliseconds.
    pub spoken_ms: i64,
    /// What of them is heard.
    pub used_ms: i64,
    /// By how many milliseconds the film's sound is later than its picture asks for: where its
    /// stream starts, and where in it the mix is heard. Absent in a silent film.
    pub av_offset_ms: Option<f64>,
    /// By how many of them the stream of the sound starts after that of the picture.
    pub stream_offset_ms: Option<f64>,
    /// Where the music is lowered.
    pub duck_regions: Vec<DuckRegion>,
    /// How far at most, in dB.
    pub deepest_duck_db: f64,
    /// Highlights begin this long before their words.
    pub lead_ms: i64,
    /// The scenes.
    pub scenes: Vec<SceneFacts>,
    /// Words that are not where the voice is.
    pub off: Vec<OffWord>,
    /// Captions that come after their first word should light up.
    pub late_cues: Vec<LateCue>,
    /// Why captions are late; empty where nothing makes them so.
    pub reasons: Vec<String>,
    /// What could not be looked at.
    pub missing: Vec<String>,
}

/// A scene of the table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SceneFacts {
    /// Its id.
    pub scene: String,
    /// When it begins in the film, in milliseconds.
    pub start_ms: i64,
    /// When it ends.
    pub end_ms: i64,
    /// Its takes as they were spoken.
    pub spoken_ms: i64,
    /// What of them is heard.
    pub used_ms: i64,
    /// When its voice begins in the film.
    pub voice_ms: Option<i64>,
    /// Its words.
    pub words: usize,
}

/// A word that is not where the voice is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct OffWord {
    /// As it is written.
    pub word: String,
    /// When the timeline says it begins, in milliseconds.
    pub start_ms: i64,
    /// When the voice begins to sound nearby; absent where it does not.
    pub heard_ms: Option<i64>,
}

/// A caption that is not on screen when its first word should light up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LateCue {
    /// Its text.
    pub text: String,
    /// When it comes, in milliseconds.
    pub start_ms: i64,
    /// How much too late.
    pub late_ms: i64,
}

/// Reads a finished job's folder.
///
/// # Errors
/// When the folder holds no finished job, or one of its files is not understood.
pub fn inspect(runner: &Runner, root: &Path) -> Result<Inspection> {
    if !root.join(layout::METADATA).is_file() || !root.join(layout::TIMELINE).is_file() {
        let reason = if root.join(layout::WORK_DIR).is_dir() {
            "this job is not finished: `pytoon resume` continues it"
        } else {
            "this folder has no job: metadata.json and timeline.json are missing; name the folder \
             of the film that `pytoon render` printed"
        };
        return Err(ConfigError::file(root.display().to_string(), reason).into());
    }
    let timeline: Timeline = read_json(&root.join(layout::TIMELINE))?;
    let receipt: Receipt = read_json(&root.join(layout::METADATA))?;
    let mut missing = Vec::new();
    let mut stem = |name: &str| samples(root, name, &mut missing).unwrap_or_default();
    let sounds = Sounds {
        mix: stem(layout::MIXED),
        voice: stem(layout::VOICE_STEM),
        music: stem(layout::MUSIC_STEM),
    };
    let output = root.join(layout::OUTPUT);
    let lag_ms = match sound::decode_mono(runner, &output) {
        Ok(heard) => lag::lag_ms(&sounds.mix, &heard, MOST_LAG_MS),
        Err(SystemError::Cancelled) => return Err(SystemError::Cancelled.into()),
        Err(error) => {
            missing.push(format!("{}: {error}", layout::OUTPUT));
            None
        }
    };
    let mut takes = BTreeMap::new();
    for clip in voice_clips(&timeline) {
        if !takes.contains_key(&clip.asset) {
            let take = samples(root, &clip.asset, &mut missing);
            takes.extend(take.map(|take| (clip.asset.clone(), take.len() as i64 / PER_MS)));
        }
    }
    // Decoding begins where the sound does: a stream that starts late is seen by its time alone.
    let stream_offset_ms = match lag_ms.map(|_| probe(runner, &output)) {
        Some(Ok(film)) => film.audio.zip(film.video).map(|(a, v)| (a.start_s - v.start_s) * 1000.0),
        Some(Err(SystemError::Cancelled)) => return Err(SystemError::Cancelled.into()),
        Some(Err(error)) => {
            missing.push(format!("when the streams of {} start: {error}", layout::OUTPUT));
            None
        }
        None => None,
    };
    let mut facts = facts(&timeline, &sounds, &takes, missing);
    facts.av_offset_ms = lag_ms.map(|lag| lag + stream_offset_ms.unwrap_or(0.0));
    facts.stream_offset_ms = stream_offset_ms;
    facts.reasons = reasons::reasons(&timeline, &receipt.voice, &facts);
    Ok(Inspection { timeline, receipt, facts, sounds })
}

fn read_json<T: serde::de::DeserializeOwned>(path: &Path) -> Result<T> {
    let bytes = std::fs::read(path).map_err(|error| SystemError::read(path, error))?;
    let read = serde_json::from_slice(&bytes);
    read.map_err(|error| SystemError::unusable(path, format!("it is invalid: {error}")).into())
}

/// Returns the samples of a sound in one channel, or notes why there are none.
fn samples(root: &Path, name: &str, missing: &mut Vec<String>) -> Option<Vec<f32>> {
    let read = || -> Result<Vec<f32>, Box<dyn Error>> {
        Ok(wav::read(BufReader::new(File::open(root.join(name))?))?.mono())
    };
    read().map_err(|error| missing.push(format!("{name}: {error}"))).ok()
}

fn facts(
    timeline: &Timeline,
    sounds: &Sounds,
    takes: &BTreeMap<String, i64>,
    missing: Vec<String>,
) -> Facts {
    let scene_facts = |scene: &TimelineScene| {
        let clips = || voice_clips(timeline).filter(|clip| clip.scene_id == scene.scene_id);
        let length = |clip: &VoiceClip| (clip.end - clip.start).get();
        let used_ms = clips().map(length).sum();
        // A recording is one take for the whole film; a scene's part of it is what counts.
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
        AudioTrack::Voice { .. } | AudioTrack::ClipSound { .. } => &[],
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
        off: off_words(timeline, &sounds.voice),
        late_cues: reasons::late_cues(timeline),
        reasons: Vec::new(),
        missing,
    }
}

/// Words that stand in silence, or begin elsewhere than the voice does after a pause.
fn off_words(timeline: &Timeline, voice: &[f32]) -> Vec<OffWord> {
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
    for word in timeline.tracks.captions.iter().flat_map(|cue| &cue.words) {
        // Signs alone are not spoken.
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
