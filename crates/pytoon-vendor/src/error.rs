//! What an engine can fail with, in the few kinds that decide what happens next.

use pytoon_process::Shortage;
use pytoon_vocabulary::MicroUsd;
use std::fmt;
use std::time::Duration;

/// What kind of failure; a metric label and a log field, so the list is closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum VendorErrorKind {
    /// The key is wrong, missing or not allowed: a person must act.
    Auth,
    /// The account is empty or its quota used up: a person must act, or time must pass.
    Quota,
    /// Too many requests; later is fine.
    RateLimited,
    /// The content was refused; the same prompt must not be sent again.
    Moderation,
    /// The vendor calls the request wrong.
    InvalidRequest,
    /// The request is outside what the engine sells; nothing was sent.
    Unsupported,
    /// The host could not be reached; nothing was sent.
    Unreachable,
    /// No answer in time, or a task without progress.
    Timeout,
    /// The vendor failed.
    Server,
    /// The answer was none that the vendor documents.
    Protocol,
    /// The clip came and cannot be used.
    BadOutput,
    /// The vendor does not know the task any more.
    Lost,
    /// We gave up.
    Cancelled,
    /// A budget would be passed; nothing was sent.
    Budget,
    /// The job's deadline has passed, or would before there is a turn; nothing was sent.
    Deadline,
    /// The engine's own circuit breaker or limits keep it closed; nothing was sent.
    Cooling,
    /// An earlier call for the same clip has no answer yet: it must be decided first.
    Undecided,
    /// What is bought cannot be known, written down or kept now, or another has the work: nothing
    /// may be bought from anybody meanwhile.
    Ledger,
    /// Disk or another thing of ours failed.
    Internal,
}

impl VendorErrorKind {
    /// The name as logged and counted.
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

/// Whether trying again can help.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorStatus {
    /// The same call fails again.
    Permanent,
    /// The same call may work later.
    Temporary,
}

/// Whether the vendor may have taken the call on: the question that decides about money.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Accepted {
    /// Surely not: it never left, or was refused at the door.
    No,
    /// Perhaps: it left, and no answer that we understand came back.
    Maybe,
    /// Surely: it is a task that failed later.
    Yes,
}

/// The result of what a vendor is asked for.
pub type Result<T, E = VendorError> = std::result::Result<T, E>;

/// A future of what a vendor is asked for.
pub trait VendorFuture<T>: Future<Output = Result<T>> + Send {}

impl<T, F: Future<Output = Result<T>> + Send> VendorFuture<T> for F {}

/// A failure of an engine.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{engine} failed to {operation}: {message}")]
pub struct VendorError {
    /// The engine.
    pub engine: String,
    /// What was being done, as "failed to …" goes on.
    pub operation: &'static str,
    /// The kind.
    pub kind: VendorErrorKind,
    /// Whether trying again can help.
    pub status: ErrorStatus,
    /// Whether the vendor may have taken the call on.
    pub accepted: Accepted,
    /// When the vendor wants to be asked again.
    pub retry_after: Option<Duration>,
    /// What the vendor says the failed task cost.
    pub charged: Option<MicroUsd>,
    /// The thing of this machine that ran out, if that is the cause.
    pub shortage: Option<Shortage>,
    /// What was said, without secrets.
    pub message: String,
}

impl VendorError {
    /// A failure. Its status follows from its kind and may be changed.
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

    /// The same failure, of a call that may have been or was accepted.
    #[must_use]
    pub fn accepted(mut self, accepted: Accepted) -> Self {
        self.accepted = accepted;
        self
    }

    /// The same failure, with the time at which the vendor wants to be asked again.
    #[must_use]
    pub fn retry_after(mut self, after: Option<Duration>) -> Self {
        self.retry_after = after;
        self
    }

    /// The same failure with another status.
    #[must_use]
    pub fn with_status(mut self, status: ErrorStatus) -> Self {
        self.status = status;
        self
    }

    /// The same failure with what it cost.
    #[must_use]
    pub fn charged(mut self, charged: Option<MicroUsd>) -> Self {
        self.charged = charged;
        self
    }

    /// The same failure, of a machine that ran out of something.
    #[must_use]
    pub fn short_of(mut self, shortage: Option<Shortage>) -> Self {
        self.shortage = shortage;
        self
    }

    /// Returns a failure of this machine's files. It says nothing of the vendor.
    pub fn of_file(
        engine: &str,
        operation: &'static str,
        file: impl fmt::Display,
        error: &std::io::Error,
    ) -> Self {
        Self::new(engine, operation, VendorErrorKind::Internal, format!("{file}: {error}"))
            .short_of(Shortage::of(error))
    }

    /// Returns true if this machine ran out of something: it says nothing of the vendor, and waiting
    /// loses nothing that was paid for.
    pub fn is_exhausted(&self) -> bool {
        self.shortage.is_some()
    }

    /// Whether no other engine may be asked after it: the user gave up, or what is bought already
    /// cannot be known now.
    pub fn ends_the_walk(&self) -> bool {
        matches!(self.kind, VendorErrorKind::Cancelled | VendorErrorKind::Ledger)
    }

    /// Whether trying the same call again can help.
    pub fn is_temporary(&self) -> bool {
        self.status == ErrorStatus::Temporary
    }
}
