//! The routes that serve a job's files, completely or in part.

use crate::Api;
use crate::auth::{Caller, Scope};
use crate::entity_tag::is_known;
use crate::extract::ApiPath;
use crate::film_copy::file_version;
use crate::jobs::{authorized_job, further_formats, missing_file, storage_name};
use crate::problem::Problem;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use pytoon_core::artifact;
use pytoon_core::layout::Format;
use pytoon_storage::Bucket;
use pytoon_vocabulary::JobId;
use std::path::Path;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncSeekExt};
use tokio_util::io::ReaderStream;

/// The names of the available artifacts, with their media types.
const ARTIFACTS: [(&str, &str); 12] = [
    (artifact::OUTPUT, "video/mp4"),
    (artifact::THUMBNAIL, "image/jpeg"),
    (artifact::TIMELINE, "application/json"),
    (artifact::SCENE_GRAPH, "application/json"),
    (artifact::METADATA, "application/json"),
    (artifact::CAPTIONS_SRT, "application/x-subrip"),
    (artifact::CAPTIONS_VTT, "text/vtt"),
    (artifact::CAPTIONS_ASS, "text/x-ssa"),
    (artifact::CAPTIONS_JSON, "application/json"),
    (artifact::MIXED, "audio/wav"),
    (artifact::VOICE_STEM, "audio/wav"),
    (artifact::MUSIC_STEM, "audio/wav"),
];

/// Fetch an artifact
///
/// `output.mp4`, `thumbnail.jpg`, `captions.srt`, `timeline.json`, `metadata.json` and others; of a film in a further
/// format `output.1x1.mp4`, `metadata.1x1.json` and so on. Supports partial content with `Range: bytes=…`. If films are in an object store, the response is a redirect to it.
#[cfg_attr(feature = "openapi", utoipa::path(
    get,
    path = "/api/v2/jobs/{id}/artifacts/{name}",
    tag = "jobs",
    params(
        ("id" = String, Path, description = "The job"),
        ("name" = String, Path, description = "The file"),
    ),
    responses(
        (status = 200, description = "The file", body = String, content_type = "application/octet-stream"),
        (status = 206, description = "The requested range", body = String, content_type = "application/octet-stream"),
        (status = 304, description = "Unchanged"),
        (status = 307, description = "The file is in the object store; follow the link, which expires",
            headers(("Location" = String, description = "The link"))),
        (status = 401, description = "The API key is missing or unknown", body = Problem),
        (status = 403, description = "The key lacks the `read` scope", body = Problem),
        (status = 404, description = "There is no such job or file", body = Problem),
        (status = 409, description = "The job does not have the file: it is not done, it failed, or the file was removed", body = Problem),
        (status = 416, description = "The range lies outside of the file", body = Problem,
            headers(("Content-Range" = String, description = "`bytes */` and the file's size"))),
        (status = 503, description = "The database does not respond", body = Problem),
    )
))]
pub(crate) async fn artifact(
    State(api): State<Api>,
    caller: Caller,
    ApiPath((id, name)): ApiPath<(JobId, String)>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    caller.may(Scope::Read)?;
    let row = authorized_job(&api, &caller, &id).await?;
    let (path, media_type) = known_artifact(&name)?;
    if let (_, Some(format)) = without_format(&name)
        && !further_formats(&row).contains(&format)
    {
        let detail = format!(
            "there is no artifact `{name}`: the brief has no further film in {}; name it in its `formats`",
            format.as_str()
        );
        return Err(Problem::new(StatusCode::NOT_FOUND, "no_such_artifact", detail));
    }
    let kept = storage_name(&row.id, &path);
    send(&api, &kept, media_type, &headers, &|| missing_file(&row, &name)).await
}

/// Returns the path and the media type of an artifact. Stems are in folders; the last part of their name is enough.
pub(crate) fn known_artifact(name: &str) -> Result<(String, &'static str), Problem> {
    let (plain, format) = without_format(name);
    let is_known = |path: &str| {
        let is_per_format = artifact::PER_FORMAT.contains(&path);
        Path::new(path).ends_with(&plain) && (format.is_none() || is_per_format)
    };
    let known = ARTIFACTS.iter().find(|(path, _)| is_known(path));
    let (path, media_type) = known.ok_or_else(|| {
        let names = ARTIFACTS.map(|(path, _)| path.rsplit('/').next().unwrap_or(path)).join(", ");
        let detail = format!("there is no artifact `{name}`; there are {names}");
        Problem::new(StatusCode::NOT_FOUND, "no_such_artifact", detail)
    })?;
    let path = format.map_or((*path).to_owned(), |format| artifact::in_format(path, format));
    Ok((path, media_type))
}

/// Splits a name such as `output.1x1.mp4` into `output.mp4` and its format.
fn without_format(name: &str) -> (String, Option<Format>) {
    let split = || {
        let (stem, ending) = name.rsplit_once('.')?;
        let (stem, format) = stem.rsplit_once('.')?;
        let format = Format::ALL.into_iter().find(|known| known.file_name() == format)?;
        Some((format!("{stem}.{ending}"), Some(format)))
    };
    split().unwrap_or_else(|| (name.to_owned(), None))
}

/// Responds with a file of the storage, or the requested part of it. `missing` returns the problem for a file that does
/// not exist.
pub(crate) async fn send(
    api: &Api,
    kept: &str,
    media_type: &'static str,
    headers: &HeaderMap,
    missing: &(dyn Fn() -> Problem + Sync),
) -> Result<Response, Problem> {
    if let Some(bucket) = api.storage.bucket() {
        bucket.size(kept).await?.ok_or_else(missing)?;
        return elsewhere(api, bucket, kept).await;
    }
    send_local(&api.storage.path(kept), media_type, headers, missing).await
}

/// Responds with a file of this machine, or the requested part of it. `missing` returns the problem for a file that does
/// not exist.
pub(crate) async fn send_local(
    path: &Path,
    media_type: &'static str,
    headers: &HeaderMap,
    missing: &(dyn Fn() -> Problem + Sync),
) -> Result<Response, Problem> {
    let metadata = tokio::fs::metadata(path).await.map_err(|_| missing())?;
    let (length, tag) = (metadata.len(), format!("\"{}\"", file_version(&metadata)));
    let text = |name: header::HeaderName| headers.get(name).and_then(|v| v.to_str().ok());
    let internal = |error: &dyn std::fmt::Display| {
        Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", error.to_string())
    };
    let answer = Response::builder()
        .header(header::ETAG, &tag)
        .header(header::ACCEPT_RANGES, "bytes")
        .header(header::CONTENT_TYPE, media_type)
        .header(header::CACHE_CONTROL, "private, no-cache")
        .header("x-content-type-options", "nosniff");
    if is_known(headers, &tag) {
        let answer = answer.status(StatusCode::NOT_MODIFIED);
        return answer.body(Body::empty()).map_err(|error| internal(&error));
    }
    let is_current = text(header::IF_RANGE).is_none_or(|known| known == tag);
    let range = text(header::RANGE).filter(|_| is_current);
    let (start, size, answer) = match range.map_or(Part::Whole, |range| parse_range(range, length))
    {
        Part::Whole => (0, length, answer.status(StatusCode::OK)),
        Part::NotThere => {
            let detail =
                format!("the requested range is outside of the file, which has {length} bytes");
            let problem = Problem::new(StatusCode::RANGE_NOT_SATISFIABLE, "range", detail);
            let mut response = problem.into_response();
            if let Ok(range) = HeaderValue::from_str(&format!("bytes */{length}")) {
                response.headers_mut().insert(header::CONTENT_RANGE, range);
            }
            return Ok(response);
        }
        Part::Bytes { first, last } => {
            let range = format!("bytes {first}-{last}/{length}");
            let answer = answer.status(StatusCode::PARTIAL_CONTENT);
            (first, last - first + 1, answer.header(header::CONTENT_RANGE, range))
        }
    };
    let mut file = tokio::fs::File::open(path).await.map_err(|_| missing())?;
    file.seek(std::io::SeekFrom::Start(start)).await.map_err(|error| internal(&error))?;
    let stream = ReaderStream::with_capacity(file.take(size), 64 << 10);
    let answer = answer.header(header::CONTENT_LENGTH, size);
    answer.body(Body::from_stream(stream)).map_err(|error| internal(&error))
}

/// Redirects the caller to a temporary link to the object store, which supports ranges and sends its own entity tags.
async fn elsewhere(api: &Api, bucket: &Bucket, kept: &str) -> Result<Response, Problem> {
    let minutes = u64::from(api.config.settings.storage.link_minutes);
    let link = bucket.link(kept, false, Duration::from_secs(60 * minutes)).await?;
    let answer = Response::builder()
        .status(StatusCode::TEMPORARY_REDIRECT)
        .header(header::LOCATION, link)
        // The link is as good as a key for this file.
        .header(header::CACHE_CONTROL, "private, no-store");
    answer.body(Body::empty()).map_err(|error| {
        Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", error.to_string())
    })
}

/// The part of a file that a request's `Range` header selects (RFC 9110, 14.1.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    /// The complete file: the request has no range, or one that is invalid, in another unit, or of several parts.
    Whole,
    /// A range of bytes in the file.
    Bytes {
        /// The first byte.
        first: u64,
        /// The last byte, inclusive.
        last: u64,
    },
    /// A range that lies outside the file.
    NotThere,
}

/// Parses the `Range` header of a request for a file of `length` bytes. An invalid header, or one with several
/// ranges, selects the whole file.
fn parse_range(range: &str, length: u64) -> Part {
    let end = length.saturating_sub(1);
    let bytes = range.strip_prefix("bytes=").and_then(|range| {
        let (first, last) = range.split_once('-')?;
        Some(match (first.trim(), last.trim()) {
            // The last bytes; a suffix of zero bytes is not satisfiable.
            ("", last) => match last.parse().ok()? {
                0 => (length, end),
                count => (length.saturating_sub(count), end),
            },
            (first, "") => (first.parse().ok()?, end),
            (first, last) => {
                let (first, last): (u64, u64) = (first.parse().ok()?, last.parse().ok()?);
                (last >= first).then_some((first, last.min(end)))?
            }
        })
    });
    match bytes {
        None => Part::Whole,
        Some((first, last)) if first < length => Part::Bytes { first, last },
        Some(_) => Part::NotThere,
    }
}

#[cfg(test)]
mod tests {
    use super::{Part, parse_range};

    #[test]
    fn parts_are_read_as_the_standard_says() {
        for (range, expected) in [
            ("bytes=0-9", Part::Bytes { first: 0, last: 9 }),
            ("bytes=90-", Part::Bytes { first: 90, last: 99 }),
            ("bytes=-10", Part::Bytes { first: 90, last: 99 }),
            ("bytes=-1000", Part::Bytes { first: 0, last: 99 }),
            ("bytes=50-1000", Part::Bytes { first: 50, last: 99 }),
            ("bytes=100-", Part::NotThere),
            ("bytes=-0", Part::NotThere),
            ("bytes=9-5", Part::Whole),
            ("bytes=0-1,5-6", Part::Whole),
            ("lines=0-1", Part::Whole),
            ("bytes=x-", Part::Whole),
        ] {
            assert_eq!(parse_range(range, 100), expected, "{range}");
        }
    }
}
