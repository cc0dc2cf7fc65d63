//! The service's events of tasks, leases and requests. The names are part of the operator's contract, like those of
//! [`Event`](crate::Event); docs/specs/events.md lists both.

/// An event of the service.
#[derive(Debug, Clone, PartialEq)]
pub enum ServiceEvent<'a> {
    /// A process of the service began.
    ServiceStarted {
        /// `serve`, `api` or `worker`.
        role: &'a str,
        /// The address it listens on; empty for a worker.
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
        /// The number of tasks handed back unfinished.
        handed_back: usize,
    },
    /// A worker claimed a task.
    TaskClaimed {
        /// The job.
        job: &'a str,
        /// The task's name.
        task: &'a str,
        /// The number of the attempt.
        attempt: u32,
        /// Its delay, in milliseconds.
        waited_ms: i64,
    },
    /// A task whose worker stopped its heartbeat was claimed by another.
    LeaseTakenOver {
        /// The job.
        job: &'a str,
        /// The task's name.
        task: &'a str,
        /// The number of the attempt.
        attempt: u32,
        /// The token that fences off the earlier worker.
        token: i64,
    },
    /// Another worker has, or may have, the task that this one worked on: this one wrote nothing.
    LeaseLost {
        /// The job.
        job: &'a str,
        /// The task's name.
        task: &'a str,
        /// The token that no longer holds.
        token: i64,
        /// `refused` if the database rejected the token, `unheard` if the database was unreachable for the duration
        /// of the lease.
        why: &'a str,
    },
    /// A task finished.
    TaskFinished {
        /// The job.
        job: &'a str,
        /// The task's name.
        task: &'a str,
        /// The kind of task.
        stage: &'a str,
        /// The duration, in milliseconds.
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
        /// The number of the attempt.
        attempt: u32,
        /// The kind of failure.
        code: &'a str,
        /// The reason.
        reason: &'a str,
        /// The pause before the retry, in milliseconds; -1 for never.
        retry_in_ms: i64,
    },
    /// The disk of the storage folder is full: work waits until there is space again.
    DiskFull {
        /// The details.
        reason: &'a str,
        /// The pause before the next check, in milliseconds.
        retry_in_ms: u64,
    },
    /// A resource is unavailable or exhausted: descriptors, memory, threads, the database, the object store. The
    /// task waits.
    ResourceExhausted {
        /// The details.
        reason: &'a str,
        /// The pause before the retry, in milliseconds.
        retry_in_ms: u64,
    },
    /// Partial files of killed workers were removed.
    PartsRemoved {
        /// The number of files.
        files: usize,
    },
    /// An operation of the database failed; it is retried.
    StoreUnavailable {
        /// The operation.
        operation: &'a str,
        /// The error message.
        reason: &'a str,
    },
    /// A webhook was delivered.
    WebhookDelivered {
        /// The job.
        job: &'a str,
        /// The message's id.
        webhook: &'a str,
        /// The number of the attempt.
        attempt: u32,
    },
    /// A delivery attempt of a webhook failed.
    WebhookFailed {
        /// The job.
        job: &'a str,
        /// The message's id.
        webhook: &'a str,
        /// The number of the attempt.
        attempt: u32,
        /// The reason, without the receiver's address.
        reason: &'a str,
        /// The pause before the retry, in milliseconds; -1 for never.
        retry_in_ms: i64,
    },
    /// There is too little disk space: no film is started until there is more.
    StorageLow {
        /// The free space, in MiB.
        free_mib: u64,
        /// The required space, in MiB.
        needed_mib: u64,
    },
    /// Expired files were removed.
    StorageCollected {
        /// `films`, `work`, `assets`, `clips`, `takes`, `uploads`, `orphans` or `copies`.
        kind: &'a str,
        /// The number of files.
        files: u64,
        /// Their total size, in bytes.
        bytes: u64,
    },
    /// The collection of expired files failed; it is retried.
    StorageCollectFailed {
        /// The reason.
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
        /// The duration, in milliseconds.
        duration_ms: u64,
    },
}

impl ServiceEvent<'_> {
    /// The names of all events, which documents and dashboards are checked against.
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
