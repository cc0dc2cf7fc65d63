//! The connection pool, and the SQL in which SQLite and PostgreSQL differ.

use crate::rows::database;
use pytoon_records::ledger::StoreError;
use sqlx::{Any, AnyPool, AssertSqlSafe, Transaction};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// The dialect of the database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Dialect {
    Sqlite,
    Postgres,
}

/// The durability of a commit. In SQLite it is a setting of the connection, so a statement or transaction that depends
/// on it sets it first. PostgreSQL uses its server's setting.
#[derive(Clone, Copy)]
pub(crate) enum Durability {
    /// The commit survives a power cut: the log is on disk before the next step.
    Power,
    /// The commit survives the death of this process, but perhaps not of the machine.
    Process,
}

/// A database transaction.
pub(crate) type Tx = Transaction<'static, Any>;

/// A connection pool for one database.
#[derive(Debug, Clone)]
pub(crate) struct Db {
    pub(crate) pool: AnyPool,
    pub(crate) dialect: Dialect,
    /// The identity of the SQLite file when it was opened; `None` for PostgreSQL.
    pub(crate) file: Option<Arc<DatabaseFile>>,
}

/// The path and the identity of an open database file, for detecting its replacement.
#[derive(Debug)]
pub(crate) struct DatabaseFile {
    path: PathBuf,
    device: u64,
    inode: u64,
}

impl DatabaseFile {
    pub(crate) fn of_path(path: &Path) -> std::io::Result<Self> {
        let metadata = std::fs::metadata(path)?;
        Ok(Self { path: path.to_owned(), device: metadata.dev(), inode: metadata.ino() })
    }

    /// Returns an error if the open file was replaced, removed or truncated.
    fn check(&self) -> Result<(), StoreError> {
        let reason = match std::fs::metadata(&self.path) {
            Ok(now) if now.dev() != self.device || now.ino() != self.inode => {
                "was replaced by another file"
            }
            // SQLite's header alone has 100 bytes (https://www.sqlite.org/fileformat.html, 1.3).
            Ok(now) if now.len() < 100 => "was truncated",
            Ok(_) => return Ok(()),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => "was removed or moved",
            // For example out of descriptors: nothing is known.
            Err(_) => return Ok(()),
        };
        Err(StoreError::Database {
            operation: "use the database",
            reason: format!(
                "{} {reason} while this process had it open: put the file back, or restore a \
                 backup, then restart pytoon",
                self.path.display()
            ),
        })
    }
}

/// Converts a duration to milliseconds; a quarter of the largest `i64` if they exceed an `i64`.
pub(crate) fn ms(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX / 4)
}

impl Db {
    /// Returns an error if the open SQLite file was replaced, removed or truncated.
    pub(crate) fn check_file(&self) -> Result<(), StoreError> {
        self.file.as_ref().map_or(Ok(()), |file| file.check())
    }

    /// Returns the prefix of a statement that sets its durability. Such a statement reports its result with `RETURNING`,
    /// since a count of changes would cover both statements.
    pub(crate) fn durable(&self, durability: Durability) -> &'static str {
        match (self.dialect, durability) {
            (Dialect::Postgres, _) => "",
            (Dialect::Sqlite, Durability::Power) => "PRAGMA synchronous = FULL; ",
            (Dialect::Sqlite, Durability::Process) => "PRAGMA synchronous = NORMAL; ",
        }
    }

    /// Returns the SQL for the database's clock, in milliseconds since 1970. Leases on several machines need a shared
    /// clock.
    pub(crate) fn now(&self) -> &'static str {
        match self.dialect {
            Dialect::Sqlite => "CAST(unixepoch('subsec') * 1000 AS INTEGER)",
            Dialect::Postgres => "CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000 AS BIGINT)",
        }
    }

    /// Returns the SQL for the clock in a condition on a column. It is evaluated once, so that the database can use
    /// an index; evaluated for each row, it would make every claim scan all running tasks.
    pub(crate) fn now_once(&self) -> String {
        format!("(SELECT {})", self.now())
    }

    /// Returns the SQL clause that locks the selected rows and skips rows that other transactions have locked. Empty
    /// for SQLite.
    pub(crate) fn skip_locked(&self) -> &'static str {
        match self.dialect {
            // SQLite's writers are serialized.
            Dialect::Sqlite => "",
            Dialect::Postgres => " FOR UPDATE SKIP LOCKED",
        }
    }

    /// Returns the SQL clause that locks the selected rows until the transaction ends. Empty for SQLite, which locks
    /// the whole database.
    pub(crate) fn for_us_alone(&self) -> &'static str {
        match self.dialect {
            // SQLite's writers are serialized.
            Dialect::Sqlite => "",
            // Rows that refer to it can still be written.
            Dialect::Postgres => " FOR NO KEY UPDATE",
        }
    }

    /// Returns the SQL clause that prevents others from changing the selected rows until the transaction ends. Empty
    /// for SQLite.
    pub(crate) fn for_share(&self) -> &'static str {
        match self.dialect {
            // SQLite's writers are serialized.
            Dialect::Sqlite => "",
            Dialect::Postgres => " FOR SHARE",
        }
    }

    /// Begins a transaction that may write. SQLite takes its lock at once, since a transaction that first reads and
    /// then writes could be rejected.
    pub(crate) async fn begin(
        &self,
        durability: Durability,
        operation: &'static str,
    ) -> Result<Tx, StoreError> {
        let words = match (self.dialect, durability) {
            (Dialect::Postgres, _) => "BEGIN",
            (Dialect::Sqlite, Durability::Power) => "PRAGMA synchronous = FULL; BEGIN IMMEDIATE",
            (Dialect::Sqlite, Durability::Process) => {
                "PRAGMA synchronous = NORMAL; BEGIN IMMEDIATE"
            }
        };
        self.check_file()?;
        self.pool.begin_with(words).await.map_err(database(operation))
    }

    /// Waits until no other process holds the lock `what`, and holds it until the transaction ends. Serializes
    /// decisions that depend on many rows. SQLite needs no such lock.
    pub(crate) async fn one_at_a_time(
        &self,
        transaction: &mut Tx,
        what: i64,
        operation: &'static str,
    ) -> Result<(), StoreError> {
        if self.dialect == Dialect::Postgres {
            sqlx::query(AssertSqlSafe(format!("SELECT pg_advisory_xact_lock({what})")))
                .execute(&mut **transaction)
                .await
                .map_err(database(operation))?;
        }
        Ok(())
    }
}
