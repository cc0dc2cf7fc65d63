//! The routes that check the installation: the verdicts of `pytoon doctor`, and rehearsals of faults.
//!
//! Guarantees: one rehearsal at a time in a process; a rehearsal runs in a program and a scratch folder of its own and
//! never uses the database of this service.

use crate::Api;
use crate::auth::{Caller, Scope};
use crate::inspection::run_blocking;
use crate::problem::Problem;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Serialize;
use serde_json::Value;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::Semaphore;

/// Maximum number of kept lines of a rehearsal.
const MAX_LINES: usize = 200;
/// Doctors that run at the same time. Each asks all vendors.
static DOCTORS: Semaphore = Semaphore::const_new(1);

/// The checks of an installation, which the `pytoon` binary implements. All functions block the thread.
pub trait SelfChecks: fmt::Debug + Send + Sync {
    /// Returns the checks of `pytoon doctor --json`.
    fn doctor(&self) -> Result<Value, String>;
    /// Returns the reason why no rehearsal can be started here; `None` if one can.
    fn no_rehearsal(&self) -> Option<String>;
    /// Runs the short rehearsals to their end and passes on each line of their report. Returns true if all of them
    /// passed.
    fn rehearse(&self, line: &mut dyn FnMut(String)) -> Result<bool, String>;
}

/// The state of the rehearsals of this process.
#[derive(Debug, Clone, Default, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Rehearsal {
    /// True if rehearsals can be started from here.
    is_available: bool,
    /// The reason why none can be started; null if one can.
    reason: Option<String>,
    /// True while one runs.
    is_running: bool,
    /// The result of the last one: true if every drill passed; null before the first has ended.
    passed: Option<bool>,
    /// The report of the running or last one, line by line; of a long report the last 200 lines.
    lines: Vec<String>,
}

/// The rehearsals of this process.
#[derive(Debug, Default)]
pub struct Rehearsals(Mutex<Rehearsal>);

impl Rehearsals {
    fn change<T>(&self, change: impl FnOnce(&mut Rehearsal) -> T) -> T {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn state(&self, reason: Option<String>) -> Rehearsal {
        let state = self.change(|state| state.clone());
        Rehearsal { is_available: reason.is_none(), reason, ..state }
    }
}

/// Run the checks of `pytoon doctor`
///
/// The checks of this machine, the database, storage, voices and engines, each with its verdict, its evidence and, if
/// something is wrong, its fix and its runbook. The checks are free.
#[cfg_attr(feature = "openapi", utoipa::path(
    get,
    path = "/api/v2/doctor",
    tag = "service",
    responses(
        (status = 200, description = "The checks", body = [Object], content_type = "application/json"),
        (status = 401, description = "The API key is missing or unknown", body = Problem),
        (status = 403, description = "The key lacks the `admin` scope", body = Problem),
        (status = 500, description = "The checks could not be run", body = Problem),
        (status = 503, description = "The database does not respond", body = Problem),
    )
))]
pub(crate) async fn doctor(State(api): State<Api>, caller: Caller) -> Result<Json<Value>, Problem> {
    caller.may(Scope::Admin)?;
    let failed =
        |reason: String| Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "doctor_failed", reason);
    let permit = DOCTORS.acquire().await.map_err(|error| failed(error.to_string()))?;
    let checks = api.self_checks.clone();
    let checked = run_blocking(move || {
        let checked = checks.doctor();
        drop(permit);
        checked.map_err(failed)
    });
    Ok(Json(checked.await?))
}

/// Show the rehearsal
#[cfg_attr(feature = "openapi", utoipa::path(
    get,
    path = "/api/v2/drills",
    tag = "service",
    responses(
        (status = 200, description = "The running or last rehearsal", body = Rehearsal),
        (status = 401, description = "The API key is missing or unknown", body = Problem),
        (status = 403, description = "The key lacks the `admin` scope", body = Problem),
        (status = 503, description = "The database does not respond", body = Problem),
    )
))]
pub(crate) async fn show_rehearsal(
    State(api): State<Api>,
    caller: Caller,
) -> Result<Json<Rehearsal>, Problem> {
    caller.may(Scope::Admin)?;
    Ok(Json(api.rehearsals.state(api.self_checks.no_rehearsal())))
}

/// Start a rehearsal
///
/// Runs the short drills, as `pytoon drill --quick` does: each injects a fault into a scratch instance with simulated
/// vendors, and checks the alert and the runbook. The database and the films of this service are not touched.
#[cfg_attr(feature = "openapi", utoipa::path(
    post,
    path = "/api/v2/drills",
    tag = "service",
    responses(
        (status = 202, description = "Started", body = Rehearsal),
        (status = 401, description = "The API key is missing or unknown", body = Problem),
        (status = 403, description = "The key lacks the `admin` scope", body = Problem),
        (status = 409, description = "One is running, or its programs are not installed", body = Problem),
        (status = 503, description = "The database does not respond", body = Problem),
    )
))]
pub(crate) async fn start_rehearsal(
    State(api): State<Api>,
    caller: Caller,
) -> Result<(StatusCode, Json<Rehearsal>), Problem> {
    caller.may(Scope::Admin)?;
    if let Some(reason) = api.self_checks.no_rehearsal() {
        return Err(Problem::new(StatusCode::CONFLICT, "no_drills", reason));
    }
    let is_first = api.rehearsals.change(|state| {
        let is_first = !state.is_running;
        if is_first {
            *state = Rehearsal { is_running: true, ..Rehearsal::default() };
        }
        is_first
    });
    if !is_first {
        let detail = "a rehearsal is running: wait until it ends";
        return Err(Problem::new(StatusCode::CONFLICT, "drill_runs", detail));
    }
    let (checks, rehearsals) = (api.self_checks.clone(), api.rehearsals.clone());
    tokio::task::spawn_blocking(move || rehearse(checks.as_ref(), &rehearsals));
    Ok((StatusCode::ACCEPTED, Json(api.rehearsals.state(None))))
}

fn rehearse(checks: &dyn SelfChecks, rehearsals: &Arc<Rehearsals>) {
    let mut add = |line: String| {
        rehearsals.change(|state| {
            state.lines.push(line);
            let extra = state.lines.len().saturating_sub(MAX_LINES);
            state.lines.drain(..extra);
        });
    };
    let ended = checks.rehearse(&mut add);
    if let Err(reason) = &ended {
        add(reason.clone());
    }
    rehearsals.change(|state| {
        state.is_running = false;
        state.passed = Some(ended == Ok(true));
    });
}
