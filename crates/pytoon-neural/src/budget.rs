//! Memory budgets for single threads: how a model is kept from taking the machine down.
//!
//! A model is a program of strangers: a few bytes of ONNX can ask for terabytes. The runtime
//! cannot refuse (it allocates infallibly, and a failed allocation aborts the process), and a
//! thread cannot be killed. What is left is to stop the thread in the allocator: a thread that
//! passes its budget, or is told to stop, parks there for good. The rest of the process goes on,
//! and at most the budget is lost.
//!
//! Guarantees: without a budget an allocation costs one read of a thread-local; nothing is
//! allocated, locked or unwound in here. Holds only where [`Budgeted`] is the process's allocator.
//!
//! Start with [`Budgeted`] and [`Guard`].
#![allow(unsafe_code)]

use std::alloc::{GlobalAlloc, Layout};
use std::cell::Cell;
use std::sync::atomic::{AtomicU8, Ordering};

/// The allocator `A`, with budgets.
#[derive(Debug, Default)]
pub struct Budgeted<A>(pub A);

/// What became of a thread with a budget.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// It runs.
    Running,
    /// It passed its budget and is parked for good.
    Exhausted,
    /// It was told to stop, and parks at its next allocation.
    Stopped,
}

/// The budget of one thread.
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
    /// A guard for one thread. It is never freed, since a parked thread may hold it for ever.
    pub fn leak() -> &'static Self {
        Box::leak(Box::default())
    }

    /// Gives the calling thread a budget in bytes, in place of any it had.
    pub fn enter(&'static self, bytes: usize) {
        let left = i64::try_from(bytes).unwrap_or(i64::MAX);
        BUDGET.with(|budget| budget.set(Some(Budget { guard: self, left })));
    }

    /// Tells the thread to park at its next allocation.
    pub fn stop(&self) {
        self.state.store(2, Ordering::Release);
    }

    /// What became of the thread.
    pub fn state(&self) -> State {
        match self.state.load(Ordering::Acquire) {
            0 => State::Running,
            1 => State::Exhausted,
            _ => State::Stopped,
        }
    }
}

/// Takes bytes from the thread's budget, or parks it for good.
fn charge(bytes: usize) {
    let Ok(Some(mut budget)) = BUDGET.try_with(Cell::get) else { return };
    budget.left = budget.left.saturating_sub(i64::try_from(bytes).unwrap_or(i64::MAX));
    let is_stopped = budget.guard.state.load(Ordering::Relaxed) != 0;
    if budget.left >= 0 && !is_stopped {
        let _ = BUDGET.try_with(|own| own.set(Some(budget)));
        return;
    }
    // Parking may allocate the thread's own handle: that is not charged.
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

// SAFETY: every call is handed to `A` unchanged; `charge` and `refund` allocate nothing and do
// not unwind.
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
