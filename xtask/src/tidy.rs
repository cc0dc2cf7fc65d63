//! Checks rules of the project that no linter checks.

use crate::{changelog, circles};
use anyhow::bail;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The level of each crate. A crate may depend only on lower levels.
const LEVELS: &[(&str, u8)] = &[
    ("pytoon-vocabulary", 0),
    ("pytoon-core", 1),
    ("pytoon-records", 2),
    ("pytoon-config", 2),
    ("pytoon-telemetry", 2),
    ("pytoon-normalize", 2),
    ("pytoon-audio", 2),
    ("pytoon-fft", 0),
    ("pytoon-resize", 0),
    ("pytoon-align", 1),
    ("pytoon-english", 2),
    ("pytoon-graphics", 2),
    ("pytoon-neural", 2),
    ("pytoon-compositor", 3),
    ("pytoon-vendor", 4),
    ("pytoon-process", 3),
    ("pytoon-ffmpeg", 4),
    ("pytoon-media", 5),
    ("pytoon-storage", 4),
    ("pytoon-store", 4),
    ("pytoon-purchase", 5),
    ("pytoon-engines", 6),
    ("pytoon-voice", 6),
    ("pytoon-pipeline", 7),
    ("pytoon-studio", 0),
    ("pytoon-api", 8),
    ("pytoon-worker", 8),
    ("pytoon", 9),
    // Separate programs: no crate depends on them.
    ("pytoon-espeak", 10),
    ("pytoon-x264", 10),
    ("pytoon-sim", 10),
    ("pytoon-testkit", 10),
    ("xtask", 11),
    ("pytoon-generate", 11),
    ("tests", 11),
    ("pytoon-bench", 11),
    ("pytoon-drills", 11),
];

/// Pairs of crates of which the first must not depend on the second, not even through a third, so that a change in
/// the second recompiles nothing of the first.
const APART: &[(&str, &str)] = &[
    ("pytoon-compositor", "pytoon-records"),
    ("pytoon-media", "pytoon-records"),
    ("pytoon-engines", "pytoon-graphics"),
    ("pytoon-voice", "pytoon-graphics"),
    ("pytoon-process", "pytoon-core"),
];

/// Separate programs that share no code with the other crates, not even in tests.
const ALONE: &[&str] = &["pytoon-espeak", "pytoon-sim", "pytoon-x264"];

/// Crates, and folders of crates, that must not use files, processes, environment, network or clocks.
const PURE: &[&str] = &[
    "pytoon-align",
    "pytoon-fft",
    "pytoon-resize",
    "pytoon-vocabulary",
    "pytoon-records",
    "pytoon-core",
    "pytoon-audio",
    "pytoon-english",
    "pytoon-graphics",
    "pytoon-neural",
    "pytoon-normalize",
    "pytoon-compositor",
];
/// Calls that start a thread and panic if the system refuses one. No shipped crate may contain them.
const STARTS: &[&str] = &["thread::spawn(", "scope.spawn("];
/// Crates that only tests use.
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

/// Code that only the listed files may contain, each with the reason. `.config.settings` is checked only in the
/// stages of the pipeline.
const ONLY_IN: &[(&str, &[&str], &str)] = &[
    (
        ".is_private(",
        &["crates/pytoon-vendor/src/http/guard.rs"],
        "one guard decides which addresses are called",
    ),
    (
        "Film::open(",
        &["crates/pytoon-pipeline/src/local.rs", "crates/pytoon-worker/src/film.rs"],
        "only the two executors run the stages of a film",
    ),
    (
        "cached_output(context,",
        &[
            "crates/pytoon-pipeline/src/film.rs",
            "crates/pytoon-pipeline/src/film/drawing.rs",
            "crates/pytoon-pipeline/src/stages/voiced.rs",
        ],
        "a stage does not run other stages",
    ),
    (
        "run_cached(context,",
        &[
            "crates/pytoon-pipeline/src/film.rs",
            "crates/pytoon-pipeline/src/film/drawing.rs",
            "crates/pytoon-pipeline/src/stage.rs",
        ],
        "a stage does not run other stages",
    ),
    (
        "pytoon_api::",
        &[
            "crates/pytoon/src/commands/film_inspector.rs",
            "crates/pytoon/src/commands/self_checks.rs",
            "crates/pytoon/src/commands/planner.rs",
            "crates/pytoon/src/commands/previewer.rs",
            "crates/pytoon/src/commands/service.rs",
            "crates/pytoon/src/commands/voice_list.rs",
        ],
        "only `serve` and `api` are the HTTP interface",
    ),
    (
        ".config.settings",
        &[],
        "a stage reads its input alone: configuration reaches it through that",
    ),
];

/// Names of states, which the store's SQL must take from the enums of `pytoon-records`.
const STATES: &[&str] = &[
    // Jobs.
    "queued",
    "planning_scenes",
    "building_timeline",
    "rendering_scenes",
    "composing",
    "done",
    "failed",
    "held",
    "cancelling",
    "cancelled",
    // Tasks.
    "blocked",
    "ready",
    "running",
    "parked",
    "dead",
    "obsolete",
    // Scenes.
    "planned",
    "rendering",
    // Paid calls.
    "intent",
    "submitted",
    "kept",
    "not_sent",
    "refused",
    "bad_output",
    "abandoned",
    "lost",
    "unknown",
    // Webhook messages.
    "due",
    "delivered",
];
/// Beginnings of a comment that do not name who or what acts (docs/style.md).
const HEADLESS: &[&str] =
    &["What", "Whether", "Who", "Whoever", "Where", "How", "So many", "Such", "That which"];
/// The folders that contain Rust code.
const CODE: &[&str] = &["crates", "xtask", "generate", "bench", "drills", "fuzz", "tests"];
/// Maximum number of lines in a file, since a longer file rarely has a single subject.
const MAX_LINES: usize = 700;

/// Checks every rule and fails if there is a problem.
pub(crate) fn run() -> anyhow::Result<()> {
    let mut problems = arrows()?;
    problems.extend(changelog::problems()?);
    for entry in std::fs::read_dir(crate::root().join("crates"))? {
        let src = entry?.path().join("src");
        let files = sources(&src)?;
        let name = src.parent().and_then(Path::file_name).unwrap_or_default().to_string_lossy();
        problems.extend(circles::circles(&name, &files, &src));
    }
    for path in sources(&crate::root().join("crates"))? {
        let text = std::fs::read_to_string(&path)?;
        problems.extend(file_problems(&path, &text));
    }
    for folder in CODE {
        for path in sources(&crate::root().join(folder))? {
            let text = std::fs::read_to_string(&path)?;
            let shown = path.strip_prefix(crate::root()).unwrap_or(&path).display().to_string();
            problems.extend(headless(&text).map(|(line, start)| {
                format!("{shown}:{line}: a comment begins with `{start}`: see docs/style.md")
            }));
        }
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
    let mut shipped: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for package in metadata["packages"].as_array().into_iter().flatten() {
        let name = package["name"].as_str().unwrap_or_default();
        let Some(own) = level(name) else {
            problems.push(format!("{name} has no level in xtask/src/tidy.rs"));
            continue;
        };
        for dependency in package["dependencies"].as_array().into_iter().flatten() {
            let to = dependency["name"].as_str().unwrap_or_default();
            let Some(level) = level(to) else { continue };
            if ALONE.contains(&name) {
                problems.push(format!("{name} stands alone and may not depend on {to}"));
            }
            if dependency["kind"] == "dev" {
                continue;
            }
            shipped.entry(name).or_default().push(to);
            if level >= own {
                problems
                    .push(format!("{name} (level {own}) may not depend on {to} (level {level})"));
            }
        }
    }
    for (name, to) in APART {
        if reaches(&shipped, name, to) {
            problems.push(format!("{name} may not depend on {to}, not even through a third crate"));
        }
    }
    Ok(problems)
}

/// Returns true if a crate depends on another, directly or through others. The levels exclude cycles.
fn reaches(shipped: &BTreeMap<&str, Vec<&str>>, from: &str, to: &str) -> bool {
    let direct = shipped.get(from).map(Vec::as_slice).unwrap_or_default();
    direct.iter().any(|next| *next == to || reaches(shipped, next, to))
}

pub(crate) fn sources(folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
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

/// Returns the comments whose first line begins without naming who or what acts, each as line number and beginning.
fn headless(text: &str) -> impl Iterator<Item = (usize, &'static str)> {
    let comment = |line: &str| {
        let line = line.trim_start();
        let rest = ["///", "//!", "//"].iter().find_map(|mark| line.strip_prefix(mark))?;
        Some(rest.trim_start().to_owned())
    };
    let mut is_inside = false;
    text.lines().enumerate().filter_map(move |(index, line)| {
        let Some(said) = comment(line) else {
            is_inside = false;
            return None;
        };
        let is_first = !std::mem::replace(&mut is_inside, !said.is_empty());
        let follows = |start: &&&str| {
            said.strip_prefix(**start).is_some_and(|rest| !rest.starts_with(char::is_alphanumeric))
        };
        HEADLESS.iter().find(follows).filter(|_| is_first).map(|start| (index + 1, *start))
    })
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
                 pytoon_process::threads"
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
    if is_product && shown.starts_with("crates/pytoon-store/src/") && !shown.contains("/tests/") {
        let lines = code.lines().filter(|line| !line.trim_start().starts_with("//"));
        let named = STATES.iter().filter(|state| {
            let (single, double) = (format!("'{state}'"), format!("\"{state}\""));
            lines.clone().any(|line| line.contains(&single) || line.contains(&double))
        });
        for state in named {
            problems.push(format!("{shown} names the state `{state}`: take it from its enum"));
        }
    }
    if is_source && !text.starts_with("//!") {
        problems.push(format!("{shown} does not say what it is for (a `//!` comment)"));
    }
    problems
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_without_a_subject_are_found() {
        let text = "//! Keys.\n//!\n//! Whether one is there.\n\n/// Returns the key,\n/// Where there is one.\n\
                    fn a() {\n    // How it is done.\n    let b = 1; // What\n}\n/// Whatever fits.\n/// So many keys.\n\
                    /// So\nfn c() {}\n\n/// So many keys.\nfn d() {}\n";
        let found: Vec<(usize, &str)> = headless(text).collect();
        assert_eq!(found, [(3, "Whether"), (8, "How"), (16, "So many")]);
    }
}
