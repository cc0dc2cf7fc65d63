//! Tests for SQLite only: connection settings, ended transactions, and older database files.

use super::on_sqlite::open;
use super::{NOW, block_on, call};
use crate::db::{Dialect, Durability};
use crate::{Store, migrations};
use pytoon_records::ledger::{CallChange, CallEvent, CallLimits, KeptClip, PurchaseStore};

/// Checks that a store recovers from a transaction that SQLite ended by itself, as it does when the disk is full.
#[test]
fn a_transaction_that_sqlite_ended_by_itself_is_not_the_last() {
    let folder = tempfile::tempdir().expect("folder");
    block_on(async {
        let store = open(&folder).await;
        for _ in 0..2 {
            let mut tx = store.db.begin(Durability::Power, "test").await.expect("begins");
            sqlx::query("ROLLBACK").execute(&mut *tx).await.expect("ends");
            tx.commit().await.expect_err("there is nothing to commit");
            let admitted = store.call_admit(call("c", "j", 0.1), CallLimits::default()).await;
            admitted.expect("the next one is begun");
        }
        // An orderly rollback costs no connection.
        drop(store.db.begin(Durability::Process, "test").await.expect("begins"));
        assert_eq!(store.pragma("synchronous").await, 1, "the settings of the one before");
    });
}

#[test]
fn what_says_that_money_goes_out_survives_a_power_cut() {
    let folder = tempfile::tempdir().expect("folder");
    block_on(async {
        let store = open(&folder).await;
        // 2 is FULL, 1 is NORMAL.
        let synchronous = async || store.pragma("synchronous").await;
        assert_eq!(synchronous().await, 2);
        for round in 0..2 {
            let id = format!("call-{round}");
            store.call_admit(call(&id, "j", 0.1), CallLimits::default()).await.expect("admits");
            assert_eq!(synchronous().await, 2);
            let change = CallChange::default();
            store
                .call_advance(&id.as_str().into(), CallEvent::Answered, change, NOW)
                .await
                .expect("ok");
            assert_eq!(synchronous().await, 2);
            let clip = KeptClip {
                request_hash: format!("hash-{id}"),
                engine: "runway".into(),
                call_id: id.as_str().into(),
                file: "clips/a.mp4".into(),
                sha256: "00".into(),
                duration_ms: 5000,
                credit: None,
                created_at: NOW,
            };
            store.clip_keep(clip, CallChange::default()).await.expect("keeps");
            assert_eq!(synchronous().await, 1);
        }
    });
}

#[test]
fn clips_of_an_older_database_are_still_kept() {
    let folder = tempfile::tempdir().expect("folder");
    let path = folder.path().join("pytoon.db");
    block_on(async {
        sqlx::any::install_default_drivers();
        let address = format!("sqlite://{}?mode=rwc", path.display());
        let pool = sqlx::AnyPool::connect(&address).await.expect("connects");
        let older = migrations::up_to(Dialect::Sqlite, 1);
        older.run(&pool).await.expect("makes the older tables");
        for sql in [
            "INSERT INTO calls VALUES ('a', 'j', 'scene_01', 'luma', 'one', 'p', 'kept', NULL, \
               '{}', 'k', 5, NULL, 5, NULL, NULL, 1, 2, 3)",
            "INSERT INTO clips VALUES ('one', 'luma', 'a', 'clips/a.mp4', '0f', 5000, 'by x', 2)",
        ] {
            sqlx::query(sql).execute(&pool).await.expect("writes");
        }
        pool.close().await;
        let store = Store::open(&path).await.expect("brings it up to date");
        let kept = KeptClip {
            request_hash: "one".into(),
            engine: "luma".into(),
            call_id: "a".into(),
            file: "clips/a.mp4".into(),
            sha256: "0f".into(),
            duration_ms: 5000,
            credit: Some("by x".into()),
            created_at: 2,
        };
        assert_eq!(store.clip_find("one").await.expect("finds"), Some(kept));
    });
}
