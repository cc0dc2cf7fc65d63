//! Rules of the house that no linter knows.

use anyhow::bail;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Crates by level. A crate may depend on lower levels only.
const LEVELS: &[(&str, u8)] = &[
    ("pytoon-core", 0),
    ("pytoon-config", 1),
    ("pytoon-telemetry", 1),
    ("pytoon-align", 1),
    ("pytoon-normalize", 1),
    ("pytoon-audio", 1),
    ("pytoon-english", 1),
    ("pytoon-graphics", 1),
    ("pytoon-neural", 1),
    ("pytoon-compositor", 2),
    ("pytoon-vendor", 2),
    ("pytoon-media", 3),
    ("pytoon-storage", 3),
    ("pytoon-store", 3),
    ("pytoon-engines", 4),
    ("pytoon-voice", 4),
    ("pytoon-pipeline", 5),
    ("pytoon-api", 6),
    ("pytoon-worker", 6),
    ("pytoon", 7),
    // Programs of their own: nothing depends on them.
    ("pytoon-espeak", 8),
    ("pytoon-sim", 8),
    ("pytoon-testkit", 8),
    ("xtask", 9),
    ("tests", 9),
    ("pytoon-bench", 9),
    ("pytoon-drills", 9),
];

/// Companions that share no code with the rest, not even for tests.
const ALONE: &[&str] = &["pytoon-espeak", "pytoon-sim"];

/// Crates without files, processes, environment, network and clocks.
const PURE: &[&str] = &[
    "pytoon-core",
    "pytoon-align",
    "pytoon-audio",
    "pytoon-english",
    "pytoon-graphics",
    "pytoon-neural",
    "pytoon-normalize",
    "pytoon-compositor",
];
/// Ways to start a thread that panic.
const STARTS: &[&str] = &["thread::spawn(", "scope.spawn("];
/// Crates of tests alone.
const UNSHIPPED: &[&str] = &["pytoon-sim", "pytoon-testkit"];
const IMPURE: &[&str] = &[
    "std::fs",
    "std::net",
    "std::process",
    "std::env",
    "SystemTime",
    "Instant::now",
    "std::thread::sleep",
];

/// Calls that only these files may make: the stages of a film are opened by its two executors alone,
/// and each stage's cache is asked by the film alone.
const ONLY_IN: &[(&str, &[&str], &str)] = &[
    (
        "Film::open(",
        &["crates/pytoon-pipeline/src/local.rs", "crates/pytoon-worker/src/film.rs"],
        "only the two executors run the stages of a film",
    ),
    (
        "made(context,",
        &["crates/pytoon-pipeline/src/film.rs", "crates/pytoon-pipeline/src/stages/voiced.rs"],
        "a stage does not run other stages",
    ),
    (
        "cached(context,",
        &["crates/pytoon-pipeline/src/film.rs", "crates/pytoon-pipeline/src/stage.rs"],
        "a stage does not run other stages",
    ),
    (
        ".config.settings",
        &[],
        "a stage reads its input alone: configuration reaches it through that",
    ),
];

/// Files longer than this are hardly one thing any more.
const MAX_LINES: usize = 700;

/// Runs every rule.
pub(crate) fn run() -> anyhow::Result<()> {
    let mut problems = arrows()?;
    for path in sources(&crate::root().join("crates"))? {
        let text = std::fs::read_to_string(&path)?;
        problems.extend(file_problems(&path, &text));
    }
    if problems.is_empty() {
        return Ok(());
    }
    bail!("{} problems:\n{}", problems.len(), problems.join("\n"))
}

fn level(name: &str) -> Option<u8> {
    LEVELS.iter().find(|(known, _)| *known == name).map(|(_, level)| *level)
}

fn arrows() -> anyhow::Result<Vec<String>> {
    #[expect(clippy::disallowed_methods, reason = "a tool of the project, not part of the product")]
    let out =
        Command::new("cargo").args(["metadata", "--format-version", "1", "--no-deps"]).output()?;
    let metadata: serde_json::Value = serde_json::from_slice(&out.stdout)?;
    let mut problems = Vec::new();
    for package in metadata["packages"].as_array().into_iter().flatten() {
        let name = package["name"].as_str().unwrap_or_default();
        let Some(own) = level(name) else {
            problems.push(format!("{name} has no level in xtask/src/tidy.rs"));
            continue;
        };
        for dependency in package["dependencies"].as_array().into_iter().flatten() {
            let to = dependency["name"].as_str().unwrap_or_default();
            let is_dev = dependency["kind"] == "dev";
            if ALONE.contains(&name) && level(to).is_some() {
                problems.push(format!("{name} stands alone and may not depend on {to}"));
            }
            match level(to) {
                Some(level) if level >= own && !is_dev => {
                    problems.push(format!(
                        "{name} (level {own}) may not depend on {to} (level {level})"
                    ));
                }
                _ => {}
            }
        }
    }
    Ok(problems)
}

fn sources(folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            if path.file_name().is_some_and(|name| name != "target") {
                found.extend(sources(&path)?);
            }
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

fn file_problems(path: &Path, text: &str) -> Vec<String> {
    let shown = path.strip_prefix(crate::root()).unwrap_or(path).display().to_string();
    let mut problems = Vec::new();
    let lines = text.lines().count();
    if lines > MAX_LINES {
        problems.push(format!("{shown} has {lines} lines: split it"));
    }
    let code = text.split("#[cfg(test)]").next().unwrap_or(text);
    let is_source =
        shown.contains("/src/") && !shown.ends_with("tests.rs") && !shown.contains("testing");
    if is_source && PURE.iter().any(|name| shown.starts_with(&format!("crates/{name}/"))) {
        for word in IMPURE {
            if code.lines().any(|line| !line.trim_start().starts_with("//") && line.contains(word))
            {
                problems.push(format!("{shown} uses {word}, and its crate is pure"));
            }
        }
    }
    let is_product = is_source
        && shown.starts_with("crates/")
        && !UNSHIPPED.iter().any(|name| shown.starts_with(&format!("crates/{name}/")));
    if is_product {
        let is_code = |line: &&str| !line.trim_start().starts_with("//");
        for start in STARTS
            .iter()
            .filter(|start| code.lines().filter(is_code).any(|line| line.contains(**start)))
        {
            problems.push(format!(
                "{shown} uses {start}), which panics where the system has no thread left: \
                 pytoon_media::threads"
            ));
        }
    }
    if is_product {
        for (call, files, why) in ONLY_IN {
            let is_ruled = *call != ".config.settings"
                || shown.starts_with("crates/pytoon-pipeline/src/stages/");
            let is_used = code
                .lines()
                .any(|line| !line.trim_start().starts_with("//") && line.contains(call));
            if is_ruled && is_used && !files.contains(&shown.as_str()) {
                problems.push(format!("{shown} uses {call}: {why}"));
            }
        }
    }
    if is_source && !text.starts_with("//!") {
        problems.push(format!("{shown} does not say what it is for (a `//!` comment)"));
    }
    problems
}
