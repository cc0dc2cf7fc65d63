//! Plans a film without drawing it: scene graph and timeline, for `pytoon plan`.

use crate::Result;
use crate::engine_session::EngineSession;
use crate::environment::Environment;
use crate::film::FilmSource;
use crate::folder::JobIdentity;
use crate::local::run_until;
use crate::stages::budget;
use crate::stages::engines::SceneRequest;
use crate::stages::voiced::Voiced;
use pytoon_config::BriefFile;
use pytoon_core::chain::EngineChain;
use pytoon_core::graph::StageId;
use pytoon_core::note::{self, NoteReport};
use pytoon_core::scene::SceneGraph;
use pytoon_core::timeline::Timeline;
use pytoon_vocabulary::{EngineName, MicroUsd, SceneId};
use pytoon_voice::tts::Quote;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::path::Path;

/// The plan of a film.
#[derive(Debug, Clone)]
pub struct Plan {
    /// The scene graph of the film.
    pub graph: SceneGraph,
    /// The timeline of the film.
    pub timeline: Timeline,
    /// The timelines of the films in further formats.
    pub further_timelines: Vec<Timeline>,
    /// The provider and the voice that this machine would use, such as `neural` and `heart`; `None` without a voice.
    pub spoken_by: Option<(String, Option<String>)>,
    /// The price of the voice; `None` if it is free or already purchased.
    pub voice: Option<Quote>,
    /// The clips that have to be purchased, from the first engine of each chain. Clips that are paid for are not
    /// listed.
    pub due: Vec<DueClip>,
    /// The number of films with clips of their own: 1 if all share theirs.
    pub films_with_clips: usize,
    /// Notes on corrections, omissions and approximations in the plan.
    pub warnings: Vec<NoteReport>,
}

/// A clip that has to be purchased.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DueClip {
    /// The scene of the clip; the first one if several share it.
    pub scene_id: SceneId,
    /// The engine that would draw the clip.
    pub engine: EngineName,
    /// The estimated price.
    pub price: MicroUsd,
}

/// The price of a film's clips according to the price tables, without its voice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Price {
    /// The price if the first engine of each chain draws its scene.
    pub first: MicroUsd,
    /// The price if the most expensive engine of each chain draws its scene.
    pub dearest: MicroUsd,
    /// The number of scenes that external engines may draw.
    pub clips: usize,
}

impl Plan {
    /// Returns the price of the film's clips; `None` if no external engine would be used.
    pub fn price(&self) -> Option<Price> {
        let scenes = self.graph.scenes.iter();
        let chains: Vec<&EngineChain> =
            scenes.filter_map(|scene| scene.engine_chain.as_ref()).collect();
        let films = self.films_with_clips;
        let clips = films * chains.iter().filter(|chain| chain.has_outside_engine()).count();
        let members = |chain: &&EngineChain| chain.members.iter().map(|m| m.estimate).max();
        (clips > 0).then(|| Price {
            first: times(
                films,
                chains.iter().filter_map(|c| c.members.first()).map(|m| m.estimate),
            ),
            dearest: times(films, chains.iter().filter_map(members)),
            clips,
        })
    }

    /// Returns the plan as the JSON that `pytoon plan` prints.
    pub fn to_json(&self) -> Value {
        let price = self.price().map(|price| {
            json!({
                "first_usd": price.first.as_usd(),
                "dearest_usd": price.dearest.as_usd(),
                "clips": price.clips,
            })
        });
        json!({
            "sceneGraph": self.graph,
            "timeline": self.timeline,
            "furtherTimelines": self.further_timelines,
            "price": price,
            "spokenBy": self.spoken_by.as_ref().map(|(provider, voice)| {
                json!({"provider": provider, "voice": voice})
            }),
            "voice": self.voice,
            "warnings": self.warnings,
        })
    }
}

/// Returns the sum of prices for a number of films.
fn times(films: usize, prices: impl Iterator<Item = MicroUsd> + Clone) -> MicroUsd {
    (0..films).flat_map(|_| prices.clone()).sum()
}

/// Returns the clips that have to be purchased. If the ledger cannot be read, every clip of an outside engine is due.
fn due_clips(session: &EngineSession, wanted: &[SceneRequest]) -> Vec<DueClip> {
    let Some(outside) = session.outside() else { return Vec::new() };
    let mut seen = BTreeSet::new();
    let mut due = Vec::new();
    for wanted in wanted {
        let order = &wanted.order;
        let Some(first) = order.chain.first_available() else { continue };
        let foreseen = outside.runtime.block_on(outside.manager.cost_of_request(order));
        let foreseen =
            foreseen.unwrap_or_else(|_| Some((order.scene_id.to_string(), first.estimate)));
        if let Some((clip, price)) = foreseen
            && seen.insert(clip)
        {
            due.push(DueClip {
                scene_id: order.scene_id.clone(),
                engine: first.engine.clone(),
                price,
            });
        }
    }
    due
}

/// Plans a brief. The voice is synthesized into a folder that the caller may delete, since the timeline needs its
/// times. Nothing is purchased: a local voice stands in for the voice of a paid service.
///
/// `job` is the job that would make the film. Its own clips that are paid for are then not due again. `None` stands for
/// a new job.
pub fn plan(
    env: &Environment,
    file: &BriefFile,
    scratch: &Path,
    job: Option<JobIdentity>,
) -> Result<Plan> {
    let env = Environment { buys: false, ..env.clone() };
    let film =
        run_until(&StageId::Voice, env, FilmSource::Brief(Box::new(file.clone())), scratch, job)?;
    let (_, sources) = film.plan_of_brief()?;
    let further_timelines = film.with_context(|context| film.drafts_of_further(context))?;
    let Voiced { graph, spoken, timeline, mut warnings, wanted, .. } = film.voice_output()?;
    let due = due_clips(&film.env().engines, &wanted);
    warnings.extend(sources.notes.iter().cloned());
    let voice_cost = spoken.quote.as_ref().map(|quote| quote.estimated).unwrap_or_default();
    warnings.extend(budget::note(&film.env().engines, &sources, &graph, voice_cost));
    warnings.extend(spoken.notes());
    let voice = spoken.voice.map(|voice| voice.name);
    Ok(Plan {
        films_with_clips: 1 + sources.brief.formats_with_clips().len(),
        graph,
        timeline,
        further_timelines,
        spoken_by: spoken.provider.map(|provider| (provider, voice)),
        voice: spoken.quote,
        due,
        warnings: note::reports(warnings),
    })
}
