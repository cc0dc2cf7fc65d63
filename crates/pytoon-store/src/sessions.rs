//! Stores the sessions of people who logged in to the page. A session is a random token, stored as its hash, that stands
//! for an API key until it expires.

use crate::db::{Db, ms};
use crate::keys::key_row;
use crate::rows::database;
use pytoon_records::job::keys::KeyRow;
use pytoon_records::ledger::StoreError;
use sqlx::AssertSqlSafe;
use std::time::Duration;

pub(crate) async fn add(
    db: &Db,
    hash: &str,
    key_id: &str,
    lifetime: Duration,
) -> Result<(), StoreError> {
    let failed = database("start a session");
    let expired = format!("DELETE FROM sessions WHERE expires_at <= {}", db.now());
    sqlx::query(AssertSqlSafe(expired)).execute(&db.pool).await.map_err(&failed)?;
    let sql = format!(
        "INSERT INTO sessions (hash, key_id, created_at, expires_at) \
         VALUES ($1, $2, {now}, {now} + {lifetime})",
        now = db.now(),
        lifetime = ms(lifetime)
    );
    let added = sqlx::query(AssertSqlSafe(sql)).bind(hash).bind(key_id).execute(&db.pool).await;
    added.map_err(failed)?;
    Ok(())
}

pub(crate) async fn find(db: &Db, hash: &str) -> Result<Option<KeyRow>, StoreError> {
    let failed = database("find a session");
    let sql = format!(
        "SELECT k.id, k.name, k.scopes, k.budget_per_day, k.created_at, k.revoked_at \
         FROM sessions s JOIN api_keys k ON k.id = s.key_id \
         WHERE s.hash = $1 AND s.expires_at > {} AND k.revoked_at IS NULL",
        db.now()
    );
    let row = sqlx::query(AssertSqlSafe(sql)).bind(hash).fetch_optional(&db.pool).await;
    row.map_err(&failed)?.map(|row| key_row(&row)).transpose().map_err(failed)
}

pub(crate) async fn end(db: &Db, hash: &str) -> Result<(), StoreError> {
    let sql = "DELETE FROM sessions WHERE hash = $1";
    let ended = sqlx::query(sql).bind(hash).execute(&db.pool).await;
    ended.map_err(database("end a session"))?;
    Ok(())
}
