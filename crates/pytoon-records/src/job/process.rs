//! The processes of a service: their counters, the health and the clock of the database, and the state of the queue.

use super::JobStatus;
use crate::ledger::StoreFuture;
use pytoon_vocabulary::UnixMs;
use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

/// The number of jobs and tasks in each state, and the queue's delays.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct QueueState {
    /// The number of jobs, by status.
    pub jobs: BTreeMap<JobStatus, u64>,
    /// The number of tasks that are due.
    pub ready: u64,
    /// The number of tasks under a lease.
    pub running: u64,
    /// The number of tasks that are not due yet.
    pub waiting: u64,
    /// The number of dead tasks.
    pub dead: u64,
    /// The time that the oldest due task has waited, in milliseconds.
    pub oldest_ready_ms: i64,
    /// The number of tasks in state `running` whose lease has expired.
    pub expired: u64,
}

/// A function that adds up the counters of several processes.
pub type AddUp = fn(&[&str]) -> String;

/// The name of the row that contains the counters of ended processes.
pub const ENDED: &str = "ended";

/// The store of process counters, which also reports on the database. Every method is one transaction.
pub trait ProcessStore: fmt::Debug + Send + Sync {
    /// Returns the current state of the queue.
    fn queue_state(&self) -> StoreFuture<'_, QueueState>;
    /// Stores the counters of a process.
    fn counts_put(&self, process: &str, text: &str) -> StoreFuture<'_, ()>;
    /// Lists the counters of every process.
    fn counts_all(&self) -> StoreFuture<'_, Vec<(String, String)>>;
    /// Reads the clock of the database.
    fn now(&self) -> StoreFuture<'_, UnixMs>;
    /// Adds the counters of processes that have been silent for the duration `unheard_for` to the row [`ENDED`], and
    /// deletes the rows of these processes. Returns their number.
    fn counts_fold(&self, unheard_for: Duration, add_up: AddUp) -> StoreFuture<'_, usize>;
    /// Checks that the database accepts writes.
    fn check(&self) -> StoreFuture<'_, ()>;
}
