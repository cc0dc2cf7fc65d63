//! Reads and writes the rows of the ledger.

use crate::breakers::breaker;
use crate::db::{Db, Dialect, Durability, Tx};
use crate::rows::{CALL_COLUMNS, call_row, database};
use pytoon_records::job::TaskState;
use pytoon_records::ledger::{
    Admission, CallChange, CallEvent, CallFilter, CallLimits, CallRow, CallState, Fence, History,
    KeptClip, NewCall, StoreError,
};
use pytoon_vocabulary::{CallId, JobId, MicroUsd, SceneId, UnixMs};
use sqlx::{AssertSqlSafe, Row};

/// The length of the rate-limit window, in milliseconds.
const MINUTE_MS: i64 = 60_000;
/// Maximum number of attempts to write or explain an admission while other processes change the rows.
const RACES: usize = 8;

/// The advisory lock under which PostgreSQL admits calls one at a time, since the limits are sums over rows that
/// other processes may be writing.
const ADMISSION: i64 = 7_270_001;

/// Writes the row of a call, or returns the reason for its rejection. The row and all its conditions are one
/// statement, which one process executes at a time.
pub(crate) async fn admit(
    db: &Db,
    call: &NewCall,
    limits: &CallLimits,
) -> Result<Admission, StoreError> {
    for _ in 0..RACES {
        match insert(db, call, limits).await? {
            Insert::Written => return Ok(Admission::Granted),
            Insert::Refused => {}
            Insert::Fenced => return Ok(Admission::Fenced),
        }
        // The obstacle may have gone since; then try again.
        if let Some(refusal) = refusal(db, call, limits).await? {
            return Ok(refusal);
        }
    }
    Ok(Admission::Busy)
}

/// The result of an attempt to write a call's row.
enum Insert {
    /// The row was written.
    Written,
    /// A limit, or another purchase of the same request, prevented the write.
    Refused,
    /// The lease of the call no longer holds.
    Fenced,
}

/// Writes the row of a call unless an earlier purchase of its request, a limit or a lost lease prevents it.
async fn insert(db: &Db, call: &NewCall, limits: &CallLimits) -> Result<Insert, StoreError> {
    // On SQLite one statement is atomic.
    let alone = db.dialect == Dialect::Sqlite && call.fence.is_none();
    let mut conditions =
        vec![format!("NOT ({})", taken_condition("$5")), within_callers_budget("$9")];
    // A sum without a limit is not computed: a busy day has many rows, and all other processes wait meanwhile.
    let mut caps: Vec<i64> = Vec::new();
    let mut cap = |limit: Option<i64>, condition: &dyn Fn(usize) -> String| {
        if let Some(limit) = limit {
            caps.push(limit);
            conditions.push(condition(14 + caps.len()));
        }
    };
    cap(limits.job_budget.map(|usd| usd.0), &|n| format!("$9 + {SPENT_BY_JOB} <= ${n}"));
    cap(limits.day_budget.map(|usd| usd.0), &|n| format!("$9 + {SPENT_ON_DAY} <= ${n}"));
    cap(limits.key_budget.map(|usd| usd.0), &|n| format!("$9 + {SPENT_BY_KEY} <= ${n}"));
    cap(limits.max_concurrent.map(i64::from), &|n| format!("{} < ${n}", running()));
    cap(limits.requests_per_minute.map(i64::from), &|n| format!("{BEGUN} < ${n}"));
    let sql = format!(
        "{}INSERT INTO calls (id, job_id, scene_id, engine, request_hash, prompt, state, pinned, \
           key_id, estimated, charged, created_at, updated_at, lease_until, caller) \
         SELECT $1, $2, $3, $4, $5, $6, '{intent}', $7, $8, $9, $9, $10, $10, $11, \
           {CALLER_ID} \
         WHERE $12 = $12 AND $13 = $13 AND {allowed} RETURNING id",
        if alone { db.durable(Durability::Power) } else { "" },
        intent = CallState::Intent,
        allowed = conditions.join(" AND ")
    );
    let mut query = sqlx::query(AssertSqlSafe(sql))
        .bind(call.id.as_str())
        .bind(call.job_id.as_str())
        .bind(call.scene_id.as_str())
        .bind(&call.engine)
        .bind(&call.request_hash)
        .bind(&call.prompt)
        .bind(call.pinned.to_string())
        .bind(&call.key_id)
        .bind(call.estimated.0)
        .bind(call.at)
        .bind(call.lease_until)
        .bind(day_of(call))
        .bind(call.at - MINUTE_MS)
        .bind(&call.caller);
    for cap in caps {
        query = query.bind(cap);
    }
    let failed = database("admit a call");
    let written = if alone {
        query.fetch_all(&db.pool).await.map_err(failed)?
    } else {
        let mut transaction = db.begin(Durability::Power, "admit a call").await?;
        if let Some(fence) = &call.fence
            && !holds(db, &mut transaction, fence).await?
        {
            return Ok(Insert::Fenced);
        }
        db.one_at_a_time(&mut transaction, ADMISSION, "admit a call").await?;
        let written = query.fetch_all(&mut *transaction).await.map_err(&failed)?;
        transaction.commit().await.map_err(failed)?;
        written
    };
    Ok(if written.is_empty() { Insert::Refused } else { Insert::Written })
}

/// Returns true if a worker's lease on its task still holds. Locks the task until the transaction ends, so that a
/// later claim of the task sees the call's row.
async fn holds(db: &Db, transaction: &mut Tx, fence: &Fence) -> Result<bool, StoreError> {
    let sql = format!(
        "SELECT id FROM tasks WHERE id = $1 AND token = $2 AND state = '{}'{}",
        TaskState::Running,
        db.for_share()
    );
    let query = sqlx::query(AssertSqlSafe(sql)).bind(fence.task_id.as_str()).bind(fence.token);
    let found = query.fetch_optional(&mut **transaction).await.map_err(database("admit a call"))?;
    Ok(found.is_some())
}

/// Returns the limit or the earlier purchase that prevents the admission of a call; `None` if nothing prevents it any
/// more.
async fn refusal(
    db: &Db,
    call: &NewCall,
    limits: &CallLimits,
) -> Result<Option<Admission>, StoreError> {
    let failed = database("admit a call");
    // The parameters have the numbers of `insert`, so that the sums are the same text.
    let sql = format!(
        "SELECT CASE WHEN {} THEN 1 ELSE 0 END AS taken, {SPENT_BY_JOB} AS of_job, \
           COALESCE((SELECT api_keys.budget_per_day - {SPENT_BY_CALLER} {caller}), {UNBOUNDED}) \
             AS left_to_caller, {SPENT_ON_DAY} AS of_day, {SPENT_BY_KEY} AS of_key, {running} AS at_work, \
           {BEGUN} AS begun, \
           (SELECT COALESCE(MIN(created_at), 0) FROM calls WHERE engine = $4 AND created_at > $13) \
             AS oldest \
         WHERE $1 = $1 AND $3 = $3 AND $6 = $6 AND $7 = $7 AND $9 = $9 AND $11 = $11",
        taken_condition("$5"),
        caller = caller(),
        running = running()
    );
    let sums = sqlx::query(AssertSqlSafe(sql))
        .bind("")
        .bind(call.job_id.as_str())
        .bind("")
        .bind(&call.engine)
        .bind(&call.request_hash)
        .bind("")
        .bind("")
        .bind(&call.key_id)
        .bind(0)
        .bind(call.at)
        .bind(0)
        .bind(day_of(call))
        .bind(call.at - MINUTE_MS)
        .bind(&call.caller)
        .fetch_one(&db.pool)
        .await
        .map_err(&failed)?;
    let number = |name: &str| sums.try_get::<i64, _>(name).map_err(database("admit a call"));
    if number("taken")? == 1 {
        return Ok(Some(Admission::Taken));
    }
    let caps = [
        ("job", limits.job_budget, number("of_job")?),
        ("day", limits.day_budget, number("of_day")?),
        ("key", limits.key_budget, number("of_key")?),
    ];
    for (cap, budget, spent) in caps {
        let Some(budget) = budget else { continue };
        let left = budget - MicroUsd(spent);
        if call.estimated > left {
            return Ok(Some(Admission::OverBudget { cap, left }));
        }
    }
    let left = MicroUsd(number("left_to_caller")?);
    if call.estimated > left {
        return Ok(Some(Admission::OverBudget { cap: "API key", left }));
    }
    let (running, begun) = (number("at_work")?, number("begun")?);
    if limits.max_concurrent.is_some_and(|max| running >= i64::from(max)) {
        return Ok(Some(Admission::Busy));
    }
    if limits.requests_per_minute.is_some_and(|max| begun >= i64::from(max)) {
        return Ok(Some(Admission::TooFast { retry_at: number("oldest")? + MINUTE_MS }));
    }
    Ok(None)
}

const SPENT_BY_JOB: &str =
    "(SELECT CAST(COALESCE(SUM(charged), 0) AS BIGINT) FROM calls WHERE job_id = $2)";
const SPENT_ON_DAY: &str =
    "(SELECT CAST(COALESCE(SUM(charged), 0) AS BIGINT) FROM calls WHERE created_at >= $12)";
const SPENT_BY_KEY: &str = "(SELECT CAST(COALESCE(SUM(charged), 0) AS BIGINT) FROM calls WHERE key_id = $8 AND created_at >= $12)";
/// The SQL of the API key that is charged: the one that the call names, or the one that submitted the call's job.
const CALLER_ID: &str = "COALESCE(CAST($14 AS TEXT), (SELECT key_id FROM jobs WHERE jobs.id = $2))";
const SPENT_BY_CALLER: &str = "(SELECT CAST(COALESCE(SUM(charged), 0) AS BIGINT) FROM calls WHERE caller = api_keys.id AND created_at >= $12)";
/// The budget of a key without a limit, which is more than any account contains.
const UNBOUNDED: i64 = i64::MAX;

/// Returns the SQL that selects the API key that is charged, if the key has a daily budget.
fn caller() -> String {
    format!("FROM api_keys WHERE api_keys.id = {CALLER_ID} AND api_keys.budget_per_day IS NOT NULL")
}

/// Returns the SQL condition that a call stays within the daily budget of the submitter's API key. The budget is read
/// with every call, so that a change applies at once.
fn within_callers_budget(estimated: &str) -> String {
    format!(
        "NOT EXISTS (SELECT 1 {} AND {estimated} + {SPENT_BY_CALLER} > api_keys.budget_per_day)",
        caller()
    )
}

/// Returns the SQL expression that counts an engine's calls in progress.
fn running() -> String {
    let under_way = names([CallState::Intent, CallState::Submitted]);
    format!(
        "(SELECT COUNT(*) FROM calls WHERE engine = $4 AND lease_until > $10 \
           AND state IN ({under_way}))"
    )
}

const BEGUN: &str = "(SELECT COUNT(*) FROM calls WHERE engine = $4 AND created_at > $13)";

fn day_of(call: &NewCall) -> UnixMs {
    pytoon_vocabulary::start_of_day(call.at)
}

/// Returns the SQL condition that a request has already been purchased or rejected.
fn taken_condition(request: &str) -> String {
    format!(
        "EXISTS (SELECT 1 FROM calls WHERE request_hash = {request} \
           AND (clip_file IS NOT NULL OR state IN ({})))",
        names(CallState::ALL.into_iter().filter(|state| state.bars_buying()))
    )
}

/// Returns the names of states as an SQL list. The names are constants of the code, never a user's text.
fn names(states: impl IntoIterator<Item = CallState>) -> String {
    let quoted: Vec<String> =
        states.into_iter().map(|state| format!("'{}'", state.as_str())).collect();
    quoted.join(", ")
}

/// Reads from the ledger whether the scene has a call without a recorded response and which of the requests
/// are taken, and reads all circuit breakers.
pub(crate) async fn history(
    db: &Db,
    job_id: &JobId,
    scene_id: &SceneId,
    requests: &[String],
) -> Result<History, StoreError> {
    let failed = database("find earlier calls");
    let none = "'' AS engine, 0 AS failures, 0 AS open_until, '' AS reason, 0 AS opened, \
                0 AS probe_until, 0 AS off_at, '' AS off_by, '' AS off_reason";
    let mut sql = format!(
        "SELECT '' AS request, {none} FROM calls \
         WHERE job_id = $1 AND scene_id = $2 AND state = '{intent}' \
         UNION ALL SELECT '', engine, failures, open_until, reason, opened, probe_until, off_at, \
           off_by, off_reason \
         FROM breakers",
        intent = CallState::Intent
    );
    for number in 3..3 + requests.len() {
        let request = format!("${number}");
        sql.push_str(&format!(
            " UNION ALL SELECT {request}, {none} WHERE {}",
            taken_condition(&request)
        ));
    }
    let mut query = sqlx::query(AssertSqlSafe(sql)).bind(job_id.as_str()).bind(scene_id.as_str());
    for request in requests {
        query = query.bind(request);
    }
    let mut history = History::default();
    for row in query.fetch_all(&db.pool).await.map_err(&failed)? {
        let request: String = row.try_get("request").map_err(&failed)?;
        let engine: String = row.try_get("engine").map_err(&failed)?;
        if !request.is_empty() {
            history.taken.insert(request);
        } else if engine.is_empty() {
            history.has_intent = true;
        } else {
            history.breakers.insert(engine, breaker(&row)?);
        }
    }
    Ok(history)
}

/// Advances a call to its next state, and stores the purchased clip if there is one. This is one statement, so a row
/// is changed completely or not at all.
pub(crate) async fn advance(
    db: &Db,
    id: &CallId,
    event: CallEvent,
    change: &CallChange,
    clip: Option<&KeptClip>,
    at: UnixMs,
) -> Result<CallState, StoreError> {
    let (from, to) = CallState::step(event);
    let task = change.task.as_ref().map(ToString::to_string);
    // Only changed columns are named: the indexes of a column that is set, even to its old value, are written
    // again.
    let mut set = vec!["state = $1".to_owned(), "updated_at = $2".to_owned()];
    let mut name = |is_given: bool, column: &str| {
        if is_given {
            set.push(format!("{column} = ${}", set.len() + 2));
        }
    };
    name(task.is_some(), "task");
    name(change.reported.is_some(), "reported");
    name(change.charged.is_some(), "charged");
    name(change.error_kind.is_some(), "error_kind");
    name(change.error.is_some(), "error");
    for column in ["clip_file", "clip_sha256", "clip_duration_ms"] {
        name(clip.is_some(), column);
    }
    name(clip.is_some_and(|clip| clip.credit.is_some()), "clip_credit");
    // Power may fail after a kept clip: its row is then still that of a paid task, and the clip is fetched again.
    // Everything else is on disk before the next step.
    let durability = if clip.is_some() { Durability::Process } else { Durability::Power };
    let sql = format!(
        "{}UPDATE calls SET {} WHERE id = $3 AND state IN ({}) RETURNING id",
        db.durable(durability),
        set.join(", "),
        names(from)
    );
    let mut query = sqlx::query(AssertSqlSafe(sql)).bind(to.as_str()).bind(at).bind(id.as_str());
    if let Some(task) = task {
        query = query.bind(task);
    }
    for usd in [change.reported, change.charged].into_iter().flatten() {
        query = query.bind(usd.0);
    }
    for text in [&change.error_kind, &change.error].into_iter().flatten() {
        query = query.bind(text);
    }
    if let Some(clip) = clip {
        query = query.bind(&clip.file).bind(&clip.sha256).bind(clip.duration_ms);
        if let Some(credit) = &clip.credit {
            query = query.bind(credit);
        }
    }
    let changed = query.fetch_all(&db.pool).await.map_err(database("change a call"))?;
    if changed.len() == 1 { Ok(to) } else { Err(not_advanced(db, id, event).await?) }
}

/// Returns the error for an [`advance`] that changed nothing: the call does not exist, its state does not allow the
/// event, or another process changed it.
async fn not_advanced(db: &Db, id: &CallId, event: CallEvent) -> Result<StoreError, StoreError> {
    let row = sqlx::query("SELECT state FROM calls WHERE id = $1")
        .bind(id.as_str())
        .fetch_optional(&db.pool)
        .await
        .map_err(database("read a call"))?;
    let Some(row) = row else {
        return Ok(StoreError::Conflict(format!("there is no call `{id}`")));
    };
    let name: String = row.try_get("state").map_err(database("read a call"))?;
    let Some(from) = CallState::from_name(&name) else {
        return Ok(StoreError::Conflict(format!("call {id} has the unknown state `{name}`")));
    };
    Ok(from.apply(event).err().map_or_else(
        || {
            StoreError::Conflict(format!(
                "call {id} was changed by another process at the same time: try again"
            ))
        },
        StoreError::from,
    ))
}

pub(crate) async fn touch(db: &Db, id: &CallId, lease_until: UnixMs) -> Result<(), StoreError> {
    sqlx::query("UPDATE calls SET lease_until = $1 WHERE id = $2")
        .bind(lease_until)
        .bind(id.as_str())
        .execute(&db.pool)
        .await
        .map_err(database("renew the lease of a call"))?;
    Ok(())
}

pub(crate) async fn claim(
    db: &Db,
    id: &CallId,
    at: UnixMs,
    lease_until: UnixMs,
) -> Result<bool, StoreError> {
    let done = sqlx::query("UPDATE calls SET lease_until = $1 WHERE id = $2 AND lease_until <= $3")
        .bind(lease_until)
        .bind(id.as_str())
        .bind(at)
        .execute(&db.pool)
        .await
        .map_err(database("take over a call"))?;
    Ok(done.rows_affected() == 1)
}

pub(crate) async fn fetch(db: &Db, id: &CallId) -> Result<Option<CallRow>, StoreError> {
    let sql = format!("SELECT {CALL_COLUMNS} FROM calls WHERE id = $1");
    sqlx::query(AssertSqlSafe(sql))
        .bind(id.as_str())
        .fetch_optional(&db.pool)
        .await
        .map_err(database("read a call"))?
        .map(|row| call_row(&row))
        .transpose()
}

pub(crate) async fn list(db: &Db, filter: &CallFilter) -> Result<Vec<CallRow>, StoreError> {
    let mut conditions = vec!["1 = 1".to_owned()];
    let mut values: Vec<&str> = Vec::new();
    let fields = [
        ("job_id", filter.job_id.as_ref().map(JobId::as_str)),
        ("scene_id", filter.scene_id.as_ref().map(SceneId::as_str)),
        ("engine", filter.engine.as_deref()),
        ("request_hash", filter.request_hash.as_deref()),
    ];
    for (column, value) in fields {
        if let Some(value) = value {
            values.push(value);
            conditions.push(format!("{column} = ${}", values.len()));
        }
    }
    if !filter.states.is_empty() {
        conditions.push(format!("state IN ({})", names(filter.states.iter().copied())));
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
    query.fetch_all(&db.pool).await.map_err(database("list calls"))?.iter().map(call_row).collect()
}

pub(crate) async fn spend_since(
    db: &Db,
    since: UnixMs,
) -> Result<Vec<(String, MicroUsd)>, StoreError> {
    let rows = sqlx::query(
        "SELECT engine, CAST(COALESCE(SUM(charged), 0) AS BIGINT) AS spent FROM calls WHERE created_at >= $1 \
         GROUP BY engine ORDER BY engine",
    )
    .bind(since)
    .fetch_all(&db.pool)
    .await
    .map_err(database("sum the spend"))?;
    rows.iter()
        .map(|row| {
            let spent: i64 = row.try_get("spent").map_err(database("sum the spend"))?;
            Ok((row.try_get("engine").map_err(database("sum the spend"))?, MicroUsd(spent)))
        })
        .collect()
}

pub(crate) async fn spend_of_job(db: &Db, job_id: &JobId) -> Result<MicroUsd, StoreError> {
    let row = sqlx::query(
        "SELECT CAST(COALESCE(SUM(charged), 0) AS BIGINT) AS spent FROM calls WHERE job_id = $1",
    )
    .bind(job_id.as_str())
    .fetch_one(&db.pool)
    .await
    .map_err(database("sum the spend"))?;
    Ok(MicroUsd(row.try_get("spent").map_err(database("sum the spend"))?))
}
