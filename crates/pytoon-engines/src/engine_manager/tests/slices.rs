//! Tests of chain runs that must not wait: they pause, return a memo, and resume in another process.

use super::*;

/// Poll results of a task that stays in progress for longer than any test polls.
const SLOW: [Option<K>; 40] = [None; 40];

/// Runs one slice of a chain run in a separate process, with the memo parsed from its stored form.
async fn slice(
    bench: &Bench,
    engines: &[Arc<Scripted>],
    order: &SceneOrder,
    memo: &SceneMemo,
) -> Slice {
    let manager = bench.process(engines).await;
    let memo = serde_json::to_string(memo).expect("json");
    let memo = serde_json::from_str(&memo).expect("reads");
    let began = std::time::Instant::now();
    let slice = manager.draw(order, memo, None).await.expect("never an error");
    assert!(began.elapsed().as_millis() < 900, "a slice does not wait");
    slice
}

fn later(slice: Slice) -> (SceneMemo, u64) {
    match slice {
        Slice::Later { memo, wait } => (memo, wait.as_millis() as u64),
        Slice::Done(outcome) => panic!("it is done: {outcome:?}"),
    }
}

fn into_outcome(slice: Slice) -> SceneOutcome {
    match slice {
        Slice::Done(outcome) => outcome,
        Slice::Later { memo, .. } => panic!("it is not done: {memo:?}"),
    }
}

async fn place_order(bench: &Bench, engines: &[Arc<Scripted>]) -> SceneOrder {
    order(&bench.process(engines).await, "a quiet lake").await
}

fn results(outcome: &SceneOutcome) -> Vec<(&str, &str)> {
    outcome.attempts.iter().map(|a| (a.engine.as_str(), a.result.as_str())).collect()
}

#[test]
fn a_task_is_followed_over_slices_and_bought_once() {
    block_on(async {
        let bench = Bench::new();
        let engines = [Scripted::new("a", &[]).with_polls(&[None; 3])];
        let order = place_order(&bench, &engines).await;
        let mut memo = SceneMemo::default();
        for _ in 0..3 {
            let (next, wait) = later(slice(&bench, &engines, &order, &memo).await);
            assert_eq!((wait, engines[0].submits()), (20, 1), "the engine's own interval");
            memo = next;
            bench.later(1);
        }
        let outcome = into_outcome(slice(&bench, &engines, &order, &memo).await);
        assert_eq!(results(&outcome), [("a", "success")]);
        assert_eq!(outcome.attempts[0].latency_ms, 3000, "over all slices");
        assert!(!outcome.clip.as_ref().expect("a clip").reused, "the walk bought it itself");
        // Repeat the last slice, as if its end was not stored: the clip exists.
        let again = into_outcome(slice(&bench, &engines, &order, &memo).await);
        assert_eq!((engine_used(&again), engines[0].submits()), ("a", 1));
    });
}

#[test]
fn an_engine_that_was_stepped_down_from_is_not_tried_again() {
    block_on(async {
        let bench = Bench::new();
        let engines =
            [Scripted::new("a", &[K::Server]), Scripted::new("b", &[]).with_polls(&[None; 2])];
        let order = place_order(&bench, &engines).await;
        let (memo, _) = later(slice(&bench, &engines, &order, &SceneMemo::default()).await);
        assert_eq!(memo.stepped_down, ["a"]);
        // The breaker of the failed engine is closed and the engine would deliver now.
        bench.later(100);
        let (memo, _) = later(slice(&bench, &engines, &order, &memo).await);
        let outcome = into_outcome(slice(&bench, &engines, &order, &memo).await);
        assert_eq!(results(&outcome), [("a", "server"), ("b", "success")]);
        assert_eq!((engines[0].submits(), engines[1].submits()), (1, 1));
    });
}

#[test]
fn a_slice_repeated_with_an_old_memo_buys_nothing_twice() {
    block_on(async {
        let bench = Bench::new();
        let engines = [
            Scripted::new("a", &[]).with_polls(&[None, Some(K::Server)]),
            Scripted::new("b", &[]).with_polls(&SLOW[..4]),
        ];
        let order = place_order(&bench, &engines).await;
        let (first, _) = later(slice(&bench, &engines, &order, &SceneMemo::default()).await);
        // The task of `a` fails, `b` is paid, and the process dies before its memo is stored.
        let (lost, _) = later(slice(&bench, &engines, &order, &first).await);
        assert_eq!(lost.stepped_down, ["a"]);
        for old in [&first, &SceneMemo::default(), &first] {
            let (memo, _) = later(slice(&bench, &engines, &order, old).await);
            assert_eq!((engines[0].submits(), engines[1].submits()), (1, 1), "{memo:?}");
        }
        let outcome = into_outcome(slice(&bench, &engines, &order, &first).await);
        assert_eq!(
            (engine_used(&outcome), engines[0].submits(), engines[1].submits()),
            ("b", 1, 1)
        );
        let rows = bench.process(&engines).await.store().call_list(CallFilter::default()).await;
        assert_eq!(rows.expect("lists").len(), 2);
    });
}

#[test]
fn patience_with_a_task_is_measured_over_all_slices() {
    block_on(async {
        let bench = Bench::new();
        let engines = [Scripted::new("a", &[]).with_polls(&SLOW), Scripted::new("b", &[])];
        let order = place_order(&bench, &engines).await;
        let stall = block("http://127.0.0.1:9").stall_seconds as i64;
        let (memo, _) = later(slice(&bench, &engines, &order, &SceneMemo::default()).await);
        bench.later(stall - 1);
        let (memo, _) = later(slice(&bench, &engines, &order, &memo).await);
        bench.later(2);
        let outcome = into_outcome(slice(&bench, &engines, &order, &memo).await);
        assert_eq!(results(&outcome), [("a", "timeout"), ("b", "success")]);
        assert_eq!(engines[0].submits(), 1);
    });
}

#[test]
fn tasks_that_fail_are_counted_as_if_the_walk_had_waited() {
    block_on(async {
        let bench = Bench::new();
        let fails = [None, Some(K::Server)].repeat(20);
        let engines = [Scripted::new("a", &[]).with_polls(&fails)];
        let order = place_order(&bench, &engines).await;
        let mut memo = SceneMemo::default();
        let mut slices = 0;
        let outcome = loop {
            match slice(&bench, &engines, &order, &memo).await {
                Slice::Done(outcome) => break outcome,
                Slice::Later { memo: next, .. } => memo = next,
            }
            slices += 1;
            assert!(slices < 10, "it buys without end");
        };
        assert_eq!(results(&outcome), [("a", "server")]);
        assert_eq!(engines[0].submits(), 1, "its block allows one attempt");
        let row = bench.process(&engines).await.store().breaker_fetch("a").await.expect("reads");
        assert_eq!(row.failures, 1);
    });
}

#[test]
fn while_all_cool_the_slice_says_for_how_long() {
    block_on(async {
        let bench = Bench::new();
        let engines = [Scripted::new("a", &[K::Server, K::Server])];
        let manager = bench.process(&engines).await;
        for n in 0..2 {
            draw(&manager, &format!("scene {n}")).await;
        }
        let mut order = place_order(&bench, &engines).await;
        order.deadline = Some(bench.world.now() + 3_600_000);
        let (memo, wait) = later(slice(&bench, &engines, &order, &SceneMemo::default()).await);
        assert!((55_000..=60_000).contains(&wait), "{wait}");
        assert_eq!((memo.stepped_down.len(), memo.waited_ms), (0, wait));
        bench.later(61);
        let outcome = into_outcome(slice(&bench, &engines, &order, &memo).await);
        assert_eq!(results(&outcome), [("a", "cooling"), ("a", "success")]);
        assert_eq!(outcome.waited_ms, wait);
    });
}

#[test]
fn a_place_at_a_full_engine_is_waited_for_over_slices_and_not_for_ever() {
    block_on(async {
        let bench = Bench::new();
        let engine = Scripted::new("a", &[]).with_polls(&SLOW);
        let engines = std::slice::from_ref(&engine);
        let manager = bench.process(engines).await;
        let mut set = (*manager.engines()).clone();
        let narrow = EngineConfig { max_concurrent: 1, ..block("http://127.0.0.1:9") };
        let patience = narrow.timeout_seconds as i64;
        set.insert("a", narrow, engine.clone());
        *manager.in_force.write().expect("lock") = InForce::new(set);
        let mut other = order(&manager, "another").await;
        other.job_id = "other".into();
        later(manager.draw(&other, SceneMemo::default(), None).await.expect("no error"));
        let order = order(&manager, "a quiet lake").await;
        let mut memo = SceneMemo::default();
        for _ in 0..3 {
            let (next, wait) = later(manager.draw(&order, memo, None).await.expect("no error"));
            assert_eq!((wait, engine.submits()), (1000, 1));
            memo = next;
        }
        bench.later(patience + 1);
        // The other process still works on its task.
        let rows = manager.store().call_list(CallFilter::default()).await.expect("lists");
        manager.store().call_touch(&rows[0].id, bench.world.now() + 60_000).await.expect("holds");
        let outcome = into_outcome(manager.draw(&order, memo, None).await.expect("no error"));
        assert_eq!(results(&outcome), [("a", "rate_limited")]);
        assert_eq!(engine.submits(), 1);
    });
}

#[test]
fn another_jobs_purchase_of_the_same_clip_is_shared_and_so_is_another_scenes() {
    for (job, scene) in [("other", "scene_01"), ("job", "scene_02")] {
        block_on(async {
            let bench = Bench::new();
            let engines = [Scripted::new("a", &[]).with_polls(&[None; 2])];
            let order = place_order(&bench, &engines).await;
            let second = SceneOrder { job_id: job.into(), scene_id: scene.into(), ..order.clone() };
            let (memo, _) = later(slice(&bench, &engines, &order, &SceneMemo::default()).await);
            let (waiting, wait) =
                later(slice(&bench, &engines, &second, &SceneMemo::default()).await);
            assert_eq!((wait, engines[0].submits()), (1000, 1));
            let (memo, _) = later(slice(&bench, &engines, &order, &memo).await);
            let first = into_outcome(slice(&bench, &engines, &order, &memo).await);
            let shared = into_outcome(slice(&bench, &engines, &second, &waiting).await);
            assert_eq!(first.clip.as_ref().map(|c| &c.path), shared.clip.as_ref().map(|c| &c.path));
            assert!(shared.clip.is_some_and(|clip| clip.reused));
            assert_eq!(engines[0].submits(), 1);
        });
    }
}

#[test]
fn a_prompt_that_was_rephrased_stays_so() {
    block_on(async {
        let bench = Bench::new();
        let engines = [Scripted::new("a", &[K::Moderation]).with_polls(&[None; 2])];
        let manager = bench.process(&engines).await;
        let order = order(&manager, "A fight at night").await;
        let mut memo = SceneMemo::default();
        for _ in 0..2 {
            (memo, _) = later(slice(&bench, &engines, &order, &memo).await);
        }
        let outcome = into_outcome(slice(&bench, &engines, &order, &memo).await);
        assert_eq!(results(&outcome), [("a", "success")]);
        assert_eq!(engines[0].submits(), 2, "refused once, taken once");
    });
}
