//! The project's own tools, run as `cargo xtask NAME`:
//!
//! - `tidy` fails on a dependency between crates that points the wrong way, on circular imports between files, on
//!   code in a file that must not contain it, such as a clock in a pure crate, on files that are too long or have
//!   no module comment, on comments whose first line has no subject, and on malformed changelog fragments;
//! - `changelog VERSION` moves the fragments of `changelog.d` into `CHANGELOG.md`;
//! - `messages` writes `docs/specs/messages.txt` (`messages --check` fails if it is out of date);
//! - `schema` and `states` write files that are derived from the product's types; they run `pytoon-generate`, which
//!   takes longer to build.

mod changelog;
mod circles;
mod messages;
mod tidy;

use anyhow::{Context, bail};
use std::process::Command;

fn main() -> anyhow::Result<()> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = args.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["tidy"] => tidy::run(),
        ["changelog", version] => changelog::release(version),
        ["messages"] => messages::run(false),
        ["messages", "--check"] => messages::run(true),
        ["schema"] | ["schema", "--check"] | ["states"] | ["states", "--check"] => generate(&words),
        _ => bail!(
            "usage: cargo xtask tidy | changelog VERSION | messages [--check] | schema [--check] | states [--check]"
        ),
    }
}

fn generate(args: &[&str]) -> anyhow::Result<()> {
    #[expect(clippy::disallowed_methods, reason = "a tool of the project, not part of the product")]
    let status = Command::new("cargo")
        .args(["run", "--quiet", "--package", "pytoon-generate", "--"])
        .args(args)
        .status()
        .context("failed to start cargo")?;
    if !status.success() {
        bail!("pytoon-generate failed");
    }
    Ok(())
}

/// Returns the path of the repository's root.
fn root() -> std::path::PathBuf {
    let here = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here).to_owned()
}
