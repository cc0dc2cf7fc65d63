//! Jobs: submitting, reading, stopping and going on.

use crate::db::{Db, Durability, Tx};
use crate::rows::database;
use pytoon_records::job::store::{
    Idempotency, JobError, JobEvent, JobFilter, JobRow, MAX_CLIENT_DATA, NewJob, SceneRow,
    Submission,
};
use pytoon_records::job::{JobStatus, NewTask, TaskKind};
use pytoon_records::ledger::StoreError;
use serde_json::{Value, json};
use sqlx::any::AnyRow;
use sqlx::{AssertSqlSafe, Row};

/// The columns of [`job_row`]; how far it is, is counted.
const JOB: &str = "id, key_id, status, brief, client_data, webhook, error, created_at, updated_at, \
     started_at, finished_at, COALESCE(asked_at, created_at) AS asked_at, \
     (SELECT COUNT(*) FROM tasks WHERE job_id = jobs.id AND state = 'done') AS tasks_done, \
     (SELECT COUNT(*) FROM tasks WHERE job_id = jobs.id AND state <> 'obsolete') AS tasks_known";
/// How long a mark of a submitter's is remembered, in milliseconds.
const REMEMBERED_MS: i64 = 86_400_000;
/// The channel on which PostgreSQL tells that there may be a task.
pub(crate) const CHANNEL: &str = "pytoon_tasks";

/// The same columns without briefs, and without returned data that is too large for a list.
fn without_large_texts() -> String {
    JOB.replace(
        "brief, client_data",
        &format!(
            "CAST('{{}}' AS TEXT) AS brief, CASE WHEN LENGTH(client_data) <= {MAX_CLIENT_DATA} \
             THEN client_data END AS client_data"
        ),
    )
}

pub(crate) fn job_row(row: &AnyRow) -> Result<JobRow, StoreError> {
    let read = || -> Result<JobRow, sqlx::Error> {
        let status: String = row.try_get("status")?;
        let count = |name: &str| -> Result<u32, sqlx::Error> {
            Ok(u32::try_from(row.try_get::<i64, _>(name)?).unwrap_or(u32::MAX))
        };
        let error = json_of(row.try_get("error")?)?;
        Ok(JobRow {
            id: row.try_get("id")?,
            key_id: row.try_get("key_id")?,
            status: JobStatus::from_name(&status)
                .ok_or_else(|| sqlx::Error::Decode(format!("`{status}` is no status").into()))?,
            brief: json_of(Some(row.try_get("brief")?))?.unwrap_or_default(),
            client_data: json_of(row.try_get("client_data")?)?,
            webhook: json_of(row.try_get("webhook")?)?,
            error: error.and_then(|value| serde_json::from_value::<JobError>(value).ok()),
            tasks_done: count("tasks_done")?,
            tasks_known: count("tasks_known")?,
            created_at: row.try_get("created_at")?,
            asked_at: row.try_get("asked_at")?,
            updated_at: row.try_get("updated_at")?,
            started_at: row.try_get("started_at")?,
            finished_at: row.try_get("finished_at")?,
        })
    };
    read().map_err(database("read a job"))
}

fn json_of(text: Option<String>) -> Result<Option<Value>, sqlx::Error> {
    text.map(|text| serde_json::from_str(&text))
        .transpose()
        .map_err(|error| sqlx::Error::Decode(error.into()))
}

/// Rows that one statement writes at most: a statement has a bounded number of values.
const MOST_ROWS: usize = 200;
const SUBMIT: &str = "submit a job";

pub(crate) async fn submit(
    db: &Db,
    job: &NewJob,
    most_waiting: u32,
) -> Result<Submission, StoreError> {
    let failed = database(SUBMIT);
    let mut tx = db.begin(Durability::Power, SUBMIT).await?;
    if let Some(mark) = &job.idempotency {
        // Of two that come at once, one writes the mark and the other waits here for it.
        let sql = format!(
            "INSERT INTO idempotency (key_id, mark, request_hash, job_id, created_at) \
             VALUES ($1, $2, $3, $4, {now}) ON CONFLICT (key_id, mark) DO UPDATE \
             SET request_hash = excluded.request_hash, job_id = excluded.job_id, \
               created_at = excluded.created_at \
             WHERE idempotency.created_at < {now} - {REMEMBERED_MS} RETURNING job_id",
            now = db.now()
        );
        let written = sqlx::query(AssertSqlSafe(sql))
            .bind(&job.key_id)
            .bind(&mark.mark)
            .bind(&mark.request_hash)
            .bind(&job.id)
            .fetch_all(&mut *tx)
            .await
            .map_err(&failed)?;
        if written.is_empty() {
            let row = sqlx::query(
                "SELECT request_hash, job_id FROM idempotency WHERE key_id = $1 AND mark = $2",
            )
            .bind(&job.key_id)
            .bind(&mark.mark)
            .fetch_one(&mut *tx)
            .await
            .map_err(&failed)?;
            let hash: String = row.try_get("request_hash").map_err(&failed)?;
            if hash != mark.request_hash {
                return Ok(Submission::Different);
            }
            return Ok(Submission::Repeated(row.try_get("job_id").map_err(&failed)?));
        }
    }
    let sql = format!(
        "INSERT INTO jobs (id, key_id, status, brief, client_data, webhook, events, created_at, \
           updated_at) \
         SELECT $1, $2, 'queued', $3, $4, $5, 1, {now}, {now} \
         WHERE (SELECT COUNT(*) FROM (SELECT 1 FROM jobs WHERE status = 'queued' LIMIT {limit}) \
           AS waiting) < {limit} RETURNING id",
        now = db.now(),
        limit = most_waiting.max(1)
    );
    let written = sqlx::query(AssertSqlSafe(sql))
        .bind(&job.id)
        .bind(&job.key_id)
        .bind(job.brief.to_string())
        .bind(job.client_data.as_ref().map(Value::to_string))
        .bind(job.webhook.as_ref().map(Value::to_string))
        .fetch_all(&mut *tx)
        .await
        .map_err(&failed)?;
    if written.is_empty() {
        return Ok(Submission::Full);
    }
    // Each further statement is a further way to the server and back: as few as can be.
    write_tasks(db, &mut tx, &job.id, &job.tasks, first_state(&job.tasks), SUBMIT).await?;
    let sql = format!(
        "INSERT INTO job_events (job_id, seq, at, event, data) VALUES ($1, 1, {}, 'status', $2)",
        db.now()
    );
    sqlx::query(AssertSqlSafe(sql))
        .bind(&job.id)
        .bind(json!({ "status": "queued" }).to_string())
        .execute(&mut *tx)
        .await
        .map_err(&failed)?;
    tx.commit().await.map_err(failed)?;
    Ok(Submission::New)
}

/// Returns what a submission with a remembered mark comes to.
pub(crate) async fn repeated(
    db: &Db,
    key_id: &str,
    mark: &Idempotency,
) -> Result<Option<Submission>, StoreError> {
    let failed = database("look up a repeated submission");
    let sql = format!(
        "SELECT request_hash, job_id FROM idempotency \
         WHERE key_id = $1 AND mark = $2 AND created_at >= {now} - {REMEMBERED_MS}",
        now = db.now()
    );
    let row = sqlx::query(AssertSqlSafe(sql))
        .bind(key_id)
        .bind(&mark.mark)
        .fetch_optional(&db.pool)
        .await
        .map_err(&failed)?;
    let Some(row) = row else { return Ok(None) };
    let hash: String = row.try_get("request_hash").map_err(&failed)?;
    if hash != mark.request_hash {
        return Ok(Some(Submission::Different));
    }
    Ok(Some(Submission::Repeated(row.try_get("job_id").map_err(&failed)?)))
}

/// The states in which tasks of a new job begin: nothing is done yet, so what needs another of them
/// is blocked by it.
fn first_state(tasks: &[NewTask]) -> impl Fn(&NewTask) -> (&'static str, usize) {
    |task| {
        let is_there = |need: &&String| tasks.iter().any(|other| other.name == **need);
        let blocked_by = task.needs.iter().filter(is_there).count();
        (if blocked_by == 0 { "ready" } else { "blocked" }, blocked_by)
    }
}

/// Writes tasks; what they need and is done already, or does not exist, blocks nothing. Those that
/// are there stay as they are, unless they belong to an earlier brief of the job.
pub(crate) async fn add_tasks(
    db: &Db,
    tx: &mut Tx,
    job: &str,
    tasks: &[NewTask],
    operation: &'static str,
) -> Result<(), StoreError> {
    write_tasks(db, tx, job, tasks, |_| ("blocked", 0), operation).await?;
    unblock(db, tx, job, operation).await
}

/// Writes tasks with the states and numbers of blockers that are said, in two statements.
async fn write_tasks(
    db: &Db,
    tx: &mut Tx,
    job: &str,
    tasks: &[NewTask],
    state: impl Fn(&NewTask) -> (&'static str, usize),
    operation: &'static str,
) -> Result<(), StoreError> {
    let failed = database(operation);
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
             ON CONFLICT (job_id, name) DO UPDATE SET state = excluded.state, \
               blocked_by = excluded.blocked_by, run_at = excluded.run_at, attempts = 0, \
               updated_at = excluded.updated_at \
             WHERE tasks.state = 'obsolete'",
            rows.join(", ")
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

/// Counts anew what blocks the tasks of a job, and frees those that nothing blocks any more.
pub(crate) async fn unblock(
    db: &Db,
    tx: &mut Tx,
    job: &str,
    operation: &'static str,
) -> Result<(), StoreError> {
    const BLOCKERS: &str = "FROM needs JOIN tasks AS other ON other.job_id = needs.job_id \
         AND other.name = needs.need AND other.state <> 'done' \
         WHERE needs.job_id = tasks.job_id AND needs.task = tasks.name";
    let sql = format!(
        "UPDATE tasks SET blocked_by = (SELECT COUNT(*) {BLOCKERS}), \
           state = CASE WHEN EXISTS (SELECT 1 {BLOCKERS}) THEN 'blocked' ELSE 'ready' END, \
           run_at = {now}, updated_at = {now} WHERE job_id = $1 AND state = 'blocked'",
        now = db.now()
    );
    let done = sqlx::query(AssertSqlSafe(sql)).bind(job).execute(&mut **tx).await;
    done.map_err(database(operation))?;
    Ok(())
}

/// Notes something that happened to a job; its place among the job's events. The job's row is
/// locked by it, so that events have one order.
pub(crate) async fn note(
    db: &Db,
    tx: &mut Tx,
    job: &str,
    event: &str,
    data: &Value,
    operation: &'static str,
) -> Result<i64, StoreError> {
    let failed = database(operation);
    let row = sqlx::query("UPDATE jobs SET events = events + 1 WHERE id = $1 RETURNING events")
        .bind(job)
        .fetch_all(&mut **tx)
        .await
        .map_err(&failed)?;
    noted(db, tx, job, &row, event, data, operation).await
}

/// Writes an event whose place a change of the job's row gave; none where there is no such job.
async fn noted(
    db: &Db,
    tx: &mut Tx,
    job: &str,
    row: &[AnyRow],
    event: &str,
    data: &Value,
    operation: &'static str,
) -> Result<i64, StoreError> {
    let failed = database(operation);
    let Some(row) = row.first() else { return Ok(0) };
    let seq: i64 = row.try_get("events").map_err(&failed)?;
    let sql = format!(
        "INSERT INTO job_events (job_id, seq, at, event, data) VALUES ($1, $2, {}, $3, $4)",
        db.now()
    );
    sqlx::query(AssertSqlSafe(sql))
        .bind(job)
        .bind(seq)
        .bind(event)
        .bind(data.to_string())
        .execute(&mut **tx)
        .await
        .map_err(failed)?;
    Ok(seq)
}

/// The same as a step of its own.
pub(crate) async fn note_alone(
    db: &Db,
    job: &str,
    event: &str,
    data: &Value,
) -> Result<(), StoreError> {
    const NOTE: &str = "note an event";
    let mut tx = db.begin(Durability::Process, NOTE).await?;
    note(db, &mut tx, job, event, data, NOTE).await?;
    tx.commit().await.map_err(database(NOTE))
}

/// Takes a job to a status, with the moments that belong to it, and tells of it.
pub(crate) async fn set_status(
    db: &Db,
    tx: &mut Tx,
    job: &str,
    status: JobStatus,
    error: Option<&JobError>,
    operation: &'static str,
) -> Result<(), StoreError> {
    let finished = if status.is_terminal() { db.now() } else { "NULL" };
    let sql = format!(
        "UPDATE jobs SET status = $1, error = $2, updated_at = {now}, finished_at = {finished}, \
           started_at = CASE WHEN $1 = 'queued' THEN started_at ELSE COALESCE(started_at, {now}) END, \
           events = events + 1 \
         WHERE id = $3 RETURNING events",
        now = db.now()
    );
    let error_text = error.map(|error| json!(error).to_string());
    let row = sqlx::query(AssertSqlSafe(sql))
        .bind(status.as_str())
        .bind(error_text)
        .bind(job)
        .fetch_all(&mut **tx)
        .await
        .map_err(database(operation))?;
    let mut data = json!({ "status": status.as_str() });
    if let Some(error) = error {
        data["error"] = json!(error);
    }
    let seq = noted(db, tx, job, &row, "status", &data, operation).await?;
    if status.is_terminal() {
        crate::webhooks::put(db, tx, job, status, error, seq, operation).await?;
    }
    Ok(())
}

pub(crate) async fn fetch(db: &Db, id: &str) -> Result<Option<JobRow>, StoreError> {
    let sql = format!("SELECT {JOB} FROM jobs WHERE id = $1");
    let row = sqlx::query(AssertSqlSafe(sql)).bind(id).fetch_optional(&db.pool).await;
    row.map_err(database("read a job"))?.map(|row| job_row(&row)).transpose()
}

/// The same within a transaction.
pub(crate) async fn fetch_in(tx: &mut Tx, id: &str) -> Result<Option<JobRow>, StoreError> {
    one(tx, "id = $1", "", id).await
}

/// The same, and the job is this transaction's until it ends. Whatever is decided by several rows of a
/// job is decided so: two tasks that end at one moment would each take the other for unfinished,
/// and nothing would free what waits for both. The job comes before its tasks, so that nobody waits
/// in a circle.
pub(crate) async fn hold(db: &Db, tx: &mut Tx, id: &str) -> Result<Option<JobRow>, StoreError> {
    one(tx, "id = $1", db.for_us_alone(), id).await
}

/// The same of a task's job.
pub(crate) async fn hold_of_task(
    db: &Db,
    tx: &mut Tx,
    task: &str,
) -> Result<Option<JobRow>, StoreError> {
    let of_task = "id = (SELECT job_id FROM tasks WHERE tasks.id = $1)";
    one(tx, of_task, db.for_us_alone(), task).await
}

/// The job as it is now, and this transaction's; none where another's transaction has it. For a
/// claim, which has a task already and so must not wait for its job.
pub(crate) async fn hold_if_free(
    db: &Db,
    tx: &mut Tx,
    id: &str,
) -> Result<Option<JobRow>, StoreError> {
    let lock = match db.for_us_alone() {
        "" => String::new(),
        lock => format!("{lock} SKIP LOCKED"),
    };
    one(tx, "id = $1", &lock, id).await
}

async fn one(
    tx: &mut Tx,
    condition: &str,
    lock: &str,
    id: &str,
) -> Result<Option<JobRow>, StoreError> {
    let sql = format!("SELECT {JOB} FROM jobs WHERE {condition}{lock}");
    let row = sqlx::query(AssertSqlSafe(sql)).bind(id).fetch_optional(&mut **tx).await;
    row.map_err(database("read a job"))?.map(|row| job_row(&row)).transpose()
}

pub(crate) async fn list(db: &Db, filter: &JobFilter) -> Result<Vec<JobRow>, StoreError> {
    let mut conditions = vec!["1 = 1".to_owned()];
    let mut texts: Vec<String> = Vec::new();
    let mut is = |column: &str, value: Option<String>| {
        if let Some(value) = value {
            texts.push(value);
            conditions.push(format!("{column} = ${}", texts.len()));
        }
    };
    is("key_id", filter.key_id.clone());
    is("status", filter.status.map(|status| status.as_str().to_owned()));
    if let Some((at, id)) = &filter.after {
        texts.push(id.clone());
        let id = format!("${}", texts.len());
        // Our own number: no value of a user's.
        conditions.push(format!("(created_at < {at} OR created_at = {at} AND id < {id})"));
    }
    let columns = if filter.with_briefs { JOB.to_owned() } else { without_large_texts() };
    let sql = format!(
        "SELECT {columns} FROM jobs WHERE {} ORDER BY created_at DESC, id DESC LIMIT {}",
        conditions.join(" AND "),
        filter.limit
    );
    let mut query = sqlx::query(AssertSqlSafe(sql));
    for text in texts {
        query = query.bind(text);
    }
    query.fetch_all(&db.pool).await.map_err(database("list jobs"))?.iter().map(job_row).collect()
}

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
    rows.iter()
        .map(|row| {
            let read = || -> Result<SceneRow, sqlx::Error> {
                Ok(SceneRow {
                    scene_id: row.try_get("scene_id")?,
                    status: row.try_get("status")?,
                    engine_used: row.try_get("engine_used")?,
                    fallback_used: row.try_get::<i64, _>("fallback_used")? != 0,
                    render_duration_ms: row.try_get("render_duration_ms")?,
                    error: row.try_get("error")?,
                })
            };
            read().map_err(&failed)
        })
        .collect()
}

pub(crate) async fn put_scenes(
    db: &Db,
    tx: &mut Tx,
    job: &str,
    scenes: &[SceneRow],
    operation: &'static str,
) -> Result<(), StoreError> {
    for scene in scenes {
        sqlx::query(
            "INSERT INTO scenes (job_id, scene_id, status, engine_used, fallback_used, \
               render_duration_ms, error) VALUES ($1, $2, $3, $4, $5, $6, $7) \
             ON CONFLICT (job_id, scene_id) DO UPDATE SET status = excluded.status, \
               engine_used = excluded.engine_used, fallback_used = excluded.fallback_used, \
               render_duration_ms = excluded.render_duration_ms, error = excluded.error",
        )
        .bind(job)
        .bind(&scene.scene_id)
        .bind(&scene.status)
        .bind(scene.engine_used.as_deref())
        .bind(i64::from(scene.fallback_used))
        .bind(scene.render_duration_ms)
        .bind(scene.error.as_deref())
        .execute(&mut **tx)
        .await
        .map_err(database(operation))?;
        note(db, tx, job, "scene", &json!(scene), operation).await?;
    }
    Ok(())
}

pub(crate) async fn events(
    db: &Db,
    job: &str,
    after: i64,
    limit: u32,
) -> Result<Vec<JobEvent>, StoreError> {
    let failed = database("read events");
    let sql = format!(
        "SELECT seq, at, event, data FROM job_events WHERE job_id = $1 AND seq > $2 \
         ORDER BY seq LIMIT {limit}"
    );
    let rows = sqlx::query(AssertSqlSafe(sql)).bind(job).bind(after).fetch_all(&db.pool).await;
    let read = |row: &AnyRow| -> Result<JobEvent, sqlx::Error> {
        Ok(JobEvent {
            seq: row.try_get("seq")?,
            at: row.try_get("at")?,
            event: row.try_get("event")?,
            data: json_of(Some(row.try_get("data")?))?.unwrap_or_default(),
        })
    };
    rows.map_err(&failed)?.iter().map(|row| read(row).map_err(&failed)).collect()
}

const CANCEL: &str = "cancel a job";

/// Nothing further begins; what runs is told by its next heartbeat. A last task tells the vendors.
pub(crate) async fn cancel(db: &Db, id: &str) -> Result<Option<JobStatus>, StoreError> {
    let mut tx = db.begin(Durability::Power, CANCEL).await?;
    let Some(job) = hold(db, &mut tx, id).await? else { return Ok(None) };
    if matches!(job.status, JobStatus::Done | JobStatus::Cancelled | JobStatus::Cancelling) {
        return Ok(Some(job.status));
    }
    park(db, &mut tx, id, CANCEL).await?;
    let has_begun = job.started_at.is_some();
    let status = if has_begun { JobStatus::Cancelling } else { JobStatus::Cancelled };
    set_status(db, &mut tx, id, status, None, CANCEL).await?;
    if has_begun {
        let name = TaskKind::Cancel.as_str().to_owned();
        let task = NewTask { name, kind: TaskKind::Cancel, needs: Vec::new() };
        add_tasks(db, &mut tx, id, &[task], CANCEL).await?;
    }
    tx.commit().await.map_err(database(CANCEL))?;
    Ok(Some(status))
}

/// Keeps the tasks of a stopped job that have not begun from beginning.
pub(crate) async fn park(
    db: &Db,
    tx: &mut Tx,
    job: &str,
    operation: &'static str,
) -> Result<(), StoreError> {
    let sql = format!(
        "UPDATE tasks SET state = 'parked', updated_at = {} \
         WHERE job_id = $1 AND state IN ('ready', 'blocked') AND kind <> 'cancel'",
        db.now()
    );
    let done = sqlx::query(AssertSqlSafe(sql)).bind(job).execute(&mut **tx).await;
    done.map_err(database(operation))?;
    Ok(())
}

const DELETE: &str = "delete a job";

pub(crate) async fn delete(db: &Db, id: &str) -> Result<bool, StoreError> {
    let failed = database(DELETE);
    let mut tx = db.begin(Durability::Power, DELETE).await?;
    match hold(db, &mut tx, id).await? {
        Some(job) if job.status.is_terminal() => {}
        _ => return Ok(false),
    }
    // Their attempts are found by what they belong to, so they go first.
    sqlx::query(
        "DELETE FROM webhook_attempts \
         WHERE webhook_id IN (SELECT id FROM webhooks WHERE job_id = $1)",
    )
    .bind(id)
    .execute(&mut *tx)
    .await
    .map_err(&failed)?;
    for table in ["tasks", "needs", "scenes", "job_events", "idempotency", "webhooks"] {
        let sql = format!("DELETE FROM {table} WHERE job_id = $1");
        sqlx::query(AssertSqlSafe(sql)).bind(id).execute(&mut *tx).await.map_err(&failed)?;
    }
    sqlx::query("DELETE FROM jobs WHERE id = $1")
        .bind(id)
        .execute(&mut *tx)
        .await
        .map_err(&failed)?;
    tx.commit().await.map_err(failed)?;
    Ok(true)
}
