//! Tests of chain runs over scripted engines and a real ledger. Some tests reproduce known faults of routers for
//! language models: cooldowns that one process forgets, an error when all engines cool down, quota errors that never
//! cool down, one failure that disables an engine for ever, and a reload that forgets cooldowns.

mod bench;
mod broken_breakers;
mod cut_off;
mod slices;
mod testing;

use super::*;
use crate::adapter::Task;
use crate::clip_check::{Expectation, Verdict};
use crate::{Accepted, VendorErrorKind as K};
use bench::{Bench, block, block_on, draw, draw_to_end, engine_used, order, to_the_end};
use pytoon_config::engines::EngineConfig;
use pytoon_config::secrets::Secrets;
use pytoon_config::{Config, ConfigSource};
use pytoon_records::ledger::{CallFilter, CallState, StoreError, StoreFuture};
use pytoon_store::SqliteStore;
use std::sync::Mutex;
use std::sync::atomic::{AtomicI64, Ordering};
use testing::{AnyClip, Hand, Scripted, flagging_service};

#[test]
fn a_breaker_is_shared_by_all_processes_and_survives_restarts() {
    block_on(async {
        let bench = Bench::new();
        let sick = Scripted::new("a", &[K::Server; 9]);
        let well = Scripted::new("b", &[]);
        let first = bench.process(&[sick.clone(), well.clone()]).await;
        for n in 0..2 {
            assert_eq!(engine_used(&draw(&first, &format!("scene {n}")).await), "b");
        }
        assert_eq!(sick.submits(), 2);
        drop(first);
        let second = bench.process(&[sick.clone(), well.clone()]).await;
        let outcome = draw(&second, "another").await;
        assert_eq!(engine_used(&outcome), "b");
        assert_eq!(outcome.attempts[0].result, "cooling");
        assert_eq!(sick.submits(), 2, "a cooling engine is not called, by nobody");
    });
}

#[test]
fn a_clip_that_finds_no_room_is_waited_for_and_no_other_engine_is_paid() {
    block_on(async {
        let bench = Bench::new();
        let (bought, other) = (Scripted::new("a", &[]), Scripted::new("b", &[]));
        bought.full.store(2, Ordering::SeqCst);
        let manager = bench.process(&[bought.clone(), other.clone()]).await;
        assert_eq!(engine_used(&draw(&manager, "a cup").await), "a");
        assert_eq!((bought.submits(), other.submits()), (1, 0));
    });
}

#[test]
fn where_all_cool_the_scene_is_local_and_never_an_error() {
    block_on(async {
        let bench = Bench::new();
        let engines = [Scripted::new("a", &[K::Auth]), Scripted::new("b", &[K::Quota])];
        let manager = bench.process(&engines).await;
        assert_eq!(engine_used(&draw(&manager, "one").await), "local");
        let outcome = draw(&manager, "two").await;
        assert_eq!(engine_used(&outcome), "local");
        assert!(outcome.attempts.iter().all(|a| a.result == "cooling"), "{outcome:?}");
        assert_eq!(outcome.waited_ms, 0, "no deadline means never wait");
    });
}

#[test]
fn where_all_cool_and_the_deadline_allows_it_waits() {
    block_on(async {
        let bench = Bench::new();
        let engine = Scripted::new("a", &[K::Server, K::Server]);
        let manager = Arc::new(bench.process(std::slice::from_ref(&engine)).await);
        for n in 0..2 {
            draw(&manager, &format!("scene {n}")).await;
        }
        let mut order = order(&manager, "patient").await;
        order.deadline = Some(bench.world.now() + 3_600_000);
        let waiting = {
            let manager = manager.clone();
            tokio::spawn(async move { draw_to_end(&manager, &order).await })
        };
        // The real pause is a minute; the clock is moved, and the breaker with it.
        tokio::time::sleep(std::time::Duration::from_millis(200)).await;
        assert!(!waiting.is_finished(), "it waits");
        assert_eq!(engine.submits(), 2);
        waiting.abort();
        // Past its deadline, it does not wait.
        let mut late = super::tests::order(&manager, "late").await;
        late.deadline = Some(bench.world.now() - 1);
        assert_eq!(engine_used(&draw_to_end(&manager, &late).await), "local");
    });
}

#[test]
fn past_its_deadline_a_job_buys_nothing() {
    block_on(async {
        let bench = Bench::new();
        let engine = Scripted::new("a", &[]);
        let manager = bench.process(std::slice::from_ref(&engine)).await;
        let mut late = order(&manager, "late").await;
        late.deadline = Some(bench.world.now());
        let outcome = draw_to_end(&manager, &late).await;
        assert_eq!(
            (engine_used(&outcome), outcome.attempts[0].result.as_str()),
            ("local", "deadline")
        );
        assert_eq!(engine.submits(), 0);
    });
}

#[test]
fn an_engines_minute_is_not_waited_for_past_the_deadline() {
    block_on(async {
        let bench = Bench::new();
        let engine = Scripted::new("a", &[]);
        let manager = bench.process(std::slice::from_ref(&engine)).await;
        let mut set = (*manager.engines()).clone();
        let slow = EngineConfig { requests_per_minute: Some(1), ..block("http://127.0.0.1:9") };
        set.insert("a", slow, engine.clone());
        *manager.in_force.write().expect("lock") = InForce::new(set);
        assert_eq!(engine_used(&draw(&manager, "one").await), "a");
        let mut hurried = order(&manager, "two").await;
        hurried.deadline = Some(bench.world.now() + 5_000);
        let waited = std::time::Duration::from_secs(10);
        let outcome = tokio::time::timeout(waited, draw_to_end(&manager, &hurried)).await;
        let outcome = outcome.expect("it does not wait");
        assert_eq!(
            (engine_used(&outcome), outcome.attempts[0].result.as_str()),
            ("local", "deadline")
        );
        assert_eq!(engine.submits(), 1);
    });
}

#[test]
fn a_moderation_service_that_is_switched_on_later_is_asked() {
    block_on(async {
        let bench = Bench::new();
        let folder = bench.folder.path();
        std::fs::write(folder.join(".env"), "OPENAI_API_KEY=oakey-4b6d8f0a2c1e3957\n")
            .expect("writes");
        std::fs::write(folder.join("engine.yaml"), "v2: {}\n").expect("writes");
        let config = Config::load(&ConfigSource::Folder(folder.to_owned())).expect("loads");
        let secrets = Secrets::load(&folder.join(".env")).expect("loads");
        let engine = Scripted::new("a", &[]);
        let manager = bench.process(std::slice::from_ref(&engine)).await;
        let asked = Arc::default();
        let reloader = Reloader::new(config, secrets, Arc::clone(&asked));
        let manager = EngineManager { reloader: Some(reloader), ..manager };
        let order = order(&manager, "a quiet lake").await;
        let (url, answering) = flagging_service();
        let service =
            format!("v2: {{moderation: {{service: {{enabled: true, base_url: \"{url}\"}}}}}}\n");
        std::fs::write(folder.join("engine.yaml"), service).expect("writes");
        asked.store(true, Ordering::SeqCst);
        let outcome = draw_to_end(&manager, &order).await;
        assert_eq!(
            (engine_used(&outcome), outcome.attempts[0].result.as_str()),
            ("local", "moderation")
        );
        assert!(answering.join().expect("ends").contains("/v1/moderations"));
        assert_eq!(engine.submits(), 0);
    });
}

#[test]
fn quota_and_key_errors_cool_at_once_and_long() {
    for kind in [K::Quota, K::Auth] {
        block_on(async {
            let bench = Bench::new();
            let engine = Scripted::new("a", &[kind]);
            let manager = bench.process(std::slice::from_ref(&engine)).await;
            draw(&manager, "one").await;
            bench.later(3_500);
            draw(&manager, "two").await;
            assert_eq!(engine.submits(), 1, "{kind}");
            bench.later(200);
            assert_eq!(engine_used(&draw(&manager, "three").await), "a");
        });
    }
}

#[test]
fn one_failure_never_disables_for_ever() {
    block_on(async {
        let bench = Bench::new();
        let engine = Scripted::new("a", &[K::Server; 5]);
        let manager = bench.process(std::slice::from_ref(&engine)).await;
        let mut drawn = Vec::new();
        for n in 0..12 {
            drawn.push(engine_used(&draw(&manager, &format!("scene {n}")).await).to_owned());
            bench.later(121);
        }
        assert_eq!(engine.submits(), 12, "after each pause one call tries");
        assert!(drawn[5..].iter().all(|engine| engine == "a"), "{drawn:?}");
    });
}

#[test]
fn a_reload_keeps_cooldowns_and_takes_engines_out() {
    block_on(async {
        let bench = Bench::new();
        let engine = Scripted::new("a", &[K::Auth]);
        let manager = bench.process(std::slice::from_ref(&engine)).await;
        draw(&manager, "one").await;
        // As a reload does: the whole set is replaced.
        let mut set = (*manager.engines()).clone();
        set.insert("a", block("http://127.0.0.1:10"), engine.clone());
        *manager.in_force.write().expect("lock") = InForce::new(set.clone());
        assert_eq!(draw(&manager, "two").await.attempts[0].result, "cooling");
        assert_eq!(engine.submits(), 1);
        bench.later(4000);
        let mut off = block("http://127.0.0.1:10");
        off.enabled = false;
        let asked = order(&manager, "three").await;
        set.insert("a", off, engine.clone());
        *manager.in_force.write().expect("lock") = InForce::new(set);
        let outcome = draw_to_end(&manager, &asked).await;
        assert_eq!(engine_used(&outcome), "local");
        assert!(outcome.attempts[0].reason.contains("was disabled after"), "{outcome:?}");
    });
}

#[test]
fn a_call_without_an_answer_is_not_made_again_by_anybody() {
    block_on(async {
        let bench = Bench::new();
        let engine = Scripted::with("a", &[K::Timeout], Accepted::Maybe);
        let manager = bench.process(std::slice::from_ref(&engine)).await;
        assert_eq!(engine_used(&draw(&manager, "one").await), "local");
        bench.later(10_000);
        let next = bench.process(std::slice::from_ref(&engine)).await;
        let outcome = draw(&next, "one").await;
        assert_eq!(outcome.attempts[0].result, "undecided");
        assert_eq!(engine.submits(), 1);
        let unknown = CallFilter { states: vec![CallState::Unknown], ..CallFilter::default() };
        let rows = next.store().call_list(unknown).await.expect("lists");
        assert_eq!(rows.len(), 1);
        // It counts against the budget as long as the outcome is unknown.
        assert_eq!(rows[0].charged, MicroUsd::from_usd(0.25));
    });
}

#[test]
fn a_refused_prompt_is_rephrased_once_and_never_sent_again() {
    block_on(async {
        let bench = Bench::new();
        let engine = Scripted::new("a", &[K::Moderation, K::Moderation, K::Moderation]);
        let manager = bench.process(std::slice::from_ref(&engine)).await;
        assert_eq!(engine_used(&draw(&manager, "A fight at night").await), "local");
        assert_eq!(engine_used(&draw(&manager, "A fight at night").await), "local");
        let prompts = engine.prompts.lock().expect("lock").clone();
        let mut distinct = prompts.clone();
        distinct.sort();
        distinct.dedup();
        assert_eq!(prompts.len(), distinct.len(), "sent unchanged: {prompts:?}");
        assert_eq!(prompts.len(), 2);
    });
}

#[test]
fn two_scenes_that_want_the_same_buy_it_once() {
    block_on(async {
        let bench = Bench::new();
        let engine = Scripted::new("a", &[]);
        let manager = Arc::new(bench.process(std::slice::from_ref(&engine)).await);
        let mut running = tokio::task::JoinSet::new();
        for n in 0..5 {
            let mut order = order(&manager, "the same").await;
            order.scene_id = format!("scene_{n:02}").into();
            let manager = manager.clone();
            running.spawn(async move { to_the_end(&manager, &order).await });
        }
        while let Some(outcome) = running.join_next().await {
            assert_eq!(engine_used(&outcome.expect("runs")), "a");
        }
        assert_eq!(engine.submits(), 1);
    });
}

#[test]
fn two_processes_that_want_the_same_buy_it_once() {
    block_on(async {
        let bench = Bench::new();
        let engine = Scripted::new("a", &[]);
        let processes = [
            Arc::new(bench.process(std::slice::from_ref(&engine)).await),
            Arc::new(bench.process(std::slice::from_ref(&engine)).await),
        ];
        let mut running = tokio::task::JoinSet::new();
        for n in 0..12 {
            let manager = processes[n % 2].clone();
            let mut order = order(&manager, &format!("clip {}", n / 4)).await;
            order.job_id = format!("job {n}").into();
            running.spawn(async move { to_the_end(&manager, &order).await });
        }
        while let Some(outcome) = running.join_next().await {
            assert_eq!(engine_used(&outcome.expect("runs")), "a");
        }
        assert_eq!(engine.submits(), 3);
    });
}

#[test]
fn what_another_engine_delivered_is_used_before_the_first_is_paid() {
    block_on(async {
        let bench = Bench::new();
        let first = Scripted::new("a", &[K::Server]);
        let second = Scripted::new("b", &[]);
        let manager = bench.process(&[first.clone(), second.clone()]).await;
        assert_eq!(engine_used(&draw(&manager, "one").await), "b");
        let again = draw(&manager, "one").await;
        assert_eq!(engine_used(&again), "b");
        assert!(again.clip.is_some_and(|clip| clip.reused));
        assert_eq!((first.submits(), second.submits()), (1, 1));
    });
}

#[test]
fn a_kept_clip_that_cannot_be_read_is_not_bought_again() {
    block_on(async {
        let bench = Bench::new();
        let engine = Scripted::new("a", &[]);
        let manager = bench.process(std::slice::from_ref(&engine)).await;
        assert_eq!(engine_used(&draw(&manager, "one").await), "a");
        let clips = bench.folder.path().join("clips");
        std::fs::rename(&clips, bench.folder.path().join("away")).expect("renames");
        std::fs::write(&clips, b"no folder").expect("writes");
        let drawn = draw(&manager, "one");
        let time_passes = async {
            tokio::time::sleep(Duration::from_millis(100)).await;
            bench.later(LEDGER_PATIENCE_MS / 1000 + 1);
        };
        let (outcome, ()) = tokio::join!(drawn, time_passes);
        assert_eq!(engine_used(&outcome), "local");
        assert_eq!(outcome.attempts[0].result, "ledger");
        assert!(outcome.attempts[0].reason.contains("is not bought again"), "{outcome:?}");
        assert_eq!(engine.submits(), 1);
    });
}
