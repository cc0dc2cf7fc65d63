//! The simulator's own truth: what was asked, accepted, charged and fetched.
//!
//! Guarantees: a submission is in the ledger, and in its file, before the vendor's answer leaves;
//! keys are known by fingerprint only; with a file, everything is read back at the next start.
//!
//! Does not know protocols. Start with [`Ledger::accept`] and [`Ledger::view`].

mod file;
mod view;

use crate::job::{Job, Phase};
use crate::prices;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// A ledger that forgot would lie, so a full one refuses work instead.
const MAX_SUBMISSIONS: usize = 100_000;

/// Work a vendor has accepted.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Submission {
    /// Whose work.
    pub(crate) vendor: String,
    /// The vendor's name for it.
    pub(crate) id: String,
    /// The client's name for it: `X-Request-Id`, else `X-Client-Ref`.
    pub(crate) client_ref: Option<String>,
    /// What was asked for.
    pub(crate) prompt: String,
    /// SHA-256 of the body in canonical order, without names chosen anew for each call.
    pub(crate) body_hash: String,
    /// Beginning of the key's SHA-256.
    pub(crate) key_fingerprint: String,
    /// Milliseconds since 1970.
    pub(crate) accepted_at: u64,
    /// Whether the vendor's answer, id included, left completely.
    pub(crate) answered: bool,
    /// Whether a fault closed the connection instead.
    pub(crate) dropped: bool,
    /// How many later calls named it.
    pub(crate) referenced: u64,
    /// When it was cancelled.
    pub(crate) cancelled_at: Option<u64>,
    /// Whether the vendor will not show it again.
    pub(crate) deleted: bool,
    /// Complete downloads.
    pub(crate) downloads: u64,
    /// What was ordered.
    pub(crate) job: Job,
}

impl Submission {
    /// What it has come to.
    pub(crate) fn phase(&self, now: u64) -> Phase {
        if let Some(at) = self.cancelled_at {
            let then = self.job.phase(at.saturating_sub(self.accepted_at));
            return if then.is_terminal() { then } else { Phase::Cancelled };
        }
        self.job.phase(now.saturating_sub(self.accepted_at))
    }

    /// True in the first half of its time in the queue.
    pub(crate) fn is_early_in_queue(&self, now: u64) -> bool {
        now.saturating_sub(self.accepted_at) < self.job.queue_ms / 2
    }

    /// What it costs by now, in millionths of a dollar: charged when accepted, refunded later.
    pub(crate) fn charged(&self, now: u64) -> u64 {
        let billing = prices::billing(&self.vendor);
        let charged = match self.phase(now) {
            Phase::Failed | Phase::CompletedWithError => billing.failed,
            Phase::Moderated => billing.moderated,
            Phase::Cancelled => {
                let at = self.cancelled_at.unwrap_or(now).saturating_sub(self.accepted_at);
                match self.job.phase(at) {
                    Phase::Queued => billing.cancelled_in_queue,
                    _ => billing.cancelled_running,
                }
            }
            _ => true,
        };
        if charged { self.job.price_micro_usd } else { 0 }
    }
}

/// One request, as it is written down.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct RequestLine {
    pub(crate) at: u64,
    pub(crate) vendor: String,
    pub(crate) step: String,
    pub(crate) method: String,
    pub(crate) path: String,
    /// A status, `"dropped"` or `"aborted"`.
    pub(crate) status: serde_json::Value,
    pub(crate) key_fingerprint: Option<String>,
    pub(crate) submission: Option<String>,
    pub(crate) fault: Option<String>,
}

/// See the module.
#[derive(Debug)]
pub(crate) struct Ledger(Mutex<Inner>);

#[derive(Debug, Default)]
struct Inner {
    submissions: Vec<Submission>,
    by_id: HashMap<String, usize>,
    posts: BTreeMap<String, u64>,
    file: Option<file::File>,
}

/// Why work was not written down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refused {
    /// The ledger is full.
    Full,
    /// The id is taken.
    Taken,
}

fn key(vendor: &str, id: &str) -> String {
    format!("{vendor}/{id}")
}

impl Ledger {
    /// In memory, and in `path` when there is one.
    pub(crate) fn open(path: Option<&Path>) -> std::io::Result<Self> {
        let mut inner = Inner::default();
        if let Some(path) = path {
            inner.file = Some(file::File::open(path, &mut inner)?);
        }
        Ok(Self(Mutex::new(inner)))
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        // A panic elsewhere leaves counters, not half-written invariants.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes down a request that has come to its end.
    pub(crate) fn request(&self, line: &RequestLine) {
        let mut inner = self.lock();
        if let Some(file) = &mut inner.file {
            file.request(line);
        }
    }

    /// Counts an attempt to order work, whatever becomes of it.
    pub(crate) fn post(&self, vendor: &str) {
        let mut inner = self.lock();
        *inner.posts.entry(vendor.to_owned()).or_default() += 1;
        if let Some(file) = &mut inner.file {
            file.post(vendor);
        }
    }

    /// Accepts work.
    pub(crate) fn accept(&self, submission: Submission) -> Result<(), Refused> {
        let mut inner = self.lock();
        if inner.submissions.len() >= MAX_SUBMISSIONS {
            return Err(Refused::Full);
        }
        if inner.by_id.contains_key(&key(&submission.vendor, &submission.id)) {
            return Err(Refused::Taken);
        }
        if let Some(file) = &mut inner.file {
            file.accepted(&submission);
        }
        inner.insert(submission);
        Ok(())
    }

    /// How many were accepted so far.
    pub(crate) fn accepted(&self) -> u64 {
        self.lock().submissions.len() as u64
    }

    /// Looks one up.
    pub(crate) fn find(&self, vendor: &str, id: &str) -> Option<Submission> {
        let inner = self.lock();
        let index = *inner.by_id.get(&key(vendor, id))?;
        inner.submissions.get(index).cloned()
    }

    /// Those of one vendor, oldest first.
    pub(crate) fn of_vendor(&self, vendor: &str) -> Vec<Submission> {
        self.lock().submissions.iter().filter(|one| one.vendor == vendor).cloned().collect()
    }

    /// Changes one and returns it as it is then.
    pub(crate) fn update(
        &self,
        vendor: &str,
        id: &str,
        change: impl FnOnce(&mut Submission),
    ) -> Option<Submission> {
        let mut inner = self.lock();
        let index = *inner.by_id.get(&key(vendor, id))?;
        let submission = inner.submissions.get_mut(index)?;
        let before = submission.clone();
        change(submission);
        let after = submission.clone();
        if after != before
            && let Some(file) = &mut inner.file
        {
            file.changed(&after);
        }
        Some(after)
    }

    /// Forgets everything, the file included.
    pub(crate) fn clear(&self) {
        let mut inner = self.lock();
        inner.submissions.clear();
        inner.by_id.clear();
        inner.posts.clear();
        if let Some(file) = &mut inner.file {
            file.clear();
        }
    }
}

impl Inner {
    fn insert(&mut self, submission: Submission) {
        let index = self.submissions.len();
        self.by_id.insert(key(&submission.vendor, &submission.id), index);
        self.submissions.push(submission);
    }
}
