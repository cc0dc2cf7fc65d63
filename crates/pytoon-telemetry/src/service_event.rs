//! What the service says of tasks, leases and requests. The names are part of the operator's
//! contract, as those of [`Event`](crate::Event) are; docs/specs/events.md lists both.

/// Something that the service did or saw.
#[derive(Debug, Clone, PartialEq)]
pub enum ServiceEvent<'a> {
    /// A process of the service began.
    ServiceStarted {
        /// `serve`, `api` or `worker`.
        role: &'a str,
        /// Where it listens; empty for a worker.
        address: &'a str,
        /// `sqlite` or `postgres`.
        database: &'a str,
        /// The program's version.
        version: &'a str,
    },
    /// A process of the service ends.
    ServiceStopped {
        /// `serve`, `api` or `worker`.
        role: &'a str,
        /// Tasks that were handed back unfinished.
        handed_back: usize,
    },
    /// A worker claimed a task.
    TaskClaimed {
        /// The job.
        job: &'a str,
        /// The task's name.
        task: &'a str,
        /// Which attempt this is.
        attempt: u32,
        /// How late it is, in milliseconds.
        waited_ms: i64,
    },
    /// A task whose worker was not heard of any more was claimed by another.
    LeaseTakenOver {
        /// The job.
        job: &'a str,
        /// The task's name.
        task: &'a str,
        /// Which attempt this is.
        attempt: u32,
        /// The token that fences off the earlier worker.
        token: i64,
    },
    /// Another worker has a task that this one worked on, or may have it: nothing of this one was
    /// written.
    LeaseLost {
        /// The job.
        job: &'a str,
        /// The task's name.
        task: &'a str,
        /// The token that does not hold any more.
        token: i64,
        /// `refused` where the database turned the token away, `unheard` where nobody could ask it
        /// for as long as the lease holds.
        why: &'a str,
    },
    /// A task ended in order.
    TaskFinished {
        /// The job.
        job: &'a str,
        /// The task's name.
        task: &'a str,
        /// The kind of task.
        stage: &'a str,
        /// How long it took, in milliseconds.
        duration_ms: u64,
    },
    /// A task failed.
    TaskFailed {
        /// The job.
        job: &'a str,
        /// The task's name.
        task: &'a str,
        /// The kind of task.
        stage: &'a str,
        /// Which attempt it was.
        attempt: u32,
        /// The kind of failure.
        code: &'a str,
        /// Why.
        reason: &'a str,
        /// When it is tried again, in milliseconds; -1 for never.
        retry_in_ms: i64,
    },
    /// The disk of the storage folder is full: work waits until there is room again.
    DiskFull {
        /// What was seen.
        reason: &'a str,
        /// When it is looked again, in milliseconds.
        retry_in_ms: u64,
    },
    /// Something that work needs is away or used up: descriptors, memory, threads, the database, the
    /// object store. The task waits.
    ResourceExhausted {
        /// What was seen.
        reason: &'a str,
        /// When it is tried again, in milliseconds.
        retry_in_ms: u64,
    },
    /// Half-written files of workers that were killed were removed.
    PartsRemoved {
        /// So many.
        files: usize,
    },
    /// The database did not do what was asked; it is asked again.
    StoreUnavailable {
        /// What was to be done.
        operation: &'a str,
        /// What it said.
        reason: &'a str,
    },
    /// A submitter heard how its job ended.
    WebhookDelivered {
        /// The job.
        job: &'a str,
        /// The message's id.
        webhook: &'a str,
        /// Which attempt it was.
        attempt: u32,
    },
    /// A submitter did not hear how its job ended.
    WebhookFailed {
        /// The job.
        job: &'a str,
        /// The message's id.
        webhook: &'a str,
        /// Which attempt it was.
        attempt: u32,
        /// Why; without the receiver's address.
        reason: &'a str,
        /// When it is told again, in milliseconds; -1 for never.
        retry_in_ms: i64,
    },
    /// There is too little room: no film is begun until there is more.
    StorageLow {
        /// What is free, in MiB.
        free_mib: u64,
        /// What has to be, in MiB.
        needed_mib: u64,
    },
    /// What was out of date was removed.
    StorageCollected {
        /// `films`, `work`, `assets`, `clips`, `takes`, `uploads`, `orphans` or `copies`.
        kind: &'a str,
        /// How many files.
        files: u64,
        /// Their bytes.
        bytes: u64,
    },
    /// Looking for what is out of date failed; it is done again.
    StorageCollectFailed {
        /// Why.
        reason: &'a str,
    },
    /// A request was answered.
    Request {
        /// GET, POST, …
        method: &'a str,
        /// The route, without the caller's values.
        route: &'a str,
        /// The HTTP status.
        status: u16,
        /// How long it took, in milliseconds.
        duration_ms: u64,
    },
}

impl ServiceEvent<'_> {
    /// The names of all events, for documents and dashboards to be held to.
    pub const NAMES: &'static [&'static str] = &[
        "service_started",
        "service_stopped",
        "task_claimed",
        "lease_taken_over",
        "lease_lost",
        "task_finished",
        "task_failed",
        "disk_full",
        "parts_removed",
        "store_unavailable",
        "webhook_delivered",
        "webhook_failed",
        "storage_low",
        "storage_collected",
        "storage_collect_failed",
        "request",
    ];
}
