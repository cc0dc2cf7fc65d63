//! PostgreSQL: the connection pool, and notifications between processes.

use crate::db::{Db, Dialect};
use crate::rows::database;
use crate::store::{Store, migrate};
use crate::wakeups::Wakeups;
use pytoon_records::job::queue::MAX_CLAIMS;
use pytoon_records::ledger::StoreError;
use sqlx::any::{AnyConnectOptions, AnyPoolOptions};
use sqlx::{AnyConnection, AnyPool, AssertSqlSafe, Connection, Executor};
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

/// The channel on which PostgreSQL announces tasks.
const CHANNEL: &str = "pytoon_tasks";
/// Maximum number of pooled connections from one process to PostgreSQL.
const POSTGRES_CONNECTIONS: u32 = 16;
/// Settings that make the server end a disconnected client's transaction soon. Otherwise its row locks would last for
/// hours.
const POSTGRES_SESSION: &str = "SET idle_in_transaction_session_timeout = '15s'; \
     SET tcp_user_timeout = '15s'; SET tcp_keepalives_idle = 10; \
     SET tcp_keepalives_interval = 5; SET tcp_keepalives_count = 3;";
/// The time without use after which a connection is pinged before its next use.
const RESTED: Duration = Duration::from_millis(500);
/// The timeout of the first connection to PostgreSQL.
const FIRST_CONNECTION: Duration = Duration::from_secs(10);
/// The pause before a lost connection for notifications is reopened.
const LISTEN_AGAIN: Duration = Duration::from_secs(2);
/// Minimum time between two notifications to other processes.
const RING_PAUSE: Duration = Duration::from_millis(2);
/// The interval at which the notifier checks that the store still exists.
const RING_LOOK: Duration = Duration::from_secs(5);

impl Store {
    /// Opens a PostgreSQL database, and migrates its tables if necessary.
    pub(crate) async fn postgres(address: &str) -> Result<Self, StoreError> {
        sqlx::any::install_default_drivers();
        // The address contains a password: it is in no message.
        let failed = database("connect to PostgreSQL");
        let options = AnyConnectOptions::from_str(address).map_err(&failed)?;
        // A pool only reports a timeout: a single connection reports the reason.
        let first = tokio::time::timeout(FIRST_CONNECTION, AnyConnection::connect_with(&options));
        let first = first.await.map_err(|_| StoreError::Database {
            operation: "connect to PostgreSQL",
            reason: format!("no reply within {} s", FIRST_CONNECTION.as_secs()),
        })?;
        first.map_err(&failed)?.close().await.map_err(&failed)?;
        let pool = AnyPoolOptions::new()
            .max_connections(POSTGRES_CONNECTIONS)
            .acquire_timeout(Duration::from_secs(10))
            // A ping before each use would double every short step. An idle connection is pinged: the server may
            // have restarted meanwhile.
            .test_before_acquire(false)
            .before_acquire(|connection, rest| {
                Box::pin(async move {
                    if rest.idle_for > RESTED {
                        sqlx::Connection::ping(connection).await?;
                    }
                    Ok(true)
                })
            })
            .after_connect(|connection, _| {
                Box::pin(async move {
                    connection.execute(POSTGRES_SESSION).await?;
                    Ok(())
                })
            })
            .connect_with(options)
            .await
            .map_err(failed)?;
        migrate(&pool, Dialect::Postgres).await?;
        let wakeups = Wakeups::default();
        wakeups.listen(address);
        wakeups.ring(&pool);
        let db = Db { pool, dialect: Dialect::Postgres, file: None };
        Ok(Self { db, wakeups, most_attempts: MAX_CLAIMS })
    }
}

impl Wakeups {
    /// Spawns a task that notifies other processes through PostgreSQL, after the commit and with a separate
    /// statement. A transaction with a notification holds a lock on the whole server until its log is on disk, so
    /// commits would be serialized. A lost notification costs one poll interval.
    fn ring(&self, pool: &AnyPool) {
        let (pool, bell) = (pool.clone(), Arc::downgrade(&self.bell));
        tokio::spawn(async move {
            while let Some(bell) = bell.upgrade().filter(|_| !pool.is_closed()) {
                if tokio::time::timeout(RING_LOOK, bell.notified()).await.is_ok() {
                    let notice = AssertSqlSafe(format!("NOTIFY {CHANNEL}"));
                    // Workers poll too.
                    let _ = sqlx::query(notice).execute(&pool).await;
                    tokio::time::sleep(RING_PAUSE).await;
                }
            }
        });
    }

    /// Spawns a task that listens for PostgreSQL notifications while the store exists. Notifications are only a hint,
    /// since workers also poll.
    fn listen(&self, address: &str) {
        let (address, notify) = (address.to_owned(), Arc::downgrade(&self.here));
        tokio::spawn(async move {
            while notify.strong_count() > 0 {
                if let Ok(mut listener) = sqlx::postgres::PgListener::connect(&address).await
                    && listener.listen(CHANNEL).await.is_ok()
                {
                    while listener.recv().await.is_ok() {
                        let Some(notify) = notify.upgrade() else { return };
                        notify.notify_waiters();
                    }
                }
                tokio::time::sleep(LISTEN_AGAIN).await;
            }
        });
    }
}
