//! Circuit breakers, one row for each engine and each account of a voice. A row is changed only if it has not
//! changed since it was read. Switches are changed by [`crate::switches`] alone.

use crate::db::Db;
use crate::rows::database;
use pytoon_records::ledger::{BreakerRow, StoreError, SwitchedOff};
use sqlx::Row;
use sqlx::any::AnyRow;

/// Converts the columns of a row to a breaker.
pub(crate) fn breaker(row: &AnyRow) -> Result<BreakerRow, StoreError> {
    let read = || -> Result<BreakerRow, sqlx::Error> {
        let count = |name: &str| -> Result<u32, sqlx::Error> {
            Ok(u32::try_from(row.try_get::<i64, _>(name)?).unwrap_or(0))
        };
        Ok(BreakerRow {
            failures: count("failures")?,
            open_until: row.try_get("open_until")?,
            reason: row.try_get("reason")?,
            opened: count("opened")?,
            probe_until: row.try_get("probe_until")?,
            switched_off: switched_off(row)?,
        })
    };
    read().map_err(database("read a breaker"))
}

/// Converts the columns of a breaker's row to the record of its switch; `None` if it is on.
pub(crate) fn switched_off(row: &AnyRow) -> Result<Option<SwitchedOff>, sqlx::Error> {
    let at: i64 = row.try_get("off_at")?;
    if at == 0 {
        return Ok(None);
    }
    Ok(Some(SwitchedOff { by: row.try_get("off_by")?, reason: row.try_get("off_reason")?, at }))
}

pub(crate) async fn list(db: &Db) -> Result<Vec<(String, BreakerRow)>, StoreError> {
    let rows = sqlx::query("SELECT * FROM breakers ORDER BY engine")
        .fetch_all(&db.pool)
        .await
        .map_err(database("read breakers"))?;
    rows.iter()
        .map(|row| Ok((row.try_get("engine").map_err(database("read breakers"))?, breaker(row)?)))
        .collect()
}

pub(crate) async fn fetch(db: &Db, engine: &str) -> Result<BreakerRow, StoreError> {
    let row = sqlx::query("SELECT * FROM breakers WHERE engine = $1")
        .bind(engine)
        .fetch_optional(&db.pool)
        .await
        .map_err(database("read a breaker"))?;
    row.map_or_else(|| Ok(BreakerRow::default()), |row| breaker(&row))
}

pub(crate) async fn swap(
    db: &Db,
    engine: &str,
    old: &BreakerRow,
    new: &BreakerRow,
) -> Result<bool, StoreError> {
    let failed = database("change a breaker");
    // The first change of an engine's breaker starts from the closed one, which has no row yet.
    if *old == BreakerRow::default() {
        sqlx::query(
            "INSERT INTO breakers (engine, failures, open_until, reason, opened, probe_until) \
             VALUES ($1, 0, 0, '', 0, 0) ON CONFLICT (engine) DO NOTHING",
        )
        .bind(engine)
        .execute(&db.pool)
        .await
        .map_err(&failed)?;
    }
    let done = sqlx::query(
        "UPDATE breakers SET failures = $1, open_until = $2, reason = $3, opened = $4, \
           probe_until = $5 \
         WHERE engine = $6 AND failures = $7 AND open_until = $8 AND opened = $9 \
           AND probe_until = $10",
    )
    .bind(i64::from(new.failures))
    .bind(new.open_until)
    .bind(&new.reason)
    .bind(i64::from(new.opened))
    .bind(new.probe_until)
    .bind(engine)
    .bind(i64::from(old.failures))
    .bind(old.open_until)
    .bind(i64::from(old.opened))
    .bind(old.probe_until)
    .execute(&db.pool)
    .await
    .map_err(failed)?;
    Ok(done.rows_affected() == 1)
}
