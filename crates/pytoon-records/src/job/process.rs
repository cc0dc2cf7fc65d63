//! The processes of a service: their counters, the database's health and clock, and the queue in numbers.

use super::JobStatus;
use crate::ledger::StoreFuture;
use pytoon_vocabulary::UnixMs;
use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

/// The queue in numbers.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct QueueState {
    /// Jobs by status.
    pub jobs: BTreeMap<JobStatus, u64>,
    /// Tasks that are due.
    pub ready: u64,
    /// Tasks under a lease.
    pub running: u64,
    /// Tasks whose time has not come.
    pub waiting: u64,
    /// Dead tasks.
    pub dead: u64,
    /// Waiting time of the oldest due task, in milliseconds.
    pub oldest_ready_ms: i64,
    /// Running tasks whose lease expired.
    pub expired: u64,
}

/// Adds up the counters of several processes.
pub type AddUp = fn(&[&str]) -> String;

/// The name of the row with the counters of ended processes.
pub const ENDED: &str = "ended";

/// Keeps the counters of processes, and answers for the database. Every method is one transaction.
pub trait ProcessStore: fmt::Debug + Send + Sync {
    /// Returns the queue in numbers.
    fn queue_state(&self) -> StoreFuture<'_, QueueState>;
    /// Keeps the counters of a process.
    fn counts_put(&self, process: &str, text: &str) -> StoreFuture<'_, ()>;
    /// Lists the counters of every process.
    fn counts_all(&self) -> StoreFuture<'_, Vec<(String, String)>>;
    /// Reads the clock of the database.
    fn now(&self) -> StoreFuture<'_, UnixMs>;
    /// Adds the counters of processes that were silent for a time to the row [`ENDED`], and deletes
    /// theirs. Returns the number of these processes.
    fn counts_fold(&self, unheard_for: Duration, add_up: AddUp) -> StoreFuture<'_, usize>;
    /// Checks that a row can be written.
    fn check(&self) -> StoreFuture<'_, ()>;
}
