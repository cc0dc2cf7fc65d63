//! AI video engines: one adapter a vendor, a pure choice of the chain, and the walk along it.
//!
//! Guarantees: every scene gets a picture, since every chain ends at `local`; every step down is
//! logged and counted; a paid call is written down before it is made, and never made twice for
//! the same clip.
//!
//! Does not draw films (the pipeline does) and does not keep anything itself: rows, breakers and
//! clips live behind [`pytoon_core::ledger::EngineStore`].
//!
//! Start with [`adapter::ExternalEngineAdapter`].

pub mod adapter;
#[cfg(any(test, feature = "testing"))]
pub mod conformance;
pub mod engine_adapters;
mod error;
pub mod http;
pub mod layers;

pub use error::{Accepted, EngineError, EngineErrorKind, ErrorStatus};
