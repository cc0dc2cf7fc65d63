//! Builds the final timeline, which contains the clips of external engines.

use super::colours::{FilmColours, SeenClip};
use super::engines::{self, Drawn, DrawnScene};
use super::timeline::{self, TimelineSettings};
use super::voice::is_asked;
use super::voiced::Voiced;
use crate::Result;
use crate::delivery::{Planned, SIDECARS, request_facts};
use crate::rendition::Rendition;
use crate::sources::Sources;
use crate::stage::{Stage, StageContext, Step, write_json};
use pytoon_core::artifact;
use pytoon_core::timeline::asset_facts::AssetFacts;
use pytoon_vocabulary::SceneId;
use serde::Serialize;
use std::collections::BTreeMap;

/// The file that stores the colours of the clips and their target.
const COLOURS: &str = "colours.json";

/// The stage that builds the final timeline of one film of the brief.
pub(crate) struct FinalStage(pub(crate) Rendition);

#[derive(Serialize)]
pub(crate) struct FinalInput {
    /// The sources of the film.
    pub(crate) sources: Sources,
    /// The analysis of pictures and clips for the film's shape.
    pub(crate) facts: BTreeMap<String, AssetFacts>,
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
        self.0.stage("timeline")
    }

    fn output_file(&self) -> String {
        self.0.file("final.json")
    }

    fn artifacts(&self, planned: &Planned) -> Vec<String> {
        let has_captions = !planned.timeline.tracks.captions.is_empty();
        let captions = SIDECARS.into_iter().filter(|_| has_captions);
        let own = std::iter::once(artifact::TIMELINE).chain(captions).map(|name| self.0.file(name));
        // All films have one scene graph.
        let graph = (self.0 == Rendition::First).then(|| artifact::SCENE_GRAPH.to_owned());
        graph.into_iter().chain(own).collect()
    }

    fn run(&self, context: &StageContext<'_>, input: &FinalInput) -> Result<Step<Planned>> {
        let voiced = &input.voiced;
        let mut sources = input.sources.clone();
        let drawn: Drawn =
            input.scenes.iter().map(|(id, scene)| (id.clone(), scene.story.clone())).collect();
        let mut graph = voiced.graph.clone();
        engines::stop_if_short(context, &sources, engines::shortfall(&graph, &drawn))?;
        let (mut timeline, mut warnings) = (voiced.timeline.clone(), voiced.warnings.clone());
        if !drawn.is_empty() || self.0 != Rendition::First {
            let mut facts = input.facts.clone();
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
        if self.0 == Rendition::First {
            write_json(context.folder, artifact::SCENE_GRAPH, &graph)?;
        }
        timeline::write(context.folder, self.0, &timeline)?;
        let (asked, voice) =
            (request_facts(&sources, &graph), voiced.spoken.receipt(is_asked(&graph)));
        Ok(Step::Done(Planned { timeline, warnings, asked, voice, drawn, graph: Some(graph) }))
    }
}
