//! Computes the budget of a film, its estimated cost, and the amount spent so far.
//!
//! Leaves the rejection of a film to `refusal`, and the admission of each call to the ledger.

use crate::engine_session::EngineSession;
use crate::sources::Sources;
use crate::stage::StageContext;
use pytoon_core::brief::OnDegrade;
use pytoon_core::note::Note;
use pytoon_core::scene::SceneGraph;
use pytoon_vocabulary::MicroUsd;

/// Returns the budget that the brief sets, or else the configured one; `None` without either.
pub(crate) fn budget(session: &EngineSession, sources: &Sources) -> Option<MicroUsd> {
    let default = session.engines().settings.budget.per_job_usd;
    sources.brief.budget.or(default).map(MicroUsd::from_usd)
}

/// Returns a note if the budget does not cover the voice and the first engine of every scene's chain. `voice` is the
/// price of the voice.
pub(crate) fn note(
    session: &EngineSession,
    sources: &Sources,
    graph: &SceneGraph,
    voice: MicroUsd,
) -> Option<Note> {
    let budget = budget(session, sources)?;
    let chains = graph.scenes.iter().filter_map(|scene| scene.engine_chain.as_ref());
    let first = chains.filter_map(|chain| chain.first_available());
    let cost = first.map(|member| member.estimate).sum::<MicroUsd>() + voice;
    (cost > budget).then(|| Note::BudgetTooSmall {
        cost: cost.to_string(),
        budget: budget.to_string(),
        refused: wants_all(sources),
    })
}

pub(super) fn wants_all(sources: &Sources) -> bool {
    sources.brief.on_degrade.unwrap_or_default() != OnDegrade::Ship
}

/// Returns the total charges of the job from the ledger; zero if there is no ledger or it cannot be read.
pub(crate) fn spend(context: &StageContext<'_>) -> MicroUsd {
    let Some(ledger) = context.engines().purchase_ledger() else { return MicroUsd::ZERO };
    ledger.runtime.block_on(ledger.store.spend_of_job(context.folder.job_id())).unwrap_or_default()
}
