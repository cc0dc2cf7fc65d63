//! What vendors' answers have in common: where keys go, where words stand, and which refusals mean
//! that a paid call was surely not taken on.
//!
//! Whether it may have been is decided in one place, [`refused_paid`].

use crate::http::{Call, Reply, VendorHttp};
use crate::{Accepted, Result, VendorError, VendorErrorKind};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;

/// The key, or the failure of an engine that has none.
pub fn key<'a>(http: &'a VendorHttp, operation: &'static str) -> Result<&'a str> {
    http.key().map(ExposeSecret::expose_secret).ok_or_else(|| {
        VendorError::new(http.engine(), operation, VendorErrorKind::Auth, "there is no key")
    })
}

/// A call with the key behind a prefix in `Authorization`.
pub fn with_key(http: &VendorHttp, call: Call, prefix: &str) -> Result<Call> {
    let value = format!("{prefix}{}", key(http, call.operation)?);
    Ok(call.secret_header("Authorization", SecretString::from(value)))
}

/// A call with the bare key in a header of the vendor's own.
pub fn with_key_in(http: &VendorHttp, call: Call, header: &str) -> Result<Call> {
    let value = SecretString::from(key(http, call.operation)?);
    Ok(call.secret_header(header, value))
}

/// A message behind the code that the vendor gives for it; the message alone without a code.
pub fn coded(code: &str, message: Option<String>) -> Option<String> {
    match code {
        "" => message,
        code => Some(format!("{code}: {}", message.unwrap_or_default())),
    }
}

/// A text at a JSON pointer.
pub fn text_at<'a>(value: &'a Value, pointer: &str) -> Option<&'a str> {
    value.pointer(pointer)?.as_str()
}

/// One segment of a path: an id of a vendor's cannot lead elsewhere.
pub fn segment(id: &str) -> String {
    // `%2E` is as good as a dot to whoever reads an address (WHATWG URL, 4.3), so that `.` and `..`
    // cannot be written as a segment. No vendor has such an id: this one is not found.
    if id.chars().all(|c| c == '.') {
        return id.replace('.', "%252E");
    }
    let mut out = String::with_capacity(id.len());
    for byte in id.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'~' | b'.' => {
                out.push(byte as char);
            }
            other => out.push_str(&format!("%{other:02X}")),
        }
    }
    out
}

/// What a vendor says in the usual places of an error's body.
pub fn said(reply: &Reply) -> Option<String> {
    let json = reply.json()?;
    let places =
        ["/error/message", "/error", "/message", "/detail/0/msg", "/detail", "/errors/0/message"];
    places.iter().find_map(|place| text_at(&json, place).map(str::to_owned))
}

/// A paid call that was answered with a refusal, and whether it may have been taken on.
///
/// An answer of 4xx is a refusal at the door; 429, 502 and 503 are documented as load shedding.
/// After anything else nobody knows.
pub fn refused_paid(
    http: &VendorHttp,
    operation: &'static str,
    kind: VendorErrorKind,
    reply: &Reply,
    said: Option<&str>,
) -> VendorError {
    let accepted = match reply.status {
        400..=499 | 502 | 503 => Accepted::No,
        _ => Accepted::Maybe,
    };
    http.refusal(operation, kind, reply, said).accepted(accepted)
}

/// The kind of a refused paid call where the vendor says nothing more exact. There is no task
/// yet that could be lost: an address that is not there is our mistake.
pub fn submit_kind(status: u16) -> VendorErrorKind {
    match VendorHttp::kind_of_status(status) {
        VendorErrorKind::Lost => VendorErrorKind::InvalidRequest,
        other => other,
    }
}

/// The words in vendors' free texts that mean a refusal of the content.
pub const MODERATION_WORDS: &[&str] =
    &["moderat", "blacklist", "content policy", "content_policy", "content checker"];

/// Returns true if a vendor's free text means a refusal of the content.
pub fn names_moderation(text: &str) -> bool {
    let text = text.to_lowercase();
    MODERATION_WORDS.iter().any(|word| text.contains(word))
}

#[cfg(test)]
mod tests {
    use super::*;
    use url::Url;

    #[test]
    fn an_id_stays_one_segment() {
        for (id, expected) in [
            ("a-b_c.d", "a-b_c.d"),
            ("..", "%252E%252E"),
            (".", "%252E"),
            (".%2e", ".%252e"),
            ("../x", "..%2Fx"),
            ("a?b#c", "a%3Fb%23c"),
            ("ä", "%C3%A4"),
        ] {
            assert_eq!(segment(id), expected, "{id}");
            let url = Url::parse(&format!("https://v.test/tasks/{expected}/cancel"));
            let path = url.expect("an address").path().to_owned();
            assert_eq!(path, format!("/tasks/{expected}/cancel"), "{id} leads elsewhere");
        }
    }
}
