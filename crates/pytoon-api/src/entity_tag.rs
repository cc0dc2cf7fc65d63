//! Entity tags (RFC 9110, 8.8.3): they let a client keep a response and ask only if it has changed.

use crate::auth::sha256_hex;
use crate::problem::Problem;
use axum::body::Body;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::Response;
use bytes::Bytes;

/// The number of hexadecimal digits of a tag that is made from a key.
const DIGITS: usize = 32;

/// Returns the tag of a response that depends on nothing but this key and the version of this program.
pub(crate) fn tag_of_key(key: &str) -> String {
    let hash = sha256_hex(format!("{} {key}", env!("CARGO_PKG_VERSION")));
    format!("\"{}\"", &hash[..DIGITS])
}

/// Returns true if the client has the response with this tag already.
pub(crate) fn is_known(headers: &HeaderMap, tag: &str) -> bool {
    let known = headers.get(header::IF_NONE_MATCH).and_then(|value| value.to_str().ok());
    known.is_some_and(|known| known.contains(tag) || known == "*")
}

/// Returns the response of a client that has the current content.
pub(crate) fn unchanged(tag: &str) -> Result<Response, Problem> {
    respond(StatusCode::NOT_MODIFIED, tag, None, Bytes::new())
}

/// Returns a response with its tag. A client may keep it, and asks for changes each time.
pub(crate) fn tagged(tag: &str, media_type: &str, content: Bytes) -> Result<Response, Problem> {
    respond(StatusCode::OK, tag, Some(media_type), content)
}

fn respond(
    status: StatusCode,
    tag: &str,
    media_type: Option<&str>,
    content: Bytes,
) -> Result<Response, Problem> {
    let mut answer = Response::builder()
        .status(status)
        .header(header::ETAG, tag)
        .header(header::CACHE_CONTROL, "private, no-cache");
    if let Some(media_type) = media_type {
        answer = answer.header(header::CONTENT_TYPE, media_type);
    }
    answer.body(Body::from(content)).map_err(|error| {
        Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", error.to_string())
    })
}
