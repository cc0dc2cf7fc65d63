//! Stored clips, which are paid for once and reused. Each is part of its call's row.

use crate::db::Db;
use crate::rows::database;
use pytoon_records::ledger::{KeptClip, StoreError};
use sqlx::Row;

/// Returns the newest stored clip for a request hash; `None` if there is none.
pub(crate) async fn find(db: &Db, request_hash: &str) -> Result<Option<KeptClip>, StoreError> {
    let failed = database("find a clip");
    let row = sqlx::query(
        "SELECT request_hash, engine, id, clip_file, clip_sha256, clip_duration_ms, clip_credit, \
           updated_at \
         FROM calls WHERE request_hash = $1 AND clip_file IS NOT NULL \
         ORDER BY updated_at DESC, id LIMIT 1",
    )
    .bind(request_hash)
    .fetch_optional(&db.pool)
    .await
    .map_err(&failed)?;
    let Some(row) = row else { return Ok(None) };
    let read = || -> Result<KeptClip, sqlx::Error> {
        Ok(KeptClip {
            request_hash: row.try_get("request_hash")?,
            engine: row.try_get("engine")?,
            call_id: row.try_get::<String, _>("id")?.into(),
            file: row.try_get("clip_file")?,
            sha256: row.try_get("clip_sha256")?,
            duration_ms: row.try_get("clip_duration_ms")?,
            credit: row.try_get("clip_credit")?,
            created_at: row.try_get("updated_at")?,
        })
    };
    read().map(Some).map_err(failed)
}

pub(crate) async fn forget(db: &Db, request_hash: &str) -> Result<(), StoreError> {
    sqlx::query("UPDATE calls SET clip_file = NULL WHERE request_hash = $1")
        .bind(request_hash)
        .execute(&db.pool)
        .await
        .map_err(database("delete a clip's record"))?;
    Ok(())
}
