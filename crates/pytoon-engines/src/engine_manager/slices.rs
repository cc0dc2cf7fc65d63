//! A walk in slices: instead of waiting it pauses, and returns a memo from which it resumes.
//!
//! For callers that have other work meanwhile, and may be another process at the next slice. Guarantees: the ledger
//! alone records purchases, so a slice that is repeated with an old memo, after a kill at any moment, loses nothing
//! and buys nothing twice; timeouts of a task and of a full engine are measured over all slices; an engine that
//! failed is not tried again, unless all of them only cooled down and were waited for.
//!
//! A failed call is retried in the same slice, after a pause by its engine's `backoff`; the slice sleeps through
//! that one.

use super::{AttemptRecord, EngineManager, SceneOrder, SceneOutcome};
use crate::Result;
use pytoon_purchase::{PurchaseMemo, ledger_error};
use pytoon_records::ledger::{CallRow, CallState, Fence};
use pytoon_vocabulary::{EngineName, UnixMs};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// The result of a slice.
#[derive(Debug, Clone, PartialEq)]
pub enum Slice {
    /// The walk is finished.
    Done(SceneOutcome),
    /// The walk resumes later.
    Later {
        /// The memo for the next slice.
        memo: SceneMemo,
        /// The time within which no progress is expected.
        wait: Duration,
    },
}

/// The state of a walk between two slices; empty at its start.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct SceneMemo {
    /// The start of the walk.
    pub(super) begun: Option<UnixMs>,
    /// The prompt in the form that is sent, after screening.
    pub(super) prompt: Option<String>,
    /// Every attempt so far, in order.
    pub attempts: Vec<AttemptRecord>,
    /// The engines that failed.
    pub stepped_down: Vec<EngineName>,
    /// True if one of them failed in a way that waiting does not fix.
    pub(super) is_beyond_waiting: bool,
    /// The time spent waiting for cooling engines, in milliseconds.
    pub waited_ms: u64,
    /// The engine that is tried now.
    pub(super) current: Option<Current>,
    /// The purchase in progress.
    #[serde(flatten)]
    pub(super) purchase: PurchaseMemo,
    /// The time since which the ledger has not answered.
    pub(super) ledger_away: Option<UnixMs>,
}

/// One engine's attempt in progress.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Current {
    pub(super) engine: EngineName,
    pub(super) began: UnixMs,
    /// The start of its last call.
    pub(super) try_began: UnixMs,
    pub(super) tries: u32,
    pub(super) rephrased: u32,
    /// True if its breaker had nothing on record; `None` until it was read.
    pub(super) is_clean: Option<bool>,
}

impl Current {
    fn new(engine: &EngineName, now: UnixMs) -> Self {
        Self { engine: engine.clone(), began: now, try_began: now, tries: 1, ..Self::default() }
    }
}

/// A walk in progress.
#[derive(Debug, Default)]
pub(super) struct Walk {
    pub(super) memo: SceneMemo,
    /// The row of its own task, if that is still in progress.
    pub(super) own: Option<CallRow>,
    /// The lease under which it buys.
    pub(super) fence: Option<Fence>,
}

impl Walk {
    /// Returns the attempt at an engine: the one in progress, or a new one.
    pub(super) fn current(&mut self, engine: &EngineName, now: UnixMs) -> &mut Current {
        let known = self.memo.current.take().filter(|current| current.engine == *engine);
        self.memo.current.insert(known.unwrap_or_else(|| Current::new(engine, now)))
    }

    /// Returns the prompt in the form that is sent.
    pub(super) fn prompt(&self) -> &str {
        self.memo.prompt.as_deref().unwrap_or_default()
    }

    /// Returns true if this engine failed in the walk.
    pub(super) fn is_past(&self, engine: &EngineName) -> bool {
        self.memo.stepped_down.contains(engine)
    }

    /// Resets the failed engines after all of them cooled down: they are tried once more.
    pub(super) fn begin_again(&mut self, waited_ms: u64) {
        self.memo.waited_ms += waited_ms;
        self.memo.stepped_down.clear();
        self.memo.is_beyond_waiting = false;
    }
}

impl EngineManager {
    /// Returns the row of the task that an earlier slice of this walk bought, if the ledger has it in progress.
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
