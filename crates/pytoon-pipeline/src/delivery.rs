//! From a finished film to its receipt: what was planned, what each scene came to, and the names
//! of what is put into place.
//!
//! Used by whoever makes a film, in one process or in steps; does not make any of it.

use crate::PipelineError;
use crate::check::{Finished, check};
use crate::environment::Environment;
use crate::folder::JobFolder;
use crate::receipt::{
    Asked, EncodeReceipt, LoudnessReceipt, OutputFacts, RECEIPT_VERSION, Receipt, SceneReceipt,
    StageTime, Tools, VoiceReceipt,
};
use crate::sources::Sources;
use crate::stages::engines::{self, Drawn, SceneEngines};
use crate::stages::picture::PictureReport;
use crate::stages::sound::SoundReport;
use crate::stages::voice::{self, VoiceResult};
use pytoon_core::layout;
use pytoon_core::ledger::{CallFilter, CallRow, CallState};
use pytoon_core::money::MicroUsd;
use pytoon_core::note::{self, Note};
use pytoon_core::scene::{MusicSource, SceneGraph};
use pytoon_core::time::FrameRate;
use pytoon_core::timeline::{AudioTrack, ClipSource, Fit, Timeline};
use pytoon_telemetry::Event;
use pytoon_voice::paid;
use pytoon_voice::tts_manager::FailedAttempt;
use serde::{Deserialize, Serialize};
use std::path::Path;
use std::time::{Duration, Instant};

/// What the planning half hands to the drawing half, and to the receipt.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Planned {
    pub(crate) timeline: Timeline,
    pub(crate) warnings: Vec<Note>,
    pub(crate) asked: Asked,
    pub(crate) voice: VoiceReceipt,
    pub(crate) drawn: Drawn,
    pub(crate) graph: Option<SceneGraph>,
}

impl Planned {
    /// What is known once the timeline is built for the last time.
    pub(crate) fn new(
        asked: Asked,
        graph: &SceneGraph,
        spoken: &VoiceResult,
        drawn: Drawn,
        timeline: Timeline,
        mut warnings: Vec<Note>,
    ) -> Self {
        warnings.extend(spoken.warnings.iter().cloned());
        if spoken.tempo > 1.0 {
            warnings.push(Note::VoiceSpedUp { factor: spoken.tempo });
        }
        Self {
            asked,
            drawn,
            graph: Some(graph.clone()),
            voice: VoiceReceipt {
                asked: voice::is_asked(graph),
                provider: spoken.provider.clone(),
                voice: spoken.voice.as_ref().map(|voice| voice.name.clone()),
                licence: spoken.voice.as_ref().and_then(|voice| voice.licence.clone()),
                alignment: spoken.method,
                alignment_confidence: spoken.confidence,
                tempo: spoken.tempo,
                words: spoken.speech.iter().flatten().map(|u| u.words.len()).sum(),
                attempts: spoken.attempts.clone(),
                stepped_down: spoken.stepped_down,
            },
            timeline,
            warnings,
        }
    }
}

/// How long each stage took.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Times(pub(crate) Vec<StageTime>);

impl Times {
    /// Notes a stage that ends now.
    pub(crate) fn note(&mut self, stage: &str, begun: Instant, reused: bool) {
        self.push(stage, begun.elapsed(), reused);
    }

    pub(crate) fn push(&mut self, stage: &str, took: Duration, reused: bool) {
        let duration_ms = took.as_millis() as u64;
        Event::StageFinished { stage, duration_ms, reused }.emit();
        self.0.push(StageTime { stage: stage.to_owned(), duration_ms, reused });
    }
}

/// What was made of a plan.
pub(crate) struct Made<'a> {
    pub(crate) sound: &'a SoundReport,
    pub(crate) picture: &'a PictureReport,
    pub(crate) tools: Tools,
    /// Whether every frame of the file is to be decoded in the self-check.
    pub(crate) verify_full: bool,
}

/// Checks the film in the work folder and writes its receipt there.
pub(crate) fn receipt(
    env: &Environment,
    planned: Planned,
    made: Made<'_>,
    mut times: Times,
    folder: &JobFolder,
) -> Result<Receipt, PipelineError> {
    let begun = Instant::now();
    let Made { sound, picture, tools, verify_full } = made;
    let timeline = &planned.timeline;
    let target_lufs = env.config.settings.mix.target_lufs;
    let output = folder.work(layout::OUTPUT);
    let film = Finished { timeline, sound, picture, output: &output, target_lufs };
    let (self_check, probed) = check(env, &film, verify_full)?;
    times.note("check", begun, false);
    let voice_lesser =
        planned.voice.asked && (planned.voice.provider.is_none() || planned.voice.stepped_down);
    let wasted_usd = wasted(env, folder, &planned.voice.attempts).as_usd();
    let receipt = Receipt {
        version: RECEIPT_VERSION,
        pytoon_version: env!("CARGO_PKG_VERSION").to_owned(),
        finished_at: (env.clock)(),
        degraded: voice_lesser
            || !self_check.findings.is_empty()
            || planned.drawn.values().any(engines::is_degraded)
            || wasted_usd > 0.0,
        asked: planned.asked,
        output: OutputFacts {
            file: layout::OUTPUT.to_owned(),
            duration_ms: timeline.total_duration,
            frames: timeline.total_frames,
            size_bytes: probed.size_bytes,
            width: timeline.profile.width,
            height: timeline.profile.height,
        },
        scenes: scene_receipts(timeline, &planned.drawn, planned.graph.as_ref()),
        spend_usd: spend(env, folder).as_usd(),
        wasted_usd,
        voice: planned.voice,
        loudness: LoudnessReceipt {
            target_lufs,
            before_lufs: sound.input_lufs,
            after_lufs: sound.output_lufs,
            decoded_lufs: sound.decoded_lufs,
            decoded_true_peak_dbtp: sound.decoded_true_peak_dbtp,
            gain_db: sound.gain_db,
            limiting_db: sound.limiting_db,
            bed_below_voice_lu: sound.bed_below_voice_lu,
        },
        encode: EncodeReceipt {
            encoder: picture.encoder.clone(),
            profile: timeline.profile.clone(),
        },
        tools,
        stages: times.0,
        warnings: note::reports(planned.warnings),
        self_check,
    };
    for report in &receipt.warnings {
        Event::Warning { detail: &report.message }.emit();
    }
    write_json(folder, layout::METADATA, &receipt)?;
    Ok(receipt)
}

/// Returns the charges that brought nothing usable: clips and speech that failed, and sentences of
/// voices that failed before the whole script was spoken.
fn wasted(env: &Environment, folder: &JobFolder, failed: &[FailedAttempt]) -> MicroUsd {
    let Some(books) = env.engines.books() else { return MicroUsd::ZERO };
    let rows = books.runtime.block_on(books.store.call_list(CallFilter {
        job_id: Some(folder.job_id().to_owned()),
        ..CallFilter::default()
    }));
    let is_wasted = |row: &CallRow| match row.scene_id.as_str() {
        paid::SCENE => {
            // An answer that never came was perhaps not charged.
            let unfinished = failed.iter().any(|attempt| attempt.provider == row.engine);
            row.state == CallState::BadOutput || unfinished && row.state == CallState::Kept
        }
        _ => row.state.wastes(),
    };
    rows.unwrap_or_default().iter().filter(|row| is_wasted(row)).map(|row| row.charged).sum()
}

/// Returns the total charges of the job from the ledger.
pub(crate) fn spend(env: &Environment, folder: &JobFolder) -> MicroUsd {
    let Some(books) = env.engines.books() else { return MicroUsd::ZERO };
    books.runtime.block_on(books.store.spend_of_job(folder.job_id())).unwrap_or_default()
}

/// What the brief asks for.
pub(crate) fn asked(sources: &Sources, graph: &SceneGraph) -> Asked {
    Asked {
        preset_id: sources.preset_id.clone(),
        seed: sources.seed,
        target_duration_seconds: sources.brief.target_duration_seconds,
        music: match &graph.global_audio.music {
            MusicSource::None => "none".to_owned(),
            MusicSource::Mood { mood } => mood.as_str().to_owned(),
            MusicSource::File { path } => path.clone(),
        },
        scenes: graph.scenes.len(),
    }
}

fn scene_receipts(
    timeline: &Timeline,
    drawn: &Drawn,
    graph: Option<&SceneGraph>,
) -> Vec<SceneReceipt> {
    let local = SceneEngines::default();
    timeline
        .timeline
        .iter()
        .map(|scene| {
            let clips: Vec<_> =
                timeline.tracks.video.iter().filter(|c| c.scene_id == scene.scene_id).collect();
            let story = drawn.get(&scene.scene_id).unwrap_or(&local);
            let asked =
                if story.asked.is_empty() { scene.engine.clone() } else { story.asked.clone() };
            let chain = graph
                .and_then(|graph| graph.scenes.iter().find(|s| s.id == scene.scene_id))
                .and_then(|scene| scene.engine_chain.as_ref());
            let mut reason: Vec<String> =
                clips.iter().map(|clip| drawn_how(&clip.source, timeline.frame_rate)).collect();
            let fallback_used = asked != scene.engine;
            if let Some(clip) = story.clip.as_ref().filter(|clip| clip.reused) {
                let (engine, call) = (&clip.engine, &clip.call_id);
                reason.push(format!(
                    "{engine} drew this clip earlier (call {call}); it is used again, and not bought anew"
                ));
            }
            if fallback_used {
                let why = engines::why(story, chain);
                let why = why.strip_prefix(&format!("{asked}: ")).unwrap_or(&why);
                reason.push(format!("{asked} was asked for and did not draw it: {why}"));
            }
            SceneReceipt {
                scene_id: scene.scene_id.clone(),
                engine_used: scene.engine.clone(),
                fallback_used,
                engine_asked: asked,
                clip_reused: story.clip.as_ref().is_some_and(|clip| clip.reused),
                attempts: story.attempts.clone(),
                credit: story.clip.as_ref().and_then(|clip| clip.credit.clone()),
                reason: reason.join("; "),
                duration_ms: scene.end - scene.start,
            }
        })
        .collect()
}

fn drawn_how(source: &ClipSource, rate: FrameRate) -> String {
    let name = |asset: &str| {
        Path::new(asset).file_name().map_or(asset.to_owned(), |n| n.to_string_lossy().into_owned())
    };
    match source {
        ClipSource::Picture { asset, fit: Fit::Cover, .. } => {
            format!("picture {} fills the frame", name(asset))
        }
        ClipSource::Picture { asset, fit: Fit::BlurFill, .. } => {
            format!("picture {} shown whole over its own blur", name(asset))
        }
        ClipSource::Clip { asset, speed, fit, at_end, .. } => format!(
            "clip {} at {speed:.2} times its speed{}{}",
            name(asset),
            at_end.described(rate),
            fit.described()
        ),
        ClipSource::Background { kind, .. } => format!("no picture: background {}", kind.as_str()),
    }
}

/// The versions of the programs used.
pub(crate) fn tool_versions(env: &Environment) -> Tools {
    use pytoon_media::process::CommandLine;
    let first_line = |program: &'static str, arg: &str| {
        let out = env
            .runner
            .run(&CommandLine::new(program, "ask for its version").arg(arg), Vec::new())
            .ok()?;
        Some(String::from_utf8_lossy(&out).lines().next()?.to_owned())
    };
    let ffmpeg = first_line("ffmpeg", "-version").map(|line| {
        line.trim_start_matches("ffmpeg version ").split(' ').next().unwrap_or_default().to_owned()
    });
    Tools { ffmpeg, espeak: first_line("pytoon-espeak", "--version") }
}

/// Writes a value into the work folder as JSON that people can read.
pub(crate) fn write_json(
    folder: &JobFolder,
    name: &str,
    value: &impl serde::Serialize,
) -> Result<(), PipelineError> {
    let mut bytes =
        serde_json::to_vec_pretty(value).map_err(|e| PipelineError::Internal(e.to_string()))?;
    bytes.push(b'\n');
    Ok(folder.write(name, &bytes)?)
}

/// The names of what is put into place, but for the voice takes: the film comes last, so that it
/// is never newer than what describes it is old.
pub(crate) fn artifacts(timeline: &Timeline) -> (Vec<&'static str>, Vec<&'static str>) {
    let before = vec![layout::BRIEF, layout::SCENE_GRAPH];
    let mut after = vec![layout::VOICE_STEM, layout::MUSIC_STEM, layout::MIXED, layout::TIMELINE];
    if !timeline.tracks.captions.is_empty() {
        after.extend(SIDECARS);
    }
    after.extend([layout::THUMBNAIL, layout::METADATA, layout::OUTPUT]);
    (before, after)
}

/// The files of captions.
pub(crate) const SIDECARS: [&str; 4] =
    [layout::CAPTIONS_SRT, layout::CAPTIONS_VTT, layout::CAPTIONS_ASS, layout::CAPTIONS_JSON];

/// The voice takes that a film is made of.
pub(crate) fn takes(timeline: &Timeline) -> Vec<&str> {
    let tracks = timeline.tracks.audio.iter();
    let clips = tracks.filter_map(|track| match track {
        AudioTrack::Voice { clips, .. } => Some(clips),
        AudioTrack::Music { .. } | AudioTrack::ClipSound { .. } => None,
    });
    let mut takes: Vec<&str> = clips.flatten().map(|clip| clip.asset.as_str()).collect();
    takes.sort_unstable();
    takes.dedup();
    takes
}
