//! Code shared by engines and voices for the services that they call.
//!
//! Guarantees: a call goes to configured addresses only and never to a private one; its answer is bounded in size
//! and time; a failure has one of a few kinds and says whether the vendor may have accepted a paid call; no key is
//! in any message.
//!
//! Does not know any vendor, does not wait or retry. The circuit breakers are in the caller's store ([`breakers`]).
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

/// Returns the reason as an error, unless a condition holds.
pub fn ensure(holds: bool, reason: impl Into<String>) -> Result<(), String> {
    if holds { Ok(()) } else { Err(reason.into()) }
}
