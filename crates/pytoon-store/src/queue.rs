//! The queue as operators see it: the tasks of a job, dead tasks, and counts.

use crate::db::Db;
use crate::rows::database;
use crate::states::{id, read_name};
use pytoon_records::job::TaskRow;
use pytoon_records::job::process::QueueState;
use pytoon_records::job::queue::DeadTask;
use pytoon_records::job::{JobEvent, JobStatus, TaskState};
use pytoon_records::ledger::StoreError;
use sqlx::any::AnyRow;
use sqlx::{AssertSqlSafe, Row};

/// Lists the tasks of a job, except obsolete ones. A heartbeat changes only the lease, so the last change of a
/// running task is its claim.
pub(crate) async fn of_job(db: &Db, job: &str) -> Result<Vec<TaskRow>, StoreError> {
    let failed = database("list tasks");
    let sql = format!(
        "SELECT name, state, worker, attempts, run_at, lease_until, updated_at, error FROM tasks \
         WHERE job_id = $1 AND state <> '{}' ORDER BY created_at, id",
        TaskState::Obsolete
    );
    let rows = sqlx::query(AssertSqlSafe(sql)).bind(job).fetch_all(&db.pool).await;
    let read = |row: &AnyRow| -> Result<TaskRow, sqlx::Error> {
        Ok(TaskRow {
            name: row.try_get("name")?,
            state: read_name(row, "state", TaskState::from_name)?,
            worker: row.try_get("worker")?,
            attempts: attempts(row)?,
            run_at: row.try_get("run_at")?,
            lease_until: row.try_get("lease_until")?,
            claimed_at: row.try_get("updated_at")?,
            error: row.try_get("error")?,
        })
    };
    rows.map_err(&failed)?.iter().map(|row| read(row).map_err(&failed)).collect()
}

fn attempts(row: &AnyRow) -> Result<u32, sqlx::Error> {
    Ok(u32::try_from(row.try_get::<i64, _>("attempts")?).unwrap_or(u32::MAX))
}

/// Lists up to 1000 dead tasks, newest first.
pub(crate) async fn dead(db: &Db) -> Result<Vec<DeadTask>, StoreError> {
    let failed = database("list dead tasks");
    let sql = format!(
        "SELECT id, job_id, name, attempts, error, updated_at FROM tasks WHERE state = '{}' \
         ORDER BY updated_at DESC, id LIMIT 1000",
        TaskState::Dead
    );
    let rows = sqlx::query(AssertSqlSafe(sql)).fetch_all(&db.pool).await.map_err(&failed)?;
    let read = |row: &AnyRow| -> Result<DeadTask, sqlx::Error> {
        Ok(DeadTask {
            id: id(row, "id")?,
            job_id: id(row, "job_id")?,
            name: row.try_get("name")?,
            attempts: attempts(row)?,
            error: row.try_get::<Option<String>, _>("error")?.unwrap_or_default(),
            updated_at: row.try_get("updated_at")?,
        })
    };
    rows.iter().map(|row| read(row).map_err(&failed)).collect()
}

/// Requeues a dead task's job with all its dead and parked tasks. Returns false if no dead task has this id or the
/// job's status does not allow it.
pub(crate) async fn requeue(db: &Db, id: &str) -> Result<bool, StoreError> {
    let failed = database("requeue a task");
    let sql = format!("SELECT job_id FROM tasks WHERE id = $1 AND state = '{}'", TaskState::Dead);
    let row = sqlx::query(AssertSqlSafe(sql)).bind(id).fetch_optional(&db.pool).await;
    let Some(row) = row.map_err(&failed)? else { return Ok(false) };
    let job: String = row.try_get("job_id").map_err(failed)?;
    crate::requeue::resume(db, &job, JobEvent::TaskRequeued).await
}

/// Counts jobs and tasks by state, and measures the wait of the oldest due task.
pub(crate) async fn state(db: &Db) -> Result<QueueState, StoreError> {
    let failed = database("read the queue");
    let mut state = QueueState::default();
    let rows = sqlx::query("SELECT status, COUNT(*) AS jobs FROM jobs GROUP BY status")
        .fetch_all(&db.pool)
        .await
        .map_err(&failed)?;
    for row in &rows {
        let status = read_name(row, "status", JobStatus::from_name).map_err(&failed)?;
        let count: i64 = row.try_get("jobs").map_err(&failed)?;
        state.jobs.insert(status, count.max(0).unsigned_abs());
    }
    let sql = format!(
        "SELECT \
           (SELECT COUNT(*) FROM tasks WHERE state = '{ready}' AND run_at <= {once}) AS are_due, \
           (SELECT COUNT(*) FROM tasks WHERE state = '{running}') AS are_running, \
           (SELECT COUNT(*) FROM tasks WHERE state = '{ready}' AND run_at > {once}) AS are_waiting, \
           (SELECT COUNT(*) FROM tasks WHERE state = '{dead}') AS are_dead, \
           (SELECT COUNT(*) FROM tasks WHERE state = '{running}' AND lease_until < {once}) \
             AS are_lost, \
           {now} - (SELECT COALESCE(MIN(run_at), {now}) FROM tasks \
             WHERE state = '{ready}' AND run_at <= {once}) AS oldest",
        ready = TaskState::Ready,
        running = TaskState::Running,
        dead = TaskState::Dead,
        now = db.now(),
        once = db.now_once()
    );
    let row = sqlx::query(AssertSqlSafe(sql)).fetch_one(&db.pool).await.map_err(&failed)?;
    let number = |name: &str| -> Result<i64, StoreError> {
        row.try_get::<i64, _>(name).map(|number| number.max(0)).map_err(&failed)
    };
    let count = |name: &str| number(name).map(i64::unsigned_abs);
    Ok(QueueState {
        ready: count("are_due")?,
        running: count("are_running")?,
        waiting: count("are_waiting")?,
        dead: count("are_dead")?,
        expired: count("are_lost")?,
        oldest_ready_ms: number("oldest")?,
        ..state
    })
}
