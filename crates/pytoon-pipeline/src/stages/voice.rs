//! Makes or reads the voice and gives it to scenes.
//!
//! Takes are written to the work folder and found again there by the hash of what was asked, so a
//! continued or repeated render does not speak twice.

use crate::PipelineError;
use crate::environment::Environment;
use crate::folder::JobFolder;
use crate::receipt::VoiceReceipt;
use crate::sources::Sources;
use crate::stages::{engines, speech};
use pytoon_audio::wav;
use pytoon_config::settings::AlignmentChoice;
use pytoon_config::{BriefFile, Config};
use pytoon_core::layout;
use pytoon_core::note::Note;
use pytoon_core::scene::{SceneGraph, VoiceSource};
use pytoon_core::text;
use pytoon_core::timeline::build::{Utterance, needs};
use pytoon_core::timeline::fit;
use pytoon_media::disk;
use pytoon_media::process::Runner;
use pytoon_voice::alignment::builtin::Builtin;
use pytoon_voice::alignment::chain::{Aligner, Recorded};
use pytoon_voice::alignment::{AlignmentMethod, Mismatch};
use pytoon_voice::tts::neural::{Neural, Voices};
use pytoon_voice::tts::{Quote, VoiceUsed};
use pytoon_voice::tts_manager::FailedAttempt;
use pytoon_voice::voice_processor::{self, Recording};
use pytoon_voice::{VoiceError, voice_mapper};
use serde::{Deserialize, Serialize};
use std::io::Cursor;
use std::path::Path;
use std::sync::Arc;

/// What became of the voice.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct VoiceResult {
    /// Utterances by scene.
    pub(crate) speech: Vec<Vec<Utterance>>,
    /// Who spoke: a provider, `voice_file`, or nobody.
    pub(crate) provider: Option<String>,
    /// The voice that spoke, where the provider knows it.
    #[serde(default)]
    pub(crate) voice: Option<VoiceUsed>,
    /// How words were timed.
    pub(crate) method: AlignmentMethod,
    /// How far to trust that, 0 to 1; absent without a voice.
    pub(crate) confidence: Option<f64>,
    /// What went wrong on the way.
    pub(crate) warnings: Vec<Note>,
    /// How much faster the voice was made.
    pub(crate) tempo: f64,
    /// Who was asked for a voice before and failed.
    #[serde(default)]
    pub(crate) attempts: Vec<FailedAttempt>,
    /// Whether a voice of this machine stands in for a service's.
    #[serde(default)]
    pub(crate) stepped_down: bool,
    /// What a service would have cost, where nothing may be bought.
    #[serde(default)]
    pub(crate) quote: Option<Quote>,
    /// Hash of the voices and services that there were to choose from.
    #[serde(default)]
    pub(crate) means: String,
}

/// The voice of an earlier film of the same job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct KeptVoice {
    pub(super) provider: String,
    pub(super) name: Option<String>,
}

impl KeptVoice {
    /// Returns the voice that a continued job keeps: that of its last take, or else of its receipt.
    /// A voice that stood in for another is not kept, and the brief's own choice comes first.
    fn of(
        env: &Environment,
        sources: &Sources,
        earlier: Option<&VoiceResult>,
        folder: &JobFolder,
    ) -> Option<Self> {
        let asked = sources.brief.voice_settings();
        if !env.keeps_voice || asked.provider.is_some() || asked.name.is_some() {
            return None;
        }
        let receipt = || {
            let bytes = std::fs::read(folder.place(layout::METADATA)).ok()?;
            serde_json::from_slice::<EarlierReceipt>(&bytes).ok().map(|receipt| receipt.voice)
        };
        let (provider, name, is_substitute) = match earlier {
            Some(result) => (
                result.provider.clone(),
                result.voice.as_ref().map(|voice| voice.name.clone()),
                result.stepped_down || !result.attempts.is_empty(),
            ),
            None => receipt().map(|voice| {
                (voice.provider, voice.voice, voice.stepped_down || !voice.attempts.is_empty())
            })?,
        };
        Some(Self { provider: provider.filter(|_| !is_substitute)?, name })
    }
}

/// The part of a receipt that names the voice.
#[derive(Deserialize)]
struct EarlierReceipt {
    voice: VoiceReceipt,
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
            means: String::new(),
        }
    }
}

const RESULT: &str = "voice.json";

/// Runs the stage, or takes over its earlier result.
pub(crate) fn voice(
    env: &Environment,
    file: &BriefFile,
    sources: &Sources,
    graph: &SceneGraph,
    folder: &JobFolder,
) -> Result<(VoiceResult, bool), PipelineError> {
    let stamp = sources.brief.voice_file.as_deref().map(|path| folder.stamp(Path::new(path)));
    let sentences: Vec<_> = graph.scenes.iter().map(|scene| &scene.sentences).collect();
    let input = folder.hash(&(
        (&sentences, &graph.language, &graph.global_audio.voice, stamp),
        (
            &sources.brief.voice,
            &sources.preset.voice,
            &sources.preset.pacing,
            sources.brief.target_duration_seconds,
        ),
        (
            &env.config.settings.tts,
            &env.config.settings.voice,
            &env.config.settings.alignment,
            &sources.guessed_script,
            sources.pronunciations.iter().collect::<Vec<_>>(),
        ),
    ));
    let means = folder.hash(&(speech::installed_voices(env), speech::left_out(env)));
    let earlier = std::fs::read(folder.work(RESULT)).ok();
    let earlier = earlier.and_then(|bytes| serde_json::from_slice::<VoiceResult>(&bytes).ok());
    let kept = KeptVoice::of(env, sources, earlier.as_ref(), folder);
    if folder.is_done("voice", &input, &[RESULT])
        && let Some(result) = earlier
        && (result.means == means || env.keeps_voice)
        && result.speech.iter().flatten().all(|u| folder.work(&u.asset).is_file())
        // Who failed is asked again: what was bought meanwhile is kept.
        && result.attempts.is_empty()
    {
        return Ok((result, true));
    }
    // From here on the earlier takes are not those that their note speaks of.
    folder.undone("voice")?;
    let mut result = match &graph.global_audio.voice {
        VoiceSource::Off => silent(graph),
        VoiceSource::File { path } => recorded(env, file, sources, graph, folder, Path::new(path))?,
        VoiceSource::Tts => speech::synthetic(env, file, sources, graph, folder, kept)?,
    };
    result.means = means;
    voice_mapper::report(&result.speech);
    folder.write(RESULT, &serde_json::to_vec(&result).unwrap_or_default())?;
    folder.done("voice", &input, &[RESULT])?;
    Ok((result, false))
}

/// Whether the film is to have a voice.
pub(crate) fn is_asked(graph: &SceneGraph) -> bool {
    graph.global_audio.voice != VoiceSource::Off
        && graph.scenes.iter().any(|scene| !scene.sentences.is_empty())
}

/// Stops the job where a local voice or none stands in for a service's and the brief wants that
/// rather than a lesser film.
pub(crate) fn degraded(
    env: &Environment,
    folder: &JobFolder,
    sources: &Sources,
    graph: &SceneGraph,
    result: &VoiceResult,
) -> Result<(), PipelineError> {
    let is_silent = is_asked(graph) && result.provider.is_none();
    if !is_silent && !result.stepped_down {
        return Ok(());
    }
    let why: Vec<String> = result.warnings.iter().map(Note::to_string).collect();
    engines::stop(env, folder, sources, format!("the voice fell back: {}", why.join("; ")))
}

pub(crate) fn silent(graph: &SceneGraph) -> VoiceResult {
    VoiceResult::new(vec![Vec::new(); graph.scenes.len()], None, AlignmentMethod::Reading)
}

fn recorded(
    env: &Environment,
    file: &BriefFile,
    sources: &Sources,
    graph: &SceneGraph,
    folder: &JobFolder,
    path: &Path,
) -> Result<VoiceResult, PipelineError> {
    let denoise =
        sources.brief.voice_settings().denoise.unwrap_or(env.config.settings.voice.denoise);
    let recording = voice_processor::read_recording(&env.runner, path, denoise).map_err(
        |error| match error {
            VoiceError::Recording(pytoon_media::MediaError::Cancelled) => {
                PipelineError::from(error)
            }
            other => file.error("voice_file", other.to_string()).into(),
        },
    )?;
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
    let mut aligner = aligner(&env.config, &env.runner, &env.voices);
    if sources.guessed_script.is_some() {
        // These words are not what is said: laid along the sound they would only seem to fit.
        aligner.order.clear();
    }
    let timed = aligner.align(Recorded {
        samples: &recording.samples,
        speech: &recording.speech,
        sentences: &sentences,
        language: &graph.language,
    })?;
    let mut notes: Vec<Note> = timed
        .mismatch
        .iter()
        .map(|mismatch| mismatch_note(mismatch, &sentences, &recording))
        .collect();
    if let Some(reason) = &timed.guess
        && sources.guessed_script.is_none()
    {
        notes.push(Note::WordsSpread { reason: reason.clone() });
    }
    let asset = layout::voice_take(0);
    write_take(folder, &asset, &recording.samples)?;
    let speech = voice_mapper::map_recording(graph, &recording, &timed.words, &asset);
    // A recording is never sped up: people hear it. It must fit as it is.
    let fitted = fit::fit(
        &needs(graph, &sources.preset, &speech),
        target_ms(sources),
        &sources.preset.pacing,
    );
    match fitted {
        Ok(fitted) if fitted.tempo <= 1.0 => {}
        _ => {
            let seconds = recording.duration_ms() as f64 / 1000.0;
            return Err(file
                .error("voice_file", format!("the recording lasts {seconds:.1} s with its pauses; a film holds 60 s: shorten it"))
                .into());
        }
    }
    let mut result = VoiceResult::new(speech, Some("voice_file"), timed.method);
    result.confidence = Some(timed.confidence);
    result.warnings.extend(notes);
    let unwritten = sources.guessed_script.clone();
    result.warnings.extend(unwritten.map(|reason| Note::RecordingWithoutScript { reason }));
    Ok(result)
}

/// Says what a recording and its script do not share, in times of the file that the user gave.
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
            Note::RecordingSaysMore { from_ms: of_file(range.start), to_ms: of_file(range.end) }
        }
    }
}

/// The configured chain of methods that time a recording's words.
pub fn aligner(config: &Config, runner: &Runner, voices: &Arc<Voices>) -> Aligner {
    let settings = &config.settings;
    let order = settings.alignment.order.iter().map(|choice| match choice {
        AlignmentChoice::Whisperx => AlignmentMethod::Whisperx,
        AlignmentChoice::StableTs => AlignmentMethod::StableTs,
        AlignmentChoice::Builtin => AlignmentMethod::Builtin,
        AlignmentChoice::EvenSplit => AlignmentMethod::EvenSplit,
    });
    Aligner {
        order: order.take_while(|method| *method != AlignmentMethod::EvenSplit).collect(),
        builtin: Builtin {
            runner: runner.clone(),
            voices: settings.tts.espeak.voices.clone(),
            natural: Some(Neural::new(settings.tts.neural.clone(), runner.clone(), voices.clone())),
        },
    }
}

/// The target of a brief in milliseconds.
pub(crate) fn target_ms(sources: &Sources) -> Option<i64> {
    sources.brief.target_duration_seconds.map(|seconds| (seconds * 1000.0).round() as i64)
}

pub(crate) fn write_take(
    folder: &JobFolder,
    name: &str,
    samples: &[f32],
) -> Result<(), PipelineError> {
    let mut bytes = Cursor::new(Vec::new());
    wav::write_mono(&mut bytes, samples)?;
    disk::write_whole(&folder.new_work(name)?, &bytes.into_inner())?;
    Ok(())
}
