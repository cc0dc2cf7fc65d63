//! Pixabay: stock clips, with the API key in the query, errors in plain text, and no filter for aspect ratios.

use super::{Answering, Vendor};
use crate::call::{Call, Route};
use crate::refusal::Refusal;
use crate::reply::{self, Answer};
use crate::scenario::{Fault, Step};
use crate::seed;
use hyper::{HeaderMap, Method, StatusCode};
use serde_json::{Value, json};

/// The number of clips in a search result that no fault has emptied.
const TOTAL: u64 = 120;

#[derive(Debug)]
pub(super) struct Pixabay;

impl Vendor for Pixabay {
    fn name(&self) -> &'static str {
        "pixabay"
    }

    fn route(&self, method: &Method, path: &[&str]) -> Result<Route, Refusal> {
        match path {
            ["api", "videos"] | ["api", "videos", ""] if method == Method::GET => {
                Ok(Route::new("search", Step::Search))
            }
            ["api", "videos"] | ["api", "videos", ""] => Err(Refusal::MethodNotAllowed),
            _ => Err(Refusal::NotFound),
        }
    }

    fn key(&self, _: &HeaderMap, query: &[(String, String)]) -> Option<String> {
        query.iter().find(|(name, _)| name == "key").map(|(_, key)| key.clone())
    }

    fn refuse(&self, refusal: &Refusal) -> Answer {
        let status = match refusal {
            Refusal::Unauthorized | Refusal::PaymentRequired => StatusCode::BAD_REQUEST,
            other => other.status(),
        };
        reply::text(status, format!("[ERROR {}] {}", status.as_u16(), refusal.message()))
    }

    fn prompt(&self, call: &Call) -> String {
        call.query("q").unwrap_or_default().to_owned()
    }

    fn serve<'a>(&'a self, call: &'a mut Call) -> Answering<'a> {
        Box::pin(async move {
            let answer = reply::ok(&search(call)?);
            // The reset counts seconds from now.
            let limits = [
                ("x-ratelimit-limit", "100"),
                ("x-ratelimit-remaining", "99"),
                ("x-ratelimit-reset", "60"),
            ];
            Ok(limits
                .into_iter()
                .fold(answer, |answer, (name, value)| reply::with_header(answer, name, value)))
        })
    }
}

fn bad(what: impl Into<String>) -> Refusal {
    Refusal::Bad(what.into())
}

fn number(
    call: &Call,
    name: &str,
    (least, default, most): (u64, u64, u64),
) -> Result<u64, Refusal> {
    match call.query(name) {
        None => Ok(default),
        Some(text) => text
            .parse()
            .ok()
            .filter(|number| (least..=most).contains(number))
            .ok_or_else(|| bad(format!("\"{name}\" is out of valid range."))),
    }
}

fn search(call: &Call) -> Result<Value, Refusal> {
    let query = call.query("q").unwrap_or_default();
    if query.chars().count() > 100 {
        return Err(bad("\"q\" is too long: at most 100 characters."));
    }
    for (name, words) in [
        ("video_type", ["all", "film", "animation"].as_slice()),
        ("order", &["popular", "latest"]),
        ("safesearch", &["true", "false"]),
        ("editors_choice", &["true", "false"]),
    ] {
        if call.query(name).is_some_and(|word| !words.contains(&word)) {
            return Err(bad(format!("\"{name}\" is invalid.")));
        }
    }
    let page = number(call, "page", (1, 1, 10_000))?;
    let per_page = number(call, "per_page", (3, 20, 200))?;
    let is_empty = call.fate.is_some_and(|(fault, _)| fault == Fault::CompletedWithError);
    let total = if is_empty { 0 } else { TOTAL };
    let first = (page - 1) * per_page;
    if first > 0 && first >= total {
        return Err(bad("\"page\" is out of valid range."));
    }
    let base = seed::of_text(query) % 1_000_000;
    let hits: Vec<Value> = (first..(first + per_page).min(total))
        .map(|index| hit(call, base * 200 + index, query))
        .collect();
    Ok(json!({ "total": total, "totalHits": total.min(500), "hits": hits }))
}

fn hit(call: &Call, id: u64, query: &str) -> Value {
    let seconds = 6 + seed::mix(id) % 12;
    // Two in five are vertical, since clients cannot filter for them.
    let sizes: [(&str, u32, u32); 4] = if id % 5 < 2 {
        [("large", 1080, 1920), ("medium", 720, 1280), ("small", 540, 960), ("tiny", 360, 640)]
    } else {
        [("large", 1920, 1080), ("medium", 1280, 720), ("small", 960, 540), ("tiny", 640, 360)]
    };
    let mut videos = json!({});
    for (name, width, height) in sizes {
        let file = format!("{id}-{width}x{height}-{seconds}");
        // The largest size is sometimes missing, and is then empty rather than absent.
        videos[name] = if name == "large" && id.is_multiple_of(4) {
            json!({ "url": "", "width": 0, "height": 0, "size": 0, "thumbnail": "" })
        } else {
            json!({
                "url": crate::files::url(&call.origin, "pixabay", &file, None),
                "width": width,
                "height": height,
                "size": u64::from(width) * u64::from(height) * seconds / 30,
                "thumbnail": format!("https://cdn.pixabay.com/video/{id}_{name}.jpg"),
            })
        };
    }
    json!({
        "id": id,
        "pageURL": format!("https://pixabay.com/videos/id-{id}/"),
        "type": "film",
        "tags": format!("{query}, simulated"),
        "duration": seconds,
        "videos": videos,
        "views": 1000,
        "downloads": 500,
        "likes": 50,
        "comments": 5,
        "user_id": 7,
        "user": "simulated",
        "userImageURL": "",
    })
}
