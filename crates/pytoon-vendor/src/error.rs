//! The failures of an engine, classified into a few kinds that determine the next step.

use pytoon_process::Shortage;
use pytoon_vocabulary::MicroUsd;
use std::fmt;
use std::time::Duration;

/// The kind of a failure. The list is closed because the kind is a metric label and a log field.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum VendorErrorKind {
    /// The key is wrong, missing or not permitted; a person must act.
    Auth,
    /// The account is empty or its quota exhausted; a person must act, or time must pass.
    Quota,
    /// The vendor received too many requests; a later retry can succeed.
    RateLimited,
    /// The content was rejected; the same prompt must not be sent again.
    Moderation,
    /// The vendor rejected the request as invalid.
    InvalidRequest,
    /// The request is outside the engine's offer; nothing was sent.
    Unsupported,
    /// The host could not be reached; nothing was sent.
    Unreachable,
    /// The vendor did not respond in time, or a task made no progress.
    Timeout,
    /// The vendor's service failed.
    Server,
    /// The response is not one that the vendor documents.
    Protocol,
    /// The clip arrived but cannot be used.
    BadOutput,
    /// The vendor no longer knows the task.
    Lost,
    /// The user cancelled, or somebody cancelled the task at the vendor.
    Cancelled,
    /// The call would exceed a budget; nothing was sent.
    Budget,
    /// The job's deadline has passed, or would pass before the call's turn; nothing was sent.
    Deadline,
    /// The circuit breaker or the limits of the engine prevent the call; nothing was sent.
    Cooling,
    /// An earlier call for the same clip has no response yet, and its outcome must be known first.
    Undecided,
    /// The ledger of purchases is currently unavailable, or another process owns the work. Nothing may be purchased
    /// from any vendor in the meantime.
    Ledger,
    /// This machine's disk or another local resource failed.
    Internal,
}

impl VendorErrorKind {
    /// Returns the name of the kind in logs and metrics.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Auth => "auth",
            Self::Quota => "quota",
            Self::RateLimited => "rate_limited",
            Self::Moderation => "moderation",
            Self::InvalidRequest => "invalid_request",
            Self::Unsupported => "unsupported",
            Self::Unreachable => "unreachable",
            Self::Timeout => "timeout",
            Self::Server => "server",
            Self::Protocol => "protocol",
            Self::BadOutput => "bad_output",
            Self::Lost => "lost",
            Self::Cancelled => "cancelled",
            Self::Budget => "budget",
            Self::Deadline => "deadline",
            Self::Cooling => "cooling",
            Self::Undecided => "undecided",
            Self::Ledger => "ledger",
            Self::Internal => "internal",
        }
    }
}

impl fmt::Display for VendorErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The expected persistence of a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorStatus {
    /// A retry of the same call fails again.
    Permanent,
    /// A retry of the same call may succeed later.
    Temporary,
}

/// The vendor's acceptance of a call, as far as is known. A call that may have been accepted may cost money.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Accepted {
    /// Certainly not accepted: the call never left, or was rejected at once.
    No,
    /// Possibly accepted: the call left, and no valid response arrived.
    Maybe,
    /// Certainly accepted: the call is a task that failed later.
    Yes,
}

/// The result of a call to a vendor.
pub type Result<T, E = VendorError> = std::result::Result<T, E>;

/// The future of a call to a vendor.
pub trait VendorFuture<T>: Future<Output = Result<T>> + Send {}

impl<T, F: Future<Output = Result<T>> + Send> VendorFuture<T> for F {}

/// A failure of an engine or another vendor.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{engine} failed to {operation}: {message}")]
pub struct VendorError {
    /// The name of the engine.
    pub engine: String,
    /// The operation, as a phrase that completes "failed to …".
    pub operation: &'static str,
    /// The kind of the failure.
    pub kind: VendorErrorKind,
    /// The expected persistence of the failure.
    pub status: ErrorStatus,
    /// The vendor's acceptance of the call, as far as is known.
    pub accepted: Accepted,
    /// The pause that the vendor requests.
    pub retry_after: Option<Duration>,
    /// The amount that the vendor charges for the failed task.
    pub charged: Option<MicroUsd>,
    /// The exhausted resource of this machine, if that caused the failure.
    pub shortage: Option<Shortage>,
    /// The error message, without secrets.
    pub message: String,
}

impl VendorError {
    /// Creates a failure. The status is derived from the kind; `with_status` overrides it.
    pub fn new(
        engine: &str,
        operation: &'static str,
        kind: VendorErrorKind,
        message: impl Into<String>,
    ) -> Self {
        use VendorErrorKind as K;
        let status = match kind {
            K::RateLimited | K::Unreachable | K::Timeout | K::Server | K::Protocol | K::Cooling => {
                ErrorStatus::Temporary
            }
            _ => ErrorStatus::Permanent,
        };
        Self {
            engine: engine.to_owned(),
            operation,
            kind,
            status,
            accepted: Accepted::No,
            retry_after: None,
            charged: None,
            shortage: None,
            message: message.into(),
        }
    }

    /// Sets the vendor's acceptance of the call, as far as is known.
    #[must_use]
    pub fn with_accepted(mut self, accepted: Accepted) -> Self {
        self.accepted = accepted;
        self
    }

    /// Sets the pause that the vendor requests.
    #[must_use]
    pub fn retry_after(mut self, after: Option<Duration>) -> Self {
        self.retry_after = after;
        self
    }

    /// Sets the expected persistence of the failure.
    #[must_use]
    pub fn with_status(mut self, status: ErrorStatus) -> Self {
        self.status = status;
        self
    }

    /// Sets the amount that the vendor charges for the failed task.
    #[must_use]
    pub fn with_charged(mut self, charged: Option<MicroUsd>) -> Self {
        self.charged = charged;
        self
    }

    /// Sets the exhausted resource of this machine that caused the failure.
    #[must_use]
    pub fn short_of(mut self, shortage: Option<Shortage>) -> Self {
        self.shortage = shortage;
        self
    }

    /// Returns a failure of this machine's files, which is not evidence about the vendor.
    pub fn of_file(
        engine: &str,
        operation: &'static str,
        file: impl fmt::Display,
        error: &std::io::Error,
    ) -> Self {
        Self::new(engine, operation, VendorErrorKind::Internal, format!("{file}: {error}"))
            .short_of(Shortage::of(error))
    }

    /// Returns true if a resource of this machine is exhausted. Such a failure is not evidence about the vendor, and
    /// nothing that was paid for is lost by waiting.
    pub fn is_exhausted(&self) -> bool {
        self.shortage.is_some()
    }

    /// Returns true if no other engine may be tried after this failure: the user cancelled, or the ledger is
    /// unavailable.
    pub fn ends_the_walk(&self) -> bool {
        matches!(self.kind, VendorErrorKind::Cancelled | VendorErrorKind::Ledger)
    }

    /// Returns true if a retry of the same call may succeed.
    pub fn is_temporary(&self) -> bool {
        self.status == ErrorStatus::Temporary
    }
}
