//! Code that the adapters share to handle replies: the location of API keys, the text of errors, and the rejections
//! that mean that a paid call was certainly not accepted.
//!
//! One function, [`paid_refusal_error`], decides whether a paid call may have been accepted.

use crate::http::{Call, Reply, VendorHttp};
use crate::{Accepted, Result, VendorError, VendorErrorKind};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;

/// Returns the API key, or an error of kind `Auth` if the engine has none.
pub fn key<'a>(http: &'a VendorHttp, operation: &'static str) -> Result<&'a str> {
    http.key().map(ExposeSecret::expose_secret).ok_or_else(|| {
        VendorError::new(
            http.engine(),
            operation,
            VendorErrorKind::Auth,
            "it has no API key: set the variable that its key_env names in .env",
        )
    })
}

/// Adds the API key to a call in the `Authorization` header, after a prefix such as `Bearer `.
pub fn with_key(http: &VendorHttp, call: Call, prefix: &str) -> Result<Call> {
    let value = format!("{prefix}{}", key(http, call.operation)?);
    Ok(call.secret_header("Authorization", SecretString::from(value)))
}

/// Adds the bare API key to a call in a vendor-specific header.
pub fn with_key_in(http: &VendorHttp, call: Call, header: &str) -> Result<Call> {
    let value = SecretString::from(key(http, call.operation)?);
    Ok(call.secret_header(header, value))
}

/// Prefixes a message with the vendor's code, if there is one.
pub fn prefix_code(code: &str, message: Option<String>) -> Option<String> {
    match code {
        "" => message,
        code => Some(format!("{code}: {}", message.unwrap_or_default())),
    }
}

/// Returns the text at a JSON pointer; `None` if there is none.
pub fn text_at<'a>(value: &'a Value, pointer: &str) -> Option<&'a str> {
    value.pointer(pointer)?.as_str()
}

/// Encodes an id as one segment of a path, so that a vendor's id cannot change the rest of the path.
pub fn segment(id: &str) -> String {
    // URL parsers treat `%2E` as a dot (WHATWG URL, 4.3), so `.` and `..` cannot be written as a segment. No vendor
    // has such an id: this one is not found.
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

/// Returns the vendor's message from the usual fields of an error body; `None` if there is none.
pub fn vendor_message(reply: &Reply) -> Option<String> {
    let json = reply.json()?;
    let places =
        ["/error/message", "/error", "/message", "/detail/0/msg", "/detail", "/errors/0/message"];
    places.iter().find_map(|place| text_at(&json, place).map(str::to_owned))
}

/// Creates the failure of a rejected paid call, which states if the vendor may have accepted the call.
///
/// A 4xx response is an immediate rejection; 429, 502 and 503 are documented as load shedding. After any other
/// response the outcome is unknown.
pub fn paid_refusal_error(
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
    http.refusal(operation, kind, reply, said).with_accepted(accepted)
}

/// Returns the kind of failure that an HTTP status usually means for a paid call. No task exists yet that could be
/// lost, so a missing path is a mistake in the adapter.
pub fn submit_kind(status: u16) -> VendorErrorKind {
    match VendorHttp::kind_of_status(status) {
        VendorErrorKind::Lost => VendorErrorKind::InvalidRequest,
        other => other,
    }
}

/// Words that show that a vendor's message is about moderated content.
pub const MODERATION_WORDS: &[&str] =
    &["moderat", "blacklist", "content policy", "content_policy", "content checker"];

/// Returns true if a vendor's message contains one of [`MODERATION_WORDS`], ignoring case.
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
