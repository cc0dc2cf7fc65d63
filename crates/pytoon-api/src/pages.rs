//! The web pages of the API process: the API's description, for programs and for people.

use crate::Api;
use axum::Router;
use axum::http::header;
use axum::response::{Html, IntoResponse};
use axum::routing::get;
use bytes::Bytes;
use std::sync::LazyLock;

/// The page: it reads `/openapi.json` and needs no external resources.
const PAGE: &str = include_str!("docs.html");
/// The page's JavaScript.
const SCRIPT: &str = include_str!("docs.js");
/// The page runs only its own script, and connects only to this service.
const POLICY: &str = "default-src 'none'; script-src 'self'; connect-src 'self'; \
     style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// Returns the pages that describe the API.
pub(crate) fn pages() -> Router<Api> {
    /// Built once: the page is public.
    static DOCUMENT: LazyLock<Bytes> = LazyLock::new(|| crate::openapi().into());
    Router::new()
        .route(
            "/openapi.json",
            get(|| async {
                ([(header::CONTENT_TYPE, "application/json")], DOCUMENT.clone()).into_response()
            }),
        )
        .route("/docs", get(|| async { ([(header::CONTENT_SECURITY_POLICY, POLICY)], Html(PAGE)) }))
        .route("/docs.js", get(|| async { ([(header::CONTENT_TYPE, "text/javascript")], SCRIPT) }))
}
