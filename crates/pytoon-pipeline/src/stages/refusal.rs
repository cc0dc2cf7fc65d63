//! Rejects a film before anything is purchased for it.
//!
//! A film whose brief does not ship degraded films is rejected if its budget does not cover its expected
//! cost. With `on_degrade: fail`, it is also rejected if a scene would certainly fall back.

use super::budget::{budget, wants_all};
use super::engines::{SceneRequest, describe_left_out};
use crate::sources::Sources;
use crate::stage::StageContext;
use crate::{PipelineError, Result};
use pytoon_core::brief::OnDegrade;
use pytoon_core::chain::LOCAL_ENGINE;
use pytoon_vocabulary::MicroUsd;
use std::collections::BTreeMap;

/// Returns an error if the film would exceed its budget and the brief does not ship degraded films. With `on_degrade:
/// fail`, also returns an error if a scene would certainly fall back. `voice` is the price of the voice.
///
/// # Errors
/// Returns an error at the brief's field `budget`, [`PipelineError::Degraded`], or [`PipelineError::Ledger`]
/// if the amount spent cannot be read.
pub(crate) fn refuse(
    context: &StageContext<'_>,
    sources: &Sources,
    wanted: &[SceneRequest],
    voice: MicroUsd,
) -> Result<()> {
    if sources.brief.on_degrade == Some(OnDegrade::Fail) {
        refuse_lesser(wanted)?;
    }
    let budget = budget(context.engines(), sources).filter(|_| wants_all(sources));
    let (Some(budget), Some(outside)) = (budget, context.engines().outside()) else {
        return Ok(());
    };
    let (cost, spent) = outside.runtime.block_on(async {
        // Scenes that ask for the same clip share it.
        let mut clips = BTreeMap::new();
        for wanted in wanted {
            // If the ledger cannot be read, nothing is rejected: the walk waits for it.
            clips.extend(outside.manager.foreseen_cost(&wanted.order).await.ok().flatten());
        }
        let spent = outside.manager.store().spend_of_job(context.folder.job_id()).await?;
        Ok::<_, PipelineError>((voice + clips.into_values().sum(), spent))
    })?;
    if cost + spent <= budget {
        return Ok(());
    }
    let what =
        if voice == MicroUsd::ZERO { "the film's clips" } else { "the film's voice and clips" };
    let (and_spent, bought) = match spent {
        MicroUsd::ZERO => (String::new(), "nothing was bought"),
        spent => (format!(" and {spent} of it is spent"), "nothing more was bought"),
    };
    let reason = format!(
        "{what} cost about {cost}, the budget is {budget}{and_spent}, and `on_degrade` does not \
         allow a degraded film: raise `budget`, choose cheaper engines, or set `on_degrade: ship`; \
         {bought}"
    );
    Err(context.field_error("budget", reason).into())
}

/// Rejects scenes that would certainly fall back to `local`. A scene whose engine is only cooling down is not
/// rejected.
fn refuse_lesser(wanted: &[SceneRequest]) -> Result<()> {
    let lesser: Vec<String> = wanted
        .iter()
        .filter(|wanted| wanted.asked != LOCAL_ENGINE && !wanted.order.chain.has_outside_engine())
        .map(|wanted| {
            format!("{}: {}", wanted.order.scene_id, describe_left_out(&wanted.order.chain))
        })
        .collect();
    if lesser.is_empty() {
        return Ok(());
    }
    let what = format!("scenes would fall back to the local engine: {}", lesser.join("; "));
    Err(PipelineError::Degraded(what))
}
