//! Pexels: stock clips, at the current path below `v1` and at the older one. The API key is in `Authorization`,
//! without a scheme.

use super::{Answering, Vendor, header_key};
use crate::call::{Call, Route};
use crate::refusal::Refusal;
use crate::reply::{self, Answer};
use crate::scenario::{Fault, Step};
use crate::{clock, seed};
use hyper::{HeaderMap, Method};
use serde_json::{Value, json};

/// The number of clips in a search result that no fault has emptied.
const TOTAL: u64 = 60;
const MONTH_MS: u64 = 30 * 24 * 3600 * 1000;

#[derive(Debug)]
pub(super) struct Pexels;

impl Vendor for Pexels {
    fn name(&self) -> &'static str {
        "pexels"
    }

    fn route(&self, method: &Method, path: &[&str]) -> Result<Route, Refusal> {
        let route = match path {
            ["videos", "search"] => Route::new("search", Step::Search),
            ["videos", "popular"] => Route::new("popular", Step::Search),
            // The id is that of a stock film, not of a task.
            ["videos", "videos", id] => Route::new("video", Step::Search).id(id),
            _ => return Err(Refusal::NotFound),
        };
        if method == Method::GET { Ok(route) } else { Err(Refusal::MethodNotAllowed) }
    }

    fn key(&self, headers: &HeaderMap, _: &[(String, String)]) -> Option<String> {
        header_key(headers, "authorization").filter(|key| !key.contains(' '))
    }

    fn refuse(&self, refusal: &Refusal) -> Answer {
        reply::json(refusal.status(), &json!({ "error": refusal.message() }))
    }

    fn prompt(&self, call: &Call) -> String {
        call.query("query").unwrap_or_default().to_owned()
    }

    fn serve<'a>(&'a self, call: &'a mut Call) -> Answering<'a> {
        Box::pin(async move {
            let answer = match call.route.op {
                "video" => {
                    let id = call.id().parse().map_err(|_| Refusal::NotFound)?;
                    reply::ok(&video(call, id))
                }
                _ => reply::ok(&search(call)?),
            };
            // On successful answers only, as the vendor documents; the reset is a point in time.
            let reset = ((clock::now_ms() + MONTH_MS) / 1000).to_string();
            let limits = [
                ("x-ratelimit-limit", "20000"),
                ("x-ratelimit-remaining", "19000"),
                ("x-ratelimit-reset", reset.as_str()),
            ];
            Ok(limits
                .into_iter()
                .fold(answer, |answer, (name, value)| reply::with_header(answer, name, value)))
        })
    }
}

/// Returns a number in the query, or its default. Rejects a number outside 1 to `most`.
fn number(call: &Call, name: &str, default: u64, most: u64) -> Result<u64, Refusal> {
    match call.query(name) {
        None => Ok(default),
        Some(text) => text
            .parse()
            .ok()
            .filter(|number| (1..=most).contains(number))
            .ok_or_else(|| Refusal::Bad(format!("{name} must be in 1..{most}"))),
    }
}

fn search(call: &Call) -> Result<Value, Refusal> {
    let is_search = call.route.op == "search";
    let query = call.query("query").unwrap_or_default();
    if is_search && query.is_empty() {
        return Err(Refusal::Bad("query is required".to_owned()));
    }
    // The number of a film modulo three determines its shape.
    let shape = match call.query("orientation") {
        None => None,
        Some("portrait") => Some(0),
        Some("landscape") => Some(1),
        Some("square") => Some(2),
        Some(other) => return Err(Refusal::Bad(format!("orientation {other} is unknown"))),
    };
    if let Some(size) = call.query("size")
        && !["large", "medium", "small"].contains(&size)
    {
        return Err(Refusal::Bad(format!("size {size} is unknown")));
    }
    let (page, per_page) = (number(call, "page", 1, 10_000)?, number(call, "per_page", 15, 80)?);
    let is_empty = call.fate.is_some_and(|(fault, _)| fault == Fault::CompletedWithError);
    let total = if is_empty { 0 } else { TOTAL };
    let first = (page - 1) * per_page;
    let base = seed::of_text(query) % 1_000_000;
    let videos: Vec<Value> = (first..(first + per_page).min(total))
        .map(|index| (base + index) * 3 + shape.unwrap_or(index % 3))
        .map(|id| video(call, id))
        .collect();
    let mut body = json!({
        "page": page,
        "per_page": per_page,
        "total_results": total,
        "url": "https://www.pexels.com/videos/",
        "videos": videos,
    });
    if first + per_page < total {
        let next = page + 1;
        let query = query.replace(' ', "+");
        let orientation = call.query("orientation");
        let shape = orientation.map_or_else(String::new, |shape| format!("&orientation={shape}"));
        body["next_page"] = json!(format!(
            "{}/pexels/v1/videos/search?page={next}&per_page={per_page}&query={query}{shape}",
            call.origin
        ));
    }
    Ok(body)
}

fn video(call: &Call, id: u64) -> Value {
    let sizes: &[(&str, u32, u32)] = match id % 3 {
        0 => &[("hd", 1080, 1920), ("hd", 720, 1280), ("sd", 540, 960), ("sd", 360, 640)],
        1 => &[("hd", 1920, 1080), ("hd", 1280, 720), ("sd", 960, 540), ("sd", 640, 360)],
        _ => &[("hd", 1080, 1080), ("hd", 720, 720), ("sd", 540, 540), ("sd", 360, 360)],
    };
    let seconds = 6 + seed::mix(id) % 12;
    let mut video_files: Vec<Value> = sizes
        .iter()
        .enumerate()
        .map(|(index, (quality, width, height))| {
            let name = format!("{id}-{width}x{height}-{seconds}");
            json!({
                "id": id * 10 + index as u64,
                "quality": quality,
                "file_type": "video/mp4",
                "width": width,
                "height": height,
                "fps": 24.0,
                "link": crate::files::url(&call.origin, "pexels", &name, None),
            })
        })
        .collect();
    video_files.push(json!({
        "id": id * 10 + 9,
        "quality": "hls",
        "file_type": "application/x-mpegURL",
        "width": null,
        "height": null,
        "fps": null,
        "link": format!("{}/files/pexels/{id}.m3u8", call.origin),
    }));
    json!({
        "id": id,
        "width": sizes[0].1,
        "height": sizes[0].2,
        "url": format!("https://www.pexels.com/video/{id}/"),
        "image": format!("https://images.pexels.com/videos/{id}/preview.jpeg"),
        "duration": seconds,
        "user": { "id": 7, "name": "A Simulated Author", "url": "https://www.pexels.com/@sim" },
        "video_files": video_files,
        "video_pictures": [{
            "id": id,
            "picture": format!("https://images.pexels.com/videos/{id}/0.jpeg"),
            "nr": 0,
        }],
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_with_a_word_before_it_is_no_key() {
        let mut headers = HeaderMap::new();
        headers.insert("authorization", "Bearer abc".parse().unwrap());
        assert_eq!(Pexels.key(&headers, &[]), None);
        headers.insert("authorization", "abc".parse().unwrap());
        assert_eq!(Pexels.key(&headers, &[]).as_deref(), Some("abc"));
        assert_eq!(Pexels.refuse(&Refusal::Unauthorized).status().as_u16(), 401);
    }
}
