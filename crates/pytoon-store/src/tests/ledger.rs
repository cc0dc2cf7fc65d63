//! Tests of the ledger, which run on both databases.

use super::super::{NOW, block_on, call};
use super::open;
use pytoon_records::ledger::{
    Admission, BreakerRow, CallChange, CallEvent, CallFilter, CallLimits, CallState, History,
    KeptClip, NewCall, PurchaseStore,
};
use pytoon_vocabulary::{CallId, MicroUsd};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

#[test]
fn a_call_lives_through_a_restart() {
    let folder = tempfile::tempdir().expect("folder");
    block_on(async {
        let store = open(&folder).await;
        let granted = store.call_admit(call("a", "job", 0.25), CallLimits::default()).await;
        assert_eq!(granted.expect("admits"), Admission::Granted);
        let change =
            CallChange { task: Some(serde_json::json!({"id": "t1"})), ..Default::default() };
        store
            .call_advance(&"a".into(), CallEvent::Answered, change, NOW + 1)
            .await
            .expect("advances");
        store.close().await;

        let store = open(&folder).await;
        let row = store.call_fetch(&"a".into()).await.expect("reads").expect("is there");
        assert_eq!(row.state, CallState::Submitted);
        assert_eq!(row.task, Some(serde_json::json!({"id": "t1"})));
        assert_eq!(row.prompt, "a cup's \"steam\" — ☕");
        assert_eq!(row.charged, MicroUsd::from_usd(0.25));
        // A second answer is impossible.
        assert!(
            store
                .call_advance(&"a".into(), CallEvent::Answered, CallChange::default(), NOW)
                .await
                .is_err()
        );
    });
}

#[test]
fn budgets_hold_under_concurrent_requests() {
    let folder = tempfile::tempdir().expect("folder");
    block_on(async {
        let stores = [Arc::new(open(&folder).await), Arc::new(open(&folder).await)];
        let limits =
            CallLimits { job_budget: Some(MicroUsd::from_usd(1.0)), ..CallLimits::default() };
        let tasks: Vec<_> = (0..40)
            .map(|n| {
                let store = stores[n % 2].clone();
                tokio::spawn(async move {
                    store.call_admit(call(&format!("c{n}"), "job", 0.15), limits).await
                })
            })
            .collect();
        let mut granted = 0;
        for task in tasks {
            match task.await.expect("runs").expect("answers") {
                Admission::Granted => granted += 1,
                Admission::OverBudget { cap, left } => {
                    assert_eq!(cap, "job");
                    assert!(left < MicroUsd::from_usd(0.15) || left >= MicroUsd::ZERO);
                }
                other => panic!("{other:?}"),
            }
        }
        assert_eq!(granted, 6);
        let spent = stores[0].spend_of_job(&"job".into()).await.expect("adds up");
        assert_eq!(spent, MicroUsd::from_usd(0.9));
    });
}

#[test]
fn days_and_keys_have_budgets_of_their_own() {
    let folder = tempfile::tempdir().expect("folder");
    block_on(async {
        let store = open(&folder).await;
        let usd = |usd| Some(MicroUsd::from_usd(usd));
        let day = CallLimits { day_budget: usd(0.5), ..CallLimits::default() };
        let key = CallLimits { key_budget: usd(0.5), ..CallLimits::default() };
        let granted = Admission::Granted;
        assert_eq!(store.call_admit(call("a", "j1", 0.4), day).await.expect("ok"), granted);
        let other = NewCall { key_id: "k2".into(), ..call("b", "j2", 0.2) };
        assert_eq!(
            store.call_admit(other.clone(), day).await.expect("ok"),
            Admission::OverBudget { cap: "day", left: MicroUsd::from_usd(0.1) }
        );
        assert_eq!(store.call_admit(other, key).await.expect("ok"), granted);
        assert_eq!(
            store.call_admit(call("c", "j3", 0.2), key).await.expect("ok"),
            Admission::OverBudget { cap: "key", left: MicroUsd::from_usd(0.1) }
        );
        let tomorrow = NewCall { at: NOW + 86_400_000, ..call("d", "j3", 0.4) };
        assert_eq!(store.call_admit(tomorrow, day).await.expect("ok"), granted);
    });
}

#[test]
fn a_request_is_admitted_once_for_all_callers() {
    let folder = tempfile::tempdir().expect("folder");
    block_on(async {
        let stores = [Arc::new(open(&folder).await), Arc::new(open(&folder).await)];
        let same = |id: &str| NewCall { request_hash: "one".into(), ..call(id, "job", 0.1) };
        let none = CallLimits::default();
        let asked: Vec<_> = (0..20)
            .map(|n| {
                let (store, call) = (stores[n % 2].clone(), same(&format!("c{n}")));
                tokio::spawn(async move {
                    let id = call.id.clone();
                    (id, store.call_admit(call, none).await.expect("answers"))
                })
            })
            .collect();
        let mut granted = Vec::new();
        for asked in asked {
            match asked.await.expect("runs") {
                (id, Admission::Granted) => granted.push(id),
                (_, other) => assert_eq!(other, Admission::Taken),
            }
        }
        let [first] = granted.as_slice() else { panic!("{granted:?}") };
        let store = &stores[0];
        let advance = async |id: &CallId, event| {
            store.call_advance(id, event, CallChange::default(), NOW).await.expect("advances");
        };
        let history = async || {
            let asked = vec!["one".to_owned(), "two".to_owned()];
            store.history(&"job".into(), &"scene_01".into(), asked).await.expect("reads")
        };
        let taken = History {
            has_intent: true,
            taken: BTreeSet::from(["one".to_owned()]),
            ..History::default()
        };
        assert_eq!(history().await, taken);
        // A request that was certainly not bought may be bought; a rejected one is not repeated.
        advance(first, CallEvent::NotSent).await;
        assert_eq!(history().await, History::default());
        assert_eq!(store.call_admit(same("d"), none).await.expect("ok"), Admission::Granted);
        advance(&"d".into(), CallEvent::Refused).await;
        let failed = BreakerRow { failures: 1, reason: "server".into(), ..BreakerRow::default() };
        store.breaker_swap("luma", BreakerRow::default(), failed.clone()).await.expect("swaps");
        let breakers = BTreeMap::from([("luma".to_owned(), failed)]);
        assert_eq!(history().await, History { has_intent: false, breakers, ..taken });
        assert_eq!(store.call_admit(same("e"), none).await.expect("ok"), Admission::Taken);
    });
}

#[test]
fn what_is_kept_is_not_admitted_again() {
    let folder = tempfile::tempdir().expect("folder");
    block_on(async {
        let store = open(&folder).await;
        let none = CallLimits::default();
        store.call_admit(call("a", "j", 0.1), none).await.expect("admits");
        store
            .call_advance(&"a".into(), CallEvent::Answered, CallChange::default(), NOW)
            .await
            .expect("ok");
        let clip = KeptClip {
            request_hash: "hash-a".into(),
            engine: "runway".into(),
            call_id: "a".into(),
            file: "clips/a.mp4".into(),
            sha256: "00".into(),
            duration_ms: 5000,
            credit: None,
            created_at: NOW + 9,
        };
        store.clip_keep(clip, CallChange::default()).await.expect("keeps");
        let again = NewCall { request_hash: "hash-a".into(), ..call("b", "j", 0.1) };
        assert_eq!(store.call_admit(again.clone(), none).await.expect("ok"), Admission::Taken);
        store.clip_forget("hash-a").await.expect("forgets");
        assert_eq!(store.call_admit(again, none).await.expect("ok"), Admission::Granted);
    });
}

#[test]
fn concurrency_and_rate_are_shared() {
    let folder = tempfile::tempdir().expect("folder");
    block_on(async {
        let store = open(&folder).await;
        let two = CallLimits { max_concurrent: Some(2), ..CallLimits::default() };
        for id in ["a", "b"] {
            assert_eq!(
                store.call_admit(call(id, "j", 0.0), two).await.expect("ok"),
                Admission::Granted
            );
        }
        assert_eq!(store.call_admit(call("c", "j", 0.0), two).await.expect("ok"), Admission::Busy);
        // A dead process no longer occupies its slot once its lease has expired.
        let later = NewCall { at: NOW + 31_000, lease_until: NOW + 61_000, ..call("c", "j", 0.0) };
        assert_eq!(store.call_admit(later, two).await.expect("ok"), Admission::Granted);
        let slow = CallLimits { requests_per_minute: Some(3), ..CallLimits::default() };
        let next = NewCall { at: NOW + 32_000, ..call("d", "j", 0.0) };
        assert_eq!(
            store.call_admit(next, slow).await.expect("ok"),
            Admission::TooFast { retry_at: NOW + 60_000 }
        );
    });
}

#[test]
fn a_clip_is_kept_with_its_call_or_not_at_all() {
    let folder = tempfile::tempdir().expect("folder");
    block_on(async {
        let store = open(&folder).await;
        let clip = KeptClip {
            request_hash: "hash-a".into(),
            engine: "runway".into(),
            call_id: "a".into(),
            file: "clips/a.mp4".into(),
            sha256: "00".into(),
            duration_ms: 5000,
            credit: None,
            created_at: NOW + 9,
        };
        assert!(store.clip_keep(clip.clone(), CallChange::default()).await.is_err());
        assert_eq!(store.clip_find("hash-a").await.expect("looks"), None);
        store.call_admit(call("a", "j", 0.1), CallLimits::default()).await.expect("admits");
        store
            .call_advance(&"a".into(), CallEvent::Answered, CallChange::default(), NOW)
            .await
            .expect("ok");
        store.clip_keep(clip.clone(), CallChange::default()).await.expect("keeps");
        assert_eq!(store.clip_find("hash-a").await.expect("looks"), Some(clip));
        let kept = CallFilter { states: vec![CallState::Kept], ..CallFilter::default() };
        assert_eq!(store.call_list(kept).await.expect("lists").len(), 1);
    });
}

#[test]
fn a_breaker_changes_once_for_each_reading() {
    let folder = tempfile::tempdir().expect("folder");
    block_on(async {
        let store = open(&folder).await;
        let closed = store.breaker_fetch("luma").await.expect("reads");
        assert_eq!(closed, BreakerRow::default());
        let open_row = BreakerRow {
            failures: 3,
            open_until: NOW + 60_000,
            reason: "server".into(),
            opened: 1,
            probe_until: 0,
            switched_off: None,
        };
        assert!(store.breaker_swap("luma", closed.clone(), open_row.clone()).await.expect("swaps"));
        // The loser of a race reads again.
        assert!(!store.breaker_swap("luma", closed, open_row.clone()).await.expect("answers"));
        assert_eq!(store.breaker_fetch("luma").await.expect("reads"), open_row);
    });
}

#[test]
fn only_an_abandoned_call_can_be_taken_over() {
    let folder = tempfile::tempdir().expect("folder");
    block_on(async {
        let store = open(&folder).await;
        store.call_admit(call("a", "j", 0.0), CallLimits::default()).await.expect("admits");
        assert!(!store.call_claim(&"a".into(), NOW + 10, NOW + 99_000).await.expect("answers"));
        assert!(store.call_claim(&"a".into(), NOW + 30_000, NOW + 60_000).await.expect("answers"));
        assert!(!store.call_claim(&"a".into(), NOW + 30_001, NOW + 60_000).await.expect("answers"));
    });
}
