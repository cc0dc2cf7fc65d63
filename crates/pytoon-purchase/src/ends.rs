//! Ends calls that delivered no goods, and determines their charges.

use crate::buyer::Buyer;
use crate::order::TaskProgress;
use crate::purchase::{Purchase, millis, with_task};
use crate::seller::{Answering, Cancelled, Lookup, Seller, Task};
use pytoon_records::ledger::{CallChange, CallEvent, CallRow};
use pytoon_telemetry::Event;
use pytoon_vendor::{Accepted, Result, VendorError, VendorErrorKind};
use pytoon_vocabulary::MicroUsd;
use std::time::Duration;

/// The timeout of a vendor's response to a cancel request.
const CANCEL_PATIENCE: Duration = Duration::from_secs(10);
/// Maximum plausible ratio of a vendor's reported cost to the estimate. A cost above both this ratio and
/// `IMPLAUSIBLE` is assumed to be in the wrong unit, such as cents for dollars, and is ignored: it would exhaust
/// every budget.
const IMPLAUSIBLE_TIMES: i64 = 100;
/// Costs up to this amount are always accepted.
const IMPLAUSIBLE: MicroUsd = MicroUsd(100_000_000);

/// The result of looking up a call without a response at its vendor.
pub(crate) enum Traced {
    /// The vendor has a task for the call.
    Task(Task),
    /// The vendor certainly has no task: the call never arrived and may be repeated.
    NeverArrived(VendorError),
    /// The vendor cannot tell, now or at all, if the call arrived.
    Undecided,
}

impl<S: Seller> Purchase<'_, S> {
    /// Handles a failed submission. Ends the call if it certainly cost nothing or was rejected, or if its vendor has
    /// no tasks; otherwise looks it up at the vendor. An undecided call is left to a later look-up or to a person.
    pub(crate) async fn trace_unanswered(&self, error: VendorError) -> Result<Task> {
        let at_once = self.seller.terms().answering == Answering::AtOnce;
        match (error.accepted, error.kind) {
            (Accepted::Yes, _) if at_once => {
                self.advance(CallEvent::Answered, CallChange::default()).await?;
                self.end(CallEvent::BadOutput, None, Some(&error)).await;
                Err(error)
            }
            (Accepted::No | Accepted::Yes, VendorErrorKind::Moderation) => {
                let charged = self.refusal_charge(&error);
                self.end(CallEvent::Refused, Some(charged), Some(&error)).await;
                Err(error.with_charged(Some(charged)))
            }
            (Accepted::No | Accepted::Yes, _) => {
                self.end(CallEvent::NotSent, Some(MicroUsd::ZERO), Some(&error)).await;
                Err(error)
            }
            (Accepted::Maybe, _) if at_once => {
                self.end(CallEvent::NoAnswer, None, Some(&error)).await;
                self.advance(CallEvent::Lost, CallChange::default()).await?;
                Err(error)
            }
            (Accepted::Maybe, _) => {
                self.end(CallEvent::NoAnswer, None, Some(&error)).await;
                log_unknown(&self.row);
                // We hung up, so the vendor may still be working.
                let at_it = error.kind == VendorErrorKind::Timeout;
                match self.look_up(at_it).await? {
                    Traced::Task(task) => Ok(task),
                    Traced::NeverArrived(error) => Err(error),
                    Traced::Undecided => {
                        self.let_go().await;
                        Err(error.with_charged(Some(self.row.estimated)))
                    }
                }
            }
        }
    }

    /// Looks up a call without a response at its vendor. The call stays undecided if the vendor cannot tell, or if
    /// the vendor does not list it but it may still arrive (`at_it`) or was made too recently. The next process then
    /// looks it up again.
    pub(crate) async fn look_up(&self, at_it: bool) -> Result<Traced> {
        let Answering::ByTask { lookup_settles: Some(settles) } = self.seller.terms().answering
        else {
            return Ok(Traced::Undecided);
        };
        let age = self.now() - self.row.created_at;
        match self.seller.look_up(&self.row).await {
            Ok(Lookup::Found(task)) => {
                self.advance(CallEvent::Found, with_task(&task)).await?;
                Ok(Traced::Task(task))
            }
            Ok(Lookup::Absent) if !at_it && age >= millis(settles) => {
                let message = "the call never arrived at the vendor";
                let error = self.order.error(VendorErrorKind::Server, message);
                self.end(CallEvent::Lost, Some(MicroUsd::ZERO), Some(&error)).await;
                Ok(Traced::NeverArrived(error))
            }
            Ok(Lookup::Absent | Lookup::CannotSay) | Err(_) => Ok(Traced::Undecided),
        }
    }

    pub(crate) async fn check_patience(&self, task: &Task, progress: &TaskProgress) -> Result<()> {
        let (terms, now) = (self.seller.terms(), self.now());
        let why = if now - progress.moved > millis(terms.stall) {
            format!("the task made no progress for {} s", terms.stall.as_secs())
        } else if now - progress.began > millis(terms.patience) {
            format!("the task was not done after {} s", terms.patience.as_secs())
        } else if self.order.deadline.is_some_and(|deadline| now > deadline) {
            "the task was not done by the job's deadline".to_owned()
        } else {
            return Ok(());
        };
        let error = self.order.error(VendorErrorKind::Timeout, why).with_accepted(Accepted::Yes);
        let charged = self.give_up(task, Some(&error)).await;
        Err(error.with_charged(Some(charged)))
    }

    /// Stops waiting for a task and asks the vendor to cancel it. Goods that arrive anyway are adopted later. Returns
    /// the amount that is recorded as charged.
    pub(crate) async fn give_up(&self, task: &Task, error: Option<&VendorError>) -> MicroUsd {
        let answer = tokio::time::timeout(CANCEL_PATIENCE, self.seller.cancel(task)).await;
        let (event, outcome) = match answer {
            Ok(Ok(Cancelled::Yes)) => (CallEvent::Cancelled, "cancelled"),
            Ok(Ok(Cancelled::Asked)) => (CallEvent::Abandoned, "asked"),
            Ok(Ok(Cancelled::TooLate)) => (CallEvent::Abandoned, "too_late"),
            Ok(Ok(Cancelled::Unsupported)) => (CallEvent::Abandoned, "unsupported"),
            Ok(Err(_)) | Err(_) => (CallEvent::Abandoned, "no_answer"),
        };
        Event::EngineCancelled { engine: &self.order.vendor, call: self.row.id.as_str(), outcome }
            .emit();
        let is_free = event == CallEvent::Cancelled && !self.seller.terms().cancel_charged;
        let charged = if is_free { MicroUsd::ZERO } else { self.row.estimated };
        self.end(event, Some(charged), error).await;
        charged
    }

    /// Records the end of a task that delivered no goods, with its charge. Returns the error with that
    /// charge; a task that others cancelled is reported as a failure of the vendor.
    pub(crate) async fn end_without_goods(&self, error: VendorError) -> VendorError {
        let by_table = error.charged.unwrap_or(self.row.estimated);
        let (event, charged) = match error.kind {
            VendorErrorKind::Moderation => (CallEvent::Refused, self.refusal_charge(&error)),
            // The vendor reports success, and successes are charged.
            VendorErrorKind::Protocol => (CallEvent::BadOutput, by_table),
            // The vendor may have charged a task that it no longer knows.
            VendorErrorKind::Lost => (CallEvent::Lost, by_table),
            VendorErrorKind::Cancelled => (CallEvent::Cancelled, by_table),
            _ => (CallEvent::Failed, error.charged.unwrap_or_default()),
        };
        self.end(event, Some(charged), Some(&error)).await;
        // A task that someone else cancelled is a failure of the vendor, not our own cancel.
        let by_others = error.kind == VendorErrorKind::Cancelled;
        let kind = if by_others { VendorErrorKind::Server } else { error.kind };
        VendorError { kind, ..error }.with_charged(Some(charged))
    }

    pub(crate) fn refusal_charge(&self, error: &VendorError) -> MicroUsd {
        // Nothing was made for an immediate rejection.
        let is_charged = self.seller.terms().refusal_charged && error.accepted != Accepted::No;
        let by_table = if is_charged { self.row.estimated } else { MicroUsd::ZERO };
        error.charged.unwrap_or(by_table)
    }

    /// Applies an event to the call's row in the ledger.
    pub(crate) async fn advance(&self, event: CallEvent, change: CallChange) -> Result<()> {
        let ledger = &self.buyer.ledger;
        let advanced = ledger.call_advance(&self.row.id, event, change, self.now()).await;
        self.order.map_ledger_error(advanced).map(drop)
    }

    /// Records the end of the call, and releases the lease of an abandoned one. Logs an error of the ledger; the row
    /// then stays open for the next process that checks it.
    pub(crate) async fn end(
        &self,
        event: CallEvent,
        charged: Option<MicroUsd>,
        error: Option<&VendorError>,
    ) {
        self.buyer.end(&self.row, event, charged, error).await;
        if event == CallEvent::Abandoned {
            self.let_go().await;
        }
    }

    /// Releases the lease of the call's row, because this process no longer works on the call.
    pub(crate) async fn let_go(&self) {
        self.touch(Duration::ZERO).await;
    }

    /// Extends the lease of the call's row. If that fails, the worst consequence is that another process also checks
    /// the call.
    pub(crate) async fn touch(&self, lease: Duration) {
        let _ = self.buyer.ledger.call_touch(&self.row.id, self.now() + millis(lease)).await;
    }

    /// Returns the cost that the vendor reported. Returns `None` if there is none or, with a warning, if it is
    /// implausible; the price table then applies.
    pub(crate) fn plausible(&self, reported: Option<MicroUsd>) -> Option<MicroUsd> {
        let (reported, estimated) = (reported?, self.row.estimated);
        let most = MicroUsd(estimated.0.saturating_mul(IMPLAUSIBLE_TIMES)).max(IMPLAUSIBLE);
        if reported <= most {
            return Some(reported);
        }
        let detail = format!(
            "{} reports a cost of {reported} for a clip, but the price table says {estimated}: the \
            price table is used; check the table and, for kind `http`, `usd_per_unit`",
            self.order.vendor
        );
        Event::Warning { detail: &detail }.emit();
        None
    }
}

/// Logs that the outcome of a call is unknown.
pub(crate) fn log_unknown(row: &CallRow) {
    let (job, scene) = (row.job_id.as_str(), row.scene_id.as_str());
    Event::EngineCallUnknown { job, scene, engine: &row.engine, call: row.id.as_str() }.emit();
}

impl Buyer {
    /// Records the end of a call in its row. Logs a charge that paid for nothing usable, and an error of the ledger.
    pub(crate) async fn end(
        &self,
        row: &CallRow,
        event: CallEvent,
        charged: Option<MicroUsd>,
        error: Option<&VendorError>,
    ) {
        let change = CallChange {
            charged,
            reported: error.and_then(|e| e.charged),
            error_kind: error.map(|e| e.kind.as_str().to_owned()),
            error: error.map(|e| e.message.clone()),
            ..CallChange::default()
        };
        let counted = charged.unwrap_or(row.charged);
        match self.ledger.call_advance(&row.id, event, change, self.world.now()).await {
            Ok(state) if state.wastes() && counted > MicroUsd::ZERO => {
                Event::EnginePurchaseWasted {
                    job: row.job_id.as_str(),
                    scene: row.scene_id.as_str(),
                    engine: &row.engine,
                    kind: error.map_or("cancelled", |error| error.kind.as_str()),
                    charged_usd: counted.as_usd(),
                    reason: error.map_or("the job was cancelled", |error| error.message.as_str()),
                }
                .emit();
            }
            Ok(_) => {}
            Err(problem) => {
                Event::Warning {
                    detail: &format!("failed to record the end of call {}: {problem}", row.id),
                }
                .emit();
            }
        }
    }
}
