//! Rows that outlive a process: jobs and their tasks, API keys, webhooks, files, and the ledger of paid calls.
//!
//! Guarantees: pure values, transition functions, and the traits behind which rows are kept. No
//! database, no clock, no network.
//!
//! Does not decide how a film looks or sounds: `pytoon-core` does. `pytoon-store` stores the rows.
//!
//! Start with [`state::State`], [`job::JobStatus`], [`ledger::CallState`], then
//! [`job::store::JobStore`] and [`ledger::PurchaseStore`].

pub mod job;
pub mod ledger;
pub mod state;
