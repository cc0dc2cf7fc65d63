//! Instants and lengths of time.

/// An instant in milliseconds since 1970-01-01 UTC.
pub type UnixMs = i64;

/// The length of a day, in milliseconds.
pub const DAY_MS: i64 = 86_400_000;

/// Returns the start of the UTC day that contains an instant.
pub fn start_of_day(at: UnixMs) -> UnixMs {
    at - at.rem_euclid(DAY_MS)
}
