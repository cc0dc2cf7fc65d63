//! Compares the simulator's ledger with the product's.

use pytoon_records::ledger::{CallFilter, CallRow, CallState, PurchaseStore};
use pytoon_store::Store;
use serde_json::Value;
use std::collections::BTreeMap;

/// A submission in the simulator's ledger.
pub(crate) struct Submission {
    pub(crate) id: String,
    pub(crate) prompt: String,
    pub(crate) state: String,
    pub(crate) referenced: u64,
    pub(crate) cancelled: bool,
    pub(crate) moderated: bool,
}

/// Parses the submissions in the simulator's ledger.
pub(crate) fn submissions(ledger: &Value) -> Vec<Submission> {
    let text = |v: &Value| v.as_str().unwrap_or_default().to_owned();
    ledger["submissions"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|s| Submission {
            id: text(&s["id"]),
            prompt: text(&s["prompt"]),
            state: text(&s["state"]),
            referenced: s["referenced"].as_u64().unwrap_or(0),
            cancelled: s["cancelled"].as_bool().unwrap_or(false),
            moderated: s["moderated"].as_bool().unwrap_or(false),
        })
        .collect()
}

/// Reads all calls from the ledger in a database, given as a URL or a file.
pub(crate) fn rows(database: &str) -> anyhow::Result<Vec<CallRow>> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        Ok(Store::connect(database).await?.call_list(CallFilter::default()).await?)
    })
}

/// Returns the ledger's rows that have a task, by the vendor's id of the task.
pub(crate) fn by_task(rows: &[CallRow]) -> BTreeMap<String, &CallRow> {
    rows.iter()
        .filter_map(|row| Some((row.task.as_ref()?["id"].as_str()?.to_owned(), row)))
        .collect()
}

/// Returns a message for each prompt with more than one purchase that arrived and neither failed nor was rejected.
pub(crate) fn duplicates(told: &[Submission], by_task: &BTreeMap<String, &CallRow>) -> Vec<String> {
    let mut by_prompt: BTreeMap<&str, Vec<&Submission>> = BTreeMap::new();
    for s in told {
        let Some(row) = by_task.get(&s.id) else { continue };
        let worthless = s.moderated
            || matches!(s.state.as_str(), "failed" | "moderated" | "completed_with_error")
            || matches!(row.state, CallState::BadOutput | CallState::Failed | CallState::Refused);
        if !worthless {
            by_prompt.entry(&s.prompt).or_default().push(s);
        }
    }
    by_prompt
        .into_iter()
        .filter(|(_, all)| all.len() > 1)
        .map(|(prompt, all)| {
            let each: Vec<String> = all
                .iter()
                .map(|s| {
                    let row = by_task.get(&s.id);
                    let state = row.map_or("?", |row| row.state.as_str());
                    format!("{} ({state}, {})", s.id, s.state)
                })
                .collect();
            format!("bought twice: {prompt}: {}", each.join(", "))
        })
        .collect()
}
