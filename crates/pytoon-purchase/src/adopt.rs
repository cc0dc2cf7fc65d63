//! Resumes or adopts calls that were made before: by an earlier process, by another one, or in an earlier check.

use crate::buyer::Buyer;
use crate::ends::{Traced, log_unknown};
use crate::order::{Obtained, Order, PurchaseMemo, Stop, stored_task, undecided_error};
use crate::purchase::{LEASE, Purchase, millis};
use crate::seller::{Answering, Fetched, Seller, Task, TaskState};
use pytoon_records::ledger::{CallChange, CallEvent, CallFilter, CallRow, CallState, StoreError};
use pytoon_telemetry::Event;
use pytoon_vendor::hash::file_hash;
use pytoon_vendor::{Result, VendorError, VendorErrorKind};
use pytoon_vocabulary::{JobId, SceneId};
use std::time::Duration;

/// The interval between two checks of another process's call whose vendor can no longer be queried.
const RECHECK: Duration = Duration::from_secs(1);

impl Buyer {
    /// Resumes a call in progress for the order's request, and adopts the goods of an abandoned one. Returns `None`
    /// if there is no such call.
    ///
    /// # Errors
    /// The errors of [`Buyer::obtain`].
    pub async fn resume<S: Seller>(
        &self,
        order: &Order,
        seller: &S,
        memo: &mut PurchaseMemo,
    ) -> Result<Option<Obtained<S::Goods>>, Stop> {
        let _one_at_a_time = self.lock(&order.request_hash).lock_owned().await;
        let states = vec![CallState::Submitted, CallState::Abandoned];
        for row in self.rows(order, states).await? {
            if row.state == CallState::Submitted {
                return self.resume_locked(order, seller, memo).await;
            }
            let Ok(seller) = seller.answering_for(&row) else { continue };
            let Some(task) = stored_task(&row) else { continue };
            let late = Purchase { buyer: self, order, seller: &seller, row };
            if let Some(obtained) = late.peek(&task, memo).await? {
                return Ok(Some(obtained));
            }
        }
        Ok(None)
    }

    /// Resumes the call that bars a new purchase of the order's request. The caller must hold the request's lock.
    /// Returns `None` if there is no such call, and [`Stop::Later`] while another process follows it. Fails if the
    /// vendor rejected the request before, or if an earlier call of this job may have been charged.
    pub(crate) async fn resume_locked<S: Seller>(
        &self,
        order: &Order,
        seller: &S,
        memo: &mut PurchaseMemo,
    ) -> Result<Option<Obtained<S::Goods>>, Stop> {
        let terms = seller.terms();
        self.check_cancel(&order.vendor)?;
        let at_once = terms.answering == Answering::AtOnce;
        let states = CallState::ALL.into_iter().filter(|state| state.bars_buying());
        let lost = Some(CallState::Lost).filter(|_| at_once);
        let mut rows = self.rows(order, states.chain(lost).collect()).await?;
        let given_up = Some(VendorErrorKind::Cancelled.as_str());
        let is_lost = |row: &CallRow| row.state == CallState::Lost;
        // Within a job, a possible purchase is not repeated; after a person gave it up, it may be.
        let own_lost = rows.iter().find(|row| {
            is_lost(row) && row.job_id == order.job_id && row.error_kind.as_deref() != given_up
        });
        if let Some(row) = own_lost {
            return Err(not_again(order, row).into());
        }
        rows.retain(|row| !is_lost(row));
        let Some(row) = most_telling(rows) else { return Ok(None) };
        if row.state == CallState::Refused {
            let message = "it rejected the same request before, so the request is not repeated: \
                           change the prompt";
            return Err(order.error(VendorErrorKind::Moderation, message).into());
        }
        let now = self.world.now();
        // Scenes of one job are drawn concurrently, possibly by several processes. A call that this purchase took
        // over in an earlier look stays its own.
        let is_mine = (&row.job_id, &row.scene_id) == (&order.job_id, &order.scene_id)
            || memo.is_following(&row.id);
        let is_looked_after =
            matches!(row.state, CallState::Intent | CallState::Submitted) && row.lease_until > now;
        // Another process may have the answer to a call of this very scene.
        let may_be_answered = match terms.answering {
            Answering::ByTask { .. } => row.state == CallState::Intent,
            Answering::AtOnce => order.fence.is_some(),
        };
        if is_looked_after && (!is_mine || may_be_answered) {
            return Err(self.wait(&order.vendor, terms.recheck));
        }
        let lease = now + millis(LEASE);
        let taken = if is_mine {
            // No other process works on this scene, so a dead process left the call.
            self.ledger.call_touch(&row.id, lease).await.map(|()| true)
        } else {
            self.ledger.call_claim(&row.id, now, lease).await
        };
        if !order.map_ledger_error(taken)? {
            // Another job is resolving its outcome.
            return Err(self.wait(&order.vendor, terms.recheck));
        }
        let seller = &seller.answering_for(&row)?;
        let earlier = Purchase { buyer: self, order, seller, row };
        if at_once { earlier.adopt(is_mine).await } else { earlier.resume(memo).await }
    }

    /// Marks the unanswered calls of a job as unknown, because its previous process is dead. The caller must keep
    /// every other process out of the job.
    ///
    /// # Errors
    /// Returns an error if the ledger is unreachable.
    pub async fn take_over_job(&self, job_id: &JobId) -> Result<(), StoreError> {
        for row in self.of_job(job_id, None, CallState::Intent).await? {
            self.end_unanswered(&row).await;
        }
        Ok(())
    }

    /// Resolves the calls of a scene that have a row but no response. Marks a call whose lease has expired as
    /// unknown. Looks up a call whose lease still holds at its vendor; if the vendor does not list it, the
    /// scene waits, since the process that made the call may still receive the response.
    ///
    /// # Errors
    /// Returns [`Stop::Later`] while another process may still have the response, and [`Stop::Failed`] if the ledger
    /// is unreachable or the user cancelled.
    pub async fn settle_intents<S: Seller>(
        &self,
        order: &Order,
        seller_of: impl Fn(&CallRow) -> Option<S>,
    ) -> Result<(), Stop> {
        let rows = self.of_job(&order.job_id, Some(&order.scene_id), CallState::Intent).await;
        let now = self.world.now();
        for row in order.map_ledger_error(rows)? {
            if row.lease_until <= now {
                self.end_unanswered(&row).await;
                continue;
            }
            let seller = seller_of(&row);
            let recheck = seller.as_ref().map(|seller| seller.terms().recheck);
            let vendor = row.engine.clone();
            if let Some(seller) = &seller {
                let purchase = Purchase { buyer: self, order, seller, row };
                // The call may still arrive at its vendor: its absence there decides nothing yet.
                if let Traced::Task(_) = purchase.look_up(true).await? {
                    continue;
                }
            }
            return Err(self.wait(&vendor, recheck.unwrap_or(RECHECK)));
        }
        Ok(())
    }

    /// Asks vendors to cancel the tasks in progress for a job, and records the end of each. A call for which
    /// `purchase_of` returns `None` stays as it is.
    ///
    /// # Errors
    /// Returns an error if the ledger is unreachable.
    pub async fn cancel_job<S: Seller>(
        &self,
        job_id: &JobId,
        purchase_of: impl Fn(&CallRow) -> Option<(Order, S)>,
    ) -> Result<(), StoreError> {
        for row in self.of_job(job_id, None, CallState::Submitted).await? {
            // A call whose vendor cannot be told stays in the ledger as it is, and its goods are adopted later.
            if let (Some((order, seller)), Some(task)) = (purchase_of(&row), stored_task(&row)) {
                let purchase = Purchase { buyer: self, order: &order, seller: &seller, row };
                purchase.give_up(&task, None).await;
            }
        }
        Ok(())
    }

    async fn of_job(
        &self,
        job_id: &JobId,
        scene_id: Option<&SceneId>,
        state: CallState,
    ) -> Result<Vec<CallRow>, StoreError> {
        let filter = CallFilter {
            job_id: Some(job_id.clone()),
            scene_id: scene_id.cloned(),
            states: vec![state],
            ..CallFilter::default()
        };
        self.ledger.call_list(filter).await
    }

    async fn rows(&self, order: &Order, states: Vec<CallState>) -> Result<Vec<CallRow>> {
        let request_hash = Some(order.request_hash.clone());
        let filter = CallFilter { request_hash, states, ..CallFilter::default() };
        order.map_ledger_error(self.ledger.call_list(filter).await)
    }

    async fn end_unanswered(&self, row: &CallRow) {
        let message = "the process ended before the response arrived";
        let kind = VendorErrorKind::Undecided;
        let error = VendorError::new(&row.engine, "receive the response", kind, message);
        self.end(row, CallEvent::NoAnswer, None, Some(&error)).await;
        log_unknown(row);
    }
}

impl<S: Seller> Purchase<'_, S> {
    /// Polls an abandoned task once. If it has ended in the meantime, adopts its goods or records its failure;
    /// otherwise returns `None`.
    async fn peek(
        &self,
        task: &Task,
        memo: &mut PurchaseMemo,
    ) -> Result<Option<Obtained<S::Goods>>, Stop> {
        let state = self.seller.poll(task).await;
        if !matches!(state, Ok(TaskState::Succeeded { .. } | TaskState::Failed(_))) {
            return Ok(None);
        }
        self.log_resumed();
        match self.follow(task, memo).await {
            Ok(obtained) => Ok(Some(Obtained { reused: true, ..obtained })),
            Err(Stop::Failed(error)) if !error.ends_the_walk() => Ok(None),
            Err(stop) => Err(stop),
        }
    }

    /// Resumes a call whose vendor works with tasks. Returns `None` if the call failed or never arrived and a new one
    /// may be made.
    async fn resume(&self, memo: &mut PurchaseMemo) -> Result<Option<Obtained<S::Goods>>, Stop> {
        let (order, row) = (self.order, &self.row);
        // A purchase gets here repeatedly, and logs this once.
        if !memo.is_following(&row.id) {
            self.log_resumed();
        }
        let task = match row.state {
            CallState::Intent | CallState::Unknown => {
                if row.state == CallState::Intent {
                    self.buyer.end_unanswered(row).await;
                }
                match self.look_up(false).await? {
                    Traced::Task(task) => task,
                    Traced::NeverArrived(_) => return Ok(None),
                    Traced::Undecided => {
                        self.let_go().await;
                        return Err(undecided_error(order, row).into());
                    }
                }
            }
            _ => stored_task(row).ok_or_else(|| undecided_error(order, row))?,
        };
        match self.follow(&task, memo).await {
            Ok(obtained) => Ok(Some(Obtained { reused: true, ..obtained })),
            // The earlier call failed at no cost: buy again.
            Err(Stop::Failed(error))
                if matches!(error.kind, VendorErrorKind::Lost | VendorErrorKind::Server)
                    && self.is_ended().await =>
            {
                Ok(None)
            }
            Err(stop) => Err(stop),
        }
    }

    /// Adopts the file that a killed process wrote before it could update the row. Without a file, ends the call as
    /// lost, since its vendor responds at once or never. A lost call is an error for its own scene (`is_mine`), and
    /// `None` for any other.
    async fn adopt(&self, is_mine: bool) -> Result<Option<Obtained<S::Goods>>, Stop> {
        let (order, file) = (self.order, self.seller.file(&self.row));
        let found = self.buyer.read(order, &file, |path| {
            let is_whole = self.seller.open(None, path)?.is_some();
            is_whole.then(|| file_hash(path)).transpose()
        });
        if let Some(sha256) = found.await? {
            match self.row.state {
                CallState::Intent => {
                    self.advance(CallEvent::Answered, CallChange::default()).await?;
                }
                CallState::Unknown => self.advance(CallEvent::Found, CallChange::default()).await?,
                _ => {}
            }
            let fetched = Fetched { sha256, credit: None, cost: None };
            let obtained = self.keep_file(file, fetched).await?;
            return Ok(Some(Obtained { reused: true, ..obtained }));
        }
        if self.row.state == CallState::Intent {
            self.advance(CallEvent::NoAnswer, CallChange::default()).await?;
        }
        let change = CallChange {
            error_kind: Some(VendorErrorKind::Lost.as_str().to_owned()),
            error: Some("the process ended before the response was stored".to_owned()),
            ..CallChange::default()
        };
        self.advance(CallEvent::Lost, change).await?;
        if is_mine { Err(not_again(order, &self.row).into()) } else { Ok(None) }
    }

    async fn is_ended(&self) -> bool {
        let now = self.buyer.ledger.call_fetch(&self.row.id).await.ok().flatten();
        now.is_some_and(|row| !row.state.is_open())
    }

    fn log_resumed(&self) {
        Event::EngineResumed {
            job: self.order.job_id.as_str(),
            scene: self.order.scene_id.as_str(),
            engine: &self.order.vendor,
            call: self.row.id.as_str(),
            state: self.row.state.as_str(),
        }
        .emit();
    }
}

/// Returns the row that determines the next step: work in progress, then a call without a response, then an abandoned
/// or unknown call, then a rejection.
fn most_telling(rows: Vec<CallRow>) -> Option<CallRow> {
    let rank = |row: &CallRow| match row.state {
        CallState::Submitted => 0,
        CallState::Intent => 1,
        CallState::Abandoned => 2,
        CallState::Unknown => 3,
        _ => 4,
    };
    rows.into_iter().min_by_key(rank)
}

fn not_again(order: &Order, row: &CallRow) -> VendorError {
    let message = format!(
        "call {id} of this job for the same request has no response; it may have been charged, so \
         it is not repeated: resolve it with `pytoon ledger resolve {id}`",
        id = row.id
    );
    order.error(VendorErrorKind::Undecided, message)
}
