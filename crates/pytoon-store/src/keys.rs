//! Stores API keys by their hashes, the counters of processes, and a row to probe writes.

use crate::db::{Db, Durability};
use crate::rows::database;
use pytoon_records::job::keys::{KeyRow, Scope};
use pytoon_records::job::process::{AddUp, ENDED};
use pytoon_records::ledger::StoreError;
use pytoon_vocabulary::MicroUsd;
use pytoon_vocabulary::UnixMs;
use sqlx::any::AnyRow;
use sqlx::{AssertSqlSafe, Row};
use std::time::Duration;
use uuid::Uuid;

const COLUMNS: &str = "id, name, scopes, budget_per_day, created_at, revoked_at";

pub(crate) fn key_row(row: &AnyRow) -> Result<KeyRow, sqlx::Error> {
    let scopes: String = row.try_get("scopes")?;
    Ok(KeyRow {
        id: row.try_get("id")?,
        name: row.try_get("name")?,
        scopes: scopes.split(',').filter(|scope| !scope.is_empty()).map(str::to_owned).collect(),
        budget_per_day: row.try_get::<Option<i64>, _>("budget_per_day")?.map(MicroUsd),
        created_at: row.try_get("created_at")?,
        revoked_at: row.try_get("revoked_at")?,
    })
}

/// Creates a random API key and its row. The key itself is shown once and not stored. `budget` is the maximum amount
/// that its jobs may spend per day.
pub fn new_key(name: &str, scope: Scope, budget: Option<MicroUsd>) -> (String, KeyRow) {
    let secret = format!("{}{}", Uuid::new_v4().simple(), Uuid::new_v4().simple());
    let row = KeyRow {
        id: Uuid::new_v4().to_string(),
        name: name.to_owned(),
        scopes: vec![scope.to_string()],
        budget_per_day: budget,
        created_at: 0,
        revoked_at: None,
    };
    (format!("pyt_{secret}"), row)
}

pub(crate) async fn add(db: &Db, key: &KeyRow, hash: &str) -> Result<(), StoreError> {
    let sql = format!(
        "INSERT INTO api_keys (id, name, hash, scopes, budget_per_day, created_at) \
         VALUES ($1, $2, $3, $4, $5, {})",
        db.now()
    );
    sqlx::query(AssertSqlSafe(sql))
        .bind(&key.id)
        .bind(&key.name)
        .bind(hash)
        .bind(key.scopes.join(","))
        .bind(key.budget_per_day.map(|usd| usd.0))
        .execute(&db.pool)
        .await
        .map_err(database("add a key"))?;
    Ok(())
}

pub(crate) async fn find(db: &Db, hash: &str) -> Result<Option<KeyRow>, StoreError> {
    let failed = database("find a key");
    let sql = format!("SELECT {COLUMNS} FROM api_keys WHERE hash = $1 AND revoked_at IS NULL");
    let row = sqlx::query(AssertSqlSafe(sql)).bind(hash).fetch_optional(&db.pool).await;
    row.map_err(&failed)?.map(|row| key_row(&row)).transpose().map_err(failed)
}

pub(crate) async fn list(db: &Db) -> Result<Vec<KeyRow>, StoreError> {
    let failed = database("list keys");
    let sql = format!("SELECT {COLUMNS} FROM api_keys ORDER BY created_at, id");
    let rows = sqlx::query(AssertSqlSafe(sql)).fetch_all(&db.pool).await.map_err(&failed)?;
    rows.iter().map(|row| key_row(row).map_err(&failed)).collect()
}

pub(crate) async fn budget(
    db: &Db,
    name: &str,
    per_day: Option<MicroUsd>,
) -> Result<bool, StoreError> {
    let rows = sqlx::query(
        "UPDATE api_keys SET budget_per_day = $2 \
         WHERE (id = $1 OR name = $1) AND revoked_at IS NULL RETURNING id",
    )
    .bind(name)
    .bind(per_day.map(|usd| usd.0))
    .fetch_all(&db.pool)
    .await;
    Ok(!rows.map_err(database("set a key's budget"))?.is_empty())
}

pub(crate) async fn revoke(db: &Db, name: &str) -> Result<bool, StoreError> {
    let sql = format!(
        "UPDATE api_keys SET revoked_at = {} \
         WHERE (id = $1 OR name = $1) AND revoked_at IS NULL RETURNING id",
        db.now()
    );
    let rows = sqlx::query(AssertSqlSafe(sql)).bind(name).fetch_all(&db.pool).await;
    Ok(!rows.map_err(database("revoke a key"))?.is_empty())
}

fn put_sql(db: &Db) -> String {
    format!(
        "INSERT INTO counts (process, text, updated_at) VALUES ($1, $2, {}) \
         ON CONFLICT (process) DO UPDATE SET text = excluded.text, \
           updated_at = excluded.updated_at",
        db.now()
    )
}

pub(crate) async fn put_counts(db: &Db, process: &str, text: &str) -> Result<(), StoreError> {
    sqlx::query(AssertSqlSafe(put_sql(db)))
        .bind(process)
        .bind(text)
        .execute(&db.pool)
        .await
        .map_err(database("store counters"))?;
    Ok(())
}

pub(crate) async fn all_counts(db: &Db) -> Result<Vec<(String, String)>, StoreError> {
    let failed = database("read counters");
    let rows = sqlx::query("SELECT process, text FROM counts ORDER BY process")
        .fetch_all(&db.pool)
        .await
        .map_err(&failed)?;
    let read = |row: &AnyRow| Ok((row.try_get("process")?, row.try_get("text")?));
    rows.iter().map(|row| read(row).map_err(&failed)).collect()
}

/// The advisory lock under which PostgreSQL merges counters, since two processes that merge the same row would count
/// it twice.
const FOLDING: i64 = 7_270_002;

pub(crate) async fn fold_counts(
    db: &Db,
    unheard_for: Duration,
    add_up: AddUp,
) -> Result<usize, StoreError> {
    const FOLD: &str = "merge counters";
    let failed = database(FOLD);
    let mut tx = db.begin(Durability::Process, FOLD).await?;
    db.one_at_a_time(&mut tx, FOLDING, FOLD).await?;
    let sql = format!(
        "DELETE FROM counts WHERE process <> '{ENDED}' AND updated_at < {} - {} \
         RETURNING process, text",
        db.now(),
        unheard_for.as_millis()
    );
    let gone = sqlx::query(AssertSqlSafe(sql)).fetch_all(&mut *tx).await.map_err(&failed)?;
    if gone.is_empty() {
        return Ok(0);
    }
    let earlier = sqlx::query("SELECT text FROM counts WHERE process = $1")
        .bind(ENDED)
        .fetch_all(&mut *tx)
        .await
        .map_err(&failed)?;
    let texts = earlier.iter().chain(&gone).map(|row| row.try_get::<String, _>("text"));
    let texts: Vec<String> = texts.collect::<Result<_, _>>().map_err(&failed)?;
    let sum = add_up(&texts.iter().map(String::as_str).collect::<Vec<_>>());
    let sql = put_sql(db);
    let put = sqlx::query(AssertSqlSafe(sql)).bind(ENDED).bind(sum);
    put.execute(&mut *tx).await.map_err(&failed)?;
    tx.commit().await.map_err(failed)?;
    Ok(gone.len())
}

pub(crate) async fn now(db: &Db) -> Result<UnixMs, StoreError> {
    let sql = AssertSqlSafe(format!("SELECT {}", db.now()));
    let now = sqlx::query_scalar(sql).fetch_one(&db.pool).await;
    now.map_err(database("read the clock"))
}

pub(crate) async fn check(db: &Db) -> Result<(), StoreError> {
    db.check_file()?;
    let sql = format!(
        "INSERT INTO probes (name, updated_at) VALUES ('write', {}) \
         ON CONFLICT (name) DO UPDATE SET updated_at = excluded.updated_at RETURNING updated_at",
        db.now()
    );
    let rows = sqlx::query(AssertSqlSafe(sql)).fetch_all(&db.pool).await;
    rows.map_err(database("write a row"))?;
    Ok(())
}
