//! Tests of workers that sleep, lose the connection to the ledger, or lose their task to another worker: nothing is
//! purchased twice, and every purchase is used.

use super::*;
use pytoon_records::ledger::{
    Admission, CallChange, CallEvent, CallLimits, CallRow, Fence, History, KeptClip, NewCall,
};
use std::collections::BTreeMap;

/// A ledger whose operations fail a given number of times, in a process that sleeps while a call is admitted.
#[derive(Debug)]
struct Away {
    ledger: SqliteStore,
    fails: Mutex<BTreeMap<&'static str, u64>>,
    world: Arc<Hand>,
    sleeps_ms: AtomicI64,
}

impl Away {
    fn answer<'a, T: Send + 'a>(
        &'a self,
        asked: &'static str,
        answer: StoreFuture<'a, T>,
    ) -> StoreFuture<'a, T> {
        let mut fails = self.fails.lock().expect("lock");
        match fails.get_mut(asked).filter(|left| **left > 0) {
            Some(left) => {
                *left -= 1;
                let reason = "the line is cut".to_owned();
                Box::pin(async { Err(StoreError::Database { operation: "be asked", reason }) })
            }
            None => answer,
        }
    }
}

impl PurchaseStore for Away {
    fn breaker_list(&self) -> StoreFuture<'_, Vec<(String, BreakerRow)>> {
        self.ledger.breaker_list()
    }
    fn breaker_fetch(&self, engine: &str) -> StoreFuture<'_, BreakerRow> {
        self.ledger.breaker_fetch(engine)
    }
    fn breaker_swap(&self, of: &str, old: BreakerRow, new: BreakerRow) -> StoreFuture<'_, bool> {
        self.ledger.breaker_swap(of, old, new)
    }
    fn history(&self, job: &JobId, scene: &SceneId, of: Vec<String>) -> StoreFuture<'_, History> {
        self.answer("history", self.ledger.history(job, scene, of))
    }
    fn call_admit(&self, call: NewCall, limits: CallLimits) -> StoreFuture<'_, Admission> {
        let admitted = self.ledger.call_admit(call, limits);
        self.world.ms.fetch_add(self.sleeps_ms.swap(0, Ordering::SeqCst), Ordering::SeqCst);
        self.answer("admit", admitted)
    }
    fn call_advance(
        &self,
        id: &CallId,
        event: CallEvent,
        change: CallChange,
        at: UnixMs,
    ) -> StoreFuture<'_, CallState> {
        self.answer("advance", self.ledger.call_advance(id, event, change, at))
    }
    fn call_touch(&self, id: &CallId, lease_until: UnixMs) -> StoreFuture<'_, ()> {
        self.ledger.call_touch(id, lease_until)
    }
    fn call_claim(&self, id: &CallId, at: UnixMs, lease_until: UnixMs) -> StoreFuture<'_, bool> {
        self.ledger.call_claim(id, at, lease_until)
    }
    fn call_fetch(&self, id: &CallId) -> StoreFuture<'_, Option<CallRow>> {
        self.ledger.call_fetch(id)
    }
    fn call_list(&self, filter: CallFilter) -> StoreFuture<'_, Vec<CallRow>> {
        self.ledger.call_list(filter)
    }
    fn spend_since(&self, since: UnixMs) -> StoreFuture<'_, Vec<(String, MicroUsd)>> {
        self.ledger.spend_since(since)
    }
    fn spend_of_job(&self, job_id: &JobId) -> StoreFuture<'_, MicroUsd> {
        self.ledger.spend_of_job(job_id)
    }
    fn clip_keep(&self, clip: KeptClip, change: CallChange) -> StoreFuture<'_, ()> {
        self.answer("keep", self.ledger.clip_keep(clip, change))
    }
    fn clip_find(&self, request_hash: &str) -> StoreFuture<'_, Option<KeptClip>> {
        self.ledger.clip_find(request_hash)
    }
    fn clip_forget(&self, request_hash: &str) -> StoreFuture<'_, ()> {
        self.ledger.clip_forget(request_hash)
    }
}

/// A test bench with two engines that deliver, and a scene that requests a clip of the first. Queries of its
/// processes to the ledger can fail.
struct Line {
    bench: Bench,
    engines: [Arc<Scripted>; 2],
    order: SceneOrder,
}

impl Line {
    async fn new() -> Self {
        let bench = Bench::new();
        let engines = [Scripted::new("a", &[]), Scripted::new("b", &[])];
        let order = order(&bench.process(&engines).await, "a quiet lake").await;
        Self { bench, engines, order }
    }

    /// Creates a process in which the ledger operations in `fails` fail the given number of times. The process sleeps
    /// for `sleeps_ms` while its first call is admitted.
    async fn process(&self, fails: &[(&'static str, u64)], sleeps_ms: i64) -> EngineManager {
        let mut manager = self.bench.process(&self.engines).await;
        let file = self.bench.folder.path().join("pytoon.db");
        manager.buyer.ledger = Arc::new(Away {
            ledger: SqliteStore::open(&file).await.expect("opens"),
            fails: Mutex::new(fails.iter().copied().collect()),
            world: self.bench.world.clone(),
            sleeps_ms: AtomicI64::new(sleeps_ms),
        });
        manager
    }

    /// Runs slices of a chain run to its end. Also returns the number of pauses.
    async fn to_the_end(&self, manager: &EngineManager) -> (SceneOutcome, u32) {
        let (mut memo, mut waits) = (SceneMemo::default(), 0);
        loop {
            match manager.draw(&self.order, memo, None).await.expect("never an error") {
                Slice::Done(outcome) => return (outcome, waits),
                Slice::Later { memo: next, .. } => memo = next,
            }
            waits += 1;
            assert!(waits < 20, "it waits without end");
        }
    }

    fn submits(&self) -> [u64; 2] {
        [self.engines[0].submits(), self.engines[1].submits()]
    }

    async fn states(&self) -> Vec<CallState> {
        let manager = self.bench.process(&self.engines).await;
        let rows = manager.store().call_list(CallFilter::default()).await.expect("lists");
        rows.iter().map(|row| row.state).collect()
    }
}

#[test]
fn without_the_ledger_no_other_engine_is_paid() {
    block_on(async {
        for asked in ["history", "admit", "keep"] {
            let line = Line::new().await;
            let manager = line.process(&[(asked, 3)], 0).await;
            let (outcome, waits) = line.to_the_end(&manager).await;
            assert_eq!((engine_used(&outcome), waits), ("a", 3), "{asked}");
            assert_eq!(line.submits(), [1, 0], "{asked}");
        }
    });
}

#[test]
fn a_ledger_that_stays_away_leaves_the_scene_to_local() {
    block_on(async {
        let line = Line::new().await;
        let manager = line.process(&[("keep", 99)], 0).await;
        let slice = manager.draw(&line.order, SceneMemo::default(), None).await;
        let Slice::Later { memo, .. } = slice.expect("never an error") else { panic!("it waits") };
        line.bench.later(LEDGER_PATIENCE_MS / 1000 + 1);
        let slice = manager.draw(&line.order, memo, None).await.expect("never an error");
        let Slice::Done(outcome) = slice else { panic!("it has waited long enough") };
        let last = outcome.attempts.last().expect("an attempt");
        assert_eq!((engine_used(&outcome), last.result.as_str()), ("local", "ledger"));
        assert_eq!(line.submits(), [1, 0]);
        // The clip is available for later requests.
        assert_eq!(line.states().await, [CallState::Submitted]);
        assert_eq!(
            engine_used(&draw(&line.bench.process(&line.engines).await, "a quiet lake").await),
            "a"
        );
        assert_eq!(line.submits(), [1, 0]);
    });
}

#[test]
fn what_was_just_bought_is_written_down_though_it_takes_a_while() {
    block_on(async {
        let line = Line::new().await;
        let manager = line.process(&[("advance", 1)], 0).await;
        let (outcome, _) = line.to_the_end(&manager).await;
        assert_eq!((engine_used(&outcome), line.submits()), ("a", [1, 0]));
        assert_eq!(line.states().await, [CallState::Kept]);
    });
}

/// A checker that lets another process store the same clip during the check.
#[derive(Debug)]
struct OtherIsFaster {
    other: EngineManager,
    order: SceneOrder,
    is_done: std::sync::atomic::AtomicBool,
}

impl ClipChecker for OtherIsFaster {
    fn check(&self, path: PathBuf, w: Expectation) -> StoreFuture<'_, Verdict> {
        Box::pin(async move {
            if !self.is_done.swap(true, Ordering::SeqCst) {
                let drawn = self.other.draw(&self.order, SceneMemo::default(), None).await;
                assert!(matches!(drawn, Ok(Slice::Done(_))), "{drawn:?}");
            }
            AnyClip.check(path, w).await
        })
    }
}

#[test]
fn of_two_that_follow_one_task_the_slower_uses_the_fasters_clip() {
    block_on(async {
        let line = Line::new().await;
        let mut slept = line.bench.process(&line.engines).await;
        slept.checker = Arc::new(OtherIsFaster {
            other: line.bench.process(&line.engines).await,
            order: line.order.clone(),
            is_done: false.into(),
        });
        let (outcome, _) = line.to_the_end(&slept).await;
        assert_eq!((engine_used(&outcome), line.submits()), ("a", [1, 0]));
        assert!(outcome.clip.expect("a clip").reused);
        assert_eq!(line.states().await, [CallState::Kept]);
    });
}

#[test]
fn a_lost_claim_buys_nothing() {
    block_on(async {
        let line = Line::new().await;
        let manager = line.bench.process(&line.engines).await;
        let fence = Fence { task_id: "another's by now".into(), token: 1, unanswered_ms: 60_000 };
        let slice = manager.draw(&line.order, SceneMemo::default(), Some(fence)).await;
        assert!(matches!(slice, Ok(Slice::Later { .. })), "{slice:?}");
        assert_eq!((line.submits(), line.states().await), ([0, 0], vec![]));
    });
}

#[test]
fn who_slept_between_the_row_and_the_call_does_not_call() {
    block_on(async {
        let line = Line::new().await;
        let manager = line.process(&[], 20_000).await;
        let slice = manager.draw(&line.order, SceneMemo::default(), None).await;
        let Slice::Later { memo, .. } = slice.expect("never an error") else { panic!("it waits") };
        assert_eq!((line.submits(), line.states().await), ([0, 0], vec![CallState::NotSent]));
        let slice = manager.draw(&line.order, memo, None).await.expect("never an error");
        let Slice::Done(outcome) = slice else { panic!("nothing is in its way") };
        assert_eq!((engine_used(&outcome), line.submits()), ("a", [1, 0]));
    });
}

/// Simulates a worker that vanishes before it gets a reply to its call.
async fn vanishes(line: &Line) {
    line.engines[0].hangs.store(1, Ordering::SeqCst);
    let manager = line.bench.process(&line.engines).await;
    let walk = manager.draw(&line.order, SceneMemo::default(), None);
    let called = async {
        while line.engines[0].submits() == 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::select! {
        slice = walk => panic!("it hangs: {slice:?}"),
        () = called => {}
    }
}

#[test]
fn a_call_whose_answer_another_may_have_is_waited_for() {
    block_on(async {
        let line = Line::new().await;
        vanishes(&line).await;
        let manager = line.bench.process(&line.engines).await;
        for _ in 0..3 {
            let slice = manager.draw(&line.order, SceneMemo::default(), None).await;
            assert!(matches!(slice, Ok(Slice::Later { .. })), "{slice:?}");
            line.bench.later(15);
        }
        assert_eq!((line.submits(), line.states().await), ([1, 0], vec![CallState::Intent]));
        // It records its purchase once the connection is back.
        let row = &manager.store().call_list(CallFilter::default()).await.expect("lists")[0];
        let task = Task { id: "late".into(), data: serde_json::Value::Null };
        manager.buyer.note_task(row, &task).await.expect("is written");
        let (outcome, _) = line.to_the_end(&manager).await;
        assert_eq!((engine_used(&outcome), line.submits()), ("a", [1, 0]));
    });
}

#[test]
fn a_missing_answer_times_out_and_a_late_one_is_recorded() {
    block_on(async {
        let line = Line::new().await;
        vanishes(&line).await;
        line.bench.later(61);
        let manager = line.bench.process(&line.engines).await;
        let (outcome, _) = line.to_the_end(&manager).await;
        assert_eq!((engine_used(&outcome), line.submits()), ("b", [1, 1]));
        let filter = CallFilter { states: vec![CallState::Unknown], ..CallFilter::default() };
        let rows = manager.store().call_list(filter).await.expect("lists");
        let task = Task { id: "late".into(), data: serde_json::Value::Null };
        manager.buyer.note_task(&rows[0], &task).await.expect("is written");
        let row = manager.store().call_fetch(&rows[0].id).await.expect("reads").expect("a row");
        assert_eq!((row.state, row.task.is_some()), (CallState::Submitted, true));
    });
}
