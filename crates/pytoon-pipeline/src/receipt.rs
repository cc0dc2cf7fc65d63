//! The receipt: what was asked, what was delivered, and what the self-check found.

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
    /// When the film was finished, RFC 3339.
    pub finished_at: String,
    /// What was asked for.
    pub asked: Asked,
    /// The finished file.
    pub output: OutputFacts,
    /// Whether anything was delivered short of what was asked.
    pub degraded: bool,
    /// Scene by scene.
    pub scenes: Vec<SceneReceipt>,
    /// What outside engines were charged for this job by the ledger, in US dollars.
    #[serde(default)]
    pub spend_usd: f64,
    /// How much of it bought clips that the film could not use, in US dollars.
    #[serde(default)]
    pub wasted_usd: f64,
    /// The voice.
    pub voice: VoiceReceipt,
    /// The sound.
    pub loudness: LoudnessReceipt,
    /// How the film was encoded.
    pub encode: EncodeReceipt,
    /// Programs used.
    pub tools: Tools,
    /// Time per stage.
    pub stages: Vec<StageTime>,
    /// What had to be bent.
    pub warnings: Vec<NoteReport>,
    /// The self-check.
    pub self_check: SelfCheck,
}

/// What was asked for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Asked {
    /// The preset.
    pub preset_id: String,
    /// The seed.
    pub seed: u64,
    /// The length, in seconds.
    pub target_duration_seconds: Option<f64>,
    /// The music, as asked or from the preset.
    pub music: String,
    /// Scenes planned.
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
    /// The engine asked for.
    pub engine_asked: EngineName,
    /// The engine that drew it.
    pub engine_used: EngineName,
    /// Whether that is another one.
    pub fallback_used: bool,
    /// Whether an earlier purchase of the same clip was used.
    #[serde(default)]
    pub clip_reused: bool,
    /// Every attempt at an outside engine, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub attempts: Vec<AttemptRecord>,
    /// Who is to be credited for the clip.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub credit: Option<String>,
    /// Why this engine, and how the scene was drawn.
    pub reason: String,
    /// Its length in milliseconds.
    pub duration_ms: i64,
}

/// The voice.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct VoiceReceipt {
    /// Whether a voice was asked for.
    pub asked: bool,
    /// Who spoke; absent when nobody did.
    pub provider: Option<String>,
    /// The voice, where the provider knows it.
    #[serde(default)]
    pub voice: Option<String>,
    /// The voice's licence, where it is known.
    #[serde(default)]
    pub licence: Option<String>,
    /// How words were timed.
    pub alignment: AlignmentMethod,
    /// How far to trust that, 0 to 1; absent where there is no voice.
    pub alignment_confidence: Option<f64>,
    /// How much faster than natural it was spoken.
    pub tempo: f64,
    /// Words timed.
    pub words: usize,
    /// Who was asked before and failed, in order.
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
    /// How far the bed lies below the voice, in LU.
    pub bed_below_voice_lu: Option<f64>,
}

/// How the film was encoded.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct EncodeReceipt {
    /// The encoder used.
    pub encoder: String,
    /// The profile asked for.
    pub profile: Profile,
}

/// Programs used.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Tools {
    /// FFmpeg's version.
    pub ffmpeg: Option<String>,
    /// The local voice's version.
    pub espeak: Option<String>,
}

/// Time of a stage.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct StageTime {
    /// The stage.
    pub stage: String,
    /// How long it took, in milliseconds.
    pub duration_ms: u64,
    /// Whether an earlier run's result was used.
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
    /// Whether every frame of the file was decoded, or its key frames.
    pub full: bool,
    /// What was checked.
    pub checks: Vec<String>,
    /// What was found; empty is good.
    pub findings: Vec<Finding>,
}

/// Something the self-check found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Finding {
    /// The check.
    pub check: String,
    /// What was found.
    pub detail: String,
}
