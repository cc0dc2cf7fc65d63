//! The last net before anything is written: registered secrets are taken out of every text, by
//! value, wherever they came from (our own message, a vendor's echoed body, an address).
//!
//! Guarantees: a registered value of four characters or more appears in no log line, in plain or
//! percent-encoded form. Signatures in query strings (`X-Amz-Signature` and its like) go too.
//!
//! Does not know where secrets come from: the program registers them when it reads them.

use std::borrow::Cow;
use std::sync::{PoisonError, RwLock};

/// What stands in a secret's place.
pub const REDACTED: &str = "[redacted]";

/// Shorter values would take ordinary words out of the log.
const SHORTEST: usize = 4;

static SECRETS: RwLock<Vec<String>> = RwLock::new(Vec::new());

/// Query parameters whose value opens a door.
const SIGNED: &[&str] =
    &["signature=", "sig=", "token=", "key=", "x-amz-signature=", "x-amz-credential=", "api_key="];

/// Takes a value out of everything that is written from now on.
pub fn register_secret(value: &str) {
    let value = value.trim();
    if value.len() < SHORTEST {
        return;
    }
    let mut secrets = SECRETS.write().unwrap_or_else(PoisonError::into_inner);
    for form in [value.to_owned(), percent_encoded(value), json_escaped(value)] {
        if !secrets.contains(&form) {
            secrets.push(form);
        }
    }
    // A secret that holds another goes first, or a part of it would stay.
    secrets.sort_by_key(|secret| std::cmp::Reverse(secret.len()));
}

/// A text without secrets. Cheap where there are none.
pub fn sanitize_sensitive_data(text: &str) -> Cow<'_, str> {
    let secrets = SECRETS.read().unwrap_or_else(PoisonError::into_inner);
    let mut out = Cow::Borrowed(text);
    for secret in secrets.iter() {
        if out.contains(secret.as_str()) {
            out = Cow::Owned(out.replace(secret.as_str(), REDACTED));
        }
    }
    if out.contains("://") && out.contains('=') {
        Cow::Owned(without_signatures(&out))
    } else {
        out
    }
}

fn without_signatures(text: &str) -> String {
    let lower = text.to_ascii_lowercase();
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    while at < text.len() {
        let starts_parameter = at > 0 && matches!(text.as_bytes()[at - 1], b'?' | b'&');
        let name = SIGNED.iter().find(|name| starts_parameter && lower[at..].starts_with(**name));
        if let Some(name) = name {
            out.push_str(&text[at..at + name.len()]);
            out.push_str(REDACTED);
            at += name.len();
            while at < text.len()
                && !matches!(text.as_bytes()[at], b'&' | b' ' | b'"' | b'\'' | b')' | b'\n')
            {
                at += 1;
            }
            while !text.is_char_boundary(at) {
                at += 1;
            }
            continue;
        }
        let Some(c) = text[at..].chars().next() else { break };
        out.push(c);
        at += c.len_utf8();
    }
    out
}

fn percent_encoded(value: &str) -> String {
    value.bytes().fold(String::new(), |mut out, byte| {
        if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
        out
    })
}

fn json_escaped(value: &str) -> String {
    serde_json::Value::from(value).to_string().trim_matches('"').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_go_in_every_form() {
        register_secret("sk-a/b\"c d");
        for text in ["sk-a/b\"c d", "?q=sk-a%2Fb%22c%20d", "{\"echo\":\"sk-a/b\\\"c d\"}"] {
            let out = sanitize_sensitive_data(text);
            assert!(out.contains(REDACTED) && !out.contains("sk-a"), "{text} became {out}");
        }
        assert_eq!(sanitize_sensitive_data("nothing here"), "nothing here");
    }

    #[test]
    fn signed_addresses_lose_their_signature() {
        let out = sanitize_sensitive_data(
            "got https://cdn.example/a.mp4?width=9&X-Amz-Signature=abcdef&x=1 back",
        );
        assert_eq!(
            out,
            "got https://cdn.example/a.mp4?width=9&X-Amz-Signature=[redacted]&x=1 back"
        );
        assert_eq!(
            sanitize_sensitive_data("https://p.example/api/?key=123-äöü&q=cat"),
            "https://p.example/api/?key=[redacted]&q=cat"
        );
    }
}
