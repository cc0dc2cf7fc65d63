//! Records requests, acceptances, charges and downloads.
//!
//! Guarantees: a submission is in the ledger, and in its file if that is writable, before the vendor's
//! response is sent; API keys are stored only as fingerprints; with a file, the ledger survives a restart.
//!
//! This module does not know protocols. Start with [`Ledger::accept`] and [`Ledger::view`].

mod file;
mod view;

use crate::job::{Job, Phase};
use crate::prices;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Maximum number of submissions. A full ledger rejects tasks, because it must not drop entries.
const MAX_SUBMISSIONS: usize = 100_000;

/// A task that a vendor has accepted.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Submission {
    /// The name of the vendor.
    pub(crate) vendor: String,
    /// The vendor's id of the task.
    pub(crate) id: String,
    /// The client's id of the task: `X-Request-Id`, or else `X-Client-Ref`.
    pub(crate) client_ref: Option<String>,
    /// The prompt of the order.
    pub(crate) prompt: String,
    /// The SHA-256 of the body in canonical order, without values that are chosen for each call.
    pub(crate) body_hash: String,
    /// The beginning of the API key's SHA-256.
    pub(crate) key_fingerprint: String,
    /// The time of acceptance, in milliseconds since 1970.
    pub(crate) accepted_at: u64,
    /// True if the vendor's response, with the id, was sent completely.
    pub(crate) answered: bool,
    /// True if a fault closed the connection instead of sending the response.
    pub(crate) dropped: bool,
    /// The number of later calls that named the task.
    pub(crate) referenced: u64,
    /// The time at which the task was cancelled.
    pub(crate) cancelled_at: Option<u64>,
    /// True if the vendor no longer shows the task.
    pub(crate) deleted: bool,
    /// The number of complete downloads.
    pub(crate) downloads: u64,
    /// The order and its course.
    pub(crate) job: Job,
}

impl Submission {
    /// Returns the state of the task at a time.
    pub(crate) fn phase(&self, now: u64) -> Phase {
        if let Some(at) = self.cancelled_at {
            let then = self.job.phase(at.saturating_sub(self.accepted_at));
            return if then.is_terminal() { then } else { Phase::Cancelled };
        }
        self.job.phase(now.saturating_sub(self.accepted_at))
    }

    /// Returns true in the first half of the task's time in the queue.
    pub(crate) fn is_early_in_queue(&self, now: u64) -> bool {
        now.saturating_sub(self.accepted_at) < self.job.queue_ms / 2
    }

    /// Returns the amount charged up to a time, in millionths of a dollar. Tasks are charged when accepted, and may
    /// be refunded later.
    pub(crate) fn charge_at(&self, now: u64) -> u64 {
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

/// One request, as the ledger's file records it.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct RequestLine {
    pub(crate) at: u64,
    pub(crate) vendor: String,
    pub(crate) step: String,
    pub(crate) method: String,
    pub(crate) path: String,
    /// The HTTP status, `"dropped"` or `"aborted"`.
    pub(crate) status: serde_json::Value,
    pub(crate) key_fingerprint: Option<String>,
    pub(crate) submission: Option<String>,
    pub(crate) fault: Option<String>,
}

/// The ledger of all vendors, in memory and optionally in a file.
#[derive(Debug)]
pub(crate) struct Ledger(Mutex<Inner>);

#[derive(Debug, Default)]
struct Inner {
    submissions: Vec<Submission>,
    by_id: HashMap<String, usize>,
    posts: BTreeMap<String, u64>,
    file: Option<file::File>,
}

/// The reason for not recording a task.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refused {
    /// The ledger is full.
    Full,
    /// The id is already in use.
    Taken,
}

fn key(vendor: &str, id: &str) -> String {
    format!("{vendor}/{id}")
}

impl Ledger {
    /// Opens a ledger in memory. With a `path`, restores it from that file and appends every change to the file.
    pub(crate) fn open(path: Option<&Path>) -> std::io::Result<Self> {
        let mut inner = Inner::default();
        if let Some(path) = path {
            inner.file = Some(file::File::open(path, &mut inner)?);
        }
        Ok(Self(Mutex::new(inner)))
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        // A panic elsewhere leaves valid counters behind.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Appends a finished request to the ledger's file, if there is one.
    pub(crate) fn request(&self, line: &RequestLine) {
        let mut inner = self.lock();
        if let Some(file) = &mut inner.file {
            file.request(line);
        }
    }

    /// Counts an attempt to order a task, whatever its result.
    pub(crate) fn post(&self, vendor: &str) {
        let mut inner = self.lock();
        *inner.posts.entry(vendor.to_owned()).or_default() += 1;
        if let Some(file) = &mut inner.file {
            file.post(vendor);
        }
    }

    /// Records an accepted task. Returns an error if the ledger is full or the id is in use.
    pub(crate) fn accept(&self, submission: Submission) -> Result<(), Refused> {
        let mut inner = self.lock();
        if inner.submissions.len() >= MAX_SUBMISSIONS {
            return Err(Refused::Full);
        }
        if inner.by_id.contains_key(&key(&submission.vendor, &submission.id)) {
            return Err(Refused::Taken);
        }
        if let Some(file) = &mut inner.file {
            file.record_accepted(&submission);
        }
        inner.insert(submission);
        Ok(())
    }

    /// Returns the number of accepted tasks.
    pub(crate) fn accepted_count(&self) -> u64 {
        self.lock().submissions.len() as u64
    }

    /// Returns the submission with the given vendor and id; `None` if there is none.
    pub(crate) fn find(&self, vendor: &str, id: &str) -> Option<Submission> {
        let inner = self.lock();
        let index = *inner.by_id.get(&key(vendor, id))?;
        inner.submissions.get(index).cloned()
    }

    /// Returns the submissions of one vendor, oldest first.
    pub(crate) fn of_vendor(&self, vendor: &str) -> Vec<Submission> {
        self.lock().submissions.iter().filter(|one| one.vendor == vendor).cloned().collect()
    }

    /// Changes a submission and returns its new value; `None` if there is no such submission.
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
            file.record_change(&after);
        }
        Some(after)
    }

    /// Clears the ledger and its file.
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
