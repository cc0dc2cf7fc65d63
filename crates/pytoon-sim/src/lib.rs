//! Simulates the paid services that pytoon uses, each in its own protocol.
//!
//! It is for tests, drills, demonstrations and free rehearsals. One program serves all vendors on one port: as
//! strict about requests as they are, with real films, with the faults of a scenario, and with a ledger of
//! acceptances and charges.
//!
//! Guarantees: written from the vendors' published contracts alone, it shares no code with the adapters, so it
//! cannot share their mistakes; the same seed and the same order of requests give the same outcomes; keys are never
//! stored.
//!
//! It omits endpoints that cost nothing and that no adapter needs. Start with [`start`], then `serve`.

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

/// Prints a message for the operator that no vendor would send.
#[expect(clippy::print_stderr, reason = "the simulator has no log of its own")]
fn complain(what: &str) {
    eprintln!("pytoon-sim: {what}");
}
