//! Queues stopped jobs again, unchanged or with another brief.
//!
//! Guarantees: tasks keep their tokens, so a worker that still runs a task for the earlier run has lost it; artifacts
//! and purchased clips remain, and stages reuse them.

use crate::db::{Db, Durability, Tx};
use crate::jobs::{advance, hold};
use crate::rows::database;
use crate::task_graph::{add_tasks, reset, unblock};
use pytoon_records::job::store::{BriefChange, DEGRADED, JobRow, title_of};
use pytoon_records::job::{JobEvent, JobStatus, NewTask, TaskEvent, TaskKind};
use pytoon_records::ledger::StoreError;
use pytoon_records::state::State;
use serde_json::Value;
use sqlx::AssertSqlSafe;

const RESUME: &str = "resume a job";

/// Queues a stopped job again. Requeues its parked and dead tasks; finished tasks stay finished. A degraded job
/// restarts after its plan. Returns false if the job does not exist or its status does not allow the event.
pub(crate) async fn resume(db: &Db, id: &str, event: JobEvent) -> Result<bool, StoreError> {
    let mut tx = db.begin(Durability::Power, RESUME).await?;
    let Some(job) = set_queued(db, &mut tx, id, event, RESUME).await? else { return Ok(false) };
    // A degraded job restarts at the stage that chooses engines and voices.
    let is_degraded = job.error.as_ref().is_some_and(|error| error.code == DEGRADED);
    if is_degraded {
        reset(&mut tx, id, TaskEvent::Restarted, Some(TaskKind::Plan), RESUME).await?;
    }
    reset(&mut tx, id, TaskEvent::Requeued, None, RESUME).await?;
    unblock(db, &mut tx, id, RESUME).await?;
    tx.commit().await.map_err(database(RESUME))?;
    Ok(true)
}

/// Sets a job to queued by an event and returns its previous row; `None` if the job does not exist or its status does
/// not allow the event. The job's deadline counts from now. A pending task that asks vendors to cancel is dropped.
async fn set_queued(
    db: &Db,
    tx: &mut Tx,
    id: &str,
    event: JobEvent,
    operation: &'static str,
) -> Result<Option<JobRow>, StoreError> {
    let failed = database(operation);
    let Some(job) = hold(db, tx, id).await? else { return Ok(None) };
    if job.status.apply(event) != Ok(JobStatus::Queued) {
        return Ok(None);
    }
    advance(db, tx, &job, event, None, operation).await?;
    let sql = format!("UPDATE jobs SET asked_at = {} WHERE id = $1", db.now());
    sqlx::query(AssertSqlSafe(sql)).bind(id).execute(&mut **tx).await.map_err(&failed)?;
    sqlx::query("DELETE FROM tasks WHERE job_id = $1 AND kind = $2")
        .bind(id)
        .bind(TaskKind::Cancel.as_str())
        .execute(&mut **tx)
        .await
        .map_err(failed)?;
    Ok(Some(job))
}

const REDO: &str = "redo a job";

/// Queues a job again with another brief. Its tasks become obsolete unless the graph of the new brief also contains
/// them. Returns false if the job does not exist or its status does not allow the event.
pub(crate) async fn redo(
    db: &Db,
    id: &str,
    brief: &Value,
    event: JobEvent,
) -> Result<bool, StoreError> {
    let mut tx = db.begin(Durability::Power, REDO).await?;
    if !queue_with(db, &mut tx, id, brief, event).await? {
        return Ok(false);
    }
    tx.commit().await.map_err(database(REDO))?;
    Ok(true)
}

/// Queues a job again with another brief, if its brief is still the one that the change is based on.
pub(crate) async fn change_brief(
    db: &Db,
    id: &str,
    based_on: &Value,
    brief: &Value,
) -> Result<BriefChange, StoreError> {
    let mut tx = db.begin(Durability::Power, REDO).await?;
    let Some(job) = hold(db, &mut tx, id).await? else { return Ok(BriefChange::Missing) };
    if job.brief != *based_on {
        return Ok(BriefChange::Outdated);
    }
    if !queue_with(db, &mut tx, id, brief, JobEvent::Redone).await? {
        return Ok(BriefChange::Refused(job.status));
    }
    tx.commit().await.map_err(database(REDO))?;
    Ok(BriefChange::Queued)
}

/// Queues a job again with another brief within a transaction. Returns false if the job does not exist or its status
/// does not allow the event.
async fn queue_with(
    db: &Db,
    tx: &mut Tx,
    id: &str,
    brief: &Value,
    event: JobEvent,
) -> Result<bool, StoreError> {
    let failed = database(REDO);
    if set_queued(db, tx, id, event, REDO).await?.is_none() {
        return Ok(false);
    }
    sqlx::query("UPDATE jobs SET brief = $1, title = $2 WHERE id = $3")
        .bind(brief.to_string())
        .bind(title_of(brief))
        .bind(id)
        .execute(&mut **tx)
        .await
        .map_err(&failed)?;
    sqlx::query("DELETE FROM needs WHERE job_id = $1")
        .bind(id)
        .execute(&mut **tx)
        .await
        .map_err(failed)?;
    reset(tx, id, TaskEvent::Superseded, None, REDO).await?;
    add_tasks(db, tx, id, &NewTask::first(), REDO).await?;
    Ok(true)
}
