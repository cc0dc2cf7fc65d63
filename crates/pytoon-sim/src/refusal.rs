//! The reasons for rejecting a request, before a vendor formats them.

use crate::documented::{ANSWERS, Documented};
use crate::problem::Problem;
use crate::scenario::Fault;
use hyper::StatusCode;

/// The pause that a vendor requests, in seconds, and the form in which it is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pause {
    /// The pause is sent as a number.
    Seconds(u64),
    /// The pause is sent as a date.
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

/// The reason for rejecting a request.
#[derive(Debug, Clone)]
pub(crate) enum Refusal {
    /// The request has no API key, a key in the wrong form, or an unknown one.
    Unauthorized,
    /// The account is empty.
    PaymentRequired,
    Forbidden,
    /// Nothing exists at the path.
    NotFound,
    MethodNotAllowed,
    /// Too many requests, with a pause if the vendor states one.
    RateLimited(Option<Pause>),
    /// A response from the vendor's documentation, verbatim.
    Documented(&'static Documented),
    ServerError,
    BadGateway,
    Unavailable,
    TooLarge,
    /// The request does not declare the length of its body (RFC 9110, 15.5.12).
    NoLength,
    /// The body has a type that the vendor does not accept.
    ContentType,
    /// The body is not JSON.
    NotJson(String),
    /// A vendor-specific message about the request as a whole.
    Bad(String),
    /// The simulator itself failed, and no vendor did.
    Broken(String),
    /// Some fields are invalid.
    Invalid(Vec<Problem>),
    /// The content is rejected. Vendors with tasks report that later, in the task.
    Moderated,
}

impl Refusal {
    /// Returns the rejection that a fault causes; `None` if the fault is not a rejection.
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

    /// Returns the HTTP status that most vendors use.
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

    /// Returns a human-readable message for the rejection.
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
