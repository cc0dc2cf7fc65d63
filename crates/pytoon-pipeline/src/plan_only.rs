//! Plans a film without drawing it: scene graph and timeline, for `pytoon plan`.

use crate::PipelineError;
use crate::assets::PictureStore;
use crate::environment::Environment;
use crate::folder::JobFolder;
use crate::render::{plan_graph, with_notes};
use crate::sources;
use crate::stages::{budget, engines, look, timeline, transcript, voice};
use pytoon_config::BriefFile;
use pytoon_core::chain::EngineChain;
use pytoon_core::money::MicroUsd;
use pytoon_core::note::{self, Note, NoteReport};
use pytoon_core::scene::SceneGraph;
use pytoon_core::timeline::Timeline;
use pytoon_voice::tts::Quote;
use serde_json::{Value, json};
use std::path::Path;

/// A plan.
#[derive(Debug, Clone)]
pub struct Plan {
    /// The scene graph.
    pub graph: SceneGraph,
    /// The timeline.
    pub timeline: Timeline,
    /// Provider and voice that speak here, such as `neural` and `heart`; absent without a voice.
    pub spoken_by: Option<(String, Option<String>)>,
    /// What the voice would cost; absent where it costs nothing or is bought already.
    pub voice: Option<Quote>,
    /// What was corrected, left out or approximated.
    pub warnings: Vec<NoteReport>,
}

/// What a film would cost by price tables, beside its voice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Price {
    /// With each scene from its first engine.
    pub first: MicroUsd,
    /// With each scene from its dearest engine.
    pub dearest: MicroUsd,
    /// Scenes that outside engines may draw.
    pub clips: usize,
}

impl Plan {
    /// What its clips would cost; absent where no outside engine would be asked.
    pub fn price(&self) -> Option<Price> {
        let scenes = self.graph.scenes.iter();
        let chains: Vec<&EngineChain> =
            scenes.filter_map(|scene| scene.engine_chain.as_ref()).collect();
        let clips = chains.iter().filter(|chain| chain.has_outside_engine()).count();
        let members = |chain: &&EngineChain| chain.members.iter().map(|m| m.estimate).max();
        (clips > 0).then(|| Price {
            first: chains.iter().filter_map(|c| c.members.first()).map(|m| m.estimate).sum(),
            dearest: chains.iter().filter_map(members).sum(),
            clips,
        })
    }

    /// The plan as it is shown to programs.
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
            "price": price,
            "spokenBy": self.spoken_by.as_ref().map(|(provider, voice)| {
                json!({"provider": provider, "voice": voice})
            }),
            "voice": self.voice,
            "warnings": self.warnings,
        })
    }
}

/// Plans a brief. The voice is spoken to know the times, into a folder of the caller's that it
/// may throw away. Nothing is bought: what a service would speak, a local voice speaks here.
pub fn plan(env: &Environment, file: &BriefFile, scratch: &Path) -> Result<Plan, PipelineError> {
    let env = &Environment { buys: false, ..env.clone() };
    let mut sources = sources::resolve(env, file, false)?;
    if sources.lacks_script() {
        transcript::transcript(env, &mut sources, &JobFolder::open(scratch)?)?;
    }
    let mut graph = plan_graph(file, &sources)?;
    let store = PictureStore::new(env.runner.clone(), env.picture_limits(), 0, [128; 3]);
    let assets = look::look(&sources, file, &store, env.threads())?;
    let folder = JobFolder::open(scratch)?;
    let (spoken, _) = voice::voice(env, file, &sources, &graph, &folder)?;
    let built = timeline::timeline(env, &sources, &graph, &spoken.speech, &assets)?;
    let needed_ms = |scene| engines::needed_ms(&built.timeline, scene);
    engines::choose(&env.engines, &sources, &mut graph, &needed_ms);
    let mut warnings = with_notes(built.warnings, &sources);
    let voice_cost = spoken.quote.as_ref().map(|quote| quote.estimated).unwrap_or_default();
    warnings.extend(budget::note(&env.engines, &sources, &graph, voice_cost));
    warnings.extend(spoken.warnings);
    if spoken.tempo > 1.0 {
        warnings.push(Note::VoiceSpedUp { factor: spoken.tempo });
    }
    let voice = spoken.voice.map(|voice| voice.name);
    let spoken_by = spoken.provider.map(|provider| (provider, voice));
    Ok(Plan {
        graph,
        timeline: built.timeline,
        spoken_by,
        voice: spoken.quote,
        warnings: note::reports(warnings),
    })
}
