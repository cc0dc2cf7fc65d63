//! Keeps what must survive a crash: the ledger of paid work, kept clips, circuit breakers.
//!
//! Guarantees: every method of [`EngineStore`](pytoon_core::ledger::EngineStore) is one
//! transaction; what has returned is on disk; several processes may work on one database.
//!
//! Does not know engines, files or clocks: times are arguments, clips are names.
//!
//! Start with [`SqliteStore::open`].

mod breakers;
mod calls;
mod clips;
mod rows;
mod sqlite;

pub use sqlite::SqliteStore;

#[cfg(test)]
mod tests;
