//! The first steps: what is to be shown and said, and when.

use super::Steps;
use super::state::{PLAN, PlanState, VOICED, VoiceState};
use crate::PipelineError;
use crate::delivery::{Times, write_json};
use crate::render::{picture_store, plan_graph};
use crate::sources::{self, Sources};
use crate::stages::voice::VoiceResult;
use crate::stages::{budget, engines, look, timeline, transcript, voice};
use pytoon_config::BriefFile;
use pytoon_core::layout;
use pytoon_core::money::MicroUsd;
use pytoon_core::scene::SceneGraph;
use pytoon_core::timeline::build::AssetFacts;
use pytoon_media::threads;
use pytoon_telemetry::Event;
use std::collections::BTreeMap;
use std::time::Instant;

/// A job whose scenes are planned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlannedJob {
    /// The ids of its scenes, in order.
    pub scenes: Vec<String>,
    /// The preset.
    pub preset_id: String,
}

/// A job whose times are known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VoicedJob {
    /// Its scenes, in order.
    pub scenes: Vec<VoicedScene>,
    /// Its length in frames.
    pub total_frames: i64,
    /// Its length in milliseconds.
    pub duration_ms: i64,
    /// The chunks of its picture: [`Steps::compose`] is run for each, from 0.
    pub chunks: u32,
}

/// A scene whose engine is chosen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VoicedScene {
    /// Its id.
    pub id: String,
    /// The engine asked for.
    pub engine_asked: String,
    /// Whether an outside engine is to draw it: [`Steps::scene`] may then take its time. For other
    /// scenes it is done at once, and need not be run.
    pub drawn_outside: bool,
    /// Its length in milliseconds.
    pub duration_ms: i64,
}

/// The voice of a film, what its pictures show, and how long both took.
type Heard = (VoiceResult, (String, BTreeMap<String, AssetFacts>), Times);

impl Steps {
    /// Resolves the brief and plans its scenes. A recording that comes without words is written
    /// down here, and only here.
    pub fn plan(&self, file: &BriefFile) -> Result<PlannedJob, PipelineError> {
        self.env.progress.stage("plan");
        let begun = Instant::now();
        let mut sources = sources::resolve(&self.env, file, self.draft)?;
        let brief = self.brief_hash(file);
        let input = self.folder.hash(&(
            (&brief, &sources.brief, self.stamps(&sources)),
            (&sources.preset, &sources.profile, &self.env.config.settings.transcription),
        ));
        if self.folder.is_done("plan", &input, &[layout::BRIEF, layout::SCENE_GRAPH])
            && let Ok(state) = self.plan_of(file)
        {
            return Ok(planned(&state));
        }
        Event::JobStarted {
            folder: &self.folder.root().display().to_string(),
            preset: &sources.preset_id,
            seed: sources.seed,
        }
        .emit();
        let mut times = Times::default();
        if sources.lacks_script() {
            let begun = Instant::now();
            let reused = transcript::transcript(&self.env, &mut sources, &self.folder)?;
            times.note("transcript", begun, reused);
        }
        let graph = plan_graph(file, &sources)?;
        times.note("plan", begun, false);
        write_json(&self.folder, layout::BRIEF, &sources.brief)?;
        if self.draft {
            self.folder.write(layout::DRAFT_MARK, b"")?;
        } else {
            self.folder.forget(layout::DRAFT_MARK)?;
        }
        write_json(&self.folder, layout::SCENE_GRAPH, &graph)?;
        let state = PlanState::new(brief, &sources, graph, times);
        self.keep(PLAN, &state)?;
        self.folder.done("plan", &input, &[PLAN])?;
        Ok(planned(&state))
    }

    /// Has the words spoken, builds the timeline and decides which engines draw which scene.
    ///
    /// Fails with [`PipelineError::Held`] or [`PipelineError::Degraded`] where the brief wants no
    /// lesser voice.
    pub fn voice(&self, file: &BriefFile) -> Result<VoicedJob, PipelineError> {
        let plan = self.plan_of(file)?;
        let sources = self.sources(file, &plan)?;
        let settings = &self.env.config.settings;
        let input = self.folder.hash(&(
            (self.brief_hash(file), self.stamps(&sources), &plan.graph),
            (&sources.preset, &sources.profile),
            (&settings.tts, &settings.voice, &settings.alignment, &settings.mix.duck),
        ));
        if let Ok(state) = self.voice_of(file)
            && state.input == input
            && self.folder.is_done("voiced", &input, &[layout::TIMELINE, layout::SCENE_GRAPH])
        {
            return Ok(voiced(&state));
        }
        let mut graph = plan.graph;
        let (spoken, look, mut times) = self.hear(file, &sources, &graph)?;
        voice::degraded(&self.env, &self.folder, &sources, &graph, &spoken)?;
        self.env.progress.stage("timeline");
        let begun = Instant::now();
        let built = timeline::timeline(&self.env, &sources, &graph, &spoken.speech, &look.1)?;
        times.note("timeline", begun, false);
        let needed_ms = |scene| engines::needed_ms(&built.timeline, scene);
        engines::choose(&self.env.engines, &sources, &mut graph, &needed_ms);
        let wanted = engines::orders(&self.env, &sources, &graph, &needed_ms, &self.folder)?;
        budget::refuse(&self.env, file, &sources, &wanted, &self.folder, MicroUsd::ZERO)?;
        // What an earlier brief of this job came to is not this one's.
        self.folder.undone("voiced")?;
        self.folder.undone("timeline")?;
        write_json(&self.folder, layout::SCENE_GRAPH, &graph)?;
        timeline::write(&self.folder, &built.timeline)?;
        let state = VoiceState {
            brief: self.brief_hash(file),
            input,
            graph,
            spoken,
            look,
            timeline: built.timeline,
            warnings: built.warnings,
            wanted,
            times,
        };
        self.keep(VOICED, &state)?;
        self.folder.done("voiced", &state.input, &[VOICED])?;
        Ok(voiced(&state))
    }

    /// The voice, while the pictures are looked at.
    fn hear(
        &self,
        file: &BriefFile,
        sources: &Sources,
        graph: &SceneGraph,
    ) -> Result<Heard, PipelineError> {
        let env = &self.env;
        let seen_for = self
            .folder
            .hash(&(self.stamps(sources), (&sources.profile, &sources.palette, &sources.clips)));
        let earlier = self.read::<VoiceState>(VOICED).map(|state| state.look);
        let earlier = earlier.filter(|(input, _)| *input == seen_for);
        let is_seen = earlier.is_some();
        env.progress.stage("voice");
        let look = || {
            let begun = Instant::now();
            let facts = match earlier {
                Some((_, facts)) => Ok(facts),
                None => {
                    let store = picture_store(env, &sources.palette);
                    look::look(sources, file, &store, env.threads())
                }
            };
            facts.map(|facts| (facts, begun.elapsed()))
        };
        let speak = || {
            let begun = Instant::now();
            voice::voice(env, file, sources, graph, &self.folder)
                .map(|(spoken, reused)| (spoken, reused, begun.elapsed()))
        };
        let (looked, spoken) = threads::side_by_side(look, speak);
        // A broken picture is the user's to mend, so it is said first.
        let (facts, look_time) =
            looked.map_err(|_| PipelineError::Internal("looking at pictures stopped".into()))??;
        let (spoken, reused, voice_time) = spoken?;
        let mut times = Times::default();
        times.push("look", look_time, is_seen);
        times.push("voice", voice_time, reused);
        Ok((spoken, (seen_for, facts), times))
    }
}

fn planned(state: &PlanState) -> PlannedJob {
    PlannedJob {
        scenes: state.graph.scenes.iter().map(|scene| scene.id.clone()).collect(),
        preset_id: state.preset_id.clone(),
    }
}

fn voiced(state: &VoiceState) -> VoicedJob {
    let timeline = &state.timeline;
    let scenes = timeline.timeline.iter().map(|scene| {
        let wanted = state.wanted(&scene.scene_id);
        VoicedScene {
            id: scene.scene_id.clone(),
            engine_asked: wanted.map_or_else(|| scene.engine.clone(), |w| w.asked.clone()),
            drawn_outside: wanted.is_some_and(|w| w.order.chain.has_outside_engine()),
            duration_ms: scene.end - scene.start,
        }
    });
    VoicedJob {
        scenes: scenes.collect(),
        total_frames: timeline.total_frames,
        duration_ms: timeline.total_duration,
        chunks: timeline.chunks().len() as u32,
    }
}
