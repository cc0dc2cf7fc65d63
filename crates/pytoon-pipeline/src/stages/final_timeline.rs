//! Builds the final timeline, which contains the clips of external engines.

use super::colours::{FilmColours, SeenClip};
use super::engines::{self, Drawn, DrawnScene};
use super::timeline::{self, TimelineSettings};
use super::voice::is_asked;
use super::voiced::Voiced;
use crate::Result;
use crate::delivery::{Planned, SIDECARS, request_facts};
use crate::sources::Sources;
use crate::stage::{Stage, StageContext, Step, write_json};
use pytoon_core::artifact;
use pytoon_vocabulary::SceneId;
use serde::Serialize;
use std::collections::BTreeMap;

/// The file that stores the colours of the clips and their target.
const COLOURS: &str = "colours.json";

/// The stage that builds the final timeline.
pub(crate) struct FinalStage;

#[derive(Serialize)]
pub(crate) struct FinalInput {
    pub(crate) sources: Sources,
    /// The paths, sizes and content hashes of the brief's files.
    pub(crate) stamps: Vec<String>,
    pub(crate) voiced: Voiced,
    pub(crate) scenes: BTreeMap<SceneId, DrawnScene>,
    pub(crate) timeline: TimelineSettings,
}

impl Stage for FinalStage {
    type Input = FinalInput;
    type Output = Planned;

    fn name(&self) -> String {
        "timeline".to_owned()
    }

    fn output_file(&self) -> String {
        "final.json".to_owned()
    }

    fn artifacts(&self, planned: &Planned) -> Vec<String> {
        let has_captions = !planned.timeline.tracks.captions.is_empty();
        let captions = SIDECARS.into_iter().filter(|_| has_captions);
        let always = [artifact::SCENE_GRAPH, artifact::TIMELINE];
        always.into_iter().chain(captions).map(str::to_owned).collect()
    }

    fn run(&self, context: &StageContext<'_>, input: &FinalInput) -> Result<Step<Planned>> {
        let voiced = &input.voiced;
        let mut sources = input.sources.clone();
        let drawn: Drawn =
            input.scenes.iter().map(|(id, scene)| (id.clone(), scene.story.clone())).collect();
        let mut graph = voiced.graph.clone();
        engines::stop_if_short(context, &sources, engines::shortfall(&graph, &drawn))?;
        let (mut timeline, mut warnings) = (voiced.timeline.clone(), voiced.warnings.clone());
        if !drawn.is_empty() {
            let mut facts = voiced.facts.clone();
            let seen: Vec<SeenClip> =
                input.scenes.values().filter_map(|scene| scene.colours.clone()).collect();
            // The film keeps the target of its colours, so that one new clip changes no other.
            let earlier = context.folder.read_kept(COLOURS);
            let colours = FilmColours::of(context, engines::clips(&drawn), earlier, &seen);
            context.folder.keep(COLOURS, &colours)?;
            engines::place_clips(&mut sources, &mut graph, &timeline, &mut facts, &drawn, &colours);
            let speech = &voiced.spoken.speech;
            let built = timeline::timeline(&input.timeline, &sources, &graph, speech, &facts)?;
            (timeline, warnings) = (built.timeline, built.warnings);
        }
        warnings.extend(sources.notes.iter().cloned().chain(voiced.spoken.notes()));
        write_json(context.folder, artifact::SCENE_GRAPH, &graph)?;
        timeline::write(context.folder, &timeline)?;
        let (asked, voice) =
            (request_facts(&sources, &graph), voiced.spoken.receipt(is_asked(&graph)));
        Ok(Step::Done(Planned { timeline, warnings, asked, voice, drawn, graph: Some(graph) }))
    }
}
