//! Pixabay: stock footage by search terms.
//!
//! Guarantees: the key, which this vendor wants in the address, is added where the request
//! leaves and is in no error; a wrong key, which it calls a bad request, is told as one.
//!
//! Searching and choosing are one step, `submit`; the clip is there at once. Nothing is ever
//! paid, so a search is not marked as the call that costs money and may be repeated freely.
//!
//! Start with [`Pixabay`].

use super::common::{self, HEALTH, SUBMIT};
use super::stock::{self, File, Found};
use super::{AdapterParts, OptionProblem, read_options};
use crate::adapter::{
    Cancelled, Capabilities, EngineFuture, EngineHealth, ExternalEngineAdapter, GenerateRequest,
    GeneratedClip, Output, Prepared, Task, TaskState,
};
use crate::http::{Call, DownloadLimits, Reply, VendorHttp};
use crate::{VendorError, VendorErrorKind};
use secrecy::SecretString;
use serde::Deserialize;
use serde_json::Value;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// Clips looked at: there is no filter for upright ones, so many are asked for.
const PER_PAGE: &str = "200";
/// The sizes that a clip may have, the largest first.
const SIZES: &[&str] = &["large", "medium", "small", "tiny"];

/// The engine's own settings.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Options {
    /// The language of the search, such as `en`.
    #[serde(default)]
    lang: Option<String>,
    /// Whether drawn clips are found as well.
    #[serde(default)]
    animations: bool,
}

/// The adapter.
#[derive(Debug)]
pub(super) struct Pixabay {
    http: VendorHttp,
    capabilities: Capabilities,
    limits: DownloadLimits,
    options: Options,
}

impl Pixabay {
    /// Makes the adapter from its block.
    pub(super) fn try_new(
        parts: &AdapterParts<'_>,
    ) -> Result<Arc<dyn ExternalEngineAdapter>, OptionProblem> {
        Ok(Arc::new(Self {
            http: parts.http.clone(),
            capabilities: stock::capabilities(),
            limits: common::download_limits(parts.config),
            options: read_options(parts.config)?,
        }))
    }

    async fn search(
        &self,
        operation: &'static str,
        pairs: &[(&str, &str)],
    ) -> Result<Value, VendorError> {
        let mut url = self.http.url("/api/videos/");
        url.query_pairs_mut().extend_pairs(pairs);
        let key = SecretString::from(common::key(&self.http, operation)?.to_owned());
        let reply = self.http.send(Call::get(operation, url).secret_query("key", key)).await?;
        if !reply.is_success() {
            return Err(self.refused(operation, &reply));
        }
        let json = reply.json().filter(|json| json.get("hits").is_some());
        json.ok_or_else(|| self.http.refusal(operation, VendorErrorKind::Protocol, &reply, None))
    }

    /// Errors are plain text here, and a wrong key is a bad request.
    fn refused(&self, operation: &'static str, reply: &Reply) -> VendorError {
        let text = String::from_utf8_lossy(&reply.body).to_lowercase();
        let kind = match reply.status {
            400 if text.contains("api key") => VendorErrorKind::Auth,
            status => common::submit_kind(status),
        };
        let error = self.http.refusal(operation, kind, reply, None);
        // The seconds until the quota is whole again, unlike elsewhere not a point in time.
        let reset = reply.header("x-ratelimit-reset").and_then(|v| v.trim().parse::<u64>().ok());
        match (kind, error.retry_after, reset) {
            (VendorErrorKind::RateLimited, None, Some(seconds)) => {
                error.retry_after(Some(Duration::from_secs(seconds.min(3600))))
            }
            _ => error,
        }
    }
}

fn found(json: &Value) -> Vec<Found> {
    json.pointer("/hits").and_then(Value::as_array).into_iter().flatten().filter_map(clip).collect()
}

fn clip(hit: &Value) -> Option<Found> {
    let person = common::text_at(hit, "/user").unwrap_or("unknown");
    let page = common::text_at(hit, "/pageURL").unwrap_or("https://pixabay.com");
    let file = |size: &&str| {
        let file = hit.pointer(&format!("/videos/{size}"))?;
        Some(File {
            // A size that does not exist has an empty address.
            url: common::text_at(file, "/url").filter(|url| !url.is_empty())?.to_owned(),
            width: stock::pixels(file, "/width"),
            height: stock::pixels(file, "/height"),
        })
    };
    Some(Found {
        id: common::id_at(hit, "/id")?,
        length_ms: (common::number_at(hit, "/duration")?.max(0.0) * 1000.0) as u64,
        files: SIZES.iter().filter_map(file).collect(),
        credit: format!("Video by {person} on Pixabay ({page})"),
    })
}

impl ExternalEngineAdapter for Pixabay {
    fn name(&self) -> &str {
        self.http.engine()
    }

    fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    fn price_key(&self, _request: &GenerateRequest) -> String {
        "default".to_owned()
    }

    fn health_check(&self) -> EngineFuture<'_, EngineHealth> {
        Box::pin(async move {
            self.search(HEALTH, &[("q", "sea"), ("per_page", "3")]).await?;
            Ok(EngineHealth::default())
        })
    }

    fn prepare<'a>(&'a self, request: &'a GenerateRequest) -> EngineFuture<'a, Prepared> {
        Box::pin(async move { stock::prepare(self.name(), &self.capabilities, request) })
    }

    fn submit<'a>(&'a self, prepared: &'a Prepared) -> EngineFuture<'a, Task> {
        Box::pin(async move {
            let terms = stock::query(prepared);
            let video_type = if self.options.animations { "all" } else { "film" };
            let mut pairs = vec![
                ("q", terms),
                ("video_type", video_type),
                ("safesearch", "true"),
                ("per_page", PER_PAGE),
            ];
            if let Some(lang) = &self.options.lang {
                pairs.push(("lang", lang));
            }
            let found = found(&self.search(SUBMIT, &pairs).await?);
            let (clip, file) = stock::choose(&found, &prepared.request)
                .ok_or_else(|| stock::nothing(self.name(), terms))?;
            Ok(stock::task(clip, file))
        })
    }

    fn poll<'a>(&'a self, task: &'a Task) -> EngineFuture<'a, TaskState> {
        Box::pin(async move { Ok(stock::state(self.name(), task)) })
    }

    fn cancel<'a>(&'a self, _task: &'a Task) -> EngineFuture<'a, Cancelled> {
        Box::pin(async { Ok(Cancelled::Unsupported) })
    }

    fn fetch<'a>(&'a self, output: &'a Output, to: &'a Path) -> EngineFuture<'a, GeneratedClip> {
        Box::pin(common::fetch(&self.http, self.limits, output, to))
    }
}
