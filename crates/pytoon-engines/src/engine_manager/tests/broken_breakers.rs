//! Tests of breakers that cannot be read or written: the film is rendered, and the log reports the failure.

use super::*;
use pytoon_records::ledger::{
    Admission, CallChange, CallEvent, CallLimits, CallRow, History, KeptClip, NewCall,
};
use pytoon_telemetry::LogTarget;

/// A ledger whose breakers fail: no write succeeds, and only the first `reads_left` reads by `breaker_fetch` do.
/// `breaker_list` and `history`, which also read breakers, succeed.
#[derive(Debug)]
struct Broken {
    ledger: SqliteStore,
    reads_left: AtomicI64,
}

fn store_error<T>() -> Result<T, StoreError> {
    Err(StoreError::Database { operation: "use a breaker", reason: "the disk is gone".into() })
}

impl PurchaseStore for Broken {
    fn breaker_list(&self) -> StoreFuture<'_, Vec<(String, BreakerRow)>> {
        self.ledger.breaker_list()
    }
    fn breaker_fetch(&self, engine: &str) -> StoreFuture<'_, BreakerRow> {
        if self.reads_left.fetch_sub(1, Ordering::SeqCst) > 0 {
            return self.ledger.breaker_fetch(engine);
        }
        Box::pin(async { store_error() })
    }
    fn breaker_swap(&self, _: &str, _: BreakerRow, _: BreakerRow) -> StoreFuture<'_, bool> {
        Box::pin(async { store_error() })
    }
    fn history(&self, job: &JobId, scene: &SceneId, of: Vec<String>) -> StoreFuture<'_, History> {
        self.ledger.history(job, scene, of)
    }
    fn call_admit(&self, call: NewCall, limits: CallLimits) -> StoreFuture<'_, Admission> {
        self.ledger.call_admit(call, limits)
    }
    fn call_advance(
        &self,
        id: &CallId,
        event: CallEvent,
        change: CallChange,
        at: UnixMs,
    ) -> StoreFuture<'_, CallState> {
        self.ledger.call_advance(id, event, change, at)
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
        self.ledger.clip_keep(clip, change)
    }
    fn clip_find(&self, request_hash: &str) -> StoreFuture<'_, Option<KeptClip>> {
        self.ledger.clip_find(request_hash)
    }
    fn clip_forget(&self, request_hash: &str) -> StoreFuture<'_, ()> {
        self.ledger.clip_forget(request_hash)
    }
}

/// Creates an engine manager whose ledger fails after `reads` reads of single breakers.
async fn process(bench: &Bench, engines: &[Arc<Scripted>], reads: i64) -> EngineManager {
    let mut manager = bench.process(engines).await;
    let ledger = SqliteStore::open(&bench.folder.path().join("pytoon.db")).await.expect("opens");
    manager.buyer.ledger = Arc::new(Broken { ledger, reads_left: AtomicI64::new(reads) });
    manager
}

#[test]
fn a_breaker_that_fails_breaks_no_film_and_is_logged() {
    let log = tempfile::tempdir().expect("folder");
    let _traces =
        pytoon_telemetry::init(&LogTarget::Folder(log.path().into()), false, None).expect("starts");
    let told = |event: &str, engine: &str| -> Vec<String> {
        let text = std::fs::read_to_string(log.path().join("worker.log")).expect("log");
        text.lines()
            .map(|line| serde_json::from_str::<serde_json::Value>(line).expect("json"))
            .filter(|line| line["event"] == event && line["engine"] == engine)
            .map(|line| line["operation"].as_str().unwrap_or("none").to_owned())
            .collect()
    };
    let unavailable = "engine_breaker_unavailable";
    block_on(async {
        // A success cannot read the failure that it would clear.
        let bench = Bench::new();
        let engine = Scripted::new("unread", &[]);
        let manager = process(&bench, std::slice::from_ref(&engine), 0).await;
        let failed = BreakerRow { failures: 1, ..BreakerRow::default() };
        let store = bench.process(std::slice::from_ref(&engine)).await.buyer.ledger;
        store.breaker_swap("unread", BreakerRow::default(), failed).await.expect("swaps");
        assert_eq!(engine_used(&draw(&manager, "one").await), "unread");
        assert_eq!(told(unavailable, "unread"), ["read"]);

        // Failures can neither be recorded nor open the breaker, and no report claims that they did.
        let bench = Bench::new();
        let engines = [Scripted::new("unwritten", &[K::Server, K::Auth]), Scripted::new("b", &[])];
        let manager = process(&bench, &engines, 99).await;
        for n in 0..2 {
            assert_eq!(engine_used(&draw(&manager, &format!("scene {n}")).await), "b");
        }
        assert_eq!(told(unavailable, "unwritten"), ["write", "write"]);
        assert!(told("engine_rotation_triggered", "unwritten").is_empty());
    });
}
