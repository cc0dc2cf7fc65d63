//! The adapter for Pexels, a source of stock footage.
//!
//! Guarantees: a clip includes the credit line that its source requires; searches are free, so they are not marked as
//! paid calls and may be repeated.
//!
//! `submit` performs both the search and the choice of a clip; the clip is available at once.
//!
//! Start with [`Pexels`].

use super::common::{self, HEALTH, SUBMIT};
use super::shared_adapter::{Adapter, Paid, Vendor};
use super::stock::{self, File, Found};
use super::{AdapterParts, AdapterResult, read_options};
use crate::adapter::{EngineHealth, GenerateRequest, Prepared, Task, TaskState};
use crate::http::{Call, Reply};
use crate::{Result, VendorErrorKind};
use serde::Deserialize;
use serde_json::Value;

/// The current search path, and the one that clients of older accounts still use.
const PATHS: &[&str] = &["/v1/videos/search", "/videos/search"];
/// The number of requested search results.
const PER_PAGE: &str = "40";

/// The Pexels adapter, with the engine's options.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Pexels {
    /// The language of the search, such as `en-US`.
    locale: Option<String>,
}

impl Pexels {
    /// Creates the adapter from its configuration block.
    pub(super) fn try_new(parts: &AdapterParts<'_>) -> AdapterResult {
        Adapter::build(parts, stock::capabilities(), read_options::<Self>(parts.config)?)
    }
}

impl Adapter<Pexels> {
    /// Searches with the current path and, if that responds 404, with the older one. Returns an error for any other
    /// rejection.
    async fn search(&self, operation: &'static str, pairs: &[(&str, &str)]) -> Result<Reply> {
        let call_at = |path: &str| {
            let mut url = self.http.url(path);
            url.query_pairs_mut().extend_pairs(pairs);
            Call::get(operation, url)
        };
        let mut reply = self.send(call_at(PATHS[0])).await?;
        for path in &PATHS[1..] {
            if reply.status == 404 {
                reply = self.send(call_at(path)).await?;
            }
        }
        if reply.is_success() {
            Ok(reply)
        } else {
            Err(Pexels::refusal_error(self, operation, &reply))
        }
    }
}

fn read_results(json: &Value) -> Vec<Found> {
    common::items_at(json, "/videos").filter_map(clip).collect()
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

/// Parses a downloadable MP4 file of a clip; `None` for streams, other formats, and files without a link.
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

impl Vendor for Pexels {
    /// Adds the header with the API key, without a scheme.
    fn sign(engine: &Adapter<Self>, call: Call) -> Result<Call> {
        common::with_key(&engine.http, call, "")
    }

    async fn health(engine: &Adapter<Self>) -> Result<EngineHealth> {
        let reply = engine.search(HEALTH, &[("query", "sea"), ("per_page", "1")]).await?;
        let left = reply.header("x-ratelimit-remaining");
        let detail = left.map(|left| format!("{left} searches left"));
        Ok(EngineHealth { balance: None, detail })
    }

    async fn body(engine: &Adapter<Self>, request: &GenerateRequest) -> Result<Paid> {
        stock::body(engine.http.engine(), request)
    }

    async fn submit(engine: &Adapter<Self>, prepared: &Prepared) -> Result<Task> {
        let terms = stock::query(prepared);
        let mut pairs = vec![("query", terms), ("orientation", "portrait"), ("per_page", PER_PAGE)];
        if let Some(locale) = &engine.vendor.locale {
            pairs.push(("locale", locale));
        }
        let reply = engine.search(SUBMIT, &pairs).await?;
        let json = reply
            .json()
            .filter(|json| json.get("videos").is_some())
            .ok_or_else(|| engine.http.refusal(SUBMIT, VendorErrorKind::Protocol, &reply, None))?;
        stock::task(engine.http.engine(), &read_results(&json), prepared)
    }

    async fn poll(engine: &Adapter<Self>, task: &Task) -> Result<TaskState> {
        Ok(stock::state(engine.http.engine(), task))
    }
}
