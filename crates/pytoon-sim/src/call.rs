//! A call to a vendor, and the work that all vendors share: reading, accepting, looking up and delivering.
//!
//! This module does not know any protocol, which the modules in `vendors` do.

use crate::clock;
use crate::job::{Job, Phase};
use crate::ledger::{Refused, Submission};
use crate::refusal::Refusal;
use crate::scenario::{Fault, Step};
use crate::seed;
use crate::sim::Sim;
use hyper::HeaderMap;
use serde_json::{Map, Value};
use std::sync::Arc;

/// The request body that an operation accepts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wants {
    /// The request has no body.
    Nothing,
    /// A JSON body, parsed before the vendor handles the call.
    Json,
    /// A JSON body, or no body.
    JsonOrNothing,
    /// A body that the vendor reads.
    Raw,
}

/// A vendor's operation, as selected by a method and a path.
#[derive(Debug, Clone)]
pub(crate) struct Route {
    /// The name by which the vendor's module distinguishes the operation.
    pub(crate) op: &'static str,
    pub(crate) step: Step,
    /// The id of the task in the path.
    pub(crate) id: Option<String>,
    pub(crate) wants: Wants,
    /// True if no API key is required.
    pub(crate) open: bool,
}

impl Route {
    pub(crate) fn new(op: &'static str, step: Step) -> Self {
        Self { op, step, id: None, wants: Wants::Nothing, open: false }
    }

    /// Returns the route, changed to require a JSON body.
    pub(crate) fn json(mut self) -> Self {
        self.wants = Wants::Json;
        self
    }

    /// Returns the route, changed to accept a JSON body or none.
    pub(crate) fn json_or_nothing(mut self) -> Self {
        self.wants = Wants::JsonOrNothing;
        self
    }

    /// Returns the route, changed to accept a body of any type.
    pub(crate) fn raw(mut self) -> Self {
        self.wants = Wants::Raw;
        self
    }

    pub(crate) fn id(mut self, id: &str) -> Self {
        self.id = Some(id.to_owned());
        self
    }

    pub(crate) fn open(mut self) -> Self {
        self.open = true;
        self
    }
}

/// A call to a vendor.
#[derive(Debug)]
pub(crate) struct Call {
    pub(crate) sim: Arc<Sim>,
    pub(crate) vendor: &'static str,
    pub(crate) route: Route,
    pub(crate) query: Vec<(String, String)>,
    pub(crate) headers: HeaderMap,
    /// The URL by which the client addresses this server, `http://HOST`.
    pub(crate) origin: String,
    pub(crate) key_fingerprint: String,
    pub(crate) is_broke: bool,
    pub(crate) body: Value,
    /// The unread body of a call with `Wants::Raw`.
    pub(crate) raw: Option<hyper::Request<hyper::body::Incoming>>,
    /// The fault that was drawn for the task of this call.
    pub(crate) fate: Option<(Fault, Option<u64>)>,
    /// The id of the call's task, once known.
    pub(crate) accepted: Option<String>,
}

/// A client's order for a clip.
#[derive(Debug, Default)]
pub(crate) struct Order {
    /// The id of the task, if the client chooses it.
    pub(crate) id: Option<String>,
    pub(crate) operation: &'static str,
    pub(crate) model: String,
    pub(crate) prompt: String,
    pub(crate) size: (u32, u32),
    pub(crate) duration_ms: u64,
    pub(crate) price_micro_usd: u64,
    pub(crate) echo: Option<Value>,
}

/// A polled task and its current phase.
#[derive(Debug)]
pub(crate) struct Look {
    pub(crate) submission: Submission,
    pub(crate) phase: Phase,
    /// True if the vendor returns an undocumented status.
    pub(crate) is_odd: bool,
}

impl Call {
    /// Returns the first value of a query parameter; `None` if it is absent.
    pub(crate) fn query(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// Returns the value of a header; `None` if it is absent or not text.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// Returns the task id in the path; empty if the path has none.
    pub(crate) fn id(&self) -> &str {
        self.route.id.as_deref().unwrap_or_default()
    }

    /// Counts a reference to a task in the body of this call.
    pub(crate) fn refers_to(&self, id: &str) {
        self.sim.ledger.update(self.vendor, id, |one| one.referenced += 1);
    }

    /// Returns the client's own id of the task: `X-Request-Id`, or else `X-Client-Ref`, cut to 200 characters; `None`
    /// if the request has neither.
    pub(crate) fn client_ref(&self) -> Option<String> {
        let named = self.header("x-request-id").or_else(|| self.header("x-client-ref"));
        named.map(|name| name.chars().take(200).collect())
    }

    /// Records an accepted task, which the vendor charges from now on, and starts to encode its clip. Rejects the
    /// task if the ledger is full or the id is in use.
    pub(crate) fn accept(&mut self, order: Order) -> Result<Submission, Refusal> {
        let id = order.id.unwrap_or_else(|| self.sim.new_id(self.vendor));
        let (queue_ms, run_ms, seed) =
            self.sim.scenario(|all| (all.defaults.queue_ms, all.defaults.run_ms, all.seed));
        let mut job = Job {
            operation: order.operation.to_owned(),
            model: order.model,
            width: order.size.0,
            height: order.size.1,
            duration_ms: order.duration_ms,
            queue_ms,
            run_ms,
            look: seed::mix_all(&[seed, seed::of_text(&order.prompt)]),
            price_micro_usd: order.price_micro_usd,
            echo: order.echo,
            ..Job::default()
        };
        if let Some((fault, value)) = self.fate {
            job.doom(fault, value);
        }
        job.queue_ms = self.sim.at_speed(job.queue_ms);
        job.run_ms = self.sim.at_speed(job.run_ms);
        let submission = Submission {
            vendor: self.vendor.to_owned(),
            id: id.clone(),
            client_ref: self.client_ref(),
            prompt: order.prompt,
            body_hash: body_hash(&self.body),
            key_fingerprint: self.key_fingerprint.clone(),
            accepted_at: clock::now_ms(),
            job,
            ..Submission::default()
        };
        self.sim.ledger.accept(submission.clone()).map_err(|refused| match refused {
            Refused::Full => Refusal::Unavailable,
            Refused::Taken => Refusal::Bad(format!("{id} exists already")),
        })?;
        self.accepted = Some(id);
        self.encode_ahead(&submission);
        Ok(submission)
    }

    /// Starts to encode the clip while the client still waits for its task.
    fn encode_ahead(&self, submission: &Submission) {
        let (clips, film) =
            (self.sim.clips.clone(), self.sim.film(submission, submission.job.fate));
        // A failure recurs, and is answered, when the film is fetched, if it ever is.
        tokio::spawn(async move {
            if let Err(error) = clips.get(film).await {
                crate::complain(&format!("failed to make a film: {error}"));
            }
        });
    }

    /// Looks up the task in the path. Responds "not found" if this client may not see it.
    pub(crate) fn look(&self) -> Result<Look, Refusal> {
        self.look_for(self.id())
    }

    /// Looks up a task of this vendor, applies the fault that was drawn for it, and counts down its responses
    /// with an unknown status. Responds "not found" if this client may not see the task.
    pub(crate) fn look_for(&self, id: &str) -> Result<Look, Refusal> {
        let mut is_odd = false;
        let now = clock::now_ms();
        let fate = self.fate;
        let sim = &self.sim;
        let submission = sim.ledger.update(self.vendor, id, |one| {
            if let Some((fault, value)) = fate {
                let value = match fault {
                    Fault::DelayedClip => Some(sim.at_speed(value.unwrap_or(60_000))),
                    _ => value,
                };
                one.job.doom(fault, value);
            }
            is_odd = one.job.odd_polls > 0;
            one.job.odd_polls = one.job.odd_polls.saturating_sub(1);
        });
        let submission = submission.filter(|one| self.may_see(one)).ok_or(Refusal::NotFound)?;
        let phase = submission.phase(now);
        Ok(Look { submission, phase, is_odd })
    }

    /// Returns true if this client may see a task: the task is neither deleted nor lost by a fault and, if keys are
    /// isolated, this client's key paid for it.
    pub(crate) fn may_see(&self, submission: &Submission) -> bool {
        let isolated = self.sim.scenario(|scenario| scenario.keys.isolated);
        !submission.deleted
            && submission.job.fate != Some(Fault::Lost)
            && (!isolated || submission.key_fingerprint == self.key_fingerprint)
    }

    /// Cancels the task in the path if it has not ended, and returns its previous state.
    pub(crate) fn cancel(&self) -> Result<Look, Refusal> {
        self.cancel_that(self.id())
    }

    /// Cancels the task `id` if it has not ended, and returns its previous state.
    pub(crate) fn cancel_that(&self, id: &str) -> Result<Look, Refusal> {
        let look = self.look_for(id)?;
        if !look.phase.is_terminal() {
            let now = clock::now_ms();
            self.sim.ledger.update(self.vendor, &look.submission.id, |one| {
                one.cancelled_at.get_or_insert(now);
            });
        }
        Ok(look)
    }

    /// Marks the task as deleted, so that the vendor no longer shows it.
    pub(crate) fn delete(&self) {
        self.sim.ledger.update(self.vendor, self.id(), |one| one.deleted = true);
    }

    /// Returns the URL of the clip. It expires after `lifetime_ms` milliseconds, or never if that is `None`.
    /// While an `expired_url` fault applies, the URL has already expired; each call counts the fault down.
    pub(crate) fn film_url(&self, submission: &Submission, lifetime_ms: Option<u64>) -> String {
        let mut stale = false;
        self.sim.ledger.update(self.vendor, &submission.id, |one| {
            stale = one.job.stale_urls > 0;
            one.job.stale_urls = one.job.stale_urls.saturating_sub(1);
        });
        let now = clock::now_ms();
        let expires = if stale { Some(now - 1000) } else { lifetime_ms.map(|life| now + life) };
        crate::files::url(&self.origin, self.vendor, &submission.id, expires)
    }
}

/// Names of body fields whose value a client chooses for each attempt. Two attempts at the same task differ only in
/// these values.
const VOLATILE: &[&str] = &["client_ref", "client_id", "prompt_id"];

fn body_hash(body: &Value) -> String {
    fn sorted(value: &Value, depth: usize) -> Value {
        match value {
            Value::Object(fields) => {
                let mut names: Vec<&String> = fields.keys().collect();
                names.sort_unstable();
                let keep = |name: &&String| depth > 0 || !VOLATILE.contains(&name.as_str());
                let fields: Map<String, Value> = names
                    .into_iter()
                    .filter(keep)
                    .map(|name| (name.clone(), sorted(&fields[name], depth + 1)))
                    .collect();
                Value::Object(fields)
            }
            Value::Array(items) => items.iter().map(|item| sorted(item, depth + 1)).collect(),
            other => other.clone(),
        }
    }
    seed::sha256(sorted(body, 0).to_string().as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_body_hash_knows_neither_order_nor_names_of_an_attempt() {
        let one = body_hash(&json!({"a": {"x": 1, "y": [2]}, "client_ref": "one"}));
        let again = body_hash(&json!({"client_ref": "two", "a": {"y": [2], "x": 1}}));
        let other = body_hash(&json!({"a": {"y": [3], "x": 1}}));
        assert_eq!(one, again);
        assert_ne!(one, other);
    }
}
