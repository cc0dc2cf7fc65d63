//! Budgets of resources that all work of this process shares, such as memory for decoding pictures.
//!
//! Guarantees: waiting threads are served in a fair order ([`crate::shares`]); a cancelled thread stops waiting; a
//! share is returned when dropped.

use crate::CancelToken;
use crate::SystemError;
use crate::shares::{Shares, Ticket};
use std::path::Path;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// The interval at which a waiting thread checks for cancellation.
const LOOK: Duration = Duration::from_millis(50);

/// Returns the lowest memory limit of this process in bytes, its own or that of its container; `None` if the system
/// sets none.
pub fn memory_limit() -> Option<u64> {
    use rustix::process::{Resource, getrlimit};
    let limits = [Resource::As, Resource::Data].map(|resource| getrlimit(resource).current);
    limits.into_iter().flatten().chain(cgroup_limit()).min()
}

/// Returns the memory limit of the container or systemd unit in bytes (cgroup v2, the lower of `memory.max` and
/// `memory.high`); `None` without one.
fn cgroup_limit() -> Option<u64> {
    let text = std::fs::read_to_string("/proc/self/cgroup").ok()?;
    let own = text.lines().find_map(|line| line.strip_prefix("0::/"))?;
    let folder = Path::new("/sys/fs/cgroup").join(own);
    let read =
        |name: &str| std::fs::read_to_string(folder.join(name)).ok()?.trim().parse::<u64>().ok();
    read("memory.max").into_iter().chain(read("memory.high")).min()
}

/// A limited amount of a resource. Threads wait for their shares of it.
#[derive(Debug)]
pub struct Budget {
    shares: Mutex<Shares>,
    changed: Condvar,
}

/// A part of a budget that one holder uses until this value is dropped.
#[derive(Debug)]
pub struct Share<'a> {
    budget: &'a Budget,
    holder: String,
    amount: u64,
}

impl Budget {
    /// Creates a budget of `total` units, such as bytes.
    pub fn new(total: u64) -> Self {
        Self { shares: Mutex::new(Shares::new(total)), changed: Condvar::new() }
    }

    fn shares(&self) -> MutexGuard<'_, Shares> {
        self.shares.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for a share of the budget, in fair order.
    ///
    /// # Errors
    /// Returns [`SystemError::Cancelled`] if the work is cancelled in the meantime.
    pub fn take(
        &self,
        holder: &str,
        amount: u64,
        cancel: &CancelToken,
    ) -> Result<Share<'_>, SystemError> {
        let mut shares = self.shares();
        let ticket = shares.ask(holder, amount);
        loop {
            if let Some(amount) = shares.claim(ticket) {
                // The next in line may fit too.
                self.changed.notify_all();
                return Ok(Share { budget: self, holder: holder.to_owned(), amount });
            }
            if cancel.is_cancelled() {
                self.leave(shares, ticket);
                return Err(SystemError::Cancelled);
            }
            let waited = self.changed.wait_timeout(shares, LOOK);
            shares = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    fn leave(&self, mut shares: MutexGuard<'_, Shares>, ticket: Ticket) {
        shares.leave(ticket);
        drop(shares);
        self.changed.notify_all();
    }
}

impl Drop for Share<'_> {
    fn drop(&mut self) {
        self.budget.shares().give_back(&self.holder, self.amount);
        self.budget.changed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU64, Ordering};

    #[test]
    fn threads_share_a_budget_and_a_cancelled_one_leaves() {
        let budget = Budget::new(4);
        let (now, most) = (AtomicU64::new(0), AtomicU64::new(0));
        std::thread::scope(|scope| {
            for holder in 0..8 {
                let (budget, now, most) = (&budget, &now, &most);
                scope.spawn(move || {
                    for _ in 0..20 {
                        let amount = 1 + holder % 3;
                        let share =
                            budget.take(&holder.to_string(), amount, &CancelToken::default());
                        let sum = now.fetch_add(amount, Ordering::SeqCst) + amount;
                        most.fetch_max(sum, Ordering::SeqCst);
                        std::thread::yield_now();
                        now.fetch_sub(amount, Ordering::SeqCst);
                        drop(share);
                    }
                });
            }
        });
        assert!(most.load(Ordering::SeqCst) <= 4);
        let all = budget.take("one", 4, &CancelToken::default()).expect("a share");
        let cancel = CancelToken::default();
        let cancelled = Arc::new(cancel.clone());
        std::thread::scope(|scope| {
            let waits = scope.spawn(|| budget.take("two", 1, &cancelled).is_err());
            std::thread::sleep(Duration::from_millis(20));
            cancel.cancel();
            assert!(waits.join().expect("ends"), "it stops waiting");
        });
        drop(all);
        assert_eq!(budget.shares().in_use(), 0);
    }
}
