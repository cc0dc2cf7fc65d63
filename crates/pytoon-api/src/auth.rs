//! Authenticates callers by their API keys and checks the keys' scopes.
//!
//! Guarantees: the key itself is never stored and is shown only once; a key sees only its own jobs unless its scope
//! is `admin`.

use crate::Api;
use crate::problem::Problem;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{StatusCode, header};
pub(crate) use pytoon_records::job::keys::{Scope, sha256_hex};
use std::time::Duration;

/// An authenticated caller.
#[derive(Debug, Clone)]
pub(crate) struct Caller {
    pub(crate) key_id: String,
    scope: Scope,
    /// The SHA-256 of the caller's key; `None` with `--no-auth`.
    hash: Option<String>,
}

/// The interval at which the key of a streamed response is checked.
const LOOK: Duration = Duration::from_secs(2);

impl Caller {
    /// Returns a 403 problem if the caller's key lacks the scope.
    pub(crate) fn may(&self, scope: Scope) -> Result<(), Problem> {
        if self.scope >= scope {
            return Ok(());
        }
        let detail =
            format!("this API key lacks the scope `{}`: use a key that has it", scope.as_str());
        Err(Problem::new(StatusCode::FORBIDDEN, "forbidden", detail))
    }

    /// Waits until the caller's key is revoked; for ever with `--no-auth`.
    pub(crate) async fn wait_until_revoked(&self, api: &Api) {
        let Some(hash) = &self.hash else { return std::future::pending().await };
        loop {
            tokio::time::sleep(LOOK).await;
            // An unreachable database revokes nothing.
            if let Ok(None) = api.keys.key_find(hash).await {
                return;
            }
        }
    }

    /// Returns the id of the key whose jobs the caller may see; `None` if the caller may see all jobs.
    pub(crate) fn sees(&self) -> Option<String> {
        (self.scope < Scope::Admin).then(|| self.key_id.clone())
    }

    /// Returns true if the caller may see the jobs of an API key.
    pub(crate) fn sees_key(&self, key_id: &str) -> bool {
        self.scope == Scope::Admin || self.key_id == key_id
    }
}

/// Returns the API key in a request's headers: `Authorization: Bearer …`, or `X-API-Key`; `None` without a key or
/// with several `Authorization` headers.
fn request_key(parts: &Parts) -> Option<&str> {
    // Two keys would be ambiguous.
    if parts.headers.get_all(header::AUTHORIZATION).iter().nth(1).is_some() {
        return None;
    }
    let bearer = parts.headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let bearer = bearer.and_then(|value| {
        let (scheme, key) = value.split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then_some(key.trim())
    });
    bearer.or_else(|| parts.headers.get("x-api-key").and_then(|value| value.to_str().ok()))
}

impl FromRequestParts<Api> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Self, Problem> {
        if api.no_auth {
            return Ok(Self { key_id: LOCAL.to_owned(), scope: Scope::Admin, hash: None });
        }
        let refused = |detail: &str| Problem::new(StatusCode::UNAUTHORIZED, "unauthorized", detail);
        let key = request_key(parts).ok_or_else(|| {
            refused(if parts.headers.contains_key(header::AUTHORIZATION) {
                "the `Authorization` header is not usable: send exactly one, `Authorization: Bearer <key>`"
            } else {
                "the API key is missing: send `Authorization: Bearer <key>`"
            })
        })?;
        let hash = sha256_hex(key);
        let row = api.keys.key_find(&hash).await?;
        let row =
            row.ok_or_else(|| refused("this API key is unknown or revoked: use another key"))?;
        let scope = Scope::ALL
            .into_iter()
            .filter(|scope| row.scopes.iter().any(|own| own == scope.as_str()))
            .max()
            .ok_or_else(|| {
                refused("this API key has no scopes: create another key with `pytoon keys add`")
            })?;
        api.limits.request(&row.id)?;
        Ok(Self { key_id: row.id, scope, hash: Some(hash) })
    }
}

/// The key id of the caller in a service without API keys.
const LOCAL: &str = "local";
