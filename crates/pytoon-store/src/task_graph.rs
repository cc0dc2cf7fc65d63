//! The task graph of a job: inserts, unblocks, parks and requeues tasks.

use crate::db::{Db, Tx};
use crate::rows::database;
use crate::states::step;
use pytoon_records::job::{NewTask, TaskEvent, TaskKind, TaskState};
use pytoon_records::ledger::StoreError;
use sqlx::AssertSqlSafe;

/// Maximum number of rows that one statement writes, since the number of its parameters is limited.
const MOST_ROWS: usize = 200;

/// Inserts the tasks of a new job. No task is done yet, so every task that needs another of them is blocked.
pub(crate) async fn insert_first_tasks(
    db: &Db,
    tx: &mut Tx,
    job: &str,
    tasks: &[NewTask],
    operation: &'static str,
) -> Result<(), StoreError> {
    let first_state = |task: &NewTask| {
        let is_there = |need: &&String| tasks.iter().any(|other| other.name == **need);
        let blocked_by = task.needs.iter().filter(is_there).count();
        (if blocked_by == 0 { TaskState::Ready } else { TaskState::Blocked }, blocked_by)
    };
    write_tasks(db, tx, job, tasks, first_state, operation).await
}

/// Inserts the tasks that follow a finished one, and unblocks those that can run. A dependency that is done or does
/// not exist blocks nothing. Existing tasks stay unchanged, unless they belong to an earlier brief of the job.
pub(crate) async fn add_tasks(
    db: &Db,
    tx: &mut Tx,
    job: &str,
    tasks: &[NewTask],
    operation: &'static str,
) -> Result<(), StoreError> {
    write_tasks(db, tx, job, tasks, |_| (TaskState::Blocked, 0), operation).await?;
    unblock(db, tx, job, operation).await
}

/// Inserts tasks, each with its state and its number of unfinished dependencies, and then their dependencies.
async fn write_tasks(
    db: &Db,
    tx: &mut Tx,
    job: &str,
    tasks: &[NewTask],
    state: impl Fn(&NewTask) -> (TaskState, usize),
    operation: &'static str,
) -> Result<(), StoreError> {
    let failed = database(operation);
    let replanned = step::<TaskState>(TaskEvent::Replanned);
    for tasks in tasks.chunks(MOST_ROWS) {
        let now = db.now();
        let row = |(n, task): (usize, &NewTask)| {
            let (state, blocked_by) = state(task);
            let (id, name, kind) = (n * 3 + 2, n * 3 + 3, n * 3 + 4);
            format!(
                "(${id}, $1, ${name}, ${kind}, '{state}', {blocked_by}, {now}, 0, 0, 0, {now}, {now})"
            )
        };
        let rows: Vec<String> = tasks.iter().enumerate().map(row).collect();
        let sql = format!(
            "INSERT INTO tasks (id, job_id, name, kind, state, blocked_by, run_at, token, \
               lease_until, attempts, created_at, updated_at) VALUES {} \
             ON CONFLICT (job_id, name) DO UPDATE SET state = {blocked}, \
               blocked_by = excluded.blocked_by, run_at = excluded.run_at, attempts = 0, \
               updated_at = excluded.updated_at \
             WHERE tasks.state {obsolete}",
            rows.join(", "),
            blocked = replanned.to,
            obsolete = replanned.from
        );
        let mut query = sqlx::query(AssertSqlSafe(sql)).bind(job);
        for task in tasks {
            let id = format!("{job}/{}", task.name);
            query = query.bind(id).bind(&task.name).bind(task.kind.as_str());
        }
        query.execute(&mut **tx).await.map_err(&failed)?;
    }
    let needs: Vec<(&str, &str)> = tasks
        .iter()
        .flat_map(|task| task.needs.iter().map(|need| (task.name.as_str(), need.as_str())))
        .collect();
    for needs in needs.chunks(MOST_ROWS) {
        let row = |n: usize| format!("($1, ${}, ${})", n * 2 + 2, n * 2 + 3);
        let rows: Vec<String> = (0..needs.len()).map(row).collect();
        let sql = format!(
            "INSERT INTO needs (job_id, task, need) VALUES {} \
             ON CONFLICT (job_id, need, task) DO NOTHING",
            rows.join(", ")
        );
        let mut query = sqlx::query(AssertSqlSafe(sql)).bind(job);
        for (task, need) in needs {
            query = query.bind(*task).bind(*need);
        }
        query.execute(&mut **tx).await.map_err(&failed)?;
    }
    Ok(())
}

/// Counts the unfinished dependencies of a job's blocked tasks, and unblocks the tasks that have none left.
pub(crate) async fn unblock(
    db: &Db,
    tx: &mut Tx,
    job: &str,
    operation: &'static str,
) -> Result<(), StoreError> {
    let unblocked = step::<TaskState>(TaskEvent::Unblocked);
    let blockers = format!(
        "FROM needs JOIN tasks AS other ON other.job_id = needs.job_id \
           AND other.name = needs.need AND other.state <> '{done}' \
         WHERE needs.job_id = tasks.job_id AND needs.task = tasks.name",
        done = TaskState::Done
    );
    let sql = format!(
        "UPDATE tasks SET blocked_by = (SELECT COUNT(*) {blockers}), \
           state = CASE WHEN EXISTS (SELECT 1 {blockers}) THEN state ELSE {ready} END, \
           run_at = {now}, updated_at = {now} WHERE job_id = $1 AND state {blocked}",
        ready = unblocked.to,
        blocked = unblocked.from,
        now = db.now()
    );
    let done = sqlx::query(AssertSqlSafe(sql)).bind(job).execute(&mut **tx).await;
    done.map_err(database(operation))?;
    Ok(())
}

/// Parks the tasks of a stopped job that no worker runs. The task that asks vendors to cancel stays ready.
pub(crate) async fn park(
    db: &Db,
    tx: &mut Tx,
    job: &str,
    operation: &'static str,
) -> Result<(), StoreError> {
    let parked = step::<TaskState>(TaskEvent::Parked);
    let sql = format!(
        "UPDATE tasks SET state = {}, updated_at = {} \
         WHERE job_id = $1 AND state {} AND kind <> '{}'",
        parked.to,
        db.now(),
        parked.from,
        TaskKind::Cancel
    );
    let done = sqlx::query(AssertSqlSafe(sql)).bind(job).execute(&mut **tx).await;
    done.map_err(database(operation))?;
    Ok(())
}

/// Applies an event to all tasks of a job whose state allows it, and resets their attempts and memos. With `but`,
/// tasks of that kind stay unchanged.
pub(crate) async fn reset(
    tx: &mut Tx,
    job: &str,
    event: TaskEvent,
    but: Option<TaskKind>,
    operation: &'static str,
) -> Result<(), StoreError> {
    let reset = step::<TaskState>(event);
    let others = but.map(|kind| format!(" AND kind <> '{kind}'")).unwrap_or_default();
    let sql = format!(
        "UPDATE tasks SET state = {}, attempts = 0, error = NULL, memo = NULL \
         WHERE job_id = $1 AND state {}{others}",
        reset.to, reset.from
    );
    let done = sqlx::query(AssertSqlSafe(sql)).bind(job).execute(&mut **tx).await;
    done.map_err(database(operation))?;
    Ok(())
}
