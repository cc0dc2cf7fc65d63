//! Moments.

/// Milliseconds since 1970-01-01 UTC.
pub type UnixMs = i64;
