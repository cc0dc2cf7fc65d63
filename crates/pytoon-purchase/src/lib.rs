//! Paid calls: the steps of one purchase, from its row in the ledger to the file with its goods. Goods are
//! what an order buys, such as a clip, spoken text or a transcript ([`Seller::Goods`]).
//!
//! Guarantees: a paid call is recorded before it is made; goods that are stored or in progress, in this process or
//! another, are used before more are purchased; a call that may have cost something is never blindly repeated; a
//! vendor's task is on disk before anything else happens; budgets and limits apply across all processes; a worker
//! that lost its task makes no purchase.
//!
//! This crate does not know any vendor ([`Seller`] translates), choose one, fall back to another one, or
//! operate circuit breakers.
//!
//! Start with [`Buyer::obtain`]. The steps are in order in `purchase`; calls of earlier processes are in `adopt`, and
//! calls without goods in `ends`.

mod adopt;
mod buyer;
mod ends;
mod order;
mod purchase;
mod retry;
mod seller;

pub use buyer::{Buyer, cancelled};
pub use order::{Obtained, Order, PurchaseMemo, Stop, TaskProgress, ledger_error, stored_task};
pub use purchase::LEASE;
pub use retry::{backoff, pause_before_retry};
pub use seller::{
    Answer, Answering, Cancelled, Fetched, Lookup, Seller, Task, TaskState, Terms, Verdict,
};
