//! Renders a brief, or a timeline again.

use crate::PipelineError;
use crate::assets::PictureStore;
use crate::check::{Finished, check};
use crate::environment::Environment;
use crate::folder::JobFolder;
use crate::receipt::{
    Asked, EncodeReceipt, LoudnessReceipt, OutputFacts, RECEIPT_VERSION, Receipt, SceneReceipt,
    StageTime, Tools, VoiceReceipt,
};
use crate::sources::{self, Sources};
use crate::stages::engines::{self, Drawn, SceneEngines};
use crate::stages::picture::PictureReport;
use crate::stages::sound::SoundReport;
use crate::stages::{finish, look, picture, sound, timeline, transcript, voice};
use pytoon_compositor::compose::palette;
use pytoon_config::BriefFile;
use pytoon_core::layout;
use pytoon_core::plan::{PlanInput, plan};
use pytoon_core::scene::{MusicSource, SceneGraph};
use pytoon_core::timeline::{AudioTrack, ClipSource, Fit, MusicTrackSource, Timeline};
use pytoon_media::process::yield_to_encoder;
use pytoon_media::{MediaError, disk};
use pytoon_telemetry::Event;
use pytoon_voice::alignment::AlignmentMethod;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

/// How to render.
#[derive(Debug, Clone, Default)]
pub struct RenderOptions {
    /// A quarter-size film, encoded quickly.
    pub draft: bool,
    /// Decode every frame of the finished file in the self-check.
    pub verify_full: bool,
    /// Write the composed frames as raw YUV 4:2:0 here.
    pub frames_out: Option<PathBuf>,
    /// Write a hash of every composed frame here, one a line.
    pub frame_hashes: Option<PathBuf>,
}

/// Renders.
pub struct Renderer {
    env: Environment,
    options: RenderOptions,
    times: Vec<StageTime>,
}

/// A finished film.
#[derive(Debug, Clone)]
pub struct Rendered {
    /// The job's folder.
    pub folder: PathBuf,
    /// The receipt.
    pub receipt: Receipt,
}

/// What the planning half hands to the drawing half.
struct Planned {
    timeline: Timeline,
    warnings: Vec<String>,
    asked: Asked,
    voice: VoiceReceipt,
    drawn: Drawn,
    graph: Option<SceneGraph>,
}

impl Renderer {
    /// A renderer for one film.
    pub fn new(env: Environment, options: RenderOptions) -> Self {
        Self { env, options, times: Vec::new() }
    }

    /// Renders a brief into a folder.
    pub fn render_brief(
        mut self,
        file: &BriefFile,
        root: &Path,
    ) -> Result<Rendered, PipelineError> {
        let started = Instant::now();
        self.env.progress.stage("resolve");
        let mut sources = sources::resolve(&self.env, file, self.options.draft)?;
        // A recording is written down in the job's folder, and only then there is a script to plan.
        let graph = if sources.lacks_script() { None } else { Some(self.plan(file, &sources)?) };
        self.check_machine(root)?;
        let store = self.picture_store(&sources.palette);
        Event::JobStarted {
            folder: &root.display().to_string(),
            preset: &sources.preset_id,
            seed: sources.seed,
        }
        .emit();
        let folder = JobFolder::open(root)?;
        let made = match graph {
            Some(graph) => Ok(graph),
            None => self.plan_from_recording(file, &mut sources, &folder),
        };
        let made =
            made.and_then(|mut graph| self.make(file, &mut sources, &mut graph, &store, &folder));
        self.conclude(made, &folder, started)
    }

    /// Renders a timeline again, without planning; its voice takes are found from the folder
    /// `takes`.
    pub fn render_timeline(
        mut self,
        timeline: Timeline,
        takes: &Path,
        root: &Path,
    ) -> Result<Rendered, PipelineError> {
        let started = Instant::now();
        self.check_machine(root)?;
        let store = self.picture_store(&timeline.look.palette);
        Event::JobStarted {
            folder: &root.display().to_string(),
            preset: "timeline",
            seed: timeline.seed,
        }
        .emit();
        let folder = JobFolder::open(root)?;
        let planned = again(timeline);
        let made = self
            .keep_takes(&planned.timeline, takes, &folder)
            .and_then(|()| timeline::write(&folder, &planned.timeline))
            .and_then(|()| self.draw(planned, &store, &folder));
        self.conclude(made, &folder, started)
    }

    fn plan(&mut self, file: &BriefFile, sources: &Sources) -> Result<SceneGraph, PipelineError> {
        self.env.progress.stage("plan");
        let begun = Instant::now();
        let graph = plan_graph(file, sources)?;
        self.note("plan", begun, false);
        Ok(graph)
    }

    fn plan_from_recording(
        &mut self,
        file: &BriefFile,
        sources: &mut Sources,
        folder: &JobFolder,
    ) -> Result<SceneGraph, PipelineError> {
        self.env.progress.stage("transcript");
        let begun = Instant::now();
        let reused = transcript::transcript(&self.env, sources, folder)?;
        self.note("transcript", begun, reused);
        self.plan(file, sources)
    }

    /// What would surely fail later is said before work begins.
    fn check_machine(&self, root: &Path) -> Result<(), PipelineError> {
        self.env.runner.programs.find("ffmpeg")?;
        self.env.runner.programs.find("ffprobe")?;
        let needed = self.env.config.settings.limits.min_free_disk_mib << 20;
        if let Some(free) = disk::free_bytes(root)
            && free < needed
        {
            return Err(MediaError::unusable(
                root,
                format!(
                    "its disk has {} MiB free and {} MiB are needed (limits.min_free_disk_mib): free some space",
                    free >> 20,
                    needed >> 20
                ),
            )
            .into());
        }
        Ok(())
    }

    fn picture_store(&self, choice: &pytoon_core::timeline::PaletteChoice) -> Arc<PictureStore> {
        let ground = palette(choice).shade(0.86, 0.02, 0.0);
        Arc::new(PictureStore::new(
            self.env.runner.clone(),
            self.env.picture_limits(),
            self.env.config.engines.engines.local.picture_cache_mib,
            [ground.r, ground.g, ground.b],
        ))
    }

    fn make(
        &mut self,
        file: &BriefFile,
        sources: &mut Sources,
        graph: &mut SceneGraph,
        store: &Arc<PictureStore>,
        folder: &JobFolder,
    ) -> Result<Receipt, PipelineError> {
        write_json(folder, layout::BRIEF, &sources.brief)?;
        if self.options.draft {
            folder.write(layout::DRAFT_MARK, b"")?;
        }
        self.env.progress.stage("look");
        let env = &self.env;
        let (asked_of, planned) = (&*sources, &*graph);
        let (looked, voiced) = std::thread::scope(|scope| {
            let looked = scope.spawn(|| {
                let begun = Instant::now();
                look::look(asked_of, file, store, env.threads())
                    .map(|assets| (assets, begun.elapsed()))
            });
            env.progress.stage("voice");
            let begun = Instant::now();
            let voiced = voice::voice(env, file, asked_of, planned, folder)
                .map(|(spoken, reused)| (spoken, reused, begun.elapsed()));
            (looked.join(), voiced)
        });
        // A broken picture is the user's to mend, so it is said first.
        let (mut assets, look_time) =
            looked.map_err(|_| PipelineError::Internal("looking at pictures stopped".into()))??;
        let (spoken, reused, voice_time) = voiced?;
        voice::degraded(sources, graph, &spoken)?;
        self.push("look", look_time, false);
        self.push("voice", voice_time, reused);
        self.env.progress.stage("timeline");
        let begun = Instant::now();
        let mut built = timeline::timeline(&self.env, sources, graph, &spoken.speech, &assets)?;
        self.note("timeline", begun, false);
        engines::choose(&self.env.engines, sources, graph, &built.timeline);
        write_json(folder, layout::SCENE_GRAPH, graph)?;
        let asked = asked(sources, graph);
        let drawn = self.draw_outside(sources, graph, &built.timeline, folder)?;
        if !drawn.is_empty() {
            engines::place(&self.env, sources, graph, &built.timeline, &mut assets, &drawn);
            built = timeline::timeline(&self.env, sources, graph, &spoken.speech, &assets)?;
            write_json(folder, layout::SCENE_GRAPH, graph)?;
        }
        timeline::write(folder, &built.timeline)?;
        let mut warnings = built.warnings;
        warnings.extend(spoken.warnings.iter().cloned());
        if spoken.tempo > 1.0 {
            warnings.push(format!(
                "the voice was sped up {:.3} times to fit a film of 60 s",
                spoken.tempo
            ));
        }
        let planned = Planned {
            asked,
            drawn,
            graph: Some(graph.clone()),
            voice: VoiceReceipt {
                asked: voice::is_asked(graph),
                provider: spoken.provider.clone(),
                alignment: spoken.method,
                alignment_confidence: spoken.confidence,
                tempo: spoken.tempo,
                words: spoken.speech.iter().flatten().map(|u| u.words.len()).sum(),
                attempts: spoken.attempts.clone(),
                stepped_down: spoken.stepped_down,
            },
            timeline: built.timeline,
            warnings,
        };
        self.draw(planned, store, folder)
    }

    /// The scenes that outside engines draw.
    fn draw_outside(
        &mut self,
        sources: &Sources,
        graph: &SceneGraph,
        timeline: &Timeline,
        folder: &JobFolder,
    ) -> Result<Drawn, PipelineError> {
        if graph.scenes.iter().all(|scene| scene.engine_chain.is_none()) {
            return Ok(Drawn::new());
        }
        self.env.progress.stage("engines");
        let begun = Instant::now();
        let (drawn, reused) = engines::engines(&self.env, sources, graph, timeline, folder)?;
        self.note("engines", begun, reused);
        Ok(drawn)
    }

    /// Sound and picture side by side, then the file and its check.
    fn draw(
        &mut self,
        planned: Planned,
        store: &Arc<PictureStore>,
        folder: &JobFolder,
    ) -> Result<Receipt, PipelineError> {
        let timeline = Arc::new(planned.timeline.clone());
        self.env.progress.stage("draw");
        let fonts = timeline::fonts(&self.env, &timeline)?;
        let mut shown = (*timeline).clone();
        // A font file is known to the text engine by its family.
        shown.look.font = fonts.brand_family.clone();
        let shown = Arc::new(shown);
        let env = &self.env;
        let options = &self.options;
        let (sounded, drawn) = std::thread::scope(|scope| {
            let sounded = scope.spawn(|| {
                yield_to_encoder();
                let begun = Instant::now();
                let (report, reused) = sound::sound(env, &timeline, folder)?;
                // Asked for here, while the picture is drawn, nobody waits for it.
                Ok::<_, PipelineError>((report, reused, begun.elapsed(), tool_versions(env)))
            });
            let begun = Instant::now();
            let drawn = picture::picture(env, &shown, store, fonts.engine, folder, options)
                .map(|(report, reused)| (report, reused, begun.elapsed()));
            (sounded.join(), drawn)
        });
        let sounded =
            sounded.map_err(|_| PipelineError::Internal("mixing stopped unexpectedly".into()))?;
        // When both fail for one reason, a cancel, say that.
        let (picture_report, picture_reused, picture_time) = drawn?;
        let (sound_report, sound_reused, sound_time, tools) = sounded?;
        self.push("sound", sound_time, sound_reused);
        self.push("picture", picture_time, picture_reused);
        self.env.progress.stage("finish");
        let begun = Instant::now();
        finish::finish(&self.env, &timeline, folder)?;
        self.note("finish", begun, false);
        self.env.progress.stage("check");
        self.receipt(planned, &sound_report, &picture_report, tools, folder)
    }

    fn receipt(
        &mut self,
        planned: Planned,
        sound: &SoundReport,
        picture: &PictureReport,
        tools: Tools,
        folder: &JobFolder,
    ) -> Result<Receipt, PipelineError> {
        let begun = Instant::now();
        let timeline = &planned.timeline;
        let target_lufs = self.env.config.settings.mix.target_lufs;
        let output = folder.work(layout::OUTPUT);
        let film = Finished { timeline, sound, picture, output: &output, target_lufs };
        let env = &self.env;
        let full = self.options.verify_full;
        let (self_check, probed) = check(env, &film, full)?;
        self.note("check", begun, false);
        let voice_lesser =
            planned.voice.asked && (planned.voice.provider.is_none() || planned.voice.stepped_down);
        let receipt = Receipt {
            version: RECEIPT_VERSION,
            pytoon_version: env!("CARGO_PKG_VERSION").to_owned(),
            finished_at: self.env.now.clone(),
            degraded: voice_lesser
                || !self_check.findings.is_empty()
                || planned.drawn.values().any(engines::is_degraded),
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
            spend_usd: self.spend(folder),
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
            stages: self.times.clone(),
            warnings: planned.warnings,
            self_check,
        };
        for detail in &receipt.warnings {
            Event::Warning { detail }.emit();
        }
        write_json(folder, layout::METADATA, &receipt)?;
        publish(folder, timeline)?;
        Ok(receipt)
    }

    fn conclude(
        &self,
        made: Result<Receipt, PipelineError>,
        folder: &JobFolder,
        started: Instant,
    ) -> Result<Rendered, PipelineError> {
        match made {
            Ok(receipt) => {
                Event::JobFinished {
                    output: &folder.place(layout::OUTPUT).display().to_string(),
                    duration_ms: receipt.output.duration_ms,
                    wall_ms: started.elapsed().as_millis() as u64,
                    findings: receipt.self_check.findings.len(),
                }
                .emit();
                Ok(Rendered { folder: folder.root().to_owned(), receipt })
            }
            Err(error) => {
                if error.is_cancelled() || error.is_held() {
                    folder.pause();
                } else {
                    folder.abandon();
                }
                let stage = self.times.last().map_or("resolve", |t| t.stage.as_str());
                Event::JobFailed { stage, reason: &error.to_string() }.emit();
                Err(error)
            }
        }
    }

    /// Copies the takes that a timeline names into the work folder, from where it was read.
    fn keep_takes(
        &self,
        timeline: &Timeline,
        takes: &Path,
        folder: &JobFolder,
    ) -> Result<(), PipelineError> {
        for track in &timeline.tracks.audio {
            let AudioTrack::Voice { clips, .. } = track else { continue };
            for clip in clips {
                let source = takes.join(&clip.asset);
                let target = folder.new_work(&clip.asset)?;
                if source.is_file() && !target.is_file() {
                    std::fs::copy(&source, &target).map_err(|e| MediaError::write(&target, e))?;
                }
                if !target.is_file() {
                    return Err(MediaError::unusable(
                        &source,
                        "the timeline names this voice take, and it is not there",
                    )
                    .into());
                }
            }
        }
        Ok(())
    }

    /// What the job was charged by the ledger, in US dollars.
    fn spend(&self, folder: &JobFolder) -> f64 {
        let Some(books) = self.env.engines.books() else { return 0.0 };
        let store = books.store.clone();
        books
            .runtime
            .block_on(async move { store.spend_of_job(folder.job_id()).await })
            .map_or(0.0, |usd| usd.as_usd())
    }

    fn note(&mut self, stage: &str, begun: Instant, reused: bool) {
        self.push(stage, begun.elapsed(), reused);
    }

    fn push(&mut self, stage: &str, took: std::time::Duration, reused: bool) {
        let duration_ms = took.as_millis() as u64;
        Event::StageFinished { stage, duration_ms, reused }.emit();
        self.times.push(StageTime { stage: stage.to_owned(), duration_ms, reused });
    }
}

/// Plans the scenes of a resolved brief.
pub(crate) fn plan_graph(file: &BriefFile, sources: &Sources) -> Result<SceneGraph, PipelineError> {
    plan(&PlanInput {
        brief: &sources.brief,
        preset_id: &sources.preset_id,
        preset: &sources.preset,
        media: &sources.media,
        override_media: &sources.override_media,
        seed: sources.seed,
    })
    .map_err(|problem| file.problem(&problem).into())
}

fn asked(sources: &Sources, graph: &SceneGraph) -> Asked {
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

/// What is known of a film that is rendered again from its timeline.
fn again(timeline: Timeline) -> Planned {
    let voice_clips = timeline.tracks.audio.iter().any(|t| matches!(t, AudioTrack::Voice { .. }));
    let music = timeline
        .tracks
        .audio
        .iter()
        .find_map(|track| match track {
            AudioTrack::Music { source: MusicTrackSource::Mood { mood }, .. } => {
                Some(mood.as_str().to_owned())
            }
            AudioTrack::Music { source: MusicTrackSource::File { asset }, .. } => {
                Some(asset.clone())
            }
            _ => None,
        })
        .unwrap_or_else(|| "none".to_owned());
    Planned {
        asked: Asked {
            preset_id: "timeline".to_owned(),
            seed: timeline.seed,
            target_duration_seconds: None,
            music,
            scenes: timeline.timeline.len(),
        },
        voice: VoiceReceipt {
            asked: voice_clips,
            provider: voice_clips.then(|| "timeline".to_owned()),
            alignment: if voice_clips {
                AlignmentMethod::Provider
            } else {
                AlignmentMethod::Reading
            },
            alignment_confidence: None,
            tempo: 1.0,
            words: timeline.tracks.captions.iter().map(|cue| cue.words.len()).sum(),
            attempts: Vec::new(),
            stepped_down: false,
        },
        warnings: Vec::new(),
        drawn: Drawn::new(),
        graph: None,
        timeline,
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
                clips.iter().map(|clip| drawn_how(&clip.source)).collect();
            let fallback_used = asked != scene.engine;
            if fallback_used {
                reason.push(format!("instead of {asked}: {}", engines::why(story, chain)));
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

fn drawn_how(source: &ClipSource) -> String {
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
        ClipSource::Clip { asset, speed, .. } => {
            format!("clip {} at {speed:.2} times its speed", name(asset))
        }
        ClipSource::Background { kind, .. } => format!("no picture: background {}", kind.as_str()),
    }
}

fn tool_versions(env: &Environment) -> Tools {
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

fn write_json(
    folder: &JobFolder,
    name: &str,
    value: &impl serde::Serialize,
) -> Result<(), PipelineError> {
    let mut bytes =
        serde_json::to_vec_pretty(value).map_err(|e| PipelineError::Internal(e.to_string()))?;
    bytes.push(b'\n');
    Ok(folder.write(name, &bytes)?)
}

fn publish(folder: &JobFolder, timeline: &Timeline) -> Result<(), PipelineError> {
    let mut names = vec![layout::BRIEF, layout::SCENE_GRAPH];
    names.retain(|name| folder.work(name).is_file());
    if folder.work(layout::VOICE_DIR).is_dir() {
        names.push(layout::VOICE_DIR);
    }
    names.extend([layout::VOICE_STEM, layout::MUSIC_STEM, layout::MIXED, layout::TIMELINE]);
    if !timeline.tracks.captions.is_empty() {
        names.extend([layout::CAPTIONS_SRT, layout::CAPTIONS_VTT]);
        names.extend([layout::CAPTIONS_ASS, layout::CAPTIONS_JSON]);
    }
    names.extend([layout::THUMBNAIL, layout::METADATA, layout::OUTPUT]);
    Ok(folder.publish(&names)?)
}
