//! The `pytoon` binary, which connects configuration, external programs and the terminal to the pipeline.
//!
//! Standard output contains the result and nothing else; progress and log lines go to standard error (or
//! `--log-dir`). A process of the service logs to standard output. Exit status: 0 done, 1 failed, 2 invalid
//! input, 3 the job is held, 130 cancelled.

mod cli;
mod commands;
mod context;
mod limits;
mod output;
mod progress;

use clap::Parser;
use pytoon_neural::budget::Budgeted;
use pytoon_pipeline::PipelineError;
#[cfg(not(feature = "jemalloc"))]
use std::alloc::System as Allocator;
use std::process::ExitCode;
#[cfg(feature = "jemalloc")]
use tikv_jemallocator::Jemalloc as Allocator;

/// The global allocator. It counts the memory of voice models against their budget. With the feature
/// `jemalloc`, the memory of large pictures, frames and stems, which are short-lived, returns to the system.
#[global_allocator]
static ALLOCATOR: Budgeted<Allocator> = Budgeted(Allocator);

fn main() -> ExitCode {
    let cli = cli::Cli::parse();
    limits::set(cli.command.role());
    let result = context::Context::start(&cli.global, cli.command.role())
        .and_then(|context| commands::run(&cli.command, &context));
    match result {
        Ok(code) => code,
        Err(error) => {
            match error.downcast_ref::<PipelineError>() {
                Some(cause) if cause.is_cancelled() => output::note("cancelled"),
                _ => output::error(&error),
            }
            exit_code(&error)
        }
    }
}

fn exit_code(error: &anyhow::Error) -> ExitCode {
    if error.downcast_ref::<pytoon_config::ConfigError>().is_some() {
        return ExitCode::from(2);
    }
    match error.downcast_ref::<PipelineError>() {
        Some(error) if error.is_cancelled() => ExitCode::from(130),
        Some(error) if error.is_input() => ExitCode::from(2),
        Some(error) if error.is_held() => ExitCode::from(3),
        _ => ExitCode::FAILURE,
    }
}
