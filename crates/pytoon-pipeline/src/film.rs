//! A film: its folder, its brief or timeline, and its stages.
//!
//! Guarantees: a stage whose result exists for its input does nothing; a stage that is killed at any moment can be
//! run again; the film does not depend on how processes share its stages.
//!
//! A stage blocks its thread and must not run in an async task. Cancelling the token of the environment's
//! runner stops it.
//!
//! Leaves the scheduling to the two executors: [`crate::local`] on threads of one process, and the worker over a
//! queue. A stage that needs the result of another stage fails with [`PipelineError::NotReady`] if that stage has not
//! run, and with [`PipelineError::Outdated`] if it ran for another brief or in another version.
//!
//! Start with [`Film::run`].

mod drawing;
mod stage_end;
mod times;

use crate::assets::{PictureStore, picture_store};
use crate::delivery::{stage_time, voice_clips};
use crate::environment::Environment;
use crate::folder::JobFolder;
use crate::options::RenderOptions;
use crate::receipt::StageTime;
use crate::rendition::Rendition;
use crate::sources::{self, Sources};
use crate::stage::{
    FrameBuffers, Stage, StageContext, Step, cached_output, find_output, last_output, lock,
    run_cached,
};
use crate::stages::engines::{self, DrawnScene, SceneInput, SceneRequest, SceneStage};
use crate::stages::look::LookInput;
use crate::stages::plan::{self, Plan, PlanInput, PlanStage};
use crate::stages::speech;
use crate::stages::timeline::TimelineSettings;
use crate::stages::transcript::{self, TranscriptInput, TranscriptStage};
use crate::stages::voice_order::{KeptVoice, VoiceInput};
use crate::stages::voiced::{Voiced, VoicedInput, VoicedStage};
use crate::{PipelineError, Result};
use pytoon_compositor::stills::SharedStills;
use pytoon_config::BriefFile;
use pytoon_core::graph::{FilmGraph, StageId};
use pytoon_core::plan::LOCAL_ENGINE;
use pytoon_core::timeline::Timeline;
use pytoon_engines::engine_manager::SceneMemo;
use pytoon_media::encode::EncoderPool;
use pytoon_process::SystemError;
use pytoon_telemetry::Event;
use pytoon_vocabulary::{EngineName, SceneId};
use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::{Duration, Instant};

pub use crate::folder::JobIdentity;
use drawing::PlannedFilm;
pub use stage_end::{SceneEnd, StageEnd, VoicedFilm, VoicedScene};

/// The source from which a film is rendered.
#[derive(Debug, Clone)]
pub enum FilmSource {
    /// A brief, which has yet to be planned.
    Brief(Box<BriefFile>),
    /// An existing timeline, with the folder of its voice takes.
    Timeline {
        /// The timeline to render.
        timeline: Box<Timeline>,
        /// The folder that contains the voice takes.
        takes: PathBuf,
    },
}

/// A film. Several processes may have it open at the same time, each running a different stage.
pub struct Film {
    env: Environment,
    folder: JobFolder,
    source: FilmSource,
    options: RenderOptions,
    /// The number of threads that draw one chunk.
    draw_threads: usize,
    buffers: FrameBuffers,
    encoders: EncoderPool,
    /// The time at which this process began to draw chunks.
    drawing_since: OnceLock<Instant>,
    stills: Arc<SharedStills>,
    pictures: OnceLock<Arc<PictureStore>>,
    sources: Mutex<Option<Sources>>,
    planned: Mutex<Option<Arc<[PlannedFilm]>>>,
    /// The duration of each stage that this process ran or reused.
    times: Mutex<BTreeMap<String, StageTime>>,
    total_frames: AtomicI64,
    frames_done: AtomicI64,
}

impl Film {
    /// Opens the folder of a film, creates it if it does not exist, and copies the voice takes of a timeline into it.
    ///
    /// # Errors
    /// Returns an error if FFmpeg, FFprobe or a voice take of the timeline is missing, if the disk has too
    /// little free space, or if the folder cannot be used.
    pub fn open(
        env: Environment,
        root: &Path,
        job: JobIdentity,
        source: FilmSource,
        options: RenderOptions,
    ) -> Result<Self> {
        env.runner.programs.find("ffmpeg")?;
        env.runner.programs.find("ffprobe")?;
        env.check_room(root)?;
        let folder = JobFolder::open(root, env.engines.storage().folder(), job)?;
        let film = Self {
            draw_threads: env.threads(),
            env,
            folder,
            source,
            options,
            buffers: FrameBuffers::default(),
            encoders: EncoderPool::default(),
            drawing_since: OnceLock::new(),
            stills: Arc::default(),
            pictures: OnceLock::new(),
            sources: Mutex::default(),
            planned: Mutex::default(),
            times: Mutex::default(),
            total_frames: AtomicI64::new(0),
            frames_done: AtomicI64::new(0),
        };
        film.copy_takes()?;
        Ok(film)
    }

    /// Sets the number of threads that draw one chunk, and returns the film.
    pub(crate) fn with_draw_threads(mut self, threads: usize) -> Self {
        self.draw_threads = threads;
        self
    }

    /// Returns the graph of the film as known before its voice stage.
    pub fn graph(&self) -> FilmGraph {
        match &self.source {
            FilmSource::Brief(_) => FilmGraph::of_brief(),
            FilmSource::Timeline { timeline, .. } => {
                FilmGraph::of_timeline(timeline.chunks().len() as u32)
            }
        }
    }

    pub(crate) fn env(&self) -> &Environment {
        &self.env
    }

    /// Creates the requested files for composed frames and frame hashes, and truncates existing ones.
    pub(crate) fn prepare_frame_outputs(&self) -> Result<()> {
        for path in [&self.options.frames_out, &self.options.frame_hashes].into_iter().flatten() {
            File::create(path).map_err(|e| SystemError::write(path, e))?;
        }
        Ok(())
    }

    /// Runs a stage, as far as possible without waiting for vendors. For a scene, `memo` carries its progress: the
    /// first run takes an empty memo, and each further run the memo that the previous one returned. If the latest
    /// memo is lost, an older one also works.
    ///
    /// # Errors
    /// [`PipelineError::NotReady`] if a required stage has not run; [`PipelineError::Outdated`] if it ran for another
    /// brief or in another version; [`PipelineError::Held`] or [`PipelineError::Degraded`] if the voice or scenes
    /// used a fallback and the brief does not accept a degraded film.
    pub fn run(&self, stage: &StageId, memo: SceneMemo) -> Result<StageEnd> {
        self.with_context(|context| match stage {
            StageId::Plan => self.plan(context).map(|()| StageEnd::Done),
            StageId::Voice => self.voice(context).map(StageEnd::Voiced),
            StageId::Scene(id) => self.scene(context, id, memo),
            StageId::Mix => self.mix(context).map(|()| StageEnd::Done),
            StageId::Chunk(index) => self.chunk(context, *index as usize).map(|()| StageEnd::Done),
            StageId::Publish => {
                self.publish(context).map(|receipt| StageEnd::Published(Box::new(receipt)))
            }
        })
    }

    pub(crate) fn with_context<T>(
        &self,
        work: impl FnOnce(&StageContext<'_>) -> Result<T>,
    ) -> Result<T> {
        let (palette, file) = match &self.source {
            FilmSource::Brief(file) => (self.resolve_sources()?.palette, Some(file.as_ref())),
            FilmSource::Timeline { timeline, .. } => (timeline.look.palette.clone(), None),
        };
        let pictures = self.pictures.get_or_init(|| picture_store(&self.env, &palette));
        let count = |frames: i64| self.count_frames(frames);
        work(&StageContext {
            env: &self.env,
            folder: &self.folder,
            pictures,
            file,
            frames_out: self.options.frames_out.as_deref(),
            frame_hashes: self.options.frame_hashes.as_deref(),
            draw_threads: self.draw_threads,
            buffers: &self.buffers,
            encoders: &self.encoders,
            stills: &self.stills,
            frames_done: &count,
        })
    }

    fn brief(&self) -> Result<&BriefFile> {
        match &self.source {
            FilmSource::Brief(file) => Ok(file),
            FilmSource::Timeline { .. } => {
                Err(PipelineError::Internal("a film made from a timeline has no brief".into()))
            }
        }
    }

    /// Returns the brief with all its files resolved. The result is cached.
    fn resolve_sources(&self) -> Result<Sources> {
        let mut known = lock(&self.sources);
        if let Some(sources) = known.as_ref() {
            return Ok(sources.clone());
        }
        let sources = sources::resolve(&self.env, self.brief()?, self.options.draft)?;
        Ok(known.insert(sources).clone())
    }

    /// Returns the hash of the brief and the draft option. The content of the files that the brief references is not
    /// included.
    fn brief_hash(&self) -> Result<String> {
        Ok(self.folder.hash(&(self.resolve_sources()?.brief, self.options.draft)))
    }

    fn plan(&self, context: &StageContext<'_>) -> Result<()> {
        let mut sources = self.resolve_sources()?;
        let settings = &self.env.config.settings;
        if let Some(input) = TranscriptInput::of(&sources, &settings.transcription) {
            self.env.progress.stage("transcript");
            let stage = TranscriptStage { limits: speech::limits(context.engines(), &sources) };
            let heard = cached_output(context, &stage, &input)?;
            self.note("transcript", heard.took, heard.reused);
            transcript::apply(heard.value, &mut sources);
        }
        self.env.progress.stage("plan");
        let input = PlanInput {
            brief: self.brief_hash()?,
            stamps: plan::stamps(&sources),
            draft: self.options.draft,
            sources,
        };
        let plan = cached_output(context, &PlanStage, &input)?;
        self.note("plan", plan.took, plan.reused);
        Event::JobStarted {
            folder: &self.folder.root().display().to_string(),
            preset: &plan.value.preset_id,
            seed: plan.value.graph.seed,
        }
        .emit();
        Ok(())
    }

    /// Returns the input of the voice stage of this brief, and the resolved brief, after the film was planned.
    pub(crate) fn voice_input(&self) -> Result<(VoiceInput, Sources)> {
        let (plan, sources) = self.plan_of_brief()?;
        let input = VoiceInput::of(&sources, &plan.graph, &self.env.config.settings, None);
        Ok((input, sources))
    }

    /// Returns the plan of this brief, and the resolved brief completed with the transcript from planning.
    pub(crate) fn plan_of_brief(&self) -> Result<(Plan, Sources)> {
        let plan = self.of_this_brief(&PlanStage, StageId::Plan, |plan| &plan.brief)?;
        let mut sources = self.resolve_sources()?;
        plan.complete(&mut sources);
        Ok((plan, sources))
    }

    fn voice(&self, context: &StageContext<'_>) -> Result<VoicedFilm> {
        let (plan, sources) = self.plan_of_brief()?;
        let continues = self.env.keeps_voice;
        self.ask_again_for_fallbacks(continues)?;
        let kept = if continues { KeptVoice::of(&self.folder, &sources) } else { None };
        let settings = &self.env.config.settings;
        let means = (!continues).then(|| speech::means(context, &settings.tts));
        let films = Rendition::all(&sources.brief).len();
        let input = VoicedInput {
            brief: self.brief_hash()?,
            stamps: plan::stamps(&sources),
            voice: VoiceInput::of(&sources, &plan.graph, settings, means),
            look: LookInput::of(&sources),
            timeline: TimelineSettings::of(settings),
            engines: (!continues).then(|| context.engines().means()),
            sources,
            graph: plan.graph,
        };
        let voiced = cached_output(context, &VoicedStage { kept }, &input)?;
        for (part, took_ms, reused) in &voiced.value.parts {
            self.note(part, Duration::from_millis(*took_ms), voiced.reused || *reused);
        }
        Ok(voiced_film(&voiced.value, films))
    }

    /// Returns the output of the voice stage for this brief.
    pub(crate) fn voice_output(&self) -> Result<Voiced> {
        self.of_this_brief(&VoicedStage::default(), StageId::Voice, |voiced| &voiced.brief)
    }

    /// Returns the output of a stage for this brief. Fails with [`PipelineError::NotReady`] or
    /// [`PipelineError::Outdated`] if there is none.
    fn of_this_brief<S: Stage>(
        &self,
        stage: &S,
        id: StageId,
        brief_of: fn(&S::Output) -> &str,
    ) -> Result<S::Output> {
        let brief = self.brief_hash()?;
        let output = last_output(&self.folder, stage).filter(|output| brief_of(output) == brief);
        output.ok_or_else(|| match self.folder.work_path(&stage.output_file()).is_file() {
            true => PipelineError::Outdated(id),
            false => PipelineError::NotReady(id),
        })
    }

    /// Invalidates every scene that fell back, and the voice stage with it, so that engines are asked again: since
    /// the last render a key may have been added, or a late clip may have arrived. Purchases are reused. Does nothing
    /// if the job `continues` with another brief.
    fn ask_again_for_fallbacks(&self, continues: bool) -> Result<()> {
        let voiced_stage = VoicedStage::default();
        let Some(voiced) = last_output(&self.folder, &voiced_stage) else { return Ok(()) };
        if continues && voiced.brief != self.brief_hash()? {
            return Ok(());
        }
        for wanted in &voiced.wanted {
            let stage = SceneStage::new(wanted);
            let fell_back = match last_output(&self.folder, &stage) {
                Some(drawn) => engines::is_degraded(&drawn.story),
                None => !wanted.order.chain.has_outside_engine() && wanted.asked != LOCAL_ENGINE,
            };
            if fell_back {
                self.folder.invalidate(&stage.name())?;
                self.folder.invalidate(&voiced_stage.name())?;
            }
        }
        Ok(())
    }

    fn scene(
        &self,
        context: &StageContext<'_>,
        scene_id: &SceneId,
        memo: SceneMemo,
    ) -> Result<StageEnd> {
        let voiced = self.voice_output()?;
        let is_scene = voiced.timeline.timeline.iter().any(|place| place.scene_id == *scene_id);
        if !is_scene && voiced.request_of(scene_id).is_none() {
            return Err(PipelineError::Internal(format!("the film has no scene `{scene_id}`")));
        }
        let Some(wanted) = voiced.request_of(scene_id) else {
            // The scene shows its own media or a drawn background, so no engine is asked.
            let engine_used = LOCAL_ENGINE.into();
            let end = SceneEnd { engine_used, fallback_used: false, error: None };
            return Ok(StageEnd::Scene(end));
        };
        let deadline = engines::deadline_of(&self.brief()?.brief, &self.folder)?;
        let may_get_clip = |wanted: &&SceneRequest| wanted.order.chain.has_outside_engine();
        let is_alone = voiced.wanted.iter().filter(may_get_clip).count() == 1;
        let stage = SceneStage { wanted, deadline, memo, is_alone };
        let input = SceneInput::of(wanted);
        match run_cached(context, &stage, &input)? {
            Step::Done(drawn) => Ok(StageEnd::Scene(scene_end(&drawn.value, wanted))),
            Step::Later { memo, wait } => Ok(StageEnd::Later { memo, wait }),
        }
    }

    /// Starts a health check of every engine in the scenes' chains, in the background. Each check logs its result.
    pub(crate) fn report_engine_health(&self) {
        let (Ok(voiced), Some(outside)) = (self.voice_output(), self.env.engines.outside()) else {
            return;
        };
        let members = voiced.wanted.iter().flat_map(|wanted| &wanted.order.chain.members);
        let names: BTreeSet<EngineName> = members.map(|member| member.engine.clone()).collect();
        for name in names {
            let manager = outside.manager.clone();
            outside.runtime.spawn(async move { manager.health_check(name.as_str()).await });
        }
    }

    /// Returns the results of all scenes that request an engine. Fails if the stage of a scene that an external
    /// engine may draw has not run.
    fn scenes(
        &self,
        context: &StageContext<'_>,
        voiced: &Voiced,
    ) -> Result<BTreeMap<SceneId, DrawnScene>> {
        let mut scenes = BTreeMap::new();
        for wanted in &voiced.wanted {
            let scene_id = &wanted.order.scene_id;
            let input = SceneInput::of(wanted);
            let drawn = match find_output(context, &SceneStage::new(wanted), &input)? {
                Some((drawn, _)) => drawn,
                // The graph has no stage for such a scene.
                None if !wanted.order.chain.has_outside_engine() => {
                    DrawnScene::local_fallback(wanted)
                }
                None => return Err(PipelineError::NotReady(StageId::Scene(scene_id.clone()))),
            };
            scenes.insert(scene_id.clone(), drawn);
        }
        Ok(scenes)
    }

    fn count_frames(&self, frames: i64) {
        let done = self.frames_done.fetch_add(frames, Ordering::Relaxed) + frames;
        let total = self.total_frames.load(Ordering::Relaxed);
        if frames > 1 || done % 15 == 0 || done >= total {
            self.env.progress.frames(done.min(total), total);
        }
    }

    fn note(&self, stage: &str, took: Duration, reused: bool) {
        let time = stage_time(stage, took, reused);
        lock(&self.times).insert(stage.to_owned(), time);
    }

    /// Copies the timeline's voice takes from their folder into the work folder. Fails if a take is in neither.
    fn copy_takes(&self) -> Result<()> {
        let FilmSource::Timeline { timeline, takes } = &self.source else { return Ok(()) };
        for clip in voice_clips(timeline) {
            let source = takes.join(&clip.asset);
            let target = self.folder.new_work(&clip.asset)?;
            if source.is_file() && !target.is_file() {
                std::fs::copy(&source, &target).map_err(|e| SystemError::write(&target, e))?;
            }
            if !target.is_file() {
                let reason = "the timeline names this voice take, but the file is missing";
                return Err(SystemError::unusable(&source, reason).into());
            }
        }
        Ok(())
    }
}

fn voiced_film(voiced: &Voiced, films: usize) -> VoicedFilm {
    let scenes = voiced.timeline.timeline.iter().map(|scene| {
        let wanted = voiced.request_of(&scene.scene_id);
        VoicedScene {
            id: scene.scene_id.clone(),
            engine_asked: wanted.map_or_else(|| scene.engine.clone(), |w| w.asked.clone()),
            drawn_outside: wanted.is_some_and(|w| w.order.chain.has_outside_engine()),
        }
    });
    let is_further = |wanted: &&SceneRequest| {
        !voiced.timeline.timeline.iter().any(|scene| scene.scene_id == wanted.order.scene_id)
    };
    let further = voiced.wanted.iter().filter(is_further).map(|wanted| VoicedScene {
        id: wanted.order.scene_id.clone(),
        engine_asked: wanted.asked.clone(),
        drawn_outside: wanted.order.chain.has_outside_engine(),
    });
    // Chunks follow from the times of scenes, which all films share.
    let chunks = (voiced.timeline.chunks().len() * films) as u32;
    VoicedFilm { scenes: scenes.chain(further).collect(), chunks }
}

fn scene_end(drawn: &DrawnScene, wanted: &SceneRequest) -> SceneEnd {
    let story = &drawn.story;
    let clip = story.clip.as_ref();
    let engine_used = clip.map_or_else(|| LOCAL_ENGINE.into(), |clip| clip.engine.clone());
    let fallback_used = engine_used != story.asked;
    let error = fallback_used.then(|| engines::why(story, Some(&wanted.order.chain)));
    SceneEnd { engine_used, fallback_used, error }
}

#[cfg(test)]
mod tests;
