//! Tests that documents name only things that exist. Every page except the ADRs and the changelog is searched, and
//! each command, flag, path, link, test, setting, metric, event, variable and name in code is looked up.

use crate::support::every_help;
use pytoon_testkit::{Service, Workspace};
use serde_json::Value;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// Third-party programs that a page asks the reader to run.
const PROGRAMS: &[&str] = &[
    // Installing and building.
    "apt-get",
    "cargo",
    "docker",
    "make",
    "pip",
    "python3",
    "sh",
    "sudo",
    "systemctl",
    "journalctl",
    // Looking at files and machines.
    "cat",
    "chmod",
    "cmp",
    "cp",
    "curl",
    "df",
    "du",
    "echo",
    "editor",
    "export",
    "ffprobe",
    "grep",
    "mkdir",
    "printf",
    "sqlite3",
    "pg_dump",
    "pg_restore",
];
/// Flags of third-party programs that appear alone on a page.
const FLAGS: &[&str] = &[
    "--bins",
    "--workspace",
    "--build",
    "--clean",
    "--data-binary",
    "--dbname",
    "--force-recreate",
    "--format",
    "--scale",
];
/// Names on the pages that the code need not contain: examples of the reader's own names, and third-party names.
const NAMES: &[&str] = &[
    // Examples of the reader's own files, engines and keys.
    "acme",
    "bakery",
    "mill",
    "NAME",
    "new_engine",
    "story",
    "FILE",
    "df_eva",
    "RUNWAY_API_KEY_PREVIOUS",
    "RUNWAY_API_KEY_FILE",
    // Python names of the operators' contract.
    "_sanitize_sensitive_data",
    "_get_engine",
    // A proxy's variable, which has no effect here.
    "HTTPS_PROXY",
    // Words of the style page's examples.
    "deadline_ms",
    "authorized_job",
    "log_and_drop",
];
/// The paths in which the tests look up names that the documents put in code font.
const CODE: &[&str] = &[
    "crates",
    "config",
    "tests",
    "deploy",
    "scripts",
    "xtask",
    "generate",
    "bench",
    "drills",
    "fuzz",
    "examples",
    "fixtures",
    "Makefile",
    "Dockerfile",
    "docker-compose.yml",
    "Cargo.toml",
    "clippy.toml",
    "deny.toml",
    ".env.example",
    ".ci",
];

/// A line of a page.
struct Line {
    /// The name of the page, and the line number.
    at: String,
    text: String,
    /// The language of the code block that contains the line.
    block: Option<String>,
}

impl Line {
    /// Returns the code on the line: the whole line in a code block, and otherwise the text between backticks.
    fn code(&self) -> Vec<&str> {
        match &self.block {
            Some(_) => vec![self.text.trim()],
            None => self.text.split('`').skip(1).step_by(2).collect(),
        }
    }

    /// Returns true if the line is in a block of shell commands.
    fn is_shell(&self) -> bool {
        self.block.as_deref().is_some_and(|language| matches!(language, "sh" | "bash" | "console"))
    }
}

fn project() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the project").to_owned()
}

/// Returns all files at or below a path, in order. Skips each `target` folder.
fn files(place: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(place) else { return vec![place.to_owned()] };
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.expect("an entry").path()).collect();
    paths.sort();
    paths.iter().filter(|path| !path.ends_with("target")).flat_map(|path| files(path)).collect()
}

/// Returns the lines of every page that describes the current version.
fn lines() -> Vec<Line> {
    let root = project();
    let pages = ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "SECURITY.md", "docs"];
    let pages = pages.iter().flat_map(|page| files(&root.join(page)));
    let is_present = |path: &PathBuf| {
        path.extension().is_some_and(|e| e == "md") && !path.iter().any(|part| part == "adr")
    };
    let pages: Vec<PathBuf> = pages.filter(is_present).collect();
    assert!(pages.len() > 40, "{pages:?}");
    let mut lines = Vec::new();
    for page in &pages {
        let shown = page.strip_prefix(&root).expect("a page of the project").display().to_string();
        let mut block = None;
        for (index, text) in std::fs::read_to_string(page).expect("a page").lines().enumerate() {
            if let Some(language) = text.trim_start().strip_prefix("```") {
                block = if block.is_some() { None } else { Some(language.trim().to_owned()) };
                continue;
            }
            let at = format!("{shown}:{}", index + 1);
            lines.push(Line { at, text: text.to_owned(), block: block.clone() });
        }
        assert!(block.is_none(), "{shown}: a block of code does not end");
    }
    lines
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').filter(|word| !word.is_empty())
}

/// Asserts that the list of problems is empty; the message shows them, one per line.
#[track_caller]
fn none(problems: Vec<String>) {
    assert!(problems.is_empty(), "{} problems:\n{}", problems.len(), problems.join("\n"));
}

#[test]
fn commands_and_their_flags_exist() {
    let workspace = Workspace::new();
    let help = |verbs: &[&str]| workspace.pytoon(&[verbs, &["--help"]].concat());
    let makefile = std::fs::read_to_string(project().join("Makefile")).expect("Makefile");
    let tools = std::fs::read_to_string(project().join("xtask/src/main.rs")).expect("xtask");
    let (mut seen, mut problems) = (BTreeSet::new(), Vec::new());
    for line in lines() {
        for code in line.code() {
            let code = code.trim_start_matches("$ ").trim_start_matches("./target/release/");
            let code = code.split(['#', '|', '"', ';']).next().unwrap_or_default();
            let mut parts = code.split_whitespace();
            let is_verb = |word: &str| {
                word.chars().all(|c| c.is_ascii_lowercase() || c == '-') && !word.starts_with('-')
            };
            match parts.next() {
                Some("make") => {
                    let target = parts.next().filter(|word| is_verb(word)).unwrap_or("help");
                    let sentence = line.block.is_none()
                        && parts.next().is_some_and(|word| !word.contains('='));
                    if !sentence && !makefile.contains(&format!("\n{target}:")) {
                        problems.push(format!("{}: there is no `make {target}`", line.at));
                    }
                }
                Some("cargo") if code.starts_with("cargo xtask ") => {
                    let tool = parts.nth(1).unwrap_or_default();
                    if !tools.contains(&format!("[\"{tool}\"")) {
                        problems.push(format!("{}: there is no `cargo xtask {tool}`", line.at));
                    }
                }
                Some("pytoon") => {
                    let verbs: Vec<&str> = parts.clone().take_while(|word| is_verb(word)).collect();
                    let flags: Vec<&str> = parts
                        .filter_map(|word| word.split('=').next())
                        .filter(|w| w.starts_with("--"))
                        .collect();
                    if verbs.is_empty() || !seen.insert((verbs.join(" "), flags.join(" "))) {
                        continue;
                    }
                    // The last word may be a value, such as a key's name.
                    let mut run = help(&verbs);
                    if run.code != Some(0) && verbs.len() > 1 {
                        run = help(&verbs[..verbs.len() - 1]);
                    }
                    if run.code != Some(0) {
                        problems.push(format!("{}: `{code}`: {}", line.at, run.stderr));
                    }
                    for flag in flags
                        .iter()
                        .filter(|flag| !run.stdout.contains(**flag) && **flag != "--version")
                    {
                        problems.push(format!("{}: `{code}` has no {flag}", line.at));
                    }
                }
                _ => {}
            }
        }
    }
    assert!(seen.len() > 60, "{seen:?}");
    // A flag that stands alone is one of some command, or of a script.
    let mut known = every_help(&workspace, &[]);
    let scripts = ["scripts", "bench", "drills", "crates/pytoon-sim", "crates/pytoon-x264"];
    for file in scripts.iter().flat_map(|place| files(&project().join(place))) {
        known.push_str(&std::fs::read_to_string(file).unwrap_or_default());
    }
    for line in lines().iter().filter(|line| line.block.is_none()) {
        for code in line.code().into_iter().filter(|code| code.starts_with("--")) {
            let flag = code.split([' ', '=']).next().unwrap_or_default();
            // `clap` makes flags of the names of fields.
            let field = flag.trim_start_matches('-').replace('-', "_");
            if !known.contains(flag) && !known.contains(&field) && !FLAGS.contains(&flag) {
                problems.push(format!("{}: no command has {flag}", line.at));
            }
        }
    }
    none(problems);
}

#[test]
fn programs_of_commands_are_known() {
    let ours =
        ["pytoon", "pytoon-sim", "pytoon-x264", "pytoon-espeak", "pytoon-bench", "pytoon-drills"];
    let mut problems = Vec::new();
    let mut continues = false;
    for line in lines().iter().filter(|line| line.is_shell()) {
        let is_continued = std::mem::replace(&mut continues, line.text.trim_end().ends_with('\\'));
        let code = line.text.trim().trim_start_matches("$ ");
        let is_assignment = |word: &&str| {
            word.contains('=')
                && word.split('=').next().is_some_and(|name| words(name).count() == 1)
        };
        let Some(program) = code.split_whitespace().find(|word| !is_assignment(word)) else {
            continue;
        };
        // `cache/target/*/release/brief` is found by the shell.
        let is_placeholder = program.contains('*');
        let program = program.rsplit('/').next().unwrap_or(program);
        let is_output = line.block.as_deref() == Some("console") && !line.text.starts_with("$ ");
        if !is_continued
            && !is_output
            && !is_placeholder
            && !program.starts_with(['#', '-'])
            && !ours.contains(&program)
            && !PROGRAMS.contains(&program)
        {
            problems.push(format!("{}: `{program}` is not listed", line.at));
        }
    }
    none(problems);
}

#[test]
fn paths_links_and_tests_exist() {
    let root = project();
    let folders = [
        "crates", "docs", "config", "tests", "scripts", "deploy", "fixtures", "xtask", "generate",
        "bench", "drills", "fuzz", "examples",
    ];
    let is_example = |name: &str| words(name).any(|word| NAMES.contains(&word));
    let mut problems = Vec::new();
    let mut looked_up = 0;
    for line in lines() {
        for code in line.code() {
            for word in code
                .split([' ', '(', ')', ',', '"', '\'', '='])
                .map(|word| word.trim_end_matches(['.', ':', ';']))
            {
                let is_path =
                    word.split_once('/').is_some_and(|(first, _)| folders.contains(&first));
                let is_pattern = word.contains(['*', '{', '<', '…', '$']) || word.contains("::");
                if is_path && !is_pattern && !is_example(word) {
                    looked_up += 1;
                    if !root.join(word).exists() {
                        problems.push(format!("{}: there is no {word}", line.at));
                    }
                }
            }
            // `file::test` of these tests.
            let (file, test) = code.split_once("::").unwrap_or_default();
            let is_name = |name: &str| {
                !name.is_empty() && name.chars().all(|c| c == '_' || c.is_ascii_alphanumeric())
            };
            if is_name(file) && is_name(test) {
                let source = std::fs::read_to_string(root.join(format!("tests/v2/{file}.rs")));
                if source.is_ok_and(|text| !text.contains(&format!("fn {test}("))) {
                    problems.push(format!("{}: there is no test {code}", line.at));
                }
            }
        }
        let (page, _) = line.at.rsplit_once(':').expect("a page");
        let folder = root.join(page).parent().expect("a folder").to_owned();
        let text: String = line.text.split('`').step_by(2).collect();
        for link in text
            .split("](")
            .skip(1)
            .filter_map(|rest| rest.split(')').next())
            .filter(|_| line.block.is_none())
        {
            let file = link.split('#').next().unwrap_or_default();
            if !file.is_empty() && !file.contains("://") && !folder.join(file).exists() {
                problems.push(format!("{}: a link to {file}, which does not exist", line.at));
            }
        }
    }
    assert!(looked_up > 100, "{looked_up}");
    none(problems);
}

/// Returns true if the schema has a field at this path.
fn has_field(root: &Value, schema: &Value, path: &[&str]) -> bool {
    if let Some(name) = schema["$ref"].as_str() {
        let name = name.rsplit('/').next().unwrap_or_default();
        return has_field(root, &root["$defs"][name], path);
    }
    let Some((first, rest)) = path.split_first() else { return true };
    let branches =
        ["anyOf", "oneOf", "allOf"].iter().filter_map(|key| schema[key].as_array()).flatten();
    branches.into_iter().any(|branch| has_field(root, branch, path))
        || schema["properties"].get(first).is_some_and(|field| has_field(root, field, rest))
        || schema["additionalProperties"].is_object()
            && has_field(root, &schema["additionalProperties"], rest)
        || schema["items"].is_object() && has_field(root, &schema["items"], path)
}

#[test]
fn settings_and_fields_exist() {
    let schemas =
        ["defaults", "engine", "brief", "preset", "profile", "brand", "timeline"].map(|name| {
            let path = project().join(format!("config/schema/{name}.schema.json"));
            serde_json::from_str::<Value>(&std::fs::read_to_string(path).expect("a schema"))
                .expect("JSON")
        });
    // The receipt has no schema: a film's own is asked.
    let film =
        Workspace::new().render("prompt: Tea\nvoice: off\nmusic_source: none\nprofile: test\n");
    let receipt = film.metadata();
    let ends = [".rs", ".json", ".srt", ".vtt", ".ass", ".yaml", ".mp4"];
    let (mut problems, mut looked_up) = (Vec::new(), 0);
    for line in lines().iter().filter(|line| line.block.is_none()) {
        for code in line.code() {
            let path: Vec<&str> =
                code.split([':', '=']).next().unwrap_or_default().trim().split('.').collect();
            let is_key = |part: &&str| {
                !part.is_empty()
                    && part
                        .chars()
                        .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || "_*{}".contains(c))
            };
            let is_file = ends.iter().any(|end| code.ends_with(end));
            let starts = schemas.iter().filter(|schema| has_field(schema, schema, &path[..1]));
            let starts: Vec<&Value> = starts.collect();
            if path.len() > 1 && path.iter().all(is_key) && !is_file && !starts.is_empty() {
                looked_up += 1;
                let of_receipt = receipt.pointer(&format!("/{}", path.join("/"))).is_some();
                if !of_receipt && !starts.iter().any(|schema| has_field(schema, schema, &path)) {
                    problems.push(format!("{}: there is no setting or field `{code}`", line.at));
                }
            }
        }
    }
    assert!(looked_up > 80, "{looked_up}");
    none(problems);
}

#[test]
fn metrics_of_pages_are_served() {
    let workspace = Workspace::new();
    let service = Service::start(
        &mut workspace.command(&["serve", "--port", "0"]),
        workspace.root(),
        "serve",
    );
    let text = service.ask("GET", "/metrics", &[], None).is(200).text();
    let (mut problems, mut looked_up) = (Vec::new(), 0);
    for line in lines() {
        for name in words(&line.text)
            .filter(|word| word.starts_with("pytoon_") && word.matches('_').count() > 2)
        {
            let base = ["_bucket", "_count", "_sum"]
                .iter()
                .fold(name, |name, end| name.trim_end_matches(end));
            looked_up += 1;
            if !text.contains(base) {
                problems.push(format!("{}: /metrics has no {name}", line.at));
            }
        }
    }
    assert!(looked_up > 30, "{looked_up}");
    none(problems);
}

/// Checks that the code contains every snake-case or camel-case name that a page puts in code font, apart from
/// [`NAMES`] and [`PROGRAMS`].
#[test]
fn names_in_code_font_are_words_of_the_code() {
    let root = project();
    let mut known: BTreeSet<String> = BTreeSet::new();
    for file in CODE
        .iter()
        .flat_map(|place| files(&root.join(place)))
        .filter(|file| !file.ends_with("documents.rs"))
    {
        if let Ok(text) = std::fs::read_to_string(&file) {
            known.extend(words(&text).map(|word| word.to_owned()));
        }
    }
    let is_name = |word: &&str| {
        let camel = word
            .as_bytes()
            .windows(2)
            .any(|pair| pair[0].is_ascii_lowercase() && pair[1].is_ascii_uppercase());
        word.trim_matches('_').contains('_') || camel && word.len() > 3
    };
    let (mut problems, mut looked_up) = (Vec::new(), 0);
    for line in lines().iter().filter(|line| line.block.is_none()) {
        for code in line.code() {
            for name in words(code).filter(is_name) {
                looked_up += 1;
                if !known.contains(name) && !NAMES.contains(&name) && !PROGRAMS.contains(&name) {
                    problems.push(format!("{}: `{code}`: the code has no {name}", line.at));
                }
            }
        }
    }
    assert!(looked_up > 500, "{looked_up}");
    none(problems);
}
