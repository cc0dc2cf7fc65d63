//! Waiting that a cancel ends, and the pauses between attempts.

use super::EngineManager;
use crate::{EngineError, EngineErrorKind};
use pytoon_config::engines::Backoff;
use std::time::Duration;

/// How often a waiting task looks whether the user gave up.
const LOOK: Duration = Duration::from_millis(50);

impl EngineManager {
    /// Waits, unless the user gives up.
    pub(super) async fn pause(&self, engine: &str, how_long: Duration) -> Result<(), EngineError> {
        let mut left = how_long;
        loop {
            self.check_cancel(engine)?;
            if left.is_zero() {
                return Ok(());
            }
            let step = left.min(LOOK);
            tokio::time::sleep(step).await;
            left -= step;
        }
    }

    pub(super) fn check_cancel(&self, engine: &str) -> Result<(), EngineError> {
        if self.cancel.is_cancelled() {
            return Err(EngineError::new(
                engine,
                "go on",
                EngineErrorKind::Cancelled,
                "the job was cancelled",
            ));
        }
        Ok(())
    }

    /// The pause before an attempt (1 is the second): doubled each time, up to a bound, and moved
    /// by up to half of itself, so that many workers do not come back at once.
    pub(super) fn backoff(&self, backoff: &Backoff, attempt: u32) -> Duration {
        jittered(backoff, attempt, self.world.chance())
    }
}

fn jittered(backoff: &Backoff, attempt: u32, chance: f64) -> Duration {
    let factor = 1u64 << attempt.saturating_sub(1).min(16);
    let ms = backoff.initial_ms.saturating_mul(factor).min(backoff.max_ms);
    Duration::from_millis((ms as f64 * (0.5 + chance / 2.0)) as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_a_bound_and_differ() {
        let backoff = Backoff { initial_ms: 100, max_ms: 350, attempts: 9 };
        let all: Vec<u128> =
            (1..5).map(|attempt| jittered(&backoff, attempt, 1.0).as_millis()).collect();
        assert_eq!(all, [100, 200, 350, 350]);
        assert_eq!(jittered(&backoff, 1, 0.0).as_millis(), 50);
    }
}
