//! Writes files that are derived from the product's types, run as `cargo xtask NAME`:
//!
//! - `schema` writes the JSON Schemas of brief, scene graph, timeline and configuration, and the OpenAPI
//!   document (`schema --check` fails if the checked-in ones are out of date);
//! - `states` writes `docs/specs/job-states.md` (`states --check` likewise).
//!
//! It is a separate binary because it links most of the product, without which `cargo xtask tidy` can be built.

mod schema;
mod states;

use anyhow::bail;

fn main() -> anyhow::Result<()> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = args.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["schema"] => schema::run(false),
        ["schema", "--check"] => schema::run(true),
        ["states"] => states::run(false),
        ["states", "--check"] => states::run(true),
        _ => bail!("usage: pytoon-generate schema [--check] | states [--check]"),
    }
}

/// Returns the path of the repository's root.
fn root() -> std::path::PathBuf {
    let here = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here).to_owned()
}
