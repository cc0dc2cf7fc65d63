//! An HTTP client for one vendor. It is bounded in time and size, restricted in its addresses, and reports whether a
//! call may have been accepted.
//!
//! Guarantees: an unreachable host times out within [`CONNECT_TIMEOUT`]; no reply larger than [`MAX_REPLY`] is read
//! ([`MAX_SOUND`] for audio); redirects are never followed with a key; a paid call uses its own connection, so that a
//! failure to connect proves that nothing was sent; no key is in any error.
//!
//! This module does not retry, and does not know any vendor's API.
//!
//! Start with [`VendorHttp::send`].

mod download;
mod guard;
pub mod public;

pub use download::DownloadLimits;
pub use guard::{Refusal, is_public};

use crate::world::{RealWorld, World};
use crate::{Accepted, ErrorStatus, Result, VendorError, VendorErrorKind};
use guard::AllowedHosts;
use pytoon_config::engines::EngineConfig;
use pytoon_process::Shortage;
use reqwest::header::HeaderMap;
use reqwest::multipart::Form;
use reqwest::{Client, ClientBuilder, Method};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use std::borrow::Cow;
use std::sync::{Arc, OnceLock};
use std::time::Duration;
use url::Url;

/// The timeout for connecting to a host.
pub const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// Maximum size of a reply that is neither a clip nor audio, in bytes.
pub const MAX_REPLY: usize = 8 << 20;
/// Maximum size of an audio reply, in bytes. Four minutes of 48 kHz, 16-bit mono PCM in base64 fit into it.
pub const MAX_SOUND: usize = 32 << 20;
/// Maximum length of a vendor's message in an error, in characters.
const MESSAGE_KEPT: usize = 300;
/// Maximum number of body bytes that are searched for a message.
const BODY_READ: usize = 8 * MESSAGE_KEPT;

/// The body of an HTTP request.
#[derive(Debug)]
pub enum Body {
    /// No body.
    Empty,
    /// A JSON value.
    Json(Value),
    /// A multipart form with files.
    Form(Form),
    /// Bytes with their media type.
    Bytes(Vec<u8>, &'static str),
}

/// An HTTP request to a vendor.
#[must_use]
#[derive(Debug)]
pub struct Call {
    /// The purpose of the request, as a phrase that completes "failed to …".
    pub operation: &'static str,
    /// The HTTP method, such as GET or POST.
    pub method: Method,
    /// The complete URL, without secrets.
    pub url: Url,
    /// Headers that contain no secrets.
    pub headers: Vec<(String, String)>,
    /// Headers that contain the API key.
    pub secret_headers: Vec<(String, SecretString)>,
    /// Query parameters that contain the API key. They are not part of `url`, so that no message can show them.
    pub secret_query: Vec<(String, SecretString)>,
    /// The body of the request.
    pub body: Body,
    /// True if the call costs money, so that a failed one may have been accepted.
    pub paid: bool,
    /// Maximum size of the reply, in bytes.
    pub largest_reply: usize,
}

impl Call {
    /// Returns true if the URL or a plain header contains the API key, which logs would show.
    fn shows(&self, key: &str) -> bool {
        self.url.as_str().contains(key) || self.headers.iter().any(|(_, value)| value.contains(key))
    }

    /// Creates a GET request.
    pub fn get(operation: &'static str, url: Url) -> Self {
        Self::new(operation, Method::GET, url)
    }

    /// Creates a request without a body.
    pub fn new(operation: &'static str, method: Method, url: Url) -> Self {
        Self {
            operation,
            method,
            url,
            headers: Vec::new(),
            secret_headers: Vec::new(),
            secret_query: Vec::new(),
            body: Body::Empty,
            paid: false,
            largest_reply: MAX_REPLY,
        }
    }

    /// Creates a POST request with a JSON body.
    pub fn post(operation: &'static str, url: Url, body: Value) -> Self {
        Self { body: Body::Json(body), ..Self::new(operation, Method::POST, url) }
    }

    /// Adds a header.
    pub fn header(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.to_owned(), value.into()));
        self
    }

    /// Adds a header that contains the API key.
    pub fn secret_header(mut self, name: &str, value: SecretString) -> Self {
        self.secret_headers.push((name.to_owned(), value));
        self
    }

    /// Adds a query parameter that contains the API key.
    pub fn secret_query(mut self, name: &str, value: SecretString) -> Self {
        self.secret_query.push((name.to_owned(), value));
        self
    }

    /// Marks the request as a paid call.
    pub fn mark_paid(mut self) -> Self {
        self.paid = true;
        self
    }
}

/// An HTTP response of a vendor.
#[derive(Debug, Clone)]
pub struct Reply {
    /// The HTTP status code.
    pub status: u16,
    /// The response headers.
    pub headers: HeaderMap,
    /// The response body.
    pub body: Vec<u8>,
}

impl Reply {
    /// Returns true if the status is 2xx.
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// Returns the body as JSON, if it is valid JSON.
    pub fn json(&self) -> Option<Value> {
        serde_json::from_slice(&self.body).ok()
    }

    /// Returns the value of a header; `None` if it is absent or not text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// Returns the pause that the vendor requests, at most an hour: `Retry-After` in seconds or as a date (RFC 9110,
    /// 10.2.3), or its form in milliseconds; `None` if it requests none.
    pub fn retry_after(&self) -> Option<Duration> {
        let number = |name| self.header(name)?.trim().parse::<f64>().ok();
        let ms = number("retry-after-ms")
            .or_else(|| number("retry-after").map(|seconds| seconds * 1000.0))
            .or_else(|| self.until_date("retry-after"))
            .filter(|ms| ms.is_finite() && *ms >= 0.0)?;
        // One header cannot make us wait for more than an hour.
        Some(Duration::from_millis(ms.min(3_600_000.0) as u64))
    }

    /// Returns the milliseconds until the date in a header, by the vendor's own clock if the reply contains a date; 0
    /// for a past date, and `None` without a valid one.
    fn until_date(&self, name: &str) -> Option<f64> {
        let date = |name| {
            let at = httpdate::parse_http_date(self.header(name)?.trim()).ok()?;
            Some(at.duration_since(std::time::UNIX_EPOCH).ok()?.as_secs_f64() * 1000.0)
        };
        let now = date("date").unwrap_or_else(|| RealWorld.now() as f64);
        Some((date(name)? - now).max(0.0))
    }
}

/// A vendor's connection settings: base URL, allowed private hosts and request timeout.
#[derive(Debug, Clone, Copy)]
pub struct Address<'a> {
    /// The base URL of the vendor's API.
    pub base_url: &'a str,
    /// Other hosts that may be called even if they are private.
    pub allow_hosts: &'a [String],
    /// The timeout of a request, in milliseconds.
    pub request_timeout_ms: u64,
}

impl<'a> From<&'a EngineConfig> for Address<'a> {
    fn from(config: &'a EngineConfig) -> Self {
        Self {
            base_url: &config.base_url,
            allow_hosts: &config.allow_hosts,
            request_timeout_ms: config.request_timeout_ms,
        }
    }
}

/// The error that prevented the creation of the HTTP clients, and the exhausted resource that caused it.
type NoClients = (String, Option<Shortage>);

/// An HTTP client for one vendor.
#[derive(Debug, Clone)]
pub struct VendorHttp {
    engine: Arc<str>,
    base: Url,
    allowed: AllowedHosts,
    timeout: Duration,
    clients: Arc<OnceLock<Result<Clients, NoClients>>>,
    key: Option<SecretString>,
    #[cfg(feature = "testing")]
    answers: Option<Answers>,
}

/// Scripted responses that replace the vendor's, in order.
#[cfg(feature = "testing")]
type Answers = Arc<std::sync::Mutex<std::collections::VecDeque<Reply>>>;

/// The HTTP clients, created at the first call so that an unused engine costs nothing.
#[derive(Debug, Clone)]
struct Clients {
    free: Client,
    paid: Client,
}

impl VendorHttp {
    /// Creates a client for the service at a URL. The error describes the problem with the URL.
    pub fn new<'a>(
        engine: &str,
        address: impl Into<Address<'a>>,
        key: Option<SecretString>,
    ) -> Result<Self, String> {
        let address = address.into();
        let base = Url::parse(address.base_url).map_err(|error| error.to_string())?;
        let host = base.host_str().ok_or("the URL has no host")?.to_owned();
        let named = address.allow_hosts.iter().map(String::as_str);
        let allowed = AllowedHosts::new(named.chain([host.as_str()]));
        Ok(Self {
            engine: engine.into(),
            base,
            allowed,
            timeout: Duration::from_millis(address.request_timeout_ms),
            clients: Arc::new(OnceLock::new()),
            key,
            #[cfg(feature = "testing")]
            answers: None,
        })
    }

    /// Replaces the network by scripted responses, one for each call. Once none is left, calls fail as
    /// unreachable.
    #[cfg(feature = "testing")]
    #[must_use]
    pub fn answering(mut self, answers: impl IntoIterator<Item = Reply>) -> Self {
        self.answers = Some(Arc::new(std::sync::Mutex::new(answers.into_iter().collect())));
        self
    }

    fn clients(&self, operation: &'static str) -> Result<&Clients> {
        let made = self.clients.get_or_init(|| {
            self.make_clients().map_err(|error| (error.to_string(), Shortage::behind(&error)))
        });
        made.as_ref().map_err(|(reason, shortage)| {
            VendorError::new(&self.engine, operation, VendorErrorKind::Internal, reason.clone())
                .short_of(*shortage)
        })
    }

    fn make_clients(&self) -> Result<Clients, reqwest::Error> {
        let builder = || client_builder(&self.allowed, CONNECT_TIMEOUT).timeout(self.timeout);
        Ok(Clients {
            free: builder().pool_max_idle_per_host(2).build()?,
            paid: builder().pool_max_idle_per_host(0).build()?,
        })
    }

    /// Returns the engine's name.
    pub fn engine(&self) -> &str {
        &self.engine
    }

    /// Returns the API key, if the engine has one.
    pub fn key(&self) -> Option<&SecretString> {
        self.key.as_ref()
    }

    /// Returns the URL of a path below the base URL.
    pub fn url(&self, path: &str) -> Url {
        let mut url = self.base.clone();
        let (path, query) = path.split_once('?').map_or((path, None), |(p, q)| (p, Some(q)));
        let joined =
            format!("{}/{}", self.base.path().trim_end_matches('/'), path.trim_start_matches('/'));
        url.set_path(&joined);
        url.set_query(query);
        url
    }

    /// Returns true if a URL in a reply belongs to the vendor, so that the API key may be sent there.
    pub fn is_own_host(&self, url: &Url) -> bool {
        url.host_str() == self.base.host_str()
            && url.port_or_known_default() == self.base.port_or_known_default()
    }

    /// Sends one request and reads its response, whatever its status. Returns an error if the URL is not
    /// allowed, if logs would show the API key, or if no complete response of the allowed size arrives.
    pub async fn send(&self, call: Call) -> Result<Reply> {
        let fail = |kind, message: String| {
            VendorError::new(&self.engine, call.operation, kind, self.redact(&message))
        };
        self.allowed.check(&call.url).map_err(|refusal| {
            let reason = refusal.to_string();
            fail(VendorErrorKind::Unreachable, reason).with_status(ErrorStatus::Permanent)
        })?;
        if self.key().is_some_and(|key| call.shows(key.expose_secret())) {
            let reason =
                "the request was not sent, because the API key is in a part of it that logs show";
            return Err(fail(VendorErrorKind::InvalidRequest, reason.to_owned()));
        }
        #[cfg(feature = "testing")]
        if let Some(answers) = &self.answers {
            let mut answers = answers.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            let none = || fail(VendorErrorKind::Unreachable, "no response is left".to_owned());
            return answers.pop_front().ok_or_else(none);
        }
        let clients = self.clients(call.operation)?;
        let client = if call.paid { &clients.paid } else { &clients.free };
        let mut url = call.url.clone();
        for (name, value) in &call.secret_query {
            url.query_pairs_mut().append_pair(name, value.expose_secret());
        }
        let mut request = client.request(call.method.clone(), url);
        for (name, value) in &call.headers {
            request = request.header(name, value);
        }
        for (name, value) in &call.secret_headers {
            let header = reqwest::header::HeaderValue::from_str(value.expose_secret());
            let mut header = header.map_err(|_| {
                let reason = "the API key has characters that are not allowed in a header: \
                              correct it in .env";
                fail(VendorErrorKind::Auth, reason.to_owned())
            })?;
            header.set_sensitive(true);
            request = request.header(name, header);
        }
        request = match call.body {
            // Some servers answer 411 without a length (RFC 9110, 8.6).
            Body::Empty if call.method == Method::POST || call.method == Method::PUT => {
                request.header(reqwest::header::CONTENT_LENGTH, "0")
            }
            Body::Empty => request,
            Body::Json(value) => request.json(&value),
            Body::Form(form) => request.multipart(form),
            Body::Bytes(bytes, media_type) => {
                request.header(reqwest::header::CONTENT_TYPE, media_type).body(bytes)
            }
        };
        let (operation, paid, largest) = (call.operation, call.paid, call.largest_reply);
        let sent = request.send().await.map_err(|e| self.connection_error(operation, paid, &e))?;
        let status = sent.status().as_u16();
        let headers = sent.headers().clone();
        let body = read_bounded(sent, largest).await.map_err(|problem| match problem {
            ReadProblem::TooLarge => {
                let message = format!("the reply is larger than {} MiB", largest >> 20);
                VendorError::new(&self.engine, operation, VendorErrorKind::Protocol, message)
                    .with_accepted(if paid { Accepted::Maybe } else { Accepted::No })
            }
            ReadProblem::Broken(error) => self.connection_error(operation, paid, &error),
        })?;
        Ok(Reply { status, headers, body })
    }

    /// Returns the failure of a request whose connection broke. A paid call may have been accepted unless the
    /// connection was never established.
    fn connection_error(
        &self,
        operation: &'static str,
        paid: bool,
        error: &reqwest::Error,
    ) -> VendorError {
        let (kind, message) = if error.is_connect() {
            (VendorErrorKind::Unreachable, "the host could not be reached")
        } else if error.is_timeout() {
            (VendorErrorKind::Timeout, "no reply before the timeout")
        } else {
            (VendorErrorKind::Server, "the connection broke before the reply was complete")
        };
        let accepted = if paid && !error.is_connect() && !error.is_builder() {
            Accepted::Maybe
        } else {
            Accepted::No
        };
        let message = self.redact(&format!("{message} ({})", innermost(error)));
        VendorError::new(&self.engine, operation, kind, message).with_accepted(accepted)
    }

    /// Creates the failure for an error response, with the kind and the message that its adapter determined. Without
    /// a message, quotes the beginning of the body.
    pub fn refusal(
        &self,
        operation: &'static str,
        kind: VendorErrorKind,
        reply: &Reply,
        said: Option<&str>,
    ) -> VendorError {
        let body = || String::from_utf8_lossy(&reply.body[..reply.body.len().min(BODY_READ)]);
        let said = said.map_or_else(body, Cow::Borrowed);
        let message = format!("HTTP {}: {}", reply.status, self.redacted_line(&said));
        VendorError::new(&self.engine, operation, kind, message).retry_after(reply.retry_after())
    }

    /// Returns the kind of failure that an HTTP status usually means.
    pub fn kind_of_status(status: u16) -> VendorErrorKind {
        match status {
            401 | 403 => VendorErrorKind::Auth,
            402 => VendorErrorKind::Quota,
            404 | 410 => VendorErrorKind::Lost,
            408 | 504 => VendorErrorKind::Timeout,
            429 => VendorErrorKind::RateLimited,
            400..=499 => VendorErrorKind::InvalidRequest,
            500..=599 => VendorErrorKind::Server,
            _ => VendorErrorKind::Protocol,
        }
    }

    /// Returns a text as one line of bounded length, without the API key. The key is removed before truncation, since
    /// a truncated key would not be recognized.
    pub fn redacted_line(&self, text: &str) -> String {
        one_line(&self.redact(text))
    }

    /// Returns a text in which the API key, plain or form-encoded, and other sensitive data are redacted.
    pub fn redact(&self, text: &str) -> String {
        let text = match self.key.as_ref().map(ExposeSecret::expose_secret) {
            Some(key) if key.len() >= 4 => {
                // A vendor that echoes an address echoes the key in its encoded form.
                let encoded: String =
                    url::form_urlencoded::byte_serialize(key.as_bytes()).collect();
                text.replace(key, "[redacted]").replace(&encoded, "[redacted]")
            }
            _ => text.to_owned(),
        };
        pytoon_telemetry::sanitize_sensitive_data(&text).into_owned()
    }
}

/// Returns a builder of clients that call only allowed hosts and follow no redirects.
fn client_builder(allowed: &AllowedHosts, connect_timeout: Duration) -> ClientBuilder {
    // A second installation (by another engine) sets the same provider.
    let _ = rustls::crypto::ring::default_provider().install_default();
    Client::builder()
        .user_agent(concat!("pytoon/", env!("CARGO_PKG_VERSION")))
        .connect_timeout(connect_timeout)
        .redirect(reqwest::redirect::Policy::none())
        .dns_resolver(Arc::new(allowed.clone()))
}

enum ReadProblem {
    TooLarge,
    Broken(reqwest::Error),
}

async fn read_bounded(
    mut response: reqwest::Response,
    largest: usize,
) -> Result<Vec<u8>, ReadProblem> {
    if response.content_length().is_some_and(|length| length > largest as u64) {
        return Err(ReadProblem::TooLarge);
    }
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(ReadProblem::Broken)? {
        if body.len() + chunk.len() > largest {
            return Err(ReadProblem::TooLarge);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

/// Returns the innermost cause of an error, which is the most specific. The request's URL is omitted, since it may
/// contain a key.
fn innermost(error: &reqwest::Error) -> String {
    let mut cause = std::error::Error::source(error);
    while let Some(source) = cause.and_then(std::error::Error::source) {
        cause = Some(source);
    }
    cause.map_or_else(|| "no details".to_owned(), |cause| one_line(&cause.to_string()))
}

/// Returns a message as one line of bounded length.
pub fn one_line(text: &str) -> String {
    let flat: String = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match flat.char_indices().nth(MESSAGE_KEPT) {
        Some((cut, _)) => format!("{}…", &flat[..cut]),
        None => flat,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "sk-0123456789abcdef";

    fn http() -> VendorHttp {
        let address =
            Address { base_url: "https://v.test", allow_hosts: &[], request_timeout_ms: 1000 };
        VendorHttp::new("v", address, Some(SecretString::from(KEY))).expect("an address")
    }

    #[test]
    fn a_pause_is_read_in_seconds_milliseconds_or_as_a_date() {
        let after = |headers: &[(&'static str, &str)]| {
            let mut reply = Reply { status: 429, headers: HeaderMap::new(), body: Vec::new() };
            for (name, value) in headers {
                reply.headers.insert(*name, value.parse().expect("a header"));
            }
            reply.retry_after().map(|after| after.as_millis())
        };
        let date = ("date", "Sun, 06 Nov 1994 08:49:37 GMT");
        for (value, expected) in [
            ("2", Some(2000)),
            (" 1.5 ", Some(1500)),
            ("-1", None),
            ("soon", None),
            ("9999999", Some(3_600_000)),
            ("Sun, 06 Nov 1994 08:49:40 GMT", Some(3000)),
            ("Sunday, 06-Nov-94 08:49:40 GMT", Some(3000)),
            ("Sun Nov  6 08:49:40 1994", Some(3000)),
            ("Sun, 06 Nov 1994 08:49:00 GMT", Some(0)),
            ("Mon, 06 Nov 1995 08:49:00 GMT", Some(3_600_000)),
        ] {
            assert_eq!(after(&[date, ("retry-after", value)]), expected, "{value}");
        }
        assert_eq!(after(&[date, ("retry-after", "9"), ("retry-after-ms", "70")]), Some(70));
        // Without the vendor's clock ours applies: this date has passed.
        assert_eq!(after(&[("retry-after", "Sun, 06 Nov 1994 08:49:40 GMT")]), Some(0));
        assert_eq!(after(&[]), None);
    }

    #[test]
    fn a_key_across_the_bound_of_a_message_is_not_shown_in_part() {
        for before in [0, MESSAGE_KEPT - 8, MESSAGE_KEPT, BODY_READ - 8] {
            let body = format!("{}{KEY} is not known", "x".repeat(before));
            let reply =
                Reply { status: 401, headers: HeaderMap::new(), body: body.clone().into_bytes() };
            let kind = VendorErrorKind::Auth;
            for said in [None, Some(body.as_str())] {
                let message = http().refusal("ask", kind, &reply, said).to_string();
                assert!(!message.contains(&KEY[..6]), "{before}: {message}");
            }
            assert!(!http().redacted_line(&body).contains(&KEY[..6]), "{before}");
        }
    }
}
