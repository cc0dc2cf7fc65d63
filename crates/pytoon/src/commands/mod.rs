//! One file a command.

mod doctor;
mod init;
mod listing;
mod plan;
mod render;

use crate::cli::{Cli, Command};
use crate::context::Context;
use clap::CommandFactory;
use std::process::ExitCode;

/// Runs a command.
pub(crate) fn run(command: &Command, context: &Context) -> anyhow::Result<ExitCode> {
    match command {
        Command::Render(args) => render::run(context, args).map(|()| ExitCode::SUCCESS),
        Command::Plan { brief } => plan::run(context, brief).map(|()| ExitCode::SUCCESS),
        Command::Init { path, force } => init::run(path, *force).map(|()| ExitCode::SUCCESS),
        Command::Presets => listing::presets(context).map(|()| ExitCode::SUCCESS),
        Command::Voices { say, voice, out } => {
            listing::voices(context, say.as_deref(), voice, out).map(|()| ExitCode::SUCCESS)
        }
        Command::Music { preview, seconds, seed, out } => {
            listing::music(context, preview.as_deref(), *seconds, *seed, out)
                .map(|()| ExitCode::SUCCESS)
        }
        Command::Doctor => doctor::run(context),
        Command::Completions { shell } => {
            clap_complete::generate(*shell, &mut Cli::command(), "pytoon", &mut std::io::stdout());
            Ok(ExitCode::SUCCESS)
        }
    }
}
