//! Decides whether a request that carries no API key of its own may act: one with a session cookie, or any request
//! under `--no-auth`.
//!
//! Guarantees: such a request names a known host, so that a page of another site cannot reach this service under its
//! own name (DNS rebinding); it does not come from another origin (cross-site request forgery); and a cookie changes
//! nothing without proof of its origin. Requests with a key in a header need no such proof, since no browser adds that
//! header by itself.

use crate::problem::Problem;
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, StatusCode, header};
use url::Url;

/// The host names of this machine itself, which are always allowed.
const LOOPBACK: [&str; 3] = ["localhost", "127.0.0.1", "[::1]"];

/// Returns a 403 problem unless the request names an allowed host and comes from this service's own pages.
/// `has_cookie` states that the request is authenticated by a session.
pub(crate) fn check(parts: &Parts, allowed: &[String], has_cookie: bool) -> Result<(), Problem> {
    let host = text(&parts.headers, &header::HOST).unwrap_or_default();
    let name = host_name(host);
    let is_known = LOOPBACK.iter().any(|known| known.eq_ignore_ascii_case(name))
        || allowed.iter().any(|known| known.eq_ignore_ascii_case(name));
    if !is_known {
        let shown: String = name.chars().take(100).collect();
        let detail = format!(
            "the host name `{shown}` is not allowed for requests without an API key: send \
             `Authorization: Bearer <key>`, or name the host in service.allowed_hosts"
        );
        return Err(refused("host", detail));
    }
    if is_foreign_subresource(&parts.headers) {
        return Err(refused("origin", FOREIGN.to_owned()));
    }
    let is_safe = matches!(parts.method, Method::GET | Method::HEAD | Method::OPTIONS);
    match text(&parts.headers, &header::ORIGIN) {
        Some(origin) if is_same(origin, host) => Ok(()),
        Some(_) => Err(refused("origin", FOREIGN.to_owned())),
        // Browsers send `Origin` with every request that changes something.
        None if is_safe || !has_cookie => Ok(()),
        None => {
            Err(refused("origin", "a request with a session needs the header `Origin`".to_owned()))
        }
    }
}

const FOREIGN: &str =
    "this request comes from a page of another site: open the page of this service";

/// Returns true if a page of another origin embeds or fetches the resource, as the browser states in the
/// `Sec-Fetch-*` headers (Fetch Metadata Request Headers, W3C). A link that a person follows is allowed.
fn is_foreign_subresource(headers: &HeaderMap) -> bool {
    let value = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let is_foreign = matches!(value("sec-fetch-site"), Some("cross-site" | "same-site"));
    let is_link =
        value("sec-fetch-mode") == Some("navigate") && value("sec-fetch-dest") == Some("document");
    is_foreign && !is_link
}

fn refused(code: &'static str, detail: String) -> Problem {
    Problem::new(StatusCode::FORBIDDEN, code, detail)
}

fn text<'a>(headers: &'a HeaderMap, name: &header::HeaderName) -> Option<&'a str> {
    // A header that is present and unreadable is not absent.
    headers.get(name).map(|value| value.to_str().unwrap_or("(unreadable)"))
}

/// Returns the name in a `Host` header, without its port.
fn host_name(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|b| b.is_ascii_digit()) && !name.is_empty() => name,
        _ => host,
    }
}

/// Returns true if an origin has the host and the port of a `Host` header.
fn is_same(origin: &str, host: &str) -> bool {
    let Ok(url) = Url::parse(origin) else { return false };
    let Some(name) = url.host_str() else { return false };
    let own = match url.port() {
        Some(port) => format!("{name}:{port}"),
        None => name.to_owned(),
    };
    // A `Host` header may name the default port, which an origin leaves out.
    let default = url.port_or_known_default().map(|port| format!("{name}:{port}"));
    own.eq_ignore_ascii_case(host) || default.is_some_and(|own| own.eq_ignore_ascii_case(host))
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::Request;

    fn parts(method: &str, headers: &[(&str, &str)]) -> Parts {
        let request = Request::builder().method(method).uri("/api/v2/jobs");
        let request = headers.iter().fold(request, |r, (name, value)| r.header(*name, *value));
        request.body(()).expect("a request").into_parts().0
    }

    #[test]
    fn only_own_pages_act_with_a_session() {
        struct Case {
            method: &'static str,
            host: &'static str,
            origin: Option<&'static str>,
            is_allowed: bool,
        }
        let case = |method, host, origin, is_allowed| Case { method, host, origin, is_allowed };
        for Case { method, host, origin, is_allowed } in [
            case("GET", "localhost:8000", None, true),
            case("GET", "127.0.0.1:8000", None, true),
            case("GET", "[::1]:8000", None, true),
            case("GET", "studio.example:8000", None, true),
            case("GET", "evil.example:8000", None, false),
            case("GET", "localhost.evil.example", None, false),
            case("GET", "", None, false),
            case("POST", "localhost:8000", Some("http://localhost:8000"), true),
            case("POST", "studio.example", Some("https://studio.example"), true),
            case("POST", "studio.example:443", Some("https://studio.example"), true),
            case("POST", "localhost:8000", Some("http://localhost:9000"), false),
            case("POST", "localhost:8000", Some("http://evil.example"), false),
            case("POST", "localhost:8000", Some("null"), false),
            case("POST", "localhost:8000", None, false),
            case("GET", "localhost:8000", Some("http://evil.example"), false),
        ] {
            let mut headers = vec![("host", host)];
            headers.extend(origin.map(|origin| ("origin", origin)));
            let verdict = check(&parts(method, &headers), &["studio.example".to_owned()], true);
            assert_eq!(verdict.is_ok(), is_allowed, "{method} {host} {origin:?}");
        }
    }

    #[test]
    fn a_program_without_a_cookie_needs_no_origin() {
        let parts = parts("POST", &[("host", "127.0.0.1:8000")]);
        assert!(check(&parts, &[], false).is_ok());
    }
}
