//! The handles that all purchases of a process share: ledger, storage, clock and cancellation.
//!
//! [`Buyer::obtain`] and [`Buyer::follow`] are in the module `purchase`.

use crate::order::{Obtained, Order, PurchaseMemo, Stop};
use crate::retry::pause_before_retry;
use crate::seller::Seller;
use pytoon_process::CancelToken;
use pytoon_records::ledger::PurchaseStore;
use pytoon_storage::Storage;
use pytoon_vendor::world::World;
use pytoon_vendor::{Accepted, Result, VendorError, VendorErrorKind};
use std::collections::HashMap;
use std::io::ErrorKind;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// The interval between two checks of the cancel token.
const TICK: Duration = Duration::from_millis(25);

/// The buyer, which makes purchases and records them in the ledger.
#[derive(Debug)]
pub struct Buyer {
    /// The ledger of paid calls.
    pub ledger: Arc<dyn PurchaseStore>,
    /// The source of time, ids and randomness.
    pub world: Arc<dyn World>,
    /// The storage for purchased goods.
    pub storage: Storage,
    /// The token that is set when the user cancels.
    pub cancel: CancelToken,
    under_way: Mutex<HashMap<String, Arc<tokio::sync::Mutex<()>>>>,
}

impl Buyer {
    /// Creates a buyer from its handles.
    pub fn new(
        ledger: Arc<dyn PurchaseStore>,
        world: Arc<dyn World>,
        storage: Storage,
        cancel: CancelToken,
    ) -> Self {
        Self { ledger, world, storage, cancel, under_way: Mutex::default() }
    }

    /// Returns the lock of a request. It lets only one purchase of the request run at a time in this process; the
    /// next caller gets the stored goods.
    pub(crate) fn lock(&self, request_hash: &str) -> Arc<tokio::sync::Mutex<()>> {
        let mut all = self.under_way.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|_, lock| Arc::strong_count(lock) > 1);
        all.entry(request_hash.to_owned()).or_default().clone()
    }

    /// Waits for the given time. Returns an error as soon as the user cancels.
    ///
    /// # Errors
    /// Returns [`VendorErrorKind::Cancelled`] if the user cancels.
    pub async fn pause(&self, vendor: &str, how_long: Duration) -> Result<()> {
        let _ = tokio::time::timeout(how_long, self.cancelled()).await;
        self.check_cancel(vendor)
    }

    /// Waits until the user cancels.
    pub async fn cancelled(&self) {
        cancelled(&self.cancel).await;
    }

    /// Returns an error if the user cancelled.
    ///
    /// # Errors
    /// Returns [`VendorErrorKind::Cancelled`] if the user cancelled.
    pub fn check_cancel(&self, vendor: &str) -> Result<()> {
        if !self.cancel.is_cancelled() {
            return Ok(());
        }
        let message = "the job was cancelled";
        Err(VendorError::new(vendor, "continue", VendorErrorKind::Cancelled, message))
    }

    /// Returns [`Stop::Later`] with the delay, or [`Stop::Failed`] if the user cancelled.
    pub fn wait(&self, vendor: &str, how_long: Duration) -> Stop {
        match self.check_cancel(vendor) {
            Ok(()) => Stop::Later(how_long),
            Err(error) => Stop::Failed(error),
        }
    }

    /// Returns the goods that an earlier purchase of the order's request stored; `None` if there are none. If their
    /// file is missing or unusable, removes their record and returns `None`.
    ///
    /// # Errors
    /// Returns an error if the ledger or the disk is unavailable: "unknown" must never be mistaken for "not bought".
    pub async fn find_kept<S: Seller>(
        &self,
        order: &Order,
        seller: &S,
    ) -> Result<Option<S::Goods>> {
        let found = order.map_ledger_error(self.ledger.clip_find(&order.request_hash).await)?;
        let Some(kept) = found else { return Ok(None) };
        let goods = self.read(order, &kept.file, |path| seller.open(Some(&kept), path)).await?;
        if goods.is_none() {
            // Unusable goods must not be found again.
            order.map_ledger_error(self.ledger.clip_forget(&order.request_hash).await)?;
        }
        Ok(goods)
    }

    /// Fetches a stored file if necessary and opens it with `open`; `None` if it does not exist or is unusable.
    pub(crate) async fn read<T>(
        &self,
        order: &Order,
        file: &str,
        open: impl FnOnce(&std::path::Path) -> std::io::Result<Option<T>>,
    ) -> Result<Option<T>> {
        // Another machine may have bought it: it is then in the object store.
        self.storage.have(file).await.map_err(|error| {
            let message =
                format!("failed to {error}; the file is paid for and is not bought again");
            order.error(VendorErrorKind::Ledger, message)
        })?;
        let path = self.storage.path(file);
        match open(&path) {
            Ok(goods) => Ok(goods),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => {
                let message = format!(
                    "{}: {error}; the file is paid for and is not bought again",
                    path.display()
                );
                Err(order.error(VendorErrorKind::Ledger, message))
            }
        }
    }

    /// Obtains an order's goods. Waits and retries as the vendor's terms allow, for callers that have no other work.
    ///
    /// # Errors
    /// Returns the last failure.
    pub async fn obtain_to_end<S: Seller>(
        &self,
        order: &Order,
        seller: &S,
    ) -> Result<Obtained<S::Goods>> {
        let (mut memo, mut tries) = (PurchaseMemo::default(), 1);
        loop {
            let pause = match self.obtain(order, seller, &mut memo, false).await {
                Ok(obtained) => return Ok(obtained),
                Err(Stop::Later(wait)) => wait,
                Err(Stop::Failed(error)) => {
                    let terms = seller.terms();
                    let chance = self.world.chance();
                    let pause = pause_before_retry(&terms.backoff, &error, tries, chance);
                    // An accepted call was paid for.
                    let pause = pause.filter(|_| error.accepted == Accepted::No);
                    let Some(pause) = pause else { return Err(error) };
                    tries += 1;
                    pause
                }
            };
            self.pause(&order.vendor, pause).await?;
        }
    }
}

/// Waits until a token is cancelled. Checks it every 25 ms.
pub async fn cancelled(token: &CancelToken) {
    while !token.is_cancelled() {
        tokio::time::sleep(TICK).await;
    }
}
