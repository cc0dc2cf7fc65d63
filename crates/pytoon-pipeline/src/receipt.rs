//! The receipt: the request, the delivery, and the findings of the self-check.

use pytoon_core::note::NoteReport;
use pytoon_core::profile::Profile;
use pytoon_engines::engine_manager::AttemptRecord;
use pytoon_vocabulary::EngineName;
use pytoon_voice::alignment::AlignmentMethod;
use pytoon_voice::tts_manager::FailedAttempt;
use serde::{Deserialize, Serialize};

/// The version of the receipt's format.
pub const RECEIPT_VERSION: u32 = 1;

/// `metadata.json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Receipt {
    /// The format's version.
    pub version: u32,
    /// The program's version.
    pub pytoon_version: String,
    /// The time when the film was finished, RFC 3339.
    pub finished_at: String,
    /// The request.
    pub asked: RequestFacts,
    /// The finished file.
    pub output: OutputFacts,
    /// True if the film is degraded.
    pub degraded: bool,
    /// The scenes, in order.
    pub scenes: Vec<SceneReceipt>,
    /// The total charges of external engines for this job by the ledger, in US dollars.
    #[serde(default)]
    pub spend_usd: f64,
    /// The part of it for clips that the film could not use, in US dollars.
    #[serde(default)]
    pub wasted_usd: f64,
    /// The voice.
    pub voice: VoiceReceipt,
    /// The sound.
    pub loudness: LoudnessReceipt,
    /// The encoding.
    pub encode: EncodeReceipt,
    /// The programs used.
    pub tools: Tools,
    /// The duration of each stage.
    pub stages: Vec<StageTime>,
    /// The warnings.
    pub warnings: Vec<NoteReport>,
    /// The self-check.
    pub self_check: SelfCheck,
}

/// The request.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RequestFacts {
    /// The preset.
    pub preset_id: String,
    /// The seed.
    pub seed: u64,
    /// The target length, in seconds.
    pub target_duration_seconds: Option<f64>,
    /// The music, as requested or from the preset.
    pub music: String,
    /// The number of planned scenes.
    pub scenes: usize,
}

/// The finished file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OutputFacts {
    /// Its name in the job folder.
    pub file: String,
    /// Its length in milliseconds.
    pub duration_ms: i64,
    /// Its length in frames.
    pub frames: i64,
    /// Its size in bytes.
    pub size_bytes: u64,
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
}

/// One scene.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SceneReceipt {
    /// The scene.
    pub scene_id: String,
    /// The requested engine.
    pub engine_asked: EngineName,
    /// The engine that drew it.
    pub engine_used: EngineName,
    /// True if another engine drew it than requested.
    pub fallback_used: bool,
    /// True if an earlier purchase of the same clip was used.
    #[serde(default)]
    pub clip_reused: bool,
    /// Every attempt at an external engine, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub attempts: Vec<AttemptRecord>,
    /// The credit line of the clip, if the source requires one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub credit: Option<String>,
    /// The reason for this engine, and the way the scene was drawn.
    pub reason: String,
    /// Its length in milliseconds.
    pub duration_ms: i64,
}

/// The voice.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct VoiceReceipt {
    /// True if a voice was requested.
    pub asked: bool,
    /// The provider that spoke; `None` without a voice.
    pub provider: Option<String>,
    /// The voice, if the provider reports it.
    #[serde(default)]
    pub voice: Option<String>,
    /// The voice's licence, if known.
    #[serde(default)]
    pub licence: Option<String>,
    /// The method of the word timing.
    pub alignment: AlignmentMethod,
    /// The confidence in the timing, 0 to 1; `None` without a voice.
    pub alignment_confidence: Option<f64>,
    /// The factor by which the voice was sped up.
    pub tempo: f64,
    /// The number of timed words.
    pub words: usize,
    /// The providers that were asked before and failed, in order.
    #[serde(default)]
    pub attempts: Vec<FailedAttempt>,
    /// True if a local voice replaces that of a service.
    #[serde(default)]
    pub stepped_down: bool,
}

/// The sound.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LoudnessReceipt {
    /// The target in LUFS.
    pub target_lufs: f64,
    /// Integrated loudness before mastering.
    pub before_lufs: Option<f64>,
    /// Integrated loudness of the mix.
    pub after_lufs: Option<f64>,
    /// Integrated loudness of the decoded file.
    pub decoded_lufs: Option<f64>,
    /// True peak of the decoded file in dBTP.
    pub decoded_true_peak_dbtp: Option<f64>,
    /// Gain of mastering in dB.
    pub gain_db: f64,
    /// Deepest limiting in dB.
    pub limiting_db: f64,
    /// The level of the bed below the voice, in LU.
    pub bed_below_voice_lu: Option<f64>,
}

/// The encoding.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct EncodeReceipt {
    /// The encoder used.
    pub encoder: String,
    /// The requested profile.
    pub profile: Profile,
}

/// The programs used.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Tools {
    /// FFmpeg's version.
    pub ffmpeg: Option<String>,
    /// The local voice's version.
    pub espeak: Option<String>,
}

/// The duration of a stage.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct StageTime {
    /// The stage.
    pub stage: String,
    /// Its duration, in milliseconds.
    pub duration_ms: u64,
    /// True if an earlier run's result was used.
    pub reused: bool,
}

impl StageTime {
    pub(crate) fn new(stage: &str, duration_ms: u64, reused: bool) -> Self {
        Self { stage: stage.to_owned(), duration_ms, reused }
    }
}

/// The self-check.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SelfCheck {
    /// True if every frame of the file was decoded, false if only its key frames.
    pub full: bool,
    /// The checks.
    pub checks: Vec<String>,
    /// The findings; empty if the film is good.
    pub findings: Vec<Finding>,
}

/// A finding of the self-check.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Finding {
    /// The check.
    pub check: String,
    /// The finding.
    pub detail: String,
}
