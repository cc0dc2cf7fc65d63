//! The readable form of the ledger: every submission, and totals.

use super::{Ledger, Submission};
use crate::job::Phase;
use serde_json::{Map, Value, json};

impl Ledger {
    /// Returns every submission with its state at the time `now`.
    pub(crate) fn view(&self, now: u64) -> Value {
        let inner = self.lock();
        let submissions: Vec<Value> =
            inner.submissions.iter().map(|submission| view(submission, now)).collect();
        json!({ "submissions": submissions })
    }

    /// Returns totals over all vendors, and by vendor.
    pub(crate) fn summary(&self, now: u64) -> Value {
        let inner = self.lock();
        let all: Vec<&Submission> = inner.submissions.iter().collect();
        let mut vendors: Vec<&str> = inner.posts.keys().map(String::as_str).collect();
        vendors.extend(all.iter().map(|one| one.vendor.as_str()));
        vendors.sort_unstable();
        vendors.dedup();
        let mut summary = sums(inner.posts.values().sum(), &all, now);
        let by_vendor: Map<String, Value> = vendors
            .into_iter()
            .map(|vendor| {
                let own: Vec<&Submission> =
                    all.iter().copied().filter(|one| one.vendor == vendor).collect();
                let posts = inner.posts.get(vendor).copied().unwrap_or_default();
                (vendor.to_owned(), Value::Object(sums(posts, &own, now)))
            })
            .collect();
        summary.insert("by_vendor".to_owned(), Value::Object(by_vendor));
        Value::Object(summary)
    }
}

fn usd(micro: u64) -> f64 {
    micro as f64 / 1e6
}

fn view(submission: &Submission, now: u64) -> Value {
    let phase = submission.phase(now);
    let mut value = json!(submission);
    value["state"] = json!(phase.word());
    value["cancelled"] = json!(phase == Phase::Cancelled);
    value["moderated"] = json!(phase == Phase::Moderated);
    value["charged_usd"] = json!(usd(submission.charge_at(now)));
    value
}

fn sums(posts: u64, submissions: &[&Submission], now: u64) -> Map<String, Value> {
    let count = |wanted: fn(&Submission) -> bool| {
        json!(submissions.iter().filter(|one| wanted(one)).count())
    };
    let charged: u64 = submissions.iter().map(|one| one.charge_at(now)).sum();
    let in_phase =
        |wanted: Phase| json!(submissions.iter().filter(|one| one.phase(now) == wanted).count());
    [
        ("posts", json!(posts)),
        ("accepted", json!(submissions.len())),
        ("accepted_never_referenced", count(|one| one.referenced == 0)),
        ("dropped_after_accept", count(|one| one.dropped)),
        ("unanswered", count(|one| !one.answered)),
        ("cancelled", in_phase(Phase::Cancelled)),
        ("moderated", in_phase(Phase::Moderated)),
        ("downloads", json!(submissions.iter().map(|one| one.downloads).sum::<u64>())),
        ("charged_usd", json!(usd(charged))),
    ]
    .into_iter()
    .map(|(name, value)| (name.to_owned(), value))
    .collect()
}
