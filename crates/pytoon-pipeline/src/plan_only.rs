//! Plans a film without drawing it: scene graph and timeline, for `pytoon plan`.

use crate::PipelineError;
use crate::assets::PictureStore;
use crate::environment::Environment;
use crate::folder::JobFolder;
use crate::render::plan_graph;
use crate::sources;
use crate::stages::{engines, look, timeline, transcript, voice};
use pytoon_config::BriefFile;
use pytoon_core::scene::SceneGraph;
use pytoon_core::timeline::Timeline;
use pytoon_voice::tts::Quote;
use std::path::Path;

/// A plan.
#[derive(Debug, Clone)]
pub struct Plan {
    /// The scene graph.
    pub graph: SceneGraph,
    /// The timeline.
    pub timeline: Timeline,
    /// What the voice would cost; absent where it costs nothing or is bought already.
    pub voice: Option<Quote>,
    /// What had to be bent.
    pub warnings: Vec<String>,
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
    engines::choose(&env.engines, &sources, &mut graph, &built.timeline);
    let mut warnings = built.warnings;
    warnings.extend(spoken.warnings);
    if spoken.tempo > 1.0 {
        warnings
            .push(format!("the voice was sped up {:.3} times to fit a film of 60 s", spoken.tempo));
    }
    Ok(Plan { graph, timeline: built.timeline, voice: spoken.quote, warnings })
}
