//! Sets the priorities of threads, so that the encoder takes precedence.

/// Lowers the priority of this thread and its children to a third of the encoder's CPU share. Everything else waits
/// for the encoder, so frames that are drawn ahead must not delay it; other load on the machine must not starve them
/// either. Does nothing if the system does not permit the change.
pub fn yield_to_encoder() {
    // On Linux niceness belongs to a thread; elsewhere it would apply to the whole process.
    #[cfg(target_os = "linux")]
    let _ = rustix::process::setpriority_process(None, 5);
}

/// Puts this thread in the idle scheduling class. It then runs only when a CPU is idle, and a waking thread of the
/// encoder preempts it at once. A higher niceness alone does not have this effect.
///
/// A thread cannot leave the class. On a busy machine the thread may not run for a long time, so another thread must
/// be able to take over its work. On systems without the class, the priority is lowered instead
/// ([`yield_to_encoder`]).
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
