//! Cancellation: one flag that all work of a film checks.

use crate::SystemError;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// A flag that work checks: once it is set, the work stops.
#[derive(Debug, Clone, Default)]
pub struct CancelToken(Arc<AtomicBool>);

impl CancelToken {
    /// Returns a token that shares a flag, such as one set by a signal.
    pub fn from_flag(flag: Arc<AtomicBool>) -> Self {
        Self(flag)
    }

    /// Cancels the work.
    pub fn cancel(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Returns true if the work is cancelled.
    pub fn is_cancelled(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    /// Returns an error if the work is cancelled.
    ///
    /// # Errors
    /// [`SystemError::Cancelled`].
    pub fn check(&self) -> Result<(), SystemError> {
        if self.is_cancelled() { Err(SystemError::Cancelled) } else { Ok(()) }
    }
}
