//! How far an alignment can be trusted.
//!
//! Two signs of a script that was not said: frames laid on each other are hardly more alike than
//! any two frames, and references of different voices are laid differently. On the public
//! recordings the ratio is 0.26 to 0.57 with the right script and 0.61 to 0.75 with a wrong one;
//! the share of words on which references agree is 0.93 to 1 and 0.25 to 0.92.

/// Below this an alignment should not be used.
pub const LOW_CONFIDENCE: f64 = 0.3;

/// References agree on a word when it lies within this of the median, in milliseconds.
const AGREE_MS: f64 = 30.0;
/// The ratio from which on the script is taken to be a wrong one, and the one of a sure match.
const WRONG: f64 = 0.66;
const SURE: f64 = 0.44;

/// From the ratio of distances (laid on each other against any two frames) and, for each word,
/// how far references disagree in milliseconds.
pub(crate) fn of(ratio: f64, spread_ms: &[f64]) -> f64 {
    let agreeing = spread_ms.iter().filter(|ms| **ms <= AGREE_MS).count() as f64;
    let share = agreeing / spread_ms.len().max(1) as f64;
    let alike = ((WRONG - ratio) / (WRONG - SURE)).clamp(0.0, 1.0);
    alike * share * share
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn alike_and_agreed_is_sure_and_either_missing_is_not() {
        assert_eq!(of(0.3, &[0.0, 5.0]), 1.0);
        assert!(of(0.64, &[0.0, 5.0]) < LOW_CONFIDENCE);
        assert!(of(0.3, &[200.0, 200.0, 0.0]) < LOW_CONFIDENCE);
    }
}
