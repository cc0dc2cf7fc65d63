//! The steps of one purchase, in order: look up, admit, submit, record, follow, fetch, check, store.
//!
//! Each step leaves the ledger in a state from which another process can resume: a row is an `intent` before its
//! call, `submitted` once the vendor's task is on disk, and `kept` once the goods are.

use crate::buyer::Buyer;
use crate::order::{
    Obtained, Order, PurchaseMemo, Stop, TaskProgress, ledger_error, stored_task, undecided_error,
};
use crate::retry::backoff;
use crate::seller::{Answer, Fetched, Seller, Task, TaskState, Verdict};
use pytoon_process::Shortage;
use pytoon_records::ledger::{
    Admission, CallChange, CallEvent, CallRow, CallState, KeptClip, NewCall, StoreError,
};
use pytoon_telemetry::{Event, ServiceEvent};
use pytoon_vendor::hash::file_hash;
use pytoon_vendor::{Accepted, Result, VendorError, VendorErrorKind};
use pytoon_vocabulary::{CallId, MicroUsd, UnixMs};
use std::path::Path;
use std::time::Duration;

/// The duration of the lease on a call's row while its task runs.
pub const LEASE: Duration = Duration::from_secs(60);
/// Maximum time between writing a row and making its call. The lease of the row lasts longer than this time and the
/// call together.
const FRESH: Duration = Duration::from_secs(15);
/// Maximum time for which the write of a new purchase to the ledger is retried.
const NOTE_PATIENCE: Duration = Duration::from_secs(600);
const NOTE_PAUSE: Duration = Duration::from_secs(1);
/// Maximum number of attempts while other processes claim the request and deliver no goods.
const RACES: usize = 8;
/// Maximum number of attempts to download finished goods and to make them durable.
const FETCHES: u32 = 4;
/// Maximum time to wait for an exhausted resource of this machine, such as disk space.
const ROOM_PATIENCE: Duration = Duration::from_secs(600);
const ROOM_PAUSE: Duration = Duration::from_secs(1);
/// The pause after the object store rejected goods; each further one is longer by the same amount.
const STORE_PAUSE: Duration = Duration::from_secs(1);

/// The result of one check of a purchase.
type Looked<S> = Result<Obtained<<S as Seller>::Goods>, Stop>;

/// One paid call: its row in the ledger, its order and its seller.
#[derive(Debug)]
pub(crate) struct Purchase<'a, S> {
    pub(crate) buyer: &'a Buyer,
    pub(crate) order: &'a Order,
    pub(crate) seller: &'a S,
    pub(crate) row: CallRow,
}

impl Buyer {
    /// Obtains an order's goods: from storage, from a call in progress, or with a new purchase. Does not wait; see
    /// [`Stop::Later`].
    ///
    /// `is_fresh` means that the ledger was just checked and contains nothing for this request.
    ///
    /// # Errors
    /// Returns [`Stop::Later`] if the purchase must wait before the next check, which takes the same `memo`, and
    /// [`Stop::Failed`] if it failed.
    pub async fn obtain<S: Seller>(
        &self,
        order: &Order,
        seller: &S,
        memo: &mut PurchaseMemo,
        is_fresh: bool,
    ) -> Looked<S> {
        let _one_at_a_time = self.lock(&order.request_hash).lock_owned().await;
        let mut looks_first = !is_fresh;
        for _ in 0..RACES {
            if looks_first {
                if let Some(goods) = self.find_kept(order, seller).await? {
                    return Ok(Obtained::from_stored(goods));
                }
                if let Some(obtained) = self.resume_locked(order, seller, memo).await? {
                    return Ok(obtained);
                }
            }
            if let Some(obtained) = self.buy(order, seller, memo).await? {
                return Ok(obtained);
            }
            // Another process has bought it meanwhile.
            looks_first = true;
        }
        let message = "other workers keep making this purchase, and none of them stores it";
        Err(order.error(VendorErrorKind::Undecided, message).into())
    }

    /// Resumes the task of a call that this purchase made in an earlier check.
    ///
    /// # Errors
    /// The errors of [`Buyer::obtain`].
    pub async fn follow<S: Seller>(
        &self,
        order: &Order,
        seller: &S,
        row: &CallRow,
        memo: &mut PurchaseMemo,
    ) -> Looked<S> {
        let task = stored_task(row).ok_or_else(|| undecided_error(order, row))?;
        let purchase = Purchase { buyer: self, order, seller, row: row.clone() };
        purchase.follow(&task, memo).await
    }

    /// Purchases the goods: prepares, admits, submits, follows and stores. Returns `None` if the request has already
    /// been purchased or rejected.
    async fn buy<S: Seller>(
        &self,
        order: &Order,
        seller: &S,
        memo: &mut PurchaseMemo,
    ) -> Result<Option<Obtained<S::Goods>>, Stop> {
        self.check_cancel(&order.vendor)?;
        let call_id = CallId::from(self.world.new_id());
        let prepared = seller.prepare(&call_id).await?;
        let Some(row) = self.admit(order, seller, call_id, memo).await? else { return Ok(None) };
        let purchase = Purchase { buyer: self, order, seller, row };
        purchase.check_still_wanted().await?;
        let task = match seller.submit(&prepared).await {
            Ok(Answer::Task(task)) => task,
            Ok(Answer::Delivered(output)) => return purchase.deliver(output).await.map(Some),
            Err(error) => purchase.trace_unanswered(error).await?,
        };
        self.note_task(&purchase.row, &task).await?;
        memo.follow(&purchase.row.id, self.world.now()).is_own = true;
        purchase.follow(&task, memo).await.map(Some)
    }

    /// Writes the call's row if the deadline, the lease, every budget and the vendor's limits allow the call. Returns
    /// `None` if the same request has already been purchased or rejected, and [`Stop::Later`] while the vendor has no
    /// free slot.
    async fn admit<S: Seller>(
        &self,
        order: &Order,
        seller: &S,
        call_id: CallId,
        memo: &mut PurchaseMemo,
    ) -> Result<Option<CallRow>, Stop> {
        let now = self.world.now();
        let terms = seller.terms();
        let give_up_at = *memo.place_until.get_or_insert(now + millis(terms.patience));
        let fails = |kind, message: &str| Err(order.error(kind, message).into());
        // Goods that arrive too late would be paid for and not used.
        if order.deadline.is_some_and(|deadline| now >= deadline) {
            let message = "the job's deadline has passed, so nothing more is bought";
            return fails(VendorErrorKind::Deadline, message);
        }
        let call = NewCall {
            id: call_id,
            job_id: order.job_id.clone(),
            scene_id: order.scene_id.clone(),
            engine: order.vendor.clone(),
            request_hash: order.request_hash.clone(),
            prompt: order.prompt.clone(),
            pinned: order.pinned.clone(),
            key_id: order.key_id.clone(),
            caller: order.caller.clone(),
            estimated: order.estimated,
            at: now,
            lease_until: now + millis(terms.intent_lease),
            fence: order.fence.clone(),
        };
        let row = CallRow::from_new_call(&call);
        match order.map_ledger_error(self.ledger.call_admit(call, order.limits).await)? {
            Admission::Granted => Ok(Some(row)),
            Admission::Taken => Ok(None),
            Admission::Fenced => {
                let message = "another worker has taken over this task, so this one buys nothing";
                fails(VendorErrorKind::Ledger, message)
            }
            Admission::OverBudget { cap, left } => {
                let estimated = order.estimated;
                let message =
                    format!("the call costs about {estimated}; the {cap}'s budget has {left} left");
                fails(VendorErrorKind::Budget, &message)
            }
            Admission::Busy if now > give_up_at => fails(
                VendorErrorKind::RateLimited,
                "its max_concurrent calls were all in use until its timeout_seconds passed: raise \
                 max_concurrent, or retry later",
            ),
            Admission::Busy => Err(self.wait(&order.vendor, terms.recheck)),
            Admission::TooFast { retry_at }
                if order.deadline.is_some_and(|deadline| retry_at > deadline) =>
            {
                let message = "its requests_per_minute allows no further call before the job's deadline: raise the \
                     limit in engine.yaml, or set a later `deadline`";
                fails(VendorErrorKind::Deadline, message)
            }
            // Do not wait for a slot that is known to come too late.
            Admission::TooFast { retry_at } if retry_at > give_up_at => fails(
                VendorErrorKind::Cooling,
                "its requests_per_minute allows no further call within the maximum wait: raise the \
                 limit in engine.yaml, or retry later",
            ),
            Admission::TooFast { retry_at } => {
                let ms = (retry_at - now).clamp(20, 60_000) as u64;
                Err(self.wait(&order.vendor, Duration::from_millis(ms)))
            }
        }
    }
}

impl<S: Seller> Purchase<'_, S> {
    pub(crate) fn now(&self) -> UnixMs {
        self.buyer.world.now()
    }

    /// Checks that the call may still be sent. Ends it as not sent, and returns an error, if the user cancelled or if
    /// this process was suspended after it wrote the row: other processes may then treat the row as that of a dead
    /// process.
    async fn check_still_wanted(&self) -> Result<()> {
        let slept = self.now() - self.row.created_at;
        let checked = match self.buyer.check_cancel(&self.order.vendor) {
            Ok(()) if slept >= millis(FRESH) => {
                let message = format!(
                    "the call was not made, because the process was suspended for {slept} ms just \
                     before it"
                );
                Err(self.order.error(VendorErrorKind::Ledger, message))
            }
            checked => checked,
        };
        if let Err(error) = &checked {
            self.end(CallEvent::NotSent, Some(MicroUsd::ZERO), Some(error)).await;
        }
        checked
    }

    /// Checks a task once. Returns its goods, or [`Stop::Later`] if it is in progress.
    pub(crate) async fn follow(&self, task: &Task, memo: &mut PurchaseMemo) -> Looked<S> {
        let progress = memo.follow(&self.row.id, self.now());
        let looked = self.look(task, progress).await;
        let goes_on = match &looked {
            Err(Stop::Later(_)) => true,
            Err(Stop::Failed(error)) => error.kind == VendorErrorKind::Ledger,
            Ok(_) => false,
        };
        memo.task = memo.task.take().filter(|_| goes_on);
        looked
    }

    async fn look(&self, task: &Task, progress: &mut TaskProgress) -> Looked<S> {
        let vendor = &self.order.vendor;
        if let Err(error) = self.buyer.check_cancel(vendor) {
            self.give_up(task, None).await;
            return Err(error.into());
        }
        match self.seller.poll(task).await {
            Ok(TaskState::Succeeded { output, cost }) => {
                return Ok(self.collect(task, output, cost).await?);
            }
            Ok(TaskState::Failed(error)) => return Err(self.end_without_goods(error).await.into()),
            Ok(TaskState::Queued { mark }) => {
                progress.note(self.now(), format!("queued {}", mark.unwrap_or_default()));
            }
            Ok(TaskState::Running { progress: share, unknown_status }) => {
                if let Some(status) = &unknown_status
                    && !progress.said_unknown
                {
                    progress.said_unknown = true;
                    let (engine, call) = (vendor.as_str(), self.row.id.as_str());
                    Event::EngineStatusUnknown { engine, call, status }.emit();
                }
                progress.note(self.now(), format!("running {share:?}"));
            }
            // The vendor is temporarily unreachable; the task continues without us.
            Err(error) if error.is_temporary() => {}
            Err(error) => {
                self.end(CallEvent::Abandoned, None, Some(&error)).await;
                return Err(error.into());
            }
        }
        self.check_patience(task, progress).await?;
        let every = self.seller.terms().poll_interval;
        self.touch(LEASE + every).await;
        let stop = self.buyer.wait(vendor, every);
        if matches!(stop, Stop::Failed(_)) {
            self.give_up(task, None).await;
        }
        Err(stop)
    }

    /// Fetches, checks and stores the goods of a finished task.
    async fn collect(
        &self,
        task: &Task,
        output: S::Output,
        cost: Option<MicroUsd>,
    ) -> Result<Obtained<S::Goods>> {
        let file = self.seller.file(&self.row);
        let path = self.buyer.storage.path(&file);
        let fetched = self.fetch(task, output, &path).await?;
        let verdict = self.seller.check(&path).await?;
        let cost = self.plausible(fetched.cost.or(cost));
        let charged = cost.unwrap_or(self.row.estimated);
        let (duration_ms, changed) = match verdict {
            Verdict::Usable { duration_ms, changed } => (duration_ms, changed),
            Verdict::Unusable(reason) => {
                // Unusable goods are worthless; their row records that they were paid for.
                let _ = std::fs::remove_file(&path);
                let error = self.order.error(VendorErrorKind::BadOutput, reason);
                let error = error.with_accepted(Accepted::Yes).with_charged(Some(charged));
                self.end(CallEvent::BadOutput, Some(charged), Some(&error)).await;
                return Err(error);
            }
        };
        let sha256 = if changed { hash_of(&path).await } else { fetched.sha256.clone() };
        // Before the row: another machine relies on it, and would buy again if the file were missing.
        self.make_last(&file).await?;
        let fetched = Fetched { sha256, cost, ..fetched };
        self.keep(file, fetched, duration_ms, charged).await
    }

    /// Downloads the goods. Waits for an exhausted resource of this machine, such as disk space, and retries
    /// a temporary failure with a fresh URL if the vendor returns one.
    async fn fetch(&self, task: &Task, mut output: S::Output, path: &Path) -> Result<Fetched> {
        let vendor = &self.order.vendor;
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder).map_err(|error| {
                let message = format!("{}: {error}", folder.display());
                self.order.error(VendorErrorKind::Ledger, message)
            })?;
        }
        let (mut attempt, begun) = (1, self.now());
        loop {
            let error = match self.seller.fetch(&output, path).await {
                Ok(fetched) => return Ok(fetched),
                Err(error) => error,
            };
            // Another vendor's goods would not fit on the disk either, and these are paid for.
            if error.is_exhausted() && self.now() - begun < millis(ROOM_PATIENCE) {
                log_no_room(&error);
                self.buyer.pause(vendor, ROOM_PAUSE).await?;
                self.touch(LEASE).await;
                continue;
            }
            if attempt >= FETCHES || !error.is_temporary() {
                let is_bad = error.kind == VendorErrorKind::BadOutput;
                // Paid goods that are unavailable now may be available later.
                let event = if is_bad { CallEvent::BadOutput } else { CallEvent::Abandoned };
                self.end(event, Some(self.row.estimated), Some(&error)).await;
                return Err(error
                    .with_accepted(Accepted::Yes)
                    .with_charged(Some(self.row.estimated)));
            }
            let pause = backoff(&self.seller.terms().backoff, attempt, self.buyer.world.chance());
            self.buyer.pause(vendor, pause).await?;
            attempt += 1;
            self.touch(LEASE).await;
            if let Ok(TaskState::Succeeded { output: fresh, .. }) = self.seller.poll(task).await {
                output = fresh;
            }
        }
    }

    /// Stores a purchased file durably, with retries. If that fails, its call stays in progress, and the next process
    /// fetches the file again.
    async fn make_last(&self, file: &str) -> Result<()> {
        let mut attempt = 1;
        loop {
            let Err(error) = self.buyer.storage.keep(file).await else { return Ok(()) };
            if attempt >= FETCHES {
                let message = format!("failed to {error}");
                return Err(self.order.error(VendorErrorKind::Ledger, message));
            }
            self.buyer.pause(&self.order.vendor, STORE_PAUSE * attempt).await?;
            attempt += 1;
            self.touch(LEASE).await;
        }
    }

    /// Records the stored file in the ledger, and returns the goods. If another process recorded the same goods
    /// first, returns those.
    pub(crate) async fn keep(
        &self,
        file: String,
        fetched: Fetched,
        duration_ms: i64,
        charged: MicroUsd,
    ) -> Result<Obtained<S::Goods>> {
        let (order, buyer) = (self.order, self.buyer);
        let path = buyer.storage.path(&file);
        let kept = KeptClip {
            request_hash: order.request_hash.clone(),
            engine: order.vendor.clone(),
            call_id: self.row.id.clone(),
            file,
            sha256: fetched.sha256,
            duration_ms,
            credit: fetched.credit,
            created_at: self.now(),
        };
        let change =
            CallChange { charged: Some(charged), reported: fetched.cost, ..CallChange::default() };
        let gone = |message: &str| order.error(VendorErrorKind::Ledger, message);
        match buyer.ledger.clip_keep(kept.clone(), change).await {
            Ok(()) => {}
            // Two processes followed one task, since this one was suspended or disconnected for a while: the other
            // was first, and its goods are the same.
            Err(StoreError::Transition(_) | StoreError::Conflict(_)) => {
                let kept = buyer.find_kept(order, self.seller).await?;
                let kept =
                    kept.ok_or_else(|| gone("another process ended this call without a result"));
                return kept.map(Obtained::from_stored);
            }
            Err(error) => return Err(ledger_error(&order.vendor, &error)),
        }
        match self.seller.open(Some(&kept), &path) {
            Ok(Some(goods)) => Ok(Obtained { goods, charged, reused: false }),
            Ok(None) => Err(gone(&format!("{}: the stored file is damaged", path.display()))),
            Err(error) => Err(gone(&format!("{}: {error}", path.display()))),
        }
    }

    /// Stores the goods that a response contained. They are paid for and in memory, so they are returned even if
    /// their file or their row cannot be written.
    async fn deliver(&self, output: S::Output) -> Looked<S> {
        if let Err(error) = self.keep_delivered(&output).await {
            Event::Warning { detail: &error.to_string() }.emit();
        }
        let goods = self.seller.at_hand(output).ok_or_else(|| {
            let message = "its response contains neither a result nor a task";
            self.order.error(VendorErrorKind::Protocol, message).with_accepted(Accepted::Yes)
        })?;
        Ok(Obtained { goods, charged: self.row.estimated, reused: false })
    }

    async fn keep_delivered(&self, output: &S::Output) -> Result<()> {
        self.advance(CallEvent::Answered, CallChange::default()).await?;
        let file = self.seller.file(&self.row);
        let path = self.buyer.storage.path(&file);
        let reason = match self.seller.fetch(output, &path).await {
            Ok(fetched) => match self.buyer.storage.keep(&file).await {
                Ok(()) => return self.keep_file(file, fetched).await.map(|_| ()),
                Err(error) => format!("failed to {error}"),
            },
            Err(error) => error.message,
        };
        let message = format!("the result was paid for but could not be stored: {reason}");
        let error = self.order.error(VendorErrorKind::Internal, message);
        let change = CallChange { error: Some(error.message.clone()), ..CallChange::default() };
        self.advance(CallEvent::Lost, change).await?;
        Err(error)
    }

    /// Checks a complete file and records it in the ledger, charged at the price in the table.
    pub(crate) async fn keep_file(
        &self,
        file: String,
        fetched: Fetched,
    ) -> Result<Obtained<S::Goods>> {
        match self.seller.check(&self.buyer.storage.path(&file)).await? {
            Verdict::Usable { duration_ms, .. } => {
                self.keep(file, fetched, duration_ms, self.row.estimated).await
            }
            Verdict::Unusable(reason) => Err(self.order.error(VendorErrorKind::BadOutput, reason)),
        }
    }
}

impl Buyer {
    /// Records the vendor's task in the call's row before anything else happens. Nothing else records the purchase,
    /// so the write is retried while the ledger is unreachable.
    ///
    /// # Errors
    /// Returns an error if the user cancels in the meantime, or the ledger is unreachable for ten minutes.
    pub async fn note_task(&self, row: &CallRow, task: &Task) -> Result<()> {
        let begun = self.world.now();
        let mut event = CallEvent::Answered;
        loop {
            let (ledger, now) = (&self.ledger, self.world.now());
            match ledger.call_advance(&row.id, event, with_task(task), now).await {
                Ok(_) => break,
                // Another process treated the row as that of a dead one; or a lookup wrote the id.
                Err(StoreError::Transition(invalid)) => match invalid.from {
                    CallState::Unknown => event = CallEvent::Found,
                    _ => break,
                },
                Err(error) if now - begun < millis(NOTE_PATIENCE) => {
                    Event::LedgerUnavailable {
                        job: row.job_id.as_str(),
                        scene: row.scene_id.as_str(),
                        engine: &row.engine,
                        operation: "record a vendor's task",
                        retry_in_ms: NOTE_PAUSE.as_millis() as u64,
                        reason: &error.to_string(),
                    }
                    .emit();
                    self.pause(&row.engine, NOTE_PAUSE).await?;
                }
                Err(error) => return Err(ledger_error(&row.engine, &error)),
            }
        }
        Event::EngineSubmitted {
            job: row.job_id.as_str(),
            scene: row.scene_id.as_str(),
            engine: &row.engine,
            call: row.id.as_str(),
            task: &task.id,
            estimated_usd: row.estimated.as_usd(),
        }
        .emit();
        Ok(())
    }
}

pub(crate) fn with_task(task: &Task) -> CallChange {
    CallChange { task: serde_json::to_value(task).ok(), ..CallChange::default() }
}

fn log_no_room(error: &VendorError) {
    let (reason, retry_in_ms) = (&error.to_string(), ROOM_PAUSE.as_millis() as u64);
    let event = match error.shortage {
        Some(Shortage::Disk) => ServiceEvent::DiskFull { reason, retry_in_ms },
        _ => ServiceEvent::ResourceExhausted { reason, retry_in_ms },
    };
    event.emit();
}

async fn hash_of(path: &Path) -> String {
    let path = path.to_owned();
    let hashed = tokio::task::spawn_blocking(move || file_hash(&path)).await;
    hashed.ok().and_then(Result::ok).unwrap_or_default()
}

pub(crate) fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX / 4)
}
