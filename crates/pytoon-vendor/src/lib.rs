//! Code that engines and voices share for calls to services.
//!
//! Guarantees: a call goes only to configured or public addresses; its response is bounded in size and time; a
//! failure has one of a few kinds and states whether the vendor may have accepted a paid call; no key is in any
//! message.
//!
//! This crate does not know any vendor, and does not wait or retry. The circuit breakers are in the caller's
//! store ([`breakers`]).
//!
//! Start with [`http::VendorHttp`] and [`VendorError`].

pub mod breaker;
pub mod breakers;
mod error;
pub mod errors;
pub mod hash;
pub mod http;
pub mod replies;
#[cfg(feature = "testing")]
pub mod scripted;
pub mod world;

pub use error::{Accepted, ErrorStatus, Result, VendorError, VendorErrorKind, VendorFuture};

/// Returns `reason` as an error if the condition does not hold.
pub fn ensure(holds: bool, reason: impl Into<String>) -> Result<(), String> {
    if holds { Ok(()) } else { Err(reason.into()) }
}
