//! Removes registered secrets from every text before it is written. Secrets are matched by value, whatever the source
//! of the text: an error message, a body that a vendor echoes, a URL.
//!
//! Guarantees: a sanitized text contains no registered value of four bytes or more, and no 16 consecutive
//! bytes of a value of 16 bytes or more, in upper or lower case. This covers percent-encoding, JSON and HTML
//! escapes (nested twice), hexadecimal digits, and base64 of the value alone or with neighbours before and
//! after it (`user:key`). Signatures in query strings (`X-Amz-Signature` and similar) are removed too.
//!
//! This module does not know the sources of secrets; code that reads a secret registers it.

mod decoded;
mod forms;

use decoded::Decoded;
use forms::Forms;
use std::borrow::Cow;
use std::ops::Range;
use std::sync::{PoisonError, RwLock};

/// The text that replaces a secret.
pub const REDACTED: &str = "[redacted]";

/// The minimum length of a secret, since shorter values would remove ordinary words from the log.
const SHORTEST: usize = 4;

static SECRETS: RwLock<Forms> = RwLock::new(Forms::none());

/// Query parameters whose value is a credential.
const SIGNED: &[&str] =
    &["signature=", "sig=", "token=", "key=", "x-amz-signature=", "x-amz-credential=", "api_key="];

/// Registers a secret, which [`sanitize_sensitive_data`] removes from then on. Ignores values of fewer than
/// four bytes.
pub fn register_secret(value: &str) {
    let value = value.trim();
    if value.len() >= SHORTEST {
        SECRETS.write().unwrap_or_else(PoisonError::into_inner).add(value);
    }
}

/// Replaces registered secrets and signatures in a text by [`REDACTED`]. The call is cheap if the text contains none.
pub fn sanitize_sensitive_data(text: &str) -> Cow<'_, str> {
    let found = find_secrets(text);
    let out = if found.is_empty() {
        Cow::Borrowed(text)
    } else {
        Cow::Owned(redact_ranges(text, &found))
    };
    if out.contains("://") && out.contains('=') {
        Cow::Owned(without_signatures(&out))
    } else {
        out
    }
}

/// Returns the ranges of secrets in a text, in order and disjoint.
fn find_secrets(text: &str) -> Vec<Range<usize>> {
    /// The maximum depth of nested escapes that are decoded.
    const DEEPEST: usize = 2;
    let secrets = SECRETS.read().unwrap_or_else(PoisonError::into_inner);
    if secrets.is_empty() {
        return Vec::new();
    }
    let mut found = secrets.find(text.as_bytes());
    let mut decoded = Decoded::of(text.as_bytes());
    for _ in 0..DEEPEST {
        let Some(view) = decoded else { break };
        found.extend(secrets.find(&view.bytes).into_iter().map(|range| view.in_source(&range)));
        decoded = view.decode_again();
    }
    merge_ranges(found)
}

fn merge_ranges(mut ranges: Vec<Range<usize>>) -> Vec<Range<usize>> {
    ranges.sort_by_key(|range| range.start);
    let mut out: Vec<Range<usize>> = Vec::new();
    for range in ranges {
        match out.last_mut() {
            Some(last) if range.start <= last.end => last.end = last.end.max(range.end),
            _ => out.push(range),
        }
    }
    out
}

/// Replaces ranges with [`REDACTED`].
fn redact_ranges(text: &str, ranges: &[Range<usize>]) -> String {
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    for range in ranges {
        // A range may begin or end inside a character that shares bytes with a secret.
        let start = (0..=range.start).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
        let end = (range.end..text.len()).find(|at| text.is_char_boundary(*at));
        out.push_str(&text[at.min(start)..start]);
        out.push_str(REDACTED);
        at = end.unwrap_or(text.len());
    }
    out.push_str(&text[at..]);
    out
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

#[cfg(test)]
mod tests {
    use super::*;
    use base64::Engine as _;
    use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};

    const KEY: &str = "sk-Test/4f9a?b+c7e21d83";

    /// A function that encodes a text.
    type Encode<'a> = &'a dyn Fn(&str) -> String;

    fn each(encode: impl Fn(u32) -> String) -> impl Fn(&str) -> String {
        move |text| text.chars().map(|c| encode(u32::from(c))).collect()
    }

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
    fn a_key_goes_in_every_encoding_that_a_vendor_may_repeat() {
        register_secret(KEY);
        let percent = each(|c| format!("%{c:02x}"));
        let json = each(|c| format!("\\u{c:04X}"));
        let encodings: [(&str, Encode<'_>); 14] = [
            ("plain", &str::to_owned),
            ("capitals", &str::to_uppercase),
            ("cut short", &|text| text[3..19].to_owned()),
            ("base64", &|text| STANDARD.encode(text)),
            ("base64 of user:key", &|text| STANDARD.encode(format!("user:{text}"))),
            ("base64 of ab:key:more", &|text| STANDARD.encode(format!("ab:{text}:more"))),
            ("base64 for addresses", &|text| URL_SAFE_NO_PAD.encode(text)),
            ("hex", &each(|c| format!("{c:02x}"))),
            ("hex in capitals", &each(|c| format!("{c:02X}"))),
            ("percent", &percent),
            ("json", &json),
            ("html decimal", &each(|c| format!("&#{c};"))),
            ("html hex", &each(|c| format!("&#x{c:X};"))),
            ("json in percent", &|text| json(text).replace('\\', "%5C")),
        ];
        for (name, encode) in encodings {
            let encoded = encode(KEY);
            let out = sanitize_sensitive_data(&format!("seen: <{encoded}> there")).into_owned();
            assert!(out.starts_with("seen: <") && out.ends_with("> there"), "{name}: {out}");
            assert!(out.contains(REDACTED), "{name}: {out}");
            // The rest reveals nothing: the ends of base64 contain bits of neighbours.
            assert!(out.len() < "seen: <[redacted]> there".len() + 18, "{name}: {out}");
        }
        let harmless = "sk-Test is how keys begin, and 4f9a is a part of this one";
        assert_eq!(sanitize_sensitive_data(harmless), harmless);
    }

    #[test]
    fn characters_around_a_secret_stay_whole() {
        register_secret("schlüssel-für-alles-hier");
        let out = sanitize_sensitive_data("ä schlüssel-für-alles-hier ö").into_owned();
        assert_eq!(out, "ä [redacted] ö");
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
