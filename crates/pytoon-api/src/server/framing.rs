//! Rejects requests that HTTP/1.1 forbids, and some that it allows but no client needs: bare line feeds in heads,
//! transfer codings other than `chunked`, no host or several. Two parsers may interpret such requests differently,
//! which allows request smuggling (RFC 9112, sections 2.2, 6.1 and 11.2).

use crate::problem::Problem;
use axum::extract::Request;
use axum::http::uri::Authority;
use axum::http::{HeaderMap, StatusCode, Version, header};
use axum::response::{IntoResponse, Response};

/// The error for a line feed without a preceding carriage return.
#[derive(Debug)]
pub(super) struct NotStrict;

/// A checker of the request heads on a connection.
///
/// Bodies of a known length are skipped. After a chunked request nothing is checked, since the connection ends with
/// it ([`ends_connection`]).
#[derive(Debug, Default)]
pub(super) struct Heads {
    head: Vec<u8>,
    /// The number of body bytes to skip; unlimited for a chunked body.
    body: u64,
}

/// Maximum size of a head that is buffered to find its length field. Hyper rejects longer heads.
const MAX_HEAD: usize = 80 << 10;

impl Heads {
    /// Checks the bytes of a connection as they arrive. Returns an error at a line feed without a carriage return in
    /// a head.
    pub(super) fn see(&mut self, mut bytes: &[u8]) -> Result<(), NotStrict> {
        while !bytes.is_empty() {
            if self.body > 0 {
                let passed = self.body.min(bytes.len() as u64);
                if self.body != u64::MAX {
                    self.body -= passed;
                }
                bytes = bytes.get(passed as usize..).unwrap_or_default();
                continue;
            }
            let feed = bytes.iter().position(|b| *b == b'\n').map_or(bytes.len(), |at| at + 1);
            let (line, rest) = bytes.split_at(feed);
            bytes = rest;
            if self.head.len() + line.len() > MAX_HEAD {
                return Ok(());
            }
            self.head.extend_from_slice(line);
            if !self.head.ends_with(b"\n") {
                continue;
            }
            if !self.head.ends_with(b"\r\n") {
                return Err(NotStrict);
            }
            if self.head.ends_with(b"\r\n\r\n") {
                self.body = length(&self.head);
                self.head.clear();
            } else if self.head == b"\r\n" {
                // An empty line before a request.
                self.head.clear();
            }
        }
        Ok(())
    }
}

/// Returns the length of the body that follows a request head: `u64::MAX` if the head declares a transfer coding, and
/// 0 if it declares no valid length.
fn length(head: &[u8]) -> u64 {
    let text = String::from_utf8_lossy(head).to_ascii_lowercase();
    let value = |name: &str| {
        let field = text.split("\r\n").find_map(|line| line.strip_prefix(name));
        field.map(|value| value.trim_start_matches(':').trim().to_owned())
    };
    if value("transfer-encoding").is_some() {
        return u64::MAX;
    }
    value("content-length").and_then(|length| length.parse().ok()).unwrap_or(0)
}

/// Returns true if the connection closes after this request, because its body has a transfer coding.
pub(super) fn ends_connection(headers: &HeaderMap) -> bool {
    headers.contains_key(header::TRANSFER_ENCODING)
}

/// Returns a 400 response to a request without exactly one valid host (RFC 9112, 3.2), and a 501 response to a
/// transfer coding other than `chunked`; `None` for other requests.
pub(super) fn rejection(request: &Request) -> Option<Response> {
    let mut hosts = request.headers().get_all(header::HOST).iter();
    let host = hosts.next();
    let is_clear = match host {
        None => request.version() < Version::HTTP_11,
        Some(host) => {
            let is_host = host.is_empty() || Authority::try_from(host.as_bytes()).is_ok();
            is_host && hosts.next().is_none()
        }
    };
    if !is_clear {
        let detail = "the request must have exactly one valid `Host` header, such as `Host: \
                      example.org`";
        return Some(Problem::new(StatusCode::BAD_REQUEST, "bad_host", detail).into_response());
    }
    let mut codings = request.headers().get_all(header::TRANSFER_ENCODING).iter();
    let is_plain = |value: &[u8]| value.eq_ignore_ascii_case(b"chunked");
    let is_fine =
        codings.next().is_none_or(|first| is_plain(first.as_bytes())) && codings.next().is_none();
    let detail = "the transfer coding is not supported: use `chunked` or `Content-Length`";
    let problem = Problem::new(StatusCode::NOT_IMPLEMENTED, "transfer_coding", detail);
    (!is_fine).then(|| problem.into_response())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn heads_are_strict_and_bodies_are_passed_over() {
        let fine =
            b"POST / HTTP/1.1\r\nContent-Length: 5\r\n\r\na\nb\ncGET / HTTP/1.1\r\nHost: a\r\n\r\n";
        let chunked = b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n2\na\n0\n\n";
        let bare = b"GET / HTTP/1.1\nHost: a\r\n\r\n";
        let late = b"GET / HTTP/1.1\r\nHost: a\r\n\r\nGET / HTTP/1.1\r\nX: y\nZ: w\r\n\r\n";
        let cases: [(&[u8], bool); 4] =
            [(fine, true), (chunked, true), (bare, false), (late, false)];
        for (bytes, is_strict) in cases {
            let mut whole = Heads::default();
            assert_eq!(whole.see(bytes).is_ok(), is_strict);
            let mut single = Heads::default();
            let all = bytes.iter().all(|byte| single.see(&[*byte]).is_ok());
            assert_eq!(all, is_strict, "byte by byte");
        }
    }
}
