//! The voice service's side of a purchase: one call that the service answers immediately with speech or a transcript.
//!
//! Guarantees: those of `pytoon-purchase`; equal requests of a script are bought once; a stored result whose
//! file is missing or damaged is not used.
//!
//! Start with [`PaidWork`].

use pytoon_config::engines::Backoff;
use pytoon_process::disk;
use pytoon_purchase::{
    Answer, Answering, Buyer, Cancelled, Fetched, Lookup, Order, Seller, Task, TaskState, Terms,
    Verdict,
};
use pytoon_records::ledger::{CallLimits, CallRow, Fence, KeptClip};
use pytoon_vendor::hash::bytes_hash;
use pytoon_vendor::{Accepted, Result, VendorError, VendorErrorKind};
use pytoon_vocabulary::{CallId, JobId, MicroUsd};
use std::marker::PhantomData;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// The scene name in the ledger's rows, since a voice belongs to the whole film.
pub const SCENE: &str = "voice";
/// The polling interval while another process makes the same call.
const RECHECK: Duration = Duration::from_millis(200);
/// The time by which the lease of a call outlasts the call's timeout.
const LEASE_SLACK: Duration = Duration::from_secs(5);

/// The buyer of speech and transcripts for a job.
#[derive(Debug)]
pub struct PaidWork {
    /// The buyer that makes the purchases.
    pub buyer: Arc<Buyer>,
    /// The job that pays for the calls.
    pub job_id: JobId,
    /// The lease that each purchase checks; `None` if no other process can work on the job.
    pub fence: Option<Fence>,
    /// The id of the service's API key that is charged; `None` for the key that submitted the job, if there is one.
    pub caller: Option<String>,
    /// The spending limits.
    pub limits: CallLimits,
}

/// The result of a paid call, as stored on disk.
pub(crate) trait StoredGoods: Clone + Send + Sync {
    /// The name of the folder within the storage folder.
    const FOLDER: &'static str;
    /// The file name extension.
    const ENDING: &'static str;
    /// Serializes the result to the content of its file.
    fn to_bytes(&self) -> Vec<u8>;
    /// Parses the content of a file. Returns `None` if it is damaged.
    fn from_bytes(bytes: &[u8]) -> Option<Self>;
    /// Returns the length of the audio, in milliseconds.
    fn length_ms(&self) -> f64;
}

/// The description of one paid call.
#[derive(Debug)]
pub(crate) struct PaidCall<'a> {
    pub(crate) provider: &'a str,
    /// The operation, worded to follow "failed to …".
    pub(crate) operation: &'static str,
    pub(crate) hash: String,
    pub(crate) text: &'a str,
    pub(crate) key_id: &'a str,
    pub(crate) estimated: MicroUsd,
    pub(crate) timeout: Duration,
    pub(crate) backoff: &'a Backoff,
}

/// The seller of one call whose result is a `W`.
#[derive(Clone)]
struct Service<'a, W, C> {
    order: &'a Order,
    buyer: &'a Buyer,
    terms: Terms,
    call: &'a C,
    brings: PhantomData<fn() -> W>,
}

impl PaidWork {
    /// Returns the result of a call, either stored from an earlier purchase or bought now with `call`.
    pub(crate) async fn buy<W, C, F>(&self, wanted: &PaidCall<'_>, call: &C) -> Result<W>
    where
        W: StoredGoods,
        C: Fn() -> F + Sync,
        F: Future<Output = Result<W>> + Send,
    {
        let order = self.order(wanted);
        let obtained = self.buyer.obtain_to_end(&order, &self.service(&order, wanted, call)).await;
        obtained.map(|obtained| obtained.goods)
    }

    /// Returns the result stored from an earlier purchase. Removes its record and returns `None` if its file
    /// is missing or damaged; also returns `None` if there is no such result.
    pub(crate) async fn find_kept<W: StoredGoods>(
        &self,
        wanted: &PaidCall<'_>,
    ) -> Result<Option<W>> {
        let order = self.order(wanted);
        let never = || std::future::pending::<Result<W>>();
        self.buyer.find_kept(&order, &self.service(&order, wanted, &never)).await
    }

    fn order(&self, wanted: &PaidCall<'_>) -> Order {
        Order {
            job_id: self.job_id.clone(),
            scene_id: SCENE.into(),
            vendor: wanted.provider.to_owned(),
            operation: wanted.operation,
            request_hash: wanted.hash.clone(),
            prompt: wanted.text.to_owned(),
            key_id: wanted.key_id.to_owned(),
            caller: self.caller.clone(),
            estimated: wanted.estimated,
            limits: self.limits,
            fence: self.fence.clone(),
            ..Order::default()
        }
    }

    fn service<'a, W, C>(
        &'a self,
        order: &'a Order,
        wanted: &PaidCall<'_>,
        call: &'a C,
    ) -> Service<'a, W, C> {
        let lease = wanted.timeout + LEASE_SLACK;
        let terms = Terms {
            answering: Answering::AtOnce,
            intent_lease: lease,
            patience: lease,
            stall: lease,
            poll_interval: RECHECK,
            recheck: RECHECK,
            backoff: wanted.backoff.clone(),
            refusal_charged: false,
            cancel_charged: true,
        };
        Service { order, buyer: &self.buyer, terms, call, brings: PhantomData }
    }
}

impl<W, C> Service<'_, W, C> {
    fn error(&self, kind: VendorErrorKind, message: impl Into<String>) -> VendorError {
        VendorError::new(&self.order.vendor, self.order.operation, kind, message)
    }
}

impl<W, C, F> Seller for Service<'_, W, C>
where
    W: StoredGoods,
    C: Fn() -> F + Sync,
    F: Future<Output = Result<W>> + Send,
{
    type Prepared = ();
    type Output = W;
    type Goods = W;

    fn terms(&self) -> &Terms {
        &self.terms
    }

    fn answering_for(&self, _: &CallRow) -> Result<Self> {
        Ok(Self { terms: self.terms.clone(), ..*self })
    }

    async fn prepare(&self, _: &CallId) -> Result<()> {
        Ok(())
    }

    async fn submit(&self, (): &()) -> Result<Answer<W>> {
        let buyer = self.buyer;
        let given_up = async {
            buyer.cancelled().await;
            self.error(VendorErrorKind::Cancelled, "the job was cancelled")
        };
        tokio::select! {
            bought = (self.call)() => bought.map(Answer::Delivered),
            error = given_up => Err(error.with_accepted(Accepted::Maybe)),
        }
    }

    async fn poll(&self, _: &Task) -> Result<TaskState<W>> {
        Err(self.error(VendorErrorKind::Lost, "it responds at once and has no tasks"))
    }

    async fn look_up(&self, _: &CallRow) -> Result<Lookup> {
        Ok(Lookup::CannotSay)
    }

    async fn cancel(&self, _: &Task) -> Result<Cancelled> {
        Ok(Cancelled::Unsupported)
    }

    fn file(&self, row: &CallRow) -> String {
        file_of::<W>(&row.request_hash)
    }

    async fn fetch(&self, output: &W, path: &Path) -> Result<Fetched> {
        let bytes = output.to_bytes();
        let folder = path.parent().unwrap_or(path);
        disk::create_folder(folder)
            .and_then(|()| disk::write_whole(path, &bytes))
            .map_err(|error| self.error(VendorErrorKind::Internal, format!("failed to {error}")))?;
        Ok(Fetched { sha256: bytes_hash(&bytes), credit: None, cost: None })
    }

    async fn check(&self, path: &Path) -> Result<Verdict> {
        let goods = self.open(None, path).map_err(|error| {
            self.error(VendorErrorKind::Ledger, format!("{}: {error}", path.display()))
        })?;
        Ok(match goods {
            Some(goods) => {
                let duration_ms = goods.length_ms().round() as i64;
                Verdict::Usable { duration_ms, changed: false }
            }
            None => Verdict::Unusable(format!("{} is damaged", path.display())),
        })
    }

    fn open(&self, kept: Option<&KeptClip>, path: &Path) -> std::io::Result<Option<W>> {
        let bytes = std::fs::read(path)?;
        let is_as_kept = kept.is_none_or(|kept| bytes_hash(&bytes) == kept.sha256);
        Ok(is_as_kept.then(|| W::from_bytes(&bytes)).flatten())
    }

    fn at_hand(&self, output: W) -> Option<W> {
        Some(output)
    }
}

/// Returns the path of a stored result, relative to the storage folder.
fn file_of<W: StoredGoods>(hash: &str) -> String {
    format!("{}/{hash}.{}", W::FOLDER, W::ENDING)
}

#[cfg(test)]
#[path = "paid_tests.rs"]
mod tests;
