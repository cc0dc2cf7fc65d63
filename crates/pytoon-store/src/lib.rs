//! Stores everything that must survive a crash: paid calls, purchased clips, circuit breakers, jobs, tasks
//! under leases, and API keys. Works on SQLite and PostgreSQL.
//!
//! Guarantees: every change by a method of [`PurchaseStore`](pytoon_records::ledger::PurchaseStore) is
//! atomic; once it returns, its changes survive the death of the process, and also a power cut if the next
//! step relies on that; several processes may use the same database; a row's state changes only as its
//! [`State`](pytoon_records::state::State) allows.
//!
//! This crate does not access engines, artifacts or this machine's clock: times are arguments or the
//! database's, and clips are names.
//!
//! Start with [`Store::connect`].

mod breakers;
mod calls;
mod clips;
mod db;
mod events;
mod files;
mod jobs;
mod keys;
mod migrations;
#[cfg(feature = "postgres")]
mod postgres;
mod queue;
mod requeue;
mod rows;
mod service;
mod sessions;
mod states;
mod store;
mod switches;
mod task_graph;
mod tasks;
mod versions;
mod wakeups;
mod webhooks;

pub use keys::new_key;
pub use store::Store as SqliteStore;
pub use store::{Store, is_postgres};

#[cfg(test)]
mod tests;
