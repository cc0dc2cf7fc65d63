//! The events of jobs, for clients that watch them, and the scenes that some events report.

use crate::db::{Db, Tx};
use crate::rows::{database, json_of};
use crate::states::{apply_event, id, read_name, step};
use pytoon_records::job::SceneStatus;
use pytoon_records::job::store::{EventKind, EventRow, SceneChange, SceneRow};
use pytoon_records::ledger::StoreError;
use pytoon_vocabulary::EngineName;
use serde_json::{Value, json};
use sqlx::any::AnyRow;
use sqlx::{AssertSqlSafe, Row};

/// Writes an event of a job and returns its sequence number. The number comes from `row`, the result of an update
/// that also locked the job, so the job's events have a definite order.
pub(crate) async fn write_event(
    db: &Db,
    tx: &mut Tx,
    job: &str,
    row: &[AnyRow],
    event: EventKind,
    data: &Value,
    operation: &'static str,
) -> Result<i64, StoreError> {
    let Some(row) = row.first() else {
        return Err(StoreError::Conflict(format!("job `{job}` no longer exists")));
    };
    let seq: i64 = row.try_get("events").map_err(database(operation))?;
    insert_event(db, tx, job, seq, event, data, operation).await?;
    Ok(seq)
}

/// Inserts a job event with the given sequence number.
pub(crate) async fn insert_event(
    db: &Db,
    tx: &mut Tx,
    job: &str,
    seq: i64,
    event: EventKind,
    data: &Value,
    operation: &'static str,
) -> Result<(), StoreError> {
    let sql = format!(
        "INSERT INTO job_events (job_id, seq, at, event, data) VALUES ($1, $2, {}, $3, $4)",
        db.now()
    );
    sqlx::query(AssertSqlSafe(sql))
        .bind(job)
        .bind(seq)
        .bind(event.as_str())
        .bind(data.to_string())
        .execute(&mut **tx)
        .await
        .map_err(database(operation))?;
    Ok(())
}

/// Lists at most `limit` events of a job after a sequence number.
pub(crate) async fn events(
    db: &Db,
    job: &str,
    after: i64,
    limit: u32,
) -> Result<Vec<EventRow>, StoreError> {
    let failed = database("read events");
    let sql = format!(
        "SELECT seq, at, event, data FROM job_events WHERE job_id = $1 AND seq > $2 \
         ORDER BY seq LIMIT {limit}"
    );
    let rows = sqlx::query(AssertSqlSafe(sql)).bind(job).bind(after).fetch_all(&db.pool).await;
    let read = |row: &AnyRow| -> Result<EventRow, sqlx::Error> {
        Ok(EventRow {
            seq: row.try_get("seq")?,
            at: row.try_get("at")?,
            event: read_name(row, "event", EventKind::from_name)?,
            data: json_of(Some(row.try_get("data")?))?.unwrap_or_default(),
        })
    };
    rows.map_err(&failed)?.iter().map(|row| read(row).map_err(&failed)).collect()
}

/// Lists the scenes of a job in order.
pub(crate) async fn scenes(db: &Db, job: &str) -> Result<Vec<SceneRow>, StoreError> {
    let failed = database("read scenes");
    let rows = sqlx::query(
        "SELECT scene_id, status, engine_used, fallback_used, render_duration_ms, error \
         FROM scenes WHERE job_id = $1 ORDER BY scene_id",
    )
    .bind(job)
    .fetch_all(&db.pool)
    .await
    .map_err(&failed)?;
    let read = |row: &AnyRow| -> Result<SceneRow, sqlx::Error> {
        Ok(SceneRow {
            scene_id: id(row, "scene_id")?,
            status: read_name(row, "status", SceneStatus::from_name)?,
            engine_used: row.try_get::<Option<String>, _>("engine_used")?.map(EngineName::from),
            fallback_used: row.try_get::<i64, _>("fallback_used")? != 0,
            render_duration_ms: row.try_get("render_duration_ms")?,
            error: row.try_get("error")?,
        })
    };
    rows.iter().map(|row| read(row).map_err(&failed)).collect()
}

/// Applies changes to the scenes of a job, and writes an event for each scene that changed. A scene without a row is
/// treated as planned.
pub(crate) async fn change_scenes(
    db: &Db,
    tx: &mut Tx,
    job: &str,
    changes: &[SceneChange],
    operation: &'static str,
) -> Result<(), StoreError> {
    for change in changes {
        let status = apply_event(SceneStatus::default(), change.event)?;
        let sql = format!(
            "INSERT INTO scenes (job_id, scene_id, status, engine_used, fallback_used, \
               render_duration_ms, error) VALUES ($1, $2, $3, $4, $5, $6, $7) \
             ON CONFLICT (job_id, scene_id) DO UPDATE SET status = excluded.status, \
               engine_used = excluded.engine_used, fallback_used = excluded.fallback_used, \
               render_duration_ms = excluded.render_duration_ms, error = excluded.error \
             WHERE scenes.status {}",
            step::<SceneStatus>(change.event).from
        );
        let scene = change.clone().into_row(status);
        let written = sqlx::query(AssertSqlSafe(sql))
            .bind(job)
            .bind(scene.scene_id.as_str())
            .bind(scene.status.as_str())
            .bind(scene.engine_used.as_ref().map(EngineName::as_str))
            .bind(i64::from(scene.fallback_used))
            .bind(scene.render_duration_ms)
            .bind(scene.error.as_deref())
            .execute(&mut **tx)
            .await
            .map_err(database(operation))?;
        if written.rows_affected() == 0 {
            continue;
        }
        let row = sqlx::query("UPDATE jobs SET events = events + 1 WHERE id = $1 RETURNING events")
            .bind(job)
            .fetch_all(&mut **tx)
            .await
            .map_err(database(operation))?;
        write_event(db, tx, job, &row, EventKind::Scene, &json!(scene), operation).await?;
    }
    Ok(())
}
