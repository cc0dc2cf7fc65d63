//! Authenticates callers by their API keys or sessions, and checks the keys' scopes.
//!
//! Guarantees: the key itself is never stored and is shown only once; a key sees only its own jobs unless its scope
//! is `admin`.

use crate::problem::Problem;
use crate::{Api, cookie, origin};
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, header};
use pytoon_records::job::keys::KeyRow;
pub(crate) use pytoon_records::job::keys::{Scope, sha256_hex};
use pytoon_records::ledger::StoreError;
use std::time::Duration;

/// An authenticated caller.
#[derive(Debug, Clone)]
pub(crate) struct Caller {
    pub(crate) key_id: String,
    scope: Scope,
    credential: Credential,
}

/// The proof of a caller's identity.
#[derive(Debug, Clone)]
enum Credential {
    /// The service runs without API keys.
    NoAuth,
    /// The SHA-256 of an API key.
    Key(String),
    /// The SHA-256 of a session's token.
    Session(String),
}

impl Credential {
    /// Returns the row of the API key; `None` if the key is unknown or revoked, or its session has ended. Without API
    /// keys there is no row.
    async fn key_row(&self, api: &Api) -> Result<Option<KeyRow>, StoreError> {
        match self {
            Self::NoAuth => Ok(None),
            Self::Key(hash) => api.keys.key_find(hash).await,
            Self::Session(hash) => api.keys.session_find(hash).await,
        }
    }
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

    /// Waits until the caller's key is revoked or the session ends; for ever with `--no-auth`.
    pub(crate) async fn wait_until_revoked(&self, api: &Api) {
        if matches!(self.credential, Credential::NoAuth) {
            return std::future::pending().await;
        }
        loop {
            tokio::time::sleep(LOOK).await;
            // An unreachable database revokes nothing.
            if let Ok(None) = self.credential.key_row(api).await {
                return;
            }
        }
    }

    /// Returns the scope of the caller's key.
    pub(crate) fn scope(&self) -> Scope {
        self.scope
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

/// Returns true if a request states an API key, valid or not.
pub(crate) fn has_key(headers: &HeaderMap) -> bool {
    headers.contains_key(header::AUTHORIZATION) || headers.contains_key("x-api-key")
}

/// Returns the highest scope of an API key, or a 401 problem if it has none.
pub(crate) fn key_scope(row: &KeyRow) -> Result<Scope, Problem> {
    let own = Scope::ALL.into_iter();
    own.filter(|scope| row.scopes.iter().any(|own| own == scope.as_str())).max().ok_or_else(|| {
        unauthorized("this API key has no scopes: create another key with `pytoon keys add`")
    })
}

fn unauthorized(detail: &str) -> Problem {
    Problem::new(StatusCode::UNAUTHORIZED, "unauthorized", detail)
}

impl FromRequestParts<Api> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Self, Problem> {
        let allowed_hosts = &api.config.settings.service.allowed_hosts;
        let session = cookie::token(&parts.headers, api.port).filter(|_| !has_key(&parts.headers));
        if api.no_auth {
            // Nothing checks the key of such a request, so it proves nothing: a page of another site could send one.
            origin::check(parts, allowed_hosts, session.is_some())?;
            let credential = Credential::NoAuth;
            return Ok(Self { key_id: LOCAL.to_owned(), scope: Scope::Admin, credential });
        }
        let (credential, unknown) = if let Some(token) = session {
            origin::check(parts, allowed_hosts, true)?;
            (Credential::Session(sha256_hex(token)), "the session has ended: log in again")
        } else {
            let key = request_key(parts).ok_or_else(|| {
                unauthorized(if parts.headers.contains_key(header::AUTHORIZATION) {
                    "the `Authorization` header is not usable: send exactly one, \
                     `Authorization: Bearer <key>`"
                } else {
                    "the API key is missing: send `Authorization: Bearer <key>`"
                })
            })?;
            (
                Credential::Key(sha256_hex(key)),
                "this API key is unknown or revoked: use another key",
            )
        };
        let row = credential.key_row(api).await?.ok_or_else(|| unauthorized(unknown))?;
        let scope = key_scope(&row)?;
        api.limits.request(&row.id)?;
        Ok(Self { key_id: row.id, scope, credential })
    }
}

/// The key id of the caller in a service without API keys.
const LOCAL: &str = "local";
