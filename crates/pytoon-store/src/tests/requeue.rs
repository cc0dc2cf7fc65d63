//! Tests of redone jobs, webhook messages and API key budgets, which run on both databases.

use super::super::{block_on, call};
use super::open;
use crate::Store;
use pytoon_core::graph::{FilmGraph, FilmShape};
use pytoon_records::job::keys::{KeyRow, KeyStore};
use pytoon_records::job::queue::{Failure, Finish, Hold, Lease, TaskQueue};
use pytoon_records::job::store::{DEGRADED, JobError, JobStore, NewJob};
use pytoon_records::job::webhook::{AttemptResult, WebhookState, WebhookStore};
use pytoon_records::job::{JobEvent, JobStatus, NewTask, TaskKind};
use pytoon_records::ledger::{Admission, CallLimits, PurchaseStore};
use pytoon_vocabulary::MicroUsd;
use serde_json::json;
use std::time::Duration;

const LEASE: Duration = Duration::from_secs(30);

async fn submit(store: &Store, id: &str, key: &str) {
    let job = NewJob {
        id: id.into(),
        key_id: key.into(),
        brief: json!({"script": "One."}),
        client_data: Some(json!({"order": 7})),
        webhook: Some(json!({"url": "https://example.com/hook"})),
        tasks: NewTask::first(),
        idempotency: None,
    };
    store.job_submit(job, 1000).await.expect("submits");
}

async fn claim(store: &Store) -> Lease {
    store.task_claim("w1", LEASE).await.expect("claims").expect("there is a task")
}

async fn finish_task(store: &Store, lease: &Lease, finish: Finish) -> Hold {
    store.task_finish(&lease.task_id, lease.token, finish).await.expect("finishes")
}

/// Finishes all tasks of a job whose film has `chunks` chunks, and returns their names in order.
async fn work(store: &Store, chunks: u32) -> Vec<String> {
    let mut names = Vec::new();
    loop {
        let lease = claim(store).await;
        names.push(lease.name.clone());
        let finish = match lease.kind {
            TaskKind::Voice => {
                let shape = FilmShape { scenes: Vec::new(), chunks };
                let then = NewTask::of(&FilmGraph::after_voice(&shape));
                Finish { then, ..Finish::default() }
            }
            TaskKind::Publish => Finish { publishes: true, ..Finish::default() },
            _ => Finish::default(),
        };
        assert_eq!(finish_task(store, &lease, finish).await, Hold::Ours);
        if lease.kind == TaskKind::Publish {
            return names;
        }
    }
}

#[test]
fn a_job_is_redone_with_another_graph() {
    let folder = tempfile::tempdir().expect("folder");
    block_on(async {
        let store = open(&folder).await;
        submit(&store, "one", "k1").await;
        assert_eq!(work(&store, 3).await.len(), 7);
        let before = store.job_fetch(&"one".into()).await.expect("reads").expect("is there");
        let brief = json!({"script": "Two."});
        let redone = JobEvent::Redone;
        assert!(store.job_redo(&"one".into(), brief.clone(), redone).await.expect("redoes"));
        assert!(
            !store.job_redo(&"one".into(), brief.clone(), redone).await.expect("it has not ended")
        );
        let row = store.job_fetch(&"one".into()).await.expect("reads").expect("is there");
        assert_eq!((row.status, row.brief, row.finished_at), (JobStatus::Queued, brief, None));
        assert_eq!(
            (row.tasks_done, row.tasks_known),
            (0, 2),
            "nothing of the earlier graph counts"
        );
        assert!(row.asked_at >= before.asked_at && row.created_at == before.created_at);
        let mut names = work(&store, 2).await;
        names.sort();
        let expected = ["compose:000", "compose:001", "mix", "plan", "publish", "voice"];
        assert_eq!(names, expected, "the third chunk is not of this graph");
        let row = store.job_fetch(&"one".into()).await.expect("reads").expect("is there");
        assert_eq!((row.status, row.tasks_done, row.tasks_known), (JobStatus::Done, 6, 6));
    });
}

#[test]
fn a_degraded_job_restarts_without_tasks_of_its_earlier_brief() {
    let folder = tempfile::tempdir().expect("folder");
    block_on(async {
        let store = open(&folder).await;
        submit(&store, "one", "k1").await;
        work(&store, 3).await;
        let brief = json!({"script": "Two."});
        assert!(store.job_redo(&"one".into(), brief, JobEvent::Redone).await.expect("redoes"));
        finish_task(&store, &claim(&store).await, Finish::default()).await;
        let shape = FilmShape { scenes: Vec::new(), chunks: 1 };
        let then = NewTask::of(&FilmGraph::after_voice(&shape));
        finish_task(&store, &claim(&store).await, Finish { then, ..Finish::default() }).await;
        let error = JobError {
            code: DEGRADED.into(),
            stage: "mix".into(),
            provider: None,
            message: "it would be degraded".into(),
            retryable: true,
        };
        let failure = Failure { error, retry_in: None, held: true };
        let lease = claim(&store).await;
        store.task_fail(&lease.task_id, lease.token, failure).await.expect("fails");
        assert!(store.job_resume(&"one".into(), JobEvent::Released).await.expect("resumes"));
        let mut names = work(&store, 1).await;
        names.sort();
        assert_eq!(names, ["compose:000", "mix", "publish", "voice"]);
        assert_eq!(store.task_claim("w1", LEASE).await.expect("claims"), None);
    });
}

#[test]
fn who_worked_for_the_earlier_brief_has_lost_its_task() {
    let folder = tempfile::tempdir().expect("folder");
    block_on(async {
        let store = open(&folder).await;
        submit(&store, "one", "k1").await;
        // Its worker sleeps longer than its lease.
        let moment = Duration::from_millis(1);
        let old = store.task_claim("w1", moment).await.expect("claims").expect("there is a task");
        store.job_cancel(&"one".into()).await.expect("cancels");
        tokio::time::sleep(Duration::from_millis(20)).await;
        let cancel = claim(&store).await;
        assert_eq!(cancel.kind, TaskKind::Cancel);
        finish_task(&store, &cancel, Finish::default()).await;
        let redone = JobEvent::Redone;
        assert!(
            store.job_redo(&"one".into(), json!({"script": "Two."}), redone).await.expect("redoes")
        );
        let new = claim(&store).await;
        assert_eq!((new.name.as_str(), new.token), ("plan", old.token + 1));
        assert_eq!(finish_task(&store, &old, Finish::default()).await, Hold::Lost);
        assert_eq!(finish_task(&store, &new, Finish::default()).await, Hold::Ours);
    });
}

#[test]
fn a_webhook_is_retried_until_it_is_delivered_or_abandoned() {
    let folder = tempfile::tempdir().expect("folder");
    block_on(async {
        let store = open(&folder).await;
        submit(&store, "one", "k1").await;
        assert_eq!(store.webhook_claim(LEASE).await.expect("claims"), None);
        work(&store, 1).await;
        let due = store.webhook_claim(LEASE).await.expect("claims").expect("it is due");
        assert_eq!(
            (due.event.as_str(), due.url.as_str()),
            ("job.done", "https://example.com/hook")
        );
        assert_eq!(due.data["job_id"], "one");
        assert_eq!(due.data["client_data"], json!({"order": 7}));
        assert_eq!(
            store.webhook_claim(LEASE).await.expect("claims"),
            None,
            "it belongs to another call"
        );
        let told = |error: Option<&str>, retry_in| AttemptResult {
            status: Some(500),
            took: Duration::from_millis(3),
            error: error.map(str::to_owned),
            retry_in,
        };
        let again = told(Some("no"), Some(Duration::ZERO));
        assert!(
            store.webhook_record_attempt(&due.id, due.token, again.clone()).await.expect("notes")
        );
        let second = store.webhook_claim(Duration::ZERO).await.expect("claims").expect("is due");
        assert_eq!((second.id.as_str(), second.attempts), (due.id.as_str(), 1));
        // The first sender is silent: another sends the message, and the first may no longer report.
        let third = store.webhook_claim(LEASE).await.expect("claims").expect("is due");
        assert!(
            !store
                .webhook_record_attempt(&second.id, second.token, again)
                .await
                .expect("is refused")
        );
        let never = told(Some("gone"), None);
        assert!(store.webhook_record_attempt(&third.id, third.token, never).await.expect("notes"));
        let dead = store.webhooks_dead().await.expect("lists");
        assert_eq!((dead.len(), dead[0].state, dead[0].attempts.len()), (1, WebhookState::Dead, 2));
        assert!(store.webhook_resend(&due.id).await.expect("resends"));
        assert!(!store.webhook_resend(&due.id).await.expect("it is due already"));
        let last = store.webhook_claim(LEASE).await.expect("claims").expect("is due");
        assert!(
            store
                .webhook_record_attempt(&last.id, last.token, told(None, None))
                .await
                .expect("notes")
        );
        let rows = store.webhooks_of_job(&"one".into()).await.expect("lists");
        assert_eq!((rows[0].state, rows[0].attempts.len()), (WebhookState::Delivered, 3));
        assert!(store.job_delete(&"one".into()).await.expect("deletes"));
        assert_eq!(store.webhooks_of_job(&"one".into()).await.expect("lists"), []);
    });
}

#[test]
fn a_keys_budget_is_over_all_its_jobs_of_a_day() {
    let folder = tempfile::tempdir().expect("folder");
    block_on(async {
        let store = open(&folder).await;
        let key = |id: &str, usd: Option<f64>| KeyRow {
            id: id.into(),
            name: id.into(),
            scopes: vec!["submit".into()],
            budget_per_day: usd.map(MicroUsd::from_usd),
            created_at: 0,
            revoked_at: None,
        };
        store.key_add(key("shop", Some(1.0)), "h1").await.expect("adds");
        store.key_add(key("free", None), "h2").await.expect("adds");
        for (job, key) in [("a", "shop"), ("b", "shop"), ("c", "free")] {
            submit(&store, job, key).await;
        }
        let limits = CallLimits::default();
        let admit = async |id: &str, job: &str, usd: f64| {
            store.call_admit(call(id, job, usd), limits).await.expect("asks")
        };
        assert_eq!(admit("1", "a", 0.6).await, Admission::Granted);
        let left = MicroUsd::from_usd(0.4);
        let over = Admission::OverBudget { cap: "API key", left };
        assert_eq!(admit("2", "b", 0.5).await, over);
        assert_eq!(admit("3", "b", 0.4).await, Admission::Granted);
        assert_eq!(admit("4", "c", 9.0).await, Admission::Granted);
        assert_eq!(admit("5", "a render at a terminal", 9.0).await, Admission::Granted);
        // The charges of a deleted job still count.
        store.job_cancel(&"a".into()).await.expect("cancels");
        assert!(store.job_delete(&"a".into()).await.expect("deletes"));
        assert!(matches!(admit("6", "b", 0.1).await, Admission::OverBudget { .. }));
        assert!(store.key_budget("shop", Some(MicroUsd::from_usd(2.0))).await.expect("sets"));
        assert_eq!(admit("7", "b", 0.1).await, Admission::Granted);
        assert!(!store.key_budget("nobody", None).await.expect("there is none"));
    });
}
