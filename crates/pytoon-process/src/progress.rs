//! Records when a program last made progress, on a clock that stops while this process is stopped.
//!
//! A process is stopped by Ctrl-Z, by a debugger, or when its container is paused. A program that waits for a stopped
//! process has not stalled.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// The interval between two ticks above which this process must have been stopped.
const STOPPED: Duration = Duration::from_secs(1);

/// The time at which a program last made progress.
#[derive(Debug, Clone)]
pub struct Progress(Arc<Times>);

#[derive(Debug)]
struct Times {
    started: Instant,
    /// The time of the last progress, in milliseconds of [`Progress::running`].
    last_ms: AtomicU64,
    /// The total time during which this process was stopped, in milliseconds.
    stopped_ms: AtomicU64,
}

impl Progress {
    pub(crate) fn new() -> Self {
        let (last_ms, stopped_ms) = (AtomicU64::new(0), AtomicU64::new(0));
        Self(Arc::new(Times { started: Instant::now(), last_ms, stopped_ms }))
    }

    /// Records that the program made progress now.
    pub fn touch(&self) {
        self.0.last_ms.store(self.running().as_millis() as u64, Ordering::Relaxed);
    }

    /// Returns the time since the program's last progress, without the time during which this process was stopped.
    pub(crate) fn idle(&self) -> Duration {
        self.running().saturating_sub(Duration::from_millis(self.0.last_ms.load(Ordering::Relaxed)))
    }

    /// Returns the time since the program started, without the time during which this process was stopped.
    pub(crate) fn running(&self) -> Duration {
        let stopped = Duration::from_millis(self.0.stopped_ms.load(Ordering::Relaxed));
        self.0.started.elapsed().saturating_sub(stopped)
    }
}

/// A detector of the times at which this process was stopped, from the ticks of a loop.
#[derive(Debug)]
pub(crate) struct Ticks(Instant);

impl Ticks {
    pub(crate) fn new() -> Self {
        Self(Instant::now())
    }

    /// Records a tick. A long gap since the last tick is recorded as time in which this process was stopped.
    /// The loop must call this in every iteration before it checks the progress.
    pub(crate) fn tick(&mut self, progress: &Progress) {
        let now = Instant::now();
        let gap = now.duration_since(std::mem::replace(&mut self.0, now));
        if gap > STOPPED {
            progress.0.stopped_ms.fetch_add(gap.as_millis() as u64, Ordering::Relaxed);
        }
    }
}
