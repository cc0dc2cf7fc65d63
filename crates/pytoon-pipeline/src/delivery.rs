//! Checks a finished film, writes its receipt, and lists the artifacts to publish.

use crate::Result;
use crate::check::{Finished, check};
use crate::receipt::{
    EncodeReceipt, FurtherOutput, LoudnessReceipt, OutputFacts, RECEIPT_VERSION, Receipt,
    RequestFacts, SceneReceipt, StageTime, Tools, VoiceReceipt,
};
use crate::rendition::Rendition;
use crate::sources::Sources;
use crate::stage::{StageContext, write_json};
use crate::stages::budget::spend;
use crate::stages::engines::{self, Drawn, SceneEngines};
use crate::stages::picture::PictureReport;
use crate::stages::sound::SoundReport;
use crate::stages::voice_order::VoiceResult;
use pytoon_core::artifact;
use pytoon_core::note::{self, Note};
use pytoon_core::scene::{MusicSource, SceneGraph};
use pytoon_core::time::FrameRate;
use pytoon_core::timeline::{
    AudioTrack, ClipSource, Fit, MusicTrackSource, Timeline, TimelineScene, VoiceClip,
};
use pytoon_records::ledger::{CallFilter, CallRow, CallState};
use pytoon_telemetry::Event;
use pytoon_vocabulary::MicroUsd;
use pytoon_voice::alignment::AlignmentMethod;
use pytoon_voice::paid;
use pytoon_voice::tts_manager::FailedAttempt;
use serde::{Deserialize, Serialize};
use std::path::Path;
use std::time::{Duration, Instant};

/// The output of the planning stages, which drawing and the receipt use.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Planned {
    pub(crate) timeline: Timeline,
    pub(crate) warnings: Vec<Note>,
    pub(crate) asked: RequestFacts,
    pub(crate) voice: VoiceReceipt,
    pub(crate) drawn: Drawn,
    pub(crate) graph: Option<SceneGraph>,
}

impl Planned {
    /// Returns the plan of a film that is rendered from a timeline. The facts about its brief and its voice are
    /// derived from the timeline.
    pub(crate) fn of_timeline(timeline: Timeline) -> Self {
        let tracks = &timeline.tracks;
        let has_voice = tracks.audio.iter().any(|t| matches!(t, AudioTrack::Voice { .. }));
        let music = tracks.audio.iter().find_map(|track| match track {
            AudioTrack::Music { source: MusicTrackSource::Mood { mood }, .. } => {
                Some(mood.as_str())
            }
            AudioTrack::Music { source: MusicTrackSource::File { asset }, .. } => {
                Some(asset.as_str())
            }
            _ => None,
        });
        let (provider, method) = match has_voice {
            true => (Some("timeline"), AlignmentMethod::Provider),
            false => (None, AlignmentMethod::Reading),
        };
        let spoken = VoiceResult::new(Vec::new(), provider, method);
        Self {
            asked: RequestFacts {
                preset_id: "timeline".to_owned(),
                seed: timeline.seed,
                target_duration_seconds: None,
                music: music.unwrap_or("none").to_owned(),
                scenes: timeline.timeline.len(),
            },
            voice: VoiceReceipt {
                alignment_confidence: None,
                words: tracks.captions.iter().map(|cue| cue.words.len()).sum(),
                ..spoken.receipt(has_voice)
            },
            warnings: Vec::new(),
            drawn: Drawn::new(),
            graph: None,
            timeline,
        }
    }
}

/// The input from which [`receipt`] builds a receipt.
pub(crate) struct ReceiptInput<'a> {
    pub(crate) rendition: Rendition,
    /// The films in further formats, if this is the first.
    pub(crate) further: &'a [FurtherOutput],
    pub(crate) planned: &'a Planned,
    pub(crate) sound: &'a SoundReport,
    pub(crate) picture: &'a PictureReport,
    /// The duration of each stage before the self-check.
    pub(crate) stages: Vec<StageTime>,
    /// True if the self-check decodes every frame of the file.
    pub(crate) verify_full: bool,
    pub(crate) target_lufs: f64,
}

/// Runs the self-check on the film in the work folder, writes the receipt there, and returns it.
pub(crate) fn receipt(context: &StageContext<'_>, made: ReceiptInput<'_>) -> Result<Receipt> {
    let begun = Instant::now();
    let ReceiptInput { rendition, further, planned, sound, picture, .. } = made;
    let ReceiptInput { mut stages, verify_full, target_lufs, .. } = made;
    let timeline = &planned.timeline;
    let file = rendition.file(artifact::OUTPUT);
    let output = context.folder.work_path(&file);
    let film = Finished { timeline, sound, picture, output: &output, target_lufs };
    let (self_check, probed) = check(context.runner(), &film, verify_full)?;
    stages.push(stage_time("check", begun.elapsed(), false));
    let voice_lesser =
        planned.voice.asked && (planned.voice.provider.is_none() || planned.voice.stepped_down);
    let wasted_usd = wasted_cost(context, &planned.voice.attempts).as_usd();
    let receipt = Receipt {
        version: RECEIPT_VERSION,
        pytoon_version: env!("CARGO_PKG_VERSION").to_owned(),
        finished_at: context.now(),
        degraded: voice_lesser
            || !self_check.findings.is_empty()
            || further.iter().any(|film| film.findings > 0)
            || planned.drawn.values().any(engines::is_degraded)
            || wasted_usd > 0.0,
        asked: planned.asked.clone(),
        output: OutputFacts {
            file,
            duration_ms: timeline.total_duration().get(),
            frames: timeline.total_frames.get(),
            size_bytes: probed.size_bytes,
            width: timeline.profile.width,
            height: timeline.profile.height,
        },
        further_outputs: further.to_vec(),
        scenes: timeline.timeline.iter().map(|scene| scene_receipt(planned, scene)).collect(),
        spend_usd: spend(context).as_usd(),
        wasted_usd,
        voice: planned.voice.clone(),
        loudness: LoudnessReceipt {
            target_lufs,
            before_lufs: sound.input_lufs,
            after_lufs: sound.output_lufs,
            decoded_lufs: sound.decoded_lufs,
            decoded_true_peak_dbtp: sound.decoded_true_peak_dbtp,
            gain_db: sound.gain_db,
            limiting_db: sound.limiting_db,
            bed_below_voice_lu: sound.bed_below_voice_lu,
            effects_below_words_lu: sound.effects_below_words_lu,
        },
        encode: EncodeReceipt {
            encoder: picture.encoder.clone(),
            profile: timeline.profile.clone(),
        },
        // FFprobe has just read the film, and states its version with it: no process is started for it.
        tools: Tools { ffmpeg: probed.ffmpeg_version, espeak: context.espeak_version() },
        stages,
        warnings: note::reports(planned.warnings.clone()),
        self_check,
    };
    for report in &receipt.warnings {
        Event::Warning { detail: &report.message }.emit();
    }
    write_json(context.folder, &rendition.file(artifact::METADATA), &receipt)?;
    Ok(receipt)
}

/// Logs the duration of a stage and returns it for the receipt.
pub(crate) fn stage_time(stage: &str, took: Duration, reused: bool) -> StageTime {
    let time = StageTime::new(stage, took.as_millis() as u64, reused);
    Event::StageFinished { stage, duration_ms: time.duration_ms, reused }.emit();
    time
}

/// Returns the cost of paid calls that contributed nothing to the film: failed clips, failed speech, and sentences of
/// voices that failed before they spoke the whole script.
fn wasted_cost(context: &StageContext<'_>, failed: &[FailedAttempt]) -> MicroUsd {
    let Some(ledger) = context.engines().purchase_ledger() else { return MicroUsd::ZERO };
    let rows = ledger.runtime.block_on(ledger.store.call_list(CallFilter {
        job_id: Some(context.folder.job_id().clone()),
        ..CallFilter::default()
    }));
    let is_wasted = |row: &CallRow| match row.scene_id.as_str() {
        paid::SCENE => {
            // A call without an answer was possibly not charged.
            let unfinished = failed.iter().any(|attempt| attempt.provider == row.engine);
            row.state == CallState::BadOutput || unfinished && row.state == CallState::Kept
        }
        _ => row.state.wastes(),
    };
    rows.unwrap_or_default().iter().filter(|row| is_wasted(row)).map(|row| row.charged).sum()
}

/// Returns the section of the receipt that describes the brief.
pub(crate) fn request_facts(sources: &Sources, graph: &SceneGraph) -> RequestFacts {
    RequestFacts {
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

fn scene_receipt(planned: &Planned, scene: &TimelineScene) -> SceneReceipt {
    let Planned { timeline, drawn, graph, .. } = planned;
    let local = SceneEngines::default();
    let story = drawn.get(&scene.scene_id).unwrap_or(&local);
    let clip = story.clip.as_ref();
    let asked = if story.asked == "" { &scene.engine } else { &story.asked };
    let fallback_used = *asked != scene.engine;
    let shown = timeline.tracks.video.iter().filter(|clip| clip.scene_id == scene.scene_id);
    let mut reason: Vec<String> =
        shown.map(|clip| describe_source(&clip.source, timeline.frame_rate)).collect();
    if let Some(clip) = clip.filter(|clip| clip.reused) {
        let (engine, call) = (&clip.engine, &clip.call_id);
        reason.push(format!(
            "{engine} drew this clip earlier (call {call}); it is reused, at no further cost"
        ));
    }
    if fallback_used {
        let mut scenes = graph.iter().flat_map(|graph| &graph.scenes);
        let own = scenes.find(|own| own.id == scene.scene_id);
        let why = engines::why(story, own.and_then(|own| own.engine_chain.as_ref()));
        let why = why.strip_prefix(&format!("{asked}: ")).unwrap_or(&why);
        reason.push(format!("{asked} was requested but did not draw this scene: {why}"));
    }
    SceneReceipt {
        scene_id: scene.scene_id.to_string(),
        engine_asked: asked.clone(),
        engine_used: scene.engine.clone(),
        fallback_used,
        clip_reused: clip.is_some_and(|clip| clip.reused),
        attempts: story.attempts.clone(),
        credit: clip.and_then(|clip| clip.credit.clone()),
        reason: reason.join("; "),
        duration_ms: scene.range().to_ms(timeline.frame_rate).duration().get(),
    }
}

fn describe_source(source: &ClipSource, rate: FrameRate) -> String {
    let name = |asset: &str| {
        Path::new(asset).file_name().map_or(asset.to_owned(), |n| n.to_string_lossy().into_owned())
    };
    match source {
        ClipSource::Picture { asset, fit: Fit::Cover, .. } => {
            format!("picture {} fills the frame", name(asset))
        }
        ClipSource::Picture { asset, fit: Fit::BlurFill, .. } => {
            format!("picture {} shown whole over a ground in its colours", name(asset))
        }
        ClipSource::Clip { asset, speed, fit, at_end, .. } => format!(
            "clip {} at {speed:.2} times its speed{}{}",
            name(asset),
            at_end.describe(rate),
            fit.describe()
        ),
        ClipSource::Background { kind, .. } => format!("no picture: background {}", kind.as_str()),
    }
}

/// Returns the names of the artifacts that films share, without the voice takes.
pub(crate) fn shared_artifacts() -> [&'static str; 5] {
    [
        artifact::BRIEF,
        artifact::SCENE_GRAPH,
        artifact::VOICE_STEM,
        artifact::MUSIC_STEM,
        artifact::MIXED,
    ]
}

/// Returns the names of a film's own artifacts. The film comes last, so it never appears before its receipt and captions.
pub(crate) fn own_artifacts(rendition: Rendition, timeline: &Timeline) -> Vec<String> {
    let has_captions = !timeline.tracks.captions.is_empty();
    let is_there = |name: &&str| has_captions || !SIDECARS.contains(name);
    let names = artifact::PER_FORMAT.into_iter().filter(is_there);
    names.map(|name| rendition.file(name)).collect()
}

/// The names of the caption sidecars in a job folder.
pub(crate) const SIDECARS: [&str; 4] = [
    artifact::CAPTIONS_SRT,
    artifact::CAPTIONS_VTT,
    artifact::CAPTIONS_ASS,
    artifact::CAPTIONS_JSON,
];

/// Returns the segments of voice takes that the film's audio tracks play.
pub(crate) fn voice_clips(timeline: &Timeline) -> impl Iterator<Item = &VoiceClip> {
    timeline.tracks.audio.iter().flat_map(|track| match track {
        AudioTrack::Voice { clips, .. } => clips.as_slice(),
        AudioTrack::Music { .. } | AudioTrack::ClipSound { .. } | AudioTrack::Effects { .. } => &[],
    })
}

/// Returns the paths of the voice takes that a film plays, sorted and without duplicates.
pub(crate) fn takes(timeline: &Timeline) -> Vec<&str> {
    let mut takes: Vec<&str> = voice_clips(timeline).map(|clip| clip.asset.as_str()).collect();
    takes.sort_unstable();
    takes.dedup();
    takes
}
