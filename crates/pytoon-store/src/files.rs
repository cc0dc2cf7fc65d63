//! Stores the records of uploaded files, of purchased files, and of work that one process at a time may do.

use crate::db::{Db, ms};
use crate::rows::database;
use crate::store::{Store, with_timeout};
use pytoon_records::job::files::{AssetRow, FileStore, KeptFile, Uploaded};
use pytoon_records::ledger::{StoreError, StoreFuture};
use sqlx::any::AnyRow;
use sqlx::{AssertSqlSafe, Row};
use std::time::Duration;

const COLUMNS: &str = "id, key_id, sha256, size_bytes, media_type, file, created_at, used_at";

fn asset(row: &AnyRow) -> Result<AssetRow, sqlx::Error> {
    Ok(AssetRow {
        id: row.try_get("id")?,
        key_id: row.try_get("key_id")?,
        sha256: row.try_get("sha256")?,
        size_bytes: row.try_get("size_bytes")?,
        media_type: row.try_get("media_type")?,
        file: row.try_get("file")?,
        created_at: row.try_get("created_at")?,
        used_at: row.try_get("used_at")?,
    })
}

async fn add(db: &Db, new: &AssetRow) -> Result<Uploaded, StoreError> {
    let failed = database("record an upload");
    // A known file is marked as used now: it must not be removed while its name is on the way to its caller.
    // The clock is read once: PostgreSQL's advances within a statement.
    let sql = format!(
        "INSERT INTO assets ({COLUMNS}) \
         SELECT $1, $2, $3, $4, $5, $6, clock.now, clock.now FROM (SELECT {now} AS now) AS clock \
         WHERE TRUE ON CONFLICT (key_id, sha256) DO UPDATE SET used_at = excluded.used_at \
         RETURNING {COLUMNS}",
        now = db.now()
    );
    let row = sqlx::query(AssertSqlSafe(sql))
        .bind(&new.id)
        .bind(&new.key_id)
        .bind(&new.sha256)
        .bind(new.size_bytes)
        .bind(&new.media_type)
        .bind(&new.file)
        .fetch_one(&db.pool)
        .await
        .map_err(&failed)?;
    let row = asset(&row).map_err(failed)?;
    Ok(if row.id == new.id { Uploaded::New(row) } else { Uploaded::Known(row) })
}

async fn touch_upload(
    db: &Db,
    id: &str,
    key: Option<&str>,
) -> Result<Option<AssetRow>, StoreError> {
    let failed = database("find an upload");
    let own = if key.is_some() { " AND key_id = $2" } else { "" };
    let sql =
        format!("UPDATE assets SET used_at = {} WHERE id = $1{own} RETURNING {COLUMNS}", db.now());
    let mut query = sqlx::query(AssertSqlSafe(sql)).bind(id);
    if let Some(key) = key {
        query = query.bind(key);
    }
    let rows = query.fetch_all(&db.pool).await.map_err(&failed)?;
    rows.first().map(asset).transpose().map_err(failed)
}

async fn fetch(db: &Db, id: &str) -> Result<Option<AssetRow>, StoreError> {
    let failed = database("read an upload");
    let sql = format!("SELECT {COLUMNS} FROM assets WHERE id = $1");
    let row = sqlx::query(AssertSqlSafe(sql)).bind(id).fetch_optional(&db.pool).await;
    row.map_err(&failed)?.as_ref().map(asset).transpose().map_err(failed)
}

async fn list_unused(db: &Db, unused_for: Duration) -> Result<Vec<AssetRow>, StoreError> {
    let failed = database("list uploads");
    let sql = format!(
        "SELECT {COLUMNS} FROM assets WHERE used_at < {} - {} ORDER BY used_at, id LIMIT 1000",
        db.now(),
        ms(unused_for)
    );
    let rows = sqlx::query(AssertSqlSafe(sql)).fetch_all(&db.pool).await.map_err(&failed)?;
    rows.iter().map(|row| asset(row).map_err(&failed)).collect()
}

async fn remove(db: &Db, id: &str, unused_for: Duration) -> Result<bool, StoreError> {
    let sql = format!(
        "DELETE FROM assets WHERE id = $1 AND used_at < {} - {} RETURNING id",
        db.now(),
        ms(unused_for)
    );
    let rows = sqlx::query(AssertSqlSafe(sql)).bind(id).fetch_all(&db.pool).await;
    Ok(!rows.map_err(database("discard an upload"))?.is_empty())
}

async fn list_kept(db: &Db) -> Result<Vec<KeptFile>, StoreError> {
    let failed = database("list purchased files");
    let sql = format!(
        "SELECT clip_file, {} - MAX(updated_at) AS age FROM calls WHERE clip_file IS NOT NULL \
         GROUP BY clip_file ORDER BY clip_file",
        db.now()
    );
    let rows = sqlx::query(AssertSqlSafe(sql)).fetch_all(&db.pool).await.map_err(&failed)?;
    let read = |row: &AnyRow| -> Result<KeptFile, sqlx::Error> {
        Ok(KeptFile { file: row.try_get("clip_file")?, age_ms: row.try_get("age")? })
    };
    rows.iter().map(|row| read(row).map_err(&failed)).collect()
}

async fn forget(db: &Db, file: &str) -> Result<(), StoreError> {
    sqlx::query("UPDATE calls SET clip_file = NULL WHERE clip_file = $1")
        .bind(file)
        .execute(&db.pool)
        .await
        .map_err(database("delete records of expired purchases"))?;
    Ok(())
}

async fn turn(db: &Db, name: &str, holder: &str, holds: Duration) -> Result<bool, StoreError> {
    let sql = format!(
        "INSERT INTO turns (name, holder, held_until) VALUES ($1, $2, {now} + {holds}) \
         ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, \
           held_until = excluded.held_until \
         WHERE turns.held_until < {now} OR turns.holder = excluded.holder RETURNING holder",
        now = db.now(),
        holds = ms(holds)
    );
    let rows = sqlx::query(AssertSqlSafe(sql)).bind(name).bind(holder).fetch_all(&db.pool).await;
    Ok(!rows.map_err(database("claim a maintenance task"))?.is_empty())
}

impl FileStore for Store {
    fn asset_add(&self, asset: AssetRow) -> StoreFuture<'_, Uploaded> {
        with_timeout(async move { add(&self.db, &asset).await })
    }

    fn asset_use(&self, id: &str, key: Option<String>) -> StoreFuture<'_, Option<AssetRow>> {
        let id = id.to_owned();
        with_timeout(async move { touch_upload(&self.db, &id, key.as_deref()).await })
    }

    fn asset_fetch(&self, id: &str) -> StoreFuture<'_, Option<AssetRow>> {
        let id = id.to_owned();
        with_timeout(async move { fetch(&self.db, &id).await })
    }

    fn asset_list_unused(&self, unused_for: Duration) -> StoreFuture<'_, Vec<AssetRow>> {
        with_timeout(async move { list_unused(&self.db, unused_for).await })
    }

    fn asset_remove(&self, id: &str, unused_for: Duration) -> StoreFuture<'_, bool> {
        let id = id.to_owned();
        with_timeout(async move { remove(&self.db, &id, unused_for).await })
    }

    fn kept_file_list(&self) -> StoreFuture<'_, Vec<KeptFile>> {
        with_timeout(async move { list_kept(&self.db).await })
    }

    fn kept_file_forget(&self, file: &str) -> StoreFuture<'_, ()> {
        let file = file.to_owned();
        with_timeout(async move { forget(&self.db, &file).await })
    }

    fn turn_take(&self, name: &str, holder: &str, holds: Duration) -> StoreFuture<'_, bool> {
        let (name, holder) = (name.to_owned(), holder.to_owned());
        with_timeout(async move { turn(&self.db, &name, &holder, holds).await })
    }
}
