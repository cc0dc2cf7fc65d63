//! A chain run in slices: instead of waiting, the run pauses and returns a memo from which it resumes.
//!
//! Serves callers that have other work during a wait. The next slice may run in another process. Guarantees: the
//! ledger alone records purchases, so a slice that is repeated with an old memo, after a kill at any moment, loses
//! nothing and pays for nothing twice; the timeouts of a task and of a busy engine cover all slices; a failed engine
//! is not tried again, unless all engines were only cooling down and the run waited for them.
//!
//! A failed call is retried in the same slice, after a pause determined by the engine's `backoff`. The slice sleeps
//! during that pause.

use super::{AttemptRecord, EngineManager, SceneOrder, SceneOutcome};
use crate::Result;
use pytoon_purchase::{PurchaseMemo, ledger_error};
use pytoon_records::ledger::{CallRow, CallState, Fence};
use pytoon_vocabulary::{EngineName, UnixMs};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// The result of running a chain until it ends or would have to wait.
#[derive(Debug, Clone, PartialEq)]
pub enum Slice {
    /// The chain run is finished.
    Done(SceneOutcome),
    /// The chain run must be resumed later.
    Later {
        /// The state of the chain run, to pass to the next slice.
        memo: SceneMemo,
        /// The delay before the next slice; progress is not expected earlier.
        wait: Duration,
    },
}

/// The state of a chain run between two slices; empty before the first slice.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct SceneMemo {
    /// The start of the chain run.
    pub(super) begun: Option<UnixMs>,
    /// The prompt to send, after screening.
    pub(super) prompt: Option<String>,
    /// Every attempt so far, in order.
    pub attempts: Vec<AttemptRecord>,
    /// The engines that failed.
    pub stepped_down: Vec<EngineName>,
    /// True if an engine failed for a reason other than its open breaker, so that waiting does not help.
    pub(super) is_beyond_waiting: bool,
    /// The time spent waiting for engines whose breakers were open, in milliseconds.
    pub waited_ms: u64,
    /// The attempt of the engine that is currently tried.
    pub(super) current: Option<Current>,
    /// The state of the purchase in progress.
    #[serde(flatten)]
    pub(super) purchase: PurchaseMemo,
    /// The time since which the ledger has been unreachable; `None` while it is reachable.
    pub(super) ledger_away: Option<UnixMs>,
}

/// An attempt of one engine that is in progress.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Current {
    pub(super) engine: EngineName,
    pub(super) began: UnixMs,
    /// The start of the attempt's last call.
    pub(super) try_began: UnixMs,
    pub(super) tries: u32,
    pub(super) rephrased: u32,
    /// True if the engine's breaker had no failures on record; `None` until its row has been read.
    pub(super) is_clean: Option<bool>,
}

impl Current {
    fn new(engine: &EngineName, now: UnixMs) -> Self {
        Self { engine: engine.clone(), began: now, try_began: now, tries: 1, ..Self::default() }
    }
}

/// A chain run in progress.
#[derive(Debug, Default)]
pub(super) struct Walk {
    pub(super) memo: SceneMemo,
    /// The ledger row of the run's own task, if that is still in progress.
    pub(super) own: Option<CallRow>,
    /// The lease under which the run makes purchases.
    pub(super) fence: Option<Fence>,
}

impl Walk {
    /// Returns the attempt of an engine: the one in progress, or a new one.
    pub(super) fn current(&mut self, engine: &EngineName, now: UnixMs) -> &mut Current {
        let known = self.memo.current.take().filter(|current| current.engine == *engine);
        self.memo.current.insert(known.unwrap_or_else(|| Current::new(engine, now)))
    }

    /// Returns the screened prompt that engines receive.
    pub(super) fn prompt(&self) -> &str {
        self.memo.prompt.as_deref().unwrap_or_default()
    }

    /// Returns true if this engine has failed since the chain run began or last waited for breakers.
    pub(super) fn is_past(&self, engine: &EngineName) -> bool {
        self.memo.stepped_down.contains(engine)
    }

    /// Forgets the failed engines after the wait for their breakers, so that they are tried once more.
    pub(super) fn begin_again(&mut self, waited_ms: u64) {
        self.memo.waited_ms += waited_ms;
        self.memo.stepped_down.clear();
        self.memo.is_beyond_waiting = false;
    }
}

impl EngineManager {
    /// Returns the ledger row of the task that an earlier slice of this run purchased; `None` if there is none in
    /// progress.
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
