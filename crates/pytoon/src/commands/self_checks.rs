//! Runs `pytoon doctor` and `pytoon drill` for the API, each in a process of its own.

use pytoon_api::SelfChecks;
use pytoon_process::{CommandLine, Programs, Runner};
use serde_json::Value;
use std::io::{BufRead, BufReader, Read};
use std::path::PathBuf;

/// The checks of this installation.
#[derive(Debug)]
pub(crate) struct OwnChecks {
    pub(crate) runner: Runner,
    /// The configuration folder of this process, if it was named.
    pub(crate) config: Option<PathBuf>,
}

impl OwnChecks {
    fn command(&self, purpose: &'static str) -> CommandLine {
        let command = CommandLine::new("pytoon", purpose);
        match &self.config {
            Some(folder) => command.arg("--config").arg(folder.clone()),
            None => command,
        }
    }
}

impl SelfChecks for OwnChecks {
    fn doctor(&self) -> Result<Value, String> {
        let command = self.command("check the installation").args(["--json", "doctor"]);
        let mut running = self.runner.start(&command).map_err(|error| error.to_string())?;
        drop(running.take_stdin());
        let mut text = String::new();
        let read = running.take_stdout().map(|mut stdout| stdout.read_to_string(&mut text));
        // A failed check is a result, not a failure of the program.
        let ended = running.wait();
        let parsed = read.is_some().then(|| serde_json::from_str(&text).ok()).flatten();
        parsed.ok_or_else(|| match ended {
            Err(error) => format!("failed to {error}"),
            Ok(()) => "`pytoon doctor` printed no checks".to_owned(),
        })
    }

    fn no_rehearsal(&self) -> Option<String> {
        let missing = ["pytoon-drills", "pytoon-sim"]
            .into_iter()
            .find(|program| Programs::beside_this_one().find(program).is_err())?;
        Some(format!(
            "`{missing}` is not installed beside pytoon: install the whole package, or run `make build-all`"
        ))
    }

    fn rehearse(&self, line: &mut dyn FnMut(String)) -> Result<bool, String> {
        let command = CommandLine::new("pytoon", "rehearse faults").args(["drill", "--quick"]);
        let mut running = self.runner.start(&command).map_err(|error| error.to_string())?;
        drop(running.take_stdin());
        let stdout = running.take_stdout();
        for text in stdout.into_iter().flat_map(|stdout| BufReader::new(stdout).lines()) {
            line(text.map_err(|error| format!("failed to read the report: {error}"))?);
        }
        Ok(running.wait().is_ok())
    }
}
