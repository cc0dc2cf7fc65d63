//! Builds SQL conditions from state machines. Every name comes from its enum, and every condition from its transition
//! function.

use pytoon_records::ledger::StoreError;
use pytoon_records::state::State;
use sqlx::Row;
use sqlx::any::AnyRow;

/// An event as fragments of an SQL statement: `SET state = {to} … WHERE state {from}`.
pub(crate) struct Step {
    /// The state to which the event leads, as a quoted SQL string.
    pub(crate) to: String,
    /// A condition on the states that allow the event, such as `IN ('ready', 'blocked')`.
    pub(crate) from: String,
}

/// Returns the SQL fragments of an event.
pub(crate) fn step<S: State>(event: S::Event) -> Step {
    let to = S::to_state(event).map(quote).unwrap_or_default();
    Step { to, from: one_of(&S::from_states(event)) }
}

/// Returns a state in quotes. The names of states are constants of the code, never a user's text. They are written
/// into the statement so that the database can use partial indexes.
pub(crate) fn quote<S: State>(state: S) -> String {
    format!("'{state}'")
}

/// Returns the SQL condition that a column contains one of several states.
pub(crate) fn one_of<S: State>(states: &[S]) -> String {
    let names: Vec<String> = states.iter().copied().map(quote).collect();
    match names.as_slice() {
        [one] => format!("= {one}"),
        names => format!("IN ({})", names.join(", ")),
    }
}

/// Returns the state to which an event leads; a conflict if the state does not allow it. The caller must have locked
/// the row.
pub(crate) fn apply_event<S: State>(state: S, event: S::Event) -> Result<S, StoreError> {
    state.apply(event).map_err(|invalid| StoreError::Conflict(invalid.to_string()))
}

/// Reads a column that contains an id.
pub(crate) fn id<T: From<String>>(row: &AnyRow, column: &str) -> Result<T, sqlx::Error> {
    row.try_get::<String, _>(column).map(T::from)
}

/// Reads a column that contains the name of an enum's value. An unknown name is an error.
pub(crate) fn read_name<T>(
    row: &AnyRow,
    column: &str,
    read: fn(&str) -> Option<T>,
) -> Result<T, sqlx::Error> {
    let name: String = row.try_get(column)?;
    let unknown = || {
        sqlx::Error::Decode(
            format!("the database contains `{name}`, which is not a valid {column}").into(),
        )
    };
    read(&name).ok_or_else(unknown)
}
