//! Tests of uploaded files, purchases and exclusive claims, which run on both databases.

use super::super::{NOW, block_on, call};
use super::open;
use pytoon_records::job::files::{AssetRow, FileStore, Uploaded};
use pytoon_records::ledger::{CallChange, CallEvent, CallLimits, KeptClip, PurchaseStore};
use std::time::Duration;

fn asset(id: &str, key: &str, sha256: &str) -> AssetRow {
    AssetRow {
        id: id.into(),
        key_id: key.into(),
        sha256: sha256.into(),
        size_bytes: 7,
        media_type: "image/png".into(),
        file: format!("assets/{id}.png"),
        created_at: 0,
        used_at: 0,
    }
}

#[test]
fn a_key_has_each_content_once_and_sees_only_its_own() {
    let folder = tempfile::tempdir().expect("folder");
    block_on(async {
        let store = open(&folder).await;
        let add = async |row| store.asset_add(row).await.expect("adds");
        let Uploaded::New(first) = add(asset("a", "k1", "one")).await else { panic!("it is new") };
        assert!(first.created_at > NOW - 1_000_000_000_000 && first.used_at == first.created_at);
        let Uploaded::Known(again) = add(asset("b", "k1", "one")).await else { panic!("known") };
        assert_eq!(again.id, "a");
        assert!(matches!(add(asset("c", "k2", "one")).await, Uploaded::New(_)));
        let own = async |id: &str, key: Option<&str>| {
            let found = store.asset_use(id, key.map(str::to_owned)).await.expect("looks");
            found.map(|row| row.file)
        };
        assert_eq!(own("a", Some("k1")).await.as_deref(), Some("assets/a.png"));
        assert_eq!(own("a", Some("k2")).await, None);
        assert_eq!(own("a", None).await.as_deref(), Some("assets/a.png"));
        assert_eq!(own("zz", None).await, None);
        assert!(store.asset_fetch("c").await.expect("reads").is_some());
    });
}

#[test]
fn a_used_upload_is_not_removed() {
    let folder = tempfile::tempdir().expect("folder");
    block_on(async {
        let store = open(&folder).await;
        store.asset_add(asset("a", "k1", "one")).await.expect("adds");
        let (hour, soon) = (Duration::from_secs(3600), Duration::from_millis(1));
        assert!(store.asset_list_unused(hour).await.expect("lists").is_empty());
        assert!(!store.asset_remove("a", hour).await.expect("asks"));
        tokio::time::sleep(Duration::from_millis(20)).await;
        assert_eq!(store.asset_list_unused(soon).await.expect("lists").len(), 1);
        assert!(store.asset_remove("a", soon).await.expect("asks"));
        assert!(store.asset_fetch("a").await.expect("reads").is_none());
    });
}

#[test]
fn what_was_bought_is_listed_until_it_is_forgotten() {
    let folder = tempfile::tempdir().expect("folder");
    block_on(async {
        let store = open(&folder).await;
        store.call_admit(call("a", "j", 0.1), CallLimits::default()).await.expect("admits");
        let change = CallChange::default();
        store.call_advance(&"a".into(), CallEvent::Answered, change, NOW).await.expect("ok");
        let clip = KeptClip {
            request_hash: "hash-a".into(),
            engine: "runway".into(),
            call_id: "a".into(),
            file: "clips/a.mp4".into(),
            sha256: "00".into(),
            duration_ms: 5000,
            credit: None,
            created_at: NOW,
        };
        store.clip_keep(clip, CallChange::default()).await.expect("keeps");
        let kept = store.kept_file_list().await.expect("lists");
        assert_eq!(kept.len(), 1);
        assert_eq!(kept[0].file, "clips/a.mp4");
        store.kept_file_forget("clips/a.mp4").await.expect("forgets");
        assert!(store.kept_file_list().await.expect("lists").is_empty());
        assert!(store.clip_find("hash-a").await.expect("looks").is_none());
    });
}

#[test]
fn a_turn_is_one_holders_until_it_ends() {
    let folder = tempfile::tempdir().expect("folder");
    block_on(async {
        let store = open(&folder).await;
        let take = async |holder: &str, ms| {
            store.turn_take("collect", holder, Duration::from_millis(ms)).await.expect("asks")
        };
        assert!(take("one", 60_000).await);
        assert!(!take("two", 60_000).await);
        assert!(take("one", 1).await, "whoever has it may go on");
        tokio::time::sleep(Duration::from_millis(20)).await;
        assert!(take("two", 60_000).await);
        assert!(!take("one", 60_000).await);
    });
}
