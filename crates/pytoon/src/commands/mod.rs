//! One file a command.

mod align;
mod doctor;
mod engines;
mod init;
mod inspect;
mod ledger;
mod listing;
mod plan;
mod render;
mod resume;

use crate::cli::{Cli, Command, EnginesAction, LedgerAction};
use crate::context::Context;
use clap::CommandFactory;
use std::process::ExitCode;

/// Runs a command.
pub(crate) fn run(command: &Command, context: &Context) -> anyhow::Result<ExitCode> {
    match command {
        Command::Render(args) => {
            let done = render::run(context, args);
            render::write_metrics(context, args.metrics_out.as_deref())?;
            done.map(|()| ExitCode::SUCCESS)
        }
        Command::Align(args) => align::run(context, args).map(|()| ExitCode::SUCCESS),
        Command::Inspect(args) => inspect::run(context, args).map(|()| ExitCode::SUCCESS),
        Command::Resume { job, metrics_out } => {
            let done = resume::run(context, job);
            render::write_metrics(context, metrics_out.as_deref())?;
            done.map(|()| ExitCode::SUCCESS)
        }
        Command::Engines { action: None, offline } => engines::show(context, *offline),
        Command::Engines { action: Some(EnginesAction::Check { name, buy }), .. } => {
            engines::check(context, name, *buy)
        }
        Command::Ledger { action: LedgerAction::List { unknown, job, limit } } => {
            ledger::list(context, *unknown, job.as_deref(), *limit).map(|()| ExitCode::SUCCESS)
        }
        Command::Ledger { action: LedgerAction::Resolve { id, arrived, .. } } => {
            ledger::resolve(context, id, arrived.as_deref()).map(|()| ExitCode::SUCCESS)
        }
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
