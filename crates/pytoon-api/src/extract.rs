//! Request extractors, which report invalid requests as problems, never as plain text.

use crate::problem::Problem;
use crate::strict_json::{Refused, parse};
use axum::extract::{FromRequest, FromRequestParts, Path, Query, RawPathParams, Request};
use axum::http::StatusCode;
use axum::http::request::Parts;
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::sync::Semaphore;

/// Maximum size of a request body, in bytes.
pub(crate) const MAX_BODY: usize = 1 << 20;

/// A request body that is a JSON object.
pub(crate) struct ApiJson(pub(crate) serde_json::Map<String, Value>);

impl<S: Send + Sync> FromRequest<S> for ApiJson {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let is_json = request
            .headers()
            .get(axum::http::header::CONTENT_TYPE)
            .and_then(|value| value.to_str().ok())
            .is_some_and(|value| {
                let kind = value.split(';').next().unwrap_or("").trim();
                kind.to_ascii_lowercase().ends_with("json")
            });
        if !is_json {
            let detail = "the body must be JSON: set `Content-Type: application/json`";
            let status = StatusCode::UNSUPPORTED_MEDIA_TYPE;
            return Err(Problem::new(status, "not_json", detail));
        }
        let bytes = bytes::Bytes::from_request(request, state).await.map_err(|rejection| {
            let status = rejection.status();
            Problem::new(status, "body", format!("the body cannot be read: {rejection}"))
        })?;
        let value = apart(bytes.len(), move || parse(&bytes)).await?;
        let value = value.map_err(|refused| match refused {
            Refused::NotJson(error) => {
                let detail = format!("the body is not valid JSON: {error}");
                Problem::new(StatusCode::BAD_REQUEST, "not_json", detail)
            }
            Refused::LossyNumber(digits) => {
                let detail = format!(
                    "the number {digits} would lose digits, since it does not fit into 64 bits: \
                     send it as a string, in quotation marks"
                );
                Problem::field("(body)", detail)
            }
        })?;
        match value {
            Value::Object(map) => Ok(Self(map)),
            _ => Err(Problem::field("(body)", "the body is not a JSON object: send `{…}`")),
        }
    }
}

/// The size above which a text is parsed outside the threads that serve requests, in bytes.
const LARGE: usize = 32 << 10;
/// The number of large texts that are parsed concurrently.
static LARGE_TEXTS: Semaphore = Semaphore::const_new(1);

/// Calls `read`, which parses a text of `bytes` bytes. A large text is parsed on a blocking thread, one at a time, so
/// that other requests are not delayed.
pub(crate) async fn apart<T: Send + 'static>(
    bytes: usize,
    read: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Problem> {
    if bytes <= LARGE {
        return Ok(read());
    }
    let internal = |error: &dyn std::fmt::Display| {
        Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", error.to_string())
    };
    let permit = LARGE_TEXTS.acquire().await.map_err(|error| internal(&error))?;
    let reading = tokio::task::spawn_blocking(move || {
        let value = read();
        drop(permit);
        value
    });
    reading.await.map_err(|error| internal(&error))
}

/// The parameters in a request's path.
pub(crate) struct ApiPath<T>(pub(crate) T);

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for ApiPath<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        if let Ok(raw) = RawPathParams::from_request_parts(parts, state).await
            // Names of artifacts are looked up in a list, not in the database.
            && !raw.iter().all(|(part, value)| part == "name" || is_id(value))
        {
            let is_job = parts.uri.path().starts_with("/api/v2/jobs/");
            let code = if is_job { "no_such_job" } else { "no_such_page" };
            let detail = "the path contains an invalid id: use 1 to 128 letters, digits, `-`, `_`, \
                          `.` or `:`";
            return Err(Problem::new(StatusCode::NOT_FOUND, code, detail));
        }
        let path = Path::<T>::from_request_parts(parts, state).await;
        path.map(|Path(value)| Self(value)).map_err(|rejection| {
            Problem::new(StatusCode::NOT_FOUND, "no_such_page", rejection.body_text())
        })
    }
}

/// Returns true if a text can be the id of a job, scene, message, asset or artifact.
pub(crate) fn is_id(text: &str) -> bool {
    (1..=128).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.:".contains(&b))
}

/// The parameters in a request's query.
pub(crate) struct ApiQuery<T>(pub(crate) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for ApiQuery<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        // Databases differ in the strings that they accept: no valid value contains such characters.
        let encoded = parts.uri.query().unwrap_or_default();
        if url::form_urlencoded::parse(encoded.as_bytes())
            .any(|(_, value)| value.contains(char::is_control) || value.contains('\u{fffd}'))
        {
            return Err(Problem::field(
                "(query)",
                "the query contains control characters or invalid UTF-8: remove them",
            ));
        }
        let query = Query::<T>::from_request_parts(parts, state).await;
        query
            .map(|Query(value)| Self(value))
            .map_err(|rejection| Problem::field("(query)", rejection.body_text()))
    }
}
