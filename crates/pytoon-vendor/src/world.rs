//! The time, new ids and randomness, as an interface that tests can replace.

use pytoon_vocabulary::UnixMs;
use std::fmt;

/// A source of time, ids and randomness, real or of a test.
pub trait World: fmt::Debug + Send + Sync {
    /// Returns the current time, in milliseconds since 1970-01-01 UTC.
    fn now(&self) -> UnixMs;
    /// Returns a unique id.
    fn new_id(&self) -> String;
    /// Returns a random number from 0 (inclusive) to 1 (exclusive), for jitter.
    fn chance(&self) -> f64;
}

/// The real clock, ids and random numbers.
#[derive(Debug, Clone, Copy)]
pub struct RealWorld;

impl World for RealWorld {
    fn now(&self) -> UnixMs {
        #[expect(clippy::disallowed_methods, reason = "this is where the engines' clock is read")]
        let now = std::time::SystemTime::now();
        now.duration_since(std::time::UNIX_EPOCH)
            .map_or(0, |since| i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
    }

    fn new_id(&self) -> String {
        uuid::Uuid::new_v4().to_string()
    }

    fn chance(&self) -> f64 {
        // 53 bits, the size of a double's fraction.
        (uuid::Uuid::new_v4().as_u128() as u64 >> 11) as f64 / (1u64 << 53) as f64
    }
}
