//! Moments and lengths of time.

/// Milliseconds since 1970-01-01 UTC.
pub type UnixMs = i64;

/// A day, in milliseconds.
pub const DAY_MS: i64 = 86_400_000;

/// Returns the moment at which the day (UTC) of a moment began.
pub fn start_of_day(at: UnixMs) -> UnixMs {
    at - at.rem_euclid(DAY_MS)
}
