//! From a plan to a film whose times are known: the voice, a look at the pictures, the timeline, and
//! the engines that draw scenes.

use super::engines::{self, Wanted};
use super::look::{LookInput, LookStage};
use super::speech;
use super::timeline::{self, TimelineSettings};
use super::voice;
use super::voice_order::{KeptVoice, VoiceInput, VoiceResult, VoiceStage};
use crate::engine_desk::EngineMeans;
use crate::sources::Sources;
use crate::stage::{Output, Stage, StageContext, Step, found, made, write_json};
use crate::{PipelineError, Result};
use pytoon_core::layout;
use pytoon_core::note::Note;
use pytoon_core::scene::SceneGraph;
use pytoon_core::timeline::Timeline;
use pytoon_core::timeline::build::AssetFacts;
use pytoon_core::timeline::fit::Fit;
use pytoon_process::threads;
use pytoon_vocabulary::{MicroUsd, SceneId};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// Speaks, looks, builds the timeline and chooses engines.
#[derive(Default)]
pub(crate) struct VoicedStage {
    /// The voice of an earlier film of this job, which a continued job keeps.
    pub(crate) kept: Option<KeptVoice>,
}

#[derive(Serialize)]
pub(crate) struct VoicedInput {
    /// Tells the brief from others without looking at the files it names.
    pub(crate) brief: String,
    pub(crate) sources: Sources,
    /// Stamps of the files it names.
    pub(crate) stamps: Vec<String>,
    pub(crate) graph: SceneGraph,
    pub(crate) voice: VoiceInput,
    pub(crate) look: LookInput,
    pub(crate) timeline: TimelineSettings,
    /// The engines that can be asked; absent where a job keeps the engines it has.
    pub(crate) engines: Option<EngineMeans>,
}

/// Returns the voice of the job's first film, for a continued film whose words and settings are the same.
/// The key of the first film names the voices that there were, which a continued film leaves out.
fn spoken_at_first(
    context: &StageContext<'_>,
    stage: &VoiceStage<'_>,
    input: &VoiceInput,
) -> Result<Option<Output<VoiceResult>>> {
    if input.means.is_some() {
        return Ok(None);
    }
    let begun = Instant::now();
    let means = Some(speech::means(context, &input.tts));
    let earlier = found(context, stage, &VoiceInput { means, ..input.clone() })?;
    Ok(earlier.map(|(value, _)| Output { value, reused: true, took: begun.elapsed() }))
}

/// A film whose times are known.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Voiced {
    /// The brief that was spoken.
    pub(crate) brief: String,
    /// The scenes with the chains of their engines.
    pub(crate) graph: SceneGraph,
    pub(crate) spoken: VoiceResult,
    /// What the pictures show.
    pub(crate) facts: BTreeMap<String, AssetFacts>,
    /// The film as it is without outside engines.
    pub(crate) timeline: Timeline,
    pub(crate) warnings: Vec<Note>,
    /// What is wanted of outside engines.
    pub(crate) wanted: Vec<Wanted>,
    /// How long its parts took, in milliseconds, and which of them an earlier run had made.
    pub(crate) parts: Vec<(String, u64, bool)>,
}

impl Voiced {
    pub(crate) fn wanted(&self, scene_id: &SceneId) -> Option<&Wanted> {
        self.wanted.iter().find(|wanted| wanted.order.scene_id == *scene_id)
    }
}

impl Stage for VoicedStage {
    type Input = VoicedInput;
    type Output = Voiced;

    fn name(&self) -> String {
        "voiced".to_owned()
    }

    /// Those who failed to speak are asked again.
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
        // An earlier brief of this job may have left others.
        write_json(context.folder, layout::SCENE_GRAPH, &graph)?;
        timeline::write(context.folder, &built.timeline)?;
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

/// What the pictures show, and the voice.
type Heard = (Output<BTreeMap<String, AssetFacts>>, Output<VoiceResult>);

impl VoicedStage {
    /// Speaks while the pictures are looked at.
    fn look_and_speak(&self, context: &StageContext<'_>, input: &VoicedInput) -> Result<Heard> {
        // What would be bought later is known before the voice is bought.
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
        let look = || made(context, &LookStage, &input.look);
        let speak = || {
            context.progress().stage("voice");
            match spoken_at_first(context, &stage, &input.voice)? {
                Some(spoken) => Ok(spoken),
                None => made(context, &stage, &input.voice),
            }
        };
        let (looked, spoken) = threads::side_by_side(look, speak);
        // A broken picture is the user's to repair, so it is told first.
        let looked = looked.map_err(|_| {
            PipelineError::Internal("reading the pictures ended unexpectedly".into())
        })??;
        Ok((looked, spoken?))
    }
}
