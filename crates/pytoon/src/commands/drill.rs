//! `pytoon drill`: runs `pytoon-drills`, which injects the faults. It is a separate binary, so that simulated vendors
//! and injected faults are not part of the service's binary.

use crate::cli::DrillArgs;
use anyhow::{Context as _, ensure};
use std::process::{Command, ExitCode};

pub(crate) fn run(args: &DrillArgs) -> anyhow::Result<ExitCode> {
    let own =
        std::env::current_exe().context("failed to find the path of the running pytoon program")?;
    for program in ["pytoon-drills", "pytoon-sim"] {
        let beside = own.with_file_name(program);
        ensure!(
            beside.is_file(),
            "`{program}` is not beside pytoon ({}): reinstall the package, or run `make build-all`",
            own.display()
        );
    }
    #[expect(
        clippy::disallowed_methods,
        reason = "it is part of this command, as a separate program"
    )]
    let mut command = Command::new(own.with_file_name("pytoon-drills"));
    command.arg("rehearse").args(&args.names);
    for (is_set, flag) in [
        (args.all, "--all"),
        (args.quick, "--quick"),
        (args.list, "--list"),
        (args.without_alerts, "--without-alerts"),
        (args.keep, "--keep"),
    ] {
        if is_set {
            command.arg(flag);
        }
    }
    let status = command.status().context("failed to start pytoon-drills")?;
    Ok(if status.success() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
