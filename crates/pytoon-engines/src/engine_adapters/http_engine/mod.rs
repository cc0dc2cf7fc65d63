//! Engines defined as data: a vendor whose API is described in `engine.yaml` needs no code.
//!
//! Guarantees: an invalid description is rejected when it is read, with the field's name; omitted fields have the
//! same defaults as every other engine (statuses, unknown states, the possible acceptance of a call).
//!
//! This module does not cover uploads, or vendors that sign their calls: those need an adapter in code. The
//! guide `docs/guides/adding-an-engine.md` has an example.
//!
//! Start with [`HttpEngine`].

mod options;

use super::common::{self, CANCEL, HEALTH, LOOKUP, POLL, Picture, SUBMIT};
use super::shared_adapter::{Adapter, Paid, Vendor};
use super::template::{self, Values};
use super::{AdapterParts, AdapterResult, OptionProblem, read_options};
use crate::adapter::{
    Cancelled, Capabilities, EngineHealth, GenerateRequest, ImageInput, Lookup, Prepared, Task,
    TaskState,
};
use crate::http::{Body, Call, Reply, VendorHttp};
use crate::{ErrorStatus, Result, VendorError, VendorErrorKind};
use options::{Cost, ErrorRule, HttpOptions, Image};
use pytoon_vocabulary::MicroUsd;
use secrecy::SecretString;
use serde_json::{Value, json};
use std::time::Duration;

/// An engine whose vendor is described in the configuration.
#[derive(Debug)]
pub(super) struct HttpEngine {
    options: HttpOptions,
}

impl HttpEngine {
    /// Creates the adapter from its configuration block.
    pub(super) fn try_new(parts: &AdapterParts<'_>) -> AdapterResult {
        let options: HttpOptions = read_options(parts.config)?;
        options.check(parts)?;
        Adapter::build(parts, capabilities(&options)?, Self { options })
    }
}

impl Adapter<HttpEngine> {
    /// Returns the URL of a path from the description, with a task's id inserted.
    fn task_path(&self, path: &str, id: &str) -> url::Url {
        let values = template::values([("id", id.into())]);
        self.http.url(&template::fill_text(path, &values, common::segment))
    }

    fn values(&self, request: &GenerateRequest, image: Option<String>) -> Values {
        let ratio = common::ratio_named(&self.capabilities, request);
        template::values([
            ("prompt", request.prompt.as_str().into()),
            ("negative_prompt", request.negative_prompt.clone().into()),
            ("seconds", seconds(request.duration_ms)),
            ("duration_ms", request.duration_ms.into()),
            ("width", ratio.width.into()),
            ("height", ratio.height.into()),
            ("ratio", ratio.to_string().into()),
            ("seed", request.seed.into()),
            ("call_id", request.call_id.as_str().into()),
            ("image_data_uri", image.into()),
        ])
    }

    /// Returns the kind of failure that the first matching rule assigns to a response, or else `usual`.
    fn kind(&self, status: u16, body: &[u8], usual: VendorErrorKind) -> VendorErrorKind {
        let json: Option<Value> = serde_json::from_slice(body).ok();
        let text = String::from_utf8_lossy(body);
        let rules = &self.vendor.options.errors;
        let found = rules.iter().find(|rule| fits(rule, status, json.as_ref(), &text));
        found.map_or(usual, |rule| rule.kind)
    }

    /// Returns the vendor's error message, from the description's pointer or else from the usual fields; `None` if
    /// there is none.
    fn vendor_message(&self, reply: &Reply) -> Option<String> {
        let place = self.vendor.options.poll.error.as_deref();
        place
            .and_then(|place| common::text_at(&reply.json()?, place).map(str::to_owned))
            .or_else(|| common::vendor_message(reply))
    }

    async fn state(&self, json: Value, body: &[u8], id: &str) -> Result<TaskState> {
        let poll = &self.vendor.options.poll;
        let status = common::id_at(&json, &poll.status);
        let is = |words: &[String]| status.as_ref().is_some_and(|status| words.contains(status));
        let progress = || {
            let found = common::number_at(&json, poll.progress.as_deref()?)?;
            Some((found * poll.progress_scale).clamp(0.0, 1.0))
        };
        let failed = |kind: VendorErrorKind| {
            let reason = poll.error.as_deref().and_then(|place| common::text_at(&json, place));
            let status = status.as_deref().unwrap_or_default();
            let said = common::failure_message(status, reason);
            let error = common::task_failed(&self.http, kind, &said).with_charged(self.cost(&json));
            Ok(TaskState::Failed(error))
        };
        let states = &poll.states;
        if is(&states.succeeded) {
            return self.fetch_success_state(json, id).await;
        }
        let ends = [
            (&states.refused, VendorErrorKind::Moderation),
            (&states.cancelled, VendorErrorKind::Cancelled),
            (&states.failed, self.kind(200, body, VendorErrorKind::Server)),
        ];
        if let Some((_, kind)) = ends.into_iter().find(|(words, _)| is(words)) {
            return failed(kind);
        }
        if is(&states.queued) {
            return Ok(TaskState::Queued { mark: progress().map(|p| p.to_string()) });
        }
        if is(&states.running) {
            return Ok(common::running(progress()));
        }
        Ok(common::unknown_status(&self.http, status.as_deref()))
    }

    async fn fetch_success_state(&self, poll: Value, id: &str) -> Result<TaskState> {
        let cost = self.cost(&poll);
        let place = &self.vendor.options.result;
        let result = match &place.path {
            None => poll,
            Some(path) => {
                let reply = self.send(Call::get(POLL, self.task_path(path, id))).await?;
                if !reply.is_success() {
                    return HttpEngine::interpret_refused_poll(self, &reply);
                }
                reply.json().ok_or_else(|| self.unreadable(POLL, &reply))?
            }
        };
        let message = format!("the reply has no clip URL at {}", place.url);
        Ok(common::success_state(&self.http, common::text_at(&result, &place.url), &message, cost))
    }

    fn cost(&self, json: &Value) -> Option<MicroUsd> {
        money(json, self.vendor.options.poll.cost.as_ref())
    }
}

fn money(json: &Value, cost: Option<&Cost>) -> Option<MicroUsd> {
    cost.and_then(|cost| common::cost_at(json, &cost.pointer, cost.usd_per_unit))
}

/// Converts milliseconds to seconds. Whole seconds become an integer, since vendors reject `5.0`.
fn seconds(ms: u32) -> Value {
    if ms.is_multiple_of(1000) { (ms / 1000).into() } else { (f64::from(ms) / 1000.0).into() }
}

fn fits(rule: &ErrorRule, status: u16, json: Option<&Value>, text: &str) -> bool {
    let place = rule.pointer.as_deref().and_then(|pointer| json?.pointer(pointer));
    let looked_at = match place {
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
        None => text.to_owned(),
    };
    let contains = |part: &String| looked_at.to_lowercase().contains(&part.to_lowercase());
    rule.status.is_none_or(|wanted| wanted == status)
        && rule.pointer.is_some() == place.is_some()
        && rule.equals.as_ref().is_none_or(|wanted| place == Some(wanted))
        && rule.contains.as_ref().is_none_or(contains)
}

fn capabilities(options: &HttpOptions) -> Result<Capabilities, OptionProblem> {
    let sold = &options.capabilities;
    // The pictures of a film are local files without a public address.
    let (is_inline, most) = (sold.image == Image::Inline, sold.max_image_bytes);
    Ok(Capabilities {
        from_words: sold.text_to_video.then(|| options.offer(false)).transpose()?,
        from_picture: is_inline.then(|| options.offer(true)).transpose()?,
        image_inputs: is_inline.then_some(ImageInput::Inline(most)).into_iter().collect(),
        max_prompt: sold.max_prompt,
        cancel: options.cancel.is_some(),
        lookup_settles: options.lookup.as_ref().map(|l| Duration::from_secs(l.settles_seconds)),
        ..Capabilities::default()
    })
}

impl Vendor for HttpEngine {
    fn price_key(&self, _request: &GenerateRequest) -> String {
        self.options.model.clone()
    }

    fn sign(engine: &Adapter<Self>, mut call: Call) -> Result<Call> {
        let options = &engine.vendor.options;
        for (name, value) in &options.headers {
            call = call.header(name, value);
        }
        let Some(auth) = &options.auth else { return Ok(call) };
        let key = common::key(&engine.http, call.operation)?;
        if let Some(name) = &auth.query {
            return Ok(call.secret_query(name, SecretString::from(key)));
        }
        let value = SecretString::from(auth.format.replace("{{key}}", key));
        Ok(call.secret_header(auth.header.as_deref().unwrap_or("Authorization"), value))
    }

    fn meaning(engine: &Adapter<Self>, reply: &Reply) -> (VendorErrorKind, Option<String>) {
        let usual = common::submit_kind(reply.status);
        (engine.kind(reply.status, &reply.body, usual), engine.vendor_message(reply))
    }

    fn refusal_error(
        engine: &Adapter<Self>,
        operation: &'static str,
        reply: &Reply,
    ) -> VendorError {
        let (kind, said) = Self::meaning(engine, reply);
        engine.http.refusal(operation, kind, reply, said.as_deref())
    }

    /// Interprets a poll response outside 2xx. A rule that classifies it as moderated, lost or invalid ends the task;
    /// a rule with another kind makes only this poll fail. Without a rule, the status decides.
    fn interpret_refused_poll(engine: &Adapter<Self>, reply: &Reply) -> Result<TaskState> {
        let usual = VendorHttp::kind_of_status(reply.status);
        match engine.kind(reply.status, &reply.body, usual) {
            kind if kind == usual => common::interpret_refused_poll(&engine.http, reply),
            kind @ (VendorErrorKind::Moderation
            | VendorErrorKind::Lost
            | VendorErrorKind::InvalidRequest) => {
                let said = engine
                    .vendor_message(reply)
                    .unwrap_or_else(|| format!("HTTP {}", reply.status));
                Ok(TaskState::Failed(common::task_failed(&engine.http, kind, &said)))
            }
            kind => {
                let error =
                    engine.http.refusal(POLL, kind, reply, engine.vendor_message(reply).as_deref());
                Err(error.with_status(match kind {
                    VendorErrorKind::Auth => ErrorStatus::Permanent,
                    _ => ErrorStatus::Temporary,
                }))
            }
        }
    }

    async fn health(engine: &Adapter<Self>) -> Result<EngineHealth> {
        let Some(health) = &engine.vendor.options.health else {
            let detail = Some("not checked: options.health is not set".to_owned());
            return Ok(EngineHealth { balance: None, detail });
        };
        let reply = engine.ask(Call::get(HEALTH, engine.http.url(&health.path))).await?;
        let json = reply.json().unwrap_or_default();
        Ok(EngineHealth { balance: money(&json, health.balance.as_ref()), detail: None })
    }

    async fn body(engine: &Adapter<Self>, request: &GenerateRequest) -> Result<Paid> {
        let image = match &request.image {
            Some(path) => {
                let most = common::largest_picture(&engine.capabilities);
                Some(Picture::read(engine.http.engine(), path, most).await?.data_uri())
            }
            None => None,
        };
        let submit = &engine.vendor.options.submit;
        let values = engine.values(request, image);
        let headers: Values = submit
            .headers
            .iter()
            .map(|(name, value)| {
                (name.clone(), template::fill_text(value, &values, str::to_owned).into())
            })
            .collect();
        let body = template::fill(&submit.body, &values).unwrap_or_default();
        let path = template::fill_text(&submit.path, &values, common::segment);
        Ok((path, json!({ "headers": headers, "body": body })))
    }

    async fn submit(engine: &Adapter<Self>, prepared: &Prepared) -> Result<Task> {
        let url = engine.http.url(&prepared.path);
        let submit = &engine.vendor.options.submit;
        let mut call = Call::new(SUBMIT, submit.method.clone(), url).mark_paid();
        call.body = Body::Json(prepared.body["body"].clone());
        for (name, value) in common::fields_at(&prepared.body, "/headers") {
            call = call.header(name, value.as_str().unwrap_or_default());
        }
        let reply = engine.send(call).await?;
        let (id, _) = engine.parse_submission(&reply, &submit.id)?;
        Ok(Task { id, data: Value::Null })
    }

    async fn poll(engine: &Adapter<Self>, task: &Task) -> Result<TaskState> {
        let url = engine.task_path(&engine.vendor.options.poll.path, &task.id);
        let state =
            |json, reply: Reply| async move { engine.state(json, &reply.body, &task.id).await };
        engine.poll_at(url, state).await
    }

    async fn cancel(engine: &Adapter<Self>, task: &Task) -> Result<Cancelled> {
        let Some(cancel) = &engine.vendor.options.cancel else {
            return Ok(Cancelled::Unsupported);
        };
        let url = engine.task_path(&cancel.path, &task.id);
        let reply = engine.send(Call::new(CANCEL, cancel.method.clone(), url)).await?;
        // The description does not say that the vendor really stops.
        common::cancel_outcome(&engine.http, &reply, Cancelled::Asked)
    }

    async fn lookup(engine: &Adapter<Self>, prepared: &Prepared) -> Result<Lookup> {
        let Some(lookup) = &engine.vendor.options.lookup else { return Ok(Lookup::CannotSay) };
        let call_id = &prepared.request.call_id;
        let values = template::values([("call_id", call_id.as_str().into())]);
        let path = template::fill_text(&lookup.path, &values, common::segment);
        let reply = engine.ask(Call::get(LOOKUP, engine.http.url(&path))).await?;
        let json = reply.json().unwrap_or_default();
        let Some(items) = json.pointer(&lookup.items).and_then(Value::as_array) else {
            return Ok(Lookup::CannotSay);
        };
        let is_ours =
            |item: &&Value| common::text_at(item, &lookup.reference) == Some(call_id.as_str());
        if let Some(item) = items.iter().find(is_ours) {
            let id = common::id_at(item, &lookup.id);
            let found = |id| Lookup::Found(Task { id, data: Value::Null });
            return Ok(id.map_or(Lookup::CannotSay, found));
        }
        // A truncated list may omit our call.
        Ok(if items.len() < lookup.limit { Lookup::Absent } else { Lookup::CannotSay })
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
