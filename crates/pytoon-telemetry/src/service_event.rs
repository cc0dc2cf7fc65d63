//! The service's events. Their names are part of the operator's contract, like those of
//! [`Event`](crate::Event); docs/specs/events.md lists both.

/// An event of the service.
#[derive(Debug, Clone, PartialEq)]
pub enum ServiceEvent<'a> {
    /// A process of the service started.
    ServiceStarted {
        /// The role of the process: `serve`, `api` or `worker`.
        role: &'a str,
        /// The address on which the process listens; empty for a worker.
        address: &'a str,
        /// The kind of database: `sqlite` or `postgres`.
        database: &'a str,
        /// The version of Pytoon.
        version: &'a str,
    },
    /// A process of the service stopped.
    ServiceStopped {
        /// The role of the process: `serve`, `api` or `worker`.
        role: &'a str,
        /// The number of unfinished tasks that were returned to the queue.
        handed_back: usize,
    },
    /// A worker claimed a task.
    TaskClaimed {
        /// The id of the job.
        job: &'a str,
        /// The name of the task within the job.
        task: &'a str,
        /// The attempt number, from 1.
        attempt: u32,
        /// The time that the task waited after it was due, in milliseconds.
        waited_ms: i64,
    },
    /// A worker claimed a task whose previous worker stopped its heartbeat.
    LeaseTakenOver {
        /// The id of the job.
        job: &'a str,
        /// The name of the task within the job.
        task: &'a str,
        /// The attempt number, from 1.
        attempt: u32,
        /// The token that fences off the previous worker.
        token: i64,
    },
    /// Another worker has, or may have, claimed the task. This worker wrote no result.
    LeaseLost {
        /// The id of the job.
        job: &'a str,
        /// The name of the task within the job.
        task: &'a str,
        /// The token that no longer holds.
        token: i64,
        /// The reason: `refused` if the database rejected the token, `unheard` if the database was unreachable for
        /// the duration of the lease.
        why: &'a str,
    },
    /// A task finished.
    TaskFinished {
        /// The id of the job.
        job: &'a str,
        /// The name of the task within the job.
        task: &'a str,
        /// The kind of task.
        stage: &'a str,
        /// The duration of the task, in milliseconds.
        duration_ms: u64,
    },
    /// A task failed.
    TaskFailed {
        /// The id of the job.
        job: &'a str,
        /// The name of the task within the job.
        task: &'a str,
        /// The kind of task.
        stage: &'a str,
        /// The attempt number, from 1.
        attempt: u32,
        /// The kind of failure, such as `invalid_brief`.
        code: &'a str,
        /// The reason for the failure.
        reason: &'a str,
        /// The backoff before the retry, in milliseconds; -1 for no retry.
        retry_in_ms: i64,
    },
    /// The disk of the storage folder is full; work waits until there is space again.
    DiskFull {
        /// The error message.
        reason: &'a str,
        /// The pause before the next check, in milliseconds.
        retry_in_ms: u64,
    },
    /// A resource is unavailable or exhausted: descriptors, memory, threads, the database, the object store. The task
    /// waits until it is available.
    ResourceExhausted {
        /// The error message.
        reason: &'a str,
        /// The backoff before the retry, in milliseconds.
        retry_in_ms: u64,
    },
    /// Partial files of killed workers were removed.
    PartsRemoved {
        /// The number of removed files.
        files: usize,
    },
    /// A database operation failed; it is retried.
    StoreUnavailable {
        /// The operation that failed.
        operation: &'a str,
        /// The error message.
        reason: &'a str,
    },
    /// A webhook was delivered.
    WebhookDelivered {
        /// The id of the job.
        job: &'a str,
        /// The id of the webhook message.
        webhook: &'a str,
        /// The attempt number, from 1.
        attempt: u32,
    },
    /// An attempt to deliver a webhook failed.
    WebhookFailed {
        /// The id of the job.
        job: &'a str,
        /// The id of the webhook message.
        webhook: &'a str,
        /// The attempt number, from 1.
        attempt: u32,
        /// The reason for the failure, without the receiver's URL.
        reason: &'a str,
        /// The backoff before the retry, in milliseconds; -1 for no retry.
        retry_in_ms: i64,
    },
    /// There is too little disk space; no film is started until there is more.
    StorageLow {
        /// The free space, in MiB.
        free_mib: u64,
        /// The required space, in MiB.
        needed_mib: u64,
    },
    /// Expired files were removed.
    StorageCollected {
        /// The kind of the files: `films`, `work`, `assets`, `clips`, `takes`, `uploads`, `orphans` or `copies`.
        kind: &'a str,
        /// The number of removed files.
        files: u64,
        /// The total size of the removed files, in bytes.
        bytes: u64,
    },
    /// The collection of expired files failed; it will be retried.
    StorageCollectFailed {
        /// The reason for the failure.
        reason: &'a str,
    },
    /// A person switched an engine on or off, for all processes.
    EngineSwitched {
        /// The name of the engine.
        engine: &'a str,
        /// True if it was switched on.
        enabled: bool,
        /// The id of the person's API key.
        key: &'a str,
        /// The reason that the person stated; may be empty.
        reason: &'a str,
    },
    /// A person switched a voice provider on or off, for all processes.
    VoiceSwitched {
        /// The name of the provider.
        provider: &'a str,
        /// True if it was switched on.
        enabled: bool,
        /// The id of the person's API key.
        key: &'a str,
        /// The reason that the person stated; may be empty.
        reason: &'a str,
    },
    /// A person wrote `enabled` of an engine into `engine.yaml`.
    EngineEnabledWritten {
        /// The name of the engine.
        engine: &'a str,
        /// The new value.
        enabled: bool,
        /// The id of the person's API key.
        key: &'a str,
    },
    /// A person decided the outcome of a paid call.
    CallDecided {
        /// The id of the call.
        call: &'a str,
        /// `lost` or `arrived`.
        decision: &'static str,
        /// The id of the person's API key.
        key: &'a str,
    },
    /// The API responded to a request.
    Request {
        /// The HTTP method, such as GET or POST.
        method: &'a str,
        /// The route, without the caller's values.
        route: &'a str,
        /// The HTTP status.
        status: u16,
        /// The duration of the request, in milliseconds.
        duration_ms: u64,
    },
}

impl ServiceEvent<'_> {}
