//! Jobs that ended and are wanted again: as they were, or with another brief.
//!
//! Guarantees: tasks keep their tokens, so that whoever still works on one for the earlier run has
//! lost it; what was made and bought stays, and steps find it.

use crate::db::{Db, Durability, Tx};
use crate::jobs::{add_tasks, hold, set_status, unblock};
use crate::rows::database;
use pytoon_records::job::store::DEGRADED;
use pytoon_records::job::{JobStatus, NewTask};
use pytoon_records::ledger::StoreError;
use serde_json::Value;
use sqlx::AssertSqlSafe;

const GO_ON: &str = "let a job go on";

/// What was parked, what died and what was never told the end goes on; what is done stays done.
pub(crate) async fn go_on(db: &Db, id: &str, from: &[JobStatus]) -> Result<bool, StoreError> {
    let failed = database(GO_ON);
    let mut tx = db.begin(Durability::Power, GO_ON).await?;
    let Some(job) = hold(db, &mut tx, id).await? else { return Ok(false) };
    if !from.contains(&job.status) {
        return Ok(false);
    }
    set_status(db, &mut tx, id, JobStatus::Queued, None, GO_ON).await?;
    asked_again(db, &mut tx, id, GO_ON).await?;
    // A film that would have been a lesser one is gone on with from where its means are chosen.
    let degraded = job.error.as_ref().is_some_and(|error| error.code == DEGRADED);
    let again = if degraded { " OR kind <> 'plan'" } else { "" };
    sqlx::query(AssertSqlSafe(format!(
        "UPDATE tasks SET state = 'blocked', attempts = 0, error = NULL, memo = NULL \
         WHERE job_id = $1 AND (state IN ('parked', 'dead'){again})"
    )))
    .bind(id)
    .execute(&mut *tx)
    .await
    .map_err(&failed)?;
    unblock(db, &mut tx, id, GO_ON).await?;
    tx.commit().await.map_err(failed)?;
    Ok(true)
}

/// A job is asked for anew: its time counts from now, and nobody is told its end any more.
async fn asked_again(
    db: &Db,
    tx: &mut Tx,
    job: &str,
    operation: &'static str,
) -> Result<(), StoreError> {
    let failed = database(operation);
    let sql = format!("UPDATE jobs SET asked_at = {} WHERE id = $1", db.now());
    sqlx::query(AssertSqlSafe(sql)).bind(job).execute(&mut **tx).await.map_err(&failed)?;
    sqlx::query("DELETE FROM tasks WHERE job_id = $1 AND kind = 'cancel'")
        .bind(job)
        .execute(&mut **tx)
        .await
        .map_err(failed)?;
    Ok(())
}

const REDO: &str = "redo a job";

/// Every task is there again once the graph of the new brief has it; those that it has no more stay
/// `obsolete`.
pub(crate) async fn redo(
    db: &Db,
    id: &str,
    brief: &Value,
    from: &[JobStatus],
) -> Result<bool, StoreError> {
    let failed = database(REDO);
    let mut tx = db.begin(Durability::Power, REDO).await?;
    let Some(job) = hold(db, &mut tx, id).await? else { return Ok(false) };
    if !from.contains(&job.status) {
        return Ok(false);
    }
    sqlx::query("UPDATE jobs SET brief = $1 WHERE id = $2")
        .bind(brief.to_string())
        .bind(id)
        .execute(&mut *tx)
        .await
        .map_err(&failed)?;
    set_status(db, &mut tx, id, JobStatus::Queued, None, REDO).await?;
    asked_again(db, &mut tx, id, REDO).await?;
    sqlx::query("DELETE FROM needs WHERE job_id = $1")
        .bind(id)
        .execute(&mut *tx)
        .await
        .map_err(&failed)?;
    sqlx::query(
        "UPDATE tasks SET state = 'obsolete', attempts = 0, error = NULL, memo = NULL \
         WHERE job_id = $1",
    )
    .bind(id)
    .execute(&mut *tx)
    .await
    .map_err(&failed)?;
    add_tasks(db, &mut tx, id, &NewTask::first(), REDO).await?;
    tx.commit().await.map_err(failed)?;
    Ok(true)
}
