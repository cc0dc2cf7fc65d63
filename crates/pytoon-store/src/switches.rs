//! Switches of engines: the state in the table of breakers, and a record of every change.

use crate::breakers::switched_off;
use crate::db::{Db, Durability};
use crate::rows::database;
use pytoon_records::job::switches::SwitchRecord;
use pytoon_records::ledger::{StoreError, SwitchedOff};
use sqlx::{AssertSqlSafe, Row};
use uuid::Uuid;

const SWITCH: &str = "switch an engine";

pub(crate) async fn set(
    db: &Db,
    engine: &str,
    is_on: bool,
    by: &str,
    reason: &str,
) -> Result<(), StoreError> {
    let failed = database(SWITCH);
    let mut tx = db.begin(Durability::Power, SWITCH).await?;
    sqlx::query(
        "INSERT INTO breakers (engine, failures, open_until, reason, opened, probe_until) \
         VALUES ($1, 0, 0, '', 0, 0) ON CONFLICT (engine) DO NOTHING",
    )
    .bind(engine)
    .execute(&mut *tx)
    .await
    .map_err(&failed)?;
    let at = if is_on { "0" } else { db.now() };
    let sql = format!(
        "UPDATE breakers SET off_at = {at}, off_by = $1, off_reason = $2 WHERE engine = $3"
    );
    let (off_by, off_reason) = if is_on { ("", "") } else { (by, reason) };
    sqlx::query(AssertSqlSafe(sql))
        .bind(off_by)
        .bind(off_reason)
        .bind(engine)
        .execute(&mut *tx)
        .await
        .map_err(&failed)?;
    let sql = format!(
        "INSERT INTO engine_switches (id, engine, is_on, changed_by, reason, changed_at) \
         VALUES ($1, $2, $3, $4, $5, {})",
        db.now()
    );
    sqlx::query(AssertSqlSafe(sql))
        .bind(Uuid::new_v4().to_string())
        .bind(engine)
        .bind(i64::from(is_on))
        .bind(by)
        .bind(reason)
        .execute(&mut *tx)
        .await
        .map_err(&failed)?;
    tx.commit().await.map_err(failed)
}

pub(crate) async fn log(db: &Db, limit: u32) -> Result<Vec<SwitchRecord>, StoreError> {
    let failed = database("read the switches of engines");
    let sql = format!(
        "SELECT engine, is_on, changed_by, reason, changed_at FROM engine_switches \
         ORDER BY changed_at DESC LIMIT {limit}"
    );
    let rows = sqlx::query(AssertSqlSafe(sql)).fetch_all(&db.pool).await.map_err(&failed)?;
    let read = |row: &sqlx::any::AnyRow| -> Result<SwitchRecord, sqlx::Error> {
        Ok(SwitchRecord {
            engine: row.try_get("engine")?,
            is_on: row.try_get::<i64, _>("is_on")? != 0,
            changed_by: row.try_get("changed_by")?,
            reason: row.try_get("reason")?,
            changed_at: row.try_get("changed_at")?,
        })
    };
    rows.iter().map(read).collect::<Result<_, _>>().map_err(failed)
}

pub(crate) async fn list(db: &Db) -> Result<Vec<(String, SwitchedOff)>, StoreError> {
    let failed = database("read the switches of engines");
    let rows = sqlx::query("SELECT * FROM breakers WHERE off_at <> 0 ORDER BY engine")
        .fetch_all(&db.pool)
        .await
        .map_err(&failed)?;
    let mut out = Vec::new();
    for row in &rows {
        let engine: String = row.try_get("engine").map_err(&failed)?;
        out.extend(switched_off(row).map_err(&failed)?.map(|off| (engine, off)));
    }
    Ok(out)
}
