//! Submits, reads, advances, cancels and deletes jobs.

use crate::db::{Db, Durability, Tx};
use crate::events::{insert_event, write_event};
use crate::rows::{database, json_of};
use crate::states::{apply_event, id, read_name};
use crate::task_graph::{add_tasks, insert_first_tasks, park};
use pytoon_records::job::store::{
    DRAFT_PROFILE, EventKind, Idempotency, JobError, JobFilter, JobRow, MAX_CLIENT_DATA, NewJob,
    Submission, title_of,
};
use pytoon_records::job::{JobEvent, JobStatus, NewTask, TaskState};
use pytoon_records::ledger::StoreError;
use pytoon_records::state::State;
use pytoon_vocabulary::MicroUsd;
use serde_json::{Value, json};
use sqlx::any::AnyRow;
use sqlx::{AssertSqlSafe, Row};
use std::sync::LazyLock;

/// The columns that [`job_row`] reads, with counts of the job's tasks and scenes.
///
/// The profile is searched in the text of the brief, which is JSON without spaces. Quotation marks inside its texts are
/// escaped, so only the field itself matches.
static JOB: LazyLock<String> = LazyLock::new(|| {
    format!(
        "id, key_id, status, title, brief, client_data, webhook, error, created_at, updated_at, \
         started_at, finished_at, COALESCE(asked_at, created_at) AS asked_at, \
         (SELECT COUNT(*) FROM tasks WHERE job_id = jobs.id AND state = '{done}') AS tasks_done, \
         (SELECT COUNT(*) FROM tasks WHERE job_id = jobs.id AND state <> '{obsolete}') \
           AS tasks_known, \
         CAST((SELECT COALESCE(SUM(charged), 0) FROM calls WHERE job_id = jobs.id) AS BIGINT) \
           AS charged, \
         (SELECT COUNT(*) FROM scenes WHERE job_id = jobs.id) AS scene_count, \
         (SELECT COUNT(*) FROM scenes WHERE job_id = jobs.id AND fallback_used <> 0) \
           AS fallback_count, \
         CAST(CASE WHEN jobs.brief LIKE '%\"profile\":\"{DRAFT_PROFILE}\"%' THEN 1 ELSE 0 END AS BIGINT) \
           AS is_draft",
        done = TaskState::Done,
        obsolete = TaskState::Obsolete
    )
});
/// The time for which an idempotency key is stored, in milliseconds.
const REMEMBERED_MS: i64 = 86_400_000;

/// Returns the columns in `JOB` without briefs, and without `client_data` that is too large for a list.
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
        let count = |name: &str| -> Result<u32, sqlx::Error> {
            Ok(u32::try_from(row.try_get::<i64, _>(name)?).unwrap_or(u32::MAX))
        };
        let error = json_of(row.try_get("error")?)?;
        Ok(JobRow {
            id: id(row, "id")?,
            key_id: row.try_get("key_id")?,
            status: read_name(row, "status", JobStatus::from_name)?,
            brief: json_of(Some(row.try_get("brief")?))?.unwrap_or_default(),
            title: row.try_get("title")?,
            charged: MicroUsd(row.try_get("charged")?),
            client_data: json_of(row.try_get("client_data")?)?,
            webhook: json_of(row.try_get("webhook")?)?,
            error: error.and_then(|value| serde_json::from_value::<JobError>(value).ok()),
            tasks_done: count("tasks_done")?,
            tasks_known: count("tasks_known")?,
            scene_count: count("scene_count")?,
            fallback_count: count("fallback_count")?,
            is_draft: count("is_draft")? != 0,
            created_at: row.try_get("created_at")?,
            asked_at: row.try_get("asked_at")?,
            updated_at: row.try_get("updated_at")?,
            started_at: row.try_get("started_at")?,
            finished_at: row.try_get("finished_at")?,
        })
    };
    read().map_err(database("read a job"))
}

const SUBMIT: &str = "submit a job";

pub(crate) async fn submit(
    db: &Db,
    job: &NewJob,
    most_waiting: u32,
) -> Result<Submission, StoreError> {
    let failed = database(SUBMIT);
    let mut tx = db.begin(Durability::Power, SUBMIT).await?;
    if let Some(mark) = &job.idempotency {
        // Of two concurrent requests, one writes the mark and the other waits here for it.
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
            .bind(job.id.as_str())
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
            return Ok(Submission::Repeated(id(&row, "job_id").map_err(&failed)?));
        }
    }
    let sql = format!(
        "INSERT INTO jobs (id, key_id, status, brief, title, client_data, webhook, events, \
           created_at, updated_at) \
         SELECT $1, $2, '{queued}', $3, $4, $5, $6, 1, {now}, {now} \
         WHERE (SELECT COUNT(*) FROM (SELECT 1 FROM jobs WHERE status = '{queued}' LIMIT {limit}) \
           AS waiting) < {limit} RETURNING id",
        queued = JobStatus::Queued,
        now = db.now(),
        limit = most_waiting.max(1)
    );
    let written = sqlx::query(AssertSqlSafe(sql))
        .bind(job.id.as_str())
        .bind(&job.key_id)
        .bind(job.brief.to_string())
        .bind(title_of(&job.brief))
        .bind(job.client_data.as_ref().map(Value::to_string))
        .bind(job.webhook.as_ref().map(Value::to_string))
        .fetch_all(&mut *tx)
        .await
        .map_err(&failed)?;
    if written.is_empty() {
        return Ok(Submission::Full);
    }
    // Each statement is another round trip to the server: use as few as possible.
    insert_first_tasks(db, &mut tx, job.id.as_str(), &job.tasks, SUBMIT).await?;
    let data = json!({ "status": JobStatus::Queued });
    insert_event(db, &mut tx, job.id.as_str(), 1, EventKind::Status, &data, SUBMIT).await?;
    tx.commit().await.map_err(failed)?;
    Ok(Submission::New)
}

/// Looks up a submission by its idempotency key. Returns `None` if the key is unknown or too old.
pub(crate) async fn find_repeated(
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
    Ok(Some(Submission::Repeated(id(&row, "job_id").map_err(&failed)?)))
}

/// Applies an event to a job that this transaction has locked, and writes an event for its new status. If the job has
/// ended, also writes its webhook message. An event that leads to the same status writes nothing.
pub(crate) async fn advance(
    db: &Db,
    tx: &mut Tx,
    job: &JobRow,
    event: JobEvent,
    error: Option<&JobError>,
    operation: &'static str,
) -> Result<JobStatus, StoreError> {
    let status = apply_event(job.status, event)?;
    if status == job.status {
        return Ok(status);
    }
    let now = db.now();
    let finished = if status.is_terminal() { now } else { "NULL" };
    let started = match status {
        JobStatus::Queued => "started_at".to_owned(),
        _ => format!("COALESCE(started_at, {now})"),
    };
    let sql = format!(
        "UPDATE jobs SET status = $1, error = $2, updated_at = {now}, finished_at = {finished}, \
           started_at = {started}, events = events + 1 WHERE id = $3 RETURNING events"
    );
    let row = sqlx::query(AssertSqlSafe(sql))
        .bind(status.as_str())
        .bind(error.map(|error| json!(error).to_string()))
        .bind(job.id.as_str())
        .fetch_all(&mut **tx)
        .await
        .map_err(database(operation))?;
    let mut data = json!({ "status": status });
    if let Some(error) = error {
        data["error"] = json!(error);
    }
    let seq =
        write_event(db, tx, job.id.as_str(), &row, EventKind::Status, &data, operation).await?;
    if status.is_terminal() {
        crate::webhooks::put(db, tx, job.id.as_str(), status, error, seq, operation).await?;
    }
    Ok(status)
}

pub(crate) async fn fetch(db: &Db, id: &str) -> Result<Option<JobRow>, StoreError> {
    let sql = format!("SELECT {} FROM jobs WHERE id = $1", *JOB);
    let row = sqlx::query(AssertSqlSafe(sql)).bind(id).fetch_optional(&db.pool).await;
    row.map_err(database("read a job"))?.map(|row| job_row(&row)).transpose()
}

/// Reads a job within a transaction; `None` if it does not exist.
pub(crate) async fn fetch_in(tx: &mut Tx, id: &str) -> Result<Option<JobRow>, StoreError> {
    one(tx, "id = $1", "", id).await
}

/// Reads and locks a job until the transaction ends. Decisions over several rows of a job need the lock: two tasks
/// that end at the same moment would each see the other as unfinished, and nothing would unblock the tasks that wait
/// for both. A job is locked before its tasks, so that no two transactions deadlock.
pub(crate) async fn hold(db: &Db, tx: &mut Tx, id: &str) -> Result<Option<JobRow>, StoreError> {
    one(tx, "id = $1", db.for_us_alone(), id).await
}

/// Reads and locks the job of a task until the transaction ends; `None` if the task does not exist.
pub(crate) async fn hold_of_task(
    db: &Db,
    tx: &mut Tx,
    task: &str,
) -> Result<Option<JobRow>, StoreError> {
    let of_task = "id = (SELECT job_id FROM tasks WHERE tasks.id = $1)";
    one(tx, of_task, db.for_us_alone(), task).await
}

/// Reads and locks a job; `None` if another transaction has locked it or it does not exist. A claim has already
/// locked a task and must not wait for the task's job.
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
    let sql = format!("SELECT {} FROM jobs WHERE {condition}{lock}", *JOB);
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
        texts.push(id.to_string());
        let id = format!("${}", texts.len());
        // Our own numbers, never a user's value.
        conditions.push(format!("(created_at < {at} OR created_at = {at} AND id < {id})"));
    }
    let columns = if filter.with_briefs { JOB.clone() } else { without_large_texts() };
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

const CANCEL: &str = "cancel a job";

/// Cancels a job: no further task starts, and running tasks are notified at their next heartbeat. If the job has
/// begun, a final task asks the vendors to cancel. Returns the resulting status, unchanged if it does not allow a
/// cancel; `None` if there is no such job.
pub(crate) async fn cancel(db: &Db, id: &str) -> Result<Option<JobStatus>, StoreError> {
    let mut tx = db.begin(Durability::Power, CANCEL).await?;
    let Some(job) = hold(db, &mut tx, id).await? else { return Ok(None) };
    let has_begun = job.started_at.is_some();
    let event = if has_begun { JobEvent::CancelRequested } else { JobEvent::Withdrawn };
    if job.status.apply(event).is_err() {
        return Ok(Some(job.status));
    }
    park(db, &mut tx, id, CANCEL).await?;
    let status = advance(db, &mut tx, &job, event, None, CANCEL).await?;
    if has_begun {
        add_tasks(db, &mut tx, id, &[NewTask::cancel()], CANCEL).await?;
    }
    tx.commit().await.map_err(database(CANCEL))?;
    Ok(Some(status))
}

const DELETE: &str = "delete a job";

/// Deletes the rows of a job that has ended, except its paid calls. Returns false if the job does not exist or has
/// not ended.
pub(crate) async fn delete(db: &Db, id: &str) -> Result<bool, StoreError> {
    let failed = database(DELETE);
    let mut tx = db.begin(Durability::Power, DELETE).await?;
    match hold(db, &mut tx, id).await? {
        Some(job) if job.status.is_terminal() => {}
        _ => return Ok(false),
    }
    // Attempts are found through their messages, so they go first.
    sqlx::query(
        "DELETE FROM webhook_attempts \
         WHERE webhook_id IN (SELECT id FROM webhooks WHERE job_id = $1)",
    )
    .bind(id)
    .execute(&mut *tx)
    .await
    .map_err(&failed)?;
    for table in
        ["tasks", "needs", "scenes", "job_events", "idempotency", "webhooks", "film_versions"]
    {
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
