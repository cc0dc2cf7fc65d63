//! AI video engines: one adapter per vendor, a pure function that chooses the chain, and the manager that tries the
//! engines of a chain.
//!
//! Guarantees: every scene gets a picture, since every chain ends at `local`; every fallback is logged and
//! counted; a paid call is recorded before it is made.
//!
//! This crate does not render films, which the pipeline does, and stores nothing itself: rows, breakers and
//! clips are behind [`pytoon_records::ledger::PurchaseStore`].
//!
//! Start with [`adapter::ExternalEngineAdapter`], [`engine_selector::resolve_engine`] and
//! [`engine_manager::EngineManager::draw`].

pub mod adapter;
pub mod call_decisions;
pub mod clip_check;
#[cfg(any(test, feature = "testing"))]
pub mod conformance;
pub mod engine_adapters;
pub mod engine_manager;
pub mod engine_selector;
pub mod layers;
pub mod moderation;
mod moderation_service;
pub mod picture_fit;

pub use pytoon_vendor::hash::file_hash;
pub use pytoon_vendor::{
    Accepted, ErrorStatus, Result, VendorError, VendorErrorKind, breaker, http, world,
};
