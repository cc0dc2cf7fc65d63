//! Luma's older interface.
//!
//! Guarantees: pictures are not sold, since the vendor fetches them from public addresses and
//! ours have none; refused content, which has no code here, is told by the words that the vendor
//! uses for it.
//!
//! Calls carry no mark of ours, and a generation with the same prompt may belong to an earlier
//! call: a lookup can show that a call never arrived, and never which generation is its. So
//! [`Lookup::Found`] is not given.

use super::super::common::{self, CANCEL, HEALTH, LOOKUP, POLL, SUBMIT};
use super::super::{AdapterParts, OptionProblem};
use super::{Options, REFUSALS, one_of};
use crate::adapter::{
    Cancelled, Capabilities, Durations, EngineFuture, EngineHealth, ExternalEngineAdapter,
    GenerateRequest, GeneratedClip, Lookup, Offer, Output, Prepared, PromptUnit, Task, TaskState,
};
use crate::http::{Call, DownloadLimits, VendorHttp};
use crate::{VendorError, VendorErrorKind};
use pytoon_vendor::errors;
use reqwest::Method;
use serde_json::{Value, json};
use std::path::Path;
use std::sync::Arc;

const RATIOS: &[(u32, u32)] = &[(9, 16), (16, 9), (1, 1), (3, 4), (4, 3), (9, 21), (21, 9)];
const MODELS: &[&str] = &["ray-2", "ray-flash-2"];
const RESOLUTIONS: &[&str] = &["540p", "720p", "1080p", "4k"];
/// Shortest and longest prompt, in characters.
const PROMPT: std::ops::RangeInclusive<usize> = 3..=5000;
/// US dollars a cent, the unit of the balance.
const USD_PER_CENT: f64 = 0.01;

/// The adapter.
#[derive(Debug)]
pub(super) struct DreamMachine {
    http: VendorHttp,
    capabilities: Capabilities,
    limits: DownloadLimits,
    model: String,
    resolution: String,
}

impl DreamMachine {
    pub(super) fn try_new(
        parts: &AdapterParts<'_>,
        options: &Options,
    ) -> Result<Arc<dyn ExternalEngineAdapter>, OptionProblem> {
        one_of(&options.model, MODELS, "options.model")?;
        one_of(&options.resolution, RESOLUTIONS, "options.resolution")?;
        Ok(Arc::new(Self {
            http: parts.http.clone(),
            capabilities: capabilities(),
            limits: common::download_limits(parts.config),
            model: options.model.clone(),
            resolution: options.resolution.clone(),
        }))
    }

    fn call(&self, call: Call) -> Result<Call, VendorError> {
        common::with_key(&self.http, call, "Bearer ")
    }

    fn generation(&self, operation: &'static str, method: Method, id: &str) -> Call {
        let url = self.http.url(&format!("/generations/{}", common::segment(id)));
        Call::new(operation, method, url)
    }

    fn state(&self, json: &Value) -> TaskState {
        match common::text_at(json, "/state") {
            Some("queued") => TaskState::Queued { mark: None },
            Some("dreaming") => TaskState::Running { progress: None, unknown_status: None },
            Some("completed") => match common::text_at(json, "/assets/video") {
                Some(url) => TaskState::Succeeded {
                    output: Output { url: url.to_owned(), credit: None },
                    cost: None,
                },
                None => common::no_clip(&self.http, "it completed without a clip", None),
            },
            Some("failed") => {
                let reason = common::text_at(json, "/failure_reason").unwrap_or("no reason");
                self.failed(failure_kind(reason), reason)
            }
            other => common::unknown_status(&self.http, other),
        }
    }

    fn failed(&self, kind: VendorErrorKind, message: &str) -> TaskState {
        TaskState::Failed(common::task_failed(&self.http, kind, message))
    }
}

fn capabilities() -> Capabilities {
    Capabilities {
        from_words: Some(Offer {
            durations: Durations::Fixed(vec![5000, 9000]),
            ratios: common::ratios(RATIOS),
            follows_picture: false,
        }),
        from_picture: None,
        image_inputs: Vec::new(),
        max_prompt: *PROMPT.end(),
        prompt_unit: PromptUnit::Chars,
        cancel: true,
        lookup_settles: Some(common::LIST_SETTLES),
        is_stock: false,
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

impl ExternalEngineAdapter for DreamMachine {
    fn name(&self) -> &str {
        self.http.engine()
    }

    fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    fn price_key(&self, _request: &GenerateRequest) -> String {
        format!("{}@{}", self.model, self.resolution)
    }

    fn health_check(&self) -> EngineFuture<'_, EngineHealth> {
        Box::pin(async move {
            let call = self.call(Call::get(HEALTH, self.http.url("/credits")))?;
            let reply = self.http.send(call).await?;
            if !reply.is_success() {
                return Err(common::refused(&self.http, HEALTH, &reply));
            }
            let json = reply.json().unwrap_or_default();
            let balance = common::cost_at(&json, "/credit_balance", USD_PER_CENT);
            Ok(EngineHealth { balance, detail: None })
        })
    }

    fn prepare<'a>(&'a self, request: &'a GenerateRequest) -> EngineFuture<'a, Prepared> {
        Box::pin(async move {
            common::check_request(self.name(), &self.capabilities, request)?;
            if request.prompt.trim().chars().count() < *PROMPT.start() {
                return Err(common::unsupported(self.name(), "the prompt is too short"));
            }
            let body = json!({
                "generation_type": "video",
                "model": self.model,
                "prompt": request.prompt,
                "aspect_ratio": common::ratio_named(&self.capabilities, request).to_string(),
                "duration": format!("{}s", request.duration_ms / 1000),
                "resolution": self.resolution,
            });
            Ok(Prepared { request: request.clone(), body, path: "/generations/video".to_owned() })
        })
    }

    fn submit<'a>(&'a self, prepared: &'a Prepared) -> EngineFuture<'a, Task> {
        Box::pin(async move {
            let url = self.http.url(&prepared.path);
            let call = self.call(Call::post(SUBMIT, url, prepared.body.clone()))?.paid();
            let reply = self.http.send(call).await?;
            if !reply.is_success() {
                let (kind, said) = (errors::kind(REFUSALS, &reply), common::said(&reply));
                return Err(common::refused_submit(&self.http, kind, &reply, said.as_deref()));
            }
            let id = reply
                .json()
                .and_then(|json| common::id_at(&json, "/id"))
                .ok_or_else(|| common::unreadable_submit(&self.http, &reply))?;
            Ok(Task { id, data: Value::Null })
        })
    }

    fn poll<'a>(&'a self, task: &'a Task) -> EngineFuture<'a, TaskState> {
        Box::pin(async move {
            let call = self.call(self.generation(POLL, Method::GET, &task.id))?;
            let reply = self.http.send(call).await?;
            if !reply.is_success() {
                return common::refused_poll(&self.http, &reply);
            }
            let json = reply
                .json()
                .filter(Value::is_object)
                .ok_or_else(|| common::unreadable_poll(&self.http, &reply))?;
            Ok(self.state(&json))
        })
    }

    fn cancel<'a>(&'a self, task: &'a Task) -> EngineFuture<'a, Cancelled> {
        Box::pin(async move {
            // Deleting what is finished deletes the clip: look first.
            match self.poll(task).await? {
                TaskState::Succeeded { .. } | TaskState::Failed(_) => {
                    return Ok(Cancelled::TooLate);
                }
                TaskState::Queued { .. } | TaskState::Running { .. } => {}
            }
            let call = self.call(self.generation(CANCEL, Method::DELETE, &task.id))?;
            let reply = self.http.send(call).await?;
            // Whether deleting stops the work is not documented.
            common::cancel_outcome(&self.http, &reply, Cancelled::Asked)
        })
    }

    fn fetch<'a>(&'a self, output: &'a Output, to: &'a Path) -> EngineFuture<'a, GeneratedClip> {
        Box::pin(common::fetch(&self.http, self.limits, output, to))
    }

    fn lookup<'a>(&'a self, prepared: &'a Prepared) -> EngineFuture<'a, Lookup> {
        Box::pin(async move {
            let url = self.http.url("/generations?limit=100&offset=0");
            let reply = self.http.send(self.call(Call::get(LOOKUP, url))?).await?;
            if !reply.is_success() {
                return Err(common::refused(&self.http, LOOKUP, &reply));
            }
            Ok(reply.json().map_or(Lookup::CannotSay, |json| looked_up(&json, prepared)))
        })
    }
}

/// What a list of generations says about a call. The list's order is not documented, so only a
/// whole one counts; a generation without its request in it may be the one.
fn looked_up(list: &Value, prepared: &Prepared) -> Lookup {
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
            assert_eq!(looked_up(&list, &prepared), expected, "{list}");
        }
    }

    #[test]
    fn refused_content_is_told_by_the_vendors_words() {
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
