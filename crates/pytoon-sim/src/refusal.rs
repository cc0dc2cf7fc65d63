//! The reason for a rejected request, before a vendor formats it.

use crate::documented::{ANSWERS, Documented};
use crate::problem::Problem;
use crate::scenario::Fault;
use hyper::StatusCode;

/// A pause that a vendor asks for, in seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pause {
    /// Sent as a number.
    Seconds(u64),
    /// Sent as a date.
    Date(u64),
}

impl Pause {
    /// Returns the value of `Retry-After` (RFC 9110, 10.2.3).
    pub(crate) fn header(self) -> String {
        match self {
            Self::Seconds(seconds) => seconds.to_string(),
            Self::Date(seconds) => {
                // A date has whole seconds: round the current one up.
                let at = crate::clock::now_ms() / 1000 + 1 + seconds;
                let at = std::time::UNIX_EPOCH + std::time::Duration::from_secs(at);
                httpdate::fmt_http_date(at)
            }
        }
    }
}

/// A rejected request.
#[derive(Debug, Clone)]
pub(crate) enum Refusal {
    /// No key, a key in the wrong form, or an unknown one.
    Unauthorized,
    /// The account is empty.
    PaymentRequired,
    Forbidden,
    /// Nothing exists at the path.
    NotFound,
    MethodNotAllowed,
    /// With a pause, if the vendor states one.
    RateLimited(Option<Pause>),
    /// An answer from the vendor's documentation, verbatim.
    Documented(&'static Documented),
    ServerError,
    BadGateway,
    Unavailable,
    TooLarge,
    /// A body without a declared length (RFC 9110, 15.5.12).
    NoLength,
    /// The body has a type that the vendor does not accept.
    ContentType,
    /// The body is not JSON.
    NotJson(String),
    /// A vendor's own message about the request as a whole.
    Bad(String),
    /// The simulator itself failed; no vendor did.
    Broken(String),
    /// Invalid fields.
    Invalid(Vec<Problem>),
    /// The content is rejected. Vendors with tasks report that later, in the task.
    Moderated,
}

impl Refusal {
    /// Returns the rejection for a fault.
    pub(crate) fn from_fault(fault: Fault, value: Option<u64>) -> Option<Self> {
        Some(match fault {
            Fault::Unauthorized => Self::Unauthorized,
            Fault::PaymentRequired => Self::PaymentRequired,
            Fault::Forbidden => Self::Forbidden,
            Fault::RateLimited => Self::RateLimited(None),
            Fault::RateLimitedRetryAfter => {
                Self::RateLimited(Some(Pause::Seconds(value.unwrap_or(1))))
            }
            Fault::RateLimitedRetryDate => Self::RateLimited(Some(Pause::Date(value.unwrap_or(1)))),
            Fault::Documented => {
                let place = value.and_then(|place| usize::try_from(place).ok());
                Self::Documented(place.and_then(|place| ANSWERS.get(place))?)
            }
            Fault::ServerError => Self::ServerError,
            Fault::BadGateway => Self::BadGateway,
            Fault::Unavailable => Self::Unavailable,
            _ => return None,
        })
    }

    /// Returns the status that most vendors use.
    pub(crate) fn status(&self) -> StatusCode {
        match self {
            Self::Unauthorized => StatusCode::UNAUTHORIZED,
            Self::PaymentRequired => StatusCode::PAYMENT_REQUIRED,
            Self::Forbidden => StatusCode::FORBIDDEN,
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Self::RateLimited(_) => StatusCode::TOO_MANY_REQUESTS,
            Self::Documented(answer) => {
                StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
            }
            Self::ServerError | Self::Broken(_) => StatusCode::INTERNAL_SERVER_ERROR,
            Self::BadGateway => StatusCode::BAD_GATEWAY,
            Self::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::NoLength => StatusCode::LENGTH_REQUIRED,
            Self::ContentType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::NotJson(_) | Self::Bad(_) | Self::Moderated => StatusCode::BAD_REQUEST,
            Self::Invalid(_) => StatusCode::UNPROCESSABLE_ENTITY,
        }
    }

    /// Returns a human-readable message.
    pub(crate) fn message(&self) -> String {
        match self {
            Self::Unauthorized => "Invalid or missing API key".to_owned(),
            Self::PaymentRequired => "Not enough credits for this request".to_owned(),
            Self::Forbidden => "This key may not do that".to_owned(),
            Self::NotFound => "Not found".to_owned(),
            Self::MethodNotAllowed => "Method not allowed".to_owned(),
            Self::RateLimited(_) => "Too many requests".to_owned(),
            Self::Documented(answer) => answer.body.to_owned(),
            Self::ServerError => "Internal server error".to_owned(),
            Self::BadGateway => "Bad gateway".to_owned(),
            Self::Unavailable => "Service temporarily unavailable".to_owned(),
            Self::TooLarge => "The request is too large".to_owned(),
            Self::NoLength => "The request has no Content-Length".to_owned(),
            Self::ContentType => "The content type is not supported".to_owned(),
            Self::NotJson(why) => format!("The body is not valid JSON: {why}"),
            Self::Bad(why) => why.clone(),
            Self::Broken(why) => format!("the simulator failed: {why}"),
            Self::Invalid(problems) => crate::problem::lines(problems),
            Self::Moderated => "The content was rejected by moderation".to_owned(),
        }
    }
}

impl From<Vec<Problem>> for Refusal {
    fn from(problems: Vec<Problem>) -> Self {
        Self::Invalid(problems)
    }
}
