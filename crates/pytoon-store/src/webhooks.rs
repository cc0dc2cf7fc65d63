//! Webhook messages and their delivery attempts. A message is written in the transaction of the change that it
//! reports, and leased to a sender.

use crate::db::{Db, Durability, Tx, ms};
use crate::rows::database;
use crate::states::{id, read_name, step};
use pytoon_records::job::JobStatus;
use pytoon_records::job::store::JobError;
use pytoon_records::job::webhook::{
    AttemptResult, DueWebhook, WebhookAttempt, WebhookEvent, WebhookRow, WebhookState,
};
use pytoon_records::ledger::StoreError;
use serde_json::{Value, json};
use sqlx::any::AnyRow;
use sqlx::{AssertSqlSafe, Row};
use std::time::Duration;

/// Inserts the webhook message about the end of a job. Does nothing if the submitter requested no webhook.
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
         VALUES ($1, $2, $3, $4, $5, '{due}', 0, 0, {now}, {now}, {now})",
        due = WebhookState::Due,
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

/// Leases the webhook message that has been due longest; `None` if none is due. The message becomes due again if no
/// attempt is recorded before the lease ends.
pub(crate) async fn claim(db: &Db, lease: Duration) -> Result<Option<DueWebhook>, StoreError> {
    let failed = database("claim a webhook");
    let sql = format!(
        "{durable}UPDATE webhooks SET token = token + 1, run_at = {now} + {lease}, \
           updated_at = {now} \
         WHERE id = (SELECT id FROM webhooks WHERE state = '{due}' AND run_at <= {once} \
           ORDER BY run_at, id LIMIT 1{skip}) \
         RETURNING id, job_id, event, url, body, attempts, token, created_at",
        durable = db.durable(Durability::Process),
        due = WebhookState::Due,
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
            job_id: id(row, "job_id")?,
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

/// Records an attempt to deliver a webhook message: delivered, retried later, or dead. Returns false if the lease is
/// lost.
pub(crate) async fn record_attempt(
    db: &Db,
    id: &str,
    token: i64,
    told: &AttemptResult,
) -> Result<bool, StoreError> {
    const TOLD: &str = "record a webhook delivery";
    let failed = database(TOLD);
    let mut tx = db.begin(Durability::Power, TOLD).await?;
    let (event, wait) = match (told.error.is_none(), told.retry_in) {
        (true, _) => (WebhookEvent::Delivered, Duration::ZERO),
        (false, Some(wait)) => (WebhookEvent::RetryScheduled, wait),
        (false, None) => (WebhookEvent::GivenUp, Duration::ZERO),
    };
    let told_to = step::<WebhookState>(event);
    let sql = format!(
        "UPDATE webhooks SET state = {to}, attempts = attempts + 1, run_at = {now} + {wait}, \
           updated_at = {now} WHERE id = $1 AND token = $2 AND state {from} RETURNING attempts",
        to = told_to.to,
        from = told_to.from,
        now = db.now(),
        wait = ms(wait)
    );
    let rows = sqlx::query(AssertSqlSafe(sql)).bind(id).bind(token).fetch_all(&mut *tx).await;
    let rows = rows.map_err(&failed)?;
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

/// Lists up to 1000 webhook messages: those of one job, or the dead ones.
pub(crate) async fn list(db: &Db, job: Option<&str>) -> Result<Vec<WebhookRow>, StoreError> {
    let failed = database("list webhooks");
    let wanted = match job {
        Some(_) => "job_id = $1 ORDER BY created_at, id".to_owned(),
        None => {
            format!("state = '{}' AND $1 = $1 ORDER BY updated_at DESC, id", WebhookState::Dead)
        }
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
    let state = read_name(row, "state", WebhookState::from_name)?;
    let next_at: i64 = row.try_get("run_at")?;
    Ok(WebhookRow {
        id: row.try_get("id")?,
        job_id: id(row, "job_id")?,
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

/// Makes a webhook message due again. Returns false if the message is already due or does not exist.
pub(crate) async fn resend(db: &Db, id: &str) -> Result<bool, StoreError> {
    let resent = step::<WebhookState>(WebhookEvent::Resent);
    let sql = format!(
        "{}UPDATE webhooks SET state = {}, run_at = {now}, updated_at = {now} \
         WHERE id = $1 AND state {} RETURNING id",
        db.durable(Durability::Power),
        resent.to,
        resent.from,
        now = db.now()
    );
    let rows = sqlx::query(AssertSqlSafe(sql)).bind(id).fetch_all(&db.pool).await;
    Ok(!rows.map_err(database("resend a webhook"))?.is_empty())
}
