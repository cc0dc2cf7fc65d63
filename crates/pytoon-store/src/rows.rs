//! Converts database rows to values.

use pytoon_records::ledger::{CallRow, CallState, StoreError};
use pytoon_vocabulary::MicroUsd;
use sqlx::Row;
use sqlx::any::AnyRow;

/// The error codes of a full disk: SQLite's `SQLITE_FULL` and PostgreSQL's `disk_full`.
const FULL: [&str; 2] = ["13", "53100"];

/// Returns a function that converts a database error to a [`StoreError`] with the name of the operation.
pub(crate) fn database(operation: &'static str) -> impl Fn(sqlx::Error) -> StoreError {
    move |error| {
        if let Some(full) = error.as_database_error()
            && full.code().is_some_and(|code| FULL.contains(&code.as_ref()))
        {
            return StoreError::Full { operation, reason: full.to_string() };
        }
        let reason = match error {
            sqlx::Error::PoolTimedOut => {
                "no connection became free in time: check that the database is running and \
                 reachable"
                    .into()
            }
            error => error.to_string(),
        };
        StoreError::Database { operation, reason }
    }
}

/// The columns that [`call_row`] reads, in order.
pub(crate) const CALL_COLUMNS: &str = "id, job_id, scene_id, engine, request_hash, prompt, state, \
     task, pinned, key_id, estimated, reported, charged, error_kind, error, created_at, \
     updated_at, lease_until";

pub(crate) fn call_row(row: &AnyRow) -> Result<CallRow, StoreError> {
    read_call(row).map_err(database("read a call"))
}

fn read_call(row: &AnyRow) -> Result<CallRow, sqlx::Error> {
    let state: String = row.try_get("state")?;
    let json = |text: String| {
        serde_json::from_str(&text).map_err(|error| sqlx::Error::Decode(error.into()))
    };
    Ok(CallRow {
        id: row.try_get::<String, _>("id")?.into(),
        job_id: row.try_get::<String, _>("job_id")?.into(),
        scene_id: row.try_get::<String, _>("scene_id")?.into(),
        engine: row.try_get("engine")?,
        request_hash: row.try_get("request_hash")?,
        prompt: row.try_get("prompt")?,
        state: CallState::from_name(&state).ok_or_else(|| {
            sqlx::Error::Decode(
                format!("the database contains `{state}`, which is not the state of a call").into(),
            )
        })?,
        task: row.try_get::<Option<String>, _>("task")?.map(json).transpose()?,
        pinned: json(row.try_get("pinned")?)?,
        key_id: row.try_get("key_id")?,
        estimated: MicroUsd(row.try_get("estimated")?),
        reported: row.try_get::<Option<i64>, _>("reported")?.map(MicroUsd),
        charged: MicroUsd(row.try_get("charged")?),
        error_kind: row.try_get("error_kind")?,
        error: row.try_get("error")?,
        created_at: row.try_get("created_at")?,
        updated_at: row.try_get("updated_at")?,
        lease_until: row.try_get("lease_until")?,
    })
}

pub(crate) fn json_of(text: Option<String>) -> Result<Option<serde_json::Value>, sqlx::Error> {
    text.map(|text| serde_json::from_str(&text))
        .transpose()
        .map_err(|error| sqlx::Error::Decode(error.into()))
}
