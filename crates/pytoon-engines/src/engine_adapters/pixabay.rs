//! The adapter for Pixabay, a source of stock footage.
//!
//! Guarantees: the API key, which this vendor expects in the query, is added just before the request is sent and
//! appears in no error; a wrong key, which the vendor reports as a bad request, is classified as a wrong key.
//!
//! `submit` performs both the search and the choice of a clip; the clip is available at once. Searches are free, so
//! they are not marked as paid calls and may be repeated.
//!
//! Start with [`Pixabay`].

use super::common::{self, HEALTH, SUBMIT};
use super::shared_adapter::{Adapter, Paid, Vendor};
use super::stock::{self, File, Found};
use super::{AdapterParts, AdapterResult, read_options};
use crate::adapter::{EngineHealth, GenerateRequest, Prepared, Task, TaskState};
use crate::http::{Call, Reply};
use crate::{Result, VendorError, VendorErrorKind};
use secrecy::SecretString;
use serde::Deserialize;
use serde_json::Value;
use std::time::Duration;

/// The number of requested search results. The vendor cannot filter for vertical clips, so the number is large.
const PER_PAGE: &str = "200";
/// The names of a clip's file sizes, the largest first.
const SIZES: &[&str] = &["large", "medium", "small", "tiny"];

/// The Pixabay adapter, with the engine's options.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Pixabay {
    /// The language of the search, such as `en`.
    lang: Option<String>,
    /// True if the search includes animations.
    #[serde(default)]
    animations: bool,
}

impl Pixabay {
    /// Creates the adapter from its configuration block.
    pub(super) fn try_new(parts: &AdapterParts<'_>) -> AdapterResult {
        Adapter::build(parts, stock::capabilities(), read_options::<Self>(parts.config)?)
    }
}

impl Adapter<Pixabay> {
    async fn search(&self, operation: &'static str, pairs: &[(&str, &str)]) -> Result<Value> {
        let mut url = self.http.url("/api/videos/");
        url.query_pairs_mut().extend_pairs(pairs);
        let reply = self.ask(Call::get(operation, url)).await?;
        let json = reply.json().filter(|json| json.get("hits").is_some());
        json.ok_or_else(|| self.unreadable(operation, &reply))
    }
}

fn read_results(json: &Value) -> Vec<Found> {
    common::items_at(json, "/hits").filter_map(clip).collect()
}

fn clip(hit: &Value) -> Option<Found> {
    let person = common::text_at(hit, "/user").unwrap_or("unknown");
    let page = common::text_at(hit, "/pageURL").unwrap_or("https://pixabay.com");
    let file = |size: &&str| {
        let file = hit.pointer(&format!("/videos/{size}"))?;
        Some(File {
            // A missing size has an empty address.
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

impl Vendor for Pixabay {
    fn sign(engine: &Adapter<Self>, call: Call) -> Result<Call> {
        let key = SecretString::from(common::key(&engine.http, call.operation)?);
        Ok(call.secret_query("key", key))
    }

    /// Classifies a rejected request. This API reports errors as plain text, a wrong API key as a bad request, and
    /// the wait after a rate limit in `x-ratelimit-reset`.
    fn refusal_error(
        engine: &Adapter<Self>,
        operation: &'static str,
        reply: &Reply,
    ) -> VendorError {
        let text = String::from_utf8_lossy(&reply.body).to_lowercase();
        let kind = match reply.status {
            400 if text.contains("api key") => VendorErrorKind::Auth,
            status => common::submit_kind(status),
        };
        let error = engine.http.refusal(operation, kind, reply, None);
        // The number of seconds until the quota resets; other vendors give a point in time.
        let reset = reply.header("x-ratelimit-reset").and_then(|v| v.trim().parse::<u64>().ok());
        match (kind, error.retry_after, reset) {
            (VendorErrorKind::RateLimited, None, Some(seconds)) => {
                error.retry_after(Some(Duration::from_secs(seconds.min(3600))))
            }
            _ => error,
        }
    }

    async fn health(engine: &Adapter<Self>) -> Result<EngineHealth> {
        engine.search(HEALTH, &[("q", "sea"), ("per_page", "3")]).await?;
        Ok(EngineHealth::default())
    }

    async fn body(engine: &Adapter<Self>, request: &GenerateRequest) -> Result<Paid> {
        stock::body(engine.http.engine(), request)
    }

    async fn submit(engine: &Adapter<Self>, prepared: &Prepared) -> Result<Task> {
        let video_type = if engine.vendor.animations { "all" } else { "film" };
        let mut pairs = vec![
            ("q", stock::query(prepared)),
            ("video_type", video_type),
            ("safesearch", "true"),
            ("per_page", PER_PAGE),
        ];
        if let Some(lang) = &engine.vendor.lang {
            pairs.push(("lang", lang));
        }
        let found = read_results(&engine.search(SUBMIT, &pairs).await?);
        stock::task(engine.http.engine(), &found, prepared)
    }

    async fn poll(engine: &Adapter<Self>, task: &Task) -> Result<TaskState> {
        Ok(stock::state(engine.http.engine(), task))
    }
}
