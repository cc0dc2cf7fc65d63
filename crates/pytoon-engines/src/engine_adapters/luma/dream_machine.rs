//! The adapter for Luma's older API.
//!
//! Guarantees: pictures are not offered, since the vendor fetches them from public URLs, which Pytoon's pictures do
//! not have; moderated content, which has no code in this API, is recognized by the vendor's wording.
//!
//! Calls cannot carry Pytoon's id, and a generation with the same prompt may belong to an earlier call. A lookup can
//! therefore prove that a call never arrived, but not which generation belongs to it, so [`Lookup::Found`] is never
//! returned.

use super::super::common::{self, CANCEL, HEALTH, LOOKUP};
use super::super::shared_adapter::{Adapter, Paid, Vendor};
use super::super::{AdapterParts, AdapterResult};
use super::{Options, one_of};
use crate::adapter::{
    Cancelled, Capabilities, EngineHealth, GenerateRequest, Lookup, Prepared, Task, TaskState,
};
use crate::http::Call;
use crate::{Result, VendorErrorKind};
use pytoon_vendor::errors::Row;
use reqwest::Method;
use serde_json::{Value, json};
use url::Url;

const RATIOS: &[(u32, u32)] = &[(9, 16), (16, 9), (1, 1), (3, 4), (4, 3), (9, 21), (21, 9)];
const MODELS: &[&str] = &["ray-2", "ray-flash-2"];
const RESOLUTIONS: &[&str] = &["540p", "720p", "1080p", "4k"];
/// The length of accepted prompts, in characters.
const PROMPT: std::ops::RangeInclusive<usize> = 3..=5000;
/// The value of a cent, the unit of the balance, in US dollars.
const USD_PER_CENT: f64 = 0.01;

/// The adapter for Luma's older API.
#[derive(Debug)]
pub(super) struct DreamMachine(Options);

impl DreamMachine {
    pub(super) fn try_new(parts: &AdapterParts<'_>, options: Options) -> AdapterResult {
        one_of(&options.model, MODELS, "options.model")?;
        one_of(&options.resolution, RESOLUTIONS, "options.resolution")?;
        let sold = Capabilities {
            from_words: Some(common::offer(vec![5000, 9000], RATIOS)),
            max_prompt: *PROMPT.end(),
            cancel: true,
            lookup_settles: Some(common::LIST_SETTLES),
            ..Capabilities::default()
        };
        Adapter::build(parts, sold, Self(options))
    }
}

impl Adapter<DreamMachine> {
    fn generation(&self, id: &str) -> Url {
        self.http.url(&format!("/generations/{}", common::segment(id)))
    }

    fn state(&self, json: &Value) -> TaskState {
        match common::text_at(json, "/state") {
            Some("queued") => TaskState::Queued { mark: None },
            Some("dreaming") => common::running(None),
            Some("completed") => {
                let clip = common::text_at(json, "/assets/video");
                common::success_state(&self.http, clip, "the task completed without a clip", None)
            }
            Some("failed") => {
                let reason = common::text_at(json, "/failure_reason").unwrap_or(common::NO_REASON);
                let kind = failure_kind(reason);
                TaskState::Failed(common::task_failed(&self.http, kind, reason))
            }
            other => common::unknown_status(&self.http, other),
        }
    }
}

fn failure_kind(reason: &str) -> VendorErrorKind {
    let lower = reason.to_lowercase();
    if common::names_moderation(reason) {
        VendorErrorKind::Moderation
    } else if lower.contains("read user input") {
        VendorErrorKind::InvalidRequest
    } else {
        VendorErrorKind::Server
    }
}

impl Vendor for DreamMachine {
    const REFUSALS: &'static [Row] = super::REFUSALS;

    fn price_key(&self, _request: &GenerateRequest) -> String {
        format!("{}@{}", self.0.model, self.0.resolution)
    }

    async fn health(engine: &Adapter<Self>) -> Result<EngineHealth> {
        let reply = engine.ask(Call::get(HEALTH, engine.http.url("/credits"))).await?;
        let json = reply.json().unwrap_or_default();
        let balance = common::cost_at(&json, "/credit_balance", USD_PER_CENT);
        Ok(EngineHealth { balance, detail: None })
    }

    async fn body(engine: &Adapter<Self>, request: &GenerateRequest) -> Result<Paid> {
        if request.prompt.trim().chars().count() < *PROMPT.start() {
            let message = format!("the prompt has fewer than {} characters", PROMPT.start());
            return Err(common::unsupported_error(engine.http.engine(), message));
        }
        let body = json!({
            "generation_type": "video",
            "model": engine.vendor.0.model,
            "prompt": request.prompt,
            "aspect_ratio": common::ratio_named(&engine.capabilities, request).to_string(),
            "duration": format!("{}s", request.duration_ms / 1000),
            "resolution": engine.vendor.0.resolution,
        });
        Ok(("/generations/video".to_owned(), body))
    }

    async fn poll(engine: &Adapter<Self>, task: &Task) -> Result<TaskState> {
        let url = engine.generation(&task.id);
        engine.poll_at(url, |json, _| async move { Ok(engine.state(&json)) }).await
    }

    async fn cancel(engine: &Adapter<Self>, task: &Task) -> Result<Cancelled> {
        // Deleting a finished generation deletes its clip, so check first.
        match Self::poll(engine, task).await? {
            TaskState::Succeeded { .. } | TaskState::Failed(_) => return Ok(Cancelled::TooLate),
            TaskState::Queued { .. } | TaskState::Running { .. } => {}
        }
        let call = Call::new(CANCEL, Method::DELETE, engine.generation(&task.id));
        // The vendor does not document whether a delete stops the work.
        common::cancel_outcome(&engine.http, &engine.send(call).await?, Cancelled::Asked)
    }

    async fn lookup(engine: &Adapter<Self>, prepared: &Prepared) -> Result<Lookup> {
        let url = engine.http.url("/generations?limit=100&offset=0");
        let reply = engine.ask(Call::get(LOOKUP, url)).await?;
        Ok(reply.json().map_or(Lookup::CannotSay, |json| lookup_in_list(&json, prepared)))
    }
}

/// Returns [`Lookup::Absent`] if the list of generations is complete and every item states another prompt, or else
/// [`Lookup::CannotSay`]. A partial list proves nothing, since its order is not documented, and an item without a
/// prompt may belong to the call.
fn lookup_in_list(list: &Value, prepared: &Prepared) -> Lookup {
    let is_whole = list.pointer("/has_more").and_then(Value::as_bool) == Some(false);
    let Some(items) = list.pointer("/generations").and_then(Value::as_array) else {
        return Lookup::CannotSay;
    };
    let is_other = |item: &Value| {
        common::text_at(item, "/request/prompt")
            .is_some_and(|prompt| prompt.trim() != prepared.request.prompt.trim())
    };
    if is_whole && items.iter().all(is_other) { Lookup::Absent } else { Lookup::CannotSay }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::adapter::Ratio;

    #[test]
    fn a_lookup_never_guesses() {
        let request = GenerateRequest {
            call_id: "c".into(),
            prompt: "a quiet lake".into(),
            negative_prompt: None,
            image: None,
            duration_ms: 5000,
            ratio: Ratio { width: 9, height: 16 },
            seed: 1,
        };
        let prepared = Prepared { request, body: Value::Null, path: String::new() };
        let item = |prompt: &str| json!({ "id": "x", "request": { "prompt": prompt } });
        for (list, expected) in [
            (json!({ "has_more": false, "generations": [] }), Lookup::Absent),
            (json!({ "has_more": false, "generations": [item("a dog")] }), Lookup::Absent),
            (json!({ "has_more": true, "generations": [item("a dog")] }), Lookup::CannotSay),
            (json!({ "generations": [item("a dog")] }), Lookup::CannotSay),
            (
                json!({ "has_more": false, "generations": [item("a quiet lake")] }),
                Lookup::CannotSay,
            ),
            (json!({ "has_more": false, "generations": [{ "id": "y" }] }), Lookup::CannotSay),
            (json!({ "has_more": false }), Lookup::CannotSay),
        ] {
            assert_eq!(lookup_in_list(&list, &prepared), expected, "{list}");
        }
    }

    #[test]
    fn refused_content_is_detected_by_the_vendors_words() {
        for (reason, expected) in [
            ("Contains blacklisted words", VendorErrorKind::Moderation),
            ("Frame moderation failed", VendorErrorKind::Moderation),
            ("Failed to read user input frames", VendorErrorKind::InvalidRequest),
            ("Prompt processing failed", VendorErrorKind::Server),
        ] {
            assert_eq!(failure_kind(reason), expected, "{reason}");
        }
    }
}
