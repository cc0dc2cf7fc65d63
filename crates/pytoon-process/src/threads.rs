//! Starts threads without a panic if the system refuses them.
//!
//! `std::thread::spawn` and `Scope::spawn` panic when the system refuses a thread (`ulimit -u`, `TasksMax=`,
//! `pids.max`). Here the refusal is an error for which a job is deferred ([`SystemError::is_exhausted`]), or the work
//! is done on the calling thread.
//!
//! Start with [`spawn`] and [`side_by_side`].

use crate::SystemError;
use std::sync::{Mutex, PoisonError};
use std::thread::{Builder, JoinHandle, Scope, ScopedJoinHandle};

/// Starts a thread, or returns an error if the system refuses one.
///
/// # Errors
/// Returns [`SystemError::NoThread`] if the system refuses to start a thread.
pub fn spawn<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<JoinHandle<T>, SystemError> {
    Builder::new().spawn(work).map_err(SystemError::NoThread)
}

/// Starts a thread that ends within a scope, or returns an error if the system refuses one.
///
/// # Errors
/// Returns [`SystemError::NoThread`] if the system refuses to start a thread.
pub fn spawn_in<'scope, T: Send + 'scope>(
    scope: &'scope Scope<'scope, '_>,
    work: impl FnOnce() -> T + Send + 'scope,
) -> Result<ScopedJoinHandle<'scope, T>, SystemError> {
    Builder::new().spawn_scoped(scope, work).map_err(SystemError::NoThread)
}

/// Runs two closures concurrently: the first on a new thread, the second on this one. If the system refuses a
/// thread, the first runs after the second.
///
/// The first result is an error if its closure panicked.
pub fn side_by_side<A: Send, B>(
    first: impl FnOnce() -> A + Send,
    second: impl FnOnce() -> B,
) -> (std::thread::Result<A>, B) {
    // A refused thread does not return its closure.
    let first = Mutex::new(Some(first));
    let take = || first.lock().unwrap_or_else(PoisonError::into_inner).take();
    std::thread::scope(|scope| {
        let thread = Builder::new().spawn_scoped(scope, || take().map(|work| work()));
        let second = second();
        let done = match thread {
            Ok(thread) => thread.join(),
            Err(_) => Ok(take().map(|work| work())),
        };
        let done = done.and_then(|done| done.ok_or_else(|| Box::new("taken twice") as Box<_>));
        (done, second)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_are_done_and_a_panic_is_a_result() {
        let (first, second) = side_by_side(|| 1, || 2);
        assert_eq!((first.ok(), second), (Some(1), 2));
        let (first, second) = side_by_side(|| panic!("planted"), || 2);
        assert!(first.is_err());
        assert_eq!(second, 2);
    }
}
