//! Stores for fuzzing that contain one finished job and discard writes.

use pytoon_records::job::TaskRow;
use pytoon_records::job::files::{AssetRow, FileStore, KeptFile, Uploaded};
use pytoon_records::job::keys::{KeyRow, KeyStore};
use pytoon_records::job::process::{AddUp, ProcessStore, QueueState};
use pytoon_records::job::queue::{DeadTask, Failure, Finish, Hold, Lease, TaskQueue};
use pytoon_records::job::store::{
    BriefChange, EventKind, EventRow, Idempotency, JobFilter, JobRow, JobStore, NewJob, SceneRow,
    Submission,
};
use pytoon_records::job::switches::{SwitchRecord, SwitchStore};
use pytoon_records::job::versions::{FilmVersion, VersionStore};
use pytoon_records::job::webhook::{
    AttemptResult, DueWebhook, WebhookRow, WebhookState, WebhookStore,
};
use pytoon_records::job::{JobEvent, JobStatus};
use pytoon_records::ledger::{
    Admission, BreakerRow, CallChange, CallEvent, CallFilter, CallLimits, CallRow, CallState,
    History, KeptClip, NewCall, PurchaseStore, StoreError, StoreFuture, SwitchedOff,
};
use pytoon_vocabulary::{CallId, JobId, MicroUsd, SceneId, TaskId, UnixMs};
use serde_json::{Value, json};
use std::time::Duration;

/// The stores, which contain one finished job.
#[derive(Debug)]
pub struct OneJob;

fn ready<'a, T: Send + 'a>(value: T) -> StoreFuture<'a, T> {
    Box::pin(async { Ok(value) })
}

/// Returns an error, since no request reaches this method.
fn none<'a, T: Send + 'a>() -> StoreFuture<'a, T> {
    Box::pin(async { Err(StoreError::Conflict("there is no such row".to_owned())) })
}

fn job(id: &str) -> JobRow {
    JobRow {
        id: id.into(),
        key_id: "local".to_owned(),
        status: JobStatus::Done,
        title: Some("Hi you. No, 5.".to_owned()),
        charged: MicroUsd::ZERO,
        brief: json!({"script": "Hi you. No, 5.", "scenes": [{"scene": 1, "caption": "Hi"}]}),
        client_data: None,
        webhook: None,
        error: None,
        tasks_done: 3,
        tasks_known: 3,
        scene_count: 2,
        fallback_count: 0,
        is_draft: false,
        created_at: 1_700_000_000_000,
        asked_at: 1_700_000_000_000,
        updated_at: 1_700_000_000_000,
        started_at: Some(1_700_000_000_000),
        finished_at: Some(1_700_000_000_000),
    }
}

fn message(job: &JobId) -> WebhookRow {
    WebhookRow {
        id: "msg_1".to_owned(),
        job_id: job.clone(),
        event: "job.done".to_owned(),
        url: "https://example.com/hook?key=hidden".to_owned(),
        state: WebhookState::Dead,
        next_at: None,
        created_at: 1_700_000_000_000,
        attempts: Vec::new(),
    }
}

/// Implements store methods that are never called.
macro_rules! not_asked {
    ($($name:ident($($arg:ident: $type:ty),*) -> $out:ty;)*) => {
        $(fn $name(&self, $($arg: $type),*) -> StoreFuture<'_, $out> {
            let _ = ($(&$arg,)*);
            none()
        })*
    };
}

impl JobStore for OneJob {
    fn job_submit(&self, job: NewJob, _most: u32) -> StoreFuture<'_, Submission> {
        ready(match job.idempotency.map(|own| own.mark) {
            Some(mark) if mark.starts_with('r') => Submission::Repeated(mark.into()),
            Some(mark) if mark.starts_with('d') => Submission::Different,
            Some(mark) if mark.starts_with('f') => Submission::Full,
            _ => Submission::New,
        })
    }
    fn job_repeated(&self, _: &str, _: &Idempotency) -> StoreFuture<'_, Option<Submission>> {
        none()
    }
    fn job_fetch(&self, id: &JobId) -> StoreFuture<'_, Option<JobRow>> {
        ready((id.as_str() != "none").then(|| job(id.as_str())))
    }
    fn job_list(&self, filter: JobFilter) -> StoreFuture<'_, Vec<JobRow>> {
        ready((0..filter.limit.min(3)).map(|n| job(&n.to_string())).collect())
    }
    fn job_scenes(&self, _id: &JobId) -> StoreFuture<'_, Vec<SceneRow>> {
        ready(vec![SceneRow { scene_id: "scene_01".into(), ..SceneRow::default() }])
    }
    fn job_events(&self, _id: &JobId, after: i64, _limit: u32) -> StoreFuture<'_, Vec<EventRow>> {
        let event = EventRow {
            seq: 1,
            at: 1_700_000_000_000,
            event: EventKind::Status,
            data: json!({"status": "done"}),
        };
        ready(if after < 1 { vec![event] } else { Vec::new() })
    }
    fn job_tasks(&self, _id: &JobId) -> StoreFuture<'_, Vec<TaskRow>> {
        ready(Vec::new())
    }
    fn job_cancel(&self, _id: &JobId) -> StoreFuture<'_, Option<JobStatus>> {
        ready(Some(JobStatus::Cancelled))
    }
    fn job_resume(&self, _id: &JobId, _event: JobEvent) -> StoreFuture<'_, bool> {
        ready(true)
    }
    fn job_redo(&self, _id: &JobId, _brief: Value, _event: JobEvent) -> StoreFuture<'_, bool> {
        ready(true)
    }
    fn job_change_brief(
        &self,
        _id: &JobId,
        _based_on: Value,
        _brief: Value,
    ) -> StoreFuture<'_, BriefChange> {
        ready(BriefChange::Queued)
    }
    fn job_delete(&self, _id: &JobId) -> StoreFuture<'_, bool> {
        ready(true)
    }
}

impl TaskQueue for OneJob {
    not_asked! {
        task_claim(worker: &str, lease: Duration) -> Option<Lease>;
        task_claim_begun(worker: &str, lease: Duration) -> Option<Lease>;
        task_beat(id: &TaskId, token: i64, lease: Duration) -> Hold;
        task_finish(id: &TaskId, token: i64, finish: Finish) -> Hold;
        task_later(id: &TaskId, token: i64, wait: Duration, memo: Value) -> Hold;
        task_give_back(id: &TaskId, token: i64) -> Hold;
        task_fail(id: &TaskId, token: i64, failure: Failure) -> Hold;
        task_requeue(id: &TaskId) -> bool;
        task_wait(at_most: Duration) -> ();
    }
    fn task_dead(&self) -> StoreFuture<'_, Vec<DeadTask>> {
        ready(Vec::new())
    }
}

impl KeyStore for OneJob {
    not_asked! {
        key_add(key: KeyRow, hash: &str) -> ();
        key_budget(name: &str, per_day: Option<MicroUsd>) -> bool;
        key_revoke(name: &str) -> bool;
        session_add(hash: &str, key_id: &str, lifetime: Duration) -> ();
        session_find(hash: &str) -> Option<KeyRow>;
    }
    fn key_list(&self) -> StoreFuture<'_, Vec<KeyRow>> {
        ready(Vec::new())
    }
    fn key_find(&self, _hash: &str) -> StoreFuture<'_, Option<KeyRow>> {
        ready(None)
    }
    fn session_end(&self, _hash: &str) -> StoreFuture<'_, ()> {
        ready(())
    }
}

impl VersionStore for OneJob {
    fn version_list(&self, id: &JobId) -> StoreFuture<'_, Vec<FilmVersion>> {
        let brief = job(id.as_str()).brief;
        let one = FilmVersion { version: 1, name: String::new(), brief, created_at: 0 };
        ready(vec![one])
    }
    fn version_name(&self, _id: &JobId, version: u32, _name: &str) -> StoreFuture<'_, bool> {
        ready(version == 1)
    }
}

impl SwitchStore for OneJob {
    fn switch_log(&self, _limit: u32) -> StoreFuture<'_, Vec<SwitchRecord>> {
        ready(Vec::new())
    }
    fn switch_set(&self, _: &str, _: bool, _: &str, _: &str) -> StoreFuture<'_, ()> {
        ready(())
    }
    not_asked! {
        switched_off() -> Vec<(String, SwitchedOff)>;
    }
}

impl ProcessStore for OneJob {
    fn queue_state(&self) -> StoreFuture<'_, QueueState> {
        ready(QueueState::default())
    }
    fn counts_all(&self) -> StoreFuture<'_, Vec<(String, String)>> {
        ready(Vec::new())
    }
    fn now(&self) -> StoreFuture<'_, UnixMs> {
        ready(1_700_000_000_000)
    }
    fn check(&self) -> StoreFuture<'_, ()> {
        ready(())
    }
    not_asked! {
        counts_put(process: &str, text: &str) -> ();
        counts_fold(unheard_for: Duration, add_up: AddUp) -> usize;
    }
}

impl FileStore for OneJob {
    fn asset_add(&self, asset: AssetRow) -> StoreFuture<'_, Uploaded> {
        ready(Uploaded::New(asset))
    }
    fn asset_use(&self, id: &str, _key: Option<String>) -> StoreFuture<'_, Option<AssetRow>> {
        ready((id != "none").then(|| AssetRow {
            id: id.to_owned(),
            key_id: "local".to_owned(),
            sha256: "00".to_owned(),
            size_bytes: 1,
            media_type: "image/png".to_owned(),
            file: "assets/none.png".to_owned(),
            created_at: 0,
            used_at: 0,
        }))
    }
    not_asked! {
        asset_fetch(id: &str) -> Option<AssetRow>;
        asset_list_unused(unused_for: Duration) -> Vec<AssetRow>;
        asset_remove(id: &str, unused_for: Duration) -> bool;
        kept_file_list() -> Vec<KeptFile>;
        kept_file_forget(file: &str) -> ();
        turn_take(name: &str, holder: &str, holds: Duration) -> bool;
    }
}

impl WebhookStore for OneJob {
    fn webhooks_of_job(&self, job: &JobId) -> StoreFuture<'_, Vec<WebhookRow>> {
        ready(vec![message(job)])
    }
    fn webhook_resend(&self, _id: &str) -> StoreFuture<'_, bool> {
        ready(true)
    }
    not_asked! {
        webhook_claim(lease: Duration) -> Option<DueWebhook>;
        webhook_record_attempt(id: &str, token: i64, told_of: AttemptResult) -> bool;
        webhooks_dead() -> Vec<WebhookRow>;
    }
}

impl PurchaseStore for OneJob {
    fn spend_of_job(&self, _job_id: &JobId) -> StoreFuture<'_, MicroUsd> {
        ready(MicroUsd::ZERO)
    }
    fn call_fetch(&self, _id: &CallId) -> StoreFuture<'_, Option<CallRow>> {
        ready(None)
    }
    fn call_list(&self, _filter: CallFilter) -> StoreFuture<'_, Vec<CallRow>> {
        ready(Vec::new())
    }
    fn breaker_list(&self) -> StoreFuture<'_, Vec<(String, BreakerRow)>> {
        ready(Vec::new())
    }
    not_asked! {
        history(job_id: &JobId, scene_id: &SceneId, requests: Vec<String>) -> History;
        call_admit(call: NewCall, limits: CallLimits) -> Admission;
        call_advance(id: &CallId, event: CallEvent, change: CallChange, at: UnixMs) -> CallState;
        call_touch(id: &CallId, lease_until: UnixMs) -> ();
        call_claim(id: &CallId, at: UnixMs, lease_until: UnixMs) -> bool;
        spend_since(since: UnixMs) -> Vec<(String, MicroUsd)>;
        clip_keep(clip: KeptClip, change: CallChange) -> ();
        clip_find(request_hash: &str) -> Option<KeptClip>;
        clip_forget(request_hash: &str) -> ();
        breaker_fetch(engine: &str) -> BreakerRow;
        breaker_swap(engine: &str, old: BreakerRow, new: BreakerRow) -> bool;
    }
}
