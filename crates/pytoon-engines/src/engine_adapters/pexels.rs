//! Pexels: stock footage by search terms.
//!
//! Guarantees: a clip comes with the credit that its source asks for; nothing is ever paid, so a
//! search is not marked as the call that costs money and may be repeated freely.
//!
//! Searching and choosing are one step, `submit`; the clip is there at once.
//!
//! Start with [`Pexels`].

use super::common::{self, HEALTH, SUBMIT};
use super::stock::{self, File, Found};
use super::{AdapterParts, OptionProblem, read_options};
use crate::VendorError;
use crate::adapter::{
    Cancelled, Capabilities, EngineFuture, EngineHealth, ExternalEngineAdapter, GenerateRequest,
    GeneratedClip, Output, Prepared, Task, TaskState,
};
use crate::http::{Call, DownloadLimits, Reply, VendorHttp};
use serde::Deserialize;
use serde_json::Value;
use std::path::Path;
use std::sync::Arc;

/// The current path, and the one that older accounts' clients still use.
const PATHS: &[&str] = &["/v1/videos/search", "/videos/search"];
/// Clips looked at.
const PER_PAGE: &str = "40";

/// The engine's own settings.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Options {
    /// The language of the search, such as `en-US`.
    #[serde(default)]
    locale: Option<String>,
}

/// The adapter.
#[derive(Debug)]
pub(super) struct Pexels {
    http: VendorHttp,
    capabilities: Capabilities,
    limits: DownloadLimits,
    locale: Option<String>,
}

impl Pexels {
    /// Makes the adapter from its block.
    pub(super) fn try_new(
        parts: &AdapterParts<'_>,
    ) -> Result<Arc<dyn ExternalEngineAdapter>, OptionProblem> {
        let options: Options = read_options(parts.config)?;
        Ok(Arc::new(Self {
            http: parts.http.clone(),
            capabilities: stock::capabilities(),
            limits: common::download_limits(parts.config),
            locale: options.locale,
        }))
    }

    async fn search(
        &self,
        operation: &'static str,
        pairs: &[(&str, &str)],
    ) -> Result<Reply, VendorError> {
        let mut reply = self.search_at(PATHS[0], operation, pairs).await?;
        for path in &PATHS[1..] {
            if reply.status == 404 {
                reply = self.search_at(path, operation, pairs).await?;
            }
        }
        Ok(reply)
    }

    async fn search_at(
        &self,
        path: &str,
        operation: &'static str,
        pairs: &[(&str, &str)],
    ) -> Result<Reply, VendorError> {
        let mut url = self.http.url(path);
        url.query_pairs_mut().extend_pairs(pairs);
        // The key stands alone: no scheme before it.
        self.http.send(common::with_key(&self.http, Call::get(operation, url), "")?).await
    }
}

fn found(json: &Value) -> Vec<Found> {
    json.pointer("/videos")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(clip)
        .collect()
}

fn clip(video: &Value) -> Option<Found> {
    let files = video.pointer("/video_files")?.as_array()?;
    let person = common::text_at(video, "/user/name").unwrap_or("unknown");
    let page = common::text_at(video, "/url").unwrap_or("https://www.pexels.com");
    Some(Found {
        id: common::id_at(video, "/id")?,
        length_ms: (common::number_at(video, "/duration")?.max(0.0) * 1000.0) as u64,
        files: files.iter().filter_map(file).collect(),
        credit: format!("Video by {person} on Pexels ({page})"),
    })
}

/// A file that can be downloaded as one: streams have no size.
fn file(file: &Value) -> Option<File> {
    let is_stream = common::text_at(file, "/quality") == Some("hls");
    let is_mp4 = common::text_at(file, "/file_type").is_none_or(|t| t == "video/mp4");
    (is_mp4 && !is_stream).then(|| {
        Some(File {
            url: common::text_at(file, "/link")?.to_owned(),
            width: stock::pixels(file, "/width"),
            height: stock::pixels(file, "/height"),
        })
    })?
}

impl ExternalEngineAdapter for Pexels {
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
            let reply = self.search(HEALTH, &[("query", "sea"), ("per_page", "1")]).await?;
            if !reply.is_success() {
                return Err(common::refused(&self.http, HEALTH, &reply));
            }
            let left = reply.header("x-ratelimit-remaining");
            let detail = left.map(|left| format!("{left} searches left"));
            Ok(EngineHealth { balance: None, detail })
        })
    }

    fn prepare<'a>(&'a self, request: &'a GenerateRequest) -> EngineFuture<'a, Prepared> {
        Box::pin(async move { stock::prepare(self.name(), &self.capabilities, request) })
    }

    fn submit<'a>(&'a self, prepared: &'a Prepared) -> EngineFuture<'a, Task> {
        Box::pin(async move {
            let terms = stock::query(prepared);
            let mut pairs =
                vec![("query", terms), ("orientation", "portrait"), ("per_page", PER_PAGE)];
            if let Some(locale) = &self.locale {
                pairs.push(("locale", locale));
            }
            let reply = self.search(SUBMIT, &pairs).await?;
            if !reply.is_success() {
                return Err(common::refused(&self.http, SUBMIT, &reply));
            }
            let json = reply.json().filter(|json| json.get("videos").is_some());
            let json = json.ok_or_else(|| {
                let kind = crate::VendorErrorKind::Protocol;
                self.http.refusal(SUBMIT, kind, &reply, None)
            })?;
            let found = found(&json);
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
