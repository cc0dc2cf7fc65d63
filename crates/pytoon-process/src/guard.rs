//! Watches an external program while the calling thread is blocked on one of its pipes.

use crate::progress::{Progress, Ticks};
use crate::{CancelToken, SystemError, threads};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

/// The interval at which a guard checks a program.
const GUARD_TICK: Duration = Duration::from_millis(50);

/// A watcher that kills a program if it stalls, runs too long or is cancelled while its owner is blocked on a pipe.
#[derive(Debug)]
pub(crate) struct Guard {
    state: Arc<GuardState>,
    thread: JoinHandle<()>,
}

#[derive(Debug, Default)]
struct GuardState {
    /// True while the owner is blocked on a pipe.
    waiting: AtomicBool,
    /// True once the owner no longer needs the program.
    over: AtomicBool,
    /// The reason for killing the program: [`STALLED`], [`TOO_LONG`] or neither.
    killed: AtomicU8,
}

/// The code for a program that blocked its owner for too long.
pub(crate) const STALLED: u8 = 1;
/// The code for a program that exceeded its maximum run time.
pub(crate) const TOO_LONG: u8 = 2;

impl Guard {
    /// Starts a thread that kills a program on cancellation, on a stall, or after its maximum run time.
    ///
    /// # Errors
    /// Returns [`SystemError::NoThread`] if no thread can be started.
    pub(crate) fn start(
        id: u32,
        progress: Progress,
        cancel: CancelToken,
        stall: Duration,
        longest: Duration,
    ) -> Result<Self, SystemError> {
        let state = Arc::new(GuardState::default());
        let seen = state.clone();
        let thread = threads::spawn(move || {
            let mut ticks = Ticks::new();
            while !seen.over.load(Ordering::Acquire) {
                ticks.tick(&progress);
                let stalled = seen.waiting.load(Ordering::Acquire) && progress.idle() > stall;
                let too_long = progress.running() > longest;
                if stalled || too_long || cancel.is_cancelled() {
                    let why = if stalled { STALLED } else { TOO_LONG * u8::from(too_long) };
                    seen.killed.store(why, Ordering::Release);
                    kill_group(id);
                    return;
                }
                std::thread::park_timeout(GUARD_TICK);
            }
        })?;
        Ok(Self { state, thread })
    }

    /// Records that the owner is, or is no longer, blocked on a pipe.
    pub(crate) fn set_waiting(&self, waiting: bool) {
        self.state.waiting.store(waiting, Ordering::Release);
    }

    /// Stops watching. Returns [`STALLED`] or [`TOO_LONG`] if the program was killed for that reason, and 0
    /// otherwise.
    pub(crate) fn stop(self) -> u8 {
        self.state.over.store(true, Ordering::Release);
        self.thread.thread().unpark();
        // The thread cannot panic; a failed join would only mean that it has ended.
        let _ = self.thread.join();
        self.state.killed.load(Ordering::Acquire)
    }
}

/// Kills the process group of a program, which includes its children.
pub(crate) fn kill_group(id: u32) {
    if let Some(pid) = rustix::process::Pid::from_raw(id as i32) {
        // It may have exited in between.
        let _ = rustix::process::kill_process_group(pid, rustix::process::Signal::KILL);
    }
}
