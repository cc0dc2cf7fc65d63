//! Tasks under leases: claimed by one worker at a time, every later write fenced by its token.

use crate::db::{Db, Durability, Tx};
use crate::jobs::{
    add_tasks, fetch_in, hold, hold_if_free, hold_of_task, park, put_scenes, set_status,
};
use crate::rows::database;
use pytoon_records::job::store::{
    DeadTask, Failure, Finish, Hold, JobError, JobRow, Lease, QueueState, TaskRow,
};
use pytoon_records::job::{JobStatus, TaskKind};
use pytoon_records::ledger::StoreError;
use serde_json::Value;
use sqlx::any::AnyRow;
use sqlx::{AssertSqlSafe, Row};
use std::time::Duration;

const CLAIM: &str = "claim a task";

fn ms(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX / 4)
}

pub(crate) async fn claim(
    db: &Db,
    worker: &str,
    lease: Duration,
    most_attempts: u32,
    begun_only: bool,
) -> Result<Option<Lease>, StoreError> {
    let ready = if begun_only { Wanted::ReadyOfBegun } else { Wanted::Ready };
    loop {
        let mut tx = db.begin(Durability::Process, CLAIM).await?;
        // What was lost goes first: somebody waits for it longest.
        let lost = claim_one(db, &mut tx, worker, lease, Wanted::Lost).await?;
        let claimed = match lost {
            Some(row) => Some((row, true)),
            None => claim_one(db, &mut tx, worker, lease, ready).await?.map(|row| (row, false)),
        };
        let Some((row, was_lost)) = claimed else {
            tx.commit().await.map_err(database(CLAIM))?;
            return Ok(None);
        };
        let job = fetch_in(&mut tx, &row.job_id).await?;
        let Some(job) = job.filter(|job| may_go_on(job, row.kind)) else {
            // Its job is written with it, and a job comes before its tasks.
            tx.rollback().await.map_err(database(CLAIM))?;
            put_away(db, &row).await?;
            continue;
        };
        if row.attempts > most_attempts {
            // Whoever comes after us, should we die here, finds it lost and as often tried.
            tx.commit().await.map_err(database(CLAIM))?;
            fail(db, &row.id, row.token, &given_up(&row, most_attempts)).await?;
            continue;
        }
        // Another's change of the job is not waited for: the next claim tells the stage. It may have
        // been stopped since it was read.
        if job.status != row.kind.status()
            && let Some(now) = hold_if_free(db, &mut tx, &job.id).await?
            && may_go_on(&now, row.kind)
        {
            set_status(db, &mut tx, &job.id, row.kind.status(), None, CLAIM).await?;
        }
        tx.commit().await.map_err(database(CLAIM))?;
        return Ok(Some(leased(row, job, was_lost)));
    }
}

/// Which tasks may be claimed.
#[derive(Clone, Copy)]
enum Wanted {
    /// Those whose worker was not heard of any more.
    Lost,
    /// Those whose time has come.
    Ready,
    /// The same, but for the first tasks of jobs.
    ReadyOfBegun,
}

/// A claimed row, before its job was looked at.
struct Claimed {
    id: String,
    job_id: String,
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
    wanted: Wanted,
) -> Result<Option<Claimed>, StoreError> {
    let (now, once, skip) = (db.now(), db.now_once(), db.skip_locked());
    let wanted = match wanted {
        Wanted::Lost => format!("state = 'running' AND lease_until < {once} ORDER BY lease_until"),
        Wanted::Ready => format!("state = 'ready' AND run_at <= {once} ORDER BY run_at, id"),
        Wanted::ReadyOfBegun => {
            format!("state = 'ready' AND run_at <= {once} AND kind <> 'plan' ORDER BY run_at, id")
        }
    };
    let sql = format!(
        "UPDATE tasks SET state = 'running', worker = $1, token = token + 1, \
           attempts = attempts + 1, lease_until = {now} + {lease}, updated_at = {now} \
         WHERE id = (SELECT id FROM tasks WHERE {wanted} LIMIT 1{skip}) \
         RETURNING id, job_id, name, kind, token, attempts, memo, {now} - run_at AS waited_ms",
        lease = ms(lease)
    );
    let rows = sqlx::query(AssertSqlSafe(sql)).bind(worker).fetch_all(&mut **tx).await;
    let rows = rows.map_err(database(CLAIM))?;
    rows.first().map(|row| claimed(row).map_err(database(CLAIM))).transpose()
}

fn claimed(row: &AnyRow) -> Result<Claimed, sqlx::Error> {
    let kind: String = row.try_get("kind")?;
    let memo: Option<String> = row.try_get("memo")?;
    Ok(Claimed {
        id: row.try_get("id")?,
        job_id: row.try_get("job_id")?,
        name: row.try_get("name")?,
        kind: TaskKind::from_name(&kind)
            .ok_or_else(|| sqlx::Error::Decode(format!("`{kind}` is no task").into()))?,
        token: row.try_get("token")?,
        attempts: u32::try_from(row.try_get::<i64, _>("attempts")?).unwrap_or(u32::MAX),
        memo: memo.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default(),
        waited_ms: row.try_get("waited_ms")?,
    })
}

/// Whether a task of a job may be begun.
fn may_go_on(job: &JobRow, kind: TaskKind) -> bool {
    let stopped = job.status.is_terminal() || job.status == JobStatus::Cancelling;
    !stopped || kind == TaskKind::Cancel
}

/// Takes a task out of the way whose job is not to go on, unless somebody did so meanwhile.
async fn put_away(db: &Db, row: &Claimed) -> Result<(), StoreError> {
    let mut tx = db.begin(Durability::Process, CLAIM).await?;
    let job = hold(db, &mut tx, &row.job_id).await?;
    if job.as_ref().is_some_and(|job| may_go_on(job, row.kind)) {
        return Ok(());
    }
    let sql = format!(
        "UPDATE tasks SET state = 'parked', error = NULL, updated_at = {now} \
         WHERE id = $1 AND (state = 'ready' OR state = 'running' AND lease_until < {now})",
        now = db.now()
    );
    let done = sqlx::query(AssertSqlSafe(sql)).bind(&row.id).execute(&mut *tx).await;
    done.map_err(database(CLAIM))?;
    if let Some(job) = job {
        end_of_cancel(db, &mut tx, &job).await?;
    }
    tx.commit().await.map_err(database(CLAIM))
}

/// Why a task that was begun too often is not begun again.
fn given_up(row: &Claimed, most_attempts: u32) -> Failure {
    let error = JobError {
        code: "worker_lost".into(),
        stage: row.kind.as_str().into(),
        provider: None,
        message: format!(
            "{} was begun {most_attempts} times and never ended: its worker was killed, or \
             the machine has too little memory; see the worker's log, then retry the job",
            row.name
        ),
        retryable: true,
    };
    Failure { error, retry_in: None, held: false }
}

fn leased(row: Claimed, job: JobRow, was_lost: bool) -> Lease {
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

async fn state(
    db: &Db,
    tx: &mut Tx,
    id: &str,
    state: &str,
    error: Option<&str>,
    operation: &'static str,
) -> Result<(), StoreError> {
    let sql =
        format!("UPDATE tasks SET state = $1, error = $2, updated_at = {} WHERE id = $3", db.now());
    let done =
        sqlx::query(AssertSqlSafe(sql)).bind(state).bind(error).bind(id).execute(&mut **tx).await;
    done.map_err(database(operation))?;
    Ok(())
}

/// A task that is not tried again, and its job with it.
async fn die(
    db: &Db,
    tx: &mut Tx,
    id: &str,
    job: &JobRow,
    error: &JobError,
    held: bool,
) -> Result<(), StoreError> {
    const DIE: &str = "fail a task";
    state(db, tx, id, "dead", Some(&error.message), DIE).await?;
    park(db, tx, &job.id, DIE).await?;
    if !job.status.is_terminal() && job.status != JobStatus::Cancelling {
        let status = if held { JobStatus::Held } else { JobStatus::Failed };
        set_status(db, tx, &job.id, status, Some(error), DIE).await?;
    }
    Ok(())
}

/// A job that is being cancelled is cancelled once nothing of it runs and its vendors know.
async fn end_of_cancel(db: &Db, tx: &mut Tx, job: &JobRow) -> Result<(), StoreError> {
    const END: &str = "cancel a job";
    if job.status != JobStatus::Cancelling {
        return Ok(());
    }
    let row = sqlx::query(
        "SELECT COUNT(*) AS left_over FROM tasks WHERE job_id = $1 \
         AND (state = 'running' OR kind = 'cancel' AND state NOT IN ('done', 'dead'))",
    )
    .bind(&job.id)
    .fetch_one(&mut **tx)
    .await
    .map_err(database(END))?;
    let left: i64 = row.try_get("left_over").map_err(database(END))?;
    if left == 0 {
        set_status(db, tx, &job.id, JobStatus::Cancelled, None, END).await?;
    }
    Ok(())
}

pub(crate) async fn beat(
    db: &Db,
    id: &str,
    token: i64,
    lease: Duration,
) -> Result<Hold, StoreError> {
    let failed = database("look after a task");
    let sql = format!(
        "UPDATE tasks SET lease_until = {} + {} WHERE id = $1 AND token = $2 AND state = 'running' \
         RETURNING (SELECT status FROM jobs WHERE jobs.id = tasks.job_id) AS status, kind",
        db.now(),
        ms(lease)
    );
    let rows = sqlx::query(AssertSqlSafe(sql)).bind(id).bind(token).fetch_all(&db.pool).await;
    let rows = rows.map_err(&failed)?;
    let Some(row) = rows.first() else { return Ok(Hold::Lost) };
    let status: Option<String> = row.try_get("status").map_err(&failed)?;
    let kind: String = row.try_get("kind").map_err(&failed)?;
    let goes_on = status
        .as_deref()
        .and_then(JobStatus::from_name)
        .is_some_and(|status| !status.is_terminal() && status != JobStatus::Cancelling);
    Ok(if goes_on || kind == TaskKind::Cancel.as_str() { Hold::Ours } else { Hold::Stop })
}

/// Takes a running task of this claim to another state, and gives its job; none where the claim
/// does not hold any more.
async fn leave(
    db: &Db,
    tx: &mut Tx,
    id: &str,
    token: i64,
    set: &str,
    operation: &'static str,
) -> Result<Option<JobRow>, StoreError> {
    let Some(job) = hold_of_task(db, tx, id).await? else { return Ok(None) };
    let sql = format!(
        "UPDATE tasks SET {set}, updated_at = {} \
         WHERE id = $1 AND token = $2 AND state = 'running' RETURNING id",
        db.now()
    );
    let rows = sqlx::query(AssertSqlSafe(sql)).bind(id).bind(token).fetch_all(&mut **tx).await;
    let rows = rows.map_err(database(operation))?;
    Ok((!rows.is_empty()).then_some(job))
}

pub(crate) async fn finish(
    db: &Db,
    id: &str,
    token: i64,
    finish: &Finish,
) -> Result<Hold, StoreError> {
    const FINISH: &str = "finish a task";
    let mut tx = db.begin(Durability::Power, FINISH).await?;
    let Some(job) =
        leave(db, &mut tx, id, token, "state = 'done', memo = NULL, error = NULL", FINISH).await?
    else {
        return Ok(Hold::Lost);
    };
    put_scenes(db, &mut tx, &job.id, &finish.scenes, FINISH).await?;
    let mut hold = Hold::Ours;
    if job.status.is_terminal() || job.status == JobStatus::Cancelling {
        end_of_cancel(db, &mut tx, &job).await?;
        hold = Hold::Stop;
    } else {
        // This also frees what waited for this task.
        add_tasks(db, &mut tx, &job.id, &finish.then, FINISH).await?;
        if let Some(status) = finish.job {
            set_status(db, &mut tx, &job.id, status, None, FINISH).await?;
        }
    }
    tx.commit().await.map_err(database(FINISH))?;
    Ok(hold)
}

pub(crate) async fn later(
    db: &Db,
    id: &str,
    token: i64,
    wait: Duration,
    memo: &Value,
) -> Result<Hold, StoreError> {
    const LATER: &str = "put a task off";
    let mut tx = db.begin(Durability::Process, LATER).await?;
    // An end in order is no failed attempt.
    let set = format!("state = 'ready', attempts = 0, run_at = {} + {}", db.now(), ms(wait));
    let Some(job) = leave(db, &mut tx, id, token, &set, LATER).await? else {
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

pub(crate) async fn give_back(db: &Db, id: &str, token: i64) -> Result<Hold, StoreError> {
    const BACK: &str = "hand a task back";
    let mut tx = db.begin(Durability::Process, BACK).await?;
    let set = format!("state = 'ready', attempts = attempts - 1, run_at = {}", db.now());
    let Some(job) = leave(db, &mut tx, id, token, &set, BACK).await? else {
        return Ok(Hold::Lost);
    };
    let hold = stop_if_stopped(db, &mut tx, &job, BACK).await?;
    tx.commit().await.map_err(database(BACK))?;
    Ok(hold)
}

async fn stop_if_stopped(
    db: &Db,
    tx: &mut Tx,
    job: &JobRow,
    operation: &'static str,
) -> Result<Hold, StoreError> {
    if !job.status.is_terminal() && job.status != JobStatus::Cancelling {
        return Ok(Hold::Ours);
    }
    park(db, tx, &job.id, operation).await?;
    end_of_cancel(db, tx, job).await?;
    Ok(Hold::Stop)
}

pub(crate) async fn fail(
    db: &Db,
    id: &str,
    token: i64,
    failure: &Failure,
) -> Result<Hold, StoreError> {
    const FAIL: &str = "fail a task";
    let mut tx = db.begin(Durability::Power, FAIL).await?;
    let hold = match failure.retry_in {
        Some(wait) => {
            let set = format!("state = 'ready', run_at = {} + {}", db.now(), ms(wait));
            match leave(db, &mut tx, id, token, &set, FAIL).await? {
                Some(job) => {
                    // Nobody waits for it; whoever looks sees why it is tried again.
                    sqlx::query("UPDATE tasks SET error = $1 WHERE id = $2")
                        .bind(&failure.error.message)
                        .bind(id)
                        .execute(&mut *tx)
                        .await
                        .map_err(database(FAIL))?;
                    stop_if_stopped(db, &mut tx, &job, FAIL).await?
                }
                None => Hold::Lost,
            }
        }
        None => match leave(db, &mut tx, id, token, "state = 'dead'", FAIL).await? {
            Some(job) => {
                die(db, &mut tx, id, &job, &failure.error, failure.held).await?;
                end_of_cancel(db, &mut tx, &job).await?;
                Hold::Ours
            }
            None => Hold::Lost,
        },
    };
    tx.commit().await.map_err(database(FAIL))?;
    Ok(hold)
}

/// The tasks of a job. A beat changes nothing but the lease: a running task's last change is its
/// claim.
pub(crate) async fn of_job(db: &Db, job: &str) -> Result<Vec<TaskRow>, StoreError> {
    let failed = database("list tasks");
    let rows = sqlx::query(
        "SELECT name, state, worker, attempts, run_at, lease_until, updated_at, error FROM tasks \
         WHERE job_id = $1 AND state <> 'obsolete' ORDER BY created_at, id",
    )
    .bind(job)
    .fetch_all(&db.pool)
    .await
    .map_err(&failed)?;
    let read = |row: &AnyRow| -> Result<TaskRow, sqlx::Error> {
        Ok(TaskRow {
            name: row.try_get("name")?,
            state: row.try_get("state")?,
            worker: row.try_get("worker")?,
            attempts: u32::try_from(row.try_get::<i64, _>("attempts")?).unwrap_or(u32::MAX),
            run_at: row.try_get("run_at")?,
            lease_until: row.try_get("lease_until")?,
            claimed_at: row.try_get("updated_at")?,
            error: row.try_get("error")?,
        })
    };
    rows.iter().map(|row| read(row).map_err(&failed)).collect()
}

pub(crate) async fn dead(db: &Db) -> Result<Vec<DeadTask>, StoreError> {
    let failed = database("list dead tasks");
    let rows = sqlx::query(
        "SELECT id, job_id, name, attempts, error, updated_at FROM tasks WHERE state = 'dead' \
         ORDER BY updated_at DESC, id LIMIT 1000",
    )
    .fetch_all(&db.pool)
    .await
    .map_err(&failed)?;
    let read = |row: &AnyRow| -> Result<DeadTask, sqlx::Error> {
        Ok(DeadTask {
            id: row.try_get("id")?,
            job_id: row.try_get("job_id")?,
            name: row.try_get("name")?,
            attempts: u32::try_from(row.try_get::<i64, _>("attempts")?).unwrap_or(u32::MAX),
            error: row.try_get::<Option<String>, _>("error")?.unwrap_or_default(),
            updated_at: row.try_get("updated_at")?,
        })
    };
    rows.iter().map(|row| read(row).map_err(&failed)).collect()
}

/// A dead task's job goes on with it.
pub(crate) async fn requeue(db: &Db, id: &str) -> Result<bool, StoreError> {
    let failed = database("requeue a task");
    let row = sqlx::query("SELECT job_id FROM tasks WHERE id = $1 AND state = 'dead'")
        .bind(id)
        .fetch_optional(&db.pool)
        .await
        .map_err(&failed)?;
    let Some(row) = row else { return Ok(false) };
    let job: String = row.try_get("job_id").map_err(failed)?;
    crate::again::go_on(db, &job, &[JobStatus::Failed, JobStatus::Held]).await
}

pub(crate) async fn queue(db: &Db) -> Result<QueueState, StoreError> {
    let failed = database("look at the queue");
    let mut state = QueueState::default();
    let rows = sqlx::query("SELECT status, COUNT(*) AS jobs FROM jobs GROUP BY status")
        .fetch_all(&db.pool)
        .await
        .map_err(&failed)?;
    for row in &rows {
        let count: i64 = row.try_get("jobs").map_err(&failed)?;
        state.jobs.insert(row.try_get("status").map_err(&failed)?, count.max(0) as u64);
    }
    let sql = format!(
        "SELECT \
           (SELECT COUNT(*) FROM tasks WHERE state = 'ready' AND run_at <= {once}) AS ready, \
           (SELECT COUNT(*) FROM tasks WHERE state = 'running') AS running, \
           (SELECT COUNT(*) FROM tasks WHERE state = 'ready' AND run_at > {once}) AS waiting, \
           (SELECT COUNT(*) FROM tasks WHERE state = 'dead') AS dead, \
           (SELECT COUNT(*) FROM tasks WHERE state = 'running' AND lease_until < {once}) AS expired, \
           {now} - (SELECT COALESCE(MIN(run_at), {now}) FROM tasks \
             WHERE state = 'ready' AND run_at <= {once}) AS oldest",
        now = db.now(),
        once = db.now_once()
    );
    let row = sqlx::query(AssertSqlSafe(sql)).fetch_one(&db.pool).await.map_err(&failed)?;
    let count = |name: &str| row.try_get::<i64, _>(name).map(|n| n.max(0) as u64);
    state.ready = count("ready").map_err(&failed)?;
    state.running = count("running").map_err(&failed)?;
    state.waiting = count("waiting").map_err(&failed)?;
    state.dead = count("dead").map_err(&failed)?;
    state.expired = count("expired").map_err(&failed)?;
    state.oldest_ready_ms = row.try_get::<i64, _>("oldest").map_err(failed)?.max(0);
    Ok(state)
}
