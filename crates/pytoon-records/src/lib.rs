//! Rows that outlive a process: jobs with their tasks, API keys, webhooks, files, and the ledger of paid calls.
//!
//! Guarantees: the crate contains pure values, transition functions, and the traits through which rows are stored. It
//! uses no database, no clock and no network.
//!
//! Does not decide how a film looks or sounds, which `pytoon-core` does, and does not store rows, which
//! `pytoon-store` does.
//!
//! Start with [`state::State`], [`job::JobStatus`], [`ledger::CallState`], then
//! [`job::store::JobStore`] and [`ledger::PurchaseStore`].

pub mod job;
pub mod ledger;
pub mod state;
