//! Wakes workers that wait for a task, in this process and in others.

use crate::db::{Db, Dialect};
use crate::jobs::CHANNEL;
use sqlx::{AnyPool, AssertSqlSafe};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Notify;

/// Pause before a lost connection for notices is opened again.
const LISTEN_AGAIN: Duration = Duration::from_secs(2);
/// Minimum time between two notices to other processes.
const RING_PAUSE: Duration = Duration::from_millis(2);
/// Interval at which the notifier checks that the store still exists.
const RING_LOOK: Duration = Duration::from_secs(5);
/// Poll interval of a worker that is not woken: tasks become due by time alone, and SQLite notifies no
/// other process.
const LOOK: Duration = Duration::from_millis(200);

/// Wakes workers that wait for tasks.
#[derive(Debug, Clone, Default)]
pub(crate) struct Wakeups {
    /// Wakes workers of this process.
    here: Arc<Notify>,
    /// Wakes the notifier of other processes.
    bell: Arc<Notify>,
}

impl Wakeups {
    /// Wakes workers after a commit that may have made a task ready.
    pub(crate) fn wake(&self) {
        self.here.notify_waiters();
        self.bell.notify_one();
    }

    /// Notifies other processes over PostgreSQL, after the commit and by a separate statement: a transaction with a
    /// notice holds a lock of the whole server until its log is on disk, so that commits would be serialized. A
    /// lost notice costs one poll interval.
    pub(crate) fn ring(&self, pool: &AnyPool) {
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

    /// Listens to notices of PostgreSQL while the store exists. Notices are only a hint: workers poll
    /// too.
    pub(crate) fn listen(&self, address: &str) {
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

pub(crate) async fn wait(db: &Db, wakeups: &Wakeups, at_most: Duration) {
    let most = match db.dialect {
        Dialect::Sqlite => at_most.min(LOOK),
        Dialect::Postgres => at_most,
    };
    let _ = tokio::time::timeout(most, wakeups.here.notified()).await;
}
