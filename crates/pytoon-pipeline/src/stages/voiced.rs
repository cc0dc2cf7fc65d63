//! Turns a plan into a film whose scene times are known: the voice, the analysis of pictures, the timeline, and the
//! engines of the scenes.

use super::engines::{self, SceneRequest};
use super::look::{LookInput, LookStage};
use super::speech;
use super::timeline::{self, TimelineSettings};
use super::voice;
use super::voice_order::{KeptVoice, VoiceInput, VoiceResult, VoiceStage};
use crate::engine_session::EngineMeans;
use crate::rendition::Rendition;
use crate::sources::Sources;
use crate::stage::{Output, Stage, StageContext, Step, cached_output, find_output, write_json};
use crate::{PipelineError, Result};
use pytoon_core::artifact;
use pytoon_core::note::Note;
use pytoon_core::scene::SceneGraph;
use pytoon_core::timeline::Timeline;
use pytoon_core::timeline::asset_facts::AssetFacts;
use pytoon_core::timeline::fit::Fit;
use pytoon_process::threads;
use pytoon_vocabulary::{MicroUsd, SceneId};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// The stage that synthesizes the voice, analyses pictures, builds the timeline and chooses engines.
#[derive(Default)]
pub(crate) struct VoicedStage {
    /// The voice of an earlier film of this job, which a resumed job keeps.
    pub(crate) kept: Option<KeptVoice>,
}

#[derive(Serialize)]
pub(crate) struct VoicedInput {
    /// The hash of the brief itself, without the content of its files.
    pub(crate) brief: String,
    pub(crate) sources: Sources,
    /// The paths, sizes and content hashes of the brief's files.
    pub(crate) stamps: Vec<String>,
    pub(crate) graph: SceneGraph,
    pub(crate) voice: VoiceInput,
    pub(crate) look: LookInput,
    pub(crate) timeline: TimelineSettings,
    /// The engines that can be used; `None` if the job keeps its engines.
    pub(crate) engines: Option<EngineMeans>,
}

/// Returns the voice of the job's first film, for a resumed film with the same words and settings; `None` if the job
/// keeps no voice or that voice is not stored. A separate search is needed because the cache key of the first film
/// contains the available voices, and the key of a resumed film does not.
fn find_first_voice(
    context: &StageContext<'_>,
    stage: &VoiceStage<'_>,
    input: &VoiceInput,
) -> Result<Option<Output<VoiceResult>>> {
    if input.means.is_some() {
        return Ok(None);
    }
    let begun = Instant::now();
    let means = Some(speech::means(context, &input.tts));
    let earlier = find_output(context, stage, &VoiceInput { means, ..input.clone() })?;
    Ok(earlier.map(|(value, _)| Output { value, reused: true, took: begun.elapsed() }))
}

/// A film whose scene times are known.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Voiced {
    /// The hash of the brief whose script was spoken.
    pub(crate) brief: String,
    /// The scenes with their engine chains.
    pub(crate) graph: SceneGraph,
    pub(crate) spoken: VoiceResult,
    /// The results of the picture analysis, by file.
    pub(crate) facts: BTreeMap<String, AssetFacts>,
    /// The timeline without clips of external engines.
    pub(crate) timeline: Timeline,
    pub(crate) warnings: Vec<Note>,
    /// The orders for external engines.
    pub(crate) wanted: Vec<SceneRequest>,
    /// The steps of the stage: name, duration in milliseconds, and true if an earlier run produced the result.
    pub(crate) parts: Vec<(String, u64, bool)>,
}

impl Voiced {
    pub(crate) fn request_of(&self, scene_id: &SceneId) -> Option<&SceneRequest> {
        self.wanted.iter().find(|wanted| wanted.order.scene_id == *scene_id)
    }
}

impl Stage for VoicedStage {
    type Input = VoicedInput;
    type Output = Voiced;

    fn name(&self) -> String {
        "voiced".to_owned()
    }

    fn artifacts(&self, voiced: &Voiced) -> Vec<String> {
        voiced.spoken.takes()
    }

    /// Returns true if no voice provider failed. Failed providers are retried.
    fn is_usable(&self, _: &StageContext<'_>, voiced: &Voiced) -> Result<bool> {
        Ok(voiced.spoken.attempts.is_empty())
    }

    fn run(&self, context: &StageContext<'_>, input: &VoicedInput) -> Result<Step<Voiced>> {
        let sources = &input.sources;
        let (facts, spoken) = self.look_and_speak(context, input)?;
        let mut graph = input.graph.clone();
        engines::stop_if_short(context, sources, voice::shortfall(&graph, &spoken.value))?;
        context.progress().stage("timeline");
        let begun = Instant::now();
        let speech = &spoken.value.speech;
        let built = timeline::timeline(&input.timeline, sources, &graph, speech, &facts.value)?;
        let took = begun.elapsed();
        let needed_ms = |scene| engines::needed_ms(&built.timeline, scene);
        let wanted = engines::choose(context, sources, &mut graph, &needed_ms);
        if context.buys() {
            crate::stages::refusal::refuse(context, sources, &wanted, MicroUsd::ZERO)?;
        }
        // An earlier brief of this job may have left other versions.
        write_json(context.folder, artifact::SCENE_GRAPH, &graph)?;
        timeline::write(context.folder, Rendition::First, &built.timeline)?;
        let ms = |took: Duration| took.as_millis() as u64;
        Ok(Step::Done(Voiced {
            brief: input.brief.clone(),
            graph,
            parts: vec![
                ("look".to_owned(), ms(facts.took), facts.reused),
                ("voice".to_owned(), ms(spoken.took), spoken.reused),
                ("timeline".to_owned(), ms(took), false),
            ],
            facts: facts.value,
            spoken: spoken.value,
            timeline: built.timeline,
            warnings: built.warnings,
            wanted,
        }))
    }
}

/// The results of the picture analysis, and the voice.
type LookAndSpeech = (Output<BTreeMap<String, AssetFacts>>, Output<VoiceResult>);

impl VoicedStage {
    /// Synthesizes the voice while the pictures are analysed.
    fn look_and_speak(
        &self,
        context: &StageContext<'_>,
        input: &VoicedInput,
    ) -> Result<LookAndSpeech> {
        // The later purchases are known before the voice is bought.
        let refuse = |shortest: &Fit, price: MicroUsd| {
            let needed_ms =
                |scene: usize| shortest.scenes.get(scene).map_or(0, |scene| scene.duration_ms);
            let mut graph = input.graph.clone();
            let wanted = engines::choose(context, &input.sources, &mut graph, &needed_ms);
            crate::stages::refusal::refuse(context, &input.sources, &wanted, price)
        };
        let stage = VoiceStage {
            kept: self.kept.clone(),
            limits: speech::limits(context.engines(), &input.sources),
            refuse: &refuse,
        };
        context.progress().stage("look");
        let look = || cached_output(context, &LookStage(Rendition::First), &input.look);
        let speak = || {
            context.progress().stage("voice");
            match find_first_voice(context, &stage, &input.voice)? {
                Some(spoken) => Ok(spoken),
                None => cached_output(context, &stage, &input.voice),
            }
        };
        let (looked, spoken) = threads::side_by_side(look, speak);
        // The user can fix a broken picture, so it is reported first.
        let looked = looked.map_err(|_| {
            PipelineError::Internal("reading the pictures ended unexpectedly".into())
        })??;
        Ok((looked, spoken?))
    }
}
