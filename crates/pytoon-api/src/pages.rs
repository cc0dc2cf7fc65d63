//! The web pages that the API process serves: the interface described, for programs and for people.

use crate::Api;
use axum::Router;
use axum::http::header;
use axum::response::{Html, IntoResponse};
use axum::routing::get;
use bytes::Bytes;
use std::sync::LazyLock;

/// The page: it reads `/openapi.json` and needs nothing from elsewhere.
const PAGE: &str = include_str!("docs.html");
/// The page's JavaScript.
const SCRIPT: &str = include_str!("docs.js");
/// The page runs its own script alone, and speaks to this service alone.
const POLICY: &str = "default-src 'none'; script-src 'self'; connect-src 'self'; \
     style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// The pages that describe the interface.
pub(crate) fn pages() -> Router<Api> {
    /// Anybody may ask: it is put together once.
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
