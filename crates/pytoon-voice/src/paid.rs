//! Work for the voice that costs money: a row before the call, what it brought on disk before
//! anybody uses it.
//!
//! Guarantees: what was bought and kept is not bought again, by this job or another, after a kill
//! or without one; a call that may have bought something is not repeated within its job; budgets
//! hold over all processes; what is kept and whose file is gone or not whole is not used; a
//! sentence that stands twice in a script is bought once.
//!
//! Speech and transcripts are answered at once or never: there is no task to ask after, so a call
//! whose answer did not come is `lost` in the ledger, charged by the price table, and a later job
//! may buy it anew.
//!
//! Start with [`PaidWork::bought`].

use pytoon_config::engines::Backoff;
use pytoon_process::{CancelToken, disk};
use pytoon_records::ledger::{
    Admission, CallChange, CallEvent, CallFilter, CallLimits, CallRow, CallState, EngineStore,
    Fence, KeptClip, NewCall, StoreError,
};
use pytoon_storage::Storage;
use pytoon_vendor::hash::bytes_hash;
use pytoon_vendor::world::World;
use pytoon_vendor::{Accepted, EngineError, EngineErrorKind};
use pytoon_vocabulary::MicroUsd;
use std::collections::HashMap;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// The scene that a row names: a voice is the whole film's.
pub const SCENE: &str = "voice";
/// How often a waiting task looks whether the user gave up.
const LOOK: Duration = Duration::from_millis(25);
/// How often another process's call is looked at.
const OTHERS_POLL: Duration = Duration::from_millis(200);
/// How much longer than its call may take a row stays ours.
const LEASE_SLACK: Duration = Duration::from_secs(5);

/// Where paid takes are written down and kept.
#[derive(Debug)]
pub struct PaidWork {
    /// The ledger.
    pub store: Arc<dyn EngineStore>,
    /// Time, ids and chance.
    pub world: Arc<dyn World>,
    /// Where what was bought is kept.
    pub storage: Storage,
    /// The job that pays.
    pub job_id: String,
    /// The claim under which it does; absent where no other process can work on the job.
    pub fence: Option<Fence>,
    /// Spending limits.
    pub limits: CallLimits,
    /// Set when the user gives up.
    pub cancel: CancelToken,
    /// What this process is buying, by the request's hash.
    pub buying: Buys,
}

/// Requests that one process is buying: who wants the same waits for the first.
#[derive(Debug, Default)]
pub struct Buys(Mutex<HashMap<String, Arc<tokio::sync::Mutex<()>>>>);

impl Buys {
    fn of(&self, hash: &str) -> Arc<tokio::sync::Mutex<()>> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.entry(hash.to_owned()).or_default().clone()
    }
}

/// What a paid call brings, as it is kept.
pub(crate) trait Kept: Sized + Send + Sync {
    /// The folder in the storage folder.
    const FOLDER: &'static str;
    /// The ending of the file's name.
    const ENDING: &'static str;
    /// What is kept.
    fn to_bytes(&self) -> Vec<u8>;
    /// The same again; `None` where it is not whole.
    fn from_bytes(bytes: &[u8]) -> Option<Self>;
    /// The length of the sound, in milliseconds.
    fn length_ms(&self) -> f64;
}

/// One piece of work that is wanted.
#[derive(Debug)]
pub(crate) struct Order<'a> {
    pub(crate) provider: &'a str,
    /// What is done, as "failed to …" goes on.
    pub(crate) operation: &'static str,
    pub(crate) hash: String,
    pub(crate) text: &'a str,
    pub(crate) key_id: &'a str,
    pub(crate) estimated: MicroUsd,
    pub(crate) timeout: Duration,
    pub(crate) backoff: &'a Backoff,
}

/// A purchase under way.
pub(crate) type Buying<'a, W> = Pin<Box<dyn Future<Output = Result<W, EngineError>> + Send + 'a>>;

impl PaidWork {
    /// What an order asks for: kept from an earlier purchase, or bought now.
    pub(crate) async fn bought<'a, W: Kept, F>(
        &self,
        order: &Order<'_>,
        buy: &'a (dyn Fn() -> F + Sync),
    ) -> Result<W, EngineError>
    where
        F: Future<Output = Result<W, EngineError>> + Send + 'a,
    {
        let own = self.buying.of(&order.hash);
        let _one_at_a_time = own.lock().await;
        if let Some(take) = self.kept(order).await? {
            return Ok(take);
        }
        self.refuse_what_was_lost(order).await?;
        let mut attempt = 1;
        loop {
            let Some(call) = self.admitted::<W>(order).await? else {
                // Another process bought it meanwhile.
                if let Some(take) = self.kept(order).await? {
                    return Ok(take);
                }
                continue;
            };
            let error = match self.until_cancelled(order, Box::pin(buy())).await {
                Ok(take) => return self.keep(order, &call, take).await,
                Err(error) => error,
            };
            self.end(order, &call, &error).await?;
            let pause = self.pause_before(order, &error, attempt);
            let Some(pause) = pause else { return Err(error) };
            self.pause(order, pause).await?;
            attempt += 1;
        }
    }

    /// A take that was kept, if its file is whole. A ledger that cannot answer is a failure: "not
    /// known" must never be taken for "not bought".
    pub(crate) async fn kept<W: Kept>(&self, order: &Order<'_>) -> Result<Option<W>, EngineError> {
        let found = self.store.clip_find(&order.hash).await.map_err(|e| ledger(order, &e))?;
        let Some(kept) = found else { return Ok(None) };
        let bytes = self.file_bytes(order, &kept.file).await?;
        let take = (bytes_hash(&bytes) == kept.sha256).then(|| W::from_bytes(&bytes)).flatten();
        if take.is_none() {
            self.store.clip_forget(&order.hash).await.map_err(|e| ledger(order, &e))?;
        }
        Ok(take)
    }

    /// A take's file; empty where there is none. A disk that cannot answer is a failure, as a
    /// ledger is.
    async fn file_bytes(&self, order: &Order<'_>, file: &str) -> Result<Vec<u8>, EngineError> {
        let path = self.storage.path(file);
        // Another machine may have bought it: it is in the object store then.
        self.storage.have(file).await.map_err(|error| {
            let message = format!("failed to {error}; it is paid for and not bought again");
            failed(order, EngineErrorKind::Ledger, message)
        })?;
        match std::fs::read(&path) {
            Ok(bytes) => Ok(bytes),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Vec::new()),
            Err(error) => {
                let message =
                    format!("{}: {error}; it is paid for and not bought again", path.display());
                Err(failed(order, EngineErrorKind::Ledger, message))
            }
        }
    }

    /// Within a job, what was perhaps bought is not bought again. A person who gave up may.
    async fn refuse_what_was_lost(&self, order: &Order<'_>) -> Result<(), EngineError> {
        let cancelled = EngineErrorKind::Cancelled.as_str();
        let lost = self.rows(order, vec![CallState::Lost]).await?;
        let own = lost
            .iter()
            .any(|row| row.job_id == self.job_id && row.error_kind.as_deref() != Some(cancelled));
        if own { Err(undecided(order)) } else { Ok(()) }
    }

    /// Writes the row of a call; none where the same take is kept by now.
    async fn admitted<W: Kept>(&self, order: &Order<'_>) -> Result<Option<String>, EngineError> {
        let give_up_at = self.world.now() + millis(order.timeout + LEASE_SLACK);
        loop {
            self.check_cancel(order)?;
            let now = self.world.now();
            let call = NewCall {
                id: self.world.new_id(),
                job_id: self.job_id.clone(),
                scene_id: SCENE.to_owned(),
                engine: order.provider.to_owned(),
                request_hash: order.hash.clone(),
                prompt: order.text.to_owned(),
                pinned: serde_json::Value::Null,
                key_id: order.key_id.to_owned(),
                estimated: order.estimated,
                at: now,
                lease_until: now + millis(order.timeout + LEASE_SLACK),
                fence: self.fence.clone(),
            };
            let id = call.id.clone();
            let admission = self.store.call_admit(call, self.limits).await;
            match admission.map_err(|e| ledger(order, &e))? {
                Admission::Granted => return Ok(Some(id)),
                Admission::OverBudget { cap, left } => {
                    let message = format!(
                        "{} would pass the {cap}'s budget, of which {left} is left",
                        order.estimated
                    );
                    return Err(failed(order, EngineErrorKind::Budget, message));
                }
                Admission::Taken => {
                    if self.is_free_after_settling::<W>(order).await? {
                        continue;
                    }
                    if self.kept::<W>(order).await?.is_some() {
                        return Ok(None);
                    }
                    if now > give_up_at {
                        return Err(undecided(order));
                    }
                    self.pause(order, OTHERS_POLL).await?;
                }
                Admission::Fenced => {
                    let message = "another worker has this task now, so nothing is bought here";
                    return Err(failed(order, EngineErrorKind::Ledger, message));
                }
                // Limits that voices do not set.
                Admission::Busy | Admission::TooFast { .. } => {
                    self.pause(order, OTHERS_POLL).await?;
                }
            }
        }
    }

    /// Ends calls that nobody looks after any more; whether that freed the request. What this very
    /// job left unanswered when it was killed stays unbought.
    async fn is_free_after_settling<W: Kept>(
        &self,
        order: &Order<'_>,
    ) -> Result<bool, EngineError> {
        let open = CallState::ALL.into_iter().filter(|state| state.bars_buying()).collect();
        let rows = self.rows(order, open).await?;
        if rows.iter().any(|row| row.state == CallState::Refused) {
            let message = "the same was refused before and is not sent again";
            return Err(failed(order, EngineErrorKind::Moderation, message));
        }
        let mut settled = false;
        for row in rows {
            let is_ours = row.job_id == self.job_id;
            let now = self.world.now();
            // Without a claim one process works on a job: what it left is a dead process's.
            let is_dead = is_ours && self.fence.is_none()
                || self.store.call_claim(&row.id, now, now).await.map_err(|e| ledger(order, &e))?;
            if !is_dead {
                continue;
            }
            if self.adopt::<W>(order, &row).await? {
                return Ok(false);
            }
            if row.state == CallState::Intent {
                self.advance(order, &row.id, CallEvent::NoAnswer, CallChange::default()).await?;
            }
            let change = CallChange {
                error_kind: Some(EngineErrorKind::Lost.as_str().to_owned()),
                error: Some("the process ended before the answer was kept".to_owned()),
                ..CallChange::default()
            };
            self.advance(order, &row.id, CallEvent::Lost, change).await?;
            if is_ours {
                return Err(undecided(order));
            }
            settled = true;
        }
        Ok(settled)
    }

    /// Keeps the take of a process that was killed between the file and its row; whether there
    /// is one.
    async fn adopt<W: Kept>(&self, order: &Order<'_>, row: &CallRow) -> Result<bool, EngineError> {
        let file = file_of::<W>(&order.hash);
        let bytes = self.file_bytes(order, &file).await?;
        let Some(take) = W::from_bytes(&bytes) else { return Ok(false) };
        if row.state == CallState::Intent {
            self.advance(order, &row.id, CallEvent::Answered, CallChange::default()).await?;
        }
        if !matches!(row.state, CallState::Intent | CallState::Submitted) {
            return Ok(false);
        }
        self.note_kept(order, &row.id, file, &bytes, &take).await?;
        Ok(true)
    }

    async fn rows(
        &self,
        order: &Order<'_>,
        states: Vec<CallState>,
    ) -> Result<Vec<CallRow>, EngineError> {
        let filter =
            CallFilter { request_hash: Some(order.hash.clone()), states, ..CallFilter::default() };
        self.store.call_list(filter).await.map_err(|e| ledger(order, &e))
    }

    /// Writes the take, then the row that says so.
    async fn keep<W: Kept>(
        &self,
        order: &Order<'_>,
        call: &str,
        take: W,
    ) -> Result<W, EngineError> {
        let bytes = take.to_bytes();
        let file = file_of::<W>(&order.hash);
        let path = self.storage.path(&file);
        let written = disk::create_folder(&self.storage.path(W::FOLDER))
            .and_then(|()| disk::write_whole(&path, &bytes))
            .map_err(|error| error.to_string());
        let written = match written {
            Ok(()) => self.storage.keep(&file).await.map_err(|error| error.to_string()),
            Err(error) => Err(error),
        };
        // Paid for: the film has its voice, whatever becomes of the file and of the row.
        if let Err(detail) = self.note_take(order, call, file, &bytes, &take, written).await {
            pytoon_telemetry::Event::Warning { detail: &detail }.emit();
        }
        Ok(take)
    }

    /// Writes down what became of a take; where that was not all it should be, what to tell.
    async fn note_take<W: Kept>(
        &self,
        order: &Order<'_>,
        call: &str,
        file: String,
        bytes: &[u8],
        take: &W,
        written: Result<(), String>,
    ) -> Result<(), String> {
        let text = |error: EngineError| error.to_string();
        self.advance(order, call, CallEvent::Answered, CallChange::default())
            .await
            .map_err(text)?;
        let Err(error) = written else {
            return self.note_kept(order, call, file, bytes, take).await.map_err(text);
        };
        let detail =
            format!("what {} was paid for was not kept: failed to {error}", order.provider);
        let change = CallChange { error: Some(detail.clone()), ..CallChange::default() };
        self.advance(order, call, CallEvent::Lost, change).await.map_err(text)?;
        Err(detail)
    }

    async fn note_kept<W: Kept>(
        &self,
        order: &Order<'_>,
        call: &str,
        file: String,
        bytes: &[u8],
        take: &W,
    ) -> Result<(), EngineError> {
        let kept = KeptClip {
            request_hash: order.hash.clone(),
            engine: order.provider.to_owned(),
            call_id: call.to_owned(),
            file,
            sha256: bytes_hash(bytes),
            duration_ms: take.length_ms().round() as i64,
            credit: None,
            created_at: self.world.now(),
        };
        let change = CallChange { charged: Some(order.estimated), ..CallChange::default() };
        self.store.clip_keep(kept, change).await.map_err(|e| ledger(order, &e))
    }

    /// Notes how a call ended that brought no take.
    async fn end(
        &self,
        order: &Order<'_>,
        call: &str,
        error: &EngineError,
    ) -> Result<(), EngineError> {
        let change = |charged| CallChange {
            charged,
            error_kind: Some(error.kind.as_str().to_owned()),
            error: Some(error.message.clone()),
            ..CallChange::default()
        };
        match (error.accepted, error.kind) {
            (Accepted::No, EngineErrorKind::Moderation) => {
                self.advance(order, call, CallEvent::Refused, change(Some(MicroUsd::ZERO))).await
            }
            (Accepted::No, _) => {
                self.advance(order, call, CallEvent::NotSent, change(Some(MicroUsd::ZERO))).await
            }
            (Accepted::Yes, _) => {
                pytoon_telemetry::Event::EnginePurchaseWasted {
                    job: &self.job_id,
                    scene: SCENE,
                    engine: order.provider,
                    kind: error.kind.as_str(),
                    charged_usd: order.estimated.as_usd(),
                    reason: &error.message,
                }
                .emit();
                self.advance(order, call, CallEvent::Answered, CallChange::default()).await?;
                self.advance(order, call, CallEvent::BadOutput, change(None)).await
            }
            (Accepted::Maybe, _) => {
                self.advance(order, call, CallEvent::NoAnswer, change(None)).await?;
                self.advance(order, call, CallEvent::Lost, CallChange::default()).await
            }
        }
    }

    async fn advance(
        &self,
        order: &Order<'_>,
        call: &str,
        event: CallEvent,
        change: CallChange,
    ) -> Result<(), EngineError> {
        let advanced = self.store.call_advance(call, event, change, self.world.now()).await;
        advanced.map(|_| ()).map_err(|e| ledger(order, &e))
    }

    /// How long to wait before another attempt; none where there is to be none.
    fn pause_before(
        &self,
        order: &Order<'_>,
        error: &EngineError,
        attempt: u32,
    ) -> Option<Duration> {
        let backoff = order.backoff;
        let may_repeat = error.accepted == Accepted::No
            && error.is_temporary()
            && attempt < backoff.attempts
            // A host that cannot be reached has had its patience already.
            && error.kind != EngineErrorKind::Unreachable;
        if !may_repeat {
            return None;
        }
        let most = Duration::from_millis(backoff.max_ms);
        match error.retry_after {
            Some(after) if after > most => None,
            Some(after) => Some(after),
            None => {
                let doubled = backoff.initial_ms.saturating_mul(1 << (attempt - 1).min(16));
                let jitter = 0.5 + self.world.chance() / 2.0;
                Some(Duration::from_millis((doubled.min(backoff.max_ms) as f64 * jitter) as u64))
            }
        }
    }

    async fn until_cancelled<W>(
        &self,
        order: &Order<'_>,
        buying: Buying<'_, W>,
    ) -> Result<W, EngineError> {
        tokio::select! {
            bought = buying => bought,
            () = self.cancelled() => Err(cancelled(order).accepted(Accepted::Maybe)),
        }
    }

    async fn cancelled(&self) {
        while !self.cancel.is_cancelled() {
            tokio::time::sleep(LOOK).await;
        }
    }

    async fn pause(&self, order: &Order<'_>, how_long: Duration) -> Result<(), EngineError> {
        tokio::select! {
            () = tokio::time::sleep(how_long) => Ok(()),
            () = self.cancelled() => Err(cancelled(order)),
        }
    }

    fn check_cancel(&self, order: &Order<'_>) -> Result<(), EngineError> {
        if self.cancel.is_cancelled() { Err(cancelled(order)) } else { Ok(()) }
    }
}

/// Where it is kept, relative to the storage folder.
fn file_of<W: Kept>(hash: &str) -> String {
    format!("{}/{hash}.{}", W::FOLDER, W::ENDING)
}

fn failed(order: &Order<'_>, kind: EngineErrorKind, message: impl Into<String>) -> EngineError {
    EngineError::new(order.provider, order.operation, kind, message)
}

fn cancelled(order: &Order<'_>) -> EngineError {
    failed(order, EngineErrorKind::Cancelled, "the job was cancelled")
}

fn undecided(order: &Order<'_>) -> EngineError {
    let message = "an earlier call of this job for the same was not answered; it may have been bought \
                   and is not made again";
    failed(order, EngineErrorKind::Undecided, message)
}

fn ledger(order: &Order<'_>, error: &StoreError) -> EngineError {
    failed(order, EngineErrorKind::Ledger, error.to_string())
}

fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX / 4)
}

#[cfg(test)]
#[path = "paid_tests.rs"]
mod tests;
