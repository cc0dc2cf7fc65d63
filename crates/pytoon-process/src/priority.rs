//! Priorities of threads: the encoder goes first.

/// Lets the encoder go first: this thread, and what it starts, gets a third of the encoder's share
/// where both want the processor. Frames that are drawn ahead of need must not hold up the
/// encoder, which everything else waits for; but a machine that is busy with something else must
/// not starve them either. Where it is not allowed nothing changes.
pub fn yield_to_encoder() {
    // On Linux a niceness is a thread's own; elsewhere it would be the whole process's.
    #[cfg(target_os = "linux")]
    let _ = rustix::process::setpriority_process(None, 5);
}

/// Puts this thread in the idle scheduling class: it runs only when a processor is free, and a thread
/// of the encoder that wakes preempts it at once. A higher niceness alone does not do that.
///
/// The class cannot be left again. On a busy machine the thread may not run for a long time, so its
/// work must be work that another thread can take over. Systems without the class lower the priority
/// instead ([`yield_to_encoder`]).
pub fn work_in_gaps() {
    #[cfg(target_os = "linux")]
    {
        use thread_priority::{
            NormalThreadSchedulePolicy, ThreadPriority, ThreadSchedulePolicy,
            set_thread_priority_and_policy, thread_native_id,
        };
        let idle = ThreadSchedulePolicy::Normal(NormalThreadSchedulePolicy::Idle);
        let set = set_thread_priority_and_policy(thread_native_id(), ThreadPriority::Min, idle);
        if set.is_ok() {
            return;
        }
    }
    yield_to_encoder();
}
