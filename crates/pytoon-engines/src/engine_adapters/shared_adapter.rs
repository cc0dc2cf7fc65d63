//! The structure that all adapters share: a paid call that creates a task, polling, and a clip at a URL. A [`Vendor`]
//! implements the differences.
//!
//! Guarantees: requests outside the offer are never prepared; every call with an API key goes through
//! [`Vendor::sign`]; a rejected paid call is classified by [`Vendor::meaning`].
//!
//! Start with [`Adapter`].

use super::common::{self, POLL, SUBMIT, UPLOAD};
use super::{AdapterParts, AdapterResult};
use crate::adapter::{
    Cancelled, Capabilities, EngineFuture, EngineHealth, ExternalEngineAdapter, Fetched,
    GenerateRequest, Lookup, Output, Prepared, Task, TaskState,
};
use crate::http::{Call, DownloadLimits, Reply, VendorHttp};
use crate::{Accepted, Result, VendorError, VendorErrorKind};
use pytoon_vendor::VendorFuture;
use pytoon_vendor::errors::{self, Row};
use pytoon_vendor::replies::paid_refusal_error;
use serde_json::Value;
use std::fmt;
use std::path::Path;
use std::sync::Arc;
use url::Url;

/// An engine: the HTTP client of its vendor, its offers, and the vendor-specific part.
#[derive(Debug)]
pub(super) struct Adapter<V> {
    pub(super) http: VendorHttp,
    pub(super) capabilities: Capabilities,
    pub(super) vendor: V,
    limits: DownloadLimits,
}

/// The path of the paid call below the vendor's address, and its body.
pub(super) type Paid = (String, Value);

/// The behaviour of one vendor, which the adapter calls.
pub(super) trait Vendor: fmt::Debug + Send + Sync + Sized + 'static {
    /// The error table for rejected paid calls.
    const REFUSALS: &'static [Row] = &[];

    /// Returns the key of a request in the price table. By default, all requests have the key `default`.
    fn price_key(&self, _request: &GenerateRequest) -> String {
        "default".to_owned()
    }

    /// Adds the API key to a call, by default as a bearer token.
    fn sign(engine: &Adapter<Self>, call: Call) -> Result<Call> {
        common::with_key(&engine.http, call, "Bearer ")
    }

    /// Returns the kind of error for a rejected paid call, and the vendor's message.
    fn meaning(_: &Adapter<Self>, reply: &Reply) -> (VendorErrorKind, Option<String>) {
        (errors::kind(Self::REFUSALS, reply), common::vendor_message(reply))
    }

    /// Returns the failure of a rejected free call.
    fn refusal_error(
        engine: &Adapter<Self>,
        operation: &'static str,
        reply: &Reply,
    ) -> VendorError {
        common::refusal_error(&engine.http, operation, reply)
    }

    /// Interprets a poll response outside 2xx.
    fn interpret_refused_poll(engine: &Adapter<Self>, reply: &Reply) -> Result<TaskState> {
        common::interpret_refused_poll(&engine.http, reply)
    }

    /// Checks the connection to the vendor without paying for a clip.
    fn health(engine: &Adapter<Self>) -> impl VendorFuture<EngineHealth>;

    /// Builds the path and body of the paid call for an offered request. Uploads its picture if necessary.
    fn body(engine: &Adapter<Self>, request: &GenerateRequest) -> impl VendorFuture<Paid>;

    /// Submits the paid call, and returns its task. By default, the task's id is the response's `/id`.
    fn submit(engine: &Adapter<Self>, prepared: &Prepared) -> impl VendorFuture<Task> {
        async {
            let reply = engine.post(&prepared.path, prepared.body.clone()).await?;
            let (id, _) = engine.parse_submission(&reply, "/id")?;
            Ok(Task { id, data: Value::Null })
        }
    }

    /// Returns the state of a task.
    fn poll(engine: &Adapter<Self>, task: &Task) -> impl VendorFuture<TaskState>;

    /// Asks the vendor to stop a task. The default is [`Cancelled::Unsupported`].
    fn cancel(_: &Adapter<Self>, _: &Task) -> impl VendorFuture<Cancelled> {
        async { Ok(Cancelled::Unsupported) }
    }

    /// Looks up a call whose reply never arrived. The default is [`Lookup::CannotSay`].
    fn lookup(_: &Adapter<Self>, _: &Prepared) -> impl VendorFuture<Lookup> {
        async { Ok(Lookup::CannotSay) }
    }
}

impl<V: Vendor> Adapter<V> {
    /// Creates the adapter of a vendor with these offers.
    pub(super) fn build(
        parts: &AdapterParts<'_>,
        capabilities: Capabilities,
        vendor: V,
    ) -> AdapterResult {
        let limits = common::download_limits(parts.config);
        Ok(Arc::new(Self { http: parts.http.clone(), capabilities, vendor, limits }))
    }

    /// Signs a call with the vendor's API key and sends it.
    pub(super) async fn send(&self, call: Call) -> Result<Reply> {
        self.http.send(V::sign(self, call)?).await
    }

    /// Sends a free call with the API key. Returns an error if the vendor rejects it.
    pub(super) async fn ask(&self, call: Call) -> Result<Reply> {
        let operation = call.operation;
        let reply = self.send(call).await?;
        if reply.is_success() { Ok(reply) } else { Err(V::refusal_error(self, operation, &reply)) }
    }

    /// Uploads a picture to the vendor's storage. The storage may belong to a third party, so the API key is not
    /// sent.
    pub(super) async fn store(&self, call: Call) -> Result<()> {
        let reply = self.http.send(call).await?;
        if reply.is_success() {
            Ok(())
        } else {
            Err(common::refusal_error(&self.http, UPLOAD, &reply))
        }
    }

    /// Returns the failure for a 2xx response that cannot be parsed.
    pub(super) fn unreadable(&self, operation: &'static str, reply: &Reply) -> VendorError {
        self.http.refusal(operation, VendorErrorKind::Protocol, reply, None)
    }

    /// Posts the body of the paid call.
    pub(super) async fn post(&self, path: &str, body: Value) -> Result<Reply> {
        self.send(Call::post(SUBMIT, self.http.url(path), body).mark_paid()).await
    }

    /// Returns the task's id from the reply to the paid call, and the whole reply as JSON. A rejection, or a reply
    /// without an id, is an error.
    pub(super) fn parse_submission(&self, reply: &Reply, id: &str) -> Result<(String, Value)> {
        if !reply.is_success() {
            let (kind, said) = V::meaning(self, reply);
            return Err(paid_refusal_error(&self.http, SUBMIT, kind, reply, said.as_deref()));
        }
        let json = reply.json().unwrap_or_default();
        let unknown = || self.unreadable(SUBMIT, reply).with_accepted(Accepted::Maybe);
        let id = common::id_at(&json, id).ok_or_else(unknown)?;
        Ok((id, json))
    }

    /// Polls a task at a URL and lets `state` interpret the JSON reply.
    pub(super) async fn poll_at<F: VendorFuture<TaskState>>(
        &self,
        url: Url,
        state: impl FnOnce(Value, Reply) -> F + Send,
    ) -> Result<TaskState> {
        let reply = self.send(Call::get(POLL, url)).await?;
        if !reply.is_success() {
            return V::interpret_refused_poll(self, &reply);
        }
        let json = reply.json().filter(Value::is_object);
        let json = json.ok_or_else(|| self.unreadable(POLL, &reply))?;
        state(json, reply).await
    }
}

impl<V: Vendor> ExternalEngineAdapter for Adapter<V> {
    fn name(&self) -> &str {
        self.http.engine()
    }

    fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    fn price_key(&self, request: &GenerateRequest) -> String {
        self.vendor.price_key(request)
    }

    fn health_check(&self) -> EngineFuture<'_, EngineHealth> {
        Box::pin(V::health(self))
    }

    fn prepare<'a>(&'a self, request: &'a GenerateRequest) -> EngineFuture<'a, Prepared> {
        Box::pin(async move {
            common::check_request(self.name(), &self.capabilities, request)?;
            let (path, body) = V::body(self, request).await?;
            Ok(Prepared { request: request.clone(), body, path })
        })
    }

    fn submit<'a>(&'a self, prepared: &'a Prepared) -> EngineFuture<'a, Task> {
        Box::pin(V::submit(self, prepared))
    }

    fn poll<'a>(&'a self, task: &'a Task) -> EngineFuture<'a, TaskState> {
        Box::pin(V::poll(self, task))
    }

    fn cancel<'a>(&'a self, task: &'a Task) -> EngineFuture<'a, Cancelled> {
        Box::pin(V::cancel(self, task))
    }

    fn fetch<'a>(&'a self, output: &'a Output, to: &'a Path) -> EngineFuture<'a, Fetched> {
        Box::pin(async move {
            let sha256 = self.http.download(&output.url, to, self.limits).await?;
            Ok(Fetched { sha256, credit: output.credit.clone(), cost: None })
        })
    }

    fn lookup<'a>(&'a self, prepared: &'a Prepared) -> EngineFuture<'a, Lookup> {
        Box::pin(V::lookup(self, prepared))
    }
}
