//! Tests of jobs and tasks, which run on both databases.

use super::super::{block_on, call};
use super::open;
use crate::Store;
use pytoon_core::graph::{FilmGraph, FilmShape};
use pytoon_records::job::keys::{KeyRow, KeyStore};
use pytoon_records::job::process::ProcessStore;
use pytoon_records::job::queue::{Failure, Finish, Hold, Lease, TaskQueue};
use pytoon_records::job::store::{
    Idempotency, JobError, JobFilter, JobStore, NewJob, SceneChange, Submission,
};
use pytoon_records::job::{JobEvent, JobStatus, NewTask, SceneEvent, SceneStatus, TaskKind};
use pytoon_records::ledger::{Admission, CallLimits, Fence, NewCall, PurchaseStore};
use pytoon_vocabulary::{JobId, TaskId};
use serde_json::{Value, json};
use std::collections::HashSet;
use std::time::{Duration, Instant};

const LEASE: Duration = Duration::from_secs(30);
const MANY: u32 = 100_000;

fn job(id: &str) -> NewJob {
    NewJob {
        id: id.into(),
        key_id: "k1".into(),
        brief: json!({"script": "Tea \u{2615} at \"dawn\""}),
        client_data: Some(json!({"order": 7})),
        webhook: None,
        tasks: NewTask::first(),
        idempotency: None,
    }
}

async fn submit(store: &Store, id: &str) {
    assert_eq!(store.job_submit(job(id), MANY).await.expect("submits"), Submission::New);
}

async fn claim(store: &Store) -> Lease {
    store.task_claim("w1", LEASE).await.expect("claims").expect("there is a task")
}

#[test]
fn without_room_only_started_jobs_continue() {
    let folder = tempfile::tempdir().expect("folder");
    block_on(async {
        let store = open(&folder).await;
        submit(&store, "one").await;
        let begun = async || store.task_claim_begun("w1", LEASE).await.expect("claims");
        assert_eq!(begun().await, None, "it has not begun");
        let plan = claim(&store).await;
        assert_eq!(finish_task(&store, &plan, Finish::default()).await, Hold::Ours);
        submit(&store, "two").await;
        assert_eq!(
            begun().await.map(|lease| (lease.job.id, lease.name)),
            Some(("one".into(), "voice".to_owned()))
        );
        assert_eq!(begun().await, None);
        assert_eq!(claim(&store).await.job.id, "two");
    });
}

#[test]
fn a_claim_that_was_lost_buys_nothing() {
    let folder = tempfile::tempdir().expect("folder");
    block_on(async {
        let store = open(&folder).await;
        submit(&store, "one").await;
        let short = Duration::from_millis(1);
        let slept = store.task_claim("w1", short).await.expect("claims").expect("there is a task");
        let fence = |lease: &Lease| {
            Some(Fence {
                task_id: lease.task_id.clone(),
                token: lease.token,
                unanswered_ms: 60_000,
            })
        };
        let admit = async |id: &str, fence: Option<Fence>| {
            let call = NewCall { fence, ..call(id, "one", 0.1) };
            store.call_admit(call, CallLimits::default()).await.expect("answers")
        };
        // Its lease has expired, and no one has claimed the task so far.
        tokio::time::sleep(Duration::from_millis(20)).await;
        assert_eq!(admit("a", fence(&slept)).await, Admission::Granted);
        let taken = claim(&store).await;
        assert!(taken.was_lost && taken.task_id == slept.task_id);
        assert_eq!(admit("b", fence(&slept)).await, Admission::Fenced);
        assert_eq!(
            store.call_fetch(&"b".into()).await.expect("reads"),
            None,
            "not so much as a row"
        );
        assert_eq!(admit("b", fence(&taken)).await, Admission::Granted);
        // A finished task cannot buy anything more either.
        finish_task(&store, &taken, Finish::default()).await;
        assert_eq!(admit("c", fence(&taken)).await, Admission::Fenced);
    });
}

async fn none_left(store: &Store) {
    assert_eq!(store.task_claim("w1", LEASE).await.expect("claims"), None);
}

async fn status(store: &Store, id: &str) -> JobStatus {
    store.job_fetch(&id.into()).await.expect("reads").expect("is there").status
}

async fn finish_task(store: &Store, lease: &Lease, finish: Finish) -> Hold {
    store.task_finish(&lease.task_id, lease.token, finish).await.expect("finishes")
}

/// Returns the tasks of a film with these scenes and chunks that follow its voice task.
fn after_voice(scenes: &[&str], chunks: u32) -> Vec<NewTask> {
    let scenes = scenes.iter().map(|&id| id.into()).collect();
    NewTask::of(&FilmGraph::after_voice(&FilmShape { scenes, chunks }))
}

/// Submits a job and finishes all tasks before its scenes.
async fn submit_to_scenes(store: &Store, id: &str, scenes: usize) {
    submit(store, id).await;
    finish_task(store, &claim(store).await, Finish::default()).await;
    let voice = claim(store).await;
    let scenes: Vec<String> = (1..=scenes).map(|scene| format!("scene_{scene:02}")).collect();
    let scenes: Vec<&str> = scenes.iter().map(String::as_str).collect();
    let then = after_voice(&scenes, 1);
    finish_task(store, &voice, Finish { then, ..Finish::default() }).await;
}

/// Claims and finishes tasks until none can be claimed.
async fn rest(store: &Store) {
    while let Some(lease) = store.task_claim("w1", LEASE).await.expect("claims") {
        finish_task(store, &lease, Finish::default()).await;
    }
}

fn failure(retry_in: Option<Duration>, held: bool) -> Failure {
    let error = JobError {
        code: "vendor".into(),
        stage: "voice".into(),
        provider: Some("openai".into()),
        message: "it is down".into(),
        retryable: true,
    };
    Failure { error, retry_in, held }
}

#[test]
fn a_job_goes_through_its_graph_to_the_end() {
    let folder = tempfile::tempdir().expect("folder");
    block_on(async {
        let store = open(&folder).await;
        submit(&store, "one").await;
        let row = store.job_fetch(&"one".into()).await.expect("reads").expect("is there");
        assert_eq!((row.status, row.tasks_known), (JobStatus::Queued, 2));
        assert_eq!((row.brief, row.client_data), (job("one").brief, job("one").client_data));
        let plan = claim(&store).await;
        assert_eq!((plan.kind, plan.attempts, plan.token), (TaskKind::Plan, 1, 1));
        assert_eq!(status(&store, "one").await, JobStatus::PlanningScenes);
        none_left(&store).await;
        assert_eq!(finish_task(&store, &plan, Finish::default()).await, Hold::Ours);
        let voice = claim(&store).await;
        assert_eq!(voice.kind, TaskKind::Voice);
        let scene = |event| SceneChange {
            scene_id: "scene_01".into(),
            event,
            engine_used: None,
            fallback_used: false,
            render_duration_ms: None,
            error: None,
        };
        let then = after_voice(&["scene_01", "scene_02"], 2);
        let finish = Finish { then, scenes: vec![scene(SceneEvent::Planned)], publishes: false };
        finish_task(&store, &voice, finish).await;
        let (first, second) = (claim(&store).await, claim(&store).await);
        assert_eq!(
            (first.name.as_str(), second.name.as_str()),
            ("scene:scene_01", "scene:scene_02")
        );
        none_left(&store).await;
        let finish = Finish { scenes: vec![scene(SceneEvent::Drawn)], ..Finish::default() };
        finish_task(&store, &first, finish).await;
        none_left(&store).await;
        finish_task(&store, &second, Finish::default()).await;
        let mut names = Vec::new();
        for _ in 0..3 {
            let part = claim(&store).await;
            names.push(part.name.clone());
            finish_task(&store, &part, Finish::default()).await;
        }
        names.sort();
        assert_eq!(names, ["compose:000", "compose:001", "mix"]);
        let publish = claim(&store).await;
        assert_eq!((publish.kind, publish.job.tasks_done), (TaskKind::Publish, 7));
        finish_task(&store, &publish, Finish { publishes: true, ..Finish::default() }).await;
        let row = store.job_fetch(&"one".into()).await.expect("reads").expect("is there");
        assert_eq!((row.status, row.tasks_done, row.tasks_known), (JobStatus::Done, 8, 8));
        assert!(row.finished_at >= row.started_at && row.started_at >= Some(row.created_at));
        let drawn = scene(SceneEvent::Drawn).into_row(SceneStatus::Done);
        assert_eq!(store.job_scenes(&"one".into()).await.expect("reads"), [drawn]);
        let events = store.job_events(&"one".into(), 0, 100).await.expect("reads");
        let seqs: Vec<i64> = events.iter().map(|event| event.seq).collect();
        assert_eq!(seqs, (1..=events.len() as i64).collect::<Vec<_>>());
        let last = events.last().expect("events");
        assert_eq!((last.event.as_str(), &last.data), ("status", &json!({"status": "done"})));
        let after = store.job_events(&"one".into(), last.seq - 1, 100).await.expect("reads");
        assert_eq!(after.len(), 1);
        assert!(store.job_delete(&"one".into()).await.expect("deletes"));
        assert_eq!(store.job_fetch(&"one".into()).await.expect("reads"), None);
    });
}

/// Checks that two tasks that end at once unblock a task that waits for both. Each would see the other as unfinished
/// if both read before either wrote.
#[test]
fn tasks_that_end_at_one_moment_free_what_waits_for_all_of_them() {
    let folder = tempfile::tempdir().expect("folder");
    block_on(async {
        let store = open(&folder).await;
        for round in 0..30 {
            let id = format!("job{round}");
            submit_to_scenes(&store, &id, 2).await;
            for stage in ["scenes", "sound and picture"] {
                let (one, other) = (claim(&store).await, claim(&store).await);
                tokio::join!(
                    finish_task(&store, &one, Finish::default()),
                    finish_task(&store, &other, Finish::default())
                );
                let ready = store.queue_state().await.expect("looks").ready;
                assert!(ready > 0, "round {round}: nothing is free after {stage}");
            }
            let publish = claim(&store).await;
            assert_eq!(publish.kind, TaskKind::Publish);
            finish_task(&store, &publish, Finish { publishes: true, ..Finish::default() }).await;
        }
    });
}

/// Checks that the last of several concurrently ending tasks ends the cancellation of their job.
#[test]
fn a_cancelled_jobs_tasks_may_end_at_one_moment() {
    let folder = tempfile::tempdir().expect("folder");
    block_on(async {
        let store = open(&folder).await;
        for round in 0..30 {
            let id = format!("job{round}");
            submit(&store, &id).await;
            let plan = claim(&store).await;
            store.job_cancel(&id.as_str().into()).await.expect("ok");
            let tell = claim(&store).await;
            let _ = tokio::join!(
                store.task_give_back(&plan.task_id, plan.token),
                finish_task(&store, &tell, Finish::default())
            );
            assert_eq!(status(&store, &id).await, JobStatus::Cancelled, "round {round}");
        }
    });
}

/// Checks that finishing tasks, cancelling their job and claiming tasks do not deadlock.
#[test]
fn a_cancel_in_the_midst_of_all_of_it() {
    let folder = tempfile::tempdir().expect("folder");
    block_on(async {
        let store = open(&folder).await;
        for round in 0..30 {
            let id = format!("job{round}");
            submit_to_scenes(&store, &id, 6).await;
            let (one, other) = (claim(&store).await, claim(&store).await);
            // A deadlock would be an error of one of them.
            let (_, _, cancelled, third, fourth) = tokio::join!(
                finish_task(&store, &one, Finish::default()),
                finish_task(&store, &other, Finish::default()),
                store.job_cancel(&id.as_str().into()),
                store.task_claim("w3", LEASE),
                store.task_claim("w4", LEASE),
            );
            assert_eq!(cancelled.expect("ok"), Some(JobStatus::Cancelling));
            for lease in [third, fourth].into_iter().filter_map(|lease| lease.expect("claims")) {
                finish_task(&store, &lease, Finish::default()).await;
            }
            rest(&store).await;
            assert_eq!(status(&store, &id).await, JobStatus::Cancelled, "round {round}");
        }
    });
}

/// Checks that a claim does not overwrite the status of a job that is cancelled at the same moment.
#[test]
fn a_claim_beside_a_cancel_does_not_undo_it() {
    let folder = tempfile::tempdir().expect("folder");
    block_on(async {
        let store = open(&folder).await;
        for round in 0..30 {
            let id = format!("job{round}");
            submit_to_scenes(&store, &id, 1).await;
            let (claimed, cancelled) =
                tokio::join!(store.task_claim("w2", LEASE), store.job_cancel(&id.as_str().into()));
            assert_eq!(cancelled.expect("ok"), Some(JobStatus::Cancelling));
            let now = status(&store, &id).await;
            assert_eq!(now, JobStatus::Cancelling, "round {round}");
            if let Some(lease) = claimed.expect("claims") {
                finish_task(&store, &lease, Finish::default()).await;
            }
            rest(&store).await;
            assert_eq!(status(&store, &id).await, JobStatus::Cancelled, "round {round}");
        }
    });
}

#[test]
fn a_lost_lease_is_taken_over_and_its_old_holder_is_fenced_off() {
    let folder = tempfile::tempdir().expect("folder");
    block_on(async {
        let store = open(&folder).await;
        submit(&store, "one").await;
        // Long enough for a busy machine to check before it expires.
        let short = Duration::from_millis(1500);
        let old = store.task_claim("w1", short).await.expect("claims").expect("a task");
        assert_eq!(store.task_beat(&old.task_id, old.token, short).await.expect("ok"), Hold::Ours);
        none_left(&store).await;
        tokio::time::sleep(Duration::from_millis(1600)).await;
        let new = claim(&store).await;
        assert_eq!((&new.task_id, new.token, new.attempts), (&old.task_id, old.token + 1, 2));
        assert!(new.was_lost && !old.was_lost);
        let (id, token) = (&old.task_id, old.token);
        assert_eq!(store.task_beat(id, token, LEASE).await.expect("ok"), Hold::Lost);
        assert_eq!(finish_task(&store, &old, Finish::default()).await, Hold::Lost);
        let later = store.task_later(id, token, LEASE, Value::Null).await.expect("ok");
        let failed = store.task_fail(id, token, failure(None, false)).await.expect("ok");
        let back = store.task_give_back(id, token).await.expect("ok");
        assert_eq!([later, failed, back], [Hold::Lost; 3]);
        assert_eq!(finish_task(&store, &new, Finish::default()).await, Hold::Ours);
    });
}

#[test]
fn a_task_whose_workers_die_again_and_again_fails_its_job() {
    let folder = tempfile::tempdir().expect("folder");
    block_on(async {
        let store = open(&folder).await;
        submit(&store, "one").await;
        for attempt in 1..=5 {
            let lease = store.task_claim("w", Duration::from_millis(1)).await.expect("claims");
            assert_eq!(lease.expect("a task").attempts, attempt);
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        none_left(&store).await;
        let row = store.job_fetch(&"one".into()).await.expect("reads").expect("is there");
        let error = row.error.expect("an error");
        assert_eq!((row.status, error.code.as_str()), (JobStatus::Failed, "worker_lost"));
        assert!(error.message.contains("`plan` was started 5 times"), "{}", error.message);
        let dead = store.task_dead().await.expect("lists");
        assert_eq!((dead.len(), dead[0].name.as_str()), (1, "plan"));
        assert!(store.task_requeue(&dead[0].id).await.expect("requeues"));
        assert!(!store.task_requeue(&dead[0].id).await.expect("answers"));
        assert_eq!(claim(&store).await.attempts, 1);
    });
}

#[test]
fn what_waits_holds_no_worker_and_remembers() {
    let folder = tempfile::tempdir().expect("folder");
    block_on(async {
        let store = open(&folder).await;
        submit(&store, "one").await;
        for round in 0..3 {
            let lease = claim(&store).await;
            assert_eq!(lease.attempts, 1, "a wait in order is no failed attempt");
            if round > 0 {
                assert_eq!(lease.memo, json!({"round": round - 1}));
            }
            let wait = Duration::from_millis(1000);
            let memo = json!({"round": round});
            store.task_later(&lease.task_id, lease.token, wait, memo).await.expect("waits");
            none_left(&store).await;
            tokio::time::sleep(Duration::from_millis(1100)).await;
        }
    });
}

#[test]
fn a_failed_job_resumes_where_it_stopped() {
    let folder = tempfile::tempdir().expect("folder");
    block_on(async {
        let store = open(&folder).await;
        for held in [false, true] {
            let id = if held { "held" } else { "failed" };
            submit(&store, id).await;
            let plan = claim(&store).await;
            finish_task(&store, &plan, Finish::default()).await;
            let voice = claim(&store).await;
            // A temporary failure is retried before it becomes final.
            let soon = failure(Some(Duration::ZERO), false);
            store.task_fail(&voice.task_id, voice.token, soon).await.expect("fails");
            let again = claim(&store).await;
            assert_eq!((again.kind, again.attempts), (TaskKind::Voice, 2));
            let end = failure(None, held);
            store.task_fail(&again.task_id, again.token, end.clone()).await.expect("fails");
            let row = store.job_fetch(&id.into()).await.expect("reads").expect("is there");
            let expected = if held { JobStatus::Held } else { JobStatus::Failed };
            assert_eq!((row.status, row.error), (expected, Some(end.error)));
            none_left(&store).await;
            let (event, wrong) = match expected {
                JobStatus::Held => (JobEvent::Released, JobEvent::Retried),
                _ => (JobEvent::Retried, JobEvent::Released),
            };
            assert!(!store.job_resume(&id.into(), wrong).await.expect("answers"));
            assert!(store.job_resume(&id.into(), event).await.expect("resumes"));
            let row = store.job_fetch(&id.into()).await.expect("reads").expect("is there");
            assert_eq!((row.status, row.error, row.tasks_done), (JobStatus::Queued, None, 1));
            let voice = claim(&store).await;
            assert_eq!((voice.kind, voice.attempts), (TaskKind::Voice, 1));
            finish_task(&store, &voice, Finish { publishes: true, ..Finish::default() }).await;
        }
    });
}

#[test]
fn a_cancel_stops_running_tasks_and_notifies_vendors_last() {
    let folder = tempfile::tempdir().expect("folder");
    block_on(async {
        let store = open(&folder).await;
        submit(&store, "new").await;
        assert_eq!(store.job_cancel(&"new".into()).await.expect("ok"), Some(JobStatus::Cancelled));
        none_left(&store).await;
        submit(&store, "one").await;
        let plan = claim(&store).await;
        assert_eq!(store.job_cancel(&"one".into()).await.expect("ok"), Some(JobStatus::Cancelling));
        assert_eq!(store.job_cancel(&"one".into()).await.expect("ok"), Some(JobStatus::Cancelling));
        let beat = store.task_beat(&plan.task_id, plan.token, LEASE).await.expect("ok");
        assert_eq!(beat, Hold::Stop);
        let tell = claim(&store).await;
        assert_eq!(tell.kind, TaskKind::Cancel);
        finish_task(&store, &tell, Finish::default()).await;
        assert_eq!(status(&store, "one").await, JobStatus::Cancelling, "its plan still runs");
        assert_eq!(store.task_give_back(&plan.task_id, plan.token).await.expect("ok"), Hold::Stop);
        assert_eq!(status(&store, "one").await, JobStatus::Cancelled);
        none_left(&store).await;
        assert_eq!(store.job_cancel(&"nobody".into()).await.expect("ok"), None);
        // A worker that died before its report arrived.
        submit(&store, "two").await;
        let short = Duration::from_millis(20);
        store.task_claim("w1", short).await.expect("claims").expect("a task");
        store.job_cancel(&"two".into()).await.expect("ok");
        let tell = claim(&store).await;
        finish_task(&store, &tell, Finish::default()).await;
        tokio::time::sleep(Duration::from_millis(50)).await;
        none_left(&store).await;
        assert_eq!(status(&store, "two").await, JobStatus::Cancelled);
    });
}

#[test]
fn a_repeated_submission_is_the_same_job() {
    let folder = tempfile::tempdir().expect("folder");
    block_on(async {
        let store = open(&folder).await;
        let marked = |id: &str, hash: &str| NewJob {
            idempotency: Some(Idempotency { mark: "m".into(), request_hash: hash.into() }),
            ..job(id)
        };
        let submit = |job: NewJob| store.job_submit(job, MANY);
        let known = |hash: &str| Idempotency { mark: "m".into(), request_hash: hash.into() };
        assert_eq!(store.job_repeated("k", &known("h")).await.expect("ok"), None);
        assert_eq!(submit(marked("a", "h")).await.expect("ok"), Submission::New);
        let key = job("a").key_id;
        let again = store.job_repeated(&key, &known("h")).await.expect("ok");
        assert_eq!(again, Some(Submission::Repeated("a".into())));
        let other = store.job_repeated(&key, &known("other")).await.expect("ok");
        assert_eq!(other, Some(Submission::Different));
        assert_eq!(store.job_repeated("nobody", &known("h")).await.expect("ok"), None);
        assert_eq!(submit(marked("b", "h")).await.expect("ok"), Submission::Repeated("a".into()));
        assert_eq!(submit(marked("c", "other")).await.expect("ok"), Submission::Different);
        let elsewhere = NewJob { key_id: "k2".into(), ..marked("d", "other") };
        assert_eq!(submit(elsewhere).await.expect("ok"), Submission::New);
        // Of many concurrent submissions, one is inserted.
        let mut waiting = tokio::task::JoinSet::new();
        for n in 0..8 {
            let store = store.clone();
            let mut job = marked(&format!("r{n}"), "h");
            job.idempotency = Some(Idempotency { mark: "race".into(), request_hash: "h".into() });
            waiting.spawn(async move { store.job_submit(job, MANY).await.expect("ok") });
        }
        let all = waiting.join_all().await;
        assert_eq!(all.iter().filter(|one| **one == Submission::New).count(), 1, "{all:?}");
        let same: HashSet<JobId> = all
            .iter()
            .filter_map(|one| match one {
                Submission::Repeated(id) => Some(id.clone()),
                _ => None,
            })
            .collect();
        assert_eq!(same.len(), 1);
        assert_eq!(store.job_submit(job("full"), 3).await.expect("ok"), Submission::Full);
    });
}

#[test]
fn no_two_workers_have_one_task() {
    let folder = tempfile::tempdir().expect("folder");
    block_on(async {
        let store = open(&folder).await;
        for n in 0..40 {
            submit(&store, &format!("job-{n:02}")).await;
        }
        let mut workers = tokio::task::JoinSet::new();
        for n in 0..8 {
            let store = store.clone();
            workers.spawn(async move {
                let mut had = Vec::new();
                let name = format!("w{n}");
                while let Some(lease) = store.task_claim(&name, LEASE).await.expect("claims") {
                    had.push(lease.task_id.clone());
                    let hold = finish_task(&store, &lease, Finish::default()).await;
                    assert_eq!(hold, Hold::Ours);
                }
                had
            });
        }
        let had: Vec<TaskId> = workers.join_all().await.into_iter().flatten().collect();
        let different: HashSet<&TaskId> = had.iter().collect();
        assert_eq!((had.len(), different.len()), (80, 80));
        let state = store.queue_state().await.expect("looks");
        assert_eq!((state.ready, state.running, state.expired), (0, 0, 0));
    });
}

#[test]
fn a_waiting_worker_is_woken() {
    let folder = tempfile::tempdir().expect("folder");
    block_on(async {
        let store = open(&folder).await;
        // PostgreSQL's listener takes a moment to connect.
        tokio::time::sleep(Duration::from_millis(300)).await;
        let begun = Instant::now();
        let other = store.clone();
        let waiting = tokio::spawn(async move {
            while other.task_claim("w", LEASE).await.expect("claims").is_none() {
                other.task_wait(Duration::from_secs(20)).await.expect("waits");
            }
        });
        tokio::time::sleep(Duration::from_millis(50)).await;
        submit(&store, "one").await;
        waiting.await.expect("ends");
        assert!(begun.elapsed() < Duration::from_secs(15), "{:?}", begun.elapsed());
    });
}

#[test]
fn jobs_are_listed_page_by_page() {
    let folder = tempfile::tempdir().expect("folder");
    block_on(async {
        let store = open(&folder).await;
        for n in 0..7 {
            let own = if n % 2 == 0 { "k1" } else { "k2" };
            let job = NewJob { key_id: own.into(), ..job(&format!("job-{n}")) };
            store.job_submit(job, MANY).await.expect("ok");
        }
        let mut seen = Vec::new();
        let mut after = None;
        loop {
            let filter = JobFilter { after, limit: 3, ..JobFilter::default() };
            let page = store.job_list(filter).await.expect("lists");
            let Some(last) = page.last() else { break };
            after = Some((last.created_at, last.id.clone()));
            seen.extend(page.into_iter().map(|job| job.id));
        }
        seen.reverse();
        let mut sorted = seen.clone();
        sorted.sort();
        assert_eq!(seen.len(), 7);
        assert_eq!(sorted.len(), seen.iter().collect::<HashSet<_>>().len());
        let own = JobFilter { key_id: Some("k2".into()), limit: 50, ..JobFilter::default() };
        assert_eq!(store.job_list(own).await.expect("lists").len(), 3);
        let done = JobFilter { status: Some(JobStatus::Done), limit: 9, ..JobFilter::default() };
        assert_eq!(store.job_list(done).await.expect("lists"), []);
        let state = store.queue_state().await.expect("looks");
        assert_eq!((state.jobs[&JobStatus::Queued], state.ready), (7, 7));
    });
}

#[test]
fn keys_are_found_by_their_hash_until_they_are_revoked() {
    let folder = tempfile::tempdir().expect("folder");
    block_on(async {
        let store = open(&folder).await;
        let key = KeyRow {
            id: "id1".into(),
            name: "shop".into(),
            scopes: vec!["read".into(), "submit".into()],
            budget_per_day: Some(pytoon_vocabulary::MicroUsd::from_usd(2.5)),
            created_at: 0,
            revoked_at: None,
        };
        store.key_add(key.clone(), "hash").await.expect("adds");
        let found = store.key_find("hash").await.expect("looks").expect("is there");
        assert_eq!(KeyRow { created_at: 0, ..found }, key);
        assert_eq!(store.key_find("other").await.expect("looks"), None);
        assert!(store.key_revoke("shop").await.expect("revokes"));
        assert!(!store.key_revoke("shop").await.expect("answers"));
        assert_eq!(store.key_find("hash").await.expect("looks"), None);
        assert!(store.key_list().await.expect("lists")[0].revoked_at.is_some());
        store.counts_put("p1", "a 1").await.expect("keeps");
        store.counts_put("p1", "a 2").await.expect("keeps");
        let counts = store.counts_all().await.expect("reads");
        assert_eq!(counts, [("p1".to_owned(), "a 2".to_owned())]);
        store.check().await.expect("writes");
    });
}

#[test]
fn what_ended_processes_counted_is_put_together_once() {
    let folder = tempfile::tempdir().expect("folder");
    fn sum(texts: &[&str]) -> String {
        texts.iter().map(|text| text.parse::<u32>().expect("a number")).sum::<u32>().to_string()
    }
    block_on(async {
        let store = open(&folder).await;
        let put = async |process: &str, text: &str| {
            store.counts_put(process, text).await.expect("is kept");
        };
        let fold =
            async || store.counts_fold(Duration::from_millis(300), sum).await.expect("is folded");
        let is = async |expected: &[(&str, &str)]| {
            let all = store.counts_all().await.expect("reads");
            let all: Vec<(&str, &str)> =
                all.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
            assert_eq!(all, expected);
        };
        assert_eq!(fold().await, 0);
        put("w1", "3").await;
        put("w2", "4").await;
        tokio::time::sleep(Duration::from_millis(500)).await;
        put("w3", "5").await;
        assert_eq!(fold().await, 2);
        is(&[("ended", "7"), ("w3", "5")]).await;
        tokio::time::sleep(Duration::from_millis(500)).await;
        put("w4", "1").await;
        // Two concurrent folds count nothing twice.
        let (one, other) = tokio::join!(fold(), fold());
        assert_eq!(one + other, 1);
        is(&[("ended", "12"), ("w4", "1")]).await;
    });
}

#[test]
fn how_often_a_worker_may_be_lost_is_a_setting() {
    let folder = tempfile::tempdir().expect("folder");
    block_on(async {
        let store = open(&folder).await.with_most_attempts(7);
        submit(&store, "one").await;
        let moment = Duration::from_millis(1);
        for attempt in 1..=7 {
            let lease = store.task_claim("w", moment).await.expect("claims").expect("a task");
            assert_eq!(lease.attempts, attempt);
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        none_left(&store).await;
        assert_eq!(status(&store, "one").await, JobStatus::Failed);
    });
}
