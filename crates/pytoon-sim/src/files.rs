//! Serves clips at URLs that may expire, with the faults of their tasks.

use crate::clips::Film;
use crate::clock;
use crate::job::Phase;
use crate::refusal::Refusal;
use crate::reply::{self, Answer, Reply};
use crate::scenario::Fault;
use crate::seed;
use crate::sim::Sim;
use hyper::StatusCode;
use std::sync::Arc;

/// The announced size of a huge clip, in bytes.
const HUGE_BYTES: u64 = 64 << 30;

/// Returns the URL of a clip, with an expiry time and a signature if it expires.
pub(crate) fn url(origin: &str, vendor: &str, id: &str, expires: Option<u64>) -> String {
    let query = expires.map_or_else(String::new, |expires| {
        format!("?expires={expires}&signature={}", signature(vendor, id, expires))
    });
    format!("{origin}/files/{vendor}/{id}.mp4{query}")
}

fn signature(vendor: &str, id: &str, expires: u64) -> String {
    // Only detects clients that make up or change an address.
    let mut hash = seed::sha256(format!("film {vendor} {id} {expires}").as_bytes());
    hash.truncate(24);
    hash
}

/// Vendors whose URLs always expire.
const EXPIRING: &[&str] = &["runway", "luma-agents", "acme"];

/// Returns true if a clip's URL is correctly signed and has not expired. An unsigned URL is valid unless the vendor
/// is in `EXPIRING`.
pub(crate) fn is_valid(vendor: &str, id: &str, query: &[(String, String)]) -> bool {
    let get = |name: &str| query.iter().find(|(key, _)| key == name).map(|(_, value)| value);
    match (get("expires").and_then(|text| text.parse::<u64>().ok()), get("signature")) {
        (Some(expires), Some(given)) => {
            *given == signature(vendor, id, expires) && clock::now_ms() < expires
        }
        (None, None) => !EXPIRING.contains(&vendor),
        _ => false,
    }
}

/// The sizes of the stock clips, as `(width, height)`.
pub(crate) const STOCK_SIZES: &[(u32, u32)] = &[
    (1080, 1920),
    (720, 1280),
    (540, 960),
    (360, 640),
    (1920, 1080),
    (1280, 720),
    (960, 540),
    (640, 360),
    (1080, 1080),
    (720, 720),
    (540, 540),
    (360, 360),
];

/// Returns the stock clip with the id `LOOK-WIDTHxHEIGHT-SECONDS`; `None` if the vendor offers no such size or
/// length.
pub(crate) fn stock_film(vendor: &str, id: &str) -> Option<Film> {
    let mut parts = id.split('-');
    let (look, size, seconds) = (parts.next()?, parts.next()?, parts.next()?);
    let (width, height) = size.split_once('x')?;
    let size = (width.parse().ok()?, height.parse().ok()?);
    let seconds: u64 = seconds.parse().ok()?;
    let known = STOCK_SIZES.contains(&size) && (5..=30).contains(&seconds);
    known.then_some(Film {
        vendor: vendor.to_owned(),
        width: size.0,
        height: size.1,
        duration_ms: seconds * 1000,
        kind: crate::clips::Kind::Good,
        look: look.parse().ok()?,
    })
}

/// Sends the clip of a finished task, or a stock clip, with a fault of the request or the task applied. Counts
/// complete downloads of tasks.
pub(crate) async fn deliver(
    sim: &Arc<Sim>,
    vendor: &str,
    id: &str,
    drawn: Option<(Fault, Option<u64>)>,
) -> Result<Answer, Refusal> {
    let drawn = drawn.filter(|(fault, _)| fault.is_of_clip());
    let (drawn_fault, value) = drawn.unzip();
    let value = value.flatten();
    let Some(submission) = sim.ledger.find(vendor, id) else {
        let film = Some(vendor).filter(|vendor| ["pexels", "pixabay"].contains(vendor));
        let film = film.and_then(|vendor| stock_film(vendor, id)).ok_or(Refusal::NotFound)?;
        return send(sim, film.with_fault(drawn_fault), (drawn_fault, value)).await;
    };
    if submission.deleted || submission.phase(clock::now_ms()) != Phase::Succeeded {
        return Err(Refusal::NotFound);
    }
    let job = &submission.job;
    let (fault, value) = match drawn_fault {
        Some(_) => (drawn_fault, value),
        None => (job.fate, job.fate_value),
    };
    let mut answer = send(sim, sim.film(&submission, fault), (fault, value)).await?;
    let (ledger, vendor, id) = (Arc::clone(&sim.ledger), vendor.to_owned(), id.to_owned());
    answer.body_mut().at_end(move |complete| {
        if complete {
            ledger.update(&vendor, &id, |one| one.downloads += 1);
        }
    });
    Ok(answer)
}

/// Sends a clip. `fault` may truncate it, or replace it with a web page or a huge body.
async fn send(
    sim: &Arc<Sim>,
    film: Film,
    (fault, value): (Option<Fault>, Option<u64>),
) -> Result<Answer, Refusal> {
    let video = |body: Reply| reply::with_content_type(StatusCode::OK, "video/mp4", body);
    match fault {
        Some(Fault::NotAVideo) => {
            let page = "<!doctype html><html><body><h1>Sign in to continue</h1></body></html>";
            return Ok(video(Reply::bytes(page)));
        }
        Some(Fault::HugeClip) => return Ok(video(Reply::filler(HUGE_BYTES))),
        _ => {}
    }
    // A failed encode is an error of the simulator: it must not look like a vendor's.
    let path = sim.clips.get(film).await.map_err(|error| Refusal::Broken(error.to_string()))?;
    let open = async {
        let file = tokio::fs::File::open(&path).await?;
        let length = file.metadata().await?.len();
        Ok::<_, std::io::Error>((file, length))
    };
    let (file, length) = open.await.map_err(|error| Refusal::Broken(error.to_string()))?;
    Ok(video(match (fault, value) {
        (Some(Fault::TruncatedClip), Some(1)) => {
            Reply::file(file, length).cut_after(length * 3 / 5)
        }
        (Some(Fault::TruncatedClip), _) => Reply::file(file, length * 3 / 5),
        _ => Reply::file(file, length),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn query(url: &str) -> Vec<(String, String)> {
        let (_, query) = url.split_once('?').unwrap_or_default();
        query
            .split('&')
            .filter_map(|pair| pair.split_once('='))
            .map(|(key, value)| (key.to_owned(), value.to_owned()))
            .collect()
    }

    #[test]
    fn addresses_expire_and_cannot_be_made_up() {
        let later = clock::now_ms() + 60_000;
        let good = query(&url("http://x", "runway", "one", Some(later)));
        assert!(is_valid("runway", "one", &good));
        assert!(!is_valid("runway", "two", &good));
        assert!(!is_valid("runway", "one", &query(&url("", "runway", "one", Some(1)))));
        assert!(!is_valid("runway", "one", &[]));
        assert!(is_valid("fal", "one", &[]));
    }

    #[test]
    fn stock_films_come_in_offered_sizes_only() {
        assert!(stock_film("pexels", "12-1080x1920-10").is_some());
        for id in ["12-1081x1920-10", "12-1080x1920-600", "12", "a-1080x1920-10"] {
            assert!(stock_film("pexels", id).is_none(), "{id}");
        }
    }
}
