//! Words that all crates share: time, money, ids.
//!
//! Guarantees: pure values; no module knows another crate of the house.
//!
//! Start with [`UnixMs`], [`MicroUsd`] and [`JobId`].

mod ids;
mod money;
mod time;

pub use ids::{InvalidId, JobId, SceneId, TaskId};
pub use money::MicroUsd;
pub use time::UnixMs;
