//! Rejections and failures as RFC 9457 problems, which state the error, its location, its cause and the remedy.

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use pytoon_records::ledger::StoreError;
use pytoon_storage::StorageError;
use pytoon_vocabulary::{JobId, MicroUsd};
use serde::{Serialize, Serializer};
use std::num::NonZeroU16;

/// An error response: problem details as JSON (RFC 9457).
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub(crate) struct Problem {
    /// The URI of the problem's type.
    #[serde(rename = "type")]
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    kind: Box<str>,
    /// The problem's title.
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    title: Title,
    /// The HTTP status.
    status: u16,
    /// The cause in this request, and the remedy.
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    detail: Box<str>,
    /// A machine-readable code for the kind of problem.
    code: &'static str,
    /// The stage that failed, if a job's stage did.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>))]
    stage: Option<Box<str>>,
    /// The provider that failed, if one did.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>))]
    provider: Option<Box<str>>,
    /// The price that the caller has to accept, in US dollars, if the request needs a purchase.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<f64>))]
    price_usd: Option<Box<f64>>,
    /// True if the same request may succeed later.
    retryable: bool,
    /// The pause before a retry, in seconds.
    #[serde(skip)]
    retry_after: Option<NonZeroU16>,
    /// The invalid fields.
    #[serde(skip_serializing_if = "<[FieldError]>::is_empty")]
    #[cfg_attr(feature = "openapi", schema(value_type = Vec<FieldError>))]
    errors: Box<[FieldError]>,
}

/// The title of a problem, which is the reason phrase of its status.
#[derive(Debug, Clone, Copy)]
struct Title(StatusCode);

impl Serialize for Title {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.0.canonical_reason().unwrap_or("Error"))
    }
}

/// An invalid field.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub(crate) struct FieldError {
    /// The path of the field, such as `scenes[0].engine`.
    field: String,
    /// The description of the error.
    detail: String,
}

impl Problem {
    pub(crate) fn new(status: StatusCode, code: &'static str, detail: impl Into<String>) -> Self {
        Self {
            kind: format!("urn:pytoon:problem:{code}").into(),
            title: Title(status),
            status: status.as_u16(),
            detail: detail.into().into(),
            code,
            stage: None,
            provider: None,
            price_usd: None,
            retryable: status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS,
            retry_after: None,
            errors: Box::default(),
        }
    }

    /// Sets the pause before a retry, in seconds.
    pub(crate) fn retry_after(mut self, seconds: u64) -> Self {
        self.retry_after = u16::try_from(seconds).ok().and_then(NonZeroU16::new);
        self
    }

    /// Sets the provider that failed.
    pub(crate) fn provider(mut self, name: &str) -> Self {
        self.provider = Some(name.into());
        self
    }

    /// Creates the 402 problem for a purchase whose price the caller has not accepted.
    pub(crate) fn price_not_accepted(price: MicroUsd) -> Self {
        let usd = price.as_usd();
        let detail = format!(
            "this costs about {price}: repeat the request with `accepted_usd` of at least {usd}"
        );
        let price_usd = Some(Box::new(usd));
        Self { price_usd, ..Self::new(StatusCode::PAYMENT_REQUIRED, "price_not_accepted", detail) }
    }

    /// Creates the problem for a missing job, or for a job of another key: the two are indistinguishable.
    pub(crate) fn no_job(id: &JobId) -> Self {
        Self::new(
            StatusCode::NOT_FOUND,
            "no_such_job",
            format!("there is no job `{id}`; GET /api/v2/jobs lists all"),
        )
    }

    /// Creates a 422 problem for an invalid field of the request, with the code `invalid_request`.
    pub(crate) fn field(field: &str, detail: impl Into<String>) -> Self {
        Self::of_field("invalid_request", field, detail)
    }

    /// Creates a 422 problem for an invalid field, with the given code.
    pub(crate) fn of_field(code: &'static str, field: &str, detail: impl Into<String>) -> Self {
        let detail = detail.into();
        let whole = format!("`{field}`: {detail}");
        let errors = Box::new([FieldError { field: field.to_owned(), detail }]);
        Self { errors, ..Self::new(StatusCode::UNPROCESSABLE_ENTITY, code, whole) }
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        tracing::error!(reason = %error, "a database request failed");
        let detail = "the database is not available: repeat the request later";
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "store_unavailable", detail)
    }
}

impl From<StorageError> for Problem {
    fn from(error: StorageError) -> Self {
        tracing::error!(reason = %error, "a storage request failed");
        let detail = "the storage of films is not available: repeat the request later";
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "storage_unavailable", detail)
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let retry_after = self.retry_after.map(NonZeroU16::get);
        let mut response = (status, Json(self)).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        let wait = match status {
            StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE => Some(5),
            StatusCode::INSUFFICIENT_STORAGE => Some(60),
            _ => None,
        };
        if let Some(wait) = retry_after.or(wait) {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(wait));
        }
        response
    }
}
