//! Synthesizes the voice or reads a recording, and assigns it to scenes.
//!
//! Takes are stored in the work folder and reused from there, so a resumed or repeated render does not synthesize
//! them again.

use super::voice_order::{
    KeptVoice, Refuse, VoiceInput, VoiceResult, VoiceStage, silent, write_take,
};
use crate::folder::JobFolder;
use crate::receipt::VoiceReceipt;
use crate::sources::Sources;
use crate::stage::{Stage, StageContext, Step, last_output};
use crate::stages::voice_warnings::language_note;
use crate::stages::{Asset, speech};
use crate::{PipelineError, Result};
use pytoon_config::settings::Settings;
use pytoon_core::artifact;
use pytoon_core::brief::MAX_FILM_SECONDS;
use pytoon_core::chain::LOCAL_ENGINE;
use pytoon_core::note::Note;
use pytoon_core::preset::{Grade, Move, TransitionKind};
use pytoon_core::scene::{MediaKind, MusicSource, SceneGraph, SceneMedia, VoiceSource};
use pytoon_core::text;
use pytoon_core::timeline::build::needs;
use pytoon_core::timeline::fit::{self};
use pytoon_process::SystemError;
use pytoon_records::ledger::CallLimits;
use pytoon_vocabulary::Background;
use pytoon_voice::alignment::Mismatch;
use pytoon_voice::alignment::recorded::Recorded;
use pytoon_voice::voice_processor::{self, Recording};
use pytoon_voice::{VoiceError, voice_mapper};
use serde::Deserialize;
use std::collections::BTreeSet;
use std::path::Path;

impl KeptVoice {
    /// Returns the voice that a resumed job keeps: the voice of its last take, or else of its receipt.
    /// Returns `None` if there is none, if it was a fallback voice, or if the brief chooses a provider or a
    /// voice itself.
    pub(crate) fn of(folder: &JobFolder, sources: &Sources) -> Option<Self> {
        let asked = sources.brief.voice_settings();
        if asked.provider.is_some() || asked.name.is_some() {
            return None;
        }
        let receipt = || {
            let bytes = std::fs::read(folder.published_path(artifact::METADATA)).ok()?;
            serde_json::from_slice::<EarlierReceipt>(&bytes).ok().map(|receipt| receipt.voice)
        };
        let refuse: Refuse<'_> = &|_, _| Ok(());
        let stage = VoiceStage { kept: None, limits: CallLimits::default(), refuse };
        let last = last_output(folder, &stage).map(|spoken| spoken.receipt(true));
        let voice = last.or_else(receipt)?;
        let is_substitute = voice.stepped_down || !voice.attempts.is_empty();
        Some(Self { provider: voice.provider.filter(|_| !is_substitute)?, name: voice.voice })
    }
}

/// The section of an earlier receipt that names the voice.
#[derive(Deserialize)]
struct EarlierReceipt {
    voice: VoiceReceipt,
}

impl VoiceInput {
    pub(crate) fn of(
        sources: &Sources,
        graph: &SceneGraph,
        settings: &Settings,
        means: Option<String>,
    ) -> Self {
        let recording = sources.brief.voice_file.as_deref();
        Self {
            graph: spoken_part(graph),
            recording: recording.map(Asset::of),
            settings: sources.brief.voice_settings(),
            assumed_language: language_note(&sources.brief),
            preset: sources.preset.clone(),
            target_ms: target_ms(sources),
            tts: settings.tts.clone(),
            defaults: settings.voice.clone(),
            alignment: settings.alignment.clone(),
            guessed_script: sources.guessed_script.clone(),
            pronunciations: sources.pronunciations.clone(),
            means,
        }
    }
}

/// Returns a copy of the graph in which every setting that affects neither the voice nor the length of a scene is
/// neutral.
fn spoken_part(graph: &SceneGraph) -> SceneGraph {
    let plain = SceneMedia {
        kind: MediaKind::Background,
        asset: None,
        engine: LOCAL_ENGINE.into(),
        prompt: None,
        effect: Move::Auto,
        fit: None,
    };
    let mut graph = graph.clone();
    graph.warnings.clear();
    graph.seed = 0;
    graph.preset_id.clear();
    graph.global_audio.music = MusicSource::None;
    for scene in &mut graph.scenes {
        scene.description.clear();
        scene.duration = 0;
        scene.media = plain.clone();
        // A silent scene is as long as it takes to read its text and to see its media.
        let seen = if scene.sentences.is_empty() { scene.more_media.len() } else { 0 };
        scene.more_media = vec![plain.clone(); seen];
        if !scene.sentences.is_empty() {
            scene.caption = None;
        }
        scene.caption_is_override = false;
        scene.shown_as = None;
        scene.caption_shift = 0;
        scene.emphasis.clear();
        scene.style.keywords.clear();
        scene.style.background = Background::Aurora;
        scene.style.grade = Grade::Clean;
        scene.style.energy = 0.0;
        scene.overlays.clear();
        scene.transition = TransitionKind::Cut;
        scene.engine_chain = None;
    }
    graph
}

impl VoiceResult {
    /// Returns the names of the take files, each once.
    pub(crate) fn takes(&self) -> Vec<String> {
        let takes: BTreeSet<&String> = self.speech.iter().flatten().map(|u| &u.asset).collect();
        takes.into_iter().cloned().collect()
    }
}

impl Stage for VoiceStage<'_> {
    type Input = VoiceInput;
    type Output = VoiceResult;

    fn name(&self) -> String {
        "voice".to_owned()
    }

    fn artifacts(&self, result: &VoiceResult) -> Vec<String> {
        result.takes()
    }

    /// Returns true if no provider failed. Failed providers are retried, and existing purchases are reused.
    fn is_usable(&self, _: &StageContext<'_>, spoken: &VoiceResult) -> Result<bool> {
        Ok(spoken.attempts.is_empty())
    }

    fn run(&self, context: &StageContext<'_>, input: &VoiceInput) -> Result<Step<VoiceResult>> {
        let result = match (&input.graph.global_audio.voice, &input.recording) {
            (VoiceSource::File { .. }, Some(recording)) => {
                voice_from_recording(context, input, recording)?
            }
            (VoiceSource::Tts, _) => speech::synthetic(context, input, self)?,
            (VoiceSource::Off | VoiceSource::File { .. }, _) => silent(&input.graph),
        };
        voice_mapper::report(&result.speech);
        Ok(Step::Done(result))
    }
}

/// Returns true if the film is to have a voice.
pub(crate) fn is_asked(graph: &SceneGraph) -> bool {
    graph.global_audio.voice != VoiceSource::Off
        && graph.scenes.iter().any(|scene| !scene.sentences.is_empty())
}

/// Returns a message if a local voice is only a fallback, or if the film has no voice although one was requested.
/// Otherwise returns `None`.
pub(crate) fn shortfall(graph: &SceneGraph, result: &VoiceResult) -> Option<String> {
    let is_silent = is_asked(graph) && result.provider.is_none();
    let why: Vec<String> = result.warnings.iter().map(Note::to_string).collect();
    (is_silent || result.stepped_down)
        .then(|| format!("the requested voice is not used: {}", why.join("; ")))
}

fn voice_from_recording(
    context: &StageContext<'_>,
    input: &VoiceInput,
    recording: &Asset,
) -> Result<VoiceResult> {
    let graph = &input.graph;
    let path = Path::new(&recording.path);
    let denoise = input.settings.denoise.unwrap_or(input.defaults.denoise);
    let recording = voice_processor::read_recording(context.runner(), path, denoise);
    let recording = recording.map_err(|error| match error {
        VoiceError::Recording(SystemError::Cancelled) => PipelineError::from(error),
        other => context.field_error("voice_file", other.to_string()).into(),
    })?;
    let sentences: Vec<Vec<text::Word>> =
        graph.scenes.iter().flat_map(|s| s.sentences.iter()).map(|s| text::words(s)).collect();
    voice_processor::report(
        "voice_file",
        recording.raw_ms,
        recording.duration_ms(),
        recording.noise_floor_db,
        sentences.iter().map(Vec::len).sum(),
        recording.denoised,
    );
    let mut aligner = context.aligner(&input.alignment, &input.tts);
    if input.guessed_script.is_some() {
        // The script is a guess, so acoustic alignment is meaningless here: use the even split.
        aligner.order.clear();
    }
    let timed = aligner.align(Recorded {
        samples: &recording.samples,
        speech: &recording.speech,
        sentences: &sentences,
        language: &graph.language,
    })?;
    let asset = artifact::voice_take(0);
    write_take(context.folder, &asset, &recording.samples)?;
    let speech = voice_mapper::map_recording(graph, &recording, &timed.words, &asset);
    // A recording is never sped up: that would be audible. It must fit as it is.
    let fitted =
        fit::fit(&needs(graph, &input.preset, &speech), input.target_ms, &input.preset.pacing);
    if !fitted.is_ok_and(|fitted| fitted.tempo <= 1.0) {
        let seconds = recording.duration_ms() as f64 / 1000.0;
        let reason = format!(
            "the recording lasts {seconds:.1} s with its pauses; the maximum for a film is \
             {MAX_FILM_SECONDS} s: shorten it"
        );
        return Err(context.field_error("voice_file", reason).into());
    }
    let mut result = VoiceResult::new(speech, Some("voice_file"), timed.method);
    result.confidence = Some(timed.confidence);
    let mismatches = timed.mismatch.iter();
    result.warnings.extend(mismatches.map(|it| mismatch_note(it, &sentences, &recording)));
    result.warnings.extend(match input.guessed_script.clone() {
        Some(reason) => Some(Note::RecordingWithoutScript { reason }),
        None => timed.guess.map(|reason| Note::WordsSpread { reason }),
    });
    Ok(result)
}

/// Returns a note on one difference between a recording and its script, with times in the user's file.
fn mismatch_note(
    mismatch: &Mismatch,
    sentences: &[Vec<text::Word>],
    recording: &Recording,
) -> Note {
    let of_file = |ms: i64| ms + recording.lead_ms;
    match mismatch {
        Mismatch::Unsaid { sentences: unsaid, at_ms } => {
            let words = sentences.get(unsaid.clone()).unwrap_or_default().iter();
            Note::RecordingLacksWords {
                words: words.map(|words| text::join(words)).collect::<Vec<_>>().join(" "),
                at_ms: of_file(*at_ms),
                at_end: unsaid.end == sentences.len(),
            }
        }
        Mismatch::Unscripted(range) => {
            let (from_ms, to_ms) = (of_file(range.start.get()), of_file(range.end.get()));
            Note::RecordingSaysMore { from_ms, to_ms }
        }
    }
}

/// Returns the target length of a brief, in milliseconds; `None` if the brief sets none.
pub(crate) fn target_ms(sources: &Sources) -> Option<i64> {
    sources.brief.target_duration_seconds.map(|seconds| (seconds * 1000.0).round() as i64)
}
