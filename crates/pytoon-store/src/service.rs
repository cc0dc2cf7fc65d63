//! Implements the stores of the service over the database, and wakes workers that wait for tasks.

use crate::store::{Store, with_timeout};
use crate::wakeups::wait;
use crate::{events, jobs, keys, queue, requeue, sessions, switches, tasks, versions, webhooks};
use pytoon_records::job::TaskRow;
use pytoon_records::job::keys::{KeyRow, KeyStore};
use pytoon_records::job::process::{AddUp, ProcessStore, QueueState};
use pytoon_records::job::queue::{DeadTask, Failure, Finish, Hold, Lease, TaskQueue};
use pytoon_records::job::store::{
    BriefChange, EventRow, Idempotency, JobFilter, JobRow, JobStore, NewJob, SceneRow, Submission,
};
use pytoon_records::job::switches::{SwitchRecord, SwitchStore};
use pytoon_records::job::versions::{FilmVersion, VersionStore};
use pytoon_records::job::webhook::{AttemptResult, DueWebhook, WebhookRow, WebhookStore};
use pytoon_records::job::{JobEvent, JobStatus};
use pytoon_records::ledger::{StoreFuture, SwitchedOff};
use pytoon_vocabulary::{JobId, MicroUsd, TaskId, UnixMs};
use serde_json::Value;
use std::time::Duration;

impl JobStore for Store {
    fn job_submit(&self, job: NewJob, most_waiting: u32) -> StoreFuture<'_, Submission> {
        with_timeout(async move {
            let submitted = jobs::submit(&self.db, &job, most_waiting).await;
            self.wakeups.wake();
            submitted
        })
    }

    fn job_repeated(
        &self,
        key_id: &str,
        mark: &Idempotency,
    ) -> StoreFuture<'_, Option<Submission>> {
        let (key_id, mark) = (key_id.to_owned(), mark.clone());
        with_timeout(async move { jobs::find_repeated(&self.db, &key_id, &mark).await })
    }

    fn job_fetch(&self, id: &JobId) -> StoreFuture<'_, Option<JobRow>> {
        let id = id.clone();
        with_timeout(async move { jobs::fetch(&self.db, id.as_str()).await })
    }

    fn job_list(&self, filter: JobFilter) -> StoreFuture<'_, Vec<JobRow>> {
        with_timeout(async move { jobs::list(&self.db, &filter).await })
    }

    fn job_scenes(&self, id: &JobId) -> StoreFuture<'_, Vec<SceneRow>> {
        let id = id.clone();
        with_timeout(async move { events::scenes(&self.db, id.as_str()).await })
    }

    fn job_events(&self, id: &JobId, after: i64, limit: u32) -> StoreFuture<'_, Vec<EventRow>> {
        let id = id.clone();
        with_timeout(async move { events::events(&self.db, id.as_str(), after, limit).await })
    }

    fn job_tasks(&self, id: &JobId) -> StoreFuture<'_, Vec<TaskRow>> {
        let id = id.clone();
        with_timeout(async move { queue::of_job(&self.db, id.as_str()).await })
    }

    fn job_cancel(&self, id: &JobId) -> StoreFuture<'_, Option<JobStatus>> {
        let id = id.clone();
        with_timeout(async move {
            let cancelled = jobs::cancel(&self.db, id.as_str()).await;
            self.wakeups.wake();
            cancelled
        })
    }

    fn job_resume(&self, id: &JobId, event: JobEvent) -> StoreFuture<'_, bool> {
        let id = id.clone();
        with_timeout(async move {
            let resumed = requeue::resume(&self.db, id.as_str(), event).await;
            self.wakeups.wake();
            resumed
        })
    }

    fn job_redo(&self, id: &JobId, brief: Value, event: JobEvent) -> StoreFuture<'_, bool> {
        let id = id.clone();
        with_timeout(async move {
            let queued = requeue::redo(&self.db, id.as_str(), &brief, event).await;
            self.wakeups.wake();
            queued
        })
    }

    fn job_change_brief(
        &self,
        id: &JobId,
        based_on: Value,
        brief: Value,
    ) -> StoreFuture<'_, BriefChange> {
        let id = id.clone();
        with_timeout(async move {
            let changed = requeue::change_brief(&self.db, id.as_str(), &based_on, &brief).await;
            self.wakeups.wake();
            changed
        })
    }

    fn job_delete(&self, id: &JobId) -> StoreFuture<'_, bool> {
        let id = id.clone();
        with_timeout(async move { jobs::delete(&self.db, id.as_str()).await })
    }
}

impl TaskQueue for Store {
    fn task_claim(&self, worker: &str, lease: Duration) -> StoreFuture<'_, Option<Lease>> {
        let worker = worker.to_owned();
        let most = self.most_attempts;
        with_timeout(async move { tasks::claim(&self.db, &worker, lease, most, false).await })
    }

    fn task_claim_begun(&self, worker: &str, lease: Duration) -> StoreFuture<'_, Option<Lease>> {
        let worker = worker.to_owned();
        let most = self.most_attempts;
        with_timeout(async move { tasks::claim(&self.db, &worker, lease, most, true).await })
    }

    fn task_beat(&self, id: &TaskId, token: i64, lease: Duration) -> StoreFuture<'_, Hold> {
        let id = id.clone();
        with_timeout(async move { tasks::beat(&self.db, id.as_str(), token, lease).await })
    }

    fn task_finish(&self, id: &TaskId, token: i64, finish: Finish) -> StoreFuture<'_, Hold> {
        let id = id.clone();
        with_timeout(async move {
            let hold = tasks::finish(&self.db, id.as_str(), token, &finish).await;
            self.wakeups.wake();
            hold
        })
    }

    fn task_later(
        &self,
        id: &TaskId,
        token: i64,
        wait: Duration,
        memo: Value,
    ) -> StoreFuture<'_, Hold> {
        let id = id.clone();
        with_timeout(async move { tasks::later(&self.db, id.as_str(), token, wait, &memo).await })
    }

    fn task_give_back(&self, id: &TaskId, token: i64) -> StoreFuture<'_, Hold> {
        let id = id.clone();
        with_timeout(async move {
            let hold = tasks::give_back(&self.db, id.as_str(), token).await;
            self.wakeups.wake();
            hold
        })
    }

    fn task_fail(&self, id: &TaskId, token: i64, failure: Failure) -> StoreFuture<'_, Hold> {
        let id = id.clone();
        with_timeout(async move { tasks::fail(&self.db, id.as_str(), token, &failure).await })
    }

    fn task_dead(&self) -> StoreFuture<'_, Vec<DeadTask>> {
        with_timeout(async move { queue::dead(&self.db).await })
    }

    fn task_requeue(&self, id: &TaskId) -> StoreFuture<'_, bool> {
        let id = id.clone();
        with_timeout(async move {
            let requeued = queue::requeue(&self.db, id.as_str()).await;
            self.wakeups.wake();
            requeued
        })
    }

    fn task_wait(&self, at_most: Duration) -> StoreFuture<'_, ()> {
        with_timeout(async move {
            wait(&self.db, &self.wakeups, at_most).await;
            Ok(())
        })
    }
}

impl KeyStore for Store {
    fn key_add(&self, key: KeyRow, hash: &str) -> StoreFuture<'_, ()> {
        let hash = hash.to_owned();
        with_timeout(async move { keys::add(&self.db, &key, &hash).await })
    }

    fn key_find(&self, hash: &str) -> StoreFuture<'_, Option<KeyRow>> {
        let hash = hash.to_owned();
        with_timeout(async move { keys::find(&self.db, &hash).await })
    }

    fn key_list(&self) -> StoreFuture<'_, Vec<KeyRow>> {
        with_timeout(async move { keys::list(&self.db).await })
    }

    fn key_budget(&self, name: &str, per_day: Option<MicroUsd>) -> StoreFuture<'_, bool> {
        let name = name.to_owned();
        with_timeout(async move { keys::budget(&self.db, &name, per_day).await })
    }

    fn key_revoke(&self, name: &str) -> StoreFuture<'_, bool> {
        let name = name.to_owned();
        with_timeout(async move { keys::revoke(&self.db, &name).await })
    }

    fn session_add(&self, hash: &str, key_id: &str, lifetime: Duration) -> StoreFuture<'_, ()> {
        let (hash, key_id) = (hash.to_owned(), key_id.to_owned());
        with_timeout(async move { sessions::add(&self.db, &hash, &key_id, lifetime).await })
    }

    fn session_find(&self, hash: &str) -> StoreFuture<'_, Option<KeyRow>> {
        let hash = hash.to_owned();
        with_timeout(async move { sessions::find(&self.db, &hash).await })
    }

    fn session_end(&self, hash: &str) -> StoreFuture<'_, ()> {
        let hash = hash.to_owned();
        with_timeout(async move { sessions::end(&self.db, &hash).await })
    }
}

impl VersionStore for Store {
    fn version_list(&self, id: &JobId) -> StoreFuture<'_, Vec<FilmVersion>> {
        let id = id.clone();
        with_timeout(async move { versions::list(&self.db, id.as_str()).await })
    }

    fn version_name(&self, id: &JobId, version: u32, name: &str) -> StoreFuture<'_, bool> {
        let (id, name) = (id.clone(), name.to_owned());
        with_timeout(async move { versions::name(&self.db, id.as_str(), version, &name).await })
    }
}

impl SwitchStore for Store {
    fn switch_set(&self, engine: &str, is_on: bool, by: &str, reason: &str) -> StoreFuture<'_, ()> {
        let (engine, by, reason) = (engine.to_owned(), by.to_owned(), reason.to_owned());
        with_timeout(async move { switches::set(&self.db, &engine, is_on, &by, &reason).await })
    }

    fn switch_log(&self, limit: u32) -> StoreFuture<'_, Vec<SwitchRecord>> {
        with_timeout(async move { switches::log(&self.db, limit).await })
    }

    fn switched_off(&self) -> StoreFuture<'_, Vec<(String, SwitchedOff)>> {
        with_timeout(async move { switches::list(&self.db).await })
    }
}

impl ProcessStore for Store {
    fn queue_state(&self) -> StoreFuture<'_, QueueState> {
        with_timeout(async move { queue::state(&self.db).await })
    }

    fn counts_put(&self, process: &str, text: &str) -> StoreFuture<'_, ()> {
        let (process, text) = (process.to_owned(), text.to_owned());
        with_timeout(async move { keys::put_counts(&self.db, &process, &text).await })
    }

    fn counts_all(&self) -> StoreFuture<'_, Vec<(String, String)>> {
        with_timeout(async move { keys::all_counts(&self.db).await })
    }

    fn counts_fold(&self, unheard_for: Duration, add_up: AddUp) -> StoreFuture<'_, usize> {
        with_timeout(async move { keys::fold_counts(&self.db, unheard_for, add_up).await })
    }

    fn now(&self) -> StoreFuture<'_, UnixMs> {
        with_timeout(async move { keys::now(&self.db).await })
    }

    fn check(&self) -> StoreFuture<'_, ()> {
        with_timeout(async move { keys::check(&self.db).await })
    }
}

impl WebhookStore for Store {
    fn webhook_claim(&self, lease: Duration) -> StoreFuture<'_, Option<DueWebhook>> {
        with_timeout(async move { webhooks::claim(&self.db, lease).await })
    }

    fn webhook_record_attempt(
        &self,
        id: &str,
        token: i64,
        told: AttemptResult,
    ) -> StoreFuture<'_, bool> {
        let id = id.to_owned();
        with_timeout(async move { webhooks::record_attempt(&self.db, &id, token, &told).await })
    }

    fn webhooks_of_job(&self, job: &JobId) -> StoreFuture<'_, Vec<WebhookRow>> {
        let job = job.clone();
        with_timeout(async move { webhooks::list(&self.db, Some(job.as_str())).await })
    }

    fn webhooks_dead(&self) -> StoreFuture<'_, Vec<WebhookRow>> {
        with_timeout(async move { webhooks::list(&self.db, None).await })
    }

    fn webhook_resend(&self, id: &str) -> StoreFuture<'_, bool> {
        let id = id.to_owned();
        with_timeout(async move { webhooks::resend(&self.db, &id).await })
    }
}
