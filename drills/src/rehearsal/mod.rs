//! Drills of one fault each on a scratch instance. The shipped alert must fire, the runbook's commands must show the
//! fault, the runbook's fix must repair it, and every film must end as guaranteed.
//!
//! `pytoon drill NAME` runs this binary. The windows and waits of the alerts are thirty times shorter than in
//! production.

mod engines;
mod machines;
mod prometheus;
mod stage;
mod voices;

use crate::{note, result};
use anyhow::{bail, ensure};
use stage::{Report, Setup, Stage};
use std::time::Instant;

/// A drill of one fault: its alert, its runbook and its steps.
struct Rehearsal {
    name: &'static str,
    about: &'static str,
    /// The name of the alert that must fire.
    alert: &'static str,
    /// The runbook that an operator would open.
    page: &'static str,
    /// True if the drill is short enough to run with every change.
    quick: bool,
    /// The requirement of the drill: `root`, or empty for none.
    needs: &'static str,
    setup: fn() -> Setup,
    brief: fn(u64) -> serde_json::Value,
    play: fn(&mut Stage) -> anyhow::Result<()>,
}

fn all() -> Vec<Rehearsal> {
    let mut all = engines::all();
    all.extend(voices::all());
    all.extend(machines::all());
    all
}

const USAGE: &str =
    "usage: pytoon drill NAME… | --all | --quick | --list [--without-alerts] [--keep]";

/// Runs the named drills, or those that `--all` or `--quick` selects. With `--list`, only lists all drills.
pub(crate) fn run(args: &[String]) -> anyhow::Result<()> {
    let (flags, names): (Vec<&str>, Vec<&str>) =
        args.iter().map(String::as_str).partition(|arg| arg.starts_with('-'));
    let known = ["--all", "--quick", "--list", "--without-alerts", "--keep"];
    if let Some(flag) = flags.iter().find(|flag| !known.contains(flag)) {
        bail!("there is no option `{flag}`\n{USAGE}");
    }
    let has = |flag: &str| flags.contains(&flag);
    let all = all();
    if has("--list") {
        for one in &all {
            let quick = if one.quick { "quick" } else { "" };
            result(&format!("{:20} {:6} {:26} {}", one.name, quick, one.alert, one.about));
        }
        return Ok(());
    }
    if let Some(name) = names.iter().find(|name| all.iter().all(|one| one.name != **name)) {
        let names: Vec<&str> = all.iter().map(|one| one.name).collect();
        bail!("there is no drill `{name}`; the drills are {}", names.join(", "));
    }
    let wanted =
        |one: &&Rehearsal| names.contains(&one.name) || has("--all") || has("--quick") && one.quick;
    let wanted: Vec<&Rehearsal> = all.iter().filter(wanted).collect();
    ensure!(!wanted.is_empty(), USAGE);
    let with_alerts = !has("--without-alerts");
    if with_alerts {
        prometheus::program()?;
    }
    let begun = Instant::now();
    let (mut passed, mut skipped, mut lost) = (0, 0, 0);
    for one in &wanted {
        match one.rehearse(with_alerts, has("--keep")) {
            Outcome::Passed => passed += 1,
            Outcome::Skipped => skipped += 1,
            Outcome::Failed { lost: more } => lost += more,
        }
    }
    result(&format!(
        "drills total={} passed={passed} skipped={skipped} failed={} jobs_lost={lost} seconds={}",
        wanted.len(),
        wanted.len() - passed - skipped,
        begun.elapsed().as_secs()
    ));
    ensure!(passed + skipped == wanted.len(), "not every drill passed");
    Ok(())
}

enum Outcome {
    Passed,
    Skipped,
    Failed { lost: usize },
}

impl Rehearsal {
    fn rehearse(&self, with_alerts: bool, keep: bool) -> Outcome {
        note(&format!("{}: {} ({})", self.name, self.about, self.page));
        if self.needs == "root" && !crate::storage::is_root() {
            result(&format!("drill {} result=skipped needs=root", self.name));
            return Outcome::Skipped;
        }
        match self.run_once(with_alerts, keep) {
            Ok(Report { alert, alert_s, recovered_s, jobs, done }) => {
                let lost = jobs - done;
                let verdict = if lost == 0 { "passed" } else { "failed" };
                let alerts = if with_alerts {
                    format!("alert={alert} alert_s={alert_s:.0} recovered_s={recovered_s:.0}")
                } else {
                    "alert=left_out".to_owned()
                };
                result(&format!(
                    "drill {} {alerts} jobs={jobs} done={done} lost={lost} result={verdict}",
                    self.name
                ));
                if lost == 0 { Outcome::Passed } else { Outcome::Failed { lost } }
            }
            Err(error) => {
                note(&format!("  {error:#}"));
                result(&format!("drill {} result=failed", self.name));
                Outcome::Failed { lost: 0 }
            }
        }
    }

    fn run_once(&self, with_alerts: bool, keep: bool) -> anyhow::Result<Report> {
        let start = || Stage::new(&(self.setup)(), self.alert, with_alerts, self.brief);
        let mut stage = match start() {
            // Another program took a port between its choice and its use.
            Err(error) if error.to_string().contains("Address already in use") => start()?,
            started => started?,
        };
        if let Err(error) = (self.play)(&mut stage) {
            if keep {
                stage.keep();
            }
            return Err(error);
        }
        stage.conclude()
    }
}
