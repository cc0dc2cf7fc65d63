//! Simulates the external services that Pytoon uses, each with its own protocol.
//!
//! The simulator is for tests, drills, demonstrations and free rehearsals. One process serves all vendors on
//! one port. It rejects invalid requests, and it provides real clips, the faults of a scenario, and a ledger
//! of acceptances and charges.
//!
//! Guarantees: the simulator is written from the vendors' published contracts and shares no code with the
//! adapters, so that it does not inherit their mistakes; the same seed and the same order of requests draw
//! the same faults; the API keys of requests are stored only as fingerprints.
//!
//! Endpoints that cost nothing and that no adapter needs are omitted. Start with [`start`], then `serve`.

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

/// Prints a message for the operator, which is not part of any vendor's response.
#[expect(clippy::print_stderr, reason = "the simulator has no log of its own")]
fn complain(what: &str) {
    eprintln!("pytoon-sim: {what}");
}
