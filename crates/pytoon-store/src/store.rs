//! Opens the database: a file that any number of processes on one machine open, or PostgreSQL for several machines.

use crate::db::{DatabaseFile, Db, Dialect};
use crate::rows::database;
use crate::wakeups::Wakeups;
use crate::{breakers, calls, clips, migrations};
use pytoon_records::job::queue::MAX_CLAIMS;
use pytoon_records::ledger::{
    Admission, BreakerRow, CallChange, CallEvent, CallFilter, CallLimits, CallRow, CallState,
    History, KeptClip, NewCall, PurchaseStore, StoreError, StoreFuture,
};
use pytoon_vocabulary::{CallId, JobId, MicroUsd, SceneId, UnixMs};
use sqlx::any::{AnyConnectOptions, AnyPoolOptions};
use sqlx::{AnyConnection, AnyPool, Connection, Executor};
use std::path::Path;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

/// The timeout of an operation [`with_timeout`] on the database. It is longer than SQLite waits for another
/// process's transaction.
const LONGEST_STEP: Duration = Duration::from_secs(30);
/// The time that SQLite waits for another process's transaction, in milliseconds.
const BUSY_TIMEOUT_MS: u32 = 20_000;

/// A store of rows in SQLite or PostgreSQL.
#[derive(Debug, Clone)]
pub struct Store {
    pub(crate) db: Db,
    pub(crate) wakeups: Wakeups,
    pub(crate) most_attempts: u32,
}

impl Store {
    /// Opens the database at an address: `postgres://…`, or else the path of an SQLite file. Creates a missing file,
    /// and migrates the tables if necessary.
    pub async fn connect(address: &str) -> Result<Self, StoreError> {
        if is_postgres(address) {
            Self::postgres(address).await
        } else {
            Self::open(Path::new(address.strip_prefix("sqlite:").unwrap_or(address))).await
        }
    }

    /// Returns an error, because this build has no PostgreSQL.
    #[cfg(not(feature = "postgres"))]
    async fn postgres(_: &str) -> Result<Self, StoreError> {
        Err(StoreError::Database {
            operation: "connect to PostgreSQL",
            reason: "this build of pytoon has no PostgreSQL (feature `postgres`): run `make build`"
                .to_owned(),
        })
    }

    /// Opens an SQLite file. Creates it if it does not exist, and migrates its tables if necessary.
    pub async fn open(path: &Path) -> Result<Self, StoreError> {
        sqlx::any::install_default_drivers();
        if let Some(parent) = path.parent().filter(|p| !p.as_os_str().is_empty()) {
            std::fs::create_dir_all(parent).map_err(|error| StoreError::Database {
                operation: "open the database",
                reason: format!("{}: {error}", parent.display()),
            })?;
        }
        make_private(path).map_err(|error| StoreError::Database {
            operation: "open the database",
            reason: format!("{}: {error}", path.display()),
        })?;
        let address = format!("sqlite://{}?mode=rwc", percent_encode(path));
        let options =
            AnyConnectOptions::from_str(&address).map_err(database("open the database"))?;
        let pool = AnyPoolOptions::new()
            // One: each connection has its own cache, which a change through any other invalidates, and SQLite
            // allows only one writer anyway. Two cost half as much again per scene.
            .max_connections(1)
            // A file does not disconnect: a ping before each use doubles every step.
            .test_before_acquire(false)
            .before_acquire(|connection, _| Box::pin(is_sound(connection)))
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
                operation: "open the database",
                reason: format!("{}: {error}", path.display()),
            })?;
        migrate(&pool, Dialect::Sqlite).await?;
        let file = DatabaseFile::of_path(path).map_err(|error| StoreError::Database {
            operation: "open the database",
            reason: format!("{}: {error}", path.display()),
        })?;
        let db = Db { pool, dialect: Dialect::Sqlite, file: Some(Arc::new(file)) };
        Ok(Self { db, wakeups: Wakeups::default(), most_attempts: MAX_CLAIMS })
    }

    /// Returns the current value of an SQLite setting.
    #[cfg(test)]
    pub(crate) async fn pragma(&self, name: &'static str) -> i64 {
        let sql = sqlx::AssertSqlSafe(format!("PRAGMA {name}"));
        sqlx::query_scalar(sql).fetch_one(&self.db.pool).await.expect("reads")
    }

    /// Sets the maximum number of claims of a task whose workers end without reporting an error.
    #[must_use]
    pub fn with_most_attempts(mut self, most: u32) -> Self {
        self.most_attempts = most.max(1);
        self
    }

    /// Closes every connection to the database.
    pub async fn close(&self) {
        self.db.pool.close().await;
    }
}

/// Creates the SQLite file if it does not exist, readable only by its owner, since it contains callers'
/// briefs. SQLite gives the log beside it the same mode.
fn make_private(path: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::OpenOptionsExt;
    let made = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
    match made {
        Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => Err(error),
        _ => Ok(()),
    }
}

/// Returns true if a connection to SQLite can still begin a transaction. A full disk makes SQLite end a transaction
/// by itself. The library then finds no transaction to roll back but still counts it as open, so the connection can
/// never begin another.
async fn is_sound(connection: &mut AnyConnection) -> Result<bool, sqlx::Error> {
    if !connection.is_in_transaction() {
        return Ok(true);
    }
    // A dropped transaction is rolled back in order; the answer to the ping shows that the rollback is done.
    connection.ping().await?;
    Ok(!connection.is_in_transaction())
}

/// Returns true if a URL names a PostgreSQL database.
pub fn is_postgres(address: &str) -> bool {
    address.starts_with("postgres://") || address.starts_with("postgresql://")
}

/// Migrates the tables. If several processes start at once, one migrates and the others wait for it.
pub(crate) async fn migrate(pool: &AnyPool, dialect: Dialect) -> Result<(), StoreError> {
    let mut last = None;
    for attempt in 0..20u64 {
        match migrations::all(dialect).run(pool).await {
            Ok(()) => return Ok(()),
            Err(error) => last = Some(error),
        }
        tokio::time::sleep(Duration::from_millis(20 + 10 * attempt)).await;
    }
    let reason = last.map(|error| error.to_string()).unwrap_or_default();
    Err(StoreError::Database { operation: "migrate the tables", reason })
}

/// Percent-encodes a path for use in a URL.
fn percent_encode(path: &Path) -> String {
    path.to_string_lossy().chars().fold(String::new(), |mut out, c| {
        match c {
            '%' | '?' | '#' | ' ' => out.push_str(&format!("%{:02X}", c as u32)),
            c => out.push(c),
        }
        out
    })
}

/// Runs an operation with a timeout, since a broken connection would not respond for minutes. After a timeout the
/// outcome is unknown, as after any lost connection.
pub(crate) fn with_timeout<'a, T: 'a>(
    step: impl Future<Output = Result<T, StoreError>> + Send + 'a,
) -> StoreFuture<'a, T> {
    Box::pin(async move {
        tokio::time::timeout(LONGEST_STEP, step).await.unwrap_or_else(|_| {
            let reason = format!("no reply within {} s", LONGEST_STEP.as_secs());
            Err(StoreError::Database { operation: "query the database", reason })
        })
    })
}

impl PurchaseStore for Store {
    fn history(
        &self,
        job_id: &JobId,
        scene_id: &SceneId,
        requests: Vec<String>,
    ) -> StoreFuture<'_, History> {
        let (job, scene) = (job_id.clone(), scene_id.clone());
        with_timeout(async move { calls::history(&self.db, &job, &scene, &requests).await })
    }

    fn call_admit(&self, call: NewCall, limits: CallLimits) -> StoreFuture<'_, Admission> {
        with_timeout(async move { calls::admit(&self.db, &call, &limits).await })
    }

    fn call_advance(
        &self,
        id: &CallId,
        event: CallEvent,
        change: CallChange,
        at: UnixMs,
    ) -> StoreFuture<'_, CallState> {
        let id = id.clone();
        with_timeout(async move { calls::advance(&self.db, &id, event, &change, None, at).await })
    }

    fn call_touch(&self, id: &CallId, lease_until: UnixMs) -> StoreFuture<'_, ()> {
        let id = id.clone();
        with_timeout(async move { calls::touch(&self.db, &id, lease_until).await })
    }

    fn call_claim(&self, id: &CallId, at: UnixMs, lease_until: UnixMs) -> StoreFuture<'_, bool> {
        let id = id.clone();
        with_timeout(async move { calls::claim(&self.db, &id, at, lease_until).await })
    }

    fn call_fetch(&self, id: &CallId) -> StoreFuture<'_, Option<CallRow>> {
        let id = id.clone();
        with_timeout(async move { calls::fetch(&self.db, &id).await })
    }

    fn call_list(&self, filter: CallFilter) -> StoreFuture<'_, Vec<CallRow>> {
        with_timeout(async move { calls::list(&self.db, &filter).await })
    }

    fn spend_since(&self, since: UnixMs) -> StoreFuture<'_, Vec<(String, MicroUsd)>> {
        with_timeout(async move { calls::spend_since(&self.db, since).await })
    }

    fn spend_of_job(&self, job_id: &JobId) -> StoreFuture<'_, MicroUsd> {
        let job_id = job_id.clone();
        with_timeout(async move { calls::spend_of_job(&self.db, &job_id).await })
    }

    fn clip_keep(&self, clip: KeptClip, change: CallChange) -> StoreFuture<'_, ()> {
        with_timeout(async move {
            let (id, at) = (&clip.call_id, clip.created_at);
            calls::advance(&self.db, id, CallEvent::Kept, &change, Some(&clip), at).await?;
            Ok(())
        })
    }

    fn clip_find(&self, request_hash: &str) -> StoreFuture<'_, Option<KeptClip>> {
        let hash = request_hash.to_owned();
        with_timeout(async move { clips::find(&self.db, &hash).await })
    }

    fn clip_forget(&self, request_hash: &str) -> StoreFuture<'_, ()> {
        let hash = request_hash.to_owned();
        with_timeout(async move { clips::forget(&self.db, &hash).await })
    }

    fn breaker_list(&self) -> StoreFuture<'_, Vec<(String, BreakerRow)>> {
        with_timeout(async move { breakers::list(&self.db).await })
    }

    fn breaker_fetch(&self, engine: &str) -> StoreFuture<'_, BreakerRow> {
        let engine = engine.to_owned();
        with_timeout(async move { breakers::fetch(&self.db, &engine).await })
    }

    fn breaker_swap(
        &self,
        engine: &str,
        old: BreakerRow,
        new: BreakerRow,
    ) -> StoreFuture<'_, bool> {
        let engine = engine.to_owned();
        with_timeout(async move { breakers::swap(&self.db, &engine, &old, &new).await })
    }
}
