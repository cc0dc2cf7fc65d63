//! The versions of the tables, in order. They are listed here rather than by sqlx's macro, which would
//! compile both database drivers a second time.

use crate::db::Dialect;
use sqlx::SqlStr;
use sqlx::migrate::{Migration, MigrationType, Migrator};

/// A migration: number, description, SQL. A released migration is never changed, since sqlx compares checksums.
type Step = (i64, &'static str, &'static str);

const SQLITE: &[Step] = &[
    (1, "engine ledger", include_str!("../migrations/sqlite/0001_engine_ledger.sql")),
    (2, "clips of calls", include_str!("../migrations/sqlite/0002_clips_of_calls.sql")),
    (3, "service", include_str!("../migrations/sqlite/0003_service.sql")),
    (4, "assets", include_str!("../migrations/sqlite/0004_assets.sql")),
    (5, "redo and webhooks", include_str!("../migrations/sqlite/0005_redo_and_webhooks.sql")),
    (6, "studio", include_str!("../migrations/sqlite/0006_studio.sql")),
];

const POSTGRES: &[Step] = &[
    (1, "engine ledger", include_str!("../migrations/postgres/0001_engine_ledger.sql")),
    (3, "service", include_str!("../migrations/postgres/0003_service.sql")),
    (4, "assets", include_str!("../migrations/postgres/0004_assets.sql")),
    (5, "redo and webhooks", include_str!("../migrations/postgres/0005_redo_and_webhooks.sql")),
    (6, "studio", include_str!("../migrations/postgres/0006_studio.sql")),
];

/// Returns all migrations of a database.
pub(crate) fn all(dialect: Dialect) -> Migrator {
    up_to(dialect, i64::MAX)
}

/// Returns the migrations up to and including the given version.
pub(crate) fn up_to(dialect: Dialect, version: i64) -> Migrator {
    let steps = match dialect {
        Dialect::Sqlite => SQLITE,
        Dialect::Postgres => POSTGRES,
    };
    let wanted = steps.iter().filter(|(number, ..)| *number <= version);
    let migrations = wanted.map(|&(number, what, sql)| {
        let sql = SqlStr::from_static(sql);
        Migration::new(number, what.into(), MigrationType::Simple, sql, false)
    });
    Migrator::with_migrations(migrations.collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    #[test]
    fn every_file_is_listed() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations");
        for (folder, dialect) in [("sqlite", Dialect::Sqlite), ("postgres", Dialect::Postgres)] {
            let files = std::fs::read_dir(root.join(folder)).expect("a folder");
            let mut files: Vec<_> = files.map(|file| file.expect("a file").file_name()).collect();
            files.sort();
            let listed: Vec<std::ffi::OsString> = all(dialect)
                .iter()
                .map(|m| format!("{:04}_{}.sql", m.version, m.description.replace(' ', "_")).into())
                .collect();
            assert_eq!(listed, files);
        }
    }
}
