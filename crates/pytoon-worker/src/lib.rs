//! The worker, which claims tasks, runs them under a lease, and writes their results.
//!
//! Guarantees: a running task has a heartbeat; if the lease is lost, or the database is unreachable for the duration
//! of the lease, the work is stopped and its result is not written; on shutdown a worker claims no further task, lets
//! running tasks finish within the grace period and returns the others to the queue.
//!
//! This crate does not know the work of a task, which a [`TaskRunner`] does; [`film::FilmRunner`] does it for
//! films. Besides the tasks, [`webhook_sender::WebhookSender`] notifies submitters of the end of their jobs.
//!
//! Start with [`Worker::run`].

pub mod brief;
pub mod film;
mod film_versions;
mod partial_files;
pub mod retention;
pub mod webhook_sender;

use pytoon_process::{CancelToken, disk};
use pytoon_records::job::queue::{Failure, Finish, Hold, Lease, TaskQueue};
use pytoon_records::ledger::StoreError;
use pytoon_telemetry::ServiceEvent;
use serde_json::Value;
use std::fmt;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};
use tokio::sync::Semaphore;

/// The poll interval of a worker without a task.
const IDLE: Duration = Duration::from_millis(500);
/// The minimum timeout of a heartbeat, unless the lease ends sooner, and of recording the end of a task.
const SHORTEST_WAIT: Duration = Duration::from_millis(500);
/// The reason for a lost lease: the database rejected the token.
const REFUSED: &str = "refused";
/// The reason for a lost lease: the database was unreachable for the duration of the lease.
const UNHEARD: &str = "unheard";
/// The first pause before the free space is checked again. The pause doubles each time.
const FIRST_LOOK: Duration = Duration::from_millis(500);
/// The longest pause before the free space is checked again.
const LONGEST_LOOK: Duration = Duration::from_secs(15);
/// Maximum time after the grace period for returning tasks to the queue.
const HAND_BACK: Duration = Duration::from_secs(10);
/// The pause before the next call to an unreachable database.
const ASK_AGAIN: Duration = Duration::from_millis(500);

/// The outcome of running a task.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// The task is done.
    Finished(Finish),
    /// The task must wait, and occupies no worker in the meantime.
    Later {
        /// The delay before the next run.
        wait: Duration,
        /// The task's progress, to pass to its next run.
        memo: Value,
    },
    /// The task failed.
    Failed(Failure),
    /// The task was stopped before its end, because its job was cancelled or the worker shuts down.
    Stopped,
}

/// A runner of the tasks that a worker has claimed.
pub trait TaskRunner: fmt::Debug + Send + Sync + 'static {
    /// Checks the requirements of every task, such as free disk space. No task is claimed while the check fails. May
    /// block the thread.
    ///
    /// # Errors
    /// Returns the requirement that is not met.
    fn ready(&self) -> Result<(), String> {
        Ok(())
    }
    /// Removes files that killed workers left behind, and returns the delay before the next call. May block the
    /// thread.
    fn tidy(&self) -> Duration {
        Duration::from_secs(3600)
    }

    /// Runs a task to its end, or until it is cancelled. May block the thread.
    fn run(&self, lease: &Lease, cancel: &CancelToken) -> Outcome;
}

/// A worker, which claims and runs tasks.
#[derive(Debug, Clone)]
pub struct Worker {
    /// The queue of tasks.
    pub store: Arc<dyn TaskQueue>,
    /// The runner of claimed tasks.
    pub runner: Arc<dyn TaskRunner>,
    /// The name of the worker in its claims.
    pub name: String,
    /// The time for which a lease is valid without a heartbeat.
    pub lease: Duration,
    /// Maximum number of concurrent tasks.
    pub tasks: u32,
    /// The grace period of running tasks on shutdown.
    pub grace: Duration,
    /// The disk space that new films need.
    pub room: Room,
    /// The token that is set on shutdown.
    pub drain: CancelToken,
}

/// The check of the disk space that new films need.
#[derive(Debug, Clone, Default)]
pub struct Room {
    /// The folder whose disk is checked.
    pub folder: PathBuf,
    /// The minimum free space, in MiB.
    pub min_free_mib: u64,
    /// True if the space was too small at the last check.
    pub lacks: Arc<AtomicBool>,
}

impl Room {
    /// Returns true if the disk has enough free space, or if its free space is unknown. Logs when the space becomes
    /// too small.
    fn is_there(&self) -> bool {
        let free = disk::free_bytes(&self.folder).map(|bytes| bytes >> 20);
        let lacks = free.is_some_and(|free| free < self.min_free_mib);
        if self.lacks.swap(lacks, Ordering::Relaxed) != lacks && lacks {
            let (free_mib, needed_mib) = (free.unwrap_or_default(), self.min_free_mib);
            ServiceEvent::StorageLow { free_mib, needed_mib }.emit();
        }
        !lacks
    }
}

impl Worker {
    /// Claims and runs tasks until shutdown. Returns the number of unfinished tasks that were returned to the queue.
    pub async fn run(self) -> usize {
        let places = Arc::new(Semaphore::new(self.tasks.max(1) as usize));
        let stop = CancelToken::default();
        let handed_back = Arc::new(AtomicUsize::new(0));
        let this = Arc::new(self);
        let mut pause = FIRST_LOOK;
        tidy(Arc::downgrade(&this.runner));
        while !this.drains() {
            let place = places.clone().acquire_owned();
            // The semaphore is never closed.
            let Ok(Ok(place)) = tokio::time::timeout(IDLE, place).await else { continue };
            if !this.is_ready(pause).await {
                pause = (pause * 2).min(LONGEST_LOOK);
                continue;
            }
            pause = FIRST_LOOK;
            let asked = Instant::now();
            // Films in progress continue; new films wait until there is space for them.
            let claim = match this.room.is_there() {
                true => this.store.task_claim(&this.name, this.lease),
                false => this.store.task_claim_begun(&this.name, this.lease),
            };
            // A claim whose answer never comes ends with its lease.
            match with_timeout(this.lease, claim).await {
                Ok(Some(lease)) => {
                    let (worker, stop, back) = (this.clone(), stop.clone(), handed_back.clone());
                    tokio::spawn(async move {
                        worker.handle(lease, asked, &stop, &back).await;
                        drop(place);
                    });
                }
                Ok(None) => {
                    drop(place);
                    this.idle().await;
                }
                Err(error) => {
                    drop(place);
                    unavailable("claim a task", &error);
                    tokio::time::sleep(ASK_AGAIN).await;
                }
            }
        }
        let all = this.tasks.max(1);
        if tokio::time::timeout(this.grace, places.acquire_many(all)).await.is_err() {
            stop.cancel();
            // Stopped tasks hand themselves back. An unreachable database, or work that does not check for
            // cancellation, would delay the shutdown.
            let patience = this.lease.min(HAND_BACK);
            let _ = tokio::time::timeout(patience, places.acquire_many(all)).await;
        }
        handed_back.load(Ordering::Relaxed)
    }

    /// Returns true if the runner is ready for a task. Otherwise logs the reason, waits for `pause` and returns
    /// false.
    async fn is_ready(self: &Arc<Self>, pause: Duration) -> bool {
        let runner = self.runner.clone();
        let asked = tokio::task::spawn_blocking(move || runner.ready()).await;
        let Ok(Err(reason)) = asked else { return true };
        let retry_in_ms = pause.as_millis() as u64;
        ServiceEvent::DiskFull { reason: &reason, retry_in_ms }.emit();
        let begun = Instant::now();
        while begun.elapsed() < pause && !self.drains() {
            tokio::time::sleep(FIRST_LOOK / 2).await;
        }
        false
    }

    fn drains(&self) -> bool {
        self.drain.is_cancelled()
    }

    /// Waits for a task for at most `IDLE`. The wait is short because tasks become due by time alone, and a shutdown
    /// may be requested.
    async fn idle(&self) {
        if let Err(error) = self.store.task_wait(IDLE).await {
            unavailable("wait for a task", &error);
            tokio::time::sleep(ASK_AGAIN).await;
        }
    }

    /// Runs one claimed task with heartbeats and writes its result, unless the lease is lost. The lease counts from
    /// the moment before the claim was sent.
    async fn handle(
        &self,
        lease: Lease,
        asked: Instant,
        stop: &CancelToken,
        handed_back: &AtomicUsize,
    ) {
        let (job, task) = (lease.job.id.as_str(), lease.name.as_str());
        let attempt = lease.attempts;
        ServiceEvent::TaskClaimed { job, task, attempt, waited_ms: lease.waited_ms }.emit();
        if lease.was_lost {
            ServiceEvent::LeaseTakenOver { job, task, attempt, token: lease.token }.emit();
        }
        let begun = Instant::now();
        let cancel = CancelToken::default();
        let span = tracing::info_span!(
            target: "pytoon",
            "task",
            job_id = job,
            task,
            stage = lease.kind.as_str(),
            attempt
        );
        let running = {
            let (runner, lease, cancel) = (self.runner.clone(), lease.clone(), cancel.clone());
            tokio::task::spawn_blocking(move || span.in_scope(|| runner.run(&lease, &cancel)))
        };
        let looked_after = self.look_after(&lease, asked, &cancel, stop);
        tokio::pin!(running, looked_after);
        let (outcome, lost) = tokio::select! {
            outcome = &mut running => (outcome, None),
            lost = &mut looked_after => (running.await, lost),
        };
        if let Some(why) = lost {
            ServiceEvent::LeaseLost { job, task, token: lease.token, why }.emit();
            return;
        }
        let outcome = outcome.unwrap_or_else(|ended| film::after_panic(&lease, ended));
        self.write(&lease, outcome, begun.elapsed(), handed_back).await;
    }

    /// Sends heartbeats for a running task. Cancels the task when `stop` is set, when its job is stopped, and when
    /// its lease is lost; returns the reason only in the last case.
    async fn look_after(
        &self,
        lease: &Lease,
        asked: Instant,
        cancel: &CancelToken,
        stop: &CancelToken,
    ) -> Option<&'static str> {
        let every = (self.lease / 4).max(Duration::from_millis(20));
        // The lease starts after this moment.
        let mut last = asked;
        loop {
            tokio::time::sleep(every.min(Duration::from_millis(500))).await;
            if stop.is_cancelled() {
                cancel.cancel();
                return None;
            }
            if last.elapsed() < every {
                continue;
            }
            let asked = Instant::now();
            // A broken connection does not answer for minutes: the lease cannot wait for it.
            let left = self.lease.saturating_sub(last.elapsed());
            let beat = self.store.task_beat(&lease.task_id, lease.token, self.lease);
            match with_timeout(left.min(every.max(SHORTEST_WAIT)), beat).await {
                Ok(Hold::Ours) => last = asked,
                Ok(Hold::Stop) => {
                    cancel.cancel();
                    return None;
                }
                Ok(Hold::Lost) => {
                    cancel.cancel();
                    return Some(REFUSED);
                }
                Err(error) => {
                    unavailable("renew the lease of a task", &error);
                    // It is unknown whether the lease holds: another worker may have the task.
                    if last.elapsed() >= self.lease {
                        cancel.cancel();
                        return Some(UNHEARD);
                    }
                }
            }
        }
    }

    /// Writes the result of a task and logs it. Retries database errors for the duration of a lease; then the
    /// lease is treated as lost. Counts a task that was returned to the queue in `handed_back`.
    async fn write(
        &self,
        lease: &Lease,
        outcome: Outcome,
        took: Duration,
        handed_back: &AtomicUsize,
    ) {
        let begun = Instant::now();
        let (id, token) = (&lease.task_id, lease.token);
        let (job, task, stage) = (lease.job.id.as_str(), lease.name.as_str(), lease.kind.as_str());
        let (hold, why) = loop {
            let writing = match outcome.clone() {
                Outcome::Finished(finish) => self.store.task_finish(id, token, finish),
                Outcome::Later { wait, memo } => self.store.task_later(id, token, wait, memo),
                Outcome::Failed(failure) => self.store.task_fail(id, token, failure),
                Outcome::Stopped => self.store.task_give_back(id, token),
            };
            let left = self.lease.saturating_sub(begun.elapsed());
            match with_timeout(left.max(SHORTEST_WAIT), writing).await {
                Ok(hold) => break (hold, REFUSED),
                Err(error) if begun.elapsed() < self.lease => {
                    unavailable("record the end of a task", &error);
                    tokio::time::sleep(ASK_AGAIN).await;
                }
                // Another worker takes the task over and finds the finished stages.
                Err(_) => break (Hold::Lost, UNHEARD),
            }
        };
        if hold == Hold::Lost {
            ServiceEvent::LeaseLost { job, task, token, why }.emit();
            return;
        }
        let duration_ms = took.as_millis() as u64;
        match outcome {
            Outcome::Finished(_) => {
                ServiceEvent::TaskFinished { job, task, stage, duration_ms }.emit();
            }
            Outcome::Failed(failure) => ServiceEvent::TaskFailed {
                job,
                task,
                stage,
                attempt: lease.attempts,
                code: &failure.error.code,
                reason: &failure.error.message,
                retry_in_ms: failure.retry_in.map_or(-1, |wait| wait.as_millis() as i64),
            }
            .emit(),
            Outcome::Stopped => {
                handed_back.fetch_add(1, Ordering::Relaxed);
            }
            Outcome::Later { .. } => {}
        }
    }
}

/// Runs a runner's cleanup periodically for as long as the runner exists.
fn tidy(runner: Weak<dyn TaskRunner>) {
    tokio::spawn(async move {
        while let Some(runner) = runner.upgrade() {
            let again = tokio::task::spawn_blocking(move || runner.tidy()).await;
            let Ok(again) = again else { return };
            tokio::time::sleep(again).await;
        }
    });
}

/// Awaits a database call for at most `at_most`. Returns an error on timeout.
async fn with_timeout<T>(
    at_most: Duration,
    asked: impl Future<Output = Result<T, StoreError>>,
) -> Result<T, StoreError> {
    tokio::time::timeout(at_most, asked).await.unwrap_or_else(|_| {
        let reason = format!("no reply within {:.1} s", at_most.as_secs_f64());
        Err(StoreError::Database { operation: "query the database", reason })
    })
}

fn unavailable(operation: &str, error: &StoreError) {
    ServiceEvent::StoreUnavailable { operation, reason: &error.to_string() }.emit();
}

#[cfg(test)]
mod tests;
