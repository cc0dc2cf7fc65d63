//! The loudness of a film over time, in a serializable form.

use pytoon_audio::Lufs;
use pytoon_audio::loudness_curve::{LoudnessCurve, STEP_MS};
use pytoon_audio::wav::Pcm;
use serde::Serialize;

/// The loudness of the mastered mix over time (EBU Tech 3341). The value at index `i` belongs to the window that ends at
/// `(i + 1) * step_ms`; it is `None` before the first window is full, and below -70 LUFS.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LoudnessOverTime {
    /// The distance between two values, in milliseconds.
    pub step_ms: u32,
    /// The loudness in windows of 400 ms, in LUFS with two decimals.
    pub momentary_lufs: Vec<Option<f64>>,
    /// The loudness in windows of 3 s, in LUFS with two decimals.
    pub short_term_lufs: Vec<Option<f64>>,
}

impl Default for LoudnessOverTime {
    /// Returns the loudness of a film whose mix cannot be read: it has no values.
    fn default() -> Self {
        Self { step_ms: STEP_MS, momentary_lufs: Vec::new(), short_term_lufs: Vec::new() }
    }
}

impl LoudnessOverTime {
    /// Measures the loudness of a mix at 48 kHz.
    pub(super) fn of(mix: &Pcm) -> Self {
        let curve = LoudnessCurve::of(&mix.stereo());
        Self {
            step_ms: STEP_MS,
            momentary_lufs: rounded(&curve.momentary),
            short_term_lufs: rounded(&curve.short_term),
        }
    }
}

fn rounded(values: &[Option<Lufs>]) -> Vec<Option<f64>> {
    values.iter().map(|value| value.map(|lufs| (lufs.0 * 100.0).round() / 100.0)).collect()
}
