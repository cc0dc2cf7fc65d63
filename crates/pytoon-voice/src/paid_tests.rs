//! Tests of paid takes with the real ledger.

use super::*;
use crate::tts::take::Take;
use pytoon_process::CancelToken;
use pytoon_records::job::NewTask;
use pytoon_records::job::queue::TaskQueue;
use pytoon_records::job::store::{JobStore, NewJob};
use pytoon_records::ledger::{NewCall, PurchaseStore};
use pytoon_store::SqliteStore;
use pytoon_vendor::world::World;
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};

#[derive(Debug, Default)]
struct Clock(AtomicI64);

impl World for Clock {
    fn now(&self) -> i64 {
        self.0.fetch_add(1, Ordering::Relaxed)
    }

    fn new_id(&self) -> String {
        format!("call-{}", self.now())
    }

    fn chance(&self) -> f64 {
        0.0
    }
}

struct Bench {
    folder: tempfile::TempDir,
    store: Arc<dyn PurchaseStore>,
    world: Arc<Clock>,
    bought: AtomicUsize,
    backoff: Backoff,
    fence: std::sync::Mutex<Option<Fence>>,
}

impl Bench {
    async fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let store = SqliteStore::open(&folder.path().join("ledger.db")).await.expect("opens");
        Self {
            folder,
            store: Arc::new(store),
            world: Arc::default(),
            bought: AtomicUsize::new(0),
            backoff: Backoff { initial_ms: 1, max_ms: 5, attempts: 3 },
            fence: std::sync::Mutex::default(),
        }
    }

    /// Buys a take as a job. `answer` is the vendor's response to each call.
    async fn take(
        &self,
        job: &str,
        answer: impl Fn() -> Result<Take, VendorError> + Sync,
    ) -> Result<Take, VendorError> {
        let work = PaidWork {
            buyer: Arc::new(Buyer::new(
                self.store.clone(),
                self.world.clone(),
                self.folder.path().to_owned().into(),
                CancelToken::default(),
            )),
            job_id: job.into(),
            caller: None,
            fence: self.fence.lock().expect("lock").clone(),
            limits: CallLimits::default(),
        };
        let buy = || async {
            self.bought.fetch_add(1, Ordering::Relaxed);
            answer()
        };
        work.buy(&self.order(), &buy).await
    }

    /// Claims the first task of a job.
    async fn claim(&self) -> Fence {
        let store = SqliteStore::open(&self.folder.path().join("ledger.db")).await.expect("opens");
        let job = NewJob {
            id: "one".into(),
            key_id: "k".to_owned(),
            brief: serde_json::Value::Null,
            client_data: None,
            webhook: None,
            tasks: NewTask::first(),
            idempotency: None,
        };
        store.job_submit(job, 10).await.expect("submits");
        let lease = store.task_claim("w", Duration::from_secs(60)).await.expect("claims");
        let lease = lease.expect("there is a task");
        Fence { task_id: lease.task_id, token: lease.token, unanswered_ms: 60_000 }
    }

    fn order(&self) -> PaidCall<'_> {
        PaidCall {
            provider: "openai",
            operation: "speak",
            hash: "h".to_owned(),
            text: "a word",
            key_id: "k",
            estimated: MicroUsd(5),
            timeout: Duration::from_millis(50),
            backoff: &self.backoff,
        }
    }

    fn purchase_count(&self) -> usize {
        self.bought.load(Ordering::Relaxed)
    }
}

fn take() -> Take {
    Take { rate: 24_000, pcm: vec![1, 2, 3], marks: Vec::new() }
}

fn failure(kind: VendorErrorKind, accepted: Accepted) -> VendorError {
    VendorError::new("openai", "speak", kind, "no").with_accepted(accepted)
}

/// Writes the ledger row of a process that died before it stored its take.
async fn leave_a_row(bench: &Bench, lease_until: i64) {
    let call = NewCall {
        id: "dead".into(),
        job_id: "one".into(),
        scene_id: SCENE.into(),
        engine: "openai".to_owned(),
        request_hash: "h".to_owned(),
        prompt: "a word".to_owned(),
        pinned: serde_json::Value::Null,
        key_id: "k".to_owned(),
        caller: None,
        estimated: MicroUsd(5),
        at: bench.world.now(),
        lease_until,
        fence: None,
    };
    bench.store.call_admit(call, CallLimits::default()).await.expect("admitted");
}

#[tokio::test]
async fn a_take_is_bought_once_by_all_jobs() {
    let bench = Bench::new().await;
    for job in ["one", "two"] {
        assert_eq!(bench.take(job, || Ok(take())).await.expect("a take"), take());
    }
    assert_eq!(bench.purchase_count(), 1);
    let spent = bench.store.spend_of_job(&"one".into()).await.expect("a sum");
    assert_eq!(spent, MicroUsd(5));
}

#[tokio::test]
async fn what_may_have_been_bought_is_bought_again_by_another_job_only() {
    let bench = Bench::new().await;
    let silence = || Err(failure(VendorErrorKind::Timeout, Accepted::Maybe));
    let first = bench.take("one", silence).await.expect_err("silence");
    assert_eq!((first.kind, bench.purchase_count()), (VendorErrorKind::Timeout, 1));
    let again = bench.take("one", || Ok(take())).await.expect_err("not again");
    assert_eq!((again.kind, bench.purchase_count()), (VendorErrorKind::Undecided, 1));
    bench.take("two", || Ok(take())).await.expect("a take");
    assert_eq!(bench.purchase_count(), 2);
    // A possible purchase is charged.
    assert_eq!(bench.store.spend_of_job(&"one".into()).await.expect("a sum"), MicroUsd(5));
}

#[tokio::test]
async fn what_surely_bought_nothing_is_repeated_and_free() {
    let bench = Bench::new().await;
    let busy = || Err(failure(VendorErrorKind::RateLimited, Accepted::No));
    bench.take("one", busy).await.expect_err("busy");
    assert_eq!(bench.purchase_count(), 3);
    assert_eq!(bench.store.spend_of_job(&"one".into()).await.expect("a sum"), MicroUsd::ZERO);
}

#[tokio::test]
async fn refused_words_are_not_sent_again() {
    let bench = Bench::new().await;
    let refused = || Err(failure(VendorErrorKind::Moderation, Accepted::No));
    bench.take("one", refused).await.expect_err("refused");
    let again = bench.take("two", || Ok(take())).await.expect_err("refused");
    assert_eq!((again.kind, bench.purchase_count()), (VendorErrorKind::Moderation, 1));
}

#[tokio::test]
async fn a_take_whose_process_died_before_its_row_is_adopted() {
    let bench = Bench::new().await;
    // The row is written and the file exists, as a kill between the two leaves them.
    leave_a_row(&bench, i64::MAX).await;
    std::fs::create_dir(bench.folder.path().join(Take::FOLDER)).expect("a folder");
    std::fs::write(bench.folder.path().join(file_of::<Take>("h")), take().to_bytes())
        .expect("a file");
    let found = bench.take("one", || Err(failure(VendorErrorKind::Server, Accepted::No))).await;
    assert_eq!((found.expect("adopted"), bench.purchase_count()), (take(), 0));
}

#[tokio::test]
async fn a_take_that_the_disk_cannot_give_is_not_bought_again() {
    let bench = Bench::new().await;
    leave_a_row(&bench, 0).await;
    // The file exists, and reading it fails.
    std::fs::create_dir_all(bench.folder.path().join(file_of::<Take>("h"))).expect("a folder");
    let error = bench.take("two", || Ok(take())).await.expect_err("not known is not unbought");
    assert_eq!((error.kind, bench.purchase_count()), (VendorErrorKind::Ledger, 0));
    assert!(error.message.contains(&file_of::<Take>("h")), "{}", error.message);
}

#[tokio::test]
async fn a_lost_claim_buys_no_take() {
    let bench = Bench::new().await;
    let lost = Fence { task_id: "task-of-another-worker".into(), token: 1, unanswered_ms: 60_000 };
    *bench.fence.lock().expect("lock") = Some(lost);
    let error = bench.take("one", || Ok(take())).await.expect_err("it belongs to another call");
    assert_eq!((error.kind, bench.purchase_count()), (VendorErrorKind::Ledger, 0));
}

#[tokio::test]
async fn under_a_claim_another_worker_may_still_have_the_answer() {
    let bench = Bench::new().await;
    leave_a_row(&bench, bench.world.now() + 12).await;
    *bench.fence.lock().expect("lock") = Some(bench.claim().await);
    // The row's lease holds: the call waits for its end, and then nobody buys the same within this job.
    let begun = bench.world.now();
    let error = bench.take("one", || Ok(take())).await.expect_err("it may have been bought");
    assert_eq!((error.kind, bench.purchase_count()), (VendorErrorKind::Undecided, 0));
    assert!(bench.world.now() - begun >= 11, "it was not waited for");
}
