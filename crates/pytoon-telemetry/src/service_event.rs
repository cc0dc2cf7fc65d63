//! What the service says of tasks, leases and requests. The names are part of the operator's
//! contract, as those of [`Event`](crate::Event) are; docs/specs/events.md lists both.

use tracing::{debug, info, warn};

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

    /// Writes the log line, and counts what is counted.
    pub fn emit(&self) {
        crate::metric::count_service(self);
        match *self {
            Self::ServiceStarted { role, address, database, version } => {
                let event = "service_started";
                info!(event, role, address, database, version, "the service is up");
            }
            Self::ServiceStopped { role, handed_back } => {
                info!(event = "service_stopped", role, handed_back, "the service ended in order");
            }
            Self::TaskClaimed { job, task, attempt, waited_ms } => {
                debug!(event = "task_claimed", job, task, attempt, waited_ms, "a task begins");
            }
            Self::LeaseTakenOver { job, task, attempt, token } => {
                let event = "lease_taken_over";
                warn!(
                    event,
                    job, task, attempt, token, "a task of a worker that is silent is begun again"
                );
            }
            Self::LeaseLost { job, task, token, why } => {
                let event = "lease_lost";
                warn!(
                    event,
                    job,
                    task,
                    token,
                    why,
                    "another worker may have this task: nothing that was done here is written"
                );
            }
            Self::TaskFinished { job, task, stage, duration_ms } => {
                info!(event = "task_finished", job, task, stage, duration_ms, "a task is done");
            }
            Self::TaskFailed { job, task, stage, attempt, code, reason, retry_in_ms } => {
                let event = "task_failed";
                if retry_in_ms >= 0 {
                    warn!(
                        event,
                        job,
                        task,
                        stage,
                        attempt,
                        code,
                        reason,
                        retry_in_ms,
                        "a task failed and is tried again"
                    );
                } else {
                    tracing::error!(
                        event,
                        job,
                        task,
                        stage,
                        attempt,
                        code,
                        reason,
                        retry_in_ms,
                        "a task failed"
                    );
                }
            }
            Self::DiskFull { reason, retry_in_ms } => {
                let event = "disk_full";
                warn!(event, reason, retry_in_ms, "the disk is full; work waits for room");
            }
            Self::ResourceExhausted { reason, retry_in_ms } => {
                let event = "resource_exhausted";
                warn!(event, reason, retry_in_ms, "a resource is used up; the task waits");
            }
            Self::PartsRemoved { files } => {
                info!(event = "parts_removed", files, "files of killed workers were removed");
            }
            Self::StoreUnavailable { operation, reason } => {
                let event = "store_unavailable";
                warn!(event, operation, reason, "the database does not answer; asking again");
            }
            Self::WebhookDelivered { job, webhook, attempt } => {
                let event = "webhook_delivered";
                info!(event, job, webhook, attempt, "the submitter heard how its job ended");
            }
            Self::WebhookFailed { job, webhook, attempt, reason, retry_in_ms } => {
                let event = "webhook_failed";
                warn!(
                    event,
                    job,
                    webhook,
                    attempt,
                    reason,
                    retry_in_ms,
                    "the submitter did not hear how its job ended"
                );
            }
            Self::StorageLow { free_mib, needed_mib } => {
                let event = "storage_low";
                warn!(event, free_mib, needed_mib, "too little room: no film is begun");
            }
            Self::StorageCollected { kind, files, bytes } => {
                info!(
                    event = "storage_collected",
                    kind, files, bytes, "removed what was out of date"
                );
            }
            Self::StorageCollectFailed { reason } => {
                let event = "storage_collect_failed";
                warn!(event, reason, "what is out of date was not removed; it is tried again");
            }
            Self::Request { method, route, status, duration_ms } => {
                // A target of its own: requests have a log of their own.
                info!(
                    target: "pytoon_request",
                    event = "request",
                    method,
                    route,
                    status,
                    duration_ms,
                    "a request was answered"
                );
            }
        }
    }
}
