//! Priorities of threads: the encoder goes first.

/// Gives the encoder precedence: this thread and its children get a third of the encoder's share if both want the
/// CPU. Frames that are drawn ahead must not delay the encoder, which everything else waits for; but other load on
/// the machine must not starve them either. Does nothing if that is not permitted.
pub fn yield_to_encoder() {
    // On Linux niceness belongs to a thread; elsewhere it would apply to the whole process.
    #[cfg(target_os = "linux")]
    let _ = rustix::process::setpriority_process(None, 5);
}

/// Puts this thread in the idle scheduling class: it runs only when a CPU is idle, and a waking thread of the
/// encoder preempts it at once. A higher niceness alone does not do that.
///
/// A thread cannot leave the class. On a busy machine the thread may not run for a long time, so another thread
/// must be able to take over its work. Systems without the class lower the priority instead ([`yield_to_encoder`]).
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
