//! Engines as data: a vendor whose interface is described in `engine.yaml` needs no code.
//!
//! Guarantees: a description that cannot work is refused when it is read, by field; what it says
//! nothing about means what it means for every other engine (statuses, unknown states, whether a
//! call may have been taken on).
//!
//! Does not cover uploads, or vendors that sign their calls: those need an adapter in code. The
//! guide `docs/guides/adding-an-engine.md` has an example.
//!
//! Start with [`HttpEngine`].

mod options;

use super::common::{self, CANCEL, HEALTH, LOOKUP, POLL, Picture, SUBMIT};
use super::template::{self, Values};
use super::{AdapterParts, OptionProblem, read_options};
use crate::adapter::{
    Cancelled, Capabilities, EngineFuture, EngineHealth, ExternalEngineAdapter, GenerateRequest,
    GeneratedClip, ImageInput, Lookup, Output, Prepared, PromptUnit, Task, TaskState,
};
use crate::http::{Call, DownloadLimits, Reply, VendorHttp};
use crate::{ErrorStatus, VendorError, VendorErrorKind};
use options::{Cost, ErrorRule, HttpOptions, Image};
use pytoon_vocabulary::MicroUsd;
use reqwest::Method;
use secrecy::SecretString;
use serde_json::{Value, json};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// The adapter.
#[derive(Debug)]
pub(super) struct HttpEngine {
    http: VendorHttp,
    capabilities: Capabilities,
    limits: DownloadLimits,
    options: HttpOptions,
    submit_method: Method,
    cancel_method: Method,
}

impl HttpEngine {
    /// Makes the adapter from its block.
    pub(super) fn try_new(
        parts: &AdapterParts<'_>,
    ) -> Result<Arc<dyn ExternalEngineAdapter>, OptionProblem> {
        let options: HttpOptions = read_options(parts.config)?;
        options.check(parts)?;
        let cancel = options.cancel.as_ref().map_or("DELETE", |cancel| cancel.method.as_str());
        Ok(Arc::new(Self {
            http: parts.http.clone(),
            capabilities: capabilities(&options)?,
            limits: common::download_limits(parts.config),
            submit_method: options::method(&options.submit.method, "options.submit.method")?,
            cancel_method: options::method(cancel, "options.cancel.method")?,
            options,
        }))
    }

    fn call(&self, mut call: Call) -> Result<Call, VendorError> {
        for (name, value) in &self.options.headers {
            call = call.header(name, value);
        }
        let Some(auth) = &self.options.auth else { return Ok(call) };
        let key = common::key(&self.http, call.operation)?;
        if let Some(name) = &auth.query {
            return Ok(call.secret_query(name, SecretString::from(key.to_owned())));
        }
        let value = SecretString::from(auth.format.replace("{{key}}", key));
        Ok(call.secret_header(auth.header.as_deref().unwrap_or("Authorization"), value))
    }

    async fn send(&self, call: Call) -> Result<Reply, VendorError> {
        self.http.send(self.call(call)?).await
    }

    /// A path of the description with a task's id in it.
    fn task_path(&self, path: &str, id: &str) -> url::Url {
        let mut values = Values::new();
        values.insert("id".into(), id.into());
        self.http.url(&template::fill_text(path, &values, common::segment))
    }

    fn values(&self, request: &GenerateRequest, image: Option<String>) -> Values {
        let ratio = common::ratio_named(&self.capabilities, request);
        let mut values = Values::new();
        let mut set = |name: &str, value: Value| values.insert(name.to_owned(), value);
        set("prompt", request.prompt.as_str().into());
        set("negative_prompt", request.negative_prompt.clone().into());
        set("seconds", seconds(request.duration_ms));
        set("duration_ms", request.duration_ms.into());
        set("width", ratio.width.into());
        set("height", ratio.height.into());
        set("ratio", ratio.to_string().into());
        set("seed", request.seed.into());
        set("call_id", request.call_id.as_str().into());
        set("image_data_uri", image.into());
        values
    }

    /// What an answer means: the first rule that fits, else `usual`.
    fn kind(&self, status: u16, body: &[u8], usual: VendorErrorKind) -> VendorErrorKind {
        let json: Option<Value> = serde_json::from_slice(body).ok();
        let text = String::from_utf8_lossy(body);
        let found =
            self.options.errors.iter().find(|rule| fits(rule, status, json.as_ref(), &text));
        found.map_or(usual, |rule| rule.kind.into())
    }

    /// What the vendor says went wrong, where the description knows the place.
    fn said(&self, reply: &Reply) -> Option<String> {
        let described = self
            .options
            .poll
            .error
            .as_deref()
            .and_then(|place| common::text_at(&reply.json()?, place).map(str::to_owned));
        described.or_else(|| common::said(reply))
    }

    fn refused(&self, operation: &'static str, reply: &Reply) -> VendorError {
        let kind = self.kind(reply.status, &reply.body, common::submit_kind(reply.status));
        self.http.refusal(operation, kind, reply, self.said(reply).as_deref())
    }

    /// A poll that was refused. A rule may say that it was the content, or that the task is gone.
    fn refused_poll(&self, reply: &Reply) -> Result<TaskState, VendorError> {
        let usual = VendorHttp::kind_of_status(reply.status);
        match self.kind(reply.status, &reply.body, usual) {
            kind if kind == usual => common::refused_poll(&self.http, reply),
            kind @ (VendorErrorKind::Moderation
            | VendorErrorKind::Lost
            | VendorErrorKind::InvalidRequest) => {
                let said = self.said(reply).unwrap_or_else(|| format!("HTTP {}", reply.status));
                Ok(TaskState::Failed(common::task_failed(&self.http, kind, &said)))
            }
            kind => Err(self
                .http
                .refusal(POLL, kind, reply, self.said(reply).as_deref())
                .with_status(match kind {
                    VendorErrorKind::Auth => ErrorStatus::Permanent,
                    _ => ErrorStatus::Temporary,
                })),
        }
    }

    async fn state(&self, json: Value, body: &[u8], id: &str) -> Result<TaskState, VendorError> {
        let poll = &self.options.poll;
        let status = common::id_at(&json, &poll.status);
        let is = |words: &[String]| status.as_ref().is_some_and(|status| words.contains(status));
        let progress = || {
            let found = common::number_at(&json, poll.progress.as_deref()?)?;
            Some((found * poll.progress_scale).clamp(0.0, 1.0))
        };
        let failed = |kind: VendorErrorKind| {
            let reason = poll.error.as_deref().and_then(|place| common::text_at(&json, place));
            let said = format!(
                "{}: {}",
                status.as_deref().unwrap_or_default(),
                reason.unwrap_or("no reason")
            );
            let error = common::task_failed(&self.http, kind, &said).charged(self.cost(&json));
            Ok(TaskState::Failed(error))
        };
        let states = &poll.states;
        if is(&states.succeeded) {
            return self.succeeded(json, id).await;
        }
        if is(&states.refused) {
            return failed(VendorErrorKind::Moderation);
        }
        if is(&states.cancelled) {
            return failed(VendorErrorKind::Cancelled);
        }
        if is(&states.failed) {
            return failed(self.kind(200, body, VendorErrorKind::Server));
        }
        if is(&states.queued) {
            return Ok(TaskState::Queued { mark: progress().map(|p| p.to_string()) });
        }
        if is(&states.running) {
            return Ok(TaskState::Running { progress: progress(), unknown_status: None });
        }
        Ok(common::unknown_status(&self.http, status.as_deref()))
    }

    async fn succeeded(&self, poll: Value, id: &str) -> Result<TaskState, VendorError> {
        let cost = self.cost(&poll);
        let result = match &self.options.result.path {
            None => poll,
            Some(path) => {
                let reply = self.send(Call::get(POLL, self.task_path(path, id))).await?;
                if !reply.is_success() {
                    return self.refused_poll(&reply);
                }
                reply.json().ok_or_else(|| common::unreadable_poll(&self.http, &reply))?
            }
        };
        Ok(match common::text_at(&result, &self.options.result.url) {
            Some(url) => {
                TaskState::Succeeded { output: Output { url: url.to_owned(), credit: None }, cost }
            }
            None => {
                let message = format!("there is no clip at {}", self.options.result.url);
                common::no_clip(&self.http, &message, cost)
            }
        })
    }

    fn cost(&self, json: &Value) -> Option<MicroUsd> {
        money(json, self.options.poll.cost.as_ref())
    }
}

fn money(json: &Value, cost: Option<&Cost>) -> Option<MicroUsd> {
    cost.and_then(|cost| common::cost_at(json, &cost.pointer, cost.usd_per_unit))
}

/// Whole seconds as a whole number: vendors refuse `5.0`.
fn seconds(ms: u32) -> Value {
    if ms.is_multiple_of(1000) { (ms / 1000).into() } else { (f64::from(ms) / 1000.0).into() }
}

fn fits(rule: &ErrorRule, status: u16, json: Option<&Value>, text: &str) -> bool {
    if rule.status.is_some_and(|wanted| wanted != status) {
        return false;
    }
    let place = rule.pointer.as_deref().and_then(|pointer| json?.pointer(pointer));
    if rule.pointer.is_some() && place.is_none() {
        return false;
    }
    let looked_at = match place {
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
        None => text.to_owned(),
    };
    rule.equals.as_ref().is_none_or(|wanted| place == Some(wanted))
        && rule
            .contains
            .as_ref()
            .is_none_or(|part| looked_at.to_lowercase().contains(&part.to_lowercase()))
}

fn capabilities(options: &HttpOptions) -> Result<Capabilities, OptionProblem> {
    let sold = &options.capabilities;
    Ok(Capabilities {
        from_words: if sold.text_to_video { Some(options.offer(false)?) } else { None },
        from_picture: match sold.image {
            Image::Inline => Some(options.offer(true)?),
            Image::None | Image::Url => None,
        },
        image_inputs: match sold.image {
            Image::Inline => vec![ImageInput::Inline(sold.max_image_bytes)],
            // A film's pictures are files, and nobody has put them anywhere.
            Image::None | Image::Url => Vec::new(),
        },
        max_prompt: sold.max_prompt,
        prompt_unit: PromptUnit::Chars,
        cancel: options.cancel.is_some(),
        lookup_settles: options.lookup.as_ref().map(|l| Duration::from_secs(l.settles_seconds)),
        is_stock: false,
    })
}

impl ExternalEngineAdapter for HttpEngine {
    fn name(&self) -> &str {
        self.http.engine()
    }

    fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    fn price_key(&self, _request: &GenerateRequest) -> String {
        self.options.model.clone()
    }

    fn health_check(&self) -> EngineFuture<'_, EngineHealth> {
        Box::pin(async move {
            let Some(health) = &self.options.health else {
                let detail = Some("no health call is described".to_owned());
                return Ok(EngineHealth { balance: None, detail });
            };
            let reply = self.send(Call::get(HEALTH, self.http.url(&health.path))).await?;
            if !reply.is_success() {
                return Err(self.refused(HEALTH, &reply));
            }
            let json = reply.json().unwrap_or_default();
            Ok(EngineHealth { balance: money(&json, health.balance.as_ref()), detail: None })
        })
    }

    fn prepare<'a>(&'a self, request: &'a GenerateRequest) -> EngineFuture<'a, Prepared> {
        Box::pin(async move {
            common::check_request(self.name(), &self.capabilities, request)?;
            let image = match &request.image {
                Some(path) => {
                    let most = common::largest_picture(&self.capabilities);
                    Some(Picture::read(self.name(), path, most).await?.data_uri())
                }
                None => None,
            };
            let submit = &self.options.submit;
            let values = self.values(request, image);
            let headers: Value = submit
                .headers
                .iter()
                .map(|(name, value)| {
                    (name.clone(), template::fill_text(value, &values, str::to_owned).into())
                })
                .collect::<serde_json::Map<_, _>>()
                .into();
            let body = template::fill(&submit.body, &values).unwrap_or_default();
            Ok(Prepared {
                request: request.clone(),
                body: json!({ "headers": headers, "body": body }),
                path: template::fill_text(&submit.path, &values, common::segment),
            })
        })
    }

    fn submit<'a>(&'a self, prepared: &'a Prepared) -> EngineFuture<'a, Task> {
        Box::pin(async move {
            let url = self.http.url(&prepared.path);
            let mut call = Call::new(SUBMIT, self.submit_method.clone(), url).paid();
            call.body = crate::http::Body::Json(prepared.body["body"].clone());
            for (name, value) in prepared.body["headers"].as_object().into_iter().flatten() {
                call = call.header(name, value.as_str().unwrap_or_default());
            }
            let reply = self.send(call).await?;
            if !reply.is_success() {
                let usual = common::submit_kind(reply.status);
                let kind = self.kind(reply.status, &reply.body, usual);
                let said = self.said(&reply);
                return Err(common::refused_submit(&self.http, kind, &reply, said.as_deref()));
            }
            let id = reply
                .json()
                .and_then(|json| common::id_at(&json, &self.options.submit.id))
                .ok_or_else(|| common::unreadable_submit(&self.http, &reply))?;
            Ok(Task { id, data: Value::Null })
        })
    }

    fn poll<'a>(&'a self, task: &'a Task) -> EngineFuture<'a, TaskState> {
        Box::pin(async move {
            let url = self.task_path(&self.options.poll.path, &task.id);
            let reply = self.send(Call::get(POLL, url)).await?;
            if !reply.is_success() {
                return self.refused_poll(&reply);
            }
            let json = reply
                .json()
                .filter(Value::is_object)
                .ok_or_else(|| common::unreadable_poll(&self.http, &reply))?;
            self.state(json, &reply.body, &task.id).await
        })
    }

    fn cancel<'a>(&'a self, task: &'a Task) -> EngineFuture<'a, Cancelled> {
        Box::pin(async move {
            let Some(cancel) = &self.options.cancel else { return Ok(Cancelled::Unsupported) };
            let url = self.task_path(&cancel.path, &task.id);
            let reply = self.send(Call::new(CANCEL, self.cancel_method.clone(), url)).await?;
            // Nothing in the description says that the vendor really stops.
            common::cancel_outcome(&self.http, &reply, Cancelled::Asked)
        })
    }

    fn fetch<'a>(&'a self, output: &'a Output, to: &'a Path) -> EngineFuture<'a, GeneratedClip> {
        Box::pin(common::fetch(&self.http, self.limits, output, to))
    }

    fn lookup<'a>(&'a self, prepared: &'a Prepared) -> EngineFuture<'a, Lookup> {
        Box::pin(async move {
            let Some(lookup) = &self.options.lookup else { return Ok(Lookup::CannotSay) };
            let call_id = &prepared.request.call_id;
            let mut values = Values::new();
            values.insert("call_id".into(), call_id.as_str().into());
            let path = template::fill_text(&lookup.path, &values, common::segment);
            let reply = self.send(Call::get(LOOKUP, self.http.url(&path))).await?;
            if !reply.is_success() {
                return Err(self.refused(LOOKUP, &reply));
            }
            let json = reply.json().unwrap_or_default();
            let Some(items) = json.pointer(&lookup.items).and_then(Value::as_array) else {
                return Ok(Lookup::CannotSay);
            };
            let is_ours = |item: &&Value| common::text_at(item, &lookup.reference) == Some(call_id);
            if let Some(item) = items.iter().find(is_ours) {
                return Ok(common::id_at(item, &lookup.id).map_or(Lookup::CannotSay, |id| {
                    Lookup::Found(Task { id, data: Value::Null })
                }));
            }
            // A list that was cut short may have lost ours.
            Ok(if items.len() < lookup.limit { Lookup::Absent } else { Lookup::CannotSay })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_are_tried_in_order() {
        let rule = |value: Value| -> ErrorRule { serde_json::from_value(value).expect("rule") };
        let body = json!({ "code": 7, "error": "Unsafe content" });
        let text = body.to_string();
        for (written, status, expected) in [
            (json!({ "status": 400, "kind": "server" }), 400, true),
            (json!({ "status": 400, "kind": "server" }), 422, false),
            (json!({ "pointer": "/code", "equals": 7, "kind": "server" }), 422, true),
            (json!({ "pointer": "/code", "equals": "7", "kind": "server" }), 422, false),
            (json!({ "pointer": "/error", "contains": "unsafe", "kind": "server" }), 422, true),
            (json!({ "pointer": "/no", "contains": "unsafe", "kind": "server" }), 422, false),
            (json!({ "contains": "CONTENT", "kind": "server" }), 422, true),
        ] {
            let rule = rule(written.clone());
            assert_eq!(fits(&rule, status, Some(&body), &text), expected, "{written}");
        }
    }

    #[test]
    fn whole_seconds_are_whole_numbers() {
        assert_eq!(seconds(5000), json!(5));
        assert_eq!(seconds(2500), json!(2.5));
    }
}
