//! The project's own tools, run as `cargo xtask NAME`:
//!
//! - `tidy` fails on an arrow between crates that points the wrong way, on impure code in the
//!   pure crates, on files that import each other in a circle, and on files that have grown too large
//!   to be one thing;
//! - `schema` writes the JSON Schemas of brief, scene graph, timeline and configuration, and the
//!   OpenAPI document
//!   (`schema --check` fails when the checked-in ones are out of date);
//! - `states` writes `docs/specs/job-states.md` (`states --check` likewise);
//! - `messages` writes `docs/specs/messages.txt` (`messages --check` likewise).

mod circles;
mod documents;
mod messages;
mod schema;
mod states;
mod tidy;

use anyhow::bail;

fn main() -> anyhow::Result<()> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = args.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["tidy"] => tidy::run(),
        ["schema"] => schema::run(false),
        ["schema", "--check"] => schema::run(true),
        ["states"] => states::run(false),
        ["states", "--check"] => states::run(true),
        ["messages"] => messages::run(false),
        ["messages", "--check"] => messages::run(true),
        _ => bail!(
            "usage: cargo xtask tidy | schema [--check] | states [--check] | messages [--check]"
        ),
    }
}

/// Returns the repository's root.
fn root() -> std::path::PathBuf {
    let here = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here).to_owned()
}
