//! The receipt: the request, the delivery, and the findings of the self-check.

use pytoon_core::layout::Format;
use pytoon_core::note::NoteReport;
use pytoon_core::profile::Profile;
use pytoon_engines::engine_manager::AttemptRecord;
use pytoon_vocabulary::EngineName;
use pytoon_voice::alignment::AlignmentMethod;
use pytoon_voice::tts_manager::FailedAttempt;
use serde::{Deserialize, Serialize};

/// The version of the receipt format.
pub const RECEIPT_VERSION: u32 = 1;

/// The content of `metadata.json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Receipt {
    /// The version of the receipt format.
    pub version: u32,
    /// The version of Pytoon that made the film.
    pub pytoon_version: String,
    /// The time at which the film was finished, RFC 3339.
    pub finished_at: String,
    /// The facts about the request.
    pub asked: RequestFacts,
    /// The properties of the finished film file.
    pub output: OutputFacts,
    /// The films of the same brief in further formats.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub further_outputs: Vec<FurtherOutput>,
    /// True if a fallback was used, a requested voice is missing, the self-check has findings, or the film
    /// could not use a charged call.
    pub degraded: bool,
    /// The receipts of the scenes, in order.
    pub scenes: Vec<SceneReceipt>,
    /// The total charges of external engines and paid services for this job according to the ledger, in US dollars.
    #[serde(default)]
    pub spend_usd: f64,
    /// The part of `spend_usd` for clips and speech that the film could not use, in US dollars.
    #[serde(default)]
    pub wasted_usd: f64,
    /// The voice and the timing of its words.
    pub voice: VoiceReceipt,
    /// The loudness of the film's audio.
    pub loudness: LoudnessReceipt,
    /// The encoder and the profile of the film.
    pub encode: EncodeReceipt,
    /// The versions of external programs.
    pub tools: Tools,
    /// The duration of each stage.
    pub stages: Vec<StageTime>,
    /// The warnings about the brief and the render.
    pub warnings: Vec<NoteReport>,
    /// The results of the self-check.
    pub self_check: SelfCheck,
}

/// The facts about the request: the brief, or the timeline from which the film was rendered.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RequestFacts {
    /// The id of the preset; `timeline` for a film that was rendered from a timeline.
    pub preset_id: String,
    /// The seed of the film's random choices.
    pub seed: u64,
    /// The target length, in seconds.
    pub target_duration_seconds: Option<f64>,
    /// The music, as requested or from the preset.
    pub music: String,
    /// The number of planned scenes.
    pub scenes: usize,
}

/// A film of the same brief in a further format. Its own receipt has its findings.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FurtherOutput {
    /// The format, such as `1:1`.
    pub format: Format,
    /// The properties of the film's file.
    pub output: OutputFacts,
    /// The name of the film's receipt in the job folder.
    pub receipt: String,
    /// The number of findings of the film's self-check.
    pub findings: usize,
}

/// The properties of the finished file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OutputFacts {
    /// The name of the file in the job folder.
    pub file: String,
    /// The length of the film, in milliseconds.
    pub duration_ms: i64,
    /// The length of the film, in frames.
    pub frames: i64,
    /// The size of the file, in bytes.
    pub size_bytes: u64,
    /// The width of the film, in pixels.
    pub width: u32,
    /// The height of the film, in pixels.
    pub height: u32,
}

/// The receipt of one scene.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SceneReceipt {
    /// The id of the scene.
    pub scene_id: String,
    /// The requested engine.
    pub engine_asked: EngineName,
    /// The engine that drew the scene.
    pub engine_used: EngineName,
    /// True if an engine other than the requested one drew the scene.
    pub fallback_used: bool,
    /// True if an earlier purchase of the same clip was used.
    #[serde(default)]
    pub clip_reused: bool,
    /// Every attempt to use an external engine, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub attempts: Vec<AttemptRecord>,
    /// The credit line of the clip, if the source requires one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub credit: Option<String>,
    /// The way in which the scene was drawn, and the reason for a fallback or a reused clip.
    pub reason: String,
    /// The length of the scene, in milliseconds.
    pub duration_ms: i64,
}

/// The voice and the timing of its words.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct VoiceReceipt {
    /// True if a voice was requested.
    pub asked: bool,
    /// The provider that spoke the script, `voice_file` for a recording, or `timeline` for the takes of a
    /// timeline; `None` without a voice.
    pub provider: Option<String>,
    /// The name of the voice, if the provider reports it.
    #[serde(default)]
    pub voice: Option<String>,
    /// The voice's licence, if known.
    #[serde(default)]
    pub licence: Option<String>,
    /// The method by which words were timed.
    pub alignment: AlignmentMethod,
    /// The confidence in the word times, 0 to 1; `None` if this job aligned no words.
    pub alignment_confidence: Option<f64>,
    /// The factor by which the voice was sped up.
    pub tempo: f64,
    /// The number of timed words.
    pub words: usize,
    /// The providers that failed, in order.
    #[serde(default)]
    pub attempts: Vec<FailedAttempt>,
    /// True if a local voice is the fallback for a service, or for the local voice that the brief names.
    #[serde(default)]
    pub stepped_down: bool,
}

/// The loudness of the film's audio. A loudness that cannot be measured, such as that of silence, is `None`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LoudnessReceipt {
    /// The target loudness, in LUFS.
    pub target_lufs: f64,
    /// The integrated loudness before mastering, in LUFS.
    pub before_lufs: Option<f64>,
    /// The integrated loudness of the mix, in LUFS.
    pub after_lufs: Option<f64>,
    /// The integrated loudness of the decoded file, in LUFS.
    pub decoded_lufs: Option<f64>,
    /// The true peak of the decoded file, in dBTP.
    pub decoded_true_peak_dbtp: Option<f64>,
    /// The mastering gain, in dB.
    pub gain_db: f64,
    /// The maximum gain reduction of the limiter, in dB.
    pub limiting_db: f64,
    /// The distance from the level of the voice down to that of music and clips, in LU.
    pub bed_below_voice_lu: Option<f64>,
    /// The smallest distance from words down to a sound effect that is heard with them, in LU; absent without effects.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub effects_below_words_lu: Option<f64>,
}

/// The encoder and the profile of the film.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct EncodeReceipt {
    /// The name of the encoder used; several names, separated by commas, if the chunks differ.
    pub encoder: String,
    /// The requested profile.
    pub profile: Profile,
}

/// The versions of external programs; `None` for a program that does not run.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Tools {
    /// The version of FFmpeg.
    pub ffmpeg: Option<String>,
    /// The version of eSpeak NG, a local voice.
    pub espeak: Option<String>,
}

/// The duration of a stage.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct StageTime {
    /// The name of the stage.
    pub stage: String,
    /// The duration of the stage, in milliseconds.
    pub duration_ms: u64,
    /// True if the result of an earlier run was used.
    pub reused: bool,
}

impl StageTime {
    pub(crate) fn new(stage: &str, duration_ms: u64, reused: bool) -> Self {
        Self { stage: stage.to_owned(), duration_ms, reused }
    }
}

/// The results of the self-check.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SelfCheck {
    /// True if every frame of the file was decoded, false if only its key frames.
    pub full: bool,
    /// The names of the checks that were performed.
    pub checks: Vec<String>,
    /// The findings; empty if every check passed.
    pub findings: Vec<Finding>,
}

/// A finding of the self-check.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Finding {
    /// The name of the check.
    pub check: String,
    /// The description of the problem.
    pub detail: String,
}
