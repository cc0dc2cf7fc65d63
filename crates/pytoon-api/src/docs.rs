//! The interface's description: as OpenAPI for programs, as a page for people.

use crate::Api;
use axum::Router;
use axum::http::header;
use axum::response::{Html, IntoResponse};
use axum::routing::get;
use utoipa::OpenApi;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};

/// The page: it reads `/openapi.json` and needs nothing from elsewhere.
const PAGE: &str = include_str!("docs.html");

#[derive(OpenApi)]
#[openapi(
    info(
        title = "pytoon",
        description = "Briefs in, finished vertical videos out.",
        license(name = "MIT")
    ),
    tags(
        (name = "jobs", description = "Films and how far they are"),
        (name = "service", description = "How the service is"),
    ),
    security(("key" = []))
)]
struct Document;

/// The document before its routes.
pub(crate) fn document() -> utoipa::openapi::OpenApi {
    let mut document = Document::openapi();
    let components = document.components.get_or_insert_default();
    let bearer = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).build();
    components.add_security_scheme("key", SecurityScheme::Http(bearer));
    document
}

/// The pages that describe the interface.
pub(crate) fn pages() -> Router<Api> {
    Router::new()
        .route(
            "/openapi.json",
            get(|| async {
                ([(header::CONTENT_TYPE, "application/json")], crate::openapi()).into_response()
            }),
        )
        .route("/docs", get(|| async { Html(PAGE) }))
}
