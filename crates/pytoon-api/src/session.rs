//! The routes of a session: a person exchanges an API key for a cookie, so that no key stays in a page.
//!
//! Guarantees: the cookie is a random token that scripts cannot read and other sites cannot send; it ends after
//! [`LIFETIME`], when the person logs out, or when the key is revoked.

use crate::Api;
use crate::auth::{Caller, Scope, has_key, key_scope, sha256_hex};
use crate::cookie::{LIFETIME, set_cookie, token};
use crate::extract::ApiJson;
use crate::origin;
use crate::problem::Problem;
use axum::Json;
use axum::extract::{FromRequestParts, State};
use axum::http::request::Parts;
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A request to log in.
#[derive(Debug, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub(crate) struct Login {
    /// The API key.
    key: String,
}

/// The session of a caller.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub(crate) struct Session {
    /// The scope of the caller's key: `read`, `submit` or `admin`.
    scope: String,
    /// True if the service runs without API keys.
    no_auth: bool,
}

/// Log in
///
/// Exchanges an API key for a session cookie, for pages in a browser. Programs send the key itself.
#[cfg_attr(feature = "openapi", utoipa::path(
    post,
    path = "/api/v2/session",
    tag = "service",
    security(()),
    request_body(content = Login, description = "The key"),
    responses(
        (status = 200, description = "Logged in", body = Session,
            headers(("Set-Cookie" = String, description = "The session, for 12 hours"))),
        (status = 400, description = "The body is not valid JSON", body = Problem),
        (status = 401, description = "The API key is unknown", body = Problem),
        (status = 403, description = "The request comes from another site", body = Problem),
        (status = 413, description = "The body is too large", body = Problem),
        (status = 415, description = "The Content-Type is not JSON", body = Problem),
        (status = 422, description = "A field is invalid", body = Problem),
        (status = 429, description = "Too many requests with this key", body = Problem),
        (status = 503, description = "The database does not respond", body = Problem),
    )
))]
pub(crate) async fn log_in(
    State(api): State<Api>,
    parts: Parts,
    ApiJson(body): ApiJson,
) -> Result<([(HeaderName, HeaderValue); 1], Json<Session>), Problem> {
    origin::check(&parts, &api.config.settings.service.allowed_hosts, false)?;
    let login: Login = serde_json::from_value(Value::Object(body))
        .map_err(|error| Problem::field("(body)", error.to_string()))?;
    let row = api.keys.key_find(&sha256_hex(login.key.trim())).await?.ok_or_else(|| {
        let detail = "this API key is unknown or revoked";
        Problem::new(StatusCode::UNAUTHORIZED, "unauthorized", detail)
    })?;
    api.limits.request(&row.id)?;
    let scope = key_scope(&row)?;
    let token = format!("{}{}", uuid::Uuid::new_v4().simple(), uuid::Uuid::new_v4().simple());
    api.keys.session_add(&sha256_hex(&token), &row.id, LIFETIME).await?;
    let session = Session { scope: scope.as_str().to_owned(), no_auth: api.no_auth };
    Ok(([set_cookie(api.port, &parts.headers, &token)], Json(session)))
}

/// Show the session
///
/// States the rights of the caller. A page uses it to decide whether a person has to log in, so a request without a
/// session and a key is no error.
#[cfg_attr(feature = "openapi", utoipa::path(
    get,
    path = "/api/v2/session",
    operation_id = "show_session",
    tag = "service",
    security(()),
    responses(
        (status = 200, description = "The session", body = Session),
        (status = 204, description = "The request has no session and no key"),
        (status = 401, description = "The session has ended, or the API key is unknown", body = Problem),
        (status = 403, description = "The key lacks the `read` scope, or the host is not allowed", body = Problem),
        (status = 503, description = "The database does not respond", body = Problem),
    )
))]
pub(crate) async fn show(State(api): State<Api>, mut parts: Parts) -> Result<Response, Problem> {
    let is_anonymous = !has_key(&parts.headers) && token(&parts.headers, api.port).is_none();
    if is_anonymous && !api.no_auth {
        return Ok(StatusCode::NO_CONTENT.into_response());
    }
    let caller = Caller::from_request_parts(&mut parts, &api).await?;
    caller.may(Scope::Read)?;
    let session = Session { scope: caller.scope().as_str().to_owned(), no_auth: api.no_auth };
    Ok(Json(session).into_response())
}

/// Log out
///
/// Ends the session and deletes its cookie. Does nothing without a session.
#[cfg_attr(feature = "openapi", utoipa::path(
    delete,
    path = "/api/v2/session",
    tag = "service",
    security(()),
    responses(
        (status = 204, description = "Logged out",
            headers(("Set-Cookie" = String, description = "Deletes the cookie"))),
        (status = 403, description = "The request comes from another site", body = Problem),
        (status = 503, description = "The database does not respond", body = Problem),
    )
))]
pub(crate) async fn log_out(
    State(api): State<Api>,
    parts: Parts,
) -> Result<(StatusCode, [(HeaderName, HeaderValue); 1]), Problem> {
    let token = token(&parts.headers, api.port);
    origin::check(&parts, &api.config.settings.service.allowed_hosts, token.is_some())?;
    if let Some(token) = token {
        api.keys.session_end(&sha256_hex(token)).await?;
    }
    Ok((StatusCode::NO_CONTENT, [set_cookie(api.port, &parts.headers, "")]))
}
