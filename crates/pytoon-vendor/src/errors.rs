//! Classifies vendors' errors with tables: the first matching row determines the kind of an error response.
//!
//! Guarantees: a response without a matching row is classified by its status ([`submit_kind`]).
//! [`paid_refusal_error`](crate::replies::paid_refusal_error), not this module, decides whether a paid call was
//! accepted.
//!
//! Leaves the rows to the adapters, where each row names its source.

use crate::VendorErrorKind;
use crate::http::Reply;
use crate::replies::{submit_kind, text_at, vendor_message};
use serde_json::Value;

/// A row of a vendor's error table: conditions on an error response, and the kind of failure that they determine.
#[derive(Debug, Clone, Copy)]
pub struct Row {
    /// The HTTP statuses that the row matches; all statuses if empty.
    pub statuses: &'static [u16],
    /// The part of the response that is compared with the words.
    pub place: Place,
    /// The words to search for. One match is enough.
    pub words: Words,
    /// The kind of failure that the row assigns.
    pub kind: VendorErrorKind,
    /// The source of the row, and its reliability.
    pub source: &'static str,
}

/// The part of an error response that a row of the table compares.
#[derive(Debug, Clone, Copy)]
pub enum Place {
    /// The text at a JSON pointer, which must equal one of the words.
    At(&'static str),
    /// The items of the list at the first pointer; one of them must have one of the words at the second pointer.
    Each(&'static str, &'static str),
    /// The human-readable message, which must contain one of the words, ignoring case.
    Message,
}

/// The words to search for in a response.
type Words = &'static [&'static str];

impl Row {
    /// Creates a row that matches the text at a JSON pointer.
    pub const fn at(pointer: &'static str, words: Words, kind: VendorErrorKind) -> Self {
        Self { statuses: &[], place: Place::At(pointer), words, kind, source: "" }
    }

    /// Creates a row that matches the items of a list. Takes the pointer of the list, and the pointer of the text in
    /// an item.
    pub const fn each(
        (list, pointer): (&'static str, &'static str),
        words: Words,
        kind: VendorErrorKind,
    ) -> Self {
        Self { place: Place::Each(list, pointer), ..Self::at(list, words, kind) }
    }

    /// Creates a row that matches the human-readable message in responses with these statuses.
    pub const fn message(statuses: &'static [u16], words: Words, kind: VendorErrorKind) -> Self {
        Self { statuses, place: Place::Message, words, kind, source: "" }
    }

    /// Sets the source of the row.
    pub const fn source(self, source: &'static str) -> Self {
        Self { source, ..self }
    }

    fn fits(&self, reply: &Reply, json: &Value) -> bool {
        if !self.statuses.is_empty() && !self.statuses.contains(&reply.status) {
            return false;
        }
        let is_word = |text: Option<&str>| text.is_some_and(|text| self.words.contains(&text));
        match self.place {
            Place::At(pointer) => is_word(text_at(json, pointer)),
            Place::Each(list, pointer) => {
                let items = json.pointer(list).and_then(Value::as_array);
                items.into_iter().flatten().any(|item| is_word(text_at(item, pointer)))
            }
            Place::Message => {
                let message = vendor_message(reply).unwrap_or_default().to_lowercase();
                self.words.iter().any(|word| message.contains(word))
            }
        }
    }
}

/// Returns the kind of failure of an error response: from the first matching row, or else from its HTTP status.
pub fn kind(table: &[Row], reply: &Reply) -> VendorErrorKind {
    classify(table, reply).unwrap_or_else(|| submit_kind(reply.status))
}

/// Returns the kind of failure that a matching row assigns to a response; `None` without a match.
pub fn classify(table: &[Row], reply: &Reply) -> Option<VendorErrorKind> {
    let json = reply.json().unwrap_or_default();
    table.iter().find(|row| row.fits(reply, &json)).map(|row| row.kind)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::VendorErrorKind as K;
    use serde_json::json;

    const TABLE: &[Row] = &[
        Row {
            statuses: &[429],
            place: Place::At("/error/type"),
            words: &["insufficient_quota"],
            kind: K::Quota,
            source: "a test",
        },
        Row {
            statuses: &[],
            place: Place::Each("/detail", "/type"),
            words: &["content_policy_violation"],
            kind: K::Moderation,
            source: "a test",
        },
        Row {
            statuses: &[400, 403],
            place: Place::Message,
            words: &["enough credits", "billing"],
            kind: K::Quota,
            source: "a test",
        },
    ];

    #[test]
    fn the_first_row_that_fits_decides_and_else_the_status() {
        for (status, body, expected) in [
            (429, json!({"error": {"type": "insufficient_quota", "code": null}}), K::Quota),
            (400, json!({"error": {"type": "insufficient_quota"}}), K::InvalidRequest),
            (429, json!({"error": {"type": 7}}), K::RateLimited),
            (422, json!({"detail": [{}, {"type": "content_policy_violation"}]}), K::Moderation),
            (422, json!({"detail": "content_policy_violation"}), K::InvalidRequest),
            (400, json!({"error": "Not ENOUGH credits"}), K::Quota),
            (403, json!({"error": {"message": "needs Billing"}}), K::Quota),
            (403, json!({"error": "no"}), K::Auth),
            (500, json!(null), K::Server),
        ] {
            let reply =
                Reply { status, headers: Default::default(), body: body.to_string().into_bytes() };
            assert_eq!(kind(TABLE, &reply), expected, "{status} {body}");
        }
    }
}
