//! A walk in slices: where it would wait it stops, and says what to remember until it goes on.
//!
//! For callers that have other things to do meanwhile, and may be another process when the walk
//! goes on. Guarantees: the ledger alone says what was bought, so a slice that is repeated with an
//! old memo, after a kill at any moment, loses nothing and buys nothing twice; patience with a
//! task, and with a full engine, is measured over all slices; an engine that was stepped down from
//! is not tried again, unless all of them only cooled and were waited for.
//!
//! A failing call is asked again at once, after a pause of its engine's `backoff`: that one is
//! slept through.

use super::{AttemptRecord, EngineManager, SceneOrder, SceneOutcome};
use crate::Result;
use pytoon_purchase::{PurchaseMemo, ledger_error};
use pytoon_records::ledger::{CallRow, CallState, Fence};
use pytoon_vocabulary::{EngineName, UnixMs};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// What came of a slice.
#[derive(Debug, Clone, PartialEq)]
pub enum Slice {
    /// The walk is at its end.
    Done(SceneOutcome),
    /// It goes on later.
    Later {
        /// What the next slice is to be given.
        memo: SceneMemo,
        /// How long nothing is to be expected.
        wait: Duration,
    },
}

/// What a walk remembers from one slice to the next; empty at its start.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct SceneMemo {
    /// When the walk began.
    pub(super) begun: Option<UnixMs>,
    /// The prompt as it leaves, once it was screened.
    pub(super) prompt: Option<String>,
    /// Every attempt so far, in order.
    pub attempts: Vec<AttemptRecord>,
    /// The engines that were stepped down from.
    pub stepped_down: Vec<EngineName>,
    /// Whether one of them failed in a way that waiting does not mend.
    pub(super) is_beyond_waiting: bool,
    /// How long it was waited for cooling engines, in milliseconds.
    pub waited_ms: u64,
    /// The engine that is being tried.
    pub(super) current: Option<Current>,
    /// The purchase that is under way.
    #[serde(flatten)]
    pub(super) purchase: PurchaseMemo,
    /// Since when the ledger has not answered.
    pub(super) ledger_away: Option<UnixMs>,
}

/// One engine's attempt, as far as it has come.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Current {
    pub(super) engine: EngineName,
    pub(super) began: UnixMs,
    /// When its last call began.
    pub(super) try_began: UnixMs,
    pub(super) tries: u32,
    pub(super) rephrased: u32,
    /// Whether its breaker had nothing against it; absent until it was asked.
    pub(super) is_clean: Option<bool>,
}

impl Current {
    fn new(engine: &EngineName, now: UnixMs) -> Self {
        Self { engine: engine.clone(), began: now, try_began: now, tries: 1, ..Self::default() }
    }
}

/// A walk under way.
#[derive(Debug, Default)]
pub(super) struct Walk {
    pub(super) memo: SceneMemo,
    /// The row of its own task, where that is still under way.
    pub(super) own: Option<CallRow>,
    /// The claim under which it buys.
    pub(super) fence: Option<Fence>,
}

impl Walk {
    /// Returns the attempt at an engine: the one under way, or a new one.
    pub(super) fn current(&mut self, engine: &EngineName, now: UnixMs) -> &mut Current {
        let known = self.memo.current.take().filter(|current| current.engine == *engine);
        self.memo.current.insert(known.unwrap_or_else(|| Current::new(engine, now)))
    }

    /// The prompt as it leaves.
    pub(super) fn prompt(&self) -> &str {
        self.memo.prompt.as_deref().unwrap_or_default()
    }

    /// Returns true if the walk stepped down from this engine.
    pub(super) fn is_past(&self, engine: &EngineName) -> bool {
        self.memo.stepped_down.contains(engine)
    }

    /// All engines cooled and are waited for: they are tried once more afterwards.
    pub(super) fn begin_again(&mut self, waited_ms: u64) {
        self.memo.waited_ms += waited_ms;
        self.memo.stepped_down.clear();
        self.memo.is_beyond_waiting = false;
    }
}

impl EngineManager {
    /// The task that an earlier slice of this walk bought, where the ledger has it under way.
    pub(super) async fn own_row(&self, order: &SceneOrder, walk: &Walk) -> Result<Option<CallRow>> {
        let task = walk.memo.purchase.task.as_ref().filter(|task| task.is_own);
        let Some((task, current)) = task.zip(walk.memo.current.as_ref()) else { return Ok(None) };
        let row = self.buyer.ledger.call_fetch(&task.call).await;
        let row = row.map_err(|error| ledger_error(current.engine.as_str(), &error))?;
        Ok(row.filter(|row| {
            row.state == CallState::Submitted
                && current.engine == *row.engine
                && (&row.job_id, &row.scene_id) == (&order.job_id, &order.scene_id)
        }))
    }
}
