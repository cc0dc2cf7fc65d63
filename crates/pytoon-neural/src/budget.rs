//! Memory budgets for individual threads, which protect the machine from a hostile model.
//!
//! A model is an untrusted program: a few bytes of ONNX can request terabytes. The runtime cannot refuse (it
//! allocates infallibly, and a failed allocation aborts the process), and a thread cannot be killed. The only
//! remaining option is to stop the thread in the allocator: a thread that exceeds its budget, or is stopped, parks
//! there forever. The rest of the process continues, and at most the budget is lost.
//!
//! Guarantees: without a budget, an allocation costs one read of a thread-local; tracking a budget never
//! allocates, locks or unwinds. It works only if [`Budgeted`] is the process's allocator.
//!
//! Start with [`Budgeted`] and [`Guard`].
#![allow(unsafe_code)]

use std::alloc::{GlobalAlloc, Layout};
use std::cell::Cell;
use std::sync::atomic::{AtomicU8, Ordering};

/// The allocator `A` extended with memory budgets.
#[derive(Debug, Default)]
pub struct Budgeted<A>(pub A);

/// The state of a thread with a budget.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// The thread is running.
    Running,
    /// The thread exceeded its budget and is parked forever.
    Exhausted,
    /// The thread was asked to stop, and parks at its next allocation.
    Stopped,
}

/// The memory budget of one thread.
#[derive(Debug, Default)]
pub struct Guard {
    state: AtomicU8,
}

#[derive(Clone, Copy)]
struct Budget {
    guard: &'static Guard,
    left: i64,
}

thread_local! {
    static BUDGET: Cell<Option<Budget>> = const { Cell::new(None) };
}

impl Guard {
    /// Creates a guard for one thread. The guard is never freed, since a parked thread may reference it forever.
    pub fn leak() -> &'static Self {
        Box::leak(Box::default())
    }

    /// Sets the budget of the calling thread in bytes, replacing any earlier one.
    pub fn enter(&'static self, bytes: usize) {
        let left = i64::try_from(bytes).unwrap_or(i64::MAX);
        BUDGET.with(|budget| budget.set(Some(Budget { guard: self, left })));
    }

    /// Requests that the thread park at its next allocation.
    pub fn stop(&self) {
        self.state.store(2, Ordering::Release);
    }

    /// Returns the state of the thread.
    pub fn state(&self) -> State {
        match self.state.load(Ordering::Acquire) {
            0 => State::Running,
            1 => State::Exhausted,
            _ => State::Stopped,
        }
    }
}

/// Deducts bytes from the thread's budget. Parks the thread forever if the budget is exhausted or the thread was
/// stopped.
fn charge(bytes: usize) {
    let Ok(Some(mut budget)) = BUDGET.try_with(Cell::get) else { return };
    budget.left = budget.left.saturating_sub(i64::try_from(bytes).unwrap_or(i64::MAX));
    let is_stopped = budget.guard.state.load(Ordering::Relaxed) != 0;
    if budget.left >= 0 && !is_stopped {
        let _ = BUDGET.try_with(|own| own.set(Some(budget)));
        return;
    }
    // Parking may allocate the thread's own handle, which is not charged.
    let _ = BUDGET.try_with(|own| own.set(None));
    if !is_stopped {
        budget.guard.state.store(1, Ordering::Release);
    }
    loop {
        std::thread::park();
    }
}

fn refund(bytes: usize) {
    let Ok(Some(mut budget)) = BUDGET.try_with(Cell::get) else { return };
    budget.left = budget.left.saturating_add(i64::try_from(bytes).unwrap_or(i64::MAX));
    let _ = BUDGET.try_with(|own| own.set(Some(budget)));
}

// SAFETY: every call is passed to `A` unchanged; `charge` and `refund` allocate nothing and do not unwind.
unsafe impl<A: GlobalAlloc> GlobalAlloc for Budgeted<A> {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        charge(layout.size());
        // SAFETY: the caller's promises are passed on.
        unsafe { self.0.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        charge(layout.size());
        // SAFETY: the caller's promises are passed on.
        unsafe { self.0.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        refund(layout.size());
        // SAFETY: the caller's promises are passed on.
        unsafe { self.0.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        match new_size.checked_sub(layout.size()) {
            Some(more) => charge(more),
            None => refund(layout.size() - new_size),
        }
        // SAFETY: the caller's promises are passed on.
        unsafe { self.0.realloc(pointer, layout, new_size) }
    }
}
