//! The ledger's rows.

use crate::rows::{CALL_COLUMNS, call_row, database};
use pytoon_core::ledger::{
    Admission, CallChange, CallEvent, CallFilter, CallLimits, CallRow, CallState, NewCall,
    StoreError, UnixMs,
};
use pytoon_core::money::MicroUsd;
use sqlx::{AnyPool, AssertSqlSafe, Row};

/// One day in milliseconds.
const DAY_MS: i64 = 86_400_000;
/// What a limit on requests counts over, in milliseconds.
const MINUTE_MS: i64 = 60_000;
/// Attempts to change a row that another process changes at the same moment.
const RACES: usize = 8;

/// Looks at all limits and writes the row, or writes nothing. `BEGIN IMMEDIATE` keeps every other
/// process out in between.
pub(crate) async fn admit(
    pool: &AnyPool,
    call: &NewCall,
    limits: &CallLimits,
) -> Result<Admission, StoreError> {
    let failed = database("admit a call");
    let mut tx = pool.begin_with("BEGIN IMMEDIATE").await.map_err(&failed)?;
    let day = call.at - call.at.rem_euclid(DAY_MS);
    // A sum that no limit asks for is not added up: a busy day has many rows, and all other
    // processes wait meanwhile. The last line names each value, asked for or not.
    let asked = |is_asked: bool, sum: &'static str| if is_asked { sum } else { "0" };
    let sql = format!(
        "SELECT {} AS of_job, {} AS of_day, {} AS of_key, \
           (SELECT COUNT(*) FROM calls WHERE engine = $4 AND lease_until > $5 \
              AND state IN ('intent', 'submitted')) AS running, \
           {} AS begun, {} AS oldest \
         WHERE $1 = $1 AND $2 = $2 AND $3 = $3 AND $6 = $6",
        asked(
            limits.job_budget.is_some(),
            "(SELECT COALESCE(SUM(charged), 0) FROM calls WHERE job_id = $1)"
        ),
        asked(
            limits.day_budget.is_some(),
            "(SELECT COALESCE(SUM(charged), 0) FROM calls WHERE created_at >= $2)"
        ),
        asked(
            limits.key_budget.is_some(),
            "(SELECT COALESCE(SUM(charged), 0) FROM calls WHERE key_id = $3 AND created_at >= $2)"
        ),
        asked(
            limits.requests_per_minute.is_some(),
            "(SELECT COUNT(*) FROM calls WHERE engine = $4 AND created_at > $6)"
        ),
        asked(
            limits.requests_per_minute.is_some(),
            "(SELECT COALESCE(MIN(created_at), 0) FROM calls WHERE engine = $4 AND created_at > $6)"
        ),
    );
    let sums = sqlx::query(AssertSqlSafe(sql))
        .bind(&call.job_id)
        .bind(day)
        .bind(&call.key_id)
        .bind(&call.engine)
        .bind(call.at)
        .bind(call.at - MINUTE_MS)
        .fetch_one(&mut *tx)
        .await
        .map_err(&failed)?;
    let number = |name: &str| sums.try_get::<i64, _>(name).map_err(database("admit a call"));
    let caps = [
        ("job", limits.job_budget, number("of_job")?),
        ("day", limits.day_budget, number("of_day")?),
        ("key", limits.key_budget, number("of_key")?),
    ];
    for (cap, budget, spent) in caps {
        let Some(budget) = budget else { continue };
        let left = budget - MicroUsd(spent);
        if call.estimated > left {
            return Ok(Admission::OverBudget { cap, left });
        }
    }
    let (running, begun) = (number("running")?, number("begun")?);
    if limits.max_concurrent.is_some_and(|max| running >= i64::from(max)) {
        return Ok(Admission::Busy);
    }
    if limits.requests_per_minute.is_some_and(|max| begun >= i64::from(max)) {
        return Ok(Admission::TooFast { retry_at: number("oldest")? + MINUTE_MS });
    }
    sqlx::query(
        "INSERT INTO calls (id, job_id, scene_id, engine, request_hash, prompt, state, pinned, \
           key_id, estimated, charged, created_at, updated_at, lease_until) \
         VALUES ($1, $2, $3, $4, $5, $6, 'intent', $7, $8, $9, $9, $10, $10, $11)",
    )
    .bind(&call.id)
    .bind(&call.job_id)
    .bind(&call.scene_id)
    .bind(&call.engine)
    .bind(&call.request_hash)
    .bind(&call.prompt)
    .bind(call.pinned.to_string())
    .bind(&call.key_id)
    .bind(call.estimated.0)
    .bind(call.at)
    .bind(call.lease_until)
    .execute(&mut *tx)
    .await
    .map_err(&failed)?;
    tx.commit().await.map_err(&failed)?;
    Ok(Admission::Granted)
}

/// Takes a call to its next state. Another process may change the row between reading and
/// writing; then the states are asked again.
pub(crate) async fn advance(
    pool: &AnyPool,
    id: &str,
    event: CallEvent,
    change: &CallChange,
    at: UnixMs,
) -> Result<CallState, StoreError> {
    for _ in 0..RACES {
        let row = sqlx::query("SELECT state FROM calls WHERE id = $1")
            .bind(id)
            .fetch_optional(pool)
            .await
            .map_err(database("read a call"))?
            .ok_or_else(|| StoreError::Conflict(format!("there is no call {id}")))?;
        let name: String = row.try_get("state").map_err(database("read a call"))?;
        let from = CallState::from_name(&name)
            .ok_or_else(|| StoreError::Conflict(format!("call {id} has no known state")))?;
        let to = from.apply(event)?;
        if write_change(pool, id, from, to, change, at).await? {
            return Ok(to);
        }
    }
    Err(StoreError::Conflict(format!("call {id} is changed by others all the time")))
}

/// Writes a change if the row is still in the state that was read.
pub(crate) async fn write_change<'e, E>(
    executor: E,
    id: &str,
    from: CallState,
    to: CallState,
    change: &CallChange,
    at: UnixMs,
) -> Result<bool, StoreError>
where
    E: sqlx::Executor<'e, Database = sqlx::Any>,
{
    let done = sqlx::query(
        "UPDATE calls SET state = $1, task = COALESCE($2, task), \
           reported = COALESCE($3, reported), charged = COALESCE($4, charged), \
           error_kind = COALESCE($5, error_kind), error = COALESCE($6, error), updated_at = $7 \
         WHERE id = $8 AND state = $9",
    )
    .bind(to.as_str())
    .bind(change.task.as_ref().map(ToString::to_string))
    .bind(change.reported.map(|usd| usd.0))
    .bind(change.charged.map(|usd| usd.0))
    .bind(change.error_kind.clone())
    .bind(change.error.clone())
    .bind(at)
    .bind(id)
    .bind(from.as_str())
    .execute(executor)
    .await
    .map_err(database("change a call"))?;
    Ok(done.rows_affected() == 1)
}

pub(crate) async fn touch(pool: &AnyPool, id: &str, lease_until: UnixMs) -> Result<(), StoreError> {
    sqlx::query("UPDATE calls SET lease_until = $1 WHERE id = $2")
        .bind(lease_until)
        .bind(id)
        .execute(pool)
        .await
        .map_err(database("look after a call"))?;
    Ok(())
}

pub(crate) async fn claim(
    pool: &AnyPool,
    id: &str,
    at: UnixMs,
    lease_until: UnixMs,
) -> Result<bool, StoreError> {
    let done = sqlx::query("UPDATE calls SET lease_until = $1 WHERE id = $2 AND lease_until <= $3")
        .bind(lease_until)
        .bind(id)
        .bind(at)
        .execute(pool)
        .await
        .map_err(database("take over a call"))?;
    Ok(done.rows_affected() == 1)
}

pub(crate) async fn fetch(pool: &AnyPool, id: &str) -> Result<Option<CallRow>, StoreError> {
    let sql = format!("SELECT {CALL_COLUMNS} FROM calls WHERE id = $1");
    sqlx::query(AssertSqlSafe(sql))
        .bind(id)
        .fetch_optional(pool)
        .await
        .map_err(database("read a call"))?
        .map(|row| call_row(&row))
        .transpose()
}

pub(crate) async fn list(pool: &AnyPool, filter: &CallFilter) -> Result<Vec<CallRow>, StoreError> {
    let mut conditions = vec!["1 = 1".to_owned()];
    let mut values: Vec<&str> = Vec::new();
    let fields = [
        ("job_id", &filter.job_id),
        ("scene_id", &filter.scene_id),
        ("engine", &filter.engine),
        ("request_hash", &filter.request_hash),
    ];
    for (column, value) in fields {
        if let Some(value) = value {
            values.push(value);
            conditions.push(format!("{column} = ${}", values.len()));
        }
    }
    if !filter.states.is_empty() {
        // Names of states are our own words, never a user's.
        let names: Vec<String> =
            filter.states.iter().map(|state| format!("'{}'", state.as_str())).collect();
        conditions.push(format!("state IN ({})", names.join(", ")));
    }
    let limit = if filter.limit == 0 { String::new() } else { format!(" LIMIT {}", filter.limit) };
    let sql = format!(
        "SELECT {CALL_COLUMNS} FROM calls WHERE {} ORDER BY created_at DESC, id{limit}",
        conditions.join(" AND ")
    );
    let mut query = sqlx::query(AssertSqlSafe(sql));
    for value in values {
        query = query.bind(value);
    }
    query.fetch_all(pool).await.map_err(database("list calls"))?.iter().map(call_row).collect()
}

pub(crate) async fn spend_since(
    pool: &AnyPool,
    since: UnixMs,
) -> Result<Vec<(String, MicroUsd)>, StoreError> {
    let rows = sqlx::query(
        "SELECT engine, COALESCE(SUM(charged), 0) AS spent FROM calls WHERE created_at >= $1 \
         GROUP BY engine ORDER BY engine",
    )
    .bind(since)
    .fetch_all(pool)
    .await
    .map_err(database("add up spend"))?;
    rows.iter()
        .map(|row| {
            let spent: i64 = row.try_get("spent").map_err(database("add up spend"))?;
            Ok((row.try_get("engine").map_err(database("add up spend"))?, MicroUsd(spent)))
        })
        .collect()
}

pub(crate) async fn spend_of_job(pool: &AnyPool, job_id: &str) -> Result<MicroUsd, StoreError> {
    let row = sqlx::query("SELECT COALESCE(SUM(charged), 0) AS spent FROM calls WHERE job_id = $1")
        .bind(job_id)
        .fetch_one(pool)
        .await
        .map_err(database("add up spend"))?;
    Ok(MicroUsd(row.try_get("spent").map_err(database("add up spend"))?))
}
