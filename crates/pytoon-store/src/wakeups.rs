//! Wakes workers that wait for a task, in this process and in others.

use crate::db::{Db, Dialect};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Notify;

/// The poll interval of a worker that is not woken. Polling is needed because tasks become due by time alone, and
/// SQLite notifies no other process.
const LOOK: Duration = Duration::from_millis(200);

/// The signals that wake workers waiting for tasks.
#[derive(Debug, Clone, Default)]
pub(crate) struct Wakeups {
    /// Notifies the workers of this process.
    pub(crate) here: Arc<Notify>,
    /// The signal that makes this process notify other processes.
    pub(crate) bell: Arc<Notify>,
}

impl Wakeups {
    /// Wakes the workers of this process and, with PostgreSQL, those of other processes, after a commit that
    /// may have made a task ready.
    pub(crate) fn wake(&self) {
        self.here.notify_waiters();
        self.bell.notify_one();
    }
}

pub(crate) async fn wait(db: &Db, wakeups: &Wakeups, at_most: Duration) {
    let most = match db.dialect {
        Dialect::Sqlite => at_most.min(LOOK),
        Dialect::Postgres => at_most,
    };
    let _ = tokio::time::timeout(most, wakeups.here.notified()).await;
}
