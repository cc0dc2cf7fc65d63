//! Words that all crates share: time, money, seeded choices.
//!
//! Guarantees: pure values; no module knows another crate of the house.
//!
//! Start with [`UnixMs`] and [`MicroUsd`].

mod money;
mod time;

pub use money::MicroUsd;
pub use time::UnixMs;
