//! What a film may cost, held against what it will cost at least.
//!
//! Guarantees: a film that its budget cannot pay for, and that its brief wants whole or not at all,
//! is refused before anything of it is bought. Leaves to the ledger: what is admitted call by call.

use super::engines::{self, Wanted};
use crate::PipelineError;
use crate::engine_desk::EngineDesk;
use crate::environment::Environment;
use crate::folder::JobFolder;
use crate::sources::Sources;
use pytoon_core::brief::OnDegrade;
use pytoon_core::money::MicroUsd;
use pytoon_core::note::Note;
use pytoon_core::scene::SceneGraph;

/// What the film may cost, by its brief or the configuration.
pub(crate) fn budget(desk: &EngineDesk, sources: &Sources) -> Option<MicroUsd> {
    let default = desk.engines().settings.budget.per_job_usd;
    sources.brief.budget.or(default).map(MicroUsd::from_usd)
}

/// Tells that the budget does not pay for every scene, from the chains alone.
pub(crate) fn note(desk: &EngineDesk, sources: &Sources, graph: &SceneGraph) -> Option<Note> {
    let budget = budget(desk, sources)?;
    let chains = graph.scenes.iter().filter_map(|scene| scene.engine_chain.as_ref());
    let least: MicroUsd = chains.filter_map(|chain| chain.least_cost()).sum();
    (least > budget)
        .then(|| Note::BudgetTooSmall { least: least.to_string(), budget: budget.to_string() })
}

/// Refuses a film whose budget does not pay for all of it, where its brief wants no lesser one.
/// `voice` is what its voice will cost.
///
/// # Errors
/// [`PipelineError::Held`] or [`PipelineError::Degraded`], as the brief wants it.
pub(crate) fn refuse(
    env: &Environment,
    sources: &Sources,
    wanted: &[Wanted],
    folder: &JobFolder,
    voice: MicroUsd,
) -> Result<(), PipelineError> {
    let wants_all = sources.brief.on_degrade.unwrap_or_default() != OnDegrade::Ship;
    let budget = budget(&env.engines, sources).filter(|_| wants_all);
    let (Some(budget), Some(outside)) = (budget, env.engines.outside()) else { return Ok(()) };
    let (least, spent) = outside.runtime.block_on(async {
        let mut least = voice;
        for wanted in wanted {
            // Where the ledger cannot be read nothing is refused: the walk waits for it.
            let scene = outside.manager.least_cost(&wanted.order).await;
            least = least + scene.unwrap_or_default();
        }
        let spent = outside.manager.store().spend_of_job(folder.job_id()).await;
        Ok::<_, PipelineError>((least, spent?))
    })?;
    if least + spent <= budget {
        return Ok(());
    }
    let spent = match spent {
        MicroUsd::ZERO => String::new(),
        spent => format!(", of which {spent} is spent"),
    };
    let of = if voice == MicroUsd::ZERO { "its engines" } else { "its voice and its engines" };
    let what = format!(
        "{of} cost at least {least}, and its budget is {budget}{spent}; raise \
         `budget`, or let cheaper engines draw"
    );
    engines::stop(sources, what)
}
