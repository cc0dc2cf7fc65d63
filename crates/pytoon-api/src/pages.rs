//! The web pages that describe the API, for programs and for people.

use crate::Api;
use axum::Router;
use axum::http::header;
use axum::response::Html;
use axum::routing::get;

/// The document that `pytoon-generate` writes.
const DOCUMENT: &str = include_str!("../../../docs/openapi.json");
/// The HTML page. It loads `/openapi.json` and needs no external resources.
const PAGE: &str = include_str!("docs.html");
/// The JavaScript of the page.
const SCRIPT: &str = include_str!("docs.js");
/// The content security policy of the page: it runs only its own script and connects only to this service.
const POLICY: &str = "default-src 'none'; script-src 'self'; connect-src 'self'; \
     style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// Returns the pages that describe the API.
pub(crate) fn pages() -> Router<Api> {
    Router::new()
        .route(
            "/openapi.json",
            get(|| async { ([(header::CONTENT_TYPE, "application/json")], DOCUMENT) }),
        )
        .route("/docs", get(|| async { ([(header::CONTENT_SECURITY_POLICY, POLICY)], Html(PAGE)) }))
        .route("/docs.js", get(|| async { ([(header::CONTENT_TYPE, "text/javascript")], SCRIPT) }))
}
