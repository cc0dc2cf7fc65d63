//! The rows of published versions of films.

use crate::db::{Db, Tx};
use crate::rows::database;
use pytoon_records::job::store::JobRow;
use pytoon_records::job::versions::FilmVersion;
use pytoon_records::ledger::StoreError;
use sqlx::{AssertSqlSafe, Row};

/// Adds the next version of a job that this transaction has locked.
pub(crate) async fn add(
    db: &Db,
    tx: &mut Tx,
    job: &JobRow,
    operation: &'static str,
) -> Result<(), StoreError> {
    let sql = format!(
        "INSERT INTO film_versions (job_id, version, brief, created_at) \
         SELECT $1, COALESCE(MAX(version), 0) + 1, $2, {} FROM film_versions WHERE job_id = $3",
        db.now()
    );
    let added = sqlx::query(AssertSqlSafe(sql))
        .bind(job.id.as_str())
        .bind(job.brief.to_string())
        .bind(job.id.as_str())
        .execute(&mut **tx)
        .await;
    added.map_err(database(operation))?;
    Ok(())
}

pub(crate) async fn list(db: &Db, id: &str) -> Result<Vec<FilmVersion>, StoreError> {
    let failed = database("list the versions of a film");
    let sql = "SELECT version, name, brief, created_at FROM film_versions \
               WHERE job_id = $1 ORDER BY version DESC";
    let rows = sqlx::query(sql).bind(id).fetch_all(&db.pool).await.map_err(&failed)?;
    let read = |row: &sqlx::any::AnyRow| -> Result<FilmVersion, sqlx::Error> {
        let brief: String = row.try_get("brief")?;
        Ok(FilmVersion {
            version: u32::try_from(row.try_get::<i64, _>("version")?).unwrap_or(u32::MAX),
            name: row.try_get("name")?,
            brief: serde_json::from_str(&brief).unwrap_or_default(),
            created_at: row.try_get("created_at")?,
        })
    };
    rows.iter().map(read).collect::<Result<_, _>>().map_err(failed)
}

pub(crate) async fn name(db: &Db, id: &str, version: u32, name: &str) -> Result<bool, StoreError> {
    let sql = "UPDATE film_versions SET name = $1 WHERE job_id = $2 AND version = $3";
    let query = sqlx::query(sql).bind(name).bind(id).bind(i64::from(version));
    let done = query.execute(&db.pool).await.map_err(database("name a version of a film"))?;
    Ok(done.rows_affected() == 1)
}
