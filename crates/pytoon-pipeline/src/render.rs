//! Renders a brief, or a timeline again.

use crate::PipelineError;
use crate::assets::PictureStore;
use crate::delivery::{self, Made, Planned, Times, artifacts, asked, tool_versions, write_json};
use crate::environment::Environment;
use crate::folder::JobFolder;
use crate::options::RenderOptions;
use crate::receipt::{Asked, Receipt, VoiceReceipt};
use crate::sources::{self, Sources};
use crate::stages::colours::FilmColours;
use crate::stages::engines::{self, Drawn};
use crate::stages::{finish, look, picture, sound, timeline, transcript, voice};
use pytoon_compositor::compose::palette;
use pytoon_config::BriefFile;
use pytoon_core::layout;
use pytoon_core::note::Note;
use pytoon_core::plan::{PlanInput, plan};
use pytoon_core::scene::SceneGraph;
use pytoon_core::timeline::{AudioTrack, MusicTrackSource, PaletteChoice, Timeline};
use pytoon_media::process::yield_to_encoder;
use pytoon_media::{MediaError, disk, threads};
use pytoon_telemetry::Event;
use pytoon_voice::alignment::AlignmentMethod;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

/// Renders.
pub struct Renderer {
    env: Environment,
    options: RenderOptions,
    times: Times,
}

/// A finished film.
#[derive(Debug, Clone)]
pub struct Rendered {
    /// The job's folder.
    pub folder: PathBuf,
    /// The receipt.
    pub receipt: Receipt,
}

impl Renderer {
    /// A renderer for one film.
    pub fn new(env: Environment, options: RenderOptions) -> Self {
        Self { env, options, times: Times::default() }
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
        check_machine(&self.env, root)?;
        let store = picture_store(&self.env, &sources.palette);
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
        check_machine(&self.env, root)?;
        let store = picture_store(&self.env, &timeline.look.palette);
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
        self.times.note("plan", begun, false);
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
        self.times.note("transcript", begun, reused);
        self.plan(file, sources)
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
        let look = || {
            let begun = Instant::now();
            look::look(asked_of, file, store, env.threads()).map(|assets| (assets, begun.elapsed()))
        };
        let speak = || {
            env.progress.stage("voice");
            let begun = Instant::now();
            voice::voice(env, file, asked_of, planned, folder)
                .map(|(spoken, reused)| (spoken, reused, begun.elapsed()))
        };
        let (looked, voiced) = threads::side_by_side(look, speak);
        // A broken picture is the user's to mend, so it is said first.
        let (mut assets, look_time) =
            looked.map_err(|_| PipelineError::Internal("looking at pictures stopped".into()))??;
        let (spoken, reused, voice_time) = voiced?;
        // This process makes one film; a worker keeps its voices for the next one.
        env.voices.clear();
        voice::degraded(&self.env, folder, sources, graph, &spoken)?;
        self.times.push("look", look_time, false);
        self.times.push("voice", voice_time, reused);
        self.env.progress.stage("timeline");
        let begun = Instant::now();
        let mut built = timeline::timeline(&self.env, sources, graph, &spoken.speech, &assets)?;
        self.times.note("timeline", begun, false);
        let needed_ms = |scene| engines::needed_ms(&built.timeline, scene);
        engines::choose(&self.env.engines, sources, graph, &needed_ms);
        write_json(folder, layout::SCENE_GRAPH, graph)?;
        let asked = asked(sources, graph);
        let drawn = self.draw_outside(file, sources, graph, &built.timeline, folder)?;
        if !drawn.is_empty() {
            // The same brief comes to the same film, whatever was in the folder before.
            let colours = FilmColours::of(&self.env, engines::clips(&drawn), folder, None, &[]);
            engines::place(sources, graph, &built.timeline, &mut assets, &drawn, &colours);
            built = timeline::timeline(&self.env, sources, graph, &spoken.speech, &assets)?;
            write_json(folder, layout::SCENE_GRAPH, graph)?;
        }
        timeline::write(folder, &built.timeline)?;
        let warnings = with_notes(built.warnings, sources);
        let planned = Planned::new(asked, graph, &spoken, drawn, built.timeline, warnings);
        self.draw(planned, store, folder)
    }

    /// The scenes that outside engines draw.
    fn draw_outside(
        &mut self,
        file: &BriefFile,
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
        let (drawn, reused) = engines::engines(&self.env, file, sources, graph, timeline, folder)?;
        self.times.note("engines", begun, reused);
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
        let sound = || {
            yield_to_encoder();
            let begun = Instant::now();
            let (report, reused) = sound::sound(env, &timeline, folder)?;
            // Asked for here, while the picture is drawn, nobody waits for it.
            Ok::<_, PipelineError>((report, reused, begun.elapsed(), tool_versions(env)))
        };
        let draw = || {
            let begun = Instant::now();
            picture::picture(env, &shown, store, fonts.engine, folder, options)
                .map(|(report, reused)| (report, reused, begun.elapsed()))
        };
        let (sounded, drawn) = threads::side_by_side(sound, draw);
        let sounded =
            sounded.map_err(|_| PipelineError::Internal("mixing stopped unexpectedly".into()))?;
        // When both fail for one reason, a cancel, say that.
        let (picture_report, picture_reused, picture_time) = drawn?;
        let (sound_report, sound_reused, sound_time, tools) = sounded?;
        self.times.push("sound", sound_time, sound_reused);
        self.times.push("picture", picture_time, picture_reused);
        self.env.progress.stage("finish");
        let begun = Instant::now();
        finish::finish(&self.env, &timeline, folder)?;
        self.times.note("finish", begun, false);
        self.env.progress.stage("check");
        let made = Made {
            sound: &sound_report,
            picture: &picture_report,
            tools,
            verify_full: self.options.verify_full,
        };
        let times = self.times.clone();
        let receipt = delivery::receipt(&self.env, planned, made, times, folder)?;
        publish(folder, &timeline)?;
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
                let stage = self.times.0.last().map_or("resolve", |t| t.stage.as_str());
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
}

/// What would surely fail later is said before work begins.
pub(crate) fn check_machine(env: &Environment, root: &Path) -> Result<(), PipelineError> {
    env.runner.programs.find("ffmpeg")?;
    env.runner.programs.find("ffprobe")?;
    let needed = env.config.settings.limits.min_free_disk_mib << 20;
    if let Some(free) = disk::free_bytes(root)
        && free < needed
    {
        return Err(MediaError::NoRoom {
            path: root.to_owned(),
            free_mib: free >> 20,
            needed_mib: needed >> 20,
        }
        .into());
    }
    Ok(())
}

/// Where the pictures of a film are kept decoded.
pub(crate) fn picture_store(env: &Environment, choice: &PaletteChoice) -> Arc<PictureStore> {
    Arc::new(PictureStore::new(
        env.runner.clone(),
        env.picture_limits(),
        env.config.engines.engines.local.picture_cache_mib,
        ground(choice),
    ))
}

/// What shows where pictures and clips are transparent.
pub(crate) fn ground(choice: &PaletteChoice) -> [u8; 3] {
    let ground = palette(choice).shade(0.86, 0.02, 0.0);
    [ground.r, ground.g, ground.b]
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

/// Adds what is noted of the files to what was bent.
pub(crate) fn with_notes(mut warnings: Vec<Note>, sources: &Sources) -> Vec<Note> {
    warnings.extend(sources.notes.iter().cloned());
    warnings
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
            voice: None,
            licence: None,
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

fn publish(folder: &JobFolder, timeline: &Timeline) -> Result<(), PipelineError> {
    let (mut names, after) = artifacts(timeline);
    names.retain(|name| folder.work(name).is_file());
    if folder.work(layout::VOICE_DIR).is_dir() {
        names.push(layout::VOICE_DIR);
    }
    names.extend(after);
    Ok(folder.publish(&names)?)
}
