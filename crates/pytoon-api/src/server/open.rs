//! Tracks the open connections, and chooses the one to close.

use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::{Notify, watch};
use tokio::time::Instant;

/// The interval between checks for an idle connection, while a new one waits.
const LOOK: Duration = Duration::from_millis(20);

/// The open connections of a server, whose number is limited.
#[derive(Clone)]
pub(super) struct Open {
    shared: Arc<Shared>,
}

struct Shared {
    most: usize,
    table: Mutex<Table>,
    emptied: Notify,
    finishing: watch::Sender<bool>,
}

#[derive(Default)]
struct Table {
    rows: HashMap<u64, Row>,
    last: u64,
}

struct Row {
    from: IpAddr,
    state: Arc<State>,
}

struct State {
    /// The number of requests in progress on the connection.
    busy: AtomicUsize,
    /// The time since which no request has been in progress.
    idle_since: Mutex<Instant>,
    close: Notify,
    finishing: watch::Receiver<bool>,
}

impl Open {
    pub(super) fn new(most: usize) -> Self {
        let (finishing, _) = watch::channel(false);
        let shared = Shared { most, table: Mutex::default(), emptied: Notify::new(), finishing };
        Self { shared: Arc::new(shared) }
    }

    fn table(&self) -> MutexGuard<'_, Table> {
        self.shared.table.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until one more connection may be open. Meanwhile closes the longest idle connection of the address with
    /// the most connections.
    pub(super) async fn room_for(&self, from: IpAddr) {
        while self.table().rows.len() >= self.shared.most {
            self.close_one(Some(from));
            tokio::time::sleep(LOOK).await;
        }
    }

    /// Closes the longest idle connection of the address with the most connections.
    pub(super) fn close_idle(&self) {
        self.close_one(None);
    }

    fn close_one(&self, newcomer: Option<IpAddr>) {
        let table = self.table();
        let mut of_address: BTreeMap<IpAddr, usize> = BTreeMap::new();
        for row in table.rows.values() {
            *of_address.entry(row.from).or_default() += 1;
        }
        if let Some(newcomer) = newcomer {
            *of_address.entry(newcomer).or_default() += 1;
        }
        let idle = table.rows.values().filter(|row| row.state.busy.load(Ordering::Acquire) == 0);
        let first = idle.max_by_key(|row| {
            let since = *row.state.idle_since.lock().unwrap_or_else(PoisonError::into_inner);
            (of_address.get(&row.from).copied(), std::cmp::Reverse(since))
        });
        if let Some(row) = first {
            row.state.close.notify_one();
        }
    }

    pub(super) fn enter(&self, from: IpAddr) -> Entry {
        let state = Arc::new(State {
            busy: AtomicUsize::new(0),
            idle_since: Mutex::new(Instant::now()),
            close: Notify::new(),
            finishing: self.shared.finishing.subscribe(),
        });
        let mut table = self.table();
        table.last += 1;
        let id = table.last;
        table.rows.insert(id, Row { from, state: state.clone() });
        Entry { id, state, open: self.clone() }
    }

    /// Makes every connection end after its current request.
    pub(super) fn finish(&self) {
        self.shared.finishing.send_replace(true);
    }

    /// Closes every connection.
    pub(super) fn close_all(&self) {
        self.table().rows.values().for_each(|row| row.state.close.notify_one());
    }

    /// Waits until no connection is open.
    pub(super) async fn wait_until_empty(&self) {
        loop {
            let emptied = self.shared.emptied.notified();
            if self.table().rows.is_empty() {
                return;
            }
            emptied.await;
        }
    }
}

/// An open connection, which is removed from the table when dropped.
pub(super) struct Entry {
    id: u64,
    state: Arc<State>,
    open: Open,
}

impl Entry {
    pub(super) fn busy(&self) -> BusyMaker {
        BusyMaker(self.state.clone())
    }

    /// Waits until the connection must be closed at once.
    pub(super) async fn wait_for_close(&self) {
        self.state.close.notified().await;
    }

    /// Waits until the connection must not accept further requests.
    pub(super) async fn wait_for_finish(&self) {
        let mut finishing = self.state.finishing.clone();
        // The sender lives as long as this entry.
        let _ = finishing.wait_for(|is| *is).await;
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        let mut table = self.open.table();
        table.rows.remove(&self.id);
        if table.rows.is_empty() {
            self.open.shared.emptied.notify_waiters();
        }
    }
}

/// The counter of a connection's requests in progress.
#[derive(Clone)]
pub(super) struct BusyMaker(Arc<State>);

impl BusyMaker {
    pub(super) fn begin(&self) -> Busy {
        self.0.busy.fetch_add(1, Ordering::AcqRel);
        Busy(self.0.clone())
    }
}

/// A guard that counts a request as in progress until it is dropped.
pub(super) struct Busy(Arc<State>);

impl Drop for Busy {
    fn drop(&mut self) {
        *self.0.idle_since.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
        self.0.busy.fetch_sub(1, Ordering::AcqRel);
    }
}
