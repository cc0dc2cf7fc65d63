//! Long-running drills with the simulator, from an operator's point of view.
//!
//! - `engines` kills rendering processes a thousand times at random moments, finishes each job afterwards, and
//!   compares the ledger with the simulator's own.
//! - `budget` runs ten thousand jobs without pictures in two processes with restarts, and checks that no job exceeds
//!   its budget of one dollar.
//! - `service` and `service-sqlite` run the service while its processes are killed continually, the database restarts
//!   and the disk fills up, and compare the vendors' ledger with the product's.
//! - `netns` simulates two machines with network namespaces and cuts the connection between them.
//! - `soak` renders hundreds of films in one service and checks its memory and files at the end.
//! - `attack` and `attack-sqlite` run honest jobs while an attacker with an API key attacks in every way at once.
//! - `rehearse` injects one fault at a time, as operators would experience it; `pytoon drill` runs it.
//!
//! Each drill ends with one line of `key=value` pairs, and fails if a guarantee was broken. `KILLS`, `JOBS` and
//! `SEED` in the environment set the amounts and the seed.

mod accounting;
mod attack;
mod budget;
mod client;
mod dice;
mod engines;
mod fleet;
mod netns;
mod proc;
mod rehearsal;
mod service;
mod simulator;
mod soak;
mod storage;

use anyhow::bail;
use std::process::ExitCode;

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    match drill(&args) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            note(&format!("error: {error:#}"));
            ExitCode::FAILURE
        }
    }
}

fn drill(args: &[String]) -> anyhow::Result<()> {
    match args.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["engines"] => engines::run(),
        ["budget"] => budget::run(),
        ["budget-worker", ..] => budget::worker(&args[1..]),
        ["service"] => service::run(service::Kind::Postgres),
        ["service-sqlite"] => service::run(service::Kind::Sqlite),
        ["netns"] => netns::run(),
        ["soak"] => soak::run(),
        ["attack"] => attack::run(true),
        ["attack-sqlite"] => attack::run(false),
        ["attack-load", ..] => attack::load(&args[1..]),
        ["rehearse", ..] => rehearsal::run(&args[1..]),
        _ => bail!(
            "usage: pytoon-drills engines | budget | service | service-sqlite | netns | soak | attack | attack-sqlite | rehearse NAME…"
        ),
    }
}

/// Returns a number from an environment variable, or `default` if the variable is not set.
fn number(name: &str, default: u64) -> anyhow::Result<u64> {
    match std::env::var(name) {
        Ok(text) => text.parse().map_err(|_| anyhow::anyhow!("{name}={text} is no whole number")),
        Err(_) => Ok(default),
    }
}

/// Prints the result line to standard output; all other output goes to standard error.
#[expect(clippy::print_stdout, reason = "a drill's last line is its result")]
fn result(line: &str) {
    println!("{line}");
}

#[expect(clippy::print_stderr, reason = "a drill tells how far it is")]
fn note(line: &str) {
    eprintln!("{line}");
}
