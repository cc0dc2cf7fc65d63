//! Adds security and caching headers to every response.

use axum::extract::Request;
use axum::http::{HeaderName, HeaderValue, header};
use axum::middleware::Next;
use axum::response::Response;

/// The default content security policy: no page loads external resources, is framed, or sends forms.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; img-src 'self' data:; \
     base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// Adds the security and caching headers that a response does not set itself.
pub(crate) async fn add_security_headers(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    let mut add = |name: HeaderName, value: &'static str| {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    };
    add(header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    add(header::X_FRAME_OPTIONS, "DENY");
    add(header::REFERRER_POLICY, "no-referrer");
    add(header::CONTENT_SECURITY_POLICY, POLICY);
    // Pages of other sites cannot embed films, pictures or answers.
    add(HeaderName::from_static("cross-origin-resource-policy"), "same-origin");
    // Jobs, briefs and their errors are private to a caller; answers that are the same for all may be cached.
    add(header::CACHE_CONTROL, "no-store");
    response
}
