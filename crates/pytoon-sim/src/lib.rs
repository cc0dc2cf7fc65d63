//! Simulates the services pytoon pays for, each in its own protocol.
//!
//! It is for tests, drills, demonstrations and people who rehearse without paying. One program
//! answers under one port: strict about requests as the vendors are, with real films, with faults
//! that a scenario asks for, and with a ledger of what was accepted and charged.
//!
//! Guarantees: written from the vendors' published contracts alone, it shares no code with the
//! adapters, so it cannot agree with their mistakes; the same seed and the same order of requests
//! give the same outcomes; keys are never stored.
//!
//! It leaves out what costs nothing and no adapter needs. Start with [`start`], then `serve`.

mod admin;
mod call;
mod clips;
mod clock;
mod contract;
mod documented;
mod files;
mod job;
mod ledger;
mod prices;
mod problem;
mod receive;
mod refusal;
mod reply;
mod scenario;
mod seed;
mod serve;
mod server;
mod sim;
mod socket;
mod speech;
mod strict;
mod uploads;
mod vendors;

pub use contract::sources;
pub use scenario::{
    Defaults, FalDuration, Fault, Keys, Rule, Scenario, ScenarioError, Step, VENDORS,
};
pub use server::{Options, Running, StartError, start};
pub use vendors::config;

/// Tells whoever started this of something that no vendor would say.
#[expect(clippy::print_stderr, reason = "the simulator has no log of its own")]
fn complain(what: &str) {
    eprintln!("pytoon-sim: {what}");
}
