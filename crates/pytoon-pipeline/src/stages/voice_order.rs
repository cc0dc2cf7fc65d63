//! The input and the output of the `voice` stage.

use crate::Result;
use crate::folder::JobFolder;
use crate::receipt::VoiceReceipt;
use crate::sources::entries;
use crate::stages::Asset;
use pytoon_audio::wav;
use pytoon_config::settings::{AlignmentSettings, VoiceDefaults};
use pytoon_config::tts::TtsSettings;
use pytoon_core::brief::VoiceSettings;
use pytoon_core::note::Note;
use pytoon_core::preset::Preset;
use pytoon_core::scene::SceneGraph;
use pytoon_core::timeline::fit::Fit;
use pytoon_core::timeline::utterance::Utterance;
use pytoon_normalize::Pronunciations;
use pytoon_process::disk;
use pytoon_records::ledger::CallLimits;
use pytoon_vocabulary::MicroUsd;
use pytoon_voice::alignment::AlignmentMethod;
use pytoon_voice::tts::{Quote, VoiceUsed};
use pytoon_voice::tts_manager::FailedAttempt;
use serde::{Deserialize, Serialize};
use std::io::Cursor;

/// The stage that synthesizes the script or reads the recording.
pub(crate) struct VoiceStage<'a> {
    /// The voice of an earlier film of this job, which a resumed job keeps.
    pub(crate) kept: Option<KeptVoice>,
    /// The budgets that limit calls to paid services.
    pub(crate) limits: CallLimits,
    pub(crate) refuse: Refuse<'a>,
}

#[derive(Clone, Serialize)]
pub(crate) struct VoiceInput {
    /// The scenes with only their spoken text and minimum lengths.
    pub(crate) graph: SceneGraph,
    pub(crate) recording: Option<Asset>,
    pub(crate) settings: VoiceSettings,
    /// A note that the language was detected and may be wrong, if the brief does not state it.
    pub(crate) assumed_language: Option<Note>,
    pub(crate) preset: Preset,
    pub(crate) target_ms: Option<i64>,
    pub(crate) tts: TtsSettings,
    pub(crate) defaults: VoiceDefaults,
    pub(crate) alignment: AlignmentSettings,
    pub(crate) guessed_script: Option<String>,
    #[serde(serialize_with = "entries")]
    pub(crate) pronunciations: Pronunciations,
    /// The cache key of the available voices and services; `None` if the job keeps its voice.
    pub(crate) means: Option<String>,
}

/// The voice of an earlier film of the same job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct KeptVoice {
    pub(super) provider: String,
    pub(super) name: Option<String>,
}

/// A check that rejects a film before its voice is purchased, based on the lengths of its scenes and the price of the
/// voice.
pub(crate) type Refuse<'a> = &'a dyn Fn(&Fit, MicroUsd) -> Result<()>;

/// The result of the `voice` stage.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct VoiceResult {
    /// The utterances, by scene.
    pub(crate) speech: Vec<Vec<Utterance>>,
    /// The provider that spoke, or `voice_file`; `None` without a voice.
    pub(crate) provider: Option<String>,
    /// The voice that spoke, if the provider reports it.
    #[serde(default)]
    pub(crate) voice: Option<VoiceUsed>,
    /// The method by which words were timed.
    pub(crate) method: AlignmentMethod,
    /// The confidence in the word times, 0 to 1; `None` without a voice.
    pub(crate) confidence: Option<f64>,
    /// Notes on failed providers and assumptions.
    pub(crate) warnings: Vec<Note>,
    /// The factor by which the voice was sped up.
    pub(crate) tempo: f64,
    /// The providers that failed, in order.
    #[serde(default)]
    pub(crate) attempts: Vec<FailedAttempt>,
    /// True if a local voice is the fallback for a service, or for the local voice that the brief names.
    #[serde(default)]
    pub(crate) stepped_down: bool,
    /// The price of the paid voice that was left out because purchases are not allowed.
    #[serde(default)]
    pub(crate) quote: Option<Quote>,
}

impl VoiceResult {
    pub(crate) fn new(
        speech: Vec<Vec<Utterance>>,
        provider: Option<&str>,
        method: AlignmentMethod,
    ) -> Self {
        Self {
            speech,
            provider: provider.map(str::to_owned),
            voice: None,
            method,
            confidence: (method == AlignmentMethod::Provider).then_some(1.0),
            warnings: Vec::new(),
            tempo: 1.0,
            attempts: Vec::new(),
            stepped_down: false,
            quote: None,
        }
    }

    /// Returns the notes on the voice of a film, including one if the voice was sped up.
    pub(crate) fn notes(&self) -> impl Iterator<Item = Note> {
        let sped_up = (self.tempo > 1.0).then_some(Note::VoiceSpedUp { factor: self.tempo });
        self.warnings.iter().cloned().chain(sped_up)
    }

    /// Returns the section of the receipt about the voice. `asked` is true if the film is to have a voice.
    pub(crate) fn receipt(&self, asked: bool) -> VoiceReceipt {
        let voice = self.voice.as_ref();
        VoiceReceipt {
            asked,
            provider: self.provider.clone(),
            voice: voice.map(|voice| voice.name.clone()),
            licence: voice.and_then(|voice| voice.licence.clone()),
            alignment: self.method,
            alignment_confidence: self.confidence,
            tempo: self.tempo,
            words: self.speech.iter().flatten().map(|u| u.words.len()).sum(),
            attempts: self.attempts.clone(),
            stepped_down: self.stepped_down,
        }
    }
}

pub(crate) fn silent(graph: &SceneGraph) -> VoiceResult {
    VoiceResult::new(vec![Vec::new(); graph.scenes.len()], None, AlignmentMethod::Reading)
}

pub(crate) fn write_take(folder: &JobFolder, name: &str, samples: &[f32]) -> Result<()> {
    let mut bytes = Cursor::new(Vec::new());
    wav::write_mono(&mut bytes, samples)?;
    disk::write_whole(&folder.new_work(name)?, &bytes.into_inner())?;
    Ok(())
}
