//! Paid calls: one purchase, from its row in the ledger to the file that it brought.
//!
//! Guarantees: a paid call is a row before it is a call; what was bought and kept, or is being made, by
//! this process or another, is used before more is bought; a call that may have bought something is
//! never repeated blindly; a vendor's task is on disk before anything else happens; budgets and limits
//! hold over all processes; a worker that lost its task buys nothing.
//!
//! Does not know any vendor ([`Seller`] translates), choose one, try another one, or judge failures of
//! vendors by circuit breakers.
//!
//! Start with [`Buyer::obtain`]: it reads from top to bottom in `purchase`; calls of earlier processes are in
//! `earlier`, calls that bring nothing in `ends`.

mod buyer;
mod earlier;
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
