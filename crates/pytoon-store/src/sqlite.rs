//! The database of one machine: a file that any number of processes open.

use crate::rows::database;
use crate::{breakers, calls, clips};
use pytoon_core::ledger::{
    Admission, BreakerRow, CallChange, CallEvent, CallFilter, CallLimits, CallRow, CallState,
    EngineStore, History, KeptClip, NewCall, StoreError, StoreFuture, UnixMs,
};
use pytoon_core::money::MicroUsd;
use sqlx::any::{AnyConnectOptions, AnyPoolOptions};
use sqlx::{AnyPool, Executor};
use std::path::Path;
use std::str::FromStr;
use std::time::Duration;

/// How long one process waits for another's transaction.
const BUSY_TIMEOUT_MS: u32 = 20_000;

/// SQLite behind [`EngineStore`].
#[derive(Debug, Clone)]
pub struct SqliteStore {
    pool: AnyPool,
}

impl SqliteStore {
    /// Opens a database file, making it and bringing it up to date where needed.
    pub async fn open(path: &Path) -> Result<Self, StoreError> {
        sqlx::any::install_default_drivers();
        if let Some(parent) = path.parent().filter(|p| !p.as_os_str().is_empty()) {
            std::fs::create_dir_all(parent).map_err(|error| StoreError::Database {
                operation: "open",
                reason: format!("{}: {error}", parent.display()),
            })?;
        }
        let address = format!("sqlite://{}?mode=rwc", encoded(path));
        let options = AnyConnectOptions::from_str(&address).map_err(database("open"))?;
        let pool = AnyPoolOptions::new()
            // One: each connection has its own cache, which a change through any other empties,
            // and SQLite lets only one write anyway. Two cost half as much again per scene.
            .max_connections(1)
            // A file does not hang up: asking it before each use doubles every step.
            .test_before_acquire(false)
            .acquire_timeout(Duration::from_millis(u64::from(BUSY_TIMEOUT_MS)))
            // Settings belong to a connection, so each new one gets them.
            .after_connect(|connection, _| {
                Box::pin(async move {
                    // FULL: a row that says "about to pay" must survive a power cut.
                    let pragmas = format!(
                        "PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}; PRAGMA journal_mode = WAL; \
                         PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;"
                    );
                    connection.execute(sqlx::AssertSqlSafe(pragmas)).await?;
                    Ok(())
                })
            })
            .connect_with(options)
            .await
            .map_err(|error| StoreError::Database {
                operation: "open",
                reason: format!("{}: {error}", path.display()),
            })?;
        migrate(&pool).await?;
        Ok(Self { pool })
    }

    /// A number that SQLite's settings have now.
    #[cfg(test)]
    pub(crate) async fn pragma(&self, name: &'static str) -> i64 {
        let sql = sqlx::AssertSqlSafe(format!("PRAGMA {name}"));
        sqlx::query_scalar(sql).fetch_one(&self.pool).await.expect("reads")
    }

    /// Closes every connection.
    pub async fn close(&self) {
        self.pool.close().await;
    }
}

/// Several processes may start at once: the loser of the race finds the work done.
async fn migrate(pool: &AnyPool) -> Result<(), StoreError> {
    let mut last = None;
    for attempt in 0..20u64 {
        match sqlx::migrate!("migrations/sqlite").run(pool).await {
            Ok(()) => return Ok(()),
            Err(error) => last = Some(error),
        }
        tokio::time::sleep(Duration::from_millis(20 + 10 * attempt)).await;
    }
    let reason = last.map(|error| error.to_string()).unwrap_or_default();
    Err(StoreError::Database { operation: "bring the tables up to date", reason })
}

/// A path in an address: what has a meaning there is percent-encoded.
fn encoded(path: &Path) -> String {
    path.to_string_lossy().chars().fold(String::new(), |mut out, c| {
        match c {
            '%' | '?' | '#' | ' ' => out.push_str(&format!("%{:02X}", c as u32)),
            c => out.push(c),
        }
        out
    })
}

impl EngineStore for SqliteStore {
    fn history(
        &self,
        job_id: &str,
        scene_id: &str,
        requests: Vec<String>,
    ) -> StoreFuture<'_, History> {
        let (job, scene) = (job_id.to_owned(), scene_id.to_owned());
        Box::pin(async move { calls::history(&self.pool, &job, &scene, &requests).await })
    }

    fn call_admit(&self, call: NewCall, limits: CallLimits) -> StoreFuture<'_, Admission> {
        Box::pin(async move { calls::admit(&self.pool, &call, &limits).await })
    }

    fn call_advance(
        &self,
        id: &str,
        event: CallEvent,
        change: CallChange,
        at: UnixMs,
    ) -> StoreFuture<'_, CallState> {
        let id = id.to_owned();
        Box::pin(async move { calls::advance(&self.pool, &id, event, &change, None, at).await })
    }

    fn call_touch(&self, id: &str, lease_until: UnixMs) -> StoreFuture<'_, ()> {
        let id = id.to_owned();
        Box::pin(async move { calls::touch(&self.pool, &id, lease_until).await })
    }

    fn call_claim(&self, id: &str, at: UnixMs, lease_until: UnixMs) -> StoreFuture<'_, bool> {
        let id = id.to_owned();
        Box::pin(async move { calls::claim(&self.pool, &id, at, lease_until).await })
    }

    fn call_fetch(&self, id: &str) -> StoreFuture<'_, Option<CallRow>> {
        let id = id.to_owned();
        Box::pin(async move { calls::fetch(&self.pool, &id).await })
    }

    fn call_list(&self, filter: CallFilter) -> StoreFuture<'_, Vec<CallRow>> {
        Box::pin(async move { calls::list(&self.pool, &filter).await })
    }

    fn spend_since(&self, since: UnixMs) -> StoreFuture<'_, Vec<(String, MicroUsd)>> {
        Box::pin(async move { calls::spend_since(&self.pool, since).await })
    }

    fn spend_of_job(&self, job_id: &str) -> StoreFuture<'_, MicroUsd> {
        let job_id = job_id.to_owned();
        Box::pin(async move { calls::spend_of_job(&self.pool, &job_id).await })
    }

    fn clip_keep(&self, clip: KeptClip, change: CallChange) -> StoreFuture<'_, ()> {
        Box::pin(async move {
            let (id, at) = (&clip.call_id, clip.created_at);
            calls::advance(&self.pool, id, CallEvent::Kept, &change, Some(&clip), at).await?;
            Ok(())
        })
    }

    fn clip_find(&self, request_hash: &str) -> StoreFuture<'_, Option<KeptClip>> {
        let hash = request_hash.to_owned();
        Box::pin(async move { clips::find(&self.pool, &hash).await })
    }

    fn clip_forget(&self, request_hash: &str) -> StoreFuture<'_, ()> {
        let hash = request_hash.to_owned();
        Box::pin(async move { clips::forget(&self.pool, &hash).await })
    }

    fn breaker_list(&self) -> StoreFuture<'_, Vec<(String, BreakerRow)>> {
        Box::pin(async move { breakers::list(&self.pool).await })
    }

    fn breaker_fetch(&self, engine: &str) -> StoreFuture<'_, BreakerRow> {
        let engine = engine.to_owned();
        Box::pin(async move { breakers::fetch(&self.pool, &engine).await })
    }

    fn breaker_swap(
        &self,
        engine: &str,
        old: BreakerRow,
        new: BreakerRow,
    ) -> StoreFuture<'_, bool> {
        let engine = engine.to_owned();
        Box::pin(async move { breakers::swap(&self.pool, &engine, &old, &new).await })
    }
}
