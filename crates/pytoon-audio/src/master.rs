//! Brings a programme to its target loudness under a true-peak ceiling.
//!
//! Guarantees: one static gain applies to the whole programme, so nothing pumps; the limiter only catches peaks;
//! length and timing are preserved. The ceiling always holds. The loudness is corrected up to [`MAX_CORRECTIONS`]
//! times, because limiting reduces it, and the report contains the loudness that was reached.
//!
//! This module does not compress or equalise. Silence stays unchanged and is reported as such.

use crate::dsp::peak;
use crate::limiter::limit_with_envelope;
use crate::loudness::{Loudness, measure_integrated};
use crate::true_peak::peak_envelope;
use crate::{Dbtp, Lufs, Stereo};

/// The accepted distance from the target, in LU.
pub const TOLERANCE_LU: f64 = 0.1;
/// Maximum number of corrections after the first attempt.
pub const MAX_CORRECTIONS: usize = 3;
/// Maximum gain, in dB. More gain on near-silence would only raise noise.
pub const MAX_GAIN_DB: f64 = 40.0;

/// The outcome of mastering.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MasterOutcome {
    /// The programme reached the target within [`TOLERANCE_LU`].
    Reached,
    /// The audio is not measurable and stays unchanged.
    Silent,
    /// The programme is too quiet or its peaks are too high for this target. It is as close as the gain
    /// limit, the ceiling and the number of corrections allow.
    Short,
}

/// The measurements and the gain applied by mastering.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MasterReport {
    /// The loudness before mastering.
    pub before: Loudness,
    /// The loudness after mastering.
    pub after: Loudness,
    /// The static gain applied before the limiter.
    pub gain_db: f64,
    /// The deepest limiter reduction, zero or positive.
    pub max_limiting_db: f32,
    /// The outcome of mastering.
    pub outcome: MasterOutcome,
}

/// Masters `audio` in place to a target loudness under a true-peak ceiling.
pub fn master(audio: &mut Stereo, target: Lufs, ceiling: Dbtp) -> MasterReport {
    let original = audio.clone();
    master_from(audio, &|audio| audio.clone_from(&original), target, ceiling).0
}

/// Masters the programme that `write` puts into `audio`. `write` may be called several times. Also returns the
/// limiter's gain for every sample, or an empty list if no limiting was needed.
pub(crate) fn master_from(
    audio: &mut Stereo,
    write: &dyn Fn(&mut Stereo),
    target: Lufs,
    ceiling: Dbtp,
) -> (MasterReport, Vec<f32>) {
    write(audio);
    let envelope = peak_envelope(&audio.channels());
    let before = Loudness {
        integrated: measure_integrated(audio),
        true_peak: Dbtp::from_amplitude(peak(&envelope)),
    };
    if !before.integrated.is_measurable() {
        let report = MasterReport {
            before,
            after: before,
            gain_db: 0.0,
            max_limiting_db: 0.0,
            outcome: MasterOutcome::Silent,
        };
        return (report, Vec::new());
    }
    let mut search = GainSearch::new(target.0, target.0 - before.integrated.0);
    let (limiting, curve, after) = loop {
        let gain = 10_f64.powf(search.gain_db / 20.0) as f32;
        let (limiting, curve) = limit_with_envelope(audio, write, &envelope, gain, ceiling);
        // Without limiting the loudness is known; limiting changes it.
        let reached = if limiting.max_reduction_db > 0.0 {
            measure_integrated(audio).0
        } else {
            before.integrated.0 + search.gain_db
        };
        if !search.advance(reached) {
            let after = Loudness { integrated: Lufs(reached), true_peak: limiting.true_peak };
            break (limiting, curve, after);
        }
        write(audio);
    };
    drop(envelope);
    let reached = (after.integrated.0 - target.0).abs() <= TOLERANCE_LU;
    let report = MasterReport {
        before,
        after,
        gain_db: search.gain_db,
        max_limiting_db: limiting.max_reduction_db,
        outcome: if reached { MasterOutcome::Reached } else { MasterOutcome::Short },
    };
    (report, curve)
}

/// The search for the gain that reaches the target after limiting. It uses secant steps, or interpolation once the
/// target is between two attempts.
struct GainSearch {
    target: f64,
    gain_db: f64,
    below: Option<(f64, f64)>,
    above: Option<(f64, f64)>,
    corrections: usize,
}

impl GainSearch {
    fn new(target: f64, gain_db: f64) -> Self {
        let gain_db = gain_db.min(MAX_GAIN_DB);
        Self { target, gain_db, below: None, above: None, corrections: 0 }
    }

    /// Updates the search with the loudness reached at the current gain. Returns true if the caller should try the
    /// new gain.
    fn advance(&mut self, reached: f64) -> bool {
        let error = self.target - reached;
        if error.abs() <= TOLERANCE_LU * 0.4 || self.corrections == MAX_CORRECTIONS {
            return false;
        }
        let (here, side) = ((self.gain_db, reached), error > 0.0);
        let earlier = if side { self.below.replace(here) } else { self.above.replace(here) };
        let other = if side { self.above } else { self.below };
        // Limited loudness rises by less than the gain, and by less with each step.
        let slope = match other.or(earlier) {
            Some((gain, loudness)) if (self.gain_db - gain).abs() > 1e-3 => {
                ((reached - loudness) / (self.gain_db - gain)).clamp(0.15, 1.0)
            }
            _ if error > 1.0 => 0.6,
            _ => 0.85,
        };
        let next = (self.gain_db + (error / slope).clamp(-9.0, 9.0)).min(MAX_GAIN_DB);
        let moved = (next - self.gain_db).abs() > 1e-3;
        self.corrections += 1;
        if moved {
            self.gain_db = next;
        }
        moved
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEST_TARGET: Lufs = Lufs(-14.0);
    const DEFAULT_CEILING: Dbtp = Dbtp(-1.5);
    use crate::loudness::{measure, reference_true_peak};

    fn check(name: &str, mut audio: Stereo) -> MasterReport {
        let len = audio.len();
        let report = master(&mut audio, TEST_TARGET, DEFAULT_CEILING);
        assert_eq!(audio.len(), len, "{name}");
        assert!(report.after.true_peak.0 <= DEFAULT_CEILING.0 + 1e-3, "{name}: {report:?}");
        assert!(reference_true_peak(&audio).0 <= -1.35, "{name}: {report:?}");
        let heard = measure(&audio);
        let off = (heard.integrated.0 - report.after.integrated.0).abs();
        assert!(off < 0.01, "{name}: {heard:?}, {report:?}");
        let off = (heard.true_peak.0 - report.after.true_peak.0).abs();
        assert!(off < 0.01, "{name}: {heard:?}, {report:?}");
        assert_eq!(report.outcome, MasterOutcome::Reached, "{name}: {report:?}");
        assert!((report.after.integrated.0 + 14.0).abs() <= 0.1, "{name}: {report:?}");
        report
    }

    fn make(seconds: f64, f: impl FnMut(usize) -> f32) -> Stereo {
        Stereo::from_mono((0..(seconds * 48_000.0) as usize).map(f).collect())
    }

    #[test]
    fn target_is_hit_on_plain_and_nasty_signals() {
        check("tone", make(5.0, |n| 0.05 * (n as f32 * 0.13).sin()));
        check("loud tone", make(5.0, |n| 0.9 * (n as f32 * 0.13).sin()));
        check("one second", make(1.0, |n| 0.02 * (n as f32 * 0.05).sin()));
        let mut rng = crate::dsp::rng(3);
        check(
            "noise bursts",
            make(10.0, |n| {
                if n / 24_000 % 2 == 0 { 0.3 * rng.bipolar() } else { 0.003 * rng.bipolar() }
            }),
        );
        let mut rng = crate::dsp::rng(4);
        let peaky = check(
            "impulsive",
            make(8.0, |n| {
                let age = (n % 12_000) as f32;
                rng.bipolar() * (0.9 * (-age / 1300.0).exp() + 0.02)
            }),
        );
        assert!(peaky.max_limiting_db > 1.0);
        let mut rng = crate::dsp::rng(5);
        check(
            "a minute",
            make(60.0, |n| {
                let slow = 0.5 + 0.45 * (n as f32 * 2e-5).sin();
                0.2 * slow * rng.bipolar()
            }),
        );
    }

    #[test]
    fn silence_is_left_alone() {
        let mut audio = Stereo::silence(48_000);
        let report = master(&mut audio, TEST_TARGET, DEFAULT_CEILING);
        assert_eq!(report.outcome, MasterOutcome::Silent);
        assert_eq!(audio, Stereo::silence(48_000));
    }

    #[test]
    fn an_impossible_programme_is_reported_and_stays_under_the_ceiling() {
        let mut audio = make(5.0, |n| if n % 48_000 == 100 { 0.9 } else { 0.0 });
        let report = master(&mut audio, TEST_TARGET, DEFAULT_CEILING);
        assert!(report.outcome != MasterOutcome::Reached, "{report:?}");
        assert!(report.after.true_peak.0 <= DEFAULT_CEILING.0 + 1e-3);
    }
}
