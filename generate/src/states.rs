//! Writes `docs/specs/job-states.md` from the transition functions and the doc comments of states and
//! events.

use anyhow::{Context, bail};
use pytoon_records::job::webhook::WebhookState;
use pytoon_records::job::{JobStatus, SceneStatus, TaskState};
use pytoon_records::ledger::CallState;
use pytoon_records::state::State;
use std::collections::BTreeMap;
use std::fmt::Debug;

const FILE: &str = "docs/specs/job-states.md";
const HEAD: &str = "# States\n\n\
    `cargo xtask states` writes this page from `pytoon-records`; `make check` compares it. Both databases \
    change a row's state only by these tables. An empty cell is an event that a state does not allow: the \
    row stays as it is.\n";
/// Minimum number of states with the same transitions that share one node of a diagram.
const MIN_ALIKE: usize = 4;

/// The location of a state machine in the sources: its file and the names of its enums.
struct Source {
    title: &'static str,
    file: &'static str,
    state: &'static str,
    event: &'static str,
}

/// Writes `docs/specs/job-states.md`, or checks that it is up to date.
pub(crate) fn run(check: bool) -> anyhow::Result<()> {
    let path = crate::root().join(FILE);
    let text = page()?;
    if !check {
        return std::fs::write(&path, text).context(format!("failed to write {FILE}"));
    }
    if std::fs::read_to_string(&path).ok().as_deref() != Some(&text) {
        bail!("{FILE} is out of date: run `cargo xtask states`");
    }
    Ok(())
}

fn page() -> anyhow::Result<String> {
    let source = |title, file, state, event| Source { title, file, state, event };
    let sections = [
        section::<JobStatus>(&source("Job", "job/status.rs", "JobStatus", "JobEvent"))?,
        section::<TaskState>(&source("Task", "job/task.rs", "TaskState", "TaskEvent"))?,
        section::<SceneStatus>(&source("Scene", "job/scene.rs", "SceneStatus", "SceneEvent"))?,
        section::<CallState>(&source("Paid call", "ledger.rs", "CallState", "CallEvent"))?,
        section::<WebhookState>(&source(
            "Webhook message",
            "job/webhook.rs",
            "WebhookState",
            "WebhookEvent",
        ))?,
    ];
    Ok(format!("{HEAD}{}", sections.concat()))
}

fn section<S: State>(source: &Source) -> anyhow::Result<String> {
    let path = crate::root().join("crates/pytoon-records/src").join(source.file);
    let code = std::fs::read_to_string(&path)
        .with_context(|| format!("failed to read {}", path.display()))?;
    let mut text = format!("\n## {}\n\n{}", source.title, diagram::<S>());
    for (name, values) in
        [(source.state, variant_names(S::STATES)), (source.event, variant_names(S::EVENTS))]
    {
        let docs = docs_of(&code, name);
        let is_whole = values.len() == docs.len();
        let kind = if name == source.state { "State" } else { "Event" };
        text.push_str(&format!("\n| {kind} | Meaning |\n| --- | --- |\n"));
        for (variant, shown) in &values {
            let meaning = docs.get(variant).filter(|_| is_whole);
            let meaning = meaning.with_context(|| {
                format!("{name}: `{variant}` needs a doc comment and a place in the list of all")
            })?;
            text.push_str(&format!("| `{shown}` | {meaning} |\n"));
        }
    }
    Ok(text + &table::<S>())
}

/// Returns the variant name of each value, and its name in the database.
fn variant_names<T: Debug>(values: &[T]) -> Vec<(String, String)> {
    values.iter().map(|value| (format!("{value:?}"), snake_case(value))).collect()
}

fn snake_case<T: Debug>(value: T) -> String {
    let mut text = String::new();
    for letter in format!("{value:?}").chars() {
        if letter.is_uppercase() && !text.is_empty() {
            text.push('_');
        }
        text.extend(letter.to_lowercase());
    }
    text
}

/// Reads the doc comments of an enum's variants from its source, each as one line.
fn docs_of(code: &str, name: &str) -> BTreeMap<String, String> {
    let head = format!("pub enum {name} {{");
    let body = code.split_once(&head).and_then(|(_, rest)| rest.split_once("\n}"));
    let (mut docs, mut lines) = (BTreeMap::new(), Vec::new());
    for line in body.map(|(body, _)| body).unwrap_or_default().lines().map(str::trim) {
        if let Some(doc) = line.strip_prefix("///") {
            lines.push(doc.trim());
        } else if let Some(variant) = line.strip_suffix(',') {
            docs.insert(variant.to_owned(), lines.join(" "));
            lines.clear();
        }
    }
    docs
}

fn table<S: State>() -> String {
    let row = |cells: Vec<String>| format!("| {} |\n", cells.join(" | "));
    let states = S::STATES.iter().map(|state| format!("`{state}`"));
    let mut text =
        format!("\n{}", row(["Event \\ state".to_owned()].into_iter().chain(states).collect()));
    text.push_str(&row(vec!["---".to_owned(); S::STATES.len() + 1]));
    for event in S::EVENTS {
        let next = S::STATES.iter().map(|state| match state.apply(*event) {
            Ok(next) => next.to_string(),
            Err(_) => String::new(),
        });
        text.push_str(&row([format!("`{}`", snake_case(event))].into_iter().chain(next).collect()));
    }
    text
}

/// Draws the transitions of a state machine in Mermaid. States with the same transitions share a node if there are
/// enough of them.
fn diagram<S: State>() -> String {
    let reactions = |state: &S| -> Vec<Option<String>> {
        S::EVENTS.iter().map(|event| Some(state.apply(*event).ok()?.to_string())).collect()
    };
    let node = |state: &S| -> String {
        let own = reactions(state);
        let alike: Vec<&S> = S::STATES.iter().filter(|other| reactions(other) == own).collect();
        let reacts = own.iter().any(Option::is_some);
        if reacts && alike.len() >= MIN_ALIKE { alike[0].to_string() } else { state.to_string() }
    };
    let mut text = String::from("```mermaid\nstateDiagram-v2\n");
    let mut merged: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for state in S::STATES {
        merged.entry(node(state)).or_default().push(state.to_string());
    }
    for (first, all) in merged.iter().filter(|(_, all)| all.len() > 1) {
        text.push_str(&format!("    state \"{}\" as {first}\n", all.join(", ")));
    }
    let mut arrows: Vec<((String, String), Vec<String>)> = Vec::new();
    for state in S::STATES.iter().filter(|state| merged.contains_key(&state.to_string())) {
        for event in S::EVENTS {
            let Ok(next) = state.apply(*event) else { continue };
            let ends = (node(state), node(&next));
            let event = snake_case(event);
            match arrows.iter_mut().find(|(known, _)| *known == ends) {
                Some((_, events)) => events.push(event),
                None => arrows.push((ends, vec![event])),
            }
        }
    }
    for ((from, to), events) in arrows {
        text.push_str(&format!("    {from} --> {to}: {}\n", events.join(", ")));
    }
    text + "```\n"
}
