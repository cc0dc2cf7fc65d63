//! Tasks under leases: only one worker claims a task at a time, and its token fences every later write.

use crate::db::{Db, Durability, Tx, ms};
use crate::events::change_scenes;
use crate::jobs::{advance, fetch_in, hold, hold_if_free, hold_of_task};
use crate::rows::database;
use crate::states::{id, one_of, read_name, step};
use crate::task_graph::{add_tasks, park};
use crate::versions;
use pytoon_records::job::queue::{Failure, Finish, Hold, Lease};
use pytoon_records::job::store::{JobError, JobRow};
use pytoon_records::job::{JobEvent, JobStatus, TaskEvent, TaskKind, TaskState};
use pytoon_records::ledger::StoreError;
use pytoon_records::state::State;
use pytoon_vocabulary::{JobId, TaskId};
use serde_json::Value;
use sqlx::any::AnyRow;
use sqlx::{AssertSqlSafe, Row};
use std::time::Duration;

const CLAIM: &str = "claim a task";

/// Claims a task: first one whose lease expired, then the one that has been due longest. With `begun_only`, skips due
/// tasks of jobs that have not begun. Parks tasks whose jobs no longer allow them, and fails those with more than
/// `most_attempts` attempts. Returns `None` if no task is left.
pub(crate) async fn claim(
    db: &Db,
    worker: &str,
    lease: Duration,
    most_attempts: u32,
    begun_only: bool,
) -> Result<Option<Lease>, StoreError> {
    let ready = if begun_only { ClaimKind::ReadyOfBegun } else { ClaimKind::Ready };
    loop {
        let mut tx = db.begin(Durability::Process, CLAIM).await?;
        // A lost task goes first: it has been waited for longest.
        let lost = claim_one(db, &mut tx, worker, lease, ClaimKind::Lost).await?;
        let claimed = match lost {
            Some(row) => Some((row, true)),
            None => claim_one(db, &mut tx, worker, lease, ready).await?.map(|row| (row, false)),
        };
        let Some((row, was_lost)) = claimed else {
            tx.commit().await.map_err(database(CLAIM))?;
            return Ok(None);
        };
        let job = fetch_in(&mut tx, row.job_id.as_str()).await?;
        let Some(job) = job.filter(|job| allows(job, row.kind)) else {
            // A job is locked before its tasks.
            tx.rollback().await.map_err(database(CLAIM))?;
            put_away(db, &row).await?;
            continue;
        };
        if row.attempts > most_attempts {
            // If this process dies here, another worker finds the task lost, with the same number of attempts.
            tx.commit().await.map_err(database(CLAIM))?;
            fail(db, row.id.as_str(), row.token, &worker_lost_failure(&row, most_attempts)).await?;
            continue;
        }
        // A claim does not wait for another transaction's job: the next claim updates the status. The job may have
        // been stopped since it was read.
        let event = JobEvent::of_claim(row.kind);
        if job.status.apply(event) != Ok(job.status)
            && let Some(now) = hold_if_free(db, &mut tx, job.id.as_str()).await?
            && allows(&now, row.kind)
        {
            advance(db, &mut tx, &now, event, None, CLAIM).await?;
        }
        tx.commit().await.map_err(database(CLAIM))?;
        return Ok(Some(make_lease(row, job, was_lost)));
    }
}

/// The group of tasks that a claim searches.
#[derive(Clone, Copy)]
enum ClaimKind {
    /// Tasks whose lease expired.
    Lost,
    /// Tasks that are due.
    Ready,
    /// Tasks that are due, of jobs that have begun.
    ReadyOfBegun,
}

/// A claimed row, before its job is read.
struct Claimed {
    id: TaskId,
    job_id: JobId,
    name: String,
    kind: TaskKind,
    token: i64,
    attempts: u32,
    memo: Value,
    waited_ms: i64,
}

async fn claim_one(
    db: &Db,
    tx: &mut Tx,
    worker: &str,
    lease: Duration,
    wanted: ClaimKind,
) -> Result<Option<Claimed>, StoreError> {
    let (now, once, skip) = (db.now(), db.now_once(), db.skip_locked());
    let event = match wanted {
        ClaimKind::Lost => TaskEvent::TakenOver,
        ClaimKind::Ready | ClaimKind::ReadyOfBegun => TaskEvent::Claimed,
    };
    let claimed = step::<TaskState>(event);
    let wanted = match wanted {
        ClaimKind::Lost => format!("lease_until < {once} ORDER BY lease_until"),
        ClaimKind::Ready => format!("run_at <= {once} ORDER BY run_at, id"),
        ClaimKind::ReadyOfBegun => {
            format!("run_at <= {once} AND kind <> '{}' ORDER BY run_at, id", TaskKind::Plan)
        }
    };
    let sql = format!(
        "UPDATE tasks SET state = {to}, worker = $1, token = token + 1, \
           attempts = attempts + 1, lease_until = {now} + {lease}, updated_at = {now} \
         WHERE id = (SELECT id FROM tasks WHERE state {from} AND {wanted} LIMIT 1{skip}) \
         RETURNING id, job_id, name, kind, token, attempts, memo, {now} - run_at AS waited_ms",
        to = claimed.to,
        from = claimed.from,
        lease = ms(lease)
    );
    let rows = sqlx::query(AssertSqlSafe(sql)).bind(worker).fetch_all(&mut **tx).await;
    let rows = rows.map_err(database(CLAIM))?;
    rows.first().map(|row| read_claim(row).map_err(database(CLAIM))).transpose()
}

fn read_claim(row: &AnyRow) -> Result<Claimed, sqlx::Error> {
    let memo: Option<String> = row.try_get("memo")?;
    Ok(Claimed {
        id: id(row, "id")?,
        job_id: id(row, "job_id")?,
        name: row.try_get("name")?,
        kind: read_name(row, "kind", TaskKind::from_name)?,
        token: row.try_get("token")?,
        attempts: u32::try_from(row.try_get::<i64, _>("attempts")?).unwrap_or(u32::MAX),
        memo: memo.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default(),
        waited_ms: row.try_get("waited_ms")?,
    })
}

/// Returns true if the status of a job allows a worker to claim a task of this kind.
fn allows(job: &JobRow, kind: TaskKind) -> bool {
    job.status.apply(JobEvent::of_claim(kind)).is_ok()
}

/// Parks a claimed task because its job is stopped, unless the job was queued again in the meantime.
async fn put_away(db: &Db, row: &Claimed) -> Result<(), StoreError> {
    let mut tx = db.begin(Durability::Process, CLAIM).await?;
    let job = hold(db, &mut tx, row.job_id.as_str()).await?;
    if job.as_ref().is_some_and(|job| allows(job, row.kind)) {
        return Ok(());
    }
    let (parked, lost) =
        (step::<TaskState>(TaskEvent::Parked), step::<TaskState>(TaskEvent::LostParked));
    let sql = format!(
        "UPDATE tasks SET state = {}, error = NULL, updated_at = {now} \
         WHERE id = $1 AND (state {} OR state {} AND lease_until < {now})",
        parked.to,
        parked.from,
        lost.from,
        now = db.now()
    );
    let done = sqlx::query(AssertSqlSafe(sql)).bind(row.id.as_str()).execute(&mut *tx).await;
    done.map_err(database(CLAIM))?;
    if let Some(job) = job {
        end_of_cancel(db, &mut tx, &job).await?;
    }
    tx.commit().await.map_err(database(CLAIM))
}

/// Returns the failure of a task that `most_attempts` workers have lost.
fn worker_lost_failure(row: &Claimed, most_attempts: u32) -> Failure {
    let error = JobError {
        code: "worker_lost".into(),
        stage: row.kind.as_str().into(),
        provider: None,
        message: format!(
            "task `{}` was started {most_attempts} times and never ended: its worker was killed, \
             or its machine has too little memory; check the worker's log, then retry the job",
            row.name
        ),
        retryable: true,
    };
    Failure { error, retry_in: None, held: false }
}

fn make_lease(row: Claimed, job: JobRow, was_lost: bool) -> Lease {
    Lease {
        task_id: row.id,
        name: row.name,
        kind: row.kind,
        token: row.token,
        attempts: row.attempts,
        memo: row.memo,
        job,
        waited_ms: row.waited_ms.max(0),
        was_lost,
    }
}

/// Sets a job that is being cancelled to cancelled, once none of its tasks runs and its vendors have been asked to
/// cancel.
async fn end_of_cancel(db: &Db, tx: &mut Tx, job: &JobRow) -> Result<(), StoreError> {
    const END: &str = "cancel a job";
    if job.status.apply(JobEvent::CancelFinished).is_err() {
        return Ok(());
    }
    let sql = format!(
        "SELECT COUNT(*) AS left_over FROM tasks WHERE job_id = $1 \
         AND (state = '{running}' OR kind = '{cancel}' AND NOT state {ended})",
        running = TaskState::Running,
        cancel = TaskKind::Cancel,
        ended = one_of(&[TaskState::Done, TaskState::Dead])
    );
    let row = sqlx::query(AssertSqlSafe(sql)).bind(job.id.as_str()).fetch_one(&mut **tx).await;
    let left: i64 = row.and_then(|row| row.try_get("left_over")).map_err(database(END))?;
    if left == 0 {
        advance(db, tx, job, JobEvent::CancelFinished, None, END).await?;
    }
    Ok(())
}

/// Extends the lease of a running task. Returns `Stop` if the job is being stopped, and `Lost` if the lease no longer
/// holds.
pub(crate) async fn beat(
    db: &Db,
    id: &str,
    token: i64,
    lease: Duration,
) -> Result<Hold, StoreError> {
    let failed = database("renew the lease of a task");
    let sql = format!(
        "UPDATE tasks SET lease_until = {} + {} WHERE id = $1 AND token = $2 AND state = '{}' \
         RETURNING (SELECT status FROM jobs WHERE jobs.id = tasks.job_id) AS status, kind",
        db.now(),
        ms(lease),
        TaskState::Running
    );
    let rows = sqlx::query(AssertSqlSafe(sql)).bind(id).bind(token).fetch_all(&db.pool).await;
    let rows = rows.map_err(&failed)?;
    let Some(row) = rows.first() else { return Ok(Hold::Lost) };
    let kind = read_name(row, "kind", TaskKind::from_name).map_err(&failed)?;
    let status: Option<String> = row.try_get("status").map_err(&failed)?;
    let status = status.as_deref().and_then(JobStatus::from_name);
    let goes_on = status.is_some_and(JobStatus::is_active) || kind == TaskKind::Cancel;
    Ok(if goes_on { Hold::Ours } else { Hold::Stop })
}

/// Applies an event to a claimed task and returns its job, locked; `None` if the claim is lost. `set` is SQL that
/// sets further columns.
async fn leave(
    db: &Db,
    tx: &mut Tx,
    id: &str,
    token: i64,
    event: TaskEvent,
    set: &str,
    operation: &'static str,
) -> Result<Option<JobRow>, StoreError> {
    let Some(job) = hold_of_task(db, tx, id).await? else { return Ok(None) };
    let left = step::<TaskState>(event);
    let sql = format!(
        "UPDATE tasks SET state = {}, {set}, updated_at = {} \
         WHERE id = $1 AND token = $2 AND state {} RETURNING id",
        left.to,
        db.now(),
        left.from
    );
    let rows = sqlx::query(AssertSqlSafe(sql)).bind(id).bind(token).fetch_all(&mut **tx).await;
    let rows = rows.map_err(database(operation))?;
    Ok((!rows.is_empty()).then_some(job))
}

/// Marks a task as done, and applies its changes to scenes. In an active job, adds the tasks that follow it, and
/// marks the job as done if the task published the film; in a cancelled one, ends the cancellation if nothing else
/// runs.
pub(crate) async fn finish(
    db: &Db,
    id: &str,
    token: i64,
    finish: &Finish,
) -> Result<Hold, StoreError> {
    const FINISH: &str = "finish a task";
    let mut tx = db.begin(Durability::Power, FINISH).await?;
    let (event, set) = (TaskEvent::Finished, "memo = NULL, error = NULL");
    let Some(job) = leave(db, &mut tx, id, token, event, set, FINISH).await? else {
        return Ok(Hold::Lost);
    };
    change_scenes(db, &mut tx, job.id.as_str(), &finish.scenes, FINISH).await?;
    if job.status.is_active() {
        // This also unblocks the tasks that waited for this one.
        add_tasks(db, &mut tx, job.id.as_str(), &finish.then, FINISH).await?;
        if finish.publishes {
            versions::add(db, &mut tx, &job, FINISH).await?;
            advance(db, &mut tx, &job, JobEvent::Published, None, FINISH).await?;
        }
    } else {
        end_of_cancel(db, &mut tx, &job).await?;
    }
    tx.commit().await.map_err(database(FINISH))?;
    Ok(if job.status.is_active() { Hold::Ours } else { Hold::Stop })
}

/// Defers a task for the duration `wait`, resets its number of attempts, and stores `memo` for its next claim.
pub(crate) async fn later(
    db: &Db,
    id: &str,
    token: i64,
    wait: Duration,
    memo: &Value,
) -> Result<Hold, StoreError> {
    const LATER: &str = "reschedule a task";
    let mut tx = db.begin(Durability::Process, LATER).await?;
    // An orderly end is not a failed attempt.
    let set = format!("attempts = 0, run_at = {} + {}", db.now(), ms(wait));
    let Some(job) = leave(db, &mut tx, id, token, TaskEvent::PutOff, &set, LATER).await? else {
        return Ok(Hold::Lost);
    };
    sqlx::query("UPDATE tasks SET memo = $1 WHERE id = $2")
        .bind(memo.to_string())
        .bind(id)
        .execute(&mut *tx)
        .await
        .map_err(database(LATER))?;
    let hold = stop_if_stopped(db, &mut tx, &job, LATER).await?;
    tx.commit().await.map_err(database(LATER))?;
    Ok(hold)
}

/// Returns an unfinished task to the queue. This does not count as a failed attempt.
pub(crate) async fn give_back(db: &Db, id: &str, token: i64) -> Result<Hold, StoreError> {
    const BACK: &str = "return a task to the queue";
    let mut tx = db.begin(Durability::Process, BACK).await?;
    let set = format!("attempts = attempts - 1, run_at = {}", db.now());
    let Some(job) = leave(db, &mut tx, id, token, TaskEvent::HandedBack, &set, BACK).await? else {
        return Ok(Hold::Lost);
    };
    let hold = stop_if_stopped(db, &mut tx, &job, BACK).await?;
    tx.commit().await.map_err(database(BACK))?;
    Ok(hold)
}

/// Parks the tasks of a stopped job and ends its cancellation if possible. Returns `Stop` then, and `Ours` for an
/// active job.
async fn stop_if_stopped(
    db: &Db,
    tx: &mut Tx,
    job: &JobRow,
    operation: &'static str,
) -> Result<Hold, StoreError> {
    if job.status.is_active() {
        return Ok(Hold::Ours);
    }
    park(db, tx, job.id.as_str(), operation).await?;
    end_of_cancel(db, tx, job).await?;
    Ok(Hold::Stop)
}

/// Records a failed attempt. Schedules a retry, or else marks the task dead, parks the job's other tasks, and fails
/// or holds the job.
pub(crate) async fn fail(
    db: &Db,
    id: &str,
    token: i64,
    failure: &Failure,
) -> Result<Hold, StoreError> {
    const FAIL: &str = "fail a task";
    let mut tx = db.begin(Durability::Power, FAIL).await?;
    let event = match failure.retry_in {
        Some(_) => TaskEvent::RetryScheduled,
        None => TaskEvent::Died,
    };
    let set = format!("run_at = {} + {}", db.now(), ms(failure.retry_in.unwrap_or_default()));
    let Some(job) = leave(db, &mut tx, id, token, event, &set, FAIL).await? else {
        return Ok(Hold::Lost);
    };
    // The error of a retry is shown to people who inspect the task.
    sqlx::query("UPDATE tasks SET error = $1 WHERE id = $2")
        .bind(&failure.error.message)
        .bind(id)
        .execute(&mut *tx)
        .await
        .map_err(database(FAIL))?;
    let mut hold = Hold::Ours;
    if event == TaskEvent::Died {
        park(db, &mut tx, job.id.as_str(), FAIL).await?;
        if job.status.is_active() {
            let ended = if failure.held { JobEvent::Held } else { JobEvent::Failed };
            advance(db, &mut tx, &job, ended, Some(&failure.error), FAIL).await?;
        }
        end_of_cancel(db, &mut tx, &job).await?;
    } else {
        hold = stop_if_stopped(db, &mut tx, &job, FAIL).await?;
    }
    tx.commit().await.map_err(database(FAIL))?;
    Ok(hold)
}
