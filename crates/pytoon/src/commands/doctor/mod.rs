//! `pytoon doctor`: checks a machine and a service, or diagnoses one job, and reports each finding with its evidence,
//! its fix and its runbook.
//!
//! Nothing is purchased, and no job is changed; an older database is migrated. For API keys, it reports only whether
//! they are present and accepted.

mod host;
mod job;
mod service;
mod voices;

pub(crate) use job::run as of_job;

use crate::context::Context;
use crate::output;
use pytoon_pipeline::PipelineError;
use serde::Serialize;
use std::process::ExitCode;

/// The verdict of a check, from best to worst.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
enum Verdict {
    /// There is no problem.
    Ok,
    /// A person should look at the finding; films can still be rendered.
    Warning,
    /// A film or a part of the system has failed.
    Failed,
}

/// A check with its verdict.
#[derive(Debug, Serialize)]
struct Check {
    name: String,
    verdict: Verdict,
    evidence: String,
    fix: Option<String>,
    /// The path of the page with more information, such as `docs/runbooks/tts.md`.
    runbook: Option<String>,
}

impl Check {
    fn good(name: impl Into<String>, evidence: impl Into<String>) -> Self {
        let (name, evidence) = (name.into(), evidence.into());
        Self { name, verdict: Verdict::Ok, evidence, fix: None, runbook: None }
    }

    fn bad(
        verdict: Verdict,
        name: impl Into<String>,
        evidence: impl Into<String>,
        fix: impl Into<String>,
    ) -> Self {
        Self { verdict, fix: Some(fix.into()), ..Self::good(name, evidence) }
    }

    fn warning(
        name: impl Into<String>,
        evidence: impl Into<String>,
        fix: impl Into<String>,
    ) -> Self {
        Self::bad(Verdict::Warning, name, evidence, fix)
    }

    fn failed(
        name: impl Into<String>,
        evidence: impl Into<String>,
        fix: impl Into<String>,
    ) -> Self {
        Self::bad(Verdict::Failed, name, evidence, fix)
    }

    /// Adds a reference to the runbook with this name.
    fn see(mut self, page: &str) -> Self {
        self.runbook = Some(format!("docs/runbooks/{page}.md"));
        self
    }
}

/// Runs every check of the machine and the service, and prints the results. The exit code reports a failure
/// if a check failed.
pub(crate) fn run(context: &Context) -> anyhow::Result<ExitCode> {
    let mut checks = host::checks(context);
    match context.session() {
        Ok(session) => {
            checks.extend(voices::checks(context, session.clone())?);
            checks.extend(service::engines(&session));
        }
        // Without the ledger nothing is bought; the reason why it cannot be opened is also reported below.
        Err(error) => {
            let fix = match error.downcast_ref() {
                Some(PipelineError::Ledger(_)) => {
                    "correct DATABASE_URL, start the database, or restore it from a backup"
                }
                _ => "correct the setting that the error names",
            };
            checks.push(Check::failed("ledger", error.to_string(), fix).see("database"));
        }
    }
    checks.extend(voices::aligners(context));
    checks.extend(service::checks(context)?);
    show(context, &checks)
}

fn show(context: &Context, checks: &[Check]) -> anyhow::Result<ExitCode> {
    if context.global.json {
        output::json(&checks)?;
    } else {
        for check in checks {
            let sign = match check.verdict {
                Verdict::Ok => "ok     ",
                Verdict::Warning => "warning",
                Verdict::Failed => "FAILED ",
            };
            output::line(format!("{sign}  {:<28} {}", check.name, check.evidence));
            if let Some(fix) = &check.fix {
                output::line(format!("         fix: {fix}"));
            }
            if let Some(page) = check.runbook.as_ref().filter(|_| check.verdict != Verdict::Ok) {
                output::line(format!("         see: {page}"));
            }
        }
    }
    let worst = checks.iter().map(|check| check.verdict).max().unwrap_or(Verdict::Ok);
    Ok(if worst == Verdict::Failed { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}
