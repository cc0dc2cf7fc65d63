//! Serves the studio page from the bytes in `pytoon-studio`.
//!
//! Guarantees: files with a hash in their name may be cached for ever, and the page itself is checked each time; the
//! page runs only its own script and style, is not framed, and connects only to this service. Films that are in an
//! object store are shown from there.

use crate::Api;
use crate::auth::sha256_hex;
use crate::problem::Problem;
use axum::Router;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderName, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use pytoon_studio::File;
use std::time::Duration;
use url::Url;

/// The page of a build without the studio. It needs no script and no style.
const NOT_BUILT: File = File {
    name: "index.html",
    plain: b"<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>pytoon</title><h1>pytoon</h1>\
        <p>This build of pytoon has no studio page. <code>make studio</code> builds the page, and <code>make build</code> \
        builds pytoon with it. The API is described at <a href=\"/docs\">/docs</a>.</p></html>\n",
    packed: None,
};

/// Returns the routes of the page.
pub(crate) fn routes() -> Router<Api> {
    Router::new().route("/", get(index)).route("/studio/{name}", get(asset))
}

async fn index(State(api): State<Api>, headers: HeaderMap) -> Response {
    let file = pytoon_studio::file("index.html").copied().unwrap_or(NOT_BUILT);
    let policy = policy(store_origin(&api).await.as_deref());
    ([(header::CONTENT_SECURITY_POLICY, policy)], answer(&file, &headers, "no-cache"))
        .into_response()
}

async fn asset(Path(name): Path<String>, headers: HeaderMap) -> Result<Response, Problem> {
    let file = pytoon_studio::file(&name).ok_or_else(|| {
        let detail = "the page has no such file: load the page again";
        Problem::new(StatusCode::NOT_FOUND, "no_such_page", detail)
    })?;
    Ok(answer(file, &headers, "public, max-age=31536000, immutable"))
}

/// Returns the content security policy of the page. `store` is the origin of the object store, from which films and
/// pictures are loaded.
fn policy(store: Option<&str>) -> String {
    let store = store.map(|origin| format!(" {origin}")).unwrap_or_default();
    format!(
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:{store}; \
         media-src 'self' blob:{store}; connect-src 'self'{store}; font-src 'self'; form-action 'self'; \
         base-uri 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
    )
}

/// Returns the origin of links to the object store; `None` if films are in the folder of the service.
async fn store_origin(api: &Api) -> Option<String> {
    let bucket = api.storage.bucket()?;
    let link = bucket.link("origin", false, Duration::from_secs(60)).await.ok()?;
    Some(Url::parse(&link).ok()?.origin().ascii_serialization())
}

fn answer(file: &File, headers: &HeaderMap, caching: &'static str) -> Response {
    let text = |name: HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
    let packed = file
        .packed
        .filter(|_| text(header::ACCEPT_ENCODING).is_some_and(|all| all.contains("gzip")));
    let tag = format!("\"{}\"", &sha256_hex(file.plain)[..16]);
    let common = [
        (header::ETAG, tag.clone()),
        (header::CACHE_CONTROL, caching.to_owned()),
        (header::VARY, "accept-encoding".to_owned()),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin".to_owned()),
    ];
    if text(header::IF_NONE_MATCH).is_some_and(|known| known.contains(&tag)) {
        return (StatusCode::NOT_MODIFIED, common).into_response();
    }
    let kind = [(header::CONTENT_TYPE, pytoon_studio::media_type(file.name))];
    match packed {
        Some(packed) => {
            (common, kind, [(header::CONTENT_ENCODING, "gzip")], packed).into_response()
        }
        None => (common, kind, file.plain).into_response(),
    }
}
