//! The commands, one file per command.

#[cfg(feature = "service")]
mod admin;
mod align;
mod doctor;
mod drill;
mod engines;
#[cfg(feature = "service")]
mod film_inspector;
mod init;
mod inspect;
mod inspect_page;
mod ledger;
mod listing;
mod plan;
#[cfg(feature = "service")]
mod planner;
#[cfg(feature = "service")]
mod previewer;
mod redo;
mod render;
mod resume;
mod review;
#[cfg(feature = "service")]
mod self_checks;
#[cfg(feature = "service")]
mod service;
#[cfg(feature = "service")]
mod voice_list;
mod voices;

use crate::cli::{Cli, Command, EnginesAction, LedgerAction, ServiceCommand};
use crate::context::Context;
use clap::CommandFactory;
use std::process::ExitCode;

/// Runs a command.
pub(crate) fn run(command: &Command, context: &Context) -> anyhow::Result<ExitCode> {
    match command {
        Command::Render(args) => render::with_metrics(context, args.metrics_out.as_deref(), || {
            render::run(context, args)
        }),
        Command::Align(args) => align::run(context, args).map(|()| ExitCode::SUCCESS),
        Command::Inspect(args) => inspect::run(context, args).map(|()| ExitCode::SUCCESS),
        Command::Review(args) => review::run(context, args),
        Command::Resume { job, metrics_out } => {
            render::with_metrics(context, metrics_out.as_deref(), || resume::run(context, job))
        }
        Command::Redo(args) => {
            render::with_metrics(context, args.metrics_out.as_deref(), || redo::run(context, args))
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
        Command::Presets { sheet: None } => listing::presets(context).map(|()| ExitCode::SUCCESS),
        Command::Presets { sheet: Some(path) } => {
            listing::preset_sheet(context, path).map(|()| ExitCode::SUCCESS)
        }
        Command::Voices(args) => voices::voices(context, args).map(|()| ExitCode::SUCCESS),
        Command::Music { preview, seconds, seed, out } => {
            listing::music(context, preview.as_deref(), *seconds, *seed, out)
                .map(|()| ExitCode::SUCCESS)
        }
        Command::Service(command) => run_service(command, context),
        Command::Doctor { job: None } => doctor::run(context),
        Command::Doctor { job: Some(job) } => doctor::of_job(context, job),
        Command::Drill(args) => drill::run(args),
        Command::Completions { shell } => {
            clap_complete::generate(*shell, &mut Cli::command(), "pytoon", &mut std::io::stdout());
            Ok(ExitCode::SUCCESS)
        }
    }
}

#[cfg(feature = "service")]
fn run_service(command: &ServiceCommand, context: &Context) -> anyhow::Result<ExitCode> {
    use service::Role;
    match command {
        ServiceCommand::Serve(args) => service::run(context, Role::Serve, args),
        ServiceCommand::Api(args) => service::run(context, Role::Api, args),
        ServiceCommand::Worker => {
            service::run(context, Role::Worker, &crate::cli::ServeArgs::default())
        }
        ServiceCommand::Migrate => service::migrate(context),
        ServiceCommand::Jobs { action } => admin::jobs(context, action),
        ServiceCommand::Tasks { action } => admin::tasks(context, action),
        ServiceCommand::Webhooks { action } => admin::webhooks(context, action),
        ServiceCommand::Keys { action } => admin::keys(context, action),
        ServiceCommand::Artifacts { action } => admin::artifacts(context, action),
    }
}

#[cfg(not(feature = "service"))]
fn run_service(_: &ServiceCommand, _: &Context) -> anyhow::Result<ExitCode> {
    anyhow::bail!(
        "this build of pytoon has no service (feature `service`): run `make build`, then use \
         ./target/release/pytoon"
    )
}
