//! Tests of the store's guarantees. The same suites run on SQLite and PostgreSQL.

mod on_postgres;
mod on_sqlite;
mod sqlite_alone;

use pytoon_records::ledger::NewCall;
use pytoon_vocabulary::MicroUsd;

pub(super) const NOW: i64 = 1_795_000_000_000;

pub(super) fn call(id: &str, job: &str, usd: f64) -> NewCall {
    NewCall {
        id: id.into(),
        job_id: job.into(),
        scene_id: "scene_01".into(),
        engine: "runway".into(),
        request_hash: format!("hash-{id}"),
        prompt: "a cup's \"steam\" — ☕".into(),
        pinned: serde_json::json!({"base_url": "https://x"}),
        key_id: "k1".into(),
        caller: None,
        estimated: MicroUsd::from_usd(usd),
        at: NOW,
        lease_until: NOW + 30_000,
        fence: None,
    }
}

pub(super) fn block_on<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("runtime")
        .block_on(work)
}
