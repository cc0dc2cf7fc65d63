//! What is to be told of jobs, written in the transaction of the change that it tells of, and what
//! came of telling it.

use crate::db::{Db, Durability, Tx};
use crate::rows::database;
use pytoon_records::job::JobStatus;
use pytoon_records::job::store::JobError;
use pytoon_records::job::webhook::{DueWebhook, Told, WebhookAttempt, WebhookRow, WebhookState};
use pytoon_records::ledger::StoreError;
use serde_json::{Value, json};
use sqlx::any::AnyRow;
use sqlx::{AssertSqlSafe, Row};
use std::time::Duration;

fn ms(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX / 4)
}

/// Has the end of a job told to its submitter, where one wants to hear of it.
pub(crate) async fn put(
    db: &Db,
    tx: &mut Tx,
    job: &str,
    status: JobStatus,
    error: Option<&JobError>,
    seq: i64,
    operation: &'static str,
) -> Result<(), StoreError> {
    let failed = database(operation);
    let row =
        sqlx::query("SELECT webhook, client_data FROM jobs WHERE id = $1 AND webhook IS NOT NULL")
            .bind(job)
            .fetch_optional(&mut **tx)
            .await
            .map_err(&failed)?;
    let Some(row) = row else { return Ok(()) };
    let webhook: String = row.try_get("webhook").map_err(&failed)?;
    let client_data: Option<String> = row.try_get("client_data").map_err(&failed)?;
    let read = |text: &str| serde_json::from_str::<Value>(text).unwrap_or_default();
    let webhook = read(&webhook);
    let Some(url) = webhook.get("url").and_then(Value::as_str) else { return Ok(()) };
    let data = json!({
        "job_id": job,
        "status": status.as_str(),
        "error": error,
        "client_data": client_data.as_deref().map(read),
    });
    let sql = format!(
        "INSERT INTO webhooks (id, job_id, event, url, body, state, attempts, token, run_at, \
           created_at, updated_at) \
         VALUES ($1, $2, $3, $4, $5, 'due', 0, 0, {now}, {now}, {now})",
        now = db.now()
    );
    sqlx::query(AssertSqlSafe(sql))
        .bind(format!("msg_{job}.{seq}"))
        .bind(job)
        .bind(format!("job.{}", status.as_str()))
        .bind(url)
        .bind(data.to_string())
        .execute(&mut **tx)
        .await
        .map_err(failed)?;
    Ok(())
}

/// The message that has waited longest, for so long nobody else's: whoever does not say what came
/// of it in this time is taken for dead, and it is told again.
pub(crate) async fn claim(db: &Db, lease: Duration) -> Result<Option<DueWebhook>, StoreError> {
    let failed = database("claim a webhook");
    let sql = format!(
        "{durable}UPDATE webhooks SET token = token + 1, run_at = {now} + {lease}, \
           updated_at = {now} \
         WHERE id = (SELECT id FROM webhooks WHERE state = 'due' AND run_at <= {once} \
           ORDER BY run_at, id LIMIT 1{skip}) \
         RETURNING id, job_id, event, url, body, attempts, token, created_at",
        durable = db.durable(Durability::Process),
        now = db.now(),
        once = db.now_once(),
        lease = ms(lease),
        skip = db.skip_locked()
    );
    let rows = sqlx::query(AssertSqlSafe(sql)).fetch_all(&db.pool).await.map_err(&failed)?;
    let read = |row: &AnyRow| -> Result<DueWebhook, sqlx::Error> {
        let body: String = row.try_get("body")?;
        Ok(DueWebhook {
            id: row.try_get("id")?,
            job_id: row.try_get("job_id")?,
            event: row.try_get("event")?,
            url: row.try_get("url")?,
            data: serde_json::from_str(&body).map_err(|e| sqlx::Error::Decode(e.into()))?,
            attempts: u32::try_from(row.try_get::<i64, _>("attempts")?).unwrap_or(u32::MAX),
            token: row.try_get("token")?,
            created_at: row.try_get("created_at")?,
        })
    };
    rows.first().map(|row| read(row).map_err(failed)).transpose()
}

/// Notes what came of an attempt; whether it was this claim's to say.
pub(crate) async fn told(db: &Db, id: &str, token: i64, told: &Told) -> Result<bool, StoreError> {
    const TOLD: &str = "note a webhook";
    let failed = database(TOLD);
    let mut tx = db.begin(Durability::Power, TOLD).await?;
    let (state, wait) = match (told.error.is_none(), told.retry_in) {
        (true, _) => (WebhookState::Delivered, Duration::ZERO),
        (false, Some(wait)) => (WebhookState::Due, wait),
        (false, None) => (WebhookState::Dead, Duration::ZERO),
    };
    let sql = format!(
        "UPDATE webhooks SET state = $1, attempts = attempts + 1, run_at = {now} + {wait}, \
           updated_at = {now} \
         WHERE id = $2 AND token = $3 AND state = 'due' RETURNING attempts",
        now = db.now(),
        wait = ms(wait)
    );
    let rows = sqlx::query(AssertSqlSafe(sql))
        .bind(state.as_str())
        .bind(id)
        .bind(token)
        .fetch_all(&mut *tx)
        .await
        .map_err(&failed)?;
    let Some(row) = rows.first() else { return Ok(false) };
    let attempt: i64 = row.try_get("attempts").map_err(&failed)?;
    let sql = format!(
        "INSERT INTO webhook_attempts (webhook_id, attempt, at, status, duration_ms, error) \
         VALUES ($1, $2, {}, $3, $4, $5)",
        db.now()
    );
    sqlx::query(AssertSqlSafe(sql))
        .bind(id)
        .bind(attempt)
        .bind(told.status.map(i64::from))
        .bind(ms(told.took))
        .bind(told.error.as_deref())
        .execute(&mut *tx)
        .await
        .map_err(&failed)?;
    tx.commit().await.map_err(failed)?;
    Ok(true)
}

/// What was and is to be told: of one job, or all that was given up.
pub(crate) async fn list(db: &Db, job: Option<&str>) -> Result<Vec<WebhookRow>, StoreError> {
    let failed = database("list webhooks");
    let wanted = match job {
        Some(_) => "job_id = $1 ORDER BY created_at, id",
        None => "state = 'dead' AND $1 = $1 ORDER BY updated_at DESC, id",
    };
    let sql = format!(
        "SELECT id, job_id, event, url, state, attempts, run_at, created_at FROM webhooks \
         WHERE {wanted} LIMIT 1000"
    );
    let rows = sqlx::query(AssertSqlSafe(sql)).bind(job.unwrap_or_default()).fetch_all(&db.pool);
    let rows = rows.await.map_err(&failed)?;
    let mut all = Vec::new();
    for row in &rows {
        let mut row = webhook_row(row).map_err(&failed)?;
        row.attempts = attempts(db, &row.id).await?;
        all.push(row);
    }
    Ok(all)
}

fn webhook_row(row: &AnyRow) -> Result<WebhookRow, sqlx::Error> {
    let state: String = row.try_get("state")?;
    let state = WebhookState::from_name(&state)
        .ok_or_else(|| sqlx::Error::Decode(format!("`{state}` is no state").into()))?;
    let next_at: i64 = row.try_get("run_at")?;
    Ok(WebhookRow {
        id: row.try_get("id")?,
        job_id: row.try_get("job_id")?,
        event: row.try_get("event")?,
        url: row.try_get("url")?,
        state,
        next_at: (state == WebhookState::Due).then_some(next_at),
        created_at: row.try_get("created_at")?,
        attempts: Vec::new(),
    })
}

async fn attempts(db: &Db, id: &str) -> Result<Vec<WebhookAttempt>, StoreError> {
    let failed = database("list webhooks");
    let rows = sqlx::query(
        "SELECT at, status, duration_ms, error FROM webhook_attempts \
         WHERE webhook_id = $1 ORDER BY attempt",
    )
    .bind(id)
    .fetch_all(&db.pool)
    .await
    .map_err(&failed)?;
    let read = |row: &AnyRow| -> Result<WebhookAttempt, sqlx::Error> {
        let status: Option<i64> = row.try_get("status")?;
        Ok(WebhookAttempt {
            at: row.try_get("at")?,
            status: status.and_then(|status| u16::try_from(status).ok()),
            duration_ms: row.try_get("duration_ms")?,
            error: row.try_get("error")?,
        })
    };
    rows.iter().map(|row| read(row).map_err(&failed)).collect()
}

/// Has a message told again; whether there was one that is not to be told anyway.
pub(crate) async fn resend(db: &Db, id: &str) -> Result<bool, StoreError> {
    let sql = format!(
        "{}UPDATE webhooks SET state = 'due', run_at = {now}, updated_at = {now} \
         WHERE id = $1 AND state <> 'due' RETURNING id",
        db.durable(Durability::Power),
        now = db.now()
    );
    let rows = sqlx::query(AssertSqlSafe(sql)).bind(id).fetch_all(&db.pool).await;
    Ok(!rows.map_err(database("resend a webhook"))?.is_empty())
}
