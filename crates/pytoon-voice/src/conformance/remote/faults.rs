//! Faulty responses to the speech request, which any vendor may send, with the expected result of each.

use super::{ATTEMPTS, RETRY_AFTER, Remote};
use pytoon_vendor::VendorErrorKind as Kind;
use pytoon_vendor::scripted::Answer;
use serde_json::json;
use std::fmt;
use std::time::Duration;

/// The spending caused by a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Money {
    /// The money was certainly not spent.
    NotSpent,
    /// It is unknown whether the money was spent.
    Unknown,
    /// The money was certainly spent.
    Spent,
}

impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotSpent => "no",
            Self::Unknown => "unknown",
            Self::Spent => "yes",
        })
    }
}

/// A faulty response, with its expected result.
pub(super) struct Fault {
    pub(super) name: String,
    pub(super) answer: Answer,
    pub(super) kind: Kind,
    pub(super) money: Money,
    pub(super) retry_after: Option<Duration>,
    /// The exact number of calls that the vendor must receive.
    pub(super) calls: usize,
    /// True if no response arrives, so that a short timeout is enough.
    pub(super) is_hasty: bool,
}

/// A size above the maximum size of a reply.
const TOO_LARGE: usize = pytoon_vendor::http::MAX_SOUND + 1;

/// Returns the faults to test with a provider.
pub(super) fn answers(remote: &Remote) -> Vec<Fault> {
    use Money::{NotSpent, Unknown};
    // A free server is retried even where a service might have been paid.
    let again = |kind: Kind, money: Money| {
        let may_pass = matches!(kind, Kind::RateLimited | Kind::Server);
        if may_pass && (remote.is_free || money == NotSpent) { ATTEMPTS } else { 1 }
    };
    let fault = |name: &str, answer: Answer, kind: Kind, money: Money| {
        let (name, calls) = (name.to_owned(), again(kind, money));
        Fault { name, answer, kind, money, retry_after: None, calls, is_hasty: false }
    };
    let said = |status| Answer::json(status, json!({ "error": { "message": "told so" } }));
    let part = |silent| Answer::Part { body: b"RIFF".to_vec(), promised: 9_000, silent };
    let limited = said(429).with("retry-after", &RETRY_AFTER.as_secs().to_string());
    let late = |fault: Fault| Fault { is_hasty: true, ..fault };
    vec![
        fault("401", said(401), Kind::Auth, NotSpent),
        fault("402", said(402), Kind::Quota, NotSpent),
        fault("403", said(403), Kind::Auth, NotSpent),
        fault("404", said(404), Kind::InvalidRequest, NotSpent),
        fault("429", said(429), Kind::RateLimited, NotSpent),
        Fault {
            retry_after: Some(RETRY_AFTER),
            // The delay is longer than a render waits.
            calls: 1,
            ..fault("429 with Retry-After", limited, Kind::RateLimited, NotSpent)
        },
        fault("500", said(500), Kind::Server, Unknown),
        fault("502", said(502), Kind::Server, NotSpent),
        fault("503", said(503), Kind::Server, NotSpent),
        fault("redirect", said(302).with("location", "/x"), Kind::Protocol, Unknown),
        late(fault("hang", Answer::Silence, Kind::Timeout, Unknown)),
        late(fault("drip", Answer::Drip { body: vec![b'x'; 4_000] }, Kind::Timeout, Unknown)),
        late(fault("hang within the answer", part(true), Kind::Timeout, Unknown)),
        fault("dropped after it was read", Answer::HangUp, Kind::Server, Unknown),
        fault("dropped within the answer", part(false), Kind::Server, Unknown),
        fault("a page", Answer::text(200, "<html>fine</html>"), Kind::Protocol, Unknown),
        fault("other JSON", Answer::json(200, json!({ "fine": true })), Kind::Protocol, Unknown),
        fault("too large", Answer::text(200, &"x".repeat(TOO_LARGE)), Kind::Protocol, Unknown),
    ]
}
