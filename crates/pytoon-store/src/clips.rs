//! Kept clips: what was paid for once and is used again.

use crate::calls::{advance, not_advanced};
use crate::rows::database;
use pytoon_core::ledger::{CallChange, CallEvent, KeptClip, StoreError};
use sqlx::{AnyPool, Row};

/// Keeps a clip and takes its call to `kept` in one transaction.
pub(crate) async fn keep(
    pool: &AnyPool,
    clip: &KeptClip,
    change: &CallChange,
) -> Result<(), StoreError> {
    let failed = database("keep a clip");
    let mut tx = pool.begin_with("BEGIN IMMEDIATE").await.map_err(&failed)?;
    let kept = CallEvent::Kept;
    if advance(&mut *tx, &clip.call_id, kept, change, clip.created_at).await?.is_none() {
        return Err(not_advanced(&mut *tx, &clip.call_id, kept).await?);
    }
    sqlx::query(
        "INSERT INTO clips (request_hash, engine, call_id, file, sha256, duration_ms, credit, \
           created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8) \
         ON CONFLICT (request_hash) DO UPDATE SET engine = excluded.engine, \
           call_id = excluded.call_id, file = excluded.file, sha256 = excluded.sha256, \
           duration_ms = excluded.duration_ms, credit = excluded.credit, \
           created_at = excluded.created_at",
    )
    .bind(&clip.request_hash)
    .bind(&clip.engine)
    .bind(&clip.call_id)
    .bind(&clip.file)
    .bind(&clip.sha256)
    .bind(clip.duration_ms)
    .bind(clip.credit.clone())
    .bind(clip.created_at)
    .execute(&mut *tx)
    .await
    .map_err(&failed)?;
    tx.commit().await.map_err(failed)
}

pub(crate) async fn find(
    pool: &AnyPool,
    request_hash: &str,
) -> Result<Option<KeptClip>, StoreError> {
    let failed = database("find a clip");
    let row = sqlx::query(
        "SELECT request_hash, engine, call_id, file, sha256, duration_ms, credit, created_at \
         FROM clips WHERE request_hash = $1",
    )
    .bind(request_hash)
    .fetch_optional(pool)
    .await
    .map_err(&failed)?;
    let Some(row) = row else { return Ok(None) };
    let read = || -> Result<KeptClip, sqlx::Error> {
        Ok(KeptClip {
            request_hash: row.try_get("request_hash")?,
            engine: row.try_get("engine")?,
            call_id: row.try_get("call_id")?,
            file: row.try_get("file")?,
            sha256: row.try_get("sha256")?,
            duration_ms: row.try_get("duration_ms")?,
            credit: row.try_get("credit")?,
            created_at: row.try_get("created_at")?,
        })
    };
    read().map(Some).map_err(failed)
}

pub(crate) async fn forget(pool: &AnyPool, request_hash: &str) -> Result<(), StoreError> {
    sqlx::query("DELETE FROM clips WHERE request_hash = $1")
        .bind(request_hash)
        .execute(pool)
        .await
        .map_err(database("forget a clip"))?;
    Ok(())
}
