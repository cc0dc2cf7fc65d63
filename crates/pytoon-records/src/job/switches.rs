//! Switches with which an operator stops and resumes purchases from an engine, for all processes.
//!
//! A switched-off engine is a circuit breaker that only a person closes. Purchases in progress end as usual.

use crate::ledger::{StoreFuture, SwitchedOff};
use pytoon_vocabulary::UnixMs;
use std::fmt;

/// A recorded change of a switch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SwitchRecord {
    /// The name of the engine.
    pub engine: String,
    /// True if the engine was switched on.
    pub is_on: bool,
    /// The id of the API key of the person who changed the switch.
    pub changed_by: String,
    /// The reason that the person stated; may be empty.
    pub reason: String,
    /// The time of the change.
    pub changed_at: UnixMs,
}

/// The store of switches.
pub trait SwitchStore: fmt::Debug + Send + Sync {
    /// Switches an engine on or off, and records the change. `by` and `reason` are those of the record.
    fn switch_set(&self, engine: &str, is_on: bool, by: &str, reason: &str) -> StoreFuture<'_, ()>;
    /// Lists the latest changes of all switches, the latest first.
    fn switch_log(&self, limit: u32) -> StoreFuture<'_, Vec<SwitchRecord>>;
    /// Lists the engines that are switched off.
    fn switched_off(&self) -> StoreFuture<'_, Vec<(String, SwitchedOff)>>;
}
