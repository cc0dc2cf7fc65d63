//! The cookie of a session.
//!
//! Guarantees: scripts cannot read it, and pages of other sites cannot send it; its name has the port of the service.

use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use std::time::Duration;

/// The lifetime of a session.
pub(crate) const LIFETIME: Duration = Duration::from_secs(12 * 3600);

/// Returns the name of the cookie. Cookies do not distinguish ports, so services on several ports need several names.
fn cookie_name(port: u16) -> String {
    format!("pytoon_session_{port}")
}

/// Returns the session token in a request's cookies.
pub(crate) fn token(headers: &HeaderMap, port: u16) -> Option<&str> {
    let name = cookie_name(port);
    let values = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(';')).find_map(|pair| {
        let (own, token) = pair.trim().split_once('=')?;
        (own == name && !token.is_empty()).then_some(token)
    })
}

/// Returns the `Set-Cookie` header for a session token; an empty token deletes the cookie. Behind TLS, which a proxy
/// announces in `X-Forwarded-Proto`, the browser sends the cookie over TLS only.
pub(crate) fn set_cookie(port: u16, headers: &HeaderMap, token: &str) -> (HeaderName, HeaderValue) {
    let forwarded = headers.get("x-forwarded-proto").and_then(|value| value.to_str().ok());
    let secure = if forwarded == Some("https") { "; Secure" } else { "" };
    let age = if token.is_empty() { 0 } else { LIFETIME.as_secs() };
    let name = cookie_name(port);
    let text = format!("{name}={token}; HttpOnly; SameSite=Strict; Path=/; Max-Age={age}{secure}");
    (header::SET_COOKIE, HeaderValue::from_str(&text).unwrap_or(HeaderValue::from_static("")))
}
