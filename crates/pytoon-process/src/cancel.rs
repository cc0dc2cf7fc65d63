//! Cancellation through one flag that all work of a film checks.

use crate::SystemError;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// A flag that work checks. Once it is set, the work stops.
#[derive(Debug, Clone, Default)]
pub struct CancelToken(Arc<AtomicBool>);

impl CancelToken {
    /// Creates a token that shares a flag, such as one set by a signal.
    pub fn from_flag(flag: Arc<AtomicBool>) -> Self {
        Self(flag)
    }

    /// Sets the flag, which cancels the work.
    pub fn cancel(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Returns true if the work has been cancelled.
    pub fn is_cancelled(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    /// Returns an error if the work has been cancelled.
    ///
    /// # Errors
    /// Returns [`SystemError::Cancelled`] if the work has been cancelled.
    pub fn check(&self) -> Result<(), SystemError> {
        if self.is_cancelled() { Err(SystemError::Cancelled) } else { Ok(()) }
    }
}
